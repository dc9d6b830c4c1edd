// SPDX-License-Identifier: GPL-2.0
/*
 * Fusing pipes while a request over one of them is stopped in the middle of copying.
 */
#include "stalled.h"

FIXTURE(fuse_stall)
{
	int fd;
	struct ipc_message m;
};

FIXTURE_SETUP(fuse_stall)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(fuse_stall)
{
	close(self->fd);
}

/* As many messages as there is room for. */
static int fill(int fd, uint32_t handle)
{
	int n = 0;

	while (!ipc_trysend(fd, handle, 1, "x", 1))
		n++;
	return n;
}

/* A thread of our own receives from what is to be fused, or sends through it. */
TEST_F(fuse_stall, busy)
{
	struct stalled_receive r;
	struct async_send s;
	struct stall stall;
	uint32_t a[2], b[2];

	ASSERT_OK(ipc_create(self->fd, a));
	ASSERT_OK(ipc_create(self->fd, b));
	ASSERT_OK(ipc_send_str(self->fd, b[1], 1, "x"));
	ASSERT_OK(stall_make(&stall));
	ASSERT_OK(stalled_receive(&r, self->fd, b[0], &stall));
	EXPECT_ERR(EBUSY, ipc_fuse(self->fd, a[0], b[0]));
	EXPECT_ERR(EBUSY, ipc_fuse(self->fd, b[0], a[0]));
	ASSERT_OK(stall_fill(&stall, ""));
	EXPECT_OK(async_join(&r.async));
	close(stall.uffd);

	ASSERT_OK(stall_make(&stall));
	ASSERT_OK(stalled_send(&s, self->fd, a[0], NULL, &stall));
	EXPECT_ERR(EBUSY, ipc_fuse(self->fd, a[0], b[0]));
	EXPECT_ERR(EBUSY, ipc_fuse(self->fd, b[0], a[0]));
	ASSERT_OK(stall_fill(&stall, ""));
	EXPECT_OK(async_send_join(&s));
	close(stall.uffd);
	EXPECT_OK(ipc_fuse(self->fd, a[0], b[0]));
	EXPECT_EQ(1, ipc_queued(self->fd, a[1]));
}

/* A far end receives while the pipes are fused: what it has comes first, or again. */
TEST_F(fuse_stall, far_end_receives)
{
	struct stalled_receive r;
	struct stall stall;
	uint32_t a[2], b[2];
	int i, n;

	ASSERT_OK(ipc_create(self->fd, a));
	ASSERT_OK(ipc_create(self->fd, b));
	ASSERT_OK(ipc_send_str(self->fd, b[0], 1, "first"));
	ASSERT_OK(ipc_send_str(self->fd, a[1], 1, "second"));
	ASSERT_OK(stall_make(&stall));
	ASSERT_OK(stalled_receive(&r, self->fd, b[1], &stall));
	ASSERT_OK(ipc_fuse(self->fd, a[0], b[0]));
	EXPECT_EQ(1, ipc_queued(self->fd, b[1]));
	/* it fails, and the message goes back to where it was */
	ASSERT_OK(stall_fault(&stall));
	EXPECT_ERR(EFAULT, async_join(&r.async));
	close(stall.uffd);
	ASSERT_OK(ipc_recv_from(self->fd, b[1], &self->m));
	EXPECT_EQ(0, strcmp(self->m.data, "first"));
	ASSERT_OK(ipc_recv_from(self->fd, b[1], &self->m));
	EXPECT_EQ(0, strcmp(self->m.data, "second"));
	/* and there is room for as many as ever */
	n = fill(self->fd, a[1]);
	for (i = 0; i < n; i++)
		ASSERT_OK(ipc_recv_from(self->fd, b[1], &self->m));
	EXPECT_EQ(n, fill(self->fd, a[1]));
}

/* A far end sends while the pipes are fused: it goes to who is there then. */
TEST_F(fuse_stall, far_end_sends)
{
	struct capipc_attachment att;
	struct async_send s;
	struct stall stall;
	uint32_t a[2], b[2], p[2];

	ASSERT_OK(ipc_create(self->fd, a));
	ASSERT_OK(ipc_create(self->fd, b));
	ASSERT_OK(ipc_create(self->fd, p));
	att = ipc_attach(p[0]);
	ASSERT_OK(stall_make(&stall));
	ASSERT_OK(stalled_send(&s, self->fd, a[1], &att, &stall));
	ASSERT_OK(ipc_fuse(self->fd, a[0], b[0]));
	ASSERT_OK(stall_fill(&stall, ""));
	EXPECT_OK(async_send_join(&s));
	close(stall.uffd);
	ASSERT_OK(ipc_recv_from(self->fd, b[1], &self->m));
	EXPECT_OK(ipc_send_str(self->fd, self->m.att[0].handle, 1, "x"));
	EXPECT_EQ(1, ipc_queued(self->fd, p[1]));
	ASSERT_OK(ipc_close(self->fd, a[1]));

	/* but not if it carries who it would go to, or is not allowed to any more */
	ASSERT_OK(ipc_create(self->fd, a));
	ASSERT_OK(ipc_create(self->fd, b));
	att = ipc_attach(b[1]);
	ASSERT_OK(stall_make(&stall));
	ASSERT_OK(stalled_send(&s, self->fd, a[1], &att, &stall));
	ASSERT_OK(ipc_fuse(self->fd, b[0], a[0]));
	ASSERT_OK(stall_fill(&stall, ""));
	EXPECT_ERR(ELOOP, async_send_join(&s));
	close(stall.uffd);
	EXPECT_OK(ipc_send_str(self->fd, a[1], 1, "still there"));
	EXPECT_EQ(1, ipc_queued(self->fd, b[1]));
}

/*
 * The same, but it has looked at what it carries already: the first attachment is out
 * of the table, and it is stopped before the second one.
 */
TEST_F(fuse_stall, far_end_sends_its_new_peer)
{
	struct capipc_attachment att[2];
	struct async_send s = { .a = { .deadline_ns = ipc_soon(),
				       .attachments_count = 2 } };
	struct stall stall;
	char page[STALL_PAGE] = { 0 };
	uint32_t a[2], b[2], p[2];
	char *two;
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_OK(ipc_create(self->fd, a));
		ASSERT_OK(ipc_create(self->fd, b));
		ASSERT_OK(ipc_create(self->fd, p));
		two = mmap(NULL, 2 * STALL_PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, two);
		ASSERT_OK(stall_make_at(&stall, two + STALL_PAGE));
		/* in one case it carries who it would go to, in one it does not */
		att[0] = ipc_attach(i ? p[0] : b[1]);
		att[1] = ipc_attach(p[1]);
		memcpy(stall.page - sizeof(att[0]), &att[0], sizeof(att[0]));
		memcpy(page, &att[1], sizeof(att[1]));
		s.a.attachments = ipc_ptr(stall.page - sizeof(att[0]));
		s.a.handle = a[1];
		ASSERT_OK(async_send(&s, self->fd));
		ASSERT_OK(stall_wait(&stall));
		ASSERT_OK(ipc_fuse(self->fd, a[0], b[0]));
		ASSERT_OK(stall_serve(stall.uffd, ipc_ptr(stall.page), page));
		EXPECT_ERR(i ? 0 : ELOOP, async_send_join(&s));
		close(stall.uffd);
		munmap(two, 2 * STALL_PAGE);
		/* what was not sent is where it was */
		EXPECT_ERR(i ? EBADF : 0, ipc_alive(self->fd, p[1]));
		ASSERT_OK(ipc_send_str(self->fd, a[1], 1, "x"));
		EXPECT_EQ(1 + i, ipc_queued(self->fd, b[1]));
	}
}

TEST_HARNESS_MAIN
