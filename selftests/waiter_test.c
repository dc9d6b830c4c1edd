// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that wait: no call is lost or made twice, whatever interrupts it, and nobody
 * spins who should sleep; on one processor and on two.
 */
#include "waiter.h"

#define CALLS 300

FIXTURE(waiter)
{
	struct scene s;
};

FIXTURE_VARIANT(waiter)
{
	unsigned int processors;
};

FIXTURE_VARIANT_ADD(waiter, one_processor){
	.processors = 1,
};

FIXTURE_VARIANT_ADD(waiter, two_processors){
	.processors = 2,
};

FIXTURE_SETUP(waiter)
{
	ASSERT_OK(use_processors(variant->processors));
}

FIXTURE_TEARDOWN(waiter)
{
	scene_close(&self->s);
}

struct ping {
	uint32_t client;
	uint32_t number;
};

static struct capipc_call ping_call(const struct client *c,
				    const struct ping *ping, struct ping *pong)
{
	memset(pong, IPC_POISON, sizeof(*pong));
	return (struct capipc_call){
		.deadline_ns = ipc_soon(),
		.data = ipc_ptr(ping),
		.data_len = sizeof(*ping),
		.reply_data = ipc_ptr(pong),
		.reply_capacity = sizeof(*pong),
		.handle = c->end,
	};
}

static int ping_check(const struct capipc_call *a, const struct ping *ping,
		      const struct ping *pong)
{
	return a->reply_len == sizeof(*pong) &&
			       !memcmp(ping, pong, sizeof(*ping)) ?
		       0 :
		       -EBADMSG;
}

static unsigned int served(const struct scene *s)
{
	unsigned int i, done = 0;

	for (i = 0; i < s->servers; i++)
		done += s->server[i].done;
	return done;
}

/* ------------------------------------------------------------------- calls */

static void *calls_fn(void *arg)
{
	struct client *c = arg;
	struct ping ping = { .client = c->id }, pong;
	struct capipc_call a;

	while (!c->ret && c->done < CALLS) {
		ping.number = c->done++;
		a = ping_call(c, &ping, &pong);
		c->ret = ipc_do_call(c->fd, &a) ?: ping_check(&a, &ping, &pong);
	}
	return NULL;
}

/* Each with its own answer. */
TEST_F(waiter, each_call_is_answered)
{
	struct scene *s = &self->s;

	ASSERT_OK(scene_open(s, 5));
	ASSERT_OK(scene_serve(s, 3, echo_fn));
	ASSERT_OK(scene_begin(s, calls_fn));
	EXPECT_OK(scene_end(s));
	EXPECT_OK(scene_stop(s));
	EXPECT_EQ(5 * CALLS, served(s));
}

/* One client and one server, who have nobody else to give way to. */
TEST_F(waiter, two_threads)
{
	struct scene *s = &self->s;

	ASSERT_OK(scene_open(s, 1));
	ASSERT_OK(scene_serve(s, 1, echo_fn));
	ASSERT_OK(scene_begin(s, calls_fn));
	EXPECT_OK(scene_end(s));
	EXPECT_OK(scene_stop(s));
	EXPECT_EQ(CALLS, served(s));
}

/* More who serve than who call: most of them wait all the time. */
TEST_F(waiter, many_servers)
{
	struct scene *s = &self->s;

	ASSERT_OK(scene_open(s, 2));
	ASSERT_OK(scene_serve(s, SERVERS_MAX, echo_fn));
	ASSERT_OK(scene_begin(s, calls_fn));
	EXPECT_OK(scene_end(s));
	EXPECT_OK(scene_stop(s));
	EXPECT_EQ(2 * CALLS, served(s));
}

/* ---------------------------------------------------------------- signals */

/* Until it is answered, however often that is interrupted. */
static void *interrupted_calls_fn(void *arg)
{
	struct client *c = arg;
	struct ping ping = { .client = c->id }, pong;
	struct capipc_call a;

	while (!c->ret && c->done < CALLS) {
		ping.number = c->done++;
		a = ping_call(c, &ping, &pong);
		do {
			c->ret = ipc_do_call(c->fd, &a);
		} while (c->ret == -EINTR);
		c->ret = c->ret ?: ping_check(&a, &ping, &pong);
	}
	__atomic_store_n(&c->done, UINT32_MAX, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool all_ended(const struct scene *s)
{
	unsigned int i;

	for (i = 0; i < s->clients; i++) {
		if (__atomic_load_n(&s->client[i].done, __ATOMIC_SEQ_CST) !=
		    UINT32_MAX)
			return false;
	}
	return true;
}

/* Signals to everybody, all the time, until the clients have ended. */
static void shower(struct scene *s)
{
	unsigned int i;

	while (!all_ended(s)) {
		for (i = 0; i < s->clients; i++)
			pthread_kill(s->client[i].thread, SIGUSR1);
		for (i = 0; i < s->servers; i++)
			pthread_kill(s->server[i].thread, SIGUSR1);
		usleep(500);
	}
}

static void interrupt(struct __test_metadata *_metadata, struct scene *s,
		      int flags)
{
	ASSERT_OK(catch_signal(SIGUSR1, flags));
	ASSERT_OK(scene_open(s, 4));
	ASSERT_OK(scene_serve(s, 2, echo_fn));
	ASSERT_OK(scene_begin(s, interrupted_calls_fn));
	shower(s);
	EXPECT_OK(scene_end(s));
	EXPECT_OK(scene_stop(s));
	/* Neither lost nor repeated. */
	EXPECT_EQ(4 * CALLS, served(s));
}

TEST_F(waiter, interrupted)
{
	interrupt(_metadata, &self->s, 0);
}

TEST_F(waiter, interrupted_and_restarted)
{
	interrupt(_metadata, &self->s, SA_RESTART);
}

/* --------------------------------------------------------------- deadlines */

struct hurried {
	unsigned int answered, late;
};

/* Some are answered, some are not; none is answered by what was meant for another. */
static void *hurried_calls_fn(void *arg)
{
	struct client *c = arg;
	struct hurried *h = &((struct hurried *)c->scene->arg)[c->id];
	struct ping ping = { .client = c->id }, pong;
	struct capipc_call a;

	while (!c->ret && c->done < CALLS) {
		ping.number = c->done++;
		a = ping_call(c, &ping, &pong);
		a.deadline_ns = ipc_now() + ping.number % 16 * 20000;
		c->ret = ipc_do_call(c->fd, &a);
		if (!c->ret) {
			h->answered++;
			c->ret = ping_check(&a, &ping, &pong);
		} else if (c->ret == -ETIMEDOUT) {
			h->late++;
			c->ret = a.pending ? -EPROTO : 0;
		}
	}
	return NULL;
}

TEST_F(waiter, deadlines)
{
	struct hurried hurried[4] = { 0 };
	struct scene *s = &self->s;
	unsigned int i;

	ASSERT_OK(scene_open(s, 4));
	s->arg = hurried;
	ASSERT_OK(scene_serve(s, 2, echo_fn));
	ASSERT_OK(scene_begin(s, hurried_calls_fn));
	EXPECT_OK(scene_end(s));
	EXPECT_OK(scene_stop(s));
	for (i = 0; i < s->clients; i++)
		EXPECT_EQ(CALLS, hurried[i].answered + hurried[i].late);
	/* What was answered has been served; what was served may have been late. */
	EXPECT_LE(hurried[0].answered + hurried[1].answered +
			  hurried[2].answered + hurried[3].answered,
		  served(s));
	EXPECT_GE(4 * CALLS, served(s));
}

/* ------------------------------------------------------ how long they run */

static int64_t own_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Answers after a while, which it sleeps. */
static void *slow_fn(void *arg)
{
	struct server *server = arg;
	struct ipc_message m;
	int ret;

	while (!(ret = ipc_recv(server->scene->fd, &m)) &&
	       m.r.ordinal != STOP) {
		server->done++;
		usleep(100000);
		ipc_reply(server->scene->fd, m.r.reply_handle, m.data,
			  m.r.data_len);
	}
	server->ret = ret;
	return NULL;
}

/* Keeps a processor busy. */
static void *busy_fn(void *arg)
{
	while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED))
		;
	return NULL;
}

/*
 * A processor of this machine may stand still for a while, for it is a program of another one, and
 * that counts as time of who runs there. Who does not sleep takes too long every time.
 */
#define ATTEMPTS 4

/* What the calling thread runs during so many calls, or more than @enough each time. */
static int64_t calls_take(struct __test_metadata *_metadata, struct scene *s,
			  int calls, int64_t enough)
{
	struct ping ping = { 0 }, pong;
	int64_t ran = INT64_MAX;
	struct capipc_call a;
	int attempt, n;

	for (attempt = 0; attempt < ATTEMPTS && ran >= enough; attempt++) {
		ran = own_time();
		for (n = 0; n < calls; n++) {
			ping.number = n;
			a = ping_call(&s->client[0], &ping, &pong);
			ASSERT_OK(ipc_do_call(s->client[0].fd, &a));
			ASSERT_OK(ping_check(&a, &ping, &pong));
		}
		ran = own_time() - ran;
	}
	return ran;
}

/* Who waits for long does not run, whether somebody else has the processor or not. */
TEST_F(waiter, sleeps)
{
	struct scene *s = &self->s;
	bool stop = false;
	pthread_t busy;
	int others;

	ASSERT_OK(scene_open(s, 1));
	ASSERT_OK(scene_serve(s, 1, slow_fn));
	for (others = 0; others < 2; others++) {
		if (others)
			ASSERT_EQ(0,
				  pthread_create(&busy, NULL, busy_fn, &stop));
		/* Of the half second that this took. */
		EXPECT_GT(100000000, calls_take(_metadata, s, 5, 100000000));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(busy, NULL);
	EXPECT_OK(scene_stop(s));
}

/* --------------------------------------------------------------- priorities */

static int set_priority(pthread_t thread, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return -pthread_setschedparam(
		thread, priority ? SCHED_FIFO : SCHED_OTHER, &param);
}

/*
 * Whoever of the two has a real-time priority, and lets the other one run by sleeping only,
 * they get on. Real-time threads are throttled after a second or so: that is not waited for.
 */
TEST_F(waiter, realtime)
{
	static const struct {
		int client, server;
	} priority[] = { { 0, 50 },
			 { 50, 0 },
			 { 50, 50 },
			 { 50, 40 },
			 { 40, 50 } };
	struct scene *s = &self->s;
	size_t i;

	ASSERT_OK(scene_open(s, 1));
	ASSERT_OK(scene_serve(s, 1, echo_fn));
	for (i = 0; i < ARRAY_SIZE(priority); i++) {
		ASSERT_OK(
			set_priority(s->server[0].thread, priority[i].server));
		ASSERT_OK(set_priority(pthread_self(), priority[i].client));
		EXPECT_GT(900000000, calls_take(_metadata, s, 100, 900000000));
	}
	ASSERT_OK(set_priority(pthread_self(), 0));
	ASSERT_OK(set_priority(s->server[0].thread, 0));
	EXPECT_OK(scene_stop(s));
}

/* A real-time caller sleeps while an ordinary server takes its time. */
TEST_F(waiter, realtime_sleeps)
{
	struct scene *s = &self->s;

	ASSERT_OK(scene_open(s, 1));
	ASSERT_OK(scene_serve(s, 1, slow_fn));
	ASSERT_OK(set_priority(pthread_self(), 50));
	EXPECT_GT(50000000, calls_take(_metadata, s, 3, 50000000));
	ASSERT_OK(set_priority(pthread_self(), 0));
	EXPECT_OK(scene_stop(s));
}

TEST_HARNESS_MAIN
