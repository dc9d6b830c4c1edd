/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests: one place that copies them in, checks sizes, and copies results out.
 */
#ifndef CAPIPC_IOCTL_H
#define CAPIPC_IOCTL_H

#include <linux/fs.h>

#include "area.h"
#include "copy.h"
#include "main.h"

union capipc_argument {
	__u32 size;
	struct capipc_info info;
	struct capipc_create create;
	struct capipc_close close;
	struct capipc_tag tag;
	struct capipc_inspect inspect;
	struct capipc_send send;
	struct capipc_call call;
	struct capipc_reply reply;
	struct capipc_receive receive;
	struct capipc_listen listen;
	struct capipc_connect connect;
	struct capipc_restrict restrict_;
	struct capipc_explain explain;
	struct capipc_query query;
	struct capipc_report report;
	struct capipc_invite invite;
	struct capipc_accept accept;
	struct capipc_replace replace;
	struct capipc_attenuate attenuate;
	struct capipc_confine confine;
	struct capipc_duplicate duplicate;
	struct capipc_fuse fuse;
	struct capipc_create_buffer create_buffer;
	struct capipc_create_data_pipe create_data_pipe;
	struct capipc_signal signal;
	struct capipc_send_batch send_batch;
	struct capipc_receive_batch receive_batch;
};

/**
 * struct capipc_request - an ioctl being served, on the stack of its thread
 * @file: the file
 * @user: the struct in user space
 * @user_size: its size as the caller knows it
 * @size: its size as we know it
 * @batch: it takes several messages: it is a %CAPIPC_IOC_RECEIVE_BATCH
 * @room: where received bytes go, unless to a user pointer
 * @argument: our copy, unknown to the caller where it is longer
 */
struct capipc_request {
	struct file *file;
	void __user *user;
	u32 user_size;
	u32 size;
	bool batch;
	struct capipc_room room;
	union capipc_argument argument;
};

int __must_check capipc_struct_copy(void *argument, void __user *user, size_t size,
				    size_t min_size, u32 *user_size);
int __must_check capipc_request_respond(struct capipc_request *request);

/* The same for a request with a struct of this type, which tells what is in @first and after. */
#define capipc_request_respond_as(request, type, first)					\
({											\
	struct capipc_request *_request = (request);					\
											\
	likely(_request->user_size == sizeof(type)) ?					\
		capipc_copy_tail(_request->user, &_request->argument,			\
				 offsetof(type, first), sizeof(type)) :			\
		capipc_request_respond(_request);					\
})
long capipc_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* CAPIPC_IOCTL_H */
