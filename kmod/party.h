/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parties: who takes part in an event. What is told of one is found out once, then
 * told to each listener in its own terms.
 */
#ifndef CAPIPC_PARTY_H
#define CAPIPC_PARTY_H

#include <linux/uidgid.h>

#include "main.h"
#include "program.h"

struct capipc_viewer;
struct sk_buff;

/**
 * struct capipc_party - who takes part
 * @known: there is one; else nothing below counts
 * @changed: %CAPIPC_STAMP_CHANGED
 * @uid: real user id, whose events are its own
 * @stamp_id: id of its stamps, or 0 if it has made none
 * @start_time_ns: when its process started, CLOCK_BOOTTIME; 0 if that is not known
 * @cred: its credentials, with a reference; NULL if it is gone
 * @pid: its process, with a reference
 * @program: what it ran when it opened its context
 */
struct capipc_party {
	bool known;
	bool changed;
	kuid_t uid;
	u64 stamp_id;
	u64 start_time_ns;
	const struct cred *cred;
	struct pid *pid;
	struct capipc_program program;
};

void capipc_party_ident(struct capipc_party *party, const struct capipc_ident *ident,
			bool changed);
void capipc_party_current(struct capipc_party *party);
void capipc_party_context(struct capipc_party *party, struct capipc_context *context,
			  u64 stamp_id);
void capipc_party_forget(struct capipc_party *party);
int __must_check capipc_party_put(struct sk_buff *skb, int type, const struct capipc_party *party,
				  const struct capipc_viewer *viewer);
size_t capipc_party_size(const struct capipc_party *party);

#endif /* CAPIPC_PARTY_H */
