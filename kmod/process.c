// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces: see process.h.
 *
 * An mmu notifier tells when the last user of an address space is gone, which
 * is when its process has died or has executed another program. No thread can
 * then be inside one of our system calls on a context of it, since every
 * request checks that its caller runs in that address space.
 */
#include <linux/sched/mm.h>

#include "context.h"
#include "process.h"

static atomic64_t capipc_images = ATOMIC64_INIT(0);

static struct capipc_process *capipc_process_of(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct capipc_process, notifier);
}

static struct mmu_notifier *capipc_process_alloc(struct mm_struct *mm)
{
	struct capipc_process *process = kzalloc(sizeof(*process), GFP_KERNEL_ACCOUNT);

	if (!process)
		return ERR_PTR(-ENOMEM);
	mutex_init(&process->lock);
	INIT_LIST_HEAD(&process->contexts);
	process->image = atomic64_inc_return(&capipc_images);
	return &process->notifier;
}

static void capipc_process_free(struct mmu_notifier *notifier)
{
	kfree(capipc_process_of(notifier));
}

static void capipc_process_gone(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct capipc_process *process = capipc_process_of(notifier);
	struct capipc_context *context;

	mutex_lock(&process->lock);
	list_for_each_entry(context, &process->contexts, process_link)
		capipc_context_dismantle(context);
	mutex_unlock(&process->lock);
}

static const struct mmu_notifier_ops capipc_process_ops = {
	.alloc_notifier = capipc_process_alloc,
	.free_notifier = capipc_process_free,
	.release = capipc_process_gone,
};

/**
 * capipc_process_get - the calling thread's address space
 *
 * Return: it, with a reference, or an error pointer: -ENOMEM, -EINTR.
 */
struct capipc_process *capipc_process_get(void)
{
	struct mmu_notifier *notifier = mmu_notifier_get(&capipc_process_ops, current->mm);

	return IS_ERR(notifier) ? ERR_CAST(notifier) : capipc_process_of(notifier);
}

void capipc_process_put(struct capipc_process *process)
{
	mmu_notifier_put(&process->notifier);
}

/* Wait until every notifier that was put has been freed. */
void capipc_process_exit(void)
{
	mmu_notifier_synchronize();
}
