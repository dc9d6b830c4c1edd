// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that arrive in a receive area: of every size, to threads that wait and to those
 * that come later, with and without the fast path; and what happens if something fails.
 */
#include "area.h"
#include "capipc_test_stall.h"

static size_t page;

FIXTURE(area_message)
{
	struct area a;
	struct area_receive w;
	struct ipc_message m;
	char *bytes; /* the sender's, all of them present */
	bool was_fast;
};

FIXTURE_VARIANT(area_message)
{
	bool fast;
};

FIXTURE_VARIANT_ADD(area_message, fast_path){
	.fast = true,
};

FIXTURE_VARIANT_ADD(area_message, general_path){
	.fast = false,
};

FIXTURE_SETUP(area_message)
{
	page = sysconf(_SC_PAGESIZE);
	self->was_fast = fast_path() == 1;
	ASSERT_OK(set_fast_path(variant->fast));
	ASSERT_OK(area_open(&self->a, MIB + 16 * page));
	self->bytes = malloc(MIB);
	ASSERT_NE(NULL, self->bytes);
	memset(self->bytes, 0, MIB);
}

FIXTURE_TEARDOWN(area_message)
{
	set_fast_path(self->was_fast);
	free(self->bytes);
	area_close(&self->a);
}

static const uint32_t sizes[] = {
	0,     1,     7,     8,	    63,	    88,	    88 + 1,  255,  256,	 257,
	511,   512,   513,   1000,  4095,   4096,   4097,    8191, 8192, 12288,
	40000, 65535, 65536, 65537, 131072, 500001, MIB - 1, MIB,
};

static const uint32_t offsets[] = { 0, 1, 4093, 4096, 65535 - 8 };

/* All of them for small messages, two for large ones, which take their time. */
static size_t offsets_of(uint32_t size)
{
	return size > 8192 ? 2 : ARRAY_SIZE(offsets);
}

static int send_pattern(struct area *a, char *bytes, uint32_t len,
			uint32_t seed)
{
	pattern_fill(bytes, len, seed);
	return ipc_send(a->sender, a->from, seed, bytes, len);
}

/* It has arrived, where it should, and nothing has changed around it. */
#define EXPECT_ARRIVED(_r, _offset, _len, _seed)                             \
	do {                                                                 \
		EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, (_r)->type);              \
		EXPECT_EQ(_len, (_r)->data_len);                             \
		EXPECT_EQ(_seed, (_r)->ordinal);                             \
		EXPECT_EQ(self->a.end, (_r)->from);                          \
		EXPECT_TRUE(pattern_is(self->a.p + (_offset), _len, _seed)); \
		EXPECT_TRUE(area_is_kept_but(&self->a, _offset, _len));      \
	} while (0)

TEST_F_TIMEOUT(area_message, waited_for, 120)
{
	uint32_t seed = 0;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < offsets_of(sizes[i]); j++) {
			area_keep(&self->a);
			ASSERT_OK(area_receive(&self->w, &self->a, offsets[j],
					       self->a.bytes - offsets[j]));
			ASSERT_OK(send_pattern(&self->a, self->bytes, sizes[i],
					       ++seed));
			ASSERT_OK(area_receive_join(&self->w));
			EXPECT_ARRIVED(&self->w.r, offsets[j], sizes[i], seed);
		}
	}
}

TEST_F_TIMEOUT(area_message, queued, 120)
{
	struct capipc_receive r;
	uint32_t seed = 0;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < offsets_of(sizes[i]); j++) {
			area_keep(&self->a);
			ASSERT_OK(send_pattern(&self->a, self->bytes, sizes[i],
					       ++seed));
			r = area_request(&self->a, offsets[j], sizes[i]);
			ASSERT_OK(ipc_do_receive(self->a.fd, &r));
			EXPECT_ARRIVED(&r, offsets[j], sizes[i], seed);
		}
	}
}

/* Some wait with an area, and some without: each gets what it has room for. */
TEST_F(area_message, in_turns)
{
	struct capipc_receive r;
	uint32_t seed;

	for (seed = 1; seed < 40; seed++) {
		area_keep(&self->a);
		ASSERT_OK(send_pattern(&self->a, self->bytes, 3000, seed));
		if (seed % 2) {
			r = area_request(&self->a, seed, 3000);
			ASSERT_OK(ipc_do_receive(self->a.fd, &r));
			EXPECT_ARRIVED(&r, seed, 3000, seed);
		} else {
			ASSERT_OK(ipc_recv(self->a.fd, &self->m));
			EXPECT_TRUE(pattern_is(self->m.data, 3000, seed));
			EXPECT_TRUE(area_is_kept(&self->a));
		}
	}
}

/* What does not fit stays, and nothing is written. */
TEST_F(area_message, too_large)
{
	struct capipc_receive r;

	area_keep(&self->a);
	ASSERT_OK(area_receive(&self->w, &self->a, 100, 2999));
	ASSERT_OK(send_pattern(&self->a, self->bytes, 3000, 1));
	ASSERT_ERR(EMSGSIZE, area_receive_join(&self->w));
	EXPECT_EQ(3000, self->w.r.data_len);
	EXPECT_TRUE(area_is_kept(&self->a));
	r = area_request(&self->a, 100, 3000);
	ASSERT_OK(ipc_do_receive(self->a.fd, &r));
	EXPECT_ARRIVED(&r, 100, 3000, 1);
}

/* Attachments it has no room for: likewise. */
TEST_F(area_message, too_many_attachments)
{
	struct capipc_attachment att;
	uint32_t pipe[2];

	ASSERT_OK(ipc_create(self->a.sender, pipe));
	att = ipc_attach(pipe[0]);
	area_keep(&self->a);
	ASSERT_OK(area_receive(&self->w, &self->a, 100, 3000));
	ASSERT_OK(ipc_send_full(self->a.sender, self->a.from, 1, self->bytes,
				3000, &att, 1));
	ASSERT_ERR(EMSGSIZE, area_receive_join(&self->w));
	EXPECT_EQ(1, self->w.r.attachments_count);
	EXPECT_TRUE(area_is_kept(&self->a));
	EXPECT_EQ(1, ipc_queued(self->a.fd, self->a.end));
}

/* --------------------------------------------------------- the receiver fails */

/* A page with a request, which is read when it begins and cannot be written when it ends. */
static struct capipc_receive *one_way_page(const struct area *a,
					   uint64_t offset, uint32_t capacity)
{
	struct capipc_receive *r = mmap(NULL, page, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (r == MAP_FAILED)
		return NULL;
	*r = area_request(a, offset, capacity);
	r->size = sizeof(*r);
	return r;
}

/*
 * It was placed, but the receiver cannot be told: it is put back, as it was sent, in front of
 * what came after it, and can be received later, by whoever holds the endpoint then.
 */
TEST_F(area_message, put_back)
{
	static const uint32_t lens[] = { 100, 513, 4096, 30000, 65536, 65537 };
	struct capipc_receive *at, r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		uint32_t seed = 10 * i + 1;

		at = one_way_page(&self->a, 4000, MIB);
		ASSERT_NE(NULL, at);
		memset(&self->w, 0, sizeof(self->w));
		self->w.at = at;
		ASSERT_OK(area_receive_go(&self->w, self->a.fd));
		ASSERT_OK(async_wait_asleep(&self->w.async));
		ASSERT_EQ(0, mprotect(at, page, PROT_READ));
		ASSERT_OK(send_pattern(&self->a, self->bytes, lens[i], seed));
		ASSERT_OK(send_pattern(&self->a, self->bytes, 10, seed + 1));
		ASSERT_ERR(EFAULT, area_receive_join(&self->w));
		EXPECT_EQ(2, ipc_queued(self->a.fd, self->a.end));
		/* What was there is overwritten, which it does not mind. */
		r = area_request(&self->a, 4000, MIB);
		r.handle = self->a.end;
		area_keep(&self->a);
		ASSERT_OK(ipc_do_receive(self->a.fd, &r));
		EXPECT_ARRIVED(&r, 4000, lens[i], seed);
		ASSERT_OK(ipc_do_receive(self->a.fd, &r));
		EXPECT_EQ(seed + 1, r.ordinal);
		ASSERT_EQ(0, munmap(at, page));
	}
}

/* The same with a call: it can still be answered. */
TEST_F(area_message, call_put_back)
{
	struct capipc_receive *at = one_way_page(&self->a, 0, MIB);
	struct capipc_call *c;
	struct async_call call;

	ASSERT_NE(NULL, at);
	self->w.at = at;
	ASSERT_OK(area_receive_go(&self->w, self->a.fd));
	ASSERT_OK(async_wait_asleep(&self->w.async));
	ASSERT_EQ(0, mprotect(at, page, PROT_READ));
	async_call_init(&call, self->a.sender, self->a.from, "");
	c = &call.a;
	pattern_fill(self->bytes, 3000, 5);
	c->data = ipc_ptr(self->bytes);
	c->data_len = 3000;
	ASSERT_OK(async_call_go(&call));
	ASSERT_ERR(EFAULT, area_receive_join(&self->w));
	EXPECT_FALSE(async_ended(&call.async));
	ASSERT_OK(ipc_recv(self->a.fd, &self->m));
	EXPECT_EQ(CAPIPC_RECEIVED_CALL, self->m.r.type);
	EXPECT_TRUE(pattern_is(self->m.data, 3000, 5));
	EXPECT_OK(ipc_reply_str(self->a.fd, self->m.r.reply_handle, "at last"));
	EXPECT_OK(async_call_join(&call));
	EXPECT_STREQ("at last", call.reply);
}

/* Put back into a pipe that has been closed meanwhile: it goes. */
TEST_F(area_message, put_back_nowhere)
{
	struct capipc_receive *at = one_way_page(&self->a, 0, MIB);
	struct stall s;
	__u64 where;

	/* The thread is stopped when it has the message, and tells of it. */
	ASSERT_OK(stall_writers(&s, at, sizeof(*at)));
	self->w.at = (void *)s.page;
	ASSERT_OK(area_receive_go(&self->w, self->a.fd));
	ASSERT_OK(async_wait_asleep(&self->w.async));
	ASSERT_OK(send_pattern(&self->a, self->bytes, 3000, 1));
	ASSERT_OK(stall_wait_at(s.uffd, &where));
	ASSERT_OK(ipc_close(self->a.fd, self->a.end));
	ASSERT_EQ(0, mprotect(s.page, page, PROT_READ));
	ASSERT_OK(stall_let_write(&s));
	ASSERT_ERR(EFAULT, area_receive_join(&self->w));
	EXPECT_ERR(EPIPE, ipc_send_str(self->a.sender, self->a.from, 1, "?"));
	EXPECT_EQ(0, munmap(s.page, page));
	close(s.uffd);
	munmap(at, page);
}

/* ------------------------------------------------------------ the sender fails */

/* The last bytes cannot be read: nothing is sent, and the receiver waits on. */
TEST_F(area_message, unreadable)
{
	char *p = map_before_hole(2 * page);

	ASSERT_NE(NULL, p);
	pattern_fill(p, 2 * page, 1);
	area_keep(&self->a);
	ASSERT_OK(area_receive(&self->w, &self->a, 100, MIB));
	EXPECT_ERR(EFAULT,
		   ipc_send(self->a.sender, self->a.from, 1, p, 2 * page + 1));
	EXPECT_ERR(EFAULT, ipc_send(self->a.sender, self->a.from, 1, (void *)8,
				    2 * page));
	EXPECT_ERR(EFAULT, ipc_send(self->a.sender, self->a.from, 1,
				    (void *)-page, 2 * page));
	EXPECT_FALSE(async_ended(&self->w.async));
	EXPECT_EQ(0, ipc_queued(self->a.fd, self->a.end));
	/* In the room, while the request is under way, it may be anything. */
	EXPECT_TRUE(area_is_kept_but(&self->a, 100, 2 * page + 1));
	area_keep(&self->a);
	ASSERT_OK(ipc_send(self->a.sender, self->a.from, 1, p, 2 * page));
	ASSERT_OK(area_receive_join(&self->w));
	EXPECT_ARRIVED(&self->w.r, 100, 2 * page, 1);
}

/* Memory that is not there yet: it arrives all the same. */
TEST_F(area_message, not_present)
{
	char *p = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	ASSERT_NE(MAP_FAILED, p);
	pattern_fill(p, page, 9);
	ASSERT_OK(area_receive(&self->w, &self->a, 100, MIB));
	ASSERT_OK(ipc_send(self->a.sender, self->a.from, 1, p, 4 * page));
	ASSERT_OK(area_receive_join(&self->w));
	EXPECT_EQ(4 * page, self->w.r.data_len);
	EXPECT_TRUE(pattern_is(self->a.p + 100, page, 9));
	for (i = page; i < 4 * page; i++)
		ASSERT_EQ(0, self->a.p[100 + i]);
	munmap(p, 4 * page);
}

/* Memory that takes its time: others send to the same receiver meanwhile. */
TEST_F(area_message, stalled)
{
	struct async_send send = { 0 };
	uint32_t from, end;
	struct stall s;
	__u64 where;
	char *p = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	pattern_fill(self->bytes, 3 * page, 3);
	memcpy(p, self->bytes, page);
	memcpy(p + 2 * page, self->bytes + 2 * page, page);
	ASSERT_OK(stall_make_at(&s, p + page));
	ASSERT_OK(area_pipe(&self->a, &from, &end));
	ASSERT_OK(area_receive(&self->w, &self->a, 1, MIB));
	send.a = (struct capipc_send){
		.deadline_ns = ipc_soon(),
		.data = ipc_ptr(p),
		.data_len = 3 * page,
		.handle = self->a.from,
		.ordinal = 3,
	};
	ASSERT_OK(async_send(&send, self->a.sender));
	ASSERT_OK(stall_wait_at(s.uffd, &where));
	EXPECT_FALSE(async_ended(&self->w.async));
	ASSERT_OK(ipc_send(self->a.sender, from, 4, self->bytes, 2000));
	ASSERT_OK(area_receive_join(&self->w));
	EXPECT_EQ(4, self->w.r.ordinal);
	EXPECT_TRUE(pattern_is(self->a.p + 1, 2000, 3));
	area_keep(&self->a);
	ASSERT_OK(area_receive(&self->w, &self->a, 2, MIB));
	ASSERT_OK(stall_serve(s.uffd, where, self->bytes + page));
	ASSERT_OK(area_receive_join(&self->w));
	EXPECT_OK(async_send_join(&send));
	EXPECT_ARRIVED(&self->w.r, 2, 3 * page, 3);
	munmap(p, 3 * page);
	close(s.uffd);
}

/* Sent from where it was received, even to the same place. */
TEST_F(area_message, out_of_itself)
{
	struct capipc_receive r = area_request(&self->a, 0, 8000);

	ASSERT_OK(send_pattern(&self->a, self->bytes, 8000, 1));
	ASSERT_OK(ipc_do_receive(self->a.fd, &r));
	ASSERT_OK(area_receive(&self->w, &self->a, 20000, 8000));
	area_keep(&self->a);
	/* The other way round, to get it back, with the area's owner as the sender. */
	ASSERT_OK(ipc_send(self->a.fd, self->a.end, 1, self->a.p, 4000));
	ASSERT_OK(ipc_recv(self->a.sender, &self->m));
	EXPECT_TRUE(pattern_is(self->m.data, 4000, 1));
	ASSERT_OK(ipc_send(self->a.sender, self->a.from, 1, self->a.p, 8000));
	ASSERT_OK(area_receive_join(&self->w));
	EXPECT_ARRIVED(&self->w.r, 20000, 8000, 1);
}

/* ------------------------------------------------------------------ afterwards */

/* What is sent after a request is over goes elsewhere. */
TEST_F(area_message, not_after_a_deadline)
{
	struct capipc_receive r = area_request(&self->a, 0, MIB);
	uint32_t seed;

	r.deadline_ns = ipc_in(20);
	ASSERT_ERR(ETIMEDOUT, ipc_do_receive(self->a.fd, &r));
	area_keep(&self->a);
	for (seed = 1; seed < 9; seed++)
		ASSERT_OK(send_pattern(&self->a, self->bytes, 3000, seed));
	EXPECT_TRUE(area_is_kept(&self->a));
	for (seed = 1; seed < 9; seed++) {
		ASSERT_OK(ipc_recv(self->a.fd, &self->m));
		EXPECT_TRUE(pattern_is(self->m.data, 3000, seed));
	}
	EXPECT_TRUE(area_is_kept(&self->a));
}

TEST_HARNESS_MAIN
