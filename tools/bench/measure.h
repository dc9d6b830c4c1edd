/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From samples to figures.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include "run.h"

/*
 * samples: of each client, when it began and when each of so many operations
 * ended. They are changed. All of figures but @cycles is filled in.
 */
void measure_samples(const struct workload *work, uint64_t *samples,
		     uint32_t operations, struct figures *figures);

#endif /* MEASURE_H */
