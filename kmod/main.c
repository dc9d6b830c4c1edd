// SPDX-License-Identifier: GPL-2.0
/*
 * capipc: message pipes whose handles, identities and policy the kernel keeps.
 * uapi/linux/capipc.h explains the model, main.h has the lock tree.
 */
#include <linux/module.h>

#include "collect.h"
#include "context.h"
#include "device.h"
#include "ident.h"
#include "invitation.h"
#include "main.h"
#include "net.h"
#include "netlink.h"
#include "process.h"
#include "roster.h"
#include "user.h"

unsigned long capipc_max_buffer_bytes = 32UL << 20;
module_param_named(max_buffer_bytes, capipc_max_buffer_bytes, ulong, 0644);
MODULE_PARM_DESC(max_buffer_bytes, "bytes of a shared buffer or data pipe");

static int __init capipc_init(void)
{
	int ret;

	/* Who copies to a receive area under a lock may not be preempted (docs/fast.md). */
	BUILD_BUG_ON(IS_ENABLED(CONFIG_PREEMPT_RT));
	capipc_ident_init();
	ret = capipc_process_init();
	if (ret)
		return ret;
	ret = capipc_user_init();
	if (ret)
		goto err_process;
	ret = capipc_net_init();
	if (ret)
		goto err_user;
	ret = capipc_netlink_init();
	if (ret)
		goto err_net;
	ret = capipc_invitation_init();
	if (ret)
		goto err_netlink;
	ret = capipc_device_init();
	if (ret)
		goto err_invitation;
	return 0;

err_invitation:
	capipc_invitation_exit();
err_netlink:
	capipc_netlink_exit();
err_net:
	capipc_net_exit();
err_user:
	capipc_user_exit();
err_process:
	capipc_process_exit();
	return ret;
}

static void __exit capipc_exit(void)
{
	capipc_device_exit();
	capipc_invitation_exit();
	capipc_collect_exit();
	capipc_process_exit();
	capipc_netlink_exit();
	capipc_net_exit();
	capipc_roster_exit();
	capipc_user_exit();
}

module_init(capipc_init);
module_exit(capipc_exit);

MODULE_DESCRIPTION("Message pipes whose handles, identities and policy the kernel keeps");
MODULE_AUTHOR("The capipc authors");
MODULE_LICENSE("GPL");
