// SPDX-License-Identifier: GPL-2.0
/*
 * Queries: what the kernel pinned of a sender, on demand. What few ask for costs
 * nothing where nobody asks.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pid_namespace.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "context.h"
#include "ident.h"
#include "label.h"
#include "invitation.h"
#include "ioctl.h"
#include "pipe.h"
#include "program.h"
#include "query.h"
#include "table.h"
#include "transaction.h"

/**
 * capipc_query_sender - find the sender that a stamp is about
 * @handle: an endpoint, a reply handle or an invitation
 * @stamp_id: which; 0 for who connected, called or accepted
 * @changed: out: %CAPIPC_STAMP_CHANGED, as it was in the stamp
 *
 * Return: the ident with a reference, or -ESTALE, -EPROTOTYPE.
 */
struct capipc_ident *capipc_query_sender(struct capipc_handle *handle, u64 stamp_id, bool *changed)
{
	struct capipc_endpoint *endpoint, *peer;
	struct capipc_ident *ident = NULL;

	switch (handle->kind) {
	case CAPIPC_KIND_REPLY:
		ident = handle->transaction->sender;
		if (stamp_id && ident->id != stamp_id)
			return ERR_PTR(-ESTALE);
		*changed = handle->transaction->sender_changed;
		return capipc_ident_get(ident);
	case CAPIPC_KIND_INVITATION:
		*changed = false;
		return capipc_invitation_acceptor(capipc_invitation(handle->object), stamp_id);
	case CAPIPC_KIND_ENDPOINT:
		break;
	default:
		return ERR_PTR(-EPROTOTYPE);
	}

	endpoint = capipc_endpoint(handle->object);
	capipc_object_lock(handle->object);
	peer = capipc_endpoint_peer(endpoint);
	if (peer->origin && (!stamp_id || peer->origin->id == stamp_id))
		ident = peer->origin;
	else if (endpoint->last && endpoint->last->id == stamp_id)
		ident = endpoint->last;
	if (ident) {
		capipc_ident_get(ident);
		*changed = peer->origin && !capipc_ident_same(peer->origin, ident);
	}
	capipc_object_unlock(handle->object);
	return ident ?: ERR_PTR(-ESTALE);
}

static int capipc_query_groups(const struct capipc_ident *ident, struct capipc_query *arg)
{
	const struct group_info *groups = ident->cred->group_info;
	u32 __user *user = u64_to_user_ptr(arg->groups);
	int i;

	arg->groups_count = groups->ngroups;
	if (arg->groups_count > arg->groups_capacity)
		return 0;
	for (i = 0; i < groups->ngroups; i++) {
		if (put_user(from_kgid_munged(current_user_ns(), groups->gid[i]), &user[i]))
			return -EFAULT;
	}
	return 0;
}

static int capipc_query_label(const struct capipc_ident *ident, struct capipc_query *arg)
{
	const char *label = ident->label->text;
	size_t len = label ? strlen(label) : 0;

	arg->label_len = len;
	if (len <= arg->label_capacity &&
	    copy_to_user(u64_to_user_ptr(arg->label), label, len))
		return -EFAULT;
	return 0;
}

static void capipc_query_exe(const struct capipc_ident *ident, struct capipc_query *arg)
{
	arg->exe_dev = 0;
	arg->exe_ino = 0;
	if (!ident->exe)
		return;
	capipc_program_stat(ident->exe, &arg->exe_dev, &arg->exe_ino);
	arg->state |= CAPIPC_QUERY_HAS_EXE;
}

static void capipc_query_process(const struct capipc_ident *ident, struct capipc_query *arg)
{
	rcu_read_lock();
	if (pid_task(ident->pid, PIDTYPE_TGID))
		arg->state |= CAPIPC_QUERY_ALIVE;
	rcu_read_unlock();
	arg->start_time_ns = ident->start_time_ns;
	arg->real_uid = from_kuid_munged(current_user_ns(), ident->cred->uid);
	arg->real_gid = from_kgid_munged(current_user_ns(), ident->cred->gid);
	arg->user_ns = ident->cred->user_ns->ns.inum;
	arg->pid_ns = ns_of_pid(ident->pid)->ns.inum;
	arg->net_ns = ident->net_ns;
}

/* Open the program with the caller's own permission. */
static struct file *capipc_query_open_exe(const struct capipc_ident *ident)
{
	int ret;

	if (!ident->exe)
		return ERR_PTR(-ENOENT);
	/* What a path walk would do at its end: dentry_open() trusts its caller. */
	ret = capipc_compat_path_permission(&ident->exe->f_path, MAY_OPEN | MAY_READ);
	if (ret)
		return ERR_PTR(ret);
	return dentry_open(&ident->exe->f_path, O_RDONLY | O_LARGEFILE, current_cred());
}

static int capipc_query_respond(const struct capipc_ident *ident, struct capipc_request *request)
{
	struct capipc_query *arg = &request->argument.query;
	struct file *exe;
	int ret;

	arg->exe_fd = -1;
	if (!(arg->flags & CAPIPC_QUERY_EXE))
		return capipc_request_respond(request);

	exe = capipc_query_open_exe(ident);
	if (IS_ERR(exe))
		return PTR_ERR(exe);
	ret = get_unused_fd_flags(O_CLOEXEC);
	if (ret < 0)
		goto err_fput;
	arg->exe_fd = ret;
	ret = capipc_request_respond(request);
	if (ret) {
		put_unused_fd(arg->exe_fd);
		goto err_fput;
	}
	fd_install(arg->exe_fd, exe);
	return 0;

err_fput:
	fput(exe);
	return ret;
}

int capipc_ioctl_query(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_query *arg = &request->argument.query;
	struct capipc_handle handle;
	struct capipc_ident *ident;
	bool changed;
	int ret;

	if ((arg->flags & ~CAPIPC_QUERY_EXE) || arg->reserved)
		return -EINVAL;
	ret = capipc_table_get_any(&context->table, arg->handle, &handle);
	if (ret)
		return ret;
	ident = capipc_query_sender(&handle, arg->stamp_id, &changed);
	capipc_handle_put(&handle);
	if (IS_ERR(ident))
		return PTR_ERR(ident);

	arg->state = 0;
	capipc_query_process(ident, arg);
	capipc_query_exe(ident, arg);
	capipc_ident_stamp(ident, changed, &arg->stamp);
	ret = capipc_query_groups(ident, arg);
	if (!ret)
		ret = capipc_query_label(ident, arg);
	if (!ret)
		ret = capipc_query_respond(ident, request);
	capipc_ident_put(ident);
	return ret;
}
