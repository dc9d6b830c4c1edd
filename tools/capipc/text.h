/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text from others, made safe to show, and JSON.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* In double quotes; what is not printable ASCII, quotes and backslashes escaped. */
void print_quoted(FILE *to, const char *text);

/**
 * struct json - a JSON value being written
 * @to: where to
 * @more: the current object or array has something in it already
 *
 * In an object every function takes a key; in an array, or outside, NULL.
 * Strings come out as ASCII; bytes that are not UTF-8 become U+FFFD.
 */
struct json {
	FILE *to;
	bool more;
};

void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_string(struct json *json, const char *key, const char *text);
void json_number(struct json *json, const char *key, uint64_t number);
void json_signed(struct json *json, const char *key, int64_t number);
/* With one digit after the point. */
void json_decimal(struct json *json, const char *key, double number);
void json_hex(struct json *json, const char *key, uint64_t number);
void json_bool(struct json *json, const char *key, bool value);

#endif /* TEXT_H */
