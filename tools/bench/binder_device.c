// SPDX-License-Identifier: GPL-2.0
/* Commands to and from binder. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "binder_device.h"

int binder_open(void)
{
	struct binder_version version;
	int fd = open(BINDER_DEVICE, O_RDWR | O_CLOEXEC);
	int err = EPROTONOSUPPORT;
	const void *area;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, BINDER_VERSION, &version) < 0)
		err = errno;
	else if (version.protocol_version == BINDER_CURRENT_PROTOCOL_VERSION)
		err = 0;
	if (!err) {
		/* goes with the process */
		area = mmap(NULL, BINDER_AREA, PROT_READ,
			    MAP_PRIVATE | MAP_NORESERVE, fd, 0);
		if (area == MAP_FAILED)
			err = errno;
	}
	if (err) {
		close(fd);
		return -err;
	}
	return fd;
}

/* ------------------------------------------------------------------ commands */

void binder_say(struct binder_thread *thread, uint32_t command,
		const void *argument)
{
	unsigned char *to = thread->write + thread->out;
	size_t size = _IOC_SIZE(command);

	memcpy(to, &command, sizeof(command));
	memcpy(to + sizeof(command), argument, size);
	thread->out += sizeof(command) + size;
}

void binder_free(struct binder_thread *thread, const void *message)
{
	binder_uintptr_t buffer = (uintptr_t)message;

	binder_say(thread, BC_FREE_BUFFER, &buffer);
}

void binder_transact(struct binder_thread *thread, uint32_t command,
		     uint32_t handle, uint32_t code, uint32_t flags,
		     const struct binder_parcel *parcel)
{
	struct binder_transaction_data data = {
		.target.handle = handle,
		.code = code,
		.flags = flags,
		.data_size = parcel->size,
		.offsets_size = parcel->objects * sizeof(parcel->offsets[0]),
		.data.ptr.buffer = (uintptr_t)parcel->data,
		.data.ptr.offsets = (uintptr_t)parcel->offsets,
	};

	binder_say(thread, command, &data);
}

int binder_talk(struct binder_thread *thread, bool hear)
{
	struct binder_write_read all = {
		.write_size = thread->out,
		.write_buffer = (uintptr_t)thread->write,
		.read_size = hear ? sizeof(thread->read) : 0,
		.read_buffer = (uintptr_t)thread->read,
	};

	/* what has been written is not written again */
	while (ioctl(thread->fd, BINDER_WRITE_READ, &all) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	thread->out = 0;
	thread->in = 0;
	thread->end = all.read_consumed;
	return 0;
}

/*
 * The next command that is about messages; who keeps objects is asked whether somebody
 * else may hold them, and agrees.
 */
static int binder_hear(struct binder_thread *thread, uint32_t *command,
		       const void **argument)
{
	int ret;

	for (;;) {
		while (thread->in == thread->end) {
			ret = binder_talk(thread, true);
			if (ret < 0)
				return ret;
		}
		memcpy(command, thread->read + thread->in, sizeof(*command));
		*argument = thread->read + thread->in + sizeof(*command);
		thread->in += sizeof(*command) + _IOC_SIZE(*command);
		switch (*command) {
		case BR_TRANSACTION:
		case BR_REPLY:
		case BR_TRANSACTION_COMPLETE:
			return 0;
		case BR_INCREFS:
			binder_say(thread, BC_INCREFS_DONE, *argument);
			break;
		case BR_ACQUIRE:
			binder_say(thread, BC_ACQUIRE_DONE, *argument);
			break;
		case BR_NOOP:
		case BR_RELEASE:
		case BR_DECREFS:
			break;
		case BR_DEAD_REPLY:
			return -EPIPE;
		case BR_FAILED_REPLY:
			return -EREMOTEIO;
		default:
			return -EPROTO;
		}
	}
}

int binder_wait(struct binder_thread *thread,
		struct binder_transaction_data *got)
{
	const void *argument;
	uint32_t command;
	int ret;

	do {
		ret = binder_hear(thread, &command, &argument);
		if (ret < 0)
			return ret;
	} while (command == BR_TRANSACTION_COMPLETE);
	memcpy(got, argument, sizeof(*got));
	return 0;
}

int binder_wait_sent(struct binder_thread *thread, uint32_t sent)
{
	const void *argument;
	uint32_t command;
	int ret;

	while (sent) {
		ret = binder_hear(thread, &command, &argument);
		if (ret < 0)
			return ret;
		if (command != BR_TRANSACTION_COMPLETE)
			return -EPROTO;
		sent--;
	}
	return 0;
}

/* ------------------------------------------------------------------- objects */

void binder_attach(struct binder_parcel *parcel, uint32_t type, uint64_t value)
{
	struct flat_binder_object object = {
		.hdr.type = type,
		.flags = FLAT_BINDER_FLAG_ACCEPTS_FDS,
		.binder = value,
	};

	parcel->size = binder_aligned(parcel->size);
	parcel->offsets[parcel->objects++] = parcel->size;
	memcpy((unsigned char *)parcel->data + parcel->size, &object,
	       sizeof(object));
	parcel->size += sizeof(object);
}

const struct flat_binder_object *
binder_objects(const struct binder_transaction_data *got, size_t objects)
{
	const binder_size_t *offsets =
		(const void *)(uintptr_t)got->data.ptr.offsets;

	if (!objects || got->offsets_size != objects * sizeof(*offsets) ||
	    got->data_size < objects * sizeof(struct flat_binder_object) ||
	    offsets[0] != got->data_size -
				  objects * sizeof(struct flat_binder_object))
		return NULL;
	return (const void *)((const unsigned char *)binder_message(got) +
			      offsets[0]);
}

int binder_ask(struct binder_thread *thread, uint32_t handle, uint32_t code,
	       const void *data, size_t size, size_t objects,
	       struct binder_transaction_data *got)
{
	/* without objects it is only read */
	const struct binder_parcel parcel = { .data = (void *)(uintptr_t)data,
					      .size = size };
	int ret;

	binder_transact(thread, BC_TRANSACTION, handle, code, 0, &parcel);
	ret = binder_wait(thread, got);
	if (ret < 0)
		return ret;
	return binder_objects(got, objects) ? 0 : -ENOENT;
}

int binder_make(struct binder_thread *thread,
		const struct binder_transaction_data *request, uint64_t *last)
{
	static _Thread_local uint64_t
		data[BINDER_OBJECTS * sizeof(struct flat_binder_object) / 8];
	struct binder_parcel parcel = { .data = data };
	uint64_t objects;

	if (request->data_size != sizeof(objects))
		return -EBADMSG;
	memcpy(&objects, binder_message(request), sizeof(objects));
	if (objects > BINDER_OBJECTS)
		return -E2BIG;
	while (objects--)
		binder_attach(&parcel, BINDER_TYPE_BINDER, ++*last);
	binder_transact(thread, BC_REPLY, 0, 0, 0, &parcel);
	binder_free(thread, binder_message(request));
	return binder_talk(thread, true);
}
