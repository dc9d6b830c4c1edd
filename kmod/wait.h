/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiting until a deadline.
 */
#ifndef CAPIPC_WAIT_H
#define CAPIPC_WAIT_H

#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "main.h"

/**
 * struct capipc_deadline - how long to wait
 * @expires: absolute, CLOCK_MONOTONIC
 * @forever: no deadline
 * @nowait: not at all
 */
struct capipc_deadline {
	ktime_t expires;
	bool forever;
	bool nowait;
};

static inline struct capipc_deadline capipc_deadline(s64 deadline_ns, u32 flags,
						     const struct file *file)
{
	return (struct capipc_deadline) {
		.expires = ns_to_ktime(max_t(s64, deadline_ns, 0)),
		.forever = deadline_ns == CAPIPC_FOREVER,
		.nowait = (flags & CAPIPC_NOWAIT) || (file->f_flags & O_NONBLOCK),
	};
}

/* Sleep until woken: 0, or until the deadline: -ETIMEDOUT. */
static inline int capipc_sleep(const struct capipc_deadline *deadline)
{
	ktime_t expires = deadline->expires;

	if (deadline->forever) {
		schedule();
		return 0;
	}
	return schedule_hrtimeout_range(&expires, current->timer_slack_ns, HRTIMER_MODE_ABS) ?
		0 : -ETIMEDOUT;
}

/**
 * capipc_wait_event - sleep until a condition is true
 * @wq: where to wait
 * @condition: what for
 * @deadline: struct capipc_deadline *
 * @exclusive: 1 to be one of those of whom a wake-up wakes a single one
 *
 * Return: 0, -ETIMEDOUT, -ERESTARTSYS. After -ETIMEDOUT the condition may be true
 * all the same: look once more, or a wake-up that was for one only is lost.
 */
#define capipc_wait_event(wq, condition, deadline, exclusive)				\
	___wait_event(wq, condition, TASK_INTERRUPTIBLE, exclusive, 0,			\
		__ret = capipc_sleep(deadline);						\
		if (__ret)								\
			break)

#endif /* CAPIPC_WAIT_H */
