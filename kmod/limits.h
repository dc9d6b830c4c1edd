/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every limit that is not part of the ABI, in one place. The variables are
 * module parameters (main.c): root may change them at run time, and a new value
 * counts from the next charge on.
 */
#ifndef CAPIPC_LIMITS_H
#define CAPIPC_LIMITS_H

#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/types.h>

/* Handle values: slot index below, generation above. */
#define CAPIPC_INDEX_BITS	18
#define CAPIPC_INDEX_MASK	(CAPIPC_TABLE_MAX - 1)
#define CAPIPC_GENERATION_MAX	(U32_MAX >> CAPIPC_INDEX_BITS)
#define CAPIPC_TABLE_MAX	((u32)BIT(CAPIPC_INDEX_BITS))

/* A table grows by this many slots at a time. */
#define CAPIPC_CHUNK_SLOTS	128U

/* How far up we follow what is in flight inside what, before ELOOP. */
#define CAPIPC_NESTING_MAX	1024

/* Longest struct that we look at, in bytes: what we do not know must be zero. */
#define CAPIPC_STRUCT_MAX	4096U

/* Largest backlog of a listener. */
#define CAPIPC_BACKLOG_MAX	1024U

/* Sockets of a user that may subscribe to events in a network namespace. */
#define CAPIPC_SUBSCRIBERS_MAX	16U

/* What a context takes from its user's account at a time. */
#define CAPIPC_BATCH_BYTES	16384L
#define CAPIPC_BATCH_HANDLES	16L

extern unsigned int capipc_max_contexts_per_uid;
extern unsigned int capipc_max_listeners_per_uid;
extern unsigned int capipc_max_handles_per_uid;
extern unsigned int capipc_max_handles_per_context;
extern unsigned long capipc_max_bytes_per_uid;
extern unsigned long capipc_max_bytes_per_context;
extern unsigned int capipc_max_events_per_second;
extern unsigned int capipc_max_event_burst;
extern unsigned int capipc_window_bytes;
extern unsigned int capipc_window_messages;

#endif /* CAPIPC_LIMITS_H */
