// SPDX-License-Identifier: GPL-2.0
/*
 * Idents: see ident.h.
 */
#include <linux/pid_namespace.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "context.h"
#include "ident.h"
#include "process.h"

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
	ident->label = capipc_compat_current_label();
	if (IS_ERR(ident->label)) {
		kfree(ident);
		return NULL;
	}
	refcount_set(&ident->refs, 1);
	do {
		ident->id = get_random_u64();
	} while (!ident->id);
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

struct capipc_ident *capipc_ident_get(struct capipc_ident *ident)
{
	refcount_inc(&ident->refs);
	return ident;
}

/* @ident may be NULL. */
void capipc_ident_put(struct capipc_ident *ident)
{
	if (!ident || !refcount_dec_and_test(&ident->refs))
		return;
	put_cred(ident->cred);
	put_pid(ident->pid);
	capipc_user_put(ident->user);
	if (ident->exe)
		fput(ident->exe);
	kfree(ident->label);
	kfree(ident);
}

/* Is it still what capipc_ident_create() would make? @ident may be NULL. */
bool capipc_ident_is_current(const struct capipc_ident *ident,
			     const struct capipc_context *context)
{
	return ident && ident->cred == current_cred() && ident->pid == task_tgid(current) &&
	       ident->context_id == context->id;
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
		gid_eq(x->sgid, y->sgid) && capipc_label_same(a->label, b->label) &&
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

/**
 * capipc_ident_stamp - what the calling thread may know of a sender
 * @ident: the sender
 * @changed: it is not the one who connected
 * @stamp: out
 */
void capipc_ident_stamp(const struct capipc_ident *ident, bool changed,
			struct capipc_stamp *stamp)
{
	struct user_namespace *ns = current_user_ns(), *above;

	stamp->id = ident->id;
	stamp->capabilities = capipc_cred_capabilities(ident->cred, ns);
	stamp->uid = from_kuid_munged(ns, ident->cred->euid);
	stamp->gid = from_kgid_munged(ns, ident->cred->egid);
	stamp->pid = pid_nr_ns(ident->pid, task_active_pid_ns(current));
	stamp->flags = changed ? CAPIPC_STAMP_CHANGED : 0;

	for (above = ns; above && above != ident->cred->user_ns; above = above->parent)
		;
	if (!above)
		stamp->flags |= CAPIPC_STAMP_FOREIGN;
}
