// SPDX-License-Identifier: GPL-2.0
/*
 * Handles that move: what arrives, in which order, and what becomes of it when
 * nobody takes it.
 */
#include "async.h"

FIXTURE(transfer)
{
	int fd;
	uint32_t c[2]; /* the carrier: c[0] sends, c[1] receives */
	uint32_t p[2]; /* what is moved */
	struct ipc_message m;
};

FIXTURE_SETUP(transfer)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->c));
	ASSERT_OK(ipc_create(self->fd, self->p));
}

FIXTURE_TEARDOWN(transfer)
{
	close(self->fd);
}

/* Move @handle over the carrier: what it is called then, or 0. */
static uint32_t move(int fd, const uint32_t c[2], uint32_t handle)
{
	struct ipc_message m;

	if (ipc_send_handle(fd, c[0], "", handle) ||
	    ipc_tryrecv_from(fd, c[1], &m) || m.r.attachments_count != 1)
		return 0;
	return m.att[0].handle;
}

TEST_F(transfer, endpoint)
{
	struct capipc_inspect before, after;

	ASSERT_OK(ipc_do_inspect(self->fd, self->p[0], &before));
	ASSERT_OK(ipc_send_handle(self->fd, self->c[0], "take", self->p[0]));
	/* in flight it is in nobody's table */
	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->p[0]));
	EXPECT_ERR(EBADF, ipc_close(self->fd, self->p[0]));
	EXPECT_ERR(EBADF, ipc_send_str(self->fd, self->p[0], 1, "x"));
	EXPECT_ERR(EBADF,
		   ipc_send_handle(self->fd, self->c[0], "", self->p[0]));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_STREQ("take", self->m.data);
	ASSERT_EQ(1, self->m.r.attachments_count);
	EXPECT_NE(self->p[0], self->m.att[0].handle);
	EXPECT_EQ(CAPIPC_KIND_ENDPOINT, self->m.att[0].kind);
	EXPECT_EQ(IPC_RIGHTS_ENDPOINT, self->m.att[0].rights);
	EXPECT_EQ(0, self->m.att[0].reserved);
	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->p[0]));
	ASSERT_OK(ipc_do_inspect(self->fd, self->m.att[0].handle, &after));
	EXPECT_EQ(before.object_id, after.object_id);
	EXPECT_OK(ipc_send_str(self->fd, self->m.att[0].handle, 1, "works"));
	EXPECT_EQ(1, ipc_queued(self->fd, self->p[1]));
}

static void server_of(struct __test_metadata *_metadata, struct peer *peer)
{
	uint32_t listener, ep;
	struct ipc_message m;

	ASSERT_OK(ipc_recv(peer->fd, &m));
	ASSERT_EQ(2, m.r.attachments_count);
	ASSERT_EQ(CAPIPC_KIND_LISTENER, m.att[0].kind);
	ASSERT_EQ(IPC_RIGHTS_LISTENER, m.att[0].rights);
	ASSERT_EQ(CAPIPC_KIND_ENDPOINT, m.att[1].kind);
	listener = m.att[0].handle;
	ASSERT_OK(ipc_send_str(peer->fd, m.att[1].handle, 1, "got it"));
	/* one connected before it moved, one while, one after */
	ASSERT_OK(ipc_accept(peer->fd, listener, &ep));
	ASSERT_OK(ipc_send_str(peer->fd, ep, 1, "first"));
	ASSERT_OK(ipc_accept(peer->fd, listener, &ep));
	ASSERT_OK(ipc_send_str(peer->fd, ep, 1, "second"));
	ASSERT_OK(ipc_accept(peer->fd, listener, &ep));
	ASSERT_OK(ipc_send_str(peer->fd, ep, 1, "third"));
	ASSERT_OK(sync_wait(peer->sock));
}

/* A name can be bound by one and served by another. */
TEST_F(transfer, listener_to_another_process)
{
	struct peer peer = { .fn = server_of, .fd = self->fd };
	struct capipc_attachment att[2];
	uint32_t listener, ep[3];
	char name[48];

	PEER_START(&peer);
	snprintf(name, sizeof(name), "selftest/%d/moved", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(ipc_connect(self->fd, name, &ep[0]));
	att[0] = ipc_attach(listener);
	att[1] = ipc_attach(self->p[0]);
	ASSERT_OK(ipc_send_full(self->fd, peer.ep, 0, NULL, 0, att, 2));
	EXPECT_ERR(EBADF, ipc_close(self->fd, listener));
	ASSERT_OK(ipc_connect(self->fd, name, &ep[1]));
	ASSERT_OK(ipc_recv_from(self->fd, self->p[1], &self->m));
	EXPECT_STREQ("got it", self->m.data);
	ASSERT_OK(ipc_connect(self->fd, name, &ep[2]));
	ASSERT_OK(ipc_recv_from(self->fd, ep[0], &self->m));
	EXPECT_STREQ("first", self->m.data);
	ASSERT_OK(ipc_recv_from(self->fd, ep[1], &self->m));
	EXPECT_STREQ("second", self->m.data);
	ASSERT_OK(ipc_recv_from(self->fd, ep[2], &self->m));
	EXPECT_STREQ("third", self->m.data);
	ASSERT_OK(sync_post(peer.sock));
	PEER_WAIT(&peer);
	EXPECT_ERR(ENOENT, ipc_connect(self->fd, name, &ep[0]));
}

/* A listener in flight that is dropped: the name is free. */
TEST_F(transfer, listener_dropped_in_flight)
{
	uint32_t listener, ep;
	char name[48];

	snprintf(name, sizeof(name), "selftest/%d/dropped", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(ipc_connect(self->fd, name, &ep));
	ASSERT_OK(ipc_send_handle(self->fd, self->c[0], "", listener));
	EXPECT_OK(ipc_send_str(self->fd, ep, 1, "waiting"));
	ASSERT_OK(ipc_close(self->fd, self->c[1]));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, ep, 1, "x"));
	EXPECT_ERR(ENOENT, ipc_connect(self->fd, name, &ep));
	EXPECT_OK(ipc_listen(self->fd, name, &listener));
}

/* ------------------------------------------------------------------- order */

/* Queued before it moves, while it is in flight, after it has arrived. */
TEST_F(transfer, order_of_what_it_receives)
{
	uint32_t handle = self->p[1];
	int round, i, next = 0, sent = 0;

	for (round = 0; round < 5; round++) {
		for (i = 0; i < 3; i++)
			ASSERT_OK(ipc_send(self->fd, self->p[0], sent++, NULL,
					   0));
		ASSERT_OK(ipc_send_handle(self->fd, self->c[0], "", handle));
		for (i = 0; i < 3; i++)
			ASSERT_OK(ipc_send(self->fd, self->p[0], sent++, NULL,
					   0));
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->c[1], &self->m));
		handle = self->m.att[0].handle;
		for (i = 0; i < 2; i++) {
			ASSERT_OK(ipc_tryrecv_from(self->fd, handle, &self->m));
			EXPECT_EQ(next++, self->m.r.ordinal);
		}
	}
	while (next < sent) {
		ASSERT_OK(ipc_tryrecv_from(self->fd, handle, &self->m));
		EXPECT_EQ(next++, self->m.r.ordinal);
	}
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* What is sent through it by one holder after the other. */
TEST_F(transfer, order_of_what_it_sends)
{
	uint32_t handle = self->p[0];
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_OK(ipc_send(self->fd, handle, i, NULL, 0));
		handle = move(self->fd, self->c, handle);
		ASSERT_NE(0, handle);
	}
	for (i = 0; i < 20; i++) {
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->p[1], &self->m));
		EXPECT_EQ(i, self->m.r.ordinal);
	}
}

struct sender {
	pthread_t thread;
	int fd;
	uint32_t handle;
	int ret;
};

enum {
	STREAM = 800
};

static void *streams(void *arg)
{
	struct sender *s = arg;
	int i;

	for (i = 0; i < STREAM && !s->ret; i++)
		s->ret = ipc_send(s->fd, s->handle, i, NULL, 0);
	return NULL;
}

/* One end is sent to and fro while the other end keeps sending. */
TEST_F(transfer, order_under_way)
{
	struct sender s = { .fd = self->fd, .handle = self->p[0] };
	uint32_t handle = self->p[1];
	int next = 0;

	ASSERT_EQ(0, pthread_create(&s.thread, NULL, streams, &s));
	while (next < STREAM) {
		handle = move(self->fd, self->c, handle);
		ASSERT_NE(0, handle);
		ASSERT_OK(ipc_recv_from(self->fd, handle, &self->m));
		EXPECT_EQ(next++, self->m.r.ordinal);
		while (next < STREAM && next % 7 &&
		       !ipc_tryrecv_from(self->fd, handle, &self->m))
			EXPECT_EQ(next++, self->m.r.ordinal);
	}
	pthread_join(s.thread, NULL);
	EXPECT_OK(s.ret);
}

/* PEER_CLOSED is not lost when the end moves before it was told, or after. */
TEST_F(transfer, peer_closed_moves_along)
{
	uint32_t handle;

	ASSERT_OK(ipc_send(self->fd, self->p[0], 1, NULL, 0));
	ASSERT_OK(ipc_close(self->fd, self->p[0]));
	handle = move(self->fd, self->c, self->p[1]);
	ASSERT_NE(0, handle);
	ASSERT_OK(ipc_tryrecv_from(self->fd, handle, &self->m));
	EXPECT_EQ(1, self->m.r.ordinal);
	ASSERT_OK(ipc_tryrecv_from(self->fd, handle, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	/* its new holder does not know yet */
	handle = move(self->fd, self->c, handle);
	ASSERT_NE(0, handle);
	ASSERT_OK(ipc_tryrecv_from(self->fd, handle, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_ERR(EPIPE, ipc_tryrecv_from(self->fd, handle, &self->m));
}

/* Closed while it is in flight. */
TEST_F(transfer, peer_closes_in_flight)
{
	ASSERT_OK(ipc_send_handle(self->fd, self->c[0], "", self->p[1]));
	ASSERT_OK(ipc_send_str(self->fd, self->p[0], 1, "last"));
	ASSERT_OK(ipc_close(self->fd, self->p[0]));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(self->c[1], self->m.r.from);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_STREQ("last", self->m.data);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
}

/* --------------------------------------------------- who is in it, or waits */

TEST_F(transfer, calls_in_a_moved_endpoint)
{
	struct async_call received, queued;
	uint32_t reply, handle;

	ASSERT_OK(async_call(&received, self->fd, self->p[0], "received"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	reply = self->m.r.reply_handle;
	ASSERT_OK(async_call(&queued, self->fd, self->p[0], "queued"));
	ASSERT_OK(async_wait_asleep(&queued.async));
	handle = move(self->fd, self->c, self->p[1]);
	ASSERT_NE(0, handle);
	ASSERT_OK(ipc_recv_from(self->fd, handle, &self->m));
	EXPECT_STREQ("queued", self->m.data);
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "2"));
	ASSERT_OK(async_call_join(&queued));
	ASSERT_OK(ipc_reply_str(self->fd, reply, "1"));
	ASSERT_OK(async_call_join(&received));
	EXPECT_STREQ("1", received.reply);
}

/* The caller's end moves on; the answer still comes to who asked. */
TEST_F(transfer, endpoint_of_a_waiting_caller)
{
	struct async_call c;

	ASSERT_OK(async_call(&c, self->fd, self->p[0], "?"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_NE(0, move(self->fd, self->c, self->p[0]));
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "!"));
	EXPECT_OK(async_call_join(&c));
	EXPECT_STREQ("!", c.reply);
}

/* ------------------------------------------------------------------ counts */

TEST_F(transfer, most_attachments)
{
	struct capipc_attachment att[CAPIPC_ATTACHMENTS_MAX + 1];
	uint32_t h[CAPIPC_ATTACHMENTS_MAX + 1][2];
	struct capipc_inspect a, b;
	int i, n = CAPIPC_ATTACHMENTS_MAX;

	for (i = 0; i <= n; i++) {
		ASSERT_OK(ipc_create(self->fd, h[i]));
		att[i] = ipc_attach(h[i][0]);
	}
	EXPECT_ERR(EINVAL,
		   ipc_send_full(self->fd, self->c[0], 0, NULL, 0, att, n + 1));
	for (i = 0; i <= n; i++)
		EXPECT_OK(ipc_alive(self->fd, h[i][0]));
	ASSERT_OK(ipc_send_full(self->fd, self->c[0], 0, NULL, 0, att, n));
	EXPECT_OK(ipc_alive(self->fd, h[n][0]));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_EQ(n, self->m.r.attachments_count);
	/* in the order in which they were given */
	for (i = 0; i < n; i++) {
		ASSERT_OK(ipc_do_inspect(self->fd, h[i][1], &a));
		ASSERT_OK(ipc_do_inspect(self->fd, self->m.att[i].handle, &b));
		EXPECT_EQ(a.object_id, b.object_id);
		EXPECT_ERR(EBADF, ipc_alive(self->fd, h[i][0]));
	}
}

/* Both ends of one pipe in one message, or one after the other. */
TEST_F(transfer, both_ends)
{
	struct capipc_attachment att[2] = { ipc_attach(self->p[0]),
					    ipc_attach(self->p[1]) };
	uint32_t a, b;

	ASSERT_OK(ipc_send_str(self->fd, self->p[0], 1, "inside"));
	ASSERT_OK(ipc_send_full(self->fd, self->c[0], 0, NULL, 0, att, 2));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_EQ(2, self->m.r.attachments_count);
	a = self->m.att[0].handle;
	b = self->m.att[1].handle;
	ASSERT_OK(ipc_recv_from(self->fd, b, &self->m));
	EXPECT_STREQ("inside", self->m.data);
	ASSERT_OK(ipc_send_handle(self->fd, self->c[0], "", a));
	ASSERT_OK(ipc_send_handle(self->fd, self->c[0], "", b));
	/* nobody takes them: they go with the carrier */
	ASSERT_OK(ipc_close(self->fd, self->c[1]));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->c[0], 1, "x"));
}

/* --------------------------------------------------------------- processes */

static void passes_on(struct __test_metadata *_metadata, struct peer *peer)
{
	struct ipc_message m;
	int i;

	for (i = 0; i < 50; i++) {
		ASSERT_OK(ipc_recv(peer->fd, &m));
		ASSERT_EQ(1, m.r.attachments_count);
		ASSERT_OK(ipc_send(peer->fd, m.att[0].handle, i, "hello", 5));
		ASSERT_OK(ipc_send_handle(peer->fd, peer->ep, "back",
					  m.att[0].handle));
	}
}

/* To another process and back, fifty times. */
TEST_F(transfer, to_and_fro)
{
	struct peer peer = { .fn = passes_on, .fd = self->fd };
	uint32_t handle = self->p[0];
	int i;

	PEER_START(&peer);
	for (i = 0; i < 50; i++) {
		ASSERT_OK(ipc_send_handle(self->fd, peer.ep, "", handle));
		ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
		ASSERT_EQ(1, self->m.r.attachments_count);
		handle = self->m.att[0].handle;
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->p[1], &self->m));
		EXPECT_EQ(i, self->m.r.ordinal);
	}
	PEER_WAIT(&peer);
}

TEST_HARNESS_MAIN
