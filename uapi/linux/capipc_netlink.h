/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * capipc - generic netlink: what happens, and who holds what
 *
 * Family %CAPIPC_GENL_NAME, version %CAPIPC_GENL_VERSION. It speaks about the
 * network namespace of the socket: the names that are bound in it and the
 * contexts that were opened in it.
 *
 * Every request is validated strictly: unknown attributes, wrong sizes and
 * trailing bytes are refused, and the text in the extended ack says what is wrong.
 * Messages from the kernel may get more attributes: ignore those that you do not
 * know, and expect any but those marked "always" to be missing.
 *
 * User and group ids are those of a user namespace that is named in each case,
 * or the overflow id if they are not mapped there. Strings end with a NUL. Where
 * they are called *bytes* they may hold anything else: escape them before you show
 * them to a terminal.
 *
 * WHO SEES WHAT
 *
 * Who has CAP_SYS_ADMIN in the user namespace that owns the network namespace sees
 * everything in it. Anyone else sees its own: what belongs to contexts that its
 * real user id opened. What is not seen is not there (ENOENT). Whoever holds one
 * end of a pipe also learns of the other holder what the stamp of a message tells,
 * process and user, and the number of its context; not its handles, its program
 * or what it has beside this pipe. The numbers open nothing.
 *
 * In answers and in events to a subscriber, ids of users are in terms of the user
 * namespace of who opened the socket, process ids in terms of the pid namespace
 * of who asked (0 without a number there).
 *
 * DUMPS
 *
 * With NLM_F_DUMP there is one message for each thing, in the order of their
 * numbers. Numbers are not given twice, so what is there all the time is told exactly
 * once. A dump is no snapshot: what comes, moves or goes meanwhile may be in it or
 * not. If anything came or went between two parts of a dump, what follows has
 * NLM_F_DUMP_INTR. A process id or a number in an answer may be out of date when it is read.
 *
 *
 * CAPIPC_CMD_EVENT (multicast group %CAPIPC_GENL_GROUP_EVENTS, or to a subscriber)
 * --------------------------------------------------------------------------------
 *
 * There are two ways to be told of events. To join the multicast group takes
 * CAP_SYS_ADMIN in the user namespace that owns the network namespace; ids of users
 * and groups are then in terms of that one, process ids in terms of the initial pid
 * namespace. Anyone may subscribe (CAPIPC_CMD_SUBSCRIBE) to what is its own.
 *
 *    CAPIPC_EVENT_A_TYPE: u32, enum capipc_event_type, always
 *    CAPIPC_EVENT_A_TIME: u64, ns of CLOCK_BOOTTIME, always
 *    CAPIPC_EVENT_A_ACTOR: nest, who did it: the sender, the one who connected
 *        CAPIPC_ACTOR_A_STAMP_ID: u64, id of its stamps
 *        CAPIPC_ACTOR_A_UID: u32, effective user id
 *        CAPIPC_ACTOR_A_GID: u32, effective group id
 *        CAPIPC_ACTOR_A_CAPABILITIES: u64, effective capabilities as they count in
 *                                     the user namespace in terms of which ids
 *                                     are, bit n for capability n
 *        CAPIPC_ACTOR_A_FLAGS: u32, CAPIPC_STAMP_*
 *        CAPIPC_ACTOR_A_PID: u32, process id. The number may be in use again by
 *                            the time you read it: see the next
 *        CAPIPC_ACTOR_A_START_TIME: u64, when it started, ns of CLOCK_BOOTTIME
 *        CAPIPC_ACTOR_A_PROGRAM: nest, what it ran when it opened its context
 *            CAPIPC_PROGRAM_A_DEV: u64, as in stat(2)
 *            CAPIPC_PROGRAM_A_INO: u64, as in stat(2)
 *            CAPIPC_PROGRAM_A_PATH: bytes, where it is in the file system DEV,
 *                                   from the root of that file system and not
 *                                   from the root of any process: whoever runs
 *                                   it cannot choose that with chroot(2) or
 *                                   mounts. Missing if too long, for want of memory,
 *                                   and if it is another user's, unless you see
 *                                   everything and it lives in your user namespace
 *                                   or below
 *            CAPIPC_PROGRAM_A_DELETED: flag, it was unlinked
 *    CAPIPC_EVENT_A_REPORTER: nest as CAPIPC_EVENT_A_ACTOR, who reported a bad
 *                             message
 *    CAPIPC_EVENT_A_HOLDER: nest as CAPIPC_EVENT_A_ACTOR, who holds the receiving
 *                           end: who listens, who would have received a denied
 *                           message. Its ids are those with which it received last.
 *                           Missing while nobody holds it
 *    CAPIPC_EVENT_A_OBJECT: u64, number of the pipe or listener
 *    CAPIPC_EVENT_A_CONTEXT: u64, number of the context on the other side; of a
 *                            quota: of the one that it ran out for
 *    CAPIPC_EVENT_A_NAME: string, name of the listener
 *    CAPIPC_EVENT_A_FACET: u32, facet of the connection
 *    CAPIPC_EVENT_A_ORDINAL: u32, method of a denied message
 *    CAPIPC_EVENT_A_RULE_LIST: u32, enum capipc_rule_list, which list of rules denies
 *    CAPIPC_EVENT_A_RULES_COUNT: u32, how many rules it has
 *    CAPIPC_EVENT_A_RULE: u32, index of the rule that comes nearest: it is about
 *                         this method and facet, and the least of it does not hold.
 *                         Missing if no rule is about them, and for an
 *                         attenuation, which has no rules but ordinals
 *    CAPIPC_EVENT_A_RULE_UNMET: u32, CAPIPC_MATCH_*, what of that rule does not hold;
 *                               0 if it does by now
 *    CAPIPC_EVENT_A_VERDICT: u32, enum capipc_report_verdict
 *    CAPIPC_EVENT_A_REASON: bytes, why, as the reporter put it
 *    CAPIPC_EVENT_A_RESOURCE: string, what ran out
 *    CAPIPC_EVENT_A_AMOUNT: u64, how much of it was asked for
 *    CAPIPC_EVENT_A_LIMIT: u64, how much of it there may be
 *    CAPIPC_EVENT_A_UID: u32, real user id whose account it is that is full
 *    CAPIPC_EVENT_A_INVITATION: u64, number of the invitation that was accepted, or
 *                               that the actor was denied to accept
 *
 * Whoever causes an event never waits for who listens, so events can be lost. Each
 * way in which that happens is told:
 *
 *    CAPIPC_EVENT_A_LOST: u64, to the group: so many events since the module was
 *                         loaded, in all network namespaces, could not be told for
 *                         want of memory; missing while there are none
 *    CAPIPC_EVENT_A_MISSED: u64, to a subscriber: so many events that it asked for
 *                           are missing before this one, for want of memory or
 *                           because its socket was full
 *    CAPIPC_EVENT_A_DROPPED: u64, so many events have not been told, because whoever
 *                            caused them causes too many: to the group, in this
 *                            network namespace since it was made; to a subscriber,
 *                            of those that it asked for, before this one. Missing
 *                            while there are none
 *    CAPIPC_EVENT_A_DROPPED_OF_USER: u64, to the group: so many of them, in all
 *                                    network namespaces, were caused by the user who
 *                                    pays for the context that caused this event
 *
 * A socket that does not read fast enough finds ENOBUFS once, as with all of
 * netlink, and with what comes next a subscriber learns how many events it missed.
 *
 *
 * CAPIPC_CMD_SUBSCRIBE
 * --------------------
 *
 * The socket that asks will be told of events from the acknowledgment on, until it
 * is closed or unsubscribes: of all in its network namespace if it sees everything
 * (which is found out now), else of those in which its own real user id takes part,
 * as the one who did it, as the holder of the receiving end, as the reporter or
 * as the owner of the account. Everything that is named must hold:
 *
 *    CAPIPC_SUBSCRIBE_A_TYPES: u32, bit n for type n of enum capipc_event_type; all
 *                              if missing
 *    CAPIPC_SUBSCRIBE_A_UID: u32, only what this real user id did
 *    CAPIPC_SUBSCRIBE_A_PID: u32, only what this process did; the process, not
 *                            whoever has its number later
 *    CAPIPC_SUBSCRIBE_A_OBJECT: u64, only about the pipe or listener of this number
 *    CAPIPC_SUBSCRIBE_A_NAME: string, only about the listener of this name
 *
 * Errors: EEXIST, it has subscribed already; EDQUOT, 16 sockets of its user have, in
 * this network namespace; ESRCH, no such process; EINVAL; ENOMEM.
 *
 *
 * CAPIPC_CMD_UNSUBSCRIBE
 * ----------------------
 *
 * Takes no attributes. After the acknowledgment nothing more is sent; what is in the
 * socket already stays. Errors: ENOENT, it has not subscribed; EINVAL.
 *
 *
 * CAPIPC_CMD_GET_CONTEXT (NLM_F_DUMP, or without it for one)
 * ----------------------------------------------------------
 *
 * Request:
 *
 *    CAPIPC_CONTEXT_A_ID: u64, the one; not in a dump, required otherwise
 *
 * Answer, one message for each context:
 *
 *    CAPIPC_CONTEXT_A_ID: u64, its number, as in struct capipc_info, always
 *    CAPIPC_CONTEXT_A_UID: u32, real user id of who opened it, always
 *    CAPIPC_CONTEXT_A_PID: u32, the process that opened it
 *    CAPIPC_CONTEXT_A_PROGRAM: nest, what it ran then, as above
 *    CAPIPC_CONTEXT_A_HANDLES: u32, number of its handles
 *    CAPIPC_CONTEXT_A_READY: flag, it has something to receive
 *    CAPIPC_CONTEXT_A_BYTES_CHARGED: u64, bytes that it pays for
 *    CAPIPC_CONTEXT_A_BYTES_LIMIT: u64, how many that may be
 *    CAPIPC_CONTEXT_A_HANDLES_CHARGED: u64, handles that it pays for, those in flight
 *                                      included
 *    CAPIPC_CONTEXT_A_HANDLES_LIMIT: u64, how many that may be
 *
 *
 * CAPIPC_CMD_GET_HANDLE (NLM_F_DUMP)
 * ----------------------------------
 *
 * The handles of the contexts that CAPIPC_CMD_GET_CONTEXT would show. What is in
 * flight is in no context; CAPIPC_CMD_GET_PIPE tells.
 *
 * Request:
 *
 *    CAPIPC_HANDLE_A_CONTEXT: u64, of this context only; ENOENT if there is none
 *
 * Answer, one message for each handle, those of one context in a row:
 *
 *    CAPIPC_HANDLE_A_CONTEXT: u64, number of its context, always
 *    CAPIPC_HANDLE_A_HANDLE: u32, its value there, always
 *    CAPIPC_HANDLE_A_KIND: u32, enum capipc_kind, always
 *    CAPIPC_HANDLE_A_RIGHTS: u32, CAPIPC_RIGHT_*, always
 *    CAPIPC_HANDLE_A_OBJECT: u64, number of the pipe, listener, invitation, buffer or
 *      data pipe
 *    CAPIPC_HANDLE_A_QUEUED: u32, messages or connections to be received from it
 *  an endpoint:
 *    CAPIPC_HANDLE_A_END: u32, which end of the pipe: 0 or 1
 *    CAPIPC_HANDLE_A_BYTES: u64, bytes that these messages take of the window
 *    CAPIPC_HANDLE_A_FACET: u32, its facet
 *    CAPIPC_HANDLE_A_RULES: flag, rules have been set on it
 *    CAPIPC_HANDLE_A_PEER: u32, enum capipc_peer_state
 *    CAPIPC_HANDLE_A_PEER_CONTEXT: u64, the context that holds the other end
 *    CAPIPC_HANDLE_A_PEER_INSIDE: u64, number of the pipe or listener in whose
 *                                 queue, or of the invitation in which, the
 *                                 other end waits, if you may see that
 *  a listener:
 *    CAPIPC_HANDLE_A_NAME: string, its name
 *    CAPIPC_HANDLE_A_BACKLOG: u32, connections that may wait
 *  a buffer:
 *    CAPIPC_HANDLE_A_BYTES: u64, its size
 *  an end of a data pipe:
 *    CAPIPC_HANDLE_A_BYTES: u64, size of the ring
 *    CAPIPC_HANDLE_A_PEER, _PEER_CONTEXT, _PEER_INSIDE: as of an endpoint
 *
 *
 * CAPIPC_CMD_GET_PIPE (NLM_F_DUMP, or without it for one)
 * -------------------------------------------------------
 *
 * The pipes of which a context that you see holds an end. A pipe that nobody holds,
 * since both its ends are in flight (or one is and the other is closed), is seen by
 * who sees everything in the network namespace in which it was made.
 *
 * Request:
 *
 *    CAPIPC_PIPE_A_ID: u64, the one; not in a dump, required otherwise
 *    CAPIPC_PIPE_A_CONTEXT: u64, in a dump: only those of which this context holds
 *                           an end; ENOENT if there is none
 *
 * Answer, one message for each pipe:
 *
 *    CAPIPC_PIPE_A_ID: u64, its number, always
 *    CAPIPC_PIPE_A_CUT: flag, a message over it was reported: it is closed both ways
 *    CAPIPC_PIPE_A_END: nest, twice, end 0 and end 1, always
 *        CAPIPC_END_A_INDEX: u32, 0 or 1; of a pipe made by connecting, 0 is the
 *                            client's, always
 *        CAPIPC_END_A_STATE: u32, enum capipc_peer_state, always
 *        CAPIPC_END_A_HOLDER: nest, who holds it
 *            CAPIPC_HOLDER_A_CONTEXT: u64, number of its context, always
 *            CAPIPC_HOLDER_A_UID: u32, real user id of who opened that, always
 *            CAPIPC_HOLDER_A_PID: u32, the process that opened it, always
 *        CAPIPC_END_A_HANDLE: u32, its handle there, if you see that context
 *        CAPIPC_END_A_RIGHTS: u32, CAPIPC_RIGHT_* of that handle, likewise
 *        CAPIPC_END_A_INSIDE: u64, in flight: number of the pipe or listener in whose
 *                             queue, or of the invitation in which, it waits, if
 *                             you may see that. Missing in a reply
 *        CAPIPC_END_A_INSIDE_END: u32, with it: which end of that pipe, 0 or 1
 *        CAPIPC_END_A_QUEUED: u32, messages to be received from it, always
 *        CAPIPC_END_A_BYTES: u64, bytes that these take of its window, and messages
 *                            that are just being sent to it, always
 *        CAPIPC_END_A_FACET: u32, its facet, always
 *        CAPIPC_END_A_RULES: flag, rules have been set on it
 *
 *
 * CAPIPC_CMD_GET_LISTENER (NLM_F_DUMP, or without it for one)
 * -----------------------------------------------------------
 *
 * The listeners whose names are bound in the network namespace, which you have bound
 * or a context that you see holds.
 *
 * Request: nothing in a dump, else one of
 *
 *    CAPIPC_LISTENER_A_ID: u64, the one with this number
 *    CAPIPC_LISTENER_A_NAME: string, the one with this name
 *
 * Answer, one message for each listener:
 *
 *    CAPIPC_LISTENER_A_ID: u64, its number, always
 *    CAPIPC_LISTENER_A_NAME: string, its name, always
 *    CAPIPC_LISTENER_A_UID: u32, real user id that bound it, and pays for it, always
 *    CAPIPC_LISTENER_A_STATE: u32, enum capipc_peer_state, always
 *    CAPIPC_LISTENER_A_HOLDER: nest, who holds it, as above
 *    CAPIPC_LISTENER_A_HANDLE: u32, its handle there, if you see that context
 *    CAPIPC_LISTENER_A_INSIDE: u64, in flight: as CAPIPC_END_A_INSIDE
 *    CAPIPC_LISTENER_A_INSIDE_END: u32, with it: as CAPIPC_END_A_INSIDE_END
 *    CAPIPC_LISTENER_A_QUEUED: u32, connections that wait, always
 *    CAPIPC_LISTENER_A_BACKLOG: u32, connections that may wait, always
 *    CAPIPC_LISTENER_A_RULES: u32, how many rules say who may connect, always
 *    CAPIPC_LISTENER_A_ENDPOINT_RULES: u32, how many rules its endpoints have
 *
 *
 * CAPIPC_CMD_GET_USER (NLM_F_DUMP, or without it for one)
 * -------------------------------------------------------
 *
 * What users have and may have, over all network namespaces. Who has
 * CAP_SYS_ADMIN in the initial user namespace sees all users, anyone else its own
 * real user id and those that are subordinate to it: the ids, other than its own,
 * of user namespaces that it made. To ask for another one is EPERM. Ids are in
 * terms of the user namespace of the socket.
 *
 * Request:
 *
 *    CAPIPC_USER_A_UID: u32, the one; not in a dump, required otherwise. A user
 *                       that has nothing is told as well
 *    CAPIPC_USER_A_OWNER: u32, it is meant as a subordinate of this one
 *
 * Answer, one message for each user; a dump begins, for who sees all users, with
 * the machine as a whole:
 *
 *    CAPIPC_USER_A_MACHINE: flag, this is about the machine, not about a user
 *    CAPIPC_USER_A_UID: u32, real user id; always, but for the machine
 *    CAPIPC_USER_A_OWNER: u32, the user that it is subordinate to
 *    CAPIPC_USER_A_BYTES: nest, kernel memory, always
 *        CAPIPC_AMOUNT_A_USED: u64, in use: of a user, by its contexts that are
 *                              open, and left behind by others; and what its
 *                              subordinate users have been granted
 *        CAPIPC_AMOUNT_A_GRANT: u64, granted by its user, or by the machine
 *        CAPIPC_AMOUNT_A_RESERVE: u64, what it can always have
 *        CAPIPC_AMOUNT_A_LIMIT: u64, what it can have at most
 *    CAPIPC_USER_A_HANDLES: nest, likewise
 *    CAPIPC_USER_A_LISTENERS: nest, likewise: names that are bound
 *    CAPIPC_USER_A_CONTEXTS: u64, contexts and subordinate users; of the machine:
 *                            users, without root and subordinate users
 *    CAPIPC_USER_A_FILES: u64, files in flight
 *    CAPIPC_USER_A_DROPPED: u64, events that have not been told because it causes
 *                           too many
 *    CAPIPC_USER_A_LIMITS: nest, all its limits; of the machine those that there are:
 *                          BYTES, HANDLES, LISTENERS, and CONTEXTS for users
 *        CAPIPC_LIMIT_A_BYTES: u64, bytes of kernel memory
 *        CAPIPC_LIMIT_A_BYTES_PER_CONTEXT: u64, likewise, of each of its contexts
 *        CAPIPC_LIMIT_A_HANDLES: u64
 *        CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT: u64
 *        CAPIPC_LIMIT_A_LISTENERS: u64
 *        CAPIPC_LIMIT_A_CONTEXTS: u64
 *        CAPIPC_LIMIT_A_FILES: u64
 *        CAPIPC_LIMIT_A_CONNECT_RATE: u64, connections in a second
 *        CAPIPC_LIMIT_A_CONNECT_BURST: u64, connections at once
 *        CAPIPC_LIMIT_A_EVENT_RATE: u64, events of each type in a second
 *        CAPIPC_LIMIT_A_EVENT_BURST: u64, at once
 *    CAPIPC_USER_A_LIMITS_SET: nest, those that have been set for this user
 *
 *
 * CAPIPC_CMD_SET_USER
 * -------------------
 *
 * Set limits of a user. Takes CAP_SYS_ADMIN in the initial user namespace (EPERM).
 * They hold whether the user has anything now or not, until they are set to
 * something else or the module is removed. All are set, or none.
 *
 * Request:
 *
 *    CAPIPC_USER_A_UID: u32, the user, in terms of the user namespace of the
 *                       socket, required
 *    CAPIPC_USER_A_LIMITS: nest, as above: those to be set, at least one. A value
 *                          of %CAPIPC_LIMIT_DEFAULT: as if it had not been set.
 *                          ERANGE if it is larger than can be
 *
 *
 * CAPIPC_CMD_GET_ACCOUNT (NLM_F_DUMP)
 * -----------------------------------
 *
 * What the open contexts have of the users that CAPIPC_CMD_GET_USER would show.
 *
 * Request: nothing.
 *
 * Answer, one message for each context:
 *
 *    CAPIPC_ACCOUNT_A_CONTEXT: u64, number of the context, always
 *    CAPIPC_ACCOUNT_A_UID: u32, real user id of who opened it, always
 *    CAPIPC_ACCOUNT_A_OWNER: u32, the user that this one is subordinate to
 *    CAPIPC_ACCOUNT_A_BYTES: nest as CAPIPC_USER_A_BYTES, always
 *    CAPIPC_ACCOUNT_A_HANDLES: nest, likewise
 *    CAPIPC_ACCOUNT_A_LISTENERS: nest, likewise
 *    CAPIPC_ACCOUNT_A_FILES: u64, files in flight
 */
#ifndef _UAPI_LINUX_CAPIPC_NETLINK_H
#define _UAPI_LINUX_CAPIPC_NETLINK_H

#define CAPIPC_GENL_NAME		"capipc"
#define CAPIPC_GENL_VERSION		1
#define CAPIPC_GENL_GROUP_EVENTS	"events"

enum capipc_cmd {
	CAPIPC_CMD_UNSPEC,
	CAPIPC_CMD_EVENT,
	CAPIPC_CMD_GET_CONTEXT,
	CAPIPC_CMD_GET_HANDLE,
	CAPIPC_CMD_GET_USER,
	CAPIPC_CMD_SET_USER,
	CAPIPC_CMD_GET_ACCOUNT,
	CAPIPC_CMD_GET_PIPE,
	CAPIPC_CMD_GET_LISTENER,
	CAPIPC_CMD_SUBSCRIBE,
	CAPIPC_CMD_UNSUBSCRIBE,

	/* private: */
	__CAPIPC_CMD_MAX,
	CAPIPC_CMD_MAX = __CAPIPC_CMD_MAX - 1
};

/* What happened. */
enum capipc_event_type {
	CAPIPC_EVENT_UNSPEC,
	CAPIPC_EVENT_CONNECT,		/* the actor was let in: NAME, FACET */
	CAPIPC_EVENT_ACCEPT,		/* its connection was received: NAME, FACET;
					 * or it accepted an INVITATION
					 */
	CAPIPC_EVENT_DENY,		/* rules deny: to connect if there is a NAME,
					 * to accept if there is an INVITATION,
					 * to send if there is an ORDINAL, else to
					 * receive an endpoint; see RULE_LIST
					 */
	CAPIPC_EVENT_BAD_MESSAGE,	/* what it sent was reported: REPORTER,
					 * VERDICT, REASON
					 */
	CAPIPC_EVENT_KILL,		/* and it was killed for it */
	CAPIPC_EVENT_QUOTA,		/* an account is full: UID, RESOURCE, AMOUNT,
					 * LIMIT
					 */

	/* private: */
	__CAPIPC_EVENT_MAX,
	CAPIPC_EVENT_MAX = __CAPIPC_EVENT_MAX - 1
};

/* Which list of rules denies. */
enum capipc_rule_list {
	CAPIPC_RULE_LIST_UNSPEC,
	CAPIPC_RULE_LIST_LISTENER,	/* who may connect */
	CAPIPC_RULE_LIST_ENDPOINT,	/* who may send what */
	CAPIPC_RULE_LIST_ATTENUATION,	/* what may be sent with this handle */
	CAPIPC_RULE_LIST_INVITATION,	/* who may accept */
	CAPIPC_RULE_LIST_CONFINEMENT,	/* who may receive this endpoint */
};

/* Where an end of a pipe, or a listener, is. */
enum capipc_peer_state {
	CAPIPC_PEER_UNSPEC,
	CAPIPC_PEER_HELD,		/* a context holds it */
	CAPIPC_PEER_IN_FLIGHT,		/* in a message that waits to be received */
	CAPIPC_PEER_CLOSED,		/* closed */
};

enum capipc_event_attr {
	CAPIPC_EVENT_A_UNSPEC,
	CAPIPC_EVENT_A_PAD,		/* 64 bit alignment */
	CAPIPC_EVENT_A_TYPE,
	CAPIPC_EVENT_A_TIME,
	CAPIPC_EVENT_A_ACTOR,
	CAPIPC_EVENT_A_REPORTER,
	CAPIPC_EVENT_A_OBJECT,
	CAPIPC_EVENT_A_CONTEXT,
	CAPIPC_EVENT_A_NAME,
	CAPIPC_EVENT_A_FACET,
	CAPIPC_EVENT_A_ORDINAL,
	CAPIPC_EVENT_A_VERDICT,
	CAPIPC_EVENT_A_REASON,
	CAPIPC_EVENT_A_RESOURCE,
	CAPIPC_EVENT_A_AMOUNT,
	CAPIPC_EVENT_A_LIMIT,
	CAPIPC_EVENT_A_UID,
	CAPIPC_EVENT_A_LOST,
	CAPIPC_EVENT_A_INVITATION,
	CAPIPC_EVENT_A_DROPPED,
	CAPIPC_EVENT_A_DROPPED_OF_USER,
	CAPIPC_EVENT_A_MISSED,
	CAPIPC_EVENT_A_HOLDER,
	CAPIPC_EVENT_A_RULE_LIST,
	CAPIPC_EVENT_A_RULES_COUNT,
	CAPIPC_EVENT_A_RULE,
	CAPIPC_EVENT_A_RULE_UNMET,

	/* private: */
	__CAPIPC_EVENT_A_MAX,
	CAPIPC_EVENT_A_MAX = __CAPIPC_EVENT_A_MAX - 1
};

enum capipc_actor_attr {
	CAPIPC_ACTOR_A_UNSPEC,
	CAPIPC_ACTOR_A_PAD,
	CAPIPC_ACTOR_A_STAMP_ID,
	CAPIPC_ACTOR_A_UID,
	CAPIPC_ACTOR_A_GID,
	CAPIPC_ACTOR_A_CAPABILITIES,
	CAPIPC_ACTOR_A_PID,
	CAPIPC_ACTOR_A_START_TIME,
	CAPIPC_ACTOR_A_PROGRAM,
	CAPIPC_ACTOR_A_FLAGS,

	/* private: */
	__CAPIPC_ACTOR_A_MAX,
	CAPIPC_ACTOR_A_MAX = __CAPIPC_ACTOR_A_MAX - 1
};

enum capipc_program_attr {
	CAPIPC_PROGRAM_A_UNSPEC,
	CAPIPC_PROGRAM_A_PAD,
	CAPIPC_PROGRAM_A_DEV,
	CAPIPC_PROGRAM_A_INO,
	CAPIPC_PROGRAM_A_PATH,
	CAPIPC_PROGRAM_A_DELETED,

	/* private: */
	__CAPIPC_PROGRAM_A_MAX,
	CAPIPC_PROGRAM_A_MAX = __CAPIPC_PROGRAM_A_MAX - 1
};

enum capipc_context_attr {
	CAPIPC_CONTEXT_A_UNSPEC,
	CAPIPC_CONTEXT_A_PAD,
	CAPIPC_CONTEXT_A_ID,
	CAPIPC_CONTEXT_A_UID,
	CAPIPC_CONTEXT_A_PID,
	CAPIPC_CONTEXT_A_PROGRAM,
	CAPIPC_CONTEXT_A_HANDLES,
	CAPIPC_CONTEXT_A_READY,
	CAPIPC_CONTEXT_A_BYTES_CHARGED,
	CAPIPC_CONTEXT_A_BYTES_LIMIT,
	CAPIPC_CONTEXT_A_HANDLES_CHARGED,
	CAPIPC_CONTEXT_A_HANDLES_LIMIT,

	/* private: */
	__CAPIPC_CONTEXT_A_MAX,
	CAPIPC_CONTEXT_A_MAX = __CAPIPC_CONTEXT_A_MAX - 1
};

enum capipc_handle_attr {
	CAPIPC_HANDLE_A_UNSPEC,
	CAPIPC_HANDLE_A_PAD,
	CAPIPC_HANDLE_A_CONTEXT,
	CAPIPC_HANDLE_A_HANDLE,
	CAPIPC_HANDLE_A_KIND,
	CAPIPC_HANDLE_A_RIGHTS,
	CAPIPC_HANDLE_A_OBJECT,
	CAPIPC_HANDLE_A_QUEUED,
	CAPIPC_HANDLE_A_END,
	CAPIPC_HANDLE_A_BYTES,
	CAPIPC_HANDLE_A_FACET,
	CAPIPC_HANDLE_A_RULES,
	CAPIPC_HANDLE_A_PEER,
	CAPIPC_HANDLE_A_PEER_CONTEXT,
	CAPIPC_HANDLE_A_PEER_INSIDE,
	CAPIPC_HANDLE_A_NAME,
	CAPIPC_HANDLE_A_BACKLOG,

	/* private: */
	__CAPIPC_HANDLE_A_MAX,
	CAPIPC_HANDLE_A_MAX = __CAPIPC_HANDLE_A_MAX - 1
};

enum capipc_user_attr {
	CAPIPC_USER_A_UNSPEC,
	CAPIPC_USER_A_PAD,
	CAPIPC_USER_A_MACHINE,
	CAPIPC_USER_A_UID,
	CAPIPC_USER_A_OWNER,
	CAPIPC_USER_A_BYTES,
	CAPIPC_USER_A_HANDLES,
	CAPIPC_USER_A_LISTENERS,
	CAPIPC_USER_A_CONTEXTS,
	CAPIPC_USER_A_FILES,
	CAPIPC_USER_A_DROPPED,
	CAPIPC_USER_A_LIMITS,
	CAPIPC_USER_A_LIMITS_SET,

	/* private: */
	__CAPIPC_USER_A_MAX,
	CAPIPC_USER_A_MAX = __CAPIPC_USER_A_MAX - 1
};

enum capipc_account_attr {
	CAPIPC_ACCOUNT_A_UNSPEC,
	CAPIPC_ACCOUNT_A_PAD,
	CAPIPC_ACCOUNT_A_CONTEXT,
	CAPIPC_ACCOUNT_A_UID,
	CAPIPC_ACCOUNT_A_OWNER,
	CAPIPC_ACCOUNT_A_BYTES,
	CAPIPC_ACCOUNT_A_HANDLES,
	CAPIPC_ACCOUNT_A_LISTENERS,
	CAPIPC_ACCOUNT_A_FILES,

	/* private: */
	__CAPIPC_ACCOUNT_A_MAX,
	CAPIPC_ACCOUNT_A_MAX = __CAPIPC_ACCOUNT_A_MAX - 1
};

enum capipc_amount_attr {
	CAPIPC_AMOUNT_A_UNSPEC,
	CAPIPC_AMOUNT_A_PAD,
	CAPIPC_AMOUNT_A_USED,
	CAPIPC_AMOUNT_A_GRANT,
	CAPIPC_AMOUNT_A_RESERVE,
	CAPIPC_AMOUNT_A_LIMIT,

	/* private: */
	__CAPIPC_AMOUNT_A_MAX,
	CAPIPC_AMOUNT_A_MAX = __CAPIPC_AMOUNT_A_MAX - 1
};

/* As the value of a limit: what the module parameter says. */
#define CAPIPC_LIMIT_DEFAULT	(~0ULL)

enum capipc_limit_attr {
	CAPIPC_LIMIT_A_UNSPEC,
	CAPIPC_LIMIT_A_PAD,
	CAPIPC_LIMIT_A_BYTES,
	CAPIPC_LIMIT_A_BYTES_PER_CONTEXT,
	CAPIPC_LIMIT_A_HANDLES,
	CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT,
	CAPIPC_LIMIT_A_LISTENERS,
	CAPIPC_LIMIT_A_CONTEXTS,
	CAPIPC_LIMIT_A_FILES,
	CAPIPC_LIMIT_A_CONNECT_RATE,
	CAPIPC_LIMIT_A_CONNECT_BURST,
	CAPIPC_LIMIT_A_EVENT_RATE,
	CAPIPC_LIMIT_A_EVENT_BURST,

	/* private: */
	__CAPIPC_LIMIT_A_MAX,
	CAPIPC_LIMIT_A_MAX = __CAPIPC_LIMIT_A_MAX - 1
};

enum capipc_subscribe_attr {
	CAPIPC_SUBSCRIBE_A_UNSPEC,
	CAPIPC_SUBSCRIBE_A_PAD,
	CAPIPC_SUBSCRIBE_A_TYPES,
	CAPIPC_SUBSCRIBE_A_UID,
	CAPIPC_SUBSCRIBE_A_PID,
	CAPIPC_SUBSCRIBE_A_OBJECT,
	CAPIPC_SUBSCRIBE_A_NAME,

	/* private: */
	__CAPIPC_SUBSCRIBE_A_MAX,
	CAPIPC_SUBSCRIBE_A_MAX = __CAPIPC_SUBSCRIBE_A_MAX - 1
};

enum capipc_holder_attr {
	CAPIPC_HOLDER_A_UNSPEC,
	CAPIPC_HOLDER_A_PAD,
	CAPIPC_HOLDER_A_CONTEXT,
	CAPIPC_HOLDER_A_UID,
	CAPIPC_HOLDER_A_PID,

	/* private: */
	__CAPIPC_HOLDER_A_MAX,
	CAPIPC_HOLDER_A_MAX = __CAPIPC_HOLDER_A_MAX - 1
};

enum capipc_pipe_attr {
	CAPIPC_PIPE_A_UNSPEC,
	CAPIPC_PIPE_A_PAD,
	CAPIPC_PIPE_A_ID,
	CAPIPC_PIPE_A_CONTEXT,
	CAPIPC_PIPE_A_CUT,
	CAPIPC_PIPE_A_END,

	/* private: */
	__CAPIPC_PIPE_A_MAX,
	CAPIPC_PIPE_A_MAX = __CAPIPC_PIPE_A_MAX - 1
};

enum capipc_end_attr {
	CAPIPC_END_A_UNSPEC,
	CAPIPC_END_A_PAD,
	CAPIPC_END_A_INDEX,
	CAPIPC_END_A_STATE,
	CAPIPC_END_A_HOLDER,
	CAPIPC_END_A_HANDLE,
	CAPIPC_END_A_RIGHTS,
	CAPIPC_END_A_INSIDE,
	CAPIPC_END_A_QUEUED,
	CAPIPC_END_A_BYTES,
	CAPIPC_END_A_FACET,
	CAPIPC_END_A_RULES,
	CAPIPC_END_A_INSIDE_END,

	/* private: */
	__CAPIPC_END_A_MAX,
	CAPIPC_END_A_MAX = __CAPIPC_END_A_MAX - 1
};

enum capipc_listener_attr {
	CAPIPC_LISTENER_A_UNSPEC,
	CAPIPC_LISTENER_A_PAD,
	CAPIPC_LISTENER_A_ID,
	CAPIPC_LISTENER_A_NAME,
	CAPIPC_LISTENER_A_UID,
	CAPIPC_LISTENER_A_STATE,
	CAPIPC_LISTENER_A_HOLDER,
	CAPIPC_LISTENER_A_HANDLE,
	CAPIPC_LISTENER_A_INSIDE,
	CAPIPC_LISTENER_A_QUEUED,
	CAPIPC_LISTENER_A_BACKLOG,
	CAPIPC_LISTENER_A_RULES,
	CAPIPC_LISTENER_A_ENDPOINT_RULES,
	CAPIPC_LISTENER_A_INSIDE_END,

	/* private: */
	__CAPIPC_LISTENER_A_MAX,
	CAPIPC_LISTENER_A_MAX = __CAPIPC_LISTENER_A_MAX - 1
};

#endif /* _UAPI_LINUX_CAPIPC_NETLINK_H */
