// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints inside endpoints: rings that nobody can reach are collected, whatever
 * their shape, and nothing else is; everything is freed however deep.
 */
#include "async.h"

static int ring_gone(int fd)
{
	uint32_t p[2], q[2];
	int i, ret;

	ret = ipc_create(fd, p);
	if (!ret)
		ret = ipc_create(fd, q);
	if (!ret)
		ret = ipc_send_handle(fd, p[0], "", q[1]);
	if (!ret)
		ret = ipc_send_handle(fd, q[0], "", p[1]);
	for (i = 0; i < 2 && !ret; i++) {
		ret = ipc_gone(fd, i ? p[0] : q[0]);
		if (!ret)
			ret = ipc_close(fd, i ? p[0] : q[0]);
	}
	return ret;
}

/*
 * Two rings of our own are gone, the second one made after the first was: so a
 * whole pass was made, and all that had been suspected before has been looked at.
 */
static int collector_ran(int fd)
{
	int ret = ring_gone(fd);

	return ret ? ret : ring_gone(fd);
}

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

/* A ring of n pipes: end 1 of each goes into the next one. */
static int make_ring(int fd, uint32_t h[][2], int n)
{
	int i, ret = 0;

	for (i = 0; i < n && !ret; i++)
		ret = ipc_create(fd, h[i]);
	for (i = 0; i < n && !ret; i++)
		ret = ipc_send_handle(fd, h[(i + 1) % n][0], "", h[i][1]);
	return ret;
}

TEST_F(cycle, rings)
{
	static const int lengths[] = { 2, 3, 4, 5, 16, 100, 1500 };
	static uint32_t h[1500][2];
	size_t l;
	int i;

	for (l = 0; l < ARRAY_SIZE(lengths); l++) {
		int n = lengths[l];

		ASSERT_OK(make_ring(self->fd, h, n));
		for (i = 0; i < n; i++) {
			/* sent: that is all the sender knows */
			EXPECT_ERR(EBADF, ipc_alive(self->fd, h[i][1]));
			ASSERT_OK(ipc_gone(self->fd, h[i][0]))
			TH_LOG("ring of %d, at %d", n, i);
			ASSERT_OK(ipc_close(self->fd, h[i][0]));
		}
	}
}

/* Their holders are told, once. */
TEST_F(cycle, peers_are_told)
{
	uint32_t h[3][2];
	int i, j, told[3] = { 0 };

	ASSERT_OK(make_ring(self->fd, h, 3));
	for (i = 0; i < 3; i++) {
		ASSERT_OK(ipc_recv(self->fd, &self->m));
		EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
		for (j = 0; j < 3; j++)
			told[j] += self->m.r.from == h[j][0];
	}
	for (j = 0; j < 3; j++)
		EXPECT_EQ(1, told[j]);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* Whatever hangs on a ring goes with it. */
TEST_F(cycle, trees_on_a_ring)
{
	uint32_t p[2], q[2], t[2], u[2], bystander[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	ASSERT_OK(ipc_create(self->fd, t));
	ASSERT_OK(ipc_create(self->fd, u));
	ASSERT_OK(ipc_create(self->fd, bystander));
	ASSERT_OK(ipc_send_handle(self->fd, t[0], "twig", u[1]));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "branch", t[1]));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "ring", q[1]));
	ASSERT_OK(ipc_send_handle(self->fd, q[0], "ring", p[1]));
	EXPECT_OK(ipc_gone(self->fd, p[0]));
	EXPECT_OK(ipc_gone(self->fd, q[0]));
	EXPECT_OK(ipc_gone(self->fd, t[0]));
	EXPECT_OK(ipc_gone(self->fd, u[0]));
	EXPECT_OK(ipc_send_str(self->fd, bystander[0], 1, "still here"));
}

/* What is sent into a ring later, by who holds a peer, is lost like the rest. */
TEST_F(cycle, sent_into_a_ring)
{
	uint32_t h[2][2], late[2];
	int ret;

	ASSERT_OK(make_ring(self->fd, h, 2));
	ASSERT_OK(ipc_create(self->fd, late));
	ret = ipc_send_handle(self->fd, h[0][0], "late", late[1]);
	EXPECT_TRUE(ret == 0 || ret == -EPIPE) TH_LOG("%s", ipc_errname(ret));
	if (ret)
		ASSERT_OK(ipc_close(self->fd, late[1]));
	EXPECT_OK(ipc_gone(self->fd, late[0]));
}

/* A caller whose request, or whose reply handle, is in a ring has no hope. */
TEST_F(cycle, calls_in_a_ring)
{
	struct async_call request, answer;
	uint32_t p[2], q[2], s[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	ASSERT_OK(ipc_create(self->fd, s));
	ASSERT_OK(async_call(&answer, self->fd, s[0], "who answers?"));
	ASSERT_OK(ipc_recv_from(self->fd, s[1], &self->m));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "", self->m.r.reply_handle));
	ASSERT_OK(async_call(&request, self->fd, q[0], "who receives?"));
	ASSERT_OK(async_wait_asleep(&request.async));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "", q[1]));
	ASSERT_OK(ipc_send_handle(self->fd, q[0], "", p[1]));
	EXPECT_ERR(ECONNRESET, async_call_join(&answer));
	EXPECT_ERR(ECONNRESET, async_call_join(&request));
}

/* Chains that lead to somebody stay, however they are crossed. */
TEST_F(cycle, crossed_pairs)
{
	uint32_t p[2], q[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, q));
	/* q[1] in p[1]; and p[0] into q[1] leaves nobody who could send to p[1] */
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "", q[1]));
	ASSERT_OK(ipc_send_handle(self->fd, q[0], "", p[0]));
	ASSERT_OK(collector_ran(self->fd));
	ASSERT_OK(ipc_recv_from(self->fd, p[1], &self->m));
	ASSERT_EQ(1, self->m.r.attachments_count);
	ASSERT_OK(ipc_recv_from(self->fd, self->m.att[0].handle, &self->m));
	ASSERT_EQ(1, self->m.r.attachments_count);
	EXPECT_OK(ipc_send_str(self->fd, self->m.att[0].handle, 1, "round"));
	EXPECT_EQ(1, ipc_queued(self->fd, p[1]));
}

/* A long chain that ends with us is suspected again and again, and stays. */
TEST_F(cycle, suspected_but_reachable)
{
	uint32_t h[20][2], extra[2], from;
	int i;

	for (i = 0; i < 20; i++)
		ASSERT_OK(ipc_create(self->fd, h[i]));
	for (i = 0; i < 19; i++)
		ASSERT_OK(ipc_send_handle(self->fd, h[i + 1][0], "", h[i][1]));
	for (i = 0; i < 19; i++) {
		ASSERT_OK(ipc_create(self->fd, extra));
		ASSERT_OK(ipc_send_handle(self->fd, h[i][0], "", extra[1]));
		ASSERT_OK(ipc_close(self->fd, extra[0]));
	}
	ASSERT_OK(collector_ran(self->fd));
	from = h[19][1];
	for (i = 19; i > 0; i--) {
		ASSERT_OK(ipc_recv_from(self->fd, from, &self->m));
		ASSERT_EQ(1, self->m.r.attachments_count);
		from = self->m.att[0].handle;
		EXPECT_OK(ipc_send_str(self->fd, h[i - 1][0], 1, "alive"));
	}
}

/* A listener in its own connection. */
TEST_F(cycle, listener_in_its_own_connection)
{
	uint32_t listener, ep, other;
	char name[48];
	int ret;

	snprintf(name, sizeof(name), "selftest/%d/loop", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(ipc_connect(self->fd, name, &ep));
	ASSERT_OK(ipc_connect(self->fd, name, &other));
	/* the server's end waits in the listener, and the listener now in it */
	ASSERT_OK(ipc_send_handle(self->fd, ep, "", listener));
	EXPECT_OK(ipc_gone(self->fd, ep));
	EXPECT_OK(ipc_gone(self->fd, other));
	/* and the name is free */
	ret = ipc_listen(self->fd, name, &listener);
	EXPECT_OK(ret);
}

/* In an accepted one it can be reached. */
TEST_F(cycle, listener_in_an_accepted_connection)
{
	uint32_t listener, ep, server;
	char name[48];

	snprintf(name, sizeof(name), "selftest/%d/noloop", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(ipc_connect(self->fd, name, &ep));
	ASSERT_OK(ipc_accept(self->fd, listener, &server));
	ASSERT_OK(ipc_send_handle(self->fd, ep, "", listener));
	ASSERT_OK(collector_ran(self->fd));
	ASSERT_OK(ipc_recv_from(self->fd, server, &self->m));
	EXPECT_EQ(CAPIPC_KIND_LISTENER, self->m.att[0].kind);
}

/* The account has everything back: a context can make rings for ever. */
TEST_F(cycle, rings_are_paid_back)
{
	int64_t end = ipc_in(4000);
	static uint32_t h[300][2];
	int round, i;

	for (round = 0; round < 20 && ipc_now() < end; round++) {
		ASSERT_OK(make_ring(self->fd, h, 300));
		for (i = 0; i < 300; i++)
			ASSERT_OK(ipc_close(self->fd, h[i][0]));
	}
	ASSERT_OK(collector_ran(self->fd));
}

static void rings_and_waits(struct __test_metadata *_metadata,
			    struct peer *peer)
{
	uint32_t h[50][2];

	ASSERT_OK(make_ring(peer->fd, h, 50));
	ASSERT_OK(ipc_send_handle(peer->fd, peer->ep, "", h[7][0]));
	ASSERT_OK(make_ring(peer->fd, h, 50));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
}

/* Its maker dies at once: nobody is left, but the ring is. */
TEST_F(cycle, ring_outlives_its_maker)
{
	struct peer peer = { .fn = rings_and_waits, .fd = self->fd };

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	PEER_KILL(&peer);
	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	ASSERT_EQ(1, self->m.r.attachments_count);
	EXPECT_OK(ipc_gone(self->fd, self->m.att[0].handle));
}

/* ------------------------------------------------------------------- depth */

enum {
	DEEP = 1000
};

/* One more, around what there is. */
static int wrap(int fd, uint32_t *last)
{
	uint32_t h[2];
	int ret;

	ret = ipc_create(fd, h);
	if (!ret)
		ret = ipc_send_handle(fd, h[0], "", *last);
	if (!ret)
		ret = ipc_close(fd, h[0]);
	*last = h[1];
	return ret;
}

static int chain(int fd, int n, uint32_t *last, uint32_t *watch)
{
	uint32_t h[2];
	int i, ret;

	ret = ipc_create(fd, h);
	*watch = h[0];
	*last = h[1];
	for (i = 1; i < n && !ret; i++)
		ret = wrap(fd, last);
	return ret;
}

/* A thousand, each in the next: freed without a recursion. */
TEST_F(cycle, deep_chain_is_freed)
{
	uint32_t last = 0, watch = 0;

	ASSERT_OK(chain(self->fd, DEEP, &last, &watch));
	EXPECT_OK(ipc_send_str(self->fd, watch, 1, "to the innermost"));
	ASSERT_OK(ipc_close(self->fd, last));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, watch, 1, "x"));
}

static void holds_a_chain(struct __test_metadata *_metadata, struct peer *peer)
{
	uint32_t last = 0, watch = 0;

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

/* The innermost of many is suspected with every handle that is sent into it. */
TEST_F_TIMEOUT(cycle, deep_chain_is_suspected, 120)
{
	int64_t end = ipc_in(4000); /* not so deep where it is slow */
	uint32_t last, watch, p[2];
	int i;

	ASSERT_OK(chain(self->fd, 100, &last, &watch));
	for (i = 0; i < 3 * DEEP && ipc_now() < end; i++)
		ASSERT_OK(wrap(self->fd, &last));
	for (i = 0; i < 100; i++) {
		ASSERT_OK(ipc_create(self->fd, p));
		ASSERT_OK(ipc_send_handle(self->fd, watch, "", p[1]));
		ASSERT_OK(ipc_close(self->fd, p[0]));
	}
	ASSERT_OK(collector_ran(self->fd));
	EXPECT_EQ(0, ipc_trysend(self->fd, watch, 1, "x", 1));
	ASSERT_OK(ipc_close(self->fd, last));
	EXPECT_ERR(EPIPE, ipc_trysend(self->fd, watch, 1, "x", 1));
}

/* ------------------------------------------------------------------- races */

/*
 * A ring that is completed while a pass is under way, through an object, x, that
 * this pass has come by and, being listed itself, comes to again: that it is suspected
 * now must not get lost. What is listed last is looked at first: a ring, whose end
 * tells that the pass has begun; what hangs below x; a chain so long that there is
 * time to complete the other ring; and then x. If that takes us too long for once,
 * nothing is tested, so it is done several times.
 */
TEST_F_TIMEOUT(cycle, completed_during_a_pass, 120)
{
	uint32_t x[2], y[2], below[2], p[2], q[2], extra[3][2], last, watch;
	int64_t end, late;
	int round, i;

	ASSERT_OK(chain(self->fd, 100, &last, &watch));
	end = ipc_in(4000); /* not so long where it is slow */
	for (i = 0; i < 5 * DEEP && ipc_now() < end; i++)
		ASSERT_OK(wrap(self->fd, &last));
	end = ipc_in(6000);
	for (round = 0; round < 8 && ipc_now() < end; round++) {
		ASSERT_OK(ipc_create(self->fd, x));
		ASSERT_OK(ipc_create(self->fd, y));
		ASSERT_OK(ipc_create(self->fd, below));
		ASSERT_OK(ipc_create(self->fd, p));
		ASSERT_OK(ipc_create(self->fd, q));
		for (i = 0; i < 3; i++)
			ASSERT_OK(ipc_create(self->fd, extra[i]));
		ASSERT_OK(ipc_send_handle(self->fd, x[0], "", below[1]));
		ASSERT_OK(ipc_send_handle(self->fd, y[0], "", x[1]));
		ASSERT_OK(ipc_send_handle(self->fd, q[0], "", p[1]));

		ASSERT_OK(ipc_send_handle(self->fd, x[0], "", extra[0][1]));
		ASSERT_OK(ipc_send_handle(self->fd, watch, "", extra[1][1]));
		ASSERT_OK(ipc_send_handle(self->fd, below[0], "", extra[2][1]));
		ASSERT_OK(ipc_send_handle(self->fd, p[0], "", q[1]));
		late = ipc_soon();
		while (ipc_trysend(self->fd, p[0], 1, "x", 1) != -EPIPE)
			ASSERT_LT(ipc_now(), late);
		ASSERT_OK(ipc_send_handle(self->fd, x[0], "", y[1]));

		ASSERT_OK(ipc_gone(self->fd, x[0]))
		TH_LOG("round %d: still there", round);
		ASSERT_OK(ipc_gone(self->fd, y[0]));
		ASSERT_OK(ipc_gone(self->fd, below[0]));
		ASSERT_OK(ipc_close(self->fd, x[0]));
		ASSERT_OK(ipc_close(self->fd, y[0]));
		ASSERT_OK(ipc_close(self->fd, below[0]));
		ASSERT_OK(ipc_close(self->fd, p[0]));
		ASSERT_OK(ipc_close(self->fd, q[0]));
		for (i = 0; i < 3; i++)
			ASSERT_OK(ipc_close(self->fd, extra[i][0]));
	}
}

/* Several threads each send the end of one pipe into the next one. */
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
	int64_t end = ipc_in(4000); /* not so many where it is slow */
	int round, i, n;

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
		for (i = 0; i < n; i++) {
			pthread_join(r[i].thread, NULL);
			/* the one it goes into may be on its way itself */
			EXPECT_OK(r[i].ret) TH_LOG("round %d", round);
		}
		for (i = 0; i < n; i++) {
			EXPECT_OK(ipc_gone(self->fd, h[i][0]))
			TH_LOG("round %d: still there", round);
			ASSERT_OK(ipc_close(self->fd, h[i][0]));
		}
		pthread_barrier_destroy(&barrier);
	}
}

/*
 * The ring is completed while a message in it is being received, over and over:
 * whoever wins, it is either with the receiver or collected, never both.
 */
static void *receives(void *arg)
{
	struct racer *r = arg;
	struct ipc_message m;

	pthread_barrier_wait(r->barrier);
	r->ret = ipc_tryrecv_from(r->fd, r->moved, &m);
	if (!r->ret)
		r->into = m.att[0].handle;
	return NULL;
}

TEST_F(cycle, racing_receive)
{
	pthread_barrier_t barrier;
	int64_t end = ipc_in(4000);
	struct racer r[2];
	uint32_t p[2], q[2];
	int round, i;

	pthread_barrier_init(&barrier, NULL, 2);
	for (round = 0; round < 300 && ipc_now() < end; round++) {
		ASSERT_OK(ipc_create(self->fd, p));
		ASSERT_OK(ipc_create(self->fd, q));
		/* q[1] is in p[1]: received from it, while p[1] goes into q[1] */
		ASSERT_OK(ipc_send_handle(self->fd, p[0], "", q[1]));
		r[0] = (struct racer){ .barrier = &barrier,
				       .fd = self->fd,
				       .moved = p[1] };
		r[1] = (struct racer){ .barrier = &barrier,
				       .fd = self->fd,
				       .into = q[0],
				       .moved = p[1] };
		ASSERT_EQ(0,
			  pthread_create(&r[0].thread, NULL, receives, &r[0]));
		ASSERT_EQ(0, pthread_create(&r[1].thread, NULL, races, &r[1]));
		for (i = 0; i < 2; i++)
			pthread_join(r[i].thread, NULL);
		EXPECT_OK(r[1].ret);
		if (r[0].ret) {
			EXPECT_TRUE(r[0].ret == -EBADF || r[0].ret == -EBUSY ||
				    r[0].ret == -EAGAIN)
			TH_LOG("%s", ipc_errname(r[0].ret));
			EXPECT_OK(ipc_gone(self->fd, p[0]));
			EXPECT_OK(ipc_gone(self->fd, q[0]));
		} else {
			/* q[1] is ours, p[1] waits in it */
			EXPECT_OK(ipc_tryrecv_from(self->fd, r[0].into,
						   &self->m));
			EXPECT_OK(ipc_trysend(self->fd, p[0], 1, "x", 1));
			EXPECT_OK(ipc_close(self->fd, self->m.att[0].handle));
			EXPECT_OK(ipc_close(self->fd, r[0].into));
		}
		ASSERT_OK(ipc_close(self->fd, p[0]));
		ASSERT_OK(ipc_close(self->fd, q[0]));
	}
	pthread_barrier_destroy(&barrier);
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
	int64_t end = ipc_in(4000);
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
