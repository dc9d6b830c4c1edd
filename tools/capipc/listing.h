/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Listings: commands that collect something, all of it or what is named, and then
 * show it, as text or as JSON.
 */
#ifndef LISTING_H
#define LISTING_H

#include "collect.h"
#include "tool.h"

enum listing_arguments {
	LISTING_NOTHING,
	LISTING_CONTEXTS, /* numbers of contexts */
	LISTING_NAMES,
};

/**
 * struct listing - what a listing does
 * @arguments: what may be named
 * @owners: collect all contexts first, to tell whose what is
 * @collect: collects one: @id with LISTING_CONTEXTS, @name with LISTING_NAMES, or
 *           all if that is 0 or NULL. Returns an exit code
 * @show: writes what was collected, sorted by now. Returns an exit code
 */
struct listing {
	enum listing_arguments arguments;
	bool owners;
	int (*collect)(struct link *link, struct collection *all, uint64_t id,
		       const char *name);
	int (*show)(const struct collection *all, bool json);
};

int listing_run(const struct listing *listing, const struct command *self,
		int argc, char **argv);

#endif /* LISTING_H */
