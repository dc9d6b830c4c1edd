// SPDX-License-Identifier: GPL-2.0
/*
 * capipc graph: who is connected to whom.
 *
 * Processes are nodes, pipes are edges from end 0 to end 1. An end that is in
 * flight is drawn to who would receive it, dashed; one that is closed to a point of
 * its own, dotted. Names are nodes as well, with an edge from who listens.
 */
#include <inttypes.h>
#include <linux/capipc.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"
#include "text.h"

/* How far an end that is in flight inside others in flight is followed. */
#define NESTING_MAX 64

enum node_kind {
	NODE_PROCESS,
	NODE_CONTEXT, /* of a process that has no number here */
	NODE_NAME,
	NODE_FLIGHT, /* nobody would receive it, or we may not know who */
	NODE_CLOSED,
};

/**
 * struct node - a node of the graph
 * @kind: enum node_kind
 * @id: number of the process, context, listener, or of the pipe, which end
 * @uid: of a process or context
 * @text: name of the program or the listener, or NULL
 */
struct node {
	int kind;
	uint64_t id;
	uint32_t uid;
	const char *text;
};

/**
 * struct edge - an edge of the graph
 * @from: name of a node
 * @to: name of a node
 * @pipe: the pipe that it is, or NULL
 * @style: enum edge_style
 */
struct edge {
	struct node from;
	struct node to;
	const struct pipe *pipe;
	const char *style;
};

struct graph {
	struct node *nodes;
	size_t nodes_count;
	struct edge *edges;
	size_t edges_count;
};

static const char *const node_letters = "pcnfx";
static const char *const node_names[] = { "process", "context", "name",
					  "in-flight", "closed" };

static int compare_nodes(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind - y->kind;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* ---------------------------------------------------------------- the graph */

static struct node holder_node(const struct collection *all,
			       const struct holder *holder)
{
	const struct context *context = find_context(all, holder->context);
	struct node node = { .uid = holder->uid };

	node.kind = holder->pid ? NODE_PROCESS : NODE_CONTEXT;
	node.id = holder->pid ? holder->pid : holder->context;
	if (context)
		node.text = context->program.path;
	return node;
}

/* Who would receive what waits at this end of that pipe. */
static bool find_receiver(const struct collection *all, uint64_t id,
			  uint32_t index, struct node *node)
{
	const struct pipe *pipe;
	const struct end *end;
	size_t i;
	int n;

	for (n = 0; n < NESTING_MAX; n++) {
		pipe = find_pipe(all, id);
		if (!pipe)
			break;
		end = &pipe->end[index & 1];
		if (end->holder.context) {
			*node = holder_node(all, &end->holder);
			return true;
		}
		id = end->inside;
		index = end->inside_end;
	}
	for (i = 0; i < all->listeners_array.count; i++) {
		if (all->listeners[i].id != id)
			continue;
		*node = (struct node){
			.kind = NODE_NAME,
			.id = id,
			.text = all->listeners[i].name,
		};
		return true;
	}
	return false;
}

static struct node end_node(const struct collection *all,
			    const struct pipe *pipe, uint32_t index,
			    const char **style)
{
	const struct end *end = &pipe->end[index];
	struct node node = { .id = pipe->id * 2 + index };

	if (end->holder.context)
		return holder_node(all, &end->holder);
	if (end->state == CAPIPC_PEER_CLOSED) {
		*style = "dotted";
		node.kind = NODE_CLOSED;
		return node;
	}
	*style = "dashed";
	if (!find_receiver(all, end->inside, end->inside_end, &node))
		node.kind = NODE_FLIGHT;
	return node;
}

static void add_node(struct graph *graph, const struct node *node)
{
	graph->nodes[graph->nodes_count++] = *node;
}

static void add_edge(struct graph *graph, const struct edge *edge)
{
	graph->edges[graph->edges_count++] = *edge;
	add_node(graph, &edge->from);
	add_node(graph, &edge->to);
}

/* Sort the nodes, and keep one of each: one with a text, if there is. */
static void unite_nodes(struct graph *graph)
{
	struct node *last = NULL;
	size_t i, count = 0;

	if (graph->nodes_count)
		qsort(graph->nodes, graph->nodes_count, sizeof(*graph->nodes),
		      compare_nodes);
	for (i = 0; i < graph->nodes_count; i++) {
		if (last && !compare_nodes(last, &graph->nodes[i])) {
			if (!last->text)
				last->text = graph->nodes[i].text;
			continue;
		}
		last = &graph->nodes[count++];
		*last = graph->nodes[i];
	}
	graph->nodes_count = count;
}

static bool graph_build(struct graph *graph, const struct collection *all)
{
	size_t pipes = all->pipes_array.count;
	size_t names = all->listeners_array.count;
	size_t contexts = all->contexts_array.count;
	const struct listener *listener;
	size_t i;

	graph->nodes = calloc(2 * (pipes + names) + contexts + 1,
			      sizeof(*graph->nodes));
	graph->edges = calloc(pipes + names + 1, sizeof(*graph->edges));
	if (!graph->nodes || !graph->edges)
		return false;

	for (i = 0; i < contexts; i++) {
		const struct holder holder = {
			.context = all->contexts[i].id,
			.uid = all->contexts[i].uid,
			.pid = all->contexts[i].pid,
		};
		struct node node = holder_node(all, &holder);

		add_node(graph, &node);
	}
	for (i = 0; i < pipes; i++) {
		struct edge edge = { .pipe = &all->pipes[i], .style = "solid" };

		edge.from = end_node(all, edge.pipe, 0, &edge.style);
		edge.to = end_node(all, edge.pipe, 1, &edge.style);
		add_edge(graph, &edge);
	}
	for (i = 0; i < names; i++) {
		struct edge edge = { .style = "bold" };

		listener = &all->listeners[i];
		edge.to = (struct node){
			.kind = NODE_NAME,
			.id = listener->id,
			.text = listener->name,
		};
		if (listener->holder.context) {
			edge.from = holder_node(all, &listener->holder);
		} else {
			edge.style = "dashed";
			edge.from = (struct node){ .kind = NODE_FLIGHT,
						   .id = listener->id * 2 };
			find_receiver(all, listener->inside, 0, &edge.from);
		}
		add_edge(graph, &edge);
	}
	unite_nodes(graph);
	return true;
}

/* --------------------------------------------------------------------- DOT */

/*
 * A quoted string of DOT, in which a backslash and an ampersand say how to draw; so
 * they are drawn as text. What is not printable ASCII is drawn as \xNN.
 */
static void dot_text(const char *text)
{
	const unsigned char *at;

	if (!text)
		return;
	for (at = (const unsigned char *)text; *at; at++) {
		switch (*at) {
		case '"':
			fputs("\\\"", stdout);
			break;
		case '\\':
			fputs("\\\\", stdout);
			break;
		case '&':
			fputs("&amp;", stdout);
			break;
		default:
			if (*at >= 0x20 && *at < 0x7f)
				putchar(*at);
			else
				printf("\\\\x%02x", *at);
		}
	}
}

static void dot_node_name(const struct node *node)
{
	printf("%c%" PRIu64, node_letters[node->kind], node->id);
}

static void dot_node(const struct node *node)
{
	const char *slash = node->text ? strrchr(node->text, '/') : NULL;

	putchar('\t');
	dot_node_name(node);
	switch (node->kind) {
	case NODE_PROCESS:
	case NODE_CONTEXT:
		fputs(" [label=\"", stdout);
		if (node->text) {
			dot_text(slash && slash[1] ? slash + 1 : node->text);
			fputs("\\n", stdout);
		}
		printf("%s %" PRIu64 ", uid %" PRIu32 "\"];\n",
		       node->kind == NODE_PROCESS ? "pid" : "context", node->id,
		       node->uid);
		break;
	case NODE_NAME:
		fputs(" [shape=cds, label=\"", stdout);
		dot_text(node->text);
		fputs("\"];\n", stdout);
		break;
	case NODE_FLIGHT:
		fputs(" [shape=ellipse, style=dashed, label=\"in flight\"];\n",
		      stdout);
		break;
	default:
		fputs(" [shape=point];\n", stdout);
		break;
	}
}

static void dot_edge(const struct edge *edge)
{
	const struct end *end;

	putchar('\t');
	dot_node_name(&edge->from);
	fputs(" -> ", stdout);
	dot_node_name(&edge->to);
	if (!edge->pipe) {
		printf(" [style=%s, arrowhead=none];\n", edge->style);
		return;
	}
	end = edge->pipe->end;
	printf(" [dir=both, style=%s, label=\"%" PRIu64, edge->style,
	       edge->pipe->id);
	/* what waits, beside the end at which it does */
	fputs("\"", stdout);
	if (end[0].queued)
		printf(", taillabel=\"%" PRIu32 "\"", end[0].queued);
	if (end[1].queued)
		printf(", headlabel=\"%" PRIu32 "\"", end[1].queued);
	if (edge->pipe->cut)
		fputs(", color=red", stdout);
	fputs("];\n", stdout);
}

static void dot_graph(const struct graph *graph)
{
	size_t i;

	fputs("digraph capipc {\n"
	      "\trankdir=LR;\n"
	      "\tnode [shape=box];\n",
	      stdout);
	for (i = 0; i < graph->nodes_count; i++)
		dot_node(&graph->nodes[i]);
	for (i = 0; i < graph->edges_count; i++)
		dot_edge(&graph->edges[i]);
	fputs("}\n", stdout);
}

/* -------------------------------------------------------------------- JSON */

static void json_node_name(struct json *json, const char *key,
			   const struct node *node)
{
	char name[32];

	snprintf(name, sizeof(name), "%c%" PRIu64, node_letters[node->kind],
		 node->id);
	json_string(json, key, name);
}

static void json_graph(const struct graph *graph)
{
	struct json json = { .to = stdout };
	size_t i;

	json_open(&json, NULL, '{');
	json_open(&json, "nodes", '[');
	for (i = 0; i < graph->nodes_count; i++) {
		const struct node *node = &graph->nodes[i];

		json_open(&json, NULL, '{');
		json_node_name(&json, "id", node);
		json_string(&json, "kind", node_names[node->kind]);
		if (node->kind == NODE_PROCESS)
			json_number(&json, "pid", node->id);
		if (node->kind == NODE_CONTEXT)
			json_number(&json, "context_id", node->id);
		if (node->kind <= NODE_CONTEXT)
			json_number(&json, "uid", node->uid);
		if (node->kind == NODE_NAME)
			json_number(&json, "listener_id", node->id);
		if (node->text)
			json_string(&json,
				    node->kind == NODE_NAME ? "name" : "path",
				    node->text);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_open(&json, "edges", '[');
	for (i = 0; i < graph->edges_count; i++) {
		const struct edge *edge = &graph->edges[i];

		json_open(&json, NULL, '{');
		json_node_name(&json, "from", &edge->from);
		json_node_name(&json, "to", &edge->to);
		if (edge->pipe) {
			json_number(&json, "pipe_id", edge->pipe->id);
			json_bool(&json, "cut", edge->pipe->cut);
			json_string(&json, "from_state",
				    state_name(edge->pipe->end[0].state));
			json_string(&json, "to_state",
				    state_name(edge->pipe->end[1].state));
			json_number(&json, "from_queued",
				    edge->pipe->end[0].queued);
			json_number(&json, "to_queued",
				    edge->pipe->end[1].queued);
		}
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_close(&json, '}');
	putchar('\n');
}

/* ------------------------------------------------------------- the command */

static int collect(struct link *link, struct collection *all, uint64_t id,
		   const char *name)
{
	int status = collect_listeners(link, all, name);

	return status ? status : collect_pipes(link, all, id);
}

static int show(const struct collection *all, bool json)
{
	struct graph graph = { 0 };
	int status = STATUS_OK;

	if (!graph_build(&graph, all)) {
		complain("out of memory");
		status = STATUS_FAILED;
	} else if (json) {
		json_graph(&graph);
	} else {
		dot_graph(&graph);
	}
	free(graph.nodes);
	free(graph.edges);
	return status;
}

static int run_graph(const struct command *self, int argc, char **argv)
{
	static const struct listing listing = {
		.arguments = LISTING_NOTHING,
		.owners = true,
		.collect = collect,
		.show = show,
	};

	return listing_run(&listing, self, argc, argv);
}

const struct command command_graph = {
	.name = "graph",
	.arguments = "[--json]",
	.summary = "Draw who is connected to whom, in the language of Graphviz",
	.help = "  -j, --json  the graph as one JSON object\n"
		"\n"
		"Processes are boxes, pipes edges between them, with what waits at each end. Dashed:\n"
		"an end is in flight, to who would receive it. Dotted: the other end is closed. Red:\n"
		"a message was reported. To see it: capipc graph | dot -Tsvg > graph.svg\n",
	.options = json_only,
	.run = run_graph,
};
