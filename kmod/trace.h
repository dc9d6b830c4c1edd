/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: events/capipc in tracefs.
 *
 * They tell numbers, the same as events and dumps do, and never an address. One
 * that is off costs an instruction that does nothing: what it tells is looked up
 * from its arguments only when it is on.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM capipc

#if !defined(CAPIPC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define CAPIPC_TRACE_H

#include <linux/capipc_netlink.h>
#include <linux/tracepoint.h>

#include "bundle.h"
#include "main.h"

/* A message is queued, of a bundle the n-th one. With the lock of its pipe. */
TRACE_EVENT(capipc_send,

	TP_PROTO(const struct capipc_context *context, struct capipc_endpoint *endpoint,
		 const struct capipc_message *message, u32 n),

	TP_ARGS(context, endpoint, message, n),

	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, pipe)
		__field(u32, end)
		__field(u32, ordinal)
		__field(u32, len)
		__field(u32, attachments)
		__field(u32, type)
	),

	TP_fast_assign(
		__entry->context = context->id;
		__entry->pipe = capipc_endpoint_pipe(endpoint)->id;
		__entry->end = endpoint->index;
		__entry->ordinal = capipc_message_nth(message, n).ordinal;
		__entry->len = capipc_message_nth(message, n).data_len;
		__entry->attachments = message->moved_count;
		__entry->type = message->type;
	),

	TP_printk("context=%llu pipe=%llu.%u type=%s ordinal=%u len=%u attachments=%u",
		  __entry->context, __entry->pipe, __entry->end,
		  __entry->type == CAPIPC_RECEIVED_CALL ? "call" : "message", __entry->ordinal,
		  __entry->len, __entry->attachments)
);

/* Something has been received: a message, a request, a connection, a closed peer. */
TRACE_EVENT(capipc_receive,

	TP_PROTO(const struct capipc_context *context, struct capipc_object *object,
		 const struct capipc_receive *arg),

	TP_ARGS(context, object, arg),

	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, object)
		__field(u32, type)
		__field(u32, from)
		__field(u32, ordinal)
		__field(u32, len)
		__field(u32, attachments)
	),

	TP_fast_assign(
		__entry->context = context->id;
		__entry->object = capipc_object_id(object);
		__entry->type = arg->type;
		__entry->from = arg->from;
		__entry->ordinal = arg->ordinal;
		__entry->len = arg->data_len;
		__entry->attachments = arg->attachments_count;
	),

	TP_printk("context=%llu object=%llu type=%s handle=0x%08x ordinal=%u len=%u attachments=%u",
		  __entry->context, __entry->object,
		  __print_symbolic(__entry->type,
				   { CAPIPC_RECEIVED_MESSAGE, "message" },
				   { CAPIPC_RECEIVED_CALL, "call" },
				   { CAPIPC_RECEIVED_CONNECTION, "connection" },
				   { CAPIPC_RECEIVED_PEER_CLOSED, "peer-closed" },
				   { CAPIPC_RECEIVED_ACCEPTED, "accepted" },
				   { CAPIPC_RECEIVED_INVITATION_CLOSED, "invitation-closed" },
				   { CAPIPC_RECEIVED_READABLE, "readable" },
				   { CAPIPC_RECEIVED_WRITABLE, "writable" }),
		  __entry->from, __entry->ordinal, __entry->len, __entry->attachments)
);

/* A system call of a caller is over: with the reply, or without. */
TRACE_EVENT(capipc_call,

	TP_PROTO(const struct capipc_context *context, const struct capipc_call *arg, int ret),

	TP_ARGS(context, arg, ret),

	TP_STRUCT__entry(
		__field(u64, context)
		__field(u32, handle)
		__field(u32, pending)
		__field(u32, ordinal)
		__field(u32, state)
		__field(u32, len)
		__field(u32, reply_len)
		__field(int, ret)
	),

	TP_fast_assign(
		__entry->context = context->id;
		__entry->handle = arg->handle;
		__entry->pending = arg->pending;
		__entry->ordinal = arg->ordinal;
		__entry->state = arg->state;
		__entry->len = arg->data_len;
		__entry->reply_len = ret ? 0 : arg->reply_len;
		__entry->ret = ret;
	),

	TP_printk("context=%llu handle=0x%08x pending=0x%08x ordinal=%u state=%s len=%u reply_len=%u ret=%d",
		  __entry->context, __entry->handle, __entry->pending, __entry->ordinal,
		  __print_symbolic(__entry->state,
				   { CAPIPC_CALL_UNSENT, "unsent" },
				   { CAPIPC_CALL_SENT, "sent" },
				   { CAPIPC_CALL_ANSWERED, "answered" }),
		  __entry->len, __entry->reply_len, __entry->ret)
);

/* A call has been answered. */
TRACE_EVENT(capipc_reply,

	TP_PROTO(const struct capipc_context *context,
		 const struct capipc_transaction *transaction,
		 const struct capipc_reply *arg),

	TP_ARGS(context, transaction, arg),

	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, pipe)
		__field(u32, len)
		__field(u32, attachments)
	),

	TP_fast_assign(
		__entry->context = context->id;
		__entry->pipe = capipc_endpoint_pipe(transaction->target)->id;
		__entry->len = arg->data_len;
		__entry->attachments = arg->attachments_count;
	),

	TP_printk("context=%llu pipe=%llu len=%u attachments=%u", __entry->context,
		  __entry->pipe, __entry->len, __entry->attachments)
);

/* An object leaves a context, or enters one. With its lock. */
TRACE_EVENT(capipc_transfer,

	TP_PROTO(struct capipc_object *object, const struct capipc_context *context, u32 handle,
		 bool arrives),

	TP_ARGS(object, context, handle, arrives),

	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, object)
		__field(u32, end)
		__field(u32, handle)
		__field(u32, kind)
		__field(bool, arrives)
		__field(bool, new)
	),

	TP_fast_assign(
		__entry->context = context->id;
		__entry->object = capipc_object_id(object);
		__entry->end = capipc_object_end(object);
		__entry->handle = handle;
		__entry->kind = object->kind;
		__entry->arrives = arrives;
		__entry->new = object->place == CAPIPC_PLACE_NEW;
	),

	TP_printk("%s=%llu.%u %s context=%llu handle=0x%08x%s",
		  __print_symbolic(__entry->kind,
				   { CAPIPC_KIND_ENDPOINT, "pipe" },
				   { CAPIPC_KIND_LISTENER, "listener" },
				   { CAPIPC_KIND_INVITATION, "invitation" },
				   { CAPIPC_KIND_PRODUCER, "data-pipe" },
				   { CAPIPC_KIND_CONSUMER, "data-pipe" }), __entry->object,
		  __entry->end, __entry->arrives ? "enters" : "leaves", __entry->context,
		  __entry->handle, __entry->new ? " new" : "")
);

/* An object is closed. With its lock. */
TRACE_EVENT(capipc_close,

	TP_PROTO(struct capipc_object *object),

	TP_ARGS(object),

	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, object)
		__field(u32, end)
		__field(u32, kind)
		__field(u32, queued)
	),

	TP_fast_assign(
		__entry->context = object->owner ? object->owner->id : 0;
		__entry->object = capipc_object_id(object);
		__entry->end = capipc_object_end(object);
		__entry->kind = object->kind;
		__entry->queued = object->queued;
	),

	TP_printk("%s=%llu.%u context=%llu queued=%u",
		  __print_symbolic(__entry->kind,
				   { CAPIPC_KIND_ENDPOINT, "pipe" },
				   { CAPIPC_KIND_LISTENER, "listener" },
				   { CAPIPC_KIND_INVITATION, "invitation" },
				   { CAPIPC_KIND_PRODUCER, "data-pipe" },
				   { CAPIPC_KIND_CONSUMER, "data-pipe" }), __entry->object,
		  __entry->end, __entry->context, __entry->queued)
);

/* Two pipes are one from now on. With the locks of both. */
TRACE_EVENT(capipc_fuse,

	TP_PROTO(const struct capipc_context *context, u64 pipe, u64 gone),

	TP_ARGS(context, pipe, gone),

	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, pipe)
		__field(u64, gone)
	),

	TP_fast_assign(
		__entry->context = context->id;
		__entry->pipe = pipe;
		__entry->gone = gone;
	),

	TP_printk("context=%llu pipe=%llu gone=%llu", __entry->context, __entry->pipe,
		  __entry->gone)
);

/* Rules refuse something. */
TRACE_EVENT(capipc_deny,

	TP_PROTO(const struct capipc_context *context, u64 object, u32 ordinal, u32 list),

	TP_ARGS(context, object, ordinal, list),

	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, object)
		__field(u32, ordinal)
		__field(u32, list)
	),

	TP_fast_assign(
		__entry->context = context->id;
		__entry->object = object;
		__entry->ordinal = ordinal;
		__entry->list = list;
	),

	TP_printk("context=%llu list=%s object=%llu ordinal=%u", __entry->context,
		  __print_symbolic(__entry->list,
				   { CAPIPC_RULE_LIST_LISTENER, "listener" },
				   { CAPIPC_RULE_LIST_ENDPOINT, "endpoint" },
				   { CAPIPC_RULE_LIST_ATTENUATION, "attenuation" },
				   { CAPIPC_RULE_LIST_INVITATION, "invitation" },
				   { CAPIPC_RULE_LIST_CONFINEMENT, "confinement" }),
		  __entry->object, __entry->ordinal)
);

/* What a client and who takes its connection have in common. */
DECLARE_EVENT_CLASS(capipc_connection,

	TP_PROTO(const struct capipc_context *context, const struct capipc_listener *listener,
		 u64 pipe, u32 facet),

	TP_ARGS(context, listener, pipe, facet),

	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, listener)
		__field(u64, pipe)
		__field(u32, facet)
	),

	TP_fast_assign(
		__entry->context = context->id;
		__entry->listener = listener->id;
		__entry->pipe = pipe;
		__entry->facet = facet;
	),

	TP_printk("context=%llu listener=%llu pipe=%llu facet=%u", __entry->context,
		  __entry->listener, __entry->pipe, __entry->facet)
);

/* A client has been let in. */
DEFINE_EVENT(capipc_connection, capipc_connect,
	TP_PROTO(const struct capipc_context *context, const struct capipc_listener *listener,
		 u64 pipe, u32 facet),
	TP_ARGS(context, listener, pipe, facet)
);

/* Its connection has been received. */
DEFINE_EVENT(capipc_connection, capipc_accept,
	TP_PROTO(const struct capipc_context *context, const struct capipc_listener *listener,
		 u64 pipe, u32 facet),
	TP_ARGS(context, listener, pipe, facet)
);

/* Somebody who listens to events was not told of one: a port id, or 0 for the group. */
TRACE_EVENT(capipc_event_lost,

	TP_PROTO(u32 type, u32 portid),

	TP_ARGS(type, portid),

	TP_STRUCT__entry(
		__field(u32, type)
		__field(u32, portid)
	),

	TP_fast_assign(
		__entry->type = type;
		__entry->portid = portid;
	),

	TP_printk("type=%u portid=%u", __entry->type, __entry->portid)
);

#endif /* CAPIPC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
