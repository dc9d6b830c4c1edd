// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of the handles that contexts have: see dump.h.
 *
 * The lock of a table is taken for one handle at a time.
 */
#include <linux/sched.h>
#include <net/sock.h>

#include "context.h"
#include "data_pipe.h"
#include "dump.h"
#include "invitation.h"
#include "listener.h"
#include "memory.h"
#include "netlink.h"
#include "object.h"
#include "pipe.h"
#include "table.h"

const struct nla_policy capipc_handle_policy[CAPIPC_HANDLE_A_CONTEXT + 1] = {
	[CAPIPC_HANDLE_A_CONTEXT] = NLA_POLICY_MIN(NLA_U64, 1),
};

/* Where the other end of a pipe is. */
struct capipc_peer {
	u32 state;
	u64 context;
	u64 inside;
};

/* @object: the other end; both ends have one lock */
static void capipc_peer_find_locked(struct capipc_object *object, bool closed,
				    const struct capipc_viewer *viewer, struct capipc_peer *peer)
{
	struct capipc_object *container = capipc_object_inside(object);

	lockdep_assert_held(object->lock);
	memset(peer, 0, sizeof(*peer));
	if (closed) {
		peer->state = CAPIPC_PEER_CLOSED;
	} else if (object->place == CAPIPC_PLACE_HELD) {
		peer->state = CAPIPC_PEER_HELD;
		peer->context = object->owner->id;
	} else {
		peer->state = CAPIPC_PEER_IN_FLIGHT;
		rcu_read_lock();
		if (container && capipc_viewer_sees_object(viewer, container))
			peer->inside = capipc_object_id(container);
		rcu_read_unlock();
	}
}

/* Has the object left this context since its handle was looked up? */
static bool capipc_object_left_locked(const struct capipc_object *object,
				      const struct capipc_context *context)
{
	lockdep_assert_held(object->lock);
	return capipc_object_is_away(object) || object->place == CAPIPC_PLACE_FUSED ||
	       (object->place == CAPIPC_PLACE_HELD && object->owner != context);
}

static int capipc_handle_put_peer(struct sk_buff *skb, const struct capipc_peer *peer)
{
	if (nla_put_u32(skb, CAPIPC_HANDLE_A_PEER, peer->state))
		return -EMSGSIZE;
	if (peer->context && nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_PEER_CONTEXT, peer->context,
					       CAPIPC_HANDLE_A_PAD))
		return -EMSGSIZE;
	if (peer->inside && nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_PEER_INSIDE, peer->inside,
					      CAPIPC_HANDLE_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static int capipc_handle_put_endpoint(struct sk_buff *skb, const struct capipc_viewer *viewer,
				      struct capipc_endpoint *endpoint)
{
	struct capipc_object *object = &endpoint->object;
	u32 queued, facet, index;
	struct capipc_peer peer;
	size_t bytes;
	bool rules;

	capipc_object_lock(object);
	queued = object->queued;
	index = endpoint->index;
	bytes = endpoint->window_bytes;
	facet = endpoint->facet;
	rules = endpoint->rules;
	capipc_peer_find_locked(&capipc_endpoint_peer(endpoint)->object,
				capipc_peer_closed_locked(endpoint), viewer, &peer);
	capipc_object_unlock(object);

	if (nla_put_u32(skb, CAPIPC_HANDLE_A_QUEUED, queued) ||
	    nla_put_u32(skb, CAPIPC_HANDLE_A_END, index) ||
	    nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_BYTES, bytes, CAPIPC_HANDLE_A_PAD) ||
	    nla_put_u32(skb, CAPIPC_HANDLE_A_FACET, facet))
		return -EMSGSIZE;
	if (rules && nla_put_flag(skb, CAPIPC_HANDLE_A_RULES))
		return -EMSGSIZE;
	return capipc_handle_put_peer(skb, &peer);
}

static int capipc_handle_put_data_end(struct sk_buff *skb, const struct capipc_viewer *viewer,
				      struct capipc_data_end *end)
{
	struct capipc_peer peer;

	capipc_object_lock(&end->object);
	capipc_peer_find_locked(&capipc_data_end_peer(end)->object,
				capipc_data_peer_closed_locked(end), viewer, &peer);
	capipc_object_unlock(&end->object);

	return nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_BYTES, capipc_data_end_pipe(end)->bytes,
				 CAPIPC_HANDLE_A_PAD) ?:
	       capipc_handle_put_peer(skb, &peer);
}

static int capipc_handle_put_queued(struct sk_buff *skb, struct capipc_object *object)
{
	u32 queued;

	capipc_object_lock(object);
	queued = object->queued;
	capipc_object_unlock(object);
	return nla_put_u32(skb, CAPIPC_HANDLE_A_QUEUED, queued);
}

static int capipc_handle_put_listener(struct sk_buff *skb, struct capipc_listener *listener)
{
	return capipc_handle_put_queued(skb, &listener->object) ?:
	       nla_put_u32(skb, CAPIPC_HANDLE_A_BACKLOG, listener->backlog) ?:
	       capipc_netlink_put_text(skb, CAPIPC_HANDLE_A_NAME, listener->name,
				       listener->name_len);
}

static int capipc_handle_put_buffer(struct sk_buff *skb, const struct capipc_memory *memory)
{
	return nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_OBJECT, memory->id, CAPIPC_HANDLE_A_PAD) ?:
	       nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_BYTES, capipc_memory_size(memory),
				 CAPIPC_HANDLE_A_PAD);
}

static int capipc_handle_put_attrs(struct sk_buff *skb, const struct capipc_viewer *viewer,
				   const struct capipc_context *context,
				   const struct capipc_handle *handle, u32 value)
{
	if (nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_CONTEXT, context->id, CAPIPC_HANDLE_A_PAD) ||
	    nla_put_u32(skb, CAPIPC_HANDLE_A_HANDLE, value) ||
	    nla_put_u32(skb, CAPIPC_HANDLE_A_KIND, handle->kind) ||
	    nla_put_u32(skb, CAPIPC_HANDLE_A_RIGHTS, handle->rights))
		return -EMSGSIZE;
	if (handle->kind == CAPIPC_KIND_BUFFER)
		return capipc_handle_put_buffer(skb, handle->memory);
	if (!capipc_handle_is_object(handle))
		return 0;
	if (nla_put_u64_64bit(skb, CAPIPC_HANDLE_A_OBJECT, capipc_object_id(handle->object),
			      CAPIPC_HANDLE_A_PAD))
		return -EMSGSIZE;
	if (handle->kind == CAPIPC_KIND_LISTENER)
		return capipc_handle_put_listener(skb, capipc_listener(handle->object));
	if (handle->kind == CAPIPC_KIND_INVITATION)
		return capipc_handle_put_queued(skb, handle->object);
	if (capipc_kind_is_data_end(handle->kind))
		return capipc_handle_put_data_end(skb, viewer, capipc_data_end(handle->object));
	return capipc_handle_put_endpoint(skb, viewer, capipc_endpoint(handle->object));
}

static int capipc_handle_fill(struct sk_buff *skb, struct netlink_callback *cb,
			      const struct capipc_context *context,
			      const struct capipc_handle *handle, u32 value)
{
	bool left = false;
	void *header;

	if (capipc_handle_is_object(handle)) {
		capipc_object_lock(handle->object);
		left = capipc_object_left_locked(handle->object, context);
		capipc_object_unlock(handle->object);
	}
	if (left)
		return 0;
	header = capipc_dump_header(skb, cb, CAPIPC_CMD_GET_HANDLE);
	if (!header)
		return -EMSGSIZE;
	return capipc_dump_end(skb, header,
			       capipc_handle_put_attrs(skb, &capipc_dump(cb)->viewer, context,
						       handle, value));
}

static int capipc_dump_fill_handles(struct sk_buff *skb, struct netlink_callback *cb,
				    struct capipc_context *context)
{
	struct capipc_dump *dump = capipc_dump(cb);
	u32 cursor = dump->cursor;
	struct capipc_handle handle;
	u32 value;
	int ret;

	while (capipc_table_next(&context->table, &cursor, &handle, &value)) {
		ret = capipc_handle_fill(skb, cb, context, &handle, value);
		capipc_handle_put(&handle);
		if (ret)
			return ret;
		dump->cursor = cursor;
		cond_resched();
	}
	return 0;
}

int capipc_dump_handles(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *attrs[ARRAY_SIZE(capipc_handle_policy)];
	struct capipc_dump *dump = capipc_dump(cb);
	int ret;

	if (!dump->begun) {
		ret = genlmsg_parse(cb->nlh, &capipc_genl_family, attrs, ARRAY_SIZE(attrs) - 1,
				    capipc_handle_policy, cb->extack);
		if (ret)
			return ret;
		ret = capipc_dump_of_context(cb, attrs[CAPIPC_HANDLE_A_CONTEXT]);
		if (ret)
			return ret;
		capipc_dump_all_contexts(dump);
		if (dump->context) {
			dump->from = dump->context;
			dump->until = dump->context;
		}
	}
	return capipc_dump_each_context(skb, cb, capipc_dump_fill_handles);
}
