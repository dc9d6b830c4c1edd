// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Endpoints: sending, calling, and what the kernel is asked to enforce on them.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

int capipc_endpoint_send(struct capipc_context *context, uint32_t endpoint,
			 struct capipc_message *message, int64_t deadline_ns,
			 unsigned int flags)
{
	struct capipc_attachment attachments[CAPIPC_ATTACHMENTS_MAX];
	struct capipc_send send = {
		.size = sizeof(send),
		.flags = flags,
		.deadline_ns = deadline_ns,
		.attachments = pointer_to_u64(attachments),
		.data_len = (uint32_t)message->length,
		.handle = endpoint,
		.ordinal = message->ordinal,
	};
	int ret;

	ret = capipc_message_sendable(message, context);
	if (ret < 0)
		return ret;

	send.data = capipc_message_locate(message, &send.source);
	send.attachments_count =
		(uint32_t)capipc_message_outgoing(message, attachments);
	ret = capipc_context_ioctl(context, CAPIPC_IOC_SEND, &send);
	if (!ret)
		capipc_message_handles_sent(message);
	return ret;
}

/*
 * The kernel writes @pending into the struct before it lets a signal end the
 * wait. The same struct goes in again: it then names the call, and the request
 * in it is not looked at.
 */
static int endpoint_call_wait(struct capipc_context *context,
			      struct capipc_call *call, bool interruptible)
{
	int ret;

	do {
		ret = capipc_context_ioctl(context, CAPIPC_IOC_CALL, call);
	} while (ret == -EINTR && !interruptible);
	return ret;
}

int capipc_endpoint_call(struct capipc_context *context, uint32_t endpoint,
			 struct capipc_message *request,
			 struct capipc_message *reply, int64_t deadline_ns,
			 unsigned int flags, uint32_t *pending)
{
	struct capipc_attachment attachments[CAPIPC_ATTACHMENTS_MAX];
	struct capipc_call call = {
		.size = sizeof(call),
		.flags = flags,
		.deadline_ns = deadline_ns,
		.attachments = pointer_to_u64(attachments),
		.handle = endpoint,
		.pending = pending ? *pending : 0,
	};
	bool resumed = call.pending;
	int ret;

	if (reply->context != context || reply == request)
		return -EINVAL;
	if (!resumed) {
		ret = capipc_message_sendable(request, context);
		if (ret < 0)
			return ret;
		call.data = capipc_message_locate(request, &call.source);
		call.data_len = (uint32_t)request->length;
		call.ordinal = request->ordinal;
		call.attachments_count =
			(uint32_t)capipc_message_outgoing(request, attachments);
	}

	ret = capipc_message_prepare(reply);
	if (ret < 0)
		return ret;
	call.reply_data = pointer_to_u64(reply->data);
	call.reply_attachments = pointer_to_u64(reply->handles);
	call.reply_capacity = (uint32_t)reply->room;
	call.reply_attachments_capacity = (uint32_t)reply->handles_room;

	ret = endpoint_call_wait(context, &call, pending);

	if (!resumed && call.state != CAPIPC_CALL_UNSENT)
		capipc_message_handles_sent(request);
	if (pending)
		*pending = ret ? call.pending : 0;
	else if (ret && call.pending)
		/* Nobody can come back for it. */
		capipc_handle_close(context, call.pending);
	if (!ret)
		capipc_message_arrived(reply, 0, call.reply_len,
				       call.reply_attachments_count,
				       &call.stamp);
	return ret;
}

int capipc_call_cancel(struct capipc_context *context, uint32_t pending)
{
	struct capipc_inspect inspect;
	int ret;

	ret = capipc_handle_inspect_kind(context, pending, CAPIPC_KIND_CALL,
					 &inspect);
	return ret < 0 ? ret : capipc_handle_close(context, pending);
}

int capipc_endpoint_restrict(struct capipc_context *context, uint32_t endpoint,
			     const struct capipc_rules *rules)
{
	struct capipc_restrict request = {
		.size = sizeof(request),
		.rule_size = sizeof(struct capipc_rule),
		.handle = endpoint,
	};
	struct capipc_rule *array;
	int ret;

	ret = capipc_rules_export(rules, true, &array);
	if (ret < 0)
		return ret;
	request.rules = pointer_to_u64(array);
	request.rules_count = (uint32_t)ret;
	ret = capipc_context_ioctl(context, CAPIPC_IOC_RESTRICT, &request);
	free(array);
	return ret;
}

int capipc_endpoint_explain(struct capipc_context *context, uint32_t endpoint,
			    uint32_t ordinal, int32_t *rule)
{
	struct capipc_explain explain = {
		.size = sizeof(explain),
		.handle = endpoint,
		.ordinal = ordinal,
	};
	int ret;

	/* To the kernel, 0 asks about a name. */
	if (!endpoint)
		return -EBADF;
	ret = capipc_context_ioctl(context, CAPIPC_IOC_EXPLAIN, &explain);
	if (ret < 0)
		return ret;
	if (rule)
		*rule = explain.rule;
	return explain.allowed ? 1 : 0;
}

int capipc_endpoint_report(struct capipc_context *context, uint32_t handle,
			   uint64_t stamp_id, const char *reason,
			   unsigned int flags)
{
	struct capipc_report report = {
		.size = sizeof(report),
		.flags = flags,
		.handle = handle,
		.stamp_id = stamp_id,
		.reason = pointer_to_u64(reason),
	};
	int ret;

	if (reason)
		report.reason_len =
			(uint32_t)strnlen(reason, CAPIPC_REASON_MAX + 1);
	ret = capipc_context_ioctl(context, CAPIPC_IOC_REPORT, &report);
	return ret < 0 ? ret : (int)report.verdict;
}
