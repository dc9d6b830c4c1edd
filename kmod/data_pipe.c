// SPDX-License-Identifier: GPL-2.0
/*
 * Data pipes: see data_pipe.h.
 *
 * Pages of the memory: the consumer's header, the producer's header, the ring. So
 * what each end may write is in one piece.
 */
#include <linux/log2.h>
#include <linux/mm.h>

#include "context.h"
#include "data_pipe.h"
#include "ioctl.h"
#include "memory.h"
#include "table.h"

static const u8 capipc_data_kinds[2] = { CAPIPC_KIND_PRODUCER, CAPIPC_KIND_CONSUMER };
static const u32 capipc_data_rights[2] = {
	CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_MAP | CAPIPC_RIGHT_TRANSFER,
	CAPIPC_RIGHT_READ | CAPIPC_RIGHT_MAP | CAPIPC_RIGHT_TRANSFER,
};

void capipc_data_pipe_get(struct capipc_data_pipe *pipe)
{
	refcount_inc(&pipe->refs);
}

void capipc_data_pipe_put(struct capipc_data_pipe *pipe)
{
	if (!refcount_dec_and_test(&pipe->refs))
		return;
	put_cred(pipe->end[0].flight_cred);
	put_cred(pipe->end[1].flight_cred);
	capipc_memory_put(pipe->memory);
	kfree(pipe);
}

/* Returns the pipe with one reference for each end. */
static struct capipc_data_pipe *capipc_data_pipe_create(struct capipc_account *account, u64 bytes,
							u32 element_bytes)
{
	struct capipc_data_pipe *pipe = kzalloc(sizeof(*pipe), GFP_KERNEL_ACCOUNT);
	int ret, i;

	if (!pipe)
		return ERR_PTR(-ENOMEM);
	pipe->memory = capipc_memory_create(account, bytes + 2 * PAGE_SIZE, 0);
	if (IS_ERR(pipe->memory)) {
		ret = PTR_ERR(pipe->memory);
		kfree(pipe);
		return ERR_PTR(ret);
	}
	refcount_set(&pipe->refs, 2);
	capipc_guard_init(&pipe->guard);
	pipe->id = pipe->memory->id;
	pipe->bytes = bytes;
	pipe->element_bytes = element_bytes;
	for (i = 0; i < 2; i++) {
		pipe->end[i].index = i;
		capipc_object_init(&pipe->end[i].object, capipc_data_kinds[i], &pipe->guard);
	}
	return pipe;
}

/* The end is closed: tell the peer. */
void capipc_data_end_close_locked(struct capipc_data_end *end)
{
	lockdep_assert_held(end->object.lock);
	end->signalled = false;
	capipc_object_update_ready_locked(&capipc_data_end_peer(end)->object);
}

/* What its holder is told next: enum capipc_receive_type. */
u32 capipc_data_end_next_news_locked(const struct capipc_data_end *end)
{
	lockdep_assert_held(end->object.lock);
	if (!end->signalled)
		return CAPIPC_RECEIVED_PEER_CLOSED;
	return end->index ? CAPIPC_RECEIVED_READABLE : CAPIPC_RECEIVED_WRITABLE;
}

/* The same, and that has been told. */
u32 capipc_data_end_take_news_locked(struct capipc_data_end *end)
{
	u32 type = capipc_data_end_next_news_locked(end);

	end->signalled = false;
	return type;
}

/**
 * capipc_data_end_view - what an end may map
 * @end: the end
 * @write: for writing: what is its own; else all, for reading, and for ever
 * @view: out
 */
void capipc_data_end_view(struct capipc_data_end *end, bool write, struct capipc_view *view)
{
	struct capipc_memory *memory = capipc_data_end_pipe(end)->memory;

	*view = (struct capipc_view) {
		.memory = memory,
		.count = memory->count,
		.writable = write,
	};
	if (!write)
		return;
	if (end->object.kind == CAPIPC_KIND_CONSUMER) {
		view->count = 1;
	} else {
		view->first = 1;
		view->count--;
	}
}

/* The size of the ring in bytes, or 0 if that is more than could ever be. */
static u64 capipc_data_ring_size(struct capipc_create_data_pipe *arg)
{
	u64 bytes;

	if (arg->elements > CAPIPC_MEMORY_MAX)
		return 0;
	arg->elements = roundup_pow_of_two(arg->elements);
	bytes = (u64)arg->elements * arg->element_bytes;
	return bytes > CAPIPC_MEMORY_MAX ? 0 : bytes;
}

int capipc_ioctl_create_data_pipe(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_create_data_pipe *arg = &request->argument.create_data_pipe;
	struct capipc_table *table = &context->table;
	struct capipc_data_pipe *pipe;
	u64 bytes;
	int ret, i;

	if (arg->flags || !arg->elements || !arg->element_bytes)
		return -EINVAL;
	bytes = capipc_data_ring_size(arg);
	if (!bytes)
		return -EMSGSIZE;
	ret = capipc_table_reserve(table, 2, false);
	if (ret)
		return ret;
	pipe = capipc_data_pipe_create(context->account, bytes, arg->element_bytes);
	if (IS_ERR(pipe)) {
		capipc_table_unreserve(table, 2);
		return PTR_ERR(pipe);
	}
	for (i = 0; i < 2; i++) {
		pipe->end[i].object.cookie = arg->cookie[i];
		arg->handle[i] = capipc_table_take(table);
	}
	ret = capipc_request_respond(request);
	if (ret)
		goto err_take;
	for (i = 0; i < 2; i++)
		capipc_object_hold(&pipe->end[i].object, context, arg->handle[i],
				   capipc_data_rights[i]);
	return 0;

err_take:
	for (i = 0; i < 2; i++) {
		capipc_table_abort(table, arg->handle[i]);
		capipc_data_pipe_put(pipe);
	}
	return ret;
}

int capipc_ioctl_signal(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_signal *arg = &request->argument.signal;
	struct capipc_data_end *end, *peer;
	struct capipc_handle handle;
	int ret;

	if (arg->flags || arg->reserved)
		return -EINVAL;
	ret = capipc_table_get_any(&context->table, arg->handle, &handle);
	if (ret)
		return ret;
	ret = -EPROTOTYPE;
	if (!capipc_kind_is_data_end(handle.kind))
		goto out_put;
	ret = -EPERM;
	if (!(handle.rights & capipc_object_receive_right(handle.kind)))
		goto out_put;

	end = capipc_data_end(handle.object);
	peer = capipc_data_end_peer(end);
	ret = 0;
	capipc_object_lock(handle.object);
	if (capipc_data_peer_closed_locked(end)) {
		ret = -EPIPE;
	} else if (!peer->signalled) {
		peer->signalled = true;
		capipc_object_update_ready_locked(&peer->object);
	}
	capipc_object_unlock(handle.object);
out_put:
	capipc_handle_put(&handle);
	return ret;
}
