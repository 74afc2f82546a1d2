/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/amtrelay.h"

#include "base/array.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_LENGTH 2 /* precedence, D-bit and type */
#define D_BIT	      0x80

/* The relay field of a type; length 0 with a name: as long as that. */
static const struct relay_field {
	sa_family_t family;
	uint8_t length;
} fields[] = {
	[AMTRELAY_NONE] = { AF_UNSPEC, 0 },
	[AMTRELAY_IPV4] = { AF_INET, 4 },
	[AMTRELAY_IPV6] = { AF_INET6, 16 },
	[AMTRELAY_NAME] = { AF_UNSPEC, 0 },
};

#define N_FIELDS ARRAY_SIZE(fields)

const char *amtrelay_error_string(enum amtrelay_error error)
{
	static const char *const strings[_AMTRELAY_ERROR_MAX] = {
		[AMTRELAY_ERROR_NONE] = "no error",
		[AMTRELAY_ERROR_SHORT] = "shorter than 2 bytes",
		[AMTRELAY_ERROR_TYPE] = "unknown relay type",
		[AMTRELAY_ERROR_LENGTH] = "wrong length for its relay type",
		[AMTRELAY_ERROR_NAME] = "its relay is no domain name",
	};

	return error >= 0 && error < _AMTRELAY_ERROR_MAX ? strings[error] : "unknown";
}

enum amtrelay_error amtrelay_parse(const void *rdata, size_t length, struct amtrelay *ret)
{
	struct amtrelay record = { .address.family = AF_UNSPEC };
	const uint8_t *bytes = rdata, *relay;

	if (length < HEADER_LENGTH)
		return AMTRELAY_ERROR_SHORT;
	record.precedence = bytes[0];
	record.discovery_optional = bytes[1] & D_BIT;
	record.type = bytes[1] & ~D_BIT;
	relay = bytes + HEADER_LENGTH;
	length -= HEADER_LENGTH;

	if (record.type >= N_FIELDS)
		return AMTRELAY_ERROR_TYPE;
	if (record.type == AMTRELAY_NAME) {
		if (dnsname_read(relay, length, &record.name) != (ssize_t)length)
			return AMTRELAY_ERROR_NAME;
	} else {
		if (length != fields[record.type].length)
			return AMTRELAY_ERROR_LENGTH;
		record.address.family = fields[record.type].family;
		memcpy(&record.address.in6, relay, length);
	}

	*ret = record;
	return AMTRELAY_ERROR_NONE;
}

/* Whether dnsname_read() gives the name. */
static bool name_is_sound(const struct dnsname *name)
{
	struct dnsname again;

	return name->length > 0 && dnsname_read(name->bytes, name->length, &again) == name->length;
}

ssize_t amtrelay_build(const struct amtrelay *record, void *buf, size_t size)
{
	const void *relay = &record->address.in6;
	uint8_t *bytes = buf;
	size_t length;

	if (record->type >= N_FIELDS)
		return -EINVAL;
	length = fields[record->type].length;
	if (record->type == AMTRELAY_NAME) {
		if (!name_is_sound(&record->name))
			return -EINVAL;
		relay = record->name.bytes;
		length = record->name.length;
	} else if (record->address.family != fields[record->type].family) {
		return -EINVAL;
	}
	if (size < HEADER_LENGTH + length)
		return -ENOBUFS;

	bytes[0] = record->precedence;
	bytes[1] = (uint8_t)(record->type | (record->discovery_optional ? D_BIT : 0));
	memcpy(bytes + HEADER_LENGTH, relay, length);
	return (ssize_t)(HEADER_LENGTH + length);
}

/*
 * Presentation.
 */

struct scanner {
	const char *at;
	bool open; /* within parentheses a line may end */
};

static bool is_blank(const struct scanner *scanner)
{
	char c = *scanner->at;

	return c == ' ' || c == '\t' || (scanner->open && (c == '\n' || c == '\r'));
}

/* Blanks, comments, parentheses: 0, or -EINVAL when these do not go in pairs. */
static int skip_blanks(struct scanner *scanner)
{
	for (;; scanner->at++) {
		if (*scanner->at == ';')
			scanner->at += strcspn(scanner->at, "\n");
		if (*scanner->at == '(' || *scanner->at == ')') {
			if (scanner->open == (*scanner->at == '('))
				return -EINVAL;
			scanner->open = !scanner->open;
		} else if (!is_blank(scanner)) {
			return 0;
		}
	}
}

/* 1 and a word, 0 at the end, or -EINVAL. */
static int next_word(struct scanner *scanner, char buf[static DNSNAME_TEXT_MAX])
{
	size_t n = 0;

	if (skip_blanks(scanner) < 0)
		return -EINVAL;
	while (*scanner->at != '\0' && !strchr(" \t\r\n;()", *scanner->at)) {
		if (n + 2 >= DNSNAME_TEXT_MAX)
			return -EINVAL;
		if (*scanner->at == '\\' && scanner->at[1] != '\0')
			buf[n++] = *scanner->at++;
		buf[n++] = *scanner->at++;
	}
	buf[n] = '\0';
	if (n > 0)
		return 1;
	return *scanner->at == '\0' && !scanner->open ? 0 : -EINVAL;
}

static int next_number(struct scanner *scanner, unsigned int max, unsigned int *ret)
{
	char word[DNSNAME_TEXT_MAX], *end;
	unsigned long value;

	if (next_word(scanner, word) != 1 || word[strspn(word, "0123456789")] != '\0')
		return -EINVAL;
	errno = 0;
	value = strtoul(word, &end, 10);
	if (errno != 0 || value > max)
		return -EINVAL;
	*ret = (unsigned int)value;
	return 0;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);

	return c != '\0' && p ? (int)(p - digits) : -EINVAL;
}

/* Words of hex digits, an even number each, and nothing else. Returns the number of bytes. */
static ssize_t read_hex(struct scanner *scanner, uint8_t *bytes, size_t size)
{
	char word[DNSNAME_TEXT_MAX];
	const char *p;
	size_t n = 0;
	int r;

	while ((r = next_word(scanner, word)) == 1)
		for (p = word; *p != '\0'; p += 2) {
			if (n >= size || hex_digit(p[0]) < 0 || hex_digit(p[1]) < 0)
				return -EINVAL;
			bytes[n++] = (uint8_t)(hex_digit(p[0]) << 4 | hex_digit(p[1]));
		}
	return r < 0 ? r : (ssize_t)n;
}

static int parse_generic(struct scanner *scanner, struct amtrelay *ret)
{
	uint8_t bytes[AMTRELAY_RDATA_MAX];
	unsigned int length;

	if (next_number(scanner, AMTRELAY_RDATA_MAX, &length) < 0 ||
	    read_hex(scanner, bytes, sizeof(bytes)) != (ssize_t)length)
		return -EINVAL;
	return amtrelay_parse(bytes, length, ret) == AMTRELAY_ERROR_NONE ? 0 : -EINVAL;
}

/* A name without a dot at its end is relative to an origin that is not known here. */
static bool is_absolute(const char *name)
{
	size_t n = strlen(name), backslashes = 0;

	if (n == 0 || name[n - 1] != '.')
		return false;
	while (backslashes < n - 1 && name[n - 2 - backslashes] == '\\')
		backslashes++;
	return backslashes % 2 == 0;
}

static int parse_relay(const char *word, struct amtrelay *record)
{
	if (record->type == AMTRELAY_NONE)
		return strcmp(word, ".") == 0 ? 0 : -EINVAL;
	if (record->type == AMTRELAY_NAME)
		return is_absolute(word) ? dnsname_parse(word, &record->name) : -EINVAL;
	record->address.family = fields[record->type].family;
	return inet_pton(record->address.family, word, &record->address.in6) == 1 ? 0 : -EINVAL;
}

int amtrelay_parse_text(const char *text, struct amtrelay *ret)
{
	struct amtrelay record = { .address.family = AF_UNSPEC };
	struct scanner scanner = { .at = text }, start;
	char word[DNSNAME_TEXT_MAX];
	unsigned int precedence, d, type;

	start = scanner;
	if (next_word(&scanner, word) != 1)
		return -EINVAL;
	if (strcmp(word, "\\#") == 0)
		return parse_generic(&scanner, ret);

	scanner = start;
	if (next_number(&scanner, UINT8_MAX, &precedence) < 0 || next_number(&scanner, 1, &d) < 0 ||
	    next_number(&scanner, N_FIELDS - 1, &type) < 0)
		return -EINVAL;
	record.precedence = (uint8_t)precedence;
	record.discovery_optional = d;
	record.type = (uint8_t)type;
	if (next_word(&scanner, word) != 1 || parse_relay(word, &record) < 0 ||
	    next_word(&scanner, word) != 0)
		return -EINVAL;

	*ret = record;
	return 0;
}

const char *amtrelay_format(const struct amtrelay *record, char buf[static AMTRELAY_TEXT_MAX])
{
	uint8_t rdata[AMTRELAY_RDATA_MAX];
	int n;

	if (amtrelay_build(record, rdata, sizeof(rdata)) < 0)
		return NULL;

	n = sprintf(buf, "%u %u %u ", record->precedence, record->discovery_optional, record->type);
	if (record->type == AMTRELAY_NONE)
		strcpy(buf + n, ".");
	else if (record->type == AMTRELAY_NAME)
		dnsname_format(&record->name, buf + n);
	else
		inet_ntop(record->address.family, &record->address.in6, buf + n, ADDRESS_TEXT_MAX);
	return buf;
}

const char *amtrelay_format_generic(const struct amtrelay *record,
				    char buf[static AMTRELAY_GENERIC_MAX])
{
	uint8_t rdata[AMTRELAY_RDATA_MAX];
	ssize_t i, length;
	char *p = buf;

	length = amtrelay_build(record, rdata, sizeof(rdata));
	if (length < 0)
		return NULL;

	p += sprintf(p, "\\# %zd ", length);
	for (i = 0; i < length; i++)
		p += sprintf(p, "%02x", rdata[i]);
	return buf;
}
