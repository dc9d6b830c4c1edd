// SPDX-License-Identifier: GPL-2.0
/*
 * Mapping: see mmap.h.
 */
#include <linux/fs.h>
#include <linux/mm.h>

#include "context.h"
#include "handle.h"
#include "memory.h"
#include "mmap.h"
#include "table.h"

/* What may be mapped with a handle: 0, -EPROTOTYPE, -EPERM. */
static int capipc_mmap_view(const struct capipc_handle *handle, struct capipc_view *view)
{
	/* Hardware cannot map for writing only. */
	const u32 needed = CAPIPC_RIGHT_MAP | CAPIPC_RIGHT_READ;

	if (handle->kind != CAPIPC_KIND_BUFFER)
		return -EPROTOTYPE;
	if ((handle->rights & needed) != needed)
		return -EPERM;
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
	ret = capipc_mmap_view(&handle, &view);
	if (!ret)
		ret = capipc_memory_map(vma, &view);
	capipc_handle_put(&handle);
	return ret;
}
