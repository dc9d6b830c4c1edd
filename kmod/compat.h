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
#include <linux/fs.h>

#ifndef __counted_by
#define __counted_by(member)
#endif

static inline u64 capipc_compat_cap_bits(kernel_cap_t caps)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	return caps.val;
#else
	return caps.cap[0] | (u64)caps.cap[1] << 32;
#endif
}

static inline struct file *capipc_compat_get_file_rcu(struct file __rcu **slot)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return get_file_rcu(slot);
#else
	struct file *file = rcu_dereference(*slot);

	while (file && !get_file_rcu(file))
		file = rcu_dereference(*slot);
	return file;
#endif
}

#endif /* CAPIPC_COMPAT_H */
