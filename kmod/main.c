// SPDX-License-Identifier: GPL-2.0
/*
 * capipc: message pipes whose handles, identities and policy the kernel keeps.
 * uapi/linux/capipc.h explains the model, main.h has the lock tree.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "context.h"
#include "event.h"
#include "main.h"
#include "net.h"
#include "process.h"
#include "user.h"

static struct miscdevice capipc_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "capipc",
	.fops = &capipc_fops,
	.mode = 0666,
};

static int __init capipc_init(void)
{
	int ret;

	ret = capipc_user_init();
	if (ret)
		return ret;
	ret = capipc_net_init();
	if (ret)
		goto err_user;
	ret = capipc_netlink_init();
	if (ret)
		goto err_net;
	ret = misc_register(&capipc_device);
	if (ret)
		goto err_netlink;
	return 0;

err_netlink:
	capipc_netlink_exit();
err_net:
	capipc_net_exit();
err_user:
	capipc_user_exit();
	return ret;
}

static void __exit capipc_exit(void)
{
	misc_deregister(&capipc_device);
	capipc_process_exit();
	capipc_netlink_exit();
	capipc_net_exit();
	capipc_user_exit();
}

module_init(capipc_init);
module_exit(capipc_exit);

MODULE_DESCRIPTION("Message pipes whose handles, identities and policy the kernel keeps");
MODULE_AUTHOR("The capipc authors");
MODULE_LICENSE("GPL");
