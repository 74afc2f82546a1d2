/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that raise the TTL or hop limit of multicast from upstream, so that the kernel routes it:
 * ip_mr_forward() and ip6_mr_forward() require more than 1, which many senders use. Link-local
 * groups keep theirs: 224.0.0.0/24, and of IPv6 the scopes up to link-local, whatever the flags.
 */
#include "kernel/firewall-rules.h"
#include "kernel/nft-name.h"

#include <stdio.h>

/* After "redirected", which may rewrite the source address of a tunnel's packets. */
#define CHAIN_BEGIN       \
	"\tchain ttl {\n" \
	"\t\ttype filter hook prerouting priority mangle + 2; policy accept;\n"

static void put_rules(FILE *f, const struct firewall_rules *rules, const char *multicast,
		      const char *field)
{
	for (size_t i = 0; i < rules->n_ttls; i++) {
		const struct firewall_ttl *ttl = &rules->ttls[i];

		if (!nft_name_valid(ttl->interface))
			continue;
		fputs("\t\tiifname ", f);
		nft_put_name(f, ttl->interface);
		fprintf(f, " %s %s < %u %s set %u\n", multicast, field, ttl->ttl, field, ttl->ttl);
	}
}

void firewall_ttl_put(FILE *f, const struct firewall_rules *rules)
{
	if (rules->n_ttls == 0)
		return;
	fputs(CHAIN_BEGIN, f);
	put_rules(f, rules, "ip daddr 224.0.1.0-239.255.255.255", "ip ttl");
	fputs("\t}\n", f);
}

void firewall_ttl_put6(FILE *f, const struct firewall_rules *rules, bool has_table)
{
	if (has_table || rules->n_ttls > 0)
		fputs("add table ip6 " FIREWALL_TABLE "\n"
		      "delete table ip6 " FIREWALL_TABLE "\n",
		      f);
	if (rules->n_ttls == 0)
		return;
	fputs("table ip6 " FIREWALL_TABLE " {\n" CHAIN_BEGIN, f);
	put_rules(f, rules, "ip6 daddr & ff0f:: >= ff03::", "ip6 hoplimit");
	fputs("\t}\n}\n", f);
}
