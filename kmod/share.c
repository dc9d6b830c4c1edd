// SPDX-License-Identifier: GPL-2.0
/*
 * Shares: see share.h.
 */
#include <linux/jiffies.h>
#include <linux/math.h>
#include <linux/minmax.h>

#include "account.h"
#include "share.h"
#include "user.h"

const char *const capipc_resource_names[CAPIPC_RESOURCES] = {
	[CAPIPC_BYTES] = "bytes",
	[CAPIPC_HANDLES] = "handles",
	[CAPIPC_LISTENERS] = "listeners",
};

/* What a user takes from the layer above at a time. */
static const long capipc_user_batch[CAPIPC_RESOURCES] = {
	[CAPIPC_BYTES] = CAPIPC_USER_BATCH_BYTES,
	[CAPIPC_HANDLES] = CAPIPC_USER_BATCH_HANDLES,
	[CAPIPC_LISTENERS] = CAPIPC_USER_BATCH_LISTENERS,
};

/* ------------------------------------------------------------------ division */

/* What all children together may still take beyond their reserves. */
static long capipc_share_room_locked(struct capipc_user *user, enum capipc_resource resource)
{
	const struct capipc_pool *pool = &user->pool[resource];
	long to_come = max(user->limit[CAPIPC_LIMIT_A_CONTEXTS] - user->slots, 0L);

	lockdep_assert_held(&user->lock);
	return user->limit[capipc_limit_of(resource)] - pool->promised - pool->given -
	       pool->each * to_come;
}

/*
 * What @user has of the layer above shall cover @n more for its children. Returns
 * @n, or else how much it could cover.
 */
static long capipc_share_cover_locked(struct capipc_user *user, enum capipc_resource resource,
				      long n)
{
	const struct capipc_pool *pool = &user->pool[resource];
	struct capipc_share *share = &user->share[resource];
	struct capipc_user *parent = user->parent;
	long unused = share->grant - pool->promised - pool->given;
	long need = n - unused, batch, got;

	lockdep_assert_held(&user->lock);
	if (!parent || need <= 0)
		return n;
	batch = roundup(need, capipc_user_batch[resource]);
	capipc_user_lock(parent);
	got = capipc_share_give_locked(parent, resource, share, batch);
	if (got < need)
		capipc_share_call_in_locked(parent, resource);
	if (got < batch)
		got = capipc_share_give_locked(parent, resource, share, need);
	capipc_share_update_tight_locked(parent, resource, share, capipc_user_batch[resource]);
	capipc_user_unlock(parent);
	return min(n, unused + got);
}

/**
 * capipc_share_give_locked - let a child have more
 * @user: its lock is held
 * @resource: what
 * @share: what the child has
 * @n: how much more, positive
 *
 * Return: @n, or nothing was given and this is how much it could have been.
 */
long capipc_share_give_locked(struct capipc_user *user, enum capipc_resource resource,
			      struct capipc_share *share, long n)
{
	long within = clamp(share->reserve - share->grant, 0L, n);
	long beyond = n - within, most;

	lockdep_assert_held(&user->lock);
	if (beyond) {
		most = capipc_share_room_locked(user, resource) - capipc_share_beyond(share);
		most = max((most + 1) / 2, 0L);
		if (beyond <= most)
			most = capipc_share_cover_locked(user, resource, beyond);
		if (beyond > most)
			return within + most;
		user->pool[resource].given += beyond;
	}
	WRITE_ONCE(share->grant, share->grant + n);
	return n;
}

/* As capipc_share_give_locked(), for what cannot be refused. */
void capipc_share_force_locked(struct capipc_user *user, enum capipc_resource resource,
			       struct capipc_share *share, long n)
{
	struct capipc_pool *pool = &user->pool[resource];
	struct capipc_share *own = &user->share[resource];
	long beyond = n - clamp(share->reserve - share->grant, 0L, n);
	long need;

	lockdep_assert_held(&user->lock);
	need = beyond - (own->grant - pool->promised - pool->given);
	if (user->parent && need > 0) {
		capipc_user_lock(user->parent);
		capipc_share_force_locked(user->parent, resource, own, need);
		capipc_user_unlock(user->parent);
	}
	pool->given += beyond;
	WRITE_ONCE(share->grant, share->grant + n);
}

/* Is a child so near to its share that others may miss what it does not use? */
void capipc_share_update_tight_locked(struct capipc_user *user, enum capipc_resource resource,
				      struct capipc_share *share, long batch)
{
	bool tight = capipc_share_beyond(share) + 3 * batch >
		     capipc_share_room_locked(user, resource);

	lockdep_assert_held(&user->lock);
	if (share->tight != tight)
		WRITE_ONCE(share->tight, tight);
}

/*
 * A child has been refused: take back what open accounts do not use, and let
 * subordinate users know that theirs is missed.
 */
void capipc_share_call_in_locked(struct capipc_user *user, enum capipc_resource resource)
{
	struct capipc_account *account;
	struct capipc_user *child;

	lockdep_assert_held(&user->lock);
	list_for_each_entry(account, &user->accounts, link)
		capipc_account_call_in_locked(account, resource);
	/* Nobody shall hold the machine up by being refused all the time. */
	if (time_before(jiffies, user->call_in_again[resource]))
		return;
	user->call_in_again[resource] = jiffies + 1;
	list_for_each_entry(child, &user->users, link)
		capipc_share_update_tight_locked(user, resource, &child->share[resource],
						 capipc_user_batch[resource]);
}

/* Give back to the layer above what is free: all of it, or all but a batch. */
void capipc_share_shrink_locked(struct capipc_user *user, enum capipc_resource resource)
{
	const struct capipc_pool *pool = &user->pool[resource];
	struct capipc_share *share = &user->share[resource];
	struct capipc_user *parent = user->parent;
	long unused = share->grant - pool->promised - pool->given;
	long batch = READ_ONCE(share->tight) ? 0 : capipc_user_batch[resource];
	long surplus = min(unused - batch, capipc_share_beyond(share));

	lockdep_assert_held(&user->lock);
	if (!parent || unused <= 3 * batch || surplus <= 0)
		return;
	capipc_user_lock(parent);
	/* Its reserve changes under this lock. */
	surplus = min(surplus, capipc_share_beyond(share));
	if (surplus > 0) {
		share->grant -= surplus;
		capipc_share_take_back_locked(parent, resource, surplus);
	}
	capipc_share_update_tight_locked(parent, resource, share, capipc_user_batch[resource]);
	capipc_user_unlock(parent);
}

/**
 * capipc_share_take_back_locked - a child has less than before
 * @user: its lock is held
 * @resource: of what
 * @n: how much it has given back of what it had beyond its reserve
 */
void capipc_share_take_back_locked(struct capipc_user *user, enum capipc_resource resource, long n)
{
	lockdep_assert_held(&user->lock);
	user->pool[resource].given -= n;
	capipc_share_shrink_locked(user, resource);
}

/* ------------------------------------------------------------------ children */

static int capipc_share_promise_locked(struct capipc_user *user, enum capipc_resource resource,
				       struct capipc_share *share, struct capipc_refusal *refusal)
{
	struct capipc_pool *pool = &user->pool[resource];
	long limit = user->limit[capipc_limit_of(resource)];
	long most = min(limit - pool->promised - pool->given, pool->each);

	lockdep_assert_held(&user->lock);
	if (most >= pool->each)
		most = capipc_share_cover_locked(user, resource, pool->each);
	if (most < pool->each) {
		refusal->resource = capipc_resource_names[resource];
		refusal->amount = pool->each;
		refusal->limit = max(most, 0L);
		return -EDQUOT;
	}
	pool->promised += pool->each;
	share->reserve = pool->each;
	share->grant = pool->each;
	return 0;
}

/* A child goes: it has nothing any more. */
void capipc_share_unpromise_locked(struct capipc_user *user, enum capipc_resource resource,
				   struct capipc_share *share)
{
	struct capipc_pool *pool = &user->pool[resource];

	lockdep_assert_held(&user->lock);
	pool->promised -= share->reserve;
	pool->given -= capipc_share_beyond(share);
	share->reserve = 0;
	share->grant = 0;
	share->tight = false;
}

/* @user has children now, or none any more. */
static int capipc_share_enter_locked(struct capipc_user *user, struct capipc_refusal *refusal)
{
	struct capipc_user *parent = user->parent;
	int ret;

	lockdep_assert_held(&user->lock);
	capipc_user_lock(parent);
	ret = capipc_share_admit_locked(parent, user->share, refusal);
	if (!ret)
		list_add_tail(&user->link, &parent->users);
	capipc_user_unlock(parent);
	return ret;
}

static void capipc_share_leave_locked(struct capipc_user *user)
{
	struct capipc_user *parent = user->parent;
	int i;

	lockdep_assert_held(&user->lock);
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		WARN_ON_ONCE(user->pool[i].promised || user->pool[i].given);
	capipc_user_lock(parent);
	list_del_init(&user->link);
	capipc_share_expel_locked(parent, user->share, true);
	capipc_user_unlock(parent);
}

/**
 * capipc_share_admit_locked - a child comes
 * @user: its lock is held
 * @shares: out: what the child has, one for each resource: its reserves
 * @refusal: out, on failure: why
 *
 * Return: 0 or -EDQUOT.
 */
int capipc_share_admit_locked(struct capipc_user *user, struct capipc_share *shares,
			      struct capipc_refusal *refusal)
{
	int ret = 0, i;

	lockdep_assert_held(&user->lock);
	if (user->slots >= user->limit[CAPIPC_LIMIT_A_CONTEXTS]) {
		refusal->resource = user->parent ? "contexts" : "users";
		refusal->amount = 1;
		refusal->limit = user->limit[CAPIPC_LIMIT_A_CONTEXTS];
		return -EDQUOT;
	}
	if (!user->holders && !capipc_user_stays(user))
		ret = capipc_share_enter_locked(user, refusal);
	if (ret)
		return ret;
	for (i = 0; i < CAPIPC_RESOURCES && !ret; i++)
		ret = capipc_share_promise_locked(user, i, &shares[i], refusal);
	if (!ret) {
		user->slots++;
		user->holders++;
		return 0;
	}
	/* The last one was not promised. */
	for (i -= 2; i >= 0; i--)
		capipc_share_unpromise_locked(user, i, &shares[i]);
	if (!user->holders && !capipc_user_stays(user))
		capipc_share_leave_locked(user);
	return ret;
}

/**
 * capipc_share_expel_locked - a child goes
 * @user: its lock is held
 * @shares: what the child has
 * @counted: it has not been retired
 */
void capipc_share_expel_locked(struct capipc_user *user, struct capipc_share *shares, bool counted)
{
	int i;

	lockdep_assert_held(&user->lock);
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		capipc_share_unpromise_locked(user, i, &shares[i]);
	if (counted)
		user->slots--;
	user->holders--;
	if (!user->holders && !capipc_user_stays(user)) {
		capipc_share_leave_locked(user);
		return;
	}
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		capipc_share_shrink_locked(user, i);
}

/**
 * capipc_share_retire_locked - a child needs no reserve any more
 * @user: its lock is held
 * @shares: what the child has
 * @left: what it will have, which is not more and will not grow
 *
 * Return: false if that does not fit into the room that there is; then nothing
 * has changed.
 */
bool capipc_share_retire_locked(struct capipc_user *user, struct capipc_share *shares,
				const long *left)
{
	bool to_come = user->slots <= user->limit[CAPIPC_LIMIT_A_CONTEXTS];
	long more[CAPIPC_RESOURCES], room;
	int i;

	lockdep_assert_held(&user->lock);
	for (i = 0; i < CAPIPC_RESOURCES; i++) {
		more[i] = left[i] - capipc_share_beyond(&shares[i]);
		room = capipc_share_room_locked(user, i) + shares[i].reserve;
		if (to_come)
			room -= user->pool[i].each;
		if (more[i] > 0 && more[i] > room)
			return false;
	}
	user->slots--;
	for (i = 0; i < CAPIPC_RESOURCES; i++) {
		user->pool[i].promised -= shares[i].reserve;
		user->pool[i].given += more[i];
		shares[i].reserve = 0;
		WRITE_ONCE(shares[i].grant, left[i]);
		capipc_share_shrink_locked(user, i);
	}
	return true;
}

/* ------------------------------------------------------------------- changes */

/**
 * capipc_share_set_reserve_locked - change the reserve of a child
 * @user: its lock is held
 * @resource: of what
 * @share: what the child has
 * @reserve: what its reserve shall be; if there is no room for that it stays
 */
void capipc_share_set_reserve_locked(struct capipc_user *user,
				     enum capipc_resource resource,
				     struct capipc_share *share, long reserve)
{
	struct capipc_pool *pool = &user->pool[resource];
	struct capipc_share changed = { .reserve = reserve, .grant = share->grant };
	long more = reserve - share->reserve;
	long beyond = capipc_share_beyond(&changed) - capipc_share_beyond(share);

	lockdep_assert_held(&user->lock);
	if (more + beyond > 0 &&
	    (pool->promised + pool->given + more + beyond >
		     user->limit[capipc_limit_of(resource)] ||
	     capipc_share_cover_locked(user, resource, more + beyond) < more + beyond))
		return;
	pool->promised += more;
	pool->given += beyond;
	WRITE_ONCE(share->reserve, reserve);
}
