/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Buffers that messages are sent from, in a test.
 */
#ifndef CAPIPC_TEST_SOURCE_H
#define CAPIPC_TEST_SOURCE_H

#include "area.h"
#include "capipc_test_account.h"

/* What the context of @fd has been charged for now; ~0 if that cannot be found out. */
static __unused_fn __u64 bytes_charged(struct nl *nl, int fd)
{
	struct holding h;
	struct wanted_account wanted = { .to = &h };
	struct nl_request r;
	struct capipc_info info;

	if (ipc_do_info(fd, &info))
		return ~0ULL;
	wanted.context = info.context_id;
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_ACCOUNT, NLM_F_DUMP);
	if (nl_ask(nl, &r, NULL, take_account, &wanted) < 0 ||
	    wanted.found != 1)
		return ~0ULL;
	return h.amount[BYTES].used;
}

struct source {
	int fd; /* whose it is */
	uint32_t handle;
	size_t bytes;
	char *p; /* where it is mapped, for writing */
};

static __unused_fn int source_create(int fd, size_t bytes, uint32_t *handle)
{
	struct capipc_create_buffer a = { .bytes = bytes,
					  .flags = CAPIPC_BUFFER_SOURCE };
	int ret = ipc_do_create_buffer(fd, &a);

	*handle = a.handle;
	return ret;
}

static __unused_fn int source_open(struct source *s, int fd, size_t bytes)
{
	int ret;

	memset(s, 0, sizeof(*s));
	s->fd = fd;
	s->bytes = bytes;
	ret = source_create(fd, bytes, &s->handle);
	return ret ? ret :
		     ipc_map(fd, s->handle, bytes, PROT_READ | PROT_WRITE,
			     &s->p);
}

/* Neither mapped nor named any more. */
static __unused_fn int source_close(struct source *s)
{
	munmap(s->p, s->bytes);
	s->bytes = 0;
	return ipc_close(s->fd, s->handle);
}

static inline struct capipc_send source_message(const struct source *s,
						uint32_t handle,
						uint64_t offset, uint32_t len,
						uint32_t ordinal)
{
	return (struct capipc_send){
		.deadline_ns = ipc_soon(),
		.data = offset,
		.data_len = len,
		.handle = handle,
		.ordinal = ordinal,
		.source = s->handle,
	};
}

static inline struct capipc_call source_request(const struct source *s,
						uint32_t handle,
						uint64_t offset, uint32_t len,
						uint32_t ordinal)
{
	return (struct capipc_call){
		.deadline_ns = ipc_soon(),
		.data = offset,
		.data_len = len,
		.handle = handle,
		.ordinal = ordinal,
		.source = s->handle,
	};
}

static __unused_fn int source_send(const struct source *s, uint32_t handle,
				   uint64_t offset, uint32_t len,
				   uint32_t ordinal)
{
	struct capipc_send a = source_message(s, handle, offset, len, ordinal);

	return ipc_do_send(s->fd, &a);
}

/* A call by another thread: a pattern, which is @ordinal, is put there before. */
static __unused_fn int source_call(struct async_call *c, const struct source *s,
				   uint32_t handle, uint64_t offset,
				   uint32_t len, uint32_t ordinal)
{
	pattern_fill(s->p + offset, len, ordinal);
	async_call_init(c, s->fd, handle, "");
	c->a.data = offset;
	c->a.data_len = len;
	c->a.ordinal = ordinal;
	c->a.source = s->handle;
	return async_call_go(c);
}

#endif /* CAPIPC_TEST_SOURCE_H */
