// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Building and reading messages.
 */
#include "fake.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

static struct capipc_context *context;

static struct capipc_message *new_message(void)
{
	struct capipc_message *message;

	if (capipc_message_new(&message, context, 7) < 0)
		abort();
	return message;
}

static void test_round_trip(void)
{
	struct capipc_message *message = new_message();
	const char *string;
	const void *bytes;
	size_t length;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	is(capipc_message_ordinal(message), 7, "the ordinal is as given");
	is(capipc_message_append_u8(message, 0x12), 0, "append u8");
	is(capipc_message_append_u16(message, 0x3456), 0, "append u16");
	is(capipc_message_append_u32(message, 0x789abcde), 0, "append u32");
	is(capipc_message_append_u64(message, 0xfedcba9876543210), 0,
	   "append u64");
	is(capipc_message_append_string(message, "hello"), 0,
	   "append a string");
	is(capipc_message_append_string(message, ""), 0,
	   "append an empty string");
	is(capipc_message_append_bytes(message, "a\0b", 3), 0, "append bytes");
	is(capipc_message_append_bytes(message, NULL, 0), 0, "append no bytes");
	is(capipc_message_append_raw(message, "raw", 3), 0, "append raw bytes");

	bytes = capipc_message_data(message, &length);
	is(length, 15 + 10 + 5 + 7 + 4 + 3, "the length is that of the format");
	ok(!memcmp(bytes, "\x12\x56\x34\xde\xbc\x9a\x78\x10\x32", 9),
	   "integers are little endian and packed");
	ok(!memcmp((const char *)bytes + 15, "\5\0\0\0hello\0", 10),
	   "a string is length, bytes, NUL");

	ok(!capipc_message_read_u8(message, &u8) && u8 == 0x12, "read u8");
	ok(!capipc_message_read_u16(message, &u16) && u16 == 0x3456,
	   "read u16");
	ok(!capipc_message_read_u32(message, &u32) && u32 == 0x789abcde,
	   "read u32");
	ok(!capipc_message_read_u64(message, &u64) && u64 == 0xfedcba9876543210,
	   "read u64");
	ok(!capipc_message_read_string(message, &string) &&
		   !strcmp(string, "hello"),
	   "read a string");
	ok(!capipc_message_read_string(message, &string) && !*string,
	   "read an empty string");
	ok(!capipc_message_read_bytes(message, &bytes, &length) &&
		   length == 3 && !memcmp(bytes, "a\0b", 3),
	   "read bytes");
	ok(!capipc_message_read_bytes(message, &bytes, &length) && !length &&
		   bytes,
	   "read no bytes");
	is(capipc_message_read_end(message), -EBADMSG, "not at the end yet");
	capipc_message_read_rewind(message);
	ok(!capipc_message_read_u8(message, &u8) && u8 == 0x12,
	   "rewind and read again");
	ok(!capipc_message_read_raw(message, &bytes, 41 - 1 + 3),
	   "read raw bytes");
	is(capipc_message_read_end(message), 0, "now at the end");
	capipc_message_free(message);
}

/* Every way to read, on a message of the bytes @data */
static void check_short(const char *data, size_t length, const char *what)
{
	struct capipc_message *message = new_message();
	const char *string = NULL;
	const void *bytes = NULL;
	size_t count = 1;

	capipc_message_append_raw(message, data, length);
	ok(capipc_message_read_string(message, &string) == -EBADMSG && string &&
		   !*string,
	   what);
	capipc_message_read_rewind(message);
	if (length >= 4 && (uint8_t)data[0] <= length - 4) {
		ok(!capipc_message_read_bytes(message, &bytes, &count),
		   "the same is good as bytes");
	} else {
		ok(capipc_message_read_bytes(message, &bytes, &count) ==
				   -EBADMSG &&
			   bytes && !count,
		   "the same is bad as bytes");
	}
	capipc_message_free(message);
}

static void test_malformed(void)
{
	struct capipc_message *message = new_message();
	uint64_t u64 = 1;
	uint8_t u8 = 1;

	ok(capipc_message_read_u8(message, &u8) == -EBADMSG && !u8,
	   "reading beyond an empty message fails and gives 0");
	capipc_message_append_u32(message, 1);
	capipc_message_read_rewind(message);
	ok(capipc_message_read_u64(message, &u64) == -EBADMSG && !u64,
	   "half an integer is none");
	is(capipc_message_read_u8(message, &u8), -EBADMSG,
	   "a failed read sticks");
	is(capipc_message_read_end(message), -EBADMSG, "also to the end");
	capipc_message_free(message);

	check_short("", 0, "string: nothing");
	check_short("\1\0\0", 3, "string: half a length");
	check_short("\0\0\0\0", 4, "string: empty, no NUL");
	check_short("\2\0\0\0ab", 6, "string: no NUL");
	check_short("\2\0\0\0abc", 7, "string: something else than NUL");
	check_short("\3\0\0\0a\0b\0", 8, "string: NUL inside");
	check_short("\3\0\0\0ab\0", 7, "string: length beyond the end");
	check_short("\377\377\377\377ab\0", 7, "string: largest length");
	check_short("\376\377\377\377ab\0", 7,
		    "string: largest length but one");
}

static void test_limits(void)
{
	struct capipc_message *message = new_message();
	static char much[CAPIPC_MESSAGE_MAX + 1];
	size_t length, i;
	int ret = 0;

	is(capipc_message_append_raw(message, much, CAPIPC_MESSAGE_MAX), 0,
	   "a message may be as large as the kernel allows");
	is(capipc_message_append_u8(message, 1), -EMSGSIZE, "and no larger");
	is(capipc_message_append_raw(message, NULL, 0), -EMSGSIZE,
	   "a failed append sticks");
	capipc_message_reset(message, 8);
	is(capipc_message_ordinal(message), 8, "a reset sets the ordinal");
	is(capipc_message_append_u8(message, 1), 0,
	   "a reset message is good again");
	capipc_message_reset(message, 8);

	is(capipc_message_append_string(message, "x"), 0, "a string fits");
	is(capipc_message_append_bytes(message, much, CAPIPC_MESSAGE_MAX - 8),
	   -EMSGSIZE, "bytes that do not fit fail");
	capipc_message_data(message, &length);
	is(length, 6, "and leave nothing half done");
	is(capipc_message_append_bytes(message, much, SIZE_MAX), -EMSGSIZE,
	   "so does a length that overflows");
	capipc_message_reset(message, 0);
	is(capipc_message_append_raw(message, much, SIZE_MAX), -EMSGSIZE,
	   "also of raw bytes");

	is(capipc_message_reserve(message, CAPIPC_MESSAGE_MAX,
				  CAPIPC_ATTACHMENTS_MAX),
	   0, "reserve the most");
	is(capipc_message_reserve(message, CAPIPC_MESSAGE_MAX + 1, 0),
	   -EMSGSIZE, "reserve too many bytes");
	is(capipc_message_reserve(message, 0, CAPIPC_ATTACHMENTS_MAX + 1),
	   -EMSGSIZE, "reserve too many handles");
	capipc_message_free(message);

	message = new_message();
	for (i = 1; i <= CAPIPC_ATTACHMENTS_MAX; i++)
		ret |= capipc_message_append_handle(message, (uint32_t)i,
						    CAPIPC_RIGHTS_SAME);
	is(ret, 0, "attach as many handles as the kernel allows");
	is(capipc_message_append_handle(message, 999, CAPIPC_RIGHTS_SAME),
	   -EMSGSIZE, "and no more");
	fake_closed_count = 0;
	capipc_message_free(message);
	is(fake_closed_count, CAPIPC_ATTACHMENTS_MAX,
	   "freeing closes them all");
	ok(!fake_was_closed(999), "but not the one that was not taken");

	message = new_message();
	is(capipc_message_append_handle(message, 0, 0), -EBADF,
	   "0 is no handle");
	capipc_message_free(message);
}

static void test_handles(void)
{
	struct capipc_message *message = new_message();
	uint32_t handle = 1;

	capipc_message_append_handle(message, 11, CAPIPC_RIGHT_READ);
	capipc_message_append_handle(message, 12, CAPIPC_RIGHTS_SAME);
	capipc_message_append_handle(message, 13, CAPIPC_RIGHTS_SAME);
	is(capipc_message_handles(message), 3, "three handles are in it");
	ok(!capipc_message_read_handle(message, CAPIPC_KIND_ENDPOINT,
				       CAPIPC_RIGHT_WRITE, &handle) &&
		   handle == 11,
	   "the first comes out first, without a check as it was not received");
	is(capipc_message_read_end(message), -EBADMSG, "handles are left");
	capipc_message_read_rewind(message);

	fake_closed_count = 0;
	capipc_message_free(message);
	ok(fake_closed_count == 2 && !fake_was_closed(11),
	   "freeing closes those that were not taken out");

	message = new_message();
	ok(capipc_message_read_handle(message, CAPIPC_KIND_NONE, 0, &handle) ==
			   -EBADMSG &&
		   !handle,
	   "no handle is an error");
	capipc_message_free(message);
}

/* A file descriptor of our own */
static int new_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		abort();
	return fd;
}

static void test_files(void)
{
	struct capipc_message *message = new_message();
	int first = new_fd(), second = new_fd(), fd = 0;
	uint32_t handle = 1;

	is(capipc_message_peek_kind(message), -ENODATA, "nothing comes next");
	ok(capipc_message_read_fd(message, &fd) == -EBADMSG && fd == -1,
	   "no file descriptor is an error");
	capipc_message_reset(message, 0);

	is(capipc_message_append_fd(message, first), 0,
	   "append a file descriptor");
	is(capipc_message_append_handle(message, (uint32_t)second,
					CAPIPC_RIGHTS_SAME),
	   0, "and a handle of the same number as another");
	is(capipc_message_append_fd(message, second), 0, "and that");
	is(capipc_message_handles(message), 3, "three are in it");
	is(capipc_message_peek_kind(message), CAPIPC_KIND_FILE,
	   "a file descriptor comes next");
	handle = 1;
	ok(capipc_message_read_handle(message, CAPIPC_KIND_NONE, 0, &handle) ==
			   -EBADMSG &&
		   !handle,
	   "which is no handle of any kind");
	capipc_message_read_rewind(message);
	is(capipc_message_read_handle(message, CAPIPC_KIND_FILE, 0, &handle),
	   -EINVAL, "nor asked for as one");
	ok(!capipc_message_read_fd(message, &fd) && fd == first &&
		   is_open(first),
	   "it is taken, and does not stick that it was asked for wrongly");
	is(capipc_message_peek_kind(message), CAPIPC_KIND_NONE,
	   "a handle that was appended comes next");
	ok(capipc_message_read_fd(message, &fd) == -EBADMSG && fd == -1,
	   "which is no file descriptor");
	ok(capipc_message_read_fd(message, &fd) == -EBADMSG, "and that sticks");
	capipc_message_read_rewind(message);
	is(capipc_message_handles(message), 2, "nothing was taken");

	fake_closed_count = 0;
	capipc_message_reset(message, 0);
	ok(is_open(first) && !is_open(second),
	   "a reset closes what was not taken");
	ok(fake_closed_count == 1 && fake_was_closed((uint32_t)second),
	   "each as what it is");

	is(capipc_message_append_fd(message, -1), -EBADF,
	   "a negative number is none");
	is(capipc_message_append_fd(message, first), -EBADF, "and that sticks");
	capipc_message_free(message);
	ok(is_open(first), "after failure it is still ours");

	message = new_message();
	capipc_message_append_fd(message, first);
	errno = 77;
	capipc_message_free(message);
	is(errno, 77, "freeing leaves errno alone");
	ok(!is_open(first), "and closes it");
}

static void test_many_files(void)
{
	struct capipc_message *message = new_message();
	int fds[CAPIPC_ATTACHMENTS_MAX], fd, ret = 0, last = new_fd();
	uint32_t handle;
	size_t i;

	for (i = 0; i < CAPIPC_ATTACHMENTS_MAX; i++) {
		fds[i] = i % 2 ? new_fd() : -1;
		ret |= i % 2 ? capipc_message_append_fd(message, fds[i]) :
			       capipc_message_append_handle(
				       message, (uint32_t)(1000 + i),
				       CAPIPC_RIGHTS_SAME);
	}
	is(ret, 0, "attach as many as the kernel allows, of both");
	is(capipc_message_append_fd(message, last), -EMSGSIZE, "and no more");
	for (i = 0; i < CAPIPC_ATTACHMENTS_MAX; i++) {
		if (i % 2)
			ret |= capipc_message_read_fd(message, &fd) ||
			       fd != fds[i] || close(fd);
		else
			ret |= capipc_message_read_handle(
				       message, CAPIPC_KIND_NONE, 0, &handle) ||
			       handle != 1000 + i;
	}
	is(ret, 0, "they come out in order");
	capipc_message_free(message);
	ok(is_open(last), "the one too many is not taken");
	close(last);
}

static void test_order_of_freeing(void)
{
	struct capipc_context *other = fake_context();
	struct capipc_message *message;

	capipc_message_new(&message, other, 0);
	capipc_message_append_handle(message, 5, CAPIPC_RIGHTS_SAME);
	capipc_context_free(other);
	capipc_message_free(message);
	ok(true, "a message may be freed after its context");

	errno = 77;
	capipc_message_free(NULL);
	capipc_context_free(NULL);
	is(capipc_context_open(&other, "/nonexistent", 0), -ENOENT,
	   "no device");
	is(capipc_context_open(&other, NULL, ~0U), -EINVAL, "unknown flags");
	is(errno, 77, "errno is left alone");
}

int main(void)
{
	context = fake_context();
	test_round_trip();
	test_malformed();
	test_limits();
	test_handles();
	test_files();
	test_many_files();
	test_order_of_freeing();
	capipc_context_free(context);
	return tap_done();
}
