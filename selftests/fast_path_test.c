// SPDX-License-Identifier: GPL-2.0
/*
 * The fast path: that it is taken when it is on, and not when it is off, and that what
 * it is refused is not told of twice. That it makes no difference else is what all other tests
 * are for, which are run in both ways.
 */
#include "area.h"
#include "capipc_test_netlink.h"
#include "capipc_test_subscribe.h"

#define LIMIT "/sys/module/capipc/parameters/max_bytes_per_context"

static size_t page;

FIXTURE(fast_path)
{
	struct area a;
	int was;
};

FIXTURE_SETUP(fast_path)
{
	page = sysconf(_SC_PAGESIZE);
	self->was = fast_path();
	ASSERT_LE(0, self->was);
	ASSERT_OK(area_open(&self->a, 4 * page));
}

FIXTURE_TEARDOWN(fast_path)
{
	set_fast_path(self->was);
	area_close(&self->a);
}

/*
 * Whether it is taken: 0, 1 or -errno. A message that cannot be read to its end is copied
 * by halves to a thread that waits for it; the general path reads it first, and stops there.
 */
static int is_taken(struct area *a)
{
	char *p = map_before_hole(page);
	struct area_receive w;
	int ret;

	if (!p)
		return -ENOMEM;
	pattern_fill(p, page, 1);
	ret = area_receive(&w, a, 0, 4 * page);
	if (ret)
		return ret;
	area_keep(a);
	ret = ipc_send(a->sender, a->from, 1, p, 2 * page);
	if (ret != -EFAULT)
		return ret ? ret : -EPROTO;
	ret = !area_is_kept(a);
	/* It can be told apart the next time. */
	pattern_fill(p, page, 2);
	if (ipc_send(a->sender, a->from, 2, p, page) || area_receive_join(&w) ||
	    !pattern_is(a->p, page, 2))
		return -EPROTO;
	munmap(p, 2 * page);
	return ret;
}

/* What the module was loaded with is what it does. */
TEST_F(fast_path, is_as_the_parameter_says)
{
	EXPECT_EQ(self->was, is_taken(&self->a));
}

/* And it is what whoever runs the tests wants to be tested. */
TEST_F(fast_path, is_as_it_was_asked_for)
{
	const char *want = getenv("CAPIPC_FAST_PATH");

	EXPECT_EQ(want ? atoi(want) : self->was, self->was);
	EXPECT_EQ(want ? atoi(want) : self->was, is_taken(&self->a));
}

TEST_F(fast_path, can_be_switched)
{
	int i;

	for (i = 0; i < 6; i++) {
		ASSERT_OK(set_fast_path(i % 2));
		EXPECT_EQ(i % 2, fast_path());
		EXPECT_EQ(i % 2, is_taken(&self->a));
	}
}

/* ----------------------------------------------------------- what is refused */

static int refusals(struct nl *nl)
{
	int n = 0, type;

	while ((type = next_type(nl, NONE_MS)) >= 0)
		n += type == CAPIPC_EVENT_QUOTA;
	return n;
}

/* A message that its sender has not the bytes for: one event, whoever waits for it. */
TEST_F(fast_path, refusal_is_told_once)
{
	static char bytes[20000];
	const struct want want = { .types = 1U << CAPIPC_EVENT_QUOTA };
	struct area_receive w;
	struct nl nl;
	char limit[32];
	int i, ret, told;

	ASSERT_OK(nl_open(&nl));
	ASSERT_OK(nl_subscribe(&nl, &want));
	ASSERT_LT(0, get_text(limit, sizeof(limit), LIMIT));
	for (i = 0; i < 2; i++) {
		ASSERT_OK(set_fast_path(i));
		ASSERT_OK(area_receive(&w, &self->a, 0, 4 * page));
		ASSERT_OK(put_text(LIMIT, "16384"));
		ret = ipc_trysend(self->a.sender, self->a.from, 1, bytes,
				  sizeof(bytes));
		ASSERT_OK(put_text(LIMIT, limit));
		told = refusals(&nl);
		EXPECT_ERR(EDQUOT, ret);
		EXPECT_EQ(1, told);
		ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 2, "end"));
		EXPECT_OK(area_receive_join(&w));
	}
	nl_close(&nl);
}

TEST_HARNESS_MAIN
