/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Receive buffer, including the kernel's overhead: one General Query makes every host of a network
 * answer. */
#define RECEIVE_BYTES (2 << 20)

struct listener {
	int fd;
	int raw; /* sends to one host; -1 until needed */
	sa_family_t family;
	int ifindex;
	bool ethernet;
	listener_handler handler;
	void *userdata;
	struct listener_counters counters;
};

#define LOAD_BYTE(at)	   BPF_STMT(BPF_LD | BPF_B | BPF_ABS, at)
#define LOAD_HALF(at)	   BPF_STMT(BPF_LD | BPF_H | BPF_ABS, at)
#define ELSE_SKIP(k, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, skip)
#define IF_SKIP(k, skip)   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, skip, 0)
#define TAKE		   BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)
#define LEAVE		   BPF_STMT(BPF_RET | BPF_K, 0)

/* Packets of protocol 2. Offsets are from the IP header, where SOCK_DGRAM begins. A
 * load from beyond the packet ends the program with "leave". */
static struct sock_filter igmp_filter[] = {
	LOAD_BYTE(offsetof(struct iphdr, protocol)),
	ELSE_SKIP(IPPROTO_IGMP, 3),
	LOAD_HALF(offsetof(struct iphdr, frag_off)),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, IP_MF | IP_OFFMASK, 1, 0),
	TAKE,
	LEAVE,
};

/* MLD comes behind a hop-by-hop header (RFC 9777, 5), the length of which is in units of 8 bytes,
 * itself not counted; some send it without: Query 130, Reports 131 and 143, Done 132. */
static struct sock_filter mld_filter[] = {
	LOAD_BYTE(offsetof(struct ip6_hdr, ip6_nxt)),
	IF_SKIP(IPPROTO_ICMPV6, 8),
	ELSE_SKIP(IPPROTO_HOPOPTS, 12),
	LOAD_BYTE(sizeof(struct ip6_hdr)),
	ELSE_SKIP(IPPROTO_ICMPV6, 10),
	LOAD_BYTE(sizeof(struct ip6_hdr) + 1),
	BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 3),
	BPF_STMT(BPF_MISC | BPF_TAX, 0),
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, sizeof(struct ip6_hdr) + 8),
	BPF_STMT(BPF_JMP | BPF_JA, 1),
	LOAD_BYTE(sizeof(struct ip6_hdr)),
	IF_SKIP(143, 2),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 130, 0, 2),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 132, 1, 0),
	TAKE,
	LEAVE,
};

#define PROGRAM(f)                                               \
	(struct sock_fprog)                                      \
	{                                                        \
		.len = sizeof(f) / sizeof((f)[0]), .filter = (f) \
	}

static uint16_t ethertype(const struct listener *listener)
{
	return htons(listener->family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
}

static int attach_filter(const struct listener *listener)
{
	struct sock_fprog program =
		listener->family == AF_INET ? PROGRAM(igmp_filter) : PROGRAM(mld_filter);

	return setsockopt(listener->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0
		       ? -errno
		       : 0;
}

/* Bound to the protocol, not to ETH_P_ALL, which also gets all packets that the host sends. */
static int bind_interface(struct listener *listener)
{
	struct sockaddr_ll sa = {
		.sll_family = AF_PACKET,
		.sll_protocol = ethertype(listener),
		.sll_ifindex = listener->ifindex,
	};
	struct packet_mreq all = { .mr_ifindex = listener->ifindex, .mr_type = PACKET_MR_ALLMULTI };
	socklen_t size = sizeof(sa);

	if (setsockopt(listener->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) < 0 ||
	    bind(listener->fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    getsockname(listener->fd, (struct sockaddr *)&sa, &size) < 0)
		return -errno;
	listener->ethernet = sa.sll_hatype == ARPHRD_ETHER;
	return 0;
}

int listener_open(sa_family_t family, int ifindex, listener_handler handler, void *userdata,
		  struct listener **ret)
{
	int r, bytes = RECEIVE_BYTES;
	struct listener *listener;

	if (ifindex <= 0)
		return -ENODEV; /* bound to 0, a packet socket receives from every interface */
	listener = calloc(1, sizeof(*listener));
	if (!listener)
		return -ENOMEM;
	*listener = (struct listener){
		.raw = -1,
		.family = family,
		.ifindex = ifindex,
		.handler = handler,
		.userdata = userdata,
	};

	/* Protocol 0: receives nothing until it is bound, with the filter attached. */
	listener->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	r = listener->fd < 0 ? -errno : attach_filter(listener);
	if (r == 0) {
		/* Refused in a user namespace; the default size serves, with more drops. */
		(void)setsockopt(listener->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
		r = bind_interface(listener);
	}
	if (r < 0) {
		listener_close(listener);
		return r;
	}
	*ret = listener;
	return 0;
}

void listener_close(struct listener *listener)
{
	if (!listener)
		return;
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->raw >= 0)
		close(listener->raw);
	free(listener);
}

int listener_fd(const struct listener *listener)
{
	return listener->fd;
}

/* The packet's destination; false when its header is not all there, or not of the family. */
static bool find_destination(const struct listener *listener, const void *packet, size_t length,
			     bool *ret_unicast, struct in6_addr *ret)
{
	const uint8_t *p = packet;

	*ret = in6addr_any;
	if (listener->family == AF_INET) {
		if (length < sizeof(struct iphdr) || p[0] >> 4 != 4)
			return false;
		memcpy(ret, p + offsetof(struct iphdr, daddr), 4);
		*ret_unicast = !IN_MULTICAST(ntohl(ret->s6_addr32[0])) &&
			       ret->s6_addr32[0] != INADDR_BROADCAST;
		return true;
	}
	if (length < sizeof(struct ip6_hdr) || p[0] >> 4 != 6)
		return false;
	memcpy(ret, p + offsetof(struct ip6_hdr, ip6_dst), sizeof(*ret));
	*ret_unicast = !IN6_IS_ADDR_MULTICAST(ret);
	return true;
}

static void handle_packet(struct listener *listener, const struct sockaddr_ll *from,
			  const void *data, size_t length)
{
	struct listener_packet packet = {
		.data = data,
		.length = length,
		.to_host = listener->ethernet && from->sll_pkttype == PACKET_HOST,
	};
	struct in6_addr destination;

	if (from->sll_pkttype == PACKET_OTHERHOST || from->sll_pkttype == PACKET_OUTGOING)
		return;
	if (length > LISTENER_PACKET_MAX) {
		listener->counters.too_long++;
		return;
	}
	if (!find_destination(listener, data, length, &packet.unicast, &destination))
		return;
	listener->counters.packets++;
	listener->handler(&packet, listener->userdata);
}

/* After ENETDOWN: only down, or gone? The socket of a removed interface is bound to index -1. */
static bool is_gone(const struct listener *listener)
{
	struct sockaddr_ll sa = { .sll_ifindex = -1 };
	socklen_t size = sizeof(sa);

	return getsockname(listener->fd, (struct sockaddr *)&sa, &size) < 0 ||
	       sa.sll_ifindex != listener->ifindex;
}

int listener_dispatch(struct listener *listener, unsigned int max)
{
	_Alignas(struct ip6_hdr) uint8_t buf[LISTENER_PACKET_MAX];
	struct sockaddr_ll from;
	unsigned int handled;
	socklen_t size;
	ssize_t n;

	for (handled = 0; handled < max; handled++) {
		size = sizeof(from);
		n = recvfrom(listener->fd, buf, sizeof(buf), MSG_TRUNC, (struct sockaddr *)&from,
			     &size);
		if (n >= 0) {
			handle_packet(listener, &from, buf, n);
			continue;
		}
		if (errno == EAGAIN)
			break;
		if (errno == ENETDOWN && is_gone(listener))
			return -ENODEV;
		if (errno != ENETDOWN && errno != EINTR && errno != ENOBUFS)
			return -errno;
	}
	return handled;
}

/* RFC 1112, 6.4; RFC 2464, 7 */
static void put_group_mac(sa_family_t family, const struct in6_addr *group, uint8_t *mac)
{
	if (family == AF_INET) {
		memcpy(mac, (const uint8_t[]){ 0x01, 0x00, 0x5e }, 3);
		memcpy(mac + 3, group->s6_addr + 1, 3);
		mac[3] &= 0x7f;
	} else {
		mac[0] = mac[1] = 0x33;
		memcpy(mac + 2, group->s6_addr + 12, 4);
	}
}

static int send_to_group(const struct listener *listener, const void *packet, size_t length,
			 const struct in6_addr *group)
{
	struct sockaddr_ll sa = {
		.sll_family = AF_PACKET,
		.sll_protocol = ethertype(listener),
		.sll_ifindex = listener->ifindex,
	};

	if (listener->ethernet) {
		sa.sll_halen = ETH_ALEN;
		put_group_mac(listener->family, group, sa.sll_addr);
	}
	return sendto(listener->fd, packet, length, 0, (struct sockaddr *)&sa, sizeof(sa)) < 0
		       ? -errno
		       : 0;
}

/* The link-layer address comes from the neighbour table. */
static int open_raw(struct listener *listener)
{
	int fd;

	if (listener->raw >= 0)
		return 0;
	fd = socket(listener->family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &listener->ifindex,
		       sizeof(listener->ifindex)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	listener->raw = fd;
	return 0;
}

static int send_to_host(struct listener *listener, const void *packet, size_t length,
			const struct in6_addr *host)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = host->s6_addr32[0],
	};
	struct sockaddr_in6 sa6 = {
		.sin6_family = AF_INET6,
		.sin6_addr = *host,
		.sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(host) ? listener->ifindex : 0,
	};
	ssize_t n;
	int r;

	r = open_raw(listener);
	if (r < 0)
		return r;
	if (listener->family == AF_INET)
		n = sendto(listener->raw, packet, length, 0, (struct sockaddr *)&sa, sizeof(sa));
	else
		n = sendto(listener->raw, packet, length, 0, (struct sockaddr *)&sa6, sizeof(sa6));
	return n < 0 ? -errno : 0;
}

int listener_send(struct listener *listener, const void *packet, size_t length)
{
	struct in6_addr destination;
	bool unicast;

	if (!find_destination(listener, packet, length, &unicast, &destination))
		return -EINVAL;
	return unicast ? send_to_host(listener, packet, length, &destination)
		       : send_to_group(listener, packet, length, &destination);
}

/* The kernel resets the counters on each read. */
const struct listener_counters *listener_counters(struct listener *listener)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);

	if (getsockopt(listener->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
		listener->counters.dropped += stats.tp_drops;
	return &listener->counters;
}
