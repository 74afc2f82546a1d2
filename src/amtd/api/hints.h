/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a stream may not arrive: causes with the kernel's evidence for each. Pure.
 */
#ifndef AMTD_API_HINTS_H
#define AMTD_API_HINTS_H

#include "device/config.h"

#include <stddef.h>
#include <stdint.h>

#define HINTS_MAX     4
#define HINT_TEXT_MAX 320

struct hint_facts {
	enum config_mode mode;
	const char *name;	     /* of the device */
	uint32_t mtu;		     /* of its interface; 0: none */
	uint64_t upstream_packets;   /* that arrived to be forwarded */
	uint64_t sent, queries;	     /* packets out of the interface; of these Queries */
	uint64_t too_big4, too_big6; /* since amtd started: dropped for their size */
	uint64_t incomplete;	     /* since amtd started: fragments were missing */
};

struct hint {
	const char *cause;	  /* a literal, for programs */
	uint64_t packets;	  /* the evidence */
	char text[HINT_TEXT_MAX]; /* what, why, and how to mend it */
};

/* Those that there is evidence of; the number. */
size_t hints_find(const struct hint_facts *facts, struct hint ret[static HINTS_MAX]);

/* Bytes of a UDP datagram's payload within an IP packet of the MTU's size. */
uint32_t hints_payload(uint32_t mtu, sa_family_t family);

#endif
