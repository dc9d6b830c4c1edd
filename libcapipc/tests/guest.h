/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the guest test share: a context, messages to use over and
 * over, and processes to talk to.
 */
#ifndef GUEST_H
#define GUEST_H

#include "tap.h"

#include <capipc.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME	  "uid/0/libcapipc-test"
#define WAFFLES	  1000
#define GROUP	  4242
#define SECONDS_5 capipc_deadline_in_ms(5000)

extern struct capipc_context *context;
extern struct capipc_message *message, *reply;
extern struct capipc_received received;

/*
 * Runs @work in a process of user @uid with a context of its own. What it
 * returns, 0 or -errno, is then what reap() returns, or minus a signal less
 * 1000.
 */
pid_t spawn(uid_t uid, int (*work)(struct capipc_context *own, void *data),
	    void *data);
int reap(pid_t pid);

struct capipc_message *new_message(struct capipc_context *of, uint32_t ordinal);

/* From @from, or 0 for all, into message and received */
int receive(uint32_t from);

/* A list of rules that lets everybody in */
struct capipc_rules *anyone(void);

/* A listener by NAME that lets everybody in */
uint32_t listen_to_all(uint64_t cookie);

bool is_closed(uint32_t handle);
/* Again and again: the first signal may come before what it is to interrupt. */
void interrupt_every_ms(int ms);
void interrupt_no_more(void);

void test_messages(void);
void test_batches(void);
void test_calls(void);
void test_reply_receive(void);
void test_rules(void);
void test_peer_and_report(void);
void test_dispatcher(void);
void test_files(void);
void test_entrust(void);
void test_unreceivable(void);
void test_invitations(void);
int invited_main(void);
void test_memory(void);
void test_area(void);
void test_source(void);

#endif /* GUEST_H */
