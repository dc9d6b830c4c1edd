/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the capipc selftests share.
 *
 * ipc_*()      one wrapper per request; returns 0 or -errno. Those that take a
 *              struct fill in its size and poison what the kernel has to fill
 *              in with 0xcc, so that an output that was forgotten shows. Those
 *              that take plain arguments never wait for ever: what should come
 *              at once and does not, fails with ETIMEDOUT.
 * EXPECT_OK(), EXPECT_ERR()
 *              what such a wrapper returned, with the name of the error.
 * Other processes are in capipc_test_process.h.
 *
 * ASSERT_*() must not be used in a second thread, EXPECT_*() may.
 */
#ifndef CAPIPC_TEST_H
#define CAPIPC_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/capipc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"

#define IPC_DEVICE   "/dev/capipc"
#define IPC_POISON   0xcc
#define IPC_POISON32 0xccccccccU
#define IPC_POISON64 0xccccccccccccccccULL

/* Longer than any scheduling delay, shorter than the time-out of a test. */
#define IPC_SOON_MS 15000

#define IPC_RIGHTS_ENDPOINT                                               \
	(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER | \
	 CAPIPC_RIGHT_ADMIN)
#define IPC_RIGHTS_LISTENER (CAPIPC_RIGHT_READ | CAPIPC_RIGHT_TRANSFER)

#define __unused_fn __attribute__((__unused__))

/* ------------------------------------------------------------ expectations */

static inline const char *ipc_errname(int ret)
{
	const char *name;

	if (ret == 0)
		return "success";
	if (ret > 0)
		return "a positive number";
	name = strerrorname_np(-ret);
	return name ? name : "an unknown error";
}

#define __IPC_EXPECT_RET(_want, _expr, _assert)                           \
	do {                                                              \
		int __want = -(_want);                                    \
		int __got = (_expr);                                      \
		if (_assert)                                              \
			__INC_STEP(_metadata);                            \
		if (__want != __got) {                                    \
			__TH_LOG("%s: expected %s, got %s (%d)", #_expr,  \
				 ipc_errname(__want), ipc_errname(__got), \
				 __got);                                  \
			_metadata->passed = 0;                            \
			_metadata->trigger = 1;                           \
		}                                                         \
	} while (0);                                                      \
	OPTIONAL_HANDLER(_assert)

#define EXPECT_OK(_expr)	__IPC_EXPECT_RET(0, _expr, 0)
#define ASSERT_OK(_expr)	__IPC_EXPECT_RET(0, _expr, 1)
#define EXPECT_ERR(_err, _expr) __IPC_EXPECT_RET(_err, _expr, 0)
#define ASSERT_ERR(_err, _expr) __IPC_EXPECT_RET(_err, _expr, 1)

/* -------------------------------------------------------------------- time */

static inline int64_t ipc_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* The deadline that is so many milliseconds away. */
static inline int64_t ipc_in(int ms)
{
	return ipc_now() + ms * 1000000LL;
}

static inline int64_t ipc_soon(void)
{
	return ipc_in(IPC_SOON_MS);
}

/* ------------------------------------------------------- the requests, raw */

#define ipc_ptr(p)    ((uint64_t)(uintptr_t)(p))
#define ipc_poison(m) memset(&(m), IPC_POISON, sizeof(m))

static inline int ipc_ioctl(int fd, unsigned long request, const void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static __unused_fn int ipc_do_info(int fd, struct capipc_info *a)
{
	memset(a, IPC_POISON, sizeof(*a));
	a->size = sizeof(*a);
	a->flags = 0;
	return ipc_ioctl(fd, CAPIPC_IOC_INFO, a);
}

static __unused_fn int ipc_do_create(int fd, struct capipc_create *a)
{
	a->size = sizeof(*a);
	ipc_poison(a->handle);
	return ipc_ioctl(fd, CAPIPC_IOC_CREATE, a);
}

static __unused_fn int ipc_do_inspect(int fd, uint32_t handle,
				      struct capipc_inspect *a)
{
	memset(a, IPC_POISON, sizeof(*a));
	a->size = sizeof(*a);
	a->flags = 0;
	a->handle = handle;
	return ipc_ioctl(fd, CAPIPC_IOC_INSPECT, a);
}

static __unused_fn int ipc_do_send(int fd, struct capipc_send *a)
{
	a->size = sizeof(*a);
	return ipc_ioctl(fd, CAPIPC_IOC_SEND, a);
}

static __unused_fn int ipc_do_call(int fd, struct capipc_call *a)
{
	a->size = sizeof(*a);
	ipc_poison(a->state);
	ipc_poison(a->reply_len);
	ipc_poison(a->reply_attachments_count);
	ipc_poison(a->stamp);
	return ipc_ioctl(fd, CAPIPC_IOC_CALL, a);
}

static __unused_fn int ipc_do_reply(int fd, struct capipc_reply *a)
{
	a->size = sizeof(*a);
	return ipc_ioctl(fd, CAPIPC_IOC_REPLY, a);
}

static __unused_fn int ipc_do_receive(int fd, struct capipc_receive *a)
{
	a->size = sizeof(*a);
	memset(&a->type, IPC_POISON,
	       offsetof(struct capipc_receive, area) -
		       offsetof(struct capipc_receive, type));
	return ipc_ioctl(fd, CAPIPC_IOC_RECEIVE, a);
}

static __unused_fn int ipc_do_listen(int fd, struct capipc_listen *a)
{
	a->size = sizeof(*a);
	ipc_poison(a->handle);
	return ipc_ioctl(fd, CAPIPC_IOC_LISTEN, a);
}

static __unused_fn int ipc_do_connect(int fd, struct capipc_connect *a)
{
	a->size = sizeof(*a);
	ipc_poison(a->handle);
	return ipc_ioctl(fd, CAPIPC_IOC_CONNECT, a);
}

static __unused_fn int ipc_do_restrict(int fd, struct capipc_restrict *a)
{
	a->size = sizeof(*a);
	return ipc_ioctl(fd, CAPIPC_IOC_RESTRICT, a);
}

static __unused_fn int ipc_do_explain(int fd, struct capipc_explain *a)
{
	a->size = sizeof(*a);
	ipc_poison(a->rule);
	ipc_poison(a->allowed);
	ipc_poison(a->facet);
	return ipc_ioctl(fd, CAPIPC_IOC_EXPLAIN, a);
}

static __unused_fn int ipc_do_query(int fd, struct capipc_query *a)
{
	a->size = sizeof(*a);
	ipc_poison(a->state);
	ipc_poison(a->groups_count);
	ipc_poison(a->label_len);
	ipc_poison(a->exe_fd);
	ipc_poison(a->real_uid);
	ipc_poison(a->real_gid);
	memset(&a->exe_dev, IPC_POISON,
	       sizeof(*a) - offsetof(struct capipc_query, exe_dev));
	return ipc_ioctl(fd, CAPIPC_IOC_QUERY, a);
}

static __unused_fn int ipc_do_report(int fd, struct capipc_report *a)
{
	a->size = sizeof(*a);
	ipc_poison(a->verdict);
	return ipc_ioctl(fd, CAPIPC_IOC_REPORT, a);
}

/* ------------------------------------------------ the requests, for people */

/* A new context: a file descriptor or -errno. */
static __unused_fn int ipc_open_flags(int flags)
{
	int fd = open(IPC_DEVICE, O_RDWR | flags);

	return fd < 0 ? -errno : fd;
}

static __unused_fn int ipc_open(void)
{
	return ipc_open_flags(O_CLOEXEC);
}

static __unused_fn int ipc_create(int fd, uint32_t handle[2])
{
	struct capipc_create a = { 0 };
	int ret = ipc_do_create(fd, &a);

	memcpy(handle, a.handle, sizeof(a.handle));
	return ret;
}

static __unused_fn int ipc_create_cookies(int fd, uint32_t handle[2],
					  uint64_t cookie0, uint64_t cookie1)
{
	struct capipc_create a = { .cookie = { cookie0, cookie1 } };
	int ret = ipc_do_create(fd, &a);

	memcpy(handle, a.handle, sizeof(a.handle));
	return ret;
}

static __unused_fn int ipc_close(int fd, uint32_t handle)
{
	struct capipc_close a = { .size = sizeof(a), .handle = handle };

	return ipc_ioctl(fd, CAPIPC_IOC_CLOSE, &a);
}

/* Make one pipe of two; @a and @b are gone then. */
static __unused_fn int ipc_fuse(int fd, uint32_t a, uint32_t b)
{
	struct capipc_fuse f = { .size = sizeof(f), .handle = { a, b } };

	return ipc_ioctl(fd, CAPIPC_IOC_FUSE, &f);
}

static __unused_fn int ipc_tag(int fd, uint32_t handle, uint64_t cookie)
{
	struct capipc_tag a = { .size = sizeof(a),
				.handle = handle,
				.cookie = cookie };

	return ipc_ioctl(fd, CAPIPC_IOC_TAG, &a);
}

/* Whether @handle names something in the context: 0, -EBADF or another. */
static __unused_fn int ipc_alive(int fd, uint32_t handle)
{
	struct capipc_inspect a;

	return ipc_do_inspect(fd, handle, &a);
}

/* Messages that wait at @handle, or -errno. */
static __unused_fn int ipc_queued(int fd, uint32_t handle)
{
	struct capipc_inspect a;
	int ret = ipc_do_inspect(fd, handle, &a);

	return ret ? ret : (int)a.queued;
}

static inline struct capipc_attachment ipc_attach_rights(uint32_t handle,
							 uint32_t rights)
{
	return (struct capipc_attachment){ .handle = handle, .rights = rights };
}

static inline struct capipc_attachment ipc_attach(uint32_t handle)
{
	return ipc_attach_rights(handle, CAPIPC_RIGHTS_SAME);
}

/* Send bytes and attachments; waits for room, but not for ever. */
static __unused_fn int ipc_send_full(int fd, uint32_t handle, uint32_t ordinal,
				     const void *data, size_t len,
				     const struct capipc_attachment *att,
				     unsigned int count)
{
	struct capipc_send a = {
		.deadline_ns = ipc_soon(),
		.data = ipc_ptr(data),
		.attachments = ipc_ptr(att),
		.data_len = len,
		.attachments_count = count,
		.handle = handle,
		.ordinal = ordinal,
	};

	return ipc_do_send(fd, &a);
}

static __unused_fn int ipc_send(int fd, uint32_t handle, uint32_t ordinal,
				const void *data, size_t len)
{
	return ipc_send_full(fd, handle, ordinal, data, len, NULL, 0);
}

static __unused_fn int ipc_send_str(int fd, uint32_t handle, uint32_t ordinal,
				    const char *text)
{
	return ipc_send(fd, handle, ordinal, text, strlen(text));
}

/* Send one handle, with all its rights, and a text. */
static __unused_fn int ipc_send_handle(int fd, uint32_t handle,
				       const char *text, uint32_t moved)
{
	struct capipc_attachment att = ipc_attach(moved);

	return ipc_send_full(fd, handle, 0, text, strlen(text), &att, 1);
}

/* Like ipc_send(), but never waits. */
static __unused_fn int ipc_trysend(int fd, uint32_t handle, uint32_t ordinal,
				   const void *data, size_t len)
{
	struct capipc_send a = {
		.flags = CAPIPC_NOWAIT,
		.deadline_ns = CAPIPC_FOREVER,
		.data = ipc_ptr(data),
		.data_len = len,
		.handle = handle,
		.ordinal = ordinal,
	};

	return ipc_do_send(fd, &a);
}

/* The other end of @handle is collected: not at once, but soon. */
static __unused_fn int ipc_gone(int fd, uint32_t handle)
{
	int64_t end = ipc_soon();
	int ret;

	do {
		ret = ipc_trysend(fd, handle, 1, "x", 1);
		if (ret == -EPIPE)
			return 0;
		usleep(2000);
	} while ((!ret || ret == -EAGAIN) && ipc_now() < end);
	return ret ? ret : -ETIMEDOUT;
}

/* What was received, with room for it. The text is NUL terminated. */
struct ipc_message {
	struct capipc_receive r;
	char data[4096];
	struct capipc_attachment att[CAPIPC_ATTACHMENTS_MAX];
};

static __unused_fn int ipc_recv_flags(int fd, struct ipc_message *m,
				      uint32_t handle, uint32_t flags,
				      int64_t deadline_ns)
{
	int ret;

	memset(m, IPC_POISON, sizeof(*m));
	memset(&m->r, 0, sizeof(m->r));
	m->r.flags = flags;
	m->r.deadline_ns = deadline_ns;
	m->r.data = ipc_ptr(m->data);
	m->r.attachments = ipc_ptr(m->att);
	m->r.data_capacity = sizeof(m->data) - 1;
	m->r.attachments_capacity = CAPIPC_ATTACHMENTS_MAX;
	m->r.handle = handle;
	ret = ipc_do_receive(fd, &m->r);
	if (!ret && m->r.data_len < sizeof(m->data))
		m->data[m->r.data_len] = 0;
	return ret;
}

/* The next of the whole context; waits, but not for ever. */
static __unused_fn int ipc_recv(int fd, struct ipc_message *m)
{
	return ipc_recv_flags(fd, m, 0, 0, ipc_soon());
}

static __unused_fn int ipc_recv_from(int fd, uint32_t handle,
				     struct ipc_message *m)
{
	return ipc_recv_flags(fd, m, handle, 0, ipc_soon());
}

static __unused_fn int ipc_tryrecv(int fd, struct ipc_message *m)
{
	return ipc_recv_flags(fd, m, 0, CAPIPC_NOWAIT, CAPIPC_FOREVER);
}

static __unused_fn int ipc_tryrecv_from(int fd, uint32_t handle,
					struct ipc_message *m)
{
	return ipc_recv_flags(fd, m, handle, CAPIPC_NOWAIT, CAPIPC_FOREVER);
}

/* A call with text both ways and no attachments. @answer may be NULL. */
static __unused_fn int ipc_call_str(int fd, uint32_t handle, uint32_t ordinal,
				    const char *text, char *answer, size_t room)
{
	struct capipc_call a = {
		.deadline_ns = ipc_soon(),
		.data = ipc_ptr(text),
		.data_len = strlen(text),
		.reply_data = ipc_ptr(answer),
		.reply_capacity = answer ? room - 1 : 0,
		.handle = handle,
		.ordinal = ordinal,
	};
	int ret = ipc_do_call(fd, &a);

	if (!ret && answer && a.reply_len < room)
		answer[a.reply_len] = 0;
	return ret;
}

static __unused_fn int ipc_reply(int fd, uint32_t handle, const void *data,
				 size_t len)
{
	struct capipc_reply a = {
		.data = ipc_ptr(data),
		.data_len = len,
		.handle = handle,
	};

	return ipc_do_reply(fd, &a);
}

static __unused_fn int ipc_reply_str(int fd, uint32_t handle, const char *text)
{
	return ipc_reply(fd, handle, text, strlen(text));
}

/* Bind @name with rules; @count 0 lets nobody in. */
static __unused_fn int
ipc_listen_rules(int fd, const char *name, const struct capipc_rule *rules,
		 unsigned int count, const struct capipc_rule *endpoint_rules,
		 unsigned int endpoint_count, uint32_t *handle)
{
	struct capipc_listen a = {
		.name = ipc_ptr(name),
		.name_len = strlen(name),
		.rules = ipc_ptr(rules),
		.rules_count = count,
		.endpoint_rules = ipc_ptr(endpoint_rules),
		.endpoint_rules_count = endpoint_count,
		.rule_size = sizeof(struct capipc_rule),
		.backlog = 16,
	};
	int ret = ipc_do_listen(fd, &a);

	*handle = a.handle;
	return ret;
}

/* Bind @name for everybody. */
static __unused_fn int ipc_listen(int fd, const char *name, uint32_t *handle)
{
	struct capipc_rule anyone = { 0 };

	return ipc_listen_rules(fd, name, &anyone, 1, NULL, 0, handle);
}

static __unused_fn int ipc_connect(int fd, const char *name, uint32_t *handle)
{
	struct capipc_connect a = {
		.name = ipc_ptr(name),
		.name_len = strlen(name),
	};
	int ret = ipc_do_connect(fd, &a);

	*handle = a.handle;
	return ret;
}

/* Take the next connection: the server's end of the new pipe. */
static __unused_fn int ipc_accept(int fd, uint32_t listener, uint32_t *endpoint)
{
	struct ipc_message m;
	int ret = ipc_recv_from(fd, listener, &m);

	if (ret)
		return ret;
	if (m.r.type != CAPIPC_RECEIVED_CONNECTION)
		return -EPROTO;
	*endpoint = m.r.reply_handle;
	return 0;
}

#include "capipc_test_process.h"

#endif /* CAPIPC_TEST_H */
