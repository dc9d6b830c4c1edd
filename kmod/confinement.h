/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Confinements: who may receive an endpoint. One that arrives where it may not be
 * is closed instead of delivered, whoever passed it on.
 */
#ifndef CAPIPC_CONFINEMENT_H
#define CAPIPC_CONFINEMENT_H

#include "main.h"

struct capipc_confinement;
struct capipc_moved;
struct capipc_nearest;

bool capipc_confinement_is_on(const struct capipc_moved *moved);
void capipc_confinement_free(struct capipc_confinement *confinement);
int __must_check capipc_confinement_judge(struct capipc_context *context,
					  struct capipc_message *message);
void capipc_confinement_nearest(struct capipc_object *object, const struct capipc_ident *receiver,
				struct capipc_nearest *nearest);
int capipc_ioctl_confine(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_CONFINEMENT_H */
