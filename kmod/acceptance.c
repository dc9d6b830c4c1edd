// SPDX-License-Identifier: GPL-2.0
/*
 * Accepting an invitation: what it holds arrives in the acceptor's table. The steps are
 * in docs/invitation.md.
 */
#include <linux/file.h>
#include <linux/uaccess.h>

#include "audit.h"
#include "context.h"
#include "ident.h"
#include "invitation.h"
#include "ioctl.h"
#include "message.h"
#include "pipe.h"
#include "table.h"
#include "transfer.h"

/* The acceptor knows the handles: let them be used. */
static void capipc_acceptance_arrive(struct capipc_invitation *invitation,
				     struct capipc_context *context,
				     struct capipc_message *held, struct capipc_ident *ident,
				     const u32 *values)
{
	u32 i;

	for (i = 0; i < held->moved_count; i++) {
		held->moved[i].value = values[i];
		if (held->moved[i].what.kind == CAPIPC_KIND_ENDPOINT)
			capipc_endpoint_invite(capipc_endpoint(held->moved[i].what.object), ident,
					       invitation->context_id, invitation->may_kill);
	}
	capipc_arrival_finish(context, held);
	capipc_message_free(held);
}

static int capipc_acceptance_copy(struct capipc_invitation *invitation,
				  struct capipc_request *request, const u32 *values)
{
	const struct capipc_accept *arg = &request->argument.accept;
	struct capipc_invited __user *user = u64_to_user_ptr(arg->attachments);
	struct capipc_invited invited;
	u32 i;

	for (i = 0; i < invitation->count; i++) {
		invited = invitation->invited[i];
		invited.handle = values[i];
		if (copy_to_user(&user[i], &invited, sizeof(invited)))
			return -EFAULT;
	}
	return capipc_request_respond(request);
}

static int capipc_acceptance_deliver(struct capipc_invitation *invitation,
				     struct capipc_context *context,
				     struct capipc_request *request, struct capipc_ident *ident)
{
	const struct capipc_accept *arg = &request->argument.accept;
	struct capipc_table *table = &context->table;
	u32 values[CAPIPC_INVITED_MAX], i;
	struct capipc_message *held;
	int ret;

	ret = capipc_table_reserve(table, invitation->count, false);
	if (ret)
		return ret;
	for (i = 0; i < invitation->count; i++)
		values[i] = capipc_table_take(table);
	ret = capipc_acceptance_copy(invitation, request, values);
	if (!ret) {
		held = capipc_invitation_take(invitation, ident, arg->flags);
		ret = PTR_ERR_OR_ZERO(held);
	}
	if (ret) {
		for (i = 0; i < invitation->count; i++)
			capipc_table_abort(table, values[i]);
		return ret;
	}
	capipc_acceptance_arrive(invitation, context, held, ident, values);
	return 0;
}

/* As far as it goes without the acceptor's table and memory. */
static int capipc_acceptance_begin(struct capipc_invitation *invitation,
				   struct capipc_context *context,
				   struct capipc_request *request, struct capipc_ident *ident)
{
	struct capipc_accept *arg = &request->argument.accept;
	int ret;

	capipc_object_lock(&invitation->object);
	ret = capipc_invitation_check_locked(invitation, ident, arg->flags);
	capipc_object_unlock(&invitation->object);
	if (ret)
		return ret;
	arg->attachments_count = invitation->count;
	arg->terms = invitation->may_kill ? CAPIPC_INVITE_MAY_KILL : 0;
	memset(&arg->stamp, 0, sizeof(arg->stamp));
	if (arg->attachments_capacity < invitation->count)
		return capipc_request_respond(request) ?: -EMSGSIZE;
	capipc_ident_stamp(invitation->inviter, false, &arg->stamp);
	return capipc_acceptance_deliver(invitation, context, request, ident);
}

int capipc_ioctl_accept(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_accept *arg = &request->argument.accept;
	struct capipc_invitation *invitation;
	struct capipc_ident *ident;
	struct file *file;
	int ret;

	if (arg->flags & ~CAPIPC_ACCEPT_MAY_KILL)
		return -EINVAL;
	file = fget(arg->fd);
	if (!file)
		return -EBADF;
	ret = -EPROTOTYPE;
	if (!capipc_file_is_invitation(file))
		goto out;
	invitation = file->private_data;
	ret = -ENOMEM;
	ident = capipc_ident_create(context);
	if (!ident)
		goto out;
	ret = capipc_acceptance_begin(invitation, context, request, ident);
	if (!ret || ret == -EACCES)
		capipc_audit_invitation(context, invitation, ident, ret);
	capipc_ident_put(ident);
out:
	fput(file);
	return ret;
}
