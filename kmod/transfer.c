// SPDX-License-Identifier: GPL-2.0
/*
 * Transfer: see transfer.h.
 *
 * Leaving: each handle is marked as moving, then each object is detached with
 * the target as its container, then, if the target is itself in flight, the
 * chain of containers above it is followed: coming back to the target means that
 * one of the objects would be inside itself. Only then is the message queued,
 * and the handles are freed. A failure on the way undoes it all.
 */
#include <linux/uaccess.h>

#include "context.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "table.h"
#include "transfer.h"

#define CAPIPC_KINDS_ANY							\
	(BIT(CAPIPC_KIND_ENDPOINT) | BIT(CAPIPC_KIND_LISTENER) |		\
	 BIT(CAPIPC_KIND_REPLY) | BIT(CAPIPC_KIND_CALL))

/*
 * Would what has been detached into @target be inside itself? Nobody holds two
 * object locks: whoever closes a ring by several sends at once has detached
 * its part before it looks, so the last one to look sees all of it.
 */
static bool capipc_transfer_loops(struct capipc_object *target)
{
	struct capipc_object *object = capipc_object_get(target);
	unsigned int hops = 0;
	bool loops = false;

	while (object) {
		struct capipc_object *container = NULL;

		spin_lock(object->lock);
		if (object->place == CAPIPC_PLACE_IN_FLIGHT && object->container)
			container = capipc_object_get(object->container);
		spin_unlock(object->lock);
		capipc_object_put(object);
		object = container;
		if (object && (object == target || ++hops > CAPIPC_NESTING_MAX)) {
			capipc_object_put(object);
			loops = true;
			break;
		}
	}
	return loops;
}

static int capipc_transfer_one(struct capipc_transfer *transfer, struct capipc_context *context,
			       struct capipc_message *message,
			       const struct capipc_attachment __user *user,
			       struct capipc_object *target)
{
	struct capipc_moved *moved = &message->moved[message->moved_count];
	struct capipc_attachment attachment;
	struct capipc_handle handle;
	int ret;
	u32 i;

	if (copy_from_user(&attachment, user, sizeof(attachment)))
		return -EFAULT;
	if (attachment.kind != CAPIPC_KIND_NONE || attachment.reserved)
		return -EINVAL;
	ret = capipc_table_move_begin(&context->table, attachment.handle, CAPIPC_RIGHT_TRANSFER,
				      CAPIPC_KINDS_ANY, &handle);
	if (ret == -EBUSY) {
		for (i = 0; i < transfer->count; i++) {
			if (transfer->handles[i] == attachment.handle)
				return -EINVAL;
		}
	}
	if (ret)
		return ret;

	moved->object = handle.object;
	moved->rights = attachment.rights == CAPIPC_RIGHTS_SAME ? handle.rights :
		attachment.rights;
	transfer->handles[transfer->count++] = attachment.handle;
	message->moved_count++;

	if (moved->rights & ~handle.rights)
		return -EPERM;
	if (target && target->lock == handle.object->lock)
		return -ELOOP;
	return 0;
}

static void capipc_transfer_restore(struct capipc_transfer *transfer,
				    struct capipc_context *context,
				    struct capipc_message *message, bool detached)
{
	struct capipc_object *object;
	LIST_HEAD(garbage);
	u32 i;

	for (i = 0; i < transfer->count; i++) {
		/* Another thread may close it as soon as its handle is back. */
		object = capipc_object_get(message->moved[i].object);
		/* The rights of the handle are still those of the object. */
		if (detached)
			capipc_object_attach(object, context, transfer->handles[i],
					     object->rights);
		if (capipc_table_move_abort(&context->table, transfer->handles[i])) {
			if (detached)
				capipc_object_settle(object, context, transfer->handles[i]);
		} else {
			capipc_object_close(object, &garbage);
			capipc_object_put(object);
		}
		capipc_object_put(object);
	}
	capipc_garbage_run(&garbage);
	message->moved_count = 0;
	if (transfer->handles != transfer->few)
		kfree(transfer->handles);
}

/**
 * capipc_transfer_begin - take objects out of a table, into a message
 * @transfer: out: to be aborted or finished
 * @context: the sender's
 * @message: with room for @count objects
 * @attachments: user pointer to struct capipc_attachment
 * @count: how many
 * @target: the object in whose queue the message will be, or NULL for a reply
 *
 * Return: 0, or -EFAULT, -EINVAL, -EBADF, -EBUSY, -EPERM, -ELOOP, -ENOMEM, and then
 * nothing has happened.
 */
int capipc_transfer_begin(struct capipc_transfer *transfer, struct capipc_context *context,
			  struct capipc_message *message, u64 attachments, u32 count,
			  struct capipc_object *target)
{
	const struct capipc_attachment __user *user = u64_to_user_ptr(attachments);
	int ret;
	u32 i;

	transfer->count = 0;
	transfer->handles = transfer->few;
	if (count > CAPIPC_TRANSFER_FEW) {
		transfer->handles = kmalloc_array(count, sizeof(*transfer->handles),
						  GFP_KERNEL_ACCOUNT);
		if (!transfer->handles)
			return -ENOMEM;
	}
	for (i = 0; i < count; i++) {
		ret = capipc_transfer_one(transfer, context, message, &user[i], target);
		if (ret) {
			capipc_transfer_restore(transfer, context, message, false);
			return ret;
		}
	}
	for (i = 0; i < count; i++)
		capipc_object_detach(message->moved[i].object, target);
	if (count && target && capipc_transfer_loops(target)) {
		capipc_transfer_restore(transfer, context, message, true);
		return -ELOOP;
	}
	return 0;
}

/* The message will not be sent: everything is as it was. */
void capipc_transfer_abort(struct capipc_transfer *transfer, struct capipc_context *context,
			   struct capipc_message *message)
{
	capipc_transfer_restore(transfer, context, message, true);
}

/**
 * capipc_transfer_finish - the message is on its way, and perhaps gone already
 * @transfer: from capipc_transfer_begin()
 * @context: the sender's
 * @uncharge: the sender does not pay for the handles any more; else the message
 *            has taken their charge over
 */
void capipc_transfer_finish(struct capipc_transfer *transfer, struct capipc_context *context,
			    bool uncharge)
{
	u32 i;

	for (i = 0; i < transfer->count; i++)
		capipc_table_move_finish(&context->table, transfer->handles[i]);
	if (uncharge && transfer->count)
		capipc_account_uncharge(context->account, CAPIPC_HANDLES, transfer->count);
	if (transfer->handles != transfer->few)
		kfree(transfer->handles);
}

/**
 * capipc_arrival_begin - give the objects of a message handles
 * @context: the receiver's, with a slot reserved for each
 * @message: taken from its queue
 * @attachments: user pointer to room for as many struct capipc_attachment
 *
 * Return: 0, to be aborted or finished, or -EFAULT and the slots are free.
 */
int capipc_arrival_begin(struct capipc_context *context, struct capipc_message *message,
			 u64 attachments)
{
	struct capipc_attachment __user *user = u64_to_user_ptr(attachments);
	struct capipc_attachment attachment;
	bool fault = false;
	u32 i;

	for (i = 0; i < message->moved_count; i++)
		message->moved[i].handle = capipc_table_take(&context->table);
	if (message->type == CAPIPC_RECEIVED_CONNECTION)
		return 0;
	for (i = 0; i < message->moved_count && !fault; i++) {
		attachment = (struct capipc_attachment) {
			.handle = message->moved[i].handle,
			.rights = message->moved[i].rights,
			.kind = message->moved[i].object->kind,
		};
		fault = copy_to_user(&user[i], &attachment, sizeof(attachment));
	}
	if (!fault)
		return 0;
	capipc_arrival_abort(context, message);
	return -EFAULT;
}

/* The message goes back to where it was. */
void capipc_arrival_abort(struct capipc_context *context, struct capipc_message *message)
{
	u32 i;

	for (i = 0; i < message->moved_count; i++)
		capipc_table_abort(&context->table, message->moved[i].handle);
}

/* The receiver knows the handles: let them be used. */
void capipc_arrival_finish(struct capipc_context *context, struct capipc_message *message)
{
	struct capipc_object *object;
	u32 i;

	for (i = 0; i < message->moved_count; i++) {
		object = message->moved[i].object;
		spin_lock(object->lock);
		object->peer_closed_told = false;
		object->cookie = 0;
		spin_unlock(object->lock);
		capipc_object_hold(object, context, message->moved[i].handle,
				   message->moved[i].rights);
	}
	message->moved_count = 0;
}
