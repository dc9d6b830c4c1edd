/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests that are lent, and stay so for as long as a test likes: who waits for one cannot
 * run, for its processor is held by a real-time thread. So a request has been given to it, and
 * it has not copied a byte.
 *
 * The test itself runs on processor 0, who waits to receive on processor 1.
 */
#ifndef CAPIPC_TEST_LOAN_H
#define CAPIPC_TEST_LOAN_H

#include "source.h"

/* No test holds a processor for so long: then it is let go, and the test fails. */
#define HOLD_MOST_MS 10000

#define RT_RUNTIME "/proc/sys/kernel/sched_rt_runtime_us"

/*
 * Whether others may run when real-time threads have had a processor for nearly a second. On a
 * machine that does something else meanwhile a test may take as long.
 */
static __unused_fn int let_others_run(bool on)
{
	int fd = open(RT_RUNTIME, O_WRONLY | O_CLOEXEC);
	const char *value = on ? "950000" : "-1";
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, value, strlen(value));
	close(fd);
	return n < 0 ? -errno : 0;
}

static __unused_fn int use_processor(unsigned int n)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(n, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* The calling thread: SCHED_FIFO with that priority, or not any more. */
static __unused_fn int real_time(int priority)
{
	struct sched_param param = { 0 };

	param.sched_priority = priority;
	return sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER,
				  &param) ?
		       -errno :
		       0;
}

/* A thread that keeps processor 1 busy. */
struct hold {
	pthread_t thread;
	int policy; /* SCHED_FIFO: nobody else runs; SCHED_IDLE: whoever wants to */
	bool here, over;
	int ret;
};

static void *hold_fn(void *arg)
{
	struct sched_param param = { 0 };
	struct hold *hold = arg;
	int64_t end = ipc_in(HOLD_MOST_MS);

	param.sched_priority = hold->policy == SCHED_FIFO ? 50 : 0;
	hold->ret = use_processor(1);
	if (!hold->ret && sched_setscheduler(0, hold->policy, &param))
		hold->ret = -errno;
	__atomic_store_n(&hold->here, true, __ATOMIC_SEQ_CST);
	while (!hold->ret && !__atomic_load_n(&hold->over, __ATOMIC_SEQ_CST))
		if (ipc_now() > end)
			hold->ret = -ETIME;
	return NULL;
}

static __unused_fn int hold_begin(struct hold *hold, int policy)
{
	int ret;

	memset(hold, 0, sizeof(*hold));
	hold->policy = policy;
	ret = -pthread_create(&hold->thread, NULL, hold_fn, hold);
	while (!ret && !__atomic_load_n(&hold->here, __ATOMIC_SEQ_CST))
		usleep(100);
	return ret;
}

/* -ETIME: others have run before. */
static __unused_fn int hold_end(struct hold *hold)
{
	__atomic_store_n(&hold->over, true, __ATOMIC_SEQ_CST);
	pthread_join(hold->thread, NULL);
	return hold->ret;
}

static void *loan_receive_fn(void *arg)
{
	struct area_receive *w = arg;

	w->async.ret = use_processor(1);
	if (w->async.ret) {
		async_begin(&w->async);
		async_end(&w->async);
		return NULL;
	}
	return area_receive_fn(arg);
}

/* A thread that waits on processor 1, asleep when this returns. @w->r is filled in. */
static __unused_fn int loan_receive_go(struct area_receive *w, int fd)
{
	int ret;

	memset(&w->async, 0, sizeof(w->async));
	w->async.fd = fd;
	w->r.size = sizeof(w->r);
	ret = -pthread_create(&w->async.thread, NULL, loan_receive_fn, w);
	return ret ? ret : async_wait_asleep(&w->async);
}

static __unused_fn int loan_receive(struct area_receive *w,
				    const struct area *a, uint64_t offset,
				    uint32_t capacity)
{
	memset(w, 0, sizeof(*w));
	w->r = area_request(a, offset, capacity);
	return loan_receive_go(w, a->fd);
}

/* Whether it waits on: it has had time to run, and sleeps. */
static __unused_fn bool waits_on(struct area_receive *w)
{
	usleep(2000);
	return !async_wait_asleep(&w->async) && !async_ended(&w->async);
}

#endif /* CAPIPC_TEST_LOAN_H */
