/* SPDX-License-Identifier: GPL-2.0 */
/*
 * capipc-bench: what its files share, and how a peer is written.
 *
 * A *workload* (workload.c) says what is to be done: a call with 64 bytes there and 8
 * back, a burst of messages that nobody answers, a connection. A *peer* is a way to do it:
 * capipc, a socket, binder. One peer at one workload is a *cell* of the table. run.c
 * goes through the cells. For each it has
 *
 *	parent		prepare()		what both sides inherit: sockets, memory
 *	server		serve()			a process of its own; calls cell_ready(), then
 *						serves until it is killed
 *	client		connect()		a process of its own, or several
 *			operation[shape]()	again and again, at first unmeasured
 *	parent		finish()		what prepare() made that would stay
 *
 * WRITING A PEER
 *
 * One file a noun, with one or more struct peer, which have a line each in peer.c. A peer
 * offers the shapes whose operation is there, and of those the workloads that
 * offers() agrees to. Whatever it keeps goes into a struct of its own, allocated in prepare()
 * with cell_state(); both sides find it in @state. All functions return 0 or -errno; what
 * fails is said by who sees it return, so a peer prints nothing. SIGKILL ends the server,
 * so only what outlives a process (a name, a file) has to be cleared away, in finish().
 *
 * Write it as its best users write it: no system call and no copy that can be done without,
 * and no identity that is there but not looked at. All do the same work:
 *
 *	client				server
 *	cell_request(cell, n)
 *	send @request ------------->	receive into @request
 *					cell_admits(cell, uid)	if it knows who it was
 *					cell_answer(cell)
 *	receive into @reply <-------	send @reply
 *	cell_check(cell)
 *
 * A peer whose messages come stamped compares the uid of both sides: the server's
 * cell_admits() (capipc has the kernel do that), the client's cell_is_server(). For one-way
 * messages the server calls cell_admits() for each and cell_received() once for what a system
 * call brought; the client ends its burst with cell_wait_received().
 */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/**
 * enum shape - what one operation of a workload is
 * @SHAPE_CALL: a request of @request bytes goes to the server, with @files file
 *              descriptors, which the server closes, and @handles, each of which
 *              goes there and comes back; a reply of @reply bytes comes
 * @SHAPE_DENIED: the same, but with ORDINAL_DENIED, which the rules do not allow. Where the
 *                server has to find that out, it answers with cell_refuse()
 * @SHAPE_SEND: @burst messages of @request bytes, @batch of them in a system call; over
 *              @active pipes, the same number through each; then wait until the server has
 *              them all
 * @SHAPE_CONNECT: connect to the server by a name, call it, close the connection
 * @SHAPE_STREAM: @burst times @request bytes, without bounds between them, then wait until
 *                the server has had them all. Where memory is shared they are made, and
 *                looked at, in place: cell_mark() and cell_marked() for each @request bytes
 * @SHAPE_BUSY: the same, @request bytes in and out again, by one process that has both ends,
 *              so that neither ever waits for the other; there is no server
 * @SHAPE_SHARE: @shared bytes, in memory that both sides have mapped before, are marked
 *               by the client with cell_mark(); then a call, in which the
 *               server looks for the mark
 * @SHAPE_SWITCH: @burst times, one kernel thread wakes another and is woken by it
 * @SHAPE_SYSCALL: @burst system calls that do nothing
 * @SHAPES: how many there are
 */
enum shape {
	SHAPE_CALL,
	SHAPE_DENIED,
	SHAPE_SEND,
	SHAPE_CONNECT,
	SHAPE_STREAM,
	SHAPE_BUSY,
	SHAPE_SHARE,
	SHAPE_SWITCH,
	SHAPE_SYSCALL,
	SHAPES,
};

/**
 * struct workload - what is measured
 * @name: as on the command line
 * @group: workloads of one group are in one table and one plot
 * @title: what it is, in words
 * @baseline: the peer that others are compared with
 * @shape: what an operation is
 * @request: bytes of a request, a message or a chunk; at least sizeof(struct request)
 * @reply: bytes of a reply; at least sizeof(struct reply)
 * @shared: bytes in shared memory
 * @copied: see above
 * @files: file descriptors that go with a request
 * @handles: handles (capabilities, sockets) that go there and back
 * @rules: rules in the table that says who may do what; the last one allows it
 * @burst: how many units an operation consists of; figures are those of a unit
 * @batch: messages in a system call
 * @pipes: connections that the server has, all made by the one client
 * @active: how many of these are used; a call uses the last one
 * @threads: threads of the server, and client processes
 * @many: it is about servers that can have many connections, also where it has one
 * @operations: how many are measured, by each client
 * @slice: operations in a slice: the figure is the median of the slices
 *
 * No number is zero, but those of bytes, @files and @handles may be.
 */
struct workload {
	const char *name;
	const char *group;
	const char *title;
	const char *baseline;
	enum shape shape;
	uint32_t request;
	uint32_t reply;
	uint32_t shared;
	bool copied;
	uint32_t files;
	uint32_t handles;
	uint32_t rules;
	uint32_t burst;
	uint32_t batch;
	uint32_t pipes;
	uint32_t active;
	uint32_t threads;
	bool many;
	uint32_t operations;
	uint32_t slice;
};

struct cell;

/**
 * struct peer - a way to do it
 * @name: as on the command line and in the table
 * @title: what it does for one operation, in a line
 * @stamped: both sides know who the other is, for each message
 * @variant: whatever tells it from other peers of the same file
 * @missing: NULL, or says why it cannot be had on this machine, and returns NULL if it can
 * @offers: NULL, or whether it can do this workload; its shape has been looked at
 * @prepare: NULL, or see above
 * @serve: NULL if there is no server
 * @connect: NULL, or see above
 * @operation: what is measured; NULL for shapes that it does not have
 * @finish: NULL, or see above; also after a failure of any of the others
 */
struct peer {
	const char *name;
	const char *title;
	bool stamped;
	const void *variant;
	const char *(*missing)(const struct peer *peer);
	bool (*offers)(const struct peer *peer, const struct workload *work);
	int (*prepare)(struct cell *cell);
	int (*serve)(struct cell *cell);
	int (*connect)(struct cell *cell);
	int (*operation[SHAPES])(struct cell *cell);
	void (*finish)(struct cell *cell);
};

extern const struct peer *const peers[]; /* ends with NULL */
extern const struct workload workloads[]; /* ends with one without a name */

const struct peer *peer_find(const char *name);
const struct workload *workload_find(const char *name);
bool peer_offers(const struct peer *peer, const struct workload *work);

/* ------------------------------------------------------------ who may do what */

#define ORDINAL	       1U
#define ORDINAL_DENIED 2U

/**
 * struct rule - a line of the table: this user may call these methods
 * @uid: the user
 * @first: the first method
 * @last: the last one
 */
struct rule {
	uint32_t uid;
	uint32_t first;
	uint32_t last;
};

/* ------------------------------------------------------------------ messages */

/**
 * struct request - the head of each request and message
 * @sequence: counts, and comes back in the reply
 * @ordinal: the method. Where this travels otherwise, too, that is what counts
 * @count: which message of a batch
 */
struct request {
	uint64_t sequence;
	uint32_t ordinal;
	uint32_t count;
};

/**
 * struct reply - the head of each reply
 * @sequence: that of the request, or REFUSED
 */
struct reply {
	uint64_t sequence;
};

#define REFUSED UINT64_MAX

/**
 * struct cell - one peer at one workload
 * @work: the workload
 * @peer: the peer
 * @state: the peer's own
 * @request: room for the requests of a batch, on pages of its own. Each process has another
 * @reply: room for the reply, likewise
 * @rules: @work->rules of them
 * @uid: of all processes here
 * @client: which client this is, 0 to @work->threads - 1
 * @server_pid: in clients
 * @sequence: of the last request of this client
 * @marks: that cell_mark() or cell_marked() have counted
 * @received: messages of this burst that the server has had
 * @done: an eventfd that says that the burst has been received
 * @ready: a pipe that says that the server is ready
 *
 * Server threads have a copy each.
 */
struct cell {
	const struct workload *work;
	const struct peer *peer;
	void *state;
	unsigned char *request;
	unsigned char *reply;
	const struct rule *rules;
	uint32_t uid;
	uint32_t client;
	int server_pid;
	uint64_t sequence;
	uint64_t marks;
	uint32_t received;
	int done;
	int ready[2];
};

/* ---------------------------------------------------------- what peers call */

/* Zeroed memory that becomes @state; false without memory. */
bool cell_state(struct cell *cell, size_t size);

/* How many connections there are: with several clients each has one. */
static inline uint32_t cell_connections(const struct cell *cell)
{
	return cell->work->threads > 1 ? cell->work->threads :
					 cell->work->pipes;
}

/* Zeroed memory that parent, server and clients share, on pages of its own, or NULL. */
void *cell_shared(size_t size);
void cell_unshare(void *memory, size_t size);

/* The server is ready for clients. */
void cell_ready(struct cell *cell);

/*
 * Run serve in each thread of the server, with a copy of the cell each; it has a
 * request and reply of its own there, and @client says which thread it is. Returns what
 * the first one does that returns.
 */
int cell_threads(struct cell *cell, int (*serve)(struct cell *cell));

/* A name for this cell that nobody else has: in a namespace of names, paths or objects. */
void cell_name(const struct cell *cell, char *name, size_t size);

/* The request is filled in: number n of the batch. */
static inline void cell_request(struct cell *cell, uint32_t n)
{
	struct request *request =
		(void *)(cell->request + (size_t)n * cell->work->request);

	request->sequence = ++cell->sequence;
	request->ordinal = cell->work->shape == SHAPE_DENIED ? ORDINAL_DENIED :
							       ORDINAL;
	request->count = n;
}

/* May this user do that? In the server; the first rule that matches allows. */
static inline bool cell_admits(const struct cell *cell, uint32_t uid,
			       uint32_t ordinal)
{
	const struct rule *rule = cell->rules;
	const struct rule *end = rule + cell->work->rules;

	for (; rule < end; rule++) {
		if (rule->uid == uid && ordinal >= rule->first &&
		    ordinal <= rule->last)
			return true;
	}
	return false;
}

/* Was it the server that answered? In the client. */
static inline bool cell_is_server(const struct cell *cell, uint32_t uid)
{
	return cell->uid == uid;
}

/* What the server does for a request that is allowed: @reply answers @request. */
static inline void cell_answer(struct cell *cell)
{
	const struct request *request = (const void *)cell->request;
	struct reply *reply = (void *)cell->reply;

	reply->sequence = request->sequence;
}

/* And for one that is not. */
static inline void cell_refuse(struct cell *cell)
{
	struct reply *reply = (void *)cell->reply;

	reply->sequence = REFUSED;
}

/* The reply is the one to the last request. */
static inline int cell_check(const struct cell *cell)
{
	const struct reply *reply = (const void *)cell->reply;
	uint64_t want = cell->work->shape == SHAPE_DENIED ? REFUSED :
							    cell->sequence;

	return reply->sequence == want ? 0 : -EBADMSG;
}

/* Bytes that are made, and looked at, where they are. */
static inline void cell_mark(struct cell *cell, void *bytes)
{
	*(volatile uint64_t *)bytes = ++cell->marks;
}

static inline bool cell_marked(struct cell *cell, const void *bytes)
{
	return *(const volatile uint64_t *)bytes == ++cell->marks;
}

/* Where one process does both: what it marked last is here. */
static inline int cell_came(const struct cell *cell, const void *bytes)
{
	return *(const volatile uint64_t *)bytes == cell->marks ? 0 : -EBADMSG;
}

/* The server has received so many units of a burst. */
static inline int cell_received(struct cell *cell, uint32_t n)
{
	const uint64_t one = 1;

	cell->received += n;
	if (cell->received < cell->work->burst)
		return 0;
	cell->received -= cell->work->burst;
	return write(cell->done, &one, sizeof(one)) < 0 ? -errno : 0;
}

/* The client waits until it has received them all. */
static inline int cell_wait_received(struct cell *cell)
{
	uint64_t n;

	return read(cell->done, &n, sizeof(n)) < 0 ? -errno : 0;
}

#endif /* BENCH_H */
