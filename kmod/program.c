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
 * capipc_program_put - add a nest about a program
 * @skb: the message
 * @type: of the nest
 * @exe: the program
 *
 * May sleep. Return: 0, -EMSGSIZE, -ENOMEM.
 */
int capipc_program_put(struct sk_buff *skb, int type, struct file *exe)
{
	struct nlattr *nest;
	const char *path;
	char *buffer;
	u64 dev, ino;
	int ret;

	capipc_program_stat(exe, &dev, &ino);
	buffer = kmalloc(CAPIPC_PATH_MAX, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	path = capipc_program_path(&exe->f_path, buffer, CAPIPC_PATH_MAX);

	ret = -EMSGSIZE;
	nest = nla_nest_start(skb, type);
	if (!nest)
		goto out;
	if (nla_put_u64_64bit(skb, CAPIPC_PROGRAM_A_DEV, dev, CAPIPC_PROGRAM_A_PAD) ||
	    nla_put_u64_64bit(skb, CAPIPC_PROGRAM_A_INO, ino, CAPIPC_PROGRAM_A_PAD))
		goto out;
	if (!IS_ERR(path) && nla_put_string(skb, CAPIPC_PROGRAM_A_PATH, path))
		goto out;
	if (d_unlinked(exe->f_path.dentry) && nla_put_flag(skb, CAPIPC_PROGRAM_A_DELETED))
		goto out;
	nla_nest_end(skb, nest);
	ret = 0;
out:
	kfree(buffer);
	return ret;
}
