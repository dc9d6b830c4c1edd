/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Contexts: one open of the device, with all its handles.
 */
#ifndef CAPIPC_CONTEXT_H
#define CAPIPC_CONTEXT_H

#include <capipc/base.h>

CAPIPC_BEGIN_DECLS

/* Where a context comes from. */
#define CAPIPC_DEVICE "/dev/capipc"

/* Nothing waits in this context: -EAGAIN instead. */
#define CAPIPC_OPEN_NONBLOCK (1U << 0)

/**
 * capipc_context_open() - open a context
 * @out: receives the context; free it with capipc_context_free()
 * @path: the device, or NULL for %CAPIPC_DEVICE
 * @flags: %CAPIPC_OPEN_NONBLOCK or 0
 *
 * The context belongs to the address space that opens it: after fork(2) the
 * child has to open its own, and execve(2) closes it.
 *
 * Return: 0; -ENOENT or -ENXIO: the module is not loaded; -ENOTTY: @path is
 * something else; -EPROTONOSUPPORT: the kernel has an older ABI than this
 * library; -EDQUOT: the user has too many contexts; errors of open(2).
 */
int capipc_context_open(struct capipc_context **out, const char *path,
			unsigned int flags);

/**
 * capipc_context_free() - close a context
 * @context: the context or NULL
 *
 * Closes every handle of the context, at once. No other thread may be using
 * @context. Objects made with it can still be freed, but no longer be used.
 */
void capipc_context_free(struct capipc_context *context);

/**
 * capipc_context_fd() - the file descriptor of a context
 * @context: the context
 *
 * It polls readable (POLLIN) when there is something to receive. It stays the
 * property of the context and must not be closed.
 *
 * Return: the file descriptor.
 */
int capipc_context_fd(const struct capipc_context *context);

/**
 * capipc_context_info() - what the kernel offers
 * @context: the context
 * @info: filled in
 *
 * Return: 0.
 */
int capipc_context_info(struct capipc_context *context,
			struct capipc_info *info);

/**
 * capipc_deadline_in_ms() - a deadline that many ms from now
 * @ms: milliseconds
 *
 * Return: the deadline, at most %CAPIPC_FOREVER. Async-signal-safe.
 */
int64_t capipc_deadline_in_ms(uint64_t ms);

/**
 * capipc_handle_close() - close a handle of any kind
 * @context: its context
 * @handle: the handle; 0 is -EBADF
 *
 * Return: 0; -EBADF: no such handle; -EBUSY: another thread is moving it.
 */
int capipc_handle_close(struct capipc_context *context, uint32_t handle);

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
 * capipc_handle_tag() - set the cookie of an endpoint or listener
 * @context: its context
 * @handle: the endpoint or listener
 * @cookie: a number of the caller's choice, which comes back in struct
 *          capipc_received with everything that is received from @handle
 *
 * A handle that a dispatcher serves has its cookie set by the dispatcher.
 *
 * Return: 0; -EBADF, -EBUSY; -EPROTOTYPE: neither endpoint nor listener.
 */
int capipc_handle_tag(struct capipc_context *context, uint32_t handle,
		      uint64_t cookie);

/**
 * capipc_handle_inspect() - what a handle is
 * @context: its context
 * @handle: the handle
 * @inspect: filled in: kind, rights, state, facet, cookie, how much is queued
 *
 * Return: 0; -EBADF, -EBUSY.
 */
int capipc_handle_inspect(struct capipc_context *context, uint32_t handle,
			  struct capipc_inspect *inspect);

CAPIPC_END_DECLS

#endif /* CAPIPC_CONTEXT_H */
