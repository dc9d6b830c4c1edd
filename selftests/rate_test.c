// SPDX-License-Identifier: GPL-2.0
/*
 * Rates: who connects, or causes events, again and again is stopped, nobody
 * else is, and what is not told is counted.
 *
 * The rates are one a second, so that next to nothing comes back while a case
 * runs, however slow the machine is; and how much that is, is measured.
 */
#include "capipc_test_account.h"

#define UID   7001
#define BURST 20

FIXTURE(rate)
{
	struct nl nl;
	struct actor server, a, b, c;
	char name[64];
	__u32 listener;
	int64_t since; /* the limits were set */
};

FIXTURE_SETUP(rate)
{
	const struct listen_options options = { .backlog = 1024 };

	ASSERT_OK(nl_open(&self->nl));
	ASSERT_OK(actor_start(&self->server));
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_listen(&self->server, self->name, &options,
			       &self->listener));
	/* a and b are contexts of one user, c is another user */
	ASSERT_OK(start_as(&self->a, UID));
	ASSERT_OK(start_as(&self->b, UID));
	ASSERT_OK(start_as(&self->c, UID + 1));
}

FIXTURE_TEARDOWN(rate)
{
	actor_stop(&self->server);
	actor_stop(&self->a);
	actor_stop(&self->b);
	actor_stop(&self->c);
	EXPECT_OK(parameters_restore());
	EXPECT_OK(user_reset(&self->nl, UID));
	EXPECT_OK(user_reset(&self->nl, UID + 1));
	EXPECT_OK(user_reset(&self->nl, 0));
	nl_close(&self->nl);
}

static int set_rate(FIXTURE_DATA(rate) * self, uid_t uid, int rate, __u64 value,
		    int burst, __u64 size)
{
	int ret = user_set(&self->nl, uid, rate, value);

	self->since = ipc_now();
	return ret ? ret : user_set(&self->nl, uid, burst, size);
}

static int set_connects(FIXTURE_DATA(rate) * self, uid_t uid, __u64 rate,
			__u64 burst)
{
	return set_rate(self, uid, CAPIPC_LIMIT_A_CONNECT_RATE, rate,
			CAPIPC_LIMIT_A_CONNECT_BURST, burst);
}

static int set_events(FIXTURE_DATA(rate) * self, uid_t uid, __u64 rate,
		      __u64 burst)
{
	return set_rate(self, uid, CAPIPC_LIMIT_A_EVENT_RATE, rate,
			CAPIPC_LIMIT_A_EVENT_BURST, burst);
}

/* Tokens that may have come back since then, at one a second. */
static int seconds(FIXTURE_DATA(rate) * self)
{
	return (ipc_now() - self->since) / 1000000000 + 1;
}

static long act_connect_all(struct actor_page *page, long times)
{
	__u32 end;
	int n, ret = 0;

	for (n = 0; n < times && !ret; n++) {
		ret = ipc_connect(page->fd, page->name, &end);
		if (!ret)
			ret = ipc_close(page->fd, end);
	}
	page->number[0] = (__u64)-ret;
	return ret ? n - 1 : n;
}

/* Connect and close, up to so many times: how many, and the error if less. */
static int connect_all(FIXTURE_DATA(rate) * self, struct actor *a, int times,
		       int *error)
{
	int n;

	strcpy(a->page->name, self->name);
	n = in_actor(a, act_connect_all, times);
	*error = -(int)a->page->number[0];
	return n;
}

/* By another user, who always can. */
static int connect_once(FIXTURE_DATA(rate) * self)
{
	int error;

	return connect_all(self, &self->c, 1, &error);
}

/* ------------------------------------------------------------ connections */

TEST_F(rate, connections)
{
	struct capipc_inspect i;
	int of_a, of_b, of_c, error;

	ASSERT_OK(set_connects(self, UID, 1, BURST));
	of_a = connect_all(self, &self->a, 100, &error);
	EXPECT_EQ(-EDQUOT, error);
	EXPECT_LE(BURST / 2, of_a);
	EXPECT_GE(BURST / 2 + seconds(self), of_a);
	/* the other half is for its siblings */
	of_b = connect_all(self, &self->b, 100, &error);
	EXPECT_EQ(-EDQUOT, error);
	EXPECT_LE(BURST / 2, of_b + seconds(self));
	EXPECT_GE(BURST / 2 + seconds(self), of_b);
	EXPECT_LE(BURST, of_a + of_b);
	/* that was all, whichever of its contexts it is */
	ASSERT_OK(actor_open(&self->b));
	EXPECT_GE(seconds(self), connect_all(self, &self->b, 100, &error));
	EXPECT_EQ(-EDQUOT, error);
	/* others have nothing to do with it */
	of_c = connect_all(self, &self->c, 100, &error);
	EXPECT_EQ(100, of_c);

	/* nothing of what was refused has come to the server */
	ASSERT_OK(actor_inspect(&self->server, self->listener, &i));
	EXPECT_LE(of_a + of_b + of_c, i.queued);
	EXPECT_GE(of_a + of_b + of_c + seconds(self), i.queued);
}

/* It comes back, at the rate. */
TEST_F(rate, connections_come_back)
{
	int64_t begun, took;
	int error, n = 0;

	/* of its context: 100 in a second */
	ASSERT_OK(set_connects(self, UID, 200, BURST));
	while (connect_all(self, &self->a, 1000, &error) > BURST / 2)
		;
	begun = ipc_now();
	do {
		n += connect_all(self, &self->a, 1, &error);
		EXPECT_TRUE(!error || error == -EDQUOT);
	} while (n < 50);
	took = ipc_now() - begun;
	EXPECT_LT((50 - BURST / 2 - 1) * 10000000LL, took);
	/* a change of limits fills the bucket */
	ASSERT_OK(set_connects(self, UID, 1, BURST));
	EXPECT_LE(BURST / 2, connect_all(self, &self->a, 100, &error));
}

/* page->name: connects so many times in a new context, again and again: how many */
static long act_come_back(struct actor_page *page, long times)
{
	int fd, n = 0, i;
	__u32 end;

	for (i = 0; i < times; i++) {
		fd = ipc_open();
		if (fd < 0)
			return fd;
		while (!ipc_connect(fd, page->name, &end))
			n++;
		close(fd);
	}
	return n;
}

static long act_accept_all(struct actor_page *page, long listener)
{
	__u32 end;
	int n = 0;

	while (!ipc_accept(page->fd, (__u32)listener, &end)) {
		ipc_close(page->fd, end);
		n++;
		if (!ipc_queued(page->fd, (__u32)listener))
			break;
	}
	return n;
}

/* It does not help to have nothing open in between. */
TEST_F(rate, connections_by_who_comes_back)
{
	int n, i;

	actor_stop(&self->a);
	actor_stop(&self->b);
	ASSERT_OK(set_connects(self, UID, 1, BURST));
	ASSERT_OK(fork_as(&self->a, UID));
	strcpy(self->a.page->name, self->name);
	n = actor_run(&self->a, act_come_back, 10);
	for (i = 0; i < 3; i++) {
		/* nobody remembers who that was */
		EXPECT_LT(0, in_actor(&self->server, act_accept_all,
				      self->listener));
		n += actor_run(&self->a, act_come_back, 1);
		if (n > 2 * BURST)
			break;
		/* there is something to accept */
		ASSERT_EQ(1, connect_once(self));
	}
	EXPECT_LE(BURST, n);
	EXPECT_GE(BURST + seconds(self), n);
}

/* What does not reach a listener is free, what its rules refuse is not. */
TEST_F(rate, connections_that_count)
{
	const struct listen_options nobody = {
		.rules = self->server.page->rules
	};
	__u32 end, listener;
	const char *closed = fresh_name();
	int i;

	ASSERT_OK(actor_listen(&self->server, closed, &nobody, &listener));
	ASSERT_OK(set_connects(self, UID, 1, BURST));
	for (i = 0; i < BURST; i++)
		ASSERT_ERR(ENOENT,
			   actor_connect(&self->a, "no/such/name", &end));
	for (i = 0; i < BURST / 2; i++)
		ASSERT_ERR(EACCES, actor_connect(&self->a, closed, &end));
	for (i = 0; i < 5; i++)
		if (actor_connect(&self->a, closed, &end) == -EDQUOT)
			break;
	EXPECT_GT(5, i);
	/* none at all */
	ASSERT_OK(set_connects(self, UID, 0, BURST));
	EXPECT_ERR(EDQUOT, actor_connect(&self->a, self->name, &end));
	ASSERT_OK(set_connects(self, UID, 1000, 0));
	EXPECT_ERR(EDQUOT, actor_connect(&self->a, self->name, &end));
}

/* The owner of a namespace has no more by its many ids. */
TEST_F(rate, connections_of_subordinates)
{
	int error, n = 0, i;

	ASSERT_OK(set_connects(self, UID, 1, BURST));
	actor_stop(&self->b);
	ASSERT_OK(fork_as(&self->b, UID));
	ASSERT_OK(actor_userns_root(&self->b, 700000, 0));
	self->since = ipc_now();
	for (i = 1; i < 6; i++) {
		ASSERT_OK(actor_setresuid(&self->b, i, 0, 0));
		ASSERT_OK(actor_open(&self->b));
		n += connect_all(self, &self->b, 100, &error);
	}
	EXPECT_EQ(-EDQUOT, error);
	EXPECT_LE(BURST, n);
	EXPECT_GE(BURST + seconds(self), n);
	EXPECT_GE(seconds(self), connect_all(self, &self->a, 100, &error));
	EXPECT_EQ(100, connect_all(self, &self->c, 100, &error));
}

/* Who could change the limit is not held up by it. */
TEST_F(rate, connections_of_the_privileged)
{
	__u64 resource = 1ULL << CAP_SYS_RESOURCE;
	__u32 end;

	actor_stop(&self->a);
	ASSERT_OK(actor_start(&self->a));
	ASSERT_OK(set_connects(self, 0, 0, 0));
	EXPECT_OK(actor_connect(&self->a, self->name, &end));
	ASSERT_OK(actor_capset(&self->a, caps_all() & ~resource, caps_all()));
	EXPECT_ERR(EDQUOT, actor_connect(&self->a, self->name, &end));
	/* root of a namespace has no such privilege here */
	ASSERT_OK(actor_capset(&self->a, caps_all(), caps_all()));
	ASSERT_OK(actor_run(&self->a, act_unshare, CLONE_NEWUSER));
	EXPECT_ERR(EDQUOT, actor_connect(&self->a, self->name, &end));
}

/* ------------------------------------------------------------------ events */

struct told {
	int deny, connect, quota, bad; /* events by the actor */
	__u64 dropped, dropped_of_user; /* in the last one */
};

/* Everything that has been told by now; the events by @a are counted. */
static void read_events(FIXTURE_DATA(rate) * self, struct actor *a,
			struct told *told)
{
	struct nlmsghdr *h;
	struct nlattr *actor;

	memset(told, 0, sizeof(*told));
	while ((h = nl_receive(&self->nl, 100))) {
		actor = nl_attr(h, CAPIPC_EVENT_A_ACTOR);
		if (nl_number(nl_inside(actor, CAPIPC_ACTOR_A_PID)) !=
		    (__u64)a->pid)
			continue;
		switch (nl_number(nl_attr(h, CAPIPC_EVENT_A_TYPE))) {
		case CAPIPC_EVENT_DENY:
			told->deny++;
			break;
		case CAPIPC_EVENT_CONNECT:
			told->connect++;
			break;
		case CAPIPC_EVENT_QUOTA:
			told->quota++;
			break;
		case CAPIPC_EVENT_BAD_MESSAGE:
			told->bad++;
			break;
		}
		told->dropped = nl_number(nl_attr(h, CAPIPC_EVENT_A_DROPPED));
		told->dropped_of_user =
			nl_number(nl_attr(h, CAPIPC_EVENT_A_DROPPED_OF_USER));
	}
}

/* An endpoint over which nobody may send anything. */
static int closed_pipe(struct actor *a, __u32 *end)
{
	__u32 h[2];
	int ret = actor_create(a, h);

	*end = h[0];
	return ret ? ret : actor_restrict(a, h[1], NULL, 0);
}

static long act_be_denied(struct actor_page *page, long times)
{
	int ret = -EACCES;

	while (times-- && ret == -EACCES)
		ret = ipc_trysend(page->fd, page->number[0], 1, "", 0);
	return ret;
}

static int be_denied(struct actor *a, __u32 end, int times)
{
	a->page->number[0] = end;
	return in_actor(a, act_be_denied, times);
}

TEST_F(rate, events)
{
	struct told told;
	struct holding h;
	__u64 dropped, before;
	__u32 of_a, of_b, of_c, end;

	ASSERT_OK(closed_pipe(&self->a, &of_a));
	ASSERT_OK(closed_pipe(&self->b, &of_b));
	ASSERT_OK(closed_pipe(&self->c, &of_c));
	ASSERT_OK(nl_join(&self->nl));
	ASSERT_ERR(EACCES, be_denied(&self->c, of_c, 1));
	read_events(self, &self->c, &told);
	EXPECT_EQ(1, told.deny);
	EXPECT_EQ(~0ULL, told.dropped_of_user);
	before = told.dropped == ~0ULL ? 0 : told.dropped;

	ASSERT_OK(set_events(self, UID, 1, BURST));
	ASSERT_ERR(EACCES, be_denied(&self->a, of_a, 200));
	read_events(self, &self->a, &told);
	EXPECT_LE(BURST / 2, told.deny);
	EXPECT_GE(BURST / 2 + seconds(self), told.deny);
	dropped = 200 - told.deny;

	/* events of another type have a bucket of their own, and tell */
	ASSERT_OK(actor_connect(&self->a, self->name, &end));
	read_events(self, &self->a, &told);
	EXPECT_EQ(1, told.connect);
	EXPECT_EQ(dropped, told.dropped_of_user);
	EXPECT_EQ(before + dropped, told.dropped);

	/* those of a sibling are told, and what else its user did */
	ASSERT_ERR(EACCES, be_denied(&self->b, of_b, 3));
	read_events(self, &self->b, &told);
	EXPECT_EQ(3, told.deny);
	EXPECT_EQ(dropped, told.dropped_of_user);

	/* and those of others, who have dropped nothing */
	ASSERT_ERR(EACCES, be_denied(&self->c, of_c, 100));
	read_events(self, &self->c, &told);
	EXPECT_EQ(100, told.deny);
	EXPECT_EQ(~0ULL, told.dropped_of_user);
	EXPECT_EQ(before + dropped, told.dropped);

	/* two siblings together have what the user has */
	ASSERT_ERR(EACCES, be_denied(&self->b, of_b, 100));
	read_events(self, &self->b, &told);
	EXPECT_GE(BURST / 2 - 3 + seconds(self), told.deny);
	ASSERT_OK(user_get(&self->nl, UID, UID, &h));
	EXPECT_EQ(dropped + 100 - told.deny, h.dropped);
}

/* Refusals are events as well. */
TEST_F(rate, events_of_refusals)
{
	struct told told;
	int error, i;

	ASSERT_OK(user_set(&self->nl, UID, CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT,
			   0));
	ASSERT_OK(set_events(self, UID, 1, BURST));
	ASSERT_OK(nl_join(&self->nl));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, count_pipes(&self->a, &error));
	read_events(self, &self->a, &told);
	EXPECT_LE(BURST / 2, told.quota);
	EXPECT_GE(BURST / 2 + seconds(self), told.quota);
}

/* Nobody can take away the count by causing an event that is told elsewhere. */
TEST_F(rate, dropped_here_is_told_here)
{
	struct actor *elsewhere = &self->b;
	struct told told;
	__u64 before;
	__u32 end, of_c;

	ASSERT_OK(closed_pipe(&self->c, &of_c));
	ASSERT_OK(nl_join(&self->nl));
	ASSERT_ERR(EACCES, be_denied(&self->c, of_c, 1));
	read_events(self, &self->c, &told);
	before = told.dropped == ~0ULL ? 0 : told.dropped;

	/* the same user, in a network namespace where it is root */
	ASSERT_OK(actor_run(elsewhere, act_unshare,
			    CLONE_NEWUSER | CLONE_NEWNET));
	ASSERT_OK(actor_open(elsewhere));
	ASSERT_OK(set_events(self, UID, 1, 2));
	ASSERT_OK(closed_pipe(&self->a, &end));
	ASSERT_ERR(EACCES, be_denied(&self->a, end, 50));
	ASSERT_OK(closed_pipe(elsewhere, &end));
	ASSERT_ERR(EACCES, be_denied(elsewhere, end, 50));
	/* and then there is nothing left of it */
	actor_stop(&self->a);
	actor_stop(elsewhere);
	ASSERT_ERR(EACCES, be_denied(&self->c, of_c, 1));
	read_events(self, &self->c, &told);
	EXPECT_EQ(1, told.deny);
	EXPECT_EQ(~0ULL, told.dropped_of_user);
	EXPECT_LE(before + 50 - 1 - seconds(self), told.dropped);
	EXPECT_GE(before + 50 - 1, told.dropped);
}

/* A flood of bad messages is that of who sends them, not of who reports them. */
TEST_F(rate, events_about_others)
{
	struct capipc_receive r;
	struct told of_a, of_c;
	__u32 end, server_end, verdict;
	struct actor *client;
	int i;

	ASSERT_OK(set_events(self, UID, 1, 4));
	ASSERT_OK(nl_join(&self->nl));
	for (i = 0; i < 30; i++) {
		client = i < 20 ? &self->a : &self->c;
		ASSERT_OK(actor_link(client, &self->server, self->name,
				     self->listener, &end, &server_end));
		ASSERT_OK(actor_send(client, end, 1));
		ASSERT_OK(actor_receive_nowait(&self->server, server_end, &r));
		ASSERT_OK(actor_report(&self->server, server_end, r.stamp.id, 0,
				       &verdict));
		if (i == 19)
			read_events(self, &self->a, &of_a);
	}
	read_events(self, &self->c, &of_c);
	EXPECT_GE(2 + seconds(self), of_a.connect);
	EXPECT_LE(4, of_a.bad);
	EXPECT_GE(4 + seconds(self), of_a.bad);
	EXPECT_EQ(10, of_c.connect);
	EXPECT_EQ(10, of_c.bad);
	EXPECT_EQ(~0ULL, of_c.dropped_of_user);
	EXPECT_LE(40 - 3 * seconds(self), of_c.dropped);
}

/* @from sends @to an endpoint that nobody may receive. */
static int send_confined(struct actor *from, __u32 end, struct actor *to,
			 __u32 to_end)
{
	struct capipc_confine c = { .size = sizeof(c),
				    .rule_size = sizeof(struct capipc_rule) };
	struct capipc_receive r;
	__u32 h[2];
	int ret = actor_create(from, h);

	c.handle = h[0];
	if (!ret)
		ret = ACTOR_IOCTL(from, CONFINE, &c);
	if (!ret)
		ret = actor_send_handle(from, end, h[0]);
	if (!ret)
		ret = actor_receive_nowait(to, to_end, &r);
	if (!ret)
		ret = actor_close(from, h[1]);
	return ret;
}

/*
 * What may not be received is refused where it arrives, but it is who sent it who has
 * caused that: nobody can spend what a receiver has for its own.
 */
TEST_F(rate, events_about_what_others_sent)
{
	struct told told;
	struct holding h;
	__u32 end[2], theirs[2], p[2], of_c;
	int i;

	ASSERT_OK(actor_link(&self->a, &self->server, self->name,
			     self->listener, &end[0], &theirs[0]));
	ASSERT_OK(actor_link(&self->c, &self->server, self->name,
			     self->listener, &end[1], &theirs[1]));
	ASSERT_OK(actor_create(&self->server, p));
	p[0] = actor_move(&self->server, theirs[0], p[0], &self->a, end[0]);
	p[1] = actor_move(&self->server, theirs[1], p[1], &self->c, end[1]);
	ASSERT_NE(0, p[0]);
	ASSERT_NE(0, p[1]);
	ASSERT_OK(closed_pipe(&self->c, &of_c));
	ASSERT_OK(set_events(self, UID + 1, 1, BURST));
	ASSERT_OK(set_events(self, UID, 1, 4));
	ASSERT_OK(nl_join(&self->nl));

	for (i = 0; i < 3 * BURST; i++)
		ASSERT_OK(send_confined(&self->a, p[0], &self->c, p[1]));
	/* who received it is who was refused, but the tokens are the sender's */
	read_events(self, &self->c, &told);
	EXPECT_LE(4, told.deny);
	EXPECT_GE(4 + seconds(self), told.deny);
	ASSERT_OK(user_get(&self->nl, UID, UID, &h));
	EXPECT_EQ(3 * BURST - told.deny, h.dropped);
	ASSERT_OK(user_get(&self->nl, UID + 1, UID + 1, &h));
	EXPECT_EQ(0, h.dropped);

	/* what the receiver does itself is told, as often as ever */
	ASSERT_ERR(EACCES, be_denied(&self->c, of_c, BURST / 2));
	read_events(self, &self->c, &told);
	EXPECT_EQ(BURST / 2, told.deny);
	EXPECT_EQ(~0ULL, told.dropped_of_user);
}

TEST_HARNESS_MAIN
