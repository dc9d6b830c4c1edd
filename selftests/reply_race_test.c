// SPDX-License-Identifier: GPL-2.0
/*
 * Reply handles that move within calls and replies, that come too late or are
 * asked about, and that others use while they move.
 */
#include "reply_move.h"

/* ----------------------------------------------------- in calls and replies */

/* Who is asked answers the first caller at once, and then the second. */
TEST_F(reply_move, in_a_call)
{
	uint32_t reply = called(self);
	struct capipc_attachment att = ipc_attach(reply);
	struct capipc_receive r;
	struct async_call inner;

	ASSERT_NE(0, reply);
	async_call_init(&inner, self->fd, self->to_actor, "you do it");
	inner.a.attachments = ipc_ptr(&att);
	inner.a.attachments_count = 1;
	ASSERT_OK(async_call_go(&inner));
	ASSERT_OK(actor_receive(&self->actor, self->end, &r));
	ASSERT_EQ(CAPIPC_RECEIVED_CALL, r.type);
	ASSERT_EQ(1, r.attachments_count);
	EXPECT_EQ(CAPIPC_KIND_REPLY, self->actor.page->in[0].kind);
	EXPECT_OK(actor_answers(self, self->actor.page->in[0].handle));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_EQ(self->actor.pid, self->c.a.stamp.pid);
	EXPECT_FALSE(async_ended(&inner.async));
	EXPECT_OK(actor_answers(self, r.reply_handle));
	EXPECT_OK(async_call_join(&inner));
}

/* A request that is withdrawn takes the reply handle in it along. */
TEST_F(reply_move, in_a_call_that_is_given_up)
{
	uint32_t reply = called(self);
	struct capipc_attachment att = ipc_attach(reply);
	struct capipc_call inner = {
		.deadline_ns = 1,
		.handle = self->to_actor,
		.attachments = ipc_ptr(&att),
		.attachments_count = 1,
	};

	ASSERT_NE(0, reply);
	EXPECT_ERR(ETIMEDOUT, ipc_do_call(self->fd, &inner));
	EXPECT_EQ(CAPIPC_CALL_SENT, inner.state);
	EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, reply));
}

TEST_F(reply_move, in_a_reply)
{
	uint32_t reply = called(self);
	struct capipc_attachment att = ipc_attach(reply);
	struct capipc_reply answer = { .attachments = ipc_ptr(&att),
				       .attachments_count = 1 };
	struct capipc_call call;

	ASSERT_NE(0, reply);
	ASSERT_OK(actor_call_begin(&self->actor, self->end, 1));
	ASSERT_OK(ipc_recv_from(self->fd, self->to_actor, &self->m));
	answer.handle = self->m.r.reply_handle;
	ASSERT_OK(ipc_do_reply(self->fd, &answer));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, reply));
	ASSERT_OK(actor_call_end(&self->actor, &call));
	ASSERT_EQ(1, call.reply_attachments_count);
	EXPECT_EQ(CAPIPC_KIND_REPLY, self->actor.page->in[0].kind);
	EXPECT_TRUE(waits(self));
	EXPECT_OK(actor_answers(self, self->actor.page->in[0].handle));
	EXPECT_OK(async_call_join(&self->c));
}

/* A reply that nobody takes any more: it stays with who could not give it. */
TEST_F(reply_move, in_a_reply_that_is_late)
{
	uint32_t reply = called(self);
	struct capipc_attachment att = ipc_attach(reply);
	struct capipc_reply answer = { .attachments = ipc_ptr(&att),
				       .attachments_count = 1 };

	ASSERT_NE(0, reply);
	ASSERT_OK(actor_call_begin(&self->actor, self->end, 1));
	ASSERT_OK(ipc_recv_from(self->fd, self->to_actor, &self->m));
	answer.handle = self->m.r.reply_handle;
	ASSERT_OK(actor_kill(&self->actor));
	EXPECT_ERR(ECANCELED, ipc_do_reply(self->fd, &answer));
	EXPECT_OK(ipc_reply_str(self->fd, reply, "still here"));
	EXPECT_OK(async_call_join(&self->c));
}

/* Each passes the work on, and the last one answers the first one. */
TEST_F(reply_move, tail_calls)
{
	enum {
		DEPTH = 100
	};
	uint32_t reply = called(self), p[DEPTH][2];
	int i;

	ASSERT_NE(0, reply);
	for (i = 0; i < DEPTH; i++) {
		ASSERT_OK(ipc_create(self->fd, p[i]));
		ASSERT_OK(ipc_send_handle(self->fd, p[i][0], "", reply));
		if (i % 2) /* nobody stays who could answer */
			ASSERT_OK(ipc_close(self->fd, p[i][0]));
		reply = takes(self->fd, p[i][1]);
		ASSERT_NE(0, reply);
	}
	EXPECT_OK(ipc_reply_str(self->fd, reply, "from far"));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("from far", self->c.reply);
}

/* Calls within calls, each with the reply handle of the one before inside. */
TEST_F(reply_move, nested_calls)
{
	enum {
		DEPTH = 20
	};
	static struct async_call call[DEPTH];
	struct capipc_attachment att[DEPTH];
	uint32_t p[2], inner[DEPTH], outer[DEPTH];
	int i;

	for (i = 0; i < DEPTH; i++) {
		ASSERT_OK(ipc_create(self->fd, p));
		async_call_init(&call[i], self->fd, p[0], "?");
		if (i) {
			att[i] = ipc_attach(outer[i - 1]);
			call[i].a.attachments = ipc_ptr(&att[i]);
			call[i].a.attachments_count = 1;
		}
		ASSERT_OK(async_call_go(&call[i]));
		ASSERT_OK(ipc_recv_from(self->fd, p[1], &self->m));
		outer[i] = self->m.r.reply_handle;
		inner[i] = i ? self->m.att[0].handle : 0;
	}
	/* the innermost is closed, every other one answered or closed */
	ASSERT_OK(ipc_close(self->fd, outer[DEPTH - 1]));
	EXPECT_ERR(ECONNRESET, async_call_join(&call[DEPTH - 1]));
	for (i = DEPTH - 1; i > 0; i--) {
		EXPECT_FALSE(async_ended(&call[i - 1].async));
		if (i % 2) {
			EXPECT_OK(ipc_reply_str(self->fd, inner[i], "!"));
			EXPECT_OK(async_call_join(&call[i - 1]));
		} else {
			EXPECT_OK(ipc_close(self->fd, inner[i]));
			EXPECT_ERR(ECONNRESET, async_call_join(&call[i - 1]));
		}
	}
}

/* ---------------------------------------------------- query and report */

TEST_F(reply_move, query)
{
	struct capipc_query q;
	uint32_t there;

	ASSERT_OK(actor_become(&self->actor, 1000));
	there = moved(self, called(self), CAPIPC_RIGHTS_SAME);
	ASSERT_NE(0, there);
	/* who called, not who sent the reply handle, though that was us too */
	ASSERT_OK(actor_query(&self->actor, there, 0, 0, &q));
	EXPECT_EQ(getpid(), q.stamp.pid);
	EXPECT_EQ(0, q.stamp.uid);
	EXPECT_EQ(CAPIPC_QUERY_ALIVE, q.state & CAPIPC_QUERY_ALIVE);
	EXPECT_OK(actor_query(&self->actor, there, q.stamp.id, 0, &q));
	EXPECT_ERR(ESTALE,
		   actor_query(&self->actor, there, q.stamp.id + 1, 0, &q));
	EXPECT_OK(actor_answers(self, there));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_ERR(EBADF, actor_query(&self->actor, there, 0, 0, &q));
}

/* The actor calls, and we pass that on to a second one: whom does it see? */
TEST_F(reply_move, query_of_another)
{
	struct capipc_receive r;
	struct actor second = { 0 };
	uint32_t ours, end, there;
	struct capipc_query q;

	ASSERT_OK(actor_become(&self->actor, 1000));
	ASSERT_OK(actor_start(&second));
	ASSERT_OK(meet(self->fd, &second, &ours, &end));
	ASSERT_OK(actor_call_begin(&self->actor, self->end, 1));
	ASSERT_OK(ipc_recv_from(self->fd, self->to_actor, &self->m));
	ASSERT_OK(ipc_send_handle(self->fd, ours, "", self->m.r.reply_handle));
	ASSERT_OK(actor_receive(&second, end, &r));
	EXPECT_EQ(getpid(), r.stamp.pid);
	there = second.page->in[0].handle;
	ASSERT_OK(actor_query(&second, there, 0, 0, &q));
	EXPECT_EQ(self->actor.pid, q.stamp.pid);
	EXPECT_EQ(1000, q.stamp.uid);
	EXPECT_EQ(self->m.r.stamp.id, q.stamp.id);
	/* also when it is dead */
	ASSERT_OK(actor_kill(&self->actor));
	actor_stop(&self->actor);
	ASSERT_OK(actor_query(&second, there, 0, 0, &q));
	EXPECT_EQ(1000, q.stamp.uid);
	EXPECT_EQ(0, q.state & CAPIPC_QUERY_ALIVE);
	EXPECT_ERR(ECANCELED, actor_reply(&second, there));
	actor_stop(&second);
}

/* The pipe that is cut is that of the call, wherever the reply handle is. */
TEST_F(reply_move, report)
{
	uint32_t there, verdict;

	there = moved(self, called(self), CAPIPC_RIGHTS_SAME);
	ASSERT_NE(0, there);
	EXPECT_OK(actor_report(&self->actor, there, 0, 0, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_CUT_OFF, verdict);
	EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
	EXPECT_ERR(EBADF, actor_close(&self->actor, there));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->h[0], 1, "x"));
	EXPECT_ERR(EPIPE, ipc_send_str(self->fd, self->h[1], 1, "x"));
	/* and no other */
	EXPECT_OK(ipc_send_str(self->fd, self->to_actor, 1, "x"));
	EXPECT_OK(actor_send(&self->actor, self->end, 1));
}

/* Who made the bad call is killed, not who passed it on; or spared. */
TEST_F(reply_move, report_and_kill)
{
	struct actor second = { 0 };
	uint32_t ours, end, there, verdict;
	struct capipc_receive r;

	ASSERT_OK(actor_start(&second));
	ASSERT_OK(meet(self->fd, &second, &ours, &end));
	ASSERT_OK(actor_call_begin(&self->actor, self->end, 1));
	ASSERT_OK(ipc_recv_from(self->fd, self->to_actor, &self->m));
	ASSERT_OK(ipc_send_handle(self->fd, ours, "", self->m.r.reply_handle));
	ASSERT_OK(actor_receive(&second, end, &r));
	EXPECT_OK(actor_report(&second, second.page->in[0].handle, 0,
			       CAPIPC_REPORT_KILL, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_KILLED, verdict);
	EXPECT_EQ(SIGKILL, actor_killed_by(&self->actor, true));
	EXPECT_TRUE(actor_alive(&second));

	/* it may not kill us */
	ASSERT_OK(actor_become(&second, 1000));
	ASSERT_OK(async_call(&self->c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	ASSERT_OK(ipc_send_handle(self->fd, ours, "", self->m.r.reply_handle));
	ASSERT_OK(actor_receive(&second, end, &r));
	there = second.page->in[0].handle;
	EXPECT_OK(
		actor_report(&second, there, 0, CAPIPC_REPORT_KILL, &verdict));
	EXPECT_EQ(CAPIPC_REPORT_SPARED, verdict);
	EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
	actor_stop(&second);
}

/* A cut pipe fails the call, and the reply handle is told, even in flight. */
TEST_F(reply_move, reported_meanwhile)
{
	struct capipc_report report = { .handle = self->h[1] };
	uint32_t reply = called(self);

	ASSERT_NE(0, reply);
	ASSERT_OK(ipc_send_handle(self->fd, self->to_actor, "", reply));
	report.stamp_id = self->m.r.stamp.id;
	ASSERT_OK(ipc_do_report(self->fd, &report));
	EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
	reply = actor_takes(self);
	ASSERT_NE(0, reply);
	EXPECT_ERR(ECANCELED, actor_answers(self, reply));
}

/* -------------------------------------------------------------- too late */

TEST_F(reply_move, timed_out)
{
	uint32_t there, p[2];
	struct capipc_attachment att;
	struct capipc_reply answer = { .attachments = ipc_ptr(&att),
				       .attachments_count = 1 };

	/* the new holder is told */
	async_call_init(&self->c, self->fd, self->h[0], "?");
	self->c.a.deadline_ns = ipc_in(700);
	ASSERT_OK(async_call_go(&self->c));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	there = moved(self, self->m.r.reply_handle, CAPIPC_RIGHTS_SAME);
	ASSERT_NE(0, there);
	EXPECT_ERR(ETIMEDOUT, async_call_join(&self->c));
	EXPECT_EQ(CAPIPC_CALL_SENT, self->c.a.state);
	EXPECT_ERR(ECANCELED, actor_answers(self, there));
	EXPECT_ERR(EBADF, actor_answers(self, there));

	/* moved after it was too late; what the answer carries is still ours */
	async_call_init(&self->c, self->fd, self->h[0], "?");
	self->c.a.deadline_ns = ipc_in(300);
	ASSERT_OK(async_call_go(&self->c));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	EXPECT_ERR(ETIMEDOUT, async_call_join(&self->c));
	ASSERT_OK(ipc_send_handle(self->fd, self->h[1], "",
				  self->m.r.reply_handle));
	answer.handle = takes(self->fd, self->h[0]);
	ASSERT_NE(0, answer.handle);
	ASSERT_OK(ipc_create(self->fd, p));
	att = ipc_attach(p[0]);
	EXPECT_ERR(ECANCELED, ipc_do_reply(self->fd, &answer));
	EXPECT_OK(ipc_alive(self->fd, p[0]));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, answer.handle));
}

/* The caller gives up: before it moves, in flight, and after. */
TEST_F(reply_move, cancelled)
{
	uint32_t reply, there = 0;
	int when;

	for (when = 0; when < 3; when++) {
		ASSERT_OK(async_call_pending(&self->c, self->fd, self->h[0],
					     "?"));
		ASSERT_NE(0, self->c.a.pending);
		ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
		reply = self->m.r.reply_handle;
		if (when == 0)
			ASSERT_OK(ipc_close(self->fd, self->c.a.pending));
		ASSERT_OK(ipc_send_handle(self->fd, self->to_actor, "", reply));
		if (when == 1)
			ASSERT_OK(ipc_close(self->fd, self->c.a.pending));
		there = actor_takes(self);
		ASSERT_NE(0, there);
		if (when == 2)
			ASSERT_OK(ipc_close(self->fd, self->c.a.pending));
		EXPECT_ERR(ECANCELED, actor_answers(self, there))
		TH_LOG("case %d", when);
		EXPECT_ERR(EBADF, actor_close(&self->actor, there));
	}
}

/* A call that a signal has interrupted is answered meanwhile, from elsewhere. */
TEST_F(reply_move, while_it_is_pending)
{
	uint32_t there;

	ASSERT_OK(async_call_pending(&self->c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	there = moved(self, self->m.r.reply_handle, CAPIPC_RIGHTS_SAME);
	ASSERT_OK(actor_answers(self, there));
	ASSERT_OK(async_call_go(&self->c));
	EXPECT_OK(async_call_join(&self->c));
	EXPECT_STREQ("from", self->c.reply);
	EXPECT_EQ(self->actor.pid, self->c.a.stamp.pid);

	/* and one that is dropped */
	ASSERT_OK(async_call_pending(&self->c, self->fd, self->h[0], "?"));
	ASSERT_OK(ipc_recv_from(self->fd, self->h[1], &self->m));
	ASSERT_NE(0, moved(self, self->m.r.reply_handle, CAPIPC_RIGHTS_SAME));
	ASSERT_OK(actor_kill(&self->actor));
	ASSERT_OK(async_call_go(&self->c));
	EXPECT_ERR(ECONNRESET, async_call_join(&self->c));
}

TEST_F(reply_move, caller_dies)
{
	uint32_t reply;

	ASSERT_OK(actor_call_begin(&self->actor, self->end, 1));
	ASSERT_OK(ipc_recv_from(self->fd, self->to_actor, &self->m));
	ASSERT_OK(ipc_send_handle(self->fd, self->h[0], "",
				  self->m.r.reply_handle));
	ASSERT_OK(actor_kill(&self->actor));
	reply = takes(self->fd, self->h[1]);
	ASSERT_NE(0, reply);
	EXPECT_ERR(ECANCELED, ipc_reply_str(self->fd, reply, "to nobody"));
	EXPECT_ERR(EBADF, ipc_alive(self->fd, reply));
}

/* ----------------------------------------------------------------- races */

struct racer {
	int fd;
	int (*run)(struct racer *racer);
	uint32_t reply;
	uint32_t over;
	unsigned int delay;
	pthread_barrier_t *start;
	int ret;
};

static int race_reply(struct racer *r)
{
	return ipc_reply_str(r->fd, r->reply, "raced");
}

static int race_close(struct racer *r)
{
	return ipc_close(r->fd, r->reply);
}

static int race_move(struct racer *r)
{
	return ipc_send_handle(r->fd, r->over, "", r->reply);
}

static void *race(void *arg)
{
	struct racer *racer = arg;
	volatile unsigned int i;

	pthread_barrier_wait(racer->start);
	for (i = 0; i < racer->delay; i++)
		;
	racer->ret = racer->run(racer);
	return NULL;
}

static bool too_slow(int ret)
{
	return ret == -EBADF || ret == -EBUSY;
}

/*
 * Two do something to a reply handle at the same time: one succeeds, the other
 * one is told that there is none, and the call ends as the first one says.
 */
static void races(struct __test_metadata *_metadata, scene *self,
		  int (*first)(struct racer *racer),
		  int (*second)(struct racer *racer))
{
	int (*won)(struct racer * racer);
	int64_t end = ipc_in(3000);
	pthread_barrier_t start;
	struct racer racer[2];
	pthread_t thread[2];
	uint32_t reply, p[2];
	int i, n, wins[2] = { 0, 0 };

	pthread_barrier_init(&start, NULL, 2);
	ASSERT_OK(ipc_create(self->fd, p));
	for (n = 0; n < 400 && ipc_now() < end; n++) {
		reply = called(self);
		ASSERT_NE(0, reply);
		for (i = 0; i < 2; i++) {
			racer[i] = (struct racer){
				.fd = self->fd,
				.run = i ? second : first,
				.reply = reply,
				.over = p[0],
				.delay = (i ? n * 7 : n * 13) % 400,
				.start = &start,
			};
			ASSERT_EQ(0, pthread_create(&thread[i], NULL, race,
						    &racer[i]));
		}
		for (i = 0; i < 2; i++)
			pthread_join(thread[i], NULL);
		i = racer[0].ret ? 1 : 0;
		ASSERT_OK(racer[i].ret);
		ASSERT_TRUE(too_slow(racer[!i].ret))
		{
			TH_LOG("round %d: %s and %s", n,
			       ipc_errname(racer[0].ret),
			       ipc_errname(racer[1].ret));
		}
		wins[i]++;
		won = racer[i].run;
		if (won == race_move) {
			ASSERT_EQ(1, ipc_queued(self->fd, p[1]));
			ASSERT_FALSE(async_ended(&self->c.async));
			ASSERT_OK(ipc_reply_str(self->fd, takes(self->fd, p[1]),
						"then"));
		} else {
			ASSERT_EQ(0, ipc_queued(self->fd, p[1]));
		}
		ASSERT_ERR(won == race_close ? ECONNRESET : 0,
			   async_call_join(&self->c));
		if (won != race_close)
			ASSERT_STREQ(won == race_move ? "then" : "raced",
				     self->c.reply);
	}
	TH_LOG("%d rounds, won by: %d %d", n, wins[0], wins[1]);
	pthread_barrier_destroy(&start);
}

TEST_F(reply_move, reply_against_move)
{
	races(_metadata, self, race_reply, race_move);
}

TEST_F(reply_move, close_against_move)
{
	races(_metadata, self, race_close, race_move);
}

TEST_F(reply_move, move_against_move)
{
	races(_metadata, self, race_move, race_move);
}

TEST_F(reply_move, reply_against_close)
{
	races(_metadata, self, race_reply, race_close);
}

/*
 * The deadline passes while the reply handle moves and the new holder replies:
 * both sides agree on how it ended.
 */
TEST_F(reply_move, deadline_against_move)
{
	int64_t end = ipc_in(3000);
	int n, late = 0, called_ret, replied;
	uint32_t reply;

	for (n = 0; n < 300 && ipc_now() < end; n++) {
		async_call_init(&self->c, self->fd, self->h[0], "?");
		self->c.a.deadline_ns = ipc_now() + 200000 + n % 50 * 40000;
		ASSERT_OK(async_call_go(&self->c));
		if (ipc_recv_flags(self->fd, &self->m, self->h[1], 0,
				   ipc_in(30))) {
			/* withdrawn */
			ASSERT_ERR(ETIMEDOUT, async_call_join(&self->c));
			continue;
		}
		ASSERT_OK(ipc_send_handle(self->fd, self->h[1], "",
					  self->m.r.reply_handle));
		reply = takes(self->fd, self->h[0]);
		ASSERT_NE(0, reply);
		replied = ipc_reply_str(self->fd, reply, "just");
		called_ret = async_call_join(&self->c);
		ASSERT_TRUE((!replied && !called_ret) ||
			    (replied == -ECANCELED && called_ret == -ETIMEDOUT))
		{
			TH_LOG("reply: %s, call: %s", ipc_errname(replied),
			       ipc_errname(called_ret));
		}
		late += !!replied;
		ASSERT_ERR(EBADF, ipc_alive(self->fd, reply));
	}
	TH_LOG("%d calls, %d too late", n, late);
}

TEST_HARNESS_MAIN
