// SPDX-License-Identifier: GPL-2.0
/*
 * The module goes exactly when nobody has a context, and leaves nothing. To be
 * run alone: it ends with the module loaded again.
 */
#include "capipc_test_module.h"
#include "capipc_test_netlink.h"

FIXTURE(module)
{
	struct actor a, b;
};

FIXTURE_SETUP(module)
{
	ASSERT_TRUE(loaded());
	keep_parameters();
}

FIXTURE_TEARDOWN(module)
{
	actor_stop(&self->a);
	actor_stop(&self->b);
	if (!loaded())
		EXPECT_OK(load());
}

/* How many lines of /proc/kallsyms are the module's. */
static int symbols(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[512];
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += !!strstr(line, "[" MODULE "]");
	if (f)
		fclose(f);
	return n;
}

TEST_F(module, comes_and_goes)
{
	struct nl nl;
	int i, n = symbols();

	NEEDS_FILE();
	EXPECT_LT(0, n);
	for (i = 0; i < 3; i++) {
		ASSERT_OK(works());
		ASSERT_OK(unload());
		EXPECT_FALSE(loaded());
		EXPECT_EQ(0, symbols());
		EXPECT_NE(0, access(IPC_DEVICE, F_OK));
		EXPECT_ERR(ENOENT, nl_open(&nl));
		nl_close(&nl);
		ASSERT_OK(load());
		EXPECT_EQ(n, symbols());
	}
	EXPECT_OK(works());
}

TEST_F(module, stays_while_a_context_is_open)
{
	__u32 h[2], listener;
	struct nl_request r;
	struct nl nl;

	NEEDS_FILE();
	ASSERT_OK(actor_start(&self->a));
	EXPECT_OK(is_refused());
	ASSERT_OK(actor_create(&self->a, h));
	ASSERT_ERR(ELOOP, actor_send_handle(&self->a, h[0], h[1]));
	ASSERT_OK(actor_listen(&self->a, fresh_name(), NULL, &listener));
	EXPECT_OK(is_refused());
	/* being refused did no harm */
	EXPECT_OK(actor_send(&self->a, h[0], 1));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, actor_idle(&self->a, 0));
	EXPECT_OK(works());

	/* who listens to events does not keep it */
	ASSERT_OK(nl_open(&nl));
	ASSERT_OK(nl_join(&nl));
	nl_prepare(&nl, &r, nl.family, CAPIPC_CMD_SUBSCRIBE, NLM_F_ACK);
	ASSERT_OK(nl_ask(&nl, &r, NULL, NULL, NULL));
	ASSERT_OK(actor_run(&self->a, act_close_fd, self->a.dev));
	EXPECT_OK(unload());
	nl_close(&nl);
}

static long act_send_context(struct actor_page *page, long sock)
{
	return sync_send_fd((int)sock, page->fd);
}

/* The process is gone but its file is not: it is still open. */
TEST_F(module, stays_while_a_file_is_open)
{
	int sv[2];

	NEEDS_FILE();
	/* in a socket that nobody will read */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sv));
	ASSERT_OK(actor_start(&self->a));
	self->a.page->fd = self->a.dev;
	ASSERT_OK(actor_run(&self->a, act_send_context, sv[0]));
	actor_stop(&self->a);
	EXPECT_OK(is_refused());
	close(sv[0]);
	close(sv[1]);
	EXPECT_OK(unload());
}

/* Everything at once, and death. */
TEST_F(module, leaves_nothing)
{
	struct actor *a = &self->a, *b = &self->b;
	__u32 listener, a_end, b_end, h[2], extra;
	struct capipc_rule rule = { .ordinal_last = 9 };
	char name[64];
	int i;

	NEEDS_FILE();
	strcpy(name, fresh_name());
	ASSERT_OK(actor_start(a));
	ASSERT_OK(actor_start(b));
	ASSERT_OK(actor_listen(b, name, NULL, &listener));
	ASSERT_OK(actor_link(a, b, name, listener, &a_end, &b_end));
	for (i = 0; i < 20; i++) {
		ASSERT_OK(actor_create(a, h));
		ASSERT_OK(actor_restrict(a, h[1], &rule, 1));
		ASSERT_OK(actor_send_handle(a, a_end, h[0]));
		ASSERT_OK(actor_connect(a, name, &extra));
		ASSERT_OK(actor_send_all(a, extra, 1, 10000, 0, 0));
	}
	ASSERT_OK(actor_call_begin(a, a_end, 1));
	ASSERT_OK(wait_asleep(a->pid));
	EXPECT_OK(is_refused());
	actor_stop(b);
	EXPECT_OK(is_refused());
	actor_stop(a);
	EXPECT_OK(unload());
	EXPECT_OK(load());
	EXPECT_OK(works());
}

TEST_HARNESS_MAIN
