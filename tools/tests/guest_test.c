// SPDX-License-Identifier: GPL-2.0
/*
 * capipc(1) in a kernel with the module: what it says of a scene that is known, to
 * root and to an ordinary user, as text, as JSON and as a graph.
 *
 * The scene: a server (root) listens; a client (user 1000) is connected, has sent
 * three messages, one of them with an end of a pipe of its own, and has closed an
 * end of another.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capipc.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../libcapipc/tests/tap.h"
#include "parse.h"

#define TOOL	"capipc"
#define NAME	"tools/test"
#define USER	1000
#define TROUBLE "a \"b\\c&amp;\n\033[31m"

#define PTR(p) ((uint64_t)(uintptr_t)(p))

/* --------------------------------------------------------------- the scene */

static int server_pid, client_pid;
static unsigned long long server_context, client_context;
static unsigned long long pipe_id, flying_id, half_id;
static int to_client = -1; /* a byte: send what is denied */

static int open_context(unsigned long long *id)
{
	struct capipc_info info = { .size = sizeof(info) };
	int fd = open("/dev/capipc", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, CAPIPC_IOC_INFO, &info))
		return -1;
	*id = info.context_id;
	return fd;
}

static unsigned long long id_of(int fd, uint32_t handle)
{
	struct capipc_inspect inspect = { .size = sizeof(inspect),
					  .handle = handle };

	return ioctl(fd, CAPIPC_IOC_INSPECT, &inspect) ? 0 : inspect.object_id;
}

static int send_message(int fd, uint32_t handle, uint32_t ordinal,
			uint32_t moved)
{
	struct capipc_attachment attachment = { .handle = moved,
						.rights = CAPIPC_RIGHTS_SAME };
	struct capipc_send message = {
		.size = sizeof(message),
		.flags = CAPIPC_NOWAIT,
		.data = PTR("hello"),
		.data_len = 5,
		.attachments = PTR(&attachment),
		.attachments_count = !!moved,
		.handle = handle,
		.ordinal = ordinal,
	};

	return ioctl(fd, CAPIPC_IOC_SEND, &message) ? -errno : 0;
}

static int serve(void)
{
	const struct capipc_rule anyone = { .facet = 1 };
	const struct capipc_rule some[2] = {
		{ .ordinal_last = 4 },
		{ .match = CAPIPC_MATCH_SAME_UID,
		  .ordinal_first = 5,
		  .ordinal_last = 5 },
	};
	struct capipc_listen listen = {
		.size = sizeof(listen),
		.name = PTR(NAME),
		.name_len = strlen(NAME),
		.rules = PTR(&anyone),
		.rules_count = 1,
		.endpoint_rules = PTR(some),
		.endpoint_rules_count = 2,
		.rule_size = sizeof(anyone),
		.backlog = 8,
	};
	int fd = open_context(&server_context);

	if (fd < 0 || ioctl(fd, CAPIPC_IOC_LISTEN, &listen))
		return -1;
	return fd;
}

static int connect_and_send(unsigned long long ids[4])
{
	struct capipc_connect connect = {
		.size = sizeof(connect),
		.name = PTR(NAME),
		.name_len = strlen(NAME),
	};
	struct capipc_create flying = { .size = sizeof(flying) };
	struct capipc_create half = { .size = sizeof(half) };
	struct capipc_close close_half = { .size = sizeof(close_half) };
	int fd = open_context(&ids[0]);

	if (fd < 0 || ioctl(fd, CAPIPC_IOC_CONNECT, &connect) ||
	    ioctl(fd, CAPIPC_IOC_CREATE, &flying) ||
	    ioctl(fd, CAPIPC_IOC_CREATE, &half))
		return -1;
	ids[1] = id_of(fd, connect.handle);
	ids[2] = id_of(fd, flying.handle[0]);
	ids[3] = id_of(fd, half.handle[0]);
	close_half.handle = half.handle[1];
	if (send_message(fd, connect.handle, 1, 0) ||
	    send_message(fd, connect.handle, 2, 0) ||
	    send_message(fd, connect.handle, 3, flying.handle[1]) ||
	    ioctl(fd, CAPIPC_IOC_CLOSE, &close_half))
		return -1;
	/* what the tool is asked to watch */
	dup2(fd, 100);
	return (int)connect.handle;
}

static void become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		_exit(99);
}

static bool start_client(void)
{
	unsigned long long ids[4];
	int there[2], back[2];
	char byte;

	if (pipe(there) || pipe(back))
		return false;
	client_pid = fork();
	if (!client_pid) {
		int handle;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		become(USER);
		handle = connect_and_send(ids);
		if (handle <= 0 ||
		    write(back[1], ids, sizeof(ids)) != sizeof(ids))
			_exit(1);
		while (read(there[0], &byte, 1) == 1)
			send_message(100, (uint32_t)handle, 5, 0);
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	to_client = there[1];
	if (read(back[0], ids, sizeof(ids)) != sizeof(ids))
		return false;
	client_context = ids[0];
	pipe_id = ids[1];
	flying_id = ids[2];
	half_id = ids[3];
	return true;
}

/* The server takes the connection, but no message. */
static bool accept_client(int fd)
{
	struct capipc_receive receive = {
		.size = sizeof(receive),
		.deadline_ns = CAPIPC_FOREVER,
	};

	return !ioctl(fd, CAPIPC_IOC_RECEIVE, &receive) &&
	       receive.type == CAPIPC_RECEIVED_CONNECTION;
}

/* ----------------------------------------------------------------- the tool */

static char out[1 << 20], err[4096];

static void slurp(int fd, char *to, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = read(fd, to + len, size - 1 - len)) > 0)
		len += (size_t)n;
	to[len] = 0;
	close(fd);
}

/* Run it as a user. Returns the exit status. */
static int run_tool(uid_t uid, char **argv)
{
	int outs[2], errs, status;
	pid_t pid;

	errs = open("/tmp/stderr", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0666);
	if (pipe2(outs, O_CLOEXEC) || errs < 0)
		return -1;
	pid = fork();
	if (!pid) {
		dup2(outs[1], 1);
		dup2(errs, 2);
		if (uid)
			become(uid);
		execvp(TOOL, argv);
		_exit(98);
	}
	close(outs[1]);
	slurp(outs[0], out, sizeof(out));
	lseek(errs, 0, SEEK_SET);
	slurp(errs, err, sizeof(err));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

#define run_as(uid, ...) run_tool(uid, (char *[]){ TOOL, __VA_ARGS__, NULL })

static __attribute__((format(printf, 1, 2))) bool says(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return strstr(out, text);
}

static int lines(void)
{
	const char *at;
	int n = 0;

	for (at = out; (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

/* Nothing in it that moves the cursor. */
static bool is_tame(void)
{
	const char *at;

	for (at = out; *at; at++)
		if ((unsigned char)*at < 0x20 && *at != '\n' && *at != '\t')
			return false;
	return true;
}

/* -------------------------------------------------------------------- tests */

static void test_ls(void)
{
	is(run_as(0, "ls"), 0, "ls");
	ok(says("name=\"" NAME "\""), "ls shows the listener");
	ok(says("context %llu: pid %d, uid 1000", client_context, client_pid),
	   "ls shows the client");
	ok(is_tame(), "ls is tame");
	is(run_as(0, "ls", "--json"), 0, "ls --json");
	ok(parse_json(out), "ls --json is JSON");
	ok(says("\"peer_inside_id\":%llu", pipe_id), "what is in flight");

	is(run_as(USER, "ls"), 0, "ls as a user");
	ok(says("context %llu:", client_context), "its own");
	ok(!says("context %llu:", server_context), "not that of others");
	ok(says("held by context %llu", server_context), "but the peer");
}

static void test_peers(void)
{
	char id[32];

	snprintf(id, sizeof(id), "%llu", client_context);
	is(run_as(0, "peers", id), 0, "peers CONTEXT");
	ok(says("pipe %llu.0", pipe_id), "peers shows the pipe");
	ok(says("peer held by context %llu (pid %d, uid 0", server_context,
		server_pid),
	   "and who is at its other end");
	ok(says("peer in-flight inside %llu", pipe_id), "one in flight");
	ok(says("peer closed"), "one closed");
	ok(says("in=0/0  out=3/"), "what waits");
	is(run_as(0, "peers", "--json"), 0, "peers --json");
	ok(parse_json(out), "peers --json is JSON");
	ok(says("\"out_queued\":3"), "what waits, in JSON");

	is(run_as(USER, "peers", "--json"), 0, "peers as a user");
	ok(parse_json(out), "that is JSON");
	ok(says("\"peer_holder\":{\"context_id\":%llu,\"uid\":0,\"pid\":%d}",
		server_context, server_pid),
	   "the peer without its program");
	snprintf(id, sizeof(id), "%llu", server_context);
	is(run_as(USER, "peers", id), 1, "peers of another user");
	ok(strstr(err, "no such context"), "there is no such context");
}

static void test_names(void)
{
	is(run_as(0, "names"), 0, "names");
	ok(says("\"" NAME "\"  listener "), "names shows it");
	ok(says("held by context %llu (pid %d, uid 0", server_context,
		server_pid),
	   "and who listens");
	ok(says("waiting=0/8  rules=1+2"), "and how");
	is(run_as(0, "names", "--json", NAME), 0, "names --json NAME");
	ok(parse_json(out), "names --json is JSON");
	ok(says("\"backlog\":8"), "with the backlog");
	is(run_as(0, "names", "nobody/here"), 1, "names of nobody");
	ok(strstr(err, "no such listener"), "there is no such listener");
	is(run_as(USER, "names"), 0, "names as a user");
	is(lines(), 0, "which sees none");
	is(run_as(USER, "names", NAME), 1, "nor when it asks");
}

static void test_top(void)
{
	char first[64];

	is(run_as(0, "top", "--once"), 0, "top --once");
	ok(says(" CONTEXT "), "top has a head");
	snprintf(first, sizeof(first), "%8llu %7d      0 ", server_context,
		 server_pid);
	ok(says("%s", first), "and the server");
	ok(!strchr(out, '\033'), "without a terminal, no control characters");
	is(run_as(0, "top", "--json", "--once", "--sort", "in"), 0,
	   "top --json --sort in");
	ok(parse_json(out), "top --json is JSON");
	ok(strstr(out, "\"contexts\":[{") &&
		   says("\"contexts\":[{\"context_id\":%llu,", server_context),
	   "who has most to receive is first");
	is(run_as(0, "top", "--json", "--once", "--sort", "out"), 0,
	   "top --json --sort out");
	ok(says("\"contexts\":[{\"context_id\":%llu,", client_context),
	   "who has sent most is first");
	ok(says("\"out_messages\":3"), "which is this");
	is(run_as(0, "top", "--json", "--count", "3", "--delay", "0.05"), 0,
	   "top three times");
	is(lines(), 3, "three lines");
	is(run_as(0, "top", "--sort", "size"), 2, "no such order");
	is(run_as(0, "top", "--delay", "0"), 2, "no such delay");
	is(run_as(USER, "top", "--once", "--json"), 0, "top as a user");
	ok(!says("\"context_id\":%llu", server_context), "sees its own");
}

static void test_graph(void)
{
	struct dot dot;

	is(run_as(0, "graph"), 0, "graph");
	ok(parse_dot(out, &dot), "graph is DOT");
	ok(dot.nodes >= 4 && dot.edges >= 4, "with nodes and edges");
	ok(dot.loose == 0, "between nodes that are there");
	ok(says("p%d -> p%d [dir=both, style=solid, label=\"%llu\", headlabel=\"3\"];",
		client_pid, server_pid, pipe_id),
	   "the pipe");
	ok(says("p%d -> p%d [dir=both, style=dashed, label=\"%llu\"];",
		client_pid, server_pid, flying_id),
	   "in flight to the server");
	ok(says("p%d -> x%llu [dir=both, style=dotted, label=\"%llu\"];",
		client_pid, half_id * 2 + 1, half_id),
	   "half closed");
	ok(says("label=\"" NAME "\""), "the name");
	ok(is_tame(), "graph is tame");
	is(run_as(0, "graph", "--json"), 0, "graph --json");
	ok(parse_json(out), "graph --json is JSON");
	ok(says("{\"from\":\"p%d\",\"to\":\"p%d\",\"pipe_id\":%llu,",
		client_pid, server_pid, pipe_id),
	   "with the pipe");
	is(run_as(USER, "graph"), 0, "graph as a user");
	ok(parse_dot(out, &dot), "is DOT");
	ok(dot.loose == 0, "whole");
	ok(says("p%d [label=\"pid %d, uid 0\"];", server_pid, server_pid),
	   "with a peer of which only the number is known");
}

/* Names that others chose do no harm to whoever looks. */
static void test_trouble(const char *self)
{
	struct dot dot;
	char byte = 0;
	int ready[2];
	pid_t pid;

	unlink(TROUBLE);
	if (link(self, TROUBLE) || pipe(ready)) {
		ok(false, "a program with a bad name");
		return;
	}
	pid = fork();
	if (!pid) {
		char *argv[] = { "hold", NULL };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ready[1], 3);
		execv(TROUBLE, argv);
		_exit(97);
	}
	close(ready[1]);
	ok(read(ready[0], &byte, 1) == 1, "a program with a bad name");
	is(run_as(0, "ls"), 0, "ls of it");
	ok(is_tame() && says("a \\\"b\\\\c&amp;\\x0a\\x1b[31m"), "is tame");
	is(run_as(0, "graph"), 0, "graph of it");
	ok(is_tame() && parse_dot(out, &dot), "is tame, and DOT");
	ok(says("a \\\"b\\\\c&amp;amp;\\\\x0a\\\\x1b[31m"), "as it is");
	is(run_as(0, "graph", "--json"), 0, "graph --json of it");
	ok(is_tame() && parse_json(out), "is tame, and JSON");
	is(run_as(0, "top", "--once"), 0, "top of it");
	ok(is_tame(), "is tame");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(TROUBLE);
}

/* What the client does is denied, a little after the monitor has begun. */
static int monitor_as(uid_t uid, const char *option, const char *value,
		      const char *form)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		/* closed by the monitor when it is ready, and by its end */
		close(ready[1]);
		while (read(ready[0], &byte, 1) == 1)
			if (byte == '\n' && write(to_client, "x", 1) != 1)
				break;
		_exit(0);
	}
	close(ready[0]);
	dup2(ready[1], 90);
	close(ready[1]);
	status = run_as(uid, "monitor", "--event", "deny", "--count", "1",
			"--timeout", "3", "--ready-fd", "90", (char *)form,
			(char *)option, (char *)value);
	close(90);
	waitpid(pid, NULL, 0);
	return status;
}

static void test_monitor(void)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "%d", client_pid);
	is(monitor_as(0, "--pid", pid, "--json"), 0, "monitor of a process");
	ok(parse_json(out), "monitor --json is JSON");
	ok(says("\"event\":\"deny\""), "the denial");
	ok(says("\"rule_list\":\"endpoint\",\"rules_count\":2,\"rule\":1,\"unmet\":[\"same-uid\"]"),
	   "and its rule");
	ok(says("\"ordinal\":5"), "and its method");
	is(monitor_as(USER, "--uid", "1000", "--json"), 0,
	   "monitor as the user");
	ok(says("\"pid\":%d,\"uid\":0,", server_pid), "who denies");
	is(monitor_as(0, NULL, NULL, "--event=deny"), 0, "monitor as text");
	ok(says(" deny ordinal=5 facet=1 "), "the denial, as text");
	ok(says(" list=endpoint rules=2 nearest=1:not-same-uid by pid=%d ",
		client_pid),
	   "and its rule, as text");
	is(monitor_as(0, "--pid", "1", "--json"), 1, "of another process");
	is(monitor_as(0, "--uid", "4242", "--json"), 1, "of another user");
	is(monitor_as(0, "--name", NAME, "--json"), 1, "of a name");
	snprintf(pid, sizeof(pid), "%llu", pipe_id);
	is(monitor_as(0, "--object", pid, "--json"), 0, "of the pipe");
	snprintf(pid, sizeof(pid), "%llu", half_id);
	is(monitor_as(0, "--object", pid, "--json"), 1, "of another pipe");
	is(monitor_as(1001, "--event", "deny", "--json"), 1, "as another user");
	is(run_as(0, "monitor", "--pid", "2000000", "--timeout", "1"), 1,
	   "of a process that there is not");
	ok(strstr(err, "no such process"), "which it says");
}

static void test_explain(void)
{
	is(run_as(USER, "explain", NAME), 0, "explain");
	ok(says("allowed, rule 0, facet 1"), "allowed to connect");
	is(run_as(USER, "explain", NAME, "1-5"), 3, "explain ordinals");
	ok(says("ordinal 4: allowed, rule 0") && says("ordinal 5: denied"),
	   "up to the one that is denied");
	is(run_as(USER, "explain", "--json", NAME, "5"), 3, "explain --json");
	is(run_as(0, "explain", "nobody/here"), 1, "explain of nobody");
}

static void test_no_reader(void)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		dup2(full, 1);
		execvp(TOOL, (char *[]){ TOOL, "graph", NULL });
		_exit(98);
	}
	waitpid(pid, &status, 0);
	is(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 1,
	   "what cannot be written is a failure");
	close(full);
}

int main(int argc, char **argv)
{
	static char self[4096], dir[4096];
	unsigned long long id;
	int fd;

	(void)argc;
	if (!strcmp(argv[0], "hold")) {
		if (open_context(&id) >= 0 && write(3, "x", 1) == 1)
			pause();
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	/* beside ourselves, so that it can be a link to us */
	memcpy(dir, self, sizeof(dir));
	*strrchr(dir, '/') = 0;
	if (chdir(dir))
		return 1;
	server_pid = getpid();
	fd = serve();
	ok(fd >= 0, "a server");
	ok(start_client(), "a client");
	ok(accept_client(fd), "are connected");

	test_ls();
	test_peers();
	test_names();
	test_top();
	test_graph();
	test_trouble(self);
	test_monitor();
	test_explain();
	test_no_reader();
	kill(client_pid, SIGKILL);
	waitpid(client_pid, NULL, 0);
	return tap_done();
}
