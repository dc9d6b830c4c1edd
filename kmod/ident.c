// SPDX-License-Identifier: GPL-2.0
/*
 * Idents: see ident.h.
 */
#include <linux/highuid.h>
#include <linux/pid_namespace.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/siphash.h>
#include <linux/string.h>

#include "context.h"
#include "ident.h"
#include "label.h"
#include "process.h"

static atomic64_t capipc_ident_ids = ATOMIC64_INIT(0);
static siphash_aligned_key_t capipc_ident_key;

/* Called once, by capipc_init(): get_random_once() would hold the module for a while. */
void capipc_ident_init(void)
{
	get_random_bytes(&capipc_ident_key, sizeof(capipc_ident_key));
}

/* No number comes again but by chance, and none tells how many there have been. */
static u64 capipc_ident_next_id(void)
{
	u64 id;

	do {
		id = siphash_1u64(atomic64_inc_return(&capipc_ident_ids), &capipc_ident_key);
	} while (!id);
	return id;
}

/**
 * capipc_ident_create - pin who the calling thread is
 * @context: its context
 *
 * Return: the ident with one reference, or NULL.
 */
struct capipc_ident *capipc_ident_create(struct capipc_context *context)
{
	struct capipc_ident *ident = kzalloc(sizeof(*ident), GFP_KERNEL_ACCOUNT);

	if (!ident)
		return NULL;
	ident->label = capipc_label_get_current(context);
	if (!ident->label) {
		kfree(ident);
		return NULL;
	}
	refcount_set(&ident->refs, 1);
	ident->id = capipc_ident_next_id();
	ident->image = context->process->image;
	ident->exec_id = READ_ONCE(current->self_exec_id);
	ident->cred = capipc_cred_get(current_cred());
	ident->pid = get_pid(task_tgid(current));
	ident->exe = context->exe ? get_file(context->exe) : NULL;
	ident->start_time_ns = current->group_leader->start_boottime;
	ident->net_ns = context->net_ns;
	ident->context_id = context->id;
	ident->user = capipc_user_get(context->account->user);
	return ident;
}

/* The last reference is gone. */
void capipc_ident_free(struct capipc_ident *ident)
{
	put_cred(ident->cred);
	put_pid(ident->pid);
	if (atomic_read(&ident->shown) == CAPIPC_SHOWN) {
		put_cred(ident->shown_cred);
		put_pid_ns(ident->shown_ns);
	}
	capipc_user_put(ident->user);
	if (ident->exe)
		fput(ident->exe);
	capipc_label_put(ident->label);
	kfree(ident);
}

/* Either may be NULL. */
bool capipc_label_same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/*
 * Are these the same program in the same process with the same credentials?
 * Two struct cred that say the same count as one: a thread that sets its ids to
 * what they are has not changed.
 */
bool capipc_ident_same(const struct capipc_ident *a, const struct capipc_ident *b)
{
	const struct cred *x = a->cred, *y = b->cred;

	if (a == b)
		return true;
	if (a->pid != b->pid || a->image != b->image)
		return false;
	return x == y ||
	       (x->user_ns == y->user_ns && uid_eq(x->uid, y->uid) && uid_eq(x->euid, y->euid) &&
		uid_eq(x->suid, y->suid) && gid_eq(x->gid, y->gid) && gid_eq(x->egid, y->egid) &&
		gid_eq(x->sgid, y->sgid) && capipc_label_same(a->label->text, b->label->text) &&
		x->group_info == y->group_info &&
		capipc_compat_cap_bits(x->cap_effective) ==
			capipc_compat_cap_bits(y->cap_effective));
}

/**
 * capipc_cred_capabilities - effective capabilities over a user namespace
 * @cred: whose
 * @ns: over what
 *
 * Return: the mask for which ns_capable() would say yes to a holder of @cred: its
 * own in its namespace and below, all of them in what it owns, none elsewhere.
 */
u64 capipc_cred_capabilities(const struct cred *cred, struct user_namespace *ns)
{
	for (;;) {
		if (ns == cred->user_ns)
			return capipc_compat_cap_bits(cred->cap_effective);
		if (ns->level <= cred->user_ns->level)
			return 0;
		if (ns->parent == cred->user_ns && uid_eq(ns->owner, cred->euid))
			return CAPIPC_CAPABILITIES_ALL;
		ns = ns->parent;
	}
}

/* Effective or supplementary: in_egroup_p() of anybody. */
bool capipc_cred_in_group(const struct cred *cred, kgid_t gid)
{
	const struct group_info *groups = cred->group_info;
	int low = 0, high = groups->ngroups, middle;

	/* They are sorted. */
	while (low < high) {
		middle = low + (high - low) / 2;
		if (gid_lt(groups->gid[middle], gid))
			low = middle + 1;
		else
			high = middle;
	}
	return gid_eq(cred->egid, gid) ||
	       (low < groups->ngroups && gid_eq(groups->gid[low], gid));
}

/* Is what the calling thread sees what was seen before? */
static bool capipc_ident_shown(const struct capipc_ident *ident)
{
	/* Pairs with the release in capipc_ident_show(). */
	return atomic_read_acquire(&ident->shown) == CAPIPC_SHOWN &&
	       ident->shown_cred == current_cred() &&
	       ident->shown_ns == task_active_pid_ns(current);
}

/*
 * Keep what the calling thread has seen for the next time. An id that has no place in its
 * namespace may get one, when that is given its map; everything else stays.
 */
static void capipc_ident_show(struct capipc_ident *ident, const struct capipc_stamp *stamp)
{
	if (atomic_cmpxchg(&ident->shown, CAPIPC_UNSHOWN, CAPIPC_SHOWING) != CAPIPC_UNSHOWN)
		return;
	ident->stamp = *stamp;
	ident->shown_cred = capipc_cred_get(current_cred());
	ident->shown_ns = get_pid_ns(task_active_pid_ns(current));
	/* Pairs with the acquire in capipc_ident_shown(). */
	atomic_set_release(&ident->shown, CAPIPC_SHOWN);
}

/* Returns whether both ids have a place in the namespace of the calling thread. */
static bool capipc_ident_translate(const struct capipc_ident *ident, struct capipc_stamp *stamp)
{
	struct user_namespace *ns = current_user_ns(), *above;
	uid_t uid = from_kuid(ns, ident->cred->euid);
	gid_t gid = from_kgid(ns, ident->cred->egid);

	stamp->id = ident->id;
	stamp->capabilities = capipc_cred_capabilities(ident->cred, ns);
	stamp->uid = uid == (uid_t)-1 ? overflowuid : uid;
	stamp->gid = gid == (gid_t)-1 ? overflowgid : gid;
	stamp->pid = pid_nr_ns(ident->pid, task_active_pid_ns(current));
	stamp->flags = 0;

	for (above = ns; above && above != ident->cred->user_ns; above = above->parent)
		;
	if (!above)
		stamp->flags |= CAPIPC_STAMP_FOREIGN;
	return uid != (uid_t)-1 && gid != (gid_t)-1;
}

/**
 * capipc_ident_stamp - what the calling thread may know of a sender
 * @ident: the sender
 * @changed: it is not the one who connected
 * @stamp: out
 */
void capipc_ident_stamp(struct capipc_ident *ident, bool changed, struct capipc_stamp *stamp)
{
	if (likely(capipc_ident_shown(ident)))
		*stamp = ident->stamp;
	else if (capipc_ident_translate(ident, stamp))
		capipc_ident_show(ident, stamp);
	if (unlikely(changed))
		stamp->flags |= CAPIPC_STAMP_CHANGED;
}
