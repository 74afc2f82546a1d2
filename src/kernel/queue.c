/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Packets received and answered with two system calls. */
#define BATCH 16

/* Upper bound of what precedes the packet in the kernel's message. */
#define MESSAGE_MAX (QUEUE_PACKET_MAX + 512)
#define VERDICT_MAX (QUEUE_PACKET_MAX + 128)
#define CONFIG_MAX  128

/* Packets the kernel keeps for one queue (its default is 1024), and the bytes of messages it keeps
 * for this socket; SO_RCVBUFFORCE doubles that, so as to count its own structures. */
#define QUEUE_LENGTH  4096
#define RECEIVE_BYTES (4 << 20)

struct queue {
	struct mnl_socket *socket;
	struct queue_range range;
	queue_handler handler;
	void *userdata;
	struct queue_counters counters;

	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	size_t sent;	   /* bytes of verdicts waiting in send */
	unsigned int busy; /* packets read since none waited */

	_Alignas(struct nlmsghdr) uint8_t receive[BATCH][MESSAGE_MAX];
	_Alignas(struct nlmsghdr) uint8_t send[BATCH * VERDICT_MAX];
};

static uint32_t attr_u32(const struct nlattr *attr)
{
	return attr ? ntohl(mnl_attr_get_u32(attr)) : 0;
}

static int flush_verdicts(struct queue *queue, queue_handler handler)
{
	ssize_t n;

	if (queue->sent == 0)
		return 0;

	if (queue->range.before_verdicts && handler == queue->handler)
		queue->range.before_verdicts(queue->userdata);
	n = mnl_socket_sendto(queue->socket, queue->send, queue->sent);
	queue->sent = 0;
	return n < 0 ? -errno : 0;
}

/* One sendto() carries many: nfnetlink takes the messages of a datagram one after the other, and
 * a failing one (the packet went with its device) does not stop the rest. */
static void put_verdict(struct queue *queue, const struct queue_packet *packet, uint32_t id,
			enum queue_verdict verdict)
{
	struct nlmsghdr *nlh;

	nlh = nfq_nlmsg_put((char *)queue->send + queue->sent, NFQNL_MSG_VERDICT, packet->number);
	nfq_nlmsg_verdict_put(nlh, id, verdict == QUEUE_ACCEPT ? NF_ACCEPT : NF_DROP);
	if (verdict == QUEUE_ACCEPT && packet->changed)
		nfq_nlmsg_verdict_put_pkt(nlh, packet->data, packet->length);
	queue->sent += MNL_ALIGN(nlh->nlmsg_len);
}

/* The kernel's verdict for a packet that it cannot queue. */
static enum queue_verdict without_handler(struct queue_packet *packet, void *userdata)
{
	struct queue *queue = userdata;

	return packet->number - queue->range.first < queue->range.fail_open ? QUEUE_ACCEPT
									    : QUEUE_DROP;
}

static enum queue_verdict call_handler(struct queue *queue, struct queue_packet *packet,
				       uint32_t info, queue_handler handler, void *userdata)
{
	size_t length = packet->length;
	enum queue_verdict verdict;

	/* Datagrams merged by GRO. Only read-only queues get them merged, and need no verdict on
	 * the contents. */
	if (info & NFQA_SKB_GSO)
		return QUEUE_ACCEPT;

	verdict = handler(packet, userdata);
	if (packet->truncated || packet->length > length)
		packet->changed = false;
	return verdict;
}

static void handle_packet(struct queue *queue, const struct nlmsghdr *nlh, queue_handler handler,
			  void *userdata)
{
	struct nlattr *attrs[NFQA_MAX + 1] = {};
	const struct nfqnl_msg_packet_hdr *header;
	struct queue_packet packet = {};
	enum queue_verdict verdict;

	if (nfq_nlmsg_parse(nlh, attrs) < 0 || !attrs[NFQA_PACKET_HDR])
		return;

	header = mnl_attr_get_payload(attrs[NFQA_PACKET_HDR]);
	packet.number = ntohs(((struct nfgenmsg *)mnl_nlmsg_get_payload(nlh))->res_id);
	if (attrs[NFQA_PAYLOAD]) {
		packet.data = mnl_attr_get_payload(attrs[NFQA_PAYLOAD]);
		packet.length = mnl_attr_get_payload_len(attrs[NFQA_PAYLOAD]);
	}
	/* Present only when the packet is longer than what was copied. */
	packet.truncated = attrs[NFQA_CAP_LEN];

	queue->counters.packets++;
	verdict = call_handler(queue, &packet, attr_u32(attrs[NFQA_SKB_INFO]), handler, userdata);
	put_verdict(queue, &packet, ntohl(header->packet_id), verdict);
}

static unsigned int handle_datagram(struct queue *queue, const void *data, size_t length,
				    queue_handler handler, void *userdata)
{
	const struct nlmsghdr *nlh = data;
	int left = length;
	unsigned int n = 0;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		/* Other messages are errors about a verdict: ENOENT, the packet is gone. */
		if (nlh->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
			continue;
		if (queue->sent > sizeof(queue->send) - VERDICT_MAX)
			(void)flush_verdicts(queue, handler);
		handle_packet(queue, nlh, handler, userdata);
		n++;
	}
	return n;
}

/* A full queue that fails open counts nothing. But then as many wait to be read, less those of one
 * batch that wait for their verdicts. */
static void count_busy(struct queue *queue, unsigned int n, bool drained)
{
	const unsigned int full = QUEUE_LENGTH - 2 * BATCH;

	if (queue->busy < full && queue->busy + n >= full)
		queue->counters.crowded++;
	queue->busy = drained ? 0 : queue->busy + n;
}

static int dispatch(struct queue *queue, unsigned int max, queue_handler handler, void *userdata)
{
	unsigned int handled = 0, wanted;
	int fd = mnl_socket_get_fd(queue->socket), i, n, r;

	while (handled < max) {
		wanted = max - handled < BATCH ? max - handled : BATCH;
		n = recvmmsg(fd, queue->messages, wanted, MSG_DONTWAIT, NULL);
		if (n < 0) {
			if (errno == EAGAIN)
				break;
			if (errno == ENOBUFS)
				queue->counters.overruns++;
			else if (errno != EINTR)
				return -errno;
			continue;
		}

		for (i = 0; i < n; i++)
			handled += handle_datagram(queue, queue->receive[i],
						   queue->messages[i].msg_len, handler, userdata);
		r = flush_verdicts(queue, handler);
		if (r < 0)
			return r;
		count_busy(queue, (unsigned int)n, (unsigned int)n < wanted);
		if ((unsigned int)n < wanted)
			break;
	}
	return handled;
}

/* All settings of a queue are sent with the bind command: a bound queue without a copy mode drops
 * its packets. */
static size_t put_bind(void *buf, const struct queue_range *range, uint16_t i)
{
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, range->first + i);
	uint32_t flags = 0;

	if (i < range->fail_open)
		flags |= NFQA_CFG_F_FAIL_OPEN;
	if (i < range->as_is)
		flags |= NFQA_CFG_F_GSO;

	nlh->nlmsg_flags |= NLM_F_ACK;
	nlh->nlmsg_seq = i + 1;
	nfq_nlmsg_cfg_put_cmd(nlh, AF_INET, NFQNL_CFG_CMD_BIND);
	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, QUEUE_PACKET_MAX);
	nfq_nlmsg_cfg_put_qmaxlen(nlh, QUEUE_LENGTH);
	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(flags));
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO));
	return MNL_ALIGN(nlh->nlmsg_len);
}

/* A no-op on current kernels, answered before any queue is looked up: an error here concerns the
 * process or the kernel, not a queue. */
static size_t put_probe(void *buf)
{
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, 0);

	nlh->nlmsg_flags |= NLM_F_ACK;
	nlh->nlmsg_seq = 0;
	nfq_nlmsg_cfg_put_cmd(nlh, AF_INET, NFQNL_CFG_CMD_PF_BIND);
	return MNL_ALIGN(nlh->nlmsg_len);
}

static int send_command(struct queue *queue, const void *message, size_t length)
{
	return mnl_socket_sendto(queue->socket, message, length) < 0 ? -errno : 0;
}

/* The kernel's answer to the message with this number. It is there when sendto() returns; queues
 * that were bound before may have put packets in front of it. */
static int read_answer(struct queue *queue, uint32_t seq)
{
	uint8_t *buf = queue->receive[0];
	const struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	const struct nlmsgerr *answer;
	ssize_t n;
	int r;

	for (;;) {
		n = recv(mnl_socket_get_fd(queue->socket), buf, MESSAGE_MAX, MSG_DONTWAIT);
		if (n < 0) {
			if (errno == EINTR || errno == ENOBUFS)
				continue;
			return errno == EAGAIN ? -EIO : -errno;
		}
		if (!mnl_nlmsg_ok(nlh, n))
			continue;
		if (nlh->nlmsg_type == NLMSG_ERROR) {
			answer = mnl_nlmsg_get_payload(nlh);
			if (answer->msg.nlmsg_seq == seq)
				return answer->error;
			continue;
		}
		handle_datagram(queue, buf, n, without_handler, queue);
		r = flush_verdicts(queue, without_handler);
		if (r < 0)
			return r;
	}
}

static int bind_queues(struct queue *queue, uint16_t *ret_taken)
{
	_Alignas(struct nlmsghdr) uint8_t message[CONFIG_MAX];
	uint16_t i;
	int r;

	r = send_command(queue, message, put_probe(message));
	if (r == 0)
		r = read_answer(queue, 0);
	if (r < 0)
		return r == -EINVAL ? -EPROTONOSUPPORT : r; /* nfnetlink: no such subsystem */

	for (i = 0; i < queue->range.count; i++) {
		r = send_command(queue, message, put_bind(message, &queue->range, i));
		if (r == 0)
			r = read_answer(queue, i + 1);
		if (r == 0)
			continue;
		/* EPERM: it belongs to another socket; EBUSY: to this one. */
		if (r != -EPERM && r != -EBUSY)
			return r;
		*ret_taken = queue->range.first + i;
		return -EBUSY;
	}
	return 0;
}

static int open_socket(struct mnl_socket **ret)
{
	int size = RECEIVE_BYTES;
	struct mnl_socket *nl;
	int r;

	nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		mnl_socket_close(nl);
		return r;
	}
	/* Refused in a user namespace; the default size serves, with more overruns under load. */
	(void)setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	*ret = nl;
	return 0;
}

int queue_open(const struct queue_range *range, queue_handler handler, void *userdata,
	       struct queue **ret, uint16_t *ret_taken)
{
	struct queue *queue;
	int i, r;

	if (range->count == 0 || range->first + range->count - 1 > UINT16_MAX)
		return -EINVAL;

	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	queue->range = *range;
	queue->handler = handler;
	queue->userdata = userdata;
	for (i = 0; i < BATCH; i++) {
		queue->vectors[i].iov_base = queue->receive[i];
		queue->vectors[i].iov_len = MESSAGE_MAX;
		queue->messages[i].msg_hdr.msg_iov = &queue->vectors[i];
		queue->messages[i].msg_hdr.msg_iovlen = 1;
	}

	r = open_socket(&queue->socket);
	if (r == 0)
		r = bind_queues(queue, ret_taken);
	if (r < 0) {
		queue_close(queue);
		return r;
	}
	*ret = queue;
	return 0;
}

void queue_close(struct queue *queue)
{
	if (!queue)
		return;

	if (queue->socket) {
		/* The kernel drops queued packets when the socket is closed. */
		(void)dispatch(queue, QUEUE_LENGTH, without_handler, queue);
		mnl_socket_close(queue->socket);
	}
	free(queue);
}

int queue_fd(const struct queue *queue)
{
	return mnl_socket_get_fd(queue->socket);
}

int queue_dispatch(struct queue *queue, unsigned int max)
{
	return dispatch(queue, max, queue->handler, queue->userdata);
}

const struct queue_counters *queue_counters(const struct queue *queue)
{
	return &queue->counters;
}
