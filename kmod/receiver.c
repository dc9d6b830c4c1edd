// SPDX-License-Identifier: GPL-2.0
/*
 * Receivers: see receiver.h.
 */
#include <linux/processor.h>

#include "context.h"
#include "ioctl.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
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

/* Has it room for a message? What is placed, in an area only. */
static bool capipc_receiver_fits(const struct capipc_receiver *receiver,
				 const struct capipc_message *message)
{
	const struct capipc_receive *arg = &receiver->request->argument.receive;

	return message->len <= arg->data_capacity &&
	       message->moved_count <= arg->attachments_capacity &&
	       (!message->placed || receiver->request->room.memory);
}

/**
 * capipc_receiver_claim_locked - choose a thread to give a message to
 * @context: whose
 * @message: the message
 *
 * It waits until it has been given the message, or unclaimed: who claims it does one of the
 * two without being preempted.
 *
 * Return: a thread that waits, with room enough, while nothing is ready that would be
 * received before; or NULL.
 */
struct capipc_receiver *capipc_receiver_claim_locked(struct capipc_context *context,
						     const struct capipc_message *message)
{
	struct capipc_receiver *receiver;

	lockdep_assert_held(&context->ready_lock);
	receiver = list_first_entry_or_null(&context->receivers, struct capipc_receiver, link);
	if (!receiver || !capipc_ready_is_empty(&context->ready) ||
	    !capipc_receiver_fits(receiver, message))
		return NULL;
	list_del(&receiver->link);
	receiver->claimed = true;
	return receiver;
}

/* It goes on waiting; if something has become ready meanwhile, it is called for that. */
void capipc_receiver_unclaim_locked(struct capipc_receiver *receiver,
				    struct capipc_context *context)
{
	lockdep_assert_held(&context->ready_lock);
	receiver->claimed = false;
	list_add(&receiver->link, &context->receivers);
	if (!capipc_ready_is_empty(&context->ready))
		capipc_receiver_call_locked(context);
}

/**
 * capipc_receiver_give_locked - let a thread have a message that was not queued
 * @receiver: a thread that was claimed
 * @object: the endpoint that the message was sent to
 * @message: the message; the thread's from now on
 *
 * The thread is where one is that has begun to receive.
 */
void capipc_receiver_give_locked(struct capipc_receiver *receiver, struct capipc_object *object,
				 struct capipc_message *message)
{
	struct capipc_endpoint *endpoint = capipc_endpoint(object);

	lockdep_assert_held(object->lock);
	capipc_endpoint_get(endpoint);
	receiver->object = object;
	receiver->message = message;
	receiver->from = object->handle;
	receiver->facet = endpoint->facet;
	receiver->cookie = object->cookie;
	object->receiving = true;
	capipc_waiter_call(&receiver->waiter);
}
