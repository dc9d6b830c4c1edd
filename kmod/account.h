/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accounts: who pays for what.
 *
 * Two layers: the user (by real kuid) and, inside it, the context. A context
 * takes grants from its user in batches, so that the message path touches the
 * context's own counters only. Whoever causes something pays for it until it
 * is received or closed: a sender for its messages and the handles in them, a
 * holder for its handles, a caller for the largest reply that it takes.
 *
 * What is charged keeps the account alive (it counts its own struct as bytes
 * for as long as the context lives); nothing else refers to it.
 */
#ifndef CAPIPC_ACCOUNT_H
#define CAPIPC_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/uidgid.h>

#include "main.h"

struct net;

enum capipc_resource {
	CAPIPC_BYTES,
	CAPIPC_HANDLES,
	CAPIPC_RESOURCES,
};

/**
 * struct capipc_user - what one user has, over all its contexts
 * @uid: whose; invariant
 * @refs: one for each account and each listener
 * @granted: given to its contexts
 * @contexts: contexts that are open
 * @listeners: names that are bound
 * @events_lock: protects @events_left and @events_since
 * @events_left: events that it may cause to be told now
 * @events_since: when @events_left was last added to, CLOCK_BOOTTIME
 * @dropped: events that were not told because of that
 */
struct capipc_user {
	kuid_t uid;
	refcount_t refs;
	atomic_long_t granted[CAPIPC_RESOURCES];
	atomic_t contexts;
	atomic_t listeners;
	spinlock_t events_lock; /* of the rate of its events */
	u64 events_left;
	u64 events_since;
	atomic64_t dropped;
};

/**
 * struct capipc_account - what one context has
 * @user: its user; invariant
 * @context_id: number of the context, for events; invariant
 * @net: where events about it are told; the context's, and only used to charge,
 *       which only a living context does
 * @lock: protects changes of @grant
 * @grant: taken from @user; read without @lock as a hint
 * @used: of the grant. A transient excess over the grant is taken back or covered
 *        before the charge returns.
 */
struct capipc_account {
	struct capipc_user *user;
	u64 context_id;
	struct net *net;
	spinlock_t lock; /* changes of @grant */
	long grant[CAPIPC_RESOURCES];
	atomic_long_t used[CAPIPC_RESOURCES];
};

struct capipc_account *capipc_account_create(kuid_t uid, u64 context_id, struct net *net);
void capipc_account_release(struct capipc_account *account);

int __must_check capipc_account_charge(struct capipc_account *account,
				       enum capipc_resource resource, long n);
void capipc_account_force(struct capipc_account *account, enum capipc_resource resource, long n);
void capipc_account_uncharge(struct capipc_account *account, enum capipc_resource resource,
			     long n);
void capipc_account_look(const struct capipc_account *account, enum capipc_resource resource,
			 u64 *charged, u64 *limit);

struct capipc_user *capipc_user_charge_listener(struct capipc_account *account);
void capipc_user_uncharge_listener(struct capipc_user *user);

void capipc_account_exit(void);

#endif /* CAPIPC_ACCOUNT_H */
