// SPDX-License-Identifier: GPL-2.0
/*
 * Windows: see window.h.
 */
#include <linux/overflow.h>

#include "limits.h"
#include "message.h"
#include "pipe.h"
#include "window.h"

/* What is free. A parameter that was lowered may have left less than nothing. */
struct capipc_window_room {
	size_t bytes;
	u32 messages;
};

static struct capipc_window_room capipc_window_room_locked(const struct capipc_endpoint *endpoint)
{
	size_t bytes = READ_ONCE(capipc_window_bytes);
	u32 messages = READ_ONCE(capipc_window_messages);

	lockdep_assert_held(endpoint->object.lock);
	return (struct capipc_window_room) {
		.bytes = bytes - min(bytes, endpoint->window_bytes),
		.messages = messages - min(messages, endpoint->window_messages),
	};
}

/**
 * capipc_window_take_batch_locked - reserve room for as many as there is room for
 * @endpoint: for what will be sent to it
 * @messages: plain messages, in the order in which they are sent
 * @count: how many
 * @len: bytes of all of them
 *
 * Return: for how many.
 */
u32 capipc_window_take_batch_locked(struct capipc_endpoint *endpoint,
				    const struct capipc_batched *messages, u32 count, u32 len)
{
	struct capipc_window_room room = capipc_window_room_locked(endpoint);
	size_t size = capipc_messages_size(count, len);

	while (unlikely(count && (count > room.messages || size > room.bytes)))
		size -= capipc_message_size(messages[--count].data_len, 0);
	endpoint->window_bytes += size;
	endpoint->window_messages += count;
	return count;
}

/* Half of it is enough, or who sends and who receives would wake each other each time. */
void capipc_window_tell_locked(struct capipc_endpoint *endpoint)
{
	struct capipc_endpoint *peer = capipc_endpoint_peer(endpoint);

	if (endpoint->window_messages > READ_ONCE(capipc_window_messages) / 2 ||
	    endpoint->window_bytes > READ_ONCE(capipc_window_bytes) / 2)
		return;
	peer->refused = false;
	capipc_endpoint_news_locked(peer, CAPIPC_TAG_WRITABLE);
}

/*
 * Without @key all are woken. Otherwise that is the room that is left, and the first one
 * that does not find enough ends it, unless it never will.
 */
static int capipc_window_wake_one(struct wait_queue_entry *entry, unsigned int mode, int flags,
				  void *key)
{
	const struct capipc_window_waiter *waiter =
		container_of(entry, struct capipc_window_waiter, entry);
	struct capipc_window_room *room = key;

	if (room && waiter->size <= READ_ONCE(capipc_window_bytes)) {
		if (waiter->size > room->bytes || !room->messages)
			return -1;
		room->bytes -= waiter->size;
		room->messages--;
	}
	return autoremove_wake_function(entry, mode, flags, key);
}

/* Wake as many as there is room for. */
void capipc_window_wake_locked(struct capipc_endpoint *endpoint)
{
	struct capipc_window_room room = capipc_window_room_locked(endpoint);

	__wake_up(&endpoint->window, TASK_NORMAL, 0, &room);
}

/* Would a sender that waits for room go on now? */
bool capipc_window_has_news_locked(const struct capipc_endpoint *endpoint, size_t size)
{
	return capipc_window_look_locked(endpoint, size) != -EAGAIN;
}

/**
 * capipc_window_waiter_init - prepare to wait for room
 * @waiter: for prepare_to_wait_event()
 * @size: how much, in bytes
 */
void capipc_window_waiter_init(struct capipc_window_waiter *waiter, size_t size)
{
	/* Exclusive ones are put at the end of the queue. */
	init_wait_entry(&waiter->entry, WQ_FLAG_EXCLUSIVE);
	waiter->entry.func = capipc_window_wake_one;
	waiter->size = size;
}
