// SPDX-License-Identifier: GPL-2.0
/*
 * Events: see event.h.
 */
#include <linux/atomic.h>
#include <linux/pid_namespace.h>
#include <linux/timekeeping.h>

#include "event.h"
#include "netlink.h"
#include "rate.h"
#include "subscriber.h"
#include "trace.h"
#include "viewer.h"

#define CAPIPC_GFP_EVENT	(GFP_NOWAIT | __GFP_NOWARN)

/* Events that could not be told to the multicast group. Told itself in every event,
 * as a total: each listener sees it grow, whichever events it misses.
 */
static atomic64_t capipc_events_lost = ATOMIC64_INIT(0);

static int capipc_event_put_denial(struct sk_buff *skb, const struct capipc_event *event)
{
	int ret = nla_put_u32(skb, CAPIPC_EVENT_A_RULE_LIST, event->list) ?:
		  nla_put_u32(skb, CAPIPC_EVENT_A_RULES_COUNT, event->rules_count);

	if (!ret && event->rule >= 0)
		ret = nla_put_u32(skb, CAPIPC_EVENT_A_RULE, event->rule) ?:
		      nla_put_u32(skb, CAPIPC_EVENT_A_RULE_UNMET, event->unmet);
	if (ret || (event->list != CAPIPC_RULE_LIST_ENDPOINT &&
		    event->list != CAPIPC_RULE_LIST_ATTENUATION))
		return ret;
	return nla_put_u32(skb, CAPIPC_EVENT_A_FACET, event->facet) ?:
	       nla_put_u32(skb, CAPIPC_EVENT_A_ORDINAL, event->ordinal);
}

static int capipc_event_put_why(struct sk_buff *skb, const struct capipc_event *event,
				const struct capipc_viewer *viewer)
{
	if (event->invitation_id &&
	    nla_put_u64_64bit(skb, CAPIPC_EVENT_A_INVITATION, event->invitation_id,
			      CAPIPC_EVENT_A_PAD))
		return -EMSGSIZE;
	switch (event->type) {
	case CAPIPC_EVENT_CONNECT:
	case CAPIPC_EVENT_ACCEPT:
		return event->invitation_id ? 0 :
			nla_put_u32(skb, CAPIPC_EVENT_A_FACET, event->facet);
	case CAPIPC_EVENT_DENY:
		return capipc_event_put_denial(skb, event);
	case CAPIPC_EVENT_BAD_MESSAGE:
		return nla_put_u32(skb, CAPIPC_EVENT_A_VERDICT, event->verdict);
	case CAPIPC_EVENT_QUOTA:
		return nla_put_u32(skb, CAPIPC_EVENT_A_UID,
				   from_kuid_munged(viewer->user_ns, event->uid)) ?:
		       nla_put_u64_64bit(skb, CAPIPC_EVENT_A_AMOUNT, event->amount,
					 CAPIPC_EVENT_A_PAD) ?:
		       nla_put_u64_64bit(skb, CAPIPC_EVENT_A_LIMIT, event->limit,
					 CAPIPC_EVENT_A_PAD);
	default:
		return 0;
	}
}

/* A number, unless it is 0, which is none. */
static int capipc_event_put_number(struct sk_buff *skb, int type, u64 number)
{
	return number ? nla_put_u64_64bit(skb, type, number, CAPIPC_EVENT_A_PAD) : 0;
}

/* What has not been told: to a subscriber since the last, to the group in all. */
static int capipc_event_put_gaps(struct sk_buff *skb, const struct capipc_event *event,
				 const struct capipc_gaps *gaps)
{
	if (gaps)
		return capipc_event_put_number(skb, CAPIPC_EVENT_A_MISSED, gaps->missed) ?:
		       capipc_event_put_number(skb, CAPIPC_EVENT_A_DROPPED, gaps->dropped);
	return capipc_event_put_number(skb, CAPIPC_EVENT_A_LOST,
				       atomic64_read(&capipc_events_lost)) ?:
	       capipc_rate_put_dropped(skb, event);
}

static int capipc_event_put(struct sk_buff *skb, const struct capipc_news *news,
			    const struct capipc_viewer *viewer, const struct capipc_gaps *gaps)
{
	const struct capipc_event *event = news->event;
	int ret;

	ret = nla_put_u32(skb, CAPIPC_EVENT_A_TYPE, event->type) ?:
	      nla_put_u64_64bit(skb, CAPIPC_EVENT_A_TIME, news->time_ns, CAPIPC_EVENT_A_PAD) ?:
	      capipc_event_put_gaps(skb, event, gaps) ?:
	      capipc_party_put(skb, CAPIPC_EVENT_A_ACTOR, &news->actor, viewer) ?:
	      capipc_party_put(skb, CAPIPC_EVENT_A_REPORTER, &news->reporter, viewer) ?:
	      capipc_party_put(skb, CAPIPC_EVENT_A_HOLDER, &news->holder, viewer) ?:
	      capipc_event_put_number(skb, CAPIPC_EVENT_A_OBJECT, event->object_id) ?:
	      capipc_event_put_number(skb, CAPIPC_EVENT_A_CONTEXT, event->context_id);
	if (!ret && event->name)
		ret = capipc_netlink_put_text(skb, CAPIPC_EVENT_A_NAME, event->name,
					      event->name_len);
	if (!ret)
		ret = capipc_event_put_why(skb, event, viewer);
	if (!ret && event->reason)
		ret = capipc_netlink_put_text(skb, CAPIPC_EVENT_A_REASON, event->reason,
					      event->reason_len);
	if (!ret && event->resource)
		ret = nla_put_string(skb, CAPIPC_EVENT_A_RESOURCE, event->resource);
	return ret;
}

/* Room that an event needs at most. */
static size_t capipc_event_size(const struct capipc_news *news)
{
	const struct capipc_event *event = news->event;
	size_t size = 10 * nla_total_size_64bit(sizeof(u64)) + 10 * nla_total_size(sizeof(u32)) +
		capipc_party_size(&news->actor) + capipc_party_size(&news->reporter) +
		capipc_party_size(&news->holder);

	if (event->name)
		size += nla_total_size(event->name_len + 1);
	if (event->reason)
		size += nla_total_size(event->reason_len + 1);
	if (event->resource)
		size += nla_total_size(strlen(event->resource) + 1);
	return size;
}

/**
 * capipc_event_build - make the message that tells an event
 * @news: the event
 * @viewer: who is told
 * @portid: of its socket, or 0
 * @gaps: what a subscriber has not been told; NULL for the group
 *
 * Does not wait. Return: the message, or -ENOMEM.
 */
struct sk_buff *capipc_event_build(const struct capipc_news *news,
				   const struct capipc_viewer *viewer, u32 portid,
				   const struct capipc_gaps *gaps)
{
	struct sk_buff *skb = genlmsg_new(capipc_event_size(news), CAPIPC_GFP_EVENT);
	void *header;

	if (!skb)
		return ERR_PTR(-ENOMEM);
	header = genlmsg_put(skb, portid, 0, &capipc_genl_family, 0, CAPIPC_CMD_EVENT);
	if (WARN_ON_ONCE(!header || capipc_event_put(skb, news, viewer, gaps))) {
		nlmsg_free(skb);
		return ERR_PTR(-ENOMEM);
	}
	genlmsg_end(skb, header);
	return skb;
}

static bool capipc_event_group_wanted(struct net *net)
{
	return genl_has_listeners(&capipc_genl_family, net, CAPIPC_GENL_EVENTS);
}

/**
 * capipc_event_wanted - may somebody be listening?
 * @net: network namespace
 *
 * A hint, so that nobody has to collect what an event says for nothing.
 */
bool capipc_event_wanted(struct net *net)
{
	return capipc_event_group_wanted(net) || capipc_subscribers_any(net);
}

static void capipc_news_collect(struct capipc_news *news, const struct capipc_event *event)
{
	memset(news, 0, sizeof(*news));
	news->event = event;
	news->time_ns = ktime_get_boottime_ns();
	if (event->actor)
		capipc_party_ident(&news->actor, event->actor, event->actor_changed);
	else if (event->type == CAPIPC_EVENT_QUOTA || event->type == CAPIPC_EVENT_DENY)
		capipc_party_current(&news->actor);
	if (event->reporter)
		capipc_party_ident(&news->reporter, event->reporter, false);
	if (event->holder)
		capipc_party_context(&news->holder, event->holder, event->holder_stamp);
	else if (event->inviter)
		capipc_party_ident(&news->holder, event->inviter, false);
}

static void capipc_news_forget(struct capipc_news *news)
{
	capipc_party_forget(&news->actor);
	capipc_party_forget(&news->reporter);
	capipc_party_forget(&news->holder);
}

/* Tell the multicast group: who may see everything, each in the same terms. */
static void capipc_event_multicast(const struct capipc_news *news)
{
	struct net *net = news->event->net;
	const struct capipc_viewer viewer = {
		.net = net,
		.user_ns = net->user_ns,
		.pid_ns = &init_pid_ns,
		.uid = INVALID_UID,
		.all = true,
	};
	struct sk_buff *skb = capipc_event_build(news, &viewer, 0, NULL);

	if (IS_ERR(skb)) {
		atomic64_inc(&capipc_events_lost);
		trace_capipc_event_lost(news->event->type, 0);
		return;
	}
	/* A listener that is too slow finds ENOBUFS, and is no concern of ours. */
	genlmsg_multicast_netns(&capipc_genl_family, net, skb, 0, CAPIPC_GENL_EVENTS,
				CAPIPC_GFP_EVENT);
}

/**
 * capipc_event_emit - tell an event to those who listen
 * @event: the event; the caller keeps what it points to, its network namespace
 *         too
 *
 * Does not wait for memory, nor for anybody who listens.
 */
void capipc_event_emit(const struct capipc_event *event)
{
	bool allowed = capipc_rate_event(event);
	struct capipc_news news;

	capipc_news_collect(&news, event);
	if (allowed && capipc_event_group_wanted(event->net))
		capipc_event_multicast(&news);
	capipc_subscribers_tell(&news, !allowed);
	capipc_news_forget(&news);
}
