// SPDX-License-Identifier: GPL-2.0
/*
 * Rules that are refused, wherever a list of rules is taken, and the one
 * predicate that not every kernel has: the security label.
 */
#include <sys/stat.h>

#include "capipc_test_ident.h"

#define AA_NAMESPACE "/sys/kernel/security/apparmor/policy/namespaces/capipc"

FIXTURE(rule_abi)
{
	struct actor server, client;
	char name[64];
	__u32 listener;
	__u32 client_end, server_end;
};

FIXTURE_SETUP(rule_abi)
{
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
}

FIXTURE_TEARDOWN(rule_abi)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
}

/* Where a list of rules goes. */
enum place {
	RESTRICT,
	LISTEN,
	LISTEN_ENDPOINT,
	PLACES,
};

/* @count rules of @rule_size at @rules in the server. */
static int set_raw(FIXTURE_DATA(rule_abi) * self, enum place place, __u64 rules,
		   __u32 count, __u32 rule_size)
{
	struct capipc_restrict r = {
		.size = sizeof(r),
		.rules = rules,
		.rules_count = count,
		.rule_size = rule_size,
		.handle = self->server_end,
	};
	struct capipc_listen l = {
		.size = sizeof(l),
		.name = ipc_ptr(self->server.page->name),
		.rule_size = rule_size,
		.backlog = 1,
	};
	int ret;

	if (place == RESTRICT)
		return ACTOR_IOCTL(&self->server, RESTRICT, &r);
	if (place == LISTEN) {
		l.rules = rules;
		l.rules_count = count;
	} else {
		l.endpoint_rules = rules;
		l.endpoint_rules_count = count;
	}
	strcpy(self->server.page->name, fresh_name());
	l.name_len = strlen(self->server.page->name);
	ret = ACTOR_IOCTL(&self->server, LISTEN, &l);
	if (!ret)
		ret = actor_close(&self->server, l.handle);
	return ret;
}

static int set_one(FIXTURE_DATA(rule_abi) * self, enum place place,
		   const struct capipc_rule *rule)
{
	self->server.page->rules[0] = *rule;
	return set_raw(self, place, ipc_ptr(self->server.page->rules), 1,
		       sizeof(*rule));
}

/* No rules yet, and everything may be sent. */
static int untouched(FIXTURE_DATA(rule_abi) * self)
{
	struct capipc_inspect i;
	int ret = actor_inspect(&self->server, self->server_end, &i);

	if (ret)
		return ret;
	if (i.state & CAPIPC_INSPECT_RULES)
		return -EBUSY;
	ret = actor_send(&self->client, self->client_end, 77);
	if (ret)
		return ret;
	ret = actor_idle(&self->server, self->server_end);
	return ret == CAPIPC_RECEIVED_MESSAGE ? 0 : -EPROTO;
}

#define M(x) CAPIPC_MATCH_##x

static const struct capipc_rule malformed[] = {
	{ .match = 1U << 7 },
	{ .match = 1U << 31 },
	{ .match = M(SAME_UID) | 1U << 16 },
	{ .reserved = 1 },
	{ .reserved = 0x80000000 },
	/* values whose predicate is not named */
	{ .uid = 1 },
	{ .gid = 1 },
	{ .capabilities = 1 },
	{ .capabilities = 1ULL << 63 },
	{ .label = 1 },
	{ .label_len = 1 },
	{ .match = M(GID), .uid = 1000, .gid = 1000 },
	{ .match = M(UID), .uid = 1000, .gid = 1000 },
	{ .match = M(SAME_UID) | M(UNCHANGED), .capabilities = 1 },
	{ .match = M(SAME_PRIVILEGE), .label_len = 4 },
	/* that no id can be */
	{ .match = M(UID), .uid = 0xffffffff },
	{ .match = M(GID), .gid = 0xffffffff },
	/* the wrong way round */
	{ .ordinal_first = 1, .ordinal_last = 0 },
	{ .ordinal_first = 0xffffffff, .ordinal_last = 0xfffffffe },
};

TEST_F(rule_abi, malformed)
{
	struct capipc_rule *rules = self->server.page->rules;
	int i, place;

	for (place = 0; place < PLACES; place++) {
		for (i = 0; i < ARRAY_SIZE(malformed); i++) {
			EXPECT_ERR(EINVAL, set_one(self, place, &malformed[i]))
			TH_LOG("place %d, rule %d", place, i);
			/* also after good ones */
			memset(rules, 0, 3 * sizeof(*rules));
			rules[2] = malformed[i];
			EXPECT_ERR(EINVAL, set_raw(self, place, ipc_ptr(rules),
						   3, sizeof(*rules)))
			TH_LOG("place %d, rule %d", place, i);
		}
	}
	EXPECT_OK(untouched(self));
}

/* Who may connect does not depend on an ordinal. */
TEST_F(rule_abi, ordinals_of_a_listener)
{
	struct capipc_rule rule = { .ordinal_last = 1 };

	EXPECT_ERR(EINVAL, set_one(self, LISTEN, &rule));
	EXPECT_OK(set_one(self, LISTEN_ENDPOINT, &rule));
	rule.ordinal_first = 1;
	EXPECT_ERR(EINVAL, set_one(self, LISTEN, &rule));
	EXPECT_OK(set_one(self, LISTEN_ENDPOINT, &rule));
}

TEST_F(rule_abi, count)
{
	struct capipc_rule *rules = self->server.page->rules;
	const size_t size = sizeof(*rules);
	int place;

	memset(rules, 0, (CAPIPC_RULES_MAX + 1) * size);
	for (place = PLACES - 1; place >= 0; place--) {
		EXPECT_ERR(EINVAL, set_raw(self, place, ipc_ptr(rules),
					   CAPIPC_RULES_MAX + 1, size));
		EXPECT_ERR(EINVAL, set_raw(self, place, ipc_ptr(rules),
					   0x10000000, size));
		EXPECT_ERR(EINVAL, set_raw(self, place, ipc_ptr(rules),
					   0xffffffff, size));
		if (place == RESTRICT)
			EXPECT_OK(untouched(self));
		EXPECT_OK(set_raw(self, place, ipc_ptr(rules), CAPIPC_RULES_MAX,
				  size));
	}
	/* all of them count */
	rules[CAPIPC_RULES_MAX - 1].reserved = 1;
	EXPECT_ERR(EINVAL, set_raw(self, LISTEN, ipc_ptr(rules),
				   CAPIPC_RULES_MAX, size));
}

/* A caller that was compiled with an older or newer header. */
TEST_F(rule_abi, size)
{
	const size_t size = sizeof(struct capipc_rule);
	char *raw = (char *)self->server.page->rules;
	__u64 at = ipc_ptr(raw);
	int place;

	for (place = PLACES - 1; place >= 0; place--) {
		memset(raw, 0, 8 * size);
		EXPECT_ERR(EINVAL, set_raw(self, place, at, 1, 0));
		EXPECT_ERR(EINVAL, set_raw(self, place, at, 1, size - 1));
		EXPECT_ERR(EINVAL, set_raw(self, place, at, 2, size / 2));
		raw[2 * (size + 8) - 1] = 1;
		EXPECT_ERR(E2BIG, set_raw(self, place, at, 2, size + 8));
		raw[2 * (size + 8) - 1] = 0;
		raw[size] = 1;
		EXPECT_ERR(E2BIG, set_raw(self, place, at, 2, size + 8));
		raw[size] = 0;
		EXPECT_NE(0, set_raw(self, place, at, 2, 0xffffffff));
		EXPECT_NE(0, set_raw(self, place, at, CAPIPC_RULES_MAX,
				     0x80000000));
	}
	EXPECT_OK(untouched(self));

	/* the members are where the size says */
	((struct capipc_rule *)(raw + size + 8))->ordinal_first = 9;
	((struct capipc_rule *)(raw + size + 8))->ordinal_last = 9;
	for (place = LISTEN_ENDPOINT; place < PLACES; place++)
		EXPECT_OK(set_raw(self, place, at, 2, size + 8));
	EXPECT_ERR(EINVAL, set_raw(self, LISTEN, at, 2, size + 8));
	ASSERT_OK(set_raw(self, RESTRICT, at, 2, size + 8));
	EXPECT_ERR(EACCES, actor_send(&self->client, self->client_end, 8));
	EXPECT_OK(actor_send(&self->client, self->client_end, 9));
	EXPECT_OK(actor_send(&self->client, self->client_end, 0));
}

static long act_rules_before_hole(struct actor_page *page, long bytes)
{
	char *p = map_before_hole((size_t)bytes);

	page->number[0] = ipc_ptr(p);
	return p ? 0 : -ENOMEM;
}

TEST_F(rule_abi, faults)
{
	const size_t size = sizeof(struct capipc_rule);
	__u64 p;
	int place;

	/* zeroed rules, of which the last is not all there */
	ASSERT_OK(
		actor_run(&self->server, act_rules_before_hole, 3 * size - 1));
	p = self->server.page->number[0];
	for (place = PLACES - 1; place >= 0; place--) {
		EXPECT_ERR(EFAULT, set_raw(self, place, 0, 1, size));
		EXPECT_ERR(EFAULT, set_raw(self, place, 1, 1, size));
		EXPECT_ERR(EFAULT, set_raw(self, place, ~0ULL - 15, 1, size));
		EXPECT_ERR(EFAULT, set_raw(self, place, 1ULL << 63, 1, size));
		EXPECT_ERR(EFAULT, set_raw(self, place, p, 3, size));
		EXPECT_ERR(EFAULT, set_raw(self, place, p, 1, 3 * size));
		/* without a rule there is nothing to read */
		if (place != RESTRICT)
			EXPECT_OK(set_raw(self, place, 1, 0, size));
	}
	EXPECT_OK(untouched(self));
	EXPECT_OK(set_raw(self, RESTRICT, p, 2, size));
}

TEST_F(rule_abi, wrong_handles)
{
	struct capipc_rule rule = { 0 };
	struct actor *a = &self->server;
	__u32 h[2];

	EXPECT_ERR(EPROTOTYPE, actor_restrict(a, self->listener, &rule, 1));
	EXPECT_ERR(EBADF, actor_restrict(a, 0, &rule, 1));
	ASSERT_OK(actor_create(a, h));
	ASSERT_OK(actor_close(a, h[0]));
	EXPECT_ERR(EBADF, actor_restrict(a, h[0], &rule, 1));
}

TEST_F(rule_abi, explain)
{
	struct capipc_explain e;
	struct actor *a = &self->client;

	EXPECT_ERR(EBADF, actor_explain(a, 0xdeadbeef, 1, NULL, &e));
	EXPECT_ERR(ENOENT, actor_explain(a, 0, 0, "no/such/name", &e));
	EXPECT_ERR(EINVAL, actor_explain(a, 0, 0, "no//such/name", &e));
	EXPECT_ERR(EINVAL, actor_explain(a, 0, 1, self->name, &e));
	EXPECT_ERR(EINVAL,
		   actor_explain(a, self->client_end, 0, self->name, &e));
	EXPECT_ERR(EPROTOTYPE,
		   actor_explain(&self->server, self->listener, 0, NULL, &e));
	ASSERT_OK(actor_explain(a, 0, 0, self->name, &e));
	EXPECT_EQ(0, e.rule);
	EXPECT_EQ(1, e.allowed);
	EXPECT_EQ(0, e.facet);
	ASSERT_OK(actor_explain(a, self->client_end, 5, NULL, &e));
	EXPECT_EQ(CAPIPC_EXPLAIN_OPEN, e.rule);
	EXPECT_EQ(1, e.allowed);
	ASSERT_OK(actor_close(&self->server, self->server_end));
	EXPECT_ERR(EPIPE, actor_explain(a, self->client_end, 5, NULL, &e));
}

/* ---------------------------------------------------------------- labels */

/* The label of @pid: its length, or 0 if this kernel has none. */
static int label_of(pid_t pid, char *label, size_t size)
{
	if (get_text(label, size, "/proc/%d/attr/current", pid) <= 0)
		return 0;
	label[strcspn(label, "\n")] = 0;
	return strlen(label);
}

static long act_set_label(struct actor_page *page, long unused)
{
	return put_text("/proc/self/attr/current", page->name);
}

/*
 * Smack lets root take any label. AppArmor without a policy has one label, but a
 * namespace of policies has another one; lockdep takes it amiss how 6.1 makes it.
 */
static bool take_another_label(struct actor *actor)
{
	strcpy(actor->page->name, "SomethingElse");
	if (actor_run(actor, act_set_label, 0) == 0)
		return true;
	if (access("/proc/lockdep_stats", F_OK) == 0 ||
	    mkdir(AA_NAMESPACE, 0755) < 0)
		return false;
	strcpy(actor->page->name, "changeprofile :capipc://unconfined");
	if (actor_run(actor, act_set_label, 0) == 0)
		return true;
	rmdir(AA_NAMESPACE);
	return false;
}

static int restrict_to_label(FIXTURE_DATA(rule_abi) * self, const char *label)
{
	struct capipc_rule rule = {
		.match = M(LABEL),
		.label = ipc_ptr(self->server.page->label),
		.label_len = strlen(label),
		.ordinal_last = 9,
	};

	strcpy(self->server.page->label, label);
	return set_one(self, RESTRICT, &rule);
}

TEST_F(rule_abi, label_is_not_offered)
{
	char label[256];

	if (label_of(self->client.pid, label, sizeof(label))) {
		/* then it is, see the next test */
		return;
	}
	EXPECT_ERR(EOPNOTSUPP, restrict_to_label(self, "unconfined"));
	EXPECT_OK(untouched(self));
}

TEST_F(rule_abi, label_matches)
{
	char label[256];

	if (!label_of(self->client.pid, label, sizeof(label)))
		return;
	ASSERT_OK(restrict_to_label(self, label));
	EXPECT_OK(actor_send(&self->client, self->client_end, 1));
	EXPECT_ERR(EACCES, actor_send(&self->client, self->client_end, 10));

	if (!take_another_label(&self->client))
		return;
	EXPECT_ERR(EACCES, actor_send(&self->client, self->client_end, 1));
	/* there is no way back from the namespace */
	if (rmdir(AA_NAMESPACE) == 0)
		return;
	strcpy(self->client.page->name, label);
	ASSERT_OK(actor_run(&self->client, act_set_label, 0));
	EXPECT_OK(actor_send(&self->client, self->client_end, 1));
}

TEST_F(rule_abi, label_is_malformed)
{
	struct capipc_rule rule = {
		.match = M(LABEL),
		.label = ipc_ptr(self->server.page->label),
		.label_len = 4,
	};
	char label[256];
	int place;

	strcpy(self->server.page->label, "test");
	if (!label_of(self->client.pid, label, sizeof(label)))
		return;
	for (place = 0; place < PLACES; place++) {
		rule.label_len = 0;
		EXPECT_ERR(EINVAL, set_one(self, place, &rule));
		rule.label_len = CAPIPC_LABEL_MAX + 1;
		EXPECT_ERR(EINVAL, set_one(self, place, &rule));
		rule.label_len = 0xffffffff;
		EXPECT_ERR(EINVAL, set_one(self, place, &rule));
		rule.label_len = 4;
		rule.label = 0;
		EXPECT_ERR(EFAULT, set_one(self, place, &rule));
		rule.label = ~0ULL - 1;
		EXPECT_ERR(EFAULT, set_one(self, place, &rule));
		rule.label = ipc_ptr(self->server.page->label);
		self->server.page->label[1] = 0;
		EXPECT_ERR(EINVAL, set_one(self, place, &rule));
		self->server.page->label[1] = 'e';
	}
	EXPECT_OK(untouched(self));
}

TEST_HARNESS_MAIN
