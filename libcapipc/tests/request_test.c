// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the library makes of the answers of the kernel that are hard to get from
 * a real one: interruptions, messages that do not fit, replies that are late.
 */
#include "fake.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

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

static int files[2];

/* What goes out, and fails as send_error says */
static int send_error;
static struct capipc_attachment sent[4];
static uint32_t sent_count;

static int fake_send_files(unsigned long request, void *argument)
{
	const struct capipc_send *send = argument;

	if (request != CAPIPC_IOC_SEND)
		return -ENOTTY;
	sent_count = send->attachments_count;
	memcpy(sent, (const void *)(uintptr_t)send->attachments,
	       sent_count * sizeof(sent[0]));
	return send_error;
}

static void test_files_sent(void)
{
	fake_request = fake_send_files;
	files[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	files[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	capipc_message_reset(message, 1);
	capipc_message_append_fd(message, files[0]);
	capipc_message_append_handle(message, 20, CAPIPC_RIGHT_WRITE);
	capipc_message_append_fd(message, files[1]);
	send_error = -ETOOMANYREFS;
	is(capipc_endpoint_send(context, 1, message, 0, 0), -ETOOMANYREFS,
	   "file descriptors that cannot be sent");
	ok(capipc_message_handles(message) == 3 && is_open(files[0]) &&
		   is_open(files[1]),
	   "stay where they are");
	send_error = 0;
	is(capipc_endpoint_send(context, 1, message, 0, 0), 0,
	   "file descriptors are sent");
	ok(sent_count == 3 && sent[0].kind == CAPIPC_KIND_FILE &&
		   sent[0].handle == (uint32_t)files[0] && !sent[0].rights &&
		   sent[1].kind == CAPIPC_KIND_NONE && sent[1].handle == 20 &&
		   sent[1].rights == CAPIPC_RIGHT_WRITE &&
		   sent[2].kind == CAPIPC_KIND_FILE &&
		   sent[2].handle == (uint32_t)files[1],
	   "as what they are");
	ok(!capipc_message_handles(message) && !is_open(files[0]) &&
		   !is_open(files[1]),
	   "and are closed here");
}

/* Receives a handle, and the two files. */
static int fake_receive_files(unsigned long request, void *argument)
{
	struct capipc_receive *receive = argument;
	struct capipc_attachment *attachments =
		(void *)(uintptr_t)receive->attachments;
	int i;

	if (request != CAPIPC_IOC_RECEIVE)
		return -ENOTTY;
	receive->type = CAPIPC_RECEIVED_MESSAGE;
	receive->attachments_count = 3;
	attachments[0] = (struct capipc_attachment){
		.handle = 30,
		.kind = CAPIPC_KIND_REPLY,
		.rights = CAPIPC_RIGHT_WRITE,
	};
	for (i = 0; i < 2; i++) {
		files[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		attachments[1 + i] = (struct capipc_attachment){
			.handle = (uint32_t)files[i],
			.kind = CAPIPC_KIND_FILE,
		};
	}
	return 0;
}

static void test_files_received(void)
{
	struct capipc_received received;
	uint32_t handle;
	int fd;

	fake_request = fake_receive_files;
	is(capipc_context_receive(context, 0, reply, &received, 0, 0), 0,
	   "file descriptors are received");
	is(capipc_message_peek_kind(reply), CAPIPC_KIND_REPLY,
	   "behind a reply handle");
	is(capipc_message_read_fd(reply, &fd), -EBADMSG,
	   "which is no file descriptor");
	capipc_message_read_rewind(reply);
	ok(!capipc_message_read_handle(reply, CAPIPC_KIND_REPLY,
				       CAPIPC_RIGHT_WRITE, &handle) &&
		   handle == 30,
	   "but a handle of that kind");
	is(capipc_message_read_handle(reply, CAPIPC_KIND_NONE, 0, &handle),
	   -EBADMSG, "and a file descriptor is no handle");
	capipc_message_read_rewind(reply);
	ok(!capipc_message_read_fd(reply, &fd) && fd == files[0],
	   "but a file descriptor");
	is(capipc_message_read_end(reply), -EBADMSG, "one is left");

	fake_request = fake_send_files;
	is(capipc_endpoint_send(context, 1, reply, 0, 0), 0,
	   "it can be passed on");
	ok(sent_count == 1 && sent[0].kind == CAPIPC_KIND_FILE &&
		   !sent[0].rights && !is_open(files[1]) && is_open(files[0]),
	   "without what was taken");
	close(files[0]);

	fake_request = fake_receive_files;
	capipc_context_receive(context, 0, reply, &received, 0, 0);
	fd = files[0];
	handle = (uint32_t)files[1];
	fake_closed_count = 0;
	fake_request = NULL;
	is(capipc_context_receive(context, 0, reply, &received, 0, 0), -ENOTTY,
	   "what is there before something else is received");
	ok(!is_open(fd) && !is_open((int)handle) && fake_closed_count == 1 &&
		   fake_was_closed(30),
	   "is closed");
}

static int no_room;

static int fake_no_room(unsigned long request, void *argument)
{
	struct capipc_receive *receive = argument;

	if (request != CAPIPC_IOC_RECEIVE)
		return -ENOTTY;
	requests++;
	receive->reply = 0;
	if (requests == 1) {
		receive->type = CAPIPC_RECEIVED_CALL;
		receive->from = 77;
		receive->data_len = receive->data_capacity + 1;
		return -EMSGSIZE;
	}
	/* the kernel writes nothing if there is nothing */
	if (no_room != -EAGAIN) {
		receive->type = CAPIPC_RECEIVED_MESSAGE;
		receive->from = 78;
	}
	return no_room;
}

static void test_no_room(void)
{
	static const int errors[] = { -EMFILE, -EACCES, -EDQUOT, -ENOMEM,
				      -EAGAIN };
	struct capipc_received received;
	bool told = true, apart = true;
	uint32_t handle;
	size_t i;
	int ret;

	fake_request = fake_no_room;
	capipc_message_reset(message, 0);
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		const bool there = errors[i] != -EAGAIN;

		no_room = errors[i];
		requests = 0;
		ret = capipc_context_receive(context, 0, reply, &received, 0,
					     0);
		told &= ret == errors[i] && received.from == (there ? 78 : 0) &&
			received.type ==
				(uint32_t)(there ? CAPIPC_RECEIVED_MESSAGE :
						   CAPIPC_RECEIVED_NONE) &&
			!received.handle && !capipc_message_handles(reply);
		requests = 0;
		handle = 44;
		ret = capipc_reply_receive(context, &handle, message, reply,
					   &received, 0, 0);
		apart &= ret == errors[i] && !handle &&
			 received.from == (there ? 78 : 0);
	}
	ok(told, "where it waits is told when there is no room, and only then");
	ok(apart, "also after a reply");
}

static int fake_count(unsigned long request, void *argument)
{
	(void)request;
	(void)argument;
	requests++;
	return 0;
}

/* Each way to send it fails with @error, and the kernel is not asked. */
static bool unsendable(struct capipc_message *bad, int error)
{
	struct capipc_received received;
	uint32_t handle = 44;

	fake_request = fake_count;
	requests = 0;
	return capipc_endpoint_send(context, 1, bad, 0, 0) == error &&
	       capipc_endpoint_call(context, 1, bad, reply, 0, 0, NULL) ==
		       error &&
	       capipc_reply_send(context, 44, bad) == error &&
	       capipc_reply_receive(context, &handle, bad, reply, &received, 0,
				    0) == error &&
	       handle == 44 && !requests;
}

static void test_unsendable(void)
{
	struct capipc_context *other = fake_context();
	struct capipc_message *foreign;

	capipc_message_new(&foreign, other, 0);
	ok(unsendable(foreign, -EINVAL),
	   "a message of another context is not sent");
	capipc_message_free(foreign);
	capipc_context_free(other);
	capipc_message_reset(message, 1);
	capipc_message_append_handle(message, 0, 0);
	ok(unsendable(message, -EBADF), "nor one that an append failed for");
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
	test_files_sent();
	test_files_received();
	test_no_room();
	test_unsendable();
	capipc_message_free(message);
	capipc_message_free(reply);
	capipc_context_free(context);
	return tap_done();
}
