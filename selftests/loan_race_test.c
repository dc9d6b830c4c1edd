// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that are lent while everything happens at once: deadlines that pass just when a
 * request is handed over or copied, signals, and processes that die.
 *
 * All of a request is one byte, another one for each call. When a call is over, its caller
 * overwrites the buffer at once, with a byte that no call has. So whoever reads a buffer that he
 * must not read any more receives a mixture, or a byte of no call.
 */
#include "loan.h"
#include "waiter.h"

#include <sys/wait.h>

#define RACE_MS 1500 /* for each case, at least */
#define ENOUGH \
	20 /* of what a case is about: on a slow machine it takes longer */
#define CALLERS 3
#define SERVERS 2
#define LARGE	MIB
#define OVER	0xff /* the byte of no call */
#define PATIENCE \
	4000000 /* ns: the longest that a caller waits, unless it waits for ever */

/* What a call is about; known from its ordinal. */
static uint8_t byte_of(uint32_t ordinal)
{
	return ordinal % OVER;
}

static bool is_all(const char *at, uint32_t len, uint8_t byte)
{
	const unsigned char *p = (const void *)at;

	/* Each byte is as the one before it. */
	return p[0] == byte && !memcmp(p, p + 1, len - 1);
}

struct tally {
	unsigned int sent, answered, late, interrupted, received, refused;
};

struct race {
	int fd;
	bool over; /* for those who call */
	bool stop; /* for those who answer */
	int64_t patience_ns;
	uint32_t last; /* ordinal */
	uint32_t end[CALLERS];
	struct tally tally;
};

struct caller {
	pthread_t thread;
	struct race *race;
	struct source s;
	uint32_t end, id;
	int ret;
};

struct answerer {
	pthread_t thread;
	struct race *race;
	struct area a;
	int ret;
};

#define COUNT(_race, _what) \
	__atomic_add_fetch(&(_race)->tally._what, 1, __ATOMIC_RELAXED)

static bool is_set(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static void set(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_SEQ_CST);
}

/* The pipe may be gone, or the reply handle, and the pending call given up. */
static bool is_expected(int ret)
{
	return !ret || ret == -ETIMEDOUT || ret == -ECONNRESET || ret == -EINTR;
}

/* One call; it is over when this returns, if necessary because we give it up. */
static int race_call(struct caller *caller, unsigned int *random)
{
	static const uint32_t lens[] = { LARGE, 65536,	LARGE,
					 65537, 300000, 20000 };
	struct race *race = caller->race;
	struct capipc_call c;
	uint32_t ordinal, len, offset;
	int ret;

	ordinal = __atomic_add_fetch(&race->last, 1, __ATOMIC_RELAXED);
	len = lens[rand_r(random) % ARRAY_SIZE(lens)];
	offset = rand_r(random) % (caller->s.bytes - len + 1);
	memset(caller->s.p + offset, byte_of(ordinal), len);
	c = source_request(&caller->s, caller->end, offset, len, ordinal);
	c.deadline_ns = race->patience_ns ?
				ipc_now() + rand_r(random) % race->patience_ns :
				ipc_soon();
	ret = ipc_do_call(caller->s.fd, &c);
	if (c.pending) {
		COUNT(race, interrupted);
		/* Go on with it, or not. */
		if (rand_r(random) % 2)
			ret = ipc_do_call(caller->s.fd, &c);
		if (c.pending && ipc_close(caller->s.fd, c.pending))
			return -EPROTO;
	}
	memset(caller->s.p + offset, OVER, len);
	if (c.state != CAPIPC_CALL_UNSENT)
		COUNT(race, sent);
	if (!ret)
		COUNT(race, answered);
	else if (ret == -ETIMEDOUT)
		COUNT(race, late);
	return is_expected(ret) ? 0 : ret;
}

static void *race_call_fn(void *arg)
{
	struct caller *caller = arg;
	unsigned int random = caller->id + 1;

	while (!is_set(&caller->race->over) && !caller->ret)
		caller->ret = race_call(caller, &random);
	return NULL;
}

/* What comes is the call that it says it is, all of it. */
static int race_look(struct answerer *answerer, const struct capipc_receive *r,
		     uint32_t offset)
{
	if (!r->data_len || r->data_len > LARGE)
		return -EBADMSG;
	if (!is_all(answerer->a.p + offset, r->data_len, byte_of(r->ordinal)))
		return -EILSEQ;
	COUNT(answerer->race, received);
	return 0;
}

static int race_answer(struct answerer *answerer, unsigned int *random)
{
	uint32_t offset = rand_r(random) % (answerer->a.bytes - LARGE);
	struct capipc_receive r = area_request(&answerer->a, offset, LARGE);
	int ret;

	r.deadline_ns = ipc_in(rand_r(random) % 16 ? 20 : 1);
	ret = ipc_do_receive(answerer->race->fd, &r);
	if (ret)
		return ret == -ETIMEDOUT || ret == -EINTR ? 0 : ret;
	if (r.type != CAPIPC_RECEIVED_CALL)
		return r.type == CAPIPC_RECEIVED_PEER_CLOSED ? 0 : -EPROTO;
	ret = race_look(answerer, &r, offset);
	if (ret)
		return ret;
	/* After an answer, or none, the caller is free to do what it likes. */
	if (rand_r(random) % 8 == 0) {
		COUNT(answerer->race, refused);
		ret = ipc_close(answerer->race->fd, r.reply_handle);
	} else {
		ret = ipc_reply_str(answerer->race->fd, r.reply_handle, "");
	}
	return ret == -ECANCELED ? 0 : ret;
}

static void *race_answer_fn(void *arg)
{
	struct answerer *answerer = arg;
	unsigned int random = 99;

	while (!answerer->ret && !is_set(&answerer->race->stop))
		answerer->ret = race_answer(answerer, &random);
	return NULL;
}

static int answerer_open(struct answerer *answerer, struct race *race)
{
	struct area *a = &answerer->a;
	int ret;

	answerer->race = race;
	a->fd = race->fd;
	a->bytes = LARGE + 20000;
	ret = area_create(a->fd, a->bytes, &a->handle);
	return ret ? ret :
		     ipc_map(a->fd, a->handle, a->bytes, PROT_READ, &a->p);
}

FIXTURE(loan_race)
{
	struct race race;
	struct caller caller[CALLERS];
	struct answerer answerer[SERVERS];
	struct nl nl;
	cpu_set_t before;
	__u64 bytes; /* that the server uses before anything happens */
	__u64 of_caller[CALLERS];
};

FIXTURE_VARIANT(loan_race)
{
	unsigned int processors;
};

FIXTURE_VARIANT_ADD(loan_race, one_processor){
	.processors = 1,
};

FIXTURE_VARIANT_ADD(loan_race, two_processors){
	.processors = 2,
};

FIXTURE_SETUP(loan_race)
{
	const char *name = fresh_name();
	uint32_t listener;
	int i;

	ASSERT_EQ(0, sched_getaffinity(0, sizeof(self->before), &self->before));
	ASSERT_OK(use_processors(variant->processors));
	ASSERT_OK(nl_open(&self->nl));
	self->race.fd = ipc_open();
	ASSERT_LE(0, self->race.fd);
	ASSERT_OK(ipc_listen(self->race.fd, name, &listener));
	for (i = 0; i < CALLERS; i++) {
		struct caller *caller = &self->caller[i];
		int fd = ipc_open();

		caller->race = &self->race;
		caller->id = i;
		ASSERT_OK(ipc_connect(fd, name, &caller->end));
		ASSERT_OK(ipc_accept(self->race.fd, listener,
				     &self->race.end[i]));
		ASSERT_OK(source_open(&caller->s, fd, LARGE + 8192));
		self->of_caller[i] = bytes_charged(&self->nl, fd);
	}
	ASSERT_OK(ipc_close(self->race.fd, listener));
	for (i = 0; i < SERVERS; i++)
		ASSERT_OK(answerer_open(&self->answerer[i], &self->race));
	self->bytes = bytes_charged(&self->nl, self->race.fd);
}

FIXTURE_TEARDOWN(loan_race)
{
	int i;

	for (i = 0; i < CALLERS; i++) {
		munmap(self->caller[i].s.p, self->caller[i].s.bytes);
		close(self->caller[i].s.fd);
	}
	for (i = 0; i < SERVERS; i++)
		munmap(self->answerer[i].a.p, self->answerer[i].a.bytes);
	close(self->race.fd);
	nl_close(&self->nl);
	sched_setaffinity(0, sizeof(self->before), &self->before);
}

static int race_begin(FIXTURE_DATA(loan_race) * self)
{
	int i, ret = 0;

	for (i = 0; i < SERVERS && !ret; i++)
		ret = -pthread_create(&self->answerer[i].thread, NULL,
				      race_answer_fn, &self->answerer[i]);
	for (i = 0; i < CALLERS && !ret; i++)
		ret = -pthread_create(&self->caller[i].thread, NULL,
				      race_call_fn, &self->caller[i]);
	return ret;
}

static int race_end(FIXTURE_DATA(loan_race) * self)
{
	int i, ret = 0;

	set(&self->race.over);
	for (i = 0; i < CALLERS; i++) {
		pthread_join(self->caller[i].thread, NULL);
		ret = ret ? ret : self->caller[i].ret;
	}
	set(&self->race.stop);
	for (i = 0; i < SERVERS; i++) {
		pthread_join(self->answerer[i].thread, NULL);
		ret = ret ? ret : self->answerer[i].ret;
	}
	return ret;
}

/* Nothing is left in the pipes, or in the accounts. */
#define EXPECT_NOTHING_LEFT()                                            \
	do {                                                             \
		int _i;                                                  \
		for (_i = 0; _i < CALLERS; _i++) {                       \
			EXPECT_EQ(0, ipc_queued(self->race.fd,           \
						self->race.end[_i]));    \
			EXPECT_EQ(self->of_caller[_i],                   \
				  bytes_charged(&self->nl,               \
						self->caller[_i].s.fd)); \
		}                                                        \
		EXPECT_EQ(self->bytes,                                   \
			  bytes_charged(&self->nl, self->race.fd));      \
	} while (0)

#define TELL()                                                                \
	TH_LOG("sent %u, answered %u, late %u, interrupted %u, received %u, " \
	       "refused %u",                                                  \
	       self->race.tally.sent, self->race.tally.answered,              \
	       self->race.tally.late, self->race.tally.interrupted,           \
	       self->race.tally.received, self->race.tally.refused)

/* Whether it goes on: until it has been long enough, and has happened often enough. */
static bool race_goes_on(int64_t begin, const unsigned int *count)
{
	int64_t so_far = ipc_now() - begin;

	return so_far < RACE_MS * 1000000LL ||
	       (__atomic_load_n(count, __ATOMIC_RELAXED) < ENOUGH &&
		so_far < IPC_SOON_MS * 1000000LL);
}

static void race_run(const unsigned int *count)
{
	int64_t begin = ipc_now();

	while (race_goes_on(begin, count))
		usleep(20000);
}

TEST_F_TIMEOUT(loan_race, patient, 100)
{
	ASSERT_OK(race_begin(self));
	race_run(&self->race.tally.answered);
	EXPECT_OK(race_end(self));
	TELL();
	EXPECT_LE(ENOUGH, self->race.tally.answered);
	EXPECT_NOTHING_LEFT();
}

TEST_F_TIMEOUT(loan_race, deadlines, 100)
{
	self->race.patience_ns = PATIENCE;
	ASSERT_OK(race_begin(self));
	race_run(&self->race.tally.late);
	EXPECT_OK(race_end(self));
	TELL();
	EXPECT_LE(ENOUGH, self->race.tally.late);
	EXPECT_LT(0, self->race.tally.received);
	EXPECT_NOTHING_LEFT();
}

/* Those who call are interrupted, and those who receive. */
TEST_F_TIMEOUT(loan_race, signals, 100)
{
	int64_t begin = ipc_now();
	unsigned int random = 4;
	int i;

	ASSERT_OK(catch_signal(SIGUSR1, 0));
	ASSERT_OK(race_begin(self));
	while (race_goes_on(begin, &self->race.tally.interrupted)) {
		for (i = 0; i < CALLERS; i++)
			pthread_kill(self->caller[i].thread, SIGUSR1);
		for (i = 0; i < SERVERS; i++)
			pthread_kill(self->answerer[i].thread, SIGUSR1);
		usleep(1000 + rand_r(&random) % 2000);
	}
	EXPECT_OK(race_end(self));
	TELL();
	EXPECT_LE(ENOUGH, self->race.tally.interrupted);
	EXPECT_LT(0, self->race.tally.received);
	EXPECT_NOTHING_LEFT();
}

/* --------------------------------------------------------------- short-lived */

#define ROUNDS 40

/* Calls again and again, until the pipe is gone; any end of a call will do. */
static void *until_gone_fn(void *arg)
{
	struct caller *caller = arg;
	unsigned int random = caller->id;

	do {
		caller->ret = race_call(caller, &random);
	} while (!caller->ret);
	return NULL;
}

/*
 * The pipe is closed at some moment, by turns at either end or on both. A request that was given
 * out before arrives; but always all of it, since its call is not over.
 */
TEST_F_TIMEOUT(loan_race, closed, 100)
{
	struct caller *caller = &self->caller[0];
	struct area a = { .fd = self->race.fd, .sender = caller->s.fd };
	unsigned int random = 5;
	int round;

	self->race.patience_ns = PATIENCE;
	for (round = 0; round < ROUNDS; round++) {
		pthread_t thread;
		int64_t moment;

		ASSERT_OK(area_pipe(&a, &caller->end, &a.end));
		self->race.stop = false;
		ASSERT_EQ(0,
			  pthread_create(&self->answerer[0].thread, NULL,
					 race_answer_fn, &self->answerer[0]));
		caller->ret = 0;
		ASSERT_EQ(0,
			  pthread_create(&thread, NULL, until_gone_fn, caller));
		moment = ipc_now() + rand_r(&random) % (5 * PATIENCE);
		while (ipc_now() < moment)
			usleep(50);
		if (round % 3 != 1)
			EXPECT_OK(ipc_close(self->race.fd, a.end));
		if (round % 3 != 0)
			EXPECT_OK(ipc_close(a.sender, caller->end));
		pthread_join(thread, NULL);
		EXPECT_TRUE(caller->ret == -EPIPE || caller->ret == -EBADF)
		TH_LOG("%s", ipc_errname(caller->ret));
		set(&self->race.stop);
		pthread_join(self->answerer[0].thread, NULL);
		ASSERT_OK(self->answerer[0].ret);
		ipc_close(self->race.fd, a.end);
		ipc_close(a.sender, caller->end);
	}
	TELL();
	EXPECT_NOTHING_LEFT();
}

static void victim(struct __test_metadata *_metadata, struct peer *peer)
{
	struct race race = { .patience_ns = 10 * PATIENCE };
	struct caller caller = { .race = &race, .end = peer->ep };

	ASSERT_OK(source_open(&caller.s, peer->fd, LARGE + 8192));
	ASSERT_OK(sync_post(peer->sock));
	until_gone_fn(&caller);
	pause();
}

/* Who has called is killed, whatever has become of its request. */
TEST_F_TIMEOUT(loan_race, caller_dies, 100)
{
	unsigned int random = 6;
	int round;

	ASSERT_OK(race_begin(self));
	self->race.patience_ns = PATIENCE;
	for (round = 0; round < ROUNDS / 2; round++) {
		struct peer peer = { .fn = victim, .fd = ipc_open() };
		struct race race = { .fd = peer.fd };
		struct answerer answerer = { 0 };
		int64_t moment;

		PEER_START(&peer);
		ASSERT_OK(answerer_open(&answerer, &race));
		ASSERT_EQ(0, pthread_create(&answerer.thread, NULL,
					    race_answer_fn, &answerer));
		ASSERT_OK(sync_wait(peer.sock));
		moment = ipc_now() + rand_r(&random) % (5 * PATIENCE);
		while (ipc_now() < moment)
			usleep(50);
		PEER_KILL(&peer);
		set(&race.stop);
		pthread_join(answerer.thread, NULL);
		EXPECT_OK(answerer.ret);
		munmap(answerer.a.p, answerer.a.bytes);
		close(peer.fd);
	}
	EXPECT_OK(race_end(self));
	TELL();
	EXPECT_NOTHING_LEFT();
}

static void server_victim(struct __test_metadata *_metadata, struct peer *peer)
{
	struct race race = { .fd = peer->fd };
	struct answerer answerer = { 0 };

	ASSERT_OK(answerer_open(&answerer, &race));
	ASSERT_OK(sync_post(peer->sock));
	race_answer_fn(&answerer);
	EXPECT_OK(answerer.ret);
}

/* Who copies is killed: the call fails, and the next one has nobody to go to. */
TEST_F_TIMEOUT(loan_race, server_dies, 100)
{
	struct caller *caller = &self->caller[0];
	unsigned int random = 7;
	int round;

	self->race.patience_ns = 10 * PATIENCE;
	for (round = 0; round < ROUNDS / 2; round++) {
		struct peer peer = { .fn = server_victim, .fd = caller->s.fd };
		pthread_t thread;
		int64_t moment;

		PEER_START(&peer);
		ASSERT_OK(sync_wait(peer.sock));
		caller->end = peer.ep;
		caller->ret = 0;
		ASSERT_EQ(0,
			  pthread_create(&thread, NULL, until_gone_fn, caller));
		moment = ipc_now() + rand_r(&random) % (5 * PATIENCE);
		while (ipc_now() < moment)
			usleep(50);
		PEER_KILL(&peer);
		pthread_join(thread, NULL);
		EXPECT_EQ(-EPIPE, caller->ret);
		EXPECT_OK(ipc_close(caller->s.fd, peer.ep));
	}
	TELL();
	EXPECT_NOTHING_LEFT();
}

TEST_HARNESS_MAIN
