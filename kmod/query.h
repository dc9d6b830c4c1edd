/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queries: who exactly was that?
 */
#ifndef CAPIPC_QUERY_H
#define CAPIPC_QUERY_H

#include "main.h"
#include "table.h"

struct capipc_ident *capipc_query_sender(struct capipc_handle *handle, u64 stamp_id,
					 bool *changed);
int capipc_ioctl_query(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_QUERY_H */
