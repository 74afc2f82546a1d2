/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kick.h"

#include "wire/message.h"
#include "wire/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/icmp.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_LENGTH 8    /* RFC 7450, 5.1.3 */
#define TOS	       0xc0 /* as the driver sends its messages: AMT_TOS */

struct kick {
	int fd;
};

struct quote {
	struct icmphdr icmp;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t request[REQUEST_LENGTH];
} __attribute__((packed));

_Static_assert(sizeof(struct quote) == KICK_LENGTH, "KICK_LENGTH");

/* The UDP checksum stays zero, which over IPv4 is "none": it is quoted, and not verified. */
void kick_build(const struct kick_target *target, uint8_t buf[static KICK_LENGTH])
{
	const struct message request = { .type = AMT_REQUEST };
	struct quote quote = {
		.icmp = { .type = ICMP_DEST_UNREACH, .code = ICMP_PORT_UNREACH },
		.ip = {
			.version = 4,
			.ihl = sizeof(quote.ip) / 4,
			.tos = TOS,
			.tot_len = htons(sizeof(quote) - sizeof(quote.icmp)),
			.ttl = IPDEFTTL,
			.protocol = IPPROTO_UDP,
			.saddr = target->local.in.s_addr,
			.daddr = target->relay.in.s_addr,
		},
		.udp = {
			.source = htons(target->port),
			.dest = htons(target->relay_port),
			.len = htons(sizeof(quote.udp) + sizeof(quote.request)),
		},
	};

	message_build(&request, quote.request, sizeof(quote.request));
	quote.ip.check = (uint16_t)~checksum_fold(checksum_add(0, &quote.ip, sizeof(quote.ip)));
	quote.icmp.checksum = (uint16_t)~checksum_fold(checksum_add(0, &quote, sizeof(quote)));
	memcpy(buf, &quote, sizeof(quote));
}

int kick_open(struct kick **ret)
{
	struct icmp_filter filter = { .data = ~0U };
	struct kick *kick;
	int r;

	kick = malloc(sizeof(*kick));
	if (!kick)
		return -ENOMEM;
	kick->fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);
	/* Never read: drop all ICMP messages that it would get. */
	if (kick->fd < 0 ||
	    setsockopt(kick->fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)) < 0) {
		r = -errno;
		kick_close(kick);
		return r;
	}
	*ret = kick;
	return 0;
}

void kick_close(struct kick *kick)
{
	if (!kick)
		return;
	if (kick->fd >= 0)
		close(kick->fd);
	free(kick);
}

int kick_send(struct kick *kick, const struct kick_target *target)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = target->local.in };
	uint8_t message[KICK_LENGTH];

	if (target->local.family != AF_INET || target->relay.family != AF_INET)
		return -EAFNOSUPPORT;
	kick_build(target, message);
	if (sendto(kick->fd, message, sizeof(message), MSG_NOSIGNAL, (const struct sockaddr *)&to,
		   sizeof(to)) < 0)
		return -errno;
	return 0;
}
