// SPDX-License-Identifier: GPL-2.0
/*
 * Message pipes: see pipe.h.
 *
 * Step of the model (docs/model.md): cut.
 */
#include <linux/sched/signal.h>

#include "account.h"
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
	capipc_guard_init(&pipe->guard);
	INIT_LIST_HEAD(&pipe->fused);
	INIT_LIST_HEAD(&pipe->fused_link);
	pipe->net_cookie = net->net_cookie;
	for (i = 0; i < 2; i++) {
		struct capipc_endpoint *endpoint = &pipe->own[i];

		pipe->end[i] = endpoint;
		endpoint->slot = i;
		endpoint->index = i;
		endpoint->peer = &pipe->own[!i];
		capipc_object_init(&endpoint->object, CAPIPC_KIND_ENDPOINT, &pipe->guard);
		init_waitqueue_head(&endpoint->window);
		INIT_LIST_HEAD(&endpoint->calls);
	}
	if (capipc_roster_enter(&pipe->own[0].object, &pipe->id)) {
		kfree(pipe);
		return NULL;
	}
	return pipe;
}

static void capipc_endpoint_destroy(struct capipc_endpoint *endpoint)
{
	WARN_ON_ONCE(!list_empty(&endpoint->object.queue));
	/* They went when it was closed, or fused. */
	WARN_ON_ONCE(endpoint->rules || endpoint->inherited_count);
	capipc_ident_put(endpoint->ident);
	capipc_ident_put(endpoint->origin);
	capipc_ident_put(endpoint->last);
	put_cred(endpoint->verdict_receiver);
	put_cred(endpoint->flight_cred);
	capipc_attenuation_put(endpoint->attenuation);
	capipc_confinement_free(endpoint->confinement);
}

static void capipc_pipe_destroy(struct capipc_pipe *pipe)
{
	capipc_endpoint_destroy(&pipe->own[0]);
	capipc_endpoint_destroy(&pipe->own[1]);
	if (pipe->account)
		capipc_account_uncharge(pipe->account, CAPIPC_BYTES, sizeof(*pipe));
	kfree_rcu(pipe, rcu);
}

/* The last reference is gone: free it, or what it was fused into, if that was the last there. */
void capipc_pipe_free(struct capipc_pipe *pipe)
{
	struct capipc_pipe *fused, *next;

	/* Without references it cannot be fused any more, so this does not change. */
	while (pipe->guard.heir) {
		pipe = capipc_guard_pipe(pipe->guard.heir);
		if (!refcount_dec_and_test(&pipe->refs))
			return;
	}
	capipc_roster_leave(pipe->id);
	list_for_each_entry_safe(fused, next, &pipe->fused, fused_link)
		capipc_pipe_destroy(fused);
	capipc_pipe_destroy(pipe);
}

/**
 * capipc_endpoint_set_origin - say who an endpoint was made for
 * @endpoint: the endpoint
 * @ident: who; ignored if the endpoint has an origin already
 *
 * That is also who is expected to send through it first.
 */
void capipc_endpoint_set_origin(struct capipc_endpoint *endpoint, struct capipc_ident *ident)
{
	capipc_object_lock(&endpoint->object);
	if (!endpoint->origin)
		endpoint->origin = capipc_ident_get(ident);
	if (!endpoint->ident && endpoint->origin == ident)
		endpoint->ident = capipc_ident_get(ident);
	capipc_object_unlock(&endpoint->object);
}

/**
 * capipc_endpoint_invite - somebody gets an endpoint by an invitation
 * @endpoint: the endpoint, in flight
 * @ident: who
 * @inviter: number of the context that has invited
 * @may_kill: @inviter may have @ident killed
 *
 * The endpoint is taken for that of @ident from now on, but only if the inviter itself holds
 * the other end, or has not handed that over yet: whoever else does may rely on who
 * connected, or made the pipe.
 */
void capipc_endpoint_invite(struct capipc_endpoint *endpoint, struct capipc_ident *ident,
			    u64 inviter, bool may_kill)
{
	struct capipc_ident *old = NULL;

	capipc_object_lock(&endpoint->object);
	if (capipc_endpoint_peer(endpoint)->holder == inviter) {
		old = endpoint->origin;
		endpoint->origin = capipc_ident_get(ident);
		endpoint->clause = may_kill ? inviter : 0;
		endpoint->ident_changed = endpoint->ident &&
					  !capipc_ident_same(ident, endpoint->ident);
		/* They may be about who has changed. */
		endpoint->verdict_count = 0;
		endpoint->verdict_next = 0;
	}
	capipc_object_unlock(&endpoint->object);
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

	capipc_object_lock(&endpoint->object);
	current_already = capipc_ident_is_current(endpoint->ident, context);
	capipc_object_unlock(&endpoint->object);
	if (likely(current_already))
		return 0;

	ident = capipc_ident_create(context);
	if (!ident)
		return -ENOMEM;
	capipc_object_lock(&endpoint->object);
	old = endpoint->ident;
	endpoint->ident = ident;
	endpoint->ident_changed = endpoint->origin &&
				  !capipc_ident_same(endpoint->origin, ident);
	endpoint->verdict_count = 0;
	endpoint->verdict_next = 0;
	capipc_object_unlock(&endpoint->object);
	capipc_ident_put(old);
	return 0;
}

/* Who replies for an endpoint that it does not hold: that is nothing to remember there. */
static noinline struct capipc_ident *capipc_endpoint_proxy(struct capipc_endpoint *endpoint,
							   struct capipc_context *context,
							   bool *changed)
{
	struct capipc_ident *ident = capipc_ident_create(context);

	if (!ident)
		return NULL;
	capipc_object_lock(&endpoint->object);
	*changed = endpoint->origin && !capipc_ident_same(endpoint->origin, ident);
	capipc_object_unlock(&endpoint->object);
	return ident;
}

/**
 * capipc_endpoint_sender - who the calling thread is, as a sender
 * @endpoint: the endpoint that it replies for, perhaps another one's
 * @context: its context
 * @changed: out: %CAPIPC_STAMP_CHANGED
 *
 * Return: the ident with a reference, or NULL if out of memory, or being killed.
 */
struct capipc_ident *capipc_endpoint_sender(struct capipc_endpoint *endpoint,
					    struct capipc_context *context, bool *changed)
{
	struct capipc_ident *ident = NULL;
	bool held;

	for (;;) {
		capipc_object_lock(&endpoint->object);
		held = endpoint->object.owner == context;
		if (held && capipc_ident_is_current(endpoint->ident, context)) {
			ident = capipc_ident_get(endpoint->ident);
			*changed = endpoint->ident_changed;
		}
		capipc_object_unlock(&endpoint->object);
		if (likely(ident))
			return ident;
		if (!held)
			return capipc_endpoint_proxy(endpoint, context, changed);
		/* Another thread may be faster, and again and again. */
		if (capipc_endpoint_refresh_ident(endpoint, context) ||
		    fatal_signal_pending(current))
			return NULL;
		cond_resched();
	}
}

/* The endpoint is closed: tell the peer, and whoever waits for room. */
void capipc_endpoint_close_locked(struct capipc_endpoint *endpoint)
{
	struct capipc_endpoint *peer = capipc_endpoint_peer(endpoint);

	lockdep_assert_held(endpoint->object.lock);
	capipc_object_update_ready_locked(&peer->object);
	if (wq_has_sleeper(&endpoint->window))
		wake_up_all(&endpoint->window);
	if (wq_has_sleeper(&peer->window))
		wake_up_all(&peer->window);
}

/**
 * capipc_endpoint_drop_rules - nothing is sent to an endpoint any more
 * @endpoint: the endpoint, closed, or fused and inherited from
 *
 * The pipe may stay for as long as who has the other end likes. Who set the rules shall
 * not go on paying for them.
 */
void capipc_endpoint_drop_rules(struct capipc_endpoint *endpoint)
{
	struct capipc_ruleset *sets[1 + CAPIPC_INHERITED_MAX];
	u32 n = 0;

	capipc_object_lock(&endpoint->object);
	sets[n++] = endpoint->rules;
	endpoint->rules = NULL;
	while (endpoint->inherited_count)
		sets[n++] = endpoint->inherited[--endpoint->inherited_count].rules;
	capipc_object_unlock(&endpoint->object);
	while (n)
		capipc_ruleset_put(sets[--n]);
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
u32 capipc_endpoint_next_news_locked(const struct capipc_endpoint *endpoint)
{
	lockdep_assert_held(endpoint->object.lock);
	if (endpoint->news & CAPIPC_TAG_WRITABLE)
		return CAPIPC_RECEIVED_WRITABLE;
	if (endpoint->news & CAPIPC_TAG_PEER_CHANGED)
		return CAPIPC_RECEIVED_PEER_CHANGED;
	return CAPIPC_RECEIVED_PEER_CLOSED;
}

/* The same, and that has been told. */
u32 capipc_endpoint_take_news_locked(struct capipc_endpoint *endpoint)
{
	u32 type = capipc_endpoint_next_news_locked(endpoint);

	if (type == CAPIPC_RECEIVED_WRITABLE)
		endpoint->news &= ~CAPIPC_TAG_WRITABLE;
	else if (type == CAPIPC_RECEIVED_PEER_CHANGED)
		endpoint->news &= ~CAPIPC_TAG_PEER_CHANGED;
	return type;
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

/* Fail some of the calls over an endpoint. Returns whether there are more. */
static bool capipc_endpoint_fail_calls_locked(struct capipc_endpoint *endpoint)
{
	struct capipc_transaction *transaction, *next;
	unsigned int n = 0;

	lockdep_assert_held(endpoint->object.lock);
	list_for_each_entry_safe(transaction, next, &endpoint->calls, link) {
		if (n++ == CAPIPC_CUT_BATCH)
			return true;
		capipc_transaction_drop(transaction);
		/* Who has the last reference need not lock for what is in no list. */
		list_del_init_careful(&transaction->link);
	}
	return false;
}

/**
 * capipc_pipe_cut - close a pipe both ways, wherever its endpoints are
 * @endpoint: an end of the pipe, or one that was fused and would be an end of it
 * @garbage: what was queued in it is added here
 *
 * Both holders see their peer closed, and calls fail, received or not.
 */
void capipc_pipe_cut(struct capipc_endpoint *endpoint, struct list_head *garbage)
{
	struct capipc_pipe *pipe;
	bool more;
	int i;

	capipc_object_lock(&endpoint->object);
	pipe = capipc_endpoint_pipe(endpoint);
	pipe->cut = true;
	for (i = 0; i < 2; i++)
		capipc_object_splice_queue_locked(&pipe->end[i]->object, garbage);
	for (i = 0; i < 2; i++)
		capipc_endpoint_close_locked(pipe->end[i]);
	capipc_object_unlock(&endpoint->object);

	/* No more are made now, nor is it fused any more, but there may be many. */
	do {
		capipc_object_lock(&endpoint->object);
		more = capipc_endpoint_fail_calls_locked(pipe->end[0]);
		more |= capipc_endpoint_fail_calls_locked(pipe->end[1]);
		capipc_object_unlock(&endpoint->object);
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
		pipe->own[i].origin = capipc_ident_get(ident);
		pipe->own[i].ident = capipc_ident_get(ident);
		pipe->own[i].object.cookie = arg->cookie[i];
		arg->handle[i] = capipc_table_take(table);
	}
	capipc_ident_put(ident);

	ret = capipc_request_respond(request);
	if (ret)
		goto err_take;
	for (i = 0; i < 2; i++)
		capipc_object_hold(&pipe->own[i].object, context, arg->handle[i],
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
