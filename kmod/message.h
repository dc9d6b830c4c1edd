/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages: bytes, attachments and who sent them.
 *
 * A message belongs to one thread (being built, being received) or to the queue
 * of one object. A connection is a message too: it waits in the queue of a
 * listener and carries the server's end of the new pipe.
 */
#ifndef CAPIPC_MESSAGE_H
#define CAPIPC_MESSAGE_H

#include <linux/mm.h>
#include <linux/overflow.h>

#include "account.h"
#include "area.h"
#include "context.h"
#include "handle.h"
#include "main.h"
#include "ready.h"
#include "source.h"

/**
 * struct capipc_moved - something on its way
 * @what: what it is, with a reference, and the rights that will arrive
 * @value: its handle, or file descriptor: the sender's, then the receiver's
 * @refused: this receiver may not have it: it will be closed
 */
struct capipc_moved {
	struct capipc_handle what;
	u32 value;
	bool refused;
};

/**
 * struct capipc_message - one message; owned by whoever has taken it
 * @link: in the queue of an object, or on a list of garbage
 * @account: who pays until it is received; NULL for a reply, which the caller
 *           has paid for with its transaction
 * @charge: bytes charged to @account, and taken of the window of its pipe
 * @handles: handles charged to @account
 * @files: file descriptors among what it carries
 * @refused: those among what it carries that this receiver may not have
 * @files_account: of who has them in flight: the sender, of a reply the caller; alive as
 *                 long as there are any, because they cost it bytes, or the call does
 * @sender: who sent it, with a reference
 * @sender_changed: %CAPIPC_STAMP_CHANGED
 * @judged: who fuses has judged it; the lock of its queue
 * @band: how urgent it is: where it puts the object in whose queue it is
 * @placed: its bytes are where they are received already, not in @data
 * @lent: or they will be: they are in the sender's buffer, and @data has where, with a reference
 * @moved_inside: @moved is in @data, behind the bytes
 * @small: it has room for %CAPIPC_MESSAGE_SMALL bytes, and can be kept for another one
 * @bundle: it is several plain messages (bundle.h), and @ordinal and @len are those of
 *          the first that is left, which @data is not
 * @count: how many messages it is: 1, but for a bundle
 * @type: enum capipc_receive_type
 * @transaction: the call that it is the request of, with a reference, or NULL
 * @ordinal: number of the method
 * @len: bytes in @data
 * @moved_count: number of @moved
 * @moved: what it carries
 * @data: the bytes
 */
struct capipc_message {
	struct list_head link;
	struct capipc_account *account;
	size_t charge;
	struct capipc_ident *sender;
	struct capipc_transaction *transaction;
	struct capipc_moved *moved;
	struct capipc_account *files_account;
	u32 moved_count;
	u32 handles;
	u32 files;
	u32 ordinal;
	u32 len;
	u8 type;
	bool sender_changed;
	bool judged;
	u8 band;
	bool placed;
	bool lent;
	bool moved_inside;
	bool small;
	bool bundle;
	u8 count;
	u16 refused;
	u8 data[] __aligned(__alignof__(struct capipc_moved));
};

/* Bytes for which a message of the smallest kind has room: it fills 192. */
#define CAPIPC_MESSAGE_SMALL	((u32)(192 - offsetof(struct capipc_message, data)))

/* What a message costs: its memory, but for what the allocators add. */
static inline size_t capipc_message_size(u32 len, u32 attachments)
{
	return size_add(struct_size((struct capipc_message *)NULL, data, len),
			size_mul(attachments, sizeof(struct capipc_moved)));
}

/* What so many plain messages cost that have so many bytes together. */
static inline size_t capipc_messages_size(u32 count, u32 len)
{
	return (size_t)count * capipc_message_size(0, 0) + len;
}

/* Slots that it needs in the receiver's table, but for a reply handle. */
static inline u32 capipc_message_slots(const struct capipc_message *message)
{
	return message->moved_count - message->files - message->refused;
}

/* What its receiver needs room for in its array: a connection is told in another way. */
static inline u32 capipc_message_attachments(const struct capipc_message *message)
{
	return message->type == CAPIPC_RECEIVED_CONNECTION ? 0 : message->moved_count;
}

/* Bytes that files cost who sends them, besides what the message costs. */
static inline size_t capipc_message_files_size(u32 files)
{
	return (size_t)files * sizeof(struct capipc_moved);
}

/*
 * Most bytes of a message that are placed, which is done with the lock of a pipe held, and
 * those for which it is not worth the trouble.
 */
#define CAPIPC_PLACED_MAX	65536U
#define CAPIPC_PLACED_MIN	512U

/* Memory for a small one: what a context has kept of one that it received, or new. */
static __always_inline struct capipc_message *capipc_message_small(struct capipc_context *context)
{
	struct capipc_message *message = NULL;

	if (READ_ONCE(context->spare_message))
		message = xchg(&context->spare_message, NULL);
	return likely(message) ? message :
		kmalloc(offsetof(struct capipc_message, data) + CAPIPC_MESSAGE_SMALL,
			GFP_KERNEL_ACCOUNT);
}

/**
 * capipc_message_make - allocate a message, without its bytes, that nobody pays for
 * @context: of who makes it
 * @len: how many bytes, at most %CAPIPC_MESSAGE_MAX
 * @placed: they will be elsewhere, and need no memory
 * @charge: what is to be charged for it
 *
 * It is written field by field: that takes less time than the loop that compilers make of
 * so many zeroes.
 *
 * Return: the message, or NULL.
 */
static __always_inline struct capipc_message *capipc_message_make(struct capipc_context *context,
								  u32 len, bool placed,
								  size_t charge)
{
	bool small = placed || len <= CAPIPC_MESSAGE_SMALL;
	struct capipc_message *message;

	message = small ? capipc_message_small(context) :
		kvmalloc(struct_size(message, data, len), GFP_KERNEL_ACCOUNT);
	if (unlikely(!message))
		return NULL;
	INIT_LIST_HEAD(&message->link);
	message->account = NULL;
	message->charge = charge;
	message->sender = NULL;
	message->transaction = NULL;
	message->moved = NULL;
	message->files_account = NULL;
	message->moved_count = 0;
	message->handles = 0;
	message->files = 0;
	message->ordinal = 0;
	message->len = len;
	message->type = CAPIPC_RECEIVED_MESSAGE;
	message->sender_changed = false;
	message->judged = false;
	message->band = capipc_ready_band();
	message->placed = placed;
	message->lent = false;
	message->moved_inside = false;
	message->small = small;
	message->bundle = false;
	message->count = 1;
	message->refused = 0;
	return message;
}

struct capipc_message *capipc_message_retrieve(struct capipc_message *message,
					       const struct capipc_room *room);
struct capipc_message *capipc_message_create(struct capipc_context *context,
					     struct capipc_account *account,
					     const struct capipc_source *source, u32 len,
					     u32 attachments);
int __must_check capipc_message_charge_files(struct capipc_message *message,
					     struct capipc_context *context,
					     const struct capipc_transaction *transaction);
void capipc_message_uncharge_files(struct capipc_message *message);
void capipc_message_free(struct capipc_message *message);
void capipc_message_recycle(struct capipc_message *message, struct capipc_context *context);
void capipc_message_destroy(struct capipc_message *message, struct list_head *garbage);

#endif /* CAPIPC_MESSAGE_H */
