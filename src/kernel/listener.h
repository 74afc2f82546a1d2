/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IGMP or MLD on one interface: receives every such packet, to any group, and sends Queries and
 * Reports; packet(7), net/packet/af_packet.c. Ethernet, and devices without link-layer addresses
 * (amt, gre, tun).
 *
 * Own packets are not received, nor are packets with another host's link-layer address. A snooping
 * bridge with a querier on one of its ports does not pass IGMPv1, IGMPv2 and MLDv1 Reports to its
 * own host, unless that host sends Queries, too, or the bridge's mcast_router is 2
 * (net/bridge/br_input.c, br_handle_frame_finish()).
 */
#ifndef AMT_KERNEL_LISTENER_H
#define AMT_KERNEL_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define LISTENER_PACKET_MAX 9216 /* bytes; longer packets are dropped, and counted */

struct listener_packet {
	const void
		*data; /* starts with the IP header; unverified. Lives until the handler returns */
	size_t length;
	bool unicast; /* to an address of one host, mostly of this one, not to a group. By the IP
		       * header: the link layer may carry multicast as unicast (Wi-Fi), or have no
		       * addresses at all. */
	bool to_host; /* Ethernet: the frame has the address of this host alone */
};

/* Must not close the listener. */
typedef void (*listener_handler)(const struct listener_packet *packet, void *userdata);

struct listener_counters {
	uint64_t packets;
	uint64_t dropped; /* no room in the socket: this process was too slow */
	uint64_t too_long;
};

struct listener;

/* AF_INET: IGMP; AF_INET6: MLD. The interface receives all multicast packets (IFF_ALLMULTI) until
 * the close: IGMPv1 and v2 Reports go to their groups. -ENODEV: no such interface; -EPERM: without
 * CAP_NET_RAW. The interface need not be up. */
int listener_open(sa_family_t family, int ifindex, listener_handler handler, void *userdata,
		  struct listener **ret);
void listener_close(struct listener *listener); /* NULL is fine */

/* Non-blocking; readable when packets are pending. Handle at most max of them: the number handled,
 * or negative errno. -ENODEV: the interface was removed, close it. It works again after down and
 * up. */
int listener_fd(const struct listener *listener);
int listener_dispatch(struct listener *listener, unsigned int max);

/* Send a complete IP packet with header and checksums out of the interface. To a group: bypassing
 * the routing table and the firewall, and not received by this host. To one host: by the
 * interface's routing table. -EINVAL: not a packet of the family; -ENETDOWN: the interface is down;
 * -EAGAIN, -ENOBUFS: no room. */
int listener_send(struct listener *listener, const void *packet, size_t length);

const struct listener_counters *listener_counters(struct listener *listener);

#endif
