// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Requests: what a handler can do with what the dispatcher gives it.
 */
#include "internal.h"

#include <stdlib.h>

struct capipc_message *
capipc_request_message(const struct capipc_request *request)
{
	return request->message;
}

struct capipc_message *
capipc_request_reply(const struct capipc_request *request)
{
	return request->reply;
}

const struct capipc_received *
capipc_request_received(const struct capipc_request *request)
{
	return &request->received;
}

struct capipc_dispatcher *
capipc_request_dispatcher(const struct capipc_request *request)
{
	return request->dispatcher;
}

struct capipc_context *
capipc_request_context(const struct capipc_request *request)
{
	return request->context;
}

int capipc_request_defer(struct capipc_request *request, uint32_t *reply_handle)
{
	if (!request->reply_handle)
		return -EINVAL;
	*reply_handle = request->reply_handle;
	request->reply_handle = 0;
	return 0;
}

int capipc_request_entrust(struct capipc_request *request,
			   struct capipc_message *message, uint32_t rights)
{
	int ret;

	if (!request->reply_handle || message->context != request->context)
		return -EINVAL;
	ret = capipc_message_append_handle(message, request->reply_handle,
					   rights);
	if (!ret)
		request->reply_handle = 0;
	return ret;
}

int capipc_request_peer(struct capipc_peer **out,
			struct capipc_request *request, unsigned int flags)
{
	struct capipc_context *context = request->context;

	if (request->reported)
		return -EINVAL;
	if (request->reply_handle)
		return capipc_peer_query(out, context, request->reply_handle, 0,
					 flags);
	return capipc_peer_query(out, context, request->received.from,
				 request->received.stamp.id, flags);
}

int capipc_request_report(struct capipc_request *request, const char *reason,
			  unsigned int flags)
{
	struct capipc_context *context = request->context;
	int ret;

	if (request->reported)
		return -EINVAL;
	if (request->reply_handle)
		ret = capipc_endpoint_report(context, request->reply_handle, 0,
					     reason, flags);
	else
		ret = capipc_endpoint_report(context, request->received.from,
					     request->received.stamp.id, reason,
					     flags);
	if (ret < 0)
		return ret;
	request->reported = true;
	request->reply_handle = 0;
	return ret;
}

static int method_compare(const void *key, const void *member)
{
	uint32_t ordinal = *(const uint32_t *)key;
	const struct capipc_method *method = member;

	if (ordinal == method->ordinal)
		return 0;
	return ordinal < method->ordinal ? -1 : 1;
}

int capipc_request_handle(struct capipc_request *request,
			  const struct capipc_interface *interface, void *data)
{
	const struct capipc_method *method = NULL;

	if (interface->methods_count)
		method = bsearch(&request->received.ordinal, interface->methods,
				 interface->methods_count, sizeof(*method),
				 method_compare);
	if (method)
		return method->handle(request, data);
	if (interface->unknown)
		return interface->unknown(request, data);
	return -EOPNOTSUPP;
}
