// SPDX-License-Identifier: GPL-2.0
/*
 * Listeners: see listener.h.
 *
 * Step of the model (docs/model.md): connect.
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/string.h>

#include "account.h"
#include "audit.h"
#include "context.h"
#include "copy.h"
#include "ident.h"
#include "ioctl.h"
#include "listener.h"
#include "message.h"
#include "pipe.h"
#include "rate.h"
#include "roster.h"
#include "rule.h"
#include "table.h"

static bool capipc_name_valid(const char *name, u32 len)
{
	char previous = '/';
	u32 i;

	for (i = 0; i < len; i++) {
		if (name[i] == '/' ? previous == '/' :
		    !isascii(name[i]) ||
		    !(isalnum(name[i]) || name[i] == '.' || name[i] == '_' || name[i] == '-'))
			return false;
		previous = name[i];
	}
	return previous != '/';
}

/**
 * capipc_name_copy - copy a name in
 * @name: out: with a NUL
 * @user: user pointer
 * @len: its length
 *
 * Return: 0, or -ENAMETOOLONG, -EINVAL, -EFAULT.
 */
int capipc_name_copy(char name[CAPIPC_NAME_MAX + 1], u64 user, u32 len)
{
	if (len > CAPIPC_NAME_MAX)
		return -ENAMETOOLONG;
	if (!len)
		return -EINVAL;
	if (capipc_copy_in(name, u64_to_user_ptr(user), len))
		return -EFAULT;
	name[len] = 0;
	return capipc_name_valid(name, len) ? 0 : -EINVAL;
}

/*
 * May the calling thread bind it? "uid/N/..." is for effective user N; it is
 * spelled in one way only, and nobody else may have it, root included, so that
 * it can be relied on. Every other name is for the administrator.
 */
static bool capipc_name_allowed(const char *name, struct net *net)
{
	char own[sizeof("uid/4294967295/")];
	uid_t uid;

	if (!strncmp(name, "uid/", 4) || !strcmp(name, "uid")) {
		uid = from_kuid(net->user_ns, current_euid());
		if (uid == (uid_t)-1)
			return false;
		snprintf(own, sizeof(own), "uid/%u/", uid);
		return !strncmp(name, own, strlen(own));
	}
	return ns_capable(net->user_ns, CAP_SYS_ADMIN);
}

static u32 capipc_name_hash(const struct capipc_net *cn, const char *name, u32 len)
{
	return jhash(name, len, hash_32((u32)(unsigned long)cn, 32));
}

static struct capipc_listener *capipc_listener_find_locked(struct capipc_net *cn,
							   const char *name, u32 len, u32 hash)
{
	struct capipc_listener *listener;

	lockdep_assert_held(&cn->lock);
	hash_for_each_possible(cn->names, listener, node, hash) {
		if (listener->name_len == len && !memcmp(listener->name, name, len))
			return listener;
	}
	return NULL;
}

/**
 * capipc_listener_find - who listens by this name?
 * @net: where
 * @name: the name
 * @len: its length
 *
 * Return: the listener with a reference, or NULL.
 */
struct capipc_listener *capipc_listener_find(struct net *net, const char *name, u32 len)
{
	struct capipc_net *cn = capipc_net(net);
	struct capipc_listener *listener;

	spin_lock(&cn->lock);
	listener = capipc_listener_find_locked(cn, name, len, capipc_name_hash(cn, name, len));
	if (listener)
		refcount_inc(&listener->refs);
	spin_unlock(&cn->lock);
	return listener;
}

static int capipc_listener_bind(struct capipc_listener *listener)
{
	struct capipc_net *cn = capipc_net(listener->net);
	u32 hash = capipc_name_hash(cn, listener->name, listener->name_len);
	int ret = -EADDRINUSE;

	spin_lock(&cn->lock);
	if (!capipc_listener_find_locked(cn, listener->name, listener->name_len, hash)) {
		hash_add(cn->names, &listener->node, hash);
		ret = 0;
	}
	spin_unlock(&cn->lock);
	return ret;
}

/* It was closed, or never came to be: the name is free, if it was bound. */
void capipc_listener_unbind(struct capipc_listener *listener)
{
	struct capipc_net *cn = capipc_net(listener->net);

	spin_lock(&cn->lock);
	hash_del(&listener->node);
	spin_unlock(&cn->lock);
}

void capipc_listener_put(struct capipc_listener *listener)
{
	if (!refcount_dec_and_test(&listener->refs))
		return;
	if (listener->id)
		capipc_roster_leave(listener->id);
	WARN_ON_ONCE(!list_empty(&listener->object.queue));
	put_cred(listener->flight_cred);
	capipc_ruleset_put(listener->rules);
	capipc_ruleset_put(listener->endpoint_rules);
	capipc_account_uncharge(listener->account, CAPIPC_LISTENERS, 1);
	capipc_account_uncharge(listener->account, CAPIPC_BYTES, listener->charge);
	put_net(listener->net);
	kfree_rcu(listener, rcu);
}

/**
 * capipc_listener_decide - may the calling thread connect?
 * @listener: to whom
 * @ident: who that is
 * @rule: out: index of the rule that decides, or CAPIPC_EXPLAIN_NONE
 * @facet: out: the facet that it gets, 0 if refused
 *
 * Return: 0, or -ENOENT: nobody holds the listener, yet or any more.
 */
int capipc_listener_decide(struct capipc_listener *listener, const struct capipc_ident *ident,
			   s32 *rule, u32 *facet)
{
	struct capipc_asked asked = { .ident = ident, .connect = true };

	rcu_read_lock();
	asked.receiver = capipc_holder_cred(&listener->object);
	if (asked.receiver)
		*rule = capipc_ruleset_decide(listener->rules, &asked);
	rcu_read_unlock();
	if (!asked.receiver)
		return -ENOENT;
	*facet = *rule >= 0 ? listener->rules->rules[*rule].facet : 0;
	return 0;
}

static struct capipc_listener *capipc_listener_create(struct capipc_context *context,
						      const struct capipc_listen *arg)
{
	struct capipc_account *account = context->account;
	struct capipc_listener *listener;
	struct capipc_ruleset *rules;
	char name[CAPIPC_NAME_MAX + 1];
	size_t size;
	int ret;

	ret = capipc_name_copy(name, arg->name, arg->name_len);
	if (ret)
		return ERR_PTR(ret);
	if (!capipc_name_allowed(name, context->net))
		return ERR_PTR(-EPERM);
	size = struct_size(listener, name, arg->name_len + 1);
	ret = capipc_account_charge(account, CAPIPC_BYTES, size);
	if (ret)
		return ERR_PTR(ret);
	ret = capipc_account_charge(account, CAPIPC_LISTENERS, 1);
	if (ret)
		goto err_bytes;
	listener = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!listener) {
		ret = -ENOMEM;
		goto err_listeners;
	}
	capipc_guard_init(&listener->guard);
	capipc_object_init(&listener->object, CAPIPC_KIND_LISTENER, &listener->guard);
	refcount_set(&listener->refs, 1);
	listener->net = get_net(context->net);
	listener->account = account;
	listener->charge = size;
	listener->uid = context->uid;
	listener->backlog = arg->backlog;
	listener->object.cookie = arg->cookie;
	listener->name_len = arg->name_len;
	memcpy(listener->name, name, arg->name_len);

	rules = capipc_ruleset_create(context, arg->rules, arg->rules_count, arg->rule_size, true);
	if (IS_ERR(rules))
		goto err_rules;
	listener->rules = rules;
	if (arg->endpoint_rules_count) {
		rules = capipc_ruleset_create(context, arg->endpoint_rules,
					      arg->endpoint_rules_count, arg->rule_size, false);
		if (IS_ERR(rules))
			goto err_rules;
		listener->endpoint_rules = rules;
	}
	/* From here on it can be seen, so it comes last. */
	if (capipc_roster_enter(&listener->object, &listener->id)) {
		capipc_listener_put(listener);
		listener = ERR_PTR(-ENOMEM);
	}
	return listener;

err_rules:
	capipc_listener_put(listener);
	return ERR_CAST(rules);

err_listeners:
	capipc_account_uncharge(account, CAPIPC_LISTENERS, 1);
err_bytes:
	capipc_account_uncharge(account, CAPIPC_BYTES, size);
	return ERR_PTR(ret);
}

int capipc_ioctl_listen(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_listen *arg = &request->argument.listen;
	struct capipc_listener *listener;
	int ret;

	if (arg->flags || !arg->backlog || arg->backlog > CAPIPC_BACKLOG_MAX)
		return -EINVAL;
	listener = capipc_listener_create(context, arg);
	if (IS_ERR(listener))
		return PTR_ERR(listener);
	ret = capipc_table_reserve(&context->table, 1, false);
	if (ret)
		goto err_put;
	ret = capipc_listener_bind(listener);
	if (ret) {
		capipc_table_unreserve(&context->table, 1);
		goto err_put;
	}
	arg->handle = capipc_table_take(&context->table);
	ret = capipc_request_respond(request);
	if (ret) {
		LIST_HEAD(garbage);

		/* Somebody may have found it by its name. */
		capipc_object_close(&listener->object, &garbage);
		capipc_garbage_run(&garbage);
		capipc_table_abort(&context->table, arg->handle);
		goto err_put;
	}
	capipc_object_hold(&listener->object, context, arg->handle,
			   CAPIPC_RIGHT_READ | CAPIPC_RIGHT_TRANSFER);
	return 0;

err_put:
	capipc_listener_put(listener);
	return ret;
}

/*
 * The last quarter of a backlog is for users that have nothing in it: one that
 * connects all the time does not keep the others out.
 */
static bool capipc_listener_has_room_locked(struct capipc_listener *listener,
					    const struct capipc_account *account)
{
	const struct capipc_user *user = capipc_user_top(account->user);
	struct capipc_object *object = &listener->object;
	u32 room = listener->backlog - min(object->queued, listener->backlog);
	struct capipc_message *message;

	lockdep_assert_held(listener->object.lock);
	if (!room || room > listener->backlog / 4)
		return room;
	list_for_each_entry(message, &object->queue, link) {
		if (capipc_user_top(message->account->user) == user)
			return false;
	}
	return true;
}

/* Who holds it may be another one since that was decided first. */
static int capipc_listener_judge_locked(struct capipc_listener *listener,
					const struct capipc_message *message, u32 *facet)
{
	s32 rule;
	int ret;

	lockdep_assert_held(listener->object.lock);
	ret = capipc_listener_decide(listener, message->sender, &rule, facet);
	if (ret)
		return ret;
	if (rule < 0)
		return -EACCES;
	capipc_endpoint(message->moved[0].what.object)->facet = *facet;
	return capipc_listener_has_room_locked(listener, message->account) ? 0 : -EAGAIN;
}

/* Put a connection into the queue of a listener. */
static int capipc_listener_enqueue(struct capipc_listener *listener,
				   struct capipc_message *message, u32 *facet)
{
	struct capipc_object *object = &listener->object;
	int ret = -ENOENT;

	capipc_object_lock(object);
	if (object->place != CAPIPC_PLACE_NEW && object->place != CAPIPC_PLACE_CLOSED)
		ret = capipc_listener_judge_locked(listener, message, facet);
	if (!ret)
		capipc_object_queue_locked(object, message);
	capipc_object_unlock(object);
	return ret;
}

/*
 * Build a connection: a pipe, one end of which travels to the listener in a
 * message that the client pays for.
 */
static struct capipc_message *capipc_connection_create(struct capipc_context *context,
						       struct capipc_listener *listener,
						       struct capipc_ident *ident,
						       struct capipc_pipe **out)
{
	struct capipc_message *message;
	struct capipc_endpoint *server;
	struct capipc_pipe *pipe;
	int ret;

	message = capipc_message_create(context, context->account, NULL, 0, 1);
	if (IS_ERR(message))
		return message;
	ret = capipc_account_charge(context->account, CAPIPC_HANDLES, 1);
	if (ret) {
		capipc_message_free(message);
		return ERR_PTR(ret);
	}
	message->handles = 1;
	pipe = capipc_pipe_create(context->net);
	if (!pipe) {
		capipc_message_free(message);
		return ERR_PTR(-ENOMEM);
	}
	pipe->own[0].origin = capipc_ident_get(ident);
	pipe->own[0].ident = capipc_ident_get(ident);
	server = &pipe->own[1];
	server->rules = capipc_ruleset_get(listener->endpoint_rules);
	server->object.place = CAPIPC_PLACE_IN_FLIGHT;
	server->object.container = capipc_object_get(&listener->object);

	message->type = CAPIPC_RECEIVED_CONNECTION;
	message->sender = capipc_ident_get(ident);
	message->moved[0].what = (struct capipc_handle) {
		.object = &server->object,
		.rights = CAPIPC_ENDPOINT_RIGHTS,
		.kind = CAPIPC_KIND_ENDPOINT,
	};
	message->moved_count = 1;
	*out = pipe;
	return message;
}

static int capipc_connect_to(struct capipc_context *context, struct capipc_request *request,
			     struct capipc_listener *listener, struct capipc_ident *ident,
			     u64 *pipe_id, u32 *facet)
{
	struct capipc_connect *arg = &request->argument.connect;
	struct capipc_table *table = &context->table;
	struct capipc_message *message;
	struct capipc_object *client;
	struct capipc_pipe *pipe;
	LIST_HEAD(garbage);
	s32 rule;
	int ret;

	ret = capipc_listener_decide(listener, ident, &rule, facet);
	if (ret)
		return ret;
	if (rule < 0)
		return -EACCES;
	ret = capipc_table_reserve(table, 1, false);
	if (ret)
		return ret;
	message = capipc_connection_create(context, listener, ident, &pipe);
	if (IS_ERR(message)) {
		capipc_table_unreserve(table, 1);
		return PTR_ERR(message);
	}
	client = &pipe->own[0].object;
	client->cookie = arg->cookie;
	/* The peer of an endpoint that is not closed, for who is quick to accept. */
	client->place = CAPIPC_PLACE_IN_FLIGHT;
	*pipe_id = pipe->id;

	arg->handle = capipc_table_take(table);
	ret = capipc_request_respond_as(request, struct capipc_connect, handle);
	if (!ret)
		ret = capipc_listener_enqueue(listener, message, facet);
	if (ret) {
		capipc_table_abort(table, arg->handle);
		capipc_object_close(client, &garbage);
		capipc_object_put(client);
		capipc_message_destroy(message, &garbage);
		capipc_garbage_run(&garbage);
		return ret;
	}
	capipc_object_hold(client, context, arg->handle, CAPIPC_ENDPOINT_RIGHTS);
	return 0;
}

int capipc_ioctl_connect(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_connect *arg = &request->argument.connect;
	struct capipc_listener *listener;
	struct capipc_ident *ident;
	u64 pipe_id = 0;
	u32 facet = 0;
	char name[CAPIPC_NAME_MAX + 1] __uninitialized;
	int ret;

	if (arg->flags)
		return -EINVAL;
	ret = capipc_name_copy(name, arg->name, arg->name_len);
	if (ret)
		return ret;
	listener = capipc_listener_find(context->net, name, arg->name_len);
	if (!listener)
		return -ENOENT;
	ret = capipc_rate_connect(context->account);
	if (ret)
		goto out_put;
	ret = -ENOMEM;
	ident = capipc_ident_create(context);
	if (ident)
		ret = capipc_connect_to(context, request, listener, ident, &pipe_id, &facet);
	if (!ret)
		capipc_audit_connected(context, listener, ident, pipe_id, facet);
	else if (ret == -EACCES)
		capipc_audit_connect(context, listener, ident);
	capipc_ident_put(ident);
out_put:
	capipc_listener_put(listener);
	return ret;
}
