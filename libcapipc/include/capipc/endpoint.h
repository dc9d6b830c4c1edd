/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Endpoints: making pipes, sending and calling, and what the kernel is asked to
 * enforce.
 */
#ifndef CAPIPC_ENDPOINT_H
#define CAPIPC_ENDPOINT_H

#include <capipc/base.h>

CAPIPC_BEGIN_DECLS

/**
 * capipc_pipe_create() - make a message pipe
 * @context: the context that gets both endpoints
 * @endpoints: receives the two endpoints, which the caller owns
 *
 * Return: 0; -EDQUOT: an account is at its limit.
 */
int capipc_pipe_create(struct capipc_context *context, uint32_t endpoints[2]);

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
 * @pending; -EMFILE, -EACCES: the reply has file descriptors for which there is
 * no room here, or that a security module denies; and the errors of
 * capipc_endpoint_send(), with which nothing was sent.
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

/**
 * capipc_endpoint_attenuate() - let fewer ordinals through an endpoint
 * @context: its context
 * @endpoint: an endpoint; no right is needed
 * @ranges: what may still be sent through it, by whoever comes to hold it, in
 *          ascending order and without overlap
 * @count: number of @ranges, at most %CAPIPC_RANGES_MAX; 0 lets nothing through
 *
 * Can be done again, which only takes more away. Replies are not concerned.
 *
 * Return: 0; -EINVAL: disorder, too many, or too many together with those before;
 * -EBADF, -EBUSY, -EPROTOTYPE, -EDQUOT.
 */
int capipc_endpoint_attenuate(struct capipc_context *context, uint32_t endpoint,
			      const struct capipc_range *ranges,
			      uint32_t count);

/**
 * capipc_endpoint_confine() - say who may receive an endpoint, once and for all
 * @context: its context
 * @endpoint: an endpoint with %CAPIPC_RIGHT_ADMIN
 * @rules: who may receive it, compared with the caller as it is now; without
 *         ordinals and facets; copied
 *
 * Where it arrives and may not be received it is closed, and the receiver finds a
 * handle of 0 in its place.
 *
 * Return: 0; -EBUSY: it is confined already, or another thread is moving it;
 * -EPERM: the right is missing; -EINVAL: a rule has ordinals or a facet, or asks for
 * an unchanged sender; -EBADF, -EPROTOTYPE, -EOPNOTSUPP, -EDQUOT; the error that
 * sticks to the list.
 */
int capipc_endpoint_confine(struct capipc_context *context, uint32_t endpoint,
			    const struct capipc_rules *rules);

/**
 * capipc_endpoint_fuse() - make one pipe of two
 * @context: the context of both
 * @endpoint: an endpoint of the one, with the rights to read, write and transfer
 * @other: an endpoint of the other, likewise; both are gone after success
 *
 * The peers of the two are peers of each other from then on, wherever they are.
 * What is queued in the one endpoint goes to the peer of the other. Neither must
 * be served by a dispatcher.
 *
 * Return: 0; -EACCES: something that is queued may not be sent through the other
 * one; -EPERM: a right is missing, or one is confined; -EBUSY: another thread is
 * using one; -EPIPE: a pipe was closed by a report; -ELOOP: an end would be inside
 * itself or its peer, or it is one pipe already; -EMLINK: too much has been fused;
 * -EINVAL: it is the same handle; -EBADF, -EPROTOTYPE, -EDQUOT.
 */
int capipc_endpoint_fuse(struct capipc_context *context, uint32_t endpoint,
			 uint32_t other);

CAPIPC_END_DECLS

#endif /* CAPIPC_ENDPOINT_H */
