// SPDX-License-Identifier: GPL-2.0
/*
 * Accounts: everything is paid for by who causes it, limits hold, nobody else
 * notices, and what ends is given back, to the last byte.
 *
 * Limits are module parameters. They are changed here, for all of the machine,
 * and put back; every test has users of its own.
 */
#include "capipc_test_ident.h"

#define PARAMETERS "/sys/module/capipc/parameters/"

enum parameter {
	MAX_CONTEXTS_PER_UID,
	MAX_LISTENERS_PER_UID,
	MAX_HANDLES_PER_UID,
	MAX_HANDLES_PER_CONTEXT,
	MAX_BYTES_PER_UID,
	MAX_BYTES_PER_CONTEXT,
	WINDOW_BYTES,
	WINDOW_MESSAGES,
	PARAMETER_COUNT,
};

static const char *const parameter_names[] = {
	"max_contexts_per_uid", "max_listeners_per_uid",
	"max_handles_per_uid",	"max_handles_per_context",
	"max_bytes_per_uid",	"max_bytes_per_context",
	"window_bytes",		"window_messages",
};

static int limit_set(enum parameter parameter, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), PARAMETERS "%s",
		 parameter_names[parameter]);
	return put_text(path, value);
}

FIXTURE(account)
{
	struct actor a, b, c, root;
	char before[PARAMETER_COUNT][32];
	char name[64];
};

FIXTURE_SETUP(account)
{
	int i;

	strcpy(self->name, fresh_name());
	for (i = 0; i < PARAMETER_COUNT; i++)
		ASSERT_LT(0, get_text(self->before[i], 32, PARAMETERS "%s",
				      parameter_names[i]));
	ASSERT_OK(actor_start(&self->root));
}

FIXTURE_TEARDOWN(account)
{
	int i;

	for (i = 0; i < PARAMETER_COUNT; i++)
		EXPECT_OK(limit_set(i, self->before[i]));
	actor_stop(&self->a);
	actor_stop(&self->b);
	actor_stop(&self->c);
	actor_stop(&self->root);
}

/* A process of this user, with a context that this user pays for. */
static int start_as(struct actor *a, uid_t uid)
{
	int ret = actor_fork(a, NULL);

	if (!ret)
		ret = actor_become(a, uid);
	return ret ? ret : actor_open(a);
}

#define LONG_DATA 4000

/* These loop inside the actor, so that a thousand times take no time. */
static long in_actor(struct actor *a, actor_fn fn, long arg)
{
	a->page->fd = a->dev;
	return actor_run(a, fn, arg);
}

static long act_send_all(struct actor_page *page, long end)
{
	int n = 0, ret;

	while (!(ret = ipc_trysend(page->fd, (__u32)end, 1, page->data,
				   LONG_DATA)))
		n++;
	page->number[0] = (__u64)-ret;
	return n;
}

/* Send until it fails: how many, and with which error. */
static int send_all(struct actor *a, __u32 end, int *error)
{
	int n = in_actor(a, act_send_all, (long)end);

	*error = -(int)a->page->number[0];
	return n;
}

static long act_receive_all(struct actor_page *page, long end)
{
	static struct ipc_message m;
	int n = 0;

	while (!ipc_recv_flags(page->fd, &m, (__u32)end, CAPIPC_NOWAIT, 0) &&
	       m.r.type == CAPIPC_RECEIVED_MESSAGE)
		n++;
	return n;
}

/* Receive all that is there: how many messages. */
static int receive_all(struct actor *a, __u32 end)
{
	return in_actor(a, act_receive_all, (long)end);
}

static long act_count_pipes(struct actor_page *page, long unused)
{
	__u32 h[256][2];
	int n, i, ret = 0;

	for (n = 0; n < 256; n++) {
		ret = ipc_create(page->fd, h[n]);
		if (ret)
			break;
	}
	page->number[0] = (__u64)-ret;
	for (i = 0; i < n; i++)
		if (ipc_close(page->fd, h[i][0]) ||
		    ipc_close(page->fd, h[i][1]))
			return -EPROTO;
	return n;
}

/* Make pipes until it fails. They are closed again. */
static int count_pipes(struct actor *a, int *error)
{
	int n = in_actor(a, act_count_pipes, 0);

	*error = -(int)a->page->number[0];
	return n;
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
	ASSERT_OK(actor_fork(&self->b, NULL));
	ASSERT_OK(actor_become(&self->b, 3001));
	ASSERT_OK(actor_fork(&self->c, NULL));
	ASSERT_OK(actor_become(&self->c, 3002));
	ASSERT_OK(limit_set(MAX_CONTEXTS_PER_UID, "3"));

	ASSERT_LE(0, actor_run(&self->a, act_open, 0));
	ASSERT_OK(actor_open(&self->b));
	EXPECT_ERR(EDQUOT, actor_run(&self->a, act_open, 0));
	EXPECT_ERR(EDQUOT, actor_run(&self->b, act_open, 0));
	/* another user is not bothered */
	EXPECT_OK(actor_open(&self->c));

	ASSERT_OK(actor_run(&self->b, act_close_fd, self->b.dev));
	ASSERT_OK(actor_run(&self->a, act_open_often, 1000));
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
	ASSERT_OK(limit_set(MAX_CONTEXTS_PER_UID, "1"));
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
		if (ipc_listen(page->fd, "uid/3011/1", &handle) !=
			    -EADDRINUSE ||
		    ipc_listen(page->fd, "x", &handle) != -EPERM)
			return -EPROTO;
		ret = ipc_listen(page->fd, "uid/3011/2", &handle);
		if (ret)
			return ret;
		ret = ipc_close(page->fd, handle);
		if (ret)
			return ret;
	}
	return 0;
}

TEST_F(account, names_of_a_user)
{
	char name[64];
	__u32 handle[3], extra;
	int i;

	ASSERT_OK(start_as(&self->a, 3011));
	ASSERT_OK(start_as(&self->b, 3011));
	ASSERT_OK(start_as(&self->c, 3012));
	ASSERT_OK(limit_set(MAX_LISTENERS_PER_UID, "3"));
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "uid/3011/%d", i);
		ASSERT_OK(actor_listen(&self->a, name, NULL, &handle[i]));
	}
	EXPECT_ERR(EDQUOT, actor_listen(&self->a, "uid/3011/x", NULL, &extra));
	EXPECT_ERR(EDQUOT, actor_listen(&self->b, "uid/3011/x", NULL, &extra));
	EXPECT_OK(actor_listen(&self->c, "uid/3012/x", NULL, &extra));
	/* what fails for another reason does not count */
	ASSERT_OK(actor_close(&self->a, handle[2]));
	ASSERT_OK(in_actor(&self->a, act_listen_often, 1000));
	ASSERT_OK(actor_listen(&self->b, "uid/3011/2", NULL, &extra));
	EXPECT_ERR(EDQUOT, actor_listen(&self->a, "uid/3011/x", NULL, &extra));
	actor_stop(&self->a);
	EXPECT_OK(actor_listen(&self->b, "uid/3011/0", NULL, &extra));
}

/* --------------------------------------------------------------- handles */

static long act_create_often(struct actor_page *page, long times)
{
	__u32 h[2];
	int ret = 0;

	while (times-- && !ret) {
		ret = ipc_create(page->fd, h);
		if (!ret)
			ret = ipc_close(page->fd, h[times & 1]);
		if (!ret)
			ret = ipc_close(page->fd, h[!(times & 1)]);
	}
	return ret;
}

TEST_F(account, handles_of_a_context)
{
	__u32 h[2], h2[2];
	int first, error;

	ASSERT_OK(start_as(&self->a, 3021));
	ASSERT_OK(start_as(&self->b, 3021));
	ASSERT_OK(limit_set(MAX_HANDLES_PER_CONTEXT, "20"));
	first = count_pipes(&self->a, &error);
	EXPECT_EQ(10, first);
	EXPECT_EQ(-EDQUOT, error);

	/* the sibling has its own */
	ASSERT_OK(actor_create(&self->a, h));
	EXPECT_EQ(10, count_pipes(&self->b, &error));
	EXPECT_EQ(9, count_pipes(&self->a, &error));

	ASSERT_OK(in_actor(&self->a, act_create_often, 1000));
	EXPECT_EQ(9, count_pipes(&self->a, &error));

	/* in flight it is still paid for, by who sent it */
	ASSERT_OK(actor_create(&self->a, h2));
	ASSERT_OK(actor_send_handle(&self->a, h[0], h2[0]));
	EXPECT_EQ(8, count_pipes(&self->a, &error));
	ASSERT_OK(actor_close(&self->a, h[0]));
	ASSERT_OK(actor_close(&self->a, h[1]));
	ASSERT_OK(actor_close(&self->a, h2[1]));
	EXPECT_EQ(10, count_pipes(&self->a, &error));
}

TEST_F(account, handles_of_a_user)
{
	int n, m, error;
	__u32 h[64][2];

	ASSERT_OK(start_as(&self->a, 3031));
	ASSERT_OK(start_as(&self->b, 3031));
	ASSERT_OK(start_as(&self->c, 3032));
	ASSERT_OK(limit_set(MAX_HANDLES_PER_UID, "100"));
	for (n = 0; n < 64; n++) {
		error = actor_create(&self->a, h[n]);
		if (error)
			break;
	}
	EXPECT_EQ(50, n);
	EXPECT_EQ(-EDQUOT, error);
	EXPECT_EQ(0, count_pipes(&self->b, &error));
	EXPECT_EQ(-EDQUOT, error);
	EXPECT_EQ(50, count_pipes(&self->c, &error));

	/* both together get no more than one alone */
	for (m = 0; m < 25; m++) {
		ASSERT_OK(actor_close(&self->a, h[m][0]));
		ASSERT_OK(actor_close(&self->a, h[m][1]));
	}
	EXPECT_GE(25, count_pipes(&self->b, &error));
	actor_stop(&self->a);
	EXPECT_EQ(50, count_pipes(&self->b, &error));
}

/* ----------------------------------------------------------------- bytes */

FIXTURE(account_bytes)
{
	struct actor a, b, c, root;
	char before[PARAMETER_COUNT][32];
	__u32 h[2];
};

FIXTURE_VARIANT(account_bytes)
{
	enum parameter parameter;
	bool siblings; /* share it */
	uid_t uid;
};

FIXTURE_VARIANT_ADD(account_bytes, context){
	.parameter = MAX_BYTES_PER_CONTEXT,
	.siblings = false,
	.uid = 3040,
};

FIXTURE_VARIANT_ADD(account_bytes, user){
	.parameter = MAX_BYTES_PER_UID,
	.siblings = true,
	.uid = 3050,
};

FIXTURE_SETUP(account_bytes)
{
	int i;

	for (i = 0; i < PARAMETER_COUNT; i++)
		ASSERT_LT(0, get_text(self->before[i], 32, PARAMETERS "%s",
				      parameter_names[i]));
	/* a's user is b's, c is another one */
	ASSERT_OK(start_as(&self->a, variant->uid));
	ASSERT_OK(start_as(&self->b, variant->uid));
	ASSERT_OK(start_as(&self->c, variant->uid + 1));
	ASSERT_OK(actor_create(&self->a, self->h));
	ASSERT_OK(limit_set(variant->parameter, "300000"));
}

FIXTURE_TEARDOWN(account_bytes)
{
	int i;

	for (i = 0; i < PARAMETER_COUNT; i++)
		EXPECT_OK(limit_set(i, self->before[i]));
	actor_stop(&self->a);
	actor_stop(&self->b);
	actor_stop(&self->c);
	actor_stop(&self->root);
}

/* How much fits between the ends of a new pipe of @a. */
static int fill_new_pipe(struct actor *a, int *error)
{
	__u32 h[2];
	int n;

	if (actor_create(a, h))
		return -1;
	n = send_all(a, h[0], error);
	if (receive_all(a, h[1]) != n || actor_close(a, h[0]) ||
	    actor_close(a, h[1]))
		return -1;
	return n;
}

TEST_F(account_bytes, full)
{
	int n, error, left, i;

	n = send_all(&self->a, self->h[0], &error);
	EXPECT_EQ(-EDQUOT, error);
	EXPECT_LT(10, n);
	EXPECT_GT(300000 / LONG_DATA, n);

	/* who shares it is out of luck, others do not notice */
	left = fill_new_pipe(&self->b, &error);
	EXPECT_EQ(!variant->siblings, left >= n - 1);
	EXPECT_EQ(variant->siblings, left < n / 4);
	EXPECT_LE(n - 1, fill_new_pipe(&self->c, &error));

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
	EXPECT_EQ(n, send_all(&self->a, self->h[0], &error));
}

static long act_exchange_often(struct actor_page *page, long times)
{
	static struct ipc_message m;
	int ret = 0, i;

	for (i = 0; i < times && !ret; i++) {
		ret = ipc_trysend(page->fd, (__u32)page->number[i & 1], 1,
				  page->data, i * 7 % 4000);
		if (!ret)
			ret = ipc_tryrecv_from(
				page->fd, (__u32)page->number[!(i & 1)], &m);
	}
	return ret;
}

/* A thousand messages later there is as much room as before. */
TEST_F(account_bytes, received_is_released)
{
	int n, error;

	n = send_all(&self->a, self->h[0], &error);
	ASSERT_EQ(n, receive_all(&self->a, self->h[1]));
	self->a.page->number[0] = self->h[0];
	self->a.page->number[1] = self->h[1];
	ASSERT_OK(in_actor(&self->a, act_exchange_often, 1000));
	EXPECT_EQ(n, send_all(&self->a, self->h[0], &error));
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
	int n, error;

	n = send_all(&self->a, self->h[0], &error);
	ASSERT_EQ(n, receive_all(&self->a, self->h[1]));
	ASSERT_OK(in_actor(&self->a, act_close_often, 250));
	EXPECT_EQ(n, send_all(&self->a, self->h[0], &error));
}

/* What fails costs nothing. */
TEST_F(account_bytes, failures_are_free)
{
	struct actor *a = &self->a;
	struct capipc_rule bad = { .reserved = 1 };
	struct capipc_receive r;
	__u32 closed[2], denied[2], end;
	int n, error, i;
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
	n = send_all(a, self->h[0], &error);
	ASSERT_EQ(n, receive_all(a, self->h[1]));
	for (i = 0; i < 20; i++) {
		struct capipc_send s = {
			.size = sizeof(s),
			.flags = CAPIPC_NOWAIT,
			.data = 1,
			.data_len = 20000,
			.handle = self->h[0],
		};

		ASSERT_ERR(EPIPE, actor_send_all(a, closed[0], 1, 16000, 0, 0));
		ASSERT_ERR(EACCES,
			   actor_send_all(a, denied[0], 1, 16000, 0, 0));
		ASSERT_ERR(ELOOP, actor_send_handle(a, self->h[0], self->h[0]));
		ASSERT_ERR(EBADF, actor_send_handle(a, self->h[0], 0x1234567));
		ASSERT_ERR(EFAULT, ACTOR_IOCTL(a, SEND, &s));
		ASSERT_ERR(EINVAL, actor_restrict(a, self->h[0], &bad, 1));
		ASSERT_ERR(ENOENT, actor_connect(a, "no/such/name", &end));
		ASSERT_ERR(EAGAIN, actor_receive_nowait(a, self->h[1], &r));
		c.handle = denied[0];
		c.pending = 0;
		ASSERT_ERR(EACCES, ACTOR_IOCTL(a, CALL, &c));
		/* one that runs out of time is withdrawn */
		c.handle = self->h[0];
		c.flags = 0;
		ASSERT_ERR(ETIMEDOUT, ACTOR_IOCTL(a, CALL, &c));
		c.flags = CAPIPC_NOWAIT;
	}
	ASSERT_EQ(0, actor_idle(a, self->h[1]));
	EXPECT_EQ(n, send_all(a, self->h[0], &error));
}

/* The sender is dead, and its user pays until it is received. */
TEST_F(account_bytes, death_of_the_sender)
{
	__u32 listener, end, server_end;
	const char *name = fresh_name();
	int n, error, left;

	ASSERT_OK(actor_start(&self->root));
	ASSERT_OK(actor_listen(&self->root, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->a, &self->root, name, listener, &end,
			     &server_end));
	n = send_all(&self->a, end, &error);
	ASSERT_EQ(-EDQUOT, error);
	actor_stop(&self->a);
	left = fill_new_pipe(&self->b, &error);
	EXPECT_EQ(!variant->siblings, left >= n - 1);
	EXPECT_EQ(variant->siblings, left < n / 4);
	EXPECT_EQ(n, receive_all(&self->root, server_end));
	EXPECT_LE(n - 1, fill_new_pipe(&self->b, &error));
}

/* A flood is paid for by who floods. */
TEST_F(account_bytes, receiver_is_not_charged)
{
	__u32 listener, end, server_end;
	int before, n, error;
	char name[64];

	snprintf(name, sizeof(name), "uid/%d/flood", variant->uid + 1);
	ASSERT_OK(actor_listen(&self->c, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->a, &self->c, name, listener, &end,
			     &server_end));
	before = fill_new_pipe(&self->c, &error);
	ASSERT_LT(10, before);
	n = send_all(&self->a, end, &error);
	EXPECT_EQ(-EDQUOT, error);
	EXPECT_EQ(before, fill_new_pipe(&self->c, &error));
	EXPECT_EQ(n, receive_all(&self->c, server_end));
	EXPECT_EQ(before, fill_new_pipe(&self->c, &error));
}

/* A caller pays for the largest reply that it takes, a replier for none. */
TEST_F(account_bytes, caller_pays_for_the_reply)
{
	struct capipc_call c = {
		.size = sizeof(c),
		.data_len = 0,
		.reply_data = ipc_ptr(self->a.page->data),
		.reply_capacity = 400000,
		.handle = self->h[0],
	};
	int n, error;

	n = send_all(&self->a, self->h[0], &error);
	ASSERT_EQ(n, receive_all(&self->a, self->h[1]));
	EXPECT_ERR(EDQUOT, ACTOR_IOCTL(&self->a, CALL, &c));
	EXPECT_EQ(CAPIPC_CALL_UNSENT, c.state);
	c.reply_capacity = 4000;
	EXPECT_ERR(ETIMEDOUT, ACTOR_IOCTL(&self->a, CALL, &c));
	EXPECT_EQ(n, send_all(&self->a, self->h[0], &error));
}

/* ---------------------------------------------------------------- window */

TEST_F(account, window)
{
	struct capipc_info info = { .size = sizeof(info) };
	__u32 h[2], other[2];
	int i;

	ASSERT_OK(limit_set(WINDOW_MESSAGES, "4"));
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

	ASSERT_OK(limit_set(WINDOW_MESSAGES, "1000"));
	ASSERT_OK(limit_set(WINDOW_BYTES, "10000"));
	EXPECT_ERR(EMSGSIZE,
		   actor_send_all(&self->a, other[1], 1, 10001, 0, 0));
	EXPECT_OK(actor_send_all(&self->a, other[1], 1, 5000, 0, 0));
	EXPECT_ERR(EAGAIN, actor_send_all(&self->a, other[1], 1, 5000, 0, 0));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, actor_idle(&self->a, other[0]));
	EXPECT_OK(actor_send_all(&self->a, other[1], 1, 5000, 0, 0));
}

TEST_HARNESS_MAIN
