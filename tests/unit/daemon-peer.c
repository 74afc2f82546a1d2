/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon-peer.h"

#include "addresses.h"
#include "hex.h"
#include "wire/group-build.h"
#include "wire/packet.h"

#include <err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKET_MAX  2048
#define SOURCES_MAX 64
#define MARK_LENGTH 8 /* bytes of data */

static struct sockaddr_ll link_address(int fd)
{
	struct sockaddr_ll sa;
	socklen_t size = sizeof(sa);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &size), 0);
	return sa;
}

static int bind_to(int fd, const char *interface)
{
	struct sockaddr_ll sa = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
		err(1, "%s", interface);
	sa.sll_ifindex = request.ifr_ifindex;
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "%s", interface);
	return fd;
}

int peer_open(const char *interface)
{
	return bind_to(world_peer_socket(AF_PACKET, SOCK_DGRAM, 0), interface);
}

int peer_open_host(const char *interface)
{
	return bind_to(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), interface);
}

/* What a group's packets are addressed to on Ethernet: RFC 1112, 6.4, and RFC 2464, 7. One host's
 * are broadcast: that reaches it, too. */
static void fill_ethernet(struct sockaddr_ll *sa, const uint8_t *packet)
{
	sa->sll_halen = ETH_ALEN;
	memset(sa->sll_addr, 0xff, ETH_ALEN);
	if (packet[0] >> 4 == 6) {
		sa->sll_protocol = htons(ETH_P_IPV6);
		memcpy(sa->sll_addr, "\x33\x33", 2);
		memcpy(sa->sll_addr + 2, packet + 36, 4);
		return;
	}
	sa->sll_protocol = htons(ETH_P_IP);
	if (packet[16] >> 4 != 14)
		return;
	memcpy(sa->sll_addr, "\x01\x00\x5e", 3);
	memcpy(sa->sll_addr + 3, packet + 17, 3);
	sa->sll_addr[3] &= 0x7f;
}

void peer_send(int fd, const void *packet, size_t length)
{
	struct sockaddr_ll sa = link_address(fd);

	fill_ethernet(&sa, packet);
	if (sendto(fd, packet, length, 0, (struct sockaddr *)&sa, sizeof(sa)) != (ssize_t)length)
		err(1, "sendto");
}

void peer_send_hex(int fd, const char *hex)
{
	size_t length;
	uint8_t *packet = hex_bytes(hex, &length);

	peer_send(fd, packet, length);
	free(packet);
}

void peer_report(int fd, const struct peer_report *report)
{
	const struct address from = address_of(report->from);
	const struct address to = report->to ? address_of(report->to) : (struct address){ 0 };
	uint8_t packet[PACKET_MAX], sources[SOURCES_MAX * 16];
	struct group_record record = { .type = report->type,
				       .group = address_of(report->group),
				       .sources.data = sources };
	char copy[1024], *save = NULL;
	size_t used = 0;
	ssize_t length;

	snprintf(copy, sizeof(copy), "%s", report->sources ?: "");
	for (char *s = strtok_r(copy, " ", &save); s; s = strtok_r(NULL, " ", &save)) {
		const struct address source = address_of(s);

		assert_true(record.sources.n < SOURCES_MAX);
		used += group_put_source(&source, sources + used);
		record.sources.n++;
	}
	length = group_report_build(record.group.family, report->version, &record, 1, &from,
				    report->to ? &to : NULL, packet, sizeof(packet));
	assert_true(length > 0);
	peer_send(fd, packet, (size_t)length);
}

void peer_query(int fd, uint8_t version, const char *from, const char *group)
{
	const struct address source = address_of(from);
	const struct group_query query = {
		.version = version,
		.group = *group ? address_of(group) : (struct address){ 0 },
		.max_response_usec = USEC_PER_SEC,
		.robustness = 2,
		.interval_usec = 125 * USEC_PER_SEC,
	};
	uint8_t packet[PACKET_MAX];
	ssize_t length =
		group_query_build(source.family, &query, &source, NULL, packet, sizeof(packet));

	assert_true(length > 0);
	peer_send(fd, packet, (size_t)length);
}

static size_t fill_udp(uint8_t *p, uint8_t mark)
{
	struct udphdr udp = { .uh_sport = htons(5000),
			      .uh_dport = htons(5001),
			      .uh_ulen = htons(sizeof(udp) + MARK_LENGTH) };

	memcpy(p, &udp, sizeof(udp));
	memset(p + sizeof(udp), mark, MARK_LENGTH);
	return sizeof(udp) + MARK_LENGTH;
}

void peer_data(int fd, const char *source, const char *group, uint8_t hop_limit, uint8_t mark)
{
	const struct address from = address_of(source), to = address_of(group);
	uint8_t packet[128];
	size_t length;

	if (from.family == AF_INET) {
		struct iphdr ip = { .version = 4, .ihl = 5, .ttl = hop_limit, .protocol = 17 };

		length = sizeof(ip) + fill_udp(packet + sizeof(ip), mark);
		ip.tot_len = htons((uint16_t)length);
		ip.saddr = from.in.s_addr;
		ip.daddr = to.in.s_addr;
		ip.check = (uint16_t)~checksum_fold(checksum_add(0, &ip, sizeof(ip)));
		memcpy(packet, &ip, sizeof(ip));
	} else {
		struct ip6_hdr ip6 = { .ip6_flow = htonl(6u << 28),
				       .ip6_nxt = 17,
				       .ip6_hlim = hop_limit };

		length = fill_udp(packet + sizeof(ip6), mark);
		ip6.ip6_plen = htons((uint16_t)length);
		ip6.ip6_src = from.in6;
		ip6.ip6_dst = to.in6;
		memcpy(packet, &ip6, sizeof(ip6));
		length += sizeof(ip6);
	}
	peer_send(fd, packet, length);
}

/* The next packet that came in there; 0: none. */
static size_t receive(int fd, uint8_t packet[static PACKET_MAX])
{
	struct sockaddr_ll sa;
	socklen_t size;
	ssize_t n;

	do {
		size = sizeof(sa);
		n = recvfrom(fd, packet, PACKET_MAX, MSG_DONTWAIT, (struct sockaddr *)&sa, &size);
	} while (n >= 0 && sa.sll_pkttype == PACKET_OUTGOING);
	return n > 0 ? (size_t)n : 0;
}

static bool is_about(const struct group_message *message, const char *group)
{
	const struct address wanted = *group ? address_of(group) : (struct address){ 0 };
	struct group_record record;
	size_t at = 0;

	if (message->type == GROUP_QUERY)
		return *group ? address_equal(&message->query.group, &wanted)
			      : message->query.group.family == AF_UNSPEC;
	while (group_next_record(message, &at, &record))
		if (address_equal(&record.group, &wanted))
			return true;
	return false;
}

bool peer_heard(int fd, enum group_message_type type, const char *group, struct group_message *ret)
{
	static uint8_t packet[PACKET_MAX];
	struct group_message message;
	size_t length;

	while ((length = receive(fd, packet)) > 0) {
		if (group_message_parse(packet, length, GROUP_UNICAST, &message) !=
			    GROUP_ERROR_NONE ||
		    message.type != type || (group && !is_about(&message, group)))
			continue;
		if (ret)
			*ret = message;
		return true;
	}
	return false;
}

bool peer_got(int fd, const char *source, const char *group, uint8_t hop_limit, uint8_t mark)
{
	const struct address from = address_of(source), to = address_of(group);
	const bool v6 = from.family == AF_INET6;
	const size_t header = v6 ? sizeof(struct ip6_hdr) : sizeof(struct iphdr);
	uint8_t packet[PACKET_MAX];
	size_t length;

	while ((length = receive(fd, packet)) > 0)
		if (length >= header + sizeof(struct udphdr) + MARK_LENGTH &&
		    packet[0] >> 4 == (v6 ? 6 : 4) && packet[v6 ? 6 : 9] == IPPROTO_UDP &&
		    memcmp(packet + (v6 ? 8 : 12), &from.in6, v6 ? 16 : 4) == 0 &&
		    memcmp(packet + (v6 ? 24 : 16), &to.in6, v6 ? 16 : 4) == 0 &&
		    packet[v6 ? 7 : 8] == hop_limit &&
		    packet[header + sizeof(struct udphdr)] == mark)
			return true;
	return false;
}

static struct group_record find_record(const struct group_message *message, const char *group)
{
	const struct address wanted = address_of(group);
	struct group_record record;
	size_t at = 0;

	while (group_next_record(message, &at, &record))
		if (address_equal(&record.group, &wanted))
			return record;
	fail_msg("no record of %s", group);
	return record;
}

enum group_record_type peer_record(const struct group_message *message, const char *group)
{
	return find_record(message, group).type;
}

const char *peer_sources(const struct group_message *message, const char *group)
{
	const struct group_record record = find_record(message, group);
	static char all[1024];
	char text[ADDRESS_TEXT_MAX];
	struct address source;
	size_t n = 0;

	all[0] = '\0';
	for (uint16_t i = 0; i < record.sources.n; i++) {
		group_source(&record.sources, record.group.family, i, &source);
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i ? " " : "",
				      address_format(&source, text));
	}
	return all;
}
