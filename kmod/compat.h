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
#include <linux/device/class.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/path.h>
#include <linux/rcupdate.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>

#ifndef __counted_by
#define __counted_by(member)
#endif

/* What is written before it is read, and need not be zeroed on top of that. */
#ifndef __uninitialized
#if __has_attribute(__uninitialized__)
#define __uninitialized			__attribute__((__uninitialized__))
#else
#define __uninitialized
#endif
#endif

#if KERNEL_VERSION(6, 2, 0) <= LINUX_VERSION_CODE
#define capipc_compat_devnode_device	const struct device
#else
#define capipc_compat_devnode_device	struct device
#endif

static inline struct class *capipc_compat_class_create(const char *name)
{
#if KERNEL_VERSION(6, 4, 0) <= LINUX_VERSION_CODE
	return class_create(name);
#else
	return class_create(THIS_MODULE, name);
#endif
}

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

/*
 * Security labels are text for us. The number that a thread's label was has gone
 * from the newer interface, and what has taken its place pins nothing that it
 * points at.
 */
static inline char *capipc_compat_label_copy(const char *text, u32 len)
{
	/* Some security modules count the NUL and some do not. */
	char *label = kmemdup_nul(text, strnlen(text, len), GFP_KERNEL_ACCOUNT);

	return label ?: ERR_PTR(-ENOMEM);
}

#if KERNEL_VERSION(6, 18, 0) <= LINUX_VERSION_CODE

static inline char *capipc_compat_label_take(struct lsm_context *context)
{
	char *label = capipc_compat_label_copy(context->context, context->len);

	security_release_secctx(context);
	return label;
}

static inline char *capipc_compat_secid_label(u32 secid)
{
	struct lsm_context context = {};
	int ret = security_secid_to_secctx(secid, &context);

	return ret < 0 ? ERR_PTR(ret) : capipc_compat_label_take(&context);
}

/*
 * What tells whether the calling thread's label is another one than before. It names a
 * label for as long as the thread's credentials are pinned.
 */
struct capipc_compat_label_key {
	struct lsm_prop prop;
};

static inline void capipc_compat_current_label_key(struct capipc_compat_label_key *key)
{
	memset(key, 0, sizeof(*key));
	security_current_getlsmprop_subj(&key->prop);
}

/* The calling thread's label; NULL if it has none. May be an error: -ENOMEM. */
static inline char *capipc_compat_current_label(void)
{
	/* Asked one by one: what "any" means depends on their order. */
	static const int modules[] = { LSM_ID_SELINUX, LSM_ID_SMACK, LSM_ID_APPARMOR };
	struct lsm_context context = {};
	struct lsm_prop prop;
	int ret = -EOPNOTSUPP;
	size_t i;

	/* What names a label may be replaced and freed at any time. */
	rcu_read_lock();
	security_current_getlsmprop_subj(&prop);
	for (i = 0; i < ARRAY_SIZE(modules) && ret < 0 && ret != -ENOMEM; i++)
		ret = security_lsmprop_to_secctx(&prop, &context, modules[i]);
	rcu_read_unlock();
	if (ret < 0)
		return ret == -ENOMEM ? ERR_PTR(ret) : NULL;
	return capipc_compat_label_take(&context);
}

#else

static inline char *capipc_compat_secid_label(u32 secid)
{
	char *text, *label;
	u32 len;
	int ret = security_secid_to_secctx(secid, &text, &len);

	if (ret)
		return ERR_PTR(ret);
	label = capipc_compat_label_copy(text, len);
	security_release_secctx(text, len);
	return label;
}

/* As above. */
struct capipc_compat_label_key {
	u32 secid;
};

static inline void capipc_compat_current_label_key(struct capipc_compat_label_key *key)
{
	security_current_getsecid_subj(&key->secid);
}

static inline char *capipc_compat_current_label(void)
{
	char *label;
	u32 secid;

	security_current_getsecid_subj(&secid);
	if (!secid)
		return NULL;
	label = capipc_compat_secid_label(secid);
	return IS_ERR(label) && PTR_ERR(label) != -ENOMEM ? NULL : label;
}

#endif

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
