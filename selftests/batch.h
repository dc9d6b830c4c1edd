/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Batches: what their tests share.
 */
#ifndef BATCH_H
#define BATCH_H

#include "async.h"

#define BATCH_ROOM 65536

/* What is sent together, or was received together. */
struct batch {
	struct capipc_batched m[CAPIPC_BATCH_MAX + 1];
	unsigned char data[BATCH_ROOM];
	uint32_t count, len;
	struct capipc_send_batch s;
	struct capipc_receive_batch r;
};

static __unused_fn void batch_clear(struct batch *b)
{
	b->count = 0;
	b->len = 0;
}

/* The bytes of a message say which it is, at each place. */
static inline unsigned char batch_byte(uint32_t ordinal, uint32_t at)
{
	return (unsigned char)(ordinal * 31 + at * 7 + at / 256);
}

static __unused_fn void batch_add(struct batch *b, uint32_t ordinal,
				  uint32_t len)
{
	uint32_t i;

	b->m[b->count++] = (struct capipc_batched){ ordinal, len };
	for (i = 0; i < len; i++)
		b->data[b->len++] = batch_byte(ordinal, i);
}

/* So many, each of so many bytes, with ordinals from @first on. */
static __unused_fn void batch_of(struct batch *b, uint32_t first,
				 uint32_t count, uint32_t len)
{
	uint32_t i;

	batch_clear(b);
	for (i = 0; i < count; i++)
		batch_add(b, first + i, len);
}

static __unused_fn int ipc_do_send_batch(int fd, struct capipc_send_batch *a)
{
	a->size = sizeof(*a);
	ipc_poison(a->sent);
	return ipc_ioctl(fd, CAPIPC_IOC_SEND_BATCH, a);
}

static __unused_fn int ipc_do_receive_batch(int fd,
					    struct capipc_receive_batch *a)
{
	a->size = sizeof(*a);
	memset(&a->type, IPC_POISON,
	       sizeof(*a) - offsetof(struct capipc_receive_batch, type));
	return ipc_ioctl(fd, CAPIPC_IOC_RECEIVE_BATCH, a);
}

/* How many were sent, or an error. */
static __unused_fn int batch_send_flags(int fd, uint32_t handle,
					struct batch *b, uint32_t flags,
					int64_t deadline)
{
	int ret;

	b->s = (struct capipc_send_batch){
		.flags = flags,
		.deadline_ns = deadline,
		.messages = ipc_ptr(b->m),
		.data = ipc_ptr(b->data),
		.data_len = b->len,
		.count = b->count,
		.handle = handle,
	};
	ret = ipc_do_send_batch(fd, &b->s);
	return ret ? ret : (int)b->s.sent;
}

static __unused_fn int batch_send(int fd, uint32_t handle, struct batch *b)
{
	return batch_send_flags(fd, handle, b, 0, ipc_soon());
}

static __unused_fn int batch_trysend(int fd, uint32_t handle, struct batch *b)
{
	return batch_send_flags(fd, handle, b, CAPIPC_NOWAIT, 0);
}

/* How many were received, or an error. */
static __unused_fn int batch_recv_flags(int fd, uint32_t handle,
					struct batch *b, uint32_t capacity,
					uint32_t room, uint32_t flags,
					int64_t deadline)
{
	int ret;

	memset(b->m, IPC_POISON, sizeof(b->m));
	memset(b->data, IPC_POISON, sizeof(b->data));
	b->r = (struct capipc_receive_batch){
		.flags = flags,
		.deadline_ns = deadline,
		.messages = ipc_ptr(b->m),
		.data = ipc_ptr(b->data),
		.data_capacity = room,
		.count_capacity = capacity,
		.handle = handle,
	};
	ret = ipc_do_receive_batch(fd, &b->r);
	b->count = ret ? 0 : b->r.count;
	b->len = ret ? 0 : b->r.data_len;
	return ret ? ret : (int)b->r.count;
}

static __unused_fn int batch_recv(int fd, uint32_t handle, struct batch *b)
{
	return batch_recv_flags(fd, handle, b, CAPIPC_BATCH_MAX, BATCH_ROOM, 0,
				ipc_soon());
}

static __unused_fn int batch_tryrecv(int fd, uint32_t handle, struct batch *b)
{
	return batch_recv_flags(fd, handle, b, CAPIPC_BATCH_MAX, BATCH_ROOM,
				CAPIPC_NOWAIT, 0);
}

/* What was received is @count messages of @len bytes, with ordinals from @first on. */
static __unused_fn int batch_is(const struct batch *b, uint32_t first,
				uint32_t count, uint32_t len)
{
	uint32_t i, j, at = 0;

	if (b->count != count || b->len != count * len ||
	    b->r.type != CAPIPC_RECEIVED_MESSAGE)
		return -EPROTO;
	for (i = 0; i < count; i++) {
		if (b->m[i].ordinal != first + i || b->m[i].data_len != len)
			return -EILSEQ;
		for (j = 0; j < len; j++)
			if (b->data[at++] != batch_byte(first + i, j))
				return -EBADMSG;
	}
	/* not a byte more */
	if (at < BATCH_ROOM && b->data[at] != IPC_POISON)
		return -EOVERFLOW;
	return count <= CAPIPC_BATCH_MAX &&
			       b->m[count].ordinal != IPC_POISON32 ?
		       -EOVERFLOW :
		       0;
}

/* The next single message is this one. */
static __unused_fn int single_is(int fd, uint32_t handle, uint32_t ordinal,
				 uint32_t len)
{
	static struct ipc_message m;
	int ret = ipc_tryrecv_from(fd, handle, &m);
	uint32_t j;

	if (ret)
		return ret;
	if (m.r.type != CAPIPC_RECEIVED_MESSAGE || m.r.data_len != len ||
	    m.r.ordinal != ordinal)
		return -EPROTO;
	for (j = 0; j < len; j++)
		if ((unsigned char)m.data[j] != batch_byte(ordinal, j))
			return -EBADMSG;
	return 0;
}

/* One of a stream, by itself. */
static __unused_fn int single_send(int fd, uint32_t handle, uint32_t ordinal,
				   uint32_t len)
{
	static unsigned char data[BATCH_ROOM];
	uint32_t j;

	for (j = 0; j < len; j++)
		data[j] = batch_byte(ordinal, j);
	return ipc_trysend(fd, handle, ordinal, data, len);
}

#endif /* BATCH_H */
