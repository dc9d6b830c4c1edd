// SPDX-License-Identifier: GPL-2.0
/*
 * capipc top: the contexts that have most, again and again.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capipc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "collect.h"
#include "text.h"
#include "tool.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/**
 * struct row - a context, and what waits for it and because of it
 * @context: the context
 * @pipes: ends of pipes that it holds
 * @in_messages: to be received by it
 * @in_bytes: likewise
 * @out_messages: it has sent, and nobody has received
 * @out_bytes: likewise
 */
struct row {
	const struct context *context;
	uint64_t pipes;
	uint64_t in_messages;
	uint64_t in_bytes;
	uint64_t out_messages;
	uint64_t out_bytes;
};

/**
 * struct top - what to show
 * @json: one object for each time, on a line
 * @screen: standard output is a terminal: draw over what is there
 * @delay: between two times, milliseconds
 * @count: how many times, 0 for no end
 * @compare: what comes first
 */
struct top {
	bool json;
	bool screen;
	int delay;
	uint64_t count;
	int (*compare)(const void *a, const void *b);
};

/* ----------------------------------------------------------------- the order */

static int by_number(const struct row *x, const struct row *y)
{
	return x->context->id < y->context->id ?
		       -1 :
		       x->context->id > y->context->id;
}

/* Most first; of equals, the older one. */
#define COMPARE(name, value)                                 \
	static int name(const void *a, const void *b)        \
	{                                                    \
		const struct row *x = a, *y = b;             \
                                                             \
		if (x->value != y->value)                    \
			return x->value > y->value ? -1 : 1; \
		return by_number(x, y);                      \
	}

COMPARE(by_in_messages, in_messages)
COMPARE(by_in_bytes, in_bytes)
COMPARE(by_out_messages, out_messages)
COMPARE(by_out_bytes, out_bytes)
COMPARE(by_handles, context->handles)
COMPARE(by_bytes, context->bytes)

static const struct {
	const char *name;
	int (*compare)(const void *a, const void *b);
} orders[] = {
	{ "in", by_in_messages },   { "in-bytes", by_in_bytes },
	{ "out", by_out_messages }, { "out-bytes", by_out_bytes },
	{ "handles", by_handles },  { "bytes", by_bytes },
};

/* ------------------------------------------------------------------ the rows */

static struct row *find_row(const struct collection *all, struct row *rows,
			    uint64_t context)
{
	const struct context *found = find_context(all, context);

	return found ? &rows[found - all->contexts] : NULL;
}

/* A row for each context, in their order; NULL: no memory. */
static struct row *make_rows(const struct collection *all)
{
	struct row *rows = calloc(all->contexts_array.count + 1, sizeof(*rows));
	size_t i;
	int end;

	if (!rows)
		return NULL;
	for (i = 0; i < all->contexts_array.count; i++)
		rows[i].context = &all->contexts[i];
	for (i = 0; i < all->pipes_array.count; i++) {
		for (end = 0; end < 2; end++) {
			const struct end *own = &all->pipes[i].end[end];
			const struct end *other = &all->pipes[i].end[!end];
			struct row *row =
				find_row(all, rows, own->holder.context);

			if (!row)
				continue;
			row->pipes++;
			row->in_messages += own->queued;
			row->in_bytes += own->bytes;
			row->out_messages += other->queued;
			row->out_bytes += other->bytes;
		}
	}
	return rows;
}

/* -------------------------------------------------------------------- showing */

/* Lines and columns of the terminal; none where there is none. */
static void screen_size(const struct top *top, unsigned int *lines,
			unsigned int *columns)
{
	struct winsize size = { 0 };

	*lines = 0;
	*columns = 0;
	if (!top->screen || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return;
	*lines = size.ws_row;
	*columns = size.ws_col;
}

/* A line of the table, cut off at the edge of the screen. */
static void put_line(const char *line, unsigned int columns)
{
	if (columns)
		printf("%.*s\033[K\n", (int)columns, line);
	else
		puts(line);
}

/* The program as it is quoted elsewhere: what is not printable cannot move around. */
static char *program_text(const struct program *program)
{
	char *text = NULL;
	size_t size;
	FILE *to;

	if (!program->path)
		return strdup("");
	to = open_memstream(&text, &size);
	if (!to)
		return NULL;
	print_quoted(to, program->path);
	if (fclose(to)) {
		free(text);
		return NULL;
	}
	return text;
}

static bool show_row(const struct row *row, unsigned int columns)
{
	const struct context *context = row->context;
	char *program = program_text(&context->program), *line = NULL;
	bool good;

	good = program &&
	       asprintf(&line,
			"%8" PRIu64 " %7" PRIu32 " %6" PRIu32 " %7" PRIu32
			" %7" PRIu64 " %6" PRIu64 " %9" PRIu64 " %6" PRIu64
			" %9" PRIu64 " %10" PRIu64 " %3.0f%% %s",
			context->id, context->pid, context->uid,
			context->handles, row->pipes, row->in_messages,
			row->in_bytes, row->out_messages, row->out_bytes,
			context->bytes,
			context->bytes_limit ?
				(double)context->bytes * 100 /
					(double)context->bytes_limit :
				0.0,
			program) >= 0;
	if (good)
		put_line(line, columns);
	free(line);
	free(program);
	return good;
}

static bool show_rows(const struct top *top, const struct row *rows,
		      size_t count)
{
	unsigned int lines, columns;
	char head[96];
	size_t i;

	screen_size(top, &lines, &columns);
	if (top->screen)
		fputs("\033[H", stdout);
	snprintf(head, sizeof(head), "%zu contexts", count);
	put_line(head, columns);
	put_line(
		" CONTEXT     PID    UID HANDLES   PIPES     IN  IN-BYTES    OUT OUT-BYTES    CHARGED  OF%",
		columns);
	/* two lines are used, and the cursor is on one */
	for (i = 0; i < count && (!lines || i + 3 < lines); i++) {
		if (!show_row(&rows[i], columns))
			return false;
	}
	fputs(top->screen ? "\033[J" : "\n", stdout);
	return true;
}

static void json_rows(const struct row *rows, size_t count)
{
	struct json json = { .to = stdout };
	struct timespec now;
	size_t i;

	clock_gettime(CLOCK_BOOTTIME, &now);
	json_open(&json, NULL, '{');
	json_number(&json, "time_ns",
		    (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
	json_open(&json, "contexts", '[');
	for (i = 0; i < count; i++) {
		const struct context *context = rows[i].context;

		json_open(&json, NULL, '{');
		json_number(&json, "context_id", context->id);
		json_number(&json, "uid", context->uid);
		json_number(&json, "pid", context->pid);
		json_program(&json, "program", &context->program);
		json_number(&json, "handles", context->handles);
		json_bool(&json, "ready", context->ready);
		json_number(&json, "pipes", rows[i].pipes);
		json_number(&json, "in_messages", rows[i].in_messages);
		json_number(&json, "in_bytes", rows[i].in_bytes);
		json_number(&json, "out_messages", rows[i].out_messages);
		json_number(&json, "out_bytes", rows[i].out_bytes);
		json_number(&json, "bytes_charged", context->bytes);
		json_number(&json, "bytes_limit", context->bytes_limit);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_close(&json, '}');
	putchar('\n');
}

static int show_once(const struct top *top, struct link *link)
{
	struct collection all = { 0 };
	struct row *rows = NULL;
	size_t count;
	int status;

	status = collect_contexts(link, &all, 0);
	if (!status)
		status = collect_pipes(link, &all, 0);
	if (status)
		goto out;
	collection_sort(&all);
	count = all.contexts_array.count;
	rows = make_rows(&all);
	if (rows) {
		qsort(rows, count, sizeof(*rows), top->compare);
		if (top->json)
			json_rows(rows, count);
	}
	if (!rows || (!top->json && !show_rows(top, rows, count))) {
		complain("out of memory");
		status = STATUS_FAILED;
	}
out:
	free(rows);
	collection_free(&all);
	return finish_output(status);
}

/* Wait; false if nobody reads what we write any more. */
static bool wait_for_next(const struct top *top)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, top->delay) <= 0;
}

static int run(const struct top *top, struct link *link)
{
	uint64_t times = 0;
	int status;

	if (top->screen)
		fputs("\033[2J", stdout);
	do {
		status = show_once(top, link);
		if (status || ++times == top->count)
			return status;
	} while (wait_for_next(top));
	return STATUS_FAILED;
}

/* -------------------------------------------------------------- the command */

static bool parse_delay(const char *text, int *delay)
{
	double seconds;
	char *rest;

	seconds = strtod(text, &rest);
	if (rest == text || *rest || !(seconds >= 0.01 && seconds <= 1e6))
		return false;
	*delay = (int)(seconds * 1e3 + 0.5);
	return true;
}

static bool parse_order(const char *text, struct top *top)
{
	size_t i;

	for (i = 0; i < COUNT(orders); i++) {
		if (!strcmp(orders[i].name, text)) {
			top->compare = orders[i].compare;
			return true;
		}
	}
	return false;
}

static int run_top(const struct command *self, int argc, char **argv)
{
	struct top top = { .delay = 1000, .compare = by_in_messages };
	struct link link;
	int option, status;

	while ((option = getopt_long(argc, argv, "hj1d:n:s:", self->options,
				     NULL)) != -1) {
		switch (option) {
		case 'h':
			return command_help_show(self);
		case 'j':
			top.json = true;
			break;
		case '1':
			top.count = 1;
			break;
		case 'd':
			if (!parse_delay(optarg, &top.delay))
				return usage_error(
					self, "not a number of seconds: %s",
					optarg);
			break;
		case 'n':
			if (!parse_number(optarg, UINT64_MAX, &top.count) ||
			    !top.count)
				return usage_error(self,
						   "not a number of times: %s",
						   optarg);
			break;
		case 's':
			if (!parse_order(optarg, &top))
				return usage_error(self, "no such order: %s",
						   optarg);
			break;
		default:
			return usage_hint(self);
		}
	}
	if (optind < argc)
		return usage_error(self, "what is this: %s", argv[optind]);
	top.screen = !top.json && top.count != 1 && isatty(STDOUT_FILENO);

	status = link_open(&link);
	if (status)
		return status;
	status = run(&top, &link);
	link_close(&link);
	return status;
}

static const struct option top_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "once", no_argument, NULL, '1' },
	{ "delay", required_argument, NULL, 'd' },
	{ "count", required_argument, NULL, 'n' },
	{ "sort", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

const struct command command_top = {
	.name = "top",
	.arguments = "[OPTIONS]",
	.summary = "Show the contexts for which most waits, again and again",
	.help = "  -j, --json         one JSON object a line, each time\n"
		"  -1, --once         show it once\n"
		"  -d, --delay SEC    between two times (1)\n"
		"  -n, --count N      stop after so many times\n"
		"  -s, --sort ORDER   most first: in (the default) or in-bytes, what waits to be\n"
		"                     received by the context; out or out-bytes, what it has sent and\n"
		"                     nobody has received; handles; bytes, what it pays for\n"
		"\n"
		"You see your own contexts, or with CAP_SYS_ADMIN over the network namespace all\n"
		"of it.\n",
	.options = top_options,
	.run = run_top,
};
