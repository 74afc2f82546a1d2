/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Local UDP ports of this network namespace: which of them a program may take for good, and which
 * are bound. Host byte order.
 */
#ifndef AMT_KERNEL_LOCAL_PORTS_H
#define AMT_KERNEL_LOCAL_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#define LOCAL_PORTS_FIRST 1024
#define LOCAL_PORTS_COUNT (UINT16_MAX + 1 - LOCAL_PORTS_FIRST)

struct local_ports {
	uint64_t refused[(UINT16_MAX + 1) / 64];  /* a bit for each port */
	uint16_t ephemeral_first, ephemeral_last; /* what the kernel binds by itself */
	unsigned int n_lasting;			  /* those that are neither refused nor ephemeral */
};

/* Pure. The texts are net.ipv4.ip_local_port_range, net.ipv4.ip_local_reserved_ports, and
 * services(5); NULL: not known, as without that file. Refused are: ports below LOCAL_PORTS_FIRST,
 * reserved ones, those of UDP services, and AMT's own. */
void local_ports_fill(struct local_ports *ret, const char *range, const char *reserved,
		      const char *services);
/* The same, of this host. */
void local_ports_read(struct local_ports *ret);

/* ephemeral: may it be one of these? */
bool local_ports_usable(const struct local_ports *ports, uint16_t port, bool ephemeral);

/* A socket has it, UDP or TCP, on any address. */
bool local_ports_bound(uint16_t port);

#endif
