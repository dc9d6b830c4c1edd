/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dumps: a server and a client with a pipe between them, and what is told of it.
 */
#ifndef CAPIPC_TEST_DUMP_H
#define CAPIPC_TEST_DUMP_H

#include "capipc_test_netlink.h"

FIXTURE(dump)
{
	struct nl nl;
	struct actor server, client, other;
	char name[64];
	__u32 listener;
	__u32 client_end, server_end;
	__u64 server_context, client_context;
	__u64 pipe, listener_id;
};

static __unused_fn __u64 context_of(struct actor *a)
{
	struct capipc_info info = { .size = sizeof(info) };

	return ACTOR_IOCTL(a, INFO, &info) ? 0 : info.context_id;
}

static __unused_fn __u64 object_of(struct actor *a, __u32 handle)
{
	struct capipc_inspect i;

	return actor_inspect(a, handle, &i) ? 0 : i.object_id;
}

FIXTURE_SETUP(dump)
{
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
	self->server_context = context_of(&self->server);
	self->client_context = context_of(&self->client);
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	self->pipe = object_of(&self->client, self->client_end);
	self->listener_id = object_of(&self->server, self->listener);
	ASSERT_NE(0, self->pipe);
	ASSERT_NE(0, self->listener_id);
	ASSERT_OK(nl_open(&self->nl));
}

FIXTURE_TEARDOWN(dump)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
	actor_stop(&self->other);
	nl_close(&self->nl);
}

/* ---------------------------------------------------------------- answers */

static union {
	struct nlmsghdr head;
	char bytes[8192];
} answer;

static __unused_fn int get_pipe(struct nl *nl, __u64 id)
{
	return nl_get(nl, CAPIPC_CMD_GET_PIPE, CAPIPC_PIPE_A_ID, id, &answer);
}

/* An attribute of an end of the pipe in @answer. */
static __unused_fn struct nlattr *end_attr(__u32 index, int type)
{
	char *at = (char *)&answer + NLMSG_HDRLEN + GENL_HDRLEN;
	int left = (int)answer.head.nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
	struct nlattr *a;

	while ((a = nl_find(at, left, CAPIPC_PIPE_A_END))) {
		if (nl_number(nl_inside(a, CAPIPC_END_A_INDEX)) == index)
			return nl_inside(a, type);
		left -= (char *)nl_next(a) - at;
		at = (char *)nl_next(a);
	}
	return NULL;
}

static __unused_fn __u64 end_number(__u32 index, int type)
{
	return nl_number(end_attr(index, type));
}

static __unused_fn __u64 end_holder(__u32 index, int type)
{
	return nl_number(nl_inside(end_attr(index, CAPIPC_END_A_HOLDER), type));
}

static __unused_fn int get_listener(struct nl *nl, __u64 id)
{
	return nl_get(nl, CAPIPC_CMD_GET_LISTENER, CAPIPC_LISTENER_A_ID, id,
		      &answer);
}

static __unused_fn int get_listener_name(struct nl *nl, const char *name)
{
	struct nl_request r;
	int ret;

	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_GET_LISTENER, NLM_F_ACK);
	nl_put(&r, CAPIPC_LISTENER_A_NAME, name, strlen(name) + 1);
	ret = nl_ask(nl, &r, &answer, NULL, NULL);
	return ret < 0 ? ret : ret == 1 ? 0 : -EPROTO;
}

#endif /* CAPIPC_TEST_DUMP_H */
