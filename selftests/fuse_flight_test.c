// SPDX-License-Identifier: GPL-2.0
/*
 * What is on its way when two pipes become one: calls and their replies, what carries
 * something, and ends that are in flight themselves.
 */
#include "capipc_test_invitation.h"
#include "fuse.h"

/* ------------------------------------------------------------------- calls */

/* A request that is queued moves, is answered by who receives it, and by the stamp. */
TEST_F(fuse, call_moves)
{
	struct async_call c;

	ASSERT_OK(async_call(&c, self->far, self->a2, "?"));
	ASSERT_OK(async_wait_asleep(&c.async));
	ASSERT_OK(fuse(self));
	ASSERT_OK(ipc_recv_from(self->fd, self->b2, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_CALL, self->m.r.type);
	ASSERT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "!"));
	EXPECT_OK(async_call_join(&c));
	EXPECT_EQ(0, strcmp(c.reply, "!"));
	/* and again, with what was fused */
	ASSERT_OK(async_call(&c, self->fd, self->b2, "?"));
	ASSERT_OK(ipc_recv_from(self->far, self->a2, &self->m));
	ASSERT_OK(ipc_reply_str(self->far, self->m.r.reply_handle, "!"));
	EXPECT_OK(async_call_join(&c));
}

/* A request that was received before can be answered after. */
TEST_F(fuse, call_received_before)
{
	struct async_call c, d;
	struct ipc_message m;

	ASSERT_OK(async_call(&c, self->far, self->a2, "?"));
	ASSERT_OK(ipc_recv_from(self->fd, self->a, &self->m));
	ASSERT_OK(async_call(&d, self->far, self->a2, "?"));
	ASSERT_OK(ipc_recv_from(self->fd, self->a, &m));
	ASSERT_OK(fuse(self));
	EXPECT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "!"));
	EXPECT_OK(async_call_join(&c));
	EXPECT_EQ(0, c.a.stamp.flags);
	ASSERT_OK(ipc_close(self->fd, m.r.reply_handle));
	EXPECT_ERR(ECONNRESET, async_call_join(&d));
}

/* One that is withdrawn leaves the queue that it is in, and its window. */
TEST_F(fuse, call_withdrawn)
{
	struct async_call c;

	ASSERT_OK(async_call_pending(&c, self->far, self->a2, "?"));
	ASSERT_OK(fuse(self));
	EXPECT_EQ(1, ipc_queued(self->fd, self->b2));
	EXPECT_OK(ipc_close(self->far, c.a.pending));
	EXPECT_EQ(0, ipc_queued(self->fd, self->b2));
	EXPECT_OK(talks(self->far, self->a2, self->fd, self->b2));
}

TEST_F(fuse, call_fails_when_the_new_peer_closes)
{
	struct async_call c;

	ASSERT_OK(async_call(&c, self->far, self->a2, "?"));
	ASSERT_OK(async_wait_asleep(&c.async));
	ASSERT_OK(fuse(self));
	ASSERT_OK(ipc_close(self->fd, self->b2));
	EXPECT_ERR(ECONNRESET, async_call_join(&c));
}

/* A report cuts what there is now, whoever makes it, and all calls over it. */
static void report_after(struct __test_metadata *_metadata,
			 struct _test_data_fuse *self, uint32_t first,
			 uint32_t second)
{
	struct async_call before, queued;

	ASSERT_OK(async_call(&before, self->far, self->a2, "1"));
	ASSERT_OK(ipc_recv_from(self->fd, self->a, &self->m));
	ASSERT_OK(async_call(&queued, self->far, self->a2, "2"));
	ASSERT_OK(async_wait_asleep(&queued.async));
	ASSERT_OK(ipc_fuse(self->fd, first, second));
	/* by the reply handle of a call that came when the pipe was another one */
	ASSERT_OK(report(self->fd, self->m.r.reply_handle, 0));
	EXPECT_ERR(ECONNRESET, async_call_join(&before));
	EXPECT_ERR(ECONNRESET, async_call_join(&queued));
	EXPECT_OK(closed(self->fd, self->b2));
	EXPECT_OK(closed(self->far, self->a2));
}

TEST_F(fuse, report)
{
	report_after(_metadata, self, self->a, self->b);
}

/* The pipe that the call came over is not the one that stays. */
TEST_F(fuse, report_of_the_other_pipe)
{
	report_after(_metadata, self, self->b, self->a);
}

TEST_F(fuse, report_by_the_new_peer)
{
	struct async_call before;
	struct ipc_message m;

	ASSERT_OK(async_call(&before, self->far, self->a2, "1"));
	ASSERT_OK(ipc_recv_from(self->fd, self->a, &self->m));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "bad"));
	ASSERT_OK(fuse(self));
	ASSERT_OK(ipc_recv_from(self->fd, self->b2, &m));
	ASSERT_OK(report(self->fd, self->b2, m.r.stamp.id));
	EXPECT_ERR(ECONNRESET, async_call_join(&before));
	EXPECT_OK(closed(self->far, self->a2));
	EXPECT_ERR(ECANCELED,
		   ipc_reply_str(self->fd, self->m.r.reply_handle, "!"));
}

/* --------------------------------------------------------------- in flight */

TEST_F(fuse, far_ends_in_flight)
{
	uint32_t p[2];
	struct ipc_message m;

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "before"));
	ASSERT_OK(hand_over(self->far, self->fd, self->a2, &self->a2));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "", self->a2));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "", self->b2));
	ASSERT_OK(fuse(self));
	ASSERT_OK(ipc_recv_from(self->fd, p[1], &self->m));
	ASSERT_OK(ipc_recv_from(self->fd, p[1], &m));
	EXPECT_OK(next_is(self->fd, m.att[0].handle, "before"));
	EXPECT_OK(talks(self->fd, self->m.att[0].handle, self->fd,
			m.att[0].handle));
}

/* A far end waits for whoever accepts an invitation. */
TEST_F(fuse, far_end_in_an_invitation)
{
	uint32_t handle, got;
	struct guest guest;
	int invitation;

	ASSERT_OK(ipc_send_str(self->fd, self->a, 1, "before"));
	ASSERT_OK(ipc_invite_full(self->fd, self->b2, &invite_anyone, 1, 0,
				  CAPIPC_FOREVER, &invitation, &handle));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "moves"));
	ASSERT_OK(fuse(self));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "after"));
	ASSERT_OK(ipc_accept_all(self->far, invitation, &guest));
	got = guest.in[0].handle;
	EXPECT_OK(next_is(self->far, got, "moves"));
	EXPECT_OK(next_is(self->far, got, "after"));
	EXPECT_OK(next_is(self->far, self->a2, "before"));
	EXPECT_OK(talks(self->far, self->a2, self->far, got));
	close(invitation);
}

/* Nobody accepts it: then it is closed, with all that had moved into it. */
TEST_F(fuse, far_end_in_an_invitation_that_ends)
{
	uint32_t handle, p[2];
	int invitation;

	ASSERT_OK(ipc_invite_full(self->fd, self->b2, &invite_anyone, 1, 0,
				  CAPIPC_FOREVER, &invitation, &handle));
	ASSERT_OK(ipc_create(self->far, p));
	ASSERT_OK(ipc_send_handle(self->far, self->a2, "", p[1]));
	ASSERT_OK(fuse(self));
	EXPECT_OK(ipc_trysend(self->far, p[0], 1, "x", 1));
	ASSERT_OK(ipc_close(self->fd, handle));
	EXPECT_ERR(EPIPE, ipc_trysend(self->far, p[0], 1, "x", 1));
	EXPECT_OK(closed(self->far, self->a2));
	close(invitation);
}

/* A far end waits in a listener. */
TEST_F(fuse, far_end_in_a_backlog)
{
	uint32_t listener, client, server, p[2];
	const char *name = fresh_name();

	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(ipc_connect(self->fd, name, &client));
	ASSERT_OK(ipc_send_str(self->fd, client, 1, "first"));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "moves"));
	ASSERT_OK(ipc_fuse(self->fd, self->a, client));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "after"));
	ASSERT_OK(ipc_accept(self->fd, listener, &server));
	EXPECT_OK(next_is(self->fd, server, "first"));
	EXPECT_OK(next_is(self->fd, server, "moves"));
	EXPECT_OK(next_is(self->fd, server, "after"));
	EXPECT_OK(talks(self->far, self->a2, self->fd, server));

	/* and if nobody does, it goes with the listener */
	ASSERT_OK(ipc_connect(self->fd, name, &client));
	ASSERT_OK(ipc_create(self->far, p));
	ASSERT_OK(hand_over(self->far, self->fd, p[0], &p[0]));
	ASSERT_OK(ipc_fuse(self->fd, client, p[0]));
	EXPECT_OK(ipc_send_str(self->far, p[1], 1, "in vain"));
	ASSERT_OK(ipc_close(self->fd, listener));
	EXPECT_OK(closed(self->far, p[1]));
}

/* What is in a message that moves comes out of it. */
TEST_F(fuse, carried)
{
	uint32_t p[2], back;

	ASSERT_OK(ipc_create(self->far, p));
	ASSERT_OK(ipc_send_handle(self->far, self->a2, "", p[1]));
	ASSERT_OK(fuse(self));
	ASSERT_OK(ipc_recv_from(self->fd, self->b2, &self->m));
	back = self->m.att[0].handle;
	EXPECT_OK(talks(self->far, p[0], self->fd, back));
	/* and is closed with the queue that it is in now */
	ASSERT_OK(ipc_send_handle(self->fd, self->b2, "", back));
	ASSERT_OK(ipc_close(self->far, self->a2));
	EXPECT_OK(closed(self->far, p[0]));
}

/* A far end that is queued in a near end would be queued in itself. */
TEST_F(fuse, into_itself)
{
	uint32_t b2, p[2];

	ASSERT_OK(hand_over(self->fd, self->far, self->b2, &b2));
	ASSERT_OK(ipc_send_handle(self->far, self->a2, "", b2));
	EXPECT_ERR(ELOOP, fuse(self));
	EXPECT_ERR(ELOOP, ipc_fuse(self->fd, self->b, self->a));
	ASSERT_OK(ipc_recv_from(self->fd, self->a, &self->m));
	self->b2 = self->m.att[0].handle;
	EXPECT_OK(as_before(self));
	/* nor in its peer, also if that is only its peer afterwards */
	ASSERT_OK(hand_over(self->far, self->fd, self->a2, &self->a2));
	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_send_handle(self->fd, self->b, "", self->a2));
	EXPECT_ERR(ELOOP, fuse(self));
	ASSERT_OK(ipc_recv_from(self->fd, self->b2, &self->m));
	self->a2 = self->m.att[0].handle;
	ASSERT_OK(fuse(self));
	EXPECT_OK(talks(self->fd, self->a2, self->fd, self->b2));
	EXPECT_ERR(ELOOP, ipc_send_handle(self->fd, self->a2, "", self->b2));
	EXPECT_ERR(ELOOP, ipc_send_handle(self->fd, self->a2, "", self->a2));
}

/* b2 in p2 in a1: then b2 is in p2 is in b2, and nobody can get at it. */
TEST_F(fuse, ring)
{
	uint32_t p[2], w[2];

	ASSERT_OK(hand_over(self->far, self->fd, self->a2, &self->a2));
	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, w));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "", w[1]));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "", self->b2));
	ASSERT_OK(ipc_send_handle(self->fd, self->a2, "", p[1]));
	ASSERT_OK(fuse(self));
	EXPECT_OK(ipc_gone(self->fd, self->a2));
	EXPECT_OK(ipc_gone(self->fd, p[0]));
	EXPECT_OK(ipc_gone(self->fd, w[0]));
}

/* The same, completed by a send: what says that it is in a1 is in b2. */
TEST_F(fuse, ring_later)
{
	uint32_t p[2], w[2];

	ASSERT_OK(hand_over(self->far, self->fd, self->a2, &self->a2));
	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, w));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "", w[1]));
	ASSERT_OK(ipc_send_handle(self->fd, self->a2, "", p[1]));
	ASSERT_OK(fuse(self));
	/* p2 can be reached as long as b2 can */
	usleep(100000);
	EXPECT_OK(ipc_trysend(self->fd, p[0], 1, "x", 1));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "", self->b2));
	EXPECT_OK(ipc_gone(self->fd, self->a2));
	EXPECT_OK(ipc_gone(self->fd, p[0]));
	EXPECT_OK(ipc_gone(self->fd, w[0]));
}

TEST_HARNESS_MAIN
