// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages: building and reading bytes, handles and file descriptors, with every
 * bound checked.
 *
 * The sizes of what was received, and the kinds of the attachments, are the
 * kernel's and are trusted; what the bytes say is the sender's and is not. A
 * number that is a file descriptor is never given out as a handle, nor the other
 * way round.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* First allocation, so that small messages do not grow step by step. */
#define ROOM_MIN	 256U
#define HANDLES_ROOM_MIN 4U

int capipc_message_new(struct capipc_message **out,
		       struct capipc_context *context, uint32_t ordinal)
{
	KEEP_ERRNO();
	struct capipc_message *message;

	message = calloc(1, sizeof(*message));
	if (!message)
		return -ENOMEM;
	message->context = capipc_context_get(context);
	message->ordinal = ordinal;
	*out = message;
	return 0;
}

void capipc_message_free(struct capipc_message *message)
{
	KEEP_ERRNO();

	if (!message)
		return;
	capipc_message_reset(message, 0);
	capipc_segment_free(&message->area, message->context);
	capipc_segment_free(&message->source, message->context);
	capipc_context_put(message->context);
	free(message->handles);
	free(message->data);
	free(message);
}

static bool attachment_is_file(const struct capipc_attachment *attachment)
{
	return attachment->kind == CAPIPC_KIND_FILE;
}

/* Closes all that is left in it. */
void capipc_message_handles_close(struct capipc_message *message)
{
	size_t i;

	for (i = message->handles_cursor; i < message->handles_count; i++) {
		if (!attachment_is_file(&message->handles[i]))
			capipc_handle_close(message->context,
					    message->handles[i].handle);
	}
	capipc_message_handles_sent(message);
}

void capipc_message_reset(struct capipc_message *message, uint32_t ordinal)
{
	capipc_message_handles_close(message);
	message->segment = NULL;
	message->length = 0;
	message->cursor = 0;
	message->ordinal = ordinal;
	message->append_error = 0;
	message->read_error = 0;
	message->stamp = (struct capipc_stamp){ 0 };
}

/* @bytes is not 0 */
static int message_reserve_bytes(struct capipc_message *message, size_t bytes)
{
	uint8_t *data;

	if (message->data && bytes <= message->room)
		return 0;
	if (bytes > CAPIPC_MESSAGE_MAX)
		return -EMSGSIZE;
	data = realloc(message->data, bytes);
	if (!data)
		return -ENOMEM;
	message->data = data;
	message->room = bytes;
	return 0;
}

static int message_reserve_handles(struct capipc_message *message, size_t count)
{
	struct capipc_attachment *handles;

	if (count <= message->handles_room)
		return 0;
	if (count > CAPIPC_ATTACHMENTS_MAX)
		return -EMSGSIZE;
	handles = realloc(message->handles, count * sizeof(*handles));
	if (!handles)
		return -ENOMEM;
	message->handles = handles;
	message->handles_room = count;
	return 0;
}

int capipc_message_reserve(struct capipc_message *message, size_t bytes,
			   size_t handles)
{
	KEEP_ERRNO();
	int ret = bytes ? message_reserve_bytes(message, bytes) : 0;

	if (ret < 0)
		return ret;
	return message_reserve_handles(message, handles);
}

uint32_t capipc_message_ordinal(const struct capipc_message *message)
{
	return message->ordinal;
}

const struct capipc_stamp *
capipc_message_stamp(const struct capipc_message *message)
{
	return &message->stamp;
}

const void *capipc_message_data(const struct capipc_message *message,
				size_t *length)
{
	if (length)
		*length = message->length;
	if (message->segment)
		return message->segment->bytes;
	return message->data ? (const void *)message->data : "";
}

size_t capipc_message_handles(const struct capipc_message *message)
{
	return message->handles_count - message->handles_cursor;
}

/* Are @needed bytes going to fit where they are? Nothing does where only the kernel writes. */
static bool message_fits(const struct capipc_message *message, size_t needed)
{
	if (message->segment == &message->area)
		return false;
	if (message->segment)
		return needed <= message->segment->room;
	return message->data && needed <= message->room;
}

/* There is room for it in ordinary memory. */
static void message_leave_segment(struct capipc_message *message)
{
	if (!message->segment)
		return;
	memcpy(message->data, message->segment->bytes, message->length);
	message->segment = NULL;
}

/* Room for @length more bytes, which count as appended; NULL: see append_error */
static uint8_t *message_extend(struct capipc_message *message, size_t length)
{
	KEEP_ERRNO();
	size_t needed, room, before = message->length;

	if (message->append_error)
		return NULL;
	if (length > CAPIPC_MESSAGE_MAX - message->length) {
		message->append_error = -EMSGSIZE;
		return NULL;
	}

	needed = message->length + length;
	if (!before && message->source.bytes)
		message->segment = &message->source;
	if (!message_fits(message, needed)) {
		room = message->room < ROOM_MIN ? ROOM_MIN : message->room * 2;
		if (room < needed)
			room = needed;
		if (room > CAPIPC_MESSAGE_MAX)
			room = CAPIPC_MESSAGE_MAX;
		message->append_error = message_reserve_bytes(message, room);
		if (message->append_error)
			return NULL;
		message_leave_segment(message);
	}

	message->length = needed;
	return (message->segment ? message->segment->bytes : message->data) +
	       before;
}

static int message_append_int(struct capipc_message *message, uint64_t value,
			      size_t size)
{
	uint8_t *bytes = message_extend(message, size);
	size_t i;

	if (!bytes)
		return message->append_error;
	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	return 0;
}

int capipc_message_append_u8(struct capipc_message *message, uint8_t value)
{
	return message_append_int(message, value, sizeof(value));
}

int capipc_message_append_u16(struct capipc_message *message, uint16_t value)
{
	return message_append_int(message, value, sizeof(value));
}

int capipc_message_append_u32(struct capipc_message *message, uint32_t value)
{
	return message_append_int(message, value, sizeof(value));
}

int capipc_message_append_u64(struct capipc_message *message, uint64_t value)
{
	return message_append_int(message, value, sizeof(value));
}

int capipc_message_append_raw(struct capipc_message *message, const void *bytes,
			      size_t length)
{
	uint8_t *to = message_extend(message, length);

	if (!to)
		return message->append_error;
	if (length)
		memcpy(to, bytes, length);
	return 0;
}

/* A length, then bytes, then as many NULs: all of it or nothing. */
static int message_append_run(struct capipc_message *message, const void *bytes,
			      size_t length, size_t nuls)
{
	size_t before = message->length;
	uint8_t *to;

	if (length > CAPIPC_MESSAGE_MAX && !message->append_error)
		message->append_error = -EMSGSIZE;
	message_append_int(message, length, sizeof(uint32_t));
	capipc_message_append_raw(message, bytes, length);
	to = message_extend(message, nuls);
	if (!to) {
		message->length = before;
		return message->append_error;
	}
	memset(to, 0, nuls);
	return 0;
}

int capipc_message_append_bytes(struct capipc_message *message,
				const void *bytes, size_t length)
{
	return message_append_run(message, bytes, length, 0);
}

int capipc_message_append_string(struct capipc_message *message,
				 const char *string)
{
	return message_append_run(message, string, strlen(string), 1);
}

static int message_attach(struct capipc_message *message,
			  const struct capipc_attachment *attachment)
{
	KEEP_ERRNO();
	size_t room = message->handles_room;

	if (message->handles_count == CAPIPC_ATTACHMENTS_MAX)
		return message->append_error = -EMSGSIZE;

	if (message->handles_count == room) {
		room = room < HANDLES_ROOM_MIN ? HANDLES_ROOM_MIN : room * 2;
		if (room > CAPIPC_ATTACHMENTS_MAX)
			room = CAPIPC_ATTACHMENTS_MAX;
		message->append_error = message_reserve_handles(message, room);
		if (message->append_error)
			return message->append_error;
	}

	message->handles[message->handles_count++] = *attachment;
	return 0;
}

int capipc_message_append_handle(struct capipc_message *message,
				 uint32_t handle, uint32_t rights)
{
	const struct capipc_attachment attachment = {
		.handle = handle,
		.rights = rights,
	};

	if (message->append_error)
		return message->append_error;
	if (!handle)
		return message->append_error = -EBADF;
	return message_attach(message, &attachment);
}

int capipc_message_append_fd(struct capipc_message *message, int fd)
{
	const struct capipc_attachment attachment = {
		.handle = (uint32_t)fd,
		.kind = CAPIPC_KIND_FILE,
	};

	if (message->append_error)
		return message->append_error;
	if (fd < 0)
		return message->append_error = -EBADF;
	return message_attach(message, &attachment);
}

/* The next @length bytes, which count as read; NULL: see read_error */
static const uint8_t *message_consume(struct capipc_message *message,
				      size_t length)
{
	const uint8_t *bytes;

	if (length > message->length - message->cursor)
		message->read_error = -EBADMSG;
	if (message->read_error)
		return NULL;
	bytes = capipc_message_data(message, NULL);
	bytes += message->cursor;
	message->cursor += length;
	return bytes;
}

static uint64_t message_read_int(struct capipc_message *message, size_t size)
{
	const uint8_t *bytes = message_consume(message, size);
	uint64_t value = 0;
	size_t i;

	for (i = 0; bytes && i < size; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

int capipc_message_read_u8(struct capipc_message *message, uint8_t *value)
{
	*value = (uint8_t)message_read_int(message, sizeof(*value));
	return message->read_error;
}

int capipc_message_read_u16(struct capipc_message *message, uint16_t *value)
{
	*value = (uint16_t)message_read_int(message, sizeof(*value));
	return message->read_error;
}

int capipc_message_read_u32(struct capipc_message *message, uint32_t *value)
{
	*value = (uint32_t)message_read_int(message, sizeof(*value));
	return message->read_error;
}

int capipc_message_read_u64(struct capipc_message *message, uint64_t *value)
{
	*value = message_read_int(message, sizeof(*value));
	return message->read_error;
}

int capipc_message_read_raw(struct capipc_message *message, const void **bytes,
			    size_t length)
{
	const uint8_t *from = message_consume(message, length);

	*bytes = from ? (const void *)from : "";
	return message->read_error;
}

int capipc_message_read_bytes(struct capipc_message *message,
			      const void **bytes, size_t *length)
{
	size_t count = message_read_int(message, sizeof(uint32_t));
	int ret = capipc_message_read_raw(message, bytes, count);

	*length = ret < 0 ? 0 : count;
	return ret;
}

int capipc_message_read_string(struct capipc_message *message,
			       const char **string)
{
	size_t length = message_read_int(message, sizeof(uint32_t));
	const uint8_t *bytes = NULL;

	*string = "";
	/* Not length + 1: that is 0 for a length of SIZE_MAX on 32 bit. */
	if (length >= message->length - message->cursor)
		message->read_error = -EBADMSG;
	else
		bytes = message_consume(message, length + 1);
	if (!bytes)
		return message->read_error;
	if (memchr(bytes, '\0', length + 1) != bytes + length)
		return message->read_error = -EBADMSG;
	*string = (const char *)bytes;
	return 0;
}

int capipc_message_peek_kind(const struct capipc_message *message)
{
	if (message->handles_cursor == message->handles_count)
		return -ENODATA;
	return (int)message->handles[message->handles_cursor].kind;
}

/* The next attachment, which has not been taken yet; NULL: see read_error */
static const struct capipc_attachment *
message_next_attachment(struct capipc_message *message)
{
	if (message->handles_cursor == message->handles_count)
		message->read_error = -EBADMSG;
	if (message->read_error)
		return NULL;
	return &message->handles[message->handles_cursor];
}

int capipc_message_read_handle(struct capipc_message *message, uint32_t kind,
			       uint32_t rights, uint32_t *handle)
{
	const struct capipc_attachment *next;

	*handle = 0;
	if (kind == CAPIPC_KIND_FILE)
		return -EINVAL;
	next = message_next_attachment(message);
	if (!next)
		return message->read_error;

	if (attachment_is_file(next))
		return message->read_error = -EBADMSG;
	if (next->kind != CAPIPC_KIND_NONE &&
	    ((kind != CAPIPC_KIND_NONE && next->kind != kind) ||
	     (next->rights & rights) != rights))
		return message->read_error = -EBADMSG;

	*handle = next->handle;
	message->handles_cursor++;
	return 0;
}

int capipc_message_read_fd(struct capipc_message *message, int *fd)
{
	const struct capipc_attachment *next;

	*fd = -1;
	next = message_next_attachment(message);
	if (!next)
		return message->read_error;
	if (!attachment_is_file(next))
		return message->read_error = -EBADMSG;

	*fd = (int)next->handle;
	message->handles_cursor++;
	return 0;
}

int capipc_message_read_end(struct capipc_message *message)
{
	if (message->cursor != message->length ||
	    message->handles_cursor != message->handles_count)
		message->read_error = -EBADMSG;
	return message->read_error;
}

void capipc_message_read_rewind(struct capipc_message *message)
{
	message->cursor = 0;
	message->read_error = 0;
}

int capipc_message_sendable(const struct capipc_message *message,
			    const struct capipc_context *context)
{
	return message->context == context ? message->append_error : -EINVAL;
}

size_t capipc_message_outgoing(const struct capipc_message *message,
			       struct capipc_attachment *attachments)
{
	size_t i, count = 0;

	/* Received handles, when they are passed on, have a kind: none is sent. */
	for (i = message->handles_cursor; i < message->handles_count; i++) {
		attachments[count] = message->handles[i];
		if (!attachment_is_file(&attachments[count]))
			attachments[count].kind = CAPIPC_KIND_NONE;
		count++;
	}
	return count;
}

/*
 * The handles have left. The kernel has passed on what the file descriptors refer
 * to; they themselves were the message's, and nobody else closes them.
 */
void capipc_message_handles_sent(struct capipc_message *message)
{
	KEEP_ERRNO();
	size_t i;

	for (i = message->handles_cursor; i < message->handles_count; i++) {
		if (attachment_is_file(&message->handles[i]))
			close((int)message->handles[i].handle);
	}
	message->handles_count = 0;
	message->handles_cursor = 0;
}

int capipc_message_prepare(struct capipc_message *message)
{
	capipc_message_reset(message, 0);
	return capipc_message_reserve(message, CAPIPC_MESSAGE_ROOM,
				      CAPIPC_MESSAGE_HANDLES_ROOM);
}

void capipc_message_arrived(struct capipc_message *message, uint32_t ordinal,
			    size_t length, size_t handles,
			    const struct capipc_stamp *stamp)
{
	message->ordinal = ordinal;
	message->length = length;
	message->handles_count = handles;
	message->stamp = *stamp;
}
