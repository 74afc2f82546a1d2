/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/message-refusal.h"

const char *refusal_name(int refusal)
{
	switch (refusal) {
	case REFUSAL_UNICAST:
		return "unicast_query";
	case REFUSAL_FRAME:
		return "frame";
	case REFUSAL_SUBNET:
		return "subnet";
	default:
		return group_error_name((enum group_error)refusal);
	}
}

unsigned int refusal_lenience(const struct config_forward *config,
			      const struct listener_packet *packet)
{
	return (packet->unicast ? GROUP_UNICAST : GROUP_STRICT) |
	       (config->require_router_alert ? GROUP_STRICT : GROUP_NO_ALERT);
}
