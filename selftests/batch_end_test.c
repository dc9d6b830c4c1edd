// SPDX-License-Identifier: GPL-2.0
/*
 * Batches of one-way messages: the end of who sends or receives them, what they cost, and
 * what becomes of them when their pipe is fused.
 */
#include "batch_fixture.h"

/* --------------------------------------------------------- the end of the peer */

TEST_F(batch, peer_closes)
{
	batch_of(&self->in, 0, 5, 8);
	ASSERT_EQ(5, batch_send(self->fd, self->h[0], &self->in));
	ASSERT_EQ(5, batch_send(self->fd, self->h[0], &self->in));
	ASSERT_OK(single_is(self->fd, self->h[1], 0, 8));
	/* what is left is freed with the end that it was for: the leak check sees to it */
	ASSERT_OK(ipc_close(self->fd, self->h[1]));
	EXPECT_ERR(EPIPE, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(0, self->in.s.sent);
}

static void sends_twenty(struct __test_metadata *_metadata, struct peer *peer)
{
	static struct batch b;

	batch_of(&b, 0, 20, 100);
	EXPECT_EQ(20, batch_send(peer->fd, peer->ep, &b));
	EXPECT_EQ(20, batch_send(peer->fd, peer->ep, &b));
}

/* The last messages of a process survive it, and so does who it was. */
TEST_F(batch, sender_dies)
{
	struct peer peer = { .fn = sends_twenty, .fd = self->fd };
	uint32_t end;

	PEER_START(&peer);
	end = peer.ep;
	PEER_WAIT(&peer);
	ASSERT_EQ(40, ipc_queued(self->fd, end));
	EXPECT_EQ(30, batch_recv_flags(self->fd, end, &self->out, 30,
				       BATCH_ROOM, 0, ipc_soon()));
	EXPECT_OK(single_is(self->fd, end, 10, 100));
	EXPECT_EQ(9, batch_recv(self->fd, end, &self->out));
	EXPECT_OK(batch_is(&self->out, 11, 9, 100));
	EXPECT_EQ(0, batch_recv(self->fd, end, &self->out));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->out.r.type);
}

static void takes_one(struct __test_metadata *_metadata, struct peer *peer)
{
	EXPECT_OK(sync_wait(peer->sock));
	EXPECT_OK(single_is(peer->fd, peer->ep, 0, 100));
	EXPECT_OK(sync_post(peer->sock));
	pause();
}

TEST_F(batch, receiver_dies)
{
	struct peer peer = { .fn = takes_one, .fd = self->fd };

	PEER_START(&peer);
	batch_of(&self->in, 0, 20, 100);
	EXPECT_EQ(20, batch_send(self->fd, peer.ep, &self->in));
	EXPECT_EQ(20, batch_send(self->fd, peer.ep, &self->in));
	ASSERT_OK(sync_post(peer.sock));
	ASSERT_OK(sync_wait(peer.sock));
	PEER_KILL(&peer);
	EXPECT_ERR(EPIPE, batch_send(self->fd, peer.ep, &self->in));
}

/* A bad one: the pipe is closed, with what was left of the bundle. */
TEST_F(batch, reported)
{
	batch_of(&self->in, 0, 5, 8);
	ASSERT_EQ(5, batch_send(self->fd, self->h[0], &self->in));
	EXPECT_EQ(2, batch_recv_flags(self->fd, 0, &self->out, 2, 100, 0,
				      ipc_soon()));
	EXPECT_OK(report(self->fd, self->h[1], self->out.r.stamp.id));
	EXPECT_ERR(EPIPE, batch_send(self->fd, self->h[0], &self->in));
}

/* -------------------------------------------------------------------- account */

FIXTURE(account)
{
	struct nl nl;
	struct actor a;
	__u32 h[2];
};

FIXTURE_SETUP(account)
{
	ASSERT_OK(nl_open(&self->nl));
	ASSERT_OK(start_as(&self->a, 3055));
	ASSERT_OK(actor_create(&self->a, self->h));
}

FIXTURE_TEARDOWN(account)
{
	EXPECT_OK(user_reset(&self->nl, 3055));
	EXPECT_OK(parameters_restore());
	actor_stop(&self->a);
	nl_close(&self->nl);
}

/* number[0]: the endpoint, number[1]: how many, number[2]: bytes of each */
static long act_send_single(struct actor_page *page, long unused)
{
	__u32 i;
	int ret = 0;

	(void)unused;
	for (i = 0; i < page->number[1] && !ret; i++)
		ret = single_send(page->fd, page->number[0], i,
				  page->number[2]);
	return ret;
}

static long act_send_batch(struct actor_page *page, long unused)
{
	static struct batch b;

	(void)unused;
	batch_of(&b, 0, page->number[1], page->number[2]);
	return batch_trysend(page->fd, page->number[0], &b);
}

static long act_receive_some(struct actor_page *page, long unused)
{
	static struct batch b;
	int ret;

	(void)unused;
	ret = batch_recv_flags(page->fd, page->number[0], &b, page->number[1],
			       BATCH_ROOM, CAPIPC_NOWAIT, 0);
	if (ret > 0 && batch_is(&b, b.m[0].ordinal, ret, page->number[2]))
		return -EPROTO;
	return ret;
}

static long run(FIXTURE_DATA(account) * self, actor_fn fn, int end, int count,
		int len)
{
	self->a.page->number[0] = self->h[end];
	self->a.page->number[1] = count;
	self->a.page->number[2] = len;
	return in_actor(&self->a, fn, 0);
}

/* As much as they cost one by one, until the last has been received. */
TEST_F(account, is_charged_until_the_last)
{
	__u64 before = account_used(&self->nl, &self->a, BYTES), single;

	ASSERT_OK(run(self, act_send_single, 0, 8, 100));
	single = account_used(&self->nl, &self->a, BYTES);
	EXPECT_LT(before, single);
	ASSERT_EQ(8, run(self, act_receive_some, 1, 64, 100));
	EXPECT_EQ(before, account_used(&self->nl, &self->a, BYTES));
	ASSERT_EQ(8, run(self, act_send_batch, 0, 8, 100));
	EXPECT_EQ(single, account_used(&self->nl, &self->a, BYTES));
	ASSERT_EQ(7, run(self, act_receive_some, 1, 7, 100));
	EXPECT_EQ(single, account_used(&self->nl, &self->a, BYTES));
	ASSERT_EQ(1, run(self, act_receive_some, 1, 7, 100));
	EXPECT_EQ(before, account_used(&self->nl, &self->a, BYTES));
}

/* What did not go with the bundle, for want of room, is charged with it all the same. */
TEST_F(account, of_a_part)
{
	__u64 before = account_used(&self->nl, &self->a, BYTES), all;

	ASSERT_EQ(8, run(self, act_send_batch, 0, 8, 100));
	all = account_used(&self->nl, &self->a, BYTES);
	ASSERT_EQ(8, run(self, act_receive_some, 1, 64, 100));
	ASSERT_OK(parameter_set_number("window_messages", 3));
	ASSERT_EQ(3, run(self, act_send_batch, 0, 8, 100));
	EXPECT_EQ(all, account_used(&self->nl, &self->a, BYTES));
	ASSERT_EQ(3, run(self, act_receive_some, 1, 64, 100));
	EXPECT_EQ(before, account_used(&self->nl, &self->a, BYTES));
}

/* There is not enough for all of it: then for the first. */
TEST_F(account, at_the_limit)
{
	struct capipc_inspect i;
	int n = 0, ret;

	ASSERT_OK(user_set(&self->nl, 3055, CAPIPC_LIMIT_A_BYTES, 1 << 20));
	while ((ret = run(self, act_send_batch, 0, 8, 8000)) > 0 && n < 1000) {
		EXPECT_TRUE(ret == 8 || ret == 1);
		n += ret;
	}
	EXPECT_ERR(EDQUOT, ret);
	ASSERT_OK(actor_inspect(&self->a, self->h[1], &i));
	EXPECT_EQ(n, i.queued);
	/* not even for one more */
	EXPECT_ERR(EDQUOT, run(self, act_send_single, 0, 1, 8000));
}

/* ----------------------------------------------------------------------- fuse */

TEST_F(fuse, bundle_is_judged)
{
	static struct batch b;

	ASSERT_OK(attenuate(self->fd, self->b, 1, 5));
	batch_of(&b, 3, 4, 8);
	ASSERT_EQ(4, batch_send(self->far, self->a2, &b));
	/* the last of them may not */
	EXPECT_ERR(EACCES, fuse(self));
	EXPECT_EQ(4, ipc_queued(self->fd, self->a));
	ASSERT_OK(single_is(self->fd, self->a, 3, 8));
	EXPECT_ERR(EACCES, fuse(self));
	EXPECT_EQ(3, batch_tryrecv(self->fd, self->a, &b));
	EXPECT_OK(batch_is(&b, 4, 3, 8));
}

TEST_F(fuse, bundles_move_on)
{
	static struct batch b;
	uint32_t i;

	ASSERT_OK(restrict_to(self->fd, self->b2, 0, 0, 63));
	for (i = 0; i < 3; i++) {
		batch_of(&b, 0, 64, 8);
		ASSERT_EQ(64, batch_send(self->far, self->a2, &b));
	}
	for (i = 0; i < 10; i++)
		ASSERT_OK(single_is(self->fd, self->a, i, 8));
	/* and the other way, where what is left is at the far end */
	batch_of(&b, 0, 5, 8);
	ASSERT_EQ(5, batch_send(self->fd, self->a, &b));
	ASSERT_OK(single_is(self->far, self->a2, 0, 8));
	ASSERT_OK(fuse(self));
	EXPECT_EQ(192 - 10, ipc_queued(self->fd, self->b2));
	for (; i < 64; i++)
		ASSERT_OK(single_is(self->fd, self->b2, i, 8));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(64, batch_tryrecv(self->fd, self->b2, &b));
		EXPECT_OK(batch_is(&b, 0, 64, 8));
	}
	EXPECT_EQ(4, batch_tryrecv(self->far, self->a2, &b));
	EXPECT_OK(batch_is(&b, 1, 4, 8));
	EXPECT_OK(talks(self->far, self->a2, self->fd, self->b2));
}

TEST_HARNESS_MAIN
