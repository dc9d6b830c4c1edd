/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The roster: every pipe and every listener, by its number.
 *
 * It is for dumps only. Nothing is found by it that a request could then use, and
 * no message ever touches it: a pipe enters when it is made and leaves when its
 * memory goes, so what is in flight is in it too.
 *
 * Looking is done under RCU, without a lock: an object leaves the roster before it
 * is freed, and is freed after a grace period.
 */
#ifndef CAPIPC_ROSTER_H
#define CAPIPC_ROSTER_H

#include "main.h"

/* May be asked about objects that are being closed; under RCU, must not sleep. */
typedef bool (*capipc_roster_fn)(struct capipc_object *object, const void *data);

int __must_check capipc_roster_enter(struct capipc_object *object, u64 *id);
void capipc_roster_leave(u64 id);
struct capipc_object *capipc_roster_next(u64 *from, u64 until, capipc_roster_fn wanted,
					 const void *data);
unsigned int capipc_roster_generation(void);
void capipc_roster_exit(void);

#endif /* CAPIPC_ROSTER_H */
