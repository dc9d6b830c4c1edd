/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device, /dev/capipc.
 *
 * It has a number of its own: misc devices are opened under a lock that all of them
 * share, and opening this one waits for locks that its caller can keep others from
 * getting for as long as it likes (of its own address space, for one).
 */
#ifndef CAPIPC_DEVICE_H
#define CAPIPC_DEVICE_H

int capipc_device_init(void);
void capipc_device_exit(void);

#endif /* CAPIPC_DEVICE_H */
