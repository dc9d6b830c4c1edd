// SPDX-License-Identifier: GPL-2.0
/*
 * Each kind of thing is made many times, in a process of its own that ends then; the
 * difference between what the kernel had allocated before and after, divided by their
 * number, is what one takes. That is with the file of each descriptor, its entry in the
 * table, and what the memory controller notes; without anything that is in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capipc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binder_device.h"
#include "memory.h"
#include "slab.h"

#define DEVICE "/dev/capipc"

/* So many before the first look: what the first one brings is none of the others'. */
#define FIRST 128

#define THINGS 10000

/**
 * struct kind - things
 * @name: of one
 * @title: what it is
 * @device: without this file there are none
 * @begin: NULL, or makes what all need; returns a descriptor, or -errno
 * @make: one more, with that descriptor. 0 or -errno
 * @count: how many
 */
struct kind {
	const char *name;
	const char *title;
	const char *device;
	int (*begin)(void);
	int (*make)(int fd);
	uint32_t count;
};

/**
 * struct result - what the process finds
 * @error: 0, or -errno
 * @count: how many it has made
 * @difference: see slab_subtract()
 */
struct result {
	int error;
	uint32_t count;
	struct slab_state difference;
};

/* -------------------------------------------------------------------- kinds */

/* All stay open until the process ends. */
static int opened(int fd)
{
	return fd < 0 ? -errno : fd;
}

static int begin_context(void)
{
	return opened(open(DEVICE, O_RDWR | O_CLOEXEC));
}

static int make_context(int fd)
{
	fd = begin_context();
	return fd < 0 ? fd : 0;
}

static int make_capipc_pipe(int fd)
{
	struct capipc_create create = { .size = sizeof(create) };

	return ioctl(fd, CAPIPC_IOC_CREATE, &create) ? -errno : 0;
}

/* The first handle brings a part of the table. */
static int make_used_context(int fd)
{
	fd = begin_context();
	return fd < 0 ? fd : make_capipc_pipe(fd);
}

/* To the only thing that can have several: a buffer. */
static int make_handle(int fd)
{
	static struct capipc_duplicate duplicate = {
		.size = sizeof(duplicate),
		.rights = CAPIPC_RIGHTS_SAME,
	};
	struct capipc_create_buffer buffer = { .size = sizeof(buffer),
					       .bytes = 1 };

	if (!duplicate.handle) {
		if (ioctl(fd, CAPIPC_IOC_CREATE_BUFFER, &buffer))
			return -errno;
		duplicate.handle = buffer.handle;
	}
	return ioctl(fd, CAPIPC_IOC_DUPLICATE, &duplicate) ? -errno : 0;
}

static int make_pipe(int fd)
{
	int ends[2];

	(void)fd;
	return pipe2(ends, O_CLOEXEC) ? -errno : 0;
}

static int make_eventfd(int fd)
{
	(void)fd;
	return eventfd(0, EFD_CLOEXEC) < 0 ? -errno : 0;
}

static int make_sockets(int type, int *one)
{
	const int on = 1;
	int ends[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) ||
	    setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ||
	    setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		return -errno;
	*one = ends[0];
	return 0;
}

static int make_stream(int fd)
{
	return make_sockets(SOCK_STREAM, &fd);
}

static int make_seqpacket(int fd)
{
	return make_sockets(SOCK_SEQPACKET, &fd);
}

static int begin_epoll(void)
{
	return opened(epoll_create1(EPOLL_CLOEXEC));
}

static int make_watched(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int one = -1, ret = make_sockets(SOCK_SEQPACKET, &one);

	if (ret)
		return ret;
	return epoll_ctl(fd, EPOLL_CTL_ADD, one, &event) ? -errno : 0;
}

static int begin_binder(void)
{
	int ret = binder_manager_start();

	return ret ? ret : binder_open();
}

static int make_binder_object(int fd)
{
	static struct binder_thread thread;
	struct binder_transaction_data got;
	const uint64_t one = 1;
	uint32_t handle;
	int ret;

	binder_thread_init(&thread, fd);
	ret = binder_ask(&thread, BINDER_MANAGER, BINDER_MAKE, &one,
			 sizeof(one), 1, &got);
	if (ret)
		return ret;
	handle = binder_objects(&got, 1)->handle;
	binder_say(&thread, BC_ACQUIRE, &handle);
	binder_free(&thread, binder_message(&got));
	return binder_talk(&thread, false);
}

static const struct kind kinds[] = {
	{ "capipc context", "a descriptor of " DEVICE, DEVICE, NULL,
	  make_context, 800 },
	{ "capipc context, used", "with a pipe", DEVICE, NULL,
	  make_used_context, 800 },
	{ "capipc pipe", "with a handle to each end", DEVICE, begin_context,
	  make_capipc_pipe, THINGS },
	{ "capipc handle", "one more to a buffer", DEVICE, begin_context,
	  make_handle, THINGS },
	{ "seqpacket pair", "with SO_PASSCRED", NULL, NULL, make_seqpacket,
	  THINGS },
	{ "seqpacket pair, epoll", "the same, one end in an epoll set", NULL,
	  begin_epoll, make_watched, THINGS },
	{ "stream pair", "with SO_PASSCRED", NULL, NULL, make_stream, THINGS },
	{ "pipe", "empty", NULL, NULL, make_pipe, THINGS },
	{ "eventfd", "", NULL, NULL, make_eventfd, THINGS },
	{ "binder object", "with a handle in another process", BINDER_DEVICE,
	  begin_binder, make_binder_object, 2000 },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---------------------------------------------------------------- measuring */

static int make(const struct kind *kind, int fd, uint32_t count)
{
	int ret = 0;

	while (count-- && !ret)
		ret = kind->make(fd);
	return ret;
}

static int measure(const struct kind *kind, struct result *result)
{
	static struct slab_state before;
	struct rlimit files = { 2 * THINGS + 1024, 2 * THINGS + 1024 };
	int fd = 0, ret;

	if (setrlimit(RLIMIT_NOFILE, &files))
		return -errno;
	if (kind->begin)
		fd = kind->begin();
	if (fd < 0)
		return fd;
	ret = make(kind, fd, FIRST);
	if (!ret)
		ret = slab_read(&before);
	if (!ret)
		ret = make(kind, fd, result->count);
	if (!ret)
		ret = slab_read(&result->difference);
	if (!ret)
		slab_subtract(&result->difference, &before);
	return ret;
}

static void measure_apart(const struct kind *kind, uint32_t count,
			  struct result *result)
{
	pid_t pid;

	result->error = -ECHILD;
	result->count = count && count < kind->count ? count : kind->count;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		result->error = measure(kind, result);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* --------------------------------------------------------------------- output */

/* Not those that have so few more that it was somebody else. */
static bool has_part(const struct result *result,
		     const struct slab_cache *cache)
{
	return cache->objects * 100 >= result->count;
}

static double each(const struct result *result, int64_t number)
{
	return (double)number / result->count;
}

/* What is in pages of its own. */
static int64_t others(const struct slab_state *difference)
{
	return difference->large + difference->vmalloc + difference->percpu;
}

/* "2x256 +28": of the sizes of objects how many, and bytes in pages. */
static void print_objects(FILE *out, const struct result *result)
{
	const struct slab_state *difference = &result->difference;
	const struct slab_cache *cache = difference->caches;
	const struct slab_cache *end = cache + difference->count;

	for (; cache < end; cache++) {
		if (has_part(result, cache))
			fprintf(out, " %.3gx%u", each(result, cache->objects),
				cache->size);
	}
	if (others(difference))
		fprintf(out, " +%.0f", each(result, others(difference)));
}

static void print_text(FILE *out, const struct kind *kind,
		       const struct result *result)
{
	fprintf(out, "%-22s %8.0f ", kind->name,
		each(result, slab_bytes(&result->difference)));
	print_objects(out, result);
	fprintf(out, "\n");
}

static void print_markdown(FILE *out, const struct kind *kind,
			   const struct result *result)
{
	fprintf(out, "| %s%s%s | %.0f |", kind->name, *kind->title ? ", " : "",
		kind->title, each(result, slab_bytes(&result->difference)));
	print_objects(out, result);
	fprintf(out, " |\n");
}

static void print_json(FILE *out, const struct kind *kind,
		       const struct result *result)
{
	const struct slab_state *difference = &result->difference;
	const struct slab_cache *cache = difference->caches;
	const struct slab_cache *end = cache + difference->count;
	const char *comma = "";

	fprintf(out, "    {\"name\": \"%s\", \"title\": \"%s\", ", kind->name,
		kind->title);
	fprintf(out, "\"bytes\": %.1f, \"pages\": %.1f, \"objects\": [",
		each(result, slab_bytes(difference)),
		each(result, others(difference)));
	for (; cache < end; cache++) {
		if (!has_part(result, cache))
			continue;
		fprintf(out, "%s\n      {\"cache\": \"%s\", \"size\": %u, ",
			comma, cache->name, cache->size);
		fprintf(out, "\"count\": %.3f}", each(result, cache->objects));
		comma = ",";
	}
	fprintf(out, "]}");
}

static const struct {
	const char *begin;
	void (*print)(FILE *out, const struct kind *kind,
		      const struct result *result);
	const char *between;
	const char *end;
} formats[] = {
	[MEMORY_TEXT] = { "memory                    bytes  in objects of the kernel\n",
			  print_text, "", "" },
	[MEMORY_MARKDOWN] = { "| what | bytes | in objects of the kernel |\n"
			      "|---|---:|---|\n",
			      print_markdown, "", "" },
	[MEMORY_JSON] = { "{\n  \"memory\": [\n", print_json, ",\n",
			  "\n  ]\n}\n" },
};

int memory_report(FILE *out, enum memory_format format, uint32_t count)
{
	struct result *result = mmap(NULL, sizeof(*result),
				     PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *between = "";
	int status = 0;
	size_t n;

	if (result == MAP_FAILED)
		return 1;
	fputs(formats[format].begin, out);
	for (n = 0; n < KINDS; n++) {
		if (kinds[n].device && access(kinds[n].device, R_OK | W_OK))
			continue;
		measure_apart(&kinds[n], count, result);
		if (result->error) {
			fprintf(stderr, "capipc-bench: %s: %s\n", kinds[n].name,
				strerror(-result->error));
			status = 1;
			continue;
		}
		fputs(between, out);
		between = formats[format].between;
		formats[format].print(out, &kinds[n], result);
	}
	fputs(formats[format].end, out);
	munmap(result, sizeof(*result));
	return status;
}
