// SPDX-License-Identifier: GPL-2.0
/*
 * Shared buffers: who maps them for what, who pays, and how long they are there.
 * That a mapping without WRITE cannot be written is in readonly_test.c.
 */
#include "capipc_test_ident.h"
#include "capipc_test_memory.h"

#define PARAMETERS "/sys/module/capipc/parameters/"

static size_t page;

/* After exec() of ourselves: whether what was mapped is there, and the file good. */
static void __attribute__((constructor)) exec_helper(void)
{
	const char *env = getenv("CAPIPC_TEST_EXEC");
	unsigned long at;
	uint32_t b;
	char *q;
	int fd;

	if (!env)
		return;
	if (sscanf(env, "%d %u %lx", &fd, &b, &at) != 3)
		_exit(3);
	if (touch((char *)at, false) != SIGSEGV)
		_exit(4);
	_exit(ipc_map(fd, b, sysconf(_SC_PAGESIZE), PROT_READ, &q) == -EPERM ?
		      0 :
		      5);
}

FIXTURE(buffer)
{
	int fd;
	uint32_t b; /* of two pages */
	char *p; /* mapped for writing */
	struct ipc_message m;
};

FIXTURE_SETUP(buffer)
{
	page = sysconf(_SC_PAGESIZE);
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_buffer(self->fd, 2 * page, &self->b));
	ASSERT_OK(ipc_map(self->fd, self->b, 2 * page, PROT_READ | PROT_WRITE,
			  &self->p));
}

FIXTURE_TEARDOWN(buffer)
{
	munmap(self->p, 2 * page);
	close(self->fd);
}

TEST_F(buffer, is_zero_and_shared)
{
	char *q;
	size_t i;

	for (i = 0; i < 2 * page; i++)
		ASSERT_EQ(0, self->p[i]);
	ASSERT_OK(ipc_map(self->fd, self->b, 2 * page, PROT_READ, &q));
	self->p[0] = 'a';
	self->p[2 * page - 1] = 'z';
	EXPECT_EQ('a', q[0]);
	EXPECT_EQ('z', q[2 * page - 1]);
	EXPECT_EQ(0, munmap(q, 2 * page));
}

TEST_F(buffer, size_is_rounded_up)
{
	struct capipc_create_buffer a = { .bytes = 1 };
	struct capipc_inspect i;

	ASSERT_OK(ipc_do_create_buffer(self->fd, &a));
	EXPECT_EQ(page, a.bytes);
	ASSERT_OK(ipc_do_inspect(self->fd, a.handle, &i));
	EXPECT_EQ(page, i.bytes);
	a = (struct capipc_create_buffer){ .bytes = page + 1 };
	ASSERT_OK(ipc_do_create_buffer(self->fd, &a));
	EXPECT_EQ(2 * page, a.bytes);
}

TEST_F(buffer, create_errors)
{
	struct capipc_create_buffer a = { .bytes = 1, .flags = 4 };
	char before[32];
	uint32_t b;

	EXPECT_ERR(EINVAL, ipc_do_create_buffer(self->fd, &a));
	a = (struct capipc_create_buffer){ .bytes = 1, .reserved = 1 };
	EXPECT_ERR(EINVAL, ipc_do_create_buffer(self->fd, &a));
	EXPECT_ERR(EINVAL, ipc_buffer(self->fd, 0, &b));
	EXPECT_ERR(EMSGSIZE, ipc_buffer(self->fd, UINT64_MAX, &b));
	EXPECT_ERR(EMSGSIZE, ipc_buffer(self->fd, (1ULL << 32) + 1, &b));

	ASSERT_LT(0, get_text(before, sizeof(before),
			      PARAMETERS "max_buffer_bytes"));
	ASSERT_OK(put_text(PARAMETERS "max_buffer_bytes", "10000"));
	EXPECT_OK(ipc_buffer(self->fd, 10000, &b));
	EXPECT_ERR(EMSGSIZE, ipc_buffer(self->fd, 10001, &b));
	/* whatever root says, it is bounded */
	EXPECT_OK(put_text(PARAMETERS "max_buffer_bytes",
			   "18446744073709551615"));
	EXPECT_ERR(EMSGSIZE, ipc_buffer(self->fd, (1ULL << 30) + 1, &b));
	EXPECT_OK(put_text(PARAMETERS "max_buffer_bytes", before));
}

TEST_F(buffer, inspect)
{
	struct capipc_inspect a, b;
	uint32_t d;

	ASSERT_OK(ipc_do_inspect(self->fd, self->b, &a));
	EXPECT_EQ(CAPIPC_KIND_BUFFER, a.kind);
	EXPECT_EQ(IPC_RIGHTS_BUFFER, a.rights);
	EXPECT_EQ(2 * page, a.bytes);
	EXPECT_EQ(0, a.state);
	EXPECT_EQ(0, a.queued);
	EXPECT_EQ(0, a.facet);
	EXPECT_EQ(0, a.cookie);
	EXPECT_NE(0, a.object_id);
	ASSERT_OK(ipc_duplicate(self->fd, self->b, IPC_RIGHTS_READ_ONLY, &d));
	ASSERT_OK(ipc_do_inspect(self->fd, d, &b));
	EXPECT_EQ(IPC_RIGHTS_READ_ONLY, b.rights);
	EXPECT_EQ(a.object_id, b.object_id);
	EXPECT_EQ(a.bytes, b.bytes);
}

/* A program that was built before buffers were has a shorter struct. */
TEST_F(buffer, inspect_as_first_published)
{
	struct capipc_inspect a;

	memset(&a, IPC_POISON, sizeof(a));
	a.size = offsetof(struct capipc_inspect, bytes);
	a.flags = 0;
	a.handle = self->b;
	ASSERT_OK(ipc_ioctl(self->fd, CAPIPC_IOC_INSPECT, &a));
	EXPECT_EQ(CAPIPC_KIND_BUFFER, a.kind);
	EXPECT_EQ(IPC_POISON64, a.bytes);
	a.size--;
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_INSPECT, &a));
}

TEST_F(buffer, is_no_pipe)
{
	uint32_t h[2];

	EXPECT_ERR(EPROTOTYPE, ipc_send_str(self->fd, self->b, 1, "x"));
	EXPECT_ERR(EPROTOTYPE, ipc_tryrecv_from(self->fd, self->b, &self->m));
	EXPECT_ERR(EPROTOTYPE, ipc_reply_str(self->fd, self->b, "x"));
	EXPECT_ERR(EPROTOTYPE, ipc_tag(self->fd, self->b, 1));
	ASSERT_OK(ipc_create(self->fd, h));
	EXPECT_ERR(EPROTOTYPE,
		   ipc_map(self->fd, h[0], page, PROT_READ, &self->m.data));
	EXPECT_ERR(EPERM,
		   ipc_duplicate(self->fd, h[0], CAPIPC_RIGHTS_SAME, &h[1]));
}

TEST_F(buffer, duplicate)
{
	uint32_t d, e;

	ASSERT_OK(ipc_duplicate(self->fd, self->b, CAPIPC_RIGHTS_SAME, &d));
	EXPECT_NE(self->b, d);
	ASSERT_OK(ipc_close(self->fd, self->b));
	EXPECT_OK(ipc_duplicate(self->fd, d, IPC_RIGHTS_BUFFER, &e));
	/* a duplicate of no use, but it is one */
	EXPECT_OK(ipc_duplicate(self->fd, d, 0, &e));
	EXPECT_ERR(EPERM, ipc_duplicate(self->fd, e, 0, &e));
}

TEST_F(buffer, duplicate_errors)
{
	struct capipc_duplicate a = { .size = sizeof(a), .handle = self->b };
	uint32_t d, e;

	EXPECT_ERR(EBADF, ipc_duplicate(self->fd, 0, 0, &d));
	EXPECT_ERR(EBADF, ipc_duplicate(self->fd, self->b ^ (1U << 31), 0, &d));
	/* a right that it has not, or that there is not */
	EXPECT_ERR(EPERM,
		   ipc_duplicate(self->fd, self->b,
				 IPC_RIGHTS_BUFFER | CAPIPC_RIGHT_ADMIN, &d));
	EXPECT_ERR(EPERM, ipc_duplicate(self->fd, self->b, 1U << 30, &d));
	ASSERT_OK(ipc_duplicate(self->fd, self->b, IPC_RIGHTS_READ_ONLY, &d));
	EXPECT_ERR(EPERM, ipc_duplicate(self->fd, d, IPC_RIGHTS_BUFFER, &e));
	ASSERT_OK(ipc_duplicate(self->fd, self->b,
				IPC_RIGHTS_BUFFER & ~CAPIPC_RIGHT_DUPLICATE,
				&d));
	EXPECT_ERR(EPERM, ipc_duplicate(self->fd, d, CAPIPC_RIGHT_READ, &e));
	a.flags = 1;
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_DUPLICATE, &a));
	a.flags = 0;
	a.reserved = 1;
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_DUPLICATE, &a));
}

TEST_F(buffer, map_errors)
{
	uint32_t d;
	char *q;

	EXPECT_ERR(EBADF, ipc_map(self->fd, 0, page, PROT_READ, &q));
	EXPECT_ERR(EBADF, ipc_map(self->fd, self->b ^ (1U << 31), page,
				  PROT_READ, &q));
	EXPECT_ERR(EINVAL,
		   ipc_map(self->fd, self->b, 2 * page + 1, PROT_READ, &q));
	EXPECT_ERR(EINVAL, ipc_map_flags(self->fd, self->b, page, PROT_READ,
					 MAP_PRIVATE, NULL, &q));
	EXPECT_ERR(EINVAL, ipc_map_flags(self->fd, self->b, page,
					 PROT_READ | PROT_WRITE, MAP_PRIVATE,
					 NULL, &q));
	EXPECT_ERR(EPERM,
		   ipc_map(self->fd, self->b, page, PROT_READ | PROT_EXEC, &q));
	/* each right counts */
	ASSERT_OK(ipc_duplicate(self->fd, self->b,
				IPC_RIGHTS_BUFFER & ~CAPIPC_RIGHT_MAP, &d));
	EXPECT_ERR(EPERM, ipc_map(self->fd, d, page, PROT_READ, &q));
	ASSERT_OK(ipc_duplicate(self->fd, self->b,
				IPC_RIGHTS_BUFFER & ~CAPIPC_RIGHT_READ, &d));
	EXPECT_ERR(EPERM, ipc_map(self->fd, d, page, PROT_READ, &q));
	EXPECT_ERR(EPERM, ipc_map(self->fd, d, page, PROT_WRITE, &q));
	EXPECT_ERR(EPERM, ipc_map(self->fd, d, page, PROT_NONE, &q));
	ASSERT_OK(ipc_duplicate(self->fd, self->b, IPC_RIGHTS_READ_ONLY, &d));
	EXPECT_ERR(EPERM, ipc_map(self->fd, d, page, PROT_WRITE, &q));
	EXPECT_ERR(EPERM,
		   ipc_map(self->fd, d, page, PROT_READ | PROT_WRITE, &q));
	EXPECT_OK(ipc_map(self->fd, d, page, PROT_READ, &q));
	EXPECT_EQ(0, munmap(q, page));
}

/* An offset beyond what a handle can be does not name one. */
TEST_F(buffer, offset_is_not_cut)
{
	off64_t offset = ((off64_t)self->b + (1LL << 32)) * page;

	if (sizeof(long) == 4)
		return; /* it cannot be said there */
	EXPECT_EQ(MAP_FAILED,
		  mmap64(NULL, page, PROT_READ, MAP_SHARED, self->fd, offset));
	EXPECT_EQ(EBADF, errno);
}

TEST_F(buffer, file_opened_for_reading)
{
	int fd = open(IPC_DEVICE, O_RDONLY | O_CLOEXEC);
	uint32_t b;
	char *q;

	ASSERT_GE(fd, 0);
	ASSERT_OK(ipc_buffer(fd, page, &b));
	EXPECT_ERR(EACCES, ipc_map(fd, b, page, PROT_READ | PROT_WRITE, &q));
	ASSERT_OK(ipc_map(fd, b, page, PROT_READ, &q));
	EXPECT_READABLE(q);
	EXPECT_EQ(-1, mprotect(q, page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(SIGSEGV, touch(q, true));
	munmap(q, page);
	close(fd);
}

/* Less than all of it may be mapped; pages that were unmapped are not there. */
TEST_F(buffer, parts)
{
	char *q;

	ASSERT_OK(ipc_map(self->fd, self->b, page, PROT_READ | PROT_WRITE, &q));
	strcpy(self->p, "first");
	strcpy(self->p + page, "second");
	EXPECT_STREQ("first", q);
	EXPECT_EQ(0, munmap(self->p, page));
	EXPECT_STREQ("second", self->p + page);
	EXPECT_EQ(SIGSEGV, touch(self->p, false));
	EXPECT_EQ(0, munmap(self->p + page, page));
	EXPECT_STREQ("first", q);
	EXPECT_EQ(0, munmap(q, page));
}

/* The kernel reads and writes it for us, as any memory. */
TEST_F(buffer, in_system_calls)
{
	struct ipc_message m;
	uint32_t h[2];
	int pipefd[2];

	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ(5, write(pipefd[1], "hello", 5));
	EXPECT_EQ(5, read(pipefd[0], self->p + page - 2, 5));
	EXPECT_EQ(0, memcmp(self->p + page - 2, "hello", 5));
	ASSERT_OK(ipc_create(self->fd, h));
	EXPECT_OK(ipc_send(self->fd, h[0], 1, self->p + page - 2, 5));
	ASSERT_OK(ipc_recv(self->fd, &m));
	EXPECT_STREQ("hello", m.data);
	close(pipefd[0]);
	close(pipefd[1]);
}

TEST_F(buffer, mapping_outlives_handle_and_file)
{
	char *q;
	int fd = ipc_open();
	uint32_t b;

	ASSERT_OK(ipc_buffer(fd, page, &b));
	ASSERT_OK(ipc_map(fd, b, page, PROT_READ | PROT_WRITE, &q));
	strcpy(q, "still here");
	EXPECT_OK(ipc_close(fd, b));
	EXPECT_ERR(EBADF, ipc_map(fd, b, page, PROT_READ, &self->m.data));
	EXPECT_STREQ("still here", q);
	close(fd);
	EXPECT_STREQ("still here", q);
	EXPECT_WRITABLE(q);
	EXPECT_EQ(0, munmap(q, page));
}

/* The module cannot go while something is mapped, and nothing else keeps it. */
TEST(module_stays)
{
	int fd = ipc_open();
	uint32_t b;
	char *q;

	page = sysconf(_SC_PAGESIZE);
	ASSERT_OK(ipc_buffer(fd, page, &b));
	ASSERT_OK(ipc_map(fd, b, page, PROT_READ | PROT_WRITE, &q));
	close(fd);
	EXPECT_EQ(-1, syscall(SYS_delete_module, "capipc", O_NONBLOCK));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_WRITABLE(q);
	munmap(q, page);
}

/* ------------------------------------------------------------------ moving */

TEST_F(buffer, moves_in_a_message)
{
	struct capipc_attachment att[2];
	struct capipc_inspect i;
	uint32_t h[2], d;
	char *q;

	ASSERT_OK(ipc_create(self->fd, h));
	strcpy(self->p, "moved");
	ASSERT_OK(ipc_duplicate(self->fd, self->b, CAPIPC_RIGHTS_SAME, &d));
	att[0] = ipc_attach_rights(d, CAPIPC_RIGHT_READ | CAPIPC_RIGHT_MAP);
	att[1] = ipc_attach(self->b);
	ASSERT_OK(ipc_send_full(self->fd, h[0], 1, NULL, 0, att, 2));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, d));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->b));
	EXPECT_STREQ("moved", self->p);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_EQ(2, self->m.r.attachments_count);
	EXPECT_EQ(CAPIPC_KIND_BUFFER, self->m.att[0].kind);
	EXPECT_EQ(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_MAP, self->m.att[0].rights);
	EXPECT_EQ(IPC_RIGHTS_BUFFER, self->m.att[1].rights);
	d = self->m.att[0].handle;
	ASSERT_OK(ipc_do_inspect(self->fd, d, &i));
	EXPECT_EQ(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_MAP, i.rights);
	EXPECT_EQ(2 * page, i.bytes);
	EXPECT_ERR(EPERM, ipc_map(self->fd, d, page, PROT_WRITE, &q));
	ASSERT_OK(ipc_map(self->fd, d, page, PROT_READ, &q));
	EXPECT_STREQ("moved", q);
	munmap(q, page);
	/* what came without TRANSFER stays */
	EXPECT_ERR(EPERM, ipc_send_handle(self->fd, h[0], "", d));
	EXPECT_OK(ipc_alive(self->fd, d));
}

TEST_F(buffer, a_send_that_fails_gives_it_back)
{
	struct capipc_attachment att[2];
	uint32_t h[2];
	char *q;

	ASSERT_OK(ipc_create(self->fd, h));
	att[0] = ipc_attach(self->b);
	att[1] = ipc_attach(12345);
	EXPECT_ERR(EBADF, ipc_send_full(self->fd, h[0], 1, NULL, 0, att, 2));
	att[1] = ipc_attach(self->b);
	EXPECT_ERR(EINVAL, ipc_send_full(self->fd, h[0], 1, NULL, 0, att, 2));
	att[0].rights = IPC_RIGHTS_BUFFER | CAPIPC_RIGHT_ADMIN;
	EXPECT_ERR(EPERM, ipc_send_full(self->fd, h[0], 1, NULL, 0, att, 1));
	EXPECT_OK(ipc_map(self->fd, self->b, page, PROT_READ, &q));
	munmap(q, page);
	/* nobody receives it */
	EXPECT_OK(ipc_send_handle(self->fd, h[0], "", self->b));
	EXPECT_OK(ipc_close(self->fd, h[1]));
	EXPECT_WRITABLE(self->p);
}

static void reads_and_answers(struct __test_metadata *_metadata,
			      struct peer *peer)
{
	struct ipc_message m;
	uint32_t b;
	char *q;

	ASSERT_OK(ipc_recv(peer->fd, &m));
	ASSERT_EQ(2, m.r.attachments_count);
	b = m.att[0].handle;
	ASSERT_OK(ipc_map(peer->fd, b, page, PROT_READ, &q));
	EXPECT_STREQ("to you", q);
	EXPECT_ERR(EPERM, ipc_map(peer->fd, b, page, PROT_WRITE, &m.data));
	EXPECT_ERR(EPERM, ipc_duplicate(peer->fd, b, IPC_RIGHTS_BUFFER, &b));
	ASSERT_OK(ipc_map(peer->fd, m.att[1].handle, page,
			  PROT_READ | PROT_WRITE, &q));
	strcpy(q, "and back");
	ASSERT_OK(ipc_send_str(peer->fd, peer->ep, 1, "done"));
	sync_wait(peer->sock);
}

/* Between processes of different users; and one is killed while it maps. */
TEST_F(buffer, between_processes)
{
	struct peer peer = { .fn = reads_and_answers, .uid = 1000 };
	struct capipc_attachment att[2];
	uint32_t d, e;
	char *q;

	peer.fd = self->fd;
	PEER_START(&peer);
	strcpy(self->p, "to you");
	ASSERT_OK(ipc_duplicate(self->fd, self->b, IPC_RIGHTS_READ_ONLY, &d));
	ASSERT_OK(ipc_buffer(self->fd, page, &e));
	ASSERT_OK(ipc_map(self->fd, e, page, PROT_READ, &q));
	att[0] = ipc_attach(d);
	att[1] = ipc_attach(e);
	ASSERT_OK(ipc_send_full(self->fd, peer.ep, 1, NULL, 0, att, 2));
	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	EXPECT_STREQ("and back", q);
	PEER_KILL(&peer);
	EXPECT_STREQ("and back", q);
	EXPECT_STREQ("to you", self->p);
	munmap(q, page);
}

/* --------------------------------------------------------------- fork, exec */

static void has_nothing(struct __test_metadata *_metadata, int sock, void *arg)
{
	FIXTURE_DATA(buffer) *self = arg;
	char *q;

	EXPECT_EQ(SIGSEGV, touch(self->p, false));
	EXPECT_ERR(EPERM, ipc_map(self->fd, self->b, page, PROT_READ, &q));
	EXPECT_ERR(EPERM, ipc_buffer(self->fd, page, &self->b));
	EXPECT_ERR(EPERM, ipc_duplicate(self->fd, self->b, 0, &self->b));
}

TEST_F(buffer, a_child_has_nothing)
{
	struct child child;

	EXPECT_WRITABLE(self->p);
	/* nor can it be asked for */
	EXPECT_EQ(-1, madvise(self->p, 2 * page, MADV_DOFORK));
	EXPECT_EQ(EINVAL, errno);
	CHILD_START(&child, has_nothing, self);
	CHILD_WAIT(&child);
	EXPECT_WRITABLE(self->p);
}

static void maps_and_execs(struct __test_metadata *_metadata, int sock,
			   void *arg)
{
	void *const at = (void *)0x20000000;
	int fd = ipc_open_flags(0);
	char env[64];
	char *argv[] = { "exec_helper", NULL };
	char *envp[] = { env, NULL };
	uint32_t b;
	char *q;

	ASSERT_GE(fd, 0);
	ASSERT_OK(ipc_buffer(fd, page, &b));
	ASSERT_OK(ipc_map_flags(fd, b, page, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_FIXED, at, &q));
	EXPECT_WRITABLE(q);
	snprintf(env, sizeof(env), "CAPIPC_TEST_EXEC=%d %u %lx", fd, b,
		 (unsigned long)q);
	execve("/proc/self/exe", argv, envp);
	_exit(2);
}

/* The program that comes next has the file, but neither handle nor mapping. */
TEST_F(buffer, exec)
{
	struct child child;

	CHILD_START(&child, maps_and_execs, self);
	CHILD_WAIT(&child);
}

/* ------------------------------------------------------------------- who pays */

static int set_limit(size_t bytes)
{
	char limit[32];

	snprintf(limit, sizeof(limit), "%zu", bytes);
	return put_text(PARAMETERS "max_bytes_per_context", limit);
}

TEST_F(buffer, maker_pays_until_all_is_gone)
{
	uint32_t b[64], h[2], d;
	size_t bytes = 20 * page;
	char before[32];
	struct ipc_message m;
	int n, fd = ipc_open();
	char *q;

	ASSERT_OK(ipc_create(fd, h));
	ASSERT_LT(0, get_text(before, sizeof(before),
			      PARAMETERS "max_bytes_per_context"));
	ASSERT_OK(set_limit(bytes));
	for (n = 0; n < 64 && !ipc_buffer(fd, page, &b[n]); n++)
		;
	EXPECT_LT(10, n);
	EXPECT_GT(20, n);
	/* one more fits just so, and then there is room for a message besides */
	while (bytes < 22 * page && ipc_buffer(fd, page, &d))
		ASSERT_OK(set_limit(bytes += 512));
	ASSERT_OK(set_limit(bytes + 512));
	EXPECT_ERR(EDQUOT, ipc_buffer(fd, page, &d));
	EXPECT_ERR(EDQUOT, ipc_buffer(fd, 20 * page, &d));
	/* another handle to the same costs nothing of that */
	EXPECT_OK(ipc_duplicate(fd, b[0], CAPIPC_RIGHTS_SAME, &d));
	EXPECT_OK(ipc_close(fd, b[0]));
	EXPECT_ERR(EDQUOT, ipc_buffer(fd, page, &b[0]));
	/* nor is it given back while only mapped */
	EXPECT_OK(ipc_map(fd, d, page, PROT_READ, &q));
	EXPECT_OK(ipc_close(fd, d));
	EXPECT_ERR(EDQUOT, ipc_buffer(fd, page, &b[0]));
	EXPECT_EQ(0, munmap(q, page));
	EXPECT_OK(ipc_buffer(fd, page, &b[0]));
	/* nor in flight */
	EXPECT_OK(ipc_send_handle(fd, h[0], "", b[0]));
	EXPECT_ERR(EDQUOT, ipc_buffer(fd, page, &b[0]));
	EXPECT_OK(ipc_recv(fd, &m));
	EXPECT_ERR(EDQUOT, ipc_buffer(fd, page, &b[0]));
	EXPECT_OK(ipc_close(fd, m.att[0].handle));
	EXPECT_OK(ipc_buffer(fd, page, &b[0]));
	EXPECT_OK(put_text(PARAMETERS "max_bytes_per_context", before));
	close(fd);
}

TEST_F(buffer, handles_are_counted)
{
	char before[32];
	uint32_t b, d;
	int n, fd = ipc_open();

	ASSERT_OK(ipc_buffer(fd, page, &b));
	ASSERT_LT(0, get_text(before, sizeof(before),
			      PARAMETERS "max_handles_per_context"));
	ASSERT_OK(put_text(PARAMETERS "max_handles_per_context", "40"));
	for (n = 1; n < 100 && !ipc_duplicate(fd, b, 0, &d); n++)
		;
	EXPECT_EQ(40, n);
	EXPECT_ERR(EDQUOT, ipc_duplicate(fd, b, 0, &d));
	EXPECT_ERR(EDQUOT, ipc_buffer(fd, page, &d));
	EXPECT_OK(put_text(PARAMETERS "max_handles_per_context", before));
	close(fd);
}

TEST_HARNESS_MAIN
