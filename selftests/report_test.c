// SPDX-License-Identifier: GPL-2.0
/*
 * Reports of bad messages: the pipe is cut off, and the sender is killed when
 * and only when the reporter could have killed it.
 */
#include "capipc_test_ident.h"

#define NET_ADMIN (1ULL << CAP_NET_ADMIN)

FIXTURE(report)
{
	struct actor server, client, other;
	char name[64];
	__u32 listener;
	__u32 client_end, server_end;
	__u64 id; /* of the bad message */
};

FIXTURE_SETUP(report)
{
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
}

FIXTURE_TEARDOWN(report)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
	actor_stop(&self->other);
}

static int pipe_up(FIXTURE_DATA(report) * self)
{
	return actor_link(&self->client, &self->server, self->name,
			  self->listener, &self->client_end, &self->server_end);
}

/* The client sends a bad message, and the server has received it. */
static int bad_message(FIXTURE_DATA(report) * self)
{
	struct capipc_receive r;
	int ret = pipe_up(self);

	if (!ret)
		ret = actor_send(&self->client, self->client_end, 666);
	if (!ret)
		ret = actor_receive_nowait(&self->server, self->server_end, &r);
	self->id = r.stamp.id;
	return ret;
}

/* @end of @a is an end of a pipe that is closed, with nothing left in it. */
static int cut_off(struct actor *a, __u32 end)
{
	struct capipc_receive r;
	struct capipc_inspect i;
	int ret = actor_send(a, end, 1);

	if (ret != -EPIPE)
		return ret ? ret : -EISCONN;
	ret = actor_inspect(a, end, &i);
	if (ret)
		return ret;
	if (!(i.state & CAPIPC_INSPECT_PEER_CLOSED) || i.queued)
		return -EISCONN;
	ret = actor_receive_nowait(a, end, &r);
	if (!ret && r.type == CAPIPC_RECEIVED_PEER_CLOSED)
		ret = actor_receive_nowait(a, end, &r);
	return ret == -EPIPE ? 0 : -EISCONN;
}

/* ------------------------------------------------------------- cutting off */

TEST_F(report, both_ends)
{
	__u32 end, server_end, verdict;

	ASSERT_OK(bad_message(self));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &end, &server_end));
	/* what is queued goes with it, both ways */
	ASSERT_OK(actor_send(&self->client, self->client_end, 667));
	ASSERT_OK(actor_send(&self->server, self->server_end, 668));
	ASSERT_OK(actor_report(&self->server, self->server_end, self->id, 0,
			       &verdict));
	EXPECT_EQ(CAPIPC_REPORT_CUT_OFF, verdict);
	EXPECT_ERR(EBADF, actor_send(&self->server, self->server_end, 1));
	EXPECT_ERR(EBADF, actor_close(&self->server, self->server_end));
	EXPECT_OK(cut_off(&self->client, self->client_end));
	EXPECT_EQ(0, actor_idle(&self->server, 0));

	/* only this one */
	EXPECT_OK(actor_send(&self->client, end, 1));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE,
		  actor_idle(&self->server, server_end));
	EXPECT_OK(actor_send(&self->server, server_end, 1));
	EXPECT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &end, &server_end));
	EXPECT_EQ(1, actor_alive(&self->client));
}

/* What was attached to queued messages is closed. */
TEST_F(report, attachments)
{
	struct capipc_receive r;
	__u32 verdict, h[2];

	ASSERT_OK(bad_message(self));
	ASSERT_OK(actor_create(&self->client, h));
	ASSERT_OK(actor_send_handle(&self->client, self->client_end, h[0]));
	ASSERT_OK(actor_report(&self->server, self->server_end, self->id, 0,
			       &verdict));
	ASSERT_OK(actor_receive_nowait(&self->client, h[1], &r));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, r.type);
}

TEST_F(report, other_end_in_flight)
{
	struct capipc_receive r;
	__u32 verdict, listener, end, other_end;
	const char *name = fresh_name();

	ASSERT_OK(bad_message(self));
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->client, &self->other, name, listener, &end,
			     &other_end));
	ASSERT_OK(actor_send_handle(&self->client, end, self->client_end));
	ASSERT_OK(actor_report(&self->server, self->server_end, self->id, 0,
			       &verdict));
	EXPECT_EQ(CAPIPC_REPORT_CUT_OFF, verdict);

	/* the message is not lost with it */
	ASSERT_OK(actor_receive_nowait(&self->other, other_end, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, r.type);
	ASSERT_EQ(1, r.attachments_count);
	EXPECT_OK(cut_off(&self->other, self->other.page->in[0].handle));
}

TEST_F(report, call_by_reply_handle)
{
	struct capipc_receive r;
	struct capipc_call c;
	__u32 verdict;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_call_begin(&self->client, self->client_end, 666));
	ASSERT_OK(actor_receive(&self->server, self->server_end, &r));
	ASSERT_OK(actor_report(&self->server, r.reply_handle, 0, 0, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_CUT_OFF, verdict);
	EXPECT_ERR(ECONNRESET, actor_call_end(&self->client, &c));
	EXPECT_EQ(CAPIPC_CALL_SENT, c.state);
	EXPECT_ERR(EBADF, actor_reply(&self->server, r.reply_handle));

	/* the endpoint stays, of a pipe that is closed */
	EXPECT_OK(cut_off(&self->server, self->server_end));
	EXPECT_OK(cut_off(&self->client, self->client_end));
	EXPECT_OK(actor_close(&self->server, self->server_end));
}

TEST_F(report, call_by_endpoint)
{
	struct capipc_receive r;
	struct capipc_call c;
	__u32 verdict;

	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_call_begin(&self->client, self->client_end, 666));
	ASSERT_OK(actor_receive(&self->server, self->server_end, &r));
	ASSERT_OK(actor_report(&self->server, self->server_end, r.stamp.id, 0,
			       &verdict));
	EXPECT_ERR(ECONNRESET, actor_call_end(&self->client, &c));
	EXPECT_ERR(EBADF, actor_inspect(&self->server, self->server_end,
					&(struct capipc_inspect){ 0 }));
	EXPECT_ERR(ECANCELED, actor_reply(&self->server, r.reply_handle));
	EXPECT_OK(cut_off(&self->client, self->client_end));
}

/* A call that has not been received yet fails as well. */
TEST_F(report, call_in_the_queue)
{
	struct capipc_call c;
	__u32 verdict;

	ASSERT_OK(bad_message(self));
	ASSERT_OK(actor_call_begin(&self->client, self->client_end, 1));
	ASSERT_OK(wait_asleep(self->client.pid));
	ASSERT_OK(actor_report(&self->server, self->server_end, self->id, 0,
			       &verdict));
	EXPECT_ERR(ECONNRESET, actor_call_end(&self->client, &c));
}

/* --------------------------------------------------------------- who is killed */

enum who {
	ROOT,
	ROOT_NOCAPS,
	USER,
	USER_KILL, /* with CAP_KILL */
	USER_NET, /* with another capability */
	USER2,
	ROOT_AS_USER, /* effective uid 1000, the others 0 */
	USER_AS_USER2, /* effective uid 1001, the others 1000 */
};

static int actor_as(struct actor *a, enum who who)
{
	int ret;

	switch (who) {
	case ROOT:
		return 0;
	case ROOT_NOCAPS:
		return actor_capset(a, 0, 0);
	case USER:
		return actor_become(a, 1000);
	case USER2:
		return actor_become(a, 1001);
	case USER_KILL:
	case USER_NET:
		ret = actor_setresuid(a, 1000, 1000, 0);
		return ret ? ret :
			     actor_capset(a,
					  who == USER_KILL ? 1ULL << CAP_KILL :
							     NET_ADMIN,
					  caps_all());
	case ROOT_AS_USER:
		return actor_setresuid(a, 0, 1000, 0);
	case USER_AS_USER2:
		return actor_setresuid(a, 1000, 1001, 1000);
	}
	return -EINVAL;
}

static const struct {
	enum who reporter, sender;
	bool killed;
} matrix[] = {
	{ ROOT, ROOT, true },
	{ ROOT, USER, true },
	{ ROOT, USER_KILL, true },
	{ USER, USER, true },
	{ USER, USER2, false },
	{ USER, ROOT, false },
	{ USER, ROOT_NOCAPS, false },
	{ USER_KILL, ROOT, true },
	{ USER_KILL, USER2, true },
	{ USER_NET, ROOT, false },
	{ USER_NET, USER2, false },
	{ ROOT_NOCAPS, USER, false },
	{ ROOT_NOCAPS, ROOT, true },
	/* real and saved uid of the sender, real and effective of the caller */
	{ USER, ROOT_AS_USER, false },
	{ USER, USER_AS_USER2, true },
	{ USER2, USER_AS_USER2, false },
	{ USER_AS_USER2, USER2, true },
	{ USER_AS_USER2, USER, true },
	{ ROOT_AS_USER, USER, true },
	{ ROOT_AS_USER, USER2, false },
	{ ROOT_AS_USER, ROOT, true },
};

TEST_F(report, kill_only_what_kill_would)
{
	struct capipc_receive r;
	struct actor reporter, sender;
	__u32 listener, end, server_end, verdict;
	const char *name;
	int i;

	for (i = 0; i < ARRAY_SIZE(matrix); i++) {
		ASSERT_OK(actor_start(&reporter));
		ASSERT_OK(actor_start(&sender));
		name = fresh_name();
		ASSERT_OK(actor_listen(&reporter, name, NULL, &listener));
		ASSERT_OK(actor_as(&reporter, matrix[i].reporter));
		ASSERT_OK(actor_as(&sender, matrix[i].sender));
		ASSERT_OK(actor_link(&sender, &reporter, name, listener, &end,
				     &server_end));
		ASSERT_OK(actor_send(&sender, end, 666));
		ASSERT_OK(actor_receive_nowait(&reporter, server_end, &r));
		ASSERT_OK(actor_report(&reporter, server_end, r.stamp.id,
				       CAPIPC_REPORT_KILL, &verdict));
		EXPECT_EQ(matrix[i].killed ? CAPIPC_REPORT_KILLED :
					     CAPIPC_REPORT_SPARED,
			  verdict)
		TH_LOG("row %d", i);
		if (matrix[i].killed) {
			EXPECT_EQ(SIGKILL, actor_killed_by(&sender, true))
			TH_LOG("row %d", i);
		} else {
			EXPECT_EQ(1, actor_alive(&sender)) TH_LOG("row %d", i);
			EXPECT_OK(cut_off(&sender, end)) TH_LOG("row %d", i);
		}
		EXPECT_EQ(1, actor_alive(&reporter));
		actor_stop(&reporter);
		actor_stop(&sender);
	}
}

/* Without being asked to, it kills nobody. */
TEST_F(report, kill_is_asked_for)
{
	__u32 verdict;

	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(bad_message(self));
	ASSERT_OK(actor_report(&self->server, self->server_end, self->id, 0,
			       &verdict));
	EXPECT_EQ(CAPIPC_REPORT_CUT_OFF, verdict);
	EXPECT_EQ(1, actor_alive(&self->client));
}

TEST_F(report, kill_by_reply_handle)
{
	struct capipc_receive r;
	__u32 verdict;

	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_call_begin(&self->client, self->client_end, 666));
	ASSERT_OK(actor_receive(&self->server, self->server_end, &r));
	ASSERT_OK(actor_report(&self->server, r.reply_handle, r.stamp.id,
			       CAPIPC_REPORT_KILL, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_KILLED, verdict);
	EXPECT_EQ(SIGKILL, actor_killed_by(&self->client, true));
	EXPECT_OK(cut_off(&self->server, self->server_end));
}

/* As kill(2) would now: what the sender was then does not protect it. */
TEST_F(report, kill_looks_at_the_sender_now)
{
	__u32 verdict;

	ASSERT_OK(bad_message(self));
	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(actor_become(&self->server, 1000));
	ASSERT_OK(actor_report(&self->server, self->server_end, self->id,
			       CAPIPC_REPORT_KILL, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_KILLED, verdict);
	EXPECT_EQ(SIGKILL, actor_killed_by(&self->client, true));
}

/* Who sent is killed, not who holds the endpoint since. */
TEST_F(report, kill_the_sender_not_the_holder)
{
	struct capipc_receive r;
	__u32 verdict, listener, end, other_end, moved;
	const char *name = fresh_name();

	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(actor_become(&self->other, 1000));
	ASSERT_OK(actor_link(&self->client, &self->other, name, listener, &end,
			     &other_end));
	ASSERT_OK(pipe_up(self));
	ASSERT_OK(actor_send(&self->client, self->client_end, 666));
	moved = actor_move(&self->client, end, self->client_end, &self->other,
			   other_end);
	ASSERT_NE(0, moved);
	ASSERT_OK(actor_send(&self->other, moved, 1));

	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	ASSERT_EQ(666, r.ordinal);
	ASSERT_OK(actor_report(&self->server, self->server_end, r.stamp.id,
			       CAPIPC_REPORT_KILL, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_KILLED, verdict);
	EXPECT_EQ(SIGKILL, actor_killed_by(&self->client, true));
	EXPECT_EQ(1, actor_alive(&self->other));
	EXPECT_OK(cut_off(&self->other, moved));
}

/* Nobody else is killed instead; and there is nobody to be spared either. */
TEST_F(report, sender_is_dead)
{
	__u32 verdict;

	ASSERT_OK(bad_message(self));
	actor_stop(&self->client);
	ASSERT_OK(actor_report(&self->server, self->server_end, self->id,
			       CAPIPC_REPORT_KILL, &verdict));
	EXPECT_NE(CAPIPC_REPORT_KILLED, verdict);
	EXPECT_ERR(EBADF, actor_close(&self->server, self->server_end));
}

TEST_F(report, kill_from_a_child_userns)
{
	__u32 verdict;

	/* root there is not root here */
	ASSERT_OK(actor_userns_root(&self->server, 100000, 0));
	ASSERT_OK(bad_message(self));
	ASSERT_OK(actor_report(&self->server, self->server_end, self->id,
			       CAPIPC_REPORT_KILL, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_SPARED, verdict);
	EXPECT_EQ(1, actor_alive(&self->client));
	EXPECT_OK(cut_off(&self->client, self->client_end));

	/* but the same user is the same user */
	ASSERT_OK(actor_become(&self->client, 100000));
	ASSERT_OK(bad_message(self));
	ASSERT_OK(actor_report(&self->server, self->server_end, self->id,
			       CAPIPC_REPORT_KILL, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_KILLED, verdict);
	EXPECT_EQ(SIGKILL, actor_killed_by(&self->client, true));
}

TEST_F(report, kill_into_a_child_userns)
{
	__u32 verdict;

	/* the owner of the namespace may */
	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(actor_userns_root(&self->client, 100000, 0));
	ASSERT_OK(actor_become(&self->server, 1000));
	ASSERT_OK(bad_message(self));
	ASSERT_OK(actor_report(&self->server, self->server_end, self->id,
			       CAPIPC_REPORT_KILL, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_KILLED, verdict);
	EXPECT_EQ(SIGKILL, actor_killed_by(&self->client, true));
}

TEST_F(report, spare_in_anothers_userns)
{
	__u32 verdict;

	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(actor_userns_root(&self->client, 100000, 0));
	ASSERT_OK(actor_become(&self->server, 1001));
	ASSERT_OK(bad_message(self));
	ASSERT_OK(actor_report(&self->server, self->server_end, self->id,
			       CAPIPC_REPORT_KILL, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_SPARED, verdict);
	EXPECT_EQ(1, actor_alive(&self->client));
}

/* The first process of a pid namespace can be killed from outside. */
TEST_F(report, kill_into_a_child_pidns)
{
	struct capipc_receive r;
	__u32 end, server_end, verdict;

	ASSERT_OK(actor_fork_pidns(&self->other, NULL));
	ASSERT_OK(actor_open(&self->other));
	ASSERT_OK(actor_link(&self->other, &self->server, self->name,
			     self->listener, &end, &server_end));
	ASSERT_OK(actor_send(&self->other, end, 666));
	ASSERT_OK(actor_receive_nowait(&self->server, server_end, &r));
	ASSERT_OK(actor_report(&self->server, server_end, r.stamp.id,
			       CAPIPC_REPORT_KILL, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_KILLED, verdict);
	EXPECT_EQ(SIGKILL, actor_killed_by(&self->other, true));
}

/* Who has no pid here cannot be the target of a kill(2) from here. */
TEST_F(report, spare_out_of_a_child_pidns)
{
	struct capipc_receive r;
	__u32 end, server_end, verdict, listener;
	const char *name = fresh_name();

	ASSERT_OK(actor_fork_pidns(&self->other, NULL));
	ASSERT_OK(actor_open(&self->other));
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->client, &self->other, name, listener, &end,
			     &server_end));
	ASSERT_OK(actor_send(&self->client, end, 666));
	ASSERT_OK(actor_receive_nowait(&self->other, server_end, &r));
	ASSERT_OK(actor_report(&self->other, server_end, r.stamp.id,
			       CAPIPC_REPORT_KILL, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_SPARED, verdict);
	EXPECT_EQ(1, actor_alive(&self->client));
	EXPECT_OK(cut_off(&self->client, end));
}

/* -------------------------------------------------------------- what is refused */

static int report_raw(FIXTURE_DATA(report) * self, __u64 reason, __u32 len)
{
	struct capipc_report r = {
		.size = sizeof(r),
		.handle = self->server_end,
		.stamp_id = self->id,
		.reason = reason,
		.reason_len = len,
	};

	return ACTOR_IOCTL(&self->server, REPORT, &r);
}

TEST_F(report, reasons)
{
	char *text = self->server.page->name;
	__u64 at = ipc_ptr(text);
	int c;

	ASSERT_OK(bad_message(self));
	for (c = 0; c < 256; c++) {
		if (c >= 0x20 && c < 0x7f)
			continue;
		text[0] = 'a';
		text[1] = c;
		text[2] = 'b';
		EXPECT_ERR(EINVAL, report_raw(self, at, 3)) TH_LOG("%#x", c);
		EXPECT_ERR(EINVAL, report_raw(self, at, 2)) TH_LOG("%#x", c);
	}
	memset(text, 'x', sizeof(self->server.page->name));
	EXPECT_ERR(EINVAL, report_raw(self, at, CAPIPC_REASON_MAX + 1));
	EXPECT_ERR(EINVAL, report_raw(self, at, 0xffffffff));
	EXPECT_ERR(EFAULT, report_raw(self, 1, 4));
	EXPECT_ERR(EFAULT, report_raw(self, ~0ULL - 2, 4));

	/* none of these did anything */
	EXPECT_OK(actor_send(&self->client, self->client_end, 1));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE,
		  actor_idle(&self->server, self->server_end));
	for (c = 0; c < CAPIPC_REASON_MAX; c++)
		text[c] = 0x20 + c % 95;
	EXPECT_OK(report_raw(self, at, CAPIPC_REASON_MAX));
	EXPECT_OK(cut_off(&self->client, self->client_end));

	ASSERT_OK(bad_message(self));
	EXPECT_OK(report_raw(self, 0, 0));
	EXPECT_OK(cut_off(&self->client, self->client_end));
}

TEST_F(report, stale)
{
	struct capipc_receive r;
	struct capipc_call c;
	__u32 verdict;

	/* nothing has been received */
	ASSERT_OK(pipe_up(self));
	EXPECT_ERR(ESTALE, actor_report(&self->server, self->server_end, 1, 0,
					&verdict));
	ASSERT_OK(bad_message(self));
	EXPECT_ERR(ESTALE,
		   actor_report(&self->server, self->server_end, self->id + 1,
				CAPIPC_REPORT_KILL, &verdict));
	ASSERT_OK(actor_setresuid(&self->client, 0, 1000, 0));
	ASSERT_OK(actor_send(&self->client, self->client_end, 2));
	ASSERT_OK(actor_receive_nowait(&self->server, self->server_end, &r));
	EXPECT_ERR(ESTALE,
		   actor_report(&self->server, self->server_end, self->id,
				CAPIPC_REPORT_KILL, &verdict));

	ASSERT_OK(actor_call_begin(&self->client, self->client_end, 3));
	ASSERT_OK(actor_receive(&self->server, self->server_end, &r));
	EXPECT_ERR(ESTALE,
		   actor_report(&self->server, r.reply_handle, r.stamp.id + 1,
				CAPIPC_REPORT_KILL, &verdict));
	ASSERT_OK(actor_reply(&self->server, r.reply_handle));
	EXPECT_OK(actor_call_end(&self->client, &c));
	EXPECT_EQ(1, actor_alive(&self->client));
}

TEST_F(report, needs_the_right_to_read)
{
	struct capipc_receive r;
	__u32 listener, end, other_end, weak, verdict;
	const char *name = fresh_name();

	ASSERT_OK(bad_message(self));
	ASSERT_OK(actor_start(&self->other));
	ASSERT_OK(actor_listen(&self->other, name, NULL, &listener));
	ASSERT_OK(actor_link(&self->server, &self->other, name, listener, &end,
			     &other_end));
	ASSERT_OK(actor_send_all(&self->server, end, 0, 0, self->server_end,
				 CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_ADMIN |
					 CAPIPC_RIGHT_TRANSFER));
	ASSERT_OK(actor_receive_nowait(&self->other, other_end, &r));
	ASSERT_EQ(1, r.attachments_count);
	weak = self->other.page->in[0].handle;
	EXPECT_ERR(EPERM,
		   actor_report(&self->other, weak, self->id, 0, &verdict));
	EXPECT_OK(actor_send(&self->client, self->client_end, 1));
}

TEST_F(report, wrong_handles)
{
	struct actor *server = &self->server;
	__u32 verdict;

	ASSERT_OK(bad_message(self));
	EXPECT_ERR(EPROTOTYPE,
		   actor_report(server, self->listener, self->id, 0, &verdict));
	EXPECT_ERR(EBADF, actor_report(server, 0, self->id, 0, &verdict));
	EXPECT_ERR(EINVAL, actor_report(server, self->server_end, self->id, 2,
					&verdict));
	EXPECT_ERR(EINVAL, actor_report(server, self->server_end, self->id,
					0x80000001, &verdict));
	EXPECT_OK(actor_send(&self->client, self->client_end, 1));
	ASSERT_OK(
		actor_report(server, self->server_end, self->id, 0, &verdict));
	EXPECT_ERR(EBADF, actor_report(server, self->server_end, self->id, 0,
				       &verdict));
}

TEST_HARNESS_MAIN
