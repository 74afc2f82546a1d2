/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The code location would be the same for all messages: this file. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "base/escape.h"

#include <systemd/sd-journal.h>

static int max_level = LOG_INFO;

void log_set_max_level(int level)
{
	max_level = level;
}

/* Is stderr the stream that $JOURNAL_STREAM names (systemd.exec(5))? It may be inherited while
 * stderr was sent elsewhere. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat st;

	return stream && sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* "subject: message" and a newline, printable, in *ret; *ret_length is without the newline. */
static int line_new(const char *subject, const char *message, char **ret, size_t *ret_length)
{
	char *raw, *line;
	size_t size;
	int n;

	n = asprintf(&raw, "%s%s%s", subject ? subject : "", subject ? ": " : "", message);
	if (n < 0)
		return -ENOMEM;

	size = ESCAPED_MAX((size_t)n);
	line = malloc(size + 1);
	if (line) {
		escape_text(raw, (size_t)n, line, size);
		*ret_length = strlen(line);
		strcpy(line + *ret_length, "\n");
		*ret = line;
	}
	free(raw);
	return line ? 0 : -ENOMEM;
}

static void line_send(int level, const char *subject, const char *line, size_t length)
{
	/* One write, so that lines of several processes do not mix. A failure cannot be
	 * reported anywhere. */
	if (!stderr_is_journal()) {
		ssize_t n __attribute__((unused)) = write(STDERR_FILENO, line, length + 1);
		return;
	}

	if (subject)
		sd_journal_send("PRIORITY=%i", level, "SYSLOG_IDENTIFIER=%s",
				program_invocation_short_name, "AMT_SUBJECT=%s", subject,
				"MESSAGE=%.*s", (int)length, line, NULL);
	else
		sd_journal_send("PRIORITY=%i", level, "SYSLOG_IDENTIFIER=%s",
				program_invocation_short_name, "MESSAGE=%.*s", (int)length, line,
				NULL);
}

void log_full(int level, const char *subject, const char *format, ...)
{
	int r, saved_errno = errno;
	char *message, *line;
	size_t length;
	va_list ap;

	if (level > max_level)
		return;

	va_start(ap, format);
	r = vasprintf(&message, format, ap);
	va_end(ap);
	if (r >= 0) {
		r = line_new(subject, message, &line, &length);
		free(message);
	}
	if (r >= 0) {
		line_send(level, subject, line, length);
		free(line);
	}
	errno = saved_errno;
}
