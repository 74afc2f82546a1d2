/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/refused.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

/* At most one log line per family in this time. */
#define LOG_USEC (60 * USEC_PER_SEC)

void forward_refused(struct forward *forward, enum family family, const char *format, ...)
{
	char *text = forward->failure[family];
	uint64_t now = clock_monotonic();
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(forward->failure[family]), format, arguments);
	va_end(arguments);
	forward->failed[family]++;
	if (now < forward->log_at[family])
		return;
	forward->log_at[family] = now + LOG_USEC;
	log_error(forward->device->config->name, "%s", text);
}
