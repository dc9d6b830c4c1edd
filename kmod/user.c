// SPDX-License-Identifier: GPL-2.0
/*
 * Users: see user.h.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/user_namespace.h>

#include "account.h"
#include "user.h"

static DEFINE_SPINLOCK(capipc_users_lock); /* which users there are */
static struct rb_root capipc_users = RB_ROOT;

static struct capipc_user capipc_machine_user = {
	.uid = KUIDT_INIT(-1),
	.owner = KUIDT_INIT(-1),
	.refs = REFCOUNT_INIT(1),
	.lock = __SPIN_LOCK_UNLOCKED(capipc_machine_user.lock),
	.users = LIST_HEAD_INIT(capipc_machine_user.users),
	.accounts = LIST_HEAD_INIT(capipc_machine_user.accounts),
};

/* User 0: always there, always in the machine, and not counted there. */
static struct capipc_user *capipc_root;

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

/* From below to above: that is what the subclasses are for. */
void capipc_user_lock(struct capipc_user *user) __acquires(&user->lock)
{
	spin_lock_nested(&user->lock, user->level);
}

void capipc_user_unlock(struct capipc_user *user) __releases(&user->lock)
{
	spin_unlock(&user->lock);
}

/* ------------------------------------------------------------------- records */

/* Subordinate users of an owner come right after it. */
static u64 capipc_user_key(kuid_t owner, kuid_t uid)
{
	return (u64)__kuid_val(owner) << 32 | (u32)(__kuid_val(uid) - __kuid_val(owner));
}

static struct capipc_user *capipc_user_of(struct rb_node *node)
{
	return rb_entry(node, struct capipc_user, node);
}

struct capipc_user *capipc_user_machine(void)
{
	return &capipc_machine_user;
}

struct capipc_user *capipc_user_get(struct capipc_user *user)
{
	refcount_inc(&user->refs);
	return user;
}

/* The first record from @key on, with a reference, or NULL. */
struct capipc_user *capipc_user_next(u64 key)
{
	struct capipc_user *user, *found = NULL;
	struct rb_node *node;

	spin_lock(&capipc_users_lock);
	node = capipc_users.rb_node;
	while (node) {
		user = capipc_user_of(node);
		if (user->key < key) {
			node = node->rb_right;
		} else {
			found = user;
			node = node->rb_left;
		}
	}
	/* The last reference is dropped under the lock. */
	if (found)
		refcount_inc(&found->refs);
	spin_unlock(&capipc_users_lock);
	return found;
}

/**
 * capipc_user_find - look a user up
 * @owner: who made its user namespace, or @uid
 * @uid: who
 *
 * Return: it, with a reference, or NULL if there is no record of it.
 */
struct capipc_user *capipc_user_find(kuid_t owner, kuid_t uid)
{
	u64 key = capipc_user_key(owner, uid);
	struct capipc_user *user = capipc_user_next(key);

	if (user && user->key != key) {
		capipc_user_put(user);
		user = NULL;
	}
	return user;
}

/* The record that is in the tree under its key now, with a reference. */
static struct capipc_user *capipc_user_insert(struct capipc_user *new)
{
	struct rb_node **link = &capipc_users.rb_node, *above = NULL;
	struct capipc_user *user;

	spin_lock(&capipc_users_lock);
	while (*link) {
		above = *link;
		user = capipc_user_of(above);
		if (user->key == new->key) {
			refcount_inc(&user->refs);
			goto out;
		}
		link = user->key < new->key ? &above->rb_right : &above->rb_left;
	}
	user = new;
	rb_link_node(&new->node, above, link);
	rb_insert_color(&new->node, &capipc_users);
out:
	spin_unlock(&capipc_users_lock);
	return user;
}

void capipc_user_put(struct capipc_user *user)
{
	struct capipc_user *parent;
	bool last;

	while (user && !refcount_dec_not_one(&user->refs)) {
		spin_lock(&capipc_users_lock);
		last = refcount_dec_and_test(&user->refs);
		if (last)
			rb_erase(&user->node, &capipc_users);
		spin_unlock(&capipc_users_lock);
		if (!last)
			return;
		WARN_ON_ONCE(user->holders || atomic_long_read(&user->files));
		parent = user->parent;
		kfree(user);
		user = parent;
	}
}

/* What a user can always have of the layer above. */
static long capipc_user_reserve(const struct capipc_user *user, enum capipc_resource resource)
{
	const struct capipc_user *parent = user->parent;

	if (user == capipc_root)
		return READ_ONCE(parent->limit[capipc_limit_of(resource)]) / CAPIPC_ROOT_SHARE;
	return READ_ONCE(parent->pool[resource].each);
}

/* The limits have changed: find out what children get. */
static void capipc_user_resize(struct capipc_user *user)
{
	long children = user->limit[CAPIPC_LIMIT_A_CONTEXTS];
	long each;
	int i;

	for (i = 0; i < CAPIPC_RESOURCES; i++) {
		each = 0;
		if (children)
			each = min(capipc_limits_reserve(i, !user->parent),
				   user->limit[capipc_limit_of(i)] / 2 / children);
		if (user->parent)
			each = min(each, capipc_user_reserve(user, i));
		WRITE_ONCE(user->pool[i].each, each);
	}
}

/* @parent's reference is taken over. Returns the record with one, or an error. */
static struct capipc_user *capipc_user_create(struct capipc_user *parent, kuid_t owner, kuid_t uid)
{
	struct capipc_user *user, *new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);

	if (!new) {
		capipc_user_put(parent);
		return ERR_PTR(-ENOMEM);
	}
	new->key = capipc_user_key(owner, uid);
	new->uid = uid;
	new->owner = owner;
	new->parent = parent;
	new->level = parent->level + 1;
	refcount_set(&new->refs, 1);
	spin_lock_init(&new->lock);
	INIT_LIST_HEAD(&new->link);
	INIT_LIST_HEAD(&new->users);
	INIT_LIST_HEAD(&new->accounts);

	/* Limits that change now, change before, or when the record can be found. */
	capipc_limits_lock();
	capipc_limits_of_user(uid, new->limit);
	capipc_user_resize(new);
	user = capipc_user_insert(new);
	capipc_limits_unlock();
	if (user != new) {
		capipc_user_put(parent);
		kfree(new);
	}
	return user;
}

static struct capipc_user *capipc_user_find_or_create(kuid_t owner, kuid_t uid)
{
	struct capipc_user *user = capipc_user_find(owner, uid), *parent;

	if (user)
		return user;
	if (uid_eq(owner, uid))
		parent = capipc_user_get(&capipc_machine_user);
	else
		parent = capipc_user_find_or_create(owner, owner);
	return IS_ERR(parent) ? parent : capipc_user_create(parent, owner, uid);
}

/**
 * capipc_user_get_current - who pays for what the calling thread opens
 *
 * It is the real user id. In a user namespace that an ordinary user made, an id
 * other than that user's own is subordinate to it.
 *
 * Return: the user with a reference, or -ENOMEM.
 */
struct capipc_user *capipc_user_get_current(void)
{
	struct user_namespace *ns = current_user_ns();
	kuid_t owner = current_uid();

	while (ns->parent && ns->parent->parent)
		ns = ns->parent;
	if (ns->parent && !uid_eq(ns->owner, GLOBAL_ROOT_UID))
		owner = ns->owner;
	return capipc_user_find_or_create(owner, current_uid());
}

/* ------------------------------------------------------------------ division */

/* What all children together may still take beyond their reserves. */
static long capipc_user_room_locked(struct capipc_user *user, enum capipc_resource resource)
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
static long capipc_user_cover_locked(struct capipc_user *user, enum capipc_resource resource,
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
	got = capipc_user_give_locked(parent, resource, share, batch);
	if (got < need)
		capipc_user_call_in_locked(parent, resource);
	if (got < batch)
		got = capipc_user_give_locked(parent, resource, share, need);
	capipc_user_update_tight_locked(parent, resource, share, capipc_user_batch[resource]);
	capipc_user_unlock(parent);
	return min(n, unused + got);
}

/**
 * capipc_user_give_locked - let a child have more
 * @user: its lock is held
 * @resource: what
 * @share: what the child has
 * @n: how much more, positive
 *
 * Return: @n, or nothing was given and this is how much it could have been.
 */
long capipc_user_give_locked(struct capipc_user *user, enum capipc_resource resource,
			     struct capipc_share *share, long n)
{
	long within = clamp(share->reserve - share->grant, 0L, n);
	long beyond = n - within, most;

	lockdep_assert_held(&user->lock);
	if (beyond) {
		most = capipc_user_room_locked(user, resource) - capipc_share_beyond(share);
		most = max((most + 1) / 2, 0L);
		if (beyond <= most)
			most = capipc_user_cover_locked(user, resource, beyond);
		if (beyond > most)
			return within + most;
		user->pool[resource].given += beyond;
	}
	WRITE_ONCE(share->grant, share->grant + n);
	return n;
}

/* As capipc_user_give_locked(), for what cannot be refused. */
void capipc_user_force_locked(struct capipc_user *user, enum capipc_resource resource,
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
		capipc_user_force_locked(user->parent, resource, own, need);
		capipc_user_unlock(user->parent);
	}
	pool->given += beyond;
	WRITE_ONCE(share->grant, share->grant + n);
}

/* Is a child so near to its share that others may miss what it does not use? */
void capipc_user_update_tight_locked(struct capipc_user *user, enum capipc_resource resource,
				     struct capipc_share *share, long batch)
{
	bool tight = capipc_share_beyond(share) + 3 * batch >
		     capipc_user_room_locked(user, resource);

	lockdep_assert_held(&user->lock);
	if (share->tight != tight)
		WRITE_ONCE(share->tight, tight);
}

/*
 * A child has been refused: take back what open accounts do not use, and let
 * subordinate users know that theirs is missed.
 */
void capipc_user_call_in_locked(struct capipc_user *user, enum capipc_resource resource)
{
	struct capipc_account *account;
	struct capipc_user *child;

	lockdep_assert_held(&user->lock);
	list_for_each_entry(account, &user->accounts, link)
		capipc_account_call_in_locked(account, resource);
	list_for_each_entry(child, &user->users, link)
		capipc_user_update_tight_locked(user, resource, &child->share[resource],
						capipc_user_batch[resource]);
}

/* Give back to the layer above what is free: all of it, or all but a batch. */
static void capipc_user_shrink_locked(struct capipc_user *user, enum capipc_resource resource)
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
	share->grant -= surplus;
	capipc_user_take_back_locked(parent, resource, surplus);
	capipc_user_update_tight_locked(parent, resource, share, capipc_user_batch[resource]);
	capipc_user_unlock(parent);
}

/**
 * capipc_user_take_back_locked - a child has less than before
 * @user: its lock is held
 * @resource: of what
 * @n: how much it has given back of what it had beyond its reserve
 */
void capipc_user_take_back_locked(struct capipc_user *user, enum capipc_resource resource, long n)
{
	lockdep_assert_held(&user->lock);
	user->pool[resource].given -= n;
	capipc_user_shrink_locked(user, resource);
}

/* ------------------------------------------------------------------ children */

static int capipc_user_promise_locked(struct capipc_user *user, enum capipc_resource resource,
				      struct capipc_share *share, struct capipc_refusal *refusal)
{
	struct capipc_pool *pool = &user->pool[resource];
	long limit = user->limit[capipc_limit_of(resource)];
	long most = min(limit - pool->promised - pool->given, pool->each);

	lockdep_assert_held(&user->lock);
	if (most >= pool->each)
		most = capipc_user_cover_locked(user, resource, pool->each);
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

static void capipc_user_unpromise_locked(struct capipc_user *user, enum capipc_resource resource,
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
static int capipc_user_enter_locked(struct capipc_user *user, struct capipc_refusal *refusal)
{
	struct capipc_user *parent = user->parent;
	int ret;

	lockdep_assert_held(&user->lock);
	capipc_user_lock(parent);
	ret = capipc_user_admit_locked(parent, user->share, refusal);
	if (!ret)
		list_add_tail(&user->link, &parent->users);
	capipc_user_unlock(parent);
	return ret;
}

static void capipc_user_leave_locked(struct capipc_user *user)
{
	struct capipc_user *parent = user->parent;
	int i;

	lockdep_assert_held(&user->lock);
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		WARN_ON_ONCE(user->pool[i].promised || user->pool[i].given);
	capipc_user_lock(parent);
	list_del_init(&user->link);
	capipc_user_expel_locked(parent, user->share, true);
	capipc_user_unlock(parent);
}

/* Root, and the machine itself, are always there. */
static bool capipc_user_stays(const struct capipc_user *user)
{
	return !user->parent || user == capipc_root;
}

/**
 * capipc_user_admit_locked - a child comes
 * @user: its lock is held
 * @shares: out: what the child has, one for each resource: its reserves
 * @refusal: out, on failure: why
 *
 * Return: 0 or -EDQUOT.
 */
int capipc_user_admit_locked(struct capipc_user *user, struct capipc_share *shares,
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
		ret = capipc_user_enter_locked(user, refusal);
	if (ret)
		return ret;
	for (i = 0; i < CAPIPC_RESOURCES && !ret; i++)
		ret = capipc_user_promise_locked(user, i, &shares[i], refusal);
	if (!ret) {
		user->slots++;
		user->holders++;
		return 0;
	}
	/* The last one was not promised. */
	for (i -= 2; i >= 0; i--)
		capipc_user_unpromise_locked(user, i, &shares[i]);
	if (!user->holders && !capipc_user_stays(user))
		capipc_user_leave_locked(user);
	return ret;
}

/**
 * capipc_user_expel_locked - a child goes
 * @user: its lock is held
 * @shares: what the child has
 * @counted: it has not been retired
 */
void capipc_user_expel_locked(struct capipc_user *user, struct capipc_share *shares, bool counted)
{
	int i;

	lockdep_assert_held(&user->lock);
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		capipc_user_unpromise_locked(user, i, &shares[i]);
	if (counted)
		user->slots--;
	user->holders--;
	if (!user->holders && !capipc_user_stays(user)) {
		capipc_user_leave_locked(user);
		return;
	}
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		capipc_user_shrink_locked(user, i);
}

/**
 * capipc_user_retire_locked - a child needs no reserve any more
 * @user: its lock is held
 * @shares: what the child has
 * @left: what it will have, which is not more and will not grow
 *
 * Return: false if that does not fit into the room that there is; then nothing
 * has changed.
 */
bool capipc_user_retire_locked(struct capipc_user *user, struct capipc_share *shares,
			       const long *left)
{
	bool to_come = user->slots <= user->limit[CAPIPC_LIMIT_A_CONTEXTS];
	long more[CAPIPC_RESOURCES], room;
	int i;

	lockdep_assert_held(&user->lock);
	for (i = 0; i < CAPIPC_RESOURCES; i++) {
		more[i] = left[i] - capipc_share_beyond(&shares[i]);
		room = capipc_user_room_locked(user, i) + shares[i].reserve;
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
		capipc_user_shrink_locked(user, i);
	}
	return true;
}

/* ------------------------------------------------------------------- changes */

static void capipc_user_change_reserve_locked(struct capipc_user *user,
					      enum capipc_resource resource,
					      struct capipc_share *share, long reserve)
{
	struct capipc_pool *pool = &user->pool[resource];
	struct capipc_share changed = { .reserve = reserve, .grant = share->grant };
	long more = reserve - share->reserve;
	long beyond = capipc_share_beyond(&changed) - capipc_share_beyond(share);

	lockdep_assert_held(&user->lock);
	/* One that cannot grow stays as it is. */
	if (more + beyond > 0 &&
	    (pool->promised + pool->given + more + beyond >
		     user->limit[capipc_limit_of(resource)] ||
	     capipc_user_cover_locked(user, resource, more + beyond) < more + beyond))
		return;
	pool->promised += more;
	pool->given += beyond;
	WRITE_ONCE(share->reserve, reserve);
}

/* The reserve of a child becomes what a child gets now. */
void capipc_user_set_reserve_locked(struct capipc_user *user, enum capipc_resource resource,
				    struct capipc_share *share)
{
	capipc_user_change_reserve_locked(user, resource, share, user->pool[resource].each);
}

static void capipc_user_refresh(struct capipc_user *user)
{
	long limits[CAPIPC_LIMITS];
	struct capipc_account *account;
	struct capipc_user *child;
	int i;

	if (user->parent)
		capipc_limits_of_user(user->uid, limits);
	else
		capipc_limits_of_machine(limits);

	capipc_user_lock(user);
	for (i = 0; i < CAPIPC_LIMITS; i++)
		WRITE_ONCE(user->limit[i], limits[i]);
	capipc_user_resize(user);
	list_for_each_entry(account, &user->accounts, link)
		capipc_account_refit_locked(account);
	list_for_each_entry(child, &user->users, link) {
		for (i = 0; i < CAPIPC_RESOURCES; i++)
			capipc_user_change_reserve_locked(user, i, &child->share[i],
							  capipc_user_reserve(child, i));
	}
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		capipc_user_shrink_locked(user, i);
	capipc_bucket_fill(&user->connects);
	for (i = 0; i <= CAPIPC_EVENT_MAX; i++)
		capipc_bucket_fill(&user->events[i]);
	capipc_user_unlock(user);
}

/* Limits have changed; theirs is the lock that the caller holds. */
void capipc_users_refresh(void)
{
	struct capipc_user *user;
	u64 key = 0;

	/* From above to below, since reserves depend on those of the layer above. */
	capipc_user_refresh(&capipc_machine_user);
	while ((user = capipc_user_next(key))) {
		capipc_user_refresh(user);
		key = user->key + 1;
		capipc_user_put(user);
		cond_resched();
	}
}

/* Returns 0 or -ENOMEM. */
int capipc_user_init(void)
{
	struct capipc_user *machine = &capipc_machine_user, *root;
	int i;

	capipc_limits_init();
	capipc_limits_lock();
	capipc_users_refresh();
	capipc_limits_unlock();

	root = capipc_user_create(capipc_user_get(machine), GLOBAL_ROOT_UID, GLOBAL_ROOT_UID);
	if (IS_ERR(root)) {
		capipc_limits_exit();
		return PTR_ERR(root);
	}
	capipc_limits_lock();
	capipc_root = root;
	capipc_user_lock(machine);
	for (i = 0; i < CAPIPC_RESOURCES; i++) {
		root->share[i].reserve = capipc_user_reserve(root, i);
		root->share[i].grant = root->share[i].reserve;
		machine->pool[i].promised += root->share[i].reserve;
	}
	list_add_tail(&root->link, &machine->users);
	capipc_user_unlock(machine);
	capipc_users_refresh();
	capipc_limits_unlock();
	return 0;
}

void capipc_user_exit(void)
{
	struct capipc_user *machine = &capipc_machine_user;
	int i;

	capipc_limits_lock();
	capipc_user_lock(machine);
	list_del(&capipc_root->link);
	for (i = 0; i < CAPIPC_RESOURCES; i++) {
		capipc_user_unpromise_locked(machine, i, &capipc_root->share[i]);
		WARN_ON(machine->pool[i].promised || machine->pool[i].given);
	}
	WARN_ON(machine->holders || machine->slots);
	capipc_user_unlock(machine);
	capipc_user_put(capipc_root);
	WARN_ON(!RB_EMPTY_ROOT(&capipc_users));
	WARN_ON(refcount_read(&machine->refs) != 1);
	capipc_limits_unlock();
	capipc_limits_exit();
}
