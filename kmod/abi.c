// SPDX-License-Identifier: GPL-2.0
/*
 * The layout of the ABI, checked when the module is built. There is no code here.
 *
 * No struct may have a hole: it could leak what was in memory before. A struct
 * without holes also has the same layout for 32 and 64 bit callers, whose
 * compilers differ only in how they align what is 64 bit wide. The compiler is
 * asked to refuse padding while it reads the header.
 */
#include <linux/build_bug.h>
#include <linux/types.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
#include <linux/capipc.h>
#pragma GCC diagnostic pop

/* What has been published does not change by accident either. */
static_assert(sizeof(struct capipc_attachment) == 16);
static_assert(sizeof(struct capipc_stamp) == 32);
static_assert(sizeof(struct capipc_rule) == 48);
static_assert(sizeof(struct capipc_info) == 48);
static_assert(sizeof(struct capipc_create) == 32);
static_assert(sizeof(struct capipc_close) == 16);
static_assert(sizeof(struct capipc_tag) == 24);
static_assert(sizeof(struct capipc_inspect) == 64);
static_assert(sizeof(struct capipc_send) == 56);
static_assert(sizeof(struct capipc_call) == 128);
static_assert(sizeof(struct capipc_reply) == 40);
static_assert(sizeof(struct capipc_receive) == 136);
static_assert(sizeof(struct capipc_listen) == 64);
static_assert(sizeof(struct capipc_connect) == 32);
static_assert(sizeof(struct capipc_restrict) == 32);
static_assert(sizeof(struct capipc_explain) == 40);
static_assert(sizeof(struct capipc_query) == 152);
static_assert(sizeof(struct capipc_replace) == 24);
static_assert(sizeof(struct capipc_range) == 8);
static_assert(sizeof(struct capipc_attenuate) == 24);
static_assert(sizeof(struct capipc_confine) == 32);
static_assert(sizeof(struct capipc_report) == 40);
static_assert(sizeof(struct capipc_invited) == 24);
static_assert(sizeof(struct capipc_invite) == 64);
static_assert(sizeof(struct capipc_accept) == 64);
static_assert(sizeof(struct capipc_duplicate) == 24);
static_assert(sizeof(struct capipc_fuse) == 16);
static_assert(sizeof(struct capipc_create_buffer) == 24);
static_assert(sizeof(struct capipc_create_data_pipe) == 40);
static_assert(sizeof(struct capipc_signal) == 16);
static_assert(sizeof(struct capipc_batched) == 8);
static_assert(sizeof(struct capipc_send_batch) == 48);
static_assert(sizeof(struct capipc_receive_batch) == 104);
static_assert(sizeof(struct capipc_ring_header) == 8);
