// SPDX-License-Identifier: GPL-2.0
/*
 * capipc names: which names are bound, and by whom.
 */
#include <inttypes.h>
#include <linux/capipc.h>

#include "collect.h"
#include "text.h"
#include "tool.h"

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

static void tell(const struct collection *all, bool as_json)
{
	struct json json = { .to = stdout };
	size_t i;

	if (!as_json) {
		for (i = 0; i < all->listeners_array.count; i++)
			show_listener(all, &all->listeners[i]);
		return;
	}
	json_open(&json, NULL, '{');
	json_open(&json, "names", '[');
	for (i = 0; i < all->listeners_array.count; i++)
		json_listener(&json, all, &all->listeners[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	putchar('\n');
}

static int run_names(const struct command *self, int argc, char **argv)
{
	struct collection all = { 0 };
	bool json = false;
	struct link link;
	int option, status, i;

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

	status = link_open(&link);
	if (status)
		return status;
	/* the contexts are for the programs of the holders */
	status = collect_contexts(&link, &all, 0);
	if (!status && optind == argc)
		status = collect_listeners(&link, &all, NULL);
	for (i = optind; i < argc && !status; i++)
		status = collect_listeners(&link, &all, argv[i]);
	link_note_changes(&link);
	link_close(&link);
	if (!status) {
		collection_sort(&all);
		tell(&all, json);
	}
	collection_free(&all);
	return finish_output(status);
}

static const struct option names_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

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
	.options = names_options,
	.run = run_names,
};
