// SPDX-License-Identifier: GPL-2.0
/*
 * Objects: see object.h.
 *
 * Steps of the model (docs/model.md): destroy, run_garbage.
 */
#include <linux/poll.h>
#include <linux/sched.h>

#include "context.h"
#include "data_pipe.h"
#include "ident.h"
#include "invitation.h"
#include "listener.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "receiver.h"
#include "trace.h"
#include "transaction.h"

static atomic_long_t capipc_object_ids = ATOMIC_LONG_INIT(0);

/**
 * capipc_object_next_id - a number for something new, in events and dumps
 *
 * Return: the number. Where a long is short, it comes round to what is in use.
 */
u64 capipc_object_next_id(void)
{
	unsigned long id;

	do {
		id = (unsigned long)atomic_long_inc_return(&capipc_object_ids);
	} while (!id);
	return id;
}

/* The greatest number given so far. */
u64 capipc_object_last_id(void)
{
	return (unsigned long)atomic_long_read(&capipc_object_ids);
}

/* The number of what it is part of. */
u64 capipc_object_id(struct capipc_object *object)
{
	switch (object->kind) {
	case CAPIPC_KIND_ENDPOINT:
		return capipc_endpoint_pipe(capipc_endpoint(object))->id;
	case CAPIPC_KIND_LISTENER:
		return capipc_listener(object)->id;
	case CAPIPC_KIND_INVITATION:
		return capipc_invitation(object)->id;
	default:
		return capipc_data_end_pipe(capipc_data_end(object))->id;
	}
}

/* Which end it is of that, or 0. */
u32 capipc_object_end(struct capipc_object *object)
{
	if (object->kind == CAPIPC_KIND_ENDPOINT)
		return capipc_endpoint(object)->index;
	return capipc_kind_is_data_end(object->kind) ? capipc_data_end(object)->index : 0;
}

void capipc_object_init(struct capipc_object *object, u8 kind, struct capipc_guard *guard)
{
	object->kind = kind;
	object->lock = &guard->lock;
	INIT_LIST_HEAD(&object->ready);
	INIT_LIST_HEAD(&object->queue);
}

/**
 * capipc_object_lock_heir - go on to the lock that is the right one by now
 * @object: what is being locked
 * @guard: what it pointed to, which has an heir; locked, but not on return
 *
 * All of them are there as long as the object is. Without an heir it is the right
 * one, and stays so until it is unlocked.
 */
void capipc_object_lock_heir(struct capipc_object *object, struct capipc_guard *guard)
{
	struct capipc_guard *heir;

	while (guard->heir) {
		heir = guard->heir;
		spin_unlock(&guard->lock);
		spin_lock(&heir->lock);
		guard = heir;
	}
	WRITE_ONCE(object->lock, &guard->lock);
}

struct capipc_object *capipc_object_get(struct capipc_object *object)
{
	switch (object->kind) {
	case CAPIPC_KIND_ENDPOINT:
		capipc_endpoint_get(capipc_endpoint(object));
		break;
	case CAPIPC_KIND_LISTENER:
		refcount_inc(&capipc_listener(object)->refs);
		break;
	case CAPIPC_KIND_INVITATION:
		refcount_inc(&capipc_invitation(object)->refs);
		break;
	case CAPIPC_KIND_PRODUCER:
	case CAPIPC_KIND_CONSUMER:
		capipc_data_pipe_get(capipc_data_end_pipe(capipc_data_end(object)));
		break;
	}
	return object;
}

void capipc_object_put(struct capipc_object *object)
{
	switch (object->kind) {
	case CAPIPC_KIND_ENDPOINT:
		capipc_endpoint_put(capipc_endpoint(object));
		break;
	case CAPIPC_KIND_LISTENER:
		capipc_listener_put(capipc_listener(object));
		break;
	case CAPIPC_KIND_INVITATION:
		capipc_invitation_put(capipc_invitation(object));
		break;
	case CAPIPC_KIND_PRODUCER:
	case CAPIPC_KIND_CONSUMER:
		capipc_data_pipe_put(capipc_data_end_pipe(capipc_data_end(object)));
		break;
	}
}

/* Is it the end of a pipe of whatever kind, whose other end is closed? */
bool capipc_object_peer_closed_locked(struct capipc_object *object)
{
	lockdep_assert_held(object->lock);
	if (object->kind == CAPIPC_KIND_ENDPOINT)
		return capipc_peer_closed_locked(capipc_endpoint(object));
	return capipc_kind_is_data_end(object->kind) &&
	       capipc_data_peer_closed_locked(capipc_data_end(object));
}

/* Is there something for the holder to receive, and nobody at it? */
bool capipc_object_receivable_locked(struct capipc_object *object)
{
	lockdep_assert_held(object->lock);
	if (object->receiving || object->embryo || !object->owner)
		return false;
	if (!(object->rights & capipc_object_receive_right(object->kind)))
		return false;
	if (!list_empty(&object->queue))
		return true;
	if (capipc_kind_is_data_end(object->kind) && capipc_data_end(object)->signalled)
		return true;
	if (object->kind == CAPIPC_KIND_ENDPOINT && capipc_endpoint(object)->news)
		return true;
	return !object->peer_closed_told && capipc_object_peer_closed_locked(object);
}

/*
 * Wake who waits to receive from the object alone: something else than its queue
 * has changed. The lock of the object keeps the owner alive.
 */
void capipc_object_wake_locked(struct capipc_object *object)
{
	lockdep_assert_held(object->lock);
	if (object->owner && wq_has_sleeper(&object->owner->wait))
		wake_up_poll(&object->owner->wait, EPOLLIN | EPOLLRDNORM);
}

/*
 * Who waits to receive from it or, through it, for room, does so by a handle that
 * is not its any more: they will see it when they get the lock.
 */
void capipc_object_evict_locked(struct capipc_object *object)
{
	wait_queue_head_t *window;

	capipc_object_wake_locked(object);
	if (object->kind != CAPIPC_KIND_ENDPOINT)
		return;
	window = &capipc_endpoint_peer(capipc_endpoint(object))->window;
	if (wq_has_sleeper(window))
		wake_up_all(window);
}

static void capipc_object_unready_locked(struct capipc_object *object)
{
	lockdep_assert_held(object->lock);
	/*
	 * Even if it is not on the list: a receiver that has just taken it off may
	 * not have its reference yet, and gets it under this lock.
	 */
	spin_lock(&object->owner->ready_lock);
	capipc_ready_remove(&object->owner->ready, object);
	spin_unlock(&object->owner->ready_lock);
	capipc_object_wake_locked(object);
}

/**
 * capipc_object_update_ready_locked - put it into its holder's ready queue, or off
 * @object: the object, whose lock is held
 *
 * To be called whenever capipc_object_receivable_locked() may have changed.
 * What is ready goes to the end of its band, so that all have their turn.
 *
 * Whether it is in the queue changes under the object's lock, but for a receiver
 * that takes it off; that one calls us again when it is done.
 */
void capipc_object_update_ready_locked(struct capipc_object *object)
{
	struct capipc_context *owner = object->owner;
	bool added;

	lockdep_assert_held(object->lock);
	if (!owner)
		return;
	if (!capipc_object_receivable_locked(object)) {
		/* It enters the queue under our lock only. */
		if (list_empty_careful(&object->ready))
			return;
		spin_lock(&owner->ready_lock);
		capipc_ready_remove(&owner->ready, object);
		spin_unlock(&owner->ready_lock);
		return;
	}
	spin_lock(&owner->ready_lock);
	added = capipc_ready_add(&owner->ready, object);
	if (added)
		capipc_receiver_call_locked(owner);
	spin_unlock(&owner->ready_lock);
	if (added)
		capipc_object_wake_locked(object);
}

/* Where the credentials of the last holder are kept while it is in flight. */
const struct cred **capipc_object_flight_cred(struct capipc_object *object)
{
	switch (object->kind) {
	case CAPIPC_KIND_ENDPOINT:
		return &capipc_endpoint(object)->flight_cred;
	case CAPIPC_KIND_LISTENER:
		return &capipc_listener(object)->flight_cred;
	case CAPIPC_KIND_PRODUCER:
	case CAPIPC_KIND_CONSUMER:
		return &capipc_data_end(object)->flight_cred;
	default:
		return &capipc_invitation(object)->flight_cred;
	}
}

/**
 * capipc_object_attach - a context holds it now
 * @object: new or in flight
 * @context: who
 * @handle: its handle there, which is not published yet
 * @rights: the rights of that handle
 *
 * To be followed by capipc_object_settle() once the handle can be used.
 */
void capipc_object_attach(struct capipc_object *object, struct capipc_context *context,
			  u32 handle, u32 rights)
{
	struct capipc_object *container;
	const struct cred *cred;

	capipc_object_lock(object);
	trace_capipc_transfer(object, context, handle, true);
	container = object->container;
	object->container = NULL;
	object->transfer = NULL;
	object->place = CAPIPC_PLACE_HELD;
	object->embryo = true;
	/* In this order for capipc_holder_cred(), as in capipc_object_detach(). */
	WRITE_ONCE(object->owner, context);
	smp_wmb(); /* pairs with smp_rmb() in capipc_holder_cred() */
	cred = *capipc_object_flight_cred(object);
	WRITE_ONCE(*capipc_object_flight_cred(object), NULL);
	object->handle = handle;
	object->rights = rights;
	if (object->kind == CAPIPC_KIND_ENDPOINT)
		capipc_endpoint_note_holder_locked(capipc_endpoint(object), context->id);
	capipc_object_unlock(object);

	put_cred(cred);
	if (container)
		capipc_object_put(container);
}

/**
 * capipc_object_settle - what is in its queue can be received
 * @object: attached
 * @context: by whom
 * @handle: its handle, which can be used now, and may have been: if it is held by
 *          somebody else meanwhile, there is nothing to do
 */
void capipc_object_settle(struct capipc_object *object, struct capipc_context *context,
			  u32 handle)
{
	capipc_object_lock(object);
	if (object->owner == context && object->handle == handle) {
		object->embryo = false;
		if (object->kind != CAPIPC_KIND_ENDPOINT ||
		    !capipc_endpoint_is_quiet_locked(capipc_endpoint(object)))
			capipc_object_update_ready_locked(object);
	}
	capipc_object_unlock(object);
}

/**
 * capipc_object_hold - attach, publish, settle
 * @object: new or in flight; the reference passes to the slot
 * @context: who holds it now
 * @handle: a slot that was taken
 * @rights: the rights of the handle
 */
void capipc_object_hold(struct capipc_object *object, struct capipc_context *context, u32 handle,
			u32 rights)
{
	struct capipc_handle what = {
		.object = object,
		.rights = rights,
		.kind = object->kind,
	};
	LIST_HEAD(garbage);

	capipc_object_get(object);
	capipc_object_attach(object, context, handle, rights);
	if (capipc_table_publish(&context->table, handle, &what)) {
		capipc_object_settle(object, context, handle);
	} else {
		capipc_handle_close(&what, false, &garbage);
		capipc_garbage_run(&garbage);
	}
	capipc_object_put(object);
}

/**
 * capipc_object_detach - it is leaving its holder
 * @object: held, by a handle that is moving
 * @transfer: the send that it leaves by
 */
void capipc_object_detach(struct capipc_object *object, const struct capipc_transfer *transfer)
{
	const struct cred *cred;

	capipc_object_lock(object);
	trace_capipc_transfer(object, object->owner, object->handle, false);
	capipc_object_unready_locked(object);
	capipc_object_evict_locked(object);
	/* What its rules compare a sender with until somebody holds it again. */
	rcu_read_lock();
	do {
		cred = capipc_cred_get_rcu(rcu_dereference(object->owner->cred));
	} while (!cred);
	rcu_read_unlock();
	WRITE_ONCE(*capipc_object_flight_cred(object), cred);
	object->place = CAPIPC_PLACE_LEAVING;
	object->transfer = transfer;
	object->flights++;
	/* Pairs with the acquire in capipc_holder_cred(), which looks there next. */
	smp_store_release(&object->owner, NULL);
	object->handle = 0;
	capipc_object_unlock(object);
}

/**
 * capipc_object_depart - the message that it is in has been queued
 * @object: detached; the caller has a reference
 * @transfer: the send that it left by
 * @container: the object in whose queue it is, or NULL for a reply
 *
 * If it has been received or closed meanwhile, it does not leave by this send any
 * more, and there is nothing to note.
 */
void capipc_object_depart(struct capipc_object *object, const struct capipc_transfer *transfer,
			  struct capipc_object *container)
{
	capipc_object_lock(object);
	if (object->place == CAPIPC_PLACE_LEAVING && object->transfer == transfer) {
		object->place = CAPIPC_PLACE_IN_FLIGHT;
		object->transfer = NULL;
		object->container = container ? capipc_object_get(container) : NULL;
	}
	capipc_object_unlock(object);
}

static void capipc_object_count_urgent_locked(struct capipc_object *object, u8 band, int n)
{
	lockdep_assert_held(object->lock);
	object->urgent[band - 1] += n;
	for (band = CAPIPC_READY_BANDS - 1; band && !object->urgent[band - 1]; band--)
		;
	object->band = band;
}

/* Put a message to the end of its queue. */
void capipc_object_queue_locked(struct capipc_object *object, struct capipc_message *message)
{
	lockdep_assert_held(object->lock);
	list_add_tail(&message->link, &object->queue);
	object->queued += message->count;
	if (unlikely(message->band))
		capipc_object_count_urgent_locked(object, message->band, 1);
	capipc_object_update_ready_locked(object);
}

/* Put a message back to where it was: to the head of its queue. */
void capipc_object_requeue_locked(struct capipc_object *object, struct capipc_message *message)
{
	lockdep_assert_held(object->lock);
	list_add(&message->link, &object->queue);
	object->queued += message->count;
	if (unlikely(message->band))
		capipc_object_count_urgent_locked(object, message->band, 1);
}

/* Take a message out of its queue. */
void capipc_object_unqueue_locked(struct capipc_object *object, struct capipc_message *message)
{
	lockdep_assert_held(object->lock);
	list_del_init(&message->link);
	object->queued -= message->count;
	if (unlikely(message->band))
		capipc_object_count_urgent_locked(object, message->band, -1);
}

/* Move its queue to the end of that of another one; both have one lock, or both are held. */
void capipc_object_move_queue_locked(struct capipc_object *from, struct capipc_object *to)
{
	u8 i;

	lockdep_assert_held(from->lock);
	lockdep_assert_held(to->lock);
	list_splice_tail_init(&from->queue, &to->queue);
	to->queued += from->queued;
	from->queued = 0;
	for (i = 0; i < CAPIPC_READY_BANDS - 1; i++) {
		to->urgent[i] += from->urgent[i];
		from->urgent[i] = 0;
	}
	to->band = max(to->band, from->band);
	from->band = 0;
}

/* Move its queue to a list of garbage. */
void capipc_object_splice_queue_locked(struct capipc_object *object, struct list_head *garbage)
{
	struct capipc_message *message;

	lockdep_assert_held(object->lock);
	list_for_each_entry(message, &object->queue, link) {
		if (message->transaction)
			message->transaction->request = NULL;
	}
	list_splice_tail_init(&object->queue, garbage);
	object->queued = 0;
	object->band = 0;
	memset(object->urgent, 0, sizeof(object->urgent));
}

/**
 * capipc_object_fuse_locked - it is no more, and another one stands for it
 * @object: a held endpoint; its queue has been moved
 * @successor: the other one, which has, or is about to have, the same lock
 */
void capipc_object_fuse_locked(struct capipc_object *object, struct capipc_object *successor)
{
	lockdep_assert_held(object->lock);
	capipc_object_unready_locked(object);
	capipc_object_evict_locked(object);
	object->place = CAPIPC_PLACE_FUSED;
	WRITE_ONCE(object->owner, NULL);
	object->handle = 0;
	object->receiving = false;
	/* Pairs with the acquire in capipc_object_last(). */
	smp_store_release(&object->successor, successor);
}

/**
 * capipc_object_close - nobody holds it any more
 * @object: held or in flight; the caller's reference stays the caller's
 * @garbage: what was in its queue is added here
 */
void capipc_object_close(struct capipc_object *object, struct list_head *garbage)
{
	struct capipc_object *container;
	const struct cred *cred;

	capipc_object_lock(object);
	trace_capipc_close(object);
	if (object->owner)
		capipc_object_unready_locked(object);
	object->place = CAPIPC_PLACE_CLOSED;
	object->transfer = NULL;
	WRITE_ONCE(object->owner, NULL);
	container = object->container;
	object->container = NULL;
	capipc_object_splice_queue_locked(object, garbage);
	cred = *capipc_object_flight_cred(object);
	*capipc_object_flight_cred(object) = NULL;
	if (object->kind == CAPIPC_KIND_ENDPOINT)
		capipc_endpoint_close_locked(capipc_endpoint(object));
	else if (capipc_kind_is_data_end(object->kind))
		capipc_data_end_close_locked(capipc_data_end(object));
	capipc_object_unlock(object);

	put_cred(cred);
	if (object->kind == CAPIPC_KIND_ENDPOINT)
		capipc_endpoint_drop_rules(capipc_endpoint(object));
	if (object->kind == CAPIPC_KIND_LISTENER)
		capipc_listener_unbind(capipc_listener(object));
	if (object->kind == CAPIPC_KIND_INVITATION)
		capipc_invitation_withdraw(capipc_invitation(object), garbage);
	if (container)
		capipc_object_put(container);
}

/**
 * capipc_garbage_run - destroy messages, and what that closes
 * @garbage: messages by their link; empty afterwards
 *
 * Iterative, however deep what they carry is nested.
 */
void capipc_garbage_run(struct list_head *garbage)
{
	struct capipc_message *message;

	while (!list_empty(garbage)) {
		message = list_first_entry(garbage, struct capipc_message, link);
		list_del(&message->link);
		capipc_message_destroy(message, garbage);
		cond_resched();
	}
}
