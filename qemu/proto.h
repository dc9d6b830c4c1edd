/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What init (in the guest) and vmrun (on the host) say to each other.
 *
 * There is one virtio-serial port, and init alone holds it open: the kernel
 * refuses a second open, so nothing the command prints or does can look like
 * a message from init.  Everything travels in frames on that one port, so the
 * output of the command is in order and whole when the verdict arrives.
 */
#ifndef CAPIPC_QEMU_PROTO_H
#define CAPIPC_QEMU_PROTO_H

#include <stdint.h>

#define PORT_NAME "capipc.run"

struct frame {
	uint32_t type;
	uint32_t len; /* bytes of payload that follow, at most FRAME_MAX */
};

#define FRAME_MAX 32768

enum frame_type {
	/* guest to host */
	FRAME_HELLO = 0x68656c6f, /* init runs: from here on, no retry */
	FRAME_BEGIN, /* the command has been started */
	FRAME_OUT, /* bytes of its standard output */
	FRAME_ERR, /* bytes of its standard error */
	FRAME_FAIL, /* text: it could not be started, say a module */
	FRAME_BAD, /* text: something is wrong that counts as a splat */
	FRAME_EXIT, /* struct verdict: the last frame */

	/* host to guest */
	FRAME_IN, /* bytes of standard input; none: end of file */
	FRAME_WINSIZE, /* struct winsize of the terminal */
};

struct verdict {
	uint32_t status; /* as wait(2) gave it */
	uint32_t taint; /* /proc/sys/kernel/tainted, new bits only */
};

#endif
