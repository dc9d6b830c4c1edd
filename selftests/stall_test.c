// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that are stopped in the middle of copying, by memory whose faults
 * we handle (userfaultfd), while something else happens to what they work on.
 */
#include "stalled.h"

FIXTURE(stall)
{
	int fd;
	uint32_t h[2];
	struct stall s;
	struct ipc_message m;
};

FIXTURE_SETUP(stall)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
	ASSERT_OK(stall_make(&self->s));
}

FIXTURE_TEARDOWN(stall)
{
	close(self->s.uffd);
	close(self->fd);
}

/* The others do not overtake: the next message waits for the first. */
TEST_F(stall, receive_keeps_the_order)
{
	struct stalled_receive r;
	uint32_t p[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_send(self->fd, self->h[0], 1, "first", 5));
	ASSERT_OK(ipc_send(self->fd, self->h[0], 2, "second", 6));
	ASSERT_OK(ipc_send(self->fd, p[0], 3, "elsewhere", 9));
	ASSERT_OK(stalled_receive(&r, self->fd, self->h[1], &self->s));
	/* other pipes go on */
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(3, self->m.r.ordinal);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, self->h[1], &self->m));
	ASSERT_OK(stall_fill(&self->s, ""));
	EXPECT_OK(async_join(&r.async));
	EXPECT_EQ(1, r.r.ordinal);
	EXPECT_STREQ("first", self->s.page);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(2, self->m.r.ordinal);
}

/* It faults in the end: the message is the first again, for who waits. */
TEST_F(stall, receive_faults)
{
	struct stalled_receive r;
	struct async_receive waiting;

	ASSERT_OK(ipc_send(self->fd, self->h[0], 1, "first", 5));
	ASSERT_OK(ipc_send(self->fd, self->h[0], 2, "second", 6));
	ASSERT_OK(stalled_receive(&r, self->fd, self->h[1], &self->s));
	ASSERT_OK(async_receive(&waiting, self->fd, 0, ipc_soon()));
	ASSERT_OK(async_wait_asleep(&waiting.async));
	ASSERT_OK(stall_fault(&self->s));
	EXPECT_ERR(EFAULT, async_join(&r.async));
	EXPECT_OK(async_receive_join(&waiting));
	EXPECT_EQ(1, waiting.m.r.ordinal);
	EXPECT_STREQ("first", waiting.m.data);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(2, self->m.r.ordinal);
}

/* The endpoint is closed while a message from it is being stored. */
TEST_F(stall, receive_and_close)
{
	struct stalled_receive r;
	int i, ret;

	for (i = 0; i < 2; i++) {
		uint32_t h[2];

		ASSERT_OK(ipc_create(self->fd, h));
		ASSERT_OK(ipc_send(self->fd, h[0], 1, "first", 5));
		ASSERT_OK(ipc_send(self->fd, h[0], 2, "second", 6));
		ASSERT_OK(stalled_receive(&r, self->fd, h[1], &self->s));
		ASSERT_OK(ipc_close(self->fd, h[1]));
		EXPECT_ERR(EPIPE, ipc_send_str(self->fd, h[0], 1, "x"));
		if (i == 0) {
			ASSERT_OK(stall_fill(&self->s, ""));
			ret = async_join(&r.async);
			EXPECT_TRUE(ret == 0 || ret == -EBADF)
			TH_LOG("%s", ipc_errname(ret));
			ASSERT_EQ(0, madvise(self->s.page, STALL_PAGE,
					     MADV_DONTNEED));
		} else {
			ASSERT_OK(stall_fault(&self->s));
			ret = async_join(&r.async);
			EXPECT_TRUE(ret == -EFAULT || ret == -EBADF)
			TH_LOG("%s", ipc_errname(ret));
		}
		EXPECT_ERR(EPIPE, ipc_send_str(self->fd, h[0], 1, "x"));
	}
}

/* The endpoint is sent away meanwhile: every message arrives, once, in order. */
TEST_F(stall, receive_and_move)
{
	struct stalled_receive r;
	uint32_t c[2], moved = self->h[1];
	int ret, first;

	ASSERT_OK(ipc_create(self->fd, c));
	ASSERT_OK(ipc_send(self->fd, self->h[0], 1, "first", 5));
	ASSERT_OK(ipc_send(self->fd, self->h[0], 2, "second", 6));
	ASSERT_OK(stalled_receive(&r, self->fd, self->h[1], &self->s));
	ret = ipc_send_handle(self->fd, c[0], "", self->h[1]);
	EXPECT_TRUE(ret == 0 || ret == -EBUSY) TH_LOG("%s", ipc_errname(ret));
	if (!ret) {
		ASSERT_OK(ipc_recv_from(self->fd, c[1], &self->m));
		moved = self->m.att[0].handle;
	}
	ASSERT_OK(stall_fault(&self->s));
	ret = async_join(&r.async);
	EXPECT_TRUE(ret == -EFAULT || ret == -EBADF)
	TH_LOG("%s", ipc_errname(ret));
	for (first = 1; first <= 2; first++) {
		ASSERT_OK(ipc_recv_from(self->fd, moved, &self->m));
		EXPECT_EQ(first, self->m.r.ordinal);
	}
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* A call is being received when it runs into its deadline. */
TEST_F(stall, receive_and_withdrawal)
{
	struct stalled_receive r;
	struct async_call c;
	int ret;

	async_call_init(&c, self->fd, self->h[0], "?");
	c.a.deadline_ns = ipc_in(2000);
	ASSERT_OK(async_call_go(&c));
	ASSERT_OK(stalled_receive(&r, self->fd, self->h[1], &self->s));
	EXPECT_ERR(ETIMEDOUT, async_call_join(&c));
	EXPECT_EQ(CAPIPC_CALL_SENT, c.a.state);
	ASSERT_OK(stall_fill(&self->s, ""));
	ret = async_join(&r.async);
	EXPECT_OK(ret);
	if (!ret) {
		EXPECT_EQ(CAPIPC_RECEIVED_CALL, r.r.type);
		EXPECT_ERR(ECANCELED,
			   ipc_reply_str(self->fd, r.r.reply_handle, "late"));
	}
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* The same, and then the receive fails: nothing is put back. */
TEST_F(stall, receive_faults_after_withdrawal)
{
	struct stalled_receive r;
	struct async_call c;

	async_call_init(&c, self->fd, self->h[0], "?");
	c.a.deadline_ns = ipc_in(2000);
	ASSERT_OK(async_call_go(&c));
	ASSERT_OK(stalled_receive(&r, self->fd, self->h[1], &self->s));
	EXPECT_ERR(ETIMEDOUT, async_call_join(&c));
	ASSERT_OK(stall_fault(&self->s));
	EXPECT_ERR(EFAULT, async_join(&r.async));
	if (!ipc_tryrecv(self->fd, &self->m)) {
		EXPECT_EQ(CAPIPC_RECEIVED_CALL, self->m.r.type);
		EXPECT_ERR(ECANCELED,
			   ipc_reply_str(self->fd, self->m.r.reply_handle,
					 "late"));
	}
	EXPECT_EQ(0, ipc_queued(self->fd, self->h[1]));
}

/* A receive from @handle that stops when it has everything and is about to say so. */
struct told_late {
	struct async async;
	struct stall s;
};

static void *told_late_fn(void *arg)
{
	struct told_late *t = arg;

	t->async.ret = ipc_ioctl(t->async.fd, CAPIPC_IOC_RECEIVE, t->s.page);
	return NULL;
}

static int told_late(struct told_late *t, int fd, uint32_t handle)
{
	struct capipc_receive r = { .size = sizeof(r),
				    .deadline_ns = ipc_soon(),
				    .handle = handle };
	int ret = stall_writers(&t->s, &r, sizeof(r));

	t->async.fd = fd;
	if (!ret)
		ret = -pthread_create(&t->async.thread, NULL, told_late_fn, t);
	return ret ? ret : stall_wait(&t->s);
}

/* It was, by the handle that is gone since. */
static int told_late_join(struct told_late *t, uint32_t handle)
{
	struct capipc_receive *r = (void *)t->s.page;
	int ret = stall_let_write(&t->s);

	if (!ret)
		ret = async_join(&t->async);
	close(t->s.uffd);
	if (ret)
		return ret;
	return r->type == CAPIPC_RECEIVED_PEER_CLOSED && r->from == handle ?
		       0 :
		       -EPROTO;
}

/*
 * Being told that the peer has closed, while it is sent: whoever has it then does not
 * know, be it the same context by another handle.
 */
TEST_F(stall, peer_closed_and_move)
{
	struct told_late t;
	uint32_t c[2], moved;
	int i;

	ASSERT_OK(ipc_create(self->fd, c));
	ASSERT_OK(ipc_close(self->fd, self->h[0]));
	for (i = 0; i < 3; i++) {
		ASSERT_OK(told_late(&t, self->fd, self->h[1]));
		ASSERT_OK(ipc_send_handle(self->fd, c[0], "", self->h[1]));
		ASSERT_OK(ipc_recv_from(self->fd, c[1], &self->m));
		moved = self->m.att[0].handle;
		/* not yet, while the other thread is at it */
		EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
		EXPECT_OK(told_late_join(&t, self->h[1]));
		self->h[1] = moved;
	}
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_EQ(self->h[1], self->m.r.from);
	/* and that is enough */
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_ERR(EPIPE, ipc_tryrecv_from(self->fd, self->h[1], &self->m));
}

/* ------------------------------------------------------------------- sends */

TEST_F(stall, send_and_close)
{
	struct async_send s;

	ASSERT_OK(stalled_send(&s, self->fd, self->h[0], NULL, &self->s));
	/* it is not in the way of another, which is first then */
	ASSERT_OK(ipc_send(self->fd, self->h[0], 2, NULL, 0));
	ASSERT_OK(ipc_close(self->fd, self->h[0]));
	ASSERT_OK(stall_fill(&self->s, "bytes"));
	EXPECT_ERR(EBADF, async_send_join(&s));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(2, self->m.r.ordinal);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
}

TEST_F(stall, send_and_peer_closes)
{
	struct capipc_attachment att;
	struct async_send s;
	uint32_t p[2];

	ASSERT_OK(ipc_create(self->fd, p));
	att = ipc_attach(p[0]);
	ASSERT_OK(stalled_send(&s, self->fd, self->h[0], &att, &self->s));
	ASSERT_OK(ipc_close(self->fd, self->h[1]));
	ASSERT_OK(stall_fill(&self->s, "bytes"));
	EXPECT_ERR(EPIPE, async_send_join(&s));
	EXPECT_OK(ipc_alive(self->fd, p[0]));
	EXPECT_OK(ipc_send_str(self->fd, p[0], 1, "x"));
}

/* Its attachment goes another way meanwhile, or the send has it already. */
TEST_F(stall, send_and_attachment_moves)
{
	struct capipc_attachment att;
	struct async_send s;
	uint32_t p[2], c[2];
	int ret;

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_create(self->fd, c));
	att = ipc_attach(p[0]);
	ASSERT_OK(stalled_send(&s, self->fd, self->h[0], &att, &self->s));
	ret = ipc_send_handle(self->fd, c[0], "", p[0]);
	EXPECT_TRUE(ret == 0 || ret == -EBUSY) TH_LOG("%s", ipc_errname(ret));
	ASSERT_OK(stall_fill(&self->s, "bytes"));
	EXPECT_ERR(ret ? 0 : EBADF, async_send_join(&s));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_EQ(ret ? self->h[1] : c[1], self->m.r.from);
	EXPECT_EQ(1, self->m.r.attachments_count);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* ------------------------------------------------------------- connections */

struct stalled_connect {
	struct async async;
	struct capipc_connect *a;
};

static void *stalled_connect_fn(void *arg)
{
	struct stalled_connect *c = arg;

	async_begin(&c->async);
	c->async.ret = ipc_do_connect(c->async.fd, c->a);
	async_end(&c->async);
	return NULL;
}

/* Of this thread only. */
static int act_as(uid_t euid)
{
	return syscall(SYS_setresuid, -1, euid, -1) ? -errno : 0;
}

/*
 * The rule is about who holds the listener. It lets the client in, who is stopped as
 * it is told its handle; then somebody else holds it.
 */
TEST_F(stall, connect_and_listener_moves)
{
	static const struct capipc_rule same = {
		.match = CAPIPC_MATCH_SAME_UID
	};
	static char page[STALL_PAGE] __attribute__((aligned(STALL_PAGE)));
	struct stalled_connect c = { .async.fd = self->fd };
	struct capipc_connect *a = (void *)page;
	char name[64], way[64];
	uint32_t listener, way_listener, ours, theirs;
	struct stall told;
	int other;

	snprintf(name, sizeof(name), "stall/%d", getpid());
	snprintf(way, sizeof(way), "stall/%d/way", getpid());
	ASSERT_OK(stall_make(&told));
	ASSERT_OK(
		ipc_listen_rules(self->fd, name, &same, 1, NULL, 0, &listener));
	ASSERT_OK(ipc_listen(self->fd, way, &way_listener));
	ASSERT_OK(act_as(1001));
	other = ipc_open();
	ASSERT_OK(ipc_connect(other, way, &theirs));
	ASSERT_OK(act_as(0));
	ASSERT_OK(ipc_accept(self->fd, way_listener, &ours));

	a->name = ipc_ptr(self->s.page);
	a->name_len = strlen(name);
	ASSERT_OK(stall_serve(told.uffd, ipc_ptr(told.page), page));
	c.a = (void *)told.page;
	ASSERT_OK(
		-pthread_create(&c.async.thread, NULL, stalled_connect_fn, &c));
	ASSERT_OK(stall_wait(&self->s));
	ASSERT_EQ(0, madvise(told.page, STALL_PAGE, MADV_DONTNEED));
	ASSERT_OK(stall_fill(&self->s, name));
	ASSERT_OK(stall_wait(&told));

	ASSERT_OK(ipc_send_handle(self->fd, ours, "yours", listener));
	ASSERT_OK(act_as(1001));
	ASSERT_OK(ipc_recv_from(other, theirs, &self->m));
	ASSERT_OK(act_as(0));
	ASSERT_OK(stall_serve(told.uffd, ipc_ptr(told.page), page));
	EXPECT_ERR(EACCES, async_join(&c.async));
	EXPECT_EQ(0, ipc_queued(other, self->m.att[0].handle));
	close(told.uffd);
	close(other);
}

/* ----------------------------------------------------------------- replies */

struct stalled_reply {
	struct async async;
	struct capipc_reply a;
};

static void *stalled_reply_fn(void *arg)
{
	struct stalled_reply *r = arg;

	async_begin(&r->async);
	r->async.ret = ipc_do_reply(r->async.fd, &r->a);
	async_end(&r->async);
	return NULL;
}

static int stalled_reply(struct stalled_reply *r, int fd, uint32_t handle,
			 struct stall *s)
{
	int ret;

	memset(r, 0, sizeof(*r));
	r->async.fd = fd;
	r->a.handle = handle;
	r->a.data = ipc_ptr(s->page);
	r->a.data_len = 5;
	ret = -pthread_create(&r->async.thread, NULL, stalled_reply_fn, r);
	return ret ? ret : stall_wait(s);
}

TEST_F(stall, reply_and_reply)
{
	struct stalled_reply r;
	struct async_call c;
	uint32_t reply;
	int ret;

	ASSERT_OK(async_call(&c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	reply = self->m.r.reply_handle;
	ASSERT_OK(stalled_reply(&r, self->fd, reply, &self->s));
	/* one of the two answers it */
	ret = ipc_reply_str(self->fd, reply, "other");
	EXPECT_TRUE(ret == 0 || ret == -EBUSY) TH_LOG("%s", ipc_errname(ret));
	ASSERT_OK(stall_fill(&self->s, "bytes"));
	EXPECT_ERR(ret ? 0 : EBADF, async_join(&r.async));
	EXPECT_OK(async_call_join(&c));
	EXPECT_STREQ(ret ? "bytes" : "other", c.reply);
	EXPECT_ERR(EBADF, ipc_alive(self->fd, reply));
}

TEST_F(stall, reply_and_close)
{
	struct stalled_reply r;
	struct async_call c;
	uint32_t reply;
	int ret;

	ASSERT_OK(async_call(&c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	reply = self->m.r.reply_handle;
	ASSERT_OK(stalled_reply(&r, self->fd, reply, &self->s));
	ret = ipc_close(self->fd, reply);
	EXPECT_TRUE(ret == 0 || ret == -EBUSY) TH_LOG("%s", ipc_errname(ret));
	ASSERT_OK(stall_fill(&self->s, "bytes"));
	EXPECT_ERR(ret ? 0 : EBADF, async_join(&r.async));
	EXPECT_ERR(ret ? 0 : ECONNRESET, async_call_join(&c));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, reply));
}

/* The caller gives up while its answer is being written. */
TEST_F(stall, reply_and_timeout)
{
	struct stalled_reply r;
	struct async_call c;
	uint32_t reply;

	async_call_init(&c, self->fd, self->h[0], "?");
	c.a.deadline_ns = ipc_in(2000);
	ASSERT_OK(async_call_go(&c));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	reply = self->m.r.reply_handle;
	ASSERT_OK(stalled_reply(&r, self->fd, reply, &self->s));
	/* a stalled replier does not hold it up */
	EXPECT_ERR(ETIMEDOUT, async_call_join(&c));
	ASSERT_OK(stall_fill(&self->s, "bytes"));
	EXPECT_ERR(ECANCELED, async_join(&r.async));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, reply));
}

/* A reply that faults half way leaves its handle good for another. */
TEST_F(stall, reply_faults)
{
	struct stalled_reply r;
	struct async_call c;
	uint32_t reply;

	ASSERT_OK(async_call(&c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	reply = self->m.r.reply_handle;
	ASSERT_OK(stalled_reply(&r, self->fd, reply, &self->s));
	ASSERT_OK(stall_fault(&self->s));
	EXPECT_ERR(EFAULT, async_join(&r.async));
	EXPECT_OK(ipc_reply_str(self->fd, reply, "again"));
	EXPECT_OK(async_call_join(&c));
	EXPECT_STREQ("again", c.reply);
}

/* ------------------------------------------------------------------- death */

static void stalls_and_dies(struct __test_metadata *_metadata,
			    struct peer *peer)
{
	struct stalled_receive r;
	struct stall s;

	ASSERT_OK(stall_make(&s));
	ASSERT_OK(stalled_receive(&r, peer->fd, peer->ep, &s));
	ASSERT_OK(sync_post(peer->sock));
	pause();
}

/* The receiver is killed while it stores a message with a handle in it. */
TEST_F(stall, death_while_it_receives)
{
	struct peer peer = { .fn = stalls_and_dies, .fd = self->fd };
	struct capipc_attachment att = ipc_attach(self->h[1]);

	PEER_START(&peer);
	ASSERT_OK(ipc_send_full(self->fd, peer.ep, 1, "bytes", 5, &att, 1));
	ASSERT_OK(sync_wait(peer.sock));
	PEER_KILL(&peer);
	ASSERT_OK(ipc_recv_from(self->fd, self->h[0], &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
}

TEST_HARNESS_MAIN
