// SPDX-License-Identifier: GPL-2.0
/*
 * Figures as JSON: written with a result in each line, so that one can see what has
 * changed; read in any layout, and members that are not known are passed over.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../capipc/text.h"
#include "report.h"

/* What is read nests no deeper. */
#define DEPTH_MAX 16

static const char *const percentiles[] = { "p50", "p90", "p99", "max" };

#define PERCENTILES (sizeof(percentiles) / sizeof(percentiles[0]))

/* ------------------------------------------------------------------- writing */

static void write_result(struct json *json, const struct report *report,
			 const struct result *result)
{
	const struct figures *figures = &result->figures;
	size_t n;

	json_open(json, NULL, '{');
	json_string(json, "workload", result->workload);
	json_string(json, "peer", result->peer);
	json_number(json, "operations", figures->operations);
	json_decimal(json, "median", figures->median);
	json_decimal(json, "mean", figures->mean);
	for (n = 0; n < PERCENTILES && !report->instructions; n++)
		json_decimal(json, percentiles[n], figures->percentile[n]);
	if (figures->cycles > 0)
		json_decimal(json, "cycles", figures->cycles);
	json_close(json, '}');
}

void report_write(FILE *to, const struct report *report)
{
	struct json json = { .to = to };
	size_t n;

	json_open(&json, NULL, '{');
	json_string(&json, "unit",
		    report->instructions ? "instructions" : "ns");
	json_string(&json, "kernel", report->kernel);
	json_string(&json, "processor", report->processor);
	json_number(&json, "processors", report->processors);
	json_string(&json, "placement", report->placement);
	json_open(&json, "results", '[');
	for (n = 0; n < report->count; n++) {
		fputs(n ? ",\n" : "\n", to);
		json.more = false;
		write_result(&json, report, &report->results[n]);
	}
	fputc('\n', to);
	json_close(&json, ']');
	json_close(&json, '}');
	fputc('\n', to);
}

/* ------------------------------------------------------------------- reading */

/**
 * struct reader - JSON being read
 * @at: what comes next
 * @depth: of objects and arrays that are open
 */
struct reader {
	const char *at;
	int depth;
};

static void skip_space(struct reader *reader)
{
	while (isspace((unsigned char)*reader->at))
		reader->at++;
}

static bool take(struct reader *reader, char what)
{
	skip_space(reader);
	if (*reader->at != what)
		return false;
	reader->at++;
	return true;
}

/* As much of it as there is room for. Escapes are only those that we write ourselves. */
static bool read_string(struct reader *reader, char *to, size_t size)
{
	size_t len = 0;

	if (!take(reader, '"'))
		return false;
	for (; *reader->at != '"'; reader->at++) {
		if (*reader->at == '\\')
			reader->at++;
		if ((unsigned char)*reader->at < ' ')
			return false;
		if (len + 1 < size)
			to[len++] = *reader->at;
	}
	reader->at++;
	if (size)
		to[len] = 0;
	return true;
}

static bool read_number(struct reader *reader, double *to)
{
	char *end;

	skip_space(reader);
	/* neither inf nor nan, nor a hexadecimal number */
	if (strspn(reader->at, "-0123456789.eE+") == 0)
		return false;
	*to = strtod(reader->at, &end);
	if (end == reader->at)
		return false;
	reader->at = end;
	return true;
}

/**
 * typedef member_fn - takes a member of an object
 * @reader: before the value, which it reads
 * @key: the name
 * @data: whatever
 *
 * False if the value is not what it should be.
 */
typedef bool member_fn(struct reader *reader, const char *key, void *data);

static bool read_object(struct reader *reader, member_fn *member, void *data)
{
	char key[32];

	if (!take(reader, '{') || ++reader->depth > DEPTH_MAX)
		return false;
	if (!take(reader, '}')) {
		do {
			if (!read_string(reader, key, sizeof(key)) ||
			    !take(reader, ':') || !member(reader, key, data))
				return false;
		} while (take(reader, ','));
		if (!take(reader, '}'))
			return false;
	}
	reader->depth--;
	return true;
}

static bool read_array(struct reader *reader,
		       bool (*element)(struct reader *reader, void *data),
		       void *data)
{
	if (!take(reader, '[') || ++reader->depth > DEPTH_MAX)
		return false;
	if (!take(reader, ']')) {
		do {
			if (!element(reader, data))
				return false;
		} while (take(reader, ','));
		if (!take(reader, ']'))
			return false;
	}
	reader->depth--;
	return true;
}

static bool skip_value(struct reader *reader, void *data);

static bool skip_member(struct reader *reader, const char *key, void *data)
{
	(void)key;
	return skip_value(reader, data);
}

/* How deep, take() of a bracket counts. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static bool skip_value(struct reader *reader, void *data)
{
	static const char *const words[] = { "true", "false", "null" };
	double number;
	size_t n;

	skip_space(reader);
	switch (*reader->at) {
	case '{':
		return read_object(reader, skip_member, data);
	case '[':
		return read_array(reader, skip_value, data);
	case '"':
		return read_string(reader, NULL, 0);
	default:
		break;
	}
	for (n = 0; n < sizeof(words) / sizeof(words[0]); n++) {
		size_t len = strlen(words[n]);

		if (!strncmp(reader->at, words[n], len)) {
			reader->at += len;
			return true;
		}
	}
	return read_number(reader, &number);
}

static bool read_figure(struct reader *reader, const char *key, void *data)
{
	struct result *result = data;
	struct figures *figures = &result->figures;
	double number = 0;
	size_t n;

	if (!strcmp(key, "workload"))
		return read_string(reader, result->workload,
				   sizeof(result->workload));
	if (!strcmp(key, "peer"))
		return read_string(reader, result->peer, sizeof(result->peer));
	if (!strcmp(key, "median"))
		return read_number(reader, &figures->median);
	if (!strcmp(key, "mean"))
		return read_number(reader, &figures->mean);
	if (!strcmp(key, "cycles"))
		return read_number(reader, &figures->cycles);
	if (!strcmp(key, "operations")) {
		if (!read_number(reader, &number) || number < 0 ||
		    number > UINT32_MAX)
			return false;
		figures->operations = (uint64_t)number;
		return true;
	}
	for (n = 0; n < PERCENTILES; n++) {
		if (!strcmp(key, percentiles[n]))
			return read_number(reader, &figures->percentile[n]);
	}
	return skip_value(reader, NULL);
}

static bool read_result(struct reader *reader, void *data)
{
	struct report *report = data;
	struct result result = { 0 };

	return read_object(reader, read_figure, &result) &&
	       result.workload[0] && result.peer[0] &&
	       report_add(report, result.workload, result.peer,
			  &result.figures);
}

static bool read_member(struct reader *reader, const char *key, void *data)
{
	struct report *report = data;
	double number = 0;
	char unit[16];

	if (!strcmp(key, "results"))
		return read_array(reader, read_result, report);
	if (!strcmp(key, "kernel"))
		return read_string(reader, report->kernel,
				   sizeof(report->kernel));
	if (!strcmp(key, "processor"))
		return read_string(reader, report->processor,
				   sizeof(report->processor));
	if (!strcmp(key, "placement"))
		return read_string(reader, report->placement,
				   sizeof(report->placement));
	if (!strcmp(key, "unit")) {
		if (!read_string(reader, unit, sizeof(unit)))
			return false;
		report->instructions = !strcmp(unit, "instructions");
		return report->instructions || !strcmp(unit, "ns");
	}
	if (!strcmp(key, "processors")) {
		if (!read_number(reader, &number) || number < 0 ||
		    number > UINT16_MAX)
			return false;
		report->processors = (uint32_t)number;
		return true;
	}
	return skip_value(reader, NULL);
}

/* All of a file, with a NUL at the end, or NULL. */
static char *slurp(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	/* there is no NUL in JSON, so that is all of it */
	if (getdelim(&text, &size, 0, file) < 0) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

bool report_read(const char *path, struct report *report)
{
	struct reader reader = { 0 };
	char *text = slurp(path);
	bool good = false;

	memset(report, 0, sizeof(*report));
	if (!text) {
		fprintf(stderr, "capipc-bench: cannot read %s\n", path);
		return false;
	}
	reader.at = text;
	if (read_object(&reader, read_member, report)) {
		skip_space(&reader);
		good = !*reader.at;
	}
	if (!good) {
		fprintf(stderr,
			"capipc-bench: %s: not what --json writes, at byte %td\n",
			path, reader.at - text);
		report_free(report);
	}
	free(text);
	return good;
}
