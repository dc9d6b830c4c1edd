/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accounts: who pays for what.
 *
 * A context has an account, and its user (user.h) divides what it has between
 * the accounts. An account has a grant, so that the message path touches the
 * context's own counters only. Whoever causes something pays for it until it
 * is received or closed: a sender for its messages and the handles in them, a
 * holder for its handles, a caller for the largest reply that it takes.
 *
 * What is charged in bytes keeps the account alive (it counts its own struct for
 * as long as the context lives); nothing else refers to it.
 */
#ifndef CAPIPC_ACCOUNT_H
#define CAPIPC_ACCOUNT_H

#include <linux/atomic.h>

#include "main.h"
#include "user.h"

struct net;

/**
 * struct capipc_account - what one context has
 * @user: its user, with a reference; invariant
 * @context_id: number of the context, for events; invariant
 * @net: where events about it are told; the context's, and only used to charge,
 *       which only a living context does
 * @link: among the open accounts of @user; its lock
 * @retired: its context is gone, and it has no reserve any more; lock of @user
 * @share: what it was given by @user; its lock. Read without it as a hint
 * @used: of the grant. A transient excess over the grant is taken back or covered
 *        before the charge returns
 * @files: in flight
 * @connects: bucket of connections
 * @events: bucket of events, by type
 */
struct capipc_account {
	struct capipc_user *user;
	u64 context_id;
	struct net *net;
	struct list_head link;
	bool retired;

	struct capipc_share share[CAPIPC_RESOURCES];
	atomic_long_t used[CAPIPC_RESOURCES];

	atomic_long_t files;
	struct capipc_bucket connects;
	struct capipc_bucket events[CAPIPC_EVENT_MAX + 1];
};

struct capipc_account *capipc_account_create(u64 context_id, struct net *net);
void capipc_account_release(struct capipc_account *account);
void capipc_account_refit_locked(struct capipc_account *account);
void capipc_account_call_in_locked(struct capipc_account *account, enum capipc_resource resource);

int capipc_account_charge_slow(struct capipc_account *account, enum capipc_resource resource,
			       long n, bool tell);
void capipc_account_shrink(struct capipc_account *account, enum capipc_resource resource, long n);
void capipc_account_free(struct capipc_account *account);
void capipc_account_force(struct capipc_account *account, enum capipc_resource resource, long n);
void capipc_account_look(const struct capipc_account *account, enum capipc_resource resource,
			 u64 *charged, u64 *limit);

/* What a context takes from its user at a time. */
static inline long capipc_batch(enum capipc_resource resource)
{
	switch (resource) {
	case CAPIPC_BYTES:
		return CAPIPC_BATCH_BYTES;
	case CAPIPC_HANDLES:
		return CAPIPC_BATCH_HANDLES;
	default:
		return CAPIPC_BATCH_LISTENERS;
	}
}

/**
 * capipc_account_charge - charge an account
 * @account: the account
 * @resource: what
 * @n: how much, positive
 *
 * May sleep to tell about a refusal. Return: 0, or -EDQUOT and nothing is charged.
 */
static inline int __must_check capipc_account_charge(struct capipc_account *account,
						     enum capipc_resource resource, long n)
{
	if (likely(atomic_long_add_return(n, &account->used[resource]) <=
		   READ_ONCE(account->share[resource].grant)))
		return 0;
	return capipc_account_charge_slow(account, resource, n, true);
}

/* The same for a short cut: whoever is refused tries again, and is told about then. */
static inline int __must_check capipc_account_try_charge(struct capipc_account *account,
							 enum capipc_resource resource, long n)
{
	if (likely(atomic_long_add_return(n, &account->used[resource]) <=
		   READ_ONCE(account->share[resource].grant)))
		return 0;
	return capipc_account_charge_slow(account, resource, n, false);
}

/* What an account may have that it does not use, before it gives it back. */
static inline long capipc_account_slack(const struct capipc_share *share,
					enum capipc_resource resource)
{
	return READ_ONCE(share->tight) ? 0 : 3 * capipc_batch(resource);
}

/**
 * capipc_account_uncharge - undo a charge
 * @account: the account, which may be gone afterwards if this was its last charge
 * @resource: what
 * @n: how much
 *
 * Bytes go last: they are what keeps the account alive.
 */
static inline void capipc_account_uncharge(struct capipc_account *account,
					   enum capipc_resource resource, long n)
{
	const struct capipc_share *share = &account->share[resource];
	/*
	 * Read the grant first: once our bytes are given back, somebody else's
	 * may be the last and free the account.
	 */
	long grant = READ_ONCE(share->grant), used;

	if (unlikely(grant > READ_ONCE(share->reserve) &&
		     grant - atomic_long_read(&account->used[resource]) + n >
			     capipc_account_slack(share, resource)))
		capipc_account_shrink(account, resource, n);

	used = atomic_long_sub_return(n, &account->used[resource]);
	if (resource == CAPIPC_BYTES && !used)
		capipc_account_free(account);
}

/* What capipc_files_max() says of who is not bound to any limit. */
#define CAPIPC_FILES_ANY	ULONG_MAX

unsigned long capipc_files_max(void);
int __must_check capipc_user_charge_files(struct capipc_account *account, struct net *net,
					  unsigned int n, unsigned long max, bool own);
void capipc_user_uncharge_files(struct capipc_account *account, unsigned int n);

long capipc_account_limit(const struct capipc_account *account, enum capipc_resource resource);
void capipc_account_tell(struct capipc_account *account, struct net *net,
			 const struct capipc_refusal *refusal);

#endif /* CAPIPC_ACCOUNT_H */
