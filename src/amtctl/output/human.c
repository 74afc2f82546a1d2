/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/human.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *human_span(char buf[static HUMAN_MAX], uint64_t usec)
{
	static const struct {
		const char *name;
		uint64_t usec;
	} units[] = {
		{ "d", 24 * 60 * 60 * USEC_PER_SEC },
		{ "h", 60 * 60 * USEC_PER_SEC },
		{ "min", 60 * USEC_PER_SEC },
		{ "s", USEC_PER_SEC },
	};
	const size_t n_units = sizeof(units) / sizeof(units[0]);
	size_t i;
	int n;

	for (i = 0; i < n_units && usec < units[i].usec; i++)
		;
	if (i == n_units) {
		snprintf(buf, HUMAN_MAX, "%" PRIu64 "ms", usec / USEC_PER_MSEC);
		return buf;
	}

	n = snprintf(buf, HUMAN_MAX, "%" PRIu64 "%s", usec / units[i].usec, units[i].name);
	usec %= units[i].usec;
	if (i + 1 < n_units && usec >= units[i + 1].usec)
		snprintf(buf + n, HUMAN_MAX - n, " %" PRIu64 "%s", usec / units[i + 1].usec,
			 units[i + 1].name);
	return buf;
}

const char *human_ago(char buf[static HUMAN_MAX], uint64_t now_usec, uint64_t then_usec)
{
	char span[HUMAN_MAX];

	if (then_usec > now_usec + USEC_PER_SEC)
		return strcpy(buf, "in the future");
	if (then_usec + USEC_PER_MSEC > now_usec)
		return strcpy(buf, "just now");

	snprintf(buf, HUMAN_MAX, "%.50s ago", human_span(span, now_usec - then_usec));
	return buf;
}

const char *human_size(char buf[static HUMAN_MAX], uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	double value = bytes;
	size_t i;

	if (bytes < 1024) {
		snprintf(buf, HUMAN_MAX, "%" PRIu64 "B", bytes);
		return buf;
	}

	/* 1023.95 would be printed as 1024.0. */
	for (value /= 1024, i = 0; value >= 1023.95 && units[i + 1]; i++)
		value /= 1024;
	snprintf(buf, HUMAN_MAX, "%.1f%c", value, units[i]);
	return buf;
}
