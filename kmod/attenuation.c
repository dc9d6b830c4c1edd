// SPDX-License-Identifier: GPL-2.0
/*
 * Attenuations: see attenuation.h.
 *
 * An attenuation is a sorted list of ranges, which never changes. Setting one
 * more replaces the list by what both have in common.
 */
#include <linux/overflow.h>
#include <linux/uaccess.h>

#include "account.h"
#include "attenuation.h"
#include "context.h"
#include "ioctl.h"
#include "object.h"
#include "pipe.h"
#include "table.h"

/**
 * struct capipc_attenuation - ordinals that may be sent; invariant but for @refs
 * @refs: the endpoint has one, who looks at it without the lock another one
 * @account: pays for it
 * @charge: bytes
 * @count: number of ranges; none allows nothing
 * @ranges: in ascending order, and none touches another
 */
struct capipc_attenuation {
	refcount_t refs;
	struct capipc_account *account;
	size_t charge;
	u32 count;
	struct capipc_range ranges[] __counted_by(count);
};

/**
 * capipc_attenuation_allows - may this be sent?
 * @attenuation: what restricts it, or NULL
 * @ordinal: the method
 */
bool capipc_attenuation_allows(const struct capipc_attenuation *attenuation, u32 ordinal)
{
	u32 low = 0, high, middle;

	if (!attenuation)
		return true;
	high = attenuation->count;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (ordinal > attenuation->ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < attenuation->count && ordinal >= attenuation->ranges[low].first;
}

/* @attenuation may be NULL. */
struct capipc_attenuation *capipc_attenuation_get(struct capipc_attenuation *attenuation)
{
	if (attenuation)
		refcount_inc(&attenuation->refs);
	return attenuation;
}

/* @attenuation may be NULL. */
void capipc_attenuation_put(struct capipc_attenuation *attenuation)
{
	if (!attenuation || !refcount_dec_and_test(&attenuation->refs))
		return;
	capipc_account_uncharge(attenuation->account, CAPIPC_BYTES, attenuation->charge);
	kvfree(attenuation);
}

static struct capipc_attenuation *capipc_attenuation_alloc(struct capipc_context *context,
							   u32 count)
{
	struct capipc_attenuation *attenuation;
	size_t size = struct_size(attenuation, ranges, count);
	int ret = capipc_account_charge(context->account, CAPIPC_BYTES, size);

	if (ret)
		return ERR_PTR(ret);
	attenuation = kvzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!attenuation) {
		capipc_account_uncharge(context->account, CAPIPC_BYTES, size);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&attenuation->refs, 1);
	attenuation->account = context->account;
	attenuation->charge = size;
	attenuation->count = count;
	return attenuation;
}

static struct capipc_attenuation *capipc_attenuation_copy(struct capipc_context *context,
							  const struct capipc_attenuate *arg)
{
	struct capipc_attenuation *new;
	struct capipc_range *range;
	u32 i;

	if (arg->ranges_count > CAPIPC_RANGES_MAX)
		return ERR_PTR(-EINVAL);
	new = capipc_attenuation_alloc(context, arg->ranges_count);
	if (IS_ERR(new))
		return new;
	if (copy_from_user(new->ranges, u64_to_user_ptr(arg->ranges),
			   array_size(arg->ranges_count, sizeof(new->ranges[0])))) {
		capipc_attenuation_put(new);
		return ERR_PTR(-EFAULT);
	}
	for (i = 0; i < new->count; i++) {
		range = &new->ranges[i];
		if (range->first > range->last || (i && range->first <= range[-1].last)) {
			capipc_attenuation_put(new);
			return ERR_PTR(-EINVAL);
		}
	}
	return new;
}

/* Ranges that @a and @b have in common, into @out unless that is NULL. */
static u32 capipc_attenuation_meet(const struct capipc_attenuation *a,
				   const struct capipc_attenuation *b, struct capipc_range *out)
{
	u32 i = 0, j = 0, n = 0, first, last;

	while (i < a->count && j < b->count) {
		first = max(a->ranges[i].first, b->ranges[j].first);
		last = min(a->ranges[i].last, b->ranges[j].last);
		if (first <= last) {
			if (out)
				out[n] = (struct capipc_range) { .first = first, .last = last };
			n++;
		}
		if (a->ranges[i].last < b->ranges[j].last)
			i++;
		else
			j++;
	}
	return n;
}

/**
 * capipc_attenuation_both - what two of them let through
 * @context: who pays for it
 * @a: one, or NULL for all
 * @b: the other one, likewise
 *
 * Return: with a reference; NULL for all, or -EMLINK, -EDQUOT, -ENOMEM.
 */
struct capipc_attenuation *capipc_attenuation_both(struct capipc_context *context,
						   struct capipc_attenuation *a,
						   struct capipc_attenuation *b)
{
	struct capipc_attenuation *both;
	u32 count;

	if (!a || !b || a == b)
		return capipc_attenuation_get(a ?: b);
	count = capipc_attenuation_meet(a, b, NULL);
	if (count > CAPIPC_RANGES_MAX)
		return ERR_PTR(-EMLINK);
	both = capipc_attenuation_alloc(context, count);
	if (!IS_ERR(both))
		capipc_attenuation_meet(a, b, both->ranges);
	return both;
}

/* Set @new in place of @old, unless a fuse has set something else meanwhile. */
static bool capipc_attenuation_set(struct capipc_endpoint *endpoint,
				   struct capipc_attenuation *old,
				   struct capipc_attenuation *new)
{
	bool set;

	capipc_object_lock(&endpoint->object);
	set = endpoint->attenuation == old;
	if (set) {
		endpoint->attenuation = capipc_attenuation_get(new);
		endpoint->verdict_count = 0;
		endpoint->verdict_next = 0;
	}
	capipc_object_unlock(&endpoint->object);
	if (set)
		capipc_attenuation_put(old);
	return set;
}

/*
 * Set @wanted on top of what is there. That is changed by nobody else, since the handle
 * is marked as moving, but by who fuses the other end of the pipe.
 */
static int capipc_attenuate(struct capipc_context *context, struct capipc_endpoint *endpoint,
			    struct capipc_attenuation *wanted)
{
	struct capipc_attenuation *old, *new;
	bool set;

	do {
		capipc_object_lock(&endpoint->object);
		old = capipc_attenuation_get(endpoint->attenuation);
		capipc_object_unlock(&endpoint->object);
		new = capipc_attenuation_both(context, old, wanted);
		if (IS_ERR(new)) {
			capipc_attenuation_put(old);
			return new == ERR_PTR(-EMLINK) ? -EINVAL : PTR_ERR(new);
		}
		set = capipc_attenuation_set(endpoint, old, new);
		capipc_attenuation_put(new);
		capipc_attenuation_put(old);
	} while (!set);
	return 0;
}

int capipc_ioctl_attenuate(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_attenuate *arg = &request->argument.attenuate;
	struct capipc_attenuation *wanted;
	struct capipc_handle handle;
	LIST_HEAD(garbage);
	int ret;

	if (arg->flags)
		return -EINVAL;
	wanted = capipc_attenuation_copy(context, arg);
	if (IS_ERR(wanted))
		return PTR_ERR(wanted);
	ret = capipc_table_move_begin(&context->table, arg->handle, 0, BIT(CAPIPC_KIND_ENDPOINT),
				      &handle);
	if (!ret) {
		ret = capipc_attenuate(context, capipc_endpoint(handle.object), wanted);
		if (!capipc_table_move_abort(&context->table, arg->handle)) {
			capipc_handle_close(&handle, false, &garbage);
			capipc_garbage_run(&garbage);
		}
	}
	capipc_attenuation_put(wanted);
	return ret;
}
