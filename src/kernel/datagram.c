/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/datagram.h"

#include "kernel/firewall.h"
#include "wire/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TOS 0xc0 /* as the driver sends its messages: AMT_TOS */

struct datagram {
	int fd;
	uint8_t packet[IP_MAXPACKET];
};

/* RFC 768 */
struct pseudo {
	uint32_t source, destination;
	uint8_t zero, protocol;
	uint16_t length;
};

struct headers {
	struct iphdr ip;
	struct udphdr udp;
};

ssize_t datagram_build(const struct datagram_path *path, const void *payload, size_t length,
		       void *buf, size_t size)
{
	struct headers headers = {
		.ip = {
			.version = 4,
			.ihl = sizeof(headers.ip) / 4,
			.tos = TOS,
			.tot_len = htons((uint16_t)(sizeof(headers) + length)),
			.ttl = IPDEFTTL,
			.protocol = IPPROTO_UDP,
			.saddr = path->local.in.s_addr,
			.daddr = path->remote.in.s_addr,
		},
		.udp = {
			.source = htons(path->port),
			.dest = htons(path->remote_port),
			.len = htons((uint16_t)(sizeof(headers.udp) + length)),
		},
	};
	const struct pseudo pseudo = {
		.source = headers.ip.saddr,
		.destination = headers.ip.daddr,
		.protocol = IPPROTO_UDP,
		.length = headers.udp.len,
	};
	uint32_t sum;

	if (path->local.family != AF_INET || path->remote.family != AF_INET)
		return -EAFNOSUPPORT;
	if (length > DATAGRAM_MAX || sizeof(headers) + length > size)
		return -ENOBUFS;
	sum = checksum_add(0, &pseudo, sizeof(pseudo));
	sum = checksum_add(sum, &headers.udp, sizeof(headers.udp));
	sum = checksum_add(sum, payload, length);
	headers.udp.check = (uint16_t)~checksum_fold(sum);
	if (headers.udp.check == 0)
		headers.udp.check = 0xffff; /* zero would mean "none" */
	memcpy(buf, &headers, sizeof(headers));
	memcpy((uint8_t *)buf + sizeof(headers), payload, length);
	return (ssize_t)(sizeof(headers) + length);
}

int datagram_open(struct datagram **ret)
{
	const uint32_t mark = FIREWALL_MARK;
	struct datagram *datagram;
	int r;

	datagram = malloc(sizeof(*datagram));
	if (!datagram)
		return -ENOMEM;
	datagram->fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (datagram->fd < 0) {
		r = -errno;
		free(datagram);
		return r;
	}
	if (setsockopt(datagram->fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0) {
		r = -errno;
		datagram_close(datagram);
		return r;
	}
	*ret = datagram;
	return 0;
}

void datagram_close(struct datagram *datagram)
{
	if (!datagram)
		return;
	close(datagram->fd);
	free(datagram);
}

int datagram_send(struct datagram *datagram, const struct datagram_path *path, const void *payload,
		  size_t length)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = path->remote.in };
	ssize_t n;

	n = datagram_build(path, payload, length, datagram->packet, sizeof(datagram->packet));
	if (n < 0)
		return (int)n;
	if (sendto(datagram->fd, datagram->packet, (size_t)n, MSG_NOSIGNAL,
		   (const struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}
