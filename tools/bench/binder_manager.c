// SPDX-License-Identifier: GPL-2.0
/* The process that knows the name. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "binder_device.h"

/**
 * struct binder_entry - what the manager knows
 * @name: the name, with its NUL
 * @size: of it
 * @handle: the object of the server
 * @last: of the objects that the manager has made
 */
struct binder_entry {
	char name[100];
	size_t size;
	uint32_t handle;
	uint64_t last;
};

/* The object is kept by keeping the message that brought it. */
static int binder_manager_add(struct binder_thread *thread,
			      const struct binder_transaction_data *request,
			      struct binder_entry *entry)
{
	const struct flat_binder_object *object = binder_objects(request, 1);
	const struct binder_parcel empty = { 0 };

	if (!object)
		return -EBADMSG;
	entry->size = strnlen(binder_message(request), sizeof(entry->name) - 1);
	memcpy(entry->name, binder_message(request), entry->size);
	entry->size++;
	entry->handle = object->handle;
	binder_transact(thread, BC_REPLY, 0, 0, 0, &empty);
	return binder_talk(thread, true);
}

static int binder_manager_find(struct binder_thread *thread,
			       const struct binder_transaction_data *request,
			       const struct binder_entry *entry)
{
	uint64_t data[sizeof(struct flat_binder_object) / 8];
	struct binder_parcel reply = { .data = data };

	if (request->data_size == entry->size &&
	    !memcmp(binder_message(request), entry->name, entry->size))
		binder_attach(&reply, BINDER_TYPE_HANDLE, entry->handle);
	binder_transact(thread, BC_REPLY, 0, 0, 0, &reply);
	binder_free(thread, binder_message(request));
	return binder_talk(thread, true);
}

static int binder_manager_serve(int fd)
{
	struct binder_transaction_data request;
	struct binder_entry entry = { 0 };
	struct binder_thread thread;
	int ret;

	binder_thread_init(&thread, fd);
	binder_say(&thread, BC_ENTER_LOOPER, "");
	for (;;) {
		ret = binder_wait(&thread, &request);
		if (ret < 0)
			return ret;
		switch (request.code) {
		case BINDER_ADD:
			ret = binder_manager_add(&thread, &request, &entry);
			break;
		case BINDER_FIND:
			ret = binder_manager_find(&thread, &request, &entry);
			break;
		case BINDER_MAKE:
			ret = binder_make(&thread, &request, &entry.last);
			break;
		default:
			ret = -EBADMSG;
		}
		if (ret < 0)
			return ret;
	}
}

/* The last one makes room some time after its death. */
static int binder_manage(int fd)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int32_t unused = 0;
	int i;

	for (i = 0; i < 1000; i++) {
		if (!ioctl(fd, BINDER_SET_CONTEXT_MGR, &unused))
			return 0;
		if (errno != EBUSY)
			return -errno;
		nanosleep(&nap, NULL);
	}
	return -EBUSY;
}

int binder_manager_start(void)
{
	int ready[2], fd, ret;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd = binder_open();
		ret = fd < 0 ? fd : binder_manage(fd);
		if (write(ready[1], &ret, sizeof(ret)) == sizeof(ret) && !ret)
			binder_manager_serve(fd);
		_exit(1);
	}
	ret = pid < 0 ? -errno : 0;
	close(ready[1]);
	if (!ret && read(ready[0], &ret, sizeof(ret)) != sizeof(ret))
		ret = -ESRCH;
	close(ready[0]);
	return ret;
}
