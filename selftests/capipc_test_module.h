/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Removing the module, and loading it again, from $CAPIPC_KO or /capipc.ko. A
 * test that does so has to be run alone.
 */
#ifndef CAPIPC_TEST_MODULE_H
#define CAPIPC_TEST_MODULE_H

#include <dirent.h>

#include "capipc_test_actor.h"

#define MODULE "capipc"

static __unused_fn int unload(void)
{
	return syscall(SYS_delete_module, MODULE, O_NONBLOCK) ? -errno : 0;
}

static const char *module_path(void)
{
	const char *path = getenv("CAPIPC_KO");

	return path ? path : "/capipc.ko";
}

/* What cannot be loaded again is better left alone. */
static __unused_fn bool module_can_come_back(void)
{
	return access(module_path(), R_OK) == 0;
}

#define NEEDS_FILE()                                                  \
	do {                                                          \
		if (!module_can_come_back())                          \
			SKIP(return, "no module file to load again"); \
	} while (0)

/* What it was loaded with, or given since. */
static char parameters[4096];

static __unused_fn void keep_parameters(void)
{
	const char *dir = "/sys/module/" MODULE "/parameters";
	struct dirent *entry;
	DIR *d = opendir(dir);
	char value[64];
	size_t len = 0;

	while (d && (entry = readdir(d)) && len < sizeof(parameters) / 2) {
		if (entry->d_name[0] == '.' ||
		    get_text(value, sizeof(value), "%s/%s", dir,
			     entry->d_name) <= 0)
			continue;
		value[strcspn(value, "\n")] = 0;
		len += snprintf(parameters + len, sizeof(parameters) - len,
				"%s=%s ", entry->d_name, value);
	}
	if (d)
		closedir(d);
}

static __unused_fn int load(void)
{
	int fd = open(module_path(), O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	/* devtmpfs makes the node before this returns, udev its mode later */
	return ret;
}

static __unused_fn bool loaded(void)
{
	return access("/sys/module/" MODULE, F_OK) == 0;
}

/* Removing it fails because it is used: 0. */
static __unused_fn int is_refused(void)
{
	int ret = unload();

	return ret == -EBUSY || ret == -EWOULDBLOCK ? 0 : ret ? ret : -EPROTO;
}

/*
 * How many use it, or -errno. Who has the device open counts twice, once for the device
 * and once for its operations.
 */
static __unused_fn int module_users(void)
{
	char text[32];
	int ret = get_text(text, sizeof(text), "/sys/module/" MODULE "/refcnt");

	return ret < 0 ? ret : (atoi(text) + 1) / 2;
}

/* It works: a message to oneself. */
static __unused_fn int works(void)
{
	struct ipc_message m;
	__u32 h[2];
	int fd = ipc_open(), ret;

	if (fd < 0)
		return fd;
	ret = ipc_create(fd, h);
	if (!ret)
		ret = ipc_send_str(fd, h[0], 1, "hello");
	if (!ret)
		ret = ipc_tryrecv(fd, &m);
	close(fd);
	return ret;
}

#endif /* CAPIPC_TEST_MODULE_H */
