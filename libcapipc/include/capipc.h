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
 *
 * HEADERS
 *
 * This one includes all of the others, which have a noun each:
 *
 *	capipc/context.h	contexts, their handles, deadlines
 *	capipc/endpoint.h	pipes: sending, calling, fusing, giving less
 *	capipc/message.h	messages: built or received, then read
 *	capipc/receive.h	receiving, replying
 *	capipc/batch.h		several messages at once
 *	capipc/rules.h		allow lists, for listeners and endpoints
 *	capipc/listener.h	names: listening, connecting
 *	capipc/peer.h		who exactly sent that
 *	capipc/dispatcher.h	what a server does with all that it receives
 *	capipc/loop.h		a small event loop
 *	capipc/buffer.h		shared buffers
 *	capipc/data_pipe.h	rings in shared memory
 *	capipc/invitation.h	letting a process in
 *
 * Programs include <capipc.h>. What the others share is in capipc/base.h.
 */
#ifndef CAPIPC_H
#define CAPIPC_H

#include <capipc/batch.h>
#include <capipc/buffer.h>
#include <capipc/context.h>
#include <capipc/data_pipe.h>
#include <capipc/dispatcher.h>
#include <capipc/endpoint.h>
#include <capipc/invitation.h>
#include <capipc/listener.h>
#include <capipc/loop.h>
#include <capipc/message.h>
#include <capipc/peer.h>
#include <capipc/receive.h>
#include <capipc/rules.h>

#endif /* CAPIPC_H */
