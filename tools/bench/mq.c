// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX message queues: one there and one back, with bounds between messages, and
 * nobody says who sent them.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>

#include "peers.h"

/* Messages that a queue holds: what any user may have. */
#define MESSAGES 10

/**
 * struct state - the queues
 * @there: to the server
 * @back: from it
 */
struct state {
	mqd_t there;
	mqd_t back;
};

/* Larger messages are only for who may raise the limits. */
static bool mq_offers(const struct peer *peer, const struct workload *work)
{
	(void)peer;
	return !work->files && !work->handles && work->rules == 1 &&
	       !work->many && work->threads == 1 && work->batch == 1 &&
	       work->request <= 8192;
}

static int open_queue(const struct cell *cell, const char *which,
		      uint32_t request, mqd_t *queue)
{
	struct mq_attr attr = { .mq_maxmsg = MESSAGES, .mq_msgsize = request };
	char name[64], base[48];

	cell_name(cell, base, sizeof(base));
	snprintf(name, sizeof(name), "/%s-%s", base, which);
	*queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600,
			 &attr);
	if (*queue == (mqd_t)-1)
		return -errno;
	/* it is inherited, and needs no name any more */
	return mq_unlink(name) ? -errno : 0;
}

static int mq_prepare(struct cell *cell)
{
	struct state *state;
	int ret;

	if (!cell_state(cell, sizeof(*state)))
		return -ENOMEM;
	state = cell->state;
	state->there = state->back = (mqd_t)-1;
	ret = open_queue(cell, "there", cell->work->request, &state->there);
	if (!ret)
		ret = open_queue(cell, "back", cell->work->reply, &state->back);
	return ret;
}

static void mq_finish(struct cell *cell)
{
	struct state *state = cell->state;

	if (!state)
		return;
	if (state->there != (mqd_t)-1)
		mq_close(state->there);
	if (state->back != (mqd_t)-1)
		mq_close(state->back);
}

static int put(mqd_t queue, const void *bytes, size_t size)
{
	return mq_send(queue, bytes, size, 0) ? -errno : 0;
}

static int get(mqd_t queue, void *bytes, size_t size)
{
	ssize_t n = mq_receive(queue, bytes, size, NULL);

	return n == (ssize_t)size ? 0 : n < 0 ? -errno : -EMSGSIZE;
}

static int mq_serve(struct cell *cell)
{
	const struct state *state = cell->state;
	const struct workload *work = cell->work;
	int ret;

	cell_ready(cell);
	do {
		ret = get(state->there, cell->request, work->request);
		if (ret)
			break;
		if (work->shape == SHAPE_SEND) {
			ret = cell_received(cell, 1);
		} else {
			cell_answer(cell);
			ret = put(state->back, cell->reply, work->reply);
		}
	} while (!ret);
	return ret;
}

static int mq_call(struct cell *cell)
{
	const struct state *state = cell->state;
	int ret;

	cell_request(cell, 0);
	ret = put(state->there, cell->request, cell->work->request);
	if (!ret)
		ret = get(state->back, cell->reply, cell->work->reply);
	return ret ? ret : cell_check(cell);
}

static int mq_send_burst(struct cell *cell)
{
	const struct state *state = cell->state;
	const struct workload *work = cell->work;
	uint32_t n;
	int ret;

	for (n = 0; n < work->burst; n++) {
		cell_request(cell, 0);
		ret = put(state->there, cell->request, work->request);
		if (ret)
			return ret;
	}
	return cell_wait_received(cell);
}

const struct peer peer_mq = {
	.name = "mq",
	.title = "two POSIX message queues",
	.offers = mq_offers,
	.prepare = mq_prepare,
	.serve = mq_serve,
	.operation = {
		[SHAPE_CALL] = mq_call,
		[SHAPE_SEND] = mq_send_burst,
	},
	.finish = mq_finish,
};
