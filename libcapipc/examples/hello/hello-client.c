// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hello.h"

#include <capipc.h>
#include <stdio.h>
#include <string.h>

static int hello(struct capipc_context *context, const char *who)
{
	struct capipc_message *request = NULL, *reply = NULL;
	const char *greeting = "";
	uint32_t server;
	int ret;

	ret = capipc_endpoint_connect(context, HELLO_NAME, 0, &server);
	if (ret < 0)
		return ret;
	ret = capipc_message_new(&request, context, HELLO_GREET);
	if (!ret)
		ret = capipc_message_new(&reply, context, 0);
	if (!ret) {
		capipc_message_append_string(request, who);
		ret = capipc_endpoint_call(context, server, request, reply,
					   capipc_deadline_in_ms(5000), 0,
					   NULL);
	}
	if (!ret) {
		capipc_message_read_string(reply, &greeting);
		ret = capipc_message_read_end(reply);
	}
	if (!ret)
		puts(greeting);
	capipc_message_free(request);
	capipc_message_free(reply);
	capipc_handle_close(context, server);
	return ret;
}

int main(int argc, char **argv)
{
	struct capipc_context *context;
	int ret;

	ret = capipc_context_open(&context, NULL, 0);
	if (!ret) {
		ret = hello(context, argc > 1 ? argv[1] : "world");
		capipc_context_free(context);
	}
	if (ret < 0)
		fprintf(stderr, "hello-client: %s\n", strerror(-ret));
	return ret < 0;
}
