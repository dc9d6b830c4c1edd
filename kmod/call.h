/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls and replies.
 */
#ifndef CAPIPC_CALL_H
#define CAPIPC_CALL_H

#include "main.h"

int __must_check capipc_reply(struct capipc_context *context, const struct capipc_reply *arg);
int capipc_ioctl_call(struct capipc_context *context, struct capipc_request *request);
int capipc_ioctl_reply(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_CALL_H */
