/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Users: what the contexts of one user may have together, and how it is
 * divided between them (share.h).
 *
 * Users are a tree: the machine, users in it, and in a user the subordinate
 * users of the user namespaces that it made. Children of a user are the
 * accounts of its contexts, and subordinate users.
 *
 * A record of a user is kept for as long as anything refers to it, and until its
 * buckets are full: nobody shall get full ones by coming back. It is a child of the
 * layer above, with a reserve there, while it has children itself.
 */
#ifndef CAPIPC_USER_H
#define CAPIPC_USER_H

#include <linux/atomic.h>
#include <linux/rbtree.h>
#include <linux/uidgid.h>

#include "main.h"
#include "rate.h"
#include "share.h"

/**
 * struct capipc_user - the machine, a user, or a subordinate user
 * @node: among all users; capipc_users_lock
 * @key: where in the tree: owners come right before their subordinate users
 * @uid: who; invariant
 * @owner: who made the user namespace of a subordinate user, else @uid; invariant
 * @parent: the layer above, with a reference; NULL of the machine; invariant
 * @level: how many layers are above; invariant
 * @refs: one for each account, subordinate user and ident, and temporary ones;
 *        0 of one that is idle
 * @idle: among the records that are only kept for their buckets; capipc_users_lock
 * @link: among the users of @parent; its lock
 * @share: what it has of @parent; its lock. A grant changes under @lock as well.
 * @lock: protects everything below but what is atomic
 * @limit: by number; also read without @lock
 * @pool: what it has given to its children
 * @slots: children that count: without accounts that are retired
 * @holders: children
 * @users: subordinate users that are children
 * @accounts: of contexts that are open
 * @call_in_again: @users are not told that what they do not use is missed before
 *                 this time, jiffies
 * @files: in flight
 * @connects: bucket of connections
 * @events: bucket of events, by type
 * @dropped: events that were not told because of that
 */
struct capipc_user {
	struct rb_node node;
	u64 key;
	kuid_t uid;
	kuid_t owner;
	struct capipc_user *parent;
	unsigned int level;
	refcount_t refs;
	struct list_head idle;

	struct list_head link;
	struct capipc_share share[CAPIPC_RESOURCES];

	spinlock_t lock; /* all below */
	long limit[CAPIPC_LIMITS];
	struct capipc_pool pool[CAPIPC_RESOURCES];
	long slots;
	long holders;
	struct list_head users;
	struct list_head accounts;
	unsigned long call_in_again[CAPIPC_RESOURCES];

	atomic_long_t files;
	struct capipc_bucket connects;
	struct capipc_bucket events[CAPIPC_EVENT_MAX + 1];
	atomic64_t dropped;
};

/* The user in the machine that pays in the end. */
static inline const struct capipc_user *capipc_user_top(const struct capipc_user *user)
{
	return user->level > 1 ? user->parent : user;
}

struct capipc_user *capipc_user_get_current(void);
struct capipc_user *capipc_user_get(struct capipc_user *user);
void capipc_user_put(struct capipc_user *user);
struct capipc_user *capipc_user_find(kuid_t owner, kuid_t uid);
struct capipc_user *capipc_user_next(u64 key);
struct capipc_user *capipc_user_machine(void);

void capipc_user_lock(struct capipc_user *user) __acquires(&user->lock);
void capipc_user_unlock(struct capipc_user *user) __releases(&user->lock);

bool capipc_user_stays(const struct capipc_user *user);

void capipc_users_refresh(void);

int capipc_user_init(void);
void capipc_user_exit(void);

#endif /* CAPIPC_USER_H */
