/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accounts in tests: what netlink tells of them, limits, and actors that take
 * all they can get.
 *
 * Limits are set for the users of a test, who are users of no other test, and
 * seldom as module parameters, which are for all the machine. Whoever sets
 * one sets it back.
 */
#ifndef CAPIPC_TEST_ACCOUNT_H
#define CAPIPC_TEST_ACCOUNT_H

#include "capipc_test_netlink.h"

#define PARAMETERS "/sys/module/capipc/parameters/"

/* What a message takes besides its bytes is less than this. */
#define MESSAGE_OVERHEAD 256

/* What a context may have been granted although it does not use it. */
#define GRANT_SLACK (3 * 32768)

enum {
	BYTES,
	HANDLES,
	LISTENERS,
	RESOURCES
};

struct amount {
	__u64 used, grant, reserve, limit;
};

/* A user, the machine or a context; what is not told is ~0. */
struct holding {
	struct amount amount[RESOURCES];
	__u64 contexts, files, dropped;
	__u64 owner;
	__u64 limit[CAPIPC_LIMIT_A_MAX + 1];
	__u64 limit_set[CAPIPC_LIMIT_A_MAX + 1];
};

/* ------------------------------------------------------------- netlink */

static void take_amount(struct amount *to, struct nlattr *nest)
{
	to->used = nl_number(nl_inside(nest, CAPIPC_AMOUNT_A_USED));
	to->grant = nl_number(nl_inside(nest, CAPIPC_AMOUNT_A_GRANT));
	to->reserve = nl_number(nl_inside(nest, CAPIPC_AMOUNT_A_RESERVE));
	to->limit = nl_number(nl_inside(nest, CAPIPC_AMOUNT_A_LIMIT));
}

static void take_user(struct nlmsghdr *h, struct holding *to)
{
	int i;

	for (i = 0; i < RESOURCES; i++)
		take_amount(&to->amount[i],
			    nl_attr(h, CAPIPC_USER_A_BYTES + i));
	to->contexts = nl_number(nl_attr(h, CAPIPC_USER_A_CONTEXTS));
	to->files = nl_number(nl_attr(h, CAPIPC_USER_A_FILES));
	to->dropped = nl_number(nl_attr(h, CAPIPC_USER_A_DROPPED));
	to->owner = nl_number(nl_attr(h, CAPIPC_USER_A_OWNER));
	for (i = 0; i <= CAPIPC_LIMIT_A_MAX; i++) {
		to->limit[i] = nl_number(
			nl_inside(nl_attr(h, CAPIPC_USER_A_LIMITS), i));
		to->limit_set[i] = nl_number(
			nl_inside(nl_attr(h, CAPIPC_USER_A_LIMITS_SET), i));
	}
}

/* The user @uid; or as a subordinate of @owner, if that is another one. */
static __unused_fn int user_get(struct nl *nl, uid_t owner, uid_t uid,
				struct holding *to)
{
	static union {
		struct nlmsghdr head;
		char bytes[4096];
	} answer;
	struct nl_request r;
	int ret;

	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_USER, NLM_F_ACK);
	nl_put(&r, CAPIPC_USER_A_UID, &uid, sizeof(uid));
	if (owner != uid)
		nl_put(&r, CAPIPC_USER_A_OWNER, &owner, sizeof(owner));
	ret = nl_ask(nl, &r, &answer, NULL, NULL);
	if (ret < 0)
		return ret;
	take_user(&answer.head, to);
	return ret == 1 ? 0 : -EPROTO;
}

static void take_machine(struct nlmsghdr *h, void *to)
{
	if (nl_attr(h, CAPIPC_USER_A_MACHINE))
		take_user(h, to);
}

static __unused_fn int machine_get(struct nl *nl, struct holding *to)
{
	struct nl_request r;
	int ret;

	memset(to, 0, sizeof(*to));
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_USER, NLM_F_DUMP);
	ret = nl_ask(nl, &r, NULL, take_machine, to);
	if (ret < 0)
		return ret;
	return to->amount[BYTES].limit ? 0 : -ENOENT;
}

struct wanted_account {
	__u64 context;
	struct holding *to;
	int found;
};

static void take_account(struct nlmsghdr *h, void *arg)
{
	struct wanted_account *wanted = arg;
	int i;

	if (nl_number(nl_attr(h, CAPIPC_ACCOUNT_A_CONTEXT)) != wanted->context)
		return;
	wanted->found++;
	for (i = 0; i < RESOURCES; i++)
		take_amount(&wanted->to->amount[i],
			    nl_attr(h, CAPIPC_ACCOUNT_A_BYTES + i));
	wanted->to->files = nl_number(nl_attr(h, CAPIPC_ACCOUNT_A_FILES));
	wanted->to->owner = nl_number(nl_attr(h, CAPIPC_ACCOUNT_A_OWNER));
}

/* The account of the context that the actor opened last. */
static __unused_fn int account_get(struct nl *nl, struct actor *a,
				   struct holding *to)
{
	struct capipc_info info = { .size = sizeof(info) };
	struct wanted_account wanted = { .to = to };
	struct nl_request r;
	int ret = ACTOR_IOCTL(a, INFO, &info);

	if (ret)
		return ret;
	wanted.context = info.context_id;
	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_ACCOUNT, NLM_F_DUMP);
	ret = nl_ask(nl, &r, NULL, take_account, &wanted);
	if (ret < 0)
		return ret;
	return wanted.found == 1 ? 0 : -ENOENT;
}

/* How much of @resource its context uses; ~0 if that cannot be found out. */
static __unused_fn __u64 account_used(struct nl *nl, struct actor *a,
				      int resource)
{
	struct holding h;

	return account_get(nl, a, &h) ? ~0ULL : h.amount[resource].used;
}

static __unused_fn int user_set(struct nl *nl, uid_t uid, int limit,
				__u64 value)
{
	struct nl_request r;
	struct nlattr *nest;
	int ret;

	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_SET_USER, NLM_F_ACK);
	nl_put(&r, CAPIPC_USER_A_UID, &uid, sizeof(uid));
	nest = (void *)((char *)&r + r.head.nlmsg_len);
	nl_put(&r, CAPIPC_USER_A_LIMITS | NLA_F_NESTED, NULL, 0);
	nl_put(&r, limit, &value, sizeof(value));
	nest->nla_len = (char *)&r + r.head.nlmsg_len - (char *)nest;
	ret = nl_ask(nl, &r, NULL, NULL, NULL);
	return ret > 0 ? 0 : ret;
}

/* No limit is set for this user any more. */
static __unused_fn int user_reset(struct nl *nl, uid_t uid)
{
	int ret = 0, i;

	for (i = CAPIPC_LIMIT_A_BYTES; i <= CAPIPC_LIMIT_A_MAX && !ret; i++)
		ret = user_set(nl, uid, i, CAPIPC_LIMIT_DEFAULT);
	return ret;
}

/* ---------------------------------------------------- module parameters */

/* Sets one; it is put back by parameters_restore(). */
static struct {
	const char *name;
	char before[32];
} parameters_saved[16];

static __unused_fn int parameter_set(const char *name, const char *value)
{
	char path[128];
	int ret, i;

	for (i = 0; parameters_saved[i].name; i++)
		if (!strcmp(parameters_saved[i].name, name))
			break;
	if (!parameters_saved[i].name) {
		ret = get_text(parameters_saved[i].before, 32, PARAMETERS "%s",
			       name);
		if (ret < 0)
			return ret;
		parameters_saved[i].name = name;
	}
	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	return put_text(path, value);
}

static __unused_fn int parameter_set_number(const char *name, __u64 value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return parameter_set(name, text);
}

static __unused_fn int parameters_restore(void)
{
	char path[128];
	int i, ret = 0;

	for (i = 0; parameters_saved[i].name && !ret; i++) {
		snprintf(path, sizeof(path), PARAMETERS "%s",
			 parameters_saved[i].name);
		ret = put_text(path, parameters_saved[i].before);
		parameters_saved[i].name = NULL;
	}
	return ret;
}

/* -------------------------------------------------------------- actors */

/* A process of this user, without a context. */
static __unused_fn int fork_as(struct actor *a, uid_t uid)
{
	int ret = actor_fork(a, NULL);

	return ret ? ret : actor_become(a, uid);
}

/* A process of this user, with a context that this user pays for. */
static __unused_fn int start_as(struct actor *a, uid_t uid)
{
	int ret = fork_as(a, uid);

	return ret ? ret : actor_open(a);
}

/* These loop inside the actor, so that a hundred times take no time. */
static __unused_fn long in_actor(struct actor *a, actor_fn fn, long arg)
{
	a->page->fd = a->dev;
	return actor_run(a, fn, arg);
}

/* number[0]: the endpoint, number[1]: bytes of each; then number[0]: the error */
static long act_send_all(struct actor_page *page, long unused)
{
	__u32 end = page->number[0], len = page->number[1];
	int n = 0, ret;

	(void)unused;
	while (!(ret = ipc_trysend(page->fd, end, 1, page->data, len)))
		n++;
	page->number[0] = (__u64)-ret;
	return n;
}

/* Send until it fails: how many, and with which error. */
static __unused_fn int send_all(struct actor *a, __u32 end, __u32 len,
				int *error)
{
	int n;

	a->page->number[0] = end;
	a->page->number[1] = len;
	n = in_actor(a, act_send_all, 0);
	*error = -(int)a->page->number[0];
	return n;
}

static long act_receive_all(struct actor_page *page, long end)
{
	static struct ipc_message m;
	int n = 0;

	while (!ipc_recv_flags(page->fd, &m, (__u32)end, CAPIPC_NOWAIT, 0) &&
	       m.r.type == CAPIPC_RECEIVED_MESSAGE)
		n++;
	return n;
}

/* Receive all that is there: how many messages. */
static __unused_fn int receive_all(struct actor *a, __u32 end)
{
	return in_actor(a, act_receive_all, (long)end);
}

static long act_make_pipes(struct actor_page *page, long keep)
{
	__u32 h[512][2];
	int n, i, ret = 0;

	for (n = 0; n < 512; n++) {
		ret = ipc_create(page->fd, h[n]);
		if (ret)
			break;
	}
	page->number[0] = (__u64)-ret;
	for (i = 0; i < n && !keep; i++)
		if (ipc_close(page->fd, h[i][0]) ||
		    ipc_close(page->fd, h[i][1]))
			return -EPROTO;
	return n;
}

/* Make pipes until it fails. They are closed again. */
static __unused_fn int count_pipes(struct actor *a, int *error)
{
	int n = in_actor(a, act_make_pipes, false);

	*error = -(int)a->page->number[0];
	return n;
}

/* Make pipes until it fails, and leave them there. */
static __unused_fn int keep_pipes(struct actor *a, int *error)
{
	int n = in_actor(a, act_make_pipes, true);

	*error = -(int)a->page->number[0];
	return n;
}

/*
 * The least that everybody can do: a pipe, with a window full of small messages
 * in it. Its ends are in @h; 0 or -errno, where EDQUOT should not be.
 */
static __unused_fn int do_the_minimum(struct actor *a, __u32 h[2])
{
	int error, ret = actor_create(a, h);

	if (ret)
		return ret;
	send_all(a, h[0], 8, &error);
	return error == -EAGAIN ? 0 : error;
}

#endif
