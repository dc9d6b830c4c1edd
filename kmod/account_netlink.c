// SPDX-License-Identifier: GPL-2.0
/*
 * Users and accounts over generic netlink: see account_netlink.h.
 *
 * What is told is copied under the lock of a user, and put into messages
 * without it. Between two messages a dump keeps numbers only.
 */
#include <linux/sched.h>
#include <net/sock.h>

#include "account.h"
#include "account_netlink.h"
#include "netlink.h"
#include "user.h"

/* Accounts that a dump copies at a time. */
#define CAPIPC_ACCOUNTS_BATCH	8U

/**
 * struct capipc_asker - who asks about users
 * @user_ns: in terms of which ids are told
 * @uid: real user id
 * @all: sees all users
 */
struct capipc_asker {
	struct user_namespace *user_ns;
	kuid_t uid;
	bool all;
};

/**
 * struct capipc_users_dump - how far a dump has come, in netlink_callback.ctx
 * @asker: who asks, with a reference
 * @begun: the request has been looked at
 * @machine_done: the machine has been told
 * @key: users before are done
 * @context: contexts of that user up to this number are done
 */
struct capipc_users_dump {
	struct capipc_asker asker;
	bool begun;
	bool machine_done;
	u64 key;
	u64 context;
};

/* One resource of a user or an account, copied. */
struct capipc_amount {
	u64 used;
	u64 grant;
	u64 reserve;
	u64 limit;
};

struct capipc_user_copy {
	kuid_t uid;
	kuid_t owner;
	bool machine;
	bool out; /* has nothing */
	struct capipc_amount amount[CAPIPC_RESOURCES];
	long contexts;
	long files;
	u64 dropped;
	long limit[CAPIPC_LIMITS];
};

struct capipc_account_copy {
	u64 context;
	struct capipc_amount amount[CAPIPC_RESOURCES];
	long files;
};

static void capipc_asker_init(struct capipc_asker *asker, const struct sk_buff *request)
{
	asker->user_ns = sk_user_ns(NETLINK_CB(request).sk);
	asker->uid = NETLINK_CB(request).creds.uid;
	asker->all = netlink_capable(request, CAP_SYS_ADMIN);
}

static bool capipc_asker_sees(const struct capipc_asker *asker, kuid_t owner, kuid_t uid)
{
	return asker->all || uid_eq(uid, asker->uid) || uid_eq(owner, asker->uid);
}

/* ------------------------------------------------------------------- copying */

static void capipc_amount_copy(struct capipc_amount *to, const struct capipc_share *share,
			       long used, long limit)
{
	to->used = max(used, 0L);
	to->grant = share->grant;
	/* Of a user this is the business of the layer above. */
	to->reserve = READ_ONCE(share->reserve);
	to->limit = limit;
}

static long capipc_account_used(const struct capipc_account *account,
				enum capipc_resource resource)
{
	return atomic_long_read(&account->used[resource]);
}

/* What a user has given to its open contexts counts for what they use of it. */
static long capipc_user_used_locked(struct capipc_user *user, enum capipc_resource resource)
{
	long used = user->pool[resource].promised + user->pool[resource].given;
	const struct capipc_account *account;
	const struct capipc_share *share;

	lockdep_assert_held(&user->lock);
	list_for_each_entry(account, &user->accounts, link) {
		share = &account->share[resource];
		used -= share->reserve + capipc_share_beyond(share);
		used += capipc_account_used(account, resource);
	}
	return used;
}

static void capipc_user_copy(struct capipc_user *user, struct capipc_user_copy *copy)
{
	int i;

	copy->uid = user->uid;
	copy->owner = user->owner;
	copy->machine = !user->parent;
	copy->files = atomic_long_read(&user->files);
	copy->dropped = atomic64_read(&user->dropped);
	capipc_user_lock(user);
	memcpy(copy->limit, user->limit, sizeof(copy->limit));
	copy->contexts = user->slots;
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		capipc_amount_copy(&copy->amount[i], &user->share[i],
				   capipc_user_used_locked(user, i),
				   user->limit[capipc_limit_of(i)]);
	copy->out = user->parent && !user->holders && !copy->amount[CAPIPC_BYTES].grant;
	capipc_user_unlock(user);
}

/* The open accounts of @user after @context, by number; returns how many. */
static unsigned int capipc_accounts_copy(struct capipc_user *user, u64 context,
					 struct capipc_account_copy *copies)
{
	struct capipc_account *batch[CAPIPC_ACCOUNTS_BATCH], *account;
	unsigned int count = 0, i;
	int j;

	capipc_user_lock(user);
	list_for_each_entry(account, &user->accounts, link) {
		if (account->context_id <= context ||
		    (count == CAPIPC_ACCOUNTS_BATCH &&
		     batch[count - 1]->context_id < account->context_id))
			continue;
		if (count < CAPIPC_ACCOUNTS_BATCH)
			count++;
		for (i = count - 1; i && batch[i - 1]->context_id > account->context_id; i--)
			batch[i] = batch[i - 1];
		batch[i] = account;
	}
	for (i = 0; i < count; i++) {
		copies[i].context = batch[i]->context_id;
		copies[i].files = atomic_long_read(&batch[i]->files);
		for (j = 0; j < CAPIPC_RESOURCES; j++)
			capipc_amount_copy(&copies[i].amount[j], &batch[i]->share[j],
					   capipc_account_used(batch[i], j),
					   min(capipc_account_limit(batch[i], j),
					       user->limit[capipc_limit_of(j)]));
	}
	capipc_user_unlock(user);
	return count;
}

/* ------------------------------------------------------------------- telling */

static int capipc_put_amount(struct sk_buff *skb, int type, const struct capipc_amount *amount,
			     bool shared)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest ||
	    nla_put_u64_64bit(skb, CAPIPC_AMOUNT_A_USED, amount->used, CAPIPC_AMOUNT_A_PAD) ||
	    nla_put_u64_64bit(skb, CAPIPC_AMOUNT_A_LIMIT, amount->limit, CAPIPC_AMOUNT_A_PAD))
		return -EMSGSIZE;
	if (shared &&
	    (nla_put_u64_64bit(skb, CAPIPC_AMOUNT_A_GRANT, amount->grant, CAPIPC_AMOUNT_A_PAD) ||
	     nla_put_u64_64bit(skb, CAPIPC_AMOUNT_A_RESERVE, amount->reserve,
			       CAPIPC_AMOUNT_A_PAD)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int capipc_put_limits(struct sk_buff *skb, int type, const long *limits, u32 mask)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	int i;

	BUILD_BUG_ON(CAPIPC_LIMITS > 32);
	if (!nest)
		return -EMSGSIZE;
	for (i = CAPIPC_LIMIT_A_BYTES; i < CAPIPC_LIMITS; i++) {
		if ((mask & BIT(i)) && nla_put_u64_64bit(skb, i, limits[i], CAPIPC_LIMIT_A_PAD))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* Bits of the limits that are set for a user. */
static u32 capipc_limits_mask(kuid_t uid)
{
	const u64 *set;
	u32 mask = 0;
	int i;

	capipc_limits_lock();
	set = capipc_limits_set_for(uid);
	for (i = 0; i < CAPIPC_LIMITS && set; i++) {
		if (set[i] != CAPIPC_LIMIT_DEFAULT)
			mask |= BIT(i);
	}
	capipc_limits_unlock();
	return mask;
}

static int capipc_user_put_who(struct sk_buff *skb, const struct capipc_asker *asker, int uid_type,
			       kuid_t uid, int owner_type, kuid_t owner)
{
	int ret = nla_put_u32(skb, uid_type, from_kuid_munged(asker->user_ns, uid));

	if (!ret && !uid_eq(uid, owner))
		ret = nla_put_u32(skb, owner_type, from_kuid_munged(asker->user_ns, owner));
	return ret;
}

static int capipc_user_put_attrs(struct sk_buff *skb, const struct capipc_asker *asker,
				 const struct capipc_user_copy *copy)
{
	u32 mask = U32_MAX;
	int ret, i;

	if (copy->machine) {
		mask = BIT(CAPIPC_LIMIT_A_BYTES) | BIT(CAPIPC_LIMIT_A_HANDLES) |
		       BIT(CAPIPC_LIMIT_A_LISTENERS) | BIT(CAPIPC_LIMIT_A_CONTEXTS);
		ret = nla_put_flag(skb, CAPIPC_USER_A_MACHINE);
	} else {
		ret = capipc_user_put_who(skb, asker, CAPIPC_USER_A_UID, copy->uid,
					  CAPIPC_USER_A_OWNER, copy->owner);
	}
	for (i = 0; i < CAPIPC_RESOURCES && !ret; i++)
		ret = capipc_put_amount(skb, CAPIPC_USER_A_BYTES + i, &copy->amount[i],
					!copy->machine);
	if (ret ||
	    nla_put_u64_64bit(skb, CAPIPC_USER_A_CONTEXTS, copy->contexts, CAPIPC_USER_A_PAD) ||
	    capipc_put_limits(skb, CAPIPC_USER_A_LIMITS, copy->limit, mask))
		return -EMSGSIZE;
	if (copy->machine)
		return 0;
	mask = capipc_limits_mask(copy->uid);
	if (nla_put_u64_64bit(skb, CAPIPC_USER_A_FILES, copy->files, CAPIPC_USER_A_PAD) ||
	    nla_put_u64_64bit(skb, CAPIPC_USER_A_DROPPED, copy->dropped, CAPIPC_USER_A_PAD) ||
	    (mask && capipc_put_limits(skb, CAPIPC_USER_A_LIMITS_SET, copy->limit, mask)))
		return -EMSGSIZE;
	return 0;
}

static int capipc_user_fill(struct sk_buff *skb, const struct capipc_asker *asker,
			    const struct capipc_user_copy *copy, u32 portid, u32 seq, int flags)
{
	void *header = genlmsg_put(skb, portid, seq, &capipc_genl_family, flags,
				   CAPIPC_CMD_GET_USER);
	int ret;

	if (!header)
		return -EMSGSIZE;
	ret = capipc_user_put_attrs(skb, asker, copy);
	if (ret)
		genlmsg_cancel(skb, header);
	else
		genlmsg_end(skb, header);
	return ret;
}

static int capipc_account_put_attrs(struct sk_buff *skb, const struct capipc_asker *asker,
				    const struct capipc_user *user,
				    const struct capipc_account_copy *copy)
{
	int ret, i;

	ret = nla_put_u64_64bit(skb, CAPIPC_ACCOUNT_A_CONTEXT, copy->context,
				CAPIPC_ACCOUNT_A_PAD) ?:
	      capipc_user_put_who(skb, asker, CAPIPC_ACCOUNT_A_UID, user->uid,
				  CAPIPC_ACCOUNT_A_OWNER, user->owner);
	for (i = 0; i < CAPIPC_RESOURCES && !ret; i++)
		ret = capipc_put_amount(skb, CAPIPC_ACCOUNT_A_BYTES + i, &copy->amount[i], true);
	return ret ?: nla_put_u64_64bit(skb, CAPIPC_ACCOUNT_A_FILES, copy->files,
					CAPIPC_ACCOUNT_A_PAD);
}

static int capipc_account_fill(struct sk_buff *skb, struct netlink_callback *cb,
			       const struct capipc_asker *asker, const struct capipc_user *user,
			       const struct capipc_account_copy *copy)
{
	void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   &capipc_genl_family, NLM_F_MULTI, CAPIPC_CMD_GET_ACCOUNT);
	int ret;

	if (!header)
		return -EMSGSIZE;
	ret = capipc_account_put_attrs(skb, asker, user, copy);
	if (ret)
		genlmsg_cancel(skb, header);
	else
		genlmsg_end(skb, header);
	return ret;
}

/* --------------------------------------------------------- one user, to read */

const struct nla_policy capipc_user_get_policy[] = {
	[CAPIPC_USER_A_UID] = { .type = NLA_U32 },
	[CAPIPC_USER_A_OWNER] = { .type = NLA_U32 },
};

/* The user that a request names. */
static int capipc_user_parse(struct genl_info *info, const struct capipc_asker *asker, int type,
			     kuid_t *uid)
{
	struct nlattr *attr = info->attrs[type];

	*uid = make_kuid(asker->user_ns, nla_get_u32(attr));
	if (uid_valid(*uid))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, attr, "there is no such user id in your user namespace");
	return -EINVAL;
}

/*
 * What there is to tell of a user, also of one that has nothing: what its limits would
 * be. Of those whom the caller could only own, that is not for everybody to know.
 */
static int capipc_user_look(const struct capipc_asker *asker, kuid_t owner, kuid_t uid,
			    struct capipc_user_copy *copy)
{
	struct capipc_user *user = capipc_user_find(owner, uid);
	int i;

	if (user) {
		capipc_user_copy(user, copy);
		capipc_user_put(user);
		return 0;
	}
	if (!asker->all && !uid_eq(uid, asker->uid))
		return -ENOENT;
	memset(copy, 0, sizeof(*copy));
	copy->uid = uid;
	copy->owner = owner;
	capipc_limits_lock();
	capipc_limits_of_user(uid, copy->limit);
	capipc_limits_unlock();
	for (i = 0; i < CAPIPC_RESOURCES; i++)
		copy->amount[i].limit = copy->limit[capipc_limit_of(i)];
	return 0;
}

int capipc_get_user(struct sk_buff *request, struct genl_info *info)
{
	struct capipc_user_copy copy;
	struct capipc_asker asker;
	kuid_t uid, owner;
	struct sk_buff *skb;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, CAPIPC_USER_A_UID)) {
		NL_SET_ERR_MSG(info->extack, "which user? there is no CAPIPC_USER_A_UID");
		return -EINVAL;
	}
	capipc_asker_init(&asker, request);
	ret = capipc_user_parse(info, &asker, CAPIPC_USER_A_UID, &uid);
	owner = uid;
	if (!ret && info->attrs[CAPIPC_USER_A_OWNER])
		ret = capipc_user_parse(info, &asker, CAPIPC_USER_A_OWNER, &owner);
	if (ret)
		return ret;
	if (!capipc_asker_sees(&asker, owner, uid)) {
		NL_SET_ERR_MSG(info->extack,
			       "to ask about others takes CAP_SYS_ADMIN in the initial user namespace");
		return -EPERM;
	}
	ret = capipc_user_look(&asker, owner, uid, &copy);
	if (ret) {
		NL_SET_ERR_MSG(info->extack, "it is not you, and has nothing");
		return ret;
	}
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	ret = capipc_user_fill(skb, &asker, &copy, info->snd_portid, info->snd_seq, 0);
	if (ret) {
		nlmsg_free(skb);
		return ret;
	}
	return genlmsg_reply(skb, info);
}

/* ---------------------------------------------------------- one user, to set */

static const struct nla_policy capipc_limit_policy[CAPIPC_LIMITS] = {
	[CAPIPC_LIMIT_A_BYTES] = { .type = NLA_U64 },
	[CAPIPC_LIMIT_A_BYTES_PER_CONTEXT] = { .type = NLA_U64 },
	[CAPIPC_LIMIT_A_HANDLES] = { .type = NLA_U64 },
	[CAPIPC_LIMIT_A_HANDLES_PER_CONTEXT] = { .type = NLA_U64 },
	[CAPIPC_LIMIT_A_LISTENERS] = { .type = NLA_U64 },
	[CAPIPC_LIMIT_A_CONTEXTS] = { .type = NLA_U64 },
	[CAPIPC_LIMIT_A_FILES] = { .type = NLA_U64 },
	[CAPIPC_LIMIT_A_CONNECT_RATE] = { .type = NLA_U64 },
	[CAPIPC_LIMIT_A_CONNECT_BURST] = { .type = NLA_U64 },
	[CAPIPC_LIMIT_A_EVENT_RATE] = { .type = NLA_U64 },
	[CAPIPC_LIMIT_A_EVENT_BURST] = { .type = NLA_U64 },
};

const struct nla_policy capipc_user_set_policy[] = {
	[CAPIPC_USER_A_UID] = { .type = NLA_U32 },
	[CAPIPC_USER_A_LIMITS] = NLA_POLICY_NESTED(capipc_limit_policy),
};

/* The values to be set, into an array of all that are set. */
static int capipc_limits_parse(struct genl_info *info, u64 *values)
{
	struct nlattr *attrs[CAPIPC_LIMITS], *nest = info->attrs[CAPIPC_USER_A_LIMITS];
	bool some = false;
	u64 value;
	int ret, i;

	ret = nla_parse_nested(attrs, CAPIPC_LIMITS - 1, nest, capipc_limit_policy, info->extack);
	if (ret)
		return ret;
	for (i = CAPIPC_LIMIT_A_BYTES; i < CAPIPC_LIMITS; i++) {
		if (!attrs[i])
			continue;
		some = true;
		value = nla_get_u64(attrs[i]);
		if (value != CAPIPC_LIMIT_DEFAULT && value > capipc_limit_most(i)) {
			NL_SET_ERR_MSG_ATTR(info->extack, attrs[i], "a limit cannot be that large");
			return -ERANGE;
		}
		values[i] = value;
	}
	if (some)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, nest, "there is no limit to be set");
	return -EINVAL;
}

int capipc_set_user(struct sk_buff *request, struct genl_info *info)
{
	u64 values[CAPIPC_LIMITS];
	struct capipc_asker asker;
	const u64 *set;
	kuid_t uid;
	int ret, i;

	capipc_asker_init(&asker, request);
	if (!asker.all) {
		NL_SET_ERR_MSG(info->extack,
			       "to set limits takes CAP_SYS_ADMIN in the initial user namespace");
		return -EPERM;
	}
	if (GENL_REQ_ATTR_CHECK(info, CAPIPC_USER_A_UID)) {
		NL_SET_ERR_MSG(info->extack, "whose limits? there is no CAPIPC_USER_A_UID");
		return -EINVAL;
	}
	if (GENL_REQ_ATTR_CHECK(info, CAPIPC_USER_A_LIMITS)) {
		NL_SET_ERR_MSG(info->extack, "which limits? there is no CAPIPC_USER_A_LIMITS");
		return -EINVAL;
	}
	ret = capipc_user_parse(info, &asker, CAPIPC_USER_A_UID, &uid);
	if (ret)
		return ret;

	capipc_limits_lock();
	set = capipc_limits_set_for(uid);
	for (i = 0; i < CAPIPC_LIMITS; i++)
		values[i] = set ? set[i] : CAPIPC_LIMIT_DEFAULT;
	ret = capipc_limits_parse(info, values);
	if (!ret) {
		ret = capipc_limits_set(uid, values);
		if (ret)
			NL_SET_ERR_MSG(info->extack, "out of memory");
	}
	capipc_limits_unlock();
	return ret;
}

/* --------------------------------------------------------------------- dumps */

static struct capipc_users_dump *capipc_users_dump(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct capipc_users_dump) > sizeof(cb->ctx));
	return (struct capipc_users_dump *)cb->ctx;
}

int capipc_users_start(struct netlink_callback *cb)
{
	struct capipc_asker *asker = &capipc_users_dump(cb)->asker;

	capipc_asker_init(asker, cb->skb);
	get_user_ns(asker->user_ns);
	return 0;
}

int capipc_users_done(struct netlink_callback *cb)
{
	put_user_ns(capipc_users_dump(cb)->asker.user_ns);
	return 0;
}

/* The request of a dump, when it is seen first. */
static int capipc_users_begin(struct netlink_callback *cb)
{
	struct capipc_users_dump *dump = capipc_users_dump(cb);

	if (!dump->begun && nlmsg_attrlen(cb->nlh, GENL_HDRLEN)) {
		NL_SET_ERR_MSG(cb->extack, "a dump is of all that you may see: no attributes");
		return -EINVAL;
	}
	dump->begun = true;
	return 0;
}

/* Call @fill for each user that may be seen, from where the last message ended. */
static int capipc_dump_users(struct sk_buff *skb, struct netlink_callback *cb,
			     int (*fill)(struct sk_buff *skb, struct netlink_callback *cb,
					 struct capipc_user *user))
{
	struct capipc_users_dump *dump = capipc_users_dump(cb);
	struct capipc_user *user;
	int ret = 0;

	while (!ret) {
		user = capipc_user_next(dump->key);
		if (!user)
			break;
		if (user->key != dump->key) {
			dump->key = user->key;
			dump->context = 0;
		}
		if (capipc_asker_sees(&dump->asker, user->owner, user->uid))
			ret = fill(skb, cb, user);
		capipc_user_put(user);
		if (!ret) {
			dump->key++;
			dump->context = 0;
		}
		cond_resched();
	}
	/* With something in the message the error can wait for the next one. */
	return skb->len ?: ret;
}

static int capipc_dump_fill_user(struct sk_buff *skb, struct netlink_callback *cb,
				 struct capipc_user *user)
{
	struct capipc_user_copy copy;

	capipc_user_copy(user, &copy);
	if (copy.out)
		return 0;
	return capipc_user_fill(skb, &capipc_users_dump(cb)->asker, &copy,
				NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, NLM_F_MULTI);
}

int capipc_dump_user(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct capipc_users_dump *dump = capipc_users_dump(cb);
	int ret = capipc_users_begin(cb);

	if (ret)
		return ret;
	if (dump->asker.all && !dump->machine_done) {
		ret = capipc_dump_fill_user(skb, cb, capipc_user_machine());
		if (ret)
			return ret;
		dump->machine_done = true;
	}
	return capipc_dump_users(skb, cb, capipc_dump_fill_user);
}

static int capipc_dump_fill_accounts(struct sk_buff *skb, struct netlink_callback *cb,
				     struct capipc_user *user)
{
	struct capipc_users_dump *dump = capipc_users_dump(cb);
	struct capipc_account_copy copies[CAPIPC_ACCOUNTS_BATCH];
	unsigned int count, i;
	int ret;

	do {
		count = capipc_accounts_copy(user, dump->context, copies);
		for (i = 0; i < count; i++) {
			ret = capipc_account_fill(skb, cb, &dump->asker, user, &copies[i]);
			if (ret)
				return ret;
			dump->context = copies[i].context;
		}
	} while (count == CAPIPC_ACCOUNTS_BATCH);
	return 0;
}

int capipc_dump_account(struct sk_buff *skb, struct netlink_callback *cb)
{
	return capipc_users_begin(cb) ?: capipc_dump_users(skb, cb, capipc_dump_fill_accounts);
}
