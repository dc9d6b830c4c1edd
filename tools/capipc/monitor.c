// SPDX-License-Identifier: GPL-2.0
/*
 * capipc monitor: tell what happens while it happens.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capipc.h>
#include <math.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "netlink.h"
#include "text.h"
#include "tool.h"

/* Room for events that come faster than they can be written, bytes. */
#define RECEIVE_BUFFER (4 << 20)

static const char *const type_names[] = {
	[CAPIPC_EVENT_CONNECT] = "connect",
	[CAPIPC_EVENT_ACCEPT] = "accept",
	[CAPIPC_EVENT_DENY] = "deny",
	[CAPIPC_EVENT_BAD_MESSAGE] = "bad-message",
	[CAPIPC_EVENT_KILL] = "kill",
	[CAPIPC_EVENT_QUOTA] = "quota",
};

static const char *const verdict_names[] = {
	[CAPIPC_REPORT_CUT_OFF] = "cut-off",
	[CAPIPC_REPORT_KILLED] = "killed",
	[CAPIPC_REPORT_SPARED] = "spared",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/**
 * struct monitor - what to do, and how far it is
 * @json: one object a line
 * @types: bits of the types to show
 * @count: events to show, 0 for no end
 * @seen: events shown
 * @lost: events that the kernel could not tell, as far as we know
 * @lost_known: @lost and @dropped are known
 * @dropped: events of who causes too many, as far as we know
 * @failed: standard output does not take it any more
 */
struct monitor {
	bool json;
	uint64_t types;
	uint64_t count;
	uint64_t seen;
	uint64_t lost;
	bool lost_known;
	uint64_t dropped;
	bool failed;
};

static uint32_t get_u32(struct nlattr *const *attrs, int type)
{
	return attrs[type] ? nla_get_u32(attrs[type]) : 0;
}

static uint64_t get_u64(struct nlattr *const *attrs, int type)
{
	return attrs[type] ? nla_get_u64(attrs[type]) : 0;
}

static const char *get_text(struct nlattr *const *attrs, int type)
{
	return attrs[type] ? nla_get_string(attrs[type]) : NULL;
}

static const char *find_name(const char *const *names, size_t count,
			     uint32_t number)
{
	return number < count && names[number] ? names[number] : "unknown";
}

/* ------------------------------------------------------------------- actors */

static bool parse_actor(struct nlattr *nest, struct nlattr **attrs)
{
	static struct nla_policy policy[CAPIPC_ACTOR_A_MAX + 1] = {
		[CAPIPC_ACTOR_A_STAMP_ID] = { .type = NLA_U64 },
		[CAPIPC_ACTOR_A_UID] = { .type = NLA_U32 },
		[CAPIPC_ACTOR_A_GID] = { .type = NLA_U32 },
		[CAPIPC_ACTOR_A_CAPABILITIES] = { .type = NLA_U64 },
		[CAPIPC_ACTOR_A_PID] = { .type = NLA_U32 },
		[CAPIPC_ACTOR_A_START_TIME] = { .type = NLA_U64 },
		[CAPIPC_ACTOR_A_PROGRAM] = { .type = NLA_NESTED },
	};

	return nest &&
	       nla_parse_nested(attrs, CAPIPC_ACTOR_A_MAX, nest, policy) >= 0;
}

static void show_actor(const char *word, struct nlattr *nest)
{
	struct nlattr *attrs[CAPIPC_ACTOR_A_MAX + 1];
	struct program program;

	if (!parse_actor(nest, attrs))
		return;
	printf(" %s", word);
	if (attrs[CAPIPC_ACTOR_A_PID])
		printf(" pid=%" PRIu32, nla_get_u32(attrs[CAPIPC_ACTOR_A_PID]));
	if (attrs[CAPIPC_ACTOR_A_UID])
		printf(" uid=%" PRIu32, nla_get_u32(attrs[CAPIPC_ACTOR_A_UID]));
	if (attrs[CAPIPC_ACTOR_A_GID])
		printf(" gid=%" PRIu32, nla_get_u32(attrs[CAPIPC_ACTOR_A_GID]));
	if (attrs[CAPIPC_ACTOR_A_CAPABILITIES])
		printf(" caps=0x%" PRIx64,
		       nla_get_u64(attrs[CAPIPC_ACTOR_A_CAPABILITIES]));
	parse_program(attrs[CAPIPC_ACTOR_A_PROGRAM], &program);
	if (program.path) {
		fputs(" exe=", stdout);
		print_quoted(stdout, program.path);
	}
	if (program.deleted)
		fputs(" deleted", stdout);
}

static void json_actor(struct json *json, const char *key, struct nlattr *nest)
{
	struct nlattr *attrs[CAPIPC_ACTOR_A_MAX + 1];
	struct program program;

	if (!parse_actor(nest, attrs))
		return;
	json_open(json, key, '{');
	if (attrs[CAPIPC_ACTOR_A_STAMP_ID])
		json_hex(json, "stamp_id",
			 nla_get_u64(attrs[CAPIPC_ACTOR_A_STAMP_ID]));
	if (attrs[CAPIPC_ACTOR_A_PID])
		json_number(json, "pid",
			    nla_get_u32(attrs[CAPIPC_ACTOR_A_PID]));
	if (attrs[CAPIPC_ACTOR_A_UID])
		json_number(json, "uid",
			    nla_get_u32(attrs[CAPIPC_ACTOR_A_UID]));
	if (attrs[CAPIPC_ACTOR_A_GID])
		json_number(json, "gid",
			    nla_get_u32(attrs[CAPIPC_ACTOR_A_GID]));
	if (attrs[CAPIPC_ACTOR_A_CAPABILITIES])
		json_hex(json, "capabilities",
			 nla_get_u64(attrs[CAPIPC_ACTOR_A_CAPABILITIES]));
	if (attrs[CAPIPC_ACTOR_A_START_TIME])
		json_number(json, "start_time_ns",
			    nla_get_u64(attrs[CAPIPC_ACTOR_A_START_TIME]));
	parse_program(attrs[CAPIPC_ACTOR_A_PROGRAM], &program);
	json_program(json, "program", &program);
	json_close(json, '}');
}

/* ------------------------------------------------------------------- events */

/* A member of an event that is a number or a text, in the order of showing. */
struct field {
	int attr;
	bool text;
	bool wide;
	const char *word;
	const char *key;
};

static const struct field fields[] = {
	{ CAPIPC_EVENT_A_NAME, true, false, "name", "name" },
	{ CAPIPC_EVENT_A_ORDINAL, false, false, "ordinal", "ordinal" },
	{ CAPIPC_EVENT_A_FACET, false, false, "facet", "facet" },
	{ CAPIPC_EVENT_A_REASON, true, false, "reason", "reason" },
	{ CAPIPC_EVENT_A_RESOURCE, true, false, "resource", "resource" },
	{ CAPIPC_EVENT_A_AMOUNT, false, true, "amount", "amount" },
	{ CAPIPC_EVENT_A_LIMIT, false, true, "limit", "limit" },
	{ CAPIPC_EVENT_A_UID, false, false, "account", "account_uid" },
	{ CAPIPC_EVENT_A_OBJECT, false, true, "object", "object_id" },
	{ CAPIPC_EVENT_A_CONTEXT, false, true, "context", "context_id" },
};

static uint64_t get_field(struct nlattr *const *attrs,
			  const struct field *field)
{
	return field->wide ? nla_get_u64(attrs[field->attr]) :
			     nla_get_u32(attrs[field->attr]);
}

static void show_time(uint64_t time)
{
	printf("%" PRIu64 ".%09" PRIu64, time / 1000000000, time % 1000000000);
}

static void show_event(struct nlattr **attrs)
{
	const struct field *field;

	show_time(get_u64(attrs, CAPIPC_EVENT_A_TIME));
	printf(" %s", find_name(type_names, COUNT(type_names),
				get_u32(attrs, CAPIPC_EVENT_A_TYPE)));
	if (attrs[CAPIPC_EVENT_A_VERDICT])
		printf(" verdict=%s",
		       find_name(verdict_names, COUNT(verdict_names),
				 get_u32(attrs, CAPIPC_EVENT_A_VERDICT)));
	for (field = fields; field < fields + COUNT(fields); field++) {
		if (!attrs[field->attr])
			continue;
		printf(" %s=", field->word);
		if (field->text)
			print_quoted(stdout, get_text(attrs, field->attr));
		else
			printf("%" PRIu64, get_field(attrs, field));
	}
	show_actor("by", attrs[CAPIPC_EVENT_A_ACTOR]);
	show_actor("reported by", attrs[CAPIPC_EVENT_A_REPORTER]);
	putchar('\n');
}

static void json_event(struct nlattr **attrs)
{
	struct json json = { .to = stdout };
	const struct field *field;

	json_open(&json, NULL, '{');
	json_string(&json, "event",
		    find_name(type_names, COUNT(type_names),
			      get_u32(attrs, CAPIPC_EVENT_A_TYPE)));
	json_number(&json, "time_ns", get_u64(attrs, CAPIPC_EVENT_A_TIME));
	if (attrs[CAPIPC_EVENT_A_VERDICT])
		json_string(&json, "verdict",
			    find_name(verdict_names, COUNT(verdict_names),
				      get_u32(attrs, CAPIPC_EVENT_A_VERDICT)));
	for (field = fields; field < fields + COUNT(fields); field++) {
		if (!attrs[field->attr])
			continue;
		if (field->text)
			json_string(&json, field->key,
				    get_text(attrs, field->attr));
		else
			json_number(&json, field->key, get_field(attrs, field));
	}
	json_actor(&json, "actor", attrs[CAPIPC_EVENT_A_ACTOR]);
	json_actor(&json, "reporter", attrs[CAPIPC_EVENT_A_REPORTER]);
	json_close(&json, '}');
	putchar('\n');
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
	uint64_t lost = get_u64(attrs, CAPIPC_EVENT_A_LOST);
	uint64_t dropped = get_u64(attrs, CAPIPC_EVENT_A_DROPPED);

	if (monitor->lost_known && lost > monitor->lost)
		show_lost(monitor, lost - monitor->lost,
			  "the kernel was out of memory");
	/* Two events that happen at the same time may come in either order. */
	if (monitor->lost_known && dropped > monitor->dropped)
		show_lost(monitor, dropped - monitor->dropped,
			  "somebody causes too many");
	monitor->lost = lost;
	if (dropped > monitor->dropped)
		monitor->dropped = dropped;
	monitor->lost_known = true;
}

static int on_event(struct nl_msg *msg, void *data)
{
	static struct nla_policy policy[CAPIPC_EVENT_A_MAX + 1] = {
		[CAPIPC_EVENT_A_TYPE] = { .type = NLA_U32 },
		[CAPIPC_EVENT_A_TIME] = { .type = NLA_U64 },
		[CAPIPC_EVENT_A_ACTOR] = { .type = NLA_NESTED },
		[CAPIPC_EVENT_A_REPORTER] = { .type = NLA_NESTED },
		[CAPIPC_EVENT_A_OBJECT] = { .type = NLA_U64 },
		[CAPIPC_EVENT_A_CONTEXT] = { .type = NLA_U64 },
		[CAPIPC_EVENT_A_NAME] = { .type = NLA_STRING },
		[CAPIPC_EVENT_A_FACET] = { .type = NLA_U32 },
		[CAPIPC_EVENT_A_ORDINAL] = { .type = NLA_U32 },
		[CAPIPC_EVENT_A_VERDICT] = { .type = NLA_U32 },
		[CAPIPC_EVENT_A_REASON] = { .type = NLA_STRING },
		[CAPIPC_EVENT_A_RESOURCE] = { .type = NLA_STRING },
		[CAPIPC_EVENT_A_AMOUNT] = { .type = NLA_U64 },
		[CAPIPC_EVENT_A_LIMIT] = { .type = NLA_U64 },
		[CAPIPC_EVENT_A_UID] = { .type = NLA_U32 },
		[CAPIPC_EVENT_A_LOST] = { .type = NLA_U64 },
		[CAPIPC_EVENT_A_DROPPED] = { .type = NLA_U64 },
	};
	struct nlattr *attrs[CAPIPC_EVENT_A_MAX + 1];
	struct monitor *monitor = data;
	uint32_t type;
	int command;

	if (!parse_message(msg, attrs, CAPIPC_EVENT_A_MAX, policy, &command) ||
	    command != CAPIPC_CMD_EVENT)
		return NL_SKIP;
	note_lost(monitor, attrs);
	type = get_u32(attrs, CAPIPC_EVENT_A_TYPE);
	if (type >= 64 || !(monitor->types & UINT64_C(1) << type))
		return NL_SKIP;
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

static int subscribe(struct link *link)
{
	int group = genl_ctrl_resolve_grp(link->sock, CAPIPC_GENL_NAME,
					  CAPIPC_GENL_GROUP_EVENTS);
	int room = RECEIVE_BUFFER;
	int ret;

	if (group < 0) {
		complain("the kernel has no events of capipc: %s",
			 nl_geterror(group));
		return STATUS_FAILED;
	}
	nl_socket_disable_seq_check(link->sock);
	/* Best effort: without it we are told when we are too slow. */
	if (setsockopt(nl_socket_get_fd(link->sock), SOL_SOCKET, SO_RCVBUFFORCE,
		       &room, sizeof(room)))
		nl_socket_set_buffer_size(link->sock, room, 0);
	nl_socket_set_nonblocking(link->sock);
	ret = nl_socket_add_membership(link->sock, group);
	if (ret == -NLE_PERM) {
		complain(
			"listening takes CAP_SYS_ADMIN over the network namespace");
		return STATUS_FAILED;
	}
	if (ret < 0) {
		complain("cannot listen: %s", nl_geterror(ret));
		return STATUS_FAILED;
	}
	return STATUS_OK;
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
				show_lost(monitor, 0, "we were too slow");
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

static bool parse_type(const char *text, uint64_t *types)
{
	size_t i;

	for (i = 1; i < COUNT(type_names); i++) {
		if (!strcmp(type_names[i], text)) {
			*types |= UINT64_C(1) << i;
			return true;
		}
	}
	return false;
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

	while ((option = getopt_long(argc, argv, "hjn:t:e:r:", self->options,
				     NULL)) != -1) {
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
			if (!parse_type(optarg, &monitor.types))
				return usage_error(self, "no such event: %s",
						   optarg);
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
	if (!monitor.types)
		monitor.types = UINT64_MAX;

	status = link_open(&link);
	if (status)
		return status;
	nl_socket_modify_cb(link.sock, NL_CB_VALID, NL_CB_CUSTOM, on_event,
			    &monitor);
	status = subscribe(&link);
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
		"  -n, --count N       stop after N events\n"
		"  -t, --timeout SEC   stop after SEC seconds; a failure if --count is not reached\n"
		"  -r, --ready-fd FD   write a line to this file descriptor, and close it (unless it\n"
		"                      is 0, 1 or 2), once events are being collected\n"
		"\n"
		"Takes CAP_SYS_ADMIN over the network namespace.\n",
	.options = monitor_options,
	.run = run_monitor,
};
