// SPDX-License-Identifier: GPL-2.0
/*
 * Servers on AF_UNIX sockets: a thread for each connection, or one that waits for any of
 * many with epoll; with several threads each has connections, and an epoll, of its own.
 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "unix.h"

/* Events that are taken at once. */
#define EVENTS 64

/* One request that has come: look at who it is from, and make the answer. */
static int answer(struct cell *cell, const struct unix_message *message)
{
	const struct request *request = (const void *)cell->request;
	const struct unix_state *state = cell->state;

	if (state->variant->cred &&
	    !cell_admits(cell, message->uid, request->ordinal)) {
		cell_refuse(cell);
		return 0;
	}
	if (state->shared && !cell_marked(cell, state->shared))
		return -EBADMSG;
	cell_answer(cell);
	return 0;
}

static int serve_request(struct cell *cell, int fd)
{
	const struct unix_state *state = cell->state;
	const struct workload *work = cell->work;
	int files[FILES_MAX];
	struct unix_message request = {
		.bytes = cell->request,
		.size = work->request,
		.files = files,
		.files_count = work->files + work->handles,
	};
	struct unix_message reply = {
		.bytes = cell->reply,
		.size = work->reply,
		.files = files,
		.files_count = work->handles,
	};
	int ret = unix_receive(state->variant, fd, &request);

	if (!ret)
		ret = answer(cell, &request);
	if (!ret)
		ret = unix_send(fd, &reply);
	/* handles went back; what is left here is closed, as files are */
	if (request.files_count)
		unix_close_files(&request);
	return ret;
}

/* What has come of a burst, up to a batch. -EAGAIN with MSG_DONTWAIT. */
static int serve_batch(struct cell *cell, int fd, int flags, size_t *have)
{
	const struct unix_state *state = cell->state;
	const struct workload *work = cell->work;
	uint32_t uids[BATCH_MAX];
	int got, n;

	got = unix_receive_batch(state->variant, fd, cell->request,
				 work->request, work->batch, flags, uids, have);
	if (got <= 0)
		return got;
	for (n = 0; n < got && state->variant->cred; n++) {
		const struct request *request =
			(const void *)(cell->request +
				       (size_t)n * work->request);

		if (!cell_admits(cell, uids[n], request->ordinal))
			return -EACCES;
	}
	return cell_received(cell, (uint32_t)got);
}

static bool is_burst(const struct cell *cell)
{
	return cell->work->shape == SHAPE_SEND ||
	       cell->work->shape == SHAPE_STREAM;
}

/* ------------------------------------------------------- a thread for each */

static int serve_one(struct cell *cell)
{
	const struct unix_state *state = cell->state;
	int fd = state->server[cell->client], ret;
	size_t have = 0;

	do {
		ret = is_burst(cell) ? serve_batch(cell, fd, 0, &have) :
				       serve_request(cell, fd);
	} while (!ret);
	return ret;
}

static int accept_one(int listener)
{
	/* cppcheck-suppress nullPointer ; nobody asks for an address that there is not */
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

/* Who connects makes one call; the connection is closed when it is answered. */
static int serve_one_by_one(struct cell *cell)
{
	const struct unix_state *state = cell->state;
	int fd, ret;

	do {
		fd = accept_one(state->listener);
		if (fd < 0)
			return -errno;
		ret = serve_request(cell, fd);
		close(fd);
	} while (!ret);
	return ret;
}

/* -------------------------------------------------------------------- epoll */

static int watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* One message of each connection that has some; where there is only one, all it has. */
static int serve_burst_event(struct cell *cell, int fd)
{
	bool only = cell_connections(cell) == 1;
	size_t have = 0;
	int ret;

	do {
		ret = serve_batch(cell, fd, MSG_DONTWAIT, &have);
	} while (!ret && only);
	return ret == -EAGAIN ? 0 : ret;
}

static int serve_event(struct cell *cell, int epoll, int fd)
{
	const struct unix_state *state = cell->state;
	int ret;

	if (fd == state->listener) {
		fd = accept_one(fd);
		return fd < 0 ? -errno : watch(epoll, fd);
	}
	if (is_burst(cell))
		return serve_burst_event(cell, fd);
	ret = serve_request(cell, fd);
	if (ret == -EPIPE && cell->work->shape == SHAPE_CONNECT) {
		close(fd);
		ret = 0;
	}
	return ret;
}

static int serve_epoll(struct cell *cell)
{
	const struct unix_state *state = cell->state;
	struct epoll_event events[EVENTS];
	int epoll = epoll_create1(EPOLL_CLOEXEC), ret = 0, got, n;
	uint32_t i;

	if (epoll < 0)
		return -errno;
	if (!unix_has_pairs(cell))
		ret = watch(epoll, state->listener);
	else if (cell->work->threads > 1)
		ret = watch(epoll, state->server[cell->client]);
	else
		for (i = 0; i < cell->work->pipes && !ret; i++)
			ret = watch(epoll, state->server[i]);
	while (!ret) {
		got = epoll_wait(epoll, events, EVENTS, -1);
		if (got < 0 && errno != EINTR)
			ret = -errno;
		for (n = 0; n < got && !ret; n++)
			ret = serve_event(cell, epoll, events[n].data.fd);
	}
	close(epoll);
	return ret;
}

int unix_serve(struct cell *cell)
{
	const struct unix_state *state = cell->state;
	uint32_t n;

	for (n = 0; unix_has_pairs(cell) && n < cell_connections(cell); n++)
		close(state->client[n]);
	cell_ready(cell);
	if (state->variant->epoll)
		return cell_threads(cell, serve_epoll);
	return cell_threads(cell, unix_has_pairs(cell) ? serve_one :
							 serve_one_by_one);
}
