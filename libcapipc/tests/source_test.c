// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages with a source: where what is built is, and what the kernel is told of it.
 */
#include "fake.h"
#include "tap.h"

#include <sys/mman.h>
#include <unistd.h>

#define SOURCE	  33
#define ROOM	  ((size_t)65536)
#define LARGE	  ((size_t)20000)
#define SOMEWHERE 9

static struct capipc_context *context;
static struct capipc_message *message, *reply;
/* What the kernel was asked for, and what it answers */
static struct capipc_create_buffer created;
static struct capipc_send sent;
static struct capipc_call called;
static struct capipc_reply replied;
static int create_error, map_error, map_protection;
static unsigned int creations;
static char large[CAPIPC_MESSAGE_MAX];

void *__real_mmap64(void *at, size_t length, int prot, int flags, int fd,
		    off_t offset);
void *__wrap_mmap64(void *at, size_t length, int prot, int flags, int fd,
		    off_t offset);

/* What the kernel maps is some memory. */
void *__wrap_mmap64(void *at, size_t length, int prot, int flags, int fd,
		    off_t offset)
{
	if (fd < 0)
		return __real_mmap64(at, length, prot, flags, fd, offset);
	if (map_error) {
		errno = map_error;
		return MAP_FAILED;
	}
	map_protection = prot;
	return __real_mmap64(NULL, length, prot, MAP_SHARED | MAP_ANONYMOUS, -1,
			     0);
}

static int fake_kernel(unsigned long request, void *argument)
{
	struct capipc_create_buffer *create = argument;
	struct capipc_receive *receive = argument;
	struct capipc_call *call = argument;

	switch (request) {
	case CAPIPC_IOC_CREATE_BUFFER:
		if (create_error)
			return create_error;
		created = *create;
		create->handle = SOURCE + creations++;
		create->bytes = (create->bytes + 4095) & ~4095ULL;
		return 0;
	case CAPIPC_IOC_SEND:
		sent = *(struct capipc_send *)argument;
		return 0;
	case CAPIPC_IOC_CALL:
		called = *call;
		call->state = CAPIPC_CALL_ANSWERED;
		memcpy((void *)(uintptr_t)call->reply_data, "ok", 2);
		call->reply_len = 2;
		return 0;
	case CAPIPC_IOC_REPLY:
		replied = *(struct capipc_reply *)argument;
		return 0;
	case CAPIPC_IOC_RECEIVE:
		memcpy((void *)(uintptr_t)receive->data, "in", 2);
		receive->data_len = 2;
		return 0;
	default:
		return -ENOTTY;
	}
}

static void build(size_t length)
{
	capipc_message_reset(message, 7);
	capipc_message_append_raw(message, large, length);
}

static const void *bytes_of(const struct capipc_message *of)
{
	return capipc_message_data(of, NULL);
}

static int send_it(void)
{
	memset(&sent, 0xcc, sizeof(sent));
	return capipc_endpoint_send(context, SOMEWHERE, message, 0, 0);
}

static int call_it(void)
{
	memset(&called, 0xcc, sizeof(called));
	return capipc_endpoint_call(context, SOMEWHERE, message, reply, 0, 0,
				    NULL);
}

static void test_errors(void)
{
	size_t length;

	capipc_message_append_u8(message, 1);
	is(capipc_message_use_source(message, CAPIPC_MESSAGE_MAX + 1),
	   -EMSGSIZE, "a source has a greatest size");
	create_error = -EINVAL;
	is(capipc_message_use_source(message, ROOM), -EINVAL,
	   "a kernel that has none");
	create_error = 0;
	map_error = EAGAIN;
	is(capipc_message_use_source(message, ROOM), -EAGAIN,
	   "a source that cannot be mapped");
	map_error = 0;
	ok(fake_was_closed(SOURCE), "is closed");
	ok(*(const char *)capipc_message_data(message, &length) == 1 &&
		   length == 1,
	   "nothing has changed");
}

static void test_sent(void)
{
	creations = 10;
	is(capipc_message_use_source(message, ROOM - 5), 0, "use a source");
	ok(created.flags == CAPIPC_BUFFER_SOURCE && created.bytes == ROOM - 5 &&
		   map_protection == (PROT_READ | PROT_WRITE),
	   "it is one, and can be written");
	build(LARGE);
	is(send_it(), 0, "send much");
	ok(sent.source == SOURCE + 10 && !sent.data && sent.data_len == LARGE,
	   "it is in the source");
	is(call_it(), 0, "call with it");
	ok(called.source == SOURCE + 10 && !called.data &&
		   called.data_len == LARGE,
	   "it still is");
	is(capipc_reply_send(context, SOMEWHERE, message), 0, "answer with it");
	ok(replied.data == (uintptr_t)bytes_of(message) &&
		   replied.data_len == LARGE,
	   "from what is mapped");
	build(16383);
	is(send_it(), 0, "send less");
	ok(!sent.source && sent.data == (uintptr_t)bytes_of(message) &&
		   sent.data_len == 16383,
	   "that is sent like from any other memory");
	build(16384);
	ok(!send_it() && sent.source == SOURCE + 10 && !sent.data,
	   "from 16 KiB on it is not");
	build(0);
	ok(!send_it() && !sent.source && !sent.data_len, "send nothing");
}

static void test_outgrown(void)
{
	const void *source;

	build(ROOM);
	source = bytes_of(message);
	ok(!send_it() && sent.source && sent.data_len == ROOM,
	   "fill it to the last byte");
	is(capipc_message_append_u8(message, 42), 0, "append one more");
	ok(bytes_of(message) != source &&
		   !memcmp(bytes_of(message), large, ROOM) &&
		   ((const char *)bytes_of(message))[ROOM] == 42,
	   "all of it has moved");
	is(send_it(), 0, "send that");
	ok(!sent.source && sent.data == (uintptr_t)bytes_of(message) &&
		   sent.data_len == ROOM + 1,
	   "from where it is now");
	build(CAPIPC_MESSAGE_MAX);
	ok(!send_it() && !sent.source && sent.data_len == CAPIPC_MESSAGE_MAX,
	   "the first append can be too much");
	build(LARGE);
	ok(bytes_of(message) == source && !send_it() && sent.source,
	   "once empty, it begins in the source again");
}

static void test_received(void)
{
	struct capipc_received received;
	const void *source;

	build(LARGE);
	source = bytes_of(message);
	is(capipc_context_receive(context, 0, message, &received, 0, 0), 0,
	   "receive into it");
	ok(bytes_of(message) != source && !memcmp(bytes_of(message), "in", 2) &&
		   !memcmp(source, large, 2),
	   "that is elsewhere");
	is(capipc_message_append_raw(message, large, LARGE), 0, "append to it");
	ok(!send_it() && !sent.source && sent.data_len == LARGE + 2 &&
		   !memcmp(bytes_of(message), "in", 2),
	   "which stays there");
	build(LARGE);
	is(capipc_endpoint_call(context, SOMEWHERE, reply, message, 0, 0, NULL),
	   0, "a reply");
	ok(bytes_of(message) != source && !memcmp(bytes_of(message), "ok", 2) &&
		   !memcmp(source, large, 2),
	   "is elsewhere, too");
}

static void test_changed(void)
{
	unsigned int before = creations;

	build(LARGE);
	is(capipc_message_use_source(message, ROOM), 0,
	   "what it has is enough");
	ok(creations == before && !send_it() && sent.data_len == LARGE,
	   "nothing has changed");
	is(capipc_message_use_source(message, ROOM + 1), 0, "a larger one");
	ok(creations == before + 1 && fake_was_closed(SOURCE + 10) &&
		   !send_it() && !sent.data_len,
	   "takes its place, and it is empty");
	is(capipc_message_use_area(message, ROOM), 0, "and an area besides");
	ok(created.flags == CAPIPC_BUFFER_AREA && map_protection == PROT_READ,
	   "it is one, and cannot be written");
	build(LARGE);
	ok(!send_it() && sent.source == SOURCE + before, "the source is kept");
	is(capipc_message_use_source(message, 0), 0, "no source any more");
	ok(fake_was_closed(SOURCE + before) &&
		   !fake_was_closed(SOURCE + before + 1) && !send_it() &&
		   !sent.source && !sent.data_len,
	   "it is closed, the area is kept");
	build(LARGE);
	ok(!send_it() && !sent.source &&
		   sent.data == (uintptr_t)bytes_of(message) &&
		   sent.data_len == LARGE,
	   "what is built is in ordinary memory");
	is(capipc_message_use_source(message, 0), 0, "nothing to give up");
	is(capipc_message_use_source(message, 1), 0, "a source again");
	capipc_message_free(message);
	ok(fake_was_closed(SOURCE + before + 1) &&
		   fake_was_closed(SOURCE + before + 2),
	   "both are freed with the message");
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(large); i++)
		large[i] = (char)(i + i / 251);
	context = fake_context();
	fake_request = fake_kernel;
	if (capipc_message_new(&message, context, 0) < 0 ||
	    capipc_message_new(&reply, context, 0) < 0)
		abort();
	test_errors();
	test_sent();
	test_outgrown();
	test_received();
	test_changed();
	capipc_message_free(reply);
	capipc_context_free(context);
	return tap_done();
}
