// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The dispatcher, and the loop with one.
 */
#include "guest.h"

#include <pthread.h>
#include <sys/epoll.h>

enum method {
	METHOD_ADD = 1,
	METHOD_BAD = 2,
	METHOD_FAIL = 3,
	METHOD_DEFER = 4,
	METHOD_STOP = 5,
	METHOD_REPORT = 6,
	METHOD_PEER = 7,
	METHOD_UNKNOWN = 99,
};

static struct {
	int handled;
	int connected;
	int closed;
	int nested;
	uint32_t deferred;
	bool refuse;
} seen;

static int on_add(struct capipc_request *request, void *data)
{
	struct capipc_message *in = capipc_request_message(request);
	uint32_t first, second;

	seen.handled += data == &seen;
	seen.nested = capipc_dispatcher_dispatch(
		capipc_request_dispatcher(request), 1);
	capipc_message_read_u32(in, &first);
	capipc_message_read_u32(in, &second);
	if (capipc_message_read_end(in) < 0)
		return -EBADMSG;
	return capipc_message_append_u32(capipc_request_reply(request),
					 first + second);
}

static int on_bad(struct capipc_request *request, void *data)
{
	(void)request;
	(void)data;
	return -EBADMSG;
}

static int on_fail(struct capipc_request *request, void *data)
{
	(void)request;
	(void)data;
	return -EIO;
}

static int on_defer(struct capipc_request *request, void *data)
{
	uint32_t again;

	(void)data;
	if (capipc_request_defer(request, &seen.deferred) < 0 ||
	    capipc_request_defer(request, &again) != -EINVAL)
		seen.deferred = 0;
	capipc_message_reset(reply, 0);
	capipc_message_append_u32(reply, 7);
	return capipc_reply_send(capipc_request_context(request), seen.deferred,
				 reply);
}

static int on_stop(struct capipc_request *request, void *data)
{
	(void)data;
	capipc_dispatcher_stop(capipc_request_dispatcher(request));
	return capipc_message_append_u32(capipc_request_reply(request), 7);
}

static int on_report(struct capipc_request *request, void *data)
{
	struct capipc_peer *peer;

	int first, second;

	(void)data;
	first = capipc_request_report(request, "reported", 0);
	second = capipc_request_report(request, "reported", 0);
	seen.handled = first == CAPIPC_REPORT_CUT_OFF && second == -EINVAL &&
		       capipc_request_peer(&peer, request, 0) == -EINVAL;
	return 0;
}

static int on_peer(struct capipc_request *request, void *data)
{
	struct capipc_peer *peer;
	int ret;

	(void)data;
	ret = capipc_request_peer(&peer, request, 0);
	if (ret < 0)
		return ret;
	capipc_message_append_u32(
		capipc_request_reply(request),
		capipc_peer_stamp(peer)->uid ==
				capipc_request_received(request)->stamp.uid ?
			7 :
			8);
	capipc_peer_free(peer);
	return 0;
}

static int on_connected(const struct capipc_received *connection, void *data,
			void **endpoint_data)
{
	seen.connected++;
	if (seen.refuse)
		return -EPERM;
	*endpoint_data = data ? NULL : &seen;
	return connection->type == CAPIPC_RECEIVED_CONNECTION ? 0 : -EPROTO;
}

static void on_closed(uint32_t endpoint, void *data)
{
	seen.closed += endpoint && data == &seen;
}

static const struct capipc_method methods[] = {
	{ .ordinal = METHOD_ADD, .handle = on_add },
	{ .ordinal = METHOD_BAD, .handle = on_bad },
	{ .ordinal = METHOD_FAIL, .handle = on_fail },
	{ .ordinal = METHOD_DEFER, .handle = on_defer },
	{ .ordinal = METHOD_STOP, .handle = on_stop },
	{ .ordinal = METHOD_REPORT, .handle = on_report },
	{ .ordinal = METHOD_PEER, .handle = on_peer },
};

static const struct capipc_interface interface = {
	.methods = methods,
	.methods_count = sizeof(methods) / sizeof(methods[0]),
	.report_flags = CAPIPC_REPORT_KILL,
	.connected = on_connected,
	.closed = on_closed,
};

/* Calls one method, has the sum checked, then stops the server. */
static int call_method(struct capipc_context *own, void *data)
{
	struct capipc_message *request = new_message(own, *(uint32_t *)data);
	struct capipc_message *answer = new_message(own, 0);
	uint32_t server, stopper, sum;
	int ret, stopped;

	ret = capipc_endpoint_connect(own, NAME, 0, &server);
	if (ret < 0)
		return ret;
	capipc_message_append_u32(request, 3);
	capipc_message_append_u32(request, 4);
	ret = capipc_endpoint_call(own, server, request, answer, SECONDS_5, 0,
				   NULL);
	if (!ret)
		ret = capipc_message_read_u32(answer, &sum);
	if (!ret && sum != 7)
		ret = -ERANGE;
	capipc_handle_close(own, server);
	if (*(uint32_t *)data == METHOD_STOP)
		return ret;
	stopped = capipc_endpoint_connect(own, NAME, 0, &stopper);
	capipc_message_reset(request, METHOD_STOP);
	if (!stopped)
		stopped = capipc_endpoint_call(own, stopper, request, answer,
					       SECONDS_5, 0, NULL);
	return stopped < 0 ? -EPROTO : ret;
}

/* Runs the dispatcher until a client that calls @method stops it. */
static int dispatch(struct capipc_dispatcher *dispatcher, uint32_t method,
		    int result)
{
	pid_t pid;
	int ret;

	memset(&seen, 0, sizeof(seen));
	pid = spawn(WAFFLES, call_method, &method);
	ret = capipc_dispatcher_run(dispatcher, SECONDS_5);
	if (ret < 0)
		return ret;
	return reap(pid) == result ? 0 : -EPROTO;
}

/* What is left of clients that went away after the dispatcher had stopped */
static void drain(struct capipc_dispatcher *dispatcher)
{
	while (capipc_dispatcher_dispatch(dispatcher, 0) > 0)
		;
}

static struct capipc_dispatcher *stopped_by_signal;

static void on_stop_signal(int signal_number)
{
	(void)signal_number;
	capipc_dispatcher_stop(stopped_by_signal);
}

static void *stop_by_thread(void *data)
{
	usleep(50000);
	capipc_dispatcher_stop(data);
	return NULL;
}

static void test_dispatcher_stop(struct capipc_dispatcher *dispatcher)
{
	struct sigaction action = { .sa_handler = on_stop_signal };
	pthread_t thread;

	capipc_dispatcher_stop(dispatcher);
	is(capipc_dispatcher_run(dispatcher, SECONDS_5), 0,
	   "stopped before it ran");
	is(capipc_dispatcher_run(dispatcher, capipc_deadline_in_ms(30)),
	   -ETIMEDOUT, "once");
	pthread_create(&thread, NULL, stop_by_thread, dispatcher);
	is(capipc_dispatcher_run(dispatcher, SECONDS_5), 0,
	   "stopped by a thread");
	pthread_join(thread, NULL);
	stopped_by_signal = dispatcher;
	sigaction(SIGALRM, &action, NULL);
	interrupt_every_ms(50);
	is(capipc_dispatcher_run(dispatcher, SECONDS_5), 0,
	   "stopped by a signal");
	interrupt_no_more();
	capipc_dispatcher_stop(dispatcher);
	is(capipc_dispatcher_dispatch(dispatcher, 0), -ECANCELED,
	   "dispatching stops too");
	drain(dispatcher);
}

static void test_dispatcher_handles(struct capipc_dispatcher *dispatcher)
{
	static const struct capipc_method disordered[] = { { .ordinal = 2 },
							   { .ordinal = 2 } };
	static const struct capipc_interface wrong = { .methods = disordered,
						       .methods_count = 2 };
	uint32_t ends[2];

	capipc_pipe_create(context, ends);
	is(capipc_dispatcher_add_endpoint(dispatcher, ends[0], &wrong, NULL),
	   -EINVAL, "methods have an order");
	is(capipc_dispatcher_add_listener(dispatcher, ends[0], &interface,
					  NULL),
	   -EPROTOTYPE, "an endpoint is no listener");
	is(capipc_dispatcher_add_endpoint(dispatcher, ends[0], &interface,
					  &seen),
	   0, "serve an endpoint");
	is(capipc_dispatcher_add_endpoint(dispatcher, ends[0], &interface,
					  &seen),
	   -EEXIST, "once");
	is(capipc_dispatcher_remove(dispatcher, ends[0]), 0,
	   "serve it no longer");
	is(capipc_dispatcher_remove(dispatcher, ends[0]), -ENOENT, "once");
	is(capipc_dispatcher_remove(dispatcher, 0), -ENOENT,
	   "nothing is not served");
	is(capipc_dispatcher_add_endpoint(dispatcher, ends[0], &interface,
					  &seen),
	   0, "serve it again");

	memset(&seen, 0, sizeof(seen));
	capipc_message_reset(message, METHOD_ADD);
	capipc_message_append_u64(message, 0);
	capipc_endpoint_send(context, ends[1], message, SECONDS_5, 0);
	capipc_endpoint_send(context, ends[1], message, SECONDS_5, 0);
	is(capipc_dispatcher_dispatch(dispatcher, 1), 1, "one message at most");
	is(seen.handled, 1, "was handled");
	is(seen.nested, -EDEADLK, "not from within");
	is(capipc_dispatcher_dispatch(dispatcher, 0), 1, "then the other");
	is(capipc_dispatcher_dispatch(dispatcher, 0), 0, "then there is none");
	capipc_handle_close(context, ends[1]);
	is(capipc_dispatcher_dispatch(dispatcher, 0), 1,
	   "the end of the endpoint");
	ok(seen.closed == 1 && is_closed(ends[0]), "closes it");
}

static int on_timer(void *data)
{
	capipc_loop_stop(data);
	return 0;
}

static int on_inner_loop(int fd, uint32_t events, void *data)
{
	int ret = capipc_loop_step(data, 0);

	seen.nested = fd == capipc_loop_fd(data) && events == EPOLLIN;
	return ret < 0 ? ret : 0;
}

/* A loop in which another is watched, that has a dispatcher */
static void test_nested_loop(struct capipc_loop *inner)
{
	struct capipc_loop *outer;
	uint32_t method = METHOD_ADD;
	pid_t pid;

	capipc_loop_new(&outer);
	memset(&seen, 0, sizeof(seen));
	is(capipc_loop_add_fd(outer, capipc_loop_fd(inner), EPOLLIN,
			      on_inner_loop, inner, NULL),
	   0, "a loop in a loop");
	pid = spawn(WAFFLES, call_method, &method);
	is(capipc_loop_run(outer), 0, "runs until the inner one stops");
	is(reap(pid), 0, "the client is content");
	ok(seen.handled == 1 && seen.nested == 1, "it was handled");
	capipc_loop_free(outer);

	is(capipc_loop_add_timer(inner, capipc_deadline_in_ms(30), 0, on_timer,
				 inner, NULL),
	   0, "a timer");
	is(capipc_loop_run(inner), 0, "stops it too");
}

static void test_loop(struct capipc_dispatcher *dispatcher)
{
	uint32_t method = METHOD_ADD;
	struct capipc_source *source;
	struct capipc_loop *loop;
	pid_t pid;

	is(capipc_loop_new(&loop), 0, "a loop");
	is(capipc_loop_add_dispatcher(loop, dispatcher, &source), 0,
	   "with a dispatcher");
	memset(&seen, 0, sizeof(seen));
	pid = spawn(WAFFLES, call_method, &method);
	is(capipc_loop_run(loop), 0, "runs until the dispatcher stops");
	is(reap(pid), 0, "the client is content");
	is(seen.handled, 1, "it was handled");
	test_nested_loop(loop);
	capipc_loop_remove(loop, source);
	is(capipc_loop_step(loop, 0), 0, "nothing is left");
	capipc_loop_free(loop);
	drain(dispatcher);
}

void test_dispatcher(void)
{
	uint32_t listener, method = METHOD_BAD, ends[2];
	struct capipc_dispatcher *dispatcher;
	pid_t pid;

	is(capipc_dispatcher_new(&dispatcher, context), 0, "a dispatcher");
	is(capipc_dispatcher_fd(dispatcher), capipc_context_fd(context),
	   "its fd");
	test_dispatcher_stop(dispatcher);
	test_dispatcher_handles(dispatcher);

	listener = listen_to_all(0);
	is(capipc_dispatcher_add_listener(dispatcher, listener, &interface,
					  NULL),
	   0, "serve a listener");
	is(dispatch(dispatcher, METHOD_ADD, 0), 0, "a call is answered");
	ok(seen.connected == 2 && seen.handled == 1 && seen.closed >= 1,
	   "all handlers were called, with their data");
	is(dispatch(dispatcher, METHOD_FAIL, -ECONNRESET), 0,
	   "a handler fails");
	is(dispatch(dispatcher, METHOD_UNKNOWN, -ECONNRESET), 0,
	   "nobody knows it");
	is(dispatch(dispatcher, METHOD_DEFER, 0), 0, "an answer comes later");
	is(dispatch(dispatcher, METHOD_STOP, 0), 0,
	   "an answer comes after a stop");
	is(dispatch(dispatcher, METHOD_PEER, 0), 0, "a handler asks who it is");
	is(dispatch(dispatcher, METHOD_REPORT, -ECONNRESET), 0,
	   "a handler reports it");
	is(seen.handled, 1, "once");

	drain(dispatcher);
	memset(&seen, 0, sizeof(seen));
	pid = spawn(WAFFLES, call_method, &method);
	is(capipc_dispatcher_run(dispatcher, capipc_deadline_in_ms(1000)),
	   -ETIMEDOUT, "a bad message");
	is(reap(pid), -1000 - SIGKILL, "is deadly");
	is(seen.closed, 1, "its endpoint is closed");

	memset(&seen, 0, sizeof(seen));
	seen.refuse = true;
	pid = spawn(WAFFLES, call_method, &method);
	capipc_dispatcher_run(dispatcher, capipc_deadline_in_ms(1000));
	ok(seen.connected && !seen.closed, "a client that is refused");
	ok(reap(pid) == -EPROTO, "is not served");
	seen.refuse = false;
	test_loop(dispatcher);

	capipc_pipe_create(context, ends);
	capipc_dispatcher_add_endpoint(dispatcher, ends[0], &interface, &seen);
	memset(&seen, 0, sizeof(seen));
	capipc_dispatcher_free(dispatcher);
	ok(is_closed(listener) && is_closed(ends[0]) && seen.closed == 1,
	   "a dispatcher that is freed closes all");
	capipc_handle_close(context, ends[1]);
	capipc_dispatcher_free(NULL);
}
