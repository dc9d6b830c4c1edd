// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Invitations: this program starts itself with one.
 */
#include "guest.h"

#include <fcntl.h>
#include <poll.h>

#define PIPE_NAME 0xfeedULL
#define LISTENER  2ULL

/* What the program that is started does; its exit status tells. */
int invited_main(void)
{
	struct capipc_accepted *accepted;
	struct capipc_message *hello;
	struct capipc_context *own;
	int fd = capipc_invitation_inherited();
	uint32_t endpoint, listener;

	if (fd != 3 || !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
		return 1;
	if (capipc_context_open(&own, NULL, 0) < 0)
		return 2;
	if (capipc_invitation_accept(&accepted, own, fd, 0) != -EPERM)
		return 3;
	if (capipc_invitation_accept(&accepted, own, fd,
				     CAPIPC_ACCEPT_MAY_KILL) < 0)
		return 4;
	if (capipc_accepted_stamp(accepted)->pid != (uint32_t)getppid())
		return 5;
	if (capipc_accepted_take(accepted, 1, CAPIPC_KIND_NONE, 0, &endpoint) !=
	    -ENOENT)
		return 6;
	if (capipc_accepted_take(accepted, LISTENER, CAPIPC_KIND_ENDPOINT, 0,
				 &listener) != -EPROTOTYPE)
		return 7;
	if (capipc_accepted_take(accepted, LISTENER, CAPIPC_KIND_LISTENER,
				 CAPIPC_RIGHT_WRITE, &listener) != -EPERM)
		return 8;
	if (capipc_accepted_take(accepted, PIPE_NAME, CAPIPC_KIND_ENDPOINT,
				 CAPIPC_RIGHT_WRITE, &endpoint) < 0)
		return 9;
	if (capipc_accepted_take(accepted, PIPE_NAME, CAPIPC_KIND_NONE, 0,
				 &endpoint) != -ENOENT)
		return 10;
	/* closes the listener */
	capipc_accepted_free(accepted);
	hello = new_message(own, 7);
	if (capipc_endpoint_send(own, endpoint, hello, SECONDS_5, 0) < 0)
		return 11;
	if (capipc_context_receive(own, endpoint, hello, &received, SECONDS_5,
				   0) < 0)
		return 12;
	if (capipc_invitation_accept(&accepted, own, fd,
				     CAPIPC_ACCEPT_MAY_KILL) != -ESTALE)
		return 13;
	capipc_message_free(hello);
	capipc_context_free(own);
	return 42;
}

static void test_putting_together(void)
{
	struct capipc_rules *rules = anyone(), *methods;
	struct capipc_invitation *invitation;
	uint32_t ends[2], handle, i, other;
	int fd, ret = 0;

	is(capipc_invitation_new(&invitation, context), 0, "begin one");
	is(capipc_invitation_create(invitation, rules, CAPIPC_FOREVER, 0, 0,
				    &fd, &handle),
	   -EINVAL, "an empty one invites to nothing");
	is(capipc_pipe_create(context, ends), 0, "make a pipe");
	is(capipc_invitation_attach(invitation, 5, 0, 0), -EBADF,
	   "0 cannot be attached");
	is(capipc_invitation_attach(invitation, 5, ends[1], CAPIPC_RIGHT_MAP),
	   0, "attach it with a right that it does not have");
	is(capipc_invitation_attach(invitation, 5, ends[0], 0), -EEXIST,
	   "a name is used once");
	is(capipc_invitation_create(invitation, rules, CAPIPC_FOREVER, 0, 0,
				    &fd, &handle),
	   -EPERM, "that is found out");
	is(capipc_invitation_create(invitation, rules, 1, 0, 0, &fd, &handle),
	   -ETIMEDOUT, "not in the past");
	is(capipc_invitation_create(invitation, rules, CAPIPC_FOREVER, 0,
				    1U << 31, &fd, &handle),
	   -EINVAL, "nor with flags that there are not");
	capipc_rules_new(&methods);
	capipc_rules_allow_ordinals(methods, 1, 2);
	is(capipc_invitation_create(invitation, methods, CAPIPC_FOREVER, 0, 0,
				    &fd, &handle),
	   -EINVAL, "nor with methods");
	capipc_rules_free(methods);
	capipc_invitation_free(invitation);
	ok(is_closed(ends[1]), "closes what it did not give away");
	ok(!is_closed(ends[0]), "and no more");
	capipc_handle_close(context, ends[0]);

	capipc_invitation_new(&invitation, context);
	for (i = 0; i < CAPIPC_INVITED_MAX && !ret; i++)
		ret = capipc_invitation_attach_pipe(invitation, i, &other);
	is(ret, 0, "as many as there may be");
	is(capipc_invitation_attach_pipe(invitation, i, &other), -EMSGSIZE,
	   "and not one more");
	is(capipc_invitation_create(invitation, rules, CAPIPC_FOREVER, 0, 0,
				    &fd, &handle),
	   0, "create it");
	is(capipc_invitation_create(invitation, rules, CAPIPC_FOREVER, 0, 0,
				    &fd, &handle),
	   -EINVAL, "once");
	is(capipc_invitation_attach_pipe(invitation, 1000, &other), -EINVAL,
	   "then nothing can be attached");
	capipc_invitation_free(invitation);
	ok(!is_closed(handle), "freeing it does not withdraw it");
	close(fd);
	is(receive(handle), 0, "closing the file descriptor does");
	is(received.type, CAPIPC_RECEIVED_INVITATION_CLOSED, "as it is told");
	capipc_rules_free(rules);
	/* all these pipes */
	capipc_context_free(context);
	capipc_message_free(message);
	capipc_message_free(reply);
	if (capipc_context_open(&context, NULL, 0) < 0)
		abort();
	message = new_message(context, 0);
	reply = new_message(context, 0);
}

static void test_spawning(void)
{
	char *argv[] = { (char *)"guest_test", (char *)"invited", NULL };
	char *envp[] = { (char *)CAPIPC_INVITATION_ENV "=77", (char *)"HOME=/",
			 NULL };
	struct capipc_invitation *invitation;
	struct capipc_rules *rules = anyone();
	uint32_t endpoint, listener, handle;
	pid_t pid;
	int fd;

	is(capipc_invitation_new(&invitation, context), 0, "begin another");
	is(capipc_invitation_attach_pipe(invitation, PIPE_NAME, &endpoint), 0,
	   "attach a pipe");
	listener = listen_to_all(0);
	is(capipc_invitation_attach(invitation, LISTENER, listener,
				    CAPIPC_RIGHTS_SAME),
	   0, "and a listener");
	is(capipc_invitation_create(invitation, rules, SECONDS_5, 0xc00c1e,
				    CAPIPC_INVITE_MAY_KILL, &fd, &handle),
	   0, "create it");
	capipc_invitation_free(invitation);
	ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "it closes on exec");
	is(capipc_spawn(&pid, "/no/such/program", argv, envp, fd), -ENOENT,
	   "no such program");
	is(capipc_spawn(&pid, "/proc/self/exe", argv, envp, fd), 0,
	   "start this one");
	close(fd);
	is(receive(handle), 0, "hear of it");
	ok(received.type == CAPIPC_RECEIVED_ACCEPTED &&
		   received.cookie == 0xc00c1e &&
		   received.stamp.pid == (uint32_t)pid,
	   "it has accepted");
	is(receive(endpoint), 0, "hear from it");
	is(received.ordinal, 7, "what it says");
	capipc_message_reset(message, 1);
	is(capipc_endpoint_send(context, endpoint, message, SECONDS_5, 0), 0,
	   "answer");
	is(reap(pid), -42, "all was well there");
	capipc_handle_close(context, endpoint);
	capipc_handle_close(context, handle);
	capipc_rules_free(rules);
}

static void test_inherited(void)
{
	unsetenv(CAPIPC_INVITATION_ENV);
	is(capipc_invitation_inherited(), -ENOENT, "no variable");
	setenv(CAPIPC_INVITATION_ENV, "", 1);
	is(capipc_invitation_inherited(), -EINVAL, "an empty one");
	setenv(CAPIPC_INVITATION_ENV, "3x", 1);
	is(capipc_invitation_inherited(), -EINVAL, "not a number");
	setenv(CAPIPC_INVITATION_ENV, "99999999999999999999", 1);
	is(capipc_invitation_inherited(), -EINVAL, "too large a number");
	setenv(CAPIPC_INVITATION_ENV, "900", 1);
	is(capipc_invitation_inherited(), -EBADF, "nothing there");
	unsetenv(CAPIPC_INVITATION_ENV);
}

void test_invitations(void)
{
	test_putting_together();
	test_inherited();
	test_spawning();
}
