// SPDX-License-Identifier: GPL-2.0
/*
 * File descriptors in messages: all of them arrive or none, whoever cannot take
 * them loses nothing, and who has too many in flight is told.
 */
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "async.h"
#include "capipc_test_process.h"

static struct capipc_attachment attach_file(int fd)
{
	return (struct capipc_attachment){ .handle = fd,
					   .kind = CAPIPC_KIND_FILE };
}

static int send_file(int fd, uint32_t handle, int file)
{
	struct capipc_attachment att = attach_file(file);

	return ipc_send_full(fd, handle, 0, "file", 4, &att, 1);
}

/* File descriptors that are open here. */
static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

/* The process may have @n more than it has. */
static int limit_fds(int n)
{
	struct rlimit limit = { 4096, 4096 };
	int fd;

	if (setrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	fd = dup(0);
	if (fd < 0)
		return -errno;
	close(fd);
	limit.rlim_cur = fd + n;
	return setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;
}

/* A new file with that in it. */
static int make_file(const char *text)
{
	int fd = memfd_create("selftest", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

FIXTURE(file)
{
	int fd;
	int file;
	uint32_t h[2];
	struct ipc_message m;
};

FIXTURE_SETUP(file)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	self->file = make_file("content");
	ASSERT_GE(self->file, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
}

FIXTURE_TEARDOWN(file)
{
	close(self->fd);
	close(self->file);
}

TEST_F(file, arrives)
{
	char buf[16] = "";
	int fd, n = count_fds();

	ASSERT_OK(send_file(self->fd, self->h[0], self->file));
	EXPECT_EQ(n, count_fds());
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_EQ(1, self->m.r.attachments_count);
	EXPECT_EQ(CAPIPC_KIND_FILE, self->m.att[0].kind);
	EXPECT_EQ(0, self->m.att[0].rights);
	EXPECT_EQ(0, self->m.att[0].reserved);
	EXPECT_EQ(n + 1, count_fds());
	fd = self->m.att[0].handle;
	EXPECT_NE(self->file, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	/* the same open file: one position */
	EXPECT_EQ(7, lseek(fd, 0, SEEK_CUR));
	EXPECT_EQ(0, lseek(self->file, 0, SEEK_SET));
	EXPECT_EQ(7, read(fd, buf, sizeof(buf)));
	EXPECT_STREQ("content", buf);
	EXPECT_EQ(0, close(fd));
	/* it is no handle */
	EXPECT_ERR(EBADF, ipc_close(self->fd, fd));
}

/* As many as there may be, mixed with handles, in order. */
TEST_F(file, mixed_to_the_maximum)
{
	struct capipc_attachment att[CAPIPC_ATTACHMENTS_MAX];
	uint32_t p[2], far[CAPIPC_ATTACHMENTS_MAX];
	unsigned int i;

	for (i = 0; i < CAPIPC_ATTACHMENTS_MAX; i++) {
		if (i % 3 == 1) {
			ASSERT_OK(ipc_create(self->fd, p));
			att[i] = ipc_attach(p[1]);
			far[i] = p[0];
		} else {
			att[i] = attach_file(i % 3 ? self->file : self->fd);
		}
	}
	ASSERT_OK(ipc_send_full(self->fd, self->h[0], 7, "all", 3, att,
				CAPIPC_ATTACHMENTS_MAX));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_EQ(CAPIPC_ATTACHMENTS_MAX, self->m.r.attachments_count);
	for (i = 0; i < CAPIPC_ATTACHMENTS_MAX; i++) {
		uint32_t value = self->m.att[i].handle;

		if (i % 3 == 1) {
			ASSERT_EQ(CAPIPC_KIND_ENDPOINT, self->m.att[i].kind);
			EXPECT_OK(ipc_send_str(self->fd, far[i], 1, "x"));
			EXPECT_EQ(1, ipc_queued(self->fd, value))
			TH_LOG("attachment %u", i);
		} else {
			ASSERT_EQ(CAPIPC_KIND_FILE, self->m.att[i].kind);
			EXPECT_TRUE(
				same_file(value, i % 3 ? self->file : self->fd))
			TH_LOG("attachment %u", i);
			EXPECT_EQ(0, close(value));
		}
	}
	EXPECT_ERR(EINVAL, ipc_send_full(self->fd, self->h[0], 7, "all", 3, att,
					 CAPIPC_ATTACHMENTS_MAX + 1));
}

/* One that only names a file, and the same one twice. */
TEST_F(file, path_only_and_twice)
{
	int path = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	struct capipc_attachment att[2] = { attach_file(path),
					    attach_file(path) };
	char c;

	ASSERT_GE(path, 0);
	ASSERT_OK(ipc_send_full(self->fd, self->h[0], 0, NULL, 0, att, 2));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_EQ(2, self->m.r.attachments_count);
	EXPECT_NE(self->m.att[0].handle, self->m.att[1].handle);
	EXPECT_TRUE(same_file(path, self->m.att[0].handle));
	EXPECT_TRUE(same_file(path, self->m.att[1].handle));
	EXPECT_EQ(-1, read(self->m.att[1].handle, &c, 1));
	EXPECT_EQ(EBADF, errno);
}

/* Each with a good handle and a good file before it and after it. */
TEST_F(file, bad_attachments)
{
	const struct {
		struct capipc_attachment att;
		int err;
	} cases[] = {
		{ { .handle = 4000, .kind = CAPIPC_KIND_FILE }, EBADF },
		{ { .handle = (uint32_t)-1, .kind = CAPIPC_KIND_FILE }, EBADF },
		{ { .handle = (uint32_t)-100, .kind = CAPIPC_KIND_FILE },
		  EBADF },
		{ { .handle = self->file,
		    .kind = CAPIPC_KIND_FILE,
		    .rights = CAPIPC_RIGHT_READ },
		  EINVAL },
		{ { .handle = self->file,
		    .kind = CAPIPC_KIND_FILE,
		    .rights = CAPIPC_RIGHTS_SAME },
		  EINVAL },
		{ { .handle = self->file,
		    .kind = CAPIPC_KIND_FILE,
		    .reserved = 1 },
		  EINVAL },
		{ { .handle = self->file, .kind = CAPIPC_KIND_ENDPOINT },
		  EINVAL },
		{ { .handle = self->file, .kind = 0xffffffff }, EINVAL },
	};
	char *end = map_before_hole(4096) + 4096;
	struct capipc_attachment att[5];
	uint32_t p[2];
	size_t i;
	int n;

	ASSERT_OK(ipc_create(self->fd, p));
	n = count_fds();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		att[0] = ipc_attach(p[0]);
		att[1] = attach_file(self->file);
		att[2] = cases[i].att;
		att[3] = attach_file(self->file);
		att[4] = ipc_attach(p[1]);
		EXPECT_ERR(cases[i].err, ipc_send_full(self->fd, self->h[0], 0,
						       "x", 1, att, 5))
		TH_LOG("case %zu", i);
		EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
		EXPECT_OK(ipc_alive(self->fd, p[0]));
		EXPECT_OK(ipc_alive(self->fd, p[1]));
	}
	EXPECT_EQ(n, count_fds());
	/* the last one cannot be read */
	att[2] = attach_file(self->file);
	memcpy(end - 4 * sizeof(att[0]), att, 4 * sizeof(att[0]));
	EXPECT_ERR(EFAULT,
		   ipc_send_full(self->fd, self->h[0], 0, "x", 1,
				 (void *)(end - 4 * sizeof(att[0])), 5));
	EXPECT_OK(ipc_alive(self->fd, p[0]));
}

/* The receiver has no room, for one of them or for any. */
TEST_F(file, no_room)
{
	struct capipc_attachment att[4];
	int n, room;
	uint32_t p[2];

	ASSERT_OK(ipc_create(self->fd, p));
	att[0] = attach_file(self->file);
	att[1] = ipc_attach(p[1]);
	att[2] = attach_file(self->file);
	att[3] = attach_file(self->fd);
	ASSERT_OK(ipc_send_full(self->fd, self->h[0], 9, "keep me", 7, att, 4));
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 10, "next"));
	n = count_fds();
	for (room = 0; room < 3; room++) {
		ASSERT_OK(limit_fds(room));
		EXPECT_ERR(EMFILE, ipc_tryrecv(self->fd, &self->m))
		TH_LOG("room for %d", room);
		/* what it was, so that it can be closed */
		EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, self->m.r.type);
		EXPECT_EQ(self->h[1], self->m.r.from);
		EXPECT_EQ(7, self->m.r.data_len);
		EXPECT_EQ(4, self->m.r.attachments_count);
		EXPECT_EQ(0, self->m.r.reply_handle);
		EXPECT_EQ(0, self->m.r.stamp.id);
		ASSERT_OK(limit_fds(1000));
		EXPECT_EQ(n, count_fds());
		EXPECT_EQ(2, ipc_queued(self->fd, self->h[1]));
	}
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_STREQ("keep me", self->m.data);
	EXPECT_EQ(9, self->m.r.ordinal);
	EXPECT_EQ(n + 3, count_fds());
	EXPECT_OK(ipc_send_str(self->fd, p[0], 1, "x"));
	EXPECT_EQ(1, ipc_queued(self->fd, self->m.att[1].handle));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	EXPECT_STREQ("next", self->m.data);
}

/* The message does not block others: it loses its turn. */
TEST_F(file, no_room_but_for_others)
{
	uint32_t p[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(send_file(self->fd, self->h[0], self->file));
	ASSERT_OK(ipc_send_str(self->fd, p[0], 1, "plain"));
	ASSERT_OK(limit_fds(0));
	EXPECT_ERR(EMFILE, ipc_tryrecv(self->fd, &self->m));
	EXPECT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_STREQ("plain", self->m.data);
	EXPECT_ERR(EMFILE, ipc_tryrecv(self->fd, &self->m));
	/* and who wants to be rid of it closes what it came from */
	EXPECT_OK(ipc_close(self->fd, self->m.r.from));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->h[0], 1, "x"));
	ASSERT_OK(limit_fds(1000));
}

/* Room that cannot be written: nothing stays open. */
TEST_F(file, nowhere_to_tell)
{
	struct capipc_receive r = {
		.flags = CAPIPC_NOWAIT,
		.data = ipc_ptr(self->m.data),
		.data_capacity = 100,
		.attachments_capacity = 10,
	};
	struct capipc_attachment att[3] = { attach_file(self->file),
					    attach_file(self->file),
					    attach_file(self->file) };
	char *end = map_before_hole(4096) + 4096;
	int fit, n = count_fds();

	ASSERT_OK(ipc_send_full(self->fd, self->h[0], 0, "x", 1, att, 3));
	for (fit = 0; fit < 3; fit++) {
		r.attachments = ipc_ptr(end - fit * sizeof(att[0]));
		EXPECT_ERR(EFAULT, ipc_do_receive(self->fd, &r));
		EXPECT_EQ(n, count_fds()) TH_LOG("%d fit", fit);
		EXPECT_EQ(1, ipc_queued(self->fd, self->h[1]));
	}
	/* the bytes cannot be written, after the files had been */
	r.attachments = ipc_ptr(end - 3 * sizeof(att[0]));
	r.data = ipc_ptr(end);
	EXPECT_ERR(EFAULT, ipc_do_receive(self->fd, &r));
	EXPECT_EQ(n, count_fds());
	r.data = ipc_ptr(self->m.data);
	EXPECT_OK(ipc_do_receive(self->fd, &r));
	EXPECT_EQ(n + 3, count_fds());
}

/* ------------------------------------------------------- calls and replies */

TEST_F(file, in_calls_and_replies)
{
	struct capipc_attachment att = attach_file(self->file);
	struct capipc_reply reply = { .attachments = ipc_ptr(&att),
				      .attachments_count = 1 };
	struct async_call c;
	int n = count_fds();

	async_call_init(&c, self->fd, self->h[0], "?");
	c.a.attachments = ipc_ptr(&att);
	c.a.attachments_count = 1;
	ASSERT_OK(async_call_go(&c));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_EQ(CAPIPC_RECEIVED_CALL, self->m.r.type);
	ASSERT_EQ(1, self->m.r.attachments_count);
	EXPECT_TRUE(same_file(self->file, self->m.att[0].handle));
	reply.handle = self->m.r.reply_handle;
	ASSERT_OK(ipc_do_reply(self->fd, &reply));
	ASSERT_OK(async_call_join(&c));
	ASSERT_EQ(1, c.a.reply_attachments_count);
	EXPECT_EQ(CAPIPC_KIND_FILE, c.reply_att[0].kind);
	EXPECT_TRUE(same_file(self->file, c.reply_att[0].handle));
	EXPECT_EQ(n + 2, count_fds());
}

/* The caller has no room: the reply waits for it. */
TEST_F(file, no_room_for_a_reply)
{
	struct capipc_attachment att = attach_file(self->file);
	struct capipc_reply reply = { .attachments = ipc_ptr(&att),
				      .attachments_count = 1 };
	struct async_call c;
	int n;

	ASSERT_OK(async_call(&c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	reply.handle = self->m.r.reply_handle;
	n = count_fds();
	ASSERT_OK(limit_fds(0));
	ASSERT_OK(ipc_do_reply(self->fd, &reply));
	EXPECT_ERR(EMFILE, async_call_join(&c));
	EXPECT_EQ(CAPIPC_CALL_ANSWERED, c.a.state);
	EXPECT_NE(0, c.a.pending);
	ASSERT_OK(limit_fds(1000));
	EXPECT_EQ(n, count_fds());
	EXPECT_OK(ipc_do_call(self->fd, &c.a));
	EXPECT_EQ(CAPIPC_CALL_ANSWERED, c.a.state);
	EXPECT_EQ(0, c.a.pending);
	EXPECT_TRUE(same_file(self->file, c.reply_att[0].handle));
}

/* ----------------------------------------------------------- ends of things */

/* Whether the write end of a pipe whose read end is @fd is open anywhere. */
static bool open_somewhere(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	/* what goes with a message is closed in the background */
	return poll(&p, 1, 1000) == 0;
}

TEST_F(file, closed_with_the_message)
{
	uint32_t p[2];
	int i, pp[2];

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pipe2(pp, O_CLOEXEC));
		ASSERT_OK(ipc_create(self->fd, p));
		ASSERT_OK(send_file(self->fd, p[0], pp[1]));
		ASSERT_EQ(0, close(pp[1]));
		if (i == 1) { /* deeper */
			ASSERT_OK(ipc_send_handle(self->fd, self->h[0], "",
						  p[1]));
		}
		EXPECT_TRUE(open_somewhere(pp[0]));
		if (i == 2)
			close(self->fd);
		else
			EXPECT_OK(ipc_close(self->fd, i ? self->h[1] : p[1]));
		EXPECT_FALSE(open_somewhere(pp[0])) TH_LOG("case %d", i);
		close(pp[0]);
	}
}

static void sends_a_file(struct __test_metadata *_metadata, struct peer *peer)
{
	int file = make_file("last words");

	ASSERT_GE(file, 0);
	ASSERT_OK(send_file(peer->fd, peer->ep, file));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
}

TEST_F(file, outlives_its_sender)
{
	struct peer peer = { .fn = sends_a_file, .fd = self->fd };
	char buf[16] = "";

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	PEER_KILL(&peer);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_EQ(1, self->m.r.attachments_count);
	EXPECT_EQ(10, pread(self->m.att[0].handle, buf, sizeof(buf), 0));
	EXPECT_STREQ("last words", buf);
}

/* -------------------------------------------------------------- too many */

enum {
	LIMIT = 24,
	OWN = 8
};

static void floods(struct __test_metadata *_metadata, struct peer *peer)
{
	struct rlimit limit = { LIMIT, LIMIT };
	struct capipc_attachment att[3];
	int i, sent = 0, ret;

	for (i = 0; i < 3; i++)
		att[i] = attach_file(peer->fd);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	do {
		ret = ipc_send_full(peer->fd, peer->ep, 0, "x", 1, att, 3);
		sent += !ret;
	} while (!ret && sent < 1000);
	EXPECT_ERR(ETOOMANYREFS, ret);
	EXPECT_EQ(LIMIT / 3, sent);
	/* one would do, and there are none left; what has none passes */
	EXPECT_ERR(ETOOMANYREFS, send_file(peer->fd, peer->ep, peer->fd));
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "full"));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
	/* three were received, and are not in flight any more */
	EXPECT_OK(ipc_send_full(peer->fd, peer->ep, 0, "x", 1, att, 3));
	EXPECT_ERR(ETOOMANYREFS, send_file(peer->fd, peer->ep, peer->fd));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
	/* the pipe was closed, with all that waited in it */
	EXPECT_ERR(EPIPE, send_file(peer->fd, peer->ep, peer->fd));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
}

static void sends_one(struct __test_metadata *_metadata, struct peer *peer)
{
	struct rlimit limit = { LIMIT, LIMIT };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_OK(send_file(peer->fd, peer->ep, peer->fd));
}

/* A few are its own, whatever its siblings have. */
static void sends_too_many(struct __test_metadata *_metadata, struct peer *peer)
{
	struct rlimit limit = { LIMIT, LIMIT };
	int i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < OWN; i++)
		EXPECT_OK(send_file(peer->fd, peer->ep, peer->fd));
	EXPECT_ERR(ETOOMANYREFS, send_file(peer->fd, peer->ep, peer->fd));
}

static void sends_without_end(struct __test_metadata *_metadata,
			      struct peer *peer)
{
	struct rlimit limit = { LIMIT, LIMIT };
	int i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < 3 * LIMIT; i++)
		EXPECT_OK(send_file(peer->fd, peer->ep, peer->fd));
}

TEST_F(file, too_many_in_flight)
{
	struct peer peer = { .fn = floods, .uid = 1000, .fd = self->fd };
	struct peer same = { .fn = sends_too_many,
			     .uid = 1000,
			     .fd = self->fd };
	struct peer again = { .fn = sends_one, .uid = 1000, .fd = self->fd };
	struct peer other = { .fn = sends_one, .uid = 1001, .fd = self->fd };
	struct peer root = { .fn = sends_without_end, .fd = self->fd };

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	/* another process of the same user is hit, other users are not */
	PEER_START(&same);
	PEER_WAIT(&same);
	ASSERT_OK(ipc_close(self->fd, same.ep));
	PEER_START(&other);
	PEER_WAIT(&other);
	PEER_START(&root);
	PEER_WAIT(&root);

	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	ASSERT_EQ(3, self->m.r.attachments_count);
	ASSERT_OK(sync_post(peer.sock));
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(ipc_close(self->fd, peer.ep));
	ASSERT_OK(sync_post(peer.sock));
	ASSERT_OK(sync_wait(peer.sock));
	PEER_START(&again);
	PEER_WAIT(&again);
	ASSERT_OK(sync_post(peer.sock));
	PEER_WAIT(&peer);
}

TEST_HARNESS_MAIN
