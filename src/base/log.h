/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log to the journal when started by systemd, else to stderr. One line each; a function either
 * logs or returns the error, never both.
 */
#ifndef AMT_BASE_LOG_H
#define AMT_BASE_LOG_H

#include <stddef.h>
#include <syslog.h>

/* Messages above this level are dropped; LOG_INFO at first. */
void log_set_max_level(int level);

/* Prefix is the subject (a device, a file:line) or NULL. */
void log_full(int level, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(subject, ...)	  log_full(LOG_ERR, subject, __VA_ARGS__)
#define log_warning(subject, ...) log_full(LOG_WARNING, subject, __VA_ARGS__)
#define log_notice(subject, ...)  log_full(LOG_NOTICE, subject, __VA_ARGS__)
#define log_info(subject, ...)	  log_full(LOG_INFO, subject, __VA_ARGS__)
#define log_debug(subject, ...)	  log_full(LOG_DEBUG, subject, __VA_ARGS__)

#endif
