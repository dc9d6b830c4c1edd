/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared buffers: handles to memory, with rights.
 *
 * A buffer has no place, queue or holder: every handle to it is a reference.
 */
#ifndef CAPIPC_BUFFER_H
#define CAPIPC_BUFFER_H

#include "main.h"

struct capipc_memory;

/* Rights that the first handle to a buffer has. */
#define CAPIPC_BUFFER_RIGHTS						\
	(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_MAP |	\
	 CAPIPC_RIGHT_TRANSFER | CAPIPC_RIGHT_DUPLICATE)

/* Those of a receive area. */
#define CAPIPC_AREA_RIGHTS	(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_MAP)

struct capipc_memory *capipc_buffer_get_mapped(struct capipc_context *context, u32 handle,
					       u64 offset, u32 len);
int capipc_ioctl_create_buffer(struct capipc_context *context, struct capipc_request *request);
int capipc_ioctl_duplicate(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_BUFFER_H */
