// SPDX-License-Identifier: GPL-2.0
/*
 * A mapping made with a handle that has no WRITE is never written, whatever its
 * owner or root tries. Every test tries one thing, and looks with a mapping that may
 * be written whether anything has changed.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "capipc_test_memory.h"
#include "capipc_test_process.h"

#define TEXT "do not write"

static size_t page;

FIXTURE(readonly)
{
	int fd;
	uint32_t b, d; /* for writing, and not */
	char *p, *q; /* mapped: for writing, and not */
};

FIXTURE_SETUP(readonly)
{
	page = sysconf(_SC_PAGESIZE);
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_buffer(self->fd, 2 * page, &self->b));
	ASSERT_OK(ipc_duplicate(self->fd, self->b, IPC_RIGHTS_READ_ONLY,
				&self->d));
	ASSERT_OK(ipc_map(self->fd, self->b, 2 * page, PROT_READ | PROT_WRITE,
			  &self->p));
	ASSERT_OK(ipc_map(self->fd, self->d, 2 * page, PROT_READ, &self->q));
	strcpy(self->p, TEXT);
	ASSERT_STREQ(TEXT, self->q);
}

FIXTURE_TEARDOWN(readonly)
{
	size_t i;

	EXPECT_STREQ(TEXT, self->p);
	for (i = sizeof(TEXT); i < 2 * page; i++)
		ASSERT_EQ(0, self->p[i]);
	munmap(self->p, 2 * page);
	munmap(self->q, 2 * page);
	close(self->fd);
}

/* The last system call failed like this. */
#define EXPECT_ERRNO(_err, _call)              \
	do {                                   \
		errno = 0;                     \
		EXPECT_EQ(-1, (long)(_call));  \
		EXPECT_EQ(_err, errno)         \
		TH_LOG("%s", strerror(errno)); \
	} while (0)

TEST_F(readonly, store)
{
	EXPECT_READABLE(self->q);
	EXPECT_EQ(SIGSEGV, touch(self->q, true));
	/* also a page that has not been touched before */
	EXPECT_EQ(SIGSEGV, touch(self->q + page, true));
}

TEST_F(readonly, mprotect)
{
	EXPECT_ERRNO(EACCES, mprotect(self->q, page, PROT_READ | PROT_WRITE));
	EXPECT_ERRNO(EACCES, mprotect(self->q, page, PROT_WRITE));
	EXPECT_ERRNO(EACCES, mprotect(self->q, page, PROT_READ | PROT_EXEC));
	/* less, and back, and then no more either */
	EXPECT_EQ(0, mprotect(self->q, page, PROT_NONE));
	EXPECT_EQ(SIGSEGV, touch(self->q, false));
	EXPECT_ERRNO(EACCES, mprotect(self->q, page, PROT_WRITE));
	EXPECT_EQ(0, mprotect(self->q, page, PROT_READ));
	EXPECT_READABLE(self->q);
	EXPECT_EQ(SIGSEGV, touch(self->q, true));
}

/* A mapping that may be written is never executed. */
TEST_F(readonly, exec)
{
	EXPECT_ERRNO(EACCES, mprotect(self->p, page, PROT_READ | PROT_EXEC));
	EXPECT_ERRNO(EACCES, mprotect(self->p, page,
				      PROT_READ | PROT_WRITE | PROT_EXEC));
}

/* With WRITE it goes down and up again. */
TEST_F(readonly, mprotect_with_write)
{
	char *q;

	ASSERT_OK(ipc_map(self->fd, self->b, page, PROT_READ, &q));
	EXPECT_EQ(SIGSEGV, touch(q, true));
	EXPECT_EQ(0, mprotect(q, page, PROT_READ | PROT_WRITE));
	EXPECT_WRITABLE(q);
	strcpy(q, TEXT);
	EXPECT_EQ(0, mprotect(q, page, PROT_READ));
	EXPECT_EQ(SIGSEGV, touch(q, true));
	munmap(q, page);
}

TEST_F(readonly, mremap)
{
	char *q = self->q, *to;

	EXPECT_ERRNO(EFAULT, mremap(q, 2 * page, 3 * page, MREMAP_MAYMOVE));
	EXPECT_ERRNO(EFAULT, mremap(q, 2 * page, 3 * page, 0));
	EXPECT_ERRNO(EFAULT,
		     mremap(self->p, 2 * page, 3 * page, MREMAP_MAYMOVE));
	/* a second mapping of the same */
	EXPECT_ERRNO(EFAULT, mremap(q, 0, page, MREMAP_MAYMOVE));
	EXPECT_ERRNO(EFAULT, mremap(q, 0, 4 * page, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(q, 2 * page, 2 * page,
				     MREMAP_MAYMOVE | MREMAP_DONTUNMAP));

	/* moved: as it was */
	to = mmap(NULL, 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		  0);
	ASSERT_NE(MAP_FAILED, to);
	ASSERT_EQ(to, mremap(q, 2 * page, 2 * page,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	self->q = to;
	EXPECT_STREQ(TEXT, to);
	EXPECT_EQ(SIGSEGV, touch(to, true));
	EXPECT_EQ(SIGSEGV, touch(to + page, true));
	EXPECT_ERRNO(EACCES, mprotect(to, page, PROT_WRITE));
	/* smaller */
	ASSERT_EQ(to, mremap(to, 2 * page, page, 0));
	EXPECT_EQ(SIGSEGV, touch(to + page, false));
	EXPECT_ERRNO(EFAULT, mremap(to, page, 2 * page, 0));
	EXPECT_ERRNO(EACCES, mprotect(to, page, PROT_WRITE));
}

/* The offset is a handle: it is an mmap() of that. */
TEST_F(readonly, remap_file_pages)
{
	char *q = self->q + page;

	/* one that may be written: as much as the mapping was */
	ASSERT_EQ(0,
		  syscall(SYS_remap_file_pages, q, page, 0, (long)self->b, 0));
	EXPECT_STREQ(TEXT, q);
	EXPECT_EQ(SIGSEGV, touch(q, true));
	ASSERT_EQ(0,
		  syscall(SYS_remap_file_pages, q, page, 0, (long)self->d, 0));
	EXPECT_STREQ(TEXT, q);
	EXPECT_EQ(SIGSEGV, touch(q, true));
	EXPECT_ERRNO(EACCES, mprotect(q, page, PROT_WRITE));
	/* where the old mapping was made way for the new, there is none now */
	EXPECT_ERRNO(EBADF, syscall(SYS_remap_file_pages, q, page, 0, 0L, 0));
	EXPECT_EQ(SIGSEGV, touch(q, false));
	EXPECT_STREQ(TEXT, self->q);
	/* a mapping for writing does not make one of what may not be written */
	EXPECT_ERRNO(EPERM, syscall(SYS_remap_file_pages, self->p + page, page,
				    0, (long)self->d, 0));
	ASSERT_OK(ipc_map_flags(self->fd, self->b, 2 * page,
				PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
				self->p, &self->p));
}

/* As root, through the file that goes through everything else. */
TEST_F(readonly, proc_mem)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_ERRNO(EIO, pwrite64(fd, "x", 1, (uintptr_t)self->q));
	EXPECT_ERRNO(EIO, pwrite64(fd, "x", 1, (uintptr_t)self->q + page));
	/* nobody gets hold of a page at all */
	EXPECT_ERRNO(EIO, pwrite64(fd, "x", 1, (uintptr_t)self->p));
	close(fd);
}

TEST_F(readonly, process_vm_writev)
{
	struct iovec from = { "x", 1 }, to = { self->q, 1 };

	EXPECT_ERRNO(EFAULT, process_vm_writev(getpid(), &from, 1, &to, 1, 0));
	to.iov_base = self->q + page;
	EXPECT_ERRNO(EFAULT, process_vm_writev(getpid(), &from, 1, &to, 1, 0));
}

static void is_traced(struct __test_metadata *_metadata, int sock, void *arg)
{
	int fd = ipc_open();
	uint32_t b, d;
	char *p, *q;

	ASSERT_OK(ipc_buffer(fd, page, &b));
	ASSERT_OK(ipc_duplicate(fd, b, IPC_RIGHTS_READ_ONLY, &d));
	ASSERT_OK(ipc_map(fd, b, page, PROT_READ | PROT_WRITE, &p));
	ASSERT_OK(ipc_map(fd, d, page, PROT_READ, &q));
	EXPECT_READABLE(q);
	ASSERT_OK(sync_send(sock, (uintptr_t)q, -1));
	ASSERT_OK(sync_wait(sock));
	EXPECT_EQ(0, p[0]);
}

TEST_F(readonly, ptrace)
{
	struct child child;
	uint64_t at;
	int status;

	CHILD_START(&child, is_traced, NULL);
	ASSERT_OK(sync_recv(child.sock, &at, NULL));
	ASSERT_EQ(0, ptrace(PTRACE_ATTACH, child.pid, 0, 0));
	ASSERT_EQ(child.pid, waitpid(child.pid, &status, 0));
	EXPECT_EQ(-1, ptrace(PTRACE_POKEDATA, child.pid, (void *)(uintptr_t)at,
			     (void *)0x41414141L));
	EXPECT_EQ(EIO, errno);
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, child.pid, 0, 0));
	ASSERT_OK(sync_post(child.sock));
	CHILD_WAIT(&child);
}

/* The kernel writes for us only what we could write. */
TEST_F(readonly, system_calls)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct timespec *ts = (struct timespec *)self->q;
	int pipefd[2];

	ASSERT_GE(fd, 0);
	EXPECT_ERRNO(EFAULT, read(fd, self->q, 1));
	EXPECT_ERRNO(EFAULT, read(fd, self->q + page, 1));
	EXPECT_ERRNO(EFAULT, syscall(SYS_clock_getres, CLOCK_MONOTONIC, ts));
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ(1, write(pipefd[1], "x", 1));
	EXPECT_ERRNO(EFAULT, read(pipefd[0], self->q, 1));
	close(pipefd[0]);
	close(pipefd[1]);
	close(fd);
}

/* No other subsystem gets a reference to a page, from either mapping. */
TEST_F(readonly, nobody_pins_a_page)
{
	char *maps[] = { self->p, self->q };
	struct iovec iov;
	int pipefd[2];
	int i;

	ASSERT_EQ(0, pipe(pipefd));
	for (i = 0; i < 2; i++) {
		iov = (struct iovec){ maps[i], page };
		EXPECT_READABLE(maps[i]);
		EXPECT_ERRNO(EFAULT,
			     vmsplice(pipefd[1], &iov, 1, SPLICE_F_NONBLOCK));
		EXPECT_ERRNO(EFAULT, syscall(SYS_futex, maps[i], FUTEX_WAKE, 1,
					     NULL, NULL, 0));
	}
	close(pipefd[0]);
	close(pipefd[1]);
}

TEST_F(readonly, userfaultfd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)self->q, .len = 2 * page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, ioctl(fd, UFFDIO_API, &api));
	EXPECT_ERRNO(EINVAL, ioctl(fd, UFFDIO_REGISTER, &reg));
	close(fd);
}

/* Every advice there is, and some that there is not. */
TEST_F(readonly, madvise)
{
	int advice;

	for (advice = 0; advice < 128; advice++) {
		madvise(self->q, 2 * page, advice);
		EXPECT_STREQ(TEXT, self->q) TH_LOG("advice %d", advice);
		EXPECT_EQ(SIGSEGV, touch(self->q, true))
		TH_LOG("advice %d", advice);
		madvise(self->p, 2 * page, advice);
		EXPECT_STREQ(TEXT, self->p) TH_LOG("advice %d", advice);
	}
	EXPECT_ERRNO(EACCES, mprotect(self->q, page, PROT_WRITE));
	EXPECT_NE(0, madvise(self->p, page, MADV_REMOVE));
	EXPECT_NE(0, madvise(self->p, page, MADV_DOFORK));
	EXPECT_NE(0, madvise(self->p, page, MADV_DODUMP));
}

/* The file of the context has no size that could be changed. */
TEST_F(readonly, truncate)
{
	EXPECT_ERRNO(EINVAL, ftruncate(self->fd, 0));
	EXPECT_NE(0, fallocate(self->fd,
			       FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0,
			       page));
	EXPECT_ERRNO(EINVAL, write(self->fd, "x", 1));
}

/* Split, moved about, and put back together: each part is as it was. */
TEST_F(readonly, split)
{
	EXPECT_EQ(0, mprotect(self->q, page, PROT_NONE));
	EXPECT_ERRNO(EACCES, mprotect(self->q, 2 * page, PROT_WRITE));
	EXPECT_EQ(0, mprotect(self->q, page, PROT_READ));
	EXPECT_ERRNO(EACCES, mprotect(self->q, 2 * page, PROT_WRITE));
	EXPECT_EQ(0, mlock(self->q, page));
	EXPECT_EQ(0, munlock(self->q, page));
	EXPECT_EQ(SIGSEGV, touch(self->q, true));
	EXPECT_EQ(SIGSEGV, touch(self->q + page, true));
	EXPECT_STREQ(TEXT, self->q);
}

TEST_HARNESS_MAIN
