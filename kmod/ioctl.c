// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctl table: see ioctl.h.
 */
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "attenuation.h"
#include "batch.h"
#include "buffer.h"
#include "call.h"
#include "confinement.h"
#include "context.h"
#include "copy.h"
#include "fuse.h"
#include "invitation.h"
#include "data_pipe.h"
#include "ioctl.h"
#include "listener.h"
#include "pipe.h"
#include "query.h"
#include "receive.h"
#include "replace.h"
#include "report.h"
#include "rule.h"
#include "send.h"

/**
 * struct capipc_ioctl_entry - how to serve a request
 * @serve: the function; it copies results out itself, before what cannot be undone
 * @size: size of the struct as we know it
 * @min_size: its size when it was first published
 */
struct capipc_ioctl_entry {
	int (*serve)(struct capipc_context *context, struct capipc_request *request);
	u32 size;
	u32 min_size;
};

#define CAPIPC_IOCTL(_number, _serve, _struct, _last)			\
	[_IOC_NR(_number)] = {						\
		.serve = (_serve),					\
		.size = sizeof(_struct),				\
		.min_size = offsetofend(_struct, _last),		\
	}

static const struct capipc_ioctl_entry capipc_ioctls[] = {
	CAPIPC_IOCTL(CAPIPC_IOC_INFO, capipc_ioctl_info, struct capipc_info, context_id),
	CAPIPC_IOCTL(CAPIPC_IOC_CREATE, capipc_ioctl_create, struct capipc_create, cookie),
	CAPIPC_IOCTL(CAPIPC_IOC_CLOSE, capipc_ioctl_close, struct capipc_close, reserved),
	CAPIPC_IOCTL(CAPIPC_IOC_TAG, capipc_ioctl_tag, struct capipc_tag, cookie),
	CAPIPC_IOCTL(CAPIPC_IOC_INSPECT, capipc_ioctl_inspect, struct capipc_inspect, object_id),
	CAPIPC_IOCTL(CAPIPC_IOC_SEND, capipc_ioctl_send, struct capipc_send, ordinal),
	CAPIPC_IOCTL(CAPIPC_IOC_CALL, capipc_ioctl_call, struct capipc_call, stamp),
	CAPIPC_IOCTL(CAPIPC_IOC_REPLY, capipc_ioctl_reply, struct capipc_reply, reserved),
	CAPIPC_IOCTL(CAPIPC_IOC_RECEIVE, capipc_ioctl_receive, struct capipc_receive, stamp),
	CAPIPC_IOCTL(CAPIPC_IOC_LISTEN, capipc_ioctl_listen, struct capipc_listen, handle),
	CAPIPC_IOCTL(CAPIPC_IOC_CONNECT, capipc_ioctl_connect, struct capipc_connect, handle),
	CAPIPC_IOCTL(CAPIPC_IOC_RESTRICT, capipc_ioctl_restrict, struct capipc_restrict, reserved),
	CAPIPC_IOCTL(CAPIPC_IOC_EXPLAIN, capipc_ioctl_explain, struct capipc_explain, facet),
	CAPIPC_IOCTL(CAPIPC_IOC_QUERY, capipc_ioctl_query, struct capipc_query, stamp),
	CAPIPC_IOCTL(CAPIPC_IOC_REPORT, capipc_ioctl_report, struct capipc_report, reserved),
	CAPIPC_IOCTL(CAPIPC_IOC_INVITE, capipc_ioctl_invite, struct capipc_invite, reserved),
	CAPIPC_IOCTL(CAPIPC_IOC_ACCEPT, capipc_ioctl_accept, struct capipc_accept, stamp),
	CAPIPC_IOCTL(CAPIPC_IOC_REPLACE, capipc_ioctl_replace, struct capipc_replace, reserved),
	CAPIPC_IOCTL(CAPIPC_IOC_ATTENUATE, capipc_ioctl_attenuate, struct capipc_attenuate,
		     handle),
	CAPIPC_IOCTL(CAPIPC_IOC_CONFINE, capipc_ioctl_confine, struct capipc_confine, reserved),
	CAPIPC_IOCTL(CAPIPC_IOC_DUPLICATE, capipc_ioctl_duplicate, struct capipc_duplicate,
		     reserved),
	CAPIPC_IOCTL(CAPIPC_IOC_FUSE, capipc_ioctl_fuse, struct capipc_fuse, handle),
	CAPIPC_IOCTL(CAPIPC_IOC_CREATE_BUFFER, capipc_ioctl_create_buffer,
		     struct capipc_create_buffer, reserved),
	CAPIPC_IOCTL(CAPIPC_IOC_CREATE_DATA_PIPE, capipc_ioctl_create_data_pipe,
		     struct capipc_create_data_pipe, cookie),
	CAPIPC_IOCTL(CAPIPC_IOC_SIGNAL, capipc_ioctl_signal, struct capipc_signal, reserved),
	CAPIPC_IOCTL(CAPIPC_IOC_SEND_BATCH, capipc_ioctl_send_batch, struct capipc_send_batch,
		     sent),
	CAPIPC_IOCTL(CAPIPC_IOC_RECEIVE_BATCH, capipc_ioctl_receive_batch,
		     struct capipc_receive_batch, stamp),
};

/**
 * capipc_struct_copy - copy a struct in that begins with its size
 * @argument: filled in; where the caller's is shorter there are zeroes
 * @user: the struct in user space
 * @size: its size as we know it
 * @min_size: its size when it was first published
 * @user_size: out: its size as the caller knows it
 *
 * Return: 0, -EFAULT, -EINVAL (too short), -E2BIG (longer, and not zero there).
 */
int capipc_struct_copy(void *argument, void __user *user, size_t size, size_t min_size,
		       u32 *user_size)
{
	int ret;

	if (get_user(*user_size, (u32 __user *)user))
		return -EFAULT;
	if (*user_size < min_size)
		return -EINVAL;
	if (*user_size > CAPIPC_STRUCT_MAX)
		return -E2BIG;
	ret = copy_struct_from_user(argument, size, user, *user_size);
	/* It may have changed since it was looked at. */
	*(u32 *)argument = *user_size;
	return ret;
}

/* Copy the struct back, as much of it as the caller knows. */
int capipc_request_respond(struct capipc_request *request)
{
	return capipc_copy_out(request->user, &request->argument,
			       min(request->size, request->user_size));
}

/* Whatever it is, and whatever size its struct has. */
static noinline long capipc_ioctl_general(struct capipc_request *request,
					  struct capipc_context *context, unsigned int cmd)
{
	const struct capipc_ioctl_entry *entry;
	unsigned int nr = _IOC_NR(cmd);
	int ret;

	if (cmd != _IO(CAPIPC_IOC_TYPE, nr) || nr >= ARRAY_SIZE(capipc_ioctls))
		return -ENOTTY;
	entry = &capipc_ioctls[array_index_nospec(nr, ARRAY_SIZE(capipc_ioctls))];
	if (!entry->serve)
		return -ENOTTY;
	request->size = entry->size;
	ret = capipc_struct_copy(&request->argument, request->user, entry->size, entry->min_size,
				 &request->user_size);
	return ret ?: entry->serve(context, request);
}

/* Those that are made most have a way of their own if they have the size that we know. */
#define CAPIPC_IOCTL_OFTEN(_request, _context, _serve, _struct)				\
({											\
	struct capipc_request *_often = (_request);					\
	int _ret = capipc_copy_struct(&_often->argument, _often->user,			\
				      sizeof(_struct), &_often->user_size);		\
											\
	_often->size = sizeof(_struct);							\
	_ret ?: _serve(_context, _often);						\
})

long capipc_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct capipc_context *context = file->private_data;
	/* All of it is written before it is used, but for what is beyond its size. */
	struct capipc_request request __uninitialized;
	int ret = 1;

	if (!capipc_context_is_mine(context))
		return -EPERM;
	request.file = file;
	request.user = (void __user *)arg;
	request.batch = false;
	request.room.memory = NULL;
	switch (cmd) {
	case CAPIPC_IOC_CALL:
		ret = CAPIPC_IOCTL_OFTEN(&request, context, capipc_ioctl_call, struct capipc_call);
		break;
	case CAPIPC_IOC_RECEIVE:
		ret = CAPIPC_IOCTL_OFTEN(&request, context, capipc_ioctl_receive,
					 struct capipc_receive);
		break;
	case CAPIPC_IOC_SEND:
		ret = CAPIPC_IOCTL_OFTEN(&request, context, capipc_ioctl_send, struct capipc_send);
		break;
	case CAPIPC_IOC_SEND_BATCH:
		ret = CAPIPC_IOCTL_OFTEN(&request, context, capipc_ioctl_send_batch,
					 struct capipc_send_batch);
		break;
	case CAPIPC_IOC_RECEIVE_BATCH:
		ret = CAPIPC_IOCTL_OFTEN(&request, context, capipc_ioctl_receive_batch,
					 struct capipc_receive_batch);
		break;
	case CAPIPC_IOC_CONNECT:
		ret = CAPIPC_IOCTL_OFTEN(&request, context, capipc_ioctl_connect,
					 struct capipc_connect);
		break;
	case CAPIPC_IOC_CLOSE:
		ret = CAPIPC_IOCTL_OFTEN(&request, context, capipc_ioctl_close,
					 struct capipc_close);
		break;
	}
	return ret <= 0 ? ret : capipc_ioctl_general(&request, context, cmd);
}
