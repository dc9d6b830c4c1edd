/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every limit that is not part of the ABI, in one place: constants here, and
 * what root may change at run time in limits.c. docs/limits.md tells what they
 * are for.
 *
 * Limits of a user are numbered as in netlink (CAPIPC_LIMIT_A_*). Each is a
 * module parameter, or what has been set for this user instead. Whoever holds
 * the lock of the limits sees them consistent; users keep copies, which
 * capipc_users_refresh() brings up to date whenever anything changes.
 */
#ifndef CAPIPC_LIMITS_H
#define CAPIPC_LIMITS_H

#include <linux/bits.h>
#include <linux/capipc_netlink.h>
#include <linux/limits.h>
#include <linux/types.h>
#include <linux/uidgid.h>

/* Handle values: slot index below, generation above. */
#define CAPIPC_INDEX_BITS	18
#define CAPIPC_INDEX_MASK	(CAPIPC_TABLE_MAX - 1)
#define CAPIPC_GENERATION_MAX	(U32_MAX >> CAPIPC_INDEX_BITS)
#define CAPIPC_TABLE_MAX	((u32)BIT(CAPIPC_INDEX_BITS))

/* A table grows by this many slots at a time. */
#define CAPIPC_CHUNK_SLOTS	128U

/* Longest struct that we look at, in bytes: what we do not know must be zero. */
#define CAPIPC_STRUCT_MAX	4096U

/* Largest backlog of a listener. */
#define CAPIPC_BACKLOG_MAX	1024U

/* Sockets of a user that may subscribe to events in a network namespace. */
#define CAPIPC_SUBSCRIBERS_MAX	16U

/* Largest buffer in bytes, whatever the parameter says. */
#define CAPIPC_MEMORY_MAX	BIT(30)

/* What a context takes from its user at a time, and a user from the machine. */
#define CAPIPC_BATCH_BYTES		32768L
#define CAPIPC_BATCH_HANDLES		16L
#define CAPIPC_BATCH_LISTENERS		1L
#define CAPIPC_USER_BATCH_BYTES		(256L << 10)
#define CAPIPC_USER_BATCH_HANDLES	256L
#define CAPIPC_USER_BATCH_LISTENERS	16L

/* Files in flight that a context may have whatever its siblings have. */
#define CAPIPC_RESERVE_FILES		8L

/* This part of the machine is reserved for root. */
#define CAPIPC_ROOT_SHARE		8

/* Greatest value of a limit: sums of some of them fit. */
#define CAPIPC_LIMIT_MAX		(LONG_MAX / 8)

/* Greatest value of a rate or burst: their product in ns fits. */
#define CAPIPC_RATE_MAX			1000000000L

/* What is divided between contexts, users and the machine. */
enum capipc_resource {
	CAPIPC_BYTES,
	CAPIPC_HANDLES,
	CAPIPC_LISTENERS,
	CAPIPC_RESOURCES,
};

#define CAPIPC_LIMITS	(CAPIPC_LIMIT_A_MAX + 1)

/* Number of the limit of a user. */
static inline unsigned int capipc_limit_of(enum capipc_resource resource)
{
	switch (resource) {
	case CAPIPC_BYTES:
		return CAPIPC_LIMIT_A_BYTES;
	case CAPIPC_HANDLES:
		return CAPIPC_LIMIT_A_HANDLES;
	default:
		return CAPIPC_LIMIT_A_LISTENERS;
	}
}

extern unsigned int capipc_window_bytes;
extern unsigned int capipc_window_messages;
extern unsigned long capipc_max_buffer_bytes;
extern bool capipc_fast_path;

void capipc_limits_lock(void);
void capipc_limits_unlock(void);
long capipc_limit_most(unsigned int limit);
void capipc_limits_of_machine(long *limits);
void capipc_limits_of_user(kuid_t uid, long *limits);
long capipc_limits_reserve(enum capipc_resource resource, bool of_user);

const u64 *capipc_limits_set_for(kuid_t uid);
int capipc_limits_set(kuid_t uid, const u64 *values);

void capipc_limits_init(void);
void capipc_limits_exit(void);

/* One receive in so many is for a less urgent band that is ready. */
#define CAPIPC_READY_TURNS	16U

#endif /* CAPIPC_LIMITS_H */
