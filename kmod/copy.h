/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copying between kernel and user memory.
 *
 * Most of what is copied is a struct of a request, or a short message: some ten
 * words, whose number is not known when this is compiled. The general functions
 * spend more on finding out what kind of memory they copy from than on copying; these
 * copy a few words one by one, after the one check that matters: that the other side is
 * user memory. What is longer goes to the general functions.
 *
 * The caller has checked that the kernel's side has room for what it asks for.
 */
#ifndef CAPIPC_COPY_H
#define CAPIPC_COPY_H

#include <linux/compiler.h>
#include <linux/types.h>

int __must_check capipc_copy_in(void *to, const void __user *from, size_t len);
int __must_check capipc_copy_out(void __user *to, const void *from, size_t len);

#endif /* CAPIPC_COPY_H */
