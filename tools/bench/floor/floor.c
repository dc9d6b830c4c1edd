// SPDX-License-Identifier: GPL-2.0
/*
 * capipc-floor - two kernel threads that wake each other, as often as one says.
 *
 * Whoever says so counts what it takes: capipc-bench(1) compares a call with it, which
 * wakes another process and is woken by it, and enters the kernel twice.
 */
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include "floor.h"

/*
 * struct floor_side - one of the two threads
 * @thread: it
 * @turn: the other one has given it the turn, and woken it
 */
struct floor_side {
	struct task_struct *thread;
	bool turn;
};

static struct floor_side floor_first, floor_second;
/* Turns that the first thread still has to give away; its own while it has the turn. */
static unsigned long floor_rounds;
static DECLARE_COMPLETION(floor_done);
/* Taken by who sets floor_rounds, until floor_done. */
static DEFINE_MUTEX(floor_mutex);

static void floor_give_turn(struct floor_side *side)
{
	/* pairs with the one in floor_take_turn() */
	smp_store_release(&side->turn, true);
	wake_up_process(side->thread);
}

/* False when it is not to wait any more, but to go. */
static bool floor_take_turn(struct floor_side *side)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		/* pairs with the one in floor_give_turn() */
		if (smp_load_acquire(&side->turn) || kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	if (!side->turn)
		return false;
	side->turn = false;
	return true;
}

static int floor_run_first(void *unused)
{
	while (floor_take_turn(&floor_first)) {
		if (floor_rounds--)
			floor_give_turn(&floor_second);
		else
			complete(&floor_done);
	}
	return 0;
}

static int floor_run_second(void *unused)
{
	while (floor_take_turn(&floor_second))
		floor_give_turn(&floor_first);
	return 0;
}

static long floor_ioctl(struct file *file, unsigned int request, unsigned long rounds)
{
	if (request != FLOOR_IOC_WAKE)
		return -ENOTTY;
	if (!rounds || rounds > FLOOR_MAX)
		return -EINVAL;
	if (mutex_lock_interruptible(&floor_mutex))
		return -EINTR;
	floor_rounds = rounds;
	floor_give_turn(&floor_first);
	wait_for_completion(&floor_done);
	mutex_unlock(&floor_mutex);
	return 0;
}

static const struct file_operations floor_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = floor_ioctl,
};

static struct miscdevice floor_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "capipc-floor",
	.fops = &floor_operations,
};

static int __init floor_start(struct floor_side *side, int (*run)(void *), const char *name)
{
	struct task_struct *thread = kthread_create(run, NULL, "%s", name);

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	side->thread = thread;
	return 0;
}

static int __init floor_init(void)
{
	int ret = floor_start(&floor_first, floor_run_first, "capipc-floor/1");

	if (ret)
		return ret;
	ret = floor_start(&floor_second, floor_run_second, "capipc-floor/2");
	if (ret)
		goto stop_first;
	wake_up_process(floor_first.thread);
	wake_up_process(floor_second.thread);
	ret = misc_register(&floor_device);
	if (ret)
		goto stop_second;
	return 0;

stop_second:
	kthread_stop(floor_second.thread);
stop_first:
	kthread_stop(floor_first.thread);
	return ret;
}

static void __exit floor_exit(void)
{
	misc_deregister(&floor_device);
	kthread_stop(floor_second.thread);
	kthread_stop(floor_first.thread);
}

module_init(floor_init);
module_exit(floor_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Two threads that wake each other, for capipc-bench");
