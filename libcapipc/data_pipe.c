// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Data pipes: the ring, as its two ends use it.
 *
 * What the other end can write is believed in nothing: its position is read
 * once for each operation, and compared with our own, which is kept here, not in the
 * shared memory. No size or place comes from there, and nothing waits for it to change.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/**
 * struct ring - one end of a data pipe
 * @context: counted
 * @handle: the end
 * @producer: which
 * @own: our header, which we write
 * @other: the header of the other end, which we read
 * @data: the ring
 * @elements: how many it holds, a power of 2
 * @element_bytes: size of one
 * @position: ours: elements written or read since ever
 * @granted: elements that were given out by begin, 0 if none
 * @broken: the other end has written nonsense
 * @map_own: what is mapped for writing
 * @map_own_length: its length
 * @map_other: what is mapped for reading
 * @map_other_length: its length
 */
struct ring {
	struct capipc_context *context;
	uint32_t handle;
	bool producer;
	struct capipc_ring_header *own;
	const struct capipc_ring_header *other;
	uint8_t *data;
	uint32_t elements;
	uint32_t element_bytes;
	uint32_t position;
	uint32_t granted;
	bool broken;
	void *map_own;
	size_t map_own_length;
	void *map_other;
	size_t map_other_length;
};

struct capipc_producer {
	struct ring ring;
};

struct capipc_consumer {
	struct ring ring;
};

int capipc_data_pipe_create(struct capipc_context *context, uint32_t elements,
			    uint32_t element_bytes, uint32_t *producer,
			    uint32_t *consumer)
{
	struct capipc_create_data_pipe create = {
		.size = sizeof(create),
		.elements = elements,
		.element_bytes = element_bytes,
	};
	int ret;

	ret = capipc_context_ioctl(context, CAPIPC_IOC_CREATE_DATA_PIPE,
				   &create);
	if (ret < 0)
		return ret;
	*producer = create.handle[0];
	*consumer = create.handle[1];
	return 0;
}

/* ------------------------------------------------------------------- the ring */

/* Elements that can be written or read now: a number, or -EPROTO. */
static int64_t ring_ready(struct ring *ring)
{
	uint32_t other, used;

	if (ring->broken)
		return -EPROTO;
	other = __atomic_load_n(&ring->other->position, __ATOMIC_ACQUIRE);
	used = ring->producer ? ring->position - other : other - ring->position;
	if (used > ring->elements) {
		ring->broken = true;
		return -EPROTO;
	}
	return ring->producer ? ring->elements - used : used;
}

/*
 * Nothing can be written or read: ask to be woken, and look again. A number, or
 * -EAGAIN, -EPIPE, -EPROTO.
 */
static int64_t ring_block(struct ring *ring)
{
	uint32_t wake = ring->position + 1;
	struct capipc_inspect inspect;
	int64_t ready;
	int ret;

	if (ring->producer)
		wake -= ring->elements;
	__atomic_store_n(&ring->own->wake, wake, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ready = ring_ready(ring);
	if (ready)
		return ready;
	ret = capipc_handle_inspect(ring->context, ring->handle, &inspect);
	if (ret < 0)
		return ret;
	if (!(inspect.state & CAPIPC_INSPECT_PEER_CLOSED))
		return -EAGAIN;
	/* What it wrote before it was closed. */
	ready = ring->producer ? 0 : ring_ready(ring);
	return ready ? ready : -EPIPE;
}

/* As ring_block() if there is nothing. */
static int64_t ring_look(struct ring *ring)
{
	int64_t ready;

	/* Between begin and end there is nothing else to do. */
	if (ring->granted)
		return -EBUSY;
	ready = ring_ready(ring);
	return ready ? ready : ring_block(ring);
}

/* From the current place to the end of the ring. */
static uint32_t ring_straight(const struct ring *ring)
{
	return ring->elements - (ring->position & (ring->elements - 1));
}

static uint8_t *ring_at(const struct ring *ring, uint32_t position)
{
	return ring->data +
	       (size_t)(position & (ring->elements - 1)) * ring->element_bytes;
}

/* So many have been written or read. Wake the other end if it wants that. */
static int ring_advance(struct ring *ring, uint32_t count)
{
	struct capipc_signal request = {
		.size = sizeof(request),
		.handle = ring->handle,
	};
	uint32_t wake;

	ring->position += count;
	__atomic_store_n(&ring->own->position, ring->position,
			 __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	wake = __atomic_load_n(&ring->other->wake, __ATOMIC_RELAXED);
	if (ring->position - wake >= count)
		return 0;
	return capipc_context_ioctl(ring->context, CAPIPC_IOC_SIGNAL, &request);
}

static int ring_begin(struct ring *ring, void **address, size_t *count)
{
	int64_t ready = ring_look(ring);
	uint32_t straight = ring_straight(ring);

	*count = 0;
	if (ready < 0)
		return (int)ready;
	ring->granted = ready < straight ? (uint32_t)ready : straight;
	*address = ring_at(ring, ring->position);
	*count = ring->granted;
	return 0;
}

static int ring_end(struct ring *ring, size_t count)
{
	if (!ring->granted || count > ring->granted)
		return -EINVAL;
	ring->granted = 0;
	return count ? ring_advance(ring, (uint32_t)count) : 0;
}

/* Copy @count elements between the ring and @user, in one or two pieces. */
static void ring_copy(struct ring *ring, uint8_t *user, uint32_t count)
{
	uint32_t straight = ring_straight(ring);
	size_t first = (size_t)(count < straight ? count : straight) *
		       ring->element_bytes;
	size_t second = (size_t)count * ring->element_bytes - first;
	uint8_t *at = ring_at(ring, ring->position);

	if (ring->producer) {
		memcpy(at, user, first);
		memcpy(ring->data, user + first, second);
	} else {
		memcpy(user, at, first);
		memcpy(user + first, ring->data, second);
	}
}

static int ring_transfer(struct ring *ring, void *user, size_t count,
			 size_t *done)
{
	int64_t ready;

	*done = 0;
	if (!count)
		return 0;
	ready = ring_look(ring);
	if (ready < 0)
		return (int)ready;
	if (count > (uint64_t)ready)
		count = (size_t)ready;
	ring_copy(ring, user, (uint32_t)count);
	*done = count;
	return ring_advance(ring, (uint32_t)count);
}

/* ----------------------------------------------------------------- the mapping */

static int ring_map(struct ring *ring, uint64_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *own, *other;
	int ret;

	if (bytes > SIZE_MAX - 3 * page)
		return -ENOMEM;
	bytes = (bytes + page - 1) / page * page;
	if (ring->producer) {
		ring->map_own_length = page + (size_t)bytes;
		ring->map_other_length = page;
	} else {
		ring->map_own_length = page;
		ring->map_other_length = 2 * page + (size_t)bytes;
	}
	ret = capipc_context_map(ring->context, ring->handle,
				 ring->map_own_length, true, &ring->map_own);
	if (ret < 0)
		return ret;
	ret = capipc_context_map(ring->context, ring->handle,
				 ring->map_other_length, false,
				 &ring->map_other);
	if (ret < 0) {
		capipc_buffer_unmap(ring->map_own, ring->map_own_length);
		return ret;
	}
	own = ring->map_own;
	other = ring->map_other;
	ring->own = (struct capipc_ring_header *)own;
	if (ring->producer) {
		ring->other = (const struct capipc_ring_header *)other;
		ring->data = own + page;
	} else {
		ring->other = (const struct capipc_ring_header *)(other + page);
		ring->data = other + 2 * page;
	}
	return 0;
}

static void ring_close(struct ring *ring)
{
	capipc_buffer_unmap(ring->map_own, ring->map_own_length);
	capipc_buffer_unmap(ring->map_other, ring->map_other_length);
	capipc_context_put(ring->context);
}

static int ring_open(struct ring *ring, struct capipc_context *context,
		     uint32_t handle, uint32_t kind)
{
	struct capipc_inspect inspect;
	int ret;

	ret = capipc_handle_inspect_kind(context, handle, kind, &inspect);
	if (ret < 0)
		return ret;
	*ring = (struct ring){
		.context = context,
		.handle = handle,
		.producer = kind == CAPIPC_KIND_PRODUCER,
		.elements = (uint32_t)(inspect.bytes / inspect.element_bytes),
		.element_bytes = inspect.element_bytes,
	};
	ret = ring_map(ring, inspect.bytes);
	if (ret < 0)
		return ret;
	capipc_context_get(context);
	/* Where the last holder stopped. */
	ring->position =
		__atomic_load_n(&ring->own->position, __ATOMIC_RELAXED);
	ret = ring_ready(ring) < 0 ? -EPROTO : 0;
	if (ret < 0)
		ring_close(ring);
	return ret;
}

/* ---------------------------------------------------------------- the producer */

int capipc_producer_open(struct capipc_producer **out,
			 struct capipc_context *context, uint32_t handle)
{
	KEEP_ERRNO();
	struct capipc_producer *producer = malloc(sizeof(*producer));
	int ret;

	if (!producer)
		return -ENOMEM;
	ret = ring_open(&producer->ring, context, handle, CAPIPC_KIND_PRODUCER);
	if (ret < 0)
		free(producer);
	else
		*out = producer;
	return ret;
}

void capipc_producer_free(struct capipc_producer *producer)
{
	KEEP_ERRNO();

	if (!producer)
		return;
	ring_close(&producer->ring);
	free(producer);
}

int capipc_producer_write(struct capipc_producer *producer, const void *data,
			  size_t elements, size_t *written)
{
	return ring_transfer(&producer->ring, (void *)(uintptr_t)data, elements,
			     written);
}

int capipc_producer_begin_write(struct capipc_producer *producer,
				void **address, size_t *elements)
{
	return ring_begin(&producer->ring, address, elements);
}

int capipc_producer_end_write(struct capipc_producer *producer, size_t elements)
{
	return ring_end(&producer->ring, elements);
}

/* ---------------------------------------------------------------- the consumer */

int capipc_consumer_open(struct capipc_consumer **out,
			 struct capipc_context *context, uint32_t handle)
{
	KEEP_ERRNO();
	struct capipc_consumer *consumer = malloc(sizeof(*consumer));
	int ret;

	if (!consumer)
		return -ENOMEM;
	ret = ring_open(&consumer->ring, context, handle, CAPIPC_KIND_CONSUMER);
	if (ret < 0)
		free(consumer);
	else
		*out = consumer;
	return ret;
}

void capipc_consumer_free(struct capipc_consumer *consumer)
{
	KEEP_ERRNO();

	if (!consumer)
		return;
	ring_close(&consumer->ring);
	free(consumer);
}

int capipc_consumer_read(struct capipc_consumer *consumer, void *data,
			 size_t elements, size_t *read)
{
	return ring_transfer(&consumer->ring, data, elements, read);
}

int capipc_consumer_begin_read(struct capipc_consumer *consumer,
			       const void **address, size_t *elements)
{
	void *at = NULL;
	int ret = ring_begin(&consumer->ring, &at, elements);

	if (!ret)
		*address = at;
	return ret;
}

int capipc_consumer_end_read(struct capipc_consumer *consumer, size_t elements)
{
	return ring_end(&consumer->ring, elements);
}
