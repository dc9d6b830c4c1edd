/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What capipc keeps for each network namespace: bound names and, to be seen by
 * dumps, the contexts that were opened in it.
 */
#ifndef CAPIPC_NET_H
#define CAPIPC_NET_H

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <net/net_namespace.h>

#include "main.h"

#define CAPIPC_NAME_HASH_BITS	7

/**
 * struct capipc_net - one network namespace
 * @lock: protects the names and the list of contexts
 * @names: listeners by name
 * @contexts: living contexts, by capipc_context.net_link
 * @events_dropped: events that were not told because of who causes too many
 */
struct capipc_net {
	spinlock_t lock; /* @names and @contexts */
	DECLARE_HASHTABLE(names, CAPIPC_NAME_HASH_BITS);
	struct list_head contexts;
	atomic64_t events_dropped;
};

struct capipc_net *capipc_net(struct net *net);
int capipc_net_init(void);
void capipc_net_exit(void);

#endif /* CAPIPC_NET_H */
