// SPDX-License-Identifier: GPL-2.0
/*
 * Receive areas: see area.h.
 */
#include <linux/uaccess.h>

#include "area.h"
#include "buffer.h"
#include "copy.h"
#include "memory.h"

/**
 * capipc_room_open - find where the bytes of a message are to go
 * @room: filled in
 * @context: the receiver's
 * @area: a receive area
 * @offset: where in it
 * @capacity: how much room there is to be
 *
 * The area is the request's alone until it is closed, so that what is placed there can be put
 * back as it was sent, with the stamp of who sent it.
 *
 * Return: 0, to be closed; or -EBADF, -EBUSY (also: another request has it), -EPROTOTYPE (not
 * an area), -EPERM (not to be read), -EINVAL (not inside).
 */
int capipc_room_open(struct capipc_room *room, struct capipc_context *context, u32 area,
		     u64 offset, u32 capacity)
{
	struct capipc_memory *memory = capipc_buffer_get_mapped(context, area, offset, capacity);
	int ret = 0;

	if (IS_ERR(memory))
		return PTR_ERR(memory);
	if (!memory->area)
		ret = -EPROTOTYPE;
	else if (atomic_xchg_acquire(&memory->in_use, 1))
		ret = -EBUSY;
	if (ret) {
		capipc_memory_put(memory);
		return ret;
	}
	room->memory = memory;
	room->offset = offset;
	return 0;
}

/* Copy bytes to where they go, or some of them, from @at on. */
void capipc_room_write(const struct capipc_room *room, size_t at, const void *from, size_t len)
{
	memcpy(room->memory->kernel + room->offset + at, from, len);
}

/* Copy bytes back from there. */
void capipc_room_read(const struct capipc_room *room, void *to, size_t len)
{
	memcpy(to, room->memory->kernel + room->offset, len);
}

/**
 * capipc_room_fill - copy bytes from the calling thread's memory to where they go
 * @room: whosesoever
 * @from: where from
 * @len: how many
 *
 * Does not sleep: what would have to be read from elsewhere first is not copied.
 *
 * Return: whether all of them were copied.
 */
bool capipc_room_fill(const struct capipc_room *room, const void __user *from, size_t len)
{
	unsigned long left;

	if (!access_ok(from, len))
		return false;
	pagefault_disable();
	left = capipc_copy_in_pages(room->memory->kernel + room->offset, from, len);
	pagefault_enable();
	return !left;
}
