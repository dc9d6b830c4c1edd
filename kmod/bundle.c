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
	size_t charge = capipc_message_size(data_len, 0) + (count - 1) * capipc_message_size(0, 0);
	size_t size = sizeof(struct capipc_message) + sizeof(struct capipc_bundle) +
		count * sizeof(*messages) + data_len;
	struct capipc_message *message;
	struct capipc_bundle *bundle;
	int ret = capipc_account_charge(account, CAPIPC_BYTES, charge);

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
	memcpy(bundle->messages, messages, count * sizeof(*messages));
	capipc_bundle_describe(message);
	if (capipc_copy_in(bundle->bytes, u64_to_user_ptr(data), data_len)) {
		capipc_message_free(message);
		return ERR_PTR(-EFAULT);
	}
	return message;
}

/**
 * capipc_bundle_advance - some have been received, or are sent in another way
 * @message: a bundle
 * @count: how many; less than are left
 */
void capipc_bundle_advance(struct capipc_message *message, u32 count)
{
	struct capipc_bundle *bundle = capipc_bundle(message);

	message->count -= count;
	while (count--)
		bundle->bytes += bundle->next++->data_len;
	capipc_bundle_describe(message);
}
