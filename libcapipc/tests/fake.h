/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel for unit tests: the linker leads every ioctl(2) of the library here.
 * It notes which handles are closed, and leaves the other requests to
 * fake_request(), which a test may set.
 */
#ifndef FAKE_H
#define FAKE_H

#include <capipc.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_CLOSED_MAX 1024

static uint32_t fake_closed[FAKE_CLOSED_MAX];
static size_t fake_closed_count;

/* Returns 0 or -errno. */
static int (*fake_request)(unsigned long request, void *argument);

int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct capipc_info *info;
	const struct capipc_close *closing;
	va_list arguments;
	void *argument;
	int ret;

	(void)fd;
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);

	switch (request) {
	case CAPIPC_IOC_INFO:
		info = argument;
		info->abi_version = CAPIPC_ABI_VERSION;
		ret = 0;
		break;
	case CAPIPC_IOC_CLOSE:
		closing = argument;
		if (fake_closed_count < FAKE_CLOSED_MAX)
			fake_closed[fake_closed_count++] = closing->handle;
		ret = 0;
		break;
	default:
		ret = fake_request ? fake_request(request, argument) : -ENOTTY;
		break;
	}
	if (ret < 0) {
		errno = -ret;
		return -1;
	}
	return ret;
}

static inline bool fake_was_closed(uint32_t handle)
{
	size_t i;

	for (i = 0; i < fake_closed_count; i++) {
		if (fake_closed[i] == handle)
			return true;
	}
	return false;
}

static inline struct capipc_context *fake_context(void)
{
	struct capipc_context *context;

	if (capipc_context_open(&context, "/dev/null", 0) < 0)
		abort();
	return context;
}

static inline bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

#endif /* FAKE_H */
