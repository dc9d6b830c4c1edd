// SPDX-License-Identifier: GPL-2.0
/*
 * A capipc server: one loop over all that comes, whoever it comes from. The answer to a
 * request goes with the system call that takes the next one.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capipc.h"

/* Shorter requests are copied twice: that is cheaper than an area. */
#define AREA_LEAST 1024

/**
 * struct server - a thread that serves
 * @receive: what it receives with
 * @reply: what it answers with
 * @attachments: what came along, and goes back
 */
struct server {
	struct capipc_receive receive;
	struct capipc_reply reply;
	struct capipc_attachment attachments[HANDLES_MAX];
};

/* Anybody with this uid may connect; what may then be called, the cell says. */
static int listen_by_name(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	struct capipc_rule rules[64], who = {
		.match = CAPIPC_MATCH_UID,
		.uid = cell->uid,
	};
	struct capipc_listen listen = {
		.size = sizeof(listen),
		.name = PTR(state->name),
		.rules = PTR(&who),
		.endpoint_rules = PTR(rules),
		.name_len = (uint32_t)strlen(state->name),
		.rules_count = 1,
		.endpoint_rules_count = cell->work->rules,
		.rule_size = sizeof(who),
		.backlog = 1024,
	};
	uint32_t n;

	memset(rules, 0, sizeof(rules));
	for (n = 0; n < cell->work->rules; n++) {
		rules[n].match = CAPIPC_MATCH_UID;
		rules[n].uid = cell->rules[n].uid;
		rules[n].ordinal_first = cell->rules[n].first;
		rules[n].ordinal_last = cell->rules[n].last;
	}
	return capipc_ioctl(state->fd, CAPIPC_IOC_LISTEN, &listen);
}

/* What came with the request, goes back or is closed. */
static void take_attachments(struct server *server, const struct workload *work)
{
	uint32_t n;

	for (n = 0; n < server->receive.attachments_count; n++) {
		struct capipc_attachment *attachment = &server->attachments[n];

		if (attachment->kind == CAPIPC_KIND_FILE)
			close((int)attachment->handle);
		attachment->kind = CAPIPC_KIND_NONE;
		attachment->rights = CAPIPC_RIGHTS_SAME;
	}
	server->reply.attachments_count = work->handles;
}

static int answer(struct cell *cell, struct server *server)
{
	const struct capipc_state *state = cell->state;

	if (state->buffer && !cell_marked(cell, state->buffer))
		return -EBADMSG;
	if (server->receive.attachments_count)
		take_attachments(server, cell->work);
	cell_answer(cell);
	server->reply.handle = server->receive.reply_handle;
	server->receive.reply = PTR(&server->reply);
	return 0;
}

/*
 * Large requests are received in an area, where who sends them copies them to. What would be
 * read from is there.
 */
static int make_area(struct cell *cell, struct capipc_receive *receive)
{
	const struct capipc_state *state = cell->state;
	struct capipc_create_buffer create = {
		.size = sizeof(create),
		.flags = CAPIPC_BUFFER_AREA,
		.bytes = CAPIPC_MESSAGE_MAX,
	};
	int ret;

	if (cell->work->request < AREA_LEAST ||
	    cell->work->shape == SHAPE_STREAM)
		return 0;
	ret = capipc_ioctl(state->fd, CAPIPC_IOC_CREATE_BUFFER, &create);
	if (ret)
		return ret;
	cell->request = capipc_map(state->fd, create.handle, CAPIPC_MESSAGE_MAX,
				   PROT_READ);
	if (!cell->request)
		return -errno;
	receive->area = create.handle;
	receive->data = 0;
	return 0;
}

/* Before the first request: memory that both sides will have. */
static int take_memory(struct cell *cell, struct server *server)
{
	struct capipc_state *state = cell->state;
	const struct capipc_attachment *attachment = server->attachments;

	if (attachment->kind == CAPIPC_KIND_CONSUMER)
		return ring_attach(state->fd, &state->ring, attachment->handle);
	state->buffer = capipc_map(state->fd, attachment->handle,
				   cell->work->shared, PROT_READ);
	return state->buffer ? 0 : -errno;
}

static int take_message(struct cell *cell, struct server *server)
{
	if (server->receive.attachments_count)
		return take_memory(cell, server);
	return cell_received(cell, 1);
}

/* From a data pipe nothing else comes. */
static int serve_ring(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	const uint32_t size = cell->work->request;
	unsigned char *bytes;
	int ret;

	do {
		ret = ring_begin_read(state->fd, &state->ring, size, &bytes);
		if (ret)
			break;
		if (cell->work->copied)
			bytes = memcpy(cell->request, bytes, size);
		if (!cell_marked(cell, bytes))
			return -EBADMSG;
		ret = ring_end(state->fd, &state->ring, size);
		if (!ret)
			ret = cell_received(cell, 1);
	} while (!ret);
	return ret;
}

/* Messages until something else comes, which is received in the ordinary way. */
static int serve_batches(struct cell *cell)
{
	const struct capipc_state *state = cell->state;
	struct capipc_batched messages[BATCH_MAX];
	struct capipc_receive_batch receive = {
		.size = sizeof(receive),
		.deadline_ns = CAPIPC_FOREVER,
		.messages = PTR(messages),
		.data = PTR(cell->request),
		.data_capacity = CAPIPC_MESSAGE_MAX,
		.count_capacity = cell->work->batch,
	};
	int ret;

	do {
		ret = capipc_ioctl(state->fd, CAPIPC_IOC_RECEIVE_BATCH,
				   &receive);
		if (!ret)
			ret = cell_received(cell, receive.count);
	} while (!ret && receive.count);
	return ret;
}

static int serve(struct cell *cell)
{
	const struct capipc_state *state = cell->state;
	struct server server = {
		.receive = {
			.size = sizeof(server.receive),
			.flags = CAPIPC_RECEIVE_CLOSE,
			.deadline_ns = CAPIPC_FOREVER,
			.data = PTR(cell->request),
			.attachments = PTR(server.attachments),
			.data_capacity = cell->work->request,
			.attachments_capacity = HANDLES_MAX,
		},
		.reply = {
			.size = sizeof(server.reply),
			.data = PTR(cell->reply),
			.attachments = PTR(server.attachments),
			.data_len = cell->work->reply,
		},
	};
	int ret = make_area(cell, &server.receive);

	while (!ret && !state->ring.handle) {
		if (cell->work->batch > 1)
			ret = serve_batches(cell);
		if (ret)
			break;
		ret = capipc_ioctl(state->fd, CAPIPC_IOC_RECEIVE,
				   &server.receive);
		if (ret)
			break;
		switch (server.receive.type) {
		case CAPIPC_RECEIVED_CALL:
			ret = answer(cell, &server);
			break;
		case CAPIPC_RECEIVED_MESSAGE:
			ret = take_message(cell, &server);
			break;
		default:
			break;
		}
	}
	return ret ? ret : serve_ring(cell);
}

int capipc_serve(struct cell *cell)
{
	struct capipc_state *state = cell->state;
	int ret = capipc_open(state);

	if (!ret)
		ret = listen_by_name(cell);
	if (ret)
		return ret;
	cell_ready(cell);
	return cell_threads(cell, serve);
}
