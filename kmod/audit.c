// SPDX-License-Identifier: GPL-2.0
/*
 * The audit trail: see audit.h.
 *
 * The receiver of what was refused is not woken and never learns of it, but whoever
 * listens to events does: who tried, who would have received it, which list refused
 * it, and which of its rules came nearest. What is not needed to refuse is found out
 * here, afterwards, and only if somebody listens. It may have changed by then: a rule
 * of which nothing is unmet would allow it now.
 */
#include "audit.h"
#include "confinement.h"
#include "context.h"
#include "event.h"
#include "ident.h"
#include "invitation.h"
#include "listener.h"
#include "object.h"
#include "pipe.h"
#include "rule.h"
#include "trace.h"

static void capipc_audit_rule(struct capipc_event *event, const struct capipc_nearest *nearest)
{
	event->list = nearest->list;
	event->rule = nearest->rule;
	event->unmet = nearest->unmet;
	event->rules_count = nearest->count;
}

/* Who holds it, with a reference; NULL if nobody does. */
static void capipc_audit_holder(struct capipc_event *event, struct capipc_object *object)
{
	capipc_object_lock(object);
	if (object->owner) {
		refcount_inc(&object->owner->refs);
		event->holder = object->owner;
		event->context_id = object->owner->id;
	}
	capipc_object_unlock(object);
}

/*
 * An endpoint that waits in a listener is as good as held by who holds that. NULL for one
 * that is closed: it need not have a reference of its own any more.
 */
static struct capipc_object *capipc_audit_held_locked(struct capipc_endpoint *endpoint)
{
	struct capipc_object *object = &endpoint->object;

	lockdep_assert_held(object->lock);
	if (object->place == CAPIPC_PLACE_CLOSED)
		return NULL;
	if (object->container && object->container->kind == CAPIPC_KIND_LISTENER)
		object = object->container;
	return capipc_object_get(object);
}

/* The id of the stamps of who holds an endpoint, if it has made any. */
static u64 capipc_audit_stamp_locked(const struct capipc_endpoint *endpoint)
{
	const struct capipc_ident *ident = endpoint->ident ?: endpoint->origin;
	const struct capipc_context *owner = endpoint->object.owner;

	lockdep_assert_held(endpoint->object.lock);
	return ident && owner && ident->pid == owner->pid ? ident->id : 0;
}

/* @ident may be NULL, for want of memory. */
static void capipc_audit_message(struct capipc_context *context, struct capipc_endpoint *endpoint,
				 const struct capipc_ident *ident, bool changed, u32 ordinal)
{
	struct capipc_event event = {
		.type = CAPIPC_EVENT_DENY,
		.net = context->net,
		.account = context->account,
		.object_id = capipc_endpoint_pipe(endpoint)->id,
		.actor = ident,
		.actor_changed = changed,
		.ordinal = ordinal,
	};
	struct capipc_nearest nearest = {
		.list = CAPIPC_RULE_LIST_ENDPOINT,
		.rule = CAPIPC_EXPLAIN_NONE,
	};
	struct capipc_endpoint *target;
	struct capipc_object *held;

	capipc_object_lock(&endpoint->object);
	target = capipc_endpoint_peer(endpoint);
	if (ident)
		capipc_endpoint_nearest_locked(endpoint, ident, changed, ordinal, &nearest);
	held = capipc_audit_held_locked(target);
	event.holder_stamp = capipc_audit_stamp_locked(target);
	event.facet = target->facet;
	capipc_object_unlock(&endpoint->object);

	trace_capipc_deny(context, event.object_id, ordinal, nearest.list);
	if (capipc_event_wanted(event.net)) {
		if (held)
			capipc_audit_holder(&event, held);
		capipc_audit_rule(&event, &nearest);
		capipc_event_emit(&event);
		if (event.holder)
			capipc_context_put(event.holder);
	}
	if (held)
		capipc_object_put(held);
}

/**
 * capipc_audit_send - rules refuse a message
 * @context: the sender's
 * @endpoint: the endpoint that it tried to send through
 * @ordinal: the method
 */
void capipc_audit_send(struct capipc_context *context, struct capipc_endpoint *endpoint,
		       u32 ordinal)
{
	struct capipc_ident *ident;
	bool changed = false;

	if (!capipc_event_wanted(context->net) && !trace_capipc_deny_enabled())
		return;
	ident = capipc_endpoint_sender(endpoint, context, &changed);
	capipc_audit_message(context, endpoint, ident, changed, ordinal);
	capipc_ident_put(ident);
}

/**
 * capipc_audit_fuse - rules refuse a message that would have moved
 * @context: of who fuses
 * @endpoint: the endpoint that it might as well have been sent through
 * @sender: who sent it
 * @changed: that is not who connected
 * @ordinal: the method
 */
void capipc_audit_fuse(struct capipc_context *context, struct capipc_endpoint *endpoint,
		       const struct capipc_ident *sender, bool changed, u32 ordinal)
{
	if (capipc_event_wanted(context->net) || trace_capipc_deny_enabled())
		capipc_audit_message(context, endpoint, sender, changed, ordinal);
}

/**
 * capipc_audit_connect - rules refuse a connection
 * @context: the client's
 * @listener: to whom
 * @ident: who the client is
 */
void capipc_audit_connect(struct capipc_context *context, struct capipc_listener *listener,
			  const struct capipc_ident *ident)
{
	struct capipc_event event = {
		.type = CAPIPC_EVENT_DENY,
		.net = listener->net,
		.account = context->account,
		.actor = ident,
		.object_id = listener->id,
		.name = listener->name,
		.name_len = listener->name_len,
	};
	struct capipc_nearest nearest;

	trace_capipc_deny(context, event.object_id, 0, CAPIPC_RULE_LIST_LISTENER);
	if (!capipc_event_wanted(event.net))
		return;
	capipc_listener_nearest(listener, ident, &nearest);
	capipc_audit_holder(&event, &listener->object);
	capipc_audit_rule(&event, &nearest);
	capipc_event_emit(&event);
	if (event.holder)
		capipc_context_put(event.holder);
}

/**
 * capipc_audit_connected - a client has been let in
 * @context: the client's
 * @listener: by whom
 * @ident: who the client is
 * @pipe_id: number of the new pipe
 * @facet: the facet that it got
 */
void capipc_audit_connected(struct capipc_context *context, struct capipc_listener *listener,
			    const struct capipc_ident *ident, u64 pipe_id, u32 facet)
{
	struct capipc_event event = {
		.type = CAPIPC_EVENT_CONNECT,
		.net = listener->net,
		.account = context->account,
		.actor = ident,
		.object_id = pipe_id,
		.facet = facet,
		.name = listener->name,
		.name_len = listener->name_len,
	};

	trace_capipc_connect(context, listener, pipe_id, facet);
	if (!capipc_event_wanted(event.net))
		return;
	capipc_audit_holder(&event, &listener->object);
	capipc_event_emit(&event);
	if (event.holder)
		capipc_context_put(event.holder);
}

/**
 * capipc_audit_accepted - a connection has been received
 * @context: who took it
 * @object: the listener it was taken from
 * @client: who had connected
 * @pipe_id: number of the pipe
 * @facet: the facet that the client got
 */
void capipc_audit_accepted(struct capipc_context *context, struct capipc_object *object,
			   const struct capipc_ident *client, u64 pipe_id, u32 facet)
{
	struct capipc_listener *listener = capipc_listener(object);
	struct capipc_event event = {
		.type = CAPIPC_EVENT_ACCEPT,
		.net = listener->net,
		.actor = client,
		.holder = context,
		.context_id = context->id,
		.object_id = pipe_id,
		.facet = facet,
		.name = listener->name,
		.name_len = listener->name_len,
	};

	trace_capipc_accept(context, listener, pipe_id, facet);
	if (capipc_event_wanted(event.net))
		capipc_event_emit(&event);
}

/**
 * capipc_audit_confined - an endpoint was closed instead of being received
 * @context: the receiver's
 * @object: the endpoint
 * @sender: who sent it, and causes the event; NULL if nobody knows
 */
void capipc_audit_confined(struct capipc_context *context, struct capipc_object *object,
			   const struct capipc_ident *sender)
{
	struct capipc_event event = {
		.type = CAPIPC_EVENT_DENY,
		.net = context->net,
		.object_id = capipc_object_id(object),
		.context_id = context->id,
		.causer = sender,
	};
	struct capipc_nearest nearest = {
		.list = CAPIPC_RULE_LIST_CONFINEMENT,
		.rule = CAPIPC_EXPLAIN_NONE,
	};
	struct capipc_ident *receiver;

	trace_capipc_deny(context, event.object_id, 0, CAPIPC_RULE_LIST_CONFINEMENT);
	if (!capipc_event_wanted(event.net))
		return;
	receiver = capipc_ident_create(context);
	event.actor = receiver;
	if (receiver)
		capipc_confinement_nearest(object, receiver, &nearest);
	capipc_audit_rule(&event, &nearest);
	capipc_event_emit(&event);
	capipc_ident_put(receiver);
}

/**
 * capipc_audit_invitation - an invitation was accepted, or rules refuse that
 * @context: of who came with it
 * @invitation: the invitation
 * @ident: who that is
 * @refused: rules refuse it
 */
void capipc_audit_invitation(struct capipc_context *context, struct capipc_invitation *invitation,
			     const struct capipc_ident *ident, bool refused)
{
	struct capipc_event event = {
		.type = refused ? CAPIPC_EVENT_DENY : CAPIPC_EVENT_ACCEPT,
		.net = invitation->net,
		.account = context->account,
		.actor = ident,
		.inviter = invitation->inviter,
		.context_id = invitation->context_id,
		.invitation_id = invitation->id,
	};
	struct capipc_nearest nearest;

	if (refused)
		trace_capipc_deny(context, invitation->id, 0, CAPIPC_RULE_LIST_INVITATION);
	if (!capipc_event_wanted(event.net))
		return;
	if (refused) {
		capipc_invitation_nearest(invitation, ident, &nearest);
		capipc_audit_rule(&event, &nearest);
	}
	capipc_event_emit(&event);
}
