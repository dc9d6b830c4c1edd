/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Message pipes.
 *
 * A pipe is one allocation with room for its two endpoints; a reference to an
 * endpoint is a reference to the pipe that it is part of, its *home*. One lock a
 * pipe: a message touches the lock of its pipe and of the receiver's ready queue,
 * and no other.
 *
 * Two pipes can be fused (fuse.c): then the endpoints that are left are those of
 * one pipe, and the memory of both is freed together.
 */
#ifndef CAPIPC_PIPE_H
#define CAPIPC_PIPE_H

#include <net/net_namespace.h>

#include "main.h"
#include "object.h"

/* Ranges of ordinals that an endpoint remembers as allowed. */
#define CAPIPC_VERDICTS	4U

/* Lists of rules that an endpoint can inherit from others. */
#define CAPIPC_INHERITED_MAX	4U

/**
 * struct capipc_inherited - rules of an endpoint that it has taken the place of
 * @rules: who may send what, with a reference
 * @facet: the facet of that endpoint
 */
struct capipc_inherited {
	struct capipc_ruleset *rules;
	u32 facet;
};

/**
 * struct capipc_endpoint - one end of a pipe; all under the lock of the pipe
 * @object: place, holder and queue of what is to be received here
 * @slot: which of its home's it is; invariant
 * @index: 0 or 1, which end of its pipe
 * @fusing: @object.receiving is set because it is being fused
 * @in_hand: messages that are being received: out of the queue, and in the window yet
 * @peer: the other end; changed only when one of them is fused
 *
 * Local side, what its holder sends through it:
 * @ident: who sent last, reused as long as nothing about the sender changes
 * @ident_changed: @ident is not @origin
 * @origin: who connected, accepted an invitation with it or made the pipe; for an
 *          end that waits in a listener NULL until it is received
 * @clause: number of the context that may have @origin killed, 0 if there is none:
 *          @origin has accepted it from there on that condition
 * @verdict_receiver: credentials of the receiver that @verdicts were found for
 * @verdict_count: how many of @verdicts are valid
 * @verdict_next: which to replace next
 * @verdicts: ordinals that @ident may send to @verdict_receiver, from first to last
 * @tell: what its holder is to be told, CAPIPC_TAG_*
 * @news: what of that it has not received yet, CAPIPC_TAG_*
 * @refused: a send through it found no room, and its holder is to be told of some
 * @holder: number of the context that holds it, or held it last
 * @attenuation: ordinals that may be sent at all, or NULL for all; changed only by
 *               a thread that has marked the handle as moving
 *
 * Remote side, what the peer sends to it:
 * @window_bytes: bytes queued here or on their way here
 * @window_messages: messages queued here or on their way here
 * @window: senders that wait for room
 * @rules: who may send what; NULL if all may, or the endpoint is closed; set once
 * @inherited: rules that hold besides, @inherited_count of them; more are added at
 *             the end only
 * @confinement: who may receive the endpoint itself; NULL if all may; set once
 * @facet: which facet of its listener this is
 * @flight_cred: with @rules, in flight: credentials of the last holder
 * @last: who sent the message that was received last
 * @no_area: and it was not received into an area; read without the lock as a hint
 * @calls: calls whose requests were sent to it, or to what it has succeeded, and that
 *         are not over, by capipc_transaction.link
 */
struct capipc_endpoint {
	struct capipc_object object;
	struct capipc_endpoint *peer;
	u8 slot;
	u8 index;
	bool fusing;
	u8 in_hand;

	u8 tell;
	u8 news;
	bool refused;
	bool ident_changed;
	struct capipc_ident *ident;
	struct capipc_ident *origin;
	u64 clause;
	u64 holder;
	const struct cred *verdict_receiver;
	u8 verdict_count;
	u8 verdict_next;
	bool no_area;
	struct capipc_range verdicts[CAPIPC_VERDICTS];
	struct capipc_attenuation *attenuation;

	u32 facet;
	u32 window_messages;
	size_t window_bytes;
	wait_queue_head_t window;
	struct capipc_ruleset *rules;
	u32 inherited_count;
	struct capipc_inherited inherited[CAPIPC_INHERITED_MAX];
	struct capipc_confinement *confinement;
	const struct cred *flight_cred;
	struct capipc_ident *last;
	struct list_head calls;
};

/**
 * struct capipc_pipe - a message pipe
 * @refs: one for each place an endpoint of its own is in and for each temporary use;
 *        one for each pipe that was fused into it and has any itself
 * @guard: its lock protects both endpoints, and what is below it; it has an heir if
 *         the pipe was fused into another one, and has no end any more
 * @cut: the pipe was reported and is closed both ways; lock
 * @fused_count: length of @fused
 * @fused: pipes that were fused into it, by @fused_link; lock
 * @fused_link: in the list of what it was fused into, or of what that was fused into
 * @account: has paid for its memory because it was fused into another one, or NULL;
 *           set once
 * @id: number in events and dumps; invariant
 * @net_cookie: of the network namespace in which it was made; invariant
 * @rcu: freed after a grace period, for the roster
 * @end: its ends, by capipc_endpoint.index; lock, and to be read under RCU
 * @own: memory of the ends that it was made with
 */
struct capipc_pipe {
	refcount_t refs;
	struct capipc_guard guard; /* both endpoints */
	bool cut;
	u32 fused_count;
	struct list_head fused;
	struct list_head fused_link;
	struct capipc_account *account;
	u64 id;
	u64 net_cookie;
	struct rcu_head rcu;
	struct capipc_endpoint *end[2];
	struct capipc_endpoint own[2];
};

static inline struct capipc_endpoint *capipc_endpoint(struct capipc_object *object)
{
	return container_of(object, struct capipc_endpoint, object);
}

/* The pipe whose memory it is in. */
static inline struct capipc_pipe *capipc_endpoint_home(struct capipc_endpoint *endpoint)
{
	return container_of(endpoint - endpoint->slot, struct capipc_pipe, own[0]);
}

static inline struct capipc_pipe *capipc_guard_pipe(struct capipc_guard *guard)
{
	return container_of(guard, struct capipc_pipe, guard);
}

/* The pipe it is an end of; without the lock, perhaps of one that has been fused. */
static inline struct capipc_pipe *capipc_endpoint_pipe(struct capipc_endpoint *endpoint)
{
	return capipc_guard_pipe(capipc_object_guard(&endpoint->object));
}

/* The other end; without the lock, perhaps the one before. */
static inline struct capipc_endpoint *capipc_endpoint_peer(struct capipc_endpoint *endpoint)
{
	return READ_ONCE(endpoint->peer);
}

/* Rights that an endpoint has at first. */
#define CAPIPC_ENDPOINT_RIGHTS						\
	(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER | CAPIPC_RIGHT_ADMIN)

void capipc_pipe_free(struct capipc_pipe *pipe);

static inline void capipc_pipe_put(struct capipc_pipe *pipe)
{
	if (refcount_dec_and_test(&pipe->refs))
		capipc_pipe_free(pipe);
}

/* A reference to an endpoint is one to its home. */
static inline void capipc_endpoint_get(struct capipc_endpoint *endpoint)
{
	refcount_inc(&capipc_endpoint_home(endpoint)->refs);
}

static inline void capipc_endpoint_put(struct capipc_endpoint *endpoint)
{
	capipc_pipe_put(capipc_endpoint_home(endpoint));
}

static inline bool capipc_peer_closed_locked(struct capipc_endpoint *endpoint)
{
	return capipc_endpoint_pipe(endpoint)->cut ||
	       capipc_endpoint_peer(endpoint)->object.place == CAPIPC_PLACE_CLOSED;
}

/* Is there nothing to receive, for certain, so that it is not ready either? */
static inline bool capipc_endpoint_is_quiet_locked(struct capipc_endpoint *endpoint)
{
	const struct capipc_object *object = &endpoint->object;

	return !object->queued && !endpoint->news && !capipc_peer_closed_locked(endpoint) &&
	       list_empty_careful(&object->ready);
}

struct capipc_pipe *capipc_pipe_create(const struct net *net);
void capipc_pipe_cut(struct capipc_endpoint *endpoint, struct list_head *garbage);

void capipc_endpoint_set_origin(struct capipc_endpoint *endpoint, struct capipc_ident *ident);
void capipc_endpoint_invite(struct capipc_endpoint *endpoint, struct capipc_ident *ident,
			    u64 inviter, bool may_kill);
int __must_check capipc_endpoint_refresh_ident(struct capipc_endpoint *endpoint,
					       struct capipc_context *context);
struct capipc_ident *capipc_endpoint_sender(struct capipc_endpoint *endpoint,
					    struct capipc_context *context, bool *changed);
void capipc_endpoint_tell_locked(struct capipc_endpoint *endpoint, u32 flags);
void capipc_endpoint_news_locked(struct capipc_endpoint *endpoint, u8 news);
u32 capipc_endpoint_next_news_locked(const struct capipc_endpoint *endpoint);
u32 capipc_endpoint_take_news_locked(struct capipc_endpoint *endpoint);
void capipc_endpoint_note_holder_locked(struct capipc_endpoint *endpoint, u64 id);
void capipc_endpoint_close_locked(struct capipc_endpoint *endpoint);
void capipc_endpoint_drop_rules(struct capipc_endpoint *endpoint);

int capipc_ioctl_create(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_PIPE_H */
