// SPDX-License-Identifier: GPL-2.0
/*
 * What fails in between: whom to let in, who that is, and what may be sent over what;
 * also invitations.
 */
#include "failnth.h"

static const struct capipc_rule three_rules[3] = {
	{ .match = CAPIPC_MATCH_SAME_UID },
	{ .match = CAPIPC_MATCH_UID, .uid = 77 },
	{ .match = CAPIPC_MATCH_GID, .gid = 78 },
};

/* ------------------------------------------------------------------ names */

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

static int run_explain(struct scene *s)
{
	struct capipc_explain e = {
		.name = ipc_ptr(s->name),
		.name_len = strlen(s->name),
	};

	return ipc_do_explain(s->fd, &e);
}

/* -------------------------------------------------------------- who it is */

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

/* -------------------------------------------------------------- endpoints */

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

/* ------------------------------------------------------------ invitations */

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

STEP(listen, NULL, run_listen, not_bound, NULL);
STEP(connect, NULL, run_connect, not_connected, run_accept);
STEP(accept, run_connect, run_accept, not_accepted, NULL);
STEP(restrict, NULL, run_restrict, not_restricted, NULL);
STEP(explain, NULL, run_explain, NULL, NULL);
STEP(query, prepare_query, run_query, NULL, NULL);
STEP(report, prepare_query, run_report, not_cut_off, NULL);
STEP(replace, NULL, run_replace, spare_is_there, NULL);
STEP(confine, NULL, run_confine, not_confined, NULL);
STEP(attenuate, NULL, run_attenuate, not_confined, NULL);
STEP(attenuate_again, run_attenuate, run_attenuate, attenuated_no_more, NULL);
STEP(fuse, prepare_fuse, run_fuse, not_fused, was_fused);
STEP(invite, prepare_invite, run_invite, not_invited, run_enter);
STEP(enter, prepare_enter, run_enter, not_entered, was_entered);

TEST_HARNESS_MAIN
