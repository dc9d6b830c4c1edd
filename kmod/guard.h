/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guards: the locks of objects.
 *
 * What has been fused into something else is protected by the lock of that from
 * then on: docs/fuse.md.
 */
#ifndef CAPIPC_GUARD_H
#define CAPIPC_GUARD_H

#include "main.h"

/**
 * struct capipc_guard - a lock that may pass its task on
 * @lock: protects the objects whose guard it is, and @heir
 * @heir: NULL, or the guard that has taken over; set once, under both locks
 */
struct capipc_guard {
	spinlock_t lock; /* objects, and @heir */
	struct capipc_guard *heir;
};

/* A macro, for lockdep to tell the locks of different kinds of objects apart. */
#define capipc_guard_init(guard)						\
do {										\
	struct capipc_guard *_guard = (guard);					\
										\
	spin_lock_init(&_guard->lock);						\
	_guard->heir = NULL;							\
} while (0)

#endif /* CAPIPC_GUARD_H */
