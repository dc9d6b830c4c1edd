// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loop: a small event loop on epoll. Each source is one file descriptor in it;
 * a timer is a timerfd.
 */
#include "internal.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S  1000000000
#define NS_PER_MS 1000000

/* How many sources have their turn in one step */
#define EVENTS_MAX 32

enum source_kind {
	SOURCE_FD,
	SOURCE_TIMER,
	SOURCE_DISPATCHER,
	SOURCE_REMOVED,
};

/**
 * struct capipc_source - what a loop watches
 * @kind: what it is
 * @fd: what is watched; a timer owns it
 * @once: a timer without a period
 * @ready: for %SOURCE_FD
 * @expired: for %SOURCE_TIMER
 * @data: for both
 * @dispatcher: for %SOURCE_DISPATCHER
 * @next: in the list of the sources, or of those that are removed
 */
struct capipc_source {
	enum source_kind kind;
	int fd;
	bool once;
	union {
		int (*ready)(int fd, uint32_t events, void *data);
		int (*expired)(void *data);
		struct capipc_dispatcher *dispatcher;
	};
	void *data;
	struct capipc_source *next;
};

/**
 * struct capipc_loop - an event loop
 * @epoll_fd: watches all sources, and @stop_fd with a NULL pointer
 * @stop_fd: eventfd that stopping writes to
 * @sources: the sources
 * @removed: sources that were removed during a step; events that were fetched
 *           before may still point to them, so they are freed after it
 * @busy: a step is being made
 */
struct capipc_loop {
	int epoll_fd;
	int stop_fd;
	struct capipc_source *sources;
	struct capipc_source *removed;
	bool busy;
};

int capipc_loop_new(struct capipc_loop **out)
{
	KEEP_ERRNO();
	struct epoll_event event = { .events = EPOLLIN };
	struct capipc_loop *loop;
	int ret;

	loop = calloc(1, sizeof(*loop));
	if (!loop)
		return -ENOMEM;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		ret = -errno;
		goto err_free;
	}
	loop->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->stop_fd < 0) {
		ret = -errno;
		goto err_epoll;
	}
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->stop_fd, &event) <
	    0) {
		ret = -errno;
		goto err_stop;
	}
	*out = loop;
	return 0;

err_stop:
	close(loop->stop_fd);
err_epoll:
	close(loop->epoll_fd);
err_free:
	free(loop);
	return ret;
}

static void loop_reap(struct capipc_loop *loop)
{
	struct capipc_source *source;

	while ((source = loop->removed)) {
		loop->removed = source->next;
		free(source);
	}
}

void capipc_loop_free(struct capipc_loop *loop)
{
	KEEP_ERRNO();

	if (!loop)
		return;
	while (loop->sources)
		capipc_loop_remove(loop, loop->sources);
	loop_reap(loop);
	close(loop->stop_fd);
	close(loop->epoll_fd);
	free(loop);
}

static int loop_add(struct capipc_loop *loop, const struct capipc_source *added,
		    uint32_t events, struct capipc_source **out)
{
	KEEP_ERRNO();
	struct epoll_event event = { .events = events };
	struct capipc_source *source;
	int ret;

	source = malloc(sizeof(*source));
	if (!source)
		return -ENOMEM;
	*source = *added;
	event.data.ptr = source;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0) {
		ret = -errno;
		free(source);
		return ret;
	}
	source->next = loop->sources;
	loop->sources = source;
	if (out)
		*out = source;
	return 0;
}

int capipc_loop_add_fd(struct capipc_loop *loop, int fd, uint32_t events,
		       int (*ready)(int fd, uint32_t events, void *data),
		       void *data, struct capipc_source **source)
{
	const struct capipc_source added = {
		.kind = SOURCE_FD,
		.fd = fd,
		.ready = ready,
		.data = data,
	};

	return loop_add(loop, &added, events, source);
}

static struct timespec timespec_of(int64_t ns)
{
	return (struct timespec){
		.tv_sec = ns / NS_PER_S,
		.tv_nsec = ns % NS_PER_S,
	};
}

int capipc_loop_add_timer(struct capipc_loop *loop, int64_t deadline_ns,
			  int64_t period_ns, int (*expired)(void *data),
			  void *data, struct capipc_source **source)
{
	KEEP_ERRNO();
	struct capipc_source added = {
		.kind = SOURCE_TIMER,
		.once = !period_ns,
		.expired = expired,
		.data = data,
	};
	/* A timer of zero would be disarmed. */
	const struct itimerspec when = {
		.it_value = timespec_of(deadline_ns ? deadline_ns : 1),
		.it_interval = timespec_of(period_ns),
	};
	int ret;

	if (deadline_ns < 0 || period_ns < 0)
		return -EINVAL;
	added.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (added.fd < 0)
		return -errno;
	ret = timerfd_settime(added.fd, TFD_TIMER_ABSTIME, &when, NULL) < 0 ?
		      -errno :
		      loop_add(loop, &added, EPOLLIN, source);
	if (ret < 0)
		close(added.fd);
	return ret;
}

int capipc_loop_add_dispatcher(struct capipc_loop *loop,
			       struct capipc_dispatcher *dispatcher,
			       struct capipc_source **source)
{
	const struct capipc_source added = {
		.kind = SOURCE_DISPATCHER,
		.fd = capipc_dispatcher_fd(dispatcher),
		.dispatcher = dispatcher,
	};

	return loop_add(loop, &added, EPOLLIN, source);
}

void capipc_loop_remove(struct capipc_loop *loop, struct capipc_source *source)
{
	KEEP_ERRNO();
	struct capipc_source **link = &loop->sources;

	while (*link != source)
		link = &(*link)->next;
	*link = source->next;

	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	if (source->kind == SOURCE_TIMER)
		close(source->fd);
	source->kind = SOURCE_REMOVED;
	source->next = loop->removed;
	loop->removed = source;
	if (!loop->busy)
		loop_reap(loop);
}

int capipc_loop_fd(const struct capipc_loop *loop)
{
	return loop->epoll_fd;
}

static int timer_expired(struct capipc_loop *loop, struct capipc_source *source)
{
	int (*expired)(void *data) = source->expired;
	void *data = source->data;
	uint64_t times;

	if (read(source->fd, &times, sizeof(times)) != sizeof(times))
		return 0;
	if (source->once)
		capipc_loop_remove(loop, source);
	return expired(data);
}

static int dispatcher_ready(struct capipc_loop *loop,
			    struct capipc_dispatcher *dispatcher)
{
	int ret = capipc_dispatcher_dispatch(dispatcher, 0);

	if (ret == -ECANCELED) {
		capipc_loop_stop(loop);
		return 0;
	}
	/* The fd stays readable: without a pause the loop would only spin. */
	if (capipc_error_is_no_room(ret)) {
		capipc_dispatcher_pause();
		return 0;
	}
	return ret;
}

static int source_ready(struct capipc_loop *loop, struct capipc_source *source,
			uint32_t events)
{
	switch (source->kind) {
	case SOURCE_FD:
		return source->ready(source->fd, events, source->data);
	case SOURCE_TIMER:
		return timer_expired(loop, source);
	case SOURCE_DISPATCHER:
		return dispatcher_ready(loop, source->dispatcher);
	case SOURCE_REMOVED:
	default:
		return 0;
	}
}

static int timeout_ms(int64_t deadline_ns)
{
	int64_t left;

	if (deadline_ns == CAPIPC_FOREVER)
		return -1;
	left = deadline_ns - capipc_deadline_in_ms(0);
	if (left <= 0)
		return 0;
	/* Rounded up: a step that returns too early would be made again. */
	left = (left - 1) / NS_PER_MS + 1;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int capipc_loop_step(struct capipc_loop *loop, int64_t deadline_ns)
{
	KEEP_ERRNO();
	struct epoll_event events[EVENTS_MAX];
	int i, count, called = 0, result = 0, ret;
	uint64_t stops;

	if (loop->busy)
		return -EDEADLK;
	count = epoll_wait(loop->epoll_fd, events, EVENTS_MAX,
			   timeout_ms(deadline_ns));
	if (count < 0)
		return errno == EINTR ? 0 : -errno;

	loop->busy = true;
	for (i = 0; i < count; i++) {
		if (!events[i].data.ptr)
			continue;
		ret = source_ready(loop, events[i].data.ptr, events[i].events);
		if (ret < 0 && !result)
			result = ret;
		called++;
	}
	loop->busy = false;
	loop_reap(loop);

	if (result < 0)
		return result;
	/* Looked at last, so that a function that stops has an effect now. */
	if (read(loop->stop_fd, &stops, sizeof(stops)) == sizeof(stops))
		return -ECANCELED;
	return called;
}

int capipc_loop_run(struct capipc_loop *loop)
{
	int ret;

	do {
		ret = capipc_loop_step(loop, CAPIPC_FOREVER);
	} while (ret >= 0);
	return ret == -ECANCELED ? 0 : ret;
}

void capipc_loop_stop(struct capipc_loop *loop)
{
	KEEP_ERRNO();
	const uint64_t one = 1;

	/* It fails only when stops are counted to the limit: it is ready then. */
	if (write(loop->stop_fd, &one, sizeof(one)) < 0)
		return;
}
