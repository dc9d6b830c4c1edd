/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The least that a test program needs to print TAP.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>

bool tap_ok(bool good, const char *what, const char *file, int line);
bool tap_is(long long got, long long want, const char *what, const char *file,
	    int line);

/* Prints the plan; returns the exit status. */
int tap_done(void);

#define ok(good, what) tap_ok(good, what, __FILE__, __LINE__)
#define is(got, want, what) \
	tap_is((long long)(got), (long long)(want), what, __FILE__, __LINE__)

#endif /* TAP_H */
