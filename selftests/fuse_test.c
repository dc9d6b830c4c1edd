// SPDX-License-Identifier: GPL-2.0
/*
 * Two pipes become one: what was queued, what is in flight, who may send what and
 * who is told to be whom. What races with it is in fuse_race_test.c.
 */
#include "async.h"

/*
 * Two pipes, all four ends ours: what is fused are @a and @b, whose peers @a2 and @b2
 * belong to two contexts.
 */
FIXTURE(fuse)
{
	int fd; /* who fuses, and holds @b2 */
	int far; /* holds @a2 */
	uint32_t a, b, a2, b2;
	struct ipc_message m;
};

/* Give @handle to another context of ours, over a pipe that is closed again. */
static int hand_over(int from, int to, uint32_t handle, uint32_t *moved)
{
	static unsigned int serial;
	char name[64];
	uint32_t listener, client, server;
	struct ipc_message m;
	int ret;

	snprintf(name, sizeof(name), "selftest/%d/over/%u", getpid(), serial++);
	ret = ipc_listen(to, name, &listener);
	if (!ret)
		ret = ipc_connect(from, name, &client);
	if (!ret)
		ret = ipc_accept(to, listener, &server);
	if (!ret)
		ret = ipc_send_handle(from, client, "", handle);
	if (!ret)
		ret = ipc_recv_from(to, server, &m);
	if (ret)
		return ret;
	*moved = m.att[0].handle;
	ipc_close(to, listener);
	ipc_close(to, server);
	return ipc_close(from, client);
}

FIXTURE_SETUP(fuse)
{
	uint32_t h[2];

	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	self->far = ipc_open();
	ASSERT_GE(self->far, 0);
	ASSERT_OK(ipc_create_cookies(self->fd, h, 0xa1, 0xa2));
	self->a = h[0];
	ASSERT_OK(hand_over(self->fd, self->far, h[1], &self->a2));
	/* so that both far ends have had the same index */
	ASSERT_OK(ipc_create_cookies(self->fd, h, 0xb1, 0xb2));
	self->b = h[0];
	self->b2 = h[1];
}

FIXTURE_TEARDOWN(fuse)
{
	close(self->fd);
	close(self->far);
}

static int fuse(struct _test_data_fuse *self)
{
	return ipc_fuse(self->fd, self->a, self->b);
}

/* The next message from @handle is @text. */
static int next_is(int fd, uint32_t handle, const char *text)
{
	struct ipc_message m;
	int ret = ipc_tryrecv_from(fd, handle, &m);

	if (ret)
		return ret;
	if (m.r.type != CAPIPC_RECEIVED_MESSAGE || strcmp(m.data, text))
		return -EPROTO;
	return 0;
}

static int closed(int fd, uint32_t handle)
{
	struct ipc_message m;
	int ret = ipc_tryrecv_from(fd, handle, &m);

	return ret				       ? ret :
	       m.r.type == CAPIPC_RECEIVED_PEER_CLOSED ? 0 :
							 -EPROTO;
}

/* Messages go both ways. */
static int talks(int fd1, uint32_t h1, int fd2, uint32_t h2)
{
	int ret = ipc_send_str(fd1, h1, 1, "there");

	if (!ret)
		ret = next_is(fd2, h2, "there");
	if (!ret)
		ret = ipc_send_str(fd2, h2, 1, "back");
	return ret ? ret : next_is(fd1, h1, "back");
}

static uint64_t object(int fd, uint32_t handle)
{
	struct capipc_inspect i;

	return ipc_do_inspect(fd, handle, &i) ? 0 : i.object_id;
}

/* It has failed: all four ends are what they were. */
static int as_before(struct _test_data_fuse *self)
{
	int ret = talks(self->fd, self->a, self->far, self->a2);

	return ret ? ret : talks(self->fd, self->b, self->fd, self->b2);
}

TEST_F(fuse, order)
{
	uint64_t id = object(self->fd, self->a);
	struct capipc_inspect i;

	ASSERT_OK(ipc_send_str(self->fd, self->b, 1, "b1"));
	ASSERT_OK(ipc_send_str(self->fd, self->a, 1, "a1"));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "1"));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "2"));
	ASSERT_OK(ipc_send_str(self->fd, self->b2, 1, "3"));
	ASSERT_OK(fuse(self));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->a));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->b));
	EXPECT_ERR(EBADF, ipc_close(self->fd, self->a));
	EXPECT_EQ(id, object(self->far, self->a2));
	EXPECT_EQ(id, object(self->fd, self->b2));

	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "4"));
	ASSERT_OK(ipc_send_str(self->fd, self->b2, 1, "5"));
	EXPECT_EQ(4, ipc_queued(self->fd, self->b2));
	EXPECT_EQ(3, ipc_queued(self->far, self->a2));
	EXPECT_OK(next_is(self->fd, self->b2, "b1"));
	EXPECT_OK(next_is(self->fd, self->b2, "1"));
	EXPECT_OK(next_is(self->fd, self->b2, "2"));
	EXPECT_OK(next_is(self->fd, self->b2, "4"));
	EXPECT_OK(next_is(self->far, self->a2, "a1"));
	EXPECT_OK(next_is(self->far, self->a2, "3"));
	EXPECT_OK(next_is(self->far, self->a2, "5"));
	ASSERT_OK(ipc_do_inspect(self->fd, self->b2, &i));
	EXPECT_EQ(0, i.state);
	EXPECT_EQ(0xb2, i.cookie);
}

/* Who waits for anything is woken by what moves. */
TEST_F(fuse, ready)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	struct async_receive r;

	ASSERT_OK(async_receive(&r, self->far, 0, ipc_soon()));
	ASSERT_OK(async_wait_asleep(&r.async));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "x"));
	ASSERT_OK(ipc_send_str(self->fd, self->b2, 1, "y"));
	ASSERT_OK(ipc_recv_from(self->fd, self->a, &self->m));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "z"));
	ASSERT_OK(fuse(self));
	EXPECT_OK(async_receive_join(&r));
	EXPECT_EQ(0, strcmp(r.m.data, "y"));
	EXPECT_EQ(1, poll(&p, 1, 0));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(self->b2, self->m.r.from);
	EXPECT_EQ(0xb2, self->m.r.cookie);
	EXPECT_EQ(0, poll(&p, 1, 0));
}

/* Whoever wants to know that the peer is another one is told. */
TEST_F(fuse, peer_changed)
{
	struct capipc_tag tag = { .size = sizeof(tag),
				  .flags = CAPIPC_TAG_PEER_CHANGED,
				  .handle = self->b2,
				  .cookie = 5 };

	ASSERT_OK(ipc_ioctl(self->fd, CAPIPC_IOC_TAG, &tag));
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, self->b2, &self->m));
	ASSERT_OK(fuse(self));
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->b2, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CHANGED, self->m.r.type);
	EXPECT_EQ(5, self->m.r.cookie);
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, self->b2, &self->m));
}

/* Who waited by the handles that are gone is told so. */
TEST_F(fuse, waiting_by_the_handles)
{
	struct async_receive r;

	ASSERT_OK(async_receive(&r, self->fd, self->b, ipc_soon()));
	ASSERT_OK(async_wait_asleep(&r.async));
	ASSERT_OK(fuse(self));
	EXPECT_ERR(EBADF, async_receive_join(&r));
	/* at once, not when the time is up */
	EXPECT_GT(r.deadline_ns, r.async.ended_ns);
}

static int fuse_raw(int fd, struct capipc_fuse *f)
{
	return ipc_ioctl(fd, CAPIPC_IOC_FUSE, f);
}

TEST_F(fuse, malformed)
{
	struct capipc_fuse f = { .size = sizeof(f),
				 .handle = { self->a, self->b } };
	struct {
		struct capipc_fuse f;
		uint32_t more;
	} longer;
	char *hole = map_before_hole(sizeof(f) - 4);

	f.flags = 1;
	EXPECT_ERR(EINVAL, fuse_raw(self->fd, &f));
	f.flags = 0;
	f.size = sizeof(f) - 1;
	EXPECT_ERR(EINVAL, fuse_raw(self->fd, &f));
	longer.f = f;
	longer.f.size = sizeof(longer);
	longer.more = 1;
	EXPECT_ERR(E2BIG, fuse_raw(self->fd, &longer.f));
	ASSERT_NE(NULL, hole);
	f.size = sizeof(f);
	memcpy(hole, &f, sizeof(f) - 4);
	EXPECT_ERR(EFAULT, fuse_raw(self->fd, (void *)hole));
	EXPECT_ERR(EINVAL, ipc_fuse(self->fd, self->a, self->a));
	EXPECT_ERR(EBADF, ipc_fuse(self->fd, self->a, 0));
	EXPECT_ERR(EBADF, ipc_fuse(self->fd, 0, self->b));
	EXPECT_ERR(EBADF, ipc_fuse(self->fd, self->a, self->b + 0x100000));
	EXPECT_OK(as_before(self));
	longer.more = 0;
	EXPECT_OK(fuse_raw(self->fd, &longer.f));
}

TEST_F(fuse, wrong_kind)
{
	uint32_t listener, c[2];
	char name[64];

	snprintf(name, sizeof(name), "selftest/%d/kind", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	EXPECT_ERR(EPROTOTYPE, ipc_fuse(self->fd, self->a, listener));
	EXPECT_ERR(EPROTOTYPE, ipc_fuse(self->fd, listener, self->b));
	/* the ends of one pipe */
	EXPECT_ERR(ELOOP, ipc_fuse(self->fd, self->b, self->b2));
	ASSERT_OK(ipc_create(self->fd, c));
	EXPECT_OK(as_before(self));
	/* also if it is one because it was fused */
	ASSERT_OK(fuse(self));
	ASSERT_OK(ipc_fuse(self->fd, self->b2, c[0]));
	ASSERT_OK(hand_over(self->far, self->fd, self->a2, &self->a2));
	EXPECT_ERR(ELOOP, ipc_fuse(self->fd, self->a2, c[1]));
	EXPECT_OK(talks(self->fd, self->a2, self->fd, c[1]));
}

static int less(int fd, uint32_t *handle, uint32_t right)
{
	struct capipc_replace r = { .size = sizeof(r),
				    .handle = *handle,
				    .rights = IPC_RIGHTS_ENDPOINT & ~right };
	int ret = ipc_ioctl(fd, CAPIPC_IOC_REPLACE, &r);

	*handle = r.replaced;
	return ret;
}

TEST_F(fuse, rights)
{
	static const uint32_t needed[] = { CAPIPC_RIGHT_READ,
					   CAPIPC_RIGHT_WRITE,
					   CAPIPC_RIGHT_TRANSFER };
	uint32_t h[2];
	int i;

	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		ASSERT_OK(ipc_create(self->fd, h));
		ASSERT_OK(less(self->fd, &h[0], needed[i]));
		EXPECT_ERR(EPERM, ipc_fuse(self->fd, self->a, h[0]));
		EXPECT_ERR(EPERM, ipc_fuse(self->fd, h[0], self->b));
		EXPECT_OK(ipc_alive(self->fd, h[0]));
	}
	EXPECT_OK(as_before(self));
	ASSERT_OK(less(self->fd, &self->a, CAPIPC_RIGHT_ADMIN));
	EXPECT_OK(fuse(self));
}

static int confine(int fd, uint32_t handle)
{
	struct capipc_rule rule = { 0 };
	struct capipc_confine c = {
		.size = sizeof(c),
		.rules = ipc_ptr(&rule),
		.rules_count = 1,
		.rule_size = sizeof(rule),
		.handle = handle,
	};

	return ipc_ioctl(fd, CAPIPC_IOC_CONFINE, &c);
}

/* What may not go to everybody is not given to who has the far end. */
TEST_F(fuse, confined)
{
	ASSERT_OK(confine(self->fd, self->b2));
	ASSERT_OK(confine(self->fd, self->b));
	EXPECT_ERR(EPERM, fuse(self));
	EXPECT_ERR(EPERM, ipc_fuse(self->fd, self->b, self->a));
	EXPECT_OK(as_before(self));
	/* but that a far end is confined does not matter */
	EXPECT_ERR(EPERM, ipc_fuse(self->fd, self->a, self->b2));
	ASSERT_OK(ipc_close(self->fd, self->b));
}

TEST_F(fuse, closed)
{
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "last words"));
	ASSERT_OK(ipc_send_str(self->fd, self->b2, 1, "in vain"));
	ASSERT_OK(ipc_close(self->far, self->a2));
	ASSERT_OK(fuse(self));
	EXPECT_OK(next_is(self->fd, self->b2, "last words"));
	EXPECT_OK(closed(self->fd, self->b2));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->b2, 1, "x"));
}

TEST_F(fuse, closed_later)
{
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "last words"));
	ASSERT_OK(fuse(self));
	close(self->far);
	self->far = -1;
	EXPECT_OK(next_is(self->fd, self->b2, "last words"));
	EXPECT_OK(closed(self->fd, self->b2));
}

/* What was queued for an end that is closed is closed itself. */
TEST_F(fuse, queued_for_the_closed)
{
	struct async_call c;
	uint32_t p[2], q[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	ASSERT_OK(ipc_send_handle(self->far, self->a2, "", self->a2) == -ELOOP ?
			  0 :
			  -1);
	ASSERT_OK(ipc_send_handle(self->fd, self->b2, "", p[0]));
	ASSERT_OK(async_call(&c, self->fd, self->b2, "?"));
	ASSERT_OK(async_wait_asleep(&c.async));
	ASSERT_OK(ipc_close(self->far, self->a2));
	ASSERT_OK(fuse(self));
	EXPECT_OK(closed(self->fd, p[1]));
	EXPECT_ERR(ECONNRESET, async_call_join(&c));
}

TEST_F(fuse, both_closed)
{
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "x"));
	ASSERT_OK(ipc_send_str(self->fd, self->b2, 1, "x"));
	ASSERT_OK(ipc_close(self->far, self->a2));
	ASSERT_OK(ipc_close(self->fd, self->b2));
	EXPECT_OK(fuse(self));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->a));
}

static int report(int fd, uint32_t handle, uint64_t stamp_id)
{
	struct capipc_report r = { .handle = handle, .stamp_id = stamp_id };

	return ipc_do_report(fd, &r);
}

TEST_F(fuse, cut)
{
	ASSERT_OK(ipc_send_str(self->fd, self->a, 1, "x"));
	ASSERT_OK(ipc_recv_from(self->far, self->a2, &self->m));
	ASSERT_OK(report(self->far, self->a2, self->m.r.stamp.id));
	EXPECT_ERR(EPIPE, fuse(self));
	EXPECT_ERR(EPIPE, ipc_fuse(self->fd, self->b, self->a));
	EXPECT_OK(talks(self->fd, self->b, self->fd, self->b2));
	EXPECT_OK(closed(self->fd, self->a));
}

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
TEST_F(fuse, report)
{
	struct async_call before, queued;

	ASSERT_OK(async_call(&before, self->far, self->a2, "1"));
	ASSERT_OK(ipc_recv_from(self->fd, self->a, &self->m));
	ASSERT_OK(async_call(&queued, self->far, self->a2, "2"));
	ASSERT_OK(async_wait_asleep(&queued.async));
	ASSERT_OK(fuse(self));
	/* by the reply handle of a call that came when the pipe was another one */
	ASSERT_OK(report(self->fd, self->m.r.reply_handle, 0));
	EXPECT_ERR(ECONNRESET, async_call_join(&before));
	EXPECT_ERR(ECONNRESET, async_call_join(&queued));
	EXPECT_OK(closed(self->fd, self->b2));
	EXPECT_OK(closed(self->far, self->a2));
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

/* The other end of @handle is collected: not at once, but soon. */
static int gone(int fd, uint32_t handle)
{
	int64_t end = ipc_soon();
	int ret;

	do {
		ret = ipc_trysend(fd, handle, 1, "x", 1);
		if (ret == -EPIPE)
			return 0;
		usleep(2000);
	} while ((!ret || ret == -EAGAIN) && ipc_now() < end);
	return ret ? ret : -ETIMEDOUT;
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
	EXPECT_OK(gone(self->fd, self->a2));
	EXPECT_OK(gone(self->fd, p[0]));
	EXPECT_OK(gone(self->fd, w[0]));
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
	EXPECT_OK(gone(self->fd, self->a2));
	EXPECT_OK(gone(self->fd, p[0]));
	EXPECT_OK(gone(self->fd, w[0]));
}

/* -------------------------------------------------------- who may send what */

static int attenuate(int fd, uint32_t handle, uint32_t first, uint32_t last)
{
	struct capipc_range range = { first, last };
	struct capipc_attenuate a = {
		.size = sizeof(a),
		.ranges = ipc_ptr(&range),
		.ranges_count = 1,
		.handle = handle,
	};

	return ipc_ioctl(fd, CAPIPC_IOC_ATTENUATE, &a);
}

static int restrict_to(int fd, uint32_t handle, uint32_t match, uint32_t first,
		       uint32_t last)
{
	struct capipc_rule rule = { .match = match,
				    .ordinal_first = first,
				    .ordinal_last = last };
	struct capipc_restrict r = {
		.rules = ipc_ptr(&rule),
		.rules_count = 1,
		.rule_size = sizeof(rule),
		.handle = handle,
	};

	return ipc_do_restrict(fd, &r);
}

/* Of the ordinals up to 20, exactly these can be sent. */
static int lets(int fd, uint32_t handle, uint32_t first, uint32_t last)
{
	int ret, want;
	uint32_t o;

	for (o = 0; o <= 20; o++) {
		want = o < first || o > last ? -EACCES : 0;
		ret = ipc_trysend(fd, handle, o, "x", 1);
		if (ret != want)
			return -1000 - (int)o;
	}
	return 0;
}

TEST_F(fuse, attenuated)
{
	ASSERT_OK(attenuate(self->far, self->a2, 3, 9));
	ASSERT_OK(attenuate(self->fd, self->b, 1, 5));
	ASSERT_OK(attenuate(self->fd, self->a, 7, 12));
	ASSERT_OK(fuse(self));
	EXPECT_OK(lets(self->far, self->a2, 3, 5));
	EXPECT_OK(lets(self->fd, self->b2, 7, 12));
	ASSERT_OK(attenuate(self->fd, self->b2, 10, 20));
	EXPECT_OK(lets(self->fd, self->b2, 10, 12));
}

/* What was let through before is not remembered. */
TEST_F(fuse, attenuated_after_use)
{
	ASSERT_OK(restrict_to(self->fd, self->a, 0, 0, 20));
	ASSERT_OK(restrict_to(self->fd, self->b2, 0, 0, 5));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 9, "x"));
	ASSERT_OK(ipc_recv_from(self->fd, self->a, &self->m));
	ASSERT_OK(fuse(self));
	EXPECT_ERR(EACCES, ipc_trysend(self->far, self->a2, 9, "x", 1));
	EXPECT_OK(lets(self->far, self->a2, 0, 5));
}

TEST_F(fuse, attenuated_too_finely)
{
	struct capipc_range r[CAPIPC_RANGES_MAX];
	struct capipc_attenuate a = {
		.size = sizeof(a),
		.ranges = ipc_ptr(r),
		.ranges_count = CAPIPC_RANGES_MAX,
	};
	uint32_t i, j;

	for (j = 0; j < 2; j++) {
		for (i = 0; i < CAPIPC_RANGES_MAX; i++)
			r[i] = (struct capipc_range){ 4 * i + 2 * j,
						      4 * i + 2 * j + 2 };
		a.handle = j ? self->b : self->a2;
		ASSERT_OK(ipc_ioctl(j ? self->fd : self->far,
				    CAPIPC_IOC_ATTENUATE, &a));
	}
	EXPECT_ERR(EMLINK, fuse(self));
	EXPECT_OK(ipc_send_str(self->far, self->a2, 0, "as before"));
	EXPECT_OK(next_is(self->fd, self->a, "as before"));
}

/* Queued messages may not move through what would not have let them through. */
TEST_F(fuse, attenuation_judges_what_is_queued)
{
	ASSERT_OK(ipc_send_str(self->far, self->a2, 3, "good"));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 7, "bad"));
	ASSERT_OK(attenuate(self->fd, self->b, 1, 5));
	EXPECT_ERR(EACCES, fuse(self));
	EXPECT_ERR(EACCES, ipc_fuse(self->fd, self->b, self->a));
	EXPECT_EQ(2, ipc_queued(self->fd, self->a));
	EXPECT_EQ(0, ipc_queued(self->fd, self->b2));
	EXPECT_OK(next_is(self->fd, self->a, "good"));
	EXPECT_OK(next_is(self->fd, self->a, "bad"));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 3, "good"));
	EXPECT_OK(fuse(self));
	EXPECT_OK(next_is(self->fd, self->b2, "good"));
}

TEST_F(fuse, rules_judge_what_is_queued)
{
	int i;

	ASSERT_OK(restrict_to(self->fd, self->b2, 0, 1, 5));
	/* more than are judged at a time */
	for (i = 0; i < 200; i++)
		ASSERT_OK(ipc_send_str(self->far, self->a2, 3, "good"));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 7, "bad"));
	EXPECT_ERR(EACCES, fuse(self));
	EXPECT_EQ(201, ipc_queued(self->fd, self->a));
	for (i = 0; i < 200; i++)
		ASSERT_OK(next_is(self->fd, self->a, "good"));
	ASSERT_OK(next_is(self->fd, self->a, "bad"));
	for (i = 0; i < 200; i++)
		ASSERT_OK(ipc_send_str(self->far, self->a2, 3, "good"));
	EXPECT_OK(fuse(self));
	EXPECT_EQ(200, ipc_queued(self->fd, self->b2));
	EXPECT_ERR(EACCES, ipc_trysend(self->far, self->a2, 7, "x", 1));
}

/* The rules of the end that is gone protect who takes its place. */
TEST_F(fuse, rules_are_inherited)
{
	struct capipc_explain e = { .handle = self->a2, .ordinal = 9 };

	ASSERT_OK(restrict_to(self->fd, self->a, 0, 3, 8));
	ASSERT_OK(fuse(self));
	EXPECT_OK(lets(self->far, self->a2, 3, 8));
	ASSERT_OK(ipc_do_explain(self->far, &e));
	EXPECT_EQ(CAPIPC_EXPLAIN_NONE, e.rule);
	e.ordinal = 4;
	ASSERT_OK(ipc_do_explain(self->far, &e));
	EXPECT_EQ(0, e.rule);
	/* it can have some of its own all the same, once */
	ASSERT_OK(restrict_to(self->fd, self->b2, 0, 5, 20));
	EXPECT_ERR(EBUSY, restrict_to(self->fd, self->b2, 0, 0, 20));
	EXPECT_OK(lets(self->far, self->a2, 5, 8));
	/* the other way nothing is forbidden */
	EXPECT_OK(lets(self->fd, self->b2, 0, 20));
}

TEST_F(fuse, rules_pile_up)
{
	uint32_t h[2], near = self->a;
	int i, ret = 0;

	for (i = 0; i < 10; i++) {
		ASSERT_OK(restrict_to(self->fd, near, 0, 1, 10));
		ASSERT_OK(ipc_create(self->fd, h));
		ret = ipc_fuse(self->fd, near, h[0]);
		if (ret)
			break;
		near = h[1];
	}
	EXPECT_EQ(4, i);
	EXPECT_ERR(EMLINK, ret);
	EXPECT_OK(lets(self->far, self->a2, 1, 10));
}

TEST_F(fuse, pipes_pile_up)
{
	uint32_t h[2], near = self->a;
	int i, ret = 0;

	for (i = 1; i < 300; i++) {
		ASSERT_OK(ipc_create(self->fd, h));
		/* both ways round */
		ret = i & 1 ? ipc_fuse(self->fd, near, h[0]) :
			      ipc_fuse(self->fd, h[0], near);
		if (ret)
			break;
		near = h[1];
	}
	EXPECT_EQ(256, i);
	EXPECT_ERR(EMLINK, ret);
	EXPECT_OK(talks(self->far, self->a2, self->fd, near));
}

/* ------------------------------------------------------------------ windows */

static int fill(int fd, uint32_t handle)
{
	int n = 0, ret;

	while (!(ret = ipc_trysend(fd, handle, 1, "x", 1)))
		n++;
	return ret == -EAGAIN ? n : ret;
}

TEST_F(fuse, windows)
{
	struct async_send s = { .a = { .deadline_ns = ipc_soon(),
				       .handle = self->a2 } };
	int i, n = fill(self->far, self->a2), m = fill(self->fd, self->b);

	ASSERT_LT(0, n);
	ASSERT_EQ(n, m);
	ASSERT_OK(async_send(&s, self->far));
	ASSERT_OK(async_wait_asleep(&s.async));
	ASSERT_OK(fuse(self));
	EXPECT_ERR(EAGAIN, ipc_trysend(self->far, self->a2, 1, "x", 1));
	for (i = 0; i < m; i++)
		ASSERT_OK(next_is(self->fd, self->b2, "x"));
	/* now it is only full */
	EXPECT_ERR(EAGAIN, ipc_trysend(self->far, self->a2, 1, "x", 1));
	EXPECT_FALSE(async_ended(&s.async));
	ASSERT_OK(next_is(self->fd, self->b2, "x"));
	EXPECT_OK(async_send_join(&s));
	for (i = 0; i < n; i++)
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->b2, &self->m));
	EXPECT_EQ(n, fill(self->far, self->a2));
}

/* ------------------------------------------------------------- who is whom */

/* Another process, which has b2 and says when. */
static void the_other(struct __test_metadata *_metadata, struct peer *peer)
{
	struct capipc_query q = { .stamp_id = 0 };
	struct ipc_message m;
	uint32_t b2;

	ASSERT_OK(ipc_recv_from(peer->fd, peer->ep, &m));
	b2 = m.att[0].handle;
	EXPECT_OK(ipc_send_str(peer->fd, b2, 1, "before"));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));

	/* what has moved is from who had made both pipes: that is who connected */
	ASSERT_OK(ipc_recv_from(peer->fd, b2, &m));
	EXPECT_EQ(0, m.r.stamp.flags);
	EXPECT_EQ(getppid(), m.r.stamp.pid);
	q.handle = b2;
	ASSERT_OK(ipc_do_query(peer->fd, &q));
	EXPECT_EQ(getppid(), q.stamp.pid);
	EXPECT_OK(ipc_send_str(peer->fd, b2, 1, "after"));
}

TEST_F(fuse, stamps)
{
	struct capipc_query q = { .handle = self->a2 };
	struct peer peer = { .fn = the_other, .fd = self->fd };

	PEER_START(&peer);
	ASSERT_OK(ipc_send_handle(self->fd, peer.ep, "", self->b2));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "x"));
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(fuse(self));
	ASSERT_OK(sync_post(peer.sock));
	ASSERT_OK(ipc_recv_from(self->far, self->a2, &self->m));
	EXPECT_EQ(0, strcmp(self->m.data, "before"));
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, self->m.r.stamp.flags);
	ASSERT_OK(ipc_recv_from(self->far, self->a2, &self->m));
	EXPECT_EQ(0, strcmp(self->m.data, "after"));
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, self->m.r.stamp.flags);
	EXPECT_EQ(peer.child.pid, self->m.r.stamp.pid);
	/* who connected is who did */
	ASSERT_OK(ipc_do_query(self->far, &q));
	EXPECT_EQ(getpid(), q.stamp.pid);
	PEER_WAIT(&peer);
}

static void the_connected(struct __test_metadata *_metadata, struct peer *peer)
{
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "I am"));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
	EXPECT_ERR(EACCES, ipc_send_str(peer->fd, peer->ep, 1, "I was"));
}

/* It is who connected for the one, but not for the other. */
TEST_F(fuse, unchanged)
{
	struct peer peer = { .fn = the_connected, .fd = self->fd };

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(
		restrict_to(self->fd, self->b2, CAPIPC_MATCH_UNCHANGED, 0, 20));
	EXPECT_ERR(EACCES, ipc_fuse(self->fd, peer.ep, self->b));
	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	EXPECT_EQ(0, self->m.r.stamp.flags);
	ASSERT_OK(ipc_fuse(self->fd, peer.ep, self->b));
	ASSERT_OK(sync_post(peer.sock));
	PEER_WAIT(&peer);
}

static void as_nobody(struct __test_metadata *_metadata, struct peer *peer)
{
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "x"));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
	EXPECT_ERR(EACCES, ipc_send_str(peer->fd, peer->ep, 1, "x"));
}

/* Rules look at who has sent it, not at who fuses. */
TEST_F(fuse, judged_by_its_sender)
{
	struct peer peer = { .fn = as_nobody, .fd = self->fd, .uid = 1000 };

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(restrict_to(self->fd, self->b2, CAPIPC_MATCH_SAME_PRIVILEGE,
			      0, 20));
	EXPECT_ERR(EACCES, ipc_fuse(self->fd, peer.ep, self->b));
	EXPECT_EQ(1, ipc_queued(self->fd, peer.ep));
	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	ASSERT_OK(ipc_fuse(self->fd, peer.ep, self->b));
	ASSERT_OK(sync_post(peer.sock));
	PEER_WAIT(&peer);
}

static void to_the_group(struct __test_metadata *_metadata, struct peer *peer)
{
	gid_t groups[] = { 7, 42, 99 };

	ASSERT_EQ(0, setgroups(3, groups));
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "x"));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "y"));
	ASSERT_EQ(0, setgroups(2, groups + 1));
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "y"));
	ASSERT_EQ(0, setgroups(1, groups));
	EXPECT_ERR(EACCES, ipc_send_str(peer->fd, peer->ep, 1, "y"));
}

/* Supplementary groups are those of the sender, too. */
TEST_F(fuse, judged_by_its_groups)
{
	struct peer peer = { .fn = to_the_group, .fd = self->fd };
	struct capipc_rule rule = { .match = CAPIPC_MATCH_GID,
				    .ordinal_last = 20,
				    .gid = 42 };
	struct capipc_restrict r = { .rules = ipc_ptr(&rule),
				     .rules_count = 1,
				     .rule_size = sizeof(rule),
				     .handle = self->b2 };

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(ipc_do_restrict(self->fd, &r));
	ASSERT_OK(ipc_fuse(self->fd, peer.ep, self->b));
	ASSERT_OK(sync_post(peer.sock));
	PEER_WAIT(&peer);
}

TEST_HARNESS_MAIN
