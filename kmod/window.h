/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Windows: how much may wait in one direction of a pipe, and who waits for room.
 *
 * Senders wait in the order in which they came. Whoever makes room wakes as many of them
 * as there is room for, and so looks at one more than that, however many there are. Who
 * was woken and does not send after all wakes the next in its stead; a sender that has
 * not waited may have been quicker.
 */
#ifndef CAPIPC_WINDOW_H
#define CAPIPC_WINDOW_H

#include <linux/wait.h>

#include "limits.h"
#include "main.h"
#include "pipe.h"

/**
 * struct capipc_window_waiter - a sender that waits for room
 * @entry: in the wait queue of the window
 * @size: what it needs in bytes
 */
struct capipc_window_waiter {
	struct wait_queue_entry entry;
	size_t size;
};

u32 capipc_window_take_batch_locked(struct capipc_endpoint *endpoint,
				    const struct capipc_batched *messages, u32 count, u32 len);
void capipc_window_tell_locked(struct capipc_endpoint *endpoint);
void capipc_window_wake_locked(struct capipc_endpoint *endpoint);
bool capipc_window_has_news_locked(const struct capipc_endpoint *endpoint, size_t size);
void capipc_window_waiter_init(struct capipc_window_waiter *waiter, size_t size);

/* Is there room? -EMSGSIZE: there will not be, not even if nothing else waits. */
static inline int capipc_window_look_locked(const struct capipc_endpoint *endpoint, size_t size)
{
	size_t bytes = READ_ONCE(capipc_window_bytes);

	lockdep_assert_held(endpoint->object.lock);
	/* A parameter that was lowered may have left less than nothing. */
	if (likely(size <= bytes && endpoint->window_bytes <= bytes - size &&
		   endpoint->window_messages < READ_ONCE(capipc_window_messages)))
		return 0;
	return size > bytes ? -EMSGSIZE : -EAGAIN;
}

/**
 * capipc_window_take_locked - reserve room
 * @endpoint: for what will be sent to it
 * @size: in bytes
 *
 * Return: 0, or -EAGAIN: there is none, or -EMSGSIZE: there never is.
 */
static inline int capipc_window_take_locked(struct capipc_endpoint *endpoint, size_t size)
{
	int ret = capipc_window_look_locked(endpoint, size);

	if (ret)
		return ret;
	endpoint->window_bytes += size;
	endpoint->window_messages++;
	return 0;
}

/**
 * capipc_window_release_batch_locked - there is room again
 * @endpoint: messages for it were received or withdrawn, or are not sent after all
 * @size: of those, in bytes
 * @count: how many
 */
static inline void capipc_window_release_batch_locked(struct capipc_endpoint *endpoint,
						      size_t size, u32 count)
{
	lockdep_assert_held(endpoint->object.lock);
	endpoint->window_bytes -= size;
	endpoint->window_messages -= count;
	if (wq_has_sleeper(&endpoint->window))
		capipc_window_wake_locked(endpoint);
	if (unlikely(capipc_endpoint_peer(endpoint)->refused))
		capipc_window_tell_locked(endpoint);
}

/* The same for one. */
static inline void capipc_window_release_locked(struct capipc_endpoint *endpoint, size_t size)
{
	capipc_window_release_batch_locked(endpoint, size, 1);
}

#endif /* CAPIPC_WINDOW_H */
