// SPDX-License-Identifier: GPL-2.0
/*
 * Running a cell: the processes, who waits for whom, and how they end.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "counter.h"
#include "measure.h"
#include "run.h"

/* What is not measured, at first: ns, or instructions, of which a guest has one in a ns. */
#define WARM_UP_NS 128000000U

/* A client that takes longer, hangs. */
#define CLIENT_SECONDS 300

/* How long server and client give way to each other before they are measured. */
#define SETTLE_NS UINT64_C(30000000)

/* How much less than others somebody may have run and still be passed over. */
#define LEAD_NS 1000000

/**
 * struct control - what all processes of a cell share
 * @warm: where clients that have warmed up wait for each other
 * @finished: clients that have measured all they had to
 * @error: the first that failed, -errno; 0 if nothing has
 * @failed: what that was
 * @cycles: before and after what is measured, as client 0 sees it
 * @settled: until when server and client 0 give way to each other, ns or instructions
 */
struct control {
	pthread_barrier_t warm;
	uint32_t finished;
	int error;
	char failed[64];
	uint64_t cycles[2];
	uint64_t settled;
};

/**
 * struct cell_run - a cell that runs
 * @options: of the run
 * @control: shared
 * @samples: shared, of all clients: when each began, and when each operation ended
 * @operations: how many each client does
 * @cycles: see counter_open_cycles()
 */
struct cell_run {
	struct cell cell;
	const struct options *options;
	struct control *control;
	uint64_t *samples;
	uint32_t operations;
	int cycles;
};

/* ---------------------------------------------------------- what peers call */

bool cell_state(struct cell *cell, size_t size)
{
	cell->state = calloc(1, size);
	return cell->state;
}

void *cell_shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	return memory;
}

void cell_unshare(void *memory, size_t size)
{
	munmap(memory, size);
}

void cell_ready(struct cell *cell)
{
	if (write(cell->ready[1], "", 1) != 1)
		_exit(1);
}

void cell_name(const struct cell *cell, char *name, size_t size)
{
	/* the parent's, which is the same in all of them */
	int pid = cell->server_pid ? getppid() : getpid();

	snprintf(name, size, "capipc-bench-%d", pid);
}

/* Each page touched, so that nothing is left to be done later. */
static bool give_buffers(struct cell *cell)
{
	const struct workload *work = cell->work;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t request = (size_t)work->request * work->batch, size;
	unsigned char *buffers;

	/* what one process sends to itself comes back as it is */
	size = request > work->reply ? request : work->reply;
	size = (size + page - 1) / page * page;
	buffers = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffers == MAP_FAILED)
		return false;
	memset(buffers, 0xa5, 2 * size);
	cell->request = buffers;
	cell->reply = buffers + size;
	return true;
}

/**
 * struct thread - one more thread of a server
 * @cell: its own
 * @serve: what it does
 */
struct thread {
	struct cell cell;
	int (*serve)(struct cell *cell);
};

static void *run_thread(void *data)
{
	struct thread *thread = data;

	return (void *)(intptr_t)thread->serve(&thread->cell);
}

int cell_threads(struct cell *cell, int (*serve)(struct cell *cell))
{
	/* they end with the process */
	static struct thread threads[CLIENTS_MAX];
	uint32_t n;

	for (n = 1; n < cell->work->threads; n++) {
		struct thread *thread = &threads[n];
		pthread_t id;
		int ret;

		thread->cell = *cell;
		thread->serve = serve;
		thread->cell.client = n;
		if (!give_buffers(&thread->cell))
			return -ENOMEM;
		ret = pthread_create(&id, NULL, run_thread, thread);
		if (ret)
			return -ret;
	}
	return serve(cell);
}

/* -------------------------------------------------------------- the processes */

/* It failed: says so, if nobody else has. */
static void note(struct control *control, const char *what, int error)
{
	int none = 0;

	if (__atomic_compare_exchange_n(&control->error, &none, error, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		snprintf(control->failed, sizeof(control->failed), "%s", what);
}

/* Processor n of those that this process may use; the last one if there are fewer. */
static void pin(int n)
{
	cpu_set_t all, one;
	int cpu;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	CPU_ZERO(&one);
	for (cpu = 0; cpu < CPU_SETSIZE && n >= 0; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		n--;
	}
	sched_setaffinity(0, sizeof(one), &one);
}

/*
 * A scheduler lets who has slept for long run first, for some milliseconds. What that
 * does to a cell depends on who happened to sleep before, and would be measured in the place
 * of what is to be. So server and client compete for their processor for a while
 * first. What is left of the server's lead, for it is the server that has waited, it uses up
 * while the client sleeps.
 */
static struct control *settling;

static void give_way_until(uint64_t end)
{
	while (counter_read(true) < end)
		sched_yield();
}

static void settle_server(int signal)
{
	(void)signal;
	give_way_until(settling->settled + LEAD_NS);
}

static void expect_settling(struct control *control)
{
	struct sigaction action = {
		.sa_handler = settle_server,
		.sa_flags = SA_RESTART,
	};

	settling = control;
	sigaction(SIGUSR1, &action, NULL);
}

static void settle(struct cell_run *run)
{
	const struct timespec lead = { .tv_nsec = LEAD_NS + LEAD_NS / 4 };

	run->control->settled = counter_read(true) + SETTLE_NS;
	kill(run->cell.server_pid, SIGUSR1);
	give_way_until(run->control->settled);
	nanosleep(&lead, NULL);
}

static void begin_process(const struct cell_run *run, bool server)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, server ? "bench-server" : "bench-client");
	if (run->options->placement != PLACEMENT_FREE)
		pin(run->options->placement == PLACEMENT_APART && !server);
}

static void __attribute__((noreturn)) be_server(struct cell_run *run)
{
	struct cell *cell = &run->cell;
	int ret;

	begin_process(run, true);
	expect_settling(run->control);
	cell->server_pid = getpid();
	ret = give_buffers(cell) ? cell->peer->serve(cell) : -ENOMEM;
	/* it sees its clients go, and then only waits for its own end */
	while (__atomic_load_n(&run->control->finished, __ATOMIC_SEQ_CST) ==
	       cell->work->threads)
		pause();
	note(run->control, "the server", ret ? ret : -EPIPE);
	_exit(1);
}

/*
 * Until the scheduler has found its way: whether it lets who is woken run at once depends on
 * what the two have had in the last milliseconds, and may change until then.
 */
static int warm_up(struct cell_run *run)
{
	uint32_t most = run->options->operations, n = 0;
	bool instructions = run->options->instructions;
	uint64_t start = counter_read(instructions);
	struct cell *cell = &run->cell;
	int ret;

	do {
		ret = cell->peer->operation[cell->work->shape](cell);
		n++;
	} while (!ret && n != most &&
		 counter_read(instructions) - start < WARM_UP_NS);
	return ret;
}

static int measure(struct cell_run *run)
{
	struct cell *cell = &run->cell;
	int (*operation)(struct cell *) =
		cell->peer->operation[cell->work->shape];
	bool instructions = run->options->instructions;
	uint64_t *sample =
		run->samples + (size_t)cell->client * (run->operations + 1);
	uint64_t *end = sample + run->operations;
	int ret;

	memset(sample, 0, (run->operations + 1) * sizeof(*sample));
	if (instructions && cell->server_pid > 0 && cell->work->threads == 1)
		settle(run);
	ret = warm_up(run);
	if (ret)
		return ret;
	pthread_barrier_wait(&run->control->warm);
	if (!cell->client && run->cycles >= 0)
		run->control->cycles[0] = counter_read_cycles(run->cycles);
	*sample = counter_read(instructions);
	do {
		ret = operation(cell);
		if (ret)
			return ret;
		*++sample = counter_read(instructions);
	} while (sample < end);
	if (!cell->client && run->cycles >= 0)
		run->control->cycles[1] = counter_read_cycles(run->cycles);
	__atomic_fetch_add(&run->control->finished, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static void __attribute__((noreturn))
be_client(struct cell_run *run, pid_t server)
{
	struct cell *cell = &run->cell;
	const char *what = "the client's connection";
	int ret = -ENOMEM;

	begin_process(run, false);
	alarm(CLIENT_SECONDS);
	cell->server_pid = server;
	if (!give_buffers(cell))
		goto out;
	ret = cell->peer->connect ? cell->peer->connect(cell) : 0;
	if (ret)
		goto out;
	what = "an operation";
	ret = measure(run);
out:
	if (ret)
		note(run->control, what, ret);
	_exit(ret ? 1 : 0);
}

/* ----------------------------------------------------------------- the parent */

static void give_rules(struct rule *rules, uint32_t count, uint32_t uid)
{
	uint32_t n;

	for (n = 0; n < count; n++) {
		rules[n].uid = uid;
		rules[n].first = n + 1 < count ? 1000 + n : ORDINAL;
		rules[n].last = rules[n].first;
	}
}

static size_t samples_size(const struct cell_run *run)
{
	return (size_t)run->cell.work->threads * (run->operations + 1) *
	       sizeof(*run->samples);
}

static int prepare(struct cell_run *run, struct rule *rules)
{
	struct cell *cell = &run->cell;
	pthread_barrierattr_t attr;

	cell->ready[0] = cell->ready[1] = cell->done = run->cycles = -1;
	cell->uid = geteuid();
	cell->rules = rules;
	give_rules(rules, cell->work->rules, cell->uid);
	run->control = cell_shared(sizeof(*run->control));
	if (!run->control)
		return -ENOMEM;
	run->samples = cell_shared(samples_size(run));
	if (!run->samples)
		return -ENOMEM;
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&run->control->warm, &attr, cell->work->threads);
	cell->done = eventfd(0, EFD_CLOEXEC);
	if (cell->done < 0 || pipe2(cell->ready, O_CLOEXEC))
		return -errno;
	if (!run->options->instructions)
		run->cycles = counter_open_cycles();
	return cell->peer->prepare ? cell->peer->prepare(cell) : 0;
}

static void clear_away(struct cell_run *run)
{
	struct cell *cell = &run->cell;
	int fds[] = { cell->done, cell->ready[0], cell->ready[1], run->cycles };
	size_t n;

	if (cell->peer->finish)
		cell->peer->finish(cell);
	free(cell->state);
	for (n = 0; n < sizeof(fds) / sizeof(fds[0]); n++) {
		if (fds[n] >= 0)
			close(fds[n]);
	}
	if (run->samples)
		cell_unshare(run->samples, samples_size(run));
	if (run->control)
		cell_unshare(run->control, sizeof(*run->control));
}

static int start_server(struct cell_run *run, pid_t *pid)
{
	struct cell *cell = &run->cell;
	char byte;

	*pid = fork();
	if (!*pid) {
		close(cell->ready[0]);
		be_server(run);
	}
	close(cell->ready[1]);
	cell->ready[1] = -1;
	if (*pid < 0)
		return -errno;
	/* the end of the file, if it ends */
	return read(cell->ready[0], &byte, 1) == 1 ? 0 : -ECHILD;
}

/* Until all clients have ended, or one of the processes has that should not. */
static int wait_for_clients(const pid_t *clients, uint32_t count)
{
	uint32_t left = count, n;
	int status;
	pid_t pid;

	while (left) {
		pid = wait(&status);
		if (pid < 0)
			return -errno;
		for (n = 0; n < count && clients[n] != pid; n++)
			;
		if (n == count || status)
			return WIFSIGNALED(status) ? -ETIMEDOUT : -ECHILD;
		left--;
	}
	return 0;
}

static int run_processes(struct cell_run *run)
{
	uint32_t count = run->cell.work->threads, n;
	pid_t server = -1, clients[CLIENTS_MAX];
	int ret = 0;

	/* A child must not write what is buffered once more. */
	fflush(NULL);
	if (run->cell.peer->serve && run->cell.work->shape != SHAPE_BUSY)
		ret = start_server(run, &server);
	for (n = 0; n < count && !ret; n++) {
		run->cell.client = n;
		clients[n] = fork();
		if (!clients[n])
			be_client(run, server);
		if (clients[n] < 0) {
			ret = -errno;
			break;
		}
	}
	if (!ret)
		ret = wait_for_clients(clients, n);
	if (server > 0)
		kill(server, SIGKILL);
	while (n--)
		kill(clients[n], SIGKILL);
	while (wait(NULL) > 0)
		;
	if (run->control->error)
		ret = run->control->error;
	return ret;
}

int run_cell(const struct peer *peer, const struct workload *work,
	     const struct options *options, struct figures *figures,
	     const char **failed)
{
	static struct rule rules[RULES_MAX];
	static char what[sizeof(((struct control *)0)->failed)];
	struct cell_run run = {
		.cell = { .work = work, .peer = peer },
		.options = options,
		.operations = options->operations ? options->operations :
						    work->operations,
	};
	int ret = prepare(&run, rules);

	*failed = what;
	snprintf(what, sizeof(what), "preparing");
	if (!ret) {
		snprintf(what, sizeof(what), "the processes");
		ret = run_processes(&run);
		if (run.control->error)
			snprintf(what, sizeof(what), "%s", run.control->failed);
	}
	if (!ret)
		measure_samples(work, run.samples, run.operations, figures);
	if (!ret && run.cycles >= 0)
		figures->cycles = (double)(run.control->cycles[1] -
					   run.control->cycles[0]) /
				  (double)figures->operations;
	clear_away(&run);
	return ret;
}
