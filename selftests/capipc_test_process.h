/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Other processes in a test.
 *
 * child_*()    another process, its own assertions, and a socket to it.
 * peer_*()     a child with its own context and a pipe to ours.
 */
#ifndef CAPIPC_TEST_PROCESS_H
#define CAPIPC_TEST_PROCESS_H

#include "capipc_test.h"

/*
 * A child process. Both sides talk over @sock, a SOCK_SEQPACKET pair whose
 * reads give up after a while and see the death of the other side.
 */
struct child {
	pid_t pid;
	int sock;
};

typedef void (*child_fn)(struct __test_metadata *_metadata, int sock,
			 void *arg);

static __unused_fn int child_start(struct __test_metadata *_metadata,
				   struct child *child, child_fn fn, void *arg)
{
	struct timeval tv = { .tv_sec = IPC_SOON_MS / 1000 };
	int sk[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sk))
		return -errno;
	setsockopt(sk[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(sk[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	child->pid = fork();
	if (child->pid < 0)
		return -errno;
	if (!child->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(sk[0]);
		_metadata->passed = 1;
		_metadata->aborted = false;
		if (!setjmp(_metadata->env))
			fn(_metadata, sk[1], arg);
		_exit(_metadata->passed ? 0 : 1);
	}
	close(sk[1]);
	child->sock = sk[0];
	return 0;
}

/* Wait until it has ended: 0 if all its assertions held. */
static __unused_fn int child_wait(struct child *child)
{
	int status;

	close(child->sock);
	if (waitpid(child->pid, &status, 0) != child->pid)
		return -errno;
	return status ? -EPROTO : 0;
}

static __unused_fn int child_kill(struct child *child)
{
	int status;

	kill(child->pid, SIGKILL);
	close(child->sock);
	if (waitpid(child->pid, &status, 0) != child->pid)
		return -errno;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : -EPROTO;
}

/* For a test: start one, or the test ends here. */
#define CHILD_START(_child, _fn, _arg) \
	ASSERT_OK(child_start(_metadata, _child, _fn, _arg))
/* It has ended well, or the test fails. */
#define CHILD_WAIT(_child) EXPECT_OK(child_wait(_child))
#define CHILD_KILL(_child) EXPECT_OK(child_kill(_child))

/* A number to the other side, and perhaps a file descriptor with it. */
static __unused_fn int sync_send(int sock, uint64_t number, int fd)
{
	struct iovec iov = { .iov_base = &number, .iov_len = sizeof(number) };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	memset(&control, 0, sizeof(control));
	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static __unused_fn int sync_recv(int sock, uint64_t *number, int *fd)
{
	struct iovec iov = { .iov_base = number, .iov_len = sizeof(*number) };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg;
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (!n)
		return -EPIPE; /* the other side is gone */
	if (fd) {
		cmsg = CMSG_FIRSTHDR(&msg);
		if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
			return -EPROTO;
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	}
	return 0;
}

/* "I am here" and "wait until the other side is here". */
static __unused_fn int sync_post(int sock)
{
	return sync_send(sock, 0, -1);
}

static __unused_fn int sync_wait(int sock)
{
	uint64_t number;

	return sync_recv(sock, &number, NULL);
}

static __unused_fn int sync_send_fd(int sock, int fd)
{
	return sync_send(sock, 0, fd);
}

static __unused_fn int sync_recv_fd(int sock, int *fd)
{
	uint64_t number;

	return sync_recv(sock, &number, fd);
}

/* Become this user for good, without supplementary groups and capabilities. */
static __unused_fn int become(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

/* Keep exactly these capabilities (bit n for capability n), effective too. */
static __unused_fn int set_caps(uint64_t caps)
{
	struct __user_cap_header_struct hdr = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = caps, .permitted = caps },
		{ .effective = caps >> 32, .permitted = caps >> 32 },
	};

	return syscall(SYS_capset, &hdr, data) ? -errno : 0;
}

static __unused_fn int clear_caps(void)
{
	return set_caps(0);
}

/* ---------------------------------------------- two processes and one pipe */

struct peer;

typedef void (*peer_fn)(struct __test_metadata *_metadata, struct peer *peer);

/*
 * A child that runs @fn with a context of its own and a pipe to ours. Set
 * @fn, @arg and, if it shall not be as we are, @uid (and the gid of the same
 * number). In the child @fd, @ep and @sock are its own: context, endpoint,
 * socket to the parent. In the parent @fd has to be set, @ep comes back.
 */
struct peer {
	peer_fn fn;
	void *arg;
	uid_t uid;
	int fd;
	uint32_t ep;
	int sock;
	struct child child;
	char name[48];
};

static __unused_fn void peer_child(struct __test_metadata *_metadata, int sock,
				   void *arg)
{
	struct peer *peer = arg;

	peer->sock = sock;
	if (peer->uid)
		ASSERT_OK(become(peer->uid, peer->uid));
	peer->fd = ipc_open();
	ASSERT_GE(peer->fd, 0);
	ASSERT_OK(ipc_connect(peer->fd, peer->name, &peer->ep));
	ASSERT_OK(sync_post(sock));
	peer->fn(_metadata, peer);
}

static __unused_fn int peer_start(struct __test_metadata *_metadata,
				  struct peer *peer)
{
	static unsigned int serial;
	uint32_t listener;
	int ret;

	snprintf(peer->name, sizeof(peer->name), "selftest/%d/%u", getpid(),
		 serial++);
	ret = ipc_listen(peer->fd, peer->name, &listener);
	if (ret)
		return ret;
	ret = child_start(_metadata, &peer->child, peer_child, peer);
	if (ret)
		return ret;
	peer->sock = peer->child.sock;
	ret = sync_wait(peer->sock);
	if (ret)
		return ret;
	ret = ipc_accept(peer->fd, listener, &peer->ep);
	return ret ? ret : ipc_close(peer->fd, listener);
}

#define PEER_START(_peer) ASSERT_OK(peer_start(_metadata, _peer))
#define PEER_WAIT(_peer)  EXPECT_OK(child_wait(&(_peer)->child))
#define PEER_KILL(_peer)  EXPECT_OK(child_kill(&(_peer)->child))

/* ----------------------------------------------------------------- memory */

/* A page that can be touched, directly before one that cannot. */
static __unused_fn char *map_before_hole(size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t len = (bytes + page - 1) / page * page;
	char *p = mmap(NULL, len + page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (mprotect(p + len, page, PROT_NONE))
		return NULL;
	return p + len - bytes;
}

/*
 * Wait until thread or process @tid sleeps in a system call (or has been seen
 * asleep often enough to believe it): 0, or -ETIMEDOUT.
 */
static __unused_fn int wait_asleep(pid_t tid)
{
	int64_t end = ipc_soon();
	char path[64], buf[512], *p;
	int seen = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	while (ipc_now() < end) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		n = read(fd, buf, sizeof(buf) - 1);
		close(fd);
		if (n <= 0)
			return -ESRCH;
		buf[n] = 0;
		p = strrchr(buf, ')');
		if (p && p[1] == ' ' && p[2] == 'S') {
			if (++seen == 3)
				return 0;
		} else {
			seen = 0;
		}
		usleep(1000);
	}
	return -ETIMEDOUT;
}

#endif /* CAPIPC_TEST_PROCESS_H */
