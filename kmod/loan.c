// SPDX-License-Identifier: GPL-2.0
/*
 * Loans: see loan.h.
 */
#include <linux/minmax.h>
#include <linux/sched.h>

#include "area.h"
#include "loan.h"
#include "transaction.h"

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

/**
 * capipc_loan_take - copy the bytes of a request that is lent to where it is received
 * @message: the request
 * @room: of the calling thread, to which it was given
 *
 * Return: true, and it is as if it had been placed; false: the call is over, and its request
 * was withdrawn: some of the bytes may have been copied.
 */
bool capipc_loan_take(struct capipc_message *message, const struct capipc_room *room)
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
