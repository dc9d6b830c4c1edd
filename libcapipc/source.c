// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages that are built in memory which the kernel can read whoever runs: so a large one
 * is copied once, to where it is received, by its sender or by its receiver.
 *
 * What is built begins in the source, and moves to ordinary memory when it outgrows that.
 * What is received is never there.
 */
#include "internal.h"

/* A shorter one is cheaper to send from there as from any other memory. */
#define SOURCE_LEAST 16384U

int capipc_message_use_source(struct capipc_message *message, size_t bytes)
{
	return capipc_segment_use(&message->source, message,
				  CAPIPC_BUFFER_SOURCE, bytes);
}

uint64_t capipc_message_locate(const struct capipc_message *message,
			       uint32_t *source)
{
	*source = 0;
	if (message->segment == &message->source &&
	    message->length >= SOURCE_LEAST) {
		*source = message->source.handle;
		return 0;
	}
	return pointer_to_u64(capipc_message_data(message, NULL));
}
