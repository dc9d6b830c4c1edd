// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving: the next message of all that a context holds.
 *
 * A receiver takes an object off the ready queue and its first message off the
 * queue, and marks the object as being received from, so that nobody can
 * overtake it. With no lock held it gives the attachments handles and copies to
 * user space. Then it either finishes, or puts the message back to where it was.
 *
 * Steps of the model (docs/model.md): receive, deliver, receive_finish.
 */
#include <linux/uaccess.h>

#include "audit.h"
#include "batch.h"
#include "bundle.h"
#include "call.h"
#include "collect.h"
#include "confinement.h"
#include "context.h"
#include "copy.h"
#include "data_pipe.h"
#include "ident.h"
#include "ioctl.h"
#include "listener.h"
#include "loan.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "receive.h"
#include "receiver.h"
#include "table.h"
#include "trace.h"
#include "transaction.h"
#include "transfer.h"
#include "wait.h"
#include "window.h"

/*
 * Take the object whose turn it is, with a reference. If there is none, @receiver waits
 * from now on, unless it is NULL.
 */
static struct capipc_object *capipc_receive_pick(struct capipc_context *context,
						 const struct capipc_request *request,
						 struct capipc_receiver *receiver)
{
	struct capipc_object *object;

	spin_lock(&context->ready_lock);
	object = capipc_ready_take(&context->ready);
	/* Being there means being held, so there is a reference to take. */
	if (object)
		capipc_object_get(object);
	else if (receiver)
		capipc_receiver_enter_locked(receiver, context, request);
	spin_unlock(&context->ready_lock);
	return object;
}

static u32 capipc_receive_news_locked(struct capipc_object *object)
{
	if (capipc_kind_is_data_end(object->kind))
		return capipc_data_end_take_news_locked(capipc_data_end(object));
	if (object->kind == CAPIPC_KIND_ENDPOINT)
		return capipc_endpoint_take_news_locked(capipc_endpoint(object));
	return CAPIPC_RECEIVED_PEER_CLOSED;
}

/* What comes next: NULL for news. */
struct capipc_message *capipc_receive_next_locked(struct capipc_object *object)
{
	if (object->kind == CAPIPC_KIND_ENDPOINT && unlikely(capipc_endpoint(object)->news))
		return NULL;
	return list_first_entry_or_null(&object->queue, struct capipc_message, link);
}

/*
 * Begin to receive from an object: take its first message, or NULL for news, that
 * the peer is closed or has signalled. -EAGAIN: somebody else was faster. -EMSGSIZE: it does
 * not fit, and stays.
 */
static int capipc_receive_begin(struct capipc_context *context, struct capipc_object *object,
				struct capipc_receive *arg, struct capipc_message **out)
{
	struct capipc_message *message;
	int ret = 0;

	capipc_object_lock(object);
	if (object->owner != context || !capipc_object_receivable_locked(object)) {
		ret = -EAGAIN;
		goto out_unlock;
	}
	arg->from = object->handle;
	arg->cookie = object->cookie;
	arg->facet = object->kind == CAPIPC_KIND_ENDPOINT ? capipc_endpoint(object)->facet : 0;
	message = capipc_receive_next_locked(object);
	if (message) {
		u32 count = capipc_message_attachments(message);

		arg->type = message->type;
		arg->data_len = message->len;
		arg->attachments_count = count;
		if (message->len > arg->data_capacity || count > arg->attachments_capacity) {
			object->stands_back = true;
			ret = -EMSGSIZE;
			goto out_unlock;
		}
		arg->ordinal = message->ordinal;
		capipc_object_unqueue_locked(object, message);
		if (object->kind == CAPIPC_KIND_ENDPOINT)
			capipc_endpoint(object)->in_hand = message->count;
		if (message->transaction)
			message->transaction->request = NULL;
	} else {
		arg->type = capipc_receive_news_locked(object);
	}
	object->receiving = true;
	*out = message;
out_unlock:
	/* Off the ready queue as long as it is received from, else back on it. */
	if (ret || !list_empty_careful(&object->ready))
		capipc_object_update_ready_locked(object);
	capipc_object_unlock(object);
	return ret;
}

static void capipc_receive_return_news_locked(struct capipc_object *object, u32 type)
{
	if (type == CAPIPC_RECEIVED_PEER_CLOSED || object->place == CAPIPC_PLACE_CLOSED)
		return;
	if (capipc_kind_is_data_end(object->kind))
		capipc_data_end(object)->signalled = true;
	else if (object->kind == CAPIPC_KIND_ENDPOINT && object->place == CAPIPC_PLACE_HELD)
		capipc_endpoint_news_locked(capipc_endpoint(object),
					    type == CAPIPC_RECEIVED_WRITABLE ?
					    CAPIPC_TAG_WRITABLE : CAPIPC_TAG_PEER_CHANGED);
}

/* Back to where it was, the head of the queue, unless nobody will receive it any more. */
void capipc_receive_put_back_locked(struct capipc_object *object, struct capipc_message *message,
				    struct list_head *garbage)
{
	lockdep_assert_held(object->lock);
	if (object->place == CAPIPC_PLACE_CLOSED ||
	    (object->kind == CAPIPC_KIND_ENDPOINT &&
	     capipc_endpoint_pipe(capipc_endpoint(object))->cut)) {
		list_add(&message->link, garbage);
		return;
	}
	capipc_object_requeue_locked(object, message);
	if (message->transaction)
		message->transaction->request = message;
}

/* It could not be delivered: as if nothing had happened. */
static void capipc_receive_abort(struct capipc_object *object, struct capipc_message *message,
				 u32 type)
{
	LIST_HEAD(garbage);
	bool suspect;

	capipc_object_lock(object);
	object->receiving = false;
	object->stands_back = true;
	if (object->kind == CAPIPC_KIND_ENDPOINT)
		capipc_endpoint(object)->in_hand = 0;
	if (message)
		capipc_receive_put_back_locked(object, message, &garbage);
	else
		capipc_receive_return_news_locked(object, type);
	capipc_object_update_ready_locked(object);
	suspect = object->place == CAPIPC_PLACE_IN_FLIGHT;
	capipc_object_unlock(object);
	capipc_garbage_run(&garbage);
	/* What is received from is not part of a ring; now it may be. */
	if (unlikely(suspect))
		capipc_collect_suspect(object);
}

/* What is left of a bundle is next. */
static noinline void capipc_receive_rest_locked(struct capipc_endpoint *endpoint,
						struct capipc_message *message,
						struct list_head *garbage)
{
	endpoint->last = capipc_ident_get(message->sender);
	capipc_bundle_advance(message, 1);
	capipc_receive_put_back_locked(&endpoint->object, message, garbage);
}

/* Returns whether all of the message has been received. */
static bool capipc_receive_finish(struct capipc_context *context, struct capipc_object *object,
				  struct capipc_message *message,
				  const struct capipc_receive *arg)
{
	struct capipc_endpoint *endpoint = NULL;
	struct capipc_ident *last = NULL;
	bool suspect, whole = true, told = true;
	struct capipc_handle closed;
	LIST_HEAD(garbage);

	if (object->kind == CAPIPC_KIND_ENDPOINT)
		endpoint = capipc_endpoint(object);
	closed.kind = CAPIPC_KIND_NONE;
	if (arg->type == CAPIPC_RECEIVED_PEER_CLOSED && arg->flags & CAPIPC_RECEIVE_CLOSE)
		told = !capipc_table_remove(&context->table, arg->from, &closed);
	capipc_object_lock(object);
	object->receiving = false;
	if (endpoint)
		endpoint->in_hand = 0;
	if (arg->type == CAPIPC_RECEIVED_PEER_CLOSED) {
		/*
		 * Unless it has moved: its new holder is to be told as well. Or could not be
		 * closed, because a thread is moving it: if it stays, it is told again.
		 */
		if (told && object->owner == context && object->handle == arg->from)
			object->peer_closed_told = true;
		capipc_object_wake_locked(object);
	} else if (message && endpoint) {
		capipc_window_release_locked(endpoint, capipc_message_room(message));
		WRITE_ONCE(endpoint->no_area, !arg->area);
		/* Who sent last can be asked for; the message's reference moves. */
		last = endpoint->last;
		whole = message->count == 1;
		if (likely(whole)) {
			endpoint->last = message->sender;
			message->sender = NULL;
		} else {
			capipc_receive_rest_locked(endpoint, message, &garbage);
		}
	} else if (object->kind == CAPIPC_KIND_INVITATION) {
		/* Whoever else waits for it waits in vain. */
		capipc_object_wake_locked(object);
	}
	if (!endpoint || !capipc_endpoint_is_quiet_locked(endpoint))
		capipc_object_update_ready_locked(object);
	suspect = object->place == CAPIPC_PLACE_IN_FLIGHT;
	capipc_object_unlock(object);
	capipc_ident_put(last);
	if (unlikely(!whole))
		capipc_garbage_run(&garbage);
	if (unlikely(suspect))
		capipc_collect_suspect(object);
	if (closed.kind) {
		capipc_handle_close(&closed, true, &garbage);
		capipc_garbage_run(&garbage);
	}
	return whole;
}

static int capipc_receive_copy(struct capipc_context *context, struct capipc_request *request,
			       struct capipc_message *message)
{
	struct capipc_receive *arg = &request->argument.receive;

	/* Nobody sends the news that an invitation is over. */
	if (message->sender)
		capipc_ident_stamp(message->sender, message->sender_changed, &arg->stamp);
	if (message->type == CAPIPC_RECEIVED_CONNECTION) {
		arg->reply_handle = message->moved[0].value;
		arg->facet = capipc_endpoint(message->moved[0].what.object)->facet;
	}
	if (message->transaction) {
		arg->reply_capacity = message->transaction->reply_capacity;
		arg->reply_attachments_capacity = message->transaction->reply_attachments;
	}
	if (unlikely(request->room.memory)) {
		if (!message->placed)
			capipc_room_write(&request->room, 0, capipc_message_bytes(message),
					  message->len);
	} else if (capipc_copy_out(u64_to_user_ptr(arg->data), capipc_message_bytes(message),
				   message->len)) {
		return -EFAULT;
	}
	return capipc_request_respond_as(request, struct capipc_receive, type);
}

static int capipc_receive_deliver(struct capipc_context *context, struct capipc_request *request,
				  struct capipc_message *message)
{
	struct capipc_receive *arg = &request->argument.receive;
	struct capipc_table *table = &context->table;
	struct capipc_handle reply = {
		.transaction = message->transaction,
		.rights = CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER,
		.kind = CAPIPC_KIND_REPLY,
	};
	struct capipc_ident *origin = NULL;
	LIST_HEAD(garbage);
	int ret;

	/* Who takes a connection is who the server's end was made for. */
	if (message->type == CAPIPC_RECEIVED_CONNECTION) {
		origin = capipc_ident_create(context);
		if (!origin)
			return -ENOMEM;
	}
	ret = message->moved_count ? capipc_confinement_judge(context, message) : 0;
	if (ret)
		goto out_origin;
	if (message->moved_count)
		ret = capipc_table_reserve(table, capipc_message_slots(message), false);
	if (ret)
		goto out_origin;
	ret = message->transaction ? capipc_table_claim(table, &arg->reply_handle) : 0;
	if (ret) {
		capipc_table_unreserve(table, capipc_message_slots(message));
		goto out_origin;
	}
	ret = message->moved_count ?
		capipc_arrival_begin(context, message, arg->attachments) : 0;
	if (ret)
		goto err_reply;
	ret = capipc_receive_copy(context, request, message);
	if (ret) {
		capipc_arrival_abort(context, message);
		goto err_reply;
	}
	if (origin)
		capipc_endpoint_set_origin(capipc_endpoint(message->moved[0].what.object), origin);
	if (message->moved_count)
		capipc_arrival_finish(context, message);
	if (message->transaction) {
		message->transaction = NULL;
		if (!capipc_table_publish(table, arg->reply_handle, &reply))
			capipc_handle_close(&reply, false, &garbage);
	}
	goto out_origin;

err_reply:
	if (message->transaction)
		capipc_table_abort(table, arg->reply_handle);
out_origin:
	capipc_ident_put(origin);
	return ret;
}

/* Everything that is out, as if nothing had been received. */
static void capipc_receive_clear(struct capipc_receive *arg)
{
	arg->type = CAPIPC_RECEIVED_NONE;
	arg->from = 0;
	arg->ordinal = 0;
	arg->data_len = 0;
	arg->attachments_count = 0;
	arg->reply_handle = 0;
	arg->reply_capacity = 0;
	arg->reply_attachments_capacity = 0;
	arg->facet = 0;
	arg->cookie = 0;
	memset(&arg->stamp, 0, sizeof(arg->stamp));
}

/*
 * It could not be delivered. Where it came from and what it needs is told all the
 * same, so that who cannot take it can close what it came from.
 */
static int capipc_receive_refuse(struct capipc_request *request, int error)
{
	struct capipc_receive *arg = &request->argument.receive;
	struct capipc_receive told = *arg;

	capipc_receive_clear(arg);
	arg->type = told.type;
	arg->from = told.from;
	arg->data_len = told.data_len;
	arg->attachments_count = told.attachments_count;
	return capipc_request_respond(request) ?: error;
}

/* Deliver what was begun to be received: a message, or news if it is NULL. */
static int capipc_receive_deliver_from(struct capipc_context *context,
				       struct capipc_request *request,
				       struct capipc_object *object,
				       struct capipc_message *message)
{
	struct capipc_receive *arg = &request->argument.receive;
	u64 pipe_id = 0;
	int ret;

	if (message && message->type == CAPIPC_RECEIVED_CONNECTION)
		pipe_id = capipc_endpoint_pipe(capipc_endpoint(message->moved[0].what.object))->id;
	if (message)
		ret = capipc_receive_deliver(context, request, message);
	else
		ret = capipc_request_respond_as(request, struct capipc_receive, type);
	if (message && ret && message->placed)
		message = capipc_message_retrieve(message, &request->room);
	if (ret) {
		capipc_receive_abort(object, message, arg->type);
		return ret == -EFAULT ? ret : capipc_receive_refuse(request, ret);
	}
	trace_capipc_receive(context, object, arg);
	if (message && message->type == CAPIPC_RECEIVED_CONNECTION)
		capipc_audit_accepted(context, object, message->sender, pipe_id, arg->facet);
	if (capipc_receive_finish(context, object, message, arg) && message)
		capipc_message_recycle(message, context);
	return 0;
}

/* Try to receive from one object. -EAGAIN: there is nothing. */
static int capipc_receive_from(struct capipc_context *context, struct capipc_request *request,
			       struct capipc_object *object)
{
	struct capipc_message *message;
	int ret;

	if (unlikely(request->batch))
		return capipc_batch_receive_from(context, request, object);
	capipc_receive_clear(&request->argument.receive);
	ret = capipc_receive_begin(context, object, &request->argument.receive, &message);
	if (ret == -EMSGSIZE)
		return capipc_receive_refuse(request, ret);
	if (ret)
		return ret;
	return capipc_receive_deliver_from(context, request, object, message);
}

/* What was given to the calling thread: who sent it has begun to receive it for us. */
static int capipc_receive_given(struct capipc_context *context, struct capipc_request *request,
				const struct capipc_receiver *receiver)
{
	struct capipc_receive *arg = &request->argument.receive;
	const struct capipc_message *message = receiver->message;

	arg->type = message->type;
	arg->from = receiver->from;
	arg->ordinal = message->ordinal;
	arg->data_len = message->len;
	arg->attachments_count = capipc_message_attachments(message);
	arg->reply_handle = 0;
	arg->reply_capacity = 0;
	arg->reply_attachments_capacity = 0;
	arg->facet = receiver->facet;
	arg->cookie = receiver->cookie;
	/* The stamp is to come: somebody has sent it. */
	return capipc_receive_deliver_from(context, request, receiver->object,
					   receiver->message);
}

static int capipc_receive_any(struct capipc_context *context, struct capipc_request *request,
			      const struct capipc_deadline *deadline)
{
	/* Written when it is known to others. */
	struct capipc_receiver receiver __uninitialized;
	struct capipc_object *object;
	bool expired = false, taken;
	int ret;

	receiver.let_down = false;
	for (;;) {
		bool wait = !deadline->nowait && !expired;

		object = capipc_receive_pick(context, request, wait ? &receiver : NULL);
		if (object) {
			ret = capipc_receive_from(context, request, object);
			capipc_object_put(object);
			if (ret != -EAGAIN)
				return ret;
			continue;
		}
		if (!wait)
			return expired ? -ETIMEDOUT : -EAGAIN;
		ret = capipc_receiver_wait(&receiver, context, deadline);
		if (receiver.object) {
			taken = likely(!receiver.message->lent) || capipc_loan_take(&receiver);
			if (taken)
				ret = capipc_receive_given(context, request, &receiver);
			capipc_endpoint_put(capipc_endpoint(receiver.object));
			if (taken)
				return ret;
			receiver.let_down = true;
			continue;
		}
		expired = ret == -ETIMEDOUT;
		if (ret && !expired)
			return ret;
	}
}

/* Whether waiting for one object is over: 0, -EPIPE, -EBADF, or -EAGAIN for no. */
static int capipc_receive_poll_one(struct capipc_context *context, struct capipc_object *object,
				   u32 handle)
{
	int ret = -EAGAIN;

	capipc_object_lock(object);
	if (object->owner != context || object->handle != handle)
		ret = -EBADF;
	else if (capipc_object_receivable_locked(object))
		ret = 0;
	else if (object->peer_closed_told && !object->receiving && list_empty(&object->queue))
		ret = -EPIPE;
	capipc_object_unlock(object);
	return ret;
}

/* Apart, for what it waits with needs much of the stack. */
static noinline int capipc_receive_one(struct capipc_context *context,
				       struct capipc_request *request, u32 value,
				       const struct capipc_deadline *deadline)
{
	struct capipc_object *object;
	struct capipc_handle handle;
	bool expired = false;
	int ret;

	ret = capipc_table_get_any(&context->table, value, &handle);
	if (ret)
		return ret;
	object = handle.object;
	if (!capipc_handle_is_object(&handle)) {
		ret = -EPROTOTYPE;
		goto out_put;
	}
	if (!(handle.rights & capipc_object_receive_right(handle.kind))) {
		ret = -EPERM;
		goto out_put;
	}
	for (;;) {
		ret = capipc_receive_poll_one(context, object, value);
		if (!ret)
			ret = capipc_receive_from(context, request, object);
		if (ret != -EAGAIN || deadline->nowait)
			break;
		ret = -ETIMEDOUT;
		if (expired)
			break;
		/* Not exclusive: nobody else is woken in our place. */
		ret = capipc_wait_event(context->wait,
					capipc_receive_poll_one(context, object, value) !=
						-EAGAIN,
					deadline, 0);
		expired = ret == -ETIMEDOUT;
		if (ret && !expired)
			break;
	}
out_put:
	capipc_handle_put(&handle);
	return ret;
}

/**
 * capipc_receive - receive, and wait for it
 * @context: who receives
 * @request: its request, a %CAPIPC_IOC_RECEIVE or %CAPIPC_IOC_RECEIVE_BATCH
 * @handle: what from, or 0 for whatever comes next
 * @deadline: how long
 *
 * Return: 0 or an error.
 */
int capipc_receive(struct capipc_context *context, struct capipc_request *request, u32 handle,
		   const struct capipc_deadline *deadline)
{
	if (handle)
		return capipc_receive_one(context, request, handle, deadline);
	return capipc_receive_any(context, request, deadline);
}

/* Send the reply that comes before receiving. */
static int capipc_receive_reply(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_receive *arg = &request->argument.receive;
	/* All of it is copied. */
	struct capipc_reply reply __uninitialized;
	u32 user_size;
	int ret;

	ret = capipc_copy_struct(&reply, u64_to_user_ptr(arg->reply), sizeof(reply), &user_size);
	if (ret > 0)
		ret = capipc_struct_copy(&reply, u64_to_user_ptr(arg->reply), sizeof(reply),
					 offsetofend(struct capipc_reply, reserved), &user_size);
	if (ret)
		return ret;
	ret = capipc_reply(context, &reply);
	if (ret && ret != -ECANCELED)
		return ret;
	/*
	 * Now, and not with the result: if the request is restarted or fails,
	 * it must not come again. Should this fault, the result will too.
	 */
	arg->reply = 0;
	if (put_user(0, &((struct capipc_receive __user *)request->user)->reply))
		return -EFAULT;
	return 0;
}

int capipc_ioctl_receive(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_receive *arg = &request->argument.receive;
	struct capipc_deadline deadline = capipc_deadline(arg->deadline_ns, arg->flags,
							  request->file);
	int ret;

	if ((arg->flags & ~(CAPIPC_NOWAIT | CAPIPC_RECEIVE_CLOSE)) || arg->reserved)
		return -EINVAL;
	capipc_context_note_cred(context);
	if (arg->area) {
		ret = capipc_room_open(&request->room, context, arg->area, arg->data,
				       arg->data_capacity);
		if (ret)
			return ret;
	}
	ret = arg->reply ? capipc_receive_reply(context, request) : 0;
	if (!ret)
		ret = capipc_receive(context, request, arg->handle, &deadline);
	capipc_room_close(&request->room);
	return ret;
}
