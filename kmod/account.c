// SPDX-License-Identifier: GPL-2.0
/*
 * Accounts: see account.h.
 *
 * A charge adds to the context's counter and compares it with the grant; only
 * when the grant does not cover it does it take the lock and go to the user.
 * Uncharging gives back what is left over by more than two batches.
 */
#include <linux/xarray.h>

#include "account.h"
#include "context.h"
#include "event.h"

static DEFINE_XARRAY(capipc_users);

static const char *const capipc_resource_names[CAPIPC_RESOURCES] = {
	[CAPIPC_BYTES] = "bytes",
	[CAPIPC_HANDLES] = "handles",
};

static long capipc_batch(enum capipc_resource resource)
{
	return resource == CAPIPC_BYTES ? CAPIPC_BATCH_BYTES : CAPIPC_BATCH_HANDLES;
}

static long capipc_context_limit(enum capipc_resource resource)
{
	unsigned long limit = resource == CAPIPC_BYTES ?
		READ_ONCE(capipc_max_bytes_per_context) :
		READ_ONCE(capipc_max_handles_per_context);

	return min_t(unsigned long, limit, LONG_MAX / 2);
}

static long capipc_user_limit(enum capipc_resource resource)
{
	unsigned long limit = resource == CAPIPC_BYTES ?
		READ_ONCE(capipc_max_bytes_per_uid) :
		READ_ONCE(capipc_max_handles_per_uid);

	return min_t(unsigned long, limit, LONG_MAX / 2);
}

static void capipc_user_put(struct capipc_user *user)
{
	bool last;

	xa_lock(&capipc_users);
	last = refcount_dec_and_test(&user->refs);
	if (last)
		__xa_erase(&capipc_users, __kuid_val(user->uid));
	xa_unlock(&capipc_users);
	if (last)
		kfree(user);
}

static struct capipc_user *capipc_user_get(kuid_t uid)
{
	struct capipc_user *user, *new;

	xa_lock(&capipc_users);
	user = xa_load(&capipc_users, __kuid_val(uid));
	if (user)
		refcount_inc(&user->refs);
	xa_unlock(&capipc_users);
	if (user)
		return user;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->uid = uid;
	refcount_set(&new->refs, 1);
	spin_lock_init(&new->events_lock);

	xa_lock(&capipc_users);
	user = __xa_cmpxchg(&capipc_users, __kuid_val(uid), NULL, new, GFP_KERNEL_ACCOUNT);
	if (!user) {
		user = new;
		new = NULL;
	} else if (!xa_is_err(user)) {
		refcount_inc(&user->refs);
	}
	xa_unlock(&capipc_users);
	kfree(new);
	return xa_is_err(user) ? ERR_PTR(xa_err(user)) : user;
}

static bool capipc_count_below(atomic_t *counter, unsigned int limit)
{
	if ((unsigned int)atomic_inc_return(counter) <= limit)
		return true;
	atomic_dec(counter);
	return false;
}

static void capipc_account_tell(struct capipc_account *account, const char *resource, u64 amount,
				u64 limit)
{
	struct capipc_event event = {
		.type = CAPIPC_EVENT_QUOTA,
		.net = account->net,
		.account = account,
		.uid = account->user->uid,
		.context_id = account->context_id,
		.resource = resource,
		.amount = amount,
		.limit = limit,
	};

	if (capipc_event_wanted(event.net))
		capipc_event_emit(&event);
}

/* Take @n more from the user, a batch if there is one left. */
static bool capipc_account_grow_locked(struct capipc_account *account,
				       enum capipc_resource resource, long n)
{
	atomic_long_t *granted = &account->user->granted[resource];
	long limit = capipc_user_limit(resource);
	long batch = roundup(n, capipc_batch(resource));

	lockdep_assert_held(&account->lock);
	if (atomic_long_add_return(batch, granted) > limit) {
		atomic_long_sub(batch - n, granted);
		batch = n;
		if (atomic_long_read(granted) > limit) {
			atomic_long_sub(n, granted);
			return false;
		}
	}
	WRITE_ONCE(account->grant[resource], account->grant[resource] + batch);
	return true;
}

static bool capipc_account_cover(struct capipc_account *account, enum capipc_resource resource)
{
	bool covered = true;
	long need;

	spin_lock(&account->lock);
	need = atomic_long_read(&account->used[resource]) - account->grant[resource];
	if (need > 0)
		covered = capipc_account_grow_locked(account, resource, need);
	spin_unlock(&account->lock);
	return covered;
}

/**
 * capipc_account_charge - charge an account
 * @account: the account
 * @resource: what
 * @n: how much, positive
 *
 * May sleep to tell about a refusal. Return: 0, or -EDQUOT and nothing is charged.
 */
int capipc_account_charge(struct capipc_account *account, enum capipc_resource resource, long n)
{
	long limit = capipc_context_limit(resource);
	long used = atomic_long_add_return(n, &account->used[resource]);

	if (likely(used <= limit)) {
		if (likely(used <= READ_ONCE(account->grant[resource])) ||
		    capipc_account_cover(account, resource))
			return 0;
		limit = capipc_user_limit(resource);
	}
	atomic_long_sub(n, &account->used[resource]);
	capipc_account_tell(account, capipc_resource_names[resource], n, limit);
	return -EDQUOT;
}

/**
 * capipc_account_force - charge an account beyond its limits
 * @account: the account
 * @resource: what
 * @n: how much, positive
 *
 * For the few things that cannot fail and are bounded otherwise.
 */
void capipc_account_force(struct capipc_account *account, enum capipc_resource resource, long n)
{
	long need;

	spin_lock(&account->lock);
	need = atomic_long_add_return(n, &account->used[resource]) - account->grant[resource];
	if (need > 0) {
		atomic_long_add(need, &account->user->granted[resource]);
		WRITE_ONCE(account->grant[resource], account->grant[resource] + need);
	}
	spin_unlock(&account->lock);
}

/* @n is about to be uncharged: give back what is left over then, but for a batch. */
static void capipc_account_shrink(struct capipc_account *account, enum capipc_resource resource,
				  long n)
{
	atomic_long_t *used = &account->used[resource];
	long surplus, deficit;

	spin_lock(&account->lock);
	surplus = account->grant[resource] - (atomic_long_read(used) - n) - capipc_batch(resource);
	if (surplus > 0) {
		WRITE_ONCE(account->grant[resource], account->grant[resource] - surplus);
		/*
		 * Who charges adds first and then looks at the grant: either it sees
		 * the new one, or we see what it added.
		 */
		smp_mb();
		deficit = atomic_long_read(used) - n - account->grant[resource];
		if (deficit > 0) {
			WRITE_ONCE(account->grant[resource], account->grant[resource] + deficit);
			surplus -= deficit;
		}
		atomic_long_sub(surplus, &account->user->granted[resource]);
	}
	spin_unlock(&account->lock);
}

static void capipc_account_free(struct capipc_account *account)
{
	int i;

	for (i = 0; i < CAPIPC_RESOURCES; i++) {
		WARN_ON_ONCE(atomic_long_read(&account->used[i]));
		atomic_long_sub(account->grant[i], &account->user->granted[i]);
	}
	capipc_user_put(account->user);
	kfree(account);
}

/**
 * capipc_account_uncharge - undo a charge
 * @account: the account, which may be gone afterwards if this was its last charge
 * @resource: what
 * @n: how much
 *
 * Bytes go last: they are what keeps the account alive.
 */
void capipc_account_uncharge(struct capipc_account *account, enum capipc_resource resource, long n)
{
	long used, grant;

	/*
	 * Read the grant first: once our bytes are given back, somebody else's
	 * may be the last and free the account.
	 */
	grant = READ_ONCE(account->grant[resource]);
	if (unlikely(grant - atomic_long_read(&account->used[resource]) + n >
		     3 * capipc_batch(resource)))
		capipc_account_shrink(account, resource, n);

	used = atomic_long_sub_return(n, &account->used[resource]);
	if (resource == CAPIPC_BYTES && !used)
		capipc_account_free(account);
}

/**
 * capipc_account_look - how much of its limit an account has used
 * @account: the account
 * @resource: of what
 * @charged: out: what is charged
 * @limit: out: what its context may be charged, if its user has so much left
 */
void capipc_account_look(const struct capipc_account *account, enum capipc_resource resource,
			 u64 *charged, u64 *limit)
{
	*charged = max(atomic_long_read(&account->used[resource]), 0L);
	*limit = capipc_context_limit(resource);
}

/**
 * capipc_account_create - open an account for a new context
 * @uid: who pays
 * @context_id: for events
 * @net: where to tell them
 *
 * Return: the account, or -EDQUOT (too many contexts), -ENOMEM.
 */
struct capipc_account *capipc_account_create(kuid_t uid, u64 context_id, struct net *net)
{
	struct capipc_account *account;
	struct capipc_user *user;
	unsigned int limit = READ_ONCE(capipc_max_contexts_per_uid);
	int ret;

	account = kzalloc(sizeof(*account), GFP_KERNEL_ACCOUNT);
	if (!account)
		return ERR_PTR(-ENOMEM);
	user = capipc_user_get(uid);
	if (IS_ERR(user)) {
		kfree(account);
		return ERR_CAST(user);
	}
	account->user = user;
	account->context_id = context_id;
	account->net = net;
	spin_lock_init(&account->lock);

	if (!capipc_count_below(&user->contexts, limit)) {
		capipc_account_tell(account, "contexts", 1, limit);
		ret = -EDQUOT;
		goto err_free;
	}
	ret = capipc_account_charge(account, CAPIPC_BYTES,
				    sizeof(*account) + sizeof(struct capipc_context));
	if (!ret)
		return account;

	atomic_dec(&user->contexts);
err_free:
	capipc_account_free(account);
	return ERR_PTR(ret);
}

/**
 * capipc_account_release - its context is gone
 * @account: the account, which lives on until what it paid for is gone too
 */
void capipc_account_release(struct capipc_account *account)
{
	atomic_dec(&account->user->contexts);
	capipc_account_uncharge(account, CAPIPC_BYTES,
				sizeof(*account) + sizeof(struct capipc_context));
}

/**
 * capipc_user_charge_listener - a name is about to be bound
 * @account: of the context that binds it
 *
 * Return: the user with a reference, for capipc_user_uncharge_listener(), or
 * -EDQUOT.
 */
struct capipc_user *capipc_user_charge_listener(struct capipc_account *account)
{
	unsigned int limit = READ_ONCE(capipc_max_listeners_per_uid);
	struct capipc_user *user = account->user;

	if (!capipc_count_below(&user->listeners, limit)) {
		capipc_account_tell(account, "listeners", 1, limit);
		return ERR_PTR(-EDQUOT);
	}
	refcount_inc(&user->refs);
	return user;
}

void capipc_user_uncharge_listener(struct capipc_user *user)
{
	atomic_dec(&user->listeners);
	capipc_user_put(user);
}

void capipc_account_exit(void)
{
	WARN_ON(!xa_empty(&capipc_users));
	xa_destroy(&capipc_users);
}
