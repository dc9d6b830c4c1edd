/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invitations: letting a process in
 *
 * The inviter puts handles together, each with a name (a number), and creates
 * the invitation, which gives it a file descriptor. Whoever is given that, over
 * exec or a socket, accepts it and takes the handles out by their names.
 *
 * The inviter receives from the handle of the invitation, once, with its cookie,
 * %CAPIPC_RECEIVED_ACCEPTED, with the stamp of who accepted, or
 * %CAPIPC_RECEIVED_INVITATION_CLOSED.
 */
#ifndef CAPIPC_INVITATION_H
#define CAPIPC_INVITATION_H

#include <capipc/base.h>

CAPIPC_BEGIN_DECLS

/* The variable that tells a program which file descriptor is its invitation. */
#define CAPIPC_INVITATION_ENV "CAPIPC_INVITATION"

/**
 * capipc_invitation_new() - begin an invitation
 * @out: receives it; free it with capipc_invitation_free()
 * @context: the context of the inviter
 *
 * Return: 0; -ENOMEM.
 */
int capipc_invitation_new(struct capipc_invitation **out,
			  struct capipc_context *context);

/**
 * capipc_invitation_free() - free an invitation
 * @invitation: the invitation or NULL
 *
 * One that was not created closes the handles that were attached to it. One that
 * was is not withdrawn by that: only its memory here is freed.
 */
void capipc_invitation_free(struct capipc_invitation *invitation);

/**
 * capipc_invitation_attach() - attach a handle
 * @invitation: the invitation, not created yet
 * @name: by which who accepts knows it
 * @handle: an endpoint or a listener, with %CAPIPC_RIGHT_TRANSFER
 * @rights: those of its rights that shall arrive, or %CAPIPC_RIGHTS_SAME
 *
 * After success the handle belongs to the invitation. Whether it can be
 * attached with these rights is checked when the invitation is created.
 *
 * Return: 0; -EBADF: @handle is 0; -EEXIST: the name is taken; -EMSGSIZE: more
 * than %CAPIPC_INVITED_MAX; -EINVAL: it was created already.
 */
int capipc_invitation_attach(struct capipc_invitation *invitation,
			     uint64_t name, uint32_t handle, uint32_t rights);

/**
 * capipc_invitation_attach_pipe() - attach one end of a new pipe
 * @invitation: the invitation, not created yet
 * @name: by which who accepts knows it
 * @endpoint: receives the other end, which the caller owns
 *
 * Return: as capipc_invitation_attach(); -EDQUOT.
 */
int capipc_invitation_attach_pipe(struct capipc_invitation *invitation,
				  uint64_t name, uint32_t *endpoint);

/**
 * capipc_invitation_create() - let somebody in
 * @invitation: the invitation, with at least one handle; it can only be freed then
 * @rules: who may accept; no facets and no ordinals. An empty list lets nobody in
 * @expires_ns: until when, ns of CLOCK_MONOTONIC, or %CAPIPC_FOREVER
 * @cookie: with which its news is received
 * @flags: CAPIPC_INVITE_*
 * @fd: receives the file descriptor, which the caller owns
 * @handle: receives the handle, which the caller owns: closing it withdraws the
 *          invitation
 *
 * Return: 0; -EINVAL: nothing is attached, or a rule is malformed, or it was
 * created already; -ETIMEDOUT: @expires_ns has passed; -EBADF, -EPROTOTYPE,
 * -EPERM, -EBUSY: about a handle; -EDQUOT; -EMFILE; -ENFILE; -EOPNOTSUPP. After
 * failure the handles still belong to @invitation.
 */
int capipc_invitation_create(struct capipc_invitation *invitation,
			     const struct capipc_rules *rules,
			     int64_t expires_ns, uint64_t cookie,
			     unsigned int flags, int *fd, uint32_t *handle);

/**
 * capipc_invitation_inherited() - the invitation that this program was started with
 *
 * The one that the environment variable %CAPIPC_INVITATION_ENV tells. It gets
 * FD_CLOEXEC, so that programs started from here do not have it.
 *
 * Return: the file descriptor, which the caller owns; -ENOENT: there is no such
 * variable; -EINVAL: it is no number; -EBADF: nothing is open there.
 */
int capipc_invitation_inherited(void);

/**
 * capipc_invitation_accept() - accept an invitation
 * @out: receives what it held; free it with capipc_accepted_free()
 * @context: the context that gets the handles
 * @fd: the file descriptor, which stays the caller's
 * @flags: %CAPIPC_ACCEPT_MAY_KILL to agree that the inviter may have this process
 *         killed for a bad message, or 0
 *
 * Return: 0; -EACCES: the rules deny it; -EPERM: the inviter demands the clause;
 * -ESTALE: it was accepted before, or withdrawn; -ETIMEDOUT: it has expired;
 * -EBADF, -EPROTOTYPE: @fd is no invitation; -EDQUOT.
 */
int capipc_invitation_accept(struct capipc_accepted **out,
			     struct capipc_context *context, int fd,
			     unsigned int flags);

/**
 * capipc_accepted_free() - free what an invitation held
 * @accepted: it or NULL
 *
 * Closes the handles that were not taken out.
 */
void capipc_accepted_free(struct capipc_accepted *accepted);

/**
 * capipc_accepted_take() - take a handle out
 * @accepted: what an invitation held
 * @name: the name of the handle
 * @kind: the kind that is expected, or %CAPIPC_KIND_NONE for any
 * @rights: the rights that it must have at least
 * @handle: receives the handle, which then belongs to the caller
 *
 * Return: 0; -ENOENT: there is none by that name, or it was taken; -EPROTOTYPE: it
 * is of another kind; -EPERM: it lacks a right.
 */
int capipc_accepted_take(struct capipc_accepted *accepted, uint64_t name,
			 uint32_t kind, uint32_t rights, uint32_t *handle);

/** capipc_accepted_stamp() - who invited; lives as long as @accepted */
const struct capipc_stamp *
capipc_accepted_stamp(const struct capipc_accepted *accepted);

/**
 * capipc_spawn() - start a program with an invitation
 * @pid: receives its process id; the caller waits for it
 * @path: the program
 * @argv: its arguments
 * @envp: its environment, or NULL for that of the caller; %CAPIPC_INVITATION_ENV is
 *        set in it
 * @invitation: the file descriptor of the invitation, which stays the caller's
 *
 * The program has the invitation as file descriptor 3, for
 * capipc_invitation_inherited(), and all others that do not close on exec. Close
 * @invitation then: otherwise the inviter does not learn that the program ended
 * without accepting.
 *
 * Return: 0; -ENOMEM; errors of posix_spawn(3).
 */
int capipc_spawn(pid_t *pid, const char *path, char *const argv[],
		 char *const envp[], int invitation);

CAPIPC_END_DECLS

#endif /* CAPIPC_INVITATION_H */
