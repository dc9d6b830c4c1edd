// SPDX-License-Identifier: GPL-2.0
/*
 * Handles replaced by others with fewer rights.
 */
#include "async.h"

FIXTURE(replace)
{
	int fd;
	uint32_t h[2];
	struct ipc_message m;
};

FIXTURE_SETUP(replace)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create_cookies(self->fd, self->h, 17, 18));
}

FIXTURE_TEARDOWN(replace)
{
	close(self->fd);
}

static int replace(int fd, uint32_t handle, uint32_t rights, uint32_t *replaced)
{
	struct capipc_replace a = {
		.size = sizeof(a),
		.handle = handle,
		.rights = rights,
		.replaced = IPC_POISON32,
	};
	int ret = ipc_ioctl(fd, CAPIPC_IOC_REPLACE, &a);

	*replaced = a.replaced;
	return ret;
}

TEST_F(replace, with_fewer_rights)
{
	struct capipc_inspect a;
	uint32_t new;

	ASSERT_OK(ipc_send_str(self->fd, self->h[1], 1, "queued before"));
	ASSERT_OK(replace(self->fd, self->h[0], CAPIPC_RIGHT_READ, &new));
	EXPECT_NE(self->h[0], new);
	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->h[0]));
	ASSERT_OK(ipc_do_inspect(self->fd, new, &a));
	EXPECT_EQ(CAPIPC_KIND_ENDPOINT, a.kind);
	EXPECT_EQ(CAPIPC_RIGHT_READ, a.rights);
	EXPECT_EQ(1, a.queued);
	EXPECT_EQ(17, a.cookie);
	EXPECT_ERR(EPERM, ipc_send_str(self->fd, new, 1, "x"));
	ASSERT_OK(ipc_send_str(self->fd, self->h[1], 2, "and after"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(new, self->m.r.from);
	EXPECT_EQ(17, self->m.r.cookie);
	EXPECT_STREQ("queued before", self->m.data);
	ASSERT_OK(ipc_recv_from(self->fd, new, &self->m));
	EXPECT_STREQ("and after", self->m.data);
	/* no right comes back */
	EXPECT_ERR(EPERM,
		   replace(self->fd, new,
			   CAPIPC_RIGHT_READ | CAPIPC_RIGHT_WRITE, &new));
}

TEST_F(replace, without_the_right_to_read)
{
	uint32_t new;

	ASSERT_OK(ipc_send_str(self->fd, self->h[1], 1, "unread"));
	ASSERT_OK(replace(self->fd, self->h[0],
			  CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER, &new));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_ERR(EPERM, ipc_tryrecv_from(self->fd, new, &self->m));
	EXPECT_OK(ipc_send_str(self->fd, new, 1, "x"));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	EXPECT_OK(ipc_close(self->fd, new));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->h[1], 1, "x"));
}

TEST_F(replace, with_the_same_rights)
{
	struct capipc_inspect a;
	uint32_t new, old = self->h[0];
	int i;

	for (i = 0; i < 1000; i++) {
		ASSERT_OK(replace(self->fd, old, CAPIPC_RIGHTS_SAME, &new));
		ASSERT_ERR(EBADF, ipc_alive(self->fd, old));
		old = new;
	}
	ASSERT_OK(ipc_do_inspect(self->fd, new, &a));
	EXPECT_EQ(IPC_RIGHTS_ENDPOINT, a.rights);
	EXPECT_OK(ipc_send_str(self->fd, new, 1, "x"));
	EXPECT_EQ(1, ipc_queued(self->fd, self->h[1]));
}

TEST_F(replace, other_kinds)
{
	struct async_call c, pending;
	uint32_t listener, new;
	char name[48];

	snprintf(name, sizeof(name), "selftest/%d/replace", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(replace(self->fd, listener, CAPIPC_RIGHT_READ, &new));
	EXPECT_ERR(EPERM, ipc_send_handle(self->fd, self->h[0], "", new));
	EXPECT_OK(ipc_connect(self->fd, name, &listener));
	EXPECT_OK(ipc_accept(self->fd, new, &listener));

	ASSERT_OK(async_call(&c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	ASSERT_OK(replace(self->fd, self->m.r.reply_handle, CAPIPC_RIGHT_WRITE,
			  &new));
	EXPECT_ERR(EPERM, ipc_send_handle(self->fd, self->h[0], "", new));
	EXPECT_OK(ipc_reply_str(self->fd, new, "!"));
	EXPECT_OK(async_call_join(&c));

	ASSERT_OK(async_call_pending(&pending, self->fd, self->h[0], "?"));
	ASSERT_OK(
		replace(self->fd, pending.a.pending, CAPIPC_RIGHTS_SAME, &new));
	pending.a.pending = new;
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	EXPECT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "late"));
	EXPECT_OK(ipc_do_call(self->fd, &pending.a));
	EXPECT_EQ(4, pending.a.reply_len);
}

/* Who may not answer may not cut the pipe, either. */
TEST_F(replace, reply_without_write)
{
	struct capipc_report report = { 0 };
	struct async_call c;
	uint32_t new;

	ASSERT_OK(async_call(&c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	ASSERT_OK(replace(self->fd, self->m.r.reply_handle, 0, &new));
	report.handle = new;
	EXPECT_ERR(EPERM, ipc_do_report(self->fd, &report));
	EXPECT_OK(ipc_send_str(self->fd, self->h[0], 1, "still open"));
	EXPECT_OK(ipc_close(self->fd, new));
	async_call_join(&c);
}

/* Whoever waits by the old handle is told. */
TEST_F(replace, evicts)
{
	struct async_receive r;
	int64_t start = ipc_now();
	uint32_t new;

	ASSERT_OK(async_receive(&r, self->fd, self->h[0], ipc_soon()));
	ASSERT_OK(async_wait_asleep(&r.async));
	ASSERT_OK(replace(self->fd, self->h[0], CAPIPC_RIGHTS_SAME, &new));
	EXPECT_ERR(EBADF, async_receive_join(&r));
	/* when it happened, not when the deadline came */
	EXPECT_LT(ipc_now(), start + IPC_SOON_MS * 500000LL);
}

TEST_F(replace, evicts_senders)
{
	struct async_send s;
	int64_t start;
	uint32_t new;
	int ret;

	while (!(ret = ipc_trysend(self->fd, self->h[0], 0, NULL, 0)))
		;
	ASSERT_ERR(EAGAIN, ret);
	memset(&s, 0, sizeof(s));
	s.a.handle = self->h[0];
	start = ipc_now();
	s.a.deadline_ns = ipc_soon();
	ASSERT_OK(async_send(&s, self->fd));
	ASSERT_OK(async_wait_asleep(&s.async));
	ASSERT_OK(replace(self->fd, self->h[0], CAPIPC_RIGHTS_SAME, &new));
	EXPECT_ERR(EBADF, async_send_join(&s));
	EXPECT_LT(ipc_now(), start + IPC_SOON_MS * 500000LL);
}

TEST_F(replace, errors)
{
	struct capipc_replace a = { .size = sizeof(a), .handle = self->h[0] };
	char *end = map_before_hole(4096) + 4096;
	uint32_t new;

	EXPECT_ERR(EBADF, replace(self->fd, 0, 0, &new));
	EXPECT_EQ(IPC_POISON32, new);
	EXPECT_ERR(EBADF, replace(self->fd, 0x7fffffff, 0, &new));
	EXPECT_ERR(EPERM,
		   replace(self->fd, self->h[0], CAPIPC_RIGHT_MAP, &new));
	EXPECT_ERR(EPERM, replace(self->fd, self->h[0], 1U << 30, &new));
	EXPECT_ERR(EPERM, replace(self->fd, self->h[0], 0xffffffff, &new));
	a.flags = 1;
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_REPLACE, &a));
	a.flags = 0;
	a.reserved = 1;
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_REPLACE, &a));
	a.reserved = 0;
	a.size = sizeof(a) - 1;
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_REPLACE, &a));
	a.size = sizeof(a);
	/* the last member is not there */
	memcpy(end - sizeof(a) + 4, &a, sizeof(a) - 4);
	EXPECT_ERR(EFAULT, ipc_ioctl(self->fd, CAPIPC_IOC_REPLACE,
				     end - sizeof(a) + 4));
	memcpy(end - sizeof(a), &a, sizeof(a));
	/* the result cannot be written */
	ASSERT_EQ(0, mprotect(end - 4096, 4096, PROT_READ));
	EXPECT_ERR(EFAULT,
		   ipc_ioctl(self->fd, CAPIPC_IOC_REPLACE, end - sizeof(a)));
	EXPECT_OK(ipc_alive(self->fd, self->h[0]));
	EXPECT_OK(ipc_send_str(self->fd, self->h[0], 1, "as before"));
}

TEST_HARNESS_MAIN
