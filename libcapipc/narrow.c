// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Handles that are narrowed down before they are passed on, or given up for what they
 * lead to.
 */
#include "internal.h"

#include <stdlib.h>

int capipc_handle_replace(struct capipc_context *context, uint32_t handle,
			  uint32_t rights, uint32_t *replaced)
{
	struct capipc_replace request = {
		.size = sizeof(request),
		.handle = handle,
		.rights = rights,
	};
	int ret;

	ret = capipc_context_ioctl(context, CAPIPC_IOC_REPLACE, &request);
	if (ret < 0)
		return ret;
	*replaced = request.replaced;
	return 0;
}

int capipc_endpoint_attenuate(struct capipc_context *context, uint32_t endpoint,
			      const struct capipc_range *ranges, uint32_t count)
{
	struct capipc_attenuate request = {
		.size = sizeof(request),
		.ranges = pointer_to_u64(ranges),
		.ranges_count = count,
		.handle = endpoint,
	};

	return capipc_context_ioctl(context, CAPIPC_IOC_ATTENUATE, &request);
}

int capipc_endpoint_confine(struct capipc_context *context, uint32_t endpoint,
			    const struct capipc_rules *rules)
{
	struct capipc_confine request = {
		.size = sizeof(request),
		.rule_size = sizeof(struct capipc_rule),
		.handle = endpoint,
	};
	struct capipc_rule *array;
	int ret;

	ret = capipc_rules_export(rules, false, &array);
	if (ret < 0)
		return ret;
	request.rules = pointer_to_u64(array);
	request.rules_count = (uint32_t)ret;
	ret = capipc_context_ioctl(context, CAPIPC_IOC_CONFINE, &request);
	free(array);
	return ret;
}

int capipc_endpoint_fuse(struct capipc_context *context, uint32_t endpoint,
			 uint32_t other)
{
	struct capipc_fuse request = {
		.size = sizeof(request),
		.handle = { endpoint, other },
	};

	return capipc_context_ioctl(context, CAPIPC_IOC_FUSE, &request);
}
