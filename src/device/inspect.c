/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/inspect.h"

#include "wire/group-build.h"
#include "wire/message.h"

#include <string.h>

#define ADVERTISEMENT_HEADER 8 /* RFC 7450, 5.1.2: fields before the relay address */

#define ASKED_LENGTH 8 /* 5.1.1, 5.1.3: Discovery and Request */
#define ASKED_NONCE  4

#define FLAG_G 0x01 /* RFC 7450, 5.1.4.5 */
#define FLAG_L 0x02 /* 5.1.4.4 */

static const uint8_t queue_flags[_FIREWALL_QUEUE_MAX] = {
	[FIREWALL_QUEUE_QUERY_G] = FLAG_G,
	[FIREWALL_QUEUE_QUERY_L] = FLAG_L,
	[FIREWALL_QUEUE_QUERY_LG] = FLAG_L | FLAG_G,
};

const char *inspect_drop_string(enum inspect_drop drop)
{
	static const char *const names[_INSPECT_DROP_MAX] = {
		[INSPECT_PASS] = "passed",
		[INSPECT_DROP_PACKET] = "packet",
		[INSPECT_DROP_SOURCE] = "source",
		[INSPECT_DROP_PORT] = "port",
		[INSPECT_DROP_VERSION] = "version",
		[INSPECT_DROP_TYPE] = "type",
		[INSPECT_DROP_RESERVED] = "reserved",
		[INSPECT_DROP_LENGTH] = "length",
		[INSPECT_DROP_ADDRESS] = "address",
		[INSPECT_DROP_FAMILY] = "family",
		[INSPECT_DROP_ALLOW] = "allow",
		[INSPECT_DROP_INNER] = "inner",
		[INSPECT_DROP_NONCE] = "nonce",
	};

	return names[drop];
}

static enum inspect_drop from_error(enum message_error error)
{
	static const enum inspect_drop drops[_MESSAGE_ERROR_MAX] = {
		[MESSAGE_ERROR_NONE] = INSPECT_PASS,
		[MESSAGE_ERROR_SHORT] = INSPECT_DROP_LENGTH,
		[MESSAGE_ERROR_LONG] = INSPECT_DROP_LENGTH,
		[MESSAGE_ERROR_VERSION] = INSPECT_DROP_VERSION,
		[MESSAGE_ERROR_TYPE] = INSPECT_DROP_TYPE,
		[MESSAGE_ERROR_RESERVED] = INSPECT_DROP_RESERVED,
		[MESSAGE_ERROR_ADDRESS] = INSPECT_DROP_ADDRESS,
		[MESSAGE_ERROR_INNER] = INSPECT_DROP_INNER,
	};

	return drops[error];
}

static const struct config_rewrite *find_rewrite(const struct inspect_rules *rules,
						 const struct address *advertised)
{
	for (size_t i = 0; i < rules->n_rewrites; i++)
		if (prefix_contains(&rules->rewrites[i].advertised, advertised))
			return &rules->rewrites[i];
	return NULL;
}

bool inspect_allowed(const struct prefix *allow, size_t n, const struct address *relay)
{
	for (size_t i = 0; i < n; i++)
		if (prefix_contains(&allow[i], relay))
			return true;
	return n == 0;
}

struct address inspect_rewrite(const struct config *config, const struct address *advertised)
{
	const struct inspect_rules rules = {
		.rewrites = config->rewrites,
		.n_rewrites = config->n_rewrites,
	};
	const struct config_rewrite *rewrite = find_rewrite(&rules, advertised);

	return rewrite ? rewrite->relay : *advertised;
}

/* The relay address of an Advertisement, RFC 7450, 5.1.2.5: the rest of the message. It may be
 * unusable until [Rewrite] replaces it. AF_UNSPEC: of neither family's length. */
static struct address advertised(const struct packet *packet)
{
	const uint8_t *bytes = packet->payload + ADVERTISEMENT_HEADER;
	struct address address = { .family = AF_UNSPEC };

	if (packet->payload_length == ADVERTISEMENT_HEADER + sizeof(address.in)) {
		address.family = AF_INET;
		memcpy(&address.in, bytes, sizeof(address.in));
	} else if (packet->payload_length == ADVERTISEMENT_HEADER + sizeof(address.in6)) {
		address.family = AF_INET6;
		memcpy(&address.in6, bytes, sizeof(address.in6));
	}
	return address;
}

/* Not message_parse(): the driver has P on a bit of its own. */
bool inspect_asked(const struct packet *packet, struct inspect_asked *ret)
{
	const uint8_t *bytes = packet->payload;

	if (packet->payload_length < ASKED_LENGTH ||
	    (bytes[0] != AMT_DISCOVERY && bytes[0] != AMT_REQUEST))
		return false;
	*ret = (struct inspect_asked){
		.type = bytes[0],
		.relay = address_from_in(packet->destination),
	};
	memcpy(&ret->nonce, bytes + ASKED_NONCE, sizeof(ret->nonce));
	return true;
}

/* The rest is right. */
static enum inspect_drop judge_nonce(const struct inspect_rules *rules, const struct packet *packet,
				     enum message_type question, uint32_t nonce,
				     struct inspect_result *result)
{
	const struct inspect_asked *asked = &rules->asked;
	const struct address source = address_from_in(packet->source);

	if (asked->type == 0)
		return INSPECT_PASS;
	result->answers = asked->type == question && asked->nonce == nonce &&
			  address_equal(&asked->relay, &source);
	return result->answers ? INSPECT_PASS : INSPECT_DROP_NONCE;
}

/* The first rule that matches rewrites; the result must be a valid message. */
static enum inspect_drop inspect_advertisement(const struct inspect_rules *rules,
					       struct packet *packet, struct inspect_result *result)
{
	const struct address address = advertised(packet);
	const struct config_rewrite *rewrite;
	enum message_error error;
	struct message message;

	if (address.family == AF_UNSPEC)
		return INSPECT_DROP_LENGTH;
	result->advertised = address;
	rewrite = find_rewrite(rules, &address);
	if (address_is_set(&rules->believed)) {
		/* The firewall redirects the tunnel; [Rewrite] was applied when the relay was
		 * probed. */
		result->length = packet_set_relay(packet, rules->believed.in);
		result->changed = true;
	} else if (rewrite) {
		result->length = packet_set_relay(packet, rewrite->relay.in);
		result->changed = true;
	}
	error = message_parse(packet->payload, packet->payload_length, &message);
	if (error != MESSAGE_ERROR_NONE)
		return from_error(error);
	if (message.type != AMT_ADVERTISEMENT)
		return INSPECT_DROP_TYPE;
	if (message.advertisement.relay.family != AF_INET)
		return INSPECT_DROP_FAMILY;
	if (!address_is_set(&rules->believed) &&
	    !inspect_allowed(rules->allow, rules->n_allow, &message.advertisement.relay))
		return INSPECT_DROP_ALLOW;
	result->relay = message.advertisement.relay;
	return judge_nonce(rules, packet, AMT_DISCOVERY, message.advertisement.nonce, result);
}

/* A Query's checksum may be incomplete (queue.h), and the firewall clears it where it has flags. */
static void hasten(const struct inspect_rules *rules, struct packet *packet,
		   const struct message_inner *inner, struct inspect_result *result)
{
	uint8_t *query = packet->payload + (inner->data - packet->payload);

	if (!(inner->family == AF_INET6 ? rules->hasten6 : rules->hasten4) ||
	    !group_query_hasten(query, inner->length))
		return;
	packet_clear_checksum(packet);
	result->changed = true;
}

static enum inspect_drop inspect_query(const struct inspect_rules *rules, enum firewall_queue queue,
				       struct packet *packet, struct inspect_result *result)
{
	const uint8_t flags = queue_flags[queue];
	enum message_error error;
	struct message message;

	/* The firewall has cleared the flags for the driver's sake; they belong to the message. */
	if (flags != 0 && packet->payload_length > 1)
		packet->payload[1] = flags;
	error = message_parse(packet->payload, packet->payload_length, &message);
	if (flags != 0 && packet->payload_length > 1)
		packet->payload[1] = 0;
	if (error != MESSAGE_ERROR_NONE)
		return from_error(error);
	if (message.type != AMT_QUERY)
		return INSPECT_DROP_TYPE;

	result->relay = address_from_in(packet->source);
	result->family = message.query.inner.family;
	result->loaded = message.query.l;
	result->ticket.known = true;
	result->ticket.g = message.query.g;
	result->ticket.nonce = message.query.nonce;
	memcpy(result->ticket.mac, message.query.mac, sizeof(result->ticket.mac));
	if (message.query.g) {
		result->seen_as = message.query.gateway.address;
		result->seen_port = message.query.gateway.port;
		result->ticket.gateway = message.query.gateway;
	}
	hasten(rules, packet, &message.query.inner, result);
	return judge_nonce(rules, packet, AMT_REQUEST, message.query.nonce, result);
}

static enum inspect_drop inspect(const struct inspect_rules *rules, enum firewall_queue queue,
				 struct packet *packet, struct inspect_result *result)
{
	const struct address *expected = result->query ? &rules->relay : &rules->discovery;
	const struct address source = address_from_in(packet->source);

	if (address_is_set(expected) && !address_equal(&source, expected))
		return INSPECT_DROP_SOURCE;
	if (packet->source_port != rules->relay_port)
		return INSPECT_DROP_PORT;
	return result->query ? inspect_query(rules, queue, packet, result)
			     : inspect_advertisement(rules, packet, result);
}

static void count_result(struct inspect_counters *counters, const struct inspect_result *result)
{
	counters->seen++;
	if (result->drop != INSPECT_PASS) {
		counters->dropped[result->drop]++;
		return;
	}
	counters->passed++;
	if (result->changed)
		counters->rewritten++;
	if (!result->query)
		return;
	if (result->family == AF_INET6)
		counters->ipv6++;
	else
		counters->ipv4++;
	if (result->loaded)
		counters->loaded++;
	if (result->seen_port != 0)
		counters->gateway_address++;
}

void inspect_packet(const struct inspect_rules *rules, enum firewall_queue queue,
		    struct packet *packet, size_t length, struct inspect_counters *advertisements,
		    struct inspect_counters *queries, struct inspect_result *ret)
{
	struct inspect_result result = {
		.query = queue < FIREWALL_QUEUE_ADVERTISEMENT,
		.length = length,
	};

	result.drop = inspect(rules, queue, packet, &result);
	count_result(result.query ? queries : advertisements, &result);
	*ret = result;
}
