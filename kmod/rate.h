/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rates: what may happen so many times a second.
 *
 * A bucket holds tokens: so many at most (the burst), and so many come back
 * each second (the rate). Who finds it empty is refused, or an event is not
 * told. Users have buckets, and their contexts have buckets of half the size,
 * so that one of them leaves half to the others. There is no lock.
 */
#ifndef CAPIPC_RATE_H
#define CAPIPC_RATE_H

#include <linux/atomic.h>
#include <linux/types.h>

struct capipc_account;
struct capipc_event;
struct sk_buff;

/**
 * struct capipc_bucket - tokens
 * @full_at: when it will be full again, ns of CLOCK_MONOTONIC; in the past if it is
 */
struct capipc_bucket {
	atomic64_t full_at;
};

static inline void capipc_bucket_fill(struct capipc_bucket *bucket)
{
	atomic64_set(&bucket->full_at, 0);
}

int __must_check capipc_rate_connect(struct capipc_account *account);
bool capipc_rate_event(const struct capipc_event *event);
int __must_check capipc_rate_put_dropped(struct sk_buff *skb, const struct capipc_event *event);

#endif /* CAPIPC_RATE_H */
