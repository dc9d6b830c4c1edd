/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Peer: who exactly was that?
 */
#ifndef CAPIPC_PEER_H
#define CAPIPC_PEER_H

#include <capipc/base.h>

CAPIPC_BEGIN_DECLS

/* Open the program behind the peer, for the capipc_peer_exe_*() that need it */
#define CAPIPC_PEER_EXE (1U << 0)
/* Open a pidfd of the peer */
#define CAPIPC_PEER_PIDFD (1U << 1)

/**
 * capipc_peer_query() - ask the kernel about a sender
 * @out: receives the answers; free them with capipc_peer_free()
 * @context: its context
 * @handle: an endpoint, or the reply handle of a call
 * @stamp_id: id of the stamp of the last message received from the endpoint, or
 *            0 for who connected; 0 with a reply handle
 * @flags: CAPIPC_PEER_*; that the program or a pidfd cannot be opened is not an
 *         error here
 *
 * The answers are about the process that sent, however its number is used by
 * now. A snapshot: nothing in it changes later.
 *
 * Return: 0; -ESTALE: the kernel no longer knows that sender; -EBADF, -EBUSY,
 * -EPROTOTYPE.
 */
int capipc_peer_query(struct capipc_peer **out, struct capipc_context *context,
		      uint32_t handle, uint64_t stamp_id, unsigned int flags);

/** capipc_peer_free() - free the answers, or NULL, and close their fds */
void capipc_peer_free(struct capipc_peer *peer);

/** capipc_peer_stamp() - the stamp, in terms of the caller's namespaces */
const struct capipc_stamp *capipc_peer_stamp(const struct capipc_peer *peer);

/** capipc_peer_alive() - had the process not been reaped when asked about? */
bool capipc_peer_alive(const struct capipc_peer *peer);

/** capipc_peer_real_uid() - its real user id, in the caller's user namespace */
uint32_t capipc_peer_real_uid(const struct capipc_peer *peer);

/** capipc_peer_real_gid() - its real group id, in the caller's user namespace */
uint32_t capipc_peer_real_gid(const struct capipc_peer *peer);

/**
 * capipc_peer_groups() - its supplementary groups
 * @peer: the answers
 * @count: receives their number
 *
 * Return: the groups, in the caller's user namespace, until @peer is freed.
 */
const uint32_t *capipc_peer_groups(const struct capipc_peer *peer,
				   size_t *count);

/**
 * capipc_peer_label() - its security label
 * @peer: the answers
 *
 * Return: the label, until @peer is freed; "" if the kernel has no labels.
 */
const char *capipc_peer_label(const struct capipc_peer *peer);

/** capipc_peer_start_time() - when it started, ns of CLOCK_BOOTTIME */
uint64_t capipc_peer_start_time(const struct capipc_peer *peer);

/**
 * capipc_peer_namespaces() - its namespaces
 * @peer: the answers
 * @user_ns: receives the inode number of its user namespace; may be NULL
 * @pid_ns: receives that of its pid namespace; may be NULL
 * @net_ns: receives that of the network namespace of its context; may be NULL
 */
void capipc_peer_namespaces(const struct capipc_peer *peer, uint64_t *user_ns,
			    uint64_t *pid_ns, uint64_t *net_ns);

/**
 * capipc_peer_exe_id() - device and inode of its program
 * @peer: the answers
 * @dev: receives the device, as in stat(2)
 * @ino: receives the inode number
 *
 * The program is the one that the process ran when it opened its context.
 *
 * Return: 0; -ENODATA: it is not known.
 */
int capipc_peer_exe_id(const struct capipc_peer *peer, uint64_t *dev,
		       uint64_t *ino);

/**
 * capipc_peer_exe_fd() - its program
 * @peer: the answers, asked for with %CAPIPC_PEER_EXE
 *
 * Return: a file descriptor open for reading, which belongs to @peer; or why it
 * could not be opened: errors of open(2), first of all -EACCES; -ENODATA: not
 * asked for.
 */
int capipc_peer_exe_fd(const struct capipc_peer *peer);

/**
 * capipc_peer_exe_path() - a path of its program, for display
 * @peer: the answers, asked for with %CAPIPC_PEER_EXE
 * @buffer: receives the path, NUL terminated
 * @size: size of @buffer, bytes
 *
 * Never decide by it: names can be given to other files, and mean something in
 * a mount namespace only. Decide by digest, or by device and inode.
 *
 * Return: the length of the path; -ENAMETOOLONG: @buffer is too small; -ENOENT:
 * /proc is not there; as capipc_peer_exe_fd().
 */
int capipc_peer_exe_path(const struct capipc_peer *peer, char *buffer,
			 size_t size);

/**
 * capipc_peer_exe_digest() - fs-verity digest of its program
 * @peer: the answers, asked for with %CAPIPC_PEER_EXE
 * @digest: receives the digest
 * @size: size of @digest, bytes; 64 is enough for all algorithms
 * @algorithm: receives FS_VERITY_HASH_ALG_* of <linux/fsverity.h>; may be NULL
 *
 * Return: the length of the digest, bytes; -ENODATA: the file has none, or its
 * file system cannot; -EOVERFLOW: @size is too small; as capipc_peer_exe_fd().
 */
int capipc_peer_exe_digest(const struct capipc_peer *peer, uint8_t *digest,
			   size_t size, uint32_t *algorithm);

/**
 * capipc_peer_pidfd() - a pidfd of the process
 * @peer: the answers, asked for with %CAPIPC_PEER_PIDFD
 *
 * Certainly that of the sender: it was opened while the sender was known to be
 * there.
 *
 * Return: the pidfd, which belongs to @peer; or why there is none: -ESRCH: the
 * process is gone, or is not in the caller's pid namespace; -ENODATA: not asked
 * for; errors of pidfd_open(2).
 */
int capipc_peer_pidfd(const struct capipc_peer *peer);

CAPIPC_END_DECLS

#endif /* CAPIPC_PEER_H */
