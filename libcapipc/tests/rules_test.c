// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Building lists of rules, and what the kernel gets of them.
 */
#include "fake.h"
#include "tap.h"

static struct capipc_listen seen_listen;
static struct capipc_restrict seen_restrict;
static struct capipc_rule seen_rules[CAPIPC_RULES_MAX];
static struct capipc_rule seen_endpoint_rules[CAPIPC_RULES_MAX];

static void copy_rules(struct capipc_rule *to, uint64_t from, uint32_t count)
{
	if (count)
		memcpy(to, (const void *)(uintptr_t)from, count * sizeof(*to));
}

static int note_rules(unsigned long request, void *argument)
{
	switch (request) {
	case CAPIPC_IOC_LISTEN:
		seen_listen = *(struct capipc_listen *)argument;
		copy_rules(seen_rules, seen_listen.rules,
			   seen_listen.rules_count);
		copy_rules(seen_endpoint_rules, seen_listen.endpoint_rules,
			   seen_listen.endpoint_rules_count);
		((struct capipc_listen *)argument)->handle = 42;
		return 0;
	case CAPIPC_IOC_RESTRICT:
		seen_restrict = *(struct capipc_restrict *)argument;
		copy_rules(seen_rules, seen_restrict.rules,
			   seen_restrict.rules_count);
		return 0;
	default:
		return -ENOTTY;
	}
}

static void test_building(void)
{
	struct capipc_rules *rules;
	struct capipc_rule rule;

	is(capipc_rules_new(&rules), 0, "a new list");
	is(capipc_rules_count(rules), 0, "is empty");
	is(capipc_rules_allow(rules), 0, "a rule for anyone");
	ok(!capipc_rules_get(rules, 0, &rule) && !rule.match && !rule.facet &&
		   !rule.ordinal_first && rule.ordinal_last == UINT32_MAX,
	   "has no predicates and all ordinals");
	is(capipc_rules_allow_ordinals(rules, 3, 5), 0, "a rule for ordinals");
	capipc_rules_match_same_uid(rules);
	capipc_rules_match_same_privilege(rules);
	capipc_rules_match_uid(rules, 1000);
	capipc_rules_match_gid(rules, 100);
	capipc_rules_match_capabilities(rules, 1ULL << 21);
	capipc_rules_match_label(rules, "system_u:object_r:t");
	capipc_rules_match_unchanged(rules);
	is(capipc_rules_set_facet(rules, 9), 0,
	   "with all predicates and a facet");
	ok(!capipc_rules_get(rules, 1, &rule) && rule.match == 0x7f &&
		   rule.ordinal_first == 3 && rule.ordinal_last == 5 &&
		   rule.uid == 1000 && rule.gid == 100 &&
		   rule.capabilities == 1ULL << 21 && rule.facet == 9 &&
		   rule.label_len == 19 && !rule.reserved &&
		   !memcmp((const char *)(uintptr_t)rule.label,
			   "system_u:object_r:t", 19),
	   "is as it was built");
	is(capipc_rules_get(rules, 2, &rule), -ENOENT, "there is no third");
	is(capipc_rules_count(rules), 2, "there are two");
	capipc_rules_free(rules);
	capipc_rules_free(NULL);
}

/* What each misuse returns, and that it sticks */
static void test_misuse(struct capipc_context *context)
{
	char label[CAPIPC_LABEL_MAX + 2];
	struct capipc_rules *rules;
	struct capipc_rule rule;
	uint32_t listener;
	int i, ret;

	memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';

	for (i = 0; i < 10; i++) {
		static const char *const what[] = {
			"a predicate without a rule",
			"a facet without a rule",
			"a facet of 0",
			"a second facet",
			"the same predicate twice",
			"no capabilities",
			"an empty label",
			"a label that is too long",
			"ordinals in the wrong order",
			"the same flag twice",
		};

		capipc_rules_new(&rules);
		if (i > 1)
			capipc_rules_allow(rules);
		switch (i) {
		case 0:
			ret = capipc_rules_match_uid(rules, 1);
			break;
		case 1:
			ret = capipc_rules_set_facet(rules, 1);
			break;
		case 2:
			ret = capipc_rules_set_facet(rules, 0);
			break;
		case 3:
			capipc_rules_set_facet(rules, 1);
			ret = capipc_rules_set_facet(rules, 1);
			break;
		case 4:
			capipc_rules_match_uid(rules, 1);
			ret = capipc_rules_match_uid(rules, 2);
			break;
		case 5:
			ret = capipc_rules_match_capabilities(rules, 0);
			break;
		case 6:
			ret = capipc_rules_match_label(rules, "");
			break;
		case 7:
			ret = capipc_rules_match_label(rules, label);
			break;
		case 8:
			ret = capipc_rules_allow_ordinals(rules, 2, 1);
			break;
		default:
			capipc_rules_match_unchanged(rules);
			ret = capipc_rules_match_unchanged(rules);
			break;
		}
		is(ret, -EINVAL, what[i]);
		ok(capipc_rules_allow(rules) == -EINVAL &&
			   capipc_rules_count(rules) == -EINVAL &&
			   capipc_rules_get(rules, 0, &rule) == -EINVAL,
		   "and that sticks");
		is(capipc_listener_bind(context, "x", rules, NULL, 0, 0,
					&listener),
		   -EINVAL, "and nothing can be bound with it");
		capipc_rules_free(rules);
	}
}

static void test_limits(void)
{
	struct capipc_rules *rules;
	unsigned int i;
	int ret = 0;

	capipc_rules_new(&rules);
	for (i = 0; i < CAPIPC_RULES_MAX; i++)
		ret |= capipc_rules_allow(rules);
	is(ret, 0, "as many rules as the kernel takes");
	is(capipc_rules_count(rules), CAPIPC_RULES_MAX, "are all there");
	is(capipc_rules_allow(rules), -E2BIG, "one more is too many");
	capipc_rules_free(rules);
}

static void test_export(struct capipc_context *context)
{
	struct capipc_rules *who, *what, *empty;
	uint32_t listener = 0;

	capipc_rules_new(&empty);
	capipc_rules_new(&who);
	capipc_rules_allow(who);
	capipc_rules_match_uid(who, 1000);
	capipc_rules_set_facet(who, 2);
	capipc_rules_new(&what);
	capipc_rules_allow_ordinals(what, 1, 2);
	capipc_rules_allow(what);

	fake_request = note_rules;
	is(capipc_listener_bind(context, "org.example", who, what, 0, 77,
				&listener),
	   0, "bind a name");
	is(listener, 42, "and get a listener");
	ok(seen_listen.size == sizeof(seen_listen) &&
		   seen_listen.name_len == 11 && seen_listen.cookie == 77 &&
		   seen_listen.backlog == CAPIPC_BACKLOG_DEFAULT &&
		   seen_listen.rule_size == sizeof(struct capipc_rule),
	   "with what was asked for");
	ok(seen_listen.rules_count == 1 &&
		   seen_rules[0].match == CAPIPC_MATCH_UID &&
		   seen_rules[0].uid == 1000 && seen_rules[0].facet == 2 &&
		   !seen_rules[0].ordinal_last,
	   "rules to connect have no ordinals");
	ok(seen_listen.endpoint_rules_count == 2 &&
		   seen_endpoint_rules[0].ordinal_first == 1 &&
		   seen_endpoint_rules[0].ordinal_last == 2 &&
		   seen_endpoint_rules[1].ordinal_last == UINT32_MAX,
	   "rules of endpoints have theirs, or all");
	is(capipc_listener_bind(context, "x", what, NULL, 0, 0, &listener),
	   -EINVAL, "ordinals do not decide who connects");
	is(capipc_listener_bind(context, "x", who, empty, 0, 0, &listener),
	   -EINVAL, "an empty list never becomes no limits");
	is(capipc_listener_bind(context, "x", empty, NULL, 5, 0, &listener), 0,
	   "nobody may connect: an odd wish, but granted");
	ok(!seen_listen.rules_count && !seen_listen.endpoint_rules_count &&
		   seen_listen.backlog == 5,
	   "and passed on");
	is(capipc_endpoint_restrict(context, 3, empty), 0, "nobody may send");
	ok(!seen_restrict.rules_count && seen_restrict.handle == 3,
	   "is passed on too");
	is(capipc_endpoint_restrict(context, 3, what), 0,
	   "restrict an endpoint");
	ok(seen_restrict.rules_count == 2 &&
		   seen_rules[1].ordinal_last == UINT32_MAX,
	   "with these rules");

	capipc_rules_free(who);
	capipc_rules_free(what);
	capipc_rules_free(empty);
}

int main(void)
{
	struct capipc_context *context = fake_context();

	test_building();
	test_misuse(context);
	test_limits();
	test_export(context);
	capipc_context_free(context);
	return tap_done();
}
