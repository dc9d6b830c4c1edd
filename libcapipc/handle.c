// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pipes, and what can be done with a handle of any kind.
 */
#include "internal.h"

int capipc_pipe_create(struct capipc_context *context, uint32_t endpoints[2])
{
	struct capipc_create create = { .size = sizeof(create) };
	int ret;

	ret = capipc_context_ioctl(context, CAPIPC_IOC_CREATE, &create);
	if (ret < 0)
		return ret;
	endpoints[0] = create.handle[0];
	endpoints[1] = create.handle[1];
	return 0;
}

int capipc_handle_close(struct capipc_context *context, uint32_t handle)
{
	struct capipc_close request = {
		.size = sizeof(request),
		.handle = handle,
	};

	return capipc_context_ioctl(context, CAPIPC_IOC_CLOSE, &request);
}

int capipc_handle_tag(struct capipc_context *context, uint32_t handle,
		      uint64_t cookie)
{
	return capipc_endpoint_notify(context, handle, cookie, 0);
}

int capipc_endpoint_notify(struct capipc_context *context, uint32_t endpoint,
			   uint64_t cookie, uint32_t flags)
{
	struct capipc_tag tag = {
		.size = sizeof(tag),
		.flags = flags,
		.handle = endpoint,
		.cookie = cookie,
	};

	return capipc_context_ioctl(context, CAPIPC_IOC_TAG, &tag);
}

int capipc_handle_inspect(struct capipc_context *context, uint32_t handle,
			  struct capipc_inspect *inspect)
{
	*inspect = (struct capipc_inspect){
		.size = sizeof(*inspect),
		.handle = handle,
	};
	return capipc_context_ioctl(context, CAPIPC_IOC_INSPECT, inspect);
}

int capipc_handle_inspect_kind(struct capipc_context *context, uint32_t handle,
			       uint32_t kind, struct capipc_inspect *inspect)
{
	int ret = capipc_handle_inspect(context, handle, inspect);

	if (ret < 0)
		return ret;
	return inspect->kind == kind ? 0 : -EPROTOTYPE;
}
