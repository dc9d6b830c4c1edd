// SPDX-License-Identifier: GPL-2.0
/*
 * Listeners: one registry per network namespace, who gets in, and what becomes
 * of connections that nobody has received yet.
 */
#include "capipc_test_ident.h"

FIXTURE(listener)
{
	struct actor server, client, other;
	char name[64];
};

FIXTURE_SETUP(listener)
{
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
}

FIXTURE_TEARDOWN(listener)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
	actor_stop(&self->other);
}

#define M(x) CAPIPC_MATCH_##x

/* ------------------------------------------------------------- one registry */

TEST_F(listener, one_at_a_time)
{
	__u32 listener, second, end;

	ASSERT_OK(actor_listen(&self->server, self->name, NULL, &listener));
	EXPECT_ERR(EADDRINUSE,
		   actor_listen(&self->server, self->name, NULL, &second));
	EXPECT_ERR(EADDRINUSE,
		   actor_listen(&self->client, self->name, NULL, &second));
	ASSERT_OK(actor_close(&self->server, listener));
	EXPECT_ERR(ENOENT, actor_connect(&self->client, self->name, &end));
	ASSERT_OK(actor_listen(&self->client, self->name, NULL, &second));
	EXPECT_ERR(EADDRINUSE,
		   actor_listen(&self->server, self->name, NULL, &listener));

	/* death frees the name as well */
	actor_stop(&self->client);
	EXPECT_OK(actor_listen(&self->server, self->name, NULL, &listener));
}

TEST_F(listener, exec_frees_the_name)
{
	__u32 listener;

	ASSERT_OK(actor_listen(&self->client, self->name, NULL, &listener));
	ASSERT_OK(actor_exec(&self->client, "/proc/self/exe"));
	EXPECT_OK(actor_listen(&self->server, self->name, NULL, &listener));
}

TEST_F(listener, a_registry_per_network_namespace)
{
	__u32 here, there, end, server_end;
	int first = self->client.dev;

	ASSERT_OK(actor_listen(&self->server, self->name, NULL, &here));
	ASSERT_OK(actor_fork(&self->other, NULL));
	ASSERT_OK(actor_run(&self->other, act_unshare, CLONE_NEWNET));
	ASSERT_OK(actor_open(&self->other));
	EXPECT_ERR(ENOENT, actor_connect(&self->other, self->name, &end));
	ASSERT_OK(actor_listen(&self->other, self->name, NULL, &there));
	ASSERT_OK(actor_link(&self->other, &self->other, self->name, there,
			     &end, &server_end));
	EXPECT_EQ(0, actor_idle(&self->server, 0));

	/* where the context was opened counts, not where its owner is now */
	ASSERT_OK(actor_join(&self->client, &self->other, "net"));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name, here,
			     &end, &server_end));
	EXPECT_EQ(0, actor_idle(&self->other, 0));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_link(&self->client, &self->other, self->name, there,
			     &end, &server_end));
	EXPECT_EQ(0, actor_idle(&self->server, 0));
	EXPECT_GT(self->client.dev, first);
}

/* A pipe itself does not mind. */
TEST_F(listener, pipe_across_network_namespaces)
{
	__u32 listener, end, server_end;

	ASSERT_OK(actor_listen(&self->server, self->name, NULL, &listener));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name, listener,
			     &end, &server_end));
	ASSERT_OK(actor_run(&self->client, act_unshare, CLONE_NEWNET));
	EXPECT_OK(actor_send(&self->client, end, 1));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE,
		  actor_idle(&self->server, server_end));
}

/* --------------------------------------------------------------- connecting */

TEST_F(listener, not_let_in)
{
	const struct capipc_rule root_only = { .match = M(UID), .uid = 0 };
	const struct listen_options options = { .rules = &root_only,
						.rules_count = 1 };
	struct capipc_explain e;
	struct capipc_inspect i;
	__u32 listener, end;

	ASSERT_OK(actor_listen(&self->server, self->name, &options, &listener));
	ASSERT_OK(actor_become(&self->client, 1000));
	EXPECT_ERR(EACCES, actor_connect(&self->client, self->name, &end));
	ASSERT_OK(actor_explain(&self->client, 0, 0, self->name, &e));
	EXPECT_EQ(0, e.allowed);
	EXPECT_EQ(CAPIPC_EXPLAIN_NONE, e.rule);

	/* and the server has not noticed */
	EXPECT_EQ(0, actor_poll(&self->server) & POLLIN);
	EXPECT_EQ(0, actor_idle(&self->server, 0));
	ASSERT_OK(actor_inspect(&self->server, listener, &i));
	EXPECT_EQ(0, i.queued);
	EXPECT_ERR(ENOENT, actor_connect(&self->client, "no/such", &end));

	ASSERT_OK(actor_start(&self->other));
	EXPECT_OK(actor_connect(&self->other, self->name, &end));
	EXPECT_NE(0, actor_poll(&self->server) & POLLIN);
	ASSERT_OK(actor_inspect(&self->server, listener, &i));
	EXPECT_EQ(1, i.queued);
}

TEST_F(listener, no_rules_let_nobody_in)
{
	const struct listen_options options = {
		.rules = self->server.page->rules,
		.rules_count = 0
	};
	__u32 listener, end;

	ASSERT_OK(actor_listen(&self->server, self->name, &options, &listener));
	EXPECT_ERR(EACCES, actor_connect(&self->client, self->name, &end));
	EXPECT_ERR(EACCES, actor_connect(&self->server, self->name, &end));
}

TEST_F(listener, facets)
{
	const struct capipc_rule rules[] = {
		{ .match = M(SAME_PRIVILEGE), .facet = 3 },
		{ .match = M(UID), .uid = 0, .facet = 2 },
		{ .match = M(UID), .uid = 1000, .facet = 0xffffffff },
		{ .facet = 0 },
	};
	const struct capipc_rule endpoint_rules[] = {
		{ .facet = 3, .ordinal_first = 3, .ordinal_last = 3 },
		{ .facet = 2, .ordinal_first = 2, .ordinal_last = 3 },
		{ .facet = 0xffffffff, .ordinal_first = 9, .ordinal_last = 9 },
		{ .facet = 0, .ordinal_first = 0, .ordinal_last = 0 },
	};
	const struct listen_options options = {
		.rules = rules,
		.rules_count = 4,
		.endpoint_rules = endpoint_rules,
		.endpoint_rules_count = 4,
	};
	const struct {
		uid_t uid;
		bool caps;
		__u32 facet;
		int rule[5]; /* that decides about ordinals 0, 2, 3, 9, 1 */
	} clients[] = {
		{ 0, true, 3, { 3, -1, 0, -1, -1 } },
		{ 0, false, 2, { 3, 1, 1, -1, -1 } },
		{ 1000, false, 0xffffffff, { 3, -1, -1, 2, -1 } },
		{ 1001, false, 0, { 3, -1, -1, -1, -1 } },
	};
	const __u32 ordinals[] = { 0, 2, 3, 9, 1 };
	struct capipc_explain e;
	struct capipc_receive r;
	struct capipc_inspect insp;
	__u32 listener, end;
	int i, j;

	ASSERT_OK(actor_listen(&self->server, self->name, &options, &listener));
	for (i = 0; i < ARRAY_SIZE(clients); i++) {
		struct actor *a = &self->other;

		ASSERT_OK(actor_start(a));
		if (clients[i].uid)
			ASSERT_OK(actor_become(a, clients[i].uid));
		if (!clients[i].uid && !clients[i].caps)
			ASSERT_OK(actor_capset(a, 0, 0));
		ASSERT_OK(actor_explain(a, 0, 0, self->name, &e));
		EXPECT_EQ(1, e.allowed);
		EXPECT_EQ(i, e.rule);
		EXPECT_EQ(clients[i].facet, e.facet);
		ASSERT_OK(actor_connect(a, self->name, &end));
		ASSERT_OK(actor_receive_nowait(&self->server, listener, &r));
		EXPECT_EQ(CAPIPC_RECEIVED_CONNECTION, r.type);
		EXPECT_EQ(clients[i].facet, r.facet);
		ASSERT_OK(actor_inspect(&self->server, r.reply_handle, &insp));
		EXPECT_EQ(clients[i].facet, insp.facet);
		EXPECT_EQ(CAPIPC_INSPECT_RULES, insp.state);
		for (j = 0; j < ARRAY_SIZE(ordinals); j++) {
			ASSERT_OK(actor_explain(a, end, ordinals[j], NULL, &e));
			EXPECT_EQ(clients[i].rule[j], e.rule)
			TH_LOG("client %d, ordinal %d", i, j);
			EXPECT_EQ(clients[i].rule[j] < 0 ? -EACCES : 0,
				  actor_send(a, end, ordinals[j]));
			if (clients[i].rule[j] < 0)
				continue;
			ASSERT_OK(actor_receive_nowait(&self->server, 0, &r));
			EXPECT_EQ(ordinals[j], r.ordinal);
			EXPECT_EQ(clients[i].facet, r.facet);
		}
		actor_stop(a);
		ASSERT_OK(actor_receive(&self->server, 0, &r));
		ASSERT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, r.type);
		ASSERT_OK(actor_close(&self->server, r.from));
	}
}

TEST_F(listener, backlog)
{
	const struct listen_options options = { .backlog = 2 };
	__u32 listener, end[4], server_end;

	ASSERT_OK(actor_listen(&self->server, self->name, &options, &listener));
	ASSERT_OK(actor_connect(&self->client, self->name, &end[0]));
	ASSERT_OK(actor_connect(&self->client, self->name, &end[1]));
	EXPECT_ERR(EAGAIN, actor_connect(&self->client, self->name, &end[2]));
	server_end = actor_accept(&self->server, listener);
	ASSERT_NE(0, server_end);
	EXPECT_OK(actor_connect(&self->client, self->name, &end[2]));
	EXPECT_ERR(EAGAIN, actor_connect(&self->client, self->name, &end[3]));

	/* what failed has left no pipe behind */
	ASSERT_NE(0, actor_accept(&self->server, listener));
	ASSERT_NE(0, actor_accept(&self->server, listener));
	EXPECT_EQ(0, actor_idle(&self->server, 0));
}

TEST_F(listener, messages_before_accept)
{
	struct capipc_receive r;
	__u32 listener, end;
	int i;

	ASSERT_OK(actor_listen(&self->server, self->name, NULL, &listener));
	EXPECT_EQ(0, actor_poll(&self->server) & POLLIN);
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	EXPECT_NE(0, actor_poll(&self->server) & POLLIN);
	for (i = 1; i <= 3; i++)
		ASSERT_OK(actor_send(&self->client, end, i));

	ASSERT_OK(actor_receive_nowait(&self->server, 0, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_CONNECTION, r.type);
	EXPECT_EQ(listener, r.from);
	for (i = 1; i <= 3; i++) {
		__u32 server_end = i == 1 ? r.reply_handle : r.from;

		EXPECT_NE(0, actor_poll(&self->server) & POLLIN);
		ASSERT_OK(actor_receive_nowait(&self->server, 0, &r));
		EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, r.type);
		EXPECT_EQ(server_end, r.from);
		EXPECT_EQ(i, r.ordinal);
	}
	EXPECT_EQ(0, actor_poll(&self->server) & POLLIN);
	EXPECT_EQ(0, actor_idle(&self->server, 0));
}

/* A call may be made before the server has taken the connection. */
TEST_F(listener, call_before_accept)
{
	struct capipc_receive r;
	struct capipc_call c;
	__u32 listener, end;

	ASSERT_OK(actor_listen(&self->server, self->name, NULL, &listener));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	ASSERT_OK(actor_call_begin(&self->client, end, 4));
	ASSERT_OK(wait_asleep(self->client.pid));
	ASSERT_NE(0, actor_accept(&self->server, listener));
	ASSERT_OK(actor_receive(&self->server, 0, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_CALL, r.type);
	ASSERT_OK(actor_reply(&self->server, r.reply_handle));
	EXPECT_OK(actor_call_end(&self->client, &c));
}

/* What a client said survives that it went before it was heard. */
TEST_F(listener, client_gone_before_accept)
{
	struct capipc_receive r;
	__u32 listener, end, server_end;

	ASSERT_OK(actor_listen(&self->server, self->name, NULL, &listener));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	ASSERT_OK(actor_send(&self->client, end, 5));
	actor_stop(&self->client);
	server_end = actor_accept(&self->server, listener);
	ASSERT_NE(0, server_end);
	ASSERT_OK(actor_receive_nowait(&self->server, server_end, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, r.type);
	EXPECT_EQ(5, r.ordinal);
	ASSERT_OK(actor_receive_nowait(&self->server, server_end, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, r.type);
	EXPECT_ERR(EPIPE, actor_send(&self->server, server_end, 1));
	EXPECT_ERR(EPIPE, actor_receive_nowait(&self->server, server_end, &r));
}

FIXTURE(listener_gone)
{
	struct actor server, client;
	char name[64];
	__u32 listener;
};

FIXTURE_VARIANT(listener_gone)
{
	bool by_death;
};

FIXTURE_VARIANT_ADD(listener_gone, closed){
	.by_death = false,
};

FIXTURE_VARIANT_ADD(listener_gone, died){
	.by_death = true,
};

FIXTURE_SETUP(listener_gone)
{
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
}

FIXTURE_TEARDOWN(listener_gone)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
}

TEST_F(listener_gone, with_connections)
{
	struct capipc_receive r;
	struct capipc_call c;
	__u32 end, spare[2], calling;
	struct actor *client = &self->client;

	ASSERT_OK(actor_create(client, spare));
	ASSERT_OK(actor_connect(client, self->name, &end));
	ASSERT_OK(actor_connect(client, self->name, &calling));
	ASSERT_OK(actor_send_handle(client, end, spare[0]));
	ASSERT_OK(actor_call_begin(client, calling, 1));
	ASSERT_OK(wait_asleep(client->pid));

	if (variant->by_death)
		actor_stop(&self->server);
	else
		ASSERT_OK(actor_close(&self->server, self->listener));

	EXPECT_ERR(ECONNRESET, actor_call_end(client, &c));
	EXPECT_EQ(CAPIPC_CALL_SENT, c.state);
	EXPECT_ERR(EPIPE, actor_send(client, end, 1));
	ASSERT_OK(actor_receive_nowait(client, end, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, r.type);
	/* what was in flight inside is closed, too */
	ASSERT_OK(actor_receive_nowait(client, spare[1], &r));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, r.type);
	EXPECT_ERR(ENOENT, actor_connect(client, self->name, &end));
}

/* A broker binds the name, and somebody else serves it. */
TEST_F(listener, moved)
{
	const struct capipc_rule same = { .match = M(SAME_UID) };
	const struct listen_options options = { .rules = &same,
						.rules_count = 1 };
	__u32 listener, end, other_end, moved, pending, l2;
	struct actor *broker = &self->server, *daemon = &self->other;
	struct capipc_receive r;
	const char *name = fresh_name();

	ASSERT_OK(actor_start(daemon));
	ASSERT_OK(actor_listen(daemon, name, NULL, &l2));
	ASSERT_OK(actor_become(daemon, 1000));
	ASSERT_OK(actor_link(broker, daemon, name, l2, &end, &other_end));
	ASSERT_OK(actor_listen(broker, self->name, &options, &listener));
	ASSERT_OK(actor_connect(&self->client, self->name, &pending));
	ASSERT_OK(actor_send(&self->client, pending, 1));

	ASSERT_OK(actor_send_handle(broker, end, listener));
	/* in flight it is bound, too */
	EXPECT_ERR(EADDRINUSE, actor_listen(broker, self->name, NULL, &l2));
	ASSERT_OK(actor_connect(&self->client, self->name, &pending));
	ASSERT_OK(actor_receive_nowait(daemon, other_end, &r));
	ASSERT_EQ(1, r.attachments_count);
	moved = daemon->page->in[0].handle;
	EXPECT_EQ(CAPIPC_KIND_LISTENER, daemon->page->in[0].kind);
	EXPECT_EQ(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_TRANSFER,
		  daemon->page->in[0].rights);
	EXPECT_EQ(0, actor_idle(broker, 0));
	EXPECT_ERR(EBADF, actor_close(broker, listener));

	/* its connections came with it, and the rules see the new holder */
	ASSERT_NE(0, actor_accept(daemon, moved));
	ASSERT_NE(0, actor_accept(daemon, moved));
	ASSERT_OK(actor_receive_nowait(daemon, 0, &r));
	EXPECT_EQ(1, r.ordinal);
	EXPECT_ERR(EACCES, actor_connect(&self->client, self->name, &pending));
	ASSERT_OK(actor_become(&self->client, 1000));
	EXPECT_OK(actor_connect(&self->client, self->name, &pending));
	EXPECT_NE(0, actor_accept(daemon, moved));

	/* the broker's death does not matter, the holder's does */
	actor_stop(broker);
	EXPECT_OK(actor_connect(&self->client, self->name, &pending));
	actor_stop(daemon);
	EXPECT_ERR(ENOENT, actor_connect(&self->client, self->name, &pending));
}

TEST_F(listener, endpoint_rules_hold_before_accept)
{
	const struct capipc_rule one = { .ordinal_first = 1,
					 .ordinal_last = 1 };
	const struct listen_options options = { .endpoint_rules = &one,
						.endpoint_rules_count = 1 };
	struct capipc_receive r;
	__u32 listener, end, server_end;

	ASSERT_OK(actor_listen(&self->server, self->name, &options, &listener));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	EXPECT_ERR(EACCES, actor_send(&self->client, end, 2));
	EXPECT_OK(actor_send(&self->client, end, 1));
	EXPECT_ERR(EACCES, actor_send(&self->client, end, 0));
	server_end = actor_accept(&self->server, listener);
	ASSERT_NE(0, server_end);
	ASSERT_OK(actor_receive_nowait(&self->server, server_end, &r));
	EXPECT_EQ(1, r.ordinal);
	EXPECT_EQ(0, actor_idle(&self->server, server_end));
	EXPECT_ERR(EACCES, actor_send(&self->client, end, 2));
	/* the client's end has none */
	EXPECT_OK(actor_send(&self->server, server_end, 2));
}

/* A listener that is busy does not keep messages from being received. */
TEST_F(listener, fairness)
{
	struct capipc_receive r;
	__u32 listener, end, server_end, pending;
	int i, seen = 0;

	ASSERT_OK(actor_listen(&self->server, self->name, NULL, &listener));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name, listener,
			     &end, &server_end));
	for (i = 0; i < 20; i++)
		ASSERT_OK(actor_connect(&self->client, self->name, &pending));
	for (i = 0; i < 5; i++)
		ASSERT_OK(actor_send(&self->client, end, i));
	for (i = 0; i < 10; i++) {
		ASSERT_OK(actor_receive_nowait(&self->server, 0, &r));
		if (r.type == CAPIPC_RECEIVED_CONNECTION)
			continue;
		EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, r.type);
		EXPECT_EQ(seen++, r.ordinal);
	}
	/* each had its turn, give or take one */
	EXPECT_LE(4, seen);
}

TEST_F(listener, wrong_handles)
{
	struct actor *a = &self->server;
	struct capipc_inspect i;
	__u32 listener;

	ASSERT_OK(actor_listen(a, self->name, NULL, &listener));
	EXPECT_ERR(EPROTOTYPE, actor_send(a, listener, 1));
	EXPECT_ERR(EPROTOTYPE, actor_reply(a, listener));
	ASSERT_OK(actor_inspect(a, listener, &i));
	EXPECT_EQ(CAPIPC_KIND_LISTENER, i.kind);
	EXPECT_EQ(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_TRANSFER, i.rights);
	EXPECT_EQ(0, i.queued);
	EXPECT_NE(0, i.object_id);
}

TEST_HARNESS_MAIN
