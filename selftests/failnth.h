/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every allocation and every access to user memory that a request makes fails
 * once: the first, the second, and so on until it succeeds. Each time the error
 * is a clean one, nothing has changed, and the same request then works.
 *
 * A step is such a request; the failnth_*_test.c have one for each. Takes a kernel
 * with fault injection.
 */
#ifndef FAILNTH_H
#define FAILNTH_H

#include "capipc_test_invitation.h"
#include "capipc_test_memory.h"
#include "capipc_test_netlink.h"

#define FAIL_NTH "/proc/thread-self/fail-nth"
#define FAULTS	 "/sys/kernel/debug/"
#define MANY	 200

/* What a step plays with. All of it is made anew for each try. */
struct scene {
	int fd, server; /* contexts */
	char name[64];
	__u32 listener;
	__u32 end, server_end; /* a pipe between the two */
	__u32 spare[2]; /* a pipe of ours */
	__u32 got; /* what the request gave us */
	__u32 buffer, ends[2]; /* of a data pipe */
	char *mapped;
	__u32 reply_handle;
	__u64 stamp_id;
	int opened;
	__u32 spares[9]; /* more than fit without an allocation */
	__u32 invitation;
	int64_t deadline_ns; /* to ask for the time can fail, too */
	struct ipc_message m;
	struct capipc_call call;
	pthread_t thread;
	int thread_ret;
};

struct step {
	int (*prepare)(struct scene *s); /* beyond the pipes, or NULL */
	int (*run)(struct scene *s); /* the request */
	int (*untouched)(struct scene *s); /* after it has failed, or NULL */
	int (*finish)(struct scene *s); /* after success, or NULL */
	bool others; /* somebody else may not be done when it has failed */
};

/* -------------------------------------------------------- fault injection */

static const struct {
	const char *path, *value;
} knobs[] = {
	{ FAULTS "failslab/ignore-gfp-wait", "N" },
	{ FAULTS "failslab/verbose", "0" },
	{ FAULTS "fail_page_alloc/ignore-gfp-wait", "N" },
	{ FAULTS "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ FAULTS "fail_page_alloc/min-order", "0" },
	{ FAULTS "fail_page_alloc/verbose", "0" },
	{ FAULTS "fail_usercopy/verbose", "0" },
};

/* From now on, the @nth thing that can fail in this thread does. */
static int arm(int fd, int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	return pwrite(fd, text, len, 0) == len ? 0 : -errno;
}

/*
 * Whether something has failed since. If nothing has, what fails may be that we
 * ask: then a second try does not.
 */
static int disarm(int fd)
{
	char text[16] = "";
	bool injected;

	injected = pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);
	if (pwrite(fd, "0", 1, 0) != 1 && pwrite(fd, "0", 1, 0) != 1)
		return -errno;
	return injected;
}

/* ----------------------------------------------------------------- scenes */

static int scene_open(struct scene *s)
{
	int ret;

	memset(s, 0, sizeof(*s));
	s->opened = -1;
	s->deadline_ns = ipc_soon();
	s->fd = ipc_open();
	s->server = ipc_open();
	if (s->fd < 0 || s->server < 0)
		return -EMFILE;
	strcpy(s->name, fresh_name());
	ret = ipc_listen(s->server, s->name, &s->listener);
	if (!ret)
		ret = ipc_connect(s->fd, s->name, &s->end);
	if (!ret)
		ret = ipc_accept(s->server, s->listener, &s->server_end);
	return ret ? ret : ipc_create(s->fd, s->spare);
}

static void scene_close(struct scene *s)
{
	close(s->opened);
	close(s->fd);
	close(s->server);
}

static __unused_fn int spare_is_there(struct scene *s)
{
	return ipc_alive(s->fd, s->spare[0]);
}

/* --------------------------------------------------------------- the test */

FIXTURE(failnth)
{
	char before[ARRAY_SIZE(knobs)][16];
	struct nl nl;
	bool can;
};

FIXTURE_VARIANT(failnth)
{
	struct step step;
};

#define STEP(_name, _prepare, _run, _untouched, _finish)        \
	FIXTURE_VARIANT_ADD(failnth, _name)                     \
	{                                                       \
		.step = { _prepare, _run, _untouched, _finish } \
	}

FIXTURE_SETUP(failnth)
{
	int i;

	self->can = access(FAIL_NTH, W_OK) == 0 &&
		    access(knobs[0].path, W_OK) == 0;
	if (!self->can)
		return;
	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		if (get_text(self->before[i], 16, knobs[i].path) > 0)
			ASSERT_OK(put_text(knobs[i].path, knobs[i].value));
	ASSERT_OK(nl_open(&self->nl));
}

FIXTURE_TEARDOWN(failnth)
{
	int i;

	for (i = 0; self->can && i < ARRAY_SIZE(knobs); i++)
		if (self->before[i][0])
			EXPECT_OK(put_text(knobs[i].path, self->before[i]));
	nl_close(&self->nl);
}

/* Descriptors, contexts and handles that there are: one number for all. */
static int inventory(struct nl *nl)
{
	int fd = dup(0), contexts, handles;

	close(fd);
	contexts = nl_count(nl, CAPIPC_CMD_GET_CONTEXT);
	handles = nl_count(nl, CAPIPC_CMD_GET_HANDLE);
	return fd * 1000000 + contexts * 10000 + handles;
}

TEST_F(failnth, everything_fails_once)
{
	const struct step *step = &variant->step;
	static struct scene s;
	int control, before, n, ret, injected = 1, failures = 0;

	if (!self->can)
		SKIP(return, "this kernel has no fault injection");
	control = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, control);
	for (n = 1; injected; n++) {
		ASSERT_GT(MANY, n);
		ASSERT_OK(scene_open(&s));
		if (step->prepare)
			ASSERT_OK(step->prepare(&s));
		before = inventory(&self->nl);
		ASSERT_OK(arm(control, n));
		ret = step->run(&s);
		injected = disarm(control);
		ASSERT_LE(0, injected);
		if (ret) {
			failures++;
			EXPECT_EQ(1, injected);
			EXPECT_TRUE(ret == -ENOMEM || ret == -EFAULT ||
				    ret == -EDQUOT)
			TH_LOG("number %d: %s", n, ipc_errname(ret));
			if (step->untouched)
				EXPECT_OK(step->untouched(&s))
			TH_LOG("number %d (%s)", n, ipc_errname(ret));
			if (!step->others)
				EXPECT_EQ(before, inventory(&self->nl))
			TH_LOG("number %d (%s)", n, ipc_errname(ret));
			EXPECT_OK(step->run(&s)) TH_LOG("number %d", n);
		}
		if (step->finish)
			EXPECT_OK(step->finish(&s)) TH_LOG("number %d", n);
		scene_close(&s);
	}
	/* at least that the struct is copied in can fail */
	EXPECT_LT(0, failures);
	TH_LOG("%d of %d failed", failures, n - 1);
	close(control);
}

#endif /* FAILNTH_H */
