/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times and sizes in units that are read at a glance. Pure.
 */
#ifndef AMTCTL_OUTPUT_HUMAN_H
#define AMTCTL_OUTPUT_HUMAN_H

#include <stdint.h>

#define HUMAN_MAX 64

/* "2d 3h", "3min 2s", "250ms": the two biggest units of a span of time. */
const char *human_span(char buf[static HUMAN_MAX], uint64_t usec);

/* "3min 2s ago", "just now", or "in the future" when the clock was set back since. */
const char *human_ago(char buf[static HUMAN_MAX], uint64_t now_usec, uint64_t then_usec);

/* "812B", "1.4K", "20.0M": bytes in powers of 1024. */
const char *human_size(char buf[static HUMAN_MAX], uint64_t bytes);

#endif
