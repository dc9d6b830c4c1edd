// SPDX-License-Identifier: GPL-2.0
/*
 * Receive areas while everything happens at once: many threads, deadlines, signals, and
 * processes that die. Every message says who sent it, which one it is, and what it must look
 * like, byte by byte.
 */
#include "area.h"

#include <sys/wait.h>

#define THREADS	 3
#define MESSAGES 80
#define LARGEST	 70000
#define IDLE_MS	 1000

struct head {
	uint32_t sender;
	uint32_t number;
	uint32_t len;
};

static uint32_t seed_of(const struct head *head)
{
	return head->sender * 1000003 + head->number;
}

static void compose(char *to, const struct head *head)
{
	pattern_fill(to, head->len, seed_of(head));
	memcpy(to, head, sizeof(*head));
}

static bool is_composed(const char *at, const struct head *head)
{
	size_t i;

	for (i = sizeof(*head); i < head->len; i++) {
		if ((unsigned char)at[i] != pattern(seed_of(head), i))
			return false;
	}
	return true;
}

struct race;

struct sender {
	pthread_t thread;
	struct race *race;
	uint32_t id;
	int fd;
	uint32_t end;
	int ret;
};

struct receiver {
	pthread_t thread;
	struct race *race;
	uint32_t id;
	struct area a;
	uint32_t last[THREADS];
	unsigned int received, failed;
	int ret;
};

struct race {
	int fd;
	int64_t patience_ns; /* the longest that a receive waits; 0: long */
	unsigned int ended; /* senders */
	struct sender sender[THREADS];
	struct receiver receiver[THREADS];
	uint8_t times[THREADS][MESSAGES + 1];
};

/* Of all sizes; the same bytes, or fresh memory that is not present, by turns. */
static void *race_send_fn(void *arg)
{
	struct sender *sender = arg;
	struct head head = { .sender = sender->id };
	unsigned int random = sender->id + 1;
	char *bytes = malloc(LARGEST), *p;

	while (!sender->ret && head.number < MESSAGES) {
		head.number++;
		head.len = sizeof(head) +
			   rand_r(&random) % (LARGEST - sizeof(head));
		if (head.number % 3 == 0)
			head.len = sizeof(head) + head.len % 2000;
		p = bytes;
		if (head.number % 5 == 0)
			p = mmap(NULL, LARGEST, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		compose(p, &head);
		sender->ret = ipc_send(sender->fd, sender->end, head.number, p,
				       head.len);
		if (p != bytes)
			munmap(p, LARGEST);
		if (head.number % 16 == sender->id)
			usleep(2000);
	}
	free(bytes);
	__atomic_add_fetch(&sender->race->ended, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static int race_note(struct receiver *receiver, const struct capipc_receive *r,
		     size_t offset)
{
	struct race *race = receiver->race;
	struct head head;

	if (r->data_len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, receiver->a.p + offset, sizeof(head));
	if (head.sender >= THREADS || !head.number || head.number > MESSAGES ||
	    head.number != r->ordinal || head.len != r->data_len ||
	    !is_composed(receiver->a.p + offset, &head))
		return -EBADMSG;
	if (head.number <= receiver->last[head.sender])
		return -EILSEQ;
	receiver->last[head.sender] = head.number;
	receiver->received++;
	__atomic_add_fetch(&race->times[head.sender][head.number], 1,
			   __ATOMIC_RELAXED);
	return 0;
}

/* One receive, to somewhere. After a failure nothing changes there any more. */
static int race_receive(struct receiver *receiver, unsigned int *random)
{
	struct race *race = receiver->race;
	size_t offset = rand_r(random) % (receiver->a.bytes - LARGEST);
	struct capipc_receive r = area_request(&receiver->a, offset, LARGEST);
	int ret;

	r.deadline_ns = race->patience_ns ?
				ipc_now() + rand_r(random) % race->patience_ns :
				ipc_in(IDLE_MS);
	ret = ipc_do_receive(race->fd, &r);
	if (!ret)
		return race_note(receiver, &r, offset);
	if (ret != -ETIMEDOUT && ret != -EINTR)
		return ret;
	area_keep(&receiver->a);
	if (++receiver->failed % 8 == 0)
		usleep(1000);
	return area_is_kept(&receiver->a) ? ret : -EUCLEAN;
}

static void *race_receive_fn(void *arg)
{
	struct receiver *receiver = arg;
	struct race *race = receiver->race;
	unsigned int random = receiver->id + 77;
	bool last;
	int ret;

	do {
		last = __atomic_load_n(&race->ended, __ATOMIC_SEQ_CST) ==
		       THREADS;
		ret = race_receive(receiver, &random);
	} while (!ret || ret == -EINTR || (ret == -ETIMEDOUT && !last));
	receiver->ret = ret == -ETIMEDOUT ? 0 : ret;
	return NULL;
}

static int race_begin(struct race *race)
{
	const char *name = fresh_name();
	uint32_t listener, end;
	int i, ret;

	race->fd = ipc_open();
	if (race->fd < 0)
		return race->fd;
	ret = ipc_listen(race->fd, name, &listener);
	for (i = 0; i < THREADS && !ret; i++) {
		struct receiver *receiver = &race->receiver[i];
		struct sender *sender = &race->sender[i];

		sender->race = race;
		sender->id = i;
		sender->fd = ipc_open();
		ret = ipc_connect(sender->fd, name, &sender->end);
		if (!ret)
			ret = ipc_accept(race->fd, listener, &end);
		receiver->race = race;
		receiver->id = i;
		receiver->a.fd = race->fd;
		receiver->a.bytes = 2 * LARGEST;
		receiver->a.before = malloc(receiver->a.bytes);
		if (!ret)
			ret = area_create(race->fd, receiver->a.bytes,
					  &receiver->a.handle);
		if (!ret)
			ret = ipc_map(race->fd, receiver->a.handle,
				      receiver->a.bytes, PROT_READ,
				      &receiver->a.p);
	}
	for (i = 0; i < THREADS && !ret; i++)
		ret = -pthread_create(&race->receiver[i].thread, NULL,
				      race_receive_fn, &race->receiver[i]);
	for (i = 0; i < THREADS && !ret; i++)
		ret = -pthread_create(&race->sender[i].thread, NULL,
				      race_send_fn, &race->sender[i]);
	return ret;
}

static int race_end(struct race *race)
{
	int i, ret = 0;

	for (i = 0; i < THREADS; i++) {
		pthread_join(race->sender[i].thread, NULL);
		ret = ret ? ret : race->sender[i].ret;
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(race->receiver[i].thread, NULL);
		ret = ret ? ret : race->receiver[i].ret;
		free(race->receiver[i].a.before);
		munmap(race->receiver[i].a.p, race->receiver[i].a.bytes);
	}
	for (i = 0; i < THREADS; i++)
		close(race->sender[i].fd);
	close(race->fd);
	return ret;
}

/* Each message has come, and none twice. */
static bool each_once(const struct race *race)
{
	int sender, n;

	for (sender = 0; sender < THREADS; sender++) {
		for (n = 1; n <= MESSAGES; n++) {
			if (race->times[sender][n] != 1)
				return false;
		}
	}
	return true;
}

FIXTURE(area_race)
{
	struct race *race;
	bool was_fast;
};

FIXTURE_VARIANT(area_race)
{
	bool fast;
};

FIXTURE_VARIANT_ADD(area_race, fast_path){
	.fast = true,
};

FIXTURE_VARIANT_ADD(area_race, general_path){
	.fast = false,
};

FIXTURE_SETUP(area_race)
{
	self->was_fast = fast_path() == 1;
	ASSERT_OK(set_fast_path(variant->fast));
	self->race = calloc(1, sizeof(*self->race));
	ASSERT_NE(NULL, self->race);
}

FIXTURE_TEARDOWN(area_race)
{
	set_fast_path(self->was_fast);
	free(self->race);
}

TEST_F(area_race, threads)
{
	ASSERT_OK(race_begin(self->race));
	EXPECT_OK(race_end(self->race));
	EXPECT_TRUE(each_once(self->race));
}

/* Who receives gives up all the time, and comes back. */
TEST_F(area_race, deadlines)
{
	int i, failed = 0;

	self->race->patience_ns = 300000;
	ASSERT_OK(race_begin(self->race));
	EXPECT_OK(race_end(self->race));
	EXPECT_TRUE(each_once(self->race));
	for (i = 0; i < THREADS; i++)
		failed += self->race->receiver[i].failed;
	EXPECT_LT(10, failed);
}

TEST_F(area_race, signals)
{
	struct race *race = self->race;
	int i;

	ASSERT_OK(catch_signal(SIGUSR1, 0));
	ASSERT_OK(race_begin(race));
	while (__atomic_load_n(&race->ended, __ATOMIC_SEQ_CST) < THREADS) {
		for (i = 0; i < THREADS; i++) {
			pthread_kill(race->receiver[i].thread, SIGUSR1);
			if (i == race->ended % THREADS)
				usleep(300);
		}
	}
	EXPECT_OK(race_end(race));
	EXPECT_TRUE(each_once(race));
}

/* The fast path comes and goes while messages are on their way. */
TEST_F(area_race, switched)
{
	struct race *race = self->race;
	bool fast = variant->fast;

	ASSERT_OK(race_begin(race));
	while (__atomic_load_n(&race->ended, __ATOMIC_SEQ_CST) < THREADS) {
		fast = !fast;
		EXPECT_OK(set_fast_path(fast));
		usleep(300);
	}
	EXPECT_OK(race_end(race));
	EXPECT_TRUE(each_once(race));
}

/* ------------------------------------------------------------------- deaths */

#define VICTIMS 8

/* Waits in all of its threads for what comes into their areas, again and again. */
static void *victim_fn(void *arg)
{
	struct area a = { .fd = *(int *)arg, .bytes = 2 * LARGEST };
	struct capipc_receive r;

	if (area_create(a.fd, a.bytes, &a.handle))
		return NULL;
	do {
		r = area_request(&a, 4093, LARGEST);
	} while (!ipc_do_receive(a.fd, &r));
	return NULL;
}

static void victim(struct __test_metadata *_metadata, struct peer *peer)
{
	pthread_t thread[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, victim_fn, &peer->fd);
	sync_post(peer->sock);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	pause();
}

/* It is killed while it is sent to: at some moment that is over, and nothing is left. */
TEST_F(area_race, receiver_dies)
{
	struct head head = { .len = LARGEST };
	char *bytes = malloc(LARGEST);
	int i, n, ret;

	for (i = 0; i < VICTIMS; i++) {
		struct peer peer = { .fn = victim, .fd = ipc_open() };

		PEER_START(&peer);
		ASSERT_OK(sync_wait(peer.sock));
		compose(bytes, &head);
		for (n = 0, ret = 0; !ret && n < 20000; n++) {
			if (n == 10 * i)
				EXPECT_EQ(0, kill(peer.child.pid, SIGKILL));
			head.number = n;
			ret = ipc_send(peer.fd, peer.ep, n, bytes, LARGEST);
		}
		EXPECT_EQ(-EPIPE, ret);
		PEER_KILL(&peer);
		close(peer.fd);
	}
	free(bytes);
}

TEST_HARNESS_MAIN
