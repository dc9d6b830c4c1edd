/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scene of the races: processes that are linked to each other, threads in each
 * that share its context, and *tokens* that wander among them.
 *
 * A token is an endpoint. At its other end the test sends numbers, 0, 1, 2 ...,
 * all the time. Whoever holds the token, or has it in a request at the
 * moment, receives them. So two things can be told without any lock:
 * a token that arrives was in nobody's table, and of the numbers each arrives
 * once, and in order for each thread.
 */
#ifndef CAPIPC_TEST_RACE_H
#define CAPIPC_TEST_RACE_H

#include "capipc_test_account.h"
#include "capipc_test_invitation.h"
#include "capipc_test_memory.h"

#define TOKENS	  400 /* one after another */
#define ACTIVE	  24 /* at the same time */
#define NUMBERS	  2048 /* of a token; then there is another one */
#define PROCESSES 3
#define SLOTS	  16 /* of a process, for tokens */
#define THINGS	  24 /* of a process, for anything else */

enum work {
	SEND,
	CALL,
	REPLY,
	REPLY_MOVED,
	RECEIVE_NUMBER,
	RECEIVE_TOKEN,
	INVITE,
	ACCEPT,
	LISTEN,
	CONNECT,
	TAKE_CONNECTION,
	REPLACE,
	ATTENUATE,
	CONFINE,
	RESTRICT,
	DUPLICATE,
	BUFFER,
	DATA_PIPE,
	SIGNAL,
	MAP,
	CLOSE,
	INSPECT,
	QUERY,
	POLL,
	FILE_PASSED,
	OPEN_CONTEXT,
	DUMP,
	RETIRE,
	WORKS
};

static const char *const work_names[WORKS] = {
	"send",
	"call",
	"reply",
	"move a reply handle",
	"receive a number",
	"receive a token",
	"invite",
	"accept",
	"listen",
	"connect",
	"take a connection",
	"replace",
	"attenuate",
	"confine",
	"restrict",
	"duplicate",
	"buffer",
	"data pipe",
	"signal",
	"map",
	"close",
	"inspect",
	"query",
	"poll",
	"pass a file",
	"open a context",
	"dump",
	"retire a token",
};

struct token {
	int held; /* in somebody's table */
	int lost; /* it was closed, or may have been */
	int sent; /* numbers */
	unsigned char seen[NUMBERS];
};

struct token_message {
	__u32 token, number;
};

/* What all processes share. */
struct race {
	int stop;
	long done[WORKS];
	int surprises, surprise, surprise_work;
	int twice, disorder, two_places;
	struct token token[TOKENS];
};

/* A process and its threads. */
struct racer {
	struct race *race;
	int number;
	int fd;
	__u32 link[PROCESSES]; /* endpoints to the others */
	int inbox[PROCESSES][2]; /* for invitations: we read [number][0] */
	__u64 slot[SLOTS]; /* token << 32 | handle, or 0 */
	__u32 thing[THINGS];
	char name[32];
};

static __thread struct racer *self_racer;
static __thread __u32 race_state;
static __thread int last_number[TOKENS]; /* and one more: 0 is none */

static __u32 chance(__u32 of)
{
	race_state = race_state * 1664525 + 1013904223;
	return (race_state >> 8) % of;
}

/* Count what was done; an error that is nowhere documented is a surprise. */
static bool did(enum work work, int ret)
{
	static const int documented[] = {
		EACCES,	    EAGAIN,	  EBADF,  EBUSY,     ECANCELED,
		ECONNRESET, EDQUOT,	  ELOOP,  EMSGSIZE,  EPERM,
		EPIPE,	    EPROTOTYPE,	  ESTALE, ETIMEDOUT, ENOENT,
		EADDRINUSE, ETOOMANYREFS,
	};
	struct race *race = self_racer->race;
	int i;

	if (!ret) {
		__atomic_add_fetch(&race->done[work], 1, __ATOMIC_RELAXED);
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(documented); i++)
		if (ret == -documented[i])
			return false;
	if (!__atomic_fetch_add(&race->surprises, 1, __ATOMIC_RELAXED)) {
		race->surprise = ret;
		race->surprise_work = work;
	}
	return false;
}

/* ------------------------------------------------------------------ tokens */

static __u64 slot_take(int i)
{
	return __atomic_exchange_n(&self_racer->slot[i], 0, __ATOMIC_SEQ_CST);
}

/* Any token of ours, which is then this thread's; 0 for none. */
static __u64 token_take(void)
{
	int i = chance(SLOTS), n;
	__u64 t = 0;

	for (n = 0; n < SLOTS && !t; n++)
		t = slot_take((i + n) % SLOTS);
	return t;
}

static __u32 token_handle(__u64 t)
{
	return (__u32)t;
}

static struct token *token_of(__u64 t)
{
	return &self_racer->race->token[t >> 32];
}

static void token_close(__u64 t)
{
	__atomic_store_n(&token_of(t)->lost, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&token_of(t)->held, 0, __ATOMIC_SEQ_CST);
	did(CLOSE, ipc_close(self_racer->fd, token_handle(t)));
}

static void token_put(__u64 t)
{
	int i = chance(SLOTS);
	__u64 old;

	old = __atomic_exchange_n(&self_racer->slot[i], t, __ATOMIC_SEQ_CST);
	if (old)
		token_close(old);
}

/*
 * Before it is sent, since who receives it may do so before we know. @risk: it may
 * be closed on its way.
 */
static void token_leaves(__u64 t, bool risk)
{
	__atomic_store_n(&token_of(t)->lost, risk, __ATOMIC_SEQ_CST);
	__atomic_store_n(&token_of(t)->held, 0, __ATOMIC_SEQ_CST);
}

static void token_stays(__u64 t)
{
	__atomic_store_n(&token_of(t)->lost, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&token_of(t)->held, 1, __ATOMIC_SEQ_CST);
	token_put(t);
}

static void token_arrives(__u32 number, __u32 handle)
{
	struct race *race = self_racer->race;

	if (number >= TOKENS) {
		__atomic_add_fetch(&race->two_places, 1, __ATOMIC_RELAXED);
		return;
	}
	if (__atomic_exchange_n(&race->token[number].held, 1, __ATOMIC_SEQ_CST))
		__atomic_add_fetch(&race->two_places, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&race->token[number].lost, 0, __ATOMIC_SEQ_CST);
	did(RECEIVE_TOKEN, 0);
	token_put((__u64)number << 32 | handle);
}

/* A number has come; each comes once, and no thread sees them go back. */
static void token_number(const struct token_message *m)
{
	struct race *race = self_racer->race;
	struct token *token;

	did(RECEIVE_NUMBER, 0);
	if (m->token >= TOKENS || m->number >= NUMBERS) {
		__atomic_add_fetch(&race->disorder, 1, __ATOMIC_RELAXED);
		return;
	}
	token = &race->token[m->token];
	if (__atomic_exchange_n(&token->seen[m->number], 1, __ATOMIC_SEQ_CST))
		__atomic_add_fetch(&race->twice, 1, __ATOMIC_RELAXED);
	if (last_number[m->token] > (int)m->number)
		__atomic_add_fetch(&race->disorder, 1, __ATOMIC_RELAXED);
	last_number[m->token] = m->number + 1;
}

/* The other end of one of our tokens is closed: so is it, if it is still here. */
static void token_ended(__u32 handle)
{
	__u64 t;
	int i;

	for (i = 0; i < SLOTS; i++) {
		t = __atomic_load_n(&self_racer->slot[i], __ATOMIC_SEQ_CST);
		if (t && token_handle(t) == handle &&
		    __atomic_compare_exchange_n(&self_racer->slot[i], &t, 0,
						false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST)) {
			token_close(t);
			return;
		}
	}
}

/* ------------------------------------------------------------ other things */

static __u32 thing_any(void)
{
	return __atomic_load_n(&self_racer->thing[chance(THINGS)],
			       __ATOMIC_RELAXED);
}

/* For everybody in the process to use, until another one takes its place. */
static void thing_put(__u32 handle)
{
	__u32 old = __atomic_exchange_n(&self_racer->thing[chance(THINGS)],
					handle, __ATOMIC_RELAXED);

	if (old)
		did(CLOSE, ipc_close(self_racer->fd, old));
}

static __u32 link_any(void)
{
	int i = chance(PROCESSES - 1);

	return self_racer->link[i + (i >= self_racer->number)];
}

static int race_send(__u32 handle, const struct token_message *m,
		     const struct capipc_attachment *att, int count)
{
	struct capipc_send s = {
		.flags = CAPIPC_NOWAIT,
		.data = ipc_ptr(m),
		.data_len = m ? sizeof(*m) : 0,
		.attachments = ipc_ptr(att),
		.attachments_count = count,
		.handle = handle,
		.ordinal = 1,
	};

	return ipc_do_send(self_racer->fd, &s);
}

#endif /* CAPIPC_TEST_RACE_H */
