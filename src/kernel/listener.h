/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IGMP or MLD on one interface: every such packet that comes in, to whatever group, and sending
 * Queries and Reports; packet(7), net/packet/af_packet.c. Ethernet, and devices without link-layer
 * addresses (amt, gre, tun).
 *
 * What this host sends itself is not heard, nor are packets that the link layer addressed to
 * another host. A bridge with snooping that has heard a querier on one of its ports keeps IGMPv1,
 * IGMPv2 and MLDv1 Reports from its own host, unless that host sends Queries, too, or the bridge's
 * mcast_router is 2 (net/bridge/br_input.c, br_handle_frame_finish()).
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
};

/* Must not close the listener. */
typedef void (*listener_handler)(const struct listener_packet *packet, void *userdata);

struct listener_counters {
	uint64_t packets;
	uint64_t dropped; /* no room in the socket: this process was too slow */
	uint64_t too_long;
};

struct listener;

/* AF_INET: IGMP; AF_INET6: MLD. The interface is made to take in all multicast packets
 * (IFF_ALLMULTI) until the close: IGMPv1 and v2 Reports go to their groups. -ENODEV: no such
 * interface; -EPERM: without CAP_NET_RAW. The interface need not be up. */
int listener_open(sa_family_t family, int ifindex, listener_handler handler, void *userdata,
		  struct listener **ret);
void listener_close(struct listener *listener); /* NULL is fine */

/* Non-blocking; readable when packets wait. Handle at most max of them: the number handled, or
 * negative errno. -ENODEV: the interface is gone for good, close it. Down and up again is survived.
 */
int listener_fd(const struct listener *listener);
int listener_dispatch(struct listener *listener, unsigned int max);

/* Send a whole IP packet with its header and checksums out of the interface. To a group: past the
 * routing table and the firewall, and not heard by this host. To one host: as the routing table of
 * the interface has it. -EINVAL: not a packet of the family; -ENETDOWN: the interface is down;
 * -EAGAIN, -ENOBUFS: no room. */
int listener_send(struct listener *listener, const void *packet, size_t length);

const struct listener_counters *listener_counters(struct listener *listener);

#endif
