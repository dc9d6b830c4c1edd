// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Prints TAP, and counts.
 */
#include "tap.h"

#include <stdio.h>

static int tap_count;
static int tap_failures;

bool tap_ok(bool good, const char *what, const char *file, int line)
{
	tap_count++;
	printf("%sok %d - %s\n", good ? "" : "not ", tap_count, what);
	if (!good) {
		tap_failures++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	return good;
}

bool tap_is(long long got, long long want, const char *what, const char *file,
	    int line)
{
	bool good = tap_ok(got == want, what, file, line);

	if (!good)
		printf("# got %lld, want %lld\n", got, want);
	return good;
}

/* The plan comes last, so that a program that stops early has none. */
int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures ? 1 : 0;
}
