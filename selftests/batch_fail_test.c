// SPDX-License-Identifier: GPL-2.0
/*
 * Batches of one-way messages: what stands in the way of them, the window, rules, memory
 * that is not there, and waiting.
 */
#include "batch_fixture.h"

/* --------------------------------------------------------------------- window */

TEST_F(batch, as_many_as_there_is_room_for)
{
	struct capipc_info info;
	uint32_t sent = 0, got = 0;
	int ret;

	ASSERT_OK(ipc_do_info(self->fd, &info));
	ASSERT_OK(parameter_set_number("window_messages", 100));
	while (sent < 1000) {
		batch_of(&self->in, sent, 30, 8);
		ret = batch_trysend(self->fd, self->h[0], &self->in);
		if (ret < 0)
			break;
		EXPECT_EQ(sent == 90 ? 10 : 30, ret);
		sent += ret;
	}
	EXPECT_ERR(EAGAIN, ret);
	EXPECT_EQ(0, self->in.s.sent);
	EXPECT_EQ(100, sent);
	EXPECT_EQ(100, ipc_queued(self->fd, self->h[1]));
	/* each that is received is room for one */
	ASSERT_OK(single_is(self->fd, self->h[1], got++, 8));
	batch_of(&self->in, sent, 30, 8);
	EXPECT_EQ(1, batch_trysend(self->fd, self->h[0], &self->in));
	sent++;
	EXPECT_EQ(7, batch_recv_flags(self->fd, 0, &self->out, 7, 4096, 0,
				      ipc_soon()));
	EXPECT_OK(batch_is(&self->out, got, 7, 8));
	got += 7;
	batch_of(&self->in, sent, 30, 8);
	EXPECT_EQ(7, batch_trysend(self->fd, self->h[0], &self->in));
	sent += 7;
	while (got < sent) {
		ret = batch_tryrecv(self->fd, 0, &self->out);
		ASSERT_GT(ret, 0);
		ASSERT_OK(batch_is(&self->out, got, ret, 8));
		got += ret;
	}
	/* all of it is free again */
	EXPECT_EQ(100, fill(self->fd, self->h[0]));
}

TEST_F(batch, window_of_bytes)
{
	struct capipc_info info;
	uint32_t sent = 0;
	int ret, single = 0;

	ASSERT_OK(ipc_do_info(self->fd, &info));
	while (!single_send(self->fd, self->h[0], 0, 6000))
		single++;
	while (batch_tryrecv(self->fd, self->h[1], &self->out) > 0)
		;
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
	batch_of(&self->in, 0, 10, 6000);
	while ((ret = batch_trysend(self->fd, self->h[0], &self->in)) > 0)
		sent += ret;
	EXPECT_ERR(EAGAIN, ret);
	/* as many as one by one */
	EXPECT_EQ(single, sent);
}

static void *send_thread(void *arg)
{
	struct waiting *s = arg;

	async_begin(&s->a);
	s->a.ret = batch_send(s->a.fd, s->handle, &s->b);
	async_end(&s->a);
	return NULL;
}

static void *receive_thread(void *arg)
{
	struct waiting *s = arg;

	async_begin(&s->a);
	s->a.ret = batch_recv(s->a.fd, s->handle, &s->b);
	async_end(&s->a);
	return NULL;
}

/* It waits for the first, and sends the rest if there is room. */
TEST_F(batch, waits_for_the_first)
{
	static struct waiting s;
	int n = fill(self->fd, self->h[0]);

	ASSERT_GT(n, 20);
	batch_of(&self->in, 0, 4, 8);
	EXPECT_ERR(ETIMEDOUT, batch_send_flags(self->fd, self->h[0], &self->in,
					       0, ipc_in(20)));
	s.a.fd = self->fd;
	s.handle = self->h[0];
	batch_of(&s.b, 500, 16, 8);
	ASSERT_EQ(0, pthread_create(&s.a.thread, NULL, send_thread, &s));
	ASSERT_OK(async_wait_asleep(&s.a));
	EXPECT_EQ(10, batch_recv_flags(self->fd, 0, &self->out, 10, 4096, 0,
				       ipc_soon()));
	EXPECT_EQ(10, async_join(&s.a));
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
}

/* ---------------------------------------------------------------------- rules */

TEST_F(batch, denied_in_the_middle)
{
	uint32_t i;

	ASSERT_OK(restrict_to(self->fd, self->h[1], 0, 10, 19));
	batch_clear(&self->in);
	for (i = 0; i < 8; i++)
		batch_add(&self->in, i == 5 ? 20 : 10 + i, 8);
	EXPECT_EQ(5, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(5, ipc_queued(self->fd, self->h[1]));
	EXPECT_EQ(5, batch_recv(self->fd, 0, &self->out));
	EXPECT_OK(batch_is(&self->out, 10, 5, 8));
	/* the denied one is the first now */
	batch_clear(&self->in);
	batch_add(&self->in, 20, 8);
	batch_add(&self->in, 10, 8);
	EXPECT_ERR(EACCES, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(0, self->in.s.sent);
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
	/* what was allowed before does not allow what comes behind it */
	batch_clear(&self->in);
	batch_add(&self->in, 10, 8);
	batch_add(&self->in, 10, 8);
	batch_add(&self->in, 9, 8);
	EXPECT_EQ(2, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(1, ({
			  batch_of(&self->in, 19, 2, 8);
			  batch_send(self->fd, self->h[0], &self->in);
		  }));
}

TEST_F(batch, attenuated)
{
	ASSERT_OK(attenuate(self->fd, self->h[0], 3, 5));
	batch_of(&self->in, 3, 10, 8);
	EXPECT_EQ(3, batch_send(self->fd, self->h[0], &self->in));
	batch_of(&self->in, 6, 10, 8);
	EXPECT_ERR(EACCES, batch_send(self->fd, self->h[0], &self->in));
}

/* The first denied one is an event; one that was not sent for want of room, or the end of a
 * batch that was sent, is not.
 */
TEST_F(batch, one_event)
{
	struct nl events;
	struct nlmsghdr *h;
	int denied = 0;

	ASSERT_OK(nl_open(&events));
	ASSERT_OK(nl_join(&events));
	ASSERT_OK(restrict_to(self->fd, self->h[1], 0, 1, 5));
	batch_of(&self->in, 4, 8, 8);
	EXPECT_EQ(2, batch_send(self->fd, self->h[0], &self->in));
	batch_of(&self->in, 77, 8, 8);
	EXPECT_ERR(EACCES, batch_send(self->fd, self->h[0], &self->in));
	while ((h = nl_receive(&events, 500))) {
		if (nl_number(nl_attr(h, CAPIPC_EVENT_A_TYPE)) !=
		    CAPIPC_EVENT_DENY)
			continue;
		denied++;
		EXPECT_EQ(77, nl_number(nl_attr(h, CAPIPC_EVENT_A_ORDINAL)));
	}
	EXPECT_EQ(1, denied);
	nl_close(&events);
}

/* --------------------------------------------------------------------- faults */

TEST_F(batch, faults_of_who_sends)
{
	struct capipc_send_batch s;
	char *p = map_before_hole(4096);

	ASSERT_NE(NULL, p);
	batch_of(&self->in, 1, 4, 512);
	ASSERT_EQ(4, batch_send(self->fd, self->h[0], &self->in));
	ASSERT_EQ(4, batch_recv(self->fd, 0, &self->out));
	s = self->in.s;
	/* the bytes of the third and the fourth are not there */
	s.data = ipc_ptr(p + 4096 - 1024);
	EXPECT_ERR(EFAULT, ipc_do_send_batch(self->fd, &s));
	s = self->in.s;
	s.messages = ipc_ptr(p + 4096 - 24);
	EXPECT_ERR(EFAULT, ipc_do_send_batch(self->fd, &s));
	/* the answer could not be written */
	s = self->in.s;
	memcpy(p, &s, sizeof(s));
	ASSERT_EQ(0, mprotect(p, 4096, PROT_READ));
	EXPECT_ERR(EFAULT, ipc_ioctl(self->fd, CAPIPC_IOC_SEND_BATCH, p));
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
}

/* Everything is put back, in order, and the window is what it was. */
TEST_F(batch, faults_of_who_receives)
{
	char *p = map_before_hole(4096);
	struct capipc_receive_batch r = {
		.flags = CAPIPC_NOWAIT,
		.messages = ipc_ptr(self->out.m),
		.data = ipc_ptr(p + 4096 - 1000),
		.data_capacity = 4096,
		.count_capacity = 64,
	};
	struct capipc_receive one = {
		.flags = CAPIPC_NOWAIT,
		.data = ipc_ptr(p + 4096 - 100),
		.data_capacity = 4096,
	};
	int n;

	ASSERT_NE(NULL, p);
	batch_of(&self->in, 0, 3, 300);
	ASSERT_EQ(3, batch_send(self->fd, self->h[0], &self->in));
	ASSERT_OK(single_send(self->fd, self->h[0], 3, 300));
	batch_of(&self->in, 4, 3, 300);
	ASSERT_EQ(3, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_ERR(EFAULT, ipc_do_receive_batch(self->fd, &r));
	EXPECT_EQ(7, ipc_queued(self->fd, self->h[1]));
	r.data = ipc_ptr(self->out.data);
	r.messages = ipc_ptr(p + 4096 - 16);
	EXPECT_ERR(EFAULT, ipc_do_receive_batch(self->fd, &r));
	EXPECT_EQ(7, ipc_queued(self->fd, self->h[1]));
	/* single ones too */
	EXPECT_OK(single_is(self->fd, self->h[1], 0, 300));
	EXPECT_ERR(EFAULT, ipc_do_receive(self->fd, &one));
	EXPECT_EQ(6, ipc_queued(self->fd, self->h[1]));
	EXPECT_EQ(6, batch_recv(self->fd, 0, &self->out));
	EXPECT_OK(batch_is(&self->out, 1, 6, 300));
	n = fill(self->fd, self->h[0]);
	EXPECT_GT(n, 6);
	while (batch_tryrecv(self->fd, 0, &self->out) > 0)
		;
	EXPECT_EQ(n, fill(self->fd, self->h[0]));
}

/* -------------------------------------------------------------------- waiting */

TEST_F(batch, receiver_waits)
{
	static struct waiting s;
	int i;

	EXPECT_ERR(ETIMEDOUT, batch_recv_flags(self->fd, 0, &self->out, 64,
					       4096, 0, ipc_in(20)));
	EXPECT_ERR(ETIMEDOUT, batch_recv_flags(self->fd, self->h[1], &self->out,
					       64, 4096, 0, ipc_in(20)));
	/* a batch, or a single message, from anywhere or from one */
	for (i = 0; i < 4; i++) {
		memset(&s, 0, sizeof(s));
		s.a.fd = self->fd;
		s.handle = i & 1 ? self->h[1] : 0;
		ASSERT_EQ(0, pthread_create(&s.a.thread, NULL, receive_thread,
					    &s));
		ASSERT_OK(async_wait_asleep(&s.a));
		batch_of(&self->in, 40, i & 2 ? 1 : 5, 8);
		ASSERT_EQ(self->in.count,
			  batch_send(self->fd, self->h[0], &self->in));
		EXPECT_EQ(self->in.count, async_join(&s.a));
		EXPECT_OK(batch_is(&s.b, 40, self->in.count, 8));
	}
}

static void *single_thread(void *arg)
{
	struct waiting *s = arg;
	static struct ipc_message m;

	async_begin(&s->a);
	s->a.ret = ipc_recv(s->a.fd, &m);
	if (!s->a.ret)
		s->a.ret = (int)m.r.ordinal;
	async_end(&s->a);
	return NULL;
}

/* A thread that waits for one message gets the first, and the others follow. */
TEST_F(batch, given_to_who_waits_for_one)
{
	static struct waiting s;

	s.a.fd = self->fd;
	ASSERT_EQ(0, pthread_create(&s.a.thread, NULL, single_thread, &s));
	ASSERT_OK(async_wait_asleep(&s.a));
	batch_of(&self->in, 70, 5, 8);
	ASSERT_EQ(5, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(70, async_join(&s.a));
	EXPECT_EQ(4, ipc_queued(self->fd, self->h[1]));
	EXPECT_OK(single_is(self->fd, self->h[1], 71, 8));
	EXPECT_EQ(3, batch_tryrecv(self->fd, 0, &self->out));
	EXPECT_OK(batch_is(&self->out, 72, 3, 8));
}

TEST_HARNESS_MAIN
