// SPDX-License-Identifier: GPL-2.0
/*
 * The module goes exactly when nobody has a context, and leaves nothing. To be
 * run alone: it ends with the module loaded again, from $CAPIPC_KO or /capipc.ko.
 */
#include <dirent.h>

#include "capipc_test_netlink.h"

#define MODULE "capipc"

FIXTURE(module)
{
	struct actor a, b;
	bool can;
};

static int unload(void)
{
	return syscall(SYS_delete_module, MODULE, O_NONBLOCK) ? -errno : 0;
}

static const char *module_path(void)
{
	const char *path = getenv("CAPIPC_KO");

	return path ? path : "/capipc.ko";
}

/* What it was loaded with, or given since. */
static char parameters[1024];

static void keep_parameters(void)
{
	const char *dir = "/sys/module/" MODULE "/parameters";
	struct dirent *entry;
	DIR *d = opendir(dir);
	char value[64];
	size_t len = 0;

	while (d && (entry = readdir(d)) && len < sizeof(parameters) / 2) {
		if (entry->d_name[0] == '.' ||
		    get_text(value, sizeof(value), "%s/%s", dir,
			     entry->d_name) <= 0)
			continue;
		value[strcspn(value, "\n")] = 0;
		len += snprintf(parameters + len, sizeof(parameters) - len,
				"%s=%s ", entry->d_name, value);
	}
	if (d)
		closedir(d);
}

static int load(void)
{
	int fd = open(module_path(), O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	/* devtmpfs makes the node before this returns, udev its mode later */
	return ret;
}

static bool loaded(void)
{
	return access("/sys/module/" MODULE, F_OK) == 0;
}

static int is_refused(void)
{
	int ret = unload();

	return ret == -EBUSY || ret == -EWOULDBLOCK ? 0 : ret ? ret : -EPROTO;
}

FIXTURE_SETUP(module)
{
	ASSERT_TRUE(loaded());
	keep_parameters();
	/* what cannot be loaded again is better left alone */
	self->can = access(module_path(), R_OK) == 0;
}

#define NEEDS_FILE()                                                  \
	do {                                                          \
		if (!self->can)                                       \
			SKIP(return, "no module file to load again"); \
	} while (0)

FIXTURE_TEARDOWN(module)
{
	actor_stop(&self->a);
	actor_stop(&self->b);
	if (!loaded())
		EXPECT_OK(load());
}

/* It works: a message to oneself. */
static int works(void)
{
	struct ipc_message m;
	__u32 h[2];
	int fd = ipc_open(), ret;

	if (fd < 0)
		return fd;
	ret = ipc_create(fd, h);
	if (!ret)
		ret = ipc_send_str(fd, h[0], 1, "hello");
	if (!ret)
		ret = ipc_tryrecv(fd, &m);
	close(fd);
	return ret;
}

/* How many lines of /proc/kallsyms are the module's. */
static int symbols(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[512];
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += !!strstr(line, "[" MODULE "]");
	if (f)
		fclose(f);
	return n;
}

TEST_F(module, comes_and_goes)
{
	struct nl nl;
	int i, n = symbols();

	NEEDS_FILE();
	EXPECT_LT(0, n);
	for (i = 0; i < 3; i++) {
		ASSERT_OK(works());
		ASSERT_OK(unload());
		EXPECT_FALSE(loaded());
		EXPECT_EQ(0, symbols());
		EXPECT_NE(0, access(IPC_DEVICE, F_OK));
		EXPECT_ERR(ENOENT, nl_open(&nl));
		nl_close(&nl);
		ASSERT_OK(load());
		EXPECT_EQ(n, symbols());
	}
	EXPECT_OK(works());
}

TEST_F(module, stays_while_a_context_is_open)
{
	__u32 h[2], listener;
	struct nl_request r;
	struct nl nl;

	NEEDS_FILE();
	ASSERT_OK(actor_start(&self->a));
	EXPECT_OK(is_refused());
	ASSERT_OK(actor_create(&self->a, h));
	ASSERT_ERR(ELOOP, actor_send_handle(&self->a, h[0], h[1]));
	ASSERT_OK(actor_listen(&self->a, fresh_name(), NULL, &listener));
	EXPECT_OK(is_refused());
	/* being refused did no harm */
	EXPECT_OK(actor_send(&self->a, h[0], 1));
	EXPECT_EQ(CAPIPC_RECEIVED_MESSAGE, actor_idle(&self->a, 0));
	EXPECT_OK(works());

	/* who listens to events does not keep it */
	ASSERT_OK(nl_open(&nl));
	ASSERT_OK(nl_join(&nl));
	nl_prepare(&nl, &r, nl.family, CAPIPC_CMD_SUBSCRIBE, NLM_F_ACK);
	ASSERT_OK(nl_ask(&nl, &r, NULL, NULL, NULL));
	ASSERT_OK(actor_run(&self->a, act_close_fd, self->a.dev));
	EXPECT_OK(unload());
	nl_close(&nl);
}

static long act_send_context(struct actor_page *page, long sock)
{
	return sync_send_fd((int)sock, page->fd);
}

/* The process is gone but its file is not: it is still open. */
TEST_F(module, stays_while_a_file_is_open)
{
	int sv[2];

	NEEDS_FILE();
	/* in a socket that nobody will read */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sv));
	ASSERT_OK(actor_start(&self->a));
	self->a.page->fd = self->a.dev;
	ASSERT_OK(actor_run(&self->a, act_send_context, sv[0]));
	actor_stop(&self->a);
	EXPECT_OK(is_refused());
	close(sv[0]);
	close(sv[1]);
	EXPECT_OK(unload());
}

/* Everything at once, and death. */
TEST_F(module, leaves_nothing)
{
	struct actor *a = &self->a, *b = &self->b;
	__u32 listener, a_end, b_end, h[2], extra;
	struct capipc_rule rule = { .ordinal_last = 9 };
	char name[64];
	int i;

	NEEDS_FILE();
	strcpy(name, fresh_name());
	ASSERT_OK(actor_start(a));
	ASSERT_OK(actor_start(b));
	ASSERT_OK(actor_listen(b, name, NULL, &listener));
	ASSERT_OK(actor_link(a, b, name, listener, &a_end, &b_end));
	for (i = 0; i < 20; i++) {
		ASSERT_OK(actor_create(a, h));
		ASSERT_OK(actor_restrict(a, h[1], &rule, 1));
		ASSERT_OK(actor_send_handle(a, a_end, h[0]));
		ASSERT_OK(actor_connect(a, name, &extra));
		ASSERT_OK(actor_send_all(a, extra, 1, 10000, 0, 0));
	}
	ASSERT_OK(actor_call_begin(a, a_end, 1));
	ASSERT_OK(wait_asleep(a->pid));
	EXPECT_OK(is_refused());
	actor_stop(b);
	EXPECT_OK(is_refused());
	actor_stop(a);
	EXPECT_OK(unload());
	EXPECT_OK(load());
	EXPECT_OK(works());
}

TEST_HARNESS_MAIN
