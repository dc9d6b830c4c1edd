// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The ring of a data pipe, with an honest other end and with a hostile one. The
 * kernel is a function here, and the memory a file that both ends map.
 */
#include "fake.h"
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define PRODUCER 7
#define CONSUMER 8

static struct capipc_context *context;
static long page;

/* What the kernel knows of the one data pipe that there is. */
static int memory = -1;
static uint32_t ring_elements, ring_element_bytes;
static bool closed[2];
static atomic_uint signals[2], inspections;

static uint64_t ring_bytes(void)
{
	return (uint64_t)ring_elements * ring_element_bytes;
}

static int fake_data_pipe(unsigned long request, void *argument)
{
	struct capipc_inspect *inspect = argument;
	struct capipc_signal *signal = argument;
	uint32_t other;

	switch (request) {
	case CAPIPC_IOC_INSPECT:
		atomic_fetch_add(&inspections, 1);
		if (inspect->handle != PRODUCER && inspect->handle != CONSUMER)
			return -EBADF;
		inspect->kind = inspect->handle == PRODUCER ?
					CAPIPC_KIND_PRODUCER :
					CAPIPC_KIND_CONSUMER;
		inspect->bytes = ring_bytes();
		inspect->element_bytes = ring_element_bytes;
		other = inspect->handle == PRODUCER;
		inspect->state = closed[other] ? CAPIPC_INSPECT_PEER_CLOSED : 0;
		return 0;
	case CAPIPC_IOC_SIGNAL:
		other = signal->handle == PRODUCER;
		if (closed[other])
			return -EPIPE;
		atomic_fetch_add(&signals[other], 1);
		return 0;
	default:
		return -ENOTTY;
	}
}

void *__real_mmap64(void *at, size_t length, int prot, int flags, int fd,
		    off_t offset);
void *__wrap_mmap64(void *at, size_t length, int prot, int flags, int fd,
		    off_t offset);

/* As the kernel maps: for writing an end's own pages, else all for reading. */
void *__wrap_mmap64(void *at, size_t length, int prot, int flags, int fd,
		    off_t offset)
{
	off_t first = 0;

	if (fd < 0)
		return __real_mmap64(at, length, prot, flags, fd, offset);
	if (prot & PROT_WRITE)
		first = offset == PRODUCER * page ? page : 0;
	return __real_mmap64(at, length, prot, flags, memory, first);
}

static struct capipc_producer *producer;
static struct capipc_consumer *consumer;

/* The headers, as somebody sees them who may write both */
static struct capipc_ring_header *header_of(int end)
{
	static char *all;

	if (!all)
		all = __real_mmap64(NULL, (size_t)page * 2,
				    PROT_READ | PROT_WRITE, MAP_SHARED, memory,
				    0);
	if (end < 0) {
		munmap(all, (size_t)page * 2);
		all = NULL;
		return NULL;
	}
	return (struct capipc_ring_header *)(all + (end ? 0 : page));
}

static void make(uint32_t elements, uint32_t element_bytes)
{
	ring_elements = elements;
	ring_element_bytes = element_bytes;
	memset(closed, 0, sizeof(closed));
	memory = memfd_create("ring", MFD_CLOEXEC);
	if (memory < 0 ||
	    ftruncate(memory, 2 * page + (off_t)ring_bytes() + page))
		abort();
}

static void open_both(void)
{
	is(capipc_producer_open(&producer, context, PRODUCER), 0,
	   "open the producer");
	is(capipc_consumer_open(&consumer, context, CONSUMER), 0,
	   "open the consumer");
}

static void unmake(void)
{
	capipc_producer_free(producer);
	capipc_consumer_free(consumer);
	producer = NULL;
	consumer = NULL;
	header_of(-1);
	close(memory);
}

static void test_in_order(void)
{
	char text[16] = "";
	size_t n;

	make(8, 1);
	open_both();
	errno = 77;
	is(capipc_consumer_read(consumer, text, 16, &n), -EAGAIN,
	   "an empty ring has nothing");
	is(n, 0, "nothing was read");
	is(capipc_producer_write(producer, "abcde", 5, &n), 0, "write five");
	is(n, 5, "five were written");
	is(atomic_exchange(&signals[1], 0), 1, "the consumer is woken");
	is(capipc_producer_write(producer, "fghij", 5, &n), 0, "five more");
	is(n, 3, "three fit");
	is(capipc_producer_write(producer, "i", 1, &n), -EAGAIN, "it is full");
	is(atomic_load(&signals[1]), 0, "it had not asked to be woken again");
	is(capipc_consumer_read(consumer, text, 3, &n), 0, "read three");
	ok(n == 3 && !memcmp(text, "abc", 3), "they are the first");
	is(atomic_exchange(&signals[0], 0), 1, "the producer is woken");
	is(capipc_producer_write(producer, "ij", 2, &n), 0, "across the end");
	is(capipc_consumer_read(consumer, text, 16, &n), 0, "read all");
	ok(n == 7 && !memcmp(text, "defghij", 7), "they come in order");
	is(capipc_producer_write(producer, NULL, 0, &n), 0, "write nothing");
	is(capipc_consumer_read(consumer, NULL, 0, &n), 0, "read nothing");
	is(errno, 77, "errno is left alone");
	unmake();
}

static void test_in_place(void)
{
	const void *from;
	void *to;
	size_t n;

	make(4, 8);
	open_both();
	is(capipc_producer_end_write(producer, 1), -EINVAL, "not begun");
	is(capipc_producer_begin_write(producer, &to, &n), 0, "begin to write");
	is(n, 4, "all of it is free");
	memcpy(to, "element0element1element2", 24);
	is(capipc_producer_begin_write(producer, &to, &n), -EBUSY, "only once");
	is(capipc_producer_write(producer, "", 1, &n), -EBUSY, "in no way");
	is(capipc_producer_end_write(producer, 5), -EINVAL, "not that many");
	is(capipc_producer_end_write(producer, 3), 0, "three were written");
	is(capipc_consumer_begin_read(consumer, &from, &n), 0, "begin to read");
	ok(n == 3 && !memcmp(from, "element0element1element2", 24),
	   "there they are");
	is(capipc_consumer_end_read(consumer, 4), -EINVAL, "not that many");
	is(capipc_consumer_end_read(consumer, 2), 0, "two were read");
	is(capipc_consumer_end_read(consumer, 1), -EINVAL, "that is over");
	is(capipc_producer_begin_write(producer, &to, &n), 0, "write again");
	is(n, 1, "one, up to the end of the ring");
	is(capipc_producer_end_write(producer, 0), 0, "or nothing");
	is(capipc_producer_begin_write(producer, &to, &n), 0, "and again");
	memcpy(to, "element3", 8);
	is(capipc_producer_end_write(producer, 1), 0, "one was written");
	is(capipc_consumer_begin_read(consumer, &from, &n), 0, "read");
	ok(n == 2 && !memcmp(from, "element2element3", 16), "what is left");
	is(capipc_consumer_end_read(consumer, 2), 0, "and end");
	unmake();
}

static void test_closed(void)
{
	char text[8];
	size_t n;

	make(4, 1);
	open_both();
	capipc_producer_write(producer, "last", 4, &n);
	closed[0] = true;
	is(capipc_consumer_read(consumer, text, 8, &n), 0,
	   "the last of a producer that is closed");
	is(n, 4, "is all there");
	is(capipc_consumer_read(consumer, text, 8, &n), -EPIPE, "then the end");
	is(n, 0, "and nothing");
	closed[1] = true;
	capipc_producer_write(producer, "1234", 4, &n);
	is(capipc_producer_write(producer, "5", 1, &n), -EPIPE,
	   "nobody makes room any more");
	unmake();

	make(4, 1);
	open_both();
	is(capipc_consumer_read(consumer, text, 8, &n), -EAGAIN, "it waits");
	closed[1] = true;
	is(capipc_producer_write(producer, "x", 1, &n), -EPIPE,
	   "who waited is closed");
	is(n, 1, "that is told after it was written");
	unmake();
}

/* Who opens an end goes on where the last holder stopped; the numbers wrap. */
static void test_again(void)
{
	char text[8];
	size_t n;

	make(4, 2);
	header_of(0)->position = UINT32_MAX - 1;
	header_of(1)->position = UINT32_MAX - 1;
	open_both();
	is(capipc_producer_write(producer, "aabbcc", 3, &n), 0, "write three");
	capipc_producer_free(producer);
	is(capipc_producer_open(&producer, context, PRODUCER), 0, "open again");
	is(capipc_producer_write(producer, "ddee", 2, &n), 0, "write two");
	is(n, 1, "one fits");
	is(header_of(0)->position, 2, "the position has wrapped");
	is(capipc_consumer_read(consumer, text, 4, &n), 0, "read");
	ok(n == 4 && !memcmp(text, "aabbccdd", 8), "all in order");
	capipc_consumer_free(consumer);
	is(capipc_consumer_open(&consumer, context, CONSUMER), 0, "and again");
	is(capipc_consumer_read(consumer, text, 1, &n), -EAGAIN, "all is read");
	is(capipc_consumer_open(&consumer, context, PRODUCER), -EPROTOTYPE,
	   "a producer is no consumer");
	is(capipc_consumer_open(&consumer, context, 99), -EBADF, "nor is 99");
	unmake();
}

static void test_nonsense(void)
{
	uint32_t bad[] = { 5, 6, 1000, 1U << 31, UINT32_MAX };
	size_t i, n;
	char text[64];
	void *to;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		make(4, 1);
		open_both();
		capipc_producer_write(producer, "ab", 2, &n);
		header_of(0)->position = bad[i];
		is(capipc_consumer_read(consumer, text, 64, &n), -EPROTO,
		   "a producer that is too far ahead");
		is(n, 0, "nothing was read");
		header_of(0)->position = 2;
		is(capipc_consumer_read(consumer, text, 64, &n), -EPROTO,
		   "once broken, always broken");
		header_of(1)->position = 2 - bad[i];
		is(capipc_producer_begin_write(producer, &to, &n), -EPROTO,
		   "a consumer that is nowhere near");
		capipc_producer_free(producer);
		is(capipc_producer_open(&producer, context, PRODUCER), -EPROTO,
		   "nor can it be opened so");
		producer = NULL;
		unmake();
	}
}

#define COUNT 1000000

/* As if in the kernel until there is one for that end. */
static void wait_for_signal(int end)
{
	while (!atomic_exchange(&signals[end], 0))
		sched_yield();
}

static void *write_numbers(void *data)
{
	uint32_t next = 0, chunk[100];
	size_t i, n;
	int ret;

	(void)data;
	while (next < COUNT) {
		for (i = 0; i < 100; i++)
			chunk[i] = next + (uint32_t)i;
		ret = capipc_producer_write(producer, chunk, 100, &n);
		if (ret == -EAGAIN) {
			wait_for_signal(0);
		} else if (ret) {
			abort();
		}
		next += (uint32_t)n;
	}
	return NULL;
}

/* Two threads, each sleeping until it is woken: none is forgotten. */
static void test_threads(void)
{
	uint32_t next = 0, chunk[77];
	bool good = true;
	pthread_t thread;
	size_t i, n;
	int ret;

	make(1024, 4);
	open_both();
	atomic_store(&signals[0], 0);
	atomic_store(&signals[1], 0);
	pthread_create(&thread, NULL, write_numbers, NULL);
	while (next < COUNT && good) {
		ret = capipc_consumer_read(consumer, chunk, 77, &n);
		if (ret == -EAGAIN) {
			wait_for_signal(1);
		} else if (ret) {
			good = false;
		}
		for (i = 0; i < n; i++)
			good &= chunk[i] == next++;
	}
	ok(good, "a million elements from thread to thread, in order");
	pthread_join(thread, NULL);
	unmake();
}

/* While there is always room and always something: not one system call. */
static void test_no_system_call(void)
{
	char chunk[64] = "";
	unsigned int i;
	size_t n;

	make(1024, 1);
	open_both();
	capipc_producer_write(producer, chunk, 64, &n);
	atomic_store(&inspections, 0);
	atomic_store(&signals[0], 0);
	atomic_store(&signals[1], 0);
	for (i = 0; i < 100000; i++) {
		capipc_producer_write(producer, chunk, 64, &n);
		capipc_consumer_read(consumer, chunk, 64, &n);
	}
	is(atomic_load(&inspections) + atomic_load(&signals[0]) +
		   atomic_load(&signals[1]),
	   0, "a hundred thousand times, without a system call");
	unmake();
}

static atomic_bool scribbling;

/* Writes all sorts of things where an end of a pipe may write. */
static void *scribble(void *data)
{
	struct capipc_ring_header *header = data;
	uint32_t x = 12345;

	while (atomic_load(&scribbling)) {
		x = x * 1664525 + 1013904223;
		__atomic_store_n(&header->position, x >> (x & 31),
				 __ATOMIC_RELAXED);
		__atomic_store_n(&header->wake, x, __ATOMIC_RELAXED);
	}
	return NULL;
}

/*
 * Against somebody who scribbles all the time, every operation ends, and stays
 * within the ring and the buffer.
 */
static void test_hostile(int end)
{
	struct {
		char text[64], guard[64];
	} room;
	char guard[64];
	bool inside = true;
	const void *from;
	pthread_t thread;
	unsigned int i;
	size_t n;
	void *to;
	int ret;

	memset(guard, 'g', sizeof(guard));
	memset(&room, 'g', sizeof(room));
	make(64, 1);
	open_both();
	atomic_store(&scribbling, true);
	pthread_create(&thread, NULL, scribble, header_of(end));
	for (i = 0; i < 200000; i++) {
		if (end) {
			ret = i & 1 ? capipc_producer_begin_write(producer, &to,
								  &n) :
				      capipc_producer_write(producer, room.text,
							    64, &n);
			if (!ret && i & 1) {
				memset(to, 'w', n);
				capipc_producer_end_write(producer, n);
			}
		} else {
			ret = i & 1 ? capipc_consumer_begin_read(consumer,
								 &from, &n) :
				      capipc_consumer_read(consumer, room.text,
							   64, &n);
			if (!ret && i & 1) {
				memcpy(room.text, from, n);
				capipc_consumer_end_read(consumer, n);
			}
		}
		inside &= n <= 64 && !memcmp(room.guard, guard, 64);
		if (ret == -EPROTO) {
			/*
			 * Another chance, from the beginning, where what is
			 * scribbled is in the ring often enough.
			 */
			header_of(!end)->position = 0;
			capipc_producer_free(producer);
			capipc_consumer_free(consumer);
			producer = NULL;
			consumer = NULL;
			do {
				ret = end ? capipc_producer_open(&producer,
								 context,
								 PRODUCER) :
					    capipc_consumer_open(&consumer,
								 context,
								 CONSUMER);
			} while (ret == -EPROTO);
		}
	}
	ok(inside, end ? "a hostile consumer" : "a hostile producer");
	atomic_store(&scribbling, false);
	pthread_join(thread, NULL);
	unmake();
}

int main(void)
{
	alarm(300);
	page = sysconf(_SC_PAGESIZE);
	context = fake_context();
	fake_request = fake_data_pipe;
	test_in_order();
	test_in_place();
	test_closed();
	test_again();
	test_nonsense();
	test_no_system_call();
	test_threads();
	test_hostile(0);
	test_hostile(1);
	capipc_context_free(context);
	return tap_done();
}
