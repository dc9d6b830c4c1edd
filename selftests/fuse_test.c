// SPDX-License-Identifier: GPL-2.0
/*
 * Two pipes become one: what was queued, who may do it, and what it does to those
 * who hold or close the far ends. Calls and what is in flight are in
 * fuse_flight_test.c, who may send what and who is told to be whom in
 * fuse_rule_test.c, what races with it in fuse_race_test.c.
 */
#include "fuse.h"

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

/* Whoever waits for a message is woken by the end that has closed. */
TEST_F(fuse, closed_later)
{
	struct async_receive r;

	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "last words"));
	ASSERT_OK(fuse(self));
	EXPECT_OK(next_is(self->fd, self->b2, "last words"));
	ASSERT_OK(async_receive(&r, self->fd, self->b2, ipc_soon()));
	ASSERT_OK(async_wait_asleep(&r.async));
	close(self->far);
	self->far = -1;
	EXPECT_OK(async_receive_join(&r));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, r.m.r.type);
	/* at once, not when the time is up */
	EXPECT_GT(r.deadline_ns, r.async.ended_ns);
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
	EXPECT_GT(s.a.deadline_ns, s.async.ended_ns);
	for (i = 0; i < n; i++)
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->b2, &self->m));
	EXPECT_EQ(n, fill(self->far, self->a2));
}

TEST_HARNESS_MAIN
