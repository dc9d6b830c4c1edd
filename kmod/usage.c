// SPDX-License-Identifier: GPL-2.0
/*
 * Usage: see usage.h.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>

#include "context.h"
#include "usage.h"

/**
 * capipc_usage_find - what a context has and uses
 * @usage: out
 * @context: the context, which the caller keeps; perhaps dismantled
 *
 * A context that is being dismantled marks its table as dead before it gives its
 * account up: who holds the lock of a table that is not dead may look at that.
 */
void capipc_usage_find(struct capipc_usage *usage, struct capipc_context *context)
{
	struct capipc_table *table = &context->table;
	int i;

	memset(usage, 0, sizeof(*usage));
	spin_lock(&table->lock);
	if (!table->dead) {
		usage->alive = true;
		usage->ready = !capipc_ready_is_empty(&context->ready);
		usage->handles = table->capacity - table->free;
		for (i = 0; i < CAPIPC_RESOURCES; i++)
			capipc_account_look(context->account, i, &usage->charged[i],
					    &usage->limit[i]);
	}
	spin_unlock(&table->lock);
}

/*
 * Whoever opened /proc/PID/fdinfo/N may trace the process PID, or it could not have.
 * But the process that has this file may have got it from another one, whose
 * context it is: that is told to its user, and to who administers the namespace.
 */
static bool capipc_fdinfo_allowed(const struct file *reader, struct capipc_context *context)
{
	struct user_namespace *ns;
	bool allowed;

	if (uid_eq(reader->f_cred->uid, context->uid))
		return true;
	/* One that has been dismantled is in no namespace any more. */
	spin_lock(&context->table.lock);
	ns = get_user_ns(context->table.dead ? &init_user_ns : context->net->user_ns);
	spin_unlock(&context->table.lock);
	allowed = file_ns_capable(reader, ns, CAP_SYS_ADMIN);
	put_user_ns(ns);
	return allowed;
}

static const char *const capipc_kind_names[CAPIPC_KINDS_COUNT] = {
	[CAPIPC_KIND_ENDPOINT] = "endpoints",
	[CAPIPC_KIND_LISTENER] = "listeners",
	[CAPIPC_KIND_REPLY] = "replies",
	[CAPIPC_KIND_CALL] = "calls",
	[CAPIPC_KIND_BUFFER] = "buffers",
	[CAPIPC_KIND_PRODUCER] = "producers",
	[CAPIPC_KIND_CONSUMER] = "consumers",
	[CAPIPC_KIND_INVITATION] = "invitations",
};

/**
 * capipc_show_fdinfo - what /proc/PID/fdinfo/N tells of a context
 * @seq: where to write it
 * @file: the open device; any process may be reading
 */
void capipc_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct capipc_context *context = file->private_data;
	u32 counts[CAPIPC_KINDS_COUNT];
	struct capipc_usage usage;
	int i;

	seq_printf(seq, "capipc-context:\t%llu\n", context->id);
	if (!capipc_fdinfo_allowed(seq->file, context))
		return;
	capipc_usage_find(&usage, context);
	seq_printf(seq, "capipc-state:\t%s\n", usage.alive ? "open" : "dismantled");
	if (!usage.alive)
		return;
	capipc_table_count(&context->table, counts);
	seq_printf(seq, "capipc-ready:\t%s\n", usage.ready ? "yes" : "no");
	for (i = 0; i < CAPIPC_KINDS_COUNT; i++) {
		if (capipc_kind_names[i])
			seq_printf(seq, "capipc-%s:\t%u\n", capipc_kind_names[i], counts[i]);
	}
	seq_printf(seq, "capipc-handles:\t%llu of %llu\n", usage.charged[CAPIPC_HANDLES],
		   usage.limit[CAPIPC_HANDLES]);
	seq_printf(seq, "capipc-bytes:\t%llu of %llu\n", usage.charged[CAPIPC_BYTES],
		   usage.limit[CAPIPC_BYTES]);
}
