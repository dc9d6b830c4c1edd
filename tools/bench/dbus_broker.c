// SPDX-License-Identifier: GPL-2.0
/*
 * A message bus of our own. dbus-broker itself only carries messages: what it listens
 * to and what is allowed it is told by a controller, over D-Bus. That of a machine is
 * dbus-broker-launch, which takes systemd; here it is who starts the broker.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdbus.h"

#ifdef HAVE_SDBUS

/*
 * A policy: whether one may connect; which names one may own; what one may send and
 * receive. Each has a verdict and a priority, and applies to all that it leaves empty.
 */
#define VERDICTS "bta(btbs)a(btssssuutt)a(btssssuutt)"

/* Policies of users, of groups and ranges of users; SELinux, AppArmor; kind of bus. */
#define POLICY "a(u(" VERDICTS "))a(buu(" VERDICTS "))a(ss)bs"

#define FIRST UINT64_C(1)
#define ALL_MESSAGES \
	1, true, FIRST, "", "", "", "", 0, 0, UINT64_C(0), UINT64_MAX

/* All users may do everything, as on the bus of a session. */
static int append_policy(sd_bus_message *message)
{
	int ret = sd.message_open_container(message, 'v', "(" POLICY ")");

	if (ret < 0)
		return ret;
	ret = sd.message_append(message, "(" POLICY ")",
				/* one policy, of users that have no other */
				1, UINT32_MAX, true, FIRST,
				/* all names */
				1, true, FIRST, true, "", ALL_MESSAGES,
				ALL_MESSAGES,
				/* no other */
				0, 0, false, "session");
	return ret < 0 ? ret : sd.message_close_container(message);
}

static void __attribute__((noreturn)) run_broker(int controller)
{
	char fd[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(fd, sizeof(fd), "%d", controller);
	fcntl(controller, F_SETFD, 0);
	/* limits that no workload comes to */
	execlp("dbus-broker", "dbus-broker", "--controller", fd, "--machine-id",
	       "00000000000000000000000000000001", "--max-bytes", "1000000000",
	       "--max-fds", "100000", "--max-objects", "1000000", NULL);
	_exit(127);
}

/* What the broker is controlled by stays open, and is never looked at again. */
static int add_listener(int controller, int listener)
{
	sd_bus_message *message;
	sd_bus *bus;
	int ret = sd.new(&bus);

	if (ret < 0)
		return ret;
	ret = sd.set_fd(bus, controller, controller);
	if (ret >= 0)
		ret = sd.start(bus);
	if (ret >= 0)
		ret = sd.message_new_method_call(bus, &message, NULL,
						 "/org/bus1/DBus/Broker",
						 "org.bus1.DBus.Broker",
						 "AddListener");
	if (ret < 0)
		return ret;
	ret = sd.message_append(message, "oh", "/org/bus1/DBus/Listener/0",
				listener);
	if (ret >= 0)
		ret = append_policy(message);
	if (ret >= 0)
		ret = sd.call(bus, message, 0, NULL, NULL);
	sd.message_unref(message);
	return ret < 0 ? ret : 0;
}

int dbus_broker_start(int listener)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       ends))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		run_broker(ends[1]);
	close(ends[1]);
	return add_listener(ends[0], listener);
}
#endif
