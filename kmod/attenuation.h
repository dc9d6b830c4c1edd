/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attenuations: which ordinals may be sent through an endpoint, by whoever holds
 * it from now on. A holder sets one before passing the endpoint on; a further one
 * can only take away from it.
 */
#ifndef CAPIPC_ATTENUATION_H
#define CAPIPC_ATTENUATION_H

#include "main.h"

struct capipc_attenuation;

bool capipc_attenuation_allows(const struct capipc_attenuation *attenuation, u32 ordinal);
struct capipc_attenuation *capipc_attenuation_get(struct capipc_attenuation *attenuation);
void capipc_attenuation_put(struct capipc_attenuation *attenuation);
struct capipc_attenuation *capipc_attenuation_both(struct capipc_context *context,
						   struct capipc_attenuation *a,
						   struct capipc_attenuation *b);
int capipc_ioctl_attenuate(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_ATTENUATION_H */
