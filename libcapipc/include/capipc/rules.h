/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules: allow lists, for listeners and endpoints
 *
 *	capipc_rules_new(&rules);
 *	capipc_rules_allow_ordinals(rules, GET_VERSION, GET_VERSION);
 *	capipc_rules_allow_ordinals(rules, INSTALL, INSTALL);
 *	capipc_rules_match_same_privilege(rules);
 *
 * Each capipc_rules_allow*() begins a rule, and the predicates that follow
 * narrow it: all of them must hold. The first rule that matches allows; if none
 * does, the kernel denies. Errors stick, as with messages: a list in which
 * something failed cannot be used, so a sequence needs no check of its own.
 */
#ifndef CAPIPC_RULES_H
#define CAPIPC_RULES_H

#include <capipc/base.h>

CAPIPC_BEGIN_DECLS

/**
 * capipc_rules_new() - make an empty list of rules, which allows nothing
 * @out: receives the list; free it with capipc_rules_free()
 *
 * Return: 0; -ENOMEM.
 */
int capipc_rules_new(struct capipc_rules **out);

/** capipc_rules_free() - free a list of rules, or NULL */
void capipc_rules_free(struct capipc_rules *rules);

/**
 * capipc_rules_allow() - begin a rule that allows anyone everything
 * @rules: the list
 *
 * In the rules of a listener: to connect. In those of an endpoint: to send
 * every ordinal.
 *
 * Return: 0; -E2BIG: more than %CAPIPC_RULES_MAX; -ENOMEM; or the error of an
 * earlier call.
 */
int capipc_rules_allow(struct capipc_rules *rules);

/**
 * capipc_rules_allow_ordinals() - begin a rule that allows anyone some ordinals
 * @rules: the list, for an endpoint
 * @first: first ordinal
 * @last: last ordinal, inclusive
 *
 * Return: 0; -EINVAL: @last is before @first; as capipc_rules_allow().
 */
int capipc_rules_allow_ordinals(struct capipc_rules *rules, uint32_t first,
				uint32_t last);

/**
 * capipc_rules_set_facet() - facet of the last rule
 * @rules: the list
 * @facet: In the rules of a listener: the facet that a client gets who is let
 *         in by this rule. In those of an endpoint: the rule applies only to
 *         endpoints with this facet.
 *
 * Return: 0; -EINVAL: there is no rule yet, @facet is 0, or it was set before;
 * or the error of an earlier call.
 */
int capipc_rules_set_facet(struct capipc_rules *rules, uint32_t facet);

/**
 * capipc_rules_match_same_uid() - narrow the last rule: receiver's own uid
 * @rules: the list
 *
 * Return: 0; -EINVAL: there is no rule yet, or it has this predicate already;
 * or the error of an earlier call. The same for all capipc_rules_match_*().
 */
int capipc_rules_match_same_uid(struct capipc_rules *rules);
/**
 * capipc_rules_match_same_privilege() - narrow the last rule: user namespace,
 * effective uid and gid are the receiver's, and no capability of its is missing
 */
int capipc_rules_match_same_privilege(struct capipc_rules *rules);
/** capipc_rules_match_uid() - narrow the last rule: effective user id @uid */
int capipc_rules_match_uid(struct capipc_rules *rules, uint32_t uid);
/** capipc_rules_match_gid() - narrow the last rule: member of group @gid */
int capipc_rules_match_gid(struct capipc_rules *rules, uint32_t gid);
/**
 * capipc_rules_match_capabilities() - narrow the last rule: effective
 * capabilities
 * @rules: the list
 * @capabilities: bit n for capability n, all of which are needed; not 0
 */
int capipc_rules_match_capabilities(struct capipc_rules *rules,
				    uint64_t capabilities);
/**
 * capipc_rules_match_label() - narrow the last rule: security label
 * @rules: the list
 * @label: the label, which is copied; 1 to %CAPIPC_LABEL_MAX bytes
 */
int capipc_rules_match_label(struct capipc_rules *rules, const char *label);
/**
 * capipc_rules_match_unchanged() - narrow the last rule: still who connected
 */
int capipc_rules_match_unchanged(struct capipc_rules *rules);

/**
 * capipc_rules_count() - number of rules
 * @rules: the list
 *
 * Return: the number; or the error that sticks to the list.
 */
int capipc_rules_count(const struct capipc_rules *rules);

/**
 * capipc_rules_get() - look at one rule, as an endpoint would get it
 * @rules: the list
 * @index: which one, from 0; what explaining calls the rule
 * @rule: filled in; its label points into @rules
 *
 * Return: 0; -ENOENT: there are fewer; or the error that sticks to the list.
 */
int capipc_rules_get(const struct capipc_rules *rules, size_t index,
		     struct capipc_rule *rule);

CAPIPC_END_DECLS

#endif /* CAPIPC_RULES_H */
