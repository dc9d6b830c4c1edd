/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Users and accounts, asked for and changed over generic netlink: see
 * linux/capipc_netlink.h.
 */
#ifndef CAPIPC_ACCOUNT_NETLINK_H
#define CAPIPC_ACCOUNT_NETLINK_H

#include <net/genetlink.h>

#include "main.h"

extern const struct nla_policy capipc_user_get_policy[CAPIPC_USER_A_OWNER + 1];
extern const struct nla_policy capipc_user_set_policy[CAPIPC_USER_A_LIMITS + 1];

int capipc_get_user(struct sk_buff *request, struct genl_info *info);
int capipc_set_user(struct sk_buff *request, struct genl_info *info);
int capipc_users_start(struct netlink_callback *cb);
int capipc_users_done(struct netlink_callback *cb);
int capipc_dump_user(struct sk_buff *skb, struct netlink_callback *cb);
int capipc_dump_account(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* CAPIPC_ACCOUNT_NETLINK_H */
