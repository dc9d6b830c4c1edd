// SPDX-License-Identifier: GPL-2.0
/*
 * Subscriptions: anyone is told of the events that are its own, of those that it
 * asked for, in its own terms.
 */
#include "capipc_test_subscribe.h"

static bool has_path(struct nlmsghdr *h, int party)
{
	struct nlattr *program =
		nl_inside(nl_attr(h, party), CAPIPC_ACTOR_A_PROGRAM);

	return nl_inside(program, CAPIPC_PROGRAM_A_PATH);
}

/* ------------------------------------------------------------- who is told */

TEST_F(subscribe, root_is_told_of_all)
{
	const struct capipc_rule rule = { .ordinal_last = 1 };
	struct nlmsghdr *h;

	ASSERT_OK(actor_become(&self->client, 3201));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(nl_subscribe(&self->nl, NULL));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->end, &self->server_end));
	h = next(&self->nl, WAIT_MS);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, event_number(h, CAPIPC_EVENT_A_TYPE));
	EXPECT_EQ(self->client.pid,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(self->server.pid,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_PID));
	EXPECT_TRUE(has_path(h, CAPIPC_EVENT_A_ACTOR));
	EXPECT_TRUE(has_path(h, CAPIPC_EVENT_A_HOLDER));
	EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_MISSED));
	EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_DROPPED));
	EXPECT_EQ(CAPIPC_EVENT_ACCEPT, next_type(&self->nl, WAIT_MS));

	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	EXPECT_EQ(CAPIPC_EVENT_DENY, next_type(&self->nl, WAIT_MS));

	ASSERT_OK(nl_unsubscribe(&self->nl));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	EXPECT_ERR(ENOENT, nl_unsubscribe(&self->nl));
	EXPECT_STRNE("", self->nl.error);
	ASSERT_OK(nl_subscribe(&self->nl, NULL));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	EXPECT_EQ(CAPIPC_EVENT_DENY, next_type(&self->nl, WAIT_MS));
}

TEST_F(subscribe, a_user_is_told_of_its_own)
{
	const struct capipc_rule nobody = { .match = CAPIPC_MATCH_UID,
					    .uid = 3299 };
	const struct listen_options options = { .rules = &nobody,
						.rules_count = 1 };
	struct actor *watcher = &self->other;
	__u32 own_listener, end;
	struct nlmsghdr *h;
	char own[80];

	ASSERT_OK(actor_become(watcher, 3202));
	ASSERT_OK(actor_run(watcher, act_subscribe, 0));
	ASSERT_OK(actor_open(watcher));

	/* what others do among themselves is not its business */
	ASSERT_OK(actor_become(&self->client, 3203));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	EXPECT_FALSE(!!actor_next(watcher, NONE_MS));

	/* what it does is */
	ASSERT_OK(actor_connect(watcher, self->name, &end));
	h = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, event_number(h, CAPIPC_EVENT_A_TYPE));
	EXPECT_TRUE(has_path(h, CAPIPC_EVENT_A_ACTOR));
	/* of the other side: who, but not where its program is */
	EXPECT_EQ(self->server.pid,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(0,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_UID));
	EXPECT_FALSE(has_path(h, CAPIPC_EVENT_A_HOLDER));

	/* what is done to it is; also by who has not come in */
	snprintf(own, sizeof(own), "uid/3202/%s", self->name);
	ASSERT_OK(actor_listen(watcher, own, &options, &own_listener));
	ASSERT_ERR(EACCES, actor_connect(&self->client, own, &end));
	h = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(CAPIPC_EVENT_DENY, event_number(h, CAPIPC_EVENT_A_TYPE));
	EXPECT_EQ(self->client.pid,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(3203,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_UID));
	EXPECT_FALSE(has_path(h, CAPIPC_EVENT_A_ACTOR));
	EXPECT_TRUE(has_path(h, CAPIPC_EVENT_A_HOLDER));
	/* once, though both sides could be it */
	ASSERT_ERR(EACCES, actor_connect(watcher, own, &end));
	EXPECT_TRUE(!!actor_next(watcher, WAIT_MS));
	EXPECT_FALSE(!!actor_next(watcher, NONE_MS));
}

#define MAX_HANDLES "/sys/module/capipc/parameters/max_handles_per_context"

TEST_F(subscribe, quota_report_and_kill)
{
	struct actor *watcher = &self->other;
	char before[32], own[80];
	__u32 own_listener, verdict, h[2];
	struct capipc_receive r;
	struct nlmsghdr *m;
	int ret;

	ASSERT_OK(actor_become(watcher, 3204));
	ASSERT_OK(actor_run(watcher, act_subscribe, 0));
	ASSERT_OK(actor_open(watcher));
	snprintf(own, sizeof(own), "uid/3204/%s", self->name);
	ASSERT_OK(actor_listen(watcher, own, NULL, &own_listener));
	ASSERT_OK(actor_become(&self->client, 3204));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_link(&self->client, watcher, own, own_listener,
			     &self->end, &self->server_end));
	EXPECT_TRUE(!!actor_next(watcher, WAIT_MS));
	EXPECT_TRUE(!!actor_next(watcher, WAIT_MS));

	/* its account, whoever uses it by now */
	ASSERT_OK(actor_setresuid(&self->server, 3204, 0, 0));
	ASSERT_OK(actor_open(&self->server));
	ASSERT_OK(actor_setresuid(&self->server, 3205, 0, 0));
	ASSERT_LT(0, get_text(before, sizeof(before), MAX_HANDLES));
	ASSERT_OK(put_text(MAX_HANDLES, "1"));
	ret = actor_create(&self->server, h);
	EXPECT_OK(put_text(MAX_HANDLES, before));
	EXPECT_ERR(EDQUOT, ret);
	m = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!m);
	EXPECT_EQ(CAPIPC_EVENT_QUOTA, event_number(m, CAPIPC_EVENT_A_TYPE));
	EXPECT_EQ(3204, event_number(m, CAPIPC_EVENT_A_UID));

	/* what it reports, and what was killed for it */
	ASSERT_OK(actor_send(&self->client, self->end, 1));
	ASSERT_OK(actor_receive_nowait(watcher, self->server_end, &r));
	ASSERT_OK(actor_report(watcher, self->server_end, r.stamp.id,
			       CAPIPC_REPORT_KILL, &verdict));
	m = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!m);
	EXPECT_EQ(CAPIPC_EVENT_BAD_MESSAGE,
		  event_number(m, CAPIPC_EVENT_A_TYPE));
	m = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!m);
	EXPECT_EQ(CAPIPC_EVENT_KILL, event_number(m, CAPIPC_EVENT_A_TYPE));
}

/* Who administers a network is not told where the programs of others are who use it. */
TEST_F(subscribe, visitor_from_above)
{
	struct actor *watcher = &self->other;
	const char *name = fresh_name();
	__u32 listener, end;
	struct nlmsghdr *h;

	ASSERT_OK(actor_userns_root(watcher, 100000, CLONE_NEWNET));
	ASSERT_OK(actor_open(watcher));
	ASSERT_OK(actor_run(watcher, act_subscribe, 0));
	ASSERT_OK(actor_listen(watcher, name, NULL, &listener));
	ASSERT_OK(actor_join(&self->client, watcher, "net"));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_connect(&self->client, name, &end));
	h = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, event_number(h, CAPIPC_EVENT_A_TYPE));
	EXPECT_EQ(65534,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_UID));
	EXPECT_FALSE(has_path(h, CAPIPC_EVENT_A_ACTOR));
	EXPECT_TRUE(has_path(h, CAPIPC_EVENT_A_HOLDER));
}

/* Ids are in terms of who asked. */
TEST_F(subscribe, in_its_own_terms)
{
	struct actor *watcher = &self->other;
	struct nlmsghdr *h;
	__u32 end;

	actor_stop(watcher);
	ASSERT_OK(actor_fork_pidns(watcher, NULL));
	ASSERT_OK(actor_userns_root(watcher, 100000, 0));
	ASSERT_OK(actor_run(watcher, act_subscribe, 0));
	ASSERT_OK(actor_open(watcher));
	ASSERT_OK(actor_connect(watcher, self->name, &end));
	h = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(1, party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(0, party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_UID));
	EXPECT_EQ(caps_all(), party_number(h, CAPIPC_EVENT_A_ACTOR,
					   CAPIPC_ACTOR_A_CAPABILITIES));
	EXPECT_EQ(0,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_FLAGS));
	EXPECT_EQ(0,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(65534,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_UID));
	/* it is not more than one user here */
	ASSERT_OK(actor_become(&self->client, 3205));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	EXPECT_FALSE(!!actor_next(watcher, NONE_MS));
}

/* ----------------------------------------------------------------- filters */

TEST_F(subscribe, filters)
{
	const struct capipc_rule rule = { .ordinal_last = 1 };
	char name[64];
	__u32 listener, end;
	struct want want = { 0 };
	struct capipc_inspect i;

	ASSERT_OK(actor_become(&self->client, 3206));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_open(&self->other));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->end, &self->server_end));
	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_OK(actor_inspect(&self->client, self->end, &i));
	strcpy(name, fresh_name());
	ASSERT_OK(actor_listen(&self->server, name, NULL, &listener));

	/* types */
	want.types = 1U << CAPIPC_EVENT_DENY;
	ASSERT_OK(nl_subscribe(&self->nl, &want));
	ASSERT_OK(actor_connect(&self->client, name, &end));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	EXPECT_EQ(CAPIPC_EVENT_DENY, next_type(&self->nl, WAIT_MS));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	ASSERT_OK(nl_unsubscribe(&self->nl));

	/* who */
	want = (struct want){ .uid = 3206 };
	ASSERT_OK(nl_subscribe(&self->nl, &want));
	ASSERT_OK(actor_connect(&self->other, name, &end));
	ASSERT_OK(actor_connect(&self->client, name, &end));
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, next_type(&self->nl, WAIT_MS));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	ASSERT_OK(nl_unsubscribe(&self->nl));
	want = (struct want){ .pid = self->other.pid };
	ASSERT_OK(nl_subscribe(&self->nl, &want));
	ASSERT_OK(actor_connect(&self->client, name, &end));
	ASSERT_OK(actor_connect(&self->other, name, &end));
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, next_type(&self->nl, WAIT_MS));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	ASSERT_OK(nl_unsubscribe(&self->nl));

	/* what about */
	want = (struct want){ .name = name };
	ASSERT_OK(nl_subscribe(&self->nl, &want));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	ASSERT_OK(actor_connect(&self->client, name, &end));
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, next_type(&self->nl, WAIT_MS));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	ASSERT_OK(nl_unsubscribe(&self->nl));
	want = (struct want){ .object = i.object_id };
	ASSERT_OK(nl_subscribe(&self->nl, &want));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	EXPECT_EQ(CAPIPC_EVENT_DENY, next_type(&self->nl, WAIT_MS));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	ASSERT_OK(nl_unsubscribe(&self->nl));

	/* all must hold */
	want.pid = self->other.pid;
	ASSERT_OK(nl_subscribe(&self->nl, &want));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
}

TEST_HARNESS_MAIN
