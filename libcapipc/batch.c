// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Batches: several messages, sent or received by one system call.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* What is received has at least so much room. */
#define RECEIVE_ROOM 65536U
/* First allocation of one that is built. */
#define ROOM_MIN 1024U

/**
 * struct capipc_batch - messages, and their bytes one after the other
 * @count: how many messages
 * @length: of all of them, bytes
 * @room: at @data, bytes
 * @data: the bytes, or NULL
 * @messages: what they are
 * @offset: where in @data the bytes of each begin
 */
struct capipc_batch {
	size_t count;
	size_t length;
	size_t room;
	uint8_t *data;
	struct capipc_batched messages[CAPIPC_BATCH_MAX];
	size_t offset[CAPIPC_BATCH_MAX];
};

int capipc_batch_new(struct capipc_batch **out)
{
	KEEP_ERRNO();
	struct capipc_batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return -ENOMEM;
	*out = batch;
	return 0;
}

void capipc_batch_free(struct capipc_batch *batch)
{
	KEEP_ERRNO();

	if (!batch)
		return;
	free(batch->data);
	free(batch);
}

void capipc_batch_reset(struct capipc_batch *batch)
{
	batch->count = 0;
	batch->length = 0;
}

int capipc_batch_reserve(struct capipc_batch *batch, size_t bytes)
{
	KEEP_ERRNO();
	uint8_t *data;

	if (bytes <= batch->room)
		return 0;
	if (bytes > CAPIPC_MESSAGE_MAX)
		return -EMSGSIZE;
	data = realloc(batch->data, bytes);
	if (!data)
		return -ENOMEM;
	batch->data = data;
	batch->room = bytes;
	return 0;
}

/* Twice as much each time, so that many small ones do not copy each other. */
static int batch_grow(struct capipc_batch *batch, size_t bytes)
{
	size_t room = batch->room ? batch->room * 2 : ROOM_MIN;

	if (bytes <= batch->room)
		return 0;
	if (room < bytes)
		room = bytes;
	if (room > CAPIPC_MESSAGE_MAX)
		room = CAPIPC_MESSAGE_MAX;
	return capipc_batch_reserve(batch, room);
}

int capipc_batch_append(struct capipc_batch *batch, uint32_t ordinal,
			const void *data, size_t length)
{
	int ret;

	if (batch->count == CAPIPC_BATCH_MAX)
		return -E2BIG;
	if (length > CAPIPC_MESSAGE_MAX - batch->length)
		return -EMSGSIZE;
	ret = batch_grow(batch, batch->length + length);
	if (ret < 0)
		return ret;
	if (length)
		memcpy(batch->data + batch->length, data, length);
	batch->messages[batch->count] = (struct capipc_batched){
		.ordinal = ordinal,
		.data_len = (uint32_t)length,
	};
	batch->offset[batch->count++] = batch->length;
	batch->length += length;
	return 0;
}

size_t capipc_batch_count(const struct capipc_batch *batch)
{
	return batch->count;
}

int capipc_batch_get(const struct capipc_batch *batch, size_t index,
		     uint32_t *ordinal, const void **data, size_t *length)
{
	if (index >= batch->count)
		return -ENOENT;
	if (ordinal)
		*ordinal = batch->messages[index].ordinal;
	if (length)
		*length = batch->messages[index].data_len;
	if (data)
		*data = batch->data ? batch->data + batch->offset[index] :
				      (const uint8_t *)"";
	return 0;
}

/* The first ones are gone. */
static void batch_remove(struct capipc_batch *batch, size_t count)
{
	size_t bytes, i;

	if (count >= batch->count) {
		capipc_batch_reset(batch);
		return;
	}
	bytes = batch->offset[count];
	batch->count -= count;
	batch->length -= bytes;
	if (batch->length)
		memmove(batch->data, batch->data + bytes, batch->length);
	for (i = 0; i < batch->count; i++) {
		batch->messages[i] = batch->messages[i + count];
		batch->offset[i] = batch->offset[i + count] - bytes;
	}
}

int capipc_endpoint_send_batch(struct capipc_context *context,
			       uint32_t endpoint, struct capipc_batch *batch,
			       int64_t deadline_ns, unsigned int flags)
{
	struct capipc_send_batch send = {
		.size = sizeof(send),
		.flags = flags,
		.deadline_ns = deadline_ns,
		.messages = pointer_to_u64(batch->messages),
		.data = pointer_to_u64(batch->data),
		.data_len = (uint32_t)batch->length,
		.count = (uint32_t)batch->count,
		.handle = endpoint,
	};
	int ret;

	if (!batch->count)
		return 0;
	ret = capipc_context_ioctl(context, CAPIPC_IOC_SEND_BATCH, &send);
	if (ret < 0)
		return ret;
	batch_remove(batch, send.sent);
	return (int)send.sent;
}

/* Where each begins. The kernel says how many there are, and how long they are. */
static void batch_arrived(struct capipc_batch *batch,
			  const struct capipc_receive_batch *receive)
{
	size_t i;

	batch->count = receive->count;
	batch->length = 0;
	for (i = 0; i < batch->count; i++) {
		batch->offset[i] = batch->length;
		batch->length += batch->messages[i].data_len;
	}
}

int capipc_context_receive_batch(struct capipc_context *context, uint32_t from,
				 struct capipc_batch *batch,
				 struct capipc_received *received,
				 int64_t deadline_ns, unsigned int flags)
{
	struct capipc_receive_batch receive = {
		.size = sizeof(receive),
		.flags = flags,
		.deadline_ns = deadline_ns,
		.count_capacity = CAPIPC_BATCH_MAX,
		.handle = from,
		.data_len = RECEIVE_ROOM,
	};
	int ret;

	*received = (struct capipc_received){ 0 };
	capipc_batch_reset(batch);
	/* Whose turn it is may change in between. */
	do {
		ret = capipc_batch_reserve(batch, receive.data_len);
		if (ret < 0)
			return ret;
		receive.messages = pointer_to_u64(batch->messages);
		receive.data = pointer_to_u64(batch->data);
		receive.data_capacity = (uint32_t)batch->room;
		ret = capipc_context_ioctl(context, CAPIPC_IOC_RECEIVE_BATCH,
					   &receive);
	} while (ret == -EMSGSIZE && receive.data_len > batch->room);
	if (ret < 0)
		return ret;
	batch_arrived(batch, &receive);
	received->type = receive.type;
	received->from = receive.from;
	received->facet = receive.facet;
	received->cookie = receive.cookie;
	received->stamp = receive.stamp;
	return (int)receive.count;
}
