// SPDX-License-Identifier: GPL-2.0
/*
 * Rules: see rule.h.
 */
#include <linux/overflow.h>
#include <linux/security.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "account.h"
#include "attenuation.h"
#include "context.h"
#include "ident.h"
#include "label.h"
#include "ioctl.h"
#include "listener.h"
#include "pipe.h"
#include "rule.h"
#include "table.h"

#define CAPIPC_MATCH_ALL							\
	(CAPIPC_MATCH_SAME_UID | CAPIPC_MATCH_SAME_PRIVILEGE | CAPIPC_MATCH_UID |	\
	 CAPIPC_MATCH_GID | CAPIPC_MATCH_CAPABILITIES | CAPIPC_MATCH_LABEL |		\
	 CAPIPC_MATCH_UNCHANGED)

/* The label of a rule as the security module writes it, which must know it. */
static int capipc_rule_label(const struct capipc_rule *rule, char **label)
{
	char text[CAPIPC_LABEL_MAX + 1];
	u32 secid;
	int ret;

	if (!rule->label_len || rule->label_len > CAPIPC_LABEL_MAX)
		return -EINVAL;
	if (copy_from_user(text, u64_to_user_ptr(rule->label), rule->label_len))
		return -EFAULT;
	text[rule->label_len] = '\0';
	ret = security_secctx_to_secid(text, rule->label_len, &secid);
	if (!ret) {
		if (!secid)
			return -EOPNOTSUPP;
		*label = capipc_compat_secid_label(secid);
		if (!IS_ERR(*label))
			return 0;
		ret = PTR_ERR(*label);
		*label = NULL;
	}
	return ret == -ENOMEM || ret == -EOPNOTSUPP ? ret : -EINVAL;
}

/* Check a rule and translate it into kernel ids. */
static int capipc_rule_translate(const struct capipc_rule *rule, bool connect,
				 struct capipc_krule *out)
{
	struct user_namespace *ns = current_user_ns();

	if ((rule->match & ~CAPIPC_MATCH_ALL) || rule->reserved)
		return -EINVAL;
	if (rule->ordinal_first > rule->ordinal_last || (connect && rule->ordinal_last))
		return -EINVAL;
	out->match = rule->match;
	out->facet = rule->facet;
	out->ordinal_first = rule->ordinal_first;
	out->ordinal_last = rule->ordinal_last;

	if (rule->match & CAPIPC_MATCH_UID) {
		out->uid = make_kuid(ns, rule->uid);
		if (!uid_valid(out->uid))
			return -EINVAL;
	} else if (rule->uid) {
		return -EINVAL;
	}
	if (rule->match & CAPIPC_MATCH_GID) {
		out->gid = make_kgid(ns, rule->gid);
		if (!gid_valid(out->gid))
			return -EINVAL;
	} else if (rule->gid) {
		return -EINVAL;
	}
	if (rule->match & CAPIPC_MATCH_CAPABILITIES) {
		if (!rule->capabilities || (rule->capabilities & ~CAPIPC_CAPABILITIES_ALL))
			return -EINVAL;
		out->capabilities = rule->capabilities;
	} else if (rule->capabilities) {
		return -EINVAL;
	}
	if (rule->match & CAPIPC_MATCH_LABEL)
		return capipc_rule_label(rule, &out->label);
	return rule->label || rule->label_len ? -EINVAL : 0;
}

static int capipc_ruleset_charge_label(struct capipc_ruleset *ruleset, const char *label)
{
	size_t size;
	int ret;

	if (!label)
		return 0;
	size = strlen(label) + 1;
	ret = capipc_account_charge(ruleset->account, CAPIPC_BYTES, size);
	if (!ret)
		ruleset->charge += size;
	return ret;
}

/**
 * capipc_ruleset_create - copy a list of rules in
 * @context: of who sets it, and pays for it
 * @rules: user pointer
 * @count: number of rules
 * @rule_size: size of one, as the caller knows it
 * @connect: rules about connecting, which have no ordinals
 *
 * Return: the list with one reference, or -EINVAL, -E2BIG, -EFAULT, -EOPNOTSUPP,
 * -EDQUOT, -ENOMEM.
 */
struct capipc_ruleset *capipc_ruleset_create(struct capipc_context *context, u64 rules, u32 count,
					     u32 rule_size, bool connect)
{
	struct capipc_ruleset *ruleset;
	struct capipc_rule rule;
	size_t size;
	int ret;
	u32 i;

	if (count > CAPIPC_RULES_MAX || rule_size < offsetofend(struct capipc_rule, reserved))
		return ERR_PTR(-EINVAL);
	if (rule_size > CAPIPC_STRUCT_MAX)
		return ERR_PTR(-E2BIG);
	size = struct_size(ruleset, rules, count);
	ret = capipc_account_charge(context->account, CAPIPC_BYTES, size);
	if (ret)
		return ERR_PTR(ret);
	ruleset = kvzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!ruleset) {
		capipc_account_uncharge(context->account, CAPIPC_BYTES, size);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&ruleset->refs, 1);
	ruleset->account = context->account;
	ruleset->charge = size;
	ruleset->count = count;
	for (i = 0; i < count; i++) {
		ret = copy_struct_from_user(&rule, sizeof(rule),
					    u64_to_user_ptr(rules) + (size_t)i * rule_size,
					    rule_size);
		if (!ret)
			ret = capipc_rule_translate(&rule, connect, &ruleset->rules[i]);
		if (!ret)
			ret = capipc_ruleset_charge_label(ruleset, ruleset->rules[i].label);
		if (ret) {
			capipc_ruleset_put(ruleset);
			return ERR_PTR(ret);
		}
	}
	return ruleset;
}

struct capipc_ruleset *capipc_ruleset_get(struct capipc_ruleset *ruleset)
{
	if (ruleset)
		refcount_inc(&ruleset->refs);
	return ruleset;
}

/* @ruleset may be NULL. */
void capipc_ruleset_put(struct capipc_ruleset *ruleset)
{
	u32 i;

	if (!ruleset || !refcount_dec_and_test(&ruleset->refs))
		return;
	for (i = 0; i < ruleset->count; i++)
		kfree(ruleset->rules[i].label);
	capipc_account_uncharge(ruleset->account, CAPIPC_BYTES, ruleset->charge);
	kvfree(ruleset);
}

static bool capipc_same_privilege(const struct cred *sender, const struct cred *receiver)
{
	u64 needed = capipc_compat_cap_bits(receiver->cap_effective);

	return sender->user_ns == receiver->user_ns &&
	       uid_eq(sender->euid, receiver->euid) && gid_eq(sender->egid, receiver->egid) &&
	       (capipc_compat_cap_bits(sender->cap_effective) & needed) == needed;
}

static bool capipc_rule_matches(const struct capipc_krule *rule, const struct capipc_asked *asked)
{
	const struct cred *sender = asked->ident->cred;
	u32 match = rule->match;

	if ((match & CAPIPC_MATCH_SAME_UID) && !uid_eq(sender->euid, asked->receiver->euid))
		return false;
	if ((match & CAPIPC_MATCH_SAME_PRIVILEGE) &&
	    !capipc_same_privilege(sender, asked->receiver))
		return false;
	if ((match & CAPIPC_MATCH_UID) && !uid_eq(sender->euid, rule->uid))
		return false;
	if ((match & CAPIPC_MATCH_GID) && !capipc_cred_in_group(sender, rule->gid))
		return false;
	if ((match & CAPIPC_MATCH_CAPABILITIES) &&
	    (capipc_cred_capabilities(sender, asked->receiver->user_ns) & rule->capabilities) !=
	    rule->capabilities)
		return false;
	if ((match & CAPIPC_MATCH_LABEL) &&
	    !capipc_label_same(asked->ident->label->text, rule->label))
		return false;
	if ((match & CAPIPC_MATCH_UNCHANGED) && asked->changed)
		return false;
	return true;
}

/* Is it about this method and facet, whoever asks? */
static bool capipc_rule_is_about(const struct capipc_krule *rule,
				 const struct capipc_asked *asked)
{
	if (asked->ordinal < rule->ordinal_first || asked->ordinal > rule->ordinal_last)
		return false;
	return asked->connect || !rule->facet || rule->facet == asked->facet;
}

/**
 * capipc_ruleset_decide - which rule decides?
 * @ruleset: the list, or NULL if there is none
 * @asked: the question
 *
 * Return: the index of the rule that allows it, or CAPIPC_EXPLAIN_NONE,
 * CAPIPC_EXPLAIN_OPEN.
 */
int capipc_ruleset_decide(const struct capipc_ruleset *ruleset, const struct capipc_asked *asked)
{
	u32 i;

	if (!ruleset)
		return CAPIPC_EXPLAIN_OPEN;
	if (!asked->receiver)
		return CAPIPC_EXPLAIN_NONE;
	for (i = 0; i < ruleset->count; i++) {
		const struct capipc_krule *rule = &ruleset->rules[i];

		if (capipc_rule_is_about(rule, asked) && capipc_rule_matches(rule, asked))
			return i;
	}
	return CAPIPC_EXPLAIN_NONE;
}

/* What of a rule does not hold? */
static u32 capipc_rule_unmet(const struct capipc_krule *rule, const struct capipc_asked *asked)
{
	struct capipc_krule one = *rule;
	u32 unmet = 0, left;

	for (left = rule->match; left; left &= left - 1) {
		one.match = left & -left;
		if (!capipc_rule_matches(&one, asked))
			unmet |= one.match;
	}
	return unmet;
}

/**
 * capipc_ruleset_nearest - which rule comes nearest?
 * @ruleset: the list, or NULL if there is none
 * @asked: the question, which it denies
 * @list: enum capipc_rule_list
 * @nearest: out: the first rule of those of which least does not hold
 */
void capipc_ruleset_nearest(const struct capipc_ruleset *ruleset,
			    const struct capipc_asked *asked, u32 list,
			    struct capipc_nearest *nearest)
{
	u32 i, unmet;

	*nearest = (struct capipc_nearest) { .list = list, .rule = CAPIPC_EXPLAIN_NONE };
	if (!ruleset)
		return;
	nearest->count = ruleset->count;
	for (i = 0; i < ruleset->count && asked->receiver; i++) {
		if (!capipc_rule_is_about(&ruleset->rules[i], asked))
			continue;
		unmet = capipc_rule_unmet(&ruleset->rules[i], asked);
		if (nearest->rule >= 0 && hweight32(unmet) >= hweight32(nearest->unmet))
			continue;
		nearest->rule = i;
		nearest->unmet = unmet;
	}
}

/*
 * The credentials that senders to an object are compared with: its holder's, or
 * those of the last holder while it is in flight. Under RCU, with or without the
 * lock of the object: who changes its place makes sure that one of the two is
 * always there to be seen.
 */
const struct cred *capipc_holder_cred(struct capipc_object *object)
{
	struct capipc_context *owner;
	const struct cred *cred;
	int tries;

	for (tries = 0; tries < 2; tries++) {
		/* Pairs with the release in capipc_object_detach(). */
		owner = smp_load_acquire(&object->owner);
		if (owner)
			return rcu_dereference(owner->cred);
		cred = READ_ONCE(*capipc_object_flight_cred(object));
		if (cred)
			return cred;
		smp_rmb(); /* pairs with smp_wmb() in capipc_object_attach() */
	}
	return NULL;
}

/* An endpoint that waits in a listener is as good as held by who holds that. */
static const struct cred *capipc_receiver_cred_locked(struct capipc_endpoint *endpoint)
{
	struct capipc_object *object = &endpoint->object;

	lockdep_assert_held(object->lock);
	if (object->container && object->container->kind == CAPIPC_KIND_LISTENER)
		object = object->container;
	return capipc_holder_cred(object);
}

/**
 * capipc_endpoint_decide_locked - which rule decides?
 * @endpoint: through which endpoint it would be sent
 * @ident: by whom
 * @changed: that is not who connected
 * @ordinal: the method
 *
 * Under RCU. Return: the index of the rule that allows it, or CAPIPC_EXPLAIN_*; for
 * capipc_rule_allowed() to say what that means.
 */
int capipc_endpoint_decide_locked(struct capipc_endpoint *endpoint,
				  const struct capipc_ident *ident, bool changed, u32 ordinal)
{
	struct capipc_endpoint *target = capipc_endpoint_peer(endpoint);
	struct capipc_asked asked = {
		.ident = ident,
		.receiver = capipc_receiver_cred_locked(target),
		.ordinal = ordinal,
		.facet = target->facet,
		.changed = changed,
	};
	int rule, inherited;
	u32 i;

	if (!capipc_attenuation_allows(endpoint->attenuation, ordinal))
		return CAPIPC_EXPLAIN_ATTENUATED;
	rule = capipc_ruleset_decide(target->rules, &asked);
	/* What it has inherited must allow it, too. */
	for (i = 0; i < target->inherited_count && capipc_rule_allowed(rule); i++) {
		asked.facet = target->inherited[i].facet;
		inherited = capipc_ruleset_decide(target->inherited[i].rules, &asked);
		if (rule == CAPIPC_EXPLAIN_OPEN || !capipc_rule_allowed(inherited))
			rule = inherited;
	}
	return rule;
}

/**
 * capipc_rule_judge_locked - could that have been sent?
 * @endpoint: through which endpoint
 * @ident: by whom
 * @changed: that is not who connected
 * @ordinal: the method
 *
 * Unlike capipc_rule_allows_locked() it is about anybody, not the calling thread, and
 * nothing is remembered.
 */
bool capipc_rule_judge_locked(struct capipc_endpoint *endpoint, const struct capipc_ident *ident,
			      bool changed, u32 ordinal)
{
	int rule;

	rcu_read_lock();
	rule = capipc_endpoint_decide_locked(endpoint, ident, changed, ordinal);
	rcu_read_unlock();
	return capipc_rule_allowed(rule);
}

/**
 * capipc_endpoint_nearest_locked - what stands between the calling thread and a method
 * @endpoint: the endpoint that it would send through
 * @ident: who the thread is
 * @changed: it is not the one who connected
 * @ordinal: the method
 * @nearest: out
 */
void capipc_endpoint_nearest_locked(struct capipc_endpoint *endpoint,
				    const struct capipc_ident *ident, bool changed, u32 ordinal,
				    struct capipc_nearest *nearest)
{
	struct capipc_endpoint *target = capipc_endpoint_peer(endpoint);
	struct capipc_asked asked = {
		.ident = ident,
		.ordinal = ordinal,
		.facet = target->facet,
		.changed = changed,
	};
	const struct capipc_ruleset *rules;
	u32 i;

	lockdep_assert_held(endpoint->object.lock);
	if (!capipc_attenuation_allows(endpoint->attenuation, ordinal)) {
		*nearest = (struct capipc_nearest) {
			.list = CAPIPC_RULE_LIST_ATTENUATION,
			.rule = CAPIPC_EXPLAIN_NONE,
		};
		return;
	}
	rcu_read_lock();
	asked.receiver = capipc_receiver_cred_locked(target);
	rules = target->rules;
	/* The first list that denies it. */
	for (i = 0; i < target->inherited_count; i++) {
		if (!capipc_rule_allowed(capipc_ruleset_decide(rules, &asked)))
			break;
		rules = target->inherited[i].rules;
		asked.facet = target->inherited[i].facet;
	}
	capipc_ruleset_nearest(rules, &asked, CAPIPC_RULE_LIST_ENDPOINT, nearest);
	rcu_read_unlock();
}

/* The same for connecting to a listener. */
void capipc_listener_nearest(struct capipc_listener *listener, const struct capipc_ident *ident,
			     struct capipc_nearest *nearest)
{
	struct capipc_asked asked = { .ident = ident, .connect = true };

	rcu_read_lock();
	asked.receiver = capipc_holder_cred(&listener->object);
	capipc_ruleset_nearest(listener->rules, &asked, CAPIPC_RULE_LIST_LISTENER, nearest);
	rcu_read_unlock();
}

/*
 * What is known to be allowed when one ordinal is: if nothing but one list has a say, all that
 * the same rule allows, since everything else that it looks at is the same.
 */
static struct capipc_range capipc_verdict_range_locked(const struct capipc_endpoint *endpoint,
						       int rule, u32 ordinal)
{
	const struct capipc_endpoint *target = endpoint->peer;
	const struct capipc_krule *krule;

	if (rule < 0 || endpoint->attenuation || target->inherited_count)
		return (struct capipc_range) { .first = ordinal, .last = ordinal };
	krule = &target->rules->rules[rule];
	return (struct capipc_range) {
		.first = krule->ordinal_first,
		.last = krule->ordinal_last,
	};
}

static void capipc_verdict_remember_locked(struct capipc_endpoint *endpoint,
					   const struct cred *receiver,
					   const struct capipc_range *range)
{
	/* It is between two holders at this very moment. */
	if (!receiver)
		return;
	if (endpoint->verdict_receiver != receiver) {
		/* Only what is still alive can be pinned. */
		receiver = capipc_cred_get_rcu(receiver);
		if (!receiver)
			return;
		put_cred(endpoint->verdict_receiver);
		endpoint->verdict_receiver = receiver;
		endpoint->verdict_count = 0;
		endpoint->verdict_next = 0;
	}
	endpoint->verdicts[endpoint->verdict_next] = *range;
	endpoint->verdict_next = (endpoint->verdict_next + 1) % CAPIPC_VERDICTS;
	if (endpoint->verdict_count < CAPIPC_VERDICTS)
		endpoint->verdict_count++;
}

/* The same as capipc_rule_allows_locked(), where it is not known at a glance. */
bool capipc_rule_ask_locked(struct capipc_endpoint *endpoint, const struct capipc_ident *ident,
			    bool changed, u32 ordinal)
{
	const struct cred *receiver;
	bool allowed = false;
	int rule;

	lockdep_assert_held(endpoint->object.lock);
	rcu_read_lock();
	receiver = capipc_receiver_cred_locked(capipc_endpoint_peer(endpoint));
	/* What is remembered is about the ident that the endpoint knows. */
	if (ident == endpoint->ident)
		allowed = capipc_verdict_known_locked(endpoint, receiver, ordinal);
	if (!allowed) {
		rule = capipc_endpoint_decide_locked(endpoint, ident, changed, ordinal);
		allowed = capipc_rule_allowed(rule);
		if (allowed && ident == endpoint->ident) {
			struct capipc_range range =
				capipc_verdict_range_locked(endpoint, rule, ordinal);

			capipc_verdict_remember_locked(endpoint, receiver, &range);
		}
	}
	rcu_read_unlock();
	return allowed;
}

int capipc_ioctl_restrict(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_restrict *arg = &request->argument.restrict_;
	struct capipc_ruleset *ruleset;
	struct capipc_endpoint *endpoint, *peer;
	int ret;

	if (arg->flags || arg->reserved)
		return -EINVAL;
	endpoint = capipc_table_get_endpoint(&context->table, arg->handle, CAPIPC_RIGHT_ADMIN);
	if (IS_ERR(endpoint))
		return PTR_ERR(endpoint);
	ruleset = capipc_ruleset_create(context, arg->rules, arg->rules_count, arg->rule_size,
					false);
	if (IS_ERR(ruleset)) {
		ret = PTR_ERR(ruleset);
		goto out_put;
	}
	capipc_object_lock(&endpoint->object);
	if (endpoint->object.owner != context || endpoint->object.handle != arg->handle) {
		ret = -EBADF;
	} else if (endpoint->rules) {
		ret = -EBUSY;
	} else {
		endpoint->rules = ruleset;
		ruleset = NULL;
		/* What an attenuation allowed so far was not asked of them. */
		peer = capipc_endpoint_peer(endpoint);
		peer->verdict_count = 0;
		peer->verdict_next = 0;
	}
	capipc_object_unlock(&endpoint->object);
	capipc_ruleset_put(ruleset);
out_put:
	capipc_endpoint_put(endpoint);
	return ret;
}
