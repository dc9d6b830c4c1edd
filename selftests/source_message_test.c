// SPDX-License-Identifier: GPL-2.0
/*
 * Messages and calls out of a buffer: of every size, to threads that wait, with an area and
 * without, and to those that come later, with and without the fast path. What happens to those
 * that are lent, between the two, is in loan_test.c.
 */
#include "source.h"

static size_t page;

FIXTURE(source_message)
{
	struct area a;
	struct source s; /* of the sender */
	struct area_receive w;
	struct async_call c;
	struct ipc_message m;
	char *bytes; /* what is received without an area */
	bool was_fast;
};

FIXTURE_VARIANT(source_message)
{
	bool fast;
};

FIXTURE_VARIANT_ADD(source_message, fast_path){
	.fast = true,
};

FIXTURE_VARIANT_ADD(source_message, general_path){
	.fast = false,
};

FIXTURE_SETUP(source_message)
{
	page = sysconf(_SC_PAGESIZE);
	self->was_fast = fast_path() == 1;
	ASSERT_OK(set_fast_path(variant->fast));
	ASSERT_OK(area_open(&self->a, MIB + 32 * page));
	ASSERT_OK(source_open(&self->s, self->a.sender, MIB + 32 * page));
	self->bytes = calloc(1, MIB + page);
	ASSERT_NE(NULL, self->bytes);
}

FIXTURE_TEARDOWN(source_message)
{
	set_fast_path(self->was_fast);
	free(self->bytes);
	munmap(self->s.p, self->s.bytes);
	area_close(&self->a);
}

static const uint32_t sizes[] = {
	0,     1,     7,     8,	    63,	    88,	    88 + 1,  255,  256,	 257,
	511,   512,   513,   1000,  4095,   4096,   4097,    8191, 8192, 12288,
	40000, 65535, 65536, 65537, 131072, 500001, MIB - 1, MIB,
};

/* Where from, and where to. */
static const struct {
	uint32_t from, to;
} offsets[] = {
	{ 0, 0 },	 { 4093, 1 }, { 1, 4093 }, { 4096, 65535 - 8 },
	{ 65535, 4096 },
};

/* All of them for small messages, two for large ones, which take their time. */
static size_t offsets_of(uint32_t size)
{
	return size > 8192 ? 2 : ARRAY_SIZE(offsets);
}

/* Alone in the buffer, but for what would be seen if it were sent. */
static void put_pattern(struct source *s, uint32_t offset, uint32_t len,
			uint32_t seed)
{
	memset(s->p, 0x5a, s->bytes);
	pattern_fill(s->p + offset, len, seed);
}

/* It has arrived, where it should, and nothing has changed around it. */
#define EXPECT_ARRIVED(_type, _r, _offset, _len, _seed)                      \
	do {                                                                 \
		EXPECT_EQ(CAPIPC_RECEIVED_##_type, (_r)->type);              \
		EXPECT_EQ(_len, (_r)->data_len);                             \
		EXPECT_EQ(_seed, (_r)->ordinal);                             \
		EXPECT_EQ(self->a.end, (_r)->from);                          \
		EXPECT_TRUE(pattern_is(self->a.p + (_offset), _len, _seed)); \
		EXPECT_TRUE(area_is_kept_but(&self->a, _offset, _len))       \
		TH_LOG("%u bytes", _len);                                    \
	} while (0)

#define FOR_EACH_SIZE                           \
	for (i = 0; i < ARRAY_SIZE(sizes); i++) \
		for (j = 0; j < offsets_of(sizes[i]); j++)

/* ----------------------------------------------------------------- messages */

/* What is in the buffer afterwards is nothing to a message that was sent. */
TEST_F_TIMEOUT(source_message, waited_for, 200)
{
	uint32_t seed = 0;
	size_t i, j;

	FOR_EACH_SIZE
	{
		uint32_t len = sizes[i], to = offsets[j].to;

		area_keep(&self->a);
		ASSERT_OK(area_receive(&self->w, &self->a, to, len));
		put_pattern(&self->s, offsets[j].from, len, ++seed);
		ASSERT_OK(source_send(&self->s, self->a.from, offsets[j].from,
				      len, seed));
		memset(self->s.p + offsets[j].from, 0xa5, len);
		ASSERT_OK(area_receive_join(&self->w));
		EXPECT_ARRIVED(MESSAGE, &self->w.r, to, len, seed);
	}
}

TEST_F_TIMEOUT(source_message, queued, 200)
{
	struct capipc_receive r;
	uint32_t seed = 0;
	size_t i, j;

	FOR_EACH_SIZE
	{
		uint32_t len = sizes[i], to = offsets[j].to;

		area_keep(&self->a);
		put_pattern(&self->s, offsets[j].from, len, ++seed);
		ASSERT_OK(source_send(&self->s, self->a.from, offsets[j].from,
				      len, seed));
		memset(self->s.p + offsets[j].from, 0xa5, len);
		r = area_request(&self->a, to, len);
		ASSERT_OK(ipc_do_receive(self->a.fd, &r));
		EXPECT_ARRIVED(MESSAGE, &r, to, len, seed);
	}
}

/* To a thread that waits without an area. */
TEST_F_TIMEOUT(source_message, without_area, 200)
{
	uint32_t seed = 0;
	size_t i;

	area_keep(&self->a);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(&self->w, 0, sizeof(self->w));
		self->w.r = (struct capipc_receive){
			.deadline_ns = ipc_soon(),
			.data = ipc_ptr(self->bytes),
			.data_capacity = MIB + page,
		};
		memset(self->bytes, 0x3c, MIB + page);
		ASSERT_OK(area_receive_go(&self->w, self->a.fd));
		ASSERT_OK(async_wait_asleep(&self->w.async));
		put_pattern(&self->s, 4093, sizes[i], ++seed);
		ASSERT_OK(source_send(&self->s, self->a.from, 4093, sizes[i],
				      seed));
		ASSERT_OK(area_receive_join(&self->w));
		EXPECT_EQ(sizes[i], self->w.r.data_len);
		EXPECT_TRUE(pattern_is(self->bytes, sizes[i], seed));
		EXPECT_EQ(0x3c, self->bytes[sizes[i]]);
	}
	EXPECT_TRUE(area_is_kept(&self->a));
}

/* -------------------------------------------------------------------- calls */

#define EXPECT_ANSWERED(_r)                                                    \
	do {                                                                   \
		EXPECT_FALSE(async_ended(&self->c.async));                     \
		EXPECT_OK(ipc_reply_str(self->a.fd, (_r)->reply_handle, "!")); \
		EXPECT_OK(async_call_join(&self->c));                          \
		EXPECT_EQ(CAPIPC_CALL_ANSWERED, self->c.a.state);              \
		EXPECT_STREQ("!", self->c.reply);                              \
	} while (0)

TEST_F_TIMEOUT(source_message, call_waited_for, 200)
{
	uint32_t seed = 0;
	size_t i, j;

	FOR_EACH_SIZE
	{
		uint32_t len = sizes[i], to = offsets[j].to;

		area_keep(&self->a);
		ASSERT_OK(area_receive(&self->w, &self->a, to, len));
		memset(self->s.p, 0x5a, self->s.bytes);
		ASSERT_OK(source_call(&self->c, &self->s, self->a.from,
				      offsets[j].from, len, ++seed));
		ASSERT_OK(area_receive_join(&self->w));
		EXPECT_ARRIVED(CALL, &self->w.r, to, len, seed);
		EXPECT_ANSWERED(&self->w.r);
	}
}

TEST_F_TIMEOUT(source_message, call_queued, 200)
{
	struct capipc_receive r;
	uint32_t seed = 0;
	size_t i, j;

	FOR_EACH_SIZE
	{
		uint32_t len = sizes[i], to = offsets[j].to;

		area_keep(&self->a);
		memset(self->s.p, 0x5a, self->s.bytes);
		ASSERT_OK(source_call(&self->c, &self->s, self->a.from,
				      offsets[j].from, len, ++seed));
		ASSERT_OK(async_wait_asleep(&self->c.async));
		r = area_request(&self->a, to, len);
		ASSERT_OK(ipc_do_receive(self->a.fd, &r));
		EXPECT_ARRIVED(CALL, &r, to, len, seed);
		EXPECT_ANSWERED(&r);
	}
}

TEST_F_TIMEOUT(source_message, call_without_area, 200)
{
	uint32_t seed = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(&self->w, 0, sizeof(self->w));
		self->w.r = (struct capipc_receive){
			.deadline_ns = ipc_soon(),
			.data = ipc_ptr(self->bytes),
			.data_capacity = MIB + page,
		};
		memset(self->bytes, 0x3c, MIB + page);
		ASSERT_OK(area_receive_go(&self->w, self->a.fd));
		ASSERT_OK(async_wait_asleep(&self->w.async));
		ASSERT_OK(source_call(&self->c, &self->s, self->a.from, 4093,
				      sizes[i], ++seed));
		ASSERT_OK(area_receive_join(&self->w));
		EXPECT_EQ(sizes[i], self->w.r.data_len);
		EXPECT_TRUE(pattern_is(self->bytes, sizes[i], seed));
		EXPECT_EQ(0x3c, self->bytes[sizes[i]]);
		EXPECT_ANSWERED(&self->w.r);
	}
}

/* Some wait with an area, and some without: each gets what it has room for. */
TEST_F_TIMEOUT(source_message, in_turns, 100)
{
	uint32_t seed, len;

	for (seed = 1; seed < 20; seed++) {
		len = seed % 3 ? 3000 : 200000;
		area_keep(&self->a);
		memset(&self->w, 0, sizeof(self->w));
		self->w.r = area_request(&self->a, seed, len);
		if (seed % 2) {
			self->w.r.area = 0;
			self->w.r.data = ipc_ptr(self->bytes);
		}
		ASSERT_OK(area_receive_go(&self->w, self->a.fd));
		ASSERT_OK(async_wait_asleep(&self->w.async));
		ASSERT_OK(source_call(&self->c, &self->s, self->a.from, seed,
				      len, seed));
		ASSERT_OK(area_receive_join(&self->w));
		if (seed % 2) {
			EXPECT_TRUE(pattern_is(self->bytes, len, seed));
			EXPECT_TRUE(area_is_kept(&self->a));
		} else {
			EXPECT_ARRIVED(CALL, &self->w.r, seed, len, seed);
		}
		EXPECT_ANSWERED(&self->w.r);
	}
}

/* -------------------------------------------------------------- attachments */

static const uint32_t attached_lens[] = { 0, 600, 65536, 65537, MIB };

/* What has attachments is not lent, and arrives with all of it. */
TEST_F(source_message, with_attachments)
{
	struct capipc_attachment in, out;
	uint32_t pipe[2], len;
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(attached_lens); i++) {
		bool call = i % 2;

		len = attached_lens[i / 2];
		ASSERT_OK(ipc_create(self->a.sender, pipe));
		out = ipc_attach(pipe[0]);
		area_keep(&self->a);
		memset(&self->w, 0, sizeof(self->w));
		self->w.r = area_request(&self->a, 77, len);
		self->w.r.attachments = ipc_ptr(&in);
		self->w.r.attachments_capacity = 1;
		ASSERT_OK(area_receive_go(&self->w, self->a.fd));
		ASSERT_OK(async_wait_asleep(&self->w.async));
		put_pattern(&self->s, 5, len, i + 1);
		if (call) {
			async_call_init(&self->c, self->a.sender, self->a.from,
					"");
			self->c.a.data = 5;
			self->c.a.data_len = len;
			self->c.a.ordinal = i + 1;
			self->c.a.source = self->s.handle;
			self->c.a.attachments = ipc_ptr(&out);
			self->c.a.attachments_count = 1;
			ASSERT_OK(async_call_go(&self->c));
		} else {
			struct capipc_send s = source_message(
				&self->s, self->a.from, 5, len, i + 1);

			s.attachments = ipc_ptr(&out);
			s.attachments_count = 1;
			ASSERT_OK(ipc_do_send(self->a.sender, &s));
		}
		ASSERT_OK(area_receive_join(&self->w));
		EXPECT_EQ(1, self->w.r.attachments_count);
		EXPECT_EQ(len, self->w.r.data_len);
		EXPECT_TRUE(pattern_is(self->a.p + 77, len, i + 1));
		EXPECT_TRUE(area_is_kept_but(&self->a, 77, len));
		if (call)
			EXPECT_ANSWERED(&self->w.r);
		EXPECT_OK(ipc_send_str(self->a.fd, in.handle, 1, "thanks"));
		EXPECT_OK(ipc_recv_from(self->a.sender, pipe[1], &self->m));
		EXPECT_OK(ipc_close(self->a.fd, in.handle));
		EXPECT_OK(ipc_close(self->a.sender, pipe[1]));
	}
}

/* ------------------------------------------------------------ what fails */

/* What does not fit stays, and nothing is written. */
TEST_F(source_message, too_large)
{
	static const uint32_t lens[] = { 3000, 65536, 65537, MIB };
	struct capipc_receive r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		area_keep(&self->a);
		ASSERT_OK(area_receive(&self->w, &self->a, 100, lens[i] - 1));
		ASSERT_OK(source_call(&self->c, &self->s, self->a.from, 9,
				      lens[i], i + 1));
		ASSERT_ERR(EMSGSIZE, area_receive_join(&self->w));
		EXPECT_EQ(lens[i], self->w.r.data_len);
		EXPECT_TRUE(area_is_kept(&self->a));
		r = area_request(&self->a, 100, lens[i]);
		ASSERT_OK(ipc_do_receive(self->a.fd, &r));
		EXPECT_ARRIVED(CALL, &r, 100, lens[i], i + 1);
		EXPECT_ANSWERED(&r);
	}
}

/*
 * The bytes were copied, but the receiver cannot be told: the request is put back, and what
 * the caller does to its buffer then is nothing to it any more.
 */
TEST_F(source_message, put_back)
{
	static const uint32_t lens[] = { 513, 30000, 65536, 65537, 200000, MIB };
	struct capipc_receive *at, r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		at = mmap(NULL, page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, at);
		*at = area_request(&self->a, 4000, MIB);
		at->size = sizeof(*at);
		memset(&self->w, 0, sizeof(self->w));
		self->w.at = at;
		ASSERT_OK(area_receive_go(&self->w, self->a.fd));
		ASSERT_OK(async_wait_asleep(&self->w.async));
		ASSERT_EQ(0, mprotect(at, page, PROT_READ));
		ASSERT_OK(source_call(&self->c, &self->s, self->a.from, 9,
				      lens[i], i + 1));
		ASSERT_ERR(EFAULT, area_receive_join(&self->w));
		memset(self->s.p, 0xa5, self->s.bytes);
		EXPECT_EQ(1, ipc_queued(self->a.fd, self->a.end));
		area_keep(&self->a);
		r = area_request(&self->a, 20, MIB);
		ASSERT_OK(ipc_do_receive(self->a.fd, &r));
		EXPECT_ARRIVED(CALL, &r, 20, lens[i], i + 1);
		EXPECT_ANSWERED(&r);
		ASSERT_EQ(0, munmap(at, page));
	}
}

/* -------------------------------------------------------------------- order */

static const struct {
	bool call;
	uint32_t len;
} mixture[] = {
	{ true, 300000 }, { false, 10 },  { false, 70000 },
	{ true, 65536 },  { false, 600 }, { false, 0 },
};

/* Messages and calls, each from a place of its own; the calls are left to wait. */
static int send_mixture(struct source *s, uint32_t handle, struct async_call *c,
			uint32_t first)
{
	uint32_t at = 0;
	size_t i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(mixture) && !ret; i++) {
		uint32_t len = mixture[i].len;

		if (mixture[i].call) {
			ret = source_call(&c[i], s, handle, at, len, first + i);
			if (!ret)
				ret = async_wait_asleep(&c[i].async);
		} else {
			pattern_fill(s->p + at, len, first + i);
			ret = source_send(s, handle, at, len, first + i);
		}
		at += len;
	}
	return ret;
}

/* What is sent through one pipe comes in that order, be the first of it lent or not. */
TEST_F_TIMEOUT(source_message, order, 100)
{
	struct async_call c[ARRAY_SIZE(mixture)];
	struct capipc_receive r;
	uint32_t n = 1;
	size_t i;

	while (n < 8 * ARRAY_SIZE(mixture)) {
		bool waits = n / ARRAY_SIZE(mixture) % 2;

		if (waits)
			ASSERT_OK(area_receive(&self->w, &self->a, 3, MIB));
		ASSERT_OK(send_mixture(&self->s, self->a.from, c, n));
		for (i = 0; i < ARRAY_SIZE(mixture); i++, n++) {
			if (!waits || i) {
				r = area_request(&self->a, 3, MIB);
				ASSERT_OK(ipc_do_receive(self->a.fd, &r));
			} else {
				ASSERT_OK(area_receive_join(&self->w));
				r = self->w.r;
			}
			EXPECT_EQ(n, r.ordinal);
			EXPECT_EQ(mixture[i].len, r.data_len);
			EXPECT_TRUE(pattern_is(self->a.p + 3, r.data_len, n));
			if (!mixture[i].call)
				continue;
			EXPECT_OK(
				ipc_reply_str(self->a.fd, r.reply_handle, "!"));
			EXPECT_OK(async_call_join(&c[i]));
		}
	}
}

TEST_HARNESS_MAIN
