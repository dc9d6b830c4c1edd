// SPDX-License-Identifier: GPL-2.0
/*
 * capipc names: which names are bound, and by whom.
 */
#include <inttypes.h>
#include <linux/capipc.h>

#include "listing.h"
#include "text.h"

static void show_listener(const struct collection *all,
			  const struct listener *listener)
{
	print_quoted(stdout, listener->name);
	printf("  listener %" PRIu64 "  %s", listener->id,
	       state_name(listener->state));
	if (listener->holder.context) {
		fputs(" by ", stdout);
		show_holder(all, &listener->holder);
	}
	if (listener->inside)
		printf(" inside %" PRIu64, listener->inside);
	printf("  bound by uid %" PRIu32 "  waiting=%" PRIu32 "/%" PRIu32
	       "  rules=%" PRIu32,
	       listener->uid, listener->queued, listener->backlog,
	       listener->rules);
	if (listener->endpoint_rules)
		printf("+%" PRIu32, listener->endpoint_rules);
	putchar('\n');
}

static void json_listener(struct json *json, const struct collection *all,
			  const struct listener *listener)
{
	json_open(json, NULL, '{');
	json_string(json, "name", listener->name);
	json_number(json, "listener_id", listener->id);
	json_string(json, "state", state_name(listener->state));
	json_holder(json, "holder", all, &listener->holder);
	if (listener->handle)
		json_number(json, "handle", listener->handle);
	if (listener->inside)
		json_number(json, "inside_id", listener->inside);
	json_number(json, "uid", listener->uid);
	json_number(json, "waiting", listener->queued);
	json_number(json, "backlog", listener->backlog);
	json_number(json, "rules", listener->rules);
	json_number(json, "endpoint_rules", listener->endpoint_rules);
	json_close(json, '}');
}

static int show(const struct collection *all, bool as_json)
{
	struct json json = { .to = stdout };
	size_t i;

	if (!as_json) {
		for (i = 0; i < all->listeners_array.count; i++)
			show_listener(all, &all->listeners[i]);
		return STATUS_OK;
	}
	json_open(&json, NULL, '{');
	json_open(&json, "names", '[');
	for (i = 0; i < all->listeners_array.count; i++)
		json_listener(&json, all, &all->listeners[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	putchar('\n');
	return STATUS_OK;
}

static int collect(struct link *link, struct collection *all, uint64_t id,
		   const char *name)
{
	(void)id;
	return collect_listeners(link, all, name);
}

static int run_names(const struct command *self, int argc, char **argv)
{
	static const struct listing listing = {
		.arguments = LISTING_NAMES,
		.owners = true,
		.collect = collect,
		.show = show,
	};

	return listing_run(&listing, self, argc, argv);
}

const struct command command_names = {
	.name = "names",
	.arguments = "[--json] [NAME...]",
	.summary = "List the names that are bound, and who listens",
	.help = "  -j, --json  as one JSON object\n"
		"\n"
		"waiting= is how many connections nobody has received yet, of how many there may\n"
		"be; rules= how many rules say who may connect, + how many who may send what.\n"
		"You see names that you have bound or that your contexts listen to, or with\n"
		"CAP_SYS_ADMIN over the network namespace all of it.\n",
	.options = json_only,
	.run = run_names,
};
