// SPDX-License-Identifier: GPL-2.0
/*
 * Data pipes, as the kernel sees them: who may map what of the ring for writing,
 * signals, and what becomes of the ends.
 */
#include "capipc_test_ident.h"
#include "capipc_test_memory.h"

#define PARAMETERS "/sys/module/capipc/parameters/"

static size_t page;

#define RING (2 * page)
#define ALL  (4 * page) /* with the two headers */

FIXTURE(data_pipe)
{
	int fd;
	uint32_t p, c; /* producer and consumer */
	struct ipc_message m;
};

FIXTURE_SETUP(data_pipe)
{
	uint32_t end[2];

	page = sysconf(_SC_PAGESIZE);
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_data_pipe(self->fd, RING, 1, end));
	self->p = end[0];
	self->c = end[1];
}

FIXTURE_TEARDOWN(data_pipe)
{
	close(self->fd);
}

TEST_F(data_pipe, create)
{
	struct capipc_create_data_pipe a = {
		.elements = 1000,
		.element_bytes = 12,
		.cookie = { 5, 6 },
	};
	struct capipc_inspect i;

	ASSERT_OK(ipc_do_create_data_pipe(self->fd, &a));
	EXPECT_EQ(1024, a.elements);
	ASSERT_OK(ipc_do_inspect(self->fd, a.handle[0], &i));
	EXPECT_EQ(CAPIPC_KIND_PRODUCER, i.kind);
	EXPECT_EQ(IPC_RIGHTS_PRODUCER, i.rights);
	EXPECT_EQ(5, i.cookie);
	EXPECT_EQ(1024 * 12, i.bytes);
	EXPECT_EQ(12, i.element_bytes);
	EXPECT_EQ(0, i.reserved);
	EXPECT_EQ(0, i.state);
	EXPECT_NE(0, i.object_id);
	ASSERT_OK(ipc_do_inspect(self->fd, a.handle[1], &i));
	EXPECT_EQ(CAPIPC_KIND_CONSUMER, i.kind);
	EXPECT_EQ(IPC_RIGHTS_CONSUMER, i.rights);
	EXPECT_EQ(6, i.cookie);
	EXPECT_OK(ipc_tag(self->fd, a.handle[1], 7));
	ASSERT_OK(ipc_do_inspect(self->fd, a.handle[1], &i));
	EXPECT_EQ(7, i.cookie);
}

TEST_F(data_pipe, create_errors)
{
	struct capipc_create_data_pipe a = { .elements = 1,
					     .element_bytes = 1,
					     .flags = 1 };
	char before[32];
	uint32_t end[2];

	EXPECT_ERR(EINVAL, ipc_do_create_data_pipe(self->fd, &a));
	EXPECT_ERR(EINVAL, ipc_data_pipe(self->fd, 0, 1, end));
	EXPECT_ERR(EINVAL, ipc_data_pipe(self->fd, 1, 0, end));
	EXPECT_ERR(EMSGSIZE, ipc_data_pipe(self->fd, UINT32_MAX, 1, end));
	EXPECT_ERR(EMSGSIZE, ipc_data_pipe(self->fd, 1, UINT32_MAX, end));
	EXPECT_ERR(EMSGSIZE,
		   ipc_data_pipe(self->fd, UINT32_MAX, UINT32_MAX, end));
	EXPECT_ERR(EMSGSIZE, ipc_data_pipe(self->fd, 1U << 31, 2, end));
	ASSERT_LT(0, get_text(before, sizeof(before),
			      PARAMETERS "max_buffer_bytes"));
	ASSERT_OK(put_text(PARAMETERS "max_buffer_bytes", "16384"));
	EXPECT_OK(ipc_data_pipe(self->fd, 8192, 1, end));
	EXPECT_ERR(EMSGSIZE, ipc_data_pipe(self->fd, 8193, 1, end));
	EXPECT_OK(put_text(PARAMETERS "max_buffer_bytes", before));
}

TEST_F(data_pipe, is_neither_pipe_nor_buffer)
{
	uint32_t d;

	EXPECT_ERR(EPROTOTYPE, ipc_send_str(self->fd, self->p, 1, "x"));
	EXPECT_ERR(EPROTOTYPE, ipc_reply_str(self->fd, self->c, "x"));
	EXPECT_ERR(EPERM,
		   ipc_duplicate(self->fd, self->p, CAPIPC_RIGHTS_SAME, &d));
	EXPECT_ERR(EPERM,
		   ipc_duplicate(self->fd, self->c, CAPIPC_RIGHTS_SAME, &d));
}

/* ----------------------------------------------------------------- mapping */

/* What one end writes where it may, the other sees. */
TEST_F(data_pipe, maps)
{
	char *p, *c, *pw, *cw;

	ASSERT_OK(ipc_map(self->fd, self->p, ALL, PROT_READ, &p));
	ASSERT_OK(ipc_map(self->fd, self->c, ALL, PROT_READ, &c));
	ASSERT_OK(ipc_map(self->fd, self->p, ALL - page, PROT_READ | PROT_WRITE,
			  &pw));
	ASSERT_OK(
		ipc_map(self->fd, self->c, page, PROT_READ | PROT_WRITE, &cw));
	strcpy(cw, "consumer");
	strcpy(pw, "producer");
	strcpy(pw + ALL - page - 8, "the end");
	EXPECT_STREQ("consumer", p);
	EXPECT_STREQ("consumer", c);
	EXPECT_STREQ("producer", p + page);
	EXPECT_STREQ("producer", c + page);
	EXPECT_STREQ("the end", c + ALL - 8);
	munmap(p, ALL);
	munmap(c, ALL);
	munmap(pw, ALL - page);
	munmap(cw, page);
}

TEST_F(data_pipe, maps_no_more)
{
	char *q;

	EXPECT_ERR(EINVAL,
		   ipc_map(self->fd, self->p, ALL + page, PROT_READ, &q));
	EXPECT_ERR(EINVAL, ipc_map(self->fd, self->p, ALL, PROT_WRITE, &q));
	EXPECT_ERR(EINVAL,
		   ipc_map(self->fd, self->c, 2 * page, PROT_WRITE, &q));
	EXPECT_ERR(EINVAL, ipc_map(self->fd, self->c, ALL + 1, PROT_READ, &q));
	EXPECT_ERR(EINVAL, ipc_map_flags(self->fd, self->p, page, PROT_READ,
					 MAP_PRIVATE, NULL, &q));
	EXPECT_ERR(EPERM,
		   ipc_map(self->fd, self->p, page, PROT_READ | PROT_EXEC, &q));
}

/* What was mapped for reading is never written, not even by who has WRITE. */
TEST_F(data_pipe, readonly_stays_so)
{
	uint32_t end[2] = { self->p, self->c };
	size_t at;
	char *q;
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_OK(ipc_map(self->fd, end[i], ALL, PROT_READ, &q));
		for (at = 0; at < ALL; at += page) {
			EXPECT_EQ(SIGSEGV, touch(q + at, true));
			EXPECT_EQ(-1, mprotect(q + at, page,
					       PROT_READ | PROT_WRITE));
			EXPECT_EQ(EACCES, errno);
		}
		munmap(q, ALL);
	}
	/* beyond its own page there is nothing for the consumer to reach */
	ASSERT_OK(ipc_map(self->fd, self->c, page, PROT_READ | PROT_WRITE, &q));
	EXPECT_EQ(MAP_FAILED, mremap(q, page, 2 * page, MREMAP_MAYMOVE));
	EXPECT_EQ(0, mprotect(q, page, PROT_READ));
	EXPECT_EQ(0, mprotect(q, page, PROT_READ | PROT_WRITE));
	munmap(q, page);
}

/* An end as it comes with these rights, by way of a message. */
static int with_rights(int fd, uint32_t *end, uint32_t rights)
{
	static struct ipc_message m;
	struct capipc_attachment att = ipc_attach_rights(*end, rights);
	uint32_t h[2];
	int ret = ipc_create(fd, h);

	if (!ret)
		ret = ipc_send_full(fd, h[0], 1, NULL, 0, &att, 1);
	if (!ret)
		ret = ipc_recv_from(fd, h[1], &m);
	if (ret)
		return ret;
	*end = m.att[0].handle;
	ret = ipc_close(fd, h[0]);
	return ret ? ret : ipc_close(fd, h[1]);
}

TEST_F(data_pipe, rights)
{
	uint32_t end[2];
	char *q;

	ASSERT_OK(with_rights(self->fd, &self->p,
			      IPC_RIGHTS_PRODUCER & ~CAPIPC_RIGHT_MAP));
	EXPECT_ERR(EPERM, ipc_map(self->fd, self->p, page, PROT_READ, &q));
	EXPECT_ERR(EPERM, ipc_map(self->fd, self->p, page, PROT_WRITE, &q));
	EXPECT_OK(ipc_signal(self->fd, self->p));
	ASSERT_OK(with_rights(self->fd, &self->c,
			      IPC_RIGHTS_CONSUMER & ~CAPIPC_RIGHT_READ));
	EXPECT_ERR(EPERM, ipc_map(self->fd, self->c, page, PROT_READ, &q));
	EXPECT_ERR(EPERM, ipc_signal(self->fd, self->c));
	EXPECT_ERR(EPERM, ipc_tryrecv_from(self->fd, self->c, &self->m));
	/* nor is it told in any other way that there was a signal */
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	ASSERT_OK(ipc_data_pipe(self->fd, 1, 1, end));
	ASSERT_OK(with_rights(self->fd, &end[0], CAPIPC_RIGHT_MAP));
	EXPECT_ERR(EPERM, ipc_map(self->fd, end[0], page, PROT_READ, &q));
	EXPECT_ERR(EPERM, ipc_signal(self->fd, end[0]));
	EXPECT_ERR(EPERM, ipc_tryrecv_from(self->fd, end[0], &self->m));
}

/* ----------------------------------------------------------------- signals */

TEST_F(data_pipe, signals)
{
	struct pollfd poll_fd = { .fd = self->fd, .events = POLLIN };

	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	ASSERT_OK(ipc_tag(self->fd, self->c, 77));
	EXPECT_OK(ipc_signal(self->fd, self->p));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	/* any number until it is received is one */
	EXPECT_OK(ipc_signal(self->fd, self->p));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_READABLE, self->m.r.type);
	EXPECT_EQ(self->c, self->m.r.from);
	EXPECT_EQ(77, self->m.r.cookie);
	EXPECT_EQ(0, self->m.r.data_len);
	EXPECT_EQ(0, self->m.r.attachments_count);
	EXPECT_EQ(0, self->m.r.reply_handle);
	EXPECT_EQ(0, self->m.r.stamp.id);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, self->c, &self->m));

	EXPECT_OK(ipc_signal(self->fd, self->c));
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, self->c, &self->m));
	ASSERT_OK(ipc_tryrecv_from(self->fd, self->p, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_WRITABLE, self->m.r.type);
	EXPECT_EQ(self->p, self->m.r.from);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

TEST_F(data_pipe, signal_errors)
{
	struct capipc_signal a = { .size = sizeof(a), .handle = self->p };
	uint32_t h[2];

	ASSERT_OK(ipc_create(self->fd, h));
	EXPECT_ERR(EBADF, ipc_signal(self->fd, 0));
	EXPECT_ERR(EBADF, ipc_signal(self->fd, self->p ^ (1U << 31)));
	EXPECT_ERR(EPROTOTYPE, ipc_signal(self->fd, h[0]));
	a.flags = 1;
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_SIGNAL, &a));
	a.flags = 0;
	a.reserved = 1;
	EXPECT_ERR(EINVAL, ipc_ioctl(self->fd, CAPIPC_IOC_SIGNAL, &a));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* A signal that cannot be told is not lost. */
TEST_F(data_pipe, signal_survives_a_fault)
{
	struct capipc_receive *a = mmap(NULL, page, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, a);
	a->size = sizeof(*a);
	a->flags = CAPIPC_NOWAIT;
	a->handle = self->c;
	ASSERT_EQ(0, mprotect(a, page, PROT_READ));
	ASSERT_OK(ipc_signal(self->fd, self->p));
	EXPECT_ERR(EFAULT, ipc_ioctl(self->fd, CAPIPC_IOC_RECEIVE, a));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_READABLE, self->m.r.type);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	/* nor is it doubled for who closes it then */
	ASSERT_OK(ipc_signal(self->fd, self->p));
	EXPECT_ERR(EFAULT, ipc_ioctl(self->fd, CAPIPC_IOC_RECEIVE, a));
	ASSERT_OK(ipc_close(self->fd, self->c));
	EXPECT_ERR(EPIPE, ipc_signal(self->fd, self->p));
	munmap(a, page);
}

static void *signal_later(void *arg)
{
	FIXTURE_DATA(data_pipe) *self = arg;

	usleep(100000);
	ipc_signal(self->fd, self->p);
	return NULL;
}

TEST_F(data_pipe, wakes)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, signal_later, self));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_READABLE, self->m.r.type);
	pthread_join(thread, NULL);
	ASSERT_EQ(0, pthread_create(&thread, NULL, signal_later, self));
	ASSERT_OK(ipc_recv_from(self->fd, self->c, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_READABLE, self->m.r.type);
	pthread_join(thread, NULL);
}

/* A flood of signals is one thing among others to receive. */
TEST_F(data_pipe, signals_take_turns)
{
	uint32_t h[2];
	int i, messages = 0;

	ASSERT_OK(ipc_create(self->fd, h));
	for (i = 0; i < 10; i++)
		ASSERT_OK(ipc_send_str(self->fd, h[0], 1, "x"));
	for (i = 0; i < 20; i++) {
		ASSERT_OK(ipc_signal(self->fd, self->p));
		ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
		messages += self->m.r.type == CAPIPC_RECEIVED_MESSAGE;
	}
	EXPECT_EQ(10, messages);
}

/* ------------------------------------------------------------- closing ends */

TEST_F(data_pipe, peer_closed)
{
	struct capipc_inspect i;
	char *q;

	ASSERT_OK(ipc_map(self->fd, self->c, ALL, PROT_READ, &q));
	EXPECT_OK(ipc_signal(self->fd, self->p));
	EXPECT_OK(ipc_close(self->fd, self->p));
	ASSERT_OK(ipc_do_inspect(self->fd, self->c, &i));
	EXPECT_EQ(CAPIPC_INSPECT_PEER_CLOSED, i.state);
	EXPECT_ERR(EPIPE, ipc_signal(self->fd, self->c));
	/* the signal comes first */
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_READABLE, self->m.r.type);
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_EQ(self->c, self->m.r.from);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_ERR(EPIPE, ipc_tryrecv_from(self->fd, self->c, &self->m));
	/* what was produced is still there */
	EXPECT_READABLE(q + 2 * page);
	EXPECT_OK(ipc_close(self->fd, self->c));
	EXPECT_READABLE(q + 2 * page);
	munmap(q, ALL);
}

TEST_F(data_pipe, moves)
{
	struct ipc_message m;
	uint32_t h[2];

	ASSERT_OK(ipc_create(self->fd, h));
	ASSERT_OK(ipc_tag(self->fd, self->c, 9));
	ASSERT_OK(ipc_send_handle(self->fd, h[0], "", self->c));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->c));
	/* signalled on its way */
	EXPECT_OK(ipc_signal(self->fd, self->p));
	ASSERT_OK(ipc_recv(self->fd, &m));
	ASSERT_EQ(1, m.r.attachments_count);
	EXPECT_EQ(CAPIPC_KIND_CONSUMER, m.att[0].kind);
	EXPECT_EQ(IPC_RIGHTS_CONSUMER, m.att[0].rights);
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_READABLE, self->m.r.type);
	EXPECT_EQ(m.att[0].handle, self->m.r.from);
	EXPECT_EQ(0, self->m.r.cookie);
	/* a new holder is told that the peer is closed as well */
	self->c = m.att[0].handle;
	EXPECT_OK(ipc_close(self->fd, self->p));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	ASSERT_OK(ipc_send_handle(self->fd, h[0], "", self->c));
	ASSERT_OK(ipc_recv(self->fd, &m));
	ASSERT_EQ(CAPIPC_RECEIVED_MESSAGE, m.r.type);
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_EQ(m.att[0].handle, self->m.r.from);
}

/* In a message that nobody receives it is closed; also in one inside itself. */
TEST_F(data_pipe, closed_in_flight)
{
	uint32_t h[2], g[2];

	ASSERT_OK(ipc_create(self->fd, h));
	ASSERT_OK(ipc_create(self->fd, g));
	ASSERT_OK(ipc_send_handle(self->fd, h[0], "", self->p));
	/* two pipes in each other, and the end with them: a ring */
	ASSERT_OK(ipc_send_handle(self->fd, h[0], "", g[1]));
	ASSERT_OK(ipc_send_handle(self->fd, g[0], "", h[1]));
	ASSERT_OK(ipc_recv_from(self->fd, self->c, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
}

static void holds_producer(struct __test_metadata *_metadata, struct peer *peer)
{
	static struct ipc_message m;
	uint32_t p;
	char *q;

	ASSERT_OK(ipc_recv(peer->fd, &m));
	ASSERT_EQ(1, m.r.attachments_count);
	p = m.att[0].handle;
	ASSERT_OK(ipc_map(peer->fd, p, ALL - page, PROT_READ | PROT_WRITE, &q));
	strcpy(q + page, "last words");
	ASSERT_OK(ipc_signal(peer->fd, p));
	sync_wait(peer->sock);
}

TEST_F(data_pipe, death_of_an_end)
{
	struct peer peer = { .fn = holds_producer, .uid = 1000 };
	char *q;

	peer.fd = self->fd;
	PEER_START(&peer);
	ASSERT_OK(ipc_map(self->fd, self->c, ALL, PROT_READ, &q));
	ASSERT_OK(ipc_send_handle(self->fd, peer.ep, "", self->p));
	ASSERT_OK(ipc_recv_from(self->fd, self->c, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_READABLE, self->m.r.type);
	PEER_KILL(&peer);
	ASSERT_OK(ipc_recv_from(self->fd, self->c, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_STREQ("last words", q + 2 * page);
	munmap(q, ALL);
}

static void has_nothing(struct __test_metadata *_metadata, int sock, void *arg)
{
	FIXTURE_DATA(data_pipe) *self = arg;
	uint32_t end[2];
	char *q;

	EXPECT_ERR(EPERM, ipc_map(self->fd, self->c, page, PROT_READ, &q));
	EXPECT_ERR(EPERM, ipc_signal(self->fd, self->p));
	EXPECT_ERR(EPERM, ipc_data_pipe(self->fd, 1, 1, end));
}

TEST_F(data_pipe, a_child_has_nothing)
{
	struct child child;

	CHILD_START(&child, has_nothing, self);
	CHILD_WAIT(&child);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

TEST_F(data_pipe, maker_pays)
{
	char before[32], limit[32];
	uint32_t end[2], more[2];
	int fd = ipc_open();
	char *q;

	ASSERT_LT(0, get_text(before, sizeof(before),
			      PARAMETERS "max_bytes_per_context"));
	snprintf(limit, sizeof(limit), "%zu", 10 * page);
	ASSERT_OK(put_text(PARAMETERS "max_bytes_per_context", limit));
	ASSERT_OK(ipc_data_pipe(fd, RING, 1, end));
	EXPECT_ERR(EDQUOT, ipc_data_pipe(fd, 2 * RING, 1, more));
	/* until both ends and all mappings are gone */
	ASSERT_OK(ipc_map(fd, end[0], page, PROT_READ, &q));
	EXPECT_OK(ipc_close(fd, end[0]));
	EXPECT_ERR(EDQUOT, ipc_data_pipe(fd, 2 * RING, 1, more));
	EXPECT_OK(ipc_close(fd, end[1]));
	EXPECT_ERR(EDQUOT, ipc_data_pipe(fd, 2 * RING, 1, more));
	munmap(q, page);
	EXPECT_OK(ipc_data_pipe(fd, 2 * RING, 1, more));
	EXPECT_OK(put_text(PARAMETERS "max_bytes_per_context", before));
	close(fd);
}

TEST_HARNESS_MAIN
