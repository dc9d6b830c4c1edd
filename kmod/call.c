// SPDX-License-Identifier: GPL-2.0
/*
 * Calls and replies: see transaction.h for the states of a call.
 *
 * Once the request is sent, the caller must not lose the call by a signal or a
 * bad pointer: it is then *parked*, which gives it a handle that the caller can
 * come back with.
 *
 * Step of the model (docs/model.md): take_reply.
 */
#include <linux/uaccess.h>

#include "call.h"
#include "confinement.h"
#include "context.h"
#include "copy.h"
#include "ident.h"
#include "ioctl.h"
#include "limits.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "send.h"
#include "table.h"
#include "trace.h"
#include "transaction.h"
#include "transfer.h"
#include "wait.h"

/* Nobody will come back for the reply. */
static void capipc_call_give_up(struct capipc_transaction *transaction)
{
	LIST_HEAD(garbage);

	capipc_transaction_abandon(transaction, true, &garbage);
	capipc_garbage_run(&garbage);
}

/*
 * Give the call a handle, unless it has one. What cannot be parked because the
 * caller's struct cannot be written, or for want of memory, is given up: then the
 * request must not be sent again, so the system call must not be restarted.
 */
static int capipc_call_park(struct capipc_context *context, struct capipc_request *request,
			    struct capipc_transaction *transaction, int error)
{
	struct capipc_call *arg = &request->argument.call;
	struct capipc_handle handle = {
		.transaction = transaction,
		.rights = CAPIPC_RIGHT_READ,
		.kind = CAPIPC_KIND_CALL,
	};

	if (arg->pending)
		return capipc_request_respond(request) ?: error;
	if (capipc_table_reserve(&context->table, 1, true))
		goto err_give_up;
	arg->pending = capipc_table_take(&context->table);
	if (capipc_request_respond(request)) {
		capipc_table_abort(&context->table, arg->pending);
		goto err_give_up;
	}
	capipc_transaction_get(transaction);
	if (capipc_table_publish(&context->table, arg->pending, &handle))
		return error;
	capipc_transaction_put(transaction);

err_give_up:
	capipc_call_give_up(transaction);
	arg->pending = 0;
	return capipc_request_respond(request) ?: -ECONNRESET;
}

/* Give what is in a reply handles and file descriptors. */
static int capipc_call_admit(struct capipc_context *context, struct capipc_message *reply,
			     u64 attachments)
{
	int ret = capipc_confinement_judge(context, reply);

	if (!ret)
		ret = capipc_table_reserve(&context->table, capipc_message_slots(reply), false);
	return ret ?: capipc_arrival_begin(context, reply, attachments);
}

static int capipc_call_deliver(struct capipc_context *context, struct capipc_request *request,
			       struct capipc_message *reply)
{
	struct capipc_call *arg = &request->argument.call;
	u32 pending = arg->pending;
	int ret;

	if (unlikely(reply->moved_count)) {
		ret = capipc_call_admit(context, reply, arg->reply_attachments);
		if (ret)
			return ret;
	}
	arg->pending = 0;
	arg->state = CAPIPC_CALL_ANSWERED;
	arg->reply_len = reply->len;
	arg->reply_attachments_count = reply->moved_count;
	capipc_ident_stamp(reply->sender, reply->sender_changed, &arg->stamp);
	if (capipc_copy_out(u64_to_user_ptr(arg->reply_data), reply->data, reply->len) ||
	    capipc_request_respond_as(request, struct capipc_call, pending)) {
		arg->pending = pending;
		if (reply->moved_count)
			capipc_arrival_abort(context, reply);
		return -EFAULT;
	}
	if (reply->moved_count)
		capipc_arrival_finish(context, reply);
	return 0;
}

/* Take the reply that is there. */
static int capipc_call_finish(struct capipc_context *context, struct capipc_request *request,
			      struct capipc_transaction *transaction)
{
	struct capipc_call *arg = &request->argument.call;
	struct capipc_message *reply = transaction->reply;
	int ret;

	/* A call that is resumed may have come back with less room. */
	if (reply->len > arg->reply_capacity ||
	    reply->moved_count > arg->reply_attachments_capacity) {
		arg->reply_len = reply->len;
		arg->reply_attachments_count = reply->moved_count;
		ret = -EMSGSIZE;
	} else {
		ret = capipc_call_deliver(context, request, reply);
	}
	if (ret) {
		arg->state = CAPIPC_CALL_ANSWERED;
		return capipc_call_park(context, request, transaction, ret);
	}
	transaction->reply = NULL;
	capipc_message_recycle(reply, context);
	return 0;
}

/*
 * Wait for the answer to a call that was sent. The calling thread is the only
 * one: a call has no handle at first, and one that is resumed is marked as moving.
 * @waiter: the thread: the call knows of it, or it has been called
 * @over: out: nobody needs to come back for it
 */
static __always_inline int
capipc_call_wait(struct capipc_context *context, struct capipc_request *request,
		 struct capipc_transaction *transaction, struct capipc_waiter *waiter,
		 const struct capipc_deadline *deadline, bool *over)
{
	struct capipc_call *arg = &request->argument.call;
	bool expired;
	int ret;

	arg->state = CAPIPC_CALL_SENT;
	*over = false;
	ret = capipc_transaction_wait(transaction, waiter, deadline, &context->patience);
	/* An answer at the last moment is in time: who sent it was told so. */
	expired = ret == -ETIMEDOUT && capipc_transaction_expire(transaction);
	switch (capipc_transaction_state(transaction)) {
	case CAPIPC_REPLIED:
		ret = capipc_call_finish(context, request, transaction);
		*over = !ret;
		return ret;
	case CAPIPC_DROPPED:
		ret = -ECONNRESET;
		break;
	default:
		if (!expired)
			return capipc_call_park(context, request, transaction, ret);
		capipc_call_give_up(transaction);
		break;
	}
	*over = true;
	arg->pending = 0;
	return capipc_request_respond(request) ?: ret;
}

static noinline int capipc_call_resume(struct capipc_context *context,
				       struct capipc_request *request)
{
	struct capipc_call *arg = &request->argument.call;
	struct capipc_deadline deadline = capipc_deadline(arg->deadline_ns, 0, request->file);
	u32 pending = arg->pending;
	struct capipc_handle handle;
	struct capipc_waiter waiter;
	LIST_HEAD(garbage);
	bool over;
	int ret;

	ret = capipc_table_move_begin(&context->table, pending, CAPIPC_RIGHT_READ,
				      BIT(CAPIPC_KIND_CALL), &handle);
	if (ret)
		return ret;
	capipc_transaction_expect(handle.transaction, &waiter);
	ret = capipc_call_wait(context, request, handle.transaction, &waiter, &deadline, &over);
	if (over) {
		capipc_table_abort(&context->table, pending);
		capipc_transaction_put(handle.transaction);
	} else if (!capipc_table_move_abort(&context->table, pending)) {
		capipc_handle_close(&handle, false, &garbage);
		capipc_garbage_run(&garbage);
	}
	return ret;
}

static int capipc_call_new(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_call *arg = &request->argument.call;
	struct capipc_outgoing outgoing = {
		.handle = arg->handle,
		.ordinal = arg->ordinal,
		.source.data = arg->data,
		.data_len = arg->data_len,
		.attachments = arg->attachments,
		.attachments_count = arg->attachments_count,
		.deadline = capipc_deadline(arg->deadline_ns, arg->flags, request->file),
	};
	struct capipc_transaction *transaction;
	struct capipc_waiter waiter;
	bool over;
	int ret;

	if (unlikely(arg->source)) {
		ret = capipc_source_open(&outgoing.source, context, arg->source, arg->data,
					 arg->data_len);
		if (ret)
			goto out_unsent;
	}
	transaction = capipc_transaction_create(context, arg->reply_capacity,
						arg->reply_attachments_capacity);
	if (IS_ERR(transaction)) {
		ret = PTR_ERR(transaction);
	} else {
		outgoing.transaction = transaction;
		/* Nobody else knows of it yet. */
		capipc_waiter_init(&waiter);
		transaction->waiter = &waiter;
		ret = capipc_send(context, &outgoing);
		if (!ret) {
			ret = capipc_call_wait(context, request, transaction, &waiter,
					       &outgoing.deadline, &over);
			capipc_transaction_recycle(transaction, context);
			/* Not earlier: who receives the request does not have to free it then. */
			capipc_source_close(&outgoing.source);
			return ret;
		}
		capipc_transaction_recycle(transaction, context);
	}
	capipc_source_close(&outgoing.source);
out_unsent:
	arg->state = CAPIPC_CALL_UNSENT;
	/* It says nothing that the error does not, so it may fail. */
	if (capipc_request_respond(request))
		ret = -EFAULT;
	return ret;
}

int capipc_ioctl_call(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_call *arg = &request->argument.call;
	int ret;

	if ((arg->flags & ~CAPIPC_NOWAIT) || arg->reply_capacity > CAPIPC_MESSAGE_MAX ||
	    arg->reply_attachments_capacity > CAPIPC_ATTACHMENTS_MAX || arg->reserved)
		return -EINVAL;
	if (arg->pending)
		ret = capipc_call_resume(context, request);
	else
		ret = capipc_call_new(context, request);
	trace_capipc_call(context, arg, ret);
	return ret;
}

/* Apart, so that a reply that carries nothing needs no stack for it. */
static noinline int capipc_answer_moving(struct capipc_context *context,
					 const struct capipc_reply *arg,
					 struct capipc_transaction *transaction,
					 struct capipc_message *reply)
{
	struct capipc_transfer transfer;
	int ret;

	ret = capipc_transfer_begin(&transfer, context, reply, arg->attachments,
				    arg->attachments_count, NULL, transaction);
	if (ret)
		return ret;
	if (!capipc_transaction_answer(transaction, reply)) {
		capipc_transfer_abort(&transfer, context, reply);
		return -ECANCELED;
	}
	capipc_transfer_finish(&transfer, context, true);
	return 0;
}

/*
 * A short cut: if it is clear who replies, the answer can be given, and the call be taken off
 * the list of those of its pipe, at once. Whoever cuts the pipe finds it before, or answered.
 * Returns 0, -ECANCELED; or 1 if nothing has happened.
 */
static int capipc_answer_now(struct capipc_context *context,
			     struct capipc_transaction *transaction, struct capipc_message *reply)
{
	struct capipc_endpoint *endpoint = transaction->target;
	int ret = 1;

	if (!READ_ONCE(capipc_fast_path))
		return ret;
	capipc_object_lock(&endpoint->object);
	if (likely(endpoint->object.owner == context &&
		   capipc_ident_is_current(endpoint->ident, context))) {
		reply->sender = capipc_ident_get(endpoint->ident);
		reply->sender_changed = endpoint->ident_changed;
		list_del_init(&transaction->link);
		ret = capipc_transaction_answer(transaction, reply) ? 0 : -ECANCELED;
	}
	capipc_object_unlock(&endpoint->object);
	return ret;
}

static int capipc_answer(struct capipc_context *context, const struct capipc_reply *arg,
			 struct capipc_transaction *transaction, struct capipc_message *reply)
{
	reply->sender = capipc_endpoint_sender(transaction->target, context,
					       &reply->sender_changed);
	if (!reply->sender)
		return -ENOMEM;
	if (arg->attachments_count)
		return capipc_answer_moving(context, arg, transaction, reply);
	return capipc_transaction_answer(transaction, reply) ? 0 : -ECANCELED;
}

/* Build the reply and hand it over; the handle is marked as moving. */
static int capipc_reply_to(struct capipc_context *context, const struct capipc_reply *arg,
			   struct capipc_transaction *transaction)
{
	const struct capipc_source source = { .data = arg->data };
	struct capipc_message *reply;
	int ret;

	if (arg->data_len > transaction->reply_capacity ||
	    arg->attachments_count > transaction->reply_attachments)
		return -EMSGSIZE;
	reply = capipc_message_create(context, NULL, &source, arg->data_len,
				      arg->attachments_count);
	if (IS_ERR(reply))
		return PTR_ERR(reply);
	ret = arg->attachments_count ? 1 : capipc_answer_now(context, transaction, reply);
	if (ret > 0)
		ret = capipc_answer(context, arg, transaction, reply);
	if (ret)
		capipc_message_free(reply);
	else
		trace_capipc_reply(context, transaction, arg);
	return ret;
}

/**
 * capipc_reply - answer a call
 * @context: the replier's
 * @arg: the reply
 *
 * Return: 0 or -ECANCELED, and the reply handle is gone; or another error, and
 * nothing has happened.
 */
int capipc_reply(struct capipc_context *context, const struct capipc_reply *arg)
{
	struct capipc_handle handle;
	int ret;

	if (arg->flags || arg->reserved || arg->attachments_count > CAPIPC_ATTACHMENTS_MAX)
		return -EINVAL;
	if (arg->data_len > CAPIPC_MESSAGE_MAX)
		return -EMSGSIZE;
	ret = capipc_table_move_begin(&context->table, arg->handle, CAPIPC_RIGHT_WRITE,
				      BIT(CAPIPC_KIND_REPLY), &handle);
	if (ret)
		return ret;
	ret = capipc_reply_to(context, arg, handle.transaction);
	if (!ret || ret == -ECANCELED) {
		capipc_table_abort(&context->table, arg->handle);
		capipc_transaction_put(handle.transaction);
	} else if (!capipc_table_move_abort(&context->table, arg->handle)) {
		capipc_transaction_drop(handle.transaction);
		capipc_transaction_put(handle.transaction);
	}
	return ret;
}

int capipc_ioctl_reply(struct capipc_context *context, struct capipc_request *request)
{
	return capipc_reply(context, &request->argument.reply);
}
