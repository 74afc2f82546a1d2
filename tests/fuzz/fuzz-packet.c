/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a packet of the queue: what is accepted is edited as an Advertisement is (a new
 * relay), or trimmed, and must be as whole afterwards as it was before: lengths agree, a checksum
 * is right if and only if it was, and none stays none.
 */
#include "../checksum.h"
#include "input.h"
#include "wire/message.h"
#include "wire/packet.h"

#include <stdlib.h>
#include <string.h>

enum checksum {
	CHECKSUM_NONE,
	CHECKSUM_RIGHT,
	CHECKSUM_WRONG,
};

static enum checksum judge(uint32_t sum)
{
	return plain_fold(sum) == 0xffff ? CHECKSUM_RIGHT : CHECKSUM_WRONG;
}

static enum checksum ip_checksum(const struct packet *packet)
{
	return judge(plain_sum(packet->ip, (size_t)(packet->udp - packet->ip)));
}

static enum checksum udp_checksum(const struct packet *packet)
{
	size_t length = packet->payload_length + 8;

	if (packet->udp[6] == 0 && packet->udp[7] == 0)
		return CHECKSUM_NONE;
	return judge(plain_sum(packet->ip + 12, 8) + IPPROTO_UDP + (uint32_t)length +
		     plain_sum(packet->udp, length));
}

static size_t edit(struct packet *packet, const uint8_t *data, size_t size)
{
	struct in_addr relay;
	struct message message;

	if (message_parse(packet->payload, packet->payload_length, &message) ==
		    MESSAGE_ERROR_NONE &&
	    message.type == AMT_ADVERTISEMENT) {
		memcpy(&relay, data + size - sizeof(relay), sizeof(relay));
		return packet_set_relay(packet, relay);
	}
	return packet_trim(packet,
			   packet->payload_length ? data[size - 1] % packet->payload_length : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);
	struct packet_error_quote quote;
	struct packet before, packet, after;
	enum checksum ip, udp;
	size_t total;

	if (size)
		memcpy(copy, data, size);
	(void)packet_parse_error(copy, size, &quote); /* reads within its bounds */
	if (packet_parse(copy, size, &packet) != PACKET_ERROR_NONE)
		goto out;
	REQUIRE(packet.ip == copy && packet.udp >= copy + 20 && packet.payload == packet.udp + 8);
	REQUIRE(packet.payload + packet.payload_length <= copy + size);

	before = packet;
	ip = ip_checksum(&packet);
	udp = udp_checksum(&packet);
	total = edit(&packet, data, size);
	REQUIRE(total <= size);

	/* what was cut off is no longer needed, and nothing else moved */
	REQUIRE(packet_parse(copy, total, &after) == PACKET_ERROR_NONE);
	REQUIRE(after.payload == before.payload && after.payload_length == packet.payload_length);
	REQUIRE(after.payload + after.payload_length == copy + total);
	REQUIRE(after.source.s_addr == before.source.s_addr);
	REQUIRE(after.destination.s_addr == before.destination.s_addr);
	REQUIRE(after.source_port == before.source_port);
	REQUIRE(after.destination_port == before.destination_port);
	REQUIRE(ip_checksum(&after) == ip);
	REQUIRE(udp_checksum(&after) == udp);
out:
	free(copy);
	return 0;
}
