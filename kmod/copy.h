/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copying between kernel and user memory.
 *
 * Most of what is copied is a struct of a request, or a short message: some ten
 * words. The general functions spend more on finding out what kind of memory they copy from
 * than on copying; these copy a few words one by one, after the one check that matters:
 * that the other side is user memory. What is longer goes to the general functions.
 *
 * The caller has checked that the kernel's side has room for what it asks for.
 */
#ifndef CAPIPC_COPY_H
#define CAPIPC_COPY_H

#include <linux/fault-inject-usercopy.h>
#include <linux/instrumented.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>

/* What is longer than this is not copied word by word. */
#define CAPIPC_COPY_FEW	256U

int __must_check capipc_copy_in(void *to, const void __user *from, size_t len);
int __must_check capipc_copy_out(void __user *to, const void *from, size_t len);

/**
 * capipc_copy_in_pages - copy from user memory to pages, without sleeping
 * @to: where to, in pages that are one after the other
 * @from: where from; access_ok() has been asked
 * @len: how many bytes
 *
 * With page faults disabled. Whole pages have no objects whose bounds there are to be kept, so
 * this does not look for them, as it does not where the kernel fills pages of files.
 *
 * Return: how many bytes were not copied.
 */
static inline unsigned long capipc_copy_in_pages(void *to, const void __user *from, size_t len)
{
	unsigned long left;

	if (should_fail_usercopy())
		return len;
	instrument_copy_from_user_before(to, from, len);
	left = raw_copy_from_user(to, from, len);
	instrument_copy_from_user_after(to, from, len, left);
	return left;
}

/**
 * capipc_copy_struct - copy a struct in that begins with its size
 * @to: where to
 * @from: where from
 * @size: how long it should be; a constant, of whole words
 * @user_size: out: how long it is, if it was copied
 *
 * May sleep. Return: 0; 1: nothing has been copied, since its size is another one or it does
 * not fit below the end of user memory; -EFAULT.
 */
static __always_inline int capipc_copy_struct(void *to, const void __user *from, size_t size,
					      u32 *user_size)
{
	size_t len = size;

	might_fault();
	if (should_fail_usercopy())
		return -EFAULT;
	if (unlikely(!user_read_access_begin(from, size)))
		return 1;
	unsafe_get_user(*user_size, (const u32 __user *)from, fault);
	if (likely(*user_size == size)) {
#pragma GCC unroll 32
		for (; len; len -= sizeof(u64))
			unsafe_get_user(*(u64 *)(to + size - len),
					(const u64 __user *)(from + size - len), fault);
		/* It may have changed since it was looked at. */
		*(u32 *)to = size;
	}
	user_read_access_end();
	return len ? 1 : 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

/**
 * capipc_copy_tail - copy the end of a struct out
 * @to: where the struct is
 * @from: our copy of it
 * @start: where what is copied begins; a constant, of half words
 * @size: how long the struct is; a constant, of whole words
 *
 * May sleep. Return: 0, or -EFAULT, and some of it may have been copied.
 */
static __always_inline int capipc_copy_tail(void __user *to, const void *from, size_t start,
					    size_t size)
{
	size_t at = start;

	might_fault();
	if (should_fail_usercopy() || !user_write_access_begin(to + start, size - start))
		return -EFAULT;
	if (at % sizeof(u64)) {
		unsafe_put_user(*(const u32 *)(from + at), (u32 __user *)(to + at), fault);
		at += sizeof(u32);
	}
#pragma GCC unroll 32
	for (; at < size; at += sizeof(u64))
		unsafe_put_user(*(const u64 *)(from + at), (u64 __user *)(to + at), fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

#endif /* CAPIPC_COPY_H */
