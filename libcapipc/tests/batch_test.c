// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Building, reading, sending and receiving batches.
 */
#include "fake.h"
#include "tap.h"

static struct capipc_context *context;
static struct capipc_batch *batch;

static int get_is(size_t index, uint32_t ordinal, const char *text)
{
	const void *data;
	uint32_t got;
	size_t length;
	int ret = capipc_batch_get(batch, index, &got, &data, &length);

	if (ret < 0)
		return ret;
	return got == ordinal && length == strlen(text) &&
	       !memcmp(data, text, length);
}

static void test_build(void)
{
	static char large[CAPIPC_MESSAGE_MAX + 1];
	const void *data = NULL;
	int i, ret = 0;

	is(capipc_batch_count(batch), 0, "a new one is empty");
	is(capipc_batch_get(batch, 0, NULL, NULL, NULL), -ENOENT,
	   "there is nothing in it");
	is(capipc_batch_append(batch, 1, NULL, 0), 0, "append no bytes");
	is(capipc_batch_get(batch, 0, NULL, &data, NULL), 0, "look at them");
	ok(data, "there is a pointer all the same");
	is(capipc_batch_append(batch, 2, "two", 3), 0, "append some");
	is(capipc_batch_append(batch, 3, large, 5000), 0, "append many");
	is(capipc_batch_append(batch, 4, "four", 4), 0, "append more");
	is(capipc_batch_count(batch), 4, "all of them are there");
	is(get_is(0, 1, ""), 1, "the first is what it was");
	is(get_is(1, 2, "two"), 1, "so is the second");
	is(get_is(3, 4, "four"), 1, "so is the last");
	is(capipc_batch_get(batch, 4, NULL, NULL, NULL), -ENOENT,
	   "there are no more");
	is(capipc_batch_get(batch, SIZE_MAX, NULL, NULL, NULL), -ENOENT,
	   "by no number");
	is(capipc_batch_append(batch, 5, large, sizeof(large)), -EMSGSIZE,
	   "no more bytes than a message may have");
	is(capipc_batch_append(batch, 5, large, sizeof(large) - 5007),
	   -EMSGSIZE, "together with the others");
	is(capipc_batch_append(batch, 5, large, sizeof(large) - 5008), 0,
	   "just as many");
	is(capipc_batch_append(batch, 6, "", 1), -EMSGSIZE, "and not one more");
	for (i = 5; !ret && i <= 64; i++)
		ret = capipc_batch_append(batch, i, NULL, 0);
	ok(ret == -E2BIG && i == 65, "no more messages than a batch may have");
	is(get_is(1, 2, "two"), 1, "nothing has changed");
	capipc_batch_reset(batch);
	is(capipc_batch_count(batch), 0, "it can be used again");
	is(capipc_batch_reserve(batch, CAPIPC_MESSAGE_MAX + 1), -EMSGSIZE,
	   "reserve too much");
	is(capipc_batch_reserve(batch, CAPIPC_MESSAGE_MAX), 0, "reserve most");
}

static uint32_t takes;

/* Sends as many as @takes says. */
static int fake_send(unsigned long request, void *argument)
{
	struct capipc_send_batch *send = argument;
	const struct capipc_batched *messages =
		(const void *)(uintptr_t)send->messages;
	const char *data = (const void *)(uintptr_t)send->data;
	uint32_t i, sum = 0;

	if (request != CAPIPC_IOC_SEND_BATCH)
		return -ENOTTY;
	for (i = 0; i < send->count; i++)
		sum += messages[i].data_len;
	if (send->handle != 9 || send->flags != CAPIPC_NOWAIT ||
	    sum != send->data_len ||
	    (sum && data[0] != 'a' + (char)messages[0].ordinal))
		return -EINVAL;
	if (!takes)
		return -EAGAIN;
	send->sent = takes;
	return 0;
}

static int send_it(void)
{
	return capipc_endpoint_send_batch(context, 9, batch, 0, CAPIPC_NOWAIT);
}

static void test_send(void)
{
	fake_request = fake_send;
	capipc_batch_reset(batch);
	is(send_it(), 0, "send an empty one");
	capipc_batch_append(batch, 0, "a", 1);
	capipc_batch_append(batch, 1, "bb", 2);
	capipc_batch_append(batch, 2, "ccc", 3);
	capipc_batch_append(batch, 3, "d", 1);
	takes = 0;
	is(send_it(), -EAGAIN, "there is no room");
	is(capipc_batch_count(batch), 4, "everything is left");
	takes = 2;
	is(send_it(), 2, "two have room");
	is(capipc_batch_count(batch), 2, "the others are left");
	is(get_is(0, 2, "ccc"), 1, "the third is the first");
	is(get_is(1, 3, "d"), 1, "the fourth is the second");
	is(capipc_batch_append(batch, 4, "ee", 2), 0, "one more is appended");
	is(get_is(2, 4, "ee"), 1, "behind them");
	takes = 3;
	is(send_it(), 3, "send the rest");
	is(capipc_batch_count(batch), 0, "nothing is left");
}

static unsigned int requests;

static const char three[6] = { '1', 't', 'h', 'r', 'e', 'e' };

/* First one of 100000 bytes, then something else, then three. */
static int fake_receive(unsigned long request, void *argument)
{
	struct capipc_receive_batch *receive = argument;
	struct capipc_batched *messages = (void *)(uintptr_t)receive->messages;
	char *data = (void *)(uintptr_t)receive->data;

	if (request != CAPIPC_IOC_RECEIVE_BATCH)
		return -ENOTTY;
	if (receive->count_capacity != CAPIPC_BATCH_MAX ||
	    receive->data_capacity < 65536)
		return -EINVAL;
	receive->from = 3;
	receive->cookie = 33;
	receive->facet = 5;
	receive->type = CAPIPC_RECEIVED_MESSAGE;
	switch (requests++) {
	case 0:
		receive->data_len = 100000;
		return -EMSGSIZE;
	case 1:
		if (receive->data_capacity < 100000)
			return -EINVAL;
		receive->data_len = 100000;
		receive->count = 1;
		messages[0] = (struct capipc_batched){ 8, 100000 };
		memset(data, 'x', 100000);
		break;
	case 2:
		receive->type = CAPIPC_RECEIVED_CALL;
		receive->count = 0;
		receive->data_len = 0;
		break;
	case 3:
		receive->count = 3;
		receive->data_len = sizeof(three);
		messages[0] = (struct capipc_batched){ 1, 1 };
		messages[1] = (struct capipc_batched){ 2, 0 };
		messages[2] = (struct capipc_batched){ 3, 5 };
		memcpy(data, three, sizeof(three));
		receive->stamp.uid = 77;
		break;
	default:
		return -EPIPE;
	}
	return 0;
}

static void test_receive(void)
{
	struct capipc_received received;
	const void *data;
	size_t length;

	capipc_batch_free(batch);
	capipc_batch_new(&batch);
	fake_request = fake_receive;
	is(capipc_context_receive_batch(context, 0, batch, &received, 0, 0), 1,
	   "receive a large one");
	is(requests, 2, "for which room is made");
	ok(!capipc_batch_get(batch, 0, NULL, &data, &length) &&
		   length == 100000 && ((const char *)data)[99999] == 'x',
	   "it is all there");
	is(capipc_context_receive_batch(context, 0, batch, &received, 0, 0), 0,
	   "something else is next");
	ok(received.type == CAPIPC_RECEIVED_CALL && received.from == 3,
	   "what it is, and where");
	is(capipc_batch_count(batch), 0, "it is not in the batch");
	is(capipc_context_receive_batch(context, 0, batch, &received, 0, 0), 3,
	   "receive three");
	ok(received.type == CAPIPC_RECEIVED_MESSAGE && received.from == 3 &&
		   received.cookie == 33 && received.facet == 5 &&
		   received.stamp.uid == 77 && !received.handle,
	   "all is told");
	ok(get_is(0, 1, "1") == 1 && get_is(1, 2, "") == 1 &&
		   get_is(2, 3, "three") == 1,
	   "they are what they are");
	is(capipc_context_receive_batch(context, 0, batch, &received, 0, 0),
	   -EPIPE, "nothing more comes");
	is(received.type, CAPIPC_RECEIVED_NONE, "and nothing is told");
	is(capipc_batch_count(batch), 0, "the batch is empty");
}

int main(void)
{
	capipc_batch_free(NULL);
	context = fake_context();
	is(capipc_batch_new(&batch), 0, "make a batch");
	test_build();
	test_send();
	test_receive();
	capipc_batch_free(batch);
	capipc_context_free(context);
	return tap_done();
}
