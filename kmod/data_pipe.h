/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Data pipes: a ring of elements in shared memory, with a producer and a consumer.
 *
 * The ends are objects: each is in one place at a time. Nothing is ever queued at
 * one; what its holder can receive is that the other end has signalled, or is
 * closed. The kernel never looks at the memory.
 *
 * A data pipe is one allocation with its two ends; a reference to an end is a
 * reference to the pipe.
 */
#ifndef CAPIPC_DATA_PIPE_H
#define CAPIPC_DATA_PIPE_H

#include "main.h"
#include "object.h"

/**
 * struct capipc_data_end - one end; all under the lock of the data pipe
 * @object: place and holder; its queue is always empty
 * @index: 0 for the producer, 1 for the consumer; invariant
 * @signalled: the other end has signalled, and its holder has not been told
 * @flight_cred: in flight: credentials of the last holder
 */
struct capipc_data_end {
	struct capipc_object object;
	u8 index;
	bool signalled;
	const struct cred *flight_cred;
};

/**
 * struct capipc_data_pipe - a data pipe
 * @refs: one for each place an end is in and for each temporary use
 * @guard: its lock protects both ends
 * @id: number in dumps; invariant
 * @element_bytes: size of an element; invariant
 * @bytes: size of the ring; invariant
 * @memory: headers and ring; invariant
 * @end: the ends
 */
struct capipc_data_pipe {
	refcount_t refs;
	struct capipc_guard guard; /* both ends */
	u64 id;
	u32 element_bytes;
	u64 bytes;
	struct capipc_memory *memory;
	struct capipc_data_end end[2];
};

static inline bool capipc_kind_is_data_end(u8 kind)
{
	return kind == CAPIPC_KIND_PRODUCER || kind == CAPIPC_KIND_CONSUMER;
}

static inline struct capipc_data_end *capipc_data_end(struct capipc_object *object)
{
	return container_of(object, struct capipc_data_end, object);
}

static inline struct capipc_data_pipe *capipc_data_end_pipe(struct capipc_data_end *end)
{
	return container_of(end - end->index, struct capipc_data_pipe, end[0]);
}

static inline struct capipc_data_end *capipc_data_end_peer(struct capipc_data_end *end)
{
	return &capipc_data_end_pipe(end)->end[!end->index];
}

static inline bool capipc_data_peer_closed_locked(struct capipc_data_end *end)
{
	return capipc_data_end_peer(end)->object.place == CAPIPC_PLACE_CLOSED;
}

void capipc_data_pipe_get(struct capipc_data_pipe *pipe);
void capipc_data_pipe_put(struct capipc_data_pipe *pipe);
void capipc_data_end_close_locked(struct capipc_data_end *end);
u32 capipc_data_end_next_news_locked(const struct capipc_data_end *end);
u32 capipc_data_end_take_news_locked(struct capipc_data_end *end);
void capipc_data_end_view(struct capipc_data_end *end, bool write, struct capipc_view *view);

int capipc_ioctl_create_data_pipe(struct capipc_context *context,
				  struct capipc_request *request);
int capipc_ioctl_signal(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_DATA_PIPE_H */
