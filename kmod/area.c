// SPDX-License-Identifier: GPL-2.0
/*
 * Receive areas: see area.h.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "area.h"
#include "buffer.h"
#include "context.h"
#include "memory.h"
#include "table.h"

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
	struct capipc_handle handle;
	u64 size;
	int ret;

	ret = capipc_table_get(&context->table, area, CAPIPC_KIND_BUFFER, CAPIPC_RIGHT_READ,
			       &handle);
	if (ret)
		return ret;
	size = capipc_memory_size(handle.memory);
	if (!handle.memory->area)
		ret = -EPROTOTYPE;
	else if (offset > size || capacity > size - offset)
		ret = -EINVAL;
	else if (atomic_xchg_acquire(&handle.memory->in_use, 1))
		ret = -EBUSY;
	if (ret) {
		capipc_handle_put(&handle);
		return ret;
	}
	room->memory = handle.memory;
	room->offset = offset;
	return 0;
}

void capipc_room_close(const struct capipc_room *room)
{
	if (!room->memory)
		return;
	atomic_set_release(&room->memory->in_use, 0);
	capipc_memory_put(room->memory);
}

/*
 * The bytes at an offset, and how many of @len follow one another in the kernel's
 * memory as well.
 */
static void *capipc_room_at(const struct capipc_room *room, size_t at, size_t len, size_t *run)
{
	struct page **pages = room->memory->pages;
	size_t offset = room->offset + at;
	unsigned long i = offset >> PAGE_SHIFT;
	void *start = page_address(pages[i]) + offset_in_page(offset);

	*run = PAGE_SIZE - offset_in_page(offset);
	for (; *run < len && page_to_pfn(pages[i + 1]) == page_to_pfn(pages[i]) + 1; i++)
		*run += PAGE_SIZE;
	*run = min(*run, len);
	return start;
}

/* Copy bytes to where they go. */
void capipc_room_write(const struct capipc_room *room, const void *from, size_t len)
{
	size_t at, run;
	void *to;

	for (at = 0; at < len; at += run) {
		to = capipc_room_at(room, at, len - at, &run);
		memcpy(to, from + at, run);
	}
}

/* Copy bytes back from there. */
void capipc_room_read(const struct capipc_room *room, void *to, size_t len)
{
	size_t at, run;
	void *from;

	for (at = 0; at < len; at += run) {
		from = capipc_room_at(room, at, len - at, &run);
		memcpy(to + at, from, run);
	}
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
	unsigned long left = 0;
	size_t at, run;
	void *to;

	if (!access_ok(from, len))
		return false;
	pagefault_disable();
	for (at = 0; at < len && !left; at += run) {
		to = capipc_room_at(room, at, len - at, &run);
		left = __copy_from_user_inatomic(to, from + at, run);
	}
	pagefault_enable();
	return !left;
}
