/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts, routers and sources at the peer's end of a link of daemon-world.h, made of packets.
 */
#ifndef TESTS_UNIT_DAEMON_PEER_H
#define TESTS_UNIT_DAEMON_PEER_H

#include "daemon-world.h"
#include "wire/group-message.h"

/* Packets of both families at the peer's interface; close(). */
int peer_open(const char *interface);
/* The same at one of the host's: the other end of a tunnel. */
int peer_open_host(const char *interface);
void peer_send(int fd, const void *packet, size_t length);
/* As text of hex.h. */
void peer_send_hex(int fd, const char *hex);

/* A Report or Leave of one record. version: of IGMP or MLD. to: NULL, as the RFC has it. sources:
 * addresses with blanks between them. */
struct peer_report {
	uint8_t version;
	const char *from, *to;
	enum group_record_type type;
	const char *group, *sources;
};
void peer_report(int fd, const struct peer_report *report);
#define REPORT(fd, ...) peer_report(fd, &(struct peer_report){ __VA_ARGS__ })

/* A General Query; group: one for that group. */
void peer_query(int fd, uint8_t version, const char *from, const char *group);

/* UDP to a group, of this hop limit; mark tells packets apart. */
void peer_data(int fd, const char *source, const char *group, uint8_t hop_limit, uint8_t mark);

/* Takes in what has come: is there such a message, or data? Messages that are passed over are
 * gone. group: NULL, any; "": a General Query. */
bool peer_heard(int fd, enum group_message_type type, const char *group, struct group_message *ret);
bool peer_got(int fd, const char *source, const char *group, uint8_t hop_limit, uint8_t mark);

/* The only record of a Report: its type, and its sources as text. */
enum group_record_type peer_record(const struct group_message *message, const char *group);
const char *peer_sources(const struct group_message *message, const char *group);

#endif
