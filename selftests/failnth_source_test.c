// SPDX-License-Identifier: GPL-2.0
/*
 * What fails in between: messages and calls out of a buffer, and requests that are lent.
 */
#include "failnth.h"

#define SOURCE_BYTES (50 * 4096)
#define SOURCE_AT    5000
#define AREA_AT	     4000
#define SEND_LEN     3000
#define LENT_LEN     100000

static char *area; /* of the server, mapped */
static uint32_t area_handle;
static int server_ret;

static int prepare_source(struct scene *s)
{
	struct capipc_create_buffer a = { .bytes = SOURCE_BYTES,
					  .flags = CAPIPC_BUFFER_SOURCE };
	int ret = ipc_do_create_buffer(s->fd, &a);

	s->buffer = a.handle;
	if (!ret)
		ret = ipc_map(s->fd, a.handle, a.bytes, PROT_READ | PROT_WRITE,
			      &s->mapped);
	if (!ret)
		memset(s->mapped + SOURCE_AT, 's', LENT_LEN);
	return ret;
}

/* --------------------------------------------------------------- messages */

static int run_send(struct scene *s)
{
	struct capipc_attachment att = ipc_attach(s->spare[0]);
	struct capipc_send a = {
		.flags = CAPIPC_NOWAIT,
		.data = SOURCE_AT,
		.data_len = SEND_LEN,
		.attachments = ipc_ptr(&att),
		.attachments_count = 1,
		.handle = s->end,
		.ordinal = 1,
		.source = s->buffer,
	};

	return ipc_do_send(s->fd, &a);
}

static int not_sent(struct scene *s)
{
	if (ipc_queued(s->server, s->server_end) != 0)
		return -EPROTO;
	return spare_is_there(s);
}

static int was_sent(struct scene *s)
{
	int ret = ipc_tryrecv_from(s->server, s->server_end, &s->m);

	if (!ret && (s->m.r.data_len != SEND_LEN ||
		     memcmp(s->m.data, s->mapped + SOURCE_AT, SEND_LEN)))
		ret = -EPROTO;
	munmap(s->mapped, SOURCE_BYTES);
	return ret;
}

/* ------------------------------------------------------------------ calls */

static int prepare_area(struct scene *s)
{
	struct capipc_create_buffer a = { .bytes = SOURCE_BYTES,
					  .flags = CAPIPC_BUFFER_AREA };
	int ret = prepare_source(s);

	if (!ret)
		ret = ipc_do_create_buffer(s->server, &a);
	area_handle = a.handle;
	return ret ? ret :
		     ipc_map(s->server, a.handle, a.bytes, PROT_READ, &area);
}

static int receive_lent(struct scene *s, struct capipc_receive *r)
{
	*r = (struct capipc_receive){
		.deadline_ns = s->deadline_ns,
		.data = AREA_AT,
		.data_capacity = LENT_LEN,
		.area = area_handle,
	};
	return ipc_do_receive(s->server, r);
}

/* All of it is what was in the buffer. */
static bool is_lent(const struct capipc_receive *r)
{
	const char *p = area + AREA_AT;

	return r->type == CAPIPC_RECEIVED_CALL && r->data_len == LENT_LEN &&
	       *p == 's' && !memcmp(p, p + 1, LENT_LEN - 1);
}

/* Answers what comes, until it hears 99. */
static void *server_thread(void *arg)
{
	struct scene *s = arg;
	struct capipc_receive r;

	for (;;) {
		server_ret = receive_lent(s, &r);
		if (server_ret || r.ordinal == 99)
			break;
		if (!is_lent(&r)) {
			server_ret = -EPROTO;
			break;
		}
		ipc_reply_str(s->server, r.reply_handle, "answer");
	}
	return NULL;
}

static int prepare_call(struct scene *s)
{
	int ret = prepare_area(s);

	return ret ? ret : -pthread_create(&s->thread, NULL, server_thread, s);
}

static int run_call(struct scene *s)
{
	s->call = (struct capipc_call){
		.deadline_ns = s->deadline_ns,
		.data = SOURCE_AT,
		.data_len = LENT_LEN,
		.reply_data = ipc_ptr(s->m.data),
		.reply_capacity = 100,
		.handle = s->end,
		.ordinal = 1,
		.source = s->buffer,
	};
	return ipc_do_call(s->fd, &s->call);
}

/* What was sent goes on; and who is to be called next waits again. */
static int resume_call(struct scene *s)
{
	int ret = s->call.pending ? ipc_do_call(s->fd, &s->call) : 0;

	usleep(1000);
	return ret;
}

static void unmap(struct scene *s)
{
	munmap(area, SOURCE_BYTES);
	munmap(s->mapped, SOURCE_BYTES);
}

static int end_call(struct scene *s)
{
	int ret = ipc_send_str(s->fd, s->end, 99, "enough");

	pthread_join(s->thread, NULL);
	unmap(s);
	if (s->call.state != CAPIPC_CALL_ANSWERED || s->call.reply_len != 6)
		return -EPROTO;
	return ret ? ret : server_ret;
}

/* --------------------------------------------------------------- receiving */

/* Calls when the receiver is seen to wait. */
static void *client_thread(void *arg)
{
	struct scene *s = arg;
	struct capipc_call c = {
		.deadline_ns = s->deadline_ns,
		.data = SOURCE_AT,
		.data_len = LENT_LEN,
		.handle = s->end,
		.ordinal = 1,
		.source = s->buffer,
	};

	s->thread_ret = wait_asleep(getpid());
	if (!s->thread_ret)
		s->thread_ret = ipc_do_call(s->fd, &c);
	return NULL;
}

static int prepare_receive(struct scene *s)
{
	int ret = prepare_area(s);

	return ret ? ret : -pthread_create(&s->thread, NULL, client_thread, s);
}

static int run_receive(struct scene *s)
{
	return receive_lent(s, &s->m.r);
}

static int was_received(struct scene *s)
{
	int ret = is_lent(&s->m.r) ? 0 : -EPROTO;

	if (!ret)
		ret = ipc_reply(s->server, s->m.r.reply_handle, NULL, 0);
	pthread_join(s->thread, NULL);
	unmap(s);
	return ret ? ret : s->thread_ret;
}

STEP(send, prepare_source, run_send, not_sent, was_sent);

FIXTURE_VARIANT_ADD(failnth, call){
	.step = { prepare_call, run_call, resume_call, end_call,
		  .others = true },
};

FIXTURE_VARIANT_ADD(failnth, receive){
	.step = { prepare_receive, run_receive, NULL, was_received,
		  .others = true },
};

TEST_HARNESS_MAIN
