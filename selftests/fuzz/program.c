// SPDX-License-Identifier: GPL-2.0
/*
 * Programs: made, changed, printed and read.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* --------------------------------------------------------------------- numbers */

/* splitmix64 */
uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

unsigned int rng_below(struct rng *r, unsigned int n)
{
	return n ? (rng_next(r) >> 32) % n : 0;
}

bool rng_once_in(struct rng *r, unsigned int n)
{
	return rng_below(r, n) == 0;
}

/* ---------------------------------------------------------------------- making */

static unsigned int choose_code(struct rng *r)
{
	unsigned int i, sum = 0, at;

	for (i = 0; i < operations_count; i++)
		sum += operations[i].weight;
	at = rng_below(r, sum);
	for (i = 0; at >= operations[i].weight; i++)
		at -= operations[i].weight;
	return i;
}

/* How likely it is that a field is given: once in so many times. */
static unsigned int field_rarity(enum field_type type)
{
	switch (type) {
	case FIELD_HANDLE:
	case FIELD_FD:
	case FIELD_MAP:
	case FIELD_CHOICE:
	case FIELD_NAME:
		return 1;
	case FIELD_ATTACHMENTS:
	case FIELD_INVITED:
	case FIELD_RULES:
	case FIELD_RANGES:
	case FIELD_BATCH:
	case FIELD_FLAGS:
	case FIELD_RIGHTS:
	case FIELD_STAMP:
		return 2;
	case FIELD_DEADLINE:
	case FIELD_LENGTH:
	case FIELD_NUMBER:
	case FIELD_REPLY:
		return 4;
	case FIELD_SIZE:
	case FIELD_RULE_SIZE:
	case FIELD_RESERVED:
		return 48;
	case FIELD_OUT:
	case FIELD_OUT_HANDLE:
	case FIELD_OUT_FD:
	case FIELD_OUT_STAMP:
		return 256;
	default:
		return 12;
	}
}

/* A field that should be left alone: a call that is new is not pending. */
static bool is_rare(const struct operation *o, unsigned int field)
{
	return !strcmp(o->fields[field].name, "pending") ||
	       (!strcmp(o->name, "receive") &&
		o->fields[field].type == FIELD_HANDLE);
}

static void op_make(struct rng *r, struct op *op)
{
	const struct operation *o;
	unsigned int i, rarity;

	memset(op, 0, sizeof(*op));
	op->code = choose_code(r);
	o = &operations[op->code];
	/* mostly first threads, and few processes */
	op->lane = rng_below(r, rng_once_in(r, 3) ? WORKERS : 2) * THREADS +
		   rng_once_in(r, 5);
	op->async = rng_once_in(r, o->waits ? 3 : 8);
	op->context = rng_once_in(r, 12) ? rng_below(r, CONTEXTS) : 0xff;
	op->out = rng_below(r, rng_once_in(r, 3) ? HANDLES : 8);
	op->fail = rng_once_in(r, 10) ? 1 + rng_below(r, 20) : 0;
	for (i = 0; i < o->fields_count; i++) {
		rarity = field_rarity(o->fields[i].type);
		if (is_rare(o, i))
			rarity = 4;
		if (rng_once_in(r, rarity))
			argument_choose(r, op, i);
	}
}

/* Something to play with, of a kind that takes more than one operation. */
static const char *const openings[] = {
	"0 create out=0\n",
	"0 listen name=n0 rules=any out=0\n"
	"1 connect name=n0 out=0\n"
	"0 receive out=1\n",
	"0 create out=0\n"
	"0 invite attachments=h1 rules=any out=2\n"
	"0 pass fd=f2 to=1\n"
	"1 take fd=f0\n"
	"1 accept fd=f0 out=0\n",
	"0 create out=0\n"
	"0b& call handle=h0 ordinal=1\n"
	"0 receive out=2\n",
	"0 create_buffer bytes=8192 out=0\n"
	"0 map handle=h0 protection=3\n",
	"0 create_data_pipe out=0\n"
	"0 map handle=h0 protection=3\n"
	"0 map handle=h1 protection=1\n",
};

void program_make(struct rng *r, struct program *p)
{
	unsigned int n = 3 + rng_below(r, 12);

	p->count = 0;
	if (!rng_once_in(r, 4))
		program_read(p, openings[rng_below(r, ARRAY_SIZE(openings))]);
	while (n-- && p->count < OPS_MAX)
		op_make(r, &p->ops[p->count++]);
}

/* -------------------------------------------------------------------- changing */

static void insert(struct program *p, unsigned int at, const struct op *op)
{
	if (p->count == OPS_MAX)
		return;
	memmove(&p->ops[at + 1], &p->ops[at],
		(p->count - at) * sizeof(p->ops[0]));
	p->ops[at] = *op;
	p->count++;
}

static void delete (struct program *p, unsigned int at)
{
	p->count--;
	memmove(&p->ops[at], &p->ops[at + 1],
		(p->count - at) * sizeof(p->ops[0]));
}

/* Another argument, or none, or something about the operation as a whole. */
static void change(struct rng *r, struct op *op)
{
	const struct operation *o = &operations[op->code];
	unsigned int field = rng_below(r, o->fields_count);

	switch (rng_below(r, 10)) {
	case 0:
		op->lane = rng_below(r, LANES);
		break;
	case 1:
		op->async = !op->async;
		break;
	case 2:
		op->out = rng_below(r, HANDLES);
		break;
	case 3:
		op->fail = rng_below(r, 30);
		break;
	case 4:
		op->set &= ~(1U << field);
		break;
	case 5:
		if ((op->set & 1U << field) && !(op->named & 1U << field)) {
			op->value[field] += rng_once_in(r, 2) ? 1 : -1;
			break;
		}
		/* fallthrough */
	default:
		argument_choose(r, op, field);
	}
}

/* The beginning of @p, and the end of @other. */
static void splice(struct rng *r, struct program *p,
		   const struct program *other)
{
	unsigned int from = rng_below(r, other->count);

	p->count = rng_below(r, p->count + 1);
	while (from < other->count && p->count < OPS_MAX)
		p->ops[p->count++] = other->ops[from++];
}

/* Change something; @other is another program that is worth something. */
void program_mutate(struct rng *r, struct program *p,
		    const struct program *other)
{
	unsigned int n = 1 + rng_below(r, rng_once_in(r, 3) ? 6 : 2);
	unsigned int at;
	struct op op;

	while (n--) {
		at = rng_below(r, p->count);
		switch (rng_below(r, 12)) {
		case 0:
			splice(r, p, other);
			break;
		case 1:
			if (p->count > 1)
				delete (p, at);
			break;
		case 2:
			if (p->count > 1) {
				op = p->ops[at];
				delete (p, at);
				insert(p, rng_below(r, p->count + 1), &op);
			}
			break;
		case 3:
			op = p->ops[at];
			insert(p, at, &op);
			break;
		case 4:
		case 5:
		case 6:
			op_make(r, &op);
			insert(p, rng_below(r, p->count + 1), &op);
			break;
		default:
			if (p->count)
				change(r, &p->ops[at]);
		}
		if (!p->count)
			op_make(r, &p->ops[p->count++]);
	}
}

/* ------------------------------------------------------------------------ text */

int program_print(const struct program *p, char *text, size_t room)
{
	const struct op *op;
	unsigned int i, j;
	size_t len = 0;

	for (i = 0; i < p->count && room - len > 1024; i++) {
		op = &p->ops[i];
		len += snprintf(text + len, room - len, "%u%s%s %s",
				op->lane / THREADS,
				op->lane % THREADS ? "b" : "",
				op->async ? "&" : "",
				operations[op->code].name);
		if (op->context != 0xff)
			len += snprintf(text + len, room - len, " in=%u",
					op->context);
		for (j = 0; j < operations[op->code].fields_count; j++) {
			if (!(op->set & 1U << j))
				continue;
			text[len++] = ' ';
			len += argument_print(text + len, room - len, op, j);
		}
		if (op->out)
			len += snprintf(text + len, room - len, " out=%u",
					op->out);
		if (op->fail)
			len += snprintf(text + len, room - len, " fail=%u",
					op->fail);
		text[len++] = '\n';
	}
	text[len] = 0;
	return len;
}

static bool read_word(struct op *op, char *word)
{
	const struct operation *o = &operations[op->code];
	char *value = strchr(word, '=');
	unsigned int i;

	if (!value)
		return false;
	*value++ = 0;
	for (i = 0; i < o->fields_count; i++)
		if (!strcmp(o->fields[i].name, word))
			return argument_read(op, i, value);
	if (!strcmp(word, "in"))
		op->context = atoi(value) % CONTEXTS;
	else if (!strcmp(word, "out"))
		op->out = atoi(value) % HANDLES;
	else if (!strcmp(word, "fail"))
		op->fail = atoi(value);
	else
		return false;
	return true;
}

static bool read_op(struct op *op, char *line)
{
	const struct operation *o;
	char *save, *word = strtok_r(line, " \t", &save);
	unsigned int lane;

	memset(op, 0, sizeof(*op));
	op->context = 0xff;
	if (!word || *word < '0' || *word >= '0' + WORKERS)
		return false;
	lane = (*word++ - '0') * THREADS;
	if (*word == 'b') {
		lane++;
		word++;
	}
	if (*word == '&') {
		op->async = true;
		word++;
	}
	op->lane = lane;
	if (*word)
		return false;
	word = strtok_r(NULL, " \t", &save);
	o = word ? operation_find(word) : NULL;
	if (!o)
		return false;
	op->code = o - operations;
	while ((word = strtok_r(NULL, " \t", &save)))
		if (!read_word(op, word))
			return false;
	return true;
}

/* What program_print() prints; empty lines and those that begin with # are skipped. */
bool program_read(struct program *p, const char *text)
{
	char line[1024];
	size_t len;

	p->count = 0;
	while (*text) {
		len = strcspn(text, "\n");
		if (len && *text != '#') {
			if (len >= sizeof(line) || p->count == OPS_MAX)
				return false;
			memcpy(line, text, len);
			line[len] = 0;
			if (!read_op(&p->ops[p->count], line)) {
				fprintf(stderr, "no operation: %.*s\n",
					(int)len, text);
				return false;
			}
			p->count++;
		}
		text += len + !!text[len];
	}
	return p->count > 0;
}
