/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rules: who may do what. A list is copied from user space once, translated
 * into kernel ids, and immutable from then on.
 */
#ifndef CAPIPC_RULE_H
#define CAPIPC_RULE_H

#include <linux/uidgid.h>

#include "context.h"
#include "main.h"
#include "pipe.h"

/* One rule, translated; see struct capipc_rule for the meaning. */
struct capipc_krule {
	u32 match;
	u32 facet;
	u32 ordinal_first;
	u32 ordinal_last;
	kuid_t uid;
	kgid_t gid;
	u64 capabilities;
	char *label;
};

/**
 * struct capipc_ruleset - a list of rules; invariant but for @refs
 * @refs: a listener and every endpoint made from it share one
 * @account: pays for it
 * @charge: bytes
 * @count: number of rules
 * @rules: in the order in which they are tried
 */
struct capipc_ruleset {
	refcount_t refs;
	u32 count;
	struct capipc_account *account;
	size_t charge;
	struct capipc_krule rules[] __counted_by(count);
};

/*
 * A question to a list of rules. The facet of a
 * rule about connecting is what it gives, not what it asks for.
 */
struct capipc_asked {
	const struct capipc_ident *ident;
	const struct cred *receiver;
	u32 ordinal;
	u32 facet;
	bool changed;
	bool connect;
};

struct capipc_ruleset *capipc_ruleset_create(struct capipc_context *context, u64 rules, u32 count,
					     u32 rule_size, bool connect);
struct capipc_ruleset *capipc_ruleset_get(struct capipc_ruleset *ruleset);
void capipc_ruleset_put(struct capipc_ruleset *ruleset);
const struct cred *capipc_holder_cred(struct capipc_object *object);
int capipc_ruleset_decide(const struct capipc_ruleset *ruleset, const struct capipc_asked *asked);

/**
 * struct capipc_nearest - the rule that comes nearest to allowing what none allows
 * @list: enum capipc_rule_list, which list it is in
 * @rule: its index, or %CAPIPC_EXPLAIN_NONE if none is about it at all
 * @unmet: what of it does not hold, CAPIPC_MATCH_*
 * @count: how many rules there are
 */
struct capipc_nearest {
	u32 list;
	s32 rule;
	u32 unmet;
	u32 count;
};

void capipc_ruleset_nearest(const struct capipc_ruleset *ruleset,
			    const struct capipc_asked *asked, u32 list,
			    struct capipc_nearest *nearest);
void capipc_listener_nearest(struct capipc_listener *listener, const struct capipc_ident *ident,
			     struct capipc_nearest *nearest);
void capipc_endpoint_nearest_locked(struct capipc_endpoint *endpoint,
				    const struct capipc_ident *ident, bool changed, u32 ordinal,
				    struct capipc_nearest *nearest);
/* Does what decides allow it? */
static inline bool capipc_rule_allowed(int rule)
{
	return rule >= 0 || rule == CAPIPC_EXPLAIN_OPEN;
}

int capipc_endpoint_decide_locked(struct capipc_endpoint *endpoint,
				  const struct capipc_ident *ident, bool changed, u32 ordinal);
bool capipc_rule_ask_locked(struct capipc_endpoint *endpoint, const struct capipc_ident *ident,
			    bool changed, u32 ordinal);
bool capipc_rule_judge_locked(struct capipc_endpoint *endpoint, const struct capipc_ident *ident,
			      bool changed, u32 ordinal);

/* Was it allowed before, to the ident that the endpoint knows, and for this receiver? */
static inline bool capipc_verdict_known_locked(const struct capipc_endpoint *endpoint,
					       const struct cred *receiver, u32 ordinal)
{
	u8 i;

	if (endpoint->verdict_receiver != receiver)
		return false;
	for (i = 0; i < endpoint->verdict_count; i++) {
		const struct capipc_range *range = &endpoint->verdicts[i];

		if (likely(ordinal >= range->first && ordinal <= range->last))
			return true;
	}
	return false;
}

/**
 * capipc_rule_allows_locked - may the calling thread send this?
 * @endpoint: the endpoint that it sends through
 * @ident: who the thread is
 * @changed: it is not the one who connected
 * @ordinal: the method
 *
 * What was allowed once is remembered for as long as neither the sender's nor
 * the receiver's credentials change; both are pinned, so comparing pointers will
 * do. The rules themselves never change, but for being set.
 */
static inline bool capipc_rule_allows_locked(struct capipc_endpoint *endpoint,
					     const struct capipc_ident *ident, bool changed,
					     u32 ordinal)
{
	const struct capipc_endpoint *target = capipc_endpoint_peer(endpoint);
	const struct capipc_context *owner = target->object.owner;

	lockdep_assert_held(endpoint->object.lock);
	if (!target->rules && !endpoint->attenuation && !target->inherited_count)
		return true;
	if (likely(owner && ident == endpoint->ident) &&
	    capipc_verdict_known_locked(endpoint, rcu_access_pointer(owner->cred), ordinal))
		return true;
	return capipc_rule_ask_locked(endpoint, ident, changed, ordinal);
}

int capipc_ioctl_restrict(struct capipc_context *context, struct capipc_request *request);
int capipc_ioctl_explain(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_RULE_H */
