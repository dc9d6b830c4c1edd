/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Subscribers: sockets that are told of events one by one, each in its own terms
 * and only of what it may know: who sees everything of a network namespace of all,
 * others of what their own real user id takes part in.
 *
 * They are found by the users that take part in an event, so that it costs whoever
 * causes one nothing that strangers listen. The number for each user is limited.
 *
 * A subscriber is its socket, not a port id: that is free as soon as the socket
 * begins to close, before we hear of it, and who takes it then must not be told in
 * its place. So events go into the receive queue of the socket that asked, which
 * the subscriber keeps a reference to, and not to a number.
 */
#ifndef CAPIPC_SUBSCRIBER_H
#define CAPIPC_SUBSCRIBER_H

#include <linux/capipc_netlink.h>
#include <net/genetlink.h>

#include "main.h"

struct capipc_news;

extern const struct nla_policy capipc_subscribe_policy[CAPIPC_SUBSCRIBE_A_NAME + 1];

int capipc_subscribe(struct sk_buff *request, struct genl_info *info);
int capipc_unsubscribe(struct sk_buff *request, struct genl_info *info);

bool capipc_subscribers_any(struct net *net);
void capipc_subscribers_tell(const struct capipc_news *news, bool dropped);
void capipc_subscribers_drop(struct capipc_net *cn);

int capipc_subscriber_init(void);
void capipc_subscriber_exit(void);

#endif /* CAPIPC_SUBSCRIBER_H */
