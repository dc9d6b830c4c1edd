// SPDX-License-Identifier: GPL-2.0
/*
 * What a process can do to the module besides ioctls.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define PARAMETERS "/sys/module/capipc/parameters/"
#define PAGE	   4096UL

static int error_of(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* ----------------------------------------------------------------------- files */

/* Opens a context, in the slot "out". */
int act_open(struct worker *w, struct call *call)
{
	static const int flags[] = { O_RDWR, O_RDONLY, O_RDWR | O_NONBLOCK,
				     O_WRONLY };
	unsigned int slot = call->op->out % CONTEXTS;
	int fd = open(DEVICE, O_CLOEXEC | flags[call_number(call, 0, 0) % 4]);

	if (fd < 0)
		return -errno;
	if (w->context[slot] >= 0)
		close(w->context[slot]);
	w->context[slot] = fd;
	return 0;
}

/* Closes a file descriptor, or, if it names none, the context. */
int act_close(struct worker *w, struct call *call)
{
	int slot = call_slot(call, 0, FDS);
	int *fd = slot >= 0 ? &w->fd[slot] : &w->context[call->context_slot];
	int ret = error_of(close(*fd));

	*fd = -1;
	return ret;
}

static int file_pair(bool sockets, int *other)
{
	int pair[2];

	if (sockets ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) :
		      pipe2(pair, O_CLOEXEC))
		return -1;
	*other = pair[1];
	return pair[0];
}

/* A socket with a file in it. */
static int file_loaded_socket(int inside)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int other = -1, fd = file_pair(true, &other);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &inside, sizeof(int));
	sendmsg(other, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(other);
	return fd;
}

static int file_epoll(int watched)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(fd, EPOLL_CTL_ADD, watched, &event);
	return fd;
}

int act_file(struct worker *w, struct call *call)
{
	int fd, other = -1;

	switch (call_number(call, 0, 0) % 8) {
	case 0:
		fd = eventfd(0, EFD_CLOEXEC);
		break;
	case 1:
		fd = file_pair(false, &other);
		break;
	case 2:
		fd = file_pair(true, &other);
		break;
	case 3:
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		break;
	case 4:
		fd = dup(call->context);
		break;
	case 5:
		fd = file_loaded_socket(call->context);
		break;
	case 6:
		fd = file_epoll(call->context);
		break;
	default:
		fd = open("/dev/null", O_PATH | O_CLOEXEC);
	}
	if (other >= 0)
		close(other);
	worker_keep_fd(w, call, fd);
	return error_of(fd);
}

/* A file descriptor to another worker, which has to take it. */
int act_pass(struct worker *w, struct call *call)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fd = worker_fd(w, call, 0);

	if (fd < 0)
		fd = call->context;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return error_of(sendmsg(w->outbox[call_number(call, 1, 0) % WORKERS],
				&msg, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* The next that was passed, into the slot that the operation names. */
int act_take(struct worker *w, struct call *call)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int slot = call_slot(call, 0, FDS), fd;
	struct cmsghdr *c;

	if (recvmsg(w->inbox, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	if (slot < 0)
		slot = 0;
	if (w->fd[slot] >= 0)
		close(w->fd[slot]);
	w->fd[slot] = fd;
	return 0;
}

int act_poll(struct worker *w, struct call *call)
{
	struct pollfd p = { .fd = worker_fd(w, call, 0), .events = POLLIN };
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int fd, ret;

	if (p.fd < 0)
		p.fd = call->context;
	switch (call_number(call, 1, 0) % 4) {
	case 0:
		return error_of(poll(&p, 1, 0));
	case 1:
		return error_of(poll(&p, 1, 15));
	case 2:
		p.events = POLLIN | POLLOUT | POLLERR | POLLHUP;
		return error_of(poll(&p, 1, 0));
	}
	fd = epoll_create1(EPOLL_CLOEXEC);
	ret = epoll_ctl(fd, EPOLL_CTL_ADD, p.fd, &event);
	if (!ret)
		ret = epoll_wait(fd, &event, 1, 5);
	close(fd);
	return error_of(ret);
}

int act_fdinfo(struct worker *w, struct call *call)
{
	char path[64], text[2048];
	int fd, n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", call->context);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* in parts, too */
	do {
		n = read(fd, text, call_number(call, 0, 0) ? 7 : sizeof(text));
	} while (n > 0);
	n = error_of(n);
	close(fd);
	return n;
}

/* ---------------------------------------------------------------------- memory */

int act_map(struct worker *w, struct call *call)
{
	static const int sharing[] = { MAP_SHARED, MAP_SHARED, MAP_PRIVATE,
				       MAP_SHARED | MAP_POPULATE };
	int slot = call_slot(call, 0, HANDLES);
	uint64_t offset = slot >= 0 ? w->handle[slot] : call_number(call, 0, 0);
	size_t size = call_number(call, 1, PAGE);
	unsigned int m = call->op->out % MAPS;
	char *at;

	offset += call_number(call, 4, 0) % 4 == 3 ? 1ULL << 32 : 0;
	at = (char *)syscall(SYS_mmap, NULL, size,
			     call_number(call, 2, PROT_READ) & 7,
			     sharing[call_number(call, 3, 0) % 4],
			     call->context, offset * PAGE);
	if (at == MAP_FAILED)
		return -errno;
	if (w->map[m].at)
		munmap(w->map[m].at, w->map[m].size);
	w->map[m].at = at;
	w->map[m].size = (size + PAGE - 1) / PAGE * PAGE;
	return 0;
}

static int map_of(struct worker *w, struct call *call)
{
	int m = call_slot(call, 0, MAPS);

	return m >= 0 && w->map[m].at ? m : -1;
}

int act_unmap(struct worker *w, struct call *call)
{
	unsigned int part = call_number(call, 1, 0) % 3;
	int m = map_of(w, call);
	char *at;

	if (m < 0)
		return -ENOENT;
	at = w->map[m].at;
	/* the first page, the last, or all */
	if (part == 1)
		return error_of(munmap(at, PAGE));
	if (part == 2)
		return error_of(munmap(at + w->map[m].size - PAGE, PAGE));
	w->map[m].at = NULL;
	return error_of(munmap(at, w->map[m].size));
}

int act_protect(struct worker *w, struct call *call)
{
	int m = map_of(w, call);

	if (m < 0)
		return -ENOENT;
	return error_of(mprotect(w->map[m].at, w->map[m].size,
				 call_number(call, 1, 3) & 7));
}

int act_remap(struct worker *w, struct call *call)
{
	unsigned int how = call_number(call, 1, 0) % 5;
	int m = map_of(w, call);
	size_t size, now;
	char *at;

	if (m < 0)
		return -ENOENT;
	now = w->map[m].size;
	size = how == 0 ? now : how == 1 ? now + PAGE : how == 2 ? PAGE : now;
	/* the last: a second mapping of the same, as shmat() would do */
	at = mremap(w->map[m].at, how == 4 ? 0 : now, size, MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		return -errno;
	if (how != 4) {
		w->map[m].at = at;
		w->map[m].size = size;
	}
	return 0;
}

/* A fault ends the operation. */
int act_touch(struct worker *w, struct call *call)
{
	struct iovec local, remote;
	int m = map_of(w, call), fd;
	volatile char *at;
	char bytes[64] = "";
	long n;

	if (m < 0)
		return -ENOENT;
	at = w->map[m].at;
	switch (call_number(call, 1, 0) % 5) {
	case 0:
		bytes[0] = at[0];
		bytes[1] = at[w->map[m].size - 1];
		return 0;
	case 1:
		at[0] = 1;
		at[w->map[m].size - 1] = 1;
		return 0;
	case 2:
		fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
		n = error_of(pwrite(fd, bytes, sizeof(bytes), (off_t)at));
		close(fd);
		return n;
	case 3:
		local = (struct iovec){ bytes, sizeof(bytes) };
		remote = (struct iovec){ (void *)at, sizeof(bytes) };
		return error_of(
			process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	default:
		madvise((void *)at, w->map[m].size, MADV_DONTNEED);
		return error_of(
			madvise((void *)at, w->map[m].size, MADV_DOFORK));
	}
}

/* ------------------------------------------------------------------- processes */

static void child_do(struct worker *w, struct call *call)
{
	struct capipc_info info = { .size = sizeof(info) };
	struct capipc_create create = { .size = sizeof(create) };
	struct pollfd p = { .fd = call->context, .events = POLLIN };
	struct capipc_invited invited[16];
	struct capipc_accept accept = {
		.size = sizeof(accept),
		.flags = CAPIPC_ACCEPT_MAY_KILL,
		.attachments = (uintptr_t)invited,
		.attachments_capacity = 16,
	};
	char *arguments[] = { "true", NULL };
	int fd;

	switch (call_number(call, 0, 0) % 7) {
	case 0:
		ioctl(call->context, CAPIPC_IOC_INFO, &info);
		poll(&p, 1, 0);
		mmap(NULL, PAGE, PROT_READ, MAP_SHARED, call->context, PAGE);
		break;
	case 1: /* not there any more */
		signal(SIGSEGV, SIG_DFL);
		if (w->map[0].at)
			*(volatile char *)w->map[0].at = 1;
		break;
	case 2: /* dies with a pipe */
		fd = open(DEVICE, O_RDWR);
		ioctl(fd, CAPIPC_IOC_CREATE, &create);
		break;
	case 3: /* executes another program with its own context */
		fd = open(DEVICE, O_RDWR);
		ioctl(fd, CAPIPC_IOC_CREATE, &create);
		execv("/bin/true", arguments);
		break;
	case 4: /* accepts an invitation, and dies */
		fd = open(DEVICE, O_RDWR);
		accept.fd = worker_fd(w, call, 1);
		ioctl(fd, CAPIPC_IOC_ACCEPT, &accept);
		break;
	case 5: /* the parent's context goes first */
		usleep(20000);
		ioctl(call->context, CAPIPC_IOC_INFO, &info);
		break;
	default:
		break;
	}
}

/* A child, which inherits everything. */
int act_fork(struct worker *w, struct call *call)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		child_do(w, call);
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	if (call_number(call, 0, 0) % 7 == 5) {
		close(call->context);
		w->context[call->context_slot] = -1;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? -EINTR : 0;
}

/* The worker ends. */
int act_exit(struct worker *w, struct call *call)
{
	char *arguments[] = { "true", NULL };

	switch (call_number(call, 0, 0) % 3) {
	case 0:
		_exit(0);
	case 1:
		execv("/bin/true", arguments);
		return -errno;
	default:
		kill(getpid(), SIGKILL);
		return 0;
	}
}

/* Another user, with other capabilities, in other namespaces. */
int act_become(struct worker *w, struct call *call)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
						 0 };
	struct __user_cap_data_struct none[2] = { { 0 } };
	gid_t groups[] = { 1000, 1001 };

	switch (call_number(call, 0, 0) % 10) {
	case 0:
		return error_of(syscall(SYS_setresuid, -1, 1000, -1));
	case 1:
		return error_of(syscall(SYS_setresuid, -1, 0, -1));
	case 2:
		return error_of(syscall(SYS_setresgid, -1, 1000, -1));
	case 3:
		return error_of(syscall(SYS_capset, &head, none));
	case 4:
		return error_of(syscall(SYS_setresuid, 1000, 1000, 1000));
	case 5:
		return error_of(unshare(CLONE_NEWUSER));
	case 6:
		return error_of(unshare(CLONE_NEWNET));
	case 7:
		return error_of(syscall(SYS_setgroups, 2, groups));
	case 8:
		return error_of(prctl(PR_SET_DUMPABLE, 0));
	default:
		return error_of(syscall(SYS_setresuid, 1000, -1, -1));
	}
}

/* -------------------------------------------------------------------- anything */

/* A request that is none of ours, or a bad pointer. */
int act_raw(struct worker *w, struct call *call)
{
	char *area = call->memory->area[0];
	uint64_t request = call_number(call, 0, 0);
	uint64_t argument = call_number(call, 1, 0);

	memset(area, 0, 64);
	*(uint32_t *)area = 64;
	switch (call_number(call, 2, 0) % 5) {
	case 0:
		return error_of(ioctl(call->context,
				      _IO(CAPIPC_IOC_TYPE, request & 0x1f),
				      argument));
	case 1:
		return error_of(ioctl(call->context, request, area));
	case 2:
		return error_of(ioctl(call->context,
				      _IO(CAPIPC_IOC_TYPE, request & 0xff),
				      area + AREA_SIZE - 8));
	case 3:
		return error_of(read(call->context, area, 64));
	default:
		return error_of(pwrite(call->context, area, 64, 0));
	}
}

/* ------------------------------------------------------------------ parameters */

static const char *const parameters[] = {
	"max_bytes_per_uid",
	"max_bytes_per_context",
	"max_handles_per_uid",
	"max_handles_per_context",
	"max_listeners_per_uid",
	"max_files_per_uid",
	"window_bytes",
	"window_messages",
	"max_connects_per_second",
	"max_event_burst",
};

static char kept[ARRAY_SIZE(parameters)][32];
static bool *changed;

static int parameter_write(unsigned int i, const char *text)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), PARAMETERS "%s", parameters[i]);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ret = error_of(write(fd, text, strlen(text)));
	close(fd);
	return ret;
}

void parameters_keep(void)
{
	char path[128];
	unsigned int i;
	int fd;

	changed = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < ARRAY_SIZE(parameters); i++) {
		snprintf(path, sizeof(path), PARAMETERS "%s", parameters[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (read(fd, kept[i], sizeof(kept[i]) - 1) <= 0) {
			perror(path);
			exit(2);
		}
		close(fd);
	}
}

/* After a program: what it has set is no business of the next one. */
void parameters_restore(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++) {
		if (changed[i])
			parameter_write(i, kept[i]);
		changed[i] = false;
	}
}

int act_parameter(struct worker *w, struct call *call)
{
	static const char *const values[] = { "0", "1", "16", "70000", "x" };
	unsigned int i = call_number(call, 0, 0) % ARRAY_SIZE(parameters);

	changed[i] = true;
	return parameter_write(i, values[call_number(call, 1, 0) % 5]);
}
