// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Segments: memory of a message that the kernel has mapped as well. There are two kinds,
 * areas (area.c) and sources (source.c).
 */
#include "internal.h"

#include <sys/mman.h>

void capipc_segment_free(struct capipc_segment *segment,
			 struct capipc_context *context)
{
	KEEP_ERRNO();

	if (!segment->bytes)
		return;
	munmap(segment->bytes, segment->room);
	capipc_handle_close(context, segment->handle);
	*segment = (struct capipc_segment){ 0 };
}

static int segment_make(struct capipc_segment *segment,
			struct capipc_context *context, uint32_t flags,
			size_t bytes)
{
	struct capipc_create_buffer create = {
		.size = sizeof(create),
		.flags = flags,
		.bytes = bytes,
	};
	void *mapped;
	int ret;

	ret = capipc_context_ioctl(context, CAPIPC_IOC_CREATE_BUFFER, &create);
	if (ret < 0)
		return ret;
	ret = capipc_context_map(context, create.handle, (size_t)create.bytes,
				 flags != CAPIPC_BUFFER_AREA, &mapped);
	if (ret < 0) {
		capipc_handle_close(context, create.handle);
		return ret;
	}
	segment->bytes = mapped;
	segment->room = (size_t)create.bytes;
	segment->handle = create.handle;
	return 0;
}

int capipc_segment_use(struct capipc_segment *segment,
		       struct capipc_message *message, uint32_t flags,
		       size_t bytes)
{
	struct capipc_segment made = { 0 };
	int ret;

	if (bytes > CAPIPC_MESSAGE_MAX)
		return -EMSGSIZE;
	if (bytes && bytes <= segment->room)
		return 0;
	if (bytes) {
		ret = segment_make(&made, message->context, flags, bytes);
		if (ret < 0)
			return ret;
	}
	capipc_message_reset(message, 0);
	capipc_segment_free(segment, message->context);
	*segment = made;
	return 0;
}
