/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amtd's nftables table, `ip amtd`, through libnftables: translates between a driver's view of its
 * tunnel and the wire; and `ip6 amtd`, only while hop limits are set. Every change is one
 * transaction; the tables outlive amtd.
 *
 * Ports are in host byte order.
 */
#ifndef AMT_KERNEL_FIREWALL_H
#define AMT_KERNEL_FIREWALL_H

#include "base/address.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A queue for each kind of packet, as it was before the rules changed it. */
enum firewall_queue {
	FIREWALL_QUEUE_QUERY,	/* Query, no flag set */
	FIREWALL_QUEUE_QUERY_G, /* 0x01, RFC 7450 5.1.4.5: gateway fields present */
	FIREWALL_QUEUE_QUERY_L, /* 0x02, 5.1.4.4: relay is loaded */
	FIREWALL_QUEUE_QUERY_LG,
	FIREWALL_QUEUE_RELAY_QUERY,   /* Query of a local relay device, on output */
	FIREWALL_QUEUE_UPDATE,	      /* Membership Update to a relay device */
	FIREWALL_QUEUE_TEARDOWN,      /* Teardown to a relay device */
	FIREWALL_QUEUE_ASKED,	      /* Discovery or Request of a gateway, on output */
	FIREWALL_QUEUE_ADVERTISEMENT, /* this and all above are accepted without a listener */
	FIREWALL_QUEUE_ADVERTISEMENT_STRICT, /* dropped without a listener (OnFailure=drop) */
	FIREWALL_QUEUE_UNREACHABLE, /* ICMP error for a gateway; accepted without a listener */
	_FIREWALL_QUEUE_MAX,
};

/* SO_MARK of amtd's own packets from a gateway's port, "amtd": not redirected. */
#define FIREWALL_MARK 0x616d7464

struct firewall_gateway {
	uint16_t port;	     /* local: gateway_port and relay_port of the device */
	uint16_t relay_port; /* the destination port on output */
	bool strict;
};

/* A gateway whose tunnel is redirected: packets of its driver go to relay, and those from relay get
 * the source that the driver expects. IPv4 only, as the driver's underlay; discovery and remote are
 * AF_UNSPEC while unknown. */
struct firewall_redirect {
	uint16_t port;		  /* the gateway's */
	struct address relay;	  /* on the wire */
	struct address discovery; /* the driver's DISCOVERY_IP: source of Advertisements */
	struct address remote;	  /* the driver's REMOTE_IP: everything else does */
};

/* Multicast received there with less than ttl gets it; not link-local groups. */
struct firewall_ttl {
	char interface[IFNAMSIZ]; /* nft_name_valid(), else without effect */
	uint8_t ttl;
};

struct firewall_rules {
	struct firewall_gateway *gateways; /* sorted by port, no port twice */
	size_t n_gateways;
	uint16_t *relay_devices; /* ports that relay devices listen on; sorted */
	size_t n_relay_devices;
	/* that read P only at 0x80, as the driver puts it; by address_compare() */
	struct address *linux_relays;
	size_t n_linux_relays;
	struct firewall_redirect *redirects; /* sorted by port, no port twice */
	size_t n_redirects;
	/* To relays that were left, whose data is still accepted; sorted by port, no port twice,
	 * none that is in redirects with the same relay. */
	struct firewall_redirect *previous_redirects;
	size_t n_previous_redirects;
	struct firewall_ttl *ttls; /* sorted by interface, none twice */
	size_t n_ttls;
};

struct firewall;
struct nft_ctx;

/* queue_base: number of FIREWALL_QUEUE_QUERY. Reads nothing, writes nothing. */
int firewall_new(uint16_t queue_base, struct firewall **ret);
void firewall_free(struct firewall *firewall); /* leaves the table; NULL is fine */

/* Make the table hold exactly these rules. Nothing is written when it does already; only the
 * elements that differ if this object wrote the table; else the table is replaced, atomically.
 * *ret_error (free() it) is nft's error text on failure. -EOPNOTSUPP when the kernel has no
 * nf_tables, -EAFNOSUPPORT for IPv6 relays, -EAGAIN when other programs keep changing the ruleset.
 * When it has no nft_queue (CONFIG_NFT_QUEUE) the table is made without the queue and
 * firewall_has_queue() is false: Advertisements to a strict gateway are then dropped. */
int firewall_commit(struct firewall *firewall, const struct firewall_rules *rules,
		    char **ret_error);
bool firewall_has_queue(const struct firewall *firewall);

/* Remove the table, if it exists. */
int firewall_remove(struct firewall *firewall, char **ret_error);

/* Non-blocking; readable when another program changed the ruleset (`nft flush ruleset`, a
 * firewall's restart). */
int firewall_fd(const struct firewall *firewall);

/* Read pending events: 0, negative errno, or why the table must be committed again. */
enum firewall_change {
	FIREWALL_REMOVED = 1, /* the table, or something in it */
	FIREWALL_LOST,	      /* netlink events were lost (ENOBUFS): it may have been */
};
int firewall_dispatch(struct firewall *firewall);

/* Run commands about another table of this process's, without taking their events for another
 * program's. 0; FIREWALL_LOST: they ran, but another program changed the ruleset meanwhile, and
 * this table must be committed again; negative errno, with *ret_error as of nft_run(). */
int firewall_run(struct firewall *firewall, struct nft_ctx *ctx, const char *commands,
		 char **ret_error);

#endif
