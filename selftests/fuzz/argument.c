// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments: what a field may be, and how that is written.
 *
 * A value that is *named* is no number. By type of the field:
 *
 *	handle, fd, map, stamp, reply	h3 f3 m3 s3 h3: a slot
 *	data, room	d0 memory, d1 at the edge of memory, d2 read-only memory,
 *			d3 none, d4 what mapping 0 maps
 *	attachments	up to 4, with commas: h3 a handle, h3-5 with rights 5 only,
 *			f3 a file descriptor, x3 nonsense
 *	rules		up to 8, with commas, see canned_rules
 *	ranges		up to 4, with commas: 1-5,7-9
 *	name		n3: see names
 *	deadline	now, soon, forever
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* Letters of what is a slot or one of a few. */
static char letter_of(enum field_type type)
{
	switch (type) {
	case FIELD_HANDLE:
	case FIELD_REPLY:
		return 'h';
	case FIELD_FD:
		return 'f';
	case FIELD_MAP:
		return 'm';
	case FIELD_STAMP:
		return 's';
	case FIELD_DATA:
	case FIELD_ROOM:
		return 'd';
	case FIELD_NAME:
		return 'n';
	default:
		return 0;
	}
}

#define MANY_A \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *const names[] = {
	"uid/0/fuzz.one",
	"uid/0/fuzz.two",
	"org.example.fuzz",
	"uid/1000/fuzz",
	"nobody.listens",
	"",
	"a//b",
	"/a",
	"a b",
	"uid/00/x",
	"uid/0/",
	"uid/4294967295/x",
	"uid/99999999999/x",
	"uid//x",
	MANY_A MANY_A,
	MANY_A "/" MANY_A "/" MANY_A MANY_A,
	"uid/",
	"uid/x/y",
	"\xff\xfe\x01",
};

const char *canned_name(unsigned int index)
{
	return names[index % ARRAY_SIZE(names)];
}

static const char *const rule_words[] = {
	"any",	 "sameuid", "samepriv", "root",	   "waffles",  "rootgroup",
	"admin", "label",   "fresh",	"facet1",  "facet2",   "low",
	"high",	 "both",    "bad",	"badcaps", "badlabel",
};

const struct capipc_rule canned_rules[] = {
	{ 0 },
	{ .match = CAPIPC_MATCH_SAME_UID },
	{ .match = CAPIPC_MATCH_SAME_PRIVILEGE },
	{ .match = CAPIPC_MATCH_UID, .uid = 0 },
	{ .match = CAPIPC_MATCH_UID, .uid = 1000 },
	{ .match = CAPIPC_MATCH_GID, .gid = 0 },
	{ .match = CAPIPC_MATCH_CAPABILITIES, .capabilities = 1ULL << 21 },
	{ .match = CAPIPC_MATCH_LABEL, .label = 1, .label_len = 10 },
	{ .match = CAPIPC_MATCH_UNCHANGED },
	{ .facet = 1 },
	{ .facet = 2, .ordinal_last = 5 },
	{ .ordinal_first = 1, .ordinal_last = 5 },
	{ .ordinal_first = 6, .ordinal_last = ~0U },
	{ .match = CAPIPC_MATCH_SAME_UID | CAPIPC_MATCH_GID, .gid = 1000 },
	{ .match = 1U << 30, .reserved = 5 },
	{ .match = CAPIPC_MATCH_CAPABILITIES, .capabilities = ~0ULL },
	{ .match = CAPIPC_MATCH_LABEL, .label_len = 256 },
};

_Static_assert(ARRAY_SIZE(canned_rules) == ARRAY_SIZE(rule_words),
	       "every rule has a word");

const unsigned int canned_rules_count = ARRAY_SIZE(canned_rules);

static const char *const deadline_words[] = { "now", "soon", "forever" };

/* ------------------------------------------------------------------- choosing */

static uint64_t choose_from(struct rng *r, const uint64_t *from, unsigned int n)
{
	return from[rng_below(r, n)];
}

static uint64_t choose_number(struct rng *r)
{
	static const uint64_t edges[] = {
		0,
		1,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		0x7fffffffffffffff,
		1ULL << 63,
		~0ULL,
		4096,
		1024,
		0xfffffffe,
	};

	switch (rng_below(r, 8)) {
	case 0:
		return rng_next(r);
	case 1:
	case 2:
		return choose_from(r, edges, ARRAY_SIZE(edges));
	case 3:
		return 1ULL << rng_below(r, 64);
	default:
		return rng_below(r, 9);
	}
}

static uint64_t choose_length(struct rng *r)
{
	static const uint64_t lengths[] = {
		0,	1,	 8,	  64,	    255,	256,
		4095,	4096,	 4097,	  8192,	    65536,	300000,
		700000, 1048576, 1048577, 33554433, 0xffffffff, 1ULL << 40,
	};

	if (rng_once_in(r, 3))
		return rng_below(r, 6000);
	return choose_from(r, lengths, ARRAY_SIZE(lengths));
}

static uint64_t choose_count(struct rng *r)
{
	static const uint64_t counts[] = {
		0, 1, 2, 3, 4, 8, 64, 65, 253, 254, 256, 257, 0xffffffff,
	};

	return choose_from(r, counts, ARRAY_SIZE(counts));
}

static uint64_t choose_size(struct rng *r, unsigned int size)
{
	const uint64_t sizes[] = {
		0,    4,    size - 8, size - 4,	  size + 8,
		4096, 4097, size + 1, 0xffffffff, size - 1,
	};

	return choose_from(r, sizes, ARRAY_SIZE(sizes));
}

static uint64_t choose_pointer(struct rng *r)
{
	static const uint64_t pointers[] = {
		0,
		1,
		0xdead000000000000,
		0xffff888000000000,
		~0ULL,
		0xffffffff81000000,
		0x7fffffffe000,
		0x7fffffffefff,
	};

	return choose_from(r, pointers, ARRAY_SIZE(pointers));
}

/* Several in one: items of @bits bits, of which the highest says that it is there. */
static uint64_t choose_items(struct rng *r, unsigned int bits)
{
	unsigned int i, n = 1 + rng_below(r, rng_once_in(r, 4) ? 64 / bits : 2);
	uint64_t value = 0, item;

	for (i = 0; i < n && i < 64 / bits; i++) {
		item = rng_next(r) & ((1ULL << bits) - 1);
		value |= (item | 1ULL << (bits - 1)) << (i * bits);
	}
	return value;
}

/* An attachment: 1 KK RRRRRR SSSSSSS, kind, rights, slot. */
#define ITEM_KIND(i)   ((i) >> 13 & 3)
#define ITEM_RIGHTS(i) ((i) >> 7 & 63)
#define ITEM_SLOT(i)   ((i)&127)

static uint64_t choose_attachments(struct rng *r)
{
	uint64_t value = choose_items(r, 16);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		/* mostly whole handles */
		if (!rng_once_in(r, 3))
			value &= ~(0x7f80ULL << (i * 16));
		if (value >> (i * 16) & 0x8000)
			value &= ~(0x60ULL << (i * 16));
	}
	return value;
}

static uint64_t choose_rules(struct rng *r)
{
	uint64_t value = 0;
	unsigned int i, n = rng_once_in(r, 4) ? rng_below(r, 9) : 1;

	for (i = 0; i < n; i++)
		value |= (uint64_t)(0x80 + rng_below(r, canned_rules_count))
			 << (i * 8);
	return value;
}

static uint64_t choose_ranges(struct rng *r)
{
	unsigned int i, n = rng_below(r, 4), at = 0, last;
	uint64_t value = 0;

	for (i = 0; i < n; i++) {
		at += rng_below(r, 5);
		last = at + rng_below(r, 4);
		value |= (uint64_t)(0x8000 | (at & 127) << 8 | (last & 127))
			 << (i * 16);
		at = rng_once_in(r, 8) ? at : last + 1;
	}
	return value;
}

static uint64_t choose_flags(struct rng *r)
{
	return rng_once_in(r, 8) ? choose_number(r) : rng_below(r, 4);
}

static uint64_t choose_named(struct rng *r, enum field_type type)
{
	switch (type) {
	case FIELD_HANDLE:
	case FIELD_REPLY:
		/* few, so that operations are about the same ones */
		return rng_below(r, rng_once_in(r, 3) ? HANDLES : 8);
	case FIELD_FD:
		return rng_below(r, rng_once_in(r, 3) ? FDS : 4);
	case FIELD_MAP:
		return rng_below(r, 3);
	case FIELD_STAMP:
		return rng_below(r, 4);
	case FIELD_DATA:
	case FIELD_ROOM:
		return rng_once_in(r, 2) ? 0 : rng_below(r, 5);
	case FIELD_NAME:
		return rng_below(r, rng_once_in(r, 4) ? ARRAY_SIZE(names) : 4);
	case FIELD_DEADLINE:
		return rng_once_in(r, 16) ? 2 : rng_below(r, 2);
	case FIELD_ATTACHMENTS:
	case FIELD_INVITED:
		return choose_attachments(r);
	case FIELD_RULES:
		return choose_rules(r);
	default:
		return choose_ranges(r);
	}
}

/* Whether values of a field can be named. */
static bool type_names(enum field_type type)
{
	return letter_of(type) || type == FIELD_DEADLINE ||
	       type == FIELD_ATTACHMENTS || type == FIELD_INVITED ||
	       type == FIELD_RULES || type == FIELD_RANGES ||
	       type == FIELD_BATCH;
}

void argument_choose(struct rng *r, struct op *op, unsigned int field)
{
	const struct operation *o = &operations[op->code];
	const struct field *f = &o->fields[field];
	uint64_t value;
	bool named = type_names(f->type) && !rng_once_in(r, 16);

	if (named) {
		value = choose_named(r, f->type);
	} else {
		switch (f->type) {
		case FIELD_CHOICE:
			value = rng_below(r, f->choices);
			break;
		case FIELD_SIZE:
			value = choose_size(r, o->size);
			break;
		case FIELD_RULE_SIZE:
			value = choose_size(r, sizeof(struct capipc_rule));
			break;
		case FIELD_FLAGS:
			value = choose_flags(r);
			break;
		case FIELD_LENGTH:
		case FIELD_BATCH_LENGTH:
		case FIELD_NAME_LENGTH:
			value = choose_length(r);
			break;
		case FIELD_COUNT:
			value = choose_count(r);
			break;
		case FIELD_RIGHTS:
			value = rng_below(r, 128);
			break;
		case FIELD_DATA:
		case FIELD_ROOM:
		case FIELD_NAME:
		case FIELD_REPLY:
		case FIELD_RULES:
		case FIELD_RANGES:
		case FIELD_BATCH:
		case FIELD_ATTACHMENTS:
		case FIELD_INVITED:
			value = choose_pointer(r);
			break;
		default:
			value = choose_number(r);
		}
	}
	op->set |= 1U << field;
	op->named &= ~(1U << field);
	if (named)
		op->named |= 1U << field;
	op->value[field] = value;
}

/* ------------------------------------------------------------------- printing */

static int print_attachments(char *text, size_t room, uint64_t value)
{
	unsigned int i, item;
	int len = 0;

	for (i = 0; i < 4; i++) {
		item = value >> (i * 16) & 0xffff;
		if (!(item & 0x8000))
			break;
		len += snprintf(text + len, room - len, "%s%c%u", i ? "," : "",
				"hhfx"[ITEM_KIND(item)], ITEM_SLOT(item));
		if (ITEM_KIND(item) == 1)
			len += snprintf(text + len, room - len, "-%u",
					ITEM_RIGHTS(item));
	}
	return len;
}

static int print_rules(char *text, size_t room, uint64_t value)
{
	int i, len = 0;

	for (i = 0; i < 8 && value >> (i * 8) & 0x80; i++)
		len += snprintf(text + len, room - len, "%s%s", i ? "," : "",
				rule_words[(value >> (i * 8) & 0x7f) %
					   canned_rules_count]);
	return len ? len : snprintf(text, room, "none");
}

static int print_ranges(char *text, size_t room, uint64_t value)
{
	int i, len = 0;

	for (i = 0; i < 4 && value >> (i * 16) & 0x8000; i++)
		len += snprintf(text + len, room - len, "%s%u-%u", i ? "," : "",
				(unsigned int)(value >> (i * 16 + 8) & 127),
				(unsigned int)(value >> (i * 16) & 127));
	return len ? len : snprintf(text, room, "none");
}

/* NAME=VALUE, and its length. */
int argument_print(char *text, size_t room, const struct op *op,
		   unsigned int field)
{
	const struct field *f = &operations[op->code].fields[field];
	uint64_t value = op->value[field];
	int len = snprintf(text, room, "%s=", f->name);

	text += len;
	room -= len;
	if (!(op->named & 1U << field))
		return len + snprintf(text, room,
				      value < 100000 ? "%llu" : "%#llx",
				      (unsigned long long)value);
	if (letter_of(f->type))
		return len + snprintf(text, room, "%c%u", letter_of(f->type),
				      (unsigned int)value);
	switch (f->type) {
	case FIELD_DEADLINE:
		return len +
		       snprintf(text, room, "%s", deadline_words[value % 3]);
	case FIELD_RULES:
		return len + print_rules(text, room, value);
	case FIELD_RANGES:
	case FIELD_BATCH:
		return len + print_ranges(text, room, value);
	default:
		return len + print_attachments(text, room, value);
	}
}

/* -------------------------------------------------------------------- reading */

static bool read_number(const char **text, uint64_t *value)
{
	char *end;

	*value = strtoull(*text, &end, 0);
	if (end == *text)
		return false;
	*text = end;
	return true;
}

static bool read_attachments(const char *text, uint64_t *value)
{
	static const char letters[] = "h?fx";
	uint64_t slot, rights, item;
	unsigned int i;

	*value = 0;
	for (i = 0; i < 4; i++) {
		const char *letter = *text ? strchr(letters, *text) : NULL;

		if (!letter)
			return false;
		text++;
		if (!read_number(&text, &slot) || slot > 127)
			return false;
		item = 0x8000 | (uint64_t)(letter - letters) << 13 | slot;
		if (*text == '-') {
			text++;
			if (!read_number(&text, &rights) || rights > 63)
				return false;
			item |= 1U << 13 | rights << 7;
		}
		*value |= item << (i * 16);
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
	}
	return false;
}

static bool read_rules(const char *text, uint64_t *value)
{
	unsigned int i, j;
	size_t len;

	*value = 0;
	if (!strcmp(text, "none"))
		return true;
	for (i = 0; i < 8; i++) {
		len = strcspn(text, ",");
		for (j = 0; j < canned_rules_count; j++)
			if (strlen(rule_words[j]) == len &&
			    !strncmp(rule_words[j], text, len))
				break;
		if (j == canned_rules_count)
			return false;
		*value |= (uint64_t)(0x80 | j) << (i * 8);
		text += len;
		if (!*text++)
			return true;
	}
	return false;
}

static bool read_ranges(const char *text, uint64_t *value)
{
	uint64_t first, last;
	unsigned int i;

	*value = 0;
	if (!strcmp(text, "none"))
		return true;
	for (i = 0; i < 4; i++) {
		if (!read_number(&text, &first) || *text++ != '-' ||
		    !read_number(&text, &last) || first > 127 || last > 127)
			return false;
		*value |= (0x8000 | first << 8 | last) << (i * 16);
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
	}
	return false;
}

static bool read_named(enum field_type type, const char *text, uint64_t *value)
{
	unsigned int i;

	if (letter_of(type)) {
		if (*text++ != letter_of(type))
			return false;
		return read_number(&text, value) && !*text;
	}
	switch (type) {
	case FIELD_DEADLINE:
		for (i = 0; i < ARRAY_SIZE(deadline_words); i++) {
			*value = i;
			if (!strcmp(text, deadline_words[i]))
				return true;
		}
		return false;
	case FIELD_RULES:
		return read_rules(text, value);
	case FIELD_RANGES:
	case FIELD_BATCH:
		return read_ranges(text, value);
	case FIELD_ATTACHMENTS:
	case FIELD_INVITED:
		return read_attachments(text, value);
	default:
		return false;
	}
}

/* What argument_print() prints after the '='. */
bool argument_read(struct op *op, unsigned int field, const char *text)
{
	const struct field *f = &operations[op->code].fields[field];
	const char *end = text;
	uint64_t value;

	if (read_number(&end, &value) && !*end) {
		op->named &= ~(1U << field);
	} else {
		if (!type_names(f->type) || !read_named(f->type, text, &value))
			return false;
		op->named |= 1U << field;
	}
	op->set |= 1U << field;
	op->value[field] = value;
	return true;
}
