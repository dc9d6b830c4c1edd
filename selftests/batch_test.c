// SPDX-License-Identifier: GPL-2.0
/*
 * Batches of one-way messages: as if each were sent and received by itself.
 */
#include "batch_fixture.h"

TEST_F(batch, arrives)
{
	struct capipc_query q = { .handle = self->h[1] };

	batch_of(&self->in, 100, 16, 64);
	EXPECT_EQ(16, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(16, ipc_queued(self->fd, self->h[1]));
	EXPECT_EQ(16, batch_recv(self->fd, 0, &self->out));
	EXPECT_OK(batch_is(&self->out, 100, 16, 64));
	EXPECT_EQ(self->h[1], self->out.r.from);
	EXPECT_EQ(0xc1, self->out.r.cookie);
	EXPECT_EQ(0, self->out.r.facet);
	EXPECT_EQ(getpid(), self->out.r.stamp.pid);
	EXPECT_EQ(geteuid(), self->out.r.stamp.uid);
	EXPECT_EQ(getegid(), self->out.r.stamp.gid);
	EXPECT_EQ(0, self->out.r.stamp.flags);
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
	/* who sent it can be asked for */
	q.stamp_id = self->out.r.stamp.id;
	EXPECT_OK(ipc_do_query(self->fd, &q));
	EXPECT_ERR(EAGAIN, batch_tryrecv(self->fd, 0, &self->out));
}

TEST_F(batch, of_any_lengths)
{
	static const uint32_t len[] = { 0, 1, 0, 7, 4096, 3, 0, 20000, 64, 0 };
	uint32_t i, at = 0;

	batch_clear(&self->in);
	for (i = 0; i < ARRAY_SIZE(len); i++)
		batch_add(&self->in, i, len[i]);
	EXPECT_EQ(i, batch_send(self->fd, self->h[0], &self->in));
	ASSERT_EQ(i, batch_recv(self->fd, self->h[1], &self->out));
	EXPECT_EQ(self->in.len, self->out.len);
	EXPECT_EQ(0, memcmp(self->in.data, self->out.data, self->in.len));
	EXPECT_EQ(0,
		  memcmp(self->in.m, self->out.m, i * sizeof(self->in.m[0])));
	/* the same, one by one */
	EXPECT_EQ(i, batch_send(self->fd, self->h[0], &self->in));
	for (i = 0; i < ARRAY_SIZE(len); i++) {
		struct capipc_receive r = {
			.flags = CAPIPC_NOWAIT,
			.data = ipc_ptr(self->out.data),
			.data_capacity = BATCH_ROOM,
		};

		ASSERT_OK(ipc_do_receive(self->fd, &r));
		EXPECT_EQ(i, r.ordinal);
		EXPECT_EQ(len[i], r.data_len);
		EXPECT_EQ(0,
			  memcmp(self->in.data + at, self->out.data, len[i]));
		at += len[i];
	}
}

TEST_F(batch, of_one_and_of_most)
{
	batch_of(&self->in, 7, 1, 10);
	EXPECT_EQ(1, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(1, batch_recv(self->fd, 0, &self->out));
	EXPECT_OK(batch_is(&self->out, 7, 1, 10));
	batch_of(&self->in, 7, CAPIPC_BATCH_MAX, 10);
	EXPECT_EQ(CAPIPC_BATCH_MAX,
		  batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(CAPIPC_BATCH_MAX, batch_recv(self->fd, 0, &self->out));
	EXPECT_OK(batch_is(&self->out, 7, CAPIPC_BATCH_MAX, 10));
	batch_of(&self->in, 7, CAPIPC_BATCH_MAX + 1, 10);
	EXPECT_ERR(EINVAL, batch_send(self->fd, self->h[0], &self->in));
	batch_of(&self->in, 7, 0, 10);
	EXPECT_ERR(EINVAL, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
}

/* ------------------------------------------------------------------ malformed */

TEST_F(batch, lengths_must_add_up)
{
	batch_of(&self->in, 1, 4, 8);
	self->in.len--;
	EXPECT_ERR(EINVAL, batch_send(self->fd, self->h[0], &self->in));
	self->in.len += 2;
	EXPECT_ERR(EINVAL, batch_send(self->fd, self->h[0], &self->in));
	self->in.len--;
	self->in.m[2].data_len = UINT32_MAX;
	self->in.m[3].data_len = 8 + 8 + 1;
	EXPECT_ERR(EINVAL, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
}

TEST_F(batch, too_large)
{
	batch_clear(&self->in);
	self->in.count = 2;
	self->in.m[0] = (struct capipc_batched){ 1, CAPIPC_MESSAGE_MAX };
	self->in.m[1] = (struct capipc_batched){ 1, 1 };
	self->in.len = CAPIPC_MESSAGE_MAX + 1;
	EXPECT_ERR(EMSGSIZE, batch_send(self->fd, self->h[0], &self->in));
}

TEST_F(batch, flags)
{
	batch_of(&self->in, 1, 2, 8);
	EXPECT_ERR(EINVAL,
		   batch_send_flags(self->fd, self->h[0], &self->in, 2, 0));
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
	ASSERT_EQ(2, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_ERR(EINVAL,
		   batch_recv_flags(self->fd, 0, &self->out, 2, 100, 2, 0));
	EXPECT_ERR(EINVAL,
		   batch_recv_flags(self->fd, 0, &self->out, 0, 100, 0, 0));
	EXPECT_EQ(2, ipc_queued(self->fd, self->h[1]));
}

TEST_F(batch, handles)
{
	struct capipc_replace p = { .size = sizeof(p), .handle = self->h[0] };
	uint32_t listener;

	batch_of(&self->in, 1, 2, 8);
	ASSERT_OK(ipc_listen(self->fd, "selftest/batch/handles", &listener));
	EXPECT_ERR(EPROTOTYPE, batch_send(self->fd, listener, &self->in));
	EXPECT_ERR(EBADF, batch_send(self->fd, 0, &self->in));
	EXPECT_ERR(EBADF,
		   batch_send(self->fd, self->h[0] ^ (1 << 25), &self->in));
	EXPECT_ERR(EBADF,
		   batch_tryrecv(self->fd, self->h[1] ^ (1 << 25), &self->out));
	EXPECT_ERR(EAGAIN, batch_tryrecv(self->fd, listener, &self->out));
	p.rights = CAPIPC_RIGHT_TRANSFER;
	ASSERT_OK(ipc_ioctl(self->fd, CAPIPC_IOC_REPLACE, &p));
	EXPECT_ERR(EPERM, batch_send(self->fd, p.replaced, &self->in));
	EXPECT_ERR(EPERM, batch_tryrecv(self->fd, p.replaced, &self->out));
}

/* ---------------------------------------------------------------------- order */

/* However they are sent, and however they are received. */
TEST_F(batch, mixed_with_single_ones)
{
	uint32_t sent = 0, got = 0, round, n;
	int ret;

	for (round = 0; round < 60; round++) {
		n = round % 7 * 5 + 1;
		if (round % 3) {
			batch_of(&self->in, sent, n, 24);
			ASSERT_EQ(n,
				  batch_send(self->fd, self->h[0], &self->in));
		} else {
			for (n = 0; n < 3; n++)
				ASSERT_OK(single_send(self->fd, self->h[0],
						      sent + n, 24));
		}
		sent += n;
		EXPECT_EQ(sent - got, ipc_queued(self->fd, self->h[1]));
		n = round * 11 % 23;
		if (round % 2) {
			while (n-- && got < sent)
				ASSERT_OK(single_is(self->fd, self->h[1], got++,
						    24));
		} else if (n) {
			ret = batch_recv_flags(self->fd, 0, &self->out, n,
					       BATCH_ROOM, CAPIPC_NOWAIT, 0);
			ASSERT_GT(ret, 0);
			/* no fewer than there are and there is room for */
			EXPECT_EQ(n < sent - got ? n : sent - got, ret);
			ASSERT_OK(batch_is(&self->out, got, ret, 24));
			got += ret;
		}
	}
	while (got < sent) {
		ret = batch_tryrecv(self->fd, 0, &self->out);
		ASSERT_GT(ret, 0);
		ASSERT_OK(batch_is(&self->out, got, ret, 24));
		got += ret;
	}
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
}

/* As much as there is room for, by bytes too; the rest stays. */
TEST_F(batch, room_of_bytes)
{
	batch_of(&self->in, 0, 10, 100);
	ASSERT_EQ(10, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(3, batch_recv_flags(self->fd, 0, &self->out, 64, 399, 0,
				      ipc_soon()));
	EXPECT_OK(batch_is(&self->out, 0, 3, 100));
	EXPECT_EQ(7, ipc_queued(self->fd, self->h[1]));
	EXPECT_ERR(EMSGSIZE, batch_recv_flags(self->fd, 0, &self->out, 64, 99,
					      0, ipc_soon()));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, self->out.r.type);
	EXPECT_EQ(self->h[1], self->out.r.from);
	EXPECT_EQ(100, self->out.r.data_len);
	EXPECT_EQ(0, self->out.r.count);
	EXPECT_EQ(0, self->out.r.cookie);
	EXPECT_EQ(0, self->out.r.stamp.id);
	EXPECT_EQ(7, ipc_queued(self->fd, self->h[1]));
	EXPECT_EQ(7, batch_recv(self->fd, 0, &self->out));
	EXPECT_OK(batch_is(&self->out, 3, 7, 100));
	/* no more than a batch, whatever room there is */
	batch_of(&self->in, 0, 64, 1);
	ASSERT_EQ(64, batch_send(self->fd, self->h[0], &self->in));
	ASSERT_EQ(64, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(64, batch_recv_flags(self->fd, 0, &self->out, UINT32_MAX,
				       BATCH_ROOM, 0, ipc_soon()));
	EXPECT_OK(batch_is(&self->out, 0, 64, 1));
}

/* What is no plain message ends a batch, and is told, and stays. */
TEST_F(batch, stops_at_what_is_no_message)
{
	uint32_t h[2];

	ASSERT_OK(ipc_create(self->fd, h));
	batch_of(&self->in, 0, 3, 8);
	ASSERT_EQ(3, batch_send(self->fd, self->h[0], &self->in));
	ASSERT_OK(ipc_send_handle(self->fd, self->h[0], "carries", h[0]));
	batch_of(&self->in, 4, 2, 8);
	ASSERT_EQ(2, batch_send(self->fd, self->h[0], &self->in));
	ASSERT_OK(ipc_close(self->fd, self->h[0]));

	EXPECT_EQ(3, batch_recv(self->fd, 0, &self->out));
	EXPECT_OK(batch_is(&self->out, 0, 3, 8));
	EXPECT_EQ(0, batch_recv(self->fd, 0, &self->out));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, self->out.r.type);
	EXPECT_EQ(self->h[1], self->out.r.from);
	EXPECT_EQ(0, self->out.r.data_len);
	EXPECT_EQ(0, self->out.r.stamp.id);
	EXPECT_EQ(3, ipc_queued(self->fd, self->h[1]));
	EXPECT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_EQ(1, self->m.r.attachments_count);
	EXPECT_EQ(2, batch_recv(self->fd, 0, &self->out));
	EXPECT_OK(batch_is(&self->out, 4, 2, 8));
	/* it is closed, and that is not taken either */
	EXPECT_EQ(0, batch_recv(self->fd, 0, &self->out));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->out.r.type);
	EXPECT_EQ(0, batch_recv(self->fd, self->h[1], &self->out));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->out.r.type);
	EXPECT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_ERR(EPIPE, batch_tryrecv(self->fd, self->h[1], &self->out));
	EXPECT_ERR(EAGAIN, batch_tryrecv(self->fd, 0, &self->out));
}

static void *call_thread(void *arg)
{
	struct waiting *w = arg;
	char answer[16];

	async_begin(&w->a);
	w->a.ret = ipc_call_str(w->a.fd, w->handle, 5, "?", answer,
				sizeof(answer));
	async_end(&w->a);
	return NULL;
}

TEST_F(batch, stops_at_a_call_and_a_connection)
{
	static struct waiting caller;
	uint32_t listener, client;

	caller.a.fd = self->fd;
	caller.handle = self->h[0];
	ASSERT_EQ(0,
		  pthread_create(&caller.a.thread, NULL, call_thread, &caller));
	ASSERT_EQ(0, batch_recv(self->fd, 0, &self->out));
	EXPECT_EQ(CAPIPC_RECEIVED_CALL, self->out.r.type);
	EXPECT_EQ(self->h[1], self->out.r.from);
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_CALL, self->m.r.type);
	EXPECT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "!"));
	EXPECT_OK(async_join(&caller.a));

	ASSERT_OK(ipc_listen(self->fd, "selftest/batch/connection", &listener));
	ASSERT_OK(ipc_connect(self->fd, "selftest/batch/connection", &client));
	ASSERT_EQ(0, batch_recv(self->fd, 0, &self->out));
	EXPECT_EQ(CAPIPC_RECEIVED_CONNECTION, self->out.r.type);
	EXPECT_EQ(listener, self->out.r.from);
	EXPECT_EQ(1, ipc_queued(self->fd, listener));
}

/* News come first, and stay. */
TEST_F(batch, stops_at_news)
{
	struct capipc_tag t = {
		.size = sizeof(t),
		.flags = CAPIPC_TAG_WRITABLE,
		.handle = self->h[1],
	};
	int n;

	ASSERT_OK(ipc_ioctl(self->fd, CAPIPC_IOC_TAG, &t));
	n = fill(self->fd, self->h[1]);
	ASSERT_GT(n, 0);
	batch_of(&self->in, 0, 2, 8);
	ASSERT_EQ(2, batch_send(self->fd, self->h[0], &self->in));
	while (n > 0) {
		int ret = batch_tryrecv(self->fd, self->h[0], &self->out);

		ASSERT_GT(ret, 0);
		n -= ret;
	}
	ASSERT_EQ(0, batch_recv(self->fd, 0, &self->out));
	EXPECT_EQ(CAPIPC_RECEIVED_WRITABLE, self->out.r.type);
	EXPECT_EQ(self->h[1], self->out.r.from);
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_WRITABLE, self->m.r.type);
	EXPECT_EQ(2, batch_recv(self->fd, 0, &self->out));
}

/* All of a batch has one sender. */
TEST_F(batch, of_one_sender)
{
	uint32_t far, moved;
	int other = ipc_open();

	ASSERT_GE(other, 0);
	batch_of(&self->in, 0, 3, 8);
	ASSERT_EQ(3, batch_send(self->fd, self->h[0], &self->in));
	ASSERT_OK(hand_over(self->fd, other, self->h[0], &far));
	batch_of(&self->in, 3, 4, 8);
	ASSERT_EQ(4, batch_send(other, far, &self->in));
	ASSERT_OK(hand_over(other, self->fd, far, &moved));
	ASSERT_OK(single_send(self->fd, moved, 7, 8));
	ASSERT_EQ(3, batch_tryrecv(self->fd, self->h[1], &self->out));
	EXPECT_OK(batch_is(&self->out, 0, 3, 8));
	moved = self->out.r.stamp.id;
	ASSERT_EQ(4, batch_tryrecv(self->fd, self->h[1], &self->out));
	EXPECT_OK(batch_is(&self->out, 3, 4, 8));
	EXPECT_NE(moved, self->out.r.stamp.id);
	ASSERT_EQ(1, batch_tryrecv(self->fd, self->h[1], &self->out));
	EXPECT_OK(batch_is(&self->out, 7, 1, 8));
	close(other);
}

/* The receiving end moves with what is left of a bundle. */
TEST_F(batch, moves)
{
	uint32_t there;
	int other = ipc_open();

	ASSERT_GE(other, 0);
	batch_of(&self->in, 0, 10, 8);
	ASSERT_EQ(10, batch_send(self->fd, self->h[0], &self->in));
	ASSERT_OK(single_is(self->fd, self->h[1], 0, 8));
	ASSERT_OK(hand_over(self->fd, other, self->h[1], &there));
	EXPECT_EQ(9, ipc_queued(other, there));
	ASSERT_OK(single_is(other, there, 1, 8));
	EXPECT_EQ(8, batch_tryrecv(other, there, &self->out));
	EXPECT_OK(batch_is(&self->out, 2, 8, 8));
	close(other);
}

/* A batch is one turn: whatever else is ready comes next. */
TEST_F(batch, is_one_turn)
{
	uint32_t h[2];
	int i;

	ASSERT_OK(ipc_create(self->fd, h));
	batch_of(&self->in, 0, 64, 8);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(64, batch_send(self->fd, self->h[0], &self->in));
	ASSERT_EQ(64, batch_send(self->fd, h[0], &self->in));
	ASSERT_EQ(64, batch_send(self->fd, h[0], &self->in));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(64, batch_recv(self->fd, 0, &self->out));
		EXPECT_EQ(i % 2 && i < 4 ? h[1] : self->h[1], self->out.r.from);
	}
}

TEST_HARNESS_MAIN
