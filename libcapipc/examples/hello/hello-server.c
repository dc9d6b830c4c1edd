// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Greets everybody by the user id that the kernel vouches for. Run it as root.
 */
#include "hello.h"

#include <capipc.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int greet(struct capipc_request *request, void *data)
{
	struct capipc_message *message = capipc_request_message(request);
	char greeting[200];
	const char *who;

	(void)data;
	capipc_message_read_string(message, &who);
	if (capipc_message_read_end(message) < 0)
		return -EBADMSG;
	snprintf(greeting, sizeof(greeting), "Hello %.100s, you are user %u.",
		 who, capipc_message_stamp(message)->uid);
	return capipc_message_append_string(capipc_request_reply(request),
					    greeting);
}

static const struct capipc_method methods[] = {
	{ .ordinal = HELLO_GREET, .handle = greet },
};

static const struct capipc_interface hello = {
	.methods = methods,
	.methods_count = 1,
};

static int serve(struct capipc_context *context)
{
	struct capipc_dispatcher *dispatcher;
	struct capipc_rules *anyone;
	uint32_t listener;
	int ret;

	ret = capipc_rules_new(&anyone);
	if (ret < 0)
		return ret;
	capipc_rules_allow(anyone);
	ret = capipc_listener_bind(context, HELLO_NAME, anyone, NULL, 0, 0,
				   &listener);
	capipc_rules_free(anyone);
	if (ret < 0)
		return ret;

	ret = capipc_dispatcher_new(&dispatcher, context);
	if (ret < 0)
		return ret;
	ret = capipc_dispatcher_add_listener(dispatcher, listener, &hello,
					     NULL);
	if (!ret)
		ret = capipc_dispatcher_run(dispatcher, CAPIPC_FOREVER);
	capipc_dispatcher_free(dispatcher);
	return ret;
}

int main(void)
{
	struct capipc_context *context;
	int ret;

	ret = capipc_context_open(&context, NULL, 0);
	if (!ret) {
		ret = serve(context);
		capipc_context_free(context);
	}
	if (ret < 0)
		fprintf(stderr, "hello-server: %s\n", strerror(-ret));
	return ret < 0;
}
