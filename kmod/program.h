/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs: what is told of the file that a process runs.
 */
#ifndef CAPIPC_PROGRAM_H
#define CAPIPC_PROGRAM_H

#include <linux/capipc_netlink.h>

#include "main.h"

/* Longest path of a program that we tell, with its NUL. */
#define CAPIPC_PATH_MAX		1024

struct file;
struct sk_buff;

void capipc_program_stat(struct file *exe, u64 *dev, u64 *ino);
int __must_check capipc_program_put(struct sk_buff *skb, int type, struct file *exe);

#endif /* CAPIPC_PROGRAM_H */
