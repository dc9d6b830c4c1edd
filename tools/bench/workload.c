// SPDX-License-Identifier: GPL-2.0
/*
 * The workloads that there are, in the order of the table.
 *
 * Under emulation a tick of the scheduler comes every 4 million instructions. A slice is
 * shorter than that, so that the median of the slices is that of slices without one,
 * and long enough that what is done now and then is in it.
 *
 * A burst of 64 is where sockets are at their best: of more the kernel cannot keep the memory.
 */
#include <string.h>

#include "bench.h"

#define CRED  "seqpacket+cred"
#define EPOLL "seqpacket+cred+epoll"

#define KIB 1024U
#define MIB (KIB * KIB)

/* What most of them have in common; what follows wins. */
#define COMMON                                                                 \
	.baseline = CRED, .request = 64, .reply = 8, .rules = 1, .burst = 1,   \
	.batch = 1, .pipes = 1, .active = 1, .threads = 1, .operations = 2048, \
	.slice = 64

#pragma GCC diagnostic ignored "-Woverride-init"

const struct workload workloads[] = {
	/* clang-format off */
	{ COMMON, .name = "switch", .group = "floor", .shape = SHAPE_SWITCH,
	  .title = "two kernel threads wake each other",
	  .burst = 512, .operations = 32, .slice = 1 },
	{ COMMON, .name = "syscall", .group = "floor", .shape = SHAPE_SYSCALL,
	  .title = "a system call that does nothing",
	  .burst = 64, .operations = 1024, .slice = 32 },

	{ COMMON, .name = "call-64-8", .group = "call",
	  .title = "call, 64 bytes there, 8 back" },
	{ COMMON, .name = "call-64-64", .group = "call", .reply = 64,
	  .title = "call, 64 bytes there, 64 back" },
	{ COMMON, .name = "call-4k-8", .group = "call", .request = 4 * KIB,
	  .title = "call, 4 KiB there, 8 bytes back" },
	{ COMMON, .name = "call-64k-8", .group = "call", .request = 64 * KIB,
	  .title = "call, 64 KiB there, 8 bytes back",
	  .operations = 512, .slice = 16 },
	{ COMMON, .name = "call-1m-8", .group = "call", .request = MIB,
	  .title = "call, 1 MiB there, 8 bytes back",
	  .operations = 64, .slice = 2 },

	{ COMMON, .name = "call-rules-64", .group = "rules", .rules = 64,
	  .title = "call with 64 rules, the last of which allows it" },
	{ COMMON, .name = "call-denied", .group = "rules", .shape = SHAPE_DENIED,
	  .title = "call that the rules deny" },

	{ COMMON, .name = "call-file", .group = "handles", .files = 1,
	  .title = "call with a file descriptor" },
	{ COMMON, .name = "call-handle", .group = "handles", .handles = 1,
	  .title = "call with a handle, which comes back" },
	{ COMMON, .name = "call-handles-16", .group = "handles", .handles = 16,
	  .title = "call with 16 handles, which come back",
	  .operations = 512, .slice = 16 },

	{ COMMON, .name = "send-64", .group = "send", .shape = SHAPE_SEND,
	  .title = "64 bytes one way, one by one",
	  .burst = 64, .operations = 512, .slice = 16 },
	{ COMMON, .name = "send-64-batch-16", .group = "send",
	  .shape = SHAPE_SEND, .batch = 16,
	  .title = "64 bytes one way, 16 in a system call",
	  .burst = 64, .operations = 512, .slice = 16 },

	{ COMMON, .name = "pipes-1", .group = "pipes", .baseline = EPOLL, .many = true,
	  .title = "call, a server with one connection" },
	{ COMMON, .name = "pipes-100", .group = "pipes", .baseline = EPOLL, .many = true,
	  .title = "call, a server with 100 connections", .pipes = 100 },
	{ COMMON, .name = "pipes-10000", .group = "pipes", .baseline = EPOLL, .many = true,
	  .title = "call, a server with 10,000 connections",
	  .pipes = 10000 },
	{ COMMON, .name = "active-1", .group = "pipes", .baseline = EPOLL, .many = true,
	  .shape = SHAPE_SEND,
	  .title = "64 bytes one way, one connection",
	  .burst = 100, .operations = 64, .slice = 2 },
	{ COMMON, .name = "active-100", .group = "pipes", .baseline = EPOLL, .many = true,
	  .shape = SHAPE_SEND,
	  .title = "64 bytes one way on each of 100 connections",
	  .pipes = 100, .active = 100, .burst = 100,
	  .operations = 64, .slice = 2 },
	{ COMMON, .name = "active-10000", .group = "pipes", .baseline = EPOLL, .many = true,
	  .shape = SHAPE_SEND,
	  .title = "64 bytes one way on each of 10,000 connections",
	  .pipes = 10000, .active = 10000, .burst = 10000,
	  .operations = 15, .slice = 1 },

	{ COMMON, .name = "threads-1", .group = "threads", .baseline = EPOLL,
	  .title = "call, a server with one thread, one client" },
	{ COMMON, .name = "threads-2", .group = "threads", .baseline = EPOLL,
	  .title = "call, a server with 2 threads, 2 clients", .threads = 2,
	  .operations = 4096, .slice = 512 },
	{ COMMON, .name = "threads-4", .group = "threads", .baseline = EPOLL,
	  .title = "call, a server with 4 threads, 4 clients", .threads = 4,
	  .operations = 4096, .slice = 512 },

	{ COMMON, .name = "connect", .group = "connect", .shape = SHAPE_CONNECT,
	  .title = "connect, call, close",
	  .operations = 1024, .slice = 32 },

	{ COMMON, .name = "stream-64k", .group = "stream", .baseline = "pipe",
	  .shape = SHAPE_STREAM, .request = 64 * KIB,
	  .title = "64 KiB at a time through a stream",
	  .burst = 64, .operations = 48, .slice = 1 },
	{ COMMON, .name = "stream-copy-64k", .group = "stream",
	  .baseline = "pipe", .shape = SHAPE_STREAM, .request = 64 * KIB,
	  .copied = true,
	  .title = "the same, copied in and out where memory is shared",
	  .burst = 64, .operations = 48, .slice = 1 },
	{ COMMON, .name = "stream-busy-64k", .group = "stream",
	  .baseline = "pipe", .shape = SHAPE_BUSY, .request = 64 * KIB,
	  .title = "the same, when neither end ever has to wait" },
	{ COMMON, .name = "stream-busy-copy-64k", .group = "stream",
	  .baseline = "pipe", .shape = SHAPE_BUSY, .request = 64 * KIB,
	  .copied = true, .title = "both" },
	{ COMMON, .name = "share-64k", .group = "stream", .shape = SHAPE_SHARE,
	  .shared = 64 * KIB,
	  .title = "64 KiB in shared memory, and a call" },
	{ 0 },
	/* clang-format on */
};

const struct workload *workload_find(const char *name)
{
	const struct workload *work;

	for (work = workloads; work->name; work++) {
		if (!strcmp(work->name, name))
			return work;
	}
	return NULL;
}
