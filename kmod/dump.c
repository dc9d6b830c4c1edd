// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps: see dump.h.
 */
#include <net/sock.h>

#include "dump.h"
#include "netlink.h"

struct capipc_dump *capipc_dump(struct netlink_callback *cb)
{
	return *(struct capipc_dump **)cb->ctx;
}

int capipc_dump_start(struct netlink_callback *cb)
{
	struct capipc_dump *dump = kzalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);

	if (!dump)
		return -ENOMEM;
	capipc_viewer_init(&dump->viewer, cb->skb);
	capipc_viewer_get(&dump->viewer);
	*(struct capipc_dump **)cb->ctx = dump;
	return 0;
}

int capipc_dump_done(struct netlink_callback *cb)
{
	struct capipc_dump *dump = capipc_dump(cb);

	capipc_viewer_put(&dump->viewer);
	kfree(dump);
	return 0;
}

/**
 * capipc_dump_header - begin a message of a dump
 * @skb: the socket buffer
 * @cb: the dump, with its generation in @cb->seq
 * @cmd: enum capipc_cmd
 *
 * Return: for capipc_dump_end(), or NULL if there is no room.
 */
void *capipc_dump_header(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   &capipc_genl_family, NLM_F_MULTI, cmd);

	if (header)
		genl_dump_check_consistent(cb, header);
	return header;
}

/* End a message, or take it back. Returns @error. */
int capipc_dump_end(struct sk_buff *skb, void *header, int error)
{
	if (error)
		genlmsg_cancel(skb, header);
	else
		genlmsg_end(skb, header);
	return error;
}

/* Send the answer to a question about one thing, unless it could not be filled. */
int capipc_dump_answer(struct sk_buff *skb, struct genl_info *info, int error)
{
	if (!error)
		return genlmsg_reply(skb, info);
	nlmsg_free(skb);
	return error;
}
