// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Invitations: putting them together, and accepting them.
 */
#include "internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/**
 * struct capipc_invitation - what somebody is to be invited with
 * @context: where the handles are; counted
 * @count: how many there are
 * @made: the handles are with the kernel
 * @attachments: name, handle, rights
 */
struct capipc_invitation {
	struct capipc_context *context;
	uint32_t count;
	bool made;
	struct capipc_invited attachments[CAPIPC_INVITED_MAX];
};

/**
 * struct capipc_accepted - what an invitation held
 * @context: where the handles are; counted
 * @count: how many there were
 * @attachments: those with a handle have not been taken out
 * @stamp: who invited
 */
struct capipc_accepted {
	struct capipc_context *context;
	uint32_t count;
	struct capipc_invited attachments[CAPIPC_INVITED_MAX];
	struct capipc_stamp stamp;
};

static void close_all(struct capipc_context *context,
		      const struct capipc_invited *attachments, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (attachments[i].handle)
			capipc_handle_close(context, attachments[i].handle);
	}
}

int capipc_invitation_new(struct capipc_invitation **out,
			  struct capipc_context *context)
{
	KEEP_ERRNO();
	struct capipc_invitation *invitation = calloc(1, sizeof(*invitation));

	if (!invitation)
		return -ENOMEM;
	invitation->context = capipc_context_get(context);
	*out = invitation;
	return 0;
}

void capipc_invitation_free(struct capipc_invitation *invitation)
{
	KEEP_ERRNO();

	if (!invitation)
		return;
	if (!invitation->made)
		close_all(invitation->context, invitation->attachments,
			  invitation->count);
	capipc_context_put(invitation->context);
	free(invitation);
}

int capipc_invitation_attach(struct capipc_invitation *invitation,
			     uint64_t name, uint32_t handle, uint32_t rights)
{
	uint32_t i;

	if (!handle)
		return -EBADF;
	if (invitation->made)
		return -EINVAL;
	if (invitation->count == CAPIPC_INVITED_MAX)
		return -EMSGSIZE;
	for (i = 0; i < invitation->count; i++) {
		if (invitation->attachments[i].name == name)
			return -EEXIST;
	}
	invitation->attachments[invitation->count++] = (struct capipc_invited){
		.name = name,
		.handle = handle,
		.rights = rights,
	};
	return 0;
}

int capipc_invitation_attach_pipe(struct capipc_invitation *invitation,
				  uint64_t name, uint32_t *endpoint)
{
	uint32_t endpoints[2];
	int ret;

	ret = capipc_pipe_create(invitation->context, endpoints);
	if (ret < 0)
		return ret;
	ret = capipc_invitation_attach(invitation, name, endpoints[1],
				       CAPIPC_RIGHTS_SAME);
	if (ret < 0) {
		capipc_handle_close(invitation->context, endpoints[0]);
		capipc_handle_close(invitation->context, endpoints[1]);
		return ret;
	}
	*endpoint = endpoints[0];
	return 0;
}

int capipc_invitation_create(struct capipc_invitation *invitation,
			     const struct capipc_rules *rules,
			     int64_t expires_ns, uint64_t cookie,
			     unsigned int flags, int *fd, uint32_t *handle)
{
	struct capipc_invite invite = {
		.size = sizeof(invite),
		.flags = flags,
		.attachments = pointer_to_u64(invitation->attachments),
		.cookie = cookie,
		.expires_ns = expires_ns,
		.attachments_count = invitation->count,
		.rule_size = sizeof(struct capipc_rule),
	};
	struct capipc_rule *array;
	int ret;

	if (invitation->made)
		return -EINVAL;
	ret = capipc_rules_export(rules, false, &array);
	if (ret < 0)
		return ret;
	invite.rules = pointer_to_u64(array);
	invite.rules_count = (uint32_t)ret;
	ret = capipc_context_ioctl(invitation->context, CAPIPC_IOC_INVITE,
				   &invite);
	free(array);
	if (ret < 0)
		return ret;
	invitation->made = true;
	*fd = invite.fd;
	*handle = invite.handle;
	return 0;
}

int capipc_invitation_inherited(void)
{
	KEEP_ERRNO();
	const char *text = getenv(CAPIPC_INVITATION_ENV);
	char *end;
	int flags;
	long fd;

	if (!text)
		return -ENOENT;
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	fd = strtol(text, &end, 10);
	if (*end || fd > INT32_MAX)
		return -EINVAL;
	flags = fcntl((int)fd, F_GETFD);
	if (flags < 0 || fcntl((int)fd, F_SETFD, flags | FD_CLOEXEC) < 0)
		return -EBADF;
	return (int)fd;
}

int capipc_invitation_accept(struct capipc_accepted **out,
			     struct capipc_context *context, int fd,
			     unsigned int flags)
{
	KEEP_ERRNO();
	struct capipc_accepted *accepted = calloc(1, sizeof(*accepted));
	struct capipc_accept accept = {
		.size = sizeof(accept),
		.flags = flags,
		.fd = fd,
		.attachments_capacity = CAPIPC_INVITED_MAX,
	};
	int ret;

	if (!accepted)
		return -ENOMEM;
	accept.attachments = pointer_to_u64(accepted->attachments);
	ret = capipc_context_ioctl(context, CAPIPC_IOC_ACCEPT, &accept);
	if (ret < 0) {
		free(accepted);
		return ret;
	}
	accepted->context = capipc_context_get(context);
	accepted->count = accept.attachments_count;
	accepted->stamp = accept.stamp;
	*out = accepted;
	return 0;
}

void capipc_accepted_free(struct capipc_accepted *accepted)
{
	KEEP_ERRNO();

	if (!accepted)
		return;
	close_all(accepted->context, accepted->attachments, accepted->count);
	capipc_context_put(accepted->context);
	free(accepted);
}

int capipc_accepted_take(struct capipc_accepted *accepted, uint64_t name,
			 uint32_t kind, uint32_t rights, uint32_t *handle)
{
	struct capipc_invited *attachment;
	uint32_t i;

	for (i = 0; i < accepted->count; i++) {
		attachment = &accepted->attachments[i];
		if (attachment->name != name || !attachment->handle)
			continue;
		if (kind != CAPIPC_KIND_NONE && attachment->kind != kind)
			return -EPROTOTYPE;
		if ((attachment->rights & rights) != rights)
			return -EPERM;
		*handle = attachment->handle;
		attachment->handle = 0;
		return 0;
	}
	return -ENOENT;
}

const struct capipc_stamp *
capipc_accepted_stamp(const struct capipc_accepted *accepted)
{
	return &accepted->stamp;
}
