/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a request failed, for the user: one printable line with the hint. kind picks the bus error.
 */
#ifndef AMTD_CORE_FAILURE_H
#define AMTD_CORE_FAILURE_H

enum failure_kind {
	FAILURE_FAILED,
	FAILURE_INVALID,
	FAILURE_EXISTS,
	FAILURE_NO_DEVICE,
	FAILURE_NO_CHANNEL,
	_FAILURE_KIND_MAX,
};

struct failure {
	enum failure_kind kind;
	char text[1024];
};

/* Fills *failure, and returns -1. */
int failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
