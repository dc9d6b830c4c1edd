/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events, as the kernel tells them, for people and as JSON.
 */
#ifndef EVENT_H
#define EVENT_H

#include <linux/capipc_netlink.h>
#include <netlink/attr.h>
#include <stdbool.h>
#include <stdint.h>

extern struct nla_policy event_policy[CAPIPC_EVENT_A_MAX + 1];

/* One line, of the attributes of an event. */
void show_event(struct nlattr **attrs);
void json_event(struct nlattr **attrs);

/* Seconds since boot. */
void show_time(uint64_t time);

/* Add the bit of the type with this name. */
bool parse_event_type(const char *text, uint32_t *types);

#endif /* EVENT_H */
