// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Peers: what the kernel knows about who sent a message.
 */
#include "internal.h"

#include <linux/fsverity.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What most processes fit into, so that one query is enough. */
#define GROUPS_ROOM 32U

/* SHA-512, the largest that there is */
#define DIGEST_MAX 64U

/**
 * struct capipc_peer - answers
 * @query: as the kernel gave them
 * @groups: supplementary groups
 * @label: security label, with NUL
 * @exe_fd: its program, or why not
 * @pidfd: its pidfd, or why not
 */
struct capipc_peer {
	struct capipc_query query;
	uint32_t *groups;
	char label[CAPIPC_LABEL_MAX + 1];
	int exe_fd;
	int pidfd;
};

/* One more look at the same sender. */
static int peer_ask(const struct capipc_peer *peer,
		    struct capipc_context *context, uint32_t flags,
		    struct capipc_query *query)
{
	*query = (struct capipc_query){
		.size = sizeof(*query),
		.flags = flags,
		.handle = peer->query.handle,
		.stamp_id = peer->query.stamp_id,
	};
	return capipc_context_ioctl(context, CAPIPC_IOC_QUERY, query);
}

static int peer_ask_all(struct capipc_peer *peer,
			struct capipc_context *context)
{
	uint32_t room = GROUPS_ROOM;
	uint32_t *groups;
	int ret;

	for (;;) {
		groups = realloc(peer->groups, room * sizeof(*groups));
		if (!groups)
			return -ENOMEM;
		peer->groups = groups;
		peer->query = (struct capipc_query){
			.size = sizeof(peer->query),
			.handle = peer->query.handle,
			.stamp_id = peer->query.stamp_id,
			.groups = pointer_to_u64(groups),
			.groups_capacity = room,
			.label = pointer_to_u64(peer->label),
			.label_capacity = CAPIPC_LABEL_MAX,
		};
		ret = capipc_context_ioctl(context, CAPIPC_IOC_QUERY,
					   &peer->query);
		if (ret < 0)
			return ret;
		if (peer->query.groups_count <= room)
			break;
		room = peer->query.groups_count;
	}

	/* A label that is longer than any that a rule can name is none here. */
	if (peer->query.label_len > CAPIPC_LABEL_MAX)
		peer->query.label_len = 0;
	peer->label[peer->query.label_len] = '\0';
	return 0;
}

static int peer_open_exe(const struct capipc_peer *peer,
			 struct capipc_context *context)
{
	struct capipc_query query;
	int ret;

	ret = peer_ask(peer, context, CAPIPC_QUERY_EXE, &query);
	if (ret < 0)
		return ret;
	return query.exe_fd < 0 ? -ENODATA : query.exe_fd;
}

/*
 * The number of the process may be another's by now. It is not, if the kernel
 * says after the opening that the sender has not been reaped: until then its
 * number could not be given to another.
 */
static int peer_open_pidfd(const struct capipc_peer *peer,
			   struct capipc_context *context)
{
	KEEP_ERRNO();
	struct capipc_query query;
	int pidfd, ret;

	if (!peer->query.stamp.pid)
		return -ESRCH;
	pidfd = (int)syscall(SYS_pidfd_open, (pid_t)peer->query.stamp.pid, 0);
	if (pidfd < 0)
		return -errno;

	ret = peer_ask(peer, context, 0, &query);
	if (!ret && !(query.state & CAPIPC_QUERY_ALIVE))
		ret = -ESRCH;
	if (ret < 0) {
		close(pidfd);
		return ret;
	}
	return pidfd;
}

int capipc_peer_query(struct capipc_peer **out, struct capipc_context *context,
		      uint32_t handle, uint64_t stamp_id, unsigned int flags)
{
	KEEP_ERRNO();
	struct capipc_peer *peer;
	int ret;

	if (flags & ~(CAPIPC_PEER_EXE | CAPIPC_PEER_PIDFD))
		return -EINVAL;

	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return -ENOMEM;
	peer->query.handle = handle;
	peer->query.stamp_id = stamp_id;
	peer->exe_fd = -ENODATA;
	peer->pidfd = -ENODATA;

	ret = peer_ask_all(peer, context);
	if (ret < 0) {
		capipc_peer_free(peer);
		return ret;
	}
	if (flags & CAPIPC_PEER_EXE)
		peer->exe_fd = peer_open_exe(peer, context);
	if (flags & CAPIPC_PEER_PIDFD)
		peer->pidfd = peer_open_pidfd(peer, context);
	*out = peer;
	return 0;
}

void capipc_peer_free(struct capipc_peer *peer)
{
	KEEP_ERRNO();

	if (!peer)
		return;
	if (peer->exe_fd >= 0)
		close(peer->exe_fd);
	if (peer->pidfd >= 0)
		close(peer->pidfd);
	free(peer->groups);
	free(peer);
}

const struct capipc_stamp *capipc_peer_stamp(const struct capipc_peer *peer)
{
	return &peer->query.stamp;
}

bool capipc_peer_alive(const struct capipc_peer *peer)
{
	return peer->query.state & CAPIPC_QUERY_ALIVE;
}

uint32_t capipc_peer_real_uid(const struct capipc_peer *peer)
{
	return peer->query.real_uid;
}

uint32_t capipc_peer_real_gid(const struct capipc_peer *peer)
{
	return peer->query.real_gid;
}

const uint32_t *capipc_peer_groups(const struct capipc_peer *peer,
				   size_t *count)
{
	*count = peer->query.groups_count;
	return peer->groups;
}

const char *capipc_peer_label(const struct capipc_peer *peer)
{
	return peer->label;
}

uint64_t capipc_peer_start_time(const struct capipc_peer *peer)
{
	return peer->query.start_time_ns;
}

void capipc_peer_namespaces(const struct capipc_peer *peer, uint64_t *user_ns,
			    uint64_t *pid_ns, uint64_t *net_ns)
{
	if (user_ns)
		*user_ns = peer->query.user_ns;
	if (pid_ns)
		*pid_ns = peer->query.pid_ns;
	if (net_ns)
		*net_ns = peer->query.net_ns;
}

int capipc_peer_exe_id(const struct capipc_peer *peer, uint64_t *dev,
		       uint64_t *ino)
{
	if (!(peer->query.state & CAPIPC_QUERY_HAS_EXE))
		return -ENODATA;
	*dev = peer->query.exe_dev;
	*ino = peer->query.exe_ino;
	return 0;
}

int capipc_peer_exe_fd(const struct capipc_peer *peer)
{
	return peer->exe_fd;
}

int capipc_peer_exe_path(const struct capipc_peer *peer, char *buffer,
			 size_t size)
{
	KEEP_ERRNO();
	char link[sizeof("/proc/self/fd/-2147483648")];
	ssize_t length;

	if (peer->exe_fd < 0)
		return peer->exe_fd;
	if (!size)
		return -ENAMETOOLONG;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", peer->exe_fd);
	length = readlink(link, buffer, size);
	if (length < 0)
		return -errno;
	if ((size_t)length == size)
		return -ENAMETOOLONG;
	buffer[length] = '\0';
	return (int)length;
}

int capipc_peer_exe_digest(const struct capipc_peer *peer, uint8_t *digest,
			   size_t size, uint32_t *algorithm)
{
	KEEP_ERRNO();
	union {
		struct fsverity_digest head;
		uint8_t bytes[sizeof(struct fsverity_digest) + DIGEST_MAX];
	} measured = { .head.digest_size = DIGEST_MAX };

	if (peer->exe_fd < 0)
		return peer->exe_fd;
	if (ioctl(peer->exe_fd, FS_IOC_MEASURE_VERITY, &measured) < 0) {
		/* A file system that knows nothing of it has no digest either. */
		if (errno == ENOTTY || errno == EOPNOTSUPP)
			return -ENODATA;
		return -errno;
	}
	if (measured.head.digest_size > size)
		return -EOVERFLOW;
	memcpy(digest, measured.bytes + sizeof(measured.head),
	       measured.head.digest_size);
	if (algorithm)
		*algorithm = measured.head.digest_algorithm;
	return measured.head.digest_size;
}

int capipc_peer_pidfd(const struct capipc_peer *peer)
{
	return peer->pidfd;
}
