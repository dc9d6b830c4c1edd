/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Replacing: a handle by another one with fewer rights.
 */
#ifndef CAPIPC_REPLACE_H
#define CAPIPC_REPLACE_H

#include "main.h"

int capipc_ioctl_replace(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_REPLACE_H */
