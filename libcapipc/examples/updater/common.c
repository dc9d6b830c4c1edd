// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Becoming somebody else, before a context is opened.
 */
#include "updater.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int become_user(uid_t uid)
{
	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

int parse_uid(const char *text, uid_t *uid)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || end == text || *text < '0' || *text > '9' ||
	    value >= UINT32_MAX)
		return -EINVAL;
	*uid = (uid_t)value;
	return 0;
}
