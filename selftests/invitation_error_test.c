// SPDX-License-Identifier: GPL-2.0
/*
 * Inviting and accepting wrongly: each error by its number, and nothing has
 * changed.
 */
#include <sys/resource.h>

#include "async.h"
#include "capipc_test_invitation.h"

#define LIMIT "/sys/module/capipc/parameters/max_handles_per_context"
#define PAGE  4096

FIXTURE(inviting)
{
	int fd, guest_fd;
	uint32_t p[2], q[2];
	struct capipc_invite a;
	struct capipc_invited in[CAPIPC_INVITED_MAX + 1];
	struct capipc_rule rules[CAPIPC_RULES_MAX + 1];
	struct guest g;
	struct ipc_message m;
	char limit[32];
};

/* A valid request with both ends of p, which the tests then break. */
static void valid(FIXTURE_DATA(inviting) * self)
{
	memset(self->rules, 0, sizeof(self->rules));
	memset(self->in, 0, sizeof(self->in));
	ipc_invite_fill(&self->a, &self->in[0], self->p[0]);
	self->in[1] = (struct capipc_invited){ .name = 2,
					       .handle = self->p[1],
					       .rights = CAPIPC_RIGHT_READ };
	self->a.attachments_count = 2;
	self->a.rules = ipc_ptr(self->rules);
}

FIXTURE_SETUP(inviting)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	self->guest_fd = ipc_open();
	ASSERT_GE(self->guest_fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->p));
	ASSERT_OK(ipc_create(self->fd, self->q));
	ASSERT_LT(0, get_text(self->limit, sizeof(self->limit), LIMIT));
	valid(self);
}

FIXTURE_TEARDOWN(inviting)
{
	EXPECT_OK(put_text(LIMIT, self->limit));
	close(self->fd);
	close(self->guest_fd);
}

static int next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* The handles are where they were, no descriptor is new, and it works. */
static int unchanged(FIXTURE_DATA(inviting) * self, int fds)
{
	struct capipc_inspect i;
	int n, ret;

	for (n = 0; n < 2; n++) {
		ret = ipc_do_inspect(self->fd, self->p[n], &i);
		if (ret || i.rights != IPC_RIGHTS_ENDPOINT || i.state)
			return ret ? ret : -EPROTO;
		ret = ipc_send_str(self->fd, self->p[n], 5, "still here");
		if (!ret)
			ret = ipc_recv_from(self->fd, self->p[!n], &self->m);
		if (ret)
			return ret;
	}
	return next_fd() == fds ? 0 : -EMFILE;
}

#define REFUSED(err)                                                \
	do {                                                        \
		int __fds = next_fd();                              \
		EXPECT_ERR(err, ipc_do_invite(self->fd, &self->a)); \
		EXPECT_OK(unchanged(self, __fds));                  \
		EXPECT_EQ(IPC_POISON32, self->a.handle);            \
		valid(self);                                        \
	} while (0)

TEST_F(inviting, malformed)
{
	uint32_t fl;

	for (fl = 2; fl < 32; fl++) {
		self->a.flags = 1U << fl;
		REFUSED(EINVAL);
	}
	self->a.reserved = 1;
	REFUSED(EINVAL);
	self->a.attachments_count = 0;
	REFUSED(EINVAL);
	self->a.attachments_count = CAPIPC_INVITED_MAX + 1;
	REFUSED(EINVAL);
	self->a.attachments_count = 0xffffffff;
	REFUSED(EINVAL);
	self->in[1].kind = CAPIPC_KIND_ENDPOINT;
	REFUSED(EINVAL);
	self->in[1].reserved = 1;
	REFUSED(EINVAL);
	/* the same name, the same handle */
	self->in[1].name = 1;
	REFUSED(EINVAL);
	self->in[1].handle = self->p[0];
	REFUSED(EINVAL);
}

TEST_F(inviting, past)
{
	const int64_t past[] = { 0, 1, -1, INT64_MIN, ipc_now() - 1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(past); i++) {
		self->a.expires_ns = past[i];
		REFUSED(ETIMEDOUT);
	}
}

TEST_F(inviting, bad_rules)
{
	self->rules[0].ordinal_last = 1;
	REFUSED(EINVAL);
	self->rules[0].facet = 1;
	REFUSED(EINVAL);
	self->rules[0].match = 1U << 31;
	REFUSED(EINVAL);
	self->rules[0].uid = 1;
	REFUSED(EINVAL);
	self->rules[0].reserved = 1;
	REFUSED(EINVAL);
	self->a.rule_size = sizeof(struct capipc_rule) - 1;
	REFUSED(EINVAL);
	self->a.rules_count = 0;
	self->a.rule_size = 0;
	REFUSED(EINVAL);
	self->a.rules_count = CAPIPC_RULES_MAX + 1;
	REFUSED(EINVAL);
	self->a.rule_size = 4097;
	REFUSED(E2BIG);
	self->a.rules = 1;
	REFUSED(EFAULT);
}

TEST_F(inviting, bad_handles)
{
	uint32_t stale[2], bare, invitation, pending;
	struct capipc_attachment att;
	struct async_call call;
	int other;

	ASSERT_OK(ipc_create(self->fd, stale));
	ASSERT_OK(ipc_close(self->fd, stale[0]));
	self->in[1].handle = stale[0];
	REFUSED(EBADF);
	self->in[1].handle = 0;
	REFUSED(EBADF);
	self->in[1].handle = 0xffffffff;
	REFUSED(EBADF);

	/* an invitation, a reply handle, a pending call */
	ASSERT_OK(ipc_invite(self->fd, stale[1], &other, &invitation));
	self->in[1].handle = invitation;
	REFUSED(EPROTOTYPE);
	ASSERT_OK(async_call_pending(&call, self->fd, self->q[0], "?"));
	pending = call.a.pending;
	self->in[1].handle = pending;
	REFUSED(EPROTOTYPE);
	ASSERT_OK(ipc_recv_from(self->fd, self->q[1], &self->m));
	self->in[1].handle = self->m.r.reply_handle;
	REFUSED(EPROTOTYPE);
	close(other);

	/* without TRANSFER, and a right that it does not have */
	ASSERT_OK(ipc_create(self->fd, stale));
	att = ipc_attach_rights(stale[0], CAPIPC_RIGHT_READ);
	ASSERT_OK(ipc_send_full(self->fd, self->q[1], 0, "", 0, &att, 1));
	ASSERT_OK(ipc_recv_from(self->fd, self->q[0], &self->m));
	bare = self->m.att[0].handle;
	self->in[1].handle = bare;
	self->in[1].rights = CAPIPC_RIGHTS_SAME;
	REFUSED(EPERM);
	self->in[1].rights = CAPIPC_RIGHT_MAP;
	REFUSED(EPERM);
	self->in[1].rights = CAPIPC_RIGHTS_SAME | CAPIPC_RIGHT_READ;
	REFUSED(EPERM);
}

TEST_F(inviting, unreadable)
{
	char *end = map_before_hole(PAGE) + PAGE;
	struct capipc_invite *a = (void *)(end - sizeof(*a));
	int fds = next_fd();

	memcpy(end - sizeof(self->in[0]), &self->in[0], sizeof(self->in[0]));
	self->a.attachments = ipc_ptr(end - sizeof(self->in[0]));
	REFUSED(EFAULT);
	self->a.attachments = 0;
	REFUSED(EFAULT);

	/* the results cannot be written */
	*a = self->a;
	a->size = sizeof(*a);
	ASSERT_EQ(0, mprotect(end - PAGE, PAGE, PROT_READ));
	EXPECT_ERR(EFAULT, ipc_ioctl(self->fd, CAPIPC_IOC_INVITE, a));
	EXPECT_OK(unchanged(self, fds));
}

TEST_F(inviting, no_descriptor_left)
{
	struct rlimit before, limit;
	int fds = next_fd();

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &before));
	limit = before;
	limit.rlim_cur = fds;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_ERR(EMFILE, ipc_do_invite(self->fd, &self->a));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &before));
	EXPECT_OK(unchanged(self, fds));
}

TEST_F(inviting, no_room)
{
	ASSERT_OK(put_text(LIMIT, "4"));
	REFUSED(EDQUOT);
	/* one for the invitation: those inside had been paid for */
	ASSERT_OK(put_text(LIMIT, "5"));
	ASSERT_OK(ipc_do_invite(self->fd, &self->a));
	/* they are still: no room until the guest has them */
	EXPECT_ERR(EDQUOT, ipc_create(self->fd, self->p));
	ASSERT_OK(ipc_accept_all(self->guest_fd, self->a.fd, &self->g));
	EXPECT_OK(ipc_create(self->fd, self->p));
	close(self->a.fd);
}

/* ---------------------------------------------------------------- accepting */

/* Refused, and yet the one that is right is then let in. */
#define NOT_ACCEPTED(err, by, accept)                                       \
	do {                                                                \
		struct pollfd __p = { .fd = self->a.fd, .events = POLLIN }; \
		EXPECT_ERR(err, ipc_do_accept(by, accept));                 \
		EXPECT_EQ(1, poll(&__p, 1, 0));                             \
		EXPECT_EQ(POLLIN, __p.revents);                             \
		EXPECT_EQ(0, ipc_queued(self->fd, self->a.handle));         \
	} while (0)

TEST_F(inviting, accepted_wrongly)
{
	char *end = map_before_hole(PAGE) + PAGE;
	struct capipc_accept a, *ro = (void *)(end - PAGE);
	struct guest g;
	int other = memfd_create("other", MFD_CLOEXEC), fl, pipes[2];

	ASSERT_OK(ipc_do_invite(self->fd, &self->a));
	a = (struct capipc_accept){ .attachments = ipc_ptr(g.in),
				    .fd = self->a.fd,
				    .attachments_capacity = 2 };
	for (fl = 1; fl < 32; fl++) {
		a.flags = 1U << fl;
		NOT_ACCEPTED(EINVAL, self->guest_fd, &a);
	}
	a.flags = 0;
	a.fd = -1;
	NOT_ACCEPTED(EBADF, self->guest_fd, &a);
	a.fd = 4000;
	NOT_ACCEPTED(EBADF, self->guest_fd, &a);
	a.fd = other;
	NOT_ACCEPTED(EPROTOTYPE, self->guest_fd, &a);
	a.fd = self->fd;
	NOT_ACCEPTED(EPROTOTYPE, self->guest_fd, &a);
	a.fd = self->a.fd;

	/* too little room: how much is needed is told */
	a.attachments_capacity = 1;
	NOT_ACCEPTED(EMSGSIZE, self->guest_fd, &a);
	EXPECT_EQ(2, a.attachments_count);
	EXPECT_EQ(0, a.stamp.id);
	EXPECT_EQ(0, a.terms);
	a.attachments_capacity = 2;

	a.attachments = ipc_ptr(end - sizeof(g.in[0]));
	NOT_ACCEPTED(EFAULT, self->guest_fd, &a);
	a.attachments = 0;
	NOT_ACCEPTED(EFAULT, self->guest_fd, &a);
	a.attachments = ipc_ptr(g.in);
	*ro = a;
	ro->size = sizeof(*ro);
	ASSERT_EQ(0, mprotect(end - PAGE, PAGE, PROT_READ));
	EXPECT_ERR(EFAULT, ipc_ioctl(self->guest_fd, CAPIPC_IOC_ACCEPT, ro));

	/* no room in its table */
	ASSERT_OK(put_text(LIMIT, "1"));
	NOT_ACCEPTED(EDQUOT, self->guest_fd, &a);
	ASSERT_OK(put_text(LIMIT, self->limit));

	/* nothing has been left in the table of the guest */
	ASSERT_EQ(0, pipe2(pipes, O_CLOEXEC));
	ASSERT_OK(ipc_do_accept(self->guest_fd, &a));
	EXPECT_EQ(2, a.attachments_count);
	EXPECT_EQ(CAPIPC_RIGHT_READ, g.in[1].rights);
	EXPECT_OK(ipc_send_str(self->guest_fd, g.in[0].handle, 1, "x"));
	EXPECT_EQ(1, ipc_queued(self->guest_fd, g.in[1].handle));
	EXPECT_ERR(ESTALE, ipc_do_accept(self->guest_fd, &a));
	EXPECT_EQ(1, ipc_queued(self->fd, self->a.handle));
	close(other);
	close(self->a.fd);
}

TEST_F(inviting, no_rules_let_nobody_in)
{
	self->a.rules_count = 0;
	ASSERT_OK(ipc_do_invite(self->fd, &self->a));
	EXPECT_ERR(EACCES,
		   ipc_accept_all(self->guest_fd, self->a.fd, &self->g));
	EXPECT_ERR(EACCES, ipc_accept_all(self->fd, self->a.fd, &self->g));
	/* who is denied does not learn how much there is */
	self->g.a.attachments_capacity = 0;
	EXPECT_ERR(EACCES, ipc_do_accept(self->guest_fd, &self->g.a));
	EXPECT_EQ(IPC_POISON32, self->g.a.attachments_count);
	close(self->a.fd);
	EXPECT_EQ(CAPIPC_RECEIVED_INVITATION_CLOSED,
		  ipc_news(self->fd, self->a.handle, &self->m));
}

/* The clause takes two. */
TEST_F(inviting, clause_not_agreed_to)
{
	self->a.flags = CAPIPC_INVITE_MAY_KILL;
	ASSERT_OK(ipc_do_invite(self->fd, &self->a));
	EXPECT_ERR(EPERM, ipc_accept_all(self->guest_fd, self->a.fd, &self->g));
	EXPECT_EQ(0, ipc_queued(self->fd, self->a.handle));
	EXPECT_OK(ipc_accept_flags(self->guest_fd, self->a.fd, &self->g,
				   CAPIPC_ACCEPT_MAY_KILL));
	EXPECT_EQ(CAPIPC_INVITE_MAY_KILL, self->g.a.terms);
	close(self->a.fd);
}

TEST_HARNESS_MAIN
