// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of one user over netlink: who may read and set them, that they hold,
 * and what is told of users and accounts.
 */
#include "capipc_test_account.h"

#define UID 6001

FIXTURE(limit)
{
	struct nl nl;
	struct actor a, b, c;
};

FIXTURE_SETUP(limit)
{
	ASSERT_OK(nl_open(&self->nl));
}

FIXTURE_TEARDOWN(limit)
{
	actor_stop(&self->a);
	actor_stop(&self->b);
	actor_stop(&self->c);
	EXPECT_OK(parameters_restore());
	EXPECT_OK(user_reset(&self->nl, UID));
	nl_close(&self->nl);
}

static const struct {
	int limit;
	const char *parameter;
} limits[] = {
	{ CAPIPC_LIMIT_A_BYTES, "max_bytes_per_uid" },
	{ CAPIPC_LIMIT_A_BYTES_PER_CONTEXT, "max_bytes_per_context" },
	{ CAPIPC_LIMIT_A_HANDLES, "max_handles_per_uid" },
	{ CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT, "max_handles_per_context" },
	{ CAPIPC_LIMIT_A_LISTENERS, "max_listeners_per_uid" },
	{ CAPIPC_LIMIT_A_CONTEXTS, "max_contexts_per_uid" },
	{ CAPIPC_LIMIT_A_FILES, "max_files_per_uid" },
	{ CAPIPC_LIMIT_A_CONNECT_RATE, "max_connects_per_second" },
	{ CAPIPC_LIMIT_A_CONNECT_BURST, "max_connect_burst" },
	{ CAPIPC_LIMIT_A_EVENT_RATE, "max_events_per_second" },
	{ CAPIPC_LIMIT_A_EVENT_BURST, "max_event_burst" },
};

#define LIMIT_COUNT ((int)(sizeof(limits) / sizeof(limits[0])))

TEST_F(limit, set_and_read)
{
	struct holding h;
	char text[32];
	int i, j;

	for (i = 0; i < LIMIT_COUNT; i++) {
		ASSERT_LT(0, get_text(text, sizeof(text), PARAMETERS "%s",
				      limits[i].parameter));
		ASSERT_OK(user_get(&self->nl, UID, UID, &h));
		EXPECT_EQ(strtoull(text, NULL, 10), h.limit[limits[i].limit]);
		EXPECT_EQ(~0ULL, h.limit_set[limits[i].limit]);
		ASSERT_OK(
			user_set(&self->nl, UID, limits[i].limit, 100000 + i));
		ASSERT_OK(user_get(&self->nl, UID, UID, &h));
		for (j = 0; j <= i; j++) {
			EXPECT_EQ(100000 + j, h.limit[limits[j].limit]);
			EXPECT_EQ(100000 + j, h.limit_set[limits[j].limit]);
		}
	}
	/* of one user only */
	ASSERT_OK(user_get(&self->nl, UID + 1, UID + 1, &h));
	for (i = 0; i < LIMIT_COUNT; i++)
		EXPECT_EQ(~0ULL, h.limit_set[limits[i].limit]);
	/* they stay while it comes and goes */
	ASSERT_OK(start_as(&self->a, UID));
	actor_stop(&self->a);
	ASSERT_OK(user_get(&self->nl, UID, UID, &h));
	EXPECT_EQ(100000, h.limit[CAPIPC_LIMIT_A_BYTES]);
	/* a parameter does not change what is set, and what is not follows it */
	ASSERT_OK(parameter_set("max_listeners_per_uid", "77"));
	ASSERT_OK(user_get(&self->nl, UID, UID, &h));
	EXPECT_EQ(100004, h.limit[CAPIPC_LIMIT_A_LISTENERS]);
	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_LISTENERS,
			   CAPIPC_LIMIT_DEFAULT));
	ASSERT_OK(user_get(&self->nl, UID, UID, &h));
	EXPECT_EQ(77, h.limit[CAPIPC_LIMIT_A_LISTENERS]);
	EXPECT_EQ(~0ULL, h.limit_set[CAPIPC_LIMIT_A_LISTENERS]);
	EXPECT_EQ(100003, h.limit[CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT]);
}

/* Zero is a limit, too. */
TEST_F(limit, nothing_at_all)
{
	__u32 h[2], listener;

	ASSERT_OK(start_as(&self->a, UID));
	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT,
			   0));
	EXPECT_ERR(EDQUOT, actor_create(&self->a, h));
	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT,
			   CAPIPC_LIMIT_DEFAULT));
	EXPECT_OK(actor_create(&self->a, h));
	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_HANDLES, 0));
	EXPECT_ERR(EDQUOT, actor_create(&self->a, h));
	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_LISTENERS, 0));
	EXPECT_ERR(EDQUOT,
		   actor_listen(&self->a, "uid/6001/x", NULL, &listener));
	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_BYTES, 0));
	EXPECT_ERR(EDQUOT, actor_open(&self->a));
	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_BYTES,
			   CAPIPC_LIMIT_DEFAULT));
	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_CONTEXTS, 0));
	EXPECT_ERR(EDQUOT, actor_open(&self->a));
	ASSERT_OK(user_reset(&self->nl, UID));
	EXPECT_OK(actor_open(&self->a));
	EXPECT_OK(actor_create(&self->a, h));
}

/* --------------------------------------------------------------- who may */

/* number[0]: user, number[1]: its owner; what this actor may: read, and set */
static long act_ask(struct actor_page *page, long unused)
{
	static struct nl nl;
	struct holding h;
	int ret = nl_open(&nl);

	(void)unused;
	if (ret)
		return ret;
	page->number[2] =
		user_set(&nl, page->number[0], CAPIPC_LIMIT_A_FILES, 5);
	page->number[3] = nl_count(&nl, CAPIPC_CMD_GET_ACCOUNT);
	ret = user_get(&nl, page->number[1], page->number[0], &h);
	page->number[1] = machine_get(&nl, &h);
	nl_close(&nl);
	return ret;
}

/* What it may: read of that user, set, see the machine; and how many accounts */
static int ask(struct actor *a, uid_t uid, uid_t owner, int *set, int *machine,
	       int *accounts)
{
	int ret;

	a->page->number[0] = uid;
	a->page->number[1] = owner;
	ret = actor_run(a, act_ask, 0);
	*set = (int)a->page->number[2];
	*machine = (int)a->page->number[1];
	*accounts = (int)a->page->number[3];
	return ret;
}

TEST_F(limit, who_may)
{
	__u64 admin = 1ULL << CAP_SYS_ADMIN;
	int set, machine, accounts, all;

	/* its own, and nobody else's */
	ASSERT_OK(start_as(&self->a, UID));
	ASSERT_OK(start_as(&self->b, UID + 1));
	EXPECT_OK(ask(&self->a, UID, UID, &set, &machine, &accounts));
	EXPECT_ERR(EPERM, set);
	EXPECT_ERR(ENOENT, machine);
	EXPECT_EQ(1, accounts);
	EXPECT_ERR(EPERM,
		   ask(&self->a, UID + 1, UID + 1, &set, &machine, &accounts));
	EXPECT_ERR(EPERM, set);
	EXPECT_ERR(EPERM, ask(&self->a, 0, 0, &set, &machine, &accounts));

	/* its subordinate users */
	ASSERT_OK(actor_fork(&self->c, NULL));
	ASSERT_OK(actor_become(&self->c, UID));
	ASSERT_OK(actor_userns_root(&self->c, 600000, 0));
	ASSERT_OK(actor_open(&self->c));
	EXPECT_OK(ask(&self->a, 600000, UID, &set, &machine, &accounts));
	EXPECT_EQ(2, accounts);
	EXPECT_ERR(EPERM,
		   ask(&self->a, 600000, 600000, &set, &machine, &accounts));
	EXPECT_ERR(EPERM,
		   ask(&self->b, 600000, UID, &set, &machine, &accounts));

	/* root there is nobody here: it sees itself, as 0 */
	EXPECT_ERR(EINVAL, ask(&self->c, UID, UID, &set, &machine, &accounts));
	EXPECT_ERR(EPERM, set);
	EXPECT_ERR(ENOENT, machine);
	EXPECT_EQ(1, accounts);

	/* root here, without and with the capability */
	ASSERT_OK(actor_run(&self->c, act_ping, 0));
	actor_stop(&self->c);
	ASSERT_OK(actor_start(&self->c));
	EXPECT_OK(ask(&self->c, UID, UID, &set, &machine, &all));
	EXPECT_OK(set);
	EXPECT_OK(machine);
	EXPECT_EQ(3, all);
	ASSERT_OK(actor_capset(&self->c, caps_all() & ~admin, caps_all()));
	EXPECT_ERR(EPERM, ask(&self->c, UID, UID, &set, &machine, &accounts));
	EXPECT_ERR(EPERM, set);
	EXPECT_ERR(ENOENT, machine);
	EXPECT_EQ(1, accounts);
	/* also in a network namespace of its own: accounts belong to none */
	ASSERT_OK(actor_capset(&self->c, caps_all(), caps_all()));
	ASSERT_OK(actor_run(&self->c, act_unshare, CLONE_NEWNET));
	EXPECT_OK(ask(&self->c, UID, UID, &set, &machine, &accounts));
	EXPECT_OK(set);
	EXPECT_EQ(3, accounts);
}

/*
 * Whom it could have as a subordinate, but has not: what limits are set for that one is
 * not for it to know.
 */
TEST_F(limit, subordinates_that_are_none)
{
	int set, machine, accounts;

	ASSERT_OK(start_as(&self->a, UID));
	ASSERT_OK(user_set(&self->nl, UID + 1, CAPIPC_LIMIT_A_FILES, 77));
	EXPECT_ERR(ENOENT,
		   ask(&self->a, UID + 1, UID, &set, &machine, &accounts));
	EXPECT_ERR(ENOENT, ask(&self->a, 0, UID, &set, &machine, &accounts));
	/* not even if it is there as another one's, or as nobody's */
	ASSERT_OK(start_as(&self->b, UID + 1));
	EXPECT_ERR(ENOENT,
		   ask(&self->a, UID + 1, UID, &set, &machine, &accounts));
	/* itself, or by who sees all, it can be asked about */
	EXPECT_OK(ask(&self->a, UID, 0, &set, &machine, &accounts));
	EXPECT_OK(ask(&self->b, UID + 1, UID, &set, &machine, &accounts));
	ASSERT_OK(actor_start(&self->c));
	EXPECT_OK(ask(&self->c, UID + 1, UID, &set, &machine, &accounts));
	EXPECT_OK(user_reset(&self->nl, UID + 1));
}

/* ----------------------------------------------------------- bad requests */

static int set_raw(struct nl *nl, const void *uid, int uid_len, int nest,
		   int type, const void *value, int value_len)
{
	struct nl_request r;
	struct nlattr *a;
	int ret;

	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_SET_USER, NLM_F_ACK);
	if (uid)
		nl_put(&r, CAPIPC_USER_A_UID, uid, uid_len);
	if (nest) {
		a = (void *)((char *)&r + r.head.nlmsg_len);
		nl_put(&r, nest, NULL, 0);
		if (value)
			nl_put(&r, type, value, value_len);
		a->nla_len = (char *)&r + r.head.nlmsg_len - (char *)a;
	}
	ret = nl_ask(nl, &r, NULL, NULL, NULL);
	return ret > 0 ? 0 : ret;
}

/* Files and handles. */
static int set_two(struct nl *nl, __u64 files, __u64 handles)
{
	__u32 uid = UID;
	struct nl_request r;
	struct nlattr *a;
	int ret;

	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_SET_USER, NLM_F_ACK);
	nl_put(&r, CAPIPC_USER_A_UID, &uid, sizeof(uid));
	a = (void *)((char *)&r + r.head.nlmsg_len);
	nl_put(&r, CAPIPC_USER_A_LIMITS | NLA_F_NESTED, NULL, 0);
	nl_put(&r, CAPIPC_LIMIT_A_FILES, &files, sizeof(files));
	nl_put(&r, CAPIPC_LIMIT_A_HANDLES, &handles, sizeof(handles));
	a->nla_len = (char *)&r + r.head.nlmsg_len - (char *)a;
	ret = nl_ask(nl, &r, NULL, NULL, NULL);
	return ret > 0 ? 0 : ret;
}

TEST_F(limit, bad_requests)
{
	const int nest = CAPIPC_USER_A_LIMITS | NLA_F_NESTED;
	__u32 uid = UID, nobody = ~0U, half = 1;
	struct nl *nl = &self->nl;
	struct nl_request r;
	struct holding h;
	__u64 value = 1;

/* Refused, and told why. */
#define BAD(want, expr)                      \
	do {                                 \
		EXPECT_ERR(want, expr);      \
		EXPECT_STRNE("", nl->error); \
	} while (0)

	BAD(EINVAL,
	    set_raw(nl, NULL, 0, nest, CAPIPC_LIMIT_A_BYTES, &value, 8));
	BAD(EINVAL, set_raw(nl, &uid, 4, 0, 0, NULL, 0));
	BAD(EINVAL, set_raw(nl, &uid, 4, nest, 0, NULL, 0));
	BAD(EINVAL,
	    set_raw(nl, &nobody, 4, nest, CAPIPC_LIMIT_A_BYTES, &value, 8));
	BAD(EINVAL, set_raw(nl, &uid, 4, nest, 77, &value, 8));
	BAD(EINVAL, set_raw(nl, &uid, 4, nest, CAPIPC_LIMIT_A_PAD, &value, 8));
	BAD(EINVAL, set_raw(nl, &uid, 4, nest, CAPIPC_LIMIT_A_BYTES, &half, 4));
	BAD(EINVAL,
	    set_raw(nl, &value, 8, nest, CAPIPC_LIMIT_A_BYTES, &value, 8));
	value = ~0ULL - 1;
	BAD(ERANGE,
	    set_raw(nl, &uid, 4, nest, CAPIPC_LIMIT_A_BYTES, &value, 8));
	value = 1000000001;
	BAD(ERANGE,
	    set_raw(nl, &uid, 4, nest, CAPIPC_LIMIT_A_EVENT_RATE, &value, 8));
	value = 1000000000;
	EXPECT_OK(set_raw(nl, &uid, 4, nest, CAPIPC_LIMIT_A_EVENT_RATE, &value,
			  8));
	/* without the flag it is no nest */
	BAD(EINVAL, set_raw(nl, &uid, 4, CAPIPC_USER_A_LIMITS,
			    CAPIPC_LIMIT_A_BYTES, &value, 8));

	/* of several limits all or none are set */
	BAD(ERANGE, set_two(nl, 5, ~0ULL - 1));
	ASSERT_OK(user_get(nl, UID, UID, &h));
	EXPECT_EQ(~0ULL, h.limit_set[CAPIPC_LIMIT_A_FILES]);
	EXPECT_OK(set_two(nl, 5, 6));
	ASSERT_OK(user_get(nl, UID, UID, &h));
	EXPECT_EQ(5, h.limit_set[CAPIPC_LIMIT_A_FILES]);
	EXPECT_EQ(6, h.limit_set[CAPIPC_LIMIT_A_HANDLES]);

	/* reading: which one; and no attributes in dumps */
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_USER, NLM_F_ACK);
	BAD(EINVAL, nl_ask(nl, &r, NULL, NULL, NULL));
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_USER, NLM_F_ACK);
	nl_put(&r, CAPIPC_USER_A_UID, &uid, sizeof(uid));
	nl_put(&r, CAPIPC_USER_A_OWNER, &nobody, sizeof(nobody));
	BAD(EINVAL, nl_ask(nl, &r, NULL, NULL, NULL));
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_USER, NLM_F_DUMP);
	nl_put(&r, CAPIPC_USER_A_UID, &uid, sizeof(uid));
	BAD(EINVAL, nl_ask(nl, &r, NULL, NULL, NULL));
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_ACCOUNT, NLM_F_DUMP);
	nl_put(&r, CAPIPC_ACCOUNT_A_UID, &uid, sizeof(uid));
	BAD(EINVAL, nl_ask(nl, &r, NULL, NULL, NULL));
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_ACCOUNT, NLM_F_ACK);
	EXPECT_ERR(EOPNOTSUPP, nl_ask(nl, &r, NULL, NULL, NULL));
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_SET_USER, NLM_F_DUMP);
	EXPECT_ERR(EOPNOTSUPP, nl_ask(nl, &r, NULL, NULL, NULL));
}

/* ------------------------------------------------------------------ dumps */

static long act_open_many(struct actor_page *page, long count)
{
	(void)page;
	while (count--)
		if (ipc_open() < 0)
			return -EPROTO;
	return 0;
}

struct order {
	__u64 last;
	int count, wrong;
};

static void see_account(struct nlmsghdr *h, void *arg)
{
	struct order *order = arg;
	__u64 id = nl_number(nl_attr(h, CAPIPC_ACCOUNT_A_CONTEXT));

	if (nl_number(nl_attr(h, CAPIPC_ACCOUNT_A_UID)) != UID)
		return;
	order->wrong += id <= order->last;
	order->last = id;
	order->count++;
}

/* More than a message holds, each once. */
TEST_F(limit, long_dump)
{
	struct order order = { 0 };
	struct holding h;
	struct nl_request r;

	ASSERT_OK(start_as(&self->a, UID));
	ASSERT_OK(start_as(&self->b, UID + 1));
	ASSERT_OK(actor_run(&self->a, act_open_many, 199));
	nl_prepare(&self->nl, &r, self->nl.family, CAPIPC_CMD_GET_ACCOUNT,
		   NLM_F_DUMP);
	EXPECT_EQ(201, nl_ask(&self->nl, &r, NULL, see_account, &order));
	EXPECT_EQ(200, order.count);
	EXPECT_EQ(0, order.wrong);
	/* the machine, root, and these two */
	EXPECT_EQ(4, nl_count(&self->nl, CAPIPC_CMD_GET_USER));
	ASSERT_OK(user_get(&self->nl, UID, UID, &h));
	EXPECT_EQ(200, h.contexts);
}

/* ------------------------------------------------------------------ files */

enum {
	FILES = 12,
	CONTEXTS = 3,
	OWN_FILES = 8 /* of a context, whatever its siblings have */
};

/* page->name: a listener; sends it files over a new context, and closes it: how many */
static long act_leave_files(struct actor_page *page, long unused)
{
	struct capipc_attachment file = { .kind = CAPIPC_KIND_FILE };
	int fd = ipc_open(), n = 0, ret;
	__u32 end;

	(void)unused;
	if (fd < 0)
		return fd;
	ret = ipc_connect(fd, page->name, &end);
	if (ret)
		return ret;
	while (!(ret = ipc_send_full(fd, end, 1, NULL, 0, &file, 1)))
		n++;
	close(fd);
	return ret == -ETOOMANYREFS ? n : ret;
}

/*
 * What each context has for sure is bounded by how many there may be, also if they go
 * and leave their files where nobody receives them.
 */
TEST_F(limit, files_left_behind)
{
	const int most = FILES + CONTEXTS * OWN_FILES;
	struct holding h;
	__u32 listener;
	int total = 0, n, i;

	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_FILES, FILES));
	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_CONTEXTS, CONTEXTS));
	ASSERT_OK(actor_start(&self->c));
	ASSERT_OK(actor_listen(&self->c, fresh_name(), NULL, &listener));
	ASSERT_OK(fork_as(&self->a, UID));
	strcpy(self->a.page->name, self->c.page->name);
	for (i = 0; i < 10; i++) {
		n = actor_run(&self->a, act_leave_files, 0);
		ASSERT_LE(0, n);
		total += n;
		/* the first one has all there is, the next ones what is theirs */
		if (i <= CONTEXTS)
			EXPECT_EQ(i ? OWN_FILES : FILES, n);
	}
	EXPECT_EQ(most, total);
	ASSERT_OK(user_get(&self->nl, UID, UID, &h));
	EXPECT_EQ(most, h.files);
	/* another user has nothing to do with it */
	ASSERT_OK(fork_as(&self->b, UID + 1));
	ASSERT_OK(user_set(&self->nl, UID + 1, CAPIPC_LIMIT_A_FILES, FILES));
	strcpy(self->b.page->name, self->c.page->name);
	EXPECT_EQ(FILES, actor_run(&self->b, act_leave_files, 0));
	EXPECT_OK(user_reset(&self->nl, UID + 1));

	/* until they are closed where they wait */
	ASSERT_OK(actor_close(&self->c, listener));
	ASSERT_OK(actor_listen(&self->c, fresh_name(), NULL, &listener));
	strcpy(self->a.page->name, self->c.page->name);
	EXPECT_EQ(FILES, actor_run(&self->a, act_leave_files, 0));
}

/* --------------------------------------------------------------- fusing */

/*
 * number[0], number[1]: ends of two pipes of ours; number[2]: a third one to be filled.
 * With nothing left these cannot be fused, and nothing else happens.
 */
static long act_fuse_without_bytes(struct actor_page *page, long unused)
{
	__u32 h[2] = { page->number[2] };
	int ret;

	(void)unused;
	/* one window full after the other, until not the smallest message fits */
	do {
		do {
			ret = ipc_trysend(page->fd, h[0], 1, NULL, 0);
		} while (!ret);
		if (ret == -EAGAIN)
			ret = ipc_create(page->fd, h);
	} while (!ret);
	if (ret != -EDQUOT)
		return ret;
	return ipc_fuse(page->fd, page->number[0], page->number[1]);
}

TEST_F(limit, fusing_is_charged)
{
	struct capipc_fuse f = { .size = sizeof(f) };
	struct holding before, after;
	struct capipc_receive r;
	__u32 a[2], b[2], c[2];

	ASSERT_OK(start_as(&self->a, UID));
	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_BYTES_PER_CONTEXT,
			   1 << 20));
	ASSERT_OK(actor_create(&self->a, a));
	ASSERT_OK(actor_create(&self->a, b));
	ASSERT_OK(actor_create(&self->a, c));
	ASSERT_OK(actor_send(&self->a, a[1], 7));
	self->a.page->number[0] = a[0];
	self->a.page->number[1] = b[0];
	self->a.page->number[2] = c[0];
	EXPECT_ERR(EDQUOT, in_actor(&self->a, act_fuse_without_bytes, 0));
	/* nothing has changed */
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, actor_idle(&self->a, a[0]));
	EXPECT_EQ(0, actor_idle(&self->a, b[1]));
	EXPECT_OK(actor_send(&self->a, a[1], 7));

	/* with room again it is charged, until the pipe is gone */
	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_BYTES_PER_CONTEXT,
			   CAPIPC_LIMIT_DEFAULT));
	ASSERT_OK(account_get(&self->nl, &self->a, &before));
	f.handle[0] = a[0];
	f.handle[1] = b[0];
	ASSERT_OK(ACTOR_IOCTL(&self->a, FUSE, &f));
	ASSERT_OK(account_get(&self->nl, &self->a, &after));
	EXPECT_LT(before.amount[BYTES].used, after.amount[BYTES].used);
	EXPECT_EQ(before.amount[HANDLES].used - 2, after.amount[HANDLES].used);
	ASSERT_OK(actor_receive_nowait(&self->a, b[1], &r));
	ASSERT_OK(actor_close(&self->a, a[1]));
	ASSERT_OK(actor_close(&self->a, b[1]));
	ASSERT_OK(account_get(&self->nl, &self->a, &after));
	EXPECT_GT(before.amount[BYTES].used, after.amount[BYTES].used);
}

/* The numbers of a user are those of its contexts. */
TEST_F(limit, sums)
{
	struct holding user, one, other;
	__u32 end[2];
	int i;

	ASSERT_OK(start_as(&self->a, UID));
	ASSERT_OK(start_as(&self->b, UID));
	ASSERT_OK(do_the_minimum(&self->a, end));
	ASSERT_OK(actor_create(&self->b, end));
	ASSERT_OK(account_get(&self->nl, &self->a, &one));
	ASSERT_OK(account_get(&self->nl, &self->b, &other));
	ASSERT_OK(user_get(&self->nl, UID, UID, &user));
	for (i = 0; i < RESOURCES; i++) {
		EXPECT_EQ(user.amount[i].used,
			  one.amount[i].used + other.amount[i].used);
		EXPECT_LE(one.amount[i].grant + other.amount[i].grant,
			  user.amount[i].grant);
		EXPECT_LE(user.amount[i].grant, user.amount[i].limit);
		EXPECT_LE(one.amount[i].used, one.amount[i].grant);
		EXPECT_LE(other.amount[i].reserve, other.amount[i].grant);
	}
	EXPECT_LT(other.amount[BYTES].used, one.amount[BYTES].used);
	EXPECT_EQ(2, one.amount[HANDLES].used);
	EXPECT_EQ(64 << 20, one.amount[BYTES].limit);
	EXPECT_EQ(256 << 20, user.amount[BYTES].limit);
	EXPECT_EQ(0, one.files);
	EXPECT_EQ(0, user.dropped);
}

TEST_HARNESS_MAIN
