// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Starting a program with an invitation.
 */
#include "internal.h"

#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a spawned program finds its invitation. */
#define INVITATION_FD 3

static bool is_invitation_variable(const char *variable)
{
	return !strncmp(variable, CAPIPC_INVITATION_ENV "=",
			sizeof(CAPIPC_INVITATION_ENV));
}

/* The environment with our variable, and no other of that name. */
static char **environment_with(char *const *envp, char *variable)
{
	size_t count = 0, i, n = 0;
	char **environment;

	while (envp[count])
		count++;
	environment = calloc(count + 2, sizeof(*environment));
	if (!environment)
		return NULL;
	for (i = 0; i < count; i++) {
		if (!is_invitation_variable(envp[i]))
			environment[n++] = envp[i];
	}
	environment[n] = variable;
	return environment;
}

int capipc_spawn(pid_t *pid, const char *path, char *const argv[],
		 char *const envp[], int invitation)
{
	KEEP_ERRNO();
	char variable[] = CAPIPC_INVITATION_ENV "=3";
	posix_spawn_file_actions_t actions;
	char **environment;
	int ret;

	environment = environment_with(envp ? envp : environ, variable);
	if (!environment)
		return -ENOMEM;
	ret = posix_spawn_file_actions_init(&actions);
	if (ret)
		goto out_free;
	ret = posix_spawn_file_actions_adddup2(&actions, invitation,
					       INVITATION_FD);
	if (!ret)
		ret = posix_spawn(pid, path, &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
out_free:
	free(environment);
	return -ret;
}
