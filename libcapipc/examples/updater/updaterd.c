// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * updaterd: installs applications for those who may, and tells its version to
 * anyone.
 *
 * Who may is not decided here. The rules that are given with the name are the
 * kernel's to enforce: a request that they deny never arrives.
 */
#include "updater.h"

#include <capipc.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define VERSION	   "4.2.0"
#define APP_ID_MAX 64

static struct capipc_dispatcher *dispatcher;

/* Everything that arrives is counted, so that what does not can be told. */
static unsigned int requests;

static void on_terminate(int signal_number)
{
	(void)signal_number;
	capipc_dispatcher_stop(dispatcher);
}

static void log_request(const struct capipc_request *request, const char *what)
{
	const struct capipc_stamp *stamp =
		&capipc_request_received(request)->stamp;

	printf("request %u: %s from uid %u, pid %u%s\n", ++requests, what,
	       stamp->uid, stamp->pid,
	       stamp->flags & CAPIPC_STAMP_CHANGED ?
		       ", not the one who connected" :
		       "");
}

/* Whoever sends what no honest client would send has been taken over. */
static int reject(struct capipc_request *request, const char *reason)
{
	const struct capipc_stamp stamp =
		capipc_request_received(request)->stamp;
	int verdict;

	verdict = capipc_request_report(request, reason, CAPIPC_REPORT_KILL);
	if (verdict < 0)
		printf("cannot report uid %u, pid %u: %s\n", stamp.uid,
		       stamp.pid, strerror(-verdict));
	else
		printf("bad message from uid %u, pid %u (%s): %s\n", stamp.uid,
		       stamp.pid, reason,
		       verdict == CAPIPC_REPORT_KILLED ?
			       "cut off and killed" :
			       "cut off, but not ours to kill");
	return -EBADMSG;
}

static void show_digest(const struct capipc_peer *peer)
{
	uint8_t digest[64];
	int i, length;

	length = capipc_peer_exe_digest(peer, digest, sizeof(digest), NULL);
	if (length < 0) {
		printf("  fs-verity digest: %s\n",
		       length == -ENODATA ? "none" : strerror(-length));
		return;
	}
	printf("  fs-verity digest: ");
	for (i = 0; i < length; i++)
		printf("%02x", digest[i]);
	putchar('\n');
}

/*
 * The program behind the peer. A real updater would now compare the digest with
 * those that it trusts. The path is for the log only.
 */
static void show_program(struct capipc_request *request)
{
	struct capipc_peer *peer;
	char path[PATH_MAX];
	uint64_t dev, ino;
	int ret;

	ret = capipc_request_peer(&peer, request,
				  CAPIPC_PEER_EXE | CAPIPC_PEER_PIDFD);
	if (ret < 0) {
		printf("  cannot tell who asks: %s\n", strerror(-ret));
		return;
	}

	ret = capipc_peer_exe_path(peer, path, sizeof(path));
	printf("  program: %s\n", ret < 0 ? strerror(-ret) : path);
	if (!capipc_peer_exe_id(peer, &dev, &ino))
		printf("  file: device %u:%u, inode %llu\n", major(dev),
		       minor(dev), (unsigned long long)ino);
	show_digest(peer);
	ret = capipc_peer_pidfd(peer);
	if (ret < 0)
		printf("  pidfd: %s\n", strerror(-ret));
	else
		printf("  pidfd: %d, of pid %u\n", ret,
		       capipc_peer_stamp(peer)->pid);
	capipc_peer_free(peer);
}

static int get_version(struct capipc_request *request, void *data)
{
	(void)data;
	log_request(request, "GetVersion");
	if (capipc_message_read_end(capipc_request_message(request)) < 0)
		return reject(request, "GetVersion takes no arguments");
	return capipc_message_append_string(capipc_request_reply(request),
					    VERSION);
}

static bool app_id_valid(const char *app_id)
{
	size_t i, length = strnlen(app_id, APP_ID_MAX + 1);

	if (!length || length > APP_ID_MAX)
		return false;
	for (i = 0; i < length; i++) {
		if (!isalnum((unsigned char)app_id[i]) &&
		    !strchr(".-", app_id[i]))
			return false;
	}
	return true;
}

static int install_application(struct capipc_request *request, void *data)
{
	struct capipc_message *message = capipc_request_message(request);
	uint32_t result = UPDATER_BAD_APP_ID;
	const char *app_id;

	(void)data;
	log_request(request, "InstallApplication");
	capipc_message_read_string(message, &app_id);
	if (capipc_message_read_end(message) < 0)
		return reject(request, "InstallApplication takes one string");

	if (app_id_valid(app_id)) {
		show_program(request);
		printf("  installing %s\n", app_id);
		result = UPDATER_INSTALLED;
	}
	return capipc_message_append_u32(capipc_request_reply(request), result);
}

static int unknown(struct capipc_request *request, void *data)
{
	(void)data;
	log_request(request, "unknown method");
	return -EOPNOTSUPP;
}

static const struct capipc_method methods[] = {
	{ .ordinal = UPDATER_GET_VERSION, .handle = get_version },
	{ .ordinal = UPDATER_INSTALL_APPLICATION,
	  .handle = install_application },
};

static const struct capipc_interface updater = {
	.methods = methods,
	.methods_count = sizeof(methods) / sizeof(methods[0]),
	.report_flags = CAPIPC_REPORT_KILL,
	.unknown = unknown,
};

/* Anyone connects; anyone asks for the version; our equals install. */
static int bind_name(struct capipc_context *context, const char *name,
		     uint32_t *listener)
{
	struct capipc_rules *who = NULL, *what = NULL;
	int ret;

	ret = capipc_rules_new(&who);
	if (!ret)
		ret = capipc_rules_new(&what);
	if (!ret) {
		capipc_rules_allow(who);
		capipc_rules_allow_ordinals(what, UPDATER_GET_VERSION,
					    UPDATER_GET_VERSION);
		capipc_rules_allow_ordinals(what, UPDATER_INSTALL_APPLICATION,
					    UPDATER_INSTALL_APPLICATION);
		capipc_rules_match_same_privilege(what);
		ret = capipc_listener_bind(context, name, who, what, 0, 0,
					   listener);
	}
	capipc_rules_free(who);
	capipc_rules_free(what);
	return ret;
}

static int serve(struct capipc_context *context, const char *name)
{
	struct sigaction terminate = { .sa_handler = on_terminate };
	uint32_t listener = 0;
	int ret;

	ret = bind_name(context, name, &listener);
	if (ret < 0)
		return ret;
	ret = capipc_dispatcher_new(&dispatcher, context);
	if (ret < 0)
		return ret;
	sigaction(SIGTERM, &terminate, NULL);
	sigaction(SIGINT, &terminate, NULL);

	ret = capipc_dispatcher_add_listener(dispatcher, listener, &updater,
					     NULL);
	if (!ret) {
		printf("serving %s as uid %u, pid %d\n", name, geteuid(),
		       getpid());
		ret = capipc_dispatcher_run(dispatcher, CAPIPC_FOREVER);
	}
	capipc_dispatcher_free(dispatcher);
	if (!ret)
		printf("stopped after %u requests\n", requests);
	return ret;
}

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: updaterd [--name NAME] [--user UID]\n"
		"Serves " UPDATER_NAME ", or NAME, as root, or as user UID.\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "user", required_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *name = UPDATER_NAME;
	struct capipc_context *context;
	int option, ret = 0;
	uid_t uid;

	/* The log is read while we run. */
	setvbuf(stdout, NULL, _IOLBF, 0);

	while ((option = getopt_long(argc, argv, "n:u:h", options, NULL)) !=
	       -1) {
		switch (option) {
		case 'n':
			name = optarg;
			break;
		case 'u':
			ret = parse_uid(optarg, &uid);
			if (!ret)
				ret = become_user(uid);
			if (ret < 0) {
				fprintf(stderr, "updaterd: --user %s: %s\n",
					optarg, strerror(-ret));
				return 2;
			}
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}

	ret = capipc_context_open(&context, NULL, 0);
	if (!ret) {
		ret = serve(context, name);
		capipc_context_free(context);
	}
	if (ret < 0)
		fprintf(stderr, "updaterd: %s\n", strerror(-ret));
	return ret < 0;
}
