/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loans: requests that are given to a thread without their bytes, which stay in the caller's
 * buffer until that thread copies them to where they are received.
 *
 * A loan lasts no longer than the call: its bytes are read under the lock of the call, while
 * it waits for its answer. When a call is over for its caller, whatever the way, nobody reads them
 * any more; if they have not been read by then, the request is withdrawn. A caller that has died
 * will not change them: its last request is delivered as any other.
 */
#ifndef CAPIPC_LOAN_H
#define CAPIPC_LOAN_H

#include "message.h"
#include "source.h"

struct capipc_receiver;

/* Where the bytes of a message are that are lent. */
static inline struct capipc_source *capipc_loan(struct capipc_message *message)
{
	BUILD_BUG_ON(sizeof(struct capipc_source) > CAPIPC_MESSAGE_SMALL ||
		     __alignof__(struct capipc_source) > __alignof__(struct capipc_moved));
	return (struct capipc_source *)message->data;
}

/**
 * capipc_loan_give - leave the bytes of a request to who receives it
 * @message: a request that is placed, but that its bytes have not been copied
 * @source: where they are
 */
static inline void capipc_loan_give(struct capipc_message *message,
				    const struct capipc_source *source)
{
	*capipc_loan(message) = *source;
	capipc_memory_get(source->memory);
	message->lent = true;
}

bool capipc_loan_take(const struct capipc_receiver *receiver);

#endif /* CAPIPC_LOAN_H */
