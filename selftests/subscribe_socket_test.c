// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets that subscribe: what is refused, how many there may be, when they are
 * forgotten, and that they are told how much they were not told.
 */
#include "capipc_test_subscribe.h"

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
	int64_t until = ipc_in(60000);

	while (!*stop && ipc_now() < until)
		if (ipc_trysend(page->fd, (__u32)end, 5, "x", 1) != -EACCES)
			return -EPROTO;
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
		/* it may be full before there is an acknowledgment, which is not asked for */
		nl_prepare(&nl, &r, nl.family, CAPIPC_CMD_SUBSCRIBE, 0);
		ASSERT_OK(nl_send(&nl, &r));
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
