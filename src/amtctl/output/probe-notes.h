/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notes on a relay that was probed, a line each: what an answer means for a gateway.
 */
#ifndef AMTCTL_OUTPUT_PROBE_NOTES_H
#define AMTCTL_OUTPUT_PROBE_NOTES_H

#include "amtctl/output/probe-report.h"

#define PROBE_NOTE_MAX 512
#define RTT_TEXT_MAX   32
#define SEEN_TEXT_MAX  (ADDRESS_TEXT_MAX + 9)

/* Note i of those that there can be: false where it does not apply. */
#define PROBE_NOTES 5
bool probe_note(const struct probe_report *report, size_t i, char buf[static PROBE_NOTE_MAX]);

/* Where a gateway would send its Requests: the advertised address, but the probed one where only
 * the advertised one is private. */
struct address probe_report_partner(const struct probe_report *report);

/* Does the relay keep the port of the handshake, so that no gateway here gets a Query? */
bool probe_report_pins(const struct probe_report *report);

/* Parts of notes. "10.25 ms"; "192.0.2.1:4000"; why no Query came; whether a Query has MLD. */
const char *probe_rtt_text(char buf[static RTT_TEXT_MAX], uint64_t usec);
const char *handshake_seen_text(const struct handshake_answer *answer,
				char buf[static SEEN_TEXT_MAX]);
const char *handshake_error_text(const struct handshake_answer *answer);
bool handshake_has_mld(const struct handshake_answer *answer);

#endif
