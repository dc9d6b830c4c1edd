// SPDX-License-Identifier: GPL-2.0
/*
 * Subscribers: see subscriber.h.
 */
#include <linux/netlink.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <net/sock.h>

#include "event.h"
#include "ident.h"
#include "net.h"
#include "netlink.h"
#include "subscriber.h"
#include "trace.h"
#include "viewer.h"

/* Event types that there are. */
#define CAPIPC_EVENT_TYPES	GENMASK(CAPIPC_EVENT_MAX, 1)

/**
 * struct capipc_subscriber - a socket that is told of events
 * @link: in its audience, or among the seers; RCU
 * @sk: the socket, with a reference; invariant
 * @portid: of the socket; invariant
 * @viewer: who it is, with references; invariant
 * @types: bits of the event types that it asked for; invariant
 * @of_uid: only events of this real user id; invariant
 * @uid: which
 * @pid: only events of this process, with a reference, or NULL; invariant
 * @object_id: only events about this pipe or listener, or 0; invariant
 * @missed: events that it could not be told since the last
 * @dropped: events that it was not told since the last, as they came too fast
 * @name_len: bytes in @name; invariant
 * @name: only events about the listener of this name, unless empty; invariant
 */
struct capipc_subscriber {
	struct hlist_node link;
	struct sock *sk;
	u32 portid;
	struct capipc_viewer viewer;
	u32 types;
	bool of_uid;
	kuid_t uid;
	struct pid *pid;
	u64 object_id;
	atomic64_t missed;
	atomic64_t dropped;
	u32 name_len;
	char name[];
};

/**
 * struct capipc_audience - the subscribers of one user
 * @rcu: freed after a grace period
 * @count: subscribers, seers included; subscribe_lock of the namespace
 * @subscribers: those who are not seers; RCU
 */
struct capipc_audience {
	struct rcu_head rcu;
	unsigned int count;
	struct hlist_head subscribers;
};

const struct nla_policy capipc_subscribe_policy[CAPIPC_SUBSCRIBE_A_NAME + 1] = {
	[CAPIPC_SUBSCRIBE_A_TYPES] = NLA_POLICY_MASK(NLA_U32, CAPIPC_EVENT_TYPES),
	[CAPIPC_SUBSCRIBE_A_UID] = { .type = NLA_U32 },
	[CAPIPC_SUBSCRIBE_A_PID] = NLA_POLICY_MIN(NLA_U32, 1),
	[CAPIPC_SUBSCRIBE_A_OBJECT] = NLA_POLICY_MIN(NLA_U64, 1),
	[CAPIPC_SUBSCRIBE_A_NAME] = { .type = NLA_NUL_STRING, .len = CAPIPC_NAME_MAX },
};

/* ------------------------------------------------------------ coming and going */

/* Nobody can find it any more, and whoever had found it is done. */
static void capipc_subscriber_free(struct capipc_subscriber *subscriber)
{
	capipc_viewer_put(&subscriber->viewer);
	put_pid(subscriber->pid);
	sock_put(subscriber->sk);
	kfree(subscriber);
}

static int capipc_subscriber_want_process(struct capipc_subscriber *subscriber,
					  struct genl_info *info)
{
	struct nlattr *attr = info->attrs[CAPIPC_SUBSCRIBE_A_PID];
	bool process;

	if (!attr)
		return 0;
	rcu_read_lock();
	subscriber->pid = get_pid(find_vpid(nla_get_u32(attr)));
	process = pid_task(subscriber->pid, PIDTYPE_TGID);
	rcu_read_unlock();
	if (process)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, attr, "no such process");
	return -ESRCH;
}

static int capipc_subscriber_want(struct capipc_subscriber *subscriber, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[CAPIPC_SUBSCRIBE_A_TYPES];

	subscriber->types = attr ? nla_get_u32(attr) : CAPIPC_EVENT_TYPES;
	if (!subscriber->types) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "no type of event");
		return -EINVAL;
	}
	attr = info->attrs[CAPIPC_SUBSCRIBE_A_UID];
	if (attr) {
		subscriber->of_uid = true;
		subscriber->uid = make_kuid(subscriber->viewer.user_ns, nla_get_u32(attr));
		if (!uid_valid(subscriber->uid)) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "no such user in the user namespace of the socket");
			return -EINVAL;
		}
	}
	attr = info->attrs[CAPIPC_SUBSCRIBE_A_OBJECT];
	if (attr)
		subscriber->object_id = nla_get_u64(attr);
	attr = info->attrs[CAPIPC_SUBSCRIBE_A_NAME];
	if (attr && !subscriber->name_len) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "the name is empty");
		return -EINVAL;
	}
	return capipc_subscriber_want_process(subscriber, info);
}

static struct capipc_subscriber *capipc_subscriber_create(const struct sk_buff *request,
							  struct genl_info *info)
{
	struct nlattr *name = info->attrs[CAPIPC_SUBSCRIBE_A_NAME];
	u32 len = name ? strnlen(nla_data(name), nla_len(name)) : 0;
	struct capipc_subscriber *subscriber;
	int ret;

	subscriber = kzalloc(struct_size(subscriber, name, len), GFP_KERNEL_ACCOUNT);
	if (!subscriber)
		return ERR_PTR(-ENOMEM);
	subscriber->sk = NETLINK_CB(request).sk;
	sock_hold(subscriber->sk);
	subscriber->portid = info->snd_portid;
	capipc_viewer_init(&subscriber->viewer, request);
	capipc_viewer_get(&subscriber->viewer);
	subscriber->name_len = len;
	if (len)
		memcpy(subscriber->name, nla_data(name), len);
	ret = capipc_subscriber_want(subscriber, info);
	if (!ret)
		return subscriber;
	capipc_subscriber_free(subscriber);
	return ERR_PTR(ret);
}

/* The audience of a user, made if there is none. */
static struct capipc_audience *capipc_audience_find_locked(struct capipc_net *cn, kuid_t uid)
{
	struct capipc_audience *audience = xa_load(&cn->audiences, __kuid_val(uid));
	int ret;

	lockdep_assert_held(&cn->subscribe_lock);
	if (audience)
		return audience;
	audience = kzalloc(sizeof(*audience), GFP_KERNEL_ACCOUNT);
	if (!audience)
		return ERR_PTR(-ENOMEM);
	ret = xa_insert(&cn->audiences, __kuid_val(uid), audience, GFP_KERNEL_ACCOUNT);
	if (!ret)
		return audience;
	kfree(audience);
	return ERR_PTR(ret);
}

static void capipc_audience_release_locked(struct capipc_net *cn, struct capipc_audience *audience,
					   kuid_t uid)
{
	lockdep_assert_held(&cn->subscribe_lock);
	if (audience->count)
		return;
	xa_erase(&cn->audiences, __kuid_val(uid));
	kfree_rcu(audience, rcu);
}

/* Take it out: nobody finds it any more, but somebody may have found it. */
static void capipc_subscriber_remove_locked(struct capipc_net *cn,
					    struct capipc_subscriber *subscriber)
{
	kuid_t uid = subscriber->viewer.uid;
	struct capipc_audience *audience = xa_load(&cn->audiences, __kuid_val(uid));

	lockdep_assert_held(&cn->subscribe_lock);
	hlist_del_rcu(&subscriber->link);
	xa_erase(&cn->subscribers, subscriber->portid);
	audience->count--;
	capipc_audience_release_locked(cn, audience, uid);
}

static int capipc_subscriber_enter_locked(struct capipc_net *cn,
					  struct capipc_subscriber *subscriber,
					  struct netlink_ext_ack *extack)
{
	kuid_t uid = subscriber->viewer.uid;
	struct capipc_audience *audience;
	int ret;

	audience = capipc_audience_find_locked(cn, uid);
	if (IS_ERR(audience))
		return PTR_ERR(audience);
	if (audience->count >= CAPIPC_SUBSCRIBERS_MAX) {
		NL_SET_ERR_MSG(extack, "too many sockets of this user have subscribed");
		return -EDQUOT;
	}
	ret = xa_insert(&cn->subscribers, subscriber->portid, subscriber, GFP_KERNEL_ACCOUNT);
	if (ret) {
		capipc_audience_release_locked(cn, audience, uid);
		return ret;
	}
	audience->count++;
	hlist_add_head_rcu(&subscriber->link, subscriber->viewer.all ?
			   &cn->seers : &audience->subscribers);
	return 0;
}

/* Which socket is meant by a port id. */
enum capipc_meant {
	CAPIPC_MEANT_MINE,	/* the one that asks */
	CAPIPC_MEANT_OTHER,	/* another one: it had the number before */
	CAPIPC_MEANT_CLOSED,	/* one that has been closed */
};

static bool capipc_subscriber_is_meant(const struct capipc_subscriber *subscriber,
				       enum capipc_meant meant, const struct sock *sk)
{
	switch (meant) {
	case CAPIPC_MEANT_MINE:
		return subscriber->sk == sk;
	case CAPIPC_MEANT_OTHER:
		return subscriber->sk != sk;
	default:
		return sock_flag(subscriber->sk, SOCK_DEAD);
	}
}

/* End a subscription, if there is one that is meant. */
static bool capipc_subscriber_end(struct capipc_net *cn, u32 portid, enum capipc_meant meant,
				  const struct sock *sk)
{
	struct capipc_subscriber *subscriber;

	mutex_lock(&cn->subscribe_lock);
	subscriber = xa_load(&cn->subscribers, portid);
	if (subscriber && capipc_subscriber_is_meant(subscriber, meant, sk))
		capipc_subscriber_remove_locked(cn, subscriber);
	else
		subscriber = NULL;
	mutex_unlock(&cn->subscribe_lock);
	if (!subscriber)
		return false;
	/* While the socket still has other references: ours is never the last. */
	synchronize_rcu();
	capipc_subscriber_free(subscriber);
	return true;
}

int capipc_subscribe(struct sk_buff *request, struct genl_info *info)
{
	struct capipc_net *cn = capipc_net(genl_info_net(info));
	struct capipc_subscriber *subscriber;
	int ret;

	subscriber = capipc_subscriber_create(request, info);
	if (IS_ERR(subscriber))
		return PTR_ERR(subscriber);
	/* Whoever had this port id before may not be out of the way yet. */
	capipc_subscriber_end(cn, subscriber->portid, CAPIPC_MEANT_OTHER, subscriber->sk);

	mutex_lock(&cn->subscribe_lock);
	ret = capipc_subscriber_enter_locked(cn, subscriber, info->extack);
	mutex_unlock(&cn->subscribe_lock);
	if (!ret)
		return 0;
	capipc_subscriber_free(subscriber);
	if (ret != -EBUSY)
		return ret;
	NL_SET_ERR_MSG(info->extack, "this socket has subscribed already");
	return -EEXIST;
}

int capipc_unsubscribe(struct sk_buff *request, struct genl_info *info)
{
	if (capipc_subscriber_end(capipc_net(genl_info_net(info)), info->snd_portid,
				  CAPIPC_MEANT_MINE, NETLINK_CB(request).sk))
		return 0;
	NL_SET_ERR_MSG(info->extack, "this socket has not subscribed");
	return -ENOENT;
}

/* A netlink socket has been closed; it was marked as dead before. */
static int capipc_subscriber_event(struct notifier_block *block, unsigned long event, void *data)
{
	const struct netlink_notify *notify = data;

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC &&
	    capipc_subscribers_any(notify->net))
		capipc_subscriber_end(capipc_net(notify->net), notify->portid,
				      CAPIPC_MEANT_CLOSED, NULL);
	return NOTIFY_DONE;
}

static struct notifier_block capipc_subscriber_notifier = {
	.notifier_call = capipc_subscriber_event,
};

int __init capipc_subscriber_init(void)
{
	return netlink_register_notifier(&capipc_subscriber_notifier);
}

void capipc_subscriber_exit(void)
{
	netlink_unregister_notifier(&capipc_subscriber_notifier);
}

/* Whoever is left, when nobody can subscribe and nothing happens any more. */
void capipc_subscribers_drop(struct capipc_net *cn)
{
	struct capipc_subscriber *subscriber;
	unsigned long portid;

	mutex_lock(&cn->subscribe_lock);
	xa_for_each(&cn->subscribers, portid, subscriber) {
		capipc_subscriber_remove_locked(cn, subscriber);
		capipc_subscriber_free(subscriber);
	}
	mutex_unlock(&cn->subscribe_lock);
}

/* --------------------------------------------------------------------- telling */

/* May there be subscribers? A hint. */
bool capipc_subscribers_any(struct net *net)
{
	return !xa_empty(&capipc_net(net)->subscribers);
}

static bool capipc_subscriber_wants(const struct capipc_subscriber *subscriber,
				    const struct capipc_news *news)
{
	const struct capipc_event *event = news->event;

	if (!(subscriber->types & BIT(event->type)))
		return false;
	if (subscriber->of_uid &&
	    !(news->actor.known && uid_eq(news->actor.uid, subscriber->uid)))
		return false;
	if (subscriber->pid && !(news->actor.known && news->actor.pid == subscriber->pid))
		return false;
	if (subscriber->object_id && event->object_id != subscriber->object_id)
		return false;
	return !subscriber->name_len ||
	       (event->name && event->name_len == subscriber->name_len &&
		!memcmp(event->name, subscriber->name, event->name_len));
}

/* It was not told: let it know at once that it missed something, and later what. */
static void capipc_subscriber_miss(struct capipc_subscriber *subscriber,
				   const struct capipc_news *news, const struct capipc_gaps *gaps)
{
	struct sock *sk = subscriber->sk;

	atomic64_add(gaps->dropped, &subscriber->dropped);
	if (atomic64_add_return(gaps->missed + 1, &subscriber->missed) == 1) {
		sk->sk_err = ENOBUFS;
		sk_error_report(sk);
	}
	trace_capipc_event_lost(news->event->type, subscriber->portid);
}

static void capipc_subscriber_tell(struct capipc_subscriber *subscriber,
				   const struct capipc_news *news)
{
	const struct capipc_gaps gaps = {
		.missed = atomic64_xchg(&subscriber->missed, 0),
		.dropped = atomic64_xchg(&subscriber->dropped, 0),
	};
	struct sk_buff *skb;
	int ret;

	skb = capipc_event_build(news, &subscriber->viewer, subscriber->portid, &gaps);
	if (IS_ERR(skb)) {
		capipc_subscriber_miss(subscriber, news, &gaps);
		return;
	}
	ret = sock_queue_rcv_skb(subscriber->sk, skb);
	if (!ret)
		return;
	kfree_skb(skb);
	/* A filter of the socket's own may not have wanted it. */
	if (ret != -EPERM)
		capipc_subscriber_miss(subscriber, news, &gaps);
}

static void capipc_subscribers_tell_list(struct hlist_head *list, const struct capipc_news *news,
					 bool dropped)
{
	struct capipc_subscriber *subscriber;

	hlist_for_each_entry_rcu(subscriber, list, link) {
		if (!capipc_subscriber_wants(subscriber, news))
			continue;
		if (dropped)
			atomic64_inc(&subscriber->dropped);
		else
			capipc_subscriber_tell(subscriber, news);
	}
}

/**
 * capipc_subscribers_tell - tell who has subscribed
 * @news: what
 * @dropped: there were too many events: they only learn how many they were not told
 */
void capipc_subscribers_tell(const struct capipc_news *news, bool dropped)
{
	struct capipc_net *cn = capipc_net(news->event->net);
	struct capipc_audience *audience;
	kuid_t uids[4];
	int count = 0, i, j;

	/* An event is its own for everybody who takes part in it. */
	if (news->actor.known)
		uids[count++] = news->actor.uid;
	if (news->reporter.known)
		uids[count++] = news->reporter.uid;
	if (news->holder.known)
		uids[count++] = news->holder.uid;
	if (news->event->type == CAPIPC_EVENT_QUOTA)
		uids[count++] = news->event->uid;

	rcu_read_lock();
	capipc_subscribers_tell_list(&cn->seers, news, dropped);
	for (i = 0; i < count; i++) {
		for (j = 0; j < i && !uid_eq(uids[i], uids[j]); j++)
			;
		if (j < i)
			continue;
		audience = xa_load(&cn->audiences, __kuid_val(uids[i]));
		if (audience)
			capipc_subscribers_tell_list(&audience->subscribers, news, dropped);
	}
	rcu_read_unlock();
}
