/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family: see linux/capipc_netlink.h for what it says.
 *
 * netlink.c is the family with its table of requests. Who answers them: dump.h
 * (contexts, handles, pipes, listeners), subscriber.h (who is told of events).
 * event.c builds the events.
 */
#ifndef CAPIPC_NETLINK_H
#define CAPIPC_NETLINK_H

#include <linux/capipc_netlink.h>
#include <net/genetlink.h>

#include "main.h"

/* Multicast groups, in the order of the family. */
enum capipc_genl_group {
	CAPIPC_GENL_EVENTS,
};

extern struct genl_family capipc_genl_family;

int __must_check capipc_netlink_put_text(struct sk_buff *skb, int type, const char *text,
					 size_t len);
int capipc_netlink_init(void);
void capipc_netlink_exit(void);

#endif /* CAPIPC_NETLINK_H */
