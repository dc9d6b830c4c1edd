/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events: what the kernel decided, told to those who listen on the multicast
 * group of the generic netlink family. Nothing is built when nobody listens.
 */
#ifndef CAPIPC_EVENT_H
#define CAPIPC_EVENT_H

#include <linux/capipc_netlink.h>
#include <net/net_namespace.h>

#include "main.h"

/**
 * struct capipc_event - something that happened
 * @type: enum capipc_event_type
 * @net: network namespace in which to tell it
 * @account: of the context that caused it, which the calling thread uses; or
 *           NULL, then it was the user of @actor
 * @actor: who did it (the sender, the one who connected), or NULL
 * @object_id: number of the pipe or listener, or 0
 * @context_id: number of the context on the other side, or 0
 * @invitation_id: number of the invitation that was accepted, or denied, or 0
 * @ordinal: method, for a denied send
 * @facet: of a connection
 * @verdict: enum capipc_report_verdict, for a bad message
 * @name: of a listener, or NULL
 * @name_len: bytes in @name
 * @reason: text of a bad message, or NULL
 * @reason_len: bytes in @reason
 * @reporter: who reported a bad message (pid, as its own ident), or NULL
 * @resource: name of what ran out ("bytes", "handles", ...), or NULL
 * @amount: how much was asked for
 * @limit: the limit
 * @uid: whose account ran out
 */
struct capipc_event {
	u32 type;
	struct net *net;
	struct capipc_account *account;
	const struct capipc_ident *actor;
	const struct capipc_ident *reporter;
	u64 object_id;
	u64 context_id;
	u64 invitation_id;
	u32 ordinal;
	u32 facet;
	u32 verdict;
	const char *name;
	u32 name_len;
	const char *reason;
	u32 reason_len;
	const char *resource;
	u64 amount;
	u64 limit;
	kuid_t uid;
};

bool capipc_event_wanted(struct net *net);
void capipc_event_emit(const struct capipc_event *event);

int capipc_netlink_init(void);
void capipc_netlink_exit(void);

#endif /* CAPIPC_EVENT_H */
