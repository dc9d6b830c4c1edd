// SPDX-License-Identifier: GPL-2.0
/*
 * Copying: see copy.h.
 */
#include "copy.h"

/**
 * capipc_copy_in - copy from user memory
 * @to: where to, with room for @len bytes
 * @from: where from
 * @len: how many bytes
 *
 * May sleep, unless page faults are disabled. Return: 0, or -EFAULT, and some of it may
 * have been copied.
 */
int capipc_copy_in(void *to, const void __user *from, size_t len)
{
	size_t at = 0;

	if (unlikely(len > CAPIPC_COPY_FEW))
		return copy_from_user(to, from, len) ? -EFAULT : 0;
	might_fault();
	if (should_fail_usercopy() || !user_read_access_begin(from, len))
		return -EFAULT;
	for (; len - at >= 2 * sizeof(u64); at += 2 * sizeof(u64)) {
		unsafe_get_user(*(u64 *)(to + at), (const u64 __user *)(from + at), fault);
		unsafe_get_user(*(u64 *)(to + at + sizeof(u64)),
				(const u64 __user *)(from + at + sizeof(u64)), fault);
	}
	for (; len - at >= sizeof(u32); at += sizeof(u32))
		unsafe_get_user(*(u32 *)(to + at), (const u32 __user *)(from + at), fault);
	for (; at < len; at++)
		unsafe_get_user(*(u8 *)(to + at), (const u8 __user *)(from + at), fault);
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
	size_t at = 0;

	if (unlikely(len > CAPIPC_COPY_FEW))
		return copy_to_user(to, from, len) ? -EFAULT : 0;
	might_fault();
	if (should_fail_usercopy() || !user_write_access_begin(to, len))
		return -EFAULT;
	for (; len - at >= 2 * sizeof(u64); at += 2 * sizeof(u64)) {
		unsafe_put_user(*(const u64 *)(from + at), (u64 __user *)(to + at), fault);
		unsafe_put_user(*(const u64 *)(from + at + sizeof(u64)),
				(u64 __user *)(to + at + sizeof(u64)), fault);
	}
	for (; len - at >= sizeof(u32); at += sizeof(u32))
		unsafe_put_user(*(const u32 *)(from + at), (u32 __user *)(to + at), fault);
	for (; at < len; at++)
		unsafe_put_user(*(const u8 *)(from + at), (u8 __user *)(to + at), fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}
