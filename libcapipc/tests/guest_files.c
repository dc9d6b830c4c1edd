// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * File descriptors in messages, what cannot be received, and calls that others
 * answer.
 */
#include "guest.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum method {
	METHOD_FILE = 1,
	METHOD_ENTRUST = 2,
	METHOD_PLAIN = 3,
};

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

/* As many file descriptors as there are, and @more. */
static void limit_fds(int more)
{
	struct rlimit limit = { 4096, 4096 };
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 0);

	close(fd);
	limit.rlim_cur = (rlim_t)fd + (rlim_t)more;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int new_file(const char *text)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	return fd;
}

static bool same_file(int fd, const struct stat *want)
{
	struct stat is;

	return !fstat(fd, &is) && is.st_dev == want->st_dev &&
	       is.st_ino == want->st_ino;
}

static void test_all_in_order(const uint32_t ends[2])
{
	uint32_t far[CAPIPC_ATTACHMENTS_MAX], pair[2], handle;
	struct stat want;
	int ret = 0, fd = new_file("many"), taken;
	size_t i;

	fstat(fd, &want);
	capipc_message_reset(reply, 1);
	for (i = 0; i < CAPIPC_ATTACHMENTS_MAX; i++) {
		if (i % 3) {
			ret |= capipc_message_append_fd(
				reply, fcntl(fd, F_DUPFD_CLOEXEC, 0));
		} else {
			capipc_pipe_create(context, pair);
			far[i] = pair[0];
			ret |= capipc_message_append_handle(reply, pair[1],
							    CAPIPC_RIGHTS_SAME);
		}
	}
	is(ret, 0, "append as many as there may be");
	is(capipc_endpoint_send(context, ends[0], reply, SECONDS_5, 0), 0,
	   "send them");
	is(receive(ends[1]), 0, "receive them");
	is(capipc_message_handles(message), CAPIPC_ATTACHMENTS_MAX,
	   "all are there");
	for (i = 0; i < CAPIPC_ATTACHMENTS_MAX; i++) {
		if (i % 3) {
			ret |= capipc_message_peek_kind(message) !=
			       CAPIPC_KIND_FILE;
			ret |= capipc_message_read_fd(message, &taken);
			ret |= !same_file(taken, &want) || close(taken);
		} else {
			ret |= capipc_message_peek_kind(message) !=
			       CAPIPC_KIND_ENDPOINT;
			ret |= capipc_message_read_handle(
				message, CAPIPC_KIND_ENDPOINT, 0, &handle);
			ret |= capipc_handle_close(context, far[i]);
			ret |= capipc_context_receive(context, handle, reply,
						      &received, 0, 0);
			ret |= received.type != CAPIPC_RECEIVED_PEER_CLOSED;
			ret |= capipc_handle_close(context, handle);
		}
	}
	is(ret, 0, "in order, and each is what it was");
	is(capipc_message_read_end(message), 0, "and no more");
	close(fd);
}

void test_files(void)
{
	int before = count_fds(), fd = new_file("text"), taken;
	uint32_t ends[2], handle;
	char text[8] = "";
	struct stat want;

	fstat(fd, &want);
	capipc_pipe_create(context, ends);
	capipc_message_reset(reply, 1);
	capipc_message_append_fd(reply, fd);
	is(capipc_endpoint_send(context, ends[0], reply, SECONDS_5, 0), 0,
	   "send a file descriptor");
	is(count_fds(), before, "then it is closed here");
	is(receive(ends[1]), 0, "receive it");
	is(capipc_message_read_handle(message, CAPIPC_KIND_NONE, 0, &handle),
	   -EBADMSG, "it is no handle");
	capipc_message_read_rewind(message);
	is(capipc_message_read_fd(message, &taken), 0, "it is what it is");
	ok(same_file(taken, &want) && fcntl(taken, F_GETFD) == FD_CLOEXEC &&
		   pread(taken, text, 4, 0) == 4 && !strcmp(text, "text"),
	   "for the same file, closed on exec");
	is(capipc_message_read_end(message), 0, "and all");

	capipc_message_reset(reply, 1);
	capipc_message_append_fd(reply, taken);
	capipc_message_append_fd(reply, 4000);
	is(capipc_endpoint_send(context, ends[0], reply, SECONDS_5, 0), -EBADF,
	   "what is not open cannot be sent");
	is(capipc_message_handles(reply), 2, "nothing was");
	capipc_message_reset(reply, 1);
	is(count_fds(), before, "closed unsent");

	capipc_message_append_fd(reply, new_file("unread"));
	capipc_endpoint_send(context, ends[0], reply, SECONDS_5, 0);
	receive(ends[1]);
	is(count_fds(), before + 1, "one that is not read");
	is(capipc_endpoint_send(context, ends[0], message, SECONDS_5, 0), 0,
	   "is passed on");
	is(count_fds(), before, "and no longer here");
	receive(ends[1]);
	capipc_message_reset(message, 0);
	is(count_fds(), before, "or it is closed");

	/* a handle where a file descriptor is expected */
	capipc_message_reset(reply, 1);
	capipc_message_append_handle(reply, ends[0], CAPIPC_RIGHTS_SAME);
	is(capipc_message_read_fd(reply, &taken), -EBADMSG,
	   "a handle is no file descriptor");
	capipc_message_read_rewind(reply);
	capipc_message_read_handle(reply, CAPIPC_KIND_NONE, 0, &handle);

	test_all_in_order(ends);
	is(count_fds(), before, "nothing is left open");
	capipc_handle_close(context, ends[0]);
	capipc_handle_close(context, ends[1]);
}

/* ------------------------------------------- calls that somebody else answers */

static uint32_t helper; /* to whom the dispatcher entrusts calls */
static int entrusted[3];

static int on_entrust(struct capipc_request *request, void *data)
{
	struct capipc_context *own = capipc_request_context(request);
	struct capipc_message *job = new_message(own, METHOD_ENTRUST);
	uint32_t reply_handle;

	(void)data;
	entrusted[0] = capipc_request_entrust(request, job, CAPIPC_RIGHT_WRITE);
	/* it is not ours to answer any more */
	entrusted[1] = capipc_request_defer(request, &reply_handle);
	entrusted[2] = capipc_request_entrust(request, job, CAPIPC_RIGHT_WRITE);
	capipc_message_append_u32(capipc_request_reply(request), 1);
	capipc_message_append_fd(job, new_file("job"));
	capipc_endpoint_send(own, helper, job, SECONDS_5, 0);
	capipc_message_free(job);
	capipc_dispatcher_stop(capipc_request_dispatcher(request));
	return 0;
}

static int on_plain(struct capipc_request *request, void *data)
{
	(void)data;
	capipc_dispatcher_stop(capipc_request_dispatcher(request));
	return 0;
}

static const struct capipc_method methods[] = {
	{ .ordinal = METHOD_ENTRUST, .handle = on_entrust },
	{ .ordinal = METHOD_PLAIN, .handle = on_plain },
};

static int unreceivable_calls;
static int unreceivable_error;
static bool unreceivable_keep;
static int closed_calls;

static int on_unreceivable(const struct capipc_received *stuck, int error,
			   void *data)
{
	unreceivable_calls++;
	unreceivable_error = error;
	if (!stuck->from || stuck->type != CAPIPC_RECEIVED_MESSAGE ||
	    data != &unreceivable_calls)
		unreceivable_error = -EPROTO;
	if (unreceivable_calls == 3)
		limit_fds(1000);
	return unreceivable_keep ? 0 : -EMFILE;
}

static void on_closed(uint32_t endpoint, void *data)
{
	closed_calls += endpoint && data == &unreceivable_calls;
}

static const struct capipc_interface by_default = {
	.methods = methods,
	.methods_count = sizeof(methods) / sizeof(methods[0]),
	.closed = on_closed,
};

static const struct capipc_interface with_policy = {
	.methods = methods,
	.methods_count = sizeof(methods) / sizeof(methods[0]),
	.closed = on_closed,
	.unreceivable = on_unreceivable,
};

/* Helps by answering what it is given, with the file that came along. */
static int help(struct capipc_context *own, void *data)
{
	struct capipc_message *job = new_message(own, 0);
	struct capipc_message *answer = new_message(own, 0);
	struct capipc_received got;
	uint32_t server, reply_handle = 0;
	int ret, fd = -1;

	(void)data;
	ret = capipc_endpoint_connect(own, NAME, 0, &server);
	if (!ret)
		ret = capipc_context_receive(own, server, job, &got, SECONDS_5,
					     0);
	if (!ret)
		ret = capipc_message_read_handle(job, CAPIPC_KIND_REPLY,
						 CAPIPC_RIGHT_WRITE,
						 &reply_handle);
	if (!ret)
		ret = capipc_message_read_fd(job, &fd);
	if (!ret)
		ret = capipc_message_read_end(job);
	/* it may not be passed on */
	capipc_message_append_handle(answer, reply_handle, CAPIPC_RIGHTS_SAME);
	if (!ret &&
	    capipc_endpoint_send(own, server, answer, SECONDS_5, 0) != -EPERM)
		ret = -EPROTO;
	if (!ret)
		ret = capipc_message_read_handle(answer, CAPIPC_KIND_NONE, 0,
						 &reply_handle);
	capipc_message_reset(answer, 0);
	capipc_message_append_u32(answer, 42);
	capipc_message_append_fd(answer, fd);
	return ret ? ret : capipc_reply_send(own, reply_handle, answer);
}

static uint32_t caller_end;
static int call_result;

static void *call_thread(void *data)
{
	struct capipc_message *request = new_message(context, METHOD_ENTRUST);

	call_result = capipc_endpoint_call(context, caller_end, request, reply,
					   SECONDS_5, 0, NULL);
	capipc_message_free(request);
	return data;
}

void test_entrust(void)
{
	struct capipc_dispatcher *dispatcher;
	uint32_t listener, ends[2], number;
	pthread_t thread;
	int fd = -1;
	pid_t pid;

	listener = listen_to_all(0);
	pid = spawn(WAFFLES, help, NULL);
	receive(listener);
	helper = received.handle;
	capipc_handle_close(context, listener);
	capipc_pipe_create(context, ends);
	caller_end = ends[0];
	is(capipc_dispatcher_new(&dispatcher, context), 0, "a dispatcher");
	capipc_dispatcher_add_endpoint(dispatcher, ends[1], &by_default,
				       &unreceivable_calls);
	pthread_create(&thread, NULL, call_thread, NULL);
	is(capipc_dispatcher_run(dispatcher, SECONDS_5), 0,
	   "its handler lets somebody else answer");
	pthread_join(thread, NULL);
	ok(!entrusted[0] && entrusted[1] == -EINVAL && entrusted[2] == -EINVAL,
	   "then it is not its call any more");
	is(call_result, 0, "the call is answered");
	ok(!capipc_message_read_u32(reply, &number) && number == 42 &&
		   !capipc_message_read_fd(reply, &fd) &&
		   !capipc_message_read_end(reply),
	   "by the other, with a file descriptor");
	close(fd);
	ok(capipc_message_stamp(reply)->uid == WAFFLES &&
		   capipc_message_stamp(reply)->pid == (uint32_t)pid &&
		   capipc_message_stamp(reply)->flags & CAPIPC_STAMP_CHANGED,
	   "in his own name");
	is(reap(pid), 0, "who is content");

	/* nobody is there to help: what was not sent fails the call */
	pthread_create(&thread, NULL, call_thread, NULL);
	is(capipc_dispatcher_run(dispatcher, SECONDS_5), 0,
	   "somebody else is gone");
	pthread_join(thread, NULL);
	is(call_result, -ECONNRESET, "so the call fails");
	capipc_handle_close(context, helper);
	capipc_handle_close(context, ends[0]);
	capipc_dispatcher_free(dispatcher);
	while (!capipc_context_receive(context, 0, message, &received,
				       CAPIPC_FOREVER, CAPIPC_NOWAIT))
		;
}

/* --------------------------------------------------- what cannot be received */

static void send_file(uint32_t endpoint)
{
	capipc_message_reset(reply, METHOD_FILE);
	capipc_message_append_fd(reply, new_file("too many"));
	capipc_endpoint_send(context, endpoint, reply, SECONDS_5, 0);
}

/* A pipe, one end of which is served, and has a file descriptor waiting. */
static void serve_file(struct capipc_dispatcher *dispatcher,
		       const struct capipc_interface *interface,
		       uint32_t ends[2])
{
	capipc_pipe_create(context, ends);
	capipc_dispatcher_add_endpoint(dispatcher, ends[1], interface,
				       &unreceivable_calls);
	send_file(ends[0]);
}

static void send_plain(uint32_t endpoint)
{
	capipc_message_reset(reply, METHOD_PLAIN);
	capipc_endpoint_send(context, endpoint, reply, SECONDS_5, 0);
}

/* What is left, of stopping for instance */
static void drain(struct capipc_dispatcher *dispatcher)
{
	while (capipc_dispatcher_dispatch(dispatcher, 0) > 0)
		;
}

static void test_unreceivable_message(void)
{
	uint32_t ends[2];

	capipc_pipe_create(context, ends);
	send_file(ends[0]);
	limit_fds(0);
	is(receive(ends[1]), -EMFILE, "no room for a file descriptor");
	ok(received.type == CAPIPC_RECEIVED_MESSAGE &&
		   received.from == ends[1] && !received.stamp.id,
	   "where it waits is told");
	is(receive(0), -EMFILE, "it comes round again");
	limit_fds(1000);
	ok(!receive(0) && capipc_message_handles(message) == 1,
	   "until there is room");
	capipc_message_reset(message, 0);
	capipc_handle_close(context, ends[0]);
	capipc_handle_close(context, ends[1]);
}

void test_unreceivable(void)
{
	struct capipc_dispatcher *dispatcher;
	uint32_t bad[2], good[2];
	struct capipc_loop *loop;

	test_unreceivable_message();
	is(capipc_dispatcher_new(&dispatcher, context), 0, "a dispatcher");
	serve_file(dispatcher, &by_default, bad);
	capipc_pipe_create(context, good);
	capipc_dispatcher_add_endpoint(dispatcher, good[1], &by_default, NULL);
	send_plain(good[0]);
	limit_fds(0);
	closed_calls = 0;
	is(capipc_dispatcher_run(dispatcher, SECONDS_5), 0,
	   "a message that cannot be received");
	ok(closed_calls == 1 && is_closed(bad[1]) && !is_closed(good[1]),
	   "closes what it came from, and only that");
	limit_fds(1000);
	capipc_handle_close(context, bad[0]);
	drain(dispatcher);

	serve_file(dispatcher, &with_policy, bad);
	limit_fds(0);
	unreceivable_calls = 0;
	is(capipc_dispatcher_dispatch(dispatcher, 1), 1,
	   "the program is asked");
	ok(unreceivable_calls == 1 && unreceivable_error == -EMFILE &&
		   closed_calls == 2 && is_closed(bad[1]),
	   "and has it closed");
	limit_fds(1000);
	capipc_handle_close(context, bad[0]);

	serve_file(dispatcher, &with_policy, bad);
	limit_fds(0);
	unreceivable_keep = true;
	unreceivable_calls = 0;
	is(capipc_dispatcher_dispatch(dispatcher, 0), -EMFILE,
	   "or it has it kept");
	ok(unreceivable_calls == 1 && !is_closed(bad[1]), "where it is");
	is(capipc_dispatcher_run(dispatcher, capipc_deadline_in_ms(500)),
	   -ETIMEDOUT, "it is tried again");
	ok(unreceivable_calls == 3 && !is_closed(bad[1]),
	   "until there is room for it");

	/* the loop does not spin on it, either */
	drain(dispatcher);
	send_file(bad[0]);
	unreceivable_calls = 10;
	capipc_loop_new(&loop);
	capipc_loop_add_dispatcher(loop, dispatcher, NULL);
	limit_fds(0);
	is(capipc_loop_step(loop, capipc_deadline_in_ms(1000)), 1,
	   "a loop with it");
	is(unreceivable_calls, 11, "asks once, and waits a little");
	limit_fds(1000);
	send_plain(good[0]);
	is(capipc_loop_run(loop), 0, "and goes on");
	capipc_loop_free(loop);
	capipc_handle_close(context, bad[0]);
	capipc_handle_close(context, good[0]);
	capipc_dispatcher_free(dispatcher);
}
