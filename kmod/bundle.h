/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bundles: several plain messages of one sender in one struct capipc_message.
 *
 * What looks at a message sees the first one that is left: its ordinal and its length. When
 * that has been received, the next one takes its place, and the bundle goes back to the head
 * of the queue, until nothing is left of it. So it makes no difference to who receives
 * whether messages were sent one by one, or together.
 *
 * A bundle takes of the window what its messages would take one by one, and gives it
 * back as they are received. Its account is charged for all of them until the last one
 * has been received, since its memory is in use until then.
 */
#ifndef CAPIPC_BUNDLE_H
#define CAPIPC_BUNDLE_H

#include "main.h"
#include "message.h"

/**
 * struct capipc_bundle - the data of a message that is a bundle; owned like the message
 * @next: the first of @messages that is left; capipc_message.count says how many are
 * @bytes: its bytes, followed by those of the others
 * @left: bytes of all that are left
 * @messages: all of them. Their bytes come after the last
 */
struct capipc_bundle {
	const struct capipc_batched *next;
	u8 *bytes;
	u32 left;
	struct capipc_batched messages[];
};

static inline struct capipc_bundle *capipc_bundle(const struct capipc_message *message)
{
	return (struct capipc_bundle *)message->data;
}

/* The bytes of a message, or of the first that is left of a bundle. */
static inline const u8 *capipc_message_bytes(const struct capipc_message *message)
{
	return unlikely(message->bundle) ? capipc_bundle(message)->bytes : message->data;
}

/* What it has of the window of its pipe, of a bundle the first that is left. */
static inline size_t capipc_message_room(const struct capipc_message *message)
{
	return unlikely(message->bundle) ? capipc_message_size(message->len, 0) : message->charge;
}

/* What a message is, or the n-th that is left of a bundle. */
static inline struct capipc_batched capipc_message_nth(const struct capipc_message *message,
						       u32 n)
{
	if (unlikely(message->bundle))
		return capipc_bundle(message)->next[n];
	return (struct capipc_batched) { .ordinal = message->ordinal, .data_len = message->len };
}

/* Bytes of the first of a message, or of as many of a bundle. */
static inline u32 capipc_message_bytes_of(const struct capipc_message *message, u32 count)
{
	u32 len = 0, n;

	if (!message->bundle)
		return count ? message->len : 0;
	if (likely(count == message->count))
		return capipc_bundle(message)->left;
	for (n = 0; n < count; n++)
		len += capipc_bundle(message)->next[n].data_len;
	return len;
}

struct capipc_message *capipc_bundle_create(struct capipc_account *account,
					    const struct capipc_batched *messages, u32 count,
					    u64 data, u32 data_len);
void capipc_bundle_truncate(struct capipc_message *message, u32 count);
void capipc_bundle_advance(struct capipc_message *message, u32 count);

#endif /* CAPIPC_BUNDLE_H */
