/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * capipc-floor: what it takes the kernel to have two threads wake each other.
 */
#ifndef CAPIPC_FLOOR_H
#define CAPIPC_FLOOR_H

#include <linux/ioctl.h>

#define FLOOR_DEVICE "/dev/capipc-floor"

/* The argument is how many times, at most FLOOR_MAX (EINVAL); EINTR, EBUSY. */
#define FLOOR_IOC_WAKE _IO(0xc1, 0xf0)
#define FLOOR_MAX      65536

#endif /* CAPIPC_FLOOR_H */
