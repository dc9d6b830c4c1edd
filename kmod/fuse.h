/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fusing: two pipes become one, and who was between them is out of the way.
 * docs/fuse.md has the steps, and why they are right.
 */
#ifndef CAPIPC_FUSE_H
#define CAPIPC_FUSE_H

#include "main.h"

int capipc_ioctl_fuse(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_FUSE_H */
