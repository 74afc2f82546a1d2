/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IGMP and MLD messages as IP packets: TTL or hop limit 1, Router Alert, checksums. Pure: no
 * I/O, no allocation, no globals.
 *
 * source AF_UNSPEC: 0.0.0.0 or ::. destination NULL: as the RFC has it. Both return the packet's
 * length, -ENOBUFS if it does not fit into size, -EMSGSIZE if into no packet, or -EINVAL if the
 * version cannot express it.
 */
#ifndef AMT_WIRE_GROUP_BUILD_H
#define AMT_WIRE_GROUP_BUILD_H

#include "wire/group-message.h"

#include <sys/types.h>

/* Times without a code are rounded down. */
ssize_t group_query_build(sa_family_t family, const struct group_query *query,
			  const struct address *source, const struct address *destination,
			  void *buf, size_t size);

/* Versions before IGMPv3 and MLDv2 take one record, without sources: of an EXCLUDE type (a Report)
 * or CHANGE_TO_INCLUDE (a Leave, not in IGMPv1). */
ssize_t group_report_build(sa_family_t family, uint8_t version, const struct group_record *records,
			   uint16_t n, const struct address *source,
			   const struct address *destination, void *buf, size_t size);

/* Edit a packet in place that is a General Query of IGMPv3 or MLDv2, so that hosts answer at once:
 * a Max Resp Code of 0. False: it is none, and untouched. */
bool group_query_hasten(void *packet, size_t length);

/* For group_sources.data: one source after the other. Returns the bytes written, 4 or 16. */
size_t group_put_source(const struct address *source, uint8_t *to);

#endif
