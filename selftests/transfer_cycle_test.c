// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints inside endpoints: rings are refused, everything else is freed
 * however deep, and nothing else is done to it.
 */
#include "async.h"

FIXTURE(cycle)
{
	int fd;
	struct ipc_message m;
};

FIXTURE_SETUP(cycle)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(cycle)
{
	close(self->fd);
}

TEST_F(cycle, over_itself_and_its_peer)
{
	struct capipc_attachment att[2];
	uint32_t p[2], q[2];
	int i;

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	for (i = 0; i < 2; i++) {
		EXPECT_ERR(ELOOP, ipc_send_handle(self->fd, p[i], "", p[i]));
		EXPECT_ERR(ELOOP, ipc_send_handle(self->fd, p[i], "", p[!i]));
		/* with another one before it, or after: that stays too */
		att[0] = ipc_attach(q[0]);
		att[1] = ipc_attach(p[!i]);
		EXPECT_ERR(ELOOP,
			   ipc_send_full(self->fd, p[i], 0, NULL, 0, att, 2));
		att[0] = ipc_attach(p[!i]);
		att[1] = ipc_attach(q[0]);
		EXPECT_ERR(ELOOP,
			   ipc_send_full(self->fd, p[i], 0, NULL, 0, att, 2));
	}
	EXPECT_OK(ipc_alive(self->fd, q[0]));
	EXPECT_OK(ipc_send_str(self->fd, p[0], 1, "works"));
	EXPECT_OK(ipc_send_str(self->fd, p[1], 1, "works"));
	EXPECT_EQ(1, ipc_queued(self->fd, p[0]));
	EXPECT_EQ(1, ipc_queued(self->fd, p[1]));
}

/* The same with calls and in replies. */
TEST_F(cycle, in_calls_and_replies)
{
	struct capipc_attachment att;
	struct capipc_call call = { .deadline_ns = 1,
				    .attachments = ipc_ptr(&att),
				    .attachments_count = 1 };
	struct capipc_reply reply = { .attachments = ipc_ptr(&att),
				      .attachments_count = 1 };
	struct async_call c;
	uint32_t p[2];

	ASSERT_OK(ipc_create(self->fd, p));
	call.handle = p[0];
	att = ipc_attach(p[0]);
	EXPECT_ERR(ELOOP, ipc_do_call(self->fd, &call));
	EXPECT_EQ(CAPIPC_CALL_UNSENT, call.state);
	att = ipc_attach(p[1]);
	EXPECT_ERR(ELOOP, ipc_do_call(self->fd, &call));
	EXPECT_EQ(0, ipc_queued(self->fd, p[1]));

	/* a reply goes to a caller, not into a pipe: nothing is in itself */
	ASSERT_OK(async_call(&c, self->fd, p[0], "?"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	reply.handle = self->m.r.reply_handle;
	ASSERT_OK(ipc_do_reply(self->fd, &reply));
	ASSERT_OK(async_call_join(&c));
	ASSERT_EQ(1, c.a.reply_attachments_count);
	EXPECT_OK(ipc_send_str(self->fd, c.reply_att[0].handle, 1, "x"));
	EXPECT_EQ(1, ipc_queued(self->fd, p[0]));
}

/*
 * A ring of n pipes: end 1 of each goes into the next one. The last would close
 * it.
 */
TEST_F(cycle, rings)
{
	static const int lengths[] = { 2, 3, 4, 5, 16, 100 };
	uint32_t h[100][2];
	size_t l;
	int i;

	for (l = 0; l < ARRAY_SIZE(lengths); l++) {
		int n = lengths[l];

		for (i = 0; i < n; i++)
			ASSERT_OK(ipc_create(self->fd, h[i]));
		for (i = 0; i < n - 1; i++)
			ASSERT_OK(ipc_send_handle(self->fd, h[i + 1][0], "",
						  h[i][1]))
		TH_LOG("ring of %d, at %d", n, i);
		EXPECT_ERR(ELOOP,
			   ipc_send_handle(self->fd, h[0][0], "", h[n - 1][1]))
		TH_LOG("ring of %d", n);
		/* it is still ours, and takes everything along */
		ASSERT_OK(ipc_alive(self->fd, h[n - 1][1]));
		ASSERT_OK(ipc_close(self->fd, h[n - 1][1]));
		for (i = 0; i < n; i++) {
			EXPECT_ERR(EPIPE,
				   ipc_send_str(self->fd, h[i][0], 1, "x"))
			TH_LOG("ring of %d, at %d", n, i);
			ASSERT_OK(ipc_close(self->fd, h[i][0]));
		}
	}
}

/* Both ends in flight in different places, each within reach of the other. */
TEST_F(cycle, crossed_pairs)
{
	uint32_t p[2], q[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	/* q[1] in p[1]; now p[1] into q[1] would be in itself */
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "", q[1]));
	EXPECT_ERR(ELOOP, ipc_send_handle(self->fd, q[0], "", p[1]));
	/* and p[0] into q[1] leaves nobody who could send to p[1] */
	ASSERT_OK(ipc_send_handle(self->fd, q[0], "", p[0]));
	ASSERT_OK(ipc_recv_from(self->fd, p[1], &self->m));
	ASSERT_EQ(1, self->m.r.attachments_count);
	ASSERT_OK(ipc_recv_from(self->fd, self->m.att[0].handle, &self->m));
	ASSERT_EQ(1, self->m.r.attachments_count);
	EXPECT_OK(ipc_send_str(self->fd, self->m.att[0].handle, 1, "round"));
	EXPECT_EQ(1, ipc_queued(self->fd, p[1]));
}

/* What was a ring is none when one of it has been received. */
TEST_F(cycle, no_longer_a_ring)
{
	uint32_t p[2], q[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "", q[1]));
	ASSERT_ERR(ELOOP, ipc_send_handle(self->fd, q[0], "", p[1]));
	ASSERT_OK(ipc_recv_from(self->fd, p[1], &self->m));
	EXPECT_OK(ipc_send_handle(self->fd, q[0], "", p[1]));
	ASSERT_OK(ipc_recv_from(self->fd, self->m.att[0].handle, &self->m));
	EXPECT_EQ(1, self->m.r.attachments_count);
}

/* A listener with a connection that has a listener in it ... */
TEST_F(cycle, listener_in_its_own_connection)
{
	uint32_t listener, ep, server;
	char name[48];
	int ret;

	snprintf(name, sizeof(name), "selftest/%d/loop", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(ipc_connect(self->fd, name, &ep));
	/* the server's end waits in the listener: it would be in itself */
	ret = ipc_send_handle(self->fd, ep, "", listener);
	EXPECT_ERR(ELOOP, ret);
	if (!ret)
		return;
	ASSERT_OK(ipc_accept(self->fd, listener, &server));
	EXPECT_OK(ipc_send_handle(self->fd, ep, "", listener));
	ASSERT_OK(ipc_recv_from(self->fd, server, &self->m));
	EXPECT_EQ(CAPIPC_KIND_LISTENER, self->m.att[0].kind);
}

/* ------------------------------------------------------------------- depth */

enum {
	DEEP = 1000
};

static int chain(int fd, int n, uint32_t *last, uint32_t *watch)
{
	uint32_t h[2], inside = 0;
	int i, ret;

	for (i = 0; i < n; i++) {
		ret = ipc_create(fd, h);
		if (ret)
			return ret;
		if (inside) {
			ret = ipc_send_handle(fd, h[0], "", inside);
			if (ret)
				return ret;
			ret = ipc_close(fd, h[0]);
		} else {
			*watch = h[0];
		}
		if (ret)
			return ret;
		inside = h[1];
	}
	*last = inside;
	return 0;
}

/* A thousand, each in the next: freed without a recursion. */
TEST_F(cycle, deep_chain_is_freed)
{
	uint32_t last, watch;

	ASSERT_OK(chain(self->fd, DEEP, &last, &watch));
	EXPECT_OK(ipc_send_str(self->fd, watch, 1, "to the innermost"));
	ASSERT_OK(ipc_close(self->fd, last));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, watch, 1, "x"));
}

static void holds_a_chain(struct __test_metadata *_metadata, struct peer *peer)
{
	uint32_t last, watch;

	ASSERT_OK(chain(peer->fd, DEEP, &last, &watch));
	ASSERT_OK(ipc_send_handle(peer->fd, peer->ep, "", watch));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
}

TEST_F(cycle, deep_chain_is_freed_by_death)
{
	struct peer peer = { .fn = holds_a_chain, .fd = self->fd };
	uint32_t watch;

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	watch = self->m.att[0].handle;
	EXPECT_OK(ipc_send_str(self->fd, watch, 1, "alive"));
	PEER_KILL(&peer);
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, watch, 1, "x"));
}

/* And taken apart, one by one. */
TEST_F(cycle, deep_chain_is_received)
{
	uint32_t last, watch, next;
	int i;

	ASSERT_OK(chain(self->fd, DEEP, &last, &watch));
	ASSERT_OK(ipc_send_str(self->fd, watch, 1, "innermost"));
	for (i = 0; i < DEEP - 1; i++) {
		ASSERT_OK(ipc_tryrecv_from(self->fd, last, &self->m));
		ASSERT_EQ(1, self->m.r.attachments_count);
		next = self->m.att[0].handle;
		ASSERT_OK(ipc_close(self->fd, last));
		last = next;
	}
	ASSERT_OK(ipc_tryrecv_from(self->fd, last, &self->m));
	EXPECT_STREQ("innermost", self->m.data);
}

/* However deep it is built: refused at some point, not a crash. */
TEST_F(cycle, deeper_and_deeper)
{
	uint32_t last, watch;
	int ret = chain(self->fd, 3000, &last, &watch);

	EXPECT_TRUE(ret == 0 || ret == -ELOOP || ret == -EDQUOT)
	TH_LOG("%s", ipc_errname(ret));
}

/* ------------------------------------------------------------------- races */

/*
 * Two threads each send the end of one pipe into the other. One of them would
 * close the ring, so at most one succeeds.
 */
struct racer {
	pthread_t thread;
	pthread_barrier_t *barrier;
	int fd;
	uint32_t into;
	uint32_t moved;
	int ret;
};

static void *races(void *arg)
{
	struct racer *r = arg;

	pthread_barrier_wait(r->barrier);
	r->ret = ipc_send_handle(r->fd, r->into, "", r->moved);
	return NULL;
}

TEST_F(cycle, racing_rings)
{
	enum {
		N = 3,
		ROUNDS = 150
	};
	pthread_barrier_t barrier;
	struct racer r[N];
	uint32_t h[N][2];
	int64_t end = ipc_in(8000); /* not so many where it is slow */
	int round, i, n, in;

	for (round = 0; round < ROUNDS && ipc_now() < end; round++) {
		n = 2 + round % (N - 1);
		pthread_barrier_init(&barrier, NULL, n);
		for (i = 0; i < n; i++)
			ASSERT_OK(ipc_create(self->fd, h[i]));
		for (i = 0; i < n; i++) {
			r[i] = (struct racer){ .barrier = &barrier,
					       .fd = self->fd,
					       .into = h[(i + 1) % n][0],
					       .moved = h[i][1] };
			ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, races,
						    &r[i]));
		}
		in = 0;
		for (i = 0; i < n; i++) {
			pthread_join(r[i].thread, NULL);
			EXPECT_TRUE(r[i].ret == 0 || r[i].ret == -ELOOP ||
				    r[i].ret == -EBUSY)
			TH_LOG("round %d: %s", round, ipc_errname(r[i].ret));
			in += !r[i].ret;
			EXPECT_ERR(r[i].ret ? 0 : EBADF,
				   ipc_alive(self->fd, h[i][1]));
		}
		EXPECT_LT(in, n) TH_LOG("round %d: a ring", round);
		/* closing what is left frees all of it */
		for (i = 0; i < n; i++)
			if (r[i].ret)
				ASSERT_OK(ipc_close(self->fd, h[i][1]));
		for (i = 0; i < n; i++) {
			EXPECT_ERR(EPIPE,
				   ipc_send_str(self->fd, h[i][0], 1, "x"))
			TH_LOG("round %d: still there", round);
			ASSERT_OK(ipc_close(self->fd, h[i][0]));
		}
		pthread_barrier_destroy(&barrier);
	}
}

/* One thread sends a handle away while another closes it. */
static void *close_racer(void *arg)
{
	struct racer *r = arg;

	pthread_barrier_wait(r->barrier);
	r->ret = ipc_close(r->fd, r->moved);
	return NULL;
}

TEST_F(cycle, racing_close_and_send)
{
	pthread_barrier_t barrier;
	struct racer r[2];
	int64_t end = ipc_in(8000);
	uint32_t c[2], p[2];
	int round, i;

	ASSERT_OK(ipc_create(self->fd, c));
	pthread_barrier_init(&barrier, NULL, 2);
	for (round = 0; round < 150 && ipc_now() < end; round++) {
		ASSERT_OK(ipc_create(self->fd, p));
		for (i = 0; i < 2; i++) {
			r[i] = (struct racer){ .barrier = &barrier,
					       .fd = self->fd,
					       .into = c[0],
					       .moved = p[0] };
			ASSERT_EQ(0, pthread_create(&r[i].thread, NULL,
						    i ? close_racer : races,
						    &r[i]));
		}
		for (i = 0; i < 2; i++)
			pthread_join(r[i].thread, NULL);
		if (r[0].ret) {
			EXPECT_ERR(EBADF, r[0].ret);
			EXPECT_OK(r[1].ret);
			EXPECT_ERR(EPIPE, ipc_send_str(self->fd, p[1], 1, "x"));
		} else {
			EXPECT_TRUE(r[1].ret == -EBADF || r[1].ret == -EBUSY)
			TH_LOG("%s", ipc_errname(r[1].ret));
			ASSERT_OK(ipc_recv_from(self->fd, c[1], &self->m));
			EXPECT_OK(ipc_close(self->fd, self->m.att[0].handle));
		}
		ASSERT_OK(ipc_close(self->fd, p[1]));
	}
}

TEST_HARNESS_MAIN
