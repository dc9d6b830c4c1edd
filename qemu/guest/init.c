// SPDX-License-Identifier: GPL-2.0
/*
 * init - the first process in the guest of qemu/run.
 *
 * init.c sets up house and starts it all, command.c has the command run and
 * relays what it says, leak.c looks for what the module left, util.c is for all.
 *
 * It loads the modules, runs one command as root, relays its output in frames
 * over a virtio-serial port (see proto.h) and reports how it ended.  All it is
 * told comes from /run.conf in the initramfs: strings "key=value", each ended
 * by a NUL, in the order in which they take effect.
 *
 *   module=PATH PARAMS   insert this module, the command fails without it
 *   boot-module=PATH     the same, before the port is there: an error is fatal
 *   env=NAME=VALUE       set in the command's environment
 *   arg=WORD             one word of the command
 *   tty=                 run it on a pseudo-terminal
 *   stdin=               feed it standard input from the host
 *   seed=                the random number generator is seeded, always with the same
 *   leak-check=          afterwards, remove the module and look for leaks
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

static const struct {
	const char *type, *dir, *options;
	unsigned long flags;
	bool early; /* before the port is open */
} mounts[] = {
	{ "proc", "/proc", NULL, 0, true },
	{ "sysfs", "/sys", NULL, 0, true },
	{ "devtmpfs", "/dev", "mode=0755", MS_NOSUID, true },
	{ "devpts", "/dev/pts", "mode=0620,ptmxmode=0666", 0, false },
	{ "tmpfs", "/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV, false },
	{ "mqueue", "/dev/mqueue", NULL, 0, false },
	{ "tmpfs", "/tmp", "mode=1777", 0, false },
	{ "tmpfs", "/run", "mode=0755", 0, false },
	{ "debugfs", "/sys/kernel/debug", NULL, 0, false },
	{ "tracefs", "/sys/kernel/tracing", NULL, 0, false },
	{ "cgroup2", "/sys/fs/cgroup", NULL, 0, false },
	{ "securityfs", "/sys/kernel/security", NULL, 0, false },
};

/* A kernel without one of them is not an error: tests look for themselves. */
static void mount_all(bool early)
{
	size_t i;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		if (mounts[i].early != early)
			continue;
		mkdir(mounts[i].dir, 0755);
		mount(mounts[i].type, mounts[i].dir, mounts[i].type,
		      mounts[i].flags, mounts[i].options);
	}
}

static void furnish(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (s >= 0) {
		ioctl(s, SIOCSIFFLAGS, &ifr);
		close(s);
	}
	sethostname("capipc", 6);
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
	/* cgroup2 controllers that tests give limits by */
	put_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	put_file("/sys/fs/cgroup/cgroup.subtree_control", "+pids");
	put_file("/proc/sys/kernel/sysrq", "1");
}

/*
 * A processor that makes no random numbers, and a clock without jitter: the kernel would
 * never have enough of them, and what asks for some take longer than on any real machine.
 */
static void seed(void)
{
	struct {
		struct rand_pool_info info;
		unsigned char bytes[64];
	} pool = { .info = { .entropy_count = 8 * sizeof(pool.bytes),
			     .buf_size = sizeof(pool.bytes) } };
	int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool)) {
		say(FRAME_FAIL, "cannot seed: %s", strerror(errno));
		halt();
	}
	close(fd);
}

/* @line is "PATH PARAMS" */
static int insert_module(const char *line)
{
	char path[256];
	const char *params = strchr(line, ' ');
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%.*s",
		 (int)(params ? params - line : (long)strlen(line)), line);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, params ? params + 1 : "", 0) < 0 &&
	    errno != EEXIST)
		ret = -errno;
	close(fd);
	return ret;
}

static void insert_modules(const char *key)
{
	char *pos = NULL, *line;
	int ret;

	while ((line = conf_next(key, &pos))) {
		ret = insert_module(line);
		if (!ret)
			continue;
		say(FRAME_FAIL, "cannot insert module %s: %s", line,
		    strerror(-ret));
		halt();
	}
}

/* The node appears some time after the driver: wait for it. */
static void open_port(void)
{
	char path[300], name[64];
	struct dirent *d;
	DIR *dir;
	int i;

	for (i = 0; i < 20000 && port < 0; i++) {
		dir = opendir("/sys/class/virtio-ports");
		while (dir && (d = readdir(dir))) {
			snprintf(path, sizeof(path),
				 "/sys/class/virtio-ports/%s/name", d->d_name);
			get_file(path, name, sizeof(name));
			name[strcspn(name, "\n")] = 0;
			if (strcmp(name, PORT_NAME))
				continue;
			snprintf(path, sizeof(path), "/dev/%s", d->d_name);
			port = open(path, O_RDWR | O_CLOEXEC);
		}
		if (dir)
			closedir(dir);
		if (port < 0)
			msleep(1);
	}
	if (port < 0) {
		note("init: no port %s", PORT_NAME);
		halt();
	}
}

static unsigned long taint(void)
{
	char buf[32];

	get_file("/proc/sys/kernel/tainted", buf, sizeof(buf));
	return strtoul(buf, NULL, 10);
}

int main(void)
{
	struct verdict verdict;
	unsigned long taint_before;
	int fd;

	mount_all(true);
	/* there is no console in /dev when the kernel starts us */
	while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
		;
	if (fd >= 0)
		close(fd);
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	conf_read();
	insert_modules("boot-module");
	open_port();
	send_frame(FRAME_HELLO, NULL, 0);

	mount_all(false);
	furnish();
	if (conf_has("seed"))
		seed();
	insert_modules("module");
	taint_before = taint();
	if (conf_has("leak-check"))
		put_file(KMEMLEAK, "clear");

	verdict.status = command_run();
	if (conf_has("leak-check"))
		leak_check(conf_has("capipc"));
	verdict.taint = taint() & ~taint_before;
	send_frame(FRAME_EXIT, &verdict, sizeof(verdict));
	halt();
}
