// SPDX-License-Identifier: GPL-2.0
/*
 * Races: several threads in each of several processes do all that can be done, at
 * the same time and with the same handles. Tokens wander among them by messages,
 * calls, replies and invitations (see capipc_test_race.h): each is in one place,
 * none is closed that nobody has closed, and what is sent to them arrives once and in
 * order. Each kind of work must have succeeded, and nothing must be left.
 */
#include "race_work.h"

#define MORE_NS 30000000000LL

/* --------------------------------------------------------------- the scene */

FIXTURE(race)
{
	struct nl nl;
	struct holding before;
	int contexts, handles;
	struct race *race;
	struct racer racer[PROCESSES], parent;
	struct child child[PROCESSES];
	__u32 source[TOKENS]; /* our ends */
	int tokens; /* made so far */
	int active[ACTIVE];
};

FIXTURE_VARIANT(race)
{
	int threads; /* of each process */
	int ms;
};

FIXTURE_VARIANT_ADD(race, two_threads){ .threads = 2, .ms = 3000 };
FIXTURE_VARIANT_ADD(race, eight_threads){ .threads = 8, .ms = 5000 };

FIXTURE_SETUP(race)
{
	ASSERT_OK(nl_open(&self->nl));
	ASSERT_OK(machine_get(&self->nl, &self->before));
	self->contexts = nl_count(&self->nl, CAPIPC_CMD_GET_CONTEXT);
	self->handles = nl_count(&self->nl, CAPIPC_CMD_GET_HANDLE);
	self->race = mmap(NULL, sizeof(*self->race), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->race);
	ASSERT_OK(user_set(&self->nl, 0, CAPIPC_LIMIT_A_CONNECT_RATE, 1000000));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_OK(user_reset(&self->nl, 0));
	nl_close(&self->nl);
}

static void racer_child(struct __test_metadata *_metadata, int sock, void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	int i = 0;

	while (self->racer[i].fd)
		i++; /* those before have been started */
	racer_main(&self->racer[i], self->parent.number, sock);
}

/* The processes, a pipe from each to each, and one to us. */
static int start_all(struct __test_metadata *_metadata,
		     FIXTURE_DATA(race) * self, int threads)
{
	struct racer *us = &self->parent;
	int box[PROCESSES][2], i, j, ret;
	__u32 listener, h[2];

	us->race = self->race;
	us->number = threads;
	us->fd = ipc_open();
	snprintf(us->name, sizeof(us->name), "race/%d", getpid());
	self_racer = us;
	ret = ipc_listen(us->fd, us->name, &listener);
	for (i = 0; i < PROCESSES && !ret; i++)
		if (socketpair(AF_UNIX,
			       SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			       box[i]))
			ret = -errno;
	for (i = 0; i < PROCESSES && !ret; i++) {
		self->racer[i] = *us;
		self->racer[i].fd = 0;
		self->racer[i].number = i;
		memcpy(self->racer[i].inbox, box, sizeof(box));
		ret = child_start(_metadata, &self->child[i], racer_child,
				  self);
		if (!ret)
			ret = ipc_accept(us->fd, listener, &us->link[i]);
		self->racer[i].fd = -1;
	}
	for (i = 0; i < PROCESSES; i++) {
		close(box[i][0]);
		close(box[i][1]);
	}
	for (i = 0; i < PROCESSES && !ret; i++) {
		for (j = 0; j < i && !ret; j++) {
			struct capipc_attachment att;

			ret = ipc_create(us->fd, h);
			att = ipc_attach(h[0]);
			if (!ret)
				ret = ipc_send_full(us->fd, us->link[i], j,
						    NULL, 0, &att, 1);
			att = ipc_attach(h[1]);
			if (!ret)
				ret = ipc_send_full(us->fd, us->link[j], i,
						    NULL, 0, &att, 1);
		}
	}
	return ret;
}

/* One more, to anybody. */
static void new_token(FIXTURE_DATA(race) * self, int *place)
{
	struct token_message m = { .token = self->tokens };
	struct capipc_attachment att;
	__u32 h[2];

	*place = -1;
	if (self->tokens == TOKENS || ipc_create(self_racer->fd, h))
		return;
	att = ipc_attach(h[1]);
	if (race_send(self_racer->link[chance(PROCESSES)], &m, &att, 1)) {
		ipc_close(self_racer->fd, h[0]);
		ipc_close(self_racer->fd, h[1]);
		return;
	}
	self->source[self->tokens] = h[0];
	*place = self->tokens++;
}

/* Some numbers to one of them; false if it is over. */
static bool feed_token(FIXTURE_DATA(race) * self, int number)
{
	struct token *token = &self->race->token[number];
	struct token_message m = { .token = number };
	int n, ret = 0;

	for (n = chance(8); n && !ret && token->sent < NUMBERS; n--) {
		m.number = token->sent;
		ret = race_send(self->source[number], &m, NULL, 0);
		if (!ret)
			token->sent++;
	}
	if (!did(SEND, ret))
		return ret == -EAGAIN;
	return token->sent < NUMBERS && chance(200);
}

static bool all_done(const struct race *race)
{
	int work;

	for (work = 0; work < WORKS; work++)
		if (!__atomic_load_n(&race->done[work], __ATOMIC_RELAXED))
			return false;
	return true;
}

static void feed_all(FIXTURE_DATA(race) * self, int64_t end)
{
	static const int dumps[] = {
		CAPIPC_CMD_GET_CONTEXT, CAPIPC_CMD_GET_HANDLE,
		CAPIPC_CMD_GET_PIPE,	CAPIPC_CMD_GET_LISTENER,
		CAPIPC_CMD_GET_USER,	CAPIPC_CMD_GET_ACCOUNT,
	};
	int i, round, ret;

	for (i = 0; i < ACTIVE; i++)
		new_token(self, &self->active[i]);
	/* on a slow machine until all has been done once, within reason */
	for (round = 0; ipc_now() < end ||
			(ipc_now() < end + MORE_NS && !all_done(self->race));
	     round++) {
		for (i = 0; i < ACTIVE; i++) {
			if (self->active[i] < 0) {
				new_token(self, &self->active[i]);
			} else if (!feed_token(self, self->active[i])) {
				/* the holder takes what is left, then sees it */
				did(RETIRE,
				    ipc_close(self_racer->fd,
					      self->source[self->active[i]]));
				self->source[self->active[i]] = 0;
				self->active[i] = -1;
			}
		}
		ret = nl_count(&self->nl, dumps[round % ARRAY_SIZE(dumps)]);
		did(DUMP, ret < 0 ? ret : 0);
	}
}

/* Of those that we have not closed. */
static int count_orphans(FIXTURE_DATA(race) * self, int *missing)
{
	struct capipc_inspect insp;
	struct token *token;
	int i, n, orphans = 0;

	*missing = 0;
	for (i = 0; i < self->tokens; i++) {
		token = &self->race->token[i];
		if (!self->source[i] ||
		    ipc_do_inspect(self_racer->fd, self->source[i], &insp))
			continue;
		/* nobody closed it, and nobody took a risk with it */
		if ((insp.state & CAPIPC_INSPECT_PEER_CLOSED) && !token->lost)
			orphans++;
		/* who has it has received all that was sent */
		for (n = 0; n < token->sent && token->held; n++)
			*missing += !token->seen[n];
	}
	return orphans;
}

static int all_gone(FIXTURE_DATA(race) * self)
{
	int64_t until = ipc_soon();
	struct holding now;
	int i, same, ret;

	do {
		ret = machine_get(&self->nl, &now);
		same = now.contexts == self->before.contexts &&
		       now.files == self->before.files &&
		       nl_count(&self->nl, CAPIPC_CMD_GET_CONTEXT) ==
			       self->contexts &&
		       nl_count(&self->nl, CAPIPC_CMD_GET_HANDLE) ==
			       self->handles;
		for (i = 0; i < RESOURCES; i++)
			same &= now.amount[i].used ==
				self->before.amount[i].used;
		if (ret || same)
			return ret;
		usleep(10000);
	} while (ipc_now() < until);
	return -EBUSY;
}

TEST_F_TIMEOUT(race, everything_at_once, 90)
{
	struct race *race = self->race;
	int i, missing, work;

	ASSERT_OK(start_all(_metadata, self, variant->threads));
	feed_all(self, ipc_in(variant->ms));
	__atomic_store_n(&race->stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < PROCESSES; i++)
		ASSERT_OK(sync_wait(self->child[i].sock));
	for (i = 0; i < PROCESSES; i++) {
		ASSERT_OK(sync_post(self->child[i].sock));
		ASSERT_OK(sync_wait(self->child[i].sock));
	}
	EXPECT_EQ(0, race->surprises)
	TH_LOG("%s: %s", work_names[race->surprise_work],
	       ipc_errname(race->surprise));
	EXPECT_EQ(0, race->two_places);
	EXPECT_EQ(0, race->twice);
	EXPECT_EQ(0, race->disorder);
	EXPECT_EQ(0, count_orphans(self, &missing));
	EXPECT_EQ(0, missing);
	for (work = 0; work < WORKS; work++) {
		TH_LOG("%6ld %s", race->done[work], work_names[work]);
		EXPECT_LT(0, race->done[work]) TH_LOG("%s", work_names[work]);
	}
	for (i = 0; i < PROCESSES; i++)
		CHILD_KILL(&self->child[i]);
	for (i = 0; i < self->tokens; i++)
		if (self->source[i])
			EXPECT_ERR(EPIPE, ipc_send_str(self_racer->fd,
						       self->source[i], 1, ""));
	close(self_racer->fd);
	EXPECT_OK(all_gone(self));
}

TEST_HARNESS_MAIN
