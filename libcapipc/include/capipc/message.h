/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages: built or received, then read
 *
 * A message is an ordinal, bytes, and attachments, which are handles and file
 * descriptors in one sequence. The bytes are a sequence of values without
 * padding: integers are little endian; a run of bytes is its length as u32, then
 * the bytes; a string is its length as u32, then the bytes and one NUL, which the
 * length does not count. Who wants another format uses
 * capipc_message_append_raw() and capipc_message_read_raw() only.
 *
 * Errors stick: after an append has failed, each later append and any attempt
 * to send fails with the same error, so that a sequence needs one check. It is
 * the same with reads, separately, and capipc_message_read_end(). What a read
 * returns is zero (or an empty string) when it fails.
 *
 * Reading believes nothing that the sender wrote. Whether an attachment is a
 * handle or a file descriptor is said by the kernel: who expects one and gets the
 * other has a bad message, not a number that means something else.
 */
#ifndef CAPIPC_MESSAGE_H
#define CAPIPC_MESSAGE_H

#include <capipc/base.h>

CAPIPC_BEGIN_DECLS

/* Room that receiving and calling make in a message that has less. */
#define CAPIPC_MESSAGE_ROOM	    16384U /* bytes */
#define CAPIPC_MESSAGE_HANDLES_ROOM 16U /* attachments */

/**
 * capipc_message_new() - make an empty message
 * @out: receives the message; free it with capipc_message_free()
 * @context: the context it will be sent from or received in
 * @ordinal: number of the method
 *
 * A message is a buffer that can be used over and over, for sending and for
 * receiving; it allocates only when it grows.
 *
 * Return: 0; -ENOMEM.
 */
int capipc_message_new(struct capipc_message **out,
		       struct capipc_context *context, uint32_t ordinal);

/**
 * capipc_message_free() - free a message
 * @message: the message or NULL
 *
 * Closes the handles and file descriptors that were neither sent nor read.
 */
void capipc_message_free(struct capipc_message *message);

/**
 * capipc_message_reset() - make a message empty again
 * @message: the message
 * @ordinal: its new ordinal
 *
 * Closes the handles and file descriptors that were neither sent nor read. Keeps
 * the memory.
 */
void capipc_message_reset(struct capipc_message *message, uint32_t ordinal);

/**
 * capipc_message_reserve() - make room in a message
 * @message: the message
 * @bytes: room for bytes, in all
 * @handles: room for handles and file descriptors, in all
 *
 * For the message that capipc_endpoint_call() puts the reply into, this says
 * how large the reply may be. Room never shrinks.
 *
 * Return: 0; -EMSGSIZE: more than %CAPIPC_MESSAGE_MAX or
 * %CAPIPC_ATTACHMENTS_MAX; -ENOMEM.
 */
int capipc_message_reserve(struct capipc_message *message, size_t bytes,
			   size_t handles);

/**
 * capipc_message_use_area() - receive large messages without copying them twice
 * @message: the message, which is made empty unless it has such an area already
 * @bytes: how large, at most %CAPIPC_MESSAGE_MAX; 0: give the area up
 *
 * What is received into @message from now on is put into memory that only the kernel
 * writes, by who sends it, if somebody waits for it: it is read there like in any message.
 * What is larger than the area is received as without one. A reply to a call is, too.
 *
 * The memory is charged to the context, and mapped: as long as it is there, the kernel keeps the
 * context open, also when that was freed.
 *
 * Return: 0; -EMSGSIZE: more than %CAPIPC_MESSAGE_MAX, or than the kernel allows;
 * -EDQUOT, -ENOMEM; -EINVAL: this kernel has no such areas.
 */
int capipc_message_use_area(struct capipc_message *message, size_t bytes);

/**
 * capipc_message_use_source() - send large messages without copying them twice
 * @message: the message, which is made empty unless it has such a source already
 * @bytes: how large, at most %CAPIPC_MESSAGE_MAX; 0: give the source up
 *
 * What is appended to @message while it is empty, and what follows, is put into memory that
 * the kernel can read whoever runs, until it outgrows that: then it moves to ordinary
 * memory. A large message in the source is copied once, by who sends or by who receives it,
 * if somebody waits for it with an area. What is received into @message, also as a reply, is
 * never in the source.
 *
 * As long as a call is pending, its request may be read there. If it is built anew before the
 * call is over, what is received may be some of both. It may be freed.
 *
 * The memory is charged to the context, and mapped, like that of an area.
 *
 * Return: 0; -EMSGSIZE: more than %CAPIPC_MESSAGE_MAX, or than the kernel allows;
 * -EDQUOT, -ENOMEM; -EINVAL: this kernel has no such sources.
 */
int capipc_message_use_source(struct capipc_message *message, size_t bytes);

/** capipc_message_ordinal() - the ordinal, as the kernel checked it */
uint32_t capipc_message_ordinal(const struct capipc_message *message);

/**
 * capipc_message_stamp() - who sent it
 * @message: a message that was received, also as a reply
 *
 * Return: the stamp, which lives until the message is reset, reused or freed;
 * all zero for a message that was not received.
 */
const struct capipc_stamp *
capipc_message_stamp(const struct capipc_message *message);

/**
 * capipc_message_data() - the bytes of a message
 * @message: the message
 * @length: receives their number; may be NULL
 *
 * Return: the bytes, until the message is changed, reset or freed; not NULL.
 */
const void *capipc_message_data(const struct capipc_message *message,
				size_t *length);

/**
 * capipc_message_handles() - number of handles and file descriptors that are still
 * in a message
 */
size_t capipc_message_handles(const struct capipc_message *message);

/**
 * capipc_message_append_u8() - append an integer
 * @message: the message
 * @value: the integer
 *
 * Return: 0; -EMSGSIZE: more than %CAPIPC_MESSAGE_MAX; -ENOMEM; or the error
 * of an append that failed before.
 */
int capipc_message_append_u8(struct capipc_message *message, uint8_t value);
/** capipc_message_append_u16() - as capipc_message_append_u8() */
int capipc_message_append_u16(struct capipc_message *message, uint16_t value);
/** capipc_message_append_u32() - as capipc_message_append_u8() */
int capipc_message_append_u32(struct capipc_message *message, uint32_t value);
/** capipc_message_append_u64() - as capipc_message_append_u8() */
int capipc_message_append_u64(struct capipc_message *message, uint64_t value);

/**
 * capipc_message_append_bytes() - append a run of bytes with its length
 * @message: the message
 * @bytes: the bytes, which are copied; may be NULL when @length is 0
 * @length: their number
 *
 * Return: as capipc_message_append_u8().
 */
int capipc_message_append_bytes(struct capipc_message *message,
				const void *bytes, size_t length);

/**
 * capipc_message_append_string() - append a string
 * @message: the message
 * @string: a NUL terminated string, which is copied
 *
 * Return: as capipc_message_append_u8().
 */
int capipc_message_append_string(struct capipc_message *message,
				 const char *string);

/**
 * capipc_message_append_raw() - append bytes as they are, without a length
 * @message: the message
 * @bytes: the bytes, which are copied; may be NULL when @length is 0
 * @length: their number
 *
 * Return: as capipc_message_append_u8().
 */
int capipc_message_append_raw(struct capipc_message *message, const void *bytes,
			      size_t length);

/**
 * capipc_message_append_handle() - attach a handle
 * @message: the message
 * @handle: an endpoint, listener or reply handle of the context of the message
 * @rights: those of its rights that shall arrive, CAPIPC_RIGHT_*, or
 *          %CAPIPC_RIGHTS_SAME for all that it has
 *
 * After success the handle belongs to the message, which moves it to the
 * receiver when sent and closes it when freed unsent. After failure it still
 * belongs to the caller. Whether it can move with these rights is checked when
 * the message is sent.
 *
 * Return: 0; -EBADF: @handle is 0; -EMSGSIZE: more than
 * %CAPIPC_ATTACHMENTS_MAX; -ENOMEM; or the error of an append that failed
 * before.
 */
int capipc_message_append_handle(struct capipc_message *message,
				 uint32_t handle, uint32_t rights);

/**
 * capipc_message_append_fd() - attach a file descriptor
 * @message: the message
 * @fd: an open file descriptor
 *
 * After success it belongs to the message, which closes it when it has been sent,
 * or is freed unsent; who wants to keep it appends a duplicate. After failure it
 * still belongs to the caller. Whether it is open is checked when the message is
 * sent. The receiver gets a file descriptor of his own for the same open file,
 * with O_CLOEXEC.
 *
 * Return: 0; -EBADF: @fd is negative; as capipc_message_append_handle().
 */
int capipc_message_append_fd(struct capipc_message *message, int fd);

/**
 * capipc_message_read_u8() - read the next integer
 * @message: the message
 * @value: receives the integer, 0 on failure
 *
 * Return: 0; -EBADMSG: the message ends before, or a read failed before.
 */
int capipc_message_read_u8(struct capipc_message *message, uint8_t *value);
/** capipc_message_read_u16() - as capipc_message_read_u8() */
int capipc_message_read_u16(struct capipc_message *message, uint16_t *value);
/** capipc_message_read_u32() - as capipc_message_read_u8() */
int capipc_message_read_u32(struct capipc_message *message, uint32_t *value);
/** capipc_message_read_u64() - as capipc_message_read_u8() */
int capipc_message_read_u64(struct capipc_message *message, uint64_t *value);

/**
 * capipc_message_read_bytes() - read the next run of bytes
 * @message: the message
 * @bytes: receives where they are, inside of the message and valid until that
 *         is changed, reset or freed; never NULL
 * @length: receives their number
 *
 * Return: 0; -EBADMSG: the message ends before, or a read failed before.
 */
int capipc_message_read_bytes(struct capipc_message *message,
			      const void **bytes, size_t *length);

/**
 * capipc_message_read_string() - read the next string
 * @message: the message
 * @string: receives the string, inside of the message and valid until that is
 *          changed, reset or freed; "" on failure. Nothing is said about its
 *          character set.
 *
 * Return: 0; -EBADMSG: the message ends before, the string is not terminated
 * or has a NUL inside, or a read failed before.
 */
int capipc_message_read_string(struct capipc_message *message,
			       const char **string);

/**
 * capipc_message_read_raw() - read bytes as they are
 * @message: the message
 * @bytes: receives where they are, as capipc_message_read_bytes()
 * @length: how many
 *
 * Return: 0; -EBADMSG: the message ends before, or a read failed before.
 */
int capipc_message_read_raw(struct capipc_message *message, const void **bytes,
			    size_t length);

/**
 * capipc_message_peek_kind() - what the next attachment is
 * @message: the message
 *
 * For messages whose sender may choose. Takes nothing out.
 *
 * Return: enum capipc_kind, as the kernel says: %CAPIPC_KIND_FILE for a file
 * descriptor, %CAPIPC_KIND_NONE for a handle that was appended here and not sent;
 * -ENODATA: there is none.
 */
int capipc_message_peek_kind(const struct capipc_message *message);

/**
 * capipc_message_read_handle() - take the next handle out of a message
 * @message: the message
 * @kind: the kind that is expected, %CAPIPC_KIND_ENDPOINT,
 *        %CAPIPC_KIND_LISTENER or %CAPIPC_KIND_REPLY, or %CAPIPC_KIND_NONE for any
 * @rights: the rights that it must have at least, CAPIPC_RIGHT_*
 * @handle: receives the handle, which then belongs to the caller; 0 on failure
 *
 * Also takes back a handle that was appended and could not be sent, whose kind
 * and rights are not checked then.
 *
 * A reply handle (with %CAPIPC_RIGHT_WRITE) is for capipc_reply_send(): the call is
 * the taker's to answer now.
 *
 * Return: 0; -EBADMSG: there is none, or it is of another kind or lacks a
 * right, or is a file descriptor, whatever @kind says, or a read failed before;
 * -EINVAL: @kind is %CAPIPC_KIND_FILE.
 */
int capipc_message_read_handle(struct capipc_message *message, uint32_t kind,
			       uint32_t rights, uint32_t *handle);

/**
 * capipc_message_read_fd() - take the next file descriptor out of a message
 * @message: the message
 * @fd: receives the file descriptor, which then belongs to the caller; -1 on
 *      failure
 *
 * Nothing is said about what kind of file it is: see fstat(2). It may block, or
 * shrink under a mapping.
 *
 * Return: 0; -EBADMSG: there is none, or it is a handle, or a read failed before.
 */
int capipc_message_read_fd(struct capipc_message *message, int *fd);

/**
 * capipc_message_read_end() - check that all was read, and read well
 * @message: the message
 *
 * Return: 0; -EBADMSG: a read has failed, or there are bytes, handles or file
 * descriptors left.
 */
int capipc_message_read_end(struct capipc_message *message);

/**
 * capipc_message_read_rewind() - read the bytes from the start again
 * @message: the message
 *
 * Forgets a failed read. Handles and file descriptors that were taken out stay
 * out.
 */
void capipc_message_read_rewind(struct capipc_message *message);

CAPIPC_END_DECLS

#endif /* CAPIPC_MESSAGE_H */
