// SPDX-License-Identifier: GPL-2.0
/*
 * AF_UNIX sockets: the peers, and what clients do.
 *
 * With "+cred" both sockets have SO_PASSCRED, and whoever receives takes the identity of the
 * sender out of each message's control data and compares it. Without, nobody
 * knows who sent what. With "+epoll" the server waits with epoll_wait(), for any number of
 * connections; without, in recv() or recvmsg() on the one that it has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include "peers.h"
#include "unix.h"

static bool unix_offers(const struct peer *peer, const struct workload *work)
{
	const struct unix_variant *variant = peer->variant;

	if (work->handles + work->files > FILES_MAX || work->batch > BATCH_MAX)
		return false;
	/* who does not know who asks has no rules */
	if (!variant->cred && (work->rules > 1 || work->shape == SHAPE_DENIED))
		return false;
	return !work->many || variant->epoll;
}

/* ------------------------------------------------------------------ preparing */

static socklen_t address_of(const struct cell *cell,
			    struct sockaddr_un *address)
{
	/* abstract: it goes with the socket */
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	cell_name(cell, address->sun_path + 1, sizeof(address->sun_path) - 1);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   strlen(address->sun_path + 1));
}

static int listen_by_name(struct cell *cell)
{
	struct unix_state *state = cell->state;
	struct sockaddr_un address;
	socklen_t size = address_of(cell, &address);
	int ret;

	state->listener =
		socket(AF_UNIX, state->variant->type | SOCK_CLOEXEC, 0);
	if (state->listener < 0)
		return -errno;
	/* what is accepted inherits that */
	ret = unix_configure(state->variant, state->listener);
	if (ret)
		return ret;
	if (bind(state->listener, (void *)&address, size) ||
	    listen(state->listener, 64))
		return -errno;
	return 0;
}

/* Two ends of each connection, in the parent, and some more. */
static int raise_files_limit(uint32_t connections)
{
	struct rlimit limit;
	rlim_t need = 2 * (rlim_t)connections + 64;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	if (limit.rlim_cur >= need)
		return 0;
	limit.rlim_cur = need;
	if (limit.rlim_max < need)
		limit.rlim_max = need;
	return setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;
}

static int pair_up(struct cell *cell)
{
	struct unix_state *state = cell->state;
	uint32_t count = cell_connections(cell), n;
	int ret = raise_files_limit(count), pair[2];

	if (ret)
		return ret;
	state->client = calloc(count, sizeof(int));
	state->server = calloc(count, sizeof(int));
	if (!state->client || !state->server)
		return -ENOMEM;
	memset(state->client, 0xff, count * sizeof(int));
	memset(state->server, 0xff, count * sizeof(int));
	for (n = 0; n < count && !ret; n++) {
		if (socketpair(AF_UNIX, state->variant->type | SOCK_CLOEXEC, 0,
			       pair))
			return -errno;
		state->client[n] = pair[0];
		state->server[n] = pair[1];
		ret = unix_configure(state->variant, pair[0]);
		if (!ret)
			ret = unix_configure(state->variant, pair[1]);
	}
	return ret;
}

static int unix_prepare(struct cell *cell)
{
	struct unix_state *state;

	if (!cell_state(cell, sizeof(*state)))
		return -ENOMEM;
	state = cell->state;
	state->variant = cell->peer->variant;
	state->listener = -1;
	if (cell->work->shared) {
		state->shared = cell_shared(cell->work->shared);
		if (!state->shared)
			return -ENOMEM;
	}
	return unix_has_pairs(cell) ? pair_up(cell) : listen_by_name(cell);
}

static void close_all(int *fds, uint32_t count)
{
	uint32_t n;

	for (n = 0; fds && n < count; n++) {
		if (fds[n] >= 0)
			close(fds[n]);
	}
	free(fds);
}

static void unix_finish(struct cell *cell)
{
	struct unix_state *state = cell->state;

	if (!state)
		return;
	close_all(state->client, cell_connections(cell));
	close_all(state->server, cell_connections(cell));
	if (state->listener >= 0)
		close(state->listener);
	if (state->shared)
		cell_unshare(state->shared, cell->work->shared);
}

/* ---------------------------------------------------------------- the client */

/* What goes along: handles are ends of connections, files are anything. */
static int unix_connect(struct cell *cell)
{
	struct unix_state *state = cell->state;
	uint32_t n;
	int pair[2];

	if (cell->work->shape == SHAPE_BUSY)
		return 0;
	for (n = 0; unix_has_pairs(cell) && n < cell_connections(cell); n++)
		close(state->server[n]);
	for (n = 0; n < cell->work->handles + cell->work->files; n++) {
		if (n < cell->work->files) {
			state->files[n] = dup(STDIN_FILENO);
		} else {
			if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
				       0, pair))
				return -errno;
			state->files[n] = pair[0];
		}
		if (state->files[n] < 0)
			return -errno;
	}
	return 0;
}

static int call(struct cell *cell, int fd)
{
	struct unix_state *state = cell->state;
	const struct workload *work = cell->work;
	struct unix_message request = {
		.bytes = cell->request,
		.size = work->request,
		.files = state->files,
		.files_count = work->files + work->handles,
	};
	struct unix_message reply = {
		.bytes = cell->reply,
		.size = work->reply,
		.files = state->files,
		.files_count = work->handles,
	};
	int ret;

	cell_request(cell, 0);
	ret = unix_send(fd, &request);
	if (ret)
		return ret;
	/* what was handed over is not here any more */
	if (work->handles)
		unix_close_files(&request);
	ret = unix_receive(state->variant, fd, &reply);
	if (ret)
		return ret;
	if (state->variant->cred && !cell_is_server(cell, reply.uid))
		return -EACCES;
	if (reply.files_count != work->handles)
		return -EBADMSG;
	return cell_check(cell);
}

static int unix_call(struct cell *cell)
{
	const struct unix_state *state = cell->state;
	uint32_t n = cell->work->threads > 1 ? cell->client :
					       cell->work->pipes - 1;

	return call(cell, state->client[n]);
}

static int unix_share(struct cell *cell)
{
	const struct unix_state *state = cell->state;

	cell_mark(cell, state->shared);
	return unix_call(cell);
}

static int unix_send_burst(struct cell *cell)
{
	const struct unix_state *state = cell->state;
	const struct workload *work = cell->work;
	uint32_t count, n, to = 0;
	int ret;

	for (count = 0; count < work->burst; count += work->batch) {
		for (n = 0; n < work->batch; n++)
			cell_request(cell, n);
		ret = unix_send_batch(state->variant, state->client[to],
				      cell->request, work->request,
				      work->batch);
		if (ret)
			return ret;
		if (++to == work->active)
			to = 0;
	}
	return cell_wait_received(cell);
}

static int unix_busy(struct cell *cell)
{
	const struct unix_state *state = cell->state;
	struct unix_message in = {
		.bytes = cell->request,
		.size = cell->work->request,
	};
	struct unix_message out = {
		.bytes = cell->reply,
		.size = cell->work->request,
	};
	int ret;

	cell_mark(cell, cell->request);
	ret = unix_send(state->client[0], &in);
	if (!ret)
		ret = unix_receive(state->variant, state->server[0], &out);
	return ret ? ret : cell_came(cell, cell->reply);
}

static int unix_connect_call_close(struct cell *cell)
{
	const struct unix_state *state = cell->state;
	struct sockaddr_un address;
	socklen_t size = address_of(cell, &address);
	int fd = socket(AF_UNIX, state->variant->type | SOCK_CLOEXEC, 0);
	const int one = 1;
	int ret = 0;

	if (fd < 0)
		return -errno;
	if ((state->variant->cred &&
	     setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one))) ||
	    connect(fd, (void *)&address, size))
		ret = -errno;
	if (!ret)
		ret = call(cell, fd);
	close(fd);
	return ret;
}

/* ------------------------------------------------------------------ the peers */

#define UNIX_PEER(_peer, _name, _title, _type, _cred, _epoll) \
	const struct peer _peer = {                                         \
		.name = (_name),                                              \
		.title = (_title),                                            \
		.stamped = (_cred),                                           \
		.variant = &(const struct unix_variant){ (_type), (_cred), (_epoll) },          \
		.offers = unix_offers,                                      \
		.prepare = unix_prepare,                                    \
		.serve = unix_serve,                                        \
		.connect = unix_connect,                                    \
		.operation = {                                              \
			[SHAPE_CALL] = unix_call,                           \
			[SHAPE_DENIED] = unix_call,                         \
			[SHAPE_SEND] = unix_send_burst,                     \
			[SHAPE_CONNECT] = unix_connect_call_close,          \
			[SHAPE_STREAM] =                                    \
				(_type) == SOCK_STREAM ? unix_send_burst :  \
							 NULL,\
			[SHAPE_BUSY] = (_type) == SOCK_STREAM ? unix_busy : NULL, \
			[SHAPE_SHARE] = unix_share,                         \
		},                                                          \
		.finish = unix_finish,                                      \
	}

UNIX_PEER(peer_stream, "stream", "send() and recv()", SOCK_STREAM, false,
	  false);
UNIX_PEER(peer_stream_cred, "stream+cred",
	  "send() and recvmsg(), both with SO_PASSCRED", SOCK_STREAM, true,
	  false);
UNIX_PEER(peer_seqpacket, "seqpacket", "send() and recv()", SOCK_SEQPACKET,
	  false, false);
UNIX_PEER(peer_seqpacket_cred, "seqpacket+cred",
	  "send() and recvmsg(), both with SO_PASSCRED", SOCK_SEQPACKET, true,
	  false);
UNIX_PEER(peer_seqpacket_epoll, "seqpacket+cred+epoll",
	  "the same; the server waits in epoll_wait()", SOCK_SEQPACKET, true,
	  true);
