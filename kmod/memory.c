// SPDX-License-Identifier: GPL-2.0
/*
 * Memory: see memory.h.
 *
 * Pages are mapped by their frame numbers (VM_PFNMAP), so that nobody else in the
 * kernel ever gets hold of one: get_user_pages() refuses such a mapping, forced
 * or not.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "account.h"
#include "memory.h"
#include "object.h"

/* The last reference is gone, or it was never given. */
void capipc_memory_free(struct capipc_memory *memory)
{
	struct capipc_account *account = memory->account;
	size_t charge = memory->charge;
	unsigned long i;

	vunmap(memory->kernel);
	for (i = 0; i < memory->count && memory->pages[i]; i++) {
		__free_page(memory->pages[i]);
		cond_resched();
	}
	kvfree(memory);
	capipc_account_uncharge(account, CAPIPC_BYTES, charge);
}

static int capipc_memory_populate(struct capipc_memory *memory)
{
	unsigned long i;

	for (i = 0; i < memory->count; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		memory->pages[i] = alloc_page(GFP_HIGHUSER | __GFP_ZERO | __GFP_ACCOUNT);
		if (!memory->pages[i])
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/*
 * What the kernel keeps for a mapping of its own, of so many pages: what it knows of the
 * range, and a word for each page. It does not account for it.
 */
static size_t capipc_memory_mapping_size(unsigned long count)
{
	return sizeof(struct vm_struct) + sizeof(struct vmap_area) + count * sizeof(pte_t);
}

/**
 * capipc_memory_create - allocate memory that can be mapped
 * @account: who pays
 * @bytes: how much; rounded up to whole pages
 * @flags: CAPIPC_BUFFER_*
 *
 * Return: the memory with one reference, or -EINVAL (nothing), -EMSGSIZE (more than
 * may be), -EDQUOT, -ENOMEM, -EINTR (the caller is being killed).
 */
struct capipc_memory *capipc_memory_create(struct capipc_account *account, u64 bytes, u32 flags)
{
	struct capipc_memory *memory;
	unsigned long count;
	size_t charge;
	int ret;

	if (!bytes)
		return ERR_PTR(-EINVAL);
	if (bytes > min_t(u64, READ_ONCE(capipc_max_buffer_bytes), CAPIPC_MEMORY_MAX))
		return ERR_PTR(-EMSGSIZE);
	count = DIV_ROUND_UP((unsigned long)bytes, PAGE_SIZE);
	charge = struct_size(memory, pages, count) + count * PAGE_SIZE;
	if (flags)
		charge += capipc_memory_mapping_size(count);

	ret = capipc_account_charge(account, CAPIPC_BYTES, charge);
	if (ret)
		return ERR_PTR(ret);
	memory = kvzalloc(struct_size(memory, pages, count), GFP_KERNEL_ACCOUNT);
	if (!memory) {
		capipc_account_uncharge(account, CAPIPC_BYTES, charge);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&memory->refs, 1);
	memory->id = capipc_object_next_id();
	memory->account = account;
	memory->charge = charge;
	memory->count = count;
	memory->area = flags & CAPIPC_BUFFER_AREA;
	ret = capipc_memory_populate(memory);
	if (!ret && flags) {
		memory->kernel = vmap(memory->pages, count, VM_MAP, PAGE_KERNEL);
		if (!memory->kernel)
			ret = -ENOMEM;
	}
	if (ret) {
		capipc_memory_free(memory);
		return ERR_PTR(ret);
	}
	return memory;
}

static void capipc_memory_vm_open(struct vm_area_struct *vma)
{
	capipc_memory_get(vma->vm_private_data);
}

static void capipc_memory_vm_close(struct vm_area_struct *vma)
{
	capipc_memory_put(vma->vm_private_data);
}

static vm_fault_t capipc_memory_vm_fault(struct vm_fault *vmf)
{
	const struct capipc_memory *memory = vmf->vma->vm_private_data;

	/* A mapping does not grow: VM_DONTEXPAND. */
	if (WARN_ON_ONCE(vmf->pgoff >= memory->count))
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(memory->pages[vmf->pgoff]));
}

static const struct vm_operations_struct capipc_memory_vm_ops = {
	.open = capipc_memory_vm_open,
	.close = capipc_memory_vm_close,
	.fault = capipc_memory_vm_fault,
};

/**
 * capipc_memory_map - map some memory
 * @vma: a new one, shared; takes a reference if it succeeds
 * @view: what may be mapped
 *
 * Return: 0, or -EINVAL (not so long), -EPERM (not for writing, never to execute).
 */
int capipc_memory_map(struct vm_area_struct *vma, const struct capipc_view *view)
{
	unsigned long clear = VM_MAYEXEC;

	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if ((vma->vm_flags & VM_WRITE) && !view->writable)
		return -EPERM;
	if (vma_pages(vma) > view->count)
		return -EINVAL;
	if (!view->writable)
		clear |= VM_MAYWRITE;
	capipc_compat_vm_flags_mod(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTCOPY |
				   VM_DONTDUMP, clear);
	vma->vm_pgoff = view->first;
	vma->vm_private_data = capipc_memory_get(view->memory);
	vma->vm_ops = &capipc_memory_vm_ops;
	return 0;
}
