// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Receiving and replying.
 */
#include "internal.h"

/*
 * Asks for what comes next, as often as it turns out to be larger than there is
 * room for. Whose turn it is may change in between.
 */
static int receive_grow(struct capipc_receive *receive,
			struct capipc_message *message)
{
	bool in_area = message->area.bytes;
	int ret;

	do {
		receive->area = in_area ? message->area.handle : 0;
		receive->data = in_area ? 0 : pointer_to_u64(message->data);
		receive->data_capacity = (uint32_t)(in_area ?
							    message->area.room :
							    message->room);
		receive->attachments = pointer_to_u64(message->handles);
		receive->attachments_capacity = (uint32_t)message->handles_room;
		receive->type = CAPIPC_RECEIVED_NONE;
		receive->from = 0;

		ret = capipc_context_ioctl(message->context, CAPIPC_IOC_RECEIVE,
					   receive);
		/* While the reply is there, it is the one that is too large. */
		if (ret != -EMSGSIZE || receive->reply)
			return ret;
		if (receive->data_len <= receive->data_capacity &&
		    receive->attachments_count <= message->handles_room)
			return ret;
		/* What is larger than the area goes to ordinary memory, this time. */
		in_area = in_area && receive->data_len <= message->area.room;
		ret = capipc_message_reserve(message, receive->data_len,
					     receive->attachments_count);
	} while (!ret);

	return ret;
}

/* What is there but cannot be received: where from, so that it can be closed. */
static void receive_refused(const struct capipc_receive *receive, int error,
			    struct capipc_received *received)
{
	if (!capipc_error_is_no_room(error))
		return;
	received->type = receive->type;
	received->from = receive->from;
}

static void receive_result(const struct capipc_receive *receive,
			   struct capipc_message *message,
			   struct capipc_received *received)
{
	received->type = receive->type;
	received->from = receive->from;
	received->ordinal = receive->ordinal;
	received->facet = receive->facet;
	received->handle = receive->reply_handle;
	received->reply_room = receive->reply_capacity;
	received->reply_handles_room = receive->reply_attachments_capacity;
	received->cookie = receive->cookie;
	received->stamp = receive->stamp;
	message->segment = receive->area ? &message->area : NULL;
	capipc_message_arrived(message, receive->ordinal, receive->data_len,
			       receive->attachments_count, &receive->stamp);
}

int capipc_context_receive(struct capipc_context *context, uint32_t from,
			   struct capipc_message *message,
			   struct capipc_received *received,
			   int64_t deadline_ns, unsigned int flags)
{
	struct capipc_receive receive = {
		.size = sizeof(receive),
		.flags = flags,
		.deadline_ns = deadline_ns,
		.handle = from,
	};
	int ret;

	*received = (struct capipc_received){ 0 };
	if (message->context != context)
		return -EINVAL;
	ret = capipc_message_prepare(message);
	if (ret < 0)
		return ret;
	ret = receive_grow(&receive, message);
	if (!ret)
		receive_result(&receive, message, received);
	else
		receive_refused(&receive, ret, received);
	return ret;
}

static struct capipc_reply reply_of(const struct capipc_message *message,
				    uint32_t reply_handle)
{
	return (struct capipc_reply){
		.size = sizeof(struct capipc_reply),
		.data = pointer_to_u64(capipc_message_data(message, NULL)),
		.data_len = (uint32_t)message->length,
		.handle = reply_handle,
	};
}

int capipc_reply_send(struct capipc_context *context, uint32_t reply_handle,
		      struct capipc_message *message)
{
	struct capipc_attachment attachments[CAPIPC_ATTACHMENTS_MAX];
	struct capipc_reply reply = reply_of(message, reply_handle);
	int ret;

	ret = capipc_message_sendable(message, context);
	if (ret < 0)
		return ret;

	reply.attachments = pointer_to_u64(attachments);
	reply.attachments_count =
		(uint32_t)capipc_message_outgoing(message, attachments);
	ret = capipc_context_ioctl(context, CAPIPC_IOC_REPLY, &reply);
	if (!ret)
		capipc_message_handles_sent(message);
	return ret;
}

int capipc_reply_receive(struct capipc_context *context, uint32_t *reply_handle,
			 struct capipc_message *reply,
			 struct capipc_message *message,
			 struct capipc_received *received, int64_t deadline_ns,
			 unsigned int flags)
{
	struct capipc_receive receive = {
		.size = sizeof(receive),
		.flags = flags,
		.deadline_ns = deadline_ns,
	};
	struct capipc_reply request = reply_of(reply, *reply_handle);
	int ret;

	*received = (struct capipc_received){ 0 };
	if (message->context != context || reply == message)
		return -EINVAL;
	ret = capipc_message_sendable(reply, context);
	if (ret < 0)
		return ret;

	/*
	 * Receiving passes over a reply that nobody waits for, and does not say
	 * so. Whose the handles in it are then has to be known, to close them.
	 */
	if (capipc_message_handles(reply)) {
		ret = capipc_reply_send(context, *reply_handle, reply);
		if (ret < 0 && ret != -ECANCELED)
			return ret;
		*reply_handle = 0;
	} else {
		receive.reply = pointer_to_u64(&request);
	}

	ret = capipc_message_prepare(message);
	if (ret < 0)
		return ret;
	ret = receive_grow(&receive, message);
	if (!receive.reply)
		*reply_handle = 0;
	if (!ret)
		receive_result(&receive, message, received);
	else if (!receive.reply)
		receive_refused(&receive, ret, received);
	return ret;
}
