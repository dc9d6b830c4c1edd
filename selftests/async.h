/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests that wait, made by a second thread of the test. The thread uses no
 * assertions: join it and look at what it got.
 */
#ifndef CAPIPC_TEST_ASYNC_H
#define CAPIPC_TEST_ASYNC_H

#include "capipc_test.h"

struct async {
	pthread_t thread;
	pid_t tid;
	int fd;
	int ret;
	int64_t ended_ns; /* 0: not yet */
};

static inline void async_begin(struct async *async)
{
	__atomic_store_n(&async->tid, gettid(), __ATOMIC_SEQ_CST);
}

static inline void async_end(struct async *async)
{
	__atomic_store_n(&async->ended_ns, ipc_now(), __ATOMIC_SEQ_CST);
}

static __unused_fn bool async_ended(struct async *async)
{
	return __atomic_load_n(&async->ended_ns, __ATOMIC_SEQ_CST) != 0;
}

static __unused_fn pid_t async_tid(struct async *async)
{
	pid_t tid;

	while (!(tid = __atomic_load_n(&async->tid, __ATOMIC_SEQ_CST)))
		usleep(100);
	return tid;
}

/* Until the thread sleeps in its request. */
static __unused_fn int async_wait_asleep(struct async *async)
{
	return wait_asleep(async_tid(async));
}

static __unused_fn int async_signal(struct async *async, int sig)
{
	return syscall(SYS_tgkill, getpid(), async_tid(async), sig) ? -errno :
								      0;
}

/* What the request returned. */
static __unused_fn int async_join(struct async *async)
{
	pthread_join(async->thread, NULL);
	return async->ret;
}

static volatile int signals_seen;

static __unused_fn void on_signal(int sig)
{
	signals_seen++;
}

/* Catch @sig, with SA_RESTART in @flags or not. */
static __unused_fn int catch_signal(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	return sigaction(sig, &sa, NULL) ? -errno : 0;
}

/* ------------------------------------------------------------------- calls */

struct async_call {
	struct async async;
	struct capipc_call a;
	char data[64];
	char reply[4096];
	struct capipc_attachment reply_att[8];
};

static void *async_call_fn(void *arg)
{
	struct async_call *c = arg;

	async_begin(&c->async);
	c->async.ret = ipc_do_call(c->async.fd, &c->a);
	if (!c->async.ret && c->a.reply_len < sizeof(c->reply))
		c->reply[c->a.reply_len] = 0;
	async_end(&c->async);
	return NULL;
}

/* Fill in a call with text; change @c->a before async_call_go() if need be. */
static __unused_fn void async_call_init(struct async_call *c, int fd,
					uint32_t handle, const char *text)
{
	memset(c, 0, sizeof(*c));
	memset(c->reply, IPC_POISON, sizeof(c->reply));
	memset(c->reply_att, IPC_POISON, sizeof(c->reply_att));
	snprintf(c->data, sizeof(c->data), "%s", text);
	c->async.fd = fd;
	c->a.deadline_ns = ipc_soon();
	c->a.data = ipc_ptr(c->data);
	c->a.data_len = strlen(c->data);
	c->a.reply_data = ipc_ptr(c->reply);
	c->a.reply_capacity = sizeof(c->reply) - 1;
	c->a.reply_attachments = ipc_ptr(c->reply_att);
	c->a.reply_attachments_capacity = ARRAY_SIZE(c->reply_att);
	c->a.handle = handle;
}

/* Also to go on with a call that was interrupted. */
static __unused_fn int async_call_go(struct async_call *c)
{
	c->async.tid = 0;
	c->async.ended_ns = 0;
	return -pthread_create(&c->async.thread, NULL, async_call_fn, c);
}

static __unused_fn int async_call(struct async_call *c, int fd, uint32_t handle,
				  const char *text)
{
	async_call_init(c, fd, handle, text);
	return async_call_go(c);
}

static __unused_fn int async_call_join(struct async_call *c)
{
	return async_join(&c->async);
}

/*
 * A call that a signal has interrupted: @c->a.pending is its handle. The
 * request is in the queue of the peer.
 */
static __unused_fn int async_call_pending(struct async_call *c, int fd,
					  uint32_t handle, const char *text)
{
	int ret = catch_signal(SIGUSR1, 0);

	if (!ret)
		ret = async_call(c, fd, handle, text);
	if (!ret)
		ret = async_wait_asleep(&c->async);
	if (!ret)
		ret = async_signal(&c->async, SIGUSR1);
	if (ret)
		return ret;
	ret = async_call_join(c);
	return ret == -EINTR ? 0 : ret ? ret : -EPROTO;
}

/* ---------------------------------------------------------------- receives */

struct async_receive {
	struct async async;
	uint32_t handle;
	uint32_t flags;
	int64_t deadline_ns;
	struct ipc_message m;
};

static void *async_receive_fn(void *arg)
{
	struct async_receive *r = arg;

	async_begin(&r->async);
	r->async.ret = ipc_recv_flags(r->async.fd, &r->m, r->handle, r->flags,
				      r->deadline_ns);
	async_end(&r->async);
	return NULL;
}

static __unused_fn int async_receive(struct async_receive *r, int fd,
				     uint32_t handle, int64_t deadline_ns)
{
	memset(r, 0, sizeof(*r));
	r->async.fd = fd;
	r->handle = handle;
	r->deadline_ns = deadline_ns;
	return -pthread_create(&r->async.thread, NULL, async_receive_fn, r);
}

static __unused_fn int async_receive_join(struct async_receive *r)
{
	return async_join(&r->async);
}

/* ------------------------------------------------------------------- sends */

struct async_send {
	struct async async;
	struct capipc_send a;
};

static void *async_send_fn(void *arg)
{
	struct async_send *s = arg;

	async_begin(&s->async);
	s->async.ret = ipc_do_send(s->async.fd, &s->a);
	async_end(&s->async);
	return NULL;
}

/* @s->a has been filled in. */
static __unused_fn int async_send(struct async_send *s, int fd)
{
	memset(&s->async, 0, sizeof(s->async));
	s->async.fd = fd;
	return -pthread_create(&s->async.thread, NULL, async_send_fn, s);
}

static __unused_fn int async_send_join(struct async_send *s)
{
	return async_join(&s->async);
}

#endif /* CAPIPC_TEST_ASYNC_H */
