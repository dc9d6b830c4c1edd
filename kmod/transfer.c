// SPDX-License-Identifier: GPL-2.0
/*
 * Transfer: see transfer.h.
 *
 * Leaving: each handle is marked as moving, then each object is detached. Once
 * the message is queued they depart, and the handles are freed. Should that have
 * put the target inside itself, through others in flight, the collector finds
 * out. A failure on the way undoes it all.
 *
 * Steps of the model (docs/model.md): take_and_detach, departing, look, restore, arrive.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/uaccess.h>

#include "account.h"
#include "audit.h"
#include "collect.h"
#include "confinement.h"
#include "context.h"
#include "invitation.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "table.h"
#include "transfer.h"

static int capipc_transfer_file(struct capipc_message *message,
				const struct capipc_attachment *attachment)
{
	struct capipc_moved *moved = &message->moved[message->moved_count];
	struct file *file;

	if (attachment->rights)
		return -EINVAL;
	/* Those that can do nothing but name a file (O_PATH) may travel, too. */
	file = fget_raw(attachment->handle);
	if (!file)
		return -EBADF;
	if (capipc_file_is_invitation(file)) {
		fput(file);
		return -EPERM;
	}
	moved->what = (struct capipc_handle) { .file = file, .kind = CAPIPC_KIND_FILE };
	message->moved_count++;
	message->files++;
	return 0;
}

/**
 * capipc_transfer_add - take one handle out of a table
 * @transfer: from capipc_transfer_init()
 * @context: the sender's
 * @message: that it leaves with
 * @attachment: the handle, and the rights that shall arrive
 *
 * Return: 0, or -EINVAL, -EBADF, -EBUSY, -EPROTOTYPE, -EPERM, -ELOOP, for
 * capipc_transfer_leave() to undo.
 */
int capipc_transfer_add(struct capipc_transfer *transfer, struct capipc_context *context,
			struct capipc_message *message,
			const struct capipc_attachment *attachment)
{
	struct capipc_handle *what = &message->moved[message->moved_count].what;
	u32 rights, i;
	int ret;

	ret = capipc_table_move_begin(&context->table, attachment->handle, CAPIPC_RIGHT_TRANSFER,
				      transfer->kinds, what);
	if (ret == -EBUSY) {
		for (i = 0; i < transfer->count; i++) {
			if (transfer->moved[i].value == attachment->handle)
				return -EINVAL;
		}
	}
	if (ret)
		return ret;
	capipc_handle_get(what);
	transfer->moved[transfer->count++] = (struct capipc_moved) {
		.what = *what,
		.value = attachment->handle,
	};
	message->moved_count++;

	rights = attachment->rights == CAPIPC_RIGHTS_SAME ? what->rights : attachment->rights;
	if (rights & ~what->rights)
		return -EPERM;
	what->rights = rights;
	if (transfer->target && capipc_handle_is_object(what) &&
	    capipc_object_guard(transfer->target) == capipc_object_guard(what->object))
		return -ELOOP;
	return 0;
}

static int capipc_transfer_one(struct capipc_transfer *transfer, struct capipc_context *context,
			       struct capipc_message *message,
			       const struct capipc_attachment __user *user)
{
	struct capipc_attachment attachment;

	if (copy_from_user(&attachment, user, sizeof(attachment)))
		return -EFAULT;
	if (attachment.reserved)
		return -EINVAL;
	switch (attachment.kind) {
	case CAPIPC_KIND_NONE:
		return capipc_transfer_add(transfer, context, message, &attachment);
	case CAPIPC_KIND_FILE:
		return capipc_transfer_file(message, &attachment);
	default:
		return -EINVAL;
	}
}

/* The files of a message that was not sent: those that the sender has anyway. */
static void capipc_transfer_put_files(struct capipc_message *message)
{
	u32 i;

	for (i = 0; i < message->moved_count; i++) {
		if (message->moved[i].what.kind == CAPIPC_KIND_FILE)
			fput(message->moved[i].what.file);
	}
	capipc_message_uncharge_files(message);
	message->files = 0;
}

/* One handle back to where it was. */
static void capipc_transfer_restore_one(struct capipc_context *context,
					const struct capipc_moved *moved, bool detached,
					struct list_head *garbage)
{
	const struct capipc_handle *what = &moved->what;
	bool object = capipc_handle_is_object(what);

	/* The rights of the handle are still those of the object. */
	if (object && detached)
		capipc_object_attach(what->object, context, moved->value, what->object->rights);
	if (!capipc_table_move_abort(&context->table, moved->value))
		capipc_handle_close(what, false, garbage);
	else if (object && detached)
		capipc_object_settle(what->object, context, moved->value);
}

static void capipc_transfer_end(struct capipc_transfer *transfer)
{
	u32 i;

	for (i = 0; i < transfer->count; i++)
		capipc_handle_put(&transfer->moved[i].what);
	if (transfer->moved != transfer->few)
		kfree(transfer->moved);
}

static void capipc_transfer_restore(struct capipc_transfer *transfer,
				    struct capipc_context *context,
				    struct capipc_message *message, bool detached)
{
	LIST_HEAD(garbage);
	u32 i;

	for (i = 0; i < transfer->count; i++)
		capipc_transfer_restore_one(context, &transfer->moved[i], detached, &garbage);
	capipc_garbage_run(&garbage);
	capipc_transfer_put_files(message);
	message->moved_count = 0;
	capipc_transfer_end(transfer);
}

/**
 * capipc_transfer_init - begin with nothing
 * @transfer: out: to be given to capipc_transfer_add() and then, whatever that
 *            returned, to capipc_transfer_leave()
 * @count: how many handles it will be at most
 * @kinds: bits of the kinds that may leave
 * @target: the object in whose queue they will be, or the invitation, or NULL for
 *          a reply
 *
 * Return: 0 or -ENOMEM.
 */
int capipc_transfer_init(struct capipc_transfer *transfer, u32 count, u32 kinds,
			 struct capipc_object *target)
{
	transfer->target = target;
	transfer->count = 0;
	transfer->kinds = kinds;
	transfer->moved = transfer->few;
	if (count <= CAPIPC_TRANSFER_FEW)
		return 0;
	transfer->moved = kmalloc_array(count, sizeof(*transfer->moved), GFP_KERNEL_ACCOUNT);
	return transfer->moved ? 0 : -ENOMEM;
}

/**
 * capipc_transfer_leave - all handles have been added, or one could not be
 * @transfer: from capipc_transfer_init()
 * @context: the sender's
 * @message: that they leave with
 * @error: what adding them returned
 *
 * Return: @error. With 0 the objects have left their holder; otherwise it is as if
 * nothing had happened.
 */
int capipc_transfer_leave(struct capipc_transfer *transfer, struct capipc_context *context,
			  struct capipc_message *message, int error)
{
	u32 i;

	if (error) {
		capipc_transfer_restore(transfer, context, message, false);
		return error;
	}
	for (i = 0; i < transfer->count; i++) {
		if (capipc_handle_is_object(&transfer->moved[i].what))
			capipc_object_detach(transfer->moved[i].what.object, transfer);
	}
	return 0;
}

/**
 * capipc_transfer_begin - take what a message carries out of a table
 * @transfer: out: to be aborted or finished
 * @context: the sender's
 * @message: with room for @count
 * @attachments: user pointer to struct capipc_attachment
 * @count: how many
 * @target: the object in whose queue the message will be, or NULL for a reply
 * @transaction: that it answers, or NULL
 *
 * Return: 0, or -EFAULT, -EINVAL, -EBADF, -EBUSY, -EPERM, -ELOOP, -EDQUOT, -ENOMEM,
 * -ETOOMANYREFS, and then nothing has happened.
 */
int capipc_transfer_begin(struct capipc_transfer *transfer, struct capipc_context *context,
			  struct capipc_message *message, u64 attachments, u32 count,
			  struct capipc_object *target,
			  const struct capipc_transaction *transaction)
{
	const struct capipc_attachment __user *user = u64_to_user_ptr(attachments);
	int ret;
	u32 i;

	ret = capipc_transfer_init(transfer, count, CAPIPC_KINDS_ANY, target);
	if (ret)
		return ret;
	for (i = 0; i < count && !ret; i++)
		ret = capipc_transfer_one(transfer, context, message, &user[i]);
	if (!ret && message->files)
		ret = capipc_message_charge_files(message, context, transaction);
	return capipc_transfer_leave(transfer, context, message, ret);
}

/* The message will not be sent: everything is as it was. */
void capipc_transfer_abort(struct capipc_transfer *transfer, struct capipc_context *context,
			   struct capipc_message *message)
{
	capipc_transfer_restore(transfer, context, message, true);
}

/* The handles depart; does the object that they are in now do so itself? */
static void capipc_transfer_depart(struct capipc_transfer *transfer)
{
	struct capipc_object *target = transfer->target;
	bool suspect;
	u32 i;

	for (i = 0; i < transfer->count; i++) {
		if (capipc_handle_is_object(&transfer->moved[i].what))
			capipc_object_depart(transfer->moved[i].what.object, transfer, target);
	}
	if (!target)
		return;
	/* Only now: who completes a ring has noted all of it before it looks. */
	capipc_object_lock(target);
	/* What was fused may stand for something in flight. */
	suspect = target->place == CAPIPC_PLACE_IN_FLIGHT ||
		  target->place == CAPIPC_PLACE_FUSED;
	capipc_object_unlock(target);
	if (suspect)
		capipc_collect_suspect(target);
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

	if (transfer->count)
		capipc_transfer_depart(transfer);
	for (i = 0; i < transfer->count; i++)
		capipc_table_move_finish(&context->table, transfer->moved[i].value);
	if (uncharge && transfer->count)
		capipc_account_uncharge(context->account, CAPIPC_HANDLES, transfer->count);
	capipc_transfer_end(transfer);
}

/* Give one thing that arrives a handle or a file descriptor, and say so. */
static int capipc_arrival_one(struct capipc_moved *moved, struct capipc_attachment __user *user)
{
	struct capipc_attachment attachment = { .kind = moved->what.kind };
	int ret;

	if (moved->what.kind == CAPIPC_KIND_FILE) {
		ret = capipc_compat_receive_fd(moved->what.file, O_CLOEXEC);
		/* Security modules may say anything, also what would mean another thing. */
		if (ret < 0)
			return ret == -EMFILE || ret == -ENOMEM ? ret : -EACCES;
		moved->value = ret;
	}
	if (!moved->refused) {
		attachment.handle = moved->value;
		attachment.rights = moved->what.rights;
	}
	if (!copy_to_user(user, &attachment, sizeof(attachment)))
		return 0;
	if (moved->what.kind == CAPIPC_KIND_FILE)
		close_fd(moved->value);
	return -EFAULT;
}

/* Is there a slot for it in the receiver's table? */
static bool capipc_moved_has_slot(const struct capipc_moved *moved)
{
	return moved->what.kind != CAPIPC_KIND_FILE && !moved->refused;
}

/* As if the first @files file descriptors had not been there, and no handles. */
static void capipc_arrival_undo(struct capipc_context *context, struct capipc_message *message,
				u32 files)
{
	struct capipc_moved *moved;
	u32 i;

	for (i = 0; i < message->moved_count; i++) {
		moved = &message->moved[i];
		if (capipc_moved_has_slot(moved))
			capipc_table_abort(&context->table, moved->value);
		else if (moved->what.kind == CAPIPC_KIND_FILE && i < files)
			close_fd(moved->value);
	}
}

/**
 * capipc_arrival_begin - give what is in a message handles and file descriptors
 * @context: the receiver's, with a slot reserved for each that is not a file
 * @message: taken from its queue
 * @attachments: user pointer to room for as many struct capipc_attachment
 *
 * File descriptors can be used at once: the kernel lets modules have them through
 * the security hook only in that way. They are closed again if something fails.
 *
 * Return: 0, to be aborted or finished; or -EFAULT, -EMFILE, -ENOMEM, or -EACCES if a
 * security module denies it, and the slots are free.
 */
int capipc_arrival_begin(struct capipc_context *context, struct capipc_message *message,
			 u64 attachments)
{
	struct capipc_attachment __user *user = u64_to_user_ptr(attachments);
	int ret;
	u32 i;

	for (i = 0; i < message->moved_count; i++) {
		if (capipc_moved_has_slot(&message->moved[i]))
			message->moved[i].value = capipc_table_take(&context->table);
	}
	if (message->type == CAPIPC_RECEIVED_CONNECTION)
		return 0;
	for (i = 0; i < message->moved_count; i++) {
		ret = capipc_arrival_one(&message->moved[i], &user[i]);
		if (ret) {
			capipc_arrival_undo(context, message, i);
			return ret;
		}
	}
	return 0;
}

/* The message goes back to where it was. */
void capipc_arrival_abort(struct capipc_context *context, struct capipc_message *message)
{
	capipc_arrival_undo(context, message, message->moved_count);
}

static void capipc_arrival_hold(struct capipc_context *context, const struct capipc_moved *moved)
{
	struct capipc_object *object = moved->what.object;

	capipc_object_lock(object);
	object->peer_closed_told = false;
	object->cookie = 0;
	if (object->kind == CAPIPC_KIND_ENDPOINT)
		capipc_endpoint_tell_locked(capipc_endpoint(object), 0);
	capipc_object_unlock(object);
	capipc_object_hold(object, context, moved->value, moved->what.rights);
}

static void capipc_arrival_refuse(struct capipc_context *context,
				  const struct capipc_message *message,
				  const struct capipc_moved *moved, struct list_head *garbage)
{
	capipc_audit_confined(context, moved->what.object, message->sender);
	capipc_handle_close(&moved->what, false, garbage);
}

/* The receiver knows the handles: let them be used. */
void capipc_arrival_finish(struct capipc_context *context, struct capipc_message *message)
{
	const struct capipc_moved *moved;
	LIST_HEAD(garbage);
	u32 i;

	for (i = 0; i < message->moved_count; i++) {
		moved = &message->moved[i];
		if (moved->refused)
			capipc_arrival_refuse(context, message, moved, &garbage);
		else if (moved->what.kind == CAPIPC_KIND_FILE)
			fput(moved->what.file);
		else if (capipc_handle_is_object(&moved->what))
			capipc_arrival_hold(context, moved);
		else if (!capipc_table_publish(&context->table, moved->value, &moved->what))
			capipc_handle_close(&moved->what, false, &garbage);
	}
	message->moved_count = 0;
	capipc_garbage_run(&garbage);
}
