/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Invitations: the two requests, raw and for people.
 */
#ifndef CAPIPC_TEST_INVITATION_H
#define CAPIPC_TEST_INVITATION_H

#include "capipc_test_ident.h"

static __unused_fn int ipc_do_invite(int fd, struct capipc_invite *a)
{
	a->size = sizeof(*a);
	ipc_poison(a->handle);
	ipc_poison(a->fd);
	return ipc_ioctl(fd, CAPIPC_IOC_INVITE, a);
}

/* What was accepted, with room for it. */
struct guest {
	struct capipc_accept a;
	struct capipc_invited in[CAPIPC_INVITED_MAX];
};

static __unused_fn int ipc_do_accept(int fd, struct capipc_accept *a)
{
	a->size = sizeof(*a);
	ipc_poison(a->attachments_count);
	ipc_poison(a->terms);
	ipc_poison(a->stamp);
	return ipc_ioctl(fd, CAPIPC_IOC_ACCEPT, a);
}

static __unused_fn int ipc_accept_flags(int fd, int invitation, struct guest *g,
					uint32_t flags)
{
	memset(g, IPC_POISON, sizeof(*g));
	g->a.flags = flags;
	g->a.attachments = ipc_ptr(g->in);
	g->a.fd = invitation;
	g->a.attachments_capacity = CAPIPC_INVITED_MAX;
	return ipc_do_accept(fd, &g->a);
}

static __unused_fn int ipc_accept_all(int fd, int invitation, struct guest *g)
{
	return ipc_accept_flags(fd, invitation, g, 0);
}

static const struct capipc_rule invite_anyone = { .match = 0 };

#define INVITE_COOKIE 0x1234567890abcdefULL

/* A valid request: one endpoint by the name of 1, for anyone, for ever. */
static __unused_fn void ipc_invite_fill(struct capipc_invite *a,
					struct capipc_invited *in,
					uint32_t endpoint)
{
	*in = (struct capipc_invited){ .name = 1,
				       .handle = endpoint,
				       .rights = CAPIPC_RIGHTS_SAME };
	*a = (struct capipc_invite){
		.attachments = ipc_ptr(in),
		.rules = ipc_ptr(&invite_anyone),
		.cookie = INVITE_COOKIE,
		.expires_ns = CAPIPC_FOREVER,
		.attachments_count = 1,
		.rules_count = 1,
		.rule_size = sizeof(struct capipc_rule),
	};
}

static __unused_fn int ipc_invite_full(int fd, uint32_t endpoint,
				       const struct capipc_rule *rules,
				       unsigned int count, uint32_t flags,
				       int64_t expires_ns, int *invitation,
				       uint32_t *handle)
{
	struct capipc_invited in;
	struct capipc_invite a;
	int ret;

	ipc_invite_fill(&a, &in, endpoint);
	a.flags = flags;
	a.expires_ns = expires_ns;
	a.rules = ipc_ptr(rules);
	a.rules_count = count;
	ret = ipc_do_invite(fd, &a);
	*invitation = a.fd;
	*handle = a.handle;
	return ret;
}

static __unused_fn int ipc_invite(int fd, uint32_t endpoint, int *invitation,
				  uint32_t *handle)
{
	return ipc_invite_full(fd, endpoint, &invite_anyone, 1, 0,
			       CAPIPC_FOREVER, invitation, handle);
}

/* The news of an invitation: its type, or -errno. */
static __unused_fn int ipc_news(int fd, uint32_t handle, struct ipc_message *m)
{
	int ret = ipc_recv_from(fd, handle, m);

	return ret ? ret : (int)m->r.type;
}

/* ------------------------------------------------------------------ actors */

/* Its handle is page->data as struct capipc_invited. */
static __unused_fn int actor_accept_invitation(struct actor *a, int invitation,
					       uint32_t flags,
					       struct capipc_accept *out)
{
	struct capipc_accept c = {
		.size = sizeof(c),
		.flags = flags,
		.attachments = ipc_ptr(a->page->data),
		.fd = invitation,
		.attachments_capacity = CAPIPC_INVITED_MAX,
	};
	int ret = ACTOR_IOCTL(a, ACCEPT, &c);

	if (out)
		*out = c;
	return ret;
}

static __unused_fn struct capipc_invited *actor_invited(struct actor *a)
{
	return (struct capipc_invited *)a->page->data;
}

/* The actor invites with its endpoint; the descriptor stays with it. */
static __unused_fn int actor_invite(struct actor *a, uint32_t endpoint,
				    const struct capipc_rule *rules,
				    unsigned int count, uint32_t flags,
				    int *invitation, uint32_t *handle)
{
	struct capipc_invited in;
	struct capipc_invite c;
	int ret;

	ipc_invite_fill(&c, &in, endpoint);
	c.size = sizeof(c);
	c.flags = flags;
	c.attachments = ipc_ptr(a->page->data);
	c.rules = ipc_ptr(a->page->rules);
	c.rules_count = count;
	memcpy(a->page->data, &in, sizeof(in));
	if (count)
		memcpy(a->page->rules, rules, count * sizeof(*rules));
	ret = ACTOR_IOCTL(a, INVITE, &c);
	*invitation = c.fd;
	*handle = c.handle;
	return ret;
}

/* A descriptor of another process, here. */
static __unused_fn int fetch_fd(pid_t pid, int fd)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), ret;

	if (pidfd < 0)
		return -errno;
	ret = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	ret = ret < 0 ? -errno : ret;
	close(pidfd);
	return ret;
}

#endif /* CAPIPC_TEST_INVITATION_H */
