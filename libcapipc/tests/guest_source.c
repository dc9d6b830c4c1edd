// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages with a source arrive like any others, at a process with an area and at one
 * without.
 */
#include "guest.h"

#define SOURCE ((size_t)65536)

enum {
	DIGEST = 1,
	DIGEST_LATE,
	ECHO
};

static struct capipc_message *large;
static uint8_t pattern[CAPIPC_MESSAGE_MAX];

static uint32_t sum_of(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 1;
	size_t i;

	for (i = 0; i < length; i++)
		sum = sum * 31 + bytes[i];
	return sum;
}

/* ------------------------------------------------------- the other process */

/* What came, or what it was like */
static void build_answer(struct capipc_message *in, struct capipc_message *out)
{
	const uint8_t *bytes;
	size_t length;

	bytes = capipc_message_data(in, &length);
	capipc_message_reset(out, 0);
	if (capipc_message_ordinal(in) == ECHO) {
		capipc_message_append_raw(out, bytes, length);
		return;
	}
	capipc_message_append_u32(out, (uint32_t)length);
	capipc_message_append_u32(out, sum_of(bytes, length));
	capipc_message_append_u32(out, (uint32_t)capipc_message_handles(in));
}

static int serve(struct capipc_context *own, void *data)
{
	struct capipc_message *in = new_message(own, 0);
	struct capipc_message *out = new_message(own, 0);
	const size_t *area = data;
	struct capipc_received got;
	uint32_t endpoint;
	int ret;

	ret = capipc_message_use_source(out, SOURCE);
	if (!ret)
		ret = capipc_message_use_source(in, SOURCE);
	if (!ret)
		ret = capipc_message_use_area(in, *area);
	if (!ret)
		ret = capipc_endpoint_connect(own, NAME, 0, &endpoint);
	while (!ret) {
		ret = capipc_context_receive(own, 0, in, &got, SECONDS_5, 0);
		if (ret || got.type == CAPIPC_RECEIVED_PEER_CLOSED)
			break;
		build_answer(in, out);
		if (capipc_message_ordinal(in) == DIGEST_LATE)
			usleep(200000);
		/* What came with it is closed. */
		capipc_message_reset(in, 0);
		if (got.type == CAPIPC_RECEIVED_CALL)
			ret = capipc_reply_send(own, got.handle, out);
		else
			ret = capipc_endpoint_send(own, endpoint, out,
						   SECONDS_5, 0);
	}
	capipc_message_free(in);
	capipc_message_free(out);
	return ret;
}

/* ------------------------------------------------------------- this process */

static void build(uint32_t ordinal, size_t skip, size_t length)
{
	capipc_message_reset(large, ordinal);
	capipc_message_append_raw(large, pattern + skip, length);
}

static int call(uint32_t endpoint)
{
	return capipc_endpoint_call(context, endpoint, large, reply, SECONDS_5,
				    0, NULL);
}

/* The other process had this message, with so many handles. */
static bool digested(struct capipc_message *answer, size_t skip, size_t length,
		     uint32_t handles)
{
	uint32_t numbers[3] = { 0 };

	capipc_message_read_u32(answer, &numbers[0]);
	capipc_message_read_u32(answer, &numbers[1]);
	capipc_message_read_u32(answer, &numbers[2]);
	return !capipc_message_read_end(answer) && numbers[0] == length &&
	       numbers[1] == sum_of(pattern + skip, length) &&
	       numbers[2] == handles;
}

static void sizes(uint32_t endpoint, bool waiting)
{
	static const size_t lengths[] = {
		0,	    1,		600, 16383,  16384,
		SOURCE - 1, SOURCE - 8, 50,  200000, CAPIPC_MESSAGE_MAX
	};
	size_t i, length;

	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		/* the last bytes, so that no two messages are alike */
		length = lengths[i];
		build(DIGEST, CAPIPC_MESSAGE_MAX - length, length);
		/* The other process waits by then, and else it may not. */
		if (waiting)
			usleep(20000);
		ok(!capipc_endpoint_send(context, endpoint, large, SECONDS_5,
					 0) &&
			   !receive(endpoint) &&
			   digested(message, CAPIPC_MESSAGE_MAX - length,
				    length, 0),
		   "what is sent arrives");
		if (waiting)
			usleep(20000);
		ok(!call(endpoint) &&
			   digested(reply, CAPIPC_MESSAGE_MAX - length, length,
				    0),
		   "a request arrives");
	}
}

static void outgrow(uint32_t endpoint)
{
	const uint8_t *end = pattern + 7 + SOURCE;

	build(DIGEST, 7, SOURCE);
	is(capipc_message_append_raw(large, end, 1), 0, "outgrow it");
	ok(!call(endpoint) && digested(reply, 7, SOURCE + 1, 0),
	   "that arrives");
	is(capipc_message_append_raw(large, end + 1, 70000), 0, "and more");
	ok(!call(endpoint) && digested(reply, 7, SOURCE + 70001, 0),
	   "which arrives");
	build(DIGEST, 5, SOURCE);
	ok(!call(endpoint) && digested(reply, 5, SOURCE, 0),
	   "the next is in it again");
}

static void attach(uint32_t endpoint)
{
	struct capipc_inspect inspect;
	uint32_t ends[2];

	is(capipc_pipe_create(context, ends), 0, "make a pipe");
	build(DIGEST, 0, SOURCE);
	capipc_message_append_handle(large, ends[1], CAPIPC_RIGHTS_SAME);
	ok(!call(endpoint) && digested(reply, 0, SOURCE, 1),
	   "an end of it arrives with the bytes");
	ok(!capipc_handle_inspect(context, ends[0], &inspect) &&
		   inspect.state & CAPIPC_INSPECT_PEER_CLOSED &&
		   is_closed(ends[1]),
	   "and is closed there");
	capipc_handle_close(context, ends[0]);
}

/* The other process answers from a source, into one that has one. */
static void echo(uint32_t endpoint)
{
	const void *bytes;
	size_t length;

	is(capipc_message_reserve(reply, SOURCE * 2, 0), 0, "make room");
	is(capipc_message_use_source(reply, SOURCE), 0, "use a source for it");
	is(capipc_message_append_raw(reply, "what was there", 14), 0,
	   "which has something");
	build(ECHO, 3, SOURCE);
	is(call(endpoint), 0, "call");
	bytes = capipc_message_data(reply, &length);
	ok(length == SOURCE && !memcmp(bytes, pattern + 3, SOURCE),
	   "the answer is right");
	is(capipc_message_append_raw(reply, "", 1), 0, "it can be appended to");
	bytes = capipc_message_data(reply, &length);
	ok(length == SOURCE + 1 && !memcmp(bytes, pattern + 3, SOURCE),
	   "and is longer then");
	build(ECHO, 4, SOURCE + 10);
	is(call(endpoint), 0, "call with more");
	bytes = capipc_message_data(reply, &length);
	ok(length == SOURCE + 10 && !memcmp(bytes, pattern + 4, length),
	   "that answer is right, too");
	is(capipc_message_use_source(reply, 0), 0, "no source for it");
}

static void alarmed(int number)
{
	(void)number;
}

/* Its request was received, or waits to be: it needs the source no more than the message. */
static void give_up_pending(uint32_t endpoint)
{
	const struct sigaction action = { .sa_handler = alarmed };
	uint32_t pending = 0;

	build(DIGEST_LATE, 0, CAPIPC_MESSAGE_MAX);
	sigaction(SIGALRM, &action, NULL);
	interrupt_every_ms(100);
	is(capipc_endpoint_call(context, endpoint, large, reply, SECONDS_5, 0,
				&pending),
	   -EINTR, "a call is interrupted");
	interrupt_no_more();
	ok(pending, "and is pending");
	is(capipc_message_use_source(large, 0), 0, "give the source up");
	is(capipc_endpoint_call(context, endpoint, NULL, reply, SECONDS_5, 0,
				&pending),
	   0, "the call is resumed");
	ok(digested(reply, 0, CAPIPC_MESSAGE_MAX, 0), "its request arrived");
	build(DIGEST, 9, SOURCE);
	ok(!call(endpoint) && digested(reply, 9, SOURCE, 0),
	   "another is sent from ordinary memory");
}

static void with_area(uint32_t listener, size_t area)
{
	uint32_t endpoint;
	pid_t pid = spawn(WAFFLES, serve, &area);

	endpoint = receive(listener) ? 0 : received.handle;
	ok(endpoint, area ? "a process with an area" : "one without");
	large = new_message(context, 0);
	is(capipc_message_use_source(large, SOURCE), 0, "use a source");
	sizes(endpoint, true);
	outgrow(endpoint);
	attach(endpoint);
	echo(endpoint);
	is(capipc_message_use_source(large, CAPIPC_MESSAGE_MAX), 0,
	   "use a larger one");
	sizes(endpoint, true);
	sizes(endpoint, false);
	give_up_pending(endpoint);
	capipc_message_free(large);
	capipc_handle_close(context, endpoint);
	is(reap(pid), 0, "the other process is content");
}

void test_source(void)
{
	uint32_t listener = listen_to_all(0), next = 1;
	size_t i;

	/* No part of it is like another one. */
	for (i = 0; i < sizeof(pattern); i++) {
		next = next * 1664525 + 1013904223;
		pattern[i] = (uint8_t)(next >> 24);
	}
	is(capipc_message_use_source(message, CAPIPC_MESSAGE_MAX + 1),
	   -EMSGSIZE, "a source has a greatest size");
	is(capipc_message_use_source(message, 0), 0, "there is none yet");
	with_area(listener, 0);
	with_area(listener, 70000);
	with_area(listener, CAPIPC_MESSAGE_MAX);
	capipc_handle_close(context, listener);
}
