// SPDX-License-Identifier: GPL-2.0
/*
 * The ready queue: whose turn it is, who is woken, and news of an endpoint.
 */
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "async.h"
#include "capipc_test_ident.h"
#include "capipc_test_memory.h"

#define PIPES	8
#define THREADS 6
#define TURNS	16

FIXTURE(ready)
{
	int fd, other; /* two contexts */
	uint32_t here, there; /* a pipe between them */
	uint32_t h[PIPES][2]; /* in fd: h[i][1] is received from */
	struct ipc_message m;
};

FIXTURE_SETUP(ready)
{
	uint32_t listener;
	char name[64];
	int i;

	self->fd = ipc_open();
	self->other = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_GE(self->other, 0);
	strcpy(name, fresh_name());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(ipc_connect(self->other, name, &self->there));
	ASSERT_OK(ipc_accept(self->fd, listener, &self->here));
	ASSERT_OK(ipc_close(self->fd, listener));
	for (i = 0; i < PIPES; i++)
		ASSERT_OK(ipc_create(self->fd, self->h[i]));
}

FIXTURE_TEARDOWN(ready)
{
	close(self->fd);
	close(self->other);
}

static int set_priority(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(0, policy, &param) ? -errno : 0;
}

/* Send its name through a pipe, as a thread of this priority. */
static int send_at(FIXTURE_DATA(ready) * self, int i, int priority,
		   const char *text)
{
	int ret = set_priority(priority ? SCHED_FIFO : SCHED_OTHER, priority);

	if (!ret)
		ret = ipc_send_str(self->fd, self->h[i][0], 1, text);
	if (priority)
		set_priority(SCHED_OTHER, 0);
	return ret;
}

static int tag(int fd, uint32_t handle, uint64_t cookie, uint32_t flags)
{
	struct capipc_tag a = { .size = sizeof(a),
				.handle = handle,
				.flags = flags,
				.cookie = cookie };

	return ipc_ioctl(fd, CAPIPC_IOC_TAG, &a);
}

#define EXPECT_NEXT(text)                                   \
	do {                                                \
		ASSERT_OK(ipc_tryrecv(self->fd, &self->m)); \
		EXPECT_STREQ(text, self->m.data);           \
	} while (0)

/* One message of each, in the order in which they became ready. */
TEST_F(ready, in_turn)
{
	char text[8];
	int i, k;

	for (k = 0; k < 3; k++) {
		for (i = 0; i < PIPES; i++) {
			snprintf(text, sizeof(text), "%d.%d", i, k);
			ASSERT_OK(send_at(self, i, 0, text));
		}
	}
	for (k = 0; k < 3; k++) {
		for (i = 0; i < PIPES; i++) {
			snprintf(text, sizeof(text), "%d.%d", i, k);
			EXPECT_NEXT(text);
		}
	}
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* The more urgent the sender the sooner; those before it in its pipe, too. */
TEST_F(ready, urgent_first)
{
	ASSERT_OK(send_at(self, 0, 0, "ordinary"));
	ASSERT_OK(send_at(self, 1, 0, "before"));
	ASSERT_OK(send_at(self, 2, 1, "low"));
	ASSERT_OK(send_at(self, 3, 50, "middle"));
	ASSERT_OK(send_at(self, 4, 99, "high"));
	ASSERT_OK(send_at(self, 1, 99, "urgent"));
	EXPECT_NEXT("high");
	EXPECT_NEXT("before");
	EXPECT_NEXT("urgent");
	EXPECT_NEXT("middle");
	EXPECT_NEXT("low");
	EXPECT_NEXT("ordinary");
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));

	/* what was urgent there is over */
	ASSERT_OK(send_at(self, 0, 0, "first"));
	ASSERT_OK(send_at(self, 1, 0, "second"));
	EXPECT_NEXT("first");
	EXPECT_NEXT("second");
}

/* A withdrawn request, and a message that does not fit, count as they should. */
TEST_F(ready, urgent_withdrawn)
{
	struct capipc_call call = {
		.handle = self->h[0][0],
		.deadline_ns = ipc_now() + 50000000,
	};

	ASSERT_OK(send_at(self, 1, 0, "ordinary"));
	ASSERT_OK(set_priority(SCHED_FIFO, 50));
	EXPECT_ERR(ETIMEDOUT, ipc_do_call(self->fd, &call));
	ASSERT_OK(set_priority(SCHED_OTHER, 0));
	ASSERT_OK(send_at(self, 0, 0, "late"));
	EXPECT_NEXT("ordinary");
	EXPECT_NEXT("late");

	ASSERT_OK(send_at(self, 0, 0, "ordinary"));
	ASSERT_OK(send_at(self, 1, 50, "does not fit"));
	self->m.r = (struct capipc_receive){ .flags = CAPIPC_NOWAIT };
	EXPECT_ERR(EMSGSIZE, ipc_do_receive(self->fd, &self->m.r));
	EXPECT_EQ(self->h[1][1], self->m.r.from);
	/* and now others have their turn */
	EXPECT_NEXT("ordinary");
	EXPECT_NEXT("does not fit");
}

/* Nor does one that cannot be stored: it waits for its next turn among the ordinary. */
TEST_F(ready, urgent_that_faults)
{
	char *hole = map_before_hole(1);

	ASSERT_NE(NULL, hole);
	ASSERT_OK(send_at(self, 0, 0, "ordinary"));
	ASSERT_OK(send_at(self, 1, 50, "cannot be stored"));
	self->m.r = (struct capipc_receive){ .flags = CAPIPC_NOWAIT,
					     .data = ipc_ptr(hole),
					     .data_capacity = 100 };
	EXPECT_ERR(EFAULT, ipc_do_receive(self->fd, &self->m.r));
	EXPECT_NEXT("ordinary");
	EXPECT_NEXT("cannot be stored");
}

/* One that never stops leaves a turn to the others. */
TEST_F(ready, urgent_does_not_starve)
{
	int i, ordinary = 0;

	for (i = 0; i < 2 * TURNS; i++)
		ASSERT_OK(send_at(self, 1, 99, "urgent"));
	ASSERT_OK(send_at(self, 0, 0, "1"));
	ASSERT_OK(send_at(self, 0, 0, "2"));
	for (i = 1; i <= 2 * TURNS; i++) {
		ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
		if (self->m.r.from != self->h[0][1])
			continue;
		ordinary++;
		EXPECT_EQ(0, i % TURNS);
	}
	EXPECT_EQ(2, ordinary);
}

/* Nor do those in between starve. */
TEST_F(ready, urgent_in_between)
{
	int i, middle = 0, ordinary = 0;

	for (i = 0; i < 4 * TURNS; i++)
		ASSERT_OK(send_at(self, 1, 99, "urgent"));
	for (i = 0; i < 4; i++) {
		ASSERT_OK(send_at(self, 2, 1, "middle"));
		ASSERT_OK(send_at(self, 0, 0, "ordinary"));
	}
	for (i = 1; i <= 4 * TURNS; i++) {
		ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
		middle += self->m.r.from == self->h[2][1];
		ordinary += self->m.r.from == self->h[0][1];
	}
	EXPECT_EQ(2, middle);
	EXPECT_EQ(2, ordinary);
}

/* A listener has its turn by who connects. */
TEST_F(ready, urgent_connection)
{
	uint32_t listener, client;
	char name[64];

	strcpy(name, fresh_name());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(send_at(self, 0, 0, "ordinary"));
	ASSERT_OK(set_priority(SCHED_RR, 10));
	ASSERT_OK(ipc_connect(self->other, name, &client));
	ASSERT_OK(set_priority(SCHED_OTHER, 0));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_CONNECTION, self->m.r.type);
	EXPECT_NEXT("ordinary");
}

struct sleeper {
	pthread_t thread;
	int fd, ret;
	long switches; /* while it waited */
	struct ipc_message m;
};

static void *sleeps(void *arg)
{
	struct sleeper *s = arg;
	struct rusage before, after;

	getrusage(RUSAGE_THREAD, &before);
	s->ret = ipc_recv(s->fd, &s->m);
	getrusage(RUSAGE_THREAD, &after);
	s->switches = after.ru_nvcsw - before.ru_nvcsw;
	return NULL;
}

/* A message wakes one of those who wait: each has slept once. */
TEST_F(ready, wakes_one)
{
	struct sleeper s[THREADS] = { 0 };
	long switches = 0;
	int i;

	for (i = 0; i < THREADS; i++) {
		s[i].fd = self->fd;
		ASSERT_EQ(0, pthread_create(&s[i].thread, NULL, sleeps, &s[i]));
	}
	/* all of them asleep, and then one message after the other */
	usleep(200000);
	for (i = 0; i < THREADS; i++) {
		ASSERT_OK(send_at(self, i, 0, "wake up"));
		usleep(50000);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(s[i].thread, NULL);
		EXPECT_OK(s[i].ret);
		switches += s[i].switches;
	}
	/* all woken by each would be 6 + 5 + 4 + 3 + 2 + 1 */
	EXPECT_GE(THREADS + 4, switches);
}

/* Fill the window without waiting. */
static int fill(int fd, uint32_t handle)
{
	int n = 0, ret;

	do {
		ret = ipc_trysend(fd, handle, 1, "x", 1);
		n += !ret;
	} while (!ret);
	return ret == -EAGAIN ? n : ret;
}

TEST_F(ready, writable)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int n, i;

	/* nobody has asked */
	ASSERT_LT(0, n = fill(self->fd, self->here));
	for (i = 0; i < n; i++)
		ASSERT_OK(ipc_tryrecv(self->other, &self->m));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));

	ASSERT_OK(tag(self->fd, self->here, 77, CAPIPC_TAG_WRITABLE));
	ASSERT_EQ(n, fill(self->fd, self->here));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->fd, &ev));
	for (i = 0; i < n / 2 - 1; i++)
		ASSERT_OK(ipc_tryrecv(self->other, &self->m));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	for (; i < n; i++)
		ASSERT_OK(ipc_tryrecv(self->other, &self->m));
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 0));
	/* before messages, and once */
	ASSERT_OK(ipc_send_str(self->other, self->there, 1, "message"));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_WRITABLE, self->m.r.type);
	EXPECT_EQ(self->here, self->m.r.from);
	EXPECT_EQ(77, self->m.r.cookie);
	EXPECT_EQ(0, self->m.r.stamp.id);
	EXPECT_NEXT("message");
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));

	/* not without a refusal */
	for (i = 0; i < n; i++)
		ASSERT_OK(ipc_trysend(self->fd, self->here, 1, "x", 1));
	for (i = 0; i < n; i++)
		ASSERT_OK(ipc_tryrecv(self->other, &self->m));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	/* nor any more, if it is not wanted */
	ASSERT_EQ(n, fill(self->fd, self->here));
	ASSERT_OK(tag(self->fd, self->here, 0, 0));
	for (i = 0; i < n; i++)
		ASSERT_OK(ipc_tryrecv(self->other, &self->m));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	close(ep);
}

/* A result that cannot be written leaves the news where it was. */
TEST_F(ready, news_is_not_lost)
{
	long page = sysconf(_SC_PAGESIZE);
	struct capipc_receive *r = mmap(NULL, page, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int n, i;

	ASSERT_NE(MAP_FAILED, r);
	ASSERT_OK(tag(self->fd, self->here, 0, CAPIPC_TAG_WRITABLE));
	ASSERT_LT(0, n = fill(self->fd, self->here));
	for (i = 0; i < n; i++)
		ASSERT_OK(ipc_tryrecv(self->other, &self->m));
	r->size = sizeof(*r);
	r->flags = CAPIPC_NOWAIT;
	ASSERT_EQ(0, mprotect(r, page, PROT_READ));
	EXPECT_ERR(EFAULT, ipc_ioctl(self->fd, CAPIPC_IOC_RECEIVE, r));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_WRITABLE, self->m.r.type);
	munmap(r, page);
}

/* Give h[0][1] to the other context. Returns its handle there, or 0. */
static uint32_t give(FIXTURE_DATA(ready) * self, uint32_t handle)
{
	if (ipc_send_handle(self->fd, self->here, "", handle) ||
	    ipc_tryrecv(self->other, &self->m))
		return 0;
	return self->m.att[0].handle;
}

TEST_F(ready, peer_changed)
{
	uint32_t end = self->h[0][0], given;

	ASSERT_OK(tag(self->fd, end, 5, CAPIPC_TAG_PEER_CHANGED));
	/* sent, but not received; and a send that fails */
	ASSERT_OK(ipc_send_handle(self->fd, self->here, "", self->h[0][1]));
	EXPECT_ERR(EBADF,
		   ipc_send_handle(self->fd, self->here, "", self->h[0][1]));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	ASSERT_OK(ipc_tryrecv(self->other, &self->m));
	given = self->m.att[0].handle;
	ASSERT_OK(ipc_send_str(self->other, given, 1, "hello"));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CHANGED, self->m.r.type);
	EXPECT_EQ(end, self->m.r.from);
	EXPECT_EQ(5, self->m.r.cookie);
	EXPECT_NEXT("hello");
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));

	/* back again: it has changed */
	ASSERT_OK(ipc_send_handle(self->other, self->there, "", given));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(1, self->m.r.attachments_count);
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CHANGED, self->m.r.type);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

/* A client is told that the server has taken the connection. */
TEST_F(ready, connection_taken)
{
	uint32_t listener, client, server;
	char name[64];

	strcpy(name, fresh_name());
	ASSERT_OK(ipc_listen(self->other, name, &listener));
	ASSERT_OK(ipc_connect(self->fd, name, &client));
	ASSERT_OK(tag(self->fd, client, 0, CAPIPC_TAG_PEER_CHANGED));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	ASSERT_OK(ipc_accept(self->other, listener, &server));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CHANGED, self->m.r.type);
	EXPECT_EQ(client, self->m.r.from);
}

/* What a holder asked for is its own, and so is what it was not told yet. */
TEST_F(ready, stays_behind)
{
	uint32_t given, moved;

	ASSERT_OK(tag(self->fd, self->h[0][0], 0,
		      CAPIPC_TAG_PEER_CHANGED | CAPIPC_TAG_WRITABLE));
	ASSERT_NE(0, given = give(self, self->h[0][1]));
	/* there is news; it is not what the next holder is told */
	ASSERT_NE(0, moved = give(self, self->h[0][0]));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->other, &self->m));
	/* nor does it hear of what comes */
	ASSERT_OK(ipc_send_handle(self->other, self->there, "", given));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->other, &self->m));
	ASSERT_OK(ipc_close(self->other, moved));
}

TEST_F(ready, what_cannot_be_told)
{
	uint32_t listener, ends[2];
	struct capipc_inspect insp;

	ASSERT_OK(ipc_listen(self->fd, fresh_name(), &listener));
	ASSERT_OK(ipc_data_pipe(self->fd, 16, 1, ends));
	ASSERT_OK(tag(self->fd, listener, 3, 0));
	EXPECT_ERR(EINVAL, tag(self->fd, listener, 4, CAPIPC_TAG_WRITABLE));
	EXPECT_ERR(EINVAL, tag(self->fd, ends[0], 4, CAPIPC_TAG_WRITABLE));
	EXPECT_ERR(EINVAL, tag(self->fd, self->here, 4, 4));
	ASSERT_OK(ipc_do_inspect(self->fd, listener, &insp));
	EXPECT_EQ(3, insp.cookie);
	ASSERT_OK(ipc_do_inspect(self->fd, self->here, &insp));
	EXPECT_EQ(0, insp.cookie);
}

TEST_HARNESS_MAIN
