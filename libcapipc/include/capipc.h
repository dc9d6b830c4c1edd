/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcapipc - capability IPC: the C library over /dev/capipc
 *
 * <linux/capipc.h>, which this header includes, explains the model: contexts,
 * handles, pipes, stamps and rules. It also says what each error number means.
 * The library adds messages that are built and read with every bound checked,
 * lists of rules, questions about a peer, a dispatcher for servers and a small
 * event loop. There is nothing that the kernel offers and the library hides.
 *
 * RETURN VALUES
 *
 * A function that can fail returns an int: 0, or a count where it says so, or
 * a negative errno number. The caller's errno is never changed. A constructor
 * returns its object through its first argument, and leaves that alone when it
 * fails. Freeing NULL is allowed and does nothing.
 *
 * Besides the errors listed with a function, every function that takes a
 * context passes on what the kernel says of all requests: -EPERM (the context
 * belongs to another address space), -ENOMEM, and -EBADF after
 * capipc_context_free(). A flag that a function does not know is -EINVAL.
 *
 * THREADS
 *
 * A context may be used by any number of threads. Each of the other objects
 * may be used by one thread at a time; exceptions are named. The library has no
 * global state, starts no threads and installs no signal handlers.
 *
 * OWNERSHIP
 *
 * A handle is a plain number, like a file descriptor: who has it closes it.
 * Objects that hold handles or file descriptors (messages, dispatchers) close what
 * they still hold when they are freed. Objects keep the memory of their context alive, so they
 * may be freed in any order.
 *
 * TIME
 *
 * Times are in ns. A deadline is an absolute time of CLOCK_MONOTONIC, so that
 * it does not stretch when a wait is resumed; see capipc_deadline_in_ms().
 */
#ifndef CAPIPC_H
#define CAPIPC_H

#include <linux/capipc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define CAPIPC_DEVICE "/dev/capipc"

struct capipc_context;
struct capipc_message;
struct capipc_rules;
struct capipc_peer;
struct capipc_request;
struct capipc_dispatcher;
struct capipc_loop;
struct capipc_producer;
struct capipc_consumer;

/* ------------------------------------------------------------------------
 * Context: one open of the device, with all its handles
 */

/* Nothing waits in this context: -EAGAIN instead. */
#define CAPIPC_OPEN_NONBLOCK (1U << 0)

/**
 * capipc_context_open() - open a context
 * @out: receives the context; free it with capipc_context_free()
 * @path: the device, or NULL for %CAPIPC_DEVICE
 * @flags: %CAPIPC_OPEN_NONBLOCK or 0
 *
 * The context belongs to the address space that opens it: after fork(2) the
 * child has to open its own, and execve(2) closes it.
 *
 * Return: 0; -ENOENT or -ENXIO: the module is not loaded; -ENOTTY: @path is
 * something else; -EPROTONOSUPPORT: the kernel has an older ABI than this
 * library; -EDQUOT: the user has too many contexts; errors of open(2).
 */
int capipc_context_open(struct capipc_context **out, const char *path,
			unsigned int flags);

/**
 * capipc_context_free() - close a context
 * @context: the context or NULL
 *
 * Closes every handle of the context, at once. No other thread may be using
 * @context. Objects made with it can still be freed, but no longer be used.
 */
void capipc_context_free(struct capipc_context *context);

/**
 * capipc_context_fd() - the file descriptor of a context
 * @context: the context
 *
 * It polls readable (POLLIN) when there is something to receive. It stays the
 * property of the context and must not be closed.
 *
 * Return: the file descriptor.
 */
int capipc_context_fd(const struct capipc_context *context);

/**
 * capipc_context_info() - what the kernel offers
 * @context: the context
 * @info: filled in
 *
 * Return: 0.
 */
int capipc_context_info(struct capipc_context *context,
			struct capipc_info *info);

/* ------------------------------------------------------------------------
 * Handles and pipes
 */

/**
 * capipc_pipe_create() - make a message pipe
 * @context: the context that gets both endpoints
 * @endpoints: receives the two endpoints, which the caller owns
 *
 * Return: 0; -EDQUOT: an account is at its limit.
 */
int capipc_pipe_create(struct capipc_context *context, uint32_t endpoints[2]);

/**
 * capipc_handle_close() - close a handle of any kind
 * @context: its context
 * @handle: the handle; 0 is -EBADF
 *
 * Return: 0; -EBADF: no such handle; -EBUSY: another thread is moving it.
 */
int capipc_handle_close(struct capipc_context *context, uint32_t handle);

/**
 * capipc_handle_tag() - set the cookie of an endpoint or listener
 * @context: its context
 * @handle: the endpoint or listener
 * @cookie: a number of the caller's choice, which comes back in struct
 *          capipc_received with everything that is received from @handle
 *
 * A handle that a dispatcher serves has its cookie set by the dispatcher.
 *
 * Return: 0; -EBADF, -EBUSY; -EPROTOTYPE: neither endpoint nor listener.
 */
int capipc_handle_tag(struct capipc_context *context, uint32_t handle,
		      uint64_t cookie);

/**
 * capipc_endpoint_notify() - be told when there is room, or another peer
 * @context: its context
 * @endpoint: the endpoint
 * @cookie: as for capipc_handle_tag(), which asks for nothing
 * @flags: %CAPIPC_TAG_WRITABLE: receive %CAPIPC_RECEIVED_WRITABLE when there is
 *         room again after a send that did not wait failed with -EAGAIN;
 *         %CAPIPC_TAG_PEER_CHANGED: receive %CAPIPC_RECEIVED_PEER_CHANGED when
 *         another context holds the other end; both, or 0
 *
 * Not for endpoints that a dispatcher serves.
 *
 * Return: 0; -EBADF, -EBUSY, -EPROTOTYPE; -EINVAL: unknown flags, or @endpoint is
 * not an endpoint.
 */
int capipc_endpoint_notify(struct capipc_context *context, uint32_t endpoint,
			   uint64_t cookie, uint32_t flags);

/**
 * capipc_handle_inspect() - what a handle is
 * @context: its context
 * @handle: the handle
 * @inspect: filled in: kind, rights, state, facet, cookie, how much is queued
 *
 * Return: 0; -EBADF, -EBUSY.
 */
int capipc_handle_inspect(struct capipc_context *context, uint32_t handle,
			  struct capipc_inspect *inspect);

/* ------------------------------------------------------------------------
 * Messages: built or received, then read
 *
 * A message is an ordinal, bytes, and attachments, which are handles and file
 * descriptors in one sequence. The bytes are a sequence of
 * values without padding: integers are little endian; a run of bytes is its
 * length as u32, then the bytes; a string is its length as u32, then the bytes
 * and one NUL, which the length does not count. Who wants another format uses
 * capipc_message_append_raw() and capipc_message_read_raw() only.
 *
 * Errors stick: after an append has failed, each later append and any attempt
 * to send fails with the same error, so that a sequence needs one check. It is
 * the same with reads, separately, and capipc_message_read_end(). What a read
 * returns is zero (or an empty string) when it fails.
 *
 * Reading believes nothing that the sender wrote. Whether an attachment is a
 * handle or a file descriptor is said by the kernel: who expects one and gets the
 * other has a bad message, not a number that means something else.
 */

/* Room that receiving and calling make in a message that has less. */
#define CAPIPC_MESSAGE_ROOM	    16384U /* bytes */
#define CAPIPC_MESSAGE_HANDLES_ROOM 16U /* attachments */

/**
 * capipc_message_new() - make an empty message
 * @out: receives the message; free it with capipc_message_free()
 * @context: the context it will be sent from or received in
 * @ordinal: number of the method
 *
 * A message is a buffer that can be used over and over, for sending and for
 * receiving; it allocates only when it grows.
 *
 * Return: 0; -ENOMEM.
 */
int capipc_message_new(struct capipc_message **out,
		       struct capipc_context *context, uint32_t ordinal);

/**
 * capipc_message_free() - free a message
 * @message: the message or NULL
 *
 * Closes the handles and file descriptors that were neither sent nor read.
 */
void capipc_message_free(struct capipc_message *message);

/**
 * capipc_message_reset() - make a message empty again
 * @message: the message
 * @ordinal: its new ordinal
 *
 * Closes the handles and file descriptors that were neither sent nor read. Keeps
 * the memory.
 */
void capipc_message_reset(struct capipc_message *message, uint32_t ordinal);

/**
 * capipc_message_reserve() - make room in a message
 * @message: the message
 * @bytes: room for bytes, in all
 * @handles: room for handles and file descriptors, in all
 *
 * For the message that capipc_endpoint_call() puts the reply into, this says
 * how large the reply may be. Room never shrinks.
 *
 * Return: 0; -EMSGSIZE: more than %CAPIPC_MESSAGE_MAX or
 * %CAPIPC_ATTACHMENTS_MAX; -ENOMEM.
 */
int capipc_message_reserve(struct capipc_message *message, size_t bytes,
			   size_t handles);

/** capipc_message_ordinal() - the ordinal, as the kernel checked it */
uint32_t capipc_message_ordinal(const struct capipc_message *message);

/**
 * capipc_message_stamp() - who sent it
 * @message: a message that was received, also as a reply
 *
 * Return: the stamp, which lives until the message is reset, reused or freed;
 * all zero for a message that was not received.
 */
const struct capipc_stamp *
capipc_message_stamp(const struct capipc_message *message);

/**
 * capipc_message_data() - the bytes of a message
 * @message: the message
 * @length: receives their number; may be NULL
 *
 * Return: the bytes, until the message is changed, reset or freed; not NULL.
 */
const void *capipc_message_data(const struct capipc_message *message,
				size_t *length);

/**
 * capipc_message_handles() - number of handles and file descriptors that are still
 * in a message
 */
size_t capipc_message_handles(const struct capipc_message *message);

/**
 * capipc_message_append_u8() - append an integer
 * @message: the message
 * @value: the integer
 *
 * Return: 0; -EMSGSIZE: more than %CAPIPC_MESSAGE_MAX; -ENOMEM; or the error
 * of an append that failed before.
 */
int capipc_message_append_u8(struct capipc_message *message, uint8_t value);
/** capipc_message_append_u16() - as capipc_message_append_u8() */
int capipc_message_append_u16(struct capipc_message *message, uint16_t value);
/** capipc_message_append_u32() - as capipc_message_append_u8() */
int capipc_message_append_u32(struct capipc_message *message, uint32_t value);
/** capipc_message_append_u64() - as capipc_message_append_u8() */
int capipc_message_append_u64(struct capipc_message *message, uint64_t value);

/**
 * capipc_message_append_bytes() - append a run of bytes with its length
 * @message: the message
 * @bytes: the bytes, which are copied; may be NULL when @length is 0
 * @length: their number
 *
 * Return: as capipc_message_append_u8().
 */
int capipc_message_append_bytes(struct capipc_message *message,
				const void *bytes, size_t length);

/**
 * capipc_message_append_string() - append a string
 * @message: the message
 * @string: a NUL terminated string, which is copied
 *
 * Return: as capipc_message_append_u8().
 */
int capipc_message_append_string(struct capipc_message *message,
				 const char *string);

/**
 * capipc_message_append_raw() - append bytes as they are, without a length
 * @message: the message
 * @bytes: the bytes, which are copied; may be NULL when @length is 0
 * @length: their number
 *
 * Return: as capipc_message_append_u8().
 */
int capipc_message_append_raw(struct capipc_message *message, const void *bytes,
			      size_t length);

/**
 * capipc_message_append_handle() - attach a handle
 * @message: the message
 * @handle: an endpoint, listener or reply handle of the context of the message
 * @rights: those of its rights that shall arrive, CAPIPC_RIGHT_*, or
 *          %CAPIPC_RIGHTS_SAME for all that it has
 *
 * After success the handle belongs to the message, which moves it to the
 * receiver when sent and closes it when freed unsent. After failure it still
 * belongs to the caller. Whether it can move with these rights is checked when
 * the message is sent.
 *
 * Return: 0; -EBADF: @handle is 0; -EMSGSIZE: more than
 * %CAPIPC_ATTACHMENTS_MAX; -ENOMEM; or the error of an append that failed
 * before.
 */
int capipc_message_append_handle(struct capipc_message *message,
				 uint32_t handle, uint32_t rights);

/**
 * capipc_message_append_fd() - attach a file descriptor
 * @message: the message
 * @fd: an open file descriptor
 *
 * After success it belongs to the message, which closes it when it has been sent,
 * or is freed unsent; who wants to keep it appends a duplicate. After failure it
 * still belongs to the caller. Whether it is open is checked when the message is
 * sent. The receiver gets a file descriptor of his own for the same open file,
 * with O_CLOEXEC.
 *
 * Return: 0; -EBADF: @fd is negative; as capipc_message_append_handle().
 */
int capipc_message_append_fd(struct capipc_message *message, int fd);

/**
 * capipc_message_read_u8() - read the next integer
 * @message: the message
 * @value: receives the integer, 0 on failure
 *
 * Return: 0; -EBADMSG: the message ends before, or a read failed before.
 */
int capipc_message_read_u8(struct capipc_message *message, uint8_t *value);
/** capipc_message_read_u16() - as capipc_message_read_u8() */
int capipc_message_read_u16(struct capipc_message *message, uint16_t *value);
/** capipc_message_read_u32() - as capipc_message_read_u8() */
int capipc_message_read_u32(struct capipc_message *message, uint32_t *value);
/** capipc_message_read_u64() - as capipc_message_read_u8() */
int capipc_message_read_u64(struct capipc_message *message, uint64_t *value);

/**
 * capipc_message_read_bytes() - read the next run of bytes
 * @message: the message
 * @bytes: receives where they are, inside of the message and valid until that
 *         is changed, reset or freed; never NULL
 * @length: receives their number
 *
 * Return: 0; -EBADMSG: the message ends before, or a read failed before.
 */
int capipc_message_read_bytes(struct capipc_message *message,
			      const void **bytes, size_t *length);

/**
 * capipc_message_read_string() - read the next string
 * @message: the message
 * @string: receives the string, inside of the message and valid until that is
 *          changed, reset or freed; "" on failure. Nothing is said about its
 *          character set.
 *
 * Return: 0; -EBADMSG: the message ends before, the string is not terminated
 * or has a NUL inside, or a read failed before.
 */
int capipc_message_read_string(struct capipc_message *message,
			       const char **string);

/**
 * capipc_message_read_raw() - read bytes as they are
 * @message: the message
 * @bytes: receives where they are, as capipc_message_read_bytes()
 * @length: how many
 *
 * Return: 0; -EBADMSG: the message ends before, or a read failed before.
 */
int capipc_message_read_raw(struct capipc_message *message, const void **bytes,
			    size_t length);

/**
 * capipc_message_peek_kind() - what the next attachment is
 * @message: the message
 *
 * For messages whose sender may choose. Takes nothing out.
 *
 * Return: enum capipc_kind, as the kernel says: %CAPIPC_KIND_FILE for a file
 * descriptor, %CAPIPC_KIND_NONE for a handle that was appended here and not sent;
 * -ENODATA: there is none.
 */
int capipc_message_peek_kind(const struct capipc_message *message);

/**
 * capipc_message_read_handle() - take the next handle out of a message
 * @message: the message
 * @kind: the kind that is expected, %CAPIPC_KIND_ENDPOINT,
 *        %CAPIPC_KIND_LISTENER or %CAPIPC_KIND_REPLY, or %CAPIPC_KIND_NONE for any
 * @rights: the rights that it must have at least, CAPIPC_RIGHT_*
 * @handle: receives the handle, which then belongs to the caller; 0 on failure
 *
 * Also takes back a handle that was appended and could not be sent, whose kind
 * and rights are not checked then.
 *
 * A reply handle (with %CAPIPC_RIGHT_WRITE) is for capipc_reply_send(): the call is
 * the taker's to answer now.
 *
 * Return: 0; -EBADMSG: there is none, or it is of another kind or lacks a
 * right, or is a file descriptor, whatever @kind says, or a read failed before;
 * -EINVAL: @kind is %CAPIPC_KIND_FILE.
 */
int capipc_message_read_handle(struct capipc_message *message, uint32_t kind,
			       uint32_t rights, uint32_t *handle);

/**
 * capipc_message_read_fd() - take the next file descriptor out of a message
 * @message: the message
 * @fd: receives the file descriptor, which then belongs to the caller; -1 on
 *      failure
 *
 * Nothing is said about what kind of file it is: see fstat(2). It may block, or
 * shrink under a mapping.
 *
 * Return: 0; -EBADMSG: there is none, or it is a handle, or a read failed before.
 */
int capipc_message_read_fd(struct capipc_message *message, int *fd);

/**
 * capipc_message_read_end() - check that all was read, and read well
 * @message: the message
 *
 * Return: 0; -EBADMSG: a read has failed, or there are bytes, handles or file
 * descriptors left.
 */
int capipc_message_read_end(struct capipc_message *message);

/**
 * capipc_message_read_rewind() - read the bytes from the start again
 * @message: the message
 *
 * Forgets a failed read. Handles and file descriptors that were taken out stay
 * out.
 */
void capipc_message_read_rewind(struct capipc_message *message);

/* ------------------------------------------------------------------------
 * Sending, calling, replying, receiving
 */

/**
 * capipc_deadline_in_ms() - a deadline that many ms from now
 * @ms: milliseconds
 *
 * Return: the deadline, at most %CAPIPC_FOREVER. Async-signal-safe.
 */
int64_t capipc_deadline_in_ms(uint64_t ms);

/**
 * capipc_endpoint_send() - send a message that wants no answer
 * @context: the context of endpoint and message
 * @endpoint: an endpoint with %CAPIPC_RIGHT_WRITE
 * @message: the message
 * @deadline_ns: until when to wait for room in the window of the pipe, or
 *               %CAPIPC_FOREVER
 * @flags: %CAPIPC_NOWAIT or 0
 *
 * After success the attachments are gone from @message; its bytes stay, and can be
 * sent again. After failure nothing has changed.
 *
 * Return: 0; -EACCES: the rules of the endpoint deny it; -EPIPE: the peer is
 * closed; -EAGAIN, -ETIMEDOUT, -EINTR: there was no room; -EMSGSIZE: larger
 * than the window; -EPERM: @endpoint lacks %CAPIPC_RIGHT_WRITE, or an attached
 * handle a right; -ELOOP: @endpoint or its peer is attached; -EBADF, -EBUSY,
 * -EPROTOTYPE: about @endpoint or an attachment; -ETOOMANYREFS: the user has too
 * many file descriptors in flight; -EDQUOT; -EINVAL: @message is of another
 * context, or a handle is attached twice; the error of an append that failed.
 */
int capipc_endpoint_send(struct capipc_context *context, uint32_t endpoint,
			 struct capipc_message *message, int64_t deadline_ns,
			 unsigned int flags);

/**
 * capipc_endpoint_call() - send a request and wait for its reply
 * @context: the context of endpoint and messages
 * @endpoint: an endpoint with %CAPIPC_RIGHT_WRITE
 * @request: the request
 * @reply: another message, which is overwritten with the reply. Its room
 *         (capipc_message_reserve()) is the largest reply that is taken, but
 *         never less than %CAPIPC_MESSAGE_ROOM and
 *         %CAPIPC_MESSAGE_HANDLES_ROOM.
 * @deadline_ns: until when to wait, for room and for the reply together, or
 *               %CAPIPC_FOREVER
 * @flags: %CAPIPC_NOWAIT: do not wait for room in the window; or 0
 * @pending: NULL, or see below; *@pending must be 0 at first
 *
 * The reply may come from whoever the reply handle was entrusted to;
 * capipc_message_stamp() of @reply says who that was.
 *
 * With @pending NULL signals do not end the call: handlers run, and the wait
 * goes on. Otherwise a signal can end it with -EINTR. Then *@pending is 0 if
 * nothing was sent, or names the call that was. To go on waiting, call this
 * function with the same arguments again: a request that was sent is not sent a
 * second time, and @request is not even looked at. To give up, use
 * capipc_call_cancel(). Likewise if the reply is there but cannot be taken
 * (-EDQUOT, -ENOMEM, -EMFILE, -EACCES). Else *@pending is 0.
 *
 * When the request was sent, its attachments are gone from @request, also if the
 * call failed later.
 *
 * Return: 0; -ECONNRESET: the request was sent, but will not be answered;
 * -ETIMEDOUT: not in time, whether or not it was received; -EINTR, only with
 * @pending; -EMFILE, -EACCES: the reply has file descriptors for which there is no
 * room here, or that a security module denies; and the errors of capipc_endpoint_send(), with which nothing was
 * sent.
 */
int capipc_endpoint_call(struct capipc_context *context, uint32_t endpoint,
			 struct capipc_message *request,
			 struct capipc_message *reply, int64_t deadline_ns,
			 unsigned int flags, uint32_t *pending);

/**
 * capipc_call_cancel() - give up a call that a signal interrupted
 * @context: its context
 * @pending: what capipc_endpoint_call() left there
 *
 * Withdraws the request if nobody has received it, else its reply goes nowhere.
 *
 * Return: 0; -EBADF: no such call; -EBUSY: another thread waits for it;
 * -EPROTOTYPE: some other handle.
 */
int capipc_call_cancel(struct capipc_context *context, uint32_t pending);

/**
 * capipc_reply_send() - answer a call
 * @context: the context of the reply handle and the message
 * @reply_handle: where to answer, from struct capipc_received, or read out of a
 *                message with capipc_message_read_handle()
 * @message: the answer
 *
 * Never waits. The reply handle is gone after success and after -ECANCELED;
 * otherwise it is still good. After success the attachments are gone from @message.
 * To refuse an answer, close the reply handle: the caller gets -ECONNRESET.
 *
 * Return: 0; -ECANCELED: nobody waits for it any more; -EMSGSIZE: larger than
 * the caller takes; -EPERM: @reply_handle lacks %CAPIPC_RIGHT_WRITE, or an attached
 * handle a right; -EBUSY: another thread uses a handle, or @reply_handle is attached
 * itself; -EBADF, -EPROTOTYPE, -ETOOMANYREFS; -EINVAL: @message is of another
 * context, or a handle is attached twice; the error of an append that failed.
 */
int capipc_reply_send(struct capipc_context *context, uint32_t reply_handle,
		      struct capipc_message *message);

/**
 * struct capipc_received - what came, besides the message
 * @type: enum capipc_receive_type
 * @from: the endpoint or listener it came from
 * @ordinal: number of the method, as the kernel checked it
 * @facet: facet of the endpoint, as the rules of the listener chose it
 * @handle: of a call: the reply handle; of a connection: the endpoint; else 0.
 *          It belongs to the caller.
 * @reply_room: of a call: the largest reply that is taken, bytes
 * @reply_handles_room: of a call: the most handles and file descriptors that are
 *                      taken
 * @cookie: cookie of @from
 * @stamp: who sent it or connected; zero for %CAPIPC_RECEIVED_PEER_CLOSED
 */
struct capipc_received {
	uint32_t type;
	uint32_t from;
	uint32_t ordinal;
	uint32_t facet;
	uint32_t handle;
	uint32_t reply_room;
	uint32_t reply_handles_room;
	uint32_t reserved0;
	uint64_t cookie;
	struct capipc_stamp stamp;
	uint64_t reserved[4];
};

/**
 * capipc_context_receive() - take what comes next
 * @context: the context
 * @from: an endpoint or listener, or 0 for all of the context, in fair turn
 * @message: overwritten with the message that came, which may be empty
 * @received: filled in; @received->type is %CAPIPC_RECEIVED_NONE on failure, but see
 *            below
 * @deadline_ns: until when to wait, or %CAPIPC_FOREVER
 * @flags: %CAPIPC_NOWAIT or 0
 *
 * @message grows as needed. Handles and file descriptors that arrive belong to it.
 *
 * What there is no room for stays, and others have their turn first. With -EDQUOT
 * (handles), -EMFILE (file descriptors), -EACCES (a security module denies one) and
 * -ENOMEM, @received->type and @received->from then say what it is and where it
 * waits, unless it was something else that failed; nothing else is set. Who cannot
 * make room closes @received->from: else it comes round again and again.
 *
 * Return: 0; -EAGAIN, -ETIMEDOUT: nothing came; -EINTR: a signal did; -EPIPE:
 * the peer of @from is closed and all was received; -EDQUOT, -EMFILE, -EACCES: see
 * above; -EPERM: @from lacks %CAPIPC_RIGHT_READ; -EBADF, -EBUSY,
 * -EPROTOTYPE; -EINVAL: @message is of another context.
 */
int capipc_context_receive(struct capipc_context *context, uint32_t from,
			   struct capipc_message *message,
			   struct capipc_received *received,
			   int64_t deadline_ns, unsigned int flags);

/**
 * capipc_reply_receive() - answer a call and take what comes next
 * @context: the context
 * @reply_handle: where to answer; set to 0 when the reply is done with
 * @reply: the answer
 * @message: another message, overwritten with the one that came
 * @received: as capipc_context_receive()
 * @deadline_ns: as capipc_context_receive()
 * @flags: as capipc_context_receive()
 *
 * Does in one system call what capipc_reply_send() and capipc_context_receive()
 * from all of the context do in two (a reply that carries handles or file
 * descriptors takes two). If nobody waits for the reply any more it is dropped,
 * without an error; what it carries is then still in @reply.
 *
 * If *@reply_handle is still there after a failure, it was the reply that
 * failed, and nothing was received. If it is 0, the reply is done with, and the
 * failure is that of the receive.
 *
 * Return: as capipc_reply_send(), except -ECANCELED, and
 * capipc_context_receive().
 */
int capipc_reply_receive(struct capipc_context *context, uint32_t *reply_handle,
			 struct capipc_message *reply,
			 struct capipc_message *message,
			 struct capipc_received *received, int64_t deadline_ns,
			 unsigned int flags);

/* ------------------------------------------------------------------------
 * Rules: allow lists, for listeners and endpoints
 *
 *	capipc_rules_new(&rules);
 *	capipc_rules_allow_ordinals(rules, GET_VERSION, GET_VERSION);
 *	capipc_rules_allow_ordinals(rules, INSTALL, INSTALL);
 *	capipc_rules_match_same_privilege(rules);
 *
 * Each capipc_rules_allow*() begins a rule, and the predicates that follow
 * narrow it: all of them must hold. The first rule that matches allows; if none
 * does, the kernel denies. Errors stick, as with messages: a list in which
 * something failed cannot be used, so a sequence needs no check of its own.
 */

/**
 * capipc_rules_new() - make an empty list of rules, which allows nothing
 * @out: receives the list; free it with capipc_rules_free()
 *
 * Return: 0; -ENOMEM.
 */
int capipc_rules_new(struct capipc_rules **out);

/** capipc_rules_free() - free a list of rules, or NULL */
void capipc_rules_free(struct capipc_rules *rules);

/**
 * capipc_rules_allow() - begin a rule that allows anyone everything
 * @rules: the list
 *
 * In the rules of a listener: to connect. In those of an endpoint: to send
 * every ordinal.
 *
 * Return: 0; -E2BIG: more than %CAPIPC_RULES_MAX; -ENOMEM; or the error of an
 * earlier call.
 */
int capipc_rules_allow(struct capipc_rules *rules);

/**
 * capipc_rules_allow_ordinals() - begin a rule that allows anyone some ordinals
 * @rules: the list, for an endpoint
 * @first: first ordinal
 * @last: last ordinal, inclusive
 *
 * Return: 0; -EINVAL: @last is before @first; as capipc_rules_allow().
 */
int capipc_rules_allow_ordinals(struct capipc_rules *rules, uint32_t first,
				uint32_t last);

/**
 * capipc_rules_set_facet() - facet of the last rule
 * @rules: the list
 * @facet: In the rules of a listener: the facet that a client gets who is let
 *         in by this rule. In those of an endpoint: the rule applies only to
 *         endpoints with this facet.
 *
 * Return: 0; -EINVAL: there is no rule yet, @facet is 0, or it was set before;
 * or the error of an earlier call.
 */
int capipc_rules_set_facet(struct capipc_rules *rules, uint32_t facet);

/**
 * capipc_rules_match_same_uid() - narrow the last rule: receiver's own uid
 * @rules: the list
 *
 * Return: 0; -EINVAL: there is no rule yet, or it has this predicate already;
 * or the error of an earlier call. The same for all capipc_rules_match_*().
 */
int capipc_rules_match_same_uid(struct capipc_rules *rules);
/**
 * capipc_rules_match_same_privilege() - narrow the last rule: user namespace,
 * effective uid and gid are the receiver's, and no capability of its is missing
 */
int capipc_rules_match_same_privilege(struct capipc_rules *rules);
/** capipc_rules_match_uid() - narrow the last rule: effective user id @uid */
int capipc_rules_match_uid(struct capipc_rules *rules, uint32_t uid);
/** capipc_rules_match_gid() - narrow the last rule: member of group @gid */
int capipc_rules_match_gid(struct capipc_rules *rules, uint32_t gid);
/**
 * capipc_rules_match_capabilities() - narrow the last rule: effective
 * capabilities
 * @rules: the list
 * @capabilities: bit n for capability n, all of which are needed; not 0
 */
int capipc_rules_match_capabilities(struct capipc_rules *rules,
				    uint64_t capabilities);
/**
 * capipc_rules_match_label() - narrow the last rule: security label
 * @rules: the list
 * @label: the label, which is copied; 1 to %CAPIPC_LABEL_MAX bytes
 */
int capipc_rules_match_label(struct capipc_rules *rules, const char *label);
/**
 * capipc_rules_match_unchanged() - narrow the last rule: still who connected
 */
int capipc_rules_match_unchanged(struct capipc_rules *rules);

/**
 * capipc_rules_count() - number of rules
 * @rules: the list
 *
 * Return: the number; or the error that sticks to the list.
 */
int capipc_rules_count(const struct capipc_rules *rules);

/**
 * capipc_rules_get() - look at one rule, as an endpoint would get it
 * @rules: the list
 * @index: which one, from 0; what explaining calls the rule
 * @rule: filled in; its label points into @rules
 *
 * Return: 0; -ENOENT: there are fewer; or the error that sticks to the list.
 */
int capipc_rules_get(const struct capipc_rules *rules, size_t index,
		     struct capipc_rule *rule);

/* ------------------------------------------------------------------------
 * Names and rules in use
 */

/* Connections that may wait, where 0 is given. */
#define CAPIPC_BACKLOG_DEFAULT 64U

/**
 * capipc_listener_bind() - bind a name
 * @context: the context that gets the listener
 * @name: the name. "uid/N/..." is for user N, all others are for root.
 * @connect_rules: who may connect; they name no ordinals. Not NULL.
 * @endpoint_rules: who may send what to the server over the pipes that this
 *                  listener makes, not an empty list; NULL: who can connect
 *                  may send everything
 * @backlog: connections that may wait, 1 to 1024, or 0 for
 *           %CAPIPC_BACKLOG_DEFAULT
 * @cookie: cookie of the listener
 * @listener: receives the listener; closing it frees the name
 *
 * The lists are copied. Connections are received with capipc_context_receive().
 *
 * Return: 0; -EADDRINUSE; -EPERM: the name is reserved for others;
 * -ENAMETOOLONG; -EINVAL: malformed name, rules or backlog; -EOPNOTSUPP: a rule
 * names a label, and this kernel has none; -EDQUOT; the error that sticks to a
 * list.
 */
int capipc_listener_bind(struct capipc_context *context, const char *name,
			 const struct capipc_rules *connect_rules,
			 const struct capipc_rules *endpoint_rules,
			 uint32_t backlog, uint64_t cookie, uint32_t *listener);

/**
 * capipc_endpoint_connect() - connect to a name
 * @context: the context that gets the endpoint
 * @name: the name
 * @cookie: cookie of the endpoint
 * @endpoint: receives the endpoint, which the caller owns
 *
 * Never waits, neither for the server to accept nor for room.
 *
 * Return: 0; -ENOENT: nobody listens; -EACCES: the rules deny it; -EAGAIN: too
 * many connections wait; -ENAMETOOLONG; -EINVAL: malformed name; -EDQUOT.
 */
int capipc_endpoint_connect(struct capipc_context *context, const char *name,
			    uint64_t cookie, uint32_t *endpoint);

/**
 * capipc_endpoint_restrict() - set the rules of an endpoint, once and for all
 * @context: its context
 * @endpoint: an endpoint with %CAPIPC_RIGHT_ADMIN
 * @rules: who may send what to this endpoint from the other end; copied
 *
 * Return: 0; -EBUSY: it has rules already, or another thread is moving it;
 * -EPERM: the right is missing; -EBADF, -EPROTOTYPE, -EOPNOTSUPP, -EDQUOT,
 * -EINVAL; the error that sticks to the list.
 */
int capipc_endpoint_restrict(struct capipc_context *context, uint32_t endpoint,
			     const struct capipc_rules *rules);

/**
 * capipc_endpoint_explain() - would sending be allowed to the calling thread?
 * @context: its context
 * @endpoint: the endpoint to send on, with %CAPIPC_RIGHT_WRITE
 * @ordinal: the method
 * @rule: receives the index of the rule that decides, %CAPIPC_EXPLAIN_NONE if
 *        none matches, %CAPIPC_EXPLAIN_OPEN if there are no rules; may be NULL
 *
 * A dry run: nothing is sent, and no event is emitted.
 *
 * Return: 1 if allowed, 0 if not; -EPIPE, -EBADF, -EBUSY, -EPERM, -EPROTOTYPE.
 */
int capipc_endpoint_explain(struct capipc_context *context, uint32_t endpoint,
			    uint32_t ordinal, int32_t *rule);

/**
 * capipc_name_explain() - would connecting be allowed to the calling thread?
 * @context: the context
 * @name: the name
 * @rule: as capipc_endpoint_explain()
 * @facet: receives the facet that the endpoint would have; may be NULL
 *
 * Return: 1 if allowed, 0 if not; -ENOENT: nobody listens; -ENAMETOOLONG,
 * -EINVAL.
 */
int capipc_name_explain(struct capipc_context *context, const char *name,
			int32_t *rule, uint32_t *facet);

/**
 * capipc_endpoint_report() - report that a message was bad
 * @context: its context
 * @handle: the endpoint that the message came from, or the reply handle of the
 *          call. It is gone after success.
 * @stamp_id: id of the stamp of the message; 0 with a reply handle
 * @reason: a text for the event, printable ASCII, at most %CAPIPC_REASON_MAX
 *          bytes; or NULL
 * @flags: %CAPIPC_REPORT_KILL: kill the sender, if the caller could do so with
 *         kill(2); or 0
 *
 * Closes the pipe and emits an event. With a reply handle the endpoint has to
 * be closed separately.
 *
 * Return: %CAPIPC_REPORT_CUT_OFF, %CAPIPC_REPORT_KILLED or
 * %CAPIPC_REPORT_SPARED, which are not negative; -ESTALE: another message has
 * been received from the endpoint since; -EBADF, -EBUSY, -EPERM, -EPROTOTYPE,
 * -EINVAL.
 */
int capipc_endpoint_report(struct capipc_context *context, uint32_t handle,
			   uint64_t stamp_id, const char *reason,
			   unsigned int flags);

/* ------------------------------------------------------------------------
 * Peer: who exactly was that?
 */

/* Open the program behind the peer, for the capipc_peer_exe_*() that need it */
#define CAPIPC_PEER_EXE (1U << 0)
/* Open a pidfd of the peer */
#define CAPIPC_PEER_PIDFD (1U << 1)

/**
 * capipc_peer_query() - ask the kernel about a sender
 * @out: receives the answers; free them with capipc_peer_free()
 * @context: its context
 * @handle: an endpoint, or the reply handle of a call
 * @stamp_id: id of the stamp of the last message received from the endpoint, or
 *            0 for who connected; 0 with a reply handle
 * @flags: CAPIPC_PEER_*; that the program or a pidfd cannot be opened is not an
 *         error here
 *
 * The answers are about the process that sent, however its number is used by
 * now. A snapshot: nothing in it changes later.
 *
 * Return: 0; -ESTALE: the kernel no longer knows that sender; -EBADF, -EBUSY,
 * -EPROTOTYPE.
 */
int capipc_peer_query(struct capipc_peer **out, struct capipc_context *context,
		      uint32_t handle, uint64_t stamp_id, unsigned int flags);

/** capipc_peer_free() - free the answers, or NULL, and close their fds */
void capipc_peer_free(struct capipc_peer *peer);

/** capipc_peer_stamp() - the stamp, in terms of the caller's namespaces */
const struct capipc_stamp *capipc_peer_stamp(const struct capipc_peer *peer);

/** capipc_peer_alive() - had the process not been reaped when asked about? */
bool capipc_peer_alive(const struct capipc_peer *peer);

/** capipc_peer_real_uid() - its real user id, in the caller's user namespace */
uint32_t capipc_peer_real_uid(const struct capipc_peer *peer);

/** capipc_peer_real_gid() - its real group id, in the caller's user namespace */
uint32_t capipc_peer_real_gid(const struct capipc_peer *peer);

/**
 * capipc_peer_groups() - its supplementary groups
 * @peer: the answers
 * @count: receives their number
 *
 * Return: the groups, in the caller's user namespace, until @peer is freed.
 */
const uint32_t *capipc_peer_groups(const struct capipc_peer *peer,
				   size_t *count);

/**
 * capipc_peer_label() - its security label
 * @peer: the answers
 *
 * Return: the label, until @peer is freed; "" if the kernel has no labels.
 */
const char *capipc_peer_label(const struct capipc_peer *peer);

/** capipc_peer_start_time() - when it started, ns of CLOCK_BOOTTIME */
uint64_t capipc_peer_start_time(const struct capipc_peer *peer);

/**
 * capipc_peer_namespaces() - its namespaces
 * @peer: the answers
 * @user_ns: receives the inode number of its user namespace; may be NULL
 * @pid_ns: receives that of its pid namespace; may be NULL
 * @net_ns: receives that of the network namespace of its context; may be NULL
 */
void capipc_peer_namespaces(const struct capipc_peer *peer, uint64_t *user_ns,
			    uint64_t *pid_ns, uint64_t *net_ns);

/**
 * capipc_peer_exe_id() - device and inode of its program
 * @peer: the answers
 * @dev: receives the device, as in stat(2)
 * @ino: receives the inode number
 *
 * The program is the one that the process ran when it opened its context.
 *
 * Return: 0; -ENODATA: it is not known.
 */
int capipc_peer_exe_id(const struct capipc_peer *peer, uint64_t *dev,
		       uint64_t *ino);

/**
 * capipc_peer_exe_fd() - its program
 * @peer: the answers, asked for with %CAPIPC_PEER_EXE
 *
 * Return: a file descriptor open for reading, which belongs to @peer; or why it
 * could not be opened: errors of open(2), first of all -EACCES; -ENODATA: not
 * asked for.
 */
int capipc_peer_exe_fd(const struct capipc_peer *peer);

/**
 * capipc_peer_exe_path() - a path of its program, for display
 * @peer: the answers, asked for with %CAPIPC_PEER_EXE
 * @buffer: receives the path, NUL terminated
 * @size: size of @buffer, bytes
 *
 * Never decide by it: names can be given to other files, and mean something in
 * a mount namespace only. Decide by digest, or by device and inode.
 *
 * Return: the length of the path; -ENAMETOOLONG: @buffer is too small; -ENOENT:
 * /proc is not there; as capipc_peer_exe_fd().
 */
int capipc_peer_exe_path(const struct capipc_peer *peer, char *buffer,
			 size_t size);

/**
 * capipc_peer_exe_digest() - fs-verity digest of its program
 * @peer: the answers, asked for with %CAPIPC_PEER_EXE
 * @digest: receives the digest
 * @size: size of @digest, bytes; 64 is enough for all algorithms
 * @algorithm: receives FS_VERITY_HASH_ALG_* of <linux/fsverity.h>; may be NULL
 *
 * Return: the length of the digest, bytes; -ENODATA: the file has none, or its
 * file system cannot; -EOVERFLOW: @size is too small; as capipc_peer_exe_fd().
 */
int capipc_peer_exe_digest(const struct capipc_peer *peer, uint8_t *digest,
			   size_t size, uint32_t *algorithm);

/**
 * capipc_peer_pidfd() - a pidfd of the process
 * @peer: the answers, asked for with %CAPIPC_PEER_PIDFD
 *
 * Certainly that of the sender: it was opened while the sender was known to be
 * there.
 *
 * Return: the pidfd, which belongs to @peer; or why there is none: -ESRCH: the
 * process is gone, or is not in the caller's pid namespace; -ENODATA: not asked
 * for; errors of pidfd_open(2).
 */
int capipc_peer_pidfd(const struct capipc_peer *peer);

/* ------------------------------------------------------------------------
 * Dispatcher: what a server does with all that it receives
 *
 * A dispatcher takes everything that its context receives, and calls a function
 * for it by endpoint and ordinal. Drive it by its fd from any event loop, or
 * let it block in capipc_dispatcher_run(), which makes one system call a
 * request.
 */

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
 * @closed: an endpoint, or end of a data pipe, is no longer served, because its peer is closed or was
 *          reported, or because what came from it could not be received, or because
 *          the dispatcher is freed: free @data. @endpoint is for logs. Not called
 *          for listeners. NULL: nothing to do.
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

/* ------------------------------------------------------------------------
 * Loop: a small event loop, for programs that have none
 */

struct capipc_source;

/**
 * capipc_loop_new() - make an event loop
 * @out: receives the loop; free it with capipc_loop_free()
 *
 * Return: 0; -ENOMEM; errors of epoll_create1(2) and eventfd(2).
 */
int capipc_loop_new(struct capipc_loop **out);

/**
 * capipc_loop_free() - free a loop
 * @loop: the loop or NULL; not from one of its functions
 *
 * Frees its sources. File descriptors and dispatchers that were added stay.
 */
void capipc_loop_free(struct capipc_loop *loop);

/**
 * capipc_loop_add_fd() - watch a file descriptor
 * @loop: the loop
 * @fd: the file descriptor, which stays the caller's and must be open until the
 *      source is removed
 * @events: EPOLLIN and the like, of epoll_ctl(2); level triggered unless
 *          EPOLLET
 * @ready: called with what is ready
 * @data: for @ready
 * @source: receives the source, for capipc_loop_remove(); may be NULL
 *
 * A negative number from @ready ends capipc_loop_run(), which returns it.
 *
 * Return: 0; -ENOMEM; errors of epoll_ctl(2).
 */
int capipc_loop_add_fd(struct capipc_loop *loop, int fd, uint32_t events,
		       int (*ready)(int fd, uint32_t events, void *data),
		       void *data, struct capipc_source **source);

/**
 * capipc_loop_add_timer() - call a function at a time
 * @loop: the loop
 * @deadline_ns: when, in ns of CLOCK_MONOTONIC; in the past means at once
 * @period_ns: then again every so many ns; 0: once, and the timer is removed
 *             just before it calls @expired
 * @expired: called; a negative number ends capipc_loop_run()
 * @data: for @expired
 * @source: receives the source, for capipc_loop_remove(); may be NULL
 *
 * Return: 0; -EINVAL: a time is negative; -ENOMEM; errors of timerfd_create(2).
 */
int capipc_loop_add_timer(struct capipc_loop *loop, int64_t deadline_ns,
			  int64_t period_ns, int (*expired)(void *data),
			  void *data, struct capipc_source **source);

/**
 * capipc_loop_add_dispatcher() - drive a dispatcher
 * @loop: the loop
 * @dispatcher: the dispatcher, which must not be freed before the source is
 *              removed. capipc_dispatcher_stop() ends capipc_loop_run().
 * @source: receives the source, for capipc_loop_remove(); may be NULL
 *
 * Return: as capipc_loop_add_fd().
 */
int capipc_loop_add_dispatcher(struct capipc_loop *loop,
			       struct capipc_dispatcher *dispatcher,
			       struct capipc_source **source);

/**
 * capipc_loop_remove() - remove a source
 * @loop: the loop
 * @source: the source; its function is not called any more. From within a
 *          function of the loop too, also its own.
 */
void capipc_loop_remove(struct capipc_loop *loop, struct capipc_source *source);

/**
 * capipc_loop_fd() - a file descriptor that polls readable when there is work
 * @loop: the loop, which can so be nested in another
 *
 * Return: the file descriptor, which belongs to @loop.
 */
int capipc_loop_fd(const struct capipc_loop *loop);

/**
 * capipc_loop_step() - wait once, and handle what is ready then
 * @loop: the loop
 * @deadline_ns: until when to wait: 0 not at all, or %CAPIPC_FOREVER
 *
 * Return: how many functions were called, 0 if the deadline passed or a signal
 * came; the first negative number that one of them returned, after all had
 * their turn; -ECANCELED: capipc_loop_stop() was called; -EDEADLK: called from a
 * function of the loop.
 */
int capipc_loop_step(struct capipc_loop *loop, int64_t deadline_ns);

/**
 * capipc_loop_run() - handle what comes, until stopped
 * @loop: the loop
 *
 * Return: 0: stopped; a negative number that a function returned; -EDEADLK:
 * called from a function of the loop.
 */
int capipc_loop_run(struct capipc_loop *loop);

/**
 * capipc_loop_stop() - let capipc_loop_run() return
 * @loop: the loop
 *
 * If it is not running, the next run returns at once. From any thread, from
 * functions of the loop, and async-signal-safe.
 */
void capipc_loop_stop(struct capipc_loop *loop);

#include <capipc_handle.h>
#include <capipc_invitation.h>
#include <capipc_memory.h>

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif /* CAPIPC_H */
