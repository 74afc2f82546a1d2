/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The AMTRELAY resource record, RFC 8777, section 4: RDATA and its two presentation forms <->
 * struct. Pure, strict, bounded: no I/O, no allocation.
 */
#ifndef AMT_WIRE_AMTRELAY_H
#define AMT_WIRE_AMTRELAY_H

#include "wire/dnsname.h"

#define AMTRELAY_RRTYPE	     260
#define AMTRELAY_RDATA_MAX   (2 + DNSNAME_MAX)
#define AMTRELAY_TEXT_MAX    (12 + DNSNAME_TEXT_MAX)
#define AMTRELAY_GENERIC_MAX (16 + 2 * AMTRELAY_RDATA_MAX)

/* The format of the relay field. */
enum amtrelay_type {
	AMTRELAY_NONE = 0, /* no relay for this source */
	AMTRELAY_IPV4 = 1,
	AMTRELAY_IPV6 = 2,
	AMTRELAY_NAME = 3,
	AMTRELAY_TYPE_MAX = 127,
};

struct amtrelay {
	uint8_t precedence;	 /* lower first */
	bool discovery_optional; /* the D-bit */
	uint8_t type;		 /* enum amtrelay_type, which of the fields below is set */
	struct address address;
	struct dnsname name;
};

/* Reason to refuse a record; amtrelay_error_string() gives the text. */
enum amtrelay_error {
	AMTRELAY_ERROR_NONE,
	AMTRELAY_ERROR_SHORT,  /* less than precedence, D-bit and type */
	AMTRELAY_ERROR_TYPE,   /* unknown: the record is ignored */
	AMTRELAY_ERROR_LENGTH, /* not that of the type */
	AMTRELAY_ERROR_NAME,   /* cut short, compressed, too long, or followed by something */
	_AMTRELAY_ERROR_MAX,
};

/* Returns AMTRELAY_ERROR_NONE and fills *ret, or the first error found, *ret untouched. */
enum amtrelay_error amtrelay_parse(const void *rdata, size_t length, struct amtrelay *ret);

/* Write the RDATA. Returns its length, -ENOBUFS if it does not fit, or -EINVAL if the struct cannot
 * be encoded. */
ssize_t amtrelay_build(const struct amtrelay *record, void *buf, size_t size);

/* RDATA as a zone file has it: "10 0 1 203.0.113.15", "0 0 0 .", or "\# 6 0a01cb00710f" (RFC 3597,
 * 5), with parentheses, comments and line breaks as RFC 1035, 5.1 has them. Names are absolute.
 * 0 or -EINVAL. */
int amtrelay_parse_text(const char *text, struct amtrelay *ret);

/* Either form; buf is returned, or NULL for a struct that amtrelay_build() refuses. */
const char *amtrelay_format(const struct amtrelay *record, char buf[static AMTRELAY_TEXT_MAX]);
const char *amtrelay_format_generic(const struct amtrelay *record,
				    char buf[static AMTRELAY_GENERIC_MAX]);

const char *amtrelay_error_string(enum amtrelay_error error);

#endif
