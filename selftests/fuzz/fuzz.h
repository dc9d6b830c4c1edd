/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzzer of the module, guided by coverage.
 *
 * A *program* is a list of *operations*. Each runs in a *lane*: a thread of one of a
 * few worker processes, which are forked anew for each program. Operations are begun
 * one after the other; one that is marked with '&' is not waited for, so what comes
 * next in another lane races with it. What operations give (handles, file
 * descriptors, mappings ...) goes into numbered *slots* of their worker, and arguments
 * name slots, so that an operation can be left out or put in without the others
 * meaning something else.
 *
 * The text of a program has an operation a line:
 *
 *	LANE[&] NAME [FIELD=VALUE]...
 *
 *	0 create out=2			makes a pipe: its ends go to slots h2 and h3
 *	0b& call handle=h2 ordinal=7	the second thread of worker 0 calls
 *	1 pass fd=f0 to=2		worker 1 sends a file descriptor to worker 2
 *
 * Fields that are missing have a value that makes sense. docs/testing.md has more.
 *
 *	operation.c	which operations and fields there are
 *	argument.c	fields: what they may be, their text
 *	program.c	programs: made, changed, read and printed
 *	worker.c	processes and threads that run a program
 *	request.c	ioctls
 *	action.c	everything else that a process can do
 *	netlink.c	requests over netlink, and what the module says it holds
 *	coverage.c	KCOV: which code has been run
 *	corpus.c	programs worth keeping
 *	main.c		options, the loop, the verdict
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/capipc.h>
#include <linux/capipc_netlink.h>

#define WORKERS	   3
#define THREADS	   2 /* of a worker */
#define LANES	   (WORKERS * THREADS)
#define FIELDS_MAX 24 /* of an operation */
#define OPS_MAX	   32 /* of a program */
#define TEXT_MAX   8192 /* of a program */
#define DEVICE	   "/dev/capipc"

#define MEMORY_AREAS 6
#define AREA_SIZE    (2U << 20)

/* Slots of a worker. */
#define CONTEXTS 4
#define HANDLES	 32
#define FDS	 16
#define MAPS	 8
#define STAMPS	 8

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum field_type {
	FIELD_NUMBER, /* whatever */
	FIELD_CHOICE, /* a small number */
	FIELD_SIZE, /* of the struct, as the caller knows it */
	FIELD_FLAGS, /* the lowest bits mean something */
	FIELD_LENGTH, /* in bytes */
	FIELD_HANDLE,
	FIELD_FD,
	FIELD_MAP,
	FIELD_STAMP,
	FIELD_DATA, /* pointer to bytes */
	FIELD_ATTACHMENTS, /* pointer to struct capipc_attachment */
	FIELD_INVITED, /* pointer to struct capipc_invited */
	FIELD_ROOM, /* pointer to room, which need not be given */
	FIELD_COUNT, /* elements behind the field before */
	FIELD_RULES,
	FIELD_RULE_SIZE,
	FIELD_RANGES,
	FIELD_BATCH, /* pointer to struct capipc_batched, written like ranges */
	FIELD_BATCH_LENGTH, /* of all that is in a batch, in bytes */
	FIELD_NAME,
	FIELD_NAME_LENGTH, /* of the name in this operation */
	FIELD_DEADLINE,
	FIELD_REPLY, /* pointer to struct capipc_reply */
	FIELD_RIGHTS,
	FIELD_RESERVED, /* should be zero */
	FIELD_OUT, /* of no interest */
	FIELD_OUT_HANDLE,
	FIELD_OUT_FD,
	FIELD_OUT_STAMP,
};

struct field {
	const char *name;
	uint16_t offset, size; /* in the struct of an ioctl */
	uint8_t type;
	uint16_t choices; /* of a FIELD_CHOICE */
};

struct worker;
struct call;

/**
 * struct operation - something that a program can do
 * @name: in the text
 * @fields: its arguments
 * @fields_count: how many
 * @request: of an ioctl; else 0
 * @size: of its struct
 * @act: of anything else
 * @weight: how often it is chosen
 * @waits: it may wait, so it gets a timer
 */
struct operation {
	const char *name;
	const struct field *fields;
	unsigned int fields_count;
	unsigned int request;
	unsigned int size;
	int (*act)(struct worker *w, struct call *call);
	unsigned int weight;
	bool waits;
};

extern const struct operation operations[];
extern const unsigned int operations_count;
const struct operation *operation_find(const char *name);
bool operations_are_whole(void);

/**
 * struct op - an operation with its arguments, in a program
 * @lane: where it runs
 * @code: its index in operations[]
 * @async: nobody waits for it
 * @context: slot of the context, or 0xff: that of the first handle
 * @out: first slot for what it gives
 * @fail: the so manieth thing in it that can fail does; 0 for none
 * @set: bit n: field n has a value
 * @named: bit n: which is no number but names something; its bits depend on the type
 * @value: of the fields
 */
struct op {
	uint8_t lane;
	uint8_t code;
	bool async;
	uint8_t context;
	uint8_t out;
	uint8_t fail;
	uint32_t set;
	uint32_t named;
	uint64_t value[FIELDS_MAX];
};

struct program {
	unsigned int count;
	struct op ops[OPS_MAX];
};

/* ------------------------------------------------------------------- numbers */

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *r);
/* below @n; 0 if that is 0 */
unsigned int rng_below(struct rng *r, unsigned int n);
/* true once in @n times */
bool rng_once_in(struct rng *r, unsigned int n);

/* ----------------------------------------------------------------- arguments */

void argument_choose(struct rng *r, struct op *op, unsigned int field);
int argument_print(char *text, size_t room, const struct op *op,
		   unsigned int field);
bool argument_read(struct op *op, unsigned int field, const char *text);

extern const struct capipc_rule canned_rules[];
extern const unsigned int canned_rules_count;
const char *canned_name(unsigned int index);

/* ------------------------------------------------------------------ programs */

void program_make(struct rng *r, struct program *p);
void program_mutate(struct rng *r, struct program *p,
		    const struct program *other);
int program_print(const struct program *p, char *text, size_t room);
bool program_read(struct program *p, const char *text);

/* ------------------------------------------------------------------- workers */

/**
 * struct worker - a process that runs operations, and what it holds
 * @number: which one
 * @spare: a context that stays, so that the process need not be made known to the
 *         module again and again, which takes longer than a program
 * @context: contexts that it has opened, or -1
 * @handle: handles, 0 for none
 * @handle_context: slot of the context that each is in
 * @fd: other file descriptors, or -1
 * @map: mappings
 * @stamp: ids of stamps
 * @netlink: a socket, or -1
 * @inbox: a socket where others send file descriptors to; theirs are @outbox
 *
 * Its threads use it without locks: slots are single numbers, and wrong ones are
 * as good as right ones.
 */
struct worker {
	unsigned int number;
	int spare;
	int context[CONTEXTS];
	uint32_t handle[HANDLES];
	uint8_t handle_context[HANDLES];
	int fd[FDS];
	struct {
		char *at;
		size_t size;
	} map[MAPS];
	uint64_t stamp[STAMPS];
	int netlink;
	int inbox;
	int *outbox;
};

/**
 * struct memory - what a thread passes pointers to
 * @area: each ends where a page begins that is not there
 * @used: how many areas the operation has taken
 */
struct memory {
	char *area[MEMORY_AREAS];
	unsigned int used;
};

/**
 * struct call - an operation that is being run
 * @op: which one
 * @what: likewise
 * @context_slot: its context
 * @context: file descriptor of that
 * @memory: of its thread
 */
struct call {
	const struct op *op;
	const struct operation *what;
	unsigned int context_slot;
	int context;
	struct memory *memory;
};

/* What happened to a program. */
enum outcome {
	OUTCOME_DONE,
	OUTCOME_SLOW, /* killed after a time-out, and it ended */
	OUTCOME_HANGS, /* killed, and it did not end */
};

void workers_init(void);
enum outcome workers_run(const struct program *p);
/* They end, until the next program. False if they do not. */
bool workers_stop(void);

/* The number that a field is, or @missing if the program does not say. */
uint64_t call_number(const struct call *call, unsigned int field,
		     uint64_t missing);
/* The slot that a field names, of @count; -1 if it names none. */
int call_slot(const struct call *call, unsigned int field, unsigned int count);
void worker_keep_handle(struct worker *w, const struct call *call,
			unsigned int n, uint32_t handle);
void worker_keep_fd(struct worker *w, const struct call *call, int fd);
/* A file descriptor: that of a slot, or a number. */
int worker_fd(const struct worker *w, const struct call *call,
	      unsigned int field);

/* ------------------------------------------------------------------ requests */

void memory_init(struct memory *m);
int request_run(struct worker *w, struct call *call);

/* ------------------------------------------------------------------- netlink */

int netlink_resolve(void);
int netlink_open(void);
int netlink_act(struct worker *w, struct call *call);
void netlink_limits_keep(void);
void netlink_limits_restore(void);
void netlink_count(void);
bool netlink_is_as_at_first(char *what, size_t room);

/* ------------------------------------------------------------------- actions */

int act_open(struct worker *w, struct call *call);
int act_close(struct worker *w, struct call *call);
int act_file(struct worker *w, struct call *call);
int act_map(struct worker *w, struct call *call);
int act_unmap(struct worker *w, struct call *call);
int act_protect(struct worker *w, struct call *call);
int act_remap(struct worker *w, struct call *call);
int act_touch(struct worker *w, struct call *call);
int act_poll(struct worker *w, struct call *call);
int act_pass(struct worker *w, struct call *call);
int act_take(struct worker *w, struct call *call);
int act_fork(struct worker *w, struct call *call);
int act_exit(struct worker *w, struct call *call);
int act_become(struct worker *w, struct call *call);
int act_fdinfo(struct worker *w, struct call *call);
int act_parameter(struct worker *w, struct call *call);
int act_raw(struct worker *w, struct call *call);
void parameters_keep(void);
void parameters_restore(void);

/* ------------------------------------------------------------------ coverage */

#define EDGE_BITS 17
#define EDGES	  (1U << EDGE_BITS)
#define CODE_MAX  (1U << 20) /* bytes of the module's text */

/* What has been run; shared with the workers. */
struct coverage {
	uint8_t edge[EDGES / 8];
	uint8_t code[CODE_MAX / 8]; /* by address */
};

void coverage_init(void);
/* In a thread, which is lane @lane from now on. */
void coverage_begin(unsigned int lane);
void coverage_reset(unsigned int lane);
/* What the thread has run since coverage_reset(), and how it ended. */
void coverage_take(unsigned int lane, unsigned int code, int result);
/* Of the last program. */
struct coverage *coverage_last(void);
void coverage_clear(void);
/* How many bits of @of are not in @in; they are added if @add. */
unsigned int coverage_new(struct coverage *in, const struct coverage *of,
			  bool add);
bool coverage_contains(const uint8_t *edges, const uint8_t *wanted);
/* How many places in the code. */
unsigned int coverage_size(const struct coverage *c);

/* -------------------------------------------------------------------- corpus */

unsigned int corpus_count(void);
const struct program *corpus_at(unsigned int i);
/* Runs what is in a directory. False if a file is no program. */
bool corpus_load(const char *dir);
/* Called with each program that was run; it is kept if it did something new. */
bool corpus_offer(const struct program *p);
/* Those that are needed to cover all that is covered, to standard output. */
void corpus_print(void);
/* All that was ever run. */
struct coverage *corpus_coverage(void);

/* ---------------------------------------------------------------------- main */

/* Runs a program and dies if the kernel complains. */
void run(const struct program *p);
/* Returns 0 if the time is over. */
bool time_is_left(void);

#endif /* FUZZ_H */
