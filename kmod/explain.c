// SPDX-License-Identifier: GPL-2.0
/*
 * Explaining: which rule would decide what the calling thread asks about, without
 * sending or connecting.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "context.h"
#include "ident.h"
#include "ioctl.h"
#include "listener.h"
#include "object.h"
#include "pipe.h"
#include "rule.h"
#include "table.h"

static int capipc_explain_send(struct capipc_context *context, struct capipc_explain *arg)
{
	struct capipc_endpoint *endpoint;
	int ret;

	endpoint = capipc_table_get_endpoint(&context->table, arg->handle, CAPIPC_RIGHT_WRITE);
	if (IS_ERR(endpoint))
		return PTR_ERR(endpoint);
	do {
		ret = capipc_endpoint_refresh_ident(endpoint, context);
		if (ret)
			break;
		capipc_object_lock(&endpoint->object);
		if (!capipc_ident_is_current(endpoint->ident, context)) {
			ret = -EAGAIN;
		} else if (capipc_peer_closed_locked(endpoint)) {
			ret = -EPIPE;
		} else {
			rcu_read_lock();
			arg->rule = capipc_endpoint_decide_locked(endpoint, endpoint->ident,
								  endpoint->ident_changed,
								  arg->ordinal);
			rcu_read_unlock();
			arg->facet = capipc_endpoint_peer(endpoint)->facet;
		}
		capipc_object_unlock(&endpoint->object);
		/* Another thread sends with other credentials again and again. */
		if (ret == -EAGAIN && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	} while (ret == -EAGAIN);
	capipc_endpoint_put(endpoint);
	return ret;
}

static int capipc_explain_connect(struct capipc_context *context, struct capipc_explain *arg)
{
	struct capipc_listener *listener;
	struct capipc_ident *ident;
	char name[CAPIPC_NAME_MAX + 1];
	int ret;

	ret = capipc_name_copy(name, arg->name, arg->name_len);
	if (ret)
		return ret;
	ident = capipc_ident_create(context);
	listener = capipc_listener_find(context->net, name, arg->name_len);
	if (!ident)
		ret = -ENOMEM;
	else if (!listener)
		ret = -ENOENT;
	else
		ret = capipc_listener_decide(listener, ident, &arg->rule, &arg->facet);
	if (listener)
		capipc_listener_put(listener);
	capipc_ident_put(ident);
	return ret;
}

int capipc_ioctl_explain(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_explain *arg = &request->argument.explain;
	int ret;

	if (arg->flags)
		return -EINVAL;
	if (arg->handle ? arg->name || arg->name_len : arg->ordinal)
		return -EINVAL;
	arg->facet = 0;
	if (arg->handle)
		ret = capipc_explain_send(context, arg);
	else
		ret = capipc_explain_connect(context, arg);
	if (ret)
		return ret;
	arg->allowed = capipc_rule_allowed(arg->rule);
	return capipc_request_respond(request);
}
