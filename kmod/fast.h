/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fast path: short cuts for what is sent most. docs/fast.md has what they are, and why
 * they make no difference but in time. Each of them looks whether nothing stands in its way,
 * and if anything does, leaves everything as it was to the general path, which knows what
 * to do, and which error it is. The parameter fast_path turns all of them off.
 */
#ifndef CAPIPC_FAST_H
#define CAPIPC_FAST_H

#include "main.h"

struct capipc_outgoing;

bool capipc_fast_send(struct capipc_context *context, struct capipc_endpoint *endpoint,
		      const struct capipc_outgoing *outgoing);
bool capipc_fast_give_locked(struct capipc_object *object, struct capipc_message *message);

#endif /* CAPIPC_FAST_H */
