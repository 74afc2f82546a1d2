/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AMT messages, RFC 7450, section 5.1: bytes <-> structs. Pure, strict, bounded: no I/O, no
 * allocation, no globals.
 *
 * Multi-byte fields of the structs are in host byte order, except addresses and nonces, which are
 * opaque and stay as they are on the wire.
 */
#ifndef AMT_WIRE_MESSAGE_H
#define AMT_WIRE_MESSAGE_H

#include "base/address.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define AMT_PORT 2268 /* RFC 7450, section 7 */

enum message_type {
	AMT_DISCOVERY = 1,
	AMT_ADVERTISEMENT = 2,
	AMT_REQUEST = 3,
	AMT_QUERY = 4,
	AMT_UPDATE = 5,
	AMT_DATA = 6,
	AMT_TEARDOWN = 7,
};

/* Reason to refuse a message; message_error_string() gives the text. */
enum message_error {
	MESSAGE_ERROR_NONE,
	MESSAGE_ERROR_SHORT,	/* fewer bytes than the type's fixed part */
	MESSAGE_ERROR_LONG,	/* bytes left over */
	MESSAGE_ERROR_VERSION,	/* not 0 */
	MESSAGE_ERROR_TYPE,	/* not 1 to 7 */
	MESSAGE_ERROR_RESERVED, /* a reserved bit is set */
	MESSAGE_ERROR_ADDRESS,	/* Relay Address: not a host's, or of a length other than 4 or 16 */
	MESSAGE_ERROR_INNER, /* encapsulated packet: neither IPv4 nor IPv6, or of another length */
	_MESSAGE_ERROR_MAX,
};

#define AMT_MAC_LENGTH 6

/* A packet inside a message; points into the buffer that was parsed. */
struct message_inner {
	const uint8_t *data;
	size_t length;
	sa_family_t family; /* AF_INET or AF_INET6, by the version nibble */
};

/* The gateway as the relay sees it, RFC 7450, 5.1.4.9 and 5.1.7; an IPv4 address is carried as
 * ::a.b.c.d (or, by some relays, ::ffff:a.b.c.d) on the wire and is AF_INET here. */
struct message_gateway {
	uint16_t port;
	struct address address;
	bool mapped; /* ::ffff:a.b.c.d: a Teardown must repeat it so, the MAC covers it */
};

struct message {
	enum message_type type;
	union {
		struct {
			uint32_t nonce;
		} discovery;
		struct {
			uint32_t nonce;
			struct address relay;
		} advertisement;
		struct {
			bool p; /* MLD wanted rather than IGMP */
			uint32_t nonce;
		} request;
		struct {
			bool l; /* the relay is loaded: do not create a tunnel */
			bool g; /* gateway is present */
			uint8_t mac[AMT_MAC_LENGTH];
			uint32_t nonce;
			struct message_inner inner;
			struct message_gateway gateway;
		} query;
		struct {
			uint8_t mac[AMT_MAC_LENGTH];
			uint32_t nonce;
			struct message_inner inner;
		} update;
		struct {
			struct message_inner inner;
		} data;
		struct {
			uint8_t mac[AMT_MAC_LENGTH];
			uint32_t nonce;
			struct message_gateway gateway;
		} teardown;
	};
};

/* Parse the UDP payload data[0..length). Returns MESSAGE_ERROR_NONE and fills *ret, or the first
 * error found, *ret untouched. Pointers in *ret live as long as data. */
enum message_error message_parse(const void *data, size_t length, struct message *ret);

/* Write the message. Returns its length, -ENOBUFS if it does not fit into size, or -EINVAL if the
 * struct cannot be encoded. */
ssize_t message_build(const struct message *message, void *buf, size_t size);

const char *message_type_string(enum message_type type);
const char *message_error_string(enum message_error error);

#endif
