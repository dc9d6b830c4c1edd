/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two pipes to be fused, and what can be said of their ends: what the tests of fusing
 * share.
 */
#ifndef FUSE_H
#define FUSE_H

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
static __unused_fn int hand_over(int from, int to, uint32_t handle,
				 uint32_t *moved)
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

static __unused_fn int fuse(struct _test_data_fuse *self)
{
	return ipc_fuse(self->fd, self->a, self->b);
}

/* The next message from @handle is @text. */
static __unused_fn int next_is(int fd, uint32_t handle, const char *text)
{
	struct ipc_message m;
	int ret = ipc_tryrecv_from(fd, handle, &m);

	if (ret)
		return ret;
	if (m.r.type != CAPIPC_RECEIVED_MESSAGE || strcmp(m.data, text))
		return -EPROTO;
	return 0;
}

static __unused_fn int closed(int fd, uint32_t handle)
{
	struct ipc_message m;
	int ret = ipc_tryrecv_from(fd, handle, &m);

	return ret				       ? ret :
	       m.r.type == CAPIPC_RECEIVED_PEER_CLOSED ? 0 :
							 -EPROTO;
}

/* Messages go both ways. */
static __unused_fn int talks(int fd1, uint32_t h1, int fd2, uint32_t h2)
{
	int ret = ipc_send_str(fd1, h1, 1, "there");

	if (!ret)
		ret = next_is(fd2, h2, "there");
	if (!ret)
		ret = ipc_send_str(fd2, h2, 1, "back");
	return ret ? ret : next_is(fd1, h1, "back");
}

static __unused_fn uint64_t object(int fd, uint32_t handle)
{
	struct capipc_inspect i;

	return ipc_do_inspect(fd, handle, &i) ? 0 : i.object_id;
}

/* It has failed: all four ends are what they were. */
static __unused_fn int as_before(struct _test_data_fuse *self)
{
	int ret = talks(self->fd, self->a, self->far, self->a2);

	return ret ? ret : talks(self->fd, self->b, self->fd, self->b2);
}

static __unused_fn int report(int fd, uint32_t handle, uint64_t stamp_id)
{
	struct capipc_report r = { .handle = handle, .stamp_id = stamp_id };

	return ipc_do_report(fd, &r);
}

static __unused_fn int attenuate(int fd, uint32_t handle, uint32_t first,
				 uint32_t last)
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

static __unused_fn int restrict_to(int fd, uint32_t handle, uint32_t match,
				   uint32_t first, uint32_t last)
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
static __unused_fn int lets(int fd, uint32_t handle, uint32_t first,
			    uint32_t last)
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

/* As many messages as there is room for: how many. */
static __unused_fn int fill(int fd, uint32_t handle)
{
	int n = 0, ret;

	while (!(ret = ipc_trysend(fd, handle, 1, "x", 1)))
		n++;
	return ret == -EAGAIN ? n : ret;
}

#endif /* FUSE_H */
