// SPDX-License-Identifier: GPL-2.0
/*
 * Ioctls: the struct is put together from the fields, and what comes back goes
 * into slots.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "fuzz.h"

#define SOON_NS	   10000000 /* a deadline that will pass */
#define ARRAY_MAX  260 /* elements of an array that are filled in */
#define ROOM_BYTES 4096
#define ROOM_COUNT 16
#define BYTES	   64

void memory_init(struct memory *m)
{
	unsigned int i;

	for (i = 0; i < MEMORY_AREAS; i++) {
		m->area[i] = mmap(NULL, AREA_SIZE + 4096,
				  PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				  -1, 0);
		mprotect(m->area[i] + AREA_SIZE, 4096, PROT_NONE);
	}
}

/* An area that this operation does not use yet. */
static char *take_area(struct call *call)
{
	struct memory *m = call->memory;

	return m->area[m->used++ % MEMORY_AREAS];
}

static int64_t deadline(unsigned int named)
{
	struct timespec ts;

	if (named == 0)
		return 1;
	if (named == 2)
		return CAPIPC_FOREVER;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec + SOON_NS;
}

static void *place(struct worker *w, struct call *call, unsigned int how)
{
	char *area = take_area(call);

	switch (how) {
	case 1:
		return area + AREA_SIZE - 4;
	case 2:
		return (void *)operations;
	case 3:
		return area + AREA_SIZE;
	case 4:
		return w->map[0].at ? w->map[0].at : area;
	default:
		return area;
	}
}

/* ---------------------------------------------------------------------- arrays */

static unsigned int items_of(uint64_t value, unsigned int bits)
{
	unsigned int n = 0;

	while (n < 64 / bits && value >> (n * bits + bits - 1) & 1)
		n++;
	return n;
}

static void fill_attachment(struct worker *w, unsigned int item,
			    struct capipc_attachment *a)
{
	unsigned int slot = item & 127;

	memset(a, 0, sizeof(*a));
	a->rights = CAPIPC_RIGHTS_SAME;
	switch (item >> 13 & 3) {
	case 0:
		a->handle = w->handle[slot % HANDLES];
		break;
	case 1:
		a->handle = w->handle[slot % HANDLES];
		a->rights = item >> 7 & 63;
		break;
	case 2:
		a->handle = w->fd[slot % FDS];
		a->rights = 0;
		a->kind = CAPIPC_KIND_FILE;
		break;
	default:
		a->handle = slot * 0x01000193;
		a->rights = slot << 3;
		a->kind = slot & 15;
		a->reserved = slot & 1;
	}
}

static void *fill_array(struct worker *w, struct call *call, unsigned int field,
			bool invited)
{
	uint64_t value = call->op->value[field];
	unsigned int i, n = items_of(value, 16), count = n;
	struct capipc_attachment *a = (void *)take_area(call);
	struct capipc_invited *v = (void *)a;
	struct capipc_attachment one;

	if (n && (call->op->set & 1U << (field + 1)))
		count = ARRAY_MAX;
	for (i = 0; i < count; i++) {
		fill_attachment(w, value >> (i % n * 16) & 0xffff, &one);
		if (!invited) {
			a[i] = one;
			continue;
		}
		v[i] = (struct capipc_invited){
			.name = i,
			.handle = one.handle,
			.rights = one.rights,
			.kind = one.kind,
			.reserved = one.reserved,
		};
	}
	return a;
}

static void *fill_rules(struct call *call, unsigned int field)
{
	static const char label[] = "unconfined";
	uint64_t value = call->op->value[field];
	unsigned int i, n = items_of(value, 8), count = n;
	struct capipc_rule *rules = (void *)take_area(call);

	if (n && (call->op->set & 1U << (field + 1)))
		count = ARRAY_MAX;
	for (i = 0; i < count; i++) {
		rules[i] = canned_rules[(value >> (i % n * 8) & 0x7f) %
					canned_rules_count];
		if (rules[i].label)
			rules[i].label = (uintptr_t)label;
	}
	return rules;
}

static void *fill_ranges(struct call *call, unsigned int field)
{
	uint64_t value = call->op->value[field];
	unsigned int i, n = items_of(value, 16);
	struct capipc_range *ranges = (void *)take_area(call);

	for (i = 0; i < n; i++) {
		ranges[i].first = value >> (i * 16 + 8) & 127;
		ranges[i].last = value >> (i * 16) & 127;
	}
	/* many that are in order */
	for (; n && i < ARRAY_MAX; i++) {
		ranges[i].first = 1000 + i * 2;
		ranges[i].last = 1000 + i * 2;
	}
	return ranges;
}

/* The rest have no bytes. */
static void *fill_batch(struct call *call, unsigned int field)
{
	uint64_t value = call->op->value[field];
	unsigned int i, n = items_of(value, 16);
	struct capipc_batched *batch = (void *)take_area(call);

	for (i = 0; i < ARRAY_MAX; i++) {
		batch[i].ordinal = value >> (i % 4 * 16 + 8) & 127;
		batch[i].data_len = i < n ? value >> (i * 16) & 127 : 0;
	}
	return batch;
}

/* Of the batch in the same operation. */
static uint64_t batch_length(struct call *call)
{
	unsigned int field = 0, i;
	uint64_t value, sum = 0;

	while (call->what->fields[field].type != FIELD_BATCH)
		field++;
	if (!(call->op->named & 1U << field))
		return 0;
	value = call->op->value[field];
	for (i = 0; i < items_of(value, 16); i++)
		sum += value >> (i * 16) & 127;
	return sum;
}

static void *fill_reply(struct worker *w, struct call *call, unsigned int slot)
{
	struct capipc_reply *reply = (void *)take_area(call);

	*reply = (struct capipc_reply){
		.size = sizeof(*reply),
		.handle = w->handle[slot % HANDLES],
		.data = (uintptr_t)operations,
		.data_len = 8,
	};
	return reply;
}

/* --------------------------------------------------------------------- values */

static uint64_t named_value(struct worker *w, struct call *call,
			    unsigned int field)
{
	uint64_t value = call->op->value[field];

	switch (call->what->fields[field].type) {
	case FIELD_HANDLE:
		return w->handle[value % HANDLES];
	case FIELD_FD:
		return w->fd[value % FDS];
	case FIELD_STAMP:
		return w->stamp[value % STAMPS];
	case FIELD_DATA:
	case FIELD_ROOM:
		return (uintptr_t)place(w, call, value);
	case FIELD_ATTACHMENTS:
		return (uintptr_t)fill_array(w, call, field, false);
	case FIELD_INVITED:
		return (uintptr_t)fill_array(w, call, field, true);
	case FIELD_RULES:
		return (uintptr_t)fill_rules(call, field);
	case FIELD_RANGES:
		return (uintptr_t)fill_ranges(call, field);
	case FIELD_BATCH:
		return (uintptr_t)fill_batch(call, field);
	case FIELD_NAME:
		return (uintptr_t)canned_name(value);
	case FIELD_DEADLINE:
		return deadline(value);
	case FIELD_REPLY:
		return (uintptr_t)fill_reply(w, call, value);
	default:
		return value;
	}
}

/* As many as the field before says. */
static uint64_t missing_count(struct call *call, unsigned int field)
{
	unsigned int before = field - 1;
	uint64_t value = call->op->value[before];

	if (call->what->fields[before].type == FIELD_ROOM)
		return ROOM_COUNT;
	if (!(call->op->named & 1U << before))
		return call->op->set & 1U << before ? 1 : 0;
	return items_of(
		value, call->what->fields[before].type == FIELD_RULES ? 8 : 16);
}

/* Into an area: then the room for bytes is an offset in it. */
static bool has_area(const struct call *call)
{
	const struct operation *o = call->what;
	unsigned int i;

	for (i = 0; i < o->fields_count; i++) {
		if (!strcmp(o->fields[i].name, "area"))
			return call->op->set & 1U << i;
	}
	return false;
}

static uint64_t missing_value(struct worker *w, struct call *call,
			      unsigned int field)
{
	switch (call->what->fields[field].type) {
	case FIELD_SIZE:
		return call->what->size;
	case FIELD_RULE_SIZE:
		return sizeof(struct capipc_rule);
	case FIELD_NUMBER:
		return 1;
	case FIELD_LENGTH:
		return call->what->fields[field - 1].type == FIELD_ROOM ?
			       ROOM_BYTES :
			       BYTES;
	case FIELD_BATCH_LENGTH:
		return batch_length(call);
	case FIELD_COUNT:
		return missing_count(call, field);
	case FIELD_NAME_LENGTH:
		return call->op->named & 1U << (field - 1) ?
			       strlen(canned_name(call->op->value[field - 1])) :
			       0;
	case FIELD_DEADLINE:
		return deadline(call->what->waits ? 1 : 2);
	case FIELD_RIGHTS:
		return CAPIPC_RIGHTS_SAME;
	case FIELD_DATA:
	case FIELD_ROOM:
		return has_area(call) && !strcmp(call->what->fields[field].name,
						 "data") ?
			       0 :
			       (uintptr_t)place(w, call, 0);
	case FIELD_FD:
		return -1;
	default:
		return 0;
	}
}

static void fill(struct worker *w, struct call *call, char *argument)
{
	unsigned int i, j;
	uint64_t value;

	for (i = 0; i < call->what->fields_count; i++) {
		const struct field *f = &call->what->fields[i];

		if (call->op->named & 1U << i)
			value = named_value(w, call, i);
		else if (call->op->set & 1U << i)
			value = call->op->value[i];
		else
			value = missing_value(w, call, i);
		for (j = 0; j < f->size; j += 8)
			memcpy(argument + f->offset + j, &value,
			       f->size - j < 8 ? f->size - j : 8);
	}
}

/* -------------------------------------------------------------------- results */

static uint64_t result(const struct call *call, const char *argument,
		       unsigned int field)
{
	const struct field *f = &call->what->fields[field];
	uint64_t value = 0;

	memcpy(&value, argument + f->offset, f->size < 8 ? f->size : 8);
	return value;
}

static void keep_attachments(struct worker *w, struct call *call, uint64_t at,
			     unsigned int count)
{
	const struct capipc_attachment *a = (void *)(uintptr_t)at;
	unsigned int i;

	for (i = 0; i < count && i < 64; i++) {
		if (a[i].kind == CAPIPC_KIND_FILE)
			worker_keep_fd(w, call, a[i].handle);
		else
			worker_keep_handle(w, call, 1 + i, a[i].handle);
	}
}

static void keep_invited(struct worker *w, struct call *call, uint64_t at,
			 unsigned int count)
{
	const struct capipc_invited *v = (void *)(uintptr_t)at;
	unsigned int i;

	for (i = 0; i < count && i < 64; i++)
		worker_keep_handle(w, call, i, v[i].handle);
}

/* What is not where it says may fault: then the operation ends there. */
static void keep(struct worker *w, struct call *call, const void *argument)
{
	const struct capipc_receive *receive = argument;
	const struct capipc_call *made = argument;
	const struct capipc_accept *accept = argument;
	unsigned int i, handles = 0;
	uint64_t value;

	for (i = 0; i < call->what->fields_count; i++) {
		value = result(call, argument, i);
		switch (call->what->fields[i].type) {
		case FIELD_OUT_HANDLE:
			if (value)
				worker_keep_handle(w, call, handles, value);
			handles++;
			break;
		case FIELD_OUT_FD:
			worker_keep_fd(w, call, value);
			break;
		case FIELD_OUT_STAMP:
			w->stamp[call->op->out % STAMPS] = value;
			w->stamp[0] = value;
			break;
		}
	}
	switch (call->what->request) {
	case CAPIPC_IOC_RECEIVE:
		keep_attachments(w, call, receive->attachments,
				 receive->attachments_count);
		break;
	case CAPIPC_IOC_CALL:
		keep_attachments(w, call, made->reply_attachments,
				 made->reply_attachments_count);
		break;
	case CAPIPC_IOC_ACCEPT:
		keep_invited(w, call, accept->attachments,
			     accept->attachments_count);
		break;
	}
}

int request_run(struct worker *w, struct call *call)
{
	/* with an odd size, what is beyond has to be zero, and there */
	bool odd = call->op->set & 1;
	const struct capipc_call *made;
	char *argument;

	call->memory->used = 0;
	argument =
		take_area(call) + AREA_SIZE - (odd ? 8192 : call->what->size);
	memset(argument, 0, odd ? 8192 : call->what->size);
	made = (void *)argument;
	fill(w, call, argument);
	if (ioctl(call->context, call->what->request, argument) < 0) {
		int error = errno;

		if (call->what->request == CAPIPC_IOC_CALL && made->pending)
			worker_keep_handle(w, call, 0, made->pending);
		return -error;
	}
	keep(w, call, argument);
	return 0;
}
