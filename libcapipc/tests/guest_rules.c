// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names and rules, peers and reports.
 */
#include "guest.h"

#include <sys/stat.h>
#include <sys/syscall.h>

static int try_connect(struct capipc_context *own, void *data)
{
	uint32_t endpoint, facet = 0;
	int32_t rule = -5;
	int allowed, ret;

	allowed = capipc_name_explain(own, NAME, &rule, &facet);
	ret = capipc_endpoint_connect(own, NAME, 0, &endpoint);
	if ((ret == -EACCES && (allowed || rule != CAPIPC_EXPLAIN_NONE)) ||
	    (!ret && (allowed != 1 || rule != *(int *)data)))
		return -EPROTO;
	return ret;
}

/* Ordinal 1 is for all, 2 for root. */
static int try_ordinals(struct capipc_context *own, void *data)
{
	struct capipc_message *sent = new_message(own, 1);
	uint32_t endpoint;
	int32_t rule;
	int ret;

	(void)data;
	ret = capipc_endpoint_connect(own, NAME, 0, &endpoint);
	if (ret < 0)
		return ret;
	if (capipc_endpoint_explain(own, endpoint, 1, &rule) != 1 || rule != 0)
		return -EPROTO;
	ret = capipc_endpoint_send(own, endpoint, sent, SECONDS_5, 0);
	if (ret < 0)
		return -EPROTO;
	ret = capipc_endpoint_explain(own, endpoint, 2, &rule);
	if (ret != (rule == 1))
		return -EPROTO;
	capipc_message_reset(sent, 2);
	ret = capipc_endpoint_send(own, endpoint, sent, SECONDS_5, 0);
	if ((ret == -EACCES) != (rule == CAPIPC_EXPLAIN_NONE))
		return -EPROTO;
	return ret;
}

static int try_bind(struct capipc_context *own, void *data)
{
	struct capipc_rules *rules = anyone();
	uint32_t listener;
	int ret;

	ret = capipc_listener_bind(own, data, rules, NULL, 0, 0, &listener);
	capipc_rules_free(rules);
	return ret;
}

static void test_fuse(void)
{
	struct capipc_message *queued = new_message(context, 7);
	struct capipc_received got;
	uint32_t a[2], b[2];

	capipc_pipe_create(context, a);
	capipc_pipe_create(context, b);
	is(capipc_endpoint_send(context, a[1], queued, SECONDS_5, 0), 0,
	   "something is queued");
	is(capipc_endpoint_fuse(context, a[0], a[0]), -EINVAL,
	   "an end is not fused with itself");
	is(capipc_endpoint_fuse(context, a[0], a[1]), -ELOOP,
	   "nor the ends of one pipe");
	is(capipc_endpoint_fuse(context, a[0], b[0]), 0, "two pipes are one");
	is(capipc_handle_close(context, a[0]), -EBADF, "their ends are gone");
	is(capipc_context_receive(context, b[1], queued, &got, 0,
				  CAPIPC_NOWAIT),
	   0, "what was queued moves");
	is(capipc_message_ordinal(queued), 7, "as it was sent");
	capipc_message_free(queued);
	capipc_handle_close(context, a[1]);
	capipc_handle_close(context, b[1]);
}

void test_rules(void)
{
	struct capipc_rules *who, *what;
	struct capipc_rule second;
	struct capipc_peer *self;
	const char *label;
	uint32_t listener, again, ends[2];
	char name[CAPIPC_NAME_MAX + 2], waffles[] = "uid/1000/libcapipc-test";
	int32_t rule = 0;
	int expected = 1;
	int i;

	capipc_rules_new(&who);
	capipc_rules_allow(who);
	capipc_rules_match_same_privilege(who);
	capipc_rules_allow(who);
	capipc_rules_match_uid(who, WAFFLES);
	capipc_rules_match_gid(who, GROUP);
	capipc_rules_set_facet(who, 8);
	capipc_rules_new(&what);
	capipc_rules_allow_ordinals(what, 1, 1);
	capipc_rules_allow_ordinals(what, 2, 2);
	capipc_rules_match_same_uid(what);
	capipc_rules_match_capabilities(what, 1ULL << 21);
	capipc_rules_match_unchanged(what);

	ok(capipc_rules_count(who) == 2 && !capipc_rules_get(who, 1, &second) &&
		   second.uid == WAFFLES,
	   "rules");
	is(capipc_listener_bind(context, NAME, who, what, 3, 0, &listener), 0,
	   "bind");
	is(capipc_listener_bind(context, NAME, who, what, 3, 0, &again),
	   -EADDRINUSE, "not twice");
	is(capipc_listener_bind(context, "uid/0/a b", who, what, 0, 0, &again),
	   -EINVAL, "not with a blank");
	is(capipc_listener_bind(context, NAME "2", who, what, 1025, 0, &again),
	   -EINVAL, "not with such a backlog");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	is(capipc_listener_bind(context, name, who, what, 0, 0, &again),
	   -ENAMETOOLONG, "not by such a name");
	is(capipc_endpoint_connect(context, name, 0, &again), -ENAMETOOLONG,
	   "to which nobody can connect");
	is(capipc_endpoint_connect(context, "nobody.there", 0, &again), -ENOENT,
	   "nor to what is not there");
	is(capipc_name_explain(context, "nobody.there", NULL, NULL), -ENOENT,
	   "which needs no explaining");
	is(reap(spawn(WAFFLES, try_bind, (char *)NAME "3")), -EPERM,
	   "names of root are not for others");
	is(reap(spawn(WAFFLES, try_bind, waffles)), 0, "but their own are");

	is(reap(spawn(WAFFLES, try_connect, &expected)), 0,
	   "waffles may connect");
	is(receive(0), 0, "and does");
	is(received.facet, 8, "with its facet");
	capipc_handle_close(context, received.handle);
	is(reap(spawn(WAFFLES + 1, try_connect, &expected)), -EACCES,
	   "another may not");
	expected = 0;
	is(reap(spawn(0, try_connect, &expected)), 0, "root may");
	is(receive(0), 0, "and does");
	is(received.facet, 0, "without a facet");
	capipc_handle_close(context, received.handle);
	for (i = 0; i < 3; i++)
		capipc_endpoint_connect(context, NAME, 0, &ends[0]);
	is(capipc_endpoint_connect(context, NAME, 0, &ends[0]), -EAGAIN,
	   "the backlog is limited");
	for (i = 0; i < 3; i++)
		receive(listener);

	is(reap(spawn(WAFFLES, try_ordinals, NULL)), -EACCES,
	   "waffles may send one ordinal, not the other");
	is(reap(spawn(0, try_ordinals, NULL)), 0, "root may send both");
	capipc_handle_close(context, listener);

	capipc_pipe_create(context, ends);
	is(capipc_endpoint_explain(context, ends[0], 5, &rule), 1, "no rules");
	is(rule, CAPIPC_EXPLAIN_OPEN, "are no limits");
	is(capipc_endpoint_restrict(context, ends[1], what), 0,
	   "rules for an endpoint");
	is(capipc_endpoint_restrict(context, ends[1], what), -EBUSY,
	   "cannot be changed");
	is(capipc_endpoint_explain(context, ends[0], 5, &rule), 0,
	   "they are limits");
	is(rule, CAPIPC_EXPLAIN_NONE, "that no rule opens");
	is(capipc_endpoint_explain(context, ends[0], 2, NULL), 1,
	   "but for some");
	is(capipc_endpoint_explain(context, 0, 2, NULL), -EBADF, "no endpoint");
	capipc_handle_close(context, ends[0]);
	capipc_handle_close(context, ends[1]);

	capipc_rules_free(what);
	capipc_rules_new(&what);
	capipc_rules_allow(what);
	capipc_pipe_create(context, ends);
	capipc_peer_query(&self, context, ends[0], 0, 0);
	label = capipc_peer_label(self);
	capipc_rules_match_label(what, *label ? label : "none");
	i = capipc_endpoint_restrict(context, ends[1], what);
	printf("# security label: '%s'\n", label);
	is(i, *label ? 0 : -EOPNOTSUPP,
	   "a rule with our label, if there are any");
	is(capipc_endpoint_explain(context, ends[0], 1, NULL), 1,
	   "lets us send");
	capipc_peer_free(self);
	capipc_handle_close(context, ends[0]);
	capipc_handle_close(context, ends[1]);
	capipc_rules_free(what);
	capipc_rules_free(who);
	test_fuse();
	while (!capipc_context_receive(context, 0, message, &received, 0,
				       CAPIPC_NOWAIT))
		capipc_handle_close(context, received.from);
}

/* Sends one message, and waits for the end. */
static int send_and_wait(struct capipc_context *own, void *data)
{
	struct capipc_message *sent = new_message(own, 4);
	struct capipc_received got;
	uint32_t endpoint;
	int ret;

	ret = capipc_endpoint_connect(own, NAME, 0, &endpoint);
	if (ret < 0)
		return ret;
	if (data) {
		ret = capipc_endpoint_call(own, endpoint, sent, data, SECONDS_5,
					   0, NULL);
		return ret;
	}
	ret = capipc_endpoint_send(own, endpoint, sent, SECONDS_5, 0);
	if (ret < 0)
		return ret;
	ret = capipc_context_receive(own, endpoint, sent, &got, SECONDS_5, 0);
	return ret < 0 ? ret : 0;
}

static int call_and_wait(struct capipc_context *own, void *data)
{
	(void)data;
	return send_and_wait(own, new_message(own, 0));
}

/* A process of WAFFLES that has sent; *client is the endpoint. */
static pid_t sender(uint32_t listener, bool calls, uint32_t *client)
{
	pid_t pid = spawn(WAFFLES, calls ? call_and_wait : send_and_wait, NULL);

	receive(listener);
	*client = received.handle;
	receive(*client);
	return pid;
}

static void test_peer(uint32_t listener)
{
	uint64_t dev = 0, ino = 0, user_ns = 0, pid_ns = 0, net_ns = 0;
	struct capipc_peer *peer, *connected;
	char path[4096], own_path[4096];
	const uint32_t *groups;
	uint8_t digest[64];
	uint32_t client;
	struct stat file;
	ssize_t length;
	size_t count;
	pid_t pid;
	int ret;

	pid = sender(listener, false, &client);
	is(capipc_peer_query(&peer, context, client, received.stamp.id,
			     CAPIPC_PEER_EXE | CAPIPC_PEER_PIDFD),
	   0, "query a sender");
	ok(capipc_peer_stamp(peer)->uid == WAFFLES &&
		   capipc_peer_stamp(peer)->pid == (uint32_t)pid,
	   "its stamp");
	ok(capipc_peer_alive(peer), "it is alive");
	ok(capipc_peer_real_uid(peer) == WAFFLES &&
		   capipc_peer_real_gid(peer) == WAFFLES,
	   "its real user and group");
	groups = capipc_peer_groups(peer, &count);
	ok(count == 1 && groups[0] == GROUP, "its groups");
	ok(capipc_peer_label(peer), "its label");
	ok(capipc_peer_start_time(peer) > 0, "when it started");
	capipc_peer_namespaces(peer, &user_ns, &pid_ns, &net_ns);
	stat("/proc/self/ns/pid", &file);
	ok(pid_ns == file.st_ino && user_ns && net_ns, "its namespaces");
	stat("/proc/self/exe", &file);
	ok(!capipc_peer_exe_id(peer, &dev, &ino) && dev == file.st_dev &&
		   ino == file.st_ino,
	   "its program, by device and inode");
	ok(capipc_peer_exe_fd(peer) >= 0 &&
		   !fstat(capipc_peer_exe_fd(peer), &file) &&
		   file.st_ino == ino,
	   "its program, opened");
	length = readlink("/proc/self/exe", own_path, sizeof(own_path));
	ret = capipc_peer_exe_path(peer, path, sizeof(path));
	ok(ret == length && !memcmp(path, own_path, (size_t)length),
	   "its path");
	is(capipc_peer_exe_path(peer, path, 3), -ENAMETOOLONG,
	   "a path is not cut");
	ret = capipc_peer_exe_digest(peer, digest, sizeof(digest), NULL);
	ok(ret == -ENODATA || ret > 0, "its digest, if it has one");
	ret = capipc_peer_pidfd(peer);
	ok(ret >= 0 && !syscall(SYS_pidfd_send_signal, ret, 0, NULL, 0),
	   "its pidfd");

	is(capipc_peer_query(&connected, context, client, 0, 0), 0,
	   "who connected");
	ok(capipc_peer_stamp(connected)->pid == (uint32_t)pid &&
		   capipc_peer_exe_fd(connected) == -ENODATA &&
		   capipc_peer_pidfd(connected) == -ENODATA &&
		   capipc_peer_exe_path(connected, path, 9) == -ENODATA &&
		   capipc_peer_exe_digest(connected, digest, 9, NULL) ==
			   -ENODATA,
	   "is told, and no more than was asked");
	capipc_peer_free(connected);
	is(capipc_peer_query(&connected, context, client, 12345, 0), -ESTALE,
	   "an unknown stamp");
	is(capipc_peer_query(&connected, context, client, 0, ~0U), -EINVAL,
	   "unknown flags");
	capipc_handle_close(context, client);
	is(reap(pid), 0, "the sender is told of the end");
	ok(capipc_peer_alive(peer), "answers do not change");
	capipc_peer_free(peer);
	capipc_peer_free(NULL);

	pid = sender(listener, false, &client);
	kill(pid, SIGKILL);
	reap(pid);
	is(capipc_peer_query(&peer, context, client, received.stamp.id,
			     CAPIPC_PEER_PIDFD | CAPIPC_PEER_EXE),
	   0, "query one that is dead");
	ok(!capipc_peer_alive(peer) && capipc_peer_pidfd(peer) == -ESRCH &&
		   capipc_peer_stamp(peer)->uid == WAFFLES,
	   "it is known, and known to be dead");
	capipc_peer_free(peer);
	capipc_handle_close(context, client);
}

static void test_report(uint32_t listener)
{
	uint32_t client, call_handle;
	pid_t pid;

	pid = sender(listener, false, &client);
	is(capipc_endpoint_report(context, client, received.stamp.id, "a test",
				  0),
	   CAPIPC_REPORT_CUT_OFF, "report a message");
	ok(is_closed(client), "the endpoint is gone");
	is(reap(pid), 0, "the sender is told of the end");

	pid = sender(listener, false, &client);
	is(capipc_endpoint_report(context, client, received.stamp.id, "tab\t",
				  0),
	   -EINVAL, "a reason is printable");
	is(capipc_endpoint_report(context, client, 12345, NULL, 0), -ESTALE,
	   "a stamp is that of the message");
	is(capipc_endpoint_report(context, client, received.stamp.id, NULL,
				  CAPIPC_REPORT_KILL),
	   CAPIPC_REPORT_KILLED, "report a message, and kill");
	is(reap(pid), -1000 - SIGKILL, "the sender is killed");

	pid = sender(listener, true, &client);
	call_handle = received.handle;
	is(capipc_endpoint_report(context, call_handle, 0, "a call", 0),
	   CAPIPC_REPORT_CUT_OFF, "report a call");
	ok(is_closed(call_handle) && !is_closed(client),
	   "the reply handle is gone, not so the endpoint");
	is(reap(pid), -ECONNRESET, "the call fails");
	capipc_handle_close(context, client);
}

void test_peer_and_report(void)
{
	uint32_t listener;

	listener = listen_to_all(0);
	test_peer(listener);
	test_report(listener);
	capipc_handle_close(context, listener);
}
