// SPDX-License-Identifier: GPL-2.0
/*
 * Receivers: see receiver.h.
 */
#include <linux/processor.h>

#include "context.h"
#include "ready.h"
#include "receiver.h"

/**
 * capipc_receiver_enter_locked - the calling thread is going to wait
 * @receiver: filled in
 * @context: for which
 * @request: its request
 *
 * The context has nothing ready. To be followed by capipc_receiver_wait().
 */
void capipc_receiver_enter_locked(struct capipc_receiver *receiver,
				  struct capipc_context *context,
				  const struct capipc_request *request)
{
	lockdep_assert_held(&context->ready_lock);
	capipc_waiter_init(&receiver->waiter);
	receiver->claimed = false;
	receiver->request = request;
	receiver->object = NULL;
	/* Who came last may still be in the caches, or about to give way. */
	list_add(&receiver->link, &context->receivers);
}

/* For another reason than having been called: is it nevertheless? If not, it will not be. */
static bool capipc_receiver_leave(struct capipc_receiver *receiver,
				  struct capipc_context *context)
{
	bool called;

	spin_lock(&context->ready_lock);
	/* Who has claimed it neither sleeps nor is preempted. */
	while (unlikely(receiver->claimed && !capipc_waiter_called(&receiver->waiter))) {
		spin_unlock(&context->ready_lock);
		cpu_relax();
		spin_lock(&context->ready_lock);
	}
	called = capipc_waiter_called(&receiver->waiter);
	if (!called)
		list_del(&receiver->link);
	spin_unlock(&context->ready_lock);
	return called;
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

	/* What it was called for is for nobody else. */
	if (unlikely(ret) && capipc_receiver_leave(receiver, context))
		ret = 0;
	return ret;
}

/* Something is ready: one thread for it. */
void capipc_receiver_call_locked(struct capipc_context *context)
{
	struct capipc_receiver *receiver;

	lockdep_assert_held(&context->ready_lock);
	receiver = list_first_entry_or_null(&context->receivers, struct capipc_receiver, link);
	if (!receiver)
		return;
	list_del(&receiver->link);
	capipc_waiter_call(&receiver->waiter);
}
