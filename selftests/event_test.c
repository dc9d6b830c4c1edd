// SPDX-License-Identifier: GPL-2.0
/*
 * Events and dumps: what generic netlink tells is what happened and what there
 * is, to those who may know it.
 */
#include "capipc_test_netlink.h"

#define WAIT_MS 10000

FIXTURE(event)
{
	struct nl nl;
	struct actor server, client, other;
	char name[64];
	__u32 listener;
	__u32 client_end, server_end;
	__u64 server_context, client_context;
};

static __u64 context_of(struct actor *a)
{
	struct capipc_info info = { .size = sizeof(info) };

	return ACTOR_IOCTL(a, INFO, &info) ? 0 : info.context_id;
}

static __u64 object_of(struct actor *a, __u32 handle)
{
	struct capipc_inspect i;

	return actor_inspect(a, handle, &i) ? 0 : i.object_id;
}

FIXTURE_SETUP(event)
{
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
	self->server_context = context_of(&self->server);
	self->client_context = context_of(&self->client);
	ASSERT_NE(0, self->server_context);
	ASSERT_NE(0, self->client_context);
	ASSERT_NE(self->server_context, self->client_context);
	ASSERT_OK(nl_open(&self->nl));
}

FIXTURE_TEARDOWN(event)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
	actor_stop(&self->other);
	nl_close(&self->nl);
}

/* The next event of @type by (the stamps of) @pid, or NULL. */
static struct nlmsghdr *next_event(FIXTURE_DATA(event) * self, __u32 type,
				   pid_t pid)
{
	struct nlmsghdr *h;
	struct genlmsghdr *g;

	while ((h = nl_receive(&self->nl, WAIT_MS))) {
		g = NLMSG_DATA(h);
		if (h->nlmsg_type != self->nl.family ||
		    g->cmd != CAPIPC_CMD_EVENT ||
		    nl_number(nl_attr(h, CAPIPC_EVENT_A_TYPE)) != type)
			continue;
		if (nl_number(nl_inside(nl_attr(h, CAPIPC_EVENT_A_ACTOR),
					CAPIPC_ACTOR_A_PID)) == (__u64)pid)
			return h;
	}
	return NULL;
}

static __u64 actor_number(struct nlmsghdr *h, int type)
{
	return nl_number(nl_inside(nl_attr(h, CAPIPC_EVENT_A_ACTOR), type));
}

static __u64 event_number(struct nlmsghdr *h, int type)
{
	return nl_number(nl_attr(h, type));
}

TEST_F(event, connect_and_accept)
{
	const struct capipc_rule rule = { .facet = 7 };
	const struct listen_options options = { .rules = &rule,
						.rules_count = 1 };
	struct capipc_receive r;
	struct capipc_query q;
	struct nlmsghdr *h;
	struct nlattr *program;
	struct timespec ts;
	const char *name = fresh_name();
	__u32 listener, end;
	__u64 now;

	ASSERT_OK(nl_join(&self->nl));
	ASSERT_OK(actor_listen(&self->server, name, &options, &listener));
	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(actor_connect(&self->client, name, &end));
	ASSERT_OK(actor_receive_nowait(&self->server, listener, &r));
	ASSERT_OK(actor_query(&self->server, r.reply_handle, 0, 0, &q));
	clock_gettime(CLOCK_BOOTTIME, &ts);
	now = ts.tv_sec * 1000000000ULL + ts.tv_nsec;

	h = next_event(self, CAPIPC_EVENT_CONNECT, self->client.pid);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(1000, actor_number(h, CAPIPC_ACTOR_A_UID));
	EXPECT_EQ(1000, actor_number(h, CAPIPC_ACTOR_A_GID));
	EXPECT_EQ(0, actor_number(h, CAPIPC_ACTOR_A_CAPABILITIES));
	EXPECT_EQ(r.stamp.id, actor_number(h, CAPIPC_ACTOR_A_STAMP_ID));
	EXPECT_EQ(q.start_time_ns, actor_number(h, CAPIPC_ACTOR_A_START_TIME));
	EXPECT_EQ(7, event_number(h, CAPIPC_EVENT_A_FACET));
	EXPECT_STREQ(name, nl_string(nl_attr(h, CAPIPC_EVENT_A_NAME)));
	EXPECT_GE(now, event_number(h, CAPIPC_EVENT_A_TIME));
	EXPECT_GT(60000000000ULL, now - event_number(h, CAPIPC_EVENT_A_TIME));
	EXPECT_EQ(object_of(&self->client, end),
		  event_number(h, CAPIPC_EVENT_A_OBJECT));
	EXPECT_EQ(self->server_context,
		  event_number(h, CAPIPC_EVENT_A_CONTEXT));
	program = nl_inside(nl_attr(h, CAPIPC_EVENT_A_ACTOR),
			    CAPIPC_ACTOR_A_PROGRAM);
	EXPECT_EQ(q.exe_dev,
		  nl_number(nl_inside(program, CAPIPC_PROGRAM_A_DEV)));
	EXPECT_EQ(q.exe_ino,
		  nl_number(nl_inside(program, CAPIPC_PROGRAM_A_INO)));
	EXPECT_FALSE(!!nl_inside(program, CAPIPC_PROGRAM_A_DELETED));
	EXPECT_TRUE(
		!!strstr(nl_string(nl_inside(program, CAPIPC_PROGRAM_A_PATH)),
			 "event_test"));

	h = next_event(self, CAPIPC_EVENT_ACCEPT, self->client.pid);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(1000, actor_number(h, CAPIPC_ACTOR_A_UID));
	EXPECT_EQ(7, event_number(h, CAPIPC_EVENT_A_FACET));
	EXPECT_STREQ(name, nl_string(nl_attr(h, CAPIPC_EVENT_A_NAME)));
}

TEST_F(event, denied_message)
{
	const struct capipc_rule rule = { .ordinal_last = 1 };
	struct capipc_receive r;
	struct nlmsghdr *h;
	struct capipc_call c = { .size = sizeof(c), .ordinal = 0xfffffffe };

	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_OK(nl_join(&self->nl));
	ASSERT_OK(actor_send(&self->client, self->client_end, 1));
	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->client_end, 42));
	h = next_event(self, CAPIPC_EVENT_DENY, self->client.pid);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(42, event_number(h, CAPIPC_EVENT_A_ORDINAL));
	EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_NAME));
	EXPECT_EQ(1000, actor_number(h, CAPIPC_ACTOR_A_UID));
	EXPECT_EQ(r.stamp.id, actor_number(h, CAPIPC_ACTOR_A_STAMP_ID));
	EXPECT_EQ(object_of(&self->client, self->client_end),
		  event_number(h, CAPIPC_EVENT_A_OBJECT));
	EXPECT_EQ(self->server_context,
		  event_number(h, CAPIPC_EVENT_A_CONTEXT));

	/* one for each denial, also of a call; none for a dry run */
	ASSERT_OK(actor_explain(&self->client, self->client_end, 43, NULL,
				&(struct capipc_explain){ 0 }));
	c.handle = self->client_end;
	ASSERT_ERR(EACCES, ACTOR_IOCTL(&self->client, CALL, &c));
	h = next_event(self, CAPIPC_EVENT_DENY, self->client.pid);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(0xfffffffe, event_number(h, CAPIPC_EVENT_A_ORDINAL));
}

TEST_F(event, denied_connection)
{
	const struct listen_options options = {
		.rules = self->server.page->rules
	};
	const char *name = fresh_name();
	struct nlmsghdr *h;
	__u32 listener, end;

	ASSERT_OK(actor_listen(&self->server, name, &options, &listener));
	ASSERT_OK(nl_join(&self->nl));
	ASSERT_ERR(EACCES, actor_connect(&self->client, name, &end));
	h = next_event(self, CAPIPC_EVENT_DENY, self->client.pid);
	ASSERT_TRUE(!!h);
	EXPECT_STREQ(name, nl_string(nl_attr(h, CAPIPC_EVENT_A_NAME)));
	EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_ORDINAL));
	EXPECT_EQ(0, actor_number(h, CAPIPC_ACTOR_A_UID));
	EXPECT_EQ(caps_all(), actor_number(h, CAPIPC_ACTOR_A_CAPABILITIES));
}

TEST_F(event, bad_message_and_kill)
{
	struct capipc_receive r;
	struct nlmsghdr *h;
	__u64 object;
	__u32 verdict;
	pid_t pid = self->client.pid;
	int kill;

	ASSERT_OK(nl_join(&self->nl));
	for (kill = 0; kill < 2; kill++) {
		ASSERT_OK(actor_link(&self->client, &self->server, self->name,
				     self->listener, &self->client_end,
				     &self->server_end));
		ASSERT_OK(actor_send(&self->client, self->client_end, 1));
		ASSERT_OK(actor_receive_nowait(&self->server, self->server_end,
					       &r));
		object = object_of(&self->server, self->server_end);
		ASSERT_OK(actor_report(
			&self->server, self->server_end, r.stamp.id,
			kill ? CAPIPC_REPORT_KILL : 0, &verdict));
		h = next_event(self, CAPIPC_EVENT_BAD_MESSAGE, pid);
		ASSERT_TRUE(!!h);
		EXPECT_STREQ("test",
			     nl_string(nl_attr(h, CAPIPC_EVENT_A_REASON)));
		EXPECT_EQ(verdict, event_number(h, CAPIPC_EVENT_A_VERDICT));
		EXPECT_EQ(object, event_number(h, CAPIPC_EVENT_A_OBJECT));
		EXPECT_EQ(r.stamp.id, actor_number(h, CAPIPC_ACTOR_A_STAMP_ID));
		EXPECT_EQ(
			self->server.pid,
			nl_number(nl_inside(nl_attr(h, CAPIPC_EVENT_A_REPORTER),
					    CAPIPC_ACTOR_A_PID)));
	}
	h = next_event(self, CAPIPC_EVENT_KILL, pid);
	ASSERT_TRUE(!!h);
	EXPECT_EQ(SIGKILL, actor_killed_by(&self->client, true));
}

#define MAX_HANDLES "/sys/module/capipc/parameters/max_handles_per_context"

TEST_F(event, quota)
{
	struct nlmsghdr *h;
	char before[32];
	__u32 handles[2];
	int ret;

	ASSERT_LT(0, get_text(before, sizeof(before), MAX_HANDLES));
	ASSERT_OK(actor_fork(&self->other, NULL));
	ASSERT_OK(actor_setresuid(&self->other, 3101, 3102, 0));
	ASSERT_OK(actor_open(&self->other));
	/* it is told where the context was opened: nobody runs away from it */
	ASSERT_OK(actor_setresuid(&self->other, 3101, 0, 0));
	ASSERT_OK(actor_run(&self->other, act_unshare, CLONE_NEWNET));
	ASSERT_OK(actor_setresuid(&self->other, 3101, 3102, 0));
	ASSERT_OK(nl_join(&self->nl));
	ASSERT_OK(put_text(MAX_HANDLES, "1"));
	ret = actor_create(&self->other, handles);
	EXPECT_OK(put_text(MAX_HANDLES, before));
	EXPECT_ERR(EDQUOT, ret);
	h = next_event(self, CAPIPC_EVENT_QUOTA, self->other.pid);
	ASSERT_TRUE(!!h);
	EXPECT_STREQ("handles", nl_string(nl_attr(h, CAPIPC_EVENT_A_RESOURCE)));
	EXPECT_EQ(1, event_number(h, CAPIPC_EVENT_A_LIMIT));
	EXPECT_EQ(2, event_number(h, CAPIPC_EVENT_A_AMOUNT));
	EXPECT_EQ(3101, event_number(h, CAPIPC_EVENT_A_UID));
	EXPECT_EQ(3102, actor_number(h, CAPIPC_ACTOR_A_UID));
	EXPECT_EQ(context_of(&self->other),
		  event_number(h, CAPIPC_EVENT_A_CONTEXT));
}

/* -------------------------------------------------------- who may listen */

/* Joins the group from within an actor: 0 or -errno. */
static long act_join(struct actor_page *page, long unused)
{
	static struct nl nl;
	int ret = nl_open(&nl);

	if (!ret)
		ret = nl_join(&nl);
	nl_close(&nl);
	return ret;
}

TEST_F(event, who_may_listen)
{
	__u64 admin = 1ULL << CAP_SYS_ADMIN;

	EXPECT_OK(actor_run(&self->client, act_join, 0));
	ASSERT_OK(actor_capset(&self->client, caps_all() & ~admin, caps_all()));
	EXPECT_ERR(EPERM, actor_run(&self->client, act_join, 0));
	ASSERT_OK(actor_capset(&self->client, caps_all(), caps_all()));
	ASSERT_OK(actor_become(&self->client, 1000));
	EXPECT_ERR(EPERM, actor_run(&self->client, act_join, 0));

	/* root of a user namespace: in a network namespace of its own only */
	ASSERT_OK(actor_userns_root(&self->server, 100000, 0));
	EXPECT_ERR(EPERM, actor_run(&self->server, act_join, 0));
	ASSERT_OK(actor_run(&self->server, act_unshare, CLONE_NEWNET));
	EXPECT_OK(actor_run(&self->server, act_join, 0));
}

/* What happens in one network namespace is not told in another. */
TEST_F(event, of_one_network_namespace)
{
	const struct listen_options nobody = {
		.rules = self->server.page->rules
	};
	const char *name = fresh_name();
	struct nlmsghdr *h;
	__u32 listener, end;

	ASSERT_OK(nl_join(&self->nl));
	ASSERT_OK(actor_fork(&self->other, NULL));
	ASSERT_OK(actor_run(&self->other, act_unshare, CLONE_NEWNET));
	ASSERT_OK(actor_open(&self->other));
	ASSERT_OK(actor_listen(&self->other, name, &nobody, &listener));
	ASSERT_ERR(EACCES, actor_connect(&self->other, name, &end));
	ASSERT_OK(actor_connect(&self->client, self->name, &end));
	/* in order, so what should not come would have come before this */
	do {
		h = nl_receive(&self->nl, WAIT_MS);
		ASSERT_TRUE(!!h);
		EXPECT_NE(self->other.pid, actor_number(h, CAPIPC_ACTOR_A_PID));
	} while (actor_number(h, CAPIPC_ACTOR_A_PID) !=
		 (__u64)self->client.pid);
}

/* ------------------------------------------------------------------ dumps */

struct seen {
	__u64 context;
	__u32 handle;
	int count;
	union {
		struct nlmsghdr head;
		char bytes[2048];
	};
};

/* Keep the context @seen.context. */
static void see_context(struct nlmsghdr *h, void *arg)
{
	struct seen *seen = arg;

	if (nl_number(nl_attr(h, CAPIPC_CONTEXT_A_ID)) != seen->context)
		return;
	seen->count++;
	if (h->nlmsg_len <= sizeof(seen->bytes))
		memcpy(seen->bytes, h, h->nlmsg_len);
}

/* Keep the handle @seen.handle of the context. */
static void see_handle(struct nlmsghdr *h, void *arg)
{
	struct seen *seen = arg;

	if (nl_number(nl_attr(h, CAPIPC_HANDLE_A_CONTEXT)) != seen->context ||
	    nl_number(nl_attr(h, CAPIPC_HANDLE_A_HANDLE)) != seen->handle)
		return;
	seen->count++;
	if (h->nlmsg_len <= sizeof(seen->bytes))
		memcpy(seen->bytes, h, h->nlmsg_len);
}

static int dump_context(struct nl *nl, __u64 id, struct seen *seen)
{
	struct nl_request r;
	int ret;

	memset(seen, 0, sizeof(*seen));
	seen->context = id;
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_CONTEXT, NLM_F_DUMP);
	ret = nl_ask(nl, &r, NULL, see_context, seen);
	return ret < 0 ? ret : seen->count;
}

static int dump_handle(struct nl *nl, __u64 id, __u32 handle, struct seen *seen)
{
	struct nl_request r;
	int ret;

	memset(seen, 0, sizeof(*seen));
	seen->context = id;
	seen->handle = handle;
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_HANDLE, NLM_F_DUMP);
	nl_put(&r, CAPIPC_HANDLE_A_CONTEXT, &id, sizeof(id));
	ret = nl_ask(nl, &r, NULL, see_handle, seen);
	return ret < 0 ? ret : seen->count;
}

static __u64 seen_number(struct seen *seen, int type)
{
	return nl_number(nl_attr(&seen->head, type));
}

TEST_F(event, dump_of_contexts)
{
	static struct seen seen;
	struct nl_request r;
	__u32 h[2];
	__u64 id;
	int n;

	ASSERT_OK(actor_fork(&self->other, NULL));
	ASSERT_OK(actor_setresuid(&self->other, 3111, 3112, 0));
	ASSERT_OK(actor_open(&self->other));
	ASSERT_OK(actor_create(&self->other, h));
	id = context_of(&self->other);
	ASSERT_EQ(1, dump_context(&self->nl, id, &seen));
	EXPECT_EQ(3111, seen_number(&seen, CAPIPC_CONTEXT_A_UID));
	EXPECT_EQ(self->other.pid, seen_number(&seen, CAPIPC_CONTEXT_A_PID));
	EXPECT_EQ(2, seen_number(&seen, CAPIPC_CONTEXT_A_HANDLES));

	/* one of them, asked by its number */
	nl_prepare(&self->nl, &r, self->nl.family, CAPIPC_CMD_GET_CONTEXT,
		   NLM_F_ACK);
	nl_put(&r, CAPIPC_CONTEXT_A_ID, &id, sizeof(id));
	ASSERT_EQ(1, nl_ask(&self->nl, &r, &seen.head, NULL, NULL));
	EXPECT_EQ(id, seen_number(&seen, CAPIPC_CONTEXT_A_ID));
	EXPECT_EQ(2, seen_number(&seen, CAPIPC_CONTEXT_A_HANDLES));

	n = nl_count(&self->nl, CAPIPC_CMD_GET_CONTEXT);
	ASSERT_LE(3, n);
	actor_stop(&self->other);
	EXPECT_EQ(0, dump_context(&self->nl, id, &seen));
	EXPECT_EQ(n - 1, nl_count(&self->nl, CAPIPC_CMD_GET_CONTEXT));
	EXPECT_ERR(ENOENT, nl_ask(&self->nl, &r, NULL, NULL, NULL));
}

TEST_F(event, dump_of_handles)
{
	static struct seen seen;
	__u32 spare[2];

	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	ASSERT_OK(actor_send(&self->client, self->client_end, 1));
	ASSERT_OK(actor_send(&self->client, self->client_end, 2));
	ASSERT_OK(actor_restrict(&self->client, self->client_end, NULL, 0));

	ASSERT_EQ(1, dump_handle(&self->nl, self->server_context,
				 self->server_end, &seen));
	EXPECT_EQ(CAPIPC_KIND_ENDPOINT,
		  seen_number(&seen, CAPIPC_HANDLE_A_KIND));
	EXPECT_EQ(IPC_RIGHTS_ENDPOINT,
		  seen_number(&seen, CAPIPC_HANDLE_A_RIGHTS));
	EXPECT_EQ(2, seen_number(&seen, CAPIPC_HANDLE_A_QUEUED));
	EXPECT_EQ(object_of(&self->server, self->server_end),
		  seen_number(&seen, CAPIPC_HANDLE_A_OBJECT));
	EXPECT_EQ(CAPIPC_PEER_HELD, seen_number(&seen, CAPIPC_HANDLE_A_PEER));
	EXPECT_EQ(self->client_context,
		  seen_number(&seen, CAPIPC_HANDLE_A_PEER_CONTEXT));
	EXPECT_FALSE(!!nl_attr(&seen.head, CAPIPC_HANDLE_A_RULES));

	ASSERT_EQ(1, dump_handle(&self->nl, self->client_context,
				 self->client_end, &seen));
	EXPECT_EQ(0, seen_number(&seen, CAPIPC_HANDLE_A_QUEUED));
	EXPECT_TRUE(!!nl_attr(&seen.head, CAPIPC_HANDLE_A_RULES));
	EXPECT_EQ(self->server_context,
		  seen_number(&seen, CAPIPC_HANDLE_A_PEER_CONTEXT));

	ASSERT_EQ(1, dump_handle(&self->nl, self->server_context,
				 self->listener, &seen));
	EXPECT_EQ(CAPIPC_KIND_LISTENER,
		  seen_number(&seen, CAPIPC_HANDLE_A_KIND));
	EXPECT_STREQ(self->name,
		     nl_string(nl_attr(&seen.head, CAPIPC_HANDLE_A_NAME)));
	EXPECT_EQ(64, seen_number(&seen, CAPIPC_HANDLE_A_BACKLOG));

	/* in flight, and closed */
	ASSERT_OK(actor_create(&self->client, spare));
	ASSERT_OK(actor_send_handle(&self->client, self->client_end, spare[0]));
	ASSERT_EQ(1, dump_handle(&self->nl, self->client_context, spare[1],
				 &seen));
	EXPECT_EQ(CAPIPC_PEER_IN_FLIGHT,
		  seen_number(&seen, CAPIPC_HANDLE_A_PEER));
	EXPECT_EQ(object_of(&self->client, self->client_end),
		  seen_number(&seen, CAPIPC_HANDLE_A_PEER_INSIDE));
	EXPECT_EQ(0, dump_handle(&self->nl, self->client_context, spare[0],
				 &seen));
	ASSERT_OK(actor_close(&self->server, self->server_end));
	ASSERT_EQ(1, dump_handle(&self->nl, self->client_context, spare[1],
				 &seen));
	EXPECT_EQ(CAPIPC_PEER_CLOSED, seen_number(&seen, CAPIPC_HANDLE_A_PEER));
}

/* More than one message holds. */
TEST_F(event, long_dump)
{
	__u32 h[2];
	int before, i;

	before = nl_count(&self->nl, CAPIPC_CMD_GET_HANDLE);
	ASSERT_LE(1, before);
	for (i = 0; i < 150; i++)
		ASSERT_OK(actor_create(&self->client, h));
	EXPECT_EQ(before + 300, nl_count(&self->nl, CAPIPC_CMD_GET_HANDLE));
}

/* number[0]: a context of another user; what does this actor see? */
static long act_view(struct actor_page *page, long own_uid)
{
	static struct nl nl;
	static struct seen seen;
	struct nl_request r;
	__u64 id = page->number[0];
	int ret = nl_open(&nl);

	if (ret)
		return ret;
	page->number[1] = nl_count(&nl, CAPIPC_CMD_GET_CONTEXT);
	page->number[2] = dump_context(&nl, id, &seen);
	nl_prepare(&nl, &r, nl.family, CAPIPC_CMD_GET_CONTEXT, NLM_F_ACK);
	nl_put(&r, CAPIPC_CONTEXT_A_ID, &id, sizeof(id));
	ret = nl_ask(&nl, &r, NULL, NULL, NULL);
	page->number[3] = dump_handle(&nl, id, 1, &seen);
	nl_close(&nl);
	return ret;
}

TEST_F(event, who_sees_what)
{
	struct actor *a = &self->other;

	ASSERT_OK(actor_fork(a, NULL));
	ASSERT_OK(actor_become(a, 3121));
	ASSERT_OK(actor_open(a));
	a->page->number[0] = self->server_context;
	EXPECT_ERR(ENOENT, actor_run(a, act_view, 0));
	EXPECT_EQ(1, a->page->number[1]);
	EXPECT_EQ(0, a->page->number[2]);
	EXPECT_EQ(-ENOENT, (int)a->page->number[3]);
	a->page->number[0] = context_of(a);
	EXPECT_EQ(1, actor_run(a, act_view, 0));
	EXPECT_EQ(1, a->page->number[2]);

	/* another network namespace has other contexts, for root, too */
	self->client.page->number[0] = self->server_context;
	EXPECT_EQ(1, actor_run(&self->client, act_view, 0));
	ASSERT_OK(actor_run(&self->client, act_unshare, CLONE_NEWNET));
	self->client.page->number[0] = self->server_context;
	EXPECT_ERR(ENOENT, actor_run(&self->client, act_view, 0));
	EXPECT_EQ(0, self->client.page->number[1]);
	ASSERT_OK(actor_open(&self->client));
	EXPECT_ERR(ENOENT, actor_run(&self->client, act_view, 0));
	EXPECT_EQ(1, self->client.page->number[1]);
}

/* ------------------------------------------------------------- bad requests */

TEST_F(event, bad_requests)
{
	struct nl *nl = &self->nl;
	struct nl_request r;
	__u64 id = 0, none = ~0ULL;
	__u32 half = 1;

	/* missing */
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_CONTEXT, NLM_F_ACK);
	EXPECT_ERR(EINVAL, nl_ask(nl, &r, NULL, NULL, NULL));
	EXPECT_STRNE("", nl->error);

	/* too short */
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_CONTEXT, NLM_F_ACK);
	nl_put(&r, CAPIPC_CONTEXT_A_ID, &half, sizeof(half));
	EXPECT_GT(0, nl_ask(nl, &r, NULL, NULL, NULL));
	EXPECT_STRNE("", nl->error);

	/* not a number of a context */
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_CONTEXT, NLM_F_ACK);
	nl_put(&r, CAPIPC_CONTEXT_A_ID, &id, sizeof(id));
	EXPECT_GT(0, nl_ask(nl, &r, NULL, NULL, NULL));
	EXPECT_STRNE("", nl->error);
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_CONTEXT, NLM_F_ACK);
	nl_put(&r, CAPIPC_CONTEXT_A_ID, &none, sizeof(none));
	EXPECT_ERR(ENOENT, nl_ask(nl, &r, NULL, NULL, NULL));
	EXPECT_STRNE("", nl->error);

	/* unknown, and known but not for a request */
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_CONTEXT, NLM_F_ACK);
	nl_put(&r, CAPIPC_CONTEXT_A_ID, &self->server_context, sizeof(id));
	nl_put(&r, 77, &id, sizeof(id));
	EXPECT_ERR(EINVAL, nl_ask(nl, &r, NULL, NULL, NULL));
	EXPECT_STRNE("", nl->error);
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_CONTEXT, NLM_F_ACK);
	nl_put(&r, CAPIPC_CONTEXT_A_ID, &self->server_context, sizeof(id));
	nl_put(&r, CAPIPC_CONTEXT_A_UID, &half, sizeof(half));
	EXPECT_ERR(EINVAL, nl_ask(nl, &r, NULL, NULL, NULL));
	EXPECT_STRNE("", nl->error);

	/* in dumps, too */
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_HANDLE, NLM_F_DUMP);
	nl_put(&r, CAPIPC_HANDLE_A_CONTEXT, &half, sizeof(half));
	EXPECT_GT(0, nl_ask(nl, &r, NULL, NULL, NULL));
	EXPECT_STRNE("", nl->error);
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_HANDLE, NLM_F_DUMP);
	nl_put(&r, CAPIPC_HANDLE_A_CONTEXT, &none, sizeof(none));
	EXPECT_ERR(ENOENT, nl_ask(nl, &r, NULL, NULL, NULL));
	EXPECT_STRNE("", nl->error);
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_CONTEXT, NLM_F_DUMP);
	nl_put(&r, 77, &id, sizeof(id));
	EXPECT_ERR(EINVAL, nl_ask(nl, &r, NULL, NULL, NULL));
	EXPECT_STRNE("", nl->error);

	/* bytes behind the attributes */
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_CONTEXT, NLM_F_ACK);
	nl_put(&r, CAPIPC_CONTEXT_A_ID, &self->server_context, sizeof(id));
	r.head.nlmsg_len += 3;
	EXPECT_ERR(EINVAL, nl_ask(nl, &r, NULL, NULL, NULL));

	/* no such command, and the one that only the kernel sends */
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_MAX + 1, NLM_F_ACK);
	EXPECT_ERR(EOPNOTSUPP, nl_ask(nl, &r, NULL, NULL, NULL));
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_EVENT, NLM_F_ACK);
	EXPECT_ERR(EOPNOTSUPP, nl_ask(nl, &r, NULL, NULL, NULL));
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_HANDLE, NLM_F_ACK);
	EXPECT_ERR(EOPNOTSUPP, nl_ask(nl, &r, NULL, NULL, NULL));

	/* it has done no harm */
	EXPECT_LE(2, nl_count(nl, CAPIPC_CMD_GET_CONTEXT));
}

TEST_HARNESS_MAIN
