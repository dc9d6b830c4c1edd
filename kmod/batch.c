// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: see batch.h.
 */
#include <linux/uaccess.h>

#include "batch.h"
#include "bundle.h"
#include "collect.h"
#include "context.h"
#include "copy.h"
#include "data_pipe.h"
#include "ident.h"
#include "ioctl.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "receive.h"
#include "rule.h"
#include "send.h"
#include "table.h"
#include "trace.h"
#include "transaction.h"
#include "wait.h"
#include "window.h"

/* ---------------------------------------------------------------------- sending */

/*
 * How many of a bundle may be sent, and have room, which has been taken then? What stands
 * in the way of the first is found out by the general path.
 */
static u32 capipc_batch_admit_locked(struct capipc_context *context,
				     struct capipc_endpoint *endpoint, u32 handle,
				     const struct capipc_message *message)
{
	const struct capipc_batched *next = capipc_bundle(message)->next;
	u32 n = 0, ordinal;

	if (capipc_send_check_locked(context, endpoint, handle) ||
	    !capipc_ident_is_current(endpoint->ident, context))
		return 0;
	do {
		ordinal = next[n].ordinal;
		if (!capipc_rule_allows_locked(endpoint, endpoint->ident, endpoint->ident_changed,
					       ordinal))
			break;
		do {
			n++;
		} while (n < message->count && next[n].ordinal == ordinal);
	} while (n < message->count);
	return capipc_window_take_batch_locked(capipc_endpoint_peer(endpoint), next, n,
					       capipc_message_bytes_of(message, n));
}

/* Send as much of a bundle as can be sent. It is not the caller's any more unless that is 0. */
static u32 capipc_batch_post(struct capipc_context *context, struct capipc_endpoint *endpoint,
			     u32 handle, struct capipc_message *message)
{
	u32 count;

	capipc_object_lock(&endpoint->object);
	count = capipc_batch_admit_locked(context, endpoint, handle, message);
	if (count) {
		if (unlikely(count < message->count))
			capipc_bundle_truncate(message, count);
		message->sender = capipc_ident_get(endpoint->ident);
		message->sender_changed = endpoint->ident_changed;
		capipc_send_post_locked(context, endpoint, message);
	}
	capipc_object_unlock(&endpoint->object);
	return count;
}

/* Send the first as any other message; the deadline is for this one. */
static int capipc_batch_send_first(struct capipc_context *context,
				   const struct capipc_send_batch *arg,
				   const struct capipc_deadline *deadline,
				   const struct capipc_batched *first)
{
	struct capipc_outgoing outgoing = {
		.handle = arg->handle,
		.ordinal = first->ordinal,
		.source.data = arg->data,
		.data_len = first->data_len,
		.deadline = *deadline,
	};

	return capipc_send(context, &outgoing);
}

/* Returns how many were sent, or why not even the first was. */
static int capipc_batch_send(struct capipc_context *context, struct capipc_endpoint *endpoint,
			     const struct capipc_send_batch *arg,
			     const struct capipc_deadline *deadline,
			     const struct capipc_batched *messages)
{
	struct capipc_message *message;
	int ret;
	u32 n;

	message = arg->count > 1 ?
		capipc_bundle_create(context->account, messages, arg->count, arg->data,
				     arg->data_len) : NULL;
	if (IS_ERR(message)) {
		if (PTR_ERR(message) == -EFAULT)
			return -EFAULT;
		/* There may be enough left for one; who sends that tells if there is not. */
		message = NULL;
	}
	n = message ? capipc_batch_post(context, endpoint, arg->handle, message) : 0;
	if (likely(n))
		return n;
	ret = capipc_batch_send_first(context, arg, deadline, messages);
	if (ret || !message)
		goto out_free;
	/* Whatever was in the way of the first one need not be any more. */
	capipc_bundle_advance(message, 1);
	n = capipc_batch_post(context, endpoint, arg->handle, message);
	if (n)
		return n + 1;
out_free:
	if (message)
		capipc_message_free(message);
	return ret ?: 1;
}

/* Copy in what the messages are, and see that their bytes are as many as there are. */
static int capipc_batch_copy(const struct capipc_send_batch *arg, struct capipc_batched *messages)
{
	u64 sum = 0;
	u32 i;

	if (capipc_copy_in(messages, u64_to_user_ptr(arg->messages),
			   arg->count * sizeof(*messages)))
		return -EFAULT;
	/* No more than CAPIPC_BATCH_MAX of 32 bits. */
	for (i = 0; i < arg->count; i++)
		sum += messages[i].data_len;
	return sum == arg->data_len ? 0 : -EINVAL;
}

int capipc_ioctl_send_batch(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_send_batch *arg = &request->argument.send_batch;
	struct capipc_send_batch __user *user = request->user;
	struct capipc_deadline deadline = capipc_deadline(arg->deadline_ns, arg->flags,
							  request->file);
	struct capipc_batched messages[CAPIPC_BATCH_MAX];
	struct capipc_endpoint *endpoint;
	int ret;

	if ((arg->flags & ~CAPIPC_NOWAIT) || !arg->count || arg->count > CAPIPC_BATCH_MAX)
		return -EINVAL;
	if (arg->data_len > CAPIPC_MESSAGE_MAX)
		return -EMSGSIZE;
	ret = capipc_batch_copy(arg, messages);
	if (ret)
		return ret;
	/* What cannot be undone comes last: see that the answer can be written. */
	if (put_user(0, &user->sent))
		return -EFAULT;
	endpoint = capipc_table_get_endpoint(&context->table, arg->handle, CAPIPC_RIGHT_WRITE);
	if (IS_ERR(endpoint))
		return PTR_ERR(endpoint);
	ret = capipc_batch_send(context, endpoint, arg, &deadline, messages);
	capipc_endpoint_put(endpoint);
	if (ret < 0)
		return ret;
	/* They are sent: whoever unmaps the struct meanwhile does not learn how many. */
	return put_user(ret, &user->sent) ? -EFAULT : 0;
}

/* -------------------------------------------------------------------- receiving */

/**
 * struct capipc_taken - messages that are being received; on the stack of their receiver
 * @messages: out of the queue, by capipc_message.link
 * @last: how many of the last of them are received, which may be a bundle: what is
 *        left of it has no room
 */
struct capipc_taken {
	struct list_head messages;
	u32 last;
};

/* A plain message, or several? */
static bool capipc_batch_is_plain(const struct capipc_message *message)
{
	return message->type == CAPIPC_RECEIVED_MESSAGE && !message->moved_count;
}

/* What comes next and is none: it stays. */
static u32 capipc_batch_other_locked(struct capipc_object *object,
				     const struct capipc_message *message)
{
	if (message)
		return message->type;
	if (capipc_kind_is_data_end(object->kind))
		return capipc_data_end_next_news_locked(capipc_data_end(object));
	if (object->kind == CAPIPC_KIND_ENDPOINT)
		return capipc_endpoint_next_news_locked(capipc_endpoint(object));
	return CAPIPC_RECEIVED_PEER_CLOSED;
}

/* How many of a message, from its first on, have room, and count them. */
static u32 capipc_batch_fit(struct capipc_receive_batch *arg,
			    const struct capipc_message *message)
{
	u32 count = min3(arg->count_capacity, CAPIPC_BATCH_MAX, arg->count + message->count) -
		arg->count;
	u32 len = capipc_message_bytes_of(message, count);

	while (unlikely(count && len > arg->data_capacity - arg->data_len))
		len -= capipc_message_nth(message, --count).data_len;
	arg->count += count;
	arg->data_len += len;
	return count;
}

/* Take what has room off the queue, as long as it is plain and from one sender. */
static void capipc_batch_take_locked(struct capipc_object *object,
				     struct capipc_receive_batch *arg, struct capipc_taken *taken)
{
	const struct capipc_message *first = NULL;
	struct capipc_message *message, *next;
	u32 n;

	list_for_each_entry_safe(message, next, &object->queue, link) {
		if (!capipc_batch_is_plain(message))
			break;
		if (first && (message->sender != first->sender ||
			      message->sender_changed != first->sender_changed))
			break;
		n = capipc_batch_fit(arg, message);
		if (!n)
			break;
		first = first ?: message;
		taken->last = n;
		capipc_object_unqueue_locked(object, message);
		list_add_tail(&message->link, &taken->messages);
		capipc_endpoint(object)->in_hand += message->count;
		if (n < message->count)
			break;
	}
}

/*
 * Begin to receive from an object. Nothing is taken if something else comes next.
 * -EAGAIN: somebody else was faster. -EMSGSIZE: the first does not fit, and stays.
 */
static int capipc_batch_begin(struct capipc_context *context, struct capipc_object *object,
			      struct capipc_receive_batch *arg, struct capipc_taken *taken)
{
	const struct capipc_message *message;
	int ret = 0;

	capipc_object_lock(object);
	if (object->owner != context || !capipc_object_receivable_locked(object)) {
		ret = -EAGAIN;
		goto out_unlock;
	}
	arg->from = object->handle;
	arg->cookie = object->cookie;
	message = capipc_receive_next_locked(object);
	if (!message || !capipc_batch_is_plain(message)) {
		arg->type = capipc_batch_other_locked(object, message);
		goto out_unlock;
	}
	arg->type = CAPIPC_RECEIVED_MESSAGE;
	if (message->len > arg->data_capacity) {
		arg->data_len = message->len;
		object->stands_back = true;
		ret = -EMSGSIZE;
		goto out_unlock;
	}
	arg->facet = capipc_endpoint(object)->facet;
	capipc_batch_take_locked(object, arg, taken);
	object->receiving = true;
out_unlock:
	capipc_object_update_ready_locked(object);
	capipc_object_unlock(object);
	return ret;
}

/* How many of a message that was taken are received. */
static u32 capipc_taken_count(const struct capipc_taken *taken,
			      const struct capipc_message *message)
{
	return list_is_last(&message->link, &taken->messages) ? taken->last : message->count;
}

/* Copy out what one message is, or several are; their bytes begin at @data. Returns how many. */
static int capipc_batch_copy_one(const struct capipc_message *message, u32 count,
				 struct capipc_batched __user *messages, void __user *data,
				 u32 *len)
{
	const struct capipc_batched plain = {
		.ordinal = message->ordinal,
		.data_len = message->len,
	};
	const struct capipc_batched *what = message->bundle ? capipc_bundle(message)->next : &plain;

	*len = capipc_message_bytes_of(message, count);
	if (capipc_copy_out(messages, what, count * sizeof(*what)))
		return -EFAULT;
	return capipc_copy_out(data, capipc_message_bytes(message), *len);
}

static int capipc_batch_deliver(struct capipc_request *request, const struct capipc_taken *taken)
{
	struct capipc_receive_batch *arg = &request->argument.receive_batch;
	struct capipc_batched __user *messages = u64_to_user_ptr(arg->messages);
	const struct capipc_message *message;
	u64 data = arg->data;
	u32 count, len;
	int ret;

	message = list_first_entry(&taken->messages, struct capipc_message, link);
	capipc_ident_stamp(message->sender, message->sender_changed, &arg->stamp);
	list_for_each_entry(message, &taken->messages, link) {
		count = capipc_taken_count(taken, message);
		ret = capipc_batch_copy_one(message, count, messages, u64_to_user_ptr(data), &len);
		if (ret)
			return ret;
		messages += count;
		data += len;
	}
	return capipc_request_respond_as(request, struct capipc_receive_batch, type);
}

/* They could not be delivered: as if nothing had happened. */
static void capipc_batch_abort(struct capipc_object *object, struct capipc_taken *taken)
{
	struct capipc_message *message, *before;
	LIST_HEAD(garbage);
	bool suspect;

	capipc_object_lock(object);
	object->receiving = false;
	object->stands_back = true;
	capipc_endpoint(object)->in_hand = 0;
	list_for_each_entry_safe_reverse(message, before, &taken->messages, link) {
		list_del(&message->link);
		capipc_receive_put_back_locked(object, message, &garbage);
	}
	capipc_object_update_ready_locked(object);
	suspect = object->place == CAPIPC_PLACE_IN_FLIGHT;
	capipc_object_unlock(object);
	capipc_garbage_run(&garbage);
	if (unlikely(suspect))
		capipc_collect_suspect(object);
}

static void capipc_batch_finish(struct capipc_context *context, struct capipc_object *object,
				struct capipc_taken *taken,
				const struct capipc_receive_batch *arg)
{
	struct capipc_endpoint *endpoint = capipc_endpoint(object);
	struct capipc_message *message, *next;
	struct capipc_ident *last;
	LIST_HEAD(garbage);
	bool suspect;

	message = list_last_entry(&taken->messages, struct capipc_message, link);
	capipc_object_lock(object);
	object->receiving = false;
	endpoint->in_hand = 0;
	capipc_window_release_batch_locked(endpoint,
					   capipc_messages_size(arg->count, arg->data_len),
					   arg->count);
	WRITE_ONCE(endpoint->no_area, true);
	last = endpoint->last;
	endpoint->last = capipc_ident_get(message->sender);
	if (taken->last < message->count) {
		list_del(&message->link);
		capipc_bundle_advance(message, taken->last);
		capipc_receive_put_back_locked(object, message, &garbage);
	}
	capipc_object_update_ready_locked(object);
	suspect = object->place == CAPIPC_PLACE_IN_FLIGHT;
	capipc_object_unlock(object);
	capipc_ident_put(last);
	list_for_each_entry_safe(message, next, &taken->messages, link)
		capipc_message_recycle(message, context);
	capipc_garbage_run(&garbage);
	if (unlikely(suspect))
		capipc_collect_suspect(object);
}

/* Each of them is told, as if it had been received by itself. */
static noinline void capipc_batch_trace(const struct capipc_context *context,
					struct capipc_object *object,
					const struct capipc_receive_batch *arg,
					const struct capipc_taken *taken)
{
	struct capipc_receive told = { .type = arg->type, .from = arg->from };
	const struct capipc_message *message;
	u32 n;

	list_for_each_entry(message, &taken->messages, link) {
		for (n = 0; n < capipc_taken_count(taken, message); n++) {
			told.ordinal = capipc_message_nth(message, n).ordinal;
			told.data_len = capipc_message_nth(message, n).data_len;
			trace_capipc_receive(context, object, &told);
		}
	}
}

/* Everything that is out, as if nothing had been received. */
static void capipc_batch_clear(struct capipc_receive_batch *arg)
{
	arg->type = CAPIPC_RECEIVED_NONE;
	arg->from = 0;
	arg->count = 0;
	arg->data_len = 0;
	arg->facet = 0;
	arg->cookie = 0;
	memset(&arg->stamp, 0, sizeof(arg->stamp));
}

/* The first does not fit: where it came from and what it needs is told all the same. */
static int capipc_batch_refuse(struct capipc_request *request)
{
	request->argument.receive_batch.cookie = 0;
	return capipc_request_respond(request) ?: -EMSGSIZE;
}

/**
 * capipc_batch_receive_from - try to receive from one object
 * @context: who receives
 * @request: a %CAPIPC_IOC_RECEIVE_BATCH
 * @object: what from; the caller has a reference
 *
 * Return: 0, -EAGAIN (there is nothing), -EMSGSIZE, -EFAULT.
 */
int capipc_batch_receive_from(struct capipc_context *context, struct capipc_request *request,
			      struct capipc_object *object)
{
	struct capipc_receive_batch *arg = &request->argument.receive_batch;
	struct capipc_taken taken = { .messages = LIST_HEAD_INIT(taken.messages) };
	int ret;

	capipc_batch_clear(arg);
	ret = capipc_batch_begin(context, object, arg, &taken);
	if (ret == -EMSGSIZE)
		return capipc_batch_refuse(request);
	if (ret)
		return ret;
	if (!arg->count)
		return capipc_request_respond(request);
	ret = capipc_batch_deliver(request, &taken);
	if (ret) {
		capipc_batch_abort(object, &taken);
		return ret;
	}
	if (trace_capipc_receive_enabled())
		capipc_batch_trace(context, object, arg, &taken);
	capipc_batch_finish(context, object, &taken, arg);
	return 0;
}

int capipc_ioctl_receive_batch(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_receive_batch *arg = &request->argument.receive_batch;
	struct capipc_deadline deadline = capipc_deadline(arg->deadline_ns, arg->flags,
							  request->file);

	if ((arg->flags & ~CAPIPC_NOWAIT) || !arg->count_capacity)
		return -EINVAL;
	capipc_context_note_cred(context);
	request->batch = true;
	return capipc_receive(context, request, arg->handle, &deadline);
}
