/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Actors: processes with identities of their own that do what a test says.
 *
 * An actor is forked from the test and runs functions of the test program, one
 * at a time, told over a socket: actor_run() waits for the result,
 * actor_begin() and actor_end() let something happen meanwhile. It can change
 * its credentials, namespaces and even its program, and goes on listening.
 * What pointers in requests point to lies in a page that actor and test share
 * at the same address. Nothing here sleeps: a request that returned has had
 * its effect.
 *
 * Everything returns 0 (or a count) or -errno; -ECHILD means that the actor
 * has died. An actor ends when the test does.
 */
#ifndef CAPIPC_TEST_ACTOR_H
#define CAPIPC_TEST_ACTOR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "capipc_test.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* On i386 the plain numbers are those with 16 bit ids. */
#ifdef SYS_setresuid32
#define ACTOR_SETRESUID SYS_setresuid32
#define ACTOR_SETRESGID SYS_setresgid32
#define ACTOR_SETGROUPS SYS_setgroups32
#else
#define ACTOR_SETRESUID SYS_setresuid
#define ACTOR_SETRESGID SYS_setresgid
#define ACTOR_SETGROUPS SYS_setgroups
#endif

#define ACTOR_DATA 16384
#define ACTOR_MAX  64
/*
 * Where the kernel puts nothing by itself: the heap of a 64 bit program begins
 * anywhere in the first gigabyte behind it.
 */
#define ACTOR_PAGE_BASE \
	((unsigned long)(sizeof(long) == 8 ? 1ULL << 44 : 1ULL << 30))
#define ACTOR_PAGE_STEP 0x100000UL

struct actor_page {
	__u64 arg[48]; /* the struct of the request */
	int fd;
	unsigned long request;
	__u64 number[4];
	struct capipc_reply reply;
	struct capipc_attachment in[CAPIPC_ATTACHMENTS_MAX];
	struct capipc_attachment out[CAPIPC_ATTACHMENTS_MAX];
	struct capipc_rule rules[CAPIPC_RULES_MAX + 1];
	struct capipc_rule rules2[CAPIPC_RULES_MAX + 1];
	__u32 groups[64];
	char name[512];
	char label[256];
	char data[ACTOR_DATA];
};

struct actor {
	pid_t pid;
	int sock; /* ours */
	int dev; /* its context: a descriptor in the actor */
	bool thread; /* shares its process with another actor */
	struct actor_page *page;
};

typedef long (*actor_fn)(struct actor_page *page, long arg);

struct actor_command {
	__s64 fn; /* from actor_anchor(), since programs move */
	__s64 arg;
};

static struct actor_setup {
	bool used;
	int slot;
	int sock[2];
	int memfd;
} actor_setups[ACTOR_MAX];

/* ------------------------------------------------------ inside an actor */

static __attribute__((noinline, used)) long
actor_anchor(struct actor_page *page, long arg)
{
	(void)page;
	return arg;
}

static __unused_fn long actor_errno(long ret)
{
	return ret < 0 ? -errno : ret;
}

static void actor_loop(int sock, struct actor_page *page)
{
	struct actor_command cmd;
	__s64 ret;

	for (;;) {
		/* a change of credentials takes it back */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (recv(sock, &cmd, sizeof(cmd), 0) != sizeof(cmd))
			_exit(0);
		ret = ((actor_fn)((intptr_t)actor_anchor + (intptr_t)cmd.fn))(
			page, (long)cmd.arg);
		if (send(sock, &ret, sizeof(ret), MSG_NOSIGNAL) != sizeof(ret))
			_exit(0);
	}
}

static struct actor_page *actor_map(int memfd, int slot)
{
	void *at = (void *)(ACTOR_PAGE_BASE + slot * ACTOR_PAGE_STEP);
	void *p = mmap(at, sizeof(struct actor_page), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_FIXED_NOREPLACE, memfd, 0);

	return p == at ? p : NULL;
}

/* The second life of an actor, in whatever program this was built into. */
static void __attribute__((constructor)) actor_reborn(void)
{
	const char *env = getenv("CAPIPC_ACTOR");
	int sock, memfd, slot;
	struct actor_page *page;
	__s64 hello = 0;

	if (!env || sscanf(env, "%d %d %d", &sock, &memfd, &slot) != 3)
		return;
	unsetenv("CAPIPC_ACTOR");
	page = actor_map(memfd, slot);
	if (!page)
		_exit(126);
	actor_setups[slot].sock[1] = sock;
	actor_setups[slot].memfd = memfd;
	send(sock, &hello, sizeof(hello), MSG_NOSIGNAL);
	actor_loop(sock, page);
}

static void *actor_thread_main(void *slot)
{
	struct actor_setup *setup = &actor_setups[(long)slot];

	actor_loop(setup->sock[1], actor_map(setup->memfd, setup->slot));
	return NULL;
}

/* ----------------------------------------------------- starting, ending */

static int actor_prepare(struct actor *actor)
{
	struct actor_setup *setup = actor_setups;

	memset(actor, 0, sizeof(*actor));
	actor->dev = -1;
	while (setup < actor_setups + ACTOR_MAX && setup->used)
		setup++;
	if (setup == actor_setups + ACTOR_MAX)
		return -ENFILE;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, setup->sock))
		return -errno;
	setup->memfd = memfd_create("actor", MFD_CLOEXEC);
	setup->slot = setup - actor_setups;
	if (setup->memfd < 0 ||
	    ftruncate(setup->memfd, sizeof(struct actor_page)))
		return -errno;
	actor->sock = setup->sock[0];
	setup->used = true;
	return setup->slot;
}

static __unused_fn long actor_begin(struct actor *actor, actor_fn fn, long arg)
{
	struct actor_command cmd = {
		.fn = (intptr_t)fn - (intptr_t)actor_anchor,
		.arg = arg,
	};

	if (send(actor->sock, &cmd, sizeof(cmd), MSG_NOSIGNAL) != sizeof(cmd))
		return -ECHILD;
	return 0;
}

static __unused_fn long actor_end(struct actor *actor)
{
	__s64 ret;

	if (recv(actor->sock, &ret, sizeof(ret), 0) != sizeof(ret))
		return -ECHILD;
	return (long)ret;
}

static __unused_fn long actor_run(struct actor *actor, actor_fn fn, long arg)
{
	long ret = actor_begin(actor, fn, arg);

	return ret ? ret : actor_end(actor);
}

/* Is it still busy with what it began? */
static __unused_fn bool actor_busy(struct actor *actor)
{
	struct pollfd p = { .fd = actor->sock, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

static long act_open(struct actor_page *page, long flags)
{
	(void)page;
	return actor_errno(open(IPC_DEVICE, O_RDWR | O_CLOEXEC | (int)flags));
}

static __unused_fn long act_close_fd(struct actor_page *page, long fd)
{
	(void)page;
	return actor_errno(close((int)fd));
}

/* A context of its own. */
static __unused_fn int actor_open(struct actor *actor)
{
	actor->dev = actor_run(actor, act_open, 0);
	return actor->dev < 0 ? actor->dev : 0;
}

/* With @thread, a second thread of the same process is an actor too. */
static int actor_fork(struct actor *actor, struct actor *thread)
{
	int slot = actor_prepare(actor), slot2 = -1, i;

	if (slot < 0)
		return slot;
	if (thread) {
		slot2 = actor_prepare(thread);
		if (slot2 < 0)
			return slot2;
	}
	fflush(stdout);
	fflush(stderr);
	actor->pid = fork();
	if (actor->pid < 0)
		return -errno;
	if (actor->pid == 0) {
		pthread_t t;

		for (i = 0; i < ACTOR_MAX; i++) {
			if (!actor_setups[i].used)
				continue;
			close(actor_setups[i].sock[0]);
			if (i != slot && i != slot2)
				close(actor_setups[i].memfd);
		}
		signal(SIGABRT, SIG_DFL);
		if (thread && pthread_create(&t, NULL, actor_thread_main,
					     (void *)(long)slot2))
			_exit(125);
		actor_thread_main((void *)(long)slot);
	}
	close(actor_setups[slot].sock[1]);
	actor->page = actor_map(actor_setups[slot].memfd, slot);
	if (!actor->page)
		return -ENOMEM;
	if (thread) {
		close(actor_setups[slot2].sock[1]);
		thread->page = actor_map(actor_setups[slot2].memfd, slot2);
		thread->pid = actor->pid;
		thread->thread = true;
		if (!thread->page)
			return -ENOMEM;
	}
	return 0;
}

/* A process, as root, with a context. */
static __unused_fn int actor_start(struct actor *actor)
{
	int ret = actor_fork(actor, NULL);

	return ret ? ret : actor_open(actor);
}

static __unused_fn int actor_start_threads(struct actor *actor,
					   struct actor *thread)
{
	int ret = actor_fork(actor, thread);

	if (!ret)
		ret = actor_open(actor);
	thread->dev = actor->dev;
	return ret;
}

/* The slot of its page. */
static int actor_slot(struct actor *actor)
{
	return ((unsigned long)actor->page - ACTOR_PAGE_BASE) / ACTOR_PAGE_STEP;
}

static void actor_forget(struct actor *actor)
{
	if (!actor->page)
		return;
	close(actor->sock);
	close(actor_setups[actor_slot(actor)].memfd);
	actor_setups[actor_slot(actor)].used = false;
	munmap(actor->page, sizeof(*actor->page));
	actor->page = NULL;
}

/* Kill and reap; harmless for one that never was. */
static __unused_fn void actor_stop(struct actor *actor)
{
	if (actor->pid > 0 && !actor->thread) {
		kill(actor->pid, SIGKILL);
		waitpid(actor->pid, NULL, 0);
	}
	actor->pid = 0;
	actor_forget(actor);
}

/* Kill, and leave a zombie. */
static __unused_fn int actor_kill(struct actor *actor)
{
	siginfo_t info;

	if (kill(actor->pid, SIGKILL))
		return -errno;
	return waitid(P_PID, actor->pid, &info, WEXITED | WNOWAIT) ? -errno : 0;
}

/* The signal that killed it, or 0 if it lives; it stays to be reaped. */
static __unused_fn int actor_killed_by(struct actor *actor, bool wait)
{
	siginfo_t info = { .si_pid = 0 };
	int flags = WEXITED | WNOWAIT | (wait ? 0 : WNOHANG);

	if (waitid(P_PID, actor->pid, &info, flags))
		return -errno;
	if (!info.si_pid)
		return 0;
	return info.si_code == CLD_KILLED ? info.si_status : -EIO;
}

static long act_ping(struct actor_page *page, long arg)
{
	(void)page;
	return arg;
}

static __unused_fn bool actor_alive(struct actor *actor)
{
	return actor_run(actor, act_ping, 1) == 1;
}

/* ---------------------------------------------- credentials, namespaces */

static long act_setresuid(struct actor_page *p, long unused)
{
	(void)unused;
	return actor_errno(syscall(ACTOR_SETRESUID, (uid_t)p->number[0],
				   (uid_t)p->number[1], (uid_t)p->number[2]));
}

static long act_setresgid(struct actor_page *p, long unused)
{
	(void)unused;
	return actor_errno(syscall(ACTOR_SETRESGID, (gid_t)p->number[0],
				   (gid_t)p->number[1], (gid_t)p->number[2]));
}

static long act_setgroups(struct actor_page *p, long n)
{
	return actor_errno(syscall(ACTOR_SETGROUPS, (size_t)n, p->groups));
}

static long act_capset(struct actor_page *p, long unused)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = (__u32)p->number[0],
		  .permitted = (__u32)p->number[1] },
		{ .effective = (__u32)(p->number[0] >> 32),
		  .permitted = (__u32)(p->number[1] >> 32) },
	};

	(void)unused;
	return actor_errno(syscall(SYS_capset, &head, data));
}

static __unused_fn int actor_setresuid(struct actor *a, uid_t ruid, uid_t euid,
				       uid_t suid)
{
	a->page->number[0] = ruid;
	a->page->number[1] = euid;
	a->page->number[2] = suid;
	return actor_run(a, act_setresuid, 0);
}

static __unused_fn int actor_setresgid(struct actor *a, gid_t rgid, gid_t egid,
				       gid_t sgid)
{
	a->page->number[0] = rgid;
	a->page->number[1] = egid;
	a->page->number[2] = sgid;
	return actor_run(a, act_setresgid, 0);
}

static __unused_fn int actor_setgroups(struct actor *a, int n,
				       const gid_t *groups)
{
	int i;

	for (i = 0; i < n; i++)
		a->page->groups[i] = groups[i];
	return actor_run(a, act_setgroups, n);
}

/* Effective only; what is permitted stays, unless @permitted has less. */
static __unused_fn int actor_capset(struct actor *a, __u64 effective,
				    __u64 permitted)
{
	a->page->number[0] = effective;
	a->page->number[1] = permitted;
	return actor_run(a, act_capset, 0);
}

/* All ids, no groups, and no way back. */
static __unused_fn int actor_become(struct actor *a, uid_t id)
{
	int ret = actor_setgroups(a, 0, NULL);

	if (!ret)
		ret = actor_setresgid(a, id, id, id);
	return ret ? ret : actor_setresuid(a, id, id, id);
}

/* A member of /proc/PID/status, as a number of @base; ~0 without it. */
static __unused_fn __u64 proc_status(pid_t pid, const char *key, int base)
{
	char path[64], line[256];
	__u64 ret = ~0ULL;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	if (!f)
		return ret;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) &&
		    line[strlen(key)] == ':')
			ret = strtoull(line + strlen(key) + 1, NULL, base);
	fclose(f);
	return ret;
}

/* The inode number of a namespace of that process; 0 without it. */
static __unused_fn __u64 ns_of(pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	return stat(path, &st) ? 0 : st.st_ino;
}

/* All capabilities that this kernel knows. */
static __unused_fn __u64 caps_all(void)
{
	int last = CAP_LAST_CAP;
	FILE *f = fopen("/proc/sys/kernel/cap_last_cap", "r");

	if (f && fscanf(f, "%d", &last) != 1)
		last = CAP_LAST_CAP;
	if (f)
		fclose(f);
	return (2ULL << last) - 1;
}

static __unused_fn int put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ret = -errno;
	close(fd);
	return ret;
}

static __unused_fn int get_text(char *text, size_t size, const char *fmt, ...)
{
	char path[256];
	ssize_t n;
	va_list ap;
	int fd;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	text[0] = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	n = n < 0 ? -errno : n;
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	return (int)n;
}

static long act_unshare(struct actor_page *page, long flags)
{
	(void)page;
	return actor_errno(unshare((int)flags));
}

/*
 * Into a new user namespace (and what else @flags names), whose ids 0 to 999
 * are @first and up of ours. The actor is left with the ids that it had.
 */
static __unused_fn int actor_userns(struct actor *a, uid_t first, int flags)
{
	int ret = actor_run(a, act_unshare, CLONE_NEWUSER | flags);
	char path[64], map[64];

	if (ret)
		return ret;
	snprintf(map, sizeof(map), "0 %u 1000", first);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", a->pid);
	ret = put_text(path, map);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", a->pid);
	return put_text(path, map);
}

/* As actor_userns(), and root there. */
static __unused_fn int actor_userns_root(struct actor *a, uid_t first,
					 int flags)
{
	int ret = actor_userns(a, first, flags);

	if (!ret)
		ret = actor_setresgid(a, 0, 0, 0);
	return ret ? ret : actor_setresuid(a, 0, 0, 0);
}

static __unused_fn long act_setns(struct actor_page *page, long type)
{
	int fd = open(page->name, O_RDONLY | O_CLOEXEC);
	long ret = fd < 0 ? -errno : actor_errno(setns(fd, (int)type));

	close(fd);
	return ret;
}

/* Into the namespace @name (as in /proc/PID/ns) of another actor. */
static __unused_fn int actor_join(struct actor *a, struct actor *other,
				  const char *name)
{
	snprintf(a->page->name, sizeof(a->page->name), "/proc/%d/ns/%s",
		 other->pid, name);
	return actor_run(a, act_setns, 0);
}

/*
 * As actor_fork(), but as the first process of a new pid namespace, with
 * @second as the second one.
 */
static __unused_fn int actor_fork_pidns(struct actor *actor,
					struct actor *second)
{
	int ns = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC), ret;

	if (ns < 0 || unshare(CLONE_NEWPID))
		return -errno;
	ret = actor_fork(actor, NULL);
	if (!ret && second)
		ret = actor_fork(second, NULL);
	if (setns(ns, CLONE_NEWPID) && !ret)
		ret = -errno;
	close(ns);
	return ret;
}

static long act_exec(struct actor_page *page, long slot)
{
	char env[64], *argv[] = { "actor", NULL }, *envp[] = { env, NULL };
	struct actor_setup *setup = &actor_setups[slot];

	snprintf(env, sizeof(env), "CAPIPC_ACTOR=%d %d %d", setup->sock[1],
		 setup->memfd, (int)slot);
	fcntl(setup->sock[1], F_SETFD, 0);
	fcntl(setup->memfd, F_SETFD, 0);
	execve(page->name, argv, envp);
	return -errno;
}

/* Run @path, which is a copy of this program. Its context is gone by that. */
static __unused_fn int actor_exec(struct actor *a, const char *path)
{
	snprintf(a->page->name, sizeof(a->page->name), "%s", path);
	a->dev = -1;
	return actor_run(a, act_exec, actor_slot(a));
}

/* A copy of this program for actor_exec(). */
static __unused_fn int copy_self(const char *path, mode_t mode)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char buf[8192];
	ssize_t n = -1;

	while (from >= 0 && to >= 0 && (n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, n) != n)
			break;
	if (n == 0)
		n = fchmod(to, mode);
	close(from);
	close(to);
	return n ? -EIO : 0;
}

#endif
