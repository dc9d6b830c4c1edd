// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages with a receive area: they are read like any others.
 */
#include "guest.h"

#include <pthread.h>

#define AREA ((size_t)40000)

static uint32_t ends[2];

static void fill(uint8_t *bytes, size_t length, unsigned int seed)
{
	size_t i;

	for (i = 0; i < length; i++)
		bytes[i] = (uint8_t)(seed + i + (i >> 8) * 3);
}

static int send_bytes(const uint8_t *bytes, size_t length)
{
	capipc_message_reset(reply, 7);
	capipc_message_append_u32(reply, 42);
	capipc_message_append_bytes(reply, bytes, length);
	return capipc_endpoint_send(context, ends[0], reply, SECONDS_5, 0);
}

/* What is in the message is what was sent, and no more. */
static bool has_bytes(const uint8_t *bytes, size_t length)
{
	const void *got;
	uint32_t number;
	size_t count;

	return capipc_message_ordinal(message) == 7 &&
	       !capipc_message_read_u32(message, &number) && number == 42 &&
	       !capipc_message_read_bytes(message, &got, &count) &&
	       count == length && !memcmp(got, bytes, length) &&
	       !capipc_message_read_end(message);
}

static void *receive_later(void *result)
{
	*(int *)result = receive(ends[1]);
	return NULL;
}

static void receive_sizes(const uint8_t *bytes, bool waiting)
{
	static const size_t lengths[] = { 0,	    1,	  500,	 3000,
					  AREA - 8, AREA, 500000 };
	pthread_t thread;
	unsigned int i;
	int ret;

	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		if (waiting) {
			pthread_create(&thread, NULL, receive_later, &ret);
			usleep(20000);
		}
		ok(!send_bytes(bytes + i, lengths[i]), "bytes are sent");
		if (waiting)
			pthread_join(thread, NULL);
		else
			ret = receive(ends[1]);
		ok(!ret && has_bytes(bytes + i, lengths[i]),
		   waiting ? "and arrive with who waits" : "and arrive");
	}
}

/* What is in the area can be passed on, and appended to. */
static void pass_on(const uint8_t *bytes)
{
	const void *data, *same;
	size_t length;

	ok(!send_bytes(bytes, 2000) && !receive(ends[1]), "one is received");
	data = capipc_message_data(message, &length);
	ok(!capipc_endpoint_send(context, ends[1], message, SECONDS_5, 0) &&
		   !receive(ends[0]) && has_bytes(bytes, 2000),
	   "and is sent on out of the area, into itself");
	same = capipc_message_data(message, NULL);
	ok(data == same, "it is read where it was put");
	ok(!capipc_message_append_u32(message, 43), "more is appended");
	ok(capipc_message_data(message, &length) != same && length == 2012,
	   "which moves it elsewhere");
	capipc_message_read_rewind(message);
	ok(!has_bytes(bytes, 2000) &&
		   capipc_message_read_end(message) == -EBADMSG,
	   "it is longer now");
}

/* ---------------------------------------------------------- a dispatcher's */

struct served {
	const uint8_t *bytes;
	size_t length;
	int count;
	bool same, busy;
};

static int serve(struct capipc_request *request, void *data)
{
	const struct capipc_message *got = capipc_request_message(request);
	struct served *served = data;
	const uint8_t *there;
	size_t length;

	there = capipc_message_data(got, &length);
	served->count++;
	/* after two numbers: that of the message, and how many bytes there are */
	served->same = length == served->length + 8 &&
		       !memcmp(there + 8, served->bytes, served->length);
	served->busy =
		capipc_dispatcher_use_area(capipc_request_dispatcher(request),
					   0) == -EDEADLK;
	return 0;
}

static void dispatch(const uint8_t *bytes)
{
	static const struct capipc_interface interface = { .unknown = serve };
	static const size_t sizes[] = { 10, 3000, 39000, 0, 200000 };
	struct capipc_dispatcher *dispatcher;
	struct served served = { .bytes = bytes };
	uint32_t pipe[2];
	unsigned int i;

	ok(!capipc_dispatcher_new(&dispatcher, context), "a dispatcher");
	ok(!capipc_dispatcher_use_area(dispatcher, AREA), "has an area");
	ok(!capipc_pipe_create(context, pipe) &&
		   !capipc_dispatcher_add_endpoint(dispatcher, pipe[1],
						   &interface, &served),
	   "and an endpoint");
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		served.length = sizes[i];
		capipc_message_reset(reply, 7);
		capipc_message_append_u32(reply, 42);
		capipc_message_append_bytes(reply, bytes, sizes[i]);
		ok(!capipc_endpoint_send(context, pipe[0], reply, SECONDS_5,
					 0) &&
			   capipc_dispatcher_dispatch(dispatcher, 1) == 1,
		   "it gets a message");
		ok(served.count == (int)i + 1 && served.same, "as it was sent");
		ok(served.busy, "and keeps its area meanwhile");
	}
	ok(!capipc_dispatcher_use_area(dispatcher, 0), "none any more");
	capipc_dispatcher_free(dispatcher);
	capipc_handle_close(context, pipe[0]);
}

void test_area(void)
{
	uint8_t *bytes = malloc(600000);

	if (!bytes)
		return;
	fill(bytes, 600000, 1);
	ok(!capipc_pipe_create(context, ends), "a pipe");
	ok(capipc_message_use_area(message, CAPIPC_MESSAGE_MAX + 1) ==
		   -EMSGSIZE,
	   "an area has a greatest size");
	ok(!capipc_message_use_area(message, AREA), "a message has an area");
	ok(!capipc_message_use_area(message, 10),
	   "and keeps it if it is large enough");
	receive_sizes(bytes, false);
	receive_sizes(bytes, true);
	pass_on(bytes);
	ok(!capipc_message_use_area(message, AREA * 2), "a larger area");
	receive_sizes(bytes, false);
	ok(!capipc_message_use_area(message, 0), "none any more");
	receive_sizes(bytes, false);
	dispatch(bytes);
	capipc_handle_close(context, ends[0]);
	capipc_handle_close(context, ends[1]);
	free(bytes);
}
