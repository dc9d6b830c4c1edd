// SPDX-License-Identifier: GPL-2.0
/*
 * Sources: see source.h.
 */
#include "buffer.h"
#include "source.h"

/**
 * capipc_source_open - find where the bytes of a message are
 * @source: filled in
 * @context: the sender's
 * @buffer: a buffer, of those that messages can be sent from
 * @offset: where in it
 * @len: how many
 *
 * Return: 0, to be closed; or -EBADF, -EBUSY, -EPROTOTYPE (not such a buffer), -EPERM (not to be
 * read), -EINVAL (not inside).
 */
int capipc_source_open(struct capipc_source *source, struct capipc_context *context, u32 buffer,
		       u64 offset, u32 len)
{
	struct capipc_memory *memory = capipc_buffer_get_mapped(context, buffer, offset, len);

	if (IS_ERR(memory))
		return PTR_ERR(memory);
	if (memory->area) {
		capipc_memory_put(memory);
		return -EPROTOTYPE;
	}
	source->memory = memory;
	source->data = offset;
	return 0;
}
