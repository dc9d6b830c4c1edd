// SPDX-License-Identifier: GPL-2.0
/*
 * Names of listeners: what is a name, and who may bind which.
 */
#include "capipc_test_ident.h"

FIXTURE(name)
{
	struct actor server, client;
	char name[64];
};

FIXTURE_SETUP(name)
{
	strcpy(self->name, fresh_name());
	ASSERT_OK(actor_start(&self->server));
	ASSERT_OK(actor_start(&self->client));
}

FIXTURE_TEARDOWN(name)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
}

/* Bind and close again: 0 or -errno. */
static int try_name(struct actor *a, const char *name)
{
	__u32 handle;
	int ret = actor_listen(a, name, NULL, &handle);

	return ret ? ret : actor_close(a, handle);
}

/* ----------------------------------------------------------------- names */

TEST_F(name, good_names)
{
	static const char *const names[] = {
		"a",
		"0",
		"Z",
		".",
		"..",
		"-",
		"_",
		"a/b",
		"a/b/c/d/e/f/g",
		"selftest/../x",
		"A-Z_a.z",
		"uidx/0",
		"UID/1000/x",
		"abcdefghijklmnopqrstuvwxyz.ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-",
	};
	__u32 end, listener;
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_OK(
			actor_listen(&self->server, names[i], NULL, &listener))
		TH_LOG("'%s'", names[i]);
		EXPECT_OK(actor_connect(&self->client, names[i], &end));
		EXPECT_OK(actor_close(&self->server, listener));
		EXPECT_ERR(ENOENT,
			   actor_connect(&self->client, names[i], &end));
	}
}

TEST_F(name, malformed_names)
{
	static const char *const names[] = {
		"/",	  "//",	 "/a",	"a/",	 "a//b",  "a/b/",	 "/a/b",
		"uid/0/", "a b", " a",	"a ",	 "a\n",	  "a:b",	 "a@b",
		"a\\b",	  "a*",	 "a?",	"a\x7f", "a\x80", "caf\xc3\xa9", "\xff",
		"a\x01",  "a+b", "a,b", "a~",	 "@a",	  "a%2fb",	 "a`",
		"a[",	  "a{",	 "a^",
	};
	struct capipc_explain e;
	__u32 end;
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_ERR(EINVAL, try_name(&self->server, names[i]))
		TH_LOG("'%s'", names[i]);
		EXPECT_ERR(EINVAL, actor_connect(&self->client, names[i], &end))
		TH_LOG("'%s'", names[i]);
		EXPECT_ERR(EINVAL,
			   actor_explain(&self->client, 0, 0, names[i], &e))
		TH_LOG("'%s'", names[i]);
	}
}

static int connect_raw(struct actor *a, __u64 name, __u32 len)
{
	struct capipc_connect c = {
		.size = sizeof(c),
		.name = name,
		.name_len = len,
	};

	return ACTOR_IOCTL(a, CONNECT, &c);
}

static int listen_raw(struct actor *a, __u64 name, __u32 len, __u32 backlog)
{
	struct capipc_listen l = {
		.size = sizeof(l),
		.name = name,
		.name_len = len,
		.rule_size = sizeof(struct capipc_rule),
		.backlog = backlog,
	};
	int ret = ACTOR_IOCTL(a, LISTEN, &l);

	return ret ? ret : actor_close(a, l.handle);
}

static int explain_raw(struct actor *a, __u64 name, __u32 len)
{
	struct capipc_explain e = {
		.size = sizeof(e),
		.name = name,
		.name_len = len,
	};

	return ACTOR_IOCTL(a, EXPLAIN, &e);
}

TEST_F(name, length_of_names)
{
	struct actor *a = &self->server;
	char *name = a->page->name;
	__u64 at = ipc_ptr(name);

	memset(name, 'a', sizeof(a->page->name));
	EXPECT_OK(listen_raw(a, at, 1, 1));
	EXPECT_OK(listen_raw(a, at, CAPIPC_NAME_MAX, 1));
	EXPECT_ERR(ENAMETOOLONG, listen_raw(a, at, CAPIPC_NAME_MAX + 1, 1));
	EXPECT_ERR(ENAMETOOLONG, listen_raw(a, at, 0xffffffff, 1));
	EXPECT_ERR(EINVAL, listen_raw(a, at, 0, 1));

	EXPECT_ERR(ENOENT, connect_raw(a, at, CAPIPC_NAME_MAX));
	EXPECT_ERR(ENAMETOOLONG, connect_raw(a, at, CAPIPC_NAME_MAX + 1));
	EXPECT_ERR(ENAMETOOLONG, connect_raw(a, at, 0xffffffff));
	EXPECT_ERR(EINVAL, connect_raw(a, at, 0));

	EXPECT_ERR(ENOENT, explain_raw(a, at, CAPIPC_NAME_MAX));
	EXPECT_ERR(ENAMETOOLONG, explain_raw(a, at, CAPIPC_NAME_MAX + 1));
	EXPECT_ERR(EINVAL, explain_raw(a, at, 0));

	/* a NUL is no letter, wherever it is */
	memcpy(name, "ab\0cd", 5);
	EXPECT_ERR(EINVAL, listen_raw(a, at, 5, 1));
	EXPECT_ERR(EINVAL, listen_raw(a, at, 3, 1));
	EXPECT_ERR(EINVAL, connect_raw(a, at, 5));
	EXPECT_ERR(EINVAL, connect_raw(a, at, 3));
	EXPECT_OK(listen_raw(a, at, 2, 1));
}

static long act_name_before_hole(struct actor_page *page, long bytes)
{
	char *p = map_before_hole((size_t)bytes);

	if (!p)
		return -ENOMEM;
	memset(p, 'a', (size_t)bytes);
	page->number[0] = ipc_ptr(p);
	return 0;
}

TEST_F(name, name_pointers)
{
	struct actor *a = &self->server;
	__u64 bad[] = { 0, 1, ~0ULL, 1ULL << 63 }, hole;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_ERR(EFAULT, listen_raw(a, bad[i], 4, 1));
		EXPECT_ERR(EFAULT, connect_raw(a, bad[i], 4));
	}
	ASSERT_OK(actor_run(a, act_name_before_hole, 8));
	hole = a->page->number[0];
	EXPECT_ERR(EFAULT, listen_raw(a, hole, 9, 1));
	EXPECT_ERR(EFAULT, connect_raw(a, hole, 9));
	EXPECT_OK(listen_raw(a, hole, 8, 1));
	EXPECT_ERR(ENOENT, connect_raw(a, hole, 8));
}

TEST_F(name, backlog_range)
{
	struct actor *a = &self->server;
	__u64 at = ipc_ptr(a->page->name);

	strcpy(a->page->name, self->name);
	EXPECT_ERR(EINVAL, listen_raw(a, at, strlen(self->name), 0));
	EXPECT_OK(listen_raw(a, at, strlen(self->name), 1));
	EXPECT_OK(listen_raw(a, at, strlen(self->name), 1024));
	EXPECT_ERR(EINVAL, listen_raw(a, at, strlen(self->name), 1025));
	EXPECT_ERR(EINVAL, listen_raw(a, at, strlen(self->name), 0xffffffff));
}

/* ------------------------------------------------------- who may bind what */

TEST_F(name, names_of_users)
{
	char name[64];

	/* nobody else's, not even root */
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/1000/x"));
	EXPECT_OK(try_name(&self->server, "uid/0/x"));

	ASSERT_OK(actor_become(&self->server, 1000));
	EXPECT_OK(try_name(&self->server, "uid/1000/x"));
	EXPECT_OK(try_name(&self->server, "uid/1000/x/y/z"));
	EXPECT_OK(try_name(&self->server, "uid/1000/-"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/0/x"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/1001/x"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/100/x"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/10000/x"));

	EXPECT_ERR(EPERM, try_name(&self->server, "uid/1000"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/01000/x"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/0x3e8/x"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/-1/x"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/1000.0/x"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/1000x/x"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/x1000/x"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid"));
	EXPECT_ERR(EPERM, try_name(&self->server, "UID/1000/x"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/waffles/x"));
	/* numbers that are 1000 when cut to 32 or 64 bits */
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/4294968296/x"));
	EXPECT_ERR(EPERM,
		   try_name(&self->server, "uid/18446744073709552616/x"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/-4294966296/x"));
	EXPECT_ERR(EPERM, try_name(&self->server, "uid/4294967295/x"));
	EXPECT_ERR(EINVAL, try_name(&self->server, "uid/1000/"));
	EXPECT_ERR(EINVAL, try_name(&self->server, "uid/ 1000/x"));
	EXPECT_ERR(EINVAL, try_name(&self->server, "uid/+1000/x"));

	EXPECT_ERR(EPERM, try_name(&self->server, "x"));
	EXPECT_ERR(EPERM, try_name(&self->server, self->name));

	/* the uid that counts is the effective one */
	ASSERT_OK(actor_setresuid(&self->client, 0, 1001, 0));
	snprintf(name, sizeof(name), "uid/1001/%d", getpid());
	EXPECT_OK(try_name(&self->client, name));
	EXPECT_ERR(EPERM, try_name(&self->client, "uid/0/x"));
	ASSERT_OK(actor_setresuid(&self->client, 1001, 0, 0));
	EXPECT_ERR(EPERM, try_name(&self->client, name));
}

TEST_F(name, other_names_need_cap_sys_admin)
{
	__u64 admin = 1ULL << CAP_SYS_ADMIN;

	EXPECT_OK(try_name(&self->server, self->name));
	ASSERT_OK(actor_capset(&self->server, caps_all() & ~admin, caps_all()));
	EXPECT_ERR(EPERM, try_name(&self->server, self->name));
	EXPECT_OK(try_name(&self->server, "uid/0/x"));
	ASSERT_OK(actor_capset(&self->server, admin, caps_all()));
	EXPECT_OK(try_name(&self->server, self->name));
	ASSERT_OK(actor_capset(&self->server, caps_all(), caps_all()));
	ASSERT_OK(actor_setresuid(&self->server, 1000, 1000, 0));
	EXPECT_ERR(EPERM, try_name(&self->server, self->name));
	ASSERT_OK(actor_capset(&self->server, admin, caps_all()));
	EXPECT_OK(try_name(&self->server, self->name));
}

/* It is the namespace that owns the network namespace that counts. */
TEST_F(name, root_of_a_user_namespace)
{
	struct actor *a = &self->server;
	char own[64];

	ASSERT_OK(actor_userns_root(a, 100000, 0));
	ASSERT_EQ(caps_all(), proc_status(a->pid, "CapEff", 16));
	snprintf(own, sizeof(own), "uid/100000/%d", getpid());
	EXPECT_ERR(EPERM, try_name(a, self->name));
	EXPECT_ERR(EPERM, try_name(a, "uid/0/x"));
	EXPECT_OK(try_name(a, own));

	/* a context of before is of the network namespace of before */
	ASSERT_OK(actor_run(a, act_unshare, CLONE_NEWNET));
	EXPECT_ERR(EPERM, try_name(a, self->name));
	EXPECT_OK(try_name(a, own));

	ASSERT_OK(actor_open(a));
	EXPECT_OK(try_name(a, self->name));
	EXPECT_OK(try_name(a, "uid/0/x"));
	EXPECT_ERR(EPERM, try_name(a, own));
}

TEST_HARNESS_MAIN
