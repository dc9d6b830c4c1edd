/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sending: one path for messages and for the requests of calls.
 */
#ifndef CAPIPC_SEND_H
#define CAPIPC_SEND_H

#include "context.h"
#include "fast.h"
#include "ident.h"
#include "limits.h"
#include "main.h"
#include "message.h"
#include "pipe.h"
#include "table.h"
#include "trace.h"
#include "transaction.h"
#include "wait.h"

/**
 * struct capipc_outgoing - a message to be sent
 * @handle: the endpoint to send through
 * @ordinal: number of the method
 * @source: where the bytes are
 * @data_len: how many
 * @attachments: user pointer to struct capipc_attachment
 * @attachments_count: how many
 * @deadline: how long to wait for room in the window
 * @transaction: the call that it is the request of, or NULL
 */
struct capipc_outgoing {
	u32 handle;
	u32 ordinal;
	struct capipc_source source;
	u64 attachments;
	u32 data_len;
	u32 attachments_count;
	struct capipc_deadline deadline;
	struct capipc_transaction *transaction;
};

/* Is the endpoint still the sender's, and may its peer still receive? */
static inline int capipc_send_check_locked(const struct capipc_context *context,
					   struct capipc_endpoint *endpoint, u32 handle)
{
	const struct capipc_object *object = &endpoint->object;

	lockdep_assert_held(object->lock);
	if (unlikely(object->owner != context || object->handle != handle))
		return capipc_object_is_away(object) ? -EBUSY : -EBADF;
	return capipc_peer_closed_locked(endpoint) ? -EPIPE : 0;
}

/*
 * Let the message know its call, and the call who made it, and through what, to whom; a
 * reference to that endpoint is the call's from now on. Nobody else knows of either yet.
 */
static inline void capipc_send_bind(struct capipc_message *message,
				    struct capipc_endpoint *endpoint,
				    struct capipc_endpoint *target,
				    struct capipc_transaction *transaction)
{
	message->type = CAPIPC_RECEIVED_CALL;
	refcount_set(&transaction->refs, 2);
	message->transaction = transaction;
	transaction->sender = capipc_ident_get(message->sender);
	transaction->sender_changed = message->sender_changed;
	transaction->endpoint = endpoint;
	transaction->target = target;
}

void capipc_send_queue_locked(struct capipc_endpoint *endpoint, struct capipc_message *message);
/* Nothing can fail any more: it is sent. */
static inline void capipc_send_announce_locked(const struct capipc_context *context,
					       struct capipc_endpoint *endpoint,
					       struct capipc_message *message)
{
	u32 n;

	lockdep_assert_held(endpoint->object.lock);
	if (trace_capipc_send_enabled()) {
		for (n = 0; n < message->count; n++)
			trace_capipc_send(context, endpoint, message, n);
	}
	if (message->transaction)
		list_add_tail(&message->transaction->link,
			      &capipc_endpoint_peer(endpoint)->calls);
}

void capipc_send_post_locked(const struct capipc_context *context,
			     struct capipc_endpoint *endpoint, struct capipc_message *message);
int __must_check capipc_send_general(struct capipc_context *context,
				     struct capipc_endpoint *endpoint,
				     const struct capipc_outgoing *outgoing);

/**
 * capipc_send - send a message
 * @context: the sender's
 * @outgoing: the message
 *
 * Return: 0 and it is queued, or an error and nothing has happened.
 */
static inline int __must_check capipc_send(struct capipc_context *context,
					   const struct capipc_outgoing *outgoing)
{
	struct capipc_endpoint *endpoint;

	if (outgoing->attachments_count > CAPIPC_ATTACHMENTS_MAX)
		return -EINVAL;
	if (outgoing->data_len > CAPIPC_MESSAGE_MAX ||
	    capipc_message_size(outgoing->data_len, outgoing->attachments_count) >
		    READ_ONCE(capipc_window_bytes))
		return -EMSGSIZE;
	endpoint = capipc_table_get_endpoint(&context->table, outgoing->handle,
					     CAPIPC_RIGHT_WRITE);
	if (IS_ERR(endpoint))
		return PTR_ERR(endpoint);
	if (likely(capipc_fast_send(context, endpoint, outgoing)))
		return 0;
	return capipc_send_general(context, endpoint, outgoing);
}

int capipc_ioctl_send(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_SEND_H */
