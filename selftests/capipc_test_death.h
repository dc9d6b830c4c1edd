/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Deaths: a machine that lets a process go at a chosen point, again and again.
 *
 * A *survivor* forks a *victim*, which opens a context, connects, and goes to
 * the place where it shall end. A *step* says which: what the victim does, what the
 * survivor does meanwhile, and what the survivor must see afterwards. The *way*
 * says how the victim goes. Several survivors work side by side, since most of
 * the time of a death is waiting.
 *
 * To be in the middle of a request means in its copying from or to a page whose
 * faults the survivor handles (userfaultfd): the victim sleeps there. The survivor
 * either never serves the page, or serves it and kills at the same time.
 *
 * MUST() in a survivor and TRY() in a victim note the first thing that went wrong,
 * and go on or give up this round; the test looks at it in the end.
 */
#ifndef CAPIPC_TEST_DEATH_H
#define CAPIPC_TEST_DEATH_H

#include <linux/futex.h>

#include "async.h"
#include "capipc_test_account.h"
#include "capipc_test_invitation.h"
#include "capipc_test_memory.h"
#include "capipc_test_stall.h"

#define DEATH_STEPS	32
#define DEATH_SURVIVORS 8
#define DEATH_KEPT	8

enum way {
	KILLED, /* by SIGKILL, exactly there */
	KILLED_NEAR, /* by SIGKILL, while it goes on from there */
	EXECUTES, /* another program, with the descriptors it had */
	FORKS, /* a child that tries them and ends; then killed */
	FORKS_AND_LEAVES, /* a child that tries them and lives on; killed */
	WAYS
};

static const char *const way_names[] = {
	[KILLED] = "killed",
	[KILLED_NEAR] = "killed nearby",
	[EXECUTES] = "executes",
	[FORKS] = "forks",
	[FORKS_AND_LEAVES] = "forks and leaves",
};

/* What survivor, victim, and whoever comes of the victim, share. */
struct death_page {
	int reached, command, answer, release;
	int error, line; /* why a victim could not get there */
	int uffd; /* the victim's descriptor, or 0 */
	__u32 number[8];
	char content[STALL_PAGE]; /* of the page, when it is served */
};

/* What all survivors have seen. */
struct death_result {
	long deaths[DEATH_STEPS][WAYS];
	int failures;
	int step, line, want, got; /* of the first */
	enum way way;
	char what[160];
};

struct step;

struct death {
	const struct step *step;
	int step_number;
	enum way way;
	bool victim;
	struct death_result *result;
	struct death_page *page;
	int memfd;
	int fd, fd2; /* contexts; a victim has one */
	__u32 listener;
	char name[48], other_name[48];
	__u32 state;
	pid_t pid;
	__u32 ep; /* the pipe between the two */
	int uffd;
	int sock[2];
	struct stall stall; /* in our own memory */
	/* for the functions of the step */
	__u32 h[2], p[2], reply, other;
	int file, file2;
	struct async_call call;
	struct ipc_message m;
	__u32 kept[DEATH_KEPT]; /* handles to be closed in the end */
	int kept_count;
};

typedef void (*step_fn)(struct death *d);

struct step {
	const char *name;
	step_fn prepare; /* survivor, before there is a victim */
	step_fn victim; /* calls reached() at its place, or just before */
	step_fn feed; /* survivor, as soon as they are connected */
	step_fn meanwhile; /* survivor, when the victim is there */
	step_fn after; /* survivor: what has come of it */
	bool stalls; /* the victim is stopped in the middle of a request */
	bool after_child; /* @after is only true when no copy of the fds is left */
};

/* ------------------------------------------------------------ expectations */

static bool must(struct death *d, int line, const char *what, int want, int got)
{
	struct death_result *r = d->result;

	if (want == got)
		return true;
	if (!__atomic_fetch_add(&r->failures, 1, __ATOMIC_SEQ_CST)) {
		r->step = d->step_number;
		r->way = d->way;
		r->line = line;
		r->want = want;
		r->got = got;
		snprintf(r->what, sizeof(r->what), "%s", what);
	}
	return false;
}

#define MUST(_want, _expr) must(d, __LINE__, #_expr, _want, _expr)

static int death_word_wait(int *word, int ms)
{
	struct timespec ts = { .tv_nsec = 20000000 };
	int64_t end = ipc_in(ms);

	while (!__atomic_load_n(word, __ATOMIC_SEQ_CST)) {
		if (ipc_now() > end)
			return -ETIMEDOUT;
		syscall(SYS_futex, word, FUTEX_WAIT, 0, &ts, NULL, 0);
	}
	return 0;
}

static void death_word_post(int *word, int value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word, FUTEX_WAKE, 100, NULL, NULL, 0);
}

static void try(struct death *d, int line, int ret)
{
	if (ret >= 0)
		return;
	d->page->error = ret;
	d->page->line = line;
	death_word_post(&d->page->reached, 2);
	_exit(1);
}

#define TRY(_expr) try(d, __LINE__, _expr)

/* A victim is where it shall end, or is about to go there. */
static void reached(struct death *d)
{
	death_word_post(&d->page->reached, 1);
}

static __u32 death_random(struct death *d)
{
	d->state = d->state * 1664525 + 1013904223;
	return d->state >> 8;
}

static void death_pause(struct death *d, int us)
{
	usleep(death_random(d) % us);
}

/* ------------------------------------------------------------------ stalls */

/* In a victim: memory that stops who touches it, and has this content later. */
static void *stalled(struct death *d, const void *content, size_t len)
{
	TRY(stall_make(&d->stall));
	memset(d->page->content, 0, STALL_PAGE);
	if (len)
		memcpy(d->page->content, content, len);
	d->page->uffd = d->stall.uffd;
	return d->stall.page;
}

/* ----------------------------------------------------- what survivors see */

static void keep(struct death *d, __u32 handle)
{
	if (d->kept_count < DEATH_KEPT)
		d->kept[d->kept_count++] = handle;
	else
		MUST(0, -ENOSPC);
}

/* The next that comes from @handle is its end, and nothing can be sent. */
static void expect_closed_in(struct death *d, int fd, __u32 handle)
{
	if (MUST(0, ipc_recv_from(fd, handle, &d->m)))
		MUST(CAPIPC_RECEIVED_PEER_CLOSED, d->m.r.type);
	MUST(-EPIPE, ipc_send_str(fd, handle, 1, "anybody?"));
	MUST(-EPIPE, ipc_recv_from(fd, handle, &d->m));
}

static void expect_closed(struct death *d, __u32 handle)
{
	expect_closed_in(d, d->fd, handle);
}

/* Receive what must be the next from @handle, and keep what it carries. */
static bool take(struct death *d, __u32 handle, int type, int attachments)
{
	int i;

	if (!MUST(0, ipc_recv_from(d->fd, handle, &d->m)) ||
	    !MUST(type, d->m.r.type) ||
	    !MUST(attachments, d->m.r.attachments_count))
		return false;
	for (i = 0; i < attachments; i++)
		if (d->m.att[i].kind != CAPIPC_KIND_FILE)
			keep(d, d->m.att[i].handle);
	return true;
}

/*
 * From @handle come messages and calls, or none, and then its end: which of them
 * is for chance to decide, not that it ends.
 */
static void settle_in(struct death *d, int fd, __u32 handle)
{
	int ret, n;
	__u32 i;

	for (n = 0; n < 3000; n++) {
		if (!MUST(0, ipc_recv_from(fd, handle, &d->m)))
			return;
		if (d->m.r.type == CAPIPC_RECEIVED_PEER_CLOSED)
			return;
		for (i = 0; i < d->m.r.attachments_count; i++)
			if (d->m.att[i].kind == CAPIPC_KIND_FILE)
				close(d->m.att[i].handle);
			else
				MUST(0, ipc_close(fd, d->m.att[i].handle));
		if (d->m.r.type != CAPIPC_RECEIVED_CALL)
			continue;
		ret = ipc_reply_str(fd, d->m.r.reply_handle, "late");
		MUST(-ECANCELED, ret ? ret : -ECANCELED);
	}
	MUST(0, -ELOOP);
}

static void settle(struct death *d, __u32 handle)
{
	settle_in(d, d->fd, handle);
}

/* The read end of a pipe(2) has nobody left who could write. */
static int at_end_of_file(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	if (poll(&p, 1, IPC_SOON_MS) != 1)
		return -ETIMEDOUT;
	return read(fd, &byte, 1) == 0 ? 0 : -EBUSY;
}

static void call_begin(struct death *d, __u32 handle)
{
	MUST(0, async_call(&d->call, d->fd, handle, "question"));
}

/* ---------------------------------------------------------- ways of dying */

/* Whoever is not the address space that opened it can do nothing with it. */
static int death_try_context(int fd)
{
	struct capipc_info info;
	__u32 h[2];

	if (ipc_do_info(fd, &info) != -EPERM || ipc_create(fd, h) != -EPERM)
		return -EPROTO;
	return 1;
}

static void death_heir(struct death_page *page, int fd)
{
	prctl(PR_SET_PDEATHSIG, 0);
	death_word_post(&page->answer, death_try_context(fd));
	death_word_wait(&page->release, 4 * IPC_SOON_MS);
	_exit(0);
}

/* The program that a victim executes: this one. */
static void __attribute__((constructor)) death_executed(void)
{
	const char *env = getenv("CAPIPC_DEATH");
	int memfd, fd;
	void *page;

	if (!env || sscanf(env, "%d %d", &memfd, &fd) != 2)
		return;
	page = mmap(NULL, sizeof(struct death_page), PROT_READ | PROT_WRITE,
		    MAP_SHARED, memfd, 0);
	if (page == MAP_FAILED)
		_exit(126);
	death_heir(page, fd);
}

/* A thread of the victim, since the other one may be asleep in the kernel. */
static void *death_helper(void *arg)
{
	struct death *d = arg;
	char env[32], *argv[] = { "death", NULL }, *envp[] = { env, NULL };

	death_word_wait(&d->page->command, 4 * IPC_SOON_MS);
	if (d->page->command == EXECUTES) {
		snprintf(env, sizeof(env), "CAPIPC_DEATH=%d %d", d->memfd,
			 d->fd);
		execve("/proc/self/exe", argv, envp);
		_exit(126);
	}
	if (!fork())
		death_heir(d->page, d->fd);
	return NULL;
}

static int death_answer(struct death *d)
{
	int ret = death_word_wait(&d->page->answer, IPC_SOON_MS);

	return ret ? ret : d->page->answer;
}

static void death_reap(struct death *d, pid_t pid)
{
	pid_t got = waitpid(pid, NULL, 0);

	MUST(1, got > 0 ? 1 : -errno);
}

static void death_kill(struct death *d)
{
	kill(d->pid, SIGKILL);
	death_reap(d, d->pid);
}

static void death_release(struct death *d)
{
	death_word_post(&d->page->release, 1);
	death_reap(d, -1);
}

/*
 * What somebody else has open as well goes a moment after its process. Most have a pipe to
 * us, and all that they have goes at about the same time.
 */
static void wait_for_its_end(struct death *d)
{
	struct capipc_inspect insp;
	int i;

	for (i = 0; i < 200; i++) {
		usleep(500);
		if (ipc_do_inspect(d->fd, d->ep, &insp) ||
		    insp.state & CAPIPC_INSPECT_PEER_CLOSED)
			break;
	}
	usleep(1000);
}

/* Returns whether somebody is left who has copies of the victim's descriptors. */
static bool let_go(struct death *d)
{
	if (d->way == KILLED || d->way == KILLED_NEAR) {
		death_kill(d);
		return false;
	}
	death_word_post(&d->page->command, d->way);
	MUST(1, death_answer(d));
	if (d->way == EXECUTES) {
		wait_for_its_end(d);
		return true;
	}
	if (d->way == FORKS) {
		/* the child ends as the victim's; its end is nothing to us */
		struct capipc_inspect insp;

		death_word_post(&d->page->release, 1);
		usleep(1000);
		MUST(0, ipc_do_inspect(d->fd, d->ep, &insp));
		MUST(0, insp.state & CAPIPC_INSPECT_PEER_CLOSED);
		death_kill(d);
		death_reap(d, -1);
		return false;
	}
	death_kill(d);
	wait_for_its_end(d);
	return true;
}

/* ------------------------------------------------------------- one death */

static void victim_main(struct death *d)
{
	pthread_t t;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	d->victim = true;
	d->fd = ipc_open_flags(0);
	TRY(d->fd);
	TRY(ipc_connect(d->fd, d->name, &d->ep));
	if (d->way == EXECUTES || d->way == FORKS || d->way == FORKS_AND_LEAVES)
		TRY(-pthread_create(&t, NULL, death_helper, d));
	d->step->victim(d);
	/* only those get here who are not asleep in a request */
	for (;;)
		pause();
}

static int victim_uffd(struct death *d)
{
	int pidfd = syscall(SYS_pidfd_open, d->pid, 0), ret;

	if (pidfd < 0)
		return -errno;
	ret = syscall(SYS_pidfd_getfd, pidfd, d->page->uffd, 0);
	ret = ret < 0 ? -errno : ret;
	close(pidfd);
	return ret;
}

/* Let the victim stop in the middle of it; perhaps it goes on from there. */
static int victim_stall(struct death *d)
{
	__u64 where;
	int ret;

	d->uffd = victim_uffd(d);
	if (d->uffd < 0)
		return d->uffd;
	ret = stall_wait_at(d->uffd, &where);
	if (!ret && d->way == KILLED_NEAR) {
		ret = stall_serve(d->uffd, where, d->page->content);
		if (death_random(d) % 4)
			death_pause(d, 300);
	}
	return ret;
}

static void death_cleanup(struct death *d)
{
	int i;

	for (i = 0; i < d->kept_count; i++)
		ipc_close(d->fd, d->kept[i]);
	if (d->ep)
		ipc_close(d->fd, d->ep);
	if (d->uffd > 0)
		close(d->uffd);
	if (d->file > 0)
		close(d->file);
	if (d->file2 > 0)
		close(d->file2);
	/* what is over is over: there is nothing more to be received */
	MUST(-EAGAIN, ipc_tryrecv(d->fd, &d->m));
	MUST(-EAGAIN, ipc_tryrecv(d->fd2, &d->m));
}

static void one_death(struct death *d, const struct step *step, int number,
		      enum way way)
{
	bool heir;

	memset(d->page, 0, offsetof(struct death_page, content));
	d->step = step;
	d->step_number = number;
	d->way = way;
	d->ep = 0;
	d->uffd = 0;
	d->file = 0;
	d->file2 = 0;
	d->kept_count = 0;
	if (step->prepare)
		step->prepare(d);
	d->pid = fork();
	if (!d->pid)
		victim_main(d);
	if (!MUST(0, ipc_accept(d->fd, d->listener, &d->ep)))
		goto kill;
	if (step->feed)
		step->feed(d);
	MUST(0, death_word_wait(&d->page->reached, IPC_SOON_MS));
	if (d->page->error) {
		must(d, d->page->line, "the victim's request", 0,
		     d->page->error);
		goto kill;
	}
	if (step->meanwhile)
		step->meanwhile(d);
	if (step->stalls)
		MUST(0, victim_stall(d));
	else if (death_random(d) % 2)
		death_pause(d, 500);
	heir = let_go(d);
	if (heir && step->after_child) {
		death_release(d);
		heir = false;
	}
	if (step->after)
		step->after(d);
	if (heir)
		death_release(d);
	death_cleanup(d);
	__atomic_fetch_add(&d->result->deaths[number][way], 1,
			   __ATOMIC_RELAXED);
	return;
kill:
	death_kill(d);
	death_cleanup(d);
}

/* -------------------------------------------------------------- survivors */

static void survivor_open(struct death *d, struct death_result *result, int n)
{
	memset(d, 0, sizeof(*d));
	d->result = result;
	d->state = (__u32)ipc_now() + n;
	d->memfd = memfd_create("death", 0);
	if (ftruncate(d->memfd, sizeof(struct death_page)))
		_exit(2);
	d->page = mmap(NULL, sizeof(struct death_page), PROT_READ | PROT_WRITE,
		       MAP_SHARED, d->memfd, 0);
	d->fd = ipc_open();
	d->fd2 = ipc_open();
	snprintf(d->name, sizeof(d->name), "death/%d", getpid());
	snprintf(d->other_name, sizeof(d->other_name), "death/%d/other",
		 getpid());
	if (d->page == MAP_FAILED || d->fd < 0 || d->fd2 < 0 ||
	    ipc_listen(d->fd, d->name, &d->listener) || stall_make(&d->stall) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, d->sock) ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1))
		_exit(2);
}

static long deaths_all(const struct death_result *result)
{
	long n = 0;
	int i, j;

	for (i = 0; i < DEATH_STEPS; i++)
		for (j = 0; j < WAYS; j++)
			n += __atomic_load_n(&result->deaths[i][j],
					     __ATOMIC_RELAXED);
	return n;
}

/* First each step each way, then any, killed for the most part. */
static void survivor_main(struct death_result *result, const struct step *steps,
			  int count, int n, long enough, int64_t end)
{
	static struct death d;
	int i, way;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	survivor_open(&d, result, n);
	for (i = n; i < count * WAYS && !result->failures; i += DEATH_SURVIVORS)
		one_death(&d, &steps[i / WAYS], i / WAYS, i % WAYS);
	while (deaths_all(result) < enough && ipc_now() < end &&
	       !result->failures) {
		i = death_random(&d) % count;
		way = death_random(&d) % 32;
		if (way >= WAYS)
			way = steps[i].stalls && way % 2 ? KILLED_NEAR : KILLED;
		one_death(&d, &steps[i], i, way);
	}
	_exit(0);
}

#endif /* CAPIPC_TEST_DEATH_H */
