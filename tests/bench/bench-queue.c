/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relay Advertisements per second through a real NFQUEUE, in a network namespace of its own: a
 * minimal loop of libnetfilter_queue that only accepts, against queue.c with a handler that parses
 * and rewrites each. The two alternate in one run, a burst at a time; only the draining of the
 * queue is timed. Needs root. usage: bench-queue [ROUNDS]
 */
#include "kernel/queue.h"
#include "wire/message.h"
#include "wire/packet.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define PORT  61234
#define BURST 900 /* under 1024, the kernel's default length of a queue */

enum {
	ACCEPT_ONLY = 10, /* queue numbers */
	REWRITE = 11,
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static int try_shell(const char *command)
{
	return system(command) == 0 ? 0 : -1;
}

/* A packet's mark says which queue it goes to. */
static const char *set_up_rules(void)
{
	if (try_shell("ip link set lo up") < 0)
		errx(1, "ip link set lo up failed");
	if (try_shell("nft 'table ip bench { chain c { type filter hook prerouting priority mangle;"
		      " udp dport 61234 mark 10 queue to 10; udp dport 61234 mark 11 queue to 11; "
		      "}; }' 2>/dev/null") == 0)
		return "nft queue";
	if (try_shell("iptables -t mangle -A PREROUTING -p udp --dport 61234 -m mark --mark 10"
		      " -j NFQUEUE --queue-num 10 && "
		      "iptables -t mangle -A PREROUTING -p udp --dport 61234 -m mark --mark 11"
		      " -j NFQUEUE --queue-num 11") == 0)
		return "iptables NFQUEUE";
	errx(1, "neither nft queue nor iptables NFQUEUE works here");
}

static int udp_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), size = 16 << 20;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		err(1, "socket");
	return fd;
}

static const struct sockaddr_in gateway = {
	.sin_family = AF_INET,
	.sin_port = __builtin_bswap16(PORT),
	.sin_addr.s_addr = __builtin_bswap32(INADDR_LOOPBACK),
};

static void send_burst(int fd, uint32_t mark)
{
	static const uint8_t advertisement[12] = { 2, 0, 0, 0, 1, 2, 3, 4, 10, 9, 0, 1 };
	int i;

	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		err(1, "SO_MARK");
	for (i = 0; i < BURST; i++)
		if (sendto(fd, advertisement, sizeof(advertisement), 0,
			   (const struct sockaddr *)&gateway, sizeof(gateway)) < 0)
			err(1, "sendto");
}

/* All packets of a burst must arrive, with the expected address. */
static void drain(int fd, uint32_t relay)
{
	uint8_t seen[64];
	int n = 0;

	for (; recv(fd, seen, sizeof(seen), 0) == 12; n++)
		if (memcmp(seen + 8, &relay, 4) != 0)
			errx(1, "an Advertisement has another address");
	if (n != BURST)
		errx(1, "%d of %d Advertisements came through", n, BURST);
}

/* ---- the minimal loop, after the library's own example ------------------------------------- */

static struct mnl_socket *minimal_open(void)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_NETFILTER);
	char buf[8192];
	struct nlmsghdr *nlh;
	int size = 8 << 20;

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		err(1, "NETLINK_NETFILTER");
	if (setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		err(1, "SO_RCVBUFFORCE");
	nlh = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, ACCEPT_ONLY);
	nfq_nlmsg_cfg_put_cmd(nlh, AF_INET, NFQNL_CFG_CMD_BIND);
	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, 0xffff);
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		err(1, "binding the queue");
	return nl;
}

static int minimal_message(const struct nlmsghdr *nlh, void *data)
{
	struct nlattr *attrs[NFQA_MAX + 1] = {};
	const struct nfqnl_msg_packet_hdr *header;
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	struct mnl_socket *nl = data;
	char buf[8192];
	struct nlmsghdr *verdict;

	if (nfq_nlmsg_parse(nlh, attrs) < 0)
		return MNL_CB_ERROR;
	header = mnl_attr_get_payload(attrs[NFQA_PACKET_HDR]);
	verdict = nfq_nlmsg_put(buf, NFQNL_MSG_VERDICT, ntohs(nfg->res_id));
	nfq_nlmsg_verdict_put(verdict, ntohl(header->packet_id), NF_ACCEPT);
	if (mnl_socket_sendto(nl, verdict, verdict->nlmsg_len) < 0)
		err(1, "verdict");
	return MNL_CB_OK;
}

static void minimal_burst(struct mnl_socket *nl)
{
	static char buf[0xffff + 8192];
	ssize_t n;
	int i;

	for (i = 0; i < BURST; i++) {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0 ||
		    mnl_cb_run(buf, n, 0, mnl_socket_get_portid(nl), minimal_message, nl) < 0)
			err(1, "queue");
	}
}

/* ---- queue.c, parsing and rewriting -------------------------------------------------------- */

static enum queue_verdict rewrite(struct queue_packet *queued, void *userdata)
{
	const struct in_addr *relay = userdata;
	struct message message;
	struct packet packet;

	if (packet_parse(queued->data, queued->length, &packet) != PACKET_ERROR_NONE ||
	    message_parse(packet.payload, packet.payload_length, &message) != MESSAGE_ERROR_NONE ||
	    message.type != AMT_ADVERTISEMENT)
		return QUEUE_DROP;
	queued->length = packet_set_relay(&packet, *relay);
	queued->changed = true;
	return QUEUE_ACCEPT;
}

static void rewrite_burst(struct queue *queue)
{
	int left, r;

	for (left = BURST; left > 0; left -= r) {
		r = queue_dispatch(queue, 64);
		if (r <= 0)
			errx(1, "queue_dispatch: %d", r);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

int main(int argc, char **argv)
{
	static const struct queue_range range = { .first = REWRITE, .count = 1, .fail_open = 1 };
	struct in_addr relay = { htonl(0xc0000201) };
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 200, i;
	double *minimal, *ours, *ratio, start;
	struct mnl_socket *nl;
	struct queue *queue;
	uint16_t taken;
	const char *how;
	int from, to, r;

	minimal = calloc(3 * rounds, sizeof(*minimal));
	if (rounds == 0 || !minimal)
		errx(2, "usage: bench-queue [ROUNDS]");
	ours = minimal + rounds;
	ratio = ours + rounds;

	if (unshare(CLONE_NEWNET) < 0)
		err(1, "unshare");
	how = set_up_rules();
	from = udp_socket();
	to = udp_socket();
	if (bind(to, (const struct sockaddr *)&gateway, sizeof(gateway)) < 0)
		err(1, "bind");
	nl = minimal_open();
	r = queue_open(&range, rewrite, &relay, &queue, &taken);
	if (r < 0)
		errx(1, "queue_open: %s", strerror(-r));

	for (i = 0; i < rounds; i++) {
		send_burst(from, ACCEPT_ONLY);
		start = seconds();
		minimal_burst(nl);
		minimal[i] = BURST / (seconds() - start);
		drain(to, htonl(0x0a090001));

		send_burst(from, REWRITE);
		start = seconds();
		rewrite_burst(queue);
		ours[i] = BURST / (seconds() - start);
		drain(to, relay.s_addr);
		ratio[i] = ours[i] / minimal[i];
	}

	printf("Advertisements through %s, accepted only\t%.0f\t/s\t\n", how,
	       median(minimal, rounds));
	printf("  parsed, rewritten and accepted\t%.0f\t/s\t\n", median(ours, rounds));
	printf("  ratio, median of %zu pairs\t%.2f\t\t>= 0.9\n", rounds, median(ratio, rounds));
	queue_close(queue);
	mnl_socket_close(nl);
	free(minimal);
	return 0;
}
