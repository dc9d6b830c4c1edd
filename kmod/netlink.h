/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family: see linux/capipc_netlink.h for what it says.
 *
 * event.c builds the events, netlink.c answers requests; what both put into their
 * messages is here.
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

#endif /* CAPIPC_NETLINK_H */
