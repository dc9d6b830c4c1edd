/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects: what can be held by a context or be in flight, and has a queue.
 *
 * An endpoint and a listener are objects. An object is in one place at a time:
 *
 *            attach                      detach
 *   (new) ----------> HELD by a context ---------> IN_FLIGHT in the queue of
 *                       |       ^                     |  another object, its
 *                       |       +------- attach ------+  container, or in a reply
 *                 close |                             | close
 *                       +----------> CLOSED <---------+
 *
 * What is in flight inside what forms trees, and the root of each is held by
 * a context or waits in the reply to a living caller: a send that would close a
 * ring is refused (transfer.c). So when contexts go, everything goes.
 *
 * Freeing is iterative: closing an object puts its queue on a list of garbage,
 * and capipc_garbage_run() destroys the messages there, which may close more
 * objects, which adds to the same list.
 */
#ifndef CAPIPC_OBJECT_H
#define CAPIPC_OBJECT_H

#include "main.h"

enum capipc_place {
	CAPIPC_PLACE_NEW,
	CAPIPC_PLACE_HELD,
	CAPIPC_PLACE_IN_FLIGHT,
	CAPIPC_PLACE_CLOSED,
};

/**
 * struct capipc_object - common part of an endpoint and a listener
 * @kind: %CAPIPC_KIND_ENDPOINT or %CAPIPC_KIND_LISTENER; invariant
 * @lock: the lock of the pipe or the listener; invariant. "@lock" below means
 *        what it points to
 * @place: where it is; @lock
 * @receiving: a thread has taken the first message and is copying it; nobody else
 *             receives until it is done, so that it can be put back; @lock
 * @embryo: attached, but its handle is not published yet; @lock
 * @peer_closed_told: its holder has received PEER_CLOSED; @lock
 * @owner: the context that holds it; @lock. Alive while @lock is held
 * @container: in flight: the object in whose queue it is, with a reference, or
 *             NULL in a reply; @lock
 * @ready: on @owner's ready list; @owner->ready_lock inside @lock
 * @queue: messages to be received; @lock
 * @queued: length of @queue; @lock
 * @handle: its value in @owner's table; @lock
 * @rights: of that handle; @lock
 * @cookie: its holder's; @lock
 */
struct capipc_object {
	u8 kind;
	u8 place;
	bool receiving;
	bool embryo;
	bool peer_closed_told;
	u32 queued;
	spinlock_t *lock; /* of the pipe or listener, all of this */
	struct capipc_context *owner;
	struct capipc_object *container;
	struct list_head ready;
	struct list_head queue;
	u32 handle;
	u32 rights;
	u64 cookie;
};

u64 capipc_object_id(struct capipc_object *object);
void capipc_object_init(struct capipc_object *object, u8 kind, spinlock_t *lock);
struct capipc_object *capipc_object_get(struct capipc_object *object);
void capipc_object_put(struct capipc_object *object);

void capipc_object_attach(struct capipc_object *object, struct capipc_context *context,
			  u32 handle, u32 rights);
void capipc_object_settle(struct capipc_object *object, struct capipc_context *context,
			  u32 handle);
void capipc_object_hold(struct capipc_object *object, struct capipc_context *context,
			u32 handle, u32 rights);
void capipc_object_detach(struct capipc_object *object, struct capipc_object *container);
bool capipc_object_receivable_locked(struct capipc_object *object);
void capipc_object_wake_locked(struct capipc_object *object);
void capipc_object_update_ready_locked(struct capipc_object *object);
void capipc_object_close(struct capipc_object *object, struct list_head *garbage);
void capipc_object_splice_queue_locked(struct capipc_object *object, struct list_head *garbage);

const struct cred **capipc_object_flight_cred(struct capipc_object *object);

void capipc_garbage_run(struct list_head *garbage);

#endif /* CAPIPC_OBJECT_H */
