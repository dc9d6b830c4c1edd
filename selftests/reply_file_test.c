// SPDX-License-Identifier: GPL-2.0
/*
 * Files in replies count for who called: a caller that does not take them can hold
 * some of its own user in flight, and none of the server's.
 */
#include <sys/resource.h>

#include "capipc_test_account.h"

#define CALLER 7801
#define LIMIT  24

enum {
	TAKES, /* the reply into where there is room */
	STUCK, /* the reply cannot be written there: the call stays */
};

FIXTURE(reply_file)
{
	struct nl nl;
	struct actor client;
	__u32 listener, end;
	int fd;
	struct capipc_attachment files[LIMIT + 1];
	struct ipc_message m;
};

static long act_limit(struct actor_page *page, long n)
{
	struct rlimit limit = { n, n };

	(void)page;
	return actor_errno(setrlimit(RLIMIT_NOFILE, &limit));
}

FIXTURE_SETUP(reply_file)
{
	char name[64];
	int i;

	strcpy(name, fresh_name());
	ASSERT_OK(nl_open(&self->nl));
	self->fd = ipc_open();
	ASSERT_LE(0, self->fd);
	ASSERT_OK(ipc_listen(self->fd, name, &self->listener));
	ASSERT_OK(start_as(&self->client, CALLER));
	ASSERT_OK(actor_run(&self->client, act_limit, LIMIT));
	/* its endpoint is number[0] from now on */
	ASSERT_OK(actor_connect(&self->client, name, &self->end));
	self->client.page->number[0] = self->end;
	ASSERT_OK(ipc_accept(self->fd, self->listener, &self->end));
	for (i = 0; i <= LIMIT; i++)
		self->files[i] = (struct capipc_attachment){
			.handle = self->fd,
			.kind = CAPIPC_KIND_FILE,
		};
}

FIXTURE_TEARDOWN(reply_file)
{
	actor_stop(&self->client);
	close(self->fd);
	nl_close(&self->nl);
}

/* Returns how many files came; number[1] is the call that stays. */
static long act_call(struct actor_page *page, long how)
{
	struct capipc_call call = {
		.size = sizeof(call),
		.deadline_ns = ipc_soon(),
		.reply_attachments_capacity = LIMIT + 1,
		.handle = page->number[0],
	};
	int ret;

	call.reply_attachments = how == STUCK ? 1 : ipc_ptr(page->in);
	ret = ipc_do_call(page->fd, &call);
	page->number[1] = call.pending;
	return ret ? ret : (long)call.reply_attachments_count;
}

static int answer(FIXTURE_DATA(reply_file) * self, int files)
{
	struct capipc_reply reply = {
		.attachments = ipc_ptr(self->files),
		.attachments_count = files,
		.handle = self->m.r.reply_handle,
	};

	return ipc_do_reply(self->fd, &reply);
}

static void begin(FIXTURE_DATA(reply_file) * self, int how)
{
	self->client.page->fd = self->client.dev;
	actor_begin(&self->client, act_call, how);
}

static __u64 in_flight(FIXTURE_DATA(reply_file) * self, uid_t uid)
{
	struct holding h = {};
	int ret = user_get(&self->nl, uid, uid, &h);

	return ret ? (__u64)ret : h.files;
}

/* The server may have as many as it likes, but it is not for the server to say. */
TEST_F(reply_file, more_than_the_caller_may_have)
{
	begin(self, TAKES);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_ERR(ETOOMANYREFS, answer(self, LIMIT + 1));
	EXPECT_EQ(0, in_flight(self, CALLER));
	/* the call goes on */
	EXPECT_OK(answer(self, LIMIT / 2));
	EXPECT_EQ(LIMIT / 2, actor_end(&self->client));
	EXPECT_EQ(0, in_flight(self, CALLER));
}

TEST_F(reply_file, not_taken)
{
	__u64 ours = in_flight(self, 0);
	struct capipc_close c = { .size = sizeof(c) };

	begin(self, STUCK);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(answer(self, LIMIT));
	EXPECT_EQ(-EFAULT, actor_end(&self->client));
	c.handle = self->client.page->number[1];
	ASSERT_NE(0, c.handle);
	EXPECT_EQ(LIMIT, in_flight(self, CALLER));
	EXPECT_EQ(ours, in_flight(self, 0));
	/* so there is no room for more, in messages of its own, too */
	begin(self, TAKES);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_ERR(ETOOMANYREFS, answer(self, 1));
	/* until the first call is given up */
	EXPECT_OK(answer(self, 0));
	EXPECT_EQ(0, actor_end(&self->client));
	EXPECT_OK(ACTOR_IOCTL(&self->client, CLOSE, &c));
	EXPECT_EQ(0, in_flight(self, CALLER));
	begin(self, TAKES);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_OK(answer(self, 1));
	EXPECT_EQ(1, actor_end(&self->client));
}

/* Files of a reply that nobody waits for any more go back to who replied. */
TEST_F(reply_file, caller_is_dead)
{
	begin(self, STUCK);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	ASSERT_OK(answer(self, LIMIT));
	EXPECT_EQ(-EFAULT, actor_end(&self->client));
	EXPECT_EQ(LIMIT, in_flight(self, CALLER));
	begin(self, TAKES);
	ASSERT_OK(ipc_recv(self->fd, &self->m));
	EXPECT_OK(actor_kill(&self->client));
	/* with its context all went that was in flight for it */
	EXPECT_ERR(ECANCELED, answer(self, LIMIT));
	EXPECT_EQ(0, in_flight(self, CALLER));
}

TEST_HARNESS_MAIN
