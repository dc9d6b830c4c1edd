/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receiving.
 */
#ifndef CAPIPC_RECEIVE_H
#define CAPIPC_RECEIVE_H

#include "main.h"

int capipc_ioctl_receive(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_RECEIVE_H */
