// SPDX-License-Identifier: GPL-2.0
/*
 * Collecting: see collect.h and docs/collect.md, whose terms are used here.
 *
 * One work item walks up from each suspect along the containers, with one object
 * lock at a time. A ring that was found is walked once more: only if everything
 * on it is still on the same flight is it one, and is then broken by closing
 * one object of it.
 *
 * Steps of the model (docs/model.md): suspect, take, find, verify, ring, collect.
 */
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "collect.h"
#include "object.h"

/* After a pass the collector rests this many times as long as it has looked. */
#define CAPIPC_COLLECT_REST	10
#define CAPIPC_COLLECT_REST_MIN	msecs_to_jiffies(10)

static void capipc_collect_work(struct work_struct *work);

static LLIST_HEAD(capipc_suspects);
static DECLARE_DELAYED_WORK(capipc_collector, capipc_collect_work);

/* When the next pass may begin, in jiffies; written by the collector. */
static unsigned long capipc_collect_next = INITIAL_JIFFIES;

/* The collector's alone. */
static u64 capipc_collect_walk;

/* A pass that is due already is not put off. */
static void capipc_collect_schedule(void)
{
	unsigned long now = jiffies, next = READ_ONCE(capipc_collect_next);

	queue_delayed_work(system_unbound_wq, &capipc_collector,
			   time_after(next, now) ? next - now : CAPIPC_COLLECT_REST_MIN);
}

/**
 * capipc_collect_suspect - an object in flight may be part of a ring now
 * @object: the object; the caller has a reference
 */
void capipc_collect_suspect(struct capipc_object *object)
{
	if (atomic_xchg(&object->suspected, 1))
		return;
	capipc_object_get(object);
	llist_add(&object->suspect, &capipc_suspects);
	capipc_collect_schedule();
}

/*
 * One step of a walk. Returns the container, or what stands in the place of @object
 * for ever, with a reference, or NULL if @object is a root: held, being sent or
 * received from, in a reply, or closed.
 */
static struct capipc_object *capipc_collect_step(struct capipc_object *object, u32 *flights)
{
	struct capipc_object *container = NULL, *last;

	capipc_object_lock(object);
	if (object->place == CAPIPC_PLACE_IN_FLIGHT && !object->receiving && object->container) {
		container = capipc_object_get(object->container);
	} else if (object->place == CAPIPC_PLACE_FUSED) {
		/* It has the same lock. Without a place it may have no reference either. */
		last = capipc_object_last(object);
		if (last->place != CAPIPC_PLACE_CLOSED)
			container = capipc_object_get(last);
	}
	*flights = object->flights;
	capipc_object_unlock(object);
	return container;
}

/*
 * The first walk, up from @object, whose reference is consumed. Returns an object
 * on what looks like a ring, with a reference, or NULL.
 */
static struct capipc_object *capipc_collect_find(struct capipc_object *object, u64 pass)
{
	struct capipc_object *container;
	u64 walk = ++capipc_collect_walk;

	while (object->walk < pass) {
		object->walk = walk;
		container = capipc_collect_step(object, &object->walk_flights);
		capipc_object_put(object);
		if (!container)
			return NULL;
		object = container;
		cond_resched();
	}
	if (object->walk == walk)
		return object;
	/* An earlier walk of this pass has been here. */
	capipc_object_put(object);
	return NULL;
}

/* The second walk: is everything still as it was at the first? */
static bool capipc_collect_verify(struct capipc_object *start)
{
	struct capipc_object *object = capipc_object_get(start);
	struct capipc_object *container;
	u64 walk = start->walk;
	bool ring = false;
	u32 flights;

	do {
		container = capipc_collect_step(object, &flights);
		if (container && (object->walk != walk || object->walk_flights != flights)) {
			capipc_object_put(container);
			container = NULL;
		}
		capipc_object_put(object);
		object = container;
		ring = object == start;
		cond_resched();
	} while (object && !ring);
	if (object)
		capipc_object_put(object);
	return ring;
}

/*
 * Something on a ring that can be closed. Consumes the reference to @object and
 * returns another one. What comes after one that was fused is in flight, for ever.
 */
static struct capipc_object *capipc_collect_unfused(struct capipc_object *object)
{
	struct capipc_object *last = capipc_object_last(object);

	if (last == object)
		return object;
	capipc_object_get(last);
	capipc_object_put(object);
	return last;
}

/* Look for one ring, and free it. Returns how long it took to look, in ns. */
static u64 capipc_collect_one(struct capipc_object *suspect, u64 pass)
{
	u64 begin = ktime_get_ns(), end;
	struct capipc_object *object;
	LIST_HEAD(garbage);
	bool ring;

	object = capipc_collect_find(suspect, pass);
	ring = object && capipc_collect_verify(object);
	end = ktime_get_ns();
	if (ring) {
		object = capipc_collect_unfused(object);
		capipc_object_close(object, &garbage);
		capipc_garbage_run(&garbage);
	}
	if (object)
		capipc_object_put(object);
	return end - begin;
}

/*
 * Take all suspects, and let each be suspected again; from then on it may be on the
 * other list, too. Whoever found it still suspected has noted its links before we
 * walk: both exchanges are full barriers. For all, before the first walk: a walk
 * believes the marks of those before it.
 */
static void capipc_collect_take(struct list_head *batch)
{
	struct llist_node *suspects = llist_del_all(&capipc_suspects);
	struct capipc_object *object, *next;

	llist_for_each_entry_safe(object, next, suspects, suspect) {
		list_add_tail(&object->batch, batch);
		atomic_xchg(&object->suspected, 0);
		cond_resched();
	}
}

static u64 capipc_collect_pass(void)
{
	u64 pass = capipc_collect_walk + 1, begin = ktime_get_ns(), took;
	struct capipc_object *object;
	LIST_HEAD(batch);

	capipc_collect_take(&batch);
	took = ktime_get_ns() - begin;
	while (!list_empty(&batch)) {
		object = list_first_entry(&batch, struct capipc_object, batch);
		list_del(&object->batch);
		took += capipc_collect_one(object, pass);
		cond_resched();
	}
	return took;
}

static void capipc_collect_work(struct work_struct *work)
{
	u64 took = capipc_collect_pass();

	WRITE_ONCE(capipc_collect_next, jiffies + nsecs_to_jiffies(took * CAPIPC_COLLECT_REST));
	/* What was suspected meanwhile was scheduled before this was known. */
	if (!llist_empty(&capipc_suspects) && cancel_delayed_work(&capipc_collector))
		capipc_collect_schedule();
}

/* No context is open any more: what is suspected now is all there will be. */
void capipc_collect_exit(void)
{
	cancel_delayed_work_sync(&capipc_collector);
	capipc_collect_pass();
}
