// SPDX-License-Identifier: GPL-2.0
/*
 * Signals during a call: the request is neither lost nor repeated, and the call
 * can be gone on with or given up.
 */
#include "async.h"
#include "capipc_test_account.h"

FIXTURE(interrupted)
{
	int fd;
	uint32_t h[2];
	struct async_call c; /* EINTR, its request is queued at h[1] */
	struct ipc_message m;
};

FIXTURE_SETUP(interrupted)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
	ASSERT_OK(async_call_pending(&self->c, self->fd, self->h[0], "once"));
}

FIXTURE_TEARDOWN(interrupted)
{
	close(self->fd);
}

TEST_F(interrupted, state)
{
	struct capipc_inspect a;

	EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
	ASSERT_NE(0, self->c.a.pending);
	ASSERT_NE(IPC_POISON32, self->c.a.pending);
	ASSERT_OK(ipc_do_inspect(self->fd, self->c.a.pending, &a));
	EXPECT_EQ(CAPIPC_KIND_CALL, a.kind);
	EXPECT_EQ(CAPIPC_RIGHT_READ, a.rights);
	EXPECT_EQ(1, ipc_queued(self->fd, self->h[1]));
}

/* Go on: the request is delivered once, the answer comes. */
TEST_F(interrupted, go_on)
{
	uint32_t pending = self->c.a.pending, reply;

	/* what was sent is not read again */
	memset(self->c.data, 'X', sizeof(self->c.data));
	ASSERT_OK(async_call_go(&self->c));
	ASSERT_OK(async_wait_asleep(&self->c.async));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_STREQ("once", self->m.data);
	reply = self->m.r.reply_handle;
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	ASSERT_OK(ipc_reply_str(self->fd, reply, "answer"));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("answer", self->c.reply);
	EXPECT_EQ(CAPIPC_CALL_ANSWERED, self->c.a.state);
	EXPECT_EQ(0, self->c.a.pending);
	EXPECT_ERR(EBADF, ipc_alive(self->fd, pending));
}

/* The answer came while nobody was looking. */
TEST_F(interrupted, answered_meanwhile)
{
	uint32_t pending = self->c.a.pending;

	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "answer"));
	/* no time is needed for it */
	self->c.a.deadline_ns = 1;
	EXPECT_OK(ipc_do_call(self->fd, &self->c.a));
	EXPECT_EQ(6, self->c.a.reply_len);
	EXPECT_EQ(0, memcmp("answer", self->c.reply, 6));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, pending));
}

TEST_F(interrupted, dropped_meanwhile)
{
	uint32_t pending = self->c.a.pending;

	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(ipc_close(self->fd, self->m.r.reply_handle));
	EXPECT_ERR(ECONNRESET, ipc_do_call(self->fd, &self->c.a));
	EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
	EXPECT_EQ(0, self->c.a.pending);
	EXPECT_ERR(EBADF, ipc_alive(self->fd, pending));
}

TEST_F(interrupted, times_out)
{
	uint32_t pending = self->c.a.pending;

	self->c.a.deadline_ns = ipc_in(20);
	EXPECT_ERR(ETIMEDOUT, ipc_do_call(self->fd, &self->c.a));
	EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
	EXPECT_EQ(0, self->c.a.pending);
	EXPECT_ERR(EBADF, ipc_alive(self->fd, pending));
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
}

TEST_F(interrupted, given_up_before_delivery)
{
	ASSERT_OK(ipc_close(self->fd, self->c.a.pending));
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_ERR(EBADF, ipc_do_call(self->fd, &self->c.a));
}

TEST_F(interrupted, given_up_after_delivery)
{
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(ipc_close(self->fd, self->c.a.pending));
	EXPECT_ERR(ECANCELED,
		   ipc_reply_str(self->fd, self->m.r.reply_handle, "late"));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->m.r.reply_handle));
}

/* An answer that nobody fetched goes with the pending call, handles too. */
TEST_F(interrupted, given_up_after_the_answer)
{
	struct capipc_attachment att;
	struct capipc_reply reply = { .attachments = ipc_ptr(&att),
				      .attachments_count = 1 };
	uint32_t p[2];

	ASSERT_OK(ipc_create(self->fd, p));
	att = ipc_attach(p[0]);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	reply.handle = self->m.r.reply_handle;
	ASSERT_OK(ipc_do_reply(self->fd, &reply));
	EXPECT_OK(ipc_send_str(self->fd, p[1], 1, "in flight"));
	ASSERT_OK(ipc_close(self->fd, self->c.a.pending));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, p[1], 1, "x"));
}

/* Room that faults, or is too little, leaves the answer to be fetched. */
TEST_F(interrupted, cannot_be_stored)
{
	struct capipc_attachment att;
	struct capipc_reply reply = { .data = ipc_ptr("answer"),
				      .data_len = 6,
				      .attachments = ipc_ptr(&att),
				      .attachments_count = 1 };
	uint32_t pending = self->c.a.pending, p[2];
	struct capipc_call *a = &self->c.a;
	char *hole = map_before_hole(16);
	int i;

	ASSERT_NE(NULL, hole);
	ASSERT_OK(ipc_create(self->fd, p));
	att = ipc_attach(p[0]);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	reply.handle = self->m.r.reply_handle;
	ASSERT_OK(ipc_do_reply(self->fd, &reply));
	for (i = 0; i < 4; i++) {
		static const int err[] = { EFAULT, EFAULT, EMSGSIZE, EMSGSIZE };
		struct capipc_call b = *a;

		if (i == 0)
			b.reply_data = ipc_ptr(hole + 16 - 3);
		else if (i == 1)
			b.reply_attachments = ipc_ptr(hole + 16 - 8);
		else if (i == 2)
			b.reply_capacity = 5;
		else
			b.reply_attachments_capacity = 0;
		EXPECT_ERR(err[i], ipc_do_call(self->fd, &b))
		TH_LOG("case %d", i);
		EXPECT_EQ(CAPIPC_CALL_ANSWERED, b.state);
		EXPECT_EQ(pending, b.pending);
		EXPECT_OK(ipc_alive(self->fd, pending));
	}
	EXPECT_OK(ipc_do_call(self->fd, a));
	EXPECT_EQ(6, a->reply_len);
	ASSERT_EQ(1, a->reply_attachments_count);
	EXPECT_OK(ipc_alive(self->fd, self->c.reply_att[0].handle));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, pending));
}

/* One thread waits on it: others are told, and it is not closed under it. */
TEST_F(interrupted, is_busy)
{
	struct capipc_call other = self->c.a;

	ASSERT_OK(async_call_go(&self->c));
	ASSERT_OK(async_wait_asleep(&self->c.async));
	other.deadline_ns = ipc_soon();
	EXPECT_ERR(EBUSY, ipc_do_call(self->fd, &other));
	EXPECT_ERR(EBUSY, ipc_close(self->fd, other.pending));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "answer"));
	EXPECT_OK(async_call_join(&self->c));
}

/* Interrupted over and over: one request, one pending call. */
TEST_F(interrupted, again_and_again)
{
	uint32_t pending = self->c.a.pending, reply;
	int i;

	for (i = 0; i < 10; i++) {
		ASSERT_OK(async_call_go(&self->c));
		ASSERT_OK(async_wait_asleep(&self->c.async));
		ASSERT_OK(async_signal(&self->c.async, SIGUSR1));
		ASSERT_ERR(EINTR, async_call_join(&self->c));
		EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
		EXPECT_EQ(pending, self->c.a.pending);
		EXPECT_EQ(1, ipc_queued(self->fd, self->h[1]));
	}
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	reply = self->m.r.reply_handle;
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	ASSERT_OK(ipc_reply_str(self->fd, reply, "answer"));
	EXPECT_OK(ipc_do_call(self->fd, &self->c.a));
}

/* The endpoint that it was sent on goes, the pending call stays. */
TEST_F(interrupted, endpoint_moves_on)
{
	uint32_t c[2];

	ASSERT_OK(ipc_create(self->fd, c));
	ASSERT_OK(ipc_send_handle(self->fd, c[0], "", self->h[0]));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "answer"));
	EXPECT_OK(ipc_do_call(self->fd, &self->c.a));
	EXPECT_EQ(6, self->c.a.reply_len);
}

TEST_F(interrupted, peer_closes)
{
	ASSERT_OK(ipc_close(self->fd, self->h[1]));
	EXPECT_ERR(ECONNRESET, ipc_do_call(self->fd, &self->c.a));
}

/* ------------------------------------------------------------- SA_RESTART */

FIXTURE(restarted)
{
	int fd;
	uint32_t h[2];
	struct async_call c;
	struct ipc_message m;
};

FIXTURE_SETUP(restarted)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
	ASSERT_OK(catch_signal(SIGUSR1, SA_RESTART));
	signals_seen = 0;
}

FIXTURE_TEARDOWN(restarted)
{
	close(self->fd);
}

static int signals(struct async_call *c, int n)
{
	int i, ret, before;

	for (i = 0; i < n; i++) {
		ret = async_wait_asleep(&c->async);
		if (ret)
			return ret;
		before = signals_seen;
		ret = async_signal(&c->async, SIGUSR1);
		if (ret)
			return ret;
		while (signals_seen == before)
			usleep(100);
	}
	return 0;
}

/* As if there had been none: before delivery and after. */
TEST_F(restarted, request_is_delivered_once)
{
	uint32_t reply;

	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "once"));
	ASSERT_OK(signals(&self->c, 5));
	EXPECT_EQ(1, ipc_queued(self->fd, self->h[1]));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_STREQ("once", self->m.data);
	reply = self->m.r.reply_handle;
	ASSERT_OK(signals(&self->c, 5));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_FALSE(async_ended(&self->c.async));
	ASSERT_OK(ipc_reply_str(self->fd, reply, "answer"));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("answer", self->c.reply);
	EXPECT_EQ(CAPIPC_CALL_ANSWERED, self->c.a.state);
	EXPECT_EQ(0, self->c.a.pending);
}

TEST_F(restarted, deadline_is_not_stretched)
{
	int64_t end = ipc_in(400);

	async_call_init(&self->c, self->fd, self->h[0], "once");
	self->c.a.deadline_ns = end;
	ASSERT_OK(async_call_go(&self->c));
	async_tid(&self->c.async);
	while (!async_ended(&self->c.async) && ipc_now() < end + 5000000000LL) {
		async_signal(&self->c.async, SIGUSR1);
		usleep(20000);
	}
	EXPECT_TRUE(async_ended(&self->c.async));
	EXPECT_ERR(ETIMEDOUT, async_call_join(&self->c));
	EXPECT_GE(self->c.async.ended_ns, end);
	EXPECT_EQ(0, self->c.a.pending);
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
}

TEST_F(restarted, attachments_move_once)
{
	struct capipc_attachment att;
	uint32_t p[2];

	ASSERT_OK(ipc_create(self->fd, p));
	att = ipc_attach(p[0]);
	async_call_init(&self->c, self->fd, self->h[0], "take");
	self->c.a.attachments = ipc_ptr(&att);
	self->c.a.attachments_count = 1;
	ASSERT_OK(async_call_go(&self->c));
	ASSERT_OK(signals(&self->c, 3));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(1, self->m.r.attachments_count);
	ASSERT_OK(ipc_send_str(self->fd, p[1], 1, "x"));
	EXPECT_EQ(1, ipc_queued(self->fd, self->m.att[0].handle));
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, ""));
	EXPECT_OK(async_call_join(&self->c));
}

/* Signals without pause against calls without pause: each served once. */
struct storm {
	pthread_t thread;
	int fd;
	uint32_t handle;
	int ret;
	bool done;
	pid_t tid;
};

static void *storm_calls(void *arg)
{
	struct storm *s = arg;
	char text[16], answer[16];
	int i;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_SEQ_CST);
	for (i = 0; i < 150 && !s->ret; i++) {
		snprintf(text, sizeof(text), "%d", i);
		s->ret = ipc_call_str(s->fd, s->handle, i, text, answer,
				      sizeof(answer));
		if (!s->ret && strcmp(text, answer))
			s->ret = -EPROTO;
	}
	ipc_close(s->fd, s->handle);
	__atomic_store_n(&s->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *storm_signals(void *arg)
{
	struct storm *s = arg;
	pid_t tid;

	while (!(tid = __atomic_load_n(&s->tid, __ATOMIC_SEQ_CST)))
		usleep(100);
	while (!__atomic_load_n(&s->done, __ATOMIC_SEQ_CST)) {
		syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
		usleep(300);
	}
	return NULL;
}

TEST_F(restarted, storm)
{
	struct storm s = { .fd = self->fd, .handle = self->h[0] };
	pthread_t signaller;
	sigset_t usr1;
	int next = 0;

	ASSERT_EQ(0, pthread_create(&s.thread, NULL, storm_calls, &s));
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	ASSERT_EQ(0, pthread_create(&signaller, NULL, storm_signals, &s));
	for (;;) {
		ASSERT_OK(ipc_recv(self->fd, &self->m));
		if (self->m.r.type == CAPIPC_RECEIVED_PEER_CLOSED)
			break;
		ASSERT_EQ(CAPIPC_RECEIVED_CALL, self->m.r.type);
		EXPECT_EQ(next, self->m.r.ordinal);
		next++;
		ASSERT_OK(ipc_reply(self->fd, self->m.r.reply_handle,
				    self->m.data, self->m.r.data_len));
	}
	pthread_join(s.thread, NULL);
	pthread_join(signaller, NULL);
	EXPECT_OK(s.ret);
	EXPECT_EQ(150, next);
}

/* ------------------------------------------------------- no room for a handle */

FIXTURE(full)
{
	int fd;
	uint32_t h[2];
	struct async_call c;
	struct ipc_message m;
};

FIXTURE_SETUP(full)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
}

FIXTURE_TEARDOWN(full)
{
	close(self->fd);
	EXPECT_OK(parameters_restore());
}

/* What the request leaves of the account, in messages that become ever smaller. */
static int use_up_bytes(int fd)
{
	static char data[16384];
	uint32_t p[2], len;
	int ret;

	ret = ipc_create(fd, p);
	for (len = sizeof(data); !ret && len; len /= 2)
		while (!(ret = ipc_trysend(fd, p[0], 1, data, len)))
			;
	if (ret == -EDQUOT && len)
		ret = 0;
	while (!ret && !(ret = ipc_trysend(fd, p[0], 1, data, 0)))
		;
	return ret;
}

/*
 * A call that is interrupted needs a handle. The context has none left, nor a slot for it,
 * nor the memory for more slots: but the call must not be lost, so it gets all of that.
 */
TEST_F(full, interrupted_call)
{
	uint32_t p[2];
	int slots, ret;

	ASSERT_OK(catch_signal(SIGUSR1, 0));
	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "once"));
	ASSERT_OK(async_wait_asleep(&self->c.async));
	ASSERT_OK(parameter_set_number("max_bytes_per_context", 262144));
	ASSERT_ERR(EDQUOT, use_up_bytes(self->fd));
	/* slots come by 128, and the call has paid for 8 handles in its reply */
	ASSERT_OK(parameter_set_number("max_handles_per_context", 128 + 8));
	for (slots = 4; !(ret = ipc_create(self->fd, p)); slots += 2)
		;
	EXPECT_ERR(EDQUOT, ret);
	EXPECT_EQ(128, slots);

	ASSERT_OK(async_signal(&self->c.async, SIGUSR1));
	ASSERT_ERR(EINTR, async_call_join(&self->c));
	EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
	ASSERT_OK(ipc_alive(self->fd, self->c.a.pending));
	/* nobody else gets one for that */
	EXPECT_ERR(EDQUOT, ipc_create(self->fd, p));
	ASSERT_OK(async_call_go(&self->c));
	ASSERT_OK(async_wait_asleep(&self->c.async));
	/* the reply handle does not fit either, which is no reason to force anything */
	EXPECT_ERR(EDQUOT, ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	ASSERT_OK(parameters_restore());
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "answer"));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("answer", self->c.reply);
}

TEST_HARNESS_MAIN
