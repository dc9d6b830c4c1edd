// SPDX-License-Identifier: GPL-2.0
/*
 * Loans: see loan.h.
 */
#include <linux/minmax.h>
#include <linux/sched.h>

#include "area.h"
#include "collect.h"
#include "ioctl.h"
#include "loan.h"
#include "object.h"
#include "pipe.h"
#include "receiver.h"
#include "transaction.h"
#include "window.h"

/*
 * Copy some of the bytes, unless the call is over for its caller, who may use the buffer for
 * something else: one that has died will not. Whoever settles the call waits until they are copied.
 */
static bool capipc_loan_copy(struct capipc_transaction *transaction, const struct capipc_room *room,
			     const struct capipc_source *source, u32 at, u32 len)
{
	bool lent;

	spin_lock(&transaction->lock);
	lent = transaction->state == CAPIPC_WAITING || transaction->state == CAPIPC_ORPHANED;
	if (lent)
		capipc_room_write(room, at, capipc_source_bytes(source) + at, len);
	spin_unlock(&transaction->lock);
	return lent;
}

/* The bytes of a request, to where it is received. Returns whether all of them were copied. */
static bool capipc_loan_collect(struct capipc_message *message, const struct capipc_room *room)
{
	struct capipc_source *source = capipc_loan(message);
	bool lent = true;
	u32 at, len;

	for (at = 0; lent && at < message->len; at += len) {
		/* No more at a time than a sender copies with a lock held. */
		len = min(message->len - at, CAPIPC_PLACED_MAX);
		lent = capipc_loan_copy(message->transaction, room, source, at, len);
		cond_resched();
	}
	capipc_source_close(source);
	message->lent = false;
	return lent;
}

/* As if it had not been given to anybody. It carries nothing, and its call is over. */
static void capipc_loan_withdraw(struct capipc_object *object, struct capipc_message *message)
{
	struct capipc_endpoint *endpoint = capipc_endpoint(object);
	bool suspect;

	capipc_object_lock(object);
	object->receiving = false;
	endpoint->in_hand = 0;
	capipc_window_release_locked(endpoint, message->charge);
	capipc_object_update_ready_locked(object);
	suspect = object->place == CAPIPC_PLACE_IN_FLIGHT;
	capipc_object_unlock(object);
	capipc_message_free(message);
	if (unlikely(suspect))
		capipc_collect_suspect(object);
}

/**
 * capipc_loan_take - copy the bytes of a request that is lent to where it is received
 * @receiver: of the calling thread, to which it was given
 *
 * Return: true, and it is as if it had been placed; false: the call is over, and its request
 * was withdrawn: some of the bytes may have been copied.
 */
bool capipc_loan_take(const struct capipc_receiver *receiver)
{
	bool taken = capipc_loan_collect(receiver->message, &receiver->request->room);

	if (unlikely(!taken))
		capipc_loan_withdraw(receiver->object, receiver->message);
	return taken;
}
