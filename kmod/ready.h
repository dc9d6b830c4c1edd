/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ready queues: the objects that a context can receive from, in the order in which
 * it will. docs/ready.md tells what makes an object ready, and where it stands.
 *
 * Taking the next one costs the same however many objects the context holds.
 */
#ifndef CAPIPC_READY_H
#define CAPIPC_READY_H

#include <linux/list.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>
#include <linux/types.h>

struct capipc_object;

/* 0 is for threads that are not real-time threads. */
#define CAPIPC_READY_BANDS	4U
/* Real-time priorities in a band. */
#define CAPIPC_READY_BAND_WIDTH	34

/**
 * struct capipc_ready - a ready queue; all under the ready_lock of its context
 * @bands: bit n: something is in @band[n]. Looked at without the lock by who waits
 * @turns: how many have been taken in a row while a less urgent one was waiting
 * @spare: the band that had the last turn which is left to less urgent ones
 * @band: objects by capipc_object.ready; the more urgent the higher
 */
struct capipc_ready {
	u8 bands;
	u8 turns;
	u8 spare;
	struct list_head band[CAPIPC_READY_BANDS];
};

/* The band of what the calling thread sends. */
static inline u8 capipc_ready_band(void)
{
	int prio = READ_ONCE(current->prio);

	if (likely(prio >= MAX_RT_PRIO))
		return 0;
	/* Priority 99 is 0 here, and deadline threads are below. */
	return CAPIPC_READY_BANDS - 1 - max(prio, 0) / CAPIPC_READY_BAND_WIDTH;
}

/* Without the lock: what was added before a wake-up is seen after it. */
static inline bool capipc_ready_is_empty(const struct capipc_ready *ready)
{
	return !READ_ONCE(ready->bands);
}

void capipc_ready_init(struct capipc_ready *ready);
bool capipc_ready_add(struct capipc_ready *ready, struct capipc_object *object);
void capipc_ready_remove(struct capipc_ready *ready, struct capipc_object *object);
struct capipc_object *capipc_ready_take(struct capipc_ready *ready);

#endif /* CAPIPC_READY_H */
