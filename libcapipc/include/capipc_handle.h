/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of <capipc.h> about giving less: handles that are narrowed down before
 * they are passed on; and about getting out of the way. It is included from there, where all that it needs has been
 * declared.
 */
#ifndef CAPIPC_H
#include <capipc.h>
#elif !defined(CAPIPC_HANDLE_H)
#define CAPIPC_HANDLE_H

/* ------------------------------------------------------------------------
 * Giving less
 */

/**
 * capipc_handle_replace() - exchange a handle for one with fewer rights
 * @context: its context
 * @handle: any handle; gone after success
 * @rights: those of its rights that shall be left, or %CAPIPC_RIGHTS_SAME
 * @replaced: receives the handle that names it now, with its cookie
 *
 * Threads that wait by the old handle get -EBADF. A handle that a dispatcher
 * serves must not be replaced.
 *
 * Return: 0; -EPERM: it lacks one of @rights; -EBADF, -EBUSY, -EDQUOT.
 */
int capipc_handle_replace(struct capipc_context *context, uint32_t handle,
			  uint32_t rights, uint32_t *replaced);

/**
 * capipc_endpoint_attenuate() - let fewer ordinals through an endpoint
 * @context: its context
 * @endpoint: an endpoint; no right is needed
 * @ranges: what may still be sent through it, by whoever comes to hold it, in
 *          ascending order and without overlap
 * @count: number of @ranges, at most %CAPIPC_RANGES_MAX; 0 lets nothing through
 *
 * Can be done again, which only takes more away. Replies are not concerned.
 *
 * Return: 0; -EINVAL: disorder, too many, or too many together with those before;
 * -EBADF, -EBUSY, -EPROTOTYPE, -EDQUOT.
 */
int capipc_endpoint_attenuate(struct capipc_context *context, uint32_t endpoint,
			      const struct capipc_range *ranges,
			      uint32_t count);

/**
 * capipc_endpoint_confine() - say who may receive an endpoint, once and for all
 * @context: its context
 * @endpoint: an endpoint with %CAPIPC_RIGHT_ADMIN
 * @rules: who may receive it, compared with the caller as it is now; without
 *         ordinals and facets; copied
 *
 * Where it arrives and may not be received it is closed, and the receiver finds a
 * handle of 0 in its place.
 *
 * Return: 0; -EBUSY: it is confined already, or another thread is moving it;
 * -EPERM: the right is missing; -EINVAL: a rule has ordinals or a facet, or asks for
 * an unchanged sender; -EBADF, -EPROTOTYPE, -EOPNOTSUPP, -EDQUOT; the error that
 * sticks to the list.
 */
int capipc_endpoint_confine(struct capipc_context *context, uint32_t endpoint,
			    const struct capipc_rules *rules);

/**
 * capipc_endpoint_fuse() - make one pipe of two
 * @context: the context of both
 * @endpoint: an endpoint of the one, with the rights to read, write and transfer
 * @other: an endpoint of the other, likewise; both are gone after success
 *
 * The peers of the two are peers of each other from then on, wherever they are. What is
 * queued in the one endpoint goes to the peer of the other. Neither must be served by a
 * dispatcher.
 *
 * Return: 0; -EACCES: something that is queued may not be sent through the other one;
 * -EPERM: a right is missing, or one is confined; -EBUSY: another thread is using
 * one; -EPIPE: a pipe was closed by a report; -ELOOP: an end would be inside itself or
 * its peer, or it is one pipe already; -EMLINK: too much has been fused; -EINVAL: it is the
 * same handle; -EBADF, -EPROTOTYPE, -EDQUOT.
 */
int capipc_endpoint_fuse(struct capipc_context *context, uint32_t endpoint,
			 uint32_t other);

#endif /* CAPIPC_HANDLE_H */
