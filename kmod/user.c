// SPDX-License-Identifier: GPL-2.0
/*
 * Users: see user.h.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/user_namespace.h>

#include "account.h"
#include "user.h"

static DEFINE_SPINLOCK(capipc_users_lock); /* which users there are */
static struct rb_root capipc_users = RB_ROOT;
static LIST_HEAD(capipc_users_idle);

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

/* Root, and the machine itself, are always there. */
bool capipc_user_stays(const struct capipc_user *user)
{
	return !user->parent || user == capipc_root;
}

struct capipc_user *capipc_user_get(struct capipc_user *user)
{
	refcount_inc(&user->refs);
	return user;
}

/* A reference to a record that is in the tree, with the lock of it held. */
static void capipc_user_revive(struct capipc_user *user)
{
	lockdep_assert_held(&capipc_users_lock);
	if (!refcount_inc_not_zero(&user->refs)) {
		list_del_init(&user->idle);
		refcount_set(&user->refs, 1);
	}
}

/* Subordinate users are limited by the buckets of their owner. */
static bool capipc_user_lingers(const struct capipc_user *user)
{
	s64 now = ktime_get_ns();
	int i;

	if (user->parent != &capipc_machine_user)
		return false;
	for (i = 0; i <= CAPIPC_EVENT_MAX; i++) {
		if (!capipc_bucket_is_full(&user->events[i], now))
			return true;
	}
	return !capipc_bucket_is_full(&user->connects, now);
}

static void capipc_user_free(struct capipc_user *user)
{
	WARN_ON_ONCE(user->holders || atomic_long_read(&user->files));
	kfree(user);
}

/* Forget idle records whose buckets are full by now, or @all of them. */
static void capipc_users_prune(bool all)
{
	struct capipc_user *user, *next;
	LIST_HEAD(gone);

	spin_lock(&capipc_users_lock);
	list_for_each_entry_safe(user, next, &capipc_users_idle, idle) {
		if (!all && capipc_user_lingers(user))
			break;
		rb_erase(&user->node, &capipc_users);
		list_move(&user->idle, &gone);
	}
	spin_unlock(&capipc_users_lock);
	list_for_each_entry_safe(user, next, &gone, idle) {
		capipc_user_put(user->parent);
		capipc_user_free(user);
	}
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
	if (found)
		capipc_user_revive(found);
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
			capipc_user_revive(user);
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
		if (last && capipc_user_lingers(user)) {
			list_add_tail(&user->idle, &capipc_users_idle);
			last = false;
		} else if (last) {
			rb_erase(&user->node, &capipc_users);
		}
		spin_unlock(&capipc_users_lock);
		if (!last)
			return;
		parent = user->parent;
		capipc_user_free(user);
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
	int i;

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
	INIT_LIST_HEAD(&new->idle);
	INIT_LIST_HEAD(&new->link);
	INIT_LIST_HEAD(&new->users);
	INIT_LIST_HEAD(&new->accounts);
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		new->call_in_again[i] = jiffies;

	/* Limits that change now, change before, or when the record can be found. */
	capipc_limits_lock();
	capipc_limits_of_user(uid, new->limit);
	capipc_user_resize(new);
	user = capipc_user_insert(new);
	capipc_limits_unlock();
	capipc_users_prune(false);
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

/* ------------------------------------------------------------------- changes */

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
			capipc_share_set_reserve_locked(user, i, &child->share[i],
							capipc_user_reserve(child, i));
	}
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		capipc_share_shrink_locked(user, i);
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
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		machine->call_in_again[i] = jiffies;
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
		capipc_share_unpromise_locked(machine, i, &capipc_root->share[i]);
		WARN_ON(machine->pool[i].promised || machine->pool[i].given);
	}
	WARN_ON(machine->holders || machine->slots);
	capipc_user_unlock(machine);
	capipc_user_put(capipc_root);
	capipc_users_prune(true);
	WARN_ON(!RB_EMPTY_ROOT(&capipc_users));
	WARN_ON(refcount_read(&machine->refs) != 1);
	capipc_limits_unlock();
	capipc_limits_exit();
}
