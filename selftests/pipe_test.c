// SPDX-License-Identifier: GPL-2.0
/*
 * Pipes: between processes, and their end.
 */
#include "async.h"

FIXTURE(pipe)
{
	int fd;
	uint32_t h[2];
	struct ipc_message m;
};

FIXTURE_SETUP(pipe)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
}

FIXTURE_TEARDOWN(pipe)
{
	close(self->fd);
}

TEST_F(pipe, drain_then_epipe)
{
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_OK(ipc_send(self->fd, self->h[0], i, NULL, 0));
	ASSERT_OK(ipc_close(self->fd, self->h[0]));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->h[1], 1, "x"));
	for (i = 0; i < 3; i++) {
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
		EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, self->m.r.type);
		EXPECT_EQ(i, self->m.r.ordinal);
	}
	/* once */
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_EQ(self->h[1], self->m.r.from);
	EXPECT_EQ(0, self->m.r.data_len);
	EXPECT_EQ(0, self->m.r.attachments_count);
	EXPECT_EQ(0, self->m.r.reply_handle);
	EXPECT_EQ(0, self->m.r.ordinal);
	EXPECT_EQ(0, self->m.r.stamp.id);
	EXPECT_EQ(0, self->m.r.stamp.capabilities);
	EXPECT_EQ(0, self->m.r.stamp.uid);
	EXPECT_EQ(0, self->m.r.stamp.gid);
	EXPECT_EQ(0, self->m.r.stamp.pid);
	EXPECT_EQ(0, self->m.r.stamp.flags);
	/* and then never again */
	EXPECT_ERR(EPIPE, ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_ERR(EPIPE, ipc_recv_from(self->fd, self->h[1], &self->m));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_ERR(EPIPE, ipc_call_str(self->fd, self->h[1], 1, "x", NULL, 0));
	EXPECT_OK(ipc_close(self->fd, self->h[1]));
}

TEST_F(pipe, peer_closed_once_over_the_context)
{
	uint32_t h[5][2], seen[5] = { 0 };
	int i, j;

	for (i = 0; i < 5; i++) {
		ASSERT_OK(ipc_create_cookies(self->fd, h[i], 0, i));
		ASSERT_OK(ipc_close(self->fd, h[i][0]));
	}
	for (i = 0; i < 5; i++) {
		ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
		ASSERT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
		ASSERT_LT(self->m.r.cookie, 5);
		EXPECT_EQ(h[self->m.r.cookie][1], self->m.r.from);
		seen[self->m.r.cookie]++;
	}
	for (j = 0; j < 5; j++)
		EXPECT_EQ(1, seen[j]);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* It needs no room, however little the receiver gives. */
TEST_F(pipe, peer_closed_without_room)
{
	struct capipc_receive r = { .flags = CAPIPC_NOWAIT };

	ASSERT_OK(ipc_close(self->fd, self->h[0]));
	EXPECT_OK(ipc_do_receive(self->fd, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, r.type);
}

/* Who waits is woken by the end of the peer, with a filter and without. */
TEST_F(pipe, peer_closes_while_we_wait)
{
	struct async_receive one, all;
	uint32_t h[2];

	ASSERT_OK(ipc_create(self->fd, h));
	ASSERT_OK(async_receive(&one, self->fd, self->h[1], ipc_soon()));
	ASSERT_OK(async_wait_asleep(&one.async));
	ASSERT_OK(ipc_close(self->fd, self->h[0]));
	EXPECT_OK(async_receive_join(&one));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, one.m.r.type);

	ASSERT_OK(async_receive(&all, self->fd, 0, ipc_soon()));
	ASSERT_OK(async_wait_asleep(&all.async));
	ASSERT_OK(ipc_close(self->fd, h[0]));
	EXPECT_OK(async_receive_join(&all));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, all.m.r.type);
	EXPECT_EQ(h[1], all.m.r.from);
}

/* The handle that a thread waits for is closed under it. */
TEST_F(pipe, own_end_closed_while_we_wait)
{
	struct async_receive one;

	ASSERT_OK(async_receive(&one, self->fd, self->h[1], ipc_soon()));
	ASSERT_OK(async_wait_asleep(&one.async));
	ASSERT_OK(ipc_close(self->fd, self->h[1]));
	EXPECT_ERR(EBADF, async_receive_join(&one));
}

/* What was queued towards an end that closes is lost, with what is in it. */
TEST_F(pipe, close_loses_what_was_not_received)
{
	uint32_t p[2], q[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "q inside p", q[0]));
	ASSERT_OK(ipc_send_handle(self->fd, self->h[0], "p inside", p[1]));
	ASSERT_OK(ipc_close(self->fd, self->h[1]));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, p[0], 1, "x"));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, q[1], 1, "x"));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->h[0], 1, "x"));
}

/* A handle that goes to nobody stays. */
TEST_F(pipe, send_to_a_closed_peer)
{
	uint32_t q[2];

	ASSERT_OK(ipc_create(self->fd, q));
	ASSERT_OK(ipc_close(self->fd, self->h[1]));
	EXPECT_ERR(EPIPE, ipc_send_handle(self->fd, self->h[0], "", q[0]));
	EXPECT_OK(ipc_alive(self->fd, q[0]));
	EXPECT_OK(ipc_send_str(self->fd, q[0], 1, "still works"));
}

/* -------------------------------------------------------------- processes */

static void echoes(struct __test_metadata *_metadata, struct peer *peer)
{
	struct ipc_message m;
	int i;

	for (i = 0; i < 100; i++) {
		ASSERT_OK(ipc_recv(peer->fd, &m));
		ASSERT_EQ(peer->ep, m.r.from);
		ASSERT_OK(ipc_send(peer->fd, peer->ep, m.r.ordinal + 1, m.data,
				   m.r.data_len));
	}
}

TEST_F(pipe, two_processes)
{
	struct peer peer = { .fn = echoes, .fd = self->fd };
	char text[32];
	int i;

	PEER_START(&peer);
	for (i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "message %d", i);
		ASSERT_OK(ipc_send_str(self->fd, peer.ep, i, text));
		ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
		EXPECT_EQ(i + 1, self->m.r.ordinal);
		EXPECT_STREQ(text, self->m.data);
	}
	PEER_WAIT(&peer);
}

static void last_words(struct __test_metadata *_metadata, struct peer *peer)
{
	uint32_t h[2];
	int i;

	for (i = 0; i < 10; i++)
		ASSERT_OK(ipc_send(peer->fd, peer->ep, i, "last", 4));
	/* one with the end of a pipe whose other end dies here */
	ASSERT_OK(ipc_create(peer->fd, h));
	ASSERT_OK(ipc_send_str(peer->fd, h[0], 1, "from the other end"));
	ASSERT_OK(ipc_send_handle(peer->fd, peer->ep, "heir", h[1]));
	raise(SIGKILL);
}

TEST_F(pipe, messages_survive_death)
{
	struct peer peer = { .fn = last_words, .fd = self->fd };
	uint32_t heir;
	int i, status;

	PEER_START(&peer);
	/* it kills itself, when it has said all */
	ASSERT_EQ(peer.child.pid, waitpid(peer.child.pid, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	for (i = 0; i < 10; i++) {
		ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
		EXPECT_EQ(i, self->m.r.ordinal);
		EXPECT_STREQ("last", self->m.data);
		EXPECT_EQ(peer.child.pid, self->m.r.stamp.pid)
		TH_LOG("a dead process has no number any more: %u",
		       self->m.r.stamp.pid);
	}
	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	ASSERT_EQ(1, self->m.r.attachments_count);
	heir = self->m.att[0].handle;
	ASSERT_OK(ipc_recv_from(self->fd, heir, &self->m));
	EXPECT_STREQ("from the other end", self->m.data);
	ASSERT_OK(ipc_recv_from(self->fd, heir, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

static void stalls(struct __test_metadata *_metadata, struct peer *peer)
{
	ASSERT_OK(sync_wait(peer->sock));
}

/* What a dead receiver had not received is closed. */
TEST_F(pipe, receiver_dies)
{
	struct async_receive waiting;
	struct peer peer = { .fn = stalls, .fd = self->fd };

	PEER_START(&peer);
	ASSERT_OK(ipc_send_handle(self->fd, peer.ep, "for you", self->h[0]));
	EXPECT_OK(ipc_send_str(self->fd, self->h[1], 1, "queued in flight"));
	ASSERT_OK(async_receive(&waiting, self->fd, self->h[1], ipc_soon()));
	ASSERT_OK(async_wait_asleep(&waiting.async));
	PEER_KILL(&peer);
	EXPECT_OK(async_receive_join(&waiting));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, waiting.m.r.type);
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->h[1], 1, "x"));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, peer.ep, 1, "x"));
}

/* Death while a hundred pipes are open: each says so, once. */
static void opens_many(struct __test_metadata *_metadata, struct peer *peer)
{
	uint32_t h[2];
	int i;

	for (i = 0; i < 50; i++) {
		ASSERT_OK(ipc_create(peer->fd, h));
		ASSERT_OK(ipc_send_handle(peer->fd, peer->ep, "end", h[1]));
	}
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
}

TEST_F(pipe, death_closes_all_of_them)
{
	struct peer peer = { .fn = opens_many, .fd = self->fd };
	uint32_t from[51];
	int i, j;

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	for (i = 0; i < 50; i++) {
		ASSERT_OK(ipc_recv(self->fd, &self->m));
		ASSERT_EQ(CAPIPC_RECEIVED_MESSAGE, self->m.r.type);
	}
	PEER_KILL(&peer);
	for (i = 0; i < 51; i++) {
		ASSERT_OK(ipc_recv(self->fd, &self->m));
		ASSERT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
		from[i] = self->m.r.from;
		for (j = 0; j < i; j++)
			EXPECT_NE(from[j], from[i]);
	}
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* Close from two threads at once: one of them has closed it. */
struct closer {
	int fd;
	uint32_t handle;
	pthread_barrier_t *barrier;
	int ret;
};

static void *closes(void *arg)
{
	struct closer *c = arg;

	pthread_barrier_wait(c->barrier);
	c->ret = ipc_close(c->fd, c->handle);
	return NULL;
}

TEST_F(pipe, racing_close)
{
	pthread_barrier_t barrier;
	struct closer c[2];
	pthread_t t[2];
	int64_t end = ipc_in(8000);
	uint32_t h[2];
	int i, j;

	for (i = 0; i < 100 && ipc_now() < end; i++) {
		ASSERT_OK(ipc_create(self->fd, h));
		pthread_barrier_init(&barrier, NULL, 2);
		for (j = 0; j < 2; j++) {
			c[j] = (struct closer){ self->fd, h[0], &barrier, 1 };
			ASSERT_EQ(0,
				  pthread_create(&t[j], NULL, closes, &c[j]));
		}
		for (j = 0; j < 2; j++)
			pthread_join(t[j], NULL);
		EXPECT_TRUE((c[0].ret == 0 && c[1].ret == -EBADF) ||
			    (c[1].ret == 0 && c[0].ret == -EBADF))
		TH_LOG("%s and %s", ipc_errname(c[0].ret),
		       ipc_errname(c[1].ret));
		ASSERT_OK(ipc_recv_from(self->fd, h[1], &self->m));
		EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
		ASSERT_OK(ipc_close(self->fd, h[1]));
	}
}

TEST_HARNESS_MAIN
