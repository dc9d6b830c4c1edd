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

#include "main.h"

/**
 * struct capipc_window_waiter - a sender that waits for room
 * @entry: in the wait queue of the window
 * @size: what it needs in bytes
 */
struct capipc_window_waiter {
	struct wait_queue_entry entry;
	size_t size;
};

int capipc_window_take_locked(struct capipc_endpoint *endpoint, size_t size);
u32 capipc_window_take_batch_locked(struct capipc_endpoint *endpoint,
				    const struct capipc_batched *messages, u32 count, u32 len);
void capipc_window_release_batch_locked(struct capipc_endpoint *endpoint, size_t size, u32 count);
void capipc_window_release_locked(struct capipc_endpoint *endpoint, size_t size);
void capipc_window_wake_locked(struct capipc_endpoint *endpoint);
bool capipc_window_has_news_locked(const struct capipc_endpoint *endpoint, size_t size);
void capipc_window_waiter_init(struct capipc_window_waiter *waiter, size_t size);

#endif /* CAPIPC_WINDOW_H */
