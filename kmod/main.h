/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every file of the module shares, and the lock tree.
 *
 * Locks nest in this order only. None is ever taken from interrupt context.
 *
 *   process.lock (mutex)           contexts of one address space
 *     everything below             dismantling closes all that a context holds
 *   net.lock                       names of one network namespace
 *   net.contexts' xarray lock      contexts of one network namespace
 *   context.table.lock             handles of one context
 *   object lock                    of a pipe, listener, invitation or data pipe:
 *     |                            queue, holder, place in flight; one at a time,
 *     |                            but who fuses two pipes has both, by address
 *     +-- context.ready_lock       what a context can receive, and who waits for it
 *     +-- context.wait.lock        woken under the object lock, which keeps the
 *     |                            holder alive
 *     +-- endpoint.window.lock     woken under the object lock
 *     +-- invitation.wait.lock     likewise
 *     +-- transaction.lock         state of a call, and who waits for it
 *   user.lock of a subordinate     what it has given to its children
 *     user.lock of a user            likewise
 *       user.lock of the machine       likewise
 *   capipc_users_lock              which users there are
 *   roster's xarray lock           pipes and listeners by number
 *
 * capipc_limits_mutex is taken with none of these held, and user.lock and
 * capipc_users_lock inside of it.
 *
 * net.subscribe_lock (mutex) is taken by netlink requests and the end of netlink
 * sockets only, with nothing but the locks of its xarrays inside. Dumps and events
 * find contexts, objects and subscribers under RCU.
 *
 * Nobody waits for user memory under any of them: it is not touched, but that a sender may
 * read up to 64 KiB of its own under an object lock, with page faults disabled.
 * docs/locking.md tells why.
 */
#ifndef CAPIPC_MAIN_H
#define CAPIPC_MAIN_H

#include <linux/capipc.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "limits.h"

struct capipc_account;
struct capipc_attenuation;
struct capipc_confinement;
struct capipc_context;
struct capipc_data_end;
struct capipc_data_pipe;
struct capipc_endpoint;
struct capipc_guard;
struct capipc_ident;
struct capipc_invitation;
struct capipc_label;
struct capipc_listener;
struct capipc_memory;
struct capipc_message;
struct capipc_net;
struct capipc_object;
struct capipc_pipe;
struct capipc_process;
struct capipc_request;
struct capipc_ruleset;
struct capipc_transaction;
struct capipc_transfer;
struct capipc_user;
struct capipc_view;

#endif /* CAPIPC_MAIN_H */
