/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/core/failure.h"

#include "base/escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
{
	char text[sizeof(failure->text)];
	va_list arguments;

	failure->kind = kind;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* It may quote what a client sent. */
	escape_text(text, strlen(text), failure->text, sizeof(failure->text));
	return -1;
}
