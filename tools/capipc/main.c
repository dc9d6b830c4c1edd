// SPDX-License-Identifier: GPL-2.0
/*
 * capipc(1): see what capipc does, and why.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#ifndef CAPIPC_VERSION
#define CAPIPC_VERSION "unknown"
#endif

const struct command *const commands[] = {
	&command_monitor, &command_ls,	  &command_peers,   &command_names,
	&command_top,	  &command_graph, &command_explain, &command_limits,
	&command_help,	  NULL,
};

void complain(const char *format, ...)
{
	va_list args;

	fputs("capipc: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int usage_error(const struct command *command, const char *format, ...)
{
	va_list args;

	fputs("capipc: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return usage_hint(command);
}

int usage_hint(const struct command *command)
{
	if (command)
		fprintf(stderr, "capipc: try 'capipc help %s'\n",
			command->name);
	else
		fputs("capipc: try 'capipc --help'\n", stderr);
	return STATUS_USAGE;
}

const struct option json_only[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

bool json_options(const struct command *command, int argc, char **argv,
		  bool *json, int *status)
{
	int option;

	while ((option = getopt_long(argc, argv, "hj", command->options,
				     NULL)) != -1) {
		switch (option) {
		case 'h':
			*status = command_help_show(command);
			return false;
		case 'j':
			*json = true;
			break;
		default:
			*status = usage_hint(command);
			return false;
		}
	}
	return true;
}

bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
	unsigned long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end || value > max)
		return false;
	*out = value;
	return true;
}

int finish_output(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	if (errno != EPIPE)
		complain("cannot write: %s", strerror(errno));
	return STATUS_FAILED;
}

const struct command *command_find(const char *name)
{
	const struct command *const *command;

	for (command = commands; *command; command++) {
		if (!strcmp((*command)->name, name))
			return *command;
	}
	return NULL;
}

int command_help_show(const struct command *command)
{
	printf("Usage: capipc %s %s\n\n%s.\n", command->name,
	       command->arguments, command->summary);
	if (command->help)
		printf("\n%s", command->help);
	return finish_output(STATUS_OK);
}

static void show_overview(FILE *to)
{
	const struct command *const *command;

	fputs("Usage: capipc COMMAND [ARGUMENTS]\n\nSee what capipc does, and why.\n\n",
	      to);
	for (command = commands; *command; command++)
		fprintf(to, "  %-10s %s\n", (*command)->name,
			(*command)->summary);
	fputs("\n"
	      "  -h, --help     this; 'capipc help COMMAND' tells more\n"
	      "      --version  the version\n"
	      "\n"
	      "Exit status: 0 done, 1 failed, 2 wrong usage, 3 denied (explain).\n",
	      to);
}

/* For the completion of shells: words, one a line. */
static int list_commands(void)
{
	const struct command *const *command;

	for (command = commands; *command; command++)
		puts((*command)->name);
	return finish_output(STATUS_OK);
}

static int list_options(const struct command *command)
{
	const struct option *option;

	for (option = command->options; option && option->name; option++)
		printf("--%s%s\n", option->name, option->has_arg ? "=" : "");
	return finish_output(STATUS_OK);
}

static int run_help(const struct command *self, int argc, char **argv)
{
	const struct command *command;
	bool options;

	if (argc == 2 && !strcmp(argv[1], "--commands"))
		return list_commands();
	options = argc == 3 && !strcmp(argv[1], "--options");
	if (argc > 2 && !options)
		return usage_error(self, "help takes one command");
	if (argc == 1) {
		show_overview(stdout);
		return finish_output(STATUS_OK);
	}
	command = command_find(argv[argc - 1]);
	if (!command)
		return usage_error(NULL, "no such command: %s", argv[argc - 1]);
	return options ? list_options(command) : command_help_show(command);
}

static const struct option help_options[] = {
	{ "commands", no_argument, NULL, 'c' },
	{ "options", required_argument, NULL, 'o' },
	{ 0 },
};

const struct command command_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "Tell about a command",
	.help = "  --commands         names of all commands, one a line\n"
		"  --options COMMAND  options of a command, one a line\n",
	.options = help_options,
	.run = run_help,
};

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		show_overview(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
		show_overview(stdout);
		return finish_output(STATUS_OK);
	}
	if (!strcmp(argv[1], "--version")) {
		puts("capipc " CAPIPC_VERSION);
		return finish_output(STATUS_OK);
	}
	command = command_find(argv[1]);
	if (!command) {
		return usage_error(NULL,
				   argv[1][0] == '-' ? "no such option: %s" :
						       "no such command: %s",
				   argv[1]);
	}
	/* What getopt_long() complains about begins with this. */
	argv[1] = argv[0] = (char *)"capipc";
	return command->run(command, argc - 1, argv + 1);
}
