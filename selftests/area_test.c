// SPDX-License-Identifier: GPL-2.0
/*
 * Receive areas: what can be done with one, and what not. What arrives in one is in
 * area_message_test.c.
 */
#include "area.h"

static size_t page;

FIXTURE(area)
{
	struct area a; /* of four pages */
	struct area_receive w, other;
	struct ipc_message m;
};

FIXTURE_SETUP(area)
{
	page = sysconf(_SC_PAGESIZE);
	ASSERT_OK(area_open(&self->a, 4 * page));
}

FIXTURE_TEARDOWN(area)
{
	area_close(&self->a);
}

/* A request that does not wait, and gives @err. */
#define EXPECT_REFUSED(_err, _area, _offset, _capacity)                 \
	do {                                                            \
		struct capipc_receive _r =                              \
			area_request(&self->a, (_offset), (_capacity)); \
		_r.area = (_area);                                      \
		_r.flags = CAPIPC_NOWAIT;                               \
		EXPECT_ERR(_err, ipc_do_receive(self->a.fd, &_r));      \
	} while (0)

/* ---------------------------------------------------------------- creation */

TEST_F(area, flags)
{
	struct capipc_create_buffer a = { .bytes = page };
	uint32_t flag;

	for (flag = CAPIPC_BUFFER_SOURCE << 1; flag; flag <<= 1) {
		a.flags = flag;
		EXPECT_ERR(EINVAL, ipc_do_create_buffer(self->a.fd, &a));
		a.flags = flag | CAPIPC_BUFFER_AREA;
		EXPECT_ERR(EINVAL, ipc_do_create_buffer(self->a.fd, &a));
		a.flags = flag | CAPIPC_BUFFER_SOURCE;
		EXPECT_ERR(EINVAL, ipc_do_create_buffer(self->a.fd, &a));
	}
	/* Either the kernel alone writes there, or not. */
	a.flags = CAPIPC_BUFFER_AREA | CAPIPC_BUFFER_SOURCE;
	EXPECT_ERR(EINVAL, ipc_do_create_buffer(self->a.fd, &a));
}

TEST_F(area, size)
{
	struct capipc_create_buffer a = { .flags = CAPIPC_BUFFER_AREA };
	struct capipc_inspect i;

	EXPECT_ERR(EINVAL, ipc_do_create_buffer(self->a.fd, &a));
	a.bytes = page + 1;
	ASSERT_OK(ipc_do_create_buffer(self->a.fd, &a));
	EXPECT_EQ(2 * page, a.bytes);
	ASSERT_OK(ipc_do_inspect(self->a.fd, a.handle, &i));
	EXPECT_EQ(CAPIPC_KIND_BUFFER, i.kind);
	EXPECT_EQ(2 * page, i.bytes);
	a.bytes = 1ULL << 40;
	EXPECT_ERR(EMSGSIZE, ipc_do_create_buffer(self->a.fd, &a));
	a.bytes = ~0ULL;
	EXPECT_ERR(EMSGSIZE, ipc_do_create_buffer(self->a.fd, &a));
}

/* Whatever runs of pages it is made of. */
TEST_F(area, is_zero)
{
	static const size_t pages[] = { 1, 15, 16, 17, 33, 300 };
	uint32_t handle;
	size_t i, at;
	char *p;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		ASSERT_OK(area_create(self->a.fd, pages[i] * page, &handle));
		ASSERT_OK(ipc_map(self->a.fd, handle, pages[i] * page,
				  PROT_READ, &p));
		for (at = 0; at < pages[i] * page; at++)
			ASSERT_EQ(0, p[at]);
		EXPECT_EQ(0, munmap(p, pages[i] * page));
		EXPECT_OK(ipc_close(self->a.fd, handle));
	}
}

/* ------------------------------------------------------------------ rights */

TEST_F(area, has_no_other_rights)
{
	struct capipc_replace r = { .size = sizeof(r),
				    .handle = self->a.handle };
	struct capipc_inspect i;
	uint32_t right, other;

	ASSERT_OK(ipc_do_inspect(self->a.fd, self->a.handle, &i));
	EXPECT_EQ(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_MAP, i.rights);
	EXPECT_ERR(EPERM, ipc_duplicate(self->a.fd, self->a.handle,
					CAPIPC_RIGHTS_SAME, &other));
	EXPECT_ERR(EPERM, ipc_send_handle(self->a.fd, self->a.end, "x",
					  self->a.handle));
	for (right = 1; right < 1U << 16; right <<= 1) {
		if (right & i.rights)
			continue;
		r.rights = i.rights | right;
		EXPECT_NE(0, ipc_ioctl(self->a.fd, CAPIPC_IOC_REPLACE, &r));
	}
	ASSERT_OK(ipc_do_inspect(self->a.fd, self->a.handle, &i));
	EXPECT_EQ(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_MAP, i.rights);
}

TEST_F(area, is_mapped_for_reading_only)
{
	struct capipc_receive r = area_request(&self->a, 0, page);
	char *p;

	EXPECT_ERR(EPERM, ipc_map(self->a.fd, self->a.handle, page,
				  PROT_READ | PROT_WRITE, &p));
	EXPECT_ERR(EPERM,
		   ipc_map(self->a.fd, self->a.handle, page, PROT_WRITE, &p));
	EXPECT_ERR(EPERM, ipc_map(self->a.fd, self->a.handle, page,
				  PROT_READ | PROT_EXEC, &p));
	EXPECT_ERR(EINVAL, ipc_map_flags(self->a.fd, self->a.handle, page,
					 PROT_READ, MAP_PRIVATE, NULL, &p));
	EXPECT_EQ(-1, mprotect(self->a.p, page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_READABLE(self->a.p);
	EXPECT_EQ(SIGSEGV, touch(self->a.p, true));
	/* Nor by the kernel, for us. */
	r.data = ipc_ptr(self->a.p);
	r.area = 0;
	ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 1, "x"));
	EXPECT_ERR(EFAULT, ipc_do_receive(self->a.fd, &r));
}

/* Without READ nothing is received there, and it is not mapped. */
TEST_F(area, without_read)
{
	struct capipc_replace r = { .size = sizeof(r),
				    .handle = self->a.handle,
				    .rights = CAPIPC_RIGHT_MAP };

	ASSERT_OK(ipc_ioctl(self->a.fd, CAPIPC_IOC_REPLACE, &r));
	EXPECT_REFUSED(EPERM, r.replaced, 0, page);
	EXPECT_REFUSED(EBADF, self->a.handle, 0, page);
}

/* ----------------------------------------------------------------- requests */

TEST_F(area, must_be_one)
{
	uint32_t buffer, pipe[2];

	ASSERT_OK(ipc_buffer(self->a.fd, 4 * page, &buffer));
	ASSERT_OK(ipc_create(self->a.fd, pipe));
	EXPECT_REFUSED(EPROTOTYPE, buffer, 0, page);
	EXPECT_REFUSED(EPROTOTYPE, pipe[0], 0, page);
	EXPECT_REFUSED(EBADF, 12345, 0, page);
	EXPECT_OK(ipc_close(self->a.fd, self->a.handle));
	EXPECT_REFUSED(EBADF, self->a.handle, 0, page);
}

TEST_F(area, bounds)
{
	const uint32_t area = self->a.handle;
	const size_t size = self->a.bytes;

	EXPECT_REFUSED(EAGAIN, area, 0, size);
	EXPECT_REFUSED(EAGAIN, area, size - 1, 1);
	EXPECT_REFUSED(EAGAIN, area, size, 0);
	EXPECT_REFUSED(EINVAL, area, 0, size + 1);
	EXPECT_REFUSED(EINVAL, area, 1, size);
	EXPECT_REFUSED(EINVAL, area, size, 1);
	EXPECT_REFUSED(EINVAL, area, size + 1, 0);
	EXPECT_REFUSED(EINVAL, area, 0, UINT32_MAX);
	EXPECT_REFUSED(EINVAL, area, ~0ULL, 0);
	EXPECT_REFUSED(EINVAL, area, ~0ULL, 1);
	EXPECT_REFUSED(EINVAL, area, ~0ULL - page + 1, page);
	EXPECT_REFUSED(EINVAL, area, 1ULL << 32, page);
	EXPECT_REFUSED(EINVAL, area, ipc_ptr(self->a.p), page);
}

TEST_F(area, reserved)
{
	struct capipc_receive r = area_request(&self->a, 0, page);

	r.flags = CAPIPC_NOWAIT;
	r.reserved = 1;
	EXPECT_ERR(EINVAL, ipc_do_receive(self->a.fd, &r));
	r.reserved = 0;
	EXPECT_ERR(EAGAIN, ipc_do_receive(self->a.fd, &r));
}

/* Who does not know of areas has a shorter struct, and gets what he always got. */
TEST_F(area, is_not_known_to_all)
{
	char data[8] = "";
	struct capipc_receive r = {
		.size = offsetof(struct capipc_receive, area),
		.data = ipc_ptr(data),
		.data_capacity = sizeof(data),
		.flags = CAPIPC_NOWAIT,
		.area = self->a.handle,
	};

	ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 3, "short"));
	ASSERT_OK(ipc_ioctl(self->a.fd, CAPIPC_IOC_RECEIVE, &r));
	EXPECT_STREQ("short", data);
}

/* A request that names a bad area has not sent its reply. */
TEST_F(area, comes_before_the_reply)
{
	struct capipc_receive r = area_request(&self->a, 1, 4 * page);
	struct capipc_reply reply = { .size = sizeof(reply) };
	struct async_call c;

	ASSERT_OK(async_call(&c, self->a.sender, self->a.from, "?"));
	ASSERT_OK(ipc_recv(self->a.fd, &self->m));
	reply.handle = self->m.r.reply_handle;
	r.reply = ipc_ptr(&reply);
	EXPECT_ERR(EINVAL, ipc_do_receive(self->a.fd, &r));
	EXPECT_FALSE(async_ended(&c.async));
	r = area_request(&self->a, 0, page);
	r.flags = CAPIPC_NOWAIT;
	r.reply = ipc_ptr(&reply);
	EXPECT_ERR(EAGAIN, ipc_do_receive(self->a.fd, &r));
	EXPECT_EQ(0, r.reply);
	EXPECT_OK(async_call_join(&c));
}

/* ------------------------------------------------------- one after the other */

/*
 * What is placed in an area must stay what was sent until it is delivered, or put back: another
 * receive of ours must not write there meanwhile.
 */
TEST_F(area, is_for_one_request_at_a_time)
{
	uint32_t second;

	ASSERT_OK(area_receive(&self->w, &self->a, 0, page));
	EXPECT_REFUSED(EBUSY, self->a.handle, 0, page);
	EXPECT_REFUSED(EBUSY, self->a.handle, 2 * page, page);
	EXPECT_REFUSED(EBUSY, self->a.handle, 0, 0);
	ASSERT_OK(area_create(self->a.fd, page, &second));
	EXPECT_REFUSED(EAGAIN, second, 0, page);
	/* Whatever else is wrong is said as before. */
	EXPECT_REFUSED(EINVAL, self->a.handle, 0, 5 * page);
	ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 1, "one"));
	EXPECT_OK(area_receive_join(&self->w));
	EXPECT_EQ(0, memcmp(self->a.p, "one", 3));
	EXPECT_REFUSED(EAGAIN, self->a.handle, 0, page);
}

/* It is free again however the request ended. */
TEST_F(area, is_free_after_a_failure)
{
	struct capipc_receive r = area_request(&self->a, 0, 2);

	ASSERT_OK(catch_signal(SIGUSR1, 0));
	ASSERT_OK(area_receive(&self->w, &self->a, 0, page));
	ASSERT_OK(async_signal(&self->w.async, SIGUSR1));
	EXPECT_ERR(EINTR, area_receive_join(&self->w));
	r.deadline_ns = 1;
	EXPECT_ERR(ETIMEDOUT, ipc_do_receive(self->a.fd, &r));
	ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 1, "long"));
	EXPECT_ERR(EMSGSIZE, ipc_do_receive(self->a.fd, &r));
	EXPECT_EQ(4, r.data_len);
	r = area_request(&self->a, 0, page);
	EXPECT_OK(ipc_do_receive(self->a.fd, &r));
	EXPECT_EQ(0, memcmp(self->a.p, "long", 4));
}

/* ----------------------------------------------------------- how long it is there */

TEST_F(area, handle_closed_while_a_thread_waits)
{
	ASSERT_OK(area_receive(&self->w, &self->a, 5, page));
	ASSERT_OK(ipc_close(self->a.fd, self->a.handle));
	EXPECT_REFUSED(EBADF, self->a.handle, 0, page);
	ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 1, "late"));
	EXPECT_OK(area_receive_join(&self->w));
	EXPECT_EQ(0, memcmp(self->a.p + 5, "late", 4));
}

TEST_F(area, unmapped_while_a_thread_waits)
{
	ASSERT_OK(area_receive(&self->w, &self->a, 5, page));
	ASSERT_EQ(0, munmap(self->a.p, self->a.bytes));
	ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 1, "unseen"));
	EXPECT_OK(area_receive_join(&self->w));
	ASSERT_OK(ipc_map(self->a.fd, self->a.handle, self->a.bytes, PROT_READ,
			  &self->a.p));
	EXPECT_EQ(0, memcmp(self->a.p + 5, "unseen", 6));
}

/* Neither mapped nor named any more: there as long as the request is. */
TEST_F(area, gone_while_a_thread_waits)
{
	ASSERT_OK(area_receive(&self->w, &self->a, 5, page));
	ASSERT_EQ(0, munmap(self->a.p, self->a.bytes));
	self->a.p = NULL;
	ASSERT_OK(ipc_close(self->a.fd, self->a.handle));
	ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 1, "to nobody"));
	EXPECT_OK(area_receive_join(&self->w));
	EXPECT_EQ(9, self->w.r.data_len);
}

/* The handle that comes next in the same slot is no area. */
TEST_F(area, mapping_outlives_the_handle)
{
	struct capipc_receive r = area_request(&self->a, 0, page);

	ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 1, "kept"));
	ASSERT_OK(ipc_do_receive(self->a.fd, &r));
	ASSERT_OK(ipc_close(self->a.fd, self->a.handle));
	EXPECT_EQ(0, memcmp(self->a.p, "kept", 4));
	EXPECT_EQ(-1, mprotect(self->a.p, page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
}

/* Its bytes are charged as long as it is there. */
TEST_F(area, is_paid_for)
{
	uint32_t handle[4096];
	unsigned int n = 0;
	int ret;

	do {
		ret = area_create(self->a.fd, MIB, &handle[n]);
	} while (!ret && ++n < ARRAY_SIZE(handle));
	EXPECT_TRUE(ret == -EDQUOT || ret == -ENOMEM);
	EXPECT_LT(0, n);
	while (n)
		EXPECT_OK(ipc_close(self->a.fd, handle[--n]));
	EXPECT_OK(area_create(self->a.fd, MIB, &handle[0]));
}

/* ------------------------------------------------- what else can be received */

TEST_F(area, call_and_reply)
{
	struct capipc_reply reply = { .size = sizeof(reply) };
	struct async_call c;

	ASSERT_OK(area_receive(&self->w, &self->a, 7, page));
	ASSERT_OK(async_call(&c, self->a.sender, self->a.from, "question"));
	ASSERT_OK(area_receive_join(&self->w));
	EXPECT_EQ(CAPIPC_RECEIVED_CALL, self->w.r.type);
	EXPECT_EQ(8, self->w.r.data_len);
	EXPECT_EQ(0, memcmp(self->a.p + 7, "question", 8));
	reply.handle = self->w.r.reply_handle;
	reply.data = ipc_ptr(self->a.p + 7);
	reply.data_len = 8;
	EXPECT_OK(ipc_do_reply(self->a.fd, &reply));
	EXPECT_OK(async_call_join(&c));
	EXPECT_STREQ("question", c.reply);
}

TEST_F(area, with_attachments)
{
	struct capipc_attachment att;
	struct capipc_receive r = area_request(&self->a, 7, page);
	uint32_t pipe[2];

	ASSERT_OK(ipc_create(self->a.sender, pipe));
	ASSERT_OK(ipc_send_handle(self->a.sender, self->a.from, "take it",
				  pipe[0]));
	r.attachments = ipc_ptr(&att);
	r.attachments_capacity = 1;
	ASSERT_OK(ipc_do_receive(self->a.fd, &r));
	EXPECT_EQ(0, memcmp(self->a.p + 7, "take it", 7));
	EXPECT_OK(ipc_send_str(self->a.fd, att.handle, 1, "thanks"));
	EXPECT_OK(ipc_recv_from(self->a.sender, pipe[1], &self->m));
}

TEST_F(area, by_handle_and_news)
{
	struct capipc_receive r = area_request(&self->a, 1, page);

	ASSERT_OK(ipc_send_str(self->a.sender, self->a.from, 1, "last"));
	ASSERT_OK(ipc_close(self->a.sender, self->a.from));
	r.handle = self->a.end;
	ASSERT_OK(ipc_do_receive(self->a.fd, &r));
	EXPECT_EQ(0, memcmp(self->a.p + 1, "last", 4));
	area_keep(&self->a);
	r = area_request(&self->a, 1, page);
	ASSERT_OK(ipc_do_receive(self->a.fd, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, r.type);
	EXPECT_TRUE(area_is_kept(&self->a));
}

TEST_HARNESS_MAIN
