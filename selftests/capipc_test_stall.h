/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that stops who touches it, until somebody else lets him go on: faults in
 * it are handled by userfaultfd.
 */
#ifndef CAPIPC_TEST_STALL_H
#define CAPIPC_TEST_STALL_H

#include <linux/userfaultfd.h>

#include "capipc_test.h"

#define STALL_PAGE 4096

/* A page that nobody can read or write until it is filled. */
struct stall {
	int uffd;
	char *page;
};

/* @page is such a page from now on: it has not been touched yet. */
static __unused_fn int stall_make_at(struct stall *s, char *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	s->page = page;
	s->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (s->uffd < 0)
		return -errno;
	if (ioctl(s->uffd, UFFDIO_API, &api))
		return -errno;
	reg.range.start = ipc_ptr(s->page);
	reg.range.len = STALL_PAGE;
	return ioctl(s->uffd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

static __unused_fn int stall_make(struct stall *s)
{
	char *page = mmap(NULL, STALL_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? -errno : stall_make_at(s, page);
}

/* The same, but what is there now can be read; only who writes is stopped. */
static __unused_fn int stall_writers(struct stall *s, const void *content,
				     size_t len)
{
	struct uffdio_api api = { .api = UFFD_API,
				  .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect wp = { .mode = UFFDIO_WRITEPROTECT_MODE_WP };

	s->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (s->uffd < 0 || ioctl(s->uffd, UFFDIO_API, &api))
		return -errno;
	s->page = mmap(NULL, STALL_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->page == MAP_FAILED)
		return -errno;
	memcpy(s->page, content, len);
	reg.range.start = ipc_ptr(s->page);
	reg.range.len = STALL_PAGE;
	wp.range = reg.range;
	return ioctl(s->uffd, UFFDIO_REGISTER, &reg) ||
			       ioctl(s->uffd, UFFDIO_WRITEPROTECT, &wp) ?
		       -errno :
		       0;
}

static __unused_fn int stall_let_write(struct stall *s)
{
	struct uffdio_writeprotect wp = { .range.start = ipc_ptr(s->page),
					  .range.len = STALL_PAGE };

	return ioctl(s->uffd, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

/* Until somebody has run into it: where, rounded to the page. */
static __unused_fn int stall_wait_at(int uffd, __u64 *where)
{
	struct pollfd p = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg;

	if (poll(&p, 1, IPC_SOON_MS) != 1)
		return -ETIMEDOUT;
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
		return -errno;
	*where = msg.arg.pagefault.address & ~(__u64)(STALL_PAGE - 1);
	return 0;
}

static __unused_fn int stall_serve(int uffd, __u64 where, const void *content)
{
	struct uffdio_copy copy = { .dst = where,
				    .src = ipc_ptr(content),
				    .len = STALL_PAGE };

	return ioctl(uffd, UFFDIO_COPY, &copy) ? -errno : 0;
}

#endif /* CAPIPC_TEST_STALL_H */
