/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon-amt.h"

#include "addresses.h"
#include "daemon-world.h"
#include "hex.h"
#include "wire/message.h"
#include "wire/packet.h"

#include <err.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TYPES	    8
#define MESSAGE_MAX 1024

static size_t fill_ip(uint8_t *packet, const char *from, const char *to, uint8_t protocol,
		      size_t payload)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = protocol,
		.tot_len = htons((uint16_t)(sizeof(ip) + payload)),
		.saddr = address_of(from).in.s_addr,
		.daddr = address_of(to).in.s_addr,
	};

	ip.check = (uint16_t)~checksum_fold(checksum_add(0, &ip, sizeof(ip)));
	memcpy(packet, &ip, sizeof(ip));
	return sizeof(ip);
}

/* Without a checksum, RFC 768. */
static size_t fill_udp(uint8_t *packet, const struct amt_path *path, size_t payload)
{
	const struct udphdr udp = {
		.uh_sport = htons(path->from_port),
		.uh_dport = htons(path->to_port),
		.uh_ulen = htons((uint16_t)(sizeof(udp) + payload)),
	};

	memcpy(packet, &udp, sizeof(udp));
	return sizeof(udp);
}

struct fake_verdict amt_packet(enum firewall_queue queue, const struct amt_path *path,
			       const char *message)
{
	uint8_t packet[sizeof(struct iphdr) + sizeof(struct udphdr) + MESSAGE_MAX];
	size_t length, at;
	uint8_t *bytes = hex_bytes(message, &length);

	assert_true(length <= MESSAGE_MAX);
	at = fill_ip(packet, path->from, path->to, IPPROTO_UDP, sizeof(struct udphdr) + length);
	at += fill_udp(packet + at, path, length);
	memcpy(packet + at, bytes, length);
	free(bytes);
	return fake_queue_packet(queue, packet, at + length);
}

struct fake_verdict amt_unreachable(const char *from, const struct amt_path *path)
{
	const uint8_t icmp[8] = { 3, 3 }; /* RFC 792: destination unreachable, port */
	const size_t quoted = sizeof(struct iphdr) + sizeof(struct udphdr);
	uint8_t packet[128];
	size_t at = fill_ip(packet, from, path->from, IPPROTO_ICMP, sizeof(icmp) + quoted);

	memcpy(packet + at, icmp, sizeof(icmp));
	at += sizeof(icmp);
	at += fill_ip(packet + at, path->from, path->to, IPPROTO_UDP, sizeof(struct udphdr));
	at += fill_udp(packet + at, path, 0);
	return fake_queue_packet(FIREWALL_QUEUE_UNREACHABLE, packet, at);
}

const uint8_t *amt_message(const struct fake_verdict *verdict, size_t *ret_length)
{
	static uint8_t copy[QUEUE_PACKET_MAX];
	struct packet packet;

	memcpy(copy, verdict->data, verdict->length);
	assert_int_equal(packet_parse(copy, verdict->length, &packet), PACKET_ERROR_NONE);
	*ret_length = packet.payload_length;
	return packet.payload;
}

/* ---- a relay -------------------------------------------------------------------------------- */

struct amt_relay {
	int fd;
	struct address advertised; /* AF_UNSPEC: it does not answer */
	unsigned int counts[TYPES];
	char last[TYPES][2 * MESSAGE_MAX + 1];
};

static void answer(const struct amt_relay *relay, const uint8_t *discovery,
		   const struct sockaddr_in *to)
{
	/* RFC 7450, 5.1.2: type, 3 reserved bytes, the nonce of the Discovery, the address */
	const size_t size = relay->advertised.family == AF_INET6 ? 16 : 4;
	uint8_t message[24] = { AMT_ADVERTISEMENT };

	memcpy(message + 4, discovery + 4, 4);
	memcpy(message + 8, &relay->advertised.in6, size);
	(void)sendto(relay->fd, message, 8 + size, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void take(struct amt_relay *relay, const uint8_t *message, size_t length)
{
	const unsigned int type = message[0];

	if (type >= TYPES)
		return;
	relay->counts[type]++;
	for (size_t i = 0; i < length; i++)
		sprintf(relay->last[type] + 2 * i, "%02x", message[i]);
}

static void serve(void *userdata)
{
	struct amt_relay *relay = userdata;
	uint8_t message[MESSAGE_MAX];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(relay->fd, message, sizeof(message), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &size)) > 0) {
		take(relay, message, (size_t)n);
		if (message[0] == AMT_DISCOVERY && relay->advertised.family != AF_UNSPEC)
			answer(relay, message, &from);
		size = sizeof(from);
	}
}

struct amt_relay *amt_relay_open(const char *address, const char *advertised)
{
	const struct sockaddr_in own = { .sin_family = AF_INET,
					 .sin_port = htons(AMT_PORT),
					 .sin_addr = address_of(address).in };
	struct amt_relay *relay = calloc(1, sizeof(*relay));

	assert_non_null(relay);
	relay->fd = world_peer_socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(relay->fd, (const struct sockaddr *)&own, sizeof(own)) < 0)
		err(1, "bind to %s", address);
	if (advertised)
		relay->advertised = address_of(advertised);
	world_each_turn(serve, relay);
	return relay;
}

void amt_relay_close(struct amt_relay *relay)
{
	world_no_turn(relay);
	close(relay->fd);
	free(relay);
}

unsigned int amt_relay_count(struct amt_relay *relay, unsigned int type)
{
	return relay->counts[type];
}

const char *amt_relay_last(struct amt_relay *relay, unsigned int type)
{
	return relay->last[type];
}
