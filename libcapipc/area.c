// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages that are received into memory which the kernel alone writes: whoever sends one
 * while its receiver waits copies it there, and nobody copies it again.
 *
 * Bytes in the area are read where they are. They are moved to ordinary memory when
 * something is appended to them, and what is larger than the area is received there at once.
 */
#include "internal.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void capipc_message_area_free(struct capipc_message *message)
{
	KEEP_ERRNO();

	if (!message->area)
		return;
	message->in_area = false;
	munmap(message->area, message->area_room);
	capipc_handle_close(message->context, message->area_handle);
	message->area = NULL;
	message->area_handle = 0;
	message->area_room = 0;
}

int capipc_message_use_area(struct capipc_message *message, size_t bytes)
{
	struct capipc_create_buffer create = {
		.size = sizeof(create),
		.flags = CAPIPC_BUFFER_AREA,
		.bytes = bytes,
	};
	void *area;
	int ret;

	if (bytes > CAPIPC_MESSAGE_MAX)
		return -EMSGSIZE;
	if (bytes && bytes <= message->area_room)
		return 0;
	if (!bytes) {
		capipc_message_reset(message, 0);
		capipc_message_area_free(message);
		return 0;
	}
	ret = capipc_context_ioctl(message->context, CAPIPC_IOC_CREATE_BUFFER,
				   &create);
	if (ret < 0)
		return ret;
	ret = capipc_context_map(message->context, create.handle,
				 (size_t)create.bytes, false, &area);
	if (ret < 0) {
		capipc_handle_close(message->context, create.handle);
		return ret;
	}
	capipc_message_reset(message, 0);
	capipc_message_area_free(message);
	message->area = area;
	message->area_handle = create.handle;
	message->area_room = (size_t)create.bytes;
	return 0;
}
