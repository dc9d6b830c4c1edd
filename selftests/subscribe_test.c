// SPDX-License-Identifier: GPL-2.0
/*
 * Subscriptions: anyone is told of the events that are its own, of those that it
 * asked for, in its own terms; and of how many it was not told.
 */
#include "capipc_test_netlink.h"

#define WAIT_MS 10000
#define NONE_MS 200 /* nothing comes */

#define RATE  "/sys/module/capipc/parameters/max_events_per_second"
#define BURST "/sys/module/capipc/parameters/max_event_burst"

FIXTURE(subscribe)
{
	struct nl nl, second;
	struct actor server, client, other;
	char name[64];
	__u32 listener, end, server_end;
	char rate[32], burst[32];
};

FIXTURE_SETUP(subscribe)
{
	strcpy(self->name, fresh_name());
	self->nl.sock = -1;
	self->second.sock = -1;
	ASSERT_LT(0, get_text(self->rate, sizeof(self->rate), RATE));
	ASSERT_LT(0, get_text(self->burst, sizeof(self->burst), BURST));
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_fork(&self->client, NULL));
	ASSERT_OK(actor_fork(&self->other, NULL));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
	ASSERT_OK(nl_open(&self->nl));
}

FIXTURE_TEARDOWN(subscribe)
{
	put_text(RATE, self->rate);
	put_text(BURST, self->burst);
	actor_stop(&self->server);
	actor_stop(&self->client);
	actor_stop(&self->other);
	nl_close(&self->nl);
	nl_close(&self->second);
}

/* ------------------------------------------------------------- subscribing */

/* What to ask for; what is 0 is not named. */
struct want {
	__u32 types, uid, pid;
	__u64 object;
	const char *name;
};

static int nl_subscribe(struct nl *nl, const struct want *want)
{
	struct nl_request r;

	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_SUBSCRIBE, NLM_F_ACK);
	if (want && want->types)
		nl_put(&r, CAPIPC_SUBSCRIBE_A_TYPES, &want->types, 4);
	if (want && want->uid)
		nl_put(&r, CAPIPC_SUBSCRIBE_A_UID, &want->uid, 4);
	if (want && want->pid)
		nl_put(&r, CAPIPC_SUBSCRIBE_A_PID, &want->pid, 4);
	if (want && want->object)
		nl_put(&r, CAPIPC_SUBSCRIBE_A_OBJECT, &want->object, 8);
	if (want && want->name)
		nl_put(&r, CAPIPC_SUBSCRIBE_A_NAME, want->name,
		       strlen(want->name) + 1);
	return nl_ask(nl, &r, NULL, NULL, NULL);
}

static int nl_unsubscribe(struct nl *nl)
{
	struct nl_request r;

	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_UNSUBSCRIBE, NLM_F_ACK);
	return nl_ask(nl, &r, NULL, NULL, NULL);
}

static __u64 event_number(struct nlmsghdr *h, int type)
{
	return nl_number(nl_attr(h, type));
}

static __u64 party_number(struct nlmsghdr *h, int party, int type)
{
	return nl_number(nl_inside(nl_attr(h, party), type));
}

/* The next event, whatever it is; NULL if none comes. */
static struct nlmsghdr *next(struct nl *nl, int ms)
{
	struct nlmsghdr *h = nl_receive(nl, ms);
	struct genlmsghdr *g = h ? NLMSG_DATA(h) : NULL;

	return h && h->nlmsg_type == nl->family && g->cmd == CAPIPC_CMD_EVENT ?
		       h :
		       NULL;
}

/* The type of the next event, or -1. */
static int next_type(struct nl *nl, int ms)
{
	struct nlmsghdr *h = next(nl, ms);

	return h ? (int)event_number(h, CAPIPC_EVENT_A_TYPE) : -1;
}

/* ------------------------------------------------------------ in an actor */

static struct nl actor_nl;

static long act_subscribe(struct actor_page *page, long unused)
{
	int ret = nl_open(&actor_nl);

	return ret ? ret : nl_subscribe(&actor_nl, NULL);
}

/* The next event, in page->data: its length, or 0 if there is none. */
static long act_next(struct actor_page *page, long ms)
{
	struct nlmsghdr *h = next(&actor_nl, (int)ms);

	if (!h || h->nlmsg_len > sizeof(page->data))
		return 0;
	memcpy(page->data, h, h->nlmsg_len);
	return h->nlmsg_len;
}

static struct nlmsghdr *actor_next(struct actor *a, int ms)
{
	return actor_run(a, act_next, ms) > 0 ? (void *)a->page->data : NULL;
}

static bool has_path(struct nlmsghdr *h, int party)
{
	struct nlattr *program =
		nl_inside(nl_attr(h, party), CAPIPC_ACTOR_A_PROGRAM);

	return nl_inside(program, CAPIPC_PROGRAM_A_PATH);
}

/* ------------------------------------------------------------- who is told */

TEST_F(subscribe, root_is_told_of_all)
{
	const struct capipc_rule rule = { .ordinal_last = 1 };
	struct nlmsghdr *h;

	ASSERT_OK(actor_become(&self->client, 3201));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(nl_subscribe(&self->nl, NULL));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->end, &self->server_end));
	h = next(&self->nl, WAIT_MS);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, event_number(h, CAPIPC_EVENT_A_TYPE));
	EXPECT_EQ(self->client.pid,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(self->server.pid,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_PID));
	EXPECT_TRUE(has_path(h, CAPIPC_EVENT_A_ACTOR));
	EXPECT_TRUE(has_path(h, CAPIPC_EVENT_A_HOLDER));
	EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_MISSED));
	EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_DROPPED));
	EXPECT_EQ(CAPIPC_EVENT_ACCEPT, next_type(&self->nl, WAIT_MS));

	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	EXPECT_EQ(CAPIPC_EVENT_DENY, next_type(&self->nl, WAIT_MS));

	ASSERT_OK(nl_unsubscribe(&self->nl));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	EXPECT_ERR(ENOENT, nl_unsubscribe(&self->nl));
	EXPECT_STRNE("", self->nl.error);
	ASSERT_OK(nl_subscribe(&self->nl, NULL));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	EXPECT_EQ(CAPIPC_EVENT_DENY, next_type(&self->nl, WAIT_MS));
}

TEST_F(subscribe, a_user_is_told_of_its_own)
{
	const struct capipc_rule nobody = { .match = CAPIPC_MATCH_UID,
					    .uid = 3299 };
	const struct listen_options options = { .rules = &nobody,
						.rules_count = 1 };
	struct actor *watcher = &self->other;
	__u32 own_listener, end;
	struct nlmsghdr *h;
	char own[80];

	ASSERT_OK(actor_become(watcher, 3202));
	ASSERT_OK(actor_run(watcher, act_subscribe, 0));
	ASSERT_OK(actor_open(watcher));

	/* what others do among themselves is not its business */
	ASSERT_OK(actor_become(&self->client, 3203));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	EXPECT_FALSE(!!actor_next(watcher, NONE_MS));

	/* what it does is */
	ASSERT_OK(actor_connect(watcher, self->name, &end));
	h = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, event_number(h, CAPIPC_EVENT_A_TYPE));
	EXPECT_TRUE(has_path(h, CAPIPC_EVENT_A_ACTOR));
	/* of the other side: who, but not where its program is */
	EXPECT_EQ(self->server.pid,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(0,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_UID));
	EXPECT_FALSE(has_path(h, CAPIPC_EVENT_A_HOLDER));

	/* what is done to it is; also by who has not come in */
	snprintf(own, sizeof(own), "uid/3202/%s", self->name);
	ASSERT_OK(actor_listen(watcher, own, &options, &own_listener));
	ASSERT_ERR(EACCES, actor_connect(&self->client, own, &end));
	h = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(CAPIPC_EVENT_DENY, event_number(h, CAPIPC_EVENT_A_TYPE));
	EXPECT_EQ(self->client.pid,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(3203,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_UID));
	EXPECT_FALSE(has_path(h, CAPIPC_EVENT_A_ACTOR));
	EXPECT_TRUE(has_path(h, CAPIPC_EVENT_A_HOLDER));
	/* once, though both sides could be it */
	ASSERT_ERR(EACCES, actor_connect(watcher, own, &end));
	EXPECT_TRUE(!!actor_next(watcher, WAIT_MS));
	EXPECT_FALSE(!!actor_next(watcher, NONE_MS));
}

#define MAX_HANDLES "/sys/module/capipc/parameters/max_handles_per_context"

TEST_F(subscribe, quota_report_and_kill)
{
	struct actor *watcher = &self->other;
	char before[32], own[80];
	__u32 own_listener, verdict, h[2];
	struct capipc_receive r;
	struct nlmsghdr *m;
	int ret;

	ASSERT_OK(actor_become(watcher, 3204));
	ASSERT_OK(actor_run(watcher, act_subscribe, 0));
	ASSERT_OK(actor_open(watcher));
	snprintf(own, sizeof(own), "uid/3204/%s", self->name);
	ASSERT_OK(actor_listen(watcher, own, NULL, &own_listener));
	ASSERT_OK(actor_become(&self->client, 3204));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_link(&self->client, watcher, own, own_listener,
			     &self->end, &self->server_end));
	EXPECT_TRUE(!!actor_next(watcher, WAIT_MS));
	EXPECT_TRUE(!!actor_next(watcher, WAIT_MS));

	/* its account, whoever uses it by now */
	ASSERT_OK(actor_setresuid(&self->server, 3204, 0, 0));
	ASSERT_OK(actor_open(&self->server));
	ASSERT_OK(actor_setresuid(&self->server, 3205, 0, 0));
	ASSERT_LT(0, get_text(before, sizeof(before), MAX_HANDLES));
	ASSERT_OK(put_text(MAX_HANDLES, "1"));
	ret = actor_create(&self->server, h);
	EXPECT_OK(put_text(MAX_HANDLES, before));
	EXPECT_ERR(EDQUOT, ret);
	m = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!m);
	EXPECT_EQ(CAPIPC_EVENT_QUOTA, event_number(m, CAPIPC_EVENT_A_TYPE));
	EXPECT_EQ(3204, event_number(m, CAPIPC_EVENT_A_UID));

	/* what it reports, and what was killed for it */
	ASSERT_OK(actor_send(&self->client, self->end, 1));
	ASSERT_OK(actor_receive_nowait(watcher, self->server_end, &r));
	ASSERT_OK(actor_report(watcher, self->server_end, r.stamp.id,
			       CAPIPC_REPORT_KILL, &verdict));
	m = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!m);
	EXPECT_EQ(CAPIPC_EVENT_BAD_MESSAGE,
		  event_number(m, CAPIPC_EVENT_A_TYPE));
	m = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!m);
	EXPECT_EQ(CAPIPC_EVENT_KILL, event_number(m, CAPIPC_EVENT_A_TYPE));
}

/* Ids are in terms of who asked. */
TEST_F(subscribe, in_its_own_terms)
{
	struct actor *watcher = &self->other;
	struct nlmsghdr *h;
	__u32 end;

	actor_stop(watcher);
	ASSERT_OK(actor_fork_pidns(watcher, NULL));
	ASSERT_OK(actor_userns_root(watcher, 100000, 0));
	ASSERT_OK(actor_run(watcher, act_subscribe, 0));
	ASSERT_OK(actor_open(watcher));
	ASSERT_OK(actor_connect(watcher, self->name, &end));
	h = actor_next(watcher, WAIT_MS);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(1, party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(0, party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_UID));
	EXPECT_EQ(caps_all(), party_number(h, CAPIPC_EVENT_A_ACTOR,
					   CAPIPC_ACTOR_A_CAPABILITIES));
	EXPECT_EQ(0,
		  party_number(h, CAPIPC_EVENT_A_ACTOR, CAPIPC_ACTOR_A_FLAGS));
	EXPECT_EQ(0,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_PID));
	EXPECT_EQ(65534,
		  party_number(h, CAPIPC_EVENT_A_HOLDER, CAPIPC_ACTOR_A_UID));
	/* it is not more than one user here */
	ASSERT_OK(actor_become(&self->client, 3205));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	EXPECT_FALSE(!!actor_next(watcher, NONE_MS));
}

/* ----------------------------------------------------------------- filters */

TEST_F(subscribe, filters)
{
	const struct capipc_rule rule = { .ordinal_last = 1 };
	char name[64];
	__u32 listener, end;
	struct want want = { 0 };
	struct capipc_inspect i;

	ASSERT_OK(actor_become(&self->client, 3206));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_open(&self->other));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->end, &self->server_end));
	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_OK(actor_inspect(&self->client, self->end, &i));
	strcpy(name, fresh_name());
	ASSERT_OK(actor_listen(&self->server, name, NULL, &listener));

	/* types */
	want.types = 1U << CAPIPC_EVENT_DENY;
	ASSERT_OK(nl_subscribe(&self->nl, &want));
	ASSERT_OK(actor_connect(&self->client, name, &end));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	EXPECT_EQ(CAPIPC_EVENT_DENY, next_type(&self->nl, WAIT_MS));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	ASSERT_OK(nl_unsubscribe(&self->nl));

	/* who */
	want = (struct want){ .uid = 3206 };
	ASSERT_OK(nl_subscribe(&self->nl, &want));
	ASSERT_OK(actor_connect(&self->other, name, &end));
	ASSERT_OK(actor_connect(&self->client, name, &end));
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, next_type(&self->nl, WAIT_MS));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	ASSERT_OK(nl_unsubscribe(&self->nl));
	want = (struct want){ .pid = self->other.pid };
	ASSERT_OK(nl_subscribe(&self->nl, &want));
	ASSERT_OK(actor_connect(&self->client, name, &end));
	ASSERT_OK(actor_connect(&self->other, name, &end));
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, next_type(&self->nl, WAIT_MS));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	ASSERT_OK(nl_unsubscribe(&self->nl));

	/* what about */
	want = (struct want){ .name = name };
	ASSERT_OK(nl_subscribe(&self->nl, &want));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	ASSERT_OK(actor_connect(&self->client, name, &end));
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, next_type(&self->nl, WAIT_MS));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	ASSERT_OK(nl_unsubscribe(&self->nl));
	want = (struct want){ .object = i.object_id };
	ASSERT_OK(nl_subscribe(&self->nl, &want));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	EXPECT_EQ(CAPIPC_EVENT_DENY, next_type(&self->nl, WAIT_MS));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	ASSERT_OK(nl_unsubscribe(&self->nl));

	/* all must hold */
	want.pid = self->other.pid;
	ASSERT_OK(nl_subscribe(&self->nl, &want));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
}

/* --------------------------------------------------------------- bad requests */

static int try_attr(struct nl *nl, int cmd, int type, const void *data, int len)
{
	struct nl_request r;

	nl_prepare(nl, &r, nl->family, cmd, NLM_F_ACK);
	nl_put(&r, type, data, len);
	return nl_ask(nl, &r, NULL, NULL, NULL);
}

#define TRY(type, data, len) \
	try_attr(&self->nl, CAPIPC_CMD_SUBSCRIBE, type, data, len)

TEST_F(subscribe, bad_requests)
{
	char name[CAPIPC_NAME_MAX + 2];
	__u32 none = 0, unknown = 1U << 31, pid = 0x7ffffffe, uid = ~0U;
	struct nl_request r;
	__u64 zero = 0;

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = 0;
	EXPECT_ERR(EINVAL, TRY(CAPIPC_SUBSCRIBE_A_TYPES, &none, 4));
	EXPECT_TRUE(!!strstr(self->nl.error, "no type"));
	EXPECT_ERR(EINVAL, TRY(CAPIPC_SUBSCRIBE_A_TYPES, &unknown, 4));
	EXPECT_STRNE("", self->nl.error);
	EXPECT_GT(0, TRY(CAPIPC_SUBSCRIBE_A_TYPES, &unknown, 2));
	EXPECT_STRNE("", self->nl.error);
	EXPECT_ERR(EINVAL, TRY(CAPIPC_SUBSCRIBE_A_UID, &uid, 4));
	EXPECT_TRUE(!!strstr(self->nl.error, "no such user"));
	EXPECT_GT(0, TRY(CAPIPC_SUBSCRIBE_A_PID, &none, 4));
	EXPECT_STRNE("", self->nl.error);
	EXPECT_ERR(ESRCH, TRY(CAPIPC_SUBSCRIBE_A_PID, &pid, 4));
	EXPECT_TRUE(!!strstr(self->nl.error, "no such process"));
	EXPECT_ERR(ESRCH, TRY(CAPIPC_SUBSCRIBE_A_PID, &unknown, 4));
	EXPECT_GT(0, TRY(CAPIPC_SUBSCRIBE_A_OBJECT, &zero, 8));
	EXPECT_STRNE("", self->nl.error);
	EXPECT_GT(0, TRY(CAPIPC_SUBSCRIBE_A_OBJECT, &unknown, 4));
	EXPECT_STRNE("", self->nl.error);
	EXPECT_ERR(EINVAL, TRY(CAPIPC_SUBSCRIBE_A_NAME, "", 1));
	EXPECT_TRUE(!!strstr(self->nl.error, "empty"));
	EXPECT_GT(0, TRY(CAPIPC_SUBSCRIBE_A_NAME, name, sizeof(name)));
	EXPECT_STRNE("", self->nl.error);
	EXPECT_GT(0, TRY(CAPIPC_SUBSCRIBE_A_NAME, name, 5)); /* no NUL */
	EXPECT_STRNE("", self->nl.error);
	EXPECT_ERR(EINVAL, TRY(CAPIPC_SUBSCRIBE_A_PAD, &zero, 8));
	EXPECT_ERR(EINVAL, TRY(77, &zero, 8));
	EXPECT_STRNE("", self->nl.error);

	/* none of these has subscribed; and once is enough */
	EXPECT_ERR(ENOENT, nl_unsubscribe(&self->nl));
	EXPECT_ERR(EINVAL,
		   try_attr(&self->nl, CAPIPC_CMD_UNSUBSCRIBE, 1, &zero, 8));
	EXPECT_STRNE("", self->nl.error);
	ASSERT_OK(nl_subscribe(&self->nl, NULL));
	EXPECT_ERR(EEXIST, nl_subscribe(&self->nl, NULL));
	EXPECT_STRNE("", self->nl.error);
	EXPECT_ERR(EINVAL,
		   try_attr(&self->nl, CAPIPC_CMD_UNSUBSCRIBE, 1, &zero, 8));
	nl_prepare(&self->nl, &r, self->nl.family, CAPIPC_CMD_SUBSCRIBE,
		   NLM_F_DUMP);
	EXPECT_ERR(EOPNOTSUPP, nl_ask(&self->nl, &r, NULL, NULL, NULL));
	EXPECT_OK(nl_unsubscribe(&self->nl));
}

/* A user id that is not in its user namespace. */
static long act_bad_uid(struct actor_page *page, long unused)
{
	const struct want want = { .uid = 5000 };
	int ret = nl_open(&actor_nl);

	if (!ret)
		ret = nl_subscribe(&actor_nl, &want);
	nl_close(&actor_nl);
	return ret;
}

TEST_F(subscribe, ids_of_its_namespace)
{
	EXPECT_OK(actor_run(&self->client, act_bad_uid, 0));
	ASSERT_OK(actor_userns_root(&self->client, 100000, 0));
	EXPECT_ERR(EINVAL, actor_run(&self->client, act_bad_uid, 0));
}

#define SUBSCRIBERS_MAX 16

/* How many sockets of this actor can subscribe; they stay. */
static long act_many(struct actor_page *page, long unused)
{
	static struct nl many[SUBSCRIBERS_MAX + 1];
	int i, ret = 0;

	for (i = 0; i <= SUBSCRIBERS_MAX && !ret; i++) {
		ret = nl_open(&many[i]);
		if (!ret)
			ret = nl_subscribe(&many[i], NULL);
	}
	if (ret != -EDQUOT || !many[i - 1].error[0])
		return ret ? ret : -EPROTO;
	/* the room of one that is closed is free */
	nl_close(&many[0]);
	ret = nl_subscribe(&many[i - 1], NULL);
	return ret ? ret : i - 1;
}

TEST_F(subscribe, number_of_a_user)
{
	ASSERT_OK(actor_become(&self->client, 3207));
	EXPECT_EQ(SUBSCRIBERS_MAX, actor_run(&self->client, act_many, 0));
	/* others have their own */
	ASSERT_OK(actor_become(&self->other, 3208));
	EXPECT_OK(actor_run(&self->other, act_subscribe, 0));
	actor_stop(&self->client);
	ASSERT_OK(actor_fork(&self->client, NULL));
	ASSERT_OK(actor_become(&self->client, 3207));
	EXPECT_EQ(SUBSCRIBERS_MAX, actor_run(&self->client, act_many, 0));
}

/* ------------------------------------------------------------------ sockets */

/* Whoever has the number of a socket after it is not told in its place. */
TEST_F(subscribe, number_of_a_socket)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(local);
	__u32 end;
	int sock;

	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(nl_subscribe(&self->nl, NULL));
	ASSERT_EQ(0, getsockname(self->nl.sock, (void *)&local, &len));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, next_type(&self->nl, WAIT_MS));
	close(self->nl.sock);

	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	ASSERT_LE(0, sock);
	ASSERT_EQ(0, bind(sock, (void *)&local, sizeof(local)));
	self->nl.sock = sock;
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	EXPECT_EQ(-1, next_type(&self->nl, NONE_MS));
	EXPECT_ERR(ENOENT, nl_unsubscribe(&self->nl));
	EXPECT_OK(nl_subscribe(&self->nl, NULL));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, next_type(&self->nl, WAIT_MS));
}

/* The socket counts, not the process: it can be handed on, and die elsewhere. */
TEST_F(subscribe, socket_is_handed_on)
{
	struct nl copy;
	__u32 end;

	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(nl_subscribe(&self->nl, NULL));
	copy = self->nl;
	copy.sock = dup(self->nl.sock);
	ASSERT_LE(0, copy.sock);
	close(self->nl.sock);
	self->nl.sock = -1;
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	EXPECT_EQ(CAPIPC_EVENT_CONNECT, next_type(&copy, WAIT_MS));
	nl_close(&copy);
}

/* ------------------------------------------------------------------- losses */

/* Until none comes any more: events received, and what they say is missing. */
static int drain(struct nl *nl, int type, __u64 *missing, int *enobufs)
{
	struct pollfd p = { .fd = nl->sock, .events = POLLIN };
	struct nlmsghdr *h = (void *)nl->buf;
	int n = 0, len;
	__u64 count;

	while (poll(&p, 1, NONE_MS) > 0) {
		len = recv(nl->sock, nl->buf, sizeof(nl->buf), 0);
		if (len < 0) {
			*enobufs += errno == ENOBUFS;
			continue;
		}
		n++;
		count = event_number(h, type);
		if (count != ~0ULL)
			*missing += count;
	}
	return n;
}

#define LOST_OF 200

TEST_F(subscribe, full_socket)
{
	const struct capipc_rule rule = { .ordinal_last = 1 };
	int size = 4096, i, n, enobufs = 0;
	__u64 missed = 0;

	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->end, &self->server_end));
	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_EQ(0, setsockopt(self->nl.sock, SOL_SOCKET, SO_RCVBUF, &size,
				sizeof(size)));
	ASSERT_OK(nl_subscribe(&self->nl, NULL));
	ASSERT_OK(nl_open(&self->second));
	ASSERT_OK(nl_subscribe(&self->second, NULL));
	for (i = 0; i < LOST_OF; i++)
		ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	/* it learns at once that something is missing */
	n = drain(&self->nl, CAPIPC_EVENT_A_MISSED, &missed, &enobufs);
	EXPECT_LT(0, n);
	EXPECT_GT(LOST_OF, n);
	EXPECT_EQ(1, enobufs);
	EXPECT_EQ(0, missed);
	/* and next how much */
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	n += drain(&self->nl, CAPIPC_EVENT_A_MISSED, &missed, &enobufs);
	EXPECT_EQ(LOST_OF + 1, n + missed);
	EXPECT_EQ(1, enobufs);
	/* once */
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	missed = 0;
	EXPECT_EQ(1,
		  drain(&self->nl, CAPIPC_EVENT_A_MISSED, &missed, &enobufs));
	EXPECT_EQ(0, missed);

	/* one who reads has missed nothing because another does not */
	EXPECT_EQ(LOST_OF + 2, drain(&self->second, CAPIPC_EVENT_A_MISSED,
				     &missed, &enobufs));
	EXPECT_EQ(0, missed);
	EXPECT_EQ(1, enobufs);
}

#define FLOOD 50

/* A user who causes too many is not told of, but counted; others are told of. */
TEST_F(subscribe, flood)
{
	const struct capipc_rule rule = { .ordinal_last = 1 };
	const struct want denials = { .types = 1U << CAPIPC_EVENT_DENY };
	__u64 dropped = 0, total;
	struct nlmsghdr *h;
	int i, n, none = 0;
	__u32 end;

	ASSERT_OK(actor_become(&self->client, 3209));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->end, &self->server_end));
	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_OK(put_text(RATE, "1"));
	ASSERT_OK(put_text(BURST, "8"));
	ASSERT_OK(nl_subscribe(&self->nl, &denials));
	ASSERT_OK(nl_open(&self->second));
	ASSERT_OK(nl_join(&self->second));
	for (i = 0; i < FLOOD; i++)
		ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 5));
	n = drain(&self->nl, CAPIPC_EVENT_A_DROPPED, &dropped, &none);
	EXPECT_LT(0, n);
	EXPECT_GT(FLOOD, n);

	/* meanwhile another user is heard */
	ASSERT_OK(actor_become(&self->other, 3210));
	ASSERT_OK(actor_open(&self->other));
	ASSERT_OK(actor_connect(&self->other, self->name, &end));

	/* after a while it is heard again, and says what was not */
	ASSERT_OK(put_text(RATE, "1000"));
	ASSERT_OK(put_text(BURST, "1000"));
	usleep(100000);
	ASSERT_ERR(EACCES, actor_send(&self->client, self->end, 6));
	n += drain(&self->nl, CAPIPC_EVENT_A_DROPPED, &dropped, &none);
	EXPECT_EQ(FLOOD + 1, n + dropped);

	/* the group learns the total, of the user as well */
	total = 0;
	i = 0;
	while ((h = next(&self->second, NONE_MS))) {
		i += event_number(h, CAPIPC_EVENT_A_TYPE) ==
		     CAPIPC_EVENT_CONNECT;
		if (event_number(h, CAPIPC_EVENT_A_TYPE) != CAPIPC_EVENT_DENY)
			continue;
		if (nl_attr(h, CAPIPC_EVENT_A_DROPPED_OF_USER))
			total = event_number(h, CAPIPC_EVENT_A_DROPPED_OF_USER);
	}
	EXPECT_EQ(1, i);
	EXPECT_EQ(dropped, total);
}

/* ---------------------------------------------------------------- in motion */

static long act_deny(struct actor_page *page, long end)
{
	volatile __u64 *stop = &page->number[0];
	__u64 rounds = 0;

	while (!*stop && rounds < 1000000) {
		if (ipc_trysend(page->fd, (__u32)end, 5, "x", 1) != -EACCES)
			return -EPROTO;
		rounds++;
	}
	return 0;
}

/* Sockets subscribe, are closed and are not read while events are told. */
TEST_F_TIMEOUT(subscribe, coming_and_going, 120)
{
	const struct capipc_rule rule = { .ordinal_last = 1 };
	int64_t end = ipc_in(3000);
	struct nl_request r;
	struct nl nl;
	int i = 0;

	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->end, &self->server_end));
	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_OK(put_text(RATE, "1000000"));
	ASSERT_OK(put_text(BURST, "1000000"));
	self->client.page->fd = self->client.dev;
	self->client.page->number[0] = 0;
	ASSERT_OK(actor_begin(&self->client, act_deny, self->end));
	while (ipc_now() < end || i < 5) {
		ASSERT_OK(nl_open(&nl));
		ASSERT_OK(nl_subscribe(&nl, NULL));
		/* it may be full already, also for an acknowledgment */
		if (i % 3)
			EXPECT_TRUE(recv(nl.sock, nl.buf, sizeof(nl.buf), 0) >
					    0 ||
				    errno == ENOBUFS);
		nl_prepare(&nl, &r, nl.family, CAPIPC_CMD_UNSUBSCRIBE, 0);
		if (i % 2)
			EXPECT_OK(nl_send(&nl, &r));
		nl_close(&nl);
		i++;
	}
	self->client.page->number[0] = 1;
	EXPECT_OK(actor_end(&self->client));
}

TEST_HARNESS_MAIN
