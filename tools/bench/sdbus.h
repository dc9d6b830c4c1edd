/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sd-bus, loaded when it is wanted: capipc-bench builds without its headers and runs without
 * libsystemd, but has no D-Bus then.
 */
#ifndef BENCH_SDBUS_H
#define BENCH_SDBUS_H

#if __has_include(<systemd/sd-bus.h>)
#define HAVE_SDBUS 1

#include <systemd/sd-bus.h>

/* sd_bus_call() is sd.call() here, and so on. */
#define SDBUS_FUNCTIONS(_)           \
	_(add_object_vtable)         \
	_(call)                      \
	_(creds_get_euid)            \
	_(creds_unref)               \
	_(flush)                     \
	_(flush_close_unref)         \
	_(get_name_creds)            \
	_(message_append)            \
	_(message_append_array)      \
	_(message_close_container)   \
	_(message_get_sender)        \
	_(message_new_method_call)   \
	_(message_new_method_return) \
	_(message_open_container)    \
	_(message_read)              \
	_(message_read_array)        \
	_(message_set_expect_reply)  \
	_(message_unref)             \
	_(new)                       \
	_(process)                   \
	_(request_name)              \
	_(send)                      \
	_(set_address)               \
	_(set_bus_client)            \
	_(set_fd)                    \
	_(start)                     \
	_(wait)

struct sdbus {
#define _(name) __typeof__(sd_bus_##name) *(name);
	SDBUS_FUNCTIONS(_)
#undef _
	__typeof__(sd_bus_object_vtable_format) *object_vtable_format;
};

extern struct sdbus sd;

/* Whether there is one, which is from then on in @sd. */
bool sdbus_load(void);

/*
 * Starts a message bus for those who connect to @listener: dbus-broker, which ends with the
 * process that started it. All may do everything. 0 or -errno.
 */
int dbus_broker_start(int listener);

#endif /* __has_include */
#endif /* BENCH_SDBUS_H */
