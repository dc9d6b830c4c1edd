// SPDX-License-Identifier: GPL-2.0
/*
 * Shared buffers: see buffer.h.
 */
#include "buffer.h"
#include "context.h"
#include "handle.h"
#include "ioctl.h"
#include "memory.h"
#include "table.h"

/**
 * capipc_buffer_get_mapped - get a part of a buffer that the kernel has mapped
 * @context: whose
 * @handle: an area or a source, with %CAPIPC_RIGHT_READ
 * @offset: where the part begins
 * @len: how long it is
 *
 * Return: the memory, with a reference; or -EBADF, -EBUSY, -EPROTOTYPE (not such a buffer),
 * -EPERM (not to be read), -EINVAL (not inside).
 */
struct capipc_memory *capipc_buffer_get_mapped(struct capipc_context *context, u32 handle,
					       u64 offset, u32 len)
{
	struct capipc_memory *memory = capipc_table_get_buffer(&context->table, handle,
							       CAPIPC_RIGHT_READ);
	u64 size;
	int ret;

	if (IS_ERR(memory))
		return memory;
	size = capipc_memory_size(memory);
	if (likely(memory->kernel && offset <= size && len <= size - offset))
		return memory;
	ret = memory->kernel ? -EINVAL : -EPROTOTYPE;
	capipc_memory_put(memory);
	return ERR_PTR(ret);
}

/*
 * Give the caller a handle: tell its value, then publish it. @out is where in the
 * request. One slot has been reserved; the reference of @what is consumed.
 */
static int capipc_buffer_publish(struct capipc_context *context, struct capipc_request *request,
				 const struct capipc_handle *what, u32 *out)
{
	struct capipc_table *table = &context->table;
	int ret;

	*out = capipc_table_take(table);
	ret = capipc_request_respond(request);
	if (ret)
		capipc_table_abort(table, *out);
	else if (capipc_table_publish(table, *out, what))
		return 0;
	capipc_handle_put(what);
	return ret;
}

int capipc_ioctl_create_buffer(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_create_buffer *arg = &request->argument.create_buffer;
	bool area = arg->flags & CAPIPC_BUFFER_AREA;
	struct capipc_handle what = {
		.rights = area ? CAPIPC_AREA_RIGHTS : CAPIPC_BUFFER_RIGHTS,
		.kind = CAPIPC_KIND_BUFFER,
	};
	int ret;

	if ((arg->flags & ~(CAPIPC_BUFFER_AREA | CAPIPC_BUFFER_SOURCE)) || arg->reserved)
		return -EINVAL;
	if (area && arg->flags != CAPIPC_BUFFER_AREA)
		return -EINVAL;
	ret = capipc_table_reserve(&context->table, 1, false);
	if (ret)
		return ret;
	what.memory = capipc_memory_create(context->account, arg->bytes, arg->flags);
	if (IS_ERR(what.memory)) {
		capipc_table_unreserve(&context->table, 1);
		return PTR_ERR(what.memory);
	}
	arg->bytes = capipc_memory_size(what.memory);
	return capipc_buffer_publish(context, request, &what, &arg->handle);
}

int capipc_ioctl_duplicate(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_duplicate *arg = &request->argument.duplicate;
	struct capipc_handle what;
	u32 rights;
	int ret;

	if (arg->flags || arg->reserved)
		return -EINVAL;
	ret = capipc_table_get_any(&context->table, arg->handle, &what);
	if (ret)
		return ret;
	/* Only handles to what can be in several places have the right. */
	rights = arg->rights == CAPIPC_RIGHTS_SAME ? what.rights : arg->rights;
	ret = -EPERM;
	if (!(what.rights & CAPIPC_RIGHT_DUPLICATE) || (rights & ~what.rights))
		goto err_put;
	ret = capipc_table_reserve(&context->table, 1, false);
	if (ret)
		goto err_put;
	what.rights = rights;
	return capipc_buffer_publish(context, request, &what, &arg->duplicate);

err_put:
	capipc_handle_put(&what);
	return ret;
}
