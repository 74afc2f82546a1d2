/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where P of a Request is: RFC 7450, 5.1.3.4 has it at 0x01, the Linux driver at 0x80, and either
 * ignores the other. Try one, see by the Queries that come which the relay understands.
 */
#ifndef AMTD_GATEWAY_MLD_FLAG_H
#define AMTD_GATEWAY_MLD_FLAG_H

#include "amtd/gateway/gateway.h"

int mld_flag_open(struct gateway *gateway); /* 0 or negative errno */
void mld_flag_close(struct gateway *gateway);

/* A Query with a packet of this family in it came. */
void mld_flag_learn(struct gateway *gateway, sa_family_t family);
/* ... and is on its way to the driver: the MLD one must come soon. */
void mld_flag_query_passed(struct gateway *gateway);
/* Another relay: what was learnt of the previous one says nothing of this one. */
void mld_flag_forget(struct gateway *gateway);

#endif
