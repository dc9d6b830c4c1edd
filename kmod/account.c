// SPDX-License-Identifier: GPL-2.0
/*
 * Accounts: see account.h.
 *
 * A charge adds to the context's counter and compares it with the grant; only
 * when the grant does not cover it does it take the lock of the user, and asks
 * for more. Uncharging gives back what is left over by more than three batches,
 * or all of it where others may miss it.
 */
#include <linux/capability.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>

#include "account.h"
#include "context.h"
#include "event.h"

/* What an account is charged for itself and its context. */
#define CAPIPC_ACCOUNT_BYTES \
	((long)(sizeof(struct capipc_account) + sizeof(struct capipc_context)))

/* The limit of a context, whatever its share is. */
long capipc_account_limit(const struct capipc_account *account, enum capipc_resource resource)
{
	const long *limit = account->user->limit;

	switch (resource) {
	case CAPIPC_BYTES:
		return READ_ONCE(limit[CAPIPC_LIMIT_A_BYTES_PER_CONTEXT]);
	case CAPIPC_HANDLES:
		return READ_ONCE(limit[CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT]);
	default:
		return CAPIPC_LIMIT_MAX;
	}
}

/* Tell that something was refused. May sleep. */
void capipc_account_tell(struct capipc_account *account, struct net *net,
			 const struct capipc_refusal *refusal)
{
	struct capipc_event event = {
		.type = CAPIPC_EVENT_QUOTA,
		.net = net,
		.account = account,
		.uid = account->user->uid,
		.context_id = account->context_id,
		.resource = refusal->resource,
		.amount = refusal->amount,
		.limit = refusal->limit,
	};

	if (capipc_event_wanted(net))
		capipc_event_emit(&event);
}

/*
 * Make the grant smaller, but not smaller than what is used. @n of that is about
 * to be uncharged, and does not count.
 */
static void capipc_account_lower_locked(struct capipc_account *account,
					enum capipc_resource resource, long target, long n)
{
	struct capipc_share *share = &account->share[resource];
	long before = capipc_share_beyond(share), grant = share->grant, used;

	lockdep_assert_held(&account->user->lock);
	if (target >= grant)
		return;
	WRITE_ONCE(share->grant, target);
	/*
	 * Who charges adds first and then looks at the grant: either it sees the
	 * new one, or we see what it added.
	 */
	smp_mb();
	used = atomic_long_read(&account->used[resource]) - n;
	if (used > target)
		WRITE_ONCE(share->grant, min(used, grant));
	capipc_share_take_back_locked(account->user, resource,
				      before - capipc_share_beyond(share));
}

/* @n is about to be uncharged: give back what is left over then. */
void capipc_account_shrink(struct capipc_account *account, enum capipc_resource resource, long n)
{
	struct capipc_share *share = &account->share[resource];
	long keep;

	capipc_user_lock(account->user);
	keep = atomic_long_read(&account->used[resource]) - n;
	if (!share->tight)
		keep += capipc_batch(resource);
	else if (account->retired && resource == CAPIPC_BYTES)
		keep += sizeof(*account);
	capipc_account_lower_locked(account, resource, max(keep, share->reserve), n);
	capipc_share_update_tight_locked(account->user, resource, share, capipc_batch(resource));
	capipc_user_unlock(account->user);
}

/* Somebody has been refused: give back what is not used. */
void capipc_account_call_in_locked(struct capipc_account *account, enum capipc_resource resource)
{
	struct capipc_share *share = &account->share[resource];
	long keep = atomic_long_read(&account->used[resource]);

	lockdep_assert_held(&account->user->lock);
	capipc_account_lower_locked(account, resource, max(keep, share->reserve), 0);
	capipc_share_update_tight_locked(account->user, resource, share, capipc_batch(resource));
}

/* The limits of its user have changed. */
void capipc_account_refit_locked(struct capipc_account *account)
{
	struct capipc_user *user = account->user;
	long keep;
	int i;

	lockdep_assert_held(&user->lock);
	for (i = 0; i < CAPIPC_RESOURCES; i++) {
		keep = min(capipc_account_limit(account, i),
			   min(user->pool[i].each, account->share[i].reserve));
		capipc_account_lower_locked(account, i, keep, 0);
		capipc_share_set_reserve_locked(user, i, &account->share[i], user->pool[i].each);
	}
	capipc_bucket_fill(&account->connects);
	for (i = 0; i <= CAPIPC_EVENT_MAX; i++)
		capipc_bucket_fill(&account->events[i]);
}

/* The grant does not cover what is used: let it be more, if that is allowed. */
static bool capipc_account_grow_locked(struct capipc_account *account,
				       enum capipc_resource resource, long used, u64 *most)
{
	struct capipc_share *share = &account->share[resource];
	long limit = capipc_account_limit(account, resource);
	long need = used - share->grant, batch, got;

	lockdep_assert_held(&account->user->lock);
	if (need <= 0)
		return true;
	*most = limit;
	if (used > limit)
		return false;
	batch = min(roundup(need, capipc_batch(resource)), limit - share->grant);
	got = capipc_share_give_locked(account->user, resource, share, batch);
	if (got < need)
		capipc_share_call_in_locked(account->user, resource);
	if (got < batch)
		got = capipc_share_give_locked(account->user, resource, share, need);
	capipc_share_update_tight_locked(account->user, resource, share, capipc_batch(resource));
	*most = share->grant + got;
	return got >= need;
}

/* The way of a charge that the grant does not cover, and that is taken back first. */
int capipc_account_charge_slow(struct capipc_account *account, enum capipc_resource resource,
			       long n, bool tell)
{
	struct capipc_refusal refusal = {
		.resource = capipc_resource_names[resource],
		.amount = n,
	};
	long used;
	bool grown;

	atomic_long_sub(n, &account->used[resource]);
	capipc_user_lock(account->user);
	used = atomic_long_add_return(n, &account->used[resource]);
	grown = capipc_account_grow_locked(account, resource, used, &refusal.limit);
	if (!grown)
		atomic_long_sub(n, &account->used[resource]);
	capipc_user_unlock(account->user);
	if (grown)
		return 0;
	if (tell)
		capipc_account_tell(account, account->net, &refusal);
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
	struct capipc_share *share = &account->share[resource];
	long need;

	capipc_user_lock(account->user);
	need = atomic_long_add_return(n, &account->used[resource]) - share->grant;
	if (need > 0)
		capipc_share_force_locked(account->user, resource, share, need);
	capipc_user_unlock(account->user);
}

void capipc_account_free(struct capipc_account *account)
{
	struct capipc_user *user = account->user;
	int i;

	for (i = 0; i < CAPIPC_RESOURCES; i++)
		WARN_ON_ONCE(atomic_long_read(&account->used[i]));
	WARN_ON_ONCE(atomic_long_read(&account->files));
	capipc_user_lock(user);
	list_del(&account->link);
	capipc_share_expel_locked(user, account->share, !account->retired);
	capipc_user_unlock(user);
	capipc_user_put(user);
	kfree(account);
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
	*limit = capipc_account_limit(account, resource);
}

/**
 * capipc_account_create - open an account for a new context of the calling thread
 * @context_id: for events
 * @net: where to tell them
 *
 * Return: the account, or -EDQUOT (too many users or contexts, or no bytes left),
 * -ENOMEM.
 */
struct capipc_account *capipc_account_create(u64 context_id, struct net *net)
{
	struct capipc_account *account;
	struct capipc_refusal refusal;
	struct capipc_user *user;
	int ret, i;

	account = kzalloc(sizeof(*account), GFP_KERNEL_ACCOUNT);
	if (!account)
		return ERR_PTR(-ENOMEM);
	user = capipc_user_get_current();
	if (IS_ERR(user)) {
		kfree(account);
		return ERR_CAST(user);
	}
	account->user = user;
	account->context_id = context_id;
	account->net = net;

	capipc_user_lock(user);
	ret = capipc_share_admit_locked(user, account->share, &refusal);
	if (!ret) {
		list_add_tail(&account->link, &user->accounts);
		for (i = 0; i < CAPIPC_RESOURCES; i++)
			capipc_account_lower_locked(account, i, capipc_account_limit(account, i),
						    0);
	}
	capipc_user_unlock(user);
	if (ret) {
		capipc_account_tell(account, account->net, &refusal);
		capipc_user_put(user);
		kfree(account);
		return ERR_PTR(ret);
	}
	ret = capipc_account_charge(account, CAPIPC_BYTES, CAPIPC_ACCOUNT_BYTES);
	if (ret) {
		capipc_account_free(account);
		return ERR_PTR(ret);
	}
	return account;
}

/**
 * capipc_account_release - its context is gone
 * @account: the account, which lives on until what it paid for is gone too
 */
void capipc_account_release(struct capipc_account *account)
{
	struct capipc_user *user = account->user;
	long left[CAPIPC_RESOURCES];
	int i;

	capipc_user_lock(user);
	list_del_init(&account->link);
	/* Nobody charges it any more. */
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		left[i] = atomic_long_read(&account->used[i]);
	/* But the account itself stays. */
	left[CAPIPC_BYTES] -= sizeof(struct capipc_context);
	account->retired = capipc_share_retire_locked(user, account->share, left);
	capipc_user_unlock(user);
	capipc_account_uncharge(account, CAPIPC_BYTES, CAPIPC_ACCOUNT_BYTES);
}

/*
 * Nobody is kept from passing a few files on by what others of its user have. Contexts
 * that have gone may have left some of theirs behind; those of all that there may be
 * at a time are the most that this adds.
 */
static bool capipc_files_allowed(const struct capipc_user *user, long of_user, long of_account,
				 unsigned long max)
{
	long limit = min_t(unsigned long, READ_ONCE(user->limit[CAPIPC_LIMIT_A_FILES]), max);
	long reserved = CAPIPC_RESERVE_FILES * READ_ONCE(user->limit[CAPIPC_LIMIT_A_CONTEXTS]);

	return of_user <= limit ||
	       (of_account <= min(limit, CAPIPC_RESERVE_FILES) && of_user - limit <= reserved);
}

static bool capipc_files_unlimited(void)
{
	return ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE);
}

/**
 * capipc_files_max - how many files may the calling thread's user have in flight?
 *
 * Return: RLIMIT_NOFILE, or %CAPIPC_FILES_ANY with CAP_SYS_RESOURCE in the initial user
 * namespace.
 */
unsigned long capipc_files_max(void)
{
	return capipc_files_unlimited() ? CAPIPC_FILES_ANY : rlimit(RLIMIT_NOFILE);
}

/**
 * capipc_user_charge_files - files are about to be in flight
 * @account: of who pays for them
 * @net: where a refusal is told
 * @n: how many
 * @max: RLIMIT_NOFILE of who pays, or %CAPIPC_FILES_ANY; besides the limit of its user
 * @own: the calling thread pays: whether any number will do is found out only if need be
 *
 * May sleep to tell about a refusal.
 *
 * Return: 0, or -ETOOMANYREFS and nothing is charged.
 */
int capipc_user_charge_files(struct capipc_account *account, struct net *net, unsigned int n,
			     unsigned long max, bool own)
{
	struct capipc_refusal refusal = { .resource = "files", .amount = n };
	struct capipc_user *user, *undo;
	long of_account = atomic_long_add_return(n, &account->files);

	for (user = account->user; user->parent; user = user->parent) {
		if (!capipc_files_allowed(user, atomic_long_add_return(n, &user->files),
					  of_account, max) &&
		    !(own ? capipc_files_unlimited() : max == CAPIPC_FILES_ANY))
			goto refuse;
	}
	return 0;

refuse:
	refusal.limit = min_t(unsigned long, READ_ONCE(user->limit[CAPIPC_LIMIT_A_FILES]), max);
	for (undo = account->user; undo != user->parent; undo = undo->parent)
		atomic_long_sub(n, &undo->files);
	atomic_long_sub(n, &account->files);
	capipc_account_tell(account, net, &refusal);
	return -ETOOMANYREFS;
}

/**
 * capipc_user_uncharge_files - files are not in flight any more
 * @account: that was charged, and is kept alive by bytes that are charged still
 * @n: how many
 */
void capipc_user_uncharge_files(struct capipc_account *account, unsigned int n)
{
	struct capipc_user *user;

	for (user = account->user; user->parent; user = user->parent)
		atomic_long_sub(n, &user->files);
	atomic_long_sub(n, &account->files);
}
