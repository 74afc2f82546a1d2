/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NFQUEUE, net/netfilter/nfnetlink_queue.c, through libnetfilter_queue and libmnl: control packets
 * queued by the firewall table stay in the kernel until a verdict.
 */
#ifndef AMT_KERNEL_QUEUE_H
#define AMT_KERNEL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_PACKET_MAX 4096 /* bytes copied of a packet; control messages are far smaller */

/* The handler's verdict. The packet may be edited in place; it then sets *length to its length
 * (never longer than it was) and *changed. */
enum queue_verdict {
	QUEUE_ACCEPT,
	QUEUE_DROP,
};

struct queue_packet {
	uint16_t number; /* of its queue */
	uint8_t *data;	 /* starts with the IP header */
	size_t length;	 /* bytes in data */
	bool truncated;	 /* longer than QUEUE_PACKET_MAX; must not be changed */
	bool changed;	 /* set by the handler; see as_is */
};

typedef enum queue_verdict (*queue_handler)(struct queue_packet *packet, void *userdata);

struct queue_range {
	uint16_t first; /* bind queues first .. first + count - 1 */
	uint16_t count;
	uint16_t fail_open; /* this many queues, from the first, accept when full; the rest drop */

	/* This many queues, from the first, get packets unmodified: the kernel does not complete a
	 * partial checksum (CHECKSUM_PARTIAL: a relay on the same machine, a virtual interface).
	 * Completing starts from the value in the field, which is wrong after a rule of the
	 * firewall table has zeroed it. A handler that edits such a packet sets its UDP checksum to
	 * zero: an edited packet counts as complete. */
	uint16_t as_is;

	/* Called, if set, by queue_dispatch() before it sends verdicts: of one packet or more. */
	void (*before_verdicts)(void *userdata);
};

struct queue_counters {
	uint64_t packets;
	uint64_t overruns; /* ENOBUFS: packets were lost to this process, the kernel's mode decided
			    */
	uint64_t crowded;  /* a queue may have been full, and packets passed by it without a word */
};

struct queue;

/* Bind, all or none. -EBUSY when another process holds one (*ret_taken is its number), -EPERM
 * without CAP_NET_ADMIN, -EPROTONOSUPPORT when the kernel has no NFNETLINK_QUEUE. */
int queue_open(const struct queue_range *range, queue_handler handler, void *userdata,
	       struct queue **ret, uint16_t *ret_taken);

/* Unbind and close; NULL is fine. Packets that wait are treated as if the queue were full. */
void queue_close(struct queue *queue);

/* Non-blocking; readable when packets wait. */
int queue_fd(const struct queue *queue);

/* Handle pending packets, at most max, so that an event loop stays fair. The number handled, or
 * negative errno. ENOBUFS is counted and survived. */
int queue_dispatch(struct queue *queue, unsigned int max);

const struct queue_counters *queue_counters(const struct queue *queue);

#endif
