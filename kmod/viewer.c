// SPDX-License-Identifier: GPL-2.0
/*
 * Viewers: see viewer.h.
 */
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>
#include <net/sock.h>

#include "context.h"
#include "listener.h"
#include "netlink.h"
#include "object.h"
#include "pipe.h"
#include "viewer.h"

/**
 * capipc_viewer_init - find out who asks
 * @viewer: out; without references
 * @request: what it sent; its sender is the calling thread
 */
void capipc_viewer_init(struct capipc_viewer *viewer, const struct sk_buff *request)
{
	viewer->net = sock_net(request->sk);
	viewer->user_ns = sk_user_ns(NETLINK_CB(request).sk);
	viewer->pid_ns = task_active_pid_ns(current);
	viewer->uid = NETLINK_CB(request).creds.uid;
	viewer->all = netlink_ns_capable(request, viewer->net->user_ns, CAP_SYS_ADMIN);
}

/* Its socket keeps its network namespace. */
void capipc_viewer_get(struct capipc_viewer *viewer)
{
	get_user_ns(viewer->user_ns);
	get_pid_ns(viewer->pid_ns);
}

void capipc_viewer_put(struct capipc_viewer *viewer)
{
	put_pid_ns(viewer->pid_ns);
	put_user_ns(viewer->user_ns);
}

/* May it see this context? Nothing is looked at but what does not change. */
bool capipc_viewer_sees_context(const struct capipc_viewer *viewer,
				const struct capipc_context *context)
{
	return context->net == viewer->net && (viewer->all || uid_eq(context->uid, viewer->uid));
}

/* Without its lock the answer may be old; contexts go after a grace period. */
static bool capipc_viewer_sees_owner(const struct capipc_viewer *viewer,
				     const struct capipc_object *object)
{
	const struct capipc_context *owner = READ_ONCE(object->owner);

	return owner && capipc_viewer_sees_context(viewer, owner);
}

/**
 * capipc_viewer_sees_object - may it see this?
 * @viewer: who
 * @object: what; an endpoint stands for its pipe
 *
 * Under RCU, without any lock and without a reference: the object may be on its
 * way out. What is wholly in flight is nobody's; who sees all sees it in the
 * network namespace in which it was made.
 */
bool capipc_viewer_sees_object(const struct capipc_viewer *viewer, struct capipc_object *object)
{
	const struct capipc_listener *listener;
	const struct capipc_object *end[2];
	const struct capipc_pipe *pipe;

	switch (object->kind) {
	case CAPIPC_KIND_LISTENER:
		listener = capipc_listener(object);
		return listener->net == viewer->net &&
		       (viewer->all || uid_eq(listener->uid, viewer->uid) ||
			capipc_viewer_sees_owner(viewer, object));
	case CAPIPC_KIND_ENDPOINT:
		break;
	default:
		return capipc_viewer_sees_owner(viewer, object);
	}
	pipe = capipc_endpoint_pipe(capipc_endpoint(object));
	end[0] = &READ_ONCE(pipe->end[0])->object;
	end[1] = &READ_ONCE(pipe->end[1])->object;
	if (capipc_viewer_sees_owner(viewer, end[0]) || capipc_viewer_sees_owner(viewer, end[1]))
		return true;
	return viewer->all && pipe->net_cookie == viewer->net->net_cookie &&
	       !READ_ONCE(end[0]->owner) && !READ_ONCE(end[1]->owner);
}

/**
 * capipc_holder_find - who holds it, in terms of a viewer
 * @holder: out
 * @viewer: who is told
 * @context: the holder, which the caller keeps alive; NULL if there is none
 */
void capipc_holder_find(struct capipc_holder *holder, const struct capipc_viewer *viewer,
			const struct capipc_context *context)
{
	memset(holder, 0, sizeof(*holder));
	if (!context)
		return;
	holder->context = context->id;
	holder->uid = from_kuid_munged(viewer->user_ns, context->uid);
	holder->pid = pid_nr_ns(context->pid, viewer->pid_ns);
}

/* Add a nest about a holder, unless there is none. */
int capipc_holder_put(struct sk_buff *skb, int type, const struct capipc_holder *holder)
{
	struct nlattr *nest;

	if (!holder->context)
		return 0;
	nest = nla_nest_start(skb, type);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, CAPIPC_HOLDER_A_CONTEXT, holder->context, CAPIPC_HOLDER_A_PAD) ||
	    nla_put_u32(skb, CAPIPC_HOLDER_A_UID, holder->uid) ||
	    nla_put_u32(skb, CAPIPC_HOLDER_A_PID, holder->pid))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}
