// SPDX-License-Identifier: GPL-2.0
/*
 * Reply handles that move: whoever holds one answers, under his own name; the
 * caller is told when nobody can any more; and the pipe of the call does not
 * matter.
 */
#include "reply_move.h"

/* ---------------------------------------------------------- who answers */

TEST_F(reply_move, answered_elsewhere)
{
	struct capipc_inspect inspect;
	uint32_t reply = called(self), there;

	ASSERT_NE(0, reply);
	there = moved(self, reply, CAPIPC_RIGHTS_SAME);
	ASSERT_NE(0, there);
	EXPECT_EQ(CAPIPC_KIND_REPLY, self->actor.page->in[0].kind);
	EXPECT_EQ(CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER,
		  self->actor.page->in[0].rights);
	EXPECT_OK(actor_inspect(&self->actor, there, &inspect));
	EXPECT_EQ(CAPIPC_KIND_REPLY, inspect.kind);
	EXPECT_EQ(CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER, inspect.rights);
	/* it is gone here */
	EXPECT_ERR(EBADF, ipc_alive(self->fd, reply));
	EXPECT_ERR(EBADF, ipc_reply_str(self->fd, reply, "mine"));
	EXPECT_TRUE(waits(self));

	EXPECT_OK(actor_answers(self, there));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("from", self->c.reply);
	EXPECT_EQ(CAPIPC_CALL_ANSWERED, self->c.a.state);
	/* once */
	EXPECT_ERR(EBADF, actor_answers(self, there));
}

/* The stamp is that of who replied, and says that it is not who was called. */
TEST_F(reply_move, under_his_own_name)
{
	const struct capipc_stamp *stamp = &self->c.a.stamp;
	uint32_t reply = called(self), there;
	uint64_t id;

	ASSERT_NE(0, reply);
	ASSERT_OK(ipc_reply_str(self->fd, reply, "here"));
	ASSERT_OK(async_call_join(&self->c));
	EXPECT_EQ(getpid(), stamp->pid);
	EXPECT_EQ(0, stamp->flags);
	EXPECT_EQ(caps_all(), stamp->capabilities);
	id = stamp->id;

	ASSERT_OK(actor_become(&self->actor, 1000));
	there = moved(self, called(self), CAPIPC_RIGHTS_SAME);
	ASSERT_OK(actor_answers(self, there));
	ASSERT_OK(async_call_join(&self->c));
	EXPECT_EQ(self->actor.pid, stamp->pid);
	EXPECT_EQ(1000, stamp->uid);
	EXPECT_EQ(1000, stamp->gid);
	EXPECT_EQ(0, stamp->capabilities);
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, stamp->flags);
	EXPECT_NE(id, stamp->id);

	/* who holds the endpoint is not taken for him */
	ASSERT_OK(ipc_send_str(self->fd, self->h[1], 1, "x"));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[0], &self->m));
	EXPECT_EQ(getpid(), self->m.r.stamp.pid);
	EXPECT_EQ(0, self->m.r.stamp.flags);
	reply = called(self);
	ASSERT_OK(ipc_reply_str(self->fd, reply, "here"));
	ASSERT_OK(async_call_join(&self->c));
	EXPECT_EQ(getpid(), stamp->pid);
	EXPECT_EQ(0, stamp->flags);
}

static void *answer_thread(void *arg)
{
	scene *self = arg;

	return (void *)(long)ipc_reply_str(self->fd, self->m.r.reply_handle,
					   "by a thread");
}

/* Who the pipe is held by is another matter: its messages have the stamp they had. */
TEST_F(reply_move, holder_keeps_his_stamp)
{
	uint32_t reply;
	__u64 id;

	ASSERT_OK(ipc_send_str(self->fd, self->h[1], 1, "before"));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[0], &self->m));
	id = self->m.r.stamp.id;
	reply = moved(self, called(self), CAPIPC_RIGHTS_SAME);
	ASSERT_NE(0, reply);
	EXPECT_OK(actor_answers(self, reply));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_NE(id, self->c.a.stamp.id);
	ASSERT_OK(ipc_send_str(self->fd, self->h[1], 1, "after"));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[0], &self->m));
	EXPECT_EQ(id, self->m.r.stamp.id);
}

TEST_F(reply_move, by_another_thread)
{
	pthread_t thread;
	void *ret;

	ASSERT_NE(0, called(self));
	ASSERT_EQ(0, pthread_create(&thread, NULL, answer_thread, self));
	pthread_join(thread, &ret);
	EXPECT_OK((long)ret);
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("by a thread", self->c.reply);
	EXPECT_EQ(0, self->c.a.stamp.flags);
}

/* There and back many times, and through more than one context at a time. */
TEST_F(reply_move, many_times)
{
	uint32_t reply = called(self), there, second_end, ours;
	struct actor second = { 0 };
	int i;

	ASSERT_NE(0, reply);
	ASSERT_OK(actor_start(&second));
	ASSERT_OK(meet(self->fd, &second, &ours, &second_end));
	for (i = 0; i < 10; i++) {
		there = moved(self, reply, CAPIPC_RIGHTS_SAME);
		ASSERT_NE(0, there) TH_LOG("round %d", i);
		ASSERT_OK(actor_send_handle(&self->actor, self->end, there));
		ASSERT_ERR(EBADF, actor_close(&self->actor, there));
		reply = takes(self->fd, self->to_actor);
		ASSERT_OK(ipc_send_handle(self->fd, ours, "", reply));
		ASSERT_OK(actor_receive(&second, second_end,
					&(struct capipc_receive){ 0 }));
		ASSERT_OK(actor_send_handle(&second, second_end,
					    second.page->in[0].handle));
		reply = takes(self->fd, ours);
	}
	EXPECT_TRUE(waits(self));
	EXPECT_OK(ipc_reply_str(self->fd, reply, "at last"));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("at last", self->c.reply);
	actor_stop(&second);
}

/* To the very process that waits, over the very pipe of the call. */
TEST_F(reply_move, to_the_caller)
{
	uint32_t reply = called(self);
	int i;

	ASSERT_NE(0, reply);
	for (i = 1; i >= 0; i--) {
		ASSERT_OK(ipc_send_handle(self->fd, self->h[i], "", reply));
		reply = takes(self->fd, self->h[!i]);
		ASSERT_NE(0, reply);
	}
	EXPECT_OK(ipc_reply_str(self->fd, reply, "to myself"));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("to myself", self->c.reply);
}

/* --------------------------------------------------------------- dropped */

enum end {
	CLOSED,
	CONTEXT_CLOSED,
	KILLED,
	EXECED,
	UNRECEIVED_CLOSED,
	UNRECEIVED_KILLED,
	DEEPER_CLOSED,
	DEEPER_KILLED,
	ENDS
};

static int drop(scene *self, uint32_t reply, enum end end)
{
	struct actor *actor = &self->actor;
	uint32_t p[2], there;
	int ret;

	if (end == DEEPER_CLOSED || end == DEEPER_KILLED) {
		ret = ipc_create(self->fd, p);
		if (!ret)
			ret = ipc_send_handle(self->fd, p[0], "", reply);
		if (ret)
			return ret;
		reply = p[1];
	}
	ret = ipc_send_handle(self->fd, self->to_actor, "", reply);
	if (ret)
		return ret;
	if (end == UNRECEIVED_CLOSED)
		return actor_close(actor, self->end);
	if (end == UNRECEIVED_KILLED)
		return actor_kill(actor);
	there = actor_takes(self);
	if (!there)
		return -EPROTO;
	switch (end) {
	case CONTEXT_CLOSED:
		return actor_run(actor, act_close_fd, actor->dev);
	case EXECED:
		return actor_exec(actor, "/proc/self/exe");
	case KILLED:
	case DEEPER_KILLED:
		return actor_kill(actor);
	default:
		return actor_close(actor, there);
	}
}

TEST_F(reply_move, dropped)
{
	enum end end;
	uint32_t reply;

	for (end = CLOSED; end < ENDS; end++) {
		if (end != CLOSED) {
			actor_stop(&self->actor);
			ASSERT_OK(meet_actor(self));
		}
		reply = called(self);
		ASSERT_NE(0, reply);
		ASSERT_OK(drop(self, reply, end)) TH_LOG("end %d", end);
		EXPECT_ERR(ECONNRESET, async_call_join(&self->c))
		TH_LOG("end %d", end);
		EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
		EXPECT_EQ(0, self->c.a.pending);
		/* the pipe of the call is as good as before */
		reply = called(self);
		ASSERT_OK(ipc_reply_str(self->fd, reply, "fine"));
		EXPECT_OK(async_call_join(&self->c));
	}
}

/* Who was called is gone, its last message with the reply handle is not. */
TEST_F(reply_move, outlives_who_was_called)
{
	struct capipc_receive r;
	uint32_t p[2];

	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_send_handle(self->fd, self->to_actor, "", p[1]));
	p[1] = actor_takes(self);
	ASSERT_NE(0, p[1]);
	ASSERT_OK(async_call(&self->c, self->fd, self->to_actor, "?"));
	ASSERT_OK(actor_receive(&self->actor, self->end, &r));
	ASSERT_EQ(CAPIPC_RECEIVED_CALL, r.type);
	ASSERT_OK(actor_send_handle(&self->actor, p[1], r.reply_handle));
	ASSERT_OK(actor_kill(&self->actor));
	EXPECT_TRUE(waits(self));
	EXPECT_OK(ipc_reply_str(self->fd, takes(self->fd, p[0]), "posthumous"));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("posthumous", self->c.reply);
	EXPECT_EQ(getpid(), self->c.a.stamp.pid);
	EXPECT_EQ(CAPIPC_STAMP_CHANGED, self->c.a.stamp.flags);
}

/* --------------------------------------------------- the pipe of the call */

TEST_F(reply_move, pipe_moves)
{
	uint32_t reply, there, endpoint;

	/* the endpoint that was called goes, the reply handle stays */
	reply = called(self);
	ASSERT_NE(0, reply);
	endpoint = moved(self, self->h[1], CAPIPC_RIGHTS_SAME);
	ASSERT_NE(0, endpoint);
	EXPECT_TRUE(waits(self));
	ASSERT_OK(ipc_reply_str(self->fd, reply, "stayed"));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("stayed", self->c.reply);
	EXPECT_EQ(0, self->c.a.stamp.flags);

	/* back, and now both ends go and it does, over different ways */
	ASSERT_OK(actor_send_handle(&self->actor, self->end, endpoint));
	ASSERT_OK(ipc_recv_from(self->fd, self->to_actor, &self->m));
	self->h[1] = self->m.att[0].handle;
	reply = called(self);
	ASSERT_NE(0, reply);
	ASSERT_NE(0, moved(self, self->h[0], CAPIPC_RIGHTS_SAME));
	there = moved(self, reply, CAPIPC_RIGHTS_SAME);
	ASSERT_NE(0, there);
	ASSERT_NE(0, moved(self, self->h[1], CAPIPC_RIGHTS_SAME));
	EXPECT_TRUE(waits(self));
	EXPECT_OK(actor_answers(self, there));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("from", self->c.reply);
}

TEST_F(reply_move, pipe_closes)
{
	uint32_t reply, there;
	int first;

	for (first = 0; first < 2; first++) {
		if (first)
			ASSERT_OK(ipc_create(self->fd, self->h));
		reply = called(self);
		there = moved(self, reply, CAPIPC_RIGHTS_SAME);
		ASSERT_NE(0, there);
		ASSERT_OK(ipc_close(self->fd, self->h[first]));
		EXPECT_TRUE(waits(self));
		ASSERT_OK(ipc_close(self->fd, self->h[!first]));
		EXPECT_TRUE(waits(self));
		EXPECT_OK(actor_answers(self, there));
		EXPECT_OK(async_call_join(&self->c));
		EXPECT_STREQ("from", self->c.reply);
	}
}

/* ---------------------------------------------------------------- rights */

TEST_F(reply_move, without_write)
{
	struct capipc_reply answer = { .size = sizeof(answer) };
	struct capipc_receive r = { .reply = ipc_ptr(&answer),
				    .flags = CAPIPC_NOWAIT };
	uint32_t reply = called(self), there;

	ASSERT_NE(0, reply);
	there = moved(self, reply, CAPIPC_RIGHT_TRANSFER);
	ASSERT_NE(0, there);
	EXPECT_EQ(CAPIPC_RIGHT_TRANSFER, self->actor.page->in[0].rights);
	EXPECT_ERR(EPERM, actor_answers(self, there));
	/* nor does it come back on the way */
	ASSERT_OK(actor_send_handle(&self->actor, self->end, there));
	answer.handle = takes(self->fd, self->to_actor);
	ASSERT_NE(0, answer.handle);
	EXPECT_ERR(EPERM, ipc_do_reply(self->fd, &answer));
	EXPECT_ERR(EPERM, ipc_do_receive(self->fd, &r));
	EXPECT_EQ(ipc_ptr(&answer), r.reply);
	EXPECT_TRUE(waits(self));
	EXPECT_OK(ipc_close(self->fd, answer.handle));
	EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
}

TEST_F(reply_move, without_transfer)
{
	uint32_t reply = called(self), there;

	ASSERT_NE(0, reply);
	there = moved(self, reply, CAPIPC_RIGHT_WRITE);
	ASSERT_NE(0, there);
	EXPECT_EQ(CAPIPC_RIGHT_WRITE, self->actor.page->in[0].rights);
	EXPECT_ERR(EPERM, actor_send_handle(&self->actor, self->end, there));
	EXPECT_ERR(EPERM, actor_send_all(&self->actor, self->end, 0, 0, there,
					 CAPIPC_RIGHT_WRITE));
	EXPECT_EQ(0, ipc_queued(self->fd, self->to_actor));
	EXPECT_OK(actor_answers(self, there));
	EXPECT_OK(async_call_join(&self->c));
}

TEST_F(reply_move, without_any)
{
	uint32_t reply = called(self), there;

	ASSERT_NE(0, reply);
	there = moved(self, reply, 0);
	ASSERT_NE(0, there);
	EXPECT_EQ(0, self->actor.page->in[0].rights);
	EXPECT_ERR(EPERM, actor_send_handle(&self->actor, self->end, there));
	EXPECT_ERR(EPERM, actor_answers(self, there));
	EXPECT_OK(actor_close(&self->actor, there));
	EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
}

TEST_F(reply_move, more_rights)
{
	uint32_t reply = called(self), bit;
	struct capipc_attachment att;

	ASSERT_NE(0, reply);
	for (bit = 1; bit < CAPIPC_RIGHTS_SAME; bit <<= 1) {
		if (bit & (CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER))
			continue;
		att = ipc_attach_rights(reply, CAPIPC_RIGHT_WRITE | bit);
		EXPECT_ERR(EPERM, ipc_send_full(self->fd, self->to_actor, 0,
						NULL, 0, &att, 1))
		TH_LOG("right %#x", bit);
	}
	EXPECT_OK(ipc_reply_str(self->fd, reply, "still here"));
	EXPECT_OK(async_call_join(&self->c));
}

/* ------------------------------------------------------------- bad requests */

TEST_F(reply_move, twice_in_a_message)
{
	uint32_t reply = called(self), p[2];
	struct capipc_attachment att[3];

	ASSERT_NE(0, reply);
	ASSERT_OK(ipc_create(self->fd, p));
	att[0] = ipc_attach(reply);
	att[1] = ipc_attach(p[1]);
	att[2] = ipc_attach(reply);
	EXPECT_ERR(EINVAL,
		   ipc_send_full(self->fd, self->to_actor, 0, NULL, 0, att, 3));
	EXPECT_OK(ipc_alive(self->fd, p[1]));
	EXPECT_OK(ipc_reply_str(self->fd, reply, "once"));
	EXPECT_OK(async_call_join(&self->c));
}

/* An answer that carries what it is sent with. */
TEST_F(reply_move, inside_its_own_reply)
{
	struct capipc_attachment att[2];
	struct capipc_reply answer = {
		.size = sizeof(answer),
		.attachments = ipc_ptr(att),
		.attachments_count = 2,
	};
	struct capipc_receive r = { .reply = ipc_ptr(&answer),
				    .flags = CAPIPC_NOWAIT };
	uint32_t reply = called(self), p[2];

	ASSERT_NE(0, reply);
	ASSERT_OK(ipc_create(self->fd, p));
	answer.handle = reply;
	att[0] = ipc_attach(p[1]);
	att[1] = ipc_attach(reply);
	EXPECT_ERR(EBUSY, ipc_do_reply(self->fd, &answer));
	EXPECT_ERR(EBUSY, ipc_do_receive(self->fd, &r));
	EXPECT_EQ(ipc_ptr(&answer), r.reply);
	EXPECT_OK(ipc_alive(self->fd, p[1]));
	EXPECT_TRUE(waits(self));
	answer.attachments_count = 1;
	EXPECT_OK(ipc_do_reply(self->fd, &answer));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_EQ(1, self->c.a.reply_attachments_count);
}

TEST_F(reply_move, is_no_file_and_no_cookie)
{
	uint32_t reply = called(self);
	struct capipc_attachment att = { .handle = reply,
					 .kind = CAPIPC_KIND_REPLY };

	ASSERT_NE(0, reply);
	/* the kind is the kernel's to tell */
	EXPECT_ERR(EINVAL, ipc_send_full(self->fd, self->to_actor, 0, NULL, 0,
					 &att, 1));
	att.kind = CAPIPC_KIND_FILE;
	EXPECT_ERR(EBADF, ipc_send_full(self->fd, self->to_actor, 0, NULL, 0,
					&att, 1));
	EXPECT_ERR(EPROTOTYPE, ipc_tag(self->fd, reply, 1));
	EXPECT_OK(ipc_reply_str(self->fd, reply, "well"));
	EXPECT_OK(async_call_join(&self->c));
}

/* A receiver that cannot take it: it stays in the message. */
TEST_F(reply_move, cannot_be_received)
{
	char *end = map_before_hole(64) + 64;
	struct capipc_receive r = { .flags = CAPIPC_NOWAIT };
	uint32_t reply = called(self), p[2];

	ASSERT_NE(0, reply);
	ASSERT_OK(ipc_create(self->fd, p));
	ASSERT_OK(ipc_send_handle(self->fd, p[0], "", reply));
	r.handle = p[1];
	EXPECT_ERR(EMSGSIZE, ipc_do_receive(self->fd, &r));
	EXPECT_EQ(1, r.attachments_count);
	r.attachments = ipc_ptr(end);
	r.attachments_capacity = 1;
	EXPECT_ERR(EFAULT, ipc_do_receive(self->fd, &r));
	EXPECT_EQ(1, ipc_queued(self->fd, p[1]));
	EXPECT_TRUE(waits(self));
	EXPECT_OK(ipc_reply_str(self->fd, takes(self->fd, p[1]), "found"));
	EXPECT_OK(async_call_join(&self->c));
}

TEST_HARNESS_MAIN
