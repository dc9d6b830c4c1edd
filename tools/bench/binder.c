// SPDX-License-Identifier: GPL-2.0
/*
 * Binder, as Android has it: the kernel copies a message once, into an area of the
 * receiver, and says who sent it. A connection is an object of the server; a handle that
 * travels is one to an object of a third process.
 */
#include <stdlib.h>
#include <string.h>

#include "binder_device.h"
#include "peers.h"

/* Half of the area is for what is sent one-way; with some to spare. */
#define ASYNC_MAX (BINDER_AREA / 4)

/**
 * struct state - what a process knows
 * @name: of the server
 * @fd: the device
 * @objects: how many the server has made
 * @shared: memory, if there is to be some
 * @thread: of a client; what follows is a client's, too
 * @targets: what it calls the objects of the server
 * @request: what it sends
 * @carried: the first of the handles in the request
 * @reply: the last one, which is not freed yet, or NULL. With it, handles are held
 * @found: what the manager said last, likewise
 */
struct state {
	char name[64];
	int fd;
	uint64_t objects;
	unsigned char *shared;
	struct binder_thread thread;
	uint32_t *targets;
	struct binder_parcel request;
	struct flat_binder_object *carried;
	const void *reply;
	const void *found;
};

static const char *binder_missing(const struct peer *peer)
{
	(void)peer;
	return access(BINDER_DEVICE, R_OK | W_OK) ?
		       "no " BINDER_DEVICE
		       " (modprobe binder_linux devices=binder)" :
		       NULL;
}

static bool binder_offers(const struct peer *peer, const struct workload *work)
{
	(void)peer;
	if (work->shape == SHAPE_SEND &&
	    work->burst * binder_aligned(work->request) > ASYNC_MAX)
		return false;
	return work->request <= BINDER_AREA / 2 &&
	       work->batch <= BINDER_BATCH &&
	       work->files + work->handles <= BINDER_OBJECTS;
}

static int binder_prepare(struct cell *cell)
{
	struct state *state;

	if (!cell_state(cell, sizeof(*state)))
		return -ENOMEM;
	state = cell->state;
	cell_name(cell, state->name, sizeof(state->name));
	if (cell->work->shared) {
		state->shared = cell_shared(cell->work->shared);
		if (!state->shared)
			return -ENOMEM;
	}
	return 0;
}

static void binder_finish(struct cell *cell)
{
	const struct state *state = cell->state;

	if (state && state->shared)
		cell_unshare(state->shared, cell->work->shared);
}

/* ------------------------------------------------------------------- server */

/* The files are for nobody's use. */
static int close_files(const struct binder_transaction_data *request,
		       uint32_t files)
{
	const struct flat_binder_object *object =
		binder_objects(request, files);

	if (!object)
		return -EBADMSG;
	for (; files; files--, object++) {
		if (object->hdr.type != BINDER_TYPE_FD ||
		    close((int)object->handle))
			return -EBADMSG;
	}
	return 0;
}

/* The handles go back. */
static int return_handles(const struct binder_transaction_data *request,
			  uint32_t handles, struct binder_parcel *reply)
{
	const struct flat_binder_object *object =
		binder_objects(request, handles);

	if (!object)
		return -EBADMSG;
	for (; handles; handles--, object++)
		binder_attach(reply, BINDER_TYPE_HANDLE, object->handle);
	return 0;
}

static int serve_call(struct cell *cell, struct binder_thread *thread,
		      const struct binder_transaction_data *request,
		      struct binder_parcel *reply)
{
	const struct workload *work = cell->work;
	const struct state *state = cell->state;
	int ret = 0;

	if (!cell_admits(cell, request->sender_euid, request->code))
		cell_refuse(cell);
	else if (state->shared && !cell_marked(cell, state->shared))
		return -EBADMSG;
	else
		cell_answer(cell);
	reply->data = cell->reply;
	reply->size = work->reply;
	reply->objects = 0;
	if (work->files)
		ret = close_files(request, work->files);
	if (work->handles)
		ret = return_handles(request, work->handles, reply);
	if (ret)
		return ret;
	binder_transact(thread, BC_REPLY, 0, 0, 0, reply);
	binder_free(thread, binder_message(request));
	return binder_talk(thread, true);
}

static int serve(struct cell *cell, struct binder_thread *thread,
		 const struct binder_transaction_data *request,
		 struct binder_parcel *reply)
{
	struct state *state = cell->state;

	if (request->code == BINDER_MAKE)
		return binder_make(thread, request, &state->objects);
	if (request->data_size < cell->work->request)
		return -EBADMSG;
	cell->request = binder_message(request);
	if (!(request->flags & TF_ONE_WAY))
		return serve_call(cell, thread, request, reply);
	if (!cell_admits(cell, request->sender_euid, request->code))
		return -EPERM;
	/* with this the kernel gives the object its next one */
	binder_free(thread, binder_message(request));
	return cell_received(cell, 1);
}

static int serve_thread(struct cell *cell)
{
	const struct state *state = cell->state;
	struct binder_transaction_data request;
	struct binder_thread thread;
	struct binder_parcel reply;
	int ret;

	binder_thread_init(&thread, state->fd);
	binder_say(&thread, BC_ENTER_LOOPER, "");
	do {
		ret = binder_wait(&thread, &request);
		if (!ret)
			ret = serve(cell, &thread, &request, &reply);
	} while (!ret);
	return ret;
}

/* The manager keeps the object, for as long as there is a manager. */
static int publish(struct state *state)
{
	uint64_t data[(sizeof(state->name) + sizeof(struct flat_binder_object)) /
		      8];
	struct binder_parcel parcel = { .data = data,
					.size = strlen(state->name) + 1 };
	struct binder_transaction_data reply;
	int ret;

	binder_thread_init(&state->thread, state->fd);
	memcpy(data, state->name, parcel.size);
	binder_attach(&parcel, BINDER_TYPE_BINDER, ++state->objects);
	binder_transact(&state->thread, BC_TRANSACTION, BINDER_MANAGER,
			BINDER_ADD, 0, &parcel);
	ret = binder_wait(&state->thread, &reply);
	if (ret)
		return ret;
	binder_free(&state->thread, binder_message(&reply));
	return binder_talk(&state->thread, false);
}

static int binder_serve(struct cell *cell)
{
	struct state *state = cell->state;
	int ret = binder_manager_start();

	if (ret)
		return ret;
	state->fd = binder_open();
	if (state->fd < 0)
		return state->fd;
	ret = publish(state);
	if (ret)
		return ret;
	cell_ready(cell);
	return cell_threads(cell, serve_thread);
}

/* ------------------------------------------------------------------- client */

/* New objects, of the server or the manager: what they are called here. */
static int get_objects(struct state *state, uint32_t from, uint32_t *targets,
		       uint64_t count)
{
	const struct flat_binder_object *object;
	struct binder_transaction_data got;
	uint64_t n, some;
	int ret;

	for (; count; count -= some) {
		some = count < BINDER_OBJECTS ? count : BINDER_OBJECTS;
		ret = binder_ask(&state->thread, from, BINDER_MAKE, &some,
				 sizeof(some), some, &got);
		if (ret)
			return ret;
		object = binder_objects(&got, some);
		for (n = 0; n < some; n++, object++) {
			*targets++ = object->handle;
			binder_say(&state->thread, BC_ACQUIRE, &object->handle);
		}
		binder_free(&state->thread, binder_message(&got));
	}
	return 0;
}

/* The request has its files and handles at its end; the kernel only reads it. */
static int fill_request(struct cell *cell)
{
	struct state *state = cell->state;
	const struct workload *work = cell->work;
	struct binder_parcel *request = &state->request;
	const struct flat_binder_object *object;
	struct binder_transaction_data got;
	const uint64_t handles = work->handles;
	uint32_t n;
	int ret;

	request->data = cell->request;
	request->size = work->request;
	if (handles) {
		ret = binder_ask(&state->thread, BINDER_MANAGER, BINDER_MAKE,
				 &handles, sizeof(handles), handles, &got);
		if (ret)
			return ret;
		state->reply = binder_message(&got);
		object = binder_objects(&got, handles);
		for (n = 0; n < handles; n++, object++)
			binder_attach(request, BINDER_TYPE_HANDLE,
				      object->handle);
		state->carried = (void *)(cell->request + request->offsets[0]);
	}
	for (n = 0; n < work->files; n++) {
		int file = dup(STDIN_FILENO);

		if (file < 0)
			return -errno;
		binder_attach(request, BINDER_TYPE_FD, (uint32_t)file);
	}
	return 0;
}

static int find(struct state *state, uint32_t *target)
{
	struct binder_transaction_data got;
	int ret = binder_ask(&state->thread, BINDER_MANAGER, BINDER_FIND,
			     state->name, strlen(state->name) + 1, 1, &got);

	if (ret)
		return ret;
	state->found = binder_message(&got);
	*target = binder_objects(&got, 1)->handle;
	return 0;
}

/* Something else, so that to find the server gives an object that was not there. */
static int find_nothing(struct state *state)
{
	const uint64_t one = 1;
	struct binder_transaction_data got;

	return binder_ask(&state->thread, BINDER_MANAGER, BINDER_MAKE, &one,
			  sizeof(one), 1, &got);
}

static void free_last(struct binder_thread *thread, const void **message)
{
	if (*message)
		binder_free(thread, *message);
	*message = NULL;
}

/* The client has the object for as long as it lives; every message is freed, as by libbinder. */
static int binder_connect(struct cell *cell)
{
	struct state *state = cell->state;
	const struct workload *work = cell->work;
	int ret;

	state->fd = binder_open();
	if (state->fd < 0)
		return state->fd;
	binder_thread_init(&state->thread, state->fd);
	state->targets = calloc(work->pipes, sizeof(*state->targets));
	if (!state->targets)
		return -ENOMEM;
	if (work->shape == SHAPE_CONNECT)
		ret = find_nothing(state);
	else
		ret = find(state, &state->targets[0]);
	if (!ret && state->found) {
		binder_say(&state->thread, BC_ACQUIRE, &state->targets[0]);
		free_last(&state->thread, &state->found);
	}
	if (!ret && work->pipes > 1)
		ret = get_objects(state, state->targets[0], state->targets + 1,
				  work->pipes - 1);
	return ret ? ret : fill_request(cell);
}

/* They are ours again, by the names that they have now. */
static int take_handles(const struct state *state,
			const struct binder_transaction_data *got,
			uint32_t handles)
{
	const struct flat_binder_object *object = binder_objects(got, handles);
	uint32_t n;

	if (!object)
		return -EBADMSG;
	for (n = 0; n < handles; n++)
		state->carried[n].handle = object[n].handle;
	return 0;
}

static int call(struct cell *cell, uint32_t target)
{
	struct state *state = cell->state;
	const struct request *request = state->request.data;
	struct binder_transaction_data got;
	int ret = 0;

	cell_request(cell, 0);
	binder_transact(&state->thread, BC_TRANSACTION, target,
			request->ordinal, TF_ACCEPT_FDS, &state->request);
	/* when it has been sent: what is handed over is not here any more */
	free_last(&state->thread, &state->reply);
	ret = binder_wait(&state->thread, &got);
	if (ret)
		return ret;
	state->reply = binder_message(&got);
	if (!cell_is_server(cell, got.sender_euid))
		return -EPERM;
	if (got.data_size < cell->work->reply)
		return -EBADMSG;
	if (cell->work->handles)
		ret = take_handles(state, &got, cell->work->handles);
	cell->reply = binder_message(&got);
	return ret ? ret : cell_check(cell);
}

static int binder_call(struct cell *cell)
{
	const struct state *state = cell->state;

	return call(cell, state->targets[cell->work->pipes - 1]);
}

static int binder_share(struct cell *cell)
{
	const struct state *state = cell->state;

	cell_mark(cell, state->shared);
	return binder_call(cell);
}

/* With the next one the kernel hears that this one is over, as with libbinder. */
static int binder_connect_call(struct cell *cell)
{
	struct state *state = cell->state;
	struct binder_thread *thread = &state->thread;
	uint32_t target;
	int ret;

	ret = find(state, &target);
	if (ret)
		return ret;
	binder_say(thread, BC_ACQUIRE, &target);
	free_last(thread, &state->found);
	ret = call(cell, target);
	free_last(thread, &state->reply);
	binder_say(thread, BC_RELEASE, &target);
	return ret;
}

/* Each target gets its share, in batches. */
static int send_to(struct cell *cell, uint32_t target, uint32_t share)
{
	struct state *state = cell->state;
	const struct workload *work = cell->work;
	struct binder_parcel parcel = { .size = work->request };
	uint32_t n, batch;
	int ret;

	for (; share; share -= batch) {
		batch = share < work->batch ? share : work->batch;
		for (n = 0; n < batch; n++) {
			cell_request(cell, n);
			parcel.data = cell->request + (size_t)n * work->request;
			binder_transact(&state->thread, BC_TRANSACTION, target,
					ORDINAL, TF_ONE_WAY, &parcel);
		}
		ret = binder_wait_sent(&state->thread, batch);
		if (ret)
			return ret;
	}
	return 0;
}

static int binder_send(struct cell *cell)
{
	const struct state *state = cell->state;
	const struct workload *work = cell->work;
	uint32_t n;
	int ret;

	for (n = 0; n < work->active; n++) {
		ret = send_to(cell, state->targets[n],
			      work->burst / work->active);
		if (ret)
			return ret;
	}
	return cell_wait_received(cell);
}

const struct peer peer_binder = {
	.name = "binder",
	.title = "binder transactions, messages in place, sender_euid looked at",
	.stamped = true,
	.missing = binder_missing,
	.offers = binder_offers,
	.prepare = binder_prepare,
	.serve = binder_serve,
	.connect = binder_connect,
	.operation = {
		[SHAPE_CALL] = binder_call,
		[SHAPE_DENIED] = binder_call,
		[SHAPE_SEND] = binder_send,
		[SHAPE_CONNECT] = binder_connect_call,
		[SHAPE_SHARE] = binder_share,
	},
	.finish = binder_finish,
};
