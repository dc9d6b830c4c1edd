// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/fdinfo of a context: what it has and uses, for who may know.
 */
#include "capipc_test_netlink.h"

FIXTURE(fdinfo)
{
	struct actor owner, other;
	__u32 h[2], listener;
	char text[4096];
};

FIXTURE_SETUP(fdinfo)
{
	char name[80];

	snprintf(name, sizeof(name), "uid/3401/%s", fresh_name());
	ASSERT_OK(actor_fork(&self->owner, NULL));
	ASSERT_OK(actor_fork(&self->other, NULL));
	ASSERT_OK(actor_become(&self->owner, 3401));
	ASSERT_OK(actor_open(&self->owner));
	ASSERT_OK(actor_create(&self->owner, self->h));
	ASSERT_OK(actor_listen(&self->owner, name, NULL, &self->listener));
}

FIXTURE_TEARDOWN(fdinfo)
{
	actor_stop(&self->owner);
	actor_stop(&self->other);
}

/* The value of a line, or "". */
static const char *line_of(FIXTURE_DATA(fdinfo) * self, const char *key)
{
	static char value[128];
	char *at = strstr(self->text, key);

	value[0] = 0;
	if (at && (at == self->text || at[-1] == '\n') &&
	    !strncmp(at + strlen(key), ":\t", 2))
		snprintf(value, sizeof(value), "%.*s",
			 (int)strcspn(at + strlen(key) + 2, "\n"),
			 at + strlen(key) + 2);
	return value;
}

static int read_fdinfo(FIXTURE_DATA(fdinfo) * self, pid_t pid, int fd)
{
	return get_text(self->text, sizeof(self->text), "/proc/%d/fdinfo/%d",
			pid, fd);
}

TEST_F(fdinfo, of_a_context)
{
	struct capipc_info info = { .size = sizeof(info) };
	struct capipc_receive r;
	char id[32];

	ASSERT_OK(ACTOR_IOCTL(&self->owner, INFO, &info));
	snprintf(id, sizeof(id), "%llu", info.context_id);
	ASSERT_LT(0, read_fdinfo(self, self->owner.pid, self->owner.dev));
	EXPECT_STREQ(id, line_of(self, "capipc-context"));
	EXPECT_STREQ("open", line_of(self, "capipc-state"));
	EXPECT_STREQ("no", line_of(self, "capipc-ready"));
	EXPECT_STREQ("2", line_of(self, "capipc-endpoints"));
	EXPECT_STREQ("1", line_of(self, "capipc-listeners"));
	EXPECT_STREQ("0", line_of(self, "capipc-replies"));
	EXPECT_STREQ("0", line_of(self, "capipc-calls"));
	EXPECT_EQ(0, strncmp("3 of ", line_of(self, "capipc-handles"), 5));
	EXPECT_LT(0, atoi(line_of(self, "capipc-bytes")));

	/* something to receive; a call to be answered */
	ASSERT_OK(actor_send(&self->owner, self->h[0], 1));
	ASSERT_LT(0, read_fdinfo(self, self->owner.pid, self->owner.dev));
	EXPECT_STREQ("yes", line_of(self, "capipc-ready"));
	ASSERT_OK(actor_receive_nowait(&self->owner, self->h[1], &r));
	ASSERT_LT(0, read_fdinfo(self, self->owner.pid, self->owner.dev));
	EXPECT_STREQ("no", line_of(self, "capipc-ready"));
	ASSERT_OK(actor_close(&self->owner, self->h[0]));
	ASSERT_LT(0, read_fdinfo(self, self->owner.pid, self->owner.dev));
	EXPECT_STREQ("1", line_of(self, "capipc-endpoints"));
	EXPECT_EQ(0, strncmp("2 of ", line_of(self, "capipc-handles"), 5));
}

/* Two handles are gone, and nothing is left of what they were. */
TEST_F(fdinfo, of_fused_pipes)
{
	struct capipc_fuse f = { .size = sizeof(f) };
	struct capipc_receive r;
	__u32 h[2];
	int before, after;

	ASSERT_OK(actor_create(&self->owner, h));
	ASSERT_OK(actor_send(&self->owner, self->h[1], 1));
	ASSERT_LT(0, read_fdinfo(self, self->owner.pid, self->owner.dev));
	EXPECT_STREQ("4", line_of(self, "capipc-endpoints"));
	before = atoi(line_of(self, "capipc-bytes"));
	f.handle[0] = self->h[0];
	f.handle[1] = h[0];
	ASSERT_OK(ACTOR_IOCTL(&self->owner, FUSE, &f));
	ASSERT_LT(0, read_fdinfo(self, self->owner.pid, self->owner.dev));
	EXPECT_STREQ("2", line_of(self, "capipc-endpoints"));
	EXPECT_EQ(0, strncmp("3 of ", line_of(self, "capipc-handles"), 5));
	EXPECT_STREQ("yes", line_of(self, "capipc-ready"));
	/* what is kept of it is paid for */
	after = atoi(line_of(self, "capipc-bytes"));
	EXPECT_LT(before, after);
	ASSERT_OK(actor_receive_nowait(&self->owner, h[1], &r));
	ASSERT_LT(0, read_fdinfo(self, self->owner.pid, self->owner.dev));
	EXPECT_STREQ("no", line_of(self, "capipc-ready"));
	/* as long as it is there */
	ASSERT_OK(actor_close(&self->owner, h[1]));
	ASSERT_OK(actor_close(&self->owner, self->h[1]));
	ASSERT_LT(0, read_fdinfo(self, self->owner.pid, self->owner.dev));
	EXPECT_GT(before, atoi(line_of(self, "capipc-bytes")));
}

/* Calls itself: the request is received by nobody, and given up after a while. */
static long act_call(struct actor_page *page, long handle)
{
	struct capipc_call c = {
		.deadline_ns = ipc_in(200),
		.handle = handle,
	};

	return ipc_do_call(page->fd, &c);
}

TEST_F(fdinfo, of_calls)
{
	struct actor thread, *a = &self->other;
	struct capipc_receive r;
	__u32 h[2];

	actor_stop(a);
	ASSERT_OK(actor_start_threads(a, &thread));
	ASSERT_OK(actor_create(a, h));
	thread.page->fd = a->dev;
	ASSERT_OK(actor_begin(&thread, act_call, h[0]));
	ASSERT_OK(actor_receive(a, 0, &r));
	ASSERT_LT(0, read_fdinfo(self, a->pid, a->dev));
	EXPECT_STREQ("1", line_of(self, "capipc-replies"));
	EXPECT_STREQ("0", line_of(self, "capipc-calls"));
	EXPECT_ERR(ETIMEDOUT, actor_end(&thread));
	ASSERT_OK(actor_close(a, r.reply_handle));
	ASSERT_LT(0, read_fdinfo(self, a->pid, a->dev));
	EXPECT_STREQ("0", line_of(self, "capipc-replies"));
	actor_stop(&thread);
}

/* page->number[0]: pid, page->fd: of which process */
static long act_read(struct actor_page *page, long unused)
{
	return get_text(page->data, sizeof(page->data), "/proc/%llu/fdinfo/%d",
			page->number[0], page->fd);
}

static int read_as(FIXTURE_DATA(fdinfo) * self, struct actor *reader, pid_t pid,
		   int fd)
{
	int ret;

	reader->page->number[0] = pid;
	reader->page->fd = fd;
	ret = actor_run(reader, act_read, 0);
	snprintf(self->text, sizeof(self->text), "%.4000s", reader->page->data);
	return ret;
}

static long act_send_file(struct actor_page *page, long sock)
{
	return sync_send_fd((int)sock, page->fd);
}

static long act_take_file(struct actor_page *page, long sock)
{
	int fd = -1, ret = sync_recv_fd((int)sock, &fd);

	return ret ? ret : fd;
}

TEST_F(fdinfo, who_may_know)
{
	struct actor *stranger = &self->other;
	int64_t end;
	int sv[2], fd;

	/* its own file: all of it, whoever else it runs as */
	ASSERT_LT(0, read_as(self, &self->owner, self->owner.pid,
			     self->owner.dev));
	EXPECT_STREQ("2", line_of(self, "capipc-endpoints"));

	/* a process that has the file but not the context */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
	actor_stop(stranger);
	actor_stop(&self->owner);
	ASSERT_OK(actor_fork(&self->owner, NULL));
	ASSERT_OK(actor_fork(stranger, NULL));
	ASSERT_OK(actor_become(&self->owner, 3401));
	ASSERT_OK(actor_become(stranger, 3402));
	ASSERT_OK(actor_open(&self->owner));
	ASSERT_OK(actor_create(&self->owner, self->h));
	self->owner.page->fd = self->owner.dev;
	ASSERT_OK(actor_run(&self->owner, act_send_file, sv[0]));
	fd = actor_run(stranger, act_take_file, sv[1]);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, read_as(self, stranger, stranger->pid, fd));
	EXPECT_STRNE("", line_of(self, "capipc-context"));
	EXPECT_STREQ("", line_of(self, "capipc-state"));
	EXPECT_STREQ("", line_of(self, "capipc-endpoints"));
	EXPECT_STREQ("", line_of(self, "capipc-bytes"));

	/* root sees it there, too */
	ASSERT_LT(0, read_fdinfo(self, stranger->pid, fd));
	EXPECT_STREQ("2", line_of(self, "capipc-endpoints"));

	/* soon after its process is gone; the file is still there */
	actor_stop(&self->owner);
	end = ipc_soon();
	do {
		ASSERT_LT(0, read_fdinfo(self, stranger->pid, fd));
	} while (strcmp("dismantled", line_of(self, "capipc-state")) &&
		 ipc_now() < end);
	EXPECT_STREQ("dismantled", line_of(self, "capipc-state"));
	EXPECT_STREQ("", line_of(self, "capipc-endpoints"));
	ASSERT_LT(0, read_as(self, stranger, stranger->pid, fd));
	EXPECT_STRNE("", line_of(self, "capipc-context"));
	EXPECT_STREQ("", line_of(self, "capipc-state"));
	close(sv[0]);
	close(sv[1]);
}

/* Read all the time while the context lives, works and goes. */
static long act_busy(struct actor_page *page, long unused)
{
	volatile __u64 *stop = &page->number[0];
	__u32 h[2];

	while (!*stop) {
		int fd = ipc_open();

		if (fd < 0 || dup2(fd, page->fd) < 0)
			return -EMFILE;
		close(fd);
		if (ipc_create(page->fd, h) || ipc_close(page->fd, h[1]))
			return -EIO;
	}
	return 0;
}

TEST_F(fdinfo, while_it_goes)
{
	int64_t end = ipc_in(1500);
	int n = 0;

	self->owner.page->fd = self->owner.dev;
	self->owner.page->number[0] = 0;
	ASSERT_OK(actor_begin(&self->owner, act_busy, 0));
	while (ipc_now() < end || !n)
		n += read_fdinfo(self, self->owner.pid, self->owner.dev) > 0;
	self->owner.page->number[0] = 1;
	EXPECT_OK(actor_end(&self->owner));
	EXPECT_LT(10, n);
}

TEST_HARNESS_MAIN
