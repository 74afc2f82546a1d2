/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the wing keeps of a gateway: which relay it uses and why (failover.c, discover.c), what its
 * control messages and counters tell (messages.c, mld-flag.c, liveness.c), what its relay has to be
 * told when it is left (teardown.c).
 *
 * Times are CLOCK_MONOTONIC in microseconds where nothing else is said.
 */
#ifndef AMTD_GATEWAY_GATEWAY_H
#define AMTD_GATEWAY_GATEWAY_H

#include "device/device.h"
#include "device/event.h"
#include "device/inspect.h"
#include "device/leave.h"
#include "device/selection.h"

#include <systemd/sd-event.h>

struct gateway;
struct manager;
struct wing;

/* Of all gateways. */
struct gateways {
	struct manager *manager;
	const struct wing *wing;
	struct prober *prober;
	struct kick *kick; /* NULL: no CAP_NET_RAW; failover takes longer */
	sd_event_source *prober_source, *prober_timer;
	sd_event_source *moves; /* of gateways that wait for their turn */
	uint64_t moves_next;	/* no more moves before */
	struct liveness *liveness;
	struct teardown *teardown;
};

/* Data and Queries as signs of life. */
struct gateway_liveness {
	uint64_t packets;	       /* received, as of the last poll */
	int ifindex;		       /* whose packets these are */
	unsigned int silent, patience; /* polls without any, and how many it may take */
	unsigned int doubts;	       /* how often a silence was taken for a sign lately */
	uint64_t doubted;	       /* the last time */
	uint64_t queries;	       /* of the packets: Queries, as of the last poll */
	uint64_t dataless_until;       /* data must come before; 0: it does */
	unsigned int dataless_rounds;  /* how often it did not */
	bool stream;		       /* many packets a second come */
};

/* Which bit of a Request is P, as far as the relay understands it. */
struct gateway_mld {
	bool confirmed;		    /* the one in use is right: an MLD Query came */
	unsigned int queries_since; /* IGMP Queries since the last MLD one */
	unsigned int trials;	    /* how often the other bit was tried without an answer */
	sd_event_source *timer;
};

/* The Queries of one protocol since the tunnel leads to its relay. */
struct gateway_asked {
	unsigned int n; /* of those that were hastened */
	uint64_t at;	/* the last one of all */
};

struct gateway {
	struct gateways *gateways;
	struct manager *manager;
	struct device *device;

	struct selection selection;
	unsigned int choices_done; /* selection.choices, as far as they were acted upon */
	uint64_t move_at;	   /* not sooner; 0: no move waits */
	bool kick;		   /* make the driver ask, once the firewall is as it should be */
	bool without_queue;	   /* as of the last reconciliation, and */
	int ifindex;		   /* the interface */
	bool check_twin;	   /* with the end of the pass */
	sd_event_source *timer;
	struct failover_probe *probes; /* under way */

	uint64_t previous_until; /* device->previous is let in; 0: a Query of the new relay first */
	struct address left; /* a relay that lives, to be told then that it was left; zero: none */
	struct leave_tickets left_tickets;
	bool left_due; /* now */

	struct discovery *discovery; /* what is asked of DNS; NULL: nothing */
	char dns_outcome[128];	     /* what DNS said last; "": nothing yet */
	size_t refused;		     /* candidates that are left out */

	struct inspect_counters advertisements, queries;
	struct event_pause advertisement_pauses[2]; /* of events: rewritten, refused */
	struct gateway_asked asked[2];		    /* IGMP, MLD */
	uint64_t last_query;			    /* CLOCK_REALTIME; 0: never */
	struct address seen_as;			    /* how the relay sees this gateway (G) */
	uint16_t seen_port;
	struct leave_tickets tickets; /* of its relay; both unknown: no Query of its so far */
	struct gateway_mld mld;
	struct gateway_liveness liveness;
};

#endif
