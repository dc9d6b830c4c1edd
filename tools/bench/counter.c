// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "counter.h"

#if defined(__x86_64__) || defined(__i386__)
/*
 * A loop of two instructions, many times. Elsewhere it takes a number of cycles that is not
 * exactly that many more than half the loop takes; and an interrupt may come once.
 */
static uint64_t loop(uint32_t rounds)
{
	uint64_t start = __rdtsc();

	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(rounds) : : "cc");
	return __rdtsc() - start;
}

bool counter_counts_instructions(void)
{
	int tries;

	for (tries = 0; tries < 8; tries++) {
		uint64_t less = loop(5000), more = loop(10000);

		if (more - less == 10000)
			return true;
	}
	return false;
}
#else
bool counter_counts_instructions(void)
{
	return false;
}
#endif

int counter_open_cycles(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.inherit = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			  PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

uint64_t counter_read_cycles(int fd)
{
	uint64_t cycles;

	return read(fd, &cycles, sizeof(cycles)) == sizeof(cycles) ? cycles : 0;
}
