// SPDX-License-Identifier: GPL-2.0
/*
 * Receivers: see receiver.h.
 */
#include "context.h"
#include "receiver.h"

/**
 * capipc_receiver_enter_locked - the calling thread is going to wait
 * @receiver: filled in
 * @context: for which
 * @arg: its request
 *
 * The context has nothing ready. To be followed by capipc_receiver_wait().
 */
void capipc_receiver_enter_locked(struct capipc_receiver *receiver,
				  struct capipc_context *context,
				  const struct capipc_receive *arg)
{
	lockdep_assert_held(&context->ready_lock);
	capipc_waiter_init(&receiver->waiter);
	receiver->data_capacity = arg->data_capacity;
	receiver->attachments_capacity = arg->attachments_capacity;
	receiver->object = NULL;
	/* Who came last may still be in the caches, or about to give way. */
	list_add(&receiver->link, &context->receivers);
}

/**
 * capipc_receiver_wait - wait until something is ready, or given
 * @receiver: of the calling thread
 * @context: its context
 * @deadline: how long
 *
 * Return: 0, -ETIMEDOUT, -ERESTARTSYS.
 */
int capipc_receiver_wait(struct capipc_receiver *receiver, struct capipc_context *context,
			 const struct capipc_deadline *deadline)
{
	int ret = capipc_waiter_wait(&receiver->waiter, deadline, &context->patience);

	if (likely(!ret))
		return 0;
	spin_lock(&context->ready_lock);
	/* What it was called for is for nobody else. */
	if (capipc_waiter_called(&receiver->waiter))
		ret = 0;
	else
		list_del(&receiver->link);
	spin_unlock(&context->ready_lock);
	return ret;
}

/* Under the ready_lock of its context. */
void capipc_receiver_call(struct capipc_receiver *receiver)
{
	list_del(&receiver->link);
	capipc_waiter_call(&receiver->waiter);
}

/* Something is ready: one thread for it. */
void capipc_receiver_call_locked(struct capipc_context *context)
{
	lockdep_assert_held(&context->ready_lock);
	if (!list_empty(&context->receivers))
		capipc_receiver_call(list_first_entry(&context->receivers,
						      struct capipc_receiver, link));
}
