// SPDX-License-Identifier: GPL-2.0
/*
 * Rules: who may send what, decided by who sends now. For rules that are
 * refused and for security labels see rule_abi_test.c.
 */
#include "capipc_test_ident.h"

#define DENIED	 CAPIPC_EXPLAIN_NONE
#define OPEN	 CAPIPC_EXPLAIN_OPEN
#define CONFUSED (-100)

#define NET_ADMIN (1ULL << CAP_NET_ADMIN)

enum who {
	ROOT,
	ROOT_NOCAPS,
	ROOT_NOKILL, /* one capability less */
	ROOT_GROUP7, /* supplementary */
	ROOT_EGID7,
	ROOT_AS_USER, /* effective uid 1000 only */
	USER, /* uid 1000 */
	USER_CAP, /* uid 1000 with CAP_NET_ADMIN */
	USER2, /* uid 1001 */
};

static int actor_as(struct actor *a, enum who who)
{
	gid_t groups[] = { 3, 7, 9 };
	int ret;

	switch (who) {
	case ROOT:
		return 0;
	case ROOT_NOCAPS:
		return actor_capset(a, 0, 0);
	case ROOT_NOKILL:
		return actor_capset(a, caps_all() & ~(1ULL << CAP_KILL),
				    caps_all());
	case ROOT_GROUP7:
		return actor_setgroups(a, 3, groups);
	case ROOT_EGID7:
		return actor_setresgid(a, 0, 7, 0);
	case ROOT_AS_USER:
		return actor_setresuid(a, 0, 1000, 0);
	case USER:
		return actor_become(a, 1000);
	case USER_CAP:
		ret = actor_setresgid(a, 1000, 1000, 1000);
		if (!ret)
			ret = actor_setresuid(a, 1000, 1000, 0);
		return ret ? ret : actor_capset(a, NET_ADMIN, caps_all());
	case USER2:
		return actor_become(a, 1001);
	}
	return -EINVAL;
}

FIXTURE(rule)
{
	struct actor server, client, other;
	char name[64];
	__u32 listener;
	__u32 client_end, server_end;
};

FIXTURE_SETUP(rule)
{
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
}

FIXTURE_TEARDOWN(rule)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
	actor_stop(&self->other);
}

static int pipe_up(FIXTURE_DATA(rule) * self)
{
	return actor_link(&self->client, &self->server, self->name,
			  self->listener, &self->client_end, &self->server_end);
}

/* A pipe from client to server with these rules at the server. */
static int pipe_up_rules(FIXTURE_DATA(rule) * self,
			 const struct capipc_rule *rules, unsigned int count)
{
	int ret = pipe_up(self);

	return ret ? ret :
		     actor_restrict(&self->server, self->server_end, rules,
				    count);
}

/*
 * What decides about @ordinal: the index of a rule, DENIED or OPEN. It sends
 * and looks that exactly what was explained has happened.
 */
static int verdict_between(struct actor *from, __u32 from_end, struct actor *to,
			   __u32 to_end, __u32 ordinal)
{
	struct capipc_explain e;
	struct capipc_receive r;
	int ret;

	if (actor_explain(from, from_end, ordinal, NULL, &e))
		return CONFUSED;
	ret = actor_send(from, from_end, ordinal);
	if (ret == -EACCES)
		return !e.allowed && e.rule == DENIED &&
				       !(actor_poll(to) & POLLIN) &&
				       !actor_idle(to, 0) ?
			       DENIED :
			       CONFUSED;
	if (ret || e.allowed != 1 || e.rule == DENIED)
		return CONFUSED;
	if (!(actor_poll(to) & POLLIN) ||
	    actor_receive_nowait(to, to_end, &r) ||
	    r.type != CAPIPC_RECEIVED_MESSAGE || r.ordinal != ordinal)
		return CONFUSED;
	return e.rule;
}

static int verdict(FIXTURE_DATA(rule) * self, __u32 ordinal)
{
	return verdict_between(&self->client, self->client_end, &self->server,
			       self->server_end, ordinal);
}

#define M(x) CAPIPC_MATCH_##x

static const struct {
	enum who server, client;
	int expected;
	struct capipc_rule rule;
} matrix[] = {
	/* those with the same processes in a row */
	{ ROOT, ROOT, 0, { .match = M(SAME_UID) } },
	{ ROOT, ROOT, 0, { .match = M(SAME_PRIVILEGE) } },
	{ ROOT, ROOT, DENIED, { .match = M(UID), .uid = 1000 } },
	{ ROOT, ROOT, DENIED, { .match = M(GID), .gid = 7 } },
	{ ROOT,
	  ROOT,
	  0,
	  { .match = M(CAPABILITIES), .capabilities = NET_ADMIN } },
	{ ROOT,
	  ROOT,
	  DENIED,
	  { .match = M(UID) | M(CAPABILITIES),
	    .uid = 1000,
	    .capabilities = NET_ADMIN } },
	{ ROOT, ROOT, DENIED, { .match = M(SAME_UID) | M(GID), .gid = 7 } },

	{ ROOT, ROOT_NOCAPS, 0, { .match = M(SAME_UID) } },
	{ ROOT, ROOT_NOCAPS, DENIED, { .match = M(SAME_PRIVILEGE) } },
	{ ROOT,
	  ROOT_NOCAPS,
	  DENIED,
	  { .match = M(CAPABILITIES), .capabilities = NET_ADMIN } },
	{ ROOT,
	  ROOT_NOCAPS,
	  DENIED,
	  { .match = M(SAME_UID) | M(SAME_PRIVILEGE) } },

	{ ROOT, ROOT_NOKILL, DENIED, { .match = M(SAME_PRIVILEGE) } },
	{ ROOT,
	  ROOT_NOKILL,
	  DENIED,
	  { .match = M(CAPABILITIES), .capabilities = 1ULL << CAP_KILL } },
	{ ROOT,
	  ROOT_NOKILL,
	  0,
	  { .match = M(CAPABILITIES),
	    .capabilities = 1ULL << CAP_AUDIT_READ } },

	{ ROOT, ROOT_GROUP7, 0, { .match = M(SAME_PRIVILEGE) } },
	{ ROOT, ROOT_GROUP7, 0, { .match = M(GID), .gid = 7 } },

	{ ROOT, ROOT_EGID7, DENIED, { .match = M(SAME_PRIVILEGE) } },
	{ ROOT, ROOT_EGID7, 0, { .match = M(GID), .gid = 7 } },
	{ ROOT, ROOT_EGID7, DENIED, { .match = M(GID), .gid = 8 } },

	{ ROOT, ROOT_AS_USER, DENIED, { .match = M(SAME_UID) } },
	{ ROOT, ROOT_AS_USER, 0, { .match = M(UID), .uid = 1000 } },

	{ ROOT, USER, 0, { .match = 0 } },
	{ ROOT, USER, DENIED, { .match = M(SAME_UID) } },
	{ ROOT, USER, DENIED, { .match = M(SAME_PRIVILEGE) } },
	{ ROOT, USER, 0, { .match = M(UID), .uid = 1000 } },
	{ ROOT, USER, 0, { .match = M(GID), .gid = 1000 } },
	{ ROOT, USER, 0, { .match = M(UNCHANGED) } },
	{ ROOT,
	  USER,
	  DENIED,
	  { .match = M(UID) | M(CAPABILITIES),
	    .uid = 1000,
	    .capabilities = NET_ADMIN } },

	{ ROOT,
	  USER_CAP,
	  0,
	  { .match = M(CAPABILITIES), .capabilities = NET_ADMIN } },
	{ ROOT,
	  USER_CAP,
	  DENIED,
	  { .match = M(CAPABILITIES),
	    .capabilities = NET_ADMIN | 1ULL << CAP_KILL } },
	{ ROOT,
	  USER_CAP,
	  0,
	  { .match = M(UID) | M(CAPABILITIES) | M(UNCHANGED) | M(GID),
	    .uid = 1000,
	    .gid = 1000,
	    .capabilities = NET_ADMIN } },

	{ ROOT_NOCAPS, ROOT, 0, { .match = M(SAME_PRIVILEGE) } },

	{ ROOT_NOCAPS, ROOT_NOCAPS, 0, { .match = M(SAME_PRIVILEGE) } },

	{ USER, ROOT, DENIED, { .match = M(SAME_UID) } },
	{ USER, ROOT, DENIED, { .match = M(SAME_PRIVILEGE) } },
	{ USER, ROOT, 0, { .match = M(UID), .uid = 0 } },

	{ USER, ROOT_AS_USER, 0, { .match = M(SAME_UID) } },

	{ USER, USER, 0, { .match = M(SAME_UID) } },
	{ USER, USER, 0, { .match = M(SAME_PRIVILEGE) } },
	{ USER,
	  USER,
	  DENIED,
	  { .match = M(CAPABILITIES), .capabilities = NET_ADMIN } },

	{ USER, USER_CAP, 0, { .match = M(SAME_PRIVILEGE) } },

	{ USER, USER2, DENIED, { .match = M(SAME_UID) } },
	{ USER, USER2, DENIED, { .match = M(SAME_PRIVILEGE) } },

	{ USER_CAP, USER, DENIED, { .match = M(SAME_PRIVILEGE) } },
};

TEST_F(rule, predicates)
{
	struct actor *server = &self->other, client = { 0 };
	__u32 end, server_end, listener = 0;
	struct capipc_rule rule;
	char name[64];
	int i;

	for (i = 0; i < ARRAY_SIZE(matrix); i++) {
		if (!i || matrix[i].server != matrix[i - 1].server ||
		    matrix[i].client != matrix[i - 1].client) {
			actor_stop(server);
			actor_stop(&client);
			ASSERT_OK(actor_start(server));
			ASSERT_OK(actor_start(&client));
			strcpy(name, fresh_name());
			ASSERT_OK(actor_listen(server, name, NULL, &listener));
			ASSERT_OK(actor_as(server, matrix[i].server));
			ASSERT_OK(actor_as(&client, matrix[i].client));
		}
		ASSERT_OK(actor_link(&client, server, name, listener, &end,
				     &server_end));
		EXPECT_EQ(OPEN,
			  verdict_between(&client, end, server, server_end, 1));
		rule = matrix[i].rule;
		rule.ordinal_last = 0xffffffff;
		ASSERT_OK(actor_restrict(server, server_end, &rule, 1));
		EXPECT_EQ(matrix[i].expected,
			  verdict_between(&client, end, server, server_end, 1))
		TH_LOG("row %d", i);
		EXPECT_EQ(matrix[i].expected,
			  verdict_between(&client, end, server, server_end,
					  0xffffffff))
		TH_LOG("row %d", i);
		ASSERT_OK(actor_close(&client, end));
		ASSERT_OK(actor_close(server, server_end));
	}
	actor_stop(&client);
}

TEST_F(rule, first_match_decides)
{
	const struct capipc_rule rules[] = {
		{ .match = M(UID),
		  .uid = 1000,
		  .ordinal_first = 5,
		  .ordinal_last = 5 },
		{ .ordinal_first = 1, .ordinal_last = 3 },
		{ .match = M(UID),
		  .uid = 1000,
		  .ordinal_first = 1,
		  .ordinal_last = 10 },
		{ .match = M(SAME_UID), .ordinal_last = 0xffffffff },
	};

	ASSERT_OK(pipe_up_rules(self, rules, ARRAY_SIZE(rules)));
	EXPECT_EQ(3, verdict(self, 5));
	EXPECT_EQ(1, verdict(self, 1));
	EXPECT_EQ(3, verdict(self, 0));
	EXPECT_EQ(3, verdict(self, 10));
	EXPECT_EQ(3, verdict(self, 0xffffffff));

	ASSERT_OK(actor_become(&self->client, 1000));
	EXPECT_EQ(0, verdict(self, 5));
	EXPECT_EQ(1, verdict(self, 1));
	EXPECT_EQ(1, verdict(self, 3));
	EXPECT_EQ(2, verdict(self, 4));
	EXPECT_EQ(2, verdict(self, 10));
	EXPECT_EQ(DENIED, verdict(self, 11));
	EXPECT_EQ(DENIED, verdict(self, 0));
	EXPECT_EQ(DENIED, verdict(self, 0xffffffff));
}

TEST_F(rule, ordinal_ranges)
{
	const struct capipc_rule rules[] = {
		{ .ordinal_first = 5, .ordinal_last = 7 },
		{ .ordinal_first = 0, .ordinal_last = 0 },
		{ .ordinal_first = 0xffffffff, .ordinal_last = 0xffffffff },
		{ .ordinal_first = 0x7fffffff, .ordinal_last = 0x80000000 },
	};

	ASSERT_OK(pipe_up_rules(self, rules, ARRAY_SIZE(rules)));
	EXPECT_EQ(1, verdict(self, 0));
	EXPECT_EQ(DENIED, verdict(self, 1));
	EXPECT_EQ(DENIED, verdict(self, 4));
	EXPECT_EQ(0, verdict(self, 5));
	EXPECT_EQ(0, verdict(self, 6));
	EXPECT_EQ(0, verdict(self, 7));
	EXPECT_EQ(DENIED, verdict(self, 8));
	EXPECT_EQ(DENIED, verdict(self, 0x7ffffffe));
	EXPECT_EQ(3, verdict(self, 0x7fffffff));
	EXPECT_EQ(3, verdict(self, 0x80000000));
	EXPECT_EQ(DENIED, verdict(self, 0x80000001));
	EXPECT_EQ(DENIED, verdict(self, 0xfffffffe));
	EXPECT_EQ(2, verdict(self, 0xffffffff));
}

TEST_F(rule, empty_list_denies)
{
	struct capipc_inspect i;

	ASSERT_OK(pipe_up(self));
	EXPECT_EQ(OPEN, verdict(self, 0));
	ASSERT_OK(actor_inspect(&self->server, self->server_end, &i));
	EXPECT_EQ(0, i.state & CAPIPC_INSPECT_RULES);
	ASSERT_OK(actor_restrict(&self->server, self->server_end, NULL, 0));
	ASSERT_OK(actor_inspect(&self->server, self->server_end, &i));
	EXPECT_EQ(CAPIPC_INSPECT_RULES, i.state);
	EXPECT_EQ(DENIED, verdict(self, 0));
	EXPECT_EQ(DENIED, verdict(self, 1));
	EXPECT_EQ(DENIED, verdict(self, 0xffffffff));

	/* they are the rules of one end only */
	EXPECT_EQ(OPEN, verdict_between(&self->server, self->server_end,
					&self->client, self->client_end, 1));
	ASSERT_OK(actor_inspect(&self->client, self->client_end, &i));
	EXPECT_EQ(0, i.state & CAPIPC_INSPECT_RULES);
}

TEST_F(rule, set_once)
{
	const struct capipc_rule anyone = { .ordinal_last = 0xffffffff };
	const struct listen_options options = {
		.endpoint_rules = &anyone,
		.endpoint_rules_count = 1,
	};
	__u32 listener, end, server_end, moved;
	const char *name;

	ASSERT_OK(pipe_up_rules(self, NULL, 0));
	EXPECT_ERR(EBUSY,
		   actor_restrict(&self->server, self->server_end, &anyone, 1));
	EXPECT_ERR(EBUSY,
		   actor_restrict(&self->server, self->server_end, NULL, 0));
	EXPECT_EQ(DENIED, verdict(self, 1));

	/* moving it gives no second try */
	ASSERT_OK(actor_start(&self->other));
	name = fresh_name();
	ASSERT_OK(actor_listen(&self->other, name, &options, &listener));
	ASSERT_OK(actor_link(&self->server, &self->other, name, listener, &end,
			     &server_end));
	moved = actor_move(&self->server, end, self->server_end, &self->other,
			   server_end);
	ASSERT_NE(0, moved);
	EXPECT_ERR(EBUSY, actor_restrict(&self->other, moved, &anyone, 1));
	EXPECT_EQ(DENIED, verdict_between(&self->client, self->client_end,
					  &self->other, moved, 1));

	/* an endpoint that got its rules from the listener */
	EXPECT_ERR(EBUSY, actor_restrict(&self->other, server_end, NULL, 0));
	EXPECT_EQ(0, verdict_between(&self->server, end, &self->other,
				     server_end, 1));
}

TEST_F(rule, needs_admin)
{
	struct capipc_receive r;
	__u32 listener, end, other_end, weak;
	struct capipc_inspect i;
	const char *name;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_start(&self->other));
	name = fresh_name();
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->server, &self->other, name, listener, &end,
			     &other_end));
	ASSERT_OK(actor_send_all(&self->server, end, 0, 0, self->server_end,
				 CAPIPC_RIGHT_READ | CAPIPC_RIGHT_WRITE |
					 CAPIPC_RIGHT_TRANSFER));
	ASSERT_OK(actor_receive_nowait(&self->other, other_end, &r));
	ASSERT_EQ(1, r.attachments_count);
	weak = self->other.page->in[0].handle;
	EXPECT_ERR(EPERM, actor_restrict(&self->other, weak, NULL, 0));
	ASSERT_OK(actor_inspect(&self->other, weak, &i));
	EXPECT_EQ(0, i.state);
	EXPECT_EQ(OPEN, verdict_between(&self->client, self->client_end,
					&self->other, weak, 1));
}

/* What one who may is handed by one who may not, and the other way round. */
TEST_F(rule, endpoint_changes_hands)
{
	const struct capipc_rule rules[] = {
		{ .ordinal_first = 1, .ordinal_last = 1 },
		{ .match = M(SAME_PRIVILEGE),
		  .ordinal_first = 2,
		  .ordinal_last = 2 },
		{ .match = M(UNCHANGED), .ordinal_first = 3, .ordinal_last = 3 },
	};
	__u32 listener, end, other_end, moved, back;
	struct actor *user = &self->other;
	const char *name = fresh_name();

	ASSERT_OK(pipe_up_rules(self, rules, ARRAY_SIZE(rules)));
	ASSERT_OK(actor_start(user));
	ASSERT_OK(actor_listen(user, name, NULL, &listener));
	ASSERT_OK(actor_become(user, 1000));
	ASSERT_OK(actor_link(&self->client, user, name, listener, &end,
			     &other_end));
	EXPECT_EQ(0, verdict(self, 1));
	EXPECT_EQ(1, verdict(self, 2));
	EXPECT_EQ(2, verdict(self, 3));

	moved = actor_move(&self->client, end, self->client_end, user,
			   other_end);
	ASSERT_NE(0, moved);
	EXPECT_EQ(0, verdict_between(user, moved, &self->server,
				     self->server_end, 1));
	EXPECT_EQ(DENIED, verdict_between(user, moved, &self->server,
					  self->server_end, 2));
	EXPECT_EQ(DENIED, verdict_between(user, moved, &self->server,
					  self->server_end, 3));

	back = actor_move(user, other_end, moved, &self->client, end);
	ASSERT_NE(0, back);
	self->client_end = back;
	EXPECT_EQ(1, verdict(self, 2));
}

TEST_F(rule, sender_drops_and_regains)
{
	const struct capipc_rule rules[] = {
		{ .match = M(SAME_PRIVILEGE),
		  .ordinal_first = 2,
		  .ordinal_last = 2 },
		{ .match = M(SAME_UID), .ordinal_first = 3, .ordinal_last = 3 },
		{ .match = M(UNCHANGED), .ordinal_first = 4, .ordinal_last = 4 },
	};
	struct actor *client = &self->client;
	int i;

	ASSERT_OK(pipe_up_rules(self, rules, ARRAY_SIZE(rules)));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(0, verdict(self, 2));
		EXPECT_EQ(1, verdict(self, 3));
		ASSERT_OK(actor_capset(client, 0, caps_all()));
		EXPECT_EQ(DENIED, verdict(self, 2));
		EXPECT_EQ(1, verdict(self, 3));
		EXPECT_EQ(DENIED, verdict(self, 4));
		ASSERT_OK(actor_capset(client, caps_all(), caps_all()));
		EXPECT_EQ(0, verdict(self, 2));
		ASSERT_OK(actor_setresuid(client, -1, 1000, -1));
		EXPECT_EQ(DENIED, verdict(self, 2));
		EXPECT_EQ(DENIED, verdict(self, 3));
		ASSERT_OK(actor_setresuid(client, -1, 0, -1));
	}
	ASSERT_OK(actor_capset(client, 0, 0));
	EXPECT_EQ(DENIED, verdict(self, 2));
	EXPECT_EQ(1, verdict(self, 3));
}

/* Two threads of one process on the same handle are two senders. */
TEST_F(rule, threads)
{
	const struct capipc_rule rule = { .match = M(SAME_PRIVILEGE),
					  .ordinal_last = 9 };
	struct actor *a = &self->other, b;
	__u32 end, server_end;
	int i;

	ASSERT_OK(actor_start_threads(a, &b));
	ASSERT_OK(actor_link(a, &self->server, self->name, self->listener, &end,
			     &server_end));
	ASSERT_OK(actor_restrict(&self->server, server_end, &rule, 1));
	ASSERT_OK(actor_setresuid(&b, 0, 1000, 0));
	for (i = 0; i < 9; i++) {
		EXPECT_EQ(0, verdict_between(a, end, &self->server, server_end,
					     i));
		EXPECT_EQ(DENIED, verdict_between(&b, end, &self->server,
						  server_end, i));
	}
	ASSERT_OK(actor_setresuid(&b, 0, 0, 0));
	EXPECT_EQ(0, verdict_between(&b, end, &self->server, server_end, 1));
	actor_stop(&b);
}

/* Many ordinals, allowed and denied in turn: no verdict is taken for another. */
TEST_F(rule, many_ordinals)
{
	struct capipc_rule rules[64];
	struct capipc_explain e;
	int i, j, ordinal;

	memset(rules, 0, sizeof(rules));
	for (i = 0; i < 64; i++) {
		rules[i].ordinal_first = i * 4 + 1;
		rules[i].ordinal_last = i * 4 + 2;
		rules[i].match = i % 2 ? M(SAME_UID) : 0;
	}
	ASSERT_OK(pipe_up_rules(self, rules, 64));
	for (i = 0; i < 2; i++) {
		for (j = 0; j < 100; j++) {
			ordinal = (j * 67) % 256;
			ASSERT_OK(actor_explain(&self->client, self->client_end,
						ordinal, NULL, &e));
			ASSERT_EQ(ordinal % 4 == 1 || ordinal % 4 == 2 ?
					  (ordinal / 4 % 2 && i ? DENIED :
								  ordinal / 4) :
					  DENIED,
				  e.rule);
			ASSERT_EQ(e.rule == DENIED ? -EACCES : 0,
				  actor_send(&self->client, self->client_end,
					     ordinal));
			if (e.rule == DENIED)
				continue;
			ASSERT_EQ(CAPIPC_RECEIVED_MESSAGE,
				  actor_idle(&self->server, self->server_end));
		}
		ASSERT_EQ(0, actor_idle(&self->server, 0));
		ASSERT_OK(actor_setresuid(&self->client, 0, 1000, 0));
	}
}

TEST_HARNESS_MAIN
