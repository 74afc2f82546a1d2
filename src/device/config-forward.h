/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [Forward] of a device file, amt(5): upstream and downstream interfaces. */
#ifndef AMT_DEVICE_CONFIG_FORWARD_H
#define AMT_DEVICE_CONFIG_FORWARD_H

#include "base/address.h"
#include "base/group-policy.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* With the tunnel itself, all interfaces have to fit into one routing table of the kernel: MAXVIFS,
 * include/uapi/linux/mroute.h */
#define CONFIG_DOWNSTREAMS_MAX 31
#define CONFIG_UPSTREAMS_MAX   1024
#define CONFIG_GROUPS_MAX      64 /* of each list of groups */

/* Sources within prefix come from this interface; the longest prefix wins. */
struct config_upstream {
	char name[IFNAMSIZ];
	struct prefix prefix; /* any: those that no other has */
};

enum config_unicast {
	CONFIG_UNICAST_NO,   /* Reports sent to this host's own address are ignored */
	CONFIG_UNICAST_YES,  /* they count like any other */
	CONFIG_UNICAST_ONLY, /* they alone do */
	_CONFIG_UNICAST_MAX,
};

struct config_group_rules {
	struct config_group_rule {
		char name[IFNAMSIZ]; /* "": every interface; the rule has none */
		struct group_rule rule;
	} * list;
	size_t n;
};

struct config_prefixes {
	struct prefix *list;
	size_t n;
};

struct config_maps {
	struct group_map *list;
	size_t n;
};

struct config_forward {
	char (*downstreams)[IFNAMSIZ]; /* no name twice */
	size_t n_downstreams;
	struct config_upstream *upstreams; /* in order; none: the device itself (gateway) */
	size_t n_upstreams;
	char backup_upstream[IFNAMSIZ]; /* in place of those for any source, when switched; "": none
					 */
	uint32_t upstream_timeout_sec;	/* without packets until a switch; 0: never */
	uint32_t table;			/* of multicast routes; 0: the host's own */

	bool querier; /* take part in the election; else listen only */
	uint32_t igmp_version, mld_version;
	uint32_t robustness, query_interval_sec, query_response_sec, last_member_sec;
	bool fast_leave;
	uint32_t max_groups, max_sources, max_groups_per_host; /* of each downstream interface */
	struct config_group_rules allow_groups, deny_groups;
	struct config_prefixes ssm_prefixes;
	struct config_maps map_sources;
	uint32_t ttl; /* minimum TTL of forwarded packets; 0: unchanged */

	bool require_router_alert; /* of IGMP and MLD messages */
	enum config_unicast unicast_reports;
	bool forward_queries, forward_reports;
	uint32_t unsolicited_report_sec, self_query_sec; /* 0: never */
};

/* Whether there is anything to forward. */
bool config_forwards(const struct config_forward *forward);

#endif
