// SPDX-License-Identifier: GPL-2.0
/*
 * Text: see text.h.
 */
#include <inttypes.h>

#include "text.h"

void print_quoted(FILE *to, const char *text)
{
	const unsigned char *at;

	fputc('"', to);
	for (at = (const unsigned char *)text; *at; at++) {
		if (*at == '"' || *at == '\\')
			fprintf(to, "\\%c", *at);
		else if (*at < 0x20 || *at >= 0x7f)
			fprintf(to, "\\x%02x", *at);
		else
			fputc(*at, to);
	}
	fputc('"', to);
}

/*
 * Decode one character of UTF-8. Returns how many bytes it takes, and U+FFFD for
 * one byte that is not the start of a well-formed sequence.
 */
static unsigned int decode(const unsigned char *at, uint32_t *out)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int len, i;
	uint32_t code;

	if (*at < 0x80) {
		*out = *at;
		return 1;
	}
	if (*at >= 0xf0 && *at < 0xf8) {
		len = 4;
		code = *at & 0x07;
	} else if (*at >= 0xe0) {
		len = 3;
		code = *at & 0x0f;
	} else {
		len = 2;
		code = *at & 0x1f;
	}
	if (*at < 0xc0 || *at >= 0xf8)
		goto bad;
	for (i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			goto bad;
		code = code << 6 | (at[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		goto bad;
	*out = code;
	return len;
bad:
	*out = 0xfffd;
	return 1;
}

static void put_string(FILE *to, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	uint32_t code;

	fputc('"', to);
	while (*at) {
		at += decode(at, &code);
		if (code == '"' || code == '\\') {
			fprintf(to, "\\%c", (char)code);
		} else if (code >= 0x20 && code < 0x7f) {
			fputc((int)code, to);
		} else if (code < 0x10000) {
			fprintf(to, "\\u%04" PRIx32, code);
		} else {
			code -= 0x10000;
			fprintf(to, "\\u%04" PRIx32 "\\u%04" PRIx32,
				0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
		}
	}
	fputc('"', to);
}

static void put_key(struct json *json, const char *key)
{
	if (json->more)
		fputc(',', json->to);
	json->more = true;
	if (key) {
		put_string(json->to, key);
		fputc(':', json->to);
	}
}

void json_open(struct json *json, const char *key, char bracket)
{
	put_key(json, key);
	fputc(bracket, json->to);
	json->more = false;
}

void json_close(struct json *json, char bracket)
{
	fputc(bracket, json->to);
	json->more = true;
}

void json_string(struct json *json, const char *key, const char *text)
{
	put_key(json, key);
	put_string(json->to, text);
}

void json_number(struct json *json, const char *key, uint64_t number)
{
	put_key(json, key);
	fprintf(json->to, "%" PRIu64, number);
}

void json_signed(struct json *json, const char *key, int64_t number)
{
	put_key(json, key);
	fprintf(json->to, "%" PRId64, number);
}

void json_decimal(struct json *json, const char *key, double number)
{
	put_key(json, key);
	fprintf(json->to, "%.1f", number);
}

/* A string: numbers this large are not exact in every reader. */
void json_hex(struct json *json, const char *key, uint64_t number)
{
	put_key(json, key);
	fprintf(json->to, "\"0x%" PRIx64 "\"", number);
}

void json_bool(struct json *json, const char *key, bool value)
{
	put_key(json, key);
	fputs(value ? "true" : "false", json->to);
}
