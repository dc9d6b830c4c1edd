// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Bindings: see bindings.h.
 */
#include "bindings.h"

#include <stdlib.h>

#define BINDINGS_MIN 16U
#define NO_BINDING   UINT32_MAX

void capipc_bindings_init(struct capipc_bindings *bindings)
{
	*bindings = (struct capipc_bindings){ .first_free = NO_BINDING };
}

void capipc_bindings_free(struct capipc_bindings *bindings)
{
	free(bindings->table);
}

struct capipc_binding *
capipc_bindings_find(const struct capipc_bindings *bindings, uint32_t handle,
		     uint64_t cookie)
{
	struct capipc_binding *binding;

	if (!handle || !cookie || cookie > bindings->room)
		return NULL;
	binding = &bindings->table[cookie - 1];
	return binding->handle == handle ? binding : NULL;
}

static int bindings_grow(struct capipc_bindings *bindings)
{
	uint32_t i, old = bindings->room;
	uint32_t room = old ? old * 2 : BINDINGS_MIN;
	struct capipc_binding *table;

	if (room < old)
		return -ENOMEM;
	table = reallocarray(bindings->table, room, sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (i = old; i < room; i++)
		table[i] = (struct capipc_binding){
			.next_free = i + 1 < room ? i + 1 : NO_BINDING,
		};
	bindings->table = table;
	bindings->room = room;
	bindings->first_free = old;
	return 0;
}

int capipc_bindings_add(struct capipc_bindings *bindings,
			struct capipc_context *context, uint32_t handle,
			uint32_t kind, const struct capipc_interface *interface,
			void *data)
{
	struct capipc_binding *binding;
	uint32_t index;
	int ret;

	if (bindings->first_free == NO_BINDING) {
		ret = bindings_grow(bindings);
		if (ret < 0)
			return ret;
	}
	index = bindings->first_free;
	ret = capipc_handle_tag(context, handle, (uint64_t)index + 1);
	if (ret < 0)
		return ret;

	binding = &bindings->table[index];
	bindings->first_free = binding->next_free;
	*binding = (struct capipc_binding){
		.handle = handle,
		.kind = kind,
		.interface = interface,
		.data = data,
	};
	return 0;
}

void capipc_bindings_remove(struct capipc_bindings *bindings,
			    struct capipc_binding *binding)
{
	*binding = (struct capipc_binding){ .next_free = bindings->first_free };
	bindings->first_free = (uint32_t)(binding - bindings->table);
}
