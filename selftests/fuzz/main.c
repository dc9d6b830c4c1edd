// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz: makes programs, runs them, and keeps those that run something new. See
 * usage() for the options, fuzz.h for what a program is.
 *
 * The verdict is its exit status: 0 when all went well, 1 when a program made
 * the kernel complain, hang or keep something, or when coverage did not grow; 2
 * when it could not do its work. Standard output has the corpus, standard error
 * everything else.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define SPLATS	    "/etc/capipc/splats"
#define CHECK_EVERY 250 /* programs */
#define SAY_EVERY   10 /* seconds */
#define PATTERNS    64

static struct {
	uint64_t seed;
	unsigned int seconds;
	unsigned int programs;
	unsigned int min_places;
	const char *corpus;
	const char *run;
	unsigned int times;
} options = { .seed = 1, .seconds = 60, .times = 1 };

static int kmsg_in = -1, kmsg_out = -1;
static regex_t patterns[PATTERNS];
static unsigned int patterns_count;
static time_t began;
static unsigned int programs, kept, slow;

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

bool time_is_left(void)
{
	return now() - began < options.seconds;
}

/* -------------------------------------------------------------- the kernel log */

static void patterns_read(void)
{
	char line[256], pattern[300];
	FILE *f = fopen(SPLATS, "re");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!*line || *line == '#')
			continue;
		snprintf(pattern, sizeof(pattern), "^(%s)", line);
		if (patterns_count == PATTERNS ||
		    regcomp(&patterns[patterns_count++], pattern,
			    REG_EXTENDED | REG_NOSUB)) {
			fprintf(stderr, "fuzz: " SPLATS ": %s\n", line);
			exit(2);
		}
	}
	if (!patterns_count) {
		fprintf(stderr, "fuzz: there are no patterns in " SPLATS "\n");
		exit(2);
	}
	fclose(f);
}

static void log_open(void)
{
	kmsg_in = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	kmsg_out = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (kmsg_in < 0 || kmsg_out < 0) {
		perror("fuzz: /dev/kmsg");
		exit(2);
	}
	lseek(kmsg_in, 0, SEEK_END);
}

/* Whether the kernel has complained since we asked last. */
static bool log_has_splat(void)
{
	char line[2048], *text;
	unsigned int i;
	ssize_t n;

	for (;;) {
		n = read(kmsg_in, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue; /* lines were lost */
		if (n <= 0)
			return false;
		line[n] = 0;
		/* PRIORITY,NUMBER,TIME,FLAGS;TEXT */
		text = strchr(line, ';');
		text = text ? text + 1 : line;
		text[strcspn(text, "\n")] = 0;
		for (i = 0; i < patterns_count; i++) {
			if (regexec(&patterns[i], text, 0, NULL, 0))
				continue;
			fprintf(stderr, "fuzz: kernel: %s\n", text);
			return true;
		}
	}
}

/*
 * What is going to be run, for when the kernel does not survive it: its log comes
 * out of the machine whatever happens.
 */
static void log_program(const char *text)
{
	char line[1000];
	int len = snprintf(line, sizeof(line), "fuzz: program %u\n", programs);

	while (*text) {
		size_t n = strcspn(text, "\n");

		/* several in a record: some 900 bytes are a line of the log */
		if (len + n + 3 > 900 && len) {
			if (write(kmsg_out, line, len) < 0)
				return;
			len = snprintf(line, sizeof(line), "fuzz:\n");
		}
		if (len + n + 3 > sizeof(line))
			n = sizeof(line) - len - 3;
		len += snprintf(line + len, sizeof(line) - len, "> %.*s\n",
				(int)n, text);
		text += n;
		text += strspn(text, "\n");
	}
	if (write(kmsg_out, line, len) < 0)
		return;
}

/* ------------------------------------------------------------------ the verdict */

static __attribute__((noreturn)) void fail(const char *why,
					   const struct program *p)
{
	static char text[TEXT_MAX];

	fprintf(stderr, "fuzz: FAILED: %s\n", why);
	fprintf(stderr, "fuzz: seed %llu, after %u programs",
		(unsigned long long)options.seed, programs);
	if (p) {
		program_print(p, text, sizeof(text));
		fprintf(stderr, "; the last one, for --run:\n%s", text);
	} else {
		fprintf(stderr, "\n");
	}
	fprintf(stderr, "fuzz: end of the program\n");
	exit(1);
}

static void check_counters(const struct program *p)
{
	char what[128] = "", why[256];

	if (!workers_stop())
		fail("a process that was killed does not end", p);
	if (netlink_is_as_at_first(what, sizeof(what)))
		return;
	snprintf(why, sizeof(why),
		 "no process has a context, but the module counts %s", what);
	fail(why, p);
}

void run(const struct program *p)
{
	static char text[TEXT_MAX];
	enum outcome outcome;

	program_print(p, text, sizeof(text));
	log_program(text);
	outcome = workers_run(p);
	programs++;
	if (log_has_splat())
		fail("the kernel complained", p);
	if (outcome == OUTCOME_HANGS)
		fail("a process that was killed does not end", p);
	if (outcome == OUTCOME_SLOW)
		slow++;
	if (programs % CHECK_EVERY == 0)
		check_counters(p);
}

/* -------------------------------------------------------------------- the loop */

static void say(void)
{
	fprintf(stderr,
		"-- fuzz: %ld s, %u programs, %u in the corpus, %u places in the code, %u slow\n",
		(long)(now() - began), programs, corpus_count(),
		coverage_size(corpus_coverage()), slow);
}

static void fuzz(void)
{
	static struct program p;
	time_t said = now();
	unsigned int n = 0;
	struct rng r;

	while (time_is_left() && (!options.programs || n < options.programs)) {
		/* its own, so that one program more or less spoils nothing */
		r.state = options.seed * 0x2545f4914f6cdd1dULL + n++;
		rng_next(&r);
		if (!corpus_count() || rng_once_in(&r, 8)) {
			program_make(&r, &p);
		} else {
			p = *corpus_at(rng_below(&r, corpus_count()));
			program_mutate(
				&r, &p,
				corpus_at(rng_below(&r, corpus_count())));
		}
		run(&p);
		if (corpus_offer(&p))
			kept++;
		if (now() - said >= SAY_EVERY) {
			said = now();
			say();
		}
	}
}

/* One program, of a file, several times. */
static void run_file(void)
{
	static struct program p;
	static char text[TEXT_MAX];
	FILE *f = fopen(options.run, "re");
	unsigned int i;
	size_t n;

	if (!f) {
		perror(options.run);
		exit(2);
	}
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	if (!program_read(&p, text))
		exit(2);
	for (i = 0; i < options.times; i++) {
		run(&p);
		coverage_new(corpus_coverage(), coverage_last(), true);
	}
	check_counters(&p);
	fprintf(stderr, "fuzz: %s ran %u times, %u places in the code\n",
		options.run, i, coverage_size(corpus_coverage()));
}

/* --------------------------------------------------------------------- options */

static void usage(void)
{
	fprintf(stderr,
		"usage: fuzz [--seconds N] [--seed N] [--programs N] [--corpus DIR]\n"
		"            [--min-places N]\n"
		"       fuzz --run FILE [--times N]\n"
		"\n"
		"  --seconds N     stop after so long (60)\n"
		"  --seed N        of what is chosen (1)\n"
		"  --programs N    stop after so many new ones\n"
		"  --corpus DIR    begin with the programs in these files\n"
		"  --min-places N  fail if fewer places in the code were run\n"
		"  --run FILE      run this program only, --times N\n");
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "seconds", 1, NULL, 's' },	{ "seed", 1, NULL, 'S' },
		{ "programs", 1, NULL, 'p' },	{ "corpus", 1, NULL, 'c' },
		{ "min-places", 1, NULL, 'm' }, { "run", 1, NULL, 'r' },
		{ "times", 1, NULL, 't' },	{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's':
			options.seconds = strtoul(optarg, NULL, 0);
			break;
		case 'S':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 'p':
			options.programs = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			options.corpus = optarg;
			break;
		case 'm':
			options.min_places = strtoul(optarg, NULL, 0);
			break;
		case 'r':
			options.run = optarg;
			break;
		case 't':
			options.times = strtoul(optarg, NULL, 0);
			break;
		default:
			usage();
		}
	}
	if (optind < argc)
		usage();
}

/* What can fail is to fail when it is told to, and not to make noise. */
static void faults_init(void)
{
	static const char *const knobs[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_usercopy/verbose", "0" },
	};
	char path[128];
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s",
			 knobs[i][0]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, knobs[i][1], 1) != 1) {
			perror(path);
			exit(2);
		}
		close(fd);
	}
}

int main(int argc, char **argv)
{
	unsigned int first, places;

	parse(argc, argv);
	if (!operations_are_whole())
		return 2;
	began = now();
	patterns_read();
	log_open();
	faults_init();
	coverage_init();
	parameters_keep();
	netlink_limits_keep();
	if (netlink_resolve()) {
		fprintf(stderr, "fuzz: the module is not loaded\n");
		return 2;
	}
	netlink_count();
	workers_init();
	if (options.run) {
		run_file();
		return 0;
	}
	if (options.corpus && !corpus_load(options.corpus))
		return 2;
	first = corpus_count() ? coverage_size(corpus_coverage()) : 0;
	say();
	fuzz();
	say();
	check_counters(NULL);
	places = coverage_size(corpus_coverage());
	fprintf(stderr,
		"fuzz: seed %llu: %u programs, %u kept, %u of them new, "
		"%u places in the code, %u before\n",
		(unsigned long long)options.seed, programs, corpus_count(),
		kept, places, first);
	if (!places || places < options.min_places)
		fail("too few places in the code were run", NULL);
	corpus_print();
	return 0;
}
