// SPDX-License-Identifier: GPL-2.0
/*
 * Limits: see limits.h.
 */
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

#include "limits.h"
#include "main.h"
#include "user.h"

/* Protects what is set for users, and is held while it is applied to them. */
static DEFINE_MUTEX(capipc_limits_mutex);

/* What is set for a user, by kuid: an array of values by number of the limit. */
static DEFINE_XARRAY(capipc_limits_for);

static unsigned long capipc_machine[CAPIPC_LIMITS] = {
	[CAPIPC_LIMIT_A_LISTENERS] = 16384,
	[CAPIPC_LIMIT_A_CONTEXTS] = 1024,
};

static unsigned long capipc_per_uid[CAPIPC_LIMITS] = {
	[CAPIPC_LIMIT_A_BYTES] = 256UL << 20,
	[CAPIPC_LIMIT_A_BYTES_PER_CONTEXT] = 64UL << 20,
	[CAPIPC_LIMIT_A_HANDLES] = 262144,
	[CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT] = 65536,
	[CAPIPC_LIMIT_A_LISTENERS] = 256,
	[CAPIPC_LIMIT_A_CONTEXTS] = 1024,
	[CAPIPC_LIMIT_A_FILES] = 65536,
	[CAPIPC_LIMIT_A_CONNECT_RATE] = 1000,
	[CAPIPC_LIMIT_A_CONNECT_BURST] = 2000,
	[CAPIPC_LIMIT_A_EVENT_RATE] = 500,
	[CAPIPC_LIMIT_A_EVENT_BURST] = 1000,
};

static unsigned long capipc_reserve_per_uid[CAPIPC_RESOURCES] = {
	[CAPIPC_BYTES] = 128UL << 10,
	[CAPIPC_HANDLES] = 64,
};

static unsigned long capipc_reserve_per_context[CAPIPC_RESOURCES] = {
	[CAPIPC_BYTES] = 128UL << 10,
	[CAPIPC_HANDLES] = 32,
};

unsigned int capipc_window_bytes = 4U << 20;
unsigned int capipc_window_messages = 1024;
bool capipc_fast_path = true;

/* Where the parameters of the machine are zero. */
static void capipc_limits_choose(void)
{
	if (!capipc_machine[CAPIPC_LIMIT_A_BYTES])
		capipc_machine[CAPIPC_LIMIT_A_BYTES] = totalram_pages() / 4 * PAGE_SIZE;
	if (!capipc_machine[CAPIPC_LIMIT_A_HANDLES])
		capipc_machine[CAPIPC_LIMIT_A_HANDLES] =
			capipc_machine[CAPIPC_LIMIT_A_BYTES] / 1024;
}

static int capipc_parameter_set(const char *text, const struct kernel_param *parameter)
{
	int ret;

	mutex_lock(&capipc_limits_mutex);
	ret = param_set_ulong(text, parameter);
	if (!ret) {
		capipc_limits_choose();
		capipc_users_refresh();
	}
	mutex_unlock(&capipc_limits_mutex);
	return ret;
}

static const struct kernel_param_ops capipc_parameter_ops = {
	.set = capipc_parameter_set,
	.get = param_get_ulong,
};

module_param_cb(max_bytes, &capipc_parameter_ops, &capipc_machine[CAPIPC_LIMIT_A_BYTES], 0644);
MODULE_PARM_DESC(max_bytes, "bytes of kernel memory that all users may cause; 0 chooses");

module_param_cb(max_handles, &capipc_parameter_ops, &capipc_machine[CAPIPC_LIMIT_A_HANDLES], 0644);
MODULE_PARM_DESC(max_handles, "handles that all users may have; 0 chooses");

module_param_cb(max_listeners, &capipc_parameter_ops,
		&capipc_machine[CAPIPC_LIMIT_A_LISTENERS], 0644);
MODULE_PARM_DESC(max_listeners, "names that all users may have bound");

module_param_cb(max_users, &capipc_parameter_ops, &capipc_machine[CAPIPC_LIMIT_A_CONTEXTS], 0644);
MODULE_PARM_DESC(max_users, "users that may have contexts open");

module_param_cb(reserve_bytes_per_uid, &capipc_parameter_ops,
		&capipc_reserve_per_uid[CAPIPC_BYTES], 0644);
MODULE_PARM_DESC(reserve_bytes_per_uid, "bytes that a user can have at least");

module_param_cb(reserve_handles_per_uid, &capipc_parameter_ops,
		&capipc_reserve_per_uid[CAPIPC_HANDLES], 0644);
MODULE_PARM_DESC(reserve_handles_per_uid, "handles that a user can have at least");

module_param_cb(reserve_bytes_per_context, &capipc_parameter_ops,
		&capipc_reserve_per_context[CAPIPC_BYTES], 0644);
MODULE_PARM_DESC(reserve_bytes_per_context, "bytes that a context can have at least");

module_param_cb(reserve_handles_per_context, &capipc_parameter_ops,
		&capipc_reserve_per_context[CAPIPC_HANDLES], 0644);
MODULE_PARM_DESC(reserve_handles_per_context, "handles that a context can have at least");

module_param_cb(max_bytes_per_uid, &capipc_parameter_ops,
		&capipc_per_uid[CAPIPC_LIMIT_A_BYTES], 0644);
MODULE_PARM_DESC(max_bytes_per_uid, "bytes of kernel memory that a user may cause");

module_param_cb(max_bytes_per_context, &capipc_parameter_ops,
		&capipc_per_uid[CAPIPC_LIMIT_A_BYTES_PER_CONTEXT], 0644);
MODULE_PARM_DESC(max_bytes_per_context, "bytes of kernel memory that a context may cause");

module_param_cb(max_handles_per_uid, &capipc_parameter_ops,
		&capipc_per_uid[CAPIPC_LIMIT_A_HANDLES], 0644);
MODULE_PARM_DESC(max_handles_per_uid, "handles that a user may have, in flight included");

module_param_cb(max_handles_per_context, &capipc_parameter_ops,
		&capipc_per_uid[CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT], 0644);
MODULE_PARM_DESC(max_handles_per_context, "handles that a context may have, in flight included");

module_param_cb(max_listeners_per_uid, &capipc_parameter_ops,
		&capipc_per_uid[CAPIPC_LIMIT_A_LISTENERS], 0644);
MODULE_PARM_DESC(max_listeners_per_uid, "names that a user may have bound");

module_param_cb(max_contexts_per_uid, &capipc_parameter_ops,
		&capipc_per_uid[CAPIPC_LIMIT_A_CONTEXTS], 0644);
MODULE_PARM_DESC(max_contexts_per_uid, "contexts that a user may have open");

module_param_cb(max_files_per_uid, &capipc_parameter_ops,
		&capipc_per_uid[CAPIPC_LIMIT_A_FILES], 0644);
MODULE_PARM_DESC(max_files_per_uid, "files that a user may have in flight");

module_param_cb(max_connects_per_second, &capipc_parameter_ops,
		&capipc_per_uid[CAPIPC_LIMIT_A_CONNECT_RATE], 0644);
MODULE_PARM_DESC(max_connects_per_second, "connections that a user may make in a second");

module_param_cb(max_connect_burst, &capipc_parameter_ops,
		&capipc_per_uid[CAPIPC_LIMIT_A_CONNECT_BURST], 0644);
MODULE_PARM_DESC(max_connect_burst, "connections that a user may make at once");

module_param_cb(max_events_per_second, &capipc_parameter_ops,
		&capipc_per_uid[CAPIPC_LIMIT_A_EVENT_RATE], 0644);
MODULE_PARM_DESC(max_events_per_second, "events of a type that a user may cause in a second");

module_param_cb(max_event_burst, &capipc_parameter_ops,
		&capipc_per_uid[CAPIPC_LIMIT_A_EVENT_BURST], 0644);
MODULE_PARM_DESC(max_event_burst, "events of a type that a user may cause at once");

module_param_named(window_bytes, capipc_window_bytes, uint, 0644);
MODULE_PARM_DESC(window_bytes, "bytes that may wait in one direction of a pipe");

module_param_named(window_messages, capipc_window_messages, uint, 0644);
MODULE_PARM_DESC(window_messages, "messages that may wait in one direction of a pipe");

module_param_named(fast_path, capipc_fast_path, bool, 0644);
MODULE_PARM_DESC(fast_path, "take short cuts where they make no difference but in time");

void capipc_limits_lock(void)
{
	mutex_lock(&capipc_limits_mutex);
}

void capipc_limits_unlock(void)
{
	mutex_unlock(&capipc_limits_mutex);
}

/* The greatest value that a limit may have. */
long capipc_limit_most(unsigned int limit)
{
	switch (limit) {
	case CAPIPC_LIMIT_A_CONNECT_RATE:
	case CAPIPC_LIMIT_A_CONNECT_BURST:
	case CAPIPC_LIMIT_A_EVENT_RATE:
	case CAPIPC_LIMIT_A_EVENT_BURST:
		return CAPIPC_RATE_MAX;
	default:
		return CAPIPC_LIMIT_MAX;
	}
}

/**
 * capipc_limits_of_machine - the limits of all users together
 * @limits: out, by number; those that do not apply are 0
 */
void capipc_limits_of_machine(long *limits)
{
	unsigned int i;

	lockdep_assert_held(&capipc_limits_mutex);
	for (i = 0; i < CAPIPC_LIMITS; i++)
		limits[i] = min_t(unsigned long, capipc_machine[i], CAPIPC_LIMIT_MAX);
}

/**
 * capipc_limits_of_user - the limits of one user
 * @uid: who
 * @limits: out, by number
 */
void capipc_limits_of_user(kuid_t uid, long *limits)
{
	const u64 *set = capipc_limits_set_for(uid);
	unsigned int i;
	u64 value;

	for (i = 0; i < CAPIPC_LIMITS; i++) {
		value = set && set[i] != CAPIPC_LIMIT_DEFAULT ? set[i] : capipc_per_uid[i];
		limits[i] = min_t(u64, value, capipc_limit_most(i));
	}
}

/**
 * capipc_limits_reserve - what somebody shall have at least
 * @resource: of what
 * @of_user: of a user in the machine; else of a context of a user
 */
long capipc_limits_reserve(enum capipc_resource resource, bool of_user)
{
	unsigned long *reserve = of_user ? capipc_reserve_per_uid : capipc_reserve_per_context;

	lockdep_assert_held(&capipc_limits_mutex);
	return min_t(unsigned long, reserve[resource], CAPIPC_LIMIT_MAX);
}

/* What is set for a user, CAPIPC_LIMIT_DEFAULT where nothing is; or NULL. */
const u64 *capipc_limits_set_for(kuid_t uid)
{
	lockdep_assert_held(&capipc_limits_mutex);
	return xa_load(&capipc_limits_for, __kuid_val(uid));
}

/**
 * capipc_limits_set - set limits of one user
 * @uid: who
 * @values: all of them, by number; CAPIPC_LIMIT_DEFAULT where none shall be set
 *
 * Return: 0, or -ENOMEM and nothing has changed.
 */
int capipc_limits_set(kuid_t uid, const u64 *values)
{
	u64 *copy = NULL;
	unsigned int i;
	void *old;

	lockdep_assert_held(&capipc_limits_mutex);
	for (i = 0; i < CAPIPC_LIMITS && values[i] == CAPIPC_LIMIT_DEFAULT; i++)
		;
	if (i < CAPIPC_LIMITS) {
		copy = kmemdup(values, CAPIPC_LIMITS * sizeof(*values), GFP_KERNEL_ACCOUNT);
		if (!copy)
			return -ENOMEM;
	}
	old = xa_store(&capipc_limits_for, __kuid_val(uid), copy, GFP_KERNEL_ACCOUNT);
	if (xa_is_err(old)) {
		kfree(copy);
		return xa_err(old);
	}
	kfree(old);
	capipc_users_refresh();
	return 0;
}

void capipc_limits_init(void)
{
	mutex_lock(&capipc_limits_mutex);
	capipc_limits_choose();
	mutex_unlock(&capipc_limits_mutex);
}

void capipc_limits_exit(void)
{
	unsigned long index;
	void *values;

	xa_for_each(&capipc_limits_for, index, values)
		kfree(values);
	xa_destroy(&capipc_limits_for);
}
