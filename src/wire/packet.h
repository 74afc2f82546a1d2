/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4/UDP packets from the queue, edited in place. Pure: no I/O, no allocation.
 */
#ifndef AMT_WIRE_PACKET_H
#define AMT_WIRE_PACKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The parts of a packet; points into it. */
struct packet {
	uint8_t *ip;  /* IPv4 header */
	uint8_t *udp; /* UDP header */
	uint8_t *payload;
	size_t payload_length; /* by the UDP length field */
	struct in_addr source, destination;
	uint16_t source_port, destination_port; /* host byte order */
};

enum packet_error {
	PACKET_ERROR_NONE,
	PACKET_ERROR_SHORT,    /* a header, or the length in it, exceeds the packet */
	PACKET_ERROR_IP,       /* not IPv4, or header length under 20 */
	PACKET_ERROR_FRAGMENT, /* a fragment: more to come, or not the first */
	PACKET_ERROR_UDP,      /* not UDP, or a UDP length under 8 or beyond the packet */
	_PACKET_ERROR_MAX,
};

/* Find the UDP payload of the IPv4 packet data[0..length). Checksums are not verified: the kernel
 * does so after the queue. Bytes beyond the IP total length are ignored. */
enum packet_error packet_parse(void *data, size_t length, struct packet *ret);

/* An ICMP error about a UDP packet, and the packet's addresses and ports (host byte order). */
struct packet_error_quote {
	uint8_t type, code; /* RFC 792 */
	struct in_addr source, destination;
	uint16_t source_port, destination_port;
};

/* False: the IPv4 packet data[0..length) is no ICMP message that quotes a UDP packet. The type is
 * not judged: only errors quote a packet. */
bool packet_parse_error(const void *data, size_t length, struct packet_error_quote *ret);

/* Overwrite n bytes of the payload (offset + n within it, n even, offset even) and update the UDP
 * checksum (RFC 1624); a checksum of zero, "none" over IPv4, stays zero. */
void packet_write(struct packet *packet, size_t offset, const void *bytes, size_t n);

/* The UDP checksum becomes zero, "none": for a packet of which it may still be to be computed. */
void packet_clear_checksum(struct packet *packet);

/* Cut the payload to length bytes (no longer than it is), updating lengths and both checksums.
 * Returns the packet's new total length. */
size_t packet_trim(struct packet *packet, size_t length);

/* Put the relay address of a Relay Advertisement in place of the one it carries: payload of 12 or
 * 24 bytes (RFC 7450, 5.1.2), the new address IPv4; a 24-byte one becomes one of 12 bytes.
 * Returns the packet's total length afterwards. */
size_t packet_set_relay(struct packet *packet, struct in_addr relay);

/* RFC 1071 over length bytes, starting from sum (0, or the result for an even number of bytes
 * before these). Fold, then invert: the checksum, in network order when stored unchanged. */
uint32_t checksum_add(uint32_t sum, const void *data, size_t length);
uint16_t checksum_fold(uint32_t sum);

/* A checksum after an edit, RFC 1624: old and new are sums over the old and new bytes. */
uint16_t checksum_update(uint16_t checksum, uint32_t old, uint32_t new);

#endif
