/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of <capipc.h> about memory that is shared: buffers and data pipes. It
 * is included from there, where all that it needs has been declared.
 */
#ifndef CAPIPC_H
#include <capipc.h>
#elif !defined(CAPIPC_MEMORY_H)
#define CAPIPC_MEMORY_H

/* ------------------------------------------------------------------------
 * Shared buffers
 */

/* Map for writing too. */
#define CAPIPC_MAP_WRITE (1U << 0)

/**
 * capipc_buffer_create() - make memory that can be shared
 * @context: its context, whose account pays for it until it is gone
 * @bytes: how much; rounded up to whole pages. All of it is zero.
 * @buffer: receives a handle with all rights of a buffer
 *
 * It is gone when the last handle to it and the last mapping of it are.
 *
 * Return: 0; -EINVAL: @bytes is 0; -EMSGSIZE: more than the kernel allows;
 * -EDQUOT, -ENOMEM.
 */
int capipc_buffer_create(struct capipc_context *context, uint64_t bytes,
			 uint32_t *buffer);

/**
 * capipc_buffer_duplicate() - make another handle to a buffer
 * @context: its context
 * @buffer: a handle with %CAPIPC_RIGHT_DUPLICATE
 * @rights: those of its rights that the new one shall have, or
 *          %CAPIPC_RIGHTS_SAME
 * @duplicate: receives the new handle
 *
 * Without %CAPIPC_RIGHT_WRITE nobody can write through the new one, nor through
 * anything that is made of it.
 *
 * Return: 0; -EPERM: it may not be duplicated, or lacks one of @rights; -EBADF,
 * -EBUSY, -EDQUOT, -ENOMEM.
 */
int capipc_buffer_duplicate(struct capipc_context *context, uint32_t buffer,
			    uint32_t rights, uint32_t *duplicate);

/**
 * capipc_buffer_map() - map all of a buffer
 * @context: its context
 * @buffer: a handle with %CAPIPC_RIGHT_MAP and %CAPIPC_RIGHT_READ
 * @flags: %CAPIPC_MAP_WRITE, which needs %CAPIPC_RIGHT_WRITE, or 0
 * @address: receives where it is
 * @length: receives how long it is
 *
 * A child does not inherit the mapping. Others may write it meanwhile, if they have
 * the right: what must not change while it is looked at has to be copied first.
 *
 * Return: 0; -EPERM: a right is missing; -EPROTOTYPE: not a buffer; -EBADF,
 * -EBUSY, -EINVAL, -ENOMEM.
 */
int capipc_buffer_map(struct capipc_context *context, uint32_t buffer,
		      unsigned int flags, void **address, size_t *length);

/**
 * capipc_buffer_unmap() - undo capipc_buffer_map()
 * @address: where it is
 * @length: how long it is
 *
 * Return: 0; -EINVAL.
 */
int capipc_buffer_unmap(void *address, size_t length);

/* ------------------------------------------------------------------------
 * Data pipes: a ring in shared memory, without a system call while both ends
 * are busy. Each of these structs is for one thread at a time.
 */

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

#endif /* CAPIPC_MEMORY_H */
