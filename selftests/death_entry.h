/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Deaths at the steps of getting in: of who invites and who accepts, of who
 * listens and who connects.
 */
#ifndef DEATH_ENTRY_H
#define DEATH_ENTRY_H

#include "death_transfer.h"

/* --------------------------------------------------------- the guest dies */

/* We invite, with p[1], and keep p[0]; the victim inherits the descriptor. */
static void invite(struct death *d)
{
	MUST(0, ipc_create(d->fd, d->p));
	MUST(0, ipc_invite(d->fd, d->p[1], &d->file, &d->other));
	keep(d, d->p[0]);
	keep(d, d->other);
}

static void close_ours(struct death *d)
{
	close(d->file);
	d->file = 0;
}

/* Another one accepts what the victim did not, and talks with us. */
static bool accept_instead(struct death *d, int want)
{
	struct guest g;

	if (!MUST(want, ipc_accept_all(d->fd2, d->file, &g)) || want)
		return false;
	MUST(CAPIPC_RECEIVED_ACCEPTED, ipc_news(d->fd, d->other, &d->m));
	MUST(0, ipc_send_str(d->fd, d->p[0], 1, "hello"));
	MUST(0, ipc_recv_from(d->fd2, g.in[0].handle, &d->m));
	MUST(0, ipc_close(d->fd2, g.in[0].handle));
	return true;
}

static void it_can_be_accepted(struct death *d)
{
	accept_instead(d, 0);
	expect_closed(d, d->p[0]);
	expect_closed(d, d->ep);
}

static void nobody_will_accept(struct death *d)
{
	MUST(CAPIPC_RECEIVED_INVITATION_CLOSED,
	     ipc_news(d->fd, d->other, &d->m));
	expect_closed(d, d->p[0]);
	expect_closed(d, d->ep);
}

static void victim_accept(struct death *d, struct capipc_invited *in)
{
	struct capipc_accept a = {
		.attachments = ipc_ptr(in),
		.fd = d->file,
		.attachments_capacity = CAPIPC_INVITED_MAX,
	};

	reached(d);
	ipc_do_accept(d->fd, &a);
}

static void victim_accepts(struct death *d)
{
	victim_accept(d, stalled(d, NULL, 0));
}

static void victim_has_accepted(struct death *d)
{
	struct guest g;

	TRY(ipc_accept_all(d->fd, d->file, &g));
	reached(d);
}

static void it_was_accepted(struct death *d)
{
	accept_instead(d, -ESTALE);
	MUST(CAPIPC_RECEIVED_ACCEPTED, ipc_news(d->fd, d->other, &d->m));
	expect_closed(d, d->p[0]);
	expect_closed(d, d->ep);
}

/* Whoever dies in the middle has not accepted, unless it went on. */
static void accepted_or_not(struct death *d)
{
	if (d->way == KILLED_NEAR && ipc_queued(d->fd, d->other) == 1)
		it_was_accepted(d);
	else
		it_can_be_accepted(d);
}

/* ------------------------------------------------------- the inviter dies */

static void victim_invites(struct death *d)
{
	int fd;

	TRY(ipc_create(d->fd, d->p));
	TRY(ipc_send_handle(d->fd, d->ep, "the other end", d->p[0]));
	TRY(ipc_invite(d->fd, d->p[1], &fd, &d->other));
	d->page->uffd = fd;
	reached(d);
}

/* It is a file like any other: we have it from the victim. */
static void fetch_invitation(struct death *d)
{
	if (take(d, d->ep, CAPIPC_RECEIVED_MESSAGE, 1))
		d->p[0] = d->m.att[0].handle;
	d->file = victim_uffd(d);
	MUST(1, d->file >= 0);
}

static void invitation_is_over(struct death *d)
{
	/* POLLHUP only: it can be read as long as it is open */
	struct pollfd p = { .fd = d->file };
	struct guest g;

	MUST(1, poll(&p, 1, IPC_SOON_MS));
	MUST(POLLHUP, p.revents & POLLHUP);
	MUST(-ESTALE, ipc_accept_all(d->fd2, d->file, &g));
	expect_closed(d, d->p[0]);
	expect_closed(d, d->ep);
}

/* Its descriptor is in a socket when the inviter dies. */
static void victim_invites_over_socket(struct death *d)
{
	int fd;

	TRY(ipc_create(d->fd, d->p));
	TRY(ipc_send_handle(d->fd, d->ep, "the other end", d->p[0]));
	TRY(ipc_invite(d->fd, d->p[1], &fd, &d->other));
	TRY(sync_send_fd(d->sock[1], fd));
	reached(d);
}

static void invitation_arrives_too_late(struct death *d)
{
	if (take(d, d->ep, CAPIPC_RECEIVED_MESSAGE, 1))
		d->p[0] = d->m.att[0].handle;
	if (MUST(0, sync_recv_fd(d->sock[0], &d->file)))
		invitation_is_over(d);
}

static void victim_invites_and_keeps(struct death *d)
{
	int fd;

	TRY(ipc_create(d->fd, d->p));
	TRY(ipc_invite(d->fd, d->p[1], &fd, &d->other));
	d->page->uffd = fd;
	reached(d);
}

static void accept_it(struct death *d)
{
	struct guest g;

	d->file = victim_uffd(d);
	if (MUST(0, ipc_accept_all(d->fd2, d->file, &g)))
		d->reply = g.in[0].handle;
}

static void accepted_is_closed(struct death *d)
{
	expect_closed_in(d, d->fd2, d->reply);
	MUST(0, ipc_close(d->fd2, d->reply));
	expect_closed(d, d->ep);
}

/* Stopped while the names or the rules are read. */
static void victim_is_inviting(struct death *d)
{
	struct capipc_invited in;
	struct capipc_invite a;

	TRY(ipc_create(d->fd, d->p));
	TRY(ipc_send_handle(d->fd, d->ep, "the other end", d->p[0]));
	ipc_invite_fill(&a, &in, d->p[1]);
	if (death_random(d) % 2)
		a.attachments = ipc_ptr(stalled(d, &in, sizeof(in)));
	else
		a.rules = ipc_ptr(
			stalled(d, &invite_anyone, sizeof(invite_anyone)));
	reached(d);
	ipc_do_invite(d->fd, &a);
}

static void nobody_was_invited(struct death *d)
{
	if (take(d, d->ep, CAPIPC_RECEIVED_MESSAGE, 1))
		expect_closed(d, d->m.att[0].handle);
	expect_closed(d, d->ep);
}

static const struct step accept_steps[] = {
	{ "guest, before it accepts", .prepare = invite,
	  .victim = victim_does_nothing, .after = it_can_be_accepted },
	{ "guest, with the last descriptor", .prepare = invite,
	  .victim = victim_does_nothing, .feed = close_ours,
	  .after = nobody_will_accept, .after_child = true },
	{ "guest, accepting", .prepare = invite, .victim = victim_accepts,
	  .after = accepted_or_not, .stalls = true },
	{ "guest, accepted", .prepare = invite, .victim = victim_has_accepted,
	  .after = it_was_accepted },
	{ "inviter, inviting", .victim = victim_is_inviting,
	  .after = nobody_was_invited, .stalls = true },
	{ "inviter, before acceptance", .victim = victim_invites,
	  .meanwhile = fetch_invitation, .after = invitation_is_over },
	{ "inviter, invitation in a socket",
	  .victim = victim_invites_over_socket,
	  .after = invitation_arrives_too_late },
	{ "inviter, accepted", .victim = victim_invites_and_keeps,
	  .meanwhile = accept_it, .after = accepted_is_closed },
};

/* -------------------------------------------------------- the client dies */

static void bind_other(struct death *d)
{
	MUST(0, ipc_listen(d->fd, d->other_name, &d->other));
	keep(d, d->other);
}

static void victim_connects(struct death *d)
{
	struct capipc_connect a = { .name_len = strlen(d->other_name) };

	a.name = ipc_ptr(stalled(d, d->other_name, a.name_len));
	reached(d);
	ipc_do_connect(d->fd, &a);
}

static void nobody_comes(struct death *d)
{
	__u32 end;

	if (d->way == KILLED_NEAR && ipc_queued(d->fd, d->other) == 1 &&
	    MUST(0, ipc_accept(d->fd, d->other, &end))) {
		expect_closed(d, end);
		MUST(0, ipc_close(d->fd, end));
	}
	MUST(-EAGAIN, ipc_tryrecv_from(d->fd, d->other, &d->m));
	expect_closed(d, d->ep);
}

static void victim_has_connected(struct death *d)
{
	TRY(ipc_connect(d->fd, d->other_name, &d->other));
	TRY(ipc_create(d->fd, d->h));
	TRY(ipc_send_handle(d->fd, d->other, "last words", d->h[0]));
	reached(d);
}

static void its_words_arrive(struct death *d)
{
	__u32 end;

	if (!MUST(0, ipc_accept(d->fd, d->other, &end)))
		return;
	keep(d, end);
	if (take(d, end, CAPIPC_RECEIVED_MESSAGE, 1)) {
		MUST(0, strcmp(d->m.data, "last words"));
		expect_closed(d, d->m.att[0].handle);
	}
	expect_closed(d, end);
	expect_closed(d, d->ep);
}

static void victim_connects_and_calls(struct death *d)
{
	__u32 ep = d->ep;

	TRY(ipc_connect(d->fd, d->other_name, &d->ep));
	/* so that it is seen that the call is on its way */
	TRY(ipc_send_str(d->fd, ep, 1, "now"));
	victim_calls(d);
}

static void it_calls(struct death *d)
{
	take(d, d->ep, CAPIPC_RECEIVED_MESSAGE, 0);
	death_pause(d, 1000);
}

/* The request arrives if it was sent. */
static void it_may_have_called(struct death *d)
{
	__u32 end;

	if (MUST(0, ipc_accept(d->fd, d->other, &end))) {
		settle(d, end);
		MUST(0, ipc_close(d->fd, end));
	}
	expect_closed(d, d->ep);
}

/* -------------------------------------------------------- the server dies */

static void victim_listens(struct death *d)
{
	TRY(ipc_listen(d->fd, d->other_name, &d->other));
	reached(d);
}

/* Where somebody has the victim's file, a moment after its death. */
static void the_name_is_free(struct death *d)
{
	int64_t until = ipc_soon();
	__u32 end;
	int ret;

	do {
		ret = ipc_connect(d->fd2, d->other_name, &end);
		if (!ret)
			MUST(0, ipc_close(d->fd2, end));
	} while ((!ret || ret == -EAGAIN) && d->way == FORKS_AND_LEAVES &&
		 ipc_now() < until);
	MUST(-ENOENT, ret);
	MUST(0, ipc_listen(d->fd2, d->other_name, &d->other));
	MUST(0, ipc_close(d->fd2, d->other));
	expect_closed(d, d->ep);
}

static void victim_binds(struct death *d)
{
	struct capipc_listen a = {
		.name = ipc_ptr(d->other_name),
		.name_len = strlen(d->other_name),
		.rules_count = 1,
		.rule_size = sizeof(struct capipc_rule),
		.backlog = 16,
	};

	a.rules = ipc_ptr(stalled(d, NULL, 0));
	reached(d);
	ipc_do_listen(d->fd, &a);
}

static void connect_and_call(struct death *d)
{
	MUST(0, ipc_connect(d->fd, d->other_name, &d->h[0]));
	keep(d, d->h[0]);
	call_begin(d, d->h[0]);
}

static void the_call_fails(struct death *d)
{
	int ret = async_call_join(&d->call);

	MUST(-ECONNRESET, ret == -EPIPE ? -ECONNRESET : ret);
	expect_closed(d, d->h[0]);
	the_name_is_free(d);
}

static void victim_has_taken(struct death *d)
{
	__u32 end;

	TRY(ipc_listen(d->fd, d->other_name, &d->other));
	TRY(ipc_send_str(d->fd, d->ep, 1, "come"));
	TRY(ipc_accept(d->fd, d->other, &end));
	reached(d);
}

static void connect_when_told(struct death *d)
{
	if (take(d, d->ep, CAPIPC_RECEIVED_MESSAGE, 0))
		connect_and_call(d);
}

static void victim_awaits_connections(struct death *d)
{
	TRY(ipc_listen(d->fd, d->other_name, &d->other));
	reached(d);
	ipc_recv_flags(d->fd, &d->m, d->other, 0, CAPIPC_FOREVER);
}

static void victim_moves_listener(struct death *d)
{
	TRY(ipc_listen(d->fd, d->other_name, &d->other));
	TRY(ipc_send_handle(d->fd, d->ep, "yours", d->other));
	reached(d);
}

static void the_name_is_ours(struct death *d)
{
	__u32 end, client;

	if (!take(d, d->ep, CAPIPC_RECEIVED_MESSAGE, 1))
		return;
	d->other = d->m.att[0].handle;
	MUST(0, ipc_connect(d->fd2, d->other_name, &client));
	if (MUST(0, ipc_accept(d->fd, d->other, &end)))
		MUST(0, ipc_close(d->fd, end));
	MUST(0, ipc_close(d->fd2, client));
	expect_closed(d, d->ep);
}

static void send_listener(struct death *d)
{
	MUST(0, ipc_listen(d->fd, d->other_name, &d->other));
	MUST(0, ipc_connect(d->fd, d->other_name, &d->h[0]));
	keep(d, d->h[0]);
	MUST(0, ipc_send_handle(d->fd, d->ep, "yours", d->other));
}

static void listener_is_closed(struct death *d)
{
	expect_closed(d, d->h[0]);
	the_name_is_free(d);
}

static const struct step connect_steps[] = {
	{ "client, connecting", .prepare = bind_other,
	  .victim = victim_connects, .after = nobody_comes, .stalls = true },
	{ "client, connected", .prepare = bind_other,
	  .victim = victim_has_connected, .after = its_words_arrive },
	{ "client, calling", .prepare = bind_other,
	  .victim = victim_connects_and_calls, .meanwhile = it_calls,
	  .after = it_may_have_called },
	{ "server, binding", .victim = victim_binds, .after = the_name_is_free,
	  .stalls = true },
	{ "server, listening", .victim = victim_listens,
	  .after = the_name_is_free },
	{ "server, with a backlog", .victim = victim_listens,
	  .meanwhile = connect_and_call, .after = the_call_fails },
	{ "server, has taken it", .victim = victim_has_taken,
	  .feed = connect_when_told, .after = the_call_fails },
	{ "server, asleep", .victim = victim_awaits_connections,
	  .after = the_name_is_free },
	{ "server, has moved the listener", .victim = victim_moves_listener,
	  .after = the_name_is_ours },
	{ "listener in flight to it", .victim = victim_does_nothing,
	  .feed = send_listener, .after = listener_is_closed },
	{ "has received the listener", .victim = victim_holds_it,
	  .feed = send_listener, .after = listener_is_closed },
};

#endif /* DEATH_ENTRY_H */
