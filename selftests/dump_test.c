// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps: of contexts, pipes and listeners, whoever has them and in flight; each to
 * those who may see it, whole and once, also while much is going on.
 */
#include <sys/resource.h>

#include "capipc_test_netlink.h"

FIXTURE(dump)
{
	struct nl nl;
	struct actor server, client, other;
	char name[64];
	__u32 listener;
	__u32 client_end, server_end;
	__u64 server_context, client_context;
	__u64 pipe, listener_id;
};

static __u64 context_of(struct actor *a)
{
	struct capipc_info info = { .size = sizeof(info) };

	return ACTOR_IOCTL(a, INFO, &info) ? 0 : info.context_id;
}

static __u64 object_of(struct actor *a, __u32 handle)
{
	struct capipc_inspect i;

	return actor_inspect(a, handle, &i) ? 0 : i.object_id;
}

FIXTURE_SETUP(dump)
{
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
	self->server_context = context_of(&self->server);
	self->client_context = context_of(&self->client);
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	self->pipe = object_of(&self->client, self->client_end);
	self->listener_id = object_of(&self->server, self->listener);
	ASSERT_NE(0, self->pipe);
	ASSERT_NE(0, self->listener_id);
	ASSERT_OK(nl_open(&self->nl));
}

FIXTURE_TEARDOWN(dump)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
	actor_stop(&self->other);
	nl_close(&self->nl);
}

/* ------------------------------------------------------------------- pipes */

static union {
	struct nlmsghdr head;
	char bytes[8192];
} answer;

static int get_pipe(struct nl *nl, __u64 id)
{
	return nl_get(nl, CAPIPC_CMD_GET_PIPE, CAPIPC_PIPE_A_ID, id, &answer);
}

/* An attribute of an end of the pipe in @answer. */
static struct nlattr *end_attr(__u32 index, int type)
{
	char *at = (char *)&answer + NLMSG_HDRLEN + GENL_HDRLEN;
	int left = (int)answer.head.nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
	struct nlattr *a;

	while ((a = nl_find(at, left, CAPIPC_PIPE_A_END))) {
		if (nl_number(nl_inside(a, CAPIPC_END_A_INDEX)) == index)
			return nl_inside(a, type);
		left -= (char *)nl_next(a) - at;
		at = (char *)nl_next(a);
	}
	return NULL;
}

static __u64 end_number(__u32 index, int type)
{
	return nl_number(end_attr(index, type));
}

static __u64 end_holder(__u32 index, int type)
{
	return nl_number(nl_inside(end_attr(index, CAPIPC_END_A_HOLDER), type));
}

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

/* --------------------------------------------------------------- listeners */

static int get_listener(struct nl *nl, __u64 id)
{
	return nl_get(nl, CAPIPC_CMD_GET_LISTENER, CAPIPC_LISTENER_A_ID, id,
		      &answer);
}

static int get_listener_name(struct nl *nl, const char *name)
{
	struct nl_request r;
	int ret;

	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_LISTENER, NLM_F_ACK);
	nl_put(&r, CAPIPC_LISTENER_A_NAME, name, strlen(name) + 1);
	ret = nl_ask(nl, &r, &answer, NULL, NULL);
	return ret < 0 ? ret : ret == 1 ? 0 : -EPROTO;
}

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

/* ----------------------------------------------------------- who sees what */

/* What one sees of all that there is. */
struct view {
	int contexts, pipes, listeners;
	int pipe, other_pipe, listener, listener_name;
	int my_handle, my_rights; /* of the pipe: are they told? */
	int peer_handle;
	__u64 peer_context;
	__u32 peer_pid, peer_uid, my_pid;
	int state, inside; /* of end 1 of the other pipe */
};

/* number: pipe, other pipe, listener, index of its own end. name: of the listener */
static long act_view(struct actor_page *page, long unused)
{
	static struct nl nl;
	struct view *view = (void *)page->data;
	__u32 own = page->number[3];
	int ret = nl_open(&nl);

	memset(view, 0, sizeof(*view));
	if (ret)
		return ret;
	view->contexts = nl_count(&nl, CAPIPC_CMD_GET_CONTEXT);
	view->pipes = nl_count(&nl, CAPIPC_CMD_GET_PIPE);
	view->listeners = nl_count(&nl, CAPIPC_CMD_GET_LISTENER);
	view->listener = get_listener(&nl, page->number[2]);
	view->listener_name = get_listener_name(&nl, page->name);
	view->other_pipe = get_pipe(&nl, page->number[1]);
	if (!view->other_pipe) {
		view->state = (int)end_number(1, CAPIPC_END_A_STATE);
		view->inside = !!end_attr(1, CAPIPC_END_A_INSIDE);
	}
	view->pipe = get_pipe(&nl, page->number[0]);
	if (!view->pipe) {
		view->my_handle = !!end_attr(own, CAPIPC_END_A_HANDLE);
		view->my_rights = !!end_attr(own, CAPIPC_END_A_RIGHTS);
		view->my_pid = end_holder(own, CAPIPC_HOLDER_A_PID);
		view->peer_handle = end_attr(!own, CAPIPC_END_A_HANDLE) ||
				    end_attr(!own, CAPIPC_END_A_RIGHTS);
		view->peer_context = end_holder(!own, CAPIPC_HOLDER_A_CONTEXT);
		view->peer_pid = end_holder(!own, CAPIPC_HOLDER_A_PID);
		view->peer_uid = end_holder(!own, CAPIPC_HOLDER_A_UID);
	}
	nl_close(&nl);
	return 0;
}

static struct view *look(FIXTURE_DATA(dump) * self, struct actor *a, __u64 pipe,
			 __u64 other, __u32 own)
{
	a->page->number[0] = pipe;
	a->page->number[1] = other;
	a->page->number[2] = self->listener_id;
	a->page->number[3] = own;
	strcpy(a->page->name, self->name);
	return actor_run(a, act_view, 0) ? NULL : (void *)a->page->data;
}

TEST_F(dump, own_and_others)
{
	struct actor *a = &self->other;
	__u32 mine, theirs, h[2];
	struct capipc_receive r;
	struct view *v;
	__u64 pipe;

	ASSERT_OK(actor_fork(a, NULL));
	ASSERT_OK(actor_become(a, 3121));
	ASSERT_OK(actor_open(a));
	ASSERT_OK(actor_link(a, &self->server, self->name, self->listener,
			     &mine, &theirs));
	pipe = object_of(a, mine);
	v = look(self, a, pipe, self->pipe, 0);
	ASSERT_TRUE(!!v);
	EXPECT_EQ(1, v->contexts);
	EXPECT_EQ(1, v->pipes);
	EXPECT_EQ(0, v->listeners);
	EXPECT_EQ(-ENOENT, v->other_pipe);
	EXPECT_EQ(-ENOENT, v->listener);
	EXPECT_EQ(-ENOENT, v->listener_name);
	EXPECT_OK(v->pipe);
	EXPECT_EQ(1, v->my_handle);
	EXPECT_EQ(1, v->my_rights);
	/* of the other holder what a stamp tells, and no more */
	EXPECT_EQ(0, v->peer_handle);
	EXPECT_EQ(self->server_context, v->peer_context);
	EXPECT_EQ(self->server.pid, v->peer_pid);
	EXPECT_EQ(0, v->peer_uid);

	/* in flight, in a pipe that it sees; then in one that it does not see */
	ASSERT_OK(actor_create(a, h));
	pipe = object_of(a, h[0]);
	ASSERT_OK(actor_send_handle(a, mine, h[1]));
	v = look(self, a, pipe, pipe, 0);
	ASSERT_TRUE(!!v);
	EXPECT_EQ(CAPIPC_PEER_IN_FLIGHT, v->state);
	EXPECT_EQ(1, v->inside);
	ASSERT_OK(actor_receive_nowait(&self->server, theirs, &r));
	ASSERT_OK(actor_send_handle(&self->server, self->server_end,
				    self->server.page->in[0].handle));
	v = look(self, a, pipe, pipe, 0);
	ASSERT_TRUE(!!v);
	EXPECT_EQ(CAPIPC_PEER_IN_FLIGHT, v->state);
	EXPECT_EQ(0, v->inside);

	/* what it gives away wholly it does not see any more */
	ASSERT_OK(actor_send_handle(a, mine, h[0]));
	v = look(self, a, pipe, pipe, 0);
	ASSERT_TRUE(!!v);
	EXPECT_EQ(-ENOENT, v->pipe);
	EXPECT_OK(get_pipe(&self->nl, pipe));
}

/* A name that it has bound is its own wherever the listener is. */
TEST_F(dump, own_listener)
{
	struct actor *a = &self->other;
	__u32 listener, end, theirs;
	struct view *v;
	char name[64];

	snprintf(name, sizeof(name), "uid/3122/%s", fresh_name());
	ASSERT_OK(actor_fork(a, NULL));
	ASSERT_OK(actor_become(a, 3122));
	ASSERT_OK(actor_open(a));
	ASSERT_OK(actor_listen(a, name, NULL, &listener));
	self->listener_id = object_of(a, listener);
	strcpy(self->name, name);
	v = look(self, a, 1, 1, 0);
	ASSERT_TRUE(!!v);
	EXPECT_EQ(1, v->listeners);
	EXPECT_OK(v->listener);
	EXPECT_OK(v->listener_name);

	/* held by root */
	ASSERT_OK(actor_link(&self->client, a, name, listener, &end, &theirs));
	EXPECT_NE(0, actor_move(a, theirs, listener, &self->client, end));
	v = look(self, a, 1, 1, 0);
	ASSERT_TRUE(!!v);
	EXPECT_EQ(1, v->listeners);
	EXPECT_OK(v->listener);
}

TEST_F(dump, namespaces)
{
	struct actor *a = &self->other;
	__u32 mine, theirs, h[2];
	struct view *v;

	/* a process that is 1 in its own pid namespace and sees nobody else */
	ASSERT_OK(actor_fork_pidns(a, NULL));
	ASSERT_OK(actor_become(a, 3123));
	ASSERT_OK(actor_open(a));
	ASSERT_OK(actor_link(a, &self->server, self->name, self->listener,
			     &mine, &theirs));
	v = look(self, a, object_of(a, mine), self->pipe, 0);
	ASSERT_TRUE(!!v);
	EXPECT_OK(v->pipe);
	EXPECT_EQ(1, v->my_pid);
	EXPECT_EQ(0, v->peer_pid);
	EXPECT_EQ(0, v->peer_uid);
	actor_stop(a);

	/* root of a user namespace is nobody here, and root is nobody there */
	ASSERT_OK(actor_fork(a, NULL));
	ASSERT_OK(actor_userns_root(a, 100000, 0));
	ASSERT_OK(actor_open(a));
	ASSERT_OK(actor_link(a, &self->server, self->name, self->listener,
			     &mine, &theirs));
	v = look(self, a, object_of(a, mine), self->pipe, 0);
	ASSERT_TRUE(!!v);
	EXPECT_EQ(1, v->contexts);
	EXPECT_EQ(1, v->pipes);
	EXPECT_OK(v->pipe);
	EXPECT_EQ(-ENOENT, v->other_pipe);
	EXPECT_EQ(65534, v->peer_uid);
	EXPECT_EQ(0, v->peer_handle);

	/* in a network namespace of its own it sees all, and nothing of ours */
	ASSERT_OK(actor_run(a, act_unshare, CLONE_NEWNET));
	v = look(self, a, object_of(a, mine), self->pipe, 0);
	ASSERT_TRUE(!!v);
	EXPECT_EQ(0, v->contexts);
	EXPECT_EQ(0, v->pipes);
	EXPECT_EQ(-ENOENT, v->pipe);
	ASSERT_OK(actor_open(a));
	ASSERT_OK(actor_create(a, h));
	ASSERT_OK(actor_setresuid(a, 5, 5, 0));
	ASSERT_OK(actor_open(a));
	ASSERT_OK(actor_setresuid(a, 0, 0, 0));
	v = look(self, a, self->pipe, self->pipe, 0);
	ASSERT_TRUE(!!v);
	EXPECT_EQ(2, v->contexts);
	EXPECT_EQ(1, v->pipes);
	EXPECT_EQ(0, v->listeners);
	EXPECT_EQ(-ENOENT, v->pipe);
	EXPECT_EQ(-ENOENT, v->listener);
	EXPECT_EQ(-ENOENT, v->listener_name);

	/* and our root, when it goes to another one */
	ASSERT_OK(actor_run(&self->client, act_unshare, CLONE_NEWNET));
	v = look(self, &self->client, self->pipe, self->pipe, 0);
	ASSERT_TRUE(!!v);
	EXPECT_EQ(0, v->contexts);
	EXPECT_EQ(0, v->pipes);
	EXPECT_EQ(-ENOENT, v->pipe);
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

/* -------------------------------------------------------------- many, in motion */

#define MANY 2000

/* What a dump of many things should find, and what it found. */
struct census {
	__u64 *ids;
	int *seen;
	int count;
	__u64 last;
	int disorder;
};

static int census_find(const struct census *census, __u64 id)
{
	int low = 0, high = census->count - 1;

	while (low <= high) {
		int middle = (low + high) / 2;

		if (census->ids[middle] == id)
			return middle;
		if (census->ids[middle] < id)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return -1;
}

/* Numbers of contexts and of pipes are the first attribute of both. */
static void census_take(struct nlmsghdr *h, void *arg)
{
	struct census *census = arg;
	__u64 id = nl_number(nl_attr(h, CAPIPC_PIPE_A_ID));
	int i = census_find(census, id);

	if (id <= census->last)
		census->disorder++;
	census->last = id;
	if (i >= 0)
		census->seen[i]++;
}

/* Take it: how many of those that are there were not seen exactly once. */
static int census_run(struct nl *nl, int cmd, struct census *census)
{
	struct nl_request r;
	int i, wrong = 0, ret;

	memset(census->seen, 0, census->count * sizeof(*census->seen));
	census->last = 0;
	census->disorder = 0;
	nl_prepare(nl, &r, nl->family, cmd, NLM_F_DUMP);
	ret = nl_ask(nl, &r, NULL, census_take, census);
	if (ret < 0)
		return ret;
	for (i = 0; i < census->count; i++)
		wrong += census->seen[i] != 1;
	return wrong + census->disorder;
}

/* Makes and closes contexts and pipes until it is told to end. */
static long act_churn(struct actor_page *page, long kind)
{
	volatile __u64 *end = &page->number[0];
	__u64 rounds = 0;
	__u32 h[2];
	int fd;

	while (!*end) {
		fd = kind ? page->fd : ipc_open();
		if (fd < 0)
			return fd;
		if (ipc_create(fd, h))
			return -EIO;
		if (kind) {
			ipc_close(fd, h[0]);
			ipc_close(fd, h[1]);
		} else {
			close(fd);
		}
		rounds++;
	}
	page->number[1] = rounds;
	return 0;
}

static void census_init(struct census *census)
{
	memset(census, 0, sizeof(*census));
	census->ids = calloc(MANY, sizeof(*census->ids));
	census->seen = calloc(MANY, sizeof(*census->seen));
	census->count = MANY;
}

static void census_free(struct census *census)
{
	free(census->ids);
	free(census->seen);
}

static int raise_files(void)
{
	struct rlimit limit = { .rlim_cur = MANY + 500,
				.rlim_max = MANY + 500 };

	return setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;
}

TEST_F_TIMEOUT(dump, many_contexts, 300)
{
	struct actor *a = &self->other;
	struct capipc_info info;
	struct census census;
	int *fds, i, n;

	ASSERT_OK(raise_files());
	census_init(&census);
	fds = calloc(MANY, sizeof(*fds));
	ASSERT_OK(actor_fork(a, NULL));
	for (i = 0; i < MANY; i++) {
		fds[i] = ipc_open();
		ASSERT_LE(0, fds[i]);
		ASSERT_OK(ipc_do_info(fds[i], &info));
		census.ids[i] = info.context_id;
	}
	EXPECT_EQ(0, census_run(&self->nl, CAPIPC_CMD_GET_CONTEXT, &census));
	EXPECT_FALSE(self->nl.interrupted);

	/* while others come and go, and it is told that they do */
	a->page->number[0] = 0;
	ASSERT_OK(actor_begin(a, act_churn, 0));
	for (i = 0, n = 0; i < 5; i++) {
		EXPECT_EQ(0, census_run(&self->nl, CAPIPC_CMD_GET_CONTEXT,
					&census));
		n += self->nl.interrupted;
	}
	a->page->number[0] = 1;
	ASSERT_OK(actor_end(a));
	EXPECT_LT(0, a->page->number[1]);
	EXPECT_LT(0, n);

	/* those that go are not seen any more, those that stay are */
	for (i = 0; i < MANY; i += 2)
		close(fds[i]);
	EXPECT_EQ(MANY / 2,
		  census_run(&self->nl, CAPIPC_CMD_GET_CONTEXT, &census));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(i % 2, census.seen[i]);
	for (i = 1; i < MANY; i += 2)
		close(fds[i]);
	free(fds);
	census_free(&census);
}

TEST_F_TIMEOUT(dump, many_pipes, 300)
{
	struct actor *a = &self->other;
	struct capipc_inspect inspect;
	struct census census;
	struct nl_request r;
	int i, n, fd;
	__u32 h[2];
	__u64 id;

	census_init(&census);
	ASSERT_OK(actor_start(a));
	a->page->fd = a->dev;
	fd = ipc_open();
	ASSERT_LE(0, fd);
	for (i = 0; i < MANY; i++) {
		ASSERT_OK(ipc_create(fd, h));
		ASSERT_OK(ipc_do_inspect(fd, h[0], &inspect));
		census.ids[i] = inspect.object_id;
	}
	EXPECT_EQ(0, census_run(&self->nl, CAPIPC_CMD_GET_PIPE, &census));
	EXPECT_FALSE(self->nl.interrupted);

	a->page->number[0] = 0;
	ASSERT_OK(actor_begin(a, act_churn, 1));
	for (i = 0, n = 0; i < 5; i++) {
		EXPECT_EQ(0,
			  census_run(&self->nl, CAPIPC_CMD_GET_PIPE, &census));
		n += self->nl.interrupted;
	}
	a->page->number[0] = 1;
	ASSERT_OK(actor_end(a));
	EXPECT_LT(0, n);

	/* of one context only */
	nl_prepare(&self->nl, &r, self->nl.family, CAPIPC_CMD_GET_PIPE,
		   NLM_F_DUMP);
	id = self->client_context;
	nl_put(&r, CAPIPC_PIPE_A_CONTEXT, &id, sizeof(id));
	EXPECT_EQ(1, nl_ask(&self->nl, &r, &answer, NULL, NULL));
	EXPECT_EQ(self->pipe,
		  nl_number(nl_attr(&answer.head, CAPIPC_PIPE_A_ID)));
	close(fd);
	EXPECT_EQ(MANY, census_run(&self->nl, CAPIPC_CMD_GET_PIPE, &census));
	census_free(&census);
}

/* A dump that is not read to its end pins nothing, and the next one works. */
TEST_F(dump, abandoned)
{
	struct nl_request r;
	struct nl nl;
	__u32 h[2];
	int i;

	for (i = 0; i < 300; i++)
		ASSERT_OK(actor_create(&self->client, h));
	for (i = 0; i < 10; i++) {
		ASSERT_OK(nl_open(&nl));
		nl_prepare(&nl, &r, nl.family, CAPIPC_CMD_GET_PIPE, NLM_F_DUMP);
		ASSERT_OK(nl_send(&nl, &r));
		EXPECT_TRUE(!!nl_receive(&nl, IPC_SOON_MS));
		nl_close(&nl);
	}
	EXPECT_LE(300, nl_count(&self->nl, CAPIPC_CMD_GET_PIPE));
}

TEST_HARNESS_MAIN
