// SPDX-License-Identifier: GPL-2.0
/*
 * From samples to figures.
 *
 * What several clients do at the same time is taken together: of all operations,
 * whoever did them, while all were at it. A slice is so many of them that ended one
 * after the other, and the figure is what it took, divided by how many they are. So with
 * one client it is the duration of an operation, and with several it says how many
 * can be done in a time.
 */
#include <stdlib.h>
#include <string.h>

#include "measure.h"

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void sort(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
}

/* The middle one, or the mean of the two that are. */
static double median(const uint64_t *sorted, size_t count)
{
	size_t low = (count - 1) / 2, high = count / 2;

	return ((double)sorted[low] + (double)sorted[high]) / 2;
}

/* How long single operations took, sorted, in a new array. */
static uint64_t *durations(const struct workload *work, const uint64_t *samples,
			   uint32_t operations)
{
	size_t count = (size_t)work->threads * operations, at = 0;
	uint64_t *took = calloc(count, sizeof(*took));
	uint32_t client, n;

	if (!took)
		return NULL;
	for (client = 0; client < work->threads; client++, samples++) {
		for (n = 0; n < operations; n++, samples++)
			took[at++] = samples[1] - samples[0];
	}
	sort(took, count);
	return took;
}

static void percentiles(const uint64_t *sorted, size_t count,
			struct figures *figures)
{
	static const unsigned int percent[] = { 50, 90, 99, 100 };
	size_t n;

	for (n = 0; n < sizeof(percent) / sizeof(percent[0]); n++) {
		size_t rank = (count * percent[n] + 99) / 100;

		figures->percentile[n] = (double)sorted[rank ? rank - 1 : 0];
	}
}

/* The moments between which all clients were at it; the rest is left out. */
static size_t merge(const struct workload *work, uint64_t *samples,
		    uint32_t operations)
{
	size_t count = (size_t)work->threads * (operations + 1), kept = 0, n;
	uint64_t begin = 0, end = UINT64_MAX;
	uint32_t client;

	for (client = 0; client < work->threads; client++) {
		const uint64_t *own =
			samples + (size_t)client * (operations + 1);

		if (own[0] > begin)
			begin = own[0];
		if (own[operations] < end)
			end = own[operations];
	}
	/* those who began before are no operation that ended */
	for (n = 0; n < count; n++) {
		bool starts = n % (operations + 1) == 0;

		if (samples[n] >= begin && samples[n] <= end &&
		    (!starts || samples[n] == begin))
			samples[kept++] = samples[n];
	}
	sort(samples, kept);
	return kept;
}

void measure_samples(const struct workload *work, uint64_t *samples,
		     uint32_t operations, struct figures *figures)
{
	uint64_t *took = durations(work, samples, operations);
	size_t all = (size_t)work->threads * operations, count, slices, n;
	uint32_t slice = work->slice < operations ? work->slice : operations;

	memset(figures, 0, sizeof(*figures));
	if (!took)
		return;
	percentiles(took, all, figures);
	count = merge(work, samples, operations);
	if (count < 2) {
		/* they were never at it together: what they took, one by one */
		count = 2;
		samples[1] = samples[0] + took[(all - 1) / 2];
	}
	if (slice > count - 1)
		slice = (uint32_t)(count - 1);
	slices = (count - 1) / slice;
	figures->operations = (count - 1) * work->burst;
	figures->mean = (double)(samples[count - 1] - samples[0]) /
			(double)figures->operations;
	for (n = 0; n < slices; n++)
		took[n] = samples[(n + 1) * slice] - samples[n * slice];
	sort(took, slices);
	figures->median = median(took, slices) / ((double)slice * work->burst);
	free(took);
}
