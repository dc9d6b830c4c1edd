// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation and every access to user memory that a request makes fails
 * once: the first, the second, and so on until it succeeds. Each time the error
 * is a clean one, nothing has changed, and the same request then works.
 *
 * Takes a kernel with fault injection.
 */
#include "capipc_test_invitation.h"
#include "capipc_test_memory.h"
#include "capipc_test_netlink.h"

#define FAIL_NTH "/proc/thread-self/fail-nth"
#define FAULTS	 "/sys/kernel/debug/"
#define MANY	 200

/* What a step plays with. All of it is made anew for each try. */
struct scene {
	int fd, server; /* contexts */
	char name[64];
	__u32 listener;
	__u32 end, server_end; /* a pipe between the two */
	__u32 spare[2]; /* a pipe of ours */
	__u32 got; /* what the request gave us */
	__u32 buffer, ends[2]; /* of a data pipe */
	char *mapped;
	__u32 reply_handle;
	__u64 stamp_id;
	int opened;
	__u32 spares[9]; /* more than fit without an allocation */
	__u32 invitation;
	int64_t deadline_ns; /* to ask for the time can fail, too */
	struct ipc_message m;
	struct capipc_call call;
	pthread_t thread;
	int thread_ret;
};

struct step {
	int (*prepare)(struct scene *s); /* beyond the pipes, or NULL */
	int (*run)(struct scene *s); /* the request */
	int (*untouched)(struct scene *s); /* after it has failed, or NULL */
	int (*finish)(struct scene *s); /* after success, or NULL */
};

/* ------------------------------------------------------- fault injection */

static const struct {
	const char *path, *value;
} knobs[] = {
	{ FAULTS "failslab/ignore-gfp-wait", "N" },
	{ FAULTS "failslab/verbose", "0" },
	{ FAULTS "fail_page_alloc/ignore-gfp-wait", "N" },
	{ FAULTS "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ FAULTS "fail_page_alloc/min-order", "0" },
	{ FAULTS "fail_page_alloc/verbose", "0" },
	{ FAULTS "fail_usercopy/verbose", "0" },
};

/* From now on, the @nth thing that can fail in this thread does. */
static int arm(int fd, int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	return pwrite(fd, text, len, 0) == len ? 0 : -errno;
}

/*
 * Whether something has failed since. If nothing has, what fails may be that we
 * ask: then a second try does not.
 */
static int disarm(int fd)
{
	char text[16] = "";
	bool injected;

	injected = pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);
	if (pwrite(fd, "0", 1, 0) != 1 && pwrite(fd, "0", 1, 0) != 1)
		return -errno;
	return injected;
}

/* ------------------------------------------------------------------ scenes */

static int scene_open(struct scene *s)
{
	int ret;

	memset(s, 0, sizeof(*s));
	s->opened = -1;
	s->deadline_ns = ipc_soon();
	s->fd = ipc_open();
	s->server = ipc_open();
	if (s->fd < 0 || s->server < 0)
		return -EMFILE;
	strcpy(s->name, fresh_name());
	ret = ipc_listen(s->server, s->name, &s->listener);
	if (!ret)
		ret = ipc_connect(s->fd, s->name, &s->end);
	if (!ret)
		ret = ipc_accept(s->server, s->listener, &s->server_end);
	return ret ? ret : ipc_create(s->fd, s->spare);
}

static void scene_close(struct scene *s)
{
	close(s->opened);
	close(s->fd);
	close(s->server);
}

/* ------------------------------------------------------------------- steps */

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

static int spare_is_there(struct scene *s)
{
	return ipc_alive(s->fd, s->spare[0]);
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

static const struct capipc_rule three_rules[3] = {
	{ .match = CAPIPC_MATCH_SAME_UID },
	{ .match = CAPIPC_MATCH_UID, .uid = 77 },
	{ .match = CAPIPC_MATCH_GID, .gid = 78 },
};

static int run_listen(struct scene *s)
{
	char name[80];

	snprintf(name, sizeof(name), "%s/listen", s->name);
	return ipc_listen_rules(s->fd, name, three_rules, 3, three_rules, 3,
				&s->got);
}

static int not_bound(struct scene *s)
{
	char name[80];
	__u32 end;
	int ret;

	snprintf(name, sizeof(name), "%s/listen", s->name);
	ret = ipc_connect(s->fd, name, &end);
	return ret == -ENOENT ? 0 : ret ? ret : -EPROTO;
}

static int run_connect(struct scene *s)
{
	return ipc_connect(s->fd, s->name, &s->got);
}

static int not_connected(struct scene *s)
{
	return ipc_queued(s->server, s->listener) == 0 ? 0 : -EPROTO;
}

static int run_accept(struct scene *s)
{
	return ipc_tryrecv_from(s->server, s->listener, &s->m);
}

static int not_accepted(struct scene *s)
{
	return ipc_queued(s->server, s->listener) == 1 ? 0 : -EPROTO;
}

static int run_restrict(struct scene *s)
{
	struct capipc_restrict r = {
		.rules = ipc_ptr(three_rules),
		.rules_count = 3,
		.rule_size = sizeof(three_rules[0]),
		.handle = s->spare[0],
	};

	return ipc_do_restrict(s->fd, &r);
}

static int not_restricted(struct scene *s)
{
	struct capipc_inspect i;
	int ret = ipc_do_inspect(s->fd, s->spare[0], &i);

	return ret ? ret : i.state & CAPIPC_INSPECT_RULES ? -EPROTO : 0;
}

static int run_explain(struct scene *s)
{
	struct capipc_explain e = {
		.name = ipc_ptr(s->name),
		.name_len = strlen(s->name),
	};

	return ipc_do_explain(s->fd, &e);
}

static int prepare_query(struct scene *s)
{
	int ret = ipc_send_str(s->fd, s->end, 1, "who am I?");

	if (!ret)
		ret = ipc_tryrecv_from(s->server, s->server_end, &s->m);
	s->stamp_id = s->m.r.stamp.id;
	return ret;
}

static int run_query(struct scene *s)
{
	char label[256];
	__u32 groups[8];
	struct capipc_query q = {
		.flags = CAPIPC_QUERY_EXE,
		.handle = s->server_end,
		.stamp_id = s->stamp_id,
		.groups = ipc_ptr(groups),
		.groups_capacity = 8,
		.label = ipc_ptr(label),
		.label_capacity = sizeof(label),
	};
	int ret = ipc_do_query(s->server, &q);

	if (!ret)
		s->opened = q.exe_fd;
	return ret;
}

static int run_report(struct scene *s)
{
	struct capipc_report r = {
		.handle = s->server_end,
		.stamp_id = s->stamp_id,
		.reason = ipc_ptr("because"),
		.reason_len = 7,
	};

	return ipc_do_report(s->server, &r);
}

static int not_cut_off(struct scene *s)
{
	int ret = ipc_send_str(s->fd, s->end, 1, "still there");

	return ret ? ret : ipc_tryrecv_from(s->server, s->server_end, &s->m);
}

/* A file, and an endpoint that may arrive nowhere. */
static int run_send_file(struct scene *s)
{
	struct capipc_attachment att[2] = {
		{ .handle = 0, .kind = CAPIPC_KIND_FILE },
		ipc_attach(s->spare[0]),
	};

	return ipc_send_full(s->fd, s->end, 1, NULL, 0, att, 2);
}

static int run_confine(struct scene *s)
{
	struct capipc_confine c = {
		.size = sizeof(c),
		.rule_size = sizeof(three_rules[0]),
		.rules = ipc_ptr(three_rules),
		.rules_count = 3,
		.handle = s->spare[0],
	};

	return ipc_ioctl(s->fd, CAPIPC_IOC_CONFINE, &c);
}

static int not_confined(struct scene *s)
{
	struct capipc_inspect i;
	int ret = ipc_do_inspect(s->fd, s->spare[0], &i);

	return ret ? ret : i.state ? -EPROTO : 0;
}

static int prepare_file(struct scene *s)
{
	struct capipc_confine c = {
		.size = sizeof(c),
		.rule_size = sizeof(three_rules[0]),
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

static int run_replace(struct scene *s)
{
	struct capipc_replace r = {
		.size = sizeof(r),
		.handle = s->spare[0],
		.rights = CAPIPC_RIGHT_READ,
	};

	return ipc_ioctl(s->fd, CAPIPC_IOC_REPLACE, &r);
}

static int run_attenuate(struct scene *s)
{
	static const struct capipc_range ranges[2] = { { 1, 5 }, { 7, 9 } };
	struct capipc_attenuate a = {
		.size = sizeof(a),
		.ranges = ipc_ptr(ranges),
		.ranges_count = 2,
		.handle = s->spare[0],
	};

	return ipc_ioctl(s->fd, CAPIPC_IOC_ATTENUATE, &a);
}

static int attenuated_no_more(struct scene *s)
{
	return ipc_trysend(s->fd, s->spare[0], 1, NULL, 0);
}

/* Attenuated so that the fuse has to make a new list for either end. */
static int prepare_fuse(struct scene *s)
{
	struct capipc_range range = { 1, 9 };
	const __u32 handles[] = { s->server_end, s->end, s->spare[0],
				  s->spare[1] };
	struct capipc_attenuate a = {
		.size = sizeof(a),
		.ranges = ipc_ptr(&range),
		.ranges_count = 1,
	};
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(handles) && !ret; i++) {
		a.handle = handles[i];
		range.last--;
		ret = ipc_ioctl(i ? s->fd : s->server, CAPIPC_IOC_ATTENUATE,
				&a);
	}
	if (!ret)
		ret = ipc_send_str(s->server, s->server_end, 1, "x");
	return ret ? ret : ipc_send_str(s->fd, s->spare[1], 2, "y");
}

static int run_fuse(struct scene *s)
{
	return ipc_fuse(s->fd, s->end, s->spare[0]);
}

static int not_fused(struct scene *s)
{
	return ipc_queued(s->fd, s->end) == 1 &&
			       ipc_queued(s->fd, s->spare[0]) == 1 &&
			       !ipc_queued(s->fd, s->spare[1]) &&
			       !ipc_queued(s->server, s->server_end) ?
		       0 :
		       -EPROTO;
}

static int was_fused(struct scene *s)
{
	int ret = ipc_tryrecv_from(s->fd, s->spare[1], &s->m);

	if (!ret && s->m.r.ordinal != 1)
		ret = -EPROTO;
	if (!ret)
		ret = ipc_tryrecv_from(s->server, s->server_end, &s->m);
	return ret ? ret : s->m.r.ordinal == 2 ? 0 : -EPROTO;
}

static int prepare_invite(struct scene *s)
{
	__u32 h[2];
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(s->spares) && !ret; i++) {
		ret = ipc_create(s->fd, h);
		s->spares[i] = h[0];
	}
	return ret;
}

static int run_invite(struct scene *s)
{
	struct capipc_invited in[ARRAY_SIZE(s->spares)];
	struct capipc_invite a;
	int i, ret;

	ipc_invite_fill(&a, in, s->spares[0]);
	for (i = 1; i < ARRAY_SIZE(s->spares); i++)
		in[i] = (struct capipc_invited){ .name = i + 1,
						 .handle = s->spares[i],
						 .rights = 1 };
	a.rules = ipc_ptr(three_rules);
	a.rules_count = 3;
	a.attachments_count = ARRAY_SIZE(s->spares);
	a.expires_ns = s->deadline_ns;
	ret = ipc_do_invite(s->fd, &a);
	if (!ret) {
		s->opened = a.fd;
		s->invitation = a.handle;
	}
	return ret;
}

static int not_invited(struct scene *s)
{
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(s->spares) && !ret; i++)
		ret = ipc_alive(s->fd, s->spares[i]);
	return ret;
}

static int prepare_enter(struct scene *s)
{
	int ret = prepare_invite(s);

	return ret ? ret : run_invite(s);
}

static int run_enter(struct scene *s)
{
	static struct guest g;
	int ret = ipc_accept_all(s->server, s->opened, &g);

	s->got = g.in[ARRAY_SIZE(s->spares) - 1].handle;
	return ret;
}

static int not_entered(struct scene *s)
{
	struct pollfd p = { .fd = s->opened, .events = POLLIN };

	if (ipc_queued(s->fd, s->invitation))
		return -EPROTO;
	return poll(&p, 1, 0) == 1 && p.revents == POLLIN ? 0 : -EPROTO;
}

static int was_entered(struct scene *s)
{
	int ret = ipc_tryrecv_from(s->fd, s->invitation, &s->m);

	if (ret || s->m.r.type != CAPIPC_RECEIVED_ACCEPTED)
		return ret ? ret : -EPROTO;
	return ipc_alive(s->server, s->got);
}

/* ------------------------------------------------------------------- tests */

FIXTURE(failnth)
{
	char before[ARRAY_SIZE(knobs)][16];
	struct nl nl;
	bool can;
};

FIXTURE_VARIANT(failnth)
{
	struct step step;
};

/* --------------------------------------------------------------- memory */

static int run_create_buffer(struct scene *s)
{
	return ipc_buffer(s->fd, 3 * 4096, &s->got);
}

static int close_got(struct scene *s)
{
	return ipc_close(s->fd, s->got);
}

static int prepare_buffer(struct scene *s)
{
	return ipc_buffer(s->fd, 3 * 4096, &s->buffer);
}

static int buffer_is_there(struct scene *s)
{
	return ipc_alive(s->fd, s->buffer);
}

static int run_duplicate(struct scene *s)
{
	return ipc_duplicate(s->fd, s->buffer, CAPIPC_RIGHTS_SAME, &s->got);
}

static int run_map(struct scene *s)
{
	return ipc_map(s->fd, s->buffer, 3 * 4096, PROT_READ | PROT_WRITE,
		       &s->mapped);
}

static int unmap(struct scene *s)
{
	memset(s->mapped, 1, 3 * 4096);
	return munmap(s->mapped, 3 * 4096) ? -errno : 0;
}

static int run_create_data_pipe(struct scene *s)
{
	return ipc_data_pipe(s->fd, 4096, 2, s->ends);
}

static int close_ends(struct scene *s)
{
	int ret = ipc_close(s->fd, s->ends[0]);

	return ret ? ret : ipc_close(s->fd, s->ends[1]);
}

static int run_map_ring(struct scene *s)
{
	return ipc_map(s->fd, s->ends[0], 3 * 4096, PROT_READ | PROT_WRITE,
		       &s->mapped);
}

static int run_signal(struct scene *s)
{
	return ipc_signal(s->fd, s->ends[0]);
}

static int prepare_signalled(struct scene *s)
{
	int ret = run_create_data_pipe(s);

	return ret ? ret : run_signal(s);
}

static int run_readable(struct scene *s)
{
	return ipc_tryrecv_from(s->fd, s->ends[1], &s->m);
}

static int was_readable(struct scene *s)
{
	if (s->m.r.type != CAPIPC_RECEIVED_READABLE)
		return -EPROTO;
	return ipc_tryrecv_from(s->fd, s->ends[1], &s->m) == -EAGAIN ? 0 :
								       -EPROTO;
}

static int run_send_buffer(struct scene *s)
{
	return ipc_send_handle(s->fd, s->end, "buffer", s->buffer);
}

#define STEP(_name, _prepare, _run, _untouched, _finish)        \
	FIXTURE_VARIANT_ADD(failnth, _name)                     \
	{                                                       \
		.step = { _prepare, _run, _untouched, _finish } \
	}

STEP(open, NULL, run_open, NULL, NULL);
STEP(info, NULL, run_info, NULL, NULL);
STEP(create, NULL, run_create, NULL, NULL);
STEP(close, NULL, run_close, spare_is_there, NULL);
STEP(tag, NULL, run_tag, not_tagged, NULL);
STEP(inspect, NULL, run_inspect, NULL, NULL);
STEP(send, NULL, run_send, not_sent, was_sent);
STEP(receive, prepare_receive, run_receive, not_received, was_received);
STEP(call, prepare_call, run_call, resume_call, end_call);
STEP(reply, prepare_reply, run_reply, not_replied, was_replied);
STEP(listen, NULL, run_listen, not_bound, NULL);
STEP(connect, NULL, run_connect, not_connected, run_accept);
STEP(accept, run_connect, run_accept, not_accepted, NULL);
STEP(restrict, NULL, run_restrict, not_restricted, NULL);
STEP(explain, NULL, run_explain, NULL, NULL);
STEP(query, prepare_query, run_query, NULL, NULL);
STEP(report, prepare_query, run_report, not_cut_off, NULL);
STEP(send_file, NULL, run_send_file, not_sent, NULL);
STEP(receive_file, prepare_file, receive_file, file_stays, file_came);
STEP(replace, NULL, run_replace, spare_is_there, NULL);
STEP(confine, NULL, run_confine, not_confined, NULL);
STEP(attenuate, NULL, run_attenuate, not_confined, NULL);
STEP(attenuate_again, run_attenuate, run_attenuate, attenuated_no_more, NULL);
STEP(fuse, prepare_fuse, run_fuse, not_fused, was_fused);
STEP(invite, prepare_invite, run_invite, not_invited, run_enter);
STEP(enter, prepare_enter, run_enter, not_entered, was_entered);
STEP(create_buffer, NULL, run_create_buffer, NULL, close_got);
STEP(duplicate, prepare_buffer, run_duplicate, buffer_is_there, close_got);
STEP(map, prepare_buffer, run_map, buffer_is_there, unmap);
STEP(create_data_pipe, NULL, run_create_data_pipe, NULL, close_ends);
STEP(map_ring, run_create_data_pipe, run_map_ring, NULL, unmap);
STEP(signal, run_create_data_pipe, run_signal, NULL, run_readable);
STEP(readable, prepare_signalled, run_readable, NULL, was_readable);
STEP(send_buffer, prepare_buffer, run_send_buffer, buffer_is_there, NULL);

FIXTURE_SETUP(failnth)
{
	int i;

	self->can = access(FAIL_NTH, W_OK) == 0 &&
		    access(knobs[0].path, W_OK) == 0;
	if (!self->can)
		return;
	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		if (get_text(self->before[i], 16, knobs[i].path) > 0)
			ASSERT_OK(put_text(knobs[i].path, knobs[i].value));
	ASSERT_OK(nl_open(&self->nl));
}

FIXTURE_TEARDOWN(failnth)
{
	int i;

	for (i = 0; self->can && i < ARRAY_SIZE(knobs); i++)
		if (self->before[i][0])
			EXPECT_OK(put_text(knobs[i].path, self->before[i]));
	nl_close(&self->nl);
}

/* Descriptors, contexts and handles that there are: one number for all. */
static int inventory(struct nl *nl)
{
	int fd = dup(0), contexts, handles;

	close(fd);
	contexts = nl_count(nl, CAPIPC_CMD_GET_CONTEXT);
	handles = nl_count(nl, CAPIPC_CMD_GET_HANDLE);
	return fd * 1000000 + contexts * 10000 + handles;
}

TEST_F(failnth, everything_fails_once)
{
	const struct step *step = &variant->step;
	static struct scene s;
	int control, before, n, ret, injected = 1, failures = 0;

	if (!self->can)
		SKIP(return, "this kernel has no fault injection");
	control = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, control);
	for (n = 1; injected; n++) {
		ASSERT_GT(MANY, n);
		ASSERT_OK(scene_open(&s));
		if (step->prepare)
			ASSERT_OK(step->prepare(&s));
		before = inventory(&self->nl);
		ASSERT_OK(arm(control, n));
		ret = step->run(&s);
		injected = disarm(control);
		ASSERT_LE(0, injected);
		if (ret) {
			failures++;
			EXPECT_EQ(1, injected);
			EXPECT_TRUE(ret == -ENOMEM || ret == -EFAULT ||
				    ret == -EDQUOT)
			TH_LOG("number %d: %s", n, ipc_errname(ret));
			if (step->untouched)
				EXPECT_OK(step->untouched(&s))
			TH_LOG("number %d (%s)", n, ipc_errname(ret));
			/* a server may not be done with its answer yet */
			if (step->run != run_call)
				EXPECT_EQ(before, inventory(&self->nl))
			TH_LOG("number %d (%s)", n, ipc_errname(ret));
			EXPECT_OK(step->run(&s)) TH_LOG("number %d", n);
		}
		if (step->finish)
			EXPECT_OK(step->finish(&s)) TH_LOG("number %d", n);
		scene_close(&s);
	}
	/* at least that the struct is copied in can fail */
	EXPECT_LT(0, failures);
	TH_LOG("%d of %d failed", failures, n - 1);
	close(control);
}

TEST_HARNESS_MAIN
