// SPDX-License-Identifier: GPL-2.0
/*
 * A data pipe, as struct capipc_ring_header says how to use it. Bytes are made and looked
 * at where they are. As long as neither end has to wait there is no system call.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "capipc.h"

/* Whoever waits wants so much, so that it does not wait again soon. */
#define ENOUGH (RING_BYTES / 2)

void *capipc_map(int fd, uint32_t handle, size_t size, int protection)
{
	off_t offset = (off_t)handle * sysconf(_SC_PAGESIZE);
	void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, offset);

	if (memory == MAP_FAILED)
		return NULL;
	return memory;
}

/* The pages: the header of the consumer, that of the producer, the ring. */
static int map_end(int fd, struct ring *ring, bool producer)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *all =
		capipc_map(fd, ring->handle, 2 * page + RING_BYTES, PROT_READ);
	unsigned char *own = capipc_map(fd, ring->handle,
					producer ? page + RING_BYTES : page,
					PROT_READ | PROT_WRITE);

	if (!all || !own)
		return -errno;
	ring->own = (void *)own;
	ring->other = (const void *)(producer ? all : all + page);
	ring->bytes = producer ? own + page : all + 2 * page;
	return 0;
}

int ring_create(int fd, struct ring *ring, uint32_t *consumer)
{
	struct capipc_create_data_pipe create = {
		.size = sizeof(create),
		.element_bytes = 1,
		.elements = RING_BYTES,
	};
	int ret = capipc_ioctl(fd, CAPIPC_IOC_CREATE_DATA_PIPE, &create);

	if (ret)
		return ret;
	ring->handle = create.handle[0];
	*consumer = create.handle[1];
	return map_end(fd, ring, true);
}

int ring_attach(int fd, struct ring *ring, uint32_t handle)
{
	ring->handle = handle;
	return map_end(fd, ring, false);
}

static uint32_t other_position(const struct ring *ring)
{
	return __atomic_load_n(&ring->other->position, __ATOMIC_ACQUIRE);
}

/* Until the other end is at a place, or after it. */
static int wait_for(int fd, struct ring *ring, uint32_t place)
{
	struct capipc_receive receive = {
		.size = sizeof(receive),
		.deadline_ns = CAPIPC_FOREVER,
		.handle = ring->handle,
	};
	int ret = 0;

	while (!ret && (int32_t)(other_position(ring) - place) < 0) {
		__atomic_store_n(&ring->own->wake, place, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if ((int32_t)(other_position(ring) - place) >= 0)
			break;
		ret = capipc_ioctl(fd, CAPIPC_IOC_RECEIVE, &receive);
		if (!ret && receive.type == CAPIPC_RECEIVED_PEER_CLOSED)
			ret = -EPIPE;
	}
	return ret;
}

int ring_begin_write(int fd, struct ring *ring, uint32_t size,
		     unsigned char **bytes)
{
	/* where the consumer has to be for size bytes of room, and for more */
	uint32_t least = ring->position + size - RING_BYTES;

	*bytes = ring->bytes + ring->position % RING_BYTES;
	if ((int32_t)(other_position(ring) - least) >= 0)
		return 0;
	return wait_for(fd, ring, ring->position + ENOUGH - RING_BYTES);
}

int ring_begin_read(int fd, struct ring *ring, uint32_t size,
		    unsigned char **bytes)
{
	*bytes = ring->bytes + ring->position % RING_BYTES;
	/* more may not come, so that is all it can wait for */
	return wait_for(fd, ring, ring->position + size);
}

int ring_end(int fd, struct ring *ring, uint32_t size)
{
	struct capipc_signal wake = { .size = sizeof(wake),
				      .handle = ring->handle };
	uint32_t before = ring->position, place;

	ring->position += size;
	__atomic_store_n(&ring->own->position, ring->position,
			 __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	place = __atomic_load_n(&ring->other->wake, __ATOMIC_RELAXED);
	if (place - before - 1 >= size)
		return 0;
	return capipc_ioctl(fd, CAPIPC_IOC_SIGNAL, &wake);
}
