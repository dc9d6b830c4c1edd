/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All peers: what peer.c makes a table of.
 */
#ifndef PEERS_H
#define PEERS_H

#include "bench.h"

extern const struct peer peer_binder;
extern const struct peer peer_capipc;
extern const struct peer peer_capipc_pointer;
extern const struct peer peer_dbus;
extern const struct peer peer_eventfd;
extern const struct peer peer_floor;
extern const struct peer peer_futex;
extern const struct peer peer_mq;
extern const struct peer peer_pipe;
extern const struct peer peer_seqpacket;
extern const struct peer peer_seqpacket_cred;
extern const struct peer peer_seqpacket_epoll;
extern const struct peer peer_stream;
extern const struct peer peer_stream_cred;

#endif /* PEERS_H */
