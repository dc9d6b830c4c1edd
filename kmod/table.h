/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The handle table of a context.
 *
 * A slot is free, reserved (a handle value that nobody can use yet), live, or
 * moving (its object is being sent away; the slot comes back to life if that
 * fails). Reserve, build, publish; or abort: nothing half-built is visible.
 * A freed slot goes to the end of the free list and takes the next generation,
 * so a stale handle value stays invalid for as long as possible.
 */
#ifndef CAPIPC_TABLE_H
#define CAPIPC_TABLE_H

#include "handle.h"
#include "main.h"

/* Kinds of handles, %CAPIPC_KIND_NONE included. */
#define CAPIPC_KINDS_COUNT	(CAPIPC_KIND_INVITATION + 1)

enum capipc_slot_state {
	CAPIPC_SLOT_FREE,
	CAPIPC_SLOT_RESERVED,
	CAPIPC_SLOT_LIVE,
	CAPIPC_SLOT_MOVING,
};

/**
 * struct capipc_slot - one handle; all under the lock of the table
 * @object: what it names, with a reference; %CAPIPC_KIND_ENDPOINT, _LISTENER,
 *          _PRODUCER, _CONSUMER, _INVITATION
 * @transaction: likewise; %CAPIPC_KIND_REPLY, %CAPIPC_KIND_CALL
 * @memory: likewise; %CAPIPC_KIND_BUFFER
 * @next: free: index of the next free slot
 * @rights: CAPIPC_RIGHT_*
 * @generation: upper part of the handle value, never 0
 * @kind: enum capipc_kind
 * @state: enum capipc_slot_state
 */
struct capipc_slot {
	union {
		struct capipc_object *object;
		struct capipc_transaction *transaction;
		struct capipc_memory *memory;
		u32 next;
	};
	u32 rights;
	u16 generation;
	u8 kind;
	u8 state;
};

/**
 * struct capipc_table - the handles of a context
 * @lock: protects everything below
 * @account: pays for the handles; invariant
 * @chunks: @capacity / %CAPIPC_CHUNK_SLOTS arrays of slots
 * @chunks_room: room in @chunks
 * @capacity: number of slots
 * @free: number of free slots, including the @reserved
 * @reserved: free slots that were promised
 * @free_first: first of the free list
 * @free_last: last of the free list
 * @dead: the context is gone, nothing enters any more
 */
struct capipc_table {
	spinlock_t lock; /* all of this */
	struct capipc_account *account;
	struct capipc_slot **chunks;
	u32 chunks_room;
	u32 capacity;
	u32 free;
	u32 reserved;
	u32 free_first;
	u32 free_last;
	bool dead;
};

void capipc_table_init(struct capipc_table *table, struct capipc_account *account);
void capipc_table_destroy(struct capipc_table *table);

int __must_check capipc_table_reserve(struct capipc_table *table, u32 n, bool force);
int __must_check capipc_table_claim(struct capipc_table *table, u32 *value);
void capipc_table_unreserve(struct capipc_table *table, u32 n);
u32 capipc_table_take(struct capipc_table *table);
void capipc_table_abort(struct capipc_table *table, u32 value);
bool capipc_table_publish(struct capipc_table *table, u32 value, const struct capipc_handle *what);

struct capipc_memory *capipc_table_get_buffer(struct capipc_table *table, u32 value, u32 rights);
struct capipc_endpoint *capipc_table_get_endpoint(struct capipc_table *table, u32 value,
						  u32 rights);
int __must_check capipc_table_get_any(struct capipc_table *table, u32 value,
				      struct capipc_handle *out);

int __must_check capipc_table_remove(struct capipc_table *table, u32 value,
				     struct capipc_handle *out);
int __must_check capipc_table_move_begin(struct capipc_table *table, u32 value, u32 rights,
					 u32 kinds, struct capipc_handle *out);
bool capipc_table_move_abort(struct capipc_table *table, u32 value);
void capipc_table_move_finish(struct capipc_table *table, u32 value);

bool capipc_table_drain(struct capipc_table *table, struct capipc_handle *out, u32 *cursor);
void capipc_table_kill(struct capipc_table *table);
bool capipc_table_next(struct capipc_table *table, u32 *cursor, struct capipc_handle *out,
		       u32 *value);
void capipc_table_count(struct capipc_table *table, u32 *counts);

#endif /* CAPIPC_TABLE_H */
