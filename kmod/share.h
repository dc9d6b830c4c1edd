/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shares: how a layer divides what it has between its children.
 *
 * A layer is the machine or a user, and its children are users, or accounts and
 * subordinate users. It divides what it has into reserves, one for each child
 * that there is or may be, and room, of which no child may take more than it
 * leaves for the others. docs/limits.md has the arithmetic, and why it holds.
 */
#ifndef CAPIPC_SHARE_H
#define CAPIPC_SHARE_H

#include "main.h"

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

int __must_check capipc_share_admit_locked(struct capipc_user *user, struct capipc_share *shares,
					   struct capipc_refusal *refusal);
void capipc_share_expel_locked(struct capipc_user *user, struct capipc_share *shares,
			       bool counted);
bool capipc_share_retire_locked(struct capipc_user *user, struct capipc_share *shares,
				const long *left);

long capipc_share_give_locked(struct capipc_user *user, enum capipc_resource resource,
			      struct capipc_share *share, long n);
void capipc_share_force_locked(struct capipc_user *user, enum capipc_resource resource,
			       struct capipc_share *share, long n);
void capipc_share_take_back_locked(struct capipc_user *user, enum capipc_resource resource,
				   long n);
void capipc_share_call_in_locked(struct capipc_user *user, enum capipc_resource resource);
void capipc_share_update_tight_locked(struct capipc_user *user, enum capipc_resource resource,
				      struct capipc_share *share, long batch);
void capipc_share_set_reserve_locked(struct capipc_user *user, enum capipc_resource resource,
				     struct capipc_share *share, long reserve);
void capipc_share_shrink_locked(struct capipc_user *user, enum capipc_resource resource);
void capipc_share_unpromise_locked(struct capipc_user *user, enum capipc_resource resource,
				   struct capipc_share *share);

#endif /* CAPIPC_SHARE_H */
