// SPDX-License-Identifier: GPL-2.0
/*
 * Races: everything at once on the same handles, and death at any point. What
 * is looked at is that nothing but documented errors comes out, that nothing
 * is left afterwards, and that the kernel has nothing to say about it.
 */
#include "capipc_test_netlink.h"

#define RACE_NS 1500000000LL
#define THREADS 4
#define POOL	16
#define KILLS	200

struct race {
	int fd[2]; /* two contexts */
	__u32 pool[2][POOL]; /* handles that everybody uses; 0 for none */
	int64_t end;
	int surprises;
	int surprise; /* the first one */
	const char *where;
	unsigned long done;
};

static __u32 next_random(__u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static __u32 pool_get(struct race *race, int c, __u32 *state)
{
	return __atomic_load_n(&race->pool[c][next_random(state) % POOL],
			       __ATOMIC_RELAXED);
}

/* Put a handle into the pool; close what it replaces. */
static void pool_put(struct race *race, int c, __u32 handle, __u32 *state)
{
	__u32 old =
		__atomic_exchange_n(&race->pool[c][next_random(state) % POOL],
				    handle, __ATOMIC_RELAXED);

	if (old)
		ipc_close(race->fd[c], old);
}

static void check(struct race *race, const char *where, int ret)
{
	static const int documented[] = {
		0,	   EACCES,     EAGAIN,	   EBADF,  EBUSY,
		ECANCELED, ECONNRESET, EDQUOT,	   ELOOP,  EMSGSIZE,
		EPERM,	   EPIPE,      EPROTOTYPE, ESTALE, ETIMEDOUT,
	};
	int i;

	race->done++;
	for (i = 0; i < ARRAY_SIZE(documented); i++)
		if (ret == -documented[i])
			return;
	if (!__atomic_fetch_add(&race->surprises, 1, __ATOMIC_RELAXED)) {
		race->surprise = -ret;
		race->where = where;
	}
}

static void race_receive(struct race *race, int c, __u32 *state)
{
	static __thread struct ipc_message m;
	__u32 verdict_handle;
	unsigned int i;
	int ret;

	ret = ipc_recv_flags(race->fd[c], &m,
			     next_random(state) % 2 ? 0 :
						      pool_get(race, c, state),
			     CAPIPC_NOWAIT, 0);
	check(race, "receive", ret);
	if (ret)
		return;
	for (i = 0; i < m.r.attachments_count; i++)
		pool_put(race, c, m.att[i].handle, state);
	if (m.r.type != CAPIPC_RECEIVED_CALL)
		return;
	switch (next_random(state) % 3) {
	case 0:
		check(race, "reply",
		      ipc_reply_str(race->fd[c], m.r.reply_handle, "yes"));
		break;
	case 1: {
		struct capipc_report r = { .handle = m.r.reply_handle };

		check(race, "report", ipc_do_report(race->fd[c], &r));
		break;
	}
	default:
		verdict_handle = m.r.reply_handle;
		check(race, "close", ipc_close(race->fd[c], verdict_handle));
	}
}

static void race_send(struct race *race, int c, __u32 *state)
{
	__u32 handle = pool_get(race, c, state);
	struct capipc_attachment att[2] = {
		ipc_attach(pool_get(race, c, state)),
		ipc_attach(pool_get(race, c, state)),
	};
	struct capipc_send s = {
		.flags = CAPIPC_NOWAIT,
		.data = ipc_ptr(race),
		.data_len = next_random(state) % sizeof(*race),
		.attachments = ipc_ptr(att),
		.attachments_count = next_random(state) % 3,
		.handle = handle,
		.ordinal = next_random(state) % 4,
	};
	int ret;

	if (s.attachments_count == 2 && att[0].handle == att[1].handle)
		s.attachments_count = 1;
	ret = ipc_do_send(race->fd[c], &s);
	check(race, "send", ret);
}

static void race_call(struct race *race, int c, __u32 *state)
{
	char answer[16];
	struct capipc_call call = {
		.deadline_ns = ipc_now() + next_random(state) % 2000000,
		.reply_data = ipc_ptr(answer),
		.reply_capacity = sizeof(answer),
		.handle = pool_get(race, c, state),
		.ordinal = 1,
	};

	check(race, "call", ipc_do_call(race->fd[c], &call));
}

static void race_create(struct race *race, int c, __u32 *state)
{
	struct capipc_rule rule = { .ordinal_last = 2 };
	struct capipc_restrict r = {
		.rules = ipc_ptr(&rule),
		.rules_count = 1,
		.rule_size = sizeof(rule),
	};
	__u32 h[2];
	int ret = ipc_create(race->fd[c], h);

	check(race, "create", ret);
	if (ret)
		return;
	r.handle = h[0];
	if (next_random(state) % 4 == 0)
		check(race, "restrict", ipc_do_restrict(race->fd[c], &r));
	pool_put(race, c, h[0], state);
	pool_put(race, c, h[1], state);
}

static void *race_thread(void *arg)
{
	struct race *race = arg;
	__u32 state = (__u32)(uintptr_t)pthread_self() ^ (__u32)ipc_now();
	struct capipc_inspect insp;
	struct capipc_query q = { 0 };
	int c;

	while (ipc_now() < race->end) {
		c = next_random(&state) % 2;
		switch (next_random(&state) % 16) {
		case 0:
		case 1:
			race_create(race, c, &state);
			break;
		case 2:
			check(race, "close",
			      ipc_close(race->fd[c],
					pool_get(race, c, &state)));
			break;
		case 3:
			check(race, "inspect",
			      ipc_do_inspect(race->fd[c],
					     pool_get(race, c, &state), &insp));
			break;
		case 4:
			q.handle = pool_get(race, c, &state);
			check(race, "query", ipc_do_query(race->fd[c], &q));
			break;
		case 5:
		case 6:
			race_call(race, c, &state);
			break;
		case 7:
		case 8:
		case 9:
		case 10:
			race_send(race, c, &state);
			break;
		default:
			race_receive(race, c, &state);
		}
	}
	return NULL;
}

FIXTURE(stress)
{
	struct nl nl;
	int contexts, handles; /* that there were before */
};

FIXTURE_SETUP(stress)
{
	ASSERT_OK(nl_open(&self->nl));
	self->contexts = nl_count(&self->nl, CAPIPC_CMD_GET_CONTEXT);
	self->handles = nl_count(&self->nl, CAPIPC_CMD_GET_HANDLE);
	ASSERT_LE(0, self->contexts);
	ASSERT_LE(0, self->handles);
}

FIXTURE_TEARDOWN(stress)
{
	nl_close(&self->nl);
}

/* Nothing more than there was. */
static int all_gone(FIXTURE_DATA(stress) * self)
{
	int contexts = nl_count(&self->nl, CAPIPC_CMD_GET_CONTEXT);
	int handles = nl_count(&self->nl, CAPIPC_CMD_GET_HANDLE);

	if (contexts == self->contexts && handles == self->handles)
		return 0;
	fprintf(stderr, "# %d contexts and %d handles are left\n",
		contexts - self->contexts, handles - self->handles);
	return -EBUSY;
}

static int race_open(struct race *race)
{
	__u32 listener = 0, end = 0;
	char name[64];
	int ret;

	memset(race, 0, sizeof(*race));
	race->fd[0] = ipc_open();
	race->fd[1] = ipc_open();
	if (race->fd[0] < 0 || race->fd[1] < 0)
		return -EMFILE;
	/* one pipe between the two contexts, for handles to wander */
	strcpy(name, fresh_name());
	ret = ipc_listen(race->fd[0], name, &listener);
	if (!ret)
		ret = ipc_connect(race->fd[1], name, &race->pool[1][0]);
	if (!ret)
		ret = ipc_accept(race->fd[0], listener, &end);
	race->pool[0][0] = end;
	race->end = ipc_now() + RACE_NS;
	return ret ? ret : ipc_close(race->fd[0], listener);
}

TEST_F(stress, same_handles)
{
	static struct race race;
	pthread_t t[THREADS];
	int i;

	ASSERT_OK(race_open(&race));
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, race_thread, &race));
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	EXPECT_EQ(0, race.surprises)
	TH_LOG("%s: %s", race.where, strerror(race.surprise));
	EXPECT_LT(THREADS, race.done);
	close(race.fd[0]);
	close(race.fd[1]);
	EXPECT_OK(all_gone(self));
}

/* The same, and the process is killed in the midst of it. */
TEST_F(stress, killed_with_threads)
{
	int i, round;
	__u32 state = (__u32)ipc_now();

	for (round = 0; round < 20; round++) {
		int sync[2];
		char byte;
		pid_t pid;

		ASSERT_EQ(0, pipe(sync));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			static struct race race;
			pthread_t t;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (race_open(&race))
				_exit(1);
			for (i = 0; i < THREADS; i++)
				if (pthread_create(&t, NULL, race_thread,
						   &race))
					_exit(1);
			if (write(sync[1], "", 1) != 1)
				_exit(1);
			race_thread(&race);
			_exit(0);
		}
		close(sync[1]);
		EXPECT_EQ(1, read(sync[0], &byte, 1));
		usleep(next_random(&state) % 20000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(sync[0]);
	}
	EXPECT_OK(all_gone(self));
}

/* What a client does until it is killed. */
static void client_loop(const char *name)
{
	__u32 state = getpid(), end, h[2];
	int fd = ipc_open();
	char answer[16];

	if (fd < 0)
		_exit(1);
	for (;;) {
		if (ipc_connect(fd, name, &end))
			continue; /* the backlog is full */
		if (ipc_create(fd, h) || ipc_send_str(fd, h[0], 1, "inside"))
			_exit(1);
		ipc_send_handle(fd, end, "take it", h[1]);
		ipc_call_str(fd, end, 1, "question", answer, sizeof(answer));
		if (next_random(&state) % 2)
			ipc_close(fd, h[0]);
		if (next_random(&state) % 2)
			ipc_close(fd, end);
	}
}

/* Take all that is there, answer calls, close what is over. */
static int serve_all(int fd)
{
	static struct ipc_message m;
	unsigned int i;
	int ret, n = 0;

	for (;;) {
		ret = ipc_tryrecv(fd, &m);
		if (ret == -EAGAIN)
			return n;
		if (ret)
			return ret;
		n++;
		for (i = 0; i < m.r.attachments_count; i++)
			ipc_close(fd, m.att[i].handle);
		if (m.r.type == CAPIPC_RECEIVED_CALL) {
			ret = ipc_reply_str(fd, m.r.reply_handle, "answer");
			if (ret && ret != -ECANCELED)
				return ret;
		} else if (m.r.type == CAPIPC_RECEIVED_PEER_CLOSED) {
			ret = ipc_close(fd, m.r.from);
			if (ret)
				return ret;
		}
	}
}

TEST_F_TIMEOUT(stress, killed_clients, 60)
{
	__u32 listener, state = (__u32)ipc_now();
	int served = 0, enough, fd = ipc_open(), i, ret;
	int64_t until, end = ipc_in(20000); /* not so many where it is slow */
	char name[64];
	pid_t pid;

	ASSERT_LE(0, fd);
	strcpy(name, fresh_name());
	ASSERT_OK(ipc_listen(fd, name, &listener));
	for (i = 0; i < KILLS && ipc_now() < end; i++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(fd);
			client_loop(name);
		}
		/* at any step of its loop, on a slow machine as well */
		enough = served + (int)(next_random(&state) % 16);
		until = ipc_now() + 100000000;
		do {
			ret = serve_all(fd);
			ASSERT_LE(0, ret);
			served += ret;
		} while (served < enough && ipc_now() < until);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	EXPECT_LT(0, served);
	ASSERT_LE(0, serve_all(fd));
	EXPECT_EQ(self->contexts + 1,
		  nl_count(&self->nl, CAPIPC_CMD_GET_CONTEXT));
	EXPECT_EQ(self->handles + 1,
		  nl_count(&self->nl, CAPIPC_CMD_GET_HANDLE));
	close(fd);
	EXPECT_OK(all_gone(self));
}

/* Servers die under their clients, who notice each time. */
TEST_F_TIMEOUT(stress, killed_servers, 60)
{
	__u32 listener, end, state = (__u32)ipc_now();
	int i, ret, fd = ipc_open();
	int64_t until_all = ipc_in(20000);
	static struct ipc_message m;
	char name[64], answer[16];
	int calls = 0;

	ASSERT_LE(0, fd);
	strcpy(name, fresh_name());
	for (i = 0; i < 50 && ipc_now() < until_all; i++) {
		int64_t until;
		int sync[2];
		char byte;
		pid_t pid;

		ASSERT_EQ(0, pipe(sync));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			int server = ipc_open();

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (ipc_listen(server, name, &listener) ||
			    write(sync[1], "", 1) != 1)
				_exit(1);
			/* answers some, for as long as nobody kills it */
			while (!ipc_recv(server, &m))
				if (m.r.type == CAPIPC_RECEIVED_CALL &&
				    next_random(&state) % 4)
					ipc_reply_str(server, m.r.reply_handle,
						      "answer");
				else if (m.r.type == CAPIPC_RECEIVED_CALL)
					ipc_close(server, m.r.reply_handle);
			_exit(0);
		}
		close(sync[1]);
		ASSERT_EQ(1, read(sync[0], &byte, 1));
		close(sync[0]);
		ASSERT_OK(ipc_connect(fd, name, &end));
		until = ipc_now() + next_random(&state) % 5000000;
		do {
			ret = ipc_call_str(fd, end, 1, "question", answer,
					   sizeof(answer));
			if (ret != 0 && ret != -ECONNRESET)
				break;
			calls++;
		} while (ipc_now() < until);
		EXPECT_OK(ret == -ECONNRESET ? 0 : ret);
		kill(pid, SIGKILL);
		/* without waiting for it to be gone */
		ret = ipc_call_str(fd, end, 1, "question", answer,
				   sizeof(answer));
		EXPECT_TRUE(!ret || ret == -EPIPE || ret == -ECONNRESET);
		waitpid(pid, NULL, 0);
		EXPECT_ERR(EPIPE, ipc_send_str(fd, end, 1, "anybody?"));
		EXPECT_ERR(ENOENT, ipc_connect(fd, name, &listener));
		ASSERT_OK(ipc_close(fd, end));
	}
	EXPECT_LT(0, calls);
	close(fd);
	EXPECT_OK(all_gone(self));
}

/* A descriptor that is closed and opened again while others use it. */
static void *open_thread(void *arg)
{
	struct race *race = arg;
	struct capipc_info info;
	__u32 h[2];
	int fd;

	while (ipc_now() < race->end) {
		fd = ipc_open();
		if (fd < 0)
			continue;
		ipc_create(fd, h);
		ipc_send_handle(fd, h[0], "x", h[1]);
		/* any descriptor near it, whatever that is by now */
		ipc_do_info(fd - 1, &info);
		ipc_create(fd + 1, h);
		ipc_close(fd + 1, h[0]);
		close(fd);
		race->done++;
	}
	return NULL;
}

TEST_F(stress, open_and_close)
{
	static struct race race;
	pthread_t t[THREADS];
	int i;

	race.end = ipc_now() + RACE_NS;
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, open_thread, &race));
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	EXPECT_LT(THREADS, race.done);
	EXPECT_OK(all_gone(self));
}

TEST_HARNESS_MAIN
