/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A server with several threads and one context, and clients with a context and a pipe each,
 * all threads of the test, on as many processors as a variant says.
 */
#ifndef CAPIPC_TEST_WAITER_H
#define CAPIPC_TEST_WAITER_H

#include "async.h"
#include "capipc_test_ident.h"

#define CLIENTS_MAX 8
#define SERVERS_MAX 4
#define STOP	    0xffffffffU /* the ordinal by which a server thread ends */

struct client {
	pthread_t thread;
	struct scene *scene;
	unsigned int id;
	int fd;
	uint32_t end; /* of its pipe to the server */
	unsigned int done;
	int ret;
};

struct server {
	pthread_t thread;
	struct scene *scene;
	unsigned int id;
	unsigned int done;
	int ret;
};

struct scene {
	int fd; /* the server's context */
	uint32_t end[CLIENTS_MAX]; /* the server's, tagged 1, 2, ... */
	unsigned int clients, servers;
	struct client client[CLIENTS_MAX];
	struct server server[SERVERS_MAX];
	void *arg;
};

/* Only the first @n processors, for this thread and those that it makes. */
static __unused_fn int use_processors(unsigned int n)
{
	cpu_set_t set;
	unsigned int i;

	CPU_ZERO(&set);
	for (i = 0; i < n; i++)
		CPU_SET(i, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

static __unused_fn int scene_open(struct scene *s, unsigned int clients)
{
	const char *name = fresh_name();
	uint32_t listener;
	unsigned int i;
	int ret;

	memset(s, 0, sizeof(*s));
	s->clients = clients;
	s->fd = ipc_open();
	if (s->fd < 0)
		return s->fd;
	ret = ipc_listen(s->fd, name, &listener);
	for (i = 0; i < clients && !ret; i++) {
		struct client *c = &s->client[i];

		c->scene = s;
		c->id = i;
		c->fd = ipc_open();
		ret = c->fd < 0 ? c->fd : ipc_connect(c->fd, name, &c->end);
		if (!ret)
			ret = ipc_accept(s->fd, listener, &s->end[i]);
		if (!ret)
			ret = ipc_tag(s->fd, s->end[i], i + 1);
	}
	return ret ? ret : ipc_close(s->fd, listener);
}

static __unused_fn void scene_close(struct scene *s)
{
	unsigned int i;

	for (i = 0; i < s->clients; i++)
		close(s->client[i].fd);
	close(s->fd);
}

static __unused_fn int scene_serve(struct scene *s, unsigned int servers,
				   void *(*fn)(void *))
{
	unsigned int i;
	int ret = 0;

	s->servers = servers;
	for (i = 0; i < servers && !ret; i++) {
		s->server[i].scene = s;
		s->server[i].id = i;
		ret = -pthread_create(&s->server[i].thread, NULL, fn,
				      &s->server[i]);
	}
	return ret;
}

static __unused_fn int scene_begin(struct scene *s, void *(*fn)(void *))
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < s->clients && !ret; i++)
		ret = -pthread_create(&s->client[i].thread, NULL, fn,
				      &s->client[i]);
	return ret;
}

/* Until all clients are done: the first error, or 0. */
static __unused_fn int scene_end(struct scene *s)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < s->clients; i++) {
		pthread_join(s->client[i].thread, NULL);
		ret = ret ? ret : s->client[i].ret;
	}
	return ret;
}

/* Let each server thread end after what is queued: the first error, or 0. */
static __unused_fn int scene_stop(struct scene *s)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < s->servers && !ret; i++)
		ret = ipc_send(s->client[0].fd, s->client[0].end, STOP, "", 0);
	for (i = 0; i < s->servers; i++) {
		pthread_join(s->server[i].thread, NULL);
		ret = ret ? ret : s->server[i].ret;
	}
	return ret;
}

/* Answers calls with their own bytes, each along with the next receive, until told to stop. */
static __unused_fn void *echo_fn(void *arg)
{
	struct server *server = arg;
	struct capipc_receive r = { .deadline_ns = CAPIPC_FOREVER };
	struct capipc_reply reply;
	char data[512];
	int ret;

	r.data = ipc_ptr(data);
	r.data_capacity = sizeof(data);
	for (;;) {
		ret = ipc_do_receive(server->scene->fd, &r);
		if (ret == -EINTR)
			continue;
		if (ret || r.ordinal == STOP)
			break;
		server->done++;
		if (r.type != CAPIPC_RECEIVED_CALL)
			continue;
		reply = (struct capipc_reply){
			.size = sizeof(reply),
			.data = ipc_ptr(data),
			.data_len = r.data_len,
			.handle = r.reply_handle,
		};
		r.reply = ipc_ptr(&reply);
	}
	server->ret = ret;
	return NULL;
}

#endif /* CAPIPC_TEST_WAITER_H */
