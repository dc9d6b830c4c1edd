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
