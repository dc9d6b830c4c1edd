// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slab.h"

/*
 * A processor keeps free objects, which count as if they were used. The files stay open:
 * what is freed with them would still be there at the next look, and be counted.
 */
static void shrink(void)
{
	static int fds[SLAB_CACHES];
	static size_t count;
	glob_t files;
	size_t n;

	if (!count &&
	    !glob("/sys/kernel/slab/*/shrink", GLOB_NOSORT, NULL, &files)) {
		for (n = 0; n < files.gl_pathc && count < SLAB_CACHES; n++) {
			fds[count] =
				open(files.gl_pathv[n], O_WRONLY | O_CLOEXEC);
			if (fds[count] >= 0)
				count++;
		}
		globfree(&files);
	}
	/* if it cannot be done, figures are a little less exact */
	for (n = 0; n < count; n++)
		(void)!pwrite(fds[n], "1", 1, 0);
}

/* name active objects size objects-of-slab pages-of-slab : ... : slabdata active slabs ... */
#define WORD_ACTIVE 1
#define WORD_SIZE   3
#define WORD_PAGES  5
#define WORD_SLABS  14
#define WORDS	    15

static bool parse_cache(char *line, struct slab_cache *cache)
{
	char *words[WORDS], *rest = line;
	size_t n;

	if (*line == '#')
		return false;
	for (n = 0; n < WORDS; n++) {
		words[n] = strtok_r(rest, " \n", &rest);
		if (!words[n])
			return false;
	}
	snprintf(cache->name, sizeof(cache->name), "%s", words[0]);
	cache->size = (uint32_t)strtoul(words[WORD_SIZE], NULL, 10);
	cache->objects = strtoll(words[WORD_ACTIVE], NULL, 10);
	cache->pages = strtoll(words[WORD_SLABS], NULL, 10) *
		       strtoll(words[WORD_PAGES], NULL, 10) * getpagesize();
	return true;
}

static int read_caches(struct slab_state *state)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	char line[256];

	if (!file)
		return -errno;
	while (state->count < SLAB_CACHES && fgets(line, sizeof(line), file)) {
		if (parse_cache(line, &state->caches[state->count]))
			state->count++;
	}
	fclose(file);
	return state->count ? 0 : -ENODATA;
}

static int read_meminfo(struct slab_state *state)
{
	const struct {
		const char *name;
		int64_t *bytes;
	} wanted[] = {
		{ "Slab:", &state->large },
		{ "VmallocUsed:", &state->vmalloc },
		{ "Percpu:", &state->percpu },
	};
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	size_t n;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		for (n = 0; n < sizeof(wanted) / sizeof(wanted[0]); n++) {
			size_t length = strlen(wanted[n].name);

			if (!strncmp(line, wanted[n].name, length))
				*wanted[n].bytes =
					strtoll(line + length, NULL, 10) * 1024;
		}
	}
	fclose(file);
	return 0;
}

/* Processors count by themselves, and add that up now and then. */
static void add_up(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "1", 1);
	close(fd);
}

int slab_read(struct slab_state *state)
{
	size_t n;
	int ret;

	memset(state, 0, sizeof(*state));
	/* what is freed after a grace period */
	usleep(100000);
	shrink();
	add_up();
	ret = read_meminfo(state);
	if (!ret)
		ret = read_caches(state);
	for (n = 0; n < state->count; n++)
		state->large -= state->caches[n].pages;
	return ret;
}

void slab_subtract(struct slab_state *after, const struct slab_state *before)
{
	size_t n, i;

	for (n = 0; n < after->count; n++) {
		struct slab_cache *cache = &after->caches[n];

		for (i = 0; i < before->count; i++) {
			if (strcmp(before->caches[i].name, cache->name))
				continue;
			cache->objects -= before->caches[i].objects;
			cache->pages -= before->caches[i].pages;
			break;
		}
	}
	after->large -= before->large;
	after->vmalloc -= before->vmalloc;
	after->percpu -= before->percpu;
}

int64_t slab_bytes(const struct slab_state *difference)
{
	int64_t bytes =
		difference->large + difference->vmalloc + difference->percpu;
	size_t n;

	for (n = 0; n < difference->count; n++)
		bytes += difference->caches[n].objects *
			 difference->caches[n].size;
	return bytes;
}
