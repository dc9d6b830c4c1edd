// SPDX-License-Identifier: GPL-2.0
/*
 * The audit trail: a denial names the list, the rule that comes nearest and what of
 * it does not hold, and who stands at both ends.
 */
#include "capipc_test_account.h"
#include "capipc_test_netlink.h"

#define WAIT_MS 10000

FIXTURE(audit)
{
	struct nl nl, events;
	struct actor server, client, other;
	char name[64];
	__u32 listener;
	__u32 client_end, server_end;
	__u64 server_context;
};

static __u64 context_of(struct actor *a)
{
	struct capipc_info info = { .size = sizeof(info) };

	return ACTOR_IOCTL(a, INFO, &info) ? 0 : info.context_id;
}

FIXTURE_SETUP(audit)
{
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_fork(&self->client, NULL));
	ASSERT_OK(actor_become(&self->client, 3301));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
	self->server_context = context_of(&self->server);
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	ASSERT_OK(nl_open(&self->events));
	ASSERT_OK(nl_join(&self->events));
	ASSERT_OK(nl_open(&self->nl));
	/* a fast machine connects more often than a user may */
	ASSERT_OK(user_set(&self->nl, 3301, CAPIPC_LIMIT_A_CONNECT_RATE,
			   1000000));
}

FIXTURE_TEARDOWN(audit)
{
	EXPECT_OK(user_reset(&self->nl, 3301));
	nl_close(&self->events);
	actor_stop(&self->server);
	actor_stop(&self->client);
	actor_stop(&self->other);
	nl_close(&self->nl);
}

static struct nlmsghdr *next_denial(FIXTURE_DATA(audit) * self)
{
	struct nlmsghdr *h;
	struct genlmsghdr *g;

	while ((h = nl_receive(&self->events, WAIT_MS))) {
		g = NLMSG_DATA(h);
		if (h->nlmsg_type == self->events.family &&
		    g->cmd == CAPIPC_CMD_EVENT &&
		    nl_number(nl_attr(h, CAPIPC_EVENT_A_TYPE)) ==
			    CAPIPC_EVENT_DENY)
			return h;
	}
	return NULL;
}

static __u64 event_number(struct nlmsghdr *h, int type)
{
	return nl_number(nl_attr(h, type));
}

static __u64 party_number(struct nlmsghdr *h, int party, int type)
{
	return nl_number(nl_inside(nl_attr(h, party), type));
}

/* The message @ordinal is denied; the event. */
static struct nlmsghdr *denied(FIXTURE_DATA(audit) * self, __u32 ordinal)
{
	struct nlmsghdr *h;

	if (actor_send(&self->client, self->client_end, ordinal) != -EACCES)
		return NULL;
	h = next_denial(self);
	return h && event_number(h, CAPIPC_EVENT_A_ORDINAL) == ordinal ? h :
									 NULL;
}

/* What may not move when pipes are fused: who sent it, and by which rules. */
TEST_F(audit, fuse)
{
	const struct capipc_rule rule = { .ordinal_last = 1 };
	struct capipc_fuse f = { .size = sizeof(f) };
	struct nlmsghdr *h;
	__u32 spare[2];

	ASSERT_OK(actor_create(&self->server, spare));
	ASSERT_OK(actor_restrict(&self->server, spare[1], &rule, 1));
	ASSERT_OK(actor_send(&self->client, self->client_end, 8));
	f.handle[0] = self->server_end;
	f.handle[1] = spare[0];
	ASSERT_ERR(EACCES, ACTOR_IOCTL(&self->server, FUSE, &f));
	h = next_denial(self);
	ASSERT_NE(NULL, h);
	EXPECT_EQ(8, event_number(h, CAPIPC_EVENT_A_ORDINAL));
	EXPECT_EQ(CAPIPC_RULE_LIST_ENDPOINT,
		  event_number(h, CAPIPC_EVENT_A_RULE_LIST));
	EXPECT_EQ(1, event_number(h, CAPIPC_EVENT_A_RULES_COUNT));
	EXPECT_EQ(self->client.pid,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(self->server.pid,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_PID));
}

TEST_F(audit, nearest_rule_of_an_endpoint)
{
	const struct capipc_rule rules[] = {
		{ .ordinal_last = 1 },
		{ .match = CAPIPC_MATCH_UID | CAPIPC_MATCH_SAME_UID |
			   CAPIPC_MATCH_CAPABILITIES,
		  .uid = 3399,
		  .capabilities = 1,
		  .ordinal_first = 5,
		  .ordinal_last = 9 },
		{ .match = CAPIPC_MATCH_UID | CAPIPC_MATCH_GID,
		  .uid = 3301,
		  .gid = 3399,
		  .ordinal_first = 5,
		  .ordinal_last = 6 },
		{ .match = CAPIPC_MATCH_SAME_PRIVILEGE,
		  .ordinal_first = 6,
		  .ordinal_last = 6 },
		{ .facet = 3, .ordinal_first = 7, .ordinal_last = 7 },
	};
	struct nlmsghdr *h;

	ASSERT_OK(actor_restrict(&self->server, self->server_end, rules, 5));
	/* less of the second one is wrong than of the first */
	h = denied(self, 5);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(CAPIPC_RULE_LIST_ENDPOINT,
		  event_number(h, CAPIPC_EVENT_A_RULE_LIST));
	EXPECT_EQ(5, event_number(h, CAPIPC_EVENT_A_RULES_COUNT));
	EXPECT_EQ(2, event_number(h, CAPIPC_EVENT_A_RULE));
	EXPECT_EQ(CAPIPC_MATCH_GID, event_number(h, CAPIPC_EVENT_A_RULE_UNMET));
	/* of equals the first */
	h = denied(self, 6);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(2, event_number(h, CAPIPC_EVENT_A_RULE));
	/* the one with the right facet is not there; this one is about it */
	h = denied(self, 7);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(1, event_number(h, CAPIPC_EVENT_A_RULE));
	EXPECT_EQ(CAPIPC_MATCH_UID | CAPIPC_MATCH_SAME_UID |
			  CAPIPC_MATCH_CAPABILITIES,
		  event_number(h, CAPIPC_EVENT_A_RULE_UNMET));
	/* none is about it */
	h = denied(self, 42);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(5, event_number(h, CAPIPC_EVENT_A_RULES_COUNT));
	EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_RULE));
	EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_RULE_UNMET));
}

TEST_F(audit, empty_list)
{
	struct nlmsghdr *h;

	ASSERT_OK(actor_restrict(&self->server, self->server_end, NULL, 0));
	h = denied(self, 1);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(0, event_number(h, CAPIPC_EVENT_A_RULES_COUNT));
	EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_RULE));
}

TEST_F(audit, nearest_rule_of_a_listener)
{
	const struct capipc_rule rules[] = {
		{ .match = CAPIPC_MATCH_SAME_UID | CAPIPC_MATCH_GID, .gid = 1 },
		{ .match = CAPIPC_MATCH_UID | CAPIPC_MATCH_GID,
		  .uid = 3301,
		  .gid = 1 },
	};
	const struct listen_options options = { .rules = rules,
						.rules_count = 2 };
	const char *name = fresh_name();
	struct capipc_inspect i;
	__u32 listener, end;
	struct nlmsghdr *h;

	ASSERT_OK(actor_listen(&self->server, name, &options, &listener));
	ASSERT_OK(actor_inspect(&self->server, listener, &i));
	ASSERT_ERR(EACCES, actor_connect(&self->client, name, &end));
	h = next_denial(self);
	ASSERT_TRUE(!!h);
	EXPECT_STREQ(name, nl_string(nl_attr(h, CAPIPC_EVENT_A_NAME)));
	EXPECT_EQ(CAPIPC_RULE_LIST_LISTENER,
		  event_number(h, CAPIPC_EVENT_A_RULE_LIST));
	EXPECT_EQ(2, event_number(h, CAPIPC_EVENT_A_RULES_COUNT));
	EXPECT_EQ(1, event_number(h, CAPIPC_EVENT_A_RULE));
	EXPECT_EQ(CAPIPC_MATCH_GID, event_number(h, CAPIPC_EVENT_A_RULE_UNMET));
	EXPECT_EQ(i.object_id, event_number(h, CAPIPC_EVENT_A_OBJECT));
	EXPECT_EQ(self->server_context,
		  event_number(h, CAPIPC_EVENT_A_CONTEXT));
	EXPECT_EQ(self->server.pid,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(caps_all(), party_number(h, CAPIPC_EVENT_A_HOLDER,
					   CAPIPC_ACTOR_A_CAPABILITIES));
}

TEST_F(audit, both_parties)
{
	struct capipc_query client, server;
	struct nlattr *program;
	struct capipc_receive r;
	struct nlmsghdr *h;

	/* each has shown its stamp to the other */
	ASSERT_OK(actor_send(&self->client, self->client_end, 1));
	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	ASSERT_OK(actor_query(&self->server, self->server_end, r.stamp.id, 0,
			      &client));
	ASSERT_OK(actor_send(&self->server, self->server_end, 1));
	ASSERT_OK(actor_receive_nowait(&self->client, self->client_end, &r));
	ASSERT_OK(actor_query(&self->client, self->client_end, r.stamp.id, 0,
			      &server));
	ASSERT_OK(actor_restrict(&self->server, self->server_end, NULL, 0));
	h = denied(self, 7);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(self->server_context,
		  event_number(h, CAPIPC_EVENT_A_CONTEXT));

	EXPECT_EQ(client.stamp.id, party_number(h, CAPIPC_EVENT_A_ACTOR,
						CAPIPC_ACTOR_A_STAMP_ID));
	EXPECT_EQ(3301,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_UID));
	EXPECT_EQ(3301,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_GID));
	EXPECT_EQ(self->client.pid,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(0,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_FLAGS));
	program = nl_inside(nl_attr(h, CAPIPC_EVENT_A_ACTOR),
			    CAPIPC_ACTOR_A_PROGRAM);
	EXPECT_EQ(client.exe_dev,
		  nl_number(nl_inside(program, CAPIPC_PROGRAM_A_DEV)));
	EXPECT_EQ(client.exe_ino,
		  nl_number(nl_inside(program, CAPIPC_PROGRAM_A_INO)));
	EXPECT_TRUE(
		!!strstr(nl_string(nl_inside(program, CAPIPC_PROGRAM_A_PATH)),
			 "audit_test"));

	EXPECT_EQ(server.stamp.id, party_number(h, CAPIPC_EVENT_A_HOLDER,
						CAPIPC_ACTOR_A_STAMP_ID));
	EXPECT_EQ(0,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_UID));
	EXPECT_EQ(self->server.pid,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_PID));
	program = nl_inside(nl_attr(h, CAPIPC_EVENT_A_HOLDER),
			    CAPIPC_ACTOR_A_PROGRAM);
	EXPECT_EQ(server.exe_ino,
		  nl_number(nl_inside(program, CAPIPC_PROGRAM_A_INO)));
}

/* The ids that count are those with which it received last. */
TEST_F(audit, holder_has_changed)
{
	const struct capipc_rule rule = { .match = CAPIPC_MATCH_SAME_UID,
					  .ordinal_last = 9 };
	struct nlmsghdr *h;

	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_OK(actor_setresuid(&self->server, 0, 3302, 0));
	ASSERT_EQ(0, actor_idle(&self->server, self->server_end));
	h = denied(self, 1);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(3302,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_UID));
	EXPECT_EQ(0, event_number(h, CAPIPC_EVENT_A_RULE));
	EXPECT_EQ(CAPIPC_MATCH_SAME_UID,
		  event_number(h, CAPIPC_EVENT_A_RULE_UNMET));
}

/* Over an endpoint that somebody else connected. */
TEST_F(audit, actor_has_changed)
{
	const struct capipc_rule rule = { .match = CAPIPC_MATCH_UNCHANGED,
					  .ordinal_last = 9 };
	struct nlmsghdr *h;
	__u32 listener, end, theirs;
	const char *name = fresh_name();

	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->client, &self->other, name, listener, &end,
			     &theirs));
	end = actor_move(&self->client, end, self->client_end, &self->other,
			 theirs);
	ASSERT_NE(0, end);
	ASSERT_ERR(EACCES, actor_send(&self->other, end, 4));
	h = next_denial(self);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(self->other.pid,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(CAPIPC_STAMP_CHANGED,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_FLAGS));
	EXPECT_EQ(CAPIPC_MATCH_UNCHANGED,
		  event_number(h, CAPIPC_EVENT_A_RULE_UNMET));
}

/* What is confined is closed where it arrives: who received it, and what denies. */
TEST_F(audit, confined_arrival)
{
	const struct capipc_rule rules[] = {
		{ .match = CAPIPC_MATCH_UID | CAPIPC_MATCH_GID,
		  .uid = 3399,
		  .gid = 3399 },
		{ .match = CAPIPC_MATCH_UID | CAPIPC_MATCH_GID,
		  .uid = 3399,
		  .gid = 3301 },
	};
	struct capipc_confine confine = {
		.size = sizeof(confine),
		.rules = ipc_ptr(self->server.page->rules),
		.rules_count = 2,
		.rule_size = sizeof(rules[0]),
	};
	struct capipc_inspect inspect = { .size = sizeof(inspect) };
	struct capipc_receive r;
	struct nlmsghdr *h;
	__u32 spare[2];

	ASSERT_OK(actor_create(&self->server, spare));
	inspect.handle = spare[0];
	ASSERT_OK(ACTOR_IOCTL(&self->server, INSPECT, &inspect));
	memcpy(self->server.page->rules, rules, sizeof(rules));
	confine.handle = spare[0];
	ASSERT_OK(ACTOR_IOCTL(&self->server, CONFINE, &confine));
	ASSERT_OK(actor_send_handle(&self->server, self->server_end, spare[0]));
	ASSERT_OK(actor_receive(&self->client, self->client_end, &r));
	EXPECT_EQ(1, r.attachments_count);
	EXPECT_EQ(0, self->client.page->in[0].handle);

	h = next_denial(self);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(CAPIPC_RULE_LIST_CONFINEMENT,
		  event_number(h, CAPIPC_EVENT_A_RULE_LIST));
	EXPECT_EQ(2, event_number(h, CAPIPC_EVENT_A_RULES_COUNT));
	EXPECT_EQ(1, event_number(h, CAPIPC_EVENT_A_RULE));
	EXPECT_EQ(CAPIPC_MATCH_UID, event_number(h, CAPIPC_EVENT_A_RULE_UNMET));
	EXPECT_EQ(inspect.object_id, event_number(h, CAPIPC_EVENT_A_OBJECT));
	EXPECT_EQ(self->client.pid,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(3301,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_UID));
}

/* The receiving end is in nobody's hands, or waits for its server. */
TEST_F(audit, end_in_flight)
{
	const struct capipc_rule rule = { .match = CAPIPC_MATCH_SAME_UID,
					  .ordinal_last = 9 };
	const struct capipc_rule anyone = { 0 };
	const struct listen_options options = { .rules = &anyone,
						.rules_count = 1,
						.endpoint_rules = &rule,
						.endpoint_rules_count = 1 };
	const char *name = fresh_name();
	struct nlmsghdr *h;
	__u32 listener, spare[2];

	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_OK(actor_create(&self->server, spare));
	ASSERT_OK(actor_send_handle(&self->server, spare[0], self->server_end));
	h = denied(self, 3);
	ASSERT_TRUE(!!h);
	EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_HOLDER));
	EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_CONTEXT));
	EXPECT_EQ(0, event_number(h, CAPIPC_EVENT_A_RULE));

	ASSERT_OK(actor_listen(&self->server, name, &options, &listener));
	ASSERT_OK(actor_connect(&self->client, name, &self->client_end));
	h = denied(self, 3);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(self->server.pid,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(self->server_context,
		  event_number(h, CAPIPC_EVENT_A_CONTEXT));
}

/* A server whose context goes while it is told about. */
static long act_open_close(struct actor_page *page, long unused)
{
	volatile __u64 *stop = &page->number[0];

	while (!*stop) {
		__u32 listener, end = 0;
		int fd = ipc_open();

		if (fd < 0)
			return fd;
		if (ipc_listen_rules(fd, page->name, NULL, 0, NULL, 0,
				     &listener))
			return -EIO;
		ipc_connect(fd, page->name, &end);
		close(fd);
	}
	return 0;
}

TEST_F(audit, holder_goes)
{
	struct actor *a = &self->other;
	int64_t end = ipc_in(1500), until = ipc_soon();
	int denials = 0, ret;
	char name[64];
	__u32 handle;

	strcpy(name, fresh_name());
	ASSERT_OK(actor_fork(a, NULL));
	strcpy(a->page->name, name);
	a->page->number[0] = 0;
	ASSERT_OK(actor_begin(a, act_open_close, 0));
	while (ipc_now() < end || (!denials && ipc_now() < until)) {
		ret = actor_connect(&self->client, name, &handle);
		if (ret != -EACCES)
			ASSERT_EQ(-ENOENT, ret);
		denials += ret == -EACCES;
	}
	a->page->number[0] = 1;
	EXPECT_OK(actor_end(a));
	EXPECT_LT(0, denials);
}

TEST_HARNESS_MAIN
