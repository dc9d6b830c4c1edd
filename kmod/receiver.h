/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receivers: threads that wait for whatever their context can receive.
 *
 * One of them is called for each object that becomes ready, and takes its turn as if it
 * had just come. Or it is given a message, by who sends it: then it is where a thread is that
 * has begun to receive, without having looked for what is ready.
 */
#ifndef CAPIPC_RECEIVER_H
#define CAPIPC_RECEIVER_H

#include "context.h"
#include "main.h"
#include "waiter.h"

/**
 * struct capipc_receiver - a thread that waits to receive; on its stack
 * @waiter: how it is called; it is known by @link
 * @link: in the list of its context; the ready_lock
 * @let_down: a request that was lent to it was withdrawn: it is lent no other one. Its own
 * @claimed: somebody is about to give it a message, and it waits for that; the ready_lock
 * @request: what it has room for; invariant
 * @object: what the message that it was given comes from, with a reference, or NULL
 * @message: that message
 * @from: the handle of @object
 * @facet: of @object
 * @cookie: of @object
 */
struct capipc_receiver {
	struct capipc_waiter waiter;
	struct list_head link;
	bool claimed;
	bool let_down;
	const struct capipc_request *request;

	struct capipc_object *object;
	struct capipc_message *message;
	u32 from;
	u32 facet;
	u64 cookie;
};

bool capipc_receiver_leave(struct capipc_receiver *receiver, struct capipc_context *context);
void capipc_receiver_call_locked(struct capipc_context *context);

/**
 * capipc_receiver_enter_locked - the calling thread is going to wait
 * @receiver: filled in
 * @context: for which
 * @request: its request
 *
 * The context has nothing ready. To be followed by capipc_receiver_wait().
 */
static inline void capipc_receiver_enter_locked(struct capipc_receiver *receiver,
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

/**
 * capipc_receiver_wait - wait until something is ready, or given
 * @receiver: of the calling thread
 * @context: its context
 * @deadline: how long
 *
 * Return: 0, -ETIMEDOUT, -ERESTARTSYS.
 */
static inline int capipc_receiver_wait(struct capipc_receiver *receiver,
				       struct capipc_context *context,
				       const struct capipc_deadline *deadline)
{
	int ret = capipc_waiter_wait(&receiver->waiter, deadline, &context->patience);

	/* What it was called for is for nobody else. */
	if (unlikely(ret) && capipc_receiver_leave(receiver, context))
		ret = 0;
	return ret;
}

#endif /* CAPIPC_RECEIVER_H */
