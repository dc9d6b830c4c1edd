// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * updaterctl: asks the updater for something.
 *
 * The exit status tells who said no: see usage().
 */
#include "updater.h"

#include <capipc.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define TIMEOUT_MS 10000

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3,
	EXIT_CUT_OFF = 4,
};

/**
 * struct session - what a command works with
 * @name: name of the updater
 * @lender: name of who lends an endpoint, or NULL to connect for oneself
 */
struct session {
	struct capipc_context *context;
	struct capipc_message *request;
	struct capipc_message *reply;
	const char *name;
	const char *lender;
};

/* The endpoint of an updater that somebody else connected to */
static int borrow(struct session *session, uint32_t *updater)
{
	struct capipc_received received;
	uint32_t lender;
	int ret;

	ret = capipc_endpoint_connect(session->context, session->lender, 0,
				      &lender);
	if (ret < 0)
		return ret;
	ret = capipc_context_receive(session->context, lender, session->reply,
				     &received,
				     capipc_deadline_in_ms(TIMEOUT_MS), 0);
	if (!ret && received.type == CAPIPC_RECEIVED_PEER_CLOSED)
		ret = -EPIPE;
	if (!ret && received.ordinal != LENDER_ENDPOINT)
		ret = -EBADMSG;
	if (!ret)
		ret = capipc_message_read_handle(
			session->reply, CAPIPC_KIND_ENDPOINT,
			CAPIPC_RIGHT_READ | CAPIPC_RIGHT_WRITE, updater);
	capipc_handle_close(session->context, lender);
	return ret;
}

static int call(struct session *session)
{
	uint32_t updater = 0;
	int ret;

	if (session->lender)
		ret = borrow(session, &updater);
	else
		ret = capipc_endpoint_connect(session->context, session->name,
					      0, &updater);
	if (ret < 0)
		return ret;
	ret = capipc_endpoint_call(session->context, updater, session->request,
				   session->reply,
				   capipc_deadline_in_ms(TIMEOUT_MS), 0, NULL);
	capipc_handle_close(session->context, updater);
	return ret;
}

static int do_version(struct session *session, const char *argument)
{
	const char *version;
	int ret;

	(void)argument;
	capipc_message_reset(session->request, UPDATER_GET_VERSION);
	ret = call(session);
	if (ret < 0)
		return ret;
	capipc_message_read_string(session->reply, &version);
	ret = capipc_message_read_end(session->reply);
	if (!ret)
		printf("version %s\n", version);
	return ret;
}

static int do_install(struct session *session, const char *app_id)
{
	uint32_t result;
	int ret;

	capipc_message_reset(session->request, UPDATER_INSTALL_APPLICATION);
	capipc_message_append_string(session->request, app_id);
	ret = call(session);
	if (ret < 0)
		return ret;
	capipc_message_read_u32(session->reply, &result);
	ret = capipc_message_read_end(session->reply);
	if (ret < 0)
		return ret;
	if (result != UPDATER_INSTALLED) {
		fprintf(stderr, "updaterctl: %s is no application\n", app_id);
		return -EINVAL;
	}
	printf("installed %s\n", app_id);
	return 0;
}

static int do_garbage(struct session *session, const char *argument)
{
	static const char garbage[] = "\xff\xff\xff\xff garbage";
	int ret;

	(void)argument;
	capipc_message_reset(session->request, UPDATER_GET_VERSION);
	capipc_message_append_raw(session->request, garbage, sizeof(garbage));
	ret = call(session);
	if (!ret)
		puts("the updater took it");
	return ret;
}

/* Connects for oneself, and gives the endpoint to the first who asks. */
static int do_lend(struct session *session, const char *name)
{
	struct capipc_received received = { 0 };
	uint32_t listener, updater;
	struct capipc_rules *anyone;
	int ret;

	ret = capipc_endpoint_connect(session->context, session->name, 0,
				      &updater);
	if (ret < 0)
		return ret;
	capipc_message_reset(session->request, LENDER_ENDPOINT);
	ret = capipc_message_append_handle(session->request, updater,
					   CAPIPC_RIGHTS_SAME);
	if (ret < 0)
		return ret;

	ret = capipc_rules_new(&anyone);
	if (ret < 0)
		return ret;
	capipc_rules_allow(anyone);
	ret = capipc_listener_bind(session->context, name, anyone, NULL, 0, 0,
				   &listener);
	capipc_rules_free(anyone);
	if (ret < 0)
		return ret;
	puts("lending");
	fflush(stdout);

	ret = capipc_context_receive(session->context, listener, session->reply,
				     &received,
				     capipc_deadline_in_ms(TIMEOUT_MS), 0);
	if (ret < 0)
		return ret;
	printf("lent to uid %u, pid %u\n", received.stamp.uid,
	       received.stamp.pid);
	return capipc_endpoint_send(session->context, received.handle,
				    session->request, CAPIPC_FOREVER,
				    CAPIPC_NOWAIT);
}

static const struct command {
	const char *name;
	const char *argument;
	int (*run)(struct session *session, const char *argument);
} commands[] = {
	{ "version", NULL, do_version },
	{ "install", "APP", do_install },
	{ "garbage", NULL, do_garbage },
	{ "lend", "NAME", do_lend },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: updaterctl [OPTIONS] COMMAND\n"
		"Commands:\n"
		"  version          ask for the version\n"
		"  install APP      have APP installed\n"
		"  garbage          send what no client should send\n"
		"  lend NAME        connect, and give that to who connects to NAME\n"
		"Options:\n"
		"  --name NAME      of the updater, instead of " UPDATER_NAME
		"\n"
		"  --borrow NAME    do not connect, but take what is lent there\n"
		"  --user UID       become that user first\n"
		"  --drop-caps      drop all capabilities first\n"
		"Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused by the\n"
		"kernel, 4 cut off by the updater\n");
}

static int run(const struct command *command, struct session *session,
	       const char *argument)
{
	int ret;

	ret = capipc_context_open(&session->context, NULL, 0);
	if (ret < 0)
		return ret;
	ret = capipc_message_new(&session->request, session->context, 0);
	if (!ret)
		ret = capipc_message_new(&session->reply, session->context, 0);
	if (!ret)
		ret = command->run(session, argument);
	capipc_message_free(session->request);
	capipc_message_free(session->reply);
	capipc_context_free(session->context);
	return ret;
}

static int exit_status(int ret)
{
	switch (ret) {
	case 0:
		return EXIT_DONE;
	case -EACCES:
		return EXIT_REFUSED;
	case -ECONNRESET:
	case -EPIPE:
		return EXIT_CUT_OFF;
	default:
		return EXIT_FAILED;
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "borrow", required_argument, NULL, 'b' },
		{ "user", required_argument, NULL, 'u' },
		{ "drop-caps", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct session session = { .name = UPDATER_NAME };
	const struct command *command = commands;
	int option, ret = 0;
	uid_t uid;

	while ((option = getopt_long(argc, argv, "n:b:u:dh", options, NULL)) !=
	       -1) {
		switch (option) {
		case 'n':
			session.name = optarg;
			break;
		case 'b':
			session.lender = optarg;
			break;
		case 'u':
			ret = parse_uid(optarg, &uid);
			if (!ret)
				ret = become_user(uid);
			break;
		case 'd':
			ret = drop_capabilities();
			break;
		case 'h':
			usage(stdout);
			return EXIT_DONE;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
		if (ret < 0) {
			fprintf(stderr,
				"updaterctl: cannot change who I am: %s\n",
				strerror(-ret));
			return EXIT_FAILED;
		}
	}

	while (command < commands + COMMANDS &&
	       (optind == argc || strcmp(command->name, argv[optind]) != 0))
		command++;
	if (command == commands + COMMANDS ||
	    argc - optind != (command->argument ? 2 : 1)) {
		usage(stderr);
		return EXIT_USAGE;
	}

	ret = run(command, &session, argv[optind + 1]);
	if (ret < 0)
		fprintf(stderr, "updaterctl: %s: %s\n", command->name,
			strerror(-ret));
	return exit_status(ret);
}
