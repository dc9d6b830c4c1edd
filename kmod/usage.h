/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a context has and uses, as dumps and /proc/PID/fdinfo tell it.
 */
#ifndef CAPIPC_USAGE_H
#define CAPIPC_USAGE_H

#include "account.h"
#include "main.h"

struct file;
struct seq_file;

/**
 * struct capipc_usage - what a context has and uses
 * @alive: it has not been dismantled; else everything is 0
 * @ready: something can be received
 * @handles: handles in its table
 * @charged: what its account has paid for, what is in flight included
 * @limit: how much of it that may be
 */
struct capipc_usage {
	bool alive;
	bool ready;
	u32 handles;
	u64 charged[CAPIPC_RESOURCES];
	u64 limit[CAPIPC_RESOURCES];
};

void capipc_usage_find(struct capipc_usage *usage, struct capipc_context *context);
void capipc_show_fdinfo(struct seq_file *seq, struct file *file);

#endif /* CAPIPC_USAGE_H */
