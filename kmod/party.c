// SPDX-License-Identifier: GPL-2.0
/*
 * Parties: see party.h.
 *
 * Whoever causes an event must not wait because somebody listens, so nothing here
 * waits for memory. Without room for it, the path of a program is left out.
 */
#include <linux/pid.h>
#include <linux/sched.h>
#include <net/netlink.h>

#include "context.h"
#include "ident.h"
#include "party.h"
#include "viewer.h"

#define CAPIPC_GFP_PARTY	(GFP_NOWAIT | __GFP_NOWARN)

/**
 * capipc_party_ident - a sender takes part
 * @party: out: to be forgotten
 * @ident: the sender
 * @changed: it is not the one who connected
 */
void capipc_party_ident(struct capipc_party *party, const struct capipc_ident *ident,
			bool changed)
{
	*party = (struct capipc_party) {
		.known = true,
		.changed = changed,
		.uid = ident->cred->uid,
		.stamp_id = ident->id,
		.start_time_ns = ident->start_time_ns,
		.cred = capipc_cred_get(ident->cred),
		.pid = get_pid(ident->pid),
	};
	capipc_program_look(&party->program, ident->exe, CAPIPC_GFP_PARTY);
}

/* The calling thread takes part, for want of an ident. */
void capipc_party_current(struct capipc_party *party)
{
	*party = (struct capipc_party) {
		.known = true,
		.uid = current_uid(),
		.start_time_ns = current->group_leader->start_boottime,
		.cred = capipc_cred_get(current_cred()),
		.pid = get_pid(task_tgid(current)),
	};
}

/**
 * capipc_party_context - a holder takes part
 * @party: out: to be forgotten
 * @context: what holds the receiving end; the caller has a reference
 * @stamp_id: id of its stamps, if it has made any
 */
void capipc_party_context(struct capipc_party *party, struct capipc_context *context,
			  u64 stamp_id)
{
	const struct cred *cred;

	rcu_read_lock();
	do {
		cred = rcu_dereference(context->cred);
	} while (cred && !capipc_cred_get_rcu(cred));
	rcu_read_unlock();
	*party = (struct capipc_party) {
		.known = true,
		.uid = context->uid,
		.stamp_id = stamp_id,
		.cred = cred,
		.pid = get_pid(context->pid),
	};
	capipc_program_look(&party->program, context->exe, CAPIPC_GFP_PARTY);
}

void capipc_party_forget(struct capipc_party *party)
{
	if (!party->known)
		return;
	put_cred(party->cred);
	put_pid(party->pid);
	capipc_program_forget(&party->program);
}

/* Is the user namespace of the party neither the viewer's nor above it? */
static bool capipc_party_is_foreign(const struct capipc_party *party,
				    const struct capipc_viewer *viewer)
{
	struct user_namespace *ns;

	for (ns = viewer->user_ns; ns; ns = ns->parent) {
		if (ns == party->cred->user_ns)
			return false;
	}
	return true;
}

/*
 * Where a program is, is for its user, and for who administers the namespace in which the
 * party lives: not for who administers no more than the network that it uses.
 */
static bool capipc_party_shows_path(const struct capipc_party *party,
				    const struct capipc_viewer *viewer)
{
	struct user_namespace *ns = party->cred ? party->cred->user_ns : &init_user_ns;

	if (uid_eq(party->uid, viewer->uid))
		return true;
	while (ns && ns != viewer->user_ns)
		ns = ns->parent;
	return viewer->all && ns;
}

static int capipc_party_put_cred(struct sk_buff *skb, const struct capipc_party *party,
				 const struct capipc_viewer *viewer)
{
	const struct cred *cred = party->cred;
	u32 flags = party->changed ? CAPIPC_STAMP_CHANGED : 0;

	if (capipc_party_is_foreign(party, viewer))
		flags |= CAPIPC_STAMP_FOREIGN;
	if (nla_put_u32(skb, CAPIPC_ACTOR_A_UID, from_kuid_munged(viewer->user_ns, cred->euid)) ||
	    nla_put_u32(skb, CAPIPC_ACTOR_A_GID, from_kgid_munged(viewer->user_ns, cred->egid)) ||
	    nla_put_u64_64bit(skb, CAPIPC_ACTOR_A_CAPABILITIES,
			      capipc_cred_capabilities(cred, viewer->user_ns),
			      CAPIPC_ACTOR_A_PAD) ||
	    nla_put_u32(skb, CAPIPC_ACTOR_A_FLAGS, flags))
		return -EMSGSIZE;
	return 0;
}

/**
 * capipc_party_put - add a nest about a party
 * @skb: the message
 * @type: of the nest
 * @party: who; if it is not known, there is nothing to add
 * @viewer: who is told, and in whose terms
 *
 * Return: 0 or -EMSGSIZE.
 */
int capipc_party_put(struct sk_buff *skb, int type, const struct capipc_party *party,
		     const struct capipc_viewer *viewer)
{
	bool path = capipc_party_shows_path(party, viewer);
	struct nlattr *nest;

	if (!party->known)
		return 0;
	nest = nla_nest_start(skb, type);
	if (!nest)
		return -EMSGSIZE;
	if (party->stamp_id && nla_put_u64_64bit(skb, CAPIPC_ACTOR_A_STAMP_ID, party->stamp_id,
						 CAPIPC_ACTOR_A_PAD))
		return -EMSGSIZE;
	if (party->start_time_ns &&
	    nla_put_u64_64bit(skb, CAPIPC_ACTOR_A_START_TIME, party->start_time_ns,
			      CAPIPC_ACTOR_A_PAD))
		return -EMSGSIZE;
	if (nla_put_u32(skb, CAPIPC_ACTOR_A_PID, pid_nr_ns(party->pid, viewer->pid_ns)) ||
	    (party->cred && capipc_party_put_cred(skb, party, viewer)) ||
	    capipc_program_put(skb, CAPIPC_ACTOR_A_PROGRAM, &party->program, path))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Room that capipc_party_put() needs at most. */
size_t capipc_party_size(const struct capipc_party *party)
{
	size_t size = 2 * nla_total_size(0) + 6 * nla_total_size_64bit(sizeof(u64)) +
		4 * nla_total_size(sizeof(u32)) + nla_total_size(0);

	if (!party->known)
		return 0;
	if (party->program.path)
		size += nla_total_size(strlen(party->program.path) + 1);
	return size;
}
