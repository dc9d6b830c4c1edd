// SPDX-License-Identifier: GPL-2.0
/*
 * Ready queues: see ready.h.
 */
#include <linux/bitops.h>

#include "limits.h"
#include "object.h"
#include "ready.h"

void capipc_ready_init(struct capipc_ready *ready)
{
	unsigned int i;

	for (i = 0; i < CAPIPC_READY_BANDS; i++)
		INIT_LIST_HEAD(&ready->band[i]);
}

/**
 * capipc_ready_add - an object can be received from
 * @ready: the queue of its holder
 * @object: it, under its lock
 *
 * It goes to the end of its band. If it is in the queue already it stays where it
 * is, or moves to a more urgent band.
 *
 * Return: whether it was not in the queue before.
 */
bool capipc_ready_add(struct capipc_ready *ready, struct capipc_object *object)
{
	bool added = list_empty(&object->ready);

	if (!added) {
		if (likely(object->band <= object->ready_band))
			return false;
		capipc_ready_remove(ready, object);
	}
	object->ready_band = unlikely(object->stands_back) ? 0 : object->band;
	object->stands_back = false;
	list_add_tail(&object->ready, &ready->band[object->ready_band]);
	WRITE_ONCE(ready->bands, ready->bands | BIT(object->ready_band));
	return added;
}

/* Whether it is in the queue or not. */
void capipc_ready_remove(struct capipc_ready *ready, struct capipc_object *object)
{
	if (list_empty(&object->ready))
		return;
	list_del_init(&object->ready);
	if (list_empty(&ready->band[object->ready_band]))
		WRITE_ONCE(ready->bands, ready->bands & ~BIT(object->ready_band));
}

/* Real-time threads come first, but leave a turn to the others, by turns, now and then. */
static noinline unsigned int capipc_ready_choose(struct capipc_ready *ready)
{
	unsigned int most = __fls(ready->bands);
	unsigned long less = ready->bands & ~BIT(most), next;

	if (!less)
		return most;
	if (++ready->turns < CAPIPC_READY_TURNS)
		return most;
	ready->turns = 0;
	next = less & (BIT(ready->spare) - 1);
	ready->spare = __fls(next ?: less);
	return ready->spare;
}

/**
 * capipc_ready_take - take off the object whose turn it is
 * @ready: the queue
 *
 * Return: it, or NULL if nothing is ready.
 */
struct capipc_object *capipc_ready_take(struct capipc_ready *ready)
{
	struct capipc_object *object;
	unsigned int band = 0;

	if (!ready->bands)
		return NULL;
	if (unlikely(ready->bands != BIT(0)))
		band = capipc_ready_choose(ready);
	object = list_first_entry(&ready->band[band], struct capipc_object, ready);
	capipc_ready_remove(ready, object);
	return object;
}
