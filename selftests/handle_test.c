// SPDX-License-Identifier: GPL-2.0
/*
 * Handles: what they name, for how long, in which context, with which rights.
 */
#include "async.h"

FIXTURE(handle)
{
	int fd;
	uint32_t h[2];
	struct ipc_message m;
};

FIXTURE_SETUP(handle)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
}

FIXTURE_TEARDOWN(handle)
{
	close(self->fd);
}

TEST_F(handle, distinct_and_not_zero)
{
	uint32_t h[200][2];
	int i, j;

	for (i = 0; i < 200; i++) {
		ASSERT_OK(ipc_create(self->fd, h[i]));
		EXPECT_NE(0, h[i][0]);
		EXPECT_NE(0, h[i][1]);
		EXPECT_NE(h[i][0], h[i][1]);
		for (j = 0; j < i; j++) {
			EXPECT_NE(h[j][0], h[i][0]);
			EXPECT_NE(h[j][1], h[i][0]);
			EXPECT_NE(h[j][0], h[i][1]);
			EXPECT_NE(h[j][1], h[i][1]);
		}
	}
	EXPECT_ERR(EBADF, ipc_close(self->fd, 0));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, 0));
}

TEST_F(handle, inspect)
{
	struct capipc_inspect a, b;

	ASSERT_OK(ipc_do_inspect(self->fd, self->h[0], &a));
	EXPECT_EQ(CAPIPC_KIND_ENDPOINT, a.kind);
	EXPECT_EQ(IPC_RIGHTS_ENDPOINT, a.rights);
	EXPECT_EQ(0, a.state);
	EXPECT_EQ(0, a.queued);
	EXPECT_EQ(0, a.facet);
	EXPECT_EQ(0, a.cookie);
	EXPECT_NE(0, a.object_id);
	EXPECT_NE(IPC_POISON64, a.object_id);
	/* the pipe has one number */
	ASSERT_OK(ipc_do_inspect(self->fd, self->h[1], &b));
	EXPECT_EQ(a.object_id, b.object_id);

	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "1"));
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "2"));
	ASSERT_OK(ipc_do_inspect(self->fd, self->h[1], &b));
	EXPECT_EQ(2, b.queued);
	ASSERT_OK(ipc_close(self->fd, self->h[0]));
	ASSERT_OK(ipc_do_inspect(self->fd, self->h[1], &b));
	EXPECT_EQ(2, b.queued);
	EXPECT_EQ(CAPIPC_INSPECT_PEER_CLOSED, b.state);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(ipc_do_inspect(self->fd, self->h[1], &b));
	EXPECT_EQ(1, b.queued);
}

TEST_F(handle, inspect_rules)
{
	struct capipc_restrict r = { .handle = self->h[0],
				     .rule_size = sizeof(struct capipc_rule) };
	struct capipc_inspect a;

	ASSERT_OK(ipc_do_restrict(self->fd, &r));
	ASSERT_OK(ipc_do_inspect(self->fd, self->h[0], &a));
	EXPECT_EQ(CAPIPC_INSPECT_RULES, a.state);
	ASSERT_OK(ipc_do_inspect(self->fd, self->h[1], &a));
	EXPECT_EQ(0, a.state);
	ASSERT_OK(ipc_close(self->fd, self->h[1]));
	ASSERT_OK(ipc_do_inspect(self->fd, self->h[0], &a));
	EXPECT_EQ(CAPIPC_INSPECT_RULES | CAPIPC_INSPECT_PEER_CLOSED, a.state);
}

TEST_F(handle, inspect_other_kinds)
{
	struct async_call pending, waiting;
	struct capipc_inspect a;
	uint32_t listener, ep, p[2], q[2];
	char name[48];

	snprintf(name, sizeof(name), "selftest/%d/inspect", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(ipc_do_inspect(self->fd, listener, &a));
	EXPECT_EQ(CAPIPC_KIND_LISTENER, a.kind);
	EXPECT_EQ(IPC_RIGHTS_LISTENER, a.rights);
	EXPECT_EQ(0, a.state);
	EXPECT_EQ(0, a.queued);
	EXPECT_NE(0, a.object_id);
	ASSERT_OK(ipc_connect(self->fd, name, &ep));
	ASSERT_OK(ipc_do_inspect(self->fd, listener, &a));
	EXPECT_EQ(1, a.queued);

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(async_call_pending(&pending, self->fd, p[0], "x"));
	ASSERT_OK(ipc_do_inspect(self->fd, pending.a.pending, &a));
	EXPECT_EQ(CAPIPC_KIND_CALL, a.kind);
	EXPECT_EQ(CAPIPC_RIGHT_READ, a.rights);
	EXPECT_EQ(0, a.queued);
	EXPECT_EQ(0, a.object_id);

	ASSERT_OK(ipc_create(self->fd, q));
	ASSERT_OK(async_call(&waiting, self->fd, q[0], "x"));
	ASSERT_OK(ipc_recv_from(self->fd, q[1], &self->m));
	ASSERT_OK(ipc_do_inspect(self->fd, self->m.r.reply_handle, &a));
	EXPECT_EQ(CAPIPC_KIND_REPLY, a.kind);
	EXPECT_EQ(CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER, a.rights);
	EXPECT_EQ(0, a.object_id);
	EXPECT_EQ(0, a.cookie);
	EXPECT_OK(ipc_close(self->fd, self->m.r.reply_handle));
	EXPECT_ERR(ECONNRESET, async_call_join(&waiting));
}

TEST_F(handle, close_of_each_kind)
{
	struct async_call pending;
	uint32_t listener, ep, p[2];
	char name[48];

	/* an endpoint */
	EXPECT_OK(ipc_close(self->fd, self->h[0]));
	EXPECT_ERR(EBADF, ipc_close(self->fd, self->h[0]));
	EXPECT_ERR(EBADF, ipc_send_str(self->fd, self->h[0], 1, "x"));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->h[1], 1, "x"));

	/* a listener: the name is free, who waits for it is closed */
	snprintf(name, sizeof(name), "selftest/%d/closed", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(ipc_connect(self->fd, name, &ep));
	EXPECT_OK(ipc_close(self->fd, listener));
	EXPECT_ERR(EBADF, ipc_close(self->fd, listener));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, ep, 1, "x"));
	EXPECT_ERR(ENOENT, ipc_connect(self->fd, name, &ep));
	EXPECT_OK(ipc_listen(self->fd, name, &listener));

	/* a pending call: the request is withdrawn */
	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(async_call_pending(&pending, self->fd, p[0], "x"));
	EXPECT_EQ(1, ipc_queued(self->fd, p[1]));
	EXPECT_OK(ipc_close(self->fd, pending.a.pending));
	EXPECT_ERR(EBADF, ipc_close(self->fd, pending.a.pending));
	EXPECT_EQ(0, ipc_queued(self->fd, p[1]));
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, p[1], &self->m));
}

TEST_F(handle, tag)
{
	struct capipc_inspect a;
	uint32_t listener, h[2], ep;
	char name[48];

	ASSERT_OK(
		ipc_create_cookies(self->fd, h, 0x1111111122222222ULL, ~0ULL));
	ASSERT_OK(ipc_do_inspect(self->fd, h[0], &a));
	EXPECT_EQ(0x1111111122222222ULL, a.cookie);
	ASSERT_OK(ipc_do_inspect(self->fd, h[1], &a));
	EXPECT_EQ(~0ULL, a.cookie);

	ASSERT_OK(ipc_send_str(self->fd, h[0], 1, "1"));
	ASSERT_OK(ipc_send_str(self->fd, h[0], 1, "2"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(~0ULL, self->m.r.cookie);
	/* it is the handle that has the cookie, not the message */
	ASSERT_OK(ipc_tag(self->fd, h[1], 77));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(77, self->m.r.cookie);
	ASSERT_OK(ipc_close(self->fd, h[0]));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_EQ(77, self->m.r.cookie);

	/* it does not move with it */
	ASSERT_OK(ipc_create_cookies(self->fd, h, 5, 6));
	ASSERT_OK(ipc_send_handle(self->fd, self->h[0], "", h[0]));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(ipc_do_inspect(self->fd, self->m.att[0].handle, &a));
	EXPECT_EQ(0, a.cookie);

	/* a listener has one, and connections come with it */
	snprintf(name, sizeof(name), "selftest/%d/tag", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(ipc_tag(self->fd, listener, 99));
	ASSERT_OK(ipc_connect(self->fd, name, &ep));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_CONNECTION, self->m.r.type);
	EXPECT_EQ(99, self->m.r.cookie);
	EXPECT_EQ(listener, self->m.r.from);
}

/* What was closed does not come to mean something else. */
TEST_F(handle, stale_after_reuse)
{
	enum {
		OLD = 8,
		CYCLES = 110000
	};
	int64_t end = ipc_in(10000); /* on a slow kernel not so many */
	uint32_t old[OLD][2], h[2];
	int i, j;

	for (i = 0; i < OLD; i++)
		ASSERT_OK(ipc_create(self->fd, old[i]));
	for (i = 0; i < OLD; i++) {
		ASSERT_OK(ipc_close(self->fd, old[i][0]));
		ASSERT_OK(ipc_close(self->fd, old[i][1]));
	}
	for (i = 0; i < CYCLES && ipc_now() < end; i++) {
		ASSERT_OK(ipc_create(self->fd, h));
		for (j = 0; j < OLD; j++) {
			ASSERT_NE(old[j][0], h[0]) TH_LOG("cycle %d", i);
			ASSERT_NE(old[j][1], h[0]) TH_LOG("cycle %d", i);
			ASSERT_NE(old[j][0], h[1]) TH_LOG("cycle %d", i);
			ASSERT_NE(old[j][1], h[1]) TH_LOG("cycle %d", i);
		}
		ASSERT_OK(ipc_close(self->fd, h[0]));
		ASSERT_OK(ipc_close(self->fd, h[1]));
	}
	for (i = 0; i < OLD; i++) {
		EXPECT_ERR(EBADF, ipc_alive(self->fd, old[i][0]));
		EXPECT_ERR(EBADF, ipc_close(self->fd, old[i][1]));
	}
}

/* With a table that is full but for a few: the same few slots, over and over. */
TEST_F(handle, stale_after_reuse_of_few_slots)
{
	int64_t end = ipc_in(5000);
	uint32_t first[2], h[2];
	int i, kept = 0;

	ASSERT_OK(ipc_create(self->fd, first));
	ASSERT_OK(ipc_close(self->fd, first[0]));
	ASSERT_OK(ipc_close(self->fd, first[1]));
	/* take what is free, so that little is left to be used in turn */
	while (kept < 60 && !ipc_create(self->fd, h))
		kept++;
	EXPECT_EQ(60, kept);
	for (i = 0; i < 20000 && ipc_now() < end; i++) {
		ASSERT_OK(ipc_create(self->fd, h));
		ASSERT_NE(first[0], h[0]);
		ASSERT_NE(first[0], h[1]);
		ASSERT_NE(first[1], h[0]);
		ASSERT_NE(first[1], h[1]);
		ASSERT_OK(ipc_close(self->fd, h[1]));
		ASSERT_OK(ipc_close(self->fd, h[0]));
		ASSERT_ERR(EBADF, ipc_close(self->fd, h[0]));
	}
	EXPECT_ERR(EBADF, ipc_alive(self->fd, first[0]));
}

/* The same number in two contexts is two things. */
TEST_F(handle, belongs_to_its_context)
{
	struct capipc_inspect a, b;
	uint32_t h[2];
	int other = ipc_open();

	ASSERT_GE(other, 0);
	EXPECT_ERR(EBADF, ipc_alive(other, self->h[0]));
	ASSERT_OK(ipc_create(other, h));
	if (h[0] == self->h[0]) {
		ASSERT_OK(ipc_do_inspect(self->fd, h[0], &a));
		ASSERT_OK(ipc_do_inspect(other, h[0], &b));
		EXPECT_NE(a.object_id, b.object_id);
	}
	ASSERT_OK(ipc_send_str(other, h[0], 1, "x"));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	ASSERT_OK(ipc_close(other, h[0]));
	EXPECT_OK(ipc_alive(self->fd, self->h[0]));
}

/* Rights shrink when it moves, and never come back. */
TEST_F(handle, rights_only_shrink)
{
	struct capipc_attachment att;
	struct capipc_inspect a;
	uint32_t h[2], handle, rights = IPC_RIGHTS_ENDPOINT;
	static const uint32_t drop[] = { CAPIPC_RIGHT_ADMIN, CAPIPC_RIGHT_READ,
					 CAPIPC_RIGHT_WRITE, 0,
					 CAPIPC_RIGHT_TRANSFER };
	size_t i;

	ASSERT_OK(ipc_create(self->fd, h));
	handle = h[0];
	for (i = 0; i < ARRAY_SIZE(drop); i++) {
		/* more than it has, in every way */
		uint32_t lost = IPC_RIGHTS_ENDPOINT & ~rights;
		int bit;

		for (bit = 0; bit < 6; bit++) {
			if (rights & (1U << bit))
				continue;
			att = ipc_attach_rights(handle, rights | 1U << bit);
			EXPECT_ERR(EPERM, ipc_send_full(self->fd, self->h[0], 0,
							NULL, 0, &att, 1))
			TH_LOG("rights %#x, bit %d", rights, bit);
		}
		if (lost) {
			att = ipc_attach_rights(handle, IPC_RIGHTS_ENDPOINT);
			EXPECT_ERR(EPERM, ipc_send_full(self->fd, self->h[0], 0,
							NULL, 0, &att, 1));
		}
		rights &= ~drop[i];
		att = drop[i] ? ipc_attach_rights(handle, rights) :
				ipc_attach(handle);
		ASSERT_OK(ipc_send_full(self->fd, self->h[0], 0, NULL, 0, &att,
					1));
		EXPECT_ERR(EBADF, ipc_alive(self->fd, handle));
		ASSERT_OK(ipc_recv(self->fd, &self->m));
		ASSERT_EQ(1, self->m.r.attachments_count);
		EXPECT_EQ(rights, self->m.att[0].rights);
		EXPECT_EQ(CAPIPC_KIND_ENDPOINT, self->m.att[0].kind);
		EXPECT_EQ(0, self->m.att[0].reserved);
		handle = self->m.att[0].handle;
		ASSERT_OK(ipc_do_inspect(self->fd, handle, &a));
		EXPECT_EQ(rights, a.rights);
	}
	/* without TRANSFER it stays here */
	EXPECT_EQ(0, rights);
	EXPECT_ERR(EPERM, ipc_send_handle(self->fd, self->h[0], "", handle));
	/* closing needs no right */
	EXPECT_OK(ipc_close(self->fd, handle));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, h[1], 1, "x"));
}

/* The peer's rights are its own. */
TEST_F(handle, rights_of_the_other_end)
{
	struct capipc_attachment att = ipc_attach_rights(self->h[0], 0);
	struct capipc_inspect a;
	uint32_t c[2];

	ASSERT_OK(ipc_create(self->fd, c));
	ASSERT_OK(ipc_send_full(self->fd, c[0], 0, NULL, 0, &att, 1));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(ipc_do_inspect(self->fd, self->h[1], &a));
	EXPECT_EQ(IPC_RIGHTS_ENDPOINT, a.rights);
	ASSERT_OK(ipc_send_str(self->fd, self->h[1], 1, "x"));
	EXPECT_ERR(EPERM,
		   ipc_tryrecv_from(self->fd, self->m.att[0].handle, &self->m));
}

/* What nobody may receive does not stand in the way of the others. */
TEST_F(handle, without_read_it_is_passed_over)
{
	struct capipc_attachment att = ipc_attach_rights(
		self->h[0], CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER);
	uint32_t c[2], handle;

	ASSERT_OK(ipc_create(self->fd, c));
	ASSERT_OK(ipc_send_full(self->fd, c[0], 0, NULL, 0, &att, 1));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	handle = self->m.att[0].handle;
	ASSERT_OK(ipc_send_str(self->fd, self->h[1], 1, "for nobody"));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	ASSERT_OK(ipc_send_str(self->fd, c[1], 1, "for us"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_STREQ("for us", self->m.data);
	EXPECT_OK(ipc_send_str(self->fd, handle, 1, "out"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_STREQ("out", self->m.data);
}

TEST_HARNESS_MAIN
