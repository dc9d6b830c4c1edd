// SPDX-License-Identifier: GPL-2.0
/*
 * Programs: see program.h.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <net/netlink.h>

#include "program.h"

/**
 * capipc_program_stat - which file a program is
 * @exe: the program
 * @dev: out: device, as in stat(2)
 * @ino: out: inode, as in stat(2)
 *
 * Only what the kernel has at hand: the file system may be anybody's.
 */
void capipc_program_stat(struct file *exe, u64 *dev, u64 *ino)
{
	struct kstat stat;

	if (vfs_getattr(&exe->f_path, &stat, STATX_INO, AT_STATX_DONT_SYNC)) {
		stat.dev = file_inode(exe)->i_sb->s_dev;
		stat.ino = file_inode(exe)->i_ino;
	}
	*dev = huge_encode_dev(stat.dev);
	*ino = stat.ino;
}

/*
 * Not d_path(): that looks from the root of current, which for an event is the
 * one whom it is about.
 */
static const char *capipc_program_path(const struct path *path, char *buffer, int size)
{
	struct dentry *dentry = path->dentry;

	/* A file that was never in a directory has a made-up name. */
	if (dentry->d_op && dentry->d_op->d_dname &&
	    (!IS_ROOT(dentry) || dentry != path->mnt->mnt_root))
		return dentry->d_op->d_dname(dentry, buffer, size);
	return dentry_path_raw(dentry, buffer, size);
}

/**
 * capipc_program_look - find out what is told of a program
 * @program: out: to be forgotten
 * @exe: the program, or NULL
 * @gfp: how to allocate room for its path; without that the path is not told
 */
void capipc_program_look(struct capipc_program *program, struct file *exe, gfp_t gfp)
{
	const char *path;

	memset(program, 0, sizeof(*program));
	if (!exe)
		return;
	program->known = true;
	program->deleted = d_unlinked(exe->f_path.dentry);
	capipc_program_stat(exe, &program->dev, &program->ino);
	program->buffer = kmalloc(CAPIPC_PATH_MAX, gfp);
	if (!program->buffer)
		return;
	path = capipc_program_path(&exe->f_path, program->buffer, CAPIPC_PATH_MAX);
	if (!IS_ERR(path))
		program->path = path;
}

void capipc_program_forget(struct capipc_program *program)
{
	kfree(program->buffer);
}

/**
 * capipc_program_put - add a nest about a program
 * @skb: the message
 * @type: of the nest
 * @program: the program; if it is not known, there is nothing to add
 * @path: tell its path too, not only which file it is
 *
 * Return: 0 or -EMSGSIZE.
 */
int capipc_program_put(struct sk_buff *skb, int type, const struct capipc_program *program,
		       bool path)
{
	struct nlattr *nest;

	if (!program->known)
		return 0;
	nest = nla_nest_start(skb, type);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, CAPIPC_PROGRAM_A_DEV, program->dev, CAPIPC_PROGRAM_A_PAD) ||
	    nla_put_u64_64bit(skb, CAPIPC_PROGRAM_A_INO, program->ino, CAPIPC_PROGRAM_A_PAD))
		return -EMSGSIZE;
	if (path && program->path &&
	    nla_put_string(skb, CAPIPC_PROGRAM_A_PATH, program->path))
		return -EMSGSIZE;
	if (program->deleted && nla_put_flag(skb, CAPIPC_PROGRAM_A_DELETED))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}
