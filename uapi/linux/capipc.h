/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * capipc - message pipes whose handles, identities and policy the kernel keeps
 *
 * THE MODEL
 *
 * A process opens /dev/capipc and gets a *context*: a table of handles, a queue
 * of what is ready to be received, and an account. The context belongs to the
 * address space that opened it. Any other process that comes to hold the file
 * (by fork, exec or a socket) gets EPERM from every request, and when the
 * address space goes, by exit or exec, everything the context held is closed,
 * wherever the file is still referenced.
 *
 * A *handle* is a u32 that means something in its context only. 0 is never a
 * handle. A handle that was closed or sent away is stale: it fails with EBADF
 * and does not come to name something else. Every handle carries *rights*
 * (CAPIPC_RIGHT_*), which only ever shrink.
 *
 * A *message pipe* has two *endpoints*. Each endpoint is in exactly one context
 * or in exactly one queued message. What is sent into one is received from the
 * other, in order. A message is up to CAPIPC_MESSAGE_MAX bytes, an *ordinal*
 * (the number of the method: the kernel delivers the very number that it
 * checked) and up to CAPIPC_ATTACHMENTS_MAX attachments, each of which moves
 * a handle, or passes a file descriptor, to the receiver.
 *
 * CAPIPC_IOC_CALL sends a request and waits for its answer. Who receives the
 * request gets a *reply handle* with it, good for one CAPIPC_IOC_REPLY. Closing
 * it unanswered, or dying, fails the call at once.
 *
 * CAPIPC_IOC_RECEIVE takes the next message of *all* endpoints and listeners of
 * the context, fairly, at a cost that does not depend on how many there are;
 * it can send a reply first, so that a server makes one system call a request.
 *
 * An *invitation* holds endpoints and listeners, each with a name, for who is not
 * inside yet. It is carried by a file descriptor, which may be inherited over
 * exec or sent over a socket. Whoever has that, and is let in by the rules,
 * accepts it with CAPIPC_IOC_ACCEPT, once. It dies with its inviter.
 *
 * A *listener* is a name in the registry of a network namespace. Connecting
 * to it makes a pipe: the client has its end at once, the server receives the
 * other end from the listener.
 *
 * Every message carries a *stamp*: who sent it, made by the kernel from the
 * sender's credentials at that moment, in terms of the receiver's namespaces.
 *
 * A *shared buffer* is memory that several processes map. mmap(2) of the context's
 * file maps it, with the handle in the place of the offset, in pages. Handles to it can be
 * duplicated with fewer rights: who has none with WRITE cannot write it, by any
 * means, and memory never shrinks under who has mapped it.
 *
 * A *data pipe* is a ring of elements in such memory, between a *producer* and a
 * *consumer*. As long as both are busy they need no system call.
 *
 * *Rules* sit on a listener (who may connect), on an invitation (who may accept)
 * and on an endpoint (who may send which ordinals to it). A rule is a conjunction
 * of predicates. Rules are tried in order, the first that matches allows, and if
 * none matches the sender gets EACCES and the receiver never knows. They look at
 * who sends now, not at who once connected.
 *
 * ALL OR NOTHING
 *
 * A request that fails has changed nothing, unless its description says
 * otherwise. A send that fails leaves every byte and handle with the sender; a
 * receive that fails leaves the message where it was.
 *
 * HOW STRUCTS GROW
 *
 * Every struct begins with its size in bytes as the caller knows it. The kernel
 * takes missing tail members as zero. It refuses a struct shorter than its first
 * published size (EINVAL) and one with non-zero bytes beyond what it knows, or
 * longer than 4096 bytes (E2BIG). Members named reserved and unknown flags must be zero (EINVAL).
 * The layout is the same for 32 and 64 bit callers; pointers travel as __u64.
 *
 * THREADS, SIGNALS, DEADLINES
 *
 * Any number of threads may use one context. A deadline is an absolute time in
 * ns of CLOCK_MONOTONIC; CAPIPC_FOREVER means none, and one that has passed
 * means that the request does not wait (ETIMEDOUT). CAPIPC_NOWAIT, or O_NONBLOCK
 * on the file, means the same with EAGAIN. A signal ends a wait with EINTR or
 * restarts the request as sigaction(2) says; see CAPIPC_IOC_CALL for how that
 * neither loses nor repeats it.
 *
 * ERRORS: each number means one thing
 *
 *  E2BIG        the struct has non-zero bytes beyond what this kernel knows, or
 *               is longer than 4096 bytes
 *  EACCES       a rule list denies it (see CAPIPC_IOC_EXPLAIN), or something that is
 *               queued and would move; receiving a file descriptor: a security
 *               module does
 *  EADDRINUSE   the name is bound already
 *  EAGAIN       it would have to wait (nothing to receive; the window of the
 *               pipe or the backlog of the listener is full) and may not
 *  EBADF        no such handle in this context: 0, stale or made up; or no such
 *               file descriptor
 *  EBUSY        another thread is moving this handle, replying on it or waiting
 *               on it right now; or, to fuse it, receiving from it or sending
 *               through it; or another request receives into this area; or a
 *               reply handle is attached to its own reply; or the rules have been set before
 *  ECANCELED    a late reply: nobody waits for it any more; the reply handle
 *               is gone
 *  ECONNRESET   a call was sent, but its answer can no longer come
 *  EDQUOT       the account of the context or of its user is at its limit, or has
 *               no more of what is left than its share; or the user connects
 *               too often
 *  EFAULT       a pointer cannot be read or written
 *  EINTR        a signal came while waiting
 *  EINVAL       malformed: struct too short, reserved member or unknown flag
 *               not zero, count beyond its limit, name with a wrong character
 *  ELOOP        it would put an endpoint inside itself or its peer; or the two
 *               endpoints to be fused are those of one pipe
 *  EMFILE       the table of file descriptors, of who receives or invites, is full
 *  EMLINK       too many pipes, lists of rules or ranges of ordinals would be
 *               fused into one
 *  EMSGSIZE     larger than the maximum, than the window of the pipe, than the
 *               receiver's buffers, or than the caller takes as a reply
 *  ENAMETOOLONG the name is longer than CAPIPC_NAME_MAX
 *  ENFILE       the system has too many open files
 *  ENOENT       nobody listens by that name
 *  ENOMEM       the kernel is out of memory
 *  ENOTTY       no such request
 *  EOPNOTSUPP   this kernel cannot tell what was asked for (no security labels)
 *  EPERM        not permitted to this caller: the context belongs to another
 *               address space, the handle lacks the right, the name is
 *               reserved for others, the file descriptor is that of an
 *               invitation, the clause of an invitation was not agreed to
 *  EPIPE        the peer is closed
 *  EPROTOTYPE   the handle, or file descriptor, is of the wrong kind for this
 *               request
 *  ESTALE       it is over: the kernel no longer knows the sender with that
 *               stamp; the invitation has been accepted or withdrawn
 *  ETIMEDOUT    the deadline has passed
 *  ETOOMANYREFS the user of the sender, of a reply that of the caller, has too many
 *               file descriptors in flight
 */
#ifndef _UAPI_LINUX_CAPIPC_H
#define _UAPI_LINUX_CAPIPC_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CAPIPC_ABI_VERSION	1

#define CAPIPC_MESSAGE_MAX	(1U << 20)	/* bytes in a message */
#define CAPIPC_ATTACHMENTS_MAX	253U		/* attachments of a message */
#define CAPIPC_BATCH_MAX	64U		/* messages in a batch */
#define CAPIPC_INVITED_MAX	64U		/* attachments of an invitation */
#define CAPIPC_RULES_MAX	256U		/* rules in a list */
#define CAPIPC_RANGES_MAX	256U		/* ranges of ordinals in an attenuation */
#define CAPIPC_NAME_MAX		127U		/* bytes in a name, no NUL */
#define CAPIPC_LABEL_MAX	255U		/* bytes in a label, no NUL */
#define CAPIPC_REASON_MAX	255U		/* bytes in a reason, no NUL */

/* No deadline. */
#define CAPIPC_FOREVER		0x7fffffffffffffffLL

/* Do not wait: fail with EAGAIN instead. */
#define CAPIPC_NOWAIT		(1U << 0)

/* CAPIPC_IOC_RECEIVE: close what PEER_CLOSED comes from. */
#define CAPIPC_RECEIVE_CLOSE	(1U << 1)

/* What a handle lets its holder do. */
#define CAPIPC_RIGHT_READ	(1U << 0)	/* receive from it; read memory */
#define CAPIPC_RIGHT_WRITE	(1U << 1)	/* send, call or reply on it; write memory */
#define CAPIPC_RIGHT_TRANSFER	(1U << 2)	/* move it in a message */
#define CAPIPC_RIGHT_DUPLICATE	(1U << 3)	/* make another handle: of buffers only */
#define CAPIPC_RIGHT_MAP	(1U << 4)	/* map its memory; READ alone can send from it */
#define CAPIPC_RIGHT_ADMIN	(1U << 5)	/* set its rules */

/* In an attachment that is sent: all the rights that the handle has. */
#define CAPIPC_RIGHTS_SAME	(1U << 31)

/* What a handle names. */
enum capipc_kind {
	CAPIPC_KIND_NONE	= 0,
	CAPIPC_KIND_ENDPOINT	= 1,	/* READ WRITE TRANSFER ADMIN */
	CAPIPC_KIND_LISTENER	= 2,	/* READ TRANSFER */
	CAPIPC_KIND_REPLY	= 3,	/* WRITE TRANSFER */
	CAPIPC_KIND_CALL	= 4,	/* a pending call: READ */
	CAPIPC_KIND_FILE	= 5,	/* only in attachments: a file descriptor */
	CAPIPC_KIND_BUFFER	= 6,	/* READ WRITE TRANSFER DUPLICATE MAP */
	CAPIPC_KIND_PRODUCER	= 7,	/* of a data pipe: WRITE TRANSFER MAP */
	CAPIPC_KIND_CONSUMER	= 8,	/* of a data pipe: READ TRANSFER MAP */
	CAPIPC_KIND_INVITATION	= 9,	/* READ */
};

/**
 * struct capipc_attachment - a handle or file descriptor that goes with a message
 * @handle: sent: the handle to move, needs %CAPIPC_RIGHT_TRANSFER; or the file
 *          descriptor to pass. received: the handle that now names it; or the new
 *          file descriptor, which has O_CLOEXEC.
 * @rights: sent: those of its rights that shall arrive, or %CAPIPC_RIGHTS_SAME;
 *          a right that the handle does not have, or that there is not, is EPERM.
 *          received: the rights of the new handle. Zero for a file descriptor, and
 *          with a handle of zero for what was confined and has been closed.
 * @kind: sent: %CAPIPC_KIND_NONE for a handle, %CAPIPC_KIND_FILE for a file
 *        descriptor. received: what it is, enum capipc_kind.
 * @reserved: must be zero.
 *
 * Naming a handle twice in one message is EINVAL. Endpoints, listeners, reply
 * handles, handles to buffers and ends of data pipes can move. A pending call
 * cannot (EPERM, for want of %CAPIPC_RIGHT_TRANSFER). The sender keeps its file
 * descriptor, and may name it twice.
 *
 * File descriptors in flight count for the sender's user: beyond the
 * RLIMIT_NOFILE of the sender that is ETOOMANYREFS, without CAP_SYS_RESOURCE. Those
 * in a reply count for the caller's user, likewise. That of an invitation does not travel
 * in a message (EPERM). A
 * receiver that has no room for them (EMFILE), or that a security module denies one
 * (EACCES), gets nothing; the message stays.
 */
struct capipc_attachment {
	__u32 handle;
	__u32 rights;
	__u32 kind;
	__u32 reserved;
};

/* The sender is not the one who connected: the endpoint has since moved to
 * another process or program, or its holder's credentials have changed.
 */
#define CAPIPC_STAMP_CHANGED	(1U << 0)
/* The sender's user namespace is neither the receiver's nor above it. */
#define CAPIPC_STAMP_FOREIGN	(1U << 1)

/**
 * struct capipc_stamp - who sent it, at the moment of sending
 * @id: names this sender in CAPIPC_IOC_QUERY and CAPIPC_IOC_REPORT
 * @capabilities: effective capabilities as they count in the receiver's user
 *                namespace, bit n for capability n
 * @uid: effective user id in the receiver's user namespace, or the overflow id
 * @gid: effective group id, likewise
 * @pid: process id in the receiver's pid namespace, or 0 if it has none there.
 *       Show it, log it, but never act on it: see CAPIPC_IOC_QUERY.
 * @flags: CAPIPC_STAMP_*
 */
struct capipc_stamp {
	__u64 id;
	__u64 capabilities;
	__u32 uid;
	__u32 gid;
	__u32 pid;
	__u32 flags;
};

/* Predicates of a rule: all that are named must hold. None named: anyone. */
#define CAPIPC_MATCH_SAME_UID		(1U << 0)	/* effective uid is the receiver's */
#define CAPIPC_MATCH_SAME_PRIVILEGE	(1U << 1)	/* see struct capipc_rule */
#define CAPIPC_MATCH_UID		(1U << 2)	/* effective uid is @uid */
#define CAPIPC_MATCH_GID		(1U << 3)	/* effective or supplementary gid @gid */
#define CAPIPC_MATCH_CAPABILITIES	(1U << 4)	/* has all of @capabilities */
#define CAPIPC_MATCH_LABEL		(1U << 5)	/* security label is @label */
#define CAPIPC_MATCH_UNCHANGED		(1U << 6)	/* not CAPIPC_STAMP_CHANGED */

/**
 * struct capipc_rule - one line of an allow list
 * @match: CAPIPC_MATCH_*, all of which must hold; 0 for anyone
 * @facet: in the rules of a listener: the facet that a client gets who is let
 *         in by this rule. In the rules of an endpoint: the rule applies only
 *         if the endpoint has this facet; 0 for any.
 * @ordinal_first: first ordinal that the rule allows
 * @ordinal_last: last ordinal that it allows (inclusive). Both are zero in the
 *                rules of a listener that say who may connect.
 * @uid: for %CAPIPC_MATCH_UID, in the user namespace of who sets the rule
 * @gid: for %CAPIPC_MATCH_GID, likewise
 * @capabilities: for %CAPIPC_MATCH_CAPABILITIES, over the receiver's user
 *                namespace, bit n for capability n; not 0, and only those that
 *                there are
 * @label: for %CAPIPC_MATCH_LABEL: pointer to a security label
 * @label_len: its length in bytes, without a NUL
 * @reserved: must be zero
 *
 * Members whose predicate is not named must be zero.
 *
 * %CAPIPC_MATCH_SAME_PRIVILEGE: the sender's user namespace and effective user
 * and group id are the receiver's, and its effective capabilities at least
 * the receiver's. The *receiver* is whoever holds the other endpoint, with the
 * credentials with which it last called CAPIPC_IOC_RECEIVE on its context (or
 * opened it). For an endpoint that is in flight it is the last holder; for one
 * that waits in a listener, the holder of the listener.
 */
struct capipc_rule {
	__u32 match;
	__u32 facet;
	__u32 ordinal_first;
	__u32 ordinal_last;
	__u32 uid;
	__u32 gid;
	__u64 capabilities;
	__u64 label;
	__u32 label_len;
	__u32 reserved;
};

/**
 * struct capipc_info - CAPIPC_IOC_INFO: what this kernel offers
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @abi_version: out: %CAPIPC_ABI_VERSION of the kernel
 * @message_max: out: largest message, bytes
 * @attachments_max: out: most attachments of a message
 * @rules_max: out: most rules in a list
 * @window_bytes: out: bytes that may wait in one direction of a pipe,
 *                bookkeeping included
 * @window_messages: out: messages that may wait in one direction of a pipe
 * @features: out: bits of what a later ABI adds; zero for now
 * @context_id: out: number of this context in events and dumps
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT.
 */
struct capipc_info {
	__u32 size;
	__u32 flags;
	__u32 abi_version;
	__u32 message_max;
	__u32 attachments_max;
	__u32 rules_max;
	__u32 window_bytes;
	__u32 window_messages;
	__u64 features;
	__u64 context_id;
};

/**
 * struct capipc_create - CAPIPC_IOC_CREATE: make a message pipe
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @handle: out: the two endpoints, with all rights of an endpoint
 * @cookie: cookies of the two endpoints, see struct capipc_tag
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EDQUOT, ENOMEM.
 */
struct capipc_create {
	__u32 size;
	__u32 flags;
	__u32 handle[2];
	__u64 cookie[2];
};

/**
 * struct capipc_close - CAPIPC_IOC_CLOSE: close a handle
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @handle: the handle
 * @reserved: must be zero
 *
 * An endpoint: what was sent through it stays for the peer to receive, what it
 * had not received is lost and the calls in it fail (ECONNRESET). A listener:
 * the name is free, pending connections are closed. A reply handle: the call
 * fails. A pending call: the request is withdrawn if nobody has received it
 * yet, else its reply will come too late. A buffer: other handles and mappings
 * stay. An end of a data pipe: what was written can still be read.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY.
 */
struct capipc_close {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 reserved;
};

#define CAPIPC_TAG_WRITABLE	(1U << 0)	/* room again after EAGAIN for want of it */
#define CAPIPC_TAG_PEER_CHANGED	(1U << 1)	/* another context holds the other end */

/**
 * struct capipc_tag - CAPIPC_IOC_TAG: set the cookie of a handle, and what it tells
 * @size: size of the struct as the caller knows it
 * @flags: for an endpoint %CAPIPC_TAG_WRITABLE, %CAPIPC_TAG_PEER_CHANGED, both or zero:
 *         what is to be told from now on besides messages and PEER_CLOSED. For other
 *         objects zero, or EINVAL. Does not move with it, either
 * @handle: an endpoint, a listener or an end of a data pipe
 * @reserved: must be zero
 * @cookie: any number; comes with everything received from the handle, so
 *          that a server needs no table of its own. It does not move with it.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE.
 */
struct capipc_tag {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 reserved;
	__u64 cookie;
};

/* The other end of the pipe or data pipe is closed. */
#define CAPIPC_INSPECT_PEER_CLOSED	(1U << 0)
/* Rules have been set on this endpoint. */
#define CAPIPC_INSPECT_RULES		(1U << 1)
/* Not every ordinal may be sent through this endpoint. */
#define CAPIPC_INSPECT_ATTENUATED	(1U << 2)
/* Not everybody may receive this endpoint. */
#define CAPIPC_INSPECT_CONFINED		(1U << 3)

/**
 * struct capipc_inspect - CAPIPC_IOC_INSPECT: what a handle is
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @handle: the handle
 * @kind: out: enum capipc_kind
 * @rights: out: CAPIPC_RIGHT_*
 * @state: out: CAPIPC_INSPECT_*
 * @queued: out: messages that wait to be received from it; for a listener,
 *          connections
 * @facet: out: facet of an endpoint that came from a listener, else 0
 * @cookie: out: its cookie
 * @object_id: out: number of the pipe, listener, buffer or data pipe in events and
 *             dumps, else 0
 * @bytes: out: size of a buffer, or of the ring of a data pipe, else 0
 * @element_bytes: out: size of an element of a data pipe, else 0
 * @reserved: out: 0
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY.
 */
struct capipc_inspect {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 kind;
	__u32 rights;
	__u32 state;
	__u32 queued;
	__u32 facet;
	__u64 cookie;
	__u64 object_id;
	__u64 bytes;
	__u32 element_bytes;
	__u32 reserved;
};

/**
 * struct capipc_send - CAPIPC_IOC_SEND: send a message that wants no answer
 * @size: size of the struct as the caller knows it
 * @flags: %CAPIPC_NOWAIT or zero
 * @deadline_ns: how long to wait for room in the window
 * @data: pointer to the bytes
 * @attachments: pointer to an array of struct capipc_attachment
 * @data_len: number of bytes, may be zero
 * @attachments_count: number of attachments, may be zero
 * @handle: an endpoint with %CAPIPC_RIGHT_WRITE
 * @ordinal: number of the method
 * @source: a buffer made with %CAPIPC_BUFFER_SOURCE, with %CAPIPC_RIGHT_READ, or 0. If there is
 *          one, @data is no pointer, but where in it the bytes begin; all of @data_len must be
 *          inside (EINVAL).
 * @reserved: must be zero
 *
 * What is in a source is read before the request returns; what others change there meanwhile
 * arrives as it was, or as it is, or as some of both.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE, EPIPE,
 * EACCES, EAGAIN, ETIMEDOUT, EINTR, EMSGSIZE, ELOOP, EDQUOT, ENOMEM,
 * ETOOMANYREFS.
 */
struct capipc_send {
	__u32 size;
	__u32 flags;
	__s64 deadline_ns;
	__u64 data;
	__u64 attachments;
	__u32 data_len;
	__u32 attachments_count;
	__u32 handle;
	__u32 ordinal;
	__u32 source;
	__u32 reserved;
};

/**
 * struct capipc_batched - one of several messages
 * @ordinal: number of the method
 * @data_len: number of bytes, may be zero
 */
struct capipc_batched {
	__u32 ordinal;
	__u32 data_len;
};

/**
 * struct capipc_send_batch - CAPIPC_IOC_SEND_BATCH: send several messages that carry nothing
 * @size: size of the struct as the caller knows it
 * @flags: %CAPIPC_NOWAIT or zero
 * @deadline_ns: how long to wait for room in the window, for the first message
 * @messages: pointer to an array of struct capipc_batched
 * @data: pointer to the bytes of all of them, one after the other
 * @data_len: number of those bytes: the sum of theirs (EINVAL), at most
 *            %CAPIPC_MESSAGE_MAX (EMSGSIZE)
 * @count: number of messages, 1 to %CAPIPC_BATCH_MAX
 * @handle: an endpoint with %CAPIPC_RIGHT_WRITE
 * @sent: out: how many were sent
 *
 * As if each message were sent by a CAPIPC_IOC_SEND, in this order, up to the first that
 * fails. It succeeds if one was sent: there may be room for some of them only,
 * or a rule may deny the next, which the request that begins with it finds out. It fails
 * if not even the first could be sent, with the error of that one, and then nothing has
 * happened; likewise if anything is malformed or cannot be read. It waits for the
 * first only. The messages of a batch are received one by one, or several together, as
 * any others. They are charged to the account of the sender until the last of them has
 * been received.
 *
 * Errors: those of CAPIPC_IOC_SEND, but ELOOP and ETOOMANYREFS.
 */
struct capipc_send_batch {
	__u32 size;
	__u32 flags;
	__s64 deadline_ns;
	__u64 messages;
	__u64 data;
	__u32 data_len;
	__u32 count;
	__u32 handle;
	__u32 sent;
};

/* How far a call has come. */
enum capipc_call_state {
	CAPIPC_CALL_UNSENT	= 0,	/* nothing was sent */
	CAPIPC_CALL_SENT	= 1,	/* the request was sent */
	CAPIPC_CALL_ANSWERED	= 2,	/* the reply is here */
};

/**
 * struct capipc_call - CAPIPC_IOC_CALL: send a request and wait for its reply
 * @size: size of the struct as the caller knows it
 * @flags: %CAPIPC_NOWAIT or zero: whether to wait for room in the window
 * @deadline_ns: how long to wait for room and for the reply, together
 * @data: pointer to the bytes of the request
 * @attachments: pointer to an array of struct capipc_attachment
 * @reply_data: pointer to room for the bytes of the reply
 * @reply_attachments: pointer to room for an array of struct capipc_attachment
 * @data_len: number of bytes in the request
 * @attachments_count: number of attachments of the request
 * @reply_capacity: most bytes that the caller takes as a reply, at most
 *                  %CAPIPC_MESSAGE_MAX (EINVAL)
 * @reply_attachments_capacity: most attachments that it takes
 * @handle: an endpoint with %CAPIPC_RIGHT_WRITE
 * @ordinal: number of the method
 * @pending: in: 0 for a new call, or a pending call to go on waiting for.
 *           out: on failure the call that can still be waited for, else 0
 * @state: out: enum capipc_call_state
 * @reply_len: out: number of bytes in the reply
 * @reply_attachments_count: out: number of attachments of the reply
 * @stamp: out: who replied
 * @source: a buffer where the request is, as for CAPIPC_IOC_SEND, or 0; but see below
 * @reserved: must be zero
 *
 * On failure, @pending and @state are written back too (unless that is itself
 * what faults), and @state says whether the request had been sent:
 * %CAPIPC_CALL_UNSENT means that bytes and handles are still the caller's. What was
 * sent has left it, also if the call then fails: a request that is withdrawn, or
 * destroyed unreceived, closes what it carried.
 *
 * A signal that comes while the reply is awaited ends the system call. It is
 * restarted, or fails with EINTR, as sigaction(2) says. Either way @pending then
 * names the call, and the request is not sent again: calling once more with the
 * struct as it is goes on waiting, closing @pending gives the call up. Only
 * @pending, @deadline_ns and the room for the reply matter then. The same
 * goes for a reply that is there but cannot be delivered (%CAPIPC_CALL_ANSWERED
 * with EFAULT, EDQUOT, EMFILE, EACCES, ENOMEM, or EMSGSIZE if less room is given
 * than at first).
 * A call that runs into its deadline is given up, and its request withdrawn
 * unless somebody has received it.
 *
 * A large request in a @source is copied once, if a thread waits for it with a receive area: by
 * the caller, or by that thread. So it may be read until the call is over, which it is not
 * while it is pending; if it is changed before, what is received is as it was, or as it is,
 * or some of both. When the call is over, however it ended, nobody reads it any more.
 *
 * Errors: those of CAPIPC_IOC_SEND, and ECONNRESET, EMFILE.
 */
struct capipc_call {
	__u32 size;
	__u32 flags;
	__s64 deadline_ns;
	__u64 data;
	__u64 attachments;
	__u64 reply_data;
	__u64 reply_attachments;
	__u32 data_len;
	__u32 attachments_count;
	__u32 reply_capacity;
	__u32 reply_attachments_capacity;
	__u32 handle;
	__u32 ordinal;
	__u32 pending;
	__u32 state;
	__u32 reply_len;
	__u32 reply_attachments_count;
	struct capipc_stamp stamp;
	__u32 source;
	__u32 reserved;
};

/**
 * struct capipc_reply - CAPIPC_IOC_REPLY: answer a call
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @data: pointer to the bytes
 * @attachments: pointer to an array of struct capipc_attachment
 * @data_len: number of bytes
 * @attachments_count: number of attachments
 * @handle: the reply handle, gone after success and after ECANCELED
 * @reserved: must be zero
 *
 * A reply never waits. EMSGSIZE: larger than the caller takes; the handle is
 * still good for a smaller one. After ECANCELED the attachments are still the
 * replier's. The handle cannot be an attachment of its own reply (EBUSY).
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE, EMSGSIZE,
 * ECANCELED, ENOMEM, ETOOMANYREFS. (The caller has too many files in flight: it can
 * still be replied to with fewer.)
 */
struct capipc_reply {
	__u32 size;
	__u32 flags;
	__u64 data;
	__u64 attachments;
	__u32 data_len;
	__u32 attachments_count;
	__u32 handle;
	__u32 reserved;
};

/* What was received. */
enum capipc_receive_type {
	CAPIPC_RECEIVED_NONE		= 0,
	CAPIPC_RECEIVED_MESSAGE		= 1,	/* a message that wants no answer */
	CAPIPC_RECEIVED_CALL		= 2,	/* a request, with a reply handle */
	CAPIPC_RECEIVED_CONNECTION	= 3,	/* a new pipe from a listener */
	CAPIPC_RECEIVED_PEER_CLOSED	= 4,	/* nothing will come any more */
	CAPIPC_RECEIVED_ACCEPTED	= 5,	/* an invitation was accepted */
	CAPIPC_RECEIVED_INVITATION_CLOSED = 6,	/* nobody will accept it any more */
	CAPIPC_RECEIVED_READABLE	= 7,	/* a consumer: the producer has signalled */
	CAPIPC_RECEIVED_WRITABLE	= 8,	/* there is room, in a ring or a window */
	CAPIPC_RECEIVED_PEER_CHANGED	= 9,	/* another context holds the other end */
};

/**
 * struct capipc_receive - CAPIPC_IOC_RECEIVE: take what comes next
 * @size: size of the struct as the caller knows it
 * @flags: %CAPIPC_NOWAIT, %CAPIPC_RECEIVE_CLOSE or zero
 * @deadline_ns: how long to wait
 * @reply: pointer to a struct capipc_reply to send first, or 0. Set to 0 as
 *         soon as that reply is done with (sent, or ECANCELED, which the
 *         request then passes over): if @reply is still there after a failure,
 *         it was the reply that failed and nothing was received.
 * @data: pointer to room for bytes
 * @attachments: pointer to room for an array of struct capipc_attachment
 * @data_capacity: room at @data, bytes
 * @attachments_capacity: room at @attachments, elements
 * @handle: an endpoint, listener, invitation or consumer to receive from, with
 *          %CAPIPC_RIGHT_READ, a producer with %CAPIPC_RIGHT_WRITE, or 0 for all of
 *          the context
 * @type: out: enum capipc_receive_type
 * @from: out: the handle it came from
 * @ordinal: out: number of the method
 * @data_len: out: number of bytes
 * @attachments_count: out: number of attachments
 * @reply_handle: out: a call: the handle to answer with.
 *                a connection: the endpoint of the new pipe.
 * @reply_capacity: out: a call: the most bytes that the caller takes
 * @reply_attachments_capacity: out: a call: the most attachments it takes
 * @facet: out: facet of the endpoint, as the rules of the listener chose it
 * @cookie: out: cookie of @from
 * @stamp: out: who sent it, who connected, or who accepted
 * @area: a receive area (%CAPIPC_BUFFER_AREA), or 0. If there is one, @data is no pointer, but
 *        where in the area the room for bytes begins; all of @data_capacity must be inside
 *        (EINVAL).
 * @reserved: must be zero
 *
 * With an area, a large message is copied once: by who sends it, if a thread waits for it. An
 * area is for one request at a time: as long as one is under way, waiting or not, another one
 * that names it is EBUSY. What is in the room changes only while a request that names it is under
 * way. If that fails it may have changed all the same.
 *
 * A message that cannot be delivered stays, and EMSGSIZE (larger than the room),
 * EDQUOT, EMFILE, EACCES and ENOMEM come with @type, @from, @data_len and
 * @attachments_count, which say what it needs, or what to close.
 * PEER_CLOSED comes once for each holder of an endpoint, when all messages have
 * been received;
 * with @handle given, EPIPE comes from then on. With %CAPIPC_RECEIVE_CLOSE the handle
 * has been closed, as by CAPIPC_IOC_CLOSE, and @from is what it was; or PEER_CLOSED comes
 * again, if another thread was about to move the handle and did not. The stamp is then
 * zero, as it is with READABLE and WRITABLE. These come once for any number of signals since they
 * last came, and before PEER_CLOSED; they say no more than that it is time to look
 * at the ring. From an endpoint, WRITABLE and PEER_CHANGED come if they were asked for with
 * CAPIPC_IOC_TAG, with a zero stamp and before messages. From an invitation comes
 * either ACCEPTED or INVITATION_CLOSED, once, and EPIPE from then on; nothing else of
 * it is set but @cookie, and the @stamp of who accepted.
 * After a failure others have their turn first.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE, EPIPE, EAGAIN,
 * ETIMEDOUT, EINTR, EMSGSIZE, EDQUOT, EMFILE, EACCES, ENOMEM, and with @reply those
 * of CAPIPC_IOC_REPLY.
 */
struct capipc_receive {
	__u32 size;
	__u32 flags;
	__s64 deadline_ns;
	__u64 reply;
	__u64 data;
	__u64 attachments;
	__u32 data_capacity;
	__u32 attachments_capacity;
	__u32 handle;
	__u32 type;
	__u32 from;
	__u32 ordinal;
	__u32 data_len;
	__u32 attachments_count;
	__u32 reply_handle;
	__u32 reply_capacity;
	__u32 reply_attachments_capacity;
	__u32 facet;
	__u64 cookie;
	struct capipc_stamp stamp;
	__u32 area;
	__u32 reserved;
};

/**
 * struct capipc_receive_batch - CAPIPC_IOC_RECEIVE_BATCH: take several messages at once
 * @size: size of the struct as the caller knows it
 * @flags: %CAPIPC_NOWAIT or zero
 * @deadline_ns: how long to wait
 * @messages: pointer to room for an array of struct capipc_batched
 * @data: pointer to room for the bytes of all of them, one after the other
 * @data_capacity: room at @data, bytes
 * @count_capacity: room at @messages, elements, not zero; no more than %CAPIPC_BATCH_MAX
 *                  are received at a time
 * @handle: what to receive from, as for CAPIPC_IOC_RECEIVE, or 0 for all of the context
 * @type: out: enum capipc_receive_type: what came, or comes, next
 * @from: out: the handle it came from
 * @count: out: number of messages. 0: something else comes next
 * @data_len: out: number of bytes of all of them
 * @facet: out: facet of the endpoint, as the rules of the listener chose it
 * @cookie: out: cookie of @from
 * @stamp: out: who sent all of them
 *
 * What comes next is found, and waited for, as CAPIPC_IOC_RECEIVE does. If it is a message
 * that wants no answer and carries nothing, it is received, and with it those that
 * follow in the same queue, as long as they are such messages too, have the same sender and
 * stamp, and there is room; whether they were sent in a batch or one by one.
 *
 * If it is anything else, @count is 0 and it stays: @type and @from tell what it is, and
 * CAPIPC_IOC_RECEIVE takes it. If the first message is larger than the room, it stays,
 * and EMSGSIZE comes with @type, @from and its @data_len. After EFAULT all of them are
 * where they were.
 *
 * A batch is one turn of what it comes from: others have theirs before the next.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE, EPIPE, EAGAIN,
 * ETIMEDOUT, EINTR, EMSGSIZE.
 */
struct capipc_receive_batch {
	__u32 size;
	__u32 flags;
	__s64 deadline_ns;
	__u64 messages;
	__u64 data;
	__u32 data_capacity;
	__u32 count_capacity;
	__u32 handle;
	__u32 type;
	__u32 from;
	__u32 count;
	__u32 data_len;
	__u32 facet;
	__u64 cookie;
	struct capipc_stamp stamp;
};

/**
 * struct capipc_listen - CAPIPC_IOC_LISTEN: bind a name
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @name: pointer to the name: letters, digits, '.', '_' and '-' in components
 *        separated by single '/', no NUL
 * @rules: pointer to an array of struct capipc_rule: who may connect
 * @endpoint_rules: pointer to an array of struct capipc_rule that every
 *                  endpoint this listener makes has from the start
 * @cookie: cookie of the listener; connections come with it
 * @name_len: length of the name in bytes
 * @rules_count: number of @rules; none lets nobody in
 * @endpoint_rules_count: number of @endpoint_rules; none lets everybody who
 *                        could connect send everything
 * @rule_size: sizeof(struct capipc_rule) as the caller knows it, always needed
 * @backlog: connections that may wait to be received, 1 to 1024. The last quarter
 *           of them is for users that have none waiting
 * @handle: out: the listener, with READ and TRANSFER
 *
 * The name is bound in the network namespace in which the context was opened,
 * until the listener is closed. A name "uid/N/..." can be bound by effective
 * user N only, as a decimal number in the user namespace that owns the network
 * namespace, root being no exception and other spellings not being allowed; every
 * other name needs CAP_SYS_ADMIN there (EPERM).
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, ENAMETOOLONG, EADDRINUSE, EOPNOTSUPP,
 * EDQUOT, ENOMEM.
 */
struct capipc_listen {
	__u32 size;
	__u32 flags;
	__u64 name;
	__u64 rules;
	__u64 endpoint_rules;
	__u64 cookie;
	__u32 name_len;
	__u32 rules_count;
	__u32 endpoint_rules_count;
	__u32 rule_size;
	__u32 backlog;
	__u32 handle;
};

/**
 * struct capipc_connect - CAPIPC_IOC_CONNECT: connect to a name
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @name: pointer to the name
 * @cookie: cookie of the endpoint
 * @name_len: length of the name in bytes
 * @handle: out: the client's endpoint, with all rights of an endpoint
 *
 * Never waits. Messages may be sent before the server has received the
 * connection.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, ENAMETOOLONG, ENOENT, EACCES, EAGAIN,
 * EDQUOT, ENOMEM.
 */
struct capipc_connect {
	__u32 size;
	__u32 flags;
	__u64 name;
	__u64 cookie;
	__u32 name_len;
	__u32 handle;
};

/**
 * struct capipc_restrict - CAPIPC_IOC_RESTRICT: set the rules of an endpoint
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @rules: pointer to an array of struct capipc_rule: who may send what to @handle
 * @rules_count: number of rules; none lets nobody send anything
 * @rule_size: sizeof(struct capipc_rule) as the caller knows it
 * @handle: an endpoint with %CAPIPC_RIGHT_ADMIN
 * @reserved: must be zero
 *
 * Once: a second time is EBUSY, also for an endpoint that got its rules from a
 * listener. The rules stay when the endpoint moves. Messages that were sent
 * before are delivered. Replies are not subject to rules.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE, EOPNOTSUPP,
 * EDQUOT, ENOMEM.
 */
struct capipc_restrict {
	__u32 size;
	__u32 flags;
	__u64 rules;
	__u32 rules_count;
	__u32 rule_size;
	__u32 handle;
	__u32 reserved;
};

/* No rule matches. */
#define CAPIPC_EXPLAIN_NONE	(-1)
/* There are no rules: everything is allowed. */
#define CAPIPC_EXPLAIN_OPEN	(-2)
/* The endpoint is attenuated: nobody may send this ordinal through it. */
#define CAPIPC_EXPLAIN_ATTENUATED	(-3)

/**
 * struct capipc_explain - CAPIPC_IOC_EXPLAIN: would this be allowed to me?
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @handle: the endpoint to send on, with %CAPIPC_RIGHT_WRITE; 0 to ask about
 *          connecting to @name
 * @ordinal: the method to ask about; 0 with @name
 * @name: pointer to a name, or 0 with @handle
 * @name_len: its length in bytes
 * @rule: out: index of the rule that decides, or CAPIPC_EXPLAIN_*
 * @allowed: out: 1 if it would be allowed, else 0
 * @facet: out: the facet that a connection would get
 *
 * A dry run for the calling thread: nothing is sent and nothing is recorded.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE, EPIPE,
 * ENAMETOOLONG, ENOENT, ENOMEM.
 */
struct capipc_explain {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 ordinal;
	__u64 name;
	__u32 name_len;
	__s32 rule;
	__u32 allowed;
	__u32 facet;
};

/* Open the executable of the sender, see @exe_fd. */
#define CAPIPC_QUERY_EXE	(1U << 0)

/* The process has not been reaped yet. */
#define CAPIPC_QUERY_ALIVE	(1U << 0)
/* @exe_dev and @exe_ino are known. */
#define CAPIPC_QUERY_HAS_EXE	(1U << 1)

/**
 * struct capipc_query - CAPIPC_IOC_QUERY: who exactly was that?
 * @size: size of the struct as the caller knows it
 * @flags: CAPIPC_QUERY_EXE or zero
 * @handle: an endpoint, a reply handle, or an invitation that was accepted
 * @state: out: %CAPIPC_QUERY_ALIVE, %CAPIPC_QUERY_HAS_EXE
 * @stamp_id: id of the stamp of the last message received from the endpoint, or
 *            that of who connected (or made the pipe), for which 0 will do.
 *            With a reply handle: the stamp of its call, or 0, which means the
 *            same. With an invitation: the stamp of who accepted, or 0, likewise.
 * @groups: pointer to room for supplementary groups, __u32 each
 * @label: pointer to room for the security label
 * @groups_capacity: room at @groups, elements
 * @groups_count: out: number of groups; when larger than the room, none are
 *                written
 * @label_capacity: room at @label, bytes
 * @label_len: out: length of the label, without NUL; when larger than the room,
 *             it is not written; 0 if the kernel has no labels
 * @exe_fd: out: with %CAPIPC_QUERY_EXE an O_CLOEXEC file descriptor of the program that
 *          the process was running when it opened its context, opened for reading
 *          with the caller's own permission; else -1
 * @real_uid: out: real user id, in the caller's user namespace
 * @real_gid: out: real group id, likewise
 * @reserved: must be zero
 * @exe_dev: out: device of the program, as in stat(2)
 * @exe_ino: out: inode of the program
 * @start_time_ns: out: when the process started, CLOCK_BOOTTIME
 * @user_ns: out: inode number of its user namespace
 * @pid_ns: out: inode number of its pid namespace
 * @net_ns: out: inode number of the network namespace of its context
 * @stamp: out: the stamp, in terms of the caller's namespaces now
 *
 * The kernel pins the process and the credentials that the stamp was made
 * from, so nothing here depends on a process id that could be reused. To get
 * a pidfd: pidfd_open(2) the pid of the stamp, then query again. If
 * %CAPIPC_QUERY_ALIVE is still set then, the number was not free to be reused,
 * and the pidfd is that of the sender.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE, ESTALE,
 * ENOMEM, and with %CAPIPC_QUERY_EXE those of open(2).
 */
struct capipc_query {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 state;
	__u64 stamp_id;
	__u64 groups;
	__u64 label;
	__u32 groups_capacity;
	__u32 groups_count;
	__u32 label_capacity;
	__u32 label_len;
	__s32 exe_fd;
	__u32 real_uid;
	__u32 real_gid;
	__u32 reserved;
	__u64 exe_dev;
	__u64 exe_ino;
	__u64 start_time_ns;
	__u64 user_ns;
	__u64 pid_ns;
	__u64 net_ns;
	struct capipc_stamp stamp;
};

/* Kill the sender with SIGKILL, if the caller may. */
#define CAPIPC_REPORT_KILL	(1U << 0)

enum capipc_report_verdict {
	CAPIPC_REPORT_CUT_OFF	= 0,	/* the pipe is closed */
	CAPIPC_REPORT_KILLED	= 1,	/* and the sender was killed */
	CAPIPC_REPORT_SPARED	= 2,	/* and the caller may not kill the sender, or it is gone */
};

/**
 * struct capipc_report - CAPIPC_IOC_REPORT: that message was bad
 * @size: size of the struct as the caller knows it
 * @flags: %CAPIPC_REPORT_KILL or zero
 * @handle: the endpoint that the message came from, with %CAPIPC_RIGHT_READ, or
 *          the reply handle of the call
 * @verdict: out: enum capipc_report_verdict
 * @stamp_id: with an endpoint: id of the stamp of the message, the last one
 *            received. With a reply handle: the same, or 0.
 * @reason: pointer to a text for the event, printable ASCII, or 0
 * @reason_len: its length in bytes
 * @reserved: must be zero
 *
 * Closes the pipe (both its endpoints, wherever they are, with what is queued
 * in them), fails the call, and emits an event. The handle is gone
 * afterwards; with a reply handle, the endpoint it came from stays as a handle
 * of a closed pipe. With %CAPIPC_REPORT_KILL the sender is killed if
 * the caller could have done that with kill(2); the rule is applied to the
 * process that sent, not to whoever has its number now. It is killed, too, if it
 * agreed to that: the message came from an endpoint that was in an invitation of
 * this context with %CAPIPC_INVITE_MAY_KILL, the sender is the process that
 * accepted it and has not executed another program since, and it has a number in
 * the caller's pid namespace whose first process it is not.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE, ESTALE.
 */
struct capipc_report {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 verdict;
	__u64 stamp_id;
	__u64 reason;
	__u32 reason_len;
	__u32 reserved;
};

/**
 * struct capipc_replace - CAPIPC_IOC_REPLACE: a handle with fewer rights
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @handle: any handle; gone afterwards
 * @rights: those of its rights that shall be left, or %CAPIPC_RIGHTS_SAME; a right
 *          that it does not have is EPERM
 * @replaced: out: the handle that now names it, with its cookie
 * @reserved: must be zero
 *
 * Who waits by the old handle gets EBADF.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EDQUOT, ENOMEM.
 */
struct capipc_replace {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 rights;
	__u32 replaced;
	__u32 reserved;
};

/**
 * struct capipc_range - ordinals from one to another
 * @first: the first
 * @last: the last, included
 */
struct capipc_range {
	__u32 first;
	__u32 last;
};

/**
 * struct capipc_attenuate - CAPIPC_IOC_ATTENUATE: fewer ordinals through an endpoint
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @ranges: pointer to an array of struct capipc_range: what may still be sent, in
 *          ascending order and without overlap
 * @ranges_count: how many, at most %CAPIPC_RANGES_MAX; none lets nothing through
 * @handle: an endpoint; no right is needed to give something up
 *
 * Holds for messages and calls that are sent through @handle from now on, whoever
 * comes to hold it, and comes before the rules of the other endpoint. It can be
 * done again: then only what all of them let through can be sent. EINVAL if that
 * is more ranges than there may be.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE, EDQUOT, ENOMEM.
 */
struct capipc_attenuate {
	__u32 size;
	__u32 flags;
	__u64 ranges;
	__u32 ranges_count;
	__u32 handle;
};

/**
 * struct capipc_confine - CAPIPC_IOC_CONFINE: who may receive an endpoint
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @rules: pointer to an array of struct capipc_rule, without ordinals and facet
 *         and without %CAPIPC_MATCH_UNCHANGED: who may receive @handle. What they
 *         compare the receiver with is the caller as it is now.
 * @rules_count: number of rules; none lets nobody receive it
 * @rule_size: sizeof(struct capipc_rule) as the caller knows it
 * @handle: an endpoint with %CAPIPC_RIGHT_ADMIN
 * @reserved: must be zero
 *
 * Once: a second time is EBUSY. When it arrives, in a message or a reply, where
 * the rules do not let it, it is closed: the attachment is received with its
 * kind, but with handle and rights zero, and an event tells.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE, EOPNOTSUPP,
 * EDQUOT, ENOMEM.
 */
struct capipc_confine {
	__u32 size;
	__u32 flags;
	__u64 rules;
	__u32 rules_count;
	__u32 rule_size;
	__u32 handle;
	__u32 reserved;
};

/**
 * struct capipc_invited - a handle in an invitation
 * @name: by which the acceptor knows it; unique in the invitation
 * @handle: inviting: the endpoint or listener to attach, needs
 *          %CAPIPC_RIGHT_TRANSFER. accepting: out: the handle that now names it
 * @rights: inviting: as in struct capipc_attachment. accepting: out: the rights of
 *          the new handle
 * @kind: inviting: must be zero. accepting: out: what it is, enum capipc_kind
 * @reserved: must be zero
 */
struct capipc_invited {
	__u64 name;
	__u32 handle;
	__u32 rights;
	__u32 kind;
	__u32 reserved;
};

/* Whoever accepts may be killed for a bad message: see struct capipc_report. */
#define CAPIPC_INVITE_MAY_KILL	(1U << 0)
/* The file descriptor shall survive exec: no O_CLOEXEC. */
#define CAPIPC_INVITE_INHERIT	(1U << 1)

/**
 * struct capipc_invite - CAPIPC_IOC_INVITE: let somebody in
 * @size: size of the struct as the caller knows it
 * @flags: CAPIPC_INVITE_*
 * @attachments: pointer to an array of struct capipc_invited
 * @rules: pointer to an array of struct capipc_rule: who may accept
 * @cookie: cookie of the invitation; its news comes with it
 * @expires_ns: until when it can be accepted, ns of CLOCK_MONOTONIC, or
 *              %CAPIPC_FOREVER; ETIMEDOUT if that has passed
 * @attachments_count: number of @attachments, 1 to %CAPIPC_INVITED_MAX
 * @rules_count: number of @rules; none lets nobody in
 * @rule_size: sizeof(struct capipc_rule) as the caller knows it, always needed
 * @handle: out: the invitation, with READ
 * @fd: out: the file descriptor that carries it, with O_CLOEXEC unless
 *      %CAPIPC_INVITE_INHERIT
 * @reserved: must be zero
 *
 * The attached handles leave the caller's table. What happens to the invitation
 * is received from @handle, once: CAPIPC_RECEIVED_ACCEPTED with the stamp of the
 * acceptor; or CAPIPC_RECEIVED_INVITATION_CLOSED when it has expired, or its last
 * file descriptor was closed, and what it held with it. Closing @handle
 * before withdraws the invitation and closes what it held; so does the death of
 * the inviter, wherever the file descriptor is.
 *
 * The file descriptor can be inherited and sent over sockets, but not in a message.
 * It polls readable while it can be accepted and POLLHUP afterwards; nothing else
 * can be done with it but CAPIPC_IOC_ACCEPT.
 *
 * Who has the other end of an attached endpoint takes it for the acceptor's, if that is the
 * inviter, or receives it from the inviter later. For anybody else it stays that of who
 * connected, or made the pipe: what the acceptor sends is %CAPIPC_STAMP_CHANGED, and
 * %CAPIPC_INVITE_MAY_KILL is not about it.
 *
 * The rules have neither facet nor ordinals; the receiver in them is the inviter.
 * A confined endpoint cannot be attached (EPERM).
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE, EOPNOTSUPP,
 * ETIMEDOUT, EDQUOT, EMFILE, ENFILE, ENOMEM.
 */
struct capipc_invite {
	__u32 size;
	__u32 flags;
	__u64 attachments;
	__u64 rules;
	__u64 cookie;
	__s64 expires_ns;
	__u32 attachments_count;
	__u32 rules_count;
	__u32 rule_size;
	__u32 handle;
	__s32 fd;
	__u32 reserved;
};

/* Agree to %CAPIPC_INVITE_MAY_KILL, if the invitation has that clause. */
#define CAPIPC_ACCEPT_MAY_KILL	(1U << 0)

/**
 * struct capipc_accept - CAPIPC_IOC_ACCEPT: take what an invitation holds
 * @size: size of the struct as the caller knows it
 * @flags: %CAPIPC_ACCEPT_MAY_KILL or zero
 * @attachments: pointer to room for an array of struct capipc_invited
 * @fd: the file descriptor of an invitation; it stays open
 * @attachments_capacity: room at @attachments, elements
 * @attachments_count: out: number of attachments
 * @terms: out: %CAPIPC_INVITE_MAY_KILL if the invitation has that clause
 * @stamp: out: who invited
 *
 * Everything arrives or nothing does; whoever comes second gets ESTALE. For the
 * endpoints among it, the caller is from now on who connected:
 * %CAPIPC_STAMP_CHANGED is about the caller, not about who made the pipe.
 *
 * EACCES: the rules deny it. EPERM: it has the clause and @flags does not agree.
 * EMSGSIZE: too little room; @attachments_count says how many there are.
 * ETIMEDOUT: it has expired. ESTALE: it was accepted before, or withdrawn.
 * After a failure the invitation is as it was.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EPROTOTYPE, EACCES, EMSGSIZE,
 * ESTALE, ETIMEDOUT, EDQUOT, ENOMEM.
 */
struct capipc_accept {
	__u32 size;
	__u32 flags;
	__u64 attachments;
	__s32 fd;
	__u32 attachments_capacity;
	__u32 attachments_count;
	__u32 terms;
	struct capipc_stamp stamp;
};

/**
 * struct capipc_duplicate - CAPIPC_IOC_DUPLICATE: one more handle to a buffer
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @handle: a handle with %CAPIPC_RIGHT_DUPLICATE, which only buffers have
 * @rights: those of its rights that the new one shall have, or %CAPIPC_RIGHTS_SAME;
 *          any other is EPERM
 * @duplicate: out: the new handle, in the same context
 * @reserved: must be zero
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EDQUOT, ENOMEM.
 */
struct capipc_duplicate {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 rights;
	__u32 duplicate;
	__u32 reserved;
};

/**
 * struct capipc_fuse - CAPIPC_IOC_FUSE: make one pipe of two
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @handle: an endpoint of each pipe, both with %CAPIPC_RIGHT_READ, %CAPIPC_RIGHT_WRITE
 *          and %CAPIPC_RIGHT_TRANSFER; gone afterwards
 *
 * The peers of the two are peers of each other from now on, wherever they are. What was
 * queued in the one endpoint is queued for the peer of the other, after what is
 * there already and before what comes. The pipe goes by the number of the first one.
 * If a peer is closed, what was queued for it is lost, as if it had been sent before.
 * Calls go on. A call that was received can still be answered.
 *
 * Each of the peers stands in the place of the endpoint that the other one had for a
 * peer. It may send no ordinal that could not be sent through that, and is
 * protected by the rules of that besides its own. Unless it is the process that had
 * connected with that, its messages have %CAPIPC_STAMP_CHANGED. What is queued in one of the two
 * endpoints must be such that its sender could have sent it through the other one: else
 * EACCES, and an event tells the first that could not.
 *
 * EPERM also: one is confined. EBUSY also: another thread is receiving from one, or sending
 * through it. EPIPE: one of the pipes was closed by a report. ELOOP: they are the ends of one
 * pipe; or one of the peers is in a queue where it would be in itself or its peer.
 * EMLINK: at most 256 pipes in one, 4 lists of rules besides the own for an endpoint,
 * %CAPIPC_RANGES_MAX ranges of ordinals.
 *
 * The caller pays for the memory of the second pipe, until that of all that were
 * fused is freed.
 *
 * Errors: EPERM, EINVAL (also: the same handle twice), E2BIG, EFAULT, EBADF, EBUSY,
 * EPROTOTYPE, EACCES, EPIPE, ELOOP, EMLINK, EDQUOT, ENOMEM.
 */
struct capipc_fuse {
	__u32 size;
	__u32 flags;
	__u32 handle[2];
};

/* A receive area: struct capipc_create_buffer. */
#define CAPIPC_BUFFER_AREA	(1U << 0)
/* Messages can be sent from it: struct capipc_create_buffer. */
#define CAPIPC_BUFFER_SOURCE	(1U << 1)

/**
 * struct capipc_create_buffer - CAPIPC_IOC_CREATE_BUFFER: make a shared buffer
 * @size: size of the struct as the caller knows it
 * @flags: %CAPIPC_BUFFER_AREA, %CAPIPC_BUFFER_SOURCE or zero
 * @bytes: in: how large, at least 1. out: rounded up to whole pages
 * @handle: out: a handle to it, with all rights of a buffer
 * @reserved: must be zero
 *
 * The memory is zero, and there until its last handle and its last mapping have
 * gone, wherever they are. The bytes are charged to the maker's account until then.
 *
 * To map it: mmap(2) of the context's file, MAP_SHARED, with the handle times the size
 * of a page as the offset. The mapping begins where the buffer begins, and may be
 * shorter, but not longer. It needs %CAPIPC_RIGHT_MAP and %CAPIPC_RIGHT_READ, and
 * with PROT_WRITE, now or by mprotect(2), %CAPIPC_RIGHT_WRITE. It can never be executed,
 * is not inherited by a child, and stays when the handle is closed. The kernel
 * reads and writes it in ordinary system calls, but not in direct I/O, as a futex, nor for
 * a debugger (EFAULT).
 *
 * With %CAPIPC_BUFFER_AREA it is a *receive area* instead: memory that the kernel alone
 * writes, where messages are received; see struct capipc_receive. Its handle has READ
 * and MAP only, so that it stays with the context, and is mapped for reading only.
 *
 * With %CAPIPC_BUFFER_SOURCE it is a buffer that messages can be sent from, by whoever has a
 * handle to it with READ: see struct capipc_send. The kernel has it mapped as well, which costs
 * some bytes more for each page.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EMSGSIZE (larger than this kernel allows),
 * EDQUOT, ENOMEM; of mmap(2): EPERM, EINVAL, EBADF, EBUSY, EPROTOTYPE, EACCES (the file
 * was opened without that access), and what else mmap(2) has.
 */
struct capipc_create_buffer {
	__u32 size;
	__u32 flags;
	__u64 bytes;
	__u32 handle;
	__u32 reserved;
};

/**
 * struct capipc_create_data_pipe - CAPIPC_IOC_CREATE_DATA_PIPE: make a data pipe
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @element_bytes: size of an element, at least 1
 * @elements: in: how many the ring holds, at least 1. out: rounded up to a power of 2
 * @handle: out: the producer and the consumer, each with all rights of its kind
 * @cookie: their cookies, see struct capipc_tag
 *
 * The memory, all of it zero at first, is: a page that begins with the struct
 * capipc_ring_header of the consumer, a page that begins with that of the producer, and
 * the ring, @elements times @element_bytes. It is mapped like that of a buffer, but with
 * PROT_READ a mapping begins at the first of these pages and can never be written,
 * and with PROT_WRITE (and PROT_READ) it begins at what that end may write: the consumer
 * its page, the producer its page and the ring. Both need %CAPIPC_RIGHT_MAP and the READ
 * of a consumer or the WRITE of a producer. A mapping stays when its end is sent away.
 *
 * The kernel does not look at the memory; struct capipc_ring_header says how the
 * ends use it. Each has to expect anything in what the other can write, now, and to
 * change at any time. The memory is charged to the maker like that of a buffer.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EMSGSIZE (larger than this kernel allows),
 * EDQUOT, ENOMEM.
 */
struct capipc_create_data_pipe {
	__u32 size;
	__u32 flags;
	__u32 element_bytes;
	__u32 elements;
	__u32 handle[2];
	__u64 cookie[2];
};

/**
 * struct capipc_ring_header - what an end of a data pipe tells the other
 * @position: how many elements it has written, or read, since ever, modulo 2^32
 * @wake: signal it when the position of the other end gets here
 *
 * Element n of all is at place n modulo the number of elements of the ring. There
 * are producer minus consumer elements to be read; more than the ring holds is nonsense.
 *
 * An end that has written (or read) stores its new position, then a full memory
 * barrier, then it reads @wake of the other end. If that is after its old position and not
 * after the new one, it makes a CAPIPC_IOC_SIGNAL. An end that is going to wait stores
 * @wake, then a full barrier, then it looks at the position of the other end
 * once more, and only then waits, with CAPIPC_IOC_RECEIVE.
 */
struct capipc_ring_header {
	__u32 position;
	__u32 wake;
};

/**
 * struct capipc_signal - CAPIPC_IOC_SIGNAL: let the other end look at the ring
 * @size: size of the struct as the caller knows it
 * @flags: must be zero
 * @handle: a producer with %CAPIPC_RIGHT_WRITE, or a consumer with %CAPIPC_RIGHT_READ
 * @reserved: must be zero
 *
 * Who holds the other end receives WRITABLE or READABLE from it.
 *
 * Errors: EPERM, EINVAL, E2BIG, EFAULT, EBADF, EBUSY, EPROTOTYPE, EPIPE.
 */
struct capipc_signal {
	__u32 size;
	__u32 flags;
	__u32 handle;
	__u32 reserved;
};

/*
 * The numbers do not encode the size of the struct, which may grow: the size
 * member does.
 */
#define CAPIPC_IOC_TYPE		0xc1

#define CAPIPC_IOC_INFO		_IO(CAPIPC_IOC_TYPE, 0x00)
#define CAPIPC_IOC_CREATE	_IO(CAPIPC_IOC_TYPE, 0x01)
#define CAPIPC_IOC_CLOSE	_IO(CAPIPC_IOC_TYPE, 0x02)
#define CAPIPC_IOC_TAG		_IO(CAPIPC_IOC_TYPE, 0x03)
#define CAPIPC_IOC_INSPECT	_IO(CAPIPC_IOC_TYPE, 0x04)
#define CAPIPC_IOC_SEND		_IO(CAPIPC_IOC_TYPE, 0x05)
#define CAPIPC_IOC_CALL		_IO(CAPIPC_IOC_TYPE, 0x06)
#define CAPIPC_IOC_REPLY	_IO(CAPIPC_IOC_TYPE, 0x07)
#define CAPIPC_IOC_RECEIVE	_IO(CAPIPC_IOC_TYPE, 0x08)
#define CAPIPC_IOC_LISTEN	_IO(CAPIPC_IOC_TYPE, 0x09)
#define CAPIPC_IOC_CONNECT	_IO(CAPIPC_IOC_TYPE, 0x0a)
#define CAPIPC_IOC_RESTRICT	_IO(CAPIPC_IOC_TYPE, 0x0b)
#define CAPIPC_IOC_EXPLAIN	_IO(CAPIPC_IOC_TYPE, 0x0c)
#define CAPIPC_IOC_QUERY	_IO(CAPIPC_IOC_TYPE, 0x0d)
#define CAPIPC_IOC_REPORT	_IO(CAPIPC_IOC_TYPE, 0x0e)
#define CAPIPC_IOC_INVITE	_IO(CAPIPC_IOC_TYPE, 0x0f)
#define CAPIPC_IOC_ACCEPT	_IO(CAPIPC_IOC_TYPE, 0x10)
#define CAPIPC_IOC_REPLACE	_IO(CAPIPC_IOC_TYPE, 0x11)
#define CAPIPC_IOC_ATTENUATE	_IO(CAPIPC_IOC_TYPE, 0x13)
#define CAPIPC_IOC_CONFINE	_IO(CAPIPC_IOC_TYPE, 0x14)
#define CAPIPC_IOC_DUPLICATE	_IO(CAPIPC_IOC_TYPE, 0x12)
#define CAPIPC_IOC_FUSE		_IO(CAPIPC_IOC_TYPE, 0x15)
#define CAPIPC_IOC_CREATE_BUFFER _IO(CAPIPC_IOC_TYPE, 0x16)
#define CAPIPC_IOC_CREATE_DATA_PIPE _IO(CAPIPC_IOC_TYPE, 0x17)
#define CAPIPC_IOC_SIGNAL	_IO(CAPIPC_IOC_TYPE, 0x18)
#define CAPIPC_IOC_SEND_BATCH	_IO(CAPIPC_IOC_TYPE, 0x19)
#define CAPIPC_IOC_RECEIVE_BATCH _IO(CAPIPC_IOC_TYPE, 0x1a)

#endif /* _UAPI_LINUX_CAPIPC_H */
