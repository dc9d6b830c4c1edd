// SPDX-License-Identifier: GPL-2.0
/*
 * The fast path: see fast.h.
 */
#include "context.h"
#include "copy.h"
#include "fast.h"
#include "ident.h"
#include "limits.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "receiver.h"
#include "rule.h"
#include "send.h"
#include "window.h"

/* May it be sent, and is there room? If so, room has been taken. */
static bool capipc_fast_may_send_locked(struct capipc_context *context,
					struct capipc_endpoint *endpoint,
					const struct capipc_outgoing *outgoing, size_t size)
{
	return !capipc_send_check_locked(context, endpoint, outgoing->handle) &&
	       capipc_ident_is_current(endpoint->ident, context) &&
	       capipc_rule_allows_locked(endpoint, endpoint->ident, endpoint->ident_changed,
					 outgoing->ordinal) &&
	       !capipc_window_take_locked(capipc_endpoint_peer(endpoint), size);
}

/**
 * capipc_fast_send - send a short message that carries nothing
 * @context: the sender's
 * @endpoint: what it is sent through; the caller has a reference
 * @outgoing: the message
 *
 * The bytes are copied before anything is looked at, so one section under the lock of the
 * pipe is enough.
 *
 * Return: whether it was sent. If not, nothing has happened.
 */
bool capipc_fast_send(struct capipc_context *context, struct capipc_endpoint *endpoint,
		      const struct capipc_outgoing *outgoing)
{
	size_t size = capipc_message_size(outgoing->data_len, 0);
	struct capipc_message *message;
	bool sent;

	if (!READ_ONCE(capipc_fast_path) || outgoing->attachments_count ||
	    outgoing->data_len > CAPIPC_MESSAGE_SMALL)
		return false;
	message = capipc_message_create(context, context->account, outgoing->data,
					outgoing->data_len, 0);
	if (IS_ERR(message))
		return false;
	message->ordinal = outgoing->ordinal;

	capipc_object_lock(&endpoint->object);
	sent = capipc_fast_may_send_locked(context, endpoint, outgoing, size);
	if (likely(sent)) {
		message->sender = capipc_ident_get(endpoint->ident);
		message->sender_changed = endpoint->ident_changed;
		if (outgoing->transaction)
			capipc_send_bind(message, endpoint, capipc_endpoint_peer(endpoint),
					 outgoing->transaction);
		capipc_send_post_locked(context, endpoint, message);
	}
	capipc_object_unlock(&endpoint->object);
	if (unlikely(!sent))
		capipc_message_recycle(message, context);
	return sent;
}

/* Is a message that is sent to it now the next one that its holder receives from it? */
static bool capipc_fast_is_next_locked(struct capipc_object *object)
{
	lockdep_assert_held(object->lock);
	return object->owner && !object->queued && !object->receiving && !object->embryo &&
	       (object->rights & CAPIPC_RIGHT_READ) && !capipc_endpoint(object)->news;
}

/**
 * capipc_fast_give_locked - let a thread have a message without queuing it
 * @object: the endpoint that it is sent to
 * @message: the message, in no queue; the thread's if this succeeds
 *
 * For a thread that waits, with room enough, while nothing is ready that would be
 * received before it. It is left to that thread to see to the rest, and to put it into the
 * queue if it cannot be delivered: it is where a thread is that has begun to receive.
 *
 * Return: whether there was such a thread.
 */
bool capipc_fast_give_locked(struct capipc_object *object, struct capipc_message *message)
{
	struct capipc_context *owner = object->owner;
	struct capipc_receiver *receiver;

	if (!READ_ONCE(capipc_fast_path) || !capipc_fast_is_next_locked(object))
		return false;
	spin_lock(&owner->ready_lock);
	receiver = list_first_entry_or_null(&owner->receivers, struct capipc_receiver, link);
	if (receiver &&
	    (!capipc_ready_is_empty(&owner->ready) ||
	     message->len > receiver->data_capacity ||
	     message->moved_count > receiver->attachments_capacity))
		receiver = NULL;
	if (receiver) {
		capipc_endpoint_get(capipc_endpoint(object));
		receiver->object = object;
		receiver->message = message;
		receiver->from = object->handle;
		receiver->facet = capipc_endpoint(object)->facet;
		receiver->cookie = object->cookie;
		object->receiving = true;
		capipc_receiver_call(receiver);
	}
	spin_unlock(&owner->ready_lock);
	return receiver;
}
