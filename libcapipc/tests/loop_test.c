// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The event loop, without a dispatcher.
 */
#include "fake.h"
#include "tap.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

static struct capipc_loop *loop;
static struct capipc_source *sources[2];
static int called;

static int on_readable(int fd, uint32_t events, void *data)
{
	char byte;

	called++;
	if (!(events & EPOLLIN) || read(fd, &byte, 1) != 1)
		return -EIO;
	return data ? *(int *)data : 0;
}

/* Removes both of two sources that are ready together. */
static int on_readable_remove(int fd, uint32_t events, void *data)
{
	(void)fd;
	(void)events;
	(void)data;
	called++;
	capipc_loop_remove(loop, sources[0]);
	capipc_loop_remove(loop, sources[1]);
	return 0;
}

static int on_timer(void *data)
{
	called++;
	if (data)
		capipc_loop_stop(loop);
	return 0;
}

static int on_timer_nested(void *data)
{
	*(int *)data = capipc_loop_run(loop);
	return 0;
}

static void on_alarm(int signal_number)
{
	(void)signal_number;
	capipc_loop_stop(loop);
}

static void *stop_soon(void *data)
{
	(void)data;
	usleep(20000);
	capipc_loop_stop(loop);
	return NULL;
}

static void test_fds(void)
{
	struct capipc_source *source;
	int first[2], second[2], result = -42;

	if (pipe(first) < 0 || pipe(second) < 0)
		abort();
	is(capipc_loop_step(loop, 0), 0, "nothing to do");
	is(capipc_loop_add_fd(loop, first[0], EPOLLIN, on_readable, NULL,
			      &source),
	   0, "watch a pipe");
	is(capipc_loop_step(loop, 0), 0, "nothing in it");
	is(write(first[1], "x", 1), 1, "write to it");
	ok(capipc_loop_step(loop, CAPIPC_FOREVER) == 1 && called == 1,
	   "it is ready");
	is(capipc_loop_add_fd(loop, first[0], EPOLLIN, on_readable, NULL, NULL),
	   -EEXIST, "not twice");
	is(capipc_loop_add_fd(loop, -1, EPOLLIN, on_readable, NULL, NULL),
	   -EBADF, "not what is closed");
	capipc_loop_remove(loop, source);
	is(write(first[1], "x", 1), 1, "write again");
	is(capipc_loop_step(loop, 0), 0, "nobody watches any more");

	capipc_loop_add_fd(loop, first[0], EPOLLIN, on_readable, &result,
			   &source);
	is(capipc_loop_run(loop), -42, "an error of a function ends the loop");
	capipc_loop_remove(loop, source);

	called = 0;
	capipc_loop_add_fd(loop, first[0], EPOLLIN, on_readable_remove, NULL,
			   &sources[0]);
	capipc_loop_add_fd(loop, second[0], EPOLLIN, on_readable_remove, NULL,
			   &sources[1]);
	is(write(first[1], "x", 1) + write(second[1], "x", 1), 2,
	   "two are ready");
	capipc_loop_step(loop, 0);
	is(called, 1, "one that is removed by the other is not called");
	is(capipc_loop_step(loop, 0), 0, "both are gone");

	close(first[0]);
	close(first[1]);
	close(second[0]);
	close(second[1]);
}

static void test_timers(void)
{
	int64_t start = capipc_deadline_in_ms(0);
	struct capipc_source *source;
	int nested = 0;

	called = 0;
	is(capipc_loop_add_timer(loop, start + 30000000, 0, on_timer, loop,
				 NULL),
	   0, "a timer once");
	is(capipc_loop_add_timer(loop, 0, 5000000, on_timer, NULL, &source), 0,
	   "a timer again and again");
	is(capipc_loop_run(loop), 0, "run until the first stops it");
	ok(capipc_deadline_in_ms(0) >= start + 30000000, "not too early");
	ok(called >= 3, "the other came several times");
	capipc_loop_remove(loop, source);
	is(capipc_loop_step(loop, capipc_deadline_in_ms(10)), 0,
	   "no timer is left");
	is(capipc_loop_add_timer(loop, -1, 0, on_timer, NULL, NULL), -EINVAL,
	   "no time before time");
	is(capipc_loop_add_timer(loop, 0, -1, on_timer, NULL, NULL), -EINVAL,
	   "no period before time");

	capipc_loop_add_timer(loop, 0, 0, on_timer_nested, &nested, NULL);
	is(capipc_loop_step(loop, CAPIPC_FOREVER), 1, "a function");
	is(nested, -EDEADLK, "may not run the loop");
	is(capipc_deadline_in_ms(UINT64_MAX), CAPIPC_FOREVER,
	   "a deadline saturates");
}

static void test_stopping(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	pthread_t thread;

	capipc_loop_stop(loop);
	capipc_loop_stop(loop);
	is(capipc_loop_run(loop), 0, "stopped before it ran");
	is(capipc_loop_step(loop, 0), 0, "once");

	pthread_create(&thread, NULL, stop_soon, NULL);
	is(capipc_loop_run(loop), 0, "stopped by another thread");
	pthread_join(thread, NULL);

	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	is(capipc_loop_run(loop), 0, "stopped by a signal");
}

int main(void)
{
	errno = 77;
	is(capipc_loop_new(&loop), 0, "a new loop");
	is(errno, 77, "errno is left alone");
	test_fds();
	test_timers();
	test_stopping();
	capipc_loop_free(loop);
	capipc_loop_free(NULL);
	return tap_done();
}
