/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transactions: calls that wait for a reply.
 *
 *   WAITING --reply--> REPLIED
 *      |                          the reply is there, or the call has failed
 *      +------drop---> DROPPED
 *      |
 *      +----abandon--> ABANDONED  the caller has given up: a reply comes too late
 *      |
 *      +-----orphan--> ORPHANED   the caller has died: likewise; but its request stays
 *
 * Whatever happens first decides, under @lock. References: the caller's thread
 * or its pending handle; the request, and later the reply handle. DROPPED comes
 * from whoever loses the last chance of an answer: the request destroyed
 * unreceived, or the reply handle closed.
 */
#ifndef CAPIPC_TRANSACTION_H
#define CAPIPC_TRANSACTION_H

#include "account.h"
#include "main.h"
#include "waiter.h"

enum capipc_transaction_state {
	CAPIPC_WAITING,
	CAPIPC_REPLIED,
	CAPIPC_DROPPED,
	CAPIPC_ABANDONED,
	CAPIPC_ORPHANED,
};

/**
 * struct capipc_transaction - a call
 * @refs: references
 * @lock: protects @state, @reply and @waiter; and the bytes of a request that is lent (loan.h)
 *        from being copied when the call is over
 * @state: enum capipc_transaction_state
 * @reply: %CAPIPC_REPLIED: the reply, until the caller takes it
 * @waiter: the caller's thread, if it waits; @lock
 * @account: the caller's, which has paid @charge and @reply_attachments for the
 *           reply; invariant
 * @charge: bytes
 * @reply_capacity: most bytes of a reply; invariant
 * @reply_attachments: most attachments of a reply; invariant
 * @files_max: how many files the caller's user may have in flight; invariant
 * @sender: who called, with a reference; invariant once sent
 * @sender_changed: %CAPIPC_STAMP_CHANGED; likewise
 * @endpoint: the endpoint that the request was sent through, with a reference; likewise
 * @target: the endpoint in whose queue the request is, or was when it was received;
 *          its memory is there as long as that of @endpoint; lock of the pipe
 * @link: among the calls of @target, or of what has succeeded it, unless it was answered;
 *        lock of the pipe
 * @request: the request while it is in @target's queue; lock of the pipe
 */
struct capipc_transaction {
	refcount_t refs;
	spinlock_t lock; /* @state, @reply, @waiter; copying a loan */
	u8 state;
	bool sender_changed;
	struct capipc_message *reply;
	struct capipc_waiter *waiter;
	struct capipc_account *account;
	size_t charge;
	u32 reply_capacity;
	u32 reply_attachments;
	unsigned long files_max;
	struct capipc_ident *sender;
	struct capipc_endpoint *endpoint;
	struct capipc_endpoint *target;
	struct list_head link;
	struct capipc_message *request;
};

static inline u8 capipc_transaction_state(const struct capipc_transaction *transaction)
{
	/* Pairs with the release in capipc_transaction_settle(): the reply is there. */
	return smp_load_acquire(&transaction->state);
}

static inline struct capipc_transaction *
capipc_transaction_get(struct capipc_transaction *transaction)
{
	refcount_inc(&transaction->refs);
	return transaction;
}

struct capipc_transaction *capipc_transaction_create(struct capipc_context *context,
						     u32 reply_capacity, u32 reply_attachments);
void capipc_transaction_put(struct capipc_transaction *transaction);
void capipc_transaction_recycle(struct capipc_transaction *transaction,
				struct capipc_context *context);
void capipc_transaction_expect(struct capipc_transaction *transaction,
			       struct capipc_waiter *waiter);
void capipc_transaction_forget(struct capipc_transaction *transaction);
bool capipc_transaction_answer(struct capipc_transaction *transaction,
			       struct capipc_message *reply);
void capipc_transaction_drop(struct capipc_transaction *transaction);
bool capipc_transaction_expire(struct capipc_transaction *transaction);
void capipc_transaction_abandon(struct capipc_transaction *transaction, bool withdraw,
				struct list_head *garbage);

/**
 * capipc_transaction_wait - wait until a call is answered or dropped
 * @transaction: the call
 * @waiter: of the calling thread, which is the only one
 * @deadline: how long
 * @patience: how it went before
 *
 * Also of a call that seems to be over: who settles it may just be about to call the
 * waiter, which has to stay until then.
 *
 * Return: 0, -ETIMEDOUT, -ERESTARTSYS; whatever it is, the state tells how far it is.
 */
static inline int capipc_transaction_wait(struct capipc_transaction *transaction,
					  struct capipc_waiter *waiter,
					  const struct capipc_deadline *deadline,
					  struct capipc_patience *patience)
{
	int ret = capipc_waiter_wait(waiter, deadline, patience);

	if (unlikely(ret))
		capipc_transaction_forget(transaction);
	return ret;
}

#endif /* CAPIPC_TRANSACTION_H */
