/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/message.h"

#include "base/array.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define GATEWAY_LENGTH 18 /* Gateway Port Number and Gateway IP Address, RFC 7450, 5.1.4.9 */

enum {
	REQUEST_P = 0x01, /* RFC 7450, 5.1.3.4 */
	QUERY_L = 0x02,	  /* 5.1.4.4 */
	QUERY_G = 0x01,	  /* 5.1.4.5 */
};

/* Most messages have MAC and nonce at 2 and 8; those without a MAC have the nonce at 4. */
enum {
	FLAGS = 1,
	MAC = 2,
	NONCE = 4,
	RELAY = 8,
	NONCE_AFTER_MAC = 8,
	GATEWAY = 12, /* of a Teardown */
};

/* Collects a message; length counts on when the buffer is full. */
struct message_writer {
	uint8_t *data;
	size_t size;
	size_t length;
};

struct layout {
	const char *name;
	size_t fixed;	     /* bytes of the part that is always there */
	bool varies;	     /* something may follow it */
	uint8_t reserved[4]; /* bits of bytes 0 to 3 that are zero */
	enum message_error (*parse)(const uint8_t *data, size_t length, struct message *message);
	int (*build)(const struct message *message, struct message_writer *writer);
};

static void put_bytes(struct message_writer *writer, const void *bytes, size_t n)
{
	if (writer->length <= writer->size && n <= writer->size - writer->length)
		memcpy(writer->data + writer->length, bytes, n);
	writer->length += n;
}

/* The first four bytes of a message without a MAC, or two of one that has it. */
static void put_head(struct message_writer *writer, enum message_type type, uint8_t flags, size_t n)
{
	const uint8_t head[4] = { (uint8_t)type, flags };

	put_bytes(writer, head, n);
}

static uint16_t load16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t load_nonce(const uint8_t *p)
{
	uint32_t nonce;

	memcpy(&nonce, p, sizeof(nonce));
	return nonce;
}

/* Family of the IP packet that data is, no more and no less; AF_UNSPEC: it is none. */
static sa_family_t inner_family(const uint8_t *data, size_t length)
{
	size_t header;

	if (length >= 20 && data[0] >> 4 == 4) {
		header = (data[0] & 0x0f) * 4u;
		if (header >= 20 && header <= length && load16(data + 2) == length)
			return AF_INET;
	} else if (length >= 40 && data[0] >> 4 == 6) {
		if (load16(data + 4) == length - 40)
			return AF_INET6;
	}
	return AF_UNSPEC;
}

static enum message_error parse_inner(const uint8_t *data, size_t length, struct message_inner *ret)
{
	sa_family_t family = inner_family(data, length);

	if (family == AF_UNSPEC)
		return MESSAGE_ERROR_INNER;
	ret->data = data;
	ret->length = length;
	ret->family = family;
	return MESSAGE_ERROR_NONE;
}

static int build_inner(const struct message_inner *inner, struct message_writer *writer)
{
	if (!inner->data || inner->family == AF_UNSPEC ||
	    inner_family(inner->data, inner->length) != inner->family)
		return -EINVAL;
	put_bytes(writer, inner->data, inner->length);
	return 0;
}

static void parse_gateway(const uint8_t *data, struct message_gateway *ret)
{
	struct in6_addr in6;

	ret->port = load16(data);
	memcpy(&in6, data + 2, sizeof(in6));
	ret->mapped = IN6_IS_ADDR_V4MAPPED(&in6);
	if (ret->mapped || IN6_IS_ADDR_V4COMPAT(&in6)) { /* which :: and ::1 are not */
		ret->address = address_load(AF_INET, in6.s6_addr + 12);
	} else {
		ret->address = address_load(AF_INET6, &in6);
	}
}

static int build_gateway(const struct message_gateway *gateway, struct message_writer *writer)
{
	uint16_t port = htons(gateway->port);
	struct in6_addr in6 = IN6ADDR_ANY_INIT;

	switch (gateway->address.family) {
	case AF_INET:
		if (gateway->mapped)
			memset(in6.s6_addr + 10, 0xff, 2);
		memcpy(in6.s6_addr + 12, &gateway->address.in, sizeof(gateway->address.in));
		break;
	case AF_INET6:
		in6 = gateway->address.in6;
		break;
	default:
		return -EINVAL;
	}
	put_bytes(writer, &port, sizeof(port));
	put_bytes(writer, &in6, sizeof(in6));
	return 0;
}

static enum message_error parse_discovery(const uint8_t *data, size_t length, struct message *m)
{
	m->discovery.nonce = load_nonce(data + NONCE);
	return MESSAGE_ERROR_NONE;
}

static int build_discovery(const struct message *m, struct message_writer *writer)
{
	put_head(writer, m->type, 0, 4);
	put_bytes(writer, &m->discovery.nonce, sizeof(m->discovery.nonce));
	return 0;
}

static enum message_error parse_advertisement(const uint8_t *data, size_t length, struct message *m)
{
	struct address *relay = &m->advertisement.relay;

	m->advertisement.nonce = load_nonce(data + NONCE);
	switch (length - RELAY) {
	case sizeof(relay->in):
		*relay = address_load(AF_INET, data + RELAY);
		break;
	case sizeof(relay->in6):
		*relay = address_load(AF_INET6, data + RELAY);
		break;
	default:
		return MESSAGE_ERROR_ADDRESS;
	}
	return address_is_host(relay) ? MESSAGE_ERROR_NONE : MESSAGE_ERROR_ADDRESS;
}

static int build_advertisement(const struct message *m, struct message_writer *writer)
{
	const struct address *relay = &m->advertisement.relay;

	if (!address_is_host(relay))
		return -EINVAL;
	put_head(writer, m->type, 0, 4);
	put_bytes(writer, &m->advertisement.nonce, sizeof(m->advertisement.nonce));
	put_bytes(writer, address_bytes(relay), address_length(relay->family));
	return 0;
}

static enum message_error parse_request(const uint8_t *data, size_t length, struct message *m)
{
	m->request.p = data[FLAGS] & REQUEST_P;
	m->request.nonce = load_nonce(data + NONCE);
	return MESSAGE_ERROR_NONE;
}

static int build_request(const struct message *m, struct message_writer *writer)
{
	put_head(writer, m->type, m->request.p ? REQUEST_P : 0, 4);
	put_bytes(writer, &m->request.nonce, sizeof(m->request.nonce));
	return 0;
}

static enum message_error parse_query(const uint8_t *data, size_t length, struct message *m)
{
	m->query.l = data[FLAGS] & QUERY_L;
	m->query.g = data[FLAGS] & QUERY_G;
	memcpy(m->query.mac, data + MAC, AMT_MAC_LENGTH);
	m->query.nonce = load_nonce(data + NONCE_AFTER_MAC);
	data += 12;
	length -= 12;
	if (m->query.g) {
		if (length < GATEWAY_LENGTH)
			return MESSAGE_ERROR_SHORT;
		length -= GATEWAY_LENGTH;
		parse_gateway(data + length, &m->query.gateway);
	}
	return parse_inner(data, length, &m->query.inner);
}

static int build_query(const struct message *m, struct message_writer *writer)
{
	uint8_t flags = (m->query.l ? QUERY_L : 0) | (m->query.g ? QUERY_G : 0);
	int r;

	put_head(writer, m->type, flags, 2);
	put_bytes(writer, m->query.mac, AMT_MAC_LENGTH);
	put_bytes(writer, &m->query.nonce, sizeof(m->query.nonce));
	r = build_inner(&m->query.inner, writer);
	if (r < 0)
		return r;
	return m->query.g ? build_gateway(&m->query.gateway, writer) : 0;
}

static enum message_error parse_update(const uint8_t *data, size_t length, struct message *m)
{
	memcpy(m->update.mac, data + MAC, AMT_MAC_LENGTH);
	m->update.nonce = load_nonce(data + NONCE_AFTER_MAC);
	return parse_inner(data + 12, length - 12, &m->update.inner);
}

static int build_update(const struct message *m, struct message_writer *writer)
{
	put_head(writer, m->type, 0, 2);
	put_bytes(writer, m->update.mac, AMT_MAC_LENGTH);
	put_bytes(writer, &m->update.nonce, sizeof(m->update.nonce));
	return build_inner(&m->update.inner, writer);
}

static enum message_error parse_data(const uint8_t *data, size_t length, struct message *m)
{
	return parse_inner(data + 2, length - 2, &m->data.inner);
}

static int build_data(const struct message *m, struct message_writer *writer)
{
	put_head(writer, m->type, 0, 2);
	return build_inner(&m->data.inner, writer);
}

static enum message_error parse_teardown(const uint8_t *data, size_t length, struct message *m)
{
	memcpy(m->teardown.mac, data + MAC, AMT_MAC_LENGTH);
	m->teardown.nonce = load_nonce(data + NONCE_AFTER_MAC);
	parse_gateway(data + GATEWAY, &m->teardown.gateway);
	return MESSAGE_ERROR_NONE;
}

static int build_teardown(const struct message *m, struct message_writer *writer)
{
	put_head(writer, m->type, 0, 2);
	put_bytes(writer, m->teardown.mac, AMT_MAC_LENGTH);
	put_bytes(writer, &m->teardown.nonce, sizeof(m->teardown.nonce));
	return build_gateway(&m->teardown.gateway, writer);
}

/* clang-format off */
static const struct layout layouts[] = {
	/* RFC 7450         name       fixed  varies        reserved */
	[AMT_DISCOVERY]     = { "Relay Discovery",      8, false, { 0, 0xff, 0xff, 0xff },
				parse_discovery, build_discovery },
	[AMT_ADVERTISEMENT] = { "Relay Advertisement",  8, true,  { 0, 0xff, 0xff, 0xff },
				parse_advertisement, build_advertisement },
	[AMT_REQUEST]       = { "Request",              8, false, { 0, (uint8_t)~REQUEST_P, 0xff, 0xff },
				parse_request, build_request },
	[AMT_QUERY]         = { "Membership Query",    12, true,  { 0, (uint8_t)~(QUERY_L | QUERY_G) },
				parse_query, build_query },
	[AMT_UPDATE]        = { "Membership Update",   12, true,  { 0, 0xff },
				parse_update, build_update },
	[AMT_DATA]          = { "Multicast Data",       2, true,  { 0, 0xff },
				parse_data, build_data },
	[AMT_TEARDOWN]      = { "Teardown",            30, false, { 0, 0xff },
				parse_teardown, build_teardown },
};
/* clang-format on */

static const struct layout *find_layout(unsigned int type)
{
	if (type >= ARRAY_SIZE(layouts) || !layouts[type].name)
		return NULL;
	return &layouts[type];
}

enum message_error message_parse(const void *data, size_t length, struct message *ret)
{
	const struct layout *layout;
	const uint8_t *p = data;
	struct message message = { 0 };
	enum message_error error;
	size_t i;

	if (length < 1)
		return MESSAGE_ERROR_SHORT;
	if (p[0] >> 4 != 0)
		return MESSAGE_ERROR_VERSION;
	layout = find_layout(p[0]);
	if (!layout)
		return MESSAGE_ERROR_TYPE;
	if (length < layout->fixed)
		return MESSAGE_ERROR_SHORT;
	for (i = 0; i < sizeof(layout->reserved); i++)
		if (layout->reserved[i] && (p[i] & layout->reserved[i]))
			return MESSAGE_ERROR_RESERVED;
	if (length > layout->fixed && !layout->varies)
		return MESSAGE_ERROR_LONG;

	message.type = (enum message_type)p[0];
	error = layout->parse(p, length, &message);
	if (error == MESSAGE_ERROR_NONE)
		*ret = message;
	return error;
}

ssize_t message_build(const struct message *message, void *buf, size_t size)
{
	const struct layout *layout = find_layout(message->type);
	struct message_writer writer = { .data = buf, .size = size };
	int r;

	if (!layout)
		return -EINVAL;
	r = layout->build(message, &writer);
	if (r < 0)
		return r;
	if (writer.length > size)
		return -ENOBUFS;
	return (ssize_t)writer.length;
}

const char *message_type_string(enum message_type type)
{
	const struct layout *layout = find_layout(type);

	return layout ? layout->name : "unknown";
}

const char *message_error_string(enum message_error error)
{
	static const char *const strings[_MESSAGE_ERROR_MAX] = {
		[MESSAGE_ERROR_NONE] = "no error",
		[MESSAGE_ERROR_SHORT] = "length: too short for its type",
		[MESSAGE_ERROR_LONG] = "length: bytes left over after the last field",
		[MESSAGE_ERROR_VERSION] = "version: not 0",
		[MESSAGE_ERROR_TYPE] = "type: not 1 to 7",
		[MESSAGE_ERROR_RESERVED] = "reserved: a bit is set",
		[MESSAGE_ERROR_ADDRESS] = "relay address: not a host's, or neither 4 nor 16 bytes",
		[MESSAGE_ERROR_INNER] = "encapsulated packet: not exactly one IPv4 or IPv6 packet",
	};

	if ((unsigned int)error >= _MESSAGE_ERROR_MAX)
		return "unknown";
	return strings[error];
}
