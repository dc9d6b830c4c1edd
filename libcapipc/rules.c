// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lists of rules, put together one predicate at a time.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MIN 8U

/**
 * struct rule_line - one rule of a list
 * @rule: the rule, but for ordinals and label
 * @has_ordinals: whether it was begun with ordinals
 * @label: copy of the label, or NULL
 */
struct rule_line {
	struct capipc_rule rule;
	bool has_ordinals;
	char *label;
};

struct capipc_rules {
	struct rule_line *lines;
	size_t count;
	size_t room;
	int error;
};

int capipc_rules_new(struct capipc_rules **out)
{
	KEEP_ERRNO();
	struct capipc_rules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		return -ENOMEM;
	*out = rules;
	return 0;
}

void capipc_rules_free(struct capipc_rules *rules)
{
	KEEP_ERRNO();
	size_t i;

	if (!rules)
		return;
	for (i = 0; i < rules->count; i++)
		free(rules->lines[i].label);
	free(rules->lines);
	free(rules);
}

static int rules_grow(struct capipc_rules *rules)
{
	KEEP_ERRNO();
	size_t room = rules->room ? rules->room * 2 : LINES_MIN;
	struct rule_line *lines;

	if (rules->count == CAPIPC_RULES_MAX)
		return -E2BIG;
	if (rules->count < rules->room)
		return 0;
	lines = realloc(rules->lines, room * sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	rules->lines = lines;
	rules->room = room;
	return 0;
}

static int rules_begin(struct capipc_rules *rules, const struct rule_line *line)
{
	if (!rules->error)
		rules->error = rules_grow(rules);
	if (!rules->error)
		rules->lines[rules->count++] = *line;
	return rules->error;
}

int capipc_rules_allow(struct capipc_rules *rules)
{
	const struct rule_line line = { .rule.ordinal_last = UINT32_MAX };

	return rules_begin(rules, &line);
}

int capipc_rules_allow_ordinals(struct capipc_rules *rules, uint32_t first,
				uint32_t last)
{
	const struct rule_line line = {
		.rule.ordinal_first = first,
		.rule.ordinal_last = last,
		.has_ordinals = true,
	};

	if (last < first && !rules->error)
		rules->error = -EINVAL;
	return rules_begin(rules, &line);
}

int capipc_rules_set_facet(struct capipc_rules *rules, uint32_t facet)
{
	struct capipc_rule *rule;

	if (rules->error)
		return rules->error;
	if (!rules->count || !facet)
		return rules->error = -EINVAL;
	rule = &rules->lines[rules->count - 1].rule;
	if (rule->facet)
		return rules->error = -EINVAL;
	rule->facet = facet;
	return 0;
}

/* The line to narrow by predicate @match; NULL: see error */
static struct rule_line *rules_narrow(struct capipc_rules *rules,
				      uint32_t match)
{
	struct rule_line *line;

	if (rules->error)
		return NULL;
	if (!rules->count) {
		rules->error = -EINVAL;
		return NULL;
	}
	line = &rules->lines[rules->count - 1];
	if (line->rule.match & match) {
		rules->error = -EINVAL;
		return NULL;
	}
	line->rule.match |= match;
	return line;
}

int capipc_rules_match_same_uid(struct capipc_rules *rules)
{
	rules_narrow(rules, CAPIPC_MATCH_SAME_UID);
	return rules->error;
}

int capipc_rules_match_same_privilege(struct capipc_rules *rules)
{
	rules_narrow(rules, CAPIPC_MATCH_SAME_PRIVILEGE);
	return rules->error;
}

int capipc_rules_match_unchanged(struct capipc_rules *rules)
{
	rules_narrow(rules, CAPIPC_MATCH_UNCHANGED);
	return rules->error;
}

int capipc_rules_match_uid(struct capipc_rules *rules, uint32_t uid)
{
	struct rule_line *line = rules_narrow(rules, CAPIPC_MATCH_UID);

	if (line)
		line->rule.uid = uid;
	return rules->error;
}

int capipc_rules_match_gid(struct capipc_rules *rules, uint32_t gid)
{
	struct rule_line *line = rules_narrow(rules, CAPIPC_MATCH_GID);

	if (line)
		line->rule.gid = gid;
	return rules->error;
}

int capipc_rules_match_capabilities(struct capipc_rules *rules,
				    uint64_t capabilities)
{
	struct rule_line *line;

	/* A mask that came out empty by mistake would let everybody in. */
	if (!capabilities && !rules->error)
		rules->error = -EINVAL;
	line = rules_narrow(rules, CAPIPC_MATCH_CAPABILITIES);
	if (line)
		line->rule.capabilities = capabilities;
	return rules->error;
}

int capipc_rules_match_label(struct capipc_rules *rules, const char *label)
{
	KEEP_ERRNO();
	size_t length = strnlen(label, CAPIPC_LABEL_MAX + 1);
	struct rule_line *line;

	if ((!length || length > CAPIPC_LABEL_MAX) && !rules->error)
		rules->error = -EINVAL;
	line = rules_narrow(rules, CAPIPC_MATCH_LABEL);
	if (!line)
		return rules->error;
	line->label = strdup(label);
	if (!line->label)
		return rules->error = -ENOMEM;
	line->rule.label_len = (uint32_t)length;
	return 0;
}

int capipc_rules_count(const struct capipc_rules *rules)
{
	return rules->error ? rules->error : (int)rules->count;
}

int capipc_rules_get(const struct capipc_rules *rules, size_t index,
		     struct capipc_rule *rule)
{
	const struct rule_line *line;

	if (rules->error)
		return rules->error;
	if (index >= rules->count)
		return -ENOENT;
	line = &rules->lines[index];
	*rule = line->rule;
	rule->label = pointer_to_u64(line->label);
	return 0;
}

int capipc_rules_export(const struct capipc_rules *rules, bool for_endpoint,
			struct capipc_rule **array)
{
	KEEP_ERRNO();
	struct capipc_rule *to;
	size_t i;

	if (rules->error)
		return rules->error;

	/* An empty list is an allocation too: NULL is what failure looks like. */
	to = calloc(rules->count + 1, sizeof(*to));
	if (!to)
		return -ENOMEM;
	for (i = 0; i < rules->count; i++) {
		capipc_rules_get(rules, i, &to[i]);
		if (for_endpoint)
			continue;
		if (rules->lines[i].has_ordinals) {
			free(to);
			return -EINVAL;
		}
		to[i].ordinal_last = 0;
	}
	*array = to;
	return (int)rules->count;
}
