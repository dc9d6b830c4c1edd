/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dispatcher: what a server does with all that it receives
 *
 * A dispatcher takes everything that its context receives, and calls a function
 * for it by endpoint and ordinal. Drive it by its fd from any event loop, or
 * let it block in capipc_dispatcher_run(), which makes one system call a
 * request.
 */
#ifndef CAPIPC_DISPATCHER_H
#define CAPIPC_DISPATCHER_H

#include <capipc/base.h>

CAPIPC_BEGIN_DECLS

/**
 * struct capipc_method - what to do with an ordinal
 * @ordinal: number of the method
 * @reserved: must be 0
 * @handle: does the work, with @data as given for the endpoint. Returns
 *          0: well. If it was a call, capipc_request_reply() is the answer;
 *          -EBADMSG: the message was bad: it is reported, with
 *          @report_flags of the interface, and the pipe is gone;
 *          another negative number: a call fails (-ECONNRESET there), the pipe
 *          stays.
 *          A positive number is like 0.
 */
struct capipc_method {
	uint32_t ordinal;
	uint32_t reserved;
	int (*handle)(struct capipc_request *request, void *data);
};

/**
 * struct capipc_interface - what an endpoint understands
 * @methods: the methods, in ascending order of ordinal
 * @methods_count: their number
 * @report_flags: %CAPIPC_REPORT_KILL or 0
 * @reserved: must be 0
 * @unknown: like @handle of struct capipc_method, for ordinals that are not in
 *           @methods; NULL: calls fail, other messages are dropped
 * @connected: of a listener: a client has connected; @endpoint_data is @data of
 *             the listener and may be changed. A negative number refuses the
 *             client: its pipe is closed. NULL: everybody is welcome.
 * @closed: an endpoint, or end of a data pipe, is no longer served, because its
 *          peer is closed or was reported, or because what came from it could not
 *          be received, or because the dispatcher is freed: free @data. @endpoint
 *          is for logs. Not called for listeners. NULL: nothing to do.
 * @unreceivable: something waits at an endpoint or listener, @stuck->from, that
 *                cannot be received: @error is -EMFILE, -EACCES, -EDQUOT or
 *                -ENOMEM, as capipc_context_receive() says; of @stuck only type
 *                and from are set. 0: keep it, it is tried again a little later,
 *                and until then what is handled comes more slowly. A negative
 *                number: the endpoint is closed, with what waits there. NULL: as if
 *                a function kept it with -EDQUOT and -ENOMEM, and else did not, as
 *                any client can send more file descriptors than there is room for.
 * @ready: of an end of a data pipe: it is time to look at the ring, since the other
 *         end has signalled (%CAPIPC_RECEIVED_READABLE or _WRITABLE) or is closed
 *         (%CAPIPC_RECEIVED_PEER_CLOSED, after which comes @closed)
 * @reserved_ptr: must be NULL
 *
 * Must stay where it is as long as it is used. Set unnamed members to zero.
 */
struct capipc_interface {
	const struct capipc_method *methods;
	size_t methods_count;
	uint32_t report_flags;
	uint32_t reserved;
	int (*unknown)(struct capipc_request *request, void *data);
	int (*connected)(const struct capipc_received *connection, void *data,
			 void **endpoint_data);
	void (*closed)(uint32_t endpoint, void *data);
	int (*unreceivable)(const struct capipc_received *stuck, int error,
			    void *data);
	void (*ready)(uint32_t end, uint32_t type, void *data);
	void *reserved_ptr[2];
};

/**
 * capipc_dispatcher_new() - make a dispatcher
 * @out: receives the dispatcher; free it with capipc_dispatcher_free()
 * @context: its context; one dispatcher a context
 *
 * Return: 0; -EDQUOT, -ENOMEM.
 */
int capipc_dispatcher_new(struct capipc_dispatcher **out,
			  struct capipc_context *context);

/**
 * capipc_dispatcher_free() - free a dispatcher
 * @dispatcher: the dispatcher or NULL; not from one of its handlers
 *
 * Closes all endpoints and listeners that it serves.
 */
void capipc_dispatcher_free(struct capipc_dispatcher *dispatcher);

/**
 * capipc_dispatcher_add_endpoint() - serve an endpoint
 * @dispatcher: the dispatcher
 * @endpoint: an endpoint of its context, which after success belongs to it
 * @interface: what the endpoint understands
 * @data: for the handlers
 *
 * Return: 0; -EINVAL: the methods are not in order; -EEXIST: served already;
 * -EBADF, -EBUSY, -EPROTOTYPE, -ENOMEM.
 */
int capipc_dispatcher_add_endpoint(struct capipc_dispatcher *dispatcher,
				   uint32_t endpoint,
				   const struct capipc_interface *interface,
				   void *data);

/**
 * capipc_dispatcher_add_data_end() - watch an end of a data pipe
 * @dispatcher: the dispatcher
 * @end: a producer or consumer of its context, which after success belongs to it
 * @interface: its @ready is called when there is something to do
 * @data: for the functions of @interface
 *
 * That is so after capipc_consumer_read(), capipc_producer_write() or their like
 * have returned -EAGAIN.
 *
 * Return: 0; -EINVAL: there is no @ready; -EEXIST: watched already; -EBADF, -EBUSY,
 * -EPROTOTYPE, -ENOMEM.
 */
int capipc_dispatcher_add_data_end(struct capipc_dispatcher *dispatcher,
				   uint32_t end,
				   const struct capipc_interface *interface,
				   void *data);

/**
 * capipc_dispatcher_add_listener() - serve all who connect to a listener
 * @dispatcher: the dispatcher
 * @listener: a listener of its context, which after success belongs to it
 * @interface: what the endpoints of those who connect understand
 * @data: for @connected, and for the handlers unless @connected changes it
 *
 * Return: as capipc_dispatcher_add_endpoint().
 */
int capipc_dispatcher_add_listener(struct capipc_dispatcher *dispatcher,
				   uint32_t listener,
				   const struct capipc_interface *interface,
				   void *data);

/**
 * capipc_dispatcher_remove() - serve an endpoint or listener no longer
 * @dispatcher: the dispatcher
 * @handle: the handle, which after success belongs to the caller again
 *
 * Allowed in a handler, also for the endpoint that it handles. Does not call
 * @closed.
 *
 * Return: 0; -ENOENT: it is not served.
 */
int capipc_dispatcher_remove(struct capipc_dispatcher *dispatcher,
			     uint32_t handle);

/**
 * capipc_dispatcher_use_area() - receive large messages without copying them twice
 * @dispatcher: the dispatcher, not from its handlers
 * @bytes: as for capipc_message_use_area()
 *
 * Return: 0; -EDEADLK: called from a handler; what capipc_message_use_area() returns.
 */
int capipc_dispatcher_use_area(struct capipc_dispatcher *dispatcher,
			       size_t bytes);

/**
 * capipc_dispatcher_fd() - the file descriptor to wait for
 * @dispatcher: the dispatcher
 *
 * Return: the file descriptor of the context: when it polls readable, call
 * capipc_dispatcher_dispatch().
 */
int capipc_dispatcher_fd(const struct capipc_dispatcher *dispatcher);

/**
 * capipc_dispatcher_dispatch() - handle what is there, without waiting
 * @dispatcher: the dispatcher
 * @max: handle at most so many; 0 lets the library choose
 *
 * All answers are sent when it returns. More may be there than were handled:
 * the fd goes on polling readable then.
 *
 * Return: how many were handled, 0 when nothing was there; -ECANCELED:
 * capipc_dispatcher_stop() was called; -EDEADLK: called from a handler; -EDQUOT,
 * -ENOMEM, -EMFILE, -EACCES: what came does not fit now, and is kept (see
 * @unreceivable of struct capipc_interface): others may have their turn.
 */
int capipc_dispatcher_dispatch(struct capipc_dispatcher *dispatcher,
			       unsigned int max);

/**
 * capipc_dispatcher_run() - handle what comes, until stopped
 * @dispatcher: the dispatcher
 * @deadline_ns: until when at most, or %CAPIPC_FOREVER
 *
 * Signals do not end it. When what came does not fit and is kept (see
 * @unreceivable of struct capipc_interface), it waits a little, and tries again.
 *
 * Return: 0: stopped; -ETIMEDOUT; -EDEADLK: called from a handler; -EDQUOT,
 * -ENOMEM: it could not start.
 */
int capipc_dispatcher_run(struct capipc_dispatcher *dispatcher,
			  int64_t deadline_ns);

/**
 * capipc_dispatcher_stop() - let capipc_dispatcher_run() return
 * @dispatcher: the dispatcher
 *
 * If it is not running, the next run returns at once; if its loop runs, that
 * ends. From any thread, from handlers, and async-signal-safe.
 */
void capipc_dispatcher_stop(struct capipc_dispatcher *dispatcher);

/**
 * capipc_request_message() - the message, to be read
 * @request: the request, as given to a handler and valid until that returns
 *
 * It belongs to the dispatcher. Handles and file descriptors that are not read out
 * are closed.
 */
struct capipc_message *
capipc_request_message(const struct capipc_request *request);

/**
 * capipc_request_reply() - the answer, empty at first, to be built
 * @request: the request
 *
 * It is sent when the handler has returned 0, if the request was a call. The
 * dispatcher owns it. Should it be larger than capipc_request_received() says
 * that the caller takes, or fail otherwise, the call fails.
 */
struct capipc_message *
capipc_request_reply(const struct capipc_request *request);

/** capipc_request_received() - what came: type, endpoint, facet, stamp ... */
const struct capipc_received *
capipc_request_received(const struct capipc_request *request);

/** capipc_request_dispatcher() - the dispatcher that handles it */
struct capipc_dispatcher *
capipc_request_dispatcher(const struct capipc_request *request);

/** capipc_request_context() - the context it came in */
struct capipc_context *
capipc_request_context(const struct capipc_request *request);

/**
 * capipc_request_defer() - answer a call later
 * @request: the request
 * @reply_handle: receives the reply handle, which then belongs to the caller,
 *                for capipc_reply_send(); capipc_request_reply() is not sent
 *
 * Return: 0; -EINVAL: not a call, or deferred, entrusted or reported already.
 */
int capipc_request_defer(struct capipc_request *request,
			 uint32_t *reply_handle);

/**
 * capipc_request_entrust() - let who receives a message answer a call
 * @request: the request
 * @message: a message of the same context, to which the reply handle is attached
 * @rights: %CAPIPC_RIGHTS_SAME; or %CAPIPC_RIGHT_WRITE, to answer and not to pass on
 *
 * As capipc_request_defer() and capipc_message_append_handle(), in one. The receiver
 * takes it out with capipc_message_read_handle(), and answers with
 * capipc_reply_send(), in his own name. If the message is freed unsent, or lost on
 * its way, the call fails. After failure the request is still the handler's.
 *
 * Return: 0; -EINVAL: not a call, or deferred, entrusted or reported already, or
 * @message is of another context; as capipc_message_append_handle().
 */
int capipc_request_entrust(struct capipc_request *request,
			   struct capipc_message *message, uint32_t rights);

/**
 * capipc_request_peer() - ask about who sent the request
 * @out: receives the answers; free them with capipc_peer_free()
 * @request: the request
 * @flags: CAPIPC_PEER_*
 *
 * Return: as capipc_peer_query(); -EINVAL: reported already.
 */
int capipc_request_peer(struct capipc_peer **out,
			struct capipc_request *request, unsigned int flags);

/**
 * capipc_request_report() - report that the request was bad
 * @request: the request
 * @reason: as capipc_endpoint_report()
 * @flags: as capipc_endpoint_report()
 *
 * The pipe is gone then, and @closed is called when the handler has returned,
 * whose return value no longer matters.
 *
 * Return: as capipc_endpoint_report(); -EINVAL: reported already.
 */
int capipc_request_report(struct capipc_request *request, const char *reason,
			  unsigned int flags);

CAPIPC_END_DECLS

#endif /* CAPIPC_DISPATCHER_H */
