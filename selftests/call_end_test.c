// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that end otherwise: unanswered, too late, by a death on either side at
 * every step; and the reply within a receive.
 */
#include "async.h"

FIXTURE(call_end)
{
	int fd;
	uint32_t h[2]; /* h[0] calls, h[1] serves */
	struct async_call c;
	struct ipc_message m;
};

FIXTURE_SETUP(call_end)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
}

FIXTURE_TEARDOWN(call_end)
{
	close(self->fd);
}

/* ------------------------------------------------------------- unanswered */

TEST_F(call_end, reply_dropped)
{
	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(ipc_close(self->fd, self->m.r.reply_handle));
	EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
	EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
	EXPECT_EQ(0, self->c.a.pending);
	/* the pipe is as good as before */
	EXPECT_OK(ipc_send_str(self->fd, self->h[0], 1, "x"));
}

TEST_F(call_end, server_closes_before_it_receives)
{
	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "?"));
	ASSERT_OK(async_wait_asleep(&self->c.async));
	ASSERT_OK(ipc_close(self->fd, self->h[1]));
	EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
	EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
	EXPECT_ERR(EPIPE, ipc_call_str(self->fd, self->h[0], 0, "?", NULL, 0));
}

/* What it has received, it can still answer. */
TEST_F(call_end, server_closes_after_it_received)
{
	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(ipc_close(self->fd, self->h[1]));
	EXPECT_FALSE(async_ended(&self->c.async));
	EXPECT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "still"));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("still", self->c.reply);
}

/* The caller closes its end meanwhile: it and the server agree on the end. */
TEST_F(call_end, caller_closes_its_endpoint)
{
	int received, replied, called;

	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "?"));
	ASSERT_OK(async_wait_asleep(&self->c.async));
	ASSERT_OK(ipc_close(self->fd, self->h[0]));
	received = ipc_recv_from(self->fd, self->h[1], &self->m);
	ASSERT_OK(received);
	if (self->m.r.type == CAPIPC_RECEIVED_CALL) {
		replied = ipc_reply_str(self->fd, self->m.r.reply_handle, "!");
		called = async_call_join(&self->c);
		EXPECT_TRUE((!replied && !called) ||
			    (replied == -ECANCELED && called == -ECONNRESET))
		TH_LOG("reply: %s, call: %s", ipc_errname(replied),
		       ipc_errname(called));
		ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	} else {
		EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
	}
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
}

TEST_F(call_end, caller_closes_after_it_was_received)
{
	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(ipc_close(self->fd, self->h[0]));
	/* "closing a pending call gives it up", closing the endpoint does not */
	EXPECT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "!"));
	EXPECT_OK(async_call_join(&self->c));
}

/* ---------------------------------------------------------------- too late */

TEST_F(call_end, timeout_before_delivery)
{
	struct capipc_attachment att;
	int64_t start = ipc_now();
	uint32_t p[2];

	ASSERT_OK(ipc_create(self->fd, p));
	att = ipc_attach(p[0]);
	async_call_init(&self->c, self->fd, self->h[0], "?");
	self->c.a.deadline_ns = start + 50000000;
	self->c.a.attachments = ipc_ptr(&att);
	self->c.a.attachments_count = 1;
	ASSERT_OK(async_call_go(&self->c));
	EXPECT_ERR(ETIMEDOUT, async_call_join(&self->c));
	EXPECT_GE(ipc_now(), start + 50000000);
	EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
	EXPECT_EQ(0, self->c.a.pending);
	/* withdrawn, with what was in it */
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, p[0]));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, p[1], 1, "x"));
}

TEST_F(call_end, timeout_after_delivery)
{
	struct capipc_attachment att;
	struct capipc_reply reply = { .data = ipc_ptr("late"),
				      .data_len = 4,
				      .attachments = ipc_ptr(&att),
				      .attachments_count = 1 };
	uint32_t p[2];

	ASSERT_OK(ipc_create(self->fd, p));
	att = ipc_attach(p[0]);
	async_call_init(&self->c, self->fd, self->h[0], "?");
	self->c.a.deadline_ns = ipc_in(1000);
	ASSERT_OK(async_call_go(&self->c));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_ERR(ETIMEDOUT, async_call_join(&self->c));
	EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
	EXPECT_EQ(0, self->c.a.pending);
	reply.handle = self->m.r.reply_handle;
	EXPECT_OK(ipc_alive(self->fd, reply.handle));
	EXPECT_ERR(ECANCELED, ipc_do_reply(self->fd, &reply));
	/* that handle is gone, the attachment is still ours */
	EXPECT_ERR(EBADF, ipc_do_reply(self->fd, &reply));
	EXPECT_OK(ipc_alive(self->fd, p[0]));
	EXPECT_OK(ipc_send_str(self->fd, p[0], 1, "x"));
}

/* A deadline that has passed: sent, not answered in no time, withdrawn. */
TEST_F(call_end, no_time_at_all)
{
	static const int64_t passed[] = { 0, 1, -1, INT64_MIN };
	struct capipc_call a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(passed); i++) {
		a = (struct capipc_call){ .handle = self->h[0],
					  .deadline_ns = passed[i] };
		EXPECT_ERR(ETIMEDOUT, ipc_do_call(self->fd, &a));
		EXPECT_EQ(CAPIPC_CALL_SENT, a.state);
		EXPECT_EQ(0, a.pending);
		EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
	}
}

/* Given up while in the middle of the queue: its room is room again. */
TEST_F(call_end, withdrawn_from_the_middle)
{
	struct capipc_call a = { .handle = self->h[0], .deadline_ns = 1 };
	int i, n = 0, ret, again = 0;

	/* more than the window has room for */
	for (i = 0; i < 1500; i++) {
		ret = ipc_do_call(self->fd, &a);
		if (ret != -ETIMEDOUT)
			break;
	}
	EXPECT_ERR(ETIMEDOUT, ret) TH_LOG("in round %d", i);
	while (!(ret = ipc_trysend(self->fd, self->h[0], n, NULL, 0)))
		n++;
	ASSERT_ERR(EAGAIN, ret);
	while (!ipc_tryrecv(self->fd, &self->m))
		;
	ASSERT_OK(ipc_send(self->fd, self->h[0], 1, NULL, 0));
	ASSERT_ERR(ETIMEDOUT, ipc_do_call(self->fd, &a));
	ASSERT_OK(ipc_send(self->fd, self->h[0], 2, NULL, 0));
	again = 2;
	while (!ipc_trysend(self->fd, self->h[0], 3, NULL, 0))
		again++;
	EXPECT_EQ(n, again);
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(1, self->m.r.ordinal);
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(2, self->m.r.ordinal);
}

/* ------------------------------------------------------------------- death */

/* What a server does before it is killed. */
enum step {
	BEFORE_RECEIVE,
	AFTER_RECEIVE,
	AFTER_REPLY
};

static void server_dies(struct __test_metadata *_metadata, struct peer *peer)
{
	enum step step = *(enum step *)peer->arg;
	struct ipc_message m;

	if (step != BEFORE_RECEIVE) {
		ASSERT_OK(ipc_recv(peer->fd, &m));
		ASSERT_EQ(CAPIPC_RECEIVED_CALL, m.r.type);
	}
	if (step == AFTER_REPLY)
		ASSERT_OK(ipc_reply_str(peer->fd, m.r.reply_handle, "last"));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
}

TEST_F(call_end, death_of_the_server)
{
	enum step step;

	for (step = BEFORE_RECEIVE; step <= AFTER_REPLY; step++) {
		struct peer peer = { .fn = server_dies,
				     .arg = &step,
				     .fd = self->fd };

		PEER_START(&peer);
		ASSERT_OK(async_call(&self->c, self->fd, peer.ep, "?"));
		ASSERT_OK(sync_wait(peer.sock));
		if (step != AFTER_REPLY)
			ASSERT_OK(async_wait_asleep(&self->c.async));
		PEER_KILL(&peer);
		if (step == AFTER_REPLY) {
			EXPECT_OK(async_call_join(&self->c));
			EXPECT_STREQ("last", self->c.reply);
		} else {
			EXPECT_ERR(ECONNRESET, async_call_join(&self->c))
			TH_LOG("step %d", step);
			EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
		}
		ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
		EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
		ASSERT_OK(ipc_close(self->fd, peer.ep));
	}
}

/* At a random moment: the call ends, at once, one way or the other. */
static void server_runs(struct __test_metadata *_metadata, struct peer *peer)
{
	struct ipc_message m;

	ASSERT_OK(sync_post(peer->sock));
	for (;;) {
		if (ipc_recv(peer->fd, &m) || m.r.type != CAPIPC_RECEIVED_CALL)
			return;
		ipc_reply(peer->fd, m.r.reply_handle, m.data, m.r.data_len);
	}
}

TEST_F(call_end, death_of_the_server_at_any_time)
{
	int64_t end = ipc_in(8000);
	int i, n, ret;

	for (i = 0; i < 12 && ipc_now() < end; i++) {
		struct peer peer = { .fn = server_runs, .fd = self->fd };
		char answer[32];

		PEER_START(&peer);
		ASSERT_OK(sync_wait(peer.sock));
		for (n = 0; n < 3; n++)
			ASSERT_OK(ipc_call_str(self->fd, peer.ep, 0, "ping",
					       answer, sizeof(answer)));
		kill(peer.child.pid, SIGKILL);
		do {
			ret = ipc_call_str(self->fd, peer.ep, 0, "ping", answer,
					   sizeof(answer));
		} while (!ret);
		EXPECT_TRUE(ret == -ECONNRESET || ret == -EPIPE)
		TH_LOG("%s", ipc_errname(ret));
		PEER_KILL(&peer);
		ASSERT_OK(ipc_close(self->fd, peer.ep));
	}
}

static void client_calls(struct __test_metadata *_metadata, struct peer *peer)
{
	char answer[32];

	ASSERT_OK(sync_post(peer->sock));
	ipc_call_str(peer->fd, peer->ep, 5, "never answered", answer,
		     sizeof(answer));
	_exit(1);
}

TEST_F(call_end, death_of_the_client_before_delivery)
{
	struct peer peer = { .fn = client_calls, .fd = self->fd };

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(wait_asleep(peer.child.pid));
	ASSERT_EQ(1, ipc_queued(self->fd, peer.ep));
	PEER_KILL(&peer);
	/* whether or not its request is still seen, nothing hangs on it */
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	if (self->m.r.type == CAPIPC_RECEIVED_CALL) {
		EXPECT_ERR(ECANCELED,
			   ipc_reply_str(self->fd, self->m.r.reply_handle,
					 "to nobody"));
		EXPECT_ERR(EBADF, ipc_alive(self->fd, self->m.r.reply_handle));
		ASSERT_OK(ipc_recv(self->fd, &self->m));
	}
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
}

TEST_F(call_end, death_of_the_client_after_delivery)
{
	struct peer peer = { .fn = client_calls, .fd = self->fd };
	struct capipc_attachment att = ipc_attach(self->h[0]);
	struct capipc_reply reply = { .attachments = ipc_ptr(&att),
				      .attachments_count = 1 };

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_EQ(CAPIPC_RECEIVED_CALL, self->m.r.type);
	reply.handle = self->m.r.reply_handle;
	PEER_KILL(&peer);
	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	/* the caller takes no attachments, or nothing at all any more */
	reply.attachments_count = 0;
	EXPECT_ERR(ECANCELED, ipc_do_reply(self->fd, &reply));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, reply.handle));
	EXPECT_OK(ipc_alive(self->fd, self->h[0]));
}

/* Dropping the reply handle of a caller that is dead. */
TEST_F(call_end, death_of_the_client_and_close)
{
	struct peer peer = { .fn = client_calls, .fd = self->fd };

	PEER_START(&peer);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	PEER_KILL(&peer);
	EXPECT_OK(ipc_close(self->fd, self->m.r.reply_handle));
	EXPECT_OK(ipc_close(self->fd, peer.ep));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* ---------------------------------------- the reply that comes in a receive */

FIXTURE(served)
{
	int fd;
	uint32_t h[2];
	struct async_call c; /* has been received */
	struct capipc_reply reply; /* its answer */
	struct capipc_receive r; /* with that answer */
	char data[256];
};

FIXTURE_SETUP(served)
{
	struct ipc_message m;

	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
	async_call_init(&self->c, self->fd, self->h[0], "?");
	self->c.a.reply_capacity = 16;
	ASSERT_OK(async_call_go(&self->c));
	ASSERT_OK(ipc_recv(self->fd, &m));
	self->reply = (struct capipc_reply){ .size = sizeof(self->reply),
					     .data = ipc_ptr("answer"),
					     .data_len = 6,
					     .handle = m.r.reply_handle };
	self->r = (struct capipc_receive){ .deadline_ns = ipc_soon(),
					   .reply = ipc_ptr(&self->reply),
					   .data = ipc_ptr(self->data),
					   .data_capacity = 256 };
}

FIXTURE_TEARDOWN(served)
{
	close(self->fd);
}

/* The reply fails: the pointer stays, and nothing was received. */
TEST_F(served, reply_fails)
{
	struct capipc_reply *reply = &self->reply;
	struct capipc_attachment att = { .handle = 0xffffffff,
					 .rights = CAPIPC_RIGHTS_SAME };
	uint32_t handle = reply->handle;
	uint64_t data = reply->data;
	int i;

	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 7, "next"));
	for (i = 0; i < 6; i++) {
		static const int err[] = { EMSGSIZE, EBADF,	 EBADF,
					   EFAULT,   EPROTOTYPE, EINVAL };

		reply->data_len = i == 0 ? 17 : 6;
		reply->handle = i == 1 ? 0 : i == 4 ? self->h[1] : handle;
		reply->attachments = ipc_ptr(&att);
		reply->attachments_count = i == 2 ? 1 : i == 5 ? 254 : 0;
		reply->data = i == 3 ? 8 : data;
		EXPECT_ERR(err[i], ipc_do_receive(self->fd, &self->r))
		TH_LOG("case %d", i);
		EXPECT_EQ(ipc_ptr(reply), self->r.reply);
		EXPECT_EQ(1, ipc_queued(self->fd, self->h[1]));
		EXPECT_FALSE(async_ended(&self->c.async));
	}
	reply->attachments_count = 0;
	reply->data = data;
	/* the struct itself cannot be read */
	self->r.reply = 8;
	EXPECT_ERR(EFAULT, ipc_do_receive(self->fd, &self->r));
	EXPECT_EQ(8, self->r.reply);
	self->r.reply = ipc_ptr(reply);
	EXPECT_OK(ipc_do_receive(self->fd, &self->r));
	EXPECT_EQ(0, self->r.reply);
	EXPECT_EQ(7, self->r.ordinal);
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("answer", self->c.reply);
}

/* The receive fails: the reply has been sent, and the pointer says so. */
TEST_F(served, receive_fails)
{
	self->r.deadline_ns = 1;
	EXPECT_ERR(ETIMEDOUT, ipc_do_receive(self->fd, &self->r));
	EXPECT_EQ(0, self->r.reply);
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("answer", self->c.reply);
	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->reply.handle));
	/* the struct as it is does not send it again */
	self->r.deadline_ns = ipc_soon();
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 9, "next"));
	EXPECT_OK(ipc_do_receive(self->fd, &self->r));
	EXPECT_EQ(9, self->r.ordinal);
}

TEST_F(served, receive_would_block)
{
	self->r.flags = CAPIPC_NOWAIT;
	EXPECT_ERR(EAGAIN, ipc_do_receive(self->fd, &self->r));
	EXPECT_EQ(0, self->r.reply);
	EXPECT_OK(async_call_join(&self->c));
}

TEST_F(served, receive_without_room)
{
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 9, "much too long"));
	self->r.data_capacity = 3;
	EXPECT_ERR(EMSGSIZE, ipc_do_receive(self->fd, &self->r));
	EXPECT_EQ(0, self->r.reply);
	EXPECT_EQ(13, self->r.data_len);
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_EQ(1, ipc_queued(self->fd, self->h[1]));
}

/* A filter that names nothing: is that before the reply, or after? */
TEST_F(served, receive_from_a_bad_handle)
{
	int ret;

	self->r.handle = 0xffffffff;
	EXPECT_ERR(EBADF, ipc_do_receive(self->fd, &self->r));
	ret = ipc_alive(self->fd, self->reply.handle);
	/* either way, the pointer tells which of the two it was */
	EXPECT_ERR(self->r.reply ? 0 : EBADF, ret);
	if (self->r.reply)
		ASSERT_OK(ipc_close(self->fd, self->reply.handle));
	EXPECT_ERR(self->r.reply ? ECONNRESET : 0, async_call_join(&self->c));
}

/* Nobody waits for the reply any more: passed over. */
TEST_F(served, late_reply_is_passed_over)
{
	struct async_call late;
	struct ipc_message m;

	async_call_init(&late, self->fd, self->h[0], "late");
	late.a.deadline_ns = ipc_in(300);
	ASSERT_OK(async_call_go(&late));
	ASSERT_OK(ipc_recv(self->fd, &m));
	ASSERT_ERR(ETIMEDOUT, async_call_join(&late));
	ASSERT_OK(ipc_reply_str(self->fd, self->reply.handle, "x"));
	ASSERT_OK(async_call_join(&self->c));

	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 3, "next"));
	self->reply.handle = m.r.reply_handle;
	EXPECT_OK(ipc_do_receive(self->fd, &self->r));
	EXPECT_EQ(0, self->r.reply);
	EXPECT_EQ(3, self->r.ordinal);
	EXPECT_ERR(EBADF, ipc_alive(self->fd, m.r.reply_handle));
}

static void *receive_thread(void *arg)
{
	FIXTURE_DATA(served) *self = arg;

	return (void *)(long)ipc_do_receive(self->fd, &self->r);
}

/* A signal after the reply was sent: it is not sent again by the restart. */
TEST_F(served, signal_while_it_receives)
{
	pthread_t thread;
	void *ret;
	int i;

	ASSERT_OK(catch_signal(SIGUSR1, SA_RESTART));
	signals_seen = 0;
	ASSERT_EQ(0, pthread_create(&thread, NULL, receive_thread, self));
	/* the answer is out, so it is the receive that waits */
	EXPECT_OK(async_call_join(&self->c));
	for (i = 0; i < 3; i++) {
		usleep(20000);
		pthread_kill(thread, SIGUSR1);
		while (signals_seen <= i)
			usleep(100);
	}
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 3, "next"));
	pthread_join(thread, &ret);
	EXPECT_OK((long)ret);
	EXPECT_EQ(0, self->r.reply);
	EXPECT_EQ(3, self->r.ordinal);

	/* and without the restart */
	ASSERT_OK(catch_signal(SIGUSR1, 0));
	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "?"));
	self->r.reply = 0;
	ASSERT_OK(ipc_do_receive(self->fd, &self->r));
	self->reply.handle = self->r.reply_handle;
	self->r.reply = ipc_ptr(&self->reply);
	ASSERT_EQ(0, pthread_create(&thread, NULL, receive_thread, self));
	EXPECT_OK(async_call_join(&self->c));
	usleep(20000);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, &ret);
	EXPECT_ERR(EINTR, (long)ret);
	EXPECT_EQ(0, self->r.reply);
}

TEST_HARNESS_MAIN
