// SPDX-License-Identifier: GPL-2.0
/*
 * The machine: many users together cannot take all of it, neither from root nor
 * from a user that comes late; and who makes a user namespace with many ids has
 * no more than before.
 */
#include "capipc_test_account.h"

#define USERS	  6
#define LONG_DATA 4000
#define BYTES_ALL (4 << 20)
#define SLACK	  (LONG_DATA + MESSAGE_OVERHEAD)

FIXTURE(machine)
{
	struct nl nl;
	struct actor user[USERS], a, b, root;
	struct holding before;
};

FIXTURE_SETUP(machine)
{
	ASSERT_OK(nl_open(&self->nl));
	ASSERT_OK(machine_get(&self->nl, &self->before));
}

FIXTURE_TEARDOWN(machine)
{
	struct holding after;
	int i;

	for (i = 0; i < USERS; i++)
		actor_stop(&self->user[i]);
	actor_stop(&self->a);
	actor_stop(&self->b);
	actor_stop(&self->root);
	EXPECT_OK(parameters_restore());
	for (i = 0; i < USERS; i++)
		EXPECT_OK(user_reset(&self->nl, 5000 + i));
	ASSERT_OK(machine_get(&self->nl, &after));
	EXPECT_EQ(self->before.contexts, after.contexts);
	EXPECT_EQ(self->before.amount[BYTES].used, after.amount[BYTES].used);
	EXPECT_EQ(self->before.amount[HANDLES].used,
		  after.amount[HANDLES].used);
	nl_close(&self->nl);
}

TEST_F(machine, users)
{
	struct holding h;

	ASSERT_OK(fork_as(&self->a, 5002));
	ASSERT_OK(parameter_set_number("max_users", self->before.contexts + 2));
	ASSERT_OK(start_as(&self->user[0], 5000));
	ASSERT_OK(start_as(&self->user[1], 5001));
	ASSERT_OK(machine_get(&self->nl, &h));
	EXPECT_EQ(self->before.contexts + 2, h.contexts);
	EXPECT_EQ(self->before.contexts + 2, h.limit[CAPIPC_LIMIT_A_CONTEXTS]);
	EXPECT_ERR(EDQUOT, actor_open(&self->a));
	/* who is in is in, and root is not among them */
	EXPECT_OK(actor_open(&self->user[0]));
	EXPECT_OK(actor_start(&self->root));
	actor_stop(&self->user[1]);
	EXPECT_OK(actor_open(&self->a));
}

/* How many users it takes, each with all it can get, to fill the machine. */
static int fill_machine(FIXTURE_DATA(machine) * self, __u64 *used, int *pipes)
{
	__u32 end[2];
	int i, error, ret;

	for (i = 0; i < USERS; i++) {
		ret = start_as(&self->user[i], 5000 + i);
		if (!ret)
			ret = actor_create(&self->user[i], end);
		if (ret)
			return ret;
		/* before there are no bytes left for them */
		pipes[i] = keep_pipes(&self->user[i], &error);
		if (error != -EDQUOT)
			return error;
		send_all(&self->user[i], end[0], LONG_DATA, &error);
		if (error != -EDQUOT)
			return error;
		used[i] = account_used(&self->nl, &self->user[i], BYTES);
	}
	return 0;
}

/* One half for the first, and so on; and what is reserved is there for who comes. */
TEST_F_TIMEOUT(machine, full, 120)
{
	struct holding h, of_root;
	__u64 used[USERS], room;
	int pipes[USERS], i, n, error;
	__u32 end[2];

	ASSERT_OK(actor_start(&self->root));
	ASSERT_OK(actor_create(&self->root, end));
	ASSERT_OK(fork_as(&self->a, 5100));
	ASSERT_OK(fork_as(&self->b, 5101));
	ASSERT_OK(parameter_set("max_users", "16"));
	ASSERT_OK(parameter_set_number("max_bytes", BYTES_ALL));
	ASSERT_OK(parameter_set("max_handles", "1024"));
	ASSERT_OK(user_get(&self->nl, 0, 0, &of_root));
	EXPECT_EQ(BYTES_ALL / 8, of_root.amount[BYTES].reserve);
	EXPECT_EQ(128, of_root.amount[HANDLES].reserve);

	ASSERT_OK(fill_machine(self, used, pipes));
	room = BYTES_ALL - BYTES_ALL / 8 - 16 * (128 << 10);
	for (i = 0; i < 3; i++) {
		EXPECT_GE((128 << 10) + room / 2, used[i]);
		EXPECT_LT((128 << 10) + room / 2 - 2 * SLACK - GRANT_SLACK,
			  used[i]);
		room -= used[i] - (128 << 10);
	}
	EXPECT_LT(pipes[1], pipes[0]);
	EXPECT_LT(pipes[2], pipes[1]);
	ASSERT_OK(machine_get(&self->nl, &h));
	EXPECT_GE(BYTES_ALL, h.amount[BYTES].used);
	EXPECT_GE(1024, h.amount[HANDLES].used);

	/* users that come late: the minimum, each */
	ASSERT_OK(actor_open(&self->a));
	EXPECT_OK(do_the_minimum(&self->a, end));
	ASSERT_OK(actor_open(&self->b));
	EXPECT_OK(do_the_minimum(&self->b, end));

	/* root: what is reserved for it */
	ASSERT_OK(actor_create(&self->root, end));
	n = send_all(&self->root, end[0], LONG_DATA, &error);
	EXPECT_EQ(-EDQUOT, error);
	EXPECT_LT(64, n);
	EXPECT_LT(40, keep_pipes(&self->root, &error));
}

/* What many users hold is given back, and the next ones find it. */
TEST_F_TIMEOUT(machine, given_back, 120)
{
	__u64 used[USERS], again[USERS];
	int pipes[USERS], i;

	ASSERT_OK(parameter_set("max_users", "16"));
	ASSERT_OK(parameter_set_number("max_bytes", BYTES_ALL));
	ASSERT_OK(parameter_set("max_handles", "1024"));
	ASSERT_OK(fill_machine(self, used, pipes));
	for (i = 0; i < USERS; i++)
		actor_stop(&self->user[i]);
	ASSERT_OK(fill_machine(self, again, pipes));
	for (i = 0; i < USERS; i++)
		EXPECT_EQ(used[i], again[i]);
}

/* ------------------------------------------------------ subordinate users */

/* An actor of user 5000, in a namespace of its own with 1000 ids. */
static int start_container(struct actor *a, uid_t owner, uid_t first)
{
	int ret = actor_fork(a, NULL);

	if (!ret && owner)
		ret = actor_become(a, owner);
	return ret ? ret : actor_userns_root(a, first, 0);
}

/* Opens a context under each of @count ids, until one is refused: how many. */
static long act_open_as_many(struct actor_page *page, long count)
{
	long i;

	(void)page;
	for (i = 0; i < count; i++)
		if (syscall(ACTOR_SETRESUID, i + 1, 0, 0) || ipc_open() < 0)
			break;
	return i;
}

TEST_F(machine, subordinate_users)
{
	struct holding h, sub;

	ASSERT_OK(user_set(&self->nl, 5000, CAPIPC_LIMIT_A_CONTEXTS, 5));
	ASSERT_OK(start_container(&self->a, 5000, 500000));
	EXPECT_EQ(5, actor_run(&self->a, act_open_as_many, 20));
	/* they take the place of one in the machine, and the owner's */
	ASSERT_OK(machine_get(&self->nl, &h));
	EXPECT_EQ(self->before.contexts + 1, h.contexts);
	ASSERT_OK(user_get(&self->nl, 5000, 5000, &h));
	EXPECT_EQ(5, h.contexts);
	ASSERT_OK(user_get(&self->nl, 5000, 500001, &sub));
	EXPECT_EQ(1, sub.contexts);
	EXPECT_EQ(5000, sub.owner);
	ASSERT_OK(user_get(&self->nl, 500001, 500001, &sub));
	EXPECT_EQ(0, sub.contexts);
	ASSERT_OK(fork_as(&self->b, 5000));
	EXPECT_ERR(EDQUOT, actor_open(&self->b));

	/* the neighbour does not notice, and may have such an id itself */
	ASSERT_OK(start_container(&self->user[1], 5001, 500000));
	EXPECT_EQ(20, actor_run(&self->user[1], act_open_as_many, 20));
	ASSERT_OK(user_get(&self->nl, 5001, 500001, &sub));
	EXPECT_EQ(1, sub.contexts);

	actor_stop(&self->a);
	EXPECT_OK(actor_open(&self->b));
	ASSERT_OK(user_get(&self->nl, 5000, 5000, &h));
	EXPECT_EQ(1, h.contexts);
}

/* Together they have the bytes and handles of the owner, and share them fairly. */
TEST_F_TIMEOUT(machine, subordinate_users_share, 120)
{
	struct holding h;
	__u64 room, used;
	__u32 end[2];
	int i, error;

	ASSERT_OK(user_set(&self->nl, 5000, CAPIPC_LIMIT_A_CONTEXTS, 8));
	ASSERT_OK(user_set(&self->nl, 5000, CAPIPC_LIMIT_A_BYTES, 2 << 20));
	ASSERT_OK(user_set(&self->nl, 5000, CAPIPC_LIMIT_A_HANDLES, 1024));
	ASSERT_OK(user_get(&self->nl, 5000, 5000, &h));
	for (i = 0; i < 6; i++) {
		ASSERT_OK(start_container(&self->user[i], 5000, 500000));
		ASSERT_OK(actor_setresuid(&self->user[i], i + 1, i + 1, 0));
		ASSERT_OK(actor_open(&self->user[i]));
		ASSERT_OK(actor_create(&self->user[i], end));
		send_all(&self->user[i], end[0], LONG_DATA, &error);
		ASSERT_EQ(-EDQUOT, error);
		keep_pipes(&self->user[i], &error);
		ASSERT_EQ(-EDQUOT, error);
	}
	ASSERT_OK(user_get(&self->nl, 5000, 5000, &h));
	EXPECT_EQ(6, h.contexts);
	EXPECT_GE(2 << 20, h.amount[BYTES].used);
	EXPECT_LT(3 << 19, h.amount[BYTES].used);
	EXPECT_GE(1024, h.amount[HANDLES].used);
	ASSERT_OK(user_get(&self->nl, 5000, 500001, &h));
	room = (2 << 20) - 8 * h.amount[BYTES].reserve;
	used = account_used(&self->nl, &self->user[0], BYTES);
	EXPECT_GE(h.amount[BYTES].reserve + room / 2, used);
	EXPECT_LT(h.amount[BYTES].reserve + room / 2 - SLACK - GRANT_SLACK,
		  used);
	EXPECT_LT(account_used(&self->nl, &self->user[1], BYTES), used);

	/* the owner itself comes late, and another subordinate one too */
	ASSERT_OK(start_as(&self->a, 5000));
	EXPECT_OK(do_the_minimum(&self->a, end));
	ASSERT_OK(start_container(&self->b, 5000, 500000));
	ASSERT_OK(actor_setresuid(&self->b, 20, 20, 0));
	ASSERT_OK(actor_open(&self->b));
	EXPECT_OK(do_the_minimum(&self->b, end));
}

/* Who maps only its own id is itself; what root makes is trusted with its ids. */
TEST_F(machine, namespaces_of_others)
{
	struct holding h;

	ASSERT_OK(fork_as(&self->a, 5010));
	ASSERT_OK(actor_run(&self->a, act_unshare, CLONE_NEWUSER));
	ASSERT_OK(actor_open(&self->a));
	ASSERT_OK(user_get(&self->nl, 5010, 5010, &h));
	EXPECT_EQ(1, h.contexts);

	ASSERT_OK(start_container(&self->b, 0, 5000));
	EXPECT_EQ(4, actor_run(&self->b, act_open_as_many, 4));
	ASSERT_OK(machine_get(&self->nl, &h));
	EXPECT_EQ(self->before.contexts + 5, h.contexts);
	ASSERT_OK(user_get(&self->nl, 5004, 5004, &h));
	EXPECT_EQ(1, h.contexts);
	EXPECT_EQ(~0ULL, h.owner);

	/* a namespace inside another one is its owner's owner's */
	ASSERT_OK(start_container(&self->user[0], 5000, 500000));
	ASSERT_OK(actor_setresuid(&self->user[0], 7, 7, 7));
	ASSERT_OK(actor_run(&self->user[0], act_unshare, CLONE_NEWUSER));
	ASSERT_OK(actor_open(&self->user[0]));
	ASSERT_OK(user_get(&self->nl, 5000, 500007, &h));
	EXPECT_EQ(1, h.contexts);
}

/* User 0 of such a namespace has nothing of the reserve of user 0. */
TEST_F(machine, root_of_a_namespace)
{
	struct holding before, after;

	ASSERT_OK(user_get(&self->nl, 0, 0, &before));
	ASSERT_OK(start_container(&self->a, 5000, 0));
	ASSERT_OK(actor_open(&self->a));
	ASSERT_OK(user_get(&self->nl, 0, 0, &after));
	EXPECT_EQ(before.contexts, after.contexts);
	ASSERT_OK(user_get(&self->nl, 5000, 0, &after));
	EXPECT_EQ(1, after.contexts);
}

TEST_HARNESS_MAIN
