/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rates: how many events a user may cause to be told.
 */
#ifndef CAPIPC_RATE_H
#define CAPIPC_RATE_H

#include <linux/types.h>

struct capipc_event;
struct sk_buff;

bool capipc_rate_event(const struct capipc_event *event);
int __must_check capipc_rate_put_dropped(struct sk_buff *skb, const struct capipc_event *event);

#endif /* CAPIPC_RATE_H */
