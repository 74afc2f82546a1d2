/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/failure.h"

#include <stdarg.h>
#include <stdio.h>

int failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
{
	va_list arguments;

	failure->kind = kind;
	va_start(arguments, format);
	vsnprintf(failure->text, sizeof(failure->text), format, arguments);
	va_end(arguments);
	return -1;
}
