// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Dispatcher: calls the right function for everything that a context receives.
 *
 * The answer of a handler is not sent at once but along with the next receive,
 * in one system call.
 *
 * To wake a thread that waits in the kernel, stopping sends a message through a
 * pipe that has both ends in the context.
 */
#include "bindings.h"
#include "internal.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>

/* How many to handle at once where the caller has no opinion */
#define DISPATCH_DEFAULT 64U

/* How long to let others finish when what came does not fit */
#define PAUSE_MS 10

#define NS_PER_MS 1000000

/**
 * struct capipc_dispatcher - bindings, and buffers that are used over and over
 * @message: what came
 * @reply: the answer being built, or built and not yet sent
 * @reply_handle: where to send @reply with the next receive, or 0
 * @request: what is being handled
 * @busy: a handler may be running
 * @stopped: stopping is wanted; set by any thread
 * @wake: pipe to oneself; [0] is written to by any thread
 * @wake_lost: [0] had to be closed
 */
struct capipc_dispatcher {
	struct capipc_context *context;
	struct capipc_bindings bindings;
	struct capipc_message *message;
	struct capipc_message *reply;
	uint32_t reply_handle;
	struct capipc_request request;
	bool busy;
	atomic_bool stopped;
	_Atomic uint32_t wake[2];
	bool wake_lost;
};

static int dispatcher_make_wake(struct capipc_dispatcher *dispatcher)
{
	uint32_t endpoints[2];
	int ret;

	ret = capipc_pipe_create(dispatcher->context, endpoints);
	if (ret < 0)
		return ret;
	atomic_store(&dispatcher->wake[0], endpoints[0]);
	atomic_store(&dispatcher->wake[1], endpoints[1]);
	return 0;
}

int capipc_dispatcher_new(struct capipc_dispatcher **out,
			  struct capipc_context *context)
{
	KEEP_ERRNO();
	struct capipc_dispatcher *dispatcher;
	int ret;

	dispatcher = calloc(1, sizeof(*dispatcher));
	if (!dispatcher)
		return -ENOMEM;
	dispatcher->context = capipc_context_get(context);
	capipc_bindings_init(&dispatcher->bindings);
	atomic_init(&dispatcher->stopped, false);

	ret = capipc_message_new(&dispatcher->message, context, 0);
	if (ret < 0)
		goto err_free;
	ret = capipc_message_new(&dispatcher->reply, context, 0);
	if (ret < 0)
		goto err_message;
	ret = dispatcher_make_wake(dispatcher);
	if (ret < 0)
		goto err_reply;
	dispatcher->request = (struct capipc_request){
		.dispatcher = dispatcher,
		.context = context,
		.message = dispatcher->message,
		.reply = dispatcher->reply,
	};
	*out = dispatcher;
	return 0;

err_reply:
	capipc_message_free(dispatcher->reply);
err_message:
	capipc_message_free(dispatcher->message);
err_free:
	capipc_context_put(context);
	free(dispatcher);
	return ret;
}

/* Ends a binding for good, with all that its owner has to know. */
static void dispatcher_drop(struct capipc_dispatcher *dispatcher,
			    struct capipc_binding *binding)
{
	const struct capipc_binding dropped = *binding;

	/* First, as the function may change the table. */
	capipc_bindings_remove(&dispatcher->bindings, binding);
	capipc_handle_close(dispatcher->context, dropped.handle);
	if (dropped.kind != CAPIPC_KIND_LISTENER && dropped.interface->closed)
		dropped.interface->closed(dropped.handle, dropped.data);
}

void capipc_dispatcher_free(struct capipc_dispatcher *dispatcher)
{
	KEEP_ERRNO();
	struct capipc_binding *binding;
	uint32_t i;

	if (!dispatcher)
		return;
	for (i = 0; i < dispatcher->bindings.room; i++) {
		binding = &dispatcher->bindings.table[i];
		if (binding->handle)
			dispatcher_drop(dispatcher, binding);
	}
	capipc_handle_close(dispatcher->context, dispatcher->wake[0]);
	capipc_handle_close(dispatcher->context, dispatcher->wake[1]);
	capipc_message_free(dispatcher->reply);
	capipc_message_free(dispatcher->message);
	capipc_context_put(dispatcher->context);
	capipc_bindings_free(&dispatcher->bindings);
	free(dispatcher);
}

static bool interface_in_order(const struct capipc_interface *interface)
{
	size_t i;

	for (i = 1; i < interface->methods_count; i++) {
		if (interface->methods[i].ordinal <=
		    interface->methods[i - 1].ordinal)
			return false;
	}
	return true;
}

static int dispatcher_add(struct capipc_dispatcher *dispatcher, uint32_t handle,
			  uint32_t kind,
			  const struct capipc_interface *interface, void *data)
{
	KEEP_ERRNO();
	struct capipc_inspect inspect;
	int ret;

	if (!interface_in_order(interface))
		return -EINVAL;
	ret = capipc_handle_inspect_kind(dispatcher->context, handle, kind,
					 &inspect);
	if (ret < 0)
		return ret;
	if (capipc_bindings_find(&dispatcher->bindings, handle, inspect.cookie))
		return -EEXIST;
	return capipc_bindings_add(&dispatcher->bindings, dispatcher->context,
				   handle, kind, interface, data);
}

int capipc_dispatcher_add_endpoint(struct capipc_dispatcher *dispatcher,
				   uint32_t endpoint,
				   const struct capipc_interface *interface,
				   void *data)
{
	return dispatcher_add(dispatcher, endpoint, CAPIPC_KIND_ENDPOINT,
			      interface, data);
}

int capipc_dispatcher_add_data_end(struct capipc_dispatcher *dispatcher,
				   uint32_t end,
				   const struct capipc_interface *interface,
				   void *data)
{
	int ret;

	if (!interface->ready)
		return -EINVAL;
	ret = dispatcher_add(dispatcher, end, CAPIPC_KIND_CONSUMER, interface,
			     data);
	if (ret == -EPROTOTYPE)
		ret = dispatcher_add(dispatcher, end, CAPIPC_KIND_PRODUCER,
				     interface, data);
	return ret;
}

int capipc_dispatcher_add_listener(struct capipc_dispatcher *dispatcher,
				   uint32_t listener,
				   const struct capipc_interface *interface,
				   void *data)
{
	return dispatcher_add(dispatcher, listener, CAPIPC_KIND_LISTENER,
			      interface, data);
}

int capipc_dispatcher_remove(struct capipc_dispatcher *dispatcher,
			     uint32_t handle)
{
	struct capipc_inspect inspect;
	struct capipc_binding *binding;
	int ret;

	ret = capipc_handle_inspect(dispatcher->context, handle, &inspect);
	if (ret < 0)
		return -ENOENT;
	binding = capipc_bindings_find(&dispatcher->bindings, handle,
				       inspect.cookie);
	if (!binding)
		return -ENOENT;
	capipc_bindings_remove(&dispatcher->bindings, binding);
	return 0;
}

int capipc_dispatcher_use_area(struct capipc_dispatcher *dispatcher,
			       size_t bytes)
{
	if (dispatcher->busy)
		return -EDEADLK;
	return capipc_message_use_area(dispatcher->message, bytes);
}

int capipc_dispatcher_fd(const struct capipc_dispatcher *dispatcher)
{
	return capipc_context_fd(dispatcher->context);
}

void capipc_dispatcher_stop(struct capipc_dispatcher *dispatcher)
{
	struct capipc_send wake = {
		.size = sizeof(wake),
		.flags = CAPIPC_NOWAIT,
	};
	int ret;

	/* Before the pipe is looked at, which a run that begins may replace. */
	atomic_store(&dispatcher->stopped, true);
	wake.handle = atomic_load(&dispatcher->wake[0]);
	ret = capipc_context_ioctl(dispatcher->context, CAPIPC_IOC_SEND, &wake);
	/*
	 * A window that is full wakes as well. If there is no memory for a
	 * message, or no account: closing needs neither, and can be received.
	 */
	if (ret < 0 && ret != -EAGAIN)
		capipc_handle_close(dispatcher->context, wake.handle);
}

static bool dispatcher_stopping(struct capipc_dispatcher *dispatcher)
{
	return atomic_exchange(&dispatcher->stopped, false);
}

void capipc_dispatcher_pause(void)
{
	poll(NULL, 0, PAUSE_MS);
}

/* A pipe to oneself that had to be closed is made anew. */
static int dispatcher_begin(struct capipc_dispatcher *dispatcher)
{
	int ret;

	if (dispatcher->busy)
		return -EDEADLK;
	if (dispatcher->wake_lost) {
		capipc_handle_close(dispatcher->context, dispatcher->wake[1]);
		ret = dispatcher_make_wake(dispatcher);
		if (ret < 0)
			return ret;
		dispatcher->wake_lost = false;
	}
	dispatcher->busy = true;
	return 0;
}

/* Answering may fail: then the call does, so that nobody waits in vain. */
static void dispatcher_refuse(struct capipc_dispatcher *dispatcher)
{
	capipc_handle_close(dispatcher->context, dispatcher->reply_handle);
	capipc_message_handles_close(dispatcher->reply);
	dispatcher->reply_handle = 0;
}

static void dispatcher_answer(struct capipc_dispatcher *dispatcher)
{
	int ret;

	if (!dispatcher->reply_handle)
		return;
	ret = capipc_reply_send(dispatcher->context, dispatcher->reply_handle,
				dispatcher->reply);
	if (ret < 0 && ret != -ECANCELED)
		dispatcher_refuse(dispatcher);
	else
		capipc_message_handles_close(dispatcher->reply);
	dispatcher->reply_handle = 0;
}

/* Sends the last answer, if there is one, and takes what comes next. */
static int dispatcher_next(struct capipc_dispatcher *dispatcher,
			   int64_t deadline_ns, unsigned int flags)
{
	struct capipc_received *received = &dispatcher->request.received;
	int ret;

	/* What it carries must not stay here while we wait, if it is too late. */
	if (capipc_message_handles(dispatcher->reply))
		dispatcher_answer(dispatcher);
	if (dispatcher->reply_handle) {
		ret = capipc_reply_receive(dispatcher->context,
					   &dispatcher->reply_handle,
					   dispatcher->reply,
					   dispatcher->message, received,
					   deadline_ns, flags);
		if (!dispatcher->reply_handle)
			return ret;
		dispatcher_refuse(dispatcher);
	}
	return capipc_context_receive(dispatcher->context, 0,
				      dispatcher->message, received,
				      deadline_ns, flags);
}

/* The binding of what was received, or NULL */
static struct capipc_binding *
dispatcher_bound(const struct capipc_dispatcher *dispatcher)
{
	const struct capipc_received *received = &dispatcher->request.received;

	return capipc_bindings_find(&dispatcher->bindings, received->from,
				    received->cookie);
}

static void handle_connection(struct capipc_dispatcher *dispatcher,
			      const struct capipc_received *received)
{
	const struct capipc_binding *binding = dispatcher_bound(dispatcher);
	const struct capipc_interface *interface;
	void *data;
	int ret;

	if (!binding) {
		capipc_handle_close(dispatcher->context, received->handle);
		return;
	}

	interface = binding->interface;
	data = binding->data;
	if (interface->connected) {
		ret = interface->connected(received, data, &data);
		if (ret < 0) {
			capipc_handle_close(dispatcher->context,
					    received->handle);
			return;
		}
	}

	ret = capipc_bindings_add(&dispatcher->bindings, dispatcher->context,
				  received->handle, CAPIPC_KIND_ENDPOINT,
				  interface, data);
	if (ret < 0) {
		capipc_handle_close(dispatcher->context, received->handle);
		if (interface->closed)
			interface->closed(received->handle, data);
	}
}

static void handle_request(struct capipc_dispatcher *dispatcher)
{
	struct capipc_request *request = &dispatcher->request;
	const struct capipc_received *received = &request->received;
	const struct capipc_interface *interface;
	struct capipc_binding *binding;
	int ret;

	request->reply_handle = received->handle;
	request->reported = false;

	binding = dispatcher_bound(dispatcher);
	if (binding) {
		interface = binding->interface;
		capipc_message_reset(dispatcher->reply, 0);
		ret = capipc_request_handle(request, interface, binding->data);
		if (ret == -EBADMSG && !request->reported) {
			capipc_request_report(request, "malformed message",
					      interface->report_flags);
			/* Whatever came of that, it is not served again. */
			request->reported = true;
		}
	} else {
		ret = -ENOENT;
	}

	/* Looked up again, as the handler may have changed the table. */
	binding = dispatcher_bound(dispatcher);
	if (request->reported && binding)
		dispatcher_drop(dispatcher, binding);

	if (request->reply_handle && ret < 0)
		capipc_handle_close(dispatcher->context, request->reply_handle);
	else
		dispatcher->reply_handle = request->reply_handle;
	request->reply_handle = 0;
	/* What was to go with an answer that is not sent */
	if (!dispatcher->reply_handle)
		capipc_message_handles_close(dispatcher->reply);
}

/* The ring of a data pipe is worth a look, or its other end is closed. */
static void handle_data_end(struct capipc_dispatcher *dispatcher)
{
	const struct capipc_received *received = &dispatcher->request.received;
	const struct capipc_binding *binding = dispatcher_bound(dispatcher);

	if (binding && binding->interface->ready &&
	    binding->kind != CAPIPC_KIND_ENDPOINT)
		binding->interface->ready(binding->handle, received->type,
					  binding->data);
}

static void handle_received(struct capipc_dispatcher *dispatcher)
{
	const struct capipc_received *received = &dispatcher->request.received;
	struct capipc_binding *binding;

	if (received->from == dispatcher->wake[1]) {
		if (received->type == CAPIPC_RECEIVED_PEER_CLOSED)
			dispatcher->wake_lost = true;
		return;
	}

	switch (received->type) {
	case CAPIPC_RECEIVED_CONNECTION:
		handle_connection(dispatcher, received);
		break;
	case CAPIPC_RECEIVED_MESSAGE:
	case CAPIPC_RECEIVED_CALL:
		handle_request(dispatcher);
		break;
	case CAPIPC_RECEIVED_READABLE:
	case CAPIPC_RECEIVED_WRITABLE:
		handle_data_end(dispatcher);
		break;
	case CAPIPC_RECEIVED_PEER_CLOSED:
		handle_data_end(dispatcher);
		binding = dispatcher_bound(dispatcher);
		if (binding)
			dispatcher_drop(dispatcher, binding);
		break;
	default:
		break;
	}
}

/*
 * What is there cannot be received, and would only come round again and again: the
 * interface decides whether that is worth the wait. Returns 0 if where it came
 * from is closed now, else the error.
 */
static int handle_unreceivable(struct capipc_dispatcher *dispatcher, int error)
{
	const struct capipc_received *received = &dispatcher->request.received;
	const struct capipc_interface *interface;
	struct capipc_inspect inspect;
	struct capipc_binding *binding;
	bool keep;

	if (received->type == CAPIPC_RECEIVED_NONE ||
	    capipc_handle_inspect(dispatcher->context, received->from,
				  &inspect) < 0)
		return error;
	binding = capipc_bindings_find(&dispatcher->bindings, received->from,
				       inspect.cookie);
	if (!binding)
		return error;

	interface = binding->interface;
	if (interface->unreceivable)
		keep = !interface->unreceivable(received, error, binding->data);
	else
		keep = error == -EDQUOT || error == -ENOMEM;
	if (keep)
		return error;

	/* Looked up again, as the function may have changed the table. */
	binding = capipc_bindings_find(&dispatcher->bindings, received->from,
				       inspect.cookie);
	if (binding)
		dispatcher_drop(dispatcher, binding);
	return 0;
}

/* Takes what comes next and handles it. */
static int dispatcher_step(struct capipc_dispatcher *dispatcher,
			   int64_t deadline_ns, unsigned int flags)
{
	int ret = dispatcher_next(dispatcher, deadline_ns, flags);

	if (!ret)
		handle_received(dispatcher);
	else if (capipc_error_is_no_room(ret))
		ret = handle_unreceivable(dispatcher, ret);
	return ret;
}

int capipc_dispatcher_dispatch(struct capipc_dispatcher *dispatcher,
			       unsigned int max)
{
	KEEP_ERRNO();
	unsigned int count = 0;
	int ret;

	ret = dispatcher_begin(dispatcher);
	if (ret < 0)
		return ret;

	if (!max || max > INT_MAX)
		max = DISPATCH_DEFAULT;
	while (count < max && !atomic_load(&dispatcher->stopped)) {
		ret = dispatcher_step(dispatcher, 0, CAPIPC_NOWAIT);
		if (ret < 0)
			break;
		count++;
	}
	dispatcher_answer(dispatcher);
	capipc_message_reset(dispatcher->message, 0);
	dispatcher->busy = false;

	if (dispatcher_stopping(dispatcher))
		return -ECANCELED;
	if (!count && ret < 0 && ret != -EAGAIN && ret != -EINTR)
		return ret;
	return (int)count;
}

/* Waits for a context that was opened not to wait, or for room for what came. */
static int dispatcher_wait(struct capipc_dispatcher *dispatcher, bool for_room,
			   int64_t deadline_ns)
{
	struct pollfd poll_fd = {
		.fd = capipc_dispatcher_fd(dispatcher),
		.events = POLLIN,
	};
	int64_t left_ms = -1;

	if (deadline_ns != CAPIPC_FOREVER) {
		left_ms = (deadline_ns - capipc_deadline_in_ms(0) + NS_PER_MS -
			   1) /
			  NS_PER_MS;
		if (left_ms <= 0)
			return -ETIMEDOUT;
		if (left_ms > INT_MAX)
			left_ms = INT_MAX;
	}
	if (for_room)
		capipc_dispatcher_pause();
	else
		poll(&poll_fd, 1, (int)left_ms);
	return 0;
}

int capipc_dispatcher_run(struct capipc_dispatcher *dispatcher,
			  int64_t deadline_ns)
{
	KEEP_ERRNO();
	int ret;

	ret = dispatcher_begin(dispatcher);
	if (ret < 0)
		return ret;

	do {
		if (dispatcher_stopping(dispatcher))
			break;
		ret = dispatcher_step(dispatcher, deadline_ns, 0);
		if (ret == -EINTR)
			ret = 0;
		else if (ret == -EAGAIN || capipc_error_is_no_room(ret))
			ret = dispatcher_wait(dispatcher, ret != -EAGAIN,
					      deadline_ns);
	} while (!ret);

	dispatcher_answer(dispatcher);
	capipc_message_reset(dispatcher->message, 0);
	dispatcher->busy = false;
	return ret;
}
