/* SPDX-License-Identifier: GPL-2.0 */
/*
 * AF_UNIX sockets: what the files about them share.
 *
 * unix.c has the peers and what clients do, unix_server.c the servers,
 * unix_message.c sending and receiving with identities and files.
 */
#ifndef BENCH_UNIX_H
#define BENCH_UNIX_H

#include <sys/socket.h>
#include <sys/types.h>

#include "bench.h"

#define FILES_MAX 16

/* Messages that one system call takes, at most. */
#define BATCH_MAX 16

/**
 * struct unix_variant - what tells one of these peers from another
 * @type: SOCK_STREAM or SOCK_SEQPACKET
 * @cred: each message comes with the identity of who sent it
 * @epoll: the server waits for any of its connections, not for one
 */
struct unix_variant {
	int type;
	bool cred;
	bool epoll;
};

/**
 * struct unix_state - the sockets of a cell
 * @variant: of the peer
 * @listener: for who connects
 * @client: the end of each connection that the client has
 * @server: and that of the server
 * @files: what the client sends along
 * @shared: memory, if there is to be some
 */
struct unix_state {
	const struct unix_variant *variant;
	int listener;
	int *client;
	int *server;
	int files[FILES_MAX];
	unsigned char *shared;
};

/**
 * struct unix_message - a message, as it is sent or has been received
 * @bytes: where they are, or are to be
 * @size: how many, or how many are wanted
 * @files: file descriptors that come with it, or room for FILES_MAX of them
 * @files_count: how many; received: how many came, in: how many there is room for
 * @uid: received, with @cred: who sent it
 */
struct unix_message {
	void *bytes;
	size_t size;
	int *files;
	uint32_t files_count;
	uint32_t uid;
};

/* The options of a socket that messages come from. 0 or -errno. */
int unix_configure(const struct unix_variant *variant, int fd);

/* One message, whole. 0 or -errno; -EPIPE when the other side has closed. */
int unix_send(int fd, const struct unix_message *message);
int unix_receive(const struct unix_variant *variant, int fd,
		 struct unix_message *message);

/*
 * Messages of one size, up to BATCH_MAX of them, one after the other at bytes. Sending
 * sends them all. Receiving waits for one, but not with MSG_DONTWAIT, and takes what else
 * is there: returns how many whole ones it got, or -errno. have, for a stream, is how
 * many bytes of another one there were before and are afterwards, at bytes.
 */
int unix_send_batch(const struct unix_variant *variant, int fd, void *bytes,
		    size_t size, uint32_t count);
int unix_receive_batch(const struct unix_variant *variant, int fd, void *bytes,
		       size_t size, uint32_t count, int flags, uint32_t *uids,
		       size_t *have);

void unix_close_files(struct unix_message *message);

/* Are the connections there from the start? Otherwise there is a listener. */
static inline bool unix_has_pairs(const struct cell *cell)
{
	return cell->work->shape != SHAPE_CONNECT;
}

int unix_serve(struct cell *cell);

#endif /* BENCH_UNIX_H */
