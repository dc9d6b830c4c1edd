/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Labels: the text that a security module has for a thread. Finding it out takes longer than
 * all else that an ident is made of, so a context keeps the last one.
 */
#ifndef CAPIPC_LABEL_H
#define CAPIPC_LABEL_H

#include <linux/refcount.h>

#include "main.h"

/**
 * struct capipc_label - a label; invariant but for @refs
 * @refs: references
 * @key: what the security module knows it by
 * @cred: of a thread that has it: as long as they are pinned the key names nothing else
 * @text: the label, NULL if there is none
 */
struct capipc_label {
	refcount_t refs;
	struct capipc_compat_label_key key;
	const struct cred *cred;
	char *text;
};

struct capipc_label *capipc_label_get_current(struct capipc_context *context);
void capipc_label_put(struct capipc_label *label);

#endif /* CAPIPC_LABEL_H */
