// SPDX-License-Identifier: GPL-2.0
/*
 * capipc explain: would it be allowed, and by which rule?
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capipc.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "text.h"
#include "tool.h"

#define DEVICE "/dev/capipc"

/* Most ordinals that one argument may stand for. */
#define RANGE_MAX 65536

/* One question and its answer. */
struct answer {
	bool connect;
	const char *name;
	uint32_t ordinal;
	bool allowed;
	int32_t rule;
	uint32_t facet;
};

static void show_answer(const struct answer *answer)
{
	if (answer->connect) {
		fputs("connect ", stdout);
		print_quoted(stdout, answer->name);
	} else {
		printf("ordinal %" PRIu32, answer->ordinal);
	}
	fputs(answer->allowed ? ": allowed, " : ": denied, ", stdout);
	if (answer->rule == CAPIPC_EXPLAIN_OPEN)
		fputs("there are no rules", stdout);
	else if (answer->rule == CAPIPC_EXPLAIN_NONE)
		fputs("no rule matches", stdout);
	else
		printf("rule %" PRId32, answer->rule);
	if (answer->connect && answer->allowed)
		printf(", facet %" PRIu32, answer->facet);
	putchar('\n');
}

static void json_answer(const struct answer *answer)
{
	struct json json = { .to = stdout };

	json_open(&json, NULL, '{');
	json_string(&json, "question", answer->connect ? "connect" : "send");
	if (answer->connect)
		json_string(&json, "name", answer->name);
	else
		json_number(&json, "ordinal", answer->ordinal);
	json_bool(&json, "allowed", answer->allowed);
	json_string(&json, "decided_by",
		    answer->rule == CAPIPC_EXPLAIN_OPEN ? "no-rules" :
		    answer->rule == CAPIPC_EXPLAIN_NONE ? "no-match" :
							  "rule");
	if (answer->rule >= 0)
		json_signed(&json, "rule", answer->rule);
	if (answer->connect && answer->allowed)
		json_number(&json, "facet", answer->facet);
	json_close(&json, '}');
	putchar('\n');
}

static int fail(const char *name)
{
	int error = errno;

	/* The name is ours, but its shape may not be. */
	fputs("capipc: ", stderr);
	print_quoted(stderr, name);
	if (error == ENOENT)
		fputs(": nobody listens by that name\n", stderr);
	else
		fprintf(stderr, ": %s\n", strerror(error));
	return STATUS_FAILED;
}

static int ask(int fd, uint32_t handle, struct answer *answer)
{
	struct capipc_explain explain = { .size = sizeof(explain) };

	if (answer->connect) {
		explain.name = (uintptr_t)answer->name;
		explain.name_len = (uint32_t)strlen(answer->name);
	} else {
		explain.handle = handle;
		explain.ordinal = answer->ordinal;
	}
	if (ioctl(fd, CAPIPC_IOC_EXPLAIN, &explain))
		return fail(answer->name);
	answer->allowed = explain.allowed;
	answer->rule = explain.rule;
	answer->facet = explain.facet;
	return STATUS_OK;
}

static int ask_and_tell(int fd, uint32_t handle, struct answer *answer,
			bool json)
{
	int status = ask(fd, handle, answer);

	if (status)
		return status;
	if (json)
		json_answer(answer);
	else
		show_answer(answer);
	return answer->allowed ? STATUS_OK : STATUS_DENIED;
}

/* N or N-M. */
static bool parse_range(const char *text, uint32_t *first, uint32_t *last)
{
	const char *dash = strchr(text, '-');
	char start[32];
	uint64_t number;
	size_t len;

	len = dash ? (size_t)(dash - text) : strlen(text);
	if (len >= sizeof(start))
		return false;
	memcpy(start, text, len);
	start[len] = '\0';
	if (!parse_number(start, UINT32_MAX, &number))
		return false;
	*first = *last = (uint32_t)number;
	if (dash) {
		if (!parse_number(dash + 1, UINT32_MAX, &number))
			return false;
		*last = (uint32_t)number;
	}
	return *first <= *last && *last - *first < RANGE_MAX;
}

static int ask_ordinals(int fd, const char *name, char **ranges, int count,
			bool json)
{
	struct capipc_connect connect = {
		.size = sizeof(connect),
		.name = (uintptr_t)name,
		.name_len = (uint32_t)strlen(name),
	};
	struct answer answer = { .name = name };
	uint32_t first, last, i;
	int status = STATUS_OK;
	int range, ret;

	if (ioctl(fd, CAPIPC_IOC_CONNECT, &connect))
		return fail(name);
	for (range = 0; range < count; range++) {
		/* it has been looked at before */
		if (!parse_range(ranges[range], &first, &last))
			continue;
		for (i = 0; i <= last - first; i++) {
			answer.ordinal = first + i;
			ret = ask_and_tell(fd, connect.handle, &answer, json);
			if (ret == STATUS_FAILED)
				return ret;
			if (ret)
				status = ret;
		}
	}
	return status;
}

static int run_explain(const struct command *self, int argc, char **argv)
{
	struct answer answer = { .connect = true };
	bool json = false;
	uint32_t first, last;
	int status, fd, i;

	if (!json_options(self, argc, argv, &json, &status))
		return status;
	if (optind == argc)
		return usage_error(self, "which name?");
	for (i = optind + 1; i < argc; i++) {
		if (!parse_range(argv[i], &first, &last))
			return usage_error(
				self, "not an ordinal, or a range of them: %s",
				argv[i]);
	}

	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		complain("%s: %s", DEVICE, strerror(errno));
		return STATUS_FAILED;
	}
	answer.name = argv[optind];
	status = ask_and_tell(fd, 0, &answer, json);
	if (!status && optind + 1 < argc)
		status = ask_ordinals(fd, answer.name, argv + optind + 1,
				      argc - optind - 1, json);
	close(fd);
	return finish_output(status);
}

const struct command command_explain = {
	.name = "explain",
	.arguments = "[--json] NAME [ORDINAL[-LAST]...]",
	.summary =
		"Ask whether you may connect, and send which messages, and which rule decides",
	.help = "  -j, --json  one JSON object a line\n"
		"\n"
		"With ordinals it really connects, to ask about messages on that connection, and\n"
		"closes it again; the server sees a client that sends nothing.\n"
		"\n"
		"Exit status: 0 all allowed, 3 something denied, 1 no answer.\n",
	.options = json_only,
	.run = run_explain,
};
