/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Users: what the contexts of one user may have together, and how it is
 * divided between them.
 *
 * Users are a tree: the machine, users in it, and in a user the subordinate
 * users of the user namespaces that it made. Children of a user are the
 * accounts of its contexts, and subordinate users. Each user divides what it
 * has into reserves, one for each child that there is or may be, and room, of
 * which no child may take more than it leaves. docs/limits.md has the
 * arithmetic, and why it holds.
 *
 * A record of a user is kept for as long as anything refers to it. It is a child
 * of the layer above, with a reserve there, while it has children itself.
 */
#ifndef CAPIPC_USER_H
#define CAPIPC_USER_H

#include <linux/atomic.h>
#include <linux/rbtree.h>
#include <linux/uidgid.h>

#include "main.h"
#include "rate.h"

/**
 * struct capipc_share - what a child has of a resource of the layer above
 * @reserve: it can always have that much
 * @grant: what it has now, which may be less
 * @tight: it is near what it can have at most: what it does not use goes back at once
 *
 * Protected by the lock of the layer above. Children read it without, as a hint.
 */
struct capipc_share {
	long reserve;
	long grant;
	bool tight;
};

/**
 * struct capipc_pool - what a layer has given of a resource to its children
 * @each: reserve of a child that comes
 * @promised: sum of the reserves of children
 * @given: sum of what they have beyond
 */
struct capipc_pool {
	long each;
	long promised;
	long given;
};

/**
 * struct capipc_user - the machine, a user, or a subordinate user
 * @node: among all users; capipc_users_lock
 * @key: where in the tree: owners come right before their subordinate users
 * @uid: who; invariant
 * @owner: who made the user namespace of a subordinate user, else @uid; invariant
 * @parent: the layer above, with a reference; NULL of the machine; invariant
 * @level: how many layers are above; invariant
 * @refs: one for each account, subordinate user and ident, and temporary ones
 * @link: among the users of @parent; its lock
 * @share: what it has of @parent; its lock. A grant changes under @lock as well.
 * @lock: protects everything below but what is atomic
 * @limit: by number; also read without @lock
 * @pool: what it has given to its children
 * @slots: children that count: without accounts that are retired
 * @holders: children
 * @users: subordinate users that are children
 * @accounts: of contexts that are open
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

	struct list_head link;
	struct capipc_share share[CAPIPC_RESOURCES];

	spinlock_t lock; /* all below */
	long limit[CAPIPC_LIMITS];
	struct capipc_pool pool[CAPIPC_RESOURCES];
	long slots;
	long holders;
	struct list_head users;
	struct list_head accounts;

	atomic_long_t files;
	struct capipc_bucket connects;
	struct capipc_bucket events[CAPIPC_EVENT_MAX + 1];
	atomic64_t dropped;
};

/**
 * struct capipc_refusal - why not, for an event
 * @resource: name of what ran out
 * @amount: how much was asked for
 * @limit: how much there may be
 */
struct capipc_refusal {
	const char *resource;
	u64 amount;
	u64 limit;
};

extern const char *const capipc_resource_names[CAPIPC_RESOURCES];

/* What a child has taken beyond its reserve. */
static inline long capipc_share_beyond(const struct capipc_share *share)
{
	return share->grant > share->reserve ? share->grant - share->reserve : 0;
}

struct capipc_user *capipc_user_get_current(void);
struct capipc_user *capipc_user_get(struct capipc_user *user);
void capipc_user_put(struct capipc_user *user);
struct capipc_user *capipc_user_find(kuid_t owner, kuid_t uid);
struct capipc_user *capipc_user_next(u64 key);
struct capipc_user *capipc_user_machine(void);

void capipc_user_lock(struct capipc_user *user) __acquires(&user->lock);
void capipc_user_unlock(struct capipc_user *user) __releases(&user->lock);

int __must_check capipc_user_admit_locked(struct capipc_user *user, struct capipc_share *shares,
					  struct capipc_refusal *refusal);
void capipc_user_expel_locked(struct capipc_user *user, struct capipc_share *shares,
			      bool counted);
bool capipc_user_retire_locked(struct capipc_user *user, struct capipc_share *shares,
			       const long *left);

long capipc_user_give_locked(struct capipc_user *user, enum capipc_resource resource,
			     struct capipc_share *share, long n);
void capipc_user_force_locked(struct capipc_user *user, enum capipc_resource resource,
			      struct capipc_share *share, long n);
void capipc_user_take_back_locked(struct capipc_user *user, enum capipc_resource resource,
				  long n);
void capipc_user_call_in_locked(struct capipc_user *user, enum capipc_resource resource);
void capipc_user_update_tight_locked(struct capipc_user *user, enum capipc_resource resource,
				     struct capipc_share *share, long batch);
void capipc_user_set_reserve_locked(struct capipc_user *user, enum capipc_resource resource,
				    struct capipc_share *share);

void capipc_users_refresh(void);

int capipc_user_init(void);
void capipc_user_exit(void);

#endif /* CAPIPC_USER_H */
