/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state: what the protocol notes in each object, and apart from that where each
 * object really is; the invariants, which compare the two; and what is done to
 * an object under its lock. The macros are for four objects, two contexts and three
 * threads, of which some may not be there.
 */

/* Sets of objects, threads or contexts are bytes, with a bit for each. */
#define bit(n)		(1 << (n))
#define in(n, set)	(((set) >> (n)) & 1)
#define without(set, n)	((set) & ~bit(n))

/* enum capipc_place */
mtype = { NEW, HELD, LEAVING, IN_FLIGHT, CLOSED };

/* What the protocol notes in each object, under its lock. */
mtype place[4];
byte container[4];	/* IN_FLIGHT: which object */
byte transfer[4];	/* LEAVING: thread that sends it, plus one */
byte receiving;
byte cut;

/*
 * The flight of an object is a number in the module. What matters is only whether
 * it is still that which the collector has seen in its first walk, which is
 * a bit here; so any number of flights is searched.
 */
byte same_flight;

/* The list of suspects, and who is flagged as being on it. */
byte suspects;
byte suspected;

/*
 * Where the objects really are. Messages in one queue are not ordered: they are
 * received in any order, which includes the right one. After the queues of the
 * objects come the replies that wait for a caller in each context, or what its
 * invitations hold.
 */
byte queue[6];
byte mates[4];		/* what else is in its message; only in queues */
byte table[2];		/* of each context */
byte hands[3];		/* of each thread: what it sends or receives */
byte garbage[4];	/* of each thread and the collector: to be destroyed */

byte unconnected;	/* its client is not there yet, so nobody can send to it */

byte busy;		/* threads, or the collector, in the middle */
byte dying;		/* contexts that begin nothing any more */
byte dead;		/* contexts that are being dismantled, or gone */

#define COLLECTOR	3
#define REPLIES		4
#define NOBODY		4

/*
 * Invariants.
 */

#define QUEUED(o)	(in(o, queue[0]) + in(o, queue[1]) + in(o, queue[2]) + \
			 in(o, queue[3]) + in(o, queue[4]) + in(o, queue[5]))
#define TABLED(o)	(in(o, table[0]) + in(o, table[1]))
#define HANDED(o)	(in(o, hands[0]) + in(o, hands[1]) + in(o, hands[2]))
#define WASTED(o)	(in(o, garbage[0]) + in(o, garbage[1]) + in(o, garbage[2]) + \
			 in(o, garbage[3]))
#define PLACES(o)	(QUEUED(o) + TABLED(o) + HANDED(o) + WASTED(o))

/* Where it may be if its container is right. */
#if defined(BUG_DEPART_EARLY) || defined(BUG_FINISH_EARLY) /* found at once, else */
#define IN_CONTAINER(o)	true
#else
#define IN_CONTAINER(o) \
	(container[o] == NOBODY -> \
		in(o, queue[REPLIES]) || in(o, queue[REPLIES + 1]) || HANDED(o) : \
		in(o, queue[container[o]]) || \
		(HANDED(o) && (in(container[o], receiving) || in(o, unconnected))))
#endif

/*
 * Garbage is anything but held. What is closed can still be in a message: the
 * collector closes one object of a ring without looking for its message.
 */
#define WELL_PLACED(o) \
	(place[o] == NEW -> !PLACES(o) : \
	 (place[o] == CLOSED -> PLACES(o) <= 1 && !TABLED(o) && !HANDED(o) : \
	  PLACES(o) == 1 && \
	  (place[o] == HELD -> TABLED(o) : \
	   (!TABLED(o) && \
	    (place[o] == LEAVING || WASTED(o) || IN_CONTAINER(o))))))

bool one_place = true;
bool nothing_lost = true;
bool nothing_stays = true;
byte reached;

/* What contexts that are not gone hold or can receive, now or later. */
#define INSIDE(o)	(in(o, reached) -> queue[o] : 0)
#define REACH_MORE	reached = reached | INSIDE(0) | INSIDE(1) | INSIDE(2) | INSIDE(3)
inline find_reached()
{
	reached = (in(0, dead) -> 0 : table[0] | queue[REPLIES]) |
		  (in(1, dead) -> 0 : table[1] | queue[REPLIES + 1]) |
		  hands[0] | hands[1] | hands[2];
	REACH_MORE;
	REACH_MORE;
	REACH_MORE
}

#define DONE_WITH(o)	(place[o] == NEW || place[o] == CLOSED || in(o, reached))
#define ALL_DONE_WITH	(DONE_WITH(0) && DONE_WITH(1) && DONE_WITH(2) && DONE_WITH(3))

#ifdef LIVELY
bool no_garbage = true;
ltl collected { [] (!no_garbage -> <> no_garbage) }
#define note_reach	find_reached(); no_garbage = ALL_DONE_WITH; reached = 0
#define NEVER_STOPS	true
#else
#define note_reach	skip
#define NEVER_STOPS	false
#endif

/* The end of each section under a lock. */
#define unlock \
	note_reach; \
	one_place = WELL_PLACED(0) && WELL_PLACED(1) && WELL_PLACED(2) && WELL_PLACED(3); \
	assert(one_place)

/* A thread, or the collector, is not in the middle of anything any more. */
inline rest(who)
{
	busy = without(busy, who);
	find_reached();
	nothing_stays = busy || suspects || ALL_DONE_WITH || NEVER_STOPS;
	reached = 0;
	assert(nothing_stays)
}

/*
 * What is done to an object under its lock.
 */

/* Any of a set that is not empty. It does not end in a loop, for d_step's sake. */
inline pick(set, o)
{
	o = 0;
	do
	:: in(o, set) -> break
	:: (set) >> (o + 1) -> o++
	od;
	skip
}

#ifdef PAIRS
#define BIND(o, set)	mates[o] = (in(o, set) -> without(set, o) : mates[o])
#define UNBIND(o, set)	mates[o] = (in(o, set) -> 0 : mates[o])
#define bind(set)	BIND(0, set); BIND(1, set); BIND(2, set); BIND(3, set)
#define unbind(set)	UNBIND(0, set); UNBIND(1, set); UNBIND(2, set); UNBIND(3, set)
#else
#define bind(set)	skip
#define unbind(set)	skip
#endif

/* capipc_object_splice_queue_locked() */
inline splice(who, o)
{
	unbind(queue[o]);
	garbage[who] = garbage[who] | queue[o];
	queue[o] = 0
}

/* capipc_object_detach() */
#define DETACH(o) \
	place[o] = (in(o, message) -> DETACHED : place[o]); \
	transfer[o] = (in(o, message) -> me + 1 : transfer[o]); \
	container[o] = (in(o, message) && DETACHED == IN_FLIGHT -> target : container[o])

/* capipc_object_depart() */
inline depart(o, into)
{
	if
	:: DEPARTS(o) ->
		place[o] = IN_FLIGHT;
		transfer[o] = 0;
		container[o] = into
	:: else
	fi
}

/* capipc_object_attach() */
inline attach(o)
{
	place[o] = HELD;
	transfer[o] = 0;
	container[o] = 0
}

/* capipc_object_close(), by message or by handle */
inline close(who, o)
{
	place[o] = CLOSED;
	transfer[o] = 0;
	container[o] = 0;
	garbage[who] = without(garbage[who], o);
	splice(who, o)
}
