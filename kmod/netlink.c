// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: see netlink.h. Here are the requests, all of them
 * questions: which contexts there are, and what they hold.
 *
 * A context is in the list of its network namespace for as long as its file
 * and its address space are there. A dump takes references to some of them at a
 * time and fills messages without any lock; between two messages it keeps
 * numbers only, so that nobody who does not read his socket pins anything but
 * his namespaces.
 */
#include <linux/dcache.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <net/sock.h>

#include "account_netlink.h"
#include "context.h"
#include "data_pipe.h"
#include "event.h"
#include "invitation.h"
#include "listener.h"
#include "memory.h"
#include "net.h"
#include "netlink.h"
#include "program.h"
#include "object.h"
#include "pipe.h"
#include "table.h"

/* References that a dump takes at a time. */
#define CAPIPC_DUMP_BATCH	32U

/**
 * struct capipc_viewer - who asks, found out when he asks
 * @user_ns: in terms of which user ids are told
 * @pid_ns: in terms of which process ids are told
 * @uid: real user id
 * @all: sees the contexts of all users
 */
struct capipc_viewer {
	struct user_namespace *user_ns;
	struct pid_namespace *pid_ns;
	kuid_t uid;
	bool all;
};

/**
 * struct capipc_dump - how far a dump has come, in netlink_callback.ctx
 * @viewer: who asks, with references
 * @begun: the request has been looked at
 * @cursor: where to go on in the table of the context @from
 * @from: the contexts below are done
 * @until: the last one; what is opened later is not waited for
 */
struct capipc_dump {
	struct capipc_viewer viewer;
	bool begun;
	u32 cursor;
	u64 from;
	u64 until;
};

static void capipc_viewer_init(struct capipc_viewer *viewer, const struct sk_buff *request)
{
	viewer->user_ns = sk_user_ns(NETLINK_CB(request).sk);
	viewer->pid_ns = task_active_pid_ns(current);
	viewer->uid = NETLINK_CB(request).creds.uid;
	viewer->all = netlink_ns_capable(request, sock_net(request->sk)->user_ns, CAP_SYS_ADMIN);
}

/**
 * capipc_netlink_put_text - add text that has no NUL
 * @skb: the message
 * @type: of the attribute, which gets a NUL
 * @text: the text
 * @len: its length in bytes
 */
int capipc_netlink_put_text(struct sk_buff *skb, int type, const char *text, size_t len)
{
	struct nlattr *attr = nla_reserve(skb, type, len + 1);
	char *to;

	if (!attr)
		return -EMSGSIZE;
	to = nla_data(attr);
	memcpy(to, text, len);
	to[len] = '\0';
	return 0;
}

/**
 * capipc_contexts_from - the next contexts that somebody may see
 * @net: network namespace
 * @viewer: who
 * @from: least number
 * @until: greatest number
 * @batch: room for the @max contexts with the least numbers, sorted, with
 *         references
 * @max: how many, not 0
 *
 * The list is only roughly in order: numbers are given before contexts enter it.
 *
 * Return: how many there are.
 */
static unsigned int capipc_contexts_from(struct net *net, const struct capipc_viewer *viewer,
					 u64 from, u64 until, struct capipc_context **batch,
					 unsigned int max)
{
	struct capipc_net *cn = capipc_net(net);
	struct capipc_context *context;
	unsigned int count = 0, i;

	spin_lock(&cn->lock);
	list_for_each_entry(context, &cn->contexts, net_link) {
		if (context->id < from || context->id > until ||
		    (!viewer->all && !uid_eq(context->uid, viewer->uid)))
			continue;
		if (count == max && batch[max - 1]->id < context->id)
			continue;
		if (count < max)
			count++;
		for (i = count - 1; i && batch[i - 1]->id > context->id; i--)
			batch[i] = batch[i - 1];
		batch[i] = context;
	}
	/* While it is in the list, its file has a reference. */
	for (i = 0; i < count; i++)
		refcount_inc(&batch[i]->refs);
	spin_unlock(&cn->lock);
	return count;
}

/* The context with that number, with a reference; NULL if there is none to be seen. */
static struct capipc_context *capipc_context_find(struct net *net,
						  const struct capipc_viewer *viewer, u64 id)
{
	struct capipc_context *context;

	return capipc_contexts_from(net, viewer, id, id, &context, 1) ? context : NULL;
}

/* The greatest number there is; 0 if there is none. */
static u64 capipc_contexts_last(struct net *net)
{
	struct capipc_net *cn = capipc_net(net);
	struct capipc_context *context;
	u64 last = 0;

	spin_lock(&cn->lock);
	list_for_each_entry(context, &cn->contexts, net_link)
		last = max(last, context->id);
	spin_unlock(&cn->lock);
	return last;
}

static int capipc_context_put_attrs(struct sk_buff *skb, const struct capipc_viewer *viewer,
				    struct capipc_context *context)
{
	struct capipc_table *table = &context->table;
	u32 handles;

	spin_lock(&table->lock);
	handles = table->capacity - table->free;
	spin_unlock(&table->lock);

	if (nla_put_u64_64bit(skb, CAPIPC_CONTEXT_A_ID, context->id, CAPIPC_CONTEXT_A_PAD) ||
	    nla_put_u32(skb, CAPIPC_CONTEXT_A_UID,
			from_kuid_munged(viewer->user_ns, context->uid)) ||
	    nla_put_u32(skb, CAPIPC_CONTEXT_A_PID, pid_nr_ns(context->pid, viewer->pid_ns)) ||
	    nla_put_u32(skb, CAPIPC_CONTEXT_A_HANDLES, handles))
		return -EMSGSIZE;
	if (!context->exe)
		return 0;
	return capipc_program_put(skb, CAPIPC_CONTEXT_A_PROGRAM, context->exe);
}

static int capipc_context_fill(struct sk_buff *skb, const struct capipc_viewer *viewer,
			       struct capipc_context *context, u32 portid, u32 seq, int flags)
{
	void *header;
	int ret;

	header = genlmsg_put(skb, portid, seq, &capipc_genl_family, flags,
			     CAPIPC_CMD_GET_CONTEXT);
	if (!header)
		return -EMSGSIZE;
	ret = capipc_context_put_attrs(skb, viewer, context);
	if (ret)
		genlmsg_cancel(skb, header);
	else
		genlmsg_end(skb, header);
	return ret;
}

static int capipc_get_context(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[CAPIPC_CONTEXT_A_ID];
	struct capipc_context *context;
	struct capipc_viewer viewer;
	struct sk_buff *skb;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, CAPIPC_CONTEXT_A_ID)) {
		NL_SET_ERR_MSG(info->extack, "which context? there is no CAPIPC_CONTEXT_A_ID");
		return -EINVAL;
	}
	capipc_viewer_init(&viewer, request);
	context = capipc_context_find(genl_info_net(info), &viewer, nla_get_u64(attr));
	if (!context) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "no such context");
		return -ENOENT;
	}
	ret = -ENOMEM;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		goto out;
	ret = capipc_context_fill(skb, &viewer, context, info->snd_portid, info->snd_seq, 0);
	if (ret)
		nlmsg_free(skb);
	else
		ret = genlmsg_reply(skb, info);
out:
	capipc_context_put(context);
	return ret;
}

static struct capipc_dump *capipc_dump(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct capipc_dump) > sizeof(cb->ctx));
	return (struct capipc_dump *)cb->ctx;
}

static int capipc_dump_start(struct netlink_callback *cb)
{
	struct capipc_viewer *viewer = &capipc_dump(cb)->viewer;

	capipc_viewer_init(viewer, cb->skb);
	get_user_ns(viewer->user_ns);
	get_pid_ns(viewer->pid_ns);
	capipc_dump(cb)->until = capipc_contexts_last(sock_net(cb->skb->sk));
	return 0;
}

static int capipc_dump_done(struct netlink_callback *cb)
{
	struct capipc_viewer *viewer = &capipc_dump(cb)->viewer;

	put_pid_ns(viewer->pid_ns);
	put_user_ns(viewer->user_ns);
	return 0;
}

/* Fill a message with as many contexts, or as much of them, as there is room for. */
static int capipc_dump_contexts(struct sk_buff *skb, struct netlink_callback *cb,
				int (*fill)(struct sk_buff *skb, struct netlink_callback *cb,
					    struct capipc_context *context))
{
	struct capipc_context *batch[CAPIPC_DUMP_BATCH];
	struct capipc_dump *dump = capipc_dump(cb);
	unsigned int count, i;
	int ret = 0;

	do {
		cond_resched();
		count = capipc_contexts_from(sock_net(cb->skb->sk), &dump->viewer, dump->from,
					     dump->until, batch, CAPIPC_DUMP_BATCH);
		for (i = 0; i < count; i++) {
			if (batch[i]->id != dump->from) {
				dump->from = batch[i]->id;
				dump->cursor = 0;
			}
			ret = fill(skb, cb, batch[i]);
			if (ret)
				break;
			dump->from++;
			dump->cursor = 0;
		}
		for (i = 0; i < count; i++)
			capipc_context_put(batch[i]);
	} while (!ret && count == CAPIPC_DUMP_BATCH);

	/* With something in the message the error can wait for the next one. */
	return skb->len ?: ret;
}

static int capipc_dump_fill_context(struct sk_buff *skb, struct netlink_callback *cb,
				    struct capipc_context *context)
{
	return capipc_context_fill(skb, &capipc_dump(cb)->viewer, context,
				   NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, NLM_F_MULTI);
}

static const struct nla_policy capipc_context_policy[] = {
	[CAPIPC_CONTEXT_A_ID] = NLA_POLICY_MIN(NLA_U64, 1),
};

static int capipc_dump_context(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *attrs[ARRAY_SIZE(capipc_context_policy)];
	struct capipc_dump *dump = capipc_dump(cb);
	int ret;

	if (!dump->begun) {
		ret = genlmsg_parse(cb->nlh, &capipc_genl_family, attrs, ARRAY_SIZE(attrs) - 1,
				    capipc_context_policy, cb->extack);
		if (ret)
			return ret;
		if (attrs[CAPIPC_CONTEXT_A_ID]) {
			NL_SET_ERR_MSG_ATTR(cb->extack, attrs[CAPIPC_CONTEXT_A_ID],
					    "a dump is of all contexts: no CAPIPC_CONTEXT_A_ID, or no NLM_F_DUMP");
			return -EINVAL;
		}
		dump->begun = true;
	}
	return capipc_dump_contexts(skb, cb, capipc_dump_fill_context);
}

static u64 capipc_object_number(struct capipc_object *object)
{
	if (object->kind == CAPIPC_KIND_LISTENER)
		return capipc_listener(object)->id;
	if (object->kind == CAPIPC_KIND_INVITATION)
		return capipc_invitation(object)->id;
	if (capipc_kind_is_data_end(object->kind))
		return capipc_data_end_pipe(capipc_data_end(object))->id;
	return capipc_endpoint_pipe(capipc_endpoint(object))->id;
}

/**
 * struct capipc_peer - where the other end of a pipe is
 * @state: enum capipc_peer_state
 * @context: number of the context that holds it, or 0
 * @inside: number of the object in whose queue it is, or 0
 */
struct capipc_peer {
	u32 state;
	u64 context;
	u64 inside;
};

/* @object: the other end; both ends have one lock */
static void capipc_peer_find_locked(struct capipc_object *object, bool closed,
				    struct capipc_peer *peer)
{
	lockdep_assert_held(object->lock);
	memset(peer, 0, sizeof(*peer));
	if (closed) {
		peer->state = CAPIPC_PEER_CLOSED;
	} else if (object->place == CAPIPC_PLACE_HELD) {
		peer->state = CAPIPC_PEER_HELD;
		peer->context = object->owner->id;
	} else {
		peer->state = CAPIPC_PEER_IN_FLIGHT;
		if (object->container)
			peer->inside = capipc_object_number(object->container);
	}
}

/* Has the object left this context since its handle was looked up? */
static bool capipc_object_left_locked(const struct capipc_object *object,
				      const struct capipc_context *context)
{
	lockdep_assert_held(object->lock);
	return capipc_object_is_away(object) ||
	       (object->place == CAPIPC_PLACE_HELD && object->owner != context);
}

static int capipc_handle_put_peer(struct sk_buff *skb, const struct capipc_viewer *viewer,
				  const struct capipc_peer *peer)
{
	if (nla_put_u32(skb, CAPIPC_HANDLE_A_PEER, peer->state))
		return -EMSGSIZE;
	if (!viewer->all)
		return 0;
	if (peer->context && nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_PEER_CONTEXT, peer->context,
					       CAPIPC_HANDLE_A_PAD))
		return -EMSGSIZE;
	if (peer->inside && nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_PEER_INSIDE, peer->inside,
					      CAPIPC_HANDLE_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static int capipc_handle_put_endpoint(struct sk_buff *skb, const struct capipc_viewer *viewer,
				      struct capipc_endpoint *endpoint)
{
	struct capipc_object *object = &endpoint->object;
	u32 queued, facet;
	struct capipc_peer peer;
	size_t bytes;
	bool rules;

	spin_lock(object->lock);
	queued = object->queued;
	bytes = endpoint->window_bytes;
	facet = endpoint->facet;
	rules = endpoint->rules;
	capipc_peer_find_locked(&capipc_endpoint_peer(endpoint)->object,
				capipc_peer_closed_locked(endpoint), &peer);
	spin_unlock(object->lock);

	if (nla_put_u32(skb, CAPIPC_HANDLE_A_QUEUED, queued) ||
	    nla_put_u32(skb, CAPIPC_HANDLE_A_END, endpoint->index) ||
	    nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_BYTES, bytes, CAPIPC_HANDLE_A_PAD) ||
	    nla_put_u32(skb, CAPIPC_HANDLE_A_FACET, facet))
		return -EMSGSIZE;
	if (rules && nla_put_flag(skb, CAPIPC_HANDLE_A_RULES))
		return -EMSGSIZE;
	return capipc_handle_put_peer(skb, viewer, &peer);
}

static int capipc_handle_put_data_end(struct sk_buff *skb, const struct capipc_viewer *viewer,
				      struct capipc_data_end *end)
{
	struct capipc_peer peer;

	spin_lock(end->object.lock);
	capipc_peer_find_locked(&capipc_data_end_peer(end)->object,
				capipc_data_peer_closed_locked(end), &peer);
	spin_unlock(end->object.lock);

	return nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_BYTES, capipc_data_end_pipe(end)->bytes,
				 CAPIPC_HANDLE_A_PAD) ?:
	       capipc_handle_put_peer(skb, viewer, &peer);
}

static int capipc_handle_put_queued(struct sk_buff *skb, struct capipc_object *object)
{
	u32 queued;

	spin_lock(object->lock);
	queued = object->queued;
	spin_unlock(object->lock);
	return nla_put_u32(skb, CAPIPC_HANDLE_A_QUEUED, queued);
}

static int capipc_handle_put_listener(struct sk_buff *skb, struct capipc_listener *listener)
{
	return capipc_handle_put_queued(skb, &listener->object) ?:
	       nla_put_u32(skb, CAPIPC_HANDLE_A_BACKLOG, listener->backlog) ?:
	       capipc_netlink_put_text(skb, CAPIPC_HANDLE_A_NAME, listener->name,
				       listener->name_len);
}

static int capipc_handle_put_buffer(struct sk_buff *skb, const struct capipc_memory *memory)
{
	return nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_OBJECT, memory->id, CAPIPC_HANDLE_A_PAD) ?:
	       nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_BYTES, capipc_memory_size(memory),
				 CAPIPC_HANDLE_A_PAD);
}

static int capipc_handle_put_attrs(struct sk_buff *skb, const struct capipc_viewer *viewer,
				   const struct capipc_context *context,
				   const struct capipc_handle *handle, u32 value)
{
	if (nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_CONTEXT, context->id, CAPIPC_HANDLE_A_PAD) ||
	    nla_put_u32(skb, CAPIPC_HANDLE_A_HANDLE, value) ||
	    nla_put_u32(skb, CAPIPC_HANDLE_A_KIND, handle->kind) ||
	    nla_put_u32(skb, CAPIPC_HANDLE_A_RIGHTS, handle->rights))
		return -EMSGSIZE;
	if (handle->kind == CAPIPC_KIND_BUFFER)
		return capipc_handle_put_buffer(skb, handle->memory);
	if (!capipc_handle_is_object(handle))
		return 0;
	if (nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_OBJECT, capipc_object_number(handle->object),
			      CAPIPC_HANDLE_A_PAD))
		return -EMSGSIZE;
	if (handle->kind == CAPIPC_KIND_LISTENER)
		return capipc_handle_put_listener(skb, capipc_listener(handle->object));
	if (handle->kind == CAPIPC_KIND_INVITATION)
		return capipc_handle_put_queued(skb, handle->object);
	if (capipc_kind_is_data_end(handle->kind))
		return capipc_handle_put_data_end(skb, viewer, capipc_data_end(handle->object));
	return capipc_handle_put_endpoint(skb, viewer, capipc_endpoint(handle->object));
}

static int capipc_handle_fill(struct sk_buff *skb, struct netlink_callback *cb,
			      const struct capipc_context *context,
			      const struct capipc_handle *handle, u32 value)
{
	bool left = false;
	void *header;
	int ret;

	if (capipc_handle_is_object(handle)) {
		spin_lock(handle->object->lock);
		left = capipc_object_left_locked(handle->object, context);
		spin_unlock(handle->object->lock);
	}
	if (left)
		return 0;
	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			     &capipc_genl_family, NLM_F_MULTI, CAPIPC_CMD_GET_HANDLE);
	if (!header)
		return -EMSGSIZE;
	ret = capipc_handle_put_attrs(skb, &capipc_dump(cb)->viewer, context, handle, value);
	if (ret)
		genlmsg_cancel(skb, header);
	else
		genlmsg_end(skb, header);
	return ret;
}

static int capipc_dump_fill_handles(struct sk_buff *skb, struct netlink_callback *cb,
				    struct capipc_context *context)
{
	struct capipc_dump *dump = capipc_dump(cb);
	u32 cursor = dump->cursor;
	struct capipc_handle handle;
	u32 value;
	int ret;

	while (capipc_table_next(&context->table, &cursor, &handle, &value)) {
		ret = capipc_handle_fill(skb, cb, context, &handle, value);
		capipc_handle_put(&handle);
		if (ret)
			return ret;
		dump->cursor = cursor;
	}
	return 0;
}

static const struct nla_policy capipc_handle_policy[] = {
	[CAPIPC_HANDLE_A_CONTEXT] = NLA_POLICY_MIN(NLA_U64, 1),
};

static int capipc_dump_handle(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *attrs[ARRAY_SIZE(capipc_handle_policy)];
	struct capipc_dump *dump = capipc_dump(cb);
	struct capipc_context *context;
	struct nlattr *attr;
	int ret;

	if (!dump->begun) {
		ret = genlmsg_parse(cb->nlh, &capipc_genl_family, attrs, ARRAY_SIZE(attrs) - 1,
				    capipc_handle_policy, cb->extack);
		if (ret)
			return ret;
		attr = attrs[CAPIPC_HANDLE_A_CONTEXT];
		if (attr) {
			dump->from = nla_get_u64(attr);
			dump->until = dump->from;
			context = capipc_context_find(sock_net(cb->skb->sk), &dump->viewer,
						      dump->from);
			if (!context) {
				NL_SET_ERR_MSG_ATTR(cb->extack, attr, "no such context");
				return -ENOENT;
			}
			capipc_context_put(context);
		}
		dump->begun = true;
	}
	return capipc_dump_contexts(skb, cb, capipc_dump_fill_handles);
}

static const struct genl_ops capipc_genl_ops[] = {
	{
		.cmd = CAPIPC_CMD_GET_CONTEXT,
		.doit = capipc_get_context,
		.start = capipc_dump_start,
		.dumpit = capipc_dump_context,
		.done = capipc_dump_done,
		.policy = capipc_context_policy,
		.maxattr = ARRAY_SIZE(capipc_context_policy) - 1,
	}, {
		.cmd = CAPIPC_CMD_GET_HANDLE,
		.start = capipc_dump_start,
		.dumpit = capipc_dump_handle,
		.done = capipc_dump_done,
		.policy = capipc_handle_policy,
		.maxattr = ARRAY_SIZE(capipc_handle_policy) - 1,
	}, {
		.cmd = CAPIPC_CMD_GET_USER,
		.doit = capipc_get_user,
		.start = capipc_users_start,
		.dumpit = capipc_dump_user,
		.done = capipc_users_done,
		.policy = capipc_user_get_policy,
		.maxattr = ARRAY_SIZE(capipc_user_get_policy) - 1,
	}, {
		.cmd = CAPIPC_CMD_SET_USER,
		.doit = capipc_set_user,
		.policy = capipc_user_set_policy,
		.maxattr = ARRAY_SIZE(capipc_user_set_policy) - 1,
	}, {
		.cmd = CAPIPC_CMD_GET_ACCOUNT,
		.start = capipc_users_start,
		.dumpit = capipc_dump_account,
		.done = capipc_users_done,
	},
};

static const struct genl_multicast_group capipc_genl_groups[] = {
	[CAPIPC_GENL_EVENTS] = {
		.name = CAPIPC_GENL_GROUP_EVENTS,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
};

struct genl_family capipc_genl_family __ro_after_init = {
	.name = CAPIPC_GENL_NAME,
	.version = CAPIPC_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = capipc_genl_ops,
	.n_ops = ARRAY_SIZE(capipc_genl_ops),
	.mcgrps = capipc_genl_groups,
	.n_mcgrps = ARRAY_SIZE(capipc_genl_groups),
};

int __init capipc_netlink_init(void)
{
	return genl_register_family(&capipc_genl_family);
}

void capipc_netlink_exit(void)
{
	genl_unregister_family(&capipc_genl_family);
}
