/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Address spaces: what a context belongs to, and how we learn that it is gone.
 */
#ifndef CAPIPC_PROCESS_H
#define CAPIPC_PROCESS_H

#include <linux/mmu_notifier.h>
#include <linux/mutex.h>

#include "main.h"

/**
 * struct capipc_process - an address space that has contexts
 * @notifier: tells when the address space goes
 * @lock: protects @contexts and dismantling
 * @contexts: by capipc_context.process_link
 * @image: number of this address space; invariant
 */
struct capipc_process {
	struct mmu_notifier notifier;
	struct mutex lock; /* @contexts, dismantling */
	struct list_head contexts;
	u64 image;
};

struct capipc_process *capipc_process_get(void);
void capipc_process_put(struct capipc_process *process);
void capipc_process_exit(void);

#endif /* CAPIPC_PROCESS_H */
