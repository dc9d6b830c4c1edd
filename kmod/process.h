/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Address spaces: what a context belongs to, and how we learn that it is gone.
 */
#ifndef CAPIPC_PROCESS_H
#define CAPIPC_PROCESS_H

#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>

#include "main.h"

/**
 * struct capipc_process - an address space that has contexts
 * @notifier: tells when the address space goes
 * @lock: protects @contexts and dismantling
 * @contexts: by capipc_context.process_link
 * @image: number of this address space; invariant
 * @refs: of its memory: one for @notifier, and one for @gone as long as that is queued
 * @gone: dismantles what files that are still open somewhere have left
 */
struct capipc_process {
	struct mmu_notifier notifier;
	struct mutex lock; /* @contexts, dismantling */
	struct list_head contexts;
	u64 image;
	refcount_t refs;
	struct work_struct gone;
};

int capipc_process_init(void);
struct capipc_process *capipc_process_get(void);
void capipc_process_put(struct capipc_process *process);
void capipc_process_exit(void);

#endif /* CAPIPC_PROCESS_H */
