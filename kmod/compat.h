/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels we build for, and nowhere else. Included
 * before everything else (Kbuild).
 */
#ifndef CAPIPC_COMPAT_H
#define CAPIPC_COMPAT_H

#include <linux/kconfig.h>
#include <linux/compiler_types.h>
#include <linux/version.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/path.h>

#ifndef __counted_by
#define __counted_by(member)
#endif

static inline u64 capipc_compat_cap_bits(kernel_cap_t caps)
{
#if KERNEL_VERSION(6, 3, 0) <= LINUX_VERSION_CODE
	return caps.val;
#else
	return caps.cap[0] | (u64)caps.cap[1] << 32;
#endif
}

static inline struct file *capipc_compat_get_file_rcu(struct file __rcu **slot)
{
#if KERNEL_VERSION(6, 7, 0) <= LINUX_VERSION_CODE
	return get_file_rcu(slot);
#else
	struct file *file = rcu_dereference(*slot);

	while (file && !get_file_rcu(file))
		file = rcu_dereference(*slot);
	return file;
#endif
}

static inline int capipc_compat_receive_fd(struct file *file, unsigned int flags)
{
#if KERNEL_VERSION(6, 8, 0) <= LINUX_VERSION_CODE
	return receive_fd(file, NULL, flags);
#else
	return receive_fd(file, flags);
#endif
}

static inline int capipc_compat_path_permission(const struct path *path, int mask)
{
#if KERNEL_VERSION(6, 3, 0) <= LINUX_VERSION_CODE
	return inode_permission(mnt_idmap(path->mnt), d_inode(path->dentry), mask);
#else
	return inode_permission(mnt_user_ns(path->mnt), d_inode(path->dentry), mask);
#endif
}

static inline void capipc_compat_vm_flags_mod(struct vm_area_struct *vma, unsigned long set,
					      unsigned long clear)
{
#if KERNEL_VERSION(6, 3, 0) <= LINUX_VERSION_CODE
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

#endif /* CAPIPC_COMPAT_H */
