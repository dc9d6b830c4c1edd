/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared buffers and data pipes in a test: to make them, to map them, and to touch what may not
 * be touched without dying of it.
 */
#ifndef CAPIPC_TEST_MEMORY_H
#define CAPIPC_TEST_MEMORY_H

#include <setjmp.h>

#include "capipc_test.h"

#define IPC_RIGHTS_BUFFER                                                 \
	(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER | \
	 CAPIPC_RIGHT_DUPLICATE | CAPIPC_RIGHT_MAP)
#define IPC_RIGHTS_READ_ONLY (IPC_RIGHTS_BUFFER & ~CAPIPC_RIGHT_WRITE)

static __unused_fn int ipc_do_create_buffer(int fd,
					    struct capipc_create_buffer *a)
{
	a->size = sizeof(*a);
	ipc_poison(a->handle);
	return ipc_ioctl(fd, CAPIPC_IOC_CREATE_BUFFER, a);
}

static __unused_fn int ipc_buffer(int fd, uint64_t bytes, uint32_t *handle)
{
	struct capipc_create_buffer a = { .bytes = bytes };
	int ret = ipc_do_create_buffer(fd, &a);

	*handle = a.handle;
	return ret;
}

static __unused_fn int ipc_duplicate(int fd, uint32_t handle, uint32_t rights,
				     uint32_t *duplicate)
{
	struct capipc_duplicate a = { .size = sizeof(a),
				      .handle = handle,
				      .rights = rights,
				      .duplicate = IPC_POISON32 };
	int ret = ipc_ioctl(fd, CAPIPC_IOC_DUPLICATE, &a);

	*duplicate = a.duplicate;
	return ret;
}

static __unused_fn int ipc_map_flags(int fd, uint32_t handle, size_t len,
				     int prot, int flags, void *at, void *p)
{
	off64_t offset = (off64_t)handle * sysconf(_SC_PAGESIZE);
	void *mapped = mmap64(at, len, prot, flags, fd, offset);

	*(void **)p = mapped;
	return mapped == MAP_FAILED ? -errno : 0;
}

/* Map @len bytes of @handle, and tell where in @p, a pointer to a pointer. */
static __unused_fn int ipc_map(int fd, uint32_t handle, size_t len, int prot,
			       void *p)
{
	return ipc_map_flags(fd, handle, len, prot, MAP_SHARED, NULL, p);
}

#define IPC_RIGHTS_PRODUCER \
	(CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER | CAPIPC_RIGHT_MAP)
#define IPC_RIGHTS_CONSUMER \
	(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_TRANSFER | CAPIPC_RIGHT_MAP)

static __unused_fn int
ipc_do_create_data_pipe(int fd, struct capipc_create_data_pipe *a)
{
	a->size = sizeof(*a);
	ipc_poison(a->handle);
	return ipc_ioctl(fd, CAPIPC_IOC_CREATE_DATA_PIPE, a);
}

/* The producer, then the consumer. */
static __unused_fn int ipc_data_pipe(int fd, uint32_t elements,
				     uint32_t element_bytes, uint32_t end[2])
{
	struct capipc_create_data_pipe a = {
		.elements = elements,
		.element_bytes = element_bytes,
	};
	int ret = ipc_do_create_data_pipe(fd, &a);

	memcpy(end, a.handle, sizeof(a.handle));
	return ret;
}

static __unused_fn int ipc_signal(int fd, uint32_t handle)
{
	struct capipc_signal a = { .size = sizeof(a), .handle = handle };

	return ipc_ioctl(fd, CAPIPC_IOC_SIGNAL, &a);
}

/* ---------------------------------------------------------------- touching */

static sigjmp_buf touch_env;

static void touch_failed(int number)
{
	siglongjmp(touch_env, number);
}

/* Read or write a byte: 0, or the signal that this raised. */
static __unused_fn int touch(volatile void *p, bool write)
{
	struct sigaction action = { .sa_handler = touch_failed }, segv, bus;
	int number;

	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	number = sigsetjmp(touch_env, 1);
	if (!number) {
		if (write)
			*(volatile char *)p = 'w';
		else
			(void)*(volatile char *)p;
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return number;
}

#define EXPECT_WRITABLE(_p) EXPECT_EQ(0, touch(_p, true))
#define EXPECT_READABLE(_p) EXPECT_EQ(0, touch(_p, false))

#endif /* CAPIPC_TEST_MEMORY_H */
