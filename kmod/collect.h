/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Collecting: freeing rings of objects that are in flight inside each other and
 * that nobody can reach any more. docs/collect.md has the argument.
 */
#ifndef CAPIPC_COLLECT_H
#define CAPIPC_COLLECT_H

#include "main.h"

void capipc_collect_suspect(struct capipc_object *object);
void capipc_collect_exit(void);

#endif /* CAPIPC_COLLECT_H */
