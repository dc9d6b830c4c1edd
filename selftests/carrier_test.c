// SPDX-License-Identifier: GPL-2.0
/*
 * What can carry the file of a context, or hold it some other way: whatever a
 * process ties to what, nothing of it outlives the process, and the module can be
 * removed. To be run alone, as it removes it.
 */
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/un.h>

#include "capipc_test_ident.h"
#include "capipc_test_module.h"

/*
 * A carrier is built by an actor, which has its context in page->fd. Descriptors
 * that it makes stay open until it ends.
 */
#define NO_CARRIER (-ENOSYS) /* this kernel does not have it */

/* ------------------------------------------------ what an actor can send */

/* Sends files over @handle. */
static int carry(int fd, uint32_t handle, const int *files, int n)
{
	struct capipc_attachment att[8];
	int i;

	for (i = 0; i < n; i++)
		att[i] = (struct capipc_attachment){ .handle = files[i],
						     .kind = CAPIPC_KIND_FILE };
	return ipc_send_full(fd, handle, 0, "carrier", 7, att, n);
}

/* Sends files of the caller into the queue of a pipe of context @fd. */
static int carry_in_own_queue(int fd, const int *files, int n)
{
	uint32_t h[2];
	int ret = ipc_create(fd, h);

	return ret ? ret : carry(fd, h[0], files, n);
}

static int socket_pair(int sock[2])
{
	return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sock) ?
		       -errno :
		       0;
}

/* -------------------------------------------------------------- carriers */

static long own_queue(struct actor_page *page, long unused)
{
	return carry_in_own_queue(page->fd, &page->fd, 1);
}

/* A socket in the queue of the context that is in the queue of the socket. */
static long in_a_socket(struct actor_page *page, long unused)
{
	int sock[2], ret = socket_pair(sock);

	if (!ret)
		ret = sync_send_fd(sock[0], page->fd);
	return ret ? ret : carry_in_own_queue(page->fd, sock, 2);
}

/* Sockets in each other, the context in both, all of it in the context. */
static long in_sockets(struct actor_page *page, long unused)
{
	int a[2], b[2], all[4], ret;

	ret = socket_pair(a);
	if (!ret)
		ret = socket_pair(b);
	if (!ret)
		ret = sync_send_fd(a[0], page->fd);
	if (!ret)
		ret = sync_send_fd(b[0], page->fd);
	if (!ret)
		ret = sync_send_fd(a[0], b[1]);
	if (!ret)
		ret = sync_send_fd(b[0], a[1]);
	if (ret)
		return ret;
	memcpy(all, a, sizeof(a));
	memcpy(all + 2, b, sizeof(b));
	ret = carry_in_own_queue(page->fd, all, 4);
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
	return ret;
}

/* Connected and sent, but never accepted: the listening socket holds it. */
static long in_a_listening_socket(struct actor_page *page, long unused)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sa_family_t);
	int sock[2], i, ret;

	for (i = 0; i < 2; i++) {
		sock[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (sock[i] < 0)
			return -errno;
	}
	if (bind(sock[0], (struct sockaddr *)&addr, len) || listen(sock[0], 1))
		return -errno;
	len = sizeof(addr);
	if (getsockname(sock[0], (struct sockaddr *)&addr, &len) ||
	    connect(sock[1], (struct sockaddr *)&addr, len))
		return -errno;
	ret = sync_send_fd(sock[1], page->fd);
	return ret ? ret : carry_in_own_queue(page->fd, sock, 2);
}

/* Watches the context, from within its queue, twice removed. */
static long in_epoll(struct actor_page *page, long unused)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int ep[2], i;

	for (i = 0; i < 2; i++) {
		ep[i] = epoll_create1(EPOLL_CLOEXEC);
		if (ep[i] < 0 || epoll_ctl(ep[i], EPOLL_CTL_ADD,
					   i ? ep[0] : page->fd, &event))
			return -errno;
	}
	i = carry_in_own_queue(page->fd, ep, 2);
	return i ? i : carry_in_own_queue(page->fd, &page->fd, 1);
}

static int ring_setup(unsigned int flags, struct io_uring_params *params)
{
	memset(params, 0, sizeof(*params));
	params->flags = flags;
	return actor_errno(syscall(__NR_io_uring_setup, 4, params));
}

static int ring_register(int ring, unsigned int what, void *arg, unsigned int n)
{
	return actor_errno(syscall(__NR_io_uring_register, ring, what, arg, n));
}

/* The ring has the context in its table of files, and waits for it. */
static int ring_poll(int ring, const struct io_uring_params *params, int fd)
{
	size_t size =
		params->sq_off.array + params->sq_entries * sizeof(uint32_t);
	struct io_uring_sqe *sqe;
	char *sq;
	int ret;

	sq = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		  IORING_OFF_SQ_RING);
	sqe = mmap(NULL, params->sq_entries * sizeof(*sqe),
		   PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || sqe == MAP_FAILED)
		return -errno;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_POLL_ADD;
	sqe->fd = fd;
	/* the context is never writable */
	sqe->poll32_events = POLLOUT;
	((uint32_t *)(sq + params->sq_off.array))[0] = 0;
	__atomic_store_n((uint32_t *)(sq + params->sq_off.tail), 1,
			 __ATOMIC_RELEASE);
	/* one that has a thread of its own has to be told, too */
	ret = actor_errno(syscall(__NR_io_uring_enter, ring, 1, 0,
				  params->flags & IORING_SETUP_SQPOLL ?
					  IORING_ENTER_SQ_WAKEUP :
					  0,
				  NULL, 0));
	return ret < 0 ? ret : 0;
}

static long in_a_ring(struct actor_page *page, long flags)
{
	struct io_uring_params params;
	int files[2], ring, ret;

	ring = ring_setup(flags, &params);
	if (ring < 0)
		return ring;
	files[0] = page->fd;
	files[1] = -1;
	ret = ring_register(ring, IORING_REGISTER_FILES, files, 2);
	if (!ret)
		ret = ring_poll(ring, &params, page->fd);
	return ret ? ret : carry_in_own_queue(page->fd, &ring, 1);
}

static long in_io_uring(struct actor_page *page, long unused)
{
	return in_a_ring(page, 0);
}

/* One whose requests are made by a thread of the kernel, in our memory. */
static long in_io_uring_thread(struct actor_page *page, long unused)
{
	return in_a_ring(page, IORING_SETUP_SQPOLL);
}

/* A socket in the ring has the context, and the context has the ring. */
static long in_io_uring_and_socket(struct actor_page *page, long unused)
{
	struct io_uring_params params;
	int sock[2], ring, ret;

	ring = ring_setup(0, &params);
	if (ring < 0)
		return ring;
	ret = socket_pair(sock);
	if (!ret)
		ret = sync_send_fd(sock[0], page->fd);
	if (!ret)
		ret = ring_register(ring, IORING_REGISTER_FILES, sock, 2);
	close(sock[0]);
	close(sock[1]);
	return ret ? ret : carry_in_own_queue(page->fd, &ring, 1);
}

/* An asynchronous poll of the context that never completes. */
static long in_aio(struct actor_page *page, long unused)
{
	struct iocb iocb = {
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = page->fd,
		.aio_buf = POLLOUT,
	}, *list = &iocb;
	aio_context_t aio = 0;
	long ret = actor_errno(syscall(__NR_io_setup, 4, &aio));

	if (!ret)
		ret = actor_errno(syscall(__NR_io_submit, aio, 1, &list));
	return ret < 0 ? ret : carry_in_own_queue(page->fd, &page->fd, 1);
}

static long in_another_context(struct actor_page *page, long unused)
{
	int other = ipc_open(), both[2] = { page->fd, other }, ret;

	if (other < 0)
		return other;
	ret = carry_in_own_queue(page->fd, both, 2);
	return ret ? ret : carry_in_own_queue(other, both, 2);
}

/* Many contexts, each in the next one, and nothing else has them. */
static long in_many_contexts(struct actor_page *page, long unused)
{
	int fd = page->fd, next, ret, i;

	for (i = 0; i < 100; i++) {
		next = ipc_open();
		if (next < 0)
			return next;
		ret = carry_in_own_queue(next, &fd, 1);
		if (ret)
			return ret;
		if (fd != page->fd)
			close(fd);
		fd = next;
	}
	return carry_in_own_queue(page->fd, &fd, 1);
}

static long memory(struct actor_page *page, long unused)
{
	int file = memfd_create("carrier", MFD_CLOEXEC);

	if (file < 0 || ftruncate(file, 1 << 20) ||
	    mmap(NULL, 1 << 20, PROT_READ, MAP_SHARED, file, 0) == MAP_FAILED)
		return -errno;
	return carry_in_own_queue(page->fd, (int[]){ file, page->fd }, 2);
}

/* In a ring of endpoints, which nobody can receive from any more. */
static long in_endpoints(struct actor_page *page, long unused)
{
	struct capipc_attachment att[2] = { { .handle = page->fd,
					      .kind = CAPIPC_KIND_FILE } };
	uint32_t p[2], q[2];
	int ret;

	ret = ipc_create(page->fd, p);
	if (!ret)
		ret = ipc_create(page->fd, q);
	att[1] = ipc_attach(p[1]);
	if (!ret)
		ret = ipc_send_full(page->fd, q[0], 0, NULL, 0, att, 2);
	att[1] = ipc_attach(q[1]);
	if (!ret)
		ret = ipc_send_full(page->fd, p[0], 0, NULL, 0, att, 2);
	return ret;
}

/* In a connection that the listener, which is in flight, never takes. */
static long in_a_connection(struct actor_page *page, long unused)
{
	uint32_t listener, client, p[2];
	int ret = ipc_listen(page->fd, page->name, &listener);

	if (!ret)
		ret = ipc_connect(page->fd, page->name, &client);
	if (!ret)
		ret = carry(page->fd, client, &page->fd, 1);
	if (!ret)
		ret = ipc_create(page->fd, p);
	return ret ? ret : ipc_send_handle(page->fd, p[0], "", listener);
}

struct caller {
	int fd;
	uint32_t handle;
	int ret;
};

static void *caller_thread(void *arg)
{
	struct caller *caller = arg;
	struct capipc_attachment att[2];
	struct capipc_call call = {
		.deadline_ns = ipc_soon(),
		.reply_attachments = ipc_ptr(att),
		.reply_attachments_capacity = 2,
		.handle = caller->handle,
	};

	caller->ret = ipc_do_call(caller->fd, &call);
	return NULL;
}

/* In a reply that its caller has no room for. */
static long in_a_reply(struct actor_page *page, long unused)
{
	struct capipc_attachment att = { .handle = page->fd,
					 .kind = CAPIPC_KIND_FILE };
	struct capipc_reply reply = { .attachments = ipc_ptr(&att),
				      .attachments_count = 1 };
	struct caller caller = { .fd = page->fd };
	struct rlimit limit;
	struct ipc_message m;
	pthread_t thread;
	uint32_t h[2];
	int ret = ipc_create(page->fd, h);

	caller.handle = h[0];
	if (ret || getrlimit(RLIMIT_NOFILE, &limit) ||
	    pthread_create(&thread, NULL, caller_thread, &caller))
		return -EPROTO;
	ret = ipc_recv(page->fd, &m);
	reply.handle = m.r.reply_handle;
	limit.rlim_cur = 3;
	if (!ret && setrlimit(RLIMIT_NOFILE, &limit))
		ret = -errno;
	if (!ret)
		ret = ipc_do_reply(page->fd, &reply);
	pthread_join(thread, NULL);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return ret ? ret : caller.ret == -EMFILE ? 0 : -EPROTO;
}

FIXTURE(carrier)
{
	struct actor a;
	bool built;
};

FIXTURE_VARIANT(carrier)
{
	actor_fn build;
};

#define CARRIER(what)                      \
	FIXTURE_VARIANT_ADD(carrier, what) \
	{                                  \
		.build = what,             \
	}

CARRIER(own_queue);
CARRIER(in_a_socket);
CARRIER(in_sockets);
CARRIER(in_a_listening_socket);
CARRIER(in_epoll);
CARRIER(in_io_uring);
CARRIER(in_io_uring_thread);
CARRIER(in_io_uring_and_socket);
CARRIER(in_aio);
CARRIER(in_another_context);
CARRIER(in_many_contexts);
CARRIER(memory);
CARRIER(in_endpoints);
CARRIER(in_a_connection);
CARRIER(in_a_reply);

/* ------------------------------------------------------------------ ends */

FIXTURE_SETUP(carrier)
{
	long ret;

	NEEDS_FILE();
	ASSERT_TRUE(loaded());
	ASSERT_EQ(0, module_users());
	keep_parameters();
	ASSERT_OK(actor_start(&self->a));
	self->a.page->fd = self->a.dev;
	strcpy(self->a.page->name, fresh_name());
	ret = actor_run(&self->a, variant->build, 0);
	if (ret == NO_CARRIER)
		SKIP(return, "this kernel has no io_uring, or no aio");
	ASSERT_OK(ret);
	ASSERT_LT(0, module_users());
	EXPECT_OK(is_refused());
	/* the harness goes on after a set-up that skips */
	self->built = true;
}

FIXTURE_TEARDOWN(carrier)
{
	actor_stop(&self->a);
	if (!loaded())
		EXPECT_OK(load());
}

/*
 * Nobody uses it any more. Rings of sockets are the kernel's own to find, which
 * it does when a socket is closed.
 */
static int unused_soon(void)
{
	int64_t end = ipc_soon();
	int sock[2];

	while (module_users() > 0 && ipc_now() < end) {
		if (!socket_pair(sock)) {
			close(sock[0]);
			close(sock[1]);
		}
		usleep(2000);
	}
	return module_users();
}

static void comes_and_goes(struct __test_metadata *_metadata)
{
	EXPECT_EQ(0, unused_soon());
	ASSERT_OK(unload());
	EXPECT_FALSE(loaded());
	ASSERT_OK(load());
	EXPECT_OK(works());
}

TEST_F(carrier, killed)
{
	if (!self->built)
		return;
	actor_stop(&self->a);
	comes_and_goes(_metadata);
}

static long act_exit(struct actor_page *page, long code)
{
	exit((int)code);
}

TEST_F(carrier, exits)
{
	if (!self->built)
		return;
	EXPECT_ERR(ECHILD, actor_run(&self->a, act_exit, 0));
	comes_and_goes(_metadata);
}

/* The process goes on, with another program. */
TEST_F(carrier, executes)
{
	if (!self->built)
		return;
	ASSERT_OK(actor_exec(&self->a, "/proc/self/exe"));
	comes_and_goes(_metadata);
	EXPECT_TRUE(actor_alive(&self->a));
}

/* --------------------------------------------------------- two processes */

FIXTURE(carriers)
{
	struct actor a, b;
	__u32 a_end, b_end;
};

/* Both, with a pipe between them. */
static int start_both(FIXTURE_DATA(carriers) * self)
{
	const char *name = fresh_name();
	__u32 listener;
	int ret = actor_start(&self->a);

	if (!ret)
		ret = actor_start(&self->b);
	if (!ret)
		ret = actor_listen(&self->b, name, NULL, &listener);
	if (!ret)
		ret = actor_link(&self->a, &self->b, name, listener,
				 &self->a_end, &self->b_end);
	self->a.page->fd = self->a.dev;
	self->b.page->fd = self->b.dev;
	return ret;
}

FIXTURE_SETUP(carriers)
{
	keep_parameters();
	ASSERT_OK(start_both(self));
}

FIXTURE_TEARDOWN(carriers)
{
	actor_stop(&self->a);
	actor_stop(&self->b);
	if (!loaded())
		EXPECT_OK(load());
}

/* Over @handle, its own file. */
static long act_carry(struct actor_page *page, long handle)
{
	return carry(page->fd, (uint32_t)handle, &page->fd, 1);
}

/* Each has the other one's context in its queue: crosswise. */
TEST_F(carriers, in_each_other)
{
	int order;

	NEEDS_FILE();
	for (order = 0; order < 2; order++) {
		struct actor *first = order ? &self->b : &self->a;
		struct actor *last = order ? &self->a : &self->b;

		if (order)
			ASSERT_OK(start_both(self));
		ASSERT_OK(actor_run(&self->a, act_carry, self->a_end));
		ASSERT_OK(actor_run(&self->b, act_carry, self->b_end));
		actor_stop(first);
		/* its file is still in a queue */
		EXPECT_EQ(2, module_users());
		EXPECT_OK(is_refused());
		actor_stop(last);
		comes_and_goes(_metadata);
	}
}

/* Received elsewhere, it is a file that nobody can use, until it is closed. */
TEST_F(carriers, received_elsewhere)
{
	struct capipc_receive r;
	int fd;

	NEEDS_FILE();
	ASSERT_OK(actor_run(&self->a, act_carry, self->a_end));
	ASSERT_OK(actor_receive(&self->b, self->b_end, &r));
	ASSERT_EQ(1, r.attachments_count);
	ASSERT_EQ(CAPIPC_KIND_FILE, self->b.page->in[0].kind);
	fd = self->b.page->in[0].handle;
	ASSERT_OK(actor_run(&self->b, act_close_fd, self->b.dev));
	self->b.dev = fd;
	EXPECT_EQ(-EPERM, actor_idle(&self->b, 0));
	actor_stop(&self->a);
	EXPECT_EQ(-EPERM, actor_idle(&self->b, 0));
	EXPECT_EQ(1, module_users());
	EXPECT_OK(is_refused());
	ASSERT_OK(actor_run(&self->b, act_close_fd, fd));
	comes_and_goes(_metadata);
}

TEST_HARNESS_MAIN
