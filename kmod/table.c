// SPDX-License-Identifier: GPL-2.0
/*
 * Handle tables: see table.h.
 */
#include <linux/log2.h>
#include <linux/nospec.h>
#include <linux/sched.h>

#include "account.h"
#include "memory.h"
#include "pipe.h"
#include "table.h"

#define CAPIPC_NO_SLOT	U32_MAX

static inline struct capipc_slot *capipc_slot_at(struct capipc_table *table, u32 index)
{
	lockdep_assert_held(&table->lock);
	return &table->chunks[index / CAPIPC_CHUNK_SLOTS][index % CAPIPC_CHUNK_SLOTS];
}

static inline u32 capipc_handle_value(u32 index, u16 generation)
{
	return (u32)generation << CAPIPC_INDEX_BITS | index;
}

/* The slot that a value names, or NULL if the value is 0, stale or made up. */
static inline struct capipc_slot *capipc_slot_find(struct capipc_table *table, u32 value)
{
	u32 index = value & CAPIPC_INDEX_MASK;
	struct capipc_slot *slot;

	if (index >= table->capacity)
		return NULL;
	slot = capipc_slot_at(table, array_index_nospec(index, table->capacity));
	if (slot->generation != value >> CAPIPC_INDEX_BITS ||
	    slot->state == CAPIPC_SLOT_FREE || slot->state == CAPIPC_SLOT_RESERVED)
		return NULL;
	return slot;
}

static inline void capipc_slot_append_free(struct capipc_table *table, u32 index)
{
	capipc_slot_at(table, index)->next = CAPIPC_NO_SLOT;
	if (table->free_last == CAPIPC_NO_SLOT)
		table->free_first = index;
	else
		capipc_slot_at(table, table->free_last)->next = index;
	table->free_last = index;
	table->free++;
}

static inline void capipc_slot_free(struct capipc_table *table, struct capipc_slot *slot, u32 value)
{
	slot->state = CAPIPC_SLOT_FREE;
	slot->kind = CAPIPC_KIND_NONE;
	slot->rights = 0;
	slot->generation = slot->generation == CAPIPC_GENERATION_MAX ? 1 : slot->generation + 1;
	capipc_slot_append_free(table, value & CAPIPC_INDEX_MASK);
}

void capipc_table_init(struct capipc_table *table, struct capipc_account *account)
{
	spin_lock_init(&table->lock);
	table->account = account;
	table->free_first = CAPIPC_NO_SLOT;
	table->free_last = CAPIPC_NO_SLOT;
}

/* Free the memory; the table has been drained, or nothing was ever in it. */
void capipc_table_destroy(struct capipc_table *table)
{
	struct capipc_slot **chunks;
	u32 count, i;

	spin_lock(&table->lock);
	chunks = table->chunks;
	count = table->capacity / CAPIPC_CHUNK_SLOTS;
	table->chunks = NULL;
	table->capacity = 0;
	table->free = 0;
	spin_unlock(&table->lock);

	for (i = 0; i < count; i++)
		kfree(chunks[i]);
	kvfree(chunks);
	if (count)
		capipc_account_uncharge(table->account, CAPIPC_BYTES,
					(long)count * CAPIPC_CHUNK_SLOTS *
					sizeof(struct capipc_slot));
}

/* Add a chunk, unless another thread did meanwhile. */
static int capipc_table_grow(struct capipc_table *table, u32 capacity, bool force)
{
	size_t bytes = CAPIPC_CHUNK_SLOTS * sizeof(struct capipc_slot);
	u32 room = roundup_pow_of_two(capacity / CAPIPC_CHUNK_SLOTS + 1);
	struct capipc_slot **chunks, **old = NULL;
	struct capipc_slot *chunk;
	int ret = 0;
	u32 i;

	if (capacity + CAPIPC_CHUNK_SLOTS > CAPIPC_TABLE_MAX)
		return -EDQUOT;
	if (force)
		capipc_account_force(table->account, CAPIPC_BYTES, bytes);
	else
		ret = capipc_account_charge(table->account, CAPIPC_BYTES, bytes);
	if (ret)
		return ret;
	chunk = kzalloc(bytes, GFP_KERNEL_ACCOUNT);
	chunks = kvcalloc(room, sizeof(*chunks), GFP_KERNEL_ACCOUNT);
	if (!chunk || !chunks) {
		ret = -ENOMEM;
		goto out_free;
	}
	for (i = 0; i < CAPIPC_CHUNK_SLOTS; i++)
		chunk[i].generation = 1;

	spin_lock(&table->lock);
	if (table->capacity != capacity) {
		spin_unlock(&table->lock);
		goto out_free;
	}
	if (table->chunks_room < room) {
		if (capacity)
			memcpy(chunks, table->chunks,
			       capacity / CAPIPC_CHUNK_SLOTS * sizeof(*chunks));
		old = table->chunks;
		table->chunks = chunks;
		table->chunks_room = room;
	} else {
		old = chunks;
	}
	table->chunks[capacity / CAPIPC_CHUNK_SLOTS] = chunk;
	table->capacity += CAPIPC_CHUNK_SLOTS;
	for (i = 0; i < CAPIPC_CHUNK_SLOTS; i++)
		capipc_slot_append_free(table, capacity + i);
	spin_unlock(&table->lock);
	kvfree(old);
	return 0;

out_free:
	kvfree(chunks);
	kfree(chunk);
	capipc_account_uncharge(table->account, CAPIPC_BYTES, bytes);
	return ret;
}

/**
 * capipc_table_reserve - promise free slots
 * @table: the table
 * @n: how many
 * @force: even beyond the limits of the account
 *
 * Return: 0, -EDQUOT or -ENOMEM.
 */
int capipc_table_reserve(struct capipc_table *table, u32 n, bool force)
{
	u32 capacity;
	int ret;

	if (!n)
		return 0;
	if (force) {
		capipc_account_force(table->account, CAPIPC_HANDLES, n);
	} else {
		ret = capipc_account_charge(table->account, CAPIPC_HANDLES, n);
		if (ret)
			return ret;
	}
	for (;;) {
		spin_lock(&table->lock);
		if (table->free - table->reserved >= n) {
			table->reserved += n;
			spin_unlock(&table->lock);
			return 0;
		}
		capacity = table->capacity;
		spin_unlock(&table->lock);

		ret = capipc_table_grow(table, capacity, force);
		if (ret) {
			capipc_account_uncharge(table->account, CAPIPC_HANDLES, n);
			return ret;
		}
	}
}

void capipc_table_unreserve(struct capipc_table *table, u32 n)
{
	if (!n)
		return;
	spin_lock(&table->lock);
	table->reserved -= n;
	spin_unlock(&table->lock);
	capipc_account_uncharge(table->account, CAPIPC_HANDLES, n);
}

/* The first of the free list, which is not empty. Returns its handle value. */
static inline u32 capipc_slot_take(struct capipc_table *table)
{
	u32 index = table->free_first;
	struct capipc_slot *slot = capipc_slot_at(table, index);

	table->free_first = slot->next;
	if (table->free_first == CAPIPC_NO_SLOT)
		table->free_last = CAPIPC_NO_SLOT;
	table->free--;
	slot->state = CAPIPC_SLOT_RESERVED;
	return capipc_handle_value(index, slot->generation);
}

/**
 * capipc_table_take - take a slot that was reserved
 * @table: the table
 *
 * Return: its handle value, to be published or aborted. Until then nobody can
 * use it.
 */
u32 capipc_table_take(struct capipc_table *table)
{
	u32 value;

	spin_lock(&table->lock);
	table->reserved--;
	value = capipc_slot_take(table);
	spin_unlock(&table->lock);
	return value;
}

/**
 * capipc_table_claim - reserve a slot and take it
 * @table: the table
 * @value: out: as from capipc_table_take()
 *
 * Return: 0, -EDQUOT or -ENOMEM.
 */
int capipc_table_claim(struct capipc_table *table, u32 *value)
{
	int ret = capipc_account_charge(table->account, CAPIPC_HANDLES, 1);

	if (ret)
		return ret;
	spin_lock(&table->lock);
	if (likely(table->free > table->reserved)) {
		*value = capipc_slot_take(table);
		spin_unlock(&table->lock);
		return 0;
	}
	spin_unlock(&table->lock);

	capipc_account_uncharge(table->account, CAPIPC_HANDLES, 1);
	ret = capipc_table_reserve(table, 1, false);
	if (!ret)
		*value = capipc_table_take(table);
	return ret;
}

/*
 * The slot is free; its reference has gone with what it named, and its charge is
 * the caller's.
 */
void capipc_table_move_finish(struct capipc_table *table, u32 value)
{
	spin_lock(&table->lock);
	capipc_slot_free(table, capipc_slot_at(table, value & CAPIPC_INDEX_MASK), value);
	spin_unlock(&table->lock);
}

/* Give a taken slot back, and its charge. */
void capipc_table_abort(struct capipc_table *table, u32 value)
{
	capipc_table_move_finish(table, value);
	capipc_account_uncharge(table->account, CAPIPC_HANDLES, 1);
}

/**
 * capipc_table_publish - let a taken slot name something
 * @table: the table
 * @value: from capipc_table_take()
 * @what: object or transaction, whose reference the slot takes over
 *
 * Return: false if the context is gone: the slot is free again, the reference
 * still the caller's.
 */
bool capipc_table_publish(struct capipc_table *table, u32 value, const struct capipc_handle *what)
{
	struct capipc_slot *slot;

	spin_lock(&table->lock);
	if (table->dead) {
		spin_unlock(&table->lock);
		capipc_table_abort(table, value);
		return false;
	}
	slot = capipc_slot_at(table, value & CAPIPC_INDEX_MASK);
	slot->object = what->object;
	slot->rights = what->rights;
	slot->kind = what->kind;
	slot->state = CAPIPC_SLOT_LIVE;
	spin_unlock(&table->lock);
	return true;
}

static inline void capipc_slot_read(const struct capipc_slot *slot, struct capipc_handle *out)
{
	out->object = slot->object;
	out->rights = slot->rights;
	out->kind = slot->kind;
}

/* The slot that a value names, if it may be used like this: 0, -EBADF, ... -EPERM. */
static __always_inline int capipc_slot_check(struct capipc_table *table, u32 value, u32 kinds,
					     u32 rights, struct capipc_slot **out)
{
	struct capipc_slot *slot = capipc_slot_find(table, value);

	if (!slot)
		return -EBADF;
	if (slot->state == CAPIPC_SLOT_MOVING)
		return -EBUSY;
	if (!(kinds & BIT(slot->kind)))
		return -EPROTOTYPE;
	if ((slot->rights & rights) != rights)
		return -EPERM;
	*out = slot;
	return 0;
}

/**
 * capipc_table_get_any - look a handle up, whatever its kind
 * @table: the table
 * @value: the handle
 * @out: what it names, with a reference
 *
 * Return: 0, -EBADF, -EBUSY.
 */
int capipc_table_get_any(struct capipc_table *table, u32 value, struct capipc_handle *out)
{
	struct capipc_slot *slot;
	int ret;

	spin_lock(&table->lock);
	ret = capipc_slot_check(table, value, CAPIPC_KINDS_ANY, 0, &slot);
	if (!ret) {
		capipc_slot_read(slot, out);
		capipc_handle_get(out);
	}
	spin_unlock(&table->lock);
	return ret;
}

/**
 * capipc_table_get_buffer - look the handle of a buffer up
 * @table: the table
 * @value: the handle
 * @rights: what it must allow
 *
 * Return: its memory, with a reference; or an error pointer: -EBADF, -EBUSY, -EPROTOTYPE,
 * -EPERM.
 */
struct capipc_memory *capipc_table_get_buffer(struct capipc_table *table, u32 value, u32 rights)
{
	struct capipc_memory *memory;
	struct capipc_slot *slot;
	int ret;

	spin_lock(&table->lock);
	ret = capipc_slot_check(table, value, BIT(CAPIPC_KIND_BUFFER), rights, &slot);
	memory = likely(!ret) ? capipc_memory_get(slot->memory) : ERR_PTR(ret);
	spin_unlock(&table->lock);
	return memory;
}

/**
 * capipc_table_get_endpoint - look the handle of an endpoint up
 * @table: the table
 * @value: the handle
 * @rights: what it must allow
 *
 * Return: it, with a reference; or an error pointer: -EBADF, -EBUSY, -EPROTOTYPE, -EPERM.
 */
struct capipc_endpoint *capipc_table_get_endpoint(struct capipc_table *table, u32 value,
						  u32 rights)
{
	struct capipc_endpoint *endpoint;
	struct capipc_slot *slot;
	int ret;

	spin_lock(&table->lock);
	ret = capipc_slot_check(table, value, BIT(CAPIPC_KIND_ENDPOINT), rights, &slot);
	if (likely(!ret)) {
		endpoint = capipc_endpoint(slot->object);
		capipc_endpoint_get(endpoint);
	} else {
		endpoint = ERR_PTR(ret);
	}
	spin_unlock(&table->lock);
	return endpoint;
}

/**
 * capipc_table_remove - take a handle out, to close what it named
 * @table: the table
 * @value: the handle
 * @out: what it named, with the reference of the slot
 *
 * Return: 0, -EBADF, -EBUSY.
 */
int capipc_table_remove(struct capipc_table *table, u32 value, struct capipc_handle *out)
{
	struct capipc_slot *slot;
	int ret;

	spin_lock(&table->lock);
	ret = capipc_slot_check(table, value, CAPIPC_KINDS_ANY, 0, &slot);
	if (!ret) {
		capipc_slot_read(slot, out);
		capipc_slot_free(table, slot, value);
	}
	spin_unlock(&table->lock);
	if (!ret)
		capipc_account_uncharge(table->account, CAPIPC_HANDLES, 1);
	return ret;
}

/**
 * capipc_table_move_begin - nobody else may use a handle any more
 * @table: the table
 * @value: the handle
 * @rights: what it must allow
 * @kinds: bits of the kinds it may be
 * @out: what it names; the reference stays with the slot, which stays with the
 *       caller until capipc_table_move_abort() or capipc_table_move_finish()
 *
 * Return: 0, -EBADF, -EBUSY, -EPROTOTYPE, -EPERM.
 */
int capipc_table_move_begin(struct capipc_table *table, u32 value, u32 rights, u32 kinds,
			    struct capipc_handle *out)
{
	struct capipc_slot *slot;
	int ret;

	spin_lock(&table->lock);
	ret = capipc_slot_check(table, value, kinds, rights, &slot);
	if (!ret) {
		slot->state = CAPIPC_SLOT_MOVING;
		capipc_slot_read(slot, out);
	}
	spin_unlock(&table->lock);
	return ret;
}

/*
 * The move failed: the handle is as it was. Returns false if the context has
 * gone meanwhile: the slot is free and its reference now the caller's.
 */
bool capipc_table_move_abort(struct capipc_table *table, u32 value)
{
	bool alive;

	spin_lock(&table->lock);
	alive = !table->dead;
	if (alive)
		capipc_slot_at(table, value & CAPIPC_INDEX_MASK)->state = CAPIPC_SLOT_LIVE;
	spin_unlock(&table->lock);
	if (!alive)
		capipc_table_abort(table, value);
	return alive;
}

/* Nothing enters any more. */
void capipc_table_kill(struct capipc_table *table)
{
	spin_lock(&table->lock);
	table->dead = true;
	spin_unlock(&table->lock);
}

/**
 * capipc_table_drain - take the next handle out of a table that is dead
 * @table: the table
 * @out: what it named, with the reference of the slot
 * @cursor: where to go on; 0 at first
 *
 * Return: false if there is none any more. Slots that are moving are left to
 * the thread that moves them.
 */
bool capipc_table_drain(struct capipc_table *table, struct capipc_handle *out, u32 *cursor)
{
	bool found = false;

	spin_lock(&table->lock);
	while (!found && *cursor < table->capacity) {
		u32 index = (*cursor)++;
		struct capipc_slot *slot = capipc_slot_at(table, index);

		if (slot->state != CAPIPC_SLOT_LIVE)
			continue;
		capipc_slot_read(slot, out);
		capipc_slot_free(table, slot, index);
		found = true;
	}
	spin_unlock(&table->lock);
	if (found)
		capipc_account_uncharge(table->account, CAPIPC_HANDLES, 1);
	return found;
}

/**
 * capipc_table_next - walk over the live handles
 * @table: the table
 * @cursor: where to go on; 0 at first
 * @out: what the next handle names, with a reference
 * @value: its value
 *
 * The lock is held for a chunk of slots at most. Return: false at the end.
 */
bool capipc_table_next(struct capipc_table *table, u32 *cursor, struct capipc_handle *out,
		       u32 *value)
{
	bool found = false, more;
	u32 end;

	do {
		spin_lock(&table->lock);
		more = *cursor < table->capacity;
		end = more ? min(*cursor + CAPIPC_CHUNK_SLOTS, table->capacity) : 0;
		while (!found && *cursor < end) {
			u32 index = (*cursor)++;
			struct capipc_slot *slot = capipc_slot_at(table, index);

			if (slot->state != CAPIPC_SLOT_LIVE)
				continue;
			capipc_slot_read(slot, out);
			capipc_handle_get(out);
			*value = capipc_handle_value(index, slot->generation);
			found = true;
		}
		spin_unlock(&table->lock);
	} while (!found && more);
	return found;
}

/**
 * capipc_table_count - how many handles of each kind there are
 * @table: the table
 * @counts: out: for each kind below %CAPIPC_KINDS_COUNT
 *
 * What comes and goes meanwhile may be counted or not.
 */
void capipc_table_count(struct capipc_table *table, u32 *counts)
{
	u32 index = 0, end;
	bool more;

	memset(counts, 0, CAPIPC_KINDS_COUNT * sizeof(*counts));
	do {
		spin_lock(&table->lock);
		more = index < table->capacity;
		end = more ? min(index + CAPIPC_CHUNK_SLOTS, table->capacity) : 0;
		for (; index < end; index++) {
			const struct capipc_slot *slot = capipc_slot_at(table, index);

			if (slot->state == CAPIPC_SLOT_LIVE || slot->state == CAPIPC_SLOT_MOVING)
				counts[slot->kind]++;
		}
		spin_unlock(&table->lock);
		cond_resched();
	} while (more);
}
