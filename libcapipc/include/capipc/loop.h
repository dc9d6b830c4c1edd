/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loop: a small event loop, for programs that have none.
 */
#ifndef CAPIPC_LOOP_H
#define CAPIPC_LOOP_H

#include <capipc/base.h>

CAPIPC_BEGIN_DECLS

/**
 * capipc_loop_new() - make an event loop
 * @out: receives the loop; free it with capipc_loop_free()
 *
 * Return: 0; -ENOMEM; errors of epoll_create1(2) and eventfd(2).
 */
int capipc_loop_new(struct capipc_loop **out);

/**
 * capipc_loop_free() - free a loop
 * @loop: the loop or NULL; not from one of its functions
 *
 * Frees its sources. File descriptors and dispatchers that were added stay.
 */
void capipc_loop_free(struct capipc_loop *loop);

/**
 * capipc_loop_add_fd() - watch a file descriptor
 * @loop: the loop
 * @fd: the file descriptor, which stays the caller's and must be open until the
 *      source is removed
 * @events: EPOLLIN and the like, of epoll_ctl(2); level triggered unless
 *          EPOLLET
 * @ready: called with what is ready
 * @data: for @ready
 * @source: receives the source, for capipc_loop_remove(); may be NULL
 *
 * A negative number from @ready ends capipc_loop_run(), which returns it.
 *
 * Return: 0; -ENOMEM; errors of epoll_ctl(2).
 */
int capipc_loop_add_fd(struct capipc_loop *loop, int fd, uint32_t events,
		       int (*ready)(int fd, uint32_t events, void *data),
		       void *data, struct capipc_source **source);

/**
 * capipc_loop_add_timer() - call a function at a time
 * @loop: the loop
 * @deadline_ns: when, in ns of CLOCK_MONOTONIC; in the past means at once
 * @period_ns: then again every so many ns; 0: once, and the timer is removed
 *             just before it calls @expired
 * @expired: called; a negative number ends capipc_loop_run()
 * @data: for @expired
 * @source: receives the source, for capipc_loop_remove(); may be NULL
 *
 * Return: 0; -EINVAL: a time is negative; -ENOMEM; errors of timerfd_create(2).
 */
int capipc_loop_add_timer(struct capipc_loop *loop, int64_t deadline_ns,
			  int64_t period_ns, int (*expired)(void *data),
			  void *data, struct capipc_source **source);

/**
 * capipc_loop_add_dispatcher() - drive a dispatcher
 * @loop: the loop
 * @dispatcher: the dispatcher, which must not be freed before the source is
 *              removed. capipc_dispatcher_stop() ends capipc_loop_run().
 * @source: receives the source, for capipc_loop_remove(); may be NULL
 *
 * Return: as capipc_loop_add_fd().
 */
int capipc_loop_add_dispatcher(struct capipc_loop *loop,
			       struct capipc_dispatcher *dispatcher,
			       struct capipc_source **source);

/**
 * capipc_loop_remove() - remove a source
 * @loop: the loop
 * @source: the source; its function is not called any more. From within a
 *          function of the loop too, also its own.
 */
void capipc_loop_remove(struct capipc_loop *loop, struct capipc_source *source);

/**
 * capipc_loop_fd() - a file descriptor that polls readable when there is work
 * @loop: the loop, which can so be nested in another
 *
 * Return: the file descriptor, which belongs to @loop.
 */
int capipc_loop_fd(const struct capipc_loop *loop);

/**
 * capipc_loop_step() - wait once, and handle what is ready then
 * @loop: the loop
 * @deadline_ns: until when to wait: 0 not at all, or %CAPIPC_FOREVER
 *
 * Return: how many functions were called, 0 if the deadline passed or a signal
 * came; the first negative number that one of them returned, after all had
 * their turn; -ECANCELED: capipc_loop_stop() was called; -EDEADLK: called from a
 * function of the loop.
 */
int capipc_loop_step(struct capipc_loop *loop, int64_t deadline_ns);

/**
 * capipc_loop_run() - handle what comes, until stopped
 * @loop: the loop
 *
 * Return: 0: stopped; a negative number that a function returned; -EDEADLK:
 * called from a function of the loop.
 */
int capipc_loop_run(struct capipc_loop *loop);

/**
 * capipc_loop_stop() - let capipc_loop_run() return
 * @loop: the loop
 *
 * If it is not running, the next run returns at once. From any thread, from
 * functions of the loop, and async-signal-safe.
 */
void capipc_loop_stop(struct capipc_loop *loop);

CAPIPC_END_DECLS

#endif /* CAPIPC_LOOP_H */
