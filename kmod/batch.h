/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Batches: several plain messages in one request.
 *
 * What is sent in a batch is queued as a bundle (bundle.h). What is received in a
 * batch is whatever plain messages of one sender are next, in a row, in the queue of one
 * endpoint, however they were sent.
 */
#ifndef CAPIPC_BATCH_H
#define CAPIPC_BATCH_H

#include "main.h"

int capipc_batch_receive_from(struct capipc_context *context, struct capipc_request *request,
			      struct capipc_object *object);
int capipc_ioctl_send_batch(struct capipc_context *context, struct capipc_request *request);
int capipc_ioctl_receive_batch(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_BATCH_H */
