// SPDX-License-Identifier: GPL-2.0
/*
 * Invitations between processes: who is let in, who the inviter believes to
 * have been let in, how the descriptor gets there, and who may be killed.
 */
#include "capipc_test_netlink.h"
#include "capipc_test_invitation.h"

#define M(x)	  CAPIPC_MATCH_##x
#define NET_ADMIN (1ULL << CAP_NET_ADMIN)

FIXTURE(invited)
{
	struct actor host, guest, other;
	__u32 p[2]; /* the host's: p[0] it keeps */
	int there; /* the descriptor, in the host */
	int fd; /* and here, so that the next actors have it */
	__u32 handle;
	__u32 got; /* the guest's endpoint */
};

FIXTURE_SETUP(invited)
{
	self->fd = -1;
	ASSERT_OK(actor_start(&self->host));
	ASSERT_OK(actor_create(&self->host, self->p));
}

FIXTURE_TEARDOWN(invited)
{
	actor_stop(&self->host);
	actor_stop(&self->guest);
	actor_stop(&self->other);
	if (self->fd >= 0)
		close(self->fd);
}

/* The host invites; who is forked from now on has the descriptor, as @fd. */
static int invite(FIXTURE_DATA(invited) * self, const struct capipc_rule *rules,
		  unsigned int count, __u32 flags)
{
	int ret = actor_invite(&self->host, self->p[1], rules, count, flags,
			       &self->there, &self->handle);

	if (ret)
		return ret;
	self->fd = fetch_fd(self->host.pid, self->there);
	if (self->fd < 0)
		return self->fd;
	return actor_run(&self->host, act_close_fd, self->there);
}

static int accept_by(FIXTURE_DATA(invited) * self, struct actor *a, __u32 flags)
{
	int ret = actor_accept_invitation(a, self->fd, flags, NULL);

	self->got = actor_invited(a)->handle;
	return ret;
}

/* ------------------------------------------------------------ who is let in */

FIXTURE(rules)
{
	struct actor host, guest;
	int fd;
};

FIXTURE_VARIANT(rules)
{
	struct capipc_rule rule;
	/* as root with all capabilities, root without, 1000, 1000 in group 77 */
	bool allowed[4];
};

FIXTURE_VARIANT_ADD(rules, anyone){
	.rule = { .match = 0 },
	.allowed = { true, true, true, true },
};

FIXTURE_VARIANT_ADD(rules, uid){
	.rule = { .match = M(UID), .uid = 1000 },
	.allowed = { false, false, true, true },
};

FIXTURE_VARIANT_ADD(rules, gid){
	.rule = { .match = M(GID), .gid = 77 },
	.allowed = { false, false, false, true },
};

FIXTURE_VARIANT_ADD(rules, capabilities){
	.rule = { .match = M(CAPABILITIES), .capabilities = NET_ADMIN },
	.allowed = { true, false, false, false },
};

FIXTURE_VARIANT_ADD(rules, same_uid){
	.rule = { .match = M(SAME_UID) },
	.allowed = { true, true, false, false },
};

FIXTURE_VARIANT_ADD(rules, same_privilege){
	.rule = { .match = M(SAME_PRIVILEGE) },
	.allowed = { true, false, false, false },
};

FIXTURE_SETUP(rules)
{
	ASSERT_OK(actor_start(&self->host));
}

FIXTURE_TEARDOWN(rules)
{
	actor_stop(&self->host);
	actor_stop(&self->guest);
}

TEST_F(rules, each)
{
	const gid_t group = 77;
	__u32 p[2], handle;
	int i, there, fd;

	for (i = 0; i < 4; i++) {
		struct actor *a = &self->guest;

		ASSERT_OK(actor_create(&self->host, p));
		ASSERT_OK(actor_invite(&self->host, p[1], &variant->rule, 1, 0,
				       &there, &handle));
		fd = fetch_fd(self->host.pid, there);
		ASSERT_LE(0, fd);
		ASSERT_OK(actor_run(&self->host, act_close_fd, there));
		ASSERT_OK(actor_start(a));
		if (i == 1)
			ASSERT_OK(actor_capset(a, 0, 0));
		if (i == 3)
			ASSERT_OK(actor_setgroups(a, 1, &group));
		if (i >= 2) {
			ASSERT_OK(actor_setresgid(a, 1000, 1000, 1000));
			if (i == 2)
				ASSERT_OK(actor_setgroups(a, 0, NULL));
			ASSERT_OK(actor_setresuid(a, 1000, 1000, 1000));
		}
		EXPECT_EQ(variant->allowed[i] ? 0 : -EACCES,
			  actor_accept_invitation(a, fd, 0, NULL))
		TH_LOG("guest %d", i);
		EXPECT_EQ(variant->allowed[i] ? CAPIPC_RECEIVED_ACCEPTED : 0,
			  actor_idle(&self->host, handle));
		actor_stop(a);
		close(fd);
		EXPECT_EQ(variant->allowed[i] ?
				  -EPIPE :
				  CAPIPC_RECEIVED_INVITATION_CLOSED,
			  actor_idle(&self->host, handle));
		ASSERT_OK(actor_close(&self->host, handle));
	}
}

/* One who is denied can come again as somebody else. */
TEST_F(invited, denied_and_then_not)
{
	const struct capipc_rule rule[2] = { { .match = M(UID), .uid = 55 },
					     { .match = M(UID), .uid = 1000 } };

	ASSERT_OK(invite(self, rule, 2, 0));
	ASSERT_OK(actor_start(&self->guest));
	EXPECT_ERR(EACCES, accept_by(self, &self->guest, 0));
	ASSERT_OK(actor_become(&self->guest, 1000));
	EXPECT_OK(accept_by(self, &self->guest, 0));
}

/* The receiver of the rule is the inviter as it is now. */
TEST_F(invited, same_as_the_inviter_is_now)
{
	const struct capipc_rule same = { .match = M(SAME_UID) };

	ASSERT_OK(invite(self, &same, 1, 0));
	ASSERT_OK(actor_start(&self->guest));
	ASSERT_OK(actor_setresuid(&self->host, 0, 1000, 0));
	EXPECT_EQ(0, actor_idle(&self->host, 0));
	EXPECT_ERR(EACCES, accept_by(self, &self->guest, 0));
	ASSERT_OK(actor_become(&self->guest, 1000));
	EXPECT_OK(accept_by(self, &self->guest, 0));
}

/* ----------------------------------------------------- whom the inviter sees */

TEST_F(invited, stamp_and_origin)
{
	const struct capipc_rule unchanged = { .match = M(UNCHANGED),
					       .ordinal_last = 9 };
	struct capipc_receive r;
	__u32 listener, end, server_end;
	struct capipc_accept a;
	struct capipc_query q;
	__u64 id;

	ASSERT_OK(actor_restrict(&self->host, self->p[0], &unchanged, 1));
	/* it has been used by its maker */
	ASSERT_OK(actor_send(&self->host, self->p[1], 9));
	ASSERT_OK(actor_receive_nowait(&self->host, 0, &r));
	EXPECT_EQ(0, r.stamp.flags);
	ASSERT_OK(invite(self, &invite_anyone, 1, 0));
	ASSERT_OK(actor_start(&self->guest));
	ASSERT_OK(actor_become(&self->guest, 1000));
	ASSERT_OK(actor_accept_invitation(&self->guest, self->fd, 0, &a));
	self->got = actor_invited(&self->guest)->handle;
	EXPECT_EQ(self->host.pid, a.stamp.pid);
	EXPECT_EQ(0, a.stamp.uid);

	ASSERT_OK(actor_receive_nowait(&self->host, self->handle, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_ACCEPTED, r.type);
	EXPECT_EQ(INVITE_COOKIE, r.cookie);
	EXPECT_EQ(self->guest.pid, r.stamp.pid);
	EXPECT_EQ(1000, r.stamp.uid);
	EXPECT_EQ(1000, r.stamp.gid);
	EXPECT_EQ(0, r.stamp.capabilities);
	id = r.stamp.id;
	/* the other end of the pipe says so, too */
	ASSERT_OK(actor_query(&self->host, self->p[0], 0, 0, &q));
	EXPECT_EQ(id, q.stamp.id);
	EXPECT_EQ(self->guest.pid, q.stamp.pid);
	ASSERT_OK(actor_query(&self->host, self->handle, id, 0, &q));
	EXPECT_EQ(1000, q.real_uid);

	/* it is who connected: not changed, until it is */
	ASSERT_OK(actor_send(&self->guest, self->got, 9));
	ASSERT_OK(actor_receive_nowait(&self->host, self->p[0], &r));
	EXPECT_EQ(0, r.stamp.flags);
	EXPECT_EQ(1000, r.stamp.uid);
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_listen(&self->other, fresh_name(), NULL, &listener));
	ASSERT_OK(actor_link(&self->guest, &self->other, self->other.page->name,
			     listener, &end, &server_end));
	self->got = actor_move(&self->guest, end, self->got, &self->other,
			       server_end);
	ASSERT_NE(0, self->got);
	EXPECT_ERR(EACCES, actor_send(&self->other, self->got, 9));
}

/* An inviter may be its own guest: then it is, as it was, who made the pipe. */
TEST_F(invited, by_itself)
{
	struct capipc_receive r;

	ASSERT_OK(actor_send(&self->host, self->p[1], 9));
	ASSERT_OK(actor_invite(&self->host, self->p[1], &invite_anyone, 1, 0,
			       &self->there, &self->handle));
	ASSERT_OK(actor_accept_invitation(&self->host, self->there, 0, NULL));
	self->got = actor_invited(&self->host)->handle;
	ASSERT_OK(actor_send(&self->host, self->got, 10));
	ASSERT_OK(actor_receive_nowait(&self->host, self->p[0], &r));
	EXPECT_EQ(9, r.ordinal);
	ASSERT_OK(actor_receive_nowait(&self->host, self->p[0], &r));
	EXPECT_EQ(10, r.ordinal);
	EXPECT_EQ(0, r.stamp.flags);
	EXPECT_EQ(CAPIPC_RECEIVED_ACCEPTED,
		  actor_idle(&self->host, self->handle));
}

/* --------------------------------------------------- how the descriptor comes */

TEST_F(invited, over_exec)
{
	ASSERT_OK(invite(self, &invite_anyone, 1, CAPIPC_INVITE_INHERIT));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, 0));
	ASSERT_OK(actor_start(&self->guest));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, FD_CLOEXEC));
	ASSERT_OK(actor_exec(&self->guest, "/proc/self/exe"));
	ASSERT_OK(actor_open(&self->guest));
	EXPECT_OK(accept_by(self, &self->guest, 0));
	EXPECT_OK(actor_send(&self->guest, self->got, 1));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, actor_idle(&self->host, self->p[0]));

	/* the inviter's own exec ends one */
	ASSERT_OK(actor_create(&self->host, self->p));
	close(self->fd);
	ASSERT_OK(invite(self, &invite_anyone, 1, CAPIPC_INVITE_INHERIT));
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_exec(&self->host, "/proc/self/exe"));
	EXPECT_ERR(ESTALE, accept_by(self, &self->other, 0));
}

static void takes_it(struct __test_metadata *_metadata, int sock, void *arg)
{
	struct guest g;
	int fd = ipc_open(), invitation;

	ASSERT_GE(fd, 0);
	ASSERT_OK(sync_recv_fd(sock, &invitation));
	ASSERT_OK(ipc_accept_all(fd, invitation, &g));
	ASSERT_OK(ipc_send_str(fd, g.in[0].handle, 7, "hello"));
	ASSERT_OK(sync_post(sock));
	ASSERT_OK(sync_wait(sock));
}

TEST_F(invited, over_a_socket)
{
	struct capipc_receive r;
	struct child child;

	CHILD_START(&child, takes_it, NULL);
	ASSERT_OK(invite(self, &invite_anyone, 1, 0));
	ASSERT_OK(sync_send_fd(child.sock, self->fd));
	close(self->fd);
	self->fd = -1;
	ASSERT_OK(sync_wait(child.sock));
	ASSERT_OK(actor_receive_nowait(&self->host, self->handle, &r));
	EXPECT_EQ(child.pid, r.stamp.pid);
	ASSERT_OK(actor_receive_nowait(&self->host, self->p[0], &r));
	EXPECT_EQ(7, r.ordinal);
	ASSERT_OK(sync_post(child.sock));
	CHILD_WAIT(&child);
}

/* Lost in a socket that nobody reads. */
TEST_F(invited, lost_in_a_socket)
{
	int sk[2];

	ASSERT_OK(invite(self, &invite_anyone, 1, 0));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sk));
	ASSERT_OK(sync_send_fd(sk[0], self->fd));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, actor_idle(&self->host, 0));
	close(sk[0]);
	EXPECT_EQ(0, actor_idle(&self->host, 0));
	close(sk[1]);
	EXPECT_EQ(CAPIPC_RECEIVED_INVITATION_CLOSED,
		  actor_idle(&self->host, self->handle));
}

TEST_F(invited, across_namespaces)
{
	struct capipc_receive r;
	struct capipc_accept a;

	ASSERT_OK(invite(self, &invite_anyone, 1, 0));
	ASSERT_OK(actor_fork_pidns(&self->guest, NULL));
	ASSERT_OK(actor_userns_root(&self->guest, 5000, CLONE_NEWNET));
	ASSERT_OK(actor_open(&self->guest));
	ASSERT_OK(actor_accept_invitation(&self->guest, self->fd, 0, &a));
	/* the inviter has no number there, and is nobody */
	EXPECT_EQ(0, a.stamp.pid);
	EXPECT_EQ(65534, a.stamp.uid);
	EXPECT_EQ(0, a.stamp.flags & CAPIPC_STAMP_FOREIGN);
	ASSERT_OK(actor_receive_nowait(&self->host, self->handle, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_ACCEPTED, r.type);
	EXPECT_EQ(self->guest.pid, r.stamp.pid);
	EXPECT_EQ(5000, r.stamp.uid);
	EXPECT_EQ(0, r.stamp.capabilities);
	EXPECT_EQ(CAPIPC_STAMP_FOREIGN, r.stamp.flags);
	self->got = actor_invited(&self->guest)->handle;
	EXPECT_OK(actor_send(&self->guest, self->got, 1));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, actor_idle(&self->host, self->p[0]));
}

/* Rules from one user namespace about another: kernel ids, not numbers. */
TEST_F(invited, root_elsewhere_is_not_root)
{
	const struct capipc_rule rules[2] = {
		{ .match = M(UID), .uid = 0 },
		{ .match = M(CAPABILITIES), .capabilities = NET_ADMIN },
	};

	ASSERT_OK(invite(self, rules, 2, 0));
	ASSERT_OK(actor_fork(&self->guest, NULL));
	ASSERT_OK(actor_userns_root(&self->guest, 5000, CLONE_NEWNET));
	ASSERT_OK(actor_open(&self->guest));
	EXPECT_ERR(EACCES, accept_by(self, &self->guest, 0));
}

/* -------------------------------------------------- who it is taken for then */

/*
 * We are a server that lets nobody send but who has connected: the host. That invites
 * the guest, with its connection, and perhaps with some pipe in between.
 */
static int serve_the_host(FIXTURE_DATA(invited) * self, int *fd, uint32_t *ours,
			  __u32 *theirs)
{
	struct capipc_rule rule = { .match = M(UNCHANGED),
				    .ordinal_last = ~0U };
	struct capipc_restrict r = { .rules = ipc_ptr(&rule),
				     .rules_count = 1,
				     .rule_size = sizeof(rule) };
	const char *name = fresh_name();
	uint32_t listener;
	int ret;

	*fd = ipc_open();
	ret = ipc_listen(*fd, name, &listener);
	if (!ret)
		ret = actor_connect(&self->host, name, theirs);
	if (!ret)
		ret = ipc_accept(*fd, listener, ours);
	r.handle = *ours;
	return ret ? ret : ipc_do_restrict(*fd, &r);
}

static pid_t who_connected(int fd, uint32_t handle)
{
	struct capipc_query q = { .handle = handle };

	return ipc_do_query(fd, &q) ? -1 : (pid_t)q.stamp.pid;
}

TEST_F(invited, with_a_connection)
{
	uint32_t ours;
	__u32 theirs;
	int fd;

	ASSERT_OK(serve_the_host(self, &fd, &ours, &theirs));
	ASSERT_OK(actor_send(&self->host, theirs, 1));
	ASSERT_OK(actor_close(&self->host, self->p[1]));
	self->p[1] = theirs;
	ASSERT_OK(invite(self, &invite_anyone, 1, 0));
	ASSERT_OK(actor_start(&self->guest));
	ASSERT_OK(accept_by(self, &self->guest, 0));
	EXPECT_ERR(EACCES, actor_send(&self->guest, self->got, 1));
	EXPECT_EQ(1, ipc_queued(fd, ours));
	EXPECT_EQ(self->host.pid, who_connected(fd, ours));
	close(fd);
}

/* What is invited with becomes a connection before anybody comes. */
TEST_F(invited, with_what_becomes_a_connection)
{
	struct capipc_fuse f = { .size = sizeof(f) };
	uint32_t ours;
	__u32 theirs;
	int fd;

	ASSERT_OK(serve_the_host(self, &fd, &ours, &theirs));
	ASSERT_OK(invite(self, &invite_anyone, 1, 0));
	f.handle[0] = self->p[0];
	f.handle[1] = theirs;
	ASSERT_OK(ACTOR_IOCTL(&self->host, FUSE, &f));
	ASSERT_OK(actor_start(&self->guest));
	ASSERT_OK(accept_by(self, &self->guest, 0));
	EXPECT_ERR(EACCES, actor_send(&self->guest, self->got, 1));
	EXPECT_EQ(self->host.pid, who_connected(fd, ours));
	close(fd);
}

/* Two guests at the ends of one pipe: the first, and the second through whom it has it. */
TEST_F(invited, with_both_ends)
{
	struct capipc_receive r;
	__u32 first;

	ASSERT_OK(invite(self, &invite_anyone, 1, 0));
	ASSERT_OK(actor_start(&self->guest));
	ASSERT_OK(accept_by(self, &self->guest, 0));
	first = self->got;
	close(self->fd);
	self->p[1] = self->p[0];
	ASSERT_OK(invite(self, &invite_anyone, 1, 0));
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(accept_by(self, &self->other, 0));
	ASSERT_OK(actor_send(&self->guest, first, 1));
	ASSERT_OK(actor_receive(&self->other, self->got, &r));
	EXPECT_EQ(self->guest.pid, r.stamp.pid);
	EXPECT_EQ(0, r.stamp.flags);
	ASSERT_OK(actor_send(&self->other, self->got, 1));
	ASSERT_OK(actor_receive(&self->guest, first, &r));
	EXPECT_EQ(self->other.pid, r.stamp.pid);
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, r.stamp.flags);
}

/* --------------------------------------------------------------- death, events */

TEST_F(invited, inviter_killed)
{
	ASSERT_OK(invite(self, &invite_anyone, 1, 0));
	ASSERT_OK(actor_start(&self->guest));
	/* a zombie holds nothing any more */
	ASSERT_OK(actor_kill(&self->host));
	EXPECT_ERR(ESTALE, accept_by(self, &self->guest, 0));
}

TEST_F(invited, inviter_killed_afterwards)
{
	ASSERT_OK(actor_send(&self->host, self->p[0], 3));
	ASSERT_OK(invite(self, &invite_anyone, 1, 0));
	ASSERT_OK(actor_start(&self->guest));
	ASSERT_OK(accept_by(self, &self->guest, 0));
	ASSERT_OK(actor_kill(&self->host));
	/* its last message, and then the end */
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, actor_idle(&self->guest, self->got));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED,
		  actor_idle(&self->guest, self->got));
}

TEST_F(invited, events)
{
	const struct capipc_rule rule = { .match = M(UID), .uid = 1000 };
	struct capipc_inspect i;
	struct nlmsghdr *h;
	__u64 types[2] = { CAPIPC_EVENT_DENY, CAPIPC_EVENT_ACCEPT };
	struct nl nl;
	int n;

	ASSERT_OK(nl_open(&nl));
	ASSERT_OK(nl_join(&nl));
	ASSERT_OK(invite(self, &rule, 1, 0));
	ASSERT_OK(actor_inspect(&self->host, self->handle, &i));
	ASSERT_OK(actor_start(&self->guest));
	EXPECT_ERR(EACCES, accept_by(self, &self->guest, 0));
	ASSERT_OK(actor_become(&self->guest, 1000));
	EXPECT_OK(accept_by(self, &self->guest, 0));
	for (n = 0; n < 2; n++) {
		do {
			h = nl_receive(&nl, IPC_SOON_MS);
			ASSERT_TRUE(!!h);
		} while (nl_number(nl_attr(h, CAPIPC_EVENT_A_INVITATION)) !=
			 i.object_id);
		EXPECT_EQ(types[n], nl_number(nl_attr(h, CAPIPC_EVENT_A_TYPE)));
		EXPECT_EQ(self->guest.pid,
			  nl_number(nl_inside(nl_attr(h, CAPIPC_EVENT_A_ACTOR),
					      CAPIPC_ACTOR_A_PID)));
		EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_ORDINAL));
		EXPECT_FALSE(!!nl_attr(h, CAPIPC_EVENT_A_NAME));
	}
	nl_close(&nl);
}

TEST_HARNESS_MAIN
