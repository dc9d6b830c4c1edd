/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests as an actor makes them, and scenes of several actors.
 *
 * actor_*() with the name of a request makes it in the context that the actor
 * opened last (or in whatever descriptor is put into actor.dev). They never
 * wait, but for actor_receive() and calls, which give up after a while.
 */
#ifndef CAPIPC_TEST_IDENT_H
#define CAPIPC_TEST_IDENT_H

#include "capipc_test_actor.h"

/* -------------------------------------------------------------- requests */

static long act_ioctl(struct actor_page *page, long unused)
{
	(void)unused;
	return actor_errno(ioctl(page->fd, page->request, page->arg));
}

static int actor_ioctl_begin(struct actor *a, unsigned long request,
			     const void *arg, size_t size)
{
	memcpy(a->page->arg, arg, size);
	a->page->fd = a->dev;
	a->page->request = request;
	return actor_begin(a, act_ioctl, 0);
}

static int actor_ioctl_end(struct actor *a, void *arg, size_t size)
{
	int ret = actor_end(a);

	memcpy(arg, a->page->arg, size);
	return ret;
}

static int actor_ioctl(struct actor *a, unsigned long request, void *arg,
		       size_t size)
{
	int ret = actor_ioctl_begin(a, request, arg, size);

	return ret ? ret : actor_ioctl_end(a, arg, size);
}

#define ACTOR_IOCTL(actor, verb, arg) \
	actor_ioctl(actor, CAPIPC_IOC_##verb, arg, sizeof(*(arg)))

static __unused_fn int actor_create(struct actor *a, __u32 handle[2])
{
	struct capipc_create c = { .size = sizeof(c) };
	int ret = ACTOR_IOCTL(a, CREATE, &c);

	handle[0] = c.handle[0];
	handle[1] = c.handle[1];
	return ret;
}

static __unused_fn int actor_close(struct actor *a, __u32 handle)
{
	struct capipc_close c = { .size = sizeof(c), .handle = handle };

	return ACTOR_IOCTL(a, CLOSE, &c);
}

static __unused_fn int actor_inspect(struct actor *a, __u32 handle,
				     struct capipc_inspect *i)
{
	memset(i, 0, sizeof(*i));
	i->size = sizeof(*i);
	i->handle = handle;
	return ACTOR_IOCTL(a, INSPECT, i);
}

/* Sends @len bytes of its page, and @moved unless that is 0. Never waits. */
static __unused_fn int actor_send_all(struct actor *a, __u32 handle,
				      __u32 ordinal, __u32 len, __u32 moved,
				      __u32 rights)
{
	struct capipc_send s = {
		.size = sizeof(s),
		.flags = CAPIPC_NOWAIT,
		.deadline_ns = CAPIPC_FOREVER,
		.data = ipc_ptr(a->page->data),
		.data_len = len,
		.attachments = ipc_ptr(a->page->out),
		.attachments_count = moved ? 1 : 0,
		.handle = handle,
		.ordinal = ordinal,
	};

	memset(a->page->out, 0, sizeof(a->page->out[0]));
	a->page->out[0].handle = moved;
	a->page->out[0].rights = rights;
	return ACTOR_IOCTL(a, SEND, &s);
}

static __unused_fn int actor_send(struct actor *a, __u32 handle, __u32 ordinal)
{
	return actor_send_all(a, handle, ordinal, 4, 0, 0);
}

static __unused_fn int actor_send_handle(struct actor *a, __u32 handle,
					 __u32 moved)
{
	return actor_send_all(a, handle, 0, 0, moved, CAPIPC_RIGHTS_SAME);
}

static void actor_receive_fill(struct actor *a, __u32 handle, __u32 flags,
			       struct capipc_receive *r)
{
	memset(r, 0xcc, sizeof(*r));
	r->size = sizeof(*r);
	r->flags = flags;
	r->deadline_ns = ipc_soon();
	r->reply = 0;
	r->data = ipc_ptr(a->page->data);
	r->attachments = ipc_ptr(a->page->in);
	r->data_capacity = sizeof(a->page->data);
	r->attachments_capacity = CAPIPC_ATTACHMENTS_MAX;
	r->handle = handle;
	r->area = 0;
	r->reserved = 0;
}

/* Waits with patience; attachments are in page->in, bytes in page->data. */
static __unused_fn int actor_receive(struct actor *a, __u32 handle,
				     struct capipc_receive *r)
{
	actor_receive_fill(a, handle, 0, r);
	return ACTOR_IOCTL(a, RECEIVE, r);
}

static __unused_fn int actor_receive_nowait(struct actor *a, __u32 handle,
					    struct capipc_receive *r)
{
	actor_receive_fill(a, handle, CAPIPC_NOWAIT, r);
	return ACTOR_IOCTL(a, RECEIVE, r);
}

/* Nothing to receive: 0; else what was received, or -errno. */
static __unused_fn int actor_idle(struct actor *a, __u32 handle)
{
	struct capipc_receive r;
	int ret = actor_receive_nowait(a, handle, &r);

	if (ret == -EAGAIN)
		return 0;
	return ret ? ret : (int)r.type;
}

static __unused_fn int actor_call_begin(struct actor *a, __u32 handle,
					__u32 ordinal)
{
	struct capipc_call c = {
		.size = sizeof(c),
		.deadline_ns = ipc_soon(),
		.data = ipc_ptr(a->page->data),
		.data_len = 4,
		.reply_data = ipc_ptr(a->page->data),
		.reply_capacity = sizeof(a->page->data),
		.reply_attachments = ipc_ptr(a->page->in),
		.reply_attachments_capacity = CAPIPC_ATTACHMENTS_MAX,
		.handle = handle,
		.ordinal = ordinal,
	};

	return actor_ioctl_begin(a, CAPIPC_IOC_CALL, &c, sizeof(c));
}

static __unused_fn int actor_call_end(struct actor *a, struct capipc_call *c)
{
	return actor_ioctl_end(a, c, sizeof(*c));
}

static __unused_fn int actor_reply(struct actor *a, __u32 handle)
{
	struct capipc_reply r = {
		.size = sizeof(r),
		.data = ipc_ptr(a->page->data),
		.data_len = 4,
		.handle = handle,
	};

	return ACTOR_IOCTL(a, REPLY, &r);
}

struct listen_options {
	const struct capipc_rule *rules, *endpoint_rules;
	unsigned int rules_count, endpoint_rules_count;
	unsigned int backlog;
	size_t name_len;
};

/* Without options: anyone may connect and send. */
static __unused_fn int actor_listen(struct actor *a, const char *name,
				    const struct listen_options *o,
				    __u32 *handle)
{
	struct capipc_listen l = {
		.size = sizeof(l),
		.name = ipc_ptr(a->page->name),
		.rules = ipc_ptr(a->page->rules),
		.endpoint_rules = ipc_ptr(a->page->rules2),
		.name_len = strlen(name),
		.rules_count = 1,
		.rule_size = sizeof(struct capipc_rule),
		.backlog = 64,
	};
	int ret;

	if (o && o->name_len)
		l.name_len = o->name_len;
	memcpy(a->page->name, name, l.name_len);
	memset(a->page->rules, 0, sizeof(a->page->rules[0]));
	if (o && o->rules) {
		l.rules_count = o->rules_count;
		memcpy(a->page->rules, o->rules,
		       o->rules_count * sizeof(struct capipc_rule));
	}
	if (o && o->endpoint_rules) {
		l.endpoint_rules_count = o->endpoint_rules_count;
		memcpy(a->page->rules2, o->endpoint_rules,
		       o->endpoint_rules_count * sizeof(struct capipc_rule));
	}
	if (o && o->backlog)
		l.backlog = o->backlog;
	ret = ACTOR_IOCTL(a, LISTEN, &l);
	*handle = l.handle;
	return ret;
}

static __unused_fn int actor_connect(struct actor *a, const char *name,
				     __u32 *handle)
{
	struct capipc_connect c = {
		.size = sizeof(c),
		.name = ipc_ptr(a->page->name),
		.name_len = strlen(name),
	};
	int ret;

	memcpy(a->page->name, name, c.name_len);
	ret = ACTOR_IOCTL(a, CONNECT, &c);
	*handle = c.handle;
	return ret;
}

static __unused_fn int actor_restrict(struct actor *a, __u32 handle,
				      const struct capipc_rule *rules,
				      unsigned int count)
{
	struct capipc_restrict r = {
		.size = sizeof(r),
		.rules = ipc_ptr(a->page->rules),
		.rules_count = count,
		.rule_size = sizeof(struct capipc_rule),
		.handle = handle,
	};

	if (count)
		memcpy(a->page->rules, rules, count * sizeof(*rules));
	return ACTOR_IOCTL(a, RESTRICT, &r);
}

/* About @handle, or with 0 about connecting to @name. */
static __unused_fn int actor_explain(struct actor *a, __u32 handle,
				     __u32 ordinal, const char *name,
				     struct capipc_explain *e)
{
	memset(e, 0xcc, sizeof(*e));
	e->size = sizeof(*e);
	e->flags = 0;
	e->handle = handle;
	e->ordinal = ordinal;
	e->name = name ? ipc_ptr(a->page->name) : 0;
	e->name_len = name ? strlen(name) : 0;
	if (name)
		memcpy(a->page->name, name, strlen(name));
	return ACTOR_IOCTL(a, EXPLAIN, e);
}

static __unused_fn int actor_query(struct actor *a, __u32 handle,
				   __u64 stamp_id, __u32 flags,
				   struct capipc_query *q)
{
	memset(q, 0xcc, sizeof(*q));
	q->size = sizeof(*q);
	q->flags = flags;
	q->handle = handle;
	q->stamp_id = stamp_id;
	q->groups = ipc_ptr(a->page->groups);
	q->groups_capacity = 64;
	q->label = ipc_ptr(a->page->label);
	q->label_capacity = sizeof(a->page->label);
	q->reserved = 0;
	return ACTOR_IOCTL(a, QUERY, q);
}

static __unused_fn int actor_report(struct actor *a, __u32 handle,
				    __u64 stamp_id, __u32 flags, __u32 *verdict)
{
	struct capipc_report r = {
		.size = sizeof(r),
		.flags = flags,
		.handle = handle,
		.verdict = 0xcccccccc,
		.stamp_id = stamp_id,
		.reason = ipc_ptr(a->page->name),
		.reason_len = 4,
	};
	int ret;

	memcpy(a->page->name, "test", 4);
	ret = ACTOR_IOCTL(a, REPORT, &r);
	*verdict = r.verdict;
	return ret;
}

static long act_poll(struct actor_page *page, long fd)
{
	struct pollfd p = { .fd = (int)fd, .events = POLLIN | POLLOUT };

	(void)page;
	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

/* What poll(2) says of its context now. */
static __unused_fn int actor_poll(struct actor *a)
{
	return actor_run(a, act_poll, a->dev);
}

/* ---------------------------------------------------------------- scenes */

/* A name that nobody else has, not even a test that is just ending. */
static __unused_fn const char *fresh_name(void)
{
	static char name[64];
	static int n;

	snprintf(name, sizeof(name), "selftest/%d.%d", getpid(), ++n);
	return name;
}

/* Opens what waits in @listener: the new endpoint, or 0. */
static __unused_fn __u32 actor_accept(struct actor *server, __u32 listener)
{
	struct capipc_receive r;

	if (actor_receive_nowait(server, listener, &r) ||
	    r.type != CAPIPC_RECEIVED_CONNECTION)
		return 0;
	return r.reply_handle;
}

/* A pipe from @client to @server, connected by @listener of @server. */
static __unused_fn int actor_link(struct actor *client, struct actor *server,
				  const char *name, __u32 listener,
				  __u32 *client_end, __u32 *server_end)
{
	int ret = actor_connect(client, name, client_end);

	if (ret)
		return ret;
	*server_end = actor_accept(server, listener);
	return *server_end ? 0 : -ENOLINK;
}

/* Moves @handle of @from over the pipe @from_end to @to_end; 0 on failure. */
static __unused_fn __u32 actor_move(struct actor *from, __u32 from_end,
				    __u32 handle, struct actor *to,
				    __u32 to_end)
{
	struct capipc_receive r;

	if (actor_send_handle(from, from_end, handle) ||
	    actor_receive_nowait(to, to_end, &r) || r.attachments_count != 1)
		return 0;
	return to->page->in[0].handle;
}

#endif
