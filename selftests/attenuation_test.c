// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints through which not every ordinal can be sent.
 */
#include "async.h"

FIXTURE(attenuate)
{
	int fd;
	uint32_t h[2];
	struct ipc_message m;
};

FIXTURE_SETUP(attenuate)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
}

FIXTURE_TEARDOWN(attenuate)
{
	close(self->fd);
}

static int attenuate(int fd, uint32_t handle, const struct capipc_range *ranges,
		     uint32_t count)
{
	struct capipc_attenuate a = {
		.size = sizeof(a),
		.ranges = ipc_ptr(ranges),
		.ranges_count = count,
		.handle = handle,
	};

	return ipc_ioctl(fd, CAPIPC_IOC_ATTENUATE, &a);
}

/* Sends each ordinal twice: found out, and remembered. */
static void expect_sent(struct __test_metadata *_metadata, int fd, uint32_t h,
			uint32_t ordinal, int err)
{
	int i;

	for (i = 0; i < 2; i++)
		EXPECT_ERR(err, ipc_send_str(fd, h, ordinal, "x"))
	TH_LOG("ordinal %u", ordinal);
}

TEST_F(attenuate, lets_through)
{
	static const struct capipc_range ranges[] = { { 0, 0 },
						      { 5, 7 },
						      { 9, 9 },
						      { 0xfffffff0,
							0xffffffff } };
	struct capipc_inspect a;

	ASSERT_OK(attenuate(self->fd, self->h[0], ranges, 4));
	expect_sent(_metadata, self->fd, self->h[0], 0, 0);
	expect_sent(_metadata, self->fd, self->h[0], 1, EACCES);
	expect_sent(_metadata, self->fd, self->h[0], 4, EACCES);
	expect_sent(_metadata, self->fd, self->h[0], 5, 0);
	expect_sent(_metadata, self->fd, self->h[0], 7, 0);
	expect_sent(_metadata, self->fd, self->h[0], 8, EACCES);
	expect_sent(_metadata, self->fd, self->h[0], 9, 0);
	expect_sent(_metadata, self->fd, self->h[0], 10, EACCES);
	expect_sent(_metadata, self->fd, self->h[0], 0xffffffef, EACCES);
	expect_sent(_metadata, self->fd, self->h[0], 0xffffffff, 0);
	EXPECT_EQ(10, ipc_queued(self->fd, self->h[1]));
	/* the other way everything goes */
	expect_sent(_metadata, self->fd, self->h[1], 1, 0);
	ASSERT_OK(ipc_do_inspect(self->fd, self->h[0], &a));
	EXPECT_EQ(CAPIPC_INSPECT_ATTENUATED, a.state);
	ASSERT_OK(ipc_do_inspect(self->fd, self->h[1], &a));
	EXPECT_EQ(0, a.state);
}

/* Only ever less. */
TEST_F(attenuate, again)
{
	static const struct capipc_range first[] = { { 10, 20 }, { 30, 40 } };
	static const struct capipc_range second[] = { { 0, 10 },
						      { 15, 32 },
						      { 40, 50 } };
	uint32_t o;

	ASSERT_OK(attenuate(self->fd, self->h[0], first, 2));
	expect_sent(_metadata, self->fd, self->h[0], 12, 0);
	ASSERT_OK(attenuate(self->fd, self->h[0], second, 3));
	for (o = 0; o < 60; o++)
		expect_sent(_metadata, self->fd, self->h[0], o,
			    o == 10 || (o >= 15 && o <= 20) ||
					    (o >= 30 && o <= 32) || o == 40 ?
				    0 :
				    EACCES);
	ASSERT_OK(attenuate(self->fd, self->h[0], NULL, 0));
	for (o = 0; o < 60; o++)
		expect_sent(_metadata, self->fd, self->h[0], o, EACCES);
	ASSERT_OK(attenuate(self->fd, self->h[0], first, 2));
	expect_sent(_metadata, self->fd, self->h[0], 12, EACCES);
}

static void may_not(struct __test_metadata *_metadata, struct peer *peer)
{
	static const struct capipc_range all = { 0, 0xffffffff };
	struct ipc_message m;
	uint32_t h;

	ASSERT_OK(ipc_recv(peer->fd, &m));
	h = m.att[0].handle;
	expect_sent(_metadata, peer->fd, h, 1, EACCES);
	expect_sent(_metadata, peer->fd, h, 2, 0);
	EXPECT_OK(attenuate(peer->fd, h, &all, 1));
	expect_sent(_metadata, peer->fd, h, 1, EACCES);
}

/* It stays when the endpoint moves, and who gets it cannot undo it. */
TEST_F(attenuate, moves_along)
{
	static const struct capipc_range two = { 2, 2 };
	struct peer peer = { .fn = may_not, .fd = self->fd };

	PEER_START(&peer);
	ASSERT_OK(attenuate(self->fd, self->h[0], &two, 1));
	ASSERT_OK(ipc_send_handle(self->fd, peer.ep, "", self->h[0]));
	PEER_WAIT(&peer);
}

/* Calls are refused, replies are not, and rules come on top. */
TEST_F(attenuate, calls_replies_and_rules)
{
	static const struct capipc_range few = { 3, 5 };
	const struct capipc_rule rule = { .ordinal_first = 5,
					  .ordinal_last = 9 };
	struct capipc_restrict restrict_ = { .rules = ipc_ptr(&rule),
					     .rules_count = 1,
					     .rule_size = sizeof(rule),
					     .handle = self->h[1] };
	struct capipc_explain e = { .handle = self->h[0] };
	struct async_call c;
	char answer[8];

	ASSERT_OK(attenuate(self->fd, self->h[0], &few, 1));
	EXPECT_ERR(EACCES, ipc_call_str(self->fd, self->h[0], 9, "?", answer,
					sizeof(answer)));
	async_call_init(&c, self->fd, self->h[1], "?");
	ASSERT_OK(async_call_go(&c));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[0], &self->m));
	EXPECT_OK(ipc_reply_str(self->fd, self->m.r.reply_handle, "!"));
	EXPECT_OK(async_call_join(&c));

	ASSERT_OK(ipc_do_restrict(self->fd, &restrict_));
	expect_sent(_metadata, self->fd, self->h[0], 3, EACCES);
	expect_sent(_metadata, self->fd, self->h[0], 5, 0);
	expect_sent(_metadata, self->fd, self->h[0], 6, EACCES);

	e.ordinal = 6;
	ASSERT_OK(ipc_do_explain(self->fd, &e));
	EXPECT_EQ(CAPIPC_EXPLAIN_ATTENUATED, e.rule);
	EXPECT_EQ(0, e.allowed);
	e.ordinal = 3;
	ASSERT_OK(ipc_do_explain(self->fd, &e));
	EXPECT_EQ(CAPIPC_EXPLAIN_NONE, e.rule);
	EXPECT_EQ(0, e.allowed);
	e.ordinal = 5;
	ASSERT_OK(ipc_do_explain(self->fd, &e));
	EXPECT_EQ(0, e.rule);
	EXPECT_EQ(1, e.allowed);
}

/* What it let through before there were rules is asked of the rules all the same. */
TEST_F(attenuate, rules_come_later)
{
	static const struct capipc_range all = { 0, UINT32_MAX };
	const struct capipc_rule rule = { .ordinal_first = 5,
					  .ordinal_last = 9 };
	struct capipc_restrict restrict_ = { .rules = ipc_ptr(&rule),
					     .rules_count = 1,
					     .rule_size = sizeof(rule),
					     .handle = self->h[1] };

	ASSERT_OK(attenuate(self->fd, self->h[0], &all, 1));
	expect_sent(_metadata, self->fd, self->h[0], 3, 0);
	ASSERT_OK(ipc_do_restrict(self->fd, &restrict_));
	expect_sent(_metadata, self->fd, self->h[0], 3, EACCES);
	expect_sent(_metadata, self->fd, self->h[0], 5, 0);
}

TEST_F(attenuate, errors)
{
	static const struct capipc_range backwards = { 5, 4 };
	static const struct capipc_range overlap[] = { { 1, 5 }, { 5, 9 } };
	static const struct capipc_range order[] = { { 8, 9 }, { 1, 2 } };
	static struct capipc_range many[CAPIPC_RANGES_MAX + 1];
	static struct capipc_range shifted[CAPIPC_RANGES_MAX];
	struct capipc_attenuate a = { .size = sizeof(a),
				      .handle = self->h[0],
				      .flags = 1 };
	char *end = map_before_hole(4096) + 4096;
	uint32_t listener, i;
	char name[48];

	for (i = 0; i <= CAPIPC_RANGES_MAX; i++)
		many[i] = (struct capipc_range){ 10 * i, 10 * i + 6 };
	for (i = 0; i < CAPIPC_RANGES_MAX; i++)
		shifted[i] = (struct capipc_range){ 10 * i + 5, 10 * i + 11 };
	EXPECT_ERR(EINVAL, attenuate(self->fd, self->h[0], &backwards, 1));
	EXPECT_ERR(EINVAL, attenuate(self->fd, self->h[0], overlap, 2));
	EXPECT_ERR(EINVAL, attenuate(self->fd, self->h[0], order, 2));
	EXPECT_ERR(EINVAL, attenuate(self->fd, self->h[0], many,
				     CAPIPC_RANGES_MAX + 1));
	EXPECT_ERR(EINVAL, attenuate(self->fd, self->h[0], many, 0xffffffff));
	EXPECT_ERR(EFAULT, attenuate(self->fd, self->h[0],
				     (void *)(end - sizeof(*many)), 2));
	EXPECT_ERR(EBADF, attenuate(self->fd, 0, NULL, 0));
	EXPECT_ERR(EBADF, attenuate(self->fd, 0x7fffffff, NULL, 0));
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_ATTENUATE, &a));
	a.flags = 0;
	a.size--;
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_ATTENUATE, &a));
	snprintf(name, sizeof(name), "selftest/%d/attenuate", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	EXPECT_ERR(EPROTOTYPE, attenuate(self->fd, listener, NULL, 0));
	/* nothing has happened */
	expect_sent(_metadata, self->fd, self->h[0], 77, 0);
	/* what two lists of the largest size have in common is too much */
	ASSERT_OK(attenuate(self->fd, self->h[0], many, CAPIPC_RANGES_MAX));
	EXPECT_ERR(EINVAL,
		   attenuate(self->fd, self->h[0], shifted, CAPIPC_RANGES_MAX));
	expect_sent(_metadata, self->fd, self->h[0], 1, 0);
}

TEST_HARNESS_MAIN
