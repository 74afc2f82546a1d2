/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domain names: wire format (RFC 1035, 3.1) <-> text of zone files (5.1), and the reverse names of
 * addresses. Pure: no I/O, no allocation.
 */
#ifndef AMT_WIRE_DNSNAME_H
#define AMT_WIRE_DNSNAME_H

#include "base/address.h"

#include <stddef.h>
#include <sys/types.h>

#define DNSNAME_MAX	 255  /* bytes, with the root label */
#define DNSNAME_TEXT_MAX 1024 /* should each byte need an escape */

/* Uncompressed, absolute, in wire format; length 0 is "no name". */
struct dnsname {
	uint8_t length;
	uint8_t bytes[DNSNAME_MAX];
};

/* The name at the start of data. Returns its length, or -EINVAL: cut short, too long, or with
 * compression, which has no meaning outside of a message. */
ssize_t dnsname_read(const void *data, size_t length, struct dnsname *ret);

/* The name at *offset of a DNS message, where names may be compressed (RFC 1035, 4.1.4); *offset
 * moves past it. 0 or -EINVAL, nothing changed. */
int dnsname_unpack(const void *message, size_t length, size_t *offset, struct dnsname *ret);

/* The end of the chain of CNAME records in a DNS message's answer. 0, -ENOENT: none, or -EINVAL:
 * not a DNS message. */
int dnsname_canonical(const void *message, size_t length, struct dnsname *ret);

/* The zones that signed records of the answer (RRSIG, RFC 4034, 3.1.7): how many were written to
 * ret, at most max. 0 for what is not a DNS message, too. */
size_t dnsname_signers(const void *message, size_t length, struct dnsname *ret, size_t max);

/* Escapes are \DDD and \X; the dot at the end may be missing. 0 or -EINVAL. */
int dnsname_parse(const char *text, struct dnsname *ret);

/* Writes the text, with a trailing dot and safe to print, and returns buf; "" for no name. */
const char *dnsname_format(const struct dnsname *name, char buf[static DNSNAME_TEXT_MAX]);

bool dnsname_equal(const struct dnsname *a, const struct dnsname *b); /* in any case */

/* Is the name the zone's, or below? */
bool dnsname_is_within(const struct dnsname *name, const struct dnsname *zone);

/* in-addr.arpa (RFC 1035, 3.5) or the nibbles of ip6.arpa (RFC 3596, 2.5). 0, or -EINVAL for an
 * address of no family. */
int dnsname_reverse(const struct address *address, struct dnsname *ret);

#endif
