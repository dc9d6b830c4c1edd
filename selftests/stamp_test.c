// SPDX-License-Identifier: GPL-2.0
/*
 * Stamps: who sent it, at the moment of sending, as the receiver sees it.
 */
#include "capipc_test_ident.h"

#define OVERFLOW_ID 65534U

FIXTURE(stamp)
{
	struct actor server, client, other;
	char name[64];
	__u32 listener;
	__u32 client_end, server_end;
};

FIXTURE_SETUP(stamp)
{
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
}

FIXTURE_TEARDOWN(stamp)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
	actor_stop(&self->other);
}

/* The fixture's pipe, between what client and server are now. */
static int pipe_up(FIXTURE_DATA(stamp) * self)
{
	return actor_link(&self->client, &self->server, self->name,
			  self->listener, &self->client_end, &self->server_end);
}

/* The stamp of a message of @from, as @to sees it. */
static int stamp_over(struct actor *from, __u32 from_end, struct actor *to,
		      __u32 to_end, struct capipc_stamp *stamp)
{
	struct capipc_receive r;
	int ret = actor_send(from, from_end, 1);

	memset(stamp, 0xcc, sizeof(*stamp));
	if (!ret)
		ret = actor_receive_nowait(to, to_end, &r);
	if (!ret)
		*stamp = r.stamp;
	return ret;
}

static int stamp_now(FIXTURE_DATA(stamp) * self, struct capipc_stamp *stamp)
{
	return stamp_over(&self->client, self->client_end, &self->server,
			  self->server_end, stamp);
}

TEST_F(stamp, root)
{
	struct capipc_stamp s;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &s));
	EXPECT_NE(0, s.id);
	EXPECT_EQ(0, s.uid);
	EXPECT_EQ(0, s.gid);
	EXPECT_EQ(self->client.pid, s.pid);
	EXPECT_EQ(proc_status(self->client.pid, "CapEff", 16), s.capabilities);
	EXPECT_EQ(caps_all(), s.capabilities);
	EXPECT_EQ(0, s.flags);
}

TEST_F(stamp, user)
{
	struct capipc_stamp s;

	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &s));
	EXPECT_EQ(1000, s.uid);
	EXPECT_EQ(1000, s.gid);
	EXPECT_EQ(self->client.pid, s.pid);
	EXPECT_EQ(0, s.capabilities);
	EXPECT_EQ(0, s.flags);
}

TEST_F(stamp, root_without_capabilities)
{
	struct capipc_stamp s;

	ASSERT_OK(actor_capset(&self->client, 0, 0));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &s));
	EXPECT_EQ(0, s.uid);
	EXPECT_EQ(0, s.capabilities);
	EXPECT_EQ(0, s.flags);
}

/* What is permitted but not effective does not count. */
TEST_F(stamp, some_capabilities)
{
	__u64 some = 1ULL << CAP_KILL | 1ULL << CAP_AUDIT_READ;
	struct capipc_stamp s;

	ASSERT_OK(actor_capset(&self->client, some, caps_all()));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &s));
	EXPECT_EQ(some, s.capabilities);
}

/* It is the effective ids that count, not the real or the saved ones. */
TEST_F(stamp, effective_ids)
{
	struct capipc_stamp s;

	ASSERT_OK(actor_setresgid(&self->client, 5, 6, 7));
	ASSERT_OK(actor_setresuid(&self->client, 0, 1000, 0));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &s));
	EXPECT_EQ(1000, s.uid);
	EXPECT_EQ(6, s.gid);
	EXPECT_EQ(0, s.capabilities);
}

TEST_F(stamp, every_kind_of_message)
{
	struct capipc_stamp zero = { 0 };
	struct capipc_receive r;
	struct capipc_call c;
	__u64 id;

	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(actor_connect(&self->client, self->name, &self->client_end));
	ASSERT_OK(actor_receive_nowait(&self->server, self->listener, &r));
	ASSERT_EQ(CAPIPC_RECEIVED_CONNECTION, r.type);
	EXPECT_EQ(1000, r.stamp.uid);
	EXPECT_EQ(1000, r.stamp.gid);
	EXPECT_EQ(self->client.pid, r.stamp.pid);
	EXPECT_EQ(0, r.stamp.flags);
	id = r.stamp.id;
	EXPECT_NE(0, id);
	self->server_end = r.reply_handle;

	ASSERT_OK(actor_send(&self->client, self->client_end, 1));
	ASSERT_OK(actor_receive_nowait(&self->server, 0, &r));
	ASSERT_EQ(CAPIPC_RECEIVED_MESSAGE, r.type);
	EXPECT_EQ(1000, r.stamp.uid);
	EXPECT_EQ(id, r.stamp.id);

	ASSERT_OK(actor_call_begin(&self->client, self->client_end, 2));
	ASSERT_OK(actor_receive(&self->server, 0, &r));
	ASSERT_EQ(CAPIPC_RECEIVED_CALL, r.type);
	EXPECT_EQ(1000, r.stamp.uid);
	EXPECT_EQ(id, r.stamp.id);
	ASSERT_OK(actor_reply(&self->server, r.reply_handle));
	ASSERT_OK(actor_call_end(&self->client, &c));
	EXPECT_EQ(0, c.stamp.uid);
	EXPECT_EQ(self->server.pid, c.stamp.pid);
	EXPECT_NE(0, c.stamp.id);
	EXPECT_NE(id, c.stamp.id);

	ASSERT_OK(actor_close(&self->client, self->client_end));
	ASSERT_OK(actor_receive_nowait(&self->server, 0, &r));
	ASSERT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, r.type);
	EXPECT_EQ(0, memcmp(&zero, &r.stamp, sizeof(zero)));
}

/* The replier's credentials are those of the moment of the reply. */
TEST_F(stamp, reply)
{
	struct capipc_receive r;
	struct capipc_call c;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_call_begin(&self->client, self->client_end, 1));
	ASSERT_OK(actor_receive(&self->server, self->server_end, &r));
	ASSERT_OK(actor_become(&self->server, 1001));
	ASSERT_OK(actor_reply(&self->server, r.reply_handle));
	ASSERT_OK(actor_call_end(&self->client, &c));
	EXPECT_EQ(1001, c.stamp.uid);
	EXPECT_EQ(1001, c.stamp.gid);
	EXPECT_EQ(0, c.stamp.capabilities);
	EXPECT_EQ(self->server.pid, c.stamp.pid);
}

/* A stamp is of the moment of sending, not of connecting or receiving. */
TEST_F(stamp, setuid_between_sends)
{
	struct capipc_receive r;
	__u64 id;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_send(&self->client, self->client_end, 1));
	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(actor_send(&self->client, self->client_end, 2));

	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	EXPECT_EQ(1, r.ordinal);
	EXPECT_EQ(0, r.stamp.uid);
	EXPECT_EQ(caps_all(), r.stamp.capabilities);
	EXPECT_EQ(0, r.stamp.flags);
	id = r.stamp.id;

	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	EXPECT_EQ(2, r.ordinal);
	EXPECT_EQ(1000, r.stamp.uid);
	EXPECT_EQ(0, r.stamp.capabilities);
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, r.stamp.flags);
	EXPECT_NE(id, r.stamp.id);
}

TEST_F(stamp, sender_is_dead)
{
	struct capipc_receive r;
	pid_t pid = self->client.pid;

	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_send(&self->client, self->client_end, 1));
	actor_stop(&self->client);

	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	ASSERT_EQ(CAPIPC_RECEIVED_MESSAGE, r.type);
	EXPECT_EQ(1000, r.stamp.uid);
	EXPECT_EQ(1000, r.stamp.gid);
	EXPECT_EQ(pid, r.stamp.pid);
	EXPECT_EQ(0, r.stamp.flags);
	ASSERT_OK(actor_receive(&self->server, self->server_end, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, r.type);
}

TEST_F(stamp, id_names_one_sender)
{
	struct capipc_stamp s, again, theirs;
	__u32 end, server_end;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &s));
	ASSERT_OK(stamp_now(self, &again));
	EXPECT_EQ(s.id, again.id);

	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_link(&self->other, &self->server, self->name,
			     self->listener, &end, &server_end));
	ASSERT_OK(stamp_over(&self->other, end, &self->server, server_end,
			     &theirs));
	EXPECT_NE(s.id, theirs.id);
}

static int change_uid(struct actor *a)
{
	return actor_setresuid(a, 0, 1000, 0);
}

static int change_gid(struct actor *a)
{
	return actor_setresgid(a, 0, 1000, 0);
}

static int change_groups(struct actor *a)
{
	gid_t groups[] = { 7, 8 };

	return actor_setgroups(a, 2, groups);
}

static int change_capabilities(struct actor *a)
{
	return actor_capset(a, caps_all() & ~(1ULL << CAP_KILL), caps_all());
}

static int change_userns(struct actor *a)
{
	return actor_userns(a, 0, 0);
}

typedef int (*actor_change)(struct actor *actor);

TEST_F(stamp, changed_credentials)
{
	static const actor_change changes[] = {
		change_uid,	     change_gid,    change_groups,
		change_capabilities, change_userns,
	};
	struct capipc_stamp before, after;
	int i;

	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		ASSERT_OK(actor_start(&self->other));
		ASSERT_OK(actor_link(&self->other, &self->server, self->name,
				     self->listener, &self->client_end,
				     &self->server_end));
		ASSERT_OK(stamp_over(&self->other, self->client_end,
				     &self->server, self->server_end, &before));
		ASSERT_OK(changes[i](&self->other));
		ASSERT_OK(stamp_over(&self->other, self->client_end,
				     &self->server, self->server_end, &after));
		EXPECT_EQ(0, before.flags & CAPIPC_STAMP_CHANGED)
		TH_LOG("change %d", i);
		EXPECT_EQ(CAPIPC_STAMP_CHANGED,
			  after.flags & CAPIPC_STAMP_CHANGED)
		TH_LOG("change %d", i);
		EXPECT_NE(before.id, after.id) TH_LOG("change %d", i);
		actor_stop(&self->other);
	}
}

TEST_F(stamp, changed_by_moving)
{
	struct capipc_stamp s;
	__u32 listener, end, other_end, moved, back;
	const char *name = fresh_name();

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->client, &self->other, name, listener, &end,
			     &other_end));
	moved = actor_move(&self->client, end, self->client_end, &self->other,
			   other_end);
	ASSERT_NE(0, moved);
	ASSERT_OK(stamp_over(&self->other, moved, &self->server,
			     self->server_end, &s));
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, s.flags);
	EXPECT_EQ(self->other.pid, s.pid);

	/* back with who connected, it is who connected that sends */
	back = actor_move(&self->other, other_end, moved, &self->client, end);
	ASSERT_NE(0, back);
	ASSERT_OK(stamp_over(&self->client, back, &self->server,
			     self->server_end, &s));
	EXPECT_EQ(0, s.flags);
	EXPECT_EQ(self->client.pid, s.pid);
}

/* Who took the connection is the one to compare with at the other end. */
TEST_F(stamp, changed_at_the_server)
{
	struct capipc_stamp s;
	__u32 listener, end, other_end, moved;
	const char *name = fresh_name();

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_over(&self->server, self->server_end, &self->client,
			     self->client_end, &s));
	EXPECT_EQ(0, s.flags);
	EXPECT_EQ(self->server.pid, s.pid);

	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->server, &self->other, name, listener, &end,
			     &other_end));
	moved = actor_move(&self->server, end, self->server_end, &self->other,
			   other_end);
	ASSERT_NE(0, moved);
	ASSERT_OK(stamp_over(&self->other, moved, &self->client,
			     self->client_end, &s));
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, s.flags);
	EXPECT_EQ(self->other.pid, s.pid);
}

/* Another context of the same process is not another process. */
TEST_F(stamp, second_context_of_a_process)
{
	struct capipc_stamp s, before;
	__u32 moved, listener, far, near;
	struct capipc_receive r;
	struct actor *client = &self->client;
	const char *name = fresh_name();
	int first = client->dev, second;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &before));
	ASSERT_OK(actor_listen(client, name, NULL, &listener));
	ASSERT_OK(actor_open(client));
	second = client->dev;
	ASSERT_OK(actor_connect(client, name, &far));
	client->dev = first;
	near = actor_accept(client, listener);
	ASSERT_NE(0, near);
	ASSERT_OK(actor_send_handle(client, near, self->client_end));
	client->dev = second;
	ASSERT_OK(actor_receive_nowait(client, far, &r));
	ASSERT_EQ(1, r.attachments_count);
	moved = client->page->in[0].handle;
	ASSERT_OK(
		stamp_over(client, moved, &self->server, self->server_end, &s));
	EXPECT_EQ(0, s.flags);
	EXPECT_EQ(client->pid, s.pid);
}

/* The same process with another program is another sender. */
TEST_F(stamp, changed_program)
{
	struct capipc_stamp s;
	struct capipc_receive r;
	__u32 listener, end, other_end, moved;
	const char *name = fresh_name();
	__u64 id;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &s));
	id = s.id;
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->client, &self->other, name, listener, &end,
			     &other_end));
	moved = actor_move(&self->client, end, self->client_end, &self->other,
			   other_end);
	ASSERT_NE(0, moved);
	ASSERT_OK(actor_exec(&self->client, "/proc/self/exe"));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_link(&self->client, &self->other, name, listener, &end,
			     &other_end));
	ASSERT_OK(actor_send_handle(&self->other, other_end, moved));
	ASSERT_OK(actor_receive_nowait(&self->client, end, &r));
	ASSERT_EQ(1, r.attachments_count);
	ASSERT_OK(stamp_over(&self->client, self->client.page->in[0].handle,
			     &self->server, self->server_end, &s));
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, s.flags);
	EXPECT_EQ(self->client.pid, s.pid);
	EXPECT_NE(id, s.id);
}

TEST_F(stamp, threads)
{
	struct actor thread;
	struct capipc_stamp s, of_thread;

	ASSERT_OK(actor_start_threads(&self->other, &thread));
	ASSERT_OK(actor_link(&self->other, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	ASSERT_OK(stamp_over(&self->other, self->client_end, &self->server,
			     self->server_end, &s));
	ASSERT_OK(stamp_over(&thread, self->client_end, &self->server,
			     self->server_end, &of_thread));
	EXPECT_EQ(s.id, of_thread.id);
	EXPECT_EQ(self->other.pid, of_thread.pid);
	EXPECT_EQ(0, of_thread.flags);

	/* only this thread; the C library would do it to all of them */
	ASSERT_OK(actor_setresuid(&thread, 0, 1000, 0));
	ASSERT_OK(stamp_over(&thread, self->client_end, &self->server,
			     self->server_end, &of_thread));
	EXPECT_EQ(1000, of_thread.uid);
	EXPECT_EQ(0, of_thread.capabilities);
	EXPECT_EQ(self->other.pid, of_thread.pid);
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, of_thread.flags);
	EXPECT_NE(s.id, of_thread.id);

	ASSERT_OK(stamp_over(&self->other, self->client_end, &self->server,
			     self->server_end, &s));
	EXPECT_EQ(0, s.uid);
	EXPECT_EQ(caps_all(), s.capabilities);
	EXPECT_EQ(0, s.flags);
	actor_stop(&thread);
}

/* ------------------------------------------------------- user namespaces */

TEST_F(stamp, from_a_child_userns)
{
	struct capipc_stamp s;

	ASSERT_OK(actor_userns_root(&self->client, 100000, 0));
	ASSERT_EQ(caps_all(), proc_status(self->client.pid, "CapEff", 16));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &s));
	EXPECT_EQ(100000, s.uid);
	EXPECT_EQ(100000, s.gid);
	EXPECT_EQ(0, s.capabilities);
	EXPECT_EQ(CAPIPC_STAMP_FOREIGN, s.flags);
	EXPECT_EQ(self->client.pid, s.pid);
}

TEST_F(stamp, to_a_child_userns)
{
	struct capipc_stamp s;

	ASSERT_OK(actor_userns_root(&self->server, 100000, 0));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &s));
	EXPECT_EQ(OVERFLOW_ID, s.uid);
	EXPECT_EQ(OVERFLOW_ID, s.gid);
	EXPECT_EQ(caps_all(), s.capabilities);
	EXPECT_EQ(0, s.flags);
	EXPECT_EQ(self->client.pid, s.pid);

	/* ids that are mapped there */
	ASSERT_OK(actor_setresgid(&self->client, 100007, 100007, 100007));
	ASSERT_OK(actor_setresuid(&self->client, 100005, 100005, 100005));
	ASSERT_OK(stamp_now(self, &s));
	EXPECT_EQ(5, s.uid);
	EXPECT_EQ(7, s.gid);
	EXPECT_EQ(0, s.capabilities);
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, s.flags);
}

/* The owner of a user namespace has all capabilities over it, from outside. */
TEST_F(stamp, owner_of_the_userns)
{
	struct capipc_stamp s;

	ASSERT_OK(actor_become(&self->server, 1000));
	ASSERT_OK(actor_userns_root(&self->server, 100000, 0));
	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &s));
	EXPECT_EQ(caps_all(), s.capabilities);
	EXPECT_EQ(OVERFLOW_ID, s.uid);
	EXPECT_EQ(0, s.flags);

	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_become(&self->other, 1001));
	ASSERT_OK(actor_link(&self->other, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	ASSERT_OK(stamp_over(&self->other, self->client_end, &self->server,
			     self->server_end, &s));
	EXPECT_EQ(0, s.capabilities);
	EXPECT_EQ(0, s.flags);
}

TEST_F(stamp, between_sibling_userns)
{
	struct capipc_stamp s;

	ASSERT_OK(actor_userns_root(&self->server, 100000, 0));
	ASSERT_OK(actor_userns_root(&self->client, 200000, 0));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &s));
	EXPECT_EQ(OVERFLOW_ID, s.uid);
	EXPECT_EQ(OVERFLOW_ID, s.gid);
	EXPECT_EQ(0, s.capabilities);
	EXPECT_EQ(CAPIPC_STAMP_FOREIGN, s.flags);
}

TEST_F(stamp, within_a_child_userns)
{
	struct capipc_stamp s;

	ASSERT_OK(actor_userns_root(&self->server, 100000, 0));
	ASSERT_OK(actor_join(&self->client, &self->server, "user"));
	ASSERT_OK(actor_setresgid(&self->client, 3, 3, 3));
	ASSERT_OK(actor_setresuid(&self->client, 0, 0, 0));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(stamp_now(self, &s));
	EXPECT_EQ(0, s.uid);
	EXPECT_EQ(3, s.gid);
	EXPECT_EQ(caps_all(), s.capabilities);
	EXPECT_EQ(0, s.flags);
}

/* It is in terms of who receives, not of who held the endpoint before. */
TEST_F(stamp, receiver_is_another)
{
	struct capipc_receive r;
	__u32 listener, end, other_end, moved;
	const char *name = fresh_name();

	ASSERT_OK(actor_setresgid(&self->client, 100001, 100001, 100001));
	ASSERT_OK(actor_setresuid(&self->client, 100002, 100002, 100002));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_send(&self->client, self->client_end, 1));

	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_userns_root(&self->other, 100000, 0));
	ASSERT_OK(actor_link(&self->server, &self->other, name, listener, &end,
			     &other_end));
	moved = actor_move(&self->server, end, self->server_end, &self->other,
			   other_end);
	ASSERT_NE(0, moved);
	ASSERT_OK(actor_receive_nowait(&self->other, moved, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, r.type);
	EXPECT_EQ(2, r.stamp.uid);
	EXPECT_EQ(1, r.stamp.gid);
	EXPECT_EQ(0, r.stamp.flags);
}

/* -------------------------------------------------------- pid namespaces */

TEST_F(stamp, from_a_child_pidns)
{
	struct capipc_stamp s;

	ASSERT_OK(actor_fork_pidns(&self->other, NULL));
	ASSERT_OK(actor_open(&self->other));
	ASSERT_OK(actor_link(&self->other, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	ASSERT_OK(stamp_over(&self->other, self->client_end, &self->server,
			     self->server_end, &s));
	EXPECT_EQ(self->other.pid, s.pid);
	EXPECT_EQ(caps_all(), s.capabilities);
	EXPECT_EQ(0, s.flags);
}

TEST_F(stamp, to_a_child_pidns)
{
	struct capipc_stamp s;
	struct actor second;
	__u32 end, server_end, listener;
	const char *name;

	ASSERT_OK(actor_fork_pidns(&self->other, &second));
	ASSERT_OK(actor_open(&self->other));
	ASSERT_OK(actor_open(&second));
	name = fresh_name();
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->client, &self->other, name, listener, &end,
			     &server_end));
	ASSERT_OK(stamp_over(&self->client, end, &self->other, server_end, &s));
	EXPECT_EQ(0, s.pid);
	EXPECT_EQ(0, s.uid);
	EXPECT_EQ(0, s.flags);

	ASSERT_OK(actor_link(&second, &self->other, name, listener, &end,
			     &server_end));
	ASSERT_OK(stamp_over(&second, end, &self->other, server_end, &s));
	EXPECT_EQ(2, s.pid);
	actor_stop(&second);
}

TEST_HARNESS_MAIN
