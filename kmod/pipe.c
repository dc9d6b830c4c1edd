// SPDX-License-Identifier: GPL-2.0
/*
 * Message pipes: see pipe.h.
 *
 * Step of the model (docs/model.md): cut.
 */
#include <linux/sched.h>

#include "attenuation.h"
#include "confinement.h"
#include "context.h"
#include "ident.h"
#include "ioctl.h"
#include "object.h"
#include "pipe.h"
#include "roster.h"
#include "rule.h"
#include "table.h"
#include "transaction.h"

/* Calls that are failed under the lock at a time. */
#define CAPIPC_CUT_BATCH	64

/**
 * capipc_pipe_create - make a pipe
 * @net: network namespace of who makes it
 *
 * Return: the pipe, with one reference for each endpoint, or NULL. Its
 * endpoints are nowhere yet.
 */
struct capipc_pipe *capipc_pipe_create(const struct net *net)
{
	struct capipc_pipe *pipe = kzalloc(sizeof(*pipe), GFP_KERNEL_ACCOUNT);
	int i;

	if (!pipe)
		return NULL;
	refcount_set(&pipe->refs, 2);
	spin_lock_init(&pipe->lock);
	pipe->net_cookie = net->net_cookie;
	for (i = 0; i < 2; i++) {
		pipe->end[i].index = i;
		capipc_object_init(&pipe->end[i].object, CAPIPC_KIND_ENDPOINT, &pipe->lock);
		init_waitqueue_head(&pipe->end[i].window);
		INIT_LIST_HEAD(&pipe->end[i].calls);
	}
	if (capipc_roster_enter(&pipe->end[0].object, &pipe->id)) {
		kfree(pipe);
		return NULL;
	}
	return pipe;
}

void capipc_pipe_get(struct capipc_pipe *pipe)
{
	refcount_inc(&pipe->refs);
}

void capipc_pipe_put(struct capipc_pipe *pipe)
{
	int i;

	if (!refcount_dec_and_test(&pipe->refs))
		return;
	capipc_roster_leave(pipe->id);
	for (i = 0; i < 2; i++) {
		struct capipc_endpoint *endpoint = &pipe->end[i];

		WARN_ON_ONCE(!list_empty(&endpoint->object.queue));
		capipc_ident_put(endpoint->ident);
		capipc_ident_put(endpoint->origin);
		capipc_ident_put(endpoint->last);
		put_cred(endpoint->verdict_receiver);
		put_cred(endpoint->flight_cred);
		capipc_ruleset_put(endpoint->rules);
		capipc_attenuation_free(endpoint->attenuation);
		capipc_confinement_free(endpoint->confinement);
	}
	kfree_rcu(pipe, rcu);
}

/**
 * capipc_endpoint_set_origin - say who an endpoint was made for
 * @endpoint: the endpoint
 * @ident: who; ignored if the endpoint has an origin already
 */
void capipc_endpoint_set_origin(struct capipc_endpoint *endpoint, struct capipc_ident *ident)
{
	spin_lock(endpoint->object.lock);
	if (!endpoint->origin)
		endpoint->origin = capipc_ident_get(ident);
	spin_unlock(endpoint->object.lock);
}

/**
 * capipc_endpoint_invite - somebody gets an endpoint by an invitation
 * @endpoint: the endpoint, in flight
 * @ident: who
 * @clause: number of the context that may have @ident killed, or 0
 */
void capipc_endpoint_invite(struct capipc_endpoint *endpoint, struct capipc_ident *ident,
			    u64 clause)
{
	struct capipc_ident *old;

	capipc_ident_get(ident);
	spin_lock(endpoint->object.lock);
	old = endpoint->origin;
	endpoint->origin = ident;
	endpoint->clause = clause;
	endpoint->ident_changed = endpoint->ident && !capipc_ident_same(ident, endpoint->ident);
	/* They may be about who has changed. */
	endpoint->verdict_count = 0;
	endpoint->verdict_next = 0;
	spin_unlock(endpoint->object.lock);
	capipc_ident_put(old);
}

/**
 * capipc_endpoint_refresh_ident - let an endpoint know who is about to send
 * @endpoint: the endpoint
 * @context: the sender's
 *
 * Return: 0 or -ENOMEM.
 */
int capipc_endpoint_refresh_ident(struct capipc_endpoint *endpoint,
				  struct capipc_context *context)
{
	struct capipc_ident *ident, *old;
	bool current_already;

	spin_lock(endpoint->object.lock);
	current_already = capipc_ident_is_current(endpoint->ident, context);
	spin_unlock(endpoint->object.lock);
	if (likely(current_already))
		return 0;

	ident = capipc_ident_create(context);
	if (!ident)
		return -ENOMEM;
	spin_lock(endpoint->object.lock);
	old = endpoint->ident;
	endpoint->ident = ident;
	endpoint->ident_changed = endpoint->origin &&
				  !capipc_ident_same(endpoint->origin, ident);
	endpoint->verdict_count = 0;
	endpoint->verdict_next = 0;
	spin_unlock(endpoint->object.lock);
	capipc_ident_put(old);
	return 0;
}

/**
 * capipc_endpoint_sender - who the calling thread is, as a sender
 * @endpoint: the endpoint that it sends through, or replies for
 * @context: its context
 * @changed: out: %CAPIPC_STAMP_CHANGED
 *
 * Return: the ident with a reference, or NULL if out of memory.
 */
struct capipc_ident *capipc_endpoint_sender(struct capipc_endpoint *endpoint,
					    struct capipc_context *context, bool *changed)
{
	struct capipc_ident *ident = NULL;

	while (!ident) {
		if (capipc_endpoint_refresh_ident(endpoint, context))
			return NULL;
		spin_lock(endpoint->object.lock);
		if (capipc_ident_is_current(endpoint->ident, context)) {
			ident = capipc_ident_get(endpoint->ident);
			*changed = endpoint->ident_changed;
		}
		spin_unlock(endpoint->object.lock);
	}
	return ident;
}

/* The endpoint is closed: tell the peer, and whoever waits for room. */
void capipc_endpoint_close_locked(struct capipc_endpoint *endpoint)
{
	struct capipc_endpoint *peer = capipc_endpoint_peer(endpoint);

	lockdep_assert_held(endpoint->object.lock);
	capipc_object_update_ready_locked(&peer->object);
	wake_up_all(&endpoint->window);
	wake_up_all(&peer->window);
}

/**
 * capipc_endpoint_tell_locked - what its holder wants to know
 * @endpoint: the endpoint
 * @flags: CAPIPC_TAG_*
 *
 * What it does not want to know any more is forgotten.
 */
void capipc_endpoint_tell_locked(struct capipc_endpoint *endpoint, u32 flags)
{
	lockdep_assert_held(endpoint->object.lock);
	endpoint->tell = flags;
	endpoint->news &= flags;
	if (!(flags & CAPIPC_TAG_WRITABLE))
		endpoint->refused = false;
	capipc_object_update_ready_locked(&endpoint->object);
}

/* Something has happened that its holder may want to know. */
void capipc_endpoint_news_locked(struct capipc_endpoint *endpoint, u8 news)
{
	lockdep_assert_held(endpoint->object.lock);
	if (!(endpoint->tell & news))
		return;
	endpoint->news |= news;
	capipc_object_update_ready_locked(&endpoint->object);
}

/* What its holder is told next: enum capipc_receive_type. */
u32 capipc_endpoint_take_news_locked(struct capipc_endpoint *endpoint)
{
	lockdep_assert_held(endpoint->object.lock);
	if (endpoint->news & CAPIPC_TAG_WRITABLE) {
		endpoint->news &= ~CAPIPC_TAG_WRITABLE;
		return CAPIPC_RECEIVED_WRITABLE;
	}
	if (endpoint->news & CAPIPC_TAG_PEER_CHANGED) {
		endpoint->news &= ~CAPIPC_TAG_PEER_CHANGED;
		return CAPIPC_RECEIVED_PEER_CHANGED;
	}
	return CAPIPC_RECEIVED_PEER_CLOSED;
}

/* A context holds it now, or again. */
void capipc_endpoint_note_holder_locked(struct capipc_endpoint *endpoint, u64 id)
{
	lockdep_assert_held(endpoint->object.lock);
	if (endpoint->holder == id)
		return;
	endpoint->holder = id;
	capipc_endpoint_news_locked(capipc_endpoint_peer(endpoint), CAPIPC_TAG_PEER_CHANGED);
}

/* Half of it is enough, or who sends and who receives would wake each other each time. */
static void capipc_endpoint_tell_room_locked(struct capipc_endpoint *endpoint)
{
	struct capipc_endpoint *peer = capipc_endpoint_peer(endpoint);

	lockdep_assert_held(endpoint->object.lock);
	if (endpoint->window_messages > READ_ONCE(capipc_window_messages) / 2 ||
	    endpoint->window_bytes > READ_ONCE(capipc_window_bytes) / 2)
		return;
	peer->refused = false;
	capipc_endpoint_news_locked(peer, CAPIPC_TAG_WRITABLE);
}

/* A message for it was received or withdrawn: there is room. */
void capipc_endpoint_release_window_locked(struct capipc_endpoint *endpoint, size_t bytes)
{
	lockdep_assert_held(endpoint->object.lock);
	endpoint->window_bytes -= bytes;
	endpoint->window_messages--;
	if (wq_has_sleeper(&endpoint->window))
		wake_up_all(&endpoint->window);
	if (unlikely(capipc_endpoint_peer(endpoint)->refused))
		capipc_endpoint_tell_room_locked(endpoint);
}

/* Fail some of the calls over an endpoint. Returns whether there are more. */
static bool capipc_endpoint_fail_calls_locked(struct capipc_endpoint *endpoint)
{
	struct capipc_transaction *transaction, *next;
	unsigned int n = 0;

	lockdep_assert_held(endpoint->object.lock);
	list_for_each_entry_safe(transaction, next, &endpoint->calls, link) {
		if (n++ == CAPIPC_CUT_BATCH)
			return true;
		list_del_init(&transaction->link);
		capipc_transaction_drop(transaction);
	}
	return false;
}

/**
 * capipc_pipe_cut - close a pipe both ways, wherever its endpoints are
 * @pipe: the pipe
 * @garbage: what was queued in it is added here
 *
 * Both holders see their peer closed, and calls fail, received or not.
 */
void capipc_pipe_cut(struct capipc_pipe *pipe, struct list_head *garbage)
{
	bool more;
	int i;

	spin_lock(&pipe->lock);
	pipe->cut = true;
	for (i = 0; i < 2; i++)
		capipc_object_splice_queue_locked(&pipe->end[i].object, garbage);
	for (i = 0; i < 2; i++)
		capipc_endpoint_close_locked(&pipe->end[i]);
	spin_unlock(&pipe->lock);

	/* No more are made now, but there may be many. */
	do {
		spin_lock(&pipe->lock);
		more = capipc_endpoint_fail_calls_locked(&pipe->end[0]);
		more |= capipc_endpoint_fail_calls_locked(&pipe->end[1]);
		spin_unlock(&pipe->lock);
		cond_resched();
	} while (more);
}

int capipc_ioctl_create(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_create *arg = &request->argument.create;
	struct capipc_table *table = &context->table;
	struct capipc_ident *ident;
	struct capipc_pipe *pipe;
	int ret, i;

	if (arg->flags)
		return -EINVAL;
	ret = capipc_table_reserve(table, 2, false);
	if (ret)
		return ret;
	ret = -ENOMEM;
	pipe = capipc_pipe_create(context->net);
	if (!pipe)
		goto err_unreserve;
	ident = capipc_ident_create(context);
	if (!ident)
		goto err_pipe;
	for (i = 0; i < 2; i++) {
		pipe->end[i].origin = capipc_ident_get(ident);
		pipe->end[i].ident = capipc_ident_get(ident);
		pipe->end[i].object.cookie = arg->cookie[i];
		arg->handle[i] = capipc_table_take(table);
	}
	capipc_ident_put(ident);

	ret = capipc_request_respond(request);
	if (ret)
		goto err_take;
	for (i = 0; i < 2; i++)
		capipc_object_hold(&pipe->end[i].object, context, arg->handle[i],
				   CAPIPC_ENDPOINT_RIGHTS);
	return 0;

err_take:
	for (i = 0; i < 2; i++)
		capipc_table_abort(table, arg->handle[i]);
	capipc_pipe_put(pipe);
	capipc_pipe_put(pipe);
	return ret;

err_pipe:
	capipc_pipe_put(pipe);
	capipc_pipe_put(pipe);
err_unreserve:
	capipc_table_unreserve(table, 2);
	return ret;
}
