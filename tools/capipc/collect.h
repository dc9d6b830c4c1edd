/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What there is, as the kernel tells it: contexts, handles, pipes and listeners,
 * each sorted, and how they belong together.
 */
#ifndef COLLECT_H
#define COLLECT_H

#include "netlink.h"
#include "text.h"

/* Who holds something; context 0: nobody that we may know. */
struct holder {
	uint64_t context;
	uint32_t uid;
	uint32_t pid;
};

struct context {
	uint64_t id;
	uint32_t uid;
	uint32_t pid;
	uint32_t handles;
	bool ready;
	uint64_t bytes;
	uint64_t bytes_limit;
	struct program program; /* owns the path */
};

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

/* One end of a pipe; handle 0: we may not know it. */
struct end {
	struct holder holder;
	uint64_t inside;
	uint64_t bytes;
	uint32_t inside_end;
	uint32_t state;
	uint32_t handle;
	uint32_t rights;
	uint32_t queued;
	uint32_t facet;
	bool rules;
};

struct pipe {
	uint64_t id;
	bool cut;
	struct end end[2];
};

struct listener {
	uint64_t id;
	char *name;
	struct holder holder;
	uint64_t inside;
	uint32_t uid;
	uint32_t state;
	uint32_t handle;
	uint32_t queued;
	uint32_t backlog;
	uint32_t rules;
	uint32_t endpoint_rules;
};

/**
 * struct array - elements of one kind
 * @count: how many
 * @room: room for so many
 */
struct array {
	size_t count;
	size_t room;
};

/**
 * struct collection - what the kernel told
 * @contexts: sorted by number
 * @handles: those of a context in a row, contexts sorted
 * @pipes: sorted by number
 * @listeners: sorted by name
 */
struct collection {
	struct context *contexts;
	struct handle *handles;
	struct pipe *pipes;
	struct listener *listeners;
	struct array contexts_array;
	struct array handles_array;
	struct array pipes_array;
	struct array listeners_array;
};

/* All return a number of STATUS_* after having complained. @context: 0 for all */
int collect_contexts(struct link *link, struct collection *all,
		     uint64_t context);
int collect_handles(struct link *link, struct collection *all,
		    uint64_t context);
int collect_pipes(struct link *link, struct collection *all, uint64_t context);
/* @name: NULL for all */
int collect_listeners(struct link *link, struct collection *all,
		      const char *name);

void collection_sort(struct collection *all);
void collection_free(struct collection *all);

const struct context *find_context(const struct collection *all, uint64_t id);
const struct pipe *find_pipe(const struct collection *all, uint64_t id);

/* ------------------------------------------------------------------- words */

const char *kind_name(uint32_t kind);
const char *state_name(uint32_t state);

void show_rights(uint32_t rights);
void json_rights(struct json *json, const char *key, uint32_t rights);
/* "pid 1, uid 0, "/sbin/init"", or less if it is not known */
void show_owner(const struct context *context);
/* "context 5 (pid ..., uid ..., "...")"; what is not listed is told by @holder */
void show_holder(const struct collection *all, const struct holder *holder);
void json_holder(struct json *json, const char *key,
		 const struct collection *all, const struct holder *holder);

#endif /* COLLECT_H */
