// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that wait: no call is lost or made twice, and nobody waits who need not,
 * or spins who should sleep; on one processor and on two.
 */
#include "waiter.h"

#define CALLS 400

FIXTURE(waiter)
{
	struct scene s;
};

FIXTURE_VARIANT(waiter)
{
	unsigned int processors;
};

FIXTURE_VARIANT_ADD(waiter, one_processor)
{
	.processors = 1,
};

FIXTURE_VARIANT_ADD(waiter, two_processors)
{
	.processors = 2,
};

FIXTURE_SETUP(waiter)
{
	ASSERT_OK(use_processors(variant->processors));
}

FIXTURE_TEARDOWN(waiter)
{
	scene_close(&self->s);
}

struct ping {
	uint32_t client;
	uint32_t number;
};

/* Each call gets its own answer. */
static void *calls_fn(void *arg)
{
	struct client *c = arg;
	struct ping ping = { .client = c->id }, pong;
	struct capipc_call a;

	while (!c->ret && c->done < CALLS) {
		ping.number = c->done++;
		memset(&pong, IPC_POISON, sizeof(pong));
		a = (struct capipc_call){
			.deadline_ns = ipc_soon(),
			.data = ipc_ptr(&ping),
			.data_len = sizeof(ping),
			.reply_data = ipc_ptr(&pong),
			.reply_capacity = sizeof(pong),
			.handle = c->end,
		};
		c->ret = ipc_do_call(c->fd, &a);
		if (!c->ret && (a.reply_len != sizeof(pong) ||
				memcmp(&ping, &pong, sizeof(ping))))
			c->ret = -EBADMSG;
	}
	return NULL;
}

TEST_F(waiter, each_call_is_answered)
{
	struct scene *s = &self->s;
	unsigned int i, done = 0;

	ASSERT_OK(scene_open(s, 5));
	ASSERT_OK(scene_serve(s, 3, echo_fn));
	ASSERT_OK(scene_begin(s, calls_fn));
	EXPECT_OK(scene_end(s));
	EXPECT_OK(scene_stop(s));
	for (i = 0; i < s->servers; i++)
		done += s->server[i].done;
	EXPECT_EQ(5 * CALLS, done);
}

TEST_HARNESS_MAIN
