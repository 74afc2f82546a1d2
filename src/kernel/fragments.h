/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that were too big, or arrived in parts: the kernel's counters of RFC 4293 for this
 * network namespace, since it was made (/proc/net/snmp), and of an interface (/proc/net/dev_snmp6).
 */
#ifndef AMT_KERNEL_FRAGMENTS_H
#define AMT_KERNEL_FRAGMENTS_H

#include <stdint.h>
#include <stdio.h>

struct fragments {
	uint64_t fails;	      /* IPv4 packets, of all interfaces: too big to leave, and DF is set */
	uint64_t reasm_fails; /* IPv4 packets of which fragments are missing */
};

/* 0 or negative errno. */
int fragments_read(struct fragments *ret);
/* The same of a text of that format. */
int fragments_parse(FILE *file, struct fragments *ret);

/* IPv6 packets that were too big to leave by this interface; 0 also without IPv6. */
uint64_t fragments_fails6(const char *name);

#endif
