// SPDX-License-Identifier: GPL-2.0
/*
 * D-Bus: a method call through dbus-broker, with sd-bus on both sides. Each message goes
 * through the broker, which says in it who sent it; whose name that is, is asked once.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "peers.h"
#include "sdbus.h"

#ifdef HAVE_SDBUS

#define NAME	  "org.capipc.Bench"
#define PATH	  "/org/capipc/Bench"
#define FILES_MAX 16

/**
 * struct state - what a process knows
 * @bus: its connection
 * @takes: the signature of requests: bytes, and files
 * @gives: that of replies
 * @files: what a client sends
 * @name: who sent the last message
 * @uid: who that is
 */
struct state {
	sd_bus *bus;
	char takes[FILES_MAX + 3];
	char gives[FILES_MAX + 3];
	int files[FILES_MAX];
	char name[64];
	uid_t uid;
};

static const char *dbus_missing(const struct peer *peer)
{
	(void)peer;
	if (!sdbus_load())
		return "no libsystemd";
	return access("/usr/bin/dbus-broker", X_OK) ? "no dbus-broker" : NULL;
}

static bool dbus_offers(const struct peer *peer, const struct workload *work)
{
	(void)peer;
	return work->files + work->handles <= FILES_MAX && work->batch == 1 &&
	       work->pipes == 1 && work->threads == 1;
}

static void make_signature(char *signature, uint32_t files)
{
	memcpy(signature, "ay", 2);
	memset(signature + 2, 'h', files);
	signature[2 + files] = 0;
}

static int dbus_prepare(struct cell *cell)
{
	const struct workload *work = cell->work;
	struct state *state;

	if (!sdbus_load())
		return -ENOSYS;
	if (!cell_state(cell, sizeof(*state)))
		return -ENOMEM;
	state = cell->state;
	make_signature(state->takes, work->files + work->handles);
	make_signature(state->gives, work->handles);
	return 0;
}

/* Of the socket where the bus is: the name of this cell, and of its server. */
static socklen_t bus_address(const struct cell *cell,
			     struct sockaddr_un *address)
{
	char name[64];
	int n;

	cell_name(cell, name, sizeof(name));
	address->sun_family = AF_UNIX;
	address->sun_path[0] = 0;
	n = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1,
		     "%s-%d", name, cell->server_pid);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)n);
}

static int connect_bus(const struct cell *cell, sd_bus **bus)
{
	struct sockaddr_un address;
	char text[sizeof(address.sun_path) + 20];
	int ret = sd.new(bus);

	if (ret < 0)
		return ret;
	bus_address(cell, &address);
	snprintf(text, sizeof(text), "unix:abstract=%s", address.sun_path + 1);
	ret = sd.set_address(*bus, text);
	if (ret >= 0)
		ret = sd.set_bus_client(*bus, 1);
	if (ret >= 0)
		ret = sd.start(*bus);
	if (ret < 0)
		*bus = sd.flush_close_unref(*bus);
	return ret < 0 ? ret : 0;
}

/* The broker gives no name twice. */
static int sender_uid(struct state *state, sd_bus *bus, sd_bus_message *message,
		      uid_t *uid)
{
	const char *name = sd.message_get_sender(message);
	sd_bus_creds *creds;
	int ret;

	if (!name)
		return -EPERM;
	if (strcmp(name, state->name)) {
		ret = sd.get_name_creds(bus, name, SD_BUS_CREDS_EUID, &creds);
		if (ret < 0)
			return ret;
		ret = sd.creds_get_euid(creds, &state->uid);
		sd.creds_unref(creds);
		if (ret < 0)
			return ret;
		snprintf(state->name, sizeof(state->name), "%s", name);
	}
	*uid = state->uid;
	return 0;
}

/* ------------------------------------------------------------------- server */

static int append_reply(struct cell *cell, sd_bus_message *request,
			sd_bus_message *reply)
{
	const struct workload *work = cell->work;
	uint32_t n;
	int ret, file;

	ret = sd.message_append_array(reply, 'y', cell->reply, work->reply);
	for (n = 0; n < work->handles && ret >= 0; n++) {
		/* is closed with the request */
		ret = sd.message_read(request, "h", &file);
		if (ret >= 0)
			ret = sd.message_append(reply, "h", file);
	}
	return ret;
}

static int serve_message(sd_bus_message *request, struct cell *cell,
			 uint32_t ordinal)
{
	struct state *state = cell->state;
	sd_bus_message *reply;
	const void *bytes;
	size_t size;
	uid_t uid;
	int ret = sd.message_read_array(request, 'y', &bytes, &size);

	if (ret < 0)
		return ret;
	if (size < cell->work->request)
		return -EBADMSG;
	ret = sender_uid(state, state->bus, request, &uid);
	if (ret < 0)
		return ret;
	cell->request = (void *)(uintptr_t)bytes;
	if (cell->work->shape == SHAPE_SEND)
		return cell_admits(cell, uid, ordinal) ?
			       cell_received(cell, 1) :
			       -EPERM;
	if (cell_admits(cell, uid, ordinal))
		cell_answer(cell);
	else
		cell_refuse(cell);
	ret = sd.message_new_method_return(request, &reply);
	if (ret < 0)
		return ret;
	ret = append_reply(cell, request, reply);
	if (ret >= 0)
		ret = sd.send(NULL, reply, NULL);
	sd.message_unref(reply);
	return ret;
}

static int serve_allowed(sd_bus_message *request, void *data,
			 sd_bus_error *error)
{
	(void)error;
	return serve_message(request, data, ORDINAL);
}

static int serve_denied(sd_bus_message *request, void *data,
			sd_bus_error *error)
{
	(void)error;
	return serve_message(request, data, ORDINAL_DENIED);
}

static int dbus_serve(struct cell *cell)
{
	struct state *state = cell->state;
	const sd_bus_vtable vtable[] = {
		/* SD_BUS_VTABLE_START() has an address that is known too late */
		{ .type = _SD_BUS_VTABLE_START,
		  .x.start = { .element_size = sizeof(sd_bus_vtable),
			       .features = _SD_BUS_VTABLE_PARAM_NAMES,
			       .vtable_format_reference =
				       sd.object_vtable_format } },
		/* who may call it is our business: it is measured */
		SD_BUS_METHOD("Allowed", state->takes, state->gives,
			      serve_allowed, SD_BUS_VTABLE_UNPRIVILEGED),
		SD_BUS_METHOD("Denied", state->takes, state->gives,
			      serve_denied, SD_BUS_VTABLE_UNPRIVILEGED),
		SD_BUS_VTABLE_END,
	};
	struct sockaddr_un address;
	socklen_t length = bus_address(cell, &address);
	int listener = socket(AF_UNIX,
			      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
	    ret;

	if (listener < 0 || bind(listener, (void *)&address, length) ||
	    listen(listener, SOMAXCONN))
		return -errno;
	ret = dbus_broker_start(listener);
	if (!ret)
		ret = connect_bus(cell, &state->bus);
	if (ret)
		return ret;
	ret = sd.add_object_vtable(state->bus, NULL, PATH, NAME, vtable, cell);
	if (ret >= 0)
		ret = sd.request_name(state->bus, NAME, 0);
	if (ret < 0)
		return ret;
	cell_ready(cell);
	do {
		ret = sd.process(state->bus, NULL);
		if (!ret)
			ret = sd.wait(state->bus, UINT64_MAX);
		if (ret == -EINTR)
			ret = 0;
	} while (ret >= 0);
	return ret;
}

/* ------------------------------------------------------------------- client */

static int dbus_connect(struct cell *cell)
{
	struct state *state = cell->state;
	uint32_t n;

	for (n = 0; n < cell->work->files + cell->work->handles; n++) {
		state->files[n] = dup(STDIN_FILENO);
		if (state->files[n] < 0)
			return -errno;
	}
	return cell->work->shape == SHAPE_CONNECT ?
		       0 :
		       connect_bus(cell, &state->bus);
}

static int new_request(struct cell *cell, sd_bus *bus, sd_bus_message **request)
{
	const struct state *state = cell->state;
	const struct workload *work = cell->work;
	uint32_t n;
	int ret;

	cell_request(cell, 0);
	ret = sd.message_new_method_call(
		bus, request, NAME, PATH, NAME,
		work->shape == SHAPE_DENIED ? "Denied" : "Allowed");
	if (ret < 0)
		return ret;
	ret = sd.message_append_array(*request, 'y', cell->request,
				      work->request);
	for (n = 0; n < work->files + work->handles && ret >= 0; n++) {
		/* the message has a duplicate */
		ret = sd.message_append(*request, "h", state->files[n]);
		if (work->handles)
			close(state->files[n]);
	}
	if (ret < 0)
		*request = sd.message_unref(*request);
	return ret;
}

/* What the server gave back is closed with the reply, so it is kept apart. */
static int take_files(struct cell *cell, sd_bus_message *reply)
{
	struct state *state = cell->state;
	uint32_t n;
	int ret, file;

	for (n = 0; n < cell->work->handles; n++) {
		ret = sd.message_read(reply, "h", &file);
		if (ret < 0)
			return ret;
		state->files[n] = fcntl(file, F_DUPFD_CLOEXEC, 3);
		if (state->files[n] < 0)
			return -errno;
	}
	return 0;
}

static int look_at_reply(struct cell *cell, sd_bus *bus, sd_bus_message *reply)
{
	const void *bytes;
	size_t size;
	uid_t uid;
	int ret = sender_uid(cell->state, bus, reply, &uid);

	if (ret < 0)
		return ret;
	if (!cell_is_server(cell, uid))
		return -EPERM;
	ret = sd.message_read_array(reply, 'y', &bytes, &size);
	if (ret >= 0)
		ret = take_files(cell, reply);
	if (ret < 0)
		return ret;
	if (size < cell->work->reply)
		return -EBADMSG;
	cell->reply = (void *)(uintptr_t)bytes;
	return cell_check(cell);
}

static int call_over(struct cell *cell, sd_bus *bus)
{
	sd_bus_message *request, *reply;
	int ret = new_request(cell, bus, &request);

	if (ret < 0)
		return ret;
	ret = sd.call(bus, request, 0, NULL, &reply);
	sd.message_unref(request);
	if (ret < 0)
		return ret;
	ret = look_at_reply(cell, bus, reply);
	sd.message_unref(reply);
	return ret;
}

static int dbus_call(struct cell *cell)
{
	const struct state *state = cell->state;

	return call_over(cell, state->bus);
}

static int dbus_connect_call(struct cell *cell)
{
	sd_bus *bus;
	int ret = connect_bus(cell, &bus);

	if (ret)
		return ret;
	ret = call_over(cell, bus);
	sd.flush_close_unref(bus);
	return ret;
}

static int dbus_send(struct cell *cell)
{
	const struct state *state = cell->state;
	sd_bus_message *message;
	uint32_t n;
	int ret;

	for (n = 0; n < cell->work->burst; n++) {
		ret = new_request(cell, state->bus, &message);
		if (ret < 0)
			return ret;
		ret = sd.message_set_expect_reply(message, 0);
		if (ret >= 0)
			ret = sd.send(state->bus, message, NULL);
		sd.message_unref(message);
		if (ret < 0)
			return ret;
	}
	/* what the socket had no room for */
	ret = sd.flush(state->bus);
	return ret < 0 ? ret : cell_wait_received(cell);
}

const struct peer peer_dbus = {
	.name = "dbus",
	.title = "a method call through dbus-broker, with sd-bus",
	.stamped = true,
	.missing = dbus_missing,
	.offers = dbus_offers,
	.prepare = dbus_prepare,
	.serve = dbus_serve,
	.connect = dbus_connect,
	.operation = {
		[SHAPE_CALL] = dbus_call,
		[SHAPE_DENIED] = dbus_call,
		[SHAPE_SEND] = dbus_send,
		[SHAPE_CONNECT] = dbus_connect_call,
	},
};

#else

static const char *dbus_missing(const struct peer *peer)
{
	(void)peer;
	return "built without the headers of libsystemd";
}

static bool dbus_offers(const struct peer *peer, const struct workload *work)
{
	(void)peer;
	(void)work;
	return false;
}

const struct peer peer_dbus = {
	.name = "dbus",
	.title = "a method call through dbus-broker, with sd-bus",
	.stamped = true,
	.missing = dbus_missing,
	.offers = dbus_offers,
};
#endif
