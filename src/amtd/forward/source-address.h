/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source address of IGMP or MLD messages of this host on an interface.
 */
#ifndef AMTD_FORWARD_SOURCE_ADDRESS_H
#define AMTD_FORWARD_SOURCE_ADDRESS_H

#include "amtd/forward/forward.h"

/* Its first IPv4 address, or its link-local one. AF_UNSPEC: it has none. */
struct address source_address(struct manager *manager, enum family family, int ifindex);

#endif
