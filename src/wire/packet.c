/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/packet.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#define IP4_HEADER_MIN	    20
#define IP4_FRAGMENT_MASK   0x3fff /* more fragments, and the offset */
#define UDP_HEADER	    8
#define ICMP_HEADER	    8
#define ADVERTISEMENT_RELAY 8 /* offset of Relay Address, RFC 7450, 5.1.2.5 */

enum {
	IP4_LENGTH = 2,
	IP4_FRAGMENT = 6,
	IP4_PROTOCOL = 9,
	IP4_CHECKSUM = 10,
	IP4_SOURCE = 12,
	IP4_DESTINATION = 16,
};

enum {
	UDP_SOURCE = 0,
	UDP_DESTINATION = 2,
	UDP_LENGTH = 4,
	UDP_CHECKSUM = 6,
};

/* In memory order, for sums: these are independent of the byte order (RFC 1071). */
static uint16_t load(const uint8_t *p)
{
	uint16_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static void store(uint8_t *p, uint16_t word)
{
	memcpy(p, &word, sizeof(word));
}

static uint16_t load_host(const uint8_t *p)
{
	return ntohs(load(p));
}

enum packet_error packet_parse(void *data, size_t length, struct packet *ret)
{
	size_t header, total, udp_length;
	struct packet packet;
	uint8_t *p = data;

	if (length < IP4_HEADER_MIN)
		return PACKET_ERROR_SHORT;
	header = (p[0] & 0x0f) * 4u;
	if (p[0] >> 4 != 4 || header < IP4_HEADER_MIN)
		return PACKET_ERROR_IP;
	total = load_host(p + IP4_LENGTH);
	if (total > length || total < header)
		return PACKET_ERROR_SHORT;
	if (load_host(p + IP4_FRAGMENT) & IP4_FRAGMENT_MASK)
		return PACKET_ERROR_FRAGMENT;
	if (p[IP4_PROTOCOL] != IPPROTO_UDP)
		return PACKET_ERROR_UDP;
	if (total - header < UDP_HEADER)
		return PACKET_ERROR_SHORT;
	udp_length = load_host(p + header + UDP_LENGTH);
	if (udp_length < UDP_HEADER || udp_length > total - header)
		return PACKET_ERROR_UDP;

	packet.ip = p;
	packet.udp = p + header;
	packet.payload = packet.udp + UDP_HEADER;
	packet.payload_length = udp_length - UDP_HEADER;
	memcpy(&packet.source, p + IP4_SOURCE, sizeof(packet.source));
	memcpy(&packet.destination, p + IP4_DESTINATION, sizeof(packet.destination));
	packet.source_port = load_host(packet.udp + UDP_SOURCE);
	packet.destination_port = load_host(packet.udp + UDP_DESTINATION);
	*ret = packet;
	return PACKET_ERROR_NONE;
}

static void update_udp(struct packet *packet, uint32_t old, uint32_t new)
{
	uint8_t *field = packet->udp + UDP_CHECKSUM;
	uint16_t checksum = load(field);

	if (checksum == 0)
		return;
	checksum = checksum_update(checksum, old, new);
	store(field, checksum ? checksum : 0xffff); /* zero means "none", RFC 768 */
}

/* Sum over bytes; odd: they start at an odd offset of the checksummed data. */
static uint32_t sum_at(const uint8_t *p, size_t n, bool odd)
{
	uint16_t sum = checksum_fold(checksum_add(0, p, n));

	return odd ? (uint16_t)(sum << 8 | sum >> 8) : sum;
}

bool packet_parse_error(const void *data, size_t length, struct packet_error_quote *ret)
{
	const uint8_t *bytes = data, *icmp, *udp;
	size_t outer, inner;

	if (length < IP4_HEADER_MIN || bytes[0] >> 4 != 4 || bytes[IP4_PROTOCOL] != IPPROTO_ICMP)
		return false;
	outer = (bytes[0] & 0x0f) * 4 + ICMP_HEADER;
	if (outer < IP4_HEADER_MIN + ICMP_HEADER || length < outer + IP4_HEADER_MIN)
		return false;
	icmp = bytes + outer - ICMP_HEADER;
	bytes += outer;
	inner = (bytes[0] & 0x0f) * 4;
	if (bytes[0] >> 4 != 4 || bytes[IP4_PROTOCOL] != IPPROTO_UDP || inner < IP4_HEADER_MIN ||
	    length < outer + inner + UDP_LENGTH)
		return false;
	udp = bytes + inner;
	ret->type = icmp[0];
	ret->code = icmp[1];
	memcpy(&ret->source, bytes + IP4_SOURCE, sizeof(ret->source));
	memcpy(&ret->destination, bytes + IP4_DESTINATION, sizeof(ret->destination));
	ret->source_port = load_host(udp + UDP_SOURCE);
	ret->destination_port = load_host(udp + UDP_DESTINATION);
	return true;
}

void packet_write(struct packet *packet, size_t offset, const void *bytes, size_t n)
{
	uint8_t *p = packet->payload + offset;

	update_udp(packet, checksum_add(0, p, n), checksum_add(0, bytes, n));
	memcpy(p, bytes, n);
}

void packet_clear_checksum(struct packet *packet)
{
	store(packet->udp + UDP_CHECKSUM, 0);
}

size_t packet_trim(struct packet *packet, size_t length)
{
	uint16_t old_total = load(packet->ip + IP4_LENGTH);
	uint16_t old_udp = load(packet->udp + UDP_LENGTH);
	size_t total = (size_t)(packet->payload - packet->ip) + length;
	uint16_t new_total = htons((uint16_t)total);
	uint16_t new_udp = htons((uint16_t)(UDP_HEADER + length));
	uint32_t cut =
		sum_at(packet->payload + length, packet->payload_length - length, length % 2);

	/* the UDP length counts twice: in the header and in the pseudo header */
	update_udp(packet, cut + old_udp + old_udp, (uint32_t)new_udp + new_udp);
	store(packet->udp + UDP_LENGTH, new_udp);
	store(packet->ip + IP4_CHECKSUM,
	      checksum_update(load(packet->ip + IP4_CHECKSUM), old_total, new_total));
	store(packet->ip + IP4_LENGTH, new_total);
	packet->payload_length = length;
	return total;
}

size_t packet_set_relay(struct packet *packet, struct in_addr relay)
{
	packet_write(packet, ADVERTISEMENT_RELAY, &relay, sizeof(relay));
	return packet_trim(packet, ADVERTISEMENT_RELAY + sizeof(relay));
}
