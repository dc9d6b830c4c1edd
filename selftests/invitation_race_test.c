// SPDX-License-Identifier: GPL-2.0
/*
 * Invitations that several want to end at the same time, that are stopped in
 * the middle, whose inviter or guest dies, and that are inside themselves.
 */
#include <sys/epoll.h>

#include "capipc_test_invitation.h"
#include "stalled.h"

#define PAGE   4096
#define ROUNDS 300

FIXTURE(race)
{
	int fd, guest_fd[2];
	uint32_t p[2];
	int invitation;
	uint32_t handle;
	struct guest g;
	struct ipc_message m;
};

FIXTURE_SETUP(race)
{
	int i;

	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	for (i = 0; i < 2; i++) {
		self->guest_fd[i] = ipc_open();
		ASSERT_GE(self->guest_fd[i], 0);
	}
}

FIXTURE_TEARDOWN(race)
{
	close(self->fd);
	close(self->guest_fd[0]);
	close(self->guest_fd[1]);
}

static int prepare(FIXTURE_DATA(race) * self, int64_t expires_ns)
{
	int ret = ipc_create(self->fd, self->p);

	return ret ? ret :
		     ipc_invite_full(self->fd, self->p[1], &invite_anyone, 1, 0,
				     expires_ns, &self->invitation,
				     &self->handle);
}

/* What it held is with @guest, or closed if that is -1; then it is cleared up. */
static int verify(FIXTURE_DATA(race) * self, int guest, uint32_t got)
{
	int ret = ipc_trysend(self->fd, self->p[0], 1, "x", 1);

	if (guest < 0)
		ret = ret == -EPIPE ? 0 : ret ? ret : -EPROTO;
	else if (!ret)
		ret = ipc_queued(guest, got) == 1 ? ipc_close(guest, got) :
						    -EPROTO;
	if (!ret)
		ret = ipc_close(self->fd, self->p[0]);
	return ret;
}

struct racer {
	pthread_t thread;
	pthread_barrier_t *barrier;
	int fd, invitation;
	uint32_t handle;
	struct guest g;
	int ret;
};

static void *race_accept(void *arg)
{
	struct racer *r = arg;

	pthread_barrier_wait(r->barrier);
	r->ret = ipc_accept_all(r->fd, r->invitation, &r->g);
	return NULL;
}

static void *race_withdraw(void *arg)
{
	struct racer *r = arg;

	pthread_barrier_wait(r->barrier);
	r->ret = ipc_close(r->fd, r->handle);
	return NULL;
}

static void *race_drop(void *arg)
{
	struct racer *r = arg;

	pthread_barrier_wait(r->barrier);
	r->ret = close(r->invitation) ? -errno : 0;
	return NULL;
}

static void race(struct racer r[2], void *(*first)(void *),
		 void *(*second)(void *))
{
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, 2);
	r[0].barrier = &barrier;
	r[1].barrier = &barrier;
	pthread_create(&r[0].thread, NULL, first, &r[0]);
	pthread_create(&r[1].thread, NULL, second, &r[1]);
	pthread_join(r[0].thread, NULL);
	pthread_join(r[1].thread, NULL);
	pthread_barrier_destroy(&barrier);
}

TEST_F(race, two_guests)
{
	int64_t end = ipc_in(4000);
	static struct racer r[2];
	int round, winner, i;

	for (round = 0; round < ROUNDS && ipc_now() < end; round++) {
		ASSERT_OK(prepare(self, CAPIPC_FOREVER));
		for (i = 0; i < 2; i++) {
			r[i].fd = self->guest_fd[i];
			r[i].invitation = self->invitation;
		}
		race(r, race_accept, race_accept);
		winner = r[0].ret ? 1 : 0;
		ASSERT_OK(r[winner].ret);
		ASSERT_ERR(ESTALE, r[!winner].ret);
		ASSERT_OK(verify(self, self->guest_fd[winner],
				 r[winner].g.in[0].handle));
		ASSERT_EQ(CAPIPC_RECEIVED_ACCEPTED,
			  ipc_news(self->fd, self->handle, &self->m));
		ASSERT_OK(ipc_close(self->fd, self->handle));
		close(self->invitation);
	}
}

TEST_F(race, guest_and_withdrawal)
{
	int64_t end = ipc_in(4000);
	static struct racer r[2];
	int round;

	for (round = 0; round < ROUNDS && ipc_now() < end; round++) {
		ASSERT_OK(prepare(self, CAPIPC_FOREVER));
		r[0].fd = self->guest_fd[0];
		r[0].invitation = self->invitation;
		r[1].fd = self->fd;
		r[1].handle = self->handle;
		race(r, race_accept, race_withdraw);
		ASSERT_OK(r[1].ret);
		if (r[0].ret)
			ASSERT_ERR(ESTALE, r[0].ret);
		ASSERT_OK(verify(self, r[0].ret ? -1 : self->guest_fd[0],
				 r[0].g.in[0].handle));
		ASSERT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
		close(self->invitation);
	}
}

TEST_F(race, guest_and_last_descriptor)
{
	int64_t end = ipc_in(4000);
	static struct racer r[2];
	int round;

	for (round = 0; round < ROUNDS && ipc_now() < end; round++) {
		ASSERT_OK(prepare(self, CAPIPC_FOREVER));
		r[0].fd = self->guest_fd[0];
		r[0].invitation = self->invitation;
		r[1].invitation = self->invitation;
		race(r, race_accept, race_drop);
		ASSERT_OK(r[1].ret);
		if (r[0].ret)
			ASSERT_ERR(EBADF, r[0].ret);
		ASSERT_EQ(r[0].ret ? CAPIPC_RECEIVED_INVITATION_CLOSED :
				     CAPIPC_RECEIVED_ACCEPTED,
			  ipc_news(self->fd, self->handle, &self->m));
		ASSERT_OK(verify(self, r[0].ret ? -1 : self->guest_fd[0],
				 r[0].g.in[0].handle));
		ASSERT_OK(ipc_close(self->fd, self->handle));
	}
}

TEST_F(race, guest_and_expiry)
{
	int64_t end = ipc_in(4000), when;
	int round, ret, accepted = 0, late = 0;

	for (round = 0; round < ROUNDS && ipc_now() < end; round++) {
		when = ipc_in(5);
		ret = prepare(self, when);
		if (ret == -ETIMEDOUT)
			continue;
		ASSERT_OK(ret);
		/* from a millisecond before to half of one after */
		while (ipc_now() < when - 1000000 + round % 30 * 50000)
			;
		ret = ipc_accept_all(self->guest_fd[0], self->invitation,
				     &self->g);
		if (ret)
			ASSERT_ERR(ETIMEDOUT, ret);
		ret ? late++ : accepted++;
		ASSERT_EQ(ret ? CAPIPC_RECEIVED_INVITATION_CLOSED :
				CAPIPC_RECEIVED_ACCEPTED,
			  ipc_news(self->fd, self->handle, &self->m));
		ASSERT_OK(verify(self, ret ? -1 : self->guest_fd[0],
				 self->g.in[0].handle));
		ASSERT_OK(ipc_close(self->fd, self->handle));
		close(self->invitation);
	}
	TH_LOG("%d accepted, %d too late", accepted, late);
}

/* ------------------------------------------------- a guest that is stopped */

struct stalled {
	struct async async;
	struct stall stall;
	struct capipc_accept a;
};

static void *stalled_fn(void *arg)
{
	struct stalled *s = arg;

	async_begin(&s->async);
	s->async.ret = ipc_do_accept(s->async.fd, &s->a);
	async_end(&s->async);
	return NULL;
}

/* It accepts, and hangs while the handles are told. */
static int stalled_accept(struct stalled *s, int fd, int invitation)
{
	int ret;

	memset(s, 0, sizeof(*s));
	ret = stall_make(&s->stall);
	if (ret)
		return ret;
	s->async.fd = fd;
	s->a = (struct capipc_accept){ .attachments = ipc_ptr(s->stall.page),
				       .fd = invitation,
				       .attachments_capacity = 1 };
	ret = -pthread_create(&s->async.thread, NULL, stalled_fn, s);
	return ret ? ret : stall_wait(&s->stall);
}

static int stalled_end(struct stalled *s)
{
	int ret = stall_fill(&s->stall, "");

	if (!ret)
		ret = async_join(&s->async);
	close(s->stall.uffd);
	return ret;
}

TEST_F(race, stopped_guest_keeps_nobody_out)
{
	struct stalled s;

	ASSERT_OK(prepare(self, CAPIPC_FOREVER));
	ASSERT_OK(stalled_accept(&s, self->guest_fd[0], self->invitation));
	EXPECT_EQ(0, ipc_queued(self->fd, self->handle));
	ASSERT_OK(
		ipc_accept_all(self->guest_fd[1], self->invitation, &self->g));
	EXPECT_ERR(ESTALE, stalled_end(&s));
	EXPECT_OK(verify(self, self->guest_fd[1], self->g.in[0].handle));
	close(self->invitation);

	/* and is not late by itself */
	ASSERT_OK(prepare(self, CAPIPC_FOREVER));
	ASSERT_OK(stalled_accept(&s, self->guest_fd[0], self->invitation));
	EXPECT_OK(stalled_end(&s));
	close(self->invitation);
}

TEST_F(race, stopped_guest_and_the_end)
{
	struct stalled s;

	ASSERT_OK(prepare(self, CAPIPC_FOREVER));
	ASSERT_OK(stalled_accept(&s, self->guest_fd[0], self->invitation));
	ASSERT_OK(ipc_close(self->fd, self->handle));
	EXPECT_ERR(ESTALE, stalled_end(&s));
	EXPECT_OK(verify(self, -1, 0));
	close(self->invitation);

	ASSERT_OK(prepare(self, ipc_in(200)));
	ASSERT_OK(stalled_accept(&s, self->guest_fd[0], self->invitation));
	EXPECT_EQ(CAPIPC_RECEIVED_INVITATION_CLOSED,
		  ipc_news(self->fd, self->handle, &self->m));
	EXPECT_ERR(ETIMEDOUT, stalled_end(&s));
	EXPECT_OK(verify(self, -1, 0));
	close(self->invitation);

	/* the request keeps the descriptor, which is not the last one then */
	ASSERT_OK(prepare(self, CAPIPC_FOREVER));
	ASSERT_OK(stalled_accept(&s, self->guest_fd[0], self->invitation));
	close(self->invitation);
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, self->handle, &self->m));
	EXPECT_OK(stalled_end(&s));
	EXPECT_EQ(CAPIPC_RECEIVED_ACCEPTED,
		  ipc_news(self->fd, self->handle, &self->m));
}

/* ------------------------------------------------------------------- death */

static void hangs(struct __test_metadata *_metadata, int sock, void *arg)
{
	struct stalled s;
	int fd = ipc_open();

	ASSERT_GE(fd, 0);
	ASSERT_OK(stalled_accept(&s, fd, *(int *)arg));
	ASSERT_OK(sync_post(sock));
	ASSERT_OK(sync_wait(sock));
}

TEST_F(race, guest_killed_in_the_middle)
{
	struct child child;

	ASSERT_OK(prepare(self, CAPIPC_FOREVER));
	CHILD_START(&child, hangs, &self->invitation);
	ASSERT_OK(sync_wait(child.sock));
	CHILD_KILL(&child);
	EXPECT_EQ(0, ipc_queued(self->fd, self->handle));
	ASSERT_OK(
		ipc_accept_all(self->guest_fd[0], self->invitation, &self->g));
	EXPECT_OK(verify(self, self->guest_fd[0], self->g.in[0].handle));
	close(self->invitation);
}

static void accepts(struct __test_metadata *_metadata, int sock, void *arg)
{
	struct guest g;
	int fd = ipc_open();

	sync_post(sock);
	ipc_accept_all(fd, *(int *)arg, &g);
	pause();
}

/* At any moment: it has them and they die with it, or they are still there. */
TEST_F(race, guest_killed_at_any_time)
{
	int64_t end = ipc_in(4000);
	struct child child;
	int round, ret;

	for (round = 0; round < 100 && ipc_now() < end; round++) {
		ASSERT_OK(prepare(self, CAPIPC_FOREVER));
		CHILD_START(&child, accepts, &self->invitation);
		ASSERT_OK(sync_wait(child.sock));
		usleep(round * 37 % 1500);
		CHILD_KILL(&child);
		ret = ipc_accept_all(self->guest_fd[0], self->invitation,
				     &self->g);
		if (ret)
			ASSERT_ERR(ESTALE, ret);
		ASSERT_EQ(CAPIPC_RECEIVED_ACCEPTED,
			  ipc_news(self->fd, self->handle, &self->m));
		ASSERT_EQ(ret ? child.pid : getpid(), self->m.r.stamp.pid);
		ASSERT_OK(verify(self, ret ? -1 : self->guest_fd[0],
				 self->g.in[0].handle));
		ASSERT_OK(ipc_close(self->fd, self->handle));
		close(self->invitation);
	}
}

static void invites(struct __test_metadata *_metadata, int sock, void *arg)
{
	int fd = ipc_open(), invitation, copy, spare = *(int *)arg;
	uint32_t p[2], handle;
	unsigned int n;
	struct guest g;

	sync_post(sock);
	for (n = 0;; n++) {
		ipc_create(fd, p);
		if (ipc_invite_full(fd, p[1], &invite_anyone, 1, 0,
				    ipc_in(1 + n % 3), &invitation, &handle))
			continue;
		/* somebody else keeps it */
		copy = dup3(invitation, spare, O_CLOEXEC);
		if (n & 1)
			ipc_accept_all(fd, copy, &g);
		close(invitation);
		ipc_close(fd, p[0]);
		if (n & 2)
			ipc_close(fd, handle);
	}
}

/* What is left over would be found when the module is removed. */
TEST_F(race, inviter_killed_at_any_time)
{
	int64_t end = ipc_in(4000);
	struct child child;
	int round, spare = dup(0);

	for (round = 0; round < 60 && ipc_now() < end; round++) {
		CHILD_START(&child, invites, &spare);
		ASSERT_OK(sync_wait(child.sock));
		usleep(3000 + round * 371 % 20000);
		CHILD_KILL(&child);
	}
	close(spare);
}

/* ------------------------------------------------------- inside of itself */

static int refcnt(void)
{
	char text[32];

	return get_text(text, sizeof(text), "/sys/module/capipc/refcnt") > 0 ?
		       atoi(text) :
		       -1;
}

/* Files are let go of a little after they were closed. */
static int refcnt_falls_to(int want)
{
	int64_t end = ipc_soon();

	while (refcnt() != want && ipc_now() < end)
		usleep(1000);
	return refcnt() == want ? 0 : -ETIMEDOUT;
}

/* @file goes into the queue at the far end of @endpoint. */
static int hide_file(int fd, uint32_t endpoint, int file)
{
	struct capipc_attachment att = { .handle = file,
					 .kind = CAPIPC_KIND_FILE };

	return ipc_send_full(fd, endpoint, 0, "", 0, &att, 1);
}

/* A socket, with that in it, which is nowhere else then. */
static int wrap(int file)
{
	int sk[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sk) ||
	    sync_send_fd(sk[0], file))
		return -errno;
	close(sk[0]);
	close(file);
	return sk[1];
}

/* Invitation i is in a socket in a message in what invitation j holds. */
static void knots(struct __test_metadata *_metadata, int sock, void *arg)
{
	int fd = ipc_open(), invitation[3], carrier, i, ep;
	struct epoll_event event = { .events = EPOLLIN };
	uint32_t p[3][2], handle;
	const int inside[3] = { 0, 2, 1 };

	ASSERT_GE(fd, 0);
	for (i = 0; i < 3; i++) {
		ASSERT_OK(ipc_create(fd, p[i]));
		ASSERT_OK(ipc_invite(fd, p[i][1], &invitation[i], &handle));
	}
	ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, invitation[0], &event));
	ASSERT_OK(hide_file(fd, p[0][0], ep));
	ASSERT_OK(hide_file(fd, p[0][0], fd));
	close(ep);
	for (i = 0; i < 3; i++) {
		carrier = wrap(invitation[inside[i]]);
		ASSERT_LE(0, carrier);
		ASSERT_OK(hide_file(fd, p[i][0], carrier));
		close(carrier);
	}
	for (i = 0; i < 3; i++)
		ASSERT_OK(ipc_send_str(fd, p[i][0], 1, "still there"));
	ASSERT_OK(sync_post(sock));
	ASSERT_OK(sync_wait(sock));
	/* the context stays, in one of them, if the process goes on */
}

TEST_F(race, inside_of_itself)
{
	struct child child;
	int before = refcnt(), kill;

	ASSERT_LE(3, before);
	for (kill = 0; kill < 2; kill++) {
		CHILD_START(&child, knots, NULL);
		ASSERT_OK(sync_wait(child.sock));
		EXPECT_LT(before, refcnt());
		if (kill) {
			CHILD_KILL(&child);
		} else {
			ASSERT_OK(sync_post(child.sock));
			CHILD_WAIT(&child);
		}
		EXPECT_OK(refcnt_falls_to(before));
	}
}

TEST_HARNESS_MAIN
