// SPDX-License-Identifier: GPL-2.0
/*
 * Mapping: see mmap.h.
 */
#include <linux/fs.h>
#include <linux/mm.h>

#include "context.h"
#include "data_pipe.h"
#include "handle.h"
#include "memory.h"
#include "mmap.h"
#include "table.h"

/* What may be mapped with a handle: 0, -EPROTOTYPE, -EPERM. */
static int capipc_mmap_view(const struct capipc_handle *handle, bool write,
			    struct capipc_view *view)
{
	/* Also of a buffer for writing: hardware cannot map for that only. */
	u32 needed = CAPIPC_RIGHT_MAP | capipc_object_receive_right(handle->kind);

	if (handle->kind != CAPIPC_KIND_BUFFER && !capipc_kind_is_data_end(handle->kind))
		return -EPROTOTYPE;
	if ((handle->rights & needed) != needed)
		return -EPERM;
	if (handle->kind != CAPIPC_KIND_BUFFER) {
		capipc_data_end_view(capipc_data_end(handle->object), write, view);
		return 0;
	}
	*view = (struct capipc_view) {
		.memory = handle->memory,
		.count = handle->memory->count,
		.writable = handle->rights & CAPIPC_RIGHT_WRITE,
	};
	return 0;
}

/* Under the mmap lock of the caller. */
int capipc_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct capipc_context *context = file->private_data;
	struct capipc_handle handle;
	struct capipc_view view;
	int ret;

	if (!capipc_context_is_mine(context))
		return -EPERM;
	/* Nothing is copied on write. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff > U32_MAX)
		return -EBADF;
	ret = capipc_table_get_any(&context->table, vma->vm_pgoff, &handle);
	if (ret)
		return ret;
	ret = capipc_mmap_view(&handle, vma->vm_flags & VM_WRITE, &view);
	if (!ret)
		ret = capipc_memory_map(vma, &view);
	capipc_handle_put(&handle);
	return ret;
}
