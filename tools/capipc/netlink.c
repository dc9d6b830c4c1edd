// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: see netlink.h.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "netlink.h"
#include "tool.h"

int link_open(struct link *link)
{
	int ret, on = 1;

	link->changed = false;
	link->sock = nl_socket_alloc();
	if (!link->sock) {
		complain("out of memory");
		return STATUS_FAILED;
	}
	ret = genl_connect(link->sock);
	if (ret < 0) {
		complain("cannot open a netlink socket: %s", nl_geterror(ret));
		link_close(link);
		return STATUS_FAILED;
	}
	/* The kernel then says in words what is wrong. */
	setsockopt(nl_socket_get_fd(link->sock), SOL_NETLINK, NETLINK_EXT_ACK,
		   &on, sizeof(on));

	link->family = genl_ctrl_resolve(link->sock, CAPIPC_GENL_NAME);
	if (link->family < 0) {
		if (link->family == -NLE_OBJ_NOTFOUND)
			complain(
				"the kernel does not know capipc: is the module loaded?");
		else
			complain("cannot find capipc: %s",
				 nl_geterror(link->family));
		link_close(link);
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

void link_close(struct link *link)
{
	nl_socket_free(link->sock);
	link->sock = NULL;
}

bool parse_message(struct nl_msg *msg, struct nlattr **attrs, int max,
		   const struct nla_policy *policy, int *command)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);

	if (!genlmsg_valid_hdr(header, 0))
		return false;
	*command = genlmsg_hdr(header)->cmd;
	return genlmsg_parse(header, 0, attrs, max, policy) >= 0;
}

/* An exchange under way. */
struct exchange {
	struct link *link;
	const struct request *request;
	bool done;
	bool complained;
	int status;
};

static void exchange_fail(struct exchange *exchange, int error,
			  const char *text)
{
	if (text)
		complain("%s (%s)", text, strerror(error));
	else
		complain("the kernel refuses: %s", strerror(error));
	exchange->status = STATUS_FAILED;
	exchange->done = true;
}

/* The text among attributes at the end of an answer. */
static const char *find_text(const void *attrs, int len)
{
	struct nlattr *attr = nla_find(attrs, len, NLMSGERR_ATTR_MSG);
	const char *text = attr ? nla_data(attr) : NULL;

	if (!text || !nla_len(attr) || text[nla_len(attr) - 1])
		return NULL;
	return text;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error,
		    void *data)
{
	/* The header of the answer is right before. */
	const struct nlmsghdr *answer =
		(const void *)((const char *)error - NLMSG_HDRLEN);
	const char *text = NULL;
	size_t used;

	(void)from;
	used = NLMSG_HDRLEN + sizeof(*error);
	if (!(answer->nlmsg_flags & NLM_F_CAPPED) &&
	    error->msg.nlmsg_len > sizeof(error->msg))
		used += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
	if ((answer->nlmsg_flags & NLM_F_ACK_TLVS) && answer->nlmsg_len > used)
		text = find_text((const char *)answer + used,
				 (int)(answer->nlmsg_len - used));
	exchange_fail(data, -error->error, text);
	return NL_STOP;
}

static int on_valid(struct nl_msg *msg, void *data)
{
	struct exchange *exchange = data;
	const struct request *request = exchange->request;
	struct nlattr *attrs[64];
	int command;

	if (request->max >= (int)(sizeof(attrs) / sizeof(*attrs)) ||
	    !parse_message(msg, attrs, request->max, request->policy,
			   &command)) {
		complain("the kernel sent a malformed answer");
		exchange->status = STATUS_FAILED;
		return NL_SKIP;
	}
	if (request->got(genlmsg_hdr(nlmsg_hdr(msg)), attrs, request->data) <
		    0 &&
	    exchange->status == STATUS_OK) {
		complain("out of memory");
		exchange->status = STATUS_FAILED;
	}
	return NL_OK;
}

static int on_finish(struct nl_msg *msg, void *data)
{
	const struct nlmsghdr *header = nlmsg_hdr(msg);
	struct exchange *exchange = data;
	const char *text = NULL;
	int error = 0, rest;

	exchange->done = true;
	rest = (int)header->nlmsg_len - (int)NLMSG_HDRLEN - (int)sizeof(error);
	if (rest >= 0)
		memcpy(&error, NLMSG_DATA(header), sizeof(error));
	if (rest > 0 && (header->nlmsg_flags & NLM_F_ACK_TLVS))
		text = find_text(
			(const char *)NLMSG_DATA(header) + sizeof(error), rest);
	if (error < 0)
		exchange_fail(exchange, -error, text);
	return NL_STOP;
}

/* Some came or went between two parts of a dump. */
static int on_interrupted(struct nl_msg *msg, void *data)
{
	(void)msg;
	((struct exchange *)data)->link->changed = true;
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *data)
{
	(void)msg;
	((struct exchange *)data)->done = true;
	return NL_STOP;
}

struct nl_msg *link_message(struct link *link, uint8_t command, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg &&
	    genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, link->family, 0,
			NLM_F_REQUEST | flags, command, CAPIPC_GENL_VERSION))
		return msg;
	nlmsg_free(msg);
	complain("out of memory");
	return NULL;
}

/* What is not an answer has another number, or none. */
static int on_number(struct nl_msg *msg, void *data)
{
	(void)msg;
	(void)data;
	return NL_OK;
}

/* Send it, and see what comes back until all has. @cb is consumed. */
static int exchange(struct link *link, struct nl_msg *msg, struct nl_cb *cb,
		    struct exchange *exchange)
{
	int ret;

	nl_cb_err(cb, NL_CB_CUSTOM, on_error, exchange);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, exchange);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, exchange);
	nl_cb_set(cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, exchange);

	ret = nl_send_auto(link->sock, msg);
	while (ret >= 0 && !exchange->done)
		ret = nl_recvmsgs(link->sock, cb);
	if (ret < 0 && !exchange->done) {
		complain("netlink: %s", nl_geterror(ret));
		exchange->status = STATUS_FAILED;
	}
	nl_cb_put(cb);
	return exchange->status;
}

static struct nl_cb *new_callbacks(void)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);

	if (!cb)
		complain("out of memory");
	return cb;
}

int link_tell(struct link *link, struct nl_msg *msg,
	      int (*got)(struct nl_msg *msg, void *data), void *data)
{
	struct exchange ex = { .link = link };
	struct nl_cb *cb = new_callbacks();
	int status = STATUS_FAILED;

	if (cb) {
		nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, got, data);
		nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_number, NULL);
		status = exchange(link, msg, cb, &ex);
	}
	nlmsg_free(msg);
	return status;
}

int link_ask(struct link *link, const struct request *request)
{
	struct exchange ex = { .link = link, .request = request };
	struct nl_msg *msg = link_message(
		link, request->command, request->dump ? NLM_F_DUMP : NLM_F_ACK);
	int status = STATUS_FAILED;
	struct nl_cb *cb;
	int ret = 0;

	if (!msg)
		return STATUS_FAILED;
	if (request->attr)
		ret = request->text ?
			      nla_put_string(msg, request->attr,
					     request->text) :
			      nla_put_u64(msg, request->attr, request->value);
	if (ret >= 0 && request->fill)
		ret = request->fill(msg, request->fill_data);
	if (ret < 0) {
		complain("netlink: %s", nl_geterror(ret));
		goto out;
	}
	cb = new_callbacks();
	if (!cb)
		goto out;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, &ex);
	status = exchange(link, msg, cb, &ex);
out:
	nlmsg_free(msg);
	return status;
}

void link_note_changes(const struct link *link)
{
	if (link->changed)
		fputs("capipc: some of it came or went while it was listed\n",
		      stderr);
}

void parse_program(struct nlattr *nest, struct program *program)
{
	static struct nla_policy policy[CAPIPC_PROGRAM_A_MAX + 1] = {
		[CAPIPC_PROGRAM_A_DEV] = { .type = NLA_U64 },
		[CAPIPC_PROGRAM_A_INO] = { .type = NLA_U64 },
		[CAPIPC_PROGRAM_A_PATH] = { .type = NLA_STRING },
	};
	struct nlattr *attrs[CAPIPC_PROGRAM_A_MAX + 1];

	memset(program, 0, sizeof(*program));
	if (!nest ||
	    nla_parse_nested(attrs, CAPIPC_PROGRAM_A_MAX, nest, policy) < 0)
		return;
	program->known = true;
	program->deleted = attrs[CAPIPC_PROGRAM_A_DELETED];
	if (attrs[CAPIPC_PROGRAM_A_DEV])
		program->dev = nla_get_u64(attrs[CAPIPC_PROGRAM_A_DEV]);
	if (attrs[CAPIPC_PROGRAM_A_INO])
		program->ino = nla_get_u64(attrs[CAPIPC_PROGRAM_A_INO]);
	if (attrs[CAPIPC_PROGRAM_A_PATH])
		program->path = nla_get_string(attrs[CAPIPC_PROGRAM_A_PATH]);
}

void json_program(struct json *json, const char *key,
		  const struct program *program)
{
	char dev[32];

	if (!program->known)
		return;
	json_open(json, key, '{');
	snprintf(dev, sizeof(dev), "%u:%u", major(program->dev),
		 minor(program->dev));
	json_string(json, "dev", dev);
	json_number(json, "ino", program->ino);
	if (program->path)
		json_string(json, "path", program->path);
	json_bool(json, "deleted", program->deleted);
	json_close(json, '}');
}
