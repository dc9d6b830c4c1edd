// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that messages are sent from: what can be done with one, and what not. What arrives
 * out of one is in source_message_test.c, what is lent in loan_test.c.
 */
#include "source.h"

static size_t page;

FIXTURE(source)
{
	struct area a;
	struct source s; /* of four pages, of the sender */
	struct area_receive w;
	struct ipc_message m;
};

FIXTURE_SETUP(source)
{
	page = sysconf(_SC_PAGESIZE);
	ASSERT_OK(area_open(&self->a, 4 * page));
	ASSERT_OK(source_open(&self->s, self->a.sender, 4 * page));
}

FIXTURE_TEARDOWN(source)
{
	munmap(self->s.p, self->s.bytes);
	area_close(&self->a);
}

/* Neither sent nor called with, and nobody has noticed. */
#define EXPECT_REFUSED(_err, _source, _offset, _len)                           \
	do {                                                                   \
		struct capipc_send _s = source_message(&self->s, self->a.from, \
						       (_offset), (_len), 1);  \
		struct capipc_call _c = source_request(&self->s, self->a.from, \
						       (_offset), (_len), 1);  \
		_s.source = (_source);                                         \
		_c.source = (_source);                                         \
		EXPECT_ERR(_err, ipc_do_send(self->a.sender, &_s));            \
		EXPECT_ERR(_err, ipc_do_call(self->a.sender, &_c));            \
		EXPECT_EQ(CAPIPC_CALL_UNSENT, _c.state);                       \
		EXPECT_EQ(0, _c.pending);                                      \
		EXPECT_EQ(0, ipc_queued(self->a.fd, self->a.end));             \
		EXPECT_ERR(EAGAIN, ipc_tryrecv(self->a.fd, &self->m));         \
	} while (0)

/* Sent, and called with until a deadline that has passed. */
#define EXPECT_TAKEN(_source, _offset, _len)                                   \
	do {                                                                   \
		struct capipc_send _s = source_message(&self->s, self->a.from, \
						       (_offset), (_len), 1);  \
		struct capipc_call _c = source_request(&self->s, self->a.from, \
						       (_offset), (_len), 1);  \
		struct capipc_receive _r =                                     \
			area_request(&self->a, 0, self->a.bytes);              \
		_s.source = (_source);                                         \
		_c.source = (_source);                                         \
		_c.deadline_ns = 1;                                            \
		EXPECT_OK(ipc_do_send(self->a.sender, &_s));                   \
		EXPECT_OK(ipc_do_receive(self->a.fd, &_r));                    \
		EXPECT_EQ(_len, _r.data_len);                                  \
		EXPECT_ERR(ETIMEDOUT, ipc_do_call(self->a.sender, &_c));       \
		EXPECT_EQ(CAPIPC_CALL_SENT, _c.state);                         \
		EXPECT_ERR(EAGAIN, ipc_tryrecv(self->a.fd, &self->m));         \
	} while (0)

/* ---------------------------------------------------------------- creation */

TEST_F(source, size)
{
	struct capipc_create_buffer a = { .flags = CAPIPC_BUFFER_SOURCE };
	struct capipc_inspect i;

	EXPECT_ERR(EINVAL, ipc_do_create_buffer(self->s.fd, &a));
	a.bytes = page + 1;
	ASSERT_OK(ipc_do_create_buffer(self->s.fd, &a));
	EXPECT_EQ(2 * page, a.bytes);
	ASSERT_OK(ipc_do_inspect(self->s.fd, a.handle, &i));
	EXPECT_EQ(CAPIPC_KIND_BUFFER, i.kind);
	EXPECT_EQ(2 * page, i.bytes);
	EXPECT_EQ(IPC_RIGHTS_BUFFER, i.rights);
	a.bytes = ~0ULL;
	EXPECT_ERR(EMSGSIZE, ipc_do_create_buffer(self->s.fd, &a));
	a.bytes = page;
	a.reserved = 1;
	EXPECT_ERR(EINVAL, ipc_do_create_buffer(self->s.fd, &a));
}

/* A buffer like any other, to whoever maps it. */
TEST_F(source, is_zero_and_shared)
{
	uint32_t other;
	size_t i;
	char *q;

	for (i = 0; i < self->s.bytes; i++)
		ASSERT_EQ(0, self->s.p[i]);
	ASSERT_OK(ipc_duplicate(self->s.fd, self->s.handle,
				IPC_RIGHTS_READ_ONLY, &other));
	ASSERT_OK(ipc_map(self->s.fd, other, 4 * page, PROT_READ, &q));
	EXPECT_ERR(EPERM, ipc_map(self->s.fd, other, page,
				  PROT_READ | PROT_WRITE, &self->m.data));
	EXPECT_WRITABLE(self->s.p + 4 * page - 1);
	EXPECT_EQ('w', q[4 * page - 1]);
	EXPECT_EQ(SIGSEGV, touch(q, true));
	munmap(q, 4 * page);
}

/* ----------------------------------------------------------------- requests */

TEST_F(source, must_be_one)
{
	uint32_t buffer, area, pipe[2], data[2];

	ASSERT_OK(ipc_buffer(self->s.fd, 4 * page, &buffer));
	ASSERT_OK(area_create(self->s.fd, 4 * page, &area));
	ASSERT_OK(ipc_create(self->s.fd, pipe));
	ASSERT_OK(ipc_data_pipe(self->s.fd, 16, 1, data));
	EXPECT_REFUSED(EPROTOTYPE, buffer, 0, 600);
	EXPECT_REFUSED(EPROTOTYPE, area, 0, 600);
	EXPECT_REFUSED(EPROTOTYPE, pipe[0], 0, 600);
	EXPECT_REFUSED(EPROTOTYPE, data[0], 0, 600);
	EXPECT_REFUSED(EPROTOTYPE, data[1], 0, 600);
	EXPECT_REFUSED(EPROTOTYPE, self->a.from, 0, 600);
	EXPECT_REFUSED(EBADF, 12345, 0, 600);
	/* The right slot, but another generation. */
	EXPECT_REFUSED(EBADF, self->s.handle ^ 1U << 31, 0, 600);
	EXPECT_TAKEN(self->s.handle, 0, 600);
	EXPECT_OK(ipc_close(self->s.fd, self->s.handle));
	EXPECT_REFUSED(EBADF, self->s.handle, 0, 600);
	EXPECT_REFUSED(EBADF, self->s.handle, 0, 0);
}

TEST_F(source, bounds)
{
	const uint32_t source = self->s.handle;
	const size_t size = self->s.bytes;

	EXPECT_TAKEN(source, 0, size);
	EXPECT_TAKEN(source, size - 1, 1);
	EXPECT_TAKEN(source, size - 513, 513);
	EXPECT_TAKEN(source, size, 0);
	EXPECT_REFUSED(EINVAL, source, 0, size + 1);
	EXPECT_REFUSED(EINVAL, source, 1, size);
	EXPECT_REFUSED(EINVAL, source, size, 1);
	EXPECT_REFUSED(EINVAL, source, size - 512, 513);
	EXPECT_REFUSED(EINVAL, source, size + 1, 0);
	EXPECT_REFUSED(EINVAL, source, size + 1, 600);
	EXPECT_REFUSED(EINVAL, source, ~0ULL, 0);
	EXPECT_REFUSED(EINVAL, source, ~0ULL, 1);
	EXPECT_REFUSED(EINVAL, source, ~0ULL, 600);
	EXPECT_REFUSED(EINVAL, source, ~0ULL - page + 1, page);
	EXPECT_REFUSED(EINVAL, source, ~0ULL - 2 * page + 1, 3 * page);
	EXPECT_REFUSED(EINVAL, source, 1ULL << 32, page);
	EXPECT_REFUSED(EINVAL, source, 1ULL << 63, page);
	EXPECT_REFUSED(EINVAL, source, ipc_ptr(self->s.p), page);
	EXPECT_REFUSED(EINVAL, source, 0, CAPIPC_MESSAGE_MAX);
}

/* However large the buffer is, a message is no larger than others. */
TEST_F(source, larger_than_a_message)
{
	struct source big;

	ASSERT_OK(source_open(&big, self->s.fd, 2 * MIB));
	EXPECT_REFUSED(EMSGSIZE, big.handle, 0, CAPIPC_MESSAGE_MAX + 1);
	EXPECT_REFUSED(EMSGSIZE, big.handle, 5, CAPIPC_MESSAGE_MAX + 1);
	EXPECT_REFUSED(EINVAL, big.handle, 0, UINT32_MAX);
	EXPECT_OK(source_close(&big));
}

TEST_F(source, reserved)
{
	struct capipc_send s =
		source_message(&self->s, self->a.from, 0, 600, 1);
	struct capipc_call c =
		source_request(&self->s, self->a.from, 0, 600, 1);
	int bit;

	for (bit = 0; bit < 32; bit++) {
		s.reserved = 1U << bit;
		c.reserved = 1U << bit;
		EXPECT_ERR(EINVAL, ipc_do_send(self->s.fd, &s));
		EXPECT_ERR(EINVAL, ipc_do_call(self->s.fd, &c));
		s.source = 0;
		EXPECT_ERR(EINVAL, ipc_do_send(self->s.fd, &s));
		s.source = self->s.handle;
	}
	EXPECT_EQ(0, ipc_queued(self->a.fd, self->a.end));
	EXPECT_TAKEN(self->s.handle, 0, 600);
}

/* Without READ nothing is read there for us. */
TEST_F(source, without_read)
{
	uint32_t other;

	ASSERT_OK(ipc_duplicate(self->s.fd, self->s.handle,
				IPC_RIGHTS_BUFFER & ~CAPIPC_RIGHT_READ,
				&other));
	EXPECT_REFUSED(EPERM, other, 0, 600);
	EXPECT_REFUSED(EPERM, other, 0, 0);
	ASSERT_OK(ipc_duplicate(self->s.fd, self->s.handle, CAPIPC_RIGHT_READ,
				&other));
	EXPECT_TAKEN(other, 0, 600);
}

/* Who does not know of sources has shorter structs, and gets what he always got. */
TEST_F(source, is_not_known_to_all)
{
	struct capipc_send s = {
		.size = offsetof(struct capipc_send, source),
		.deadline_ns = ipc_soon(),
		.data = ipc_ptr("short"),
		.data_len = 5,
		.handle = self->a.from,
		.source = self->s.handle,
		.reserved = 1,
	};
	struct capipc_call c = {
		.size = offsetof(struct capipc_call, source),
		.deadline_ns = 1,
		.data = ipc_ptr("call"),
		.data_len = 4,
		.handle = self->a.from,
		.source = self->s.handle,
		.reserved = 1,
	};

	ASSERT_OK(ipc_ioctl(self->s.fd, CAPIPC_IOC_SEND, &s));
	ASSERT_OK(ipc_recv(self->a.fd, &self->m));
	EXPECT_STREQ("short", self->m.data);
	EXPECT_ERR(ETIMEDOUT, ipc_ioctl(self->s.fd, CAPIPC_IOC_CALL, &c));
	EXPECT_EQ(CAPIPC_CALL_SENT, c.state);
	EXPECT_EQ(self->s.handle, c.source);
	EXPECT_EQ(1, c.reserved);
}

/* Nothing is received into it. */
TEST_F(source, is_no_area)
{
	struct capipc_receive r = area_request(&self->a, 0, page);
	struct source s;

	ASSERT_OK(source_open(&s, self->a.fd, 4 * page));
	r.area = s.handle;
	r.flags = CAPIPC_NOWAIT;
	EXPECT_ERR(EPROTOTYPE, ipc_do_receive(self->a.fd, &r));
	ASSERT_OK(source_send(&self->s, self->a.from, 0, 600, 1));
	EXPECT_ERR(EPROTOTYPE, ipc_do_receive(self->a.fd, &r));
	EXPECT_EQ(1, ipc_queued(self->a.fd, self->a.end));
	EXPECT_OK(source_close(&s));
}

/* Received by hand into memory that is mapped, which it is, all the same. */
TEST_F(source, can_be_received_into_by_address)
{
	strcpy(self->s.p, "from the first page to the third");
	self->m.r = (struct capipc_receive){
		.deadline_ns = ipc_soon(),
		.data = ipc_ptr(self->s.p + 2 * page),
		.data_capacity = page,
	};
	ASSERT_OK(source_send(&self->s, self->a.from, 0, 600, 1));
	ASSERT_OK(ipc_do_receive(self->a.fd, &self->m.r));
	EXPECT_STREQ(self->s.p, self->s.p + 2 * page);
}

/* ------------------------------------------------------------------- others */

/* Who got the handle in a message sends from it, without having it mapped. */
TEST_F(source, of_somebody_else)
{
	struct capipc_attachment att;
	struct source theirs = { .fd = self->a.fd };
	uint32_t d;

	ASSERT_OK(ipc_duplicate(self->s.fd, self->s.handle, CAPIPC_RIGHTS_SAME,
				&d));
	att = ipc_attach_rights(d, CAPIPC_RIGHT_READ);
	ASSERT_OK(ipc_send_full(self->s.fd, self->a.from, 1, NULL, 0, &att, 1));
	ASSERT_OK(ipc_recv(self->a.fd, &self->m));
	ASSERT_EQ(1, self->m.r.attachments_count);
	theirs.handle = self->m.att[0].handle;
	pattern_fill(self->s.p, 4 * page, 7);
	ASSERT_OK(source_send(&theirs, self->a.end, 10, 3000, 1));
	ASSERT_OK(ipc_recv(self->s.fd, &self->m));
	EXPECT_EQ(3000, self->m.r.data_len);
	EXPECT_EQ(0, memcmp(self->m.data, self->s.p + 10, 3000));
	/* Nor does it go as long as they have it. */
	ASSERT_OK(ipc_close(self->s.fd, self->s.handle));
	ASSERT_OK(source_send(&theirs, self->a.end, 20, 3000, 1));
	ASSERT_OK(ipc_recv(self->s.fd, &self->m));
	EXPECT_EQ(0, memcmp(self->m.data, self->s.p + 20, 3000));
	EXPECT_ERR(EINVAL,
		   source_send(&theirs, self->a.end, 4 * page - 1, 2, 1));
}

/* Sent from and attached: the bytes are there, and the handle has gone. */
TEST_F(source, attached_to_its_own_message)
{
	struct capipc_attachment att = ipc_attach(self->s.handle);
	struct capipc_send s =
		source_message(&self->s, self->a.from, 100, 2000, 1);

	pattern_fill(self->s.p + 100, 2000, 3);
	s.attachments = ipc_ptr(&att);
	s.attachments_count = 1;
	ASSERT_OK(ipc_do_send(self->s.fd, &s));
	EXPECT_ERR(EBADF, ipc_alive(self->s.fd, self->s.handle));
	ASSERT_OK(ipc_recv(self->a.fd, &self->m));
	EXPECT_EQ(1, self->m.r.attachments_count);
	EXPECT_TRUE(pattern_is(self->m.data, 2000, 3));
	EXPECT_OK(ipc_alive(self->a.fd, self->m.att[0].handle));
}

/* ---------------------------------------------------------- nothing is sent */

TEST_F(source, rules)
{
	struct capipc_rule some = { .ordinal_first = 5, .ordinal_last = 5 };
	struct capipc_restrict r = {
		.size = sizeof(r),
		.rules = ipc_ptr(&some),
		.rules_count = 1,
		.rule_size = sizeof(some),
		.handle = self->a.end,
	};
	struct capipc_call c =
		source_request(&self->s, self->a.from, 0, 3000, 4);

	ASSERT_OK(ipc_ioctl(self->a.fd, CAPIPC_IOC_RESTRICT, &r));
	area_keep(&self->a);
	ASSERT_OK(area_receive(&self->w, &self->a, 0, self->a.bytes));
	pattern_fill(self->s.p, 4 * page, 1);
	EXPECT_ERR(EACCES, source_send(&self->s, self->a.from, 0, 3000, 4));
	EXPECT_ERR(EACCES, ipc_do_call(self->s.fd, &c));
	EXPECT_EQ(CAPIPC_CALL_UNSENT, c.state);
	EXPECT_FALSE(async_ended(&self->w.async));
	EXPECT_TRUE(area_is_kept(&self->a));
	EXPECT_OK(source_send(&self->s, self->a.from, 0, 3000, 5));
	EXPECT_OK(area_receive_join(&self->w));
	EXPECT_TRUE(pattern_is(self->a.p, 3000, 1));
}

TEST_F(source, closed_peer)
{
	struct capipc_call c =
		source_request(&self->s, self->a.from, 0, 3000, 1);

	ASSERT_OK(ipc_close(self->a.fd, self->a.end));
	EXPECT_ERR(EPIPE, source_send(&self->s, self->a.from, 0, 3000, 1));
	EXPECT_ERR(EPIPE, ipc_do_call(self->s.fd, &c));
	EXPECT_EQ(CAPIPC_CALL_UNSENT, c.state);
	EXPECT_OK(ipc_alive(self->s.fd, self->s.handle));
	/* What is wrong with the source is said as well, if both are. */
	EXPECT_ERR(EINVAL, source_send(&self->s, self->a.from, ~0ULL, 1, 1));
}

/* ------------------------------------------------------------------- account */

FIXTURE(source_account)
{
	struct area a;
	struct nl nl;
};

FIXTURE_SETUP(source_account)
{
	page = sysconf(_SC_PAGESIZE);
	ASSERT_OK(area_open(&self->a, 4 * page));
	ASSERT_OK(nl_open(&self->nl));
}

FIXTURE_TEARDOWN(source_account)
{
	nl_close(&self->nl);
	area_close(&self->a);
}

/* As long as it is named, mapped, or on its way; and its mapping in the kernel is not free. */
TEST_F(source_account, who_pays_and_how_long)
{
	const int fd = self->a.sender;
	struct ipc_message m;
	__u64 before, of_buffer, of_source;
	uint32_t buffer;
	struct source s;

	before = bytes_charged(&self->nl, fd);
	ASSERT_NE(~0ULL, before);
	ASSERT_OK(ipc_buffer(fd, 64 * page, &buffer));
	of_buffer = bytes_charged(&self->nl, fd) - before;
	EXPECT_LE(64 * page, of_buffer);
	ASSERT_OK(ipc_close(fd, buffer));
	EXPECT_EQ(before, bytes_charged(&self->nl, fd));

	ASSERT_OK(source_open(&s, fd, 64 * page));
	of_source = bytes_charged(&self->nl, fd) - before;
	EXPECT_LT(of_buffer, of_source);
	/* What was sent is a message, which has bytes of its own. */
	ASSERT_OK(source_send(&s, self->a.from, 0, 3000, 1));
	EXPECT_LE(before + of_source + 3000, bytes_charged(&self->nl, fd));
	ASSERT_OK(ipc_close(fd, s.handle));
	EXPECT_LE(before + of_source + 3000, bytes_charged(&self->nl, fd));
	munmap(s.p, s.bytes);
	EXPECT_GT(before + of_source, bytes_charged(&self->nl, fd));
	EXPECT_LE(before + 3000, bytes_charged(&self->nl, fd));
	ASSERT_OK(ipc_recv(self->a.fd, &m));
	EXPECT_EQ(before, bytes_charged(&self->nl, fd));
}

TEST_F(source_account, full)
{
	const int fd = self->a.sender;
	__u64 before = bytes_charged(&self->nl, fd);
	uint32_t handle[4096];
	unsigned int n = 0;
	int ret;

	do {
		ret = source_create(fd, MIB, &handle[n]);
	} while (!ret && ++n < ARRAY_SIZE(handle));
	EXPECT_TRUE(ret == -EDQUOT || ret == -ENOMEM);
	EXPECT_LT(0, n);
	while (n)
		EXPECT_OK(ipc_close(fd, handle[--n]));
	EXPECT_EQ(before, bytes_charged(&self->nl, fd));
	EXPECT_OK(source_create(fd, MIB, &handle[0]));
}

/* What was refused has cost nothing. */
TEST_F(source_account, failures_are_free)
{
	const int fd = self->a.sender;
	struct capipc_call c;
	struct source s;
	__u64 before;
	int i;

	ASSERT_OK(source_open(&s, fd, 4 * page));
	before = bytes_charged(&self->nl, fd);
	for (i = 0; i < 50; i++) {
		EXPECT_ERR(EINVAL,
			   source_send(&s, self->a.from, ~0ULL, 1000, 1));
		c = source_request(&s, self->a.from, 1, 4 * page, 1);
		EXPECT_ERR(EINVAL, ipc_do_call(fd, &c));
		EXPECT_ERR(EBADF, source_send(&s, 12345, 0, 1000, 1));
		c = source_request(&s, self->a.from, 1, 3 * page, 1);
		c.deadline_ns = 1;
		EXPECT_ERR(ETIMEDOUT, ipc_do_call(fd, &c));
	}
	EXPECT_EQ(before, bytes_charged(&self->nl, fd));
	EXPECT_OK(source_close(&s));
	EXPECT_EQ(0, ipc_queued(self->a.fd, self->a.end));
}

TEST_HARNESS_MAIN
