/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of init share; init.c says what it is. */
#ifndef CAPIPC_QEMU_GUEST_H
#define CAPIPC_QEMU_GUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "../proto.h"

#define MODULE	 "capipc"
#define KMEMLEAK "/sys/kernel/debug/kmemleak"

/* util.c */
extern int port; /* to the host, or -1 */
extern int kmsg; /* to the kernel log */

void msleep(long ms);
void write_all(int fd, const void *buf, size_t len);
int put_file(const char *path, const char *text); /* 0 or -errno */
size_t get_file(const char *path, char *buf, size_t size);

void send_frame(enum frame_type type, const void *buf, size_t len);
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say(enum frame_type type, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void halt(void) __attribute__((noreturn));

void conf_read(void);
char *conf_next(const char *key, char **pos);
bool conf_has(const char *key);

/* command.c */
int command_run(void);

/* leak.c */
void leak_check(bool with_module);

#endif
