// SPDX-License-Identifier: GPL-2.0
/*
 * Invitations: they are accepted once, by one, or end in another way, and
 * either way everything is where it has to be and the inviter knows.
 */
#include "async.h"
#include "capipc_test_invitation.h"

FIXTURE(invitation)
{
	int fd; /* the inviter's */
	int guest_fd;
	uint32_t p[2]; /* p[1] is what is attached */
	int invitation;
	uint32_t handle;
	struct guest g;
	struct ipc_message m;
};

FIXTURE_SETUP(invitation)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	self->guest_fd = ipc_open();
	ASSERT_GE(self->guest_fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->p));
	ASSERT_OK(ipc_invite(self->fd, self->p[1], &self->invitation,
			     &self->handle));
}

FIXTURE_TEARDOWN(invitation)
{
	close(self->fd);
	close(self->guest_fd);
	close(self->invitation);
}

static int poll_fd(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

/* It is still open, and the one endpoint is in it. */
static int untouched(int guest_fd, int invitation, uint32_t *got)
{
	struct guest g;
	int ret = ipc_accept_all(guest_fd, invitation, &g);

	*got = g.in[0].handle;
	return ret;
}

TEST_F(invitation, accepted)
{
	struct capipc_inspect i;
	uint32_t got;

	EXPECT_ERR(EBADF, ipc_alive(self->fd, self->p[1]));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->invitation, F_GETFD));
	EXPECT_EQ(POLLIN, poll_fd(self->invitation));
	ASSERT_OK(ipc_do_inspect(self->fd, self->handle, &i));
	EXPECT_EQ(CAPIPC_KIND_INVITATION, i.kind);
	EXPECT_EQ(CAPIPC_RIGHT_READ, i.rights);
	EXPECT_EQ(INVITE_COOKIE, i.cookie);
	EXPECT_EQ(0, i.queued);
	EXPECT_NE(0, i.object_id);
	EXPECT_ERR(EAGAIN, ipc_tryrecv_from(self->fd, self->handle, &self->m));
	/* what is sent meanwhile waits there */
	ASSERT_OK(ipc_send_str(self->fd, self->p[0], 1, "one"));
	ASSERT_OK(ipc_send_str(self->fd, self->p[0], 2, "two"));

	ASSERT_OK(ipc_accept_all(self->guest_fd, self->invitation, &self->g));
	EXPECT_EQ(1, self->g.a.attachments_count);
	EXPECT_EQ(0, self->g.a.terms);
	EXPECT_EQ(getpid(), self->g.a.stamp.pid);
	EXPECT_EQ(1, self->g.in[0].name);
	EXPECT_EQ(CAPIPC_KIND_ENDPOINT, self->g.in[0].kind);
	EXPECT_EQ(IPC_RIGHTS_ENDPOINT, self->g.in[0].rights);
	EXPECT_EQ(0, self->g.in[0].reserved);
	EXPECT_EQ(IPC_POISON64, self->g.in[1].name);
	got = self->g.in[0].handle;
	ASSERT_OK(ipc_do_inspect(self->guest_fd, got, &i));
	EXPECT_EQ(0, i.cookie);
	EXPECT_EQ(IPC_RIGHTS_ENDPOINT, i.rights);
	EXPECT_EQ(POLLHUP, poll_fd(self->invitation));

	/* the inviter is told once */
	ASSERT_OK(ipc_tryrecv(self->fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_ACCEPTED, self->m.r.type);
	EXPECT_EQ(self->handle, self->m.r.from);
	EXPECT_EQ(INVITE_COOKIE, self->m.r.cookie);
	EXPECT_EQ(getpid(), self->m.r.stamp.pid);
	EXPECT_EQ(0, self->m.r.stamp.flags);
	EXPECT_NE(0, self->m.r.stamp.id);
	EXPECT_EQ(0, self->m.r.data_len);
	EXPECT_EQ(0, self->m.r.attachments_count);
	EXPECT_EQ(0, self->m.r.reply_handle);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_ERR(EPIPE, ipc_tryrecv_from(self->fd, self->handle, &self->m));

	/* in order, before and after */
	ASSERT_OK(ipc_send_str(self->fd, self->p[0], 3, "three"));
	ASSERT_OK(ipc_recv(self->guest_fd, &self->m));
	EXPECT_STREQ("one", self->m.data);
	EXPECT_EQ(got, self->m.r.from);
	ASSERT_OK(ipc_recv(self->guest_fd, &self->m));
	EXPECT_STREQ("two", self->m.data);
	ASSERT_OK(ipc_recv(self->guest_fd, &self->m));
	EXPECT_STREQ("three", self->m.data);
	ASSERT_OK(ipc_send_str(self->guest_fd, got, 4, "back"));
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_STREQ("back", self->m.data);

	/* once */
	EXPECT_ERR(ESTALE,
		   ipc_accept_all(self->guest_fd, self->invitation, &self->g));
	/* what is left can go in any order, and takes nothing with it */
	EXPECT_OK(ipc_close(self->fd, self->handle));
	EXPECT_EQ(0, close(self->invitation));
	self->invitation = -1;
	EXPECT_OK(ipc_send_str(self->fd, self->p[0], 5, "five"));
	EXPECT_OK(ipc_recv(self->guest_fd, &self->m));
}

TEST_F(invitation, many_of_two_kinds)
{
	struct capipc_invited in[CAPIPC_INVITED_MAX];
	uint32_t h[2], far[CAPIPC_INVITED_MAX], listener;
	struct capipc_invite a;
	unsigned int i;

	ipc_invite_fill(&a, in, 0);
	for (i = 0; i < CAPIPC_INVITED_MAX; i++) {
		ASSERT_OK(ipc_create(self->fd, h));
		far[i] = h[0];
		in[i] = (struct capipc_invited){
			.name = 0xffffffffffffffffULL - i,
			.handle = h[1],
			.rights = i % 2 ? CAPIPC_RIGHTS_SAME :
					  CAPIPC_RIGHT_READ,
		};
	}
	ASSERT_OK(ipc_listen(self->fd, fresh_name(), &listener));
	ASSERT_OK(ipc_close(self->fd, in[40].handle));
	in[40].handle = listener;
	a.attachments_count = CAPIPC_INVITED_MAX;
	ASSERT_OK(ipc_do_invite(self->fd, &a));
	ASSERT_OK(ipc_accept_all(self->guest_fd, a.fd, &self->g));
	ASSERT_EQ(CAPIPC_INVITED_MAX, self->g.a.attachments_count);
	for (i = 0; i < CAPIPC_INVITED_MAX; i++) {
		EXPECT_EQ(in[i].name, self->g.in[i].name);
		EXPECT_EQ(i == 40 ? CAPIPC_KIND_LISTENER : CAPIPC_KIND_ENDPOINT,
			  self->g.in[i].kind);
		EXPECT_EQ(i % 2 ? IPC_RIGHTS_ENDPOINT : CAPIPC_RIGHT_READ,
			  self->g.in[i].rights);
		if (i == 40)
			continue;
		EXPECT_OK(ipc_send_str(self->fd, far[i], 1, "x"));
		EXPECT_EQ(1, ipc_queued(self->guest_fd, self->g.in[i].handle))
		TH_LOG("attachment %u", i);
	}
	close(a.fd);
}

/* A name stays bound while its listener is in an invitation. */
TEST_F(invitation, of_a_listener)
{
	uint32_t listener, second, end, server_end, handle;
	const char *name = fresh_name();
	int invitation;

	ASSERT_OK(ipc_listen(self->fd, name, &listener));
	ASSERT_OK(ipc_invite(self->fd, listener, &invitation, &handle));
	EXPECT_ERR(EADDRINUSE, ipc_listen(self->fd, name, &second));
	ASSERT_OK(ipc_connect(self->fd, name, &end));
	ASSERT_OK(ipc_send_str(self->fd, end, 1, "early"));
	ASSERT_OK(ipc_accept_all(self->guest_fd, invitation, &self->g));
	EXPECT_EQ(CAPIPC_KIND_LISTENER, self->g.in[0].kind);
	EXPECT_EQ(IPC_RIGHTS_LISTENER, self->g.in[0].rights);
	ASSERT_OK(
		ipc_accept(self->guest_fd, self->g.in[0].handle, &server_end));
	ASSERT_OK(ipc_recv_from(self->guest_fd, server_end, &self->m));
	EXPECT_STREQ("early", self->m.data);
	close(invitation);

	/* one that nobody accepts frees the name */
	ASSERT_OK(ipc_listen(self->fd, fresh_name(), &listener));
	ASSERT_OK(ipc_invite(self->fd, listener, &invitation, &handle));
	close(invitation);
	EXPECT_OK(ipc_listen(self->fd, fresh_name(), &second));
}

/* ------------------------------------------------------------- how it ends */

/* What it held is closed, and nobody can accept. */
#define EXPECT_OVER(err)                                                       \
	do {                                                                   \
		EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->p[0], 1, "x")); \
		EXPECT_ERR(err, ipc_accept_all(self->guest_fd,                 \
					       self->invitation, &self->g));   \
		EXPECT_EQ(POLLHUP, poll_fd(self->invitation));                 \
		ASSERT_OK(ipc_tryrecv_from(self->fd, self->p[0], &self->m));   \
		EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, self->m.r.type);        \
	} while (0)

TEST_F(invitation, withdrawn)
{
	ASSERT_OK(ipc_close(self->fd, self->handle));
	EXPECT_OVER(ESTALE);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
}

TEST_F(invitation, inviter_gone)
{
	const char *name = fresh_name();
	uint32_t listener, end, watch, handle;
	int invitation;

	/* the other end of what is attached is not the inviter's */
	ASSERT_OK(ipc_listen(self->guest_fd, name, &listener));
	ASSERT_OK(ipc_connect(self->fd, name, &end));
	ASSERT_OK(ipc_accept(self->guest_fd, listener, &watch));
	ASSERT_OK(ipc_invite(self->fd, end, &invitation, &handle));
	EXPECT_OK(ipc_send_str(self->guest_fd, watch, 1, "x"));
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_ERR(EPIPE, ipc_send_str(self->guest_fd, watch, 1, "x"));
	EXPECT_ERR(ESTALE,
		   ipc_accept_all(self->guest_fd, invitation, &self->g));
	EXPECT_EQ(POLLHUP, poll_fd(invitation));
	close(invitation);
}

TEST_F(invitation, dropped_with_the_last_descriptor)
{
	int other = dup(self->invitation);

	close(self->invitation);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_OK(ipc_send_str(self->fd, self->p[0], 1, "x"));
	close(other);
	self->invitation = -1;
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->p[0], 1, "x"));
	EXPECT_EQ(CAPIPC_RECEIVED_INVITATION_CLOSED,
		  ipc_news(self->fd, self->handle, &self->m));
	EXPECT_EQ(INVITE_COOKIE, self->m.r.cookie);
	EXPECT_EQ(self->handle, self->m.r.from);
	EXPECT_EQ(0, self->m.r.stamp.id);
	EXPECT_EQ(0, self->m.r.stamp.pid);
	EXPECT_ERR(EPIPE, ipc_tryrecv_from(self->fd, self->handle, &self->m));
	EXPECT_OK(ipc_close(self->fd, self->handle));
}

/* Both nearly at once: the news that was not read goes with the handle. */
TEST_F(invitation, closed_with_news_unread)
{
	ASSERT_OK(ipc_accept_all(self->guest_fd, self->invitation, &self->g));
	EXPECT_EQ(1, ipc_queued(self->fd, self->handle));
	EXPECT_OK(ipc_close(self->fd, self->handle));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(self->fd, &self->m));
	EXPECT_OK(ipc_send_str(self->fd, self->p[0], 1, "x"));
}

TEST_F(invitation, expired)
{
	int64_t when = ipc_in(300);

	ASSERT_OK(ipc_close(self->fd, self->handle));
	close(self->invitation);
	ASSERT_OK(ipc_create(self->fd, self->p));
	ASSERT_OK(ipc_invite_full(self->fd, self->p[1], &invite_anyone, 1, 0,
				  when, &self->invitation, &self->handle));
	/* told without anybody having tried */
	EXPECT_EQ(CAPIPC_RECEIVED_INVITATION_CLOSED,
		  ipc_news(self->fd, self->handle, &self->m));
	EXPECT_LE(when, ipc_now());
	EXPECT_GT(when + 5000000000LL, ipc_now());
	EXPECT_OVER(ETIMEDOUT);
	/* and closing it then is nothing new */
	close(self->invitation);
	EXPECT_ERR(EPIPE, ipc_tryrecv_from(self->fd, self->handle, &self->m));
}

TEST_F(invitation, not_yet_expired)
{
	int64_t when = ipc_in(60000);
	uint32_t p[2], handle, far;
	int invitation;

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_invite_full(self->fd, p[1], &invite_anyone, 1, 0, when,
				  &invitation, &handle));
	ASSERT_OK(ipc_accept_all(self->guest_fd, invitation, &self->g));
	close(invitation);
	/* farther away than a timer can be set, and then forgotten */
	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_invite_full(self->fd, p[1], &invite_anyone, 1, 0,
				  CAPIPC_FOREVER - 1, &invitation, &far));
	ASSERT_OK(ipc_close(self->fd, far));
	close(invitation);
}

/* A thread that waits for it learns at once. */
TEST_F(invitation, wakes_who_waits)
{
	struct async_receive r[2];
	int i, eof = 0, told = 0;

	for (i = 0; i < 2; i++) {
		ASSERT_OK(async_receive(&r[i], self->fd, self->handle,
					ipc_soon()));
		ASSERT_OK(async_wait_asleep(&r[i].async));
	}
	ASSERT_OK(ipc_accept_all(self->guest_fd, self->invitation, &self->g));
	for (i = 0; i < 2; i++) {
		int ret = async_receive_join(&r[i]);

		told += !ret && r[i].m.r.type == CAPIPC_RECEIVED_ACCEPTED;
		eof += ret == -EPIPE;
	}
	EXPECT_EQ(1, told);
	EXPECT_EQ(1, eof);
}

/* And one that polls. */
TEST_F(invitation, polls)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN };

	EXPECT_EQ(0, poll(&p, 1, 0));
	ASSERT_OK(ipc_accept_all(self->guest_fd, self->invitation, &self->g));
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLIN, p.revents);
}

/* ---------------------------------------------------------------- the file */

TEST_F(invitation, descriptor_does_nothing_else)
{
	struct capipc_attachment att = { .handle = self->invitation,
					 .kind = CAPIPC_KIND_FILE };
	char path[64], c = 0;
	uint32_t h[2], got;
	int fd;

	EXPECT_EQ(-1, read(self->invitation, &c, 1));
	EXPECT_EQ(-1, write(self->invitation, &c, 1));
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->invitation, 0));
	EXPECT_ERR(ENOTTY,
		   ipc_ioctl(self->invitation, CAPIPC_IOC_INFO, &self->g));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->invitation);
	EXPECT_EQ(-1, open(path, O_RDONLY | O_CLOEXEC));
	/* one that only names it */
	fd = open(path, O_PATH | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_ERR(EBADF, ipc_accept_all(self->guest_fd, fd, &self->g));
	close(fd);

	ASSERT_OK(ipc_create(self->fd, h));
	EXPECT_ERR(EPERM, ipc_send_full(self->fd, h[0], 1, "x", 1, &att, 1));
	EXPECT_EQ(0, ipc_queued(self->fd, h[1]));
	EXPECT_OK(untouched(self->guest_fd, self->invitation, &got));
	EXPECT_ERR(EPERM, ipc_send_full(self->fd, h[0], 1, "x", 1, &att, 1));
}

TEST_F(invitation, handle_does_nothing_else)
{
	struct capipc_report report = { .handle = self->handle };
	struct capipc_restrict restr = { .rules = ipc_ptr(&invite_anyone),
					 .rules_count = 1,
					 .rule_size = sizeof(invite_anyone),
					 .handle = self->handle };
	struct capipc_query q = { .handle = self->handle };
	struct capipc_inspect i;
	uint32_t h[2];

	ASSERT_OK(ipc_create(self->fd, h));
	EXPECT_ERR(EPERM, ipc_send_handle(self->fd, h[0], "", self->handle));
	EXPECT_ERR(EPROTOTYPE, ipc_send_str(self->fd, self->handle, 1, "x"));
	EXPECT_ERR(EPROTOTYPE, ipc_reply_str(self->fd, self->handle, "x"));
	EXPECT_ERR(EPROTOTYPE, ipc_do_restrict(self->fd, &restr));
	EXPECT_ERR(ESTALE, ipc_do_query(self->fd, &q));
	EXPECT_ERR(EPROTOTYPE, ipc_do_report(self->fd, &report));
	EXPECT_OK(ipc_tag(self->fd, self->handle, 77));
	ASSERT_OK(ipc_accept_all(self->guest_fd, self->invitation, &self->g));
	EXPECT_ERR(EPROTOTYPE, ipc_do_report(self->fd, &report));
	ASSERT_EQ(CAPIPC_RECEIVED_ACCEPTED,
		  ipc_news(self->fd, self->handle, &self->m));
	EXPECT_EQ(77, self->m.r.cookie);

	/* who was it? */
	ASSERT_OK(ipc_do_query(self->fd, &q));
	EXPECT_EQ(self->m.r.stamp.id, q.stamp.id);
	EXPECT_EQ(getpid(), q.stamp.pid);
	EXPECT_EQ(CAPIPC_QUERY_ALIVE, q.state & CAPIPC_QUERY_ALIVE);
	q = (struct capipc_query){ .handle = self->handle,
				   .stamp_id = self->m.r.stamp.id };
	EXPECT_OK(ipc_do_query(self->fd, &q));
	q = (struct capipc_query){ .handle = self->handle,
				   .stamp_id = self->m.r.stamp.id + 1 };
	EXPECT_ERR(ESTALE, ipc_do_query(self->fd, &q));
	report.stamp_id = self->m.r.stamp.id;
	EXPECT_ERR(EPROTOTYPE, ipc_do_report(self->fd, &report));
	EXPECT_OK(ipc_do_inspect(self->fd, self->handle, &i));
}

TEST_F(invitation, survives_exec_only_if_asked)
{
	uint32_t p[2], handle;
	int invitation;

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_invite_full(self->fd, p[1], &invite_anyone, 1,
				  CAPIPC_INVITE_INHERIT, CAPIPC_FOREVER,
				  &invitation, &handle));
	EXPECT_EQ(0, fcntl(invitation, F_GETFD));
	close(invitation);
}

TEST_HARNESS_MAIN
