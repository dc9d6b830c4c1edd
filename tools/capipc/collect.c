// SPDX-License-Identifier: GPL-2.0
/*
 * What there is: see collect.h.
 */
#include <inttypes.h>
#include <linux/capipc.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <stdlib.h>
#include <string.h>

#include "collect.h"
#include "tool.h"

/* A new zeroed element at the end of an array, or NULL. */
static void *append(void *elements, struct array *array, size_t size)
{
	void **at = elements, *bigger, *element;
	size_t room = array->room ? array->room * 2 : 64;

	if (array->count == array->room) {
		bigger = reallocarray(*at, room, size);
		if (!bigger)
			return NULL;
		*at = bigger;
		array->room = room;
	}
	element = (char *)*at + array->count * size;
	memset(element, 0, size);
	array->count++;
	return element;
}

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

static void take_holder(struct nlattr *nest, struct holder *holder)
{
	static struct nla_policy policy[CAPIPC_HOLDER_A_MAX + 1] = {
		[CAPIPC_HOLDER_A_CONTEXT] = { .type = NLA_U64 },
		[CAPIPC_HOLDER_A_UID] = { .type = NLA_U32 },
		[CAPIPC_HOLDER_A_PID] = { .type = NLA_U32 },
	};
	struct nlattr *attrs[CAPIPC_HOLDER_A_MAX + 1];

	if (!nest ||
	    nla_parse_nested(attrs, CAPIPC_HOLDER_A_MAX, nest, policy) < 0)
		return;
	take_u64(attrs[CAPIPC_HOLDER_A_CONTEXT], &holder->context);
	take_u32(attrs[CAPIPC_HOLDER_A_UID], &holder->uid);
	take_u32(attrs[CAPIPC_HOLDER_A_PID], &holder->pid);
}

/* ---------------------------------------------------------------- contexts */

static int got_context(struct genlmsghdr *header, struct nlattr **attrs,
		       void *data)
{
	struct collection *all = data;
	struct context *context;

	(void)header;
	if (!attrs[CAPIPC_CONTEXT_A_ID] || !attrs[CAPIPC_CONTEXT_A_UID])
		return 0;
	context =
		append(&all->contexts, &all->contexts_array, sizeof(*context));
	if (!context)
		return -1;
	take_u64(attrs[CAPIPC_CONTEXT_A_ID], &context->id);
	take_u32(attrs[CAPIPC_CONTEXT_A_UID], &context->uid);
	take_u32(attrs[CAPIPC_CONTEXT_A_PID], &context->pid);
	take_u32(attrs[CAPIPC_CONTEXT_A_HANDLES], &context->handles);
	take_u64(attrs[CAPIPC_CONTEXT_A_BYTES_CHARGED], &context->bytes);
	take_u64(attrs[CAPIPC_CONTEXT_A_BYTES_LIMIT], &context->bytes_limit);
	context->ready = attrs[CAPIPC_CONTEXT_A_READY];
	parse_program(attrs[CAPIPC_CONTEXT_A_PROGRAM], &context->program);
	if (context->program.path) {
		context->program.path = strdup(context->program.path);
		if (!context->program.path)
			return -1;
	}
	return 0;
}

int collect_contexts(struct link *link, struct collection *all,
		     uint64_t context)
{
	static struct nla_policy policy[CAPIPC_CONTEXT_A_MAX + 1] = {
		[CAPIPC_CONTEXT_A_ID] = { .type = NLA_U64 },
		[CAPIPC_CONTEXT_A_UID] = { .type = NLA_U32 },
		[CAPIPC_CONTEXT_A_PID] = { .type = NLA_U32 },
		[CAPIPC_CONTEXT_A_PROGRAM] = { .type = NLA_NESTED },
		[CAPIPC_CONTEXT_A_HANDLES] = { .type = NLA_U32 },
		[CAPIPC_CONTEXT_A_READY] = { .type = NLA_FLAG },
		[CAPIPC_CONTEXT_A_BYTES_CHARGED] = { .type = NLA_U64 },
		[CAPIPC_CONTEXT_A_BYTES_LIMIT] = { .type = NLA_U64 },
	};
	const struct request request = {
		.command = CAPIPC_CMD_GET_CONTEXT,
		.dump = !context,
		.attr = context ? CAPIPC_CONTEXT_A_ID : 0,
		.value = context,
		.max = CAPIPC_CONTEXT_A_MAX,
		.policy = policy,
		.got = got_context,
		.data = all,
	};

	return link_ask(link, &request);
}

/* ----------------------------------------------------------------- handles */

static int got_handle(struct genlmsghdr *header, struct nlattr **attrs,
		      void *data)
{
	struct collection *all = data;
	struct handle *handle;

	(void)header;
	handle = append(&all->handles, &all->handles_array, sizeof(*handle));
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

int collect_handles(struct link *link, struct collection *all, uint64_t context)
{
	static struct nla_policy policy[CAPIPC_HANDLE_A_MAX + 1] = {
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
	const struct request request = {
		.command = CAPIPC_CMD_GET_HANDLE,
		.dump = true,
		.attr = context ? CAPIPC_HANDLE_A_CONTEXT : 0,
		.value = context,
		.max = CAPIPC_HANDLE_A_MAX,
		.policy = policy,
		.got = got_handle,
		.data = all,
	};

	return link_ask(link, &request);
}

/* ------------------------------------------------------------------- pipes */

static void take_end(struct nlattr *nest, struct pipe *pipe)
{
	static struct nla_policy policy[CAPIPC_END_A_MAX + 1] = {
		[CAPIPC_END_A_INDEX] = { .type = NLA_U32 },
		[CAPIPC_END_A_STATE] = { .type = NLA_U32 },
		[CAPIPC_END_A_HOLDER] = { .type = NLA_NESTED },
		[CAPIPC_END_A_HANDLE] = { .type = NLA_U32 },
		[CAPIPC_END_A_RIGHTS] = { .type = NLA_U32 },
		[CAPIPC_END_A_INSIDE] = { .type = NLA_U64 },
		[CAPIPC_END_A_INSIDE_END] = { .type = NLA_U32 },
		[CAPIPC_END_A_QUEUED] = { .type = NLA_U32 },
		[CAPIPC_END_A_BYTES] = { .type = NLA_U64 },
		[CAPIPC_END_A_FACET] = { .type = NLA_U32 },
		[CAPIPC_END_A_RULES] = { .type = NLA_FLAG },
	};
	struct nlattr *attrs[CAPIPC_END_A_MAX + 1];
	uint32_t index = 2;
	struct end *end;

	if (nla_parse_nested(attrs, CAPIPC_END_A_MAX, nest, policy) < 0)
		return;
	take_u32(attrs[CAPIPC_END_A_INDEX], &index);
	if (index > 1)
		return;
	end = &pipe->end[index];
	take_u32(attrs[CAPIPC_END_A_STATE], &end->state);
	take_holder(attrs[CAPIPC_END_A_HOLDER], &end->holder);
	take_u32(attrs[CAPIPC_END_A_HANDLE], &end->handle);
	take_u32(attrs[CAPIPC_END_A_RIGHTS], &end->rights);
	take_u64(attrs[CAPIPC_END_A_INSIDE], &end->inside);
	take_u32(attrs[CAPIPC_END_A_INSIDE_END], &end->inside_end);
	take_u32(attrs[CAPIPC_END_A_QUEUED], &end->queued);
	take_u64(attrs[CAPIPC_END_A_BYTES], &end->bytes);
	take_u32(attrs[CAPIPC_END_A_FACET], &end->facet);
	end->rules = attrs[CAPIPC_END_A_RULES];
}

/* The two ends have the same attribute, so that @attrs has only one of them. */
static int got_pipe(struct genlmsghdr *header, struct nlattr **attrs,
		    void *data)
{
	struct collection *all = data;
	struct nlattr *attr;
	struct pipe *pipe;
	int rest;

	if (!attrs[CAPIPC_PIPE_A_ID])
		return 0;
	pipe = append(&all->pipes, &all->pipes_array, sizeof(*pipe));
	if (!pipe)
		return -1;
	take_u64(attrs[CAPIPC_PIPE_A_ID], &pipe->id);
	pipe->cut = attrs[CAPIPC_PIPE_A_CUT];
	nla_for_each_attr(attr, genlmsg_attrdata(header, 0),
			  genlmsg_attrlen(header, 0), rest) {
		if (nla_type(attr) == CAPIPC_PIPE_A_END)
			take_end(attr, pipe);
	}
	return 0;
}

int collect_pipes(struct link *link, struct collection *all, uint64_t context)
{
	static struct nla_policy policy[CAPIPC_PIPE_A_MAX + 1] = {
		[CAPIPC_PIPE_A_ID] = { .type = NLA_U64 },
		[CAPIPC_PIPE_A_CUT] = { .type = NLA_FLAG },
		[CAPIPC_PIPE_A_END] = { .type = NLA_NESTED },
	};
	const struct request request = {
		.command = CAPIPC_CMD_GET_PIPE,
		.dump = true,
		.attr = context ? CAPIPC_PIPE_A_CONTEXT : 0,
		.value = context,
		.max = CAPIPC_PIPE_A_MAX,
		.policy = policy,
		.got = got_pipe,
		.data = all,
	};

	return link_ask(link, &request);
}

/* --------------------------------------------------------------- listeners */

static int got_listener(struct genlmsghdr *header, struct nlattr **attrs,
			void *data)
{
	struct collection *all = data;
	struct listener *listener;

	(void)header;
	if (!attrs[CAPIPC_LISTENER_A_ID] || !attrs[CAPIPC_LISTENER_A_NAME])
		return 0;
	listener = append(&all->listeners, &all->listeners_array,
			  sizeof(*listener));
	if (!listener)
		return -1;
	take_u64(attrs[CAPIPC_LISTENER_A_ID], &listener->id);
	take_u32(attrs[CAPIPC_LISTENER_A_UID], &listener->uid);
	take_u32(attrs[CAPIPC_LISTENER_A_STATE], &listener->state);
	take_holder(attrs[CAPIPC_LISTENER_A_HOLDER], &listener->holder);
	take_u32(attrs[CAPIPC_LISTENER_A_HANDLE], &listener->handle);
	take_u64(attrs[CAPIPC_LISTENER_A_INSIDE], &listener->inside);
	take_u32(attrs[CAPIPC_LISTENER_A_QUEUED], &listener->queued);
	take_u32(attrs[CAPIPC_LISTENER_A_BACKLOG], &listener->backlog);
	take_u32(attrs[CAPIPC_LISTENER_A_RULES], &listener->rules);
	take_u32(attrs[CAPIPC_LISTENER_A_ENDPOINT_RULES],
		 &listener->endpoint_rules);
	listener->name = nla_strdup(attrs[CAPIPC_LISTENER_A_NAME]);
	return listener->name ? 0 : -1;
}

int collect_listeners(struct link *link, struct collection *all,
		      const char *name)
{
	static struct nla_policy policy[CAPIPC_LISTENER_A_MAX + 1] = {
		[CAPIPC_LISTENER_A_ID] = { .type = NLA_U64 },
		[CAPIPC_LISTENER_A_NAME] = { .type = NLA_STRING },
		[CAPIPC_LISTENER_A_UID] = { .type = NLA_U32 },
		[CAPIPC_LISTENER_A_STATE] = { .type = NLA_U32 },
		[CAPIPC_LISTENER_A_HOLDER] = { .type = NLA_NESTED },
		[CAPIPC_LISTENER_A_HANDLE] = { .type = NLA_U32 },
		[CAPIPC_LISTENER_A_INSIDE] = { .type = NLA_U64 },
		[CAPIPC_LISTENER_A_QUEUED] = { .type = NLA_U32 },
		[CAPIPC_LISTENER_A_BACKLOG] = { .type = NLA_U32 },
		[CAPIPC_LISTENER_A_RULES] = { .type = NLA_U32 },
		[CAPIPC_LISTENER_A_ENDPOINT_RULES] = { .type = NLA_U32 },
	};
	const struct request request = {
		.command = CAPIPC_CMD_GET_LISTENER,
		.dump = !name,
		.attr = name ? CAPIPC_LISTENER_A_NAME : 0,
		.text = name,
		.max = CAPIPC_LISTENER_A_MAX,
		.policy = policy,
		.got = got_listener,
		.data = all,
	};

	return link_ask(link, &request);
}

/* -------------------------------------------------------------- collections */

static int compare_contexts(const void *a, const void *b)
{
	const struct context *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int compare_handles(const void *a, const void *b)
{
	const struct handle *x = a, *y = b;

	if (x->context != y->context)
		return x->context < y->context ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

static int compare_pipes(const void *a, const void *b)
{
	const struct pipe *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int compare_listeners(const void *a, const void *b)
{
	const struct listener *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* There need not be any. */
static void sort(void *elements, const struct array *array, size_t size,
		 int (*compare)(const void *a, const void *b))
{
	if (array->count)
		qsort(elements, array->count, size, compare);
}

void collection_sort(struct collection *all)
{
	sort(all->contexts, &all->contexts_array, sizeof(*all->contexts),
	     compare_contexts);
	sort(all->handles, &all->handles_array, sizeof(*all->handles),
	     compare_handles);
	sort(all->pipes, &all->pipes_array, sizeof(*all->pipes), compare_pipes);
	sort(all->listeners, &all->listeners_array, sizeof(*all->listeners),
	     compare_listeners);
}

void collection_free(struct collection *all)
{
	size_t i;

	for (i = 0; i < all->contexts_array.count; i++)
		free((char *)all->contexts[i].program.path);
	for (i = 0; i < all->handles_array.count; i++)
		free(all->handles[i].name);
	for (i = 0; i < all->listeners_array.count; i++)
		free(all->listeners[i].name);
	free(all->contexts);
	free(all->handles);
	free(all->pipes);
	free(all->listeners);
	memset(all, 0, sizeof(*all));
}

const struct context *find_context(const struct collection *all, uint64_t id)
{
	const struct context key = { .id = id };

	return all->contexts_array.count ?
		       bsearch(&key, all->contexts, all->contexts_array.count,
			       sizeof(key), compare_contexts) :
		       NULL;
}

const struct pipe *find_pipe(const struct collection *all, uint64_t id)
{
	const struct pipe key = { .id = id };

	return all->pipes_array.count ?
		       bsearch(&key, all->pipes, all->pipes_array.count,
			       sizeof(key), compare_pipes) :
		       NULL;
}

/* ------------------------------------------------------------------- words */

const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {
		[CAPIPC_KIND_ENDPOINT] = "endpoint",
		[CAPIPC_KIND_LISTENER] = "listener",
		[CAPIPC_KIND_REPLY] = "reply",
		[CAPIPC_KIND_CALL] = "call",
		[CAPIPC_KIND_BUFFER] = "buffer",
		[CAPIPC_KIND_PRODUCER] = "producer",
		[CAPIPC_KIND_CONSUMER] = "consumer",
		[CAPIPC_KIND_INVITATION] = "invitation",
	};

	return kind < sizeof(names) / sizeof(*names) && names[kind] ?
		       names[kind] :
		       "unknown";
}

const char *state_name(uint32_t state)
{
	switch (state) {
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
} right_names[] = {
	{ CAPIPC_RIGHT_READ, "read" },
	{ CAPIPC_RIGHT_WRITE, "write" },
	{ CAPIPC_RIGHT_TRANSFER, "transfer" },
	{ CAPIPC_RIGHT_DUPLICATE, "duplicate" },
	{ CAPIPC_RIGHT_MAP, "map" },
	{ CAPIPC_RIGHT_ADMIN, "admin" },
};

#define RIGHTS_COUNT (sizeof(right_names) / sizeof(*right_names))

void show_rights(uint32_t rights)
{
	const char *between = "";
	size_t i;

	fputs("  rights=", stdout);
	for (i = 0; i < RIGHTS_COUNT; i++) {
		if (rights & right_names[i].bit) {
			printf("%s%s", between, right_names[i].name);
			between = ",";
		}
	}
	if (!*between)
		fputs("none", stdout);
}

void json_rights(struct json *json, const char *key, uint32_t rights)
{
	size_t i;

	json_open(json, key, '[');
	for (i = 0; i < RIGHTS_COUNT; i++) {
		if (rights & right_names[i].bit)
			json_string(json, NULL, right_names[i].name);
	}
	json_close(json, ']');
}

void show_owner(const struct context *context)
{
	printf("pid %" PRIu32 ", uid %" PRIu32, context->pid, context->uid);
	if (context->program.path) {
		fputs(", ", stdout);
		print_quoted(stdout, context->program.path);
	}
	if (context->program.deleted)
		fputs(" (deleted)", stdout);
}

void show_holder(const struct collection *all, const struct holder *holder)
{
	const struct context *context = find_context(all, holder->context);

	printf("context %" PRIu64 " (", holder->context);
	if (context)
		show_owner(context);
	else
		printf("pid %" PRIu32 ", uid %" PRIu32, holder->pid,
		       holder->uid);
	putchar(')');
}

void json_holder(struct json *json, const char *key,
		 const struct collection *all, const struct holder *holder)
{
	const struct context *context = find_context(all, holder->context);

	if (!holder->context)
		return;
	json_open(json, key, '{');
	json_number(json, "context_id", holder->context);
	json_number(json, "uid", holder->uid);
	json_number(json, "pid", holder->pid);
	if (context)
		json_program(json, "program", &context->program);
	json_close(json, '}');
}
