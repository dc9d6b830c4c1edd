// SPDX-License-Identifier: GPL-2.0
/*
 * The peers that there are, in the order of the table.
 */
#include <string.h>

#include "bench.h"
#include "peers.h"

/* clang-format off */
const struct peer *const peers[] = {
	&peer_floor,
	&peer_eventfd,
	&peer_futex,
	&peer_pipe,
	&peer_mq,
	&peer_stream,
	&peer_stream_cred,
	&peer_seqpacket,
	&peer_seqpacket_cred,
	&peer_seqpacket_epoll,
	&peer_binder,
	&peer_dbus,
	&peer_capipc,
	&peer_capipc_pointer,
	NULL,
};
/* clang-format on */

const struct peer *peer_find(const char *name)
{
	const struct peer *const *peer;

	for (peer = peers; *peer; peer++) {
		if (!strcmp((*peer)->name, name))
			return *peer;
	}
	return NULL;
}

bool peer_offers(const struct peer *peer, const struct workload *work)
{
	return peer->operation[work->shape] &&
	       (!peer->offers || peer->offers(peer, work));
}
