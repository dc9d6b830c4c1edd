// SPDX-License-Identifier: GPL-2.0
/*
 * Messages: sizes, order, ordinals, all or nothing.
 */
#include "async.h"

FIXTURE(message)
{
	int fd;
	uint32_t h[2];
	struct ipc_message m;
	unsigned char *in, *out;
};

FIXTURE_SETUP(message)
{
	uint32_t i;

	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
	self->in = malloc(CAPIPC_MESSAGE_MAX + 64);
	self->out = malloc(CAPIPC_MESSAGE_MAX + 64);
	ASSERT_NE(NULL, self->in);
	ASSERT_NE(NULL, self->out);
	for (i = 0; i < CAPIPC_MESSAGE_MAX + 64; i++)
		self->in[i] = i * 2654435761U >> 24;
}

FIXTURE_TEARDOWN(message)
{
	close(self->fd);
	free(self->in);
	free(self->out);
}

static int take(int fd, uint32_t handle, void *data, uint32_t room,
		struct capipc_receive *r)
{
	memset(r, 0, sizeof(*r));
	r->flags = CAPIPC_NOWAIT;
	r->handle = handle;
	r->data = ipc_ptr(data);
	r->data_capacity = room;
	return ipc_do_receive(fd, r);
}

TEST_F(message, sizes)
{
	static const uint32_t sizes[] = {
		0,	 1,
		2,	 7,
		8,	 15,
		63,	 64,
		65,	 255,
		256,	 1000,
		2047,	 2048,
		3983,	 4000,
		4032,	 4095,
		4096,	 4097,
		8191,	 8192,
		8193,	 16384,
		32704,	 32768,
		65535,	 65536,
		65537,	 131072,
		262144,	 524288,
		1048575, CAPIPC_MESSAGE_MAX,
	};
	struct capipc_receive r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint32_t n = sizes[i];

		ASSERT_OK(ipc_trysend(self->fd, self->h[0], n, self->in, n))
		TH_LOG("%u bytes", n);
		memset(self->out, IPC_POISON, n + 64);
		ASSERT_OK(take(self->fd, self->h[1], self->out, n, &r))
		TH_LOG("%u bytes", n);
		EXPECT_EQ(n, r.data_len);
		EXPECT_EQ(n, r.ordinal);
		EXPECT_EQ(0, memcmp(self->in, self->out, n))
		TH_LOG("%u bytes", n);
		/* and not a byte more */
		EXPECT_EQ(IPC_POISON, self->out[n]);
		EXPECT_EQ(IPC_POISON, self->out[n + 63]);
	}
	EXPECT_ERR(EMSGSIZE, ipc_trysend(self->fd, self->h[0], 0, self->in,
					 CAPIPC_MESSAGE_MAX + 1));
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
}

/* What the kernel says about a message, all of it. */
TEST_F(message, members)
{
	uint32_t h[2];

	ASSERT_OK(ipc_create_cookies(self->fd, h, 10, 11));
	ASSERT_OK(ipc_send_str(self->fd, h[0], 0xfedcba98, "hello"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, self->m.r.type);
	EXPECT_EQ(h[1], self->m.r.from);
	EXPECT_EQ(0xfedcba98, self->m.r.ordinal);
	EXPECT_EQ(5, self->m.r.data_len);
	EXPECT_STREQ("hello", self->m.data);
	EXPECT_EQ(0, self->m.r.attachments_count);
	EXPECT_EQ(0, self->m.r.reply_handle);
	EXPECT_EQ(0, self->m.r.reply_capacity);
	EXPECT_EQ(0, self->m.r.reply_attachments_capacity);
	EXPECT_EQ(0, self->m.r.facet);
	EXPECT_EQ(11, self->m.r.cookie);
	EXPECT_EQ(geteuid(), self->m.r.stamp.uid);
	EXPECT_EQ(getpid(), self->m.r.stamp.pid);
	EXPECT_NE(0, self->m.r.stamp.id);
	/* what was not needed was not touched */
	EXPECT_EQ(IPC_POISON32, self->m.att[0].handle);
	EXPECT_EQ((char)IPC_POISON, self->m.data[6]);
}

TEST_F(message, ordinals)
{
	static const uint32_t ordinals[] = { 0, 1, 0x7fffffff, 0x80000000,
					     0xffffffff };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ordinals); i++)
		ASSERT_OK(ipc_send(self->fd, self->h[0], ordinals[i], NULL, 0));
	for (i = 0; i < ARRAY_SIZE(ordinals); i++) {
		ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
		EXPECT_EQ(ordinals[i], self->m.r.ordinal);
	}
}

/* Both ways at once, each in its order. */
TEST_F(message, order)
{
	struct ipc_message *m = &self->m;
	int i;

	for (i = 0; i < 60; i++) {
		ASSERT_OK(ipc_trysend(self->fd, self->h[0], i, self->in, i));
		ASSERT_OK(ipc_trysend(self->fd, self->h[1], 1000 + i, self->in,
				      i));
	}
	EXPECT_EQ(60, ipc_queued(self->fd, self->h[0]));
	EXPECT_EQ(60, ipc_queued(self->fd, self->h[1]));
	for (i = 0; i < 60; i++) {
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], m));
		EXPECT_EQ(i, m->r.ordinal);
		EXPECT_EQ(i, m->r.data_len);
	}
	for (i = 0; i < 60; i++) {
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[0], m));
		EXPECT_EQ(1000 + i, m->r.ordinal);
	}
}

/* The sender's memory may change as soon as the send is done. */
TEST_F(message, is_a_copy)
{
	char text[] = "original";

	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, text));
	memset(text, 'X', sizeof(text));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_STREQ("original", self->m.data);
}

/* ---------------------------------------------------------- all or nothing */

TEST_F(message, failed_send_leaves_everything)
{
	struct capipc_attachment att[5];
	struct capipc_inspect a;
	uint32_t p[2], q[2], weak;
	uint32_t closed[2];
	int i;

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	ASSERT_OK(ipc_create(self->fd, closed));
	ASSERT_OK(ipc_close(self->fd, closed[1]));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	ASSERT_OK(ipc_send_str(self->fd, p[1], 1, "queued in p"));
	/* one that cannot be moved */
	att[0] = ipc_attach_rights(q[0], CAPIPC_RIGHT_READ);
	ASSERT_OK(ipc_send_full(self->fd, self->h[0], 0, NULL, 0, att, 1));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	weak = self->m.att[0].handle;

	for (i = 0; i < 4; i++) {
		uint32_t to = self->h[0];
		int err;

		att[0] = ipc_attach(p[0]);
		att[1] = ipc_attach(p[1]);
		att[2] = ipc_attach(q[1]);
		switch (i) {
		case 0:
			att[2] = ipc_attach(weak);
			err = EPERM;
			break;
		case 1:
			att[2] = ipc_attach(0xfffffff);
			err = EBADF;
			break;
		case 2:
			to = closed[0];
			err = EPIPE;
			break;
		default:
			att[2] = ipc_attach_rights(q[1], CAPIPC_RIGHT_MAP);
			err = EPERM;
			break;
		}
		EXPECT_ERR(err, ipc_send_full(self->fd, to, 1, self->in, 100,
					      att, 3))
		TH_LOG("case %d", i);
		EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
		ASSERT_OK(ipc_do_inspect(self->fd, p[0], &a));
		EXPECT_EQ(1, a.queued);
		EXPECT_EQ(IPC_RIGHTS_ENDPOINT, a.rights);
		EXPECT_OK(ipc_alive(self->fd, p[1]));
		EXPECT_OK(ipc_alive(self->fd, q[1]));
		EXPECT_OK(ipc_alive(self->fd, weak));
		/* still ready: it was put back as it was */
		ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
		EXPECT_EQ(p[0], self->m.r.from);
		ASSERT_OK(ipc_send_str(self->fd, p[1], 1, "queued in p"));
	}
}

/* The same handle twice in one message. */
TEST_F(message, duplicate_attachment)
{
	struct capipc_attachment att[3];
	uint32_t p[2], q[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	att[0] = ipc_attach(p[0]);
	att[1] = ipc_attach(q[0]);
	att[2] = ipc_attach(p[0]);
	EXPECT_ERR(EINVAL,
		   ipc_send_full(self->fd, self->h[0], 0, NULL, 0, att, 3));
	EXPECT_OK(ipc_alive(self->fd, p[0]));
	EXPECT_OK(ipc_alive(self->fd, q[0]));
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
	EXPECT_OK(ipc_send_str(self->fd, p[0], 0, "works"));
}

TEST_HARNESS_MAIN
