// SPDX-License-Identifier: GPL-2.0
/*
 * Copying: see copy.h.
 */
#include <linux/fault-inject-usercopy.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>

#include "copy.h"

/* What is longer than this is not copied word by word. */
#define CAPIPC_COPY_FEW	256U

#define capipc_copy_word_in(type, to, from, label)					\
	unsafe_get_user(*(type *)(to), (const type __user *)(from), label)
#define capipc_copy_word_out(type, to, from, label)					\
	unsafe_put_user(*(const type *)(from), (type __user *)(to), label)

/* Copy as many of a type as there are. */
#define capipc_copy_loop(type, copy, to, from, len, label)				\
	while ((len) >= sizeof(type)) {							\
		copy(type, to, from, label);						\
		(to) += sizeof(type);							\
		(from) += sizeof(type);							\
		(len) -= sizeof(type);							\
	}

/* Four words a turn, then single ones, then what is less. */
#define capipc_copy_few(copy, to, from, len, label)					\
do {											\
	while ((len) >= 4 * sizeof(u64)) {						\
		copy(u64, to, from, label);						\
		copy(u64, (to) + sizeof(u64), (from) + sizeof(u64), label);		\
		copy(u64, (to) + 2 * sizeof(u64), (from) + 2 * sizeof(u64), label);	\
		copy(u64, (to) + 3 * sizeof(u64), (from) + 3 * sizeof(u64), label);	\
		(to) += 4 * sizeof(u64);						\
		(from) += 4 * sizeof(u64);						\
		(len) -= 4 * sizeof(u64);						\
	}										\
	capipc_copy_loop(u64, copy, to, from, len, label)				\
	capipc_copy_loop(u32, copy, to, from, len, label)				\
	capipc_copy_loop(u8, copy, to, from, len, label)				\
} while (0)

/**
 * capipc_copy_in - copy from user memory
 * @to: where to, with room for @len bytes
 * @from: where from
 * @len: how many bytes
 *
 * May sleep. Return: 0, or -EFAULT, and some of it may have been copied.
 */
int capipc_copy_in(void *to, const void __user *from, size_t len)
{
	if (unlikely(len > CAPIPC_COPY_FEW))
		return copy_from_user(to, from, len) ? -EFAULT : 0;
	might_fault();
	if (should_fail_usercopy() || !user_read_access_begin(from, len))
		return -EFAULT;
	capipc_copy_few(capipc_copy_word_in, to, from, len, fault);
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

/**
 * capipc_copy_out - copy to user memory
 * @to: where to
 * @from: where from, @len bytes, all of them initialized
 * @len: how many bytes
 *
 * May sleep. Return: 0, or -EFAULT, and some of it may have been copied.
 */
int capipc_copy_out(void __user *to, const void *from, size_t len)
{
	if (unlikely(len > CAPIPC_COPY_FEW))
		return copy_to_user(to, from, len) ? -EFAULT : 0;
	might_fault();
	if (should_fail_usercopy() || !user_write_access_begin(to, len))
		return -EFAULT;
	capipc_copy_few(capipc_copy_word_out, to, from, len, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}
