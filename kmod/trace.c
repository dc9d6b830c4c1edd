// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints: see trace.h. They are defined here, where everything is known that
 * they look into.
 */
#include "context.h"
#include "listener.h"
#include "message.h"
#include "object.h"
#include "pipe.h"
#include "transaction.h"

#define CREATE_TRACE_POINTS
#include "trace.h"
