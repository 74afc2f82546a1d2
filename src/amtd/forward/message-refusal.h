/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why an IGMP or MLD message does not count: enum group_error, or what its bytes do not show.
 */
#ifndef AMTD_FORWARD_MESSAGE_REFUSAL_H
#define AMTD_FORWARD_MESSAGE_REFUSAL_H

#include "device/config-forward.h"
#include "kernel/listener.h"
#include "wire/group-message.h"

enum refusal {
	REFUSAL_NONE = GROUP_ERROR_NONE,
	REFUSAL_UNICAST = _GROUP_ERROR_MAX, /* Queries to this host: the others do not hear them */
	REFUSAL_FRAME,	/* Queries to all in an Ethernet frame to this host: as above */
	REFUSAL_SUBNET, /* Queries from an address of another subnet */
	_REFUSAL_MAX,
};

const char *refusal_name(int refusal); /* one word, for metrics */

/* For group_message_parse(). */
unsigned int refusal_lenience(const struct config_forward *config,
			      const struct listener_packet *packet);

#endif
