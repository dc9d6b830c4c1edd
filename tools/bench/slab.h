/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel has allocated, as it says itself: /proc/slabinfo for small objects,
 * /proc/meminfo for the rest.
 */
#ifndef BENCH_SLAB_H
#define BENCH_SLAB_H

#include <stddef.h>
#include <stdint.h>

#define SLAB_CACHES 512

/**
 * struct slab_cache - objects of a size
 * @name: of the cache. The kernel puts caches of one size together; it is that of one
 * @size: of an object, with what the cache adds
 * @objects: how many there are
 * @pages: bytes in all its pages
 */
struct slab_cache {
	char name[40];
	uint32_t size;
	int64_t objects;
	int64_t pages;
};

/**
 * struct slab_state - what there is
 * @caches: of small objects
 * @count: how many caches
 * @large: bytes of large objects, which have pages of their own
 * @vmalloc: bytes that were put together of pages
 * @percpu: bytes that there are for each processor
 */
struct slab_state {
	struct slab_cache caches[SLAB_CACHES];
	size_t count;
	int64_t large;
	int64_t vmalloc;
	int64_t percpu;
};

/* 0 or -errno. What caches hold back for the next to come is given back before. */
int slab_read(struct slab_state *state);

/* Makes after what it is more than before. */
void slab_subtract(struct slab_state *after, const struct slab_state *before);

int64_t slab_bytes(const struct slab_state *difference);

#endif /* BENCH_SLAB_H */
