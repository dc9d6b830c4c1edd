// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespaces: see net.h.
 */
#include <net/netns/generic.h>

#include "net.h"

static unsigned int capipc_net_id __read_mostly;

struct capipc_net *capipc_net(struct net *net)
{
	return net_generic(net, capipc_net_id);
}

static int __net_init capipc_net_start(struct net *net)
{
	struct capipc_net *cn = capipc_net(net);

	spin_lock_init(&cn->lock);
	hash_init(cn->names);
	INIT_LIST_HEAD(&cn->contexts);
	return 0;
}

/* Contexts and listeners hold the namespace, so there are none left. */
static void __net_exit capipc_net_stop(struct net *net)
{
	struct capipc_net *cn = capipc_net(net);

	WARN_ON(!list_empty(&cn->contexts));
	WARN_ON(!hash_empty(cn->names));
}

static struct pernet_operations capipc_net_ops = {
	.init = capipc_net_start,
	.exit = capipc_net_stop,
	.id = &capipc_net_id,
	.size = sizeof(struct capipc_net),
};

int __init capipc_net_init(void)
{
	return register_pernet_subsys(&capipc_net_ops);
}

void capipc_net_exit(void)
{
	unregister_pernet_subsys(&capipc_net_ops);
}
