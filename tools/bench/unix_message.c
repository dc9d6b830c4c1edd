// SPDX-License-Identifier: GPL-2.0
/*
 * Messages over AF_UNIX sockets, with the fewest and cheapest system calls: send() and
 * recv() where nothing comes with the bytes. A sender does not have to do anything for
 * its identity to come with them: that the receiver has SO_PASSCRED is enough.
 */
#include <string.h>
#include <unistd.h>

#include "unix.h"

/* Room for what may come with a message. */
union control {
	char room[CMSG_SPACE(sizeof(struct ucred)) +
		  CMSG_SPACE(FILES_MAX * sizeof(int))];
	struct cmsghdr align;
};

/* Of a batch, which has no files. */
union cred_control {
	char room[CMSG_SPACE(sizeof(struct ucred))];
	struct cmsghdr align;
};

int unix_configure(const struct unix_variant *variant, int fd)
{
	/* none of the workloads ever has so much under way */
	int one = 1, bytes = 8 << 20;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)))
		return -errno;
	if (variant->cred &&
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)))
		return -errno;
	return 0;
}

/* Without a signal, a blocking socket takes all of it. */
static int sent(ssize_t n, size_t size)
{
	return n == (ssize_t)size ? 0 : n < 0 ? -errno : -EIO;
}

int unix_send(int fd, const struct unix_message *message)
{
	size_t files_size = message->files_count * sizeof(int);
	struct iovec iov = { message->bytes, message->size };
	union control control;
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(files_size),
	};
	struct cmsghdr *cmsg;

	if (!files_size)
		return sent(send(fd, message->bytes, message->size,
				 MSG_NOSIGNAL),
			    message->size);
	cmsg = CMSG_FIRSTHDR(&header);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(files_size);
	memcpy(CMSG_DATA(cmsg), message->files, files_size);
	return sent(sendmsg(fd, &header, MSG_NOSIGNAL), message->size);
}

static uint32_t uid_of(const struct cmsghdr *cmsg)
{
	struct ucred cred;

	memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
	return cred.uid;
}

static void take_control(struct msghdr *header, struct unix_message *message)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(header); cmsg;
	     cmsg = CMSG_NXTHDR(header, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		if (cmsg->cmsg_type == SCM_CREDENTIALS) {
			message->uid = uid_of(cmsg);
		} else if (cmsg->cmsg_type == SCM_RIGHTS && message->files) {
			size_t size = cmsg->cmsg_len - CMSG_LEN(0);

			memcpy(message->files, CMSG_DATA(cmsg), size);
			message->files_count = (uint32_t)(size / sizeof(int));
		}
	}
}

int unix_receive(const struct unix_variant *variant, int fd,
		 struct unix_message *message)
{
	int flags = variant->type == SOCK_STREAM ? MSG_WAITALL : 0;
	struct iovec iov = { message->bytes, message->size };
	union control control;
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = message->files_count ?
					  sizeof(control) :
					  sizeof(union cred_control),
	};
	ssize_t n;

	if (!variant->cred && !message->files_count) {
		n = recv(fd, message->bytes, message->size, flags);
	} else {
		message->uid = UINT32_MAX;
		message->files_count = 0;
		n = recvmsg(fd, &header, flags | MSG_CMSG_CLOEXEC);
		if (n > 0)
			take_control(&header, message);
	}
	if (n == (ssize_t)message->size)
		return 0;
	return n < 0 ? -errno : n ? -EMSGSIZE : -EPIPE;
}

void unix_close_files(struct unix_message *message)
{
	uint32_t n;

	for (n = 0; n < message->files_count; n++)
		close(message->files[n]);
}

/* ------------------------------------------------------------------- batches */

int unix_send_batch(const struct unix_variant *variant, int fd, void *bytes,
		    size_t size, uint32_t count)
{
	struct mmsghdr headers[BATCH_MAX];
	struct iovec iov[BATCH_MAX];
	uint32_t n;
	int ret;

	/* a stream has no bounds, so that is one */
	if (count == 1 || variant->type == SOCK_STREAM)
		return sent(send(fd, bytes, size * count, MSG_NOSIGNAL),
			    size * count);
	memset(headers, 0, count * sizeof(*headers));
	for (n = 0; n < count; n++) {
		iov[n].iov_base = (char *)bytes + n * size;
		iov[n].iov_len = size;
		headers[n].msg_hdr.msg_iov = &iov[n];
		headers[n].msg_hdr.msg_iovlen = 1;
	}
	ret = sendmmsg(fd, headers, count, MSG_NOSIGNAL);
	return ret == (int)count ? 0 : ret < 0 ? -errno : -EIO;
}

/* One recvmmsg(). */
static int receive_packets(const struct unix_variant *variant, int fd,
			   char *bytes, size_t size, uint32_t count, int flags,
			   uint32_t *uids)
{
	union cred_control controls[BATCH_MAX];
	struct mmsghdr headers[BATCH_MAX];
	struct iovec iov[BATCH_MAX];
	int got, n;

	memset(headers, 0, count * sizeof(*headers));
	for (n = 0; n < (int)count; n++) {
		iov[n].iov_base = bytes + (size_t)n * size;
		iov[n].iov_len = size;
		headers[n].msg_hdr.msg_iov = &iov[n];
		headers[n].msg_hdr.msg_iovlen = 1;
		if (!variant->cred)
			continue;
		headers[n].msg_hdr.msg_control = &controls[n];
		headers[n].msg_hdr.msg_controllen = sizeof(controls[n]);
	}
	got = recvmmsg(fd, headers, count, flags | MSG_WAITFORONE, NULL);
	if (got <= 0)
		return got < 0 ? -errno : -EPIPE;
	for (n = 0; n < got; n++) {
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&headers[n].msg_hdr);

		if (headers[n].msg_len != size)
			return headers[n].msg_len ? -EMSGSIZE : -EPIPE;
		uids[n] = cmsg && cmsg->cmsg_type == SCM_CREDENTIALS ?
				  uid_of(cmsg) :
				  UINT32_MAX;
	}
	return got;
}

/* One recvmsg(), or recv(), of what there is of so many. */
static int receive_bytes(const struct unix_variant *variant, int fd,
			 char *bytes, size_t size, uint32_t count, int flags,
			 uint32_t *uids, size_t *have)
{
	union cred_control control;
	struct iovec iov = { bytes + *have, size * count - *have };
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct unix_message message = { .uid = UINT32_MAX };
	uint32_t whole;
	size_t got;
	ssize_t n;

	if (variant->cred)
		n = recvmsg(fd, &header, flags);
	else
		n = recv(fd, iov.iov_base, iov.iov_len, flags);
	if (n <= 0)
		return n < 0 ? -errno : -EPIPE;
	if (variant->cred)
		take_control(&header, &message);
	got = *have + (size_t)n;
	whole = (uint32_t)(got / size);
	*have = got - whole * size;
	/* all of one sender: the kernel does not put others' together with them */
	for (count = 0; count < whole; count++)
		uids[count] = message.uid;
	if (whole && *have)
		memmove(bytes, bytes + whole * size, *have);
	return (int)whole;
}

int unix_receive_batch(const struct unix_variant *variant, int fd, void *bytes,
		       size_t size, uint32_t count, int flags, uint32_t *uids,
		       size_t *have)
{
	if (variant->type == SOCK_STREAM || (count == 1 && !*have))
		return receive_bytes(variant, fd, bytes, size, count, flags,
				     uids, have);
	return receive_packets(variant, fd, bytes, size, count, flags, uids);
}
