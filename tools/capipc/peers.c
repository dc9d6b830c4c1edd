// SPDX-License-Identifier: GPL-2.0
/*
 * capipc peers: who is at the other ends of the pipes of a context.
 */
#include <inttypes.h>
#include <linux/capipc.h>
#include <stdlib.h>

#include "listing.h"
#include "text.h"

/**
 * struct peer - one end of a pipe, seen from its holder
 * @context: number of the holder
 * @pipe: the pipe
 * @index: which end is the holder's
 */
struct peer {
	uint64_t context;
	const struct pipe *pipe;
	int index;
};

static int compare_peers(const void *a, const void *b)
{
	const struct peer *x = a, *y = b;

	if (x->context != y->context)
		return x->context < y->context ? -1 : 1;
	if (x->pipe->id != y->pipe->id)
		return x->pipe->id < y->pipe->id ? -1 : 1;
	return x->index - y->index;
}

/* Every end that somebody holds, those of one context in a row; NULL: no memory. */
static struct peer *find_peers(const struct collection *all, size_t *count)
{
	struct peer *peers =
		calloc(2 * all->pipes_array.count + 1, sizeof(*peers));
	size_t i;
	int end;

	*count = 0;
	if (!peers)
		return NULL;
	for (i = 0; i < all->pipes_array.count; i++) {
		for (end = 0; end < 2; end++) {
			if (all->pipes[i].end[end].holder.context)
				peers[(*count)++] = (struct peer){
					all->pipes[i].end[end].holder.context,
					&all->pipes[i],
					end,
				};
		}
	}
	qsort(peers, *count, sizeof(*peers), compare_peers);
	return peers;
}

static void show_peer(const struct collection *all, const struct peer *peer)
{
	const struct end *own = &peer->pipe->end[peer->index];
	const struct end *other = &peer->pipe->end[!peer->index];

	printf("  pipe %" PRIu64 ".%d", peer->pipe->id, peer->index);
	if (own->handle)
		printf("  0x%08" PRIx32, own->handle);
	printf("  in=%" PRIu32 "/%" PRIu64 "  out=%" PRIu32 "/%" PRIu64,
	       own->queued, own->bytes, other->queued, other->bytes);
	if (own->facet || other->facet)
		printf("  facet=%" PRIu32,
		       own->facet ? own->facet : other->facet);
	printf("  peer %s", state_name(other->state));
	if (other->holder.context) {
		fputs(" by ", stdout);
		show_holder(all, &other->holder);
	}
	if (other->inside)
		printf(" inside %" PRIu64, other->inside);
	if (other->rules)
		fputs(", with rules", stdout);
	putchar('\n');
}

static void json_peer(struct json *json, const struct collection *all,
		      const struct peer *peer)
{
	const struct end *own = &peer->pipe->end[peer->index];
	const struct end *other = &peer->pipe->end[!peer->index];

	json_open(json, NULL, '{');
	json_number(json, "pipe_id", peer->pipe->id);
	json_number(json, "end", (uint64_t)peer->index);
	if (own->handle) {
		json_number(json, "handle", own->handle);
		json_rights(json, "rights", own->rights);
	}
	json_number(json, "in_queued", own->queued);
	json_number(json, "in_bytes", own->bytes);
	json_number(json, "out_queued", other->queued);
	json_number(json, "out_bytes", other->bytes);
	json_number(json, "facet", own->facet);
	json_number(json, "peer_facet", other->facet);
	json_bool(json, "rules", own->rules);
	json_bool(json, "peer_rules", other->rules);
	json_string(json, "peer", state_name(other->state));
	json_holder(json, "peer_holder", all, &other->holder);
	if (other->inside)
		json_number(json, "peer_inside_id", other->inside);
	json_close(json, '}');
}

/* Contexts that were asked for, or all: those that have no pipes as well. */
static void tell(const struct collection *all, const struct peer *peers,
		 size_t count, bool as_json)
{
	const struct peer *peer = peers, *end = peers + count;
	struct json json = { .to = stdout };
	const struct context *context;
	size_t i;

	if (as_json) {
		json_open(&json, NULL, '{');
		json_open(&json, "contexts", '[');
	}
	for (i = 0; i < all->contexts_array.count; i++) {
		context = &all->contexts[i];
		while (peer < end && peer->context < context->id)
			peer++;
		if (as_json) {
			json_open(&json, NULL, '{');
			json_number(&json, "context_id", context->id);
			json_number(&json, "uid", context->uid);
			json_number(&json, "pid", context->pid);
			json_program(&json, "program", &context->program);
			json_open(&json, "peers", '[');
		} else {
			printf("context %" PRIu64 ": ", context->id);
			show_owner(context);
			putchar('\n');
		}
		for (; peer < end && peer->context == context->id; peer++) {
			if (as_json)
				json_peer(&json, all, peer);
			else
				show_peer(all, peer);
		}
		if (as_json) {
			json_close(&json, ']');
			json_close(&json, '}');
		}
	}
	if (as_json) {
		json_close(&json, ']');
		json_close(&json, '}');
		putchar('\n');
	}
}

static int collect(struct link *link, struct collection *all, uint64_t id,
		   const char *name)
{
	int status = collect_contexts(link, all, id);

	(void)name;
	return status ? status : collect_pipes(link, all, id);
}

static int show(const struct collection *all, bool json)
{
	struct peer *peers;
	size_t count;

	peers = find_peers(all, &count);
	if (!peers) {
		complain("out of memory");
		return STATUS_FAILED;
	}
	tell(all, peers, count, json);
	free(peers);
	return STATUS_OK;
}

static int run_peers(const struct command *self, int argc, char **argv)
{
	static const struct listing listing = {
		.arguments = LISTING_CONTEXTS,
		.collect = collect,
		.show = show,
	};

	return listing_run(&listing, self, argc, argv);
}

const struct command command_peers = {
	.name = "peers",
	.arguments = "[--json] [CONTEXT...]",
	.summary = "List who is at the other ends of the pipes of contexts",
	.help = "  -j, --json  as one JSON object\n"
		"\n"
		"in= is what waits to be received by the context, out= what waits for the other\n"
		"side, in messages and in bytes. You see your own contexts, or with CAP_SYS_ADMIN\n"
		"over the network namespace all of it.\n",
	.options = json_only,
	.run = run_peers,
};
