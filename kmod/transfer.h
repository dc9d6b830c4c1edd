/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transfer: moving handles out of a table into a message, and back; and file
 * descriptors with them. docs/transfer.md has the steps.
 */
#ifndef CAPIPC_TRANSFER_H
#define CAPIPC_TRANSFER_H

#include "main.h"
#include "message.h"

/* Handles that fit without an allocation. */
#define CAPIPC_TRANSFER_FEW	8

/**
 * struct capipc_transfer - handles that are leaving, on the sender's stack
 * @moved: what they are, with a reference of our own, and their values; the
 *         message itself is the receiver's once it is queued
 * @few: where @moved points if there are not many
 * @count: how many
 * @kinds: bits of the kinds that may leave
 * @target: the object in whose queue they will be, or the invitation, or NULL for
 *          a reply
 */
struct capipc_transfer {
	struct capipc_moved *moved;
	struct capipc_object *target;
	u32 count;
	u32 kinds;
	struct capipc_moved few[CAPIPC_TRANSFER_FEW];
};

int __must_check capipc_transfer_init(struct capipc_transfer *transfer, u32 count, u32 kinds,
				      struct capipc_object *target);
int __must_check capipc_transfer_add(struct capipc_transfer *transfer,
				     struct capipc_context *context,
				     struct capipc_message *message,
				     const struct capipc_attachment *attachment);
int __must_check capipc_transfer_leave(struct capipc_transfer *transfer,
				       struct capipc_context *context,
				       struct capipc_message *message, int error);
int __must_check capipc_transfer_begin(struct capipc_transfer *transfer,
				       struct capipc_context *context,
				       struct capipc_message *message, u64 attachments, u32 count,
				       struct capipc_object *target,
				       const struct capipc_transaction *transaction);
void capipc_transfer_abort(struct capipc_transfer *transfer, struct capipc_context *context,
			   struct capipc_message *message);
void capipc_transfer_finish(struct capipc_transfer *transfer, struct capipc_context *context,
			    bool uncharge);

int __must_check capipc_arrival_begin(struct capipc_context *context,
				      struct capipc_message *message, u64 attachments);
void capipc_arrival_abort(struct capipc_context *context, struct capipc_message *message);
void capipc_arrival_finish(struct capipc_context *context, struct capipc_message *message);

#endif /* CAPIPC_TRANSFER_H */
