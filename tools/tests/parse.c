// SPDX-License-Identifier: GPL-2.0
/*
 * JSON and DOT: see parse.h.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

#define DEPTH_MAX 64
#define NODES_MAX 4096

/* -------------------------------------------------------------------- JSON */

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* All of these return what follows, or NULL. */
static const char *json_value(const char *at, int depth);

static const char *json_text(const char *at)
{
	int i;

	if (*at++ != '"')
		return NULL;
	for (; *at != '"'; at++) {
		if ((unsigned char)*at < 0x20)
			return NULL;
		if (*at != '\\')
			continue;
		at++;
		if (*at == 'u') {
			for (i = 0; i < 4; i++)
				if (!isxdigit((unsigned char)*++at))
					return NULL;
		} else if (!*at || !strchr("\"\\/bfnrt", *at)) {
			return NULL;
		}
	}
	return at + 1;
}

static const char *json_number(const char *at)
{
	if (*at == '-')
		at++;
	if (*at == '0')
		at++;
	else if (isdigit((unsigned char)*at))
		at += strspn(at, "0123456789");
	else
		return NULL;
	if (*at == '.') {
		if (!isdigit((unsigned char)at[1]))
			return NULL;
		at += 1 + strspn(at + 1, "0123456789");
	}
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '+' || *at == '-';
		if (!isdigit((unsigned char)*at))
			return NULL;
		at += strspn(at, "0123456789");
	}
	return at;
}

/* An object or an array. */
static const char *json_members(const char *at, int depth)
{
	bool object = *at == '{';
	char end = object ? '}' : ']';

	if (depth > DEPTH_MAX)
		return NULL;
	at = skip_space(at + 1);
	if (*at == end)
		return at + 1;
	for (;;) {
		if (object) {
			at = json_text(at);
			if (!at)
				return NULL;
			at = skip_space(at);
			if (*at++ != ':')
				return NULL;
			at = skip_space(at);
		}
		at = json_value(at, depth + 1);
		if (!at)
			return NULL;
		at = skip_space(at);
		if (*at == end)
			return at + 1;
		if (*at++ != ',')
			return NULL;
		at = skip_space(at);
	}
}

static const char *json_value(const char *at, int depth)
{
	if (*at == '{' || *at == '[')
		return json_members(at, depth);
	if (*at == '"')
		return json_text(at);
	if (!strncmp(at, "true", 4) || !strncmp(at, "null", 4))
		return at + 4;
	if (!strncmp(at, "false", 5))
		return at + 5;
	return json_number(at);
}

bool parse_json(const char *text)
{
	const char *at = skip_space(text);

	if (!*at)
		return false;
	while (at && *at) {
		at = json_value(at, 0);
		if (at && *at != '\n')
			return false;
		at = at ? skip_space(at) : NULL;
	}
	return at;
}

/* --------------------------------------------------------------------- DOT */

struct names {
	char *name[NODES_MAX];
	int count;
};

static bool known(const struct names *names, const char *name, size_t len)
{
	int i;

	for (i = 0; i < names->count; i++) {
		if (strlen(names->name[i]) == len &&
		    !memcmp(names->name[i], name, len))
			return true;
	}
	return false;
}

/* An identifier: a word, a number, or a string in quotes. */
static const char *dot_id(const char *at)
{
	if (*at == '"') {
		for (at++; *at != '"'; at++) {
			if (!*at || *at == '\n' || (*at == '\\' && !*++at))
				return NULL;
		}
		return at + 1;
	}
	if (isalpha((unsigned char)*at) || *at == '_') {
		while (isalnum((unsigned char)*at) || *at == '_')
			at++;
		return at;
	}
	if (isdigit((unsigned char)*at))
		return at + strspn(at, "0123456789.");
	return NULL;
}

/* "= ID" */
static const char *dot_assignment(const char *at)
{
	at = skip_space(at);
	if (*at != '=')
		return NULL;
	return dot_id(skip_space(at + 1));
}

/* "[" ID "=" ID ("," ...) "]", or nothing */
static const char *dot_attributes(const char *at)
{
	at = skip_space(at);
	if (*at != '[')
		return at;
	at = skip_space(at + 1);
	while (*at != ']') {
		at = dot_id(at);
		at = at ? dot_assignment(at) : NULL;
		if (!at)
			return NULL;
		at = skip_space(at);
		if (*at == ',' || *at == ';')
			at = skip_space(at + 1);
		else if (*at != ']')
			return NULL;
	}
	return at + 1;
}

/* A node, an edge, or something about all of them; up to its ';'. */
static const char *dot_statement(const char *at, struct names *names,
				 struct names *ends, struct dot *dot)
{
	const char *name = at, *after = dot_id(at), *other;

	if (!after)
		return NULL;
	at = skip_space(after);
	if (*at == '=') {
		at = dot_assignment(at);
	} else if (!strncmp(at, "->", 2)) {
		other = skip_space(at + 2);
		at = dot_id(other);
		if (!at || ends->count + 2 > NODES_MAX)
			return NULL;
		ends->name[ends->count++] =
			strndup(name, (size_t)(after - name));
		ends->name[ends->count++] =
			strndup(other, (size_t)(at - other));
		dot->edges++;
		at = dot_attributes(at);
	} else {
		if (names->count == NODES_MAX)
			return NULL;
		if (after - name != 4 || memcmp(name, "node", 4)) {
			if (known(names, name, (size_t)(after - name)))
				return NULL;
			names->name[names->count++] =
				strndup(name, (size_t)(after - name));
			dot->nodes++;
		}
		at = dot_attributes(at);
	}
	if (!at)
		return NULL;
	at = skip_space(at);
	return *at == ';' ? at + 1 : NULL;
}

static void forget(struct names *names)
{
	int i;

	for (i = 0; names && i < names->count; i++)
		free(names->name[i]);
	free(names);
}

bool parse_dot(const char *text, struct dot *dot)
{
	struct names *names = calloc(1, sizeof(*names));
	struct names *ends = calloc(1, sizeof(*ends));
	const char *at = skip_space(text);
	bool good = false;
	int i;

	memset(dot, 0, sizeof(*dot));
	if (!names || !ends || strncmp(at, "digraph", 7))
		goto out;
	at = dot_id(skip_space(at + 7));
	at = at ? skip_space(at) : NULL;
	if (!at || *at != '{')
		goto out;
	at = skip_space(at + 1);
	while (*at != '}') {
		at = dot_statement(at, names, ends, dot);
		if (!at)
			goto out;
		at = skip_space(at);
	}
	good = !*skip_space(at + 1);
	for (i = 0; i < ends->count; i++)
		dot->loose +=
			!known(names, ends->name[i], strlen(ends->name[i]));
out:
	forget(names);
	forget(ends);
	return good;
}
