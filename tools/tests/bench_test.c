// SPDX-License-Identifier: GPL-2.0
/*
 * capipc-bench(1) in a kernel with the module: every peer does every workload that it
 * offers, a few times, and every figure is one.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../../libcapipc/tests/tap.h"
#include "parse.h"

static char out[1 << 20];

/* Run it with standard error among its output. Returns the exit status. */
static int run(const char *arguments)
{
	char line[4096];
	size_t len;
	FILE *pipe;
	int status;

	snprintf(line, sizeof(line), "capipc-bench %s 2>&1", arguments);
	/* a shell is wanted here, and the words are ours: NOLINTNEXTLINE(cert-env33-c) */
	pipe = popen(line, "re");
	if (!pipe)
		return -1;
	len = fread(out, 1, sizeof(out) - 1, pipe);
	out[len] = 0;
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char missing[1024];

/* Not every kernel has every peer: puts that elsewhere. */
static void note_missing(void)
{
	static const char without[] = "capipc-bench: without ";
	char *at, *end;
	size_t len = 0;

	while ((at = strstr(out, without)) && (end = strchr(at, '\n'))) {
		len += (size_t)snprintf(missing + len, sizeof(missing) - len,
					"%.*s\n", (int)(end - at), at);
		memmove(at, end + 1, strlen(end + 1) + 1);
	}
}

/* It is not there, and need not be: CAPIPC_PEERS names those that have to be. */
static bool is_missing(const char *peer)
{
	const char *wanted = getenv("CAPIPC_PEERS");
	char text[64];

	if (wanted && strstr(wanted, peer))
		return false;

	snprintf(text, sizeof(text), "without %s:", peer);
	return strstr(missing, text);
}

/* The bytes that an idle one takes; 0 if there are none. */
static double bytes_of(const char *thing)
{
	char name[64];
	const char *at;

	snprintf(name, sizeof(name), "\"name\": \"%s\"", thing);
	at = strstr(out, name);
	at = at ? strstr(at, "\"bytes\": ") : NULL;
	return at ? strtod(at + 9, NULL) : 0;
}

static void test_memory(void)
{
	double pipe, pair;

	is(run("--memory --operations 1000 --json"), 0,
	   "memory can be measured");
	ok(parse_json(out), "and it is JSON");
	pipe = bytes_of("capipc pipe");
	pair = bytes_of("seqpacket pair");
	ok(pipe > 0 && bytes_of("capipc context") > 0 &&
		   bytes_of("capipc handle") > 0,
	   "pipes, contexts and handles take some");
	ok(pipe < pair, "a pipe takes less than two sockets");
}

/* How many results there are of a workload by a peer, or any; and all figures are some. */
static int results(const char *workload, const char *peer)
{
	char cell[128];
	const char *at = out;
	int count = 0;

	snprintf(cell, sizeof(cell), "\"workload\":\"%s\",\"peer\":\"%s\",",
		 workload, peer);
	while ((at = strstr(at, *workload ? cell : "\"workload\":"))) {
		const char *median = strstr(at, "\"median\":");

		if (!median || strtod(median + 9, NULL) <= 0)
			return -1;
		count++;
		at++;
	}
	return count;
}

/* In the guests that find errors, 10,000 connections take a while to be made. */
static void all_but_the_largest(char *list, size_t size)
{
	const char *line = out, *end;
	size_t len = 0;

	run("--list=workloads");
	for (; (end = strchr(line, '\n')); line = end + 1) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, "\t"),
			 line);
		if (!strstr(name, "10000"))
			len += (size_t)snprintf(list + len, size - len, "%s%s",
						len ? "," : "", name);
	}
}

int main(void)
{
	static const char *const offered[][2] = {
		{ "call-64-8", "capipc" },
		{ "call-1m-8", "capipc" },
		{ "call-rules-64", "capipc" },
		{ "call-denied", "capipc" },
		{ "call-file", "capipc" },
		{ "call-handles-16", "capipc" },
		{ "send-64", "capipc" },
		{ "pipes-100", "capipc" },
		{ "active-100", "capipc" },
		{ "threads-4", "capipc" },
		{ "connect", "capipc" },
		{ "stream-64k", "capipc" },
		{ "stream-busy-copy-64k", "capipc" },
		{ "share-64k", "capipc" },
		{ "call-64-8", "futex" },
		{ "call-64-8", "eventfd" },
		{ "call-64-8", "mq" },
		{ "stream-64k", "pipe" },
		{ "connect", "stream+cred" },
		{ "send-64-batch-16", "seqpacket+cred" },
		{ "pipes-100", "seqpacket+cred+epoll" },
		{ "call-1m-8", "binder" },
		{ "call-handles-16", "binder" },
		{ "send-64-batch-16", "binder" },
		{ "active-100", "binder" },
		{ "threads-4", "binder" },
		{ "connect", "binder" },
		{ "call-1m-8", "dbus" },
		{ "call-handles-16", "dbus" },
		{ "send-64", "dbus" },
		{ "connect", "dbus" },
	};
	char list[2048] = "", arguments[3000];
	size_t n;

	all_but_the_largest(list, sizeof(list));
	ok(strchr(list, ','), "there are workloads");
	snprintf(arguments, sizeof(arguments),
		 "--time --operations 2 --json --workload %s", list);
	is(run(arguments), 0, "all can be measured");
	note_missing();
	/* so there was nothing else on standard error, either */
	ok(parse_json(out), "and it is JSON");
	ok(results("", "") > 60, "every figure is one");
	for (n = 0; n < sizeof(offered) / sizeof(offered[0]); n++) {
		bool there = !is_missing(offered[n][1]);

		snprintf(arguments, sizeof(arguments), "%s of %s%s",
			 offered[n][0], offered[n][1],
			 there ? "" : ", which is not there");
		is(results(offered[n][0], offered[n][1]), there, arguments);
	}
	test_memory();
	return tap_done();
}
