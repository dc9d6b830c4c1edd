// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps: who sees what, in which terms.
 */
#include "capipc_test_dump.h"

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

	ASSERT_GT(sizeof(name),
		  snprintf(name, sizeof(name), "uid/3122/%.32s", fresh_name()));
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

TEST_HARNESS_MAIN
