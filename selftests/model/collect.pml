/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of how objects are sent, received, closed, and collected when nobody
 * can reach them any more, for the model checker spin: docs/collect.md has the
 * protocol, and says what is modelled, with which bounds, and what came out.
 *
 * Threads of one or two contexts do at any time whatever they can: they send
 * objects into each other's queues, receive them, close them, die. The collector
 * looks for rings. Every section that the module executes under one lock is one
 * step here, and between two steps anything can happen. After each step it is
 * asserted that
 *
 *   one_place      an object is in one place, and its state says which;
 *   nothing_lost   what the collector closes cannot be reached, by anybody who
 *                  could still come to hold it;
 *   nothing_stays  when no thread is in the middle of something and the collector
 *                  has no more suspects, every object that is not closed can be
 *                  reached. So when all contexts are gone, all objects are.
 *
 * Who can reach what is found without the states and links that the protocol
 * keeps, from where the objects really are.
 *
 * What there is, by -D:
 *   OBJECTS=n     2, 3 or 4 (3)
 *   THREADS=n     1, 2 or 3 (2); CONTEXTS=n: 1 or 2 (2), threads take turns
 *   STEPS=n       at most n operations in all; else any number
 *   NO_DEATH, NO_CLOSE    contexts do not die, objects are not closed
 *   PAIRS         messages may carry two objects
 *   EMPTY         messages may carry nothing
 *   CUT           pipes are cut: their queues are garbage wherever they are
 *   WITHDRAW      messages are taken back, as the request of a call is
 *   CONFINE       objects are refused on arrival
 *   REPLY         objects are sent in replies, too
 *   INVITE        or are attached to invitations, which anybody accepts, or drops
 *   CONNECT       the last object is made by connecting to another one
 *   LIVELY        instead of nothing_stays, with pan -a -f: what cannot be reached is
 *                 closed one day, even if the others never stop
 *   BUG_...       an error, to see that it is found; see "run" for all of them
 */
#ifndef OBJECTS
#define OBJECTS		3
#endif
#ifndef THREADS
#define THREADS		2
#endif
#ifndef CONTEXTS
#define CONTEXTS	2
#endif

#include "bugs.pml"
#include "state.pml"
#include "thread.pml"
#include "collector.pml"

init {
	byte o;

	atomic {
		do
		:: o < OBJECTS ->
			place[o] = HELD;
			table[o % CONTEXTS] = table[o % CONTEXTS] | bit(o);
			o++
		:: o >= OBJECTS && o < 4 ->
			place[o] = NEW;
			o++
		:: else -> break
		od;
#ifdef CONNECT
		o = OBJECTS - 1;
		place[o] = NEW;
		table[o % CONTEXTS] = without(table[o % CONTEXTS], o);
		unconnected = bit(o);
#endif
		o = 0;
		do
		:: o < THREADS ->
			run thread(o, o % CONTEXTS,
				   (CONTEXTS == 1 -> 7 : (o % CONTEXTS == 1 -> 2 : 5)));
			o++
		:: else -> break
		od;
		run collector();
		o = 0
	}
}
