// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages, calls and replies.
 */
#include "guest.h"

#include <pthread.h>
#include <stdatomic.h>

/* One of each, from one end to the other */
static void test_values(void)
{
	uint32_t ends[2], u32;
	const void *bytes;
	size_t length;
	uint64_t u64;
	uint16_t u16;
	uint8_t u8;

	capipc_pipe_create(context, ends);
	capipc_message_reset(reply, 1);
	capipc_message_append_u8(reply, 8);
	capipc_message_append_u16(reply, 1600);
	capipc_message_append_u32(reply, 3200000);
	capipc_message_append_u64(reply, 6400000000000);
	capipc_message_append_bytes(reply, "\0bytes", 6);
	is(capipc_endpoint_send(context, ends[0], reply, SECONDS_5, 0), 0,
	   "send one value of each type");
	receive(ends[1]);
	capipc_message_read_u8(message, &u8);
	capipc_message_read_u16(message, &u16);
	capipc_message_read_u32(message, &u32);
	capipc_message_read_u64(message, &u64);
	capipc_message_read_bytes(message, &bytes, &length);
	is(capipc_message_read_end(message), 0, "they are received");
	ok(u8 == 8 && u16 == 1600 && u32 == 3200000 && u64 == 6400000000000 &&
		   length == 6 && !memcmp(bytes, "\0bytes", 6),
	   "as they were sent");
	capipc_handle_close(context, ends[0]);
	capipc_handle_close(context, ends[1]);
}

void test_messages(void)
{
	static char large[200000];
	struct capipc_info info;
	const char *string;
	const void *bytes;
	uint32_t ends[2], moved[2], handle;
	size_t length;
	int count = 0;

	test_values();
	capipc_pipe_create(context, ends);
	capipc_pipe_create(context, moved);
	capipc_message_reset(reply, 9);
	capipc_message_append_string(reply, "hello");
	capipc_message_append_handle(
		reply, moved[0], CAPIPC_RIGHT_WRITE | CAPIPC_RIGHT_TRANSFER);
	is(capipc_endpoint_send(context, ends[0], reply, SECONDS_5, 0), 0,
	   "send a message with a handle");
	ok(is_closed(moved[0]), "the handle is gone");
	is(receive(0), 0, "receive it");
	ok(received.type == CAPIPC_RECEIVED_MESSAGE &&
		   received.from == ends[1] && received.ordinal == 9 &&
		   !received.handle && capipc_message_ordinal(message) == 9,
	   "all is told");
	ok(received.stamp.uid == 0 &&
		   received.stamp.pid == (uint32_t)getpid() &&
		   received.stamp.id == capipc_message_stamp(message)->id,
	   "also who sent it");
	ok(!capipc_message_read_string(message, &string) &&
		   !strcmp(string, "hello"),
	   "its bytes are right");
	is(capipc_message_read_handle(message, CAPIPC_KIND_ENDPOINT,
				      CAPIPC_RIGHT_READ, &handle),
	   -EBADMSG, "its handle has not the right that was not sent");
	capipc_message_read_rewind(message);
	is(capipc_message_read_handle(message, CAPIPC_KIND_ENDPOINT,
				      CAPIPC_RIGHT_WRITE, &handle),
	   0, "but that which was");
	is(capipc_endpoint_send(context, handle, reply, SECONDS_5, 0), 0,
	   "the bytes can be sent again, on the new handle");
	is(receive(moved[1]), 0, "they arrive");
	is(capipc_message_handles(message), 0, "without a handle");

	capipc_message_reset(reply, 1);
	capipc_message_append_handle(reply, handle, CAPIPC_RIGHTS_SAME);
	capipc_endpoint_send(context, ends[0], reply, SECONDS_5, 0);
	receive(ends[1]);
	is(capipc_endpoint_send(context, ends[0], message, SECONDS_5, 0), 0,
	   "what was received can be passed on");
	receive(ends[1]);
	capipc_message_reset(message, 0);
	is(receive(moved[1]), 0, "a handle that is not read");
	is(received.type, CAPIPC_RECEIVED_PEER_CLOSED, "is closed");

	capipc_message_reset(reply, 1);
	capipc_message_append_handle(reply, ends[0], CAPIPC_RIGHTS_SAME);
	is(capipc_endpoint_send(context, ends[0], reply, SECONDS_5, 0), -ELOOP,
	   "no endpoint inside itself");
	is(capipc_message_handles(reply), 1, "after which it is still there");
	capipc_message_read_handle(reply, CAPIPC_KIND_NONE, 0, &handle);
	is(handle, ends[0], "and can be taken back");

	capipc_message_reset(reply, 1);
	capipc_message_append_raw(reply, large, sizeof(large));
	is(capipc_endpoint_send(context, ends[0], reply, SECONDS_5, 0), 0,
	   "send a large message");
	is(receive(0), 0, "receive it");
	capipc_message_data(message, &length);
	is(length, sizeof(large), "it is all there");
	is(capipc_message_read_raw(message, &bytes, sizeof(large)), 0,
	   "and can be read");

	capipc_context_info(context, &info);
	while (count < (int)info.window_messages + 1 &&
	       !capipc_endpoint_send(context, ends[0], reply, CAPIPC_FOREVER,
				     CAPIPC_NOWAIT))
		count++;
	is(capipc_endpoint_send(context, ends[0], reply, CAPIPC_FOREVER,
				CAPIPC_NOWAIT),
	   -EAGAIN, "a full window is not waited for");
	is(capipc_endpoint_send(context, ends[0], reply,
				capipc_deadline_in_ms(20), 0),
	   -ETIMEDOUT, "or not for long");
	is(capipc_endpoint_send(context, ends[0], reply, 0, 1U << 30), -EINVAL,
	   "unknown flag");
	while (count-- > 0)
		receive(ends[1]);
	is(capipc_context_receive(context, 0, message, &received,
				  CAPIPC_FOREVER, CAPIPC_NOWAIT),
	   -EAGAIN, "nothing more");
	is(capipc_context_receive(context, 0, message, &received,
				  capipc_deadline_in_ms(20), 0),
	   -ETIMEDOUT, "also after a while");
	is(received.type, CAPIPC_RECEIVED_NONE, "is told as nothing");
	capipc_handle_close(context, ends[0]);
	capipc_handle_close(context, ends[1]);
	capipc_handle_close(context, moved[1]);
}

/* As many as there is room for, and then the rest; and what is none is left. */
void test_batches(void)
{
	struct capipc_batch *out, *in;
	struct capipc_info info;
	uint32_t ends[2], ordinal, i, sent = 0, got = 0;
	const void *data;
	size_t length, at;
	bool good = true;
	int ret;

	capipc_pipe_create(context, ends);
	capipc_batch_new(&out);
	capipc_batch_new(&in);
	capipc_context_info(context, &info);
	do {
		capipc_batch_reset(out);
		for (i = 0; i < 48; i++)
			capipc_batch_append(out, sent + i, &i, i % 5);
		ret = capipc_endpoint_send_batch(context, ends[0], out, 0,
						 CAPIPC_NOWAIT);
		if (ret > 0)
			sent += (uint32_t)ret;
	} while (ret == 48);
	ok(ret > 0 && capipc_batch_count(out) == 48 - (size_t)ret,
	   "a batch that has not room for all of it");
	is(sent, info.window_messages, "fills the window");
	is(capipc_endpoint_send_batch(context, ends[0], out, 0, CAPIPC_NOWAIT),
	   -EAGAIN, "the rest of it has none");
	capipc_message_reset(reply, 5);
	receive(ends[1]);
	is(received.ordinal, got++, "a single one is received");
	is(capipc_endpoint_send(context, ends[0], reply, 0, CAPIPC_NOWAIT), 0,
	   "and sent");
	capipc_handle_close(context, ends[0]);
	while ((ret = capipc_context_receive_batch(context, 0, in, &received,
						   SECONDS_5, 0)) > 0) {
		for (at = 0; at < capipc_batch_count(in); at++, got++) {
			capipc_batch_get(in, at, &ordinal, &data, &length);
			good = good && received.stamp.pid == (uint32_t)getpid();
			if (got == sent)
				good = good && ordinal == 5 && !length;
			else
				good = good && ordinal == got &&
				       length == got % 48 % 5 &&
				       (!length ||
					*(const uint8_t *)data == got % 48);
		}
	}
	ok(good, "all are received in order");
	is(got, sent + 1, "and none is lost");
	is(ret, 0, "then there is no message");
	is(received.type, CAPIPC_RECEIVED_PEER_CLOSED, "but the end");
	capipc_handle_close(context, ends[1]);
	capipc_batch_free(in);
	capipc_batch_free(out);
}

enum answer {
	ANSWER_ECHO,
	ANSWER_LARGE,
	ANSWER_NOT,
	ANSWER_LATE,
	ANSWER_HANDLE,
};

static uint32_t service;
static int service_results[2];
static atomic_bool call_is_over;

/* Serves one request of the kind that its ordinal says, then says so. */
static void *serve_one(void *data)
{
	struct capipc_message *in = new_message(context, 0);
	struct capipc_message *out = new_message(context, 0);
	struct capipc_received got;
	uint32_t ends[2];
	const void *bytes;
	size_t length;

	capipc_context_receive(context, service, in, &got, SECONDS_5, 0);
	bytes = capipc_message_data(in, &length);
	capipc_message_append_raw(out, bytes, length);
	switch (got.ordinal) {
	case ANSWER_LARGE:
		capipc_message_reserve(out, got.reply_room + 1, 0);
		while (length++ <= got.reply_room)
			capipc_message_append_u8(out, 0);
		service_results[0] =
			capipc_reply_send(context, got.handle, out);
		capipc_message_reset(out, 0);
		break;
	case ANSWER_NOT:
		capipc_handle_close(context, got.handle);
		break;
	case ANSWER_LATE:
		while (!atomic_load(&call_is_over))
			usleep(1000);
		break;
	case ANSWER_HANDLE:
		capipc_pipe_create(context, ends);
		capipc_handle_close(context, ends[1]);
		capipc_message_append_handle(out, ends[0], CAPIPC_RIGHTS_SAME);
		break;
	default:
		break;
	}
	service_results[1] = capipc_reply_send(context, got.handle, out);
	capipc_message_free(in);
	capipc_message_free(out);
	return data;
}

static void on_signal(int signal_number)
{
	(void)signal_number;
}

static int call(uint32_t endpoint, enum answer answer, uint64_t ms,
		uint32_t *pending)
{
	pthread_t thread;
	int ret;

	capipc_message_reset(message, answer);
	capipc_message_append_string(message, "echo");
	atomic_store(&call_is_over, false);
	pthread_create(&thread, NULL, serve_one, NULL);
	ret = capipc_endpoint_call(context, endpoint, message, reply,
				   capipc_deadline_in_ms(ms), 0, pending);
	atomic_store(&call_is_over, true);
	pthread_join(thread, NULL);
	return ret;
}

void test_calls(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	const char *string;
	uint32_t ends[2], pending = 0, handle;

	capipc_pipe_create(context, ends);
	service = ends[1];
	is(call(ends[0], ANSWER_ECHO, 5000, NULL), 0, "a call is answered");
	ok(!capipc_message_read_string(reply, &string) &&
		   !strcmp(string, "echo") && !capipc_message_read_end(reply),
	   "rightly");
	is(capipc_message_stamp(reply)->pid, getpid(), "by whom, is told");
	is(call(ends[0], ANSWER_HANDLE, 5000, NULL), 0,
	   "a call is answered by a handle");
	is(capipc_message_read_handle(reply, CAPIPC_KIND_ENDPOINT, 0, &handle),
	   0, "which arrives");
	is(capipc_handle_close(context, handle), 0, "and is ours");
	is(call(ends[0], ANSWER_NOT, 5000, NULL), -ECONNRESET,
	   "a call is not answered");
	is(service_results[1], -EBADF, "a reply handle that is closed is none");
	is(call(ends[0], ANSWER_LARGE, 5000, NULL), 0,
	   "a call is answered too large");
	ok(service_results[0] == -EMSGSIZE && !service_results[1],
	   "which fails, and can be done better");
	is(call(ends[0], ANSWER_LATE, 50, NULL), -ETIMEDOUT,
	   "a call takes too long");
	is(service_results[1], -ECANCELED, "its reply is late");

	sigaction(SIGALRM, &action, NULL);
	capipc_message_reset(message, 1);
	interrupt_every_ms(50);
	is(capipc_endpoint_call(context, ends[0], message, reply,
				capipc_deadline_in_ms(300), 0, NULL),
	   -ETIMEDOUT, "a call survives a signal");
	capipc_message_reset(message, ANSWER_ECHO);
	interrupt_every_ms(50);
	is(capipc_endpoint_call(context, ends[0], message, reply,
				CAPIPC_FOREVER, 0, &pending),
	   -EINTR, "or is interrupted");
	interrupt_every_ms(0);
	ok(pending, "then it is pending");
	is(call(ends[0], ANSWER_ECHO, 5000, &pending), 0, "it can be resumed");
	is(pending, 0, "then it is not");

	interrupt_every_ms(50);
	capipc_endpoint_call(context, ends[0], message, reply, CAPIPC_FOREVER,
			     0, &pending);
	is(capipc_call_cancel(context, pending), 0, "it can be given up");
	is(capipc_context_receive(context, ends[1], message, &received, 0,
				  CAPIPC_NOWAIT),
	   -EAGAIN, "then it was never sent");
	interrupt_no_more();

	capipc_handle_close(context, ends[1]);
	is(capipc_endpoint_call(context, ends[0], message, reply, SECONDS_5, 0,
				NULL),
	   -EPIPE, "nobody to call");
	capipc_handle_close(context, ends[0]);
}

/* Calls twice; both answers have to be the same. */
static int call_twice(struct capipc_context *own, void *data)
{
	struct capipc_message *request = new_message(own, 3);
	struct capipc_message *answer = new_message(own, 0);
	uint32_t server, number;
	int i, ret;

	(void)data;
	ret = capipc_endpoint_connect(own, NAME, 0, &server);
	for (i = 0; i < 2 && !ret; i++) {
		ret = capipc_endpoint_call(own, server, request, answer,
					   SECONDS_5, 0, NULL);
		if (!ret)
			ret = capipc_message_read_u32(answer, &number);
		if (!ret && number != 17)
			ret = -ERANGE;
	}
	return ret;
}

void test_reply_receive(void)
{
	uint32_t listener, reply_handle = 0, client;
	pid_t pid;

	listener = listen_to_all(55);
	ok(listener, "bind a name");
	pid = spawn(WAFFLES, call_twice, NULL);
	is(receive(0), 0, "a client");
	ok(received.type == CAPIPC_RECEIVED_CONNECTION &&
		   received.from == listener && received.cookie == 55 &&
		   received.handle && received.stamp.uid == WAFFLES &&
		   received.stamp.pid == (uint32_t)pid,
	   "connects");
	client = received.handle;
	is(receive(0), 0, "then it calls");
	ok(received.type == CAPIPC_RECEIVED_CALL && received.from == client &&
		   received.ordinal == 3 && received.handle &&
		   received.reply_room >= CAPIPC_MESSAGE_ROOM,
	   "and says what it takes");
	reply_handle = received.handle;
	capipc_message_reset(reply, 0);
	capipc_message_append_u32(reply, 17);
	is(capipc_reply_receive(context, &reply_handle, reply, message,
				&received, SECONDS_5, 0),
	   0, "reply and receive");
	ok(!reply_handle && received.type == CAPIPC_RECEIVED_CALL,
	   "the second call");
	reply_handle = received.handle;
	is(capipc_reply_receive(context, &reply_handle, reply, message,
				&received, SECONDS_5, 0),
	   0, "reply and receive");
	ok(received.type == CAPIPC_RECEIVED_PEER_CLOSED &&
		   received.from == client,
	   "the end");
	is(reap(pid), 0, "the client is content");
	reply_handle = listener;
	ok(capipc_reply_receive(context, &reply_handle, reply, message,
				&received, SECONDS_5, 0) == -EPROTOTYPE &&
		   reply_handle == listener,
	   "a reply that fails is told apart");
	capipc_handle_close(context, client);
	capipc_handle_close(context, listener);
}
