// SPDX-License-Identifier: GPL-2.0
/*
 * The fast path: see fast.h.
 */
#include <linux/sched.h>
#include <linux/smp.h>

#include "context.h"
#include "copy.h"
#include "fast.h"
#include "ident.h"
#include "ioctl.h"
#include "limits.h"
#include "loan.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "receiver.h"
#include "rule.h"
#include "send.h"
#include "window.h"

/*
 * Has it room for a message? What is placed, in an area only; and of what can only be lent one at
 * most is withdrawn from it, so that it does not have to take one after the other in vain.
 */
static bool capipc_receiver_fits(const struct capipc_receiver *receiver,
				 const struct capipc_message *message)
{
	const struct capipc_receive *arg = &receiver->request->argument.receive;

	return !receiver->request->batch && message->len <= arg->data_capacity &&
	       message->moved_count <= arg->attachments_capacity &&
	       (!message->placed || (receiver->request->room.memory &&
		(message->len <= CAPIPC_PLACED_MAX || !receiver->let_down)));
}

/*
 * capipc_receiver_claim_locked - choose a thread to give a message to
 * @context: whose
 * @message: the message
 *
 * It waits until it has been given the message, or unclaimed: who claims it does one of the
 * two without being preempted.
 *
 * Return: a thread that waits, with room enough, while nothing is ready that would be
 * received before; or NULL.
 */
static struct capipc_receiver *capipc_receiver_claim_locked(struct capipc_context *context,
							    const struct capipc_message *message)
{
	struct capipc_receiver *receiver;

	lockdep_assert_held(&context->ready_lock);
	receiver = list_first_entry_or_null(&context->receivers, struct capipc_receiver, link);
	if (!receiver || !capipc_ready_is_empty(&context->ready) ||
	    !capipc_receiver_fits(receiver, message))
		return NULL;
	list_del(&receiver->link);
	receiver->claimed = true;
	return receiver;
}

/* It goes on waiting; if something has become ready meanwhile, it is called for that. */
static void capipc_receiver_unclaim_locked(struct capipc_receiver *receiver,
					   struct capipc_context *context)
{
	lockdep_assert_held(&context->ready_lock);
	receiver->claimed = false;
	list_add(&receiver->link, &context->receivers);
	if (!capipc_ready_is_empty(&context->ready))
		capipc_receiver_call_locked(context);
}

/*
 * capipc_receiver_give_locked - let a thread have a message that was not queued
 * @receiver: a thread that was claimed
 * @object: the endpoint that the message was sent to
 * @message: the message; the thread's from now on
 *
 * The thread is where one is that has begun to receive.
 */
static void capipc_receiver_give_locked(struct capipc_receiver *receiver,
					struct capipc_object *object,
					struct capipc_message *message)
{
	struct capipc_endpoint *endpoint = capipc_endpoint(object);

	lockdep_assert_held(object->lock);
	capipc_endpoint_get(endpoint);
	receiver->object = object;
	receiver->message = message;
	receiver->from = object->handle;
	receiver->facet = endpoint->facet;
	receiver->cookie = object->cookie;
	object->receiving = true;
	endpoint->in_hand = message->count;
	capipc_waiter_call(&receiver->waiter);
}

/* May it be sent, and is there room? If so, room has been taken. */
static __always_inline bool
capipc_fast_may_send_locked(struct capipc_context *context, struct capipc_endpoint *endpoint,
			    const struct capipc_outgoing *outgoing, size_t size)
{
	return !capipc_send_check_locked(context, endpoint, outgoing->handle) &&
	       capipc_ident_is_current(endpoint->ident, context) &&
	       capipc_rule_allows_locked(endpoint, endpoint->ident, endpoint->ident_changed,
					 outgoing->ordinal) &&
	       !capipc_window_take_locked(capipc_endpoint_peer(endpoint), size);
}

/* Is a message that is sent to it now the next one that its holder receives from it? */
static bool capipc_fast_is_next_locked(struct capipc_object *object)
{
	lockdep_assert_held(object->lock);
	return object->owner && !object->queued && !object->receiving && !object->embryo &&
	       (object->rights & CAPIPC_RIGHT_READ) && !capipc_endpoint(object)->news;
}

static __always_inline struct capipc_receiver *
capipc_fast_claim_locked(struct capipc_object *object, const struct capipc_message *message)
{
	struct capipc_context *owner = object->owner;
	struct capipc_receiver *receiver;

	if (!capipc_fast_is_next_locked(object))
		return NULL;
	spin_lock(&owner->ready_lock);
	receiver = capipc_receiver_claim_locked(owner, message);
	spin_unlock(&owner->ready_lock);
	return receiver;
}

static __always_inline bool capipc_fast_hand_over_locked(struct capipc_object *object,
							 struct capipc_message *message)
{
	struct capipc_receiver *receiver = capipc_fast_claim_locked(object, message);

	if (!receiver)
		return false;
	capipc_receiver_give_locked(receiver, object, message);
	return true;
}

/**
 * capipc_fast_give_locked - let a thread have a message without queuing it
 * @object: the endpoint that it is sent to
 * @message: the message, in no queue; the thread's if this succeeds
 *
 * It is left to the thread to see to the rest, and to put the message into the queue if it
 * cannot be delivered.
 *
 * Return: whether there was a thread that waits for it.
 */
bool capipc_fast_give_locked(struct capipc_object *object, struct capipc_message *message)
{
	return READ_ONCE(capipc_fast_path) && capipc_fast_hand_over_locked(object, message);
}

/* Let the message, and its call, know who sends it. */
static __always_inline void capipc_fast_sign_locked(struct capipc_message *message,
						    struct capipc_endpoint *endpoint,
						    const struct capipc_outgoing *outgoing)
{
	message->ordinal = outgoing->ordinal;
	message->sender = capipc_ident_get(endpoint->ident);
	message->sender_changed = endpoint->ident_changed;
	if (outgoing->transaction)
		capipc_send_bind(message, endpoint, capipc_endpoint_peer(endpoint),
				 outgoing->transaction);
}

/*
 * Without sleeping: who sends is not seen to be sending, by who fuses the endpoint for
 * example, until it is done.
 */
static bool capipc_fast_copy(struct capipc_message *message, const struct capipc_outgoing *outgoing)
{
	int ret;

	pagefault_disable();
	ret = capipc_source_copy(&outgoing->source, message->data, message->len);
	pagefault_enable();
	return !ret;
}

/* The bytes have been copied already, so one section under the lock is enough. */
static bool capipc_fast_send_whole(struct capipc_context *context,
				   struct capipc_endpoint *endpoint,
				   const struct capipc_outgoing *outgoing,
				   struct capipc_message *message)
{
	bool sent;

	if (!capipc_fast_copy(message, outgoing))
		return false;
	capipc_object_lock(&endpoint->object);
	sent = capipc_fast_may_send_locked(context, endpoint, outgoing, message->charge);
	if (likely(sent)) {
		capipc_fast_sign_locked(message, endpoint, outgoing);
		capipc_send_announce_locked(context, endpoint, message);
		if (!capipc_fast_hand_over_locked(&capipc_endpoint_peer(endpoint)->object, message))
			capipc_send_queue_locked(endpoint, message);
	}
	capipc_object_unlock(&endpoint->object);
	return sent;
}

/*
 * Who copies a request from a buffer, if either can? Of two that share a processor one always has
 * had more of it, by what it does for each call, until the scheduler does not let the other one
 * go. Then that one copies, until the same happens to the first.
 */
static bool capipc_fast_lends(struct capipc_context *context, struct capipc_context *owner,
			      const struct capipc_receiver *receiver)
{
	if (receiver->let_down || task_cpu(receiver->waiter.task) != smp_processor_id())
		return false;
	if (unlikely(READ_ONCE(context->patience.held))) {
		WRITE_ONCE(context->patience.held, false);
		WRITE_ONCE(owner->patience.held, false);
	}
	return READ_ONCE(owner->patience.held);
}

/* From a buffer of the sender's, by who sends or by who receives. */
static noinline void capipc_fast_place_source(struct capipc_context *context,
					      struct capipc_context *owner,
					      const struct capipc_receiver *receiver,
					      const struct capipc_outgoing *outgoing,
					      struct capipc_message *message)
{
	const struct capipc_source *source = &outgoing->source;

	if (outgoing->transaction && (message->len > CAPIPC_PLACED_MAX ||
				      capipc_fast_lends(context, owner, receiver)))
		capipc_loan_give(message, source);
	else
		capipc_room_write(&receiver->request->room, 0, capipc_source_bytes(source),
				  message->len);
}

/* With the lock, for it must be the next message, but without sleeping. */
static bool capipc_fast_place_locked(struct capipc_context *context, struct capipc_object *target,
				     struct capipc_receiver *receiver,
				     const struct capipc_outgoing *outgoing,
				     struct capipc_message *message)
{
	struct capipc_context *owner = target->owner;

	lockdep_assert_held(target->lock);
	if (unlikely(outgoing->source.memory)) {
		capipc_fast_place_source(context, owner, receiver, outgoing, message);
		return true;
	}
	if (capipc_room_fill(&receiver->request->room, u64_to_user_ptr(outgoing->source.data),
			     message->len))
		return true;
	spin_lock(&owner->ready_lock);
	capipc_receiver_unclaim_locked(receiver, owner);
	spin_unlock(&owner->ready_lock);
	return false;
}

/* The bytes are copied to where they are received, if a thread waits for them. */
static bool capipc_fast_send_placed(struct capipc_context *context,
				    struct capipc_endpoint *endpoint,
				    const struct capipc_outgoing *outgoing,
				    struct capipc_message *message)
{
	struct capipc_object *target;
	struct capipc_receiver *receiver;
	bool sent = false;

	capipc_object_lock(&endpoint->object);
	target = &capipc_endpoint_peer(endpoint)->object;
	if (!capipc_fast_may_send_locked(context, endpoint, outgoing, message->charge))
		goto out_unlock;
	receiver = capipc_fast_claim_locked(target, message);
	sent = receiver && capipc_fast_place_locked(context, target, receiver, outgoing, message);
	if (sent) {
		capipc_fast_sign_locked(message, endpoint, outgoing);
		capipc_send_announce_locked(context, endpoint, message);
		capipc_receiver_give_locked(receiver, target, message);
	} else {
		capipc_window_release_locked(capipc_endpoint(target), message->charge);
	}
out_unlock:
	capipc_object_unlock(&endpoint->object);
	return sent;
}

/* A message that is charged for. A refusal is not told: the general path will. */
static __always_inline struct capipc_message *
capipc_fast_message(struct capipc_context *context, u32 len, bool placed)
{
	struct capipc_account *account = context->account;
	size_t size = capipc_message_size(len, 0);
	struct capipc_message *message;

	if (capipc_account_try_charge(account, CAPIPC_BYTES, size))
		return NULL;
	message = capipc_message_make(context, len, placed, size);
	if (likely(message))
		message->account = account;
	else
		capipc_account_uncharge(account, CAPIPC_BYTES, size);
	return message;
}

static __always_inline bool capipc_fast_try(struct capipc_context *context,
					    struct capipc_endpoint *endpoint,
					    const struct capipc_outgoing *outgoing, bool placed)
{
	struct capipc_message *message;
	bool sent;

	message = capipc_fast_message(context, outgoing->data_len, placed);
	if (!message)
		return false;
	if (placed)
		sent = capipc_fast_send_placed(context, endpoint, outgoing, message);
	else
		sent = capipc_fast_send_whole(context, endpoint, outgoing, message);
	if (unlikely(!sent))
		capipc_message_recycle(message, context);
	else if (!outgoing->transaction)
		capipc_endpoint_put(endpoint);
	return sent;
}

/* Can it be copied right to where it is received? */
static __always_inline bool capipc_fast_may_place(struct capipc_endpoint *endpoint,
						  const struct capipc_outgoing *outgoing)
{
	/* A guess: what came before it, if anything did, was received into an area. */
	if (outgoing->data_len <= CAPIPC_PLACED_MIN ||
	    READ_ONCE(capipc_endpoint_peer(endpoint)->no_area))
		return false;
	/* With the lock of the pipe held, or, as long as its sender waits, without. */
	return outgoing->data_len <= CAPIPC_PLACED_MAX ||
	       (outgoing->source.memory && outgoing->transaction);
}

/**
 * capipc_fast_send - send a message that carries nothing
 * @context: the sender's
 * @endpoint: what it is sent through, with a reference, which is used up if it is sent
 * @outgoing: the message
 *
 * Return: whether it was sent. If not, nothing has happened.
 */
bool capipc_fast_send(struct capipc_context *context, struct capipc_endpoint *endpoint,
		      const struct capipc_outgoing *outgoing)
{
	if (!READ_ONCE(capipc_fast_path) || outgoing->attachments_count)
		return false;
	if (capipc_fast_may_place(endpoint, outgoing) &&
	    capipc_fast_try(context, endpoint, outgoing, true))
		return true;
	return outgoing->data_len <= CAPIPC_PLACED_MAX &&
	       capipc_fast_try(context, endpoint, outgoing, false);
}
