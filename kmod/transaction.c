// SPDX-License-Identifier: GPL-2.0
/*
 * Transactions: see transaction.h.
 *
 * Steps of the model (docs/model.md): withdraw, answer.
 */
#include "context.h"
#include "ident.h"
#include "limits.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "transaction.h"
#include "window.h"

/* Without what a context has kept of one that is over, a new one. */
static struct capipc_transaction *capipc_transaction_allocate(struct capipc_context *context)
{
	struct capipc_transaction *transaction = NULL;

	if (READ_ONCE(context->spare_transaction))
		transaction = xchg(&context->spare_transaction, NULL);
	return transaction ?: kmalloc(sizeof(*transaction), GFP_KERNEL_ACCOUNT);
}

/**
 * capipc_transaction_create - prepare a call
 * @context: of the caller, who pays for the largest reply it takes
 * @reply_capacity: most bytes
 * @reply_attachments: most attachments
 *
 * Return: the transaction, or -EDQUOT, -ENOMEM.
 */
struct capipc_transaction *capipc_transaction_create(struct capipc_context *context,
						     u32 reply_capacity, u32 reply_attachments)
{
	struct capipc_account *account = context->account;
	struct capipc_transaction *transaction;
	size_t charge = sizeof(*transaction) +
		capipc_message_size(reply_capacity, reply_attachments);
	int ret = capipc_account_charge(account, CAPIPC_BYTES, charge);

	if (ret)
		return ERR_PTR(ret);
	if (reply_attachments)
		ret = capipc_account_charge(account, CAPIPC_HANDLES, reply_attachments);
	if (ret)
		goto err_bytes;
	transaction = capipc_transaction_allocate(context);
	if (!transaction) {
		ret = -ENOMEM;
		goto err_handles;
	}
	/* One by one, as in capipc_message_make(). */
	refcount_set(&transaction->refs, 1);
	spin_lock_init(&transaction->lock);
	transaction->state = CAPIPC_WAITING;
	transaction->sender_changed = false;
	transaction->reply = NULL;
	transaction->waiter = NULL;
	transaction->account = account;
	transaction->charge = charge;
	transaction->reply_capacity = reply_capacity;
	transaction->reply_attachments = reply_attachments;
	transaction->files_max = 0;
	transaction->sender = NULL;
	transaction->endpoint = NULL;
	transaction->target = NULL;
	INIT_LIST_HEAD(&transaction->link);
	transaction->request = NULL;
	if (reply_attachments)
		transaction->files_max = capipc_files_max();
	return transaction;

err_handles:
	if (reply_attachments)
		capipc_account_uncharge(account, CAPIPC_HANDLES, reply_attachments);
err_bytes:
	capipc_account_uncharge(account, CAPIPC_BYTES, charge);
	return ERR_PTR(ret);
}

/* Nobody finds it by its pipe any more. */
static noinline void capipc_transaction_unlink(struct capipc_transaction *transaction)
{
	capipc_object_lock(&transaction->endpoint->object);
	list_del(&transaction->link);
	capipc_object_unlock(&transaction->endpoint->object);
}

/* The last reference is gone: what it has, but for its memory. */
static __always_inline void capipc_transaction_release(struct capipc_transaction *transaction)
{
	WARN_ON_ONCE(transaction->reply);
	capipc_ident_put(transaction->sender);
	if (transaction->endpoint) {
		/*
		 * Until here whoever cuts the pipe may find it, unless it was answered. What is
		 * done to its neighbours meanwhile does not make it look as if it were alone.
		 */
		if (!data_race(list_empty_careful(&transaction->link)))
			capipc_transaction_unlink(transaction);
		capipc_endpoint_put(transaction->endpoint);
	}
	if (transaction->reply_attachments)
		capipc_account_uncharge(transaction->account, CAPIPC_HANDLES,
					transaction->reply_attachments);
	capipc_account_uncharge(transaction->account, CAPIPC_BYTES, transaction->charge);
}

void capipc_transaction_put(struct capipc_transaction *transaction)
{
	if (!refcount_dec_and_test(&transaction->refs))
		return;
	capipc_transaction_release(transaction);
	kfree(transaction);
}

/**
 * capipc_transaction_recycle - a call is over for its caller
 * @transaction: the call, whose reference is put
 * @context: the caller's, which keeps the memory for its next one
 */
void capipc_transaction_recycle(struct capipc_transaction *transaction,
				struct capipc_context *context)
{
	if (!refcount_dec_and_test(&transaction->refs))
		return;
	capipc_transaction_release(transaction);
	if (READ_ONCE(capipc_fast_path) && !READ_ONCE(context->spare_transaction) &&
	    !cmpxchg(&context->spare_transaction, NULL, transaction))
		return;
	kfree(transaction);
}

static bool capipc_transaction_settle(struct capipc_transaction *transaction, u8 state,
				      struct capipc_message *reply)
{
	bool first;

	spin_lock(&transaction->lock);
	first = transaction->state == CAPIPC_WAITING;
	if (first) {
		transaction->reply = reply;
		/* Pairs with the acquire in capipc_transaction_state(). */
		smp_store_release(&transaction->state, state);
		if (transaction->waiter)
			capipc_waiter_call(transaction->waiter);
		transaction->waiter = NULL;
	}
	spin_unlock(&transaction->lock);
	return first;
}

/**
 * capipc_transaction_expect - the calling thread is going to wait
 * @transaction: the call
 * @waiter: filled in: what capipc_transaction_wait() will wait with
 */
void capipc_transaction_expect(struct capipc_transaction *transaction,
			       struct capipc_waiter *waiter)
{
	capipc_waiter_init(waiter);
	spin_lock(&transaction->lock);
	if (transaction->state == CAPIPC_WAITING)
		transaction->waiter = waiter;
	else
		waiter->called = true;
	spin_unlock(&transaction->lock);
}

/* The calling thread does not wait any more, whether it was called or not. */
void capipc_transaction_forget(struct capipc_transaction *transaction)
{
	spin_lock(&transaction->lock);
	transaction->waiter = NULL;
	spin_unlock(&transaction->lock);
}

/**
 * capipc_transaction_answer - hand the reply over
 * @transaction: the call
 * @reply: the reply, the caller's if this succeeds
 *
 * Return: false if nobody waits for it any more.
 */
bool capipc_transaction_answer(struct capipc_transaction *transaction,
			       struct capipc_message *reply)
{
	return capipc_transaction_settle(transaction, CAPIPC_REPLIED, reply);
}

/* No answer can come any more. */
void capipc_transaction_drop(struct capipc_transaction *transaction)
{
	capipc_transaction_settle(transaction, CAPIPC_DROPPED, NULL);
}

/**
 * capipc_transaction_expire - the deadline of the caller has passed
 * @transaction: the call; the caller goes on to abandon it if this is true
 *
 * Return: false if it was answered or dropped in the meantime, and that counts.
 */
bool capipc_transaction_expire(struct capipc_transaction *transaction)
{
	return capipc_transaction_settle(transaction, CAPIPC_ABANDONED, NULL);
}

static struct capipc_message *capipc_transaction_withdraw(struct capipc_transaction *transaction)
{
	struct capipc_object *object = &transaction->endpoint->object;
	struct capipc_endpoint *target;
	struct capipc_message *request;

	capipc_object_lock(object);
	request = transaction->request;
	if (request) {
		target = transaction->target;
		transaction->request = NULL;
		capipc_object_unqueue_locked(&target->object, request);
		capipc_window_release_locked(target, request->charge);
		capipc_object_update_ready_locked(&target->object);
	}
	capipc_object_unlock(object);
	return request;
}

/**
 * capipc_transaction_abandon - the caller does not wait any more
 * @transaction: the call
 * @withdraw: take the request back if nobody has received it; not if the caller has died
 * @garbage: messages that nobody will get are added here
 */
void capipc_transaction_abandon(struct capipc_transaction *transaction, bool withdraw,
				struct list_head *garbage)
{
	struct capipc_message *message;

	capipc_transaction_settle(transaction, withdraw ? CAPIPC_ABANDONED : CAPIPC_ORPHANED,
				  NULL);

	/* Settled for good, and this was the only one to take the reply. */
	message = transaction->reply;
	transaction->reply = NULL;
	if (message)
		list_add_tail(&message->link, garbage);
	if (withdraw && transaction->endpoint) {
		message = capipc_transaction_withdraw(transaction);
		if (message)
			list_add_tail(&message->link, garbage);
	}
}
