// SPDX-License-Identifier: GPL-2.0
/*
 * The window: how much may wait in one direction of a pipe, and those who wait for
 * room. They go in the order in which they came, and nobody is woken for nothing.
 */
#include "async.h"
#include "capipc_test_account.h"

/* Of those that fill a window, and of one that waits with as much. */
#define LARGE 65536
#define MANY  16

FIXTURE(window)
{
	int fd;
	uint32_t h[2];
	struct ipc_message m;
	unsigned char *in, *out;
};

FIXTURE_SETUP(window)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
	self->in = calloc(1, CAPIPC_MESSAGE_MAX);
	self->out = malloc(CAPIPC_MESSAGE_MAX);
	ASSERT_NE(NULL, self->in);
	ASSERT_NE(NULL, self->out);
}

FIXTURE_TEARDOWN(window)
{
	close(self->fd);
	free(self->in);
	free(self->out);
	EXPECT_OK(parameters_restore());
}

/* Receive one, however large; its ordinal, or an error. */
static int drop(FIXTURE_DATA(window) * self)
{
	struct capipc_receive r = {
		.flags = CAPIPC_NOWAIT,
		.data = ipc_ptr(self->out),
		.data_capacity = CAPIPC_MESSAGE_MAX,
		.handle = self->h[1],
	};
	int ret = ipc_do_receive(self->fd, &r);

	return ret ? ret : (int)r.ordinal;
}

/* Fill the window from h[0] to h[1]: how many went in. */
static int fill(int fd, uint32_t handle, const void *data, uint32_t len,
		int *ret)
{
	int n = 0;

	while (!(*ret = ipc_trysend(fd, handle, n, data, len)))
		if (++n == 1000000)
			break;
	return n;
}

TEST_F(window, of_messages)
{
	struct capipc_info info;
	int n, ret, i;

	ASSERT_OK(ipc_do_info(self->fd, &info));
	n = fill(self->fd, self->h[0], NULL, 0, &ret);
	EXPECT_ERR(EAGAIN, ret);
	EXPECT_GT(n, 0);
	EXPECT_LE(n, info.window_messages);
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
	/* the other way is another window */
	EXPECT_OK(ipc_trysend(self->fd, self->h[1], 0, NULL, 0));
	/* one out, one in; not two */
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_EQ(0, self->m.r.ordinal);
	EXPECT_OK(ipc_trysend(self->fd, self->h[0], n, NULL, 0));
	EXPECT_ERR(EAGAIN, ipc_trysend(self->fd, self->h[0], n, NULL, 0));
	for (i = 1; i <= n; i++) {
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
		EXPECT_EQ(i, self->m.r.ordinal);
	}
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, self->h[1], &self->m));
}

TEST_F(window, of_bytes)
{
	struct capipc_info info;
	uint32_t len = 65536;
	int n, ret, again;

	ASSERT_OK(ipc_do_info(self->fd, &info));
	n = fill(self->fd, self->h[0], self->in, len, &ret);
	EXPECT_ERR(EAGAIN, ret);
	EXPECT_GE(n, 1);
	EXPECT_LE((uint64_t)n * len, info.window_bytes);
	/* a small one does not overtake: it may go in, behind */
	while (drop(self) >= 0)
		;
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
	/* what was received is room again, all of it */
	again = fill(self->fd, self->h[0], self->in, len, &ret);
	EXPECT_EQ(n, again);
}

/* A full pipe is the matter of who sends into that pipe. */
TEST_F(window, is_of_one_pipe)
{
	uint32_t h[2];
	int ret;

	fill(self->fd, self->h[0], self->in, 1000, &ret);
	EXPECT_ERR(EAGAIN, ret);
	ASSERT_OK(ipc_create(self->fd, h));
	EXPECT_OK(ipc_trysend(self->fd, h[0], 1, self->in, 1000));
}

TEST_F(window, wait)
{
	struct async_send s = { .a = { .handle = self->h[0],
				       .ordinal = 4711,
				       .deadline_ns = ipc_soon() } };
	int n, i, ret;

	n = fill(self->fd, self->h[0], NULL, 0, &ret);
	ASSERT_ERR(EAGAIN, ret);
	ASSERT_OK(async_send(&s, self->fd));
	ASSERT_OK(async_wait_asleep(&s.async));
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_OK(async_send_join(&s));
	for (i = 1; i < n; i++)
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_EQ(4711, self->m.r.ordinal);
}

TEST_F(window, deadline)
{
	struct capipc_attachment att;
	struct capipc_send s = { .handle = self->h[0] };
	uint32_t h[2];
	int64_t start;
	int n, ret;

	ASSERT_OK(ipc_create(self->fd, h));
	n = fill(self->fd, self->h[0], NULL, 0, &ret);
	ASSERT_ERR(EAGAIN, ret);
	att = ipc_attach(h[0]);
	s.attachments = ipc_ptr(&att);
	s.attachments_count = 1;
	start = ipc_now();
	s.deadline_ns = start + 50000000;
	EXPECT_ERR(ETIMEDOUT, ipc_do_send(self->fd, &s));
	EXPECT_GE(ipc_now(), start + 50000000);
	/* one that has passed: no wait at all; also long ago and before zero */
	s.deadline_ns = start;
	EXPECT_ERR(ETIMEDOUT, ipc_do_send(self->fd, &s));
	s.deadline_ns = 0;
	EXPECT_ERR(ETIMEDOUT, ipc_do_send(self->fd, &s));
	s.deadline_ns = -1;
	EXPECT_ERR(ETIMEDOUT, ipc_do_send(self->fd, &s));
	s.deadline_ns = INT64_MIN;
	EXPECT_ERR(ETIMEDOUT, ipc_do_send(self->fd, &s));
	/* nothing was sent, nothing was moved */
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
	EXPECT_OK(ipc_alive(self->fd, h[0]));
	/* what has passed does not matter where there is no need to wait */
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_OK(ipc_do_send(self->fd, &s));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, h[0]));
}

TEST_F(window, signal)
{
	struct capipc_attachment att;
	struct async_send s = { .a = { .handle = self->h[0],
				       .ordinal = 4711,
				       .deadline_ns = ipc_soon(),
				       .attachments = ipc_ptr(&att),
				       .attachments_count = 1 } };
	uint32_t h[2];
	int n, i, ret;

	ASSERT_OK(ipc_create(self->fd, h));
	att = ipc_attach(h[0]);
	n = fill(self->fd, self->h[0], NULL, 0, &ret);
	ASSERT_ERR(EAGAIN, ret);

	/* without SA_RESTART: EINTR, and nothing has happened */
	ASSERT_OK(catch_signal(SIGUSR1, 0));
	ASSERT_OK(async_send(&s, self->fd));
	ASSERT_OK(async_wait_asleep(&s.async));
	ASSERT_OK(async_signal(&s.async, SIGUSR1));
	EXPECT_ERR(EINTR, async_send_join(&s));
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
	EXPECT_OK(ipc_alive(self->fd, h[0]));

	/* with it: as if there had been no signal */
	ASSERT_OK(catch_signal(SIGUSR1, SA_RESTART));
	signals_seen = 0;
	ASSERT_OK(async_send(&s, self->fd));
	for (i = 0; i < 5; i++) {
		ASSERT_OK(async_wait_asleep(&s.async));
		ASSERT_OK(async_signal(&s.async, SIGUSR1));
		while (signals_seen <= i)
			usleep(100);
	}
	ASSERT_OK(async_wait_asleep(&s.async));
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	EXPECT_OK(async_send_join(&s));
	EXPECT_EQ(n, ipc_queued(self->fd, self->h[1]));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, h[0]));
}

/* Who waits for room learns at once that there will be none. */
TEST_F(window, peer_closes)
{
	struct async_send s = { .a = { .handle = self->h[0],
				       .deadline_ns = ipc_soon() } };
	int ret;

	fill(self->fd, self->h[0], NULL, 0, &ret);
	ASSERT_ERR(EAGAIN, ret);
	ASSERT_OK(async_send(&s, self->fd));
	ASSERT_OK(async_wait_asleep(&s.async));
	ASSERT_OK(ipc_close(self->fd, self->h[1]));
	EXPECT_ERR(EPIPE, async_send_join(&s));
}

/* Several who wait for room: each gets its turn, none is forgotten. */
TEST_F(window, many_waiters)
{
	struct async_send s[8];
	int n, i, ret;

	n = fill(self->fd, self->h[0], NULL, 0, &ret);
	ASSERT_ERR(EAGAIN, ret);
	for (i = 0; i < 8; i++) {
		memset(&s[i], 0, sizeof(s[i]));
		s[i].a.handle = self->h[0];
		s[i].a.ordinal = 5000 + i;
		s[i].a.deadline_ns = ipc_soon();
		ASSERT_OK(async_send(&s[i], self->fd));
		ASSERT_OK(async_wait_asleep(&s[i].async));
	}
	for (i = 0; i < n + 8; i++)
		ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	for (i = 0; i < 8; i++)
		EXPECT_OK(async_send_join(&s[i]));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* ------------------------------------------------------------ many who wait */

/* A thread that sends @len bytes as @ordinal begins to wait for room. */
static int wait_for_room(FIXTURE_DATA(window) * self, struct async_send *s,
			 uint32_t ordinal, uint32_t len)
{
	int ret;

	memset(s, 0, sizeof(*s));
	s->a.handle = self->h[0];
	s->a.ordinal = ordinal;
	s->a.data = ipc_ptr(self->in);
	s->a.data_len = len;
	s->a.deadline_ns = ipc_in(2 * IPC_SOON_MS);
	ret = async_send(s, self->fd);
	return ret ? ret : async_wait_asleep(&s->async);
}

/* How often the thread has gone to sleep. */
static long sleeps(struct async_send *s)
{
	return proc_status(async_tid(&s->async), "voluntary_ctxt_switches", 10);
}

/* Not only asleep: it has not been awake. */
TEST_F(window, wakes_one)
{
	struct async_send s[MANY];
	long before[MANY];
	int n, i, ret;

	n = fill(self->fd, self->h[0], NULL, 0, &ret);
	ASSERT_ERR(EAGAIN, ret);
	for (i = 0; i < MANY; i++)
		ASSERT_OK(wait_for_room(self, &s[i], 5000 + i, 0));
	for (i = 0; i < MANY; i++) {
		before[i] = sleeps(&s[i]);
		ASSERT_LT(0, before[i]);
	}
	EXPECT_EQ(0, drop(self));
	EXPECT_OK(async_send_join(&s[0]));
	for (i = 1; i < MANY; i++)
		EXPECT_EQ(before[i], sleeps(&s[i]));
	/* and so on, in the order in which they came */
	for (i = 1; i < n; i++)
		ASSERT_EQ(i, drop(self));
	for (i = 1; i < MANY; i++)
		EXPECT_OK(async_send_join(&s[i]));
	EXPECT_EQ(5000, drop(self));
	EXPECT_EQ(MANY - 1, ipc_queued(self->fd, self->h[1]));
}

/* The room of one large message is room for several small ones. */
TEST_F(window, wakes_as_many_as_there_is_room_for)
{
	struct async_send s[MANY];
	int i, ret;

	fill(self->fd, self->h[0], self->in, LARGE, &ret);
	ASSERT_ERR(EAGAIN, ret);
	fill(self->fd, self->h[0], self->in, LARGE / 4, &ret);
	ASSERT_ERR(EAGAIN, ret);
	for (i = 0; i < 6; i++)
		ASSERT_OK(wait_for_room(self, &s[i], 5000 + i, LARGE / 4));
	EXPECT_EQ(0, drop(self));
	for (i = 0; i < 3; i++)
		EXPECT_OK(async_send_join(&s[i]));
	/* with what was left before, there may be room for two more at most */
	EXPECT_FALSE(async_ended(&s[5].async));
	EXPECT_EQ(1, drop(self));
	for (; i < 6; i++)
		EXPECT_OK(async_send_join(&s[i]));
}

/* A small one waits behind a large one, which so has its turn some time. */
TEST_F(window, a_large_one_has_its_turn)
{
	struct async_send large, small;
	long before[2];
	int ret;

	fill(self->fd, self->h[0], self->in, LARGE, &ret);
	ASSERT_ERR(EAGAIN, ret);
	ASSERT_OK(wait_for_room(self, &large, 5000, 3 * LARGE));
	ASSERT_OK(wait_for_room(self, &small, 5001, LARGE));
	before[0] = sleeps(&large);
	before[1] = sleeps(&small);
	EXPECT_EQ(0, drop(self));
	EXPECT_EQ(1, drop(self));
	EXPECT_OK(async_wait_asleep(&large.async));
	EXPECT_OK(async_wait_asleep(&small.async));
	EXPECT_EQ(before[0], sleeps(&large));
	EXPECT_EQ(before[1], sleeps(&small));
	EXPECT_EQ(2, drop(self));
	EXPECT_EQ(3, drop(self));
	EXPECT_OK(async_send_join(&large));
	EXPECT_EQ(4, drop(self));
	EXPECT_OK(async_send_join(&small));
}

/* Whoever does not send after all stands in nobody's way. */
TEST_F(window, gives_up)
{
	struct async_send large, small;
	int ret;

	ASSERT_OK(catch_signal(SIGUSR1, 0));
	fill(self->fd, self->h[0], self->in, LARGE, &ret);
	ASSERT_ERR(EAGAIN, ret);
	ASSERT_OK(wait_for_room(self, &large, 5000, 3 * LARGE));
	ASSERT_OK(wait_for_room(self, &small, 5001, LARGE));
	EXPECT_EQ(0, drop(self));
	ASSERT_OK(async_wait_asleep(&small.async));
	ASSERT_OK(async_signal(&large.async, SIGUSR1));
	EXPECT_ERR(EINTR, async_send_join(&large));
	EXPECT_OK(async_send_join(&small));

	/* likewise at its deadline */
	memset(&large, 0, sizeof(large));
	large.a.handle = self->h[0];
	large.a.data = ipc_ptr(self->in);
	large.a.data_len = 3 * LARGE;
	large.a.deadline_ns = ipc_in(2000);
	ASSERT_OK(async_send(&large, self->fd));
	ASSERT_OK(async_wait_asleep(&large.async));
	ASSERT_OK(wait_for_room(self, &small, 5002, LARGE));
	EXPECT_EQ(1, drop(self));
	EXPECT_ERR(ETIMEDOUT, async_send_join(&large));
	EXPECT_OK(async_send_join(&small));
}

/* What does not fit any more since the window was made smaller. */
TEST_F(window, made_smaller)
{
	struct async_send large, small;
	int ret, last = 0;

	fill(self->fd, self->h[0], self->in, LARGE, &ret);
	ASSERT_ERR(EAGAIN, ret);
	ASSERT_OK(wait_for_room(self, &large, 5000, 3 * LARGE));
	ASSERT_OK(wait_for_room(self, &small, 5001, LARGE));
	ASSERT_OK(parameter_set_number("window_bytes", 2 * LARGE));
	while (ipc_queued(self->fd, self->h[1]) > 0 && (ret = drop(self)) >= 0)
		last = ret;
	EXPECT_ERR(EMSGSIZE, async_send_join(&large));
	EXPECT_OK(async_send_join(&small));
	/* Unless it was as fast as we are. */
	if (last != 5001)
		last = drop(self);
	EXPECT_EQ(5001, last);
}

/* ------------------------------------------------------- nobody is forgotten */

enum {
	SENDERS = 6,
	TIMES = 150
};

struct sender {
	pthread_t thread;
	int fd;
	uint32_t handle;
	const void *data;
	unsigned int seed;
	pid_t tid;
	int sent, gave_up, error;
};

/* Sizes and deadlines by chance; what was given up is tried again. */
static void *sender_main(void *arg)
{
	struct sender *s = arg;
	struct capipc_send a = { .handle = s->handle,
				 .data = ipc_ptr(s->data) };
	int ret;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_SEQ_CST);
	while (s->sent < TIMES) {
		a.data_len = rand_r(&s->seed) % 4 ? rand_r(&s->seed) % 1000 :
						    3 * LARGE / 2;
		a.deadline_ns = rand_r(&s->seed) % 4 ?
					ipc_in(4 * IPC_SOON_MS) :
					ipc_now() + rand_r(&s->seed) % 3000000;
		ret = ipc_do_send(s->fd, &a);
		if (!ret)
			s->sent++;
		else if (ret == -ETIMEDOUT || ret == -EINTR)
			s->gave_up++;
		else
			s->error = ret;
		if (s->error)
			break;
	}
	__atomic_store_n(&s->tid, 0, __ATOMIC_SEQ_CST);
	return NULL;
}

TEST_F_TIMEOUT(window, nobody_is_forgotten, 120)
{
	struct sender s[SENDERS];
	int i, got = 0, gave_up = 0, ret;
	pid_t tid;

	ASSERT_OK(catch_signal(SIGUSR1, 0));
	ASSERT_OK(parameter_set_number("window_bytes", 2 * LARGE));
	memset(s, 0, sizeof(s));
	for (i = 0; i < SENDERS; i++) {
		s[i].fd = self->fd;
		s[i].handle = self->h[0];
		s[i].data = self->in;
		s[i].seed = i;
		ASSERT_EQ(0, pthread_create(&s[i].thread, NULL, sender_main,
					    &s[i]));
	}
	while (got < SENDERS * TIMES) {
		struct capipc_receive r = {
			.deadline_ns = ipc_in(2 * IPC_SOON_MS),
			.data = ipc_ptr(self->out),
			.data_capacity = CAPIPC_MESSAGE_MAX,
			.handle = self->h[1],
		};

		ret = ipc_do_receive(self->fd, &r);
		if (ret == -EINTR)
			continue;
		ASSERT_OK(ret)
		TH_LOG("%d of %d came", got, SENDERS * TIMES);
		tid = __atomic_load_n(&s[got++ % SENDERS].tid,
				      __ATOMIC_SEQ_CST);
		if (tid && got % 3 == 0)
			syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
	}
	for (i = 0; i < SENDERS; i++) {
		pthread_join(s[i].thread, NULL);
		EXPECT_OK(s[i].error);
		EXPECT_EQ(TIMES, s[i].sent);
		gave_up += s[i].gave_up;
	}
	EXPECT_LT(0, gave_up);
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
}

TEST_HARNESS_MAIN
