// SPDX-License-Identifier: GPL-2.0
/*
 * KCOV. Of all the kernel only the module is instrumented, so every address that
 * comes is one in its text.
 *
 * What guides is not which places were run, but after which other one each was,
 * and how operations ended: each is hashed to a bit of coverage.edge.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define KCOV	"/sys/kernel/debug/kcov"
#define SECTION "/sys/module/capipc/sections/.text"
#define WORDS	(64U << 10) /* addresses of one operation */

static int fds[LANES];
static uint64_t *words[LANES];
static uint64_t text_start;
static struct coverage *last;

static __attribute__((noreturn)) void give_up(const char *what)
{
	fprintf(stderr, "fuzz: %s: %s\n", what, strerror(errno));
	exit(2);
}

void coverage_init(void)
{
	char text[64] = "";
	unsigned int i;
	int fd;

	fd = open(SECTION, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		give_up(SECTION);
	close(fd);
	text_start = strtoull(text, NULL, 0);
	for (i = 0; i < LANES; i++) {
		fds[i] = open(KCOV, O_RDWR | O_CLOEXEC);
		if (fds[i] < 0 || ioctl(fds[i], KCOV_INIT_TRACE, WORDS))
			give_up(KCOV);
		words[i] = mmap(NULL, WORDS * sizeof(*words[i]),
				PROT_READ | PROT_WRITE, MAP_SHARED, fds[i], 0);
		if (words[i] == MAP_FAILED)
			give_up("mapping of " KCOV);
	}
	last = mmap(NULL, sizeof(*last), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (last == MAP_FAILED)
		give_up("memory");
}

void coverage_begin(unsigned int lane)
{
	if (ioctl(fds[lane], KCOV_ENABLE, KCOV_TRACE_PC))
		give_up("enabling " KCOV);
}

void coverage_reset(unsigned int lane)
{
	__atomic_store_n(&words[lane][0], 0, __ATOMIC_RELAXED);
}

/* Two threads may set bits of the same byte. */
static void set_bit(uint8_t *bits, uint64_t bit)
{
	uint8_t mask = 1 << bit % 8;

	if (!(__atomic_load_n(&bits[bit / 8], __ATOMIC_RELAXED) & mask))
		__atomic_fetch_or(&bits[bit / 8], mask, __ATOMIC_RELAXED);
}

static uint64_t hash(uint64_t a, uint64_t b)
{
	uint64_t z = a * 0x9e3779b97f4a7c15ULL + b;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	return (z ^ z >> 31) >> (64 - EDGE_BITS);
}

void coverage_take(unsigned int lane, unsigned int code, int result)
{
	uint64_t n = __atomic_load_n(&words[lane][0], __ATOMIC_RELAXED);
	uint64_t i, at, before = 0;

	for (i = 1; i <= n && i < WORDS; i++) {
		at = words[lane][i] - text_start;
		if (at >= CODE_MAX)
			continue;
		set_bit(last->code, at);
		set_bit(last->edge, hash(before, at));
		before = at;
	}
	set_bit(last->edge, hash(1ULL << 32 | code, result));
}

struct coverage *coverage_last(void)
{
	return last;
}

void coverage_clear(void)
{
	memset(last, 0, sizeof(*last));
}

unsigned int coverage_new(struct coverage *in, const struct coverage *of,
			  bool add)
{
	const uint64_t *from = (const void *)of;
	uint64_t *to = (void *)in, bits;
	unsigned int i, n = 0;

	for (i = 0; i < sizeof(*in) / sizeof(*to); i++) {
		bits = from[i] & ~to[i];
		if (!bits)
			continue;
		n += __builtin_popcountll(bits);
		if (add)
			to[i] |= bits;
	}
	return n;
}

bool coverage_contains(const uint8_t *edges, const uint8_t *wanted)
{
	unsigned int i;

	for (i = 0; i < EDGES / 8; i++)
		if (wanted[i] & ~edges[i])
			return false;
	return true;
}

unsigned int coverage_size(const struct coverage *c)
{
	unsigned int i, n = 0;

	for (i = 0; i < sizeof(c->code); i++)
		n += __builtin_popcount(c->code[i]);
	return n;
}
