/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Data pipes: a ring in shared memory, without a system call while both ends
 * are busy. Each of these structs is for one thread at a time.
 */
#ifndef CAPIPC_DATA_PIPE_H
#define CAPIPC_DATA_PIPE_H

#include <capipc/base.h>

CAPIPC_BEGIN_DECLS

/**
 * capipc_data_pipe_create() - make a data pipe
 * @context: its context, whose account pays for it
 * @elements: how many elements it holds; rounded up to a power of 2
 * @element_bytes: size of an element
 * @producer: receives the end to write to
 * @consumer: receives the end to read from
 *
 * Both can be sent away.
 *
 * Return: 0; -EINVAL: @elements or @element_bytes is 0; -EMSGSIZE: more than the
 * kernel allows; -EDQUOT, -ENOMEM.
 */
int capipc_data_pipe_create(struct capipc_context *context, uint32_t elements,
			    uint32_t element_bytes, uint32_t *producer,
			    uint32_t *consumer);

/**
 * capipc_producer_open() - get ready to write to a data pipe
 * @out: receives the producer; free it with capipc_producer_free()
 * @context: its context
 * @handle: the end, which stays the caller's, to be closed after that
 *
 * Return: 0; -EPROTOTYPE: not a producer; -EPROTO: what is in the memory makes
 * no sense; -EPERM, -EBADF, -EBUSY, -ENOMEM.
 */
int capipc_producer_open(struct capipc_producer **out,
			 struct capipc_context *context, uint32_t handle);

/**
 * capipc_producer_free() - unmap it
 * @producer: the producer or NULL
 *
 * The end stays open, and who opens it again, or gets it in a message, goes on
 * where this one stopped.
 */
void capipc_producer_free(struct capipc_producer *producer);

/**
 * capipc_producer_write() - write elements
 * @producer: the producer
 * @data: the elements
 * @elements: how many
 * @written: receives how many were written, as many as there was room for
 *
 * After -EAGAIN, %CAPIPC_RECEIVED_WRITABLE comes from the end as soon as there is
 * room. It may come without, too.
 *
 * Return: 0; -EAGAIN: there is no room; -EPIPE: and the consumer is closed;
 * -EPROTO: the consumer has written nonsense, and cannot be used any more;
 * -EBUSY: between capipc_producer_begin_write() and its end; -EBADF: the end was
 * closed. If it is *@written that is not 0, so many were written all the same.
 */
int capipc_producer_write(struct capipc_producer *producer, const void *data,
			  size_t elements, size_t *written);

/**
 * capipc_producer_begin_write() - write in place
 * @producer: the producer
 * @address: receives where to write
 * @elements: receives how many elements there is room for, in one piece
 *
 * Return: as of capipc_producer_write().
 */
int capipc_producer_begin_write(struct capipc_producer *producer,
				void **address, size_t *elements);

/**
 * capipc_producer_end_write() - let the consumer have what was written
 * @producer: the producer
 * @elements: how many, from the start; 0 to give it up
 *
 * Return: 0; -EINVAL: more than there was room for, or not begun; -EPIPE: it was
 * written, but the consumer, which waited, is closed; -EBADF.
 */
int capipc_producer_end_write(struct capipc_producer *producer,
			      size_t elements);

/**
 * capipc_consumer_open() - get ready to read from a data pipe
 * @out: receives the consumer; free it with capipc_consumer_free()
 * @context: its context
 * @handle: the end, which stays the caller's, to be closed after that
 *
 * Return: 0; -EPROTOTYPE: not a consumer; -EPROTO, -EPERM, -EBADF, -EBUSY,
 * -ENOMEM.
 */
int capipc_consumer_open(struct capipc_consumer **out,
			 struct capipc_context *context, uint32_t handle);

/**
 * capipc_consumer_free() - unmap it
 * @consumer: the consumer or NULL
 *
 * The end stays open.
 */
void capipc_consumer_free(struct capipc_consumer *consumer);

/**
 * capipc_consumer_read() - read elements
 * @consumer: the consumer
 * @data: room for them
 * @elements: how many there is room for
 * @read: receives how many were read, as many as there were
 *
 * After -EAGAIN, %CAPIPC_RECEIVED_READABLE comes from the end as soon as there is
 * something. It may come without, too.
 *
 * Return: 0; -EAGAIN: there is nothing; -EPIPE: and the producer is closed;
 * -EPROTO: the producer has written nonsense, and cannot be used any more; -EBUSY:
 * between capipc_consumer_begin_read() and its end; -EBADF: the end was closed.
 * If it is *@read that is not 0, so many were read all the same.
 */
int capipc_consumer_read(struct capipc_consumer *consumer, void *data,
			 size_t elements, size_t *read);

/**
 * capipc_consumer_begin_read() - read in place
 * @consumer: the consumer
 * @address: receives where the elements are. The producer may change them at any
 *           time: what is to be checked has to be copied first.
 * @elements: receives how many there are in one piece
 *
 * Return: as of capipc_consumer_read().
 */
int capipc_consumer_begin_read(struct capipc_consumer *consumer,
			       const void **address, size_t *elements);

/**
 * capipc_consumer_end_read() - let the producer have the room
 * @consumer: the consumer
 * @elements: how many have been read, from the start
 *
 * Return: 0; -EINVAL: more than there were, or not begun; -EPIPE: the producer,
 * which waited, is closed; -EBADF.
 */
int capipc_consumer_end_read(struct capipc_consumer *consumer, size_t elements);

CAPIPC_END_DECLS

#endif /* CAPIPC_DATA_PIPE_H */
