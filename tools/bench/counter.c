// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "counter.h"

#if defined(__x86_64__) || defined(__i386__)
/*
 * Loops of two and of six instructions. Where cycles are counted, or time, the one does not
 * take exactly three times as long as the other, nor each of them so many.
 */
static uint64_t loop_of_two(uint32_t rounds)
{
	uint64_t start = __rdtsc();

	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(rounds) : : "cc");
	return __rdtsc() - start;
}

static uint64_t loop_of_six(uint32_t rounds)
{
	uint64_t start = __rdtsc();

	__asm__ volatile("1: nop\n\tnop\n\tnop\n\tnop\n\tdec %0\n\tjnz 1b"
			 : "+r"(rounds)
			 :
			 : "cc");
	return __rdtsc() - start;
}

/* An interrupt may come in between; then once more. */
bool counter_counts_instructions(void)
{
	int tries;

	for (tries = 0; tries < 8; tries++) {
		uint64_t two = loop_of_two(2000) - loop_of_two(1000);
		uint64_t six = loop_of_six(2000) - loop_of_six(1000);

		if (two == 2000 && six == 6000)
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
