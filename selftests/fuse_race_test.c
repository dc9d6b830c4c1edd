// SPDX-License-Identifier: GPL-2.0
/*
 * Fusing pipes while everybody else does something to them: what is sent arrives, in
 * order and once, and whoever is in the middle of something goes on or is told.
 */
#include "async.h"

#define ROUNDS	60 /* of what is quick */
#define STREAMS 12 /* of what sends much */
#define SENT	150

/* Numbers that arrive must be those that were sent, in that order. */
struct stream {
	pthread_t thread;
	int fd;
	uint32_t handle;
	int ret;
	int count;
	bool closes;
};

/* The window may be full, and the endpoint is being moved at times. */
static int insist(int fd, uint32_t handle, int number)
{
	int64_t end = ipc_soon();
	int ret;

	do {
		ret = ipc_send(fd, handle, 1, &number, sizeof(number));
	} while (ret == -EBUSY && ipc_now() < end);
	return ret;
}

static void *send_all(void *arg)
{
	struct stream *s = arg;
	int i;

	for (i = 0; i < s->count && !s->ret; i++)
		s->ret = insist(s->fd, s->handle, i);
	if (s->closes && !s->ret)
		s->ret = ipc_close(s->fd, s->handle);
	return NULL;
}

static void *receive_all(void *arg)
{
	struct stream *s = arg;
	struct ipc_message m;
	int i, number;

	for (i = 0; i < s->count; i++) {
		s->ret = ipc_recv_from(s->fd, s->handle, &m);
		if (s->ret)
			return NULL;
		memcpy(&number, m.data, sizeof(number));
		if (m.r.type != CAPIPC_RECEIVED_MESSAGE || number != i) {
			s->ret = -EPROTO;
			return NULL;
		}
	}
	if (s->closes) {
		s->ret = ipc_recv_from(s->fd, s->handle, &m);
		if (!s->ret && m.r.type != CAPIPC_RECEIVED_PEER_CLOSED)
			s->ret = -EPROTO;
	}
	return NULL;
}

static int stream_go(struct stream *s, void *(*fn)(void *), int fd,
		     uint32_t handle, bool closes)
{
	memset(s, 0, sizeof(*s));
	s->fd = fd;
	s->handle = handle;
	s->count = SENT;
	s->closes = closes;
	return -pthread_create(&s->thread, NULL, fn, s);
}

static int stream_end(struct stream *s)
{
	pthread_join(s->thread, NULL);
	return s->ret;
}

/* A fuse that others may hold up, for a moment only. */
static int fuse_insist(int fd, uint32_t a, uint32_t b)
{
	int64_t end = ipc_soon();
	int ret;

	do {
		ret = ipc_fuse(fd, a, b);
	} while (ret == -EBUSY && ipc_now() < end);
	return ret;
}

FIXTURE(fuse_race)
{
	int fd;
	struct ipc_message m;
};

FIXTURE_SETUP(fuse_race)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(fuse_race)
{
	close(self->fd);
}

/* Both ways at once; one side closes in the end, and what it had sent arrives. */
TEST_F(fuse_race, senders_and_receivers)
{
	struct stream s[4];
	uint32_t a[2], b[2];
	int round, i;

	for (round = 0; round < STREAMS; round++) {
		ASSERT_OK(ipc_create(self->fd, a));
		ASSERT_OK(ipc_create(self->fd, b));
		ASSERT_OK(stream_go(&s[0], send_all, self->fd, a[1], false));
		ASSERT_OK(stream_go(&s[1], receive_all, self->fd, b[1], false));
		ASSERT_OK(stream_go(&s[2], send_all, self->fd, b[1], false));
		ASSERT_OK(stream_go(&s[3], receive_all, self->fd, a[1], false));
		usleep(round * 100);
		EXPECT_OK(fuse_insist(self->fd, a[0], b[0]));
		for (i = 0; i < 4; i++)
			ASSERT_OK(stream_end(&s[i])) TH_LOG("stream %d", i);
		ASSERT_OK(ipc_close(self->fd, a[1]));
		ASSERT_OK(ipc_close(self->fd, b[1]));
	}
}

TEST_F(fuse_race, a_sender_that_closes)
{
	struct stream s, r;
	uint32_t a[2], b[2];
	int round;

	for (round = 0; round < STREAMS; round++) {
		ASSERT_OK(ipc_create(self->fd, a));
		ASSERT_OK(ipc_create(self->fd, b));
		ASSERT_OK(stream_go(&r, receive_all, self->fd, b[1], true));
		ASSERT_OK(stream_go(&s, send_all, self->fd, a[1], true));
		usleep(round * 200);
		EXPECT_OK(fuse_insist(self->fd, a[0], b[0]));
		ASSERT_OK(stream_end(&s));
		ASSERT_OK(stream_end(&r));
		ASSERT_OK(ipc_close(self->fd, b[1]));
	}
}

struct fuser {
	pthread_t thread;
	pthread_barrier_t *barrier;
	int fd;
	uint32_t a, b;
	int ret;
};

static void *fuse_fn(void *arg)
{
	struct fuser *f = arg;

	pthread_barrier_wait(f->barrier);
	f->ret = fuse_insist(f->fd, f->a, f->b);
	return NULL;
}

/* A row of pipes, all of whose joints are fused at once; the row is one pipe. */
TEST_F(fuse_race, neighbours)
{
	enum {
		PIPES = 5
	};
	pthread_barrier_t barrier;
	struct fuser f[PIPES - 1];
	uint32_t h[PIPES][2];
	struct stream s, r;
	int round, i;

	ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, PIPES - 1));
	for (round = 0; round < STREAMS; round++) {
		for (i = 0; i < PIPES; i++)
			ASSERT_OK(ipc_create(self->fd, h[i]));
		ASSERT_OK(stream_go(&s, send_all, self->fd, h[0][0], true));
		ASSERT_OK(stream_go(&r, receive_all, self->fd, h[PIPES - 1][1],
				    true));
		for (i = 0; i < PIPES - 1; i++) {
			/* which of the two comes first changes */
			f[i] = (struct fuser){
				.fd = self->fd,
				.barrier = &barrier,
				.a = (round + i) & 1 ? h[i][1] : h[i + 1][0],
				.b = (round + i) & 1 ? h[i + 1][0] : h[i][1],
			};
			ASSERT_EQ(0, pthread_create(&f[i].thread, NULL, fuse_fn,
						    &f[i]));
		}
		for (i = 0; i < PIPES - 1; i++) {
			pthread_join(f[i].thread, NULL);
			EXPECT_OK(f[i].ret);
		}
		ASSERT_OK(stream_end(&s));
		ASSERT_OK(stream_end(&r));
		ASSERT_OK(ipc_close(self->fd, h[PIPES - 1][1]));
	}
}

/* Pipes in a circle: at most one of the joints cannot be fused any more. */
TEST_F(fuse_race, circle)
{
	enum {
		PIPES = 4
	};
	pthread_barrier_t barrier;
	struct fuser f[PIPES];
	uint32_t h[PIPES][2];
	int round, i, loops;

	ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, PIPES));
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < PIPES; i++)
			ASSERT_OK(ipc_create(self->fd, h[i]));
		for (i = 0; i < PIPES; i++) {
			f[i] = (struct fuser){ .fd = self->fd,
					       .barrier = &barrier,
					       .a = h[i][1],
					       .b = h[(i + 1) % PIPES][0] };
			ASSERT_EQ(0, pthread_create(&f[i].thread, NULL, fuse_fn,
						    &f[i]));
		}
		for (i = 0, loops = 0; i < PIPES; i++) {
			pthread_join(f[i].thread, NULL);
			if (f[i].ret == -ELOOP) {
				loops++;
				EXPECT_OK(ipc_close(self->fd, f[i].a));
				EXPECT_OK(ipc_close(self->fd, f[i].b));
			} else {
				EXPECT_OK(f[i].ret);
			}
		}
		EXPECT_EQ(1, loops);
	}
}

struct mover {
	pthread_t thread;
	int fd;
	uint32_t over[2];
	uint32_t handle;
	bool stop;
	int ret;
};

/* Send an end to ourselves, again and again. */
static void *move_fn(void *arg)
{
	struct mover *m = arg;
	struct ipc_message msg;

	while (!__atomic_load_n(&m->stop, __ATOMIC_SEQ_CST) && !m->ret) {
		m->ret = ipc_send_handle(m->fd, m->over[0], "", m->handle);
		if (m->ret == -EBUSY) {
			m->ret = 0;
			continue;
		}
		if (!m->ret)
			m->ret = ipc_recv_from(m->fd, m->over[1], &msg);
		if (!m->ret)
			m->handle = msg.att[0].handle;
	}
	return NULL;
}

TEST_F(fuse_race, ends_that_move)
{
	struct mover m[2];
	uint32_t p[2][2];
	int round, i, j;

	for (i = 0; i < 2; i++) {
		memset(&m[i], 0, sizeof(m[i]));
		m[i].fd = self->fd;
		ASSERT_OK(ipc_create(self->fd, m[i].over));
	}
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < 2; i++) {
			ASSERT_OK(ipc_create(self->fd, p[i]));
			for (j = 0; j < 5; j++)
				ASSERT_OK(ipc_send(self->fd, p[i][1], 1, &j,
						   sizeof(j)));
			m[i].handle = p[i][1];
			m[i].stop = false;
			ASSERT_EQ(0, pthread_create(&m[i].thread, NULL, move_fn,
						    &m[i]));
		}
		usleep(round * 50);
		EXPECT_OK(fuse_insist(self->fd, p[0][0], p[1][0]));
		for (i = 0; i < 2; i++) {
			__atomic_store_n(&m[i].stop, true, __ATOMIC_SEQ_CST);
			pthread_join(m[i].thread, NULL);
			ASSERT_OK(m[i].ret);
		}
		for (i = 0; i < 2; i++) {
			for (j = 0; j < 5; j++) {
				ASSERT_OK(ipc_tryrecv_from(
					self->fd, m[i].handle, &self->m));
				EXPECT_EQ(0,
					  memcmp(self->m.data, &j, sizeof(j)));
			}
		}
		for (i = 0; i < 2; i++)
			ASSERT_OK(ipc_close(self->fd, m[i].handle));
	}
}

/* Each end is put into the other's pipe while these are fused. */
TEST_F(fuse_race, into_each_other)
{
	struct fuser f;
	pthread_barrier_t barrier;
	uint32_t a[2], b[2];
	int round, ret;

	ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, 2));
	for (round = 0; round < 4 * ROUNDS; round++) {
		ASSERT_OK(ipc_create(self->fd, a));
		ASSERT_OK(ipc_create(self->fd, b));
		f = (struct fuser){ .fd = self->fd,
				    .barrier = &barrier,
				    .a = a[0],
				    .b = b[0] };
		ASSERT_EQ(0, pthread_create(&f.thread, NULL, fuse_fn, &f));
		pthread_barrier_wait(&barrier);
		ret = ipc_send_handle(self->fd, a[1], "", b[1]);
		pthread_join(f.thread, NULL);
		EXPECT_TRUE(!ret || ret == -ELOOP) TH_LOG("%d", ret);
		EXPECT_TRUE(!f.ret || f.ret == -ELOOP) TH_LOG("%d", f.ret);
		EXPECT_TRUE(!ret || !f.ret);
		if (f.ret) {
			/* it is in a pipe that was not fused */
			ASSERT_OK(ipc_tryrecv_from(self->fd, a[0], &self->m));
			b[1] = self->m.att[0].handle;
			EXPECT_OK(ipc_close(self->fd, a[0]));
			EXPECT_OK(ipc_close(self->fd, a[1]));
			a[1] = b[0];
		}
		if (ret || f.ret) {
			EXPECT_OK(ipc_send_str(self->fd, a[1], 1, "x"));
			EXPECT_OK(ipc_tryrecv_from(self->fd, b[1], &self->m));
			EXPECT_OK(ipc_close(self->fd, b[1]));
		} else {
			/* both, at the same moment: it is in itself */
			EXPECT_OK(ipc_gone(self->fd, a[1]));
		}
		EXPECT_OK(ipc_close(self->fd, a[1]));
	}
}

struct closer {
	pthread_t thread;
	pthread_barrier_t *barrier;
	int fd;
	uint32_t handle;
};

static void *close_fn(void *arg)
{
	struct closer *c = arg;

	pthread_barrier_wait(c->barrier);
	ipc_close(c->fd, c->handle);
	return NULL;
}

/* Calls over pipes that are fused and closed at the same time end somehow. */
TEST_F(fuse_race, callers_and_closers)
{
	pthread_barrier_t barrier;
	struct async_call call[2];
	struct closer c;
	struct fuser f;
	uint32_t a[2], b[2];
	int round, i, ret;

	ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, 3));
	for (round = 0; round < ROUNDS; round++) {
		ASSERT_OK(ipc_create(self->fd, a));
		ASSERT_OK(ipc_create(self->fd, b));
		f = (struct fuser){ .fd = self->fd,
				    .barrier = &barrier,
				    .a = a[0],
				    .b = b[0] };
		c = (struct closer){ .fd = self->fd,
				     .barrier = &barrier,
				     .handle = b[1] };
		ASSERT_OK(async_call(&call[0], self->fd, a[1], "1"));
		ASSERT_EQ(0, pthread_create(&f.thread, NULL, fuse_fn, &f));
		ASSERT_EQ(0, pthread_create(&c.thread, NULL, close_fn, &c));
		pthread_barrier_wait(&barrier);
		ASSERT_OK(async_call(&call[1], self->fd, a[1], "2"));
		pthread_join(f.thread, NULL);
		pthread_join(c.thread, NULL);
		EXPECT_OK(f.ret);
		for (i = 0; i < 2; i++) {
			ret = async_call_join(&call[i]);
			EXPECT_TRUE(ret == -ECONNRESET || ret == -EPIPE)
			TH_LOG("%s", ipc_errname(ret));
		}
		ASSERT_OK(ipc_close(self->fd, a[1]));
	}
}

/* ------------------------------------------------------------------- death */

/* Fuses all day, until it is killed. */
static void fuses(struct __test_metadata *_metadata, struct peer *peer)
{
	uint32_t a[2], b[2], near = peer->ep;
	int i;

	for (i = 0;; i++) {
		ipc_create(peer->fd, a);
		ipc_create(peer->fd, b);
		ipc_send_str(peer->fd, a[1], 1, "x");
		ipc_send_handle(peer->fd, b[1], "", a[0]);
		if (!ipc_fuse(peer->fd, near, b[0]))
			near = b[1];
		if (!i)
			sync_post(peer->sock);
	}
}

TEST_F(fuse_race, death_of_who_fuses)
{
	int64_t end;
	int round, ret;

	for (round = 0; round < 12; round++) {
		struct peer peer = { .fn = fuses, .fd = self->fd };

		PEER_START(&peer);
		ASSERT_OK(sync_wait(peer.sock));
		ipc_send_str(self->fd, peer.ep, 1, "x");
		usleep(round * 400);
		PEER_KILL(&peer);
		end = ipc_soon();
		do {
			ret = ipc_recv_from(self->fd, peer.ep, &self->m);
		} while (!ret && ipc_now() < end &&
			 self->m.r.type != CAPIPC_RECEIVED_PEER_CLOSED);
		EXPECT_OK(ret);
		EXPECT_OK(ipc_close(self->fd, peer.ep));
	}
}

/* The holder of a far end dies at any time. */
static void sends(struct __test_metadata *_metadata, struct peer *peer)
{
	sync_post(peer->sock);
	for (;;)
		ipc_trysend(peer->fd, peer->ep, 1, "x", 1);
}

TEST_F(fuse_race, death_of_a_far_end)
{
	uint32_t b[2];
	int round, n;

	for (round = 0; round < 12; round++) {
		struct peer peer = { .fn = sends, .fd = self->fd };

		PEER_START(&peer);
		ASSERT_OK(ipc_create(self->fd, b));
		ASSERT_OK(sync_wait(peer.sock));
		usleep(round * 100);
		kill(peer.child.pid, SIGKILL);
		if (round & 1)
			PEER_KILL(&peer);
		EXPECT_OK(fuse_insist(self->fd, peer.ep, b[0]));
		if (!(round & 1))
			PEER_KILL(&peer);
		for (n = 0; n < 10000; n++) {
			ASSERT_OK(ipc_recv_from(self->fd, b[1], &self->m));
			if (self->m.r.type == CAPIPC_RECEIVED_PEER_CLOSED)
				break;
			EXPECT_EQ(0, strcmp(self->m.data, "x"));
		}
		EXPECT_OK(ipc_close(self->fd, b[1]));
	}
}

TEST_HARNESS_MAIN
