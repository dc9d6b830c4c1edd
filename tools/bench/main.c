// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "counter.h"
#include "run.h"

int main(void)
{
	struct options options = { .instructions =
					   counter_counts_instructions() };
	const struct workload *work;
	const struct peer *const *peer;
	struct figures figures;
	const char *failed;

	for (work = workloads; work->name; work++) {
		for (peer = peers; *peer; peer++) {
			int ret;

			if (!peer_offers(*peer, work))
				continue;
			ret = run_cell(*peer, work, &options, &figures,
				       &failed);
			if (ret)
				fprintf(stderr, "%s %s: %s: %s\n", work->name,
					(*peer)->name, failed, strerror(-ret));
			else
				printf("%-20s %-20s %12.1f %12.1f %8.0f %8.0f\n",
				       work->name, (*peer)->name,
				       figures.median, figures.mean,
				       figures.percentile[0],
				       figures.percentile[3]);
		}
	}
	return 0;
}
