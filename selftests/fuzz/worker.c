// SPDX-License-Identifier: GPL-2.0
/*
 * The processes and threads that run a program.
 *
 * This process is the master: it tells a lane to run an operation, and waits
 * until it has, unless the operation is asynchronous or the lane's process dies.
 * Nothing that a program does outlives it: in the end its workers are killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define TICK_MS	  20 /* after which a signal interrupts who waits */
#define TICKS	  3 /* then system calls are not restarted any more */
#define SLOW_MS	  4000 /* an operation, signals or not */
#define LINGER_MS 60 /* for what is asynchronous, at the end */
#define HANG_MS	  20000 /* to die, after SIGKILL */
#define LIFE	  16 /* programs that a worker runs, if it survives them */

/* What a lane does besides operations. */
#define DO_RESET  0x1000 /* close everything */
#define DO_SECOND 0x1001 /* start the second thread */

/**
 * struct lane - what the master and a lane tell each other
 * @wanted: grows by one for each thing to do
 * @done: as @wanted, when it is done
 * @what: index of an operation, or DO_...
 */
struct lane {
	uint32_t wanted;
	uint32_t done;
	unsigned int what;
};

static struct shared {
	struct lane lane[LANES];
	struct program program;
} * shared;

static int inboxes[WORKERS], outboxes[WORKERS];

/* A worker process; @pid is 0 if there is none. */
static struct process {
	pid_t pid;
	bool has_second;
	unsigned int age;
} processes[WORKERS];

/* In a worker. */
static struct worker self;
static struct memory memories[THREADS];
static __thread sigjmp_buf fault_env;
static __thread bool in_operation;
static __thread timer_t timer;
static __thread int fail_fd;
static volatile int ticks;

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void futex_wait(uint32_t *word, uint32_t value, int ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000L };

	syscall(SYS_futex, word, FUTEX_WAIT, value, ms ? &ts : NULL, NULL, 0);
}

static void futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	futex_wake(word);
}

/* ------------------------------------------------------------ for operations */

uint64_t call_number(const struct call *call, unsigned int field,
		     uint64_t missing)
{
	return call->op->set & 1U << field ? call->op->value[field] : missing;
}

int call_slot(const struct call *call, unsigned int field, unsigned int count)
{
	if (!(call->op->named & 1U << field))
		return -1;
	return call->op->value[field] % count;
}

int worker_fd(const struct worker *w, const struct call *call,
	      unsigned int field)
{
	int slot = call_slot(call, field, FDS);

	if (slot >= 0)
		return w->fd[slot];
	/* a number; but not one of ours, which would be the end of the fuzzer */
	slot = call_number(call, field, -1);
	return slot >= 0 && slot < 256 ? -1 : slot;
}

void worker_keep_handle(struct worker *w, const struct call *call,
			unsigned int n, uint32_t handle)
{
	unsigned int slot = (call->op->out + n) % HANDLES;

	w->handle[slot] = handle;
	w->handle_context[slot] = call->context_slot;
}

void worker_keep_fd(struct worker *w, const struct call *call, int fd)
{
	unsigned int slot = call->op->out % FDS;

	if (fd < 0)
		return;
	if (w->fd[slot] >= 0)
		close(w->fd[slot]);
	w->fd[slot] = fd;
}

/* --------------------------------------------------------------------- signals */

static void set_tick_action(int flags);

/* Who waits is interrupted: at first so that the call restarts. */
static void on_tick(int number)
{
	if (++ticks == TICKS)
		set_tick_action(0);
}

static void set_tick_action(int flags)
{
	struct sigaction action = { .sa_handler = on_tick, .sa_flags = flags };

	sigaction(SIGALRM, &action, NULL);
}

static void on_fault(int number)
{
	if (!in_operation)
		_exit(3);
	siglongjmp(fault_env, 1);
}

static void set_fault_actions(void)
{
	struct sigaction action = { .sa_handler = on_fault,
				    .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static void timer_make(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
				  .sigev_signo = SIGALRM };

	event._sigev_un._tid = syscall(SYS_gettid);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
}

static void timer_set(int ms)
{
	struct itimerspec t = {
		.it_value.tv_nsec = ms * 1000000L,
		.it_interval.tv_nsec = ms * 1000000L,
	};

	timer_settime(timer, 0, &t, NULL);
}

/* ----------------------------------------------------------------------- lanes */

/* The @nth thing in this thread that can fail does; 0: nothing. */
static void fail_nth(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (!fail_fd)
		fail_fd =
			open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	/* it can fail itself */
	if (pwrite(fail_fd, text, len, 0) != len &&
	    pwrite(fail_fd, text, len, 0) != len)
		return;
}

/* That of the first handle it names, unless the program says another. */
static unsigned int context_of(const struct op *op)
{
	const struct operation *o = &operations[op->code];
	unsigned int i;

	if (op->context != 0xff)
		return op->context % CONTEXTS;
	for (i = 0; i < o->fields_count; i++) {
		if (!(op->named & 1U << i))
			continue;
		if (o->fields[i].type == FIELD_HANDLE)
			return self.handle_context[op->value[i] % HANDLES];
		if (o->fields[i].type == FIELD_ATTACHMENTS ||
		    o->fields[i].type == FIELD_INVITED)
			return self.handle_context[op->value[i] % HANDLES];
	}
	return 0;
}

static int operate(struct call *call, const struct op *op)
{
	return call->what->request ? request_run(&self, call) :
				     call->what->act(&self, call);
}

static void lane_do(unsigned int lane, const struct op *op)
{
	struct call call = {
		.op = op,
		.what = &operations[op->code],
		.context_slot = context_of(op),
		.memory = &memories[lane % THREADS],
	};
	int result = -EFAULT;

	call.context = self.context[call.context_slot];
	if (call.what->waits) {
		ticks = 0;
		set_tick_action(SA_RESTART);
		timer_set(TICK_MS);
	}
	coverage_reset(lane);
	in_operation = true;
	if (!sigsetjmp(fault_env, 1)) {
		if (op->fail)
			fail_nth(op->fail);
		result = operate(&call, op);
	}
	in_operation = false;
	if (op->fail)
		fail_nth(0);
	if (call.what->waits)
		timer_set(0);
	coverage_take(lane, op->code, result);
}

static void lane_loop(unsigned int lane);

static void *second_lane(void *arg)
{
	lane_loop(self.number * THREADS + 1);
	return NULL;
}

/* As at first, but for what this process has become. */
static void worker_reset(void)
{
	int spare = self.spare;
	unsigned int i;
	char byte;

	for (i = 0; i < MAPS; i++)
		if (self.map[i].at)
			munmap(self.map[i].at, self.map[i].size);
	for (i = 0; i < FDS; i++)
		if (self.fd[i] >= 0)
			close(self.fd[i]);
	for (i = 0; i < CONTEXTS; i++)
		if (self.context[i] >= 0)
			close(self.context[i]);
	if (self.netlink >= 0)
		close(self.netlink);
	/* file descriptors that nobody takes go with the bytes */
	while (recv(self.inbox, &byte, 1, MSG_DONTWAIT) > 0)
		;
	i = self.number;
	memset(&self, 0, sizeof(self));
	self.number = i;
	self.spare = spare;
	self.inbox = inboxes[i];
	self.outbox = outboxes;
	self.netlink = -1;
	memset(self.fd, -1, sizeof(self.fd));
	memset(self.context, -1, sizeof(self.context));
	self.context[0] = open(DEVICE, O_RDWR | O_CLOEXEC);
}

static void lane_obey(unsigned int lane, unsigned int what)
{
	pthread_t thread;

	switch (what) {
	case DO_RESET:
		coverage_reset(lane);
		worker_reset();
		coverage_take(lane, what, 0);
		break;
	case DO_SECOND:
		pthread_create(&thread, NULL, second_lane, NULL);
		break;
	default:
		lane_do(lane, &shared->program.ops[what]);
	}
}

static void lane_loop(unsigned int lane)
{
	struct lane *l = &shared->lane[lane];
	uint32_t wanted, done = load(&l->done);

	timer_make();
	coverage_begin(lane);
	for (;;) {
		wanted = load(&l->wanted);
		if (wanted == done) {
			futex_wait(&l->wanted, done, 0);
			continue;
		}
		lane_obey(lane, l->what);
		done = wanted;
		store(&l->done, done);
	}
}

static __attribute__((noreturn)) void worker_main(unsigned int number)
{
	struct rlimit files = { 256, 256 };
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	/* so that there is an end to them */
	if (number)
		setrlimit(RLIMIT_NOFILE, &files);
	memset(&self, -1, sizeof(self));
	memset(self.map, 0, sizeof(self.map));
	self.number = number;
	self.inbox = inboxes[number];
	for (i = 0; i < THREADS; i++)
		memory_init(&memories[i]);
	self.spare = open(DEVICE, O_RDWR | O_CLOEXEC);
	worker_reset();
	set_fault_actions();
	lane_loop(number * THREADS);
	_exit(0);
}

/* ---------------------------------------------------------------------- master */

static void on_child(int number)
{
}

void workers_init(void)
{
	struct sigaction action = { .sa_handler = on_child };
	unsigned int i;
	int pair[2];

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < WORKERS; i++) {
		if (socketpair(AF_UNIX,
			       SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			       pair))
			exit(2);
		inboxes[i] = pair[0];
		outboxes[i] = pair[1];
	}
	sigaction(SIGCHLD, &action, NULL);
}

/* Who has ended is no more. */
static void reap(void)
{
	unsigned int i;

	for (i = 0; i < WORKERS; i++)
		if (processes[i].pid && waitpid(processes[i].pid, NULL,
						WNOHANG) == processes[i].pid)
			processes[i].pid = 0;
}

static bool lane_is_alive(unsigned int lane)
{
	return processes[lane / THREADS].pid != 0;
}

static bool lane_is_idle(unsigned int lane)
{
	return load(&shared->lane[lane].done) == shared->lane[lane].wanted;
}

/* False if that takes too long. */
static bool lane_wait(unsigned int lane, int ms)
{
	struct lane *l = &shared->lane[lane];
	int64_t until = now_ms() + ms;
	uint32_t done;

	while ((done = load(&l->done)) != l->wanted && lane_is_alive(lane)) {
		if (now_ms() > until)
			return false;
		futex_wait(&l->done, done, 10);
		if (!lane_is_idle(lane))
			reap();
	}
	return true;
}

static void lane_tell(unsigned int lane, unsigned int what)
{
	shared->lane[lane].what = what;
	store(&shared->lane[lane].wanted, shared->lane[lane].wanted + 1);
}

/* The processes that a program takes, those that there are and others. */
static bool start(const struct program *p)
{
	unsigned int i, lane;
	struct process *process;

	shared->program = *p;
	for (i = 0; i < p->count; i++) {
		lane = p->ops[i].lane;
		process = &processes[lane / THREADS];
		if (!process->pid) {
			memset(&shared->lane[lane / THREADS * THREADS], 0,
			       THREADS * sizeof(shared->lane[0]));
			*process = (struct process){ .pid = fork() };
			if (!process->pid)
				worker_main(lane / THREADS);
			if (process->pid < 0)
				exit(2);
		}
		if (lane % THREADS && !process->has_second) {
			process->has_second = true;
			lane_tell(lane - 1, DO_SECOND);
			if (!lane_wait(lane - 1, SLOW_MS))
				return false;
		}
	}
	return true;
}

/* Those in @doomed are killed: true when they have ended. */
static bool end(const bool *doomed)
{
	struct timespec ts = { .tv_nsec = 2000000 };
	int64_t until = now_ms() + HANG_MS;
	bool left = true;
	unsigned int i;

	for (i = 0; i < WORKERS; i++)
		if (doomed[i] && processes[i].pid)
			kill(processes[i].pid, SIGKILL);
	while (left) {
		reap();
		left = false;
		for (i = 0; i < WORKERS; i++)
			left |= doomed[i] && processes[i].pid;
		if (left && now_ms() > until)
			return false;
		if (left)
			nanosleep(&ts, NULL);
	}
	return true;
}

bool workers_stop(void)
{
	static const bool all[WORKERS] = { true, true, true };
	unsigned int i;
	char byte;

	if (!end(all))
		return false;
	for (i = 0; i < WORKERS; i++)
		while (recv(inboxes[i], &byte, 1, MSG_DONTWAIT) > 0)
			;
	return true;
}

/* Who has changed what cannot be changed back. */
static void find_spoilt(const struct program *p, bool *doomed)
{
	const struct operation *o;
	unsigned int i;

	for (i = 0; i < p->count; i++) {
		o = &operations[p->ops[i].code];
		if (o->act == act_become || o->act == act_fork)
			doomed[p->ops[i].lane / THREADS] = true;
	}
}

/*
 * Back to where nothing is open. Who does not come back in time is killed, and so
 * is, now and then, anybody: then everything is still open.
 */
static bool finish(const struct program *p, enum outcome outcome)
{
	bool doomed[WORKERS] = { false };
	unsigned int i, lane;
	int64_t until;

	find_spoilt(p, doomed);
	until = now_ms() + LINGER_MS;
	for (lane = 0; lane < LANES && outcome == OUTCOME_DONE; lane++)
		if (now_ms() < until)
			lane_wait(lane, until - now_ms());
	for (lane = 0; lane < LANES; lane++)
		if (!lane_is_idle(lane))
			doomed[lane / THREADS] = true;
	for (i = 0; i < WORKERS; i++)
		if (processes[i].pid && ++processes[i].age == LIFE)
			doomed[i] = true;
	for (i = 0; i < WORKERS; i++) {
		if (doomed[i] || !processes[i].pid)
			continue;
		lane_tell(i * THREADS, DO_RESET);
		if (!lane_wait(i * THREADS, SLOW_MS))
			doomed[i] = true;
	}
	return end(doomed);
}

enum outcome workers_run(const struct program *p)
{
	enum outcome outcome = OUTCOME_DONE;
	unsigned int i, lane;

	coverage_clear();
	if (!start(p))
		outcome = OUTCOME_SLOW;
	for (i = 0; i < p->count && outcome == OUTCOME_DONE; i++) {
		lane = p->ops[i].lane;
		if (!lane_wait(lane, SLOW_MS))
			outcome = OUTCOME_SLOW;
		if (outcome != OUTCOME_DONE || !lane_is_alive(lane))
			continue;
		lane_tell(lane, i);
		if (!p->ops[i].async && !lane_wait(lane, SLOW_MS))
			outcome = OUTCOME_SLOW;
	}
	if (!finish(p, outcome))
		outcome = OUTCOME_HANGS;
	parameters_restore();
	netlink_limits_restore();
	return outcome;
}
