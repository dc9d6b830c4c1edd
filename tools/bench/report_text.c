// SPDX-License-Identifier: GPL-2.0
/*
 * Figures as tables, for people and for docs/, and as a script for gnuplot.
 */
#include <string.h>

#include "report.h"

/* Is there a result of this workload? */
static bool was_measured(const struct report *report,
			 const struct workload *work)
{
	size_t n;

	for (n = 0; n < report->count; n++) {
		if (!strcmp(report->results[n].workload, work->name))
			return true;
	}
	return false;
}

static bool group_was_measured(const struct report *report, const char *group)
{
	const struct workload *work;

	for (work = workloads; work->name; work++) {
		if (!strcmp(work->group, group) && was_measured(report, work))
			return true;
	}
	return false;
}

/* Is it the first of its group? Those of a group follow one another. */
static bool begins_group(const struct workload *work)
{
	return work == workloads || strcmp(work[-1].group, work->group) != 0;
}

static const char *unit_of(const struct report *report)
{
	return report->instructions ? "instructions" : "ns";
}

/* A ratio, or nothing where there is none. */
static const char *ratio_text(char *text, size_t size, double ratio)
{
	if (ratio > 0)
		snprintf(text, size, "%.2f", ratio);
	else
		text[0] = 0;
	return text;
}

/* ------------------------------------------------------------------ a terminal */

static void show_result(FILE *to, const struct report *report,
			const struct result *result)
{
	struct ratios ratios = report_ratios(report, result);
	const struct figures *figures = &result->figures;
	char text[3][16];
	size_t n;

	fprintf(to, "  %-22s %13.1f %9s %8s %7s", result->peer, figures->median,
		ratio_text(text[0], sizeof(text[0]), ratios.baseline),
		ratio_text(text[1], sizeof(text[1]), ratios.binder),
		ratio_text(text[2], sizeof(text[2]), ratios.floor));
	for (n = 0; n < 4 && !report->instructions; n++)
		fprintf(to, " %10.0f", figures->percentile[n]);
	if (figures->cycles > 0)
		fprintf(to, " %11.0f", figures->cycles);
	fputc('\n', to);
}

void report_show(FILE *to, const struct report *report)
{
	const struct workload *work;
	size_t n;

	fprintf(to, "%s, %s, %u processor%s, placement: %s\n", report->kernel,
		report->processor, report->processors,
		report->processors == 1 ? "" : "s", report->placement);
	fprintf(to,
		"Ratios: how much the baseline and binder take, of this; and this, of the floor.\n");
	for (work = workloads; work->name; work++) {
		if (!was_measured(report, work))
			continue;
		fprintf(to, "\n%s: %s; baseline: %s\n", work->name, work->title,
			work->baseline);
		fprintf(to, "  %-22s %13s %9s %8s %7s", "peer", unit_of(report),
			"baseline", "binder", "floor");
		if (!report->instructions)
			fprintf(to, " %10s %10s %10s %10s", "p50", "p90", "p99",
				"max");
		fputc('\n', to);
		for (n = 0; n < report->count; n++) {
			if (!strcmp(report->results[n].workload, work->name))
				show_result(to, report, &report->results[n]);
		}
	}
}

/* ------------------------------------------------------------------- documents */

/* What capipc and those it is compared with take: a line for each workload. */
static void summarize(FILE *to, const struct report *report)
{
	const struct workload *work;

	fprintf(to,
		"| workload | capipc | baseline | is | baseline / capipc | binder / capipc | capipc / floor |\n"
		"|---|---|---|---|---|---|---|\n");
	for (work = workloads; work->name; work++) {
		const struct result *own =
			report_find(report, work->name, "capipc");
		const struct result *other =
			report_find(report, work->name, work->baseline);
		struct ratios ratios;
		char text[3][16], base[24] = "";

		if (!own)
			continue;
		ratios = report_ratios(report, own);
		if (other)
			snprintf(base, sizeof(base), "%.1f",
				 other->figures.median);
		fprintf(to, "| %s: %s | %.1f | %s | %s | %s | %s | %s |\n",
			work->name, work->title, own->figures.median, base,
			work->baseline,
			ratio_text(text[0], sizeof(text[0]), ratios.baseline),
			ratio_text(text[1], sizeof(text[1]), ratios.binder),
			ratio_text(text[2], sizeof(text[2]), ratios.floor));
	}
}

/* All peers of a group: a line each, and a column for each workload. */
static void tabulate_group(FILE *to, const struct report *report,
			   const struct workload *first)
{
	const struct workload *work;
	const struct peer *const *peer;
	size_t columns = 0, n;

	fprintf(to, "\n### %s\n\n| peer |", first->group);
	for (work = first; work->name && !strcmp(work->group, first->group);
	     work++) {
		if (!was_measured(report, work))
			continue;
		fprintf(to, " %s |", work->name);
		columns++;
	}
	fprintf(to, "\n|---|");
	for (n = 0; n < columns; n++)
		fprintf(to, "---:|");
	fputc('\n', to);
	for (peer = peers; *peer; peer++) {
		char line[512] = "";
		size_t len = 0;
		bool some = false;

		for (work = first;
		     work->name && !strcmp(work->group, first->group); work++) {
			const struct result *result;

			if (!was_measured(report, work))
				continue;
			result = report_find(report, work->name, (*peer)->name);
			some = some || result;
			if (result)
				len += (size_t)snprintf(line + len,
							sizeof(line) - len,
							" %.1f |",
							result->figures.median);
			else
				len += (size_t)snprintf(
					line + len, sizeof(line) - len, " |");
		}
		if (some)
			fprintf(to, "| %s |%s\n", (*peer)->name, line);
	}
}

void report_markdown(FILE *to, const struct report *report)
{
	const struct peer *const *peer;
	const struct workload *work;

	fprintf(to,
		"Measured on Linux %s, %s, %u processor%s. All figures are %s for one operation.\n\n",
		report->kernel, report->processor, report->processors,
		report->processors == 1 ? "" : "s", unit_of(report));
	summarize(to, report);
	for (work = workloads; work->name; work++) {
		if (begins_group(work) &&
		    group_was_measured(report, work->group))
			tabulate_group(to, report, work);
	}
	fprintf(to,
		"\n### The peers\n\n| peer | what it does | stamped |\n|---|---|---|\n");
	for (peer = peers; *peer; peer++)
		fprintf(to, "| %s | %s | %s |\n", (*peer)->name, (*peer)->title,
			(*peer)->stamped ? "yes" : "no");
}

/* --------------------------------------------------------------------- gnuplot */

/* Was anything of this group measured of this peer? */
static bool is_in_group(const struct report *report, const struct peer *peer,
			const struct workload *first)
{
	const struct workload *work;

	for (work = first; work->name && !strcmp(work->group, first->group);
	     work++) {
		if (report_find(report, work->name, peer->name))
			return true;
	}
	return false;
}

/* A block of data: a line for each workload, a column for each peer; ? for none. */
static void plot_group(FILE *to, const struct report *report,
		       const struct workload *first)
{
	const struct peer *const *peer;
	const struct workload *work;

	fprintf(to, "$%s << END\nworkload", first->group);
	for (peer = peers; *peer; peer++)
		fprintf(to, " \"%s\"", (*peer)->name);
	for (work = first; work->name && !strcmp(work->group, first->group);
	     work++) {
		if (!was_measured(report, work))
			continue;
		fprintf(to, "\n\"%s\"", work->name);
		for (peer = peers; *peer; peer++) {
			const struct result *result =
				report_find(report, work->name, (*peer)->name);

			if (result)
				fprintf(to, " %.1f", result->figures.median);
			else
				fprintf(to, " ?");
		}
	}
	fprintf(to,
		"\nEND\nset output '%s.svg'\nset title '%s: %s for one operation'\nplot",
		first->group, first->group, unit_of(report));
	/* a peer has its column, and its colour, in all of them */
	for (peer = peers; *peer; peer++) {
		if (is_in_group(report, *peer, first))
			fprintf(to,
				" $%s using %td:xtic(1) title columnheader(%td) linetype %td,",
				first->group, peer - peers + 2,
				peer - peers + 2, peer - peers + 1);
	}
	fprintf(to, "\n\n");
}

void report_plot(FILE *to, const struct report *report)
{
	static const char *const colours[] = {
		"#777777", "#a6cee3", "#1f78b4", "#b2df8a", "#33a02c",
		"#fdbf6f", "#ff7f00", "#cab2d6", "#6a3d9a", "#b15928",
		"#e31a1c", "#ffee55", "#000000", "#fb9a99", "#00cccc",
	};
	const struct workload *work;
	size_t n;

	fprintf(to, "set terminal svg size 1100,500 background 'white'\n"
		    "set style data histograms\n"
		    "set style histogram clustered gap 1\n"
		    "set style fill solid border -1\n"
		    "set datafile missing '?'\n"
		    "set key outside right\n"
		    "set grid ytics\n"
		    "set xtics rotate by -20\n"
		    "set logscale y 10\n");
	for (n = 0; n < sizeof(colours) / sizeof(colours[0]); n++)
		fprintf(to, "set linetype %zu linecolor rgb '%s'\n", n + 1,
			colours[n]);
	fputc('\n', to);
	for (work = workloads; work->name; work++) {
		if (begins_group(work) &&
		    group_was_measured(report, work->group))
			plot_group(to, report, work);
	}
}
