/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Errors to be found: each is something that the module could do wrong, and makes
 * an invariant fail. A check that cannot fail is worth nothing.
 */

/* A send looks at its target before it has noted what it sent, or not at all. */
#if defined(BUG_LOOK_EARLY)
#define LOOK_EARLY	early = place[target] == IN_FLIGHT
#define LOOK		early
#elif defined(BUG_NO_LOOK)
#define LOOK_EARLY	skip
#define LOOK		false
#else
#define LOOK_EARLY	skip
#define LOOK		(place[target] == IN_FLIGHT)
#endif

/* A receive does not look when it ends: when it fails, or when it succeeds. */
#ifdef BUG_NO_LOOK_ABORT
#define LOOK_ABORT	false
#else
#define LOOK_ABORT	(place[target] == IN_FLIGHT)
#endif
#ifdef BUG_NO_LOOK_FINISH
#define LOOK_FINISH	false
#else
#define LOOK_FINISH	(place[target] == IN_FLIGHT)
#endif

/* What is sent departs no matter whether, or by whom, it is still leaving. */
#if defined(BUG_DEPART_ALWAYS)
#define DEPARTS(o)	true
#elif defined(BUG_DEPART_ANY)
#define DEPARTS(o)	(place[o] == LEAVING)
#else
#define DEPARTS(o)	(place[o] == LEAVING && transfer[o] == me + 1)
#endif

/* It is noted to be in flight when it is detached already. */
#ifdef BUG_DEPART_EARLY
#define DETACHED	IN_FLIGHT
#else
#define DETACHED	LEAVING
#endif

/* A receive ends before it has attached what it received. */
#ifdef BUG_FINISH_EARLY
#define FINISH_EARLY	receiving = without(receiving, target)
#else
#define FINISH_EARLY	skip
#endif

/* A message is put back into a queue that nobody will ever look at. */
#ifdef BUG_PUT_BACK
#define PUT_BACK	true
#else
#define PUT_BACK	IS_OPEN(target)
#endif

/* What is being received from counts as any other. */
#ifdef BUG_NO_RECEIVING
#define RECEIVED_FROM(o) false
#else
#define RECEIVED_FROM(o) in(o, receiving)
#endif

/* What looks like a ring is one; or it is if it still looks like one. */
#ifdef BUG_ONE_WALK
#define ONE_WALK	goto ring
#else
#define ONE_WALK	skip
#endif
#ifdef BUG_NO_FLIGHTS
#define SAME_FLIGHT(o)	true
#else
#define SAME_FLIGHT(o)	in(o, same_flight)
#endif

/* A suspect can be listed again only from when it is walked from. */
#ifdef BUG_UNFLAG_LATE
#define UNFLAG_LATE	true
#else
#define UNFLAG_LATE	false
#endif

/* What is in a reply is noted to be in the queue of an object. */
#ifdef BUG_REPLY_QUEUED
#define REPLY_CONTAINER	0
#else
#define REPLY_CONTAINER	NOBODY
#endif

/* Who connects can send before the connection has been queued. */
#ifdef BUG_CONNECT_EARLY
#define UNCONNECTED(o)	false
#else
#define UNCONNECTED(o)	in(o, unconnected)
#endif

/* A context that dies leaves the replies to its calls, and what it invited to. */
#ifdef BUG_LEAVE_REPLIES
#define OWED		false
#else
#define OWED		queue[REPLIES + mine]
#endif

/* The marks of earlier passes are believed. */
#ifdef BUG_OLD_MARKS
#define FORGET_MARKS	skip
#else
#define FORGET_MARKS	walks = 0
#endif

/* Not the ring is broken, but what hangs on it. */
#ifdef BUG_CLOSE_SUSPECT
#define BREAK(o)	first
#else
#define BREAK(o)	o
#endif
