/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The updater: what client and server agree upon.
 *
 *	interface Updater {
 *		GetVersion() => (string version);
 *		[same privilege as the server]
 *		InstallApplication(string app_id) => (u32 result);
 *	};
 */
#ifndef UPDATER_H
#define UPDATER_H

#include <stdint.h>
#include <sys/types.h>

#define UPDATER_NAME "org.example.updater"

enum updater_ordinal {
	UPDATER_GET_VERSION = 1,
	UPDATER_INSTALL_APPLICATION = 2,
};

enum updater_result {
	UPDATER_INSTALLED = 0,
	UPDATER_BAD_APP_ID = 1,
};

/* A lender sends one message with this ordinal and one endpoint in it. */
#define LENDER_ENDPOINT 1

/* Give up all that distinguishes root: groups, user and with it capabilities. */
int become_user(uid_t uid);

/* Stay the user that one is, without any capability. */
int drop_capabilities(void);

/* A user id; -EINVAL: it is none. */
int parse_uid(const char *text, uid_t *uid);

#endif /* UPDATER_H */
