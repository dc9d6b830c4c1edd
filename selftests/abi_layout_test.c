// SPDX-License-Identifier: GPL-2.0
/*
 * The layout of every struct, which is the same for 32 and 64 bit: both builds
 * of this program must hold.
 */
#include "capipc_test.h"

#define SIZE(type, size) \
	_Static_assert(sizeof(struct capipc_##type) == (size), #type)
#define AT(type, member, offset)                                           \
	_Static_assert(offsetof(struct capipc_##type, member) == (offset), \
		       #type "." #member)

SIZE(attachment, 16);
AT(attachment, rights, 4);
AT(attachment, kind, 8);
AT(attachment, reserved, 12);

SIZE(stamp, 32);
AT(stamp, capabilities, 8);
AT(stamp, uid, 16);
AT(stamp, gid, 20);
AT(stamp, pid, 24);
AT(stamp, flags, 28);

SIZE(rule, 48);
AT(rule, facet, 4);
AT(rule, ordinal_first, 8);
AT(rule, ordinal_last, 12);
AT(rule, uid, 16);
AT(rule, gid, 20);
AT(rule, capabilities, 24);
AT(rule, label, 32);
AT(rule, label_len, 40);
AT(rule, reserved, 44);

SIZE(info, 48);
AT(info, abi_version, 8);
AT(info, window_messages, 28);
AT(info, features, 32);
AT(info, context_id, 40);

SIZE(create, 32);
AT(create, handle, 8);
AT(create, cookie, 16);

SIZE(close, 16);
AT(close, handle, 8);

SIZE(tag, 24);
AT(tag, handle, 8);
AT(tag, cookie, 16);

SIZE(inspect, 64);
AT(inspect, handle, 8);
AT(inspect, facet, 28);
AT(inspect, cookie, 32);
AT(inspect, object_id, 40);
AT(inspect, bytes, 48);
AT(inspect, element_bytes, 56);

SIZE(send, 56);
AT(send, deadline_ns, 8);
AT(send, data, 16);
AT(send, attachments, 24);
AT(send, data_len, 32);
AT(send, attachments_count, 36);
AT(send, handle, 40);
AT(send, ordinal, 44);
AT(send, source, 48);
AT(send, reserved, 52);

SIZE(batched, 8);
AT(batched, data_len, 4);

SIZE(send_batch, 48);
AT(send_batch, deadline_ns, 8);
AT(send_batch, messages, 16);
AT(send_batch, data, 24);
AT(send_batch, data_len, 32);
AT(send_batch, count, 36);
AT(send_batch, handle, 40);
AT(send_batch, sent, 44);

SIZE(receive_batch, 104);
AT(receive_batch, deadline_ns, 8);
AT(receive_batch, messages, 16);
AT(receive_batch, data, 24);
AT(receive_batch, data_capacity, 32);
AT(receive_batch, count_capacity, 36);
AT(receive_batch, handle, 40);
AT(receive_batch, type, 44);
AT(receive_batch, from, 48);
AT(receive_batch, count, 52);
AT(receive_batch, data_len, 56);
AT(receive_batch, facet, 60);
AT(receive_batch, cookie, 64);
AT(receive_batch, stamp, 72);

SIZE(call, 128);
AT(call, deadline_ns, 8);
AT(call, reply_data, 32);
AT(call, reply_attachments, 40);
AT(call, data_len, 48);
AT(call, handle, 64);
AT(call, pending, 72);
AT(call, state, 76);
AT(call, reply_attachments_count, 84);
AT(call, stamp, 88);
AT(call, source, 120);
AT(call, reserved, 124);

SIZE(reply, 40);
AT(reply, data, 8);
AT(reply, attachments, 16);
AT(reply, data_len, 24);
AT(reply, handle, 32);
AT(reply, reserved, 36);

SIZE(receive, 136);
AT(receive, deadline_ns, 8);
AT(receive, reply, 16);
AT(receive, data, 24);
AT(receive, attachments, 32);
AT(receive, data_capacity, 40);
AT(receive, handle, 48);
AT(receive, type, 52);
AT(receive, from, 56);
AT(receive, facet, 84);
AT(receive, cookie, 88);
AT(receive, stamp, 96);
AT(receive, area, 128);
AT(receive, reserved, 132);

SIZE(listen, 64);
AT(listen, name, 8);
AT(listen, rules, 16);
AT(listen, endpoint_rules, 24);
AT(listen, cookie, 32);
AT(listen, name_len, 40);
AT(listen, backlog, 56);
AT(listen, handle, 60);

SIZE(connect, 32);
AT(connect, name, 8);
AT(connect, cookie, 16);
AT(connect, name_len, 24);
AT(connect, handle, 28);

SIZE(restrict, 32);
AT(restrict, rules, 8);
AT(restrict, rules_count, 16);
AT(restrict, handle, 24);

SIZE(explain, 40);
AT(explain, name, 16);
AT(explain, name_len, 24);
AT(explain, rule, 28);
AT(explain, facet, 36);

SIZE(query, 152);
AT(query, stamp_id, 16);
AT(query, groups, 24);
AT(query, label, 32);
AT(query, exe_fd, 56);
AT(query, exe_dev, 72);
AT(query, net_ns, 112);
AT(query, stamp, 120);

SIZE(report, 40);
AT(report, stamp_id, 16);
AT(report, reason, 24);
AT(report, reason_len, 32);
AT(report, reserved, 36);

SIZE(invited, 24);
AT(invited, handle, 8);
AT(invited, rights, 12);
AT(invited, kind, 16);
AT(invited, reserved, 20);

SIZE(invite, 64);
AT(invite, attachments, 8);
AT(invite, rules, 16);
AT(invite, cookie, 24);
AT(invite, expires_ns, 32);
AT(invite, attachments_count, 40);
AT(invite, rule_size, 48);
AT(invite, handle, 52);
AT(invite, fd, 56);
AT(invite, reserved, 60);

SIZE(accept, 64);
AT(accept, attachments, 8);
AT(accept, fd, 16);
AT(accept, attachments_capacity, 20);
AT(accept, attachments_count, 24);
AT(accept, terms, 28);
AT(accept, stamp, 32);
SIZE(duplicate, 24);
AT(duplicate, handle, 8);
AT(duplicate, rights, 12);
AT(duplicate, duplicate, 16);
AT(duplicate, reserved, 20);

SIZE(create_buffer, 24);
AT(create_buffer, bytes, 8);
AT(create_buffer, handle, 16);
AT(create_buffer, reserved, 20);

SIZE(create_data_pipe, 40);
AT(create_data_pipe, element_bytes, 8);
AT(create_data_pipe, elements, 12);
AT(create_data_pipe, handle, 16);
AT(create_data_pipe, cookie, 24);

SIZE(ring_header, 8);
AT(ring_header, wake, 4);

SIZE(signal, 16);
AT(signal, handle, 8);
AT(signal, reserved, 12);

TEST(info)
{
	struct capipc_info a;
	int fd = ipc_open();

	ASSERT_GE(fd, 0);
	ASSERT_OK(ipc_do_info(fd, &a));
	EXPECT_EQ(CAPIPC_ABI_VERSION, a.abi_version);
	EXPECT_EQ(CAPIPC_MESSAGE_MAX, a.message_max);
	EXPECT_EQ(CAPIPC_ATTACHMENTS_MAX, a.attachments_max);
	EXPECT_EQ(CAPIPC_RULES_MAX, a.rules_max);
	/* one message of the largest size has to go through */
	EXPECT_GE(a.window_bytes, CAPIPC_MESSAGE_MAX);
	EXPECT_NE(IPC_POISON32, a.window_bytes);
	EXPECT_GE(a.window_messages, 1);
	EXPECT_NE(IPC_POISON32, a.window_messages);
	EXPECT_EQ(0, a.features);
	EXPECT_NE(0, a.context_id);
	EXPECT_NE(IPC_POISON64, a.context_id);
}

/* The numbers do not depend on the size of a struct. */
TEST(numbers)
{
	EXPECT_EQ(0xc100, CAPIPC_IOC_INFO);
	EXPECT_EQ(0xc101, CAPIPC_IOC_CREATE);
	EXPECT_EQ(0xc102, CAPIPC_IOC_CLOSE);
	EXPECT_EQ(0xc103, CAPIPC_IOC_TAG);
	EXPECT_EQ(0xc104, CAPIPC_IOC_INSPECT);
	EXPECT_EQ(0xc105, CAPIPC_IOC_SEND);
	EXPECT_EQ(0xc106, CAPIPC_IOC_CALL);
	EXPECT_EQ(0xc107, CAPIPC_IOC_REPLY);
	EXPECT_EQ(0xc108, CAPIPC_IOC_RECEIVE);
	EXPECT_EQ(0xc109, CAPIPC_IOC_LISTEN);
	EXPECT_EQ(0xc10a, CAPIPC_IOC_CONNECT);
	EXPECT_EQ(0xc10b, CAPIPC_IOC_RESTRICT);
	EXPECT_EQ(0xc10c, CAPIPC_IOC_EXPLAIN);
	EXPECT_EQ(0xc10d, CAPIPC_IOC_QUERY);
	EXPECT_EQ(0xc10e, CAPIPC_IOC_REPORT);
	EXPECT_EQ(0xc10f, CAPIPC_IOC_INVITE);
	EXPECT_EQ(0xc110, CAPIPC_IOC_ACCEPT);
	EXPECT_EQ(0xc111, CAPIPC_IOC_REPLACE);
	EXPECT_EQ(0xc112, CAPIPC_IOC_DUPLICATE);
	EXPECT_EQ(0xc113, CAPIPC_IOC_ATTENUATE);
	EXPECT_EQ(0xc114, CAPIPC_IOC_CONFINE);
	EXPECT_EQ(0xc115, CAPIPC_IOC_FUSE);
	EXPECT_EQ(0xc116, CAPIPC_IOC_CREATE_BUFFER);
	EXPECT_EQ(0xc117, CAPIPC_IOC_CREATE_DATA_PIPE);
	EXPECT_EQ(0xc118, CAPIPC_IOC_SIGNAL);
	EXPECT_EQ(0xc119, CAPIPC_IOC_SEND_BATCH);
	EXPECT_EQ(0xc11a, CAPIPC_IOC_RECEIVE_BATCH);
}

TEST_HARNESS_MAIN
