// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages that are received into memory which the kernel alone writes: whoever sends one
 * while its receiver waits copies it there, and nobody copies it again.
 *
 * Bytes in the area are read where they are. They are moved to ordinary memory when
 * something is appended to them, and what is larger than the area is received there at once.
 */
#include "internal.h"

int capipc_message_use_area(struct capipc_message *message, size_t bytes)
{
	return capipc_segment_use(&message->area, message, CAPIPC_BUFFER_AREA,
				  bytes);
}
