/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads: each begins operations as it likes, one after the other. What a
 * context does itself goes on to its end when the context is dying: so does a
 * system call of a process that is killed.
 */

#ifdef STEPS
byte steps;
#define MAY_BEGIN	(!in(mine, dying) && steps < STEPS)
#define begin		busy = busy | bit(me); steps++
#else
#define MAY_BEGIN	(!in(mine, dying))
#define begin		busy = busy | bit(me)
#endif

#ifdef EMPTY
#define HAS_MESSAGE(o)	true
#else
#define HAS_MESSAGE(o)	queue[o]
#endif
#define CAN_RECEIVE(o)	(in(o, table[mine]) && !in(o, receiving) && HAS_MESSAGE(o))
#define IS_OPEN(o)	(place[o] != NEW && place[o] != CLOSED && !in(o, cut))
#define CAN_SEND_TO(o)	(IS_OPEN(o) && !UNCONNECTED(o))
#define CAN_SEND_IT_TO(o) (CAN_SEND_TO(o) && !in(o, message))
#define HAS_QUEUED(o)	queue[o]

/* Any object for which ok(o) holds. */
#define ANY(ok)		(ok(0) || ok(1) || ok(2) || ok(3))
#define choose(ok, o) \
	o = 0; \
	do \
	:: ok(o) -> break \
	:: (o < 1 && ok(1)) || (o < 2 && ok(2)) || (o < 3 && ok(3)) -> o++ \
	od; \
	skip

inline end_operation()
{
	message = 0;
	target = 0;
	rest(me)
}

inline take_message()
{
	pick(table[mine], o);
	message = bit(o);
#ifdef PAIRS
	if
	:: table[mine] & ~message ->
		pick(table[mine] & ~message, o);
		message = message | bit(o)
	:: true
	fi;
#endif
	o = 0
}

/* capipc_transfer_begin(). All at once: nobody else looks at what it holds. */
inline take_and_detach()
{
	table[mine] = table[mine] & ~message;
	hands[me] = message;
	same_flight = same_flight & ~message;
	DETACH(0); DETACH(1); DETACH(2); DETACH(3);
	unlock
}

/* capipc_object_hold(). All at once: nobody can use it before it is published. */
inline hold(o)
{
	attach(o);
	hands[me] = without(hands[me], o);
	table[mine] = table[mine] | bit(o);
	message = without(message, o);
	o = 0;
	unlock
}

/* capipc_garbage_run() */
inline run_garbage()
{
	do
	:: atomic { garbage[me] ->
		pick(garbage[me], o);
		d_step { close(me, o); o = 0; unlock } }
	:: atomic { !garbage[me] -> break }
	od
}

proctype thread(byte me; byte mine; byte colleagues)
{
	byte message, target, o;
#ifdef BUG_LOOK_EARLY
	bool early;
#endif

end_idle:
	if
	:: atomic { MAY_BEGIN && table[mine] -> /* capipc_send() */
		take_message();
		if
		:: ANY(CAN_SEND_IT_TO) -> choose(CAN_SEND_IT_TO, target)
		:: else -> message = 0; goto end_idle
		fi;
		d_step { begin; take_and_detach() };
		goto enqueue }

	:: atomic { MAY_BEGIN && ANY(CAN_RECEIVE) -> /* capipc_receive_begin() */
		choose(CAN_RECEIVE, target);
		if
		:: queue[target] -> pick(queue[target], o); message = bit(o) | mates[o]
#ifdef EMPTY
		:: true
#endif
		fi;
		o = 0;
		d_step {
			begin;
			receiving = receiving | bit(target);
			queue[target] = queue[target] & ~message;
			unbind(message);
			hands[me] = message;
			unlock
		};
		if
		:: message -> goto deliver
		:: else -> goto receive_finish
		fi }

#ifndef NO_CLOSE
	:: atomic { MAY_BEGIN && table[mine] -> /* capipc_handle_close() */
		pick(table[mine], o);
		d_step {
			begin;
			table[mine] = without(table[mine], o);
			close(me, o);
			o = 0;
			unlock
		};
		goto destroy }
#endif
#ifdef CUT
	:: atomic { MAY_BEGIN && ANY(CAN_SEND_TO) -> /* capipc_pipe_cut() */
		choose(CAN_SEND_TO, target);
		d_step {
			begin;
			cut = cut | bit(target);
			splice(me, target);
			target = 0;
			unlock
		};
		goto destroy }
#endif
#ifdef WITHDRAW
	:: atomic { MAY_BEGIN && ANY(HAS_QUEUED) -> /* capipc_transaction_withdraw() */
		choose(HAS_QUEUED, target);
		pick(queue[target], o);
		d_step {
			begin;
			garbage[me] = bit(o) | mates[o];
			queue[target] = queue[target] & ~garbage[me];
			unbind(garbage[me]);
			target = 0;
			o = 0;
			unlock
		};
		goto destroy }
#endif
#ifdef REPLY
	:: atomic { MAY_BEGIN && table[mine] -> /* capipc_reply() */
		take_message();
		if
		:: target = REPLIES
		:: CONTEXTS > 1 -> target = REPLIES + 1
		fi;
		d_step { begin; take_and_detach() };
		goto answer }

	:: atomic { MAY_BEGIN && queue[REPLIES + mine] && /* capipc_call_finish() */
		  !in(REPLIES + mine, receiving) ->
		d_step {
			begin;
			target = REPLIES + mine;
			receiving = receiving | bit(target);
			message = queue[target];
			queue[target] = 0;
			hands[me] = message;
			unlock
		};
		goto take_reply }
#endif
#ifdef INVITE
	:: atomic { MAY_BEGIN && table[mine] -> /* capipc_ioctl_invite() */
		take_message();
		d_step { begin; take_and_detach() };
		goto invite }

	:: atomic { MAY_BEGIN && (queue[REPLIES] || queue[REPLIES + 1]) ->
		if
		:: queue[REPLIES] -> target = REPLIES
		:: queue[REPLIES + 1] -> target = REPLIES + 1
		fi;
		pick(queue[target], o);
		d_step {
			begin;
			message = bit(o) | mates[o];
			queue[target] = queue[target] & ~message;
			unbind(message);
			target = 0;
			o = 0
		};
		if
		:: true -> /* capipc_invitation_take() */
			d_step { hands[me] = message; unlock };
			goto restore
		:: true -> /* capipc_invitation_close() */
			d_step { garbage[me] = message; message = 0; unlock };
			goto destroy
		fi }
#endif
#ifdef CONNECT
	:: atomic { MAY_BEGIN && place[OBJECTS - 1] == NEW && ANY(IS_OPEN) ->
		choose(IS_OPEN, target); /* capipc_connection_create() */
		d_step {
			begin;
			place[OBJECTS - 1] = IN_FLIGHT;
			container[OBJECTS - 1] = target;
			hands[me] = bit(OBJECTS - 1);
			unlock
		};
		goto connect }
#endif
#ifndef NO_DEATH
	:: atomic { MAY_BEGIN -> d_step { begin; dying = dying | bit(mine); rest(me) };
		goto end_idle }

	:: atomic { in(mine, dying) && !in(mine, dead) && !(busy & colleagues) ->
		d_step { dead = dead | bit(mine); busy = busy | bit(me); unlock };
		goto dismantle }

	:: atomic { in(mine, dead) -> goto end_dead }
#endif
	fi;

enqueue: /* capipc_enqueue(); it may also fail for other reasons */
	if
	:: atomic { IS_OPEN(target) ->
		d_step {
			queue[target] = queue[target] | message;
			bind(message);
			hands[me] = 0;
			LOOK_EARLY;
			unlock
		};
		goto departing }
	:: atomic { true -> target = 0; goto restore }
	fi;

departing: /* capipc_transfer_depart() */
	atomic { true ->
		pick(message, o);
		d_step {
			depart(o, target);
			message = without(message, o);
			o = 0;
			unlock
		};
		if
		:: message -> goto departing
		:: else
		fi };
	atomic { true -> /* capipc_transfer_depart(), too */
		if
		:: LOOK -> goto suspect
		:: else -> end_operation(); goto end_idle
		fi };

restore: /* capipc_transfer_restore() */
	atomic { true ->
		pick(message, o);
		d_step { hold(o) };
		if
		:: message -> goto restore
		:: else -> end_operation(); goto end_idle
		fi };

deliver: /* capipc_receive_deliver() */
	if
	:: atomic { true -> goto arrive }
	:: atomic { true -> /* capipc_receive_abort() */
		d_step {
			receiving = without(receiving, target);
			hands[me] = 0;
			if
			:: PUT_BACK ->
				queue[target] = queue[target] | message;
				bind(message)
			:: else -> garbage[me] = message
			fi;
			message = 0;
			o = LOOK_ABORT;
			unlock
		};
		if
		:: !o -> target = 0; goto destroy
		:: else -> o = 0
		fi };
		run_garbage();
		goto suspect
	fi;

arrive: /* capipc_arrival_finish() */
	if
	:: atomic { true -> pick(message, o); FINISH_EARLY; d_step { hold(o) } }
#ifdef CONFINE
	:: atomic { true ->
		pick(message, o);
		d_step {
			hands[me] = without(hands[me], o);
			message = without(message, o);
			close(me, o);
			o = 0;
			unlock
		} }
#endif
	fi;
	if
	:: atomic { message -> goto arrive }
	:: atomic { !message }
	fi;
#if defined(CONFINE) && !defined(BUG_REFUSED_STAYS)
	run_garbage();
#endif
receive_finish: /* capipc_receive_finish() */
	atomic { true ->
		receiving = without(receiving, target);
		if
		:: LOOK_FINISH -> goto suspect
		:: else -> end_operation(); goto end_idle
		fi };

suspect: /* capipc_collect_suspect(): suspected, and if that is new, the list */
	atomic { true ->
		if
		:: !in(target, suspected) -> suspected = suspected | bit(target)
		:: else -> end_operation(); goto end_idle
		fi };
	atomic { true ->
		suspects = suspects | bit(target);
		end_operation();
		goto end_idle };

#ifdef REPLY
answer: /* capipc_transaction_answer() */
	if
	:: atomic { !in(target - REPLIES, dead) && !in(target, receiving) && !queue[target] ->
		d_step {
			queue[target] = message;
			hands[me] = 0;
			unlock
		};
		goto answered }
	:: atomic { true -> target = 0; goto restore }
	fi;
answered: /* capipc_transfer_depart() */
	atomic { true ->
		pick(message, o);
		d_step {
			depart(o, REPLY_CONTAINER);
			message = without(message, o);
			o = 0;
			unlock
		};
		if
		:: message -> goto answered
		:: else -> end_operation(); goto end_idle
		fi };

take_reply: /* the caller's other threads cannot come in between */
	if
	:: atomic { true -> /* capipc_call_park() */
		d_step {
			receiving = without(receiving, target);
			queue[target] = message;
			hands[me] = 0;
			unlock
		};
		end_operation();
		goto end_idle }
	:: atomic { true -> /* capipc_transaction_abandon() */
		d_step {
			receiving = without(receiving, target);
			garbage[me] = message;
			hands[me] = 0;
			message = 0;
			target = 0;
			unlock
		};
		goto destroy }
	:: atomic { true ->
		receiving = without(receiving, target);
		target = 0;
		goto restore }
	fi;
#endif

#ifdef INVITE
invite: /* capipc_invitation_publish() */
	if
	:: atomic { true -> goto inviting }
	:: atomic { true -> goto restore }
	fi;
inviting: /* capipc_invitation_open(): capipc_transfer_depart() */
	atomic { true ->
		pick(message, o);
		d_step {
			depart(o, NOBODY);
			message = without(message, o);
			o = 0;
			unlock
		};
		if
		:: message -> goto inviting
		:: else
		fi };
	atomic { true -> /* capipc_invitation_open(), too: it can be accepted */
		d_step {
			message = hands[me];
			queue[REPLIES + mine] = queue[REPLIES + mine] | message;
			bind(message);
			hands[me] = 0;
			unlock
		};
		end_operation();
		goto end_idle };
#endif

#ifdef CONNECT
connect: /* capipc_listener_enqueue() */
	if
	:: atomic { place[target] != CLOSED ->
		d_step {
			queue[target] = queue[target] | bit(OBJECTS - 1);
			hands[me] = 0;
			target = 0;
			unlock
		} }
	:: atomic { true ->
		d_step {
			garbage[me] = bit(OBJECTS - 1);
			hands[me] = 0;
			target = 0;
			unconnected = 0;
			unlock
		};
		goto destroy }
	fi;
	atomic { true -> unconnected = 0; end_operation(); goto end_idle };
#endif

destroy: /* capipc_garbage_run() */
	if
	:: atomic { garbage[me] ->
		pick(garbage[me], o);
		d_step { close(me, o); o = 0; unlock };
		goto destroy }
	:: atomic { !garbage[me] -> end_operation(); goto end_idle }
	fi;

#ifndef NO_DEATH
dismantle: /* capipc_context_dismantle() */
	if
	:: atomic { garbage[me] ->
		pick(garbage[me], o);
		d_step { close(me, o); o = 0; unlock };
		goto dismantle }
	:: atomic { !garbage[me] && (table[mine] || OWED) ->
		if
		:: table[mine] ->
			pick(table[mine], o);
			table[mine] = without(table[mine], o);
			d_step { close(me, o); o = 0; unlock }
		:: OWED ->
			d_step {
				garbage[me] = queue[REPLIES + mine];
				queue[REPLIES + mine] = 0;
				unlock
			}
		fi;
		goto dismantle }
	:: atomic { !garbage[me] && !table[mine] && !OWED ->
		end_operation();
		goto end_dead }
	fi;
#endif
end_dead:
	false
}
