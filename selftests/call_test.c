// SPDX-License-Identifier: GPL-2.0
/*
 * Calls and replies that go well, and replies that do not fit.
 */
#include "async.h"

FIXTURE(call)
{
	int fd;
	uint32_t h[2]; /* h[0] calls, h[1] serves */
	struct async_call c;
	struct ipc_message m;
};

FIXTURE_SETUP(call)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
}

FIXTURE_TEARDOWN(call)
{
	close(self->fd);
}

TEST_F(call, round_trip)
{
	struct async_call *c = &self->c;
	struct ipc_message *m = &self->m;

	async_call_init(c, self->fd, self->h[0], "question");
	c->a.ordinal = 0xabcdef01;
	ASSERT_OK(async_call_go(c));
	ASSERT_OK(ipc_recv(self->fd, m));
	EXPECT_EQ(CAPIPC_RECEIVED_CALL, m->r.type);
	EXPECT_EQ(self->h[1], m->r.from);
	EXPECT_EQ(0xabcdef01, m->r.ordinal);
	EXPECT_STREQ("question", m->data);
	EXPECT_EQ(0, m->r.attachments_count);
	EXPECT_NE(0, m->r.reply_handle);
	EXPECT_EQ(c->a.reply_capacity, m->r.reply_capacity);
	EXPECT_EQ(c->a.reply_attachments_capacity,
		  m->r.reply_attachments_capacity);
	EXPECT_EQ(getpid(), m->r.stamp.pid);
	EXPECT_FALSE(async_ended(&c->async));
	ASSERT_OK(ipc_reply_str(self->fd, m->r.reply_handle, "answer"));
	ASSERT_OK(async_call_join(c));
	EXPECT_EQ(CAPIPC_CALL_ANSWERED, c->a.state);
	EXPECT_EQ(0, c->a.pending);
	EXPECT_EQ(6, c->a.reply_len);
	EXPECT_STREQ("answer", c->reply);
	EXPECT_EQ((char)IPC_POISON, c->reply[7]);
	EXPECT_EQ(0, c->a.reply_attachments_count);
	EXPECT_EQ(IPC_POISON32, c->reply_att[0].handle);
	EXPECT_EQ(getpid(), c->a.stamp.pid);
	EXPECT_EQ(geteuid(), c->a.stamp.uid);
	/* good for one */
	EXPECT_ERR(EBADF, ipc_reply_str(self->fd, m->r.reply_handle, "again"));
	EXPECT_ERR(EBADF, ipc_close(self->fd, m->r.reply_handle));
}

static void serves(struct __test_metadata *_metadata, struct peer *peer)
{
	struct capipc_reply reply;
	struct ipc_message m;
	int i;

	ASSERT_OK(ipc_recv(peer->fd, &m));
	for (i = 0; i < 199; i++) {
		char data[4096];

		memcpy(data, m.data, m.r.data_len);
		reply = (struct capipc_reply){ .size = sizeof(reply),
					       .data = ipc_ptr(data),
					       .data_len = m.r.data_len,
					       .handle = m.r.reply_handle };
		memset(&m.r, 0, sizeof(m.r));
		m.r.deadline_ns = ipc_soon();
		m.r.reply = ipc_ptr(&reply);
		m.r.data = ipc_ptr(m.data);
		m.r.data_capacity = sizeof(m.data);
		ASSERT_OK(ipc_do_receive(peer->fd, &m.r));
		ASSERT_EQ(0, m.r.reply);
		ASSERT_EQ(CAPIPC_RECEIVED_CALL, m.r.type);
	}
	ASSERT_OK(ipc_reply(peer->fd, m.r.reply_handle, m.data, m.r.data_len));
}

/* A server with one request a call, in another process. */
TEST_F(call, reply_and_receive)
{
	struct peer peer = { .fn = serves, .fd = self->fd };
	char text[32], answer[32];
	int i;

	PEER_START(&peer);
	for (i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "request %d", i);
		ASSERT_OK(ipc_call_str(self->fd, peer.ep, i, text, answer,
				       sizeof(answer)));
		EXPECT_STREQ(text, answer);
	}
	PEER_WAIT(&peer);
}

TEST_F(call, sizes)
{
	static const uint32_t sizes[] = {
		0, 1, 100, 4095, 4096, 65536, CAPIPC_MESSAGE_MAX
	};
	char *request = malloc(CAPIPC_MESSAGE_MAX);
	char *got = malloc(CAPIPC_MESSAGE_MAX);
	char *reply = malloc(CAPIPC_MESSAGE_MAX + 1);
	struct capipc_receive r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint32_t n = sizes[i];

		memset(request, 'a' + i, n);
		memset(reply, IPC_POISON, n + 1);
		async_call_init(&self->c, self->fd, self->h[0], "");
		self->c.a.data = ipc_ptr(request);
		self->c.a.data_len = n;
		self->c.a.reply_data = ipc_ptr(reply);
		self->c.a.reply_capacity = n;
		ASSERT_OK(async_call_go(&self->c));
		memset(&r, 0, sizeof(r));
		r.deadline_ns = ipc_soon();
		r.data = ipc_ptr(got);
		r.data_capacity = n;
		ASSERT_OK(ipc_do_receive(self->fd, &r));
		EXPECT_EQ(n, r.data_len);
		EXPECT_EQ(n, r.reply_capacity);
		EXPECT_EQ(0, memcmp(request, got, n));
		ASSERT_OK(ipc_reply(self->fd, r.reply_handle, got, n));
		ASSERT_OK(async_call_join(&self->c));
		EXPECT_EQ(n, self->c.a.reply_len);
		EXPECT_EQ(0, memcmp(request, reply, n));
		EXPECT_EQ((char)IPC_POISON, reply[n]);
	}
}

/* A reply that is too large is refused; the handle is good for another. */
TEST_F(call, reply_too_large)
{
	struct capipc_attachment att[3];
	struct capipc_reply reply = { .data = ipc_ptr("0123456789"),
				      .attachments = ipc_ptr(att) };
	uint32_t p[2], q[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	async_call_init(&self->c, self->fd, self->h[0], "?");
	self->c.a.reply_capacity = 9;
	self->c.a.reply_attachments_capacity = 2;
	ASSERT_OK(async_call_go(&self->c));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	reply.handle = self->m.r.reply_handle;
	att[0] = ipc_attach(p[0]);
	att[1] = ipc_attach(p[1]);
	att[2] = ipc_attach(q[0]);

	reply.data_len = 10;
	EXPECT_ERR(EMSGSIZE, ipc_do_reply(self->fd, &reply));
	reply.data_len = 9;
	reply.attachments_count = 3;
	EXPECT_ERR(EMSGSIZE, ipc_do_reply(self->fd, &reply));
	EXPECT_OK(ipc_alive(self->fd, reply.handle));
	EXPECT_OK(ipc_alive(self->fd, p[0]));
	EXPECT_OK(ipc_alive(self->fd, q[0]));
	EXPECT_FALSE(async_ended(&self->c.async));
	reply.attachments_count = 2;
	EXPECT_OK(ipc_do_reply(self->fd, &reply));
	ASSERT_OK(async_call_join(&self->c));
	EXPECT_EQ(9, self->c.a.reply_len);
	EXPECT_EQ(2, self->c.a.reply_attachments_count);
	EXPECT_EQ(CAPIPC_KIND_ENDPOINT, self->c.reply_att[1].kind);
	EXPECT_OK(ipc_send_str(self->fd, self->c.reply_att[0].handle, 1, "x"));
	EXPECT_EQ(1, ipc_queued(self->fd, self->c.reply_att[1].handle));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, p[0]));
}

TEST_F(call, attachments_both_ways)
{
	struct capipc_attachment there, back;
	struct capipc_reply reply = { .attachments = ipc_ptr(&back),
				      .attachments_count = 1 };
	uint32_t p[2], q[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	there = ipc_attach_rights(p[0], CAPIPC_RIGHT_WRITE);
	async_call_init(&self->c, self->fd, self->h[0], "take");
	self->c.a.attachments = ipc_ptr(&there);
	self->c.a.attachments_count = 1;
	ASSERT_OK(async_call_go(&self->c));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_EQ(1, self->m.r.attachments_count);
	EXPECT_EQ(CAPIPC_RIGHT_WRITE, self->m.att[0].rights);
	EXPECT_OK(ipc_send_str(self->fd, self->m.att[0].handle, 1, "arrived"));
	back = ipc_attach_rights(q[0], CAPIPC_RIGHT_READ);
	reply.handle = self->m.r.reply_handle;
	ASSERT_OK(ipc_do_reply(self->fd, &reply));
	ASSERT_OK(async_call_join(&self->c));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, p[0]));
	ASSERT_EQ(1, self->c.a.reply_attachments_count);
	EXPECT_EQ(CAPIPC_RIGHT_READ, self->c.reply_att[0].rights);
	EXPECT_EQ(CAPIPC_KIND_ENDPOINT, self->c.reply_att[0].kind);
	ASSERT_OK(ipc_send_str(self->fd, q[1], 1, "back"));
	ASSERT_OK(
		ipc_recv_from(self->fd, self->c.reply_att[0].handle, &self->m));
	EXPECT_STREQ("back", self->m.data);
	ASSERT_OK(ipc_recv_from(self->fd, p[1], &self->m));
	EXPECT_STREQ("arrived", self->m.data);
}

/* Both ends call each other at the same time, over one pipe. */
TEST_F(call, both_directions)
{
	struct async_call other;
	uint32_t first;

	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "down"));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	first = self->m.r.reply_handle;
	/* a call back, before the answer */
	ASSERT_OK(async_call(&other, self->fd, self->h[1], "up"));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[0], &self->m));
	EXPECT_STREQ("up", self->m.data);
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "up done"));
	ASSERT_OK(async_call_join(&other));
	EXPECT_STREQ("up done", other.reply);
	EXPECT_FALSE(async_ended(&self->c.async));
	ASSERT_OK(ipc_reply_str(self->fd, first, "down done"));
	ASSERT_OK(async_call_join(&self->c));
	EXPECT_STREQ("down done", self->c.reply);
}

/* Serves "n" by calling back with n - 1, on the pipe it came from. */
static int descend(int fd, uint32_t ep)
{
	char text[32], answer[32];
	struct ipc_message m;
	uint32_t reply;
	int n, ret;

	ret = ipc_recv_from(fd, ep, &m);
	if (ret || m.r.type != CAPIPC_RECEIVED_CALL)
		return ret ? ret : -EPROTO;
	reply = m.r.reply_handle;
	n = atoi(m.data);
	if (!n)
		return ipc_reply_str(fd, reply, "bottom");
	snprintf(text, sizeof(text), "%d", n - 1);
	ret = ipc_call_str(fd, ep, 0, text, answer, sizeof(answer));
	return ret ? ret : ipc_reply_str(fd, reply, answer);
}

static void *descend_thread(void *arg)
{
	struct peer *peer = arg;

	return (void *)(long)descend(peer->fd, peer->ep);
}

static void descends(struct __test_metadata *_metadata, struct peer *peer)
{
	pthread_t t[3];
	void *ret;
	int i;

	/* while one waits for its answer, the next is served */
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, descend_thread, peer));
	for (i = 0; i < 3; i++) {
		pthread_join(t[i], &ret);
		EXPECT_OK((long)ret);
	}
}

/* A call that is served by calling back, and so on, between two processes. */
TEST_F(call, nested)
{
	struct peer peer = { .fn = descends, .fd = self->fd };
	pthread_t t[2];
	char answer[32];
	void *ret;
	int i;

	PEER_START(&peer);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0,
			  pthread_create(&t[i], NULL, descend_thread, &peer));
	/* 4 there, 3 here, 2 there, 1 here, 0 there */
	ASSERT_OK(ipc_call_str(self->fd, peer.ep, 0, "4", answer,
			       sizeof(answer)));
	EXPECT_STREQ("bottom", answer);
	for (i = 0; i < 2; i++) {
		pthread_join(t[i], &ret);
		EXPECT_OK((long)ret);
	}
	PEER_WAIT(&peer);
}

TEST_F(call, out_of_order_replies)
{
	struct async_call c[3];
	uint32_t reply[3];
	char text[16];
	int i;

	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ASSERT_OK(async_call(&c[i], self->fd, self->h[0], text));
		ASSERT_OK(ipc_recv(self->fd, &self->m));
		ASSERT_STREQ(text, self->m.data);
		reply[i] = self->m.r.reply_handle;
	}
	for (i = 2; i >= 0; i--) {
		snprintf(text, sizeof(text), "answer %d", i);
		ASSERT_OK(ipc_reply_str(self->fd, reply[i], text));
		ASSERT_OK(async_call_join(&c[i]));
		EXPECT_STREQ(text, c[i].reply);
	}
}

/* ------------------------------------------------------ concurrent callers */

enum {
	CALLERS = 6,
	CALLS = 40
};

struct caller {
	pthread_t thread;
	int fd;
	uint32_t handle;
	int id;
	int ret;
};

static void *calls(void *arg)
{
	struct caller *c = arg;
	char text[32], answer[32];
	int i;

	for (i = 0; i < CALLS && !c->ret; i++) {
		snprintf(text, sizeof(text), "%d of %d", i, c->id);
		c->ret = ipc_call_str(c->fd, c->handle, 0, text, answer,
				      sizeof(answer));
		if (!c->ret && strcmp(text, answer))
			c->ret = -EPROTO;
	}
	return NULL;
}

TEST_F(call, many_callers_on_one_endpoint)
{
	struct caller c[CALLERS];
	int i;

	for (i = 0; i < CALLERS; i++) {
		c[i] = (struct caller){ .fd = self->fd,
					.handle = self->h[0],
					.id = i };
		ASSERT_EQ(0, pthread_create(&c[i].thread, NULL, calls, &c[i]));
	}
	for (i = 0; i < CALLERS * CALLS; i++) {
		ASSERT_OK(ipc_recv(self->fd, &self->m));
		ASSERT_OK(ipc_reply(self->fd, self->m.r.reply_handle,
				    self->m.data, self->m.r.data_len));
	}
	for (i = 0; i < CALLERS; i++) {
		pthread_join(c[i].thread, NULL);
		EXPECT_OK(c[i].ret);
	}
}

/* ----------------------------------------------- how it waits, and does not */

/* NOWAIT is about room in the window; the answer is waited for. */
TEST_F(call, nowait_waits_for_the_reply)
{
	async_call_init(&self->c, self->fd, self->h[0], "?");
	self->c.a.flags = CAPIPC_NOWAIT;
	ASSERT_OK(async_call_go(&self->c));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(async_wait_asleep(&self->c.async));
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "!"));
	EXPECT_OK(async_call_join(&self->c));

	/* O_NONBLOCK means the same */
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "?"));
	while (ipc_tryrecv(self->fd, &self->m) == -EAGAIN)
		usleep(1000);
	ASSERT_OK(async_wait_asleep(&self->c.async));
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "!"));
	EXPECT_OK(async_call_join(&self->c));
}

TEST_F(call, full_window)
{
	struct capipc_attachment att;
	struct capipc_call a = { .handle = self->h[0],
				 .flags = CAPIPC_NOWAIT,
				 .deadline_ns = CAPIPC_FOREVER,
				 .attachments = ipc_ptr(&att),
				 .attachments_count = 1 };
	uint32_t p[2];
	int n = 0, ret;

	ASSERT_OK(ipc_create(self->fd, p));
	att = ipc_attach(p[0]);
	while (!(ret = ipc_trysend(self->fd, self->h[0], 0, NULL, 0)))
		n++;
	ASSERT_ERR(EAGAIN, ret);
	EXPECT_ERR(EAGAIN, ipc_do_call(self->fd, &a));
	EXPECT_EQ(CAPIPC_CALL_UNSENT, a.state);
	EXPECT_EQ(0, a.pending);
	a.flags = 0;
	a.deadline_ns = ipc_in(30);
	EXPECT_ERR(ETIMEDOUT, ipc_do_call(self->fd, &a));
	EXPECT_EQ(CAPIPC_CALL_UNSENT, a.state);
	EXPECT_EQ(0, a.pending);
	EXPECT_OK(ipc_alive(self->fd, p[0]));
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));

	/* with a signal: nothing is pending, since nothing was sent */
	ASSERT_OK(catch_signal(SIGUSR1, 0));
	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "?"));
	ASSERT_OK(async_wait_asleep(&self->c.async));
	ASSERT_OK(async_signal(&self->c.async, SIGUSR1));
	EXPECT_ERR(EINTR, async_call_join(&self->c));
	EXPECT_EQ(CAPIPC_CALL_UNSENT, self->c.a.state);
	EXPECT_EQ(0, self->c.a.pending);
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
}

/* A reply needs no room in any window. */
TEST_F(call, reply_passes_a_full_window)
{
	int ret;

	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	while (!(ret = ipc_trysend(self->fd, self->h[1], 0, NULL, 0)))
		;
	ASSERT_ERR(EAGAIN, ret);
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "!"));
	EXPECT_OK(async_call_join(&self->c));
}

/* Requests and messages are one queue. */
TEST_F(call, order_with_messages)
{
	ASSERT_OK(ipc_send(self->fd, self->h[0], 1, NULL, 0));
	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "?"));
	ASSERT_OK(async_wait_asleep(&self->c.async));
	ASSERT_OK(ipc_send(self->fd, self->h[0], 3, NULL, 0));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(1, self->m.r.ordinal);
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_CALL, self->m.r.type);
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "!"));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(3, self->m.r.ordinal);
	EXPECT_OK(async_call_join(&self->c));
}

TEST_HARNESS_MAIN
