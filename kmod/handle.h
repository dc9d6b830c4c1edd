/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles: what a slot of a table, or an attachment on its way, refers to.
 *
 * Most kinds are objects, which are in one place at a time (object.h). A reply
 * handle or a pending call is one side of a transaction. A buffer is memory that
 * any number of handles refer to. A file is in no table of ours, only in messages.
 */
#ifndef CAPIPC_HANDLE_H
#define CAPIPC_HANDLE_H

#include <linux/bits.h>

#include "main.h"

struct file;

/**
 * struct capipc_handle - something, and what may be done with it
 * @object: %CAPIPC_KIND_ENDPOINT, _LISTENER, _PRODUCER, _CONSUMER, _INVITATION
 * @transaction: %CAPIPC_KIND_REPLY, _CALL
 * @file: %CAPIPC_KIND_FILE
 * @memory: %CAPIPC_KIND_BUFFER
 * @rights: CAPIPC_RIGHT_*
 * @kind: enum capipc_kind
 */
struct capipc_handle {
	union {
		struct capipc_object *object;
		struct capipc_transaction *transaction;
		struct file *file;
		struct capipc_memory *memory;
	};
	u32 rights;
	u8 kind;
};

#define CAPIPC_KINDS_OBJECT							\
	(BIT(CAPIPC_KIND_ENDPOINT) | BIT(CAPIPC_KIND_LISTENER) |		\
	 BIT(CAPIPC_KIND_PRODUCER) | BIT(CAPIPC_KIND_CONSUMER) | BIT(CAPIPC_KIND_INVITATION))
#define CAPIPC_KINDS_TRANSACTION	(BIT(CAPIPC_KIND_REPLY) | BIT(CAPIPC_KIND_CALL))
/* Whatever a table can have. */
#define CAPIPC_KINDS_ANY							\
	(CAPIPC_KINDS_OBJECT | CAPIPC_KINDS_TRANSACTION | BIT(CAPIPC_KIND_BUFFER))

static inline bool capipc_handle_is_object(const struct capipc_handle *handle)
{
	return BIT(handle->kind) & CAPIPC_KINDS_OBJECT;
}

void capipc_handle_get(const struct capipc_handle *handle);
void capipc_handle_put(const struct capipc_handle *handle);
void capipc_handle_close(const struct capipc_handle *handle, bool withdraw,
			 struct list_head *garbage);

#endif /* CAPIPC_HANDLE_H */
