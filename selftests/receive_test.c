// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving: from all of a context, in turn; room, filters, threads, deadlines,
 * signals.
 */
#include "async.h"
#include "capipc_test_memory.h"

FIXTURE(receive)
{
	int fd;
	uint32_t h[2];
	struct ipc_message m;
};

FIXTURE_SETUP(receive)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
}

FIXTURE_TEARDOWN(receive)
{
	close(self->fd);
}

/* ------------------------------------------------------------------- room */

static int peek(int fd, uint32_t handle, uint32_t room, uint32_t att_room,
		struct capipc_receive *r)
{
	static char buf[256];
	static struct capipc_attachment att[8];
	size_t i;
	int ret;

	memset(buf, IPC_POISON, sizeof(buf));
	memset(r, 0, sizeof(*r));
	r->flags = CAPIPC_NOWAIT;
	r->handle = handle;
	r->data = ipc_ptr(buf);
	r->data_capacity = room;
	r->attachments = ipc_ptr(att);
	r->attachments_capacity = att_room;
	ret = ipc_do_receive(fd, r);
	/* what fails has given nothing away */
	for (i = 0; ret && i < sizeof(buf); i++)
		if (buf[i] != (char)IPC_POISON)
			return -EPROTO;
	return ret;
}

TEST_F(receive, too_little_room)
{
	struct capipc_attachment att[2];
	struct capipc_receive r;
	uint32_t p[2];
	int i;

	ASSERT_OK(ipc_create(self->fd, p));
	att[0] = ipc_attach(p[0]);
	att[1] = ipc_attach(p[1]);
	ASSERT_OK(ipc_send_full(self->fd, self->h[0], 8, "ten bytes!", 10, att,
				2));
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 9, "small"));
	for (i = 0; i < 6; i++) {
		static const uint32_t room[][2] = { { 0, 0 },  { 9, 2 },
						    { 10, 1 }, { 10, 0 },
						    { 0, 2 },  { 9, 1 } };

		EXPECT_ERR(EMSGSIZE, peek(self->fd, i & 1 ? self->h[1] : 0,
					  room[i][0], room[i][1], &r))
		TH_LOG("room %d", i);
		EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, r.type);
		EXPECT_EQ(self->h[1], r.from);
		EXPECT_EQ(10, r.data_len);
		EXPECT_EQ(2, r.attachments_count);
		EXPECT_EQ(2, ipc_queued(self->fd, self->h[1]));
		EXPECT_ERR(EBADF, ipc_alive(self->fd, p[0]));
	}
	/* exactly enough */
	EXPECT_OK(peek(self->fd, 0, 10, 2, &r));
	EXPECT_EQ(8, r.ordinal);
	EXPECT_ERR(EMSGSIZE, peek(self->fd, 0, 4, 0, &r));
	EXPECT_EQ(5, r.data_len);
	EXPECT_EQ(0, r.attachments_count);
	EXPECT_OK(peek(self->fd, 0, 5, 0, &r));
	EXPECT_ERR(EAGAIN, peek(self->fd, 0, 5, 0, &r));
}

TEST_F(receive, too_little_room_for_a_call)
{
	struct capipc_receive r;
	struct async_call c;

	ASSERT_OK(async_call(&c, self->fd, self->h[0], "question"));
	ASSERT_OK(async_wait_asleep(&c.async));
	EXPECT_ERR(EMSGSIZE, peek(self->fd, 0, 7, 0, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_CALL, r.type);
	EXPECT_EQ(self->h[1], r.from);
	EXPECT_EQ(8, r.data_len);
	EXPECT_FALSE(async_ended(&c.async));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_STREQ("question", self->m.data);
	EXPECT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "answer"));
	EXPECT_OK(async_call_join(&c));
	EXPECT_STREQ("answer", c.reply);
}

/* ----------------------------------------------------------------- in turn */

/* Each of n pipes that have something is served within n receives. */
TEST_F(receive, round_robin)
{
	enum {
		PIPES = 5,
		EACH = 12
	};
	uint32_t h[PIPES][2];
	int i, j, k, count[PIPES] = { 0 };

	for (i = 0; i < PIPES; i++) {
		ASSERT_OK(ipc_create_cookies(self->fd, h[i], 0, i));
		for (j = 0; j < EACH; j++)
			ASSERT_OK(ipc_send(self->fd, h[i][0], j, NULL, 0));
	}
	for (j = 0; j < EACH; j++) {
		int seen[PIPES] = { 0 };

		for (k = 0; k < PIPES; k++) {
			ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
			ASSERT_LT(self->m.r.cookie, PIPES);
			i = self->m.r.cookie;
			EXPECT_EQ(count[i], self->m.r.ordinal);
			count[i]++;
			EXPECT_EQ(0, seen[i]++)
			TH_LOG("pipe %d twice in round %d", i, j);
		}
	}
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* A pipe that is never empty does not keep another from being served. */
TEST_F(receive, flood)
{
	uint32_t quiet[2];
	int i, ret;

	ASSERT_OK(ipc_create(self->fd, quiet));
	do {
		ret = ipc_trysend(self->fd, self->h[0], 0, NULL, 0);
	} while (!ret);
	ASSERT_ERR(EAGAIN, ret);
	for (i = 0; i < 50; i++) {
		ASSERT_OK(ipc_send(self->fd, quiet[0], 1, NULL, 0));
		ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
		ipc_trysend(self->fd, self->h[0], 0, NULL, 0);
		if (self->m.r.from == quiet[1])
			continue;
		ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
		EXPECT_EQ(quiet[1], self->m.r.from);
		ipc_trysend(self->fd, self->h[0], 0, NULL, 0);
	}
}

/* A message that does not fit does not starve the others either. */
TEST_F(receive, connections_have_their_turn)
{
	uint32_t listener, ep;
	char name[48];
	int i, ret, got = 0;

	snprintf(name, sizeof(name), "selftest/%d/turn", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	do {
		ret = ipc_trysend(self->fd, self->h[0], 0, NULL, 0);
	} while (!ret);
	ASSERT_OK(ipc_connect(self->fd, name, &ep));
	for (i = 0; i < 2; i++) {
		ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
		got += self->m.r.type == CAPIPC_RECEIVED_CONNECTION;
	}
	EXPECT_EQ(1, got);
}

/* ----------------------------------------------------------------- filters */

TEST_F(receive, by_handle)
{
	uint32_t p[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "first"));
	ASSERT_OK(ipc_send_str(self->fd, p[0], 1, "second"));
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "third"));
	EXPECT_OK(ipc_tryrecv_from(self->fd, p[1], &self->m));
	EXPECT_STREQ("second", self->m.data);
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, p[1], &self->m));
	EXPECT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_STREQ("first", self->m.data);
	EXPECT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_STREQ("third", self->m.data);
}

/*
 * One thread waits for one pipe, another for all, in both orders: what comes
 * for the other pipe is taken by the second, and does not wake the first only.
 */
TEST_F(receive, filter_and_all)
{
	struct async_receive one, all;
	uint32_t p[2];
	int i;

	ASSERT_OK(ipc_create(self->fd, p));
	for (i = 0; i < 4; i++) {
		if (i & 1) {
			ASSERT_OK(async_receive(&all, self->fd, 0, ipc_soon()));
			ASSERT_OK(async_wait_asleep(&all.async));
		}
		ASSERT_OK(async_receive(&one, self->fd, p[1], ipc_soon()));
		ASSERT_OK(async_wait_asleep(&one.async));
		if (!(i & 1)) {
			ASSERT_OK(async_receive(&all, self->fd, 0, ipc_soon()));
			ASSERT_OK(async_wait_asleep(&all.async));
		}
		ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "for all"));
		EXPECT_OK(async_receive_join(&all));
		EXPECT_STREQ("for all", all.m.data);
		EXPECT_FALSE(async_ended(&one.async));
		ASSERT_OK(ipc_send_str(self->fd, p[0], 1, "for one"));
		EXPECT_OK(async_receive_join(&one));
		EXPECT_STREQ("for one", one.m.data);
	}
}

/* ----------------------------------------------------------------- threads */

enum {
	TAKERS = 6,
	MESSAGES = 600
};

struct taker {
	pthread_t thread;
	int fd;
	int ret;
	unsigned char *seen;
};

static void *takes(void *arg)
{
	struct taker *t = arg;
	struct ipc_message m;

	for (;;) {
		t->ret = ipc_recv(t->fd, &m);
		if (t->ret || m.r.ordinal == MESSAGES)
			return NULL;
		__atomic_add_fetch(&t->seen[m.r.ordinal], 1, __ATOMIC_SEQ_CST);
	}
}

static int taken(const unsigned char *seen)
{
	int i, n = 0;

	for (i = 0; i < MESSAGES; i++)
		n += __atomic_load_n(&seen[i], __ATOMIC_SEQ_CST);
	return n;
}

/* Many wait; each message wakes one, and none is lost or taken twice. */
TEST_F(receive, many_threads)
{
	static unsigned char seen[MESSAGES];
	struct taker t[TAKERS];
	int64_t until = ipc_now() + 15000000000LL;
	uint32_t h[4][2];
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_OK(ipc_create(self->fd, h[i]));
	for (i = 0; i < TAKERS; i++) {
		t[i] = (struct taker){ .fd = self->fd, .seen = seen };
		ASSERT_EQ(0, pthread_create(&t[i].thread, NULL, takes, &t[i]));
	}
	for (i = 0; i < MESSAGES; i++)
		ASSERT_OK(ipc_send(self->fd, h[i % 4][0], i, NULL, 0));
	/*
	 * A thread that has to wait for a processor in the middle of receiving
	 * holds its pipe up, so the last messages may come after those of others.
	 */
	while (taken(seen) < MESSAGES && ipc_now() < until)
		usleep(1000);
	for (i = 0; i < TAKERS; i++)
		ASSERT_OK(ipc_send(self->fd, h[0][0], MESSAGES, NULL, 0));
	for (i = 0; i < TAKERS; i++) {
		pthread_join(t[i].thread, NULL);
		EXPECT_OK(t[i].ret);
	}
	for (i = 0; i < MESSAGES; i++)
		EXPECT_EQ(1, seen[i]) TH_LOG("message %d", i);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* One burst for all who sleep: as many are woken as there are messages. */
TEST_F(receive, burst)
{
	struct async_receive r[4];
	uint32_t h[4][2];
	int i, round;

	for (i = 0; i < 4; i++)
		ASSERT_OK(ipc_create(self->fd, h[i]));
	for (round = 0; round < 5; round++) {
		for (i = 0; i < 4; i++)
			ASSERT_OK(
				async_receive(&r[i], self->fd, 0, ipc_soon()));
		for (i = 0; i < 4; i++)
			ASSERT_OK(async_wait_asleep(&r[i].async));
		for (i = 0; i < 4; i++)
			ASSERT_OK(ipc_send(self->fd, h[i][0], i, NULL, 0));
		for (i = 0; i < 4; i++)
			EXPECT_OK(async_receive_join(&r[i]));
	}
}

/* ------------------------------------------------------ deadlines, signals */

TEST_F(receive, deadline)
{
	int64_t start = ipc_now(), end = start + 60000000;

	EXPECT_ERR(ETIMEDOUT, ipc_recv_flags(self->fd, &self->m, 0, 0, end));
	EXPECT_GE(ipc_now(), end);
	EXPECT_ERR(ETIMEDOUT,
		   ipc_recv_flags(self->fd, &self->m, self->h[0], 0, end));
	EXPECT_ERR(ETIMEDOUT, ipc_recv_flags(self->fd, &self->m, 0, 0, 0));
	EXPECT_ERR(ETIMEDOUT, ipc_recv_flags(self->fd, &self->m, 0, 0, -1));
	EXPECT_ERR(ETIMEDOUT,
		   ipc_recv_flags(self->fd, &self->m, 0, 0, INT64_MIN));
	/* NOWAIT says it first */
	EXPECT_ERR(EAGAIN,
		   ipc_recv_flags(self->fd, &self->m, 0, CAPIPC_NOWAIT, 0));
	/* where there is no need to wait, it does not matter */
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "x"));
	EXPECT_OK(ipc_recv_flags(self->fd, &self->m, 0, 0, 0));
}

/* Very far is for ever, not a wrap-around. */
TEST_F(receive, far_deadline)
{
	static const int64_t far[] = { CAPIPC_FOREVER, CAPIPC_FOREVER - 1,
				       INT64_MAX / 2 };
	struct async_receive r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(far); i++) {
		ASSERT_OK(async_receive(&r, self->fd, 0, far[i]));
		ASSERT_OK(async_wait_asleep(&r.async));
		ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "x"));
		EXPECT_OK(async_receive_join(&r));
	}
}

TEST_F(receive, signal)
{
	struct async_receive r;

	ASSERT_OK(catch_signal(SIGUSR1, 0));
	signals_seen = 0;
	ASSERT_OK(async_receive(&r, self->fd, 0, CAPIPC_FOREVER));
	ASSERT_OK(async_wait_asleep(&r.async));
	ASSERT_OK(async_signal(&r.async, SIGUSR1));
	EXPECT_ERR(EINTR, async_receive_join(&r));
	EXPECT_EQ(1, signals_seen);
	/* nothing was lost */
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "x"));
	EXPECT_OK(ipc_tryrecv(self->fd, &self->m));
}

TEST_F(receive, signal_restarts)
{
	struct async_receive r;
	int i;

	ASSERT_OK(catch_signal(SIGUSR1, SA_RESTART));
	signals_seen = 0;
	ASSERT_OK(async_receive(&r, self->fd, 0, CAPIPC_FOREVER));
	for (i = 0; i < 5; i++) {
		ASSERT_OK(async_wait_asleep(&r.async));
		ASSERT_OK(async_signal(&r.async, SIGUSR1));
		while (signals_seen <= i)
			usleep(100);
	}
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "after five"));
	EXPECT_OK(async_receive_join(&r));
	EXPECT_STREQ("after five", r.m.data);
}

/* A wait that is restarted again and again does not last longer for it. */
TEST_F(receive, signals_do_not_stretch_the_deadline)
{
	struct async_receive r;
	int64_t end = ipc_in(400);

	ASSERT_OK(catch_signal(SIGUSR1, SA_RESTART));
	ASSERT_OK(async_receive(&r, self->fd, 0, end));
	async_tid(&r.async);
	/* a relative time would begin anew each time */
	while (!async_ended(&r.async) && ipc_now() < end + 5000000000LL) {
		async_signal(&r.async, SIGUSR1);
		usleep(20000);
	}
	EXPECT_TRUE(async_ended(&r.async));
	EXPECT_ERR(ETIMEDOUT, async_receive_join(&r));
	EXPECT_GE(r.async.ended_ns, end);
}

/* ------------------------------------------------------- while it is moved */

TEST_F(receive, endpoint_moves_while_we_wait)
{
	struct async_receive r;
	uint32_t c[2];

	ASSERT_OK(ipc_create(self->fd, c));
	ASSERT_OK(async_receive(&r, self->fd, self->h[1], ipc_soon()));
	ASSERT_OK(async_wait_asleep(&r.async));
	ASSERT_OK(ipc_send_handle(self->fd, c[0], "moving", self->h[1]));
	EXPECT_ERR(EBADF, async_receive_join(&r));
	/* what comes now is for who receives it */
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "follows"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(c[1], self->m.r.from);
	ASSERT_OK(ipc_recv_from(self->fd, self->m.att[0].handle, &self->m));
	EXPECT_STREQ("follows", self->m.data);
}

/*
 * Two threads send the same handle away, one of them waits for room: it goes
 * one way, once.
 */
TEST_F(receive, one_handle_two_senders)
{
	struct capipc_attachment att;
	struct async_send s = { .a = { .handle = self->h[0],
				       .deadline_ns = ipc_soon(),
				       .attachments = ipc_ptr(&att),
				       .attachments_count = 1 } };
	uint32_t p[2], c[2];
	int n = 0, ret, i, arrived = 0;

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, c));
	att = ipc_attach(p[0]);
	while (!(ret = ipc_trysend(self->fd, self->h[0], 0, NULL, 0)))
		n++;
	ASSERT_ERR(EAGAIN, ret);
	ASSERT_OK(async_send(&s, self->fd));
	ASSERT_OK(async_wait_asleep(&s.async));
	ret = ipc_alive(self->fd, p[0]);
	EXPECT_TRUE(ret == 0 || ret == -EBUSY) TH_LOG("%s", ipc_errname(ret));
	ret = ipc_send_handle(self->fd, c[0], "", p[0]);
	EXPECT_TRUE(ret == 0 || ret == -EBUSY) TH_LOG("%s", ipc_errname(ret));
	for (i = 0; i < n; i++)
		ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	EXPECT_ERR(ret ? 0 : EBADF, async_send_join(&s));
	while (!ipc_tryrecv(self->fd, &self->m))
		arrived += self->m.r.attachments_count;
	EXPECT_EQ(1, arrived);
	EXPECT_ERR(EBADF, ipc_alive(self->fd, p[0]));
}

/* ---------------------------------------------------- CAPIPC_RECEIVE_CLOSE */

static int recv_close(int fd, struct ipc_message *m, uint32_t handle)
{
	return ipc_recv_flags(fd, m, handle, CAPIPC_RECEIVE_CLOSE, ipc_soon());
}

/* Messages leave it open, and so does its end without the flag. */
TEST_F(receive, close_when_the_peer_is_closed)
{
	uint32_t p[2], ends[2];

	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "last"));
	ASSERT_OK(ipc_close(self->fd, self->h[0]));
	EXPECT_OK(recv_close(self->fd, &self->m, 0));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, self->m.r.type);
	EXPECT_OK(ipc_alive(self->fd, self->h[1]));
	EXPECT_OK(recv_close(self->fd, &self->m, 0));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_EQ(self->h[1], self->m.r.from);
	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->h[1]));

	/* from one handle, and from something else than an endpoint */
	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_data_pipe(self->fd, 1, 1, ends));
	ASSERT_OK(ipc_close(self->fd, p[0]));
	ASSERT_OK(ipc_close(self->fd, ends[0]));
	EXPECT_OK(recv_close(self->fd, &self->m, p[1]));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_ERR(EBADF, recv_close(self->fd, &self->m, p[1]));
	EXPECT_OK(recv_close(self->fd, &self->m, ends[1]));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_ERR(EBADF, ipc_alive(self->fd, ends[1]));

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_close(self->fd, p[0]));
	EXPECT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_OK(ipc_alive(self->fd, p[1]));
}

/* What cannot be told has not happened. */
TEST_F(receive, close_is_told_first)
{
	struct capipc_receive a = { .flags = CAPIPC_RECEIVE_CLOSE |
					     CAPIPC_NOWAIT };
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, page);
	a.size = sizeof(a);
	memcpy(page, &a, sizeof(a));
	ASSERT_OK(ipc_close(self->fd, self->h[0]));
	ASSERT_EQ(0, mprotect(page, 4096, PROT_READ));
	EXPECT_ERR(EFAULT, ipc_ioctl(self->fd, CAPIPC_IOC_RECEIVE, page));
	EXPECT_OK(ipc_alive(self->fd, self->h[1]));
	EXPECT_OK(recv_close(self->fd, &self->m, 0));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->h[1]));
}

TEST_HARNESS_MAIN
