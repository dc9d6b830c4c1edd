// SPDX-License-Identifier: GPL-2.0
/*
 * Rules: with whom a sender is compared, when the receiver changes, is in
 * flight or in another user namespace, and what rules leave alone.
 */
#include "capipc_test_ident.h"

#define DENIED	 CAPIPC_EXPLAIN_NONE
#define OPEN	 CAPIPC_EXPLAIN_OPEN
#define CONFUSED (-100)

#define NET_ADMIN (1ULL << CAP_NET_ADMIN)

#define M(x) CAPIPC_MATCH_##x

FIXTURE(rule_receiver)
{
	struct actor server, client, other;
	char name[64];
	__u32 listener;
	__u32 client_end, server_end;
};

FIXTURE_SETUP(rule_receiver)
{
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
}

FIXTURE_TEARDOWN(rule_receiver)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
	actor_stop(&self->other);
}

static int pipe_up(FIXTURE_DATA(rule_receiver) * self)
{
	return actor_link(&self->client, &self->server, self->name,
			  self->listener, &self->client_end, &self->server_end);
}

/* A pipe from client to server with these rules at the server. */
static int pipe_up_rules(FIXTURE_DATA(rule_receiver) * self,
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

static int verdict(FIXTURE_DATA(rule_receiver) * self, __u32 ordinal)
{
	return verdict_between(&self->client, self->client_end, &self->server,
			       self->server_end, ordinal);
}

/* ---------------------------------------------------- who is the receiver */

TEST_F(rule_receiver, receiver_changes)
{
	const struct capipc_rule rule = { .match = M(SAME_UID),
					  .ordinal_last = 9 };
	struct actor *server = &self->server;

	ASSERT_OK(pipe_up_rules(self, &rule, 1));
	EXPECT_EQ(0, verdict(self, 1));

	/* it counts when it receives */
	ASSERT_OK(actor_setresuid(server, 0, 1000, 0));
	EXPECT_OK(actor_send(&self->client, self->client_end, 2));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, actor_idle(server, 0));
	EXPECT_EQ(DENIED, verdict(self, 2));
	ASSERT_OK(actor_setresuid(&self->client, 0, 1000, 0));
	EXPECT_EQ(0, verdict(self, 2));

	/* also when there is nothing */
	ASSERT_OK(actor_setresuid(server, 0, 0, 0));
	EXPECT_EQ(0, actor_idle(server, 0));
	EXPECT_EQ(DENIED, verdict(self, 2));
}

TEST_F(rule_receiver, receiver_is_in_flight)
{
	const struct capipc_rule rule = { .match = M(SAME_UID),
					  .ordinal_last = 9 };
	struct capipc_receive r;
	__u32 listener, end, other_end, moved;
	const char *name = fresh_name();

	ASSERT_OK(pipe_up_rules(self, &rule, 1));
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_become(&self->other, 1000));
	ASSERT_OK(actor_link(&self->server, &self->other, name, listener, &end,
			     &other_end));
	ASSERT_OK(actor_send_handle(&self->server, end, self->server_end));

	/* the last holder was root */
	EXPECT_OK(actor_send(&self->client, self->client_end, 1));
	ASSERT_OK(actor_setresuid(&self->client, 0, 1000, 0));
	EXPECT_ERR(EACCES, actor_send(&self->client, self->client_end, 2));
	ASSERT_OK(actor_setresuid(&self->client, 0, 0, 0));

	ASSERT_OK(actor_receive_nowait(&self->other, other_end, &r));
	ASSERT_EQ(1, r.attachments_count);
	moved = self->other.page->in[0].handle;
	ASSERT_OK(actor_receive_nowait(&self->other, moved, &r));
	EXPECT_EQ(1, r.ordinal);
	EXPECT_EQ(DENIED, verdict_between(&self->client, self->client_end,
					  &self->other, moved, 1));
	ASSERT_OK(actor_setresuid(&self->client, 0, 1000, 0));
	EXPECT_EQ(0, verdict_between(&self->client, self->client_end,
				     &self->other, moved, 1));
}

TEST_F(rule_receiver, receiver_waits_in_a_listener)
{
	const struct capipc_rule rule = { .match = M(SAME_UID),
					  .ordinal_last = 9 };
	const struct listen_options options = {
		.endpoint_rules = &rule,
		.endpoint_rules_count = 1,
	};
	__u32 listener, end, other_end, waiting, moved;
	const char *name;

	ASSERT_OK(actor_start(&self->other));
	name = fresh_name();
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_become(&self->other, 1000));
	ASSERT_OK(actor_link(&self->server, &self->other, name, listener, &end,
			     &other_end));

	name = fresh_name();
	ASSERT_OK(actor_listen(&self->server, name, &options, &listener));
	ASSERT_OK(actor_connect(&self->client, name, &waiting));
	EXPECT_OK(actor_send(&self->client, waiting, 1));
	EXPECT_ERR(EACCES, actor_send(&self->client, waiting, 10));
	ASSERT_OK(actor_setresuid(&self->client, 0, 1000, 0));
	EXPECT_ERR(EACCES, actor_send(&self->client, waiting, 2));

	/* the listener goes to uid 1000, and what waits in it too */
	moved = actor_move(&self->server, end, listener, &self->other,
			   other_end);
	ASSERT_NE(0, moved);
	EXPECT_OK(actor_send(&self->client, waiting, 3));
	ASSERT_OK(actor_setresuid(&self->client, 0, 0, 0));
	EXPECT_ERR(EACCES, actor_send(&self->client, waiting, 4));
}

/* --------------------------------------------------- what rules leave alone */

TEST_F(rule_receiver, earlier_messages_are_delivered)
{
	struct capipc_receive r;
	struct capipc_call c;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_send(&self->client, self->client_end, 1));
	ASSERT_OK(actor_call_begin(&self->client, self->client_end, 2));
	ASSERT_OK(actor_receive(&self->server, self->server_end, &r));
	EXPECT_EQ(1, r.ordinal);
	ASSERT_OK(wait_asleep(self->client.pid));
	ASSERT_OK(actor_restrict(&self->server, self->server_end, NULL, 0));
	ASSERT_OK(actor_receive(&self->server, self->server_end, &r));
	EXPECT_EQ(2, r.ordinal);
	EXPECT_EQ(CAPIPC_RECEIVED_CALL, r.type);
	ASSERT_OK(actor_reply(&self->server, r.reply_handle));
	ASSERT_OK(actor_call_end(&self->client, &c));
	EXPECT_EQ(DENIED, verdict(self, 1));
}

TEST_F(rule_receiver, replies_are_not_subject)
{
	struct capipc_receive r;
	struct capipc_call c;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_restrict(&self->client, self->client_end, NULL, 0));
	EXPECT_ERR(EACCES, actor_send(&self->server, self->server_end, 0));
	ASSERT_OK(actor_call_begin(&self->client, self->client_end, 2));
	ASSERT_OK(actor_receive(&self->server, self->server_end, &r));
	ASSERT_OK(actor_reply(&self->server, r.reply_handle));
	ASSERT_OK(actor_call_end(&self->client, &c));
	EXPECT_EQ(CAPIPC_CALL_ANSWERED, c.state);
	EXPECT_EQ(4, c.reply_len);
}

TEST_F(rule_receiver, denied_call_has_no_effect)
{
	const struct capipc_rule rule = { .ordinal_first = 1,
					  .ordinal_last = 1 };
	struct capipc_call c = { .size = sizeof(c) };
	struct capipc_inspect i;
	__u32 spare[2];

	ASSERT_OK(pipe_up_rules(self, &rule, 1));
	ASSERT_OK(actor_create(&self->client, spare));
	c.deadline_ns = ipc_soon();
	c.handle = self->client_end;
	c.ordinal = 2;
	c.attachments = ipc_ptr(self->client.page->out);
	c.attachments_count = 1;
	c.state = 0xcccccccc;
	memset(self->client.page->out, 0, sizeof(self->client.page->out[0]));
	self->client.page->out[0].handle = spare[0];
	self->client.page->out[0].rights = CAPIPC_RIGHTS_SAME;
	EXPECT_ERR(EACCES, ACTOR_IOCTL(&self->client, CALL, &c));
	EXPECT_EQ(CAPIPC_CALL_UNSENT, c.state);
	EXPECT_EQ(0, c.pending);

	EXPECT_ERR(EACCES, actor_send_handle(&self->client, self->client_end,
					     spare[0]));
	EXPECT_EQ(0, actor_poll(&self->server) & POLLIN);
	EXPECT_EQ(0, actor_idle(&self->server, 0));
	ASSERT_OK(actor_inspect(&self->server, self->server_end, &i));
	EXPECT_EQ(0, i.queued);

	/* the attachment is still here and works */
	ASSERT_OK(actor_send(&self->client, spare[0], 7));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, actor_idle(&self->client, spare[1]));
}

/* -------------------------------------------------------- user namespaces */

TEST_F(rule_receiver, ids_of_the_namespace_that_sets_them)
{
	const struct capipc_rule rules[] = {
		{ .match = M(UID), .uid = 0, .ordinal_last = 1 },
		{ .match = M(GID),
		  .gid = 5,
		  .ordinal_first = 2,
		  .ordinal_last = 2 },
	};
	const struct capipc_rule unmapped[] = {
		{ .match = M(UID), .uid = 1000, .ordinal_last = 1 },
		{ .match = M(GID), .gid = 1000, .ordinal_last = 1 },
	};
	struct actor *client = &self->client;

	ASSERT_OK(actor_userns_root(&self->server, 100000, 0));
	ASSERT_OK(pipe_up(self));
	EXPECT_ERR(EINVAL, actor_restrict(&self->server, self->server_end,
					  &unmapped[0], 1));
	EXPECT_ERR(EINVAL, actor_restrict(&self->server, self->server_end,
					  &unmapped[1], 1));
	ASSERT_OK(actor_restrict(&self->server, self->server_end, rules, 2));
	EXPECT_EQ(DENIED, verdict(self, 1));
	ASSERT_OK(actor_setresgid(client, 0, 100005, 0));
	EXPECT_EQ(1, verdict(self, 2));
	ASSERT_OK(actor_setresuid(client, 0, 100000, 0));
	EXPECT_EQ(0, verdict(self, 1));
	ASSERT_OK(actor_setresuid(client, 0, 0, 0));
	ASSERT_OK(actor_setresuid(client, 0, 100001, 0));
	EXPECT_EQ(DENIED, verdict(self, 1));
}

/* Privilege in another user namespace is not the same privilege. */
TEST_F(rule_receiver, privilege_is_of_a_namespace)
{
	const struct capipc_rule rules[] = {
		{ .match = M(SAME_PRIVILEGE), .ordinal_last = 1 },
		{ .match = M(CAPABILITIES),
		  .capabilities = NET_ADMIN,
		  .ordinal_first = 2,
		  .ordinal_last = 2 },
		{ .match = M(SAME_UID), .ordinal_first = 3, .ordinal_last = 3 },
	};

	/* uid 0 there is uid 0 here, with all capabilities there */
	ASSERT_OK(actor_userns_root(&self->client, 0, 0));
	ASSERT_OK(pipe_up_rules(self, rules, ARRAY_SIZE(rules)));
	EXPECT_EQ(caps_all(), proc_status(self->client.pid, "CapEff", 16));
	EXPECT_EQ(DENIED, verdict(self, 1));
	EXPECT_EQ(DENIED, verdict(self, 2));
	EXPECT_EQ(2, verdict(self, 3));
}

TEST_F(rule_receiver, capabilities_over_the_receiver)
{
	const struct capipc_rule rules[] = {
		{ .match = M(CAPABILITIES),
		  .capabilities = NET_ADMIN,
		  .ordinal_last = 1 },
		{ .match = M(SAME_PRIVILEGE),
		  .ordinal_first = 2,
		  .ordinal_last = 2 },
	};

	ASSERT_OK(actor_become(&self->server, 1000));
	ASSERT_OK(actor_userns_root(&self->server, 100000, 0));
	ASSERT_OK(pipe_up_rules(self, rules, ARRAY_SIZE(rules)));
	EXPECT_EQ(0, verdict(self, 1));
	EXPECT_EQ(DENIED, verdict(self, 2));

	/* its owner has all of them, another user none */
	ASSERT_OK(actor_setresuid(&self->client, 0, 1000, 0));
	EXPECT_EQ(0, verdict(self, 1));
	ASSERT_OK(actor_setresuid(&self->client, 0, 0, 0));
	ASSERT_OK(actor_setresuid(&self->client, 0, 1001, 0));
	EXPECT_EQ(DENIED, verdict(self, 1));
	ASSERT_OK(actor_setresuid(&self->client, 0, 0, 0));

	/* root of the same namespace */
	ASSERT_OK(actor_join(&self->client, &self->server, "user"));
	ASSERT_OK(actor_setresgid(&self->client, 0, 0, 0));
	ASSERT_OK(actor_setresuid(&self->client, 0, 0, 0));
	EXPECT_EQ(0, verdict(self, 1));
	EXPECT_EQ(1, verdict(self, 2));
}

TEST_HARNESS_MAIN
