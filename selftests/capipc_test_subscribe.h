/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Subscriptions: to be told of events, here and in an actor.
 */
#ifndef CAPIPC_TEST_SUBSCRIBE_H
#define CAPIPC_TEST_SUBSCRIBE_H

#include "capipc_test_netlink.h"

#define WAIT_MS 10000
#define NONE_MS 200 /* nothing comes */

#define RATE  "/sys/module/capipc/parameters/max_events_per_second"
#define BURST "/sys/module/capipc/parameters/max_event_burst"

FIXTURE(subscribe)
{
	struct nl nl, second;
	struct actor server, client, other;
	char name[64];
	__u32 listener, end, server_end;
	char rate[32], burst[32];
};

FIXTURE_SETUP(subscribe)
{
	strcpy(self->name, fresh_name());
	self->nl.sock = -1;
	self->second.sock = -1;
	ASSERT_LT(0, get_text(self->rate, sizeof(self->rate), RATE));
	ASSERT_LT(0, get_text(self->burst, sizeof(self->burst), BURST));
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_fork(&self->client, NULL));
	ASSERT_OK(actor_fork(&self->other, NULL));
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
	ASSERT_OK(nl_open(&self->nl));
}

FIXTURE_TEARDOWN(subscribe)
{
	put_text(RATE, self->rate);
	put_text(BURST, self->burst);
	actor_stop(&self->server);
	actor_stop(&self->client);
	actor_stop(&self->other);
	nl_close(&self->nl);
	nl_close(&self->second);
}

/* ------------------------------------------------------------- subscribing */

/* What to ask for; what is 0 is not named. */
struct want {
	__u32 types, uid, pid;
	__u64 object;
	const char *name;
};

static __unused_fn int nl_subscribe(struct nl *nl, const struct want *want)
{
	struct nl_request r;

	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_SUBSCRIBE, NLM_F_ACK);
	if (want && want->types)
		nl_put(&r, CAPIPC_SUBSCRIBE_A_TYPES, &want->types, 4);
	if (want && want->uid)
		nl_put(&r, CAPIPC_SUBSCRIBE_A_UID, &want->uid, 4);
	if (want && want->pid)
		nl_put(&r, CAPIPC_SUBSCRIBE_A_PID, &want->pid, 4);
	if (want && want->object)
		nl_put(&r, CAPIPC_SUBSCRIBE_A_OBJECT, &want->object, 8);
	if (want && want->name)
		nl_put(&r, CAPIPC_SUBSCRIBE_A_NAME, want->name,
		       strlen(want->name) + 1);
	return nl_ask(nl, &r, NULL, NULL, NULL);
}

static __unused_fn int nl_unsubscribe(struct nl *nl)
{
	struct nl_request r;

	nl_prepare(nl, &r, nl->family, CAPIPC_CMD_UNSUBSCRIBE, NLM_F_ACK);
	return nl_ask(nl, &r, NULL, NULL, NULL);
}

static __unused_fn __u64 event_number(struct nlmsghdr *h, int type)
{
	return nl_number(nl_attr(h, type));
}

static __unused_fn __u64 party_number(struct nlmsghdr *h, int party, int type)
{
	return nl_number(nl_inside(nl_attr(h, party), type));
}

/* The next event, whatever it is; NULL if none comes. */
static __unused_fn struct nlmsghdr *next(struct nl *nl, int ms)
{
	struct nlmsghdr *h = nl_receive(nl, ms);
	struct genlmsghdr *g = h ? NLMSG_DATA(h) : NULL;

	return h && h->nlmsg_type == nl->family && g->cmd == CAPIPC_CMD_EVENT ?
		       h :
		       NULL;
}

/* The type of the next event, or -1. */
static __unused_fn int next_type(struct nl *nl, int ms)
{
	struct nlmsghdr *h = next(nl, ms);

	return h ? (int)event_number(h, CAPIPC_EVENT_A_TYPE) : -1;
}

/* ------------------------------------------------------------ in an actor */

static struct nl actor_nl;

static __unused_fn long act_subscribe(struct actor_page *page, long unused)
{
	int ret = nl_open(&actor_nl);

	return ret ? ret : nl_subscribe(&actor_nl, NULL);
}

/* The next event, in page->data: its length, or 0 if there is none. */
static __unused_fn long act_next(struct actor_page *page, long ms)
{
	struct nlmsghdr *h = next(&actor_nl, (int)ms);

	if (!h || h->nlmsg_len > sizeof(page->data))
		return 0;
	memcpy(page->data, h, h->nlmsg_len);
	return h->nlmsg_len;
}

static __unused_fn struct nlmsghdr *actor_next(struct actor *a, int ms)
{
	return actor_run(a, act_next, ms) > 0 ? (void *)a->page->data : NULL;
}

#endif /* CAPIPC_TEST_SUBSCRIBE_H */
