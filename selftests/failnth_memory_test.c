// SPDX-License-Identifier: GPL-2.0
/*
 * What fails in between: buffers and data pipes.
 */
#include "failnth.h"

#define AREA_BYTES "to be found where it was to go"

static int run_create_buffer(struct scene *s)
{
	return ipc_buffer(s->fd, 3 * 4096, &s->got);
}

static int run_create_area(struct scene *s)
{
	struct capipc_create_buffer a = { .bytes = 20 * 4096,
					  .flags = CAPIPC_BUFFER_AREA };
	int ret = ipc_do_create_buffer(s->fd, &a);

	s->got = a.handle;
	return ret;
}

static int run_create_source(struct scene *s)
{
	struct capipc_create_buffer a = { .bytes = 20 * 4096,
					  .flags = CAPIPC_BUFFER_SOURCE };
	int ret = ipc_do_create_buffer(s->fd, &a);

	s->got = a.handle;
	return ret;
}

static int prepare_area(struct scene *s)
{
	int ret = run_create_area(s);

	s->buffer = s->got;
	return ret ? ret :
		     ipc_send(s->server, s->server_end, 1, AREA_BYTES,
			      sizeof(AREA_BYTES));
}

static int run_receive_in(struct scene *s)
{
	s->m.r = (struct capipc_receive){
		.flags = CAPIPC_NOWAIT,
		.data = 4000,
		.data_capacity = 8192,
		.area = s->buffer,
	};
	return ipc_do_receive(s->fd, &s->m.r);
}

static int was_there(struct scene *s)
{
	char *p;
	int ret = ipc_map(s->fd, s->buffer, 20 * 4096, PROT_READ, &p);

	if (ret)
		return ret;
	if (memcmp(p + 4000, AREA_BYTES, sizeof(AREA_BYTES)))
		ret = -EPROTO;
	munmap(p, 20 * 4096);
	return ret;
}

static int close_got(struct scene *s)
{
	return ipc_close(s->fd, s->got);
}

static int prepare_buffer(struct scene *s)
{
	return ipc_buffer(s->fd, 3 * 4096, &s->buffer);
}

static int buffer_is_there(struct scene *s)
{
	return ipc_alive(s->fd, s->buffer);
}

static int run_duplicate(struct scene *s)
{
	return ipc_duplicate(s->fd, s->buffer, CAPIPC_RIGHTS_SAME, &s->got);
}

static int run_map(struct scene *s)
{
	return ipc_map(s->fd, s->buffer, 3 * 4096, PROT_READ | PROT_WRITE,
		       &s->mapped);
}

static int unmap(struct scene *s)
{
	memset(s->mapped, 1, 3 * 4096);
	return munmap(s->mapped, 3 * 4096) ? -errno : 0;
}

static int run_create_data_pipe(struct scene *s)
{
	return ipc_data_pipe(s->fd, 4096, 2, s->ends);
}

static int close_ends(struct scene *s)
{
	int ret = ipc_close(s->fd, s->ends[0]);

	return ret ? ret : ipc_close(s->fd, s->ends[1]);
}

static int run_map_ring(struct scene *s)
{
	return ipc_map(s->fd, s->ends[0], 3 * 4096, PROT_READ | PROT_WRITE,
		       &s->mapped);
}

static int run_signal(struct scene *s)
{
	return ipc_signal(s->fd, s->ends[0]);
}

static int prepare_signalled(struct scene *s)
{
	int ret = run_create_data_pipe(s);

	return ret ? ret : run_signal(s);
}

static int run_readable(struct scene *s)
{
	return ipc_tryrecv_from(s->fd, s->ends[1], &s->m);
}

static int was_readable(struct scene *s)
{
	if (s->m.r.type != CAPIPC_RECEIVED_READABLE)
		return -EPROTO;
	return ipc_tryrecv_from(s->fd, s->ends[1], &s->m) == -EAGAIN ? 0 :
								       -EPROTO;
}

static int run_send_buffer(struct scene *s)
{
	return ipc_send_handle(s->fd, s->end, "buffer", s->buffer);
}

STEP(create_buffer, NULL, run_create_buffer, NULL, close_got);
STEP(create_area, NULL, run_create_area, NULL, close_got);
STEP(create_source, NULL, run_create_source, NULL, close_got);
STEP(receive_in, prepare_area, run_receive_in, buffer_is_there, was_there);
STEP(duplicate, prepare_buffer, run_duplicate, buffer_is_there, close_got);
STEP(map, prepare_buffer, run_map, buffer_is_there, unmap);
STEP(create_data_pipe, NULL, run_create_data_pipe, NULL, close_ends);
STEP(map_ring, run_create_data_pipe, run_map_ring, NULL, unmap);
STEP(signal, run_create_data_pipe, run_signal, NULL, run_readable);
STEP(readable, prepare_signalled, run_readable, NULL, was_readable);
STEP(send_buffer, prepare_buffer, run_send_buffer, buffer_is_there, NULL);

TEST_HARNESS_MAIN
