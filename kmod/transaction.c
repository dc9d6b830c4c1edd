// SPDX-License-Identifier: GPL-2.0
/*
 * Transactions: see transaction.h.
 *
 * Steps of the model (docs/model.md): withdraw, answer.
 */
#include "ident.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "transaction.h"
#include "window.h"

/**
 * capipc_transaction_create - prepare a call
 * @account: of the caller, who pays for the largest reply it takes
 * @reply_capacity: most bytes
 * @reply_attachments: most attachments
 *
 * Return: the transaction, or -EDQUOT, -ENOMEM.
 */
struct capipc_transaction *capipc_transaction_create(struct capipc_account *account,
						     u32 reply_capacity, u32 reply_attachments)
{
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
	transaction = kzalloc(sizeof(*transaction), GFP_KERNEL_ACCOUNT);
	if (!transaction) {
		ret = -ENOMEM;
		goto err_handles;
	}
	refcount_set(&transaction->refs, 1);
	spin_lock_init(&transaction->lock);
	init_waitqueue_head(&transaction->wait);
	INIT_LIST_HEAD(&transaction->link);
	transaction->account = account;
	transaction->charge = charge;
	transaction->reply_capacity = reply_capacity;
	transaction->reply_attachments = reply_attachments;
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

struct capipc_transaction *capipc_transaction_get(struct capipc_transaction *transaction)
{
	refcount_inc(&transaction->refs);
	return transaction;
}

void capipc_transaction_put(struct capipc_transaction *transaction)
{
	if (!refcount_dec_and_test(&transaction->refs))
		return;
	WARN_ON_ONCE(transaction->reply);
	capipc_ident_put(transaction->sender);
	if (transaction->endpoint) {
		/* Until here whoever cuts the pipe may find it there. */
		capipc_object_lock(&transaction->endpoint->object);
		list_del(&transaction->link);
		capipc_object_unlock(&transaction->endpoint->object);
		capipc_object_put(&transaction->endpoint->object);
	}
	if (transaction->reply_attachments)
		capipc_account_uncharge(transaction->account, CAPIPC_HANDLES,
					transaction->reply_attachments);
	capipc_account_uncharge(transaction->account, CAPIPC_BYTES, transaction->charge);
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
		wake_up(&transaction->wait);
	}
	spin_unlock(&transaction->lock);
	return first;
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
 * @withdraw: take the request back if nobody has received it
 * @garbage: messages that nobody will get are added here
 */
void capipc_transaction_abandon(struct capipc_transaction *transaction, bool withdraw,
				struct list_head *garbage)
{
	struct capipc_message *message;

	capipc_transaction_settle(transaction, CAPIPC_ABANDONED, NULL);

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
