/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Listeners: names, and who connects to them.
 */
#ifndef CAPIPC_LISTENER_H
#define CAPIPC_LISTENER_H

#include <capipc/base.h>

CAPIPC_BEGIN_DECLS

/* Connections that may wait, where 0 is given. */
#define CAPIPC_BACKLOG_DEFAULT 64U

/**
 * capipc_listener_bind() - bind a name
 * @context: the context that gets the listener
 * @name: the name. "uid/N/..." is for user N, all others are for root.
 * @connect_rules: who may connect; they name no ordinals. Not NULL.
 * @endpoint_rules: who may send what to the server over the pipes that this
 *                  listener makes, not an empty list; NULL: who can connect
 *                  may send everything
 * @backlog: connections that may wait, 1 to 1024, or 0 for
 *           %CAPIPC_BACKLOG_DEFAULT
 * @cookie: cookie of the listener
 * @listener: receives the listener; closing it frees the name
 *
 * The lists are copied. Connections are received with capipc_context_receive().
 *
 * Return: 0; -EADDRINUSE; -EPERM: the name is reserved for others;
 * -ENAMETOOLONG; -EINVAL: malformed name, rules or backlog; -EOPNOTSUPP: a rule
 * names a label, and this kernel has none; -EDQUOT; the error that sticks to a
 * list.
 */
int capipc_listener_bind(struct capipc_context *context, const char *name,
			 const struct capipc_rules *connect_rules,
			 const struct capipc_rules *endpoint_rules,
			 uint32_t backlog, uint64_t cookie, uint32_t *listener);

/**
 * capipc_endpoint_connect() - connect to a name
 * @context: the context that gets the endpoint
 * @name: the name
 * @cookie: cookie of the endpoint
 * @endpoint: receives the endpoint, which the caller owns
 *
 * Never waits, neither for the server to accept nor for room.
 *
 * Return: 0; -ENOENT: nobody listens; -EACCES: the rules deny it; -EAGAIN: too
 * many connections wait; -ENAMETOOLONG; -EINVAL: malformed name; -EDQUOT.
 */
int capipc_endpoint_connect(struct capipc_context *context, const char *name,
			    uint64_t cookie, uint32_t *endpoint);

/**
 * capipc_name_explain() - would connecting be allowed to the calling thread?
 * @context: the context
 * @name: the name
 * @rule: as capipc_endpoint_explain()
 * @facet: receives the facet that the endpoint would have; may be NULL
 *
 * Return: 1 if allowed, 0 if not; -ENOENT: nobody listens; -ENAMETOOLONG,
 * -EINVAL.
 */
int capipc_name_explain(struct capipc_context *context, const char *name,
			int32_t *rule, uint32_t *facet);

CAPIPC_END_DECLS

#endif /* CAPIPC_LISTENER_H */
