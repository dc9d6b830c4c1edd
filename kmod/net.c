// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespaces: see net.h.
 */
#include <net/netns/generic.h>

#include "net.h"
#include "subscriber.h"

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
	xa_init_flags(&cn->contexts, XA_FLAGS_ACCOUNT);
	atomic_set(&cn->changes, 0);
	mutex_init(&cn->subscribe_lock);
	xa_init_flags(&cn->subscribers, XA_FLAGS_ACCOUNT);
	xa_init_flags(&cn->audiences, XA_FLAGS_ACCOUNT);
	INIT_HLIST_HEAD(&cn->seers);
	atomic64_set(&cn->events_dropped, 0);
	return 0;
}

/*
 * Contexts and listeners hold the namespace, so there are none left. Sockets hold
 * it too, but not the module: when that goes, there may be subscribers.
 */
static void __net_exit capipc_net_stop(struct net *net)
{
	struct capipc_net *cn = capipc_net(net);

	capipc_subscribers_drop(cn);
	WARN_ON(!xa_empty(&cn->contexts));
	WARN_ON(!hash_empty(cn->names));
	xa_destroy(&cn->contexts);
	xa_destroy(&cn->subscribers);
	xa_destroy(&cn->audiences);
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
