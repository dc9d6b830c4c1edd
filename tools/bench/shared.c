// SPDX-License-Identifier: GPL-2.0
/*
 * Messages in shared memory, and a word to the other side: an eventfd or a futex. One slot
 * there and one back; a call copies the request into the slot, as who sends it from memory of
 * its own has to, and the server reads it where it is. Each side can change what the
 * other one reads, while it does, and nobody says who anybody is.
 */
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "peers.h"

/**
 * struct slot - a message
 * @full: there is one: also the futex
 * @bytes: it
 */
struct slot {
	uint32_t full;
	unsigned char bytes[] __attribute__((aligned(64)));
};

/**
 * struct state - both slots
 * @there: to the server
 * @back: from it
 * @there_fd: eventfd that says that there is one in @there
 * @back_fd: likewise
 */
struct state {
	struct slot *there;
	struct slot *back;
	int there_fd;
	int back_fd;
};

static size_t slot_size(uint32_t bytes)
{
	return sizeof(struct slot) + bytes;
}

static bool shared_offers(const struct peer *peer, const struct workload *work)
{
	(void)peer;
	return !work->files && !work->handles && work->rules == 1 &&
	       !work->many && work->threads == 1;
}

static int shared_prepare(struct cell *cell)
{
	struct state *state;

	if (!cell_state(cell, sizeof(*state)))
		return -ENOMEM;
	state = cell->state;
	state->there = cell_shared(slot_size(cell->work->request));
	state->back = cell_shared(slot_size(cell->work->reply));
	state->there_fd = eventfd(0, EFD_CLOEXEC);
	state->back_fd = eventfd(0, EFD_CLOEXEC);
	if (!state->there || !state->back)
		return -ENOMEM;
	return state->there_fd < 0 || state->back_fd < 0 ? -errno : 0;
}

static void shared_finish(struct cell *cell)
{
	struct state *state = cell->state;

	if (!state)
		return;
	if (state->there)
		cell_unshare(state->there, slot_size(cell->work->request));
	if (state->back)
		cell_unshare(state->back, slot_size(cell->work->reply));
	if (state->there_fd > 0)
		close(state->there_fd);
	if (state->back_fd > 0)
		close(state->back_fd);
}

/* ------------------------------------------------------------------- eventfd */

static int tell_eventfd(int fd)
{
	const uint64_t one = 1;

	return write(fd, &one, sizeof(one)) < 0 ? -errno : 0;
}

static int wait_eventfd(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) < 0 ? -errno : 0;
}

static int serve_eventfd(struct cell *cell)
{
	const struct state *state = cell->state;
	int ret;

	cell->request = state->there->bytes;
	cell_ready(cell);
	do {
		ret = wait_eventfd(state->there_fd);
		if (ret)
			break;
		cell_answer(cell);
		memcpy(state->back->bytes, cell->reply, cell->work->reply);
		ret = tell_eventfd(state->back_fd);
	} while (!ret);
	return ret;
}

static int call_eventfd(struct cell *cell)
{
	const struct state *state = cell->state;
	int ret;

	cell_request(cell, 0);
	memcpy(state->there->bytes, cell->request, cell->work->request);
	ret = tell_eventfd(state->there_fd);
	if (!ret)
		ret = wait_eventfd(state->back_fd);
	memcpy(cell->reply, state->back->bytes, cell->work->reply);
	return ret ? ret : cell_check(cell);
}

/* --------------------------------------------------------------------- futex */

static int tell_futex(struct slot *slot)
{
	__atomic_store_n(&slot->full, 1, __ATOMIC_RELEASE);
	return syscall(SYS_futex, &slot->full, FUTEX_WAKE, 1, NULL, NULL, 0) <
			       0 ?
		       -errno :
		       0;
}

static int wait_futex(struct slot *slot)
{
	while (!__atomic_load_n(&slot->full, __ATOMIC_ACQUIRE)) {
		if (syscall(SYS_futex, &slot->full, FUTEX_WAIT, 0, NULL, NULL,
			    0) < 0 &&
		    errno != EAGAIN)
			return -errno;
	}
	__atomic_store_n(&slot->full, 0, __ATOMIC_RELAXED);
	return 0;
}

static int serve_futex(struct cell *cell)
{
	const struct state *state = cell->state;
	int ret;

	cell->request = state->there->bytes;
	cell_ready(cell);
	do {
		ret = wait_futex(state->there);
		if (ret)
			break;
		cell_answer(cell);
		memcpy(state->back->bytes, cell->reply, cell->work->reply);
		ret = tell_futex(state->back);
	} while (!ret);
	return ret;
}

static int call_futex(struct cell *cell)
{
	const struct state *state = cell->state;
	int ret;

	cell_request(cell, 0);
	memcpy(state->there->bytes, cell->request, cell->work->request);
	ret = tell_futex(state->there);
	if (!ret)
		ret = wait_futex(state->back);
	memcpy(cell->reply, state->back->bytes, cell->work->reply);
	return ret ? ret : cell_check(cell);
}

const struct peer peer_eventfd = {
	.name = "eventfd",
	.title = "memory, and an eventfd that says that there is something",
	.offers = shared_offers,
	.prepare = shared_prepare,
	.serve = serve_eventfd,
	.operation = { [SHAPE_CALL] = call_eventfd },
	.finish = shared_finish,
};

const struct peer peer_futex = {
	.name = "futex",
	.title = "memory, and a futex in it",
	.offers = shared_offers,
	.prepare = shared_prepare,
	.serve = serve_futex,
	.operation = { [SHAPE_CALL] = call_futex },
	.finish = shared_finish,
};
