/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects: what can be held by a context or be in flight, and has a queue.
 *
 * An endpoint, a listener, an invitation and an end of a data pipe are objects;
 * nothing is ever in the queue of the latter. An object is in one place at a time:
 *
 *            attach                    detach              depart
 *   (new) ----------> HELD by a ctx. ----------> LEAVING ----------> IN_FLIGHT
 *                       |       ^                 |   |               |   |
 *                       |       +---- attach -----+---|---------------+   |
 *                 close |                             | close             | close
 *                       +----------> CLOSED <---------+-------------------+
 *                  fuse |
 *                       +----------> FUSED
 *
 * LEAVING: a thread is sending it. IN_FLIGHT: in the queue of another object,
 * its container, or in an invitation, likewise, or in a reply. An invitation itself
 * does not leave its holder. Rings of what is in flight inside each other are
 * found and freed by the collector (collect.c). FUSED: an endpoint that is no more;
 * what says that it is inside of it, is inside its successor (docs/fuse.md).
 *
 * These states are those of the model that is searched for errors (docs/model.md), and
 * each file says which of its steps are there. Who changes them changes the model, too.
 *
 * Freeing is iterative: closing an object puts its queue on a list of garbage,
 * and capipc_garbage_run() destroys the messages there, which may close more
 * objects, which adds to the same list.
 */
#ifndef CAPIPC_OBJECT_H
#define CAPIPC_OBJECT_H

#include <linux/atomic.h>
#include <linux/llist.h>

#include "guard.h"
#include "main.h"
#include "ready.h"

enum capipc_place {
	CAPIPC_PLACE_NEW,
	CAPIPC_PLACE_HELD,
	CAPIPC_PLACE_LEAVING,
	CAPIPC_PLACE_IN_FLIGHT,
	CAPIPC_PLACE_CLOSED,
	CAPIPC_PLACE_FUSED,
};

/**
 * struct capipc_object - common part of whatever is in one place at a time
 * @kind: %CAPIPC_KIND_ENDPOINT, _LISTENER, _PRODUCER, _CONSUMER, _INVITATION; invariant
 * @lock: the lock of what it is part of, in a struct capipc_guard; capipc_object_lock()
 *        sees to it that it is the right one. "@lock" below means what it points to
 * @place: where it is; @lock
 * @receiving: a thread has taken the first message and is copying it; nobody else
 *             receives until it is done, so that it can be put back; @lock
 * @embryo: attached, but its handle is not published yet; @lock
 * @stands_back: receiving from it has failed: others have their turn first; @lock
 * @band: the most urgent band of a message in @queue; @lock
 * @ready_band: in which band of @owner's ready queue it is; @owner->ready_lock
 * @peer_closed_told: its holder has received PEER_CLOSED; or the last thing that
 *                    ever comes from an invitation is in @queue; @lock
 * @owner: the context that holds it; @lock. Alive while @lock is held
 * @container: in flight: the object in whose queue it is, or the invitation, with a
 *             reference, or NULL in a reply; @lock
 * @transfer: leaving: the send that it leaves by; @lock
 * @successor: fused: the endpoint that has taken over what was in @queue; set
 *             once; @lock
 * @flights: how often it has left a holder; @lock
 * @ready: in @owner's ready queue; @owner->ready_lock inside @lock
 * @queue: messages to be received; @lock
 * @queued: messages in @queue, each of those of a bundle; @lock
 * @urgent: how many of @queue are in band 1, 2, ..., a bundle being one; @lock
 * @handle: its value in @owner's table; @lock
 * @rights: of that handle; @lock
 * @cookie: its holder's; @lock
 * @suspected: on the collector's list, by @suspect
 * @suspect: in the collector's list of suspects
 * @batch: in the list of suspects of the pass that is under way; the collector's
 * @walk: the collector's: the last walk that came by
 * @walk_flights: the collector's: @flights as it was then
 */
struct capipc_object {
	u8 kind;
	u8 place;
	bool receiving;
	bool embryo;
	bool peer_closed_told;
	bool stands_back;
	u8 band;
	u8 ready_band;
	u32 queued;
	u32 urgent[CAPIPC_READY_BANDS - 1];
	spinlock_t *lock; /* of the pipe or listener, all of this */
	struct capipc_context *owner;
	struct capipc_object *container;
	const struct capipc_transfer *transfer;
	struct capipc_object *successor;
	u32 flights;
	struct list_head ready;
	struct list_head queue;
	u32 handle;
	u32 rights;
	u64 cookie;

	atomic_t suspected;
	u32 walk_flights;
	u64 walk;
	struct llist_node suspect;
	struct list_head batch;
};

/* The right to receive from a kind of object: who produces has no READ. */
static inline u32 capipc_object_receive_right(u8 kind)
{
	return kind == CAPIPC_KIND_PRODUCER ? CAPIPC_RIGHT_WRITE : CAPIPC_RIGHT_READ;
}

/* Between two holders; under its lock. */
static inline bool capipc_object_is_away(const struct capipc_object *object)
{
	return object->place == CAPIPC_PLACE_LEAVING || object->place == CAPIPC_PLACE_IN_FLIGHT;
}

void capipc_object_lock_heir(struct capipc_object *object, struct capipc_guard *guard);

static inline struct capipc_guard *capipc_object_guard(const struct capipc_object *object)
{
	return container_of(READ_ONCE(object->lock), struct capipc_guard, lock);
}

/* Lock an object that the caller has a reference to. */
static inline void capipc_object_lock(struct capipc_object *object)
	__acquires(object->lock)
{
	struct capipc_guard *guard = capipc_object_guard(object);

	spin_lock(&guard->lock);
	if (unlikely(guard->heir))
		capipc_object_lock_heir(object, guard);
}

static inline void capipc_object_unlock(struct capipc_object *object)
	__releases(object->lock)
{
	spin_unlock(object->lock);
}

/*
 * What has taken its place, if it was fused, or itself. With its lock or without: what
 * is set once stays so.
 */
static inline struct capipc_object *capipc_object_last(struct capipc_object *object)
{
	struct capipc_object *successor;

	/* Pairs with the release in capipc_object_fuse_locked(). */
	while ((successor = smp_load_acquire(&object->successor)))
		object = successor;
	return object;
}

/* The object in whose queue it is, or NULL; under its lock. */
static inline struct capipc_object *capipc_object_inside(const struct capipc_object *object)
{
	return object->container ? capipc_object_last(object->container) : NULL;
}

u64 capipc_object_next_id(void);
u64 capipc_object_last_id(void);
u64 capipc_object_id(struct capipc_object *object);
u32 capipc_object_end(struct capipc_object *object);
void capipc_object_init(struct capipc_object *object, u8 kind, struct capipc_guard *guard);
struct capipc_object *capipc_object_get(struct capipc_object *object);
void capipc_object_put(struct capipc_object *object);

void capipc_object_attach(struct capipc_object *object, struct capipc_context *context,
			  u32 handle, u32 rights);
void capipc_object_settle(struct capipc_object *object, struct capipc_context *context,
			  u32 handle);
void capipc_object_hold(struct capipc_object *object, struct capipc_context *context,
			u32 handle, u32 rights);
void capipc_object_detach(struct capipc_object *object, const struct capipc_transfer *transfer);
void capipc_object_depart(struct capipc_object *object, const struct capipc_transfer *transfer,
			  struct capipc_object *container);
bool capipc_object_peer_closed_locked(struct capipc_object *object);
bool capipc_object_receivable_locked(struct capipc_object *object);
void capipc_object_wake_locked(struct capipc_object *object);
void capipc_object_evict_locked(struct capipc_object *object);
void capipc_object_update_ready_locked(struct capipc_object *object);
void capipc_object_fuse_locked(struct capipc_object *object, struct capipc_object *successor);
void capipc_object_close(struct capipc_object *object, struct list_head *garbage);
void capipc_object_queue_locked(struct capipc_object *object, struct capipc_message *message);
void capipc_object_requeue_locked(struct capipc_object *object, struct capipc_message *message);
void capipc_object_unqueue_locked(struct capipc_object *object, struct capipc_message *message);
void capipc_object_move_queue_locked(struct capipc_object *from, struct capipc_object *to);
void capipc_object_splice_queue_locked(struct capipc_object *object, struct list_head *garbage);

const struct cred **capipc_object_flight_cred(struct capipc_object *object);

void capipc_garbage_run(struct list_head *garbage);

#endif /* CAPIPC_OBJECT_H */
