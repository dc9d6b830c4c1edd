// SPDX-License-Identifier: GPL-2.0
/*
 * The kill clause: an inviter that may not kill(2) its guest has it killed for
 * a bad message, if the guest agreed to that, and nobody else ever.
 *
 * The inviter is user 1000, the others are root.
 */
#include "capipc_test_invitation.h"

FIXTURE(clause)
{
	struct actor host, guest, other;
	__u32 p[2]; /* the host's: p[0] it keeps */
	__u32 handle;
	__u32 got; /* the guest's endpoint */
	int there, fd;
	__u64 id; /* of the bad message */
};

FIXTURE_SETUP(clause)
{
	self->fd = -1;
	ASSERT_OK(actor_fork(&self->host, NULL));
	ASSERT_OK(actor_become(&self->host, 1000));
	ASSERT_OK(actor_open(&self->host));
}

FIXTURE_TEARDOWN(clause)
{
	actor_stop(&self->host);
	actor_stop(&self->guest);
	actor_stop(&self->other);
	if (self->fd >= 0)
		close(self->fd);
}

static int invite(FIXTURE_DATA(clause) * self, __u32 flags)
{
	int ret = actor_create(&self->host, self->p);

	if (!ret)
		ret = actor_invite(&self->host, self->p[1], &invite_anyone, 1,
				   flags, &self->there, &self->handle);
	return ret;
}

/* A guest that agrees to everything. */
static int join(FIXTURE_DATA(clause) * self)
{
	int ret;

	self->fd = fetch_fd(self->host.pid, self->there);
	if (self->fd < 0)
		return self->fd;
	ret = actor_start(&self->guest);
	if (!ret)
		ret = actor_accept_invitation(&self->guest, self->fd,
					      CAPIPC_ACCEPT_MAY_KILL, NULL);
	self->got = actor_invited(&self->guest)->handle;
	return ret;
}

/* @by sends over @end, and @at of the host has received it. */
static int send_bad(FIXTURE_DATA(clause) * self, struct actor *by, __u32 end,
		    __u32 at)
{
	struct capipc_receive r;
	int ret = actor_send(by, end, 666);

	if (!ret)
		ret = actor_receive_nowait(&self->host, at, &r);
	self->id = r.stamp.id;
	return ret;
}

/* A pipe between two of them: @from_end, @to_end. */
static int wire(struct actor *from, struct actor *to, __u32 *from_end,
		__u32 *to_end)
{
	static int n;
	char name[64];
	__u32 listener;
	int ret;

	/* user 1000 connects only */
	snprintf(name, sizeof(name), "selftest/wire/%d.%d", getpid(), ++n);
	ret = actor_listen(to, name, NULL, &listener);
	return ret ? ret :
		     actor_link(from, to, name, listener, from_end, to_end);
}

/* The host reports @end; everybody but @victim lives, who may be nobody. */
#define EXPECT_VERDICT(_verdict, _by, _end, _victim)                         \
	do {                                                                 \
		__u32 __verdict;                                             \
		struct actor *__victim = (_victim);                          \
		EXPECT_OK(actor_report(_by, _end, self->id,                  \
				       CAPIPC_REPORT_KILL, &__verdict));     \
		EXPECT_EQ(_verdict, __verdict);                              \
		if (__victim)                                                \
			EXPECT_EQ(SIGKILL, actor_killed_by(__victim, true)); \
		EXPECT_TRUE(actor_alive(&self->host));                       \
		if (self->guest.pid && __victim != &self->guest)             \
			EXPECT_TRUE(actor_alive(&self->guest));              \
		if (self->other.pid && __victim != &self->other)             \
			EXPECT_TRUE(actor_alive(&self->other));              \
	} while (0)

TEST_F(clause, agreed)
{
	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	ASSERT_OK(join(self));
	ASSERT_OK(send_bad(self, &self->guest, self->got, self->p[0]));
	EXPECT_VERDICT(CAPIPC_REPORT_KILLED, &self->host, self->p[0],
		       &self->guest);
}

TEST_F(clause, there_is_none)
{
	ASSERT_OK(invite(self, 0));
	ASSERT_OK(join(self));
	ASSERT_OK(send_bad(self, &self->guest, self->got, self->p[0]));
	EXPECT_VERDICT(CAPIPC_REPORT_SPARED, &self->host, self->p[0], NULL);
}

TEST_F(clause, of_a_call)
{
	struct capipc_receive r;

	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	ASSERT_OK(join(self));
	ASSERT_OK(actor_call_begin(&self->guest, self->got, 5));
	ASSERT_OK(actor_receive(&self->host, self->p[0], &r));
	ASSERT_EQ(CAPIPC_RECEIVED_CALL, r.type);
	self->id = r.stamp.id;
	EXPECT_VERDICT(CAPIPC_REPORT_KILLED, &self->host, r.reply_handle,
		       &self->guest);
}

/* It has more rights now, or fewer: it is still the one who agreed. */
TEST_F(clause, with_other_credentials)
{
	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	ASSERT_OK(join(self));
	ASSERT_OK(actor_setresuid(&self->guest, 2000, 2000, 0));
	ASSERT_OK(send_bad(self, &self->guest, self->got, self->p[0]));
	EXPECT_VERDICT(CAPIPC_REPORT_KILLED, &self->host, self->p[0],
		       &self->guest);
}

/* Who was given the endpoint has agreed to nothing, nor has the giver sent. */
TEST_F(clause, passed_on)
{
	__u32 end, other_end, moved;

	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	ASSERT_OK(join(self));
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(wire(&self->guest, &self->other, &end, &other_end));
	moved = actor_move(&self->guest, end, self->got, &self->other,
			   other_end);
	ASSERT_NE(0, moved);
	ASSERT_OK(send_bad(self, &self->other, moved, self->p[0]));
	EXPECT_VERDICT(CAPIPC_REPORT_SPARED, &self->host, self->p[0], NULL);
}

/* It has become another program since, which has agreed to nothing. */
TEST_F(clause, executed_since)
{
	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	ASSERT_OK(join(self));
	ASSERT_OK(send_bad(self, &self->guest, self->got, self->p[0]));
	ASSERT_OK(actor_exec(&self->guest, "/proc/self/exe"));
	EXPECT_VERDICT(CAPIPC_REPORT_SPARED, &self->host, self->p[0], NULL);
}

/* Over a pipe of another kind it is a message like any other. */
TEST_F(clause, over_another_pipe)
{
	__u32 host_end, guest_end;

	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	ASSERT_OK(join(self));
	ASSERT_OK(wire(&self->host, &self->guest, &host_end, &guest_end));
	ASSERT_OK(send_bad(self, &self->guest, guest_end, host_end));
	EXPECT_VERDICT(CAPIPC_REPORT_SPARED, &self->host, host_end, NULL);
}

/* Only the one who invited: not a process of the same user. */
TEST_F(clause, reported_by_another)
{
	__u32 end, other_end, moved;
	struct capipc_receive r;

	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	ASSERT_OK(join(self));
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(wire(&self->host, &self->other, &end, &other_end));
	ASSERT_OK(actor_become(&self->other, 1000));
	moved = actor_move(&self->host, end, self->p[0], &self->other,
			   other_end);
	ASSERT_NE(0, moved);
	ASSERT_OK(actor_send(&self->guest, self->got, 666));
	ASSERT_OK(actor_receive_nowait(&self->other, moved, &r));
	self->id = r.stamp.id;
	EXPECT_VERDICT(CAPIPC_REPORT_SPARED, &self->other, moved, NULL);
}

/* A later invitation without the clause is the one that counts. */
TEST_F(clause, invited_again_without)
{
	int invitation, fd;
	__u32 handle;

	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	ASSERT_OK(join(self));
	ASSERT_OK(actor_invite(&self->guest, self->got, &invite_anyone, 1, 0,
			       &invitation, &handle));
	fd = fetch_fd(self->guest.pid, invitation);
	ASSERT_LE(0, fd);
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_accept_invitation(&self->other, fd,
					  CAPIPC_ACCEPT_MAY_KILL, NULL));
	close(fd);
	ASSERT_OK(send_bad(self, &self->other,
			   actor_invited(&self->other)->handle, self->p[0]));
	EXPECT_VERDICT(CAPIPC_REPORT_SPARED, &self->host, self->p[0], NULL);
}

static int actor_fuse(struct actor *a, __u32 first, __u32 second)
{
	struct capipc_fuse f = { .size = sizeof(f),
				 .handle = { first, second } };

	return ACTOR_IOCTL(a, FUSE, &f);
}

/* It takes itself out of the middle of its own pipes: it is still who agreed. */
TEST_F(clause, fused_by_who_agreed)
{
	__u32 q[2];

	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	ASSERT_OK(join(self));
	ASSERT_OK(actor_create(&self->guest, q));
	ASSERT_OK(actor_fuse(&self->guest, q[0], self->got));
	ASSERT_OK(send_bad(self, &self->guest, q[1], self->p[0]));
	EXPECT_VERDICT(CAPIPC_REPORT_KILLED, &self->host, self->p[0],
		       &self->guest);
}

/* Whoever has the end that takes its place has not. */
TEST_F(clause, fused_with_the_pipe_of_another)
{
	__u32 end, other_end;

	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	ASSERT_OK(join(self));
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(wire(&self->guest, &self->other, &end, &other_end));
	ASSERT_OK(actor_fuse(&self->guest, self->got, end));
	ASSERT_OK(send_bad(self, &self->other, other_end, self->p[0]));
	EXPECT_VERDICT(CAPIPC_REPORT_SPARED, &self->host, self->p[0], NULL);
}

/*
 * What it agreed to was about the pipe of the invitation. The one that takes its place is
 * the guest's as well, but was never part of that.
 */
TEST_F(clause, fused_by_the_host)
{
	__u32 host_end, guest_end, q[2];
	int i;

	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	ASSERT_OK(join(self));
	ASSERT_OK(wire(&self->host, &self->guest, &host_end, &guest_end));
	ASSERT_OK(actor_create(&self->guest, q));
	for (i = 0; i < 2; i++) {
		q[i] = actor_move(&self->guest, guest_end, q[i], &self->host,
				  host_end);
		ASSERT_NE(0, q[i]);
	}
	ASSERT_OK(actor_fuse(&self->host, self->p[0], q[0]));
	ASSERT_OK(send_bad(self, &self->guest, self->got, q[1]));
	EXPECT_VERDICT(CAPIPC_REPORT_SPARED, &self->host, q[1], NULL);
}

static long act_fetch(struct actor_page *page, long fd)
{
	return fetch_fd((pid_t)page->number[0], (int)fd);
}

/* The first process of a pid namespace is not killed from inside. */
TEST_F(clause, first_of_the_namespace)
{
	actor_stop(&self->host);
	ASSERT_OK(actor_fork_pidns(&self->guest, &self->host));
	ASSERT_OK(actor_open(&self->guest));
	ASSERT_OK(actor_become(&self->host, 1000));
	ASSERT_OK(actor_open(&self->host));
	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	self->guest.page->number[0] = 2;
	self->fd = actor_run(&self->guest, act_fetch, self->there);
	ASSERT_LE(0, self->fd);
	ASSERT_OK(actor_accept_invitation(&self->guest, self->fd,
					  CAPIPC_ACCEPT_MAY_KILL, NULL));
	self->fd = -1;
	self->got = actor_invited(&self->guest)->handle;
	ASSERT_OK(send_bad(self, &self->guest, self->got, self->p[0]));
	EXPECT_VERDICT(CAPIPC_REPORT_SPARED, &self->host, self->p[0], NULL);
}

/* But from outside it is: a sandbox whose first process is the guest. */
TEST_F(clause, first_of_a_namespace_below)
{
	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	self->fd = fetch_fd(self->host.pid, self->there);
	ASSERT_LE(0, self->fd);
	ASSERT_OK(actor_fork_pidns(&self->guest, NULL));
	ASSERT_OK(actor_open(&self->guest));
	ASSERT_OK(actor_accept_invitation(&self->guest, self->fd,
					  CAPIPC_ACCEPT_MAY_KILL, NULL));
	self->got = actor_invited(&self->guest)->handle;
	ASSERT_OK(send_bad(self, &self->guest, self->got, self->p[0]));
	EXPECT_VERDICT(CAPIPC_REPORT_KILLED, &self->host, self->p[0],
		       &self->guest);
}

/* Nobody can kill whom it cannot see. */
TEST_F(clause, not_in_my_namespace)
{
	actor_stop(&self->host);
	ASSERT_OK(actor_fork_pidns(&self->host, NULL));
	ASSERT_OK(actor_become(&self->host, 1000));
	ASSERT_OK(actor_open(&self->host));
	ASSERT_OK(invite(self, CAPIPC_INVITE_MAY_KILL));
	ASSERT_OK(join(self));
	ASSERT_OK(send_bad(self, &self->guest, self->got, self->p[0]));
	EXPECT_VERDICT(CAPIPC_REPORT_SPARED, &self->host, self->p[0], NULL);
}

TEST_HARNESS_MAIN
