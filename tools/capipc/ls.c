// SPDX-License-Identifier: GPL-2.0
/*
 * capipc ls: contexts, and what they hold.
 */
#include <inttypes.h>
#include <linux/capipc.h>
#include <string.h>

#include "collect.h"
#include "text.h"
#include "tool.h"

/* ------------------------------------------------------------------ for humans */

<<<<<<< HEAD
static void show_peer(const struct collection *all, const struct handle *handle)
=======
struct handle {
	uint64_t context;
	uint64_t object;
	uint64_t bytes;
	uint64_t peer_context;
	uint64_t peer_inside;
	uint32_t value;
	uint32_t kind;
	uint32_t rights;
	uint32_t queued;
	uint32_t end;
	uint32_t facet;
	uint32_t peer;
	uint32_t backlog;
	bool rules;
	char *name;
};

/**
 * struct list - what the kernel told
 * @contexts: sorted by number
 * @contexts_count: how many
 * @contexts_room: room for so many
 * @handles: those of a context in a row, contexts sorted
 * @handles_count: how many
 * @handles_room: room for so many
 */
struct list {
	struct context *contexts;
	size_t contexts_count;
	size_t contexts_room;
	struct handle *handles;
	size_t handles_count;
	size_t handles_room;
};

/* A new zeroed element at the end of an array, or NULL. */
static void *append(void **array, size_t *count, size_t *room, size_t size)
{
	void *bigger, *element;

	if (*count == *room) {
		bigger = reallocarray(*array, *room ? *room * 2 : 64, size);
		if (!bigger)
			return NULL;
		*array = bigger;
		*room = *room ? *room * 2 : 64;
	}
	element = (char *)*array + *count * size;
	memset(element, 0, size);
	(*count)++;
	return element;
}

static struct nla_policy context_policy[CAPIPC_CONTEXT_A_MAX + 1] = {
	[CAPIPC_CONTEXT_A_ID] = { .type = NLA_U64 },
	[CAPIPC_CONTEXT_A_UID] = { .type = NLA_U32 },
	[CAPIPC_CONTEXT_A_PID] = { .type = NLA_U32 },
	[CAPIPC_CONTEXT_A_PROGRAM] = { .type = NLA_NESTED },
};

static int got_context(struct nlattr **attrs, void *data)
{
	struct list *list = data;
	struct context *context;

	if (!attrs[CAPIPC_CONTEXT_A_ID] || !attrs[CAPIPC_CONTEXT_A_UID])
		return 0;
	context = append((void **)&list->contexts, &list->contexts_count,
			 &list->contexts_room, sizeof(*context));
	if (!context)
		return -1;
	context->id = nla_get_u64(attrs[CAPIPC_CONTEXT_A_ID]);
	context->uid = nla_get_u32(attrs[CAPIPC_CONTEXT_A_UID]);
	if (attrs[CAPIPC_CONTEXT_A_PID])
		context->pid = nla_get_u32(attrs[CAPIPC_CONTEXT_A_PID]);
	parse_program(attrs[CAPIPC_CONTEXT_A_PROGRAM], &context->program);
	if (context->program.path) {
		context->program.path = strdup(context->program.path);
		if (!context->program.path)
			return -1;
	}
	return 0;
}

static struct nla_policy handle_policy[CAPIPC_HANDLE_A_MAX + 1] = {
	[CAPIPC_HANDLE_A_CONTEXT] = { .type = NLA_U64 },
	[CAPIPC_HANDLE_A_HANDLE] = { .type = NLA_U32 },
	[CAPIPC_HANDLE_A_KIND] = { .type = NLA_U32 },
	[CAPIPC_HANDLE_A_RIGHTS] = { .type = NLA_U32 },
	[CAPIPC_HANDLE_A_OBJECT] = { .type = NLA_U64 },
	[CAPIPC_HANDLE_A_QUEUED] = { .type = NLA_U32 },
	[CAPIPC_HANDLE_A_END] = { .type = NLA_U32 },
	[CAPIPC_HANDLE_A_BYTES] = { .type = NLA_U64 },
	[CAPIPC_HANDLE_A_FACET] = { .type = NLA_U32 },
	[CAPIPC_HANDLE_A_RULES] = { .type = NLA_FLAG },
	[CAPIPC_HANDLE_A_PEER] = { .type = NLA_U32 },
	[CAPIPC_HANDLE_A_PEER_CONTEXT] = { .type = NLA_U64 },
	[CAPIPC_HANDLE_A_PEER_INSIDE] = { .type = NLA_U64 },
	[CAPIPC_HANDLE_A_NAME] = { .type = NLA_STRING },
	[CAPIPC_HANDLE_A_BACKLOG] = { .type = NLA_U32 },
};

static void take_u32(struct nlattr *attr, uint32_t *out)
{
	if (attr)
		*out = nla_get_u32(attr);
}

static void take_u64(struct nlattr *attr, uint64_t *out)
{
	if (attr)
		*out = nla_get_u64(attr);
}

static int got_handle(struct nlattr **attrs, void *data)
{
	struct list *list = data;
	struct handle *handle;

	handle = append((void **)&list->handles, &list->handles_count,
			&list->handles_room, sizeof(*handle));
	if (!handle)
		return -1;
	take_u64(attrs[CAPIPC_HANDLE_A_CONTEXT], &handle->context);
	take_u32(attrs[CAPIPC_HANDLE_A_HANDLE], &handle->value);
	take_u32(attrs[CAPIPC_HANDLE_A_KIND], &handle->kind);
	take_u32(attrs[CAPIPC_HANDLE_A_RIGHTS], &handle->rights);
	take_u64(attrs[CAPIPC_HANDLE_A_OBJECT], &handle->object);
	take_u32(attrs[CAPIPC_HANDLE_A_QUEUED], &handle->queued);
	take_u32(attrs[CAPIPC_HANDLE_A_END], &handle->end);
	take_u64(attrs[CAPIPC_HANDLE_A_BYTES], &handle->bytes);
	take_u32(attrs[CAPIPC_HANDLE_A_FACET], &handle->facet);
	handle->rules = attrs[CAPIPC_HANDLE_A_RULES];
	take_u32(attrs[CAPIPC_HANDLE_A_PEER], &handle->peer);
	take_u64(attrs[CAPIPC_HANDLE_A_PEER_CONTEXT], &handle->peer_context);
	take_u64(attrs[CAPIPC_HANDLE_A_PEER_INSIDE], &handle->peer_inside);
	take_u32(attrs[CAPIPC_HANDLE_A_BACKLOG], &handle->backlog);
	if (attrs[CAPIPC_HANDLE_A_NAME]) {
		handle->name = nla_strdup(attrs[CAPIPC_HANDLE_A_NAME]);
		if (!handle->name)
			return -1;
	}
	return 0;
}

static void list_free(struct list *list)
{
	size_t i;

	for (i = 0; i < list->contexts_count; i++)
		free((char *)list->contexts[i].program.path);
	for (i = 0; i < list->handles_count; i++)
		free(list->handles[i].name);
	free(list->contexts);
	free(list->handles);
}

/* All contexts, or one (@id not 0). */
static int list_ask(struct link *link, struct list *list, uint64_t id)
{
	struct request contexts = {
		.command = CAPIPC_CMD_GET_CONTEXT,
		.dump = !id,
		.attr = id ? CAPIPC_CONTEXT_A_ID : 0,
		.value = id,
		.max = CAPIPC_CONTEXT_A_MAX,
		.policy = context_policy,
		.got = got_context,
		.data = list,
	};
	struct request handles = {
		.command = CAPIPC_CMD_GET_HANDLE,
		.dump = true,
		.attr = id ? CAPIPC_HANDLE_A_CONTEXT : 0,
		.value = id,
		.max = CAPIPC_HANDLE_A_MAX,
		.policy = handle_policy,
		.got = got_handle,
		.data = list,
	};
	int status = link_ask(link, &contexts);

	return status ? status : link_ask(link, &handles);
}

/* ------------------------------------------------------------------ relations */

static int compare_contexts(const void *a, const void *b)
{
	const struct context *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static const struct context *find_context(const struct list *list, uint64_t id)
{
	const struct context key = { .id = id };

	return bsearch(&key, list->contexts, list->contexts_count, sizeof(key),
		       compare_contexts);
}

static int compare_handles(const void *a, const void *b)
{
	const struct handle *x = a, *y = b;

	if (x->context != y->context)
		return x->context < y->context ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {
		[CAPIPC_KIND_ENDPOINT] = "endpoint",
		[CAPIPC_KIND_LISTENER] = "listener",
		[CAPIPC_KIND_REPLY] = "reply",
		[CAPIPC_KIND_CALL] = "call",
		[CAPIPC_KIND_BUFFER] = "buffer",
		[CAPIPC_KIND_PRODUCER] = "producer",
		[CAPIPC_KIND_CONSUMER] = "consumer",
	};

	return kind < sizeof(names) / sizeof(*names) && names[kind] ?
		       names[kind] :
		       "unknown";
}

static const char *peer_name(uint32_t peer)
{
	switch (peer) {
	case CAPIPC_PEER_HELD:
		return "held";
	case CAPIPC_PEER_IN_FLIGHT:
		return "in-flight";
	case CAPIPC_PEER_CLOSED:
		return "closed";
	default:
		return "unknown";
	}
}

static const struct {
	uint32_t bit;
	const char *name;
} rights[] = {
	{ CAPIPC_RIGHT_READ, "read" },
	{ CAPIPC_RIGHT_WRITE, "write" },
	{ CAPIPC_RIGHT_TRANSFER, "transfer" },
	{ CAPIPC_RIGHT_DUPLICATE, "duplicate" },
	{ CAPIPC_RIGHT_MAP, "map" },
	{ CAPIPC_RIGHT_ADMIN, "admin" },
};

#define RIGHTS_COUNT (sizeof(rights) / sizeof(*rights))

/* -------------------------------------------------------------------- for humans */

static void show_rights(uint32_t bits)
{
	const char *between = "";
	size_t i;

	fputs("  rights=", stdout);
	for (i = 0; i < RIGHTS_COUNT; i++) {
		if (bits & rights[i].bit) {
			printf("%s%s", between, rights[i].name);
			between = ",";
		}
	}
	if (!*between)
		fputs("none", stdout);
}

static void show_owner(const struct context *context)
{
	printf("pid %" PRIu32 ", uid %" PRIu32, context->pid, context->uid);
	if (context->program.path) {
		fputs(", ", stdout);
		print_quoted(stdout, context->program.path);
	}
	if (context->program.deleted)
		fputs(" (deleted)", stdout);
}

static void show_peer(const struct list *list, const struct handle *handle)
>>>>>>> core
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

<<<<<<< HEAD
static void show_handle(const struct collection *all,
			const struct handle *handle)
=======
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

static void show_handle(const struct list *list, const struct handle *handle)
>>>>>>> core
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
	}
	show_rights(handle->rights);
<<<<<<< HEAD
	if (handle->kind == CAPIPC_KIND_ENDPOINT)
		show_peer(all, handle);
=======
	if (has_peer(handle))
		show_peer(list, handle);
>>>>>>> core
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
<<<<<<< HEAD
		json_string(json, "peer", state_name(handle->peer));
=======
	} else if (is_memory(handle)) {
		json_number(json, "object_id", handle->object);
		json_number(json, "bytes", handle->bytes);
	}
	if (has_peer(handle)) {
		json_string(json, "peer", peer_name(handle->peer));
>>>>>>> core
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

static int list_one(struct link *link, struct collection *all, uint64_t context)
{
	int status = collect_contexts(link, all, context);

	return status ? status : collect_handles(link, all, context);
}

static int run_ls(const struct command *self, int argc, char **argv)
{
	struct collection all = { 0 };
	bool json = false;
	struct link link;
	int option, status, i;
	uint64_t id;

	while ((option = getopt_long(argc, argv, "hj", self->options, NULL)) !=
	       -1) {
		switch (option) {
		case 'h':
			return command_help_show(self);
		case 'j':
			json = true;
			break;
		default:
			return usage_hint(self);
		}
	}
	for (i = optind; i < argc; i++) {
		if (!parse_number(argv[i], UINT64_MAX, &id) || !id)
			return usage_error(
				self, "not a number of a context: %s", argv[i]);
	}

	status = link_open(&link);
	if (status)
		return status;
	if (optind == argc)
		status = list_one(&link, &all, 0);
	for (i = optind; i < argc && !status; i++) {
		parse_number(argv[i], UINT64_MAX, &id);
		status = list_one(&link, &all, id);
	}
	link_note_changes(&link);
	link_close(&link);

	if (!status) {
		collection_sort(&all);
		if (json)
			json_list(&all);
		else
			show_list(&all);
	}
	collection_free(&all);
	return finish_output(status);
}

static const struct option ls_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

const struct command command_ls = {
	.name = "ls",
	.arguments = "[--json] [CONTEXT...]",
	.summary = "List contexts and what they hold",
	.help = "  -j, --json  as one JSON object\n"
		"\n"
		"With CAP_SYS_ADMIN over the network namespace you see all contexts that were\n"
		"opened in it, else your own.\n",
	.options = ls_options,
	.run = run_ls,
};
