// SPDX-License-Identifier: GPL-2.0
/*
 * Reports of bad messages: the pipe is cut, an event tells why, and the sender
 * is killed if the reporter may.
 */
#include <linux/ctype.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "context.h"
#include "event.h"
#include "ident.h"
#include "ioctl.h"
#include "object.h"
#include "pipe.h"
#include "query.h"
#include "report.h"
#include "table.h"
#include "transaction.h"

static int capipc_report_reason(const struct capipc_report *arg, char *reason)
{
	u32 i;

	if (!arg->reason_len)
		return arg->reason ? -EINVAL : 0;
	if (arg->reason_len > CAPIPC_REASON_MAX)
		return -EINVAL;
	if (copy_from_user(reason, u64_to_user_ptr(arg->reason), arg->reason_len))
		return -EFAULT;
	for (i = 0; i < arg->reason_len; i++) {
		if (!isascii(reason[i]) || !isprint(reason[i]))
			return -EINVAL;
	}
	return 0;
}

/* Did the sender agree to be killed, when it got the far end by an invitation? */
static bool capipc_report_agreed(struct capipc_context *context, struct capipc_endpoint *endpoint,
				 const struct capipc_ident *ident)
{
	const struct capipc_ident *acceptor;
	struct capipc_endpoint *peer;
	bool agreed;

	capipc_object_lock(&endpoint->object);
	peer = capipc_endpoint_peer(endpoint);
	acceptor = peer->origin;
	agreed = peer->clause == context->id && acceptor && acceptor->pid == ident->pid &&
		 acceptor->image == ident->image && acceptor->exec_id == ident->exec_id;
	capipc_object_unlock(&endpoint->object);
	return agreed;
}

/*
 * Kill a process that has agreed, without kill(2)'s rule, if it still runs the
 * program that did. The lock keeps it from executing another one meanwhile; whoever
 * has it is doing so, and need not be waited for. Nor is the first process of the
 * caller's own pid namespace killed, and all of that with it.
 */
static u32 capipc_report_kill_agreed(const struct capipc_ident *ident)
{
	u32 verdict = CAPIPC_REPORT_SPARED;
	struct task_struct *task;

	if (is_child_reaper(ident->pid) && ns_of_pid(ident->pid) == task_active_pid_ns(current))
		return verdict;
	task = get_pid_task(ident->pid, PIDTYPE_TGID);
	if (!task)
		return verdict;
	if (down_read_trylock(&task->signal->exec_update_lock)) {
		if (READ_ONCE(task->self_exec_id) == ident->exec_id &&
		    !kill_pid(ident->pid, SIGKILL, 1))
			verdict = CAPIPC_REPORT_KILLED;
		up_read(&task->signal->exec_update_lock);
	}
	put_task_struct(task);
	return verdict;
}

/*
 * kill(2)'s own rule, by the kernel's own function, on the process that is
 * pinned: a number that has been reused hits nobody. Nor can anybody kill who
 * has no number in his pid namespace. Else the sender may have agreed to it.
 */
static u32 capipc_report_kill(struct capipc_context *context, struct capipc_endpoint *endpoint,
			      const struct capipc_ident *ident)
{
	if (!pid_nr_ns(ident->pid, task_active_pid_ns(current)))
		return CAPIPC_REPORT_SPARED;
	if (!kill_pid(ident->pid, SIGKILL, 0))
		return CAPIPC_REPORT_KILLED;
	if (!capipc_report_agreed(context, endpoint, ident))
		return CAPIPC_REPORT_SPARED;
	return capipc_report_kill_agreed(ident);
}

static void capipc_report_tell(struct capipc_context *context, const struct capipc_report *arg,
			       const char *reason, u64 pipe_id,
			       struct capipc_ident *sender)
{
	struct capipc_event event = {
		.type = CAPIPC_EVENT_BAD_MESSAGE,
		.net = context->net,
		.actor = sender,
		.object_id = pipe_id,
		.context_id = context->id,
		.verdict = arg->verdict,
		.reason = arg->reason_len ? reason : NULL,
		.reason_len = arg->reason_len,
	};
	struct capipc_ident *reporter;

	if (!capipc_event_wanted(event.net))
		return;
	reporter = capipc_ident_create(context);
	event.reporter = reporter;
	capipc_event_emit(&event);
	if (arg->verdict == CAPIPC_REPORT_KILLED) {
		event.type = CAPIPC_EVENT_KILL;
		capipc_event_emit(&event);
	}
	capipc_ident_put(reporter);
}

/* The endpoint that a bad message came from. */
static struct capipc_endpoint *capipc_report_endpoint(const struct capipc_handle *handle)
{
	return handle->kind == CAPIPC_KIND_REPLY ? handle->transaction->target :
		capipc_endpoint(handle->object);
}

static int capipc_report_sender(const struct capipc_report *arg, struct capipc_handle *handle,
				struct capipc_ident **sender)
{
	struct capipc_ident *last;
	bool changed;

	if (handle->kind != CAPIPC_KIND_ENDPOINT && handle->kind != CAPIPC_KIND_REPLY)
		return -EPROTOTYPE;
	if (handle->kind == CAPIPC_KIND_REPLY) {
		if (!(handle->rights & CAPIPC_RIGHT_WRITE))
			return -EPERM;
		*sender = capipc_query_sender(handle, arg->stamp_id, &changed);
		return PTR_ERR_OR_ZERO(*sender);
	}
	if (!(handle->rights & CAPIPC_RIGHT_READ))
		return -EPERM;
	/* Who connected need not have sent anything: only who sent last will do. */
	capipc_object_lock(handle->object);
	last = capipc_endpoint(handle->object)->last;
	*sender = last && last->id == arg->stamp_id ? capipc_ident_get(last) : NULL;
	capipc_object_unlock(handle->object);
	return *sender ? 0 : -ESTALE;
}

int capipc_ioctl_report(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_report *arg = &request->argument.report;
	char reason[CAPIPC_REASON_MAX];
	struct capipc_handle handle, removed;
	struct capipc_endpoint *endpoint;
	struct capipc_ident *sender;
	u64 pipe_id;
	LIST_HEAD(garbage);
	int ret;

	if ((arg->flags & ~CAPIPC_REPORT_KILL) || arg->reserved)
		return -EINVAL;
	ret = capipc_report_reason(arg, reason);
	if (ret)
		return ret;
	ret = capipc_table_get_any(&context->table, arg->handle, &handle);
	if (ret)
		return ret;
	ret = capipc_report_sender(arg, &handle, &sender);
	if (ret)
		goto out_put;
	/* What cannot be undone comes last: see that the answer can be written. */
	arg->verdict = CAPIPC_REPORT_CUT_OFF;
	ret = capipc_request_respond(request);
	if (!ret)
		ret = capipc_table_remove(&context->table, arg->handle, &removed);
	if (ret)
		goto out_sender;

	endpoint = capipc_report_endpoint(&handle);
	/* First, so that the sender cannot see it coming and be gone by itself. */
	if (arg->flags & CAPIPC_REPORT_KILL)
		arg->verdict = capipc_report_kill(context, endpoint, sender);
	capipc_pipe_cut(endpoint, &garbage);
	/* A pipe that is cut is not fused any more. */
	pipe_id = capipc_endpoint_pipe(endpoint)->id;
	capipc_handle_close(&removed, false, &garbage);
	capipc_garbage_run(&garbage);
	capipc_report_tell(context, arg, reason, pipe_id, sender);
	/* It is done: whoever unmaps the struct meanwhile does not learn the verdict. */
	put_user(arg->verdict, &((struct capipc_report __user *)request->user)->verdict);

out_sender:
	capipc_ident_put(sender);
out_put:
	capipc_handle_put(&handle);
	return ret;
}
