// SPDX-License-Identifier: GPL-2.0
/*
 * Messages: sizes, order, ordinals, the window, all or nothing.
 */
#include "async.h"

FIXTURE(message)
{
	int fd;
	uint32_t h[2];
	struct ipc_message m;
	unsigned char *in, *out;
};

FIXTURE_SETUP(message)
{
	uint32_t i;

	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
	self->in = malloc(CAPIPC_MESSAGE_MAX + 64);
	self->out = malloc(CAPIPC_MESSAGE_MAX + 64);
	ASSERT_NE(NULL, self->in);
	ASSERT_NE(NULL, self->out);
	for (i = 0; i < CAPIPC_MESSAGE_MAX + 64; i++)
		self->in[i] = i * 2654435761U >> 24;
}

FIXTURE_TEARDOWN(message)
{
	close(self->fd);
	free(self->in);
	free(self->out);
}

static int take(int fd, uint32_t handle, void *data, uint32_t room,
		struct capipc_receive *r)
{
	memset(r, 0, sizeof(*r));
	r->flags = CAPIPC_NOWAIT;
	r->handle = handle;
	r->data = ipc_ptr(data);
	r->data_capacity = room;
	return ipc_do_receive(fd, r);
}

TEST_F(message, sizes)
{
	static const uint32_t sizes[] = {
		0,	 1,
		2,	 7,
		8,	 15,
		63,	 64,
		65,	 255,
		256,	 1000,
		2047,	 2048,
		3983,	 4000,
		4032,	 4095,
		4096,	 4097,
		8191,	 8192,
		8193,	 16384,
		32704,	 32768,
		65535,	 65536,
		65537,	 131072,
		262144,	 524288,
		1048575, CAPIPC_MESSAGE_MAX,
	};
	struct capipc_receive r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint32_t n = sizes[i];

		ASSERT_OK(ipc_trysend(self->fd, self->h[0], n, self->in, n))
		TH_LOG("%u bytes", n);
		memset(self->out, IPC_POISON, n + 64);
		ASSERT_OK(take(self->fd, self->h[1], self->out, n, &r))
		TH_LOG("%u bytes", n);
		EXPECT_EQ(n, r.data_len);
		EXPECT_EQ(n, r.ordinal);
		EXPECT_EQ(0, memcmp(self->in, self->out, n))
		TH_LOG("%u bytes", n);
		/* and not a byte more */
		EXPECT_EQ(IPC_POISON, self->out[n]);
		EXPECT_EQ(IPC_POISON, self->out[n + 63]);
	}
	EXPECT_ERR(EMSGSIZE, ipc_trysend(self->fd, self->h[0], 0, self->in,
					 CAPIPC_MESSAGE_MAX + 1));
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
}

/* What the kernel says about a message, all of it. */
TEST_F(message, members)
{
	uint32_t h[2];

	ASSERT_OK(ipc_create_cookies(self->fd, h, 10, 11));
	ASSERT_OK(ipc_send_str(self->fd, h[0], 0xfedcba98, "hello"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, self->m.r.type);
	EXPECT_EQ(h[1], self->m.r.from);
	EXPECT_EQ(0xfedcba98, self->m.r.ordinal);
	EXPECT_EQ(5, self->m.r.data_len);
	EXPECT_STREQ("hello", self->m.data);
	EXPECT_EQ(0, self->m.r.attachments_count);
	EXPECT_EQ(0, self->m.r.reply_handle);
	EXPECT_EQ(0, self->m.r.reply_capacity);
	EXPECT_EQ(0, self->m.r.reply_attachments_capacity);
	EXPECT_EQ(0, self->m.r.facet);
	EXPECT_EQ(11, self->m.r.cookie);
	EXPECT_EQ(geteuid(), self->m.r.stamp.uid);
	EXPECT_EQ(getpid(), self->m.r.stamp.pid);
	EXPECT_NE(0, self->m.r.stamp.id);
	/* what was not needed was not touched */
	EXPECT_EQ(IPC_POISON32, self->m.att[0].handle);
	EXPECT_EQ((char)IPC_POISON, self->m.data[6]);
}

TEST_F(message, ordinals)
{
	static const uint32_t ordinals[] = { 0, 1, 0x7fffffff, 0x80000000,
					     0xffffffff };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ordinals); i++)
		ASSERT_OK(ipc_send(self->fd, self->h[0], ordinals[i], NULL, 0));
	for (i = 0; i < ARRAY_SIZE(ordinals); i++) {
		ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
		EXPECT_EQ(ordinals[i], self->m.r.ordinal);
	}
}

/* Both ways at once, each in its order. */
TEST_F(message, order)
{
	struct ipc_message *m = &self->m;
	int i;

	for (i = 0; i < 60; i++) {
		ASSERT_OK(ipc_trysend(self->fd, self->h[0], i, self->in, i));
		ASSERT_OK(ipc_trysend(self->fd, self->h[1], 1000 + i, self->in,
				      i));
	}
	EXPECT_EQ(60, ipc_queued(self->fd, self->h[0]));
	EXPECT_EQ(60, ipc_queued(self->fd, self->h[1]));
	for (i = 0; i < 60; i++) {
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], m));
		EXPECT_EQ(i, m->r.ordinal);
		EXPECT_EQ(i, m->r.data_len);
	}
	for (i = 0; i < 60; i++) {
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[0], m));
		EXPECT_EQ(1000 + i, m->r.ordinal);
	}
}

/* The sender's memory may change as soon as the send is done. */
TEST_F(message, is_a_copy)
{
	char text[] = "original";

	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, text));
	memset(text, 'X', sizeof(text));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_STREQ("original", self->m.data);
}

/* ------------------------------------------------------------- the window */

/* Fill the window from h[0] to h[1]: how many went in. */
static int fill(int fd, uint32_t handle, const void *data, uint32_t len,
		int *ret)
{
	int n = 0;

	while (!(*ret = ipc_trysend(fd, handle, n, data, len)))
		if (++n == 1000000)
			break;
	return n;
}

TEST_F(message, window_of_messages)
{
	struct capipc_info info;
	int n, ret, i;

	ASSERT_OK(ipc_do_info(self->fd, &info));
	n = fill(self->fd, self->h[0], NULL, 0, &ret);
	EXPECT_ERR(EAGAIN, ret);
	EXPECT_GT(n, 0);
	EXPECT_LE(n, info.window_messages);
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
	/* the other way is another window */
	EXPECT_OK(ipc_trysend(self->fd, self->h[1], 0, NULL, 0));
	/* one out, one in; not two */
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_EQ(0, self->m.r.ordinal);
	EXPECT_OK(ipc_trysend(self->fd, self->h[0], n, NULL, 0));
	EXPECT_ERR(EAGAIN, ipc_trysend(self->fd, self->h[0], n, NULL, 0));
	for (i = 1; i <= n; i++) {
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
		EXPECT_EQ(i, self->m.r.ordinal);
	}
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, self->h[1], &self->m));
}

TEST_F(message, window_of_bytes)
{
	struct capipc_info info;
	struct capipc_receive r;
	uint32_t len = 65536;
	int n, ret, again;

	ASSERT_OK(ipc_do_info(self->fd, &info));
	n = fill(self->fd, self->h[0], self->in, len, &ret);
	EXPECT_ERR(EAGAIN, ret);
	EXPECT_GE(n, 1);
	EXPECT_LE((uint64_t)n * len, info.window_bytes);
	/* a small one does not overtake: it may go in, behind */
	while (!take(self->fd, self->h[1], self->out, len, &r))
		;
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
	/* what was received is room again, all of it */
	again = fill(self->fd, self->h[0], self->in, len, &ret);
	EXPECT_EQ(n, again);
}

/* A full pipe is the matter of who sends into that pipe. */
TEST_F(message, window_is_of_one_pipe)
{
	uint32_t h[2];
	int ret;

	fill(self->fd, self->h[0], self->in, 1000, &ret);
	EXPECT_ERR(EAGAIN, ret);
	ASSERT_OK(ipc_create(self->fd, h));
	EXPECT_OK(ipc_trysend(self->fd, h[0], 1, self->in, 1000));
}

TEST_F(message, window_wait)
{
	struct async_send s = { .a = { .handle = self->h[0],
				       .ordinal = 4711,
				       .deadline_ns = ipc_soon() } };
	int n, i, ret;

	n = fill(self->fd, self->h[0], NULL, 0, &ret);
	ASSERT_ERR(EAGAIN, ret);
	ASSERT_OK(async_send(&s, self->fd));
	ASSERT_OK(async_wait_asleep(&s.async));
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_OK(async_send_join(&s));
	for (i = 1; i < n; i++)
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_EQ(4711, self->m.r.ordinal);
}

TEST_F(message, window_deadline)
{
	struct capipc_attachment att;
	struct capipc_send s = { .handle = self->h[0] };
	uint32_t h[2];
	int64_t start;
	int n, ret;

	ASSERT_OK(ipc_create(self->fd, h));
	n = fill(self->fd, self->h[0], NULL, 0, &ret);
	ASSERT_ERR(EAGAIN, ret);
	att = ipc_attach(h[0]);
	s.attachments = ipc_ptr(&att);
	s.attachments_count = 1;
	start = ipc_now();
	s.deadline_ns = start + 50000000;
	EXPECT_ERR(ETIMEDOUT, ipc_do_send(self->fd, &s));
	EXPECT_GE(ipc_now(), start + 50000000);
	/* one that has passed: no wait at all; also long ago and before zero */
	s.deadline_ns = start;
	EXPECT_ERR(ETIMEDOUT, ipc_do_send(self->fd, &s));
	s.deadline_ns = 0;
	EXPECT_ERR(ETIMEDOUT, ipc_do_send(self->fd, &s));
	s.deadline_ns = -1;
	EXPECT_ERR(ETIMEDOUT, ipc_do_send(self->fd, &s));
	s.deadline_ns = INT64_MIN;
	EXPECT_ERR(ETIMEDOUT, ipc_do_send(self->fd, &s));
	/* nothing was sent, nothing was moved */
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
	EXPECT_OK(ipc_alive(self->fd, h[0]));
	/* what has passed does not matter where there is no need to wait */
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_OK(ipc_do_send(self->fd, &s));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, h[0]));
}

TEST_F(message, window_signal)
{
	struct capipc_attachment att;
	struct async_send s = { .a = { .handle = self->h[0],
				       .ordinal = 4711,
				       .deadline_ns = ipc_soon(),
				       .attachments = ipc_ptr(&att),
				       .attachments_count = 1 } };
	uint32_t h[2];
	int n, i, ret;

	ASSERT_OK(ipc_create(self->fd, h));
	att = ipc_attach(h[0]);
	n = fill(self->fd, self->h[0], NULL, 0, &ret);
	ASSERT_ERR(EAGAIN, ret);

	/* without SA_RESTART: EINTR, and nothing has happened */
	ASSERT_OK(catch_signal(SIGUSR1, 0));
	ASSERT_OK(async_send(&s, self->fd));
	ASSERT_OK(async_wait_asleep(&s.async));
	ASSERT_OK(async_signal(&s.async, SIGUSR1));
	EXPECT_ERR(EINTR, async_send_join(&s));
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
	EXPECT_OK(ipc_alive(self->fd, h[0]));

	/* with it: as if there had been no signal */
	ASSERT_OK(catch_signal(SIGUSR1, SA_RESTART));
	signals_seen = 0;
	ASSERT_OK(async_send(&s, self->fd));
	for (i = 0; i < 5; i++) {
		ASSERT_OK(async_wait_asleep(&s.async));
		ASSERT_OK(async_signal(&s.async, SIGUSR1));
		while (signals_seen <= i)
			usleep(100);
	}
	ASSERT_OK(async_wait_asleep(&s.async));
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_OK(async_send_join(&s));
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, h[0]));
}

/* Who waits for room learns at once that there will be none. */
TEST_F(message, window_peer_closes)
{
	struct async_send s = { .a = { .handle = self->h[0],
				       .deadline_ns = ipc_soon() } };
	int ret;

	fill(self->fd, self->h[0], NULL, 0, &ret);
	ASSERT_ERR(EAGAIN, ret);
	ASSERT_OK(async_send(&s, self->fd));
	ASSERT_OK(async_wait_asleep(&s.async));
	ASSERT_OK(ipc_close(self->fd, self->h[1]));
	EXPECT_ERR(EPIPE, async_send_join(&s));
}

/* Several who wait for room: each gets its turn, none is forgotten. */
TEST_F(message, window_many_waiters)
{
	struct async_send s[8];
	int n, i, ret;

	n = fill(self->fd, self->h[0], NULL, 0, &ret);
	ASSERT_ERR(EAGAIN, ret);
	for (i = 0; i < 8; i++) {
		memset(&s[i], 0, sizeof(s[i]));
		s[i].a.handle = self->h[0];
		s[i].a.ordinal = 5000 + i;
		s[i].a.deadline_ns = ipc_soon();
		ASSERT_OK(async_send(&s[i], self->fd));
		ASSERT_OK(async_wait_asleep(&s[i].async));
	}
	for (i = 0; i < n + 8; i++)
		ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	for (i = 0; i < 8; i++)
		EXPECT_OK(async_send_join(&s[i]));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* ---------------------------------------------------------- all or nothing */

TEST_F(message, failed_send_leaves_everything)
{
	struct capipc_attachment att[5];
	struct capipc_inspect a;
	uint32_t p[2], q[2], weak;
	uint32_t closed[2];
	int i;

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	ASSERT_OK(ipc_create(self->fd, closed));
	ASSERT_OK(ipc_close(self->fd, closed[1]));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	ASSERT_OK(ipc_send_str(self->fd, p[1], 1, "queued in p"));
	/* one that cannot be moved */
	att[0] = ipc_attach_rights(q[0], CAPIPC_RIGHT_READ);
	ASSERT_OK(ipc_send_full(self->fd, self->h[0], 0, NULL, 0, att, 1));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	weak = self->m.att[0].handle;

	for (i = 0; i < 4; i++) {
		uint32_t to = self->h[0];
		int err;

		att[0] = ipc_attach(p[0]);
		att[1] = ipc_attach(p[1]);
		att[2] = ipc_attach(q[1]);
		switch (i) {
		case 0:
			att[2] = ipc_attach(weak);
			err = EPERM;
			break;
		case 1:
			att[2] = ipc_attach(0xfffffff);
			err = EBADF;
			break;
		case 2:
			to = closed[0];
			err = EPIPE;
			break;
		default:
			att[2] = ipc_attach_rights(q[1], CAPIPC_RIGHT_MAP);
			err = EPERM;
			break;
		}
		EXPECT_ERR(err, ipc_send_full(self->fd, to, 1, self->in, 100,
					      att, 3))
		TH_LOG("case %d", i);
		EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
		ASSERT_OK(ipc_do_inspect(self->fd, p[0], &a));
		EXPECT_EQ(1, a.queued);
		EXPECT_EQ(IPC_RIGHTS_ENDPOINT, a.rights);
		EXPECT_OK(ipc_alive(self->fd, p[1]));
		EXPECT_OK(ipc_alive(self->fd, q[1]));
		EXPECT_OK(ipc_alive(self->fd, weak));
		/* still ready: it was put back as it was */
		ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
		EXPECT_EQ(p[0], self->m.r.from);
		ASSERT_OK(ipc_send_str(self->fd, p[1], 1, "queued in p"));
	}
}

/* The same handle twice in one message. */
TEST_F(message, duplicate_attachment)
{
	struct capipc_attachment att[3];
	uint32_t p[2], q[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	att[0] = ipc_attach(p[0]);
	att[1] = ipc_attach(q[0]);
	att[2] = ipc_attach(p[0]);
	EXPECT_ERR(EINVAL,
		   ipc_send_full(self->fd, self->h[0], 0, NULL, 0, att, 3));
	EXPECT_OK(ipc_alive(self->fd, p[0]));
	EXPECT_OK(ipc_alive(self->fd, q[0]));
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
	EXPECT_OK(ipc_send_str(self->fd, p[0], 0, "works"));
}

TEST_HARNESS_MAIN
