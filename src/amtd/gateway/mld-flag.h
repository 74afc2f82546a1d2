/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Position of the P flag in a Request: RFC 7450, 5.1.3.4 has it at 0x01, the Linux driver at 0x80,
 * and each ignores the other. Tries one, and tells by the Queries whether the relay understands it.
 */
#ifndef AMTD_GATEWAY_MLD_FLAG_H
#define AMTD_GATEWAY_MLD_FLAG_H

#include "amtd/gateway/gateway.h"

int mld_flag_open(struct gateway *gateway); /* 0 or negative errno */
void mld_flag_close(struct gateway *gateway);

/* A Query with a packet of this family was received. */
void mld_flag_learn(struct gateway *gateway, sa_family_t family);
/* ... and is on its way to the driver: the MLD one must come soon. */
void mld_flag_query_passed(struct gateway *gateway);
/* The relay changed: start over. */
void mld_flag_forget(struct gateway *gateway);

#endif
