// SPDX-License-Identifier: GPL-2.0
/*
 * What is left over of a pipe when one of its ends is closed and the holder of the other
 * keeps that: who was polite is not the one who pays for it, or can get it back.
 */
#include "capipc_test_account.h"

/* More than a context is granted at a time. */
#define RULES	 CAPIPC_RULES_MAX
#define MESSAGES 64
#define LEN	 8192

FIXTURE(leftover)
{
	struct nl nl;
	struct actor server, client;
	char name[64];
	__u32 listener;
	__u64 before; /* what the server had paid for before the client came */
};

FIXTURE_SETUP(leftover)
{
	snprintf(self->name, sizeof(self->name), "uid/7901/leftover");
	ASSERT_OK(nl_open(&self->nl));
	ASSERT_OK(start_as(&self->server, 7901));
	ASSERT_OK(start_as(&self->client, 7902));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
	self->before = account_used(&self->nl, &self->server, BYTES);
	ASSERT_NE(~0ULL, self->before);
}

FIXTURE_TEARDOWN(leftover)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
	nl_close(&self->nl);
}

static __u64 used(FIXTURE_DATA(leftover) * self)
{
	return account_used(&self->nl, &self->server, BYTES) - self->before;
}

static int link_up(FIXTURE_DATA(leftover) * self, __u32 *ours, __u32 *theirs)
{
	return actor_link(&self->client, &self->server, self->name,
			  self->listener, theirs, ours);
}

static int restrict_it(FIXTURE_DATA(leftover) * self, __u32 handle)
{
	static struct capipc_rule rules[RULES];
	int i;

	for (i = 0; i < RULES; i++)
		rules[i] = (struct capipc_rule){ .ordinal_first = i,
						 .ordinal_last = i };
	return actor_restrict(&self->server, handle, rules, RULES);
}

TEST_F(leftover, rules)
{
	__u32 ours, theirs[8];
	int i;

	for (i = 0; i < 8; i++) {
		ASSERT_OK(link_up(self, &ours, &theirs[i]));
		ASSERT_OK(restrict_it(self, ours));
		EXPECT_LE(RULES * sizeof(struct capipc_rule) / 2, used(self));
		ASSERT_OK(actor_close(&self->server, ours));
		EXPECT_EQ(0, used(self));
	}
	/* they do not come to life again */
	for (i = 0; i < 8; i++)
		EXPECT_ERR(EPIPE, actor_send(&self->client, theirs[i], 1000));
}

/* An end that was fused has inherited rules: of the ends that it stands for. */
TEST_F(leftover, rules_that_were_inherited)
{
	struct capipc_fuse f = { .size = sizeof(f) };
	__u32 ours[2], theirs[2], pipe[2];

	ASSERT_OK(actor_create(&self->server, pipe));
	ASSERT_OK(link_up(self, &ours[0], &theirs[0]));
	ASSERT_OK(restrict_it(self, ours[0]));
	ASSERT_OK(restrict_it(self, pipe[1]));
	f.handle[0] = ours[0];
	f.handle[1] = pipe[0];
	ASSERT_OK(ACTOR_IOCTL(&self->server, FUSE, &f));
	EXPECT_LE(RULES * sizeof(struct capipc_rule), used(self));
	ASSERT_OK(actor_close(&self->server, pipe[1]));
	EXPECT_GT(RULES * sizeof(struct capipc_rule) / 2, used(self));
	EXPECT_ERR(EPIPE, actor_send(&self->client, theirs[0], 1));
	ASSERT_OK(actor_close(&self->client, theirs[0]));
	EXPECT_EQ(0, used(self));
}

/* A denial that is being told of as the rules go. */
static long act_send_often(struct actor_page *page, long times)
{
	struct capipc_send s = { .handle = page->number[0], .ordinal = 4711 };
	int ret = 0;

	while (times-- && ret != -EPIPE) {
		ret = ipc_do_send(page->fd, &s);
		if (ret != -EACCES && ret != -EPIPE)
			return -EPROTO;
	}
	return ret;
}

TEST_F(leftover, rules_that_deny)
{
	__u32 ours, theirs;
	int i;

	ASSERT_OK(nl_join(&self->nl));
	for (i = 0; i < 50; i++) {
		ASSERT_OK(link_up(self, &ours, &theirs));
		ASSERT_OK(restrict_it(self, ours));
		self->client.page->number[0] = theirs;
		self->client.page->fd = self->client.dev;
		ASSERT_OK(actor_begin(&self->client, act_send_often, 1000000));
		usleep(1000 * (i % 5));
		ASSERT_OK(actor_close(&self->server, ours));
		EXPECT_ERR(EPIPE, actor_end(&self->client));
		ASSERT_OK(actor_close(&self->client, theirs));
	}
}

/* Those arrive, although the server has gone: unless it says they shall not. */
TEST_F(leftover, messages)
{
	struct capipc_receive r;
	__u32 ours, theirs, verdict;
	int i;

	ASSERT_OK(link_up(self, &ours, &theirs));
	ASSERT_OK(actor_send(&self->client, theirs, 1));
	ASSERT_OK(actor_receive(&self->server, ours, &r));
	for (i = 0; i < MESSAGES; i++)
		ASSERT_OK(actor_send_all(&self->server, ours, 1, LEN, 0, 0));
	EXPECT_LE(MESSAGES * LEN, used(self));
	ASSERT_OK(actor_report(&self->server, ours, r.stamp.id, 0, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_CUT_OFF, verdict);
	EXPECT_GT(LEN, used(self));
	ASSERT_OK(actor_receive(&self->client, theirs, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, r.type);
}

TEST_HARNESS_MAIN
