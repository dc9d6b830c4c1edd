// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that are given to a thread that waits, between others that are queued: each
 * arrives once, in order, and nobody who sends or waits is forgotten for it.
 */
#include "waiter.h"

#include <sys/epoll.h>

#define MESSAGES 1000
/* Who has received nothing for so long has had everything. */
#define IDLE_MS 300
/* A machine that has much else to do may let nothing come for a while. */
#define GIVE_UP_MS 60000

FIXTURE(give)
{
	struct scene s;
};

FIXTURE_VARIANT(give)
{
	unsigned int processors;
};

FIXTURE_VARIANT_ADD(give, one_processor){
	.processors = 1,
};

FIXTURE_VARIANT_ADD(give, two_processors){
	.processors = 2,
};

FIXTURE_SETUP(give)
{
	ASSERT_OK(use_processors(variant->processors));
}

FIXTURE_TEARDOWN(give)
{
	scene_close(&self->s);
}

struct number {
	uint32_t client;
	uint32_t n;
};

/* Numbers, 1 to MESSAGES, now and then with a pause, so that somebody waits again. */
static void *numbers_fn(void *arg)
{
	struct client *c = arg;
	struct number number = { .client = c->id };
	char data[300] = "";
	uint32_t n;

	for (n = 1; n <= MESSAGES && !c->ret; n++) {
		number.n = n;
		memcpy(data, &number, sizeof(number));
		c->ret = ipc_send(c->fd, c->end, 1, data,
				  n % 7 ? sizeof(number) : sizeof(data));
		if (n % 32 == c->id)
			usleep(n % 5 * 100);
	}
	return NULL;
}

/*
 * What a receiver has seen of each client, what it receives into, and how often each number
 * came to anybody.
 */
struct seen {
	uint32_t last[CLIENTS_MAX];
	unsigned int count;
	struct ipc_message m;
};

struct sums {
	struct seen seen[SERVERS_MAX];
	uint8_t times[CLIENTS_MAX][MESSAGES + 1];
	int64_t end; /* for want of messages; of all receivers */
	unsigned int expected, noted;
};

static void expect(struct scene *s, struct sums *sums, unsigned int clients)
{
	sums->expected = clients * MESSAGES;
	sums->end = ipc_in(GIVE_UP_MS);
	s->arg = sums;
}

/* Nothing has come for a while: because everything has, or too much time has passed? */
static bool is_over(struct sums *sums)
{
	return __atomic_load_n(&sums->noted, __ATOMIC_SEQ_CST) ==
		       sums->expected ||
	       ipc_now() > sums->end;
}

static bool noted(struct sums *sums, const struct number *number)
{
	return __atomic_load_n(&sums->times[number->client][number->n],
			       __ATOMIC_SEQ_CST);
}

/* Some receiver has it in its hands, perhaps without knowing it yet. */
static bool in_hand(struct sums *sums, const struct number *number)
{
	int i;

	for (i = 0; i < SERVERS_MAX; i++) {
		const volatile struct number *n =
			(const void *)sums->seen[i].m.data;

		if (n->client == number->client && n->n == number->n)
			return true;
	}
	return false;
}

/*
 * Nothing is received before all that was sent before it has been. It was noted, or else is
 * still where it was received, unless it was noted just now.
 */
static bool has_come(struct sums *sums, const struct number *number)
{
	return !number->n || noted(sums, number) || in_hand(sums, number) ||
	       noted(sums, number);
}

static int note(struct sums *sums, struct seen *seen)
{
	struct number number, before;

	memcpy(&number, seen->m.data, sizeof(number));
	if (number.client != seen->m.r.cookie - 1 || !number.n ||
	    number.n > MESSAGES)
		return -EBADMSG;
	if (number.n <= seen->last[number.client])
		return -EILSEQ;
	before = number;
	before.n--;
	if (!has_come(sums, &before))
		return -ESPIPE;
	seen->last[number.client] = number.n;
	seen->count++;
	__atomic_add_fetch(&sums->times[number.client][number.n], 1,
			   __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&sums->noted, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* Receives from everybody, with pauses, until nothing has come for a while. */
static void *receive_any_fn(void *arg)
{
	struct server *server = arg;
	struct sums *sums = server->scene->arg;
	struct seen *seen = &sums->seen[server->id];
	int ret = 0;

	while (!ret) {
		ret = ipc_recv_flags(server->scene->fd, &seen->m, 0, 0,
				     ipc_in(IDLE_MS));
		if (!ret)
			ret = note(sums, seen);
		else if (ret == -ETIMEDOUT && !is_over(sums))
			ret = 0;
		if (seen->count % 61 == 0)
			usleep(200);
	}
	server->ret = ret == -ETIMEDOUT ? 0 : ret;
	return NULL;
}

static int join_servers(struct scene *s)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < s->servers; i++) {
		pthread_join(s->server[i].thread, NULL);
		ret = ret ? ret : s->server[i].ret;
	}
	return ret;
}

/* Each message of so many clients has come, and none twice. */
static bool each_once(const struct sums *sums, int clients)
{
	int client, n;

	for (client = 0; client < clients; client++) {
		for (n = 1; n <= MESSAGES; n++) {
			if (sums->times[client][n] != 1)
				return false;
		}
	}
	return true;
}

/* With one receiver the order is complete: no number comes before the one before it. */
TEST_F(give, in_order)
{
	struct sums *sums = calloc(1, sizeof(*sums));
	struct scene *s = &self->s;

	ASSERT_NE(NULL, sums);
	ASSERT_OK(scene_open(s, 3));
	expect(s, sums, 3);
	ASSERT_OK(scene_serve(s, 1, receive_any_fn));
	ASSERT_OK(scene_begin(s, numbers_fn));
	EXPECT_OK(scene_end(s));
	EXPECT_OK(join_servers(s));
	EXPECT_TRUE(each_once(sums, 3));
	free(sums);
}

/* With several, no one of them sees a client's numbers go back. */
TEST_F(give, to_several)
{
	struct sums *sums = calloc(1, sizeof(*sums));
	struct scene *s = &self->s;
	unsigned int i, count = 0;

	ASSERT_NE(NULL, sums);
	ASSERT_OK(scene_open(s, 4));
	expect(s, sums, 4);
	ASSERT_OK(scene_serve(s, 3, receive_any_fn));
	ASSERT_OK(scene_begin(s, numbers_fn));
	EXPECT_OK(scene_end(s));
	EXPECT_OK(join_servers(s));
	EXPECT_TRUE(each_once(sums, 4));
	for (i = 0; i < s->servers; i++)
		count += sums->seen[i].count;
	EXPECT_EQ(4 * MESSAGES, count);
	free(sums);
}

/* ------------------------------------------------------------ ways to wait */

/* From one handle only: that of the client of the same number. */
static void *receive_one_fn(void *arg)
{
	struct server *server = arg;
	struct scene *s = server->scene;
	struct sums *sums = s->arg;
	struct seen *seen = &sums->seen[server->id];
	int ret = 0;

	while (!ret) {
		ret = ipc_recv_flags(s->fd, &seen->m, s->end[server->id], 0,
				     ipc_in(IDLE_MS));
		if (!ret)
			ret = note(sums, seen);
		else if (ret == -ETIMEDOUT && !is_over(sums))
			ret = 0;
	}
	/* The others have had the rest. */
	server->ret = ret == -ETIMEDOUT ? 0 : ret;
	return NULL;
}

static void *receive_polled_fn(void *arg)
{
	struct server *server = arg;
	struct scene *s = server->scene;
	struct sums *sums = s->arg;
	struct seen *seen = &sums->seen[server->id];
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(EPOLL_CLOEXEC), ret = 0;

	epoll_ctl(fd, EPOLL_CTL_ADD, s->fd, &event);
	while (!ret &&
	       (epoll_wait(fd, &event, 1, IDLE_MS) == 1 || !is_over(sums))) {
		ret = ipc_tryrecv(s->fd, &seen->m);
		if (!ret)
			ret = note(sums, seen);
		else if (ret == -EAGAIN)
			ret = 0;
	}
	close(fd);
	server->ret = ret;
	return NULL;
}

static void *mixed_fn(void *arg)
{
	struct server *server = arg;

	switch (server->id) {
	case 0:
		return receive_one_fn(arg);
	case 1:
		return receive_polled_fn(arg);
	default:
		return receive_any_fn(arg);
	}
}

/* For one handle, for all, and by epoll, all of the same context at the same time. */
TEST_F(give, whoever_waits)
{
	struct sums *sums = calloc(1, sizeof(*sums));
	struct scene *s = &self->s;

	ASSERT_NE(NULL, sums);
	ASSERT_OK(scene_open(s, 3));
	expect(s, sums, 3);
	ASSERT_OK(scene_serve(s, 4, mixed_fn));
	ASSERT_OK(scene_begin(s, numbers_fn));
	EXPECT_OK(scene_end(s));
	EXPECT_OK(join_servers(s));
	EXPECT_TRUE(each_once(sums, 3));
	free(sums);
}

/* Nobody waits for all: those who wait for one, or poll, get everything. */
static void *not_any_fn(void *arg)
{
	struct server *server = arg;

	return server->id < 2 ? receive_one_fn(arg) : receive_polled_fn(arg);
}

TEST_F(give, nobody_waits_for_all)
{
	struct sums *sums = calloc(1, sizeof(*sums));
	struct scene *s = &self->s;

	ASSERT_NE(NULL, sums);
	ASSERT_OK(scene_open(s, 3));
	expect(s, sums, 3);
	ASSERT_OK(scene_serve(s, 3, not_any_fn));
	ASSERT_OK(scene_begin(s, numbers_fn));
	EXPECT_OK(scene_end(s));
	EXPECT_OK(join_servers(s));
	EXPECT_TRUE(each_once(sums, 3));
	free(sums);
}

/* ----------------------------------------------------------------- fairness */

struct flood {
	unsigned int received;
	bool stop;
};

static void *flood_fn(void *arg)
{
	struct client *c = arg;
	struct flood *flood = c->scene->arg;

	if (c->id)
		return NULL;
	while (!c->ret && !__atomic_load_n(&flood->stop, __ATOMIC_SEQ_CST))
		c->ret = ipc_send(c->fd, c->end, 1, "more", 4);
	return NULL;
}

/* Number 2 says when it was sent, number 1 does not count. */
static void *flooded_fn(void *arg)
{
	struct server *server = arg;
	struct flood *flood = server->scene->arg;
	unsigned int *late = &server->done;
	struct ipc_message m;
	unsigned int at;
	int ret;

	while (!(ret = ipc_recv(server->scene->fd, &m)) &&
	       m.r.ordinal != STOP) {
		at = __atomic_add_fetch(&flood->received, 1, __ATOMIC_SEQ_CST);
		if (m.r.ordinal == 2)
			__atomic_store_n(late, at, __ATOMIC_SEQ_CST);
	}
	server->ret = ret;
	return NULL;
}

/* However much somebody sends to who waits all the time, others have their turn. */
TEST_F(give, has_turns)
{
	struct flood flood = { 0 };
	struct scene *s = &self->s;
	unsigned int *at = &s->server[0].done, sent;
	int i;

	ASSERT_OK(scene_open(s, 2));
	s->arg = &flood;
	ASSERT_OK(scene_serve(s, 1, flooded_fn));
	ASSERT_OK(scene_begin(s, flood_fn));
	for (i = 0; i < 50; i++) {
		int64_t end = ipc_soon();

		__atomic_store_n(at, 0, __ATOMIC_SEQ_CST);
		ASSERT_OK(ipc_send(s->client[1].fd, s->client[1].end, 2, "me",
				   2));
		sent = __atomic_load_n(&flood.received, __ATOMIC_SEQ_CST);
		while (!__atomic_load_n(at, __ATOMIC_SEQ_CST) &&
		       ipc_now() < end)
			usleep(100);
		/* One that was being received, one whose turn it was, and this. */
		EXPECT_NE(0, *at);
		EXPECT_GE(sent + 3, *at);
		usleep(1000);
	}
	__atomic_store_n(&flood.stop, true, __ATOMIC_SEQ_CST);
	EXPECT_OK(scene_end(s));
	EXPECT_LT(100, flood.received);
	EXPECT_OK(scene_stop(s));
}

/* ---------------------------------------------------------------- priorities */

static void *urgent_fn(void *arg)
{
	struct sched_param param = { .sched_priority = 50 };
	struct client *c = arg;

	c->ret = -pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	if (!c->ret)
		c->ret = ipc_send(c->fd, c->end, 9, "now", 3);
	return NULL;
}

/* One message is taken, others are queued behind it: of those the urgent one comes first. */
TEST_F(give, urgent_comes_first)
{
	struct scene *s = &self->s;
	struct async_receive first;
	struct ipc_message m;
	int i;

	ASSERT_OK(scene_open(s, 4));
	ASSERT_OK(async_receive(&first, s->fd, 0, ipc_soon()));
	ASSERT_OK(async_wait_asleep(&first.async));
	for (i = 0; i < 3; i++) {
		ASSERT_OK(ipc_send(s->client[i].fd, s->client[i].end, i + 1, "",
				   0));
		if (i == 0)
			ASSERT_OK(async_receive_join(&first));
	}
	ASSERT_EQ(0, pthread_create(&s->client[3].thread, NULL, urgent_fn,
				    &s->client[3]));
	pthread_join(s->client[3].thread, NULL);
	ASSERT_OK(s->client[3].ret);
	EXPECT_EQ(1, first.m.r.ordinal);
	ASSERT_OK(ipc_tryrecv(s->fd, &m));
	EXPECT_EQ(9, m.r.ordinal);
	for (i = 1; i < 3; i++) {
		ASSERT_OK(ipc_tryrecv(s->fd, &m));
		EXPECT_EQ(i + 1, m.r.ordinal);
	}
	EXPECT_ERR(EAGAIN, ipc_tryrecv(s->fd, &m));
}

/* --------------------------------------------- while it is on its way to the thread */

/*
 * The endpoint is given away while a thread is being given a message from it: that arrives with
 * the thread, or with who has the endpoint then; once, and in order.
 */
TEST_F(give, while_it_moves)
{
	struct scene *s = &self->s;
	const struct client *c = &s->client[0];
	struct async_receive r;
	struct ipc_message m;
	uint32_t way[2], n, got;
	int holder[2], i;

	ASSERT_OK(scene_open(s, 2));
	/* The other client and the server hold it in turns. */
	holder[0] = s->fd;
	holder[1] = s->client[1].fd;
	way[0] = s->end[1];
	way[1] = s->client[1].end;
	for (i = 0; i < 80; i++) {
		int from = holder[i % 2], to = holder[(i + 1) % 2];

		n = i + 1;
		ASSERT_OK(async_receive(&r, from, 0, ipc_in(100)));
		if (i % 3)
			async_wait_asleep(&r.async);
		ASSERT_OK(ipc_send(c->fd, c->end, 1, &n, sizeof(n)));
		ASSERT_OK(ipc_send_handle(from, way[i % 2], "take it",
					  s->end[0]));
		ASSERT_OK(ipc_recv_from(to, way[(i + 1) % 2], &m));
		s->end[0] = m.att[0].handle;
		if (async_receive_join(&r)) {
			ASSERT_ERR(ETIMEDOUT, r.async.ret);
			ASSERT_OK(ipc_recv_from(to, s->end[0], &r.m));
		}
		ASSERT_EQ(sizeof(n), r.m.r.data_len);
		memcpy(&got, r.m.data, sizeof(got));
		EXPECT_EQ(n, got);
		EXPECT_EQ(0, ipc_queued(to, s->end[0]));
	}
}

/* The endpoint is closed meanwhile: what the thread was given is its, and the sender is told. */
TEST_F(give, while_it_is_closed)
{
	struct scene *s = &self->s;
	struct async_receive r;
	uint32_t pipe[2];
	int i, ret;

	ASSERT_OK(scene_open(s, 1));
	for (i = 0; i < 80; i++) {
		ASSERT_OK(ipc_create(s->fd, pipe));
		ASSERT_OK(async_receive(&r, s->fd, 0, ipc_in(100)));
		if (i % 3)
			async_wait_asleep(&r.async);
		ASSERT_OK(ipc_send_str(s->fd, pipe[0], 7, "bye"));
		ASSERT_OK(ipc_close(s->fd, pipe[1]));
		EXPECT_ERR(EPIPE, ipc_send_str(s->fd, pipe[0], 7, "?"));
		ret = async_receive_join(&r);
		/* Lost with the endpoint, received, or the news that it was closed. */
		EXPECT_TRUE(!ret || ret == -ETIMEDOUT);
		EXPECT_TRUE(ret || r.m.r.type != CAPIPC_RECEIVED_MESSAGE ||
			    !strcmp(r.m.data, "bye"));
		ASSERT_OK(ipc_close(s->fd, pipe[0]));
	}
}

TEST_HARNESS_MAIN
