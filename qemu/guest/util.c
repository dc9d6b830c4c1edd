// SPDX-License-Identifier: GPL-2.0
/* Files, frames, the kernel log, and the words of /run.conf. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

int port = -1;
int kmsg = -1;

static char *conf;
static size_t conf_len;

void msleep(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

void write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return; /* nobody is left to tell */
		p += n;
		len -= n;
	}
}

void send_frame(enum frame_type type, const void *buf, size_t len)
{
	struct {
		struct frame head;
		char body[FRAME_MAX];
	} f;

	f.head.type = type;
	f.head.len = len;
	if (len)
		memcpy(f.body, buf, len);
	if (port >= 0)
		write_all(port, &f, sizeof(f.head) + len);
}

/*
 * A line in the kernel log, whole and in its order.  Not by dprintf(), which
 * does not write to what it cannot seek in as it expects.
 */
void note(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (kmsg >= 0)
		write_all(kmsg, text, strlen(text));
}

void say(enum frame_type type, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	send_frame(type, text, strlen(text));
	note("init: %s", text);
}

/* The verdict has been sent, or there can be none. */
void halt(void)
{
	sync();
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

int put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	n = n < 0 ? -errno : 0;
	close(fd);
	return n;
}

size_t get_file(const char *path, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	buf[0] = 0;
	if (fd < 0)
		return 0;
	while (len < size - 1) {
		n = read(fd, buf + len, size - 1 - len);
		if (n <= 0)
			break;
		len += n;
	}
	buf[len] = 0;
	close(fd);
	return len;
}

void conf_read(void)
{
	struct stat st;
	int fd = open("/run.conf", O_RDONLY);
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	conf = calloc(1, st.st_size + 1);
	while ((n = read(fd, conf + conf_len, st.st_size - conf_len)) > 0)
		conf_len += n;
	close(fd);
	unlink("/run.conf");
}

/* The next value of @key after *@pos, which starts as NULL; or NULL. */
char *conf_next(const char *key, char **pos)
{
	char *p = *pos ? *pos + strlen(*pos) + 1 : conf;
	size_t klen = strlen(key);

	for (; p && p < conf + conf_len; p += strlen(p) + 1) {
		if (strncmp(p, key, klen) || p[klen] != '=')
			continue;
		*pos = p;
		return p + klen + 1;
	}
	return NULL;
}

bool conf_has(const char *key)
{
	char *pos = NULL;

	return conf_next(key, &pos);
}
