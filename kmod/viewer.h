/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Viewers: who asks by netlink, what it may see, and in whose terms it is told.
 *
 * A viewer is found out when a dump begins or a socket subscribes to events, and
 * stays what it was then, as with any netlink socket.
 *
 *   Whoever has CAP_SYS_ADMIN over the user namespace that owns a network
 *   namespace sees all contexts of it. Anyone else sees the contexts that its own
 *   real user id opened.
 *
 *   A pipe is seen by whom one of its holders is seen by. Of the other holder one
 *   then learns what a stamp tells (process and user), and the number of its
 *   context; not its handles and not its program.
 */
#ifndef CAPIPC_VIEWER_H
#define CAPIPC_VIEWER_H

#include <linux/uidgid.h>

#include "main.h"

struct sk_buff;

/**
 * struct capipc_viewer - who asks
 * @net: network namespace that it asks about, that of its socket
 * @user_ns: in terms of which user ids are told
 * @pid_ns: in terms of which process ids are told
 * @uid: its real user id
 * @all: it sees what all users have
 */
struct capipc_viewer {
	struct net *net;
	struct user_namespace *user_ns;
	struct pid_namespace *pid_ns;
	kuid_t uid;
	bool all;
};

/**
 * struct capipc_holder - who holds something, as a viewer is told
 * @context: number of its context, or 0 if nobody holds it
 * @uid: real user id of who opened that
 * @pid: process that opened it, 0 if it has no number there
 */
struct capipc_holder {
	u64 context;
	u32 uid;
	u32 pid;
};

void capipc_viewer_init(struct capipc_viewer *viewer, const struct sk_buff *request);
void capipc_viewer_get(struct capipc_viewer *viewer);
void capipc_viewer_put(struct capipc_viewer *viewer);

bool capipc_viewer_sees_context(const struct capipc_viewer *viewer,
				const struct capipc_context *context);
bool capipc_viewer_sees_object(const struct capipc_viewer *viewer, struct capipc_object *object);

void capipc_holder_find(struct capipc_holder *holder, const struct capipc_viewer *viewer,
			const struct capipc_context *context);
int __must_check capipc_holder_put(struct sk_buff *skb, int type,
				   const struct capipc_holder *holder);

#endif /* CAPIPC_VIEWER_H */
