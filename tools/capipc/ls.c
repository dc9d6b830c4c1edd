// SPDX-License-Identifier: GPL-2.0
/*
 * capipc ls: contexts, and what they hold.
 */
#include <inttypes.h>
#include <linux/capipc.h>
#include <string.h>

#include "listing.h"
#include "text.h"

/* ------------------------------------------------------------------ for humans */

static void show_peer(const struct collection *all, const struct handle *handle)
{
	const struct context *context;

	printf("  peer %s", state_name(handle->peer));
	if (handle->peer_context) {
		printf(" by context %" PRIu64, handle->peer_context);
		context = find_context(all, handle->peer_context);
		if (context) {
			fputs(" (", stdout);
			show_owner(context);
			putchar(')');
		}
	}
	if (handle->peer_inside)
		printf(" inside %" PRIu64, handle->peer_inside);
}

/* Has it a size in bytes, and nothing that waits? */
static bool is_memory(const struct handle *handle)
{
	return handle->kind == CAPIPC_KIND_BUFFER ||
	       handle->kind == CAPIPC_KIND_PRODUCER ||
	       handle->kind == CAPIPC_KIND_CONSUMER;
}

/* Is it one end of two? */
static bool has_peer(const struct handle *handle)
{
	return handle->kind == CAPIPC_KIND_ENDPOINT ||
	       handle->kind == CAPIPC_KIND_PRODUCER ||
	       handle->kind == CAPIPC_KIND_CONSUMER;
}

static void show_handle(const struct collection *all,
			const struct handle *handle)
{
	printf("  0x%08" PRIx32 "  %s", handle->value, kind_name(handle->kind));
	switch (handle->kind) {
	case CAPIPC_KIND_LISTENER:
		printf(" %" PRIu64 "  name=", handle->object);
		print_quoted(stdout, handle->name ? handle->name : "");
		printf("  queued=%" PRIu32 "/%" PRIu32, handle->queued,
		       handle->backlog);
		break;
	case CAPIPC_KIND_ENDPOINT:
		printf(" %" PRIu64 ".%" PRIu32 "  queued=%" PRIu32
		       " bytes=%" PRIu64,
		       handle->object, handle->end, handle->queued,
		       handle->bytes);
		if (handle->facet)
			printf("  facet=%" PRIu32, handle->facet);
		if (handle->rules)
			fputs("  rules", stdout);
		break;
	case CAPIPC_KIND_BUFFER:
	case CAPIPC_KIND_PRODUCER:
	case CAPIPC_KIND_CONSUMER:
		printf(" %" PRIu64 "  bytes=%" PRIu64, handle->object,
		       handle->bytes);
		break;
	case CAPIPC_KIND_INVITATION:
		printf(" %" PRIu64, handle->object);
		break;
	}
	show_rights(handle->rights);
	if (has_peer(handle))
		show_peer(all, handle);
	putchar('\n');
}

static void show_list(const struct collection *all)
{
	const struct handle *handle = all->handles;
	const struct handle *end = handle + all->handles_array.count;
	size_t i;

	for (i = 0; i < all->contexts_array.count; i++) {
		printf("context %" PRIu64 ": ", all->contexts[i].id);
		show_owner(&all->contexts[i]);
		putchar('\n');
		/* A context that came or went between the two questions has none here. */
		while (handle < end && handle->context < all->contexts[i].id)
			handle++;
		for (; handle < end && handle->context == all->contexts[i].id;
		     handle++)
			show_handle(all, handle);
	}
}

/* ------------------------------------------------------------------------- JSON */

static void json_handle(struct json *json, const struct handle *handle)
{
	json_open(json, NULL, '{');
	json_number(json, "handle", handle->value);
	json_string(json, "kind", kind_name(handle->kind));
	json_rights(json, "rights", handle->rights);
	if (handle->kind == CAPIPC_KIND_LISTENER) {
		json_number(json, "object_id", handle->object);
		json_string(json, "name", handle->name ? handle->name : "");
		json_number(json, "queued", handle->queued);
		json_number(json, "backlog", handle->backlog);
	} else if (handle->kind == CAPIPC_KIND_ENDPOINT) {
		json_number(json, "object_id", handle->object);
		json_number(json, "end", handle->end);
		json_number(json, "queued", handle->queued);
		json_number(json, "bytes", handle->bytes);
		json_number(json, "facet", handle->facet);
		json_bool(json, "rules", handle->rules);
	} else if (is_memory(handle)) {
		json_number(json, "object_id", handle->object);
		json_number(json, "bytes", handle->bytes);
	} else if (handle->kind == CAPIPC_KIND_INVITATION) {
		json_number(json, "object_id", handle->object);
	}
	if (has_peer(handle)) {
		json_string(json, "peer", state_name(handle->peer));
		if (handle->peer_context)
			json_number(json, "peer_context_id",
				    handle->peer_context);
		if (handle->peer_inside)
			json_number(json, "peer_inside_id",
				    handle->peer_inside);
	}
	json_close(json, '}');
}

static void json_list(const struct collection *all)
{
	const struct handle *handle = all->handles;
	const struct handle *end = handle + all->handles_array.count;
	struct json json = { .to = stdout };
	size_t i;

	json_open(&json, NULL, '{');
	json_open(&json, "contexts", '[');
	for (i = 0; i < all->contexts_array.count; i++) {
		const struct context *context = &all->contexts[i];

		json_open(&json, NULL, '{');
		json_number(&json, "context_id", context->id);
		json_number(&json, "uid", context->uid);
		json_number(&json, "pid", context->pid);
		json_program(&json, "program", &context->program);
		json_open(&json, "handles", '[');
		while (handle < end && handle->context < context->id)
			handle++;
		for (; handle < end && handle->context == context->id; handle++)
			json_handle(&json, handle);
		json_close(&json, ']');
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_close(&json, '}');
	putchar('\n');
}

/* ------------------------------------------------------------------- the command */

static int collect(struct link *link, struct collection *all, uint64_t id,
		   const char *name)
{
	int status = collect_contexts(link, all, id);

	(void)name;
	return status ? status : collect_handles(link, all, id);
}

static int show(const struct collection *all, bool json)
{
	if (json)
		json_list(all);
	else
		show_list(all);
	return STATUS_OK;
}

static int run_ls(const struct command *self, int argc, char **argv)
{
	static const struct listing listing = {
		.arguments = LISTING_CONTEXTS,
		.collect = collect,
		.show = show,
	};

	return listing_run(&listing, self, argc, argv);
}

const struct command command_ls = {
	.name = "ls",
	.arguments = "[--json] [CONTEXT...]",
	.summary = "List contexts and what they hold",
	.help = "  -j, --json  as one JSON object\n"
		"\n"
		"With CAP_SYS_ADMIN over the network namespace you see all contexts that were\n"
		"opened in it, else your own.\n",
	.options = json_only,
	.run = run_ls,
};
