/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receiving.
 */
#ifndef CAPIPC_RECEIVE_H
#define CAPIPC_RECEIVE_H

#include "main.h"

struct capipc_deadline;

struct capipc_message *capipc_receive_next_locked(struct capipc_object *object);
void capipc_receive_put_back_locked(struct capipc_object *object, struct capipc_message *message,
				    struct list_head *garbage);
int capipc_receive(struct capipc_context *context, struct capipc_request *request, u32 handle,
		   const struct capipc_deadline *deadline);
int capipc_ioctl_receive(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_RECEIVE_H */
