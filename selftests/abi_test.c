// SPDX-License-Identifier: GPL-2.0
/*
 * What every request has in common: sizes, reserved members, flags, numbers.
 */
#include "abi.h"

FIXTURE(abi)
{
	struct abi_world w;
};

FIXTURE_SETUP(abi)
{
	ASSERT_OK(abi_world_make(&self->w));
}

FIXTURE_TEARDOWN(abi)
{
	abi_end_call(&self->w);
	close(self->w.fd);
}

/* Fails with @err, and nothing has changed. */
#define EXPECT_REFUSED(_err, _w, _r, _a)                             \
	do {                                                         \
		EXPECT_ERR(_err, ipc_ioctl((_w)->fd, (_r)->cmd, _a)) \
		TH_LOG("in %s", (_r)->name);                         \
		EXPECT_OK(abi_unchanged(_w, _r))                     \
		TH_LOG("by %s", (_r)->name);                         \
	} while (0)

TEST_F(abi, valid)
{
	const struct abi_request *r;
	union any_request a;

	for (r = abi_requests; r < abi_requests_end; r++) {
		ASSERT_OK(abi_prepare(&self->w, r, &a))
		TH_LOG("%s", r->name);
		EXPECT_ERR(r->result, ipc_ioctl(self->w.fd, r->cmd, &a))
		TH_LOG("%s", r->name);
	}
}

/* A struct that is too short, down to its size member. */
TEST_F(abi, too_short)
{
	const struct abi_request *r;
	union any_request a;
	size_t size;

	for (r = abi_requests; r < abi_requests_end; r++) {
		ASSERT_OK(abi_prepare(&self->w, r, &a));
		for (size = 0; size < abi_first_size(r); size++) {
			a.size = size;
			EXPECT_ERR(EINVAL, ipc_ioctl(self->w.fd, r->cmd, &a))
			TH_LOG("%s of %zu bytes", r->name, size);
		}
		EXPECT_OK(abi_unchanged(&self->w, r))
		TH_LOG("%s", r->name);
	}
}

/* A caller from the future that does not use what it knows more. */
TEST_F(abi, longer_with_zeros)
{
	static const size_t more[] = { 1, 3, 4, 8, 64, 1000, 0 };
	const struct abi_request *r;
	union any_request a;
	size_t i;

	for (r = abi_requests; r < abi_requests_end; r++) {
		for (i = 0; i < ARRAY_SIZE(more); i++) {
			ASSERT_OK(abi_prepare(&self->w, r, &a));
			/* at last, as long as it may be: a page */
			a.size = more[i] ? r->size + more[i] : 4096;
			EXPECT_ERR(r->result, ipc_ioctl(self->w.fd, r->cmd, &a))
			TH_LOG("%s, %u bytes", r->name, a.size);
		}
	}
}

/* No struct is longer than a page, whatever is in it. */
TEST_F(abi, longer_than_a_page)
{
	const struct abi_request *r;
	union any_request a;

	for (r = abi_requests; r < abi_requests_end; r++) {
		ASSERT_OK(abi_prepare(&self->w, r, &a));
		a.size = 4097;
		EXPECT_REFUSED(E2BIG, &self->w, r, &a);
	}
}

TEST_F(abi, longer_with_garbage)
{
	static const size_t more[] = { 1, 4, 8, 64, 1000 };
	const struct abi_request *r;
	union any_request a;
	size_t i;

	for (r = abi_requests; r < abi_requests_end; r++) {
		for (i = 0; i < ARRAY_SIZE(more); i++) {
			ASSERT_OK(abi_prepare(&self->w, r, &a));
			a.size = r->size + more[i];
			/* the last byte, and then the first */
			a.bytes[a.size - 1] = 1;
			EXPECT_REFUSED(E2BIG, &self->w, r, &a);
			a.bytes[a.size - 1] = 0;
			a.bytes[r->size] = 0x80;
			EXPECT_REFUSED(E2BIG, &self->w, r, &a);
		}
	}
}

/* Only as much as the caller says is there is written. */
TEST_F(abi, writes_within_size)
{
	const struct abi_request *r;
	union any_request a;
	size_t i;

	for (r = abi_requests; r < abi_requests_end; r++) {
		ASSERT_OK(abi_prepare(&self->w, r, &a));
		memset(a.bytes + r->size, 0xaa, 64);
		EXPECT_ERR(r->result, ipc_ioctl(self->w.fd, r->cmd, &a));
		for (i = r->size; i < r->size + 64; i++)
			EXPECT_EQ(0xaa, a.bytes[i])
		TH_LOG("%s, byte %zu", r->name, i);
		/* and the kernel does not change the size */
		EXPECT_EQ(r->size, a.size);
	}
}

/* The end of the address space is far before the end of the struct. */
TEST_F(abi, huge_size)
{
	static const uint32_t sizes[] = { 0xffffffff, 0xfffffff8, 0x80000000 };
	const struct abi_request *r;
	size_t i;
	char *p = map_before_hole(sizeof(union any_request));

	ASSERT_NE(NULL, p);
	for (r = abi_requests; r < abi_requests_end; r++) {
		union any_request *a = (void *)p;

		ASSERT_OK(abi_prepare(&self->w, r, a));
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			a->size = sizes[i];
			EXPECT_ERR(E2BIG, ipc_ioctl(self->w.fd, r->cmd, a))
			TH_LOG("%s of %#x bytes", r->name, sizes[i]);
		}
		EXPECT_OK(abi_unchanged(&self->w, r))
		TH_LOG("%s", r->name);
	}
}

TEST_F(abi, unknown_flags)
{
	const struct abi_request *r;
	union any_request a;
	int bit;

	for (r = abi_requests; r < abi_requests_end; r++) {
		ASSERT_OK(abi_prepare(&self->w, r, &a));
		for (bit = 0; bit < 32; bit++) {
			if (r->flags & (1U << bit))
				continue;
			a.flags = 1U << bit;
			EXPECT_ERR(EINVAL, ipc_ioctl(self->w.fd, r->cmd, &a))
			TH_LOG("%s, flag bit %d", r->name, bit);
			a.flags |= r->flags;
			EXPECT_ERR(EINVAL, ipc_ioctl(self->w.fd, r->cmd, &a))
			TH_LOG("%s, flag bit %d", r->name, bit);
		}
		EXPECT_OK(abi_unchanged(&self->w, r))
		TH_LOG("%s", r->name);
	}
}

TEST_F(abi, reserved_members)
{
	const struct abi_request *r;
	union any_request a;
	int bit;

	for (r = abi_requests; r < abi_requests_end; r++) {
		if (r->reserved == ABI_NONE)
			continue;
		ASSERT_OK(abi_prepare(&self->w, r, &a));
		for (bit = 0; bit < 32; bit++) {
			*abi_u32(&a, r->reserved) = 1U << bit;
			EXPECT_ERR(EINVAL, ipc_ioctl(self->w.fd, r->cmd, &a))
			TH_LOG("%s, bit %d", r->name, bit);
		}
		EXPECT_OK(abi_unchanged(&self->w, r))
		TH_LOG("%s", r->name);
	}
}

/* Members of the attachments that must be zero when they are sent. */
TEST_F(abi, attachment_members)
{
	struct abi_world *w = &self->w;
	const struct abi_request *send = abi_request(CAPIPC_IOC_SEND);
	union any_request a;
	uint32_t h[2];
	int i;

	ASSERT_OK(ipc_create(w->fd, h));
	for (i = 0; i < 2; i++) {
		ASSERT_OK(abi_prepare(w, send, &a));
		w->att[0] = ipc_attach(h[0]);
		w->att[1] = ipc_attach(h[1]);
		a.send.attachments = ipc_ptr(w->att);
		a.send.attachments_count = 2;
		w->att[i].reserved = 1;
		EXPECT_REFUSED(EINVAL, w, send, &a);
		w->att[i].reserved = 0;
		w->att[i].kind = CAPIPC_KIND_ENDPOINT;
		EXPECT_REFUSED(EINVAL, w, send, &a);
		w->att[i].kind = CAPIPC_KIND_NONE;
		/* rights that nothing has, and "the same" with others */
		w->att[i].rights = 1U << 6;
		EXPECT_REFUSED(EPERM, w, send, &a);
		w->att[i].rights = CAPIPC_RIGHTS_SAME | CAPIPC_RIGHT_READ;
		EXPECT_REFUSED(EPERM, w, send, &a);
		EXPECT_OK(ipc_alive(w->fd, h[0]));
		EXPECT_OK(ipc_alive(w->fd, h[1]));
	}
}

/* A struct in a reply in a receive is checked like one that stands alone. */
TEST_F(abi, reply_in_receive)
{
	struct abi_world *w = &self->w;
	const struct abi_request *receive = abi_request(CAPIPC_IOC_RECEIVE);
	const struct abi_request *reply = abi_request(CAPIPC_IOC_REPLY);
	union any_request a, b;
	struct ipc_message m;
	size_t size;

	ASSERT_OK(abi_prepare(w, reply, &b));
	/* something that could be received, but must not be */
	ASSERT_OK(ipc_send_str(w->fd, w->fresh[0], 1, "stays"));
	memset(&a, 0, sizeof(a));
	a.size = receive->size;
	a.receive.deadline_ns = ipc_soon();
	a.receive.handle = w->fresh[1];
	a.receive.data = ipc_ptr(m.data);
	a.receive.data_capacity = sizeof(m.data);
	a.receive.reply = ipc_ptr(&b);

	for (size = 0; size < reply->size; size += 4) {
		b.size = size;
		EXPECT_ERR(EINVAL, ipc_ioctl(w->fd, receive->cmd, &a))
		TH_LOG("size %zu", size);
		EXPECT_EQ(ipc_ptr(&b), a.receive.reply);
	}
	b.size = reply->size + 8;
	b.bytes[reply->size + 7] = 1;
	EXPECT_ERR(E2BIG, ipc_ioctl(w->fd, receive->cmd, &a));
	b.size = reply->size;
	b.reply.flags = 1;
	EXPECT_ERR(EINVAL, ipc_ioctl(w->fd, receive->cmd, &a));
	b.reply.flags = 0;
	b.reply.reserved = 1;
	EXPECT_ERR(EINVAL, ipc_ioctl(w->fd, receive->cmd, &a));
	b.reply.reserved = 0;
	EXPECT_EQ(ipc_ptr(&b), a.receive.reply);
	EXPECT_EQ(1, ipc_queued(w->fd, w->fresh[1]));
	EXPECT_OK(ipc_alive(w->fd, w->reply));
	EXPECT_FALSE(async_ended(&w->call.async));

	b.size = reply->size + 8;
	b.bytes[reply->size + 7] = 0;
	EXPECT_OK(ipc_ioctl(w->fd, receive->cmd, &a));
	EXPECT_EQ(0, a.receive.reply);
	EXPECT_EQ(5, a.receive.data_len);
	EXPECT_OK(async_call_join(&w->call));
	w->calling = false;
}

/* No such request: its number, its type. */
TEST_F(abi, unknown_requests)
{
	union any_request a;
	unsigned int nr;

	memset(&a, 0, sizeof(a));
	a.size = 256;
	for (nr = 0; nr < 0x100; nr++) {
		if (abi_request(_IO(CAPIPC_IOC_TYPE, nr)))
			continue;
		EXPECT_ERR(ENOTTY,
			   ipc_ioctl(self->w.fd, _IO(CAPIPC_IOC_TYPE, nr), &a))
		TH_LOG("number %#x", nr);
	}
	for (nr = 0; nr < 0x100; nr++) {
		if (nr == CAPIPC_IOC_TYPE)
			continue;
		/* what the VFS itself does for every file: FIOCLEX etc. */
		if (nr == 'T' || nr == 'f' || nr == 'X' || nr == 0x12 ||
		    nr == 0 || nr == 2)
			continue;
		EXPECT_ERR(ENOTTY, ipc_ioctl(self->w.fd, _IO(nr, 1), &a))
		TH_LOG("type %#x", nr);
	}
	/* a direction or a size in the number is another number */
	EXPECT_ERR(ENOTTY, ipc_ioctl(self->w.fd,
				     _IOWR(CAPIPC_IOC_TYPE, 0, uint32_t), &a));
	EXPECT_ERR(ENOTTY,
		   ipc_ioctl(self->w.fd, _IOC(0, CAPIPC_IOC_TYPE, 0, 4), &a));
}

/* "pending" is read; what else the kernel fills in is not. */
TEST_F(abi, outputs_are_not_inputs)
{
	const struct abi_request *r;
	union any_request a;

	r = abi_request(CAPIPC_IOC_INFO);
	ASSERT_OK(abi_prepare(&self->w, r, &a));
	memset(a.bytes + 8, 0xff, r->size - 8);
	EXPECT_OK(ipc_ioctl(self->w.fd, r->cmd, &a));
	EXPECT_EQ(CAPIPC_ABI_VERSION, a.info.abi_version);

	r = abi_request(CAPIPC_IOC_INSPECT);
	ASSERT_OK(abi_prepare(&self->w, r, &a));
	memset(&a.inspect.kind, 0xff, r->size - ABI_OFF(inspect, kind));
	EXPECT_OK(ipc_ioctl(self->w.fd, r->cmd, &a));
	EXPECT_EQ(CAPIPC_KIND_ENDPOINT, a.inspect.kind);

	r = abi_request(CAPIPC_IOC_RECEIVE);
	ASSERT_OK(abi_prepare(&self->w, r, &a));
	memset(&a.receive.type, 0xff,
	       ABI_OFF(receive, area) - ABI_OFF(receive, type));
	EXPECT_OK(ipc_ioctl(self->w.fd, r->cmd, &a));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, a.receive.type);
}

TEST_HARNESS_MAIN
