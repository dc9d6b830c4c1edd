/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests that are stopped in the middle of copying: a receive while it stores the bytes,
 * a send before it has them.
 */
#ifndef STALLED_H
#define STALLED_H

#include "async.h"
#include "capipc_test_stall.h"

/* Until a thread has run into it. */
static __unused_fn int stall_wait(struct stall *s)
{
	__u64 where;

	return stall_wait_at(s->uffd, &where);
}

/* Let it go on: the page has this text, or cannot be touched at all. */
static __unused_fn int stall_fill(struct stall *s, const char *text)
{
	char page[STALL_PAGE] = { 0 };

	strcpy(page, text);
	return stall_serve(s->uffd, ipc_ptr(s->page), page);
}

static __unused_fn int stall_fault(struct stall *s)
{
	struct uffdio_range range = { .start = ipc_ptr(s->page),
				      .len = STALL_PAGE };

	if (mprotect(s->page, STALL_PAGE, PROT_NONE))
		return -errno;
	if (ioctl(s->uffd, UFFDIO_UNREGISTER, &range))
		return -errno;
	return ioctl(s->uffd, UFFDIO_WAKE, &range) ? -errno : 0;
}

struct stalled_receive {
	struct async async;
	struct capipc_receive r;
	struct capipc_attachment att[4];
};

static void *stalled_receive_fn(void *arg)
{
	struct stalled_receive *r = arg;

	async_begin(&r->async);
	r->async.ret = ipc_do_receive(r->async.fd, &r->r);
	async_end(&r->async);
	return NULL;
}

/* A receive from @handle that stops while it stores the bytes. */
static __unused_fn int stalled_receive(struct stalled_receive *r, int fd,
				       uint32_t handle, struct stall *s)
{
	int ret;

	memset(r, 0, sizeof(*r));
	r->async.fd = fd;
	r->r.deadline_ns = ipc_soon();
	r->r.handle = handle;
	r->r.data = ipc_ptr(s->page);
	r->r.data_capacity = STALL_PAGE;
	r->r.attachments = ipc_ptr(r->att);
	r->r.attachments_capacity = ARRAY_SIZE(r->att);
	ret = -pthread_create(&r->async.thread, NULL, stalled_receive_fn, r);
	return ret ? ret : stall_wait(s);
}

/* A send of five bytes, and of @att unless that is NULL, that stops before them. */
static __unused_fn int stalled_send(struct async_send *s, int fd,
				    uint32_t handle,
				    struct capipc_attachment *att,
				    struct stall *stall)
{
	int ret;

	memset(s, 0, sizeof(*s));
	s->a.deadline_ns = ipc_soon();
	s->a.handle = handle;
	s->a.ordinal = 1;
	s->a.data = ipc_ptr(stall->page);
	s->a.data_len = 5;
	s->a.attachments = ipc_ptr(att);
	s->a.attachments_count = att ? 1 : 0;
	ret = async_send(s, fd);
	return ret ? ret : stall_wait(stall);
}

#endif /* STALLED_H */
