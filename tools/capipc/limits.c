// SPDX-License-Identifier: GPL-2.0
/*
 * capipc limits: what users and contexts have, and what they may have.
 */
#include <errno.h>
#include <inttypes.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "netlink.h"
#include "text.h"
#include "tool.h"

/* Limits of a user, by number; their names as in the manual. */
static const char *const limit_names[CAPIPC_LIMIT_A_MAX + 1] = {
	[CAPIPC_LIMIT_A_BYTES] = "bytes",
	[CAPIPC_LIMIT_A_BYTES_PER_CONTEXT] = "bytes-per-context",
	[CAPIPC_LIMIT_A_HANDLES] = "handles",
	[CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT] = "handles-per-context",
	[CAPIPC_LIMIT_A_LISTENERS] = "listeners",
	[CAPIPC_LIMIT_A_CONTEXTS] = "contexts",
	[CAPIPC_LIMIT_A_FILES] = "files",
	[CAPIPC_LIMIT_A_CONNECT_RATE] = "connect-rate",
	[CAPIPC_LIMIT_A_CONNECT_BURST] = "connect-burst",
	[CAPIPC_LIMIT_A_EVENT_RATE] = "event-rate",
	[CAPIPC_LIMIT_A_EVENT_BURST] = "event-burst",
};

static const char *const resource_names[] = { "bytes", "handles", "listeners" };

#define RESOURCES (sizeof(resource_names) / sizeof(*resource_names))

struct amount {
	uint64_t used;
	uint64_t grant;
	uint64_t reserve;
	uint64_t limit;
	bool shared; /* @grant and @reserve are known */
};

/* A user, the machine, or (@context not 0) a context. */
struct holder {
	uint64_t context;
	uint32_t uid;
	uint32_t owner;
	bool machine;
	bool subordinate; /* of @owner */
	struct amount amount[RESOURCES];
	uint64_t contexts;
	uint64_t files;
	uint64_t dropped;
	uint64_t limit[CAPIPC_LIMIT_A_MAX + 1];
	bool known[CAPIPC_LIMIT_A_MAX + 1];
	bool set[CAPIPC_LIMIT_A_MAX + 1];
};

struct list {
	struct holder *holders;
	size_t count;
	size_t room;
};

/* ----------------------------------------------------------------- reading */

static struct nla_policy amount_policy[CAPIPC_AMOUNT_A_MAX + 1] = {
	[CAPIPC_AMOUNT_A_USED] = { .type = NLA_U64 },
	[CAPIPC_AMOUNT_A_GRANT] = { .type = NLA_U64 },
	[CAPIPC_AMOUNT_A_RESERVE] = { .type = NLA_U64 },
	[CAPIPC_AMOUNT_A_LIMIT] = { .type = NLA_U64 },
};

static struct nla_policy user_policy[CAPIPC_USER_A_MAX + 1] = {
	[CAPIPC_USER_A_MACHINE] = { .type = NLA_FLAG },
	[CAPIPC_USER_A_UID] = { .type = NLA_U32 },
	[CAPIPC_USER_A_OWNER] = { .type = NLA_U32 },
	[CAPIPC_USER_A_BYTES] = { .type = NLA_NESTED },
	[CAPIPC_USER_A_HANDLES] = { .type = NLA_NESTED },
	[CAPIPC_USER_A_LISTENERS] = { .type = NLA_NESTED },
	[CAPIPC_USER_A_CONTEXTS] = { .type = NLA_U64 },
	[CAPIPC_USER_A_FILES] = { .type = NLA_U64 },
	[CAPIPC_USER_A_DROPPED] = { .type = NLA_U64 },
	[CAPIPC_USER_A_LIMITS] = { .type = NLA_NESTED },
	[CAPIPC_USER_A_LIMITS_SET] = { .type = NLA_NESTED },
};

static struct nla_policy account_policy[CAPIPC_ACCOUNT_A_MAX + 1] = {
	[CAPIPC_ACCOUNT_A_CONTEXT] = { .type = NLA_U64 },
	[CAPIPC_ACCOUNT_A_UID] = { .type = NLA_U32 },
	[CAPIPC_ACCOUNT_A_OWNER] = { .type = NLA_U32 },
	[CAPIPC_ACCOUNT_A_BYTES] = { .type = NLA_NESTED },
	[CAPIPC_ACCOUNT_A_HANDLES] = { .type = NLA_NESTED },
	[CAPIPC_ACCOUNT_A_LISTENERS] = { .type = NLA_NESTED },
	[CAPIPC_ACCOUNT_A_FILES] = { .type = NLA_U64 },
};

static uint64_t number(struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

static void take_amount(struct nlattr *nest, struct amount *amount)
{
	struct nlattr *attrs[CAPIPC_AMOUNT_A_MAX + 1];

	if (!nest || nla_parse_nested(attrs, CAPIPC_AMOUNT_A_MAX, nest,
				      amount_policy) < 0)
		return;
	amount->used = number(attrs[CAPIPC_AMOUNT_A_USED]);
	amount->limit = number(attrs[CAPIPC_AMOUNT_A_LIMIT]);
	amount->shared = attrs[CAPIPC_AMOUNT_A_GRANT];
	amount->grant = number(attrs[CAPIPC_AMOUNT_A_GRANT]);
	amount->reserve = number(attrs[CAPIPC_AMOUNT_A_RESERVE]);
}

/* Which limits are in a nest, and, unless @values is NULL, what they are. */
static void take_limits(struct nlattr *nest, bool *there, uint64_t *values)
{
	struct nlattr *attrs[CAPIPC_LIMIT_A_MAX + 1];
	int i;

	if (!nest ||
	    nla_parse_nested(attrs, CAPIPC_LIMIT_A_MAX, nest, NULL) < 0)
		return;
	for (i = CAPIPC_LIMIT_A_BYTES; i <= CAPIPC_LIMIT_A_MAX; i++) {
		if (!attrs[i] || nla_len(attrs[i]) != sizeof(uint64_t))
			continue;
		there[i] = true;
		if (values)
			values[i] = nla_get_u64(attrs[i]);
	}
}

static struct holder *append(struct list *list)
{
	struct holder *bigger;
	size_t room;

	if (list->count == list->room) {
		room = list->room ? list->room * 2 : 16;
		bigger = reallocarray(list->holders, room, sizeof(*bigger));
		if (!bigger)
			return NULL;
		list->holders = bigger;
		list->room = room;
	}
	memset(&list->holders[list->count], 0, sizeof(*list->holders));
	return &list->holders[list->count++];
}

static void take_who(struct holder *holder, struct nlattr *uid,
		     struct nlattr *owner)
{
	if (uid)
		holder->uid = nla_get_u32(uid);
	holder->subordinate = owner;
	holder->owner = owner ? nla_get_u32(owner) : holder->uid;
}

static int got_user(struct genlmsghdr *header, struct nlattr **attrs,
		    void *data)
{
	struct holder *holder = append(data);
	size_t i;

	(void)header;
	if (!holder)
		return -1;
	holder->machine = attrs[CAPIPC_USER_A_MACHINE];
	take_who(holder, attrs[CAPIPC_USER_A_UID], attrs[CAPIPC_USER_A_OWNER]);
	for (i = 0; i < RESOURCES; i++)
		take_amount(attrs[CAPIPC_USER_A_BYTES + i], &holder->amount[i]);
	holder->contexts = number(attrs[CAPIPC_USER_A_CONTEXTS]);
	holder->files = number(attrs[CAPIPC_USER_A_FILES]);
	holder->dropped = number(attrs[CAPIPC_USER_A_DROPPED]);
	take_limits(attrs[CAPIPC_USER_A_LIMITS], holder->known, holder->limit);
	take_limits(attrs[CAPIPC_USER_A_LIMITS_SET], holder->set, NULL);
	return 0;
}

static int got_account(struct genlmsghdr *header, struct nlattr **attrs,
		       void *data)
{
	struct holder *holder = append(data);
	size_t i;

	(void)header;
	if (!holder)
		return -1;
	holder->context = number(attrs[CAPIPC_ACCOUNT_A_CONTEXT]);
	take_who(holder, attrs[CAPIPC_ACCOUNT_A_UID],
		 attrs[CAPIPC_ACCOUNT_A_OWNER]);
	for (i = 0; i < RESOURCES; i++)
		take_amount(attrs[CAPIPC_ACCOUNT_A_BYTES + i],
			    &holder->amount[i]);
	holder->files = number(attrs[CAPIPC_ACCOUNT_A_FILES]);
	return 0;
}

/* ----------------------------------------------------------- what is wanted */

/**
 * struct wanted - the arguments
 * @json: as JSON
 * @one: only the user @uid
 * @uid: who
 * @subordinate: as a subordinate user of @owner
 * @owner: who made its user namespace
 * @some: there are limits to be set
 * @set: which, by number
 * @value: to what
 */
struct wanted {
	bool json;
	bool one;
	bool subordinate;
	bool some;
	uint64_t uid;
	uint64_t owner;
	bool set[CAPIPC_LIMIT_A_MAX + 1];
	uint64_t value[CAPIPC_LIMIT_A_MAX + 1];
};

static int fill_user(struct nl_msg *msg, const void *data)
{
	const struct wanted *wanted = data;
	struct nlattr *nest;
	int ret, i;

	ret = nla_put_u32(msg, CAPIPC_USER_A_UID, (uint32_t)wanted->uid);
	if (!ret && wanted->subordinate)
		ret = nla_put_u32(msg, CAPIPC_USER_A_OWNER,
				  (uint32_t)wanted->owner);
	if (ret || !wanted->some)
		return ret;
	nest = nla_nest_start(msg, CAPIPC_USER_A_LIMITS | NLA_F_NESTED);
	if (!nest)
		return -1;
	for (i = CAPIPC_LIMIT_A_BYTES; i <= CAPIPC_LIMIT_A_MAX && !ret; i++) {
		if (wanted->set[i])
			ret = nla_put_u64(msg, i, wanted->value[i]);
	}
	nla_nest_end(msg, nest);
	return ret;
}

static int ask(struct link *link, const struct wanted *wanted,
	       struct list *users, struct list *accounts)
{
	struct request get_user = {
		.command = CAPIPC_CMD_GET_USER,
		.dump = !wanted->one,
		.fill = wanted->one ? fill_user : NULL,
		.fill_data = wanted,
		.max = CAPIPC_USER_A_MAX,
		.policy = user_policy,
		.got = got_user,
		.data = users,
	};
	struct request get_account = {
		.command = CAPIPC_CMD_GET_ACCOUNT,
		.dump = true,
		.max = CAPIPC_ACCOUNT_A_MAX,
		.policy = account_policy,
		.got = got_account,
		.data = accounts,
	};
	int status = link_ask(link, &get_user);

	return status ? status : link_ask(link, &get_account);
}

static int set(struct link *link, const struct wanted *wanted)
{
	struct request request = {
		.command = CAPIPC_CMD_SET_USER,
		.fill = fill_user,
		.fill_data = wanted,
	};

	return link_ask(link, &request);
}

static bool is_context_of(const struct holder *account,
			  const struct holder *user)
{
	return account->uid == user->uid && account->owner == user->owner &&
	       !user->machine;
}

/* --------------------------------------------------------------- for humans */

static void show_amount(const char *name, const struct amount *amount)
{
	printf("  %s  used=%" PRIu64, name, amount->used);
	if (amount->shared)
		printf(" granted=%" PRIu64 " reserve=%" PRIu64, amount->grant,
		       amount->reserve);
	printf(" limit=%" PRIu64 "\n", amount->limit);
}

static void show_user(const struct holder *user)
{
	size_t i;
	int j;

	if (user->machine)
		printf("machine: users=%" PRIu64 "/%" PRIu64, user->contexts,
		       user->limit[CAPIPC_LIMIT_A_CONTEXTS]);
	else
		printf("user %" PRIu32, user->uid);
	if (user->subordinate)
		printf(" of user %" PRIu32, user->owner);
	if (!user->machine)
		printf(": contexts=%" PRIu64 "/%" PRIu64 " files=%" PRIu64
		       "/%" PRIu64,
		       user->contexts, user->limit[CAPIPC_LIMIT_A_CONTEXTS],
		       user->files, user->limit[CAPIPC_LIMIT_A_FILES]);
	if (user->dropped)
		printf(" dropped-events=%" PRIu64, user->dropped);
	putchar('\n');
	for (i = 0; i < RESOURCES; i++)
		show_amount(resource_names[i], &user->amount[i]);
	for (j = 0; j <= CAPIPC_LIMIT_A_MAX; j++) {
		if (user->set[j] && limit_names[j])
			printf("  set: %s=%" PRIu64 "\n", limit_names[j],
			       user->limit[j]);
	}
}

/* All limits of one user. */
static void show_limits(const struct holder *user)
{
	int i;

	for (i = 0; i <= CAPIPC_LIMIT_A_MAX; i++) {
		if (user->known[i] && limit_names[i])
			printf("  limit: %s=%" PRIu64 "%s\n", limit_names[i],
			       user->limit[i], user->set[i] ? " set" : "");
	}
}

static void show_account(const struct holder *account)
{
	size_t i;

	printf("  context %" PRIu64 ":", account->context);
	for (i = 0; i < RESOURCES; i++)
		printf(" %s=%" PRIu64 "/%" PRIu64, resource_names[i],
		       account->amount[i].used, account->amount[i].grant);
	printf(" files=%" PRIu64 "\n", account->files);
}

static void show_all(const struct wanted *wanted, const struct list *users,
		     const struct list *accounts)
{
	size_t i, j;

	for (i = 0; i < users->count; i++) {
		show_user(&users->holders[i]);
		if (wanted->one)
			show_limits(&users->holders[i]);
		for (j = 0; j < accounts->count; j++) {
			if (is_context_of(&accounts->holders[j],
					  &users->holders[i]))
				show_account(&accounts->holders[j]);
		}
	}
}

/* --------------------------------------------------------------------- JSON */

static void json_amounts(struct json *json, const struct holder *holder)
{
	size_t i;

	for (i = 0; i < RESOURCES; i++) {
		json_open(json, resource_names[i], '{');
		json_number(json, "used", holder->amount[i].used);
		if (holder->amount[i].shared) {
			json_number(json, "granted", holder->amount[i].grant);
			json_number(json, "reserve", holder->amount[i].reserve);
		}
		json_number(json, "limit", holder->amount[i].limit);
		json_close(json, '}');
	}
}

static void json_limits(struct json *json, const struct holder *user)
{
	int i;

	json_open(json, "limits", '{');
	for (i = 0; i <= CAPIPC_LIMIT_A_MAX; i++) {
		if (user->known[i] && limit_names[i])
			json_number(json, limit_names[i], user->limit[i]);
	}
	json_close(json, '}');
	json_open(json, "set", '[');
	for (i = 0; i <= CAPIPC_LIMIT_A_MAX; i++) {
		if (user->set[i] && limit_names[i])
			json_string(json, NULL, limit_names[i]);
	}
	json_close(json, ']');
}

static void json_user(struct json *json, const struct holder *user,
		      const struct list *accounts)
{
	const struct holder *account;
	size_t i;

	json_number(json, "uid", user->uid);
	if (user->subordinate)
		json_number(json, "owner_uid", user->owner);
	json_amounts(json, user);
	json_number(json, "contexts_count", user->contexts);
	json_number(json, "files", user->files);
	json_number(json, "dropped_events", user->dropped);
	json_limits(json, user);
	json_open(json, "contexts", '[');
	for (i = 0; i < accounts->count; i++) {
		account = &accounts->holders[i];
		if (!is_context_of(account, user))
			continue;
		json_open(json, NULL, '{');
		json_number(json, "context_id", account->context);
		json_amounts(json, account);
		json_number(json, "files", account->files);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void json_all(const struct list *users, const struct list *accounts)
{
	struct json json = { .to = stdout };
	const struct holder *user;
	size_t i;

	json_open(&json, NULL, '{');
	for (i = 0; i < users->count; i++) {
		user = &users->holders[i];
		if (!user->machine)
			continue;
		json_open(&json, "machine", '{');
		json_number(&json, "users", user->contexts);
		json_number(&json, "max_users",
			    user->limit[CAPIPC_LIMIT_A_CONTEXTS]);
		json_amounts(&json, user);
		json_close(&json, '}');
	}
	json_open(&json, "users", '[');
	for (i = 0; i < users->count; i++) {
		user = &users->holders[i];
		if (user->machine)
			continue;
		json_open(&json, NULL, '{');
		json_user(&json, user, accounts);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_close(&json, '}');
	putchar('\n');
}

/* -------------------------------------------------------------- the command */

/* A number, perhaps with K, M or G after it; or "default". */
static bool parse_value(const char *text, uint64_t *out)
{
	static const char units[] = "KMG";
	const char *unit;
	char digits[32];
	size_t len = strlen(text);
	int shift = 0;

	if (!strcmp(text, "default")) {
		*out = CAPIPC_LIMIT_DEFAULT;
		return true;
	}
	if (!len || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len + 1);
	unit = strchr(units, digits[len - 1]);
	if (unit) {
		shift = 10 * (int)(unit - units + 1);
		digits[len - 1] = '\0';
	}
	if (!parse_number(digits, INT64_MAX >> shift, out))
		return false;
	*out <<= shift;
	return true;
}

/* NAME=VALUE */
static bool parse_limit(const char *text, struct wanted *wanted)
{
	const char *equals = strchr(text, '=');
	size_t len;
	int i;

	if (!equals)
		return false;
	len = (size_t)(equals - text);
	for (i = 0; i <= CAPIPC_LIMIT_A_MAX; i++) {
		if (limit_names[i] && strlen(limit_names[i]) == len &&
		    !memcmp(limit_names[i], text, len)) {
			wanted->set[i] = true;
			return parse_value(equals + 1, &wanted->value[i]);
		}
	}
	return false;
}

static int parse_set(const struct command *self, int argc, char **argv,
		     struct wanted *wanted)
{
	int i;

	if (optind == argc)
		return STATUS_OK;
	if (strcmp(argv[optind], "set"))
		return usage_error(self, "not an action: %s", argv[optind]);
	if (!wanted->one || wanted->subordinate)
		return usage_error(self, "whose? limits are set with --uid");
	if (optind + 1 == argc)
		return usage_error(self, "which limits?");
	for (i = optind + 1; i < argc; i++) {
		if (!parse_limit(argv[i], wanted))
			return usage_error(
				self, "not a limit and its value: %s", argv[i]);
	}
	wanted->some = true;
	return STATUS_OK;
}

static int run_limits(const struct command *self, int argc, char **argv)
{
	struct list users = { 0 }, accounts = { 0 };
	struct wanted wanted = { 0 };
	struct link link;
	int option, status;

	while ((option = getopt_long(argc, argv, "hjo:u:", self->options,
				     NULL)) != -1) {
		switch (option) {
		case 'h':
			return command_help_show(self);
		case 'j':
			wanted.json = true;
			break;
		case 'o':
			if (!parse_number(optarg, UINT32_MAX - 1,
					  &wanted.owner))
				return usage_error(self, "not a user id: %s",
						   optarg);
			wanted.subordinate = true;
			break;
		case 'u':
			if (!parse_number(optarg, UINT32_MAX - 1, &wanted.uid))
				return usage_error(self, "not a user id: %s",
						   optarg);
			wanted.one = true;
			break;
		default:
			return usage_hint(self);
		}
	}
	if (wanted.subordinate && !wanted.one)
		return usage_error(self, "an owner of whom? say --uid");
	status = parse_set(self, argc, argv, &wanted);
	if (status)
		return status;

	status = link_open(&link);
	if (status)
		return status;
	if (wanted.some)
		status = set(&link, &wanted);
	else
		status = ask(&link, &wanted, &users, &accounts);
	link_close(&link);
	if (!status && !wanted.some && wanted.json)
		json_all(&users, &accounts);
	else if (!status && !wanted.some)
		show_all(&wanted, &users, &accounts);
	free(users.holders);
	free(accounts.holders);
	return finish_output(status);
}

static const struct option limits_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "owner", required_argument, NULL, 'o' },
	{ "uid", required_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

const struct command command_limits = {
	.name = "limits",
	.arguments = "[--json] [--uid UID [--owner UID]]\n"
		     "       capipc limits --uid UID set LIMIT=VALUE...",
	.summary = "Show what users have and may have, or set limits of one",
	.help = "  -j, --json       as one JSON object\n"
		"  -u, --uid=UID    of this user only\n"
		"  -o, --owner=UID  as a subordinate user of this one\n"
		"\n"
		"LIMIT: bytes, bytes-per-context, handles, handles-per-context, listeners,\n"
		"contexts, files, connect-rate, connect-burst, event-rate or event-burst.\n"
		"VALUE: a number, perhaps with K, M or G after it, or 'default'.\n"
		"\n"
		"To set limits, and to see those of others, takes CAP_SYS_ADMIN in the initial\n"
		"user namespace.\n",
	.options = limits_options,
	.run = run_limits,
};
