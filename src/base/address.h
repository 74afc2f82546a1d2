/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 and IPv6 addresses and prefixes, and their text. Pure: no I/O, no allocation.
 */
#ifndef AMT_BASE_ADDRESS_H
#define AMT_BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* family is AF_INET, AF_INET6, or AF_UNSPEC for "none"; the bytes are in network order. */
struct address {
	sa_family_t family;
	union {
		struct in_addr in;
		struct in6_addr in6;
	};
};

/* family AF_UNSPEC is "any": it contains every address of either family. */
struct prefix {
	struct address address; /* bits beyond length are zero */
	uint8_t length;		/* bits */
};

#define ADDRESS_TEXT_MAX 46 /* INET6_ADDRSTRLEN */
#define PREFIX_TEXT_MAX	 50

/* 0, or -EINVAL; *ret untouched on failure. No surrounding blanks, no zone identifier. */
int address_parse(const char *text, struct address *ret);

/* An IPv6 address as /proc/net has it: 32 hexadecimal digits. Likewise. */
int address_parse_hex6(const char *text, struct address *ret);

/* ADDRESS/LENGTH, a bare address (length 32 or 128), or "any". -EINVAL when bits beyond the
 * length are set, as `ip route` has it. */
int prefix_parse(const char *text, struct prefix *ret);

/* Write the text to buf, and return buf. "none" for family AF_UNSPEC, "any" for such a prefix. */
const char *address_format(const struct address *address, char buf[static ADDRESS_TEXT_MAX]);
const char *prefix_format(const struct prefix *prefix, char buf[static PREFIX_TEXT_MAX]);

static inline bool address_is_set(const struct address *address)
{
	return address->family != AF_UNSPEC;
}

/* Bytes of an address of the family, on the wire and in memory; 0 for AF_UNSPEC. */
static inline size_t address_length(sa_family_t family)
{
	return family == AF_INET    ? sizeof(struct in_addr)
	       : family == AF_INET6 ? sizeof(struct in6_addr)
				    : 0;
}

static inline const uint8_t *address_bytes(const struct address *address)
{
	return address->family == AF_INET ? (const uint8_t *)&address->in : address->in6.s6_addr;
}

/* From and to the wire. address_store() returns the bytes written. */
static inline struct address address_load(sa_family_t family, const void *bytes)
{
	struct address address = { .family = family, .in6 = IN6ADDR_ANY_INIT };

	if (family == AF_INET)
		memcpy(&address.in, bytes, sizeof(address.in));
	else if (family == AF_INET6)
		memcpy(&address.in6, bytes, sizeof(address.in6));
	return address;
}

static inline size_t address_store(const struct address *address, void *to)
{
	/* sizes that the compiler knows */
	if (address->family == AF_INET)
		memcpy(to, &address->in, sizeof(address->in));
	else if (address->family == AF_INET6)
		memcpy(to, &address->in6, sizeof(address->in6));
	return address_length(address->family);
}

/* 0.0.0.0 or ::, or no address at all. */
bool address_is_unspecified(const struct address *address);

bool address_equal(const struct address *a, const struct address *b);
/* Below, at or above zero, as memcmp(): by the family, then as numbers. */
int address_compare(const struct address *a, const struct address *b);
void prefix_mask(struct prefix *prefix); /* zero the bits beyond the length */
bool prefix_contains(const struct prefix *prefix, const struct address *address);

/* A unicast address of another host: neither zero, loopback, multicast nor (IPv4) broadcast. As the
 * driver accepts for the underlay, drivers/net/amt.c. */
bool address_is_host(const struct address *address);

struct address address_from_in(struct in_addr in);
struct address address_or_none(struct in_addr in); /* AF_UNSPEC for 0.0.0.0 */

#endif
