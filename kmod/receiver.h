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

#include "main.h"
#include "waiter.h"

/**
 * struct capipc_receiver - a thread that waits to receive; on its stack
 * @waiter: how it is called; it is known by @link
 * @link: in the list of its context; the ready_lock
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
	const struct capipc_request *request;

	struct capipc_object *object;
	struct capipc_message *message;
	u32 from;
	u32 facet;
	u64 cookie;
};

void capipc_receiver_enter_locked(struct capipc_receiver *receiver,
				  struct capipc_context *context,
				  const struct capipc_request *request);
int capipc_receiver_wait(struct capipc_receiver *receiver, struct capipc_context *context,
			 const struct capipc_deadline *deadline);
void capipc_receiver_call_locked(struct capipc_context *context);

#endif /* CAPIPC_RECEIVER_H */
