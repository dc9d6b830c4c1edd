// SPDX-License-Identifier: GPL-2.0
/*
 * Sending: see send.h.
 *
 *   reserve   under the lock of the pipe: is the peer there, do the rules allow
 *             it, is there room in the window? From here on the room is ours.
 *   build     charge, allocate, copy the bytes; take the attachments out of the
 *             table
 *   enqueue   under the lock of the pipe: are both ends still there, and do the
 *             rules still allow it?
 *
 * Whatever fails undoes what came before it.
 *
 * Step of the model (docs/model.md): enqueue.
 */
#include "audit.h"
#include "context.h"
#include "fast.h"
#include "ident.h"
#include "ioctl.h"
#include "listener.h"
#include "message.h"
#include "pipe.h"
#include "rule.h"
#include "send.h"
#include "table.h"
#include "trace.h"
#include "transaction.h"
#include "transfer.h"
#include "window.h"

/* A send on its way. */
struct capipc_sending {
	struct capipc_context *context;
	struct capipc_endpoint *endpoint;
	struct capipc_endpoint *target;
	struct capipc_ident *sender;
	bool sender_changed;
	size_t size;
	u32 handle;
	u32 ordinal;
	bool moving; /* there are attachments, so there is a reference to the target */
};

static int capipc_sending_check_locked(const struct capipc_sending *sending)
{
	return capipc_send_check_locked(sending->context, sending->endpoint, sending->handle);
}

/* What a sender waits for: room, or the news that there will be none. */
static bool capipc_send_goes_on(struct capipc_sending *sending)
{
	bool changed;

	capipc_object_lock(&sending->endpoint->object);
	changed = capipc_sending_check_locked(sending) ||
		  sending->target != capipc_endpoint_peer(sending->endpoint) ||
		  capipc_window_has_news_locked(sending->target, sending->size);
	capipc_object_unlock(&sending->endpoint->object);
	return changed;
}

static int capipc_reserve_locked(struct capipc_sending *sending)
{
	struct capipc_endpoint *endpoint = sending->endpoint;
	struct capipc_endpoint *target = capipc_endpoint_peer(endpoint);
	int ret = capipc_sending_check_locked(sending);

	if (ret)
		return ret;
	sending->target = target;
	if (!capipc_rule_allows_locked(endpoint, endpoint->ident, endpoint->ident_changed,
				       sending->ordinal))
		return -EACCES;
	ret = capipc_window_take_locked(target, sending->size);
	if (ret)
		return ret;
	sending->sender = capipc_ident_get(endpoint->ident);
	sending->sender_changed = endpoint->ident_changed;
	if (sending->moving)
		capipc_object_get(&target->object);
	return 0;
}

/* The room is where the peer is by now. */
static void capipc_unreserve(struct capipc_sending *sending)
{
	struct capipc_endpoint *endpoint = sending->endpoint;

	capipc_object_lock(&endpoint->object);
	capipc_window_release_locked(capipc_endpoint_peer(endpoint), sending->size);
	capipc_object_unlock(&endpoint->object);
}

/* Apart, so that it costs nothing where nothing is denied. */
static noinline void capipc_send_denied(const struct capipc_sending *sending)
{
	capipc_audit_send(sending->context, sending->endpoint, sending->ordinal);
}

/* One attempt. */
static int capipc_reserve_now(struct capipc_sending *sending, bool nowait)
{
	struct capipc_endpoint *endpoint = sending->endpoint;
	int ret;

	for (;;) {
		ret = capipc_endpoint_refresh_ident(endpoint, sending->context);
		if (ret)
			return ret;
		capipc_object_lock(&endpoint->object);
		if (likely(capipc_ident_is_current(endpoint->ident, sending->context)))
			break;
		/* Another thread has sent with other credentials. */
		capipc_object_unlock(&endpoint->object);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	ret = capipc_reserve_locked(sending);
	if (unlikely(ret == -EAGAIN) && nowait)
		endpoint->refused = endpoint->tell & CAPIPC_TAG_WRITABLE;
	capipc_object_unlock(&endpoint->object);
	return ret;
}

/* Woken, perhaps, instead of another one, and does not send. */
static void capipc_send_pass_on(struct capipc_sending *sending)
{
	struct capipc_endpoint *endpoint = sending->endpoint;

	capipc_object_lock(&endpoint->object);
	capipc_window_wake_locked(capipc_endpoint_peer(endpoint));
	capipc_object_unlock(&endpoint->object);
}

/* Wait where the last attempt found no room. */
static int capipc_send_wait(struct capipc_sending *sending, const struct capipc_deadline *deadline)
{
	wait_queue_head_t *window = &sending->target->window;
	struct capipc_window_waiter waiter;
	int ret, interrupted;

	capipc_window_waiter_init(&waiter, sending->size);
	do {
		interrupted = prepare_to_wait_event(window, &waiter.entry, TASK_INTERRUPTIBLE);
		if (capipc_send_goes_on(sending)) {
			ret = 0;
			break;
		}
		ret = interrupted ?: capipc_sleep(deadline);
	} while (!ret);
	finish_wait(window, &waiter.entry);
	return ret;
}

static int capipc_reserve(struct capipc_sending *sending, const struct capipc_deadline *deadline)
{
	bool expired = false;
	int ret;

	ret = capipc_reserve_now(sending, deadline->nowait);
	while (unlikely(ret == -EAGAIN) && !deadline->nowait) {
		if (expired)
			return -ETIMEDOUT;
		ret = capipc_send_wait(sending, deadline);
		expired = ret == -ETIMEDOUT;
		if (!ret || expired)
			ret = capipc_reserve_now(sending, false);
		if (ret)
			capipc_send_pass_on(sending);
	}
	return ret;
}

/*
 * The peer was fused since room was reserved: somebody else will receive it. What
 * is carried has to be looked at again, and who connected may be another one.
 */
static noinline int capipc_retarget_locked(struct capipc_sending *sending,
					   struct capipc_message *message)
{
	struct capipc_endpoint *endpoint = sending->endpoint;
	struct capipc_endpoint *target = capipc_endpoint_peer(endpoint);
	u32 i;

	lockdep_assert_held(endpoint->object.lock);
	for (i = 0; i < message->moved_count; i++) {
		const struct capipc_handle *what = &message->moved[i].what;

		if (capipc_handle_is_object(what) &&
		    (what->object == &endpoint->object || what->object == &target->object))
			return -ELOOP;
	}
	sending->sender_changed = endpoint->origin &&
				  !capipc_ident_same(endpoint->origin, sending->sender);
	message->sender_changed = sending->sender_changed;
	if (message->transaction) {
		message->transaction->target = target;
		message->transaction->sender_changed = sending->sender_changed;
	}
	return 0;
}

/* No thread waits for it. */
void capipc_send_queue_locked(struct capipc_endpoint *endpoint, struct capipc_message *message)
{
	if (message->transaction)
		message->transaction->request = message;
	capipc_object_queue_locked(&capipc_endpoint_peer(endpoint)->object, message);
}

/* Let a thread that waits have it, or queue it. */
void capipc_send_post_locked(const struct capipc_context *context,
			     struct capipc_endpoint *endpoint, struct capipc_message *message)
{
	capipc_send_announce_locked(context, endpoint, message);
	if (!capipc_fast_give_locked(&capipc_endpoint_peer(endpoint)->object, message))
		capipc_send_queue_locked(endpoint, message);
}

static int capipc_enqueue(struct capipc_sending *sending, struct capipc_message *message)
{
	struct capipc_object *object = &sending->endpoint->object;
	struct capipc_object *target;
	int ret;

	capipc_object_lock(object);
	target = &capipc_endpoint_peer(sending->endpoint)->object;
	ret = capipc_sending_check_locked(sending);
	if (unlikely(!ret && target != &sending->target->object))
		ret = capipc_retarget_locked(sending, message);
	/* Rules may have been set, or the holder have changed, since we looked. */
	if (!ret && !capipc_rule_allows_locked(sending->endpoint, sending->sender,
					       sending->sender_changed, sending->ordinal))
		ret = -EACCES;
	if (!ret)
		capipc_send_post_locked(sending->context, sending->endpoint, message);
	capipc_object_unlock(object);
	return ret;
}

/* Apart, so that a message that carries nothing needs no stack for it. */
static noinline int capipc_enqueue_moving(struct capipc_sending *sending,
					  struct capipc_message *message,
					  const struct capipc_outgoing *outgoing)
{
	struct capipc_context *context = sending->context;
	struct capipc_transfer transfer;
	int ret;

	ret = capipc_transfer_begin(&transfer, context, message, outgoing->attachments,
				    outgoing->attachments_count, &sending->target->object, NULL);
	if (ret)
		return ret;
	/* What was charged for the handles is charged for the message from now on. */
	message->handles = capipc_message_slots(message);
	ret = capipc_enqueue(sending, message);
	if (ret) {
		message->handles = 0;
		capipc_transfer_abort(&transfer, context, message);
		return ret;
	}
	capipc_transfer_finish(&transfer, context, false);
	return 0;
}

static int capipc_build_and_enqueue(struct capipc_sending *sending,
				    const struct capipc_outgoing *outgoing)
{
	struct capipc_context *context = sending->context;
	struct capipc_message *message;
	int ret;

	message = capipc_message_create(context, context->account, &outgoing->source,
					outgoing->data_len, outgoing->attachments_count);
	if (IS_ERR(message))
		return PTR_ERR(message);
	message->ordinal = outgoing->ordinal;
	message->sender = capipc_ident_get(sending->sender);
	message->sender_changed = sending->sender_changed;

	if (outgoing->transaction) {
		capipc_endpoint_get(sending->endpoint);
		capipc_send_bind(message, sending->endpoint, sending->target,
				 outgoing->transaction);
	}
	if (likely(!outgoing->attachments_count))
		ret = capipc_enqueue(sending, message);
	else
		ret = capipc_enqueue_moving(sending, message, outgoing);
	if (ret)
		capipc_message_free(message);
	return ret;
}

/**
 * capipc_send_general - send whatever it carries, and whatever stands in its way
 * @context: the sender's
 * @endpoint: what it is sent through, with a reference, which is used up
 * @outgoing: the message
 *
 * Return: 0 and it is queued, or an error and nothing has happened.
 */
int capipc_send_general(struct capipc_context *context, struct capipc_endpoint *endpoint,
			const struct capipc_outgoing *outgoing)
{
	struct capipc_sending sending = {
		.context = context,
		.endpoint = endpoint,
		.handle = outgoing->handle,
		.ordinal = outgoing->ordinal,
		.moving = outgoing->attachments_count,
		.size = capipc_message_size(outgoing->data_len, outgoing->attachments_count),
	};
	int ret;

	ret = capipc_reserve(&sending, &outgoing->deadline);
	if (!ret) {
		ret = capipc_build_and_enqueue(&sending, outgoing);
		if (ret)
			capipc_unreserve(&sending);
		if (sending.moving)
			capipc_object_put(&sending.target->object);
		capipc_ident_put(sending.sender);
	}
	if (ret == -EACCES)
		capipc_send_denied(&sending);
	capipc_endpoint_put(endpoint);
	return ret;
}

int capipc_ioctl_send(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_send *arg = &request->argument.send;
	struct capipc_outgoing outgoing = {
		.handle = arg->handle,
		.ordinal = arg->ordinal,
		.source.data = arg->data,
		.data_len = arg->data_len,
		.attachments = arg->attachments,
		.attachments_count = arg->attachments_count,
		.deadline = capipc_deadline(arg->deadline_ns, arg->flags, request->file),
	};
	int ret;

	if ((arg->flags & ~CAPIPC_NOWAIT) || arg->reserved)
		return -EINVAL;
	if (unlikely(arg->source)) {
		ret = capipc_source_open(&outgoing.source, context, arg->source, arg->data,
					 arg->data_len);
		if (ret)
			return ret;
	}
	ret = capipc_send(context, &outgoing);
	capipc_source_close(&outgoing.source);
	return ret;
}
