/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Batches: a pipe, and what their tests send and receive through it.
 */
#ifndef BATCH_FIXTURE_H
#define BATCH_FIXTURE_H

#include "batch.h"
#include "capipc_test_account.h"
#include "fuse.h"

FIXTURE(batch)
{
	int fd;
	uint32_t h[2];
	struct batch in, out;
	struct ipc_message m;
};

FIXTURE_SETUP(batch)
{
	self->fd = ipc_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_OK(ipc_create_cookies(self->fd, self->h, 0xc0, 0xc1));
}

FIXTURE_TEARDOWN(batch)
{
	close(self->fd);
	EXPECT_OK(parameters_restore());
}

/* A thread that waits in a request about a batch, or a call. */
struct waiting {
	struct async a;
	uint32_t handle;
	struct batch b;
};

#endif /* BATCH_FIXTURE_H */
