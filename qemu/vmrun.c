// SPDX-License-Identifier: GPL-2.0
/*
 * vmrun - the host side of qemu/run: one virtual machine, watched.
 *
 *   vmrun [-i] [-t] [-T SECONDS] -l LOG -v FILE -- QEMU ARGS...
 *
 * It starts QEMU with file descriptor 3 being our end of the guest's port
 * (see proto.h), passes the command's output on as it comes, and writes one
 * line into FILE on how it ended, which qemu/run judges:
 *
 *   exit N TAINT | signal N TAINT | timeout | died | unborn | fail TEXT
 *
 * "unborn": init was never heard of, and LOG, the kernel log, did not grow for
 * a minute: a busy machine may take its time to boot.  "died": init was heard
 * of, but gave no verdict.
 * Lines "bad TEXT" may come before it.
 *
 * QEMU dies with us, whatever we die of, and we die with qemu/run.
 */
#define _GNU_SOURCE /* ppoll() */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "proto.h"

#define PORT_FD 3

/* how long a guest that boots may say nothing */
#define SILENCE_SECONDS 60

/* how long QEMU may take to be gone after the verdict */
#define EXIT_SECONDS 30

static FILE *verdict_file;
static pid_t qemu;
static int port;
static struct termios saved_termios;
static bool raw_terminal;

static volatile sig_atomic_t got_signal;
static volatile sig_atomic_t resized;

static void on_signal(int sig)
{
	if (sig == SIGWINCH)
		resized = 1;
	else if (sig != SIGCHLD)
		got_signal = sig;
}

static void restore_terminal(void)
{
	if (raw_terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved_termios);
	raw_terminal = false;
}

static void die(const char *what)
{
	restore_terminal();
	fprintf(stderr, "vmrun: %s: %s\n", what, strerror(errno));
	if (qemu > 0)
		kill(qemu, SIGKILL);
	exit(2);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/*
 * Output may be a pipe that someone else made non-blocking, so wait if need
 * be.  Nobody reading any more is an end for us as for any program in a pipe.
 */
static void put(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd w = { fd, POLLOUT, 0 };

			poll(&w, 1, 1000);
			continue;
		}
		if (n < 0 && errno == EINTR) {
			if (got_signal)
				return;
			continue;
		}
		if (n < 0)
			die("cannot write the output");
		p += n;
		len -= n;
	}
}

/* ---------------------------------------------------------- to the guest */

static char out_buf[4 * (sizeof(struct frame) + FRAME_MAX)];
static size_t out_len;

static void queue_frame(enum frame_type type, const void *body, size_t len)
{
	struct frame head = { type, len };

	memcpy(out_buf + out_len, &head, sizeof(head));
	out_len += sizeof(head);
	if (len)
		memcpy(out_buf + out_len, body, len);
	out_len += len;
}

static bool room_for_frame(void)
{
	return out_len + sizeof(struct frame) + FRAME_MAX <= sizeof(out_buf);
}

static void flush_frames(void)
{
	ssize_t n = send(port, out_buf, out_len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n <= 0)
		return;
	out_len -= n;
	memmove(out_buf, out_buf + n, out_len);
}

static void queue_winsize(void)
{
	struct winsize ws;

	resized = 0;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) == 0)
		queue_frame(FRAME_WINSIZE, &ws, sizeof(ws));
}

/* -------------------------------------------------------- from the guest */

static bool hello, begun, finished;

static void handle_frame(const struct frame *head, const char *body)
{
	struct verdict v;

	switch (head->type) {
	case FRAME_HELLO:
		hello = true;
		break;
	case FRAME_BEGIN:
		begun = true;
		break;
	case FRAME_OUT:
		put(STDOUT_FILENO, body, head->len);
		break;
	case FRAME_ERR:
		put(STDERR_FILENO, body, head->len);
		break;
	case FRAME_BAD:
		fprintf(verdict_file, "bad %.*s\n", (int)head->len, body);
		break;
	case FRAME_FAIL:
		fprintf(verdict_file, "fail %.*s\n", (int)head->len, body);
		finished = true;
		break;
	case FRAME_EXIT:
		if (head->len != sizeof(v) || !begun)
			goto garbage;
		memcpy(&v, body, sizeof(v));
		if (WIFSIGNALED(v.status))
			fprintf(verdict_file, "signal %d %u\n",
				WTERMSIG(v.status), v.taint);
		else
			fprintf(verdict_file, "exit %d %u\n",
				WEXITSTATUS(v.status), v.taint);
		finished = true;
		break;
	default:
garbage:
		fprintf(verdict_file, "bad frame %#x from the guest\n",
			head->type);
		kill(qemu, SIGKILL);
	}
}

/* Returns false when the port is closed. */
static bool receive(void)
{
	static char buf[256 * 1024];
	static size_t len;
	struct frame head;
	size_t used = 0;
	ssize_t n;

	n = recv(port, buf + len, sizeof(buf) - len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	len += n;
	while (len - used >= sizeof(head)) {
		memcpy(&head, buf + used, sizeof(head));
		if (head.len > FRAME_MAX) {
			fprintf(verdict_file, "bad frame from the guest\n");
			kill(qemu, SIGKILL);
			return false;
		}
		if (len - used < sizeof(head) + head.len)
			break;
		if (!finished)
			handle_frame(&head, buf + used + sizeof(head));
		used += sizeof(head) + head.len;
	}
	len -= used;
	memmove(buf, buf + used, len);
	return true;
}

/* --------------------------------------------------------------- the run */

static void start_qemu(char **argv)
{
	pid_t self = getpid();
	int sv[2], null;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		die("socketpair");
	port = sv[0];
	qemu = fork();
	if (qemu < 0)
		die("fork");
	if (qemu)
		goto parent;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != self)
		_exit(2);
	setsid(); /* Ctrl-C is for us */
	null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	dup2(sv[1], PORT_FD);
	if (sv[1] == PORT_FD)
		fcntl(PORT_FD, F_SETFD, 0);
	execvp(argv[0], argv);
	fprintf(stderr, "vmrun: %s: %s\n", argv[0], strerror(errno));
	_exit(2);
parent:
	close(sv[1]);
}

static void make_terminal_raw(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &saved_termios) < 0)
		return;
	t = saved_termios;
	cfmakeraw(&t);
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
	raw_terminal = true;
	atexit(restore_terminal);
}

/* Before init is heard of: has the kernel been silent for too long? */
static bool boot_hangs(const char *log)
{
	static double last_growth;
	static off_t size = -1;
	struct stat st;

	if (!last_growth)
		last_growth = now();
	if (stat(log, &st) == 0 && st.st_size != size) {
		size = st.st_size;
		last_growth = now();
	}
	return now() >= last_growth + SILENCE_SECONDS;
}

/* Until QEMU has ended; returns what it was that ended it, if not the guest. */
static const char *watch(bool input, const char *log, double end)
{
	struct timespec tick = { 1, 0 };
	bool port_open = true;
	const char *why = NULL;
	sigset_t none;
	char buf[FRAME_MAX];

	sigemptyset(&none);
	while (port_open || waitpid(qemu, NULL, WNOHANG) == 0) {
		struct pollfd p[] = {
			{ port_open ? port : -1, POLLIN, 0 },
			{ input && room_for_frame() ? STDIN_FILENO : -1, POLLIN,
			  0 },
		};

		if (out_len)
			p[0].events |= POLLOUT;
		ppoll(p, 2, &tick, &none);
		if (got_signal && !why) {
			why = "signal";
			kill(qemu, SIGKILL);
		}
		if (resized && room_for_frame())
			queue_winsize();
		if (p[0].revents & POLLOUT)
			flush_frames();
		if (p[0].revents & (POLLIN | POLLHUP | POLLERR))
			port_open = receive();
		if (p[1].revents) {
			ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

			if (n < 0 && (errno == EINTR || errno == EAGAIN))
				n = -1;
			else
				queue_frame(FRAME_IN, buf, n > 0 ? n : 0);
			input = n != 0 &&
				(n > 0 || errno == EINTR || errno == EAGAIN);
		}
		if (why)
			continue;
		if (finished && end > now() + EXIT_SECONDS)
			end = now() + EXIT_SECONDS;
		if (finished && now() >= end) {
			why = "linger";
			kill(qemu, SIGKILL);
		} else if (!finished && now() >= end) {
			why = "timeout";
			kill(qemu, SIGKILL);
		} else if (!hello && boot_hangs(log)) {
			why = "unborn";
			kill(qemu, SIGKILL);
		}
	}
	return why;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	static const int signals[] = { SIGINT,	SIGTERM, SIGHUP,
				       SIGQUIT, SIGCHLD, SIGWINCH };
	double timeout = 300, start = now();
	bool input = false, tty = false;
	const char *why, *log = NULL;
	sigset_t set;
	size_t i;
	int opt;

	while ((opt = getopt(argc, argv, "+itT:l:v:")) != -1) {
		switch (opt) {
		case 'i':
			input = true;
			break;
		case 't':
			tty = true;
			break;
		case 'T':
			timeout = strtod(optarg, NULL);
			break;
		case 'l':
			log = optarg;
			break;
		case 'v':
			verdict_file = fopen(optarg, "we");
			break;
		default:
			return 2;
		}
	}
	if (!verdict_file || !log || optind >= argc)
		return 2;
	setlinebuf(verdict_file);

	/* qemu/run is our parent and waits for us */
	prctl(PR_SET_PDEATHSIG, SIGTERM);

	sigemptyset(&set);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaddset(&set, signals[i]);
		sigaction(signals[i], &sa, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	start_qemu(argv + optind);
	/* from here on they are taken in ppoll() only */
	sigprocmask(SIG_BLOCK, &set, NULL);

	if (tty) {
		make_terminal_raw();
		queue_winsize();
	}
	why = watch(input || tty, log, start + timeout);
	restore_terminal();
	if (got_signal)
		return 128 + got_signal;
	if (!finished)
		fprintf(verdict_file, "%s\n",
			why   ? why :
			hello ? "died" :
				"unborn");
	return fclose(verdict_file) == 0 ? 0 : 2;
}
