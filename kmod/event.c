// SPDX-License-Identifier: GPL-2.0
/*
 * Events: see event.h.
 */
#include <linux/atomic.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "event.h"
#include "ident.h"
#include "netlink.h"
#include "program.h"
#include "rate.h"

/* Events that could not be told. Told itself in every event, as a total: each
 * listener sees it grow, whichever events it misses.
 */
static atomic64_t capipc_events_lost = ATOMIC64_INIT(0);

/* Who did it, from the point of view of a network namespace. */
struct capipc_actor {
	u64 stamp_id;
	const struct cred *cred;
	struct pid *pid;
	struct file *exe;
	u64 start_time_ns;
};

static int capipc_event_put_actor(struct sk_buff *skb, int type, const struct capipc_actor *actor,
				  struct user_namespace *ns)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	int ret;

	if (!nest)
		return -EMSGSIZE;
	if (actor->stamp_id &&
	    nla_put_u64_64bit(skb, CAPIPC_ACTOR_A_STAMP_ID, actor->stamp_id, CAPIPC_ACTOR_A_PAD))
		return -EMSGSIZE;
	if (nla_put_u32(skb, CAPIPC_ACTOR_A_UID, from_kuid_munged(ns, actor->cred->euid)) ||
	    nla_put_u32(skb, CAPIPC_ACTOR_A_GID, from_kgid_munged(ns, actor->cred->egid)) ||
	    nla_put_u64_64bit(skb, CAPIPC_ACTOR_A_CAPABILITIES,
			      capipc_cred_capabilities(actor->cred, ns), CAPIPC_ACTOR_A_PAD) ||
	    nla_put_u32(skb, CAPIPC_ACTOR_A_PID, pid_nr(actor->pid)) ||
	    nla_put_u64_64bit(skb, CAPIPC_ACTOR_A_START_TIME, actor->start_time_ns,
			      CAPIPC_ACTOR_A_PAD))
		return -EMSGSIZE;
	if (actor->exe) {
		ret = capipc_program_put(skb, CAPIPC_ACTOR_A_PROGRAM, actor->exe);
		if (ret)
			return ret;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int capipc_event_put_ident(struct sk_buff *skb, int type, const struct capipc_ident *ident,
				  struct user_namespace *ns)
{
	struct capipc_actor actor = {
		.stamp_id = ident->id,
		.cred = ident->cred,
		.pid = ident->pid,
		.exe = ident->exe,
		.start_time_ns = ident->start_time_ns,
	};

	return capipc_event_put_actor(skb, type, &actor, ns);
}

/* For want of an ident: what would make one may be what the quota does not allow. */
static int capipc_event_put_current(struct sk_buff *skb, int type, struct user_namespace *ns)
{
	struct capipc_actor actor = {
		.cred = current_cred(),
		.pid = task_tgid(current),
		.start_time_ns = current->group_leader->start_boottime,
	};

	return capipc_event_put_actor(skb, type, &actor, ns);
}

static int capipc_event_put_who(struct sk_buff *skb, const struct capipc_event *event)
{
	struct user_namespace *ns = event->net->user_ns;
	int ret = 0;

	if (event->actor)
		ret = capipc_event_put_ident(skb, CAPIPC_EVENT_A_ACTOR, event->actor, ns);
	else if (event->type == CAPIPC_EVENT_QUOTA || event->type == CAPIPC_EVENT_DENY)
		ret = capipc_event_put_current(skb, CAPIPC_EVENT_A_ACTOR, ns);
	if (!ret && event->reporter)
		ret = capipc_event_put_ident(skb, CAPIPC_EVENT_A_REPORTER, event->reporter, ns);
	return ret;
}

static int capipc_event_put_why(struct sk_buff *skb, const struct capipc_event *event)
{
	int ret = 0;

	if (event->invitation_id)
		return nla_put_u64_64bit(skb, CAPIPC_EVENT_A_INVITATION, event->invitation_id,
					 CAPIPC_EVENT_A_PAD);
	switch (event->type) {
	case CAPIPC_EVENT_CONNECT:
	case CAPIPC_EVENT_ACCEPT:
		ret = nla_put_u32(skb, CAPIPC_EVENT_A_FACET, event->facet);
		break;
	case CAPIPC_EVENT_DENY:
		if (event->name)
			break;
		ret = nla_put_u32(skb, CAPIPC_EVENT_A_FACET, event->facet) ?:
		      nla_put_u32(skb, CAPIPC_EVENT_A_ORDINAL, event->ordinal);
		break;
	case CAPIPC_EVENT_BAD_MESSAGE:
		ret = nla_put_u32(skb, CAPIPC_EVENT_A_VERDICT, event->verdict);
		break;
	case CAPIPC_EVENT_QUOTA:
		ret = nla_put_u32(skb, CAPIPC_EVENT_A_UID,
				  from_kuid_munged(event->net->user_ns, event->uid)) ?:
		      nla_put_u64_64bit(skb, CAPIPC_EVENT_A_AMOUNT, event->amount,
					CAPIPC_EVENT_A_PAD) ?:
		      nla_put_u64_64bit(skb, CAPIPC_EVENT_A_LIMIT, event->limit,
					CAPIPC_EVENT_A_PAD);
		break;
	}
	return ret;
}

static int capipc_event_put(struct sk_buff *skb, const struct capipc_event *event)
{
	u64 lost = atomic64_read(&capipc_events_lost);
	int ret;

	ret = nla_put_u32(skb, CAPIPC_EVENT_A_TYPE, event->type) ?:
	      nla_put_u64_64bit(skb, CAPIPC_EVENT_A_TIME, ktime_get_boottime_ns(),
				CAPIPC_EVENT_A_PAD);
	if (!ret && lost)
		ret = nla_put_u64_64bit(skb, CAPIPC_EVENT_A_LOST, lost, CAPIPC_EVENT_A_PAD);
	if (!ret)
		ret = capipc_rate_put_dropped(skb, event);
	if (!ret)
		ret = capipc_event_put_who(skb, event);
	if (!ret && event->object_id)
		ret = nla_put_u64_64bit(skb, CAPIPC_EVENT_A_OBJECT, event->object_id,
					CAPIPC_EVENT_A_PAD);
	if (!ret && event->context_id)
		ret = nla_put_u64_64bit(skb, CAPIPC_EVENT_A_CONTEXT, event->context_id,
					CAPIPC_EVENT_A_PAD);
	if (!ret && event->name)
		ret = capipc_netlink_put_text(skb, CAPIPC_EVENT_A_NAME, event->name,
					      event->name_len);
	if (!ret)
		ret = capipc_event_put_why(skb, event);
	if (!ret && event->reason)
		ret = capipc_netlink_put_text(skb, CAPIPC_EVENT_A_REASON, event->reason,
					      event->reason_len);
	if (!ret && event->resource)
		ret = nla_put_string(skb, CAPIPC_EVENT_A_RESOURCE, event->resource);
	return ret;
}

static struct sk_buff *capipc_event_build(const struct capipc_event *event)
{
	/* Enough: the longest texts, twice an actor with the longest path. */
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;
	int ret;

	BUILD_BUG_ON(2 * (CAPIPC_PATH_MAX + 256) + CAPIPC_NAME_MAX + CAPIPC_REASON_MAX + 512 >
		     GENLMSG_DEFAULT_SIZE);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	ret = -EMSGSIZE;
	header = genlmsg_put(skb, 0, 0, &capipc_genl_family, 0, CAPIPC_CMD_EVENT);
	if (!header)
		goto err;
	ret = capipc_event_put(skb, event);
	if (ret)
		goto err;
	genlmsg_end(skb, header);
	return skb;

err:
	nlmsg_free(skb);
	return ERR_PTR(ret);
}

/**
 * capipc_event_wanted - may somebody be listening?
 * @net: network namespace
 *
 * A hint, so that nobody has to collect what an event says for nothing.
 */
bool capipc_event_wanted(struct net *net)
{
	return genl_has_listeners(&capipc_genl_family, net, CAPIPC_GENL_EVENTS);
}

/**
 * capipc_event_emit - tell an event to those who listen
 * @event: the event; the caller keeps what it points to, its network namespace
 *         too
 *
 * May sleep. An event that cannot be told for want of memory is counted, and the
 * next ones say how many that were; likewise one of which there are too many. A
 * listener that is too slow finds ENOBUFS.
 */
void capipc_event_emit(const struct capipc_event *event)
{
	struct sk_buff *skb;

	might_sleep();
	if (!capipc_rate_event(event))
		return;
	skb = capipc_event_build(event);
	if (IS_ERR(skb)) {
		WARN_ON_ONCE(PTR_ERR(skb) == -EMSGSIZE);
		atomic64_inc(&capipc_events_lost);
		return;
	}
	genlmsg_multicast_netns(&capipc_genl_family, event->net, skb, 0, CAPIPC_GENL_EVENTS,
				GFP_KERNEL);
}
