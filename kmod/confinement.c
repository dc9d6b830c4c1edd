// SPDX-License-Identifier: GPL-2.0
/*
 * Confinements: see confinement.h.
 */
#include "confinement.h"
#include "context.h"
#include "ident.h"
#include "ioctl.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "rule.h"
#include "table.h"

/**
 * struct capipc_confinement - who may receive; invariant
 * @rules: the first that matches the receiver allows
 * @cred: of who set it, with which rules compare the receiver
 */
struct capipc_confinement {
	struct capipc_ruleset *rules;
	const struct cred *cred;
};

/* @confinement may be NULL. */
void capipc_confinement_free(struct capipc_confinement *confinement)
{
	if (!confinement)
		return;
	capipc_ruleset_put(confinement->rules);
	put_cred(confinement->cred);
	kfree(confinement);
}

static const struct capipc_confinement *capipc_moved_confinement(const struct capipc_moved *moved)
{
	/* Set while it was held, and it is in flight now. */
	return moved->what.kind == CAPIPC_KIND_ENDPOINT ?
		capipc_endpoint(moved->what.object)->confinement : NULL;
}

/* May what is leaving not be received by everybody? */
bool capipc_confinement_is_on(const struct capipc_moved *moved)
{
	return capipc_moved_confinement(moved);
}

static bool capipc_confinement_allows(const struct capipc_confinement *confinement,
				      const struct capipc_ident *receiver)
{
	struct capipc_asked asked = {
		.ident = receiver,
		.receiver = confinement->cred,
		.connect = true,
	};

	return capipc_ruleset_decide(confinement->rules, &asked) >= 0;
}

/**
 * capipc_confinement_judge - which of what arrives may not be here?
 * @context: the receiver's, of the calling thread
 * @message: taken from its queue
 *
 * Return: 0, and @message->refused and that of each attachment are set; or -ENOMEM.
 */
int capipc_confinement_judge(struct capipc_context *context, struct capipc_message *message)
{
	const struct capipc_confinement *confinement;
	struct capipc_ident *receiver = NULL;
	u32 i;

	message->refused = 0;
	for (i = 0; i < message->moved_count; i++) {
		message->moved[i].refused = false;
		confinement = capipc_moved_confinement(&message->moved[i]);
		if (likely(!confinement))
			continue;
		if (!receiver)
			receiver = capipc_ident_create(context);
		if (!receiver)
			return -ENOMEM;
		if (!capipc_confinement_allows(confinement, receiver)) {
			message->moved[i].refused = true;
			message->refused++;
		}
	}
	capipc_ident_put(receiver);
	return 0;
}

/* What stands between a receiver and an endpoint that is confined? */
void capipc_confinement_nearest(struct capipc_object *object, const struct capipc_ident *receiver,
				struct capipc_nearest *nearest)
{
	const struct capipc_confinement *confinement = capipc_endpoint(object)->confinement;
	struct capipc_asked asked = {
		.ident = receiver,
		.receiver = confinement->cred,
		.connect = true,
	};

	capipc_ruleset_nearest(confinement->rules, &asked, CAPIPC_RULE_LIST_CONFINEMENT, nearest);
}

static struct capipc_confinement *capipc_confinement_create(struct capipc_context *context,
							    const struct capipc_confine *arg)
{
	struct capipc_confinement *confinement;
	struct capipc_ruleset *rules;
	u32 i;

	rules = capipc_ruleset_create(context, arg->rules, arg->rules_count, arg->rule_size, true);
	if (IS_ERR(rules))
		return ERR_CAST(rules);
	for (i = 0; i < rules->count; i++) {
		if (rules->rules[i].facet || (rules->rules[i].match & CAPIPC_MATCH_UNCHANGED)) {
			capipc_ruleset_put(rules);
			return ERR_PTR(-EINVAL);
		}
	}
	confinement = kzalloc(sizeof(*confinement), GFP_KERNEL_ACCOUNT);
	if (!confinement) {
		capipc_ruleset_put(rules);
		return ERR_PTR(-ENOMEM);
	}
	confinement->rules = rules;
	confinement->cred = capipc_cred_get(current_cred());
	return confinement;
}

int capipc_ioctl_confine(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_confine *arg = &request->argument.confine;
	struct capipc_confinement *confinement;
	struct capipc_endpoint *endpoint;
	int ret;

	if (arg->flags || arg->reserved)
		return -EINVAL;
	endpoint = capipc_table_get_endpoint(&context->table, arg->handle, CAPIPC_RIGHT_ADMIN);
	if (IS_ERR(endpoint))
		return PTR_ERR(endpoint);
	confinement = capipc_confinement_create(context, arg);
	if (IS_ERR(confinement)) {
		ret = PTR_ERR(confinement);
		goto out_put;
	}
	capipc_object_lock(&endpoint->object);
	if (endpoint->object.owner != context || endpoint->object.handle != arg->handle) {
		ret = -EBADF;
	} else if (endpoint->confinement) {
		ret = -EBUSY;
	} else {
		endpoint->confinement = confinement;
		confinement = NULL;
	}
	capipc_object_unlock(&endpoint->object);
	capipc_confinement_free(confinement);
out_put:
	capipc_endpoint_put(endpoint);
	return ret;
}
