/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contexts: one open of the device.
 *
 * A context belongs to the address space that opened it. It is dismantled when
 * that goes (process.c) or when the file does, whatever comes first; the struct
 * itself lives as long as the file.
 */
#ifndef CAPIPC_CONTEXT_H
#define CAPIPC_CONTEXT_H

#include <linux/fs.h>
#include <linux/mm_types.h>
#include <net/net_namespace.h>

#include "account.h"
#include "ident.h"
#include "main.h"
#include "process.h"
#include "ready.h"
#include "table.h"
#include "waiter.h"

/**
 * struct capipc_context - an open of the device
 * @process: the address space, with its list of contexts; invariant
 * @process_link: among the contexts of @process; its lock
 * @id: number in events and dumps, and among the contexts of @net; invariant
 * @refs: the file has one, a dump takes one for a moment
 * @rcu: freed after a grace period, for capipc_holder_cred() and for dumps
 * @dismantled: torn down; process lock
 * @account: pays for everything; invariant until dismantled
 * @net: network namespace it was opened in, with a reference until dismantled
 * @net_ns: inode number of @net; invariant
 * @exe: the program that opened it, or NULL; invariant
 * @pid: the process that opened it; invariant
 * @uid: real uid of the opener: who pays; invariant
 * @table: the handles
 * @ready_lock: protects @ready and @receivers
 * @ready: objects that something can be received from
 * @receivers: threads that wait for @ready, those who came last first
 * @wait: threads that wait for something else of an object, and pollers
 * @patience: of threads that wait for something to receive, or for a reply
 * @cred: credentials with which it was opened or last received from; RCU,
 *        changed under @ready_lock
 * @label: the label that a thread had last; @ready_lock
 * @spare_message: memory for a small message, or NULL: whoever exchanges it has it
 * @spare_transaction: likewise for a call
 */
struct capipc_context {
	struct capipc_process *process;
	struct list_head process_link;
	u64 id;
	refcount_t refs;
	struct rcu_head rcu;
	bool dismantled;
	struct capipc_account *account;
	struct net *net;
	unsigned int net_ns;
	struct file *exe;
	struct pid *pid;
	kuid_t uid;

	struct capipc_table table;

	spinlock_t ready_lock ____cacheline_aligned_in_smp;
	struct capipc_ready ready;
	struct list_head receivers;
	struct capipc_patience patience;
	wait_queue_head_t wait;
	const struct cred __rcu *cred;
	struct capipc_label *label;
	struct capipc_message *spare_message;
	struct capipc_transaction *spare_transaction;
};

/**
 * capipc_context_is_mine - does the caller run in the context's address space?
 * @context: the context
 *
 * The notifier pins the mm_struct, so its address is not reused meanwhile.
 */
static inline bool capipc_context_is_mine(const struct capipc_context *context)
{
	return context->process->notifier.mm == current->mm;
}

/* Is it still what capipc_ident_create() would make? @ident may be NULL. */
static inline bool capipc_ident_is_current(const struct capipc_ident *ident,
					   const struct capipc_context *context)
{
	return ident && ident->cred == current_cred() && ident->pid == task_tgid(current) &&
	       ident->context_id == context->id;
}

extern const struct file_operations capipc_fops;

u64 capipc_context_last_id(void);
void capipc_context_put(struct capipc_context *context);
void capipc_context_dismantle(struct capipc_context *context);
void capipc_context_change_cred(struct capipc_context *context);

/**
 * capipc_context_note_cred - remember the credentials of who receives
 * @context: the context, of the caller
 *
 * Rules that compare the sender with the receiver look at these.
 */
static inline void capipc_context_note_cred(struct capipc_context *context)
{
	if (unlikely(rcu_access_pointer(context->cred) != current_cred()))
		capipc_context_change_cred(context);
}

int capipc_ioctl_info(struct capipc_context *context, struct capipc_request *request);
int capipc_ioctl_close(struct capipc_context *context, struct capipc_request *request);
int capipc_ioctl_tag(struct capipc_context *context, struct capipc_request *request);
int capipc_ioctl_inspect(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_CONTEXT_H */
