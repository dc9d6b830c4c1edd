/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the threads of the races do: all of it, at random.
 */
#ifndef RACE_WORK_H
#define RACE_WORK_H

#include "capipc_test_race.h"

/* -------------------------------------------------------------- receiving */

static void reply_somehow(__u32 reply)
{
	struct token_message m = { 0 };
	struct capipc_attachment att = ipc_attach(reply);
	struct capipc_reply a = { .data = ipc_ptr(&m),
				  .data_len = sizeof(m),
				  .handle = reply };
	__u64 t = 0;

	switch (chance(8)) {
	case 0:
		did(CLOSE, ipc_close(self_racer->fd, reply));
		return;
	case 1:
	case 2:
		if (did(REPLY_MOVED, race_send(link_any(), NULL, &att, 1)))
			return;
		break;
	case 3:
	case 4:
		t = token_take();
	}
	if (t) {
		m.token = t >> 32;
		att = ipc_attach(token_handle(t));
		a.attachments = ipc_ptr(&att);
		a.attachments_count = 1;
		token_leaves(t, true);
	}
	if (!did(REPLY, ipc_do_reply(self_racer->fd, &a))) {
		if (t)
			token_stays(t);
		ipc_close(self_racer->fd, reply);
	}
}

/* A pipe(2) with one byte in it. */
static void file_arrives(int fd)
{
	char byte;

	if (read(fd, &byte, 1) == 1 && byte == 'f')
		did(FILE_PASSED, 0);
	close(fd);
}

static void arrivals(const void *data, __u32 len,
		     const struct capipc_attachment *att, __u32 count)
{
	const struct token_message *m = data;
	__u32 i;

	if (!count && len == sizeof(*m))
		token_number(m);
	for (i = 0; i < count; i++) {
		if (!att[i].handle)
			continue; /* it was confined */
		if (att[i].kind == CAPIPC_KIND_FILE)
			file_arrives(att[i].handle);
		else if (att[i].kind == CAPIPC_KIND_REPLY)
			reply_somehow(att[i].handle);
		else if (i == 0 && len == sizeof(*m))
			token_arrives(m->token, att[i].handle);
		else
			thing_put(att[i].handle);
	}
}

static bool receive(void)
{
	static __thread struct ipc_message m;
	int ret = ipc_recv_flags(self_racer->fd, &m, 0, CAPIPC_NOWAIT, 0);

	if (ret) {
		/* what cannot be taken is in nobody's way for long */
		did(RECEIVE_NUMBER, ret);
		return false;
	}
	switch (m.r.type) {
	case CAPIPC_RECEIVED_MESSAGE:
		arrivals(m.data, m.r.data_len, m.att, m.r.attachments_count);
		break;
	case CAPIPC_RECEIVED_CALL:
		arrivals(m.data, m.r.data_len, m.att, m.r.attachments_count);
		reply_somehow(m.r.reply_handle);
		break;
	case CAPIPC_RECEIVED_CONNECTION:
		did(TAKE_CONNECTION, 0);
		thing_put(m.r.reply_handle);
		break;
	case CAPIPC_RECEIVED_PEER_CLOSED:
		token_ended(m.r.from);
		break;
	case CAPIPC_RECEIVED_ACCEPTED:
	case CAPIPC_RECEIVED_INVITATION_CLOSED:
		did(CLOSE, ipc_close(self_racer->fd, m.r.from));
		break;
	}
	return true;
}

/* ---------------------------------------------------------------- sending */

static void send_token(void)
{
	struct capipc_attachment att[3];
	struct token_message m = { 0 };
	int fds[2], count = 1;
	__u64 t = token_take();

	if (!t)
		return;
	m.token = t >> 32;
	att[0] = ipc_attach(token_handle(t));
	fds[0] = -1;
	if (chance(4) == 0 && !pipe2(fds, O_CLOEXEC)) {
		if (write(fds[1], "f", 1) == 1)
			att[count++] = (struct capipc_attachment){
				.handle = fds[0],
				.kind = CAPIPC_KIND_FILE
			};
		close(fds[1]);
	}
	if (chance(4) == 0)
		att[count++] = ipc_attach(thing_any());
	token_leaves(t, false);
	if (!did(SEND, race_send(link_any(), &m, att, count)))
		token_stays(t);
	if (fds[0] >= 0)
		close(fds[0]);
}

/* Anything over anything: also what nobody can reach then. */
static void send_thing(void)
{
	struct capipc_attachment att = ipc_attach(thing_any());

	did(SEND,
	    race_send(chance(4) ? thing_any() : link_any(), NULL, &att, 1));
}

static void call(void)
{
	struct token_message m = { 0 }, answer = { 0 };
	struct capipc_attachment att, reply_att[2];
	struct capipc_call c = {
		.flags = CAPIPC_NOWAIT,
		.deadline_ns = ipc_now() + chance(20000000),
		.data = ipc_ptr(&m),
		.data_len = sizeof(m),
		.reply_data = ipc_ptr(&answer),
		.reply_capacity = sizeof(answer),
		.reply_attachments = ipc_ptr(reply_att),
		.reply_attachments_capacity = 2,
		.handle = link_any(),
		.ordinal = 1,
	};
	__u64 t = chance(2) ? token_take() : 0;

	if (t) {
		m.token = t >> 32;
		att = ipc_attach(token_handle(t));
		c.attachments = ipc_ptr(&att);
		c.attachments_count = 1;
		token_leaves(t, true);
	} else {
		c.data_len = 0;
	}
	if (did(CALL, ipc_do_call(self_racer->fd, &c)) &&
	    c.reply_attachments_count)
		arrivals(&answer, c.reply_len, reply_att,
			 c.reply_attachments_count);
	if (t && c.state == CAPIPC_CALL_UNSENT)
		token_stays(t);
	if (c.pending)
		ipc_close(self_racer->fd, c.pending);
}

/* ------------------------------------------------- invitations, listeners */

static void invite(void)
{
	int other = chance(PROCESSES), fd;
	__u64 t = token_take();
	__u32 news;

	if (!t)
		return;
	token_leaves(t, true);
	if (!did(INVITE,
		 ipc_invite(self_racer->fd, token_handle(t), &fd, &news))) {
		token_stays(t);
		return;
	}
	/* where the box is full it is lost, and we are told so */
	sync_send(self_racer->inbox[other][1], t >> 32, fd);
	close(fd);
	if (chance(8) == 0)
		did(CLOSE, ipc_close(self_racer->fd, news));
}

static void accept_one(void)
{
	static __thread struct guest g;
	uint64_t number;
	int fd;

	if (sync_recv(self_racer->inbox[self_racer->number][0], &number, &fd))
		return;
	if (did(ACCEPT, ipc_accept_all(self_racer->fd, fd, &g)))
		token_arrives(number, g.in[0].handle);
	close(fd);
}

static void listen_or_connect(void)
{
	char name[48];
	__u32 handle;

	snprintf(name, sizeof(name), "%s/%u", self_racer->name, chance(4));
	if (chance(3) == 0) {
		if (did(LISTEN, ipc_listen(self_racer->fd, name, &handle)))
			thing_put(handle);
	} else if (did(CONNECT, ipc_connect(self_racer->fd, name, &handle))) {
		thing_put(handle);
	}
}

/* ----------------------------------------------------- what narrows it down */

static void narrow(void)
{
	const struct capipc_range range = { 0, 2 };
	const struct capipc_rule rule = { .ordinal_last = 2 };
	const struct capipc_rule who = { .match = CAPIPC_MATCH_SAME_UID };
	__u32 handle = thing_any();
	struct capipc_replace replace = { .size = sizeof(replace),
					  .handle = handle,
					  .rights = CAPIPC_RIGHTS_SAME };
	struct capipc_attenuate attenuate = { .size = sizeof(attenuate),
					      .ranges = ipc_ptr(&range),
					      .ranges_count = 1,
					      .handle = handle };
	struct capipc_confine confine = { .size = sizeof(confine),
					  .rules = ipc_ptr(&who),
					  .rules_count = chance(2),
					  .rule_size = sizeof(who),
					  .handle = handle };
	struct capipc_restrict restricted = { .rules = ipc_ptr(&rule),
					      .rules_count = 1,
					      .rule_size = sizeof(rule),
					      .handle = handle };
	int fd = self_racer->fd;
	__u64 t;

	switch (chance(5)) {
	case 0:
		if (did(REPLACE, ipc_ioctl(fd, CAPIPC_IOC_REPLACE, &replace)))
			thing_put(replace.replaced);
		break;
	case 1:
		did(ATTENUATE, ipc_ioctl(fd, CAPIPC_IOC_ATTENUATE, &attenuate));
		break;
	case 2:
		did(CONFINE, ipc_ioctl(fd, CAPIPC_IOC_CONFINE, &confine));
		break;
	case 3:
		did(RESTRICT, ipc_do_restrict(fd, &restricted));
		break;
	default:
		t = token_take();
		if (!t)
			break;
		replace.handle = token_handle(t);
		if (did(REPLACE, ipc_ioctl(fd, CAPIPC_IOC_REPLACE, &replace)))
			t = (t >> 32 << 32) | replace.replaced;
		token_put(t);
	}
}

/* ------------------------------------------------------------------ memory */

static void map_thing(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int prot = chance(2) ? PROT_READ : PROT_READ | PROT_WRITE;
	char *p;
	int ret = ipc_map(self_racer->fd, thing_any(), page, prot, &p);

	/* a producer cannot be mapped for reading only, and so on */
	if (did(MAP, ret == -EINVAL ? -EBADF : ret)) {
		if (prot & PROT_WRITE)
			*(volatile char *)p = 'x';
		munmap(p, page);
	}
}

static void memory(void)
{
	int fd = self_racer->fd;
	__u32 h[2];

	switch (chance(8)) {
	case 0:
		if (did(BUFFER, ipc_buffer(fd, 4096, &h[0]))) {
			if (did(DUPLICATE,
				ipc_duplicate(fd, h[0], CAPIPC_RIGHTS_SAME,
					      &h[1])))
				thing_put(h[1]);
			thing_put(h[0]);
		}
		break;
	case 1:
		if (did(DATA_PIPE, ipc_data_pipe(fd, 16, 8, h))) {
			thing_put(h[0]);
			thing_put(h[1]);
		}
		break;
	case 2:
		if (did(DUPLICATE, ipc_duplicate(fd, thing_any(),
						 CAPIPC_RIGHTS_SAME, &h[0])))
			thing_put(h[0]);
		break;
	case 3:
	case 4:
		did(SIGNAL, ipc_signal(fd, thing_any()));
		break;
	default:
		map_thing();
	}
}

/* ----------------------------------------------------------------- looking */

static void look(void)
{
	struct pollfd p = { .fd = self_racer->fd, .events = POLLIN };
	struct capipc_query q = { .handle = thing_any() };
	struct capipc_inspect insp;
	char text[1024];

	switch (chance(4)) {
	case 0:
		did(INSPECT,
		    ipc_do_inspect(self_racer->fd, thing_any(), &insp));
		break;
	case 1:
		did(QUERY, ipc_do_query(self_racer->fd, &q));
		break;
	case 2:
		if (poll(&p, 1, 0) == 1)
			did(POLL, p.revents & POLLERR ? -EIO : 0);
		break;
	default:
		get_text(text, sizeof(text), "/proc/self/fdinfo/%d",
			 self_racer->fd);
	}
}

/* A context that comes and goes, with what is in it and what is in flight. */
static void other_context(void)
{
	int fd = ipc_open();
	__u32 h[2];

	if (!did(OPEN_CONTEXT, fd < 0 ? fd : 0))
		return;
	if (!ipc_create(fd, h))
		ipc_send_handle(fd, h[0], "x", h[1]);
	close(fd);
}

/* ----------------------------------------------------------------- workers */

static void *racer_thread(void *arg)
{
	__u32 h[2];

	self_racer = arg;
	race_state = (__u32)(uintptr_t)pthread_self() ^ (__u32)ipc_now();
	while (!__atomic_load_n(&self_racer->race->stop, __ATOMIC_RELAXED)) {
		switch (chance(32)) {
		case 0:
		case 1:
		case 2:
			send_token();
			break;
		case 3:
		case 4:
			send_thing();
			break;
		case 5:
		case 6:
			call();
			break;
		case 7:
			invite();
			break;
		case 8:
		case 9:
			accept_one();
			break;
		case 10:
		case 11:
			listen_or_connect();
			break;
		case 12:
		case 13:
			narrow();
			break;
		case 14:
		case 15:
		case 16:
			memory();
			break;
		case 17:
		case 18:
			look();
			break;
		case 19:
			other_context();
			break;
		case 20:
			if (!ipc_create(self_racer->fd, h)) {
				thing_put(h[0]);
				thing_put(h[1]);
			}
			break;
		default:
			receive();
		}
	}
	return NULL;
}

static void racer_main(struct racer *r, int threads, int sock)
{
	static struct ipc_message m;
	char parent[32];
	pthread_t t[8];
	__u32 end;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	memcpy(parent, r->name, sizeof(parent));
	self_racer = r;
	r->fd = ipc_open();
	if (r->fd < 0 || ipc_connect(r->fd, parent, &end))
		_exit(2);
	r->link[r->number] = end;
	for (i = 0; i < PROCESSES - 1; i++) {
		if (ipc_recv_from(r->fd, end, &m) || m.r.attachments_count != 1)
			_exit(3);
		r->link[m.r.ordinal] = m.att[0].handle;
	}
	for (i = 0; i < threads; i++)
		if (pthread_create(&t[i], NULL, racer_thread, r))
			_exit(4);
	for (i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	/* when all have stopped: take what is there */
	if (sync_post(sock) || sync_wait(sock))
		_exit(5);
	while (receive())
		;
	sync_post(sock);
	for (;;)
		pause();
}

#endif /* RACE_WORK_H */
