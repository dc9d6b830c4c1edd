// SPDX-License-Identifier: GPL-2.0
/*
 * What nothing that asks another process something can go below: the module in floor/
 * has two kernel threads wake each other, and the kernel is entered and left.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "floor/floor.h"
#include "peers.h"

#include <sys/ioctl.h>

/**
 * struct state - the module
 * @fd: its device
 */
struct state {
	int fd;
};

static bool floor_offers(const struct peer *peer, const struct workload *work)
{
	(void)peer;
	return work->shape == SHAPE_SYSCALL ||
	       access(FLOOR_DEVICE, R_OK | W_OK) == 0;
}

static int floor_prepare(struct cell *cell)
{
	struct state *state;

	if (!cell_state(cell, sizeof(*state)))
		return -ENOMEM;
	state = cell->state;
	if (cell->work->shape == SHAPE_SYSCALL)
		return 0;
	state->fd = open(FLOOR_DEVICE, O_RDWR | O_CLOEXEC);
	return state->fd < 0 ? -errno : 0;
}

static int floor_switch(struct cell *cell)
{
	const struct state *state = cell->state;

	return ioctl(state->fd, FLOOR_IOC_WAKE, cell->work->burst) ? -errno : 0;
}

static int floor_syscall(struct cell *cell)
{
	uint32_t n;

	for (n = 0; n < cell->work->burst; n++)
		syscall(SYS_getppid);
	return 0;
}

const struct peer peer_floor = {
	.name = "floor",
	.title = "the kernel itself, without anything to transport",
	.offers = floor_offers,
	.prepare = floor_prepare,
	.operation = {
		[SHAPE_SWITCH] = floor_switch,
		[SHAPE_SYSCALL] = floor_syscall,
	},
};
