/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Binder, as far as the benchmark takes it: the device, its commands, and the process
 * that knows names.
 *
 * One ioctl hands over any number of commands and brings some back. A thread collects
 * what it has to say until there is something to wait for:
 *
 *	client, a call		BC_TRANSACTION, BC_FREE_BUFFER (the last reply);
 *				brings BR_TRANSACTION_COMPLETE, BR_REPLY
 *	server, a reply		BC_REPLY, BC_FREE_BUFFER (the request);
 *				brings BR_TRANSACTION_COMPLETE, at once
 *	server, the next one	brings BR_TRANSACTION
 *
 * The kernel does not hold back what completes a reply, so a server cannot do with one
 * ioctl; these two are those of libbinder. Messages are read where the kernel has put
 * them, in the area that is mapped into the receiver.
 */
#ifndef BENCH_BINDER_DEVICE_H
#define BENCH_BINDER_DEVICE_H

#include <linux/android/binder.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BINDER_DEVICE	"/dev/binder"
#define BINDER_AREA	(4U << 20) /* the most that the kernel maps */
#define BINDER_COMMANDS 2048 /* bytes of commands that come back in an ioctl */
#define BINDER_OBJECTS	100 /* in a message of ours */
#define BINDER_BATCH	32 /* transactions in an ioctl */

#define BINDER_MANAGER 0U /* the handle that everybody has */

/* What is asked for besides that which is measured. */
enum {
	BINDER_ADD = 0x100, /* the manager: a name, and its object */
	BINDER_FIND, /* the manager: the object of this name */
	BINDER_MAKE, /* the manager, the server: new objects, so many (u64) */
};

/**
 * struct binder_thread - what a thread says to the device, and hears
 * @fd: the device
 * @out: bytes in @write
 * @in: the next byte to look at in @read
 * @end: of what is in @read
 * @write: commands for the kernel
 * @read: commands from the kernel
 */
struct binder_thread {
	int fd;
	size_t out;
	size_t in;
	size_t end;
	unsigned char write[3 * BINDER_COMMANDS];
	unsigned char read[BINDER_COMMANDS];
};

/**
 * struct binder_parcel - a message
 * @data: its bytes; objects come last, and are eight bytes aligned
 * @size: how many
 * @objects: how many of them
 * @offsets: where they are
 */
struct binder_parcel {
	void *data;
	size_t size;
	size_t objects;
	binder_size_t offsets[BINDER_OBJECTS];
};

/* Where an object comes after so many bytes; messages begin at such places, too. */
static inline size_t binder_aligned(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

/* A file descriptor of the device, with its area mapped; or -errno. */
int binder_open(void);

static inline void binder_thread_init(struct binder_thread *thread, int fd)
{
	thread->fd = fd;
	thread->out = thread->in = thread->end = 0;
}

/* Commands that go to the kernel with the next ioctl. */
void binder_say(struct binder_thread *thread, uint32_t command,
		const void *argument);
void binder_free(struct binder_thread *thread, const void *message);
void binder_transact(struct binder_thread *thread, uint32_t command,
		     uint32_t handle, uint32_t code, uint32_t flags,
		     const struct binder_parcel *parcel);

/* Says it all, in one ioctl, and hears what there is, waiting if there is nothing. */
int binder_talk(struct binder_thread *thread, bool hear);

/*
 * Say it all, and go on until a request or reply is there, or until so many of what was
 * sent one-way are on their way. 0 or -errno.
 */
int binder_wait(struct binder_thread *thread,
		struct binder_transaction_data *got);
int binder_wait_sent(struct binder_thread *thread, uint32_t sent);

static inline void *binder_message(const struct binder_transaction_data *got)
{
	return (void *)(uintptr_t)got->data.ptr.buffer;
}

/* Adds an object at the end: room for all of them is behind the bytes. */
void binder_attach(struct binder_parcel *parcel, uint32_t type, uint64_t value);

/* The objects of a message that must have so many of them; NULL if it has not. */
const struct flat_binder_object *
binder_objects(const struct binder_transaction_data *got, size_t objects);

/*
 * Asks for so many objects; 0 or -errno. They are the caller's as long as the message that
 * brought them, @got, is not freed.
 */
int binder_ask(struct binder_thread *thread, uint32_t handle, uint32_t code,
	       const void *data, size_t size, size_t objects,
	       struct binder_transaction_data *got);

/* What the manager and the server do about BINDER_MAKE; @last counts objects. */
int binder_make(struct binder_thread *thread,
		const struct binder_transaction_data *request, uint64_t *last);

/*
 * Starts the context manager: a process that keeps the object which a server gives it by
 * a name, and gives it to clients. It ends with the process that started it.
 */
int binder_manager_start(void);

#endif /* BENCH_BINDER_DEVICE_H */
