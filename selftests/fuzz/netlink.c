// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: requests of programs, and, for the verdict, what the module
 * says it still holds.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define WAIT_S 5

struct request {
	struct nlmsghdr head;
	struct genlmsghdr genl;
	char attributes[1024];
};

static int family, group;
static char answer[32768];

/* ------------------------------------------------------------------ attributes */

static void prepare(struct request *r, int type, int command, int flags)
{
	memset(r, 0, sizeof(*r));
	r->head.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	r->head.nlmsg_type = type;
	r->head.nlmsg_flags = NLM_F_REQUEST | flags;
	r->head.nlmsg_seq = 1;
	r->genl.cmd = command;
	r->genl.version = CAPIPC_GENL_VERSION;
}

static struct nlattr *put(struct request *r, int type, const void *data,
			  size_t size)
{
	struct nlattr *a = (void *)((char *)r + NLMSG_ALIGN(r->head.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + size;
	memcpy(a + 1, data, size);
	r->head.nlmsg_len =
		NLMSG_ALIGN(r->head.nlmsg_len) + NLA_ALIGN(a->nla_len);
	return a;
}

static struct nlattr *find(void *attributes, int len, int type)
{
	struct nlattr *a = attributes;

	while (len >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN &&
	       a->nla_len <= len) {
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		len -= NLA_ALIGN(a->nla_len);
		a = (void *)((char *)a + NLA_ALIGN(a->nla_len));
	}
	return NULL;
}

static struct nlattr *find_in(struct nlmsghdr *h, int type)
{
	return find((char *)h + NLMSG_HDRLEN + GENL_HDRLEN,
		    (int)h->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN, type);
}

static struct nlattr *find_inside(struct nlattr *nest, int type)
{
	return nest ? find(nest + 1, nest->nla_len - NLA_HDRLEN, type) : NULL;
}

/* -------------------------------------------------------------------- messages */

int netlink_open(void)
{
	struct timeval tv = { .tv_sec = WAIT_S };
	int one = 1, s;

	s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	setsockopt(s, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(s, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return s;
}

/* Reads answers up to the last one; @each sees them. */
static int read_answers(int s, void (*each)(struct nlmsghdr *h, void *arg),
			void *arg)
{
	struct nlmsgerr *e;
	struct nlmsghdr *h;
	int n;

	for (;;) {
		n = recv(s, answer, sizeof(answer), 0);
		if (n < 0)
			return -errno;
		for (h = (void *)answer; NLMSG_OK(h, (unsigned int)n);
		     h = NLMSG_NEXT(h, n)) {
			e = NLMSG_DATA(h);
			if (h->nlmsg_type == NLMSG_DONE ||
			    h->nlmsg_type == NLMSG_ERROR)
				return e->error;
			if (each)
				each(h, arg);
		}
	}
}

static void take_family(struct nlmsghdr *h, void *arg)
{
	struct nlattr *a = find_in(h, CTRL_ATTR_FAMILY_ID);

	if (a)
		family = *(uint16_t *)(a + 1);
	/* there is one */
	a = find_inside(find_in(h, CTRL_ATTR_MCAST_GROUPS), 1);
	a = find_inside(a, CTRL_ATTR_MCAST_GRP_ID);
	if (a)
		group = *(uint32_t *)(a + 1);
}

int netlink_resolve(void)
{
	int s = netlink_open(), ret;
	struct request r;

	prepare(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	put(&r, CTRL_ATTR_FAMILY_NAME, CAPIPC_GENL_NAME,
	    sizeof(CAPIPC_GENL_NAME));
	if (send(s, &r, r.head.nlmsg_len, 0) < 0)
		return -errno;
	ret = read_answers(s, take_family, NULL);
	close(s);
	if (ret || !family || !group)
		return ret ? ret : -ENOENT;
	/* Events are made if somebody listens; who does not read need not hear. */
	s = netlink_open();
	return setsockopt(s, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			  sizeof(group)) ?
		       -errno :
		       0;
}

/* ---------------------------------------------------------------- in a program */

/*
 * Small numbers are those of what there is: contexts, then objects of handles.
 */
static uint64_t number_of(struct worker *w, uint64_t value)
{
	struct capipc_info info = { .size = sizeof(info) };
	struct capipc_inspect inspect = { .size = sizeof(inspect) };

	if (value < 4) {
		ioctl(w->context[value], CAPIPC_IOC_INFO, &info);
		return info.context_id;
	}
	if (value < 12) {
		inspect.handle = w->handle[value - 4];
		ioctl(w->context[w->handle_context[value - 4]],
		      CAPIPC_IOC_INSPECT, &inspect);
		return inspect.object_id;
	}
	return value;
}

static void put_sized(struct worker *w, struct call *call, struct request *r,
		      int type, uint64_t value)
{
	static const size_t sizes[] = { 8, 4, 0, 1, 16 };
	unsigned int size = call_number(call, 4, 0) % 6;
	uint64_t words[2] = { number_of(w, value), 0 };
	struct nlattr *nest;

	if (size < 5) {
		put(r, type, words, sizes[size]);
		return;
	}
	nest = put(r, type | NLA_F_NESTED, NULL, 0);
	put(r, call_number(call, 5, 3), words, 8);
	nest->nla_len += NLA_HDRLEN + 8;
}

/* Limits are set for one of two users, so that they can be taken back. */
static bool *limits_changed;

static void put_limits(struct call *call, struct request *r)
{
	uint32_t uid = call_number(call, 3, 0) & 1 ? 1000 : 2000;
	uint64_t value = call_number(call, 6, 100);
	struct nlattr *nest;

	*limits_changed = true;
	put(r, CAPIPC_USER_A_UID, &uid, sizeof(uid));
	nest = put(r, CAPIPC_USER_A_LIMITS | NLA_F_NESTED, NULL, 0);
	put(r, call_number(call, 5, CAPIPC_LIMIT_A_BYTES), &value, 8);
	nest->nla_len += NLA_HDRLEN + 8;
}

/* The command of a generic netlink message, its flags, and up to two attributes. */
int netlink_act(struct worker *w, struct call *call)
{
	static const int flags[] = { NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP, 0 };
	unsigned int command = call_number(call, 0, 0);
	unsigned int how = call_number(call, 1, 0) % 4;
	unsigned int type = call_number(call, 2, 0);
	const char *name = canned_name(call_number(call, 7, 0));
	bool takes_name = command == CAPIPC_CMD_GET_LISTENER ||
			  command == CAPIPC_CMD_SUBSCRIBE;
	uint32_t uid = call_number(call, 3, 0);
	struct request r;

	if (w->netlink < 0)
		w->netlink = netlink_open();
	/* events that have come, and what an earlier request left */
	while (recv(w->netlink, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		;
	prepare(&r, family, command, flags[how]);
	if (command == CAPIPC_CMD_SET_USER && type < 8)
		put_limits(call, &r);
	else if (command == CAPIPC_CMD_GET_USER && type < 8 && !(how & 1))
		put(&r, CAPIPC_USER_A_UID, &uid, sizeof(uid));
	else if (type > 1)
		put_sized(w, call, &r, type, call_number(call, 3, 0));
	if (takes_name && (type < 2 || type > 8))
		put(&r,
		    command == CAPIPC_CMD_SUBSCRIBE ? CAPIPC_SUBSCRIBE_A_NAME :
						      CAPIPC_LISTENER_A_NAME,
		    name, strlen(name) + 1);
	if (send(w->netlink, &r, r.head.nlmsg_len, 0) < 0)
		return -errno;
	if (how == 3)
		return 0;
	if (how == 2) { /* given up half-way */
		recv(w->netlink, answer, 64, MSG_DONTWAIT);
		close(w->netlink);
		w->netlink = -1;
		return 0;
	}
	return read_answers(w->netlink, NULL, NULL);
}

/* ----------------------------------------------------------------- the verdict */

static void limits_restore_of(int s, uint32_t uid)
{
	uint64_t value = CAPIPC_LIMIT_DEFAULT;
	struct nlattr *nest;
	struct request r;
	unsigned int i;

	prepare(&r, family, CAPIPC_CMD_SET_USER, NLM_F_ACK);
	put(&r, CAPIPC_USER_A_UID, &uid, sizeof(uid));
	nest = put(&r, CAPIPC_USER_A_LIMITS | NLA_F_NESTED, NULL, 0);
	for (i = CAPIPC_LIMIT_A_BYTES; i <= CAPIPC_LIMIT_A_MAX; i++) {
		put(&r, i, &value, 8);
		nest->nla_len += NLA_HDRLEN + 8;
	}
	if (send(s, &r, r.head.nlmsg_len, 0) < 0 ||
	    read_answers(s, NULL, NULL)) {
		fprintf(stderr, "fuzz: limits cannot be taken back\n");
		exit(2);
	}
}

void netlink_limits_keep(void)
{
	limits_changed = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void netlink_limits_restore(void)
{
	int s;

	if (!*limits_changed)
		return;
	*limits_changed = false;
	s = netlink_open();
	limits_restore_of(s, 1000);
	limits_restore_of(s, 2000);
	close(s);
}

/* What all users have, the machine included. */
enum held {
	HELD_BYTES,
	HELD_HANDLES,
	HELD_LISTENERS,
	HELD_CONTEXTS,
	HELD_FILES,
	HELD,
};

static const char *const held_names[HELD] = { "bytes", "handles", "listeners",
					      "contexts", "files" };
static uint64_t held_at_first[HELD];

static uint64_t number_in(struct nlattr *a)
{
	return a ? *(uint64_t *)(a + 1) : 0;
}

static void take_user(struct nlmsghdr *h, void *arg)
{
	static const int amounts[] = { CAPIPC_USER_A_BYTES,
				       CAPIPC_USER_A_HANDLES,
				       CAPIPC_USER_A_LISTENERS };
	uint64_t *held = arg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(amounts); i++)
		held[i] += number_in(find_inside(find_in(h, amounts[i]),
						 CAPIPC_AMOUNT_A_USED));
	held[HELD_CONTEXTS] += number_in(find_in(h, CAPIPC_USER_A_CONTEXTS));
	held[HELD_FILES] += number_in(find_in(h, CAPIPC_USER_A_FILES));
}

static int ask(int s, uint64_t *held)
{
	struct request r;

	memset(held, 0, HELD * sizeof(*held));
	prepare(&r, family, CAPIPC_CMD_GET_USER, NLM_F_DUMP);
	if (send(s, &r, r.head.nlmsg_len, 0) < 0)
		return -errno;
	return read_answers(s, take_user, held);
}

/* Before the first program: root has its share of the machine at all times. */
void netlink_count(void)
{
	int s = netlink_open();

	if (ask(s, held_at_first)) {
		fprintf(stderr, "fuzz: users are not told of\n");
		exit(2);
	}
	close(s);
}

/* Nobody has more than at first, after some seconds at most. Else @what says of what. */
bool netlink_is_as_at_first(char *what, size_t room)
{
	struct timespec ts = { .tv_nsec = 50000000 };
	int s = netlink_open(), tries;
	uint64_t held[HELD];
	unsigned int i = 0;

	for (tries = 0; tries < 20 * WAIT_S; tries++) {
		if (tries)
			nanosleep(&ts, NULL);
		if (ask(s, held))
			continue;
		for (i = 0; i < HELD && held[i] == held_at_first[i]; i++)
			;
		if (i == HELD)
			break;
		snprintf(what, room, "%llu %s, and %llu at first",
			 (unsigned long long)held[i], held_names[i],
			 (unsigned long long)held_at_first[i]);
	}
	close(s);
	return i == HELD;
}
