/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <amt/leave.h>

#include <amt/packet.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/igmp.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>

#define UPDATE_HEADER	  12 /* RFC 7450, 5.1.5 */
#define CHANGE_TO_INCLUDE 3  /* RFC 9776, 4.2.13; RFC 9777, 5.2.13 */
#define REPORT_HEADER	  8  /* RFC 9776, 4.2; RFC 9777, 5.2 */
#define IGMP3_REPORT	  0x22
#define MLD2_REPORT	  143

struct headers4 {
	struct iphdr ip;
	uint8_t alert[4]; /* Router Alert, RFC 2113 */
};

struct headers6 {
	struct ip6_hdr ip;
	uint8_t alert[8]; /* Hop-by-Hop header with the Router Alert, RFC 2711 */
};

struct pseudo6 {
	struct in6_addr source, destination;
	uint32_t length, next;
};

struct writer {
	const struct leave *leave;
	leave_each each;
	void *userdata;
	size_t mtu;
	uint8_t packet[LEAVE_MTU_MAX];
	uint8_t message[UPDATE_HEADER + LEAVE_MTU_MAX];
};

/* IPv4 and its checksums around the IGMP message that lies behind the headers' place. */
static void seal4(struct writer *writer, size_t length, const struct address *destination,
		  bool single)
{
	struct headers4 headers = {
		.ip = {
			.version = 4,
			.ihl = sizeof(headers) / 4,
			.tos = IPTOS_PREC_INTERNETCONTROL, /* RFC 9776, 4 */
			.tot_len = htons((uint16_t)(sizeof(headers) + length)),
			.ttl = 1,
			.protocol = IPPROTO_IGMP,
			.saddr = writer->leave->source.s_addr,
			.daddr = destination->in.s_addr,
		},
		.alert = { 0x94, 4 },
	};
	uint8_t *message = writer->packet + sizeof(headers);
	uint16_t check = (uint16_t)~checksum_fold(checksum_add(0, message, length));

	memcpy(message + 2, &check, sizeof(check));
	headers.ip.check = (uint16_t)~checksum_fold(checksum_add(0, &headers, sizeof(headers)));
	memcpy(writer->packet, &headers, sizeof(headers));
}

/* A link-local address of which the middle names the host to those who look there. */
static struct in6_addr single_source(const struct in6_addr *host)
{
	struct in6_addr source = { .s6_addr = { 0xfe, 0x80 } };

	memcpy(source.s6_addr + 4, host->s6_addr, 4);
	return source;
}

static void seal6(struct writer *writer, size_t length, const struct address *destination,
		  bool single)
{
	const struct in6_addr *host = &writer->leave->source6;
	const struct headers6 headers = {
		.ip = {
			.ip6_flow = htonl(6U << 28),
			.ip6_plen = htons((uint16_t)(sizeof(headers.alert) + length)),
			.ip6_nxt = IPPROTO_HOPOPTS,
			.ip6_hlim = 1,
			.ip6_src = single ? single_source(host) : *host,
			.ip6_dst = destination->in6,
		},
		.alert = { IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0 },
	};
	const struct pseudo6 pseudo = {
		.source = headers.ip.ip6_src,
		.destination = headers.ip.ip6_dst,
		.length = htonl((uint32_t)length),
		.next = htonl(IPPROTO_ICMPV6),
	};
	uint8_t *message = writer->packet + sizeof(headers);
	uint16_t check;

	check = (uint16_t)~checksum_fold(
		checksum_add(checksum_add(0, &pseudo, sizeof(pseudo)), message, length));
	memcpy(message + 2, &check, sizeof(check));
	memcpy(writer->packet, &headers, sizeof(headers));
}

/* How a family's groups are left. */
static const struct manner {
	sa_family_t family;
	size_t headers;				 /* before the IGMP or MLD message */
	size_t address;				 /* bytes */
	uint8_t report;				 /* of the version with records */
	uint8_t single;				 /* Leave, Done: of one group */
	size_t single_group;			 /* where that is */
	struct address all_reports, all_singles; /* where they go to */
	void (*seal)(struct writer *writer, size_t length, const struct address *destination,
		     bool single);
} manners[] = {
	{
		.family = AF_INET,
		.headers = sizeof(struct headers4),
		.address = sizeof(struct in_addr),
		.report = IGMP3_REPORT,
		.single = IGMP_HOST_LEAVE_MESSAGE,
		.single_group = 4,
		.all_reports = { AF_INET, { .in6.s6_addr = { 224, 0, 0, 22 } } },
		.all_singles = { AF_INET, { .in6.s6_addr = { 224, 0, 0, 2 } } },
		.seal = seal4,
	},
	{
		.family = AF_INET6,
		.headers = sizeof(struct headers6),
		.address = sizeof(struct in6_addr),
		.report = MLD2_REPORT,
		.single = MLD_LISTENER_REDUCTION,
		.single_group = 8,
		.all_reports = { AF_INET6, { .in6.s6_addr = { 0xff, 2, [15] = 0x16 } } },
		.all_singles = { AF_INET6, { .in6.s6_addr = { 0xff, 2, [15] = 2 } } },
		.seal = seal6,
	},
};
#define N_MANNERS (sizeof(manners) / sizeof(manners[0]))

/* A relay has one tunnel for both; the other family's ticket is as good where its own is missing.
 */
static const struct leave_ticket *find_ticket(const struct leave_tickets *tickets, bool mld)
{
	const struct leave_ticket *own = mld ? &tickets->mld : &tickets->igmp;

	return own->known ? own : mld ? &tickets->igmp : &tickets->mld;
}

static int emit(struct writer *writer, const struct message *message)
{
	ssize_t n = message_build(message, writer->message, sizeof(writer->message));

	return n < 0 ? (int)n : writer->each(writer->message, (size_t)n, writer->userdata);
}

/* The IGMP or MLD message of so many bytes in an Update. */
static int emit_update(struct writer *writer, const struct manner *manner, size_t length,
		       bool single)
{
	const struct leave_ticket *ticket =
		find_ticket(writer->leave->tickets, manner->family == AF_INET6);
	struct message message = {
		.type = AMT_UPDATE,
		.update = {
			.nonce = ticket->nonce,
			.inner = {
				.data = writer->packet,
				.length = manner->headers + length,
				.family = manner->family,
			},
		},
	};

	memcpy(message.update.mac, ticket->mac, sizeof(message.update.mac));
	manner->seal(writer, length, single ? &manner->all_singles : &manner->all_reports, single);
	return emit(writer, &message);
}

/* As many Reports as it takes. */
static int emit_reports(struct writer *writer, const struct manner *manner)
{
	uint8_t *report = writer->packet + manner->headers;
	const size_t record = 4 + manner->address;
	const size_t most = (writer->mtu - manner->headers - REPORT_HEADER) / record;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i <= writer->leave->n_groups && r == 0; i++) {
		const bool end = i == writer->leave->n_groups;
		uint8_t *to = report + REPORT_HEADER + n * record;

		if (n > 0 && (end || n == most)) {
			memset(report, 0, REPORT_HEADER);
			report[0] = manner->report;
			report[6] = (uint8_t)(n >> 8);
			report[7] = (uint8_t)n;
			r = emit_update(writer, manner, REPORT_HEADER + n * record, false);
			to = report + REPORT_HEADER;
			n = 0;
		}
		if (end || writer->leave->groups[i].family != manner->family)
			continue;
		memset(to, 0, 4);
		to[0] = CHANGE_TO_INCLUDE;
		memcpy(to + 4, &writer->leave->groups[i].in6, manner->address);
		n++;
	}
	return r;
}

static int emit_singles(struct writer *writer, const struct manner *manner)
{
	const size_t length = manner->single_group + manner->address;
	uint8_t *message = writer->packet + manner->headers;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < writer->leave->n_groups && n < LEAVE_SINGLE_MAX && r == 0; i++) {
		if (writer->leave->groups[i].family != manner->family)
			continue;
		memset(message, 0, manner->single_group);
		message[0] = manner->single;
		memcpy(message + manner->single_group, &writer->leave->groups[i].in6,
		       manner->address);
		r = emit_update(writer, manner, length, true);
		n++;
	}
	return r;
}

static int emit_teardown(struct writer *writer, const struct leave_ticket *ticket)
{
	struct message message = {
		.type = AMT_TEARDOWN,
		.teardown = { .nonce = ticket->nonce, .gateway = ticket->gateway },
	};

	memcpy(message.teardown.mac, ticket->mac, sizeof(message.teardown.mac));
	return emit(writer, &message);
}

static size_t clamp(size_t mtu)
{
	if (mtu < LEAVE_MTU_MIN)
		return LEAVE_MTU_MIN;
	return mtu > LEAVE_MTU_MAX ? LEAVE_MTU_MAX : mtu;
}

int leave_messages(const struct leave *leave, leave_each each, void *userdata)
{
	const struct leave_ticket *last = find_ticket(leave->tickets, leave->tickets->mld_last);
	struct writer writer = {
		.leave = leave,
		.each = each,
		.userdata = userdata,
		.mtu = clamp(leave->mtu),
	};
	const struct message request = {
		.type = AMT_REQUEST,
		.request = { .nonce = last->nonce },
	};
	int r = 0;

	if (!last->known)
		return 0;
	if (!last->g && leave->n_groups > 0)
		r = emit(&writer, &request);
	for (size_t i = 0; i < N_MANNERS && r == 0; i++)
		r = emit_reports(&writer, &manners[i]);
	if (r == 0 && last->g)
		return emit_teardown(&writer, last);
	for (size_t i = 0; i < N_MANNERS && r == 0; i++)
		r = emit_singles(&writer, &manners[i]);
	return r;
}
