// SPDX-License-Identifier: GPL-2.0
/*
 * Which operations there are. A new ioctl has to be put here, or the build fails
 * (qemu/check-static, operations_are_whole()).
 */
#include <string.h>

#include "fuzz.h"

#define F(_struct, _member, _type)                                             \
	{                                                                      \
		.name = #_member, .offset = offsetof(struct _struct, _member), \
		.size = sizeof(((struct _struct *)0)->_member),                \
		.type = FIELD_##_type,                                         \
	}

/* An element of an array. */
#define FN(_struct, _member, _n, _name, _type)                      \
	{                                                           \
		.name = _name,                                      \
		.offset = offsetof(struct _struct, _member[_n]),    \
		.size = sizeof(((struct _struct *)0)->_member[_n]), \
		.type = FIELD_##_type,                              \
	}

/* What is no ioctl has no struct. */
#define A(_name, _type)                               \
	{                                             \
		.name = _name, .type = FIELD_##_type, \
	}

#define CHOICE(_name, _choices)                                             \
	{                                                                   \
		.name = _name, .type = FIELD_CHOICE, .choices = (_choices), \
	}

static const struct field info_fields[] = {
	F(capipc_info, size, SIZE),
	F(capipc_info, flags, FLAGS),
	F(capipc_info, abi_version, OUT),
	F(capipc_info, message_max, OUT),
	F(capipc_info, attachments_max, OUT),
	F(capipc_info, rules_max, OUT),
	F(capipc_info, window_bytes, OUT),
	F(capipc_info, window_messages, OUT),
	F(capipc_info, features, OUT),
	F(capipc_info, context_id, OUT),
};

static const struct field create_fields[] = {
	F(capipc_create, size, SIZE),
	F(capipc_create, flags, FLAGS),
	FN(capipc_create, handle, 0, "handle0", OUT_HANDLE),
	FN(capipc_create, handle, 1, "handle1", OUT_HANDLE),
	F(capipc_create, cookie, NUMBER),
};

static const struct field close_fields[] = {
	F(capipc_close, size, SIZE),
	F(capipc_close, flags, FLAGS),
	F(capipc_close, handle, HANDLE),
	F(capipc_close, reserved, RESERVED),
};

static const struct field tag_fields[] = {
	F(capipc_tag, size, SIZE),     F(capipc_tag, flags, FLAGS),
	F(capipc_tag, handle, HANDLE), F(capipc_tag, reserved, RESERVED),
	F(capipc_tag, cookie, NUMBER),
};

static const struct field inspect_fields[] = {
	F(capipc_inspect, size, SIZE),
	F(capipc_inspect, flags, FLAGS),
	F(capipc_inspect, handle, HANDLE),
	F(capipc_inspect, kind, OUT),
	F(capipc_inspect, rights, OUT),
	F(capipc_inspect, state, OUT),
	F(capipc_inspect, queued, OUT),
	F(capipc_inspect, facet, OUT),
	F(capipc_inspect, cookie, OUT),
	F(capipc_inspect, object_id, OUT),
	F(capipc_inspect, bytes, OUT),
	F(capipc_inspect, element_bytes, OUT),
	F(capipc_inspect, reserved, OUT),
};

static const struct field send_fields[] = {
	F(capipc_send, size, SIZE),
	F(capipc_send, flags, FLAGS),
	F(capipc_send, deadline_ns, DEADLINE),
	F(capipc_send, data, DATA),
	F(capipc_send, data_len, LENGTH),
	F(capipc_send, attachments, ATTACHMENTS),
	F(capipc_send, attachments_count, COUNT),
	F(capipc_send, handle, HANDLE),
	F(capipc_send, ordinal, NUMBER),
	F(capipc_send, source, HANDLE),
	F(capipc_send, reserved, RESERVED),
};

static const struct field send_batch_fields[] = {
	F(capipc_send_batch, size, SIZE),
	F(capipc_send_batch, flags, FLAGS),
	F(capipc_send_batch, deadline_ns, DEADLINE),
	F(capipc_send_batch, messages, BATCH),
	F(capipc_send_batch, count, COUNT),
	F(capipc_send_batch, data, DATA),
	F(capipc_send_batch, data_len, BATCH_LENGTH),
	F(capipc_send_batch, handle, HANDLE),
	F(capipc_send_batch, sent, OUT),
};

static const struct field receive_batch_fields[] = {
	F(capipc_receive_batch, size, SIZE),
	F(capipc_receive_batch, flags, FLAGS),
	F(capipc_receive_batch, deadline_ns, DEADLINE),
	F(capipc_receive_batch, messages, ROOM),
	F(capipc_receive_batch, count_capacity, COUNT),
	F(capipc_receive_batch, data, ROOM),
	F(capipc_receive_batch, data_capacity, LENGTH),
	F(capipc_receive_batch, handle, HANDLE),
	F(capipc_receive_batch, type, OUT),
	F(capipc_receive_batch, from, OUT),
	F(capipc_receive_batch, count, OUT),
	F(capipc_receive_batch, data_len, OUT),
	F(capipc_receive_batch, facet, OUT),
	F(capipc_receive_batch, cookie, OUT),
	F(capipc_receive_batch, stamp, OUT_STAMP),
};

static const struct field call_fields[] = {
	F(capipc_call, size, SIZE),
	F(capipc_call, flags, FLAGS),
	F(capipc_call, deadline_ns, DEADLINE),
	F(capipc_call, data, DATA),
	F(capipc_call, data_len, LENGTH),
	F(capipc_call, attachments, ATTACHMENTS),
	F(capipc_call, attachments_count, COUNT),
	F(capipc_call, reply_data, ROOM),
	F(capipc_call, reply_capacity, LENGTH),
	F(capipc_call, reply_attachments, ROOM),
	F(capipc_call, reply_attachments_capacity, COUNT),
	F(capipc_call, handle, HANDLE),
	F(capipc_call, ordinal, NUMBER),
	F(capipc_call, pending, HANDLE),
	F(capipc_call, state, OUT),
	F(capipc_call, reply_len, OUT),
	F(capipc_call, reply_attachments_count, OUT),
	F(capipc_call, stamp, OUT_STAMP),
	F(capipc_call, source, HANDLE),
	F(capipc_call, reserved, RESERVED),
};

static const struct field reply_fields[] = {
	F(capipc_reply, size, SIZE),
	F(capipc_reply, flags, FLAGS),
	F(capipc_reply, data, DATA),
	F(capipc_reply, data_len, LENGTH),
	F(capipc_reply, attachments, ATTACHMENTS),
	F(capipc_reply, attachments_count, COUNT),
	F(capipc_reply, handle, HANDLE),
	F(capipc_reply, reserved, RESERVED),
};

static const struct field receive_fields[] = {
	F(capipc_receive, size, SIZE),
	F(capipc_receive, flags, FLAGS),
	F(capipc_receive, deadline_ns, DEADLINE),
	F(capipc_receive, reply, REPLY),
	F(capipc_receive, data, ROOM),
	F(capipc_receive, data_capacity, LENGTH),
	F(capipc_receive, attachments, ROOM),
	F(capipc_receive, attachments_capacity, COUNT),
	F(capipc_receive, handle, HANDLE),
	F(capipc_receive, type, OUT),
	F(capipc_receive, from, OUT),
	F(capipc_receive, ordinal, OUT),
	F(capipc_receive, data_len, OUT),
	F(capipc_receive, attachments_count, OUT),
	F(capipc_receive, reply_handle, OUT_HANDLE),
	F(capipc_receive, reply_capacity, OUT),
	F(capipc_receive, reply_attachments_capacity, OUT),
	F(capipc_receive, facet, OUT),
	F(capipc_receive, cookie, OUT),
	F(capipc_receive, stamp, OUT_STAMP),
	F(capipc_receive, area, HANDLE),
	F(capipc_receive, reserved, RESERVED),
};

static const struct field listen_fields[] = {
	F(capipc_listen, size, SIZE),
	F(capipc_listen, flags, FLAGS),
	F(capipc_listen, name, NAME),
	F(capipc_listen, name_len, NAME_LENGTH),
	F(capipc_listen, rules, RULES),
	F(capipc_listen, rules_count, COUNT),
	F(capipc_listen, endpoint_rules, RULES),
	F(capipc_listen, endpoint_rules_count, COUNT),
	F(capipc_listen, cookie, NUMBER),
	F(capipc_listen, rule_size, RULE_SIZE),
	F(capipc_listen, backlog, NUMBER),
	F(capipc_listen, handle, OUT_HANDLE),
};

static const struct field connect_fields[] = {
	F(capipc_connect, size, SIZE),
	F(capipc_connect, flags, FLAGS),
	F(capipc_connect, name, NAME),
	F(capipc_connect, name_len, NAME_LENGTH),
	F(capipc_connect, cookie, NUMBER),
	F(capipc_connect, handle, OUT_HANDLE),
};

static const struct field restrict_fields[] = {
	F(capipc_restrict, size, SIZE),
	F(capipc_restrict, flags, FLAGS),
	F(capipc_restrict, rules, RULES),
	F(capipc_restrict, rules_count, COUNT),
	F(capipc_restrict, rule_size, RULE_SIZE),
	F(capipc_restrict, handle, HANDLE),
	F(capipc_restrict, reserved, RESERVED),
};

static const struct field explain_fields[] = {
	F(capipc_explain, size, SIZE),
	F(capipc_explain, flags, FLAGS),
	F(capipc_explain, handle, HANDLE),
	F(capipc_explain, ordinal, NUMBER),
	F(capipc_explain, name, NAME),
	F(capipc_explain, name_len, NAME_LENGTH),
	F(capipc_explain, rule, OUT),
	F(capipc_explain, allowed, OUT),
	F(capipc_explain, facet, OUT),
};

static const struct field query_fields[] = {
	F(capipc_query, size, SIZE),
	F(capipc_query, flags, FLAGS),
	F(capipc_query, handle, HANDLE),
	F(capipc_query, state, OUT),
	F(capipc_query, stamp_id, STAMP),
	F(capipc_query, groups, ROOM),
	F(capipc_query, groups_capacity, COUNT),
	F(capipc_query, groups_count, OUT),
	F(capipc_query, label, ROOM),
	F(capipc_query, label_capacity, LENGTH),
	F(capipc_query, label_len, OUT),
	F(capipc_query, exe_fd, OUT_FD),
	F(capipc_query, real_uid, OUT),
	F(capipc_query, real_gid, OUT),
	F(capipc_query, reserved, RESERVED),
	F(capipc_query, exe_dev, OUT),
	F(capipc_query, exe_ino, OUT),
	F(capipc_query, start_time_ns, OUT),
	F(capipc_query, user_ns, OUT),
	F(capipc_query, pid_ns, OUT),
	F(capipc_query, net_ns, OUT),
	F(capipc_query, stamp, OUT_STAMP),
};

static const struct field report_fields[] = {
	F(capipc_report, size, SIZE),
	F(capipc_report, flags, FLAGS),
	F(capipc_report, handle, HANDLE),
	F(capipc_report, verdict, OUT),
	F(capipc_report, stamp_id, STAMP),
	F(capipc_report, reason, NAME),
	F(capipc_report, reason_len, NAME_LENGTH),
	F(capipc_report, reserved, RESERVED),
};

static const struct field invite_fields[] = {
	F(capipc_invite, size, SIZE),
	F(capipc_invite, flags, FLAGS),
	F(capipc_invite, attachments, INVITED),
	F(capipc_invite, attachments_count, COUNT),
	F(capipc_invite, rules, RULES),
	F(capipc_invite, rules_count, COUNT),
	F(capipc_invite, cookie, NUMBER),
	F(capipc_invite, expires_ns, DEADLINE),
	F(capipc_invite, rule_size, RULE_SIZE),
	F(capipc_invite, handle, OUT_HANDLE),
	F(capipc_invite, fd, OUT_FD),
	F(capipc_invite, reserved, RESERVED),
};

static const struct field accept_fields[] = {
	F(capipc_accept, size, SIZE),
	F(capipc_accept, flags, FLAGS),
	F(capipc_accept, attachments, ROOM),
	F(capipc_accept, fd, FD),
	F(capipc_accept, attachments_capacity, COUNT),
	F(capipc_accept, attachments_count, OUT),
	F(capipc_accept, terms, OUT),
	F(capipc_accept, stamp, OUT_STAMP),
};

static const struct field replace_fields[] = {
	F(capipc_replace, size, SIZE),
	F(capipc_replace, flags, FLAGS),
	F(capipc_replace, handle, HANDLE),
	F(capipc_replace, rights, RIGHTS),
	F(capipc_replace, replaced, OUT_HANDLE),
	F(capipc_replace, reserved, RESERVED),
};

static const struct field attenuate_fields[] = {
	F(capipc_attenuate, size, SIZE),
	F(capipc_attenuate, flags, FLAGS),
	F(capipc_attenuate, ranges, RANGES),
	F(capipc_attenuate, ranges_count, COUNT),
	F(capipc_attenuate, handle, HANDLE),
};

static const struct field confine_fields[] = {
	F(capipc_confine, size, SIZE),
	F(capipc_confine, flags, FLAGS),
	F(capipc_confine, rules, RULES),
	F(capipc_confine, rules_count, COUNT),
	F(capipc_confine, rule_size, RULE_SIZE),
	F(capipc_confine, handle, HANDLE),
	F(capipc_confine, reserved, RESERVED),
};

static const struct field duplicate_fields[] = {
	F(capipc_duplicate, size, SIZE),
	F(capipc_duplicate, flags, FLAGS),
	F(capipc_duplicate, handle, HANDLE),
	F(capipc_duplicate, rights, RIGHTS),
	F(capipc_duplicate, duplicate, OUT_HANDLE),
	F(capipc_duplicate, reserved, RESERVED),
};

static const struct field fuse_fields[] = {
	F(capipc_fuse, size, SIZE),
	F(capipc_fuse, flags, FLAGS),
	FN(capipc_fuse, handle, 0, "handle0", HANDLE),
	FN(capipc_fuse, handle, 1, "handle1", HANDLE),
};

static const struct field create_buffer_fields[] = {
	F(capipc_create_buffer, size, SIZE),
	F(capipc_create_buffer, flags, FLAGS),
	F(capipc_create_buffer, bytes, LENGTH),
	F(capipc_create_buffer, handle, OUT_HANDLE),
	F(capipc_create_buffer, reserved, RESERVED),
};

static const struct field create_data_pipe_fields[] = {
	F(capipc_create_data_pipe, size, SIZE),
	F(capipc_create_data_pipe, flags, FLAGS),
	F(capipc_create_data_pipe, element_bytes, LENGTH),
	F(capipc_create_data_pipe, elements, LENGTH),
	FN(capipc_create_data_pipe, handle, 0, "handle0", OUT_HANDLE),
	FN(capipc_create_data_pipe, handle, 1, "handle1", OUT_HANDLE),
	F(capipc_create_data_pipe, cookie, NUMBER),
};

static const struct field signal_fields[] = {
	F(capipc_signal, size, SIZE),
	F(capipc_signal, flags, FLAGS),
	F(capipc_signal, handle, HANDLE),
	F(capipc_signal, reserved, RESERVED),
};

static const struct field open_fields[] = { CHOICE("how", 4) };

static const struct field close_fd_fields[] = { A("fd", FD) };

static const struct field file_fields[] = { CHOICE("kind", 8) };

static const struct field map_fields[] = {
	A("handle", HANDLE),  A("length", LENGTH), CHOICE("protection", 8),
	CHOICE("sharing", 4), CHOICE("offset", 4),
};

static const struct field unmap_fields[] = { A("map", MAP), CHOICE("part", 3) };

static const struct field protect_fields[] = { A("map", MAP),
					       CHOICE("protection", 8) };

static const struct field remap_fields[] = { A("map", MAP), CHOICE("how", 5) };

static const struct field touch_fields[] = { A("map", MAP), CHOICE("how", 5) };

static const struct field poll_fields[] = { A("fd", FD), CHOICE("how", 4) };

static const struct field pass_fields[] = { A("fd", FD),
					    CHOICE("to", WORKERS) };

static const struct field fork_fields[] = { CHOICE("child", 7), A("fd", FD) };

static const struct field exit_fields[] = { CHOICE("how", 3) };

static const struct field become_fields[] = { CHOICE("whom", 10) };

static const struct field parameter_fields[] = { CHOICE("which", 10),
						 CHOICE("value", 5) };

static const struct field raw_fields[] = {
	A("request", NUMBER),
	A("argument", DATA),
	CHOICE("how", 5),
};

static const struct field netlink_fields[] = {
	CHOICE("command", __CAPIPC_CMD_MAX + 2),
	CHOICE("flags", 4),
	CHOICE("type", 17),
	A("value", NUMBER),
	CHOICE("size", 6),
	CHOICE("type2", 13),
	A("value2", NUMBER),
	A("name", NAME),
};

#define IOCTL(_NAME, _name, _weight, _waits)                                \
	{                                                                   \
		.name = #_name, .fields = _name##_fields,                   \
		.fields_count = ARRAY_SIZE(_name##_fields),                 \
		.request = CAPIPC_IOC_##_NAME,                              \
		.size = sizeof(struct capipc_##_name), .weight = (_weight), \
		.waits = (_waits),                                          \
	}

#define ACTION(_name, _fields, _act, _weight, _waits)               \
	{                                                           \
		.name = _name, .fields = _fields,                   \
		.fields_count = ARRAY_SIZE(_fields), .act = (_act), \
		.weight = (_weight), .waits = (_waits),             \
	}

const struct operation operations[] = {
	IOCTL(INFO, info, 1, false),
	IOCTL(CREATE, create, 12, false),
	IOCTL(CLOSE, close, 8, false),
	IOCTL(TAG, tag, 3, false),
	IOCTL(INSPECT, inspect, 3, false),
	IOCTL(SEND, send, 20, true),
	IOCTL(SEND_BATCH, send_batch, 12, true),
	IOCTL(RECEIVE_BATCH, receive_batch, 12, true),
	IOCTL(CALL, call, 14, true),
	IOCTL(REPLY, reply, 10, false),
	IOCTL(RECEIVE, receive, 20, true),
	IOCTL(LISTEN, listen, 7, false),
	IOCTL(CONNECT, connect, 8, false),
	IOCTL(RESTRICT, restrict, 4, false),
	IOCTL(EXPLAIN, explain, 3, false),
	IOCTL(QUERY, query, 4, false),
	IOCTL(REPORT, report, 4, false),
	IOCTL(INVITE, invite, 7, false),
	IOCTL(ACCEPT, accept, 7, false),
	IOCTL(REPLACE, replace, 3, false),
	IOCTL(ATTENUATE, attenuate, 4, false),
	IOCTL(CONFINE, confine, 4, false),
	IOCTL(DUPLICATE, duplicate, 3, false),
	IOCTL(FUSE, fuse, 6, false),
	IOCTL(CREATE_BUFFER, create_buffer, 4, false),
	IOCTL(CREATE_DATA_PIPE, create_data_pipe, 4, false),
	IOCTL(SIGNAL, signal, 3, false),
	ACTION("open", open_fields, act_open, 3, false),
	ACTION("close_fd", close_fd_fields, act_close, 3, false),
	ACTION("file", file_fields, act_file, 4, false),
	ACTION("map", map_fields, act_map, 6, false),
	ACTION("unmap", unmap_fields, act_unmap, 2, false),
	ACTION("protect", protect_fields, act_protect, 2, false),
	ACTION("remap", remap_fields, act_remap, 2, false),
	ACTION("touch", touch_fields, act_touch, 4, false),
	ACTION("poll", poll_fields, act_poll, 3, true),
	ACTION("pass", pass_fields, act_pass, 4, false),
	ACTION("take", close_fd_fields, act_take, 4, false),
	ACTION("fork", fork_fields, act_fork, 2, true),
	ACTION("exit", exit_fields, act_exit, 1, false),
	ACTION("become", become_fields, act_become, 3, false),
	ACTION("fdinfo", open_fields, act_fdinfo, 2, false),
	ACTION("parameter", parameter_fields, act_parameter, 1, false),
	ACTION("raw", raw_fields, act_raw, 3, true),
	ACTION("netlink", netlink_fields, netlink_act, 8, false),
};

const unsigned int operations_count = ARRAY_SIZE(operations);

const struct operation *operation_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < operations_count; i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	return NULL;
}

/* Every byte of every struct belongs to a field: none was forgotten. */
bool operations_are_whole(void)
{
	const struct operation *o;
	unsigned int i, j, bytes;
	bool good = true;

	for (i = 0; i < operations_count; i++) {
		o = &operations[i];
		bytes = 0;
		for (j = 0; j < o->fields_count; j++)
			bytes += o->fields[j].size;
		if (bytes == o->size && o->fields_count <= FIELDS_MAX)
			continue;
		printf("operation.c: the fields of %s make %u bytes of %u\n",
		       o->name, bytes, o->size);
		good = false;
	}
	return good;
}
