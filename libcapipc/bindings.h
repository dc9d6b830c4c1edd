/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bindings: the handles that a dispatcher serves, and what it does with what comes from them.
 *
 * The cookie of such a handle is the index of its binding in the table plus one: what is received
 * leads to its binding without a search. A context can have other handles too, with
 * any cookie, so a binding counts only if the handle is right as well.
 */
#ifndef CAPIPC_BINDINGS_H
#define CAPIPC_BINDINGS_H

#include "internal.h"

/**
 * struct capipc_binding - a handle that is served
 * @handle: the handle, 0 if this binding is free
 * @kind: endpoint, listener, producer or consumer
 * @next_free: the next free one, if this one is
 * @interface: what to do
 * @data: for whom
 */
struct capipc_binding {
	uint32_t handle;
	uint32_t kind;
	uint32_t next_free;
	const struct capipc_interface *interface;
	void *data;
};

/**
 * struct capipc_bindings - all of a dispatcher
 * @table: those that are used and those that are free
 * @room: how many
 * @first_free: the first free one
 */
struct capipc_bindings {
	struct capipc_binding *table;
	uint32_t room;
	uint32_t first_free;
};

void capipc_bindings_init(struct capipc_bindings *bindings);
void capipc_bindings_free(struct capipc_bindings *bindings);

/* The binding of a handle with that cookie, or NULL */
struct capipc_binding *
capipc_bindings_find(const struct capipc_bindings *bindings, uint32_t handle,
		     uint64_t cookie);

/* Tags the handle. May move the table. Returns 0 or an error. */
int capipc_bindings_add(struct capipc_bindings *bindings,
			struct capipc_context *context, uint32_t handle,
			uint32_t kind, const struct capipc_interface *interface,
			void *data);

/* It is free from now on. */
void capipc_bindings_remove(struct capipc_bindings *bindings,
			    struct capipc_binding *binding);

#endif /* CAPIPC_BINDINGS_H */
