/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mapping: mmap(2) of a context's file, with a handle as the offset.
 */
#ifndef CAPIPC_MMAP_H
#define CAPIPC_MMAP_H

struct file;
struct vm_area_struct;

int capipc_mmap(struct file *file, struct vm_area_struct *vma);

#endif /* CAPIPC_MMAP_H */
