// SPDX-License-Identifier: GPL-2.0
/*
 * Pointers that cannot be read or written, at once or half way: EFAULT, and
 * nothing has happened.
 */
#include <dirent.h>

#include "abi.h"

#define BUFFER (3 * 4096)

FIXTURE(fault)
{
	struct abi_world w;
	char *hole; /* the first byte that cannot be touched */
	char *readonly; /* a page */
};

#define LIMIT "/sys/module/capipc/parameters/max_handles_per_context"

static char limit_before[32];

static int limit_write(int limit)
{
	int fd = open(LIMIT, O_RDWR | O_CLOEXEC);
	ssize_t n = read(fd, limit_before, sizeof(limit_before) - 1);

	if (n <= 0 || dprintf(fd, "%d\n", limit) < 0)
		return -errno;
	close(fd);
	return 0;
}

static void limit_restore(void)
{
	int fd;

	if (!limit_before[0])
		return;
	fd = open(LIMIT, O_WRONLY | O_CLOEXEC);
	if (dprintf(fd, "%s", limit_before) < 0)
		perror(LIMIT);
	close(fd);
}

FIXTURE_SETUP(fault)
{
	ASSERT_OK(abi_world_make(&self->w));
	self->hole = map_before_hole(BUFFER);
	ASSERT_NE(NULL, self->hole);
	memset(self->hole, 0, BUFFER);
	self->hole += BUFFER;
	self->readonly = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->readonly);
}

FIXTURE_TEARDOWN(fault)
{
	limit_restore();
	abi_end_call(&self->w);
	close(self->w.fd);
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (!dir)
		return -errno;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

TEST_F(fault, struct_unreadable)
{
	/* NULL, the zero page, the kernel, no canonical address */
	const uint64_t bad[] = { 0,
				 8,
				 UINTPTR_MAX - 4095,
				 UINTPTR_MAX,
				 (uintptr_t)0xffff888000001000ULL,
				 (uintptr_t)0x8000000000000000ULL,
				 ipc_ptr(self->hole),
				 ipc_ptr(self->hole - 2) };
	const struct abi_request *r;
	union any_request a;
	size_t i;

	for (r = abi_requests; r < abi_requests_end; r++) {
		ASSERT_OK(abi_prepare(&self->w, r, &a));
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			if (!bad[i] && i)
				continue; /* truncated to NULL in 32 bit */
			EXPECT_ERR(EFAULT, ipc_ioctl(self->w.fd, r->cmd,
						     (void *)(uintptr_t)bad[i]))
			TH_LOG("%s at %#llx", r->name,
			       (unsigned long long)bad[i]);
		}
		EXPECT_OK(abi_unchanged(&self->w, r))
		TH_LOG("%s", r->name);
	}
}

/* Its size can be read, its end cannot. */
TEST_F(fault, struct_half_way)
{
	const struct abi_request *r;
	union any_request a;
	size_t n;

	for (r = abi_requests; r < abi_requests_end; r++) {
		ASSERT_OK(abi_prepare(&self->w, r, &a));
		for (n = 4; n < r->size; n += 4) {
			memcpy(self->hole - n, &a, n);
			EXPECT_ERR(EFAULT, ipc_ioctl(self->w.fd, r->cmd,
						     self->hole - n))
			TH_LOG("%s, %zu bytes", r->name, n);
		}
		EXPECT_OK(abi_unchanged(&self->w, r))
		TH_LOG("%s", r->name);
		/* exactly so many, and unaligned at that */
		memcpy(self->hole - r->size, &a, r->size);
		EXPECT_ERR(r->result,
			   ipc_ioctl(self->w.fd, r->cmd, self->hole - r->size))
		TH_LOG("%s", r->name);
		/* what is "longer" cannot be looked at */
		ASSERT_OK(abi_prepare(&self->w, r, &a));
		a.size = r->size + 8;
		memcpy(self->hole - r->size, &a, r->size);
		EXPECT_ERR(EFAULT,
			   ipc_ioctl(self->w.fd, r->cmd, self->hole - r->size))
		TH_LOG("%s", r->name);
		EXPECT_OK(abi_unchanged(&self->w, r))
		TH_LOG("%s", r->name);
	}
}

/* The outputs cannot be stored: nothing is made, taken, bound or leaked. */
TEST_F_TIMEOUT(fault, struct_readonly, 120)
{
	const struct abi_request *r;
	union any_request *a = (void *)self->readonly;
	int fds = count_fds();
	int ret, i;

	for (r = abi_requests; r < abi_requests_end; r++) {
		for (i = 0; i < 40; i++) {
			mprotect(self->readonly, 4096, PROT_READ | PROT_WRITE);
			ASSERT_OK(abi_prepare(&self->w, r, a));
			if (r->cmd == CAPIPC_IOC_QUERY)
				a->flags = CAPIPC_QUERY_EXE;
			mprotect(self->readonly, 4096, PROT_READ);
			ret = ipc_ioctl(self->w.fd, r->cmd, a);
			if (!r->outputs) {
				EXPECT_OK(ret) TH_LOG("%s", r->name);
				continue;
			}
			EXPECT_ERR(EFAULT, ret) TH_LOG("%s", r->name);
			/* a call can fault only after it was sent */
			if (r->cmd != CAPIPC_IOC_CALL)
				EXPECT_OK(abi_unchanged(&self->w, r))
			TH_LOG("%s", r->name);
		}
	}
	abi_end_invitation(&self->w);
	EXPECT_EQ(fds, count_fds());
}

/*
 * What a failed request does not give back would be used up: as many handles
 * as before can still be made afterwards.
 */
TEST_F(fault, no_handle_is_lost)
{
	struct capipc_create *a = (void *)self->readonly;
	uint32_t h[2];
	int i;

	ASSERT_OK(limit_write(256));
	memset(a, 0, sizeof(*a));
	a->size = sizeof(*a);
	mprotect(self->readonly, 4096, PROT_READ);
	for (i = 0; i < 400; i++)
		ASSERT_ERR(EFAULT, ipc_ioctl(self->w.fd, CAPIPC_IOC_CREATE, a));
	for (i = 0; i < 100; i++)
		ASSERT_OK(ipc_create(self->w.fd, h)) TH_LOG("the %dth", i);
	/* it is a limit that we are below of */
	for (i = 0; i < 100 && !ipc_create(self->w.fd, h); i++)
		;
	EXPECT_LT(i, 100);
}

/* Which member points at something, and how long that is. */
struct pointer {
	unsigned long cmd;
	const char *name;
	uint32_t pointer; /* offset of the __u64 */
	uint32_t count; /* offset of the __u32 that says how many */
	uint32_t n; /* how many we use */
	uint32_t each; /* size of one */
	bool written;
};

#define POINTER(cmd, type, member, counter, n, each, written)    \
	{                                                        \
		cmd, #type "." #member, ABI_OFF(type, member),   \
			ABI_OFF(type, counter), n, each, written \
	}

static const struct pointer pointers[] = {
	POINTER(CAPIPC_IOC_SEND, send, data, data_len, 64, 1, false),
	POINTER(CAPIPC_IOC_SEND, send, data, data_len, 3000, 1, false),
	POINTER(CAPIPC_IOC_SEND, send, attachments, attachments_count, 2, 16,
		false),
	POINTER(CAPIPC_IOC_CALL, call, data, data_len, 64, 1, false),
	POINTER(CAPIPC_IOC_CALL, call, attachments, attachments_count, 2, 16,
		false),
	POINTER(CAPIPC_IOC_REPLY, reply, data, data_len, 64, 1, false),
	POINTER(CAPIPC_IOC_REPLY, reply, attachments, attachments_count, 2, 16,
		false),
	POINTER(CAPIPC_IOC_RECEIVE, receive, data, data_capacity, 10, 1, true),
	POINTER(CAPIPC_IOC_LISTEN, listen, name, name_len, 16, 1, false),
	POINTER(CAPIPC_IOC_LISTEN, listen, rules, rules_count, 2,
		sizeof(struct capipc_rule), false),
	POINTER(CAPIPC_IOC_LISTEN, listen, endpoint_rules, endpoint_rules_count,
		2, sizeof(struct capipc_rule), false),
	POINTER(CAPIPC_IOC_CONNECT, connect, name, name_len, 10, 1, false),
	POINTER(CAPIPC_IOC_RESTRICT, restrict, rules, rules_count, 2,
		sizeof(struct capipc_rule), false),
	POINTER(CAPIPC_IOC_REPORT, report, reason, reason_len, 8, 1, false),
};

static void bad_pointer(struct __test_metadata *_metadata, struct abi_world *w,
			const struct pointer *p, uint64_t address)
{
	const struct abi_request *r = abi_request(p->cmd);
	union any_request a;

	ASSERT_OK(abi_prepare(w, r, &a));
	*(uint64_t *)(a.bytes + p->pointer) = address;
	*abi_u32(&a, p->count) = p->n;
	EXPECT_ERR(EFAULT, ipc_ioctl(w->fd, r->cmd, &a))
	TH_LOG("%s, %u at %#llx", p->name, p->n, (unsigned long long)address);
	if (r->cmd == CAPIPC_IOC_CALL) {
		EXPECT_EQ(CAPIPC_CALL_UNSENT, a.call.state);
		EXPECT_EQ(0, a.call.pending);
	}
	EXPECT_OK(abi_unchanged(w, r))
	TH_LOG("%s, %u at %#llx", p->name, p->n, (unsigned long long)address);
}

TEST_F(fault, pointers)
{
	const uint64_t bad[] = { 0,
				 8,
				 ipc_ptr(self->hole),
				 0xffff888000001000ULL,
				 0xfffffffffffff000ULL,
				 0xffffffffffffffffULL,
				 0x8000000000000000ULL,
				 sizeof(long) == 4 ? 0x7f0000000000ULL : 16 };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(pointers); i++)
		for (j = 0; j < ARRAY_SIZE(bad); j++)
			bad_pointer(_metadata, &self->w, &pointers[i], bad[j]);
}

/*
 * All but the last byte, and all but the first, and the middle. What can be
 * read is zeros, which is a valid rule and no valid attachment: those are below.
 */
TEST_F(fault, pointers_half_way)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pointers); i++) {
		const struct pointer *p = &pointers[i];
		uint32_t len = p->n * p->each;

		if (p->each == sizeof(struct capipc_attachment))
			continue;
		/* a receive has left something there */
		memset(self->hole - BUFFER, 0, BUFFER);
		bad_pointer(_metadata, &self->w, p,
			    ipc_ptr(self->hole - len + 1));
		bad_pointer(_metadata, &self->w, p,
			    ipc_ptr(self->hole - len / 2));
		bad_pointer(_metadata, &self->w, p, ipc_ptr(self->hole - 1));
	}
}

/* Attachments that can be read up to the second; the first is not moved. */
TEST_F(fault, attachments_half_way)
{
	static const unsigned long cmds[] = { CAPIPC_IOC_SEND, CAPIPC_IOC_CALL,
					      CAPIPC_IOC_REPLY };
	struct abi_world *w = &self->w;
	struct capipc_attachment att[2];
	const struct abi_request *r;
	union any_request a;
	char *p = self->hole - 24;
	uint32_t h[2];
	size_t i;

	ASSERT_OK(ipc_create(w->fd, h));
	att[0] = ipc_attach(h[0]);
	att[1] = ipc_attach(h[1]);
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		r = abi_request(cmds[i]);
		ASSERT_OK(abi_prepare(w, r, &a));
		memcpy(p, att, 24);
		if (r->cmd == CAPIPC_IOC_REPLY) {
			a.reply.attachments = ipc_ptr(p);
			a.reply.attachments_count = 2;
		} else if (r->cmd == CAPIPC_IOC_CALL) {
			a.call.attachments = ipc_ptr(p);
			a.call.attachments_count = 2;
		} else {
			a.send.attachments = ipc_ptr(p);
			a.send.attachments_count = 2;
		}
		EXPECT_ERR(EFAULT, ipc_ioctl(w->fd, r->cmd, &a))
		TH_LOG("%s", r->name);
		EXPECT_OK(abi_unchanged(w, r)) TH_LOG("%s", r->name);
		EXPECT_OK(ipc_alive(w->fd, h[0])) TH_LOG("%s", r->name);
		EXPECT_OK(ipc_alive(w->fd, h[1])) TH_LOG("%s", r->name);
	}
}

/*
 * A receive that faults, in the bytes or in the attachments, leaves the message
 * where it was: first in the queue, with everything in it.
 */
TEST_F(fault, receive_leaves_message)
{
	struct abi_world *w = &self->w;
	struct capipc_attachment att[2], *out;
	struct capipc_receive r;
	struct ipc_message m;
	uint32_t h[2], moved[2];
	static char big[6000];
	int i;

	ASSERT_OK(ipc_create(w->fd, h));
	ASSERT_OK(ipc_create(w->fd, moved));
	ASSERT_OK(ipc_send_str(w->fd, moved[0], 1, "inside"));
	att[0] = ipc_attach(moved[0]);
	att[1] = ipc_attach(moved[1]);
	memset(big, 'b', sizeof(big));
	ASSERT_OK(ipc_send_full(w->fd, h[0], 1, big, 3000, att, 2));
	ASSERT_OK(ipc_send_str(w->fd, h[0], 2, "the next"));

	for (i = 0; i < 6; i++) {
		memset(&r, 0, sizeof(r));
		r.handle = h[1];
		r.flags = CAPIPC_NOWAIT;
		r.data = ipc_ptr(big);
		r.data_capacity = sizeof(big);
		r.attachments = ipc_ptr(att);
		r.attachments_capacity = 2;
		if (i == 0)
			r.data = ipc_ptr(self->hole - 2999);
		else if (i == 1)
			r.data = ipc_ptr(self->hole - 1);
		else if (i == 2)
			r.data = 0;
		else if (i == 3)
			r.attachments = ipc_ptr(self->hole - 16);
		else if (i == 4)
			r.attachments = ipc_ptr(self->hole - 31);
		else
			r.attachments = 0;
		EXPECT_ERR(EFAULT, ipc_do_receive(w->fd, &r))
		TH_LOG("variant %d", i);
		EXPECT_EQ(2, ipc_queued(w->fd, h[1])) TH_LOG("variant %d", i);
		EXPECT_ERR(EBADF, ipc_alive(w->fd, moved[0]));
	}
	/* whatever the room is, only what is needed is touched */
	out = (void *)(self->hole - 32);
	memset(&r, 0, sizeof(r));
	r.handle = h[1];
	r.flags = CAPIPC_NOWAIT;
	r.data = ipc_ptr(self->hole - 32 - 3000);
	r.data_capacity = 0xffffffff;
	r.attachments = ipc_ptr(out);
	r.attachments_capacity = 0xffffffff;
	ASSERT_OK(ipc_do_receive(w->fd, &r));
	EXPECT_EQ(3000, r.data_len);
	EXPECT_EQ(2, r.attachments_count);
	EXPECT_EQ(1, r.ordinal);
	memcpy(att, out, sizeof(att));
	ASSERT_OK(ipc_recv_from(w->fd, att[1].handle, &m));
	EXPECT_STREQ("inside", m.data);
	ASSERT_OK(ipc_recv_from(w->fd, h[1], &m));
	EXPECT_STREQ("the next", m.data);
}

/* The room of a caller faults when the reply comes. */
TEST_F(fault, reply_room)
{
	struct abi_world *w = &self->w;
	struct async_call c;
	struct ipc_message m;
	uint32_t h[2];
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_OK(ipc_create(w->fd, h));
		async_call_init(&c, w->fd, h[0], "ask");
		c.a.reply_data = i == 0 ? ipc_ptr(self->hole - 3) :
				 i == 1 ? 0 :
					  ipc_ptr(self->readonly);
		mprotect(self->readonly, 4096, PROT_READ);
		ASSERT_OK(async_call_go(&c));
		ASSERT_OK(ipc_recv_from(w->fd, h[1], &m));
		ASSERT_EQ(CAPIPC_RECEIVED_CALL, m.r.type);
		/* the replier has done its part */
		EXPECT_OK(ipc_reply_str(w->fd, m.r.reply_handle, "answer"));
		EXPECT_ERR(EBADF, ipc_alive(w->fd, m.r.reply_handle));
		EXPECT_ERR(EFAULT, async_call_join(&c));
		/* it can be fetched yet */
		EXPECT_EQ(CAPIPC_CALL_ANSWERED, c.a.state);
		ASSERT_NE(0, c.a.pending);
		EXPECT_ERR(EFAULT, ipc_do_call(w->fd, &c.a));
		EXPECT_EQ(CAPIPC_CALL_ANSWERED, c.a.state);
		c.a.reply_data = ipc_ptr(c.reply);
		EXPECT_OK(ipc_do_call(w->fd, &c.a));
		EXPECT_EQ(6, c.a.reply_len);
		EXPECT_EQ(0, memcmp("answer", c.reply, 6));
		EXPECT_EQ(0, c.a.pending);
		EXPECT_OK(ipc_close(w->fd, h[0]));
		EXPECT_OK(ipc_close(w->fd, h[1]));
	}
}

/* Room for groups and label: too little is said, what faults is EFAULT. */
TEST_F(fault, query_room)
{
	struct abi_world *w = &self->w;
	struct capipc_query q = { .handle = w->h[0] };
	gid_t groups[3] = { 11, 12, 13 };
	int fds;

	ASSERT_EQ(0, setgroups(3, groups));
	close(w->fd);
	ASSERT_OK(abi_world_make(w));
	q.handle = w->h[0];
	fds = count_fds();

	q.flags = CAPIPC_QUERY_EXE;
	q.groups = ipc_ptr(self->hole - 8);
	q.groups_capacity = 3;
	EXPECT_ERR(EFAULT, ipc_do_query(w->fd, &q));
	q.groups = 0;
	EXPECT_ERR(EFAULT, ipc_do_query(w->fd, &q));
	mprotect(self->readonly, 4096, PROT_READ);
	q.groups = ipc_ptr(self->readonly);
	EXPECT_ERR(EFAULT, ipc_do_query(w->fd, &q));
	EXPECT_EQ(fds, count_fds());
	/* not written when there is too little */
	q.flags = 0;
	q.groups = 0;
	q.groups_capacity = 2;
	EXPECT_OK(ipc_do_query(w->fd, &q));
	EXPECT_EQ(3, q.groups_count);
	q.groups = ipc_ptr(self->hole - 12);
	q.groups_capacity = 3;
	EXPECT_OK(ipc_do_query(w->fd, &q));
	EXPECT_EQ(12, ((uint32_t *)(self->hole - 12))[1]);
}

TEST_HARNESS_MAIN
