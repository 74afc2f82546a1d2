/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages copied from one side to the other. The contents stay; the packet is rebuilt with this
 * host's address on the outgoing interface: it must be one of that network (RFC 9776, 4.1.12 and
 * 9.1), and link-local in MLD.
 */
#ifndef AMTD_FORWARD_PROXY_MESSAGES_H
#define AMTD_FORWARD_PROXY_MESSAGES_H

#include "amtd/forward/forward.h"

/* A Query of upstream goes to all downstream interfaces (ForwardQueries=). */
void proxy_query(struct listener_side *side, const struct group_message *message);
/* An accepted Report or Leave goes to all upstream interfaces (ForwardReports=). */
void proxy_report(struct forward *forward, const struct group_message *message);

#endif
