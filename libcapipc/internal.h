/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the library share. None of it is exported.
 */
#ifndef CAPIPC_INTERNAL_H
#define CAPIPC_INTERNAL_H

#include <capipc.h>
#include <errno.h>
#include <stdatomic.h>

static inline void capipc_errno_restore(const int *saved)
{
	errno = *saved;
}

/* For the scope of the declaration: whatever is called, errno comes back. */
#define KEEP_ERRNO()    \
	int saved_errno \
		__attribute__((cleanup(capipc_errno_restore), unused)) = errno

/**
 * struct capipc_context - one open of the device
 * @fd: the device, or -1 once the owner has freed the context
 * @refs: the owner and every object made with the context. Objects only keep
 *        the memory: that way they may be freed after the context.
 */
struct capipc_context {
	int fd;
	atomic_uint refs;
};

/**
 * struct capipc_segment - memory of a message that the kernel has mapped as well
 * @bytes: the memory, or NULL
 * @room: how many bytes fit
 * @handle: the buffer that it is
 */
struct capipc_segment {
	uint8_t *bytes;
	size_t room;
	uint32_t handle;
};

/**
 * struct capipc_message - a buffer for one message, to build and to read
 * @context: where its handles are; counted
 * @data: the bytes, unless in a @segment, or NULL if there never was room
 * @length: how many there are
 * @room: how many fit
 * @cursor: how many have been read
 * @handles: the attachments; %CAPIPC_KIND_NONE is a handle that was appended
 *           here, %CAPIPC_KIND_FILE a file descriptor, which is not a handle
 * @handles_count: how many there are
 * @handles_room: how many fit
 * @handles_cursor: how many have been taken out again
 * @area: where the kernel puts the bytes that are received, if there is one
 * @source: where the bytes begin that are built, if there is one
 * @segment: in which of the two the bytes are, or NULL
 * @append_error: the first append that failed
 * @read_error: the first read that failed
 */
struct capipc_message {
	struct capipc_context *context;
	uint8_t *data;
	size_t length;
	size_t room;
	size_t cursor;
	struct capipc_attachment *handles;
	size_t handles_count;
	size_t handles_room;
	size_t handles_cursor;
	struct capipc_segment area;
	struct capipc_segment source;
	const struct capipc_segment *segment;
	uint32_t ordinal;
	int append_error;
	int read_error;
	struct capipc_stamp stamp;
};

/**
 * struct capipc_request - what a dispatcher is handling
 * @dispatcher: whose
 * @context: its context
 * @message: what came
 * @reply: the answer
 * @received: what came, besides the message
 * @reply_handle: where to answer; 0 if not a call, deferred, entrusted to somebody
 *                else, or reported
 * @reported: the pipe is gone
 */
struct capipc_request {
	struct capipc_dispatcher *dispatcher;
	struct capipc_context *context;
	struct capipc_message *message;
	struct capipc_message *reply;
	struct capipc_received received;
	uint32_t reply_handle;
	bool reported;
};

struct capipc_context *capipc_context_get(struct capipc_context *context);
void capipc_context_put(struct capipc_context *context);
int capipc_context_ioctl(struct capipc_context *context, unsigned long request,
			 void *argument);

/* As capipc_handle_inspect(); -EPROTOTYPE: the handle is of another kind */
int capipc_handle_inspect_kind(struct capipc_context *context, uint32_t handle,
			       uint32_t kind, struct capipc_inspect *inspect);

/* Map the first part of what a handle lets map. */
int capipc_context_map(struct capipc_context *context, uint32_t handle,
		       size_t length, bool write, void **address);

/* Can it be sent in @context? The error of an append that failed, else. */
int capipc_message_sendable(const struct capipc_message *message,
			    const struct capipc_context *context);
/* What is left to send of the handles, in the form that the kernel takes. */
size_t capipc_message_outgoing(const struct capipc_message *message,
			       struct capipc_attachment *attachments);
void capipc_message_handles_sent(struct capipc_message *message);
void capipc_message_handles_close(struct capipc_message *message);
int capipc_message_prepare(struct capipc_message *message);
void capipc_message_arrived(struct capipc_message *message, uint32_t ordinal,
			    size_t length, size_t handles,
			    const struct capipc_stamp *stamp);

/*
 * Where the bytes are, as the kernel takes it: in the buffer that *source is set to, or
 * that is set to 0, and they are in ordinary memory.
 */
uint64_t capipc_message_locate(const struct capipc_message *message,
			       uint32_t *source);

/*
 * Let a message, whose it is, have a segment of at least @bytes, made with @flags; it is
 * made empty then. None, if @bytes is 0. Returns 0 or -errno, and then nothing changed.
 */
int capipc_segment_use(struct capipc_segment *segment,
		       struct capipc_message *message, uint32_t flags,
		       size_t bytes);
void capipc_segment_free(struct capipc_segment *segment,
			 struct capipc_context *context);

/* The list as the kernel takes it: *array is to be freed. */
int capipc_rules_export(const struct capipc_rules *rules, bool for_endpoint,
			struct capipc_rule **array);

/* Calls the function of its method, or the one for what is unknown. */
int capipc_request_handle(struct capipc_request *request,
			  const struct capipc_interface *interface, void *data);

/* Let others have the memory or the room in an account that was missing. */
void capipc_dispatcher_pause(void);

/* What came stays, because there is no room for it here and now. */
static inline bool capipc_error_is_no_room(int error)
{
	return error == -EDQUOT || error == -ENOMEM || error == -EMFILE ||
	       error == -EACCES;
}

static inline uint64_t pointer_to_u64(const void *pointer)
{
	return (uintptr_t)pointer;
}

#endif /* CAPIPC_INTERNAL_H */
