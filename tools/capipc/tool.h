/* SPDX-License-Identifier: GPL-2.0 */
/*
 * capipc(1): what its subcommands share.
 *
 * A subcommand is a file with a struct command, which is in the table in main.c.
 */
#ifndef TOOL_H
#define TOOL_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes. */
enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_DENIED = 3,
};

/**
 * struct command - a subcommand
 * @name: as typed
 * @arguments: what may follow, for the synopsis
 * @summary: one line
 * @help: the rest, lines ending in a newline
 * @options: for getopt_long(); NULL if it takes none
 * @run: does it; argv[0] is @name. Returns an exit code
 */
struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *help;
	const struct option *options;
	int (*run)(const struct command *self, int argc, char **argv);
};

extern const struct command command_explain;
extern const struct command command_graph;
extern const struct command command_help;
extern const struct command command_limits;
extern const struct command command_ls;
extern const struct command command_monitor;
extern const struct command command_names;
extern const struct command command_peers;
extern const struct command command_top;

extern const struct command *const commands[];

const struct command *command_find(const char *name);
int command_help_show(const struct command *command);

__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);
__attribute__((format(printf, 2, 3))) int
usage_error(const struct command *command, const char *format, ...);
/* getopt_long() has complained already. */
int usage_hint(const struct command *command);
/* The options of a command that has --help and --json only; false: it ends, with *status. */
extern const struct option json_only[];
bool json_options(const struct command *command, int argc, char **argv,
		  bool *json, int *status);

bool parse_number(const char *text, uint64_t max, uint64_t *out);

/* Output has been written, or says why not: for the end of a command. */
int finish_output(int status);

#endif /* TOOL_H */
