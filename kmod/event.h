/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events: what the kernel decided, told to those who listen: on the multicast group
 * of the generic netlink family (who may see everything in the network namespace),
 * and by subscription (anyone, about what is its own). Nothing is built when nobody
 * listens.
 *
 * Telling never waits: not for memory, and not for who does not read. What could
 * not be told is counted and told with the next event.
 */
#ifndef CAPIPC_EVENT_H
#define CAPIPC_EVENT_H

#include <linux/capipc_netlink.h>
#include <net/net_namespace.h>

#include "main.h"
#include "party.h"

struct sk_buff;

/**
 * struct capipc_event - something that happened
 * @type: enum capipc_event_type
 * @net: network namespace in which to tell it
 * @causer: who caused it, if that is not @actor, which is told
 * @account: of the context that caused it, which the calling thread uses
 * @actor: who did it (the sender, the one who connected), or NULL
 * @actor_changed: it is not the one who connected
 * @reporter: who reported a bad message (pid, as its own ident), or NULL
 * @holder: context that holds the receiving end, with the caller's reference, or
 *          NULL
 * @holder_stamp: id of the stamps of @holder, or 0
 * @inviter: who made the invitation, in place of @holder, or NULL
 * @object_id: number of the pipe or listener, or 0
 * @context_id: number of the context on the other side, or 0
 * @invitation_id: number of the invitation that was accepted, or denied, or 0
 * @ordinal: method, for a denied send
 * @facet: of a connection
 * @list: enum capipc_rule_list, for a denial
 * @rules_count: rules in that list
 * @rule: the rule that comes nearest, or %CAPIPC_EXPLAIN_NONE
 * @unmet: what of @rule does not hold, CAPIPC_MATCH_*
 * @verdict: enum capipc_report_verdict, for a bad message
 * @name: of a listener, or NULL
 * @name_len: bytes in @name
 * @reason: text of a bad message, or NULL
 * @reason_len: bytes in @reason
 * @resource: name of what ran out ("bytes", "handles", ...), or NULL
 * @amount: how much was asked for
 * @limit: the limit
 * @uid: whose account ran out
 */
struct capipc_event {
	u32 type;
	struct net *net;
	const struct capipc_ident *causer;
	struct capipc_account *account;
	const struct capipc_ident *actor;
	bool actor_changed;
	const struct capipc_ident *reporter;
	struct capipc_context *holder;
	u64 holder_stamp;
	const struct capipc_ident *inviter;
	u64 object_id;
	u64 context_id;
	u64 invitation_id;
	u32 ordinal;
	u32 facet;
	u32 list;
	u32 rules_count;
	s32 rule;
	u32 unmet;
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

/**
 * struct capipc_news - an event, with all that has been found out about it
 * @event: the event
 * @time_ns: when, CLOCK_BOOTTIME
 * @actor: who did it
 * @reporter: who reported it
 * @holder: who holds the receiving end
 */
struct capipc_news {
	const struct capipc_event *event;
	u64 time_ns;
	struct capipc_party actor;
	struct capipc_party reporter;
	struct capipc_party holder;
};

/**
 * struct capipc_gaps - what a subscriber has not been told since the last event
 * @missed: for want of memory, or because the socket was full
 * @dropped: because there were too many of them
 */
struct capipc_gaps {
	u64 missed;
	u64 dropped;
};

bool capipc_event_wanted(struct net *net);
void capipc_event_emit(const struct capipc_event *event);
struct sk_buff *capipc_event_build(const struct capipc_news *news,
				   const struct capipc_viewer *viewer, u32 portid,
				   const struct capipc_gaps *gaps);

#endif /* CAPIPC_EVENT_H */
