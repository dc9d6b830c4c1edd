/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scene of the tests of reply handles that move: a call to ourselves, and an
 * actor to move its reply handle to.
 */
#ifndef REPLY_MOVE_H
#define REPLY_MOVE_H

#include "async.h"
#include "capipc_test_ident.h"

/*
 * We call over h[0] and receive at h[1], an actor is the third: what is sent
 * into to_actor it receives from its end.
 */
FIXTURE(reply_move)
{
	int fd;
	uint32_t h[2];
	struct actor actor;
	uint32_t to_actor, end;
	struct async_call c;
	struct ipc_message m;
};

typedef FIXTURE_DATA(reply_move) scene;

/* A pipe between us and @actor. */
static int meet(int fd, struct actor *actor, uint32_t *ours, uint32_t *theirs)
{
	const char *name = fresh_name();
	uint32_t listener;
	int ret = ipc_listen(fd, name, &listener);

	if (!ret)
		ret = actor_connect(actor, name, theirs);
	if (!ret)
		ret = ipc_accept(fd, listener, ours);
	return ret ? ret : ipc_close(fd, listener);
}

static int meet_actor(scene *self)
{
	int ret = actor_start(&self->actor);

	return ret ? ret :
		     meet(self->fd, &self->actor, &self->to_actor, &self->end);
}

FIXTURE_SETUP(reply_move)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create(self->fd, self->h));
	ASSERT_OK(meet_actor(self));
}

FIXTURE_TEARDOWN(reply_move)
{
	actor_stop(&self->actor);
	close(self->fd);
}

/* Begin a call and receive it: its reply handle, or 0. */
static __unused_fn uint32_t called(scene *self)
{
	if (async_call(&self->c, self->fd, self->h[0], "?") ||
	    ipc_recv_from(self->fd, self->h[1], &self->m) ||
	    self->m.r.type != CAPIPC_RECEIVED_CALL)
		return 0;
	return self->m.r.reply_handle;
}

/* The actor receives one handle: what it is there, or 0. */
static __unused_fn uint32_t actor_takes(scene *self)
{
	struct capipc_receive r;

	if (actor_receive(&self->actor, self->end, &r) ||
	    r.attachments_count != 1)
		return 0;
	return self->actor.page->in[0].handle;
}

/* Move @handle to the actor, with @rights. */
static __unused_fn uint32_t moved(scene *self, uint32_t handle, uint32_t rights)
{
	struct capipc_attachment att = ipc_attach_rights(handle, rights);

	if (ipc_send_full(self->fd, self->to_actor, 0, NULL, 0, &att, 1))
		return 0;
	return actor_takes(self);
}

static __unused_fn int actor_answers(scene *self, uint32_t handle)
{
	memcpy(self->actor.page->data, "from", 4);
	return actor_reply(&self->actor, handle);
}

/* One handle comes, over @handle or the next that has something; or 0. */
static __unused_fn uint32_t takes(int fd, uint32_t handle)
{
	struct ipc_message m;

	if (ipc_recv_from(fd, handle, &m) || m.r.attachments_count != 1 ||
	    m.att[0].kind != CAPIPC_KIND_REPLY)
		return 0;
	return m.att[0].handle;
}

/* Neither answered nor lost yet: still the caller's turn to wait. */
static __unused_fn bool waits(scene *self)
{
	return !async_wait_asleep(&self->c.async) &&
	       !async_ended(&self->c.async);
}

#endif /* REPLY_MOVE_H */
