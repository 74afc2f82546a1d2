/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of amtd's nftables table. Pure: text is allocated, nothing else happens.
 */
#ifndef AMT_KERNEL_FIREWALL_RULES_H
#define AMT_KERNEL_FIREWALL_RULES_H

#include "kernel/firewall.h"

#include <stdio.h>

#define FIREWALL_TABLE "amtd"

/* Commands that replace the tables by ones with these rules, in one transaction. has_table6: an
 * IPv6 one exists, which is deleted when the rules need none. -EAFNOSUPPORT: the rules have an IPv6
 * address of a relay. */
int firewall_rules_replace(const struct firewall_rules *rules, uint16_t queue_base, bool has_queue,
			   bool has_table6, char **ret);

/* Commands that change the table from old to new, in one transaction: elements only. The empty
 * string when they are equal; -ESTALE when the chains differ, so that the table must be replaced;
 * -EAFNOSUPPORT likewise. */
int firewall_rules_difference(const struct firewall_rules *old, const struct firewall_rules *new,
			      char **ret);

int firewall_rules_copy(const struct firewall_rules *rules, struct firewall_rules *ret);
void firewall_rules_clear(struct firewall_rules *rules);

/* firewall-ttl.c: a chain of the table ip, and the table ip6. */
void firewall_ttl_put(FILE *f, const struct firewall_rules *rules);
void firewall_ttl_put6(FILE *f, const struct firewall_rules *rules, bool has_table);

#endif
