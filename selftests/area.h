/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receive areas in a test: a receiver with an area that is mapped, a sender with a context of
 * its own, and threads that wait to receive there.
 */
#ifndef CAPIPC_TEST_AREA_H
#define CAPIPC_TEST_AREA_H

#include "async.h"
#include "capipc_test_ident.h"
#include "capipc_test_memory.h"

#define FAST_PATH "/sys/module/capipc/parameters/fast_path"
#define MIB	  (1024 * 1024)

/* ----------------------------------------------------------- the fast path */

/* On, off, or -errno. */
static __unused_fn int fast_path(void)
{
	int fd = open(FAST_PATH, O_RDONLY | O_CLOEXEC);
	char c = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, &c, 1);
	close(fd);
	return n != 1 ? -EIO : c == 'Y';
}

static __unused_fn int set_fast_path(bool on)
{
	int fd = open(FAST_PATH, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, on ? "Y" : "N", 1);
	close(fd);
	return n == 1 ? 0 : -errno;
}

/* --------------------------------------------------------------- the bytes */

/* Byte @i of message @seed: no two pages, and no two messages, are alike. */
static inline unsigned char pattern(uint32_t seed, size_t i)
{
	return (unsigned char)(seed * 37 + i + (i >> 8) * 11 + (i >> 16) * 5 +
			       1);
}

static __unused_fn void pattern_fill(void *to, size_t len, uint32_t seed)
{
	unsigned char *p = to;
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = pattern(seed, i);
}

static __unused_fn bool pattern_is(const void *at, size_t len, uint32_t seed)
{
	const unsigned char *p = at;
	size_t i;

	for (i = 0; i < len && p[i] == pattern(seed, i); i++)
		;
	return i == len;
}

/* ---------------------------------------------------------------- the area */

/* @from and @end are the two ends of a pipe. */
struct area {
	int fd; /* the receiver's context */
	int sender; /* the sender's */
	uint32_t from;
	uint32_t end;
	uint32_t handle;
	size_t bytes;
	char *p; /* where it is mapped */
	char *before; /* for area_keep() */
};

static __unused_fn int area_create(int fd, size_t bytes, uint32_t *handle)
{
	struct capipc_create_buffer a = { .bytes = bytes,
					  .flags = CAPIPC_BUFFER_AREA };
	int ret = ipc_do_create_buffer(fd, &a);

	*handle = a.handle;
	return ret;
}

static __unused_fn int area_pipe(struct area *a, uint32_t *from, uint32_t *end)
{
	const char *name = fresh_name();
	uint32_t listener;
	int ret = ipc_listen(a->fd, name, &listener);

	if (!ret)
		ret = ipc_connect(a->sender, name, from);
	if (!ret)
		ret = ipc_accept(a->fd, listener, end);
	return ret ? ret : ipc_close(a->fd, listener);
}

static __unused_fn int area_open(struct area *a, size_t bytes)
{
	int ret;

	memset(a, 0, sizeof(*a));
	a->bytes = bytes;
	a->before = calloc(1, bytes);
	a->fd = ipc_open();
	a->sender = ipc_open();
	if (a->fd < 0 || a->sender < 0 || !a->before)
		return -EMFILE;
	ret = area_pipe(a, &a->from, &a->end);
	if (!ret)
		ret = area_create(a->fd, bytes, &a->handle);
	return ret ? ret : ipc_map(a->fd, a->handle, bytes, PROT_READ, &a->p);
}

static __unused_fn void area_close(struct area *a)
{
	munmap(a->p, a->bytes);
	free(a->before);
	close(a->sender);
	close(a->fd);
}

/* Remember what is there, to see later whether it is all the same. */
static __unused_fn void area_keep(struct area *a)
{
	memcpy(a->before, a->p, a->bytes);
}

/* Nothing has changed but [@offset, @offset + @len). */
static __unused_fn bool area_is_kept_but(const struct area *a, size_t offset,
					 size_t len)
{
	size_t end = offset + len;

	return !memcmp(a->p, a->before, offset) &&
	       !memcmp(a->p + end, a->before + end, a->bytes - end);
}

static __unused_fn bool area_is_kept(const struct area *a)
{
	return area_is_kept_but(a, 0, 0);
}

/* ------------------------------------------------------------- to receive */

static inline struct capipc_receive
area_request(const struct area *a, uint64_t offset, uint32_t capacity)
{
	return (struct capipc_receive){
		.deadline_ns = ipc_soon(),
		.data = offset,
		.data_capacity = capacity,
		.area = a->handle,
	};
}

/* A thread that waits: @r is filled in, or where @at points to. */
struct area_receive {
	struct async async;
	struct capipc_receive r;
	struct capipc_receive *at;
};

static void *area_receive_fn(void *arg)
{
	struct area_receive *w = arg;

	async_begin(&w->async);
	w->async.ret =
		ipc_ioctl(w->async.fd, CAPIPC_IOC_RECEIVE, w->at ?: &w->r);
	async_end(&w->async);
	return NULL;
}

static __unused_fn int area_receive_go(struct area_receive *w, int fd)
{
	memset(&w->async, 0, sizeof(w->async));
	w->async.fd = fd;
	w->r.size = sizeof(w->r);
	return -pthread_create(&w->async.thread, NULL, area_receive_fn, w);
}

/* Wait for what comes to [@offset, @offset + @capacity), asleep when this returns. */
static __unused_fn int area_receive(struct area_receive *w,
				    const struct area *a, uint64_t offset,
				    uint32_t capacity)
{
	int ret;

	memset(w, 0, sizeof(*w));
	w->r = area_request(a, offset, capacity);
	ret = area_receive_go(w, a->fd);
	return ret ? ret : async_wait_asleep(&w->async);
}

static __unused_fn int area_receive_join(struct area_receive *w)
{
	return async_join(&w->async);
}

#endif /* CAPIPC_TEST_AREA_H */
