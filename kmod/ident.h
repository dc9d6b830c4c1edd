/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Idents: who sent something, pinned.
 *
 * An ident is made when an endpoint is first used by a process with certain
 * credentials and is then shared by all its messages over that endpoint, so
 * that the reference count a message takes is only shared by the two ends of
 * its pipe. What user space sees of it is the stamp, translated into the
 * receiver's namespaces when it receives.
 */
#ifndef CAPIPC_IDENT_H
#define CAPIPC_IDENT_H

#include <linux/bits.h>
#include <linux/capability.h>
#include <linux/compiler.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/user_namespace.h>

#include "main.h"

/* Somebody writes what was seen of an ident, once. */
enum capipc_shown {
	CAPIPC_UNSHOWN,
	CAPIPC_SHOWING,
	CAPIPC_SHOWN,
};

/**
 * struct capipc_ident - a sender; invariant after initialization but for @refs and @shown
 * @refs: references
 * @id: names it to user space: random, never 0
 * @image: number of the address space (changes with exec)
 * @context_id: number of the context that it sent from
 * @exec_id: counts what its process has executed, as long as that lives
 * @cred: its credentials
 * @pid: its process
 * @exe: the program it was running when it opened its context, or NULL
 * @start_time_ns: when the process started, CLOCK_BOOTTIME
 * @net_ns: inode number of the network namespace of its context
 * @label: security label, with a reference
 * @user: who pays for its context
 * @shown: whether there is a @stamp: %CAPIPC_UNSHOWN, _SHOWING, _SHOWN
 * @shown_cred: who was the first to see it; invariant once %CAPIPC_SHOWN
 * @shown_ns: likewise, its pid namespace
 * @stamp: what that one saw, but for %CAPIPC_STAMP_CHANGED
 */
struct capipc_ident {
	refcount_t refs;
	u64 id;
	u64 image;
	u64 context_id;
	u64 exec_id;
	const struct cred *cred;
	struct pid *pid;
	struct file *exe;
	u64 start_time_ns;
	unsigned int net_ns;
	struct capipc_label *label;
	struct capipc_user *user;

	atomic_t shown;
	const struct cred *shown_cred;
	struct pid_namespace *shown_ns;
	struct capipc_stamp stamp;
};

void capipc_ident_init(void);
struct capipc_ident *capipc_ident_create(struct capipc_context *context);
void capipc_ident_free(struct capipc_ident *ident);
bool capipc_ident_same(const struct capipc_ident *a, const struct capipc_ident *b);
bool capipc_label_same(const char *a, const char *b);
void capipc_ident_stamp(struct capipc_ident *ident, bool changed, struct capipc_stamp *stamp);

static inline struct capipc_ident *capipc_ident_get(struct capipc_ident *ident)
{
	refcount_inc(&ident->refs);
	return ident;
}

/* @ident may be NULL. */
static inline void capipc_ident_put(struct capipc_ident *ident)
{
	if (ident && refcount_dec_and_test(&ident->refs))
		capipc_ident_free(ident);
}

/* Every capability that there is. */
#define CAPIPC_CAPABILITIES_ALL	(BIT_ULL(CAP_LAST_CAP + 1) - 1)

u64 capipc_cred_capabilities(const struct cred *cred, struct user_namespace *ns);
bool capipc_cred_in_group(const struct cred *cred, kgid_t gid);

/*
 * One more reference to credentials. The kernel's functions for that also store a zero,
 * plainly, in a member that is zero already where anybody else has a reference.
 */
static inline const struct cred *capipc_cred_get(const struct cred *cred)
{
	/* Several processors may store the same zero at the same time. */
	return data_race(get_cred(cred));
}

/* NULL if the last one is gone. */
static inline const struct cred *capipc_cred_get_rcu(const struct cred *cred)
{
	/* As above. */
	return data_race(get_cred_rcu(cred));
}

#endif /* CAPIPC_IDENT_H */
