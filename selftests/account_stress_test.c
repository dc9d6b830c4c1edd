// SPDX-License-Identifier: GPL-2.0
/*
 * Accounts in a race: contexts of several users open, charge, leave things
 * behind and die, while root changes limits and looks at what there is. At the
 * end all is as before, to the last byte.
 */
#include "capipc_test_account.h"

#define RACE_MS 3000
#define UID	7501
#define THREADS 3
#define POOL	8

static __u32 next_random(__u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

FIXTURE(account_stress)
{
	struct nl nl;
	struct holding before;
	int64_t end;
	int server;
	__u32 listener;
	char name[64];
};

FIXTURE_SETUP(account_stress)
{
	ASSERT_OK(nl_open(&self->nl));
	ASSERT_OK(machine_get(&self->nl, &self->before));
	self->server = ipc_open();
	ASSERT_LE(0, self->server);
	strcpy(self->name, fresh_name());
	ASSERT_OK(ipc_listen(self->server, self->name, &self->listener));
	self->end = ipc_in(RACE_MS);
}

FIXTURE_TEARDOWN(account_stress)
{
	EXPECT_OK(parameters_restore());
	nl_close(&self->nl);
}

/* ------------------------------------------------------------------ workers */

struct work {
	const char *name; /* of the server */
	int64_t end;
	uid_t uid;
	int fd[POOL]; /* contexts of all threads */
	__u32 pipe[POOL][2];
	long done;
};

static void note(struct work *work, int ret)
{
	static const int documented[] = { 0,	    EAGAIN,	EBADF,
					  EBUSY,    EDQUOT,	EPIPE,
					  EPERM,    EADDRINUSE, EPROTOTYPE,
					  EMSGSIZE, ENOENT };
	int i;

	for (i = 0; i < ARRAY_SIZE(documented); i++)
		if (ret == -documented[i])
			break;
	if (i == ARRAY_SIZE(documented))
		_exit(100 - ret);
	__atomic_fetch_add(&work->done, 1, __ATOMIC_RELAXED);
}

/* A context in place of another one; whatever that was doing. */
static void work_open(struct work *work, __u32 *state)
{
	int i = next_random(state) % POOL, fd = ipc_open(), old;
	__u32 h[2];

	note(work, fd < 0 ? fd : 0);
	if (fd < 0)
		return;
	note(work, ipc_create(fd, h));
	old = __atomic_exchange_n(&work->fd[i], fd, __ATOMIC_RELAXED);
	work->pipe[i][0] = h[0];
	work->pipe[i][1] = h[1];
	if (old > 0)
		close(old);
}

/* Leaves a connection and a message behind. */
static void work_leave(struct work *work, __u32 *state)
{
	static char data[20000];
	int fd = ipc_open(), ret;
	__u32 end;

	note(work, fd < 0 ? fd : 0);
	if (fd < 0)
		return;
	ret = ipc_connect(fd, work->name, &end);
	note(work, ret);
	if (!ret)
		note(work, ipc_trysend(fd, end, 1, data,
				       next_random(state) % sizeof(data)));
	close(fd);
}

static void work_listen(struct work *work, int fd, __u32 *state)
{
	char name[64];
	__u32 handle;
	int ret;

	snprintf(name, sizeof(name), "uid/%u/%u", work->uid,
		 next_random(state) % 16);
	ret = ipc_listen(fd, name, &handle);
	note(work, ret);
	if (!ret && next_random(state) % 4)
		note(work, ipc_close(fd, handle));
}

static void work_pipes(struct work *work, int fd, __u32 *state)
{
	__u32 h[2];
	int n = next_random(state) % 50, ret = 0;

	while (n-- && !ret)
		ret = ipc_create(fd, h);
	note(work, ret);
}

static void *work_thread(void *arg)
{
	static __thread struct ipc_message m;
	static char data[60000];
	struct work *work = arg;
	__u32 state = (__u32)(uintptr_t)pthread_self() ^ (__u32)ipc_now();
	int i, fd, n;

	while (ipc_now() < work->end) {
		i = next_random(&state) % POOL;
		fd = work->fd[i];
		switch (next_random(&state) % 8) {
		case 0:
			work_open(work, &state);
			break;
		case 1:
			work_leave(work, &state);
			break;
		case 2:
			work_listen(work, fd, &state);
			break;
		case 3:
			work_pipes(work, fd, &state);
			break;
		case 4:
		case 5:
			for (n = next_random(&state) % 20; n; n--)
				note(work,
				     ipc_trysend(fd, work->pipe[i][0], 1, data,
						 next_random(&state) %
							 sizeof(data)));
			break;
		default:
			for (n = next_random(&state) % 40; n; n--)
				note(work, ipc_recv_flags(fd, &m, 0,
							  CAPIPC_NOWAIT, 0));
		}
	}
	return NULL;
}

/* A process of this user; in a namespace of its own for ids of @owner. */
static pid_t start_work(const char *name, int64_t end, uid_t owner, uid_t uid)
{
	static struct work work;
	int go[2], ready[2];
	char map[64], path[64], byte;
	pthread_t t[THREADS];
	pid_t pid;
	int i;

	if (pipe(go) || pipe(ready))
		return -errno;
	pid = fork();
	if (pid) {
		if (owner != uid && read(ready[0], &byte, 1) == 1) {
			snprintf(map, sizeof(map), "0 %u 100", uid);
			snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
			if (put_text(path, map))
				return -EPROTO;
		}
		i = write(go[1], "", 1);
		close(go[0]);
		close(go[1]);
		close(ready[0]);
		close(ready[1]);
		return i == 1 ? pid : -EPROTO;
	}
	work.name = name;
	work.end = end;
	work.uid = uid;
	if (syscall(ACTOR_SETRESUID, owner, owner, owner) ||
	    (owner != uid && unshare(CLONE_NEWUSER)) ||
	    write(ready[1], "", 1) != 1 || read(go[0], &byte, 1) != 1 ||
	    (owner != uid && syscall(ACTOR_SETRESUID, 0, 0, 0)))
		_exit(2);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < POOL; i++)
		work.fd[i] = -1;
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, work_thread, &work))
			_exit(3);
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	_exit(work.done < 20 ? 4 : 0);
}

/* -------------------------------------------------------------------- root */

/* Limits that come and go, large and small. */
static int change_limits(struct nl *nl, __u32 *state)
{
	static const int limits[] = {
		CAPIPC_LIMIT_A_BYTES,	 CAPIPC_LIMIT_A_BYTES_PER_CONTEXT,
		CAPIPC_LIMIT_A_HANDLES,	 CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT,
		CAPIPC_LIMIT_A_CONTEXTS, CAPIPC_LIMIT_A_LISTENERS,
	};
	static const char *const parameters[] = {
		"max_bytes",
		"max_handles",
		"reserve_bytes_per_context",
		"reserve_handles_per_context",
		"reserve_bytes_per_uid",
		"max_contexts_per_uid",
		"max_users",
		"max_bytes_per_uid",
	};
	static const char *const values[] = { "4", "200", "100000", "8000000" };
	__u64 value = 1ULL << next_random(state) % 24;

	if (next_random(state) % 4 == 0)
		value = CAPIPC_LIMIT_DEFAULT;
	switch (next_random(state) % 4) {
	case 0:
		return parameter_set(
			parameters[next_random(state) % ARRAY_SIZE(parameters)],
			values[next_random(state) % ARRAY_SIZE(values)]);
	case 1:
		return parameters_restore();
	default:
		return user_set(nl, UID + next_random(state) % 2,
				limits[next_random(state) % ARRAY_SIZE(limits)],
				value);
	}
}

/* Take what clients have left behind. */
static void serve(int fd)
{
	static struct ipc_message m;
	int n;

	for (n = 0; n < 50 && !ipc_tryrecv(fd, &m); n++)
		if (m.r.type == CAPIPC_RECEIVED_PEER_CLOSED)
			ipc_close(fd, m.r.from);
}

/* Counters take a moment: memory that is freed after a grace period holds none. */
static int wait_until_gone(FIXTURE_DATA(account_stress) * self,
			   struct holding *now)
{
	int64_t until = ipc_soon();
	int ret;

	do {
		ret = machine_get(&self->nl, now);
		if (ret || (now->contexts == self->before.contexts &&
			    now->amount[BYTES].used ==
				    self->before.amount[BYTES].used))
			return ret;
		usleep(10000);
	} while (ipc_now() < until);
	return -ETIMEDOUT;
}

TEST_F_TIMEOUT(account_stress, everything_at_once, 120)
{
	static const struct {
		uid_t owner, uid;
	} who[] = {
		{ UID, UID },
		{ UID, UID },
		{ UID + 1, UID + 1 },
		{ UID, 750000 },
	};
	int killed = ARRAY_SIZE(who) - 1, status, i;
	__u32 state = (__u32)ipc_now();
	struct holding now;
	pid_t pid[ARRAY_SIZE(who)];

	for (i = 0; i < ARRAY_SIZE(who); i++) {
		pid[i] = start_work(self->name, self->end, who[i].owner,
				    who[i].uid);
		ASSERT_LT(0, pid[i]);
	}
	while (ipc_now() < self->end) {
		ASSERT_OK(change_limits(&self->nl, &state));
		ASSERT_LT(0, nl_count(&self->nl, CAPIPC_CMD_GET_USER));
		ASSERT_LT(0, nl_count(&self->nl, CAPIPC_CMD_GET_ACCOUNT));
		serve(self->server);
		/* one does not end by itself, but is killed, again and again */
		if (next_random(&state) % 8 == 0) {
			kill(pid[killed], SIGKILL);
			waitpid(pid[killed], &status, 0);
			pid[killed] = start_work(self->name, self->end,
						 who[killed].owner,
						 who[killed].uid);
			ASSERT_LT(0, pid[killed]);
		}
	}
	kill(pid[killed], SIGKILL);
	for (i = 0; i < ARRAY_SIZE(who); i++) {
		waitpid(pid[i], &status, 0);
		if (i != killed)
			EXPECT_EQ(0, status);
	}
	close(self->server);
	ASSERT_OK(parameters_restore());
	ASSERT_OK(user_reset(&self->nl, UID));
	ASSERT_OK(user_reset(&self->nl, UID + 1));
	EXPECT_OK(wait_until_gone(self, &now));
	for (i = 0; i < RESOURCES; i++)
		EXPECT_EQ(self->before.amount[i].used, now.amount[i].used);
	EXPECT_EQ(self->before.contexts, now.contexts);
	for (i = 0; i < ARRAY_SIZE(who); i++) {
		ASSERT_OK(user_get(&self->nl, who[i].owner, who[i].uid, &now));
		EXPECT_EQ(0, now.contexts);
		EXPECT_EQ(0, now.amount[BYTES].grant);
		EXPECT_EQ(0, now.amount[HANDLES].grant);
		EXPECT_EQ(0, now.amount[LISTENERS].grant);
		EXPECT_EQ(0, now.files);
	}
}

TEST_HARNESS_MAIN
