// SPDX-License-Identifier: GPL-2.0
/*
 * Listings: see listing.h.
 */
#include "listing.h"

static int check_arguments(const struct listing *listing,
			   const struct command *self, int argc, char **argv)
{
	uint64_t id;
	int i;

	if (listing->arguments == LISTING_NOTHING && optind < argc)
		return usage_error(self, "what is this: %s", argv[optind]);
	for (i = optind; listing->arguments == LISTING_CONTEXTS && i < argc;
	     i++) {
		if (!parse_number(argv[i], UINT64_MAX, &id) || !id)
			return usage_error(
				self, "not a number of a context: %s", argv[i]);
	}
	return STATUS_OK;
}

static int collect(const struct listing *listing, struct collection *all,
		   int argc, char **argv)
{
	struct link link;
	uint64_t id = 0;
	int status, i;

	status = link_open(&link);
	if (status)
		return status;
	if (listing->owners)
		status = collect_contexts(&link, all, 0);
	if (!status && optind == argc)
		status = listing->collect(&link, all, 0, NULL);
	for (i = optind; i < argc && !status; i++) {
		if (listing->arguments == LISTING_CONTEXTS)
			parse_number(argv[i], UINT64_MAX, &id);
		status = listing->collect(&link, all, id, argv[i]);
	}
	link_note_changes(&link);
	link_close(&link);
	return status;
}

int listing_run(const struct listing *listing, const struct command *self,
		int argc, char **argv)
{
	struct collection all = { 0 };
	bool json = false;
	int status;

	if (!json_options(self, argc, argv, &json, &status))
		return status;
	status = check_arguments(listing, self, argc, argv);
	if (status)
		return status;
	status = collect(listing, &all, argc, argv);
	if (!status) {
		collection_sort(&all);
		status = listing->show(&all, json);
	}
	collection_free(&all);
	return finish_output(status);
}
