/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Receiving, and replying to what was received.
 */
#ifndef CAPIPC_RECEIVE_H
#define CAPIPC_RECEIVE_H

#include <capipc/base.h>

CAPIPC_BEGIN_DECLS

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
 * @flags: %CAPIPC_NOWAIT, %CAPIPC_RECEIVE_CLOSE (what %CAPIPC_RECEIVED_PEER_CLOSED comes
 *         from is closed), or 0
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

CAPIPC_END_DECLS

#endif /* CAPIPC_RECEIVE_H */
