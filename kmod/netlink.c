// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: see netlink.h.
 */
#include <linux/module.h>

#include "account_netlink.h"
#include "dump.h"
#include "netlink.h"
#include "subscriber.h"

/**
 * capipc_netlink_put_text - add text that has no NUL
 * @skb: the message
 * @type: of the attribute, which gets a NUL
 * @text: the text
 * @len: its length in bytes
 */
int capipc_netlink_put_text(struct sk_buff *skb, int type, const char *text, size_t len)
{
	struct nlattr *attr = nla_reserve(skb, type, len + 1);
	char *to;

	if (!attr)
		return -EMSGSIZE;
	to = nla_data(attr);
	memcpy(to, text, len);
	to[len] = '\0';
	return 0;
}

static const struct genl_ops capipc_genl_ops[] = {
	{
		.cmd = CAPIPC_CMD_GET_CONTEXT,
		.doit = capipc_get_context,
		.start = capipc_dump_start,
		.dumpit = capipc_dump_contexts,
		.done = capipc_dump_done,
		.policy = capipc_context_policy,
		.maxattr = ARRAY_SIZE(capipc_context_policy) - 1,
	}, {
		.cmd = CAPIPC_CMD_GET_HANDLE,
		.start = capipc_dump_start,
		.dumpit = capipc_dump_handles,
		.done = capipc_dump_done,
		.policy = capipc_handle_policy,
		.maxattr = ARRAY_SIZE(capipc_handle_policy) - 1,
	}, {
		.cmd = CAPIPC_CMD_GET_PIPE,
		.doit = capipc_get_pipe,
		.start = capipc_dump_start,
		.dumpit = capipc_dump_pipes,
		.done = capipc_dump_done,
		.policy = capipc_pipe_policy,
		.maxattr = ARRAY_SIZE(capipc_pipe_policy) - 1,
	}, {
		.cmd = CAPIPC_CMD_GET_LISTENER,
		.doit = capipc_get_listener,
		.start = capipc_dump_start,
		.dumpit = capipc_dump_listeners,
		.done = capipc_dump_done,
		.policy = capipc_listener_policy,
		.maxattr = ARRAY_SIZE(capipc_listener_policy) - 1,
	}, {
		.cmd = CAPIPC_CMD_SUBSCRIBE,
		.doit = capipc_subscribe,
		.policy = capipc_subscribe_policy,
		.maxattr = ARRAY_SIZE(capipc_subscribe_policy) - 1,
	}, {
		.cmd = CAPIPC_CMD_UNSUBSCRIBE,
		.doit = capipc_unsubscribe,
	}, {
		.cmd = CAPIPC_CMD_GET_USER,
		.doit = capipc_get_user,
		.start = capipc_users_start,
		.dumpit = capipc_dump_user,
		.done = capipc_users_done,
		.policy = capipc_user_get_policy,
		.maxattr = ARRAY_SIZE(capipc_user_get_policy) - 1,
	}, {
		.cmd = CAPIPC_CMD_SET_USER,
		.doit = capipc_set_user,
		.policy = capipc_user_set_policy,
		.maxattr = ARRAY_SIZE(capipc_user_set_policy) - 1,
	}, {
		.cmd = CAPIPC_CMD_GET_ACCOUNT,
		.start = capipc_users_start,
		.dumpit = capipc_dump_account,
		.done = capipc_users_done,
	},
};

static const struct genl_multicast_group capipc_genl_groups[] = {
	[CAPIPC_GENL_EVENTS] = {
		.name = CAPIPC_GENL_GROUP_EVENTS,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
};

struct genl_family capipc_genl_family __ro_after_init = {
	.name = CAPIPC_GENL_NAME,
	.version = CAPIPC_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = capipc_genl_ops,
	.n_ops = ARRAY_SIZE(capipc_genl_ops),
	.mcgrps = capipc_genl_groups,
	.n_mcgrps = ARRAY_SIZE(capipc_genl_groups),
};

int __init capipc_netlink_init(void)
{
	int ret = capipc_subscriber_init();

	if (ret)
		return ret;
	ret = genl_register_family(&capipc_genl_family);
	if (ret)
		capipc_subscriber_exit();
	return ret;
}

/* Nobody subscribes any more; who has, is forgotten with the network namespaces. */
void capipc_netlink_exit(void)
{
	genl_unregister_family(&capipc_genl_family);
	capipc_subscriber_exit();
}
