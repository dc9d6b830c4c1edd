/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is counted: instructions or time.
 */
#ifndef COUNTER_H
#define COUNTER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

/* Does the time stamp counter count instructions, each of them, and nothing else? */
bool counter_counts_instructions(void);

static inline uint64_t counter_read(bool instructions)
{
	struct timespec now;

#if defined(__x86_64__) || defined(__i386__)
	if (instructions)
		return __rdtsc();
#else
	(void)instructions;
#endif
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/*
 * Processor cycles of this process and of all that it starts from now on, and they start:
 * a file descriptor that all of them may read, or -errno.
 */
int counter_open_cycles(void);
/* What it has counted, or 0. */
uint64_t counter_read_cycles(int fd);

#endif /* COUNTER_H */
