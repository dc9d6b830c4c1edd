// SPDX-License-Identifier: GPL-2.0
/*
 * Rates: see rate.h.
 */
#include <linux/capability.h>
#include <linux/ktime.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <net/netlink.h>

#include "account.h"
#include "event.h"
#include "ident.h"
#include "net.h"
#include "rate.h"
#include "user.h"

/**
 * struct capipc_rate - how much a bucket lets through
 * @step: time in which a token comes back, ns
 * @size: time in which all come back, ns; 0 lets nothing through
 */
struct capipc_rate {
	s64 step;
	s64 size;
};

/* @share: 1 for a user, 2 for a context, which has half of it. */
static struct capipc_rate capipc_rate_of(long rate, long burst, long share)
{
	struct capipc_rate ret = { 0 };

	if (rate && burst) {
		ret.step = div64_s64(NSEC_PER_SEC * share, rate);
		ret.size = ret.step * DIV_ROUND_UP(burst, share);
	}
	return ret;
}

/* Take a token, if there is one. */
static bool capipc_bucket_take(struct capipc_bucket *bucket, const struct capipc_rate *rate,
			       s64 now)
{
	s64 full_at = atomic64_read(&bucket->full_at), then;

	do {
		then = max(full_at, now) + rate->step;
		if (then - now > rate->size || !rate->size)
			return false;
	} while (!atomic64_try_cmpxchg(&bucket->full_at, &full_at, then));
	return true;
}

static void capipc_bucket_put_back(struct capipc_bucket *bucket, const struct capipc_rate *rate)
{
	atomic64_sub(rate->step, &bucket->full_at);
}

static struct capipc_rate capipc_connect_rate(const struct capipc_user *user, long share)
{
	return capipc_rate_of(READ_ONCE(user->limit[CAPIPC_LIMIT_A_CONNECT_RATE]),
			      READ_ONCE(user->limit[CAPIPC_LIMIT_A_CONNECT_BURST]), share);
}

static struct capipc_rate capipc_event_rate(const struct capipc_user *user, long share)
{
	return capipc_rate_of(READ_ONCE(user->limit[CAPIPC_LIMIT_A_EVENT_RATE]),
			      READ_ONCE(user->limit[CAPIPC_LIMIT_A_EVENT_BURST]), share);
}

/* A token of the user and of all that it is subordinate to, or none. */
static struct capipc_user *capipc_connect_take(struct capipc_user *first, s64 now)
{
	struct capipc_user *user, *undo;
	struct capipc_rate rate;

	for (user = first; user->parent; user = user->parent) {
		rate = capipc_connect_rate(user, 1);
		if (capipc_bucket_take(&user->connects, &rate, now))
			continue;
		for (undo = first; undo != user; undo = undo->parent) {
			rate = capipc_connect_rate(undo, 1);
			capipc_bucket_put_back(&undo->connects, &rate);
		}
		return user;
	}
	return NULL;
}

/**
 * capipc_rate_connect - somebody connects
 * @account: of the calling thread's context
 *
 * May sleep to tell about a refusal. Return: 0, or -EDQUOT: that was too often.
 */
int capipc_rate_connect(struct capipc_account *account)
{
	struct capipc_refusal refusal = { .resource = "connections", .amount = 1 };
	struct capipc_rate rate = capipc_connect_rate(account->user, 2);
	struct capipc_user *user = NULL;
	s64 now = ktime_get_ns();

	if (capipc_bucket_take(&account->connects, &rate, now)) {
		user = capipc_connect_take(account->user, now);
		if (!user)
			return 0;
		capipc_bucket_put_back(&account->connects, &rate);
	}
	/* Who may change the limit anyway. */
	if (ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE))
		return 0;
	refusal.limit = READ_ONCE((user ?: account->user)->limit[CAPIPC_LIMIT_A_CONNECT_RATE]);
	if (!user)
		refusal.limit = DIV_ROUND_UP_ULL(refusal.limit, 2);
	capipc_account_tell(account, account->net, &refusal);
	return -EDQUOT;
}

/* Who caused it, and is responsible. */
static struct capipc_user *capipc_event_user(const struct capipc_event *event)
{
	if (event->account)
		return event->account->user;
	if (event->causer)
		return event->causer->user;
	return event->actor ? event->actor->user : NULL;
}

/*
 * An event that is not told has taken tokens where there were some: they come back
 * soon, and who is over the rate has no claim to them.
 */
static bool capipc_event_take(const struct capipc_event *event)
{
	struct capipc_user *user = capipc_event_user(event);
	struct capipc_rate rate;
	s64 now = ktime_get_ns();

	if (event->account) {
		rate = capipc_event_rate(user, 2);
		if (!capipc_bucket_take(&event->account->events[event->type], &rate, now))
			return false;
	}
	for (; user && user->parent; user = user->parent) {
		rate = capipc_event_rate(user, 1);
		if (!capipc_bucket_take(&user->events[event->type], &rate, now))
			return false;
	}
	return true;
}

/**
 * capipc_rate_event - may this event be told?
 * @event: the event
 *
 * Return: false if who caused it causes too many of that type; that has been
 * counted, and later events say so.
 */
bool capipc_rate_event(const struct capipc_event *event)
{
	struct capipc_user *user = capipc_event_user(event);

	if (!user || likely(capipc_event_take(event)))
		return true;
	atomic64_inc(&user->dropped);
	atomic64_inc(&capipc_net(event->net)->events_dropped);
	return false;
}

/* How many events were not told because of their rate, into an event. */
int capipc_rate_put_dropped(struct sk_buff *skb, const struct capipc_event *event)
{
	const struct capipc_user *user = capipc_event_user(event);
	u64 by_all = atomic64_read(&capipc_net(event->net)->events_dropped);
	u64 by_user = user ? atomic64_read(&user->dropped) : 0;
	int ret = 0;

	if (by_all)
		ret = nla_put_u64_64bit(skb, CAPIPC_EVENT_A_DROPPED, by_all, CAPIPC_EVENT_A_PAD);
	if (!ret && by_user)
		ret = nla_put_u64_64bit(skb, CAPIPC_EVENT_A_DROPPED_OF_USER, by_user,
					CAPIPC_EVENT_A_PAD);
	return ret;
}
