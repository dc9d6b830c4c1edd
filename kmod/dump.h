/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dumps: what all of them have in common. What is dumped is in dump_context.c,
 * dump_handle.c and dump_object.c (pipes and listeners).
 *
 * A dump fills one socket buffer after the other, as fast as its socket is read.
 * Between two of them it keeps numbers only, so who does not read pins nothing but
 * namespaces. Everything is in the order of its number, and numbers are not given
 * twice: what is there from beginning to end is told exactly once. What comes or
 * goes meanwhile may be told or not, and the message after that says so
 * (NLM_F_DUMP_INTR).
 */
#ifndef CAPIPC_DUMP_H
#define CAPIPC_DUMP_H

#include <linux/capipc_netlink.h>
#include <net/genetlink.h>

#include "main.h"
#include "viewer.h"

/**
 * struct capipc_dump - how far a dump has come
 * @viewer: who asks, with references
 * @begun: the request has been looked at
 * @cursor: where to go on in the table of the context @from
 * @from: what has a lower number is done
 * @until: the greatest number; what is newer is not waited for
 * @context: what this context has only, or 0
 */
struct capipc_dump {
	struct capipc_viewer viewer;
	bool begun;
	u32 cursor;
	u64 from;
	u64 until;
	u64 context;
};

int capipc_dump_start(struct netlink_callback *cb);
int capipc_dump_done(struct netlink_callback *cb);
struct capipc_dump *capipc_dump(struct netlink_callback *cb);
void *capipc_dump_header(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd);
int capipc_dump_end(struct sk_buff *skb, void *header, int error);
int capipc_dump_answer(struct sk_buff *skb, struct genl_info *info, int error);

extern const struct nla_policy capipc_context_policy[CAPIPC_CONTEXT_A_ID + 1];
extern const struct nla_policy capipc_handle_policy[CAPIPC_HANDLE_A_CONTEXT + 1];
extern const struct nla_policy capipc_pipe_policy[CAPIPC_PIPE_A_CONTEXT + 1];
extern const struct nla_policy capipc_listener_policy[CAPIPC_LISTENER_A_NAME + 1];

int capipc_get_context(struct sk_buff *request, struct genl_info *info);
typedef int (*capipc_dump_context_fn)(struct sk_buff *skb, struct netlink_callback *cb,
				      struct capipc_context *context);

int capipc_dump_each_context(struct sk_buff *skb, struct netlink_callback *cb,
			     capipc_dump_context_fn fill);
void capipc_dump_all_contexts(struct capipc_dump *dump);
int capipc_dump_of_context(struct netlink_callback *cb, const struct nlattr *attr);
int capipc_dump_contexts(struct sk_buff *skb, struct netlink_callback *cb);
int capipc_dump_handles(struct sk_buff *skb, struct netlink_callback *cb);
int capipc_get_pipe(struct sk_buff *request, struct genl_info *info);
int capipc_dump_pipes(struct sk_buff *skb, struct netlink_callback *cb);
int capipc_get_listener(struct sk_buff *request, struct genl_info *info);
int capipc_dump_listeners(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* CAPIPC_DUMP_H */
