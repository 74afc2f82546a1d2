/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Untrusted text, made printable. Pure: no I/O, no allocation.
 */
#ifndef AMT_BASE_ESCAPE_H
#define AMT_BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decode the UTF-8 character at text[0..length), length > 0. Returns its bytes, 1 to 4, and fills
 * *ret; or 0: not UTF-8 (RFC 3629: overlong forms and surrogates are not). */
size_t escape_decode(const char *text, size_t length, uint32_t *ret);

#define ESCAPED_MAX(length) (4 * (length) + 1) /* a buffer of this size holds it all */

/* Copy text[0..length) to buf of size bytes, at least 4, and return buf: a terminal shows it
 * unchanged on one line. Other characters become \xNN. Ends in "..." when truncated. */
const char *escape_text(const char *text, size_t length, char *buf, size_t size);

/* The same for a terminal that does not know UTF-8: to one of ISO 8859, bytes of a letter may be
 * C1 controls. */
const char *escape_ascii(const char *text, size_t length, char *buf, size_t size);

/* Can the text be in JSON, and on D-Bus? */
bool escape_is_utf8(const char *text);

#endif
