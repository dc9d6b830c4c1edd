// SPDX-License-Identifier: GPL-2.0
/*
 * Invitations: see invitation.h and docs/invitation.md.
 *
 * Steps of the model (docs/model.md): invite, inviting, accept, end.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "account.h"
#include "confinement.h"
#include "context.h"
#include "ident.h"
#include "invitation.h"
#include "ioctl.h"
#include "message.h"
#include "rule.h"
#include "table.h"
#include "transfer.h"

#define CAPIPC_KINDS_INVITED	(BIT(CAPIPC_KIND_ENDPOINT) | BIT(CAPIPC_KIND_LISTENER))

/* A time that is farther away is looked at again after that long, in jiffies. */
#define CAPIPC_EXPIRY_MAX	(HZ * 86400UL)

static struct workqueue_struct *capipc_expiries;

/**
 * struct capipc_remains - what is left to do for who has ended an invitation
 * @held: what was attached
 * @news: unless it is in the queue
 * @rules: who could have accepted
 */
struct capipc_remains {
	struct capipc_message *held;
	struct capipc_message *news;
	struct capipc_ruleset *rules;
};

void capipc_invitation_put(struct capipc_invitation *invitation)
{
	if (!refcount_dec_and_test(&invitation->refs))
		return;
	WARN_ON_ONCE(invitation->held || !list_empty(&invitation->object.queue));
	capipc_ident_put(invitation->inviter);
	capipc_ident_put(invitation->acceptor);
	put_net(invitation->net);
	kfree(invitation);
}

/* It is open, and no longer: take out what it holds. */
static void capipc_invitation_end_locked(struct capipc_invitation *invitation,
					 enum capipc_invitation_state state,
					 struct capipc_remains *remains)
{
	lockdep_assert_held(invitation->object.lock);
	WRITE_ONCE(invitation->state, state);
	remains->held = invitation->held;
	invitation->held = NULL;
	remains->news = invitation->news;
	invitation->news = NULL;
	remains->rules = invitation->rules;
	invitation->rules = NULL;
	wake_up_all(&invitation->wait);
}

/* Tell the inviter, unless it has gone: the last thing that it receives from here. */
static void capipc_invitation_news_locked(struct capipc_invitation *invitation,
					  struct capipc_remains *remains)
{
	struct capipc_object *object = &invitation->object;

	lockdep_assert_held(invitation->object.lock);
	if (object->place == CAPIPC_PLACE_CLOSED)
		return;
	capipc_object_queue_locked(object, remains->news);
	remains->news = NULL;
	object->peer_closed_told = true;
}

/* After the lock has been released. What it held is the caller's to deal with. */
static void capipc_invitation_settle(struct capipc_invitation *invitation,
				     struct capipc_remains *remains)
{
	capipc_ruleset_put(remains->rules);
	if (remains->news)
		capipc_message_free(remains->news);
	/* It is paid for no more: what is left is memory of an open file. */
	capipc_account_uncharge(invitation->account, CAPIPC_BYTES, invitation->charge);
	if (cancel_delayed_work(&invitation->expiry))
		capipc_invitation_put(invitation);
}

static bool capipc_invitation_end(struct capipc_invitation *invitation,
				  enum capipc_invitation_state state,
				  struct capipc_remains *remains)
{
	bool open;

	capipc_object_lock(&invitation->object);
	open = invitation->state == CAPIPC_INVITATION_OPEN;
	if (open)
		capipc_invitation_end_locked(invitation, state, remains);
	capipc_object_unlock(&invitation->object);
	return open;
}

/**
 * capipc_invitation_withdraw - its inviter does not hold it any more
 * @invitation: closed
 * @garbage: what it held is added here
 */
void capipc_invitation_withdraw(struct capipc_invitation *invitation, struct list_head *garbage)
{
	struct capipc_remains remains;

	if (!capipc_invitation_end(invitation, CAPIPC_INVITATION_WITHDRAWN, &remains))
		return;
	list_add_tail(&remains.held->link, garbage);
	capipc_invitation_settle(invitation, &remains);
}

/* Nobody will accept it: close what it holds, and only then say so. */
static void capipc_invitation_close(struct capipc_invitation *invitation,
				    enum capipc_invitation_state state)
{
	struct capipc_remains remains;
	LIST_HEAD(garbage);

	if (!capipc_invitation_end(invitation, state, &remains))
		return;
	list_add_tail(&remains.held->link, &garbage);
	capipc_garbage_run(&garbage);
	remains.news->type = CAPIPC_RECEIVED_INVITATION_CLOSED;
	capipc_object_lock(&invitation->object);
	capipc_invitation_news_locked(invitation, &remains);
	capipc_object_unlock(&invitation->object);
	capipc_invitation_settle(invitation, &remains);
}

/* ------------------------------------------------------------------------- expiry */

static bool capipc_invitation_late(const struct capipc_invitation *invitation)
{
	return invitation->expires != KTIME_MAX &&
	       ktime_compare(ktime_get(), invitation->expires) >= 0;
}

/* The work has a reference of its own from here on. */
static void capipc_invitation_arm_locked(struct capipc_invitation *invitation)
{
	s64 left = ktime_to_ns(ktime_sub(invitation->expires, ktime_get()));
	unsigned long delay = min_t(u64, nsecs_to_jiffies64(max_t(s64, left, 0)) + 1,
				    CAPIPC_EXPIRY_MAX);

	lockdep_assert_held(invitation->object.lock);
	queue_delayed_work(capipc_expiries, &invitation->expiry, delay);
}

static void capipc_invitation_expire(struct work_struct *work)
{
	struct capipc_invitation *invitation =
		container_of(to_delayed_work(work), struct capipc_invitation, expiry);

	capipc_object_lock(&invitation->object);
	if (invitation->state == CAPIPC_INVITATION_OPEN && !capipc_invitation_late(invitation)) {
		capipc_invitation_arm_locked(invitation);
		capipc_object_unlock(&invitation->object);
		return;
	}
	capipc_object_unlock(&invitation->object);
	capipc_invitation_close(invitation, CAPIPC_INVITATION_EXPIRED);
	capipc_invitation_put(invitation);
}

int __init capipc_invitation_init(void)
{
	capipc_expiries = alloc_workqueue("capipc_expiries", WQ_UNBOUND, 0);
	return capipc_expiries ? 0 : -ENOMEM;
}

/* No invitation is open any more, but the work of one may just be running. */
void capipc_invitation_exit(void)
{
	destroy_workqueue(capipc_expiries);
}

/* --------------------------------------------------------------------------- file */

/* The last descriptor is closed, by whatever task. */
static int capipc_invitation_release(struct inode *inode, struct file *file)
{
	struct capipc_invitation *invitation = file->private_data;

	capipc_invitation_close(invitation, CAPIPC_INVITATION_DROPPED);
	capipc_invitation_put(invitation);
	return 0;
}

static __poll_t capipc_invitation_poll(struct file *file, poll_table *wait)
{
	struct capipc_invitation *invitation = file->private_data;

	poll_wait(file, &invitation->wait, wait);
	return READ_ONCE(invitation->state) == CAPIPC_INVITATION_OPEN ?
		EPOLLIN | EPOLLRDNORM : EPOLLHUP;
}

static const struct file_operations capipc_invitation_fops = {
	.owner = THIS_MODULE,
	.release = capipc_invitation_release,
	.poll = capipc_invitation_poll,
	.llseek = noop_llseek,
};

bool capipc_file_is_invitation(const struct file *file)
{
	return file->f_op == &capipc_invitation_fops;
}

/* ----------------------------------------------------------------------- inviting */

static struct capipc_ruleset *capipc_invitation_rules(struct capipc_context *context,
						      const struct capipc_invite *arg)
{
	struct capipc_ruleset *rules;
	u32 i;

	rules = capipc_ruleset_create(context, arg->rules, arg->rules_count, arg->rule_size, true);
	for (i = 0; !IS_ERR(rules) && i < rules->count; i++) {
		if (rules->rules[i].facet) {
			capipc_ruleset_put(rules);
			return ERR_PTR(-EINVAL);
		}
	}
	return rules;
}

static struct capipc_invitation *capipc_invitation_alloc(struct capipc_context *context,
							 const struct capipc_invite *arg)
{
	struct capipc_invitation *invitation;
	size_t size = struct_size(invitation, invited, arg->attachments_count);
	int ret;

	ret = capipc_account_charge(context->account, CAPIPC_BYTES, size);
	if (ret)
		return ERR_PTR(ret);
	invitation = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!invitation) {
		capipc_account_uncharge(context->account, CAPIPC_BYTES, size);
		return ERR_PTR(-ENOMEM);
	}
	capipc_guard_init(&invitation->guard);
	capipc_object_init(&invitation->object, CAPIPC_KIND_INVITATION, &invitation->guard);
	refcount_set(&invitation->refs, 1);
	INIT_DELAYED_WORK(&invitation->expiry, capipc_invitation_expire);
	init_waitqueue_head(&invitation->wait);
	invitation->id = capipc_object_next_id();
	invitation->context_id = context->id;
	invitation->net = get_net(context->net);
	invitation->account = context->account;
	invitation->charge = size;
	invitation->object.cookie = arg->cookie;
	invitation->may_kill = arg->flags & CAPIPC_INVITE_MAY_KILL;
	invitation->expires = ns_to_ktime(arg->expires_ns);
	invitation->count = arg->attachments_count;
	return invitation;
}

/* It was never open: nobody but the caller knows it, and a file at most. */
static void capipc_invitation_discard(struct capipc_invitation *invitation)
{
	capipc_ruleset_put(invitation->rules);
	invitation->rules = NULL;
	if (invitation->held)
		capipc_message_free(invitation->held);
	invitation->held = NULL;
	if (invitation->news)
		capipc_message_free(invitation->news);
	invitation->news = NULL;
	capipc_account_uncharge(invitation->account, CAPIPC_BYTES, invitation->charge);
	capipc_invitation_put(invitation);
}

static struct capipc_invitation *capipc_invitation_create(struct capipc_context *context,
							  const struct capipc_invite *arg)
{
	struct capipc_invitation *invitation = capipc_invitation_alloc(context, arg);
	struct capipc_message *message;
	struct capipc_ruleset *rules;

	if (IS_ERR(invitation))
		return invitation;
	rules = capipc_invitation_rules(context, arg);
	if (IS_ERR(rules)) {
		capipc_invitation_discard(invitation);
		return ERR_CAST(rules);
	}
	invitation->rules = rules;
	message = capipc_message_create(context, context->account, NULL, 0,
					arg->attachments_count);
	if (IS_ERR(message))
		goto err_message;
	invitation->held = message;
	message = capipc_message_create(context, context->account, NULL, 0, 0);
	if (IS_ERR(message))
		goto err_message;
	invitation->news = message;
	invitation->inviter = capipc_ident_create(context);
	if (!invitation->inviter) {
		capipc_invitation_discard(invitation);
		return ERR_PTR(-ENOMEM);
	}
	return invitation;

err_message:
	capipc_invitation_discard(invitation);
	return ERR_CAST(message);
}

/* Copy and check one attachment, and take its handle out of the table. */
static int capipc_invitation_attach(struct capipc_invitation *invitation,
				    struct capipc_transfer *transfer,
				    struct capipc_context *context,
				    const struct capipc_invited __user *user, u32 index)
{
	struct capipc_invited *invited = &invitation->invited[index];
	struct capipc_attachment attachment = {};
	int ret;
	u32 i;

	if (copy_from_user(invited, user, sizeof(*invited)))
		return -EFAULT;
	if (invited->kind || invited->reserved)
		return -EINVAL;
	for (i = 0; i < index; i++) {
		if (invitation->invited[i].name == invited->name)
			return -EINVAL;
	}
	attachment.handle = invited->handle;
	attachment.rights = invited->rights;
	ret = capipc_transfer_add(transfer, context, invitation->held, &attachment);
	if (ret)
		return ret;
	invited->handle = 0;
	invited->rights = invitation->held->moved[index].what.rights;
	invited->kind = invitation->held->moved[index].what.kind;
	return 0;
}

static int capipc_invitation_fill(struct capipc_invitation *invitation,
				  struct capipc_transfer *transfer,
				  struct capipc_context *context, u64 attachments)
{
	const struct capipc_invited __user *user = u64_to_user_ptr(attachments);
	int ret;
	u32 i;

	ret = capipc_transfer_init(transfer, invitation->count, CAPIPC_KINDS_INVITED,
				   &invitation->object);
	if (ret)
		return ret;
	for (i = 0; i < invitation->count && !ret; i++)
		ret = capipc_invitation_attach(invitation, transfer, context, &user[i], i);
	ret = capipc_transfer_leave(transfer, context, invitation->held, ret);
	if (ret)
		return ret;
	/* Who may receive it is asked where messages arrive. Nobody can confine it now. */
	for (i = 0; i < invitation->count; i++) {
		if (capipc_confinement_is_on(&invitation->held->moved[i])) {
			capipc_transfer_abort(transfer, context, invitation->held);
			return -EPERM;
		}
	}
	/* What was charged for the handles is charged for the message from now on. */
	invitation->held->handles = invitation->count;
	return 0;
}

static struct file *capipc_invitation_file(struct capipc_invitation *invitation)
{
	struct file *file = anon_inode_getfile("[capipc-invitation]", &capipc_invitation_fops,
					       invitation, O_RDONLY);

	if (!IS_ERR(file))
		refcount_inc(&invitation->refs);
	return file;
}

/* Everything has been made: nothing can fail any more. */
static void capipc_invitation_open(struct capipc_invitation *invitation,
				   struct capipc_transfer *transfer,
				   struct capipc_context *context, u32 handle)
{
	capipc_transfer_finish(transfer, context, false);
	capipc_object_lock(&invitation->object);
	invitation->state = CAPIPC_INVITATION_OPEN;
	if (invitation->expires != KTIME_MAX) {
		refcount_inc(&invitation->refs);
		capipc_invitation_arm_locked(invitation);
	}
	capipc_object_unlock(&invitation->object);
	capipc_object_hold(&invitation->object, context, handle, CAPIPC_RIGHT_READ);
}

static int capipc_invitation_publish(struct capipc_invitation *invitation,
				     struct capipc_context *context,
				     struct capipc_request *request)
{
	struct capipc_invite *arg = &request->argument.invite;
	struct capipc_table *table = &context->table;
	struct capipc_transfer transfer;
	struct file *file;
	int ret;

	ret = capipc_table_reserve(table, 1, false);
	if (ret)
		return ret;
	ret = get_unused_fd_flags(arg->flags & CAPIPC_INVITE_INHERIT ? 0 : O_CLOEXEC);
	if (ret < 0)
		goto err_reserve;
	arg->fd = ret;
	file = capipc_invitation_file(invitation);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto err_fd;
	}
	ret = capipc_invitation_fill(invitation, &transfer, context, arg->attachments);
	if (ret)
		goto err_file;
	arg->handle = capipc_table_take(table);
	ret = capipc_request_respond(request);
	if (ret)
		goto err_taken;
	capipc_invitation_open(invitation, &transfer, context, arg->handle);
	fd_install(arg->fd, file);
	return 0;

err_taken:
	invitation->held->handles = 0;
	capipc_transfer_abort(&transfer, context, invitation->held);
	capipc_table_abort(table, arg->handle);
	fput(file);
	put_unused_fd(arg->fd);
	return ret;

err_file:
	fput(file);
err_fd:
	put_unused_fd(arg->fd);
err_reserve:
	capipc_table_unreserve(table, 1);
	return ret;
}

int capipc_ioctl_invite(struct capipc_context *context, struct capipc_request *request)
{
	struct capipc_invite *arg = &request->argument.invite;
	struct capipc_invitation *invitation;
	int ret;

	if ((arg->flags & ~(CAPIPC_INVITE_MAY_KILL | CAPIPC_INVITE_INHERIT)) || arg->reserved)
		return -EINVAL;
	if (!arg->attachments_count || arg->attachments_count > CAPIPC_INVITED_MAX)
		return -EINVAL;
	if (arg->expires_ns <= ktime_to_ns(ktime_get()))
		return -ETIMEDOUT;
	invitation = capipc_invitation_create(context, arg);
	if (IS_ERR(invitation))
		return PTR_ERR(invitation);
	ret = capipc_invitation_publish(invitation, context, request);
	if (ret)
		capipc_invitation_discard(invitation);
	return ret;
}

/* ---------------------------------------------------------------------- being accepted */

/**
 * capipc_invitation_check_locked - may the calling thread accept it?
 * @invitation: the invitation
 * @ident: who that is
 * @flags: CAPIPC_ACCEPT_*
 *
 * Return: 0, or -ETIMEDOUT, -ESTALE, -EACCES, -EPERM.
 */
int capipc_invitation_check_locked(struct capipc_invitation *invitation,
				   const struct capipc_ident *ident, u32 flags)
{
	struct capipc_asked asked = { .ident = ident, .connect = true };
	bool allowed;

	lockdep_assert_held(invitation->object.lock);
	if (invitation->state == CAPIPC_INVITATION_EXPIRED)
		return -ETIMEDOUT;
	if (invitation->state != CAPIPC_INVITATION_OPEN ||
	    invitation->object.place != CAPIPC_PLACE_HELD)
		return -ESTALE;
	if (capipc_invitation_late(invitation))
		return -ETIMEDOUT;
	rcu_read_lock();
	asked.receiver = capipc_holder_cred(&invitation->object);
	allowed = capipc_ruleset_decide(invitation->rules, &asked) >= 0;
	rcu_read_unlock();
	if (!allowed)
		return -EACCES;
	if (invitation->may_kill && !(flags & CAPIPC_ACCEPT_MAY_KILL))
		return -EPERM;
	return 0;
}

/**
 * capipc_invitation_take - the calling thread accepts it
 * @invitation: the invitation
 * @ident: who that is
 * @flags: CAPIPC_ACCEPT_*
 *
 * Return: what was attached, the caller's from here on, or what
 * capipc_invitation_check_locked() says now.
 */
struct capipc_message *capipc_invitation_take(struct capipc_invitation *invitation,
					      struct capipc_ident *ident, u32 flags)
{
	struct capipc_remains remains;
	int ret;

	capipc_object_lock(&invitation->object);
	ret = capipc_invitation_check_locked(invitation, ident, flags);
	if (ret) {
		capipc_object_unlock(&invitation->object);
		return ERR_PTR(ret);
	}
	invitation->acceptor = capipc_ident_get(ident);
	capipc_invitation_end_locked(invitation, CAPIPC_INVITATION_ACCEPTED, &remains);
	remains.news->type = CAPIPC_RECEIVED_ACCEPTED;
	remains.news->sender = capipc_ident_get(ident);
	capipc_invitation_news_locked(invitation, &remains);
	capipc_object_unlock(&invitation->object);
	capipc_invitation_settle(invitation, &remains);
	return remains.held;
}

/* What stands between the calling thread and an invitation? */
void capipc_invitation_nearest(struct capipc_invitation *invitation,
			       const struct capipc_ident *ident, struct capipc_nearest *nearest)
{
	struct capipc_asked asked = { .ident = ident, .connect = true };

	capipc_object_lock(&invitation->object);
	rcu_read_lock();
	asked.receiver = capipc_holder_cred(&invitation->object);
	capipc_ruleset_nearest(invitation->rules, &asked, CAPIPC_RULE_LIST_INVITATION, nearest);
	rcu_read_unlock();
	capipc_object_unlock(&invitation->object);
}

/**
 * capipc_invitation_acceptor - who accepted it?
 * @invitation: the invitation
 * @stamp_id: of the stamp that was received with the news, or 0
 *
 * Return: the ident with a reference, or -ESTALE: nobody has, or that was another
 * stamp.
 */
struct capipc_ident *capipc_invitation_acceptor(struct capipc_invitation *invitation,
						u64 stamp_id)
{
	struct capipc_ident *ident;

	capipc_object_lock(&invitation->object);
	ident = invitation->acceptor;
	if (ident && (!stamp_id || ident->id == stamp_id))
		capipc_ident_get(ident);
	else
		ident = ERR_PTR(-ESTALE);
	capipc_object_unlock(&invitation->object);
	return ident;
}
