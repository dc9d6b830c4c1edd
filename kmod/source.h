/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sources: where the bytes of a message are that is about to be sent.
 *
 * That is the sender's memory, or a buffer that the kernel has mapped as well
 * (CAPIPC_BUFFER_SOURCE). What is in such a buffer can be read by whoever runs: so it need not be
 * the sender who copies, and a message need not be copied before its receiver does it.
 */
#ifndef CAPIPC_SOURCE_H
#define CAPIPC_SOURCE_H

#include <linux/kernel.h>
#include <linux/string.h>

#include "copy.h"
#include "main.h"
#include "memory.h"

/**
 * struct capipc_source - where bytes are
 * @memory: in this, with a reference; NULL: in the memory of the calling thread
 * @data: where in it; all of them are inside
 */
struct capipc_source {
	struct capipc_memory *memory;
	u64 data;
};

int __must_check capipc_source_open(struct capipc_source *source, struct capipc_context *context,
				    u32 buffer, u64 offset, u32 len);

static inline void capipc_source_close(const struct capipc_source *source)
{
	if (unlikely(source->memory))
		capipc_memory_put(source->memory);
}

/* Where they are for the kernel, if they are not in the memory of a thread. */
static inline const u8 *capipc_source_bytes(const struct capipc_source *source)
{
	return source->memory->kernel + source->data;
}

/**
 * capipc_source_copy - copy bytes from where they are
 * @source: where
 * @to: where to, with room for @len bytes
 * @len: how many
 *
 * What is in a buffer may change meanwhile, as what is in the memory of a thread may: it is read
 * once. May sleep, unless page faults are disabled. Return: 0 or -EFAULT.
 */
static inline int __must_check capipc_source_copy(const struct capipc_source *source, void *to,
						  u32 len)
{
	if (likely(!source->memory))
		return capipc_copy_in(to, u64_to_user_ptr(source->data), len);
	memcpy(to, capipc_source_bytes(source), len);
	return 0;
}

#endif /* CAPIPC_SOURCE_H */
