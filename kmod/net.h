/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What capipc keeps for each network namespace: bound names, the contexts that
 * were opened in it, to be seen by dumps, and who is told of events.
 */
#ifndef CAPIPC_NET_H
#define CAPIPC_NET_H

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>

#include "main.h"

#define CAPIPC_NAME_HASH_BITS	7

/**
 * struct capipc_net - one network namespace
 * @lock: protects @names
 * @names: listeners by name
 * @contexts: living contexts by number; looked at under RCU
 * @changes: how often one came or went
 * @subscribe_lock: protects @subscribers, @audiences and @seers, which are looked
 *                  at under RCU
 * @subscribers: by port id of their socket
 * @audiences: subscribers that are told of what is their user's own, by user id
 * @seers: subscribers that are told of everything
 * @events_dropped: events that were not told because of who causes too many
 */
struct capipc_net {
	spinlock_t lock; /* @names */
	DECLARE_HASHTABLE(names, CAPIPC_NAME_HASH_BITS);
	struct xarray contexts;
	atomic_t changes;

	struct mutex subscribe_lock; /* @subscribers, @audiences, @seers */
	struct xarray subscribers;
	struct xarray audiences;
	struct hlist_head seers;

	atomic64_t events_dropped;
};

struct capipc_net *capipc_net(struct net *net);
int capipc_net_init(void);
void capipc_net_exit(void);

#endif /* CAPIPC_NET_H */
