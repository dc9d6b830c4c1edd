// SPDX-License-Identifier: GPL-2.0
/*
 * Accounts: everything is paid for by who causes it, limits hold, nobody else
 * notices, and what ends is given back, to the last byte.
 */
#include "capipc_test_account.h"

FIXTURE(account)
{
	struct nl nl;
	struct actor a, b, c, root;
	uid_t uid[4]; /* for which limits were set */
	int uids;
};

FIXTURE_SETUP(account)
{
	ASSERT_OK(nl_open(&self->nl));
	ASSERT_OK(actor_start(&self->root));
}

FIXTURE_TEARDOWN(account)
{
	EXPECT_OK(parameters_restore());
	while (self->uids--)
		EXPECT_OK(user_reset(&self->nl, self->uid[self->uids]));
	actor_stop(&self->a);
	actor_stop(&self->b);
	actor_stop(&self->c);
	actor_stop(&self->root);
	nl_close(&self->nl);
}

static int limit_set(FIXTURE_DATA(account) * self, uid_t uid, int limit,
		     __u64 value)
{
	self->uid[self->uids++] = uid;
	return user_set(&self->nl, uid, limit, value);
}

/* ----------------------------------------------------- contexts, names */

static long act_open_often(struct actor_page *page, long times)
{
	int fd;

	while (times--) {
		fd = ipc_open();
		if (fd < 0)
			return fd;
		close(fd);
	}
	return 0;
}

TEST_F(account, contexts_of_a_user)
{
	ASSERT_OK(start_as(&self->a, 3001));
	ASSERT_OK(fork_as(&self->b, 3001));
	ASSERT_OK(fork_as(&self->c, 3002));
	ASSERT_OK(parameter_set("max_contexts_per_uid", "3"));

	ASSERT_LE(0, actor_run(&self->a, act_open, 0));
	ASSERT_OK(actor_open(&self->b));
	EXPECT_ERR(EDQUOT, actor_run(&self->a, act_open, 0));
	EXPECT_ERR(EDQUOT, actor_run(&self->b, act_open, 0));
	/* another user is not bothered */
	EXPECT_OK(actor_open(&self->c));

	ASSERT_OK(actor_run(&self->b, act_close_fd, self->b.dev));
	ASSERT_OK(actor_run(&self->a, act_open_often, 10));
	/* death and exec close them */
	ASSERT_OK(actor_open(&self->b));
	EXPECT_ERR(EDQUOT, actor_run(&self->a, act_open, 0));
	ASSERT_OK(actor_exec(&self->b, "/proc/self/exe"));
	ASSERT_OK(actor_open(&self->b));
	EXPECT_ERR(EDQUOT, actor_run(&self->a, act_open, 0));
	actor_stop(&self->b);
	EXPECT_LE(0, actor_run(&self->a, act_open, 0));
}

/* It is the real uid that pays: setuid programs cannot be made to. */
TEST_F(account, the_real_uid_pays)
{
	ASSERT_OK(actor_fork(&self->a, NULL));
	ASSERT_OK(actor_setresuid(&self->a, 3003, 0, 0));
	ASSERT_OK(limit_set(self, 3003, CAPIPC_LIMIT_A_CONTEXTS, 1));
	ASSERT_OK(actor_open(&self->a));
	EXPECT_ERR(EDQUOT, actor_open(&self->a));
	ASSERT_OK(actor_setresuid(&self->a, 3004, 3003, 3003));
	EXPECT_OK(actor_open(&self->a));
}

static long act_listen_often(struct actor_page *page, long times)
{
	__u32 handle;
	int ret;

	while (times--) {
		if (ipc_listen(page->fd, "uid/3011/0", &handle) !=
			    -EADDRINUSE ||
		    ipc_listen(page->fd, "x", &handle) != -EPERM)
			return -EPROTO;
		ret = ipc_listen(page->fd, "uid/3011/again", &handle);
		if (ret)
			return ret;
		ret = ipc_close(page->fd, handle);
		if (ret)
			return ret;
	}
	return 0;
}

/* Bind names until it fails: how many. */
static int listen_all(struct actor *a, uid_t uid, const char *prefix,
		      __u32 *last, int *error)
{
	char name[64];
	__u32 handle;
	int n;

	for (n = 0; n < 100; n++) {
		snprintf(name, sizeof(name), "uid/%u/%s%d", uid, prefix, n);
		*error = actor_listen(a, name, NULL, &handle);
		if (*error)
			break;
		*last = handle;
	}
	return n;
}

/* One context gets half of the names of its user, the next one half of the rest. */
TEST_F(account, names_of_a_user)
{
	__u32 last = 0, extra;
	int error;

	ASSERT_OK(limit_set(self, 3011, CAPIPC_LIMIT_A_LISTENERS, 8));
	ASSERT_OK(start_as(&self->a, 3011));
	ASSERT_OK(start_as(&self->b, 3011));
	ASSERT_OK(start_as(&self->c, 3012));
	EXPECT_EQ(4, listen_all(&self->a, 3011, "", &extra, &error));
	EXPECT_EQ(-EDQUOT, error);
	EXPECT_EQ(2, listen_all(&self->b, 3011, "b", &last, &error));
	EXPECT_EQ(-EDQUOT, error);
	EXPECT_EQ(100, listen_all(&self->c, 3012, "", &extra, &error));

	/* what fails for another reason does not count */
	ASSERT_OK(actor_close(&self->b, last));
	ASSERT_OK(in_actor(&self->b, act_listen_often, 10));
	EXPECT_EQ(1, account_used(&self->nl, &self->b, LISTENERS));
	ASSERT_OK(actor_listen(&self->b, "uid/3011/x", NULL, &extra));
	EXPECT_ERR(EDQUOT, actor_listen(&self->b, "uid/3011/y", NULL, &extra));
	/* with some names free again, the other one can have half of them */
	actor_stop(&self->a);
	EXPECT_OK(actor_listen(&self->b, "uid/3011/0", NULL, &extra));
	EXPECT_OK(actor_listen(&self->b, "uid/3011/1", NULL, &extra));
	EXPECT_ERR(EDQUOT, actor_listen(&self->b, "uid/3011/2", NULL, &extra));
}

/* Who bound a name pays for it, wherever it goes. */
TEST_F(account, name_that_is_given_away)
{
	__u32 listener, here, there, name, extra;
	struct holding h;

	ASSERT_OK(limit_set(self, 3013, CAPIPC_LIMIT_A_LISTENERS, 2));
	ASSERT_OK(start_as(&self->a, 3013));
	ASSERT_OK(start_as(&self->b, 3014));
	ASSERT_OK(actor_listen(&self->b, "uid/3014/x", NULL, &listener));
	ASSERT_OK(actor_link(&self->a, &self->b, "uid/3014/x", listener, &here,
			     &there));
	ASSERT_OK(actor_listen(&self->a, "uid/3013/x", NULL, &name));
	name = actor_move(&self->a, here, name, &self->b, there);
	ASSERT_NE(0, name);
	EXPECT_EQ(1, account_used(&self->nl, &self->a, LISTENERS));
	EXPECT_EQ(1, account_used(&self->nl, &self->b, LISTENERS));
	EXPECT_ERR(EDQUOT, actor_listen(&self->a, "uid/3013/y", NULL, &extra));
	/* also when it is gone */
	actor_stop(&self->a);
	ASSERT_OK(user_get(&self->nl, 3013, 3013, &h));
	EXPECT_EQ(1, h.amount[LISTENERS].used);
	EXPECT_EQ(0, h.contexts);
	ASSERT_OK(actor_close(&self->b, name));
	ASSERT_OK(user_get(&self->nl, 3013, 3013, &h));
	EXPECT_EQ(0, h.amount[LISTENERS].used);
	EXPECT_EQ(0, h.amount[BYTES].used);
}

/* --------------------------------------------------------------- handles */

TEST_F(account, handles_of_a_context)
{
	__u32 h[2], h2[2];
	int error, i;

	ASSERT_OK(start_as(&self->a, 3021));
	ASSERT_OK(start_as(&self->b, 3021));
	ASSERT_OK(start_as(&self->c, 3022));
	ASSERT_OK(
		limit_set(self, 3021, CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT, 20));
	EXPECT_EQ(10, count_pipes(&self->a, &error));
	EXPECT_EQ(-EDQUOT, error);

	/* the sibling has its own, and the other user another limit */
	ASSERT_OK(actor_create(&self->a, h));
	EXPECT_EQ(10, count_pipes(&self->b, &error));
	EXPECT_EQ(512, count_pipes(&self->c, &error));
	for (i = 0; i < 10; i++)
		EXPECT_EQ(9, count_pipes(&self->a, &error));
	EXPECT_EQ(2, account_used(&self->nl, &self->a, HANDLES));

	/* in flight it is still paid for, by who sent it */
	ASSERT_OK(actor_create(&self->a, h2));
	ASSERT_OK(actor_send_handle(&self->a, h[0], h2[0]));
	EXPECT_EQ(8, count_pipes(&self->a, &error));
	EXPECT_EQ(4, account_used(&self->nl, &self->a, HANDLES));
	ASSERT_OK(actor_close(&self->a, h[0]));
	ASSERT_OK(actor_close(&self->a, h[1]));
	ASSERT_OK(actor_close(&self->a, h2[1]));
	EXPECT_EQ(10, count_pipes(&self->a, &error));
	EXPECT_EQ(0, account_used(&self->nl, &self->a, HANDLES));
}

/* The limit is that of each context of the machine. */
TEST_F(account, parameter_of_handles)
{
	int error;

	ASSERT_OK(start_as(&self->a, 3023));
	ASSERT_OK(start_as(&self->c, 3024));
	ASSERT_OK(
		limit_set(self, 3024, CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT, 40));
	ASSERT_OK(parameter_set("max_handles_per_context", "30"));
	EXPECT_EQ(15, count_pipes(&self->a, &error));
	EXPECT_EQ(-EDQUOT, error);
	/* what is set for a user goes before */
	EXPECT_EQ(20, count_pipes(&self->c, &error));
	ASSERT_OK(parameter_set("max_handles_per_context", "50"));
	EXPECT_EQ(25, count_pipes(&self->a, &error));
	EXPECT_EQ(20, count_pipes(&self->c, &error));
}

/* ----------------------------------------------------------------- bytes */

#define LIMIT	  300000
#define LONG_DATA 4000

FIXTURE(account_bytes)
{
	struct nl nl;
	struct actor a, b, c, root;
	__u32 h[2];
	uid_t uid;
	int fit; /* at most so many messages fit */
};

FIXTURE_VARIANT(account_bytes)
{
	int limit;
	bool shared; /* by the contexts of the user */
};

FIXTURE_VARIANT_ADD(account_bytes, context){
	.limit = CAPIPC_LIMIT_A_BYTES_PER_CONTEXT,
	.shared = false,
};

FIXTURE_VARIANT_ADD(account_bytes, user){
	.limit = CAPIPC_LIMIT_A_BYTES,
	.shared = true,
};

FIXTURE_SETUP(account_bytes)
{
	self->uid = variant->shared ? 3050 : 3040;
	/* half is set aside for reserves, and of the rest one can have half */
	self->fit = (variant->shared ? LIMIT / 4 : LIMIT) / LONG_DATA;
	ASSERT_OK(nl_open(&self->nl));
	ASSERT_OK(user_set(&self->nl, self->uid, variant->limit, LIMIT));
	/* a's user is b's, c is another one */
	ASSERT_OK(start_as(&self->a, self->uid));
	ASSERT_OK(start_as(&self->b, self->uid));
	ASSERT_OK(start_as(&self->c, self->uid + 1));
	ASSERT_OK(actor_create(&self->a, self->h));
}

FIXTURE_TEARDOWN(account_bytes)
{
	actor_stop(&self->a);
	actor_stop(&self->b);
	actor_stop(&self->c);
	actor_stop(&self->root);
	EXPECT_OK(user_reset(&self->nl, self->uid));
	nl_close(&self->nl);
}

static int fill(struct actor *a, __u32 end)
{
	int error, n = send_all(a, end, LONG_DATA, &error);

	return error == -EDQUOT ? n : -EPROTO;
}

/* How much fits between the ends of a new pipe of @a. */
static int fill_new_pipe(struct actor *a)
{
	__u32 h[2];
	int n, error;

	if (actor_create(a, h))
		return -1;
	n = send_all(a, h[0], LONG_DATA, &error);
	if (receive_all(a, h[1]) != n || actor_close(a, h[0]) ||
	    actor_close(a, h[1]))
		return -1;
	return n;
}

TEST_F(account_bytes, full)
{
	__u64 before = account_used(&self->nl, &self->a, BYTES);
	int n, of_b, i;

	n = fill(&self->a, self->h[0]);
	EXPECT_LT(self->fit - 10, n);
	EXPECT_GT(self->fit, n);
	EXPECT_LT(n * LONG_DATA, account_used(&self->nl, &self->a, BYTES));
	EXPECT_GT(variant->shared ? LIMIT / 4 : LIMIT,
		  account_used(&self->nl, &self->a, BYTES));

	/* who shares it has half of the rest, others do not notice */
	of_b = fill_new_pipe(&self->b);
	if (variant->shared) {
		EXPECT_LT(n / 2 - 10, of_b);
		EXPECT_GT(n / 2 + 10, of_b);
	} else {
		EXPECT_LE(n, of_b);
	}
	EXPECT_LT(2 * self->fit, fill_new_pipe(&self->c));

	/* one is received, one may be sent */
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE,
			  actor_idle(&self->a, self->h[1]));
		EXPECT_OK(actor_send_all(&self->a, self->h[0], 1, LONG_DATA, 0,
					 0));
		EXPECT_ERR(EDQUOT, actor_send_all(&self->a, self->h[0], 1,
						  LONG_DATA, 0, 0));
	}
	EXPECT_EQ(n, receive_all(&self->a, self->h[1]));
	EXPECT_EQ(before, account_used(&self->nl, &self->a, BYTES));
	actor_stop(&self->b);
	EXPECT_LE(n, fill(&self->a, self->h[0]));
}

static long act_exchange_often(struct actor_page *page, long times)
{
	static struct ipc_message m;
	int ret = 0, i;

	for (i = 0; i < times && !ret; i++) {
		ret = ipc_trysend(page->fd, (__u32)page->number[i & 1], 1,
				  page->data, i * 97 % 4000);
		if (!ret)
			ret = ipc_tryrecv_from(
				page->fd, (__u32)page->number[!(i & 1)], &m);
	}
	return ret;
}

TEST_F(account_bytes, received_is_released)
{
	__u64 before = account_used(&self->nl, &self->a, BYTES);

	self->a.page->number[0] = self->h[0];
	self->a.page->number[1] = self->h[1];
	ASSERT_OK(in_actor(&self->a, act_exchange_often, 100));
	EXPECT_EQ(before, account_used(&self->nl, &self->a, BYTES));
}

static long act_close_often(struct actor_page *page, long times)
{
	struct capipc_rule rules[16] = { 0 };
	struct capipc_restrict r = {
		.rules = ipc_ptr(rules),
		.rules_count = 16,
		.rule_size = sizeof(rules[0]),
	};
	__u32 h[2], h2[2];
	int fd = page->fd, ret = 0, i;
	char label[256];

	/* with labels, where there are any */
	if (get_text(label, sizeof(label), "/proc/self/attr/current") > 0) {
		for (i = 0; i < 16; i++) {
			rules[i].match = CAPIPC_MATCH_LABEL;
			rules[i].label = ipc_ptr(label);
			rules[i].label_len = strcspn(label, "\n");
		}
	}
	while (times-- && !ret) {
		ret = ipc_create(fd, h) ?: ipc_create(fd, h2);
		r.handle = h2[1];
		if (!ret)
			ret = ipc_trysend(fd, h[0], 1, page->data, 3000) ?:
				      ipc_trysend(fd, h[1], 1, page->data, 3000) ?:
				      ipc_send_handle(fd, h[0], "", h2[0]) ?:
				      ipc_do_restrict(fd, &r);
		if (!ret)
			ret = ipc_close(fd, h[times & 1])	     ?:
				      ipc_close(fd, h[!(times & 1)]) ?:
				      ipc_close(fd, h2[1]);
	}
	return ret;
}

/* Pipes that are closed with messages, rules and handles in them. */
TEST_F(account_bytes, closed_is_released)
{
	__u64 before = account_used(&self->nl, &self->a, BYTES);

	ASSERT_OK(in_actor(&self->a, act_close_often, 10));
	EXPECT_EQ(before, account_used(&self->nl, &self->a, BYTES));
	EXPECT_EQ(2, account_used(&self->nl, &self->a, HANDLES));
}

/* What fails costs nothing. */
TEST_F(account_bytes, failures_are_free)
{
	struct actor *a = &self->a;
	struct capipc_rule bad = { .reserved = 1 };
	struct capipc_receive r;
	__u32 closed[2], denied[2], end;
	__u64 before;
	struct capipc_send s = {
		.size = sizeof(s),
		.flags = CAPIPC_NOWAIT,
		.data = 1,
		.data_len = 20000,
		.handle = self->h[0],
	};
	struct capipc_call c = {
		.size = sizeof(c),
		.flags = CAPIPC_NOWAIT,
		.deadline_ns = 0,
		.data = ipc_ptr(a->page->data),
		.data_len = 100,
		.reply_data = ipc_ptr(a->page->data),
		.reply_capacity = 16000,
	};

	ASSERT_OK(actor_create(a, closed));
	ASSERT_OK(actor_close(a, closed[1]));
	ASSERT_OK(actor_create(a, denied));
	ASSERT_OK(actor_restrict(a, denied[1], NULL, 0));
	before = account_used(&self->nl, a, BYTES);

	ASSERT_ERR(EPIPE, actor_send_all(a, closed[0], 1, 16000, 0, 0));
	ASSERT_ERR(EACCES, actor_send_all(a, denied[0], 1, 16000, 0, 0));
	ASSERT_ERR(ELOOP, actor_send_handle(a, self->h[0], self->h[0]));
	ASSERT_ERR(EBADF, actor_send_handle(a, self->h[0], 0x1234567));
	ASSERT_ERR(EFAULT, ACTOR_IOCTL(a, SEND, &s));
	ASSERT_ERR(EINVAL, actor_restrict(a, self->h[0], &bad, 1));
	ASSERT_ERR(ENOENT, actor_connect(a, "no/such/name", &end));
	ASSERT_ERR(EAGAIN, actor_receive_nowait(a, self->h[1], &r));
	c.handle = denied[0];
	ASSERT_ERR(EACCES, ACTOR_IOCTL(a, CALL, &c));
	/* one that runs out of time is withdrawn */
	c.handle = self->h[0];
	c.flags = 0;
	ASSERT_ERR(ETIMEDOUT, ACTOR_IOCTL(a, CALL, &c));
	/* and what there is no room for */
	c.reply_capacity = 400000;
	EXPECT_ERR(EDQUOT, ACTOR_IOCTL(a, CALL, &c));
	EXPECT_EQ(CAPIPC_CALL_UNSENT, c.state);

	ASSERT_EQ(0, actor_idle(a, self->h[1]));
	EXPECT_EQ(before, account_used(&self->nl, a, BYTES));
	EXPECT_EQ(5, account_used(&self->nl, a, HANDLES));
}

/* The sender is dead, and its user pays until it is received. */
TEST_F(account_bytes, death_of_the_sender)
{
	__u32 listener, end, server_end;
	const char *name = fresh_name();
	struct holding before, with, after;
	int n, of_b;

	ASSERT_OK(user_get(&self->nl, self->uid, self->uid, &before));
	ASSERT_OK(actor_start(&self->root));
	ASSERT_OK(actor_listen(&self->root, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->a, &self->root, name, listener, &end,
			     &server_end));
	n = fill(&self->a, end);
	ASSERT_LT(10, n);
	actor_stop(&self->a);
	ASSERT_OK(user_get(&self->nl, self->uid, self->uid, &with));
	EXPECT_LT(n * LONG_DATA, with.amount[BYTES].used);
	EXPECT_EQ(1, with.contexts);
	of_b = fill_new_pipe(&self->b);
	EXPECT_EQ(variant->shared, of_b < n / 2 + 10);
	EXPECT_EQ(n, receive_all(&self->root, server_end));
	EXPECT_LE(n - 1, fill_new_pipe(&self->b));
	ASSERT_OK(user_get(&self->nl, self->uid, self->uid, &after));
	EXPECT_GT(before.amount[BYTES].used, after.amount[BYTES].used);
}

/* A flood is paid for by who floods. */
TEST_F(account_bytes, receiver_is_not_charged)
{
	__u32 listener, end, server_end;
	__u64 before;
	char name[64];
	int n;

	snprintf(name, sizeof(name), "uid/%d/flood", self->uid + 1);
	ASSERT_OK(actor_listen(&self->c, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->a, &self->c, name, listener, &end,
			     &server_end));
	before = account_used(&self->nl, &self->c, BYTES);
	n = fill(&self->a, end);
	EXPECT_LT(10, n);
	EXPECT_EQ(before, account_used(&self->nl, &self->c, BYTES));
	EXPECT_EQ(n, receive_all(&self->c, server_end));
	EXPECT_EQ(before, account_used(&self->nl, &self->c, BYTES));
}

/* A caller pays for the largest reply that it takes, a replier for none. */
TEST_F(account_bytes, caller_pays_for_the_reply)
{
	struct capipc_call c = {
		.size = sizeof(c),
		.deadline_ns = ipc_soon(),
		.reply_data = ipc_ptr(self->a.page->data),
		.reply_capacity = 10000,
		.reply_attachments_capacity = 7,
		.handle = self->h[0],
	};
	struct capipc_receive r;
	struct holding before, during;
	__u32 listener, end;
	char name[64];

	snprintf(name, sizeof(name), "uid/%d/call", self->uid + 1);
	ASSERT_OK(actor_listen(&self->c, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->a, &self->c, name, listener, &c.handle,
			     &end));
	ASSERT_OK(actor_ioctl_begin(&self->a, CAPIPC_IOC_CALL, &c, sizeof(c)));
	ASSERT_OK(actor_receive(&self->c, end, &r));
	ASSERT_OK(user_get(&self->nl, self->uid, self->uid, &during));
	/* the caller is busy: look at its user */
	ASSERT_OK(account_get(&self->nl, &self->b, &before));
	EXPECT_LT(before.amount[BYTES].used + 10000 + 7 * 16,
		  during.amount[BYTES].used);
	EXPECT_LE(7 + 3, during.amount[HANDLES].used);
	ASSERT_OK(actor_reply(&self->c, r.reply_handle));
	ASSERT_OK(actor_call_end(&self->a, &c));
	ASSERT_OK(user_get(&self->nl, self->uid, self->uid, &before));
	EXPECT_LE(10000 + 7 * 16,
		  during.amount[BYTES].used - before.amount[BYTES].used);
	EXPECT_EQ(3, before.amount[HANDLES].used);
}

/* ---------------------------------------------------------------- window */

TEST_F(account, window)
{
	struct capipc_info info = { .size = sizeof(info) };
	__u32 h[2], other[2];
	int i;

	ASSERT_OK(parameter_set("window_messages", "4"));
	ASSERT_OK(start_as(&self->a, 3071));
	ASSERT_OK(ACTOR_IOCTL(&self->a, INFO, &info));
	EXPECT_EQ(4, info.window_messages);
	ASSERT_OK(actor_create(&self->a, h));
	ASSERT_OK(actor_create(&self->a, other));
	for (i = 0; i < 4; i++)
		ASSERT_OK(actor_send(&self->a, h[0], i));
	EXPECT_ERR(EAGAIN, actor_send(&self->a, h[0], 4));
	EXPECT_OK(actor_send(&self->a, h[1], 4));
	EXPECT_OK(actor_send(&self->a, other[0], 4));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, actor_idle(&self->a, h[1]));
	EXPECT_OK(actor_send(&self->a, h[0], 4));
	EXPECT_ERR(EAGAIN, actor_send(&self->a, h[0], 5));

	ASSERT_OK(parameter_set("window_messages", "1000"));
	ASSERT_OK(parameter_set("window_bytes", "10000"));
	EXPECT_ERR(EMSGSIZE,
		   actor_send_all(&self->a, other[1], 1, 10001, 0, 0));
	EXPECT_OK(actor_send_all(&self->a, other[1], 1, 5000, 0, 0));
	EXPECT_ERR(EAGAIN, actor_send_all(&self->a, other[1], 1, 5000, 0, 0));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, actor_idle(&self->a, other[0]));
	EXPECT_OK(actor_send_all(&self->a, other[1], 1, 5000, 0, 0));
}

TEST_HARNESS_MAIN
