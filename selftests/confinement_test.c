// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints that are closed where they may not be received.
 */
#include "capipc_test_invitation.h"
#include "stalled.h"

FIXTURE(confine)
{
	int fd;
	uint32_t h[2];
	struct ipc_message m;
};

FIXTURE_SETUP(confine)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
}

FIXTURE_TEARDOWN(confine)
{
	close(self->fd);
}

static int confine(int fd, uint32_t handle, const struct capipc_rule *rules,
		   uint32_t count)
{
	struct capipc_confine a = {
		.size = sizeof(a),
		.rules = ipc_ptr(rules),
		.rules_count = count,
		.rule_size = sizeof(*rules),
		.handle = handle,
	};

	return ipc_ioctl(fd, CAPIPC_IOC_CONFINE, &a);
}

struct expected {
	uint32_t handles; /* bit n: attachment n arrives */
	uint32_t count;
};

static void receives(struct __test_metadata *_metadata, struct peer *peer)
{
	const struct expected *expected = peer->arg;
	struct ipc_message m;
	uint32_t i;

	ASSERT_OK(ipc_recv(peer->fd, &m));
	ASSERT_EQ(expected->count, m.r.attachments_count);
	for (i = 0; i < expected->count; i++) {
		EXPECT_EQ(CAPIPC_KIND_ENDPOINT, m.att[i].kind);
		if (expected->handles & (1U << i)) {
			EXPECT_NE(0, m.att[i].handle);
			EXPECT_NE(0, m.att[i].rights);
			EXPECT_OK(ipc_send_str(peer->fd, m.att[i].handle, 1,
					       "here"));
		} else {
			EXPECT_EQ(0, m.att[i].handle) TH_LOG("%u", i);
			EXPECT_EQ(0, m.att[i].rights);
		}
	}
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
}

/* Each predicate against a user, in one message. */
TEST_F(confine, predicates)
{
	static const struct capipc_rule rules[] = {
		{ .match = CAPIPC_MATCH_UID, .uid = 1000 },
		{ .match = CAPIPC_MATCH_UID, .uid = 1001 },
		{ .match = CAPIPC_MATCH_GID, .gid = 1000 },
		{ .match = CAPIPC_MATCH_SAME_UID },
		{ .match = CAPIPC_MATCH_SAME_PRIVILEGE },
		{ .match = CAPIPC_MATCH_CAPABILITIES,
		  .capabilities = 1 << CAP_KILL },
		{ .match = 0 },
		{ .match = 0 },
	};
	/* as seen by uid 1000, and by root */
	struct expected user = { 1 | 4 | 64, 9 },
			root = { 8 | 16 | 32 | 64, 9 };
	struct peer peer[2] = {
		{ .fn = receives, .uid = 1000, .arg = &user, .fd = self->fd },
		{ .fn = receives, .arg = &root, .fd = self->fd },
	};
	struct capipc_attachment att[9];
	uint32_t p[9][2];
	int i, n;

	/* the last one is not confined */
	user.handles |= 256;
	root.handles |= 256;
	for (n = 0; n < 2; n++) {
		PEER_START(&peer[n]);
		for (i = 0; i < 9; i++) {
			ASSERT_OK(ipc_create(self->fd, p[i]));
			/* the last but one: by no rule at all */
			if (i < 8)
				ASSERT_OK(confine(self->fd, p[i][1], &rules[i],
						  i < 7));
			att[i] = ipc_attach(p[i][1]);
		}
		ASSERT_OK(ipc_send_full(self->fd, peer[n].ep, 0, NULL, 0, att,
					9));
		ASSERT_OK(sync_wait(peer[n].sock));
		for (i = 0; i < 9; i++) {
			uint32_t here = peer[n].arg == &user ? user.handles :
							       root.handles;

			if (here & (1U << i)) {
				EXPECT_EQ(1, ipc_queued(self->fd, p[i][0]))
				TH_LOG("receiver %d, %d", n, i);
			} else {
				EXPECT_ERR(EPIPE, ipc_send_str(self->fd,
							       p[i][0], 1, "x"))
				TH_LOG("receiver %d, %d", n, i);
			}
			ASSERT_OK(ipc_close(self->fd, p[i][0]));
		}
		ASSERT_OK(sync_post(peer[n].sock));
		PEER_WAIT(&peer[n]);
	}
}

static void passes_on(struct __test_metadata *_metadata, struct peer *peer)
{
	struct ipc_message m;

	ASSERT_OK(ipc_recv(peer->fd, &m));
	ASSERT_NE(0, m.att[0].handle);
	EXPECT_ERR(EBUSY, confine(peer->fd, m.att[0].handle, NULL, 0));
	ASSERT_OK(ipc_send_handle(peer->fd, peer->ep, "for others",
				  m.att[0].handle));
}

/* It stays confined when it is passed on. */
TEST_F(confine, moves_along)
{
	const struct capipc_rule user = { .match = CAPIPC_MATCH_UID,
					  .uid = 1000 };
	struct peer peer = { .fn = passes_on, .uid = 1000, .fd = self->fd };

	PEER_START(&peer);
	ASSERT_OK(confine(self->fd, self->h[1], &user, 1));
	ASSERT_OK(ipc_send_handle(self->fd, peer.ep, "", self->h[1]));
	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	EXPECT_STREQ("for others", self->m.data);
	ASSERT_EQ(1, self->m.r.attachments_count);
	EXPECT_EQ(0, self->m.att[0].handle);
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->h[0], 1, "x"));
	PEER_WAIT(&peer);
}

/* In requests and replies as well; what it had queued goes with it. */
TEST_F(confine, calls_and_replies)
{
	struct capipc_attachment att;
	struct capipc_reply reply = { .attachments = ipc_ptr(&att),
				      .attachments_count = 1 };
	struct async_call c, inside;
	uint32_t p[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(async_call(&c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(confine(self->fd, p[1], NULL, 0));
	ASSERT_OK(async_call(&inside, self->fd, p[0], "?"));
	ASSERT_OK(async_wait_asleep(&inside.async));
	att = ipc_attach(p[1]);
	reply.handle = self->m.r.reply_handle;
	ASSERT_OK(ipc_do_reply(self->fd, &reply));
	ASSERT_OK(async_call_join(&c));
	ASSERT_EQ(1, c.a.reply_attachments_count);
	EXPECT_EQ(0, c.reply_att[0].handle);
	EXPECT_EQ(CAPIPC_KIND_ENDPOINT, c.reply_att[0].kind);
	EXPECT_ERR(ECONNRESET, async_call_join(&inside));
}

/* A receive that fails closes nothing. */
TEST_F(confine, failed_receive)
{
	struct capipc_receive r = { .flags = CAPIPC_NOWAIT };
	struct capipc_attachment att[2];
	uint32_t p[2], q[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	ASSERT_OK(confine(self->fd, p[1], NULL, 0));
	att[0] = ipc_attach(p[1]);
	att[1] = ipc_attach(q[1]);
	ASSERT_OK(ipc_send_full(self->fd, self->h[0], 0, "x", 1, att, 2));
	r.attachments_capacity = 2;
	r.data_capacity = 1;
	EXPECT_ERR(EFAULT, ipc_do_receive(self->fd, &r));
	EXPECT_OK(ipc_trysend(self->fd, p[0], 1, "x", 1));
	EXPECT_EQ(1, ipc_queued(self->fd, self->h[1]));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(0, self->m.att[0].handle);
	EXPECT_OK(ipc_alive(self->fd, self->m.att[1].handle));
	EXPECT_ERR(EPIPE, ipc_trysend(self->fd, p[0], 1, "x", 1));
}

/* There is no other way out: an invitation does not take it. */
TEST_F(confine, not_in_an_invitation)
{
	const struct capipc_rule any = { 0 };
	struct capipc_invited in;
	struct capipc_invite a;

	ASSERT_OK(confine(self->fd, self->h[1], &any, 1));
	ipc_invite_fill(&a, &in, self->h[1]);
	EXPECT_ERR(EPERM, ipc_do_invite(self->fd, &a));
	EXPECT_OK(ipc_alive(self->fd, self->h[1]));
	EXPECT_OK(ipc_send_str(self->fd, self->h[0], 1, "x"));
	ipc_invite_fill(&a, &in, self->h[0]);
	EXPECT_OK(ipc_do_invite(self->fd, &a));
}

TEST_F(confine, errors)
{
	const struct capipc_rule facet = { .facet = 1 };
	const struct capipc_rule ordinal = { .ordinal_last = 1 };
	const struct capipc_rule unchanged = { .match =
						       CAPIPC_MATCH_UNCHANGED };
	const struct capipc_rule any = { 0 };
	struct capipc_confine a = { .size = sizeof(a),
				    .handle = self->h[0],
				    .rule_size = sizeof(any) };
	struct capipc_attachment att;
	struct capipc_inspect i;
	uint32_t listener;
	char name[48];

	EXPECT_ERR(EINVAL, confine(self->fd, self->h[0], &facet, 1));
	EXPECT_ERR(EINVAL, confine(self->fd, self->h[0], &ordinal, 1));
	EXPECT_ERR(EINVAL, confine(self->fd, self->h[0], &unchanged, 1));
	EXPECT_ERR(EINVAL,
		   confine(self->fd, self->h[0], &any, CAPIPC_RULES_MAX + 1));
	EXPECT_ERR(EFAULT, confine(self->fd, self->h[0], NULL, 1));
	EXPECT_ERR(EBADF, confine(self->fd, 0, &any, 1));
	EXPECT_ERR(EBADF, confine(self->fd, 0x7fffffff, &any, 1));
	a.flags = 1;
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_CONFINE, &a));
	a.flags = 0;
	a.reserved = 1;
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_CONFINE, &a));
	a.reserved = 0;
	a.size--;
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_CONFINE, &a));
	snprintf(name, sizeof(name), "selftest/%d/confine", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	EXPECT_ERR(EPROTOTYPE, confine(self->fd, listener, &any, 1));
	ASSERT_OK(ipc_do_inspect(self->fd, self->h[0], &i));
	EXPECT_EQ(0, i.state);
	ASSERT_OK(confine(self->fd, self->h[0], &any, 1));
	EXPECT_ERR(EBUSY, confine(self->fd, self->h[0], &any, 1));
	ASSERT_OK(ipc_do_inspect(self->fd, self->h[0], &i));
	EXPECT_EQ(CAPIPC_INSPECT_CONFINED, i.state);
	/* it needs the right */
	att = ipc_attach_rights(self->h[1], CAPIPC_RIGHT_READ);
	{
		uint32_t p[2];

		ASSERT_OK(ipc_create(self->fd, p));
		ASSERT_OK(ipc_send_full(self->fd, p[0], 0, NULL, 0, &att, 1));
	}
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_ERR(EPERM, confine(self->fd, self->m.att[0].handle, &any, 1));
}

/* ------------------------------------------------- against an invitation */

struct stalled_confine {
	struct async async;
	uint32_t handle;
	const void *rules;
};

static void *stalled_confine_fn(void *arg)
{
	struct stalled_confine *c = arg;

	async_begin(&c->async);
	c->async.ret = confine(c->async.fd, c->handle, c->rules, 1);
	async_end(&c->async);
	return NULL;
}

struct stalled_invite {
	struct async async;
	struct capipc_invite a;
};

static void *stalled_invite_fn(void *arg)
{
	struct stalled_invite *i = arg;

	async_begin(&i->async);
	i->async.ret = ipc_do_invite(i->async.fd, &i->a);
	async_end(&i->async);
	return NULL;
}

/* What is confined while an invitation takes it is not in the invitation. */
TEST_F(confine, against_invite)
{
	static char page[STALL_PAGE];
	struct stalled_confine c = { .async.fd = self->fd,
				     .handle = self->h[1] };
	struct stalled_invite i = { .async.fd = self->fd };
	struct capipc_invited in[2];
	struct stall rules, second;
	uint32_t p[2];
	char *pages;

	ASSERT_OK(ipc_create(self->fd, p));
	pages = mmap(NULL, 2 * STALL_PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_OK(stall_make(&rules));
	ASSERT_OK(stall_make_at(&second, pages + STALL_PAGE));

	c.rules = rules.page;
	ASSERT_OK(
		-pthread_create(&c.async.thread, NULL, stalled_confine_fn, &c));
	ASSERT_OK(stall_wait(&rules));
	ipc_invite_fill(&i.a, &in[1], p[1]);
	in[1].name = 2;
	ipc_invite_fill(&i.a, &in[0], self->h[1]);
	memcpy(pages + STALL_PAGE - sizeof(in[0]), &in[0], sizeof(in[0]));
	i.a.attachments = ipc_ptr(pages + STALL_PAGE - sizeof(in[0]));
	i.a.attachments_count = 2;
	ASSERT_OK(
		-pthread_create(&i.async.thread, NULL, stalled_invite_fn, &i));
	ASSERT_OK(stall_wait(&second));

	/* a rule that nobody meets, then the other handle */
	*(struct capipc_rule *)page =
		(struct capipc_rule){ .match = CAPIPC_MATCH_UID, .uid = 4711 };
	ASSERT_OK(stall_serve(rules.uffd, ipc_ptr(rules.page), page));
	EXPECT_OK(async_join(&c.async));
	memset(page, 0, sizeof(page));
	memcpy(page, &in[1], sizeof(in[1]));
	ASSERT_OK(stall_serve(second.uffd, ipc_ptr(second.page), page));
	EXPECT_ERR(EPERM, async_join(&i.async));
	/* as if it had never been tried */
	EXPECT_OK(ipc_send_str(self->fd, self->h[1], 1, "x"));
	EXPECT_OK(ipc_send_str(self->fd, p[1], 1, "x"));
	close(rules.uffd);
	close(second.uffd);
}

TEST_HARNESS_MAIN
