/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much memory of the kernel things take that do nothing: pipes, handles, contexts,
 * and what others have in their place.
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stdint.h>
#include <stdio.h>

enum memory_format {
	MEMORY_TEXT,
	MEMORY_MARKDOWN,
	MEMORY_JSON,
};

/*
 * Of so many of each kind, or, with 0, as many as make it exact. Takes root, and a
 * kernel with SLUB. Returns 0, or 1 if it could not look at all of it.
 */
int memory_report(FILE *out, enum memory_format format, uint32_t count);

#endif /* BENCH_MEMORY_H */
