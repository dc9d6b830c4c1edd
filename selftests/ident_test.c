// SPDX-License-Identifier: GPL-2.0
/*
 * Idents: when a sender is another one, and what it tells of its context.
 */
#include "capipc_test_invitation.h"

/* Two contexts of one process, opened in two network namespaces. */
static void in_two_namespaces(struct __test_metadata *_metadata,
			      struct peer *peer)
{
	gid_t group = 7;
	int second, invitation;
	uint32_t over[2], handle;
	struct ipc_message m;
	struct guest g;

	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "opened here"));
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "used there"));
	ASSERT_EQ(0, setgroups(1, &group));
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "by another ident"));

	/* the endpoint moves into a context that was opened there */
	second = ipc_open();
	ASSERT_GE(second, 0);
	ASSERT_OK(ipc_create(peer->fd, over));
	ASSERT_OK(ipc_invite_full(peer->fd, over[1], &invite_anyone, 1, 0,
				  CAPIPC_FOREVER, &invitation, &handle));
	ASSERT_OK(ipc_accept_all(second, invitation, &g));
	ASSERT_OK(ipc_send_handle(peer->fd, over[0], "", peer->ep));
	ASSERT_OK(ipc_recv_from(second, g.in[0].handle, &m));
	EXPECT_OK(ipc_send_str(second, m.att[0].handle, 1, "opened there"));
	ASSERT_OK(sync_send(peer->sock, ns_of(getpid(), "net"), -1));
	ASSERT_OK(sync_wait(peer->sock));
}

/* The next message, and who sent it. */
static int next_query(struct peer *peer, struct capipc_query *q)
{
	struct ipc_message m;
	int ret = ipc_recv_from(peer->fd, peer->ep, &m);

	memset(q, 0, sizeof(*q));
	q->handle = peer->ep;
	q->stamp_id = m.r.stamp.id;
	return ret ? ret : ipc_do_query(peer->fd, q);
}

/*
 * An ident tells of the context that was sent from, not of where the process is by
 * now; in another context of the same process it is another one.
 */
TEST(contexts_of_two_namespaces)
{
	struct peer peer = { .fn = in_two_namespaces, .fd = ipc_open() };
	struct capipc_query here, used, other, there;
	uint64_t net = ns_of(getpid(), "net"), theirs;

	ASSERT_GE(peer.fd, 0);
	PEER_START(&peer);
	ASSERT_OK(sync_recv(peer.sock, &theirs, NULL));
	ASSERT_NE(net, theirs);
	ASSERT_OK(next_query(&peer, &here));
	EXPECT_EQ(net, here.net_ns);
	ASSERT_OK(next_query(&peer, &used));
	EXPECT_EQ(net, used.net_ns);
	EXPECT_EQ(here.stamp.id, used.stamp.id);
	ASSERT_OK(next_query(&peer, &other));
	EXPECT_EQ(net, other.net_ns);
	EXPECT_NE(here.stamp.id, other.stamp.id);
	ASSERT_OK(next_query(&peer, &there));
	EXPECT_EQ(theirs, there.net_ns);
	EXPECT_NE(other.stamp.id, there.stamp.id);
	/* it is the same process all the same */
	EXPECT_EQ(peer.child.pid, there.stamp.pid);
	EXPECT_EQ(other.stamp.flags, there.stamp.flags);
	ASSERT_OK(sync_post(peer.sock));
	PEER_WAIT(&peer);
	close(peer.fd);
}

TEST_HARNESS_MAIN
