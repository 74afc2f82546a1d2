/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/leave.h"

#include "wire/group-build.h"

#include <string.h>

#define UPDATE_HEADER 12 /* RFC 7450, 5.1.5 */

/* A Report without records, with its IP header: 20 + 4 + 8, 40 + 8 + 8; and a record without
 * sources. RFC 9776, 4.2; RFC 9777, 5.2. */
#define REPORT4_LENGTH 32
#define REPORT6_LENGTH 56
#define RECORD4_LENGTH 8
#define RECORD6_LENGTH 20

#define RECORDS_MAX ((LEAVE_MTU_MAX - REPORT4_LENGTH) / RECORD4_LENGTH)

struct writer {
	const struct leave *leave;
	leave_each each;
	void *userdata;
	struct group_record records[RECORDS_MAX];
	uint8_t packet[LEAVE_MTU_MAX];
	uint8_t message[UPDATE_HEADER + LEAVE_MTU_MAX];
};

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

/* The first n records, all of one family, in an Update. */
static int emit_update(struct writer *writer, sa_family_t family, uint8_t version, uint16_t n,
		       const struct address *source)
{
	const struct leave_ticket *ticket = find_ticket(writer->leave->tickets, family == AF_INET6);
	struct message message = { .type = AMT_UPDATE, .update = { .nonce = ticket->nonce } };
	ssize_t length;

	length = group_report_build(family, version, writer->records, n, source, NULL,
				    writer->packet, sizeof(writer->packet));
	if (length < 0)
		return (int)length;
	memcpy(message.update.mac, ticket->mac, sizeof(message.update.mac));
	message.update.inner.data = writer->packet;
	message.update.inner.length = (size_t)length;
	message.update.inner.family = family;
	return emit(writer, &message);
}

static struct address host_of(const struct leave *leave, sa_family_t family)
{
	struct address host = { .family = family };

	if (family == AF_INET)
		host.in = leave->source;
	else
		host.in6 = leave->source6;
	return host;
}

/* As many to a packet as its length allows. */
static uint16_t count_records(const struct leave *leave, sa_family_t family)
{
	size_t mtu = leave->mtu;

	if (mtu < LEAVE_MTU_MIN)
		mtu = LEAVE_MTU_MIN;
	if (mtu > LEAVE_MTU_MAX)
		mtu = LEAVE_MTU_MAX;
	return family == AF_INET ? (mtu - REPORT4_LENGTH) / RECORD4_LENGTH
				 : (mtu - REPORT6_LENGTH) / RECORD6_LENGTH;
}

static struct group_record record_of(const struct address *group)
{
	return (struct group_record){ .type = GROUP_CHANGE_TO_INCLUDE, .group = *group };
}

/* IGMPv3 or MLDv2 Reports of all groups of the family. */
static int emit_reports(struct writer *writer, sa_family_t family)
{
	const struct address source = host_of(writer->leave, family);
	const uint16_t most = count_records(writer->leave, family);
	const uint8_t version = family == AF_INET ? 3 : 2;
	uint16_t n = 0;
	int r = 0;

	for (size_t i = 0; i < writer->leave->n_groups && r == 0; i++) {
		if (writer->leave->groups[i].family != family)
			continue;
		writer->records[n++] = record_of(&writer->leave->groups[i]);
		if (n < most)
			continue;
		r = emit_update(writer, family, version, n, &source);
		n = 0;
	}
	return r == 0 && n > 0 ? emit_update(writer, family, version, n, &source) : r;
}

/* Source of a Done: a link-local address whose middle identifies the host to the Linux relay. */
static struct address done_source(const struct in6_addr *host)
{
	struct address source = { AF_INET6, { .in6.s6_addr = { 0xfe, 0x80 } } };

	memcpy(source.in6.s6_addr + 4, host->s6_addr, 4);
	return source;
}

/* IGMPv2 Leaves or MLDv1 Dones. */
static int emit_singles(struct writer *writer, sa_family_t family)
{
	const struct address source = family == AF_INET ? host_of(writer->leave, family)
							: done_source(&writer->leave->source6);
	const uint8_t version = family == AF_INET ? 2 : 1;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < writer->leave->n_groups && n < LEAVE_SINGLE_MAX && r == 0; i++) {
		if (writer->leave->groups[i].family != family)
			continue;
		writer->records[0] = record_of(&writer->leave->groups[i]);
		r = emit_update(writer, family, version, 1, &source);
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

int leave_messages(const struct leave *leave, leave_each each, void *userdata)
{
	const struct leave_ticket *last = find_ticket(leave->tickets, leave->tickets->mld_last);
	struct writer writer = { .leave = leave, .each = each, .userdata = userdata };
	const struct message request = {
		.type = AMT_REQUEST,
		.request = { .nonce = last->nonce },
	};
	int r = 0;

	if (!last->known)
		return 0;
	if (!last->g && leave->n_groups > 0)
		r = emit(&writer, &request);
	if (r == 0)
		r = emit_reports(&writer, AF_INET);
	if (r == 0)
		r = emit_reports(&writer, AF_INET6);
	if (r == 0 && last->g)
		return emit_teardown(&writer, last);
	if (r == 0)
		r = emit_singles(&writer, AF_INET);
	return r == 0 ? emit_singles(&writer, AF_INET6) : r;
}
