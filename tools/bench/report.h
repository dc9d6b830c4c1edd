/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Figures, measured or read from a file, and what can be made of them.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include "run.h"

/**
 * struct result - the figures of a cell
 * @workload: its name; there may be none of that name any more
 * @peer: likewise
 * @figures: of the cell
 */
struct result {
	char workload[32];
	char peer[32];
	struct figures figures;
};

/**
 * struct report - all that was measured in a run
 * @kernel: its release and version
 * @processor: its name
 * @processors: how many
 * @placement: as in the options, by name
 * @instructions: figures are instructions, not ns
 * @results: in the order in which they were measured
 * @count: of them
 */
struct report {
	char kernel[160];
	char processor[64];
	uint32_t processors;
	char placement[16];
	bool instructions;
	struct result *results;
	size_t count;
};

/* About this machine, and this run. */
void report_begin(struct report *report, const struct options *options);
bool report_add(struct report *report, const char *workload, const char *peer,
		const struct figures *figures);
void report_free(struct report *report);

/* NULL if it was not measured. */
const struct result *report_find(const struct report *report,
				 const char *workload, const char *peer);

/* As JSON; and from that: false, and says why, if it is none or not like this. */
void report_write(FILE *to, const struct report *report);
bool report_read(const char *path, struct report *report);

/**
 * struct ratios - how a result compares with others of its workload; 0 if it does not
 * @baseline: how many times as much the baseline of the workload takes
 * @binder: how many times as much binder takes
 * @floor: how many times as much this takes as what the kernel cannot do without
 */
struct ratios {
	double baseline;
	double binder;
	double floor;
};

struct ratios report_ratios(const struct report *report,
			    const struct result *result);

/* For people; for docs/; for gnuplot, which writes GROUP.svg into the current directory. */
void report_show(FILE *to, const struct report *report);
void report_markdown(FILE *to, const struct report *report);
void report_plot(FILE *to, const struct report *report);

/*
 * Does fresh say what committed says, within so many per cent? Says what differs, either
 * way, and what is there in one of them only. The number of differences.
 */
size_t report_compare(FILE *to, const struct report *committed,
		      const struct report *fresh, double percent);

#endif /* REPORT_H */
