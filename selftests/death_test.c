// SPDX-License-Identifier: GPL-2.0
/*
 * Death everywhere: a process is killed, executes another program, or forks, at
 * each step of a call, a transfer, an acceptance and a connection, and in the
 * middle of each request; by the thousand. Each time who is left sees what is
 * documented, and at the end nothing is left, to the last byte.
 */
#include "death_entry.h"

/*
 * How many deaths there shall be in a group of steps, if there is time for more than each
 * step each way.
 */
#define ENOUGH (sizeof(long) == 8 ? 1500 : 300)

/*
 * Elsewhere a death takes several times as long: fewer must do. Also when everything is
 * tested once more, without the fast path.
 */
static bool plain_kernel(void)
{
	const char *kernel = getenv("CAPIPC_KERNEL");
	const char *fast = getenv("CAPIPC_FAST_PATH");

	return (!kernel || !strncmp(kernel, "stock", 5)) &&
	       (!fast || atoi(fast));
}

FIXTURE(death)
{
	struct nl nl;
	struct holding before;
	int contexts, handles;
	struct death_result *result;
	long deaths;
};

FIXTURE_SETUP(death)
{
	ASSERT_OK(nl_open(&self->nl));
	ASSERT_OK(machine_get(&self->nl, &self->before));
	self->contexts = nl_count(&self->nl, CAPIPC_CMD_GET_CONTEXT);
	self->handles = nl_count(&self->nl, CAPIPC_CMD_GET_HANDLE);
	ASSERT_LE(0, self->contexts);
	ASSERT_LE(0, self->handles);
	self->result = mmap(NULL, sizeof(*self->result), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->result);
	/* a fast machine connects more often than a user may */
	ASSERT_OK(user_set(&self->nl, 0, CAPIPC_LIMIT_A_CONNECT_RATE, 1000000));
}

FIXTURE_TEARDOWN(death)
{
	EXPECT_OK(user_reset(&self->nl, 0));
	nl_close(&self->nl);
}

/* Everything is as it was before. Memory freed after a grace period holds none. */
static int nothing_is_left(FIXTURE_DATA(death) * self)
{
	int64_t until = ipc_soon();
	struct holding now;
	int contexts, handles, ret;

	do {
		ret = machine_get(&self->nl, &now);
		if (ret)
			return ret;
		contexts = nl_count(&self->nl, CAPIPC_CMD_GET_CONTEXT);
		handles = nl_count(&self->nl, CAPIPC_CMD_GET_HANDLE);
		if (contexts == self->contexts && handles == self->handles &&
		    now.contexts == self->before.contexts &&
		    now.files == self->before.files &&
		    now.amount[BYTES].used == self->before.amount[BYTES].used &&
		    now.amount[HANDLES].used ==
			    self->before.amount[HANDLES].used &&
		    now.amount[LISTENERS].used ==
			    self->before.amount[LISTENERS].used)
			return 0;
		usleep(10000);
	} while (ipc_now() < until);
	fprintf(stderr, "# left: %d contexts, %d handles, %lld bytes\n",
		contexts - self->contexts, handles - self->handles,
		(long long)(now.amount[BYTES].used -
			    self->before.amount[BYTES].used));
	return -EBUSY;
}

static void die_everywhere(struct __test_metadata *_metadata,
			   FIXTURE_DATA(death) * self, const struct step *steps,
			   int count)
{
	struct death_result *r = self->result;
	int64_t start = ipc_now(), end = ipc_in(68000);
	long enough = plain_kernel() ? ENOUGH : 2 * count * WAYS;
	int i, way, status, missing = -1;
	pid_t pid;

	fflush(stdout);
	fflush(stderr);
	for (i = 0; i < DEATH_SURVIVORS; i++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			survivor_main(r, steps, count, i, enough, end);
	}
	for (i = 0; i < DEATH_SURVIVORS; i++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status);
	}
	ASSERT_EQ(0, r->failures)
	TH_LOG("%s, %s: line %d: %s: expected %d, got %d", steps[r->step].name,
	       way_names[r->way], r->line, r->what, r->want, r->got);
	for (i = 0; i < count; i++)
		for (way = 0; way < WAYS; way++)
			if (!r->deaths[i][way])
				missing = i * WAYS + way;
	EXPECT_EQ(-1, missing)
	TH_LOG("never seen: step %d, way %d", missing / WAYS, missing % WAYS);
	TH_LOG("%ld deaths in %lld ms", deaths_all(r),
	       (long long)(ipc_now() - start) / 1000000);
	EXPECT_LE(count * WAYS, deaths_all(r));
	EXPECT_OK(nothing_is_left(self));
}

#define DIE_EVERYWHERE(_steps) \
	die_everywhere(_metadata, self, _steps, ARRAY_SIZE(_steps))

TEST_F_TIMEOUT(death, of_a_call, 150)
{
	DIE_EVERYWHERE(call_steps);
}

TEST_F_TIMEOUT(death, of_a_transfer, 150)
{
	DIE_EVERYWHERE(transfer_steps);
}

TEST_F_TIMEOUT(death, of_an_acceptance, 150)
{
	DIE_EVERYWHERE(accept_steps);
}

TEST_F_TIMEOUT(death, of_a_connection, 150)
{
	DIE_EVERYWHERE(connect_steps);
}

TEST_HARNESS_MAIN
