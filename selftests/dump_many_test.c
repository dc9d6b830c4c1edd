// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of many things: what is there all the time is told exactly once, also while
 * others come and go.
 */
#include <sys/resource.h>

#include "capipc_test_account.h"
#include "capipc_test_dump.h"

/* More than fit into a few messages, and their reserves into a small machine. */
#define MANY 500

/* What a dump of many things should find, and what it found. */
struct census {
	__u64 *ids;
	int *seen;
	int count;
	__u64 last;
	int disorder;
};

static int census_find(const struct census *census, __u64 id)
{
	int low = 0, high = census->count - 1;

	while (low <= high) {
		int middle = (low + high) / 2;

		if (census->ids[middle] == id)
			return middle;
		if (census->ids[middle] < id)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return -1;
}

/* Numbers of contexts and of pipes are the first attribute of both. */
static void census_take(struct nlmsghdr *h, void *arg)
{
	struct census *census = arg;
	__u64 id = nl_number(nl_attr(h, CAPIPC_PIPE_A_ID));
	int i = census_find(census, id);

	if (id <= census->last)
		census->disorder++;
	census->last = id;
	if (i >= 0)
		census->seen[i]++;
}

/* Take it: how many of those that are there were not seen exactly once. */
static int census_run(struct nl *nl, int cmd, struct census *census)
{
	struct nl_request r;
	int i, wrong = 0, ret;

	memset(census->seen, 0, census->count * sizeof(*census->seen));
	census->last = 0;
	census->disorder = 0;
	nl_prepare(nl, &r, nl->family, cmd, NLM_F_DUMP);
	ret = nl_ask(nl, &r, NULL, census_take, census);
	if (ret < 0)
		return ret;
	for (i = 0; i < census->count; i++)
		wrong += census->seen[i] != 1;
	return wrong + census->disorder;
}

/* Makes and closes contexts and pipes until it is told to end. */
static long act_churn(struct actor_page *page, long kind)
{
	volatile __u64 *end = &page->number[0];
	__u64 rounds = 0;
	__u32 h[2];
	int fd;

	while (!*end) {
		fd = kind ? page->fd : ipc_open();
		if (fd < 0)
			return fd;
		if (ipc_create(fd, h))
			return -EIO;
		if (kind) {
			ipc_close(fd, h[0]);
			ipc_close(fd, h[1]);
		} else {
			close(fd);
		}
		rounds++;
	}
	page->number[1] = rounds;
	return 0;
}

static void census_init(struct census *census)
{
	memset(census, 0, sizeof(*census));
	census->ids = calloc(MANY, sizeof(*census->ids));
	census->seen = calloc(MANY, sizeof(*census->seen));
	census->count = MANY;
}

static void census_free(struct census *census)
{
	free(census->ids);
	free(census->seen);
}

static int raise_files(void)
{
	struct rlimit limit = { .rlim_cur = MANY + 500,
				.rlim_max = MANY + 500 };

	return setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;
}

TEST_F_TIMEOUT(dump, many_contexts, 300)
{
	struct actor *a = &self->other;
	struct capipc_info info;
	struct census census;
	int *fds, i, n;

	ASSERT_OK(raise_files());
	census_init(&census);
	fds = calloc(MANY, sizeof(*fds));
	ASSERT_OK(actor_fork(a, NULL));
	for (i = 0; i < MANY; i++) {
		fds[i] = ipc_open();
		ASSERT_LE(0, fds[i]);
		EXPECT_OK(ipc_do_info(fds[i], &info));
		census.ids[i] = info.context_id;
	}
	EXPECT_EQ(0, census_run(&self->nl, CAPIPC_CMD_GET_CONTEXT, &census));
	EXPECT_FALSE(self->nl.interrupted);

	/* while others come and go, and it is told that they do */
	a->page->number[0] = 0;
	ASSERT_OK(actor_begin(a, act_churn, 0));
	for (i = 0, n = 0; i < 20; i++) {
		EXPECT_EQ(0, census_run(&self->nl, CAPIPC_CMD_GET_CONTEXT,
					&census));
		n += self->nl.interrupted;
	}
	a->page->number[0] = 1;
	ASSERT_OK(actor_end(a));
	EXPECT_LT(0, a->page->number[1]);
	EXPECT_LT(0, n);

	/* those that go are not seen any more, those that stay are */
	for (i = 0; i < MANY; i += 2)
		close(fds[i]);
	EXPECT_EQ(MANY / 2,
		  census_run(&self->nl, CAPIPC_CMD_GET_CONTEXT, &census));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(i % 2, census.seen[i]);
	for (i = 1; i < MANY; i += 2)
		close(fds[i]);
	free(fds);
	census_free(&census);
}

TEST_F_TIMEOUT(dump, many_pipes, 300)
{
	struct actor *a = &self->other;
	struct capipc_inspect inspect;
	struct census census;
	struct nl_request r;
	int i, n, fd;
	__u32 h[2];
	__u64 id;

	census_init(&census);
	ASSERT_OK(actor_start(a));
	a->page->fd = a->dev;
	fd = ipc_open();
	ASSERT_LE(0, fd);
	for (i = 0; i < MANY; i++) {
		ASSERT_OK(ipc_create(fd, h));
		ASSERT_OK(ipc_do_inspect(fd, h[0], &inspect));
		census.ids[i] = inspect.object_id;
	}
	EXPECT_EQ(0, census_run(&self->nl, CAPIPC_CMD_GET_PIPE, &census));
	EXPECT_FALSE(self->nl.interrupted);

	a->page->number[0] = 0;
	ASSERT_OK(actor_begin(a, act_churn, 1));
	for (i = 0, n = 0; i < 20; i++) {
		EXPECT_EQ(0,
			  census_run(&self->nl, CAPIPC_CMD_GET_PIPE, &census));
		n += self->nl.interrupted;
	}
	a->page->number[0] = 1;
	ASSERT_OK(actor_end(a));
	EXPECT_LT(0, n);

	/* of one context only */
	nl_prepare(&self->nl, &r, self->nl.family, CAPIPC_CMD_GET_PIPE,
		   NLM_F_DUMP);
	id = self->client_context;
	nl_put(&r, CAPIPC_PIPE_A_CONTEXT, &id, sizeof(id));
	EXPECT_EQ(1, nl_ask(&self->nl, &r, &answer, NULL, NULL));
	EXPECT_EQ(self->pipe,
		  nl_number(nl_attr(&answer.head, CAPIPC_PIPE_A_ID)));
	close(fd);
	EXPECT_EQ(MANY, census_run(&self->nl, CAPIPC_CMD_GET_PIPE, &census));
	census_free(&census);
}

/* A dump that is not read to its end pins nothing, and the next one works. */
TEST_F(dump, abandoned)
{
	struct nl_request r;
	struct nl nl;
	__u32 h[2];
	int i;

	for (i = 0; i < 300; i++)
		ASSERT_OK(actor_create(&self->client, h));
	for (i = 0; i < 10; i++) {
		ASSERT_OK(nl_open(&nl));
		nl_prepare(&nl, &r, nl.family, CAPIPC_CMD_GET_PIPE, NLM_F_DUMP);
		ASSERT_OK(nl_send(&nl, &r));
		EXPECT_TRUE(!!nl_receive(&nl, IPC_SOON_MS));
		nl_close(&nl);
	}
	EXPECT_LE(300, nl_count(&self->nl, CAPIPC_CMD_GET_PIPE));
}

TEST_HARNESS_MAIN
