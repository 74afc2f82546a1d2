/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices as the kernel alone knows them, in the form of amtd's Describe.
 */
#ifndef AMTCTL_OUTPUT_LINK_H
#define AMTCTL_OUTPUT_LINK_H

#include "base/address.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct link_view {
	const char *name, *mode, *operstate;
	const char *lower; /* NULL: not known */
	int port, gateway_port, relay_port, ifindex;
	uint32_t mtu, max_tunnels;
	struct address local, discovery, remote; /* AF_UNSPEC: not known */
	uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets;
};

/* An array; NULL when out of memory. */
json_t *links_to_json(const struct link_view *views, size_t n);

#endif
