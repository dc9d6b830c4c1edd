// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps: what is told of contexts, pipes and listeners, whoever has them and in
 * flight; and requests that are refused.
 */
#include "capipc_test_dump.h"

/* ------------------------------------------------------------------- pipes */

TEST_F(dump, pipe)
{
	const struct capipc_rule rule = { .ordinal_last = 9 };

	ASSERT_OK(
		actor_send_all(&self->client, self->client_end, 1, 100, 0, 0));
	ASSERT_OK(
		actor_send_all(&self->client, self->client_end, 2, 200, 0, 0));
	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_OK(get_pipe(&self->nl, self->pipe));
	EXPECT_EQ(self->pipe,
		  nl_number(nl_attr(&answer.head, CAPIPC_PIPE_A_ID)));
	EXPECT_FALSE(!!nl_attr(&answer.head, CAPIPC_PIPE_A_CUT));

	EXPECT_EQ(CAPIPC_PEER_HELD, end_number(0, CAPIPC_END_A_STATE));
	EXPECT_EQ(self->client_context, end_holder(0, CAPIPC_HOLDER_A_CONTEXT));
	EXPECT_EQ(self->client.pid, end_holder(0, CAPIPC_HOLDER_A_PID));
	EXPECT_EQ(0, end_holder(0, CAPIPC_HOLDER_A_UID));
	EXPECT_EQ(self->client_end, end_number(0, CAPIPC_END_A_HANDLE));
	EXPECT_EQ(IPC_RIGHTS_ENDPOINT, end_number(0, CAPIPC_END_A_RIGHTS));
	EXPECT_EQ(0, end_number(0, CAPIPC_END_A_QUEUED));
	EXPECT_EQ(0, end_number(0, CAPIPC_END_A_BYTES));
	EXPECT_FALSE(!!end_attr(0, CAPIPC_END_A_RULES));
	EXPECT_FALSE(!!end_attr(0, CAPIPC_END_A_INSIDE));

	EXPECT_EQ(CAPIPC_PEER_HELD, end_number(1, CAPIPC_END_A_STATE));
	EXPECT_EQ(self->server_context, end_holder(1, CAPIPC_HOLDER_A_CONTEXT));
	EXPECT_EQ(self->server.pid, end_holder(1, CAPIPC_HOLDER_A_PID));
	EXPECT_EQ(self->server_end, end_number(1, CAPIPC_END_A_HANDLE));
	EXPECT_EQ(2, end_number(1, CAPIPC_END_A_QUEUED));
	EXPECT_LE(300, end_number(1, CAPIPC_END_A_BYTES));
	EXPECT_GT(1000, end_number(1, CAPIPC_END_A_BYTES));
	EXPECT_EQ(0, end_number(1, CAPIPC_END_A_FACET));
	EXPECT_TRUE(!!end_attr(1, CAPIPC_END_A_RULES));
}

TEST_F(dump, pipe_in_flight)
{
	struct capipc_receive r;
	__u32 spare[2], facet_end, other;
	__u64 id;

	/* one end, in the queue of a pipe */
	ASSERT_OK(actor_create(&self->client, spare));
	id = object_of(&self->client, spare[0]);
	ASSERT_OK(actor_send_handle(&self->client, self->client_end, spare[0]));
	ASSERT_OK(get_pipe(&self->nl, id));
	EXPECT_EQ(CAPIPC_PEER_IN_FLIGHT, end_number(0, CAPIPC_END_A_STATE));
	EXPECT_EQ(self->pipe, end_number(0, CAPIPC_END_A_INSIDE));
	EXPECT_EQ(1, end_number(0, CAPIPC_END_A_INSIDE_END));
	EXPECT_FALSE(!!end_attr(0, CAPIPC_END_A_HOLDER));
	EXPECT_FALSE(!!end_attr(0, CAPIPC_END_A_HANDLE));
	EXPECT_EQ(spare[1], end_number(1, CAPIPC_END_A_HANDLE));

	/* both: nobody holds it, and it is still there */
	ASSERT_OK(actor_send_handle(&self->client, self->client_end, spare[1]));
	ASSERT_OK(get_pipe(&self->nl, id));
	EXPECT_EQ(CAPIPC_PEER_IN_FLIGHT, end_number(0, CAPIPC_END_A_STATE));
	EXPECT_EQ(CAPIPC_PEER_IN_FLIGHT, end_number(1, CAPIPC_END_A_STATE));
	EXPECT_EQ(self->pipe, end_number(1, CAPIPC_END_A_INSIDE));

	/* received */
	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	other = self->server.page->in[0].handle;
	ASSERT_OK(get_pipe(&self->nl, id));
	EXPECT_EQ(CAPIPC_PEER_HELD, end_number(0, CAPIPC_END_A_STATE));
	EXPECT_EQ(other, end_number(0, CAPIPC_END_A_HANDLE));
	EXPECT_EQ(self->server_context, end_holder(0, CAPIPC_HOLDER_A_CONTEXT));

	/* what it waits in is closed, and then the last end */
	ASSERT_OK(actor_close(&self->server, self->server_end));
	ASSERT_OK(get_pipe(&self->nl, id));
	EXPECT_EQ(CAPIPC_PEER_CLOSED, end_number(1, CAPIPC_END_A_STATE));
	ASSERT_OK(actor_close(&self->server, other));
	EXPECT_ERR(ENOENT, get_pipe(&self->nl, id));

	/* a connection waits in its listener */
	ASSERT_OK(actor_connect(&self->client, self->name, &facet_end));
	id = object_of(&self->client, facet_end);
	ASSERT_OK(get_pipe(&self->nl, id));
	EXPECT_EQ(CAPIPC_PEER_HELD, end_number(0, CAPIPC_END_A_STATE));
	EXPECT_EQ(CAPIPC_PEER_IN_FLIGHT, end_number(1, CAPIPC_END_A_STATE));
	EXPECT_EQ(self->listener_id, end_number(1, CAPIPC_END_A_INSIDE));
}

TEST_F(dump, pipe_cut)
{
	struct capipc_receive r;
	__u32 verdict;

	ASSERT_OK(actor_send(&self->client, self->client_end, 1));
	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	ASSERT_OK(actor_report(&self->server, self->server_end, r.stamp.id, 0,
			       &verdict));
	ASSERT_OK(get_pipe(&self->nl, self->pipe));
	EXPECT_TRUE(!!nl_attr(&answer.head, CAPIPC_PIPE_A_CUT));
	EXPECT_EQ(CAPIPC_PEER_HELD, end_number(0, CAPIPC_END_A_STATE));
	EXPECT_EQ(CAPIPC_PEER_CLOSED, end_number(1, CAPIPC_END_A_STATE));
}

static int actor_fuse(struct actor *a, __u32 first, __u32 second)
{
	struct capipc_fuse f = { .size = sizeof(f),
				 .handle = { first, second } };

	return ACTOR_IOCTL(a, FUSE, &f);
}

/* One number is left, and who has its ends by now is told. */
TEST_F(dump, pipe_fused)
{
	__u32 spare[2], moved[2];
	__u64 id, inside;
	int handles, pipes;

	ASSERT_OK(actor_create(&self->client, moved));
	inside = object_of(&self->client, moved[0]);
	ASSERT_OK(actor_send_handle(&self->client, self->client_end, moved[0]));
	ASSERT_OK(actor_create(&self->server, spare));
	id = object_of(&self->server, spare[0]);
	handles = nl_count(&self->nl, CAPIPC_CMD_GET_HANDLE);
	pipes = nl_count(&self->nl, CAPIPC_CMD_GET_PIPE);
	ASSERT_LE(3, pipes);
	ASSERT_OK(actor_fuse(&self->server, self->server_end, spare[0]));
	EXPECT_EQ(handles - 2, nl_count(&self->nl, CAPIPC_CMD_GET_HANDLE));
	EXPECT_EQ(pipes - 1, nl_count(&self->nl, CAPIPC_CMD_GET_PIPE));
	ASSERT_OK(get_pipe(&self->nl, self->pipe));
	EXPECT_EQ(self->client_end, end_number(0, CAPIPC_END_A_HANDLE));
	EXPECT_EQ(self->client_context, end_holder(0, CAPIPC_HOLDER_A_CONTEXT));
	EXPECT_EQ(spare[1], end_number(1, CAPIPC_END_A_HANDLE));
	EXPECT_EQ(self->server_context, end_holder(1, CAPIPC_HOLDER_A_CONTEXT));
	EXPECT_EQ(1, end_number(1, CAPIPC_END_A_QUEUED));
	EXPECT_ERR(ENOENT, get_pipe(&self->nl, id));
	EXPECT_EQ(self->pipe, object_of(&self->server, spare[1]));
	/* what says that it is inside the end that is gone, is in the other */
	ASSERT_OK(get_pipe(&self->nl, inside));
	EXPECT_EQ(self->pipe, end_number(0, CAPIPC_END_A_INSIDE));
	EXPECT_EQ(1, end_number(0, CAPIPC_END_A_INSIDE_END));
	/* it stays until both ends are closed */
	ASSERT_OK(actor_close(&self->client, self->client_end));
	ASSERT_OK(get_pipe(&self->nl, self->pipe));
	EXPECT_EQ(CAPIPC_PEER_CLOSED, end_number(0, CAPIPC_END_A_STATE));
	ASSERT_OK(actor_close(&self->server, spare[1]));
	EXPECT_ERR(ENOENT, get_pipe(&self->nl, self->pipe));
}

/* --------------------------------------------------------------- listeners */

static __u64 listener_number(int type)
{
	return nl_number(nl_attr(&answer.head, type));
}

TEST_F(dump, listener)
{
	const struct capipc_rule rules[3] = { { .facet = 1 }, { .facet = 2 } };
	const struct listen_options options = {
		.rules = rules,
		.rules_count = 2,
		.endpoint_rules = rules + 2,
		.endpoint_rules_count = 1,
		.backlog = 7,
	};
	struct capipc_receive r;
	__u32 listener, end;
	char name[64];
	__u64 id;

	strcpy(name, fresh_name());
	ASSERT_OK(actor_listen(&self->server, name, &options, &listener));
	id = object_of(&self->server, listener);
	ASSERT_OK(actor_connect(&self->client, name, &end));
	ASSERT_OK(get_listener(&self->nl, id));
	EXPECT_EQ(id, listener_number(CAPIPC_LISTENER_A_ID));
	EXPECT_STREQ(name,
		     nl_string(nl_attr(&answer.head, CAPIPC_LISTENER_A_NAME)));
	EXPECT_EQ(0, listener_number(CAPIPC_LISTENER_A_UID));
	EXPECT_EQ(CAPIPC_PEER_HELD, listener_number(CAPIPC_LISTENER_A_STATE));
	EXPECT_EQ(listener, listener_number(CAPIPC_LISTENER_A_HANDLE));
	EXPECT_EQ(1, listener_number(CAPIPC_LISTENER_A_QUEUED));
	EXPECT_EQ(7, listener_number(CAPIPC_LISTENER_A_BACKLOG));
	EXPECT_EQ(2, listener_number(CAPIPC_LISTENER_A_RULES));
	EXPECT_EQ(1, listener_number(CAPIPC_LISTENER_A_ENDPOINT_RULES));
	EXPECT_EQ(self->server_context,
		  nl_number(nl_inside(nl_attr(&answer.head,
					      CAPIPC_LISTENER_A_HOLDER),
				      CAPIPC_HOLDER_A_CONTEXT)));

	ASSERT_OK(get_listener_name(&self->nl, name));
	EXPECT_EQ(id, listener_number(CAPIPC_LISTENER_A_ID));
	EXPECT_ERR(ENOENT, get_listener_name(&self->nl, "nobody/at/all"));
	EXPECT_STRNE("", self->nl.error);

	/* on its way to somebody else, and there */
	ASSERT_OK(actor_send_handle(&self->server, self->server_end, listener));
	ASSERT_OK(get_listener(&self->nl, id));
	EXPECT_EQ(CAPIPC_PEER_IN_FLIGHT,
		  listener_number(CAPIPC_LISTENER_A_STATE));
	EXPECT_EQ(self->pipe, listener_number(CAPIPC_LISTENER_A_INSIDE));
	EXPECT_EQ(0, listener_number(CAPIPC_LISTENER_A_INSIDE_END));
	EXPECT_FALSE(!!nl_attr(&answer.head, CAPIPC_LISTENER_A_HOLDER));
	ASSERT_OK(actor_receive_nowait(&self->client, self->client_end, &r));
	ASSERT_OK(get_listener(&self->nl, id));
	EXPECT_EQ(self->client_context,
		  nl_number(nl_inside(nl_attr(&answer.head,
					      CAPIPC_LISTENER_A_HOLDER),
				      CAPIPC_HOLDER_A_CONTEXT)));
	EXPECT_EQ(self->client.page->in[0].handle,
		  listener_number(CAPIPC_LISTENER_A_HANDLE));
	actor_stop(&self->client);
	EXPECT_ERR(ENOENT, get_listener(&self->nl, id));
	EXPECT_ERR(ENOENT, get_listener_name(&self->nl, name));
}

/* A number of one kind is not one of another. */
TEST_F(dump, kinds)
{
	EXPECT_ERR(ENOENT, get_pipe(&self->nl, self->listener_id));
	EXPECT_ERR(ENOENT, get_listener(&self->nl, self->pipe));
	EXPECT_ERR(ENOENT, get_pipe(&self->nl, ~0ULL));
	EXPECT_ERR(ENOENT, get_listener(&self->nl, 1ULL << 32));
}

/* ---------------------------------------------------------------- contexts */

static int get_context(struct nl *nl, __u64 id)
{
	return nl_get(nl, CAPIPC_CMD_GET_CONTEXT, CAPIPC_CONTEXT_A_ID, id,
		      &answer);
}

static __u64 context_number(int type)
{
	return nl_number(nl_attr(&answer.head, type));
}

TEST_F(dump, usage)
{
	__u64 bytes, handles;
	__u32 h[2];

	ASSERT_OK(get_context(&self->nl, self->client_context));
	bytes = context_number(CAPIPC_CONTEXT_A_BYTES_CHARGED);
	handles = context_number(CAPIPC_CONTEXT_A_HANDLES_CHARGED);
	EXPECT_LT(0, bytes);
	EXPECT_EQ(1, handles);
	EXPECT_EQ(1, context_number(CAPIPC_CONTEXT_A_HANDLES));
	EXPECT_LE(bytes, context_number(CAPIPC_CONTEXT_A_BYTES_LIMIT));
	EXPECT_LE(handles, context_number(CAPIPC_CONTEXT_A_HANDLES_LIMIT));
	EXPECT_FALSE(!!nl_attr(&answer.head, CAPIPC_CONTEXT_A_READY));

	/* the sender pays, also for the handle in flight; the receiver is ready */
	ASSERT_OK(actor_create(&self->client, h));
	ASSERT_OK(actor_send_all(&self->client, self->client_end, 0, 5000, h[0],
				 CAPIPC_RIGHTS_SAME));
	ASSERT_OK(get_context(&self->nl, self->client_context));
	EXPECT_LE(bytes + 5000, context_number(CAPIPC_CONTEXT_A_BYTES_CHARGED));
	EXPECT_EQ(3, context_number(CAPIPC_CONTEXT_A_HANDLES_CHARGED));
	EXPECT_EQ(2, context_number(CAPIPC_CONTEXT_A_HANDLES));
	ASSERT_OK(get_context(&self->nl, self->server_context));
	EXPECT_TRUE(!!nl_attr(&answer.head, CAPIPC_CONTEXT_A_READY));
}

/* -------------------------------------------------------------- bad requests */

#define FLAG_DUMP 1 /* as a dump */
#define FLAG_MISS 2 /* without the attribute */

static const struct bad {
	int cmd, flags, type, len, error;
	const char *what;
} bads[] = {
	{ CAPIPC_CMD_GET_PIPE, FLAG_MISS, 0, 0, EINVAL, "which pipe" },
	{ CAPIPC_CMD_GET_PIPE, 0, CAPIPC_PIPE_A_ID, 4, 0, "" },
	{ CAPIPC_CMD_GET_PIPE, 0, CAPIPC_PIPE_A_ID, 0, 0, "" },
	{ CAPIPC_CMD_GET_PIPE, 0, CAPIPC_PIPE_A_ID, 9, 0, "" },
	{ CAPIPC_CMD_GET_PIPE, 0, CAPIPC_PIPE_A_CONTEXT, 8, EINVAL, "dump" },
	{ CAPIPC_CMD_GET_PIPE, 0, CAPIPC_PIPE_A_END, 8, EINVAL, "" },
	{ CAPIPC_CMD_GET_PIPE, 0, CAPIPC_PIPE_A_PAD, 8, EINVAL, "" },
	{ CAPIPC_CMD_GET_PIPE, 0, 99, 8, EINVAL, "" },
	{ CAPIPC_CMD_GET_PIPE, FLAG_DUMP, CAPIPC_PIPE_A_ID, 8, EINVAL, "all" },
	{ CAPIPC_CMD_GET_PIPE, FLAG_DUMP, CAPIPC_PIPE_A_CONTEXT, 4, 0, "" },
	{ CAPIPC_CMD_GET_PIPE, FLAG_DUMP, CAPIPC_PIPE_A_CONTEXT, 8, ENOENT,
	  "no such context" },
	{ CAPIPC_CMD_GET_PIPE, FLAG_DUMP, 99, 8, EINVAL, "" },
	{ CAPIPC_CMD_GET_LISTENER, FLAG_MISS, 0, 0, EINVAL, "which listener" },
	{ CAPIPC_CMD_GET_LISTENER, 0, CAPIPC_LISTENER_A_ID, 4, 0, "" },
	{ CAPIPC_CMD_GET_LISTENER, 0, CAPIPC_LISTENER_A_NAME, 0, 0, "" },
	{ CAPIPC_CMD_GET_LISTENER, 0, CAPIPC_LISTENER_A_NAME, 1, 0, "" },
	{ CAPIPC_CMD_GET_LISTENER, 0, CAPIPC_LISTENER_A_NAME, 200, 0, "" },
	{ CAPIPC_CMD_GET_LISTENER, 0, CAPIPC_LISTENER_A_UID, 4, EINVAL, "" },
	{ CAPIPC_CMD_GET_LISTENER, FLAG_DUMP, CAPIPC_LISTENER_A_ID, 8, EINVAL,
	  "all" },
	{ CAPIPC_CMD_GET_LISTENER, FLAG_DUMP, 99, 8, EINVAL, "" },
	{ CAPIPC_CMD_GET_CONTEXT, FLAG_MISS, 0, 0, EINVAL, "which context" },
	{ CAPIPC_CMD_GET_CONTEXT, 0, CAPIPC_CONTEXT_A_ID, 4, 0, "" },
	{ CAPIPC_CMD_GET_CONTEXT, 0, CAPIPC_CONTEXT_A_READY, 0, EINVAL, "" },
	{ CAPIPC_CMD_GET_CONTEXT, FLAG_DUMP, CAPIPC_CONTEXT_A_ID, 8, EINVAL,
	  "all" },
	{ CAPIPC_CMD_GET_HANDLE, FLAG_DUMP, CAPIPC_HANDLE_A_CONTEXT, 8, ENOENT,
	  "no such context" },
	{ CAPIPC_CMD_GET_HANDLE, FLAG_DUMP, CAPIPC_HANDLE_A_CONTEXT, 2, 0, "" },
	{ CAPIPC_CMD_GET_HANDLE, FLAG_DUMP, CAPIPC_HANDLE_A_KIND, 4, EINVAL,
	  "" },
};

TEST_F(dump, bad_requests)
{
	char value[256];
	const struct bad *bad;
	struct nl_request r;
	__u64 zero = 0;
	int ret;

	memset(value, 'x', sizeof(value)); /* no number that there is */
	for (bad = bads; bad < bads + sizeof(bads) / sizeof(*bads); bad++) {
		TH_LOG("command %d attribute %d length %d", bad->cmd, bad->type,
		       bad->len);
		nl_prepare(&self->nl, &r, self->nl.family, bad->cmd,
			   bad->flags & FLAG_DUMP ? NLM_F_DUMP : NLM_F_ACK);
		if (!(bad->flags & FLAG_MISS))
			nl_put(&r, bad->type, value, bad->len);
		ret = nl_ask(&self->nl, &r, NULL, NULL, NULL);
		if (bad->error)
			EXPECT_ERR(bad->error, ret);
		EXPECT_GT(0, ret);
		EXPECT_STRNE("", self->nl.error);
		EXPECT_TRUE(!!strstr(self->nl.error, bad->what));
	}

	/* 0 is no number */
	EXPECT_GT(0, get_pipe(&self->nl, zero));
	EXPECT_GT(0, get_listener(&self->nl, zero));
	/* either or */
	nl_prepare(&self->nl, &r, self->nl.family, CAPIPC_CMD_GET_LISTENER,
		   NLM_F_ACK);
	nl_put(&r, CAPIPC_LISTENER_A_ID, &self->listener_id, 8);
	nl_put(&r, CAPIPC_LISTENER_A_NAME, "a", 2);
	EXPECT_ERR(EINVAL, nl_ask(&self->nl, &r, NULL, NULL, NULL));
	EXPECT_TRUE(!!strstr(self->nl.error, "not both"));
	/* it has done no harm */
	EXPECT_OK(get_pipe(&self->nl, self->pipe));
	EXPECT_OK(get_listener(&self->nl, self->listener_id));
}

TEST_HARNESS_MAIN
