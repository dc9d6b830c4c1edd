// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of contexts: see dump.h.
 *
 * Contexts are found by number under RCU. One that has been found is kept by a
 * reference while its message is filled, without any lock.
 */
#include <linux/sched.h>
#include <net/sock.h>

#include "context.h"
#include "dump.h"
#include "net.h"
#include "netlink.h"
#include "program.h"
#include "usage.h"

/* How many contexts are looked at before others may run. */
#define CAPIPC_CONTEXT_BATCH	128U

const struct nla_policy capipc_context_policy[CAPIPC_CONTEXT_A_ID + 1] = {
	[CAPIPC_CONTEXT_A_ID] = NLA_POLICY_MIN(NLA_U64, 1),
};

/**
 * capipc_context_next - the next context that somebody may see
 * @viewer: who
 * @from: in: least number. out: where to go on
 * @until: greatest number
 *
 * May sleep. Return: the context with a reference, or NULL if there is none.
 */
static struct capipc_context *capipc_context_next(const struct capipc_viewer *viewer, u64 *from,
						  u64 until)
{
	XA_STATE(xas, &capipc_net(viewer->net)->contexts, *from);
	struct capipc_context *context;
	unsigned int looked = 0;

	rcu_read_lock();
	xas_for_each(&xas, context, until) {
		if (xas_retry(&xas, context))
			continue;
		if (capipc_viewer_sees_context(viewer, context) &&
		    refcount_inc_not_zero(&context->refs))
			break;
		if (++looked % CAPIPC_CONTEXT_BATCH == 0) {
			xas_pause(&xas);
			rcu_read_unlock();
			cond_resched();
			rcu_read_lock();
		}
	}
	rcu_read_unlock();
	*from = context ? context->id + 1 : until + 1;
	return context;
}

/* The context with that number, with a reference; NULL if there is none to be seen. */
static struct capipc_context *capipc_context_find(const struct capipc_viewer *viewer, u64 id)
{
	u64 from = id;

	return id > ULONG_MAX ? NULL : capipc_context_next(viewer, &from, id);
}

/* Changes whenever a context comes or goes; never 0. */
static unsigned int capipc_context_generation(const struct capipc_viewer *viewer)
{
	return (unsigned int)atomic_read(&capipc_net(viewer->net)->changes) * 2 + 1;
}

static int capipc_context_put_attrs(struct sk_buff *skb, const struct capipc_viewer *viewer,
				    struct capipc_context *context)
{
	struct capipc_usage usage;
	struct capipc_program program;
	int ret;

	capipc_usage_find(&usage, context);
	if (nla_put_u64_64bit(skb, CAPIPC_CONTEXT_A_ID, context->id, CAPIPC_CONTEXT_A_PAD) ||
	    nla_put_u32(skb, CAPIPC_CONTEXT_A_UID,
			from_kuid_munged(viewer->user_ns, context->uid)) ||
	    nla_put_u32(skb, CAPIPC_CONTEXT_A_PID, pid_nr_ns(context->pid, viewer->pid_ns)) ||
	    nla_put_u32(skb, CAPIPC_CONTEXT_A_HANDLES, usage.handles) ||
	    nla_put_u64_64bit(skb, CAPIPC_CONTEXT_A_BYTES_CHARGED, usage.charged[CAPIPC_BYTES],
			      CAPIPC_CONTEXT_A_PAD) ||
	    nla_put_u64_64bit(skb, CAPIPC_CONTEXT_A_BYTES_LIMIT, usage.limit[CAPIPC_BYTES],
			      CAPIPC_CONTEXT_A_PAD) ||
	    nla_put_u64_64bit(skb, CAPIPC_CONTEXT_A_HANDLES_CHARGED, usage.charged[CAPIPC_HANDLES],
			      CAPIPC_CONTEXT_A_PAD) ||
	    nla_put_u64_64bit(skb, CAPIPC_CONTEXT_A_HANDLES_LIMIT, usage.limit[CAPIPC_HANDLES],
			      CAPIPC_CONTEXT_A_PAD))
		return -EMSGSIZE;
	if (usage.ready && nla_put_flag(skb, CAPIPC_CONTEXT_A_READY))
		return -EMSGSIZE;
	if (!context->exe)
		return 0;
	capipc_program_look(&program, context->exe, GFP_KERNEL);
	ret = capipc_program_put(skb, CAPIPC_CONTEXT_A_PROGRAM, &program, true);
	capipc_program_forget(&program);
	return ret;
}

int capipc_get_context(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[CAPIPC_CONTEXT_A_ID];
	struct capipc_context *context;
	struct capipc_viewer viewer;
	struct sk_buff *skb;
	void *header;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, CAPIPC_CONTEXT_A_ID)) {
		NL_SET_ERR_MSG(info->extack, "which context? there is no CAPIPC_CONTEXT_A_ID");
		return -EINVAL;
	}
	capipc_viewer_init(&viewer, request);
	context = capipc_context_find(&viewer, nla_get_u64(attr));
	if (!context) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "no such context");
		return -ENOENT;
	}
	ret = -ENOMEM;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		goto out;
	ret = -EMSGSIZE;
	header = genlmsg_put_reply(skb, info, &capipc_genl_family, 0, CAPIPC_CMD_GET_CONTEXT);
	if (header)
		ret = capipc_dump_end(skb, header,
				      capipc_context_put_attrs(skb, &viewer, context));
	ret = capipc_dump_answer(skb, info, ret);
out:
	capipc_context_put(context);
	return ret;
}

/* Fill a message with as many contexts, or as much of them, as there is room for. */
int capipc_dump_each_context(struct sk_buff *skb, struct netlink_callback *cb,
			     capipc_dump_context_fn fill)
{
	struct capipc_dump *dump = capipc_dump(cb);
	struct capipc_context *context;
	u64 from = dump->from;
	int ret = 0;

	cb->seq = capipc_context_generation(&dump->viewer);
	while (!ret) {
		context = capipc_context_next(&dump->viewer, &from, dump->until);
		if (!context)
			break;
		/* The one that we were in the middle of may be gone. */
		if (context->id != dump->from)
			dump->cursor = 0;
		dump->from = context->id;
		ret = fill(skb, cb, context);
		if (!ret) {
			dump->from = from;
			dump->cursor = 0;
		}
		capipc_context_put(context);
		cond_resched();
	}
	/* With something in the message the error can wait for the next one. */
	return skb->len ?: ret;
}

static int capipc_dump_fill_context(struct sk_buff *skb, struct netlink_callback *cb,
				    struct capipc_context *context)
{
	void *header = capipc_dump_header(skb, cb, CAPIPC_CMD_GET_CONTEXT);

	if (!header)
		return -EMSGSIZE;
	return capipc_dump_end(skb, header,
			       capipc_context_put_attrs(skb, &capipc_dump(cb)->viewer, context));
}

/* Of this context only, or of all if @attr is NULL. Return: 0 or -ENOENT. */
int capipc_dump_of_context(struct netlink_callback *cb, const struct nlattr *attr)
{
	struct capipc_dump *dump = capipc_dump(cb);
	struct capipc_context *context;

	if (!attr)
		return 0;
	context = capipc_context_find(&dump->viewer, nla_get_u64(attr));
	if (!context) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attr, "no such context");
		return -ENOENT;
	}
	dump->context = context->id;
	capipc_context_put(context);
	return 0;
}

/* What is opened later than now is not waited for. */
void capipc_dump_all_contexts(struct capipc_dump *dump)
{
	dump->until = capipc_context_last_id();
	dump->begun = true;
}

int capipc_dump_contexts(struct sk_buff *skb, struct netlink_callback *cb)
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
		capipc_dump_all_contexts(dump);
	}
	return capipc_dump_each_context(skb, cb, capipc_dump_fill_context);
}
