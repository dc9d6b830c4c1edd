/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the headers of the library have in common: the interface of the kernel,
 * the names of the objects, and how functions are declared.
 */
#ifndef CAPIPC_BASE_H
#define CAPIPC_BASE_H

#include <linux/capipc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What is declared between these can be called from C++, and is found in the
 * library however else the program that includes it hides its names.
 */
#if defined(__GNUC__)
#define CAPIPC_VISIBILITY_PUSH _Pragma("GCC visibility push(default)")
#define CAPIPC_VISIBILITY_POP  _Pragma("GCC visibility pop")
#else
#define CAPIPC_VISIBILITY_PUSH
#define CAPIPC_VISIBILITY_POP
#endif

#ifdef __cplusplus
#define CAPIPC_BEGIN_DECLS \
	extern "C" {       \
	CAPIPC_VISIBILITY_PUSH
#define CAPIPC_END_DECLS      \
	CAPIPC_VISIBILITY_POP \
	}
#else
#define CAPIPC_BEGIN_DECLS CAPIPC_VISIBILITY_PUSH
#define CAPIPC_END_DECLS   CAPIPC_VISIBILITY_POP
#endif

/* The objects, and what is received or understood. */
struct capipc_accepted;
struct capipc_batch;
struct capipc_consumer;
struct capipc_context;
struct capipc_dispatcher;
struct capipc_interface;
struct capipc_invitation;
struct capipc_loop;
struct capipc_message;
struct capipc_peer;
struct capipc_producer;
struct capipc_received;
struct capipc_request;
struct capipc_rules;
struct capipc_source;

#endif /* CAPIPC_BASE_H */
