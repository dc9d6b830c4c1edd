// SPDX-License-Identifier: GPL-2.0
/*
 * Fusing: see fuse.h. The two endpoints that are fused are the *near* ends here, their
 * peers the *far* ends. Each far end *succeeds* the near end of the other pipe.
 */
#include <linux/sched/signal.h>

#include "attenuation.h"
#include "audit.h"
#include "bundle.h"
#include "collect.h"
#include "context.h"
#include "fuse.h"
#include "ident.h"
#include "ioctl.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "roster.h"
#include "rule.h"
#include "table.h"
#include "trace.h"
#include "transaction.h"

/* Messages that are judged under the locks at a time. */
#define CAPIPC_FUSE_BATCH	64U
static_assert(CAPIPC_FUSE_BATCH >= CAPIPC_BATCH_MAX);
/* Pipes in one: their memory is kept until all of it is free. */
#define CAPIPC_FUSED_MAX	256U

#define CAPIPC_FUSE_RIGHTS							\
	(CAPIPC_RIGHT_READ | CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER)

/**
 * struct capipc_fusing - a fuse on its way, on the stack of its thread
 * @context: of who fuses
 * @near: the endpoints that are fused; their handles are marked as moving
 * @far: their peers, as of the last time that the locks were held
 * @guard: what is locked; twice the same if the two share it
 * @marked: the near ends are marked as being received from
 * @near_only: attenuations of the near ends when @both was found
 * @far_only: of the far ends, likewise
 * @both: attenuations that the far ends will have
 * @lost_id: number of the pipe that is no more
 * @garbage: messages that nobody will receive
 * @origin: former origins of the far ends
 * @denied: which near end had a message that may not move
 * @sender: who sent that
 * @sender_changed: %CAPIPC_STAMP_CHANGED, if it had moved
 * @ordinal: its method
 */
struct capipc_fusing {
	struct capipc_context *context;
	struct capipc_endpoint *near[2];
	struct capipc_endpoint *far[2];
	struct capipc_guard *guard[2];
	bool marked;
	struct capipc_attenuation *near_only[2];
	struct capipc_attenuation *far_only[2];
	struct capipc_attenuation *both[2];
	u64 lost_id;
	struct list_head garbage;
	struct capipc_ident *origin[2];
	int denied;
	struct capipc_ident *sender;
	bool sender_changed;
	u32 ordinal;
};

/* Take both locks, the lower address first. */
static void capipc_fuse_lock(struct capipc_fusing *fuse)
	__acquires(fuse->guard[0]->lock)
	__acquires(fuse->guard[1]->lock)
{
	struct capipc_guard *low, *high;

	for (;;) {
		low = capipc_object_guard(&fuse->near[0]->object);
		high = capipc_object_guard(&fuse->near[1]->object);
		if (low > high)
			swap(low, high);
		spin_lock(&low->lock);
		if (low != high)
			spin_lock_nested(&high->lock, SINGLE_DEPTH_NESTING);
		else
			__acquire(high->lock);
		fuse->guard[0] = low;
		fuse->guard[1] = high;
		/* Who has set an heir has told the near end, under the same locks. */
		if (!low->heir && !high->heir)
			return;
		if (low != high)
			spin_unlock(&high->lock);
		else
			__release(high->lock);
		spin_unlock(&low->lock);
	}
}

static void capipc_fuse_unlock(struct capipc_fusing *fuse)
	__releases(fuse->guard[0]->lock)
	__releases(fuse->guard[1]->lock)
{
	if (fuse->guard[0] != fuse->guard[1])
		spin_unlock(&fuse->guard[1]->lock);
	else
		__release(fuse->guard[1]->lock);
	spin_unlock(&fuse->guard[0]->lock);
}

static void capipc_fuse_forget(struct capipc_fusing *fuse)
{
	int i;

	for (i = 0; i < 2; i++) {
		capipc_attenuation_put(fuse->near_only[i]);
		capipc_attenuation_put(fuse->far_only[i]);
		capipc_attenuation_put(fuse->both[i]);
		fuse->near_only[i] = NULL;
		fuse->far_only[i] = NULL;
		fuse->both[i] = NULL;
	}
}

/*
 * Find out what each far end may send afterwards: what it may send now, as far as the
 * other near end lets it through.
 */
static int capipc_fuse_prepare(struct capipc_fusing *fuse)
{
	struct capipc_attenuation *both;
	int i;

	capipc_fuse_forget(fuse);
	for (i = 0; i < 2; i++) {
		struct capipc_endpoint *near = fuse->near[i];

		capipc_object_lock(&near->object);
		fuse->near_only[i] = capipc_attenuation_get(near->attenuation);
		fuse->far_only[i] = capipc_attenuation_get(near->peer->attenuation);
		capipc_object_unlock(&near->object);
	}
	for (i = 0; i < 2; i++) {
		both = capipc_attenuation_both(fuse->context, fuse->far_only[i],
					       fuse->near_only[!i]);
		if (IS_ERR(both))
			return PTR_ERR(both);
		fuse->both[i] = both;
	}
	return 0;
}

/* Are they still what capipc_fuse_prepare() saw? */
static bool capipc_fuse_prepared_locked(const struct capipc_fusing *fuse)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (fuse->near[i]->attenuation != fuse->near_only[i] ||
		    fuse->far[i]->attenuation != fuse->far_only[i])
			return false;
	}
	return true;
}

static bool capipc_inherits(const struct capipc_endpoint *endpoint,
			    const struct capipc_inherited *what)
{
	u32 i;

	if (endpoint->rules == what->rules && endpoint->facet == what->facet)
		return true;
	for (i = 0; i < endpoint->inherited_count; i++) {
		if (endpoint->inherited[i].rules == what->rules &&
		    endpoint->inherited[i].facet == what->facet)
			return true;
	}
	return false;
}

/*
 * Let an endpoint inherit the rules of another one, or if @dry see whether there is
 * room. The same rules twice are once.
 */
static bool capipc_inherit_locked(struct capipc_endpoint *to, const struct capipc_endpoint *from,
				  bool dry)
{
	struct capipc_inherited own = { .rules = from->rules, .facet = from->facet };
	const struct capipc_inherited *what;
	u32 room = CAPIPC_INHERITED_MAX - to->inherited_count, i;

	for (i = 0; i <= from->inherited_count; i++) {
		what = i < from->inherited_count ? &from->inherited[i] : &own;
		if (!what->rules || capipc_inherits(to, what))
			continue;
		if (!room--)
			return false;
		if (dry)
			continue;
		to->inherited[to->inherited_count] = *what;
		capipc_ruleset_get(what->rules);
		to->inherited_count++;
	}
	return true;
}

/* Is another thread sending through it? Room for what it sends is taken already. */
static bool capipc_fuse_sending_locked(const struct capipc_endpoint *near)
{
	const struct capipc_endpoint *far = near->peer;
	u32 there = far->object.queued + far->in_hand;

	return far->object.place != CAPIPC_PLACE_CLOSED && far->window_messages != there;
}

/* Would it be in its own queue, or in that of its peer? */
static bool capipc_fuse_is_loop_locked(const struct capipc_fusing *fuse,
				       const struct capipc_endpoint *far)
{
	const struct capipc_object *inside = capipc_object_inside(&far->object);
	int i;

	for (i = 0; i < 2 && inside; i++) {
		if (inside == &fuse->near[i]->object || inside == &fuse->near[i]->peer->object)
			return true;
	}
	return false;
}

/* May these two be fused? */
static int capipc_fuse_check_locked(struct capipc_fusing *fuse)
{
	u32 count = 0;
	int i;

	if (fuse->near[0]->peer == fuse->near[1])
		return -ELOOP;
	for (i = 0; i < 2; i++) {
		struct capipc_endpoint *near = fuse->near[i];
		struct capipc_pipe *pipe = capipc_endpoint_pipe(near);

		if (near->confinement)
			return -EPERM;
		if (pipe->cut)
			return -EPIPE;
		if ((near->object.receiving && !fuse->marked) || capipc_fuse_sending_locked(near))
			return -EBUSY;
		if (capipc_fuse_is_loop_locked(fuse, near->peer))
			return -ELOOP;
		if (!capipc_inherit_locked(fuse->near[!i]->peer, near, true))
			return -EMLINK;
		count += 1 + pipe->fused_count;
	}
	return count > CAPIPC_FUSED_MAX ? -EMLINK : 0;
}

/* Nobody receives from it any more; nothing that is queued has been judged yet. */
static void capipc_fuse_mark_locked(struct capipc_endpoint *near)
{
	struct capipc_message *message;

	near->object.receiving = true;
	near->fusing = true;
	capipc_object_update_ready_locked(&near->object);
	list_for_each_entry(message, &near->object.queue, link)
		message->judged = false;
}

static void capipc_fuse_unmark(struct capipc_endpoint *near)
{
	capipc_object_lock(&near->object);
	near->object.receiving = false;
	near->fusing = false;
	capipc_object_update_ready_locked(&near->object);
	capipc_object_unlock(&near->object);
}

/* For who succeeds @near: is @sender not who connected? */
static bool capipc_fuse_changed(const struct capipc_endpoint *near,
				const struct capipc_ident *sender)
{
	return near->origin && !capipc_ident_same(near->origin, sender);
}

/* Could a message have been sent through that endpoint? Each one of it, if it is a bundle. */
static bool capipc_fuse_judge_message_locked(struct capipc_fusing *fuse, int i,
					     const struct capipc_message *message)
{
	struct capipc_endpoint *through = fuse->near[!i];
	bool changed = capipc_fuse_changed(through, message->sender);
	u32 n, ordinal = 0;

	for (n = 0; n < message->count; n++) {
		u32 before = ordinal;

		ordinal = capipc_message_nth(message, n).ordinal;
		if (n && ordinal == before)
			continue;
		if (capipc_rule_judge_locked(through, message->sender, changed, ordinal))
			continue;
		fuse->denied = i;
		fuse->sender = capipc_ident_get(message->sender);
		fuse->sender_changed = changed;
		fuse->ordinal = ordinal;
		return false;
	}
	return true;
}

/*
 * Could what is queued in a near end have been sent through the other one? -EAGAIN: there
 * is more to be judged.
 */
static int capipc_fuse_judge_locked(struct capipc_fusing *fuse, int i, u32 *budget)
{
	struct capipc_endpoint *through = fuse->near[!i];
	const struct capipc_endpoint *to = fuse->far[!i];
	struct capipc_message *message;

	if (to->object.place == CAPIPC_PLACE_CLOSED ||
	    (!through->attenuation && !to->rules && !to->inherited_count))
		return 0;
	list_for_each_entry(message, &fuse->near[i]->object.queue, link) {
		if (message->judged)
			continue;
		if (*budget < message->count)
			return -EAGAIN;
		*budget -= message->count;
		if (!capipc_fuse_judge_message_locked(fuse, i, message))
			return -EACCES;
		message->judged = true;
	}
	return 0;
}

/* What waits to be received moves on, and what is counted for it. */
static void capipc_fuse_queue_locked(struct capipc_fusing *fuse, struct capipc_endpoint *near,
				     struct capipc_endpoint *to)
{
	struct capipc_message *message;

	list_for_each_entry(message, &near->object.queue, link) {
		message->sender_changed = capipc_fuse_changed(to->peer, message->sender);
		if (message->transaction) {
			message->transaction->sender_changed = message->sender_changed;
			message->transaction->target = to;
		}
	}
	if (to->object.place == CAPIPC_PLACE_CLOSED)
		capipc_object_splice_queue_locked(&near->object, &fuse->garbage);
	else
		capipc_object_move_queue_locked(&near->object, &to->object);
	list_splice_tail_init(&near->calls, &to->calls);
	to->window_bytes += near->window_bytes;
	to->window_messages += near->window_messages;
	near->window_bytes = 0;
	near->window_messages = 0;
}

/* A far end succeeds the near end of the other pipe. */
static void capipc_fuse_end_locked(struct capipc_fusing *fuse, int i)
{
	struct capipc_endpoint *near = fuse->near[!i], *far = fuse->far[i];

	capipc_fuse_queue_locked(fuse, near, far);
	fuse->origin[i] = far->origin;
	far->origin = near->origin ? capipc_ident_get(near->origin) : NULL;
	far->clause = near->clause;
	far->ident_changed = far->origin && far->ident &&
			     !capipc_ident_same(far->origin, far->ident);
	far->verdict_count = 0;
	far->verdict_next = 0;
	/* The references that were there stay with @fuse, and the other way round. */
	swap(far->attenuation, fuse->both[i]);
	near->attenuation = NULL;
	if (far->object.place != CAPIPC_PLACE_CLOSED)
		capipc_inherit_locked(far, near, false);
	near->fusing = false;
	capipc_object_fuse_locked(&near->object, &far->object);
	wake_up_all(&near->window);
}

/* From here on nothing can fail. */
static void capipc_fuse_commit_locked(struct capipc_fusing *fuse)
{
	struct capipc_pipe *kept = capipc_endpoint_pipe(fuse->near[0]);
	struct capipc_pipe *lost = capipc_endpoint_pipe(fuse->near[1]);
	struct capipc_endpoint **far = fuse->far;
	int i;

	for (i = 0; i < 2; i++)
		capipc_fuse_end_locked(fuse, i);
	for (i = 0; i < 2; i++) {
		/* What the near ends had is not needed; this is not the last reference. */
		capipc_attenuation_put(fuse->near_only[i]);
		WRITE_ONCE(far[i]->peer, far[!i]);
	}
	far[1]->index = fuse->near[0]->index;
	WRITE_ONCE(kept->end[far[1]->index], far[1]);
	WRITE_ONCE(far[1]->object.lock, &kept->guard.lock);
	WRITE_ONCE(fuse->near[1]->object.lock, &kept->guard.lock);

	refcount_inc(&kept->refs);
	lost->account = fuse->context->account;
	lost->guard.heir = &kept->guard;
	list_splice_init(&lost->fused, &kept->fused);
	list_add(&lost->fused_link, &kept->fused);
	kept->fused_count += lost->fused_count + 1;

	for (i = 0; i < 2; i++) {
		capipc_endpoint_news_locked(far[i], CAPIPC_TAG_PEER_CHANGED);
		capipc_object_update_ready_locked(&far[i]->object);
	}
	fuse->lost_id = lost->id;
	trace_capipc_fuse(fuse->context, kept->id, lost->id);
}

/* -EAGAIN: not yet. */
static int capipc_fuse_try_locked(struct capipc_fusing *fuse)
{
	u32 budget = CAPIPC_FUSE_BATCH;
	int ret = capipc_fuse_check_locked(fuse), i;

	if (ret)
		return ret;
	for (i = 0; i < 2; i++) {
		/* What was judged was judged by the rules of the far ends. */
		if (!fuse->marked || fuse->far[!i] != fuse->near[!i]->peer)
			capipc_fuse_mark_locked(fuse->near[i]);
	}
	fuse->marked = true;
	for (i = 0; i < 2; i++)
		fuse->far[i] = fuse->near[i]->peer;
	if (!capipc_fuse_prepared_locked(fuse))
		return -EAGAIN;
	for (i = 0; i < 2 && !ret; i++)
		ret = capipc_fuse_judge_locked(fuse, i, &budget);
	if (!ret)
		capipc_fuse_commit_locked(fuse);
	return ret;
}

/* Is the far end in flight, and may it be so in itself now? With a reference to its pipe. */
static void capipc_fuse_suspect(struct capipc_object *far)
{
	bool suspect;

	capipc_object_lock(far);
	suspect = far->place == CAPIPC_PLACE_IN_FLIGHT;
	if (suspect)
		capipc_object_get(far);
	capipc_object_unlock(far);
	if (suspect) {
		capipc_collect_suspect(far);
		capipc_object_put(far);
	}
}

static int capipc_fuse(struct capipc_fusing *fuse)
{
	struct capipc_account *account = fuse->context->account;
	int ret = capipc_account_charge(account, CAPIPC_BYTES, sizeof(struct capipc_pipe)), i;

	if (ret)
		return ret;
	do {
		ret = capipc_fuse_prepare(fuse);
		if (ret)
			break;
		capipc_fuse_lock(fuse);
		ret = capipc_fuse_try_locked(fuse);
		capipc_fuse_unlock(fuse);
		/* The far ends are attenuated, or fused, again and again. */
		if (ret == -EAGAIN && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	} while (ret == -EAGAIN);
	capipc_fuse_forget(fuse);
	if (!ret)
		return 0;

	for (i = 0; fuse->marked && i < 2; i++)
		capipc_fuse_unmark(fuse->near[i]);
	if (ret == -EACCES) {
		capipc_audit_fuse(fuse->context, fuse->near[!fuse->denied], fuse->sender,
				  fuse->sender_changed, fuse->ordinal);
		capipc_ident_put(fuse->sender);
	}
	capipc_account_uncharge(account, CAPIPC_BYTES, sizeof(struct capipc_pipe));
	return ret;
}

/* What is left to do: the handles are gone, and the near ends with them. */
static void capipc_fuse_finish(struct capipc_fusing *fuse, const u32 *handles)
{
	int i;

	capipc_roster_leave(fuse->lost_id);
	capipc_garbage_run(&fuse->garbage);
	for (i = 0; i < 2; i++) {
		capipc_fuse_suspect(&fuse->far[i]->object);
		capipc_ident_put(fuse->origin[i]);
		capipc_table_abort(&fuse->context->table, handles[i]);
	}
	for (i = 0; i < 2; i++) {
		capipc_endpoint_drop_rules(fuse->near[i]);
		capipc_object_put(&fuse->near[i]->object);
	}
}

/* The handle is as it was. */
static void capipc_fuse_restore(struct capipc_context *context, u32 value,
				const struct capipc_handle *handle)
{
	LIST_HEAD(garbage);

	if (!capipc_table_move_abort(&context->table, value)) {
		capipc_handle_close(handle, false, &garbage);
		capipc_garbage_run(&garbage);
	}
}

int capipc_ioctl_fuse(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_fuse *arg = &request->argument.fuse;
	struct capipc_fusing fuse = {
		.context = context,
		.garbage = LIST_HEAD_INIT(fuse.garbage),
	};
	struct capipc_handle what[2];
	int ret, i, n;

	if (arg->flags || arg->handle[0] == arg->handle[1])
		return -EINVAL;
	for (n = 0; n < 2; n++) {
		ret = capipc_table_move_begin(&context->table, arg->handle[n], CAPIPC_FUSE_RIGHTS,
					      BIT(CAPIPC_KIND_ENDPOINT), &what[n]);
		if (ret)
			goto err_restore;
		fuse.near[n] = capipc_endpoint(what[n].object);
	}
	ret = capipc_fuse(&fuse);
	if (ret)
		goto err_restore;
	capipc_fuse_finish(&fuse, arg->handle);
	return 0;

err_restore:
	for (i = 0; i < n; i++)
		capipc_fuse_restore(context, arg->handle[i], &what[i]);
	return ret;
}
