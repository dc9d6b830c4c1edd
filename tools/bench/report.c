// SPDX-License-Identifier: GPL-2.0
/*
 * Figures, and how they compare.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "report.h"

/* The first "model name" in /proc/cpuinfo, without blanks around it. */
static void name_processor(char *name, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(name, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		char *value = strchr(line, ':');

		if (!value || strncmp(line, "model name", 10))
			continue;
		value += 1 + strspn(value + 1, " \t");
		value[strcspn(value, "\n")] = 0;
		snprintf(name, size, "%s", value);
		break;
	}
	if (file)
		fclose(file);
}

void report_begin(struct report *report, const struct options *options)
{
	static const char *const placements[] = {
		[PLACEMENT_SAME] = "same",
		[PLACEMENT_APART] = "apart",
		[PLACEMENT_FREE] = "free",
	};
	struct utsname uts;

	memset(report, 0, sizeof(*report));
	if (!uname(&uts))
		snprintf(report->kernel, sizeof(report->kernel), "%s %s",
			 uts.release, uts.version);
	name_processor(report->processor, sizeof(report->processor));
	report->processors = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	snprintf(report->placement, sizeof(report->placement), "%s",
		 placements[options->placement]);
	report->instructions = options->instructions;
}

bool report_add(struct report *report, const char *workload, const char *peer,
		const struct figures *figures)
{
	struct result *results = reallocarray(
		report->results, report->count + 1, sizeof(*results));
	struct result *result;

	if (!results)
		return false;
	report->results = results;
	result = &results[report->count++];
	snprintf(result->workload, sizeof(result->workload), "%s", workload);
	snprintf(result->peer, sizeof(result->peer), "%s", peer);
	result->figures = *figures;
	return true;
}

void report_free(struct report *report)
{
	free(report->results);
	report->results = NULL;
	report->count = 0;
}

const struct result *report_find(const struct report *report,
				 const char *workload, const char *peer)
{
	size_t n;

	for (n = 0; n < report->count; n++) {
		const struct result *result = &report->results[n];

		if (!strcmp(result->workload, workload) &&
		    !strcmp(result->peer, peer))
			return result;
	}
	return NULL;
}

static double median_of(const struct report *report, const char *workload,
			const char *peer)
{
	const struct result *result = report_find(report, workload, peer);

	return result ? result->figures.median : 0;
}

/* Two that wake each other, and each of them enters the kernel once. */
static double floor_of(const struct report *report)
{
	double wake = median_of(report, "switch", "floor");
	double entry = median_of(report, "syscall", "floor");

	return wake > 0 && entry > 0 ? wake + 2 * entry : 0;
}

/* What asks somebody else something cannot go below the floor; the rest can. */
static bool has_floor(const struct workload *work)
{
	return work->shape == SHAPE_CALL || work->shape == SHAPE_DENIED ||
	       work->shape == SHAPE_SHARE || work->shape == SHAPE_CONNECT;
}

struct ratios report_ratios(const struct report *report,
			    const struct result *result)
{
	const struct workload *work = workload_find(result->workload);
	double own = result->figures.median;
	struct ratios ratios = { 0 };
	double floor;

	if (!work || own <= 0)
		return ratios;
	ratios.baseline =
		median_of(report, result->workload, work->baseline) / own;
	ratios.binder = median_of(report, result->workload, "binder") / own;
	floor = floor_of(report);
	if (floor > 0 && has_floor(work))
		ratios.floor = own / floor;
	return ratios;
}

/* ----------------------------------------------------------------- comparing */

static void differ(FILE *to, size_t *differences, const struct result *result,
		   const char *what)
{
	fprintf(to, "%-20s %-20s %s\n", result->workload, result->peer, what);
	(*differences)++;
}

size_t report_compare(FILE *to, const struct report *committed,
		      const struct report *fresh, double percent)
{
	size_t differences = 0, n;
	char what[128];

	for (n = 0; n < committed->count; n++) {
		const struct result *was = &committed->results[n];
		const struct result *is =
			report_find(fresh, was->workload, was->peer);
		double before = was->figures.median, now, change;

		if (!is) {
			differ(to, &differences, was, "was not measured");
			continue;
		}
		now = is->figures.median;
		change = before > 0 ? (now - before) * 100 / before : 100;
		if (change <= percent && change >= -percent)
			continue;
		snprintf(what, sizeof(what), "%12.1f, was %12.1f: %+.1f %%",
			 now, before, change);
		differ(to, &differences, was, what);
	}
	for (n = 0; n < fresh->count; n++) {
		const struct result *is = &fresh->results[n];

		if (!report_find(committed, is->workload, is->peer))
			differ(to, &differences, is, "is new");
	}
	return differences;
}
