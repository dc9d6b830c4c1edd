// SPDX-License-Identifier: GPL-2.0
/*
 * Receivers: see receiver.h.
 */
#include <linux/processor.h>

#include "context.h"
#include "ready.h"
#include "receiver.h"

/* For another reason than having been called: is it nevertheless? If not, it will not be. */
bool capipc_receiver_leave(struct capipc_receiver *receiver, struct capipc_context *context)
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
