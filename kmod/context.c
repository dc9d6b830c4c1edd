// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts: see context.h.
 *
 * Steps of the model (docs/model.md): close, dismantle.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/sched/mm.h>

#include "context.h"
#include "data_pipe.h"
#include "ident.h"
#include "invitation.h"
#include "ioctl.h"
#include "label.h"
#include "listener.h"
#include "memory.h"
#include "mmap.h"
#include "net.h"
#include "object.h"
#include "pipe.h"
#include "process.h"
#include "transaction.h"
#include "usage.h"

static atomic_long_t capipc_context_ids = ATOMIC_LONG_INIT(0);

static struct file *capipc_context_find_exe(void)
{
	struct file *exe;

	rcu_read_lock();
	exe = capipc_compat_get_file_rcu(&current->mm->exe_file);
	rcu_read_unlock();
	return exe;
}

/* Take a number, which nobody sees yet. */
static int capipc_context_reserve_id(struct capipc_context *context, struct capipc_net *cn)
{
	unsigned long id;
	int ret;

	do {
		/* Where a long is short it may come round to one that is in use. */
		id = (unsigned long)atomic_long_inc_return(&capipc_context_ids);
		ret = id ? xa_insert(&cn->contexts, id, NULL, GFP_KERNEL_ACCOUNT) : -EBUSY;
	} while (ret == -EBUSY);
	context->id = id;
	return ret;
}

/* The greatest number given so far. */
u64 capipc_context_last_id(void)
{
	return (unsigned long)atomic_long_read(&capipc_context_ids);
}

static int capipc_open(struct inode *inode, struct file *file)
{
	struct capipc_context *context;
	struct capipc_net *cn;
	int ret;

	if (!current->mm)
		return -EPERM;
	context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);
	if (!context)
		return -ENOMEM;
	cn = capipc_net(current->nsproxy->net_ns);
	ret = capipc_context_reserve_id(context, cn);
	if (ret)
		goto err_free;
	context->uid = current_uid();
	refcount_set(&context->refs, 1);
	spin_lock_init(&context->ready_lock);
	capipc_ready_init(&context->ready);
	INIT_LIST_HEAD(&context->receivers);
	init_waitqueue_head(&context->wait);
	capipc_patience_init(&context->patience);

	context->account = capipc_account_create(context->id, current->nsproxy->net_ns);
	if (IS_ERR(context->account)) {
		ret = PTR_ERR(context->account);
		goto err_id;
	}
	capipc_table_init(&context->table, context->account);
	context->process = capipc_process_get();
	if (IS_ERR(context->process)) {
		ret = PTR_ERR(context->process);
		goto err_account;
	}
	context->exe = capipc_context_find_exe();
	context->pid = get_pid(task_tgid(current));
	context->net = get_net(current->nsproxy->net_ns);
	context->net_ns = context->net->ns.inum;
	rcu_assign_pointer(context->cred, capipc_cred_get(current_cred()));

	mutex_lock(&context->process->lock);
	list_add(&context->process_link, &context->process->contexts);
	mutex_unlock(&context->process->lock);
	/* There is room for it. */
	xa_store(&cn->contexts, context->id, context, GFP_KERNEL_ACCOUNT);
	atomic_inc(&cn->changes);

	file->private_data = context;
	return nonseekable_open(inode, file);

err_account:
	capipc_account_release(context->account);
err_id:
	xa_release(&cn->contexts, context->id);
err_free:
	kfree(context);
	return ret;
}

/* Returns the old credentials, with their reference. */
static const struct cred *capipc_context_set_cred(struct capipc_context *context,
						  const struct cred *cred)
{
	const struct cred *old;

	spin_lock(&context->ready_lock);
	old = rcu_dereference_protected(context->cred, lockdep_is_held(&context->ready_lock));
	rcu_assign_pointer(context->cred, cred);
	spin_unlock(&context->ready_lock);
	return old;
}

/* The calling thread's are others than those it has. */
void capipc_context_change_cred(struct capipc_context *context)
{
	put_cred(capipc_context_set_cred(context, capipc_cred_get(current_cred())));
}

/**
 * capipc_context_dismantle - close everything that a context holds
 * @context: the context; its process lock is held
 *
 * Called when the address space goes, or when the file does; the second time
 * there is nothing left to do.
 */
void capipc_context_dismantle(struct capipc_context *context)
{
	struct capipc_net *cn;
	struct capipc_handle handle;
	LIST_HEAD(garbage);
	u32 cursor = 0;

	lockdep_assert_held(&context->process->lock);
	if (context->dismantled)
		return;
	context->dismantled = true;

	cn = capipc_net(context->net);
	xa_erase(&cn->contexts, context->id);
	atomic_inc(&cn->changes);

	capipc_table_kill(&context->table);
	while (capipc_table_drain(&context->table, &handle, &cursor)) {
		capipc_handle_close(&handle, false, &garbage);
		capipc_garbage_run(&garbage);
		cond_resched();
	}
	capipc_table_destroy(&context->table);
	put_cred(capipc_context_set_cred(context, NULL));
	capipc_label_put(context->label);
	context->label = NULL;
	put_net(context->net);
	capipc_account_release(context->account);
	wake_up_all(&context->wait);
}

static void capipc_context_free(struct capipc_context *context)
{
	kfree(context->spare_message);
	kfree(context->spare_transaction);
	if (context->exe)
		fput(context->exe);
	put_pid(context->pid);
	kfree_rcu(context, rcu);
}

void capipc_context_put(struct capipc_context *context)
{
	if (refcount_dec_and_test(&context->refs))
		capipc_context_free(context);
}

static int capipc_release(struct inode *inode, struct file *file)
{
	struct capipc_context *context = file->private_data;
	struct capipc_process *process = context->process;

	mutex_lock(&process->lock);
	capipc_context_dismantle(context);
	list_del(&context->process_link);
	mutex_unlock(&process->lock);
	capipc_context_put(context);
	capipc_process_put(process);
	return 0;
}

static __poll_t capipc_poll(struct file *file, poll_table *wait)
{
	struct capipc_context *context = file->private_data;

	poll_wait(file, &context->wait, wait);
	if (!capipc_context_is_mine(context))
		return EPOLLERR | EPOLLHUP;
	return capipc_ready_is_empty(&context->ready) ? 0 : EPOLLIN | EPOLLRDNORM;
}

int capipc_ioctl_info(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_info *info = &request->argument.info;

	if (info->flags)
		return -EINVAL;
	info->abi_version = CAPIPC_ABI_VERSION;
	info->message_max = CAPIPC_MESSAGE_MAX;
	info->attachments_max = CAPIPC_ATTACHMENTS_MAX;
	info->rules_max = CAPIPC_RULES_MAX;
	info->window_bytes = READ_ONCE(capipc_window_bytes);
	info->window_messages = READ_ONCE(capipc_window_messages);
	info->features = 0;
	info->context_id = context->id;
	return capipc_request_respond(request);
}

int capipc_ioctl_close(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_close *arg = &request->argument.close;
	struct capipc_handle handle;
	LIST_HEAD(garbage);
	int ret;

	if (arg->flags || arg->reserved)
		return -EINVAL;
	ret = capipc_table_remove(&context->table, arg->handle, &handle);
	if (ret)
		return ret;
	capipc_handle_close(&handle, true, &garbage);
	capipc_garbage_run(&garbage);
	return 0;
}

/* Look up an object. */
static int capipc_context_get_object(struct capipc_context *context, u32 value,
				     struct capipc_handle *out)
{
	int ret = capipc_table_get_any(&context->table, value, out);

	if (ret)
		return ret;
	if (capipc_handle_is_object(out))
		return 0;
	capipc_handle_put(out);
	return -EPROTOTYPE;
}

int capipc_ioctl_tag(struct capipc_context *context, struct capipc_request *request)
{
	const struct capipc_tag *arg = &request->argument.tag;
	struct capipc_handle handle;
	int ret;

	if (arg->flags & ~(CAPIPC_TAG_WRITABLE | CAPIPC_TAG_PEER_CHANGED) || arg->reserved)
		return -EINVAL;
	ret = capipc_context_get_object(context, arg->handle, &handle);
	if (ret)
		return ret;
	capipc_object_lock(handle.object);
	if (handle.object->owner != context || handle.object->handle != arg->handle) {
		ret = -EBADF;
	} else if (handle.kind == CAPIPC_KIND_ENDPOINT) {
		handle.object->cookie = arg->cookie;
		capipc_endpoint_tell_locked(capipc_endpoint(handle.object), arg->flags);
	} else if (arg->flags) {
		ret = -EINVAL;
	} else {
		handle.object->cookie = arg->cookie;
	}
	capipc_object_unlock(handle.object);
	capipc_handle_put(&handle);
	return ret;
}

int capipc_ioctl_inspect(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_inspect *arg = &request->argument.inspect;
	struct capipc_data_pipe *data_pipe;
	struct capipc_endpoint *endpoint;
	struct capipc_handle handle;
	int ret;

	if (arg->flags)
		return -EINVAL;
	ret = capipc_table_get_any(&context->table, arg->handle, &handle);
	if (ret)
		return ret;
	arg->kind = handle.kind;
	arg->rights = handle.rights;
	arg->state = 0;
	arg->queued = 0;
	arg->facet = 0;
	arg->cookie = 0;
	arg->object_id = 0;
	arg->bytes = 0;
	arg->element_bytes = 0;
	arg->reserved = 0;

	switch (handle.kind) {
	case CAPIPC_KIND_ENDPOINT:
		endpoint = capipc_endpoint(handle.object);
		capipc_object_lock(handle.object);
		if (capipc_peer_closed_locked(endpoint))
			arg->state |= CAPIPC_INSPECT_PEER_CLOSED;
		if (endpoint->rules)
			arg->state |= CAPIPC_INSPECT_RULES;
		if (endpoint->attenuation)
			arg->state |= CAPIPC_INSPECT_ATTENUATED;
		if (endpoint->confinement)
			arg->state |= CAPIPC_INSPECT_CONFINED;
		arg->queued = handle.object->queued;
		arg->facet = endpoint->facet;
		arg->cookie = handle.object->cookie;
		capipc_object_unlock(handle.object);
		arg->object_id = capipc_endpoint_pipe(endpoint)->id;
		break;
	case CAPIPC_KIND_LISTENER:
		capipc_object_lock(handle.object);
		arg->queued = handle.object->queued;
		arg->cookie = handle.object->cookie;
		capipc_object_unlock(handle.object);
		arg->object_id = capipc_listener(handle.object)->id;
		break;
	case CAPIPC_KIND_INVITATION:
		capipc_object_lock(handle.object);
		arg->queued = handle.object->queued;
		arg->cookie = handle.object->cookie;
		capipc_object_unlock(handle.object);
		arg->object_id = capipc_invitation(handle.object)->id;
		break;
	case CAPIPC_KIND_PRODUCER:
	case CAPIPC_KIND_CONSUMER:
		data_pipe = capipc_data_end_pipe(capipc_data_end(handle.object));
		capipc_object_lock(handle.object);
		if (capipc_object_peer_closed_locked(handle.object))
			arg->state |= CAPIPC_INSPECT_PEER_CLOSED;
		arg->cookie = handle.object->cookie;
		capipc_object_unlock(handle.object);
		arg->object_id = data_pipe->id;
		arg->bytes = data_pipe->bytes;
		arg->element_bytes = data_pipe->element_bytes;
		break;
	case CAPIPC_KIND_BUFFER:
		arg->object_id = handle.memory->id;
		arg->bytes = capipc_memory_size(handle.memory);
		break;
	}
	capipc_handle_put(&handle);
	return capipc_request_respond(request);
}

const struct file_operations capipc_fops = {
	.owner = THIS_MODULE,
	.open = capipc_open,
	.release = capipc_release,
	.unlocked_ioctl = capipc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = capipc_poll,
	.show_fdinfo = capipc_show_fdinfo,
	.mmap = capipc_mmap,
};
