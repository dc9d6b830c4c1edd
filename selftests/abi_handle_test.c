// SPDX-License-Identifier: GPL-2.0
/*
 * Bad handles to every request that takes one: 0, stale, made up, of another
 * context, of the wrong kind, without the right. And numbers beyond limits.
 */
#include "abi.h"

FIXTURE(bad)
{
	struct abi_world w;
	uint32_t other; /* a handle in another context */
	int other_fd;
	/* one of each kind, all in w.fd */
	uint32_t endpoint;
	uint32_t listener;
	uint32_t reply;
	uint32_t call;
	struct async_call pending;
	struct async_call waiting;
};

FIXTURE_SETUP(bad)
{
	struct abi_world *w = &self->w;
	uint32_t h[2], p[2], q[2];
	struct ipc_message m;
	char name[64];

	ASSERT_OK(abi_world_make(w));
	self->other_fd = ipc_open();
	ASSERT_GE(self->other_fd, 0);
	ASSERT_OK(ipc_create(w->fd, h));
	self->endpoint = h[0];
	snprintf(name, sizeof(name), "selftest/%d/bad", getpid());
	ASSERT_OK(ipc_listen(w->fd, name, &self->listener));
	ASSERT_OK(ipc_create(w->fd, p));
	ASSERT_OK(async_call_pending(&self->pending, w->fd, p[0], "pending"));
	self->call = self->pending.a.pending;
	ASSERT_OK(ipc_create(w->fd, q));
	ASSERT_OK(async_call(&self->waiting, w->fd, q[0], "waiting"));
	ASSERT_OK(ipc_recv_from(w->fd, q[1], &m));
	self->reply = m.r.reply_handle;
}

FIXTURE_TEARDOWN(bad)
{
	abi_end_call(&self->w);
	ipc_close(self->w.fd, self->reply);
	if (self->waiting.async.fd)
		async_call_join(&self->waiting);
	close(self->other_fd);
	close(self->w.fd);
}

static void refuse_handle(struct __test_metadata *_metadata,
			  struct abi_world *w, const struct abi_request *r,
			  uint32_t handle, int err)
{
	union any_request a;

	ASSERT_OK(abi_prepare(w, r, &a)) TH_LOG("%s", r->name);
	*abi_u32(&a, r->handle) = handle;
	EXPECT_ERR(err, ipc_ioctl(w->fd, r->cmd, &a))
	TH_LOG("%s with handle %#x", r->name, handle);
	if (r->cmd == CAPIPC_IOC_CALL)
		EXPECT_EQ(CAPIPC_CALL_UNSENT, a.call.state);
	EXPECT_OK(abi_unchanged(w, r))
	TH_LOG("%s with handle %#x", r->name, handle);
}

TEST_F(bad, no_such_handle)
{
	struct abi_world *w = &self->w;
	const struct abi_request *r;
	uint32_t stale[2], alien[2];
	int i;

	ASSERT_OK(ipc_create(w->fd, stale));
	ASSERT_OK(ipc_close(w->fd, stale[0]));
	ASSERT_OK(ipc_close(w->fd, stale[1]));
	/* in the other context, with a number that this one does not have */
	for (i = 0; i < 1000; i++) {
		ASSERT_OK(ipc_create(self->other_fd, alien));
		if (ipc_alive(w->fd, alien[0]) == -EBADF)
			break;
	}
	ASSERT_LT(i, 1000);

	for (r = abi_requests; r < abi_requests_end; r++) {
		if (r->handle == ABI_NONE)
			continue;
		/* 0 is "all" for receive, and "the name" for explain */
		if (r->cmd == CAPIPC_IOC_EXPLAIN)
			refuse_handle(_metadata, w, r, 0, EINVAL);
		else if (r->cmd != CAPIPC_IOC_RECEIVE &&
			 r->cmd != CAPIPC_IOC_RECEIVE_BATCH)
			refuse_handle(_metadata, w, r, 0, EBADF);
		refuse_handle(_metadata, w, r, stale[0], EBADF);
		refuse_handle(_metadata, w, r, alien[0], EBADF);
		refuse_handle(_metadata, w, r, 0xffffffff, EBADF);
		refuse_handle(_metadata, w, r, 0x7fffffff, EBADF);
		/* the slot is there, the generation is not */
		for (i = 16; i < 32; i++)
			if (i >= 20)
				refuse_handle(_metadata, w, r,
					      w->h[0] ^ (1U << i), EBADF);
	}
}

/* Which kinds a request works on: bit n for kind n. */
static uint32_t kinds(unsigned long cmd)
{
	switch (cmd) {
	case CAPIPC_IOC_CLOSE:
	case CAPIPC_IOC_INSPECT:
	case CAPIPC_IOC_REPLACE:
		return ~0U;
	case CAPIPC_IOC_TAG:
	case CAPIPC_IOC_RECEIVE:
	case CAPIPC_IOC_RECEIVE_BATCH:
		return 1U << CAPIPC_KIND_ENDPOINT | 1U << CAPIPC_KIND_LISTENER |
		       1U << CAPIPC_KIND_PRODUCER | 1U << CAPIPC_KIND_CONSUMER;
	case CAPIPC_IOC_DUPLICATE:
		return 1U << CAPIPC_KIND_BUFFER;
	case CAPIPC_IOC_SIGNAL:
		return 1U << CAPIPC_KIND_PRODUCER | 1U << CAPIPC_KIND_CONSUMER;
	case CAPIPC_IOC_REPLY:
		return 1U << CAPIPC_KIND_REPLY;
	case CAPIPC_IOC_QUERY:
	case CAPIPC_IOC_REPORT:
		return 1U << CAPIPC_KIND_ENDPOINT | 1U << CAPIPC_KIND_REPLY;
	default:
		return 1U << CAPIPC_KIND_ENDPOINT;
	}
}

TEST_F(bad, wrong_kind)
{
	uint32_t handle[] = {
		[CAPIPC_KIND_ENDPOINT] = self->endpoint,
		[CAPIPC_KIND_LISTENER] = self->listener,
		[CAPIPC_KIND_REPLY] = self->reply,
		[CAPIPC_KIND_CALL] = self->call,
		[CAPIPC_KIND_CONSUMER] = 0,
	};
	struct abi_world *w = &self->w;
	const struct abi_request *r;
	struct capipc_inspect a;
	uint32_t kind;

	ASSERT_OK(ipc_buffer(w->fd, 1, &handle[CAPIPC_KIND_BUFFER]));
	ASSERT_OK(ipc_data_pipe(w->fd, 1, 1, &handle[CAPIPC_KIND_PRODUCER]));
	for (kind = CAPIPC_KIND_ENDPOINT; kind <= CAPIPC_KIND_CONSUMER;
	     kind++) {
		if (!handle[kind])
			continue; /* file descriptors are no handles */
		ASSERT_OK(ipc_do_inspect(w->fd, handle[kind], &a));
		ASSERT_EQ(kind, a.kind);
		for (r = abi_requests; r < abi_requests_end; r++) {
			if (r->handle == ABI_NONE ||
			    kinds(r->cmd) & (1U << kind))
				continue;
			/* what cannot be duplicated lacks the right */
			refuse_handle(_metadata, w, r, handle[kind],
				      r->cmd == CAPIPC_IOC_DUPLICATE ?
					      EPERM :
					      EPROTOTYPE);
		}
		EXPECT_OK(ipc_do_inspect(w->fd, handle[kind], &a));
		EXPECT_EQ(kind, a.kind);
	}
}

/* The "pending" of a call is a handle too. */
TEST_F(bad, pending)
{
	const uint32_t wrong[] = { self->endpoint, self->listener,
				   self->reply };
	struct abi_world *w = &self->w;
	const struct abi_request *r = abi_request(CAPIPC_IOC_CALL);
	union any_request a;
	uint32_t stale[2];
	size_t i;

	ASSERT_OK(ipc_create(w->fd, stale));
	ASSERT_OK(ipc_close(w->fd, stale[0]));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		ASSERT_OK(abi_prepare(w, r, &a));
		a.call.pending = wrong[i];
		EXPECT_ERR(EPROTOTYPE, ipc_ioctl(w->fd, r->cmd, &a));
		EXPECT_OK(abi_unchanged(w, r));
	}
	ASSERT_OK(abi_prepare(w, r, &a));
	a.call.pending = stale[0];
	EXPECT_ERR(EBADF, ipc_ioctl(w->fd, r->cmd, &a));
	a.call.pending = 0xfffffff0;
	EXPECT_ERR(EBADF, ipc_ioctl(w->fd, r->cmd, &a));
	EXPECT_OK(abi_unchanged(w, r));
	EXPECT_OK(ipc_alive(w->fd, self->call));
}

/* What each request needs: a handle with all rights but that is EPERM. */
TEST_F(bad, right_missing)
{
	static const struct {
		unsigned long cmd;
		uint32_t right;
	} needs[] = {
		{ CAPIPC_IOC_SEND, CAPIPC_RIGHT_WRITE },
		{ CAPIPC_IOC_CALL, CAPIPC_RIGHT_WRITE },
		{ CAPIPC_IOC_EXPLAIN, CAPIPC_RIGHT_WRITE },
		{ CAPIPC_IOC_RECEIVE, CAPIPC_RIGHT_READ },
		{ CAPIPC_IOC_REPORT, CAPIPC_RIGHT_READ },
		{ CAPIPC_IOC_RESTRICT, CAPIPC_RIGHT_ADMIN },
	};
	struct abi_world *w = &self->w;
	struct capipc_attachment att;
	struct ipc_message m;
	uint32_t carrier[2], h[2];
	size_t i;

	ASSERT_OK(ipc_create(w->fd, carrier));
	for (i = 0; i < ARRAY_SIZE(needs); i++) {
		ASSERT_OK(ipc_create(w->fd, h));
		ASSERT_OK(ipc_send_str(w->fd, h[1], 3, "waits"));
		att = ipc_attach_rights(h[0],
					IPC_RIGHTS_ENDPOINT & ~needs[i].right);
		ASSERT_OK(
			ipc_send_full(w->fd, carrier[0], 0, NULL, 0, &att, 1));
		ASSERT_OK(ipc_recv_from(w->fd, carrier[1], &m));
		ASSERT_EQ(1, m.r.attachments_count);
		refuse_handle(_metadata, w, abi_request(needs[i].cmd),
			      m.att[0].handle, EPERM);
		EXPECT_EQ(1, ipc_queued(w->fd, m.att[0].handle));
		EXPECT_EQ(0, ipc_queued(w->fd, h[1]));
	}
}

TEST_F(bad, attachments)
{
	struct abi_world *w = &self->w;
	const struct {
		uint32_t handle;
		int err;
	} cases[] = {
		{ 0, EBADF },
		{ 0xffffffff, EBADF },
		{ w->h[0] ^ (1U << 25), EBADF },
		{ self->call, EPERM },
	};
	static const unsigned long cmds[] = { CAPIPC_IOC_SEND, CAPIPC_IOC_CALL,
					      CAPIPC_IOC_REPLY };
	const struct abi_request *r;
	union any_request a;
	uint32_t h[2];
	size_t i, j;
	int pos;

	ASSERT_OK(ipc_create(w->fd, h));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (j = 0; j < ARRAY_SIZE(cmds); j++) {
			for (pos = 0; pos < 3; pos++) {
				r = abi_request(cmds[j]);
				ASSERT_OK(abi_prepare(w, r, &a));
				w->att[pos] = ipc_attach(cases[i].handle);
				w->att[(pos + 1) % 3] = ipc_attach(h[0]);
				w->att[(pos + 2) % 3] = ipc_attach(h[1]);
				if (r->cmd == CAPIPC_IOC_REPLY) {
					a.reply.attachments = ipc_ptr(w->att);
					a.reply.attachments_count = 3;
				} else if (r->cmd == CAPIPC_IOC_CALL) {
					a.call.attachments = ipc_ptr(w->att);
					a.call.attachments_count = 3;
				} else {
					a.send.attachments = ipc_ptr(w->att);
					a.send.attachments_count = 3;
				}
				EXPECT_ERR(cases[i].err,
					   ipc_ioctl(w->fd, r->cmd, &a))
				TH_LOG("%s, case %zu at %d", r->name, i, pos);
				EXPECT_OK(abi_unchanged(w, r));
				EXPECT_OK(ipc_alive(w->fd, h[0]));
				EXPECT_OK(ipc_alive(w->fd, h[1]));
			}
		}
	}
}

/* ------------------------------------------------------- numbers and limits */

static void refuse_value(struct __test_metadata *_metadata, struct abi_world *w,
			 unsigned long cmd, uint32_t offset, uint32_t value,
			 int err)
{
	const struct abi_request *r = abi_request(cmd);
	union any_request a;

	ASSERT_OK(abi_prepare(w, r, &a));
	*abi_u32(&a, offset) = value;
	EXPECT_ERR(err, ipc_ioctl(w->fd, cmd, &a))
	TH_LOG("%s, %#x at offset %u", r->name, value, offset);
	EXPECT_OK(abi_unchanged(w, r))
	TH_LOG("%s, %#x at offset %u", r->name, value, offset);
}

TEST_F(bad, counts)
{
	static const struct {
		unsigned long cmd;
		uint32_t offset;
		uint32_t max;
		int err;
	} limits[] = {
		{ CAPIPC_IOC_SEND, ABI_OFF(send, data_len), CAPIPC_MESSAGE_MAX,
		  EMSGSIZE },
		{ CAPIPC_IOC_SEND, ABI_OFF(send, attachments_count),
		  CAPIPC_ATTACHMENTS_MAX, EINVAL },
		{ CAPIPC_IOC_CALL, ABI_OFF(call, data_len), CAPIPC_MESSAGE_MAX,
		  EMSGSIZE },
		{ CAPIPC_IOC_CALL, ABI_OFF(call, attachments_count),
		  CAPIPC_ATTACHMENTS_MAX, EINVAL },
		{ CAPIPC_IOC_REPLY, ABI_OFF(reply, data_len),
		  CAPIPC_MESSAGE_MAX, EMSGSIZE },
		{ CAPIPC_IOC_REPLY, ABI_OFF(reply, attachments_count),
		  CAPIPC_ATTACHMENTS_MAX, EINVAL },
		{ CAPIPC_IOC_LISTEN, ABI_OFF(listen, name_len), CAPIPC_NAME_MAX,
		  ENAMETOOLONG },
		{ CAPIPC_IOC_LISTEN, ABI_OFF(listen, rules_count),
		  CAPIPC_RULES_MAX, EINVAL },
		{ CAPIPC_IOC_LISTEN, ABI_OFF(listen, endpoint_rules_count),
		  CAPIPC_RULES_MAX, EINVAL },
		{ CAPIPC_IOC_LISTEN, ABI_OFF(listen, backlog), 1024, EINVAL },
		{ CAPIPC_IOC_CONNECT, ABI_OFF(connect, name_len),
		  CAPIPC_NAME_MAX, ENAMETOOLONG },
		{ CAPIPC_IOC_RESTRICT, ABI_OFF(restrict, rules_count),
		  CAPIPC_RULES_MAX, EINVAL },
		{ CAPIPC_IOC_REPORT, ABI_OFF(report, reason_len),
		  CAPIPC_REASON_MAX, EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		const uint32_t values[] = { limits[i].max + 1, 0x10000000,
					    0x7fffffff,	       0x80000000,
					    0xfffffff0,	       0xffffffff };
		size_t j;

		for (j = 0; j < ARRAY_SIZE(values); j++)
			refuse_value(_metadata, &self->w, limits[i].cmd,
				     limits[i].offset, values[j],
				     limits[i].err);
	}
}

TEST_F(bad, zeros)
{
	struct abi_world *w = &self->w;

	refuse_value(_metadata, w, CAPIPC_IOC_LISTEN, ABI_OFF(listen, name_len),
		     0, EINVAL);
	refuse_value(_metadata, w, CAPIPC_IOC_LISTEN, ABI_OFF(listen, backlog),
		     0, EINVAL);
	refuse_value(_metadata, w, CAPIPC_IOC_LISTEN,
		     ABI_OFF(listen, rule_size), 0, EINVAL);
	refuse_value(_metadata, w, CAPIPC_IOC_LISTEN,
		     ABI_OFF(listen, rule_size), sizeof(struct capipc_rule) - 1,
		     EINVAL);
	refuse_value(_metadata, w, CAPIPC_IOC_CONNECT,
		     ABI_OFF(connect, name_len), 0, EINVAL);
	refuse_value(_metadata, w, CAPIPC_IOC_RESTRICT,
		     ABI_OFF(restrict, rule_size), 0, EINVAL);
	refuse_value(_metadata, w, CAPIPC_IOC_RESTRICT,
		     ABI_OFF(restrict, rule_size), 8, EINVAL);
}

/* The largest numbers that are fine. */
TEST_F(bad, maxima)
{
	struct abi_world *w = &self->w;
	struct capipc_rule *rules = calloc(CAPIPC_RULES_MAX, sizeof(*rules));
	char *name = malloc(CAPIPC_NAME_MAX);
	struct capipc_listen l = {
		.name = ipc_ptr(name),
		.name_len = CAPIPC_NAME_MAX,
		.rules = ipc_ptr(rules),
		.rules_count = CAPIPC_RULES_MAX,
		.endpoint_rules = ipc_ptr(rules),
		.endpoint_rules_count = CAPIPC_RULES_MAX,
		.rule_size = sizeof(*rules),
		.backlog = 1024,
	};
	struct capipc_connect c = { .name = ipc_ptr(name),
				    .name_len = CAPIPC_NAME_MAX };
	struct capipc_restrict r = { .rules = ipc_ptr(rules),
				     .rules_count = CAPIPC_RULES_MAX,
				     .rule_size = sizeof(*rules) };
	uint32_t h[2];

	memset(name, 'n', CAPIPC_NAME_MAX);
	EXPECT_OK(ipc_do_listen(w->fd, &l));
	EXPECT_OK(ipc_do_connect(w->fd, &c));
	ASSERT_OK(ipc_create(w->fd, h));
	r.handle = h[0];
	EXPECT_OK(ipc_do_restrict(w->fd, &r));
}

/* Room that is more than anything could need. */
TEST_F(bad, capacities)
{
	struct abi_world *w = &self->w;
	struct ipc_message m;
	union any_request a;
	const struct abi_request *r = abi_request(CAPIPC_IOC_RECEIVE);

	ASSERT_OK(abi_prepare(w, r, &a));
	a.receive.data_capacity = 0xffffffff;
	a.receive.attachments_capacity = 0xffffffff;
	EXPECT_OK(ipc_ioctl(w->fd, r->cmd, &a));

	/* with a call it says what the caller pays for */
	refuse_value(_metadata, w, CAPIPC_IOC_CALL,
		     ABI_OFF(call, reply_capacity), CAPIPC_MESSAGE_MAX + 1,
		     EINVAL);
	refuse_value(_metadata, w, CAPIPC_IOC_CALL,
		     ABI_OFF(call, reply_capacity), 0xffffffff, EINVAL);
	refuse_value(_metadata, w, CAPIPC_IOC_CALL,
		     ABI_OFF(call, reply_attachments_capacity),
		     CAPIPC_ATTACHMENTS_MAX + 1, EINVAL);
	refuse_value(_metadata, w, CAPIPC_IOC_CALL,
		     ABI_OFF(call, reply_attachments_capacity), 0xffffffff,
		     EINVAL);
	/* h[1] still has what it had */
	EXPECT_OK(ipc_tryrecv_from(w->fd, w->h[1], &m));
	EXPECT_STREQ("first", m.data);
}

TEST_HARNESS_MAIN
