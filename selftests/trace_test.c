// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints: each tells what happens, by the numbers that dumps tell, and nothing
 * else. What the kernel had in its trace before is lost.
 */
#include "capipc_test_netlink.h"

#define TRACING "/sys/kernel/tracing"
#define EVENTS	TRACING "/events/capipc"

FIXTURE(trace)
{
	struct actor server, client;
	char name[64];
	__u32 listener, client_end, server_end;
	__u64 server_context, client_context, pipe, listener_id;
	char *text;
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

#define TEXT_MAX (1 << 20)

FIXTURE_SETUP(trace)
{
	strcpy(self->name, fresh_name());
	self->text = malloc(TEXT_MAX);
	ASSERT_TRUE(!!self->text);
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
	self->server_context = context_of(&self->server);
	self->client_context = context_of(&self->client);
	self->listener_id = object_of(&self->server, self->listener);
	ASSERT_OK(put_text(TRACING "/trace", "\n"));
	ASSERT_OK(put_text(EVENTS "/enable", "1"));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	self->pipe = object_of(&self->client, self->client_end);
}

FIXTURE_TEARDOWN(trace)
{
	EXPECT_OK(put_text(EVENTS "/enable", "0"));
	actor_stop(&self->server);
	actor_stop(&self->client);
	free(self->text);
}

/* All that has been traced so far. */
static int read_trace(FIXTURE_DATA(trace) * self)
{
	int fd = open(TRACING "/trace", O_RDONLY | O_CLOEXEC);
	int len = 0, n;

	if (fd < 0)
		return -errno;
	while (len < TEXT_MAX - 1 &&
	       (n = read(fd, self->text + len, TEXT_MAX - 1 - len)) > 0)
		len += n;
	self->text[len] = 0;
	close(fd);
	return len;
}

/* How many lines of the trace have this at their end. */
static __attribute__((format(printf, 2, 3))) int
traced(FIXTURE_DATA(trace) * self, const char *fmt, ...)
{
	char want[256], *line = self->text, *end, *at;
	int n = 0, len;
	va_list ap;

	va_start(ap, fmt);
	len = vsnprintf(want, sizeof(want), fmt, ap);
	va_end(ap);
	while ((end = strchr(line, '\n'))) {
		*end = 0;
		at = strstr(line, want);
		n += at && !at[len];
		*end = '\n';
		line = end + 1;
	}
	return n;
}

TEST_F(trace, connecting)
{
	ASSERT_LT(0, read_trace(self));
	EXPECT_EQ(
		1,
		traced(self,
		       "capipc_connect: context=%llu listener=%llu pipe=%llu facet=0",
		       self->client_context, self->listener_id, self->pipe));
	EXPECT_EQ(
		1,
		traced(self,
		       "capipc_accept: context=%llu listener=%llu pipe=%llu facet=0",
		       self->server_context, self->listener_id, self->pipe));
	EXPECT_EQ(
		1,
		traced(self,
		       "capipc_receive: context=%llu object=%llu type=connection handle=0x%08x ordinal=0 len=0 attachments=0",
		       self->server_context, self->listener_id,
		       self->listener));
}

TEST_F(trace, messages)
{
	struct capipc_receive r;
	__u32 spare[2];
	__u64 id;

	ASSERT_OK(actor_create(&self->client, spare));
	id = object_of(&self->client, spare[0]);
	ASSERT_OK(actor_send_all(&self->client, self->client_end, 77, 123,
				 spare[0], CAPIPC_RIGHTS_SAME));
	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	ASSERT_OK(actor_close(&self->client, spare[1]));
	ASSERT_LT(0, read_trace(self));
	EXPECT_EQ(
		1,
		traced(self,
		       "capipc_send: context=%llu pipe=%llu.0 type=message ordinal=77 len=123 attachments=1",
		       self->client_context, self->pipe));
	EXPECT_EQ(
		1,
		traced(self,
		       "capipc_receive: context=%llu object=%llu type=message handle=0x%08x ordinal=77 len=123 attachments=1",
		       self->server_context, self->pipe, self->server_end));
	EXPECT_EQ(
		1,
		traced(self,
		       "capipc_transfer: pipe=%llu.0 enters context=%llu handle=0x%08x new",
		       id, self->client_context, spare[0]));
	EXPECT_EQ(
		1,
		traced(self,
		       "capipc_transfer: pipe=%llu.0 leaves context=%llu handle=0x%08x",
		       id, self->client_context, spare[0]));
	EXPECT_EQ(
		1,
		traced(self,
		       "capipc_transfer: pipe=%llu.0 enters context=%llu handle=0x%08x",
		       id, self->server_context,
		       self->server.page->in[0].handle));
	EXPECT_EQ(1, traced(self,
			    "capipc_close: pipe=%llu.1 context=%llu queued=0",
			    id, self->client_context));
}

/* Each of a batch is told, as if it were alone. */
TEST_F(trace, batches)
{
	struct capipc_batched *what = (void *)self->client.page->data;
	struct capipc_batched *got = (void *)self->server.page->data;
	struct capipc_send_batch s = {
		.size = sizeof(s),
		.messages = ipc_ptr(what),
		.data = ipc_ptr(what),
		.data_len = 30,
		.count = 3,
		.handle = self->client_end,
	};
	struct capipc_receive_batch r = {
		.size = sizeof(r),
		.messages = ipc_ptr(got),
		.data = ipc_ptr(got + 16),
		.data_capacity = 25,
		.count_capacity = 16,
	};
	int i;

	for (i = 0; i < 3; i++)
		what[i] = (struct capipc_batched){ 80 + i, 9 + i };
	ASSERT_OK(ACTOR_IOCTL(&self->client, SEND_BATCH, &s));
	ASSERT_OK(ACTOR_IOCTL(&self->server, RECEIVE_BATCH, &r));
	ASSERT_EQ(2, r.count);
	ASSERT_LT(0, read_trace(self));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(
			1,
			traced(self,
			       "capipc_send: context=%llu pipe=%llu.0 type=message ordinal=%u len=%u attachments=0",
			       self->client_context, self->pipe, 80 + i,
			       9 + i));
		EXPECT_EQ(
			i < 2,
			traced(self,
			       "capipc_receive: context=%llu object=%llu type=message handle=0x%08x ordinal=%u len=%u attachments=0",
			       self->server_context, self->pipe,
			       self->server_end, 80 + i, 9 + i));
	}
}

TEST_F(trace, calls)
{
	struct capipc_receive r;
	struct capipc_call c;

	ASSERT_OK(actor_call_begin(&self->client, self->client_end, 8));
	ASSERT_OK(actor_receive(&self->server, self->server_end, &r));
	ASSERT_OK(actor_reply(&self->server, r.reply_handle));
	ASSERT_OK(actor_call_end(&self->client, &c));
	ASSERT_LT(0, read_trace(self));
	EXPECT_EQ(
		1,
		traced(self,
		       "capipc_send: context=%llu pipe=%llu.0 type=call ordinal=8 len=4 attachments=0",
		       self->client_context, self->pipe));
	EXPECT_EQ(
		1,
		traced(self,
		       "capipc_reply: context=%llu pipe=%llu len=4 attachments=0",
		       self->server_context, self->pipe));
	EXPECT_EQ(
		1,
		traced(self,
		       "capipc_call: context=%llu handle=0x%08x pending=0x00000000 ordinal=8 state=answered len=4 reply_len=4 ret=0",
		       self->client_context, self->client_end));
}

TEST_F(trace, denials_and_losses)
{
	const struct capipc_rule rule = { .ordinal_last = 1 };
	const struct listen_options nobody = {
		.rules = self->server.page->rules
	};
	int size = 1, i;
	struct nl_request r;
	__u32 listener, end;
	char name[64];
	struct nl nl;
	__u64 id;

	strcpy(name, fresh_name());
	ASSERT_OK(actor_listen(&self->server, name, &nobody, &listener));
	id = object_of(&self->server, listener);
	ASSERT_ERR(EACCES, actor_connect(&self->client, name, &end));
	ASSERT_OK(actor_restrict(&self->server, self->server_end, &rule, 1));
	ASSERT_ERR(EACCES, actor_send(&self->client, self->client_end, 9));

	ASSERT_OK(nl_open(&nl));
	nl_prepare(&nl, &r, nl.family, CAPIPC_CMD_SUBSCRIBE, NLM_F_ACK);
	ASSERT_OK(nl_ask(&nl, &r, NULL, NULL, NULL));
	ASSERT_EQ(0, setsockopt(nl.sock, SOL_SOCKET, SO_RCVBUF, &size,
				sizeof(size)));
	for (i = 0; i < 20; i++)
		ASSERT_ERR(EACCES,
			   actor_send(&self->client, self->client_end, 9));
	nl_close(&nl);

	ASSERT_LT(0, read_trace(self));
	EXPECT_EQ(
		1,
		traced(self,
		       "capipc_deny: context=%llu list=listener object=%llu ordinal=0",
		       self->client_context, id));
	EXPECT_EQ(
		21,
		traced(self,
		       "capipc_deny: context=%llu list=endpoint object=%llu ordinal=9",
		       self->client_context, self->pipe));
	EXPECT_TRUE(!!strstr(self->text, "capipc_event_lost: type=3 portid="));
}

/* No kernel address is told; and nothing at all when it is off. */
TEST_F(trace, discreet)
{
	struct capipc_receive r;
	char *at;
	int n;

	ASSERT_OK(actor_send(&self->client, self->client_end, 1));
	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	n = read_trace(self);
	ASSERT_LT(0, n);
	for (at = self->text; *at; at++)
		if (strspn(at, "0123456789abcdef") >= 12) {
			TH_LOG("%.40s", at);
			EXPECT_GT(12, strspn(at, "0123456789abcdef"));
			break;
		}
	ASSERT_OK(put_text(EVENTS "/enable", "0"));
	ASSERT_OK(actor_send(&self->client, self->client_end, 1));
	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	EXPECT_EQ(n, read_trace(self));
}

TEST_HARNESS_MAIN
