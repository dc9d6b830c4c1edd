// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts: whose they are, and when they end.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "async.h"

/* After exec() of ourselves: what the inherited context says. */
static void __attribute__((constructor)) exec_helper(void)
{
	const char *env = getenv("CAPIPC_TEST_EXEC");
	uint64_t number;
	int fd, sock;

	if (!env || sscanf(env, "%d %d", &fd, &sock) != 2)
		return;
	number = -ipc_ioctl(
		fd, CAPIPC_IOC_INFO,
		&(struct capipc_info){ .size = sizeof(struct capipc_info) });
	if (sync_send(sock, number, -1))
		_exit(1);
	/* until the other side has looked */
	_exit(sync_recv(sock, &number, NULL) ? 1 : 0);
}

static int exec_self(int fd, int sock)
{
	char *argv[] = { "exec_helper", NULL };
	char env[64];
	char *envp[] = { env, NULL };

	snprintf(env, sizeof(env), "CAPIPC_TEST_EXEC=%d %d", fd, sock);
	fcntl(fd, F_SETFD, 0);
	fcntl(sock, F_SETFD, 0);
	execve("/proc/self/exe", argv, envp);
	return -errno;
}

/* Every request, as it would be with nothing but its size. */
static void expect_foreign(struct __test_metadata *_metadata, int fd)
{
	static const size_t sizes[] = {
		sizeof(struct capipc_info),    sizeof(struct capipc_create),
		sizeof(struct capipc_close),   sizeof(struct capipc_tag),
		sizeof(struct capipc_inspect), sizeof(struct capipc_send),
		sizeof(struct capipc_call),    sizeof(struct capipc_reply),
		sizeof(struct capipc_receive), sizeof(struct capipc_listen),
		sizeof(struct capipc_connect), sizeof(struct capipc_restrict),
		sizeof(struct capipc_explain), sizeof(struct capipc_query),
		sizeof(struct capipc_report),
	};
	uint32_t buf[64];
	unsigned int nr;

	for (nr = 0; nr < ARRAY_SIZE(sizes); nr++) {
		memset(buf, 0, sizeof(buf));
		buf[0] = sizes[nr];
		EXPECT_ERR(EPERM, ipc_ioctl(fd, _IO(CAPIPC_IOC_TYPE, nr), buf))
		TH_LOG("request %u", nr);
	}
}

TEST(open_modes)
{
	int fd;

	fd = ipc_open();
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(-1, open(IPC_DEVICE "/x", O_RDWR));
	EXPECT_EQ(ENOTDIR, errno);
}

static void unprivileged(struct __test_metadata *_metadata, int sock, void *arg)
{
	uint32_t h[2];
	int fd;

	ASSERT_OK(become(12345, 12345));
	fd = ipc_open();
	ASSERT_GE(fd, 0);
	EXPECT_OK(ipc_create(fd, h));
	EXPECT_OK(ipc_send_str(fd, h[0], 1, "x"));
}

TEST(anyone_may_open)
{
	struct child child;
	struct stat st;

	ASSERT_EQ(0, stat(IPC_DEVICE, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0666, st.st_mode & 07777);
	CHILD_START(&child, unprivileged, NULL);
	CHILD_WAIT(&child);
}

static void forked(struct __test_metadata *_metadata, int sock, void *arg)
{
	int fd = *(int *)arg, own;
	uint32_t h[2];

	expect_foreign(_metadata, fd);
	own = ipc_open();
	ASSERT_GE(own, 0);
	EXPECT_OK(ipc_create(own, h));
	/* what we do with its file is nothing to the owner */
	EXPECT_EQ(0, close(fd));
}

TEST(fork_child)
{
	struct child child;
	struct ipc_message m;
	uint32_t h[2];
	int fd = ipc_open();

	ASSERT_GE(fd, 0);
	ASSERT_OK(ipc_create(fd, h));
	ASSERT_OK(ipc_send_str(fd, h[0], 1, "before"));
	CHILD_START(&child, forked, &fd);
	CHILD_WAIT(&child);
	EXPECT_OK(ipc_recv(fd, &m));
	EXPECT_STREQ("before", m.data);
	EXPECT_OK(ipc_send_str(fd, h[0], 1, "after"));
}

static void given(struct __test_metadata *_metadata, int sock, void *arg)
{
	int fd;

	ASSERT_OK(sync_recv_fd(sock, &fd));
	expect_foreign(_metadata, fd);
}

TEST(sent_over_a_socket)
{
	struct child child;
	uint32_t h[2];
	int fd;

	CHILD_START(&child, given, NULL);
	fd = ipc_open();
	ASSERT_GE(fd, 0);
	ASSERT_OK(sync_send_fd(child.sock, fd));
	CHILD_WAIT(&child);
	EXPECT_OK(ipc_create(fd, h));
}

struct shared {
	int fd;
	int ret;
	uint32_t h[2];
};

static int same_memory(void *arg)
{
	struct shared *s = arg;

	s->ret = ipc_create(s->fd, s->h);
	return 0;
}

/* Another process, the same address space. */
TEST(clone_vm)
{
	struct shared s = { .ret = 1 };
	char *stack;
	int status;
	pid_t pid;

	stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, stack);
	s.fd = ipc_open();
	ASSERT_GE(s.fd, 0);
	pid = clone(same_memory, stack + 65536, CLONE_VM | SIGCHLD, &s);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_OK(s.ret);
	/* its end is not that of the address space */
	EXPECT_OK(ipc_send_str(s.fd, s.h[0], 1, "x"));
}

static int vfork_exec(void *arg)
{
	char *argv[] = { "exec_helper", NULL };
	char *envp[] = { "CAPIPC_TEST_EXEC=-1 -1", NULL };

	execve("/proc/self/exe", argv, envp);
	return 99;
}

/* A child that shared the memory until its exec takes nothing with it. */
TEST(vfork_and_exec)
{
	struct ipc_message m;
	uint32_t h[2];
	char *stack;
	int fd, status;
	pid_t pid;

	stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, stack);
	fd = ipc_open();
	ASSERT_GE(fd, 0);
	ASSERT_OK(ipc_create(fd, h));
	ASSERT_OK(ipc_send_str(fd, h[0], 1, "still here"));
	pid = clone(vfork_exec, stack + 65536, CLONE_VM | CLONE_VFORK | SIGCHLD,
		    NULL);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	/* it did exec: the helper cannot send anywhere */
	EXPECT_EQ(1, WEXITSTATUS(status));
	EXPECT_OK(ipc_recv(fd, &m));
	EXPECT_STREQ("still here", m.data);
}

static void execs(struct __test_metadata *_metadata, struct peer *peer)
{
	ASSERT_OK(ipc_send_str(peer->fd, peer->ep, 1, "last words"));
	ASSERT_OK(exec_self(peer->fd, peer->sock));
}

TEST(exec_ends_it)
{
	struct peer peer = { .fn = execs };
	struct ipc_message m;
	uint64_t number;

	peer.fd = ipc_open();
	ASSERT_GE(peer.fd, 0);
	PEER_START(&peer);
	/* the new program has the file, but not the context */
	ASSERT_OK(sync_recv(peer.sock, &number, NULL));
	EXPECT_EQ(EPERM, number);
	/* and what the old one held is closed */
	EXPECT_OK(ipc_recv(peer.fd, &m));
	EXPECT_STREQ("last words", m.data);
	EXPECT_OK(ipc_recv(peer.fd, &m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, m.r.type);
	EXPECT_ERR(EPIPE, ipc_send_str(peer.fd, peer.ep, 1, "x"));
	ASSERT_OK(sync_post(peer.sock));
	PEER_WAIT(&peer);
}

static void gives_away(struct __test_metadata *_metadata, struct peer *peer)
{
	ASSERT_OK(sync_send_fd(peer->sock, peer->fd));
	ASSERT_OK(ipc_send_str(peer->fd, peer->ep, 1, "given"));
	ASSERT_OK(sync_wait(peer->sock));
}

/* A context whose file waits in a socket ends with its process. */
TEST(death_with_file_in_a_queue)
{
	struct peer peer = { .fn = gives_away };
	struct ipc_message m;
	int fd, sock;

	peer.fd = ipc_open();
	ASSERT_GE(peer.fd, 0);
	PEER_START(&peer);
	sock = dup(peer.sock);
	EXPECT_OK(ipc_recv(peer.fd, &m));
	EXPECT_STREQ("given", m.data);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(peer.fd, &m));
	PEER_KILL(&peer);
	EXPECT_OK(ipc_recv(peer.fd, &m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, m.r.type);
	/* here it is, dead */
	ASSERT_OK(sync_recv_fd(sock, &fd));
	expect_foreign(_metadata, fd);
	EXPECT_EQ(0, close(fd));
}

TEST(death_with_file_held_by_another)
{
	struct peer peer = { .fn = gives_away };
	struct ipc_message m;
	int fd;

	peer.fd = ipc_open();
	ASSERT_GE(peer.fd, 0);
	PEER_START(&peer);
	ASSERT_OK(sync_recv_fd(peer.sock, &fd));
	EXPECT_OK(ipc_recv(peer.fd, &m));
	EXPECT_STREQ("given", m.data);
	expect_foreign(_metadata, fd);
	EXPECT_ERR(EAGAIN, ipc_tryrecv(peer.fd, &m));
	PEER_KILL(&peer);
	EXPECT_OK(ipc_recv(peer.fd, &m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, m.r.type);
	expect_foreign(_metadata, fd);
}

static void *waits_for_ever(void *arg)
{
	struct peer *peer = arg;
	struct ipc_message m;

	ipc_recv_flags(peer->fd, &m, 0, 0, CAPIPC_FOREVER);
	return NULL;
}

static void execs_while_it_waits(struct __test_metadata *_metadata,
				 struct peer *peer)
{
	pthread_t thread[3];
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, waits_for_ever,
					    peer));
	ASSERT_OK(sync_wait(peer->sock));
	ASSERT_OK(exec_self(peer->fd, peer->sock));
}

/* Threads that wait in a request do not hold up an exec. */
TEST(exec_with_waiting_threads)
{
	struct peer peer = { .fn = execs_while_it_waits };
	struct ipc_message m;
	uint64_t number;

	peer.fd = ipc_open();
	ASSERT_GE(peer.fd, 0);
	PEER_START(&peer);
	ASSERT_OK(sync_post(peer.sock));
	ASSERT_OK(sync_recv(peer.sock, &number, NULL));
	EXPECT_EQ(EPERM, number);
	EXPECT_OK(ipc_recv(peer.fd, &m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, m.r.type);
	ASSERT_OK(sync_post(peer.sock));
	PEER_WAIT(&peer);
}

static void hides_in_itself(struct __test_metadata *_metadata,
			    struct peer *peer)
{
	int sk[2];

	/* the queue of a socket that only that queue refers to */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sk));
	ASSERT_OK(sync_send_fd(sk[0], peer->fd));
	ASSERT_OK(sync_send_fd(sk[0], sk[0]));
	ASSERT_OK(sync_send_fd(sk[0], sk[1]));
	ASSERT_OK(sync_post(peer->sock));
	ASSERT_OK(sync_wait(peer->sock));
}

TEST(death_with_file_in_a_cycle)
{
	struct peer peer = { .fn = hides_in_itself };
	struct ipc_message m;

	peer.fd = ipc_open();
	ASSERT_GE(peer.fd, 0);
	PEER_START(&peer);
	ASSERT_OK(sync_wait(peer.sock));
	PEER_KILL(&peer);
	EXPECT_OK(ipc_recv(peer.fd, &m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, m.r.type);
}

static void waits(struct __test_metadata *_metadata, struct peer *peer)
{
	ASSERT_OK(sync_wait(peer->sock));
}

/* Somebody who looks at its memory does not keep it alive for us. */
TEST(death_with_memory_pinned)
{
	struct peer peer = { .fn = waits };
	struct ipc_message m;
	char path[64];
	int mem;

	peer.fd = ipc_open();
	ASSERT_GE(peer.fd, 0);
	PEER_START(&peer);
	snprintf(path, sizeof(path), "/proc/%d/mem", peer.child.pid);
	mem = open(path, O_RDONLY);
	ASSERT_GE(mem, 0);
	PEER_KILL(&peer);
	EXPECT_OK(ipc_recv(peer.fd, &m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, m.r.type);
	close(mem);
}

static void *survivor(void *arg)
{
	struct peer *peer = arg;

	/* the main thread has gone, or is going: the process has not */
	sync_wait(peer->sock);
	_exit(ipc_send_str(peer->fd, peer->ep, 1, "from the survivor") ? 1 : 0);
}

static void leader_exits(struct __test_metadata *_metadata, struct peer *peer)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, survivor, peer));
	syscall(SYS_exit, 0);
}

TEST(thread_leader_exits)
{
	struct peer peer = { .fn = leader_exits };
	struct ipc_message m;

	peer.fd = ipc_open();
	ASSERT_GE(peer.fd, 0);
	PEER_START(&peer);
	ASSERT_OK(sync_post(peer.sock));
	EXPECT_OK(ipc_recv(peer.fd, &m));
	EXPECT_STREQ("from the survivor", m.data);
	PEER_WAIT(&peer);
}

TEST(close_of_the_file)
{
	struct ipc_message m;
	uint32_t a, b, listener;
	char name[48];
	int fd, other, copy;

	snprintf(name, sizeof(name), "selftest/%d/close", getpid());
	fd = ipc_open();
	other = ipc_open();
	ASSERT_GE(fd, 0);
	ASSERT_GE(other, 0);
	ASSERT_OK(ipc_listen(fd, name, &listener));
	ASSERT_OK(ipc_connect(other, name, &b));
	ASSERT_OK(ipc_accept(fd, listener, &a));
	ASSERT_OK(ipc_send_str(fd, a, 1, "last"));
	copy = dup(fd);
	ASSERT_EQ(0, close(fd));
	/* the other descriptor is the same context */
	EXPECT_OK(ipc_alive(copy, a));
	EXPECT_OK(ipc_recv(other, &m));
	EXPECT_ERR(EAGAIN, ipc_tryrecv(other, &m));
	ASSERT_EQ(0, close(copy));
	EXPECT_OK(ipc_recv(other, &m));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, m.r.type);
	EXPECT_ERR(ENOENT, ipc_connect(other, name, &b));
}

TEST(many_contexts)
{
	enum {
		N = 64
	};
	struct capipc_info info[N];
	uint32_t h[N][2];
	int fd[N], i, j;

	for (i = 0; i < N; i++) {
		fd[i] = ipc_open();
		ASSERT_GE(fd[i], 0);
		ASSERT_OK(ipc_do_info(fd[i], &info[i]));
		for (j = 0; j < i; j++)
			EXPECT_NE(info[j].context_id, info[i].context_id);
		ASSERT_OK(ipc_create(fd[i], h[i]));
		ASSERT_OK(ipc_send(fd[i], h[i][0], 1, &i, sizeof(i)));
	}
	for (i = N - 1; i >= 0; i--) {
		struct ipc_message m;

		ASSERT_OK(ipc_tryrecv(fd[i], &m));
		EXPECT_EQ(0, memcmp(m.data, &i, sizeof(i)));
		EXPECT_ERR(EAGAIN, ipc_tryrecv(fd[i], &m));
		ASSERT_EQ(0, close(fd[i]));
	}
}

static void *hammer(void *arg)
{
	struct ipc_message m;
	long ret = 0;
	uint32_t h[2];
	int i, fd = *(int *)arg;

	for (i = 0; i < 300 && !ret; i++) {
		ret = ipc_create(fd, h);
		ret = ret ?: ipc_send(fd, h[0], i, h, sizeof(h));
		ret = ret ?: ipc_recv_from(fd, h[1], &m);
		if (!ret && (m.r.ordinal != i || memcmp(m.data, h, sizeof(h))))
			ret = -EPROTO;
		ret = ret ?: ipc_close(fd, h[0]);
		ret = ret ?: ipc_close(fd, h[1]);
	}
	return (void *)ret;
}

TEST(threads_share_a_context)
{
	pthread_t t[6];
	void *ret;
	size_t i;
	int fd = ipc_open();

	ASSERT_GE(fd, 0);
	for (i = 0; i < ARRAY_SIZE(t); i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, hammer, &fd));
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		pthread_join(t[i], &ret);
		EXPECT_OK((long)ret);
	}
}

/* It is driven by ioctl(), poll() and mmap() of a handle, and nothing else. */
TEST(no_other_operation)
{
	char buf[16] = { 0 };
	uint32_t h[2];
	int fd = ipc_open();

	ASSERT_GE(fd, 0);
	ASSERT_OK(ipc_create(fd, h));
	ASSERT_OK(ipc_send_str(fd, h[0], 1, "not for read()"));
	EXPECT_EQ(-1, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(fd, buf, sizeof(buf)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, ftruncate(fd, 0));
	EXPECT_EQ(1, ipc_queued(fd, h[1]));
}

TEST(seen_in_proc)
{
	char path[64], link[64];
	ssize_t n;
	FILE *f;
	int fd = ipc_open(), lines = 0;

	ASSERT_GE(fd, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	ASSERT_GT(n, 0);
	link[n] = 0;
	EXPECT_STREQ(IPC_DEVICE, link);
	/* opening that is opening the device: another context */
	EXPECT_LE(0, open(path, O_RDWR));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	ASSERT_NE(NULL, f);
	while (fgets(link, sizeof(link), f))
		lines++;
	EXPECT_GE(lines, 3);
	fclose(f);
}

TEST_HARNESS_MAIN
