// SPDX-License-Identifier: GPL-2.0
/*
 * Labels: see label.h.
 */
#include "context.h"
#include "ident.h"
#include "label.h"

/* @label may be NULL. */
void capipc_label_put(struct capipc_label *label)
{
	if (!label || !refcount_dec_and_test(&label->refs))
		return;
	put_cred(label->cred);
	kfree(label->text);
	kfree(label);
}

static struct capipc_label *capipc_label_create(const struct capipc_compat_label_key *key)
{
	struct capipc_label *label = kzalloc(sizeof(*label), GFP_KERNEL_ACCOUNT);

	if (!label)
		return NULL;
	label->text = capipc_compat_current_label();
	if (IS_ERR(label->text)) {
		kfree(label);
		return NULL;
	}
	refcount_set(&label->refs, 1);
	label->key = *key;
	label->cred = capipc_cred_get(current_cred());
	return label;
}

/* What the context has kept, with a reference, if it is that of the calling thread. */
static struct capipc_label *capipc_label_known(struct capipc_context *context,
					       const struct capipc_compat_label_key *key)
{
	struct capipc_label *label;

	spin_lock(&context->ready_lock);
	label = context->label;
	if (label && label->cred == current_cred() && !memcmp(&label->key, key, sizeof(*key)))
		refcount_inc(&label->refs);
	else
		label = NULL;
	spin_unlock(&context->ready_lock);
	return label;
}

/**
 * capipc_label_get_current - the calling thread's label
 * @context: its context
 *
 * Return: the label with a reference, or NULL: out of memory.
 */
struct capipc_label *capipc_label_get_current(struct capipc_context *context)
{
	struct capipc_label *label, *old;
	struct capipc_compat_label_key key;

	capipc_compat_current_label_key(&key);
	label = capipc_label_known(context, &key);
	if (label)
		return label;
	label = capipc_label_create(&key);
	if (!label)
		return NULL;
	refcount_inc(&label->refs);
	spin_lock(&context->ready_lock);
	old = context->label;
	context->label = label;
	spin_unlock(&context->ready_lock);
	capipc_label_put(old);
	return label;
}
