/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared buffers.
 */
#ifndef CAPIPC_BUFFER_H
#define CAPIPC_BUFFER_H

#include <capipc/base.h>

CAPIPC_BEGIN_DECLS

/* Map for writing too. */
#define CAPIPC_MAP_WRITE (1U << 0)

/**
 * capipc_buffer_create() - make memory that can be shared
 * @context: its context, whose account pays for it until it is gone
 * @bytes: how much; rounded up to whole pages. All of it is zero.
 * @buffer: receives a handle with all rights of a buffer
 *
 * It is gone when the last handle to it and the last mapping of it are.
 *
 * Return: 0; -EINVAL: @bytes is 0; -EMSGSIZE: more than the kernel allows;
 * -EDQUOT, -ENOMEM.
 */
int capipc_buffer_create(struct capipc_context *context, uint64_t bytes,
			 uint32_t *buffer);

/**
 * capipc_buffer_duplicate() - make another handle to a buffer
 * @context: its context
 * @buffer: a handle with %CAPIPC_RIGHT_DUPLICATE
 * @rights: those of its rights that the new one shall have, or
 *          %CAPIPC_RIGHTS_SAME
 * @duplicate: receives the new handle
 *
 * Without %CAPIPC_RIGHT_WRITE nobody can write through the new one, nor through
 * anything that is made of it.
 *
 * Return: 0; -EPERM: it may not be duplicated, or lacks one of @rights; -EBADF,
 * -EBUSY, -EDQUOT, -ENOMEM.
 */
int capipc_buffer_duplicate(struct capipc_context *context, uint32_t buffer,
			    uint32_t rights, uint32_t *duplicate);

/**
 * capipc_buffer_map() - map all of a buffer
 * @context: its context
 * @buffer: a handle with %CAPIPC_RIGHT_MAP and %CAPIPC_RIGHT_READ
 * @flags: %CAPIPC_MAP_WRITE, which needs %CAPIPC_RIGHT_WRITE, or 0
 * @address: receives where it is
 * @length: receives how long it is
 *
 * A child does not inherit the mapping. Others may write it meanwhile, if they have
 * the right: what must not change while it is looked at has to be copied first.
 *
 * Return: 0; -EPERM: a right is missing; -EPROTOTYPE: not a buffer; -EBADF,
 * -EBUSY, -EINVAL, -ENOMEM.
 */
int capipc_buffer_map(struct capipc_context *context, uint32_t buffer,
		      unsigned int flags, void **address, size_t *length);

/**
 * capipc_buffer_unmap() - undo capipc_buffer_map()
 * @address: where it is
 * @length: how long it is
 *
 * Return: 0; -EINVAL.
 */
int capipc_buffer_unmap(void *address, size_t length);

CAPIPC_END_DECLS

#endif /* CAPIPC_BUFFER_H */
