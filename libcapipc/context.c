// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Contexts, and the one place that makes requests of the kernel.
 */
#include "internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS 1000000ULL
#define NS_PER_S  1000000000ULL

struct capipc_context *capipc_context_get(struct capipc_context *context)
{
	atomic_fetch_add_explicit(&context->refs, 1, memory_order_relaxed);
	return context;
}

void capipc_context_put(struct capipc_context *context)
{
	if (atomic_fetch_sub_explicit(&context->refs, 1,
				      memory_order_acq_rel) == 1)
		free(context);
}

int capipc_context_ioctl(struct capipc_context *context, unsigned long request,
			 void *argument)
{
	KEEP_ERRNO();

	return ioctl(context->fd, request, argument) < 0 ? -errno : 0;
}

int capipc_context_open(struct capipc_context **out, const char *path,
			unsigned int flags)
{
	KEEP_ERRNO();
	struct capipc_context *context;
	struct capipc_info info;
	int ret;

	if (flags & ~CAPIPC_OPEN_NONBLOCK)
		return -EINVAL;

	context = malloc(sizeof(*context));
	if (!context)
		return -ENOMEM;
	atomic_init(&context->refs, 1);

	context->fd =
		open(path ? path : CAPIPC_DEVICE,
		     O_RDWR | O_CLOEXEC | O_NOCTTY |
			     (flags & CAPIPC_OPEN_NONBLOCK ? O_NONBLOCK : 0));
	if (context->fd < 0) {
		ret = -errno;
		goto err_free;
	}

	ret = capipc_context_info(context, &info);
	if (ret < 0)
		goto err_close;
	if (info.abi_version < CAPIPC_ABI_VERSION) {
		ret = -EPROTONOSUPPORT;
		goto err_close;
	}

	*out = context;
	return 0;

err_close:
	close(context->fd);
err_free:
	free(context);
	return ret;
}

void capipc_context_free(struct capipc_context *context)
{
	KEEP_ERRNO();

	if (!context)
		return;
	close(context->fd);
	context->fd = -1;
	capipc_context_put(context);
}

int capipc_context_fd(const struct capipc_context *context)
{
	return context->fd;
}

int capipc_context_info(struct capipc_context *context,
			struct capipc_info *info)
{
	*info = (struct capipc_info){ .size = sizeof(*info) };
	return capipc_context_ioctl(context, CAPIPC_IOC_INFO, info);
}

int64_t capipc_deadline_in_ms(uint64_t ms)
{
	KEEP_ERRNO();
	struct timespec now;
	uint64_t now_ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
	if (ms >= (CAPIPC_FOREVER - now_ns) / NS_PER_MS)
		return CAPIPC_FOREVER;
	return (int64_t)(now_ns + ms * NS_PER_MS);
}
