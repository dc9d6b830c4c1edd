// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Every function of the library against the real kernel, with the module loaded
 * and as root. Clients are processes of their own, under other user ids where
 * that matters; they tell by their exit status what they saw.
 *
 * This part has contexts and handles.
 */
#include "guest.h"

#include <grp.h>
#include <poll.h>
#include <sys/time.h>
#include <sys/wait.h>

struct capipc_context *context;
struct capipc_message *message, *reply;
struct capipc_received received;

pid_t spawn(uid_t uid, int (*work)(struct capipc_context *own, void *data),
	    void *data)
{
	struct capipc_context *own;
	gid_t group = GROUP;
	pid_t pid;
	int ret;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	alarm(60);
	if (uid && (setgroups(1, &group) || setresgid(uid, uid, uid) ||
		    setresuid(uid, uid, uid)))
		_exit(200);
	ret = capipc_context_open(&own, NULL, 0);
	if (!ret) {
		ret = work(own, data);
		capipc_context_free(own);
	}
	_exit(ret < 0 ? -ret : ret);
}

int reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -9999;
	if (WIFSIGNALED(status))
		return -1000 - WTERMSIG(status);
	return -WEXITSTATUS(status);
}

struct capipc_message *new_message(struct capipc_context *of, uint32_t ordinal)
{
	struct capipc_message *made;

	if (capipc_message_new(&made, of, ordinal) < 0)
		abort();
	return made;
}

int receive(uint32_t from)
{
	return capipc_context_receive(context, from, message, &received,
				      SECONDS_5, 0);
}

bool is_closed(uint32_t handle)
{
	struct capipc_inspect inspect;

	return capipc_handle_inspect(context, handle, &inspect) == -EBADF;
}

struct capipc_rules *anyone(void)
{
	struct capipc_rules *rules;

	if (capipc_rules_new(&rules) < 0 || capipc_rules_allow(rules) < 0)
		abort();
	return rules;
}

uint32_t listen_to_all(uint64_t cookie)
{
	struct capipc_rules *rules = anyone();
	uint32_t listener = 0;

	capipc_listener_bind(context, NAME, rules, NULL, 0, cookie, &listener);
	capipc_rules_free(rules);
	return listener;
}

void interrupt_every_ms(int ms)
{
	struct itimerval timer = { .it_value.tv_usec = 1000L * ms,
				   .it_interval.tv_usec = 1000L * ms };

	setitimer(ITIMER_REAL, &timer, NULL);
}

void interrupt_no_more(void)
{
	interrupt_every_ms(0);
	signal(SIGALRM, SIG_DFL);
	alarm(120);
}

static int try_inherited(struct capipc_context *own, void *data)
{
	struct capipc_info info;

	(void)own;
	return capipc_context_info(data, &info);
}

static void test_context(void)
{
	struct pollfd poll_fd = { .events = POLLIN };
	struct capipc_context *other;
	struct capipc_info info;
	uint32_t ends[2];

	errno = 77;
	is(capipc_context_open(&other, "/dev/null", 0), -ENOTTY,
	   "open another device");
	is(capipc_context_open(&other, "/nonexistent", 0), -ENOENT,
	   "open nothing");
	is(capipc_context_open(&other, NULL, CAPIPC_OPEN_NONBLOCK), 0,
	   "open, nonblocking");
	is(capipc_context_info(other, &info), 0, "info");
	ok(info.abi_version >= CAPIPC_ABI_VERSION &&
		   info.message_max == CAPIPC_MESSAGE_MAX && info.context_id,
	   "says what there is");
	is(errno, 77, "errno is left alone");

	poll_fd.fd = capipc_context_fd(other);
	ok(poll_fd.fd >= 0 && poll(&poll_fd, 1, 0) == 0, "nothing to poll");
	is(capipc_pipe_create(other, ends), 0, "create a pipe");
	is(capipc_handle_close(other, ends[0]), 0, "close one end");
	ok(poll(&poll_fd, 1, 1000) == 1 && poll_fd.revents & POLLIN,
	   "there is something to poll");
	is(capipc_context_receive(other, 0, message, &received, SECONDS_5, 0),
	   -EINVAL, "a message is of one context");
	capipc_context_free(other);

	is(capipc_context_open(&other, NULL, CAPIPC_OPEN_NONBLOCK), 0,
	   "open again");
	message = new_message(other, 0);
	is(capipc_context_receive(other, 0, message, &received, CAPIPC_FOREVER,
				  0),
	   -EAGAIN, "nonblocking does not wait");
	capipc_context_free(other);
	is(capipc_context_receive(other, 0, message, &received, 0, 0), -EBADF,
	   "a context that is freed is closed");
	capipc_message_free(message);

	is(reap(spawn(0, try_inherited, context)), -EPERM,
	   "a context is of one process");
}

static void test_handles(void)
{
	struct capipc_inspect inspect;
	uint32_t ends[2];

	is(capipc_pipe_create(context, ends), 0, "create a pipe");
	is(capipc_handle_tag(context, ends[1], 0x123456789abcULL), 0,
	   "tag an end");
	is(capipc_handle_inspect(context, ends[1], &inspect), 0, "inspect it");
	ok(inspect.kind == CAPIPC_KIND_ENDPOINT &&
		   inspect.cookie == 0x123456789abcULL &&
		   inspect.rights & CAPIPC_RIGHT_ADMIN && !inspect.state,
	   "it is as it should be");
	is(capipc_handle_close(context, ends[0]), 0, "close the other");
	is(capipc_handle_close(context, ends[0]), -EBADF, "only once");
	is(capipc_handle_close(context, 0), -EBADF, "0 is no handle");
	is(capipc_handle_tag(context, ends[0], 1), -EBADF,
	   "no tag for what is closed");
	is(capipc_handle_inspect(context, ends[1], &inspect), 0,
	   "inspect again");
	ok(inspect.state & CAPIPC_INSPECT_PEER_CLOSED, "the peer is closed");
	is(receive(0), 0, "that can be received");
	ok(received.type == CAPIPC_RECEIVED_PEER_CLOSED &&
		   received.from == ends[1] &&
		   received.cookie == 0x123456789abcULL,
	   "with the cookie");
	is(receive(ends[1]), -EPIPE, "then the end is at its end");
	is(capipc_call_cancel(context, ends[1]), -EPROTOTYPE,
	   "an endpoint is no call");
	is(capipc_call_cancel(context, ends[0]), -EBADF, "nor is nothing");
	capipc_handle_close(context, ends[1]);
}

int main(int argc, char *argv[])
{
	if (argc > 1 && !strcmp(argv[1], "invited"))
		return invited_main();
	if (geteuid()) {
		printf("1..0 # SKIP has to be run as root\n");
		return 0;
	}
	alarm(120);
	if (capipc_context_open(&context, NULL, 0) < 0) {
		printf("Bail out! cannot open " CAPIPC_DEVICE "\n");
		return 1;
	}
	message = new_message(context, 0);
	reply = new_message(context, 0);
	test_handles();
	test_messages();
	test_batches();
	test_calls();
	test_reply_receive();
	test_rules();
	test_peer_and_report();
	test_dispatcher();
	test_files();
	test_entrust();
	test_unreceivable();
	test_invitations();
	test_memory();
	test_area();
	test_source();
	capipc_message_free(message);
	test_context();
	capipc_message_free(reply);
	capipc_context_free(context);
	return tap_done();
}
