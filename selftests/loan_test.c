// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that were given to a thread without their bytes: whatever happens before that
 * thread has copied them, they arrive whole, or not at all.
 */
#include "loan.h"

#include <sys/wait.h>

static size_t page;

FIXTURE(loan)
{
	struct area a;
	struct source s; /* of the sender */
	struct area_receive w;
	struct async_call c;
	struct ipc_message m;
	struct hold hold;
	struct nl nl;
	cpu_set_t before;
	bool was_fast;
};

FIXTURE_VARIANT(loan)
{
	bool fast;
};

FIXTURE_VARIANT_ADD(loan, fast_path){
	.fast = true,
};

/* Nothing is lent there, and nobody can tell the difference. */
FIXTURE_VARIANT_ADD(loan, general_path){
	.fast = false,
};

FIXTURE_SETUP(loan)
{
	page = sysconf(_SC_PAGESIZE);
	/* A test of what one processor does while another one does nothing. */
	ASSERT_LT(1, sysconf(_SC_NPROCESSORS_ONLN));
	self->was_fast = fast_path() == 1;
	ASSERT_OK(set_fast_path(variant->fast));
	ASSERT_OK(let_others_run(false));
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(self->before), &self->before));
	ASSERT_OK(use_processor(0));
	ASSERT_OK(area_open(&self->a, MIB + 16 * page));
	ASSERT_OK(source_open(&self->s, self->a.sender, MIB + 16 * page));
	ASSERT_OK(nl_open(&self->nl));
}

FIXTURE_TEARDOWN(loan)
{
	nl_close(&self->nl);
	munmap(self->s.p, self->s.bytes);
	area_close(&self->a);
	let_others_run(true);
	sched_setaffinity(0, sizeof(self->before), &self->before);
	set_fast_path(self->was_fast);
}

/*
 * A call with @_len bytes, pattern @_seed, to a thread that waits for it and does not run, until
 * LET_RUN(). The call is asleep.
 */
#define LEND(_len, _seed)                                                   \
	do {                                                                \
		ASSERT_OK(loan_receive(&self->w, &self->a, 100, MIB));      \
		area_keep(&self->a);                                        \
		ASSERT_OK(hold_begin(&self->hold, SCHED_FIFO));             \
		ASSERT_OK(source_call(&self->c, &self->s, self->a.from, 50, \
				      _len, _seed));                        \
		ASSERT_OK(async_wait_asleep(&self->c.async));               \
		ASSERT_EQ(self->a.before[100], self->a.p[100]);             \
	} while (0)

#define LET_RUN() ASSERT_OK(hold_end(&self->hold))

/* Break the call off by a signal: it is pending then. */
#define PARK()                                                    \
	do {                                                      \
		ASSERT_OK(catch_signal(SIGUSR1, 0));              \
		ASSERT_OK(async_signal(&self->c.async, SIGUSR1)); \
		ASSERT_ERR(EINTR, async_call_join(&self->c));     \
		ASSERT_NE(0, self->c.a.pending);                  \
	} while (0)

/* It comes as it was sent, and can be answered. */
#define EXPECT_ARRIVES(_len, _seed)                                    \
	do {                                                           \
		ASSERT_OK(area_receive_join(&self->w));                \
		EXPECT_EQ(CAPIPC_RECEIVED_CALL, self->w.r.type);       \
		EXPECT_EQ(_len, self->w.r.data_len);                   \
		EXPECT_EQ(_seed, self->w.r.ordinal);                   \
		EXPECT_TRUE(pattern_is(self->a.p + 100, _len, _seed)); \
		EXPECT_TRUE(area_is_kept_but(&self->a, 100, _len));    \
	} while (0)

/* A call that is over before its request is copied; its buffer is used for something else. */
#define GIVE_UP(_len, _seed)                                           \
	do {                                                           \
		ASSERT_OK(loan_receive(&self->w, &self->a, 100, MIB)); \
		area_keep(&self->a);                                   \
		ASSERT_OK(hold_begin(&self->hold, SCHED_FIFO));        \
		give_up(_metadata, self, _len, _seed);                 \
	} while (0)

static void give_up(struct __test_metadata *_metadata,
		    FIXTURE_DATA(loan) * self, uint32_t len, uint32_t seed)
{
	struct capipc_call c;

	pattern_fill(self->s.p + 50, len, seed);
	c = source_request(&self->s, self->a.from, 50, len, seed);
	c.deadline_ns = ipc_in(10);
	ASSERT_ERR(ETIMEDOUT, ipc_do_call(self->s.fd, &c));
	EXPECT_EQ(CAPIPC_CALL_SENT, c.state);
	memset(self->s.p, 0xa5, self->s.bytes);
}

/* Nothing has come; but the next call does, to the same thread, and is answered. */
#define EXPECT_WAITS_ON()                                                   \
	do {                                                                \
		EXPECT_TRUE(waits_on(&self->w));                            \
		EXPECT_EQ(0, ipc_queued(self->a.fd, self->a.end));          \
		EXPECT_TRUE(area_is_kept_but(&self->a, 100, MIB));          \
		area_keep(&self->a);                                        \
		ASSERT_OK(source_call(&self->c, &self->s, self->a.from, 1,  \
				      200000, 99));                         \
		EXPECT_ARRIVES(200000, 99);                                 \
		EXPECT_OK(ipc_reply_str(self->a.fd, self->w.r.reply_handle, \
					""));                               \
		EXPECT_OK(async_call_join(&self->c));                       \
	} while (0)

/* -------------------------------------------------------------- nothing happens */

static const uint32_t lens[] = { 65537, 131072, 200001, MIB };

TEST_F(loan, late)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		LEND(lens[i], i + 1);
		LET_RUN();
		EXPECT_ARRIVES(lens[i], i + 1);
		EXPECT_FALSE(async_ended(&self->c.async));
		EXPECT_OK(ipc_reply_str(self->a.fd, self->w.r.reply_handle,
					"late"));
		EXPECT_OK(async_call_join(&self->c));
		EXPECT_STREQ("late", self->c.reply);
	}
}

/* Others wait meanwhile, and get what comes after it. */
TEST_F(loan, is_not_in_the_way_of_others)
{
	uint32_t from, end;

	ASSERT_OK(area_pipe(&self->a, &from, &end));
	LEND(MIB, 1);
	ASSERT_OK(ipc_send_str(self->a.sender, from, 2, "another pipe"));
	ASSERT_OK(ipc_recv_from(self->a.fd, end, &self->m));
	EXPECT_STREQ("another pipe", self->m.data);
	/* Not overtaken by what comes behind it. */
	ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 3, "the same"));
	if (variant->fast)
		EXPECT_ERR(EAGAIN, ipc_tryrecv(self->a.fd, &self->m));
	LET_RUN();
	EXPECT_ARRIVES(MIB, 1);
	ASSERT_OK(ipc_recv(self->a.fd, &self->m));
	EXPECT_STREQ("the same", self->m.data);
	EXPECT_OK(ipc_reply_str(self->a.fd, self->w.r.reply_handle, ""));
	EXPECT_OK(async_call_join(&self->c));
}

/* ------------------------------------------------------------ the call is over */

/* What the caller does to its buffer when its call is over is not seen. */
TEST_F(loan, deadline)
{
	struct capipc_call c;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		ASSERT_OK(loan_receive(&self->w, &self->a, 100, MIB));
		area_keep(&self->a);
		ASSERT_OK(hold_begin(&self->hold, SCHED_FIFO));
		c = source_request(&self->s, self->a.from, 50, lens[i], i);
		c.deadline_ns = ipc_in(10);
		ASSERT_ERR(ETIMEDOUT, ipc_do_call(self->s.fd, &c));
		EXPECT_EQ(CAPIPC_CALL_SENT, c.state);
		EXPECT_EQ(0, c.pending);
		memset(self->s.p, 0xa5, self->s.bytes);
		LET_RUN();
		EXPECT_TRUE(waits_on(&self->w));
		EXPECT_TRUE(area_is_kept(&self->a));
		EXPECT_WAITS_ON();
	}
}

TEST_F(loan, pending_closed)
{
	LEND(MIB, 1);
	PARK();
	ASSERT_OK(ipc_close(self->s.fd, self->c.a.pending));
	memset(self->s.p, 0xa5, self->s.bytes);
	LET_RUN();
	EXPECT_TRUE(waits_on(&self->w));
	EXPECT_TRUE(area_is_kept(&self->a));
	EXPECT_WAITS_ON();
}

/* The buffer is gone for its owner, but not for the call, which waits on. */
TEST_F(loan, source_closed)
{
	LEND(MIB, 1);
	PARK();
	ASSERT_OK(source_close(&self->s));
	LET_RUN();
	EXPECT_ARRIVES(MIB, 1);
	EXPECT_OK(ipc_reply_str(self->a.fd, self->w.r.reply_handle, "kept"));
	ASSERT_OK(async_call_go(&self->c));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("kept", self->c.reply);
}

/* Both of it: the last to let the buffer go is who does not get the request. */
TEST_F(loan, source_closed_and_given_up)
{
	struct source again;

	LEND(MIB, 1);
	PARK();
	ASSERT_OK(source_close(&self->s));
	ASSERT_OK(ipc_close(self->a.sender, self->c.a.pending));
	LET_RUN();
	EXPECT_TRUE(waits_on(&self->w));
	EXPECT_TRUE(area_is_kept(&self->a));
	ASSERT_OK(source_open(&again, self->a.sender, MIB + 16 * page));
	self->s = again;
	EXPECT_WAITS_ON();
}

TEST_F(loan, sender_closes_its_end)
{
	LEND(MIB, 1);
	PARK();
	ASSERT_OK(ipc_close(self->a.sender, self->a.from));
	LET_RUN();
	EXPECT_ARRIVES(MIB, 1);
	EXPECT_OK(ipc_reply_str(self->a.fd, self->w.r.reply_handle, "!"));
	ASSERT_OK(async_call_go(&self->c));
	EXPECT_OK(async_call_join(&self->c));
	ASSERT_OK(ipc_recv(self->a.fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
}

/* The other way round. What it was given already it can still answer. */
TEST_F(loan, receiver_closes_its_end)
{
	LEND(MIB, 1);
	ASSERT_OK(ipc_close(self->a.fd, self->a.end));
	if (variant->fast) {
		LET_RUN();
		EXPECT_ARRIVES(MIB, 1);
		EXPECT_OK(
			ipc_reply_str(self->a.fd, self->w.r.reply_handle, ""));
		EXPECT_OK(async_call_join(&self->c));
	} else {
		EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
		LET_RUN();
	}
}

/* The pipe is closed both ways, which ends the call at once. */
TEST_F(loan, pipe_cut)
{
	struct capipc_report r = { .size = sizeof(r), .handle = self->a.end };
	struct capipc_receive first = area_request(&self->a, 0, 100);
	uint32_t from, end;

	ASSERT_OK(area_pipe(&self->a, &from, &end));
	/* Into the area, or else the next one is not expected to be. */
	ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 1, "first"));
	ASSERT_OK(ipc_do_receive(self->a.fd, &first));
	r.stamp_id = first.stamp.id;
	LEND(MIB, 1);
	ASSERT_OK(ipc_ioctl(self->a.fd, CAPIPC_IOC_REPORT, &r));
	ASSERT_ERR(ECONNRESET, async_call_join(&self->c));
	memset(self->s.p, 0xa5, self->s.bytes);
	LET_RUN();
	EXPECT_TRUE(waits_on(&self->w));
	EXPECT_TRUE(area_is_kept(&self->a));
	self->a.from = from;
	self->a.end = end;
	EXPECT_WAITS_ON();
}

/* What is withdrawn takes no room, however often. */
TEST_F(loan, window)
{
	int i;

	for (i = 0; i < 12; i++) {
		GIVE_UP(MIB, i);
		LET_RUN();
		ASSERT_TRUE(waits_on(&self->w));
		EXPECT_TRUE(area_is_kept(&self->a));
		ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, i, "on"));
		ASSERT_OK(area_receive_join(&self->w));
		EXPECT_EQ(i, self->w.r.ordinal);
	}
	ASSERT_OK(loan_receive(&self->w, &self->a, 100, MIB));
	area_keep(&self->a);
	EXPECT_WAITS_ON();
}

/* Who gives up all the time does not keep a thread from what it waits for. */
TEST_F(loan, once)
{
	GIVE_UP(MIB, 1);
	LET_RUN();
	ASSERT_TRUE(waits_on(&self->w));
	ASSERT_OK(hold_begin(&self->hold, SCHED_FIFO));
	give_up(_metadata, self, MIB, 2);
	LET_RUN();
	if (variant->fast) {
		/* It was given to the thread, with its bytes. */
		EXPECT_ARRIVES(MIB, 2);
		EXPECT_ERR(ECANCELED,
			   ipc_reply_str(self->a.fd, self->w.r.reply_handle,
					 ""));
	} else {
		EXPECT_WAITS_ON();
	}
}

/* What was sent behind it is next. */
TEST_F(loan, withdrawn_before_others)
{
	LEND(MIB, 1);
	ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 2, "behind it"));
	PARK();
	ASSERT_OK(ipc_close(self->a.sender, self->c.a.pending));
	LET_RUN();
	ASSERT_OK(area_receive_join(&self->w));
	EXPECT_EQ(2, self->w.r.ordinal);
	EXPECT_EQ(9, self->w.r.data_len);
	EXPECT_EQ(0, memcmp(self->a.p + 100, "behind it", 9));
	EXPECT_TRUE(area_is_kept_but(&self->a, 100, 9));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->a.fd, &self->m));
}

/* The endpoint is on its way to somebody else when the request is withdrawn. */
TEST_F(loan, endpoint_moves_away)
{
	uint32_t from, end, moved;

	ASSERT_OK(area_pipe(&self->a, &from, &end));
	LEND(MIB, 1);
	PARK();
	ASSERT_OK(ipc_send_handle(self->a.fd, end, "take it", self->a.end));
	ASSERT_OK(ipc_close(self->a.sender, self->c.a.pending));
	LET_RUN();
	EXPECT_TRUE(waits_on(&self->w));
	EXPECT_TRUE(area_is_kept(&self->a));
	ASSERT_OK(ipc_recv_from(self->a.sender, from, &self->m));
	ASSERT_EQ(1, self->m.r.attachments_count);
	moved = self->m.att[0].handle;
	ASSERT_OK(source_send(&self->s, self->a.from, 0, 600, 3));
	ASSERT_OK(ipc_recv_from(self->a.sender, moved, &self->m));
	EXPECT_EQ(3, self->m.r.ordinal);
	/* The thread is there for the pipes that are left. */
	self->a.from = from;
	self->a.end = end;
	EXPECT_WAITS_ON();
}

/* It is in a queue that is in its own, and nobody can get it out: it is collected after all. */
TEST_F(loan, endpoint_is_lost)
{
	struct source s;
	uint32_t h[2], g[2];

	ASSERT_OK(ipc_create(self->a.fd, h));
	ASSERT_OK(ipc_create(self->a.fd, g));
	ASSERT_OK(source_open(&s, self->a.fd, MIB));
	ASSERT_OK(loan_receive(&self->w, &self->a, 100, MIB));
	area_keep(&self->a);
	ASSERT_OK(hold_begin(&self->hold, SCHED_FIFO));
	ASSERT_OK(source_call(&self->c, &s, h[0], 0, MIB, 1));
	ASSERT_OK(async_wait_asleep(&self->c.async));
	ASSERT_OK(ipc_send_handle(self->a.fd, h[0], "lost", g[1]));
	ASSERT_OK(ipc_send_handle(self->a.fd, g[0], "lost", h[1]));
	/* Who collects looks at it now, and not again of his own accord. */
	usleep(100000);
	if (variant->fast) {
		PARK();
		ASSERT_OK(ipc_close(self->a.fd, self->c.a.pending));
	} else {
		EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
	}
	LET_RUN();
	/* The thread hears of one, we of the other. */
	ASSERT_OK(area_receive_join(&self->w));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->w.r.type);
	ASSERT_OK(ipc_recv(self->a.fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_EQ(h[0] ^ g[0], self->w.r.from ^ self->m.r.from);
	EXPECT_TRUE(area_is_kept(&self->a));
	EXPECT_OK(source_close(&s));
}

/* --------------------------------------------------------------- the receiver */

TEST_F(loan, receiver_interrupted)
{
	ASSERT_OK(catch_signal(SIGUSR2, 0));
	LEND(MIB, 1);
	ASSERT_OK(async_signal(&self->w.async, SIGUSR2));
	LET_RUN();
	EXPECT_ARRIVES(MIB, 1);
	EXPECT_OK(ipc_reply_str(self->a.fd, self->w.r.reply_handle, ""));
	EXPECT_OK(async_call_join(&self->c));
}

TEST_F(loan, receiver_interrupted_and_withdrawn)
{
	ASSERT_OK(catch_signal(SIGUSR2, 0));
	LEND(MIB, 1);
	PARK();
	ASSERT_OK(ipc_close(self->s.fd, self->c.a.pending));
	ASSERT_OK(async_signal(&self->w.async, SIGUSR2));
	LET_RUN();
	EXPECT_ERR(EINTR, area_receive_join(&self->w));
	EXPECT_TRUE(area_is_kept(&self->a));
	ASSERT_OK(loan_receive(&self->w, &self->a, 100, MIB));
	EXPECT_WAITS_ON();
}

/* Its time is up while it is kept from running: it has the request all the same, or not. */
TEST_F(loan, receiver_out_of_time)
{
	bool withdrawn;

	for (withdrawn = false;; withdrawn = true) {
		memset(&self->w, 0, sizeof(self->w));
		self->w.r = area_request(&self->a, 100, MIB);
		self->w.r.deadline_ns = ipc_in(1500);
		ASSERT_OK(loan_receive_go(&self->w, self->a.fd));
		area_keep(&self->a);
		ASSERT_OK(hold_begin(&self->hold, SCHED_FIFO));
		ASSERT_OK(source_call(&self->c, &self->s, self->a.from, 50, MIB,
				      1));
		ASSERT_OK(async_wait_asleep(&self->c.async));
		if (withdrawn) {
			PARK();
			ASSERT_OK(ipc_close(self->s.fd, self->c.a.pending));
		}
		while (ipc_now() <= self->w.r.deadline_ns)
			usleep(1000);
		LET_RUN();
		if (withdrawn)
			break;
		EXPECT_ARRIVES(MIB, 1);
		EXPECT_OK(
			ipc_reply_str(self->a.fd, self->w.r.reply_handle, ""));
		EXPECT_OK(async_call_join(&self->c));
	}
	EXPECT_ERR(ETIMEDOUT, area_receive_join(&self->w));
	EXPECT_TRUE(area_is_kept(&self->a));
}

/* The area, too, is there as long as somebody receives into it. */
TEST_F(loan, area_closed)
{
	LEND(MIB, 1);
	ASSERT_EQ(0, munmap(self->a.p, self->a.bytes));
	ASSERT_OK(ipc_close(self->a.fd, self->a.handle));
	LET_RUN();
	ASSERT_OK(area_receive_join(&self->w));
	EXPECT_EQ(MIB, self->w.r.data_len);
	EXPECT_OK(ipc_reply_str(self->a.fd, self->w.r.reply_handle, ""));
	EXPECT_OK(async_call_join(&self->c));
	ASSERT_OK(area_create(self->a.fd, self->a.bytes, &self->a.handle));
	ASSERT_OK(ipc_map(self->a.fd, self->a.handle, self->a.bytes, PROT_READ,
			  &self->a.p));
}

/* ------------------------------------------------------------------- accounts */

/* As long as it is lent, and not longer, whether it is received or not. */
TEST_F(loan, who_pays_and_how_long)
{
	const int fd = self->a.sender;
	__u64 before;
	int received;

	ASSERT_OK(source_close(&self->s));
	before = bytes_charged(&self->nl, fd);
	ASSERT_NE(~0ULL, before);
	for (received = 0; received < 2; received++) {
		ASSERT_OK(source_open(&self->s, fd, MIB + 16 * page));
		LEND(MIB, 1);
		PARK();
		ASSERT_OK(source_close(&self->s));
		/* The message, and what it is made of. */
		EXPECT_LE(before + 2 * MIB * variant->fast,
			  bytes_charged(&self->nl, fd));
		if (!received)
			ASSERT_OK(ipc_close(fd, self->c.a.pending));
		LET_RUN();
		if (!received) {
			EXPECT_TRUE(waits_on(&self->w));
			EXPECT_EQ(before, bytes_charged(&self->nl, fd));
			ASSERT_OK(ipc_send_str(fd, self->a.from, 2, "end"));
			ASSERT_OK(area_receive_join(&self->w));
			continue;
		}
		EXPECT_ARRIVES(MIB, 1);
		EXPECT_GT(before + MIB, bytes_charged(&self->nl, fd));
		EXPECT_OK(
			ipc_reply_str(self->a.fd, self->w.r.reply_handle, ""));
		ASSERT_OK(async_call_go(&self->c));
		EXPECT_OK(async_call_join(&self->c));
		EXPECT_EQ(before, bytes_charged(&self->nl, fd));
	}
}

/* --------------------------------------------------------------------- deaths */

static void calls(struct __test_metadata *_metadata, struct peer *peer)
{
	struct capipc_call c;
	struct source s;

	ASSERT_OK(use_processor(0));
	ASSERT_OK(source_open(&s, peer->fd, MIB));
	pattern_fill(s.p, MIB, 1);
	c = source_request(&s, peer->ep, 0, MIB, 1);
	ASSERT_OK(sync_wait(peer->sock));
	ipc_do_call(peer->fd, &c);
}

/* Its last request arrives, as any last message does: its buffer is there as long. */
TEST_F(loan, caller_killed)
{
	struct peer peer = { .fn = calls, .fd = self->a.fd };

	PEER_START(&peer);
	ASSERT_OK(loan_receive(&self->w, &self->a, 100, MIB));
	area_keep(&self->a);
	ASSERT_OK(hold_begin(&self->hold, SCHED_FIFO));
	ASSERT_OK(sync_post(peer.sock));
	/* Not in what it waited for before. */
	usleep(20000);
	ASSERT_OK(wait_asleep(peer.child.pid));
	PEER_KILL(&peer);
	LET_RUN();
	EXPECT_ARRIVES(MIB, 1);
	EXPECT_ERR(ECANCELED,
		   ipc_reply_str(self->a.fd, self->w.r.reply_handle, ""));
	ASSERT_OK(ipc_recv(self->a.fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
}

static void serves(struct __test_metadata *_metadata, struct peer *peer)
{
	struct area a = { .fd = peer->fd, .bytes = MIB };
	struct capipc_receive r;

	ASSERT_OK(use_processor(1));
	ASSERT_OK(area_create(a.fd, a.bytes, &a.handle));
	ASSERT_OK(sync_post(peer->sock));
	r = area_request(&a, 0, MIB);
	ipc_do_receive(a.fd, &r);
	pause();
}

TEST_F(loan, receiver_killed)
{
	struct peer peer = { .fn = serves, .fd = self->a.sender };
	int status;

	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	ASSERT_OK(wait_asleep(peer.child.pid));
	ASSERT_OK(hold_begin(&self->hold, SCHED_FIFO));
	ASSERT_OK(source_call(&self->c, &self->s, peer.ep, 0, MIB, 1));
	ASSERT_OK(async_wait_asleep(&self->c.async));
	ASSERT_EQ(0, kill(peer.child.pid, SIGKILL));
	EXPECT_FALSE(async_ended(&self->c.async));
	LET_RUN();
	EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
	EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
	ASSERT_EQ(peer.child.pid, waitpid(peer.child.pid, &status, 0));
	EXPECT_ERR(EPIPE, ipc_send_str(self->a.sender, peer.ep, 1, "?"));
}

/* ------------------------------------------------------------------ smaller ones */

#define TRIES 40

/*
 * Who waits, and the scheduler would rather go on with it than let anybody else run, has had
 * less of its processor: it gets the work. There is no other way to see that than to break the
 * call off before it is done.
 */
TEST_F_TIMEOUT(loan, to_who_is_not_let_go, 100)
{
	const uint32_t len = 65536;
	unsigned int lent = 0, copied = 0, i;
	struct hold idle;

	for (i = 0; i < TRIES && !lent; i++) {
		/* Nobody knows anything of these yet. */
		munmap(self->s.p, self->s.bytes);
		area_close(&self->a);
		ASSERT_OK(area_open(&self->a, MIB + 16 * page));
		ASSERT_OK(
			source_open(&self->s, self->a.sender, MIB + 16 * page));
		/* Somebody to be let run, who never deserves it. */
		ASSERT_OK(hold_begin(&idle, SCHED_IDLE));
		ASSERT_OK(loan_receive(&self->w, &self->a, 100, MIB));
		ASSERT_OK(hold_end(&idle));
		area_keep(&self->a);
		ASSERT_OK(hold_begin(&self->hold, SCHED_FIFO));
		/* From there, and before whoever keeps it busy. */
		ASSERT_OK(real_time(60));
		ASSERT_OK(use_processor(1));
		give_up(_metadata, self, len, i);
		ASSERT_OK(use_processor(0));
		ASSERT_OK(real_time(0));
		LET_RUN();
		if (waits_on(&self->w)) {
			lent++;
			EXPECT_TRUE(area_is_kept(&self->a));
			EXPECT_WAITS_ON();
		} else {
			copied++;
			EXPECT_ARRIVES(len, i);
			EXPECT_ERR(ECANCELED,
				   ipc_reply_str(self->a.fd,
						 self->w.r.reply_handle, ""));
		}
	}
	TH_LOG("lent after %u that were copied", copied);
	EXPECT_EQ(1, lent);
}

TEST_HARNESS_MAIN
