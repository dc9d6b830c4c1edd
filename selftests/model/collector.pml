/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The collector: kmod/collect.c, step by step.
 */

/* capipc_collect_step() */
#define ROOT(o)	(place[o] != IN_FLIGHT || container[o] == NOBODY || RECEIVED_FROM(o))

proctype collector()
{
	byte listed;	/* taken from the list, flagged still */
	byte batch;	/* not flagged any more, to be walked from */
	byte walk;	/* marked by this walk */
	byte walks;	/* marked by earlier walks of this pass */
	byte o, start;
#ifdef BUG_CLOSE_SUSPECT
	byte first;
#endif

end_idle: /* capipc_collect_pass() */
	if
	:: atomic { suspects ->
		d_step {
			busy = busy | bit(COLLECTOR);
			listed = suspects;
			suspects = 0
		} }
	fi;
take:
	atomic { true ->
		pick(listed, o);
		listed = without(listed, o);
		suspected = without(suspected, o);
		batch = batch | bit(o);
		o = 0;
		if
		:: listed && !UNFLAG_LATE -> goto take
		:: else
		fi };
next:
	if
	:: atomic { batch ->
		pick(batch, o);
		batch = without(batch, o);
#ifdef BUG_CLOSE_SUSPECT
		first = o;
#endif
		goto find }
	:: atomic { !batch && listed -> goto take }
	:: atomic { !batch && !listed ->
		FORGET_MARKS;
		rest(COLLECTOR);
		goto end_idle }
	fi;

find: /* capipc_collect_find() */
	if
	:: atomic { in(o, walks) || (!in(o, walk) && ROOT(o)) ->
		walk = walk | bit(o);
		goto walked }
	:: atomic { !in(o, walks | walk) && !ROOT(o) ->
		d_step {
			walk = walk | bit(o);
			same_flight = same_flight | bit(o);
			o = container[o]
		};
		goto find }
	:: atomic { in(o, walk) ->
		start = o;
		ONE_WALK;
		goto verify }
	fi;

verify: /* capipc_collect_verify() */
	if
	:: atomic { !ROOT(o) && SAME_FLIGHT(o) ->
		o = container[o];
		if
		:: o == start -> goto ring
		:: o != start && in(o, walk) -> goto verify
		:: else -> goto walked
		fi }
	:: atomic { ROOT(o) || !SAME_FLIGHT(o) -> goto walked }
	fi;

ring: /* capipc_object_close() */
	atomic { true ->
		d_step {
			find_reached();
			nothing_lost = !in(BREAK(o), reached);
			reached = 0;
			assert(nothing_lost);
			close(COLLECTOR, BREAK(o));
			unlock
		} };
collect: /* capipc_garbage_run() */
	if
	:: atomic { garbage[COLLECTOR] ->
		pick(garbage[COLLECTOR], o);
		d_step { close(COLLECTOR, o); unlock };
		goto collect }
	:: atomic { !garbage[COLLECTOR] -> goto walked }
	fi;

walked:
	atomic { true ->
		d_step {
			walks = walks | walk;
			walk = 0;
			same_flight = 0;
			start = 0;
			o = 0
		};
		goto next }
}
