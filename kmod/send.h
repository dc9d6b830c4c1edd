/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sending: one path for messages and for the requests of calls.
 */
#ifndef CAPIPC_SEND_H
#define CAPIPC_SEND_H

#include "main.h"
#include "wait.h"

/**
 * struct capipc_outgoing - a message to be sent
 * @handle: the endpoint to send through
 * @ordinal: number of the method
 * @data: user pointer to the bytes
 * @data_len: how many
 * @attachments: user pointer to struct capipc_attachment
 * @attachments_count: how many
 * @deadline: how long to wait for room in the window
 * @transaction: the call that it is the request of, or NULL
 */
struct capipc_outgoing {
	u32 handle;
	u32 ordinal;
	u64 data;
	u64 attachments;
	u32 data_len;
	u32 attachments_count;
	struct capipc_deadline deadline;
	struct capipc_transaction *transaction;
};

int capipc_send_check_locked(const struct capipc_context *context,
			     struct capipc_endpoint *endpoint, u32 handle);
void capipc_send_bind(struct capipc_message *message, struct capipc_endpoint *endpoint,
		      struct capipc_endpoint *target, struct capipc_transaction *transaction);
void capipc_send_announce_locked(const struct capipc_context *context,
				 struct capipc_endpoint *endpoint,
				 struct capipc_message *message);
void capipc_send_post_locked(const struct capipc_context *context,
			     struct capipc_endpoint *endpoint, struct capipc_message *message);
int __must_check capipc_send(struct capipc_context *context,
			     const struct capipc_outgoing *outgoing);
int capipc_ioctl_send(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_SEND_H */
