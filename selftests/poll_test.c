// SPDX-License-Identifier: GPL-2.0
/*
 * Not waiting, and waiting with poll(), select() and epoll.
 */
#include <sys/epoll.h>
#include <sys/select.h>

#include "async.h"

FIXTURE(poll)
{
	int fd;
	uint32_t h[2];
	struct ipc_message m;
};

FIXTURE_SETUP(poll)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
}

FIXTURE_TEARDOWN(poll)
{
	close(self->fd);
}

static int readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int ret = poll(&p, 1, timeout_ms);

	if (ret < 0)
		return -errno;
	return ret ? p.revents : 0;
}

TEST_F(poll, nowait_flag)
{
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, self->h[0], &self->m));
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "x"));
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, self->h[0], &self->m));
	EXPECT_OK(ipc_tryrecv(self->fd, &self->m));
}

TEST_F(poll, nonblocking_file)
{
	static char big[1 << 19];
	struct capipc_send s = { .deadline_ns = CAPIPC_FOREVER,
				 .data = ipc_ptr(big),
				 .data_len = sizeof(big) };
	uint32_t h[2];
	int fd = ipc_open_flags(O_NONBLOCK | O_CLOEXEC);
	int i, ret = 0;

	ASSERT_GE(fd, 0);
	ASSERT_OK(ipc_create(fd, h));
	EXPECT_ERR(EAGAIN, ipc_recv_flags(fd, &self->m, 0, 0, CAPIPC_FOREVER));
	s.handle = h[0];
	for (i = 0; i < 10000 && !ret; i++)
		ret = ipc_do_send(fd, &s);
	EXPECT_ERR(EAGAIN, ret);
	/* and it can be switched */
	ASSERT_EQ(0, fcntl(fd, F_SETFL, 0));
	s.deadline_ns = ipc_in(20);
	EXPECT_ERR(ETIMEDOUT, ipc_do_send(fd, &s));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_ERR(EAGAIN,
		   ipc_recv_flags(self->fd, &self->m, 0, 0, CAPIPC_FOREVER));
}

/* Readable is: something can be received. */
TEST_F(poll, level)
{
	EXPECT_EQ(0, readable(self->fd, 0));
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "1"));
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "2"));
	EXPECT_EQ(POLLIN, readable(self->fd, 0));
	EXPECT_EQ(POLLIN, readable(self->fd, -1));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(POLLIN, readable(self->fd, 0));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(0, readable(self->fd, 0));
	/* a message that is too large for the room is still there */
	ASSERT_OK(ipc_send_str(self->fd, self->h[1], 1, "text"));
	ASSERT_EQ(POLLIN, readable(self->fd, 0));
	self->m.r = (struct capipc_receive){ .flags = CAPIPC_NOWAIT };
	EXPECT_ERR(EMSGSIZE, ipc_do_receive(self->fd, &self->m.r));
	EXPECT_EQ(POLLIN, readable(self->fd, 0));
}

TEST_F(poll, peer_closed)
{
	ASSERT_OK(ipc_close(self->fd, self->h[0]));
	EXPECT_EQ(POLLIN, readable(self->fd, 0));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
	EXPECT_EQ(0, readable(self->fd, 0));
}

TEST_F(poll, connection)
{
	uint32_t listener, ep;
	char name[48];

	snprintf(name, sizeof(name), "selftest/%d/poll", getpid());
	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	EXPECT_EQ(0, readable(self->fd, 0));
	ASSERT_OK(ipc_connect(self->fd, name, &ep));
	EXPECT_EQ(POLLIN, readable(self->fd, 0));
	ASSERT_OK(ipc_accept(self->fd, listener, &ep));
	EXPECT_EQ(0, readable(self->fd, 0));
}

static void sender(struct __test_metadata *_metadata, struct peer *peer)
{
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_OK(sync_wait(peer->sock));
		ASSERT_OK(ipc_send(peer->fd, peer->ep, i, NULL, 0));
	}
	ASSERT_OK(sync_wait(peer->sock));
}

/* Asleep in poll(), select() and epoll_wait(), woken by another process. */
TEST_F(poll, wakes)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = 17 };
	struct timeval tv = { .tv_sec = IPC_SOON_MS / 1000 };
	struct peer peer = { .fn = sender, .fd = self->fd };
	fd_set set;
	int ep;

	PEER_START(&peer);

	ASSERT_OK(sync_post(peer.sock));
	EXPECT_EQ(POLLIN, readable(self->fd, IPC_SOON_MS));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));

	FD_ZERO(&set);
	FD_SET(self->fd, &set);
	ASSERT_OK(sync_post(peer.sock));
	EXPECT_EQ(1, select(self->fd + 1, &set, NULL, NULL, &tv));
	EXPECT_TRUE(FD_ISSET(self->fd, &set));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));

	ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_GE(ep, 0);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->fd, &ev));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	ASSERT_OK(sync_post(peer.sock));
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, IPC_SOON_MS));
	EXPECT_EQ(17, ev.data.u32);
	EXPECT_EQ(EPOLLIN, ev.events);
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(2, self->m.r.ordinal);
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));

	/* and by its death */
	PEER_KILL(&peer);
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, IPC_SOON_MS));
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);
}

TEST_F(poll, edge_triggered)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_GE(ep, 0);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->fd, &ev));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	ASSERT_OK(ipc_send_str(self->fd, self->h[0], 1, "1"));
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 0));
	/* seen; nothing new */
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	/* drained, and then something new: an edge */
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	ASSERT_OK(ipc_send_str(self->fd, self->h[1], 1, "2"));
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 0));
}

static void lends(struct __test_metadata *_metadata, struct peer *peer)
{
	ASSERT_OK(sync_send_fd(peer->sock, peer->fd));
	ASSERT_OK(sync_wait(peer->sock));
	ASSERT_OK(ipc_send_str(peer->fd, peer->ep, 1, "seen by us only"));
	ASSERT_OK(sync_wait(peer->sock));
}

/*
 * Who holds the file of somebody else's context is told that there is nothing
 * for him there, and the end of that context is no harm to who watches it.
 */
TEST_F(poll, of_another_process)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT };
	struct peer peer = { .fn = lends, .fd = self->fd };
	int ep = epoll_create1(EPOLL_CLOEXEC), fd;

	ASSERT_GE(ep, 0);
	PEER_START(&peer);
	ASSERT_OK(sync_recv_fd(peer.sock, &fd));
	EXPECT_EQ(POLLERR | POLLHUP, readable(fd, 0));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 0));
	EXPECT_EQ(EPOLLERR | EPOLLHUP, ev.events);
	/* what is to be received there does not show */
	ASSERT_OK(ipc_send_str(self->fd, peer.ep, 1, "x"));
	EXPECT_EQ(POLLERR | POLLHUP, readable(fd, 0));
	ASSERT_OK(sync_post(peer.sock));
	ASSERT_OK(ipc_recv_from(self->fd, peer.ep, &self->m));
	PEER_KILL(&peer);
	EXPECT_EQ(POLLERR | POLLHUP, readable(fd, IPC_SOON_MS));
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, IPC_SOON_MS));
	EXPECT_EQ(EPOLLERR | EPOLLHUP, ev.events);
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
}

/* A context's file in epoll, and that in the socket of a process that dies. */
TEST_F(poll, closed_while_watched)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int fd = ipc_open();

	ASSERT_GE(ep, 0);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	ASSERT_EQ(0, close(ep));
}

TEST_HARNESS_MAIN
