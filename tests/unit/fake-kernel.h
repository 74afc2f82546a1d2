/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What few kernels have, for a whole amtd in a unit test: the amt driver, and NFQUEUE with
 * nft_queue. An "amt" device is one end of a veth pair, NAME; what is sent into the other, NAME-t,
 * comes out of the tunnel. Link with FAKE_KERNEL_WRAPS of meson.build.
 */
#ifndef TESTS_UNIT_FAKE_KERNEL_H
#define TESTS_UNIT_FAKE_KERNEL_H

#include "kernel/amtlink.h"
#include "kernel/firewall.h"
#include "kernel/queue.h"

/* All is there, and no device. */
void fake_reset(void);

/* negative errno: what amtlink_create(), queue_open() return from now on. taken: *ret_taken. */
void fake_driver_refuses(int error);
void fake_queue_refuses(int error, uint16_t taken);
void fake_without_nft_queue(void);

/* What the driver was asked for; NULL: there is no such device. */
const struct amtlink *fake_device(const char *name);
/* Its driver accepted an Advertisement. */
void fake_set_remote(const char *name, const char *remote);
/* So many were made since fake_reset(). */
unsigned int fake_created(void);

/* A packet comes to the queue. amtd works until it has been judged. */
struct fake_verdict {
	enum queue_verdict verdict;
	bool changed;
	uint8_t data[QUEUE_PACKET_MAX]; /* as it goes on */
	size_t length;
};
struct fake_verdict fake_queue_packet(enum firewall_queue queue, const void *data, size_t length);
/* The kernel dropped some. */
void fake_queue_overrun(void);

#endif
