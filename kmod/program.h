/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs: what is told of the file that a process runs.
 */
#ifndef CAPIPC_PROGRAM_H
#define CAPIPC_PROGRAM_H

#include <linux/capipc_netlink.h>
#include <linux/gfp.h>

#include "main.h"

/* Longest path of a program that we tell, with its NUL. */
#define CAPIPC_PATH_MAX		1024

struct file;
struct sk_buff;

/**
 * struct capipc_program - a program, looked at
 * @known: there is one
 * @deleted: it was unlinked
 * @dev: its device, as in stat(2)
 * @ino: its inode, as in stat(2)
 * @buffer: where @path is, or NULL
 * @path: where it is in its file system, or NULL if that is too long
 */
struct capipc_program {
	bool known;
	bool deleted;
	u64 dev;
	u64 ino;
	char *buffer;
	const char *path;
};

void capipc_program_stat(struct file *exe, u64 *dev, u64 *ino);
void capipc_program_look(struct capipc_program *program, struct file *exe, gfp_t gfp);
void capipc_program_forget(struct capipc_program *program);
int __must_check capipc_program_put(struct sk_buff *skb, int type,
				    const struct capipc_program *program, bool path);

#endif /* CAPIPC_PROGRAM_H */
