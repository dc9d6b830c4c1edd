// SPDX-License-Identifier: GPL-2.0
/* The command: started, listened to, and buried. */
#define _GNU_SOURCE /* pipe2() */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

/* of a command */
#define MAX_WORDS 4096

struct cmd {
	pid_t pid;
	bool alive;
	int status;
	int out, err; /* what we read; err is -1 on a terminal */
	int in; /* what we write, or -1 */

	/* input that the command has not read yet */
	char pending[FRAME_MAX];
	size_t pending_len;
	bool in_eof;

	/* a frame from the host that is not whole yet */
	char frame[sizeof(struct frame) + FRAME_MAX];
	size_t frame_len;
};

static void __attribute__((noreturn)) become(char **argv)
{
	char *pos = NULL, *v;
	sigset_t none;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	clearenv();
	while ((v = conf_next("env", &pos)))
		putenv(v);
	if (chdir("/root") < 0)
		chdir("/");
	execvp(argv[0], argv);
	err = errno;
	if (err == ENOENT && access(argv[0], F_OK) == 0)
		dprintf(STDERR_FILENO,
			"qemu/run: %s: its interpreter or loader is not in the guest\n",
			argv[0]);
	else if (err == ENOENT)
		dprintf(STDERR_FILENO, "qemu/run: %s: not found in the guest\n",
			argv[0]);
	else
		dprintf(STDERR_FILENO, "qemu/run: %s: %s\n", argv[0],
			strerror(err));
	_exit(err == ENOENT ? 127 : 126);
}

static void start(struct cmd *cmd)
{
	int in[2] = { -1, -1 }, out[2], err[2], null;
	static char *argv[MAX_WORDS + 1];
	char *pos = NULL, *v;
	bool tty = conf_has("tty");
	size_t n = 0;

	while (n < MAX_WORDS && (v = conf_next("arg", &pos)))
		argv[n++] = v;
	if (!n) {
		say(FRAME_FAIL, "no command in /run.conf");
		halt();
	}

	cmd->alive = true;
	cmd->in = -1;
	cmd->err = -1;
	if (tty) {
		cmd->pid = forkpty(&cmd->out, NULL, NULL, NULL);
		if (cmd->pid == 0)
			become(argv);
		cmd->in = dup(cmd->out);
		return;
	}

	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 ||
	    (conf_has("stdin") && pipe2(in, O_CLOEXEC) < 0)) {
		say(FRAME_FAIL, "no pipe: %s", strerror(errno));
		halt();
	}
	cmd->pid = fork();
	if (cmd->pid == 0) {
		setsid();
		dup2(in[0] >= 0 ? in[0] : null, STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		become(argv);
	}
	close(null);
	close(out[1]);
	close(err[1]);
	cmd->out = out[0];
	cmd->err = err[0];
	if (in[0] >= 0) {
		close(in[0]);
		cmd->in = in[1];
		fcntl(in[1], F_SETFL, O_NONBLOCK);
	}
}

/* Pass on what the command wrote; false at its end. */
static bool relay(int fd, enum frame_type type)
{
	static char buf[FRAME_MAX];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false; /* a terminal says EIO at its end */
	send_frame(type, buf, n);
	return true;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void feed(struct cmd *cmd)
{
	while (cmd->in >= 0 && cmd->pending_len) {
		ssize_t n = write(cmd->in, cmd->pending, cmd->pending_len);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) { /* it has closed its standard input */
			close_fd(&cmd->in);
			break;
		}
		cmd->pending_len -= n;
		memmove(cmd->pending, cmd->pending + n, cmd->pending_len);
	}
	if (cmd->in < 0)
		cmd->pending_len = 0;
	if (cmd->in_eof)
		close_fd(&cmd->in);
}

/* Something from the host; called only while no input is pending. */
static void hear(struct cmd *cmd)
{
	struct frame head;
	ssize_t n;
	size_t want = sizeof(head);

	if (cmd->frame_len >= sizeof(head)) {
		memcpy(&head, cmd->frame, sizeof(head));
		want += head.len;
	}
	n = read(port, cmd->frame + cmd->frame_len, want - cmd->frame_len);
	if (n <= 0) {
		msleep(10); /* the host is gone, and so are we, soon */
		return;
	}
	cmd->frame_len += n;
	if (cmd->frame_len < sizeof(head))
		return;
	memcpy(&head, cmd->frame, sizeof(head));
	if (cmd->frame_len < sizeof(head) + head.len)
		return;

	cmd->frame_len = 0;
	if (head.type == FRAME_IN) {
		memcpy(cmd->pending, cmd->frame + sizeof(head), head.len);
		cmd->pending_len = head.len;
		cmd->in_eof = head.len == 0;
		feed(cmd);
	} else if (head.type == FRAME_WINSIZE && cmd->in >= 0) {
		ioctl(cmd->in, TIOCSWINSZ, cmd->frame + sizeof(head));
	}
}

static void reap(struct cmd *cmd)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != cmd->pid)
			continue;
		cmd->status = status;
		cmd->alive = false;
	}
}

/*
 * Relay until the command has ended and what it wrote has been read.  What it
 * left running is killed: the guest ends with its command.
 */
static void attend(struct cmd *cmd, int sigfd)
{
	bool killed = false;
	int rounds = 0;

	while (cmd->alive || cmd->out >= 0 || cmd->err >= 0) {
		struct pollfd p[] = {
			{ sigfd, POLLIN, 0 },
			{ cmd->out, POLLIN, 0 },
			{ cmd->err, POLLIN, 0 },
			{ cmd->pending_len ? -1 : port, POLLIN, 0 },
			{ cmd->pending_len ? cmd->in : -1, POLLOUT, 0 },
		};
		struct signalfd_siginfo si;

		if (poll(p, 5, cmd->alive ? -1 : 100) < 0)
			continue;
		if (p[0].revents)
			read(sigfd, &si, sizeof(si));
		reap(cmd);
		if (p[1].revents && !relay(cmd->out, FRAME_OUT))
			close_fd(&cmd->out);
		if (p[2].revents && !relay(cmd->err, FRAME_ERR))
			close_fd(&cmd->err);
		if (p[3].revents & POLLIN)
			hear(cmd);
		else if (p[3].revents)
			msleep(10);
		if (p[4].revents)
			feed(cmd);
		if (cmd->alive)
			continue;
		if (!killed) {
			kill(-1, SIGKILL);
			killed = true;
		}
		/* someone who cannot be killed still holds the pipe */
		if (!p[1].revents && !p[2].revents && ++rounds > 100)
			break;
	}
}

/* After SIGKILL to all: who does not die in ten seconds hangs in the kernel. */
static void bury(void)
{
	char path[64], comm[64];
	int i, pid;
	pid_t ret = 0;

	kill(-1, SIGKILL);
	for (i = 0; i < 10000; i++) {
		ret = waitpid(-1, NULL, WNOHANG);
		if (ret < 0 && errno == ECHILD)
			return;
		if (ret == 0)
			msleep(1);
	}
	for (pid = 2; pid < 65536; pid++) {
		snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		if (!get_file(path, comm, sizeof(comm)))
			continue; /* none, or a kernel thread */
		say(FRAME_BAD, "process %d (%s) cannot be killed", pid, comm);
		snprintf(path, sizeof(path), "/proc/%d/stack", pid);
		put_file("/proc/sysrq-trigger", "w");
	}
}

/* Runs the command of /run.conf; returns its status as wait(2) has it. */
int command_run(void)
{
	static struct cmd cmd;
	sigset_t chld;
	int sigfd;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigfd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);

	send_frame(FRAME_BEGIN, NULL, 0);
	start(&cmd);
	attend(&cmd, sigfd);
	bury();
	return cmd.status;
}
