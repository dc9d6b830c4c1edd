/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory: pages that several processes map, through the files of their contexts.
 *
 * Allocated when it is made, zeroed, of one size for ever. It lives as long as
 * there is a reference: a handle in a table or in flight, or a mapping. Its bytes
 * are charged to who made it until then. docs/memory.md tells what a mapping can do,
 * and why no more.
 */
#ifndef CAPIPC_MEMORY_H
#define CAPIPC_MEMORY_H

#include <linux/atomic.h>

#include <linux/mm.h>

#include "main.h"

struct page;
struct vm_area_struct;

/**
 * struct capipc_memory - some pages
 * @refs: references
 * @id: number in dumps; invariant
 * @account: pays, and is kept alive by what it pays; invariant
 * @charge: bytes charged to @account; invariant
 * @count: number of @pages; invariant
 * @kernel: of what messages are received into, or sent from: where the kernel has it, in one
 *          piece; else NULL; invariant
 * @area: messages are received into it; invariant
 * @in_use: of a receive area: a request receives into it; whoever exchanges it has it
 * @pages: the pages, of our own; invariant
 */
struct capipc_memory {
	refcount_t refs;
	u64 id;
	struct capipc_account *account;
	size_t charge;
	unsigned long count;
	u8 *kernel;
	bool area;
	atomic_t in_use;
	struct page *pages[] __counted_by(count);
};

/**
 * struct capipc_view - what of some memory may be mapped, and how
 * @memory: the memory
 * @first: the first page
 * @count: how many
 * @writable: for writing, now or later
 */
struct capipc_view {
	struct capipc_memory *memory;
	unsigned long first;
	unsigned long count;
	bool writable;
};

struct capipc_memory *capipc_memory_create(struct capipc_account *account, u64 bytes, u32 flags);
void capipc_memory_free(struct capipc_memory *memory);
int __must_check capipc_memory_map(struct vm_area_struct *vma, const struct capipc_view *view);

static inline struct capipc_memory *capipc_memory_get(struct capipc_memory *memory)
{
	refcount_inc(&memory->refs);
	return memory;
}

static inline void capipc_memory_put(struct capipc_memory *memory)
{
	if (refcount_dec_and_test(&memory->refs))
		capipc_memory_free(memory);
}

/* In bytes. */
static inline u64 capipc_memory_size(const struct capipc_memory *memory)
{
	return (u64)memory->count << PAGE_SHIFT;
}

#endif /* CAPIPC_MEMORY_H */
