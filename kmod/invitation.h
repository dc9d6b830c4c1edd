/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Invitations: named endpoints and listeners for whoever comes with the right file
 * descriptor. docs/invitation.md has states, steps and locks.
 *
 * An invitation is an object that its inviter holds, and never in flight. What it
 * holds in turn is in a message that is in no queue. It ends once: accepted,
 * expired, dropped with its last file descriptor, or withdrawn; whoever changes
 * the state takes that message out.
 */
#ifndef CAPIPC_INVITATION_H
#define CAPIPC_INVITATION_H

#include <linux/ktime.h>
#include <linux/workqueue.h>

#include "main.h"
#include "object.h"

struct file;
struct capipc_nearest;

enum capipc_invitation_state {
	CAPIPC_INVITATION_NEW,
	CAPIPC_INVITATION_OPEN,
	CAPIPC_INVITATION_ACCEPTED,
	CAPIPC_INVITATION_DROPPED,
	CAPIPC_INVITATION_EXPIRED,
	CAPIPC_INVITATION_WITHDRAWN,
};

/**
 * struct capipc_invitation - some handles, for one who is let in
 * @object: place, holder and queue of the news
 * @guard: its lock protects @object and what says so
 * @state: enum capipc_invitation_state; its lock
 * @may_kill: it has the kill clause; invariant
 * @refs: the slot, the file, a pending @expiry, each object inside as its container,
 *        and each temporary use
 * @id: number in events and dumps; invariant
 * @context_id: number of the context of the inviter; invariant
 * @net: where acceptance and denials are told; invariant
 * @account: pays for @charge bytes while it is open; the last one to use it is who
 *           ends it
 * @charge: bytes
 * @inviter: who made it; invariant
 * @acceptor: who accepted it, or NULL; its lock
 * @rules: who may accept, until it ends; its lock
 * @held: what is attached, in no queue, until it ends; its lock
 * @news: what will be in the queue of @object when it ends, until then; its lock
 * @flight_cred: always NULL, since it is never in flight
 * @expires: when, CLOCK_MONOTONIC; KTIME_MAX, which is %CAPIPC_FOREVER, for never;
 *           invariant
 * @expiry: ends it then; has a reference while it is pending
 * @wait: who polls the file
 * @count: number of @invited
 * @invited: what is attached, as the acceptor will see it; invariant
 */
struct capipc_invitation {
	struct capipc_object object;
	struct capipc_guard guard; /* @object and what says so */
	u8 state;
	bool may_kill;
	refcount_t refs;
	u64 id;
	u64 context_id;
	struct net *net;
	struct capipc_account *account;
	size_t charge;
	struct capipc_ident *inviter;
	struct capipc_ident *acceptor;
	struct capipc_ruleset *rules;
	struct capipc_message *held;
	struct capipc_message *news;
	const struct cred *flight_cred;
	ktime_t expires;
	struct delayed_work expiry;
	wait_queue_head_t wait;
	u32 count;
	struct capipc_invited invited[] __counted_by(count);
};

static inline struct capipc_invitation *capipc_invitation(struct capipc_object *object)
{
	return container_of(object, struct capipc_invitation, object);
}

void capipc_invitation_put(struct capipc_invitation *invitation);
void capipc_invitation_withdraw(struct capipc_invitation *invitation, struct list_head *garbage);
struct capipc_ident *capipc_invitation_acceptor(struct capipc_invitation *invitation,
						u64 stamp_id);
int __must_check capipc_invitation_check_locked(struct capipc_invitation *invitation,
						const struct capipc_ident *ident, u32 flags);
struct capipc_message *capipc_invitation_take(struct capipc_invitation *invitation,
					      struct capipc_ident *ident, u32 flags);
void capipc_invitation_nearest(struct capipc_invitation *invitation,
			       const struct capipc_ident *ident, struct capipc_nearest *nearest);
bool capipc_file_is_invitation(const struct file *file);

int capipc_ioctl_invite(struct capipc_context *context, struct capipc_request *request);
int capipc_ioctl_accept(struct capipc_context *context, struct capipc_request *request);

int capipc_invitation_init(void);
void capipc_invitation_exit(void);

#endif /* CAPIPC_INVITATION_H */
