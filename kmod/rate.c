// SPDX-License-Identifier: GPL-2.0
/*
 * Rates: see rate.h.
 */
#include <linux/math64.h>
#include <linux/timekeeping.h>
#include <net/netlink.h>

#include "account.h"
#include "event.h"
#include "net.h"
#include "rate.h"

/* Take one of the events that a user may cause now. */
static bool capipc_rate_take_locked(struct capipc_user *user, u64 now)
{
	u64 burst = READ_ONCE(capipc_max_event_burst);
	u64 rate = min(READ_ONCE(capipc_max_events_per_second), 1000000U);
	u64 more = div_u64(min_t(u64, now - user->events_since, 3600 * NSEC_PER_SEC) * rate,
			   NSEC_PER_SEC);

	lockdep_assert_held(&user->events_lock);
	if (!user->events_since || more >= burst) {
		user->events_left = burst;
		user->events_since = now;
	} else if (more) {
		user->events_left = min(user->events_left + more, burst);
		user->events_since += div64_u64(more * NSEC_PER_SEC, rate);
	}
	if (!user->events_left)
		return false;
	user->events_left--;
	return true;
}

/**
 * capipc_rate_event - may this event be told?
 * @event: the event
 *
 * Return: false if who caused it causes too many; that has been counted, and later
 * events say so.
 */
bool capipc_rate_event(const struct capipc_event *event)
{
	struct capipc_user *user = event->account->user;
	bool allowed;

	spin_lock(&user->events_lock);
	allowed = capipc_rate_take_locked(user, ktime_get_boottime_ns());
	spin_unlock(&user->events_lock);
	if (allowed)
		return true;
	atomic64_inc(&user->dropped);
	atomic64_inc(&capipc_net(event->net)->events_dropped);
	return false;
}

/* How many events were not told because of their rate, into an event. */
int capipc_rate_put_dropped(struct sk_buff *skb, const struct capipc_event *event)
{
	u64 by_all = atomic64_read(&capipc_net(event->net)->events_dropped);
	u64 by_user = atomic64_read(&event->account->user->dropped);
	int ret = 0;

	if (by_all)
		ret = nla_put_u64_64bit(skb, CAPIPC_EVENT_A_DROPPED, by_all, CAPIPC_EVENT_A_PAD);
	if (!ret && by_user)
		ret = nla_put_u64_64bit(skb, CAPIPC_EVENT_A_DROPPED_OF_USER, by_user,
					CAPIPC_EVENT_A_PAD);
	return ret;
}
