/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receive areas: memory of a context that the kernel alone writes, and where it has
 * messages received. It is a buffer (memory.h) with a handle that can neither be used to
 * write nor leave its context.
 *
 * Since the kernel can write it whoever runs, a sender copies a large message right to
 * where it is received. docs/memory.md has what that means for who reads there.
 */
#ifndef CAPIPC_AREA_H
#define CAPIPC_AREA_H

#include "main.h"
#include "memory.h"

/**
 * struct capipc_room - where in an area the bytes of a message go
 * @memory: the area, with a reference; NULL: they go to a user pointer
 * @offset: where in it; all that the receiver has room for is inside
 */
struct capipc_room {
	struct capipc_memory *memory;
	u64 offset;
};

int __must_check capipc_room_open(struct capipc_room *room, struct capipc_context *context,
				  u32 area, u64 offset, u32 capacity);
void capipc_room_write(const struct capipc_room *room, size_t at, const void *from, size_t len);
void capipc_room_read(const struct capipc_room *room, void *to, size_t len);
bool capipc_room_fill(const struct capipc_room *room, const void __user *from, size_t len);

static inline void capipc_room_close(const struct capipc_room *room)
{
	if (!room->memory)
		return;
	atomic_set_release(&room->memory->in_use, 0);
	capipc_memory_put(room->memory);
}

#endif /* CAPIPC_AREA_H */
