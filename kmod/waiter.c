// SPDX-License-Identifier: GPL-2.0
/*
 * Waiters: see waiter.h.
 */
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>

#include "limits.h"
#include "waiter.h"

/* Giving way is not tried more often than once in 2 to the power of so many times. */
#define CAPIPC_MISSES_MAX	6
/* The same for who is not let go, which may change soon. */
#define CAPIPC_MISSES_HELD	4
/* Attempts to give way, at most: at a time, and kept for later. */
#define CAPIPC_ATTEMPTS		16
#define CAPIPC_CREDIT_MAX	64

/**
 * capipc_waiter_call - what a thread waits for has been done
 * @waiter: the thread; not called yet. It is gone when this returns.
 *
 * Under the lock that protects the pointer to it.
 */
void capipc_waiter_call(struct capipc_waiter *waiter)
{
	struct task_struct *task = waiter->task;

	/*
	 * The thread may go on, and end, as soon as it is called. Its task stays until a
	 * grace period is over, and whoever holds a spinlock is in a read section.
	 *
	 * What was done before it is seen by who sees that it is called: this pairs with
	 * the acquire in capipc_waiter_called().
	 */
	smp_store_release(&waiter->called, true);
	/*
	 * As in set_current_state(): either we see that the thread is about to sleep, or it
	 * sees that it was called.
	 */
	smp_mb();
	if (!task_is_running(task))
		wake_up_process(task);
}

/* Is it worth trying? */
static bool capipc_patience_left(struct capipc_patience *patience)
{
	u16 skip = READ_ONCE(patience->skip);

	if (skip) {
		WRITE_ONCE(patience->skip, skip - 1);
		return false;
	}
	/* Nobody to give way to; or nobody that would run, instead of who has priority. */
	return READ_ONCE(capipc_fast_path) && !single_task_running() &&
	       current->prio >= MAX_RT_PRIO;
}

/* How often others have run instead. */
static unsigned long capipc_switches(void)
{
	return current->nvcsw + current->nivcsw;
}

/* Let others run: whoever the scheduler has chosen already, or, if it has not, anybody. */
static void capipc_yield(void)
{
	if (need_resched())
		schedule();
	else
		yield();
}

/* It was of no use: not the next time, and the time after that twice as long. */
static void capipc_patience_lose(struct capipc_patience *patience, unsigned int most)
{
	u8 misses = min_t(unsigned int, READ_ONCE(patience->misses) + 1, most);

	WRITE_ONCE(patience->misses, misses);
	WRITE_ONCE(patience->skip, BIT(misses) - 2);
}

/* It was of use, and has earned another attempt. */
static void capipc_patience_win(struct capipc_patience *patience)
{
	u8 credit = READ_ONCE(patience->credit);

	if (credit < CAPIPC_CREDIT_MAX)
		WRITE_ONCE(patience->credit, credit + 1);
	if (READ_ONCE(patience->misses))
		WRITE_ONCE(patience->misses, 0);
}

/*
 * Let others run on this processor. Who is waited for is among them if it was woken
 * here, or has given way to us itself: then neither of the two sleeps, nor has to be woken.
 * If that was of no use more than once it is left out, and then for twice as
 * many times, so that where the other one has much to do it costs next to nothing.
 *
 * Who has run less than the others is not let go; a few attempts make up for the little by
 * which two that work for each other differ, and for what disturbs them. An attempt costs less
 * than what giving way saves, and there are no more of them than times that it has.
 */
static void capipc_waiter_give_way(const struct capipc_waiter *waiter,
				   struct capipc_patience *patience)
{
	unsigned long switches = capipc_switches();
	unsigned int attempts = 0;
	u8 credit;

	for (;;) {
		capipc_yield();
		if (likely(READ_ONCE(waiter->called))) {
			capipc_patience_win(patience);
			return;
		}
		if (capipc_switches() != switches) {
			capipc_patience_lose(patience, CAPIPC_MISSES_MAX);
			return;
		}
		if (!READ_ONCE(patience->held))
			WRITE_ONCE(patience->held, true);
		credit = READ_ONCE(patience->credit);
		if (!credit) {
			capipc_patience_lose(patience, CAPIPC_MISSES_HELD);
			return;
		}
		WRITE_ONCE(patience->credit, credit - 1);
		if (++attempts == CAPIPC_ATTEMPTS)
			return;
	}
}

static noinline int capipc_waiter_sleep(struct capipc_waiter *waiter,
					const struct capipc_deadline *deadline)
{
	int ret = 0;

	while (!ret) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(waiter->called))
			break;
		ret = signal_pending(current) ? -ERESTARTSYS : capipc_sleep(deadline);
	}
	__set_current_state(TASK_RUNNING);
	return capipc_waiter_called(waiter) ? 0 : ret;
}

/**
 * capipc_waiter_wait - wait until it is called
 * @waiter: of the calling thread
 * @deadline: how long
 * @patience: how it went before
 *
 * Return: 0, or -ETIMEDOUT, -ERESTARTSYS: unless it is called before who called takes the
 * lock to see to it that it will not be any more.
 */
int capipc_waiter_wait(struct capipc_waiter *waiter, const struct capipc_deadline *deadline,
		       struct capipc_patience *patience)
{
	if (!READ_ONCE(waiter->called) && capipc_patience_left(patience))
		capipc_waiter_give_way(waiter, patience);
	return likely(capipc_waiter_called(waiter)) ? 0 : capipc_waiter_sleep(waiter, deadline);
}
