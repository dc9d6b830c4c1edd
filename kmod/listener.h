/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Listeners: names in the registry of a network namespace.
 */
#ifndef CAPIPC_LISTENER_H
#define CAPIPC_LISTENER_H

#include "main.h"
#include "net.h"
#include "object.h"

/**
 * struct capipc_listener - a bound name
 * @object: place, holder and queue of connections
 * @guard: its lock protects @object
 * @refs: references
 * @rcu: freed after a grace period, for the roster
 * @id: number in events and dumps; invariant
 * @net: where the name is bound, with a reference until it is closed; invariant
 * @node: among the names of @net; its lock
 * @account: pays for it; invariant
 * @charge: bytes charged to @account; invariant
 * @uid: real user id of who bound the name, to be read under RCU; invariant
 * @rules: who may connect; invariant
 * @endpoint_rules: rules of the endpoints it makes, or NULL; invariant
 * @flight_cred: in flight: credentials of the last holder; its lock
 * @backlog: connections that may wait; invariant
 * @name_len: invariant
 * @name: invariant, NUL terminated
 */
struct capipc_listener {
	struct capipc_object object;
	struct capipc_guard guard; /* @object and @flight_cred */
	refcount_t refs;
	struct rcu_head rcu;
	u64 id;
	struct net *net;
	struct hlist_node node;
	struct capipc_account *account;
	size_t charge;
	kuid_t uid;
	struct capipc_ruleset *rules;
	struct capipc_ruleset *endpoint_rules;
	const struct cred *flight_cred;
	u32 backlog;
	u32 name_len;
	char name[];
};

static inline struct capipc_listener *capipc_listener(struct capipc_object *object)
{
	return container_of(object, struct capipc_listener, object);
}

struct capipc_listener *capipc_listener_find(struct net *net, const char *name, u32 len);
void capipc_listener_put(struct capipc_listener *listener);
void capipc_listener_unbind(struct capipc_listener *listener);
int capipc_listener_decide(struct capipc_listener *listener, const struct capipc_ident *ident,
			   s32 *rule, u32 *facet);
int __must_check capipc_name_copy(char name[CAPIPC_NAME_MAX + 1], u64 user, u32 len);

int capipc_ioctl_listen(struct capipc_context *context, struct capipc_request *request);
int capipc_ioctl_connect(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_LISTENER_H */
