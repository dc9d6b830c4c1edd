/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink, as little of it as the tests need and without a library: a
 * socket, requests with attributes, answers, and the text of an error.
 */
#ifndef CAPIPC_TEST_NETLINK_H
#define CAPIPC_TEST_NETLINK_H

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <linux/capipc_netlink.h>

#include "capipc_test_ident.h"

/* A socket and what it has received last. */
struct nl {
	int sock;
	int family;
	int group;
	__u32 seq;
	char error[256]; /* text of the extended ack, or "" */
	bool interrupted; /* something changed during the last dump */
	char buf[32768];
	int len; /* of buf, and how far we are */
	int at;
};

struct nl_request {
	struct nlmsghdr head;
	struct genlmsghdr genl;
	char attrs[512];
};

/* ---------------------------------------------------------- attributes */

static inline struct nlattr *nl_next(struct nlattr *a)
{
	return (struct nlattr *)((char *)a + NLA_ALIGN(a->nla_len));
}

static inline void *nl_data(struct nlattr *a)
{
	return (char *)a + NLA_HDRLEN;
}

static struct nlattr *nl_find(void *attrs, int len, int type)
{
	struct nlattr *a = attrs;

	while (len >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN &&
	       a->nla_len <= len) {
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		len -= NLA_ALIGN(a->nla_len);
		a = nl_next(a);
	}
	return NULL;
}

static __unused_fn struct nlattr *nl_inside(struct nlattr *nest, int type)
{
	return nest ? nl_find(nl_data(nest), nest->nla_len - NLA_HDRLEN, type) :
		      NULL;
}

static __unused_fn struct nlattr *nl_attr(struct nlmsghdr *h, int type)
{
	return nl_find((char *)h + NLMSG_HDRLEN + GENL_HDRLEN,
		       (int)h->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN, type);
}

/* A number, or ~0 if it is not there. */
static __unused_fn __u64 nl_number(struct nlattr *a)
{
	__u64 n64;
	__u32 n32;

	if (a && a->nla_len == NLA_HDRLEN + sizeof(n64)) {
		memcpy(&n64, nl_data(a), sizeof(n64));
		return n64;
	}
	if (a && a->nla_len == NLA_HDRLEN + sizeof(n32)) {
		memcpy(&n32, nl_data(a), sizeof(n32));
		return n32;
	}
	return ~0ULL;
}

static __unused_fn const char *nl_string(struct nlattr *a)
{
	return a ? nl_data(a) : "(none)";
}

static __unused_fn void nl_put(struct nl_request *r, int type, const void *data,
			       int len)
{
	struct nlattr *a = (void *)((char *)r + NLMSG_ALIGN(r->head.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	memcpy(nl_data(a), data, len);
	r->head.nlmsg_len =
		NLMSG_ALIGN(r->head.nlmsg_len) + NLA_ALIGN(a->nla_len);
}

/* ------------------------------------------------------------ messages */

static void nl_prepare(struct nl *nl, struct nl_request *r, int type, int cmd,
		       int flags)
{
	memset(r, 0, sizeof(*r));
	r->head.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	r->head.nlmsg_type = type;
	r->head.nlmsg_flags = NLM_F_REQUEST | flags;
	r->head.nlmsg_seq = ++nl->seq;
	r->genl.cmd = cmd;
	r->genl.version = CAPIPC_GENL_VERSION;
}

static int nl_send(struct nl *nl, const struct nl_request *r)
{
	nl->len = 0;
	nl->at = 0;
	return send(nl->sock, r, r->head.nlmsg_len, 0) < 0 ? -errno : 0;
}

/* The next message, or NULL: nothing came for @ms milliseconds. */
static struct nlmsghdr *nl_receive(struct nl *nl, int ms)
{
	struct pollfd p = { .fd = nl->sock, .events = POLLIN };
	struct nlmsghdr *h;

	if (nl->at >= nl->len) {
		if (poll(&p, 1, ms) <= 0)
			return NULL;
		nl->len = recv(nl->sock, nl->buf, sizeof(nl->buf), 0);
		nl->at = 0;
		if (nl->len < NLMSG_HDRLEN)
			return NULL;
	}
	h = (void *)(nl->buf + nl->at);
	if (h->nlmsg_len < NLMSG_HDRLEN || (int)h->nlmsg_len > nl->len - nl->at)
		return NULL;
	nl->at += NLMSG_ALIGN(h->nlmsg_len);
	return h;
}

/* The error that an NLMSG_ERROR or NLMSG_DONE says; its text goes to nl->error. */
static int nl_verdict(struct nl *nl, struct nlmsghdr *h)
{
	struct nlmsgerr *e = NLMSG_DATA(h);
	int skip = sizeof(int); /* NLMSG_DONE has that only */
	struct nlattr *a;

	if (h->nlmsg_type == NLMSG_ERROR)
		skip = h->nlmsg_flags & NLM_F_CAPPED ?
			       (int)sizeof(*e) :
			       (int)(sizeof(e->error) + e->msg.nlmsg_len);
	nl->error[0] = 0;
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return e->error;
	a = nl_find((char *)e + skip, (int)h->nlmsg_len - NLMSG_HDRLEN - skip,
		    NLMSGERR_ATTR_MSG);
	if (a)
		snprintf(nl->error, sizeof(nl->error), "%s",
			 (char *)nl_data(a));
	return e->error;
}

/*
 * Send and read all answers: their number, or -errno. The last one is copied to
 * @last, which may be NULL, and @each, which may be NULL, sees all of them.
 */
static int nl_ask(struct nl *nl, const struct nl_request *r, void *last,
		  void (*each)(struct nlmsghdr *h, void *arg), void *arg)
{
	int n = 0, ret = nl_send(nl, r);
	int64_t end = ipc_soon();
	struct nlmsghdr *h;

	if (ret)
		return ret;
	nl->interrupted = false;
	for (;;) {
		h = nl_receive(nl, IPC_SOON_MS);
		if (!h)
			return -ETIMEDOUT;
		if (h->nlmsg_seq != r->head.nlmsg_seq) {
			/* an event; there may be no end of them, and no answer */
			if (ipc_now() > end)
				return -ETIMEDOUT;
			continue;
		}
		if (h->nlmsg_flags & NLM_F_DUMP_INTR)
			nl->interrupted = true;
		if (h->nlmsg_type == NLMSG_ERROR ||
		    h->nlmsg_type == NLMSG_DONE) {
			ret = nl_verdict(nl, h);
			return ret ? ret : n;
		}
		n++;
		if (last)
			memcpy(last, h, h->nlmsg_len);
		if (each)
			each(h, arg);
	}
}

static int nl_resolve(struct nl *nl)
{
	static union {
		struct nlmsghdr head;
		char bytes[8192];
	} answer;
	struct nl_request r;
	struct nlattr *a, *group;
	int ret, len;

	nl_prepare(nl, &r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	nl_put(&r, CTRL_ATTR_FAMILY_NAME, CAPIPC_GENL_NAME,
	       sizeof(CAPIPC_GENL_NAME));
	ret = nl_ask(nl, &r, &answer, NULL, NULL);
	if (ret < 0)
		return ret;
	a = nl_attr(&answer.head, CTRL_ATTR_FAMILY_ID);
	if (!a)
		return -ENOENT;
	nl->family = *(__u16 *)nl_data(a);
	a = nl_attr(&answer.head, CTRL_ATTR_MCAST_GROUPS);
	if (!a)
		return -ENOENT;
	group = nl_data(a);
	for (len = a->nla_len - NLA_HDRLEN; len > 0;
	     len -= NLA_ALIGN(group->nla_len), group = nl_next(group))
		if (!strcmp(nl_string(
				    nl_inside(group, CTRL_ATTR_MCAST_GRP_NAME)),
			    CAPIPC_GENL_GROUP_EVENTS))
			nl->group = nl_number(
				nl_inside(group, CTRL_ATTR_MCAST_GRP_ID));
	return nl->group ? 0 : -ENOENT;
}

static __unused_fn int nl_join(struct nl *nl)
{
	return setsockopt(nl->sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
			  &nl->group, sizeof(nl->group)) ?
		       -errno :
		       0;
}

/* Without the module it is -ENOENT. */
static __unused_fn int nl_open(struct nl *nl)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK };
	int one = 1, size = 1 << 20;

	memset(nl, 0, sizeof(*nl));
	nl->sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (nl->sock < 0)
		return -errno;
	setsockopt(nl->sock, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(nl->sock, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one,
		   sizeof(one));
	setsockopt(nl->sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(nl->sock, (struct sockaddr *)&local, sizeof(local)))
		return -errno;
	return nl_resolve(nl);
}

static __unused_fn void nl_close(struct nl *nl)
{
	if (nl->sock > 0)
		close(nl->sock);
	nl->sock = -1;
}

/* Ask about the one with a number: 0 and the answer in @last, or -errno. */
static __unused_fn int nl_get(struct nl *nl, int cmd, int type, __u64 id,
			      void *last)
{
	struct nl_request r;
	int ret;

	nl_prepare(nl, &r, nl->family, cmd, NLM_F_ACK);
	nl_put(&r, type, &id, sizeof(id));
	ret = nl_ask(nl, &r, last, NULL, NULL);
	return ret < 0 ? ret : ret == 1 ? 0 : -EPROTO;
}

/* How many contexts, or handles of all contexts, there are in this namespace. */
static __unused_fn int nl_count(struct nl *nl, int cmd)
{
	struct nl_request r;

	nl_prepare(nl, &r, nl->family, cmd, NLM_F_DUMP);
	return nl_ask(nl, &r, NULL, NULL, NULL);
}

#endif
