/* SPDX-License-Identifier: GPL-2.0 */
/*
 * capipc itself: what the files about it share.
 *
 * capipc.c has the peer and what the client does, capipc_server.c the server,
 * capipc_ring.c a data pipe. All of it with the ioctls as they are.
 */
#ifndef BENCH_CAPIPC_H
#define BENCH_CAPIPC_H

#include <linux/capipc.h>
#include <sys/ioctl.h>

#include "bench.h"

#define HANDLES_MAX 16

/* The bytes of a data pipe: as many as a pipe can have. */
#define RING_BYTES (1U << 20)

/**
 * struct ring - an end of a data pipe
 * @handle: of it
 * @own: what this end writes
 * @other: what the other end does
 * @bytes: the ring
 * @position: of this end, as in its header
 */
struct ring {
	uint32_t handle;
	struct capipc_ring_header *own;
	const struct capipc_ring_header *other;
	unsigned char *bytes;
	uint32_t position;
};

/**
 * struct capipc_state - one side of a cell
 * @fd: the context
 * @endpoints: of the client, one for each connection
 * @call: of the client, with all that does not change
 * @attachments: what goes along, or has come
 * @buffer: memory that is shared
 * @source: of the client, the buffer where requests are, or 0
 * @ring: the end of a data pipe that this side has
 * @consumer: the other one, if it has both
 * @name: by which they connect
 */
struct capipc_state {
	int fd;
	uint32_t *endpoints;
	struct capipc_call call;
	struct capipc_attachment attachments[HANDLES_MAX];
	unsigned char *buffer;
	uint32_t source;
	struct ring ring;
	struct ring consumer;
	char name[64];
};

/* Messages in a system call. */
#define BATCH_MAX 16

#define PTR(p) ((uint64_t)(uintptr_t)(p))

int capipc_open(struct capipc_state *state);
int capipc_ioctl(int fd, unsigned long request, void *argument);

/* Memory that a handle stands for; NULL if it cannot be mapped. */
void *capipc_map(int fd, uint32_t handle, size_t size, int protection);

/* A new data pipe: this end is the producer, the other one is for somebody else. */
int ring_create(int fd, struct ring *ring, uint32_t *consumer);
/* The consumer, received. */
int ring_attach(int fd, struct ring *ring, uint32_t handle);

/*
 * Waits until the next size bytes can be written, or read, and says where. Who has to wait
 * for room waits for enough more not to have to again at once. Of a ring, size is a part.
 */
int ring_begin_write(int fd, struct ring *ring, uint32_t size,
		     unsigned char **bytes);
int ring_begin_read(int fd, struct ring *ring, uint32_t size,
		    unsigned char **bytes);
/* They are written, or have been read. */
int ring_end(int fd, struct ring *ring, uint32_t size);

int capipc_serve(struct cell *cell);

#endif /* BENCH_CAPIPC_H */
