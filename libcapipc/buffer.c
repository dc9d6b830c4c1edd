// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Shared buffers.
 */
#include "internal.h"

#include <sys/mman.h>
#include <unistd.h>

int capipc_buffer_create(struct capipc_context *context, uint64_t bytes,
			 uint32_t *buffer)
{
	struct capipc_create_buffer create = {
		.size = sizeof(create),
		.bytes = bytes,
	};
	int ret;

	ret = capipc_context_ioctl(context, CAPIPC_IOC_CREATE_BUFFER, &create);
	if (!ret)
		*buffer = create.handle;
	return ret;
}

int capipc_buffer_duplicate(struct capipc_context *context, uint32_t buffer,
			    uint32_t rights, uint32_t *duplicate)
{
	struct capipc_duplicate request = {
		.size = sizeof(request),
		.handle = buffer,
		.rights = rights,
	};
	int ret;

	ret = capipc_context_ioctl(context, CAPIPC_IOC_DUPLICATE, &request);
	if (!ret)
		*duplicate = request.duplicate;
	return ret;
}

int capipc_context_map(struct capipc_context *context, uint32_t handle,
		       size_t length, bool write, void **address)
{
	KEEP_ERRNO();
	void *mapped;

	mapped = mmap(NULL, length, PROT_READ | (write ? PROT_WRITE : 0),
		      MAP_SHARED, context->fd,
		      (off_t)handle * (off_t)sysconf(_SC_PAGESIZE));
	if (mapped == MAP_FAILED)
		return -errno;
	*address = mapped;
	return 0;
}

int capipc_buffer_map(struct capipc_context *context, uint32_t buffer,
		      unsigned int flags, void **address, size_t *length)
{
	struct capipc_inspect inspect;
	int ret;

	if (flags & ~CAPIPC_MAP_WRITE)
		return -EINVAL;
	ret = capipc_handle_inspect_kind(context, buffer, CAPIPC_KIND_BUFFER,
					 &inspect);
	if (ret < 0)
		return ret;
	if (inspect.bytes > SIZE_MAX)
		return -ENOMEM;
	ret = capipc_context_map(context, buffer, (size_t)inspect.bytes,
				 flags & CAPIPC_MAP_WRITE, address);
	if (!ret)
		*length = (size_t)inspect.bytes;
	return ret;
}

int capipc_buffer_unmap(void *address, size_t length)
{
	KEEP_ERRNO();

	return munmap(address, length) ? -errno : 0;
}
