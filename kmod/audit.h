/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The audit trail: what is told when rules let somebody in, or refuse something.
 */
#ifndef CAPIPC_AUDIT_H
#define CAPIPC_AUDIT_H

#include "main.h"

void capipc_audit_send(struct capipc_context *context, struct capipc_endpoint *endpoint,
		       u32 ordinal);
void capipc_audit_fuse(struct capipc_context *context, struct capipc_endpoint *endpoint,
		       const struct capipc_ident *sender, bool changed, u32 ordinal);
void capipc_audit_connect(struct capipc_context *context, struct capipc_listener *listener,
			  const struct capipc_ident *ident);
void capipc_audit_connected(struct capipc_context *context, struct capipc_listener *listener,
			    const struct capipc_ident *ident, u64 pipe_id, u32 facet);
void capipc_audit_accepted(struct capipc_context *context, struct capipc_object *object,
			   const struct capipc_ident *client, u64 pipe_id, u32 facet);
void capipc_audit_confined(struct capipc_context *context, struct capipc_object *object,
			   const struct capipc_ident *sender);
void capipc_audit_invitation(struct capipc_context *context, struct capipc_invitation *invitation,
			     const struct capipc_ident *ident, bool refused);

#endif /* CAPIPC_AUDIT_H */
