// SPDX-License-Identifier: GPL-2.0
/*
 * capipc-bench(1): options, and the loop over all that is to be measured.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "counter.h"
#include "memory.h"
#include "report.h"

/* Exit codes. */
enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_DIFFERS = 3,
};

#define PERCENT 2.0

#ifndef CAPIPC_VERSION
#define CAPIPC_VERSION "unknown"
#endif

/**
 * struct wish - what is to be done
 * @peers: names with commas between them, or NULL for all
 * @workloads: of workloads or groups, likewise
 * @from: a file to take the figures from, or NULL
 * @compare: a file to compare them with, or NULL
 * @memory: measure memory, and nothing else
 * @show: how to show them
 * @options: for measuring
 */
struct wish {
	const char *peers;
	const char *workloads;
	const char *from;
	const char *compare;
	bool memory;
	void (*show)(FILE *to, const struct report *report);
	struct options options;
};

static const struct option long_options[] = {
	{ "peer", required_argument, NULL, 'p' },
	{ "workload", required_argument, NULL, 'w' },
	{ "operations", required_argument, NULL, 'n' },
	{ "place", required_argument, NULL, 'P' },
	{ "time", no_argument, NULL, 't' },
	{ "instructions", no_argument, NULL, 'i' },
	{ "json", no_argument, NULL, 'j' },
	{ "markdown", no_argument, NULL, 'm' },
	{ "plot", no_argument, NULL, 'g' },
	{ "from", required_argument, NULL, 'f' },
	{ "compare", required_argument, NULL, 'c' },
	{ "memory", no_argument, NULL, 'M' },
	{ "list", optional_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static const char help[] =
	"Usage: capipc-bench [OPTIONS]\n"
	"\n"
	"Measure what capipc, and what else there is, takes for the same work.\n"
	"\n"
	"  -p, --peer NAME,...        only these peers\n"
	"  -w, --workload NAME,...    only these workloads or groups of them\n"
	"  -n, --operations N         measure N operations of each, not as many as is good\n"
	"      --place same|apart|free\n"
	"                             processors of client and server: the same one (the\n"
	"                             default), one each, or as the kernel likes\n"
	"      --instructions         count instructions: in an emulator that has a time\n"
	"                             stamp counter which does that; the default there\n"
	"      --time                 take the time; the default elsewhere\n"
	"      --from FILE            do not measure: take what --json wrote\n"
	"  -j, --json                 show figures as JSON\n"
	"      --markdown             as tables for a document\n"
	"      --plot                 as a script for gnuplot, which writes GROUP.svg\n"
	"      --compare FILE         only those that are 2 % and more off those in FILE,\n"
	"                             which --json wrote\n"
	"      --memory               how much memory of the kernel idle things take\n"
	"  -l, --list[=WHAT]          all peers, workloads, groups or options there are\n"
	"  -h, --help                 this\n"
	"      --version              the version\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage, 3 there are differences.\n";

static __attribute__((format(printf, 1, 2))) int usage_error(const char *format,
							     ...)
{
	va_list args;

	fputs("capipc-bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\ncapipc-bench: try 'capipc-bench --help'\n", stderr);
	return STATUS_USAGE;
}

static int finish_output(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "capipc-bench: cannot write: %s\n", strerror(errno));
	return STATUS_FAILED;
}

/* ------------------------------------------------------------------- selecting */

/* Is this name one of those with commas between them? */
static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (list) {
		if (!strncmp(list, name, len) &&
		    (list[len] == ',' || !list[len]))
			return true;
		list = strchr(list, ',');
		if (list)
			list++;
	}
	return false;
}

static bool wants_peer(const struct wish *wish, const struct peer *peer)
{
	return !wish->peers || is_listed(wish->peers, peer->name);
}

static bool wants_workload(const struct wish *wish, const struct workload *work)
{
	return !wish->workloads || is_listed(wish->workloads, work->name) ||
	       is_listed(wish->workloads, work->group);
}

static bool is_group(const char *name)
{
	const struct workload *work;

	for (work = workloads; work->name; work++) {
		if (!strcmp(work->group, name))
			return true;
	}
	return false;
}

/* The first name that nothing has, or NULL; in memory of this function. */
static const char *unknown(const char *list, bool of_peers)
{
	static char name[64];

	while (list) {
		size_t len = strcspn(list, ",");

		snprintf(name, sizeof(name), "%.*s", (int)len, list);
		if (of_peers ? !peer_find(name) :
			       !workload_find(name) && !is_group(name))
			return name;
		list = list[len] ? list + len + 1 : NULL;
	}
	return NULL;
}

/* For people, and for the completion of shells: a name, then a tab and a title. */
static int list(const char *what)
{
	const struct peer *const *peer;
	const struct workload *work;
	const struct option *option;
	bool all = !what;

	if (what && strcmp(what, "peers") != 0 &&
	    strcmp(what, "workloads") != 0 && strcmp(what, "groups") != 0 &&
	    strcmp(what, "options") != 0)
		return usage_error("no list of %s", what);
	for (peer = peers; (all || *what == 'p') && *peer; peer++)
		printf("%s\t%s\n", (*peer)->name, (*peer)->title);
	if (all)
		putchar('\n');
	for (work = workloads; (all || *what == 'w') && work->name; work++)
		printf("%s\t%s\n", work->name, work->title);
	for (work = workloads; what && *what == 'g' && work->name; work++) {
		if (work == workloads ||
		    strcmp(work[-1].group, work->group) != 0)
			puts(work->group);
	}
	for (option = long_options; what && *what == 'o' && option->name;
	     option++)
		printf("--%s%s\n", option->name,
		       option->has_arg == required_argument ? "=" : "");
	return finish_output(STATUS_OK);
}

/* ------------------------------------------------------------------- measuring */

/* Those that cannot be had on this machine are told once. */
static bool is_there(const struct peer *peer)
{
	const char *why = peer->missing ? peer->missing(peer) : NULL;

	if (why)
		fprintf(stderr, "capipc-bench: without %s: %s\n", peer->name,
			why);
	return !why;
}

/* All peers of a workload, then the next one: so what is compared is near in time. */
static int measure_all(const struct wish *wish, struct report *report)
{
	const struct peer *const *peer;
	bool there[64] = { false };
	const struct workload *work;
	struct figures figures;
	int status = STATUS_OK;
	const char *failed;

	for (peer = peers; *peer; peer++)
		there[peer - peers] = wants_peer(wish, *peer) &&
				      is_there(*peer);
	report_begin(report, &wish->options);
	for (work = workloads; work->name; work++) {
		if (!wants_workload(wish, work))
			continue;
		for (peer = peers; *peer; peer++) {
			int ret;

			if (!there[peer - peers] || !peer_offers(*peer, work))
				continue;
			ret = run_cell(*peer, work, &wish->options, &figures,
				       &failed);
			if (!ret && report_add(report, work->name,
					       (*peer)->name, &figures))
				continue;
			fprintf(stderr, "capipc-bench: %s of %s: %s: %s\n",
				work->name, (*peer)->name, failed,
				strerror(ret ? -ret : ENOMEM));
			status = STATUS_FAILED;
		}
	}
	return status;
}

static int compare(const struct wish *wish, const struct report *report)
{
	struct report committed;
	size_t differences;

	if (!report_read(wish->compare, &committed))
		return STATUS_FAILED;
	if (committed.instructions != report->instructions) {
		fprintf(stderr, "capipc-bench: %s has another unit\n",
			wish->compare);
		report_free(&committed);
		return STATUS_FAILED;
	}
	differences = report_compare(stdout, &committed, report, PERCENT);
	printf("%zu of %zu figures differ from those in %s\n", differences,
	       report->count, wish->compare);
	report_free(&committed);
	return differences ? STATUS_DIFFERS : STATUS_OK;
}

static int measure_memory(const struct wish *wish)
{
	enum memory_format format = MEMORY_TEXT;

	if (wish->show == report_write)
		format = MEMORY_JSON;
	else if (wish->show == report_markdown)
		format = MEMORY_MARKDOWN;
	return memory_report(stdout, format, wish->options.operations);
}

static int fulfil(const struct wish *wish)
{
	struct report report;
	int status = STATUS_OK;

	if (wish->memory)
		return finish_output(measure_memory(wish));
	if (wish->from) {
		if (!report_read(wish->from, &report))
			return STATUS_FAILED;
	} else {
		status = measure_all(wish, &report);
	}
	if (!wish->compare) {
		wish->show(stdout, &report);
	} else {
		int compared = compare(wish, &report);

		status = status ? status : compared;
	}
	report_free(&report);
	return finish_output(status);
}

/* --------------------------------------------------------------------- options */

static bool parse_operations(const char *text, uint32_t *operations)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || !value || value > 10000000)
		return false;
	*operations = (uint32_t)value;
	return true;
}

static bool parse_placement(const char *text, enum placement *placement)
{
	if (!strcmp(text, "same"))
		*placement = PLACEMENT_SAME;
	else if (!strcmp(text, "apart"))
		*placement = PLACEMENT_APART;
	else if (!strcmp(text, "free"))
		*placement = PLACEMENT_FREE;
	else
		return false;
	return true;
}

/* True if there is nothing more to be done, and *status says how it went. */
static bool parse_option(int option, struct wish *wish, int *status)
{
	switch (option) {
	case 'p':
		wish->peers = optarg;
		return false;
	case 'w':
		wish->workloads = optarg;
		return false;
	case 'n':
		if (parse_operations(optarg, &wish->options.operations))
			return false;
		*status = usage_error("not a number of operations: %s", optarg);
		return true;
	case 'P':
		if (parse_placement(optarg, &wish->options.placement))
			return false;
		*status = usage_error("no such placement: %s", optarg);
		return true;
	case 't':
		wish->options.instructions = false;
		return false;
	case 'i':
		if (counter_counts_instructions()) {
			wish->options.instructions = true;
			return false;
		}
		fputs("capipc-bench: nothing counts instructions here\n",
		      stderr);
		*status = STATUS_FAILED;
		return true;
	case 'j':
		wish->show = report_write;
		return false;
	case 'm':
		wish->show = report_markdown;
		return false;
	case 'g':
		wish->show = report_plot;
		return false;
	case 'f':
		wish->from = optarg;
		return false;
	case 'c':
		wish->compare = optarg;
		return false;
	case 'M':
		wish->memory = true;
		return false;
	case 'l':
		*status = list(optarg);
		return true;
	case 'h':
		fputs(help, stdout);
		*status = finish_output(STATUS_OK);
		return true;
	case 'V':
		puts("capipc-bench " CAPIPC_VERSION);
		*status = finish_output(STATUS_OK);
		return true;
	default:
		fputs("capipc-bench: try 'capipc-bench --help'\n", stderr);
		*status = STATUS_USAGE;
		return true;
	}
}

int main(int argc, char **argv)
{
	struct wish wish = {
		.show = report_show,
		.options.instructions = counter_counts_instructions(),
	};
	int option, status;

	argv[0] = (char *)"capipc-bench";
	while ((option = getopt_long(argc, argv, "p:w:n:jl::h", long_options,
				     NULL)) != -1) {
		if (parse_option(option, &wish, &status))
			return status;
	}
	if (optind < argc)
		return usage_error("there are no arguments: %s", argv[optind]);
	if (unknown(wish.peers, true))
		return usage_error("no such peer: %s",
				   unknown(wish.peers, true));
	if (unknown(wish.workloads, false))
		return usage_error("no such workload: %s",
				   unknown(wish.workloads, false));
	return fulfil(&wish);
}
