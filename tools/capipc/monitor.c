// SPDX-License-Identifier: GPL-2.0
/*
 * capipc monitor: tell what happens while it happens.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capipc.h>
#include <math.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "event.h"
#include "netlink.h"
#include "text.h"
#include "tool.h"

/* Room for events that come faster than they can be written, bytes. */
#define RECEIVE_BUFFER (4 << 20)

/**
 * struct monitor - what to do, and how far it is
 * @json: one object a line
 * @types: bits of the types to show
 * @uid: only what this user does, if @of_uid
 * @of_uid: @uid is meant
 * @pid: only what this process does, or 0
 * @object: only about this pipe or listener, or 0
 * @name: only about the listener of this name, or NULL
 * @count: events to show, 0 for no end
 * @seen: events shown
 * @behind: we were too slow, and do not know yet what we have missed
 * @failed: standard output does not take it any more
 */
struct monitor {
	bool json;
	uint32_t types;
	uint32_t uid;
	bool of_uid;
	uint32_t pid;
	uint64_t object;
	const char *name;
	uint64_t count;
	uint64_t seen;
	bool behind;
	bool failed;
};

static uint64_t get_u64(struct nlattr *const *attrs, int type)
{
	return attrs[type] ? nla_get_u64(attrs[type]) : 0;
}

/* Events are missing: @count of them, or nobody knows how many. */
static void show_lost(const struct monitor *monitor, uint64_t count,
		      const char *why)
{
	struct timespec now;
	struct json json = { .to = stdout };
	uint64_t time;

	clock_gettime(CLOCK_BOOTTIME, &now);
	time = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (!monitor->json) {
		show_time(time);
		fputs(" lost", stdout);
		if (count)
			printf(" count=%" PRIu64, count);
		printf(" reason=\"%s\"\n", why);
		return;
	}
	json_open(&json, NULL, '{');
	json_string(&json, "event", "lost");
	json_number(&json, "time_ns", time);
	if (count)
		json_number(&json, "count", count);
	json_string(&json, "reason", why);
	json_close(&json, '}');
	putchar('\n');
}

static void note_lost(struct monitor *monitor, struct nlattr **attrs)
{
	uint64_t missed = get_u64(attrs, CAPIPC_EVENT_A_MISSED);
	uint64_t dropped = get_u64(attrs, CAPIPC_EVENT_A_DROPPED);

	if (missed) {
		show_lost(monitor, missed, "too slow, or out of memory");
		monitor->behind = false;
	}
	if (dropped)
		show_lost(monitor, dropped, "somebody caused too many");
}

static int on_event(struct nl_msg *msg, void *data)
{
	struct nlattr *attrs[CAPIPC_EVENT_A_MAX + 1];
	struct monitor *monitor = data;
	int command;

	if (!parse_message(msg, attrs, CAPIPC_EVENT_A_MAX, event_policy,
			   &command) ||
	    command != CAPIPC_CMD_EVENT)
		return NL_SKIP;
	note_lost(monitor, attrs);
	if (monitor->json)
		json_event(attrs);
	else
		show_event(attrs);
	monitor->seen++;
	if (fflush(stdout))
		monitor->failed = true;
	if (monitor->failed || monitor->seen == monitor->count)
		return NL_STOP;
	return NL_OK;
}

/* --------------------------------------------------------------- the command */

static bool put_filters(struct nl_msg *msg, const struct monitor *monitor)
{
	return (!monitor->types ||
		!nla_put_u32(msg, CAPIPC_SUBSCRIBE_A_TYPES, monitor->types)) &&
	       (!monitor->of_uid ||
		!nla_put_u32(msg, CAPIPC_SUBSCRIBE_A_UID, monitor->uid)) &&
	       (!monitor->pid ||
		!nla_put_u32(msg, CAPIPC_SUBSCRIBE_A_PID, monitor->pid)) &&
	       (!monitor->object || !nla_put_u64(msg, CAPIPC_SUBSCRIBE_A_OBJECT,
						 monitor->object)) &&
	       (!monitor->name ||
		!nla_put_string(msg, CAPIPC_SUBSCRIBE_A_NAME, monitor->name));
}

static int subscribe(struct link *link, struct monitor *monitor)
{
	int room = RECEIVE_BUFFER, status;
	struct nl_msg *msg;

	/* Best effort: without it we are told when we are too slow. */
	if (setsockopt(nl_socket_get_fd(link->sock), SOL_SOCKET, SO_RCVBUFFORCE,
		       &room, sizeof(room)))
		nl_socket_set_buffer_size(link->sock, room, 0);
	msg = link_message(link, CAPIPC_CMD_SUBSCRIBE, NLM_F_ACK);
	if (!msg)
		return STATUS_FAILED;
	if (!put_filters(msg, monitor)) {
		nlmsg_free(msg);
		complain("out of memory");
		return STATUS_FAILED;
	}
	status = link_tell(link, msg, on_event, monitor);
	nl_socket_disable_seq_check(link->sock);
	nl_socket_set_nonblocking(link->sock);
	return status;
}

/* Milliseconds until then, for poll(2). */
static int remaining(const struct timespec *end)
{
	struct timespec now;
	double left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (double)(end->tv_sec - now.tv_sec) * 1e3 +
	       (double)(end->tv_nsec - now.tv_nsec) / 1e6;
	if (left <= 0)
		return 0;
	return left > 1e9 ? 1000000000 : (int)left + 1;
}

static int listen_on(struct link *link, struct monitor *monitor,
		     const struct timespec *end)
{
	struct pollfd fds[2] = {
		{ .fd = nl_socket_get_fd(link->sock), .events = POLLIN },
		{ .fd = STDOUT_FILENO }, /* notices when nobody reads any more */
	};
	int ret, left;

	while (!monitor->count || monitor->seen < monitor->count) {
		left = end ? remaining(end) : -1;
		ret = poll(fds, 2, left);
		if (ret < 0 && errno != EINTR) {
			complain("poll: %s", strerror(errno));
			return STATUS_FAILED;
		}
		if (!ret && !left) {
			if (!monitor->count)
				return STATUS_OK;
			complain("time is up after %" PRIu64 " of %" PRIu64
				 " events",
				 monitor->seen, monitor->count);
			return STATUS_FAILED;
		}
		if (ret > 0 && fds[0].revents) {
			ret = nl_recvmsgs_default(link->sock);
			if (ret == -NLE_NOMEM) {
				monitor->behind = true;
			} else if (ret == -NLE_AGAIN && monitor->behind) {
				/* How much it was comes with what comes next. */
				monitor->behind = false;
				show_lost(monitor, 0, "too slow");
				fflush(stdout);
			} else if (ret < 0 && ret != -NLE_AGAIN) {
				complain("netlink: %s", nl_geterror(ret));
				return STATUS_FAILED;
			}
		} else if (ret > 0 &&
			   (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))) {
			return STATUS_FAILED;
		}
		if (monitor->failed)
			break;
	}
	return STATUS_OK;
}

/* Tell a script that from now on no event is missed. */
static int tell_ready(int fd)
{
	static const char text[] = "listening\n";

	if (write(fd, text, sizeof(text) - 1) != sizeof(text) - 1) {
		complain("cannot write to file descriptor %d: %s", fd,
			 strerror(errno));
		return STATUS_FAILED;
	}
	if (fd > STDERR_FILENO)
		close(fd);
	return STATUS_OK;
}

static bool parse_seconds(const char *text, struct timespec *end)
{
	double seconds, whole;
	char *rest;

	seconds = strtod(text, &rest);
	if (rest == text || *rest || !(seconds >= 0 && seconds < 1e9))
		return false;
	clock_gettime(CLOCK_MONOTONIC, end);
	end->tv_nsec += (long)(modf(seconds, &whole) * 1e9);
	end->tv_sec += (time_t)whole + end->tv_nsec / 1000000000;
	end->tv_nsec %= 1000000000;
	return true;
}

static int run_monitor(const struct command *self, int argc, char **argv)
{
	struct monitor monitor = { 0 };
	struct timespec end;
	bool limited = false;
	uint64_t ready = 0;
	bool tell = false;
	struct link link;
	int option, status;
	uint64_t number;

	while ((option = getopt_long(argc, argv, "hjn:t:e:r:u:p:o:l:",
				     self->options, NULL)) != -1) {
		switch (option) {
		case 'h':
			return command_help_show(self);
		case 'j':
			monitor.json = true;
			break;
		case 'n':
			if (!parse_number(optarg, UINT64_MAX, &monitor.count) ||
			    !monitor.count)
				return usage_error(self,
						   "not a number of events: %s",
						   optarg);
			break;
		case 't':
			if (!parse_seconds(optarg, &end))
				return usage_error(
					self, "not a number of seconds: %s",
					optarg);
			limited = true;
			break;
		case 'e':
			if (!parse_event_type(optarg, &monitor.types))
				return usage_error(self, "no such event: %s",
						   optarg);
			break;
		case 'u':
			if (!parse_number(optarg, UINT32_MAX - 1, &number))
				return usage_error(self, "not a user id: %s",
						   optarg);
			monitor.uid = (uint32_t)number;
			monitor.of_uid = true;
			break;
		case 'p':
			if (!parse_number(optarg, INT32_MAX, &number) ||
			    !number)
				return usage_error(self, "not a process id: %s",
						   optarg);
			monitor.pid = (uint32_t)number;
			break;
		case 'o':
			if (!parse_number(optarg, UINT64_MAX,
					  &monitor.object) ||
			    !monitor.object)
				return usage_error(
					self,
					"not a number of a pipe or listener: %s",
					optarg);
			break;
		case 'l':
			monitor.name = optarg;
			break;
		case 'r':
			if (!parse_number(optarg, INT32_MAX, &ready))
				return usage_error(self,
						   "not a file descriptor: %s",
						   optarg);
			tell = true;
			break;
		default:
			return usage_hint(self);
		}
	}
	if (optind < argc)
		return usage_error(self, "what is this: %s", argv[optind]);

	status = link_open(&link);
	if (status)
		return status;
	nl_socket_modify_cb(link.sock, NL_CB_VALID, NL_CB_CUSTOM, on_event,
			    &monitor);
	status = subscribe(&link, &monitor);
	if (!status && tell)
		status = tell_ready((int)ready);
	if (!status)
		status = listen_on(&link, &monitor, limited ? &end : NULL);
	link_close(&link);
	return finish_output(status);
}

static const struct option monitor_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "count", required_argument, NULL, 'n' },
	{ "timeout", required_argument, NULL, 't' },
	{ "event", required_argument, NULL, 'e' },
	{ "uid", required_argument, NULL, 'u' },
	{ "pid", required_argument, NULL, 'p' },
	{ "object", required_argument, NULL, 'o' },
	{ "name", required_argument, NULL, 'l' },
	{ "ready-fd", required_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

const struct command command_monitor = {
	.name = "monitor",
	.arguments = "[OPTIONS]",
	.summary = "Show events of this network namespace as they happen",
	.help = "  -j, --json          one JSON object a line\n"
		"  -e, --event TYPE    only these: connect, accept, deny, bad-message, kill, quota;\n"
		"                      may be given more than once\n"
		"  -u, --uid UID       only what this user does (its real user id)\n"
		"  -p, --pid PID       only what this process does\n"
		"  -o, --object N      only about this pipe or listener\n"
		"  -l, --name NAME     only about the listener of this name\n"
		"  -n, --count N       stop after N events\n"
		"  -t, --timeout SEC   stop after SEC seconds; a failure if --count is not reached\n"
		"  -r, --ready-fd FD   write a line to this file descriptor, and close it (unless it\n"
		"                      is 0, 1 or 2), once events are being collected\n"
		"\n"
		"You see what your user takes part in, or with CAP_SYS_ADMIN over the network\n"
		"namespace everything.\n",
	.options = monitor_options,
	.run = run_monitor,
};
