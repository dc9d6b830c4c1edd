// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the library makes of the answers of the kernel that are hard to get from
 * a real one: interruptions, messages that do not fit, replies that are late.
 */
#include "fake.h"
#include "tap.h"

#define PENDING 55

static struct capipc_context *context;
static struct capipc_message *message, *reply;
static unsigned int requests;
static bool interrupt_once;

static int fake_call(unsigned long request, void *argument)
{
	struct capipc_call *call = argument;

	if (request != CAPIPC_IOC_CALL)
		return -ENOTTY;
	requests++;
	if (!call->pending && interrupt_once) {
		call->state = CAPIPC_CALL_SENT;
		call->pending = PENDING;
		return -EINTR;
	}
	if (interrupt_once && call->pending != PENDING)
		return -EBADF;
	call->state = CAPIPC_CALL_ANSWERED;
	memcpy((void *)(uintptr_t)call->reply_data, "ok", 2);
	call->reply_len = 2;
	call->stamp.uid = 99;
	return 0;
}

static void test_call(void)
{
	uint32_t pending = 0;
	const void *bytes;

	fake_request = fake_call;
	interrupt_once = true;
	capipc_message_reset(message, 1);
	capipc_message_append_handle(message, 8, CAPIPC_RIGHTS_SAME);
	is(capipc_endpoint_call(context, 1, message, reply, CAPIPC_FOREVER, 0,
				NULL),
	   0, "a call goes on after a signal");
	is(requests, 2, "with a second request");
	is(capipc_message_stamp(reply)->uid, 99, "the stamp says who answered");
	ok(!capipc_message_read_raw(reply, &bytes, 2) &&
		   !memcmp(bytes, "ok", 2) && !capipc_message_read_end(reply),
	   "the answer can be read");
	is(capipc_message_handles(message), 0, "the handle was sent");

	requests = 0;
	capipc_message_reset(message, 1);
	capipc_message_append_handle(message, 9, CAPIPC_RIGHTS_SAME);
	is(capipc_endpoint_call(context, 1, message, reply, CAPIPC_FOREVER, 0,
				&pending),
	   -EINTR, "or ends with it");
	is(pending, PENDING, "and says what is pending");
	is(capipc_message_handles(message), 0,
	   "the handle is sent then as well");
	is(capipc_endpoint_call(context, 1, NULL, reply, CAPIPC_FOREVER, 0,
				&pending),
	   0, "the call can be resumed without its request");
	is(pending, 0, "nothing is pending afterwards");
	is(capipc_endpoint_call(context, 1, message, message, 0, 0, NULL),
	   -EINVAL, "request and reply have to be two");
}

static int fake_failing_call(unsigned long request, void *argument)
{
	struct capipc_call *call = argument;

	(void)request;
	call->state = CAPIPC_CALL_UNSENT;
	return -EACCES;
}

static int fake_reset_call(unsigned long request, void *argument)
{
	struct capipc_call *call = argument;

	(void)request;
	call->state = CAPIPC_CALL_SENT;
	return -ECONNRESET;
}

static void test_failed_call(void)
{
	uint32_t handle;

	capipc_message_reset(message, 1);
	capipc_message_append_handle(message, 10, CAPIPC_RIGHTS_SAME);
	fake_request = fake_failing_call;
	is(capipc_endpoint_call(context, 1, message, reply, 0, 0, NULL),
	   -EACCES, "a call that is denied");
	is(capipc_message_handles(message), 1, "keeps its handle");
	fake_request = fake_reset_call;
	is(capipc_endpoint_call(context, 1, message, reply, 0, 0, NULL),
	   -ECONNRESET, "a call that will not be answered");
	is(capipc_message_handles(message), 0, "does not");

	fake_request = NULL;
	capipc_message_append_handle(message, 11, CAPIPC_RIGHTS_SAME);
	is(capipc_endpoint_send(context, 1, message, 0, 0), -ENOTTY,
	   "a failed send");
	ok(!capipc_message_read_handle(message, CAPIPC_KIND_NONE, 0, &handle) &&
		   handle == 11,
	   "lets the handle be taken back");
}

static int fake_large_receive(unsigned long request, void *argument)
{
	struct capipc_receive *receive = argument;
	struct capipc_attachment *attachments;
	uint32_t i;

	if (request != CAPIPC_IOC_RECEIVE)
		return -ENOTTY;
	requests++;
	receive->type = CAPIPC_RECEIVED_CALL;
	receive->data_len = 100000;
	receive->attachments_count = 100;
	if (receive->data_capacity < 100000 ||
	    receive->attachments_capacity < 100)
		return -EMSGSIZE;
	memset((void *)(uintptr_t)receive->data, 'x', 100000);
	attachments = (void *)(uintptr_t)receive->attachments;
	for (i = 0; i < 100; i++)
		attachments[i] = (struct capipc_attachment){
			.handle = 1000 + i,
			.rights = CAPIPC_RIGHT_READ,
			.kind = CAPIPC_KIND_ENDPOINT,
		};
	receive->reply_handle = 66;
	receive->ordinal = 5;
	return 0;
}

static int fake_send(unsigned long request, void *argument)
{
	const struct capipc_send *send = argument;
	const struct capipc_attachment *first =
		(const void *)(uintptr_t)send->attachments;

	if (request != CAPIPC_IOC_SEND)
		return -ENOTTY;
	if (first->kind || first->handle != 1001 ||
	    send->attachments_count != 99)
		return -EINVAL;
	return 0;
}

static void test_receive(void)
{
	struct capipc_received received;
	uint32_t handle;

	fake_request = fake_large_receive;
	requests = 0;
	is(capipc_context_receive(context, 0, reply, &received, 0, 0), 0,
	   "receive something large");
	is(requests, 2, "with two requests");
	ok(received.type == CAPIPC_RECEIVED_CALL && received.handle == 66 &&
		   received.ordinal == 5 && capipc_message_ordinal(reply) == 5,
	   "all about it is told");
	is(capipc_message_handles(reply), 100, "its handles are there");
	ok(!capipc_message_read_handle(reply, CAPIPC_KIND_ENDPOINT,
				       CAPIPC_RIGHT_READ, &handle) &&
		   handle == 1000,
	   "take one of the kind that it is");
	is(capipc_message_read_handle(reply, CAPIPC_KIND_LISTENER, 0, &handle),
	   -EBADMSG, "not one of another kind");
	capipc_message_read_rewind(reply);
	is(capipc_message_read_handle(reply, CAPIPC_KIND_ENDPOINT,
				      CAPIPC_RIGHT_READ | CAPIPC_RIGHT_ADMIN,
				      &handle),
	   -EBADMSG, "not one with too few rights");

	fake_request = fake_send;
	is(capipc_endpoint_send(context, 1, reply, 0, 0), 0,
	   "what was received can be passed on, without what was taken");
	fake_closed_count = 0;
	capipc_message_reset(reply, 0);
	is(fake_closed_count, 0, "and nothing is left to close");
}

static int reply_error;
static int receive_error;
static bool reply_apart;

static int fake_reply(unsigned long request, void *argument)
{
	struct capipc_receive *receive = argument;

	if (request == CAPIPC_IOC_REPLY) {
		reply_apart = true;
		return reply_error;
	}
	if (request != CAPIPC_IOC_RECEIVE)
		return -ENOTTY;
	if (receive->reply && reply_error && reply_error != -ECANCELED)
		return reply_error;
	receive->reply = 0;
	receive->type = CAPIPC_RECEIVED_MESSAGE;
	return receive_error;
}

static int reply_receive(uint32_t *reply_handle)
{
	struct capipc_received received;

	*reply_handle = 44;
	reply_apart = false;
	return capipc_reply_receive(context, reply_handle, message, reply,
				    &received, 0, 0);
}

static void test_reply(void)
{
	uint32_t handle;

	fake_request = fake_reply;
	capipc_message_reset(message, 0);
	ok(!reply_receive(&handle) && !handle && !reply_apart,
	   "reply and receive are one request");
	reply_error = -EMSGSIZE;
	ok(reply_receive(&handle) == -EMSGSIZE && handle == 44,
	   "a reply that fails is told apart");
	reply_error = 0;
	receive_error = -EAGAIN;
	ok(reply_receive(&handle) == -EAGAIN && !handle,
	   "from a receive that fails");
	receive_error = 0;

	capipc_message_append_handle(message, 71, CAPIPC_RIGHTS_SAME);
	ok(!reply_receive(&handle) && !handle && reply_apart,
	   "a reply with handles goes apart");
	is(capipc_message_handles(message), 0, "and takes them along");
	capipc_message_append_handle(message, 72, CAPIPC_RIGHTS_SAME);
	reply_error = -ECANCELED;
	ok(!reply_receive(&handle) && !handle,
	   "one that is too late is passed over");
	is(capipc_message_handles(message), 1, "and keeps them");
	reply_error = -EMSGSIZE;
	ok(reply_receive(&handle) == -EMSGSIZE && handle == 44 &&
		   capipc_message_handles(message) == 1,
	   "one that fails keeps them too, and nothing is received");
}

int main(void)
{
	context = fake_context();
	capipc_message_new(&message, context, 0);
	capipc_message_new(&reply, context, 0);
	test_call();
	test_failed_call();
	test_receive();
	test_reply();
	capipc_message_free(message);
	capipc_message_free(reply);
	capipc_context_free(context);
	return tap_done();
}
