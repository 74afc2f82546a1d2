/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/address.h"

#include "base/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static uint8_t address_bits(const struct address *address)
{
	return (uint8_t)(8 * address_length(address->family));
}

int address_parse(const char *text, struct address *ret)
{
	struct address address = { .family = AF_INET };

	if (inet_pton(AF_INET, text, &address.in) != 1) {
		address.family = AF_INET6;
		if (inet_pton(AF_INET6, text, &address.in6) != 1)
			return -EINVAL;
	}

	*ret = address;
	return 0;
}

/* Whether the first bits of both are the same. */
static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes) != 0)
		return false;
	return rest == 0 || ((a[bytes] ^ b[bytes]) >> (8 - rest)) == 0;
}

static bool host_bits_zero(const struct prefix *prefix)
{
	const uint8_t *bytes = address_bytes(&prefix->address);
	unsigned int i;

	for (i = prefix->length; i < address_bits(&prefix->address); i++)
		if (bytes[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

int address_parse_hex6(const char *text, struct address *ret)
{
	struct address address = { .family = AF_INET6 };

	if (strlen(text) != 2 * sizeof(address.in6) ||
	    strspn(text, "0123456789abcdefABCDEF") != 2 * sizeof(address.in6))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(address.in6); i++)
		if (sscanf(text + 2 * i, "%2hhx", &address.in6.s6_addr[i]) != 1)
			return -EINVAL;
	*ret = address;
	return 0;
}

int prefix_parse(const char *text, struct prefix *ret)
{
	struct prefix prefix = { .address.family = AF_UNSPEC };
	char head[ADDRESS_TEXT_MAX];
	const char *slash;
	uint16_t length;
	size_t n;
	int r;

	if (strcmp(text, "any") == 0) {
		*ret = prefix;
		return 0;
	}

	slash = strchrnul(text, '/');
	n = (size_t)(slash - text);
	if (n >= sizeof(head))
		return -EINVAL;
	memcpy(head, text, n);
	head[n] = '\0';

	r = address_parse(head, &prefix.address);
	if (r < 0)
		return r;

	length = address_bits(&prefix.address);
	if (*slash == '/') {
		r = parse_u16(slash + 1, 0, length, &length);
		if (r < 0)
			return -EINVAL;
	}
	prefix.length = (uint8_t)length;
	if (!host_bits_zero(&prefix))
		return -EINVAL;

	*ret = prefix;
	return 0;
}

const char *address_format(const struct address *address, char buf[static ADDRESS_TEXT_MAX])
{
	if (address->family == AF_UNSPEC)
		return strcpy(buf, "none");
	return inet_ntop(address->family, address_bytes(address), buf, ADDRESS_TEXT_MAX);
}

const char *prefix_format(const struct prefix *prefix, char buf[static PREFIX_TEXT_MAX])
{
	char address[ADDRESS_TEXT_MAX];

	if (prefix->address.family == AF_UNSPEC)
		return strcpy(buf, "any");

	address_format(&prefix->address, address);
	if (prefix->length == address_bits(&prefix->address))
		return strcpy(buf, address);
	snprintf(buf, PREFIX_TEXT_MAX, "%s/%u", address, prefix->length);
	return buf;
}

bool address_is_unspecified(const struct address *address)
{
	static const uint8_t zero[sizeof(address->in6)];

	return memcmp(address_bytes(address), zero, address_length(address->family)) == 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
	if (a->family != b->family)
		return false;
	if (a->family == AF_INET)
		return a->in.s_addr == b->in.s_addr;
	return a->family == AF_UNSPEC || memcmp(&a->in6, &b->in6, sizeof(a->in6)) == 0;
}

int address_compare(const struct address *a, const struct address *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->family == AF_INET) {
		const uint32_t x = ntohl(a->in.s_addr), y = ntohl(b->in.s_addr);

		return (x > y) - (x < y);
	}
	return a->family == AF_UNSPEC ? 0 : memcmp(&a->in6, &b->in6, sizeof(a->in6));
}

void prefix_mask(struct prefix *prefix)
{
	uint8_t bytes[sizeof(struct in6_addr)] = { 0 };
	const sa_family_t family = prefix->address.family;
	const size_t whole = prefix->length / 8;

	memcpy(bytes, address_bytes(&prefix->address), address_length(family));
	for (size_t i = whole; i < sizeof(bytes); i++)
		bytes[i] &= i == whole ? (uint8_t)(0xff00 >> prefix->length % 8) : 0;
	prefix->address = address_load(family, bytes);
}

bool prefix_contains(const struct prefix *prefix, const struct address *address)
{
	if (address->family == AF_UNSPEC)
		return false;
	if (prefix->address.family == AF_UNSPEC)
		return true;
	return prefix->address.family == address->family &&
	       bits_equal(address_bytes(&prefix->address), address_bytes(address), prefix->length);
}

static bool in_is_host(struct in_addr in)
{
	uint32_t host = ntohl(in.s_addr), net = host >> 24;

	/* All of 0.0.0.0/8 is zero to the driver: ipv4_is_zeronet(). */
	return net != 0 && net != IN_LOOPBACKNET && !IN_MULTICAST(host) && host != INADDR_BROADCAST;
}

bool address_is_host(const struct address *address)
{
	if (address->family == AF_INET)
		return in_is_host(address->in);
	return address->family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(&address->in6) &&
	       !IN6_IS_ADDR_LOOPBACK(&address->in6) && !IN6_IS_ADDR_MULTICAST(&address->in6);
}

struct address address_from_in(struct in_addr in)
{
	return address_load(AF_INET, &in);
}

struct address address_or_none(struct in_addr in)
{
	return in.s_addr != 0 ? address_from_in(in) : (struct address){ 0 };
}
