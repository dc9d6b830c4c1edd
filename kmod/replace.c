// SPDX-License-Identifier: GPL-2.0
/*
 * Replacing: see replace.h.
 *
 * The old handle is marked as moving, so that nobody else changes anything about
 * it; what it refers to never leaves the context.
 */
#include "context.h"
#include "ioctl.h"
#include "object.h"
#include "replace.h"
#include "table.h"

/* The slot that was taken names it now, and the old one nothing. */
static void capipc_replace_commit(struct capipc_context *context, struct capipc_handle *what,
				  u32 old, u32 new)
{
	LIST_HEAD(garbage);

	if (capipc_handle_is_object(what)) {
		capipc_object_get(what->object);
		capipc_object_hold(what->object, context, new, what->rights);
		capipc_object_lock(what->object);
		capipc_object_evict_locked(what->object);
		capipc_object_unlock(what->object);
		capipc_object_put(what->object);
	} else if (!capipc_table_publish(&context->table, new, what)) {
		capipc_handle_close(what, false, &garbage);
		capipc_garbage_run(&garbage);
	}
	capipc_table_abort(&context->table, old);
}

static int capipc_replace(struct capipc_context *context, struct capipc_request *request,
			  struct capipc_handle *what)
{
	struct capipc_replace *arg = &request->argument.replace;
	u32 rights = arg->rights == CAPIPC_RIGHTS_SAME ? what->rights : arg->rights;
	int ret;

	if (rights & ~what->rights)
		return -EPERM;
	ret = capipc_table_reserve(&context->table, 1, false);
	if (ret)
		return ret;
	arg->replaced = capipc_table_take(&context->table);
	ret = capipc_request_respond(request);
	if (ret) {
		capipc_table_abort(&context->table, arg->replaced);
		return ret;
	}
	what->rights = rights;
	capipc_replace_commit(context, what, arg->handle, arg->replaced);
	return 0;
}

int capipc_ioctl_replace(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_replace *arg = &request->argument.replace;
	struct capipc_handle what;
	LIST_HEAD(garbage);
	int ret;

	if (arg->flags || arg->reserved)
		return -EINVAL;
	ret = capipc_table_move_begin(&context->table, arg->handle, 0, CAPIPC_KINDS_ANY, &what);
	if (ret)
		return ret;
	ret = capipc_replace(context, request, &what);
	if (ret && !capipc_table_move_abort(&context->table, arg->handle)) {
		capipc_handle_close(&what, false, &garbage);
		capipc_garbage_run(&garbage);
	}
	return ret;
}
