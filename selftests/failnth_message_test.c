// SPDX-License-Identifier: GPL-2.0
/*
 * What fails in between: contexts and pipes, messages with what is in them, calls
 * and replies.
 */
#include "failnth.h"

static int run_open(struct scene *s)
{
	s->opened = ipc_open();
	return s->opened < 0 ? s->opened : 0;
}

static int run_info(struct scene *s)
{
	struct capipc_info info;

	return ipc_do_info(s->fd, &info);
}

static int run_create(struct scene *s)
{
	__u32 h[2];

	return ipc_create(s->fd, h);
}

static int run_close(struct scene *s)
{
	return ipc_close(s->fd, s->spare[0]);
}

static int run_tag(struct scene *s)
{
	return ipc_tag(s->fd, s->spare[0], 5);
}

static int not_tagged(struct scene *s)
{
	struct capipc_inspect i;
	int ret = ipc_do_inspect(s->fd, s->spare[0], &i);

	return ret ? ret : i.cookie ? -EPROTO : 0;
}

static int run_inspect(struct scene *s)
{
	struct capipc_inspect i;

	return ipc_do_inspect(s->fd, s->end, &i);
}

static int run_send(struct scene *s)
{
	static char data[3000];
	struct capipc_attachment att = ipc_attach(s->spare[0]);
	struct capipc_send a = {
		.flags = CAPIPC_NOWAIT,
		.data = ipc_ptr(data),
		.data_len = sizeof(data),
		.attachments = ipc_ptr(&att),
		.attachments_count = 1,
		.handle = s->end,
		.ordinal = 1,
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

	if (ret)
		return ret;
	return s->m.r.data_len == 3000 && s->m.r.attachments_count == 1 ?
		       0 :
		       -EPROTO;
}

static int prepare_receive(struct scene *s)
{
	struct capipc_attachment att;
	__u32 h[2];
	int ret = ipc_create(s->server, h);

	att = ipc_attach(h[0]);
	if (!ret)
		ret = ipc_send_full(s->server, s->server_end, 3, s->name,
				    sizeof(s->name), &att, 1);
	return ret;
}

static int run_receive(struct scene *s)
{
	return ipc_tryrecv_from(s->fd, s->end, &s->m);
}

static int not_received(struct scene *s)
{
	return ipc_queued(s->fd, s->end) == 1 ? 0 : -EPROTO;
}

static int was_received(struct scene *s)
{
	if (s->m.r.attachments_count != 1 || s->m.r.ordinal != 3 ||
	    memcmp(s->m.data, s->name, sizeof(s->name)))
		return -EPROTO;
	return ipc_alive(s->fd, s->m.att[0].handle);
}

/* ---------------------------------------------------------------- batches */

/* Of two sizes, so that it is in no way the same as the first alone. */
static int run_send_batch(struct scene *s)
{
	static const struct capipc_batched what[] = { { 1, 100 },
						      { 2, 3000 },
						      { 3, 0 } };
	static char data[3100];
	struct capipc_send_batch a = {
		.size = sizeof(a),
		.flags = CAPIPC_NOWAIT,
		.messages = ipc_ptr(what),
		.data = ipc_ptr(data),
		.data_len = sizeof(data),
		.count = ARRAY_SIZE(what),
		.handle = s->end,
	};
	int ret = ipc_ioctl(s->fd, CAPIPC_IOC_SEND_BATCH, &a);

	s->got = ret ? 0 : a.sent;
	return ret;
}

/* All of it, or the first if there was not enough memory for all. */
static int was_sent_batch(struct scene *s)
{
	int ret, i;

	if (s->got != 3 && s->got != 1)
		return -EPROTO;
	for (i = 1; i <= s->got; i++) {
		ret = ipc_tryrecv_from(s->server, s->server_end, &s->m);
		if (ret)
			return ret;
		if (s->m.r.ordinal != i)
			return -EPROTO;
	}
	ret = ipc_tryrecv_from(s->server, s->server_end, &s->m);
	return ret == -EAGAIN ? 0 : -EPROTO;
}

/* The server sends the same, and one more. */
static int prepare_batch(struct scene *s)
{
	struct scene server = { .fd = s->server, .end = s->server_end };
	int ret = run_send_batch(&server);

	return ret ? ret : ipc_send(s->server, s->server_end, 4, "four", 4);
}

static struct capipc_batched batch[4];
static char batch_data[4000];

static int receive_batch(struct scene *s)
{
	struct capipc_receive_batch a = {
		.size = sizeof(a),
		.flags = CAPIPC_NOWAIT,
		.messages = ipc_ptr(batch),
		.data = ipc_ptr(batch_data),
		.data_capacity = sizeof(batch_data),
		.count_capacity = ARRAY_SIZE(batch),
		.handle = s->end,
	};
	int ret = ipc_ioctl(s->fd, CAPIPC_IOC_RECEIVE_BATCH, &a);

	s->got = ret ? 0 : a.count;
	return ret;
}

static int batch_stays(struct scene *s)
{
	return ipc_queued(s->fd, s->end) == 4 ? 0 : -EPROTO;
}

static int batch_came(struct scene *s)
{
	return s->got == 4 && batch[0].ordinal == 1 &&
			       batch[1].data_len == 3000 &&
			       batch[3].ordinal == 4 &&
			       !memcmp(batch_data + 3100, "four", 4) ?
		       0 :
		       -EPROTO;
}

/* ------------------------------------------------------------------ calls */

/* Answers what comes, with a pipe of its own, until it hears 99. */
static void *server_thread(void *arg)
{
	struct scene *s = arg;
	static struct ipc_message m;
	struct capipc_attachment att;
	struct capipc_reply r = {
		.data = ipc_ptr("answer"),
		.data_len = 6,
		.attachments = ipc_ptr(&att),
		.attachments_count = 1,
	};
	__u32 h[2];

	while (!ipc_recv_from(s->server, s->server_end, &m) &&
	       m.r.ordinal != 99) {
		if (ipc_create(s->server, h))
			break;
		att = ipc_attach(h[0]);
		r.handle = m.r.reply_handle;
		if (ipc_do_reply(s->server, &r))
			ipc_close(s->server, h[0]);
		ipc_close(s->server, h[1]);
	}
	return NULL;
}

static int prepare_call(struct scene *s)
{
	return -pthread_create(&s->thread, NULL, server_thread, s);
}

static int run_call(struct scene *s)
{
	s->call = (struct capipc_call){
		.deadline_ns = s->deadline_ns,
		.data = ipc_ptr(s->name),
		.data_len = 10,
		.reply_data = ipc_ptr(s->m.data),
		.reply_capacity = 100,
		.reply_attachments = ipc_ptr(s->m.att),
		.reply_attachments_capacity = 1,
		.handle = s->end,
		.ordinal = 1,
	};
	return ipc_do_call(s->fd, &s->call);
}

/* A call that failed after it was sent is not lost: it can be resumed. */
static int resume_call(struct scene *s)
{
	int ret;

	if (!s->call.pending)
		return 0;
	ret = ipc_do_call(s->fd, &s->call);
	if (ret)
		return ret;
	return s->call.pending ? -EPROTO : ipc_close(s->fd, s->m.att[0].handle);
}

static int end_call(struct scene *s)
{
	int ret = ipc_send_str(s->fd, s->end, 99, "enough");

	pthread_join(s->thread, NULL);
	if (s->call.state != CAPIPC_CALL_ANSWERED || s->call.reply_len != 6 ||
	    s->call.reply_attachments_count != 1)
		return -EPROTO;
	return ret ? ret : ipc_alive(s->fd, s->m.att[0].handle);
}

static void *client_thread(void *arg)
{
	struct scene *s = arg;
	struct capipc_attachment att;
	struct capipc_call c = {
		.deadline_ns = ipc_soon(),
		.reply_data = ipc_ptr(s->m.data),
		.reply_capacity = 4000,
		.reply_attachments = ipc_ptr(&att),
		.reply_attachments_capacity = 1,
		.handle = s->server_end,
		.ordinal = 1,
	};

	s->thread_ret = ipc_do_call(s->server, &c);
	return NULL;
}

static int prepare_reply(struct scene *s)
{
	static struct ipc_message m;
	int ret = -pthread_create(&s->thread, NULL, client_thread, s);

	if (!ret)
		ret = ipc_recv_from(s->fd, s->end, &m);
	s->reply_handle = m.r.reply_handle;
	return ret;
}

static int run_reply(struct scene *s)
{
	static char data[3000];
	struct capipc_attachment att = ipc_attach(s->spare[0]);
	struct capipc_reply r = {
		.data = ipc_ptr(data),
		.data_len = sizeof(data),
		.attachments = ipc_ptr(&att),
		.attachments_count = 1,
		.handle = s->reply_handle,
	};

	return ipc_do_reply(s->fd, &r);
}

static int not_replied(struct scene *s)
{
	int ret = ipc_alive(s->fd, s->reply_handle);

	return ret ? ret : spare_is_there(s);
}

static int was_replied(struct scene *s)
{
	pthread_join(s->thread, NULL);
	return s->thread_ret;
}

/* ------------------------------------------------------------------ files */

/* A file, and an endpoint that may arrive nowhere. */
static int run_send_file(struct scene *s)
{
	struct capipc_attachment att[2] = {
		{ .handle = 0, .kind = CAPIPC_KIND_FILE },
		ipc_attach(s->spare[0]),
	};

	return ipc_send_full(s->fd, s->end, 1, NULL, 0, att, 2);
}

static int prepare_file(struct scene *s)
{
	struct capipc_confine c = {
		.size = sizeof(c),
		.rule_size = sizeof(struct capipc_rule),
		.handle = s->spare[0],
	};
	int ret = ipc_ioctl(s->fd, CAPIPC_IOC_CONFINE, &c);

	return ret ? ret : run_send_file(s);
}

static int receive_file(struct scene *s)
{
	return ipc_tryrecv_from(s->server, s->server_end, &s->m);
}

static int file_stays(struct scene *s)
{
	if (ipc_queued(s->server, s->server_end) != 1)
		return -EPROTO;
	/* nor is what may not arrive closed */
	return ipc_trysend(s->fd, s->spare[1], 1, NULL, 0);
}

static int file_came(struct scene *s)
{
	if (s->m.r.attachments_count != 2 || s->m.att[1].handle ||
	    ipc_trysend(s->fd, s->spare[1], 1, NULL, 0) != -EPIPE)
		return -EPROTO;
	s->opened = s->m.att[0].handle;
	return 0;
}

STEP(open, NULL, run_open, NULL, NULL);
STEP(info, NULL, run_info, NULL, NULL);
STEP(create, NULL, run_create, NULL, NULL);
STEP(close, NULL, run_close, spare_is_there, NULL);
STEP(tag, NULL, run_tag, not_tagged, NULL);
STEP(inspect, NULL, run_inspect, NULL, NULL);
STEP(send, NULL, run_send, not_sent, was_sent);
STEP(receive, prepare_receive, run_receive, not_received, was_received);
STEP(send_batch, NULL, run_send_batch, not_sent, was_sent_batch);
STEP(receive_batch, prepare_batch, receive_batch, batch_stays, batch_came);

FIXTURE_VARIANT_ADD(failnth, call){
	.step = { prepare_call, run_call, resume_call, end_call,
		  .others = true },
};

STEP(reply, prepare_reply, run_reply, not_replied, was_replied);
STEP(send_file, NULL, run_send_file, not_sent, NULL);
STEP(receive_file, prepare_file, receive_file, file_stays, file_came);

TEST_HARNESS_MAIN
