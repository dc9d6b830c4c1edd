// SPDX-License-Identifier: GPL-2.0
/*
 * Two pipes become one: who may send what over it, by attenuations and by rules, and
 * who is told to be whom.
 */
#include "fuse.h"

TEST_F(fuse, attenuated)
{
	ASSERT_OK(attenuate(self->far, self->a2, 3, 9));
	ASSERT_OK(attenuate(self->fd, self->b, 1, 5));
	ASSERT_OK(attenuate(self->fd, self->a, 7, 12));
	ASSERT_OK(fuse(self));
	EXPECT_OK(lets(self->far, self->a2, 3, 5));
	EXPECT_OK(lets(self->fd, self->b2, 7, 12));
	ASSERT_OK(attenuate(self->fd, self->b2, 10, 20));
	EXPECT_OK(lets(self->fd, self->b2, 10, 12));
}

/* What was let through before is not remembered. */
TEST_F(fuse, attenuated_after_use)
{
	ASSERT_OK(restrict_to(self->fd, self->a, 0, 0, 20));
	ASSERT_OK(restrict_to(self->fd, self->b2, 0, 0, 5));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 9, "x"));
	ASSERT_OK(ipc_recv_from(self->fd, self->a, &self->m));
	ASSERT_OK(fuse(self));
	EXPECT_ERR(EACCES, ipc_trysend(self->far, self->a2, 9, "x", 1));
	EXPECT_OK(lets(self->far, self->a2, 0, 5));
}

TEST_F(fuse, attenuated_too_finely)
{
	struct capipc_range r[CAPIPC_RANGES_MAX];
	struct capipc_attenuate a = {
		.size = sizeof(a),
		.ranges = ipc_ptr(r),
		.ranges_count = CAPIPC_RANGES_MAX,
	};
	uint32_t i, j;

	for (j = 0; j < 2; j++) {
		for (i = 0; i < CAPIPC_RANGES_MAX; i++)
			r[i] = (struct capipc_range){ 4 * i + 2 * j,
						      4 * i + 2 * j + 2 };
		a.handle = j ? self->b : self->a2;
		ASSERT_OK(ipc_ioctl(j ? self->fd : self->far,
				    CAPIPC_IOC_ATTENUATE, &a));
	}
	EXPECT_ERR(EMLINK, fuse(self));
	EXPECT_OK(ipc_send_str(self->far, self->a2, 0, "as before"));
	EXPECT_OK(next_is(self->fd, self->a, "as before"));
}

/* Queued messages may not move through what would not have let them through. */
TEST_F(fuse, attenuation_judges_what_is_queued)
{
	ASSERT_OK(ipc_send_str(self->far, self->a2, 3, "good"));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 7, "bad"));
	ASSERT_OK(attenuate(self->fd, self->b, 1, 5));
	EXPECT_ERR(EACCES, fuse(self));
	EXPECT_ERR(EACCES, ipc_fuse(self->fd, self->b, self->a));
	EXPECT_EQ(2, ipc_queued(self->fd, self->a));
	EXPECT_EQ(0, ipc_queued(self->fd, self->b2));
	EXPECT_OK(next_is(self->fd, self->a, "good"));
	EXPECT_OK(next_is(self->fd, self->a, "bad"));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 3, "good"));
	EXPECT_OK(fuse(self));
	EXPECT_OK(next_is(self->fd, self->b2, "good"));
}

TEST_F(fuse, rules_judge_what_is_queued)
{
	int i;

	ASSERT_OK(restrict_to(self->fd, self->b2, 0, 1, 5));
	/* more than are judged at a time */
	for (i = 0; i < 200; i++)
		ASSERT_OK(ipc_send_str(self->far, self->a2, 3, "good"));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 7, "bad"));
	EXPECT_ERR(EACCES, fuse(self));
	EXPECT_EQ(201, ipc_queued(self->fd, self->a));
	for (i = 0; i < 200; i++)
		ASSERT_OK(next_is(self->fd, self->a, "good"));
	ASSERT_OK(next_is(self->fd, self->a, "bad"));
	for (i = 0; i < 200; i++)
		ASSERT_OK(ipc_send_str(self->far, self->a2, 3, "good"));
	EXPECT_OK(fuse(self));
	EXPECT_EQ(200, ipc_queued(self->fd, self->b2));
	EXPECT_ERR(EACCES, ipc_trysend(self->far, self->a2, 7, "x", 1));
}

/* The rules of the end that is gone protect who takes its place. */
TEST_F(fuse, rules_are_inherited)
{
	struct capipc_explain e = { .handle = self->a2, .ordinal = 9 };

	ASSERT_OK(restrict_to(self->fd, self->a, 0, 3, 8));
	ASSERT_OK(fuse(self));
	EXPECT_OK(lets(self->far, self->a2, 3, 8));
	ASSERT_OK(ipc_do_explain(self->far, &e));
	EXPECT_EQ(CAPIPC_EXPLAIN_NONE, e.rule);
	e.ordinal = 4;
	ASSERT_OK(ipc_do_explain(self->far, &e));
	EXPECT_EQ(0, e.rule);
	/* it can have some of its own all the same, once */
	ASSERT_OK(restrict_to(self->fd, self->b2, 0, 5, 20));
	EXPECT_ERR(EBUSY, restrict_to(self->fd, self->b2, 0, 0, 20));
	EXPECT_OK(lets(self->far, self->a2, 5, 8));
	/* the other way nothing is forbidden */
	EXPECT_OK(lets(self->fd, self->b2, 0, 20));
}

TEST_F(fuse, rules_pile_up)
{
	uint32_t h[2], near = self->a;
	int i, ret = 0;

	for (i = 0; i < 10; i++) {
		ASSERT_OK(restrict_to(self->fd, near, 0, 1, 10));
		ASSERT_OK(ipc_create(self->fd, h));
		ret = ipc_fuse(self->fd, near, h[0]);
		if (ret)
			break;
		near = h[1];
	}
	EXPECT_EQ(4, i);
	EXPECT_ERR(EMLINK, ret);
	EXPECT_OK(lets(self->far, self->a2, 1, 10));
}

/* ------------------------------------------------------------- who is whom */

/* Another process, which has b2 and says when. */
static void the_other(struct __test_metadata *_metadata, struct peer *peer)
{
	struct capipc_query q = { .stamp_id = 0 };
	struct ipc_message m;
	uint32_t b2;

	ASSERT_OK(ipc_recv_from(peer->fd, peer->ep, &m));
	b2 = m.att[0].handle;
	EXPECT_OK(ipc_send_str(peer->fd, b2, 1, "before"));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));

	/* what has moved is from who had made both pipes: that is who connected */
	ASSERT_OK(ipc_recv_from(peer->fd, b2, &m));
	EXPECT_EQ(0, m.r.stamp.flags);
	EXPECT_EQ(getppid(), m.r.stamp.pid);
	q.handle = b2;
	ASSERT_OK(ipc_do_query(peer->fd, &q));
	EXPECT_EQ(getppid(), q.stamp.pid);
	EXPECT_OK(ipc_send_str(peer->fd, b2, 1, "after"));
}

TEST_F(fuse, stamps)
{
	struct capipc_query q = { .handle = self->a2 };
	struct peer peer = { .fn = the_other, .fd = self->fd };

	PEER_START(&peer);
	ASSERT_OK(ipc_send_handle(self->fd, peer.ep, "", self->b2));
	ASSERT_OK(ipc_send_str(self->far, self->a2, 1, "x"));
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(fuse(self));
	ASSERT_OK(sync_post(peer.sock));
	ASSERT_OK(ipc_recv_from(self->far, self->a2, &self->m));
	EXPECT_EQ(0, strcmp(self->m.data, "before"));
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, self->m.r.stamp.flags);
	ASSERT_OK(ipc_recv_from(self->far, self->a2, &self->m));
	EXPECT_EQ(0, strcmp(self->m.data, "after"));
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, self->m.r.stamp.flags);
	EXPECT_EQ(peer.child.pid, self->m.r.stamp.pid);
	/* who connected is who did */
	ASSERT_OK(ipc_do_query(self->far, &q));
	EXPECT_EQ(getpid(), q.stamp.pid);
	PEER_WAIT(&peer);
}

static void the_late_server(struct __test_metadata *_metadata,
			    struct peer *peer)
{
	uint32_t listener, server;

	ASSERT_OK(ipc_listen(peer->fd, peer->arg, &listener));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
	ASSERT_OK(ipc_accept(peer->fd, listener, &server));
	EXPECT_OK(ipc_send_str(peer->fd, server, 1, "x"));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
}

/*
 * An end that waits in a listener is made for who takes it. Not if it has taken the
 * place of another one by then: that one's peer knows who had that.
 */
TEST_F(fuse, stamps_from_a_backlog)
{
	struct capipc_query q = { .handle = self->a2 };
	struct peer peer = { .fn = the_late_server, .fd = self->fd };
	uint32_t client;
	char name[64];

	snprintf(name, sizeof(name), "selftest/%d/late", getpid());
	peer.arg = name;
	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(ipc_connect(self->fd, name, &client));
	ASSERT_OK(ipc_fuse(self->fd, client, self->a));
	ASSERT_OK(sync_post(peer.sock));
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(ipc_recv_from(self->far, self->a2, &self->m));
	EXPECT_EQ(peer.child.pid, self->m.r.stamp.pid);
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, self->m.r.stamp.flags);
	ASSERT_OK(ipc_do_query(self->far, &q));
	EXPECT_EQ(getpid(), q.stamp.pid);
	ASSERT_OK(sync_post(peer.sock));
	PEER_WAIT(&peer);
}

static void the_connected(struct __test_metadata *_metadata, struct peer *peer)
{
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "I am"));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
	EXPECT_ERR(EACCES, ipc_send_str(peer->fd, peer->ep, 1, "I was"));
}

/* It is who connected for the one, but not for the other. */
TEST_F(fuse, unchanged)
{
	struct peer peer = { .fn = the_connected, .fd = self->fd };

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(
		restrict_to(self->fd, self->b2, CAPIPC_MATCH_UNCHANGED, 0, 20));
	EXPECT_ERR(EACCES, ipc_fuse(self->fd, peer.ep, self->b));
	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	EXPECT_EQ(0, self->m.r.stamp.flags);
	ASSERT_OK(ipc_fuse(self->fd, peer.ep, self->b));
	ASSERT_OK(sync_post(peer.sock));
	PEER_WAIT(&peer);
}

static void as_nobody(struct __test_metadata *_metadata, struct peer *peer)
{
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "x"));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
	EXPECT_ERR(EACCES, ipc_send_str(peer->fd, peer->ep, 1, "x"));
}

/* Rules look at who has sent it, not at who fuses. */
TEST_F(fuse, judged_by_its_sender)
{
	struct peer peer = { .fn = as_nobody, .fd = self->fd, .uid = 1000 };

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(restrict_to(self->fd, self->b2, CAPIPC_MATCH_SAME_PRIVILEGE,
			      0, 20));
	EXPECT_ERR(EACCES, ipc_fuse(self->fd, peer.ep, self->b));
	EXPECT_EQ(1, ipc_queued(self->fd, peer.ep));
	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	ASSERT_OK(ipc_fuse(self->fd, peer.ep, self->b));
	ASSERT_OK(sync_post(peer.sock));
	PEER_WAIT(&peer);
}

static void to_the_group(struct __test_metadata *_metadata, struct peer *peer)
{
	gid_t groups[] = { 7, 42, 99 };

	ASSERT_EQ(0, setgroups(3, groups));
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "x"));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "y"));
	ASSERT_EQ(0, setgroups(2, groups + 1));
	EXPECT_OK(ipc_send_str(peer->fd, peer->ep, 1, "y"));
	ASSERT_EQ(0, setgroups(1, groups));
	EXPECT_ERR(EACCES, ipc_send_str(peer->fd, peer->ep, 1, "y"));
}

/* Supplementary groups are those of the sender, too. */
TEST_F(fuse, judged_by_its_groups)
{
	struct peer peer = { .fn = to_the_group, .fd = self->fd };
	struct capipc_rule rule = { .match = CAPIPC_MATCH_GID,
				    .ordinal_last = 20,
				    .gid = 42 };
	struct capipc_restrict r = { .rules = ipc_ptr(&rule),
				     .rules_count = 1,
				     .rule_size = sizeof(rule),
				     .handle = self->b2 };

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(ipc_do_restrict(self->fd, &r));
	ASSERT_OK(ipc_fuse(self->fd, peer.ep, self->b));
	ASSERT_OK(sync_post(peer.sock));
	PEER_WAIT(&peer);
}

TEST_HARNESS_MAIN
