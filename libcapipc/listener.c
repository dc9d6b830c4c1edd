// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names: binding them, and connecting to them.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* One byte too long is enough to be told so. */
static uint32_t name_length(const char *name)
{
	return (uint32_t)strnlen(name, CAPIPC_NAME_MAX + 1);
}

int capipc_listener_bind(struct capipc_context *context, const char *name,
			 const struct capipc_rules *connect_rules,
			 const struct capipc_rules *endpoint_rules,
			 uint32_t backlog, uint64_t cookie, uint32_t *listener)
{
	struct capipc_listen listen = {
		.size = sizeof(listen),
		.name = pointer_to_u64(name),
		.cookie = cookie,
		.name_len = name_length(name),
		.rule_size = sizeof(struct capipc_rule),
		.backlog = backlog ? backlog : CAPIPC_BACKLOG_DEFAULT,
	};
	struct capipc_rule *connect_array, *endpoint_array = NULL;
	int ret;

	ret = capipc_rules_export(connect_rules, false, &connect_array);
	if (ret < 0)
		return ret;
	listen.rules = pointer_to_u64(connect_array);
	listen.rules_count = (uint32_t)ret;

	if (endpoint_rules) {
		ret = capipc_rules_export(endpoint_rules, true,
					  &endpoint_array);
		if (ret < 0)
			goto out;
		/* To the kernel no rules are no limits: not what was built. */
		if (!ret) {
			ret = -EINVAL;
			goto out;
		}
		listen.endpoint_rules = pointer_to_u64(endpoint_array);
		listen.endpoint_rules_count = (uint32_t)ret;
	}

	ret = capipc_context_ioctl(context, CAPIPC_IOC_LISTEN, &listen);
	if (!ret)
		*listener = listen.handle;
out:
	free(endpoint_array);
	free(connect_array);
	return ret;
}

int capipc_endpoint_connect(struct capipc_context *context, const char *name,
			    uint64_t cookie, uint32_t *endpoint)
{
	struct capipc_connect connect = {
		.size = sizeof(connect),
		.name = pointer_to_u64(name),
		.cookie = cookie,
		.name_len = name_length(name),
	};
	int ret;

	ret = capipc_context_ioctl(context, CAPIPC_IOC_CONNECT, &connect);
	if (!ret)
		*endpoint = connect.handle;
	return ret;
}

int capipc_name_explain(struct capipc_context *context, const char *name,
			int32_t *rule, uint32_t *facet)
{
	struct capipc_explain explain = {
		.size = sizeof(explain),
		.name = pointer_to_u64(name),
		.name_len = name_length(name),
	};
	int ret;

	ret = capipc_context_ioctl(context, CAPIPC_IOC_EXPLAIN, &explain);
	if (ret < 0)
		return ret;
	if (rule)
		*rule = explain.rule;
	if (facet)
		*facet = explain.facet;
	return explain.allowed ? 1 : 0;
}
