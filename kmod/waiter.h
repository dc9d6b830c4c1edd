/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiters: threads each of which waits for one thing that another thread does for it.
 *
 * A waiter is on the stack of its thread, and known to others by a pointer, which some
 * lock protects: a caller by that of its call, a receiver by that of its ready queue. Who has
 * that lock calls the waiter, once, and takes it off where it is known. From then on
 * it belongs to its thread alone, which sees that it was called without a lock, and
 * goes on. A thread that goes on for another reason, a signal or its deadline, takes the
 * lock to find out whether it was called in the meantime.
 *
 * Who waits and who is waited for may share a processor. Then it is cheaper to let the
 * other one run than to go to sleep and to be woken: see capipc_waiter_wait().
 */
#ifndef CAPIPC_WAITER_H
#define CAPIPC_WAITER_H

#include "main.h"
#include "wait.h"

struct task_struct;

/**
 * struct capipc_waiter - a thread that waits
 * @task: the thread; invariant
 * @called: what it waits for has been done
 */
struct capipc_waiter {
	struct task_struct *task;
	bool called;
};

/**
 * struct capipc_patience - whether giving way has been of use
 * @misses: times in a row that it was not
 * @credit: attempts that may fail, for as many have not
 * @skip: times that it is not tried now
 * @held: the scheduler does not let go, for others have had more
 *
 * Threads may share one: it is no more than a guess, and read and written as such.
 */
struct capipc_patience {
	u8 misses;
	u8 credit;
	u16 skip;
	bool held;
};

/* Attempts that may fail before one has succeeded. */
#define CAPIPC_CREDIT	16

static inline void capipc_patience_init(struct capipc_patience *patience)
{
	patience->credit = CAPIPC_CREDIT;
}

static inline void capipc_waiter_init(struct capipc_waiter *waiter)
{
	waiter->task = current;
	waiter->called = false;
}

/* With the lock, or by the thread itself: was it called? */
static inline bool capipc_waiter_called(const struct capipc_waiter *waiter)
{
	/* Pairs with capipc_waiter_call(): what was done before it is seen. */
	return smp_load_acquire(&waiter->called);
}

void capipc_waiter_call(struct capipc_waiter *waiter);
int capipc_waiter_wait(struct capipc_waiter *waiter, const struct capipc_deadline *deadline,
		       struct capipc_patience *patience);

#endif /* CAPIPC_WAITER_H */
