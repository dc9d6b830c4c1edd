// SPDX-License-Identifier: GPL-2.0
/*
 * The search takes place when the module is gone, since only then is nothing
 * referenced by it.  Then the kernel has no names for its functions any more,
 * so they are taken down before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

/* kmemleak does not report what is younger than this */
#define KMEMLEAK_AGE_MS 5000

static struct symbol {
	unsigned long address;
	char name[64];
} symbols[8192];
static size_t symbol_count;

static void take_down_symbols(void)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[256], *rest;
	struct symbol *s = symbols;

	while (f && fgets(line, sizeof(line), f) &&
	       s < symbols + sizeof(symbols) / sizeof(symbols[0])) {
		if (!strstr(line, "[" MODULE "]"))
			continue;
		/* ADDRESS TYPE NAME */
		s->address = strtoul(line, &rest, 16);
		if (strncmp(rest, " t ", 3) && strncmp(rest, " T ", 3))
			continue;
		snprintf(s->name, sizeof(s->name), "%.*s",
			 (int)strcspn(rest + 3, "\t\n"), rest + 3);
		s++;
	}
	symbol_count = s - symbols;
	if (f)
		fclose(f);
}

/* Print a line of kmemleak's report, with a name for "] 0xADDRESS". */
static void print_leak(const char *line)
{
	const char *raw = strstr(line, "] 0x");
	const struct symbol *s, *best = NULL;
	unsigned long address = raw ? strtoul(raw + 2, NULL, 16) : 0;

	for (s = symbols; raw && s < symbols + symbol_count; s++)
		if (s->address <= address &&
		    (!best || s->address > best->address))
			best = s;
	if (best)
		note("    %s+%#lx [" MODULE "]", best->name,
		     address - best->address);
	else
		note("%s", line);
}

static void kmemleak_scan(void)
{
	static char report[256 * 1024];
	char *line, *save = NULL;
	int i;

	/* an object counts when two scans in a row find it unreferenced */
	msleep(KMEMLEAK_AGE_MS + 100);
	for (i = 0; i < 2; i++)
		put_file(KMEMLEAK, "scan");
	if (!get_file(KMEMLEAK, report, sizeof(report)))
		return;
	for (line = strtok_r(report, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		print_leak(line);
	say(FRAME_BAD, "kmemleak found leaks, see the kernel log");
}

static void remove_module(void)
{
	char text[64];
	int i;

	take_down_symbols();
	for (i = 0; i < 5000; i++) {
		if (syscall(SYS_delete_module, MODULE, O_NONBLOCK) == 0)
			return;
		if (errno != EBUSY && errno != EAGAIN)
			break;
		msleep(1);
	}
	/* a command may have done it before us */
	if (access("/sys/module/" MODULE, F_OK) < 0)
		return;
	get_file("/sys/module/" MODULE "/refcnt", text, sizeof(text));
	text[strcspn(text, "\n")] = 0;
	say(FRAME_BAD, "the module cannot be removed, its use count is %s",
	    text);
}

void leak_check(bool with_module)
{
	if (with_module)
		remove_module();
	if (access(KMEMLEAK, F_OK) == 0)
		kmemleak_scan();
}
