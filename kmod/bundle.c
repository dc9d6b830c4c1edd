// SPDX-License-Identifier: GPL-2.0
/*
 * Bundles: see bundle.h.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/uaccess.h>

#include "bundle.h"
#include "copy.h"
#include "ready.h"

static void capipc_bundle_describe(struct capipc_message *message)
{
	const struct capipc_batched *next = capipc_bundle(message)->next;

	message->ordinal = next->ordinal;
	message->len = next->data_len;
}

/**
 * capipc_bundle_create - allocate a bundle and copy its bytes in
 * @account: who pays for it
 * @messages: what it is made of
 * @count: how many, 2 to %CAPIPC_BATCH_MAX
 * @data: user pointer to their bytes, one after the other
 * @data_len: how many, the sum of theirs, at most %CAPIPC_MESSAGE_MAX
 *
 * Return: the bundle, without a sender, or -EDQUOT, -ENOMEM, -EFAULT.
 */
struct capipc_message *capipc_bundle_create(struct capipc_account *account,
					    const struct capipc_batched *messages, u32 count,
					    u64 data, u32 data_len)
{
	/* As if each were sent by itself, which is more than a bundle takes. */
	size_t charge = capipc_messages_size(count, data_len);
	size_t size = sizeof(struct capipc_message) + sizeof(struct capipc_bundle) +
		count * sizeof(*messages) + data_len;
	struct capipc_message *message;
	struct capipc_bundle *bundle;
	int ret = capipc_account_try_charge(account, CAPIPC_BYTES, charge);

	if (ret)
		return ERR_PTR(ret);
	message = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!message) {
		capipc_account_uncharge(account, CAPIPC_BYTES, charge);
		return ERR_PTR(-ENOMEM);
	}
	*message = (struct capipc_message) {
		.link = LIST_HEAD_INIT(message->link),
		.account = account,
		.charge = charge,
		.type = CAPIPC_RECEIVED_MESSAGE,
		.band = capipc_ready_band(),
		.bundle = true,
		.count = count,
	};
	bundle = capipc_bundle(message);
	bundle->next = bundle->messages;
	bundle->bytes = (u8 *)&bundle->messages[count];
	bundle->left = data_len;
	memcpy(bundle->messages, messages, count * sizeof(*messages));
	capipc_bundle_describe(message);
	if (capipc_copy_in(bundle->bytes, u64_to_user_ptr(data), data_len)) {
		capipc_message_free(message);
		return ERR_PTR(-EFAULT);
	}
	return message;
}

/**
 * capipc_bundle_truncate - forget all but the first
 * @message: a bundle that is in no queue yet
 * @count: how many are left
 *
 * They stay charged, since their memory is in use.
 */
void capipc_bundle_truncate(struct capipc_message *message, u32 count)
{
	capipc_bundle(message)->left = capipc_message_bytes_of(message, count);
	message->count = count;
}

/**
 * capipc_bundle_advance - some have been received, or are sent in another way
 * @message: a bundle
 * @count: how many; less than are left
 */
void capipc_bundle_advance(struct capipc_message *message, u32 count)
{
	struct capipc_bundle *bundle = capipc_bundle(message);
	u32 len = capipc_message_bytes_of(message, count);

	message->count -= count;
	bundle->next += count;
	bundle->bytes += len;
	bundle->left -= len;
	capipc_bundle_describe(message);
}
