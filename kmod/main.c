// SPDX-License-Identifier: GPL-2.0
/*
 * capipc: message pipes whose handles, identities and policy the kernel keeps.
 * uapi/linux/capipc.h explains the model, main.h has the lock tree.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "account.h"
#include "context.h"
#include "main.h"
#include "net.h"
#include "netlink.h"
#include "process.h"
#include "roster.h"

unsigned int capipc_max_contexts_per_uid = 4096;
module_param_named(max_contexts_per_uid, capipc_max_contexts_per_uid, uint, 0644);
MODULE_PARM_DESC(max_contexts_per_uid, "contexts that a user may have open");

unsigned int capipc_max_listeners_per_uid = 256;
module_param_named(max_listeners_per_uid, capipc_max_listeners_per_uid, uint, 0644);
MODULE_PARM_DESC(max_listeners_per_uid, "names that a user may have bound");

unsigned int capipc_max_handles_per_uid = 262144;
module_param_named(max_handles_per_uid, capipc_max_handles_per_uid, uint, 0644);
MODULE_PARM_DESC(max_handles_per_uid, "handles that a user may have, in flight included");

unsigned int capipc_max_handles_per_context = 65536;
module_param_named(max_handles_per_context, capipc_max_handles_per_context, uint, 0644);
MODULE_PARM_DESC(max_handles_per_context, "handles that a context may have, in flight included");

unsigned long capipc_max_bytes_per_uid = 256UL << 20;
module_param_named(max_bytes_per_uid, capipc_max_bytes_per_uid, ulong, 0644);
MODULE_PARM_DESC(max_bytes_per_uid, "bytes of kernel memory that a user may cause");

unsigned long capipc_max_bytes_per_context = 64UL << 20;
module_param_named(max_bytes_per_context, capipc_max_bytes_per_context, ulong, 0644);
MODULE_PARM_DESC(max_bytes_per_context, "bytes of kernel memory that a context may cause");

unsigned int capipc_max_events_per_second = 500;
module_param_named(max_events_per_second, capipc_max_events_per_second, uint, 0644);
MODULE_PARM_DESC(max_events_per_second, "events that a user may cause in a second");

unsigned int capipc_max_event_burst = 1000;
module_param_named(max_event_burst, capipc_max_event_burst, uint, 0644);
MODULE_PARM_DESC(max_event_burst, "events that a user may cause at once");

unsigned int capipc_window_bytes = 4U << 20;
module_param_named(window_bytes, capipc_window_bytes, uint, 0644);
MODULE_PARM_DESC(window_bytes, "bytes that may wait in one direction of a pipe");

unsigned int capipc_window_messages = 1024;
module_param_named(window_messages, capipc_window_messages, uint, 0644);
MODULE_PARM_DESC(window_messages, "messages that may wait in one direction of a pipe");

static struct miscdevice capipc_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "capipc",
	.fops = &capipc_fops,
	.mode = 0666,
};

static int __init capipc_init(void)
{
	int ret;

	ret = capipc_net_init();
	if (ret)
		return ret;
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
	return ret;
}

static void __exit capipc_exit(void)
{
	misc_deregister(&capipc_device);
	capipc_process_exit();
	capipc_netlink_exit();
	capipc_net_exit();
	capipc_roster_exit();
	capipc_account_exit();
}

module_init(capipc_init);
module_exit(capipc_exit);

MODULE_DESCRIPTION("Message pipes whose handles, identities and policy the kernel keeps");
MODULE_AUTHOR("The capipc authors");
MODULE_LICENSE("GPL");
