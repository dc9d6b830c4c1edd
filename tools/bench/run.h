/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Running a cell, and what comes of it.
 */
#ifndef RUN_H
#define RUN_H

#include "bench.h"

#define CLIENTS_MAX 4
#define RULES_MAX   64

/**
 * enum placement - on which processors server and client run
 * @PLACEMENT_SAME: both on the same one
 * @PLACEMENT_APART: each on one of its own
 * @PLACEMENT_FREE: as the kernel likes
 */
enum placement {
	PLACEMENT_SAME,
	PLACEMENT_APART,
	PLACEMENT_FREE,
};

/**
 * struct options - how to run
 * @instructions: the time stamp counter counts instructions, and that is what is measured
 * @operations: measure so many, after at most as many unmeasured ones, and not what the
 *              workload says; 0 if it does
 * @placement: of the processes
 */
struct options {
	bool instructions;
	uint32_t operations;
	enum placement placement;
};

/**
 * struct figures - what came of a cell, for one unit of an operation
 * @operations: how many have been measured, units of all clients
 * @median: of the slices: instructions, or ns
 * @mean: of all of it
 * @percentile: ns, of single operations, not of units: p50, p90, p99, max; 0 for instructions
 * @cycles: of the processors in all processes of the cell, or 0 if that is not known
 */
struct figures {
	uint64_t operations;
	double median;
	double mean;
	double percentile[4];
	double cycles;
};

/*
 * Returns 0 or -errno; what failed is then in words, for which a pointer is given
 * that is good until the next call.
 */
int run_cell(const struct peer *peer, const struct workload *work,
	     const struct options *options, struct figures *figures,
	     const char **failed);

#endif /* RUN_H */
