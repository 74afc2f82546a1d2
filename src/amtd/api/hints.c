/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/hints.h"

#include "base/array.h"

#include <inttypes.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdio.h>

uint32_t hints_payload(uint32_t mtu, sa_family_t family)
{
	const uint32_t headers = sizeof(struct udphdr) +
				 (family == AF_INET6 ? sizeof(struct ip6_hdr) : sizeof(struct ip));

	return mtu > headers ? mtu - headers : 0;
}

/* net/ipv4/ipmr.c, ipmr_queue_xmit(): "Do not fragment multicasts", where DF is set. */
static uint64_t count_too_big4(const struct hint_facts *facts)
{
	return facts->upstream_packets > 0 ? facts->too_big4 : 0;
}

static void explain_too_big4(const struct hint_facts *facts, struct hint *hint)
{
	int n = snprintf(
		hint->text, sizeof(hint->text),
		"this host dropped %" PRIu64
		" IPv4 packets since amtd started that do not fit where they leave, and have Don't Fragment set",
		hint->packets);

	if (facts->mtu > 0)
		snprintf(
			hint->text + n, sizeof(hint->text) - n,
			"; %s carries a UDP payload of %u bytes: let sources send less, or clear DF",
			facts->name, hints_payload(facts->mtu, AF_INET));
	else
		snprintf(
			hint->text + n, sizeof(hint->text) - n,
			"; let sources send less, or clear DF, or raise the MTU of downstream interfaces");
}

/* A source that heeds Packet Too Big loses one packet now and then. */
static uint64_t count_too_big6(const struct hint_facts *facts)
{
	return facts->too_big6 > 1 + facts->sent / 100 ? facts->too_big6 : 0;
}

static void explain_too_big6(const struct hint_facts *facts, struct hint *hint)
{
	snprintf(
		hint->text, sizeof(hint->text),
		"%" PRIu64
		" IPv6 packets were too big for %s, which carries a UDP payload of %u bytes: let sources send less, or let them receive Packet Too Big (ICMPv6)",
		hint->packets, facts->name, hints_payload(facts->mtu, AF_INET6));
}

/* The kernel counts no packet that it does not route because of its TTL: what is left when there is
 * no evidence of another cause. */
static uint64_t count_ttl(const struct hint_facts *facts)
{
	return facts->mode == CONFIG_RELAY && facts->mtu > 0 && facts->sent <= facts->queries &&
			       count_too_big4(facts) == 0 && count_too_big6(facts) == 0
		       ? facts->upstream_packets
		       : 0;
}

static void explain_ttl(const struct hint_facts *facts, struct hint *hint)
{
	snprintf(hint->text, sizeof(hint->text),
		 "packets arrive upstream but none is sent; if their TTL is 1, see TTL= in amt(5)");
}

static uint64_t count_incomplete(const struct hint_facts *facts)
{
	return facts->mode == CONFIG_GATEWAY ? facts->incomplete : 0;
}

static void explain_incomplete(const struct hint_facts *facts, struct hint *hint)
{
	snprintf(
		hint->text, sizeof(hint->text),
		"this host received %" PRIu64
		" packets since amtd started of which fragments were missing: the way from the relay carries less than its link, and loses fragments; MTUBytes= of the relay, or smaller packets, help",
		hint->packets);
}

static const struct cause {
	const char *name;
	uint64_t (*count)(const struct hint_facts *facts); /* the evidence; 0: none */
	void (*explain)(const struct hint_facts *facts, struct hint *hint);
} causes[] = {
	{ "too-big-ipv4", count_too_big4, explain_too_big4 },
	{ "too-big-ipv6", count_too_big6, explain_too_big6 },
	{ "ttl", count_ttl, explain_ttl },
	{ "incomplete", count_incomplete, explain_incomplete },
};

_Static_assert(ARRAY_SIZE(causes) <= HINTS_MAX, "room for all");

size_t hints_find(const struct hint_facts *facts, struct hint ret[static HINTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		struct hint *hint = &ret[n];

		hint->packets = causes[i].count(facts);
		if (hint->packets == 0)
			continue;
		hint->cause = causes[i].name;
		causes[i].explain(facts, hint);
		n++;
	}
	return n;
}
