/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every request, described: what is in its struct, and how to make a valid one.
 * For the tests that then break one thing at a time.
 */
#ifndef CAPIPC_TEST_ABI_H
#define CAPIPC_TEST_ABI_H

#include "async.h"
#include "capipc_test_memory.h"

union any_request {
	uint32_t size;
	struct {
		uint32_t size2;
		uint32_t flags;
	};
	struct capipc_info info;
	struct capipc_create create;
	struct capipc_close close;
	struct capipc_tag tag;
	struct capipc_inspect inspect;
	struct capipc_send send;
	struct capipc_call call;
	struct capipc_reply reply;
	struct capipc_receive receive;
	struct capipc_listen listen;
	struct capipc_connect connect;
	struct capipc_restrict restrict_;
	struct capipc_explain explain;
	struct capipc_query query;
	struct capipc_report report;
	struct capipc_invite invite;
	struct capipc_accept accept;
	struct capipc_replace replace;
	struct capipc_attenuate attenuate;
	struct capipc_confine confine;
	struct capipc_fuse fuse;
	struct capipc_duplicate duplicate;
	struct capipc_create_buffer create_buffer;
	struct capipc_create_data_pipe create_data_pipe;
	struct capipc_signal signal;
	struct capipc_send_batch send_batch;
	struct capipc_receive_batch receive_batch;
	unsigned char bytes[8192];
};

/*
 * What the tests break. Every request that is prepared names one of these,
 * or something made for it.
 */
struct abi_world {
	int fd;
	uint32_t h[2]; /* a pipe: h[0] sends, two messages wait at h[1] */
	uint32_t fresh[2]; /* another one, for requests that use it up */
	uint32_t second[2]; /* and one more, to be fused with that */
	uint32_t reply; /* a call that was received; c0 waits for it */
	uint32_t listener;
	int invitation; /* its descriptor, if there is an invitation */
	uint32_t invitation_handle;
	uint32_t invitation_peer; /* of what is in it */
	uint32_t buffer;
	uint32_t ends[2]; /* of a data pipe */
	unsigned int serial;
	char name[64];
	char data[64];
	struct capipc_attachment att[4];
	struct capipc_invited invited[4];
	struct capipc_rule rules[4];
	struct capipc_range ranges[4];
	struct capipc_batched batched[4];
	struct async_call call;
	bool calling;
};

#define ABI_NONE UINT32_MAX

struct abi_request {
	const char *name;
	unsigned long cmd;
	size_t size;
	uint32_t flags; /* that are known */
	uint32_t reserved; /* offset of a member that must be zero */
	uint32_t handle; /* offset of the handle that it works on */
	int result; /* of a valid one */
	bool outputs; /* writes to its struct */
	int (*prepare)(struct abi_world *w, union any_request *a);
};

static int abi_world_make(struct abi_world *w)
{
	int ret;

	memset(w, 0, sizeof(*w));
	w->fd = ipc_open();
	if (w->fd < 0)
		return w->fd;
	ret = ipc_create(w->fd, w->h);
	if (!ret)
		ret = ipc_send_str(w->fd, w->h[0], 7, "first");
	if (!ret)
		ret = ipc_send_str(w->fd, w->h[0], 8, "second");
	return ret;
}

static int abi_prepare_none(struct abi_world *w, union any_request *a)
{
	return 0;
}

static int abi_fresh_pipe(struct abi_world *w)
{
	return ipc_create(w->fd, w->fresh);
}

static int abi_prepare_close(struct abi_world *w, union any_request *a)
{
	int ret = abi_fresh_pipe(w);

	a->close.handle = w->fresh[0];
	return ret;
}

static int abi_prepare_tag(struct abi_world *w, union any_request *a)
{
	a->tag.handle = w->h[0];
	a->tag.cookie = 0;
	return 0;
}

static int abi_prepare_inspect(struct abi_world *w, union any_request *a)
{
	a->inspect.handle = w->h[0];
	return 0;
}

static int abi_prepare_send(struct abi_world *w, union any_request *a)
{
	int ret = abi_fresh_pipe(w);

	memset(w->data, 'd', sizeof(w->data));
	a->send.deadline_ns = ipc_soon();
	a->send.handle = w->fresh[0];
	a->send.data = ipc_ptr(w->data);
	a->send.data_len = sizeof(w->data);
	return ret;
}

/* The deadline has passed: it does all but wait. */
static int abi_prepare_call(struct abi_world *w, union any_request *a)
{
	int ret = abi_fresh_pipe(w);

	memset(w->data, 'd', sizeof(w->data));
	a->call.handle = w->fresh[0];
	a->call.data = ipc_ptr(w->data);
	a->call.data_len = sizeof(w->data);
	a->call.deadline_ns = 1;
	return ret;
}

static void abi_end_call(struct abi_world *w)
{
	if (!w->calling)
		return;
	ipc_close(w->fd, w->reply);
	async_call_join(&w->call);
	w->calling = false;
}

static int abi_prepare_reply(struct abi_world *w, union any_request *a)
{
	struct ipc_message m;
	int ret = abi_fresh_pipe(w);

	if (!ret)
		ret = async_call(&w->call, w->fd, w->fresh[0], "question");
	if (!ret)
		ret = ipc_recv_from(w->fd, w->fresh[1], &m);
	if (ret)
		return ret;
	w->calling = true;
	w->reply = m.r.reply_handle;
	memset(w->data, 'd', sizeof(w->data));
	a->reply.handle = w->reply;
	a->reply.data = ipc_ptr(w->data);
	a->reply.data_len = sizeof(w->data);
	return 0;
}

static int abi_prepare_receive(struct abi_world *w, union any_request *a)
{
	int ret = abi_fresh_pipe(w);

	if (!ret)
		ret = ipc_send_str(w->fd, w->fresh[0], 9, "receive me");
	a->receive.deadline_ns = ipc_soon();
	a->receive.handle = w->fresh[1];
	a->receive.data = ipc_ptr(w->data);
	a->receive.data_capacity = sizeof(w->data);
	return ret;
}

static int abi_prepare_listen(struct abi_world *w, union any_request *a)
{
	snprintf(w->name, sizeof(w->name), "selftest/%d/%u", getpid(),
		 w->serial++);
	memset(w->rules, 0, sizeof(w->rules));
	a->listen.name = ipc_ptr(w->name);
	a->listen.name_len = strlen(w->name);
	a->listen.rules = ipc_ptr(w->rules);
	a->listen.rules_count = 1;
	a->listen.rule_size = sizeof(struct capipc_rule);
	a->listen.backlog = 8;
	return 0;
}

static int abi_prepare_connect(struct abi_world *w, union any_request *a)
{
	int ret;

	if (w->listener)
		ipc_close(w->fd, w->listener);
	snprintf(w->name, sizeof(w->name), "selftest/%d/%u", getpid(),
		 w->serial++);
	ret = ipc_listen(w->fd, w->name, &w->listener);
	a->connect.name = ipc_ptr(w->name);
	a->connect.name_len = strlen(w->name);
	return ret;
}

static int abi_prepare_restrict(struct abi_world *w, union any_request *a)
{
	int ret = abi_fresh_pipe(w);

	memset(w->rules, 0, sizeof(w->rules));
	a->restrict_.handle = w->fresh[0];
	a->restrict_.rules = ipc_ptr(w->rules);
	a->restrict_.rules_count = 1;
	a->restrict_.rule_size = sizeof(struct capipc_rule);
	return ret;
}

static int abi_prepare_explain(struct abi_world *w, union any_request *a)
{
	a->explain.handle = w->h[0];
	return 0;
}

static int abi_prepare_query(struct abi_world *w, union any_request *a)
{
	a->query.handle = w->h[0];
	return 0;
}

static int abi_prepare_report(struct abi_world *w, union any_request *a)
{
	struct ipc_message m;
	int ret = abi_fresh_pipe(w);

	if (!ret)
		ret = ipc_send_str(w->fd, w->fresh[0], 9, "bad");
	if (!ret)
		ret = ipc_recv_from(w->fd, w->fresh[1], &m);
	strcpy(w->data, "a reason");
	a->report.handle = w->fresh[1];
	a->report.stamp_id = m.r.stamp.id;
	a->report.reason = ipc_ptr(w->data);
	a->report.reason_len = strlen(w->data);
	return ret;
}

static int abi_prepare_invite(struct abi_world *w, union any_request *a)
{
	int ret = abi_fresh_pipe(w);

	memset(w->rules, 0, sizeof(w->rules));
	memset(w->invited, 0, sizeof(w->invited));
	w->invited[0].handle = w->fresh[0];
	w->invited[0].rights = CAPIPC_RIGHTS_SAME;
	a->invite.attachments = ipc_ptr(w->invited);
	a->invite.attachments_count = 1;
	a->invite.rules = ipc_ptr(w->rules);
	a->invite.rules_count = 1;
	a->invite.rule_size = sizeof(struct capipc_rule);
	a->invite.expires_ns = CAPIPC_FOREVER;
	return ret;
}

static int abi_prepare_accept(struct abi_world *w, union any_request *a)
{
	struct capipc_invite i;
	uint32_t h[2];
	int ret = ipc_create(w->fd, h);

	if (ret)
		return ret;
	memset(w->rules, 0, sizeof(w->rules));
	memset(w->invited, 0, sizeof(w->invited));
	w->invited[0].handle = h[1];
	w->invited[0].rights = CAPIPC_RIGHTS_SAME;
	i = (struct capipc_invite){
		.size = sizeof(i),
		.attachments = ipc_ptr(w->invited),
		.rules = ipc_ptr(w->rules),
		.expires_ns = CAPIPC_FOREVER,
		.attachments_count = 1,
		.rules_count = 1,
		.rule_size = sizeof(struct capipc_rule),
	};
	ret = ipc_ioctl(w->fd, CAPIPC_IOC_INVITE, &i);
	w->invitation = i.fd;
	w->invitation_handle = i.handle;
	w->invitation_peer = h[0];
	a->accept.attachments = ipc_ptr(w->invited);
	a->accept.attachments_capacity = 4;
	a->accept.fd = w->invitation;
	return ret;
}

static void abi_end_invitation(struct abi_world *w)
{
	if (!w->invitation_handle)
		return;
	close(w->invitation);
	ipc_close(w->fd, w->invitation_handle);
	ipc_close(w->fd, w->invitation_peer);
	w->invitation_handle = 0;
}

static int abi_prepare_replace(struct abi_world *w, union any_request *a)
{
	int ret = abi_fresh_pipe(w);

	a->replace.handle = w->fresh[0];
	a->replace.rights = CAPIPC_RIGHTS_SAME;
	return ret;
}

static int abi_prepare_attenuate(struct abi_world *w, union any_request *a)
{
	int ret = abi_fresh_pipe(w);

	memset(w->ranges, 0, sizeof(w->ranges));
	a->attenuate.handle = w->fresh[0];
	a->attenuate.ranges = ipc_ptr(w->ranges);
	a->attenuate.ranges_count = 1;
	return ret;
}

static int abi_prepare_confine(struct abi_world *w, union any_request *a)
{
	int ret = abi_fresh_pipe(w);

	memset(w->rules, 0, sizeof(w->rules));
	a->confine.handle = w->fresh[0];
	a->confine.rules = ipc_ptr(w->rules);
	a->confine.rules_count = 1;
	a->confine.rule_size = sizeof(struct capipc_rule);
	return ret;
}

static int abi_prepare_fuse(struct abi_world *w, union any_request *a)
{
	int ret = abi_fresh_pipe(w);

	if (w->second[0]) {
		ipc_close(w->fd, w->second[0]);
		ipc_close(w->fd, w->second[1]);
	}
	if (!ret)
		ret = ipc_create(w->fd, w->second);
	a->fuse.handle[0] = w->fresh[0];
	a->fuse.handle[1] = w->second[0];
	return ret;
}

static int abi_prepare_create_buffer(struct abi_world *w, union any_request *a)
{
	a->create_buffer.bytes = 1;
	return 0;
}

static int abi_prepare_duplicate(struct abi_world *w, union any_request *a)
{
	int ret = w->buffer ? 0 : ipc_buffer(w->fd, 1, &w->buffer);

	a->duplicate.handle = w->buffer;
	return ret;
}

static int abi_prepare_create_data_pipe(struct abi_world *w,
					union any_request *a)
{
	a->create_data_pipe.elements = 1;
	a->create_data_pipe.element_bytes = 1;
	return 0;
}

static int abi_prepare_signal(struct abi_world *w, union any_request *a)
{
	int ret = w->ends[0] ? 0 : ipc_data_pipe(w->fd, 1, 1, w->ends);

	a->signal.handle = w->ends[0];
	return ret;
}

static int abi_prepare_send_batch(struct abi_world *w, union any_request *a)
{
	int ret = abi_fresh_pipe(w);

	w->batched[0] = (struct capipc_batched){ 1, 4 };
	w->batched[1] = (struct capipc_batched){ 2, 6 };
	a->send_batch.deadline_ns = ipc_soon();
	a->send_batch.messages = ipc_ptr(w->batched);
	a->send_batch.data = ipc_ptr(w->data);
	a->send_batch.data_len = 10;
	a->send_batch.count = 2;
	a->send_batch.handle = w->fresh[0];
	return ret;
}

static int abi_prepare_receive_batch(struct abi_world *w, union any_request *a)
{
	int ret = abi_fresh_pipe(w);

	if (!ret)
		ret = ipc_send_str(w->fd, w->fresh[0], 9, "receive me");
	a->receive_batch.deadline_ns = ipc_soon();
	a->receive_batch.messages = ipc_ptr(w->batched);
	a->receive_batch.data = ipc_ptr(w->data);
	a->receive_batch.data_capacity = sizeof(w->data);
	a->receive_batch.count_capacity = ARRAY_SIZE(w->batched);
	a->receive_batch.handle = w->fresh[1];
	return ret;
}

#define ABI_SIZE(name)	      sizeof(struct capipc_##name)
#define ABI_OFF(name, member) offsetof(struct capipc_##name, member)

static const struct abi_request abi_requests[] = {
	{ "info", CAPIPC_IOC_INFO, ABI_SIZE(info), 0, ABI_NONE, ABI_NONE, 0,
	  true, abi_prepare_none },
	{ "create", CAPIPC_IOC_CREATE, ABI_SIZE(create), 0, ABI_NONE, ABI_NONE,
	  0, true, abi_prepare_none },
	{ "close", CAPIPC_IOC_CLOSE, ABI_SIZE(close), 0,
	  ABI_OFF(close, reserved), ABI_OFF(close, handle), 0, false,
	  abi_prepare_close },
	{ "tag", CAPIPC_IOC_TAG, ABI_SIZE(tag),
	  CAPIPC_TAG_WRITABLE | CAPIPC_TAG_PEER_CHANGED, ABI_OFF(tag, reserved),
	  ABI_OFF(tag, handle), 0, false, abi_prepare_tag },
	{ "inspect", CAPIPC_IOC_INSPECT, ABI_SIZE(inspect), 0, ABI_NONE,
	  ABI_OFF(inspect, handle), 0, true, abi_prepare_inspect },
	{ "send", CAPIPC_IOC_SEND, ABI_SIZE(send), CAPIPC_NOWAIT,
	  ABI_OFF(send, reserved), ABI_OFF(send, handle), 0, false,
	  abi_prepare_send },
	{ "call", CAPIPC_IOC_CALL, ABI_SIZE(call), CAPIPC_NOWAIT,
	  ABI_OFF(call, reserved), ABI_OFF(call, handle), ETIMEDOUT, true,
	  abi_prepare_call },
	{ "reply", CAPIPC_IOC_REPLY, ABI_SIZE(reply), 0,
	  ABI_OFF(reply, reserved), ABI_OFF(reply, handle), 0, false,
	  abi_prepare_reply },
	{ "receive", CAPIPC_IOC_RECEIVE, ABI_SIZE(receive),
	  CAPIPC_NOWAIT | CAPIPC_RECEIVE_CLOSE, ABI_OFF(receive, reserved),
	  ABI_OFF(receive, handle), 0, true, abi_prepare_receive },
	{ "listen", CAPIPC_IOC_LISTEN, ABI_SIZE(listen), 0, ABI_NONE, ABI_NONE,
	  0, true, abi_prepare_listen },
	{ "connect", CAPIPC_IOC_CONNECT, ABI_SIZE(connect), 0, ABI_NONE,
	  ABI_NONE, 0, true, abi_prepare_connect },
	{ "restrict", CAPIPC_IOC_RESTRICT, ABI_SIZE(restrict), 0,
	  ABI_OFF(restrict, reserved), ABI_OFF(restrict, handle), 0, false,
	  abi_prepare_restrict },
	{ "explain", CAPIPC_IOC_EXPLAIN, ABI_SIZE(explain), 0, ABI_NONE,
	  ABI_OFF(explain, handle), 0, true, abi_prepare_explain },
	{ "query", CAPIPC_IOC_QUERY, ABI_SIZE(query), CAPIPC_QUERY_EXE,
	  ABI_OFF(query, reserved), ABI_OFF(query, handle), 0, true,
	  abi_prepare_query },
	{ "report", CAPIPC_IOC_REPORT, ABI_SIZE(report), CAPIPC_REPORT_KILL,
	  ABI_OFF(report, reserved), ABI_OFF(report, handle), 0, true,
	  abi_prepare_report },
	{ "invite", CAPIPC_IOC_INVITE, ABI_SIZE(invite),
	  CAPIPC_INVITE_MAY_KILL | CAPIPC_INVITE_INHERIT,
	  ABI_OFF(invite, reserved), ABI_NONE, 0, true, abi_prepare_invite },
	{ "accept", CAPIPC_IOC_ACCEPT, ABI_SIZE(accept), CAPIPC_ACCEPT_MAY_KILL,
	  ABI_NONE, ABI_NONE, 0, true, abi_prepare_accept },
	{ "replace", CAPIPC_IOC_REPLACE, ABI_SIZE(replace), 0,
	  ABI_OFF(replace, reserved), ABI_OFF(replace, handle), 0, true,
	  abi_prepare_replace },
	{ "attenuate", CAPIPC_IOC_ATTENUATE, ABI_SIZE(attenuate), 0, ABI_NONE,
	  ABI_OFF(attenuate, handle), 0, false, abi_prepare_attenuate },
	{ "confine", CAPIPC_IOC_CONFINE, ABI_SIZE(confine), 0,
	  ABI_OFF(confine, reserved), ABI_OFF(confine, handle), 0, false,
	  abi_prepare_confine },
	{ "fuse", CAPIPC_IOC_FUSE, ABI_SIZE(fuse), 0, ABI_NONE,
	  ABI_OFF(fuse, handle), 0, false, abi_prepare_fuse },
	{ "duplicate", CAPIPC_IOC_DUPLICATE, ABI_SIZE(duplicate), 0,
	  ABI_OFF(duplicate, reserved), ABI_OFF(duplicate, handle), 0, true,
	  abi_prepare_duplicate },
	{ "create_buffer", CAPIPC_IOC_CREATE_BUFFER, ABI_SIZE(create_buffer),
	  CAPIPC_BUFFER_AREA | CAPIPC_BUFFER_SOURCE,
	  ABI_OFF(create_buffer, reserved), ABI_NONE, 0, true,
	  abi_prepare_create_buffer },
	{ "create_data_pipe", CAPIPC_IOC_CREATE_DATA_PIPE,
	  ABI_SIZE(create_data_pipe), 0, ABI_NONE, ABI_NONE, 0, true,
	  abi_prepare_create_data_pipe },
	{ "signal", CAPIPC_IOC_SIGNAL, ABI_SIZE(signal), 0,
	  ABI_OFF(signal, reserved), ABI_OFF(signal, handle), 0, false,
	  abi_prepare_signal },
	{ "send_batch", CAPIPC_IOC_SEND_BATCH, ABI_SIZE(send_batch),
	  CAPIPC_NOWAIT, ABI_NONE, ABI_OFF(send_batch, handle), 0, true,
	  abi_prepare_send_batch },
	{ "receive_batch", CAPIPC_IOC_RECEIVE_BATCH, ABI_SIZE(receive_batch),
	  CAPIPC_NOWAIT, ABI_NONE, ABI_OFF(receive_batch, handle), 0, true,
	  abi_prepare_receive_batch },
};

#define abi_requests_end (abi_requests + ARRAY_SIZE(abi_requests))

/* Its size when it was first published. */
static __unused_fn size_t abi_first_size(const struct abi_request *r)
{
	if (r->cmd == CAPIPC_IOC_INSPECT)
		return ABI_OFF(inspect, bytes);
	if (r->cmd == CAPIPC_IOC_SEND)
		return ABI_OFF(send, source);
	if (r->cmd == CAPIPC_IOC_CALL)
		return ABI_OFF(call, source);
	if (r->cmd == CAPIPC_IOC_RECEIVE)
		return ABI_OFF(receive, area);
	return r->size;
}

static const struct abi_request *abi_request(unsigned long cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(abi_requests); i++)
		if (abi_requests[i].cmd == cmd)
			return &abi_requests[i];
	return NULL;
}

/* A valid request in @a, with zeros behind it. */
static int abi_prepare(struct abi_world *w, const struct abi_request *r,
		       union any_request *a)
{
	abi_end_call(w);
	abi_end_invitation(w);
	if (w->fresh[0]) {
		ipc_close(w->fd, w->fresh[0]);
		ipc_close(w->fd, w->fresh[1]);
		memset(w->fresh, 0, sizeof(w->fresh));
	}
	memset(a, 0, sizeof(*a));
	a->size = r->size;
	return r->prepare(w, a);
}

static uint32_t *abi_u32(union any_request *a, uint32_t offset)
{
	return (uint32_t *)(a->bytes + offset);
}

/*
 * Whether the request that has just failed left everything as it was: the
 * pipe with its two messages, and what was prepared for it.
 */
static int abi_unchanged(struct abi_world *w, const struct abi_request *r)
{
	struct capipc_inspect a;
	uint32_t handle;
	int ret;

	ret = ipc_do_inspect(w->fd, w->h[1], &a);
	if (ret || a.queued != 2 || a.state || a.rights != IPC_RIGHTS_ENDPOINT)
		return ret ? ret : -EPROTO;
	ret = ipc_do_inspect(w->fd, w->h[0], &a);
	if (ret || a.queued || a.state || a.cookie)
		return ret ? ret : -EPROTO;
	if (w->fresh[0]) {
		ret = ipc_do_inspect(w->fd, w->fresh[0], &a);
		if (ret || a.state || a.queued)
			return ret ? ret : -EPROTO;
		ret = ipc_do_inspect(w->fd, w->fresh[1], &a);
		if (ret || a.state)
			return ret ? ret : -EPROTO;
		if (a.queued != (r->cmd == CAPIPC_IOC_RECEIVE ||
				 r->cmd == CAPIPC_IOC_RECEIVE_BATCH))
			return -EPROTO;
	}
	if (w->calling) {
		if (ipc_alive(w->fd, w->reply) || async_ended(&w->call.async))
			return -EPROTO;
	}
	if (w->listener && ipc_queued(w->fd, w->listener))
		return -EPROTO;
	if (w->invitation_handle) {
		/* open, with something in it */
		struct pollfd p = { .fd = w->invitation, .events = POLLIN };

		if (poll(&p, 1, 0) != 1 || p.revents != POLLIN ||
		    ipc_queued(w->fd, w->invitation_handle) ||
		    ipc_do_inspect(w->fd, w->invitation_peer, &a) || a.state)
			return -EPROTO;
	}
	if (r->cmd == CAPIPC_IOC_LISTEN && w->name[0]) {
		/* the name is still free */
		ret = ipc_listen(w->fd, w->name, &handle);
		return ret ? ret : ipc_close(w->fd, handle);
	}
	return 0;
}

#endif /* CAPIPC_TEST_ABI_H */
