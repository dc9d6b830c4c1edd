// SPDX-License-Identifier: GPL-2.0
/*
 * capipc itself: the peer, and what the client does.
 *
 * Who may connect and who may call what, the kernel decides, by rules that the server has
 * set. A call is one system call here and one there, and says who answered.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capipc.h"
#include "peers.h"

#define DEVICE "/dev/capipc"

/* Shorter requests are in ordinary memory: that is cheaper than a source. */
#define SOURCE_LEAST 16384

int capipc_ioctl(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

int capipc_open(struct capipc_state *state)
{
	state->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	return state->fd < 0 ? -errno : 0;
}

static int close_handle(int fd, uint32_t handle)
{
	struct capipc_close close = { .size = sizeof(close), .handle = handle };

	return capipc_ioctl(fd, CAPIPC_IOC_CLOSE, &close);
}

static const char *capipc_missing(const struct peer *peer)
{
	(void)peer;
	return access(DEVICE, R_OK | W_OK) ? "there is no " DEVICE : NULL;
}

static bool capipc_offers(const struct peer *peer, const struct workload *work)
{
	(void)peer;
	return work->batch <= BATCH_MAX &&
	       work->handles + work->files <= HANDLES_MAX;
}

/* A request that is made where the kernel can read it, whoever runs. */
static bool is_large(const struct workload *work)
{
	return work->shape == SHAPE_CALL && work->request >= SOURCE_LEAST;
}

static bool capipc_pointer_offers(const struct peer *peer,
				  const struct workload *work)
{
	return is_large(work) && capipc_offers(peer, work);
}

static int capipc_prepare(struct cell *cell)
{
	struct capipc_state *state;
	char name[32];

	if (!cell_state(cell, sizeof(*state)))
		return -ENOMEM;
	state = cell->state;
	/* of the names that anybody may bind */
	cell_name(cell, name, sizeof(name));
	snprintf(state->name, sizeof(state->name), "uid/%u/%s", cell->uid,
		 name);
	return 0;
}

static void capipc_finish(struct cell *cell)
{
	struct capipc_state *state = cell->state;

	if (state)
		free(state->endpoints);
}

/* ---------------------------------------------------------------- the client */

static int connect_endpoint(const struct capipc_state *state, uint32_t *handle)
{
	struct capipc_connect connect = {
		.size = sizeof(connect),
		.name = PTR(state->name),
		.name_len = (uint32_t)strlen(state->name),
	};
	int ret = capipc_ioctl(state->fd, CAPIPC_IOC_CONNECT, &connect);

	*handle = connect.handle;
	return ret;
}

static int connect_all(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	uint32_t n = 0;
	int ret = 0;

	state->endpoints = calloc(cell->work->pipes, sizeof(uint32_t));
	if (!state->endpoints)
		return -ENOMEM;
	while (n < cell->work->pipes && !ret) {
		ret = connect_endpoint(state, &state->endpoints[n]);
		if (!ret) {
			n++;
		} else if (ret == -EAGAIN) {
			/* until the server has taken some */
			usleep(1000);
			ret = 0;
		}
	}
	return ret;
}

/* What goes along: handles are ends of connections, files are anything. */
static int make_attachments(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	const struct workload *work = cell->work;
	uint32_t n;
	int ret = 0;

	for (n = 0; n < work->files + work->handles && !ret; n++) {
		struct capipc_create create = { .size = sizeof(create) };
		struct capipc_attachment *attachment = &state->attachments[n];

		if (n < work->files) {
			attachment->kind = CAPIPC_KIND_FILE;
			attachment->handle = STDIN_FILENO;
			continue;
		}
		ret = capipc_ioctl(state->fd, CAPIPC_IOC_CREATE, &create);
		attachment->handle = create.handle[0];
		attachment->rights = CAPIPC_RIGHTS_SAME;
	}
	return ret;
}

/* To the server, in a message of its own. */
static int hand_over(struct cell *cell, uint32_t handle)
{
	struct capipc_state *state = cell->state;
	struct capipc_attachment attachment = {
		.handle = handle,
		.rights = CAPIPC_RIGHTS_SAME,
	};
	struct capipc_send send = {
		.size = sizeof(send),
		.deadline_ns = CAPIPC_FOREVER,
		.attachments = PTR(&attachment),
		.attachments_count = 1,
		.handle = state->endpoints[0],
		.ordinal = ORDINAL,
	};

	return capipc_ioctl(state->fd, CAPIPC_IOC_SEND, &send);
}

static int share_buffer(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	struct capipc_create_buffer create = {
		.size = sizeof(create),
		.bytes = cell->work->shared,
	};
	struct capipc_duplicate duplicate = {
		.size = sizeof(duplicate),
		.rights = CAPIPC_RIGHT_READ | CAPIPC_RIGHT_MAP |
			  CAPIPC_RIGHT_TRANSFER,
	};
	int ret = capipc_ioctl(state->fd, CAPIPC_IOC_CREATE_BUFFER, &create);

	if (ret)
		return ret;
	state->buffer = capipc_map(state->fd, create.handle, cell->work->shared,
				   PROT_READ | PROT_WRITE);
	if (!state->buffer)
		return -errno;
	duplicate.handle = create.handle;
	ret = capipc_ioctl(state->fd, CAPIPC_IOC_DUPLICATE, &duplicate);
	return ret ? ret : hand_over(cell, duplicate.duplicate);
}

static int share_ring(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	uint32_t consumer;
	int ret = ring_create(state->fd, &state->ring, &consumer);

	if (ret)
		return ret;
	if (cell->work->shape == SHAPE_BUSY)
		return ring_attach(state->fd, &state->consumer, consumer);
	return hand_over(cell, consumer);
}

static int make_source(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	struct capipc_create_buffer create = {
		.size = sizeof(create),
		.flags = CAPIPC_BUFFER_SOURCE,
		.bytes = cell->work->request,
	};
	int ret;

	if (!is_large(cell->work) || cell->peer == &peer_capipc_pointer)
		return 0;
	ret = capipc_ioctl(state->fd, CAPIPC_IOC_CREATE_BUFFER, &create);
	if (ret)
		return ret;
	cell->request = capipc_map(state->fd, create.handle,
				   cell->work->request, PROT_READ | PROT_WRITE);
	if (!cell->request)
		return -errno;
	state->source = create.handle;
	return 0;
}

static int capipc_connect(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	const struct workload *work = cell->work;
	int ret = capipc_open(state);

	if (!ret && work->shape != SHAPE_CONNECT && work->shape != SHAPE_BUSY)
		ret = connect_all(cell);
	if (!ret)
		ret = make_attachments(cell);
	if (!ret)
		ret = make_source(cell);
	if (!ret && work->shape == SHAPE_SHARE)
		ret = share_buffer(cell);
	if (!ret && (work->shape == SHAPE_STREAM || work->shape == SHAPE_BUSY))
		ret = share_ring(cell);
	state->call = (struct capipc_call){
		.size = sizeof(state->call),
		.deadline_ns = CAPIPC_FOREVER,
		.source = state->source,
		.data = state->source ? 0 : PTR(cell->request),
		.attachments = PTR(state->attachments),
		.reply_data = PTR(cell->reply),
		.reply_attachments = PTR(state->attachments),
		.data_len = work->request,
		.attachments_count = work->files + work->handles,
		.reply_capacity = work->reply,
		.reply_attachments_capacity = work->handles,
		.handle = state->endpoints ? state->endpoints[work->pipes - 1] :
					     0,
		.ordinal = ORDINAL,
	};
	if (work->shape == SHAPE_DENIED)
		state->call.ordinal = ORDINAL_DENIED;
	return ret;
}

static int capipc_call(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	uint32_t n;

	cell_request(cell, 0);
	if (ioctl(state->fd, CAPIPC_IOC_CALL, &state->call))
		return -errno;
	if (!cell_is_server(cell, state->call.stamp.uid))
		return -EACCES;
	/* what came back is sent again */
	for (n = 0; n < cell->work->handles; n++) {
		state->attachments[n].kind = CAPIPC_KIND_NONE;
		state->attachments[n].rights = CAPIPC_RIGHTS_SAME;
	}
	return cell_check(cell);
}

static int capipc_denied(struct cell *cell)
{
	struct capipc_state *state = cell->state;

	cell_request(cell, 0);
	if (!ioctl(state->fd, CAPIPC_IOC_CALL, &state->call))
		return -EBADMSG;
	return errno == EACCES ? 0 : -errno;
}

static int capipc_share(struct cell *cell)
{
	struct capipc_state *state = cell->state;

	cell_mark(cell, state->buffer);
	return capipc_call(cell);
}

static int send_batch(struct cell *cell)
{
	const struct capipc_state *state = cell->state;
	const struct workload *work = cell->work;
	struct capipc_batched messages[BATCH_MAX];
	struct capipc_send_batch send = {
		.size = sizeof(send),
		.deadline_ns = CAPIPC_FOREVER,
		.handle = state->endpoints[0],
	};
	uint32_t n;

	for (n = 0; n < work->batch; n++) {
		cell_request(cell, n);
		messages[n].ordinal = ORDINAL;
		messages[n].data_len = work->request;
	}
	/* there may not be room for all of them */
	for (n = 0; n < work->batch; n += send.sent) {
		send.messages = PTR(&messages[n]);
		send.data = PTR(cell->request + (size_t)n * work->request);
		send.count = work->batch - n;
		send.data_len = send.count * work->request;
		if (ioctl(state->fd, CAPIPC_IOC_SEND_BATCH, &send))
			return -errno;
	}
	return 0;
}

static int send_batches(struct cell *cell)
{
	uint32_t n;
	int ret = 0;

	for (n = 0; n < cell->work->burst && !ret; n += cell->work->batch)
		ret = send_batch(cell);
	return ret ? ret : cell_wait_received(cell);
}

static int capipc_send_burst(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	const struct workload *work = cell->work;
	struct capipc_send send = {
		.size = sizeof(send),
		.deadline_ns = CAPIPC_FOREVER,
		.data = PTR(cell->request),
		.data_len = work->request,
		.ordinal = ORDINAL,
	};
	uint32_t n, to = 0;

	if (work->batch > 1)
		return send_batches(cell);
	for (n = 0; n < work->burst; n++) {
		cell_request(cell, 0);
		send.handle = state->endpoints[to];
		if (ioctl(state->fd, CAPIPC_IOC_SEND, &send))
			return -errno;
		if (++to == work->active)
			to = 0;
	}
	return cell_wait_received(cell);
}

static int write_chunk(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	const uint32_t size = cell->work->request;
	unsigned char *bytes;
	int ret = ring_begin_write(state->fd, &state->ring, size, &bytes);

	if (ret)
		return ret;
	cell_mark(cell, cell->work->copied ? cell->request : bytes);
	if (cell->work->copied)
		memcpy(bytes, cell->request, size);
	return ring_end(state->fd, &state->ring, size);
}

static int capipc_stream(struct cell *cell)
{
	uint32_t n;
	int ret;

	for (n = 0; n < cell->work->burst; n++) {
		ret = write_chunk(cell);
		if (ret)
			return ret;
	}
	return cell_wait_received(cell);
}

static int capipc_busy(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	const uint32_t size = cell->work->request;
	int ret = write_chunk(cell), came;
	unsigned char *bytes;

	if (!ret)
		ret = ring_begin_read(state->fd, &state->consumer, size,
				      &bytes);
	if (ret)
		return ret;
	if (cell->work->copied)
		bytes = memcpy(cell->reply, bytes, size);
	came = cell_came(cell, bytes);
	ret = ring_end(state->fd, &state->consumer, size);
	return ret ? ret : came;
}

static int capipc_connect_call_close(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	int ret = connect_endpoint(state, &state->call.handle);

	if (ret)
		return ret;
	ret = capipc_call(cell);
	if (ret)
		return ret;
	return close_handle(state->fd, state->call.handle);
}

const struct peer peer_capipc = {
	.name = "capipc",
	.title = "CALL, RECEIVE with the last reply; rules of the kernel",
	.stamped = true,
	.missing = capipc_missing,
	.offers = capipc_offers,
	.prepare = capipc_prepare,
	.serve = capipc_serve,
	.connect = capipc_connect,
	.operation = {
		[SHAPE_CALL] = capipc_call,
		[SHAPE_DENIED] = capipc_denied,
		[SHAPE_SEND] = capipc_send_burst,
		[SHAPE_CONNECT] = capipc_connect_call_close,
		[SHAPE_STREAM] = capipc_stream,
		[SHAPE_BUSY] = capipc_busy,
		[SHAPE_SHARE] = capipc_share,
	},
	.finish = capipc_finish,
};

/* For comparison: what a source is good for. */
const struct peer peer_capipc_pointer = {
	.name = "capipc+pointer",
	.title = "the same, large requests in ordinary memory",
	.stamped = true,
	.missing = capipc_missing,
	.offers = capipc_pointer_offers,
	.prepare = capipc_prepare,
	.serve = capipc_serve,
	.connect = capipc_connect,
	.operation = { [SHAPE_CALL] = capipc_call },
	.finish = capipc_finish,
};
