// SPDX-License-Identifier: GPL-2.0
/*
 * Messages: see message.h.
 */
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "context.h"
#include "copy.h"
#include "ident.h"
#include "limits.h"
#include "message.h"
#include "ready.h"
#include "transaction.h"

/* Make room for attachments: with the bytes, if they leave enough, or apart. */
static bool capipc_message_equip(struct capipc_message *message, u32 attachments)
{
	size_t size = array_size(attachments, sizeof(*message->moved));
	size_t at = ALIGN(message->len, __alignof__(struct capipc_moved));

	message->moved_inside = message->small && size_add(at, size) <= CAPIPC_MESSAGE_SMALL;
	if (!message->moved_inside) {
		message->moved = kvzalloc(size, GFP_KERNEL_ACCOUNT);
		return message->moved;
	}
	message->moved = (void *)(message->data + at);
	memset(message->moved, 0, size);
	return true;
}

/**
 * capipc_message_create - allocate a message and copy its bytes in
 * @context: of who makes it
 * @account: who pays for it, or NULL
 * @source: where the bytes are; not looked at if there are none
 * @len: how many, at most %CAPIPC_MESSAGE_MAX
 * @attachments: room for how many, at most %CAPIPC_ATTACHMENTS_MAX
 *
 * Return: the message, or -EDQUOT, -ENOMEM, -EFAULT.
 */
struct capipc_message *capipc_message_create(struct capipc_context *context,
					     struct capipc_account *account,
					     const struct capipc_source *source, u32 len,
					     u32 attachments)
{
	size_t size = capipc_message_size(len, attachments);
	struct capipc_message *message;
	int ret;

	if (account) {
		ret = capipc_account_charge(account, CAPIPC_BYTES, size);
		if (ret)
			return ERR_PTR(ret);
	}
	message = capipc_message_make(context, len, false, size);
	if (unlikely(!message)) {
		if (account)
			capipc_account_uncharge(account, CAPIPC_BYTES, size);
		return ERR_PTR(-ENOMEM);
	}
	message->account = account;
	ret = len ? capipc_source_copy(source, message->data, len) : 0;
	if (!ret && attachments && !capipc_message_equip(message, attachments))
		ret = -ENOMEM;
	if (likely(!ret))
		return message;
	capipc_message_recycle(message, context);
	return ERR_PTR(ret);
}

/**
 * capipc_message_retrieve - get the bytes of a message back from where it was received
 * @message: a message that was placed, and could not be delivered
 * @room: where
 *
 * The bytes must not be lost, so this waits until there is memory for them. It is the receiver
 * who waits: it has asked to be told where it cannot be told.
 *
 * Return: the message that takes its place.
 */
struct capipc_message *capipc_message_retrieve(struct capipc_message *message,
					       const struct capipc_room *room)
{
	struct capipc_message *whole;

	whole = kvmalloc(struct_size(whole, data, message->len),
			 GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	*whole = *message;
	INIT_LIST_HEAD(&whole->link);
	whole->placed = false;
	whole->small = false;
	capipc_room_read(room, whole->data, whole->len);
	kfree(message);
	return whole;
}

/*
 * Files in a reply count for the caller. The transaction keeps its account alive for who
 * replies; and a reply that was handed over is taken, or freed, before the context goes
 * that made the call.
 */
static int capipc_reply_charge_files(struct capipc_message *reply, struct net *net,
				     const struct capipc_transaction *transaction)
{
	int ret = capipc_user_charge_files(transaction->account, net, reply->files,
					   transaction->files_max, false);

	if (!ret)
		reply->files_account = transaction->account;
	return ret;
}

/**
 * capipc_message_charge_files - its files are about to be in flight
 * @message: with files
 * @context: of who sends it
 * @transaction: that it answers, or NULL
 *
 * Return: 0, -EDQUOT (not for a reply), -ETOOMANYREFS.
 */
int capipc_message_charge_files(struct capipc_message *message, struct capipc_context *context,
				const struct capipc_transaction *transaction)
{
	struct capipc_account *account = context->account;
	size_t size = capipc_message_files_size(message->files);
	int ret;

	if (transaction)
		return capipc_reply_charge_files(message, context->net, transaction);
	ret = capipc_account_charge(account, CAPIPC_BYTES, size);
	if (ret)
		return ret;
	ret = capipc_user_charge_files(account, context->net, message->files,
				       rlimit(RLIMIT_NOFILE), true);
	if (ret) {
		capipc_account_uncharge(account, CAPIPC_BYTES, size);
		return ret;
	}
	message->files_account = account;
	return 0;
}

/* Its files, if there are any, are not in flight any more. */
void capipc_message_uncharge_files(struct capipc_message *message)
{
	struct capipc_account *account = message->files_account;

	if (!account)
		return;
	message->files_account = NULL;
	capipc_user_uncharge_files(account, message->files);
	/* In a reply they cost none. */
	if (message->account)
		capipc_account_uncharge(account, CAPIPC_BYTES,
					capipc_message_files_size(message->files));
}

/* What it has, but for its memory. */
static __always_inline void capipc_message_release(struct capipc_message *message)
{
	if (message->transaction)
		capipc_transaction_put(message->transaction);
	capipc_ident_put(message->sender);
	if (message->account) {
		if (message->handles)
			capipc_account_uncharge(message->account, CAPIPC_HANDLES,
						message->handles);
		capipc_account_uncharge(message->account, CAPIPC_BYTES, message->charge);
	}
	if (unlikely(message->files_account))
		capipc_message_uncharge_files(message);
	if (unlikely(message->moved) && !message->moved_inside)
		kvfree(message->moved);
}

/* Free a message that carries nothing any more. */
void capipc_message_free(struct capipc_message *message)
{
	capipc_message_release(message);
	kvfree(message);
}

/**
 * capipc_message_recycle - free a message, or keep its memory for the next one
 * @message: a message that carries nothing any more
 * @context: of the calling thread
 *
 * Who receives a request will answer it, and who receives an answer will ask again.
 */
void capipc_message_recycle(struct capipc_message *message, struct capipc_context *context)
{
	capipc_message_release(message);
	if (message->small && READ_ONCE(capipc_fast_path) && !READ_ONCE(context->spare_message) &&
	    !cmpxchg(&context->spare_message, NULL, message))
		return;
	kvfree(message);
}

/**
 * capipc_message_destroy - nobody will receive it
 * @message: the message, in no queue
 * @garbage: what its attachments had queued is added here
 */
void capipc_message_destroy(struct capipc_message *message, struct list_head *garbage)
{
	u32 i;

	if (message->transaction)
		capipc_transaction_drop(message->transaction);
	for (i = 0; i < message->moved_count; i++)
		capipc_handle_close(&message->moved[i].what, false, garbage);
	capipc_message_free(message);
}
