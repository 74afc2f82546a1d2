/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/dnsname.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LABEL_MAX 63
#define POINTER	  0xc0 /* and above, instead of a label's length */

#define HEADER_LENGTH 12 /* of a message */
#define RECORD_LENGTH 10 /* type, class, TTL and length, behind the owner */
#define RRTYPE_CNAME  5
#define RRTYPE_RRSIG  46
#define SIGNER_OFFSET 18 /* in the data of RRSIG */

ssize_t dnsname_read(const void *data, size_t length, struct dnsname *ret)
{
	const uint8_t *bytes = data;
	size_t at = 0, label;

	/* Each step leaves room for the rest, at least the root label. */
	do {
		if (at >= length || at >= DNSNAME_MAX)
			return -EINVAL;
		label = bytes[at++];
		if (label > LABEL_MAX || label > length - at || label > DNSNAME_MAX - at)
			return -EINVAL;
		at += label;
	} while (label > 0);

	ret->length = (uint8_t)at;
	memcpy(ret->bytes, bytes, at);
	return (ssize_t)at;
}

/* Pointers must point backwards, each before the previous one, so this terminates. */
int dnsname_unpack(const void *message, size_t length, size_t *offset, struct dnsname *ret)
{
	struct dnsname name = { .length = 0 };
	size_t at = *offset, end = 0, earliest = *offset, label;
	const uint8_t *bytes = message;

	for (;;) {
		if (at >= length)
			return -EINVAL;
		label = bytes[at++];
		if (label >= POINTER) {
			if (at >= length)
				return -EINVAL;
			end = end ?: at + 1;
			at = (label & ~(size_t)POINTER) << 8 | bytes[at];
			if (at >= earliest)
				return -EINVAL;
			earliest = at;
			continue;
		}
		/* The label, its length, and the root label if it is not that. */
		if (label > LABEL_MAX || label > length - at ||
		    name.length + 1 + label + (label > 0) > DNSNAME_MAX)
			return -EINVAL;
		name.bytes[name.length] = (uint8_t)label;
		memcpy(&name.bytes[name.length + 1], bytes + at, label);
		name.length = (uint8_t)(name.length + 1 + label);
		at += label;
		if (label == 0)
			break;
	}

	*offset = end ?: at;
	*ret = name;
	return 0;
}

static unsigned int read_u16(const uint8_t *bytes)
{
	return (unsigned int)(bytes[0] << 8 | bytes[1]);
}

/* The record at *offset: its type, and where its data is. */
static int read_record(const uint8_t *message, size_t length, size_t *offset,
		       unsigned int *ret_type, size_t *ret_data)
{
	struct dnsname owner;
	size_t data;

	if (dnsname_unpack(message, length, offset, &owner) < 0 || length - *offset < RECORD_LENGTH)
		return -EINVAL;
	data = *offset + RECORD_LENGTH;
	if (read_u16(message + data - 2) > length - data)
		return -EINVAL;
	*ret_type = read_u16(message + *offset);
	*ret_data = data;
	*offset = data + read_u16(message + data - 2);
	return 0;
}

/* *offset: where the answer is. */
static int skip_questions(const uint8_t *message, size_t length, size_t *offset)
{
	size_t at = HEADER_LENGTH;
	struct dnsname name;

	if (length < HEADER_LENGTH)
		return -EINVAL;
	for (unsigned int n = read_u16(message + 4); n > 0; n--) {
		if (dnsname_unpack(message, length, &at, &name) < 0 || length - at < 4)
			return -EINVAL;
		at += 4; /* type and class */
	}
	*offset = at;
	return 0;
}

size_t dnsname_signers(const void *message, size_t length, struct dnsname *ret, size_t max)
{
	const uint8_t *bytes = message;
	unsigned int type, answers;
	size_t data, at, n = 0;

	if (skip_questions(bytes, length, &at) < 0)
		return 0;
	for (answers = read_u16(bytes + 6); answers > 0 && n < max; answers--) {
		if (read_record(bytes, length, &at, &type, &data) < 0)
			break;
		if (type == RRTYPE_RRSIG && at - data > SIGNER_OFFSET &&
		    dnsname_read(bytes + data + SIGNER_OFFSET, at - data - SIGNER_OFFSET, &ret[n]) >
			    0)
			n++;
	}
	return n;
}

int dnsname_canonical(const void *message, size_t length, struct dnsname *ret)
{
	const uint8_t *bytes = message;
	struct dnsname name = { .length = 0 };
	unsigned int type, answers;
	size_t data, at;

	if (skip_questions(bytes, length, &at) < 0)
		return -EINVAL;
	for (answers = read_u16(bytes + 6); answers > 0; answers--)
		if (read_record(bytes, length, &at, &type, &data) < 0 ||
		    (type == RRTYPE_CNAME && dnsname_unpack(message, length, &data, &name) < 0))
			return -EINVAL;
	if (name.length == 0)
		return -ENOENT;

	*ret = name;
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The character of an escape, *text being after its backslash; -EINVAL. */
static int read_escape(const char **text)
{
	const char *p = *text;
	int value;

	if (*p == '\0')
		return -EINVAL;
	if (!is_digit(*p)) {
		*text = p + 1;
		return (unsigned char)*p;
	}
	if (!is_digit(p[1]) || !is_digit(p[2]))
		return -EINVAL;
	value = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
	*text = p + 3;
	return value <= UINT8_MAX ? value : -EINVAL;
}

/* One label and the dot behind it, to bytes[0..room). Returns its length. */
static int read_label(const char **text, uint8_t *bytes, size_t room)
{
	int c, n = 0;

	while (**text != '\0' && **text != '.') {
		c = (unsigned char)*(*text)++;
		if (c == '\\')
			c = read_escape(text);
		if (c < 0 || n >= LABEL_MAX || (size_t)n >= room)
			return -EINVAL;
		bytes[n++] = (uint8_t)c;
	}
	if (**text == '.')
		(*text)++;
	return n > 0 ? n : -EINVAL;
}

int dnsname_parse(const char *text, struct dnsname *ret)
{
	struct dnsname name = { .length = 0 };
	int n;

	if (strcmp(text, ".") == 0)
		text++;
	else if (*text == '\0')
		return -EINVAL;

	while (*text != '\0') {
		/* A length, its label, and the root label at the end. */
		if (name.length + 2 > DNSNAME_MAX - 1)
			return -EINVAL;
		n = read_label(&text, &name.bytes[name.length + 1],
			       (size_t)(DNSNAME_MAX - 2 - name.length));
		if (n < 0)
			return n;
		name.bytes[name.length] = (uint8_t)n;
		name.length = (uint8_t)(name.length + 1 + n);
	}
	name.bytes[name.length++] = 0;

	*ret = name;
	return 0;
}

static char *format_byte(uint8_t c, char *p)
{
	if (c <= ' ' || c > '~')
		return p + sprintf(p, "\\%03u", c);
	if (strchr(".\\\"();@$", c))
		*p++ = '\\';
	*p++ = (char)c;
	return p;
}

const char *dnsname_format(const struct dnsname *name, char buf[static DNSNAME_TEXT_MAX])
{
	const uint8_t *at = name->bytes;
	uint8_t label;
	char *p = buf;

	if (name->length == 1)
		*p++ = '.';
	while (at<name->bytes + name->length && * at> 0) {
		for (label = *at++; label > 0; label--)
			p = format_byte(*at++, p);
		*p++ = '.';
	}
	*p = '\0';
	return buf;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

bool dnsname_equal(const struct dnsname *a, const struct dnsname *b)
{
	size_t i;

	/* Lengths of labels are below 'A'. */
	for (i = 0; i < a->length && a->length == b->length; i++)
		if (lower(a->bytes[i]) != lower(b->bytes[i]))
			return false;
	return a->length == b->length;
}

bool dnsname_is_within(const struct dnsname *name, const struct dnsname *zone)
{
	struct dnsname rest;

	for (size_t at = 0; at < name->length; at += 1U + name->bytes[at]) {
		rest.length = (uint8_t)(name->length - at);
		memcpy(rest.bytes, name->bytes + at, rest.length);
		if (dnsname_equal(&rest, zone))
			return true;
	}
	return false;
}

int dnsname_reverse(const struct address *address, struct dnsname *ret)
{
	char text[80], *p = text;
	int i;

	switch (address->family) {
	case AF_INET:
		for (i = 3; i >= 0; i--)
			p += sprintf(p, "%u.", ((const uint8_t *)&address->in)[i]);
		strcpy(p, "in-addr.arpa.");
		break;
	case AF_INET6:
		for (i = 15; i >= 0; i--)
			p += sprintf(p, "%x.%x.", address->in6.s6_addr[i] & 0xf,
				     address->in6.s6_addr[i] >> 4);
		strcpy(p, "ip6.arpa.");
		break;
	default:
		return -EINVAL;
	}
	return dnsname_parse(text, ret);
}
