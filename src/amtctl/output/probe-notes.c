/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/probe-notes.h"

#include "base/array.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* RFC 1918. */
static bool is_private(const struct address *address)
{
	uint32_t a = ntohl(address->in.s_addr);

	if (address->family != AF_INET)
		return false;
	return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8;
}

const char *probe_rtt_text(char buf[static RTT_TEXT_MAX], uint64_t usec)
{
	snprintf(buf, RTT_TEXT_MAX, "%" PRIu64 ".%02u ms", usec / 1000,
		 (unsigned int)(usec % 1000 / 10));
	return buf;
}

struct address probe_report_partner(const struct probe_report *report)
{
	if (report->advertised.family != AF_INET ||
	    (is_private(&report->advertised) && !is_private(&report->relay)))
		return report->relay;
	return report->advertised;
}

static bool note_advertised(const struct probe_report *report, char buf[static PROBE_NOTE_MAX])
{
	char advertised[ADDRESS_TEXT_MAX], relay[ADDRESS_TEXT_MAX];

	if (report->answered == 0 || address_equal(&report->advertised, &report->relay))
		return false;
	address_format(&report->advertised, advertised);
	address_format(&report->relay, relay);
	if (report->advertised.family != AF_INET)
		snprintf(buf, PROBE_NOTE_MAX,
			 "advertises %s: not usable yet, the kernel's tunnels run over IPv4 only",
			 advertised);
	else if (is_private(&report->advertised) && !is_private(&report->relay))
		snprintf(
			buf, PROBE_NOTE_MAX,
			"advertises the private address %s (RFC 1918): rewrite it, amtctl create --rewrite %s=%s or [Rewrite] in amt(5)",
			advertised, advertised, relay);
	else
		snprintf(buf, PROBE_NOTE_MAX,
			 "advertises another address than was probed: gateways go to %s",
			 advertised);
	return true;
}

static bool note_flapping(const struct probe_report *report, char buf[static PROBE_NOTE_MAX])
{
	char why[PROBE_TEXT_MAX];

	if (report->answered == 0 || report->last.outcome == PROBE_ANSWERED)
		return false;
	snprintf(buf, PROBE_NOTE_MAX, "last probe not answered: %s",
		 probe_result_format(&report->last, why));
	return true;
}

const char *handshake_seen_text(const struct handshake_answer *answer,
				char buf[static SEEN_TEXT_MAX])
{
	char address[ADDRESS_TEXT_MAX];

	address_format(&answer->seen_as.address, address);
	snprintf(buf, SEEN_TEXT_MAX,
		 answer->seen_as.address.family == AF_INET6 ? "[%s]:%u" : "%s:%u", address,
		 answer->seen_as.port);
	return buf;
}

bool handshake_has_mld(const struct handshake_answer *answer)
{
	return answer->queried && answer->family == AF_INET6;
}

static const char *mld_text(const struct handshake *handshake)
{
	bool rfc = handshake_has_mld(&handshake->mld),
	     driver = handshake_has_mld(&handshake->mld_linux);

	if (rfc && driver)
		return "MLD with P at 0x01 (RFC 7450) and at 0x80 (Linux)";
	if (rfc)
		return "MLD with P at 0x01 (RFC 7450)";
	if (driver)
		return "MLD with P at 0x80 only: a Linux relay without amtd";
	return "no MLD, hence no IPv6 multicast";
}

const char *handshake_error_text(const struct handshake_answer *answer)
{
	if (answer->malformed)
		return message_error_string(answer->message_error);
	if (answer->error != 0)
		return strerror(answer->error);
	return "no answer";
}

static bool note_handshake(const struct probe_report *report, char buf[static PROBE_NOTE_MAX])
{
	const struct handshake_answer *igmp = &report->handshake.igmp;
	char partner[ADDRESS_TEXT_MAX], rtt[RTT_TEXT_MAX], seen[SEEN_TEXT_MAX];

	if (!report->handshaken)
		return false;
	address_format(&report->partner, partner);
	if (!igmp->queried)
		snprintf(buf, PROBE_NOTE_MAX, "handshake with %s: no Query: %s", partner,
			 handshake_error_text(igmp));
	else
		snprintf(buf, PROBE_NOTE_MAX,
			 "handshake with %s: Query after %s, L=%d G=%d%s%s; %s", partner,
			 probe_rtt_text(rtt, igmp->rtt_usec), igmp->l, igmp->g,
			 igmp->g ? ", sees this host as " : "",
			 igmp->g ? handshake_seen_text(igmp, seen) : "",
			 mld_text(&report->handshake));
	return true;
}

static bool note_loaded(const struct probe_report *report, char buf[static PROBE_NOTE_MAX])
{
	if (!report->handshaken || !report->handshake.igmp.l)
		return false;
	snprintf(buf, PROBE_NOTE_MAX, "loaded (L flag), wants no more gateways: use another relay");
	return true;
}

/* drivers/net/amt.c looks tunnels up by the gateway's address alone, and expires them after 260 s:
 * amt_gmi(). */
bool probe_report_pins(const struct probe_report *report)
{
	return report->handshaken && handshake_has_mld(&report->handshake.mld_linux);
}

static bool note_pinned(const struct probe_report *report, char buf[static PROBE_NOTE_MAX])
{
	if (!probe_report_pins(report))
		return false;
	snprintf(
		buf, PROBE_NOTE_MAX,
		"a Linux relay: it keeps the UDP port of this handshake, and will not answer a gateway created here within 5 minutes");
	return true;
}

static bool (*const notes[])(const struct probe_report *report, char buf[static PROBE_NOTE_MAX]) = {
	note_advertised, note_flapping, note_handshake, note_loaded, note_pinned,
};

static_assert(ARRAY_SIZE(notes) == PROBE_NOTES, "all of them");

bool probe_note(const struct probe_report *report, size_t i, char buf[static PROBE_NOTE_MAX])
{
	return notes[i](report, buf);
}
