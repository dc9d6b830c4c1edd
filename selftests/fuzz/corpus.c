// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that are worth keeping, since each ran something that none before it
 * did. A program is made as short as it can be before it is kept.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define ENTRIES 4096

struct entry {
	struct program program;
	bool given; /* somebody wrote it, and keeps it */
	bool unknown; /* there was no time to run it */
	uint8_t edge[EDGES / 8] __attribute__((aligned(8)));
};

static struct entry *entries[ENTRIES];
static unsigned int count;
static struct coverage all;

struct coverage *corpus_coverage(void)
{
	return &all;
}

unsigned int corpus_count(void)
{
	return count;
}

const struct program *corpus_at(unsigned int i)
{
	return &entries[i]->program;
}

/* @c is NULL for one that has not been run. */
static void keep(const struct program *p, const struct coverage *c)
{
	struct entry *e;

	if (count == ENTRIES)
		return;
	e = calloc(1, sizeof(*e));
	if (!e)
		return;
	e->program = *p;
	e->unknown = !c;
	if (c)
		memcpy(e->edge, c->edge, sizeof(e->edge));
	entries[count++] = e;
}

static void without(const struct program *p, unsigned int at,
		    struct program *shorter)
{
	unsigned int i;

	shorter->count = 0;
	for (i = 0; i < p->count; i++)
		if (i != at)
			shorter->ops[shorter->count++] = p->ops[i];
}

/* What a program does that was never done: the bits of @c that are not in all. */
static unsigned int news(const struct coverage *c, uint8_t *edge)
{
	unsigned int i, n = 0;

	for (i = 0; i < sizeof(c->edge); i++) {
		edge[i] = c->edge[i] & ~all.edge[i];
		n += __builtin_popcount(edge[i]);
	}
	return n;
}

/*
 * Leaves operations out, from the end, as long as everything new is still done.
 * @c is what the shortest one does.
 */
static void minimise(struct program *p, const uint8_t *wanted,
		     struct coverage *c)
{
	static struct program shorter;
	unsigned int i;

	for (i = p->count; i-- && p->count > 1 && time_is_left();) {
		without(p, i, &shorter);
		run(&shorter);
		if (!coverage_contains(coverage_last()->edge, wanted))
			continue;
		*p = shorter;
		*c = *coverage_last();
	}
}

bool corpus_offer(const struct program *p)
{
	static struct coverage c;
	static struct program best;
	static uint8_t wanted[EDGES / 8];

	c = *coverage_last();
	if (!news(&c, wanted))
		return false;
	best = *p;
	minimise(&best, wanted, &c);
	coverage_new(&all, &c, true);
	keep(&best, &c);
	return true;
}

/* As it is: it was made short when it was found. */
static void take(const struct program *p)
{
	if (!time_is_left()) {
		keep(p, NULL);
		return;
	}
	run(p);
	if (coverage_new(&all, coverage_last(), true))
		keep(p, coverage_last());
}

/* Files with numbers for names have what was found. */
static bool load(const char *path, bool given)
{
	static struct program p;
	static char text[TEXT_MAX];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	if (!program_read(&p, text))
		return false;
	n = count;
	take(&p);
	if (count > n)
		entries[n]->given = given;
	return true;
}

static int no_dot(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

bool corpus_load(const char *dir)
{
	struct dirent **names;
	char path[512];
	int i, n = scandir(dir, &names, no_dot, alphasort);

	/* from the end: those that have names, which others need not repeat */
	for (i = n - 1; i >= 0; i--) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (!load(path, names[i]->d_name[0] > '9')) {
			fprintf(stderr, "fuzz: %s is no program\n", path);
			return false;
		}
	}
	return n >= 0;
}

static void cover(uint8_t *covered, const struct entry *e)
{
	unsigned int i;

	for (i = 0; i < sizeof(e->edge); i++)
		covered[i] |= e->edge[i];
}

static unsigned int gain(const struct entry *e, const uint8_t *covered)
{
	unsigned int i, n = 0;

	for (i = 0; i < sizeof(e->edge); i += 8)
		n += __builtin_popcountll(*(uint64_t *)(e->edge + i) &
					  ~*(uint64_t *)(covered + i));
	return n;
}

static void print(unsigned int number, const struct program *p)
{
	static char text[TEXT_MAX];

	program_print(p, text, sizeof(text));
	printf("program %u\n%s", number, text);
}

/*
 * Greedily: the one that adds most to those that were given, again and again. The
 * text of each comes after a line with its number.
 */
void corpus_print(void)
{
	static uint8_t covered[EDGES / 8] __attribute__((aligned(8)));
	unsigned int i, best = 0, most, n, number = 0;

	for (i = 0; i < count; i++)
		if (entries[i]->given)
			cover(covered, entries[i]);
	for (;;) {
		most = 0;
		for (i = 0; i < count; i++) {
			n = gain(entries[i], covered);
			if (n > most) {
				most = n;
				best = i;
			}
		}
		if (!most)
			break;
		cover(covered, entries[best]);
		print(++number, &entries[best]->program);
	}
	for (i = 0; i < count; i++)
		if (entries[i]->unknown && !entries[i]->given)
			print(++number, &entries[i]->program);
}
