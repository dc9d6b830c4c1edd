// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Shared buffers and data pipes between processes.
 */
#include "guest.h"

#include <sys/mman.h>

#define COUNT 200000U

/* The end of a pipe to this process goes there, with the handles. */
static int give(uint32_t endpoint, const uint32_t *handles,
		const uint32_t *rights, int count)
{
	int i;

	capipc_message_reset(reply, 1);
	for (i = 0; i < count; i++)
		capipc_message_append_handle(reply, handles[i], rights[i]);
	return capipc_endpoint_send(context, endpoint, reply, SECONDS_5, 0);
}

/* In the other process: connect, and take what is given: its handles. */
static int take(struct capipc_context *own, struct capipc_message *in,
		uint32_t *endpoint, uint32_t *handles, int count)
{
	struct capipc_received got;
	int i, ret;

	ret = capipc_endpoint_connect(own, NAME, 0, endpoint);
	if (!ret)
		ret = capipc_context_receive(own, *endpoint, in, &got,
					     SECONDS_5, 0);
	for (i = 0; i < count && !ret; i++)
		ret = capipc_message_read_handle(in, CAPIPC_KIND_NONE, 0,
						 &handles[i]);
	return ret;
}

/* Who it is that connects, as an endpoint. */
static uint32_t meet(uint32_t listener)
{
	return receive(listener) ? 0 : received.handle;
}

static int read_buffer(struct capipc_context *own, void *data)
{
	struct capipc_message *in = new_message(own, 0);
	uint32_t endpoint, buffer, other;
	size_t length;
	void *at;
	int ret;

	(void)data;
	ret = take(own, in, &endpoint, &buffer, 1);
	if (ret)
		return ret;
	if (capipc_buffer_map(own, buffer, CAPIPC_MAP_WRITE, &at, &length) !=
	    -EPERM)
		return -EUCLEAN;
	if (capipc_buffer_duplicate(own, buffer, CAPIPC_RIGHT_WRITE, &other) !=
	    -EPERM)
		return -EUCLEAN;
	ret = capipc_buffer_duplicate(own, buffer, CAPIPC_RIGHTS_SAME, &other);
	if (!ret)
		ret = capipc_buffer_map(own, other, 0, &at, &length);
	if (!ret && (length < 100000 || strcmp(at, "shared")))
		ret = -EUCLEAN;
	if (!ret && !mprotect(at, length, PROT_READ | PROT_WRITE))
		ret = -EUCLEAN;
	capipc_message_free(in);
	return ret;
}

static void test_buffer(uint32_t listener)
{
	static const uint32_t read_only = CAPIPC_RIGHT_READ | CAPIPC_RIGHT_MAP |
					  CAPIPC_RIGHT_DUPLICATE |
					  CAPIPC_RIGHT_TRANSFER;
	uint32_t buffer, duplicate, ends[2];
	size_t length;
	void *at;
	pid_t pid;

	is(capipc_buffer_create(context, 0, &buffer), -EINVAL,
	   "no empty buffer");
	is(capipc_buffer_create(context, UINT64_MAX, &buffer), -EMSGSIZE,
	   "none of any size");
	is(capipc_buffer_create(context, 100000, &buffer), 0, "make a buffer");
	is(capipc_buffer_map(context, buffer, 4, &at, &length), -EINVAL,
	   "an unknown flag");
	capipc_pipe_create(context, ends);
	is(capipc_buffer_map(context, ends[0], 0, &at, &length), -EPROTOTYPE,
	   "a pipe is no memory");
	is(capipc_buffer_duplicate(context, ends[0], CAPIPC_RIGHTS_SAME,
				   &duplicate),
	   -EPERM, "nor can it be duplicated");
	capipc_handle_close(context, ends[0]);
	capipc_handle_close(context, ends[1]);
	is(capipc_buffer_map(context, buffer, CAPIPC_MAP_WRITE, &at, &length),
	   0, "map it for writing");
	ok(length >= 100000 && !((char *)at)[length - 1], "all of it");
	memcpy(at, "shared", sizeof("shared"));
	is(capipc_buffer_duplicate(context, buffer, read_only, &duplicate), 0,
	   "duplicate it for reading");
	pid = spawn(WAFFLES, read_buffer, NULL);
	is(give(meet(listener), &duplicate, &read_only, 1), 0, "send that");
	is(reap(pid), 0, "it is read there, and can only be read");
	is(capipc_buffer_unmap(at, length), 0, "unmap");
	is(capipc_buffer_unmap((char *)at + 1, length), -EINVAL, "nothing");
	is(capipc_handle_close(context, buffer), 0, "close");
}

static int produce(struct capipc_context *own, void *data)
{
	struct capipc_message *in = new_message(own, 0);
	struct capipc_producer *producer;
	struct capipc_received got;
	uint32_t endpoint, end, next = 0, chunk[50];
	size_t i, n;
	int ret;

	(void)data;
	ret = take(own, in, &endpoint, &end, 1);
	if (!ret)
		ret = capipc_producer_open(&producer, own, end);
	while (!ret && next < COUNT) {
		for (i = 0; i < 50 && next + i < COUNT; i++)
			chunk[i] = next + (uint32_t)i;
		ret = capipc_producer_write(producer, chunk, i, &n);
		next += (uint32_t)n;
		if (ret == -EAGAIN) {
			ret = capipc_context_receive(own, end, in, &got,
						     SECONDS_5, 0);
			if (!ret && got.type != CAPIPC_RECEIVED_WRITABLE)
				ret = -EUCLEAN;
		}
	}
	if (ret)
		return ret;
	capipc_producer_free(producer);
	capipc_message_free(in);
	return 0;
}

static void test_stream(uint32_t listener)
{
	static const uint32_t rights = CAPIPC_RIGHTS_SAME;
	struct capipc_consumer *consumer;
	uint32_t producer_end, end, next = 0, chunk[64];
	bool good = true;
	size_t i, n;
	pid_t pid;
	int ret;

	is(capipc_data_pipe_create(context, 0, 4, &producer_end, &end), -EINVAL,
	   "no data pipe for nothing");
	is(capipc_data_pipe_create(context, 100, 4, &producer_end, &end), 0,
	   "make a data pipe");
	is(capipc_consumer_open(&consumer, context, producer_end), -EPROTOTYPE,
	   "a producer is no consumer");
	pid = spawn(WAFFLES, produce, NULL);
	is(give(meet(listener), &producer_end, &rights, 1), 0,
	   "send the producer");
	is(capipc_consumer_open(&consumer, context, end), 0,
	   "open the consumer");
	for (;;) {
		ret = capipc_consumer_read(consumer, chunk, 64, &n);
		for (i = 0; i < n; i++)
			good &= chunk[i] == next++;
		if (ret == -EAGAIN) {
			ret = receive(end);
			if (!ret && received.type != CAPIPC_RECEIVED_READABLE &&
			    received.type != CAPIPC_RECEIVED_PEER_CLOSED)
				ret = -EUCLEAN;
		}
		if (ret)
			break;
	}
	is(ret, -EPIPE, "read until the producer has gone");
	ok(good && next == COUNT, "all that it wrote, in order");
	is(reap(pid), 0, "it saw nothing wrong");
	capipc_consumer_free(consumer);
	capipc_handle_close(context, end);
}

/* ------------------------------------------------------------- the dispatcher */

struct watch {
	struct capipc_dispatcher *dispatcher;
	struct capipc_consumer *consumer;
	uint32_t sum;
	int ready, closed;
};

static void watch_ready(uint32_t end, uint32_t type, void *data)
{
	struct watch *watch = data;
	uint32_t number;
	size_t n;

	(void)end;
	watch->ready += type == CAPIPC_RECEIVED_READABLE;
	while (!capipc_consumer_read(watch->consumer, &number, 1, &n))
		watch->sum += number;
}

static void watch_closed(uint32_t end, void *data)
{
	struct watch *watch = data;

	(void)end;
	watch->closed++;
	capipc_dispatcher_stop(watch->dispatcher);
}

static void test_watch(void)
{
	static const struct capipc_interface interface = {
		.ready = watch_ready,
		.closed = watch_closed,
	};
	static const struct capipc_interface empty;
	struct capipc_producer *producer;
	uint32_t producer_end, end, number;
	struct watch watch = { 0 };
	size_t n;

	capipc_data_pipe_create(context, 16, 4, &producer_end, &end);
	capipc_producer_open(&producer, context, producer_end);
	capipc_consumer_open(&watch.consumer, context, end);
	is(capipc_dispatcher_new(&watch.dispatcher, context), 0,
	   "make a dispatcher");
	is(capipc_dispatcher_add_data_end(watch.dispatcher, end, &empty, NULL),
	   -EINVAL, "somebody has to be told");
	is(capipc_dispatcher_add_data_end(watch.dispatcher, end, &interface,
					  &watch),
	   0, "watch a consumer");
	is(capipc_dispatcher_add_data_end(watch.dispatcher, end, &interface,
					  &watch),
	   -EEXIST, "only once");
	is(capipc_consumer_read(watch.consumer, &number, 1, &n), -EAGAIN,
	   "nothing is there yet");
	number = 5;
	capipc_producer_write(producer, &number, 1, &n);
	capipc_producer_write(producer, &number, 1, &n);
	is(capipc_dispatcher_dispatch(watch.dispatcher, 0), 1, "it is told");
	ok(watch.ready == 1 && watch.sum == 10, "and has read all");
	number = 7;
	capipc_producer_write(producer, &number, 1, &n);
	capipc_producer_free(producer);
	capipc_handle_close(context, producer_end);
	is(capipc_dispatcher_run(watch.dispatcher, SECONDS_5), 0,
	   "run until it is closed");
	ok(watch.ready == 2 && watch.sum == 17 && watch.closed == 1,
	   "the last of it was read before");
	ok(is_closed(end), "the end is closed");
	capipc_consumer_free(watch.consumer);
	capipc_dispatcher_free(watch.dispatcher);
}

/* ------------------------------------------------------------------- hostile */

static int scribble(struct capipc_context *own, void *data)
{
	struct capipc_message *in = new_message(own, 0);
	struct capipc_signal signal_end = { .size = sizeof(signal_end) };
	volatile uint32_t *header;
	uint32_t endpoint, x = 1;
	int ret;

	(void)data;
	ret = take(own, in, &endpoint, &signal_end.handle, 1);
	if (ret)
		return ret;
	header = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE),
		      PROT_READ | PROT_WRITE, MAP_SHARED,
		      capipc_context_fd(own),
		      (off_t)signal_end.handle * sysconf(_SC_PAGESIZE));
	if (header == MAP_FAILED)
		return -errno;
	for (;;) {
		x = x * 1664525 + 1013904223;
		header[0] = x >> (x & 31);
		header[1] = x;
	}
}

/* How often a hostile end is to be found out, within the life of the other process. */
#define TIMES 500

/* Whatever the other end writes: each operation ends, within the ring. */
static void test_hostile(uint32_t listener, bool producer)
{
	static const uint32_t rights = CAPIPC_RIGHTS_SAME;
	struct capipc_producer *writer;
	struct capipc_consumer *reader;
	struct {
		char data[64], guard[64];
	} room;
	uint32_t ends[2];
	bool inside = true;
	int i, ret = 0, broken = 0;
	char guard[64];
	pid_t pid;
	size_t n;

	memset(&room, 'g', sizeof(room));
	memset(guard, 'g', sizeof(guard));
	capipc_data_pipe_create(context, 64, 1, &ends[0], &ends[1]);
	pid = spawn(WAFFLES, scribble, NULL);
	give(meet(listener), &ends[!producer], &rights, 1);
	for (i = 0; i < TIMES; i++) {
		if (producer)
			ret = capipc_consumer_open(&reader, context, ends[1]);
		else
			ret = capipc_producer_open(&writer, context, ends[0]);
		for (n = 0; !ret;) {
			if (producer)
				ret = capipc_consumer_read(reader, room.data,
							   64, &n);
			else
				ret = capipc_producer_write(writer, room.data,
							    64, &n);
			inside &= n <= 64 && !memcmp(room.guard, guard, 64);
			if (ret == -EAGAIN)
				ret = 0;
			if (ret) {
				if (producer)
					capipc_consumer_free(reader);
				else
					capipc_producer_free(writer);
			}
		}
		broken += ret == -EPROTO;
	}
	ok(inside, producer ? "a hostile producer" : "a hostile consumer");
	is(broken, TIMES, "was found out each time");
	kill(pid, SIGKILL);
	is(reap(pid), -1000 - SIGKILL, "and never had to be waited for");
	capipc_handle_close(context, ends[producer]);
}

void test_memory(void)
{
	uint32_t listener = listen_to_all(0);

	test_buffer(listener);
	test_stream(listener);
	test_hostile(listener, true);
	test_hostile(listener, false);
	capipc_handle_close(context, listener);
	while (!capipc_context_receive(context, 0, message, &received, 0,
				       CAPIPC_NOWAIT))
		capipc_handle_close(context, received.from);
	test_watch();
}
