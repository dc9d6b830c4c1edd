// SPDX-License-Identifier: GPL-2.0
/*
 * A pair of pipes: bytes in order, between two processes that share them from the start,
 * and nobody says who wrote them.
 */
#include <fcntl.h>
#include <unistd.h>

#include "peers.h"

/**
 * struct state - the pipes
 * @there: to the server
 * @back: from it
 */
struct state {
	int there[2];
	int back[2];
};

static int write_all(int fd, const void *bytes, size_t size)
{
	ssize_t n = write(fd, bytes, size);

	/* a blocking pipe takes them all, but for a signal */
	return n == (ssize_t)size ? 0 : n < 0 ? -errno : -EIO;
}

static int read_all(int fd, unsigned char *bytes, size_t size)
{
	while (size) {
		ssize_t n = read(fd, bytes, size);

		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

static bool pipe_offers(const struct peer *peer, const struct workload *work)
{
	(void)peer;
	return !work->files && !work->handles && work->rules == 1 &&
	       !work->many && work->threads == 1;
}

static int pipe_prepare(struct cell *cell)
{
	struct state *state;
	int size = 1 << 20; /* the most that any user may have */

	if (!cell_state(cell, sizeof(*state)))
		return -ENOMEM;
	state = cell->state;
	if (pipe2(state->there, O_CLOEXEC) || pipe2(state->back, O_CLOEXEC))
		return -errno;
	if (cell->work->request > 4096 &&
	    fcntl(state->there[1], F_SETPIPE_SZ, size) < 0)
		return -errno;
	return 0;
}

static int serve_calls(struct cell *cell)
{
	const struct state *state = cell->state;
	int ret;

	do {
		ret = read_all(state->there[0], cell->request,
			       cell->work->request);
		if (ret)
			break;
		cell_answer(cell);
		ret = write_all(state->back[1], cell->reply, cell->work->reply);
	} while (!ret);
	return ret;
}

/* Whole messages, or chunks: as many as have come, up to a batch. */
static int serve_burst(struct cell *cell)
{
	const struct state *state = cell->state;
	const struct workload *work = cell->work;
	size_t size = (size_t)work->request * work->batch, have = 0;
	ssize_t n;
	int ret;

	for (;;) {
		n = read(state->there[0], cell->request + have, size - have);
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		have += (size_t)n;
		ret = cell_received(cell, (uint32_t)(have / work->request));
		if (ret)
			return ret;
		have %= work->request;
	}
}

static int pipe_serve(struct cell *cell)
{
	cell_ready(cell);
	return cell->work->shape == SHAPE_CALL ? serve_calls(cell) :
						 serve_burst(cell);
}

static int pipe_call(struct cell *cell)
{
	const struct state *state = cell->state;
	int ret;

	cell_request(cell, 0);
	ret = write_all(state->there[1], cell->request, cell->work->request);
	if (!ret)
		ret = read_all(state->back[0], cell->reply, cell->work->reply);
	return ret ? ret : cell_check(cell);
}

static int pipe_send(struct cell *cell)
{
	const struct state *state = cell->state;
	const struct workload *work = cell->work;
	uint32_t sent, n;
	int ret;

	for (sent = 0; sent < work->burst; sent += work->batch) {
		for (n = 0; n < work->batch; n++)
			cell_request(cell, n);
		ret = write_all(state->there[1], cell->request,
				(size_t)work->request * work->batch);
		if (ret)
			return ret;
	}
	return cell_wait_received(cell);
}

static int pipe_busy(struct cell *cell)
{
	const struct state *state = cell->state;
	const size_t size = cell->work->request;
	int ret;

	cell_mark(cell, cell->request);
	ret = write_all(state->there[1], cell->request, size);
	if (!ret)
		ret = read_all(state->there[0], cell->reply, size);
	return ret ? ret : cell_came(cell, cell->reply);
}

const struct peer peer_pipe = {
	.name = "pipe",
	.title = "two pipes, write and read",
	.offers = pipe_offers,
	.prepare = pipe_prepare,
	.serve = pipe_serve,
	.operation = {
		[SHAPE_CALL] = pipe_call,
		[SHAPE_SEND] = pipe_send,
		[SHAPE_STREAM] = pipe_send,
		[SHAPE_BUSY] = pipe_busy,
	},
};
