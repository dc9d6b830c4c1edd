// SPDX-License-Identifier: GPL-2.0
/*
 * Shares: of what a user has, each of its contexts has a reserve that nobody
 * can take, and of the rest no more than it leaves for the others.
 */
#include "capipc_test_account.h"

#define CONTEXTS  8
#define LIMIT	  (2 << 20)
#define LONG_DATA 4000

/* How far from what it could have a context that sends LONG_DATA may stop. */
#define SLACK (LONG_DATA + MESSAGE_OVERHEAD)

FIXTURE(share)
{
	struct nl nl;
	struct actor a, b, c, root;
	uid_t uid;
	int dev[CONTEXTS]; /* contexts of a */
	__u32 end[CONTEXTS][2]; /* a pipe in each */
};

FIXTURE_SETUP(share)
{
	self->uid = 4001;
	ASSERT_OK(nl_open(&self->nl));
	ASSERT_OK(user_set(&self->nl, self->uid, CAPIPC_LIMIT_A_CONTEXTS,
			   CONTEXTS));
	ASSERT_OK(user_set(&self->nl, self->uid, CAPIPC_LIMIT_A_BYTES, LIMIT));
	ASSERT_OK(user_set(&self->nl, self->uid, CAPIPC_LIMIT_A_HANDLES, 1024));
	ASSERT_OK(fork_as(&self->a, self->uid));
}

FIXTURE_TEARDOWN(share)
{
	struct holding h;

	actor_stop(&self->a);
	actor_stop(&self->b);
	actor_stop(&self->c);
	actor_stop(&self->root);
	EXPECT_OK(parameters_restore());
	/* nothing is left of the user, whatever happened */
	EXPECT_OK(user_get(&self->nl, self->uid, self->uid, &h));
	EXPECT_EQ(0, h.contexts);
	EXPECT_EQ(0, h.amount[BYTES].used);
	EXPECT_EQ(0, h.amount[BYTES].grant);
	EXPECT_EQ(0, h.amount[HANDLES].used);
	EXPECT_EQ(0, h.amount[HANDLES].grant);
	EXPECT_OK(user_reset(&self->nl, self->uid));
	nl_close(&self->nl);
}

/* Context @i of a, which is opened with a pipe in it if it is not. */
static int use(FIXTURE_DATA(share) * self, int i)
{
	int ret = 0;

	if (!self->dev[i]) {
		ret = actor_open(&self->a);
		if (ret)
			return ret;
		self->dev[i] = self->a.dev;
		ret = actor_create(&self->a, self->end[i]);
	}
	self->a.dev = self->dev[i];
	return ret;
}

/* Context @i queues all that it can: how many messages, or -errno. */
static int fill(FIXTURE_DATA(share) * self, int i)
{
	int error, n, ret = use(self, i);

	if (ret)
		return ret;
	n = send_all(&self->a, self->end[i][0], LONG_DATA, &error);
	return error == -EDQUOT ? n : error;
}

static __u64 used_by(FIXTURE_DATA(share) * self, int i, int resource)
{
	int ret = use(self, i);

	return ret ? ~0ULL : account_used(&self->nl, &self->a, resource);
}

/* The reserve of its contexts. */
static __u64 reserve_of(FIXTURE_DATA(share) * self, int resource)
{
	struct holding h;

	if (use(self, 0) || account_get(&self->nl, &self->a, &h))
		return ~0ULL;
	return h.amount[resource].reserve;
}

TEST_F(share, half_of_the_room_in_bytes)
{
	__u64 reserve = reserve_of(self, BYTES), room, used;
	int i;

	ASSERT_LT(64 << 10, reserve);
	ASSERT_GE(128 << 10, reserve);
	room = LIMIT - CONTEXTS * reserve;
	for (i = 0; i < 5; i++) {
		ASSERT_LT(0, fill(self, i));
		used = used_by(self, i, BYTES);
		EXPECT_GE(reserve + room / 2, used);
		EXPECT_LT(reserve + room / 2 - SLACK, used);
		/* what it has been granted, if it does not use all of it */
		room -= used - reserve;
	}
}

TEST_F(share, half_of_the_room_in_handles)
{
	static const int pipes[] = { 16 + 192, 16 + 96, 16 + 48, 16 + 24 };
	int error, i;

	ASSERT_EQ(32, reserve_of(self, HANDLES));
	for (i = 0; i < 4; i++) {
		ASSERT_OK(use(self, i));
		/* one of the pipes is there already */
		EXPECT_EQ(pipes[i] - 1, keep_pipes(&self->a, &error));
		EXPECT_EQ(-EDQUOT, error);
		EXPECT_EQ(2 * pipes[i], used_by(self, i, HANDLES));
	}
}

/* Whoever comes late finds the reserve, and that is enough. */
TEST_F(share, the_last_one)
{
	struct holding h;
	__u32 end[2];
	int i, error;

	for (i = 0; i < CONTEXTS - 1; i++) {
		ASSERT_LE(0, fill(self, i));
		keep_pipes(&self->a, &error);
		ASSERT_EQ(-EDQUOT, error);
	}
	ASSERT_OK(start_as(&self->b, self->uid));
	EXPECT_OK(do_the_minimum(&self->b, end));
	/* that was all there may be */
	EXPECT_ERR(EDQUOT, actor_run(&self->b, act_open, 0));
	ASSERT_OK(user_get(&self->nl, self->uid, self->uid, &h));
	EXPECT_EQ(CONTEXTS, h.contexts);
	EXPECT_GE(LIMIT, h.amount[BYTES].used);
	EXPECT_LT(LIMIT / 8 * 7, h.amount[BYTES].used);
	EXPECT_GE(1024, h.amount[HANDLES].used);
}

/* Whoever was there all the time and did nothing, likewise. */
TEST_F(share, the_idle_one)
{
	__u32 end[2];
	int i, error;

	ASSERT_OK(start_as(&self->b, self->uid));
	for (i = 0; i < CONTEXTS - 1; i++) {
		ASSERT_LE(0, fill(self, i));
		keep_pipes(&self->a, &error);
		ASSERT_EQ(-EDQUOT, error);
	}
	EXPECT_OK(do_the_minimum(&self->b, end));
	/* and once more, as soon as that has been received */
	EXPECT_LT(1000, receive_all(&self->b, end[1]));
	EXPECT_OK(do_the_minimum(&self->b, end));
}

TEST_F(share, another_user_does_not_notice)
{
	__u32 end[2];
	int error, alone, i;

	ASSERT_OK(user_set(&self->nl, self->uid + 1, CAPIPC_LIMIT_A_BYTES,
			   4 << 20));
	ASSERT_OK(start_as(&self->c, self->uid + 1));
	ASSERT_OK(actor_create(&self->c, end));
	alone = send_all(&self->c, end[0], LONG_DATA, &error);
	EXPECT_EQ(-EDQUOT, error);
	EXPECT_EQ(alone, receive_all(&self->c, end[1]));
	for (i = 0; i < CONTEXTS; i++)
		ASSERT_LE(0, fill(self, i));
	EXPECT_EQ(alone, send_all(&self->c, end[0], LONG_DATA, &error));
	actor_stop(&self->c);
	EXPECT_OK(user_reset(&self->nl, self->uid + 1));
}

/* Contexts that do nothing do not make the share of others smaller. */
TEST_F(share, idle_contexts_cost_nothing)
{
	int before, i;

	before = fill(self, 0);
	ASSERT_LT(64, before);
	ASSERT_EQ(before, receive_all(&self->a, self->end[0][1]));
	ASSERT_OK(fork_as(&self->b, self->uid));
	for (i = 1; i < CONTEXTS; i++)
		ASSERT_OK(actor_open(&self->b));
	EXPECT_EQ(before, fill(self, 0));
}

/*
 * Two that go on sending what they have received end up equal, whichever was
 * first: each with a third of the room.
 */
TEST_F_TIMEOUT(share, equal_in_the_end, 120)
{
	__u64 reserve = reserve_of(self, BYTES);
	__u64 third = (LIMIT - CONTEXTS * reserve) / 3, of_a, of_b;
	int i, round;

	ASSERT_LT(0, fill(self, 0));
	ASSERT_LT(0, fill(self, 1));
	EXPECT_LT(used_by(self, 1, BYTES) + third / 2, used_by(self, 0, BYTES));
	for (round = 0; round < 40; round++) {
		for (i = 0; i < 2; i++) {
			ASSERT_OK(use(self, i));
			actor_idle(&self->a, self->end[i][1]);
			actor_idle(&self->a, self->end[i][1]);
		}
		/* the first one always asks first */
		ASSERT_LE(0, fill(self, 0));
		ASSERT_LE(0, fill(self, 1));
	}
	of_a = used_by(self, 0, BYTES) - reserve;
	of_b = used_by(self, 1, BYTES) - reserve;
	EXPECT_GT(third + GRANT_SLACK + SLACK, of_a);
	EXPECT_LT(third - GRANT_SLACK - SLACK, of_a);
	EXPECT_GT(third + GRANT_SLACK + SLACK, of_b);
	EXPECT_LT(third - GRANT_SLACK - SLACK, of_b);
}

/* ----------------------------------------------- what contexts leave behind */

/* page->name: a listener; sends it what it can over a new context, and closes it */
static long act_leave_behind(struct actor_page *page, long unused)
{
	int fd = ipc_open(), ret;
	__u32 end;

	(void)unused;
	if (fd < 0)
		return fd;
	ret = ipc_connect(fd, page->name, &end);
	while (!ret)
		ret = ipc_trysend(fd, end, 1, page->data, LONG_DATA);
	close(fd);
	return ret;
}

TEST_F(share, left_behind)
{
	struct holding h;
	__u32 listener, end[2], late[2];
	int ret, i;

	ASSERT_OK(actor_start(&self->root));
	ASSERT_OK(actor_listen(&self->root, fresh_name(), NULL, &listener));
	strcpy(self->a.page->name, self->root.page->name);
	ASSERT_OK(start_as(&self->b, self->uid));

	/* as long as there is room, they do not count as contexts */
	EXPECT_ERR(EDQUOT, actor_run(&self->a, act_leave_behind, 0));
	ASSERT_OK(user_get(&self->nl, self->uid, self->uid, &h));
	EXPECT_EQ(1, h.contexts);
	EXPECT_LT(LIMIT / 4, h.amount[BYTES].used);

	/* and then they do */
	for (i = 0; i < 50; i++) {
		ret = actor_run(&self->a, act_leave_behind, 0);
		ASSERT_ERR(EDQUOT, ret);
	}
	ASSERT_OK(user_get(&self->nl, self->uid, self->uid, &h));
	EXPECT_EQ(CONTEXTS, h.contexts);
	EXPECT_GE(LIMIT, h.amount[BYTES].used);
	EXPECT_ERR(EDQUOT, actor_open(&self->a));

	/* its sibling still has its reserve */
	EXPECT_OK(do_the_minimum(&self->b, end));

	/* when it has been received, or thrown away, all is as before */
	ASSERT_OK(actor_close(&self->root, listener));
	ASSERT_OK(user_get(&self->nl, self->uid, self->uid, &h));
	EXPECT_EQ(1, h.contexts);
	EXPECT_EQ(account_used(&self->nl, &self->b, BYTES),
		  h.amount[BYTES].used);
	ASSERT_OK(actor_open(&self->a));
	EXPECT_OK(do_the_minimum(&self->a, late));
}

/* -------------------------------------------------------- limits that change */

TEST_F(share, limit_that_changes)
{
	struct holding h;
	__u64 used;

	ASSERT_LT(100, fill(self, 0));
	used = used_by(self, 0, BYTES);
	ASSERT_OK(
		user_set(&self->nl, self->uid, CAPIPC_LIMIT_A_BYTES, 1 << 20));
	/* nothing is taken back, and there is nothing more */
	EXPECT_EQ(used, used_by(self, 0, BYTES));
	EXPECT_ERR(EDQUOT, actor_send(&self->a, self->end[0][0], 1));
	EXPECT_EQ(64 << 10, reserve_of(self, BYTES));
	ASSERT_LT(100, receive_all(&self->a, self->end[0][1]));
	ASSERT_LT(0, fill(self, 0));
	EXPECT_GE((64 << 10) + (256 << 10), used_by(self, 0, BYTES));

	/* what is not there cannot be promised, however */
	ASSERT_OK(
		user_set(&self->nl, self->uid, CAPIPC_LIMIT_A_BYTES, 64 << 10));
	EXPECT_ERR(EDQUOT, use(self, 1));
	ASSERT_OK(use(self, 0));
	ASSERT_LT(0, receive_all(&self->a, self->end[0][1]));
	EXPECT_OK(use(self, 1));

	ASSERT_OK(user_set(&self->nl, self->uid, CAPIPC_LIMIT_A_BYTES, LIMIT));
	ASSERT_LT(100, fill(self, 0));
	EXPECT_LE(used - SLACK - GRANT_SLACK, used_by(self, 0, BYTES));
	EXPECT_OK(user_get(&self->nl, self->uid, self->uid, &h));
	EXPECT_EQ(LIMIT, h.amount[BYTES].limit);
}

TEST_F(share, reserve_that_changes)
{
	__u64 before = reserve_of(self, BYTES);
	__u32 end[2];
	int i, error;

	for (i = 0; i < 7; i++)
		ASSERT_OK(use(self, i));
	ASSERT_OK(parameter_set("reserve_bytes_per_context", "0"));
	ASSERT_OK(parameter_set("reserve_handles_per_context", "0"));
	EXPECT_EQ(0, reserve_of(self, BYTES));
	EXPECT_EQ(0, reserve_of(self, HANDLES));
	for (i = 0; i < 7; i++)
		ASSERT_LE(0, fill(self, i));
	/* without a reserve it is bad to come late */
	ASSERT_OK(start_as(&self->b, self->uid));
	EXPECT_ERR(EDQUOT, do_the_minimum(&self->b, end));
	EXPECT_OK(actor_close(&self->b, end[0]));
	EXPECT_OK(actor_close(&self->b, end[1]));
	/* one that comes back while all is in use cannot be kept everywhere */
	EXPECT_OK(parameters_restore());
	for (i = 0; i < 7; i++) {
		ASSERT_OK(use(self, i));
		ASSERT_LE(0, receive_all(&self->a, self->end[i][1]));
	}
	EXPECT_OK(parameter_set("reserve_handles_per_context", "16"));
	EXPECT_EQ(before, reserve_of(self, BYTES));
	EXPECT_EQ(16, reserve_of(self, HANDLES));
	for (i = 0; i < 7; i++) {
		ASSERT_LE(0, fill(self, i));
		keep_pipes(&self->a, &error);
	}
	EXPECT_OK(do_the_minimum(&self->b, end));
}

/* ----------------------------------------------------------------- telling */

/* The event says what there could have been. */
TEST_F(share, refusal_is_told)
{
	struct nlmsghdr *h;
	struct actor *a = &self->a;
	__u64 used, limit;

	ASSERT_LT(0, fill(self, 0));
	used = used_by(self, 0, BYTES);
	ASSERT_OK(nl_join(&self->nl));
	ASSERT_ERR(EDQUOT,
		   actor_send_all(a, self->end[0][0], 1, LONG_DATA, 0, 0));
	do {
		h = nl_receive(&self->nl, IPC_SOON_MS);
		ASSERT_TRUE(!!h);
	} while (nl_number(nl_attr(h, CAPIPC_EVENT_A_UID)) != self->uid);
	EXPECT_STREQ("bytes", nl_string(nl_attr(h, CAPIPC_EVENT_A_RESOURCE)));
	limit = nl_number(nl_attr(h, CAPIPC_EVENT_A_LIMIT));
	EXPECT_LE(used, limit);
	EXPECT_GT(used + SLACK, limit);
	EXPECT_LE(LONG_DATA, nl_number(nl_attr(h, CAPIPC_EVENT_A_AMOUNT)));
	EXPECT_GT(SLACK, nl_number(nl_attr(h, CAPIPC_EVENT_A_AMOUNT)));
}

TEST_HARNESS_MAIN
