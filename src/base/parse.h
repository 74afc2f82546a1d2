/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words and numbers from users. Pure: no I/O, no allocation. *ret is untouched on failure.
 */
#ifndef AMT_BASE_PARSE_H
#define AMT_BASE_PARSE_H

#include "base/clock.h"

#include <net/if.h>
#include <stdint.h>

/* 1 for 1, yes, y, true, t, on; 0 for 0, no, n, false, f, off; in any case. Else -EINVAL. */
int parse_boolean(const char *text);

/* Decimal digits and nothing else, not even a sign or a blank: -EINVAL; min to max: -ERANGE.
 * 0 when *ret is filled. */
int parse_u16(const char *text, uint16_t min, uint16_t max, uint16_t *ret);
int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret);

/* Seconds with up to six decimals, in microseconds. Returns as the numbers do. */
int parse_span(const char *text, usec_t min_usec, usec_t max_usec, usec_t *ret_usec);

/* A name that a network interface can have: valid for the kernel (dev_valid_name(), and neither
 * "all" nor "default", which are reserved in /proc/sys/net), in printable ASCII without '%', which
 * the kernel would expand, and that can end a line of a device file, so not with a backslash at its
 * end. 0, -EINVAL or -ENAMETOOLONG. */
int parse_ifname(const char *text, char ret[static IFNAMSIZ]);

#endif
