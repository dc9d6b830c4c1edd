// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of pipes and listeners: see dump.h.
 *
 * They are found by the roster, whoever has them and also in flight. What is told
 * of one is collected under its lock, then told without.
 */
#include <linux/sched.h>

#include "context.h"
#include "dump.h"
#include "listener.h"
#include "netlink.h"
#include "object.h"
#include "pipe.h"
#include "roster.h"
#include "rule.h"

const struct nla_policy capipc_pipe_policy[CAPIPC_PIPE_A_CONTEXT + 1] = {
	[CAPIPC_PIPE_A_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[CAPIPC_PIPE_A_CONTEXT] = NLA_POLICY_MIN(NLA_U64, 1),
};

const struct nla_policy capipc_listener_policy[CAPIPC_LISTENER_A_NAME + 1] = {
	[CAPIPC_LISTENER_A_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[CAPIPC_LISTENER_A_NAME] = { .type = NLA_NUL_STRING, .len = CAPIPC_NAME_MAX },
};

/**
 * struct capipc_whereabouts - where an endpoint or a listener is
 * @state: enum capipc_peer_state, 0 for one that is being made
 * @holder: who holds it
 * @handle: its handle there, if the viewer may see that context
 * @rights: of that handle
 * @inside: number of the object in whose queue it is, if the viewer may see that
 * @inside_end: which end, if that is a pipe
 * @queued: messages or connections to be received from it
 */
struct capipc_whereabouts {
	u32 state;
	struct capipc_holder holder;
	u32 handle;
	u32 rights;
	u64 inside;
	u32 inside_end;
	u32 queued;
};

static void capipc_whereabouts_find_locked(struct capipc_whereabouts *where,
					   const struct capipc_viewer *viewer,
					   struct capipc_object *object)
{
	struct capipc_object *container = capipc_object_inside(object);

	lockdep_assert_held(object->lock);
	memset(where, 0, sizeof(*where));
	where->queued = object->queued;
	switch (object->place) {
	case CAPIPC_PLACE_NEW:
		break;
	case CAPIPC_PLACE_HELD:
		where->state = CAPIPC_PEER_HELD;
		capipc_holder_find(&where->holder, viewer, object->owner);
		if (capipc_viewer_sees_context(viewer, object->owner)) {
			where->handle = object->handle;
			where->rights = object->rights;
		}
		break;
	case CAPIPC_PLACE_CLOSED:
	case CAPIPC_PLACE_FUSED:
		where->state = CAPIPC_PEER_CLOSED;
		break;
	default:
		where->state = CAPIPC_PEER_IN_FLIGHT;
		rcu_read_lock();
		if (container && capipc_viewer_sees_object(viewer, container)) {
			where->inside = capipc_object_id(container);
			if (container->kind == CAPIPC_KIND_ENDPOINT)
				where->inside_end = capipc_endpoint(container)->index;
		}
		rcu_read_unlock();
		break;
	}
}

/**
 * struct capipc_end - one end of a pipe, as a viewer is told
 * @where: where it is
 * @bytes: what waits to be received from it takes so much of its window
 * @facet: its facet
 * @rules: rules have been set on it
 */
struct capipc_end {
	struct capipc_whereabouts where;
	u64 bytes;
	u32 facet;
	bool rules;
};

static void capipc_end_find_locked(struct capipc_end *end, const struct capipc_viewer *viewer,
				   struct capipc_endpoint *endpoint)
{
	capipc_whereabouts_find_locked(&end->where, viewer, &endpoint->object);
	end->bytes = endpoint->window_bytes;
	end->facet = endpoint->facet;
	end->rules = endpoint->rules;
}

static int capipc_end_put(struct sk_buff *skb, const struct capipc_end *end, u32 index)
{
	struct nlattr *nest = nla_nest_start(skb, CAPIPC_PIPE_A_END);
	const struct capipc_whereabouts *where = &end->where;

	if (!nest || nla_put_u32(skb, CAPIPC_END_A_INDEX, index) ||
	    nla_put_u32(skb, CAPIPC_END_A_STATE, where->state) ||
	    nla_put_u32(skb, CAPIPC_END_A_QUEUED, where->queued) ||
	    nla_put_u64_64bit(skb, CAPIPC_END_A_BYTES, end->bytes, CAPIPC_END_A_PAD) ||
	    nla_put_u32(skb, CAPIPC_END_A_FACET, end->facet) ||
	    capipc_holder_put(skb, CAPIPC_END_A_HOLDER, &where->holder))
		return -EMSGSIZE;
	if (end->rules && nla_put_flag(skb, CAPIPC_END_A_RULES))
		return -EMSGSIZE;
	if (where->inside && (nla_put_u64_64bit(skb, CAPIPC_END_A_INSIDE, where->inside,
						CAPIPC_END_A_PAD) ||
			      nla_put_u32(skb, CAPIPC_END_A_INSIDE_END, where->inside_end)))
		return -EMSGSIZE;
	if (where->handle && (nla_put_u32(skb, CAPIPC_END_A_HANDLE, where->handle) ||
			      nla_put_u32(skb, CAPIPC_END_A_RIGHTS, where->rights)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/*
 * Tell about a pipe. -ENOENT: there is nothing to be told of it any more. It was
 * seen without its lock; with it, it may turn out to be somebody else's by now.
 */
static int capipc_pipe_put_attrs(struct sk_buff *skb, const struct capipc_viewer *viewer,
				 struct capipc_pipe *pipe)
{
	struct capipc_end end[2];
	bool seen, cut;
	int i;

	spin_lock(&pipe->guard.lock);
	rcu_read_lock();
	/* One that was fused into another goes by the number of that. */
	seen = !pipe->guard.heir && capipc_viewer_sees_object(viewer, &pipe->own[0].object);
	rcu_read_unlock();
	cut = pipe->cut;
	for (i = 0; seen && i < 2; i++)
		capipc_end_find_locked(&end[i], viewer, pipe->end[i]);
	spin_unlock(&pipe->guard.lock);

	if (!seen || (end[0].where.state == CAPIPC_PEER_CLOSED &&
		      end[1].where.state == CAPIPC_PEER_CLOSED) ||
	    !end[0].where.state || !end[1].where.state)
		return -ENOENT;
	if (nla_put_u64_64bit(skb, CAPIPC_PIPE_A_ID, pipe->id, CAPIPC_PIPE_A_PAD))
		return -EMSGSIZE;
	if (cut && nla_put_flag(skb, CAPIPC_PIPE_A_CUT))
		return -EMSGSIZE;
	return capipc_end_put(skb, &end[0], 0) ?: capipc_end_put(skb, &end[1], 1);
}

static int capipc_listener_put_attrs(struct sk_buff *skb, const struct capipc_viewer *viewer,
				     struct capipc_listener *listener)
{
	struct capipc_whereabouts where;
	bool seen;

	capipc_object_lock(&listener->object);
	rcu_read_lock();
	seen = capipc_viewer_sees_object(viewer, &listener->object);
	rcu_read_unlock();
	capipc_whereabouts_find_locked(&where, viewer, &listener->object);
	capipc_object_unlock(&listener->object);

	if (!seen || !where.state || where.state == CAPIPC_PEER_CLOSED)
		return -ENOENT;
	if (nla_put_u64_64bit(skb, CAPIPC_LISTENER_A_ID, listener->id, CAPIPC_LISTENER_A_PAD) ||
	    capipc_netlink_put_text(skb, CAPIPC_LISTENER_A_NAME, listener->name,
				    listener->name_len) ||
	    nla_put_u32(skb, CAPIPC_LISTENER_A_UID,
			from_kuid_munged(viewer->user_ns, listener->uid)) ||
	    nla_put_u32(skb, CAPIPC_LISTENER_A_STATE, where.state) ||
	    nla_put_u32(skb, CAPIPC_LISTENER_A_QUEUED, where.queued) ||
	    nla_put_u32(skb, CAPIPC_LISTENER_A_BACKLOG, listener->backlog) ||
	    nla_put_u32(skb, CAPIPC_LISTENER_A_RULES, listener->rules->count) ||
	    capipc_holder_put(skb, CAPIPC_LISTENER_A_HOLDER, &where.holder))
		return -EMSGSIZE;
	if (listener->endpoint_rules && nla_put_u32(skb, CAPIPC_LISTENER_A_ENDPOINT_RULES,
						    listener->endpoint_rules->count))
		return -EMSGSIZE;
	if (where.inside && (nla_put_u64_64bit(skb, CAPIPC_LISTENER_A_INSIDE, where.inside,
					       CAPIPC_LISTENER_A_PAD) ||
			     nla_put_u32(skb, CAPIPC_LISTENER_A_INSIDE_END, where.inside_end)))
		return -EMSGSIZE;
	if (where.handle && nla_put_u32(skb, CAPIPC_LISTENER_A_HANDLE, where.handle))
		return -EMSGSIZE;
	return 0;
}

static int capipc_object_put_attrs(struct sk_buff *skb, const struct capipc_viewer *viewer,
				   struct capipc_object *object)
{
	if (object->kind == CAPIPC_KIND_LISTENER)
		return capipc_listener_put_attrs(skb, viewer, capipc_listener(object));
	return capipc_pipe_put_attrs(skb, viewer, capipc_endpoint_home(capipc_endpoint(object)));
}

static u8 capipc_object_cmd(const struct capipc_object *object)
{
	return object->kind == CAPIPC_KIND_LISTENER ? CAPIPC_CMD_GET_LISTENER :
		CAPIPC_CMD_GET_PIPE;
}

/* What a dump is looking for in the roster. */
struct capipc_wanted {
	const struct capipc_viewer *viewer;
	u8 kind;
	u64 context;
};

static bool capipc_object_is_of(const struct capipc_object *object, u64 context)
{
	const struct capipc_context *owner = READ_ONCE(object->owner);

	return owner && owner->id == context;
}

static bool capipc_object_wanted(struct capipc_object *object, const void *data)
{
	const struct capipc_wanted *wanted = data;
	const struct capipc_pipe *pipe;

	if (object->kind != wanted->kind || !capipc_viewer_sees_object(wanted->viewer, object))
		return false;
	if (!wanted->context)
		return true;
	pipe = capipc_endpoint_pipe(capipc_endpoint(object));
	return capipc_object_is_of(&READ_ONCE(pipe->end[0])->object, wanted->context) ||
	       capipc_object_is_of(&READ_ONCE(pipe->end[1])->object, wanted->context);
}

/* The one with that number, with a reference; NULL if there is none to be seen. */
static struct capipc_object *capipc_object_find(const struct capipc_viewer *viewer, u8 kind,
						u64 id)
{
	const struct capipc_wanted wanted = { .viewer = viewer, .kind = kind };
	u64 from = id;

	return id > ULONG_MAX ? NULL :
		capipc_roster_next(&from, id, capipc_object_wanted, &wanted);
}

/* Answer a question about @object, whose reference is consumed. NULL is -ENOENT. */
static int capipc_object_answer(struct genl_info *info, const struct capipc_viewer *viewer,
				struct capipc_object *object)
{
	struct sk_buff *skb;
	void *header;
	int ret = -ENOMEM;

	if (!object)
		return -ENOENT;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		goto out;
	ret = -EMSGSIZE;
	header = genlmsg_put_reply(skb, info, &capipc_genl_family, 0, capipc_object_cmd(object));
	if (header)
		ret = capipc_dump_end(skb, header, capipc_object_put_attrs(skb, viewer, object));
	ret = capipc_dump_answer(skb, info, ret);
out:
	capipc_object_put(object);
	return ret;
}

int capipc_get_pipe(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[CAPIPC_PIPE_A_ID];
	struct capipc_object *object;
	struct capipc_viewer viewer;
	int ret;

	if (info->attrs[CAPIPC_PIPE_A_CONTEXT]) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[CAPIPC_PIPE_A_CONTEXT],
				    "the pipes of a context are a dump: with NLM_F_DUMP");
		return -EINVAL;
	}
	if (GENL_REQ_ATTR_CHECK(info, CAPIPC_PIPE_A_ID)) {
		NL_SET_ERR_MSG(info->extack, "which pipe? there is no CAPIPC_PIPE_A_ID");
		return -EINVAL;
	}
	capipc_viewer_init(&viewer, request);
	object = capipc_object_find(&viewer, CAPIPC_KIND_ENDPOINT, nla_get_u64(attr));
	ret = capipc_object_answer(info, &viewer, object);
	if (ret == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "no such pipe");
	return ret;
}

/* By its name; NULL if there is none, or none that may be seen. */
static struct capipc_object *capipc_listener_find_seen(const struct capipc_viewer *viewer,
						       const struct nlattr *name)
{
	struct capipc_listener *listener;
	bool seen;

	listener = capipc_listener_find(viewer->net, nla_data(name),
					strnlen(nla_data(name), nla_len(name)));
	if (!listener)
		return NULL;
	rcu_read_lock();
	seen = capipc_viewer_sees_object(viewer, &listener->object);
	rcu_read_unlock();
	if (seen)
		return &listener->object;
	capipc_listener_put(listener);
	return NULL;
}

int capipc_get_listener(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr *name = info->attrs[CAPIPC_LISTENER_A_NAME];
	struct nlattr *id = info->attrs[CAPIPC_LISTENER_A_ID];
	struct capipc_object *object;
	struct capipc_viewer viewer;
	int ret;

	if (id && name) {
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "CAPIPC_LISTENER_A_ID or CAPIPC_LISTENER_A_NAME, not both");
		return -EINVAL;
	}
	if (!id && GENL_REQ_ATTR_CHECK(info, CAPIPC_LISTENER_A_NAME)) {
		NL_SET_ERR_MSG(info->extack,
			       "which listener? there is no CAPIPC_LISTENER_A_ID or CAPIPC_LISTENER_A_NAME");
		return -EINVAL;
	}
	capipc_viewer_init(&viewer, request);
	if (id)
		object = capipc_object_find(&viewer, CAPIPC_KIND_LISTENER, nla_get_u64(id));
	else
		object = capipc_listener_find_seen(&viewer, name);
	ret = capipc_object_answer(info, &viewer, object);
	if (ret == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, id ?: name, "no such listener");
	return ret;
}

static int capipc_dump_object(struct sk_buff *skb, struct netlink_callback *cb,
			      struct capipc_object *object)
{
	void *header = capipc_dump_header(skb, cb, capipc_object_cmd(object));
	int ret;

	if (!header)
		return -EMSGSIZE;
	ret = capipc_dump_end(skb, header,
			      capipc_object_put_attrs(skb, &capipc_dump(cb)->viewer, object));
	return ret == -ENOENT ? 0 : ret;
}

static int capipc_dump_objects(struct sk_buff *skb, struct netlink_callback *cb, u8 kind)
{
	struct capipc_dump *dump = capipc_dump(cb);
	const struct capipc_wanted wanted = {
		.viewer = &dump->viewer,
		.kind = kind,
		.context = dump->context,
	};
	struct capipc_object *object;
	u64 from = dump->from;
	int ret = 0;

	cb->seq = capipc_roster_generation();
	while (!ret) {
		object = capipc_roster_next(&from, dump->until, capipc_object_wanted, &wanted);
		if (!object)
			break;
		ret = capipc_dump_object(skb, cb, object);
		dump->from = ret ? from - 1 : from;
		capipc_object_put(object);
		cond_resched();
	}
	if (!ret)
		dump->from = from;
	/* With something in the message the error can wait for the next one. */
	return skb->len ?: ret;
}

int capipc_dump_pipes(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *attrs[ARRAY_SIZE(capipc_pipe_policy)];
	struct capipc_dump *dump = capipc_dump(cb);
	int ret;

	if (!dump->begun) {
		ret = genlmsg_parse(cb->nlh, &capipc_genl_family, attrs, ARRAY_SIZE(attrs) - 1,
				    capipc_pipe_policy, cb->extack);
		if (ret)
			return ret;
		if (attrs[CAPIPC_PIPE_A_ID]) {
			NL_SET_ERR_MSG_ATTR(cb->extack, attrs[CAPIPC_PIPE_A_ID],
					    "a dump is of all pipes: no CAPIPC_PIPE_A_ID, or no NLM_F_DUMP");
			return -EINVAL;
		}
		ret = capipc_dump_of_context(cb, attrs[CAPIPC_PIPE_A_CONTEXT]);
		if (ret)
			return ret;
		dump->until = capipc_object_last_id();
		dump->begun = true;
	}
	return capipc_dump_objects(skb, cb, CAPIPC_KIND_ENDPOINT);
}

int capipc_dump_listeners(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *attrs[ARRAY_SIZE(capipc_listener_policy)];
	struct capipc_dump *dump = capipc_dump(cb);
	struct nlattr *attr;
	int ret;

	if (!dump->begun) {
		ret = genlmsg_parse(cb->nlh, &capipc_genl_family, attrs, ARRAY_SIZE(attrs) - 1,
				    capipc_listener_policy, cb->extack);
		if (ret)
			return ret;
		attr = attrs[CAPIPC_LISTENER_A_ID] ?: attrs[CAPIPC_LISTENER_A_NAME];
		if (attr) {
			NL_SET_ERR_MSG_ATTR(cb->extack, attr,
					    "a dump is of all listeners: no attributes, or no NLM_F_DUMP");
			return -EINVAL;
		}
		dump->until = capipc_object_last_id();
		dump->begun = true;
	}
	return capipc_dump_objects(skb, cb, CAPIPC_KIND_LISTENER);
}
