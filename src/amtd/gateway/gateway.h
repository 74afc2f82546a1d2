/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a gateway: its relay (failover.c, discover.c), its control messages and counters
 * (messages.c, mld-flag.c, liveness.c), the Teardown for a relay that it leaves (teardown.c).
 *
 * Times are CLOCK_MONOTONIC in microseconds unless noted.
 */
#ifndef AMTD_GATEWAY_GATEWAY_H
#define AMTD_GATEWAY_GATEWAY_H

#include "amtd/gateway/joined.h"
#include "amtd/gateway/pins.h"
#include "device/device.h"
#include "device/event.h"
#include "device/inspect.h"
#include "device/leave.h"
#include "device/selection.h"
#include "discovery/candidates.h"

#include <systemd/sd-event.h>

struct gateway;
struct manager;
struct wing;

/* Shared by all gateways. */
struct gateways {
	struct manager *manager;
	const struct wing *wing;
	struct prober *prober;
	struct kick *kick; /* NULL: no CAP_NET_RAW; failover takes longer */
	sd_event_source *prober_source, *prober_timer;
	sd_event_source *moves; /* of gateways waiting for their turn */
	uint64_t moves_next;	/* no more moves before */
	struct liveness *liveness;
	struct teardown *teardown;
	struct pin pins[PINS_MAX];
};

/* Liveness, by data and Queries. */
struct gateway_liveness {
	uint64_t packets;		 /* received, as of the last poll */
	int ifindex;			 /* that counted them */
	unsigned int silent, silent_max; /* polls without any, and their limit */
	unsigned int doubts;		 /* recent silences that triggered a probe */
	uint64_t doubted;		 /* time of the last one */
	uint64_t queries;		 /* of the packets: Queries, as of the last poll */
	uint64_t dataless_until;	 /* deadline for data; 0: it arrives */
	unsigned int dataless_rounds;	 /* deadlines missed */
	bool stream;			 /* received at STREAM_RATE or more */
};

/* Which bit of a Request the relay takes for P. */
struct gateway_mld {
	bool confirmed;		    /* the one in use works: an MLD Query was received */
	unsigned int queries_since; /* IGMP Queries since the last MLD one */
	unsigned int trials;	    /* how often the other bit was tried without an answer */
	sd_event_source *timer;
};

/* The Queries of one protocol since the tunnel was redirected to its relay. */
struct gateway_query_history {
	unsigned int n; /* hastened ones */
	uint64_t at;	/* time of the last one */
};

/* Relays that are known, and not tried. */
struct gateway_refusals {
	size_t n;	 /* in all, */
	size_t excluded; /* and of these by Allow= */
	uint64_t by[_CANDIDATE_SKIP_MAX];
	struct address address;	 /* of one of them, and */
	enum candidate_skip why; /* why it is not tried */
	uint16_t port;		 /* of one beside these whose port is not the device's; 0: none */
};

struct gateway {
	struct gateways *gateways;
	struct manager *manager;
	struct device *device;

	struct selection selection;
	unsigned int choices_done; /* selection.choices that were carried out */
	uint64_t move_at;	   /* not sooner; 0: no move waits */
	bool kick;	    /* make the driver send a Request once the firewall is committed */
	bool without_queue; /* as of the last reconciliation, and */
	int ifindex;	    /* the interface */
	bool check_twin;    /* at the end of the pass */
	/* Another gateway, connected, of the same relay and local address; "": none. */
	char twin[IF_NAMESIZE];
	sd_event_source *timer;
	struct failover_probe *probes; /* in progress */

	uint64_t previous_until; /* device->previous is accepted; 0: until the new relay's Query */
	struct address left;	 /* a live relay that gets a Teardown then; zero: none */
	struct leave_tickets left_tickets;
	bool left_due; /* now */
	struct joined joined;

	struct discovery *discovery; /* DNS queries; NULL: none */
	char dns_outcome[128];	     /* last DNS outcome; "": none yet */
	struct gateway_refusals refusals;
	bool candidates_due; /* there was no memory to find them */

	struct inspect_asked asked;	/* the driver's last Discovery or Request */
	uint64_t discoveries, requests; /* of the driver */
	struct inspect_counters advertisements, queries;
	struct event_pause advertisement_pauses[2];    /* of events: rewritten, refused */
	struct gateway_query_history query_history[2]; /* IGMP, MLD */
	uint64_t last_query;			       /* CLOCK_REALTIME; 0: never */
	struct address seen_as;			       /* how the relay sees this gateway (G) */
	uint16_t seen_port;
	struct leave_tickets tickets; /* of its relay; both unknown: no Query so far */
	struct gateway_mld mld;
	struct gateway_liveness liveness;
};

#endif
