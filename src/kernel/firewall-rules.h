/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of amtd's nftables table. Pure: text is allocated, nothing else happens.
 */
#ifndef AMT_KERNEL_FIREWALL_RULES_H
#define AMT_KERNEL_FIREWALL_RULES_H

#include "kernel/firewall.h"

#include <stdio.h>

#define FIREWALL_TABLE "amtd"

/* Commands that replace the tables by those that hold these rules, in one transaction.
 * has_table6: there is one of IPv6, which goes when the rules need none. -EAFNOSUPPORT: there is an
 * IPv6 address of a relay in the rules. */
int firewall_rules_whole(const struct firewall_rules *rules, uint16_t queue_base, bool has_queue,
			 bool has_table6, char **ret);

/* Commands that turn the table of old into that of new, in one transaction: elements alone. The
 * empty string when they are equal; -ESTALE when the chains differ, so that only a whole new table
 * will do; -EAFNOSUPPORT likewise. */
int firewall_rules_difference(const struct firewall_rules *old, const struct firewall_rules *new,
			      char **ret);

int firewall_rules_copy(const struct firewall_rules *rules, struct firewall_rules *ret);
void firewall_rules_clear(struct firewall_rules *rules);

/* firewall-ttl.c: a chain of the table ip, and the table ip6. */
void firewall_ttl_put(FILE *f, const struct firewall_rules *rules);
void firewall_ttl_put6(FILE *f, const struct firewall_rules *rules, bool has_table);

#endif
