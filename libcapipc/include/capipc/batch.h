/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Batches: several messages that want no answer and carry nothing but bytes, sent
 * or received by one system call.
 */
#ifndef CAPIPC_BATCH_H
#define CAPIPC_BATCH_H

#include <capipc/base.h>
#include <capipc/receive.h>

CAPIPC_BEGIN_DECLS

/**
 * capipc_batch_new() - make an empty batch
 * @out: receives the batch; free it with capipc_batch_free()
 *
 * Return: 0; -ENOMEM.
 */
int capipc_batch_new(struct capipc_batch **out);

/**
 * capipc_batch_free() - free a batch
 * @batch: the batch or NULL
 */
void capipc_batch_free(struct capipc_batch *batch);

/**
 * capipc_batch_reset() - make it empty, and keep its memory
 * @batch: the batch
 */
void capipc_batch_reset(struct capipc_batch *batch);

/**
 * capipc_batch_reserve() - make room for bytes
 * @batch: the batch
 * @bytes: how many, of all messages together
 *
 * What is received in a batch has room for as many bytes, or 64 KiB if that is
 * more. Appending makes room by itself.
 *
 * Return: 0; -EMSGSIZE: more than %CAPIPC_MESSAGE_MAX; -ENOMEM.
 */
int capipc_batch_reserve(struct capipc_batch *batch, size_t bytes);

/**
 * capipc_batch_append() - append a message
 * @batch: the batch
 * @ordinal: number of the method
 * @data: the bytes, which are copied
 * @length: how many
 *
 * Return: 0; -E2BIG: there are %CAPIPC_BATCH_MAX already; -EMSGSIZE: together
 * they would be more than %CAPIPC_MESSAGE_MAX bytes; -ENOMEM. After a failure the
 * batch is what it was.
 */
int capipc_batch_append(struct capipc_batch *batch, uint32_t ordinal,
			const void *data, size_t length);

/**
 * capipc_batch_count() - how many messages there are
 * @batch: the batch
 *
 * Return: the number.
 */
size_t capipc_batch_count(const struct capipc_batch *batch);

/**
 * capipc_batch_get() - look at a message
 * @batch: the batch
 * @index: which, from 0 on
 * @ordinal: receives the number of the method; may be NULL
 * @data: receives a pointer to the bytes, never NULL, which is good until the batch
 *        is changed; may be NULL
 * @length: receives how many there are; may be NULL
 *
 * Return: 0; -ENOENT: there are not that many.
 */
int capipc_batch_get(const struct capipc_batch *batch, size_t index,
		     uint32_t *ordinal, const void **data, size_t *length);

/**
 * capipc_endpoint_send_batch() - send several messages
 * @context: the context of the endpoint
 * @endpoint: an endpoint with %CAPIPC_RIGHT_WRITE
 * @batch: the messages
 * @deadline_ns: until when to wait for room in the window of the pipe, for the
 *               first of them, or %CAPIPC_FOREVER
 * @flags: %CAPIPC_NOWAIT or 0
 *
 * As if each were sent by capipc_endpoint_send(), up to the first that fails. What was
 * sent is gone from @batch, and the rest is left: there was no more room, or
 * the next is denied, which the next call says. After failure nothing has changed.
 *
 * Return: how many were sent, at least 1, or 0 if @batch is empty; else the
 * error of the first: -EACCES: the rules of the endpoint deny it; -EPIPE: the peer is
 * closed; -EAGAIN, -ETIMEDOUT, -EINTR: there was no room; -EMSGSIZE: larger
 * than the window; -EPERM: @endpoint lacks %CAPIPC_RIGHT_WRITE; -EBADF, -EBUSY,
 * -EPROTOTYPE, -EDQUOT, -EINVAL.
 */
int capipc_endpoint_send_batch(struct capipc_context *context,
			       uint32_t endpoint, struct capipc_batch *batch,
			       int64_t deadline_ns, unsigned int flags);

/**
 * capipc_context_receive_batch() - receive several messages
 * @context: the context
 * @from: an endpoint, or 0 for all of the context, in fair turn
 * @batch: overwritten with the messages
 * @received: filled in, but for @ordinal and what is about calls;
 *            @received->type is %CAPIPC_RECEIVED_NONE on failure
 * @deadline_ns: until when to wait, or %CAPIPC_FOREVER
 * @flags: %CAPIPC_NOWAIT or 0
 *
 * Receives the message that comes next and those that follow it in the same endpoint,
 * from the same sender, as far as they carry nothing but bytes and there is room. All
 * of them have the stamp in @received. For a single one @batch grows as needed.
 *
 * If what comes next is not such a message, 0 is returned and it stays:
 * @received->type says what it is, and capipc_context_receive() from
 * @received->from receives it.
 *
 * Return: how many; -EAGAIN, -ETIMEDOUT: nothing came; -EINTR: a signal did; -EPIPE:
 * the peer of @from is closed and all was received; -EPERM: @from lacks
 * %CAPIPC_RIGHT_READ; -EBADF, -EBUSY, -EPROTOTYPE, -EINVAL, -ENOMEM.
 */
int capipc_context_receive_batch(struct capipc_context *context, uint32_t from,
				 struct capipc_batch *batch,
				 struct capipc_received *received,
				 int64_t deadline_ns, unsigned int flags);

CAPIPC_END_DECLS

#endif /* CAPIPC_BATCH_H */
