/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink: a socket that speaks the family of the module, and what
 * events and dumps have in common.
 */
#ifndef NETLINK_H
#define NETLINK_H

#include <linux/capipc_netlink.h>
#include <netlink/attr.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "text.h"

struct genlmsghdr;
struct nl_msg;
struct nl_sock;

/* A program, as told in a nest; the path is in the message. */
struct program {
	bool known;
	bool deleted;
	dev_t dev;
	uint64_t ino;
	const char *path;
};

/* Called for each answer; attrs[0..max] may be NULL each. Negative to stop. */
typedef int (*message_fn)(struct genlmsghdr *header, struct nlattr **attrs,
			  void *data);

/**
 * struct link - a socket
 * @sock: of libnl
 * @family: number of the family
 * @changed: what was listed has changed meanwhile
 */
struct link {
	struct nl_sock *sock;
	int family;
	bool changed;
};

/* All return a number of STATUS_* after having complained. */
int link_open(struct link *link);
void link_close(struct link *link);

/**
 * struct request - a question
 * @command: enum capipc_cmd
 * @dump: all there are, not one
 * @attr: attribute that goes with it, or 0
 * @text: of that, a string; NULL if it is a number
 * @value: of that, u64
 * @fill: adds more attributes, or NULL; negative if they do not fit
 * @fill_data: for @fill
 * @max: highest attribute of the answers
 * @policy: of the answers
 * @got: called for each answer
 * @data: for @got
 */
struct request {
	uint8_t command;
	bool dump;
	int attr;
	const char *text;
	uint64_t value;
	int (*fill)(struct nl_msg *msg, const void *data);
	const void *fill_data;
	int max;
	const struct nla_policy *policy;
	message_fn got;
	void *data;
};

int link_ask(struct link *link, const struct request *request);
/* Send a message that is acknowledged, and free it. What comes first goes to @got. */
int link_tell(struct link *link, struct nl_msg *msg,
	      int (*got)(struct nl_msg *msg, void *data), void *data);
/* A message to be filled; NULL after having complained. */
struct nl_msg *link_message(struct link *link, uint8_t command, int flags);
/* Say so if what was listed has changed meanwhile. */
void link_note_changes(const struct link *link);

bool parse_message(struct nl_msg *msg, struct nlattr **attrs, int max,
		   const struct nla_policy *policy, int *command);
void parse_program(struct nlattr *nest, struct program *program);
void json_program(struct json *json, const char *key,
		  const struct program *program);

#endif /* NETLINK_H */
