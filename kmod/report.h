/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports of bad messages.
 */
#ifndef CAPIPC_REPORT_H
#define CAPIPC_REPORT_H

#include "main.h"

int capipc_ioctl_report(struct capipc_context *context, struct capipc_request *request);

#endif /* CAPIPC_REPORT_H */
