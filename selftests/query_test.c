// SPDX-License-Identifier: GPL-2.0
/*
 * Queries: who exactly that was, by what the kernel pinned.
 */
#include "capipc_test_ident.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

FIXTURE(query)
{
	struct actor server, client;
	char name[64], path[64];
	__u32 listener;
	__u32 client_end, server_end;
};

FIXTURE_SETUP(query)
{
	strcpy(self->name, fresh_name());
	snprintf(self->path, sizeof(self->path), "/tmp/query.%d", getpid());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
}

FIXTURE_TEARDOWN(query)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
	unlink(self->path);
}

static int pipe_up(FIXTURE_DATA(query) * self)
{
	return actor_link(&self->client, &self->server, self->name,
			  self->listener, &self->client_end, &self->server_end);
}

/* Send and receive a message: the id of its stamp, or 0. */
static __u64 one_message(FIXTURE_DATA(query) * self)
{
	struct capipc_receive r;

	if (actor_send(&self->client, self->client_end, 1) ||
	    actor_receive_nowait(&self->server, self->server_end, &r))
		return 0;
	return r.stamp.id;
}

static int query(FIXTURE_DATA(query) * self, __u64 id, struct capipc_query *q)
{
	return actor_query(&self->server, self->server_end, id, 0, q);
}

TEST_F(query, who_connected_and_who_sent)
{
	struct actor *client = &self->client;
	struct capipc_query q;
	__u64 first, second, third;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(query(self, 0, &q));
	EXPECT_EQ(0, q.stamp.uid);
	EXPECT_EQ(0, q.stamp.flags);
	EXPECT_EQ(client->pid, q.stamp.pid);
	EXPECT_EQ(caps_all(), q.stamp.capabilities);
	first = one_message(self);
	EXPECT_EQ(first, q.stamp.id);
	ASSERT_OK(query(self, first, &q));
	EXPECT_EQ(first, q.stamp.id);

	ASSERT_OK(actor_setresuid(client, 0, 1001, 0));
	second = one_message(self);
	ASSERT_OK(query(self, second, &q));
	EXPECT_EQ(second, q.stamp.id);
	EXPECT_EQ(1001, q.stamp.uid);
	EXPECT_EQ(0, q.stamp.capabilities);
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, q.stamp.flags);

	ASSERT_OK(actor_setresuid(client, 0, 0, 0));
	ASSERT_OK(actor_setresuid(client, 0, 1002, 0));
	third = one_message(self);
	EXPECT_ERR(ESTALE, query(self, second, &q));
	EXPECT_ERR(ESTALE, query(self, third + 1, &q));
	EXPECT_ERR(ESTALE, query(self, ~0ULL, &q));
	ASSERT_OK(query(self, third, &q));
	EXPECT_EQ(1002, q.stamp.uid);
	ASSERT_OK(query(self, 0, &q));
	EXPECT_EQ(0, q.stamp.uid);
	EXPECT_EQ(first, q.stamp.id);
}

/* The id of a message that has not been received yet is not known. */
TEST_F(query, not_received_yet)
{
	struct capipc_receive r;
	struct capipc_query q;
	__u64 before;

	ASSERT_OK(pipe_up(self));
	before = one_message(self);
	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(actor_send(&self->client, self->client_end, 2));
	ASSERT_OK(query(self, before, &q));
	EXPECT_EQ(0, q.stamp.uid);
	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	ASSERT_OK(query(self, r.stamp.id, &q));
	EXPECT_EQ(1000, q.stamp.uid);
}

TEST_F(query, real_ids)
{
	struct capipc_query q;

	ASSERT_OK(actor_setresgid(&self->client, 5, 6, 7));
	ASSERT_OK(actor_setresuid(&self->client, 1001, 1002, 0));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(query(self, 0, &q));
	EXPECT_EQ(1001, q.real_uid);
	EXPECT_EQ(5, q.real_gid);
	EXPECT_EQ(1002, q.stamp.uid);
	EXPECT_EQ(6, q.stamp.gid);
}

/* All ids are those of the caller's user namespace. */
TEST_F(query, translated)
{
	const gid_t groups[] = { 7, 100003 };
	struct capipc_query q;

	ASSERT_OK(actor_setgroups(&self->client, 2, groups));
	ASSERT_OK(actor_setresgid(&self->client, 100001, 100002, 0));
	ASSERT_OK(actor_setresuid(&self->client, 1000, 100005, 0));
	ASSERT_OK(actor_userns_root(&self->server, 100000, 0));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(query(self, 0, &q));
	EXPECT_EQ(65534, q.real_uid);
	EXPECT_EQ(1, q.real_gid);
	EXPECT_EQ(5, q.stamp.uid);
	EXPECT_EQ(2, q.stamp.gid);
	ASSERT_EQ(2, q.groups_count);
	EXPECT_EQ(65534, self->server.page->groups[0]);
	EXPECT_EQ(3, self->server.page->groups[1]);
}

TEST_F(query, groups)
{
	const gid_t groups[] = { 3, 70, 900, 65000 };
	struct actor *server = &self->server;
	struct capipc_query q = { .size = sizeof(q) };
	__u32 *room = server->page->groups;
	int i;

	ASSERT_OK(actor_setgroups(&self->client, 4, groups));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(query(self, 0, &q));
	ASSERT_EQ(4, q.groups_count);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(groups[i], room[i]);

	/* too little room: how many there are, and nothing is written */
	memset(room, 0xcc, sizeof(server->page->groups));
	memset(&q, 0, sizeof(q));
	q.size = sizeof(q);
	q.handle = self->server_end;
	q.groups = ipc_ptr(room);
	q.groups_capacity = 3;
	ASSERT_OK(ACTOR_IOCTL(server, QUERY, &q));
	EXPECT_EQ(4, q.groups_count);
	EXPECT_EQ(0xcccccccc, room[0]);

	/* just enough, and no more is touched */
	q.groups_capacity = 4;
	ASSERT_OK(ACTOR_IOCTL(server, QUERY, &q));
	EXPECT_EQ(4, q.groups_count);
	EXPECT_EQ(65000, room[3]);
	EXPECT_EQ(0xcccccccc, room[4]);

	/* no room: the pointer does not matter */
	q.groups = 1;
	q.groups_capacity = 0;
	ASSERT_OK(ACTOR_IOCTL(server, QUERY, &q));
	EXPECT_EQ(4, q.groups_count);
	q.groups_capacity = 4;
	EXPECT_ERR(EFAULT, ACTOR_IOCTL(server, QUERY, &q));
	q.groups = ~0ULL - 8;
	EXPECT_ERR(EFAULT, ACTOR_IOCTL(server, QUERY, &q));
}

TEST_F(query, no_groups)
{
	struct capipc_query q;

	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(query(self, 0, &q));
	EXPECT_EQ(0, q.groups_count);
}

/* -------------------------------------------------------------- the program */

/* fstat() and first bytes of a descriptor of the actor, which is closed. */
static long act_look_at_fd(struct actor_page *page, long fd)
{
	struct stat st;
	char magic[4] = "";
	int flags = fcntl((int)fd, F_GETFL), fdflags = fcntl((int)fd, F_GETFD);

	if (fstat((int)fd, &st) || pread((int)fd, magic, 4, 0) != 4)
		return -errno;
	page->number[0] = st.st_dev;
	page->number[1] = st.st_ino;
	page->number[2] = (flags & O_ACCMODE) == O_RDONLY &&
			  fdflags == FD_CLOEXEC;
	page->number[3] = !memcmp(magic, "\177ELF", 4);
	return actor_errno(close((int)fd));
}

TEST_F(query, program)
{
	struct actor *server = &self->server;
	struct capipc_query q;
	char path[64];
	struct stat st;

	ASSERT_OK(pipe_up(self));
	snprintf(path, sizeof(path), "/proc/%d/exe", self->client.pid);
	ASSERT_EQ(0, stat(path, &st));
	ASSERT_OK(query(self, 0, &q));
	EXPECT_NE(0, q.state & CAPIPC_QUERY_HAS_EXE);
	EXPECT_EQ(st.st_dev, q.exe_dev);
	EXPECT_EQ(st.st_ino, q.exe_ino);
	EXPECT_EQ(-1, q.exe_fd);

	ASSERT_OK(
		actor_query(server, self->server_end, 0, CAPIPC_QUERY_EXE, &q));
	ASSERT_LE(0, q.exe_fd);
	ASSERT_OK(actor_run(server, act_look_at_fd, q.exe_fd));
	EXPECT_EQ(st.st_dev, server->page->number[0]);
	EXPECT_EQ(st.st_ino, server->page->number[1]);
	EXPECT_EQ(1, server->page->number[2]);
	EXPECT_EQ(1, server->page->number[3]);
}

/* The caller gets what it could have opened itself, and no more. */
TEST_F(query, program_is_not_readable)
{
	struct actor *server = &self->server;
	struct capipc_query q;
	struct stat st;

	ASSERT_OK(copy_self(self->path, 0711));
	ASSERT_EQ(0, stat(self->path, &st));
	ASSERT_OK(actor_exec(&self->client, self->path));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(
		actor_query(server, self->server_end, 0, CAPIPC_QUERY_EXE, &q));
	ASSERT_OK(actor_run(server, act_look_at_fd, q.exe_fd));
	EXPECT_EQ(st.st_ino, server->page->number[1]);

	ASSERT_OK(actor_become(server, 1000));
	EXPECT_ERR(EACCES, actor_query(server, self->server_end, 0,
				       CAPIPC_QUERY_EXE, &q));
	ASSERT_OK(query(self, 0, &q));
	EXPECT_EQ(st.st_dev, q.exe_dev);
	EXPECT_EQ(st.st_ino, q.exe_ino);

	ASSERT_EQ(0, chmod(self->path, 0755));
	ASSERT_OK(
		actor_query(server, self->server_end, 0, CAPIPC_QUERY_EXE, &q));
	EXPECT_OK(actor_run(server, act_look_at_fd, q.exe_fd));
}

/* It is the program that opened the context, whatever became of the process. */
TEST_F(query, program_of_the_past)
{
	struct actor *server = &self->server, *client = &self->client;
	struct capipc_query q;
	struct stat st;
	__u64 id;

	ASSERT_OK(copy_self(self->path, 0755));
	ASSERT_EQ(0, stat(self->path, &st));
	ASSERT_OK(actor_exec(client, self->path));
	ASSERT_OK(actor_open(client));
	ASSERT_OK(pipe_up(self));
	id = one_message(self);
	ASSERT_NE(0, id);

	ASSERT_OK(actor_exec(client, "/proc/self/exe"));
	ASSERT_OK(query(self, id, &q));
	EXPECT_EQ(st.st_ino, q.exe_ino);
	EXPECT_NE(0, q.state & CAPIPC_QUERY_ALIVE);

	actor_stop(client);
	ASSERT_EQ(0, unlink(self->path));
	ASSERT_OK(actor_query(server, self->server_end, id, CAPIPC_QUERY_EXE,
			      &q));
	EXPECT_EQ(CAPIPC_QUERY_HAS_EXE, q.state);
	EXPECT_EQ(st.st_dev, q.exe_dev);
	EXPECT_EQ(st.st_ino, q.exe_ino);
	ASSERT_OK(actor_run(server, act_look_at_fd, q.exe_fd));
	EXPECT_EQ(st.st_ino, server->page->number[1]);
	EXPECT_EQ(1, server->page->number[3]);
}

/* -------------------------------------------------------------- the process */

TEST_F(query, alive_until_reaped)
{
	struct capipc_query q;
	__u64 id;

	ASSERT_OK(pipe_up(self));
	id = one_message(self);
	ASSERT_OK(query(self, id, &q));
	EXPECT_NE(0, q.state & CAPIPC_QUERY_ALIVE);
	ASSERT_OK(actor_kill(&self->client));
	ASSERT_OK(query(self, id, &q));
	EXPECT_NE(0, q.state & CAPIPC_QUERY_ALIVE);
	actor_stop(&self->client);
	ASSERT_OK(query(self, id, &q));
	EXPECT_EQ(0, q.state & CAPIPC_QUERY_ALIVE);
	ASSERT_OK(query(self, 0, &q));
	EXPECT_EQ(0, q.state & CAPIPC_QUERY_ALIVE);
}

static long act_pidfd_open(struct actor_page *page, long pid)
{
	return actor_errno(syscall(SYS_pidfd_open, (pid_t)pid, 0));
}

static long act_pidfd_kill(struct actor_page *page, long pidfd)
{
	return actor_errno(
		syscall(SYS_pidfd_send_signal, (int)pidfd, SIGKILL, NULL, 0));
}

TEST_F(query, pidfd)
{
	struct actor *server = &self->server;
	struct capipc_query q;
	long pidfd;
	__u64 id;

	ASSERT_OK(pipe_up(self));
	id = one_message(self);
	ASSERT_OK(query(self, id, &q));
	pidfd = actor_run(server, act_pidfd_open, q.stamp.pid);
	ASSERT_LE(0, pidfd);
	ASSERT_OK(query(self, id, &q));
	ASSERT_NE(0, q.state & CAPIPC_QUERY_ALIVE);
	ASSERT_OK(actor_run(server, act_pidfd_kill, pidfd));
	EXPECT_EQ(SIGKILL, actor_killed_by(&self->client, true));
}

/* What /proc/PID/stat says in clock ticks. */
static unsigned long long start_ticks(pid_t pid)
{
	unsigned long long ticks = 0;
	char text[1024], *p;

	if (get_text(text, sizeof(text), "/proc/%d/stat", pid) <= 0)
		return 0;
	p = strrchr(text, ')');
	if (!p || sscanf(p + 2,
			 "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u "
			 "%*d %*d %*d %*d %*d %*d %llu",
			 &ticks) != 1)
		return 0;
	return ticks;
}

TEST_F(query, start_time)
{
	unsigned long long ns_a_tick = 1000000000ULL / sysconf(_SC_CLK_TCK);
	struct capipc_query q;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(query(self, 0, &q));
	EXPECT_NE(0, q.start_time_ns);
	EXPECT_EQ(start_ticks(self->client.pid), q.start_time_ns / ns_a_tick);

	/* exec is no new start */
	ASSERT_OK(actor_exec(&self->client, "/proc/self/exe"));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(query(self, 0, &q));
	EXPECT_EQ(start_ticks(self->client.pid), q.start_time_ns / ns_a_tick);
}

TEST_F(query, namespaces)
{
	struct capipc_query q;
	__u64 net = ns_of(self->client.pid, "net");

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(query(self, 0, &q));
	EXPECT_EQ(ns_of(self->client.pid, "user"), q.user_ns);
	EXPECT_EQ(ns_of(self->client.pid, "pid"), q.pid_ns);
	EXPECT_EQ(net, q.net_ns);

	ASSERT_OK(actor_userns_root(&self->client, 100000, CLONE_NEWNET));
	ASSERT_NE(net, ns_of(self->client.pid, "net"));
	ASSERT_OK(query(self, one_message(self), &q));
	EXPECT_EQ(ns_of(self->client.pid, "user"), q.user_ns);
	EXPECT_NE(ns_of(self->server.pid, "user"), q.user_ns);
	/* that of the context, which was opened before */
	EXPECT_EQ(net, q.net_ns);

	actor_stop(&self->client);
	ASSERT_OK(actor_fork_pidns(&self->client, NULL));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(query(self, 0, &q));
	EXPECT_EQ(ns_of(self->client.pid, "pid"), q.pid_ns);
	EXPECT_NE(ns_of(self->server.pid, "pid"), q.pid_ns);
}

/* ------------------------------------------------------------------ handles */

TEST_F(query, by_reply_handle)
{
	struct capipc_receive r;
	struct capipc_query q;
	struct capipc_call c;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_setresuid(&self->client, 1001, 1001, 0));
	ASSERT_OK(actor_call_begin(&self->client, self->client_end, 1));
	ASSERT_OK(actor_receive(&self->server, self->server_end, &r));
	EXPECT_EQ(1001, r.stamp.uid);
	ASSERT_OK(actor_query(&self->server, r.reply_handle, 0, 0, &q));
	EXPECT_EQ(r.stamp.id, q.stamp.id);
	EXPECT_EQ(1001, q.stamp.uid);
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, q.stamp.flags);
	ASSERT_OK(actor_query(&self->server, r.reply_handle, r.stamp.id,
			      CAPIPC_QUERY_EXE, &q));
	EXPECT_EQ(1001, q.real_uid);
	EXPECT_OK(actor_run(&self->server, act_look_at_fd, q.exe_fd));
	EXPECT_ERR(ESTALE, actor_query(&self->server, r.reply_handle,
				       r.stamp.id + 1, 0, &q));
	/* it does not matter what has come since */
	ASSERT_OK(actor_reply(&self->server, r.reply_handle));
	ASSERT_OK(actor_call_end(&self->client, &c));
	EXPECT_ERR(EBADF, actor_query(&self->server, r.reply_handle, 0, 0, &q));
	ASSERT_OK(query(self, r.stamp.id, &q));
}

/* Who made a pipe is its origin at both ends. */
TEST_F(query, made_by_oneself)
{
	struct capipc_query q;
	__u32 h[2];
	int i;

	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(actor_create(&self->client, h));
	for (i = 0; i < 2; i++) {
		ASSERT_OK(actor_query(&self->client, h[i], 0, 0, &q));
		EXPECT_EQ(1000, q.stamp.uid);
		EXPECT_EQ(self->client.pid, q.stamp.pid);
		EXPECT_EQ(CAPIPC_QUERY_ALIVE | CAPIPC_QUERY_HAS_EXE, q.state);
	}
}

TEST_F(query, wrong_handles)
{
	struct capipc_query q;

	ASSERT_OK(pipe_up(self));
	EXPECT_ERR(EPROTOTYPE,
		   actor_query(&self->server, self->listener, 0, 0, &q));
	EXPECT_ERR(EBADF, actor_query(&self->server, 0, 0, 0, &q));
	EXPECT_ERR(EBADF, actor_query(&self->client, self->server_end ^ 0x5a5a,
				      0, 0, &q));
	EXPECT_ERR(EINVAL,
		   actor_query(&self->server, self->server_end, 0, 2, &q));
	ASSERT_OK(actor_close(&self->server, self->server_end));
	EXPECT_ERR(EBADF, query(self, 0, &q));
}

/* A query is possible when the peer has closed. */
TEST_F(query, peer_is_closed)
{
	struct capipc_query q;
	__u64 id;

	ASSERT_OK(pipe_up(self));
	id = one_message(self);
	ASSERT_OK(actor_close(&self->client, self->client_end));
	ASSERT_OK(query(self, id, &q));
	EXPECT_EQ(id, q.stamp.id);
	ASSERT_OK(query(self, 0, &q));
}

TEST_F(query, label)
{
	struct actor *server = &self->server;
	struct capipc_query q = { .size = sizeof(q) };
	char label[256];
	int len;

	ASSERT_OK(pipe_up(self));
	len = get_text(label, sizeof(label), "/proc/%d/attr/current",
		       self->client.pid);
	if (len < 0)
		len = 0;
	label[len] = 0;
	len = strcspn(label, "\n");
	memset(server->page->label, 0xcc, sizeof(server->page->label));
	ASSERT_OK(query(self, 0, &q));
	ASSERT_EQ(len, q.label_len);
	EXPECT_EQ(0, memcmp(label, server->page->label, len));
	EXPECT_EQ(0xcc, (unsigned char)server->page->label[len]);
	if (!len)
		return;

	/* too little room: only its length */
	memset(server->page->label, 0xcc, sizeof(server->page->label));
	memset(&q, 0, sizeof(q));
	q.size = sizeof(q);
	q.handle = self->server_end;
	q.label = ipc_ptr(server->page->label);
	q.label_capacity = len - 1;
	ASSERT_OK(ACTOR_IOCTL(server, QUERY, &q));
	EXPECT_EQ(len, q.label_len);
	EXPECT_EQ(0xcc, (unsigned char)server->page->label[0]);
	q.label = 1;
	q.label_capacity = len;
	EXPECT_ERR(EFAULT, ACTOR_IOCTL(server, QUERY, &q));
}

TEST_HARNESS_MAIN
