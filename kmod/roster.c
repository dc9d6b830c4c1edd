// SPDX-License-Identifier: GPL-2.0
/*
 * The roster: see roster.h.
 */
#include <linux/sched.h>
#include <linux/xarray.h>

#include "listener.h"
#include "object.h"
#include "pipe.h"
#include "roster.h"

/* How many entries are looked at before others may run. */
#define CAPIPC_ROSTER_BATCH	128U

/* A pipe is in it by its first endpoint. */
static DEFINE_XARRAY_FLAGS(capipc_roster, XA_FLAGS_ACCOUNT);
static atomic_t capipc_roster_changes = ATOMIC_INIT(0);

/**
 * capipc_roster_enter - give a new pipe or listener its number
 * @object: a listener, or the first endpoint of a pipe: complete, but nowhere yet
 * @id: out: its number, set before anybody can find it; 0 if that fails
 *
 * Return: 0 or -ENOMEM.
 */
int capipc_roster_enter(struct capipc_object *object, u64 *id)
{
	int ret;

	do {
		*id = capipc_object_next_id();
		ret = xa_insert(&capipc_roster, *id, object, GFP_KERNEL_ACCOUNT);
	} while (ret == -EBUSY);
	if (ret)
		*id = 0;
	else
		atomic_inc(&capipc_roster_changes);
	return ret;
}

/**
 * capipc_roster_leave - its last reference is gone
 * @id: its number; the memory is to be freed after a grace period
 */
void capipc_roster_leave(u64 id)
{
	xa_erase(&capipc_roster, id);
	atomic_inc(&capipc_roster_changes);
}

/* A reference, unless the last one has been put already; to what capipc_object_put() puts one. */
static bool capipc_roster_get(struct capipc_object *object)
{
	if (object->kind == CAPIPC_KIND_ENDPOINT)
		return refcount_inc_not_zero(&capipc_endpoint_home(capipc_endpoint(object))->refs);
	return refcount_inc_not_zero(&capipc_listener(object)->refs);
}

/**
 * capipc_roster_next - the next that somebody wants to see
 * @from: in: least number. out: where to go on
 * @until: greatest number
 * @wanted: says which
 * @data: for @wanted
 *
 * May sleep. Return: a listener or the first endpoint of a pipe, with a reference,
 * or NULL when there is none any more.
 */
struct capipc_object *capipc_roster_next(u64 *from, u64 until, capipc_roster_fn wanted,
					 const void *data)
{
	XA_STATE(xas, &capipc_roster, *from);
	struct capipc_object *object;
	unsigned int looked = 0;

	rcu_read_lock();
	xas_for_each(&xas, object, until) {
		if (xas_retry(&xas, object))
			continue;
		if (wanted(object, data) && capipc_roster_get(object))
			break;
		if (++looked % CAPIPC_ROSTER_BATCH == 0) {
			xas_pause(&xas);
			rcu_read_unlock();
			cond_resched();
			rcu_read_lock();
		}
	}
	rcu_read_unlock();
	*from = object ? (u64)xas.xa_index + 1 : until + 1;
	return object;
}

/* Changes whenever something enters or leaves; never 0. */
unsigned int capipc_roster_generation(void)
{
	return (unsigned int)atomic_read(&capipc_roster_changes) * 2 + 1;
}

void capipc_roster_exit(void)
{
	WARN_ON(!xa_empty(&capipc_roster));
	xa_destroy(&capipc_roster);
}
