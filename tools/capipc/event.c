// SPDX-License-Identifier: GPL-2.0
/*
 * Events: see event.h.
 */
#include <inttypes.h>
#include <linux/capipc.h>
#include <netlink/attr.h>
#include <string.h>

#include "event.h"
#include "netlink.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const type_names[] = {
	[CAPIPC_EVENT_CONNECT] = "connect",
	[CAPIPC_EVENT_ACCEPT] = "accept",
	[CAPIPC_EVENT_DENY] = "deny",
	[CAPIPC_EVENT_BAD_MESSAGE] = "bad-message",
	[CAPIPC_EVENT_KILL] = "kill",
	[CAPIPC_EVENT_QUOTA] = "quota",
};

static const char *const list_names[] = {
	[CAPIPC_RULE_LIST_LISTENER] = "listener",
	[CAPIPC_RULE_LIST_ENDPOINT] = "endpoint",
	[CAPIPC_RULE_LIST_ATTENUATION] = "attenuation",
	[CAPIPC_RULE_LIST_INVITATION] = "invitation",
	[CAPIPC_RULE_LIST_CONFINEMENT] = "confinement",
};

/* Predicates of a rule, in the order of their bits. */
static const char *const match_names[] = {
	"same-uid",	"same-privilege", "uid",       "gid",
	"capabilities", "label",	  "unchanged",
};

static const char *const verdict_names[] = {
	[CAPIPC_REPORT_CUT_OFF] = "cut-off",
	[CAPIPC_REPORT_KILLED] = "killed",
	[CAPIPC_REPORT_SPARED] = "spared",
};

struct nla_policy event_policy[CAPIPC_EVENT_A_MAX + 1] = {
	[CAPIPC_EVENT_A_TYPE] = { .type = NLA_U32 },
	[CAPIPC_EVENT_A_TIME] = { .type = NLA_U64 },
	[CAPIPC_EVENT_A_ACTOR] = { .type = NLA_NESTED },
	[CAPIPC_EVENT_A_REPORTER] = { .type = NLA_NESTED },
	[CAPIPC_EVENT_A_OBJECT] = { .type = NLA_U64 },
	[CAPIPC_EVENT_A_CONTEXT] = { .type = NLA_U64 },
	[CAPIPC_EVENT_A_NAME] = { .type = NLA_STRING },
	[CAPIPC_EVENT_A_FACET] = { .type = NLA_U32 },
	[CAPIPC_EVENT_A_ORDINAL] = { .type = NLA_U32 },
	[CAPIPC_EVENT_A_VERDICT] = { .type = NLA_U32 },
	[CAPIPC_EVENT_A_REASON] = { .type = NLA_STRING },
	[CAPIPC_EVENT_A_RESOURCE] = { .type = NLA_STRING },
	[CAPIPC_EVENT_A_AMOUNT] = { .type = NLA_U64 },
	[CAPIPC_EVENT_A_LIMIT] = { .type = NLA_U64 },
	[CAPIPC_EVENT_A_UID] = { .type = NLA_U32 },
	[CAPIPC_EVENT_A_INVITATION] = { .type = NLA_U64 },
	[CAPIPC_EVENT_A_DROPPED] = { .type = NLA_U64 },
	[CAPIPC_EVENT_A_MISSED] = { .type = NLA_U64 },
	[CAPIPC_EVENT_A_HOLDER] = { .type = NLA_NESTED },
	[CAPIPC_EVENT_A_RULE_LIST] = { .type = NLA_U32 },
	[CAPIPC_EVENT_A_RULES_COUNT] = { .type = NLA_U32 },
	[CAPIPC_EVENT_A_RULE] = { .type = NLA_U32 },
	[CAPIPC_EVENT_A_RULE_UNMET] = { .type = NLA_U32 },
};

static uint32_t get_u32(struct nlattr *const *attrs, int type)
{
	return attrs[type] ? nla_get_u32(attrs[type]) : 0;
}

static uint64_t get_u64(struct nlattr *const *attrs, int type)
{
	return attrs[type] ? nla_get_u64(attrs[type]) : 0;
}

static const char *get_text(struct nlattr *const *attrs, int type)
{
	return attrs[type] ? nla_get_string(attrs[type]) : NULL;
}

static const char *find_name(const char *const *names, size_t count,
			     uint32_t number)
{
	return number < count && names[number] ? names[number] : "unknown";
}

/* ------------------------------------------------------------------- actors */

static bool parse_actor(struct nlattr *nest, struct nlattr **attrs)
{
	static struct nla_policy policy[CAPIPC_ACTOR_A_MAX + 1] = {
		[CAPIPC_ACTOR_A_STAMP_ID] = { .type = NLA_U64 },
		[CAPIPC_ACTOR_A_UID] = { .type = NLA_U32 },
		[CAPIPC_ACTOR_A_GID] = { .type = NLA_U32 },
		[CAPIPC_ACTOR_A_CAPABILITIES] = { .type = NLA_U64 },
		[CAPIPC_ACTOR_A_PID] = { .type = NLA_U32 },
		[CAPIPC_ACTOR_A_START_TIME] = { .type = NLA_U64 },
		[CAPIPC_ACTOR_A_PROGRAM] = { .type = NLA_NESTED },
		[CAPIPC_ACTOR_A_FLAGS] = { .type = NLA_U32 },
	};

	return nest &&
	       nla_parse_nested(attrs, CAPIPC_ACTOR_A_MAX, nest, policy) >= 0;
}

static void show_actor(const char *word, struct nlattr *nest)
{
	struct nlattr *attrs[CAPIPC_ACTOR_A_MAX + 1];
	struct program program;

	if (!parse_actor(nest, attrs))
		return;
	printf(" %s", word);
	if (attrs[CAPIPC_ACTOR_A_PID])
		printf(" pid=%" PRIu32, nla_get_u32(attrs[CAPIPC_ACTOR_A_PID]));
	if (attrs[CAPIPC_ACTOR_A_UID])
		printf(" uid=%" PRIu32, nla_get_u32(attrs[CAPIPC_ACTOR_A_UID]));
	if (attrs[CAPIPC_ACTOR_A_GID])
		printf(" gid=%" PRIu32, nla_get_u32(attrs[CAPIPC_ACTOR_A_GID]));
	if (attrs[CAPIPC_ACTOR_A_CAPABILITIES])
		printf(" caps=0x%" PRIx64,
		       nla_get_u64(attrs[CAPIPC_ACTOR_A_CAPABILITIES]));
	if (attrs[CAPIPC_ACTOR_A_FLAGS] &&
	    nla_get_u32(attrs[CAPIPC_ACTOR_A_FLAGS]) & CAPIPC_STAMP_CHANGED)
		fputs(" changed", stdout);
	if (attrs[CAPIPC_ACTOR_A_FLAGS] &&
	    nla_get_u32(attrs[CAPIPC_ACTOR_A_FLAGS]) & CAPIPC_STAMP_FOREIGN)
		fputs(" foreign", stdout);
	parse_program(attrs[CAPIPC_ACTOR_A_PROGRAM], &program);
	if (program.path) {
		fputs(" exe=", stdout);
		print_quoted(stdout, program.path);
	}
	if (program.deleted)
		fputs(" deleted", stdout);
}

static void json_actor(struct json *json, const char *key, struct nlattr *nest)
{
	struct nlattr *attrs[CAPIPC_ACTOR_A_MAX + 1];
	struct program program;

	if (!parse_actor(nest, attrs))
		return;
	json_open(json, key, '{');
	if (attrs[CAPIPC_ACTOR_A_STAMP_ID])
		json_hex(json, "stamp_id",
			 nla_get_u64(attrs[CAPIPC_ACTOR_A_STAMP_ID]));
	if (attrs[CAPIPC_ACTOR_A_PID])
		json_number(json, "pid",
			    nla_get_u32(attrs[CAPIPC_ACTOR_A_PID]));
	if (attrs[CAPIPC_ACTOR_A_UID])
		json_number(json, "uid",
			    nla_get_u32(attrs[CAPIPC_ACTOR_A_UID]));
	if (attrs[CAPIPC_ACTOR_A_GID])
		json_number(json, "gid",
			    nla_get_u32(attrs[CAPIPC_ACTOR_A_GID]));
	if (attrs[CAPIPC_ACTOR_A_CAPABILITIES])
		json_hex(json, "capabilities",
			 nla_get_u64(attrs[CAPIPC_ACTOR_A_CAPABILITIES]));
	if (attrs[CAPIPC_ACTOR_A_FLAGS]) {
		json_bool(json, "changed",
			  nla_get_u32(attrs[CAPIPC_ACTOR_A_FLAGS]) &
				  CAPIPC_STAMP_CHANGED);
		json_bool(json, "foreign",
			  nla_get_u32(attrs[CAPIPC_ACTOR_A_FLAGS]) &
				  CAPIPC_STAMP_FOREIGN);
	}
	if (attrs[CAPIPC_ACTOR_A_START_TIME])
		json_number(json, "start_time_ns",
			    nla_get_u64(attrs[CAPIPC_ACTOR_A_START_TIME]));
	parse_program(attrs[CAPIPC_ACTOR_A_PROGRAM], &program);
	json_program(json, "program", &program);
	json_close(json, '}');
}

/* ------------------------------------------------------------------- events */

/* A member of an event that is a number or a text, in the order of showing. */
struct field {
	int attr;
	bool text;
	bool wide;
	const char *word;
	const char *key;
};

static const struct field fields[] = {
	{ CAPIPC_EVENT_A_NAME, true, false, "name", "name" },
	{ CAPIPC_EVENT_A_ORDINAL, false, false, "ordinal", "ordinal" },
	{ CAPIPC_EVENT_A_FACET, false, false, "facet", "facet" },
	{ CAPIPC_EVENT_A_REASON, true, false, "reason", "reason" },
	{ CAPIPC_EVENT_A_RESOURCE, true, false, "resource", "resource" },
	{ CAPIPC_EVENT_A_AMOUNT, false, true, "amount", "amount" },
	{ CAPIPC_EVENT_A_LIMIT, false, true, "limit", "limit" },
	{ CAPIPC_EVENT_A_UID, false, false, "account", "account_uid" },
	{ CAPIPC_EVENT_A_OBJECT, false, true, "object", "object_id" },
	{ CAPIPC_EVENT_A_INVITATION, false, true, "invitation",
	  "invitation_id" },
	{ CAPIPC_EVENT_A_CONTEXT, false, true, "context", "context_id" },
};

static uint64_t get_field(struct nlattr *const *attrs,
			  const struct field *field)
{
	return field->wide ? nla_get_u64(attrs[field->attr]) :
			     nla_get_u32(attrs[field->attr]);
}

/* Which rule would have had to hold, and what of it does not. */
static void show_rule(struct nlattr **attrs)
{
	uint32_t unmet = get_u32(attrs, CAPIPC_EVENT_A_RULE_UNMET);
	const char *between = ":";
	size_t i;

	if (!attrs[CAPIPC_EVENT_A_RULE_LIST])
		return;
	printf(" list=%s rules=%" PRIu32,
	       find_name(list_names, COUNT(list_names),
			 get_u32(attrs, CAPIPC_EVENT_A_RULE_LIST)),
	       get_u32(attrs, CAPIPC_EVENT_A_RULES_COUNT));
	if (!attrs[CAPIPC_EVENT_A_RULE]) {
		fputs(" nearest=none", stdout);
		return;
	}
	printf(" nearest=%" PRIu32, get_u32(attrs, CAPIPC_EVENT_A_RULE));
	for (i = 0; i < COUNT(match_names); i++) {
		if (unmet & UINT32_C(1) << i) {
			printf("%snot-%s", between, match_names[i]);
			between = ",";
		}
	}
}

static void json_rule(struct json *json, struct nlattr **attrs)
{
	uint32_t unmet = get_u32(attrs, CAPIPC_EVENT_A_RULE_UNMET);
	size_t i;

	if (!attrs[CAPIPC_EVENT_A_RULE_LIST])
		return;
	json_string(json, "rule_list",
		    find_name(list_names, COUNT(list_names),
			      get_u32(attrs, CAPIPC_EVENT_A_RULE_LIST)));
	json_number(json, "rules_count",
		    get_u32(attrs, CAPIPC_EVENT_A_RULES_COUNT));
	if (!attrs[CAPIPC_EVENT_A_RULE])
		return;
	json_number(json, "rule", get_u32(attrs, CAPIPC_EVENT_A_RULE));
	json_open(json, "unmet", '[');
	for (i = 0; i < COUNT(match_names); i++) {
		if (unmet & UINT32_C(1) << i)
			json_string(json, NULL, match_names[i]);
	}
	json_close(json, ']');
}

void show_time(uint64_t time)
{
	printf("%" PRIu64 ".%09" PRIu64, time / 1000000000, time % 1000000000);
}

void show_event(struct nlattr **attrs)
{
	const struct field *field;

	show_time(get_u64(attrs, CAPIPC_EVENT_A_TIME));
	printf(" %s", find_name(type_names, COUNT(type_names),
				get_u32(attrs, CAPIPC_EVENT_A_TYPE)));
	if (attrs[CAPIPC_EVENT_A_VERDICT])
		printf(" verdict=%s",
		       find_name(verdict_names, COUNT(verdict_names),
				 get_u32(attrs, CAPIPC_EVENT_A_VERDICT)));
	for (field = fields; field < fields + COUNT(fields); field++) {
		if (!attrs[field->attr])
			continue;
		printf(" %s=", field->word);
		if (field->text)
			print_quoted(stdout, get_text(attrs, field->attr));
		else
			printf("%" PRIu64, get_field(attrs, field));
	}
	show_rule(attrs);
	show_actor("by", attrs[CAPIPC_EVENT_A_ACTOR]);
	show_actor("reported by", attrs[CAPIPC_EVENT_A_REPORTER]);
	show_actor("to", attrs[CAPIPC_EVENT_A_HOLDER]);
	putchar('\n');
}

void json_event(struct nlattr **attrs)
{
	struct json json = { .to = stdout };
	const struct field *field;

	json_open(&json, NULL, '{');
	json_string(&json, "event",
		    find_name(type_names, COUNT(type_names),
			      get_u32(attrs, CAPIPC_EVENT_A_TYPE)));
	json_number(&json, "time_ns", get_u64(attrs, CAPIPC_EVENT_A_TIME));
	if (attrs[CAPIPC_EVENT_A_VERDICT])
		json_string(&json, "verdict",
			    find_name(verdict_names, COUNT(verdict_names),
				      get_u32(attrs, CAPIPC_EVENT_A_VERDICT)));
	for (field = fields; field < fields + COUNT(fields); field++) {
		if (!attrs[field->attr])
			continue;
		if (field->text)
			json_string(&json, field->key,
				    get_text(attrs, field->attr));
		else
			json_number(&json, field->key, get_field(attrs, field));
	}
	json_rule(&json, attrs);
	json_actor(&json, "actor", attrs[CAPIPC_EVENT_A_ACTOR]);
	json_actor(&json, "reporter", attrs[CAPIPC_EVENT_A_REPORTER]);
	json_actor(&json, "holder", attrs[CAPIPC_EVENT_A_HOLDER]);
	json_close(&json, '}');
	putchar('\n');
}

bool parse_event_type(const char *text, uint32_t *types)
{
	size_t i;

	for (i = 1; i < COUNT(type_names); i++) {
		if (!strcmp(type_names[i], text)) {
			*types |= UINT32_C(1) << i;
			return true;
		}
	}
	return false;
}
