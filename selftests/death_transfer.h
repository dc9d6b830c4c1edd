/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Deaths at the steps of a transfer: of who sends handles and files, and of who
 * receives them.
 */
#ifndef DEATH_TRANSFER_H
#define DEATH_TRANSFER_H

#include "death_call.h"

/* -------------------------------------------------------- the sender dies */

static void victim_has_sent(struct death *d)
{
	TRY(ipc_create(d->fd, d->h));
	TRY(ipc_send_str(d->fd, d->h[0], 1, "last words"));
	TRY(ipc_send_handle(d->fd, d->ep, "take it", d->h[1]));
	reached(d);
}

static void what_was_sent_arrives(struct death *d)
{
	if (!take(d, d->ep, CAPIPC_RECEIVED_MESSAGE, 1))
		return;
	d->other = d->m.att[0].handle;
	take(d, d->other, CAPIPC_RECEIVED_MESSAGE, 0);
	MUST(0, strcmp(d->m.data, "last words"));
	expect_closed(d, d->other);
	expect_closed(d, d->ep);
}

/* Stopped while the bytes are read, or the list of what is attached. */
static void victim_send(struct death *d, __u32 count,
			const struct capipc_attachment *att)
{
	struct capipc_send s = {
		.deadline_ns = CAPIPC_FOREVER,
		.data = ipc_ptr("bytes"),
		.attachments = ipc_ptr(att),
		.data_len = 5,
		.attachments_count = count,
		.handle = d->ep,
	};

	if (death_random(d) % 2)
		s.data = ipc_ptr(stalled(d, "bytes", 5));
	else
		s.attachments = ipc_ptr(stalled(d, att, count * sizeof(*att)));
	reached(d);
	ipc_do_send(d->fd, &s);
}

static void victim_sends(struct death *d)
{
	struct capipc_attachment att;

	TRY(ipc_create(d->fd, d->h));
	TRY(ipc_send_handle(d->fd, d->ep, "the other end", d->h[0]));
	att = ipc_attach(d->h[1]);
	victim_send(d, 1, &att);
}

static void nothing_was_sent(struct death *d)
{
	if (!take(d, d->ep, CAPIPC_RECEIVED_MESSAGE, 1))
		return;
	d->other = d->m.att[0].handle;
	ep_settles(d);
	expect_closed(d, d->other);
}

static void victim_has_sent_files(struct death *d)
{
	struct capipc_attachment att[2] = { { .kind = CAPIPC_KIND_FILE },
					    { .kind = CAPIPC_KIND_FILE } };
	int fds[2];

	TRY(pipe2(fds, O_CLOEXEC) ? -errno : 0);
	att[0].handle = fds[0];
	att[1].handle = fds[1];
	TRY(ipc_send_full(d->fd, d->ep, 1, "files", 5, att, 2));
	close(fds[0]);
	close(fds[1]);
	reached(d);
}

static void files_arrive(struct death *d)
{
	char byte = 0;

	if (!take(d, d->ep, CAPIPC_RECEIVED_MESSAGE, 2))
		return;
	d->file = d->m.att[0].handle;
	d->file2 = d->m.att[1].handle;
	MUST(1, write(d->file2, "x", 1));
	MUST(1, read(d->file, &byte, 1));
	MUST('x', byte);
	close(d->file2);
	d->file2 = 0;
	MUST(0, at_end_of_file(d->file));
	expect_closed(d, d->ep);
}

static void victim_sends_file(struct death *d)
{
	struct capipc_attachment att = { .kind = CAPIPC_KIND_FILE };
	int fds[2];

	TRY(pipe2(fds, O_CLOEXEC) ? -errno : 0);
	att.handle = fds[0];
	TRY(ipc_send_full(d->fd, d->ep, 1, "file", 4, &att, 1));
	att.handle = fds[1];
	victim_send(d, 1, &att);
}

static void file_is_closed(struct death *d)
{
	if (!take(d, d->ep, CAPIPC_RECEIVED_MESSAGE, 1))
		return;
	d->file = d->m.att[0].handle;
	ep_settles(d);
	MUST(0, at_end_of_file(d->file));
}

/* As many as there is room for, and one more, which waits. */
static void victim_fills_window(struct death *d)
{
	reached(d);
	while (!ipc_send(d->fd, d->ep, 1, d->page->number, 8))
		__atomic_add_fetch(&d->page->number[0], 1, __ATOMIC_SEQ_CST);
}

static void let_it_fill(struct death *d)
{
	if (death_random(d) % 8)
		death_pause(d, 3000);
	else
		MUST(0, wait_asleep(d->pid));
}

static void all_sent_is_there(struct death *d)
{
	long n = 0, sent = d->page->number[0];

	while (MUST(0, ipc_recv_from(d->fd, d->ep, &d->m)) &&
	       d->m.r.type == CAPIPC_RECEIVED_MESSAGE)
		n++;
	/* it may have died between a request and its count */
	MUST(1, n == sent || n == sent + 1);
	MUST(-EPIPE, ipc_recv_from(d->fd, d->ep, &d->m));
}

/* ------------------------------------------------------ the receiver dies */

static void send_it(struct death *d)
{
	MUST(0, ipc_create(d->fd, d->h));
	keep(d, d->h[0]);
	MUST(0, ipc_send_str(d->fd, d->h[0], 1, "inside"));
	MUST(0, ipc_send_handle(d->fd, d->ep, "take it", d->h[1]));
}

static void it_is_closed(struct death *d)
{
	expect_closed(d, d->h[0]);
	expect_closed(d, d->ep);
}

static void victim_receives_list(struct death *d)
{
	victim_receive_into(d, d->m.data, stalled(d, NULL, 0));
}

static void victim_holds_it(struct death *d)
{
	TRY(ipc_recv_from(d->fd, d->ep, &d->m));
	reached(d);
}

static void send_file(struct death *d)
{
	struct capipc_attachment att[2] = { { .kind = CAPIPC_KIND_FILE } };
	int fds[2] = { -1, -1 };

	MUST(0, ipc_create(d->fd, d->h));
	keep(d, d->h[0]);
	MUST(0, pipe2(fds, O_CLOEXEC) ? -errno : 0);
	att[0].handle = fds[1];
	att[1] = ipc_attach(d->h[1]);
	MUST(0, ipc_send_full(d->fd, d->ep, 1, "file", 4, att, 2));
	close(fds[1]);
	d->file = fds[0];
}

/* An endpoint in a message in an endpoint in a message. */
static void send_nested(struct death *d)
{
	MUST(0, ipc_create(d->fd, d->h));
	MUST(0, ipc_create(d->fd, d->p));
	keep(d, d->h[0]);
	keep(d, d->p[0]);
	MUST(0, ipc_send_handle(d->fd, d->p[0], "inner", d->h[1]));
	MUST(0, ipc_send_handle(d->fd, d->ep, "outer", d->p[1]));
}

static void nested_is_closed(struct death *d)
{
	expect_closed(d, d->h[0]);
	expect_closed(d, d->p[0]);
	expect_closed(d, d->ep);
}

/* What we sent goes into a ring of two pipes, each inside the other. */
static void victim_makes_ring(struct death *d)
{
	TRY(ipc_recv_from(d->fd, d->ep, &d->m));
	d->other = d->m.att[0].handle;
	TRY(ipc_create(d->fd, d->h));
	TRY(ipc_create(d->fd, d->p));
	TRY(ipc_send_handle(d->fd, d->h[0], "", d->other));
	TRY(ipc_send_handle(d->fd, d->p[0], "", d->h[1]));
	TRY(ipc_send_handle(d->fd, d->h[0], "", d->p[1]));
	reached(d);
}

/* ----------------------------------------------------------------- memory */

static void send_consumer(struct death *d)
{
	MUST(0, ipc_data_pipe(d->fd, 64, 8, d->h));
	keep(d, d->h[0]);
	MUST(0, ipc_send_handle(d->fd, d->ep, "the consumer", d->h[1]));
}

static void victim_maps(struct death *d)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p;

	TRY(ipc_recv_from(d->fd, d->ep, &d->m));
	TRY(ipc_map(d->fd, d->m.att[0].handle, page, PROT_READ | PROT_WRITE,
		    &p));
	*p = 'w';
	if (death_random(d) % 2)
		TRY(ipc_close(d->fd, d->m.att[0].handle));
	reached(d);
}

static void producer_is_alone(struct death *d)
{
	if (MUST(0, ipc_recv_from(d->fd, d->h[0], &d->m)))
		MUST(CAPIPC_RECEIVED_PEER_CLOSED, d->m.r.type);
	MUST(-EPIPE, ipc_signal(d->fd, d->h[0]));
	expect_closed(d, d->ep);
}

static void send_buffer(struct death *d)
{
	MUST(0, ipc_buffer(d->fd, 4096, &d->h[0]));
	keep(d, d->h[0]);
	MUST(0, ipc_duplicate(d->fd, d->h[0], CAPIPC_RIGHTS_SAME, &d->h[1]));
	MUST(0, ipc_send_handle(d->fd, d->ep, "a buffer", d->h[1]));
}

static void buffer_is_there(struct death *d)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p;

	if (MUST(0, ipc_map(d->fd, d->h[0], page, PROT_READ, &p))) {
		MUST('w', *p);
		munmap(p, page);
	}
	expect_closed(d, d->ep);
}

static const struct step transfer_steps[] = {
	{ "sender, sent", .victim = victim_has_sent,
	  .after = what_was_sent_arrives },
	{ "sender, sending", .victim = victim_sends, .after = nothing_was_sent,
	  .stalls = true },
	{ "sender, files sent", .victim = victim_has_sent_files,
	  .after = files_arrive },
	{ "sender, sending a file", .victim = victim_sends_file,
	  .after = file_is_closed, .stalls = true, .after_child = true },
	{ "sender, window full", .victim = victim_fills_window,
	  .meanwhile = let_it_fill, .after = all_sent_is_there },
	{ "receiver, not receiving", .victim = victim_does_nothing,
	  .feed = send_it, .after = it_is_closed },
	{ "receiver, receiving bytes", .victim = victim_receives,
	  .feed = send_it, .after = it_is_closed, .stalls = true },
	{ "receiver, receiving the list", .victim = victim_receives_list,
	  .feed = send_it, .after = it_is_closed, .stalls = true },
	{ "receiver, received", .victim = victim_holds_it, .feed = send_it,
	  .after = it_is_closed },
	{ "receiver, file in flight", .victim = victim_does_nothing,
	  .feed = send_file, .after = all_of_it_is_closed },
	{ "receiver, receiving a file", .victim = victim_receives,
	  .feed = send_file, .after = all_of_it_is_closed, .stalls = true,
	  .after_child = true },
	{ "receiver, has the file", .victim = victim_holds_it,
	  .feed = send_file, .after = all_of_it_is_closed,
	  .after_child = true },
	{ "receiver, nested in flight", .victim = victim_does_nothing,
	  .feed = send_nested, .after = nested_is_closed },
	{ "receiver, has the outer", .victim = victim_holds_it,
	  .feed = send_nested, .after = nested_is_closed },
	{ "receiver, has made a ring", .victim = victim_makes_ring,
	  .feed = send_it, .after = it_is_closed },
	{ "consumer, mapped", .victim = victim_maps, .feed = send_consumer,
	  .after = producer_is_alone },
	{ "buffer, mapped", .victim = victim_maps, .feed = send_buffer,
	  .after = buffer_is_there },
};

#endif /* DEATH_TRANSFER_H */
