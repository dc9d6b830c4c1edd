// SPDX-License-Identifier: GPL-2.0
/*
 * Handles: see handle.h.
 */
#include <linux/file.h>

#include "handle.h"
#include "memory.h"
#include "object.h"
#include "pipe.h"
#include "transaction.h"

/* One more reference to what it refers to. */
void capipc_handle_get(const struct capipc_handle *handle)
{
	if (likely(handle->kind == CAPIPC_KIND_ENDPOINT))
		capipc_endpoint_get(capipc_endpoint(handle->object));
	else if (handle->kind == CAPIPC_KIND_BUFFER)
		capipc_memory_get(handle->memory);
	else if (BIT(handle->kind) & CAPIPC_KINDS_TRANSACTION)
		capipc_transaction_get(handle->transaction);
	else
		capipc_object_get(handle->object);
}

/* One less. */
void capipc_handle_put(const struct capipc_handle *handle)
{
	if (handle->kind == CAPIPC_KIND_BUFFER)
		capipc_memory_put(handle->memory);
	else if (BIT(handle->kind) & CAPIPC_KINDS_TRANSACTION)
		capipc_transaction_put(handle->transaction);
	else
		capipc_object_put(handle->object);
}

/**
 * capipc_handle_close - close what a handle referred to
 * @handle: out of its table or message; its reference is consumed
 * @withdraw: a pending call takes back a request that nobody has received; the
 *            last messages of a process that dies stay
 * @garbage: what has to be destroyed afterwards, by capipc_garbage_run()
 */
void capipc_handle_close(const struct capipc_handle *handle, bool withdraw,
			 struct list_head *garbage)
{
	switch (handle->kind) {
	case CAPIPC_KIND_FILE:
		fput(handle->file);
		return;
	case CAPIPC_KIND_REPLY:
		capipc_transaction_drop(handle->transaction);
		break;
	case CAPIPC_KIND_CALL:
		capipc_transaction_abandon(handle->transaction, withdraw, garbage);
		break;
	case CAPIPC_KIND_BUFFER:
		break;
	default:
		capipc_object_close(handle->object, garbage);
		break;
	}
	capipc_handle_put(handle);
}
