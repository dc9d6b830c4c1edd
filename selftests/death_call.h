/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Deaths at the steps of a call: of who calls, of who is called, and of a third
 * process that the reply handle was moved to.
 */
#ifndef DEATH_CALL_H
#define DEATH_CALL_H

#include "capipc_test_death.h"

/* ------------------------------------------------------- the caller dies */

static void victim_does_nothing(struct death *d)
{
	reached(d);
}

static void ep_is_closed(struct death *d)
{
	expect_closed(d, d->ep);
}

static void ep_settles(struct death *d)
{
	if (d->way == KILLED_NEAR)
		settle(d, d->ep);
	else
		expect_closed(d, d->ep);
}

/* A call with @data; into @reply comes the answer. */
static void victim_call(struct death *d, void *data, void *reply)
{
	struct capipc_attachment att[2];
	struct capipc_call call = {
		.deadline_ns = CAPIPC_FOREVER,
		.data = ipc_ptr(data),
		.data_len = 8,
		.reply_data = ipc_ptr(reply),
		.reply_capacity = 64,
		.reply_attachments = ipc_ptr(att),
		.reply_attachments_capacity = 2,
		.handle = d->ep,
		.ordinal = 1,
	};

	reached(d);
	ipc_do_call(d->fd, &call);
}

static void victim_sends_call(struct death *d)
{
	victim_call(d, stalled(d, "question", 8), d->m.data);
}

static void victim_calls(struct death *d)
{
	victim_call(d, "question", d->m.data);
}

static void victim_takes_answer(struct death *d)
{
	victim_call(d, "question", stalled(d, NULL, 0));
}

static void request_is_queued(struct death *d)
{
	int64_t end = ipc_soon();

	while (ipc_queued(d->fd, d->ep) < 1)
		if (ipc_now() > end) {
			MUST(0, -ETIMEDOUT);
			return;
		}
}

static void receive_request(struct death *d)
{
	if (take(d, d->ep, CAPIPC_RECEIVED_CALL, 0))
		d->reply = d->m.r.reply_handle;
}

static void answer_is_late(struct death *d)
{
	MUST(-ECANCELED, ipc_reply_str(d->fd, d->reply, "late"));
	MUST(-EBADF, ipc_alive(d->fd, d->reply));
	expect_closed(d, d->ep);
}

/* What a process sent before its death arrives, a request as well. */
static void last_request(struct death *d)
{
	receive_request(d);
	answer_is_late(d);
}

static struct capipc_reply death_stalled_reply;

static void *reply_thread(void *arg)
{
	struct async *async = arg;

	async->ret = ipc_do_reply(async->fd, &death_stalled_reply);
	return NULL;
}

/* We stop in the middle of our answer. */
static void begin_answer(struct death *d)
{
	receive_request(d);
	d->call.async.fd = d->fd;
	death_stalled_reply = (struct capipc_reply){
		.data = ipc_ptr(d->stall.page),
		.data_len = 5,
		.handle = d->reply,
	};
	MUST(0, -pthread_create(&d->call.async.thread, NULL, reply_thread,
				&d->call.async));
	MUST(0, stall_wait_at(d->stall.uffd, &(__u64){ 0 }));
}

static void answer_ends_late(struct death *d)
{
	expect_closed(d, d->ep);
	MUST(0, stall_serve(d->stall.uffd, ipc_ptr(d->stall.page),
			    d->page->content));
	MUST(-ECANCELED, async_join(&d->call.async));
	MUST(-EBADF, ipc_alive(d->fd, d->reply));
	MUST(0, madvise(d->stall.page, STALL_PAGE, MADV_DONTNEED));
}

/* The reply handle goes to another context, and is or is not received there. */
static void move_answer(struct death *d)
{
	__u32 listener;

	receive_request(d);
	MUST(0, ipc_listen(d->fd2, d->other_name, &listener));
	MUST(0, ipc_connect(d->fd, d->other_name, &d->h[0]));
	MUST(0, ipc_accept(d->fd2, listener, &d->h[1]));
	MUST(0, ipc_close(d->fd2, listener));
	keep(d, d->h[0]);
	MUST(0, ipc_send_handle(d->fd, d->h[0], "yours", d->reply));
	d->reply = 0;
	if (death_random(d) % 2 &&
	    MUST(0, ipc_recv_from(d->fd2, d->h[1], &d->m)))
		d->reply = d->m.att[0].handle;
}

static void moved_answer_is_late(struct death *d)
{
	expect_closed(d, d->ep);
	if (!d->reply && MUST(0, ipc_recv_from(d->fd2, d->h[1], &d->m)))
		d->reply = d->m.att[0].handle;
	MUST(-ECANCELED, ipc_reply_str(d->fd2, d->reply, "late"));
	MUST(0, ipc_close(d->fd2, d->h[1]));
}

/* An answer with a handle and a file. */
static void answer_with_all(struct death *d)
{
	int fds[2] = { -1, -1 };
	struct capipc_reply reply = { .data = ipc_ptr("answer"),
				      .data_len = 6,
				      .attachments_count = 2 };
	struct capipc_attachment att[2] = {};

	receive_request(d);
	MUST(0, ipc_create(d->fd, d->h));
	keep(d, d->h[0]);
	MUST(0, pipe2(fds, O_CLOEXEC) ? -errno : 0);
	att[0] = ipc_attach(d->h[1]);
	att[1] = (struct capipc_attachment){ .handle = fds[1],
					     .kind = CAPIPC_KIND_FILE };
	reply.attachments = ipc_ptr(att);
	reply.handle = d->reply;
	MUST(0, ipc_do_reply(d->fd, &reply));
	close(fds[1]);
	d->file = fds[0];
}

static void all_of_it_is_closed(struct death *d)
{
	expect_closed(d, d->h[0]);
	MUST(0, at_end_of_file(d->file));
	expect_closed(d, d->ep);
}

/* -------------------------------------------------- who is called dies */

static void call_it(struct death *d)
{
	call_begin(d, d->ep);
}

/* The request may also have been too late to be sent. */
static void call_fails(struct death *d)
{
	int ret = async_call_join(&d->call);

	if (ret == -EPIPE)
		MUST(CAPIPC_CALL_UNSENT, d->call.a.state);
	else if (MUST(-ECONNRESET, ret))
		MUST(CAPIPC_CALL_SENT, d->call.a.state);
	MUST(-EPIPE, ipc_call_str(d->fd, d->ep, 1, "again", NULL, 0));
	expect_closed(d, d->ep);
}

static void sent_call_fails(struct death *d)
{
	MUST(-ECONNRESET, async_call_join(&d->call));
	MUST(CAPIPC_CALL_SENT, d->call.a.state);
	MUST(-EPIPE, ipc_call_str(d->fd, d->ep, 1, "again", NULL, 0));
	expect_closed(d, d->ep);
}

/* It may have been answered, where the victim went on. */
static void call_ends(struct death *d)
{
	int ret;

	if (d->way != KILLED_NEAR) {
		sent_call_fails(d);
		return;
	}
	ret = async_call_join(&d->call);
	MUST(-ECONNRESET, ret ? ret : -ECONNRESET);
	settle(d, d->ep);
}

static void victim_receive_into(struct death *d, void *data, void *att)
{
	struct capipc_receive r = {
		.deadline_ns = CAPIPC_FOREVER,
		.data = ipc_ptr(data),
		.attachments = ipc_ptr(att),
		.data_capacity = 64,
		.attachments_capacity = 4,
		.handle = d->ep,
	};

	reached(d);
	ipc_do_receive(d->fd, &r);
}

static void victim_receives(struct death *d)
{
	struct capipc_attachment att[4];

	victim_receive_into(d, stalled(d, NULL, 0), att);
}

static void victim_takes_call(struct death *d)
{
	TRY(ipc_recv_from(d->fd, d->ep, &d->m));
	TRY(d->m.r.type == CAPIPC_RECEIVED_CALL ? 0 : -EPROTO);
	d->reply = d->m.r.reply_handle;
}

static void victim_holds_call(struct death *d)
{
	victim_takes_call(d);
	reached(d);
}

static void victim_replies(struct death *d)
{
	void *page = stalled(d, "bytes", 5);

	victim_takes_call(d);
	reached(d);
	ipc_reply(d->fd, d->reply, page, 5);
}

static void victim_moves_call(struct death *d)
{
	victim_takes_call(d);
	TRY(ipc_send_handle(d->fd, d->ep, "yours", d->reply));
	reached(d);
}

static void take_moved(struct death *d)
{
	if (take(d, d->ep, CAPIPC_RECEIVED_MESSAGE, 1))
		d->reply = d->m.att[0].handle;
}

static void answer_it(struct death *d)
{
	MUST(0, ipc_reply_str(d->fd, d->reply, "moved"));
	MUST(0, async_call_join(&d->call));
	MUST(0, strcmp(d->call.reply, "moved"));
	expect_closed(d, d->ep);
}

static void take_and_answer_it(struct death *d)
{
	take_moved(d);
	answer_it(d);
}

static void victim_has_replied(struct death *d)
{
	victim_takes_call(d);
	TRY(ipc_reply_str(d->fd, d->reply, "moved"));
	reached(d);
}

static void call_succeeds(struct death *d)
{
	MUST(0, async_call_join(&d->call));
	MUST(0, strcmp(d->call.reply, "moved"));
	expect_closed(d, d->ep);
}

static void victim_replies_and_receives(struct death *d)
{
	struct capipc_reply reply = { .size = sizeof(reply) };
	struct capipc_receive r = { .deadline_ns = CAPIPC_FOREVER,
				    .reply = ipc_ptr(&reply) };

	victim_takes_call(d);
	reply.handle = d->reply;
	reached(d);
	ipc_do_receive(d->fd, &r);
}

static void call_is_answered(struct death *d)
{
	MUST(0, async_call_join(&d->call));
}

static void victim_sleeps(struct death *d)
{
	reached(d);
	ipc_recv_flags(d->fd, &d->m, death_random(d) % 2 ? 0 : d->ep, 0,
		       CAPIPC_FOREVER);
}

static void nothing_arrives(struct death *d)
{
	MUST(-EPIPE, ipc_send_str(d->fd, d->ep, 1, "anybody?"));
	expect_closed(d, d->ep);
}

/* While it serves a call it makes one. */
static void victim_calls_back(struct death *d)
{
	victim_takes_call(d);
	victim_calls(d);
}

static void both_calls_fail(struct death *d)
{
	MUST(-ECONNRESET, async_call_join(&d->call));
	answer_is_late(d);
}

/* ------------------------------------------------- a third process dies */

/* A call to ourselves, whose reply handle goes to the victim. */
static void call_and_give_away(struct death *d)
{
	MUST(0, ipc_create(d->fd, d->h));
	keep(d, d->h[0]);
	keep(d, d->h[1]);
	call_begin(d, d->h[0]);
	if (take(d, d->h[1], CAPIPC_RECEIVED_CALL, 0))
		MUST(0, ipc_send_handle(d->fd, d->ep, "yours",
					d->m.r.reply_handle));
}

static void victim_is_third(struct death *d)
{
	TRY(ipc_recv_from(d->fd, d->ep, &d->m));
	d->reply = d->m.att[0].handle;
	reached(d);
}

static void victim_replies_as_third(struct death *d)
{
	void *page = stalled(d, "bytes", 5);

	TRY(ipc_recv_from(d->fd, d->ep, &d->m));
	reached(d);
	ipc_reply(d->fd, d->m.att[0].handle, page, 5);
}

static void given_call_fails(struct death *d)
{
	int ret = async_call_join(&d->call);

	if (d->way == KILLED_NEAR && !ret)
		ret = -ECONNRESET;
	MUST(-ECONNRESET, ret);
	/* the pipe it came over is as it was */
	MUST(0, ipc_send_str(d->fd, d->h[0], 1, "x"));
	take(d, d->h[1], CAPIPC_RECEIVED_MESSAGE, 0);
	expect_closed(d, d->ep);
}

static const struct step call_steps[] = {
	{ "caller, before it sends", .victim = victim_does_nothing,
	  .after = ep_is_closed },
	{ "caller, sending", .victim = victim_sends_call, .after = ep_settles,
	  .stalls = true },
	{ "caller, request queued", .victim = victim_calls,
	  .meanwhile = request_is_queued, .after = last_request },
	{ "caller, request received", .victim = victim_calls,
	  .meanwhile = receive_request, .after = answer_is_late },
	{ "caller, being answered", .victim = victim_calls,
	  .meanwhile = begin_answer, .after = answer_ends_late },
	{ "caller, reply handle moved", .victim = victim_calls,
	  .meanwhile = move_answer, .after = moved_answer_is_late },
	{ "caller, taking the answer", .victim = victim_takes_answer,
	  .meanwhile = answer_with_all, .after = all_of_it_is_closed,
	  .stalls = true, .after_child = true },
	{ "server, not receiving", .victim = victim_does_nothing,
	  .meanwhile = call_it, .after = call_fails },
	{ "server, asleep", .victim = victim_sleeps, .after = nothing_arrives },
	{ "server, receiving", .victim = victim_receives, .feed = call_it,
	  .after = call_ends, .stalls = true },
	{ "server, holds the call", .victim = victim_holds_call,
	  .feed = call_it, .after = sent_call_fails },
	{ "server, replying", .victim = victim_replies, .feed = call_it,
	  .after = call_ends, .stalls = true },
	{ "server, has moved the call", .victim = victim_moves_call,
	  .feed = call_it, .meanwhile = take_moved, .after = answer_it },
	{ "server, is moving the call", .victim = victim_moves_call,
	  .feed = call_it, .after = take_and_answer_it },
	{ "server, has replied", .victim = victim_has_replied, .feed = call_it,
	  .after = call_succeeds },
	{ "server, has replied and sleeps",
	  .victim = victim_replies_and_receives, .feed = call_it,
	  .meanwhile = call_is_answered, .after = nothing_arrives },
	{ "server, calling back", .victim = victim_calls_back, .feed = call_it,
	  .meanwhile = receive_request, .after = both_calls_fail },
	{ "third, not receiving", .victim = victim_does_nothing,
	  .feed = call_and_give_away, .after = given_call_fails },
	{ "third, receiving", .victim = victim_receives,
	  .feed = call_and_give_away, .after = given_call_fails,
	  .stalls = true },
	{ "third, holds the call", .victim = victim_is_third,
	  .feed = call_and_give_away, .after = given_call_fails },
	{ "third, replying", .victim = victim_replies_as_third,
	  .feed = call_and_give_away, .after = given_call_fails,
	  .stalls = true },
};

#endif /* DEATH_CALL_H */
