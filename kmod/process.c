// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces: see process.h.
 *
 * An mmu notifier tells when the last user of an address space is gone, which
 * is when its process has died or has executed another program. No thread can
 * then be inside one of our system calls on a context of it, since every
 * request checks that its caller runs in that address space.
 *
 * Taking apart what a context holds may take long, and all address spaces with a
 * notifier, of whatever kind, wait for each other's notifiers when they go. So that
 * is left to a work item. Mostly it finds nothing to do: a process that dies closes
 * its files next, and takes its contexts apart itself before anybody can wait for it.
 */
#include <linux/sched/mm.h>

#include "context.h"
#include "process.h"

static atomic64_t capipc_images = ATOMIC64_INIT(0);
static struct workqueue_struct *capipc_process_queue;

static struct capipc_process *capipc_process_of(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct capipc_process, notifier);
}

static void capipc_process_drop(struct capipc_process *process)
{
	if (refcount_dec_and_test(&process->refs))
		kfree(process);
}

static void capipc_process_dismantle(struct work_struct *work)
{
	struct capipc_process *process = container_of(work, struct capipc_process, gone);
	struct capipc_context *context;

	mutex_lock(&process->lock);
	list_for_each_entry(context, &process->contexts, process_link)
		capipc_context_dismantle(context);
	mutex_unlock(&process->lock);
	capipc_process_drop(process);
}

static struct mmu_notifier *capipc_process_alloc(struct mm_struct *mm)
{
	struct capipc_process *process = kzalloc(sizeof(*process), GFP_KERNEL_ACCOUNT);

	if (!process)
		return ERR_PTR(-ENOMEM);
	mutex_init(&process->lock);
	INIT_LIST_HEAD(&process->contexts);
	refcount_set(&process->refs, 1);
	INIT_WORK(&process->gone, capipc_process_dismantle);
	process->image = atomic64_inc_return(&capipc_images);
	return &process->notifier;
}

static void capipc_process_free(struct mmu_notifier *notifier)
{
	capipc_process_drop(capipc_process_of(notifier));
}

static void capipc_process_gone(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct capipc_process *process = capipc_process_of(notifier);

	refcount_inc(&process->refs);
	if (!queue_work(capipc_process_queue, &process->gone))
		capipc_process_drop(process);
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

int capipc_process_init(void)
{
	capipc_process_queue = alloc_workqueue("capipc", WQ_UNBOUND, 0);
	return capipc_process_queue ? 0 : -ENOMEM;
}

/* Wait until every notifier that was put has been freed, and nothing is left to do. */
void capipc_process_exit(void)
{
	mmu_notifier_synchronize();
	destroy_workqueue(capipc_process_queue);
}
